#include "facts/cuboids.h"

#include <algorithm>

namespace dealpace::facts {
namespace {

constexpr int64_t kOne = 1000;
constexpr int32_t kSlotsMin = 16;
// Events whose rows lie further apart, by a slip in a date, are left to the rows themselves.
constexpr int32_t kMonthsMax = 12 * 40;
constexpr int32_t kDaysMax = 366 * 40;

// The same code for processors with wider registers, chosen at start; not where a tool looks into every call.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define DEALPACE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define DEALPACE_WIDE
#endif

DEALPACE_WIDE void AddTo(int32_t* values, size_t count, int32_t what) {
  for (size_t i = 0; i < count; ++i) values[i] += what;
}
DEALPACE_WIDE void AddTo(int64_t* values, size_t count, int64_t what) {
  for (size_t i = 0; i < count; ++i) values[i] += what;
}

DEALPACE_WIDE int64_t Total(const int32_t* values, size_t count) {
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) total += values[i];
  return total;
}
DEALPACE_WIDE int64_t Total(const int64_t* values, size_t count) {
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) total += values[i];
  return total;
}

// Of values that hold what came until then: what came in each slot, or the other way round; `stride` slots belong
// together.
template <typename T>
std::vector<T> InEach(std::vector<T> values, size_t stride) {
  for (size_t end = values.size(); end > 0; end -= stride) {
    for (size_t i = end - 1; i > end - stride; --i) values[i] -= values[i - 1];
  }
  return values;
}
// False where they pass what T can hold.
template <typename T>
bool AddUp(std::vector<T>& values, size_t stride) {
  bool fits = true;
  for (size_t begin = 0; stride > 0 && begin + stride <= values.size(); begin += stride) {
    for (size_t i = begin + 1; i < begin + stride; ++i) {
      fits = !__builtin_add_overflow(values[i], values[i - 1], &values[i]) && fits;
    }
  }
  return fits;
}

}  // namespace

int32_t MonthOf(int32_t day) {
  // Howard Hinnant's civil_from_days, of which only year and month are wanted.
  const int32_t z = day + 719468;
  const int32_t era = (z >= 0 ? z : z - 146096) / 146097;
  const int32_t doe = z - era * 146097;
  const int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int32_t mp = (5 * doy + 2) / 153;
  const int32_t month = mp < 10 ? mp + 3 : mp - 9;
  const int32_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return year * 12 + month - 1;
}

