#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dealpace::access {

using Key = std::array<unsigned char, 32>;

// The keys that stay outside the database: who has a copy of the database without this file reads no personal data and
// cannot forge the audit log. A text file that only its owner may read:
//
//   index <64 hexadecimal digits>      makes blind indexes
//   audit <64 hexadecimal digits>      chains the audit log
//   master 1 <64 hexadecimal digits>   wraps the data keys; the one with the highest number wraps new ones
//
// Every server on one database needs the same file.
class KeyFile {
 public:
  // Reads it. Fails with key_file_missing, key_file_open (others may read it), key_file_bad ("line").
  static Result<KeyFile> Read(const std::filesystem::path& path);
  // Makes one with new keys, readable by its owner only. Fails with key_file_exists, storage_failed.
  static Result<KeyFile> Make(const std::filesystem::path& path);
  // Adds another master key. Written beside and put in place at once, so that a power failure leaves the old or the
  // new file. Fails with storage_failed, storage_full.
  Status AddMaster();
  // Removes the masters but the last, once nothing is wrapped with them.
  Status DropOldMasters();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Key& audit() const { return audit_; }
  [[nodiscard]] int newest_master() const { return masters_.rbegin()->first; }
  // Null when there is none of that number.
  [[nodiscard]] const Key* master(int number) const;
  // A key of its own for each index: BLAKE2b of its name under the index key.
  [[nodiscard]] Key index(std::string_view name) const;

 private:
  [[nodiscard]] Status Write() const;

  std::filesystem::path path_;
  Key index_{};
  Key audit_{};
  std::map<int, Key> masters_;
};

}  // namespace dealpace::access
