#pragma once

#include <string>
#include <string_view>

// Random secrets and what is kept of them. Thread-safe.
namespace dealpace::access {

// Must have run before libsodium is used. Throws when there is no source of random numbers.
void StartSodium();

// 256 random bits as 43 characters of base64url, without padding.
[[nodiscard]] std::string NewSecret();

// Groups of four characters ("k7mw-2xpd-9fra-tq4h") that nobody mistakes for one another: no i, l, o, 0, 1. Four groups
// have 79 bits, three 59.
[[nodiscard]] std::string NewOneTimePassword(int groups = 4);

// BLAKE2b, 256 bits, as 64 hexadecimal digits: what is stored of a secret that is random by itself, and of texts that
// must not be readable in the database. Not for passwords.
[[nodiscard]] std::string HashSecret(std::string_view secret);

// Compares without telling by its duration where the texts differ; only their lengths may show.
[[nodiscard]] bool SameSecret(std::string_view a, std::string_view b);

}  // namespace dealpace::access
