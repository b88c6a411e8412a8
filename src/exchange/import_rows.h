#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/zones.h"
#include "catalog/catalog.h"
#include "exchange/booker.h"
#include "exchange/dates.h"
#include "exchange/import_names.h"
#include "exchange/import_plan.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"

namespace dealpace::exchange {

// What a row says, or why it is refused as a whole.
struct Converted {
  std::vector<Statement> statements;
  std::optional<Error> refusal;
  std::vector<int> notes;  // positions among the notes of the names, each once
};

// Turns the rows of a file into statements by a mapping. Used by one thread.
class RowConverter {
 public:
  // All three outlive the converter.
  RowConverter(const catalog::Catalog& catalog, const Mapping& mapping, Names& names);

  // Finds the mapping's columns among the headers. Fails with unknown_column, unknown_time_zone.
  Status Prepare(std::vector<std::string> headers);
  // From now on rows that are likely slips are refused: dates after tomorrow as seen at that instant
  // (row_future_date), and amounts in yuan where the mapping takes ten thousands (row_amount_doubtful). A cell that the
  // mapping's values translate is believed.
  void Doubt(Instant now) {
    doubt_since_ = now;
    if (plan_) plan_->Doubt(now);
  }

  // The key cells of a row; nothing where the mapping names none.
  [[nodiscard]] std::optional<std::string> KeyOf(const Row& row) const;
  // The same into a text that is used again; false where the mapping names no key.
  [[nodiscard]] bool KeyInto(const Row& row, std::string& key) const;
  // `key`: the key cells, or the whole row and its position among identical ones. A refusal (row_…) names, where it
  // lies in a cell, its "column", "cell" and "field". While the names are wanting, some ids are missing.
  [[nodiscard]] Converted Convert(const Row& row, const std::string& key);
  // The same for an ordinary row, far faster: adds what it states and denies, and its notes (none may be there before).
  // False, and nothing added, for any other row.
  [[nodiscard]] bool ConvertOrdinary(const Row& row, std::string_view key, std::vector<Statement>& statements,
                                     std::vector<Denial>& denials, std::vector<int>& notes) {
    return plan_ && plan_->Convert(row, key, statements, denials, notes);
  }
  // Whether two rows of the same dealer and key speak of the same events, and other rows of none of them: each row
  // speaks of every event of the mapping, at one dealer.
  [[nodiscard]] bool EachRowSpeaksOfAll() const;

  [[nodiscard]] const std::vector<std::string>& headers() const { return headers_; }

 private:
  struct Field {
    const Cell* cell = nullptr;  // null: a constant, or translated
    std::string name;            // of the field
    std::string column;
    std::string raw;   // the cell, before it was translated
    std::string text;  // empty: no value
    bool translated = false;
  };
  [[nodiscard]] bool IsMissing(const std::string& text) const { return text.empty() || missing_.contains(text); }
  [[nodiscard]] int ColumnIndex(const std::string& column) const;
  [[nodiscard]] Field CellField(const Row& row, const std::string& column, const std::string& name) const;
  [[nodiscard]] Field FieldOf(const Row& row, const EventRule& rule, const std::string& name) const;
  void Translate(Field& field) const;
  [[nodiscard]] static Error Located(Error error, const Field& field);

  [[nodiscard]] Result<std::optional<DateTime>> DateOf(const Field& field) const;
  [[nodiscard]] Result<std::optional<DateTime>> DateOfRule(const Row& row, const EventRule& rule, Field& field) const;
  [[nodiscard]] Result<std::optional<int64_t>> NumberOf(const Field& field, const Decimal& scale,
                                                        int64_t per_one) const;
  [[nodiscard]] Result<std::optional<int64_t>> ProductOf(const Row& row, const std::vector<std::string>& columns,
                                                         const std::string& name, const Decimal& scale,
                                                         int64_t per_one) const;
  [[nodiscard]] bool Holds(const Row& row, const EventRule& rule) const;
  [[nodiscard]] int PlaceAmongEquals(const EventRule& rule) const;
  [[nodiscard]] Result<int> EventOf(const Row& row, const EventRule& rule) const;
  Result<std::optional<Statement>> ConvertRule(const Row& row, const std::string& key, const EventRule& rule,
                                               std::vector<int>& notes);
  Status SetTime(const DateTime& date, const org::Dealer& dealer, ledger::NewEntry& entry);
  Status CheckDay(const Field& field, const org::Dealer& dealer, Day day);
  [[nodiscard]] Result<bool> SetNumbers(const Row& row, const EventRule& rule, const catalog::Event& event,
                                        ledger::NewEntry& entry) const;
  [[nodiscard]] Result<bool> SetReading(const Row& row, const EventRule& rule, const catalog::Measure& measure,
                                        ledger::NewEntry& entry) const;
  [[nodiscard]] Status CheckAmount(const Field& field, const EventRule& rule, const catalog::Event& event,
                                   const ledger::NewEntry& entry) const;
  Status SetNames(const Row& row, const EventRule& rule, const catalog::Event& definition, DealerId dealer,
                  ledger::NewEntry& entry, std::vector<int>& notes);
  Result<const Zone*> ZoneOf(const org::Dealer& dealer);
  [[nodiscard]] const Decimal& ScaleOf(const EventRule& rule) const {
    return rule.scale ? *rule.scale : mapping_.scale;
  }

  const catalog::Catalog& catalog_;
  const Mapping& mapping_;
  Names& names_;
  std::vector<std::string> headers_;
  std::vector<EventRule> rules_;  // the mapping's, or the one of a long file
  std::vector<int> key_columns_;
  std::set<std::string> missing_;
  std::optional<Instant> doubt_since_;
  mutable std::map<std::string, int> column_index_;
  std::optional<Zone> file_zone_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, int> event_by_text_;
  std::map<std::string, int> measure_by_text_;
  std::optional<RowPlan> plan_;
};

}  // namespace dealpace::exchange
