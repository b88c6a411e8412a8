#include "access/access.h"

#include "access/secrets.h"

namespace dealpace::access {
namespace {

constexpr std::string_view kFirstLogin = "admin";
constexpr int64_t kTokensKeptMs = int64_t{30} * 24 * 3600 * 1000;  // after their end, for those who look why

constexpr int64_t kRightsMs = int64_t{15} * 60 * 1000;  // days begin at a quarter of an hour everywhere

Instant RightsUntil(Instant now) { return {(now.ms / kRightsMs + 1) * kRightsMs}; }

std::string ObjectOf(AccountId account) {
  return account.set() ? db::ObjectOf("account", account.value) : "account:unknown";
}

Status NoteAdded(db::Connection& connection, const db::Witness& by, const Account& account) {
  return by.Note(connection, "account.add", ObjectOf(account.id), {}, {{"role", std::string(RoleName(account.role))}});
}

}  // namespace

Access::Access(db::Database& database, AccessOptions options)
    : database_(database),
      options_(std::move(options)),
      passwords_(options_.cost),
      idempotency_(database, options_.clock, options_.vault) {}

Day Access::Today() const {
  if (options_.today) return options_.today();
  return {static_cast<int32_t>(options_.clock().ms / 86'400'000)};
}

Result<http::Caller> Access::CallerOf(const Account& account, const std::vector<Post>& posts, http::Caller::Via via,
                                      bool demanded, bool by_provider) const {
  http::Caller caller;
  caller.via = via;
  caller.account = account.id;
  caller.login = account.login;
  caller.name = account.name;
  caller.admin = account.role == Role::kAdmin;
  caller.must_change_password = account.must_change_password && !by_provider;
  caller.by_provider = by_provider && via == http::Caller::Via::kSession;
  if (caller.admin) {
    caller.rights = AllRights();
  } else if (options_.catalog != nullptr) {
    ASSIGN_OR_RETURN(caller.rights, RightsOf(posts, *options_.catalog, options_.places, Today()));
  }
  // Programs have a token instead, which is a secret of its own.
  caller.second_factor_due =
      demanded && via == http::Caller::Via::kSession && !account.second_factor && IsDemandedOf(caller);
  return caller;
}

Result<bool> Access::TryPassword(std::string_view login, std::string_view address, std::string_view typed,
                                 const std::string& hash, AccountId account) {
  ASSIGN_OR_RETURN(const int64_t failures, database_.Write<int64_t>([&](db::Connection& connection) {
    return CountAttempt(connection, login, address, options_.clock());
  }));
  Result<bool> matches = passwords_.Matches(typed, hash);
  // One that was quickly checked is answered no sooner than others: how long it takes tells nothing of the login.
  if (matches.ok() && !hash.empty() && passwords_.NeedsRehash(hash)) (void)passwords_.Matches(typed, "");
  if (!matches.ok()) {
    (void)database_.Write<void>([&](db::Connection& connection) -> Status {
      TakeBackAttempt(connection, login, address);
      return {};
    });
  } else if (!*matches && IsLocked(failures)) {
    // The attempt was counted before anybody knew that it fails, so this is a transaction of its own.
    RETURN_IF_ERROR(database_.Write<void>(
        [&](db::Connection& connection) { return By({}).Note(connection, "session.lock", ObjectOf(account)); }));
  }
  return matches;
}

Result<SignInStep> Access::SignIn(const SignInRequest& request) {
  // What is no login at all is treated like one that does not exist.
  const auto normalized = NormalizeLogin(request.login);
  const std::string login = normalized.ok() ? *normalized : ToLower(request.login);
  struct Known {
    std::optional<Account> account;
    Password password;
  };
  ASSIGN_OR_RETURN(const Known known, database_.Read<Known>([&](db::Connection& connection) -> Result<Known> {
    Known found;
    if (normalized.ok()) found.account = access::FindLogin(connection, login, options_.clock());
    if (found.account) found.password = ReadPassword(connection, found.account->id);
    return found;
  }));
  ASSIGN_OR_RETURN(const bool right, TryPassword(login, request.device.address, request.password, known.password.hash,
                                                 known.account ? known.account->id : AccountId()));
  if (!right || !known.account) return Error("sign_in_wrong");
  const Instant now = options_.clock();
  const AccountId id = known.account->id;
  if (known.password.until && now >= *known.password.until) return Error("one_time_expired");

  std::optional<std::string> better_hash;
  if (passwords_.NeedsRehash(known.password.hash)) {
    if (auto hash = passwords_.Hash(request.password); hash.ok()) better_hash = *std::move(hash);
  }
  const bool bound_by_password = options_.provider == nullptr || options_.provider->settings().password;
  auto step = database_.Write<SignInStep>([&](db::Connection& connection) -> Result<SignInStep> {
    // Holds the account's row; what was read above may be outdated by now.
    connection.Execute("UPDATE account SET version = version WHERE account_id = ?1", id);
    ASSIGN_OR_RETURN(const Account account, FindAccount(connection, id, now));
    if (account.disabled) return Error("account_disabled");
    if (ReadPassword(connection, id).hash != known.password.hash) return Error("sign_in_wrong");
    if (!bound_by_password && IsBound(connection, id, options_.provider->settings().issuer)) {
      return Error("sign_in_by_provider");
    }
    if (better_hash) {
      connection.Execute("UPDATE account SET password_hash = ?2 WHERE account_id = ?1", id, *better_hash);
    }
    if (account.second_factor) {
      TakeBackAttempt(connection, login, request.device.address);
      return SignInStep(StartPending(connection, id, request.device.phone, now));
    }
    Succeed(connection, login, request.device.address);
    ASSIGN_OR_RETURN(SignedIn signed_in, Enter(connection, id, request.device, now));
    return SignInStep(std::move(signed_in));
  });
  if (!step.ok() && step.error().code == "sign_in_by_provider") {
    (void)database_.Write<void>([&](db::Connection& connection) -> Status {
      TakeBackAttempt(connection, login, request.device.address);
      return {};
    });
  }
  return step;
}

Result<SignedIn> Access::Enter(db::Connection& connection, AccountId id, const Device& device, Instant now,
                               std::string_view code, const std::optional<Identified>& by) {
  connection.Execute("UPDATE account SET signed_in_at = ?2 WHERE account_id = ?1", id, now.ms);
  if (by) RETURN_IF_ERROR(BindAndUse(connection, id, *by, now));
  FreshSession fresh =
      StartSession(connection, id, device, now, by.has_value(), by ? by->authenticated_at : std::nullopt);
  ASSIGN_OR_RETURN(Account account, FindAccount(connection, id, now));
  std::vector<std::pair<std::string, db::Deed::Detail>> details = {{"phone", device.phone}};
  if (!code.empty()) details.emplace_back("code", std::string(code));
  if (by) details.emplace_back("provider", true);
  RETURN_IF_ERROR(By(id).Note(connection, "session.start", ObjectOf(id), {}, std::move(details)));
  return SignedIn{std::move(fresh.token), std::move(fresh.session), std::move(account)};
}

Status Access::SignOut(std::string_view session_hash) {
  Status ended = database_.Write<void>([&](db::Connection& connection) -> Status {
    const auto session = FindSession(connection, session_hash, options_.clock());
    EndSession(connection, session_hash);
    if (!session) return {};
    return By(session->account).Note(connection, "session.end", ObjectOf(session->account));
  });
  cache_.Drop(session_hash);
  return ended;
}

std::optional<Identity> Access::Known(const std::string& hash, http::Caller::Via via, Instant now,
                                      std::optional<int64_t> mark, bool unattended) const {
  auto known = cache_.Find(hash, now, mark, unattended);
  if (known && known->caller.via != via) return std::nullopt;
  return known;
}

std::optional<Identity> Access::KnownSession(std::string_view token, bool unattended) {
  return Known(HashSecret(token), http::Caller::Via::kSession, options_.clock(), Mark(), unattended);
}

std::optional<Identity> Access::KnownToken(std::string_view secret, bool unattended) {
  return Known(HashSecret(secret), http::Caller::Via::kToken, options_.clock(), Mark(), unattended);
}

Result<std::optional<Identity>> Access::IdentifySession(std::string_view token, bool unattended) {
  const Instant now = options_.clock();
  const std::string hash = HashSecret(token);
  const std::optional<int64_t> mark = Mark();
  if (auto known = Known(hash, http::Caller::Via::kSession, now, mark, unattended)) return known;
  const uint64_t drops = cache_.drops();
  const Day today = Today();  // may look into the store itself: not within the reading below
  struct Found {
    std::optional<Session> session;
    std::optional<Account> account;
    std::vector<Post> posts;
    bool demanded = false;
  };
  ASSIGN_OR_RETURN(const Found found, database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    Found read;
    read.session = FindSession(connection, hash, now);
    if (!read.session) return read;
    ASSIGN_OR_RETURN(read.account, FindAccount(connection, read.session->account, now));
    if (read.account->role != Role::kAdmin) read.posts = PostsOn(connection, read.account->id, today);
    if (!read.account->second_factor) read.demanded = ReadPolicy(connection).second_factor;
    return read;
  }));
  if (!found.account || found.account->disabled) return std::optional<Identity>();
  Identity identity;
  ASSIGN_OR_RETURN(identity.caller, CallerOf(*found.account, found.posts, http::Caller::Via::kSession, found.demanded,
                                             found.session->by_provider));
  identity.rights_until = RightsUntil(now);
  identity.caller.session_token_hash = hash;
  identity.csrf = found.session->csrf;
  identity.expires_at = found.session->expires_at;
  Instant seen_at = found.session->seen_at;
  if (!unattended && now.ms - seen_at.ms >= kSeenMs) {
    // A use that cannot be noted is no reason to refuse the request.
    (void)database_.Write<void>([&](db::Connection& connection) -> Status {
      TouchSession(connection, hash, now);
      return {};
    });
    seen_at = now;
  }
  identity.idle_until = Instant{seen_at.ms + found.session->idle_ms()};
  identity.note_at = Instant{seen_at.ms + kSeenMs};
  cache_.Put(hash, identity, now, mark, drops);
  return std::optional(identity);
}

