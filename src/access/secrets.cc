#include "access/secrets.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace dealpace::access {

void StartSodium() {
  static const bool started = sodium_init() >= 0;
  if (!started) throw std::runtime_error("libsodium cannot start: no source of random numbers");
}

std::string NewSecret() {
  StartSodium();
  std::array<unsigned char, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the terminating NUL
  sodium_memzero(bytes.data(), bytes.size());
  return text;
}

std::string NewOneTimePassword(int groups) {
  StartSodium();
  constexpr std::string_view kLetters = "23456789abcdefghjkmnpqrstuvwxyz";
  std::string text;
  for (int i = 0; i < groups * 4; ++i) {
    if (i > 0 && i % 4 == 0) text += '-';
    text += kLetters[randombytes_uniform(kLetters.size())];
  }
  return text;
}

std::string HashSecret(std::string_view secret) {
  StartSodium();
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
  std::string text(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace dealpace::access
