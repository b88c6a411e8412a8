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
// Blank lines, and lines that begin with #, are skipped. Every server on one database needs the same file. The keys are
// wiped from memory when the object goes.
class KeyFile {
 public:
  // Reads it. Fails with key_file_missing, key_file_open (others may read it), key_file_bad ("line"), storage_failed.
  static Result<KeyFile> Read(const std::filesystem::path& path);
  // Makes one with new keys, readable by its owner only. Of several that do so at once one succeeds. Fails with
  // key_file_exists, storage_failed, storage_full.
  static Result<KeyFile> Make(const std::filesystem::path& path);

  KeyFile(const KeyFile&) = default;
  KeyFile(KeyFile&&) = default;
  KeyFile& operator=(const KeyFile&) = default;
  KeyFile& operator=(KeyFile&&) = default;
  ~KeyFile();

  // Adds another master key. Written beside and put in place at once, so that a power failure leaves the old or the
  // new file. Fails with storage_failed, storage_full, and then changes nothing.
  Status AddMaster();
  // Takes over masters that were added to the file, or removed from it, since it was read. Fails as Read does, and with
  // key_file_wrong when it has other index or audit keys; then nothing changes.
  Status ReadMastersAgain();
  // Removes the masters but the last, once nothing is wrapped with them (Vault::WrapAnew). Fails as AddMaster does.
  Status DropOldMasters();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Key& audit() const { return audit_; }
  [[nodiscard]] int newest_master() const { return masters_.rbegin()->first; }
  // Null when there is none of that number.
  [[nodiscard]] const Key* master(int number) const;
  // A key of its own for each index: BLAKE2b of its name under the index key.
  [[nodiscard]] Key index(std::string_view name) const;

 private:
  KeyFile() = default;
  // The file's text, to be wiped.
  [[nodiscard]] std::string Text() const;
  [[nodiscard]] Status Parse(std::string_view text);
  // With these masters instead.
  [[nodiscard]] Status Replace(std::map<int, Key> masters);

  std::filesystem::path path_;
  Key index_{};
  Key audit_{};
  std::map<int, Key> masters_;
};

// A key of its own for each index, of a key for indexes: BLAKE2b of its name.
[[nodiscard]] Key IndexKeyOf(const Key& key, std::string_view name);

// Overwrites a secret, also where nobody reads it any more.
void Wipe(Key& key);
void Wipe(std::string& text);

}  // namespace dealpace::access
