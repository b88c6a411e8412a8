#include "access/access.h"
#include "access/tokens.h"
#include "base/text.h"

// The part of Access that has to do with signing in by an OpenID provider.
namespace dealpace::access {
namespace {

std::string ObjectOf(AccountId account) { return db::ObjectOf("account", account.value); }

// The account whose login is what one of the claims says, in the order of the claims; nothing when there is none.
std::optional<Account> FindByClaims(db::Connection& connection, const IdToken& token,
                                    const std::vector<std::string>& claims, Instant now) {
  for (const std::string& claim : claims) {
    const std::optional<std::string>& said = claim == "email" ? token.email : token.preferred_username;
    if (!said) continue;
    const auto login = NormalizeLogin(*said);
    // Identities that are two at the provider must not become one here: of what NormalizeLogin makes alike ("ß" and
    // "ss", full-width letters, marks that are not seen) only the case of plain letters is.
    if (!login.ok() || *login != ToLower(Trim(*said))) continue;
    if (auto account = FindLogin(connection, *login, now)) return account;
  }
  return std::nullopt;
}

}  // namespace

Status Access::TakeProviderAnswer(std::string_view state, Instant until, std::string_view address) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(CountAttemptFrom(connection, address, options_.clock()));
    return TakeAnswer(connection, state, until);
  });
}

void Access::TakeBackProviderAnswer(std::string_view address) {
  (void)database_.Write<void>([&](db::Connection& connection) -> Status {
    TakeBackAttemptFrom(connection, address);
    return {};
  });
}

Result<SignInStep> Access::SignInBy(const IdToken& token, const Device& device) {
  const std::vector<std::string>& claims = options_.provider->settings().link;
  std::optional<AccountId> id;
  auto step = database_.Write<SignInStep>([&](db::Connection& connection) -> Result<SignInStep> {
    const Instant now = options_.clock();
    id = FindBinding(connection, token.issuer, token.subject);
    if (!id) {
      const auto found = FindByClaims(connection, token, claims, now);
      if (!found) return Error("provider_no_account");
      if (IsBound(connection, found->id, token.issuer)) return Error("provider_bound_otherwise");
      id = found->id;
    }
    // Holds the account's row.
    connection.Execute("UPDATE account SET version = version WHERE account_id = ?1", *id);
    ASSIGN_OR_RETURN(const Account account, FindAccount(connection, *id, now));
    if (account.disabled) return Error("account_disabled");
    // Whether somebody guesses at the password of the login is no matter here, in either direction.
    TakeBackAttemptFrom(connection, device.address);
    const Identified identity{token.issuer, token.subject, token.authenticated_at};
    if (account.second_factor) return SignInStep(StartPending(connection, *id, device.phone, now, identity));
    ASSIGN_OR_RETURN(SignedIn signed_in, Enter(connection, *id, device, now, {}, identity));
    return SignInStep(std::move(signed_in));
  });
  if (id) cache_.Drop(*id);
  return step;
}

Status Access::BindAndUse(db::Connection& connection, AccountId id, const Identified& identity, Instant now) {
  const auto bound = FindBinding(connection, identity.issuer, identity.subject);
  if (bound && *bound != id) return Error("provider_bound_otherwise");
  if (bound) {
    TouchBinding(connection, identity.issuer, identity.subject, now);
    return {};
  }
  RETURN_IF_ERROR(Bind(connection, id, identity.issuer, identity.subject, now));
  // A one-time password that nobody has changed is no way in any more.
  connection.Execute(
      "UPDATE account SET password_hash = '', must_change_password = 0, password_until = NULL WHERE account_id = ?1 "
      "AND must_change_password = 1",
      id);
  // Who has come in by the password before need not be the one whom the provider names.
  access::EndSessions(connection, id);
  return By(id).Note(connection, "provider.bind", ObjectOf(id));
}

Status Access::Unbind(AccountId id, AccountId by) {
  Status done = database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(FindAccount(connection, id, options_.clock()));
    if (!access::Unbind(connection, id)) return Error("provider_not_bound");
    // Whoever came in by it may have made tokens.
    access::EndSessions(connection, id);
    access::RevokeTokens(connection, id, options_.clock());
    return By(by).Note(connection, "provider.unbind", ObjectOf(id));
  });
  cache_.Drop(id);
  return done;
}

Result<std::optional<Access::Waiting>> Access::WhoWaits(std::string_view token) {
  using Found = std::optional<Waiting>;
  return database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    const Instant now = options_.clock();
    const auto pending = FindPending(connection, token, now);
    if (!pending) return Found();
    ASSIGN_OR_RETURN(const Account account, FindAccount(connection, pending->account, now));
    return Found(Waiting{account.login, pending->expires_at});
  });
}

}  // namespace dealpace::access
