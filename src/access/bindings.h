#pragma once

#include <optional>
#include <string_view>

#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

// Which identity at an OpenID provider is which account, and which answers of the provider have come. Inside the
// caller's transaction.
namespace dealpace::access {

// Whose account it is; nothing while the identity is bound to none.
[[nodiscard]] std::optional<AccountId> FindBinding(db::Connection& connection, std::string_view issuer,
                                                   std::string_view subject);
[[nodiscard]] bool IsBound(db::Connection& connection, AccountId account, std::string_view issuer);
// Fails with provider_bound_otherwise: the account has another identity there, or the identity another account.
[[nodiscard]] Status Bind(db::Connection& connection, AccountId account, std::string_view issuer,
                          std::string_view subject, Instant now);
void TouchBinding(db::Connection& connection, std::string_view issuer, std::string_view subject, Instant now);
// At all providers. False when there was none.
bool Unbind(db::Connection& connection, AccountId account);

// Notes that the answer with this state has come. Fails with provider_begin_again where it had come before. Forgotten
// after `until`, when the state is good no more anyway.
[[nodiscard]] Status TakeAnswer(db::Connection& connection, std::string_view state, Instant until);

}  // namespace dealpace::access
