#pragma once

#include <string_view>

#include "base/days.h"
#include "base/result.h"
#include "db/db.h"

// Slows down who guesses passwords (methods.md M36). Failures are counted per login, whether or not there is such an
// account, and per address. A blocked attempt is answered at once with the seconds to wait; nothing ever sleeps, and no
// block is for good.
namespace dealpace::access {

// kCode: codes of who has come by a provider. They are counted apart, so that whoever guesses at the password of a
// login locks out nobody who needs none.
enum class Guessed { kLogin, kCode, kAddress };

// How long the next attempt must wait after so many failures in a row.
//
//   login, code  3 → 1 s, 4 → 2 s … doubling up to 9 → 64 s; from 10 on it is locked for 15 minutes
//   address      10 → 1 s … doubling up to five minutes: a whole showroom may share one
[[nodiscard]] int64_t DelayMs(Guessed kind, int64_t failures);
// After so long without another failure the count starts anew.
[[nodiscard]] int64_t ForgetMs(Guessed kind);

// Counts the attempt as failed before it is looked at, so that many at once get no more tries than one after the
// other; Succeed takes it back. Fails with sign_in_locked (the login has failed ten times) or sign_in_delayed, both
// with "retry_after" in seconds, and counts nothing then. `address` may be empty: from the command line. Returns how
// many attempts at the login have failed in a row, if this one does.
[[nodiscard]] Result<int64_t> CountAttempt(db::Connection& connection, std::string_view login, std::string_view address,
                                           Instant now, Guessed as = Guessed::kLogin);
// The same of an address alone, where nobody has said yet who he is; and taking it back.
[[nodiscard]] Status CountAttemptFrom(db::Connection& connection, std::string_view address, Instant now);
void TakeBackAttemptFrom(db::Connection& connection, std::string_view address);
// Whether a login is locked that has failed so often.
[[nodiscard]] bool IsLocked(int64_t failures);
// The password was right: the login starts anew, and its failures are taken off those of the address. Not all of the
// address's, or whoever has an account could wipe out the traces of guessing at others.
void Succeed(db::Connection& connection, std::string_view login, std::string_view address,
             Guessed as = Guessed::kLogin);
// The attempt could not be looked at: it does not count.
void TakeBackAttempt(db::Connection& connection, std::string_view login, std::string_view address);
// An administrator lets the login try again.
void Forgive(db::Connection& connection, std::string_view login);

}  // namespace dealpace::access
