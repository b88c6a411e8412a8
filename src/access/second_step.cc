#include "access/access.h"
#include "access/totp.h"

// The part of Access that has to do with second factors.
namespace dealpace::access {
namespace {

constexpr std::string_view kIssuer = "Dealpace";

std::string ObjectOf(AccountId account) { return db::ObjectOf("account", account.value); }

}  // namespace

bool Access::IsDemandedOf(const http::Caller& caller) {
  return caller.admin || caller.May("export") || caller.May("hand_over");
}

Result<const Vault*> Access::SealedWith() const {
  if (options_.vault == nullptr) return Error("key_file_missing").With("file", "");
  return options_.vault;
}

Status Access::CheckOwnPassword(const Account& account, std::string_view password, std::string_view address) {
  ASSIGN_OR_RETURN(const Password stored, database_.Read<Password>([&](db::Connection& connection) -> Result<Password> {
    return ReadPassword(connection, account.id);
  }));
  ASSIGN_OR_RETURN(const bool right, TryPassword(account.login, address, password, stored.hash, account.id));
  if (!right) return Error("password_wrong");
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    TakeBackAttempt(connection, account.login, address);
    return {};
  });
}

Status Access::CheckOwner(const Account& account, std::string_view password, std::string_view address,
                          std::string_view session_hash) {
  if (!password.empty() || session_hash.empty()) return CheckOwnPassword(account, password, address);
  using Found = std::optional<Session>;
  const Instant now = options_.clock();
  ASSIGN_OR_RETURN(const Found session, database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    return FindSession(connection, session_hash, now);
  }));
  if (!session || session->account != account.id || !session->by_provider) {
    return CheckOwnPassword(account, password, address);
  }
  const auto asked = session->authenticated_at;
  if (!asked || now.ms - asked->ms >= kFreshMs) return Error("provider_sign_in_old");
  return {};
}

Guessed Access::CountedIn(std::string_view session_hash) {
  using Found = std::optional<Session>;
  const auto session = database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    return FindSession(connection, session_hash, options_.clock());
  });
  return session.ok() && *session && (*session)->by_provider ? Guessed::kCode : Guessed::kLogin;
}

template <typename T>
Result<T> Access::WithCode(const Account& account, std::string_view code, std::string_view address, Guessed as,
                           const Then<T>& then) {
  ASSIGN_OR_RETURN(const Vault* vault, SealedWith());
  // A wrong code is an outcome, not a failure of the transaction: that it was tried must stay.
  ASSIGN_OR_RETURN(std::optional<T> done,
                   database_.Write<std::optional<T>>([&](db::Connection& connection) -> Result<std::optional<T>> {
                     const Instant now = options_.clock();
                     ASSIGN_OR_RETURN(const int64_t failures,
                                      CountAttempt(connection, account.login, address, now, as));
                     ASSIGN_OR_RETURN(const CodeKind kind, TakeCode(connection, *vault, account.id, code, now));
                     if (kind == CodeKind::kNone) {
                       if (IsLocked(failures)) {
                         RETURN_IF_ERROR(By({}).Note(connection, "session.lock", ObjectOf(account.id)));
                       }
                       return std::optional<T>();
                     }
                     Succeed(connection, account.login, address, as);
                     ASSIGN_OR_RETURN(T made, then(connection, kind, now));
                     return std::optional<T>(std::move(made));
                   }));
  if (!done) return Error("second_factor_wrong");
  return *std::move(done);
}

Result<SignedIn> Access::FinishSignIn(std::string_view token, std::string_view code, Device device) {
  Guessed as = Guessed::kLogin;
  ASSIGN_OR_RETURN(const Account account, database_.Read<Account>([&](db::Connection& connection) -> Result<Account> {
    const Instant now = options_.clock();
    const auto pending = FindPending(connection, token, now);
    if (!pending) return Error("sign_in_begin_again");
    as = pending->by ? Guessed::kCode : Guessed::kLogin;
    return FindAccount(connection, pending->account, now);
  }));
  auto entered = WithCode<SignedIn>(account, code, device.address, as,
                                    [&](db::Connection& connection, CodeKind kind, Instant now) -> Result<SignedIn> {
                                      const auto still = FindPending(connection, token, now);
                                      if (!still) return Error("sign_in_begin_again");
                                      EndPending(connection, token);
                                      device.phone = still->phone;
                                      return Enter(connection, account.id, device, now,
                                                   kind == CodeKind::kRecovery ? "recovery" : "app", still->by);
                                    });
  cache_.Drop(account.id);
  return entered;
}

Result<SecondFactorState> Access::GetSecondFactor(AccountId id) {
  return database_.Read<SecondFactorState>(
      [&](db::Connection& connection) -> Result<SecondFactorState> { return ReadSecondFactor(connection, id); });
}

