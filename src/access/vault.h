#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "access/key_file.h"
#include "base/days.h"
#include "db/db.h"

// Personal data in the database: encrypted, and found again without decrypting (methods M33).
namespace dealpace::access {

// HMAC-SHA-256 of "scope|value" under the key; the first `bytes` of it (at most 32). Equal values have equal indexes:
// who reads the table sees which rows share a value, not which value. A scope holds no '|'.
[[nodiscard]] std::string BlindIndex(const Key& key, std::string_view scope, std::string_view value, size_t bytes);

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
    std::string_view table;
    std::string_view column;
    int64_t row = 0;
    int64_t dealer = 0;  // 0: the network
  };
  // XChaCha20-Poly1305 with a fresh nonce: number of the data key (4 bytes), nonce (24), ciphertext, tag (16).
  [[nodiscard]] std::string Seal(const Place& place, std::string_view plain) const;
  // Fails with sealed_damaged: altered, of another place, or of a key that is gone. What another server has sealed with
  // a key made since the last Refresh costs a look into the database, once.
  [[nodiscard]] Result<std::string> Unseal(const Place& place, std::string_view sealed) const;
  // Whether it was sealed with an older key than new ones are.
  [[nodiscard]] bool IsOld(std::string_view sealed) const;

  // By the index key of that scope (KeyFile::index): 16 bytes, or as many as asked for.
  [[nodiscard]] std::string Index(std::string_view scope, std::string_view value, size_t bytes = 16) const;
  [[nodiscard]] const Key& audit_key() const { return keys_.audit(); }

  // A new data key: what is sealed from now on, by other servers after their next Refresh, is sealed with it. The old
  // ones stay until nothing is sealed with them. All are wrapped anew with the newest master of the key file.
  [[nodiscard]] Status Rotate(Instant now);
  // Looks for data keys that other servers made; to be called every minute. Cheap. Fails with key_file_wrong.
  [[nodiscard]] Status Refresh() const;
  // Removes data keys older than the newest: only once nothing is sealed with them, and every server has refreshed.
  [[nodiscard]] Status DropOld();

 private:
  Vault(db::Database& database, KeyFile keys) : database_(database), keys_(std::move(keys)) {}
  // False when there is none of that number.
  [[nodiscard]] bool Find(uint32_t number, Key& key) const;
  [[nodiscard]] Result<std::map<uint32_t, Key>> ReadDataKeys(db::Connection& connection) const;

  db::Database& database_;
  const KeyFile keys_;
  mutable std::mutex mutex_;              // guards what follows
  mutable std::map<uint32_t, Key> data_;  // by number; never empty once open
};

}  // namespace dealpace::access
