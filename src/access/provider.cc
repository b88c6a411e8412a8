#include "access/provider.h"

#include <openssl/sha.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>

#include "http/target.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

constexpr int64_t kKnownMs = int64_t{3600} * 1000;  // what is known of the provider
constexpr int64_t kKnownMaxMs = 24 * kKnownMs;      // while it does not answer
constexpr int64_t kKeysAgainMs = int64_t{10} * 1000;
constexpr int64_t kFailedMs = int64_t{5} * 1000;  // one that did not answer is not asked again so soon
constexpr auto kTalkWait = std::chrono::seconds(1);

Error Bad(std::string_view detail) { return Error("provider_answer_bad").With("detail", detail); }

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

Result<json::object> ObjectOf(const std::string& text, std::string_view what) {
  json::error_code problem;
  json::value value = json::parse(text, problem);
  if (problem || !value.is_object()) return Bad(std::string(what) + " is no JSON object");
  return std::move(value.as_object());
}

// "a=1&b=2" of a form.
std::string FormOf(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    form += std::string(name) + "=" + http::PercentEncode(value);
  }
  return form;
}

std::string Base64(const std::string& bytes) {
  std::string text = Base64Url(bytes);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  return text;
}

}  // namespace

std::string PkceChallenge(std::string_view verifier) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(verifier.data()), verifier.size(), hash.data());
  return Base64Url({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

class Provider::Talk {
 public:
  explicit Talk(Provider& provider) : provider_(provider), got_(provider.talks_.try_acquire_for(kTalkWait)) {}
  ~Talk() {
    if (got_) provider_.talks_.release();
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  [[nodiscard]] Status Begun() const { return got_ ? Status() : Error("provider_busy"); }

 private:
  Provider& provider_;
  bool got_;
};

Provider::Provider(ProviderSettings settings, Fetch fetch, std::function<Instant()> clock)
    : settings_(std::move(settings)),
      fetch_(fetch ? std::move(fetch) : [ca_file = settings_.ca_file](const http::ClientRequest& request) {
        http::ClientOptions options;
        options.ca_file = ca_file;
        return http::Fetch(request, options);
      }),
      clock_(std::move(clock)) {}

Result<std::string> Provider::Get(const std::string& url) const {
  const auto answer = fetch_({http::Method::kGet, url, {{"Accept", "application/json"}}, ""});
  if (!answer.ok()) return Error("provider_unreachable").With("detail", answer.error().Arg("detail"));
  if (answer->status != 200) return Bad(url + " answers " + std::to_string(answer->status));
  return answer->body;
}

Result<std::shared_ptr<const Provider::Self>> Provider::AskSelf() const {
  std::string base = settings_.issuer;
  while (base.ends_with('/')) base.pop_back();
  ASSIGN_OR_RETURN(const std::string text, Get(base + "/.well-known/openid-configuration"));
  ASSIGN_OR_RETURN(const json::object said, ObjectOf(text, "the description of the provider"));
  if (TextOf(said, "issuer") != settings_.issuer)
    return Bad("it calls itself " + TextOf(said, "issuer").substr(0, 200));
  auto self = std::make_shared<Self>();
  self->authorization_endpoint = TextOf(said, "authorization_endpoint");
  self->token_endpoint = TextOf(said, "token_endpoint");
  self->jwks_uri = TextOf(said, "jwks_uri");
  const bool on_this_machine = http::IsLoopbackHttp(settings_.issuer);
  for (const std::string* url : {&self->authorization_endpoint, &self->token_endpoint, &self->jwks_uri}) {
    if (!http::IsFetchable(*url) || (http::IsLoopbackHttp(*url) && !on_this_machine)) {
      return Bad("an address of it is not https: " + url->substr(0, 200));
    }
  }
  if (const json::value* ways = said.if_contains("token_endpoint_auth_methods_supported");
      ways != nullptr && ways->is_array()) {
    bool header = false;
    bool post = false;
    for (const json::value& way : ways->as_array()) {
      header = header || (way.is_string() && way.as_string() == "client_secret_basic");
      post = post || (way.is_string() && way.as_string() == "client_secret_post");
    }
    self->secret_in_header = header || !post;
  }
  self->read_at = clock_();
  return std::shared_ptr<const Self>(std::move(self));
}

Result<std::shared_ptr<const Provider::Self>> Provider::KnownSelf() {
  std::shared_ptr<const Self> known;
  const Instant now = clock_();
  bool lately_failed = false;
  {
    const std::lock_guard lock(mutex_);
    if (self_ != nullptr && now.ms - self_->read_at.ms >= kKnownMaxMs) self_ = nullptr;
    known = self_;
    lately_failed = now.ms - failed_at_.ms < kFailedMs;
  }
  if (known != nullptr && (now.ms - known->read_at.ms < kKnownMs || lately_failed)) return known;
  if (lately_failed) return Error("provider_unreachable").With("detail", "it did not answer a moment ago");
  const Talk talk(*this);
  if (!talk.Begun().ok() && known != nullptr) return known;
  RETURN_IF_ERROR(talk.Begun());
  auto asked = AskSelf();
  const std::lock_guard lock(mutex_);
  if (!asked.ok()) {
    failed_at_ = clock_();  // asking may have taken as long as the failure is remembered
    if (known != nullptr) return known;
    return asked.error();
  }
  self_ = *asked;
  return asked;
}

Result<std::shared_ptr<const Provider::Keys>> Provider::KnownKeys(const Self& self, Instant newer_than) {
  std::shared_ptr<const Keys> known;
  const Instant now = clock_();
  {
    const std::lock_guard lock(mutex_);
    if (keys_ != nullptr && now.ms - keys_->read_at.ms >= kKnownMaxMs) keys_ = nullptr;
    known = keys_;
  }
  if (known != nullptr && known->read_at >= newer_than && now.ms - known->read_at.ms < kKnownMs) return known;
  const auto text = Get(self.jwks_uri);
  if (!text.ok()) {
    if (known != nullptr) return known;
    return text.error();
  }
  ASSIGN_OR_RETURN(KeySet set, KeySet::Parse(*text));
  auto keys = std::make_shared<const Keys>(Keys{std::move(set), now});
  const std::lock_guard lock(mutex_);
  keys_ = keys;
  return keys;
}

Result<std::string> Provider::SignInAddress(const Asking& asking) {
  ASSIGN_OR_RETURN(const auto self, KnownSelf());
  std::string scope = "openid";
  for (const std::string& each : settings_.scopes) {
    if (each != "openid") scope += " " + each;
  }
  const std::string challenge = PkceChallenge(asking.verifier);
  std::string query = FormOf({{"response_type", "code"},
                              {"client_id", settings_.client_id},
                              {"redirect_uri", asking.return_address},
                              {"scope", scope},
                              {"state", asking.state},
                              {"nonce", asking.nonce},
                              {"code_challenge", challenge},
                              {"code_challenge_method", "S256"},
                              {"ui_locales", asking.language == Language::kChinese ? "zh-CN zh" : "en"}});
  if (asking.again) query += "&prompt=login&max_age=0";
  const bool has_query = self->authorization_endpoint.find('?') != std::string::npos;
  return self->authorization_endpoint + (has_query ? "&" : "?") + query;
}

Result<std::string> Provider::AskForToken(const Self& self, const std::string& code, const Asking& asking) const {
  http::ClientRequest request{http::Method::kPost, self.token_endpoint, {}, ""};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  request.body = FormOf({{"grant_type", "authorization_code"},
                         {"code", code},
                         {"redirect_uri", asking.return_address},
                         {"code_verifier", asking.verifier}});
  const bool secret = !settings_.secret.empty();
  if (secret && self.secret_in_header) {
    // RFC 6749, 2.3.1: both parts as in a form first.
    request.headers.emplace_back("Authorization", "Basic " + Base64(http::PercentEncode(settings_.client_id) + ":" +
                                                                    http::PercentEncode(settings_.secret)));
  } else {
    request.body += "&" + FormOf({{"client_id", settings_.client_id}});
    if (secret) request.body += "&" + FormOf({{"client_secret", settings_.secret}});
  }
  const auto answer = fetch_(request);
  if (!answer.ok()) return Error("provider_unreachable").With("detail", answer.error().Arg("detail"));
  const auto said = ObjectOf(answer->body, "the answer to the code");
  if (answer->status >= 500) return Bad("the code is answered " + std::to_string(answer->status));
  if (answer->status != 200) {
    // "invalid_grant", "invalid_client" …
    const std::string why = said.ok() ? TextOf(*said, "error").substr(0, 100) : "";
    return Error("provider_code_refused").With("detail", std::to_string(answer->status) + " " + why);
  }
  if (!said.ok()) return said.error();
  std::string token = TextOf(*said, "id_token");
  if (token.empty()) return Bad("the answer to the code has no id_token");
  return token;
}

Result<IdToken> Provider::Redeem(const std::string& code, const Asking& asking) {
  ASSIGN_OR_RETURN(const auto self, KnownSelf());
  const Talk talk(*this);
  RETURN_IF_ERROR(talk.Begun());
  ASSIGN_OR_RETURN(const std::string token, AskForToken(*self, code, asking));
  ASSIGN_OR_RETURN(const auto keys, KnownKeys(*self, Instant{}));
  const Instant now = clock_();
  const IdTokenExpected expected{settings_.issuer, settings_.client_id, asking.nonce, now};
  Result<IdToken> read = ReadIdToken(token, keys->set, expected);
  // The provider may have begun to use another, also without a name or under the same one.
  const std::string_view why = read.ok() ? "" : read.error().Arg("detail");
  if (why == "key_unknown" || why == "signature") {
    ASSIGN_OR_RETURN(const auto fresh, KnownKeys(*self, Instant{now.ms - kKeysAgainMs}));
    if (fresh != keys) read = ReadIdToken(token, fresh->set, expected);
  }
  if (!read.ok() || !asking.again) return read;
  // Some let through whom they know, whatever they are asked for.
  const auto at = read->authenticated_at;
  if (!at || at->ms < asking.asked_at.ms - kTokenLeewayMs) return Error("provider_not_again");
  return read;
}

Status Provider::Check() {
  ASSIGN_OR_RETURN(const auto self, KnownSelf());
  ASSIGN_OR_RETURN(const auto keys, KnownKeys(*self, Instant{}));
  if (keys->set.size() == 0) return Bad("it has no key for RS256 or ES256");
  return {};
}

}  // namespace dealpace::access
