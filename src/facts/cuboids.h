#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/days.h"
#include "catalog/dims.h"
#include "facts/bytes.h"

namespace dealpace::facts {

// All dimensions but the dealer itself, in which the codes of rows stand.
inline constexpr int kCodedDims = kDimCount - 1;
[[nodiscard]] constexpr size_t CodedDim(Dim dim) { return static_cast<size_t>(dim) - 1; }
[[nodiscard]] constexpr uint32_t BitOf(Dim dim) { return 1U << static_cast<unsigned>(dim); }

// What a measure takes of a row.
enum class Taken {
  kQuantity,
  kFirstQuantity,
  kAmount,
  kDays,  // since the start of the lead, of firsts
};

// Sums of one dealer, or of many together, that are kept ready for the questions asked most: by event and day or month,
// for a few choices of dimensions. A row adds to them when it comes and subtracts when it is struck out, so they are
// always those of the rows. Not thread-safe by itself: as DealerFacts.
class Cuboids {
 public:
  // The codes of a row's dimensions, by Dim. That of the dealer counts among many only.
  using Codes = std::array<int32_t, kDimCount>;

  // Those of one dealer.
  Cuboids();
  // Those of many, told apart by dealer and region but not by team and consultant: there are too many. By dealer only
  // where there are not too many of these either.
  [[nodiscard]] static Cuboids OfMany(bool by_dealer);

  struct RowSums {
    int event = 0;  // position among the dealer's events
    int32_t day = 0;
    int32_t cohort = 0;  // cohort day − day
    bool first = false;
    int64_t quantity = 0;
    int64_t amount = 0;
    int64_t days = 0;  // since the lead's start, in thousandths; 0 where no measure asks for them
  };
  // Adds a row, or takes it away with `sign` −1.
  void Add(const RowSums& row, const Codes& codes, int sign);

  // One choice of dimensions and time.
  class Cuboid;
  // The smallest one that can answer sums of an event over these dimensions (bits by Dim) on period basis; null when
  // there is none. One by month answers for whole months only.
  [[nodiscard]] const Cuboid* Find(int event, uint32_t dims) const;
  // The same on cohort basis: by month of the lead's start and age in days.
  [[nodiscard]] const Cuboid* FindCohorts(int event, uint32_t dims) const;

  // First and last day of any row; nothing when there is none. Only of use while whole.
  [[nodiscard]] std::optional<Period> Extent() const;
  // Whether no event was left out for days that lie too far apart.
  [[nodiscard]] bool whole() const { return cuboids_[kAll].whole(); }

  [[nodiscard]] size_t bytes() const;

  // Adds the sums of one dealer to those of many. `code` gives the code here for one there of a dimension; for the
  // dealer and the region, which hold for all of that dealer's rows, whatever is passed.
  using CodeHere = std::function<int32_t(Dim dim, int32_t code)>;
  void AddAll(const Cuboids& one, const CodeHere& code);
  // Rows cannot be told apart by region from now on.
  void LeaveOutRegions();

  void Save(ByteWriter& out) const;
  void Load(ByteReader& in);

  // Ages from so many days on are not told apart.
  static constexpr int32_t kAgesMax = 64;

  struct Sum {
    int64_t sum = 0;
    int64_t rows = 0;
  };
  // The sums of one event, taken one way, in a cuboid.
  struct Series {
    int32_t first_slot = 0;
    int32_t slots = 0;
    size_t combinations = 0;
    size_t inner = 1;
    const int32_t* rows = nullptr;
    const int64_t* values = nullptr;  // beyond `each` of every row
    int64_t each = 0;

    // The slots [from, to), looked up once for all combinations: days, or months counted from year 0; for cohorts the
    // months, with ages up to `age_max`.
    struct Window {
      int32_t from = 0;
      int32_t to = 0;  // not after `from`: none of the slots
      int32_t age_max = 0;
      size_t last = 0;      // slots of a combination, counted from its first: the one that ends the window …
      size_t before = 0;    // … and the one before it,
      bool begins = false;  // unless it begins with the first
    };
    [[nodiscard]] Window WindowOf(int32_t from, int32_t to, int32_t age_max = kAgesMax - 1) const {
      Window window{std::max(from, first_slot), std::min(to, first_slot + slots), age_max};
      if (window.from >= window.to) return window;
      window.last = static_cast<size_t>(window.to - 1 - first_slot);
      window.begins = window.from == first_slot;
      if (!window.begins) window.before = static_cast<size_t>(window.from - 1 - first_slot);
      return window;
    }
    // What they hold of a combination, one of `combinations`.
    [[nodiscard]] Sum In(const Window& window, size_t combination) const {
      if (window.from >= window.to) return {};
      if (inner != 1) return UpToAge(combination, window.from, window.to, window.age_max);
      const size_t first = combination * static_cast<size_t>(slots);
      Sum sum{values == nullptr ? 0 : values[first + window.last], rows[first + window.last]};
      if (!window.begins) {
        sum.rows -= rows[first + window.before];
        if (values != nullptr) sum.sum -= values[first + window.before];
      }
      sum.sum += sum.rows * each;
      return sum;
    }
    // Begins to fetch what In will look at.
    void Prefetch(size_t combination, int32_t from, int32_t to) const {
      if (combination >= combinations) return;
      for (const int32_t slot : {inner == 1 ? from - 1 : from, to - 1}) {
        if (slot < first_slot || slot >= first_slot + slots) continue;
        const size_t at = At(combination, slot) * inner;
        __builtin_prefetch(rows + at);
        if (values != nullptr) __builtin_prefetch(values + at);
      }
    }
    // Σ value × (day − origin), of a cuboid by day.
    [[nodiscard]] int64_t DaySum(size_t combination, int32_t from, int32_t to, int32_t origin) const;