Result<std::optional<Identity>> Access::IdentifyToken(std::string_view secret, bool unattended) {
  const Instant now = options_.clock();
  const std::string hash = HashSecret(secret);
  const std::optional<int64_t> mark = Mark();
  if (auto known = Known(hash, http::Caller::Via::kToken, now, mark, unattended)) return known;
  const uint64_t drops = cache_.drops();
  const Day today = Today();  // may look into the store itself: not within the reading below
  struct Found {
    std::optional<Token> token;
    std::optional<Account> account;
    std::vector<Post> posts;
  };
  ASSIGN_OR_RETURN(const Found found, database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    Found read;
    read.token = FindToken(connection, hash, now);
    if (!read.token) return read;
    ASSIGN_OR_RETURN(read.account, FindAccount(connection, read.token->account, now));
    if (read.account->role != Role::kAdmin) read.posts = PostsOn(connection, read.account->id, today);
    return read;
  }));
  if (!found.account || found.account->disabled) return std::optional<Identity>();
  Identity identity;
  ASSIGN_OR_RETURN(identity.caller, CallerOf(*found.account, found.posts, http::Caller::Via::kToken, false, false));
  identity.rights_until = RightsUntil(now);
  identity.caller.scopes = found.token->scopes;
  identity.expires_at = found.token->expires_at;
  std::optional<Instant> used = found.token->last_used_at;
  if (!unattended && (!used || now.ms - used->ms >= kSeenMs)) {
    (void)database_.Write<void>([&](db::Connection& connection) -> Status {
      TouchToken(connection, found.token->id, now);
      return {};
    });
    used = now;
  }
  // A use that nobody stood behind was not noted: the next one is.
  identity.note_at = used ? Instant{used->ms + kSeenMs} : now;
  cache_.Put(hash, identity, now, mark, drops);
  return std::optional(identity);
}

