#pragma once

#include <boost/json.hpp>
#include <string>

#include "base/result.h"

namespace dealpace::access {

// JSON in the one form that equal values share (RFC 8785): keys sorted by UTF-16 units, no blanks, UTF-8. Numbers are
// whole and within ±2^53, where all programs agree on how they are written; else fails with number_not_integer. Pure.
[[nodiscard]] Result<std::string> CanonicalJson(const boost::json::value& value);

}  // namespace dealpace::access
