#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "access/id_token.h"
#include "access/provider_settings.h"
#include "base/days.h"
#include "base/result.h"
#include "http/client.h"

namespace dealpace::access {

// An OpenID provider as this program talks to it: authorization code with PKCE (S256), state and nonce. What it says of
// itself and its keys are kept for an hour, then asked for again; while it does not answer, what was known goes on, for
// a day at most: a key that it has withdrawn meanwhile must end some time. A token that no known key has signed makes
// it ask for the keys at once, though at most every ten seconds.
//
// Blocks: for workers. At most kTalksMax of them talk to the provider at the same time, others wait a moment, then fail
// with provider_busy: one that hangs must not take the server with it. Thread-safe.
class Provider {
 public:
  using Fetch = std::function<Result<http::ClientAnswer>(const http::ClientRequest&)>;
  static constexpr int kTalksMax = 3;

  // Without `fetch` by http::Fetch, trusting settings.ca_file.
  explicit Provider(ProviderSettings settings, Fetch fetch = nullptr, std::function<Instant()> clock = Now);

  [[nodiscard]] const ProviderSettings& settings() const { return settings_; }

  struct Asking {
    std::string state;
    std::string nonce;
    std::string verifier;  // PKCE
    std::string return_address;
    Language language = Language::kChinese;
    // It shall ask who it is, even where it knows the browser; and when that was wanted.
    bool again = false;
    Instant asked_at;
  };
  // Where to send the browser. Fails with provider_unreachable, provider_answer_bad, provider_busy ("detail").
  [[nodiscard]] Result<std::string> SignInAddress(const Asking& asking);
  // Who has come back with that code. Fails as SignInAddress does, and with provider_code_refused, provider_token_wrong
  // ("detail"), and with provider_not_again where it was to ask and does not say that it has.
  [[nodiscard]] Result<IdToken> Redeem(const std::string& code, const Asking& asking);
  // Whether the provider answers and has keys, for `doctor`.
  [[nodiscard]] Status Check();

 private:
  // What the provider says of itself.
  struct Self {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string jwks_uri;
    bool secret_in_header = true;
    Instant read_at;
  };
  struct Keys {
    KeySet set;
    Instant read_at;
  };
  // A place among those who talk, given back at the end.
  class Talk;

  [[nodiscard]] Result<std::shared_ptr<const Self>> KnownSelf();
  [[nodiscard]] Result<std::shared_ptr<const Self>> AskSelf() const;
  // Not older than an hour, or than `newer_than` where that is given.
  [[nodiscard]] Result<std::shared_ptr<const Keys>> KnownKeys(const Self& self, Instant newer_than);
  [[nodiscard]] Result<std::string> AskForToken(const Self& self, const std::string& code, const Asking& asking) const;
  // The body of an answer of 200; `kind` says of what, for the log.
  [[nodiscard]] Result<std::string> Get(const std::string& url) const;

  const ProviderSettings settings_;
  const Fetch fetch_;
  const std::function<Instant()> clock_;
  std::counting_semaphore<kTalksMax> talks_{kTalksMax};
  std::mutex mutex_;  // guards what follows; not held while asking
  std::shared_ptr<const Self> self_;
  std::shared_ptr<const Keys> keys_;
  Instant failed_at_{};  // when it last did not answer for itself
};

// S256 of a verifier (RFC 7636).
[[nodiscard]] std::string PkceChallenge(std::string_view verifier);

}  // namespace dealpace::access
