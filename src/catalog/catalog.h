#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/days.h"
#include "base/embedded.h"
#include "base/result.h"
#include "base/text.h"
#include "catalog/dims.h"

// What a salesperson can name, as data: events, measures, KPIs, stages and code lists, read from catalog/*.toml.
namespace dealpace::catalog {

// What the amount of an event, or a measure, or a KPI is counted in.
enum class Unit { kCount, kMoney, kPercent, kRatio, kDay, kHour, kScore, kPoints, kTimes, kPercentPoints };
[[nodiscard]] std::string_view UnitName(Unit unit);
[[nodiscard]] std::optional<Unit> ParseUnit(std::string_view name);

// Where a definition stands, for complaints.
struct Place {
  std::string file;
  int line = 0;
};

// One thing wrong with the catalogue.
struct Complaint {
  Place place;
  Error error;
};

// An interval lasts, for one attempt of a lead, from the first of the opening events to the first of the closing
// ones. It counts +1 when it opens and -1 when it closes.
struct Interval {
  std::vector<int> opened_by;
  std::vector<int> closed_by;
};

// A timely event is derived for the first `answers` of an attempt that an `event` follows within the limit.
struct Timely {
  int event = -1;
  int answers = -1;
  int64_t limit_ms = 0;
};

struct Event {
  std::string id;
  Bilingual name;
  Bilingual when;
  bool start = false;      // can begin a lead
  bool is_signed = false;  // quantities and amounts below zero are ordinary
  std::string stage;       // the stage whose milestone it is
  std::optional<Unit> amount;
  std::vector<std::string> reasons;  // the codes `reason` may have; empty: any
  std::optional<Interval> interval;
  std::optional<Timely> timely;
  // For a reading event ("reading.market_units"): the measure it supplies. Every measure has one.
  int reading_of = -1;
  std::string source;
  Place place;

  [[nodiscard]] bool derived() const { return interval.has_value() || timely.has_value(); }
};

enum class SumKind {
  kQuantity,       // q(event): all entries
  kFirstQuantity,  // q1(event): a lead's first entries
  kAmount,         // a(event)
  kDays,           // days(event): days from the lead's start, over first entries
  kReading,        // no operation records it
};

struct SumFilter {
  Dim dim{};
  std::string code;
};

struct Measure {
  std::string id;
  Bilingual name;
  std::string sum;  // as written
  SumKind kind = SumKind::kQuantity;
  int event = -1;          // index into events(); for a pure reading, its reading event
  int reading_event = -1;  // the event of readings that supply this measure
  std::vector<SumFilter> filters;
  bool balance = false;  // a running total: read as opening, closing, average
  Unit unit = Unit::kCount;
  std::string source;
  Place place;

