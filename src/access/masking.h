#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

// What of a person's data is shown to who may not see all of it. Pure.
namespace dealpace::access {

// Why somebody looks at data whole: chosen, not typed, since it stays in the audit log.
inline constexpr std::array<std::string_view, 5> kRevealReasons = {"contact", "contract", "correct", "request",
                                                                   "check"};
// Fails with field_choice.
[[nodiscard]] Status CheckRevealReason(std::string_view reason);

// One star for each character hidden. Texts of fewer than seven characters show nothing of themselves, names apart.

// "13812345678", also with +86 or 0086, blanks and hyphens → "138****5678"; a landline keeps its area code (010 and 02x
// three digits, others four) and the last two: "021-******78"; any other number the last two.
[[nodiscard]] std::string MaskPhone(std::string_view phone);
// 15 or 18 characters: the first six and the last four; of another length nothing.
[[nodiscard]] std::string MaskIdNumber(std::string_view number);
// The first character and always two stars: "张**". Empty stays empty.
[[nodiscard]] std::string MaskName(std::string_view name);
// The last six characters.
[[nodiscard]] std::string MaskVin(std::string_view vin);
// The first two characters, three stars, the last two: "沪A***12".
[[nodiscard]] std::string MaskPlate(std::string_view plate);
// Addresses, and whatever has no rule of its own: stars only.
[[nodiscard]] std::string MaskAll(std::string_view text);

// A phone number in the form by which it is compared and found, E.164: "+8613812345678" of a mobile or landline number
// written in any of the usual ways, "+…" of a foreign one. Empty when it is none: letters, fewer than seven digits or
// more than fifteen.
[[nodiscard]] std::string NormalPhone(std::string_view phone);
// Letters and digits only, in upper case: plates and VINs are compared so.
[[nodiscard]] std::string NormalPlate(std::string_view plate);

}  // namespace dealpace::access
