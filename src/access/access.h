#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "access/accounts.h"
#include "access/bindings.h"
#include "access/idempotency.h"
#include "access/identity_cache.h"
#include "access/passwords.h"
#include "access/people.h"
#include "access/posts.h"
#include "access/provider.h"
#include "access/second_factor.h"
#include "access/sessions.h"
#include "access/throttle.h"
#include "access/tokens.h"
#include "db/audit.h"
#include "db/db.h"

// Who may come in: accounts, signing in, sessions, API tokens. What the server, the command line and the HTTP resources
// of this room work with.
namespace dealpace::access {

struct AccessOptions {
  Passwords::Cost cost = Passwords::Cost::Interactive();
  std::function<Instant()> clock = Now;
  // What GET /api/v1/session tells beside the account; app knows them.
  std::string program_version;
  std::function<Day()> today;  // where most dealers are; empty: in UTC
  // What roles there are, and what the organisation knows of places. Without a catalogue nobody but administrators has
  // any right.
  std::shared_ptr<const catalog::Catalog> catalog;
  PlaceKnowledge places;
  // Where signing in and out and every change of accounts, passwords, sessions and tokens is written down, in the
  // transaction of the change itself. Nothing: nowhere.
  db::AuditLog audit;
  // What secrets of second factors are sealed with; without one nobody can set up any (key_file_missing). It also keys
  // what is kept of requests that may be sent again.
  const Vault* vault = nullptr;
  // By which people may sign in as well; nothing: by password only.
  std::shared_ptr<Provider> provider;
};

struct SignInRequest {
  std::string login;
  std::string password;
  Device device;
};

struct SignedIn {
  std::string token;  // for the cookie
  Session session;
  Account account;
};

// The account has a second factor: its code is still to come.
using SignInStep = std::variant<SignedIn, PendingSignIn>;

// What a person needs to set up an authenticator app; shown once.
struct SecondFactorSetUp {
  std::string secret;  // in base 32, to be typed
  std::string uri;     // the same for a QR code
};

// A one-time password, to be shown once.
struct OneTime {
  Account account;
  std::string password;
};

struct PeopleDone {
  std::vector<PersonDone> rows;
  std::vector<OneTime> fresh;  // of the accounts made, in the order of their rows
  int64_t refused = 0;         // rows
  bool done = false;           // something may have been written
};

// How long the provider's asking who somebody is stands for the password where that is asked for again.
inline constexpr int64_t kFreshMs = int64_t{15} * 60 * 1000;

// Thread-safe. What a server process knows of sessions and tokens it believes until something is committed
// (IdentityCache). `by` is who does it, for the audit log; unset: the program, or somebody at its command line.
class Access {
 public:
  explicit Access(db::Database& database, AccessOptions options = {});
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // ---- Signing in ----

  // Fails with sign_in_wrong (no such account, or not its password: the same answer, after the same time),
  // sign_in_delayed and sign_in_locked ("retry_after", see throttle.h), sign_in_busy, and, for who knows the password,
  // account_disabled, one_time_expired and sign_in_by_provider (accounts bound to it may not use a password).
  [[nodiscard]] Result<SignInStep> SignIn(const SignInRequest& request);
  // The second step, with a code of the app or a recovery code. `device.phone` is that of the first step. Fails with
  // sign_in_begin_again (the first step was longer than kSecondStepMs ago, or the password or the account has changed
  // since), second_factor_wrong (counted like a failed sign-in, or apart where the first step was the provider's),
  // sign_in_delayed, sign_in_locked.
  [[nodiscard]] Result<SignedIn> FinishSignIn(std::string_view token, std::string_view code, Device device);
  [[nodiscard]] Status SignOut(std::string_view session_hash);

  // ---- Signing in by the provider ----

  // An answer of the provider has come to this address. With one state it is taken once (provider_begin_again), and it
  // counts as a failed attempt of the address (sign_in_delayed) until SignInBy, or until it is taken back because the
  // provider could not be asked.
  [[nodiscard]] Status TakeProviderAnswer(std::string_view state, Instant until, std::string_view address);
  void TakeBackProviderAnswer(std::string_view address);
  // Signs in whom the provider has named: the account that the identity is bound to, else the one whose login is what a
  // claim says (ProviderSettings::link), which is bound from then on. A second factor of the account is asked for all
  // the same, and an identity is bound once its code has come. Fails with provider_no_account,
  // provider_bound_otherwise, account_disabled. Failed passwords do not matter. With the binding all sessions end that
  // were there before.
  [[nodiscard]] Result<SignInStep> SignInBy(const IdToken& token, const Device& device);
  // Ends the sessions of the account, too. Fails with account_unknown, provider_not_bound.
  [[nodiscard]] Status Unbind(AccountId id, AccountId by = {});
  // Whose sign-in waits for its code in the browser that has this token; nothing: nobody's.
  struct Waiting {
    std::string login;
    Instant expires_at;
  };
  [[nodiscard]] Result<std::optional<Waiting>> WhoWaits(std::string_view token);