Result<Account> Access::GetAccount(AccountId id) {
  return database_.Read<Account>(
      [&](db::Connection& connection) { return FindAccount(connection, id, options_.clock()); });
}

Status Access::ChangePassword(AccountId id, std::string_view current, std::string_view fresh,
                              std::string_view session_hash, std::string_view address) {
  ASSIGN_OR_RETURN(const Account account, GetAccount(id));
  RETURN_IF_ERROR(CheckNewPassword(fresh, account.login));
  ASSIGN_OR_RETURN(const Password before, database_.Read<Password>([&](db::Connection& connection) -> Result<Password> {
    return ReadPassword(connection, id);
  }));
  ASSIGN_OR_RETURN(const bool right, TryPassword(account.login, address, current, before.hash, id));
  if (!right) return Error("password_wrong");
  if (SameSecret(current, fresh)) {
    (void)database_.Write<void>([&](db::Connection& connection) -> Status {
      Succeed(connection, account.login, address);
      return {};
    });
    return Error("password_same");
  }
  ASSIGN_OR_RETURN(const std::string hash, passwords_.Hash(fresh));
  Status changed = database_.Write<void>([&](db::Connection& connection) -> Status {
    const int64_t rows = connection.Execute(
        "UPDATE account SET password_hash = ?3, must_change_password = 0, password_until = NULL "
        "WHERE account_id = ?1 AND password_hash = ?2",
        id, before.hash, hash);
    if (rows == 0) return Error("password_wrong");  // it was changed or reset meanwhile
    Succeed(connection, account.login, address);
    access::EndSessions(connection, id, session_hash);
    return By(id).Note(connection, "password.change", ObjectOf(id));
  });
  cache_.Drop(id);
  return changed;
}

