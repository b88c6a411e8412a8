#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "catalog/catalog.h"

// How the columns of a file become events or readings (design: Import). Written as TOML, or guessed from headers.
namespace dealpace::exchange {

// One kind of event that a wide row records.
struct EventRule {
  std::string name;                 // event id; for readings, the measure
  std::string at;                   // column with its date; for readings also a text with {columns} in it
  std::vector<std::string> amount;  // columns that are multiplied
  std::vector<std::string> count;   // likewise, for the quantity
  std::optional<Decimal> scale;     // multiplies the amount instead of the mapping's
  std::map<std::string, std::vector<std::string>> when;  // column → values, one of which it must have
  std::map<std::string, std::string> columns;            // field → column, before those of the mapping
  std::map<std::string, std::string> constants;          // field → value, before those of the mapping
};

struct Mapping {
  std::string kind = "events";  // events | readings
  std::string time_zone;        // of the file's times; empty: each dealer's own
  std::vector<std::string> date_formats;
  std::vector<std::string> missing;  // cells that mean "no value", besides empty ones
  std::vector<std::string> key;      // columns; empty: the whole row
  std::string sheet;
  bool header = true;
  Decimal scale{1, 0};                           // multiplies amounts and reading values
  std::map<std::string, std::string> columns;    // field → column
  std::map<std::string, std::string> constants;  // field → value
  // Field → cell → meaning: of whatever fills the field, also the dates ("at"), amounts and counts of rules.
  std::map<std::string, std::map<std::string, std::string>> values;
  std::vector<EventRule> rules;  // empty for a long file

  // Every column that the mapping names.
  [[nodiscard]] std::vector<std::string> Columns() const;
};

// Reads a mapping. Fails with mapping_syntax ("line"), mapping_unknown_key, mapping_bad_value, mapping_unknown_event,
// mapping_unknown_field, mapping_incomplete ("what"), each naming the line and, for a likely slip, a suggestion.
enum class MappingMay { kBeRun, kBeIncomplete };  // kBeIncomplete: a draft that does not record anything yet
[[nodiscard]] Result<Mapping> ParseMapping(std::string_view toml, const catalog::Catalog& catalog,
                                           MappingMay may = MappingMay::kBeRun);

// The mapping as TOML that ParseMapping reads back.
[[nodiscard]] std::string FormatMapping(const Mapping& mapping);

// A decimal number as TOML has it: an integer where it is one of 64 bits, else a float, exactly.
[[nodiscard]] std::string FormatDecimal(const Decimal& number);

// What the headers, Chinese or English, most likely mean. Without any event it has no rules and no event column:
// `Usable` says so.
[[nodiscard]] Mapping GuessMapping(std::string_view kind, const std::vector<std::string>& headers,
                                   const catalog::Catalog& catalog);
[[nodiscard]] bool Usable(const Mapping& mapping);

// The fields that a kind has.
[[nodiscard]] std::vector<std::string> FieldsOf(std::string_view kind);

}  // namespace dealpace::exchange