int32_t FirstDayOf(int32_t month) {
  const int32_t m = (month % 12 + 12) % 12;
  const int32_t y = (month - m) / 12 - (m < 2 ? 1 : 0);
  const int32_t era = (y >= 0 ? y : y - 399) / 400;
  const int32_t yoe = y - era * 400;
  const int32_t doy = (153 * (m < 2 ? m + 10 : m - 2) + 2) / 5;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

// ---- One cuboid ----

Cuboids::Cuboid::Cuboid(Time time, std::initializer_list<Dim> dims) : time_(time), width_(dims.size()), dims_(dims) {
  for (size_t i = 0; i < dims_.size(); ++i) {
    dims_mask_ |= BitOf(dims_[i]);
    place_[static_cast<size_t>(dims_[i])] = i;
  }
  if (dims_.empty()) combinations_ = 1;
}

template <typename CodeAt>
uint64_t Cuboids::Cuboid::KeyOf(const CodeAt& code_at) const {
  const auto bits = static_cast<unsigned>(64 / width_);  // far more than there are members
  uint64_t key = 0;
  for (size_t i = 0; i < width_; ++i) key = key << bits | static_cast<uint32_t>(code_at(i));
  return key;
}

size_t Cuboids::Cuboid::Combination(const Codes& codes) {
  if (width_ == 0) return 0;
  const auto fresh = [&] {
    for (const Dim dim : dims_) codes_.push_back(codes[static_cast<size_t>(dim)]);
    return static_cast<uint32_t>(combinations_++);
  };
  if (width_ == 1) {
    const auto code = static_cast<size_t>(codes[static_cast<size_t>(dims_[0])]);
    if (code >= small_.size()) small_.resize(code + 1, UINT32_MAX);
    if (small_[code] == UINT32_MAX) small_[code] = fresh();
    return small_[code];
  }
  const uint64_t key = KeyOf([&](size_t i) { return codes[static_cast<size_t>(dims_[i])]; });
  const auto found = index_.find(key);
  if (found != index_.end()) return found->second;
  return index_.emplace(key, fresh()).first->second;
}

void Cuboids::Cuboid::MakeRoom(Table& table, int32_t slot, size_t combinations) const {
  Table wider;
  wider.combinations = std::max({table.combinations, combinations, size_t{1}});
  // Room for what comes: the next slots are likely the next days or months.
  int32_t first = table.slots == 0 ? slot : std::min(table.first_slot, slot);
  int32_t last = table.slots == 0 ? slot + 1 : std::max(table.first_slot + table.slots, slot + 1);
  if (first < table.first_slot || table.slots == 0) first -= time_ == Time::kDay ? kSlotsMin : 1;
  if (last > table.first_slot + table.slots) last += time_ == Time::kDay ? std::max(kSlotsMin, (last - first) / 4) : 2;
  wider.first_slot = first;
  wider.slots = last - first;
  const size_t inner = Inner();
  const size_t old_stride = static_cast<size_t>(table.slots) * inner;
  const size_t stride = static_cast<size_t>(wider.slots) * inner;
  const size_t shift = static_cast<size_t>(table.slots == 0 ? 0 : table.first_slot - first) * inner;
  const auto move = [&](const auto& from, auto& into, bool always) {
    if (from.empty() && !always) return;
    into.assign(wider.combinations * stride, 0);
    for (size_t c = 0; !from.empty() && c < table.combinations; ++c) {
      const auto begin = into.begin() + static_cast<std::ptrdiff_t>(c * stride);
      const auto end = std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(c * old_stride), old_stride,
                                   begin + static_cast<std::ptrdiff_t>(shift));
      if (running() && old_stride > 0) std::fill(end, begin + static_cast<std::ptrdiff_t>(stride), *(end - 1));
    }
  };
  move(table.rows, wider.rows, true);
  move(table.firsts, wider.firsts, false);
  move(table.quantity, wider.quantity, false);
  move(table.first_quantity, wider.first_quantity, false);
  move(table.amount, wider.amount, false);
  move(table.days, wider.days, false);
  table = std::move(wider);
}

void Cuboids::Cuboid::GiveUp(Table& table) {
  table = Table{};
  table.given_up = true;
}

void Cuboids::Cuboid::Add(const RowSums& row, int32_t slot, const Codes& codes, int sign) {
  if (static_cast<size_t>(row.event) >= tables_.size()) tables_.resize(static_cast<size_t>(row.event) + 1);
  Table& table = tables_[static_cast<size_t>(row.event)];
  if (table.given_up || (on_demand_ && table.slots == 0)) return;
  const int32_t span = std::max(table.first_slot + table.slots, slot + 1) - std::min(table.first_slot, slot);
  if (table.slots > 0 && span > (time_ == Time::kDay ? kDaysMax : kMonthsMax)) {
    GiveUp(table);
    return;
  }
  const size_t combination = Combination(codes);
  if (combination >= table.combinations || slot < table.first_slot || slot >= table.first_slot + table.slots) {
    MakeRoom(table, slot, combination < table.combinations ? table.combinations : combination + 1 + combination / 4);
  }
  size_t at = combination * static_cast<size_t>(table.slots) + static_cast<size_t>(slot - table.first_slot);
  size_t count = 1;  // that change
  if (running()) {
    count = static_cast<size_t>(table.first_slot + table.slots - slot);
    if (sign > 0 && table.rows[at + count - 1] == INT32_MAX) {
      GiveUp(table);
      return;
    }
  } else {
    at = at * kAgesMax + static_cast<size_t>(std::clamp(-row.cohort, 0, kAgesMax - 1));
  }
  const auto add = [&](std::vector<int64_t>& column, int64_t value) {
    if (value == 0) return;
    if (column.empty()) column.resize(table.rows.size());
    AddTo(column.data() + at, count, sign * value);
  };
  if (!row.first && table.firsts.empty()) table.firsts = table.rows;  // all were firsts so far
  AddTo(table.rows.data() + at, count, sign);
  add(table.quantity, row.quantity - kOne);
  add(table.amount, row.amount);
  if (!row.first) return;
  if (!table.firsts.empty()) AddTo(table.firsts.data() + at, count, sign);
  add(table.first_quantity, row.quantity - kOne);
  add(table.days, row.days);
}

