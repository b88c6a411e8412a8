#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/zones.h"
#include "catalog/catalog.h"
#include "exchange/booker.h"
#include "exchange/dates.h"
#include "exchange/import_names.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"

namespace dealpace::exchange {

// Instants and days by a zone, where one day follows another: what holds for a day is asked for once.
class DayClock {
 public:
  explicit DayClock(Zone zone) : zone_(std::move(zone)) {}
  [[nodiscard]] const Zone& zone() const { return zone_; }
  [[nodiscard]] Instant At(Day day, int ms_of_day);
  [[nodiscard]] bool even() const { return even_; }  // of the day last asked about: the clock is not changed on it

 private:
  Zone zone_;
  Day day_{INT32_MIN};
  Instant begins_{};
  bool even_ = false;
};

// The mapping of an events file made ready for very many rows: each column is found once, and what the same text
// means is looked up once. It knows the ordinary row only. Whatever is refused, wanting, or written in an unusual way,
// it leaves to the RowConverter, which means the same. Used by one thread.
class RowPlan {
 public:
  // What the converter has found out about the mapping; all of it outlives the plan.
  struct Basis {
    const catalog::Catalog& catalog;
    const Mapping& mapping;
    const std::vector<EventRule>& rules;
    const std::set<std::string>& missing;
    const std::map<std::string, int>& event_by_text;
    Names& names;
  };
  RowPlan(const Basis& basis, const std::vector<std::string>& headers);

  // From now on rows are doubted, as RowConverter::Doubt has it.
  void Doubt(Instant now) { doubt_since_ = now; }

  // Adds what the row states and denies and, each once, its notes. False, and nothing added, when it is none of the
  // ordinary.
  [[nodiscard]] bool Convert(const Row& row, std::string_view key, std::vector<Statement>& statements,
                             std::vector<Denial>& denials, std::vector<int>& notes);

 private:
  // Values by text: each distinct text is looked up once.
  template <typename T>
  class ByText {
   public:
    [[nodiscard]] const T* Find(std::string_view text) const;
    const T* Insert(std::string_view text, T value);
    void Clear();

   private:
    struct Entry {
      uint64_t hash = 0;
      std::string text;
      T value{};
    };
    void Grow();
    std::vector<uint32_t> slots_;  // positions among entries_, from 1
    std::vector<Entry> entries_;
  };

  // Where a field comes from.
  struct FieldPlan {
    int column = -1;
    std::string fallback;                                   // where the cell has no value
    const std::map<std::string, std::string>* values = {};  // what texts mean
    [[nodiscard]] bool any() const { return column >= 0 || !fallback.empty() || values != nullptr; }
    [[nodiscard]] bool plain() const { return fallback.empty() && values == nullptr; }
    bool operator==(const FieldPlan&) const = default;
  };
  struct Named {
    int64_t id = 0;
    int note = -1;
  };
  struct DealerPlan {
    struct OfRule {
      ByText<Named> staff;
      std::unordered_map<int, std::string> identities;  // by event: what stands before the key cells
      const std::string* identity = nullptr;            // of the event, where it is fixed
    };
    const org::Dealer* dealer = nullptr;
    int note = -1;
    std::vector<OfRule> rules;
  };
  // How rules find the dealer: most mappings have one way for all of them. What the row has is looked up once.
  struct DealerLook {
    FieldPlan dealer;
    FieldPlan region;
    ByText<std::shared_ptr<DealerPlan>> dealers;
    DealerPlan* of_row = nullptr;
  };
  // A column with dates, the row's read once.
  struct DateColumn {
    int column = -1;
    bool read = false;
    bool ordinary = true;
    std::optional<DateTime> date;
  };
  struct Number {
    int column = -1;
    bool needed = false;  // without a value the row records nothing
  };
  struct RulePlan {
    const EventRule* rule = nullptr;
    size_t number = 0;
    int fixed_event = -1;
    size_t at = 0;    // of the date columns
    size_t look = 0;  // of the dealer looks
    int place = 0;
    FieldPlan event;
    FieldPlan staff;
    FieldPlan team;
    FieldPlan lead;
    FieldPlan attempt;
    std::vector<std::pair<Dim, FieldPlan>> members;
    Number count;
    Number amount;
    bool amount_of_some = false;  // only of events that have one
    std::vector<std::pair<int, const std::vector<std::string>*>> when;
    ByText<int> events;
    std::vector<ByText<Named>> names;                // of each member dimension
    std::unordered_map<int, ByText<Named>> reasons;  // by event
  };

  [[nodiscard]] bool Compile(const EventRule& rule, RulePlan& plan);
  [[nodiscard]] FieldPlan PlanOf(const EventRule& rule, const std::string& field) const;
  [[nodiscard]] int ColumnOf(const std::string& header) const;
  [[nodiscard]] std::string MeaningOf(const FieldPlan& field, std::string_view cell) const;
  [[nodiscard]] bool IsMissing(std::string_view text) const { return text.empty() || missing_.contains(text); }
  [[nodiscard]] std::string_view Text(const Row& row, int column) const;

  [[nodiscard]] bool ConvertRule(const Row& row, std::string_view key, RulePlan& plan,
                                 std::vector<Statement>& statements, std::vector<Denial>& denials,
                                 std::vector<int>& notes);
  // False: not ordinary. `records`: whether the entry says that something happened.
  [[nodiscard]] bool SetEntry(const Row& row, RulePlan& plan, int event, const DateTime& date, DealerPlan& dealer,
                              ledger::NewEntry& entry, bool& records, std::vector<int>& notes);
  [[nodiscard]] int EventOf(const Row& row, RulePlan& plan) const;
  [[nodiscard]] DealerPlan* DealerOf(const Row& row, DealerLook& look);
  [[nodiscard]] const DateColumn& DateOf(const Row& row, DateColumn& at) const;
  [[nodiscard]] const std::string& IdentityOf(const RulePlan& plan, DealerPlan& dealer, int event) const;
  [[nodiscard]] bool SetTime(const DateTime& date, const org::Dealer& dealer, ledger::NewEntry& entry);
  // False: not ordinary. `records`: whether there is anything to record.
  [[nodiscard]] bool SetNumbers(const Row& row, const RulePlan& plan, const catalog::Event& event,
                                ledger::NewEntry& entry, bool& records) const;
  [[nodiscard]] bool SetNames(const Row& row, RulePlan& plan, int event, DealerPlan& dealer, ledger::NewEntry& entry,
                              std::vector<int>& notes);
  [[nodiscard]] DayClock* ClockOf(const std::string& time_zone);

  const Basis basis_;
  const std::vector<std::string>& headers_;
  std::set<std::string, std::less<>> missing_;
  bool usable_ = true;
  size_t date_length_ = 0;  // of the dates that are understood; 0: day, minute and second
  std::optional<Instant> doubt_since_;
  std::vector<RulePlan> rules_;
  std::vector<DealerLook> looks_;
  std::vector<DateColumn> dates_;
  std::unordered_map<std::string, DayClock> clocks_;
  std::optional<std::string> file_zone_;
  int64_t names_made_ = 0;
  std::string text_;  // of a key, used again
};

}  // namespace dealpace::exchange
