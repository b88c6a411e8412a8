#include "access/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "access/secrets.h"
#include "http/target.h"

namespace dealpace::access {
int64_t TotpStep(Instant at) {
  const int64_t step = at.ms / kTotpStepMs;
  return at.ms % kTotpStepMs < 0 ? step - 1 : step;
}

std::string TotpCode(std::string_view secret, int64_t step, int digits) {
  std::array<unsigned char, 8> counter{};
  for (size_t i = 0; i < counter.size(); ++i) {
    counter[i] = static_cast<unsigned char>(static_cast<uint64_t>(step) >> (8 * (counter.size() - 1 - i)));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int length = 0;
  if (HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), hash.data(),
           &length) == nullptr) {
    throw std::runtime_error("OpenSSL has no HMAC-SHA-1");
  }
  const size_t offset = hash[length - 1] & 0x0F;
  uint32_t number = (hash[offset] & 0x7FU) << 24 | hash[offset + 1] << 16 | hash[offset + 2] << 8 | hash[offset + 3];
  std::string code(static_cast<size_t>(digits), '0');
  for (size_t i = code.size(); i-- > 0; number /= 10) code[i] = static_cast<char>('0' + number % 10);
  return code;
}

std::optional<int64_t> MatchTotp(std::string_view secret, std::string_view code, Instant now, int64_t last) {
  const int64_t step = TotpStep(now);
  std::optional<int64_t> found;
  for (const int64_t tried : {step - 1, step, step + 1}) {
    const bool same = SameSecret(TotpCode(secret, tried), code);
    if (same && tried > last && !found) found = tried;
  }
  return found;
}

std::string Base32(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  const auto put = [&](uint32_t five) { text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[five & 31]; };
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) put(bits >> (count - 5));
  }
  if (count > 0) put(bits << (5 - count));
  return text;
}

std::string TotpUri(std::string_view issuer, std::string_view login, std::string_view secret) {
  const std::string name = http::PercentEncode(issuer);
  return "otpauth://totp/" + name + ":" + http::PercentEncode(login) + "?secret=" + Base32(secret) + "&issuer=" + name;
}

}  // namespace dealpace::access
