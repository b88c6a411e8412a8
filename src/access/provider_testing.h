#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "access/id_token.h"
#include "access/provider.h"
#include "http/client.h"
#include "http/target.h"

// An OpenID provider for tests, with real keys: it can be asked as a function, or be served. For tests only.
namespace dealpace::access {

// Signs tokens with a key of its own.
class TestSigner {
 public:
  enum class Kind { kRsa, kEc };
  explicit TestSigner(std::string id, Kind kind = Kind::kRsa, unsigned bits = 2048)
      : id_(std::move(id)), kind_(kind), key_(kind == Kind::kRsa ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256")) {
    if (key_ == nullptr) throw std::runtime_error("no key");
  }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string algorithm() const { return kind_ == Kind::kRsa ? "RS256" : "ES256"; }
  // The public half, as it stands in a key set.
  [[nodiscard]] boost::json::object Jwk() const {
    boost::json::object jwk{{"kid", id_}, {"use", "sig"}, {"alg", algorithm()}};
    if (kind_ == Kind::kRsa) {
      jwk["kty"] = "RSA";
      jwk["n"] = Base64Url(NumberOf(OSSL_PKEY_PARAM_RSA_N, 0));
      jwk["e"] = Base64Url(NumberOf(OSSL_PKEY_PARAM_RSA_E, 0));
    } else {
      jwk["kty"] = "EC";
      jwk["crv"] = "P-256";
      jwk["x"] = Base64Url(NumberOf(OSSL_PKEY_PARAM_EC_PUB_X, 32));
      jwk["y"] = Base64Url(NumberOf(OSSL_PKEY_PARAM_EC_PUB_Y, 32));
    }
    return jwk;
  }
  [[nodiscard]] boost::json::object Head() const { return {{"alg", algorithm()}, {"kid", id_}, {"typ", "JWT"}}; }
  [[nodiscard]] std::string Token(const boost::json::object& claims) const { return Token(Head(), claims); }
  [[nodiscard]] std::string Token(const boost::json::object& head, const boost::json::object& claims) const {
    const std::string text = Base64Url(boost::json::serialize(head)) + "." + Base64Url(boost::json::serialize(claims));
    return text + "." + Base64Url(Sign(text));
  }
  [[nodiscard]] std::string Sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    size_t length = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    bool good = EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                EVP_DigestSign(context, nullptr, &length, bytes, text.size()) == 1;
    std::string signature(length, '\0');
    good = good && EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                                  text.size()) == 1;
    EVP_MD_CTX_free(context);
    if (!good) throw std::runtime_error("cannot sign");
    signature.resize(length);
    if (kind_ == Kind::kRsa) return signature;
    const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size()));
    std::string raw(64, '\0');
    auto* to = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both), to, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), to + 32, 32);
    ECDSA_SIG_free(both);
    return raw;
  }

 private:
  // In as many bytes as given; 0: as few as it takes.
  [[nodiscard]] std::string NumberOf(const char* name, int bytes) const {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), name, &number) != 1) throw std::runtime_error("no such number");
    std::string text(static_cast<size_t>(bytes == 0 ? BN_num_bytes(number) : bytes), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(text.size()));
    BN_free(number);
    return text;
  }
  struct Freeing {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  std::string id_;
  Kind kind_;
  std::unique_ptr<EVP_PKEY, Freeing> key_;
};

inline std::string KeySetText(const std::vector<boost::json::object>& keys) {
  boost::json::array list;
  for (const auto& key : keys) list.push_back(key);
  return boost::json::serialize(boost::json::object{{"keys", list}});
}

// What it says and does can be changed between calls. Thread-safe where it is only asked.
class TestProvider {
 public:
  explicit TestProvider(std::string its_issuer, std::function<Instant()> its_clock = Now)
      : issuer(std::move(its_issuer)), clock(std::move(its_clock)) {}

  std::string issuer;
  std::function<Instant()> clock;
  std::string client_id = "dealpace";
  std::string secret = "not/told&to:anybody";
  std::shared_ptr<TestSigner> signer = std::make_shared<TestSigner>("one");
  std::vector<boost::json::object> keys = {signer->Jwk()};
  bool down = false;
  bool keys_down = false;
  bool secret_in_form = false;
  bool lets_through = false;            // never asks anew who it is
  std::optional<int64_t> asked_who_at;  // seconds; nothing: it does not tell
  // Over what it would say.
  boost::json::object self;
  boost::json::object claims = {
      {"sub", "00u-ana"}, {"email", "ana@example.com"}, {"email_verified", true}, {"preferred_username", "ana"}};
  std::map<std::string, int> asked;  // by path