void Cuboids::Cuboid::Adopt(int event, const Cuboid& all, int32_t slot) {
  AddEvent(event, all, [](Dim /*dim*/, int32_t code) { return code; });
  const auto at = static_cast<size_t>(event);
  if (at >= tables_.size()) tables_.resize(at + 1);
  if (tables_[at].slots == 0 && !tables_[at].given_up) MakeRoom(tables_[at], slot, 1);
}

void Cuboids::Cuboid::AddEvent(int event, const Cuboid& other, const CodeHere& code) {
  const auto at = static_cast<size_t>(event);
  if (at >= other.tables_.size() || other.tables_[at].slots == 0) {
    if (at < other.tables_.size() && other.tables_[at].given_up) {
      if (at >= tables_.size()) tables_.resize(at + 1);
      GiveUp(tables_[at]);
    }
    return;
  }
  if (at >= tables_.size()) tables_.resize(at + 1);
  const Table& from = other.tables_[at];
  const size_t inner = Inner();
  const size_t stride = static_cast<size_t>(from.slots) * inner;
  for (size_t c = 0; c < from.combinations; ++c) {
    const auto begin = from.rows.begin() + static_cast<std::ptrdiff_t>(c * stride);
    if (std::all_of(begin, begin + static_cast<std::ptrdiff_t>(stride), [](int32_t rows) { return rows == 0; })) {
      continue;  // room that is not taken, or all of it struck out
    }
    Codes codes{};
    for (const Dim dim : dims_) {
      if (other.by(dim)) {
        codes[static_cast<size_t>(dim)] = code(dim, other.CodeOf(c, dim));
      } else if (dim != Dim::kReason) {
        codes[static_cast<size_t>(dim)] = code(dim, 0);
      }
    }
    const size_t here = Combination(codes);
    Table& table = tables_[at];
    if (table.given_up) return;
    // The slots in use only: room on either side is each one's own affair.
    int32_t first = 0;
    int32_t last = from.slots;
    const auto used = [&](int32_t slot) {
      const auto b = begin + static_cast<std::ptrdiff_t>(static_cast<size_t>(slot) * inner);
      if (running()) return *b != (slot == 0 ? 0 : *(b - 1));
      return std::any_of(b, b + static_cast<std::ptrdiff_t>(inner), [](int32_t rows) { return rows != 0; });
    };
    while (!used(first)) ++first;
    while (!used(last - 1)) --last;
    const auto room = [&](int32_t slot) {
      if (here < table.combinations && slot >= table.first_slot && slot < table.first_slot + table.slots) return;
      MakeRoom(table, slot, here < table.combinations ? table.combinations : here + 1 + here / 4);
    };
    room(from.first_slot + first);
    room(from.first_slot + last - 1);
    if (!from.firsts.empty() && table.firsts.empty()) table.firsts = table.rows;
    const auto slots_before = static_cast<size_t>(from.first_slot + first - table.first_slot);
    const size_t into = (here * static_cast<size_t>(table.slots) + slots_before) * inner;
    const size_t out = c * stride + static_cast<size_t>(first) * inner;
    const size_t count = static_cast<size_t>(last - first) * inner;
    const size_t behind = running() ? static_cast<size_t>(table.slots) - slots_before - count : 0;
    if (running() && int64_t{table.rows[into + count + behind - 1]} + from.rows[out + count - 1] > INT32_MAX) {
      GiveUp(table);
      return;
    }
    const auto add = [&](const auto& theirs, auto& ours) {
      if (theirs.empty()) return;
      if (ours.empty()) ours.resize(table.rows.size());
      for (size_t i = 0; i < count; ++i) ours[into + i] += theirs[out + i];
      if (behind > 0) AddTo(ours.data() + into + count, behind, theirs[out + count - 1]);
    };
    if (!table.firsts.empty()) add(from.firsts.empty() ? from.rows : from.firsts, table.firsts);
    add(from.rows, table.rows);
    add(from.quantity, table.quantity);
    add(from.first_quantity, table.first_quantity);
    add(from.amount, table.amount);
    add(from.days, table.days);
  }
}

