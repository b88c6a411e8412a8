#include "access/passwords.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <semaphore>
#include <set>

#include "access/embedded.h"
#include "access/secrets.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

constexpr size_t kBytesMax = kPasswordCharactersMax * 4;
constexpr int kAtOnce = 2;
constexpr int kWaitingMax = 4;

// One of the places for hashing in this process, held while it lives.
class Place {
 public:
  Place() {
    if (taken_.fetch_add(1) >= kAtOnce + kWaitingMax) {
      taken_.fetch_sub(1);
      return;
    }
    places_.acquire();
    has_ = true;
  }
  ~Place() {
    if (!has_) return;
    places_.release();
    taken_.fetch_sub(1);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] bool has() const { return has_; }

 private:
  static inline std::counting_semaphore<kAtOnce> places_{kAtOnce};
  static inline std::atomic<int> taken_{0};
  bool has_ = false;
};

const std::set<std::string, std::less<>>& CommonPasswords() {
  static const auto kCommon = [] {
    std::set<std::string, std::less<>> common;
    for (const EmbeddedFile& file : EmbeddedFiles()) {
      for (const std::string& line : Split(file.content, '\n')) {
        const std::string_view word = Trim(line);
        if (!word.empty() && !word.starts_with('#')) common.emplace(word);
      }
    }
    return common;
  }();
  return kCommon;
}

// 23456789, hgfedcba, 90123456: each character follows the one before it.
bool IsRun(std::string_view text) {
  const auto follows = [&](int step) {
    for (size_t i = 1; i < text.size(); ++i) {
      const int gap = text[i] - text[i - 1];
      const bool around =
          (step > 0 && text[i - 1] == '9' && text[i] == '0') || (step < 0 && text[i - 1] == '0' && text[i] == '9');
      if (gap != step && !around) return false;
    }
    return true;
  };
  return follows(1) || follows(-1);
}

// aaaaaaaa, abababab, 520520520, 12341234: a piece of up to four bytes again and again.
bool IsRepetition(std::string_view text) {
  for (size_t piece = 1; piece <= 4 && piece * 2 <= text.size(); ++piece) {
    size_t i = piece;
    while (i < text.size() && text[i] == text[i - piece]) ++i;
    if (i == text.size()) return true;
  }
  return false;
}

std::string Base64(const unsigned char* bytes, size_t size) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(size, kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, kVariant);
  text.pop_back();
  return text;
}

}  // namespace

Status CheckNewPassword(std::string_view password, std::string_view login) {
  if (password.size() > kBytesMax) return Error("password_too_long").With("max", kPasswordCharactersMax);
  if (!IsUtf8(password)) return Error("text_not_utf8").With("field", "password");
  int characters = 0;
  for (std::string_view rest = password; !rest.empty(); ++characters) (void)NextCodePoint(rest);
  if (characters < kPasswordCharactersMin) return Error("password_too_short").With("min", kPasswordCharactersMin);
  if (characters > kPasswordCharactersMax) return Error("password_too_long").With("max", kPasswordCharactersMax);
  const std::string lower = ToLower(password);
  // A login of one or two letters is in many a good password.
  const bool has_login = login.size() > 2 && lower.find(ToLower(login)) != std::string::npos;
  if (has_login || lower.find("dealpace") != std::string::npos) return Error("password_has_name");
  if (CommonPasswords().contains(lower) || IsRun(lower) || IsRepetition(lower)) return Error("password_common");
  return {};
}

Passwords::Cost Passwords::Cost::Interactive() {
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

Passwords::Cost Passwords::Cost::Least() { return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN}; }

Passwords::Passwords(Cost cost) : cost_(cost) {
  (void)NewSecret();  // starts libsodium
  std::array<unsigned char, 16> salt{};
  std::array<unsigned char, 32> hash{};
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(hash.data(), hash.size());
  nobody_ = "$argon2id$v=19$m=" + std::to_string(cost.bytes / 1024) + ",t=" + std::to_string(cost.passes) + ",p=1$" +
            Base64(salt.data(), salt.size()) + "$" + Base64(hash.data(), hash.size());
}

Result<std::string> Passwords::Hash(std::string_view password) const {
  const Place place;
  if (!place.has()) return Error("sign_in_busy").With("retry_after", 2);
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), cost_.passes, cost_.bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error("sign_in_busy").With("retry_after", 2);  // no memory
  }
  return std::string(hash.data());
}

Result<bool> Passwords::Matches(std::string_view password, const std::string& hash) const {
  if (password.size() > kBytesMax) return false;
  const Place place;
  if (!place.has()) return Error("sign_in_busy").With("retry_after", 2);
  const bool matches =
      crypto_pwhash_str_verify((hash.empty() ? nobody_ : hash).c_str(), password.data(), password.size()) == 0;
  return matches && !hash.empty();
}

bool Passwords::NeedsRehash(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost_.passes, cost_.bytes) != 0;
}

}  // namespace dealpace::access
