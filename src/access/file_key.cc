#include "access/file_key.h"

#include <sodium.h>

#include <algorithm>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(std::tuple_size_v<Key> == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

FileKey FileKey::Make() {
  StartSodium();
  FileKey made;
  randombytes_buf(made.key_.data(), made.key_.size());
  return made;
}

std::optional<FileKey> FileKey::From(std::string_view bytes) {
  FileKey made;
  if (bytes.size() != made.key_.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), made.key_.begin());
  return made;
}

FileKey::~FileKey() { Wipe(key_); }

std::string FileKey::bytes() const { return {reinterpret_cast<const char*>(key_.data()), key_.size()}; }

std::string FileKey::Seal(std::string_view about, std::string_view plain) const {
  std::string sealed(kNonce + plain.size() + kTag, '\0');
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(nonce, kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonce, nullptr, Bytes(plain), plain.size(), Bytes(about),
                                             about.size(), nullptr, nonce, key_.data());
  return sealed;
}

Status FileKey::Unseal(std::string_view about, std::string_view sealed, std::string& into) const {
  if (sealed.size() < kNonce + kTag) return Error("sealed_damaged");
  const size_t before = into.size();
  into.resize(before + sealed.size() - kNonce - kTag);
  auto* plain = reinterpret_cast<unsigned char*>(into.data()) + before;
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, nullptr, nullptr, Bytes(sealed) + kNonce,
                                                                sealed.size() - kNonce, Bytes(about), about.size(),
                                                                Bytes(sealed), key_.data());
  if (opened == 0) return {};
  into.resize(before);
  return Error("sealed_damaged");
}

}  // namespace dealpace::access
