#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/result.h"

// What an OpenID provider says of a person: a signed token (OpenID Connect Core 1.0, 2 and 3.1.3.7; RFC 7515, 7517,
// 7518, 7519). Pure: knows neither network nor store nor clock.
namespace dealpace::access {

// The provider's keys. Keys that are not for signatures, or not of the two kinds below, are left out.
class KeySet {
 public:
  // Of a JSON Web Key Set, at most 100 keys. Fails with provider_answer_bad where it is none.
  static Result<KeySet> Parse(std::string_view json);
  [[nodiscard]] size_t size() const { return keys_.size(); }

 private:
  friend class IdTokenReader;
  struct Key {
    std::string id;         // "kid"; empty: none
    std::string algorithm;  // that it is for: RS256 or ES256
    std::shared_ptr<EVP_PKEY> key;
  };
  std::vector<Key> keys_;
};

struct IdTokenExpected {
  std::string issuer;
  std::string client_id;
  std::string nonce;
  Instant now;
};
inline constexpr int64_t kTokenLeewayMs = int64_t{60} * 1000;  // clocks differ

struct IdToken {
  std::string issuer;
  std::string subject;
  std::optional<std::string> email;  // only where the provider says that it has made sure of it
  std::optional<std::string> preferred_username;
  // When the provider has asked who it is ("auth_time"), never later than now; nothing where it does not say.
  std::optional<Instant> authenticated_at;
};

// Who it is, of a token that is the provider's, for this program and for this sign-in. Signatures are RS256 (RSA of
// 2048 bits or more) or ES256 (P-256), by the algorithm of the key, never by what the token asks for: `none` and keyed
// hashes are refused.
//
// Fails with provider_token_wrong; "detail" says why: malformed, algorithm, key_unknown (no key of that name, or
// several without one), signature, issuer, audience, expired, not_yet, nonce, subject.
[[nodiscard]] Result<IdToken> ReadIdToken(std::string_view token, const KeySet& keys, const IdTokenExpected& expected);

// Base 64 for URLs without padding (RFC 7515, 2). Decoding is strict: one text for each sequence of bytes.
[[nodiscard]] std::string Base64Url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace dealpace::access