  // Who has this session or token; nothing when nobody has (any more). Notes its use, at most once a minute; an
  // `unattended` request is none.
  [[nodiscard]] Result<std::optional<Identity>> IdentifySession(std::string_view token, bool unattended = false);
  [[nodiscard]] Result<std::optional<Identity>> IdentifyToken(std::string_view secret, bool unattended = false);
  // The same without a look into the store. Nothing: that needs one.
  [[nodiscard]] std::optional<Identity> KnownSession(std::string_view token, bool unattended);
  [[nodiscard]] std::optional<Identity> KnownToken(std::string_view secret, bool unattended);

  // ---- An account's own matters ----

  [[nodiscard]] Result<Account> GetAccount(AccountId id);
  // Needs the current password, and ends all sessions but the one of `session_hash`. Fails with password_wrong (counted
  // like a failed sign-in), password_same, and as CheckNewPassword does.
  [[nodiscard]] Status ChangePassword(AccountId id, std::string_view current, std::string_view fresh,
                                      std::string_view session_hash, std::string_view address);
  [[nodiscard]] Result<Account> ChangeLanguage(AccountId id, std::optional<Language> language);
  [[nodiscard]] Result<FreshToken> AddToken(AccountId owner, const NewToken& token, AccountId by = {});
  [[nodiscard]] Result<std::vector<Token>> ListTokens(AccountId owner);
  [[nodiscard]] Status RevokeToken(int64_t id, AccountId owner, AccountId by = {});  // owner unset: anybody's

  // ---- An account's second factor ----

  [[nodiscard]] Result<SecondFactorState> GetSecondFactor(AccountId id);
  // Each needs the password (password_wrong, counted like a failed sign-in) or fails as second_factor.h has it. In a
  // session that the provider has begun, that of `session_hash`, no password is needed for kFreshMs after it has asked
  // who it is (Session::authenticated_at); later, or where it did not say so, it fails with provider_sign_in_old.
  // Turning it on ends all sessions but the one of `session_hash`.
  [[nodiscard]] Result<SecondFactorSetUp> BeginSecondFactor(AccountId id, std::string_view password,
                                                            std::string_view address,
                                                            std::string_view session_hash = {});
  [[nodiscard]] Result<std::vector<std::string>> ConfirmSecondFactor(AccountId id, std::string_view code,
                                                                     std::string_view session_hash);
  // These need a code, too: second_factor_wrong, counted likewise; second_factor_off.
  [[nodiscard]] Result<std::vector<std::string>> RenewRecoveryCodes(AccountId id, std::string_view password,
                                                                    std::string_view code, std::string_view address,
                                                                    std::string_view session_hash = {});
  [[nodiscard]] Status TurnOffSecondFactor(AccountId id, std::string_view password, std::string_view code,
                                           std::string_view address, std::string_view session_hash = {});
  // Whether the network's policy demands one of who has this.
  [[nodiscard]] static bool IsDemandedOf(const http::Caller& caller);

  // ---- An administrator's matters ----

  // For who has lost app and recovery codes: the account signs in by its password alone, and its sessions end. Fails
  // with account_unknown, second_factor_off, second_factor_own (by the account itself).
  [[nodiscard]] Status ResetSecondFactor(AccountId id, AccountId by = {});
  [[nodiscard]] Result<SignInPolicy> GetPolicy();
  [[nodiscard]] Result<SignInPolicy> ChangePolicy(bool second_factor, std::optional<int64_t> version,
                                                  AccountId by = {});

  [[nodiscard]] Result<std::vector<Account>> ListAccounts();
  // Fails with login_unknown, login_bad.
  [[nodiscard]] Result<Account> FindLogin(std::string_view typed);
  // With a one-time password. Fails with login_bad, login_taken, account_name_bad.
  [[nodiscard]] Result<OneTime> AddAccount(std::string_view login, std::string_view name, Role role, AccountId by = {});
  // Makes accounts, gives posts and puts names right as the rows say (people.h), in one transaction; what is there
  // already stays. Without `good_rows` nothing is done as soon as a row is refused. Refused are rows with problems of
  // their own, and with login_bad, account_name_bad, post_…, place_unknown, people_disabled, people_role_differs (of an
  // account that is there), people_says_two (another row of the login says otherwise).
  [[nodiscard]] Result<PeopleDone> ImportPeople(std::vector<PersonRow> rows, bool dry_run, bool good_rows,
                                                AccountId by = {});
  // As accounts.h has it. `name` is checked here.
  [[nodiscard]] Result<Account> ChangeAccount(AccountId id, std::optional<int64_t> version, AccountChange change,
                                              AccountId by = {});
  // A new one-time password; ends the sessions and lets a locked login try again.
  [[nodiscard]] Result<OneTime> ResetPassword(AccountId id, AccountId by = {});
  [[nodiscard]] Result<std::vector<Session>> ListSessions(AccountId id);
  // Posts and standing in, as posts.h has it; AddPost fails with place_unknown, too. What changes counts at the
  // account's next request.
  [[nodiscard]] Result<std::vector<Post>> ListPosts(AccountId id);
  [[nodiscard]] Result<Post> AddPost(const Post& post, AccountId by = {});
  [[nodiscard]] Status EndPost(AccountId id, int64_t post, Day until, AccountId by = {});
  [[nodiscard]] Result<std::vector<StandIn>> ListStandIns(AccountId id);
  [[nodiscard]] Result<StandIn> AddStandIn(const StandIn& stand_in, AccountId by = {});
  [[nodiscard]] Status RemoveStandIn(AccountId id, int64_t stand_in, AccountId by = {});
  [[nodiscard]] Result<int64_t> EndSessions(AccountId id, AccountId by = {});

