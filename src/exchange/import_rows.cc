#include "exchange/import_rows.h"

#include <algorithm>
#include <array>

#include "base/money.h"
#include "base/text.h"
#include "exchange/closest_name.h"
#include "exchange/import_header.h"

namespace dealpace::exchange {
namespace {

using ledger::NewEntry;

constexpr int64_t kLeadBytesMax = 200;
constexpr int kAttemptMax = 1'000;
// A car dearer than this, in a column taken for ten thousands, is a slip.
constexpr int64_t kDearestFen = 5'000'000 * kFenPerYuan;

void AddNote(std::vector<int>& notes, int note) {
  if (note >= 0 && std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

}  // namespace

RowConverter::RowConverter(const catalog::Catalog& catalog, const Mapping& mapping, Names& names)
    : catalog_(catalog), mapping_(mapping), names_(names) {
  missing_.insert(mapping_.missing.begin(), mapping_.missing.end());
  for (const std::string& id : catalog_.RecordableEvents()) {
    const int event = catalog_.FindEvent(id);
    const Bilingual& name = catalog_.events()[static_cast<size_t>(event)].name;
    for (const std::string& text : {id, name.en, name.zh}) event_by_text_.emplace(ToLower(text), event);
  }
  for (size_t i = 0; i < catalog_.measures().size(); ++i) {
    const catalog::Measure& measure = catalog_.measures()[i];
    measure_by_text_.emplace(ToLower(measure.name.en), static_cast<int>(i));
    measure_by_text_.emplace(measure.name.zh, static_cast<int>(i));
  }
  // An id beats a name.
  for (size_t i = 0; i < catalog_.measures().size(); ++i) {
    measure_by_text_[catalog_.measures()[i].id] = static_cast<int>(i);
  }
  if (!mapping_.rules.empty()) {
    rules_ = mapping_.rules;
    return;
  }
  // A long file: one rule whose event stands in the row.
  EventRule rule;
  if (const auto it = mapping_.columns.find("count"); it != mapping_.columns.end()) rule.count = {it->second};
  const char* amount = mapping_.kind == "readings" ? "value" : "amount";
  if (const auto it = mapping_.columns.find(amount); it != mapping_.columns.end()) rule.amount = {it->second};
  rules_ = {rule};
}

Status RowConverter::Prepare(std::vector<std::string> headers) {
  headers_ = std::move(headers);
  for (const std::string& column : mapping_.Columns()) {
    if (ColumnIndex(column) >= 0) continue;
    const std::string closest = ClosestWord(column, headers_);
    return Error(closest.empty() ? "unknown_column" : "unknown_column_suggest")
        .With("column", column)
        .With("headers", Join(headers_, ", "))
        .With("suggestion", closest);
  }
  for (const std::string& column : mapping_.key) key_columns_.push_back(ColumnIndex(column));
  if (!mapping_.time_zone.empty()) {
    ASSIGN_OR_RETURN(file_zone_, Zone::Find(mapping_.time_zone));
  }
  plan_.emplace(RowPlan::Basis{catalog_, mapping_, rules_, missing_, event_by_text_, names_}, headers_);
  if (doubt_since_) plan_->Doubt(*doubt_since_);
  return {};
}

std::optional<std::string> RowConverter::KeyOf(const Row& row) const {
  std::string key;
  return KeyInto(row, key) ? std::optional(std::move(key)) : std::nullopt;
}

bool RowConverter::KeyInto(const Row& row, std::string& key) const {
  if (key_columns_.empty()) return false;
  key.clear();
  for (const int column : key_columns_) {
    const auto i = static_cast<size_t>(column);
    if (i < row.cells.size()) key += CellTextView(row.cells[i]);
    key += '\x1f';
  }
  return true;
}

Converted RowConverter::Convert(const Row& row, const std::string& key) {
  Converted converted;
  for (const EventRule& rule : rules_) {
    Result<std::optional<Statement>> statement = ConvertRule(row, key, rule, converted.notes);
    if (!statement.ok()) {
      converted.refusal = statement.error();
      converted.statements.clear();
      break;
    }
    if (*statement) converted.statements.push_back(std::move(**statement));
  }
  return converted;
}

bool RowConverter::EachRowSpeaksOfAll() const {
  const auto ways = [](const EventRule& rule) {
    std::array<std::string, 4> found;
    size_t i = 0;
    for (const char* field : {"dealer", "region"}) {
      for (const auto* said : {&rule.columns, &rule.constants}) {
        if (const auto it = said->find(field); it != said->end()) found[i] = it->second;
        ++i;
      }
    }
    return found;
  };
  return mapping_.kind == "events" && std::all_of(rules_.begin(), rules_.end(), [&](const EventRule& rule) {
           return !rule.name.empty() && ways(rule) == ways(rules_.front());
         });
}

// ---- Cells ----

int RowConverter::ColumnIndex(const std::string& column) const {
  const auto [it, fresh] = column_index_.emplace(column, -1);
  if (fresh) {
    const auto found = std::find(headers_.begin(), headers_.end(), column);
    if (found != headers_.end()) it->second = static_cast<int>(found - headers_.begin());
  }
  return it->second;
}

RowConverter::Field RowConverter::CellField(const Row& row, const std::string& column, const std::string& name) const {
  Field field;
  field.name = name;
  field.column = column;
  const int index = ColumnIndex(column);
  if (index < 0 || static_cast<size_t>(index) >= row.cells.size()) return field;
  const Cell& cell = row.cells[static_cast<size_t>(index)];
  std::string text = CellText(cell);
  if (IsMissing(text)) return field;
  field.cell = &cell;
  field.raw = field.text = std::move(text);
  return field;
}

// A field of a rule: the rule's own column or constant, else the mapping's, translated.
RowConverter::Field RowConverter::FieldOf(const Row& row, const EventRule& rule, const std::string& name) const {
  Field field;
  field.name = field.column = name;
  if (const auto it = rule.columns.find(name); it != rule.columns.end()) {
    field = CellField(row, it->second, name);
  } else if (const auto constant = rule.constants.find(name); constant != rule.constants.end()) {
    field.text = constant->second;
  } else if (const auto column = mapping_.columns.find(name); column != mapping_.columns.end()) {
    field = CellField(row, column->second, name);
  }
  if (field.text.empty()) {
    if (const auto constant = mapping_.constants.find(name); constant != mapping_.constants.end()) {
      field.text = constant->second;
    }
  }
  Translate(field);
  return field;
}

void RowConverter::Translate(Field& field) const {
  const auto values = mapping_.values.find(field.name);
  if (values == mapping_.values.end()) return;
  const auto meaning = values->second.find(field.text);
  if (meaning == values->second.end()) return;
  field.text = meaning->second;
  field.cell = nullptr;
  field.translated = true;
  if (IsMissing(field.text)) field.text.clear();
}

Error RowConverter::Located(Error error, const Field& field) {
  if (error.Arg("column").empty()) error.With("column", field.column);
  if (!field.raw.empty()) error.With("cell", field.raw);
  error.With("field", field.name);
  return error;
}

Result<std::optional<DateTime>> RowConverter::DateOf(const Field& field) const {
  if (field.text.empty()) return std::optional<DateTime>();
  if (field.cell != nullptr && field.cell->kind == Cell::Kind::kDate) {
    return std::optional(DateTime{field.cell->day, field.cell->ms_of_day, field.cell->ms_of_day != 0});
  }
  const auto& formats = mapping_.date_formats.empty() ? UsualDateFormats() : mapping_.date_formats;
  auto date = ParseDate(field.text, formats);
  if (!date && field.cell == nullptr) date = ParseDate(field.text, UsualDateFormats());  // written in the mapping
  if (!date && field.cell != nullptr && field.cell->kind == Cell::Kind::kNumber) {
    // A workbook's date that lost its format: days since 1899-12-30.
    if (const auto serial = ParseDecimal(field.text)) {
      const auto ms = ToUnits(*serial, 86'400'000);
      constexpr int64_t kDayMs = 86'400'000;
      if (ms && *ms >= 20'000 * kDayMs && *ms < 80'000 * kDayMs) {
        date = DateTime{Day{static_cast<int32_t>(*ms / kDayMs) - 25'569}, static_cast<int>(*ms % kDayMs),
                        *ms % kDayMs != 0};
      }
    }
  }
  if (!date) {
    return Located(Error("row_bad_date")
                       .With("column", field.column)
                       .With("value", field.text)
                       .With("formats", Join(mapping_.date_formats, ", ")),
                   field);
  }
  return date;
}

// The date column of a rule; of readings it may be a text with the row's cells put in.
Result<std::optional<DateTime>> RowConverter::DateOfRule(const Row& row, const EventRule& rule, Field& field) const {
  if (rule.at.empty()) {
    field = FieldOf(row, rule, "at");
    return DateOf(field);
  }
  if (mapping_.kind == "events" || ColumnIndex(rule.at) >= 0) {
    field = CellField(row, rule.at, "at");
    Translate(field);
    return DateOf(field);
  }
  std::string text = rule.at;
  for (const std::string& header : headers_) {
    const std::string hole = "{" + header + "}";
    if (text.find(hole) != std::string::npos) text = ReplaceAll(text, hole, CellField(row, header, "at").text);
  }
  if (const auto period = ParsePeriod(text); period.ok()) {
    return std::optional(DateTime{period->from, 0, false});  // a period's figure is dated on its first day
  }
  field.name = "at";
  field.column = rule.at;
  field.text = text;
  return DateOf(field);
}

// A number in units; nothing when the field has none.
Result<std::optional<int64_t>> RowConverter::NumberOf(const Field& field, const Decimal& scale, int64_t per_one) const {
  if (field.text.empty()) return std::optional<int64_t>();
  const auto number = ParseDecimal(field.text);
  if (!number) {
    return Located(Error("row_bad_number").With("column", field.column).With("value", field.text), field);
  }
  const auto units = ToUnits(Multiply(*number, scale), per_one);
  if (!units) return Located(Error("row_number_too_large").With("column", field.column), field);
  return units;
}

// The product of some columns in units; nothing when one has no value.
Result<std::optional<int64_t>> RowConverter::ProductOf(const Row& row, const std::vector<std::string>& columns,
                                                       const std::string& name, const Decimal& scale,
                                                       int64_t per_one) const {
  if (columns.empty()) return std::optional<int64_t>();
  Decimal product{1, 0};
  Field last;
  for (const std::string& column : columns) {
    Field field = CellField(row, column, name);
    Translate(field);
    if (field.text.empty()) return std::optional<int64_t>();
    const auto number = ParseDecimal(field.text);
    if (!number) return Located(Error("row_bad_number").With("column", column).With("value", field.text), field);
    product = Multiply(product, *number);
    last = std::move(field);
  }
  const auto units = ToUnits(Multiply(product, scale), per_one);
  if (!units) return Located(Error("row_number_too_large").With("column", Join(columns, ", ")), last);
  return units;
}

// ---- Rules ----

bool RowConverter::Holds(const Row& row, const EventRule& rule) const {
  return std::all_of(rule.when.begin(), rule.when.end(), [&](const auto& condition) {
    const Field field = CellField(row, condition.first, {});
    return std::find(condition.second.begin(), condition.second.end(), field.text) != condition.second.end();
  });
}

// How many rules before this one have the same event and constants. Of a wide sheet's columns, the day tells.
int RowConverter::PlaceAmongEquals(const EventRule& rule) const {
  if (mapping_.kind == "readings") return 0;
  int place = 0;
  for (const EventRule& other : rules_) {
    if (&other == &rule) break;
    if (other.name == rule.name && other.constants == rule.constants) ++place;
  }
  return place;
}

// The event (or reading event) that a rule records; -1 when the row names none.
Result<int> RowConverter::EventOf(const Row& row, const EventRule& rule) const {
  if (mapping_.kind == "readings") {
    Field field;
    if (rule.name.empty()) field = FieldOf(row, rule, "measure");
    const std::string& name = rule.name.empty() ? field.text : rule.name;
    if (name.empty()) return -1;
    auto it = measure_by_text_.find(name);
    if (it == measure_by_text_.end()) it = measure_by_text_.find(ToLower(name));
    if (it == measure_by_text_.end()) return Located(Error("row_unknown_measure").With("name", name), field);
    return catalog_.measures()[static_cast<size_t>(it->second)].reading_event;
  }
  if (!rule.name.empty()) return catalog_.FindEvent(rule.name);
  const Field field = FieldOf(row, rule, "event");
  if (field.text.empty()) return -1;
  const auto it = event_by_text_.find(ToLower(field.text));
  if (it != event_by_text_.end()) return it->second;
  const std::string closest = ClosestWord(field.text, catalog_.RecordableEvents());
  return Located(Error(closest.empty() ? "row_unknown_event" : "row_unknown_event_suggest")
                     .With("name", field.text)
                     .With("suggestion", closest),
                 field);
}

Result<std::optional<Statement>> RowConverter::ConvertRule(const Row& row, const std::string& key,
                                                           const EventRule& rule, std::vector<int>& notes) {
  ASSIGN_OR_RETURN(const int event, EventOf(row, rule));
  if (event < 0) return std::optional<Statement>();
  const catalog::Event& definition = catalog_.events()[static_cast<size_t>(event)];

  const Field dealer_field = FieldOf(row, rule, "dealer");
  int note = -1;
  const Result<const org::Dealer*> found = names_.DealerOf(dealer_field.text, FieldOf(row, rule, "region").text, note);
  AddNote(notes, note);
  if (!found.ok()) {
    return found.error().code == "row_missing_dealer" ? found.error() : Located(found.error(), dealer_field);
  }
  const org::Dealer* const dealer = *found;
  if (dealer == nullptr) return std::optional<Statement>();

  Statement statement;
  statement.dealer = dealer->id;
  std::string identity = dealer->code + '\x1e' + definition.id + '\x1e';
  for (const auto& [field, value] : rule.constants) identity += field + '=' + value + '\x1f';
  // Rules of the same event are told apart by their place among each other.
  if (const int place = PlaceAmongEquals(rule); place > 0) identity += '#' + std::to_string(place);
  Field date_field;
  ASSIGN_OR_RETURN(const std::optional<DateTime> date, DateOfRule(row, rule, date_field));
  // The columns of a wide sheet are figures of different days: the day belongs to what a figure is.
  if (mapping_.kind == "readings" && !mapping_.rules.empty()) {
    if (!date) return std::optional<Statement>();
    identity += '@' + FormatDay(date->day);
  }
  statement.key = HashText(identity + '\x1e' + key);

  if (!Holds(row, rule)) return std::optional(std::move(statement));
  if (!date) return std::optional(std::move(statement));

  NewEntry entry;
  entry.event = event;
  RETURN_IF_ERROR(SetTime(*date, *dealer, entry));
  RETURN_IF_ERROR(CheckDay(date_field, *dealer, entry.day));
  ASSIGN_OR_RETURN(const bool counts, SetNumbers(row, rule, definition, entry));
  if (!counts) return std::optional(std::move(statement));

  const Field lead = FieldOf(row, rule, "lead");
  entry.lead = lead.text;
  if (static_cast<int64_t>(entry.lead.size()) > kLeadBytesMax) return Located(Error("row_lead_too_long"), lead);
  if (const Field attempt = FieldOf(row, rule, "attempt"); !attempt.text.empty()) {
    const auto number = ParseDecimal(attempt.text);
    const auto whole = number ? ToUnits(*number, 1) : std::nullopt;
    if (!whole || *whole < 1 || *whole > kAttemptMax) {
      return Located(Error("row_bad_number").With("column", attempt.column).With("value", attempt.text), attempt);
    }
    entry.attempt = static_cast<int>(*whole);
  }
  RETURN_IF_ERROR(SetNames(row, rule, definition, dealer->id, entry, notes));
  statement.entry = std::move(entry);
  return std::optional(std::move(statement));
}

Status RowConverter::SetNames(const Row& row, const EventRule& rule, const catalog::Event& definition, DealerId dealer,
                              NewEntry& entry, std::vector<int>& notes) {
  const Field staff = FieldOf(row, rule, "staff");
  int note = -1;
  const Result<StaffId> actor = names_.StaffOf(dealer, staff.text, FieldOf(row, rule, "team").text, note);
  AddNote(notes, note);
  if (!actor.ok()) return Located(actor.error(), staff);
  entry.actor = *actor;
  for (int m = 0; m < kMemberDimCount; ++m) {
    const Dim dim = MemberDim(m);
    const Field field = FieldOf(row, rule, std::string(DimName(dim)));
    note = -1;
    const Result<int64_t> member = names_.MemberOf(dim, field.text, definition, note);
    AddNote(notes, note);
    if (!member.ok()) return Located(member.error(), field);
    entry.members[static_cast<size_t>(m)] = *member;
  }
  return {};
}

Result<const Zone*> RowConverter::ZoneOf(const org::Dealer& dealer) {
  auto it = zones_.find(dealer.time_zone);
  if (it == zones_.end()) {
    ASSIGN_OR_RETURN(Zone zone, Zone::Find(dealer.time_zone));
    it = zones_.emplace(dealer.time_zone, std::move(zone)).first;
  }
  return &it->second;
}

Status RowConverter::SetTime(const DateTime& date, const org::Dealer& dealer, NewEntry& entry) {
  ASSIGN_OR_RETURN(const Zone* const zone, ZoneOf(dealer));
  if (date.utc) {
    entry.at = {int64_t{date.day.value} * 86'400'000 + date.ms_of_day};
    entry.day = zone->DayOf(entry.at);
  } else if (date.has_time && file_zone_) {
    entry.at = file_zone_->At(date.day, date.ms_of_day);
    entry.day = zone->DayOf(entry.at);
  } else {
    entry.at = zone->At(date.day, date.ms_of_day);
    entry.day = date.day;
  }
  return {};
}

Status RowConverter::CheckDay(const Field& field, const org::Dealer& dealer, Day day) {
  if (!doubt_since_ || field.translated || mapping_.kind != "events") return {};
  ASSIGN_OR_RETURN(const Zone* const zone, ZoneOf(dealer));
  const Day latest = zone->DayOf(*doubt_since_) + 1;
  if (day <= latest) return {};
  return Located(Error("row_future_date")
                     .With("column", field.column)
                     .With("value", field.text)
                     .With("day", FormatDay(day))
                     .With("latest", FormatDay(latest)),
                 field);
}

// Quantity and amount; false when the row's count is empty or zero, so that there is nothing to record.
Result<bool> RowConverter::SetNumbers(const Row& row, const EventRule& rule, const catalog::Event& event,
                                      NewEntry& entry) const {
  if (event.reading_of >= 0) {
    return SetReading(row, rule, catalog_.measures()[static_cast<size_t>(event.reading_of)], entry);
  }
  constexpr Decimal kOne{1, 0};
  Field count;
  if (!rule.count.empty()) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> units, ProductOf(row, rule.count, "count", kOne, kQuantityOne));
    if (!units || *units == 0) return false;
    entry.quantity = *units;
    count = CellField(row, rule.count.front(), "count");
  } else if (count = FieldOf(row, rule, "count"); !count.text.empty()) {
    const auto number = ParseDecimal(count.text);
    const auto units = number ? ToUnits(*number, kQuantityOne) : std::nullopt;
    if (!units) return Located(Error("row_bad_number").With("column", count.column).With("value", count.text), count);
    if (*units == 0) return false;
    entry.quantity = *units;
  }
  Field amount;
  if (!rule.amount.empty()) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> fen,
                     ProductOf(row, rule.amount, "amount", ScaleOf(rule), kFenPerYuan));
    entry.amount = fen.value_or(0);
    amount = CellField(row, rule.amount.front(), "amount");
    Translate(amount);
  } else if (event.amount) {
    amount = FieldOf(row, rule, "amount");
    ASSIGN_OR_RETURN(const std::optional<int64_t> fen, NumberOf(amount, ScaleOf(rule), kFenPerYuan));
    entry.amount = fen.value_or(0);
  }
  if (!event.is_signed && (entry.quantity < 0 || entry.amount < 0)) {
    const Field& culprit = entry.quantity < 0 ? count : amount;
    return Located(Error("row_negative").With("event", event.id), culprit);
  }
  RETURN_IF_ERROR(CheckAmount(amount, rule, event, entry));
  return true;
}

