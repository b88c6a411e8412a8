#include "exchange/import_plan.h"

#include <algorithm>
#include <cstring>

#include "base/money.h"
#include "base/text.h"
#include "exchange/import_header.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kTextsMax = 1'000'000;  // of one column, before they are forgotten
constexpr size_t kLeadBytesMax = 200;
constexpr int64_t kDayMs = 86'400'000;

uint64_t HashOf(std::string_view text) {
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15ULL;
  uint64_t hash = text.size() * kPrime;
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
    text.remove_prefix(8);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  hash = (hash ^ rest) * kPrime;
  return hash ^ (hash >> 29);
}

void AddNote(std::vector<int>& notes, int note) {
  if (note >= 0 && std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

// The number that so many digits make; -1 when they are none.
int Digits(const char* text, int count) {
  int number = 0;
  for (int i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// "2026-10-07", "2026-10-07 09:30" and "2026-10-07 09:30:00"; `iso`: also "2026-10-07T09:30:00" and the like, with or
// without a Z.
std::optional<DateTime> ParseUsual(std::string_view text, bool iso) {
  const bool utc = iso && text.size() == 20 && text.back() == 'Z' && text[10] == 'T';
  if (utc) text.remove_suffix(1);
  if (text.size() != 10 && text.size() != 16 && text.size() != 19) return std::nullopt;
  const char* p = text.data();
  if (p[4] != '-' || p[7] != '-') return std::nullopt;
  const int year = Digits(p, 4);
  const int month = Digits(p + 5, 2);
  const int day = Digits(p + 8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const auto date = FromCivil(year, month, day);
  if (!date) return std::nullopt;
  if (text.size() == 10) return DateTime{*date, 0, false};
  if ((p[10] != ' ' && !(iso && p[10] == 'T')) || p[13] != ':') return std::nullopt;
  const int hour = Digits(p + 11, 2);
  const int minute = Digits(p + 14, 2);
  int second = 0;
  if (text.size() == 19) {
    if (p[16] != ':') return std::nullopt;
    second = Digits(p + 17, 2);
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  return DateTime{*date, ((hour * 60 + minute) * 60 + second) * 1000, true, utc};
}

// A number in units of 1/`per_one`, `scale` times.
std::optional<int64_t> UnitsOf(std::string_view text, int64_t per_one, const Decimal& scale) {
  if (text.size() <= 9 && scale.digits == 1 && scale.scale == 0) {
    const int number = text.empty() ? -1 : Digits(text.data(), static_cast<int>(text.size()));
    if (number >= 0) return number * per_one;
  }
  const auto number = ParseDecimal(text);
  return number ? ToUnits(Multiply(*number, scale), per_one) : std::nullopt;
}

}  // namespace

Instant DayClock::At(Day day, int ms_of_day) {
  if (day != day_) {
    day_ = day;
    begins_ = zone_.At(day, 0);
    even_ = zone_.At(day, static_cast<int>(kDayMs) - 1).ms - begins_.ms == kDayMs - 1;
  }
  return even_ ? Instant{begins_.ms + ms_of_day} : zone_.At(day, ms_of_day);
}

// ---- Values by text ----

template <typename T>
const T* RowPlan::ByText<T>::Find(std::string_view text) const {
  if (slots_.empty()) return nullptr;
  const uint64_t hash = HashOf(text);
  for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i] == 0) return nullptr;
    const Entry& entry = entries_[slots_[i] - 1];
    if (entry.hash == hash && entry.text == text) return &entry.value;
  }
}

template <typename T>
const T* RowPlan::ByText<T>::Insert(std::string_view text, T value) {
  if (entries_.size() >= kTextsMax) Clear();
  if ((entries_.size() + 1) * 2 > slots_.size()) Grow();
  entries_.push_back({HashOf(text), std::string(text), std::move(value)});
  size_t i = entries_.back().hash & (slots_.size() - 1);
  while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = static_cast<uint32_t>(entries_.size());
  return &entries_.back().value;
}

template <typename T>
void RowPlan::ByText<T>::Clear() {
  slots_.clear();
  entries_.clear();
}

template <typename T>
void RowPlan::ByText<T>::Grow() {
  slots_.assign(std::max<size_t>(16, slots_.size() * 2), 0);
  for (size_t e = 0; e < entries_.size(); ++e) {
    size_t i = entries_[e].hash & (slots_.size() - 1);
    while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = static_cast<uint32_t>(e + 1);
  }
}

// ---- The plan ----

RowPlan::RowPlan(const Basis& basis, const std::vector<std::string>& headers)
    : basis_(basis), headers_(headers), missing_(basis.missing.begin(), basis.missing.end()) {
  const Mapping& mapping = basis_.mapping;
  const auto& formats = mapping.date_formats;
  if (!formats.empty()) {
    // Of a text in the form of the first format no other is asked.
    static const std::map<std::string, size_t> kLengths = {
        {"%Y-%m-%d", 10}, {"%Y-%m-%d %H:%M", 16}, {"%Y-%m-%d %H:%M:%S", 19}};
    const auto length = kLengths.find(formats.front());
    usable_ = length != kLengths.end();
    if (usable_) date_length_ = length->second;
  }
  if (!mapping.time_zone.empty()) file_zone_ = mapping.time_zone;
  usable_ = usable_ && mapping.kind == "events";
  for (const char* field : {"at", "count", "amount"}) usable_ = usable_ && !mapping.values.contains(field);
  for (const EventRule& rule : basis_.rules) {
    RulePlan plan;
    plan.number = rules_.size();
    usable_ = usable_ && Compile(rule, plan);
    for (const EventRule& other : basis_.rules) {
      if (&other == &rule) break;
      if (other.name == rule.name && other.constants == rule.constants) ++plan.place;
    }
    rules_.push_back(std::move(plan));
  }
}

int RowPlan::ColumnOf(const std::string& header) const {
  const auto found = std::find(headers_.begin(), headers_.end(), header);
  return found == headers_.end() ? -1 : static_cast<int>(found - headers_.begin());
}

RowPlan::FieldPlan RowPlan::PlanOf(const EventRule& rule, const std::string& field) const {
  const Mapping& mapping = basis_.mapping;
  FieldPlan plan;
  if (const auto it = rule.columns.find(field); it != rule.columns.end()) {
    plan.column = ColumnOf(it->second);
  } else if (const auto constant = rule.constants.find(field); constant != rule.constants.end()) {
    plan.fallback = constant->second;
  } else if (const auto column = mapping.columns.find(field); column != mapping.columns.end()) {
    plan.column = ColumnOf(column->second);
  }
  if (plan.fallback.empty()) {
    if (const auto it = mapping.constants.find(field); it != mapping.constants.end()) plan.fallback = it->second;
  }
  if (const auto it = mapping.values.find(field); it != mapping.values.end()) plan.values = &it->second;
  return plan;
}

bool RowPlan::Compile(const EventRule& rule, RulePlan& plan) {
  plan.rule = &rule;
  plan.event = PlanOf(rule, "event");
  if (!rule.name.empty()) plan.fixed_event = basis_.catalog.FindEvent(rule.name);
  const FieldPlan at = PlanOf(rule, "at");
  const int at_column = rule.at.empty() ? at.column : ColumnOf(rule.at);
  if (at_column < 0 || (rule.at.empty() && !at.plain())) return false;
  while (plan.at < dates_.size() && dates_[plan.at].column != at_column) ++plan.at;
  if (plan.at == dates_.size()) dates_.push_back({at_column, false, true, std::nullopt});
  DealerLook look{PlanOf(rule, "dealer"), PlanOf(rule, "region"), {}, nullptr};
  while (plan.look < looks_.size() &&
         (looks_[plan.look].dealer != look.dealer || looks_[plan.look].region != look.region)) {
    ++plan.look;
  }
  if (plan.look == looks_.size()) looks_.push_back(std::move(look));
  plan.staff = PlanOf(rule, "staff");
  plan.team = PlanOf(rule, "team");
  plan.lead = PlanOf(rule, "lead");
  plan.attempt = PlanOf(rule, "attempt");
  plan.names.resize(kMemberDimCount);
  for (int m = 0; m < kMemberDimCount; ++m) {
    FieldPlan field = PlanOf(rule, std::string(DimName(MemberDim(m))));
    if (field.any()) plan.members.emplace_back(MemberDim(m), std::move(field));
  }
  const auto number = [&](const std::vector<std::string>& columns, const char* field, Number& of) {
    if (columns.size() > 1) return false;
    if (columns.size() == 1) {
      of = {ColumnOf(columns.front()), true};
      return of.column >= 0;
    }
    const FieldPlan from = PlanOf(rule, field);
    of = {from.column, false};
    return from.plain();
  };
  if (!number(rule.count, "count", plan.count) || !number(rule.amount, "amount", plan.amount)) return false;
  plan.amount_of_some = rule.amount.empty();
  for (const auto& [column, texts] : rule.when) plan.when.emplace_back(ColumnOf(column), &texts);
  return true;
}

std::string_view RowPlan::Text(const Row& row, int column) const {
  if (column < 0 || static_cast<size_t>(column) >= row.cells.size()) return {};
  return CellTextView(row.cells[static_cast<size_t>(column)]);
}

std::string RowPlan::MeaningOf(const FieldPlan& field, std::string_view cell) const {
  std::string text(IsMissing(cell) ? std::string_view() : cell);
  if (text.empty()) text = field.fallback;
  if (field.values == nullptr) return text;
  const auto meaning = field.values->find(text);
  if (meaning == field.values->end()) return text;
  return IsMissing(meaning->second) ? std::string() : meaning->second;
}

DayClock* RowPlan::ClockOf(const std::string& time_zone) {
  auto it = clocks_.find(time_zone);
  if (it == clocks_.end()) {
    auto zone = Zone::Find(time_zone);
    if (!zone.ok()) return nullptr;
    it = clocks_.emplace(time_zone, DayClock(*std::move(zone))).first;
  }
  return &it->second;
}

bool RowPlan::Convert(const Row& row, std::string_view key, std::vector<Statement>& statements,
                      std::vector<Denial>& denials, std::vector<int>& notes) {
  if (!usable_ || basis_.names.keeps_texts()) return false;
  if (basis_.names.made() != names_made_) {
    // Names that are made change what is said of others: everything is looked up anew.
    names_made_ = basis_.names.made();
    for (DealerLook& look : looks_) look.dealers.Clear();
    for (RulePlan& plan : rules_) {
      for (auto& names : plan.names) names.Clear();
      plan.reasons.clear();
    }
  }
  for (DealerLook& look : looks_) look.of_row = nullptr;
  for (DateColumn& date : dates_) date.read = false;
  const size_t stated = statements.size();
  const size_t denied = denials.size();
  for (RulePlan& plan : rules_) {
    if (ConvertRule(row, key, plan, statements, denials, notes)) continue;
    statements.resize(stated);
    denials.resize(denied);
    notes.clear();
    return false;
  }
  return true;
}

bool RowPlan::ConvertRule(const Row& row, std::string_view key, RulePlan& plan, std::vector<Statement>& statements,
                          std::vector<Denial>& denials, std::vector<int>& notes) {
  const int event = EventOf(row, plan);
  if (event < 0) return false;
  if (basis_.catalog.events()[static_cast<size_t>(event)].reading_of >= 0) return false;
  DealerPlan* const dealer = DealerOf(row, looks_[plan.look]);
  if (dealer == nullptr) return false;
  AddNote(notes, dealer->note);
  const DateColumn& at = DateOf(row, dates_[plan.at]);
  if (!at.ordinary) return false;

  text_ = IdentityOf(plan, *dealer, event);
  text_ += key;
  const DealerId id = dealer->dealer->id;
  const Hash128 hash = HashText(text_);
  bool records = at.date.has_value();
  for (const auto& [column, texts] : plan.when) {
    std::string_view text = Text(row, column);
    if (IsMissing(text)) text = {};
    if (std::find(texts->begin(), texts->end(), text) == texts->end()) records = false;
  }
  if (records) {
    ledger::NewEntry& entry = statements.emplace_back(Statement{id, hash, true, {}}).entry.emplace();
    if (!SetEntry(row, plan, event, *at.date, *dealer, entry, records, notes)) return false;
    if (records) return true;
    statements.pop_back();
  }
  denials.push_back({id, hash});
  return true;
}

bool RowPlan::SetEntry(const Row& row, RulePlan& plan, int event, const DateTime& date, DealerPlan& dealer,
                       ledger::NewEntry& entry, bool& records, std::vector<int>& notes) {
  entry.event = event;
  if (!SetTime(date, *dealer.dealer, entry)) return false;
  if (!SetNumbers(row, plan, basis_.catalog.events()[static_cast<size_t>(event)], entry, records)) return false;
  if (!records) return true;
  const std::string_view lead = Text(row, plan.lead.column);
  if (plan.lead.plain()) {
    if (!IsMissing(lead)) entry.lead = lead;
  } else {
    entry.lead = MeaningOf(plan.lead, lead);
  }
  if (entry.lead.size() > kLeadBytesMax) return false;
  if (plan.attempt.any()) {
    const std::string attempt = MeaningOf(plan.attempt, Text(row, plan.attempt.column));
    if (!attempt.empty()) {
      if (attempt.size() > 3) return false;
      entry.attempt = Digits(attempt.data(), static_cast<int>(attempt.size()));
      if (entry.attempt < 1) return false;
    }
  }
  return SetNames(row, plan, event, dealer, entry, notes);
}

const RowPlan::DateColumn& RowPlan::DateOf(const Row& row, DateColumn& at) const {
  if (at.read) return at;
  at.read = true;
  at.ordinary = true;
  at.date.reset();
  const std::string_view text = Text(row, at.column);
  if (IsMissing(text)) return at;
  if (row.cells[static_cast<size_t>(at.column)].kind == Cell::Kind::kText &&
      (date_length_ == 0 || date_length_ == text.size())) {
    at.date = ParseUsual(text, date_length_ == 0);
  }
  at.ordinary = at.date.has_value();
  return at;
}

int RowPlan::EventOf(const Row& row, RulePlan& plan) const {
  if (plan.fixed_event >= 0) return plan.fixed_event;
  const std::string_view cell = Text(row, plan.event.column);
  if (const int* event = plan.events.Find(cell)) return *event;
  const auto it = basis_.event_by_text.find(ToLower(MeaningOf(plan.event, cell)));
  return it == basis_.event_by_text.end() ? -1 : *plan.events.Insert(cell, it->second);
}

RowPlan::DealerPlan* RowPlan::DealerOf(const Row& row, DealerLook& look) {
  if (look.of_row != nullptr) return look.of_row;
  const std::string_view cell = Text(row, look.dealer.column);
  if (const auto* dealer = look.dealers.Find(cell)) return look.of_row = dealer->get();
  auto of_dealer = std::make_shared<DealerPlan>();
  const auto found = basis_.names.DealerOf(MeaningOf(look.dealer, cell),
                                           MeaningOf(look.region, Text(row, look.region.column)), of_dealer->note);
  if (!found.ok() || *found == nullptr) return nullptr;
  of_dealer->dealer = *found;
  of_dealer->rules.resize(rules_.size());
  return look.of_row = look.dealers.Insert(cell, std::move(of_dealer))->get();
}

// As RowConverter::ConvertRule has it.
const std::string& RowPlan::IdentityOf(const RulePlan& plan, DealerPlan& dealer, int event) const {
  DealerPlan::OfRule& of_rule = dealer.rules[plan.number];
  if (of_rule.identity != nullptr) return *of_rule.identity;
  std::string& identity = of_rule.identities[event];
  if (plan.fixed_event >= 0) of_rule.identity = &identity;
  if (!identity.empty()) return identity;
  identity = dealer.dealer->code + '\x1e' + basis_.catalog.events()[static_cast<size_t>(event)].id + '\x1e';
  for (const auto& [field, value] : plan.rule->constants) identity += field + '=' + value + '\x1f';
  if (plan.place > 0) identity += '#' + std::to_string(plan.place);
  identity += '\x1e';
  return identity;
}

bool RowPlan::SetTime(const DateTime& date, const org::Dealer& dealer, ledger::NewEntry& entry) {
  DayClock* const clock = ClockOf(dealer.time_zone);
  if (clock == nullptr) return false;
  if (date.utc) {
    entry.at = {int64_t{date.day.value} * kDayMs + date.ms_of_day};
    entry.day = clock->zone().DayOf(entry.at);
  } else if (date.has_time && file_zone_ && *file_zone_ != dealer.time_zone) {
    DayClock* const of_file = ClockOf(*file_zone_);
    if (of_file == nullptr) return false;
    entry.at = of_file->At(date.day, date.ms_of_day);
    entry.day = clock->zone().DayOf(entry.at);
  } else if (date.has_time && file_zone_) {
    entry.at = clock->At(date.day, date.ms_of_day);
    entry.day = clock->even() ? date.day : clock->zone().DayOf(entry.at);
  } else {
    entry.at = clock->At(date.day, date.ms_of_day);
    entry.day = date.day;
  }
  return !doubt_since_ || entry.day <= clock->zone().DayOf(*doubt_since_) + 1;
}

bool RowPlan::SetNumbers(const Row& row, const RulePlan& plan, const catalog::Event& event, ledger::NewEntry& entry,
                         bool& records) const {
  constexpr Decimal kOne{1, 0};
  const Decimal& scale = plan.rule->scale ? *plan.rule->scale : basis_.mapping.scale;
  const std::string_view count = Text(row, plan.count.column);
  const bool counted = !IsMissing(count);
  records = counted || !plan.count.needed;
  if (counted) {
    const auto units = UnitsOf(count, kQuantityOne, kOne);
    if (!units) return false;
    entry.quantity = *units;
    records = *units != 0;
  }
  if (!records) return true;
  const std::string_view amount =
      !plan.amount_of_some || event.amount ? Text(row, plan.amount.column) : std::string_view();
  if (!IsMissing(amount)) {
    const auto fen = UnitsOf(amount, kFenPerYuan, scale);
    if (!fen) return false;
    entry.amount = *fen;
  }
  if (!event.is_signed && (entry.quantity < 0 || entry.amount < 0)) return false;
  const bool scaled = scale.digits != 1 || scale.scale != 0;
  return !doubt_since_ || !scaled || event.amount != catalog::Unit::kMoney;
}

bool RowPlan::SetNames(const Row& row, RulePlan& plan, int event, DealerPlan& dealer, ledger::NewEntry& entry,
                       std::vector<int>& notes) {
  if (plan.staff.any()) {
    const std::string_view cell = Text(row, plan.staff.column);
    ByText<Named>& staff_names = dealer.rules[plan.number].staff;
    const Named* named = staff_names.Find(cell);
    if (named == nullptr) {
      Named found;
      const std::string text = MeaningOf(plan.staff, cell);
      const auto staff =
          basis_.names.StaffOf(dealer.dealer->id, text, MeaningOf(plan.team, Text(row, plan.team.column)), found.note);
      if (!staff.ok() || (!staff->set() && !text.empty())) return false;
      found.id = staff->value;
      named = staff_names.Insert(cell, found);
    }
    entry.actor = StaffId(named->id);
    AddNote(notes, named->note);
  }
  for (const auto& [dim, field] : plan.members) {
    const auto m = static_cast<size_t>(MemberIndex(dim));
    ByText<Named>& names = dim == Dim::kReason ? plan.reasons[event] : plan.names[m];
    const std::string_view cell = Text(row, field.column);
    const Named* named = names.Find(cell);
    if (named == nullptr) {
      Named found;
      const std::string text = MeaningOf(field, cell);
      const auto member =
          basis_.names.MemberOf(dim, text, basis_.catalog.events()[static_cast<size_t>(event)], found.note);
      if (!member.ok() || (*member == 0 && !text.empty())) return false;
      found.id = *member;
      named = names.Insert(cell, found);
    }
    entry.members[m] = named->id;
    AddNote(notes, named->note);
  }
  return true;
}

}  // namespace dealpace::exchange
