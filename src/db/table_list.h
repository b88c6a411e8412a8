#pragma once

#include <string_view>

namespace dealpace::db {

// migrations/tables.txt in the binary.
[[nodiscard]] std::string_view TableList();

}  // namespace dealpace::db
