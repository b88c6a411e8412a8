#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/key_file.h"
#include "access/sealed_fields.h"
#include "base/days.h"
#include "db/audit.h"
#include "db/db.h"

// Personal data in the database: encrypted, and found again without decrypting (methods M33).
namespace dealpace::access {

// HMAC-SHA-256 of "scope|value" under the key; the first `bytes` of it (at most 32). Equal values have equal indexes:
// who reads the table sees which rows share a value, not which value. A scope holds no '|'.
[[nodiscard]] std::string BlindIndex(const Key& key, std::string_view scope, std::string_view value, size_t bytes);

class Vault;

// The keys of the blind indexes that are made anew from time to time, for one transaction: all that there are, the
// newest first. What is stored is stored under each, what is looked for is looked for under each.
class IndexKeys {
 public:
  IndexKeys(const IndexKeys&) = default;
  IndexKeys(IndexKeys&&) = default;
  IndexKeys& operator=(const IndexKeys&) = default;
  IndexKeys& operator=(IndexKeys&&) = default;
  ~IndexKeys();

  [[nodiscard]] size_t size() const { return keys_.size(); }  // one at least
  [[nodiscard]] int64_t newest() const { return keys_.front().first; }
  [[nodiscard]] int64_t number(size_t at) const { return keys_[at].first; }
  // As Vault::Index, by the key at that place.
  [[nodiscard]] std::string Index(size_t at, std::string_view scope, std::string_view value, size_t bytes) const;

 private:
  friend class Vault;
  explicit IndexKeys(const Vault& vault) : vault_(&vault) {}

  const Vault* vault_;
  std::vector<std::pair<int64_t, Key>> keys_;  // of number 0 the file has it
};

// Seals and opens fields with the data keys of a store. Data keys stand in the database (`data_key`), wrapped with a
// master key of the key file; a sealed field names the data key that sealed it. Thread-safe.
class Vault {
 public:
  // The vault of a database: the first data key is made when there is none. Fails with key_file_wrong where a data key
  // was wrapped with a master that the file does not have, or by another file.
  static Result<std::unique_ptr<Vault>> Open(db::Database& database, KeyFile keys, Instant now = Now());
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Where a field lies; bound to what is sealed, so that no ciphertext can be moved to another row, column or dealer.
  struct Place {
    SealedField field{};
    int64_t row = 0;     // 0 where the key is a text
    int64_t dealer = 0;  // 0: the network
  };

  // The newest data key, held for one transaction: it stays until that has ended, however long it takes, so what is
  // sealed with it and stored in the same transaction can always be opened. Not to be kept beyond the transaction.
  class Sealer {
   public:
    Sealer(const Sealer&) = delete;
    Sealer(Sealer&& other) noexcept;
    Sealer& operator=(const Sealer&) = delete;
    Sealer& operator=(Sealer&&) = delete;
    ~Sealer();
    // XChaCha20-Poly1305 with a fresh nonce: number of the data key (4 bytes), nonce (24), ciphertext, tag (16).
    [[nodiscard]] std::string Seal(const Place& place, std::string_view plain) const;
    [[nodiscard]] uint32_t number() const { return number_; }

   private:
    friend class Vault;
    Sealer(uint32_t number, const Key& key) : number_(number), key_(key) {}

    uint32_t number_;
    Key key_;
  };
  // Costs a look into the database. Fails with key_file_wrong.
  [[nodiscard]] Result<Sealer> BeginSealing(db::Connection& connection) const;
  // For one field: begins and seals.
  [[nodiscard]] Result<std::string> Seal(db::Connection& connection, const Place& place, std::string_view plain) const;
  // Fails with sealed_damaged: altered, of another place, or of a key that is gone. What another server has sealed with
  // a key made since the last Refresh costs a look into the database, once.
  [[nodiscard]] Result<std::string> Unseal(const Place& place, std::string_view sealed) const;
  // The number of the key that a text says it was sealed with; nothing for a text that is none of ours.
  [[nodiscard]] static std::optional<uint32_t> KeyOf(std::string_view sealed);

  // The keys of the indexes that can be made anew. In a transaction that writes they are held: none goes, and none
  // comes, before it has ended, so what is stored under all of them is found by everybody. Costs a look into the
  // database. Fails with key_file_wrong.
  [[nodiscard]] Result<IndexKeys> HoldIndexKeys(db::Connection& connection) const;
  // A new one, under which from now on everything is stored and looked for, beside the one before; which goes once
  // everything is there (leads::Reindexer). Returns its number. Fails with index_rotation_running while there are two.
  // Noted as index_key.rotate.
  [[nodiscard]] Result<int64_t> RotateIndex(Instant now, const db::Witness& witness = {});

  // By the index key of that scope (KeyFile::index), which stays: 16 bytes, or as many as asked for.
  [[nodiscard]] std::string Index(std::string_view scope, std::string_view value, size_t bytes = 16) const;
  [[nodiscard]] const Key& audit_key() const { return keys_.audit(); }

  // A new data key: what is sealed from now on, by every server, is sealed with it. The old ones stay until nothing is
  // sealed with them (Resealer). All are wrapped anew with the newest master of the key file. Returns its number; of
  // two who do this at once one has the other's. Noted as data_key.rotate.
  [[nodiscard]] Result<uint32_t> Rotate(Instant now, const db::Witness& witness = {});
  // Wraps all data keys and index keys with the newest master of the key file; returns how many were not. Noted as
  // data_key.wrap. Every other server on the database must have that master in its file.
  [[nodiscard]] Result<int64_t> WrapAnew(const db::Witness& witness = {});
  // Looks for data keys that other servers made; to be called every minute. Cheap. A master that is new in the key file
  // is read from there. Fails with key_file_wrong.
  [[nodiscard]] Status Refresh() const;

 private:
  Vault(db::Database& database, KeyFile keys) : database_(database), keys_(std::move(keys)) {}
  // False when there is none of that number.
  [[nodiscard]] bool Find(uint32_t number, Key& key) const;
  [[nodiscard]] Result<std::map<uint32_t, Key>> ReadDataKeys(db::Connection& connection) const;
  void Keep(std::map<uint32_t, Key>& data) const;
  // Wraps those that another master has wrapped, of the data keys given and of the index keys; returns how many. The
  // caller holds masters_mutex_. Fails with key_file_wrong.
  [[nodiscard]] Result<int64_t> Rewrap(db::Connection& connection, const std::map<uint32_t, Key>& data) const;
  // Known already, or unwrapped.
  [[nodiscard]] Status OpenIndexKey(int64_t number, std::string_view wrapped, Key& key) const;

  db::Database& database_;
  mutable std::mutex masters_mutex_;      // guards the masters of
  mutable KeyFile keys_;                  // the rest of which never changes
  mutable std::mutex mutex_;              // guards what follows
  mutable std::map<uint32_t, Key> data_;  // by number; never empty once open
  mutable std::map<int64_t, Key> index_;  // by number, those that were asked for; numbers are never given twice
};

}  // namespace dealpace::access
