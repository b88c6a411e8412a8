#include "catalog/catalog.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>

#include "base/toml.h"

namespace dealpace::catalog {
namespace {

constexpr std::array<std::pair<Unit, std::string_view>, 10> kUnits = {{{Unit::kCount, "count"},
                                                                       {Unit::kMoney, "money"},
                                                                       {Unit::kPercent, "percent"},
                                                                       {Unit::kRatio, "ratio"},
                                                                       {Unit::kDay, "day"},
                                                                       {Unit::kHour, "hour"},
                                                                       {Unit::kScore, "score"},
                                                                       {Unit::kPoints, "points"},
                                                                       {Unit::kTimes, "times"},
                                                                       {Unit::kPercentPoints, "percent_points"}}};

bool IsIdentifier(std::string_view text) {
  if (text.empty() || !(text.front() >= 'a' && text.front() <= 'z')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

std::string_view UnitName(Unit unit) {
  for (const auto& [value, name] : kUnits) {
    if (value == unit) return name;
  }
  return {};
}

std::optional<Unit> ParseUnit(std::string_view name) {
  if (name == "pp") return Unit::kPercentPoints;  // as files of the first release write it
  for (const auto& [value, unit_name] : kUnits) {
    if (unit_name == name) return value;
  }
  return std::nullopt;
}

const Code* Catalog::FindCode(Dim dim, std::string_view text) const {
  const auto it = code_index_.find({static_cast<int>(dim), ToLower(Trim(text))});
  if (it == code_index_.end()) return nullptr;
  return &lists_[static_cast<size_t>(it->second.first)].codes[static_cast<size_t>(it->second.second)];
}

const Code* Catalog::FindReason(std::string_view event, std::string_view text) const {
  const std::string wanted = ToLower(Trim(text));
  for (const CodeList& list : lists_) {
    if (std::find(list.events.begin(), list.events.end(), event) == list.events.end()) continue;
    for (const Code& code : list.codes) {
      const auto same = [&](const std::string& spelling) { return ToLower(spelling) == wanted; };
      if (same(code.code) || same(code.name.en) || same(code.name.zh) ||
          std::any_of(code.synonyms.begin(), code.synonyms.end(), same)) {
        return &code;
      }
    }
  }
  return nullptr;
}

bool Catalog::HasCodes(Dim dim) const {
  return std::any_of(lists_.begin(), lists_.end(),
                     [dim](const CodeList& list) { return list.dimension == DimName(dim); });
}

std::vector<std::string> Catalog::RecordableEvents() const {
  std::vector<std::string> ids;
  for (const Event& event : events_) {
    if (!event.derived() && event.reading_of < 0) ids.push_back(event.id);
  }
  return ids;
}

const Role* Catalog::FindRole(std::string_view id) const {
  const auto it = std::find_if(roles_.begin(), roles_.end(), [&](const Role& role) { return role.id == id; });
  return it == roles_.end() ? nullptr : &*it;
}

Bilingual Catalog::NameOf(const Role& role) const {
  for (const CodeList& list : lists_) {
    if (list.id != "role") continue;
    for (const Code& code : list.codes) {
      if (code.code == role.id) return code.name;
    }
  }
  return {};
}

std::span<const std::string_view> Rights() {
  static constexpr std::array<std::string_view, 11> kRights = {"reports",   "export", "record", "import",
                                                               "customers", "change", "reveal", "hand_over",
                                                               "check",     "verify", "privacy"};
  return kRights;
}

// Reads the files one after the other, then joins names to positions.
class Loader {
 public:
  Loaded Run(const std::vector<EmbeddedFile>& files) {
    for (const std::string_view name :
         {"events.toml", "measures.toml", "kpis.toml", "stages.toml", "codes.toml", "roles.toml"}) {
      for (const EmbeddedFile& file : files) {
        if (file.name == name || file.name.ends_with("/" + std::string(name))) ReadFile(name, file);
      }
    }
    AddReadingEvents();
    JoinEvents();
    JoinMeasures();
    JoinKpis();
    JoinStages();
    IndexCodes();
    JoinRoles();
    std::stable_sort(loaded_.complaints.begin(), loaded_.complaints.end(), [](const Complaint& a, const Complaint& b) {
      return std::tie(a.place.file, a.place.line) < std::tie(b.place.file, b.place.line);
    });
    loaded_.catalog = std::move(catalog_);
    return std::move(loaded_);
  }

 private:
  using Entry = std::pair<std::string, const toml::table*>;

  void Complain(const Place& place, Error error) { loaded_.complaints.push_back({place, std::move(error)}); }

  void ReadFile(std::string_view kind, const EmbeddedFile& file) {
    file_ = std::string(file.name);
    const toml::parse_result parsed = toml::parse(file.content, file.name);
    if (!parsed) {
      Complain({file_, static_cast<int>(parsed.error().source().begin.line)},
               Error("catalog_syntax").With("detail", parsed.error().description()));
      return;
    }
    if (kind == "events.toml") ReadSection(parsed.table(), "event", &Loader::ReadEvent);
    if (kind == "measures.toml") ReadSection(parsed.table(), "measure", &Loader::ReadMeasure);
    if (kind == "kpis.toml") ReadSection(parsed.table(), "kpi", &Loader::ReadKpi);
    if (kind == "stages.toml") ReadSection(parsed.table(), "stage", &Loader::ReadStage);
    if (kind == "codes.toml") ReadSection(parsed.table(), "list", &Loader::ReadList);
    if (kind == "roles.toml") ReadSection(parsed.table(), "role", &Loader::ReadRole);
  }

  void ReadSection(const toml::table& root, std::string_view section,
                   void (Loader::*read)(const std::string&, const toml::table&, const Place&)) {
    for (const auto& [key, node] : root) {
      if (key.str() != section) {
        Complain(PlaceOf(node), Error("catalog_unknown_key").With("key", key.str()));
      }
    }
    const toml::table* entries = root[section].as_table();
    if (entries == nullptr) return;
    std::vector<Entry> ordered;  // toml++ sorts by key; the file's order is the order of the lines
    for (const auto& [key, node] : *entries) {
      if (const toml::table* table = node.as_table()) {
        ordered.emplace_back(key.str(), table);
      } else {
        Complain(PlaceOf(node), Error("catalog_bad_value").With("id", key.str()).With("key", section));
      }
    }
    std::sort(ordered.begin(), ordered.end(), [](const Entry& a, const Entry& b) {
      return a.second->source().begin.line < b.second->source().begin.line;
    });
    for (const auto& [id, table] : ordered) {
      if (!IsIdentifier(ToLower(id))) Complain(PlaceOf(*table), Error("catalog_bad_id").With("id", id));
      (this->*read)(id, *table, PlaceOf(*table));
    }
  }

  Place PlaceOf(const toml::node& node) const { return {file_, static_cast<int>(node.source().begin.line)}; }

  void CheckKeys(const std::string& id, const toml::table& table, std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        Complain(PlaceOf(node), Error("catalog_unknown_key").With("key", id + "." + std::string(key.str())));
      }
    }
  }

  std::string Text(const std::string& id, const toml::table& table, std::string_view key, bool required) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      if (required) Complain(PlaceOf(table), Error("catalog_missing").With("id", id).With("key", key));
      return {};
    }
    const auto text = node->value<std::string>();
    if (!text || (required && text->empty())) {
      Complain(PlaceOf(*node), Error("catalog_bad_value").With("id", id).With("key", key));
      return {};
    }
    return *text;
  }