Cuboids::Series Cuboids::Cuboid::Of(int event, Taken taken) const {
  Series series;
  if (static_cast<size_t>(event) >= tables_.size()) return series;
  const Table& table = tables_[static_cast<size_t>(event)];
  series.first_slot = table.first_slot;
  series.slots = table.slots;
  series.combinations = table.combinations;
  series.inner = Inner();
  const bool of_firsts = taken == Taken::kFirstQuantity || taken == Taken::kDays;
  series.rows = of_firsts && !table.firsts.empty() ? table.firsts.data() : table.rows.data();
  const auto of = [](const std::vector<int64_t>& column) { return column.empty() ? nullptr : column.data(); };
  switch (taken) {
    case Taken::kQuantity: series.values = of(table.quantity); break;
    case Taken::kFirstQuantity: series.values = of(table.first_quantity); break;
    case Taken::kAmount: series.values = of(table.amount); break;
    case Taken::kDays: series.values = of(table.days); break;
  }
  series.each = taken == Taken::kQuantity || taken == Taken::kFirstQuantity ? kOne : 0;
  return series;
}

Cuboids::Sum Cuboids::Series::UpToAge(size_t combination, int32_t from, int32_t to, int32_t age_max) const {
  Sum sum;
  const size_t ages = static_cast<size_t>(age_max) + 1;
  for (int32_t slot = from; slot < to; ++slot) {
    const size_t begin = At(combination, slot) * inner;
    sum.rows += Total(rows + begin, ages);
    if (values != nullptr) sum.sum += Total(values + begin, ages);
  }
  sum.sum += sum.rows * each;
  return sum;
}

int64_t Cuboids::Series::DaySum(size_t combination, int32_t from, int32_t to, int32_t origin) const {
  int64_t total = 0;
  for (int32_t day = std::max(from, first_slot); day < std::min(to, first_slot + slots); ++day) {
    total += In(WindowOf(day, day + 1), combination).sum * (day - origin);
  }
  return total;
}

std::pair<int32_t, int32_t> Cuboids::Cuboid::Slots(int event) const {
  if (static_cast<size_t>(event) >= tables_.size()) return {0, 0};
  const Table& table = tables_[static_cast<size_t>(event)];
  return {table.first_slot, table.first_slot + table.slots};
}

size_t Cuboids::Cuboid::bytes() const {
  size_t total =
      codes_.capacity() * 4 + index_.size() * 24 + small_.capacity() * 4 + tables_.capacity() * sizeof(Table);
  for (const Table& table : tables_) {
    total += (table.rows.capacity() + table.firsts.capacity()) * 4 +
             (table.quantity.capacity() + table.first_quantity.capacity() + table.amount.capacity() +
              table.days.capacity()) *
                 8;
  }
  return total;
}

void Cuboids::Cuboid::Widen(std::optional<Period>& extent) const {
  for (const Table& table : tables_) {
    const std::vector<int32_t> rows = InEach(table.rows, static_cast<size_t>(table.slots));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == 0) continue;
      const Day day{table.first_slot + static_cast<int32_t>(i % static_cast<size_t>(table.slots))};
      extent = extent ? Period{std::min(extent->from, day), std::max(extent->to, day)} : Period{day, day};
    }
  }
}

void Cuboids::Cuboid::Save(ByteWriter& out) const {
  out.PutAll(codes_);
  out.Put<uint64_t>(combinations_);
  out.Put<uint64_t>(tables_.size());
  for (const Table& table : tables_) {
    out.Put<uint8_t>(table.given_up ? 1 : 0);
    out.Put<int32_t>(table.first_slot);
    out.Put<int32_t>(table.slots);
    out.Put<uint64_t>(table.combinations);
    // What came in each slot: small numbers, which take less room where they are kept.
    const auto put = [&](const auto& values) {
      out.PutAll(running() ? InEach(values, static_cast<size_t>(table.slots)) : values);
    };
    put(table.rows);
    put(table.firsts);
    put(table.quantity);
    put(table.first_quantity);
    put(table.amount);
    put(table.days);
  }
}

