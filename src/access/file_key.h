#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/key_file.h"
#include "base/result.h"

// Files are too large to be sealed anew with every new data key, and need not be: each is encrypted with a key of its
// own, which is sealed by the vault in a field of the list (sealed_fields.h). Whoever has an old data key opens no head
// that was sealed anew, and so no file.
namespace dealpace::access {

// The key of one file. Wiped at the end. Thread-safe.
class FileKey {
 public:
  // A random one.
  [[nodiscard]] static FileKey Make();
  // Nothing for bytes that are none.
  [[nodiscard]] static std::optional<FileKey> From(std::string_view bytes);
  FileKey(const FileKey&) = default;
  FileKey& operator=(const FileKey&) = default;
  ~FileKey();

  // Secret: to be sealed at once.
  [[nodiscard]] std::string bytes() const;
  // XChaCha20-Poly1305 with a fresh nonce: nonce (24), ciphertext, tag (16). `about` says which piece of which file it
  // is, and is bound to it: no piece can be moved, left out in the middle, or put into another file.
  [[nodiscard]] std::string Seal(std::string_view about, std::string_view plain) const;
  // Appends to `into`. Fails with sealed_damaged.
  [[nodiscard]] Status Unseal(std::string_view about, std::string_view sealed, std::string& into) const;

 private:
  FileKey() = default;
  Key key_{};
};

}  // namespace dealpace::access