Result<Account> Access::ChangeLanguage(AccountId id, std::optional<Language> language) {
  return database_.Write<Account>([&](db::Connection& connection) {
    SetLanguage(connection, id, language);
    return FindAccount(connection, id, options_.clock());
  });
}

Result<FreshToken> Access::AddToken(AccountId owner, const NewToken& token, AccountId by) {
  return database_.Write<FreshToken>([&](db::Connection& connection) -> Result<FreshToken> {
    ASSIGN_OR_RETURN(const Account account, FindAccount(connection, owner, options_.clock()));
    if (account.disabled) return Error("account_disabled");
    ASSIGN_OR_RETURN(FreshToken fresh, access::AddToken(connection, account, token, options_.clock()));
    RETURN_IF_ERROR(By(by).Note(connection, "token.add", db::ObjectOf("token", fresh.token.id), {},
                                {{"of", ObjectOf(owner)}, {"scopes", fresh.token.scopes}}));
    return fresh;
  });
}

Result<std::vector<Token>> Access::ListTokens(AccountId owner) {
  return database_.Read<std::vector<Token>>(
      [&](db::Connection& connection) -> Result<std::vector<Token>> { return access::ListTokens(connection, owner); });
}

Result<std::vector<Post>> Access::ListPosts(AccountId id) {
  return database_.Read<std::vector<Post>>([&](db::Connection& connection) -> Result<std::vector<Post>> {
    RETURN_IF_ERROR(FindAccount(connection, id, options_.clock()));
    return access::ListPosts(connection, id);
  });
}

Result<Post> Access::AddPost(const Post& post, AccountId by) {
  RETURN_IF_ERROR(options_.places.check(post.place));
  Result<Post> added = database_.Write<Post>([&](db::Connection& connection) -> Result<Post> {
    ASSIGN_OR_RETURN(Post made, access::AddPost(connection, *options_.catalog, post, options_.clock()));
    RETURN_IF_ERROR(By(by).Note(connection, "post.add", ObjectOf(post.account), post.place.dealer,
                                {{"post", std::to_string(made.id)}, {"role", made.role}}));
    return made;
  });
  cache_.Clear();  // others may stand in for the account
  return added;
}

Status Access::EndPost(AccountId id, int64_t post, Day until, AccountId by) {
  Status ended = database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(access::EndPost(connection, id, post, until));
    return By(by).Note(connection, "post.end", ObjectOf(id), {},
                       {{"post", std::to_string(post)}, {"until", FormatDay(until)}});
  });
  cache_.Clear();
  return ended;
}

Result<std::vector<StandIn>> Access::ListStandIns(AccountId id) {
  return database_.Read<std::vector<StandIn>>([&](db::Connection& connection) -> Result<std::vector<StandIn>> {
    RETURN_IF_ERROR(FindAccount(connection, id, options_.clock()));
    return access::ListStandIns(connection, id);
  });
}

