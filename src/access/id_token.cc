#include "access/id_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "access/secrets.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

constexpr size_t kTokenBytesMax = 64 << 10;
constexpr size_t kKeysMax = 100;
constexpr size_t kSubjectMax = 255;  // OpenID Connect Core 1.0, 2
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 16'384;  // what is longer takes seconds to check
constexpr size_t kP256Bytes = 32;
constexpr std::string_view kRs256 = "RS256";
constexpr std::string_view kEs256 = "ES256";

template <auto Free>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<json::object> ParseObject(std::string_view text) {
  json::error_code problem;
  json::value value = json::parse({text.data(), text.size()}, problem);
  if (problem || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::optional<std::string> Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

// A time in seconds, as JSON writes numbers.
std::optional<Instant> Time(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  constexpr double kFar = 1e12;
  if (!std::isfinite(seconds) || std::abs(seconds) > kFar) return std::nullopt;
  return Instant{static_cast<int64_t>(seconds * 1000)};
}

Number NumberOf(std::string_view bytes) {
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::shared_ptr<EVP_PKEY> MakeKey(const char* kind, const ParamBuilder& builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext making(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* made = nullptr;
  const bool good = params != nullptr && making != nullptr && EVP_PKEY_fromdata_init(making.get()) == 1 &&
                    EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  std::shared_ptr<EVP_PKEY> key(made, [](EVP_PKEY* each) { EVP_PKEY_free(each); });
  ERR_clear_error();
  return good ? key : nullptr;
}

std::shared_ptr<EVP_PKEY> RsaKey(const json::object& jwk) {
  const auto n = FromBase64Url(Text(jwk, "n").value_or(""));
  const auto e = FromBase64Url(Text(jwk, "e").value_or(""));
  if (!n || !e || n->empty() || e->empty() || n->size() > kRsaBitsMax / 8 || e->size() > 8) return nullptr;
  const Number modulus = NumberOf(*n);
  const Number exponent = NumberOf(*e);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (modulus == nullptr || exponent == nullptr || builder == nullptr) return nullptr;
  if (BN_num_bits(modulus.get()) < kRsaBitsMin || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1) {
    return nullptr;
  }
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return MakeKey("RSA", builder);
}

std::shared_ptr<EVP_PKEY> EcKey(const json::object& jwk) {
  const auto x = FromBase64Url(Text(jwk, "x").value_or(""));
  const auto y = FromBase64Url(Text(jwk, "y").value_or(""));
  if (Text(jwk, "crv") != "P-256" || !x || !y || x->size() != kP256Bytes || y->size() != kP256Bytes) return nullptr;
  const std::string point = "\x04" + *x + *y;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr) return nullptr;
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  std::shared_ptr<EVP_PKEY> key = MakeKey("EC", builder);
  if (key == nullptr) return nullptr;
  const KeyContext checking(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const bool on_curve = checking != nullptr && EVP_PKEY_public_check(checking.get()) == 1;
  ERR_clear_error();
  return on_curve ? key : nullptr;
}

// The two numbers of an ES256 signature as OpenSSL wants them.
std::optional<std::string> DerOf(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return std::nullopt;
  const EcSignature made(ECDSA_SIG_new());
  Number r = NumberOf(signature.substr(0, kP256Bytes));
  Number s = NumberOf(signature.substr(kP256Bytes));
  if (made == nullptr || r == nullptr || s == nullptr) return std::nullopt;
  if (ECDSA_SIG_set0(made.get(), r.release(), s.release()) != 1) return std::nullopt;
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(made.get(), &der);
  if (length <= 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return text;
}

bool IsSigned(std::string_view text, std::string_view signature, const std::string& algorithm, EVP_PKEY* key) {
  std::string bytes(signature);
  if (algorithm == kEs256) {
    auto der = DerOf(signature);
    if (!der) return false;
    bytes = *std::move(der);
  }
  const DigestContext context(EVP_MD_CTX_new());
  const bool good = context != nullptr &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), Bytes(bytes), bytes.size(), Bytes(text), text.size()) == 1;
  ERR_clear_error();
  return good;
}

Error Wrong(std::string_view why) { return Error("provider_token_wrong").With("detail", why); }

// Whether "aud" names the program; where it names others as well, "azp" must say that the token was made for us.
bool IsFor(const json::object& claims, const std::string& client_id) {
  const json::value* audience = claims.if_contains("aud");
  if (audience == nullptr) return false;
  bool named = false;
  bool others = false;
  const auto look = [&](const json::value& each) {
    if (each.is_string() && std::string_view(each.as_string()) == client_id) {
      named = true;
    } else {
      others = true;
    }
  };
  if (audience->is_array()) {
    for (const json::value& each : audience->as_array()) look(each);
  } else {
    look(*audience);
  }
  if (claims.if_contains("azp") != nullptr) return named && Text(claims, "azp") == client_id;
  return named && !others;
}

}  // namespace

std::string Base64Url(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), Bytes(bytes), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &length, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  bytes.resize(length);
  // libsodium takes some bytes beyond ASCII for letters, and bits that are left over at the end.
  if (Base64Url(bytes) != text) return std::nullopt;
  return bytes;
}

Result<KeySet> KeySet::Parse(std::string_view text) {
  const auto set = ParseObject(text);
  const json::value* keys = set ? set->if_contains("keys") : nullptr;
  if (keys == nullptr || !keys->is_array() || keys->as_array().size() > kKeysMax) {
    return Error("provider_answer_bad").With("detail", "no set of keys");
  }
  KeySet parsed;
  for (const json::value& each : keys->as_array()) {
    if (!each.is_object()) continue;
    const json::object& jwk = each.as_object();
    const std::string kind = Text(jwk, "kty").value_or("");
    Key key;
    key.id = Text(jwk, "kid").value_or("");
    if (kind == "RSA") {
      key.algorithm = kRs256;
    } else if (kind == "EC") {
      key.algorithm = kEs256;
    } else {
      continue;
    }
    if (Text(jwk, "use").value_or("sig") != "sig" || Text(jwk, "alg").value_or(key.algorithm) != key.algorithm)
      continue;
    key.key = kind == "RSA" ? RsaKey(jwk) : EcKey(jwk);
    if (key.key != nullptr) parsed.keys_.push_back(std::move(key));
  }
  return parsed;
}

class IdTokenReader {
 public:
  IdTokenReader(const KeySet& keys, const IdTokenExpected& expected) : keys_(keys), expected_(expected) {}

  Result<IdToken> Read(std::string_view token) const {
    ASSIGN_OR_RETURN(const json::object claims, SignedClaims(token));
    const Instant now = expected_.now;
    if (Text(claims, "iss") != expected_.issuer) return Wrong("issuer");
    if (!IsFor(claims, expected_.client_id)) return Wrong("audience");
    const auto expires = Time(claims, "exp");
    const auto issued = Time(claims, "iat");
    if (!expires || !issued) return Wrong("malformed");
    if (now.ms >= expires->ms + kTokenLeewayMs) return Wrong("expired");
    if (issued->ms > now.ms + kTokenLeewayMs) return Wrong("not_yet");
    if (claims.if_contains("nbf") != nullptr) {
      const auto begins = Time(claims, "nbf");
      if (!begins) return Wrong("malformed");
      if (begins->ms > now.ms + kTokenLeewayMs) return Wrong("not_yet");
    }
    const auto nonce = Text(claims, "nonce");
    if (!nonce || expected_.nonce.empty() || !SameSecret(*nonce, expected_.nonce)) return Wrong("nonce");

    IdToken read;
    read.issuer = expected_.issuer;
    read.subject = Text(claims, "sub").value_or("");
    const bool plain =
        std::all_of(read.subject.begin(), read.subject.end(), [](char c) { return c >= ' ' && c < 127; });
    if (read.subject.empty() || read.subject.size() > kSubjectMax || !plain) return Wrong("subject");
    const json::value* verified = claims.if_contains("email_verified");
    // Some providers write it as a text.
    const bool sure = verified != nullptr && ((verified->is_bool() && verified->as_bool()) ||
                                              (verified->is_string() && verified->as_string() == "true"));
    if (sure) read.email = Text(claims, "email");
    read.preferred_username = Text(claims, "preferred_username");
    const auto asked = Time(claims, "auth_time");
    if (asked && asked->ms <= now.ms + kTokenLeewayMs) read.authenticated_at = std::min(*asked, now);
    return read;
  }

 private:
  Result<json::object> SignedClaims(std::string_view token) const {
    if (token.size() > kTokenBytesMax) return Wrong("malformed");
    const size_t first = token.find('.');
    const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos) return Wrong("malformed");
    const auto head_text = FromBase64Url(token.substr(0, first));
    const auto claims_text = FromBase64Url(token.substr(first + 1, second - first - 1));
    const auto signature = FromBase64Url(token.substr(second + 1));
    if (!head_text || !claims_text || !signature) return Wrong("malformed");
    const auto head = ParseObject(*head_text);
    // What must be understood ("crit") is not.
    if (!head || head->contains("crit")) return Wrong("malformed");

    const std::string algorithm = Text(*head, "alg").value_or("");
    if (algorithm != kRs256 && algorithm != kEs256) return Wrong("algorithm");
    ASSIGN_OR_RETURN(EVP_PKEY* const key, KeyOf(Text(*head, "kid").value_or(""), algorithm));
    if (!IsSigned(token.substr(0, second), *signature, algorithm, key)) return Wrong("signature");
    auto claims = ParseObject(*claims_text);
    if (!claims) return Wrong("malformed");
    return *std::move(claims);
  }

  // The key that the token names, or the only one of its algorithm where it names none.
  Result<EVP_PKEY*> KeyOf(const std::string& id, const std::string& algorithm) const {
    EVP_PKEY* found = nullptr;
    bool other_kind = false;
    for (const KeySet::Key& each : keys_.keys_) {
      if (!id.empty() && each.id != id) continue;
      if (each.algorithm != algorithm) {
        other_kind = !id.empty();
        continue;
      }
      if (found != nullptr) return Wrong("key_unknown");
      found = each.key.get();
    }
    if (found == nullptr) return Wrong(other_kind ? "algorithm" : "key_unknown");
    return found;
  }

  const KeySet& keys_;
  const IdTokenExpected& expected_;
};

Result<IdToken> ReadIdToken(std::string_view token, const KeySet& keys, const IdTokenExpected& expected) {
  return IdTokenReader(keys, expected).Read(token);
}

}  // namespace dealpace::access