  // Whether sums are of the amount column (hundredths) or of quantities (thousandths).
  [[nodiscard]] bool sums_amount() const {
    return kind == SumKind::kAmount || (kind == SumKind::kReading && unit != Unit::kCount && unit != Unit::kDay);
  }
};

enum class Better { kHigher, kLower, kNone };

struct Kpi {
  std::string id;
  std::string family;
  Bilingual name;
  std::vector<std::string> also;
  std::string formula;
  std::string formula_lower;  // for a parametric KPI, where its argument is better when lower
  std::string parameter;      // "x" for a parametric KPI, which is used as id(argument)
  Unit unit = Unit::kCount;
  Better better = Better::kNone;
  std::vector<std::string> slices;
  std::vector<std::string> cadence;
  std::string basis;  // "cohort" where that is the usual reading
  Bilingual meaning;
  Bilingual beware;
  Bilingual benchmark;
  std::string source;
  std::vector<std::string> see_also;
  Place place;
};

struct Stage {
  std::string id;
  Bilingual name;
  int order = 0;
  std::string event;
  bool milestone = false;
  bool terminal = false;
  std::string next;
  std::vector<std::string> owner;
  std::vector<Bilingual> activities;
  std::vector<std::string> forms;
  std::vector<std::string> kpis;
  std::vector<std::string> synonyms;
  Place place;
};

// What people in a post may do, and on whose rows. Its name is that of the code in list.role.
struct Role {
  enum class Rows { kOwn, kTeam, kDealer, kNetwork };
  std::string id;  // "SM"
  Rows rows = Rows::kOwn;
  std::vector<std::string> may;  // rights, of Rights()
  Place place;
};
// The rights that a role can give, in the order of roles.toml.
[[nodiscard]] std::span<const std::string_view> Rights();

struct Code {
  std::string code;
  Bilingual name;
  std::vector<std::string> synonyms;
};

struct CodeList {
  std::string id;
  Bilingual name;
  std::string dimension;            // empty when it fills no dimension of the ledger
  std::vector<std::string> events;  // reasons only: the events whose reasons these are
  std::string feature;
  std::vector<Code> codes;
  Place place;
};

// The checked definitions. Immutable; shared between threads. Events, measures and KPIs are known by their position,
// which stays the same as long as the files do; nothing outside the process stores it.
class Catalog {
 public:
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::vector<Measure>& measures() const { return measures_; }
  [[nodiscard]] const std::vector<Kpi>& kpis() const { return kpis_; }
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }
  [[nodiscard]] const std::vector<CodeList>& lists() const { return lists_; }
  [[nodiscard]] const std::vector<Role>& roles() const { return roles_; }
  // Null when there is none.
  [[nodiscard]] const Role* FindRole(std::string_view id) const;
  [[nodiscard]] Bilingual NameOf(const Role& role) const;

  // Position of an id, or -1.
  [[nodiscard]] int FindEvent(std::string_view id) const { return Find(event_index_, id); }
  [[nodiscard]] int FindMeasure(std::string_view id) const { return Find(measure_index_, id); }
  [[nodiscard]] int FindKpi(std::string_view id) const { return Find(kpi_index_, id); }
  // The code of a dimension (by code, or by name or synonym in either language, letter case aside); nothing when no
  // list of the dimension has it.
  [[nodiscard]] const Code* FindCode(Dim dim, std::string_view text) const;
  // The reason code of an event that the text means (code, name or synonym); nothing when its lists do not have it.
  [[nodiscard]] const Code* FindReason(std::string_view event, std::string_view text) const;
  // Whether some list fills this dimension.
  [[nodiscard]] bool HasCodes(Dim dim) const;
  // Events that an operation or a file can record: not the derived ones, not the readings.
  [[nodiscard]] std::vector<std::string> RecordableEvents() const;

 private:
  friend class Loader;
  friend std::shared_ptr<const Catalog> WithKpis(const Catalog& base, std::vector<Kpi> kpis);
  using Index = std::unordered_map<std::string, int>;
  static int Find(const Index& index, std::string_view id) {
    const auto it = index.find(std::string(id));
    return it == index.end() ? -1 : it->second;
  }

  std::vector<Event> events_;
  std::vector<Measure> measures_;
  std::vector<Kpi> kpis_;
  std::vector<Stage> stages_;
  std::vector<CodeList> lists_;
  std::vector<Role> roles_;
  Index event_index_;
  Index measure_index_;
  Index kpi_index_;
  std::map<std::pair<int, std::string>, std::pair<int, int>> code_index_;  // dim, lower-case text → list, code
};

struct Loaded {
  std::shared_ptr<const Catalog> catalog;  // what could be read, complaints or not
  std::vector<Complaint> complaints;       // in order of file and line
};

// Reads events.toml, measures.toml, kpis.toml, stages.toml, codes.toml and roles.toml from `files`. Files of the same
// name are read one after the other, so that a dealer's own kpis.toml adds to ours. Formulas are not looked into here:
// that is kpi::CheckFormulas.
[[nodiscard]] Loaded Load(const std::vector<EmbeddedFile>& files);

// The same catalogue with further KPIs behind its own, so that events, measures and KPIs keep their positions. Ids must
// not be taken by a KPI or measure of it, nor come twice.
[[nodiscard]] std::shared_ptr<const Catalog> WithKpis(const Catalog& base, std::vector<Kpi> kpis);

}  // namespace dealpace::catalog