  [[nodiscard]] ProviderSettings Settings() const {
    ProviderSettings settings;
    settings.issuer = issuer;
    settings.client_id = client_id;
    settings.secret = secret;
    settings.link = {"email", "preferred_username"};
    return settings;
  }

  // Somebody signs in at the page that he was sent to; returns where he is sent back to.
  std::string SignInAt(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const size_t question = address.find('?');
    const auto query = http::ParseQuery(address.substr(question + 1));
    std::map<std::string, std::string> fields;
    for (const auto& [name, value] : *query) fields[name] = value;
    const std::string code = "code-" + std::to_string(++codes_made_);
    codes_[code] = fields;
    return fields["redirect_uri"] + "?code=" + code + "&state=" + http::PercentEncode(fields["state"]);
  }

  Result<http::ClientAnswer> Answer(const http::ClientRequest& request) {
    const std::lock_guard lock(mutex_);
    if (down) return Error("remote_unreachable").With("detail", "down");
    const std::string path = request.url.substr(issuer.size());
    ++asked[path];
    if (path == "/.well-known/openid-configuration") return http::ClientAnswer{200, boost::json::serialize(Self())};
    if (path == "/keys" && keys_down) return http::ClientAnswer{503, "{}"};
    if (path == "/keys") return http::ClientAnswer{200, KeySetText(keys)};
    if (path == "/token") return Token(request);
    return http::ClientAnswer{404, "{}"};
  }
  [[nodiscard]] Provider::Fetch Fetch() {
    return [this](const http::ClientRequest& request) { return Answer(request); };
  }

 private:
  [[nodiscard]] boost::json::object Self() const {
    boost::json::object said{{"issuer", issuer},
                             {"authorization_endpoint", issuer + "/authorize"},
                             {"token_endpoint", issuer + "/token"},
                             {"jwks_uri", issuer + "/keys"}};
    if (secret_in_form) said["token_endpoint_auth_methods_supported"] = {"client_secret_post"};
    for (const auto& [name, value] : self) said[name] = value;
    return said;
  }

  http::ClientAnswer Token(const http::ClientRequest& request) {
    const auto no = [](const char* why) {
      return http::ClientAnswer{400, boost::json::serialize(boost::json::object{{"error", why}})};
    };
    std::map<std::string, std::string> fields;
    const auto form = http::ParseQuery(request.body);
    for (const auto& [name, value] : *form) fields[name] = value;
    std::string login = fields["client_id"] + ":" + fields["client_secret"];
    for (const auto& [name, value] : request.headers) {
      if (ToLower(name) != "authorization" || !value.starts_with("Basic ")) continue;
      std::string text = value.substr(6);
      while (text.ends_with('=')) text.pop_back();
      for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
      login = *http::PercentDecode(*FromBase64Url(text));
    }
    if (login != client_id + ":" + secret) return no("invalid_client");
    const auto found = codes_.find(fields["code"]);
    if (fields["grant_type"] != "authorization_code" || found == codes_.end()) return no("invalid_grant");
    const auto asking = found->second;
    codes_.erase(found);
    if (fields["redirect_uri"] != asking.at("redirect_uri")) return no("invalid_grant");
    if (PkceChallenge(fields["code_verifier"]) != asking.at("code_challenge")) return no("invalid_grant");
    const int64_t now = clock().ms / 1000;
    // It tells when it has asked who it is where that is wanted; it asks unless it is one that does as it likes.
    if (asking.count("max_age") != 0 && asking.at("max_age") == "0" && !lets_through) asked_who_at = now;
    boost::json::object all{
        {"iss", issuer}, {"aud", client_id}, {"iat", now}, {"exp", now + 300}, {"nonce", asking.at("nonce")}};
    if (asked_who_at) all["auth_time"] = *asked_who_at;
    for (const auto& [name, value] : claims) all[name] = value;
    return {200, boost::json::serialize(boost::json::object{
                     {"access_token", "x"}, {"token_type", "Bearer"}, {"id_token", signer->Token(all)}})};
  }

  std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>> codes_;
  int codes_made_ = 0;
};

}  // namespace dealpace::access
