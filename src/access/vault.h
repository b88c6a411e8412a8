#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
  // The vault of a database: the newest data key is made when there is none. Fails with key_file_wrong where a data key
  // was wrapped with a master that the file does not have, or by another file.
  static Result<std::unique_ptr<Vault>> Open(db::Database& database, KeyFile keys);

  // Where a field lies; bound to what is sealed, so that no ciphertext can be moved to another row or column.
  struct Place {
    std::string_view table;
    std::string_view column;
    int64_t row = 0;
  };
  // XChaCha20-Poly1305 with a fresh nonce: number of the data key (4 bytes), nonce (24), ciphertext, tag (16).
  [[nodiscard]] std::string Seal(const Place& place, std::string_view plain) const;
  // Fails with sealed_damaged: altered, of another place, or of a key that is gone.
  [[nodiscard]] Result<std::string> Unseal(const Place& place, std::string_view sealed) const;
  // Whether it was sealed with an older key than new ones are.
  [[nodiscard]] bool IsOld(std::string_view sealed) const;

  // By the index key of that name: 16 bytes, or as many as asked for.
  [[nodiscard]] std::string Index(std::string_view scope, std::string_view value, size_t bytes = 16) const;
  [[nodiscard]] const Key& audit_key() const { return keys_.audit(); }

  // A new data key: what is sealed from now on, by any server within a minute, is sealed with it. The old ones stay
  // until nothing is sealed with them.
  [[nodiscard]] Status Rotate(Instant now);
  // Looks for data keys that other servers made. Cheap.
  [[nodiscard]] Status Refresh();
  // Removes data keys older than the newest: only once nothing is sealed with them.
  [[nodiscard]] Status DropOld();

 private:
  Vault(db::Database& database, KeyFile keys) : database_(database), keys_(std::move(keys)) {}

  db::Database& database_;
  KeyFile keys_;
  mutable std::mutex mutex_;      // guards what follows
  std::map<uint32_t, Key> data_;  // by number
};

}  // namespace dealpace::access