   private:
    [[nodiscard]] size_t At(size_t combination, int32_t slot) const {
      return combination * static_cast<size_t>(slots) + static_cast<size_t>(slot - first_slot);
    }
    [[nodiscard]] Sum UpToAge(size_t combination, int32_t from, int32_t to, int32_t age_max) const;
  };
  class Cuboid {
   public:
    enum class Time { kDay, kMonth, kCohortMonth };
    Cuboid(Time time, std::initializer_list<Dim> dims);

    void Add(const RowSums& row, int32_t slot, const Codes& codes, int sign);

    [[nodiscard]] Time time() const { return time_; }
    // Whether it holds the rows of the event.
    [[nodiscard]] bool Has(int event) const {
      if (left_out_) return false;
      if (static_cast<size_t>(event) >= tables_.size()) return !on_demand_;
      const Table& table = tables_[static_cast<size_t>(event)];
      return !table.given_up && (!on_demand_ || table.slots > 0);
    }
    [[nodiscard]] bool whole() const {
      return std::none_of(tables_.begin(), tables_.end(), [](const Table& table) { return table.given_up; });
    }
    // Of no use from now on.
    void LeaveOut() { left_out_ = true; }
    [[nodiscard]] bool left_out() const { return left_out_; }
    // Adds what another one has of an event. Of the dimensions that it lacks the reason is not set, and `code` knows
    // the others.
    void AddEvent(int event, const Cuboid& other, const CodeHere& code);
    [[nodiscard]] size_t events() const { return tables_.size(); }
    // Keeps events only from Adopt on.
    Cuboid&& OnDemand() && {
      on_demand_ = true;
      return std::move(*this);
    }
    [[nodiscard]] bool on_demand() const { return on_demand_; }
    // Takes the rows of an event so far, those of `all`, none of which has a reason; those are told apart as here
    // otherwise. The next has that slot.
    void Adopt(int event, const Cuboid& all, int32_t slot);
    [[nodiscard]] uint32_t dims() const { return dims_mask_; }
    [[nodiscard]] bool by(Dim dim) const { return (dims_mask_ & BitOf(dim)) != 0; }
    // The combinations of codes met so far, numbered from 0, and the code of one of them.
    [[nodiscard]] size_t combinations() const { return combinations_; }
    [[nodiscard]] int32_t CodeOf(size_t combination, Dim dim) const { return CodesOf(dim)[combination * width_]; }
    // Those of one dimension: of the first combination, `width` further on of the next. Null while there are none.
    [[nodiscard]] const int32_t* CodesOf(Dim dim) const {
      return codes_.empty() ? nullptr : &codes_[place_[static_cast<size_t>(dim)]];
    }
    [[nodiscard]] size_t width() const { return width_; }
    // What it has of an event. Good until something is added.
    [[nodiscard]] Series Of(int event, Taken taken) const;
    // Slots with rows of the event lie in [first, last).
    [[nodiscard]] std::pair<int32_t, int32_t> Slots(int event) const;
    // Adds the slots of any event that hold rows.
    void Widen(std::optional<Period>& extent) const;
    [[nodiscard]] size_t bytes() const;
    void Save(ByteWriter& out) const;
    void Load(ByteReader& in);

   private:
    // The sums of one event: for each combination its slots in a row. By day or month a slot holds what came until
    // its end, so that any range is the difference of two; by cohort month its ages, each for itself. Firsts stand only
    // where a row was none, quantities where one was not 1, amounts and days where one was not 0.
    struct Table {
      bool given_up = false;
      int32_t first_slot = 0;
      int32_t slots = 0;  // room of each combination
      size_t combinations = 0;
      std::vector<int32_t> rows;
      std::vector<int32_t> firsts;
      std::vector<int64_t> quantity;        // beyond rows × 1
      std::vector<int64_t> first_quantity;  // beyond firsts × 1
      std::vector<int64_t> amount;
      std::vector<int64_t> days;
    };
    template <typename CodeAt>
    [[nodiscard]] uint64_t KeyOf(const CodeAt& code_at) const;
    [[nodiscard]] size_t Combination(const Codes& codes);
    static void GiveUp(Table& table);
    void MakeRoom(Table& table, int32_t slot, size_t combinations) const;
    [[nodiscard]] size_t Inner() const { return time_ == Time::kCohortMonth ? static_cast<size_t>(kAgesMax) : 1; }
    [[nodiscard]] bool running() const { return time_ != Time::kCohortMonth; }

    Time time_;
    bool on_demand_ = false;
    bool left_out_ = false;
    uint32_t dims_mask_ = 0;
    size_t width_ = 0;
    std::array<size_t, kDimCount> place_{};
    std::vector<Dim> dims_;
    std::vector<int32_t> codes_;
    size_t combinations_ = 0;
    std::unordered_map<uint64_t, uint32_t> index_;
    std::vector<uint32_t> small_;  // by the code, of a cuboid of one dimension
    std::vector<Table> tables_;    // by event
  };

 private:
  static constexpr size_t kAll = 0;
  // The cuboid of the same time that has all dimensions of this one but the reason.
  [[nodiscard]] const Cuboid& WithoutReason(const Cuboid& by_reason) const;

  std::vector<Cuboid> cuboids_;  // at kAll: by day, without dimensions
};

// Months counted from year 0.
[[nodiscard]] int32_t MonthOf(int32_t day);
[[nodiscard]] int32_t FirstDayOf(int32_t month);

}  // namespace dealpace::facts
