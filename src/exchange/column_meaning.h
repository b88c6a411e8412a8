#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "catalog/catalog.h"
#include "exchange/mapping.h"

// A mapping as people see it: each column of the file means one thing.
namespace dealpace::exchange {

enum class Role {
  kNone,
  kField,      // a field of the entry: `field`; of the one event `event`, where that is given
  kEventAt,    // the date of `event`
  kEventFlag,  // `event` happened where the cell says yes, on the day in the column `at`
  kAmount,     // of `event`; without one, of every event of the file that has money (a long file: of its row)
  kCount,      // likewise the quantity
  kEvent,      // names the event of a long file
  kAt,         // the date of a long file
  kValue,      // of a reading
  kMeasure,    // of a reading
};
[[nodiscard]] std::string_view RoleName(Role role);  // "none", "field", "event_at" …
[[nodiscard]] std::optional<Role> ParseRole(std::string_view name);

struct Meaning {
  Role role = Role::kNone;
  std::string field;
  std::string event;
  std::string at;       // column
  Decimal scale{1, 0};  // of amounts and values
  bool key = false;     // besides, the column is part of what makes a row the same row next time

  bool operator==(const Meaning& other) const;
};
using Meanings = std::map<std::string, Meaning>;  // by column; one that is not there means nothing

// Cells that say yes in a flag column.
[[nodiscard]] const std::vector<std::string>& YesWords();

// What a mapping makes of each column, as far as meanings can say it.
struct MappingMeanings {
  Meanings meanings;
  bool whole = true;  // false: the mapping says more, such as conditions, constants of a rule, products of columns
};
[[nodiscard]] MappingMeanings MeaningsOf(const Mapping& mapping, const catalog::Catalog& catalog);

// The mapping of these meanings; rules in the order of the headers. MeaningsOf gives them back, apart from what has no
// effect: the amount of an event that no column dates.
[[nodiscard]] Mapping MappingOf(std::string_view kind, const Meanings& meanings,
                                const std::vector<std::string>& headers, const catalog::Catalog& catalog);

// A mapping in which these columns mean something else now. What meanings cannot say stays, unless it was about one of
// the columns; so do constants, translations, formats of dates and the rest. Fails with meaning_bad ("column", "what")
// for a field, event, column, role or scale that there is not.
[[nodiscard]] Result<Mapping> Reinterpret(const Mapping& mapping, const Meanings& changes,
                                          const std::vector<std::string>& headers, const catalog::Catalog& catalog);

// How sure a guess is.
enum class Sure { kRemembered, kRecognised, kConfirm, kUnused };
[[nodiscard]] std::string_view SureName(Sure sure);

struct ColumnGuess {
  Meaning meaning;
  Sure sure = Sure::kUnused;
  std::optional<Bilingual> why;  // what to confirm
};
// What the columns most likely mean: what GuessMapping recognises, and beyond it what a person should confirm: headers
// that only resemble a known one, units in a header (万), columns of yes and no, dates whose event is not named.
// `samples`: some cells of each column, in the order of the headers. In the order of the headers.
[[nodiscard]] std::vector<ColumnGuess> GuessMeanings(std::string_view kind, const std::vector<std::string>& headers,
                                                     const std::vector<std::vector<std::string>>& samples,
                                                     const catalog::Catalog& catalog);
[[nodiscard]] Mapping MappingOfGuess(std::string_view kind, const std::vector<ColumnGuess>& guesses,
                                     const std::vector<std::string>& headers, const catalog::Catalog& catalog);

// The same mapping for a file whose headers are written a little differently. What names a column that the file has not
// is left out.
[[nodiscard]] Mapping Rebind(const Mapping& mapping, const std::vector<std::string>& headers);
// Stands for a set of headers, whatever their order: the same for headers that differ in case and blanks only.
[[nodiscard]] std::string HeaderFingerprint(const std::vector<std::string>& headers);
// What the mapping lacks before it records something: "event", "at", "measure", "value".
[[nodiscard]] std::vector<std::string> MissingOf(const Mapping& mapping);

}  // namespace dealpace::exchange