Result<SecondFactorSetUp> Access::BeginSecondFactor(AccountId id, std::string_view password, std::string_view address,
                                                    std::string_view session_hash) {
  ASSIGN_OR_RETURN(const Vault* vault, SealedWith());
  ASSIGN_OR_RETURN(const Account account, GetAccount(id));
  RETURN_IF_ERROR(CheckOwner(account, password, address, session_hash));
  ASSIGN_OR_RETURN(const std::string secret, database_.Write<std::string>([&](db::Connection& connection) {
    return access::BeginSecondFactor(connection, *vault, id, options_.clock());
  }));
  return SecondFactorSetUp{Base32(secret), TotpUri(kIssuer, account.login, secret)};
}

Result<std::vector<std::string>> Access::ConfirmSecondFactor(AccountId id, std::string_view code,
                                                             std::string_view session_hash) {
  using Codes = std::vector<std::string>;
  ASSIGN_OR_RETURN(const Vault* vault, SealedWith());
  auto confirmed = database_.Write<Codes>([&](db::Connection& connection) -> Result<Codes> {
    RETURN_IF_ERROR(access::ConfirmSecondFactor(connection, *vault, id, code, options_.clock()));
    Codes codes = access::RenewRecoveryCodes(connection, *vault, id);
    access::EndSessions(connection, id, session_hash);
    RETURN_IF_ERROR(By(id).Note(connection, "second_factor.on", ObjectOf(id)));
    return codes;
  });
  cache_.Drop(id);
  return confirmed;
}

Result<std::vector<std::string>> Access::RenewRecoveryCodes(AccountId id, std::string_view password,
                                                            std::string_view code, std::string_view address,
                                                            std::string_view session_hash) {
  using Codes = std::vector<std::string>;
  ASSIGN_OR_RETURN(const Account account, GetAccount(id));
  if (!account.second_factor) return Error("second_factor_off");
  RETURN_IF_ERROR(CheckOwner(account, password, address, session_hash));
  const Guessed as = CountedIn(session_hash);
  return WithCode<Codes>(account, code, address, as,
                         [&](db::Connection& connection, CodeKind, Instant) -> Result<Codes> {
                           Codes codes = access::RenewRecoveryCodes(connection, *options_.vault, id);
                           RETURN_IF_ERROR(By(id).Note(connection, "second_factor.codes", ObjectOf(id)));
                           return codes;
                         });
}

Status Access::TurnOffSecondFactor(AccountId id, std::string_view password, std::string_view code,
                                   std::string_view address, std::string_view session_hash) {
  ASSIGN_OR_RETURN(const Account account, GetAccount(id));
  if (!account.second_factor) return Error("second_factor_off");
  RETURN_IF_ERROR(CheckOwner(account, password, address, session_hash));
  const auto off = WithCode<bool>(account, code, address, CountedIn(session_hash),
                                  [&](db::Connection& connection, CodeKind, Instant) -> Result<bool> {
                                    RemoveSecondFactor(connection, id);
                                    RETURN_IF_ERROR(By(id).Note(connection, "second_factor.off", ObjectOf(id)));
                                    return true;
                                  });
  cache_.Drop(id);
  if (!off.ok()) return off.error();
  return {};
}

Status Access::ResetSecondFactor(AccountId id, AccountId by) {
  if (by.set() && by == id) return Error("second_factor_own");
  Status reset = database_.Write<void>([&](db::Connection& connection) -> Status {
    RETURN_IF_ERROR(FindAccount(connection, id, options_.clock()));
    if (!RemoveSecondFactor(connection, id)) return Error("second_factor_off");
    access::EndSessions(connection, id);
    return By(by).Note(connection, "second_factor.reset", ObjectOf(id));
  });
  cache_.Drop(id);
  return reset;
}

Result<SignInPolicy> Access::GetPolicy() {
  return database_.Read<SignInPolicy>(
      [](db::Connection& connection) -> Result<SignInPolicy> { return ReadPolicy(connection); });
}

Result<SignInPolicy> Access::ChangePolicy(bool second_factor, std::optional<int64_t> version, AccountId by) {
  auto changed = database_.Write<SignInPolicy>([&](db::Connection& connection) -> Result<SignInPolicy> {
    ASSIGN_OR_RETURN(const SignInPolicy policy, SetPolicy(connection, second_factor, version));
    RETURN_IF_ERROR(
        By(by).Note(connection, "sign_in_policy.change", "sign_in_policy", {}, {{"second_factor", second_factor}}));
    return policy;
  });
  cache_.Clear();
  return changed;
}

}  // namespace dealpace::access