void Cuboids::Cuboid::Load(ByteReader& in) {
  in.GetAll(codes_);
  combinations_ = in.Get<uint64_t>();
  // What finds a combination follows from the codes.
  for (size_t c = 0; width_ > 0 && (c + 1) * width_ <= codes_.size(); ++c) {
    if (width_ == 1) {
      const auto code = static_cast<size_t>(codes_[c]);
      if (code >= small_.size()) small_.resize(code + 1, UINT32_MAX);
      small_[code] = static_cast<uint32_t>(c);
      continue;
    }
    index_.emplace(KeyOf([&](size_t i) { return codes_[c * width_ + i]; }), static_cast<uint32_t>(c));
  }
  const auto tables = in.Get<uint64_t>();
  for (uint64_t t = 0; t < tables && in.ok(); ++t) {
    Table table;
    table.given_up = in.Get<uint8_t>() != 0;
    table.first_slot = in.Get<int32_t>();
    table.slots = in.Get<int32_t>();
    table.combinations = in.Get<uint64_t>();
    bool fits = true;
    const auto get = [&](auto& values) {
      in.GetAll(values);
      if (running() && in.ok()) fits = AddUp(values, static_cast<size_t>(table.slots)) && fits;
    };
    get(table.rows);
    get(table.firsts);
    get(table.quantity);
    get(table.first_quantity);
    get(table.amount);
    get(table.days);
    if (!fits) GiveUp(table);
    tables_.push_back(std::move(table));
  }
}

// ---- All of them ----

Cuboids::Cuboids() {
  using Time = Cuboid::Time;
  cuboids_.emplace_back(Time::kDay, std::initializer_list<Dim>{});
  cuboids_.emplace_back(Time::kCohortMonth, std::initializer_list<Dim>{});
  cuboids_.push_back(Cuboid(Time::kDay, {Dim::kReason}).OnDemand());  // few events have reasons
  cuboids_.push_back(Cuboid(Time::kCohortMonth, {Dim::kReason}).OnDemand());
  cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kTeam}));
  cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kStaff}));
  cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kSource}));
  cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kAccessForm}));
  cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kModel, Dim::kSource}));
}

Cuboids Cuboids::OfMany(bool by_dealer) {
  using Time = Cuboid::Time;
  Cuboids many;
  std::erase_if(many.cuboids_, [](const Cuboid& cuboid) { return cuboid.by(Dim::kTeam) || cuboid.by(Dim::kStaff); });
  many.cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kRegion, Dim::kSource}));
  many.cuboids_.push_back(Cuboid(Time::kMonth, {Dim::kRegion, Dim::kModel, Dim::kSource}));
  if (by_dealer) {
    many.cuboids_.push_back(Cuboid(Time::kDay, {Dim::kDealer}));
    many.cuboids_.push_back(Cuboid(Time::kDay, {Dim::kDealer, Dim::kReason}).OnDemand());
  }
  return many;
}

std::optional<Period> Cuboids::Extent() const {
  std::optional<Period> extent;
  cuboids_.front().Widen(extent);
  return extent;
}

void Cuboids::Save(ByteWriter& out) const {
  for (const Cuboid& cuboid : cuboids_) cuboid.Save(out);
}

void Cuboids::Load(ByteReader& in) {
  for (Cuboid& cuboid : cuboids_) cuboid.Load(in);
}