  Bilingual Both(const std::string& id, const toml::table& table, std::string_view key, bool required) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      if (required) Complain(PlaceOf(table), Error("catalog_missing").With("id", id).With("key", key));
      return {};
    }
    return Both(id, *node, key);
  }
  Bilingual Both(const std::string& id, const toml::node& node, std::string_view key) {
    Bilingual text;
    if (const toml::table* languages = node.as_table()) {
      text.en = (*languages)["en"].value_or<std::string>("");
      text.zh = (*languages)["zh"].value_or<std::string>("");
    }
    for (const auto& [language, missing] : {std::pair{"en", text.en.empty()}, std::pair{"zh", text.zh.empty()}}) {
      if (missing) {
        Complain(PlaceOf(node),
                 Error("catalog_language_missing").With("id", id).With("key", key).With("language", language));
      }
    }
    return text;
  }

  std::vector<std::string> Texts(const std::string& id, const toml::table& table, std::string_view key) {
    std::vector<std::string> texts;
    const toml::node* node = table.get(key);
    if (node == nullptr) return texts;
    if (const toml::array* array = node->as_array()) {
      for (const toml::node& element : *array) {
        if (const auto text = element.value<std::string>()) {
          texts.push_back(*text);
        } else {
          Complain(PlaceOf(element), Error("catalog_bad_value").With("id", id).With("key", key));
        }
      }
    } else {
      Complain(PlaceOf(*node), Error("catalog_bad_value").With("id", id).With("key", key));
    }
    return texts;
  }

  void ReadUnit(const std::string& id, const toml::table& table, std::string_view key, std::optional<Unit>& unit) {
    const std::string text = Text(id, table, key, false);
    if (text.empty()) return;
    unit = ParseUnit(text);
    if (!unit) Complain(PlaceOf(*table.get(key)), Error("catalog_unknown_unit").With("id", id).With("unit", text));
  }

  bool Register(Catalog::Index& index, const std::string& id, size_t position, const Place& place) {
    if (index.emplace(id, static_cast<int>(position)).second) return true;
    Complain(place, Error("catalog_duplicate_id").With("id", id));
    return false;
  }

  void ReadEvent(const std::string& id, const toml::table& table, const Place& place) {
    CheckKeys(id, table,
              {"name", "when", "start", "stage", "amount", "reasons", "signed", "interval", "timely", "source"});
    if (!Register(catalog_->event_index_, id, catalog_->events_.size(), place)) return;
    Event event;
    event.id = id;
    event.place = place;
    event.name = Both(id, table, "name", true);
    event.when = Both(id, table, "when", true);
    event.start = table["start"].value_or(false);
    event.is_signed = table["signed"].value_or(false);
    event.stage = Text(id, table, "stage", false);
    ReadUnit(id, table, "amount", event.amount);
    event.reasons = Texts(id, table, "reasons");
    event.source = Text(id, table, "source", true);
    if (const toml::table* interval = table["interval"].as_table()) {
      event.interval.emplace();
      pending_intervals_.push_back(
          {catalog_->events_.size(), Texts(id, *interval, "opened_by"), Texts(id, *interval, "closed_by")});
    }
    if (const toml::table* timely = table["timely"].as_table()) {
      event.timely.emplace();
      const std::string limit = Text(id, *timely, "limit", true);
      event.timely->limit_ms = LimitMs(limit);
      if (event.timely->limit_ms <= 0) {
        Complain(place, Error("catalog_bad_value").With("id", id).With("key", "limit"));
      }
      pending_timely_.push_back(
          {catalog_->events_.size(), Text(id, *timely, "event", true), Text(id, *timely, "answers", true)});
    }
    catalog_->events_.push_back(std::move(event));
  }

  // "24h", "90m", "3d" in milliseconds; 0 when malformed.
  static int64_t LimitMs(std::string_view text) {
    if (text.size() < 2 || text.size() > 6) return 0;
    int64_t number = 0;
    for (const char c : text.substr(0, text.size() - 1)) {
      if (c < '0' || c > '9') return 0;
      number = number * 10 + (c - '0');
    }
    switch (text.back()) {
      case 'm': return number * 60'000;
      case 'h': return number * 3'600'000;
      case 'd': return number * 86'400'000;
      default: return 0;
    }
  }

  void ReadMeasure(const std::string& id, const toml::table& table, const Place& place) {
    CheckKeys(id, table, {"name", "sum", "kind", "unit", "source"});
    if (!Register(catalog_->measure_index_, id, catalog_->measures_.size(), place)) return;
    Measure measure;
    measure.id = id;
    measure.place = place;
    measure.name = Both(id, table, "name", true);
    measure.sum = Text(id, table, "sum", true);
    measure.source = Text(id, table, "source", true);
    const std::string kind = Text(id, table, "kind", true);
    if (kind != "flow" && kind != "balance") {
      Complain(place, Error("catalog_bad_value").With("id", id).With("key", "kind"));
    }
    measure.balance = kind == "balance";
    std::optional<Unit> unit;
    ReadUnit(id, table, "unit", unit);
    if (!unit) Complain(place, Error("catalog_missing").With("id", id).With("key", "unit"));
    measure.unit = unit.value_or(Unit::kCount);
    catalog_->measures_.push_back(std::move(measure));
  }

  void ReadKpi(const std::string& id, const toml::table& table, const Place& place) {
    CheckKeys(id, table,
              {"name", "also", "formula", "formula_lower", "parameter", "family", "unit", "better", "slices", "cadence",
               "basis", "meaning", "beware", "benchmark", "source", "see_also"});
    if (!Register(catalog_->kpi_index_, id, catalog_->kpis_.size(), place)) return;
    Kpi kpi;
    kpi.id = id;
    kpi.place = place;
    kpi.family = Text(id, table, "family", false);
    kpi.name = Both(id, table, "name", true);
    kpi.also = Texts(id, table, "also");
    kpi.formula = Text(id, table, "formula", true);
    kpi.formula_lower = Text(id, table, "formula_lower", false);
    kpi.parameter = Text(id, table, "parameter", false);
    std::optional<Unit> unit;
    ReadUnit(id, table, "unit", unit);
    if (!unit) Complain(place, Error("catalog_missing").With("id", id).With("key", "unit"));
    kpi.unit = unit.value_or(Unit::kCount);
    const std::string better = Text(id, table, "better", true);
    kpi.better = better == "higher" ? Better::kHigher : better == "lower" ? Better::kLower : Better::kNone;
    if (better != "higher" && better != "lower" && better != "none") {
      Complain(place, Error("catalog_bad_value").With("id", id).With("key", "better"));
    }
    kpi.slices = Texts(id, table, "slices");
    for (const std::string& slice : kpi.slices) {
      if (!ParseDim(slice)) Complain(place, Error("catalog_unknown_name").With("id", id).With("name", slice));
    }
    kpi.cadence = Texts(id, table, "cadence");
    for (const std::string& cadence : kpi.cadence) {
      if (!ParseGrain(cadence) && cadence != "event") {
        Complain(place, Error("catalog_unknown_name").With("id", id).With("name", cadence));
      }
    }
    kpi.basis = Text(id, table, "basis", false);
    kpi.meaning = Both(id, table, "meaning", true);
    kpi.beware = Both(id, table, "beware", false);
    kpi.benchmark = Both(id, table, "benchmark", false);
    kpi.source = Text(id, table, "source", true);
    kpi.see_also = Texts(id, table, "see_also");
    catalog_->kpis_.push_back(std::move(kpi));
  }

  void ReadStage(const std::string& id, const toml::table& table, const Place& place) {
    CheckKeys(id, table,
              {"name", "order", "event", "milestone", "terminal", "next", "owner", "activities", "access_forms",
               "forms", "kpis", "synonyms"});
    for (const Stage& other : catalog_->stages_) {
      if (other.id == id) Complain(place, Error("catalog_duplicate_id").With("id", id));
    }
    Stage stage;
    stage.id = id;
    stage.place = place;
    stage.name = Both(id, table, "name", true);
    stage.order = table["order"].value_or(0);
    stage.event = Text(id, table, "event", false);
    stage.milestone = table["milestone"].value_or(false);
    stage.terminal = table["terminal"].value_or(false);
    stage.next = Text(id, table, "next", false);
    stage.owner = Texts(id, table, "owner");
    stage.forms = Texts(id, table, "forms");
    stage.kpis = Texts(id, table, "kpis");
    stage.synonyms = Texts(id, table, "synonyms");
    if (const toml::array* activities = table["activities"].as_array()) {
      for (const toml::node& activity : *activities) stage.activities.push_back(Both(id, activity, "activities"));
    }
    catalog_->stages_.push_back(std::move(stage));
  }

  void ReadRole(const std::string& id, const toml::table& table, const Place& place) {
    constexpr std::array<std::pair<std::string_view, Role::Rows>, 4> kRows = {{{"own", Role::Rows::kOwn},
                                                                               {"team", Role::Rows::kTeam},
                                                                               {"dealer", Role::Rows::kDealer},
                                                                               {"network", Role::Rows::kNetwork}}};
    CheckKeys(id, table, {"rows", "may"});
    if (catalog_->FindRole(id) != nullptr) Complain(place, Error("catalog_duplicate_id").With("id", id));
    Role role;
    role.id = id;
    role.place = place;
    const std::string rows = Text(id, table, "rows", true);
    const auto known = std::find_if(kRows.begin(), kRows.end(), [&](const auto& named) { return named.first == rows; });
    if (known != kRows.end()) {
      role.rows = known->second;
    } else if (!rows.empty()) {
      Complain(place, Error("catalog_unknown_name").With("id", id).With("name", rows));
    }
    role.may = Texts(id, table, "may");
    for (const std::string& right : role.may) {
      const auto rights = Rights();
      if (std::find(rights.begin(), rights.end(), right) == rights.end()) {
        Complain(place, Error("catalog_unknown_name").With("id", id).With("name", right));
      }
    }
    catalog_->roles_.push_back(std::move(role));
  }

  // A role is named by the list of roles.
  void JoinRoles() {
    for (const Role& role : catalog_->roles_) {
      if (catalog_->NameOf(role).en.empty()) {
        Complain(role.place, Error("catalog_unknown_name").With("id", role.id).With("name", role.id));
      }
    }
  }

  void ReadList(const std::string& id, const toml::table& table, const Place& place) {
    CheckKeys(id, table, {"name", "dimension", "event", "also", "feature", "codes"});
    for (const CodeList& other : catalog_->lists_) {
      if (other.id == id) Complain(place, Error("catalog_duplicate_id").With("id", id));
    }
    CodeList list;
    list.id = id;
    list.place = place;
    list.name = Both(id, table, "name", true);
    list.dimension = Text(id, table, "dimension", false);
    list.feature = Text(id, table, "feature", false);
    if (!list.dimension.empty() && !ParseDim(list.dimension)) {
      Complain(place, Error("catalog_unknown_name").With("id", id).With("name", list.dimension));
    }
    if (const std::string event = Text(id, table, "event", false); !event.empty()) list.events.push_back(event);
    for (std::string& event : Texts(id, table, "also")) list.events.push_back(std::move(event));
    std::set<std::string> seen;
    if (const toml::array* codes = table["codes"].as_array()) {
      for (const toml::node& node : *codes) {
        const toml::table* entry = node.as_table();
        if (entry == nullptr) {
          Complain(PlaceOf(node), Error("catalog_bad_value").With("id", id).With("key", "codes"));
          continue;
        }
        Code code;
        code.code = Text(id, *entry, "code", true);
        code.name = Both(id + "." + code.code, node, "name");
        code.synonyms = Texts(id, *entry, "synonyms");
        if (!seen.insert(code.code).second) {
          Complain(PlaceOf(node), Error("catalog_duplicate_id").With("id", id + "." + code.code));
        }
        list.codes.push_back(std::move(code));
      }
    }
    if (list.codes.empty()) Complain(place, Error("catalog_missing").With("id", id).With("key", "codes"));
    catalog_->lists_.push_back(std::move(list));
  }

  // Every measure can be supplied as a reading: an event of its own.
  void AddReadingEvents() {
    for (size_t i = 0; i < catalog_->measures_.size(); ++i) {
      Measure& measure = catalog_->measures_[i];
      Event event;
      event.id = "reading." + measure.id;
      event.name = measure.name;
      event.reading_of = static_cast<int>(i);
      event.is_signed = true;
      event.place = measure.place;
      measure.reading_event = static_cast<int>(catalog_->events_.size());
      catalog_->event_index_.emplace(event.id, measure.reading_event);
      catalog_->events_.push_back(std::move(event));
    }
  }

  int EventNamed(const std::string& name, const std::string& id, const Place& place) {
    const int event = catalog_->FindEvent(name);
    if (event < 0) Complain(place, Error("catalog_unknown_name").With("id", id).With("name", name));
    return event;
  }

  void JoinEvents() {
    for (const auto& [position, opened_by, closed_by] : pending_intervals_) {
      Event& event = catalog_->events_[position];
      for (const std::string& name : opened_by) {
        if (const int e = EventNamed(name, event.id, event.place); e >= 0) event.interval->opened_by.push_back(e);
      }
      for (const std::string& name : closed_by) {
        if (const int e = EventNamed(name, event.id, event.place); e >= 0) event.interval->closed_by.push_back(e);
      }
    }
    for (const auto& [position, answer, answers] : pending_timely_) {
      Event& event = catalog_->events_[position];
      event.timely->event = EventNamed(answer, event.id, event.place);
      event.timely->answers = EventNamed(answers, event.id, event.place);
    }
    for (const Event& event : catalog_->events_) {
      const auto derived = [&](int e) { return e >= 0 && catalog_->events_[static_cast<size_t>(e)].derived(); };
      bool bad = event.timely && (derived(event.timely->event) || derived(event.timely->answers));
      if (event.interval) {
        for (const int e : event.interval->opened_by) bad |= derived(e);
        for (const int e : event.interval->closed_by) bad |= derived(e);
      }
      if (bad) Complain(event.place, Error("catalog_derived_from_derived").With("id", event.id));
    }
  }

  // Reads "q1(td_survey[reason=satisfied])".
  void JoinMeasures() {
    for (Measure& measure : catalog_->measures_) {
      if (measure.sum == "reading") {
        measure.kind = SumKind::kReading;
        measure.event = measure.reading_event;
        continue;
      }
      const std::string& text = measure.sum;
      const size_t open = text.find('(');
      const std::string kind = text.substr(0, open);
      if (open == std::string::npos || text.back() != ')') {
        Complain(measure.place, Error("catalog_bad_sum").With("id", measure.id).With("text", text));
        continue;
      }
      std::string inner = text.substr(open + 1, text.size() - open - 2);
      if (kind == "q") {
        measure.kind = SumKind::kQuantity;
      } else if (kind == "q1") {
        measure.kind = SumKind::kFirstQuantity;
      } else if (kind == "a") {
        measure.kind = SumKind::kAmount;
      } else if (kind == "days") {
        measure.kind = SumKind::kDays;
      } else {
        Complain(measure.place, Error("catalog_bad_sum").With("id", measure.id).With("text", text));
        continue;
      }
      const size_t bracket = inner.find('[');
      if (bracket != std::string::npos && inner.back() == ']') {
        for (const std::string& filter : Split(inner.substr(bracket + 1, inner.size() - bracket - 2), ',')) {
          const size_t equals = filter.find('=');
          const auto dim = ParseDim(Trim(filter.substr(0, equals)));
          if (equals == std::string::npos || !dim) {
            Complain(measure.place, Error("catalog_bad_sum").With("id", measure.id).With("text", text));
          } else {
            measure.filters.push_back({*dim, std::string(Trim(filter.substr(equals + 1)))});
          }
        }
        inner.resize(bracket);
      }
      measure.event = EventNamed(inner, measure.id, measure.place);
      if (measure.event < 0) continue;
      const Event& event = catalog_->events_[static_cast<size_t>(measure.event)];
      if (measure.kind == SumKind::kAmount && event.amount != measure.unit) {
        Complain(measure.place, Error("catalog_unit_mismatch")
                                    .With("id", measure.id)
                                    .With("unit", UnitName(measure.unit))
                                    .With("found", event.amount ? UnitName(*event.amount) : "none"));
      }
      for (const SumFilter& filter : measure.filters) {
        if (filter.dim == Dim::kReason && !event.reasons.empty() &&
            std::find(event.reasons.begin(), event.reasons.end(), filter.code) == event.reasons.end()) {
          Complain(measure.place, Error("catalog_unknown_name").With("id", measure.id).With("name", filter.code));
        }
      }
    }
  }

  void JoinKpis() {
    for (const Kpi& kpi : catalog_->kpis_) {
      if (catalog_->FindMeasure(kpi.id) >= 0) Complain(kpi.place, Error("catalog_duplicate_id").With("id", kpi.id));
      for (const std::string& other : kpi.see_also) {
        if (catalog_->FindKpi(other) < 0) {
          Complain(kpi.place, Error("catalog_unknown_name").With("id", kpi.id).With("name", other));
        }
      }
    }
  }

  void JoinStages() {
    for (const Stage& stage : catalog_->stages_) {
      if (!stage.event.empty()) (void)EventNamed(stage.event, stage.id, stage.place);
      for (const std::string& kpi : stage.kpis) {
        if (catalog_->FindKpi(kpi) < 0) {
          Complain(stage.place, Error("catalog_unknown_name").With("id", stage.id).With("name", kpi));
        }
      }
    }
    std::stable_sort(catalog_->stages_.begin(), catalog_->stages_.end(),
                     [](const Stage& a, const Stage& b) { return a.order < b.order; });
    // The stages are the codes of the dimension `stage`.
    CodeList stages;
    stages.id = "stage";
    stages.name = {"Stage", "阶段"};
    stages.dimension = "stage";
    for (const Stage& stage : catalog_->stages_) {
      stages.place = stage.place;
      stages.codes.push_back({stage.id, stage.name, stage.synonyms});
    }
    if (!stages.codes.empty()) catalog_->lists_.push_back(std::move(stages));
  }

  void IndexCodes() {
    for (size_t l = 0; l < catalog_->lists_.size(); ++l) {
      const CodeList& list = catalog_->lists_[l];
      const auto dim = ParseDim(list.dimension);
      if (!dim) continue;
      for (const std::string& event : list.events) (void)EventNamed(event, list.id, list.place);
      for (size_t c = 0; c < list.codes.size(); ++c) {
        const Code& code = list.codes[c];
        const std::pair<int, int> at{static_cast<int>(l), static_cast<int>(c)};
        std::vector<std::string> spellings = {code.code, code.name.en, code.name.zh};
        spellings.insert(spellings.end(), code.synonyms.begin(), code.synonyms.end());
        for (const std::string& spelling : spellings) {
          const auto [it, fresh] =
              catalog_->code_index_.emplace(std::pair{static_cast<int>(*dim), ToLower(Trim(spelling))}, at);
          // Reasons of different events may share a spelling; within one list it would be ambiguous.
          if (!fresh && it->second.first == at.first && it->second != at) {
            Complain(list.place, Error("catalog_duplicate_id").With("id", list.id + ": " + spelling));
          }
        }
      }
    }
  }

  struct PendingInterval {
    size_t position;
    std::vector<std::string> opened_by;
    std::vector<std::string> closed_by;
  };
  struct PendingTimely {
    size_t position;
    std::string event;
    std::string answers;
  };

  std::string file_;
  std::shared_ptr<Catalog> catalog_ = std::make_shared<Catalog>();
  std::vector<PendingInterval> pending_intervals_;
  std::vector<PendingTimely> pending_timely_;
  Loaded loaded_;
};

Loaded Load(const std::vector<EmbeddedFile>& files) { return Loader().Run(files); }

std::shared_ptr<const Catalog> WithKpis(const Catalog& base, std::vector<Kpi> kpis) {
  auto catalog = std::make_shared<Catalog>(base);
  for (Kpi& kpi : kpis) {
    const bool fresh = catalog->kpi_index_.emplace(kpi.id, static_cast<int>(catalog->kpis_.size())).second;
    assert(fresh && base.FindMeasure(kpi.id) < 0);
    if (fresh) catalog->kpis_.push_back(std::move(kpi));
  }
  return catalog;
}

}  // namespace dealpace::catalog
