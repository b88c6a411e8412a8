#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

// The words by which people head their columns.
namespace dealpace::exchange {

using Words = std::vector<std::pair<std::string_view, std::vector<std::string_view>>>;

// Headers by which fields go, besides their own names, in their order of preference.
[[nodiscard]] const Words& FieldHeaders();
// Date headers by which events go, besides "<event name> date".
[[nodiscard]] const Words& EventHeaders();

// A header as it is compared: blanks, case, "_", "-", ".", ":" and "*" aside.
[[nodiscard]] std::string NormalHeader(std::string_view header);
// A normal header without the word for "date" at its end; empty when it has none.
[[nodiscard]] std::string DateStem(const std::string& normal_header);
// The event that goes by this name in headers or in the catalogue; empty when none does.
[[nodiscard]] std::string EventNamed(const std::string& normal_name, const catalog::Catalog& catalog);

}  // namespace dealpace::exchange