void Cuboids::Add(const RowSums& row, const Codes& codes, int sign) {
  const int32_t month = MonthOf(row.day);
  const int32_t cohort_month = MonthOf(row.day + row.cohort);
  const auto slot_in = [&](const Cuboid& cuboid) {
    switch (cuboid.time()) {
      case Cuboid::Time::kDay: return row.day;
      case Cuboid::Time::kMonth: return month;
      case Cuboid::Time::kCohortMonth: return cohort_month;
    }
    return row.day;
  };
  if (codes[static_cast<size_t>(Dim::kReason)] != 0) {
    for (Cuboid& cuboid : cuboids_) {
      if (!cuboid.on_demand() || cuboid.left_out() || cuboid.Has(row.event)) continue;
      cuboid.Adopt(row.event, WithoutReason(cuboid), slot_in(cuboid));
    }
  }
  for (Cuboid& cuboid : cuboids_) {
    if (!cuboid.left_out()) cuboid.Add(row, slot_in(cuboid), codes, sign);
  }
}

const Cuboids::Cuboid& Cuboids::WithoutReason(const Cuboid& by_reason) const {
  return *std::find_if(cuboids_.begin(), cuboids_.end(), [&](const Cuboid& cuboid) {
    return cuboid.time() == by_reason.time() && cuboid.dims() == (by_reason.dims() & ~BitOf(Dim::kReason));
  });
}

void Cuboids::LeaveOutRegions() {
  for (Cuboid& cuboid : cuboids_) {
    if (cuboid.by(Dim::kRegion)) cuboid.LeaveOut();
  }
}

void Cuboids::AddAll(const Cuboids& one, const CodeHere& code) {
  // By cuboid here: the one there that has the same rows apart.
  std::vector<const Cuboid*> theirs;
  for (const Cuboid& ours : cuboids_) {
    const uint32_t dims = ours.dims() & ~(BitOf(Dim::kDealer) | BitOf(Dim::kRegion));
    theirs.push_back(&*std::find_if(one.cuboids_.begin(), one.cuboids_.end(), [&](const Cuboid& cuboid) {
      return cuboid.time() == ours.time() && cuboid.dims() == dims;
    }));
  }
  const auto events = static_cast<int>(std::max(cuboids_[kAll].events(), one.cuboids_[kAll].events()));
  for (int event = 0; event < events; ++event) {
    // Those of reasons first: what has had none so far is found in those without them.
    for (const bool on_demand : {true, false}) {
      for (size_t c = 0; c < cuboids_.size(); ++c) {
        Cuboid& ours = cuboids_[c];
        if (ours.on_demand() != on_demand || ours.left_out()) continue;
        const Cuboid* from = theirs[c];
        if (on_demand && !from->Has(event)) {
          if (!ours.Has(event)) continue;
          from = &one.WithoutReason(*from);
        } else if (on_demand && !ours.Has(event)) {
          ours.Adopt(event, WithoutReason(ours), from->Slots(event).first);
        }
        ours.AddEvent(event, *from, code);
      }
    }
  }
}

const Cuboids::Cuboid* Cuboids::FindCohorts(int event, uint32_t dims) const {
  const Cuboid* best = nullptr;
  for (const Cuboid& cuboid : cuboids_) {
    if (cuboid.time() != Cuboid::Time::kCohortMonth || (dims & ~cuboid.dims()) != 0) continue;
    if ((best == nullptr || cuboid.combinations() < best->combinations()) && cuboid.Has(event)) best = &cuboid;
  }
  return best;
}

const Cuboids::Cuboid* Cuboids::Find(int event, uint32_t dims) const {
  // The one without dimensions is by day and has a single combination: none is smaller.
  if (dims == 0 && cuboids_[kAll].Has(event)) return &cuboids_[kAll];
  const Cuboid* best = nullptr;
  for (const Cuboid& cuboid : cuboids_) {
    if (cuboid.time() == Cuboid::Time::kCohortMonth || (dims & ~cuboid.dims()) != 0) continue;
    // By day before by month, then the one with fewer combinations.
    const auto rank = [](const Cuboid& one) { return std::pair(one.time() != Cuboid::Time::kDay, one.combinations()); };
    if ((best == nullptr || rank(cuboid) < rank(*best)) && cuboid.Has(event)) best = &cuboid;
  }
  return best;
}

size_t Cuboids::bytes() const {
  size_t total = 0;
  for (const Cuboid& cuboid : cuboids_) total += cuboid.bytes();
  return total;
}

}  // namespace dealpace::facts