  // ---- The server's matters ----

  // In a store without accounts, makes the administrator "admin" and returns his one-time password for the server to
  // print. While he is the only account and has never signed in, each later start gives a new one and makes the old one
  // useless. With `password` (DEALPACE_ADMIN_PASSWORD) that is his password instead, which need not be changed, and
  // nothing is returned; once he has signed in it is ignored. Fails as CheckNewPassword does.
  [[nodiscard]] Result<std::optional<OneTime>> EnsureAdministrator(const std::optional<std::string>& password = {});
  // Removes what has expired: sessions, counts of failures, kept answers, tokens a month after their end. Cheap; to be
  // called every few minutes.
  [[nodiscard]] Status Prune(Instant now);

  [[nodiscard]] Idempotency& idempotency() { return idempotency_; }
  [[nodiscard]] const AccessOptions& options() const { return options_; }
  [[nodiscard]] Day Today() const;

 private:
  // `posts`: those that count today. `demanded`: the network demands second factors. `by_provider`: he has not come by
  // his password, which may be a one-time one that he has never seen.
  [[nodiscard]] Result<http::Caller> CallerOf(const Account& account, const std::vector<Post>& posts,
                                              http::Caller::Via via, bool demanded, bool by_provider) const;
  // Counts an attempt at a login and compares. What counts as failed stays so until Succeed. `account`: whose login it
  // is, if anybody's.
  [[nodiscard]] Result<bool> TryPassword(std::string_view login, std::string_view address, std::string_view typed,
                                         const std::string& hash, AccountId account);
  // Fails with password_wrong, and as SignIn does. A code that is to follow counts on: the password alone does not wipe
  // out the traces of guessing at codes.
  [[nodiscard]] Status CheckOwnPassword(const Account& account, std::string_view password, std::string_view address);
  // The same, or without a password that the provider has asked a moment ago who it is whose session this is.
  [[nodiscard]] Status CheckOwner(const Account& account, std::string_view password, std::string_view address,
                                  std::string_view session_hash);
  // A transaction that needs the right code of an account, counted like a password or, for who has come by the
  // provider, apart from it (`as`); `then` follows in it.
  template <typename T>
  using Then = std::function<Result<T>(db::Connection&, CodeKind, Instant)>;
  template <typename T>
  [[nodiscard]] Result<T> WithCode(const Account& account, std::string_view code, std::string_view address, Guessed as,
                                   const Then<T>& then);
  // As what wrong codes in this session count.
  [[nodiscard]] Guessed CountedIn(std::string_view session_hash);
  [[nodiscard]] Result<const Vault*> SealedWith() const;
  // A session for who has shown all that is asked for; `code` is the kind of code shown, if one was.
  [[nodiscard]] Result<SignedIn> Enter(db::Connection& connection, AccountId id, const Device& device, Instant now,
                                       std::string_view code = {}, const std::optional<Identified>& by = {});
  // Binds the account to an identity unless it is, and notes that it was used. With the binding a one-time password
  // that was not used ends.
  [[nodiscard]] Status BindAndUse(db::Connection& connection, AccountId id, const Identified& identity, Instant now);
  [[nodiscard]] db::Witness By(AccountId by) const { return {options_.audit, by}; }
  // Moves with whatever identities are made of.
  [[nodiscard]] std::optional<int64_t> Mark() const { return database_.ChangeMark(db::Changes::kMasters); }
  // Remembered under the hash, and of that kind.
  [[nodiscard]] std::optional<Identity> Known(const std::string& hash, http::Caller::Via via, Instant now,
                                              std::optional<int64_t> mark, bool unattended) const;

  db::Database& database_;
  AccessOptions options_;
  Passwords passwords_;
  // For passwords made by the program, hundreds at a time: 79 random bits need no slow hash. TryPassword takes as long
  // for them as for others, and the next change or sign-in replaces it.
  Passwords random_passwords_{Passwords::Cost::Least()};
  IdentityCache cache_;
  Idempotency idempotency_;
};

}  // namespace dealpace::access