Result<bool> RowConverter::SetReading(const Row& row, const EventRule& rule, const catalog::Measure& measure,
                                      NewEntry& entry) const {
  const bool amount = measure.sums_amount();
  const int64_t per_one = amount ? kFenPerYuan : kQuantityOne;
  std::optional<int64_t> value;
  if (rule.amount.empty()) {
    ASSIGN_OR_RETURN(value, NumberOf(FieldOf(row, rule, "value"), ScaleOf(rule), per_one));
  } else {
    ASSIGN_OR_RETURN(value, ProductOf(row, rule.amount, "value", ScaleOf(rule), per_one));
  }
  if (!value) return false;
  entry.quantity = amount ? 0 : *value;
  entry.amount = amount ? *value : 0;
  return true;
}

// One customer's business in a column of ten thousands that seems to be in yuan. What a row sums up over many customers
// may be any amount.
Status RowConverter::CheckAmount(const Field& field, const EventRule& rule, const catalog::Event& event,
                                 const NewEntry& entry) const {
  if (!doubt_since_ || field.translated || event.amount != catalog::Unit::kMoney || rule.amount.size() > 1) return {};
  const auto scale = ToUnits(ScaleOf(rule), 1);
  const bool of_one_customer = mapping_.columns.contains("lead") || rule.columns.contains("lead");
  if (!scale || *scale <= 1 || !of_one_customer) return {};
  const int64_t pieces = std::max<int64_t>(1, entry.quantity / kQuantityOne);
  if (entry.amount / pieces <= kDearestFen) return {};
  return Located(Error("row_amount_doubtful")
                     .With("column", field.column)
                     .With("value", field.text)
                     .With("amount", FormatFen(entry.amount))
                     .With("scale", std::to_string(*scale))
                     .With("most", FormatFen(kDearestFen)),
                 field);
}

}  // namespace dealpace::exchange
