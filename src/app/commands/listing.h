#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/commands/context.h"
#include "base/days.h"
#include "base/json.h"

// How commands print rows and objects.
namespace dealpace::app {

// Rows for people or as CSV. CSV has the titles of the interface's fields.
struct Listing {
  std::vector<std::pair<std::string, std::string>> columns;  // field, title
  std::vector<std::vector<std::string>> rows;

  void Print(const Context& context) const;
};

// "2026-10-07 09:30" where most dealers are; "—" for never.
[[nodiscard]] std::string LocalTime(const std::optional<Instant>& instant);

void PrintJson(const std::function<void(JsonWriter&)>& write);

}  // namespace dealpace::app
