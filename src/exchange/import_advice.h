#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace dealpace::exchange {

// A mend of a refused row that may be right.
struct Mend {
  enum class Kind {
    kTranslate,  // another text for the cell, to be put among the translations of the field
    kCreate,     // the member is to be made
    kScale,      // the column is not to be multiplied: `to` is its scale
    kDate,       // another date for the cell, likewise among the translations
  };
  Kind kind{};
  std::string field;
  std::string from;
  std::string to;
};
[[nodiscard]] std::string_view MendName(Mend::Kind kind);  // "translate" …

// What may mend a row that was refused for this; nothing where only a person can tell: the closest name, a name to be
// made, the month's last day for a day that it has not, the year before for a date in the future, ten thousands for an
// amount in yuan (`mostly`: most rows of the file were refused for that, so that the column's scale is wrong). Pure.
[[nodiscard]] std::optional<Mend> SuggestMend(const Error& refusal, bool mostly = false);

}  // namespace dealpace::exchange
