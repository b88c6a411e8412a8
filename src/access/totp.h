#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/days.h"

// Codes that an authenticator app shows, made of a shared secret and the time (RFC 6238 over RFC 4226). Pure; who asks
// brings the time.
namespace dealpace::access {

inline constexpr int64_t kTotpStepMs = 30'000;
inline constexpr int kTotpDigits = 6;
inline constexpr size_t kTotpSecretBytes = 20;  // what RFC 4226 recommends for SHA-1

// Which step of 30 seconds an instant is in, counted from 1970.
[[nodiscard]] int64_t TotpStep(Instant at);

// The code of a step: HMAC-SHA-1 of its number, cut down to `digits` (at most 9) decimal digits, leading zeros
// included.
[[nodiscard]] std::string TotpCode(std::string_view secret, int64_t step, int digits = kTotpDigits);

// The step that `code` belongs to: that of `now`, the one before or the one after, so that a clock may be half a minute
// off and a code may be typed slowly. Only a step after `last`: with the step of the last code taken, no code is good
// twice. Nothing: it is no such code. Takes equally long for any code of six digits.
[[nodiscard]] std::optional<int64_t> MatchTotp(std::string_view secret, std::string_view code, Instant now,
                                               int64_t last = -1);

// RFC 4648, upper case, without padding: how apps take a secret that is typed.
[[nodiscard]] std::string Base32(std::string_view bytes);

// otpauth://totp/Dealpace:ana?secret=…&issuer=Dealpace, for the QR code.
[[nodiscard]] std::string TotpUri(std::string_view issuer, std::string_view login, std::string_view secret);

}  // namespace dealpace::access