Result<StandIn> Access::AddStandIn(const StandIn& stand_in, AccountId by) {
  Result<StandIn> added = database_.Write<StandIn>([&](db::Connection& connection) -> Result<StandIn> {
    ASSIGN_OR_RETURN(const StandIn made, access::AddStandIn(connection, stand_in, options_.clock()));
    RETURN_IF_ERROR(By(by).Note(connection, "stand_in.add", ObjectOf(made.account), {},
                                {{"for", ObjectOf(made.stands_in_for)}, {"until", FormatDay(made.until)}}));
    return made;
  });
  cache_.Clear();
  return added;
}

Status Access::RemoveStandIn(AccountId id, int64_t stand_in, AccountId by) {
  Status removed = database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(access::RemoveStandIn(connection, id, stand_in));
    return By(by).Note(connection, "stand_in.remove", ObjectOf(id));
  });
  cache_.Clear();
  return removed;
}

Status Access::RevokeToken(int64_t id, AccountId owner, AccountId by) {
  Status revoked = database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(access::RevokeToken(connection, id, owner, options_.clock()));
    return By(by).Note(connection, "token.revoke", db::ObjectOf("token", id));
  });
  cache_.Clear();
  return revoked;
}

Result<std::vector<Account>> Access::ListAccounts() {
  return database_.Read<std::vector<Account>>([&](db::Connection& connection) -> Result<std::vector<Account>> {
    return access::ListAccounts(connection, options_.clock());
  });
}

Result<Account> Access::FindLogin(std::string_view typed) {
  ASSIGN_OR_RETURN(const std::string login, NormalizeLogin(typed));
  return database_.Read<Account>([&](db::Connection& connection) -> Result<Account> {
    auto found = access::FindLogin(connection, login, options_.clock());
    if (!found) return Error("login_unknown").With("login", login);
    return *std::move(found);
  });
}

Result<OneTime> Access::AddAccount(std::string_view login, std::string_view name, Role role, AccountId by) {
  NewAccount account;
  ASSIGN_OR_RETURN(account.login, NormalizeLogin(login));
  ASSIGN_OR_RETURN(account.name, CheckName(name));
  account.role = role;
  const std::string password = NewOneTimePassword();
  ASSIGN_OR_RETURN(std::string hash, passwords_.Hash(password));
  const Instant now = options_.clock();
  account.password = {std::move(hash), true, Instant{now.ms + kOneTimeMs}};
  ASSIGN_OR_RETURN(Account added, database_.Write<Account>([&](db::Connection& connection) -> Result<Account> {
    ASSIGN_OR_RETURN(Account made, access::AddAccount(connection, account, now));
    RETURN_IF_ERROR(NoteAdded(connection, By(by), made));
    return made;
  }));
  return OneTime{std::move(added), password};
}

Result<Account> Access::ChangeAccount(AccountId id, std::optional<int64_t> version, AccountChange change,
                                      AccountId by) {
  if (change.name) {
    ASSIGN_OR_RETURN(change.name, CheckName(*change.name));
  }
  auto changed = database_.Write<Account>([&](db::Connection& connection) -> Result<Account> {
    ASSIGN_OR_RETURN(Account after, access::ChangeAccount(connection, id, version, change, options_.clock()));
    std::vector<std::pair<std::string, db::Deed::Detail>> details;
    if (change.name) details.emplace_back("name", true);  // that it changed, not what it is
    if (change.role) details.emplace_back("role", std::string(RoleName(*change.role)));
    if (change.disabled) details.emplace_back("disabled", *change.disabled);
    RETURN_IF_ERROR(By(by).Note(connection, "account.change", ObjectOf(id), {}, std::move(details)));
    return after;
  });
  cache_.Drop(id);
  return changed;
}

Result<OneTime> Access::ResetPassword(AccountId id, AccountId by) {
  const std::string password = NewOneTimePassword();
  ASSIGN_OR_RETURN(const std::string hash, passwords_.Hash(password));
  auto reset = database_.Write<OneTime>([&](db::Connection& connection) -> Result<OneTime> {
    const Instant now = options_.clock();
    SetPassword(connection, id, {hash, true, Instant{now.ms + kOneTimeMs}});
    access::EndSessions(connection, id);
    ASSIGN_OR_RETURN(Account account, FindAccount(connection, id, now));
    Forgive(connection, account.login);
    RETURN_IF_ERROR(By(by).Note(connection, "password.reset", ObjectOf(id)));
    return OneTime{std::move(account), password};
  });
  cache_.Drop(id);
  return reset;
}

