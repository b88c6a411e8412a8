#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// Reads what stands in the request line after the method. Pure, and strict: what is not well-formed is refused, since
// a lenient reading is one that two programs can disagree about.
namespace dealpace::http {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

struct Target {
  std::string path;  // decoded; begins with "/"; "*" for the whole server (OPTIONS)
  std::string raw;   // path and query as they came, without scheme and host
  QueryPairs query;
};

// "/a/b?x=1", "http://host/a?x=1" or "*". Fails with target_malformed: broken percent encoding, a path or query that is
// not UTF-8 or has control characters (in a query, line breaks and tabs may stand in a value), a part "." or "..", an
// encoded slash or a backslash in the path, a fragment, bytes that must be encoded.
[[nodiscard]] Result<Target> ParseTarget(std::string_view text);

// Every "%XX" decoded, and "+" as a blank where `plus_is_blank`. Nothing when a percent sign is not followed by two
// hexadecimal digits.
[[nodiscard]] std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank = false);
// Everything but letters, digits and "-._~" as "%XX".
[[nodiscard]] std::string PercentEncode(std::string_view text);

// "a=1&b=&c": names and values decoded, in order; empty parts are left out. Fails with target_malformed.
[[nodiscard]] Result<QueryPairs> ParseQuery(std::string_view text);

// The value of a cookie in a Cookie header, without quotation marks around it; nothing when it is not there.
[[nodiscard]] std::optional<std::string_view> FindCookie(std::string_view header, std::string_view name);

}  // namespace dealpace::http