Result<std::vector<Session>> Access::ListSessions(AccountId id) {
  return database_.Read<std::vector<Session>>([&](db::Connection& connection) -> Result<std::vector<Session>> {
    return access::ListSessions(connection, id, options_.clock());
  });
}

Result<int64_t> Access::EndSessions(AccountId id, AccountId by) {
  auto ended = database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    const int64_t count = access::EndSessions(connection, id);
    RETURN_IF_ERROR(By(by).Note(connection, "session.kill", ObjectOf(id), {}, {{"count", count}}));
    return count;
  });
  cache_.Drop(id);
  return ended;
}

Result<std::optional<OneTime>> Access::EnsureAdministrator(const std::optional<std::string>& password) {
  // The account to make (none yet) or to give another password, or nothing to do.
  struct Place {
    bool none = false;
    AccountId waiting;
  };
  const auto look = [&](db::Connection& connection) -> Result<Place> {
    const std::vector<Account> accounts = access::ListAccounts(connection, options_.clock());
    if (accounts.empty()) return Place{.none = true};
    const Account& only = accounts.front();
    const bool waits = accounts.size() == 1 && only.login == kFirstLogin && only.role == Role::kAdmin &&
                       !only.disabled && !only.signed_in_at;
    return Place{.waiting = waits ? only.id : AccountId()};
  };
  ASSIGN_OR_RETURN(const Place place, database_.Read<Place>(look));
  if (!place.none && !place.waiting.set()) return std::optional<OneTime>();

  if (password) RETURN_IF_ERROR(CheckNewPassword(*password, kFirstLogin));
  const std::string secret = password ? *password : NewOneTimePassword();
  Password stored;
  ASSIGN_OR_RETURN(stored.hash, passwords_.Hash(secret));
  const Instant now = options_.clock();
  if (!password) stored = {stored.hash, true, Instant{now.ms + kOneTimeMs}};
  const auto made = database_.Write<Account>([&](db::Connection& connection) -> Result<Account> {
    ASSIGN_OR_RETURN(const Place still, look(connection));
    if (still.none) {
      ASSIGN_OR_RETURN(Account added,
                       access::AddAccount(connection, {std::string(kFirstLogin), "", Role::kAdmin, stored}, now));
      RETURN_IF_ERROR(NoteAdded(connection, By({}), added));
      return added;
    }
    if (!still.waiting.set()) return Error("login_taken").With("login", kFirstLogin);
    SetPassword(connection, still.waiting, stored);
    RETURN_IF_ERROR(By({}).Note(connection, "password.reset", ObjectOf(still.waiting)));
    return FindAccount(connection, still.waiting, now);
  });
  if (!made.ok()) {
    if (made.error().code == "login_taken") return std::optional<OneTime>();  // another server was faster
    return made.error();
  }
  if (password) return std::optional<OneTime>();
  return std::optional(OneTime{*made, secret});
}

Status Access::Prune(Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("DELETE FROM session WHERE expires_at <= ?1 OR seen_at <= ?2", now.ms, now.ms - kIdlePhoneMs);
    connection.Execute("DELETE FROM session WHERE phone = 0 AND seen_at <= ?1", now.ms - kIdleDeskMs);
    connection.Execute("DELETE FROM sign_in_failure WHERE failed_at <= ?1 AND blocked_until <= ?2",
                       now.ms - ForgetMs(Guessed::kLogin), now.ms);
    connection.Execute("DELETE FROM sign_in_failure WHERE kind = 'address' AND failed_at <= ?1 AND blocked_until <= ?2",
                       now.ms - ForgetMs(Guessed::kAddress), now.ms);
    connection.Execute("DELETE FROM pending_sign_in WHERE expires_at <= ?1", now.ms);
    connection.Execute("DELETE FROM provider_answer WHERE expires_at <= ?1", now.ms);
    connection.Execute("DELETE FROM second_factor WHERE confirmed_at IS NULL AND created_at <= ?1", now.ms - kSetUpMs);
    connection.Execute("DELETE FROM api_token WHERE revoked_at <= ?1 OR expires_at <= ?1", now.ms - kTokensKeptMs);
    Idempotency::Prune(connection, now);
    return {};
  });
}

}  // namespace dealpace::access
