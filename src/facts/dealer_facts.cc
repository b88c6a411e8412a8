#include "facts/dealer_facts.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace dealpace::facts {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kChunk = 1024;
constexpr size_t kTailMin = 512;  // unsorted rows that are left alone
constexpr size_t kDenseGroupsMax = 65'536;

}  // namespace

// ---- Small parts ----

int32_t DealerFacts::Dictionary::Find(int64_t id) {
  const auto [it, fresh] = codes.emplace(id, static_cast<int32_t>(ids.size()));
  if (fresh) ids.push_back(id);
  return it->second;
}

uint32_t DealerFacts::Threads::Anonymous() {
  last_raw.push_back(kNoThread);
  hashes.emplace_back();
  return static_cast<uint32_t>(last_raw.size() - 1);
}

uint32_t DealerFacts::Threads::Find(const Hash128& hash) {
  if (slots.size() < named * 2 + 16) Grow();
  const size_t mask = slots.size() - 1;
  for (size_t slot = hash.low & mask;; slot = (slot + 1) & mask) {
    if (slots[slot] == kNoThread) {
      slots[slot] = static_cast<uint32_t>(last_raw.size());
      last_raw.push_back(kNoThread);
      hashes.push_back(hash);
      ++named;
      return slots[slot];
    }
    if (hashes[slots[slot]] == hash) return slots[slot];
  }
}

void DealerFacts::Threads::Grow() {
  std::vector<uint32_t> old = std::move(slots);
  slots.assign(std::max<size_t>(64, old.size() * 2), kNoThread);
  const size_t mask = slots.size() - 1;
  for (const uint32_t thread : old) {
    if (thread == kNoThread) continue;
    size_t slot = hashes[thread].low & mask;
    while (slots[slot] != kNoThread) slot = (slot + 1) & mask;
    slots[slot] = thread;
  }
}

void DealerFacts::Threads::Index() {
  named = 0;
  for (const Hash128& hash : hashes) named += hash == Hash128{} ? 0 : 1;
  size_t room = 64;
  while (room < named * 2 + 16) room *= 2;
  slots.assign(room, kNoThread);
  const size_t mask = slots.size() - 1;
  for (size_t thread = 0; thread < hashes.size(); ++thread) {
    if (hashes[thread] == Hash128{}) continue;
    size_t slot = hashes[thread].low & mask;
    while (slots[slot] != kNoThread) slot = (slot + 1) & mask;
    slots[slot] = static_cast<uint32_t>(thread);
  }
}

// ---- Taking entries ----

DealerFacts::DealerFacts(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org, DealerId dealer)
    : catalog_(catalog),
      org_(std::move(org)),
      dealer_(dealer),
      deriver_(catalog, *org_, dealer),
      counts_days_(catalog.events().size() + 1),
      events_(catalog.events().size() + 1) {
  for (const catalog::Measure& measure : catalog.measures()) {
    if (measure.kind == catalog::SumKind::kDays && measure.event >= 0) {
      counts_days_[static_cast<size_t>(measure.event)] = true;
    }
  }
  if (const OrgView::Dealer* known = org_->Find(dealer)) fingerprint_ = known->fingerprint;
}

void DealerFacts::SetOrg(std::shared_ptr<const OrgView> org) {
  org_ = std::move(org);
  deriver_.SetOrg(*org_);
  steady_region_ = SteadyRegion();
}

void DealerFacts::Touch(uint32_t thread) {
  if (is_touched_.size() <= thread) is_touched_.resize(threads_.last_raw.size());
  if (is_touched_[thread]) return;
  is_touched_[thread] = true;
  touched_.push_back(thread);
}

void DealerFacts::Add(const ledger::Entry& entry) {
  head_ = entry.seq;
  if (entry.reverses != 0) {
    // The entry taken back stands before its reversal. It is not here when it was left out of this view.
    size_t low = 0;
    size_t high = raw_skipped_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (RawSeq(middle) < entry.reverses) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low < raw_skipped_.size() && RawSeq(low) == entry.reverses) {
      raw_reversed_[low] = true;
      Touch(static_cast<uint32_t>(raw_thread_.At(low)));
    }
    return;
  }
  if (entry.event < 0) return;  // an event that this catalogue does not know

  uint32_t thread = 0;
  if (deriver_.IsLevel(entry.event)) {
    std::string scope = std::to_string(entry.event) + "|" + std::to_string(entry.actor);
    for (const int64_t member : entry.members) scope += "|" + std::to_string(member);
    thread = threads_.Find(HashText(scope, 2));
  } else if (entry.lead.empty()) {
    thread = threads_.Anonymous();
  } else {
    thread = threads_.Find(HashText(entry.lead, 1));
  }

  const auto index = static_cast<int64_t>(raw_skipped_.size());
  raw_skipped_.Append(entry.seq - index);
  raw_event_.Append(entry.event);
  raw_day_.Append(entry.day.value);
  raw_ms_.Append(entry.at.ms - int64_t{entry.day.value} * kDayMs);
  raw_thread_.Append(thread);
  const uint32_t previous = threads_.last_raw[thread];
  raw_back_.Append(previous == kNoThread ? 0 : index - static_cast<int64_t>(previous));
  raw_attempt_.Append(entry.attempt);
  raw_actor_.Append(dictionaries_[CodedDim(Dim::kActor)].Code(entry.actor));
  for (int m = 0; m < kMemberDimCount; ++m) {
    raw_members_[static_cast<size_t>(m)].Append(
        dictionaries_[CodedDim(MemberDim(m))].Code(entry.members[static_cast<size_t>(m)]));
  }
  raw_quantity_.Append(entry.quantity);
  raw_amount_.Append(entry.amount);
  raw_reversed_.push_back(false);
  threads_.last_raw[thread] = static_cast<uint32_t>(index);
  Touch(thread);
}

RawEntry DealerFacts::RawAt(uint32_t index) const {
  RawEntry raw;
  raw.seq = RawSeq(index);
  raw.event = static_cast<int32_t>(raw_event_.At(index));
  raw.day = {static_cast<int32_t>(raw_day_.At(index))};
  raw.at_ms = raw_ms_.At(index) + int64_t{raw.day.value} * kDayMs;
  raw.attempt = static_cast<int32_t>(raw_attempt_.At(index));
  raw.actor = dictionaries_[CodedDim(Dim::kActor)].ids[static_cast<size_t>(raw_actor_.At(index))];
  for (int m = 0; m < kMemberDimCount; ++m) {
    const auto i = static_cast<size_t>(m);
    raw.members[i] = dictionaries_[CodedDim(MemberDim(m))].ids[static_cast<size_t>(raw_members_[i].At(index))];
  }
  raw.quantity = raw_quantity_.At(index);
  raw.amount = raw_amount_.At(index);
  return raw;
}

void DealerFacts::Settle() {
  if (touched_.empty()) return;
  is_touched_.resize(threads_.last_raw.size());
  if (settled_) {
    // Strike out what stood for the touched threads; their rows are derived anew below.
    int32_t chunk[kChunk];
    for (size_t event = 0; event < events_.size(); ++event) {
      EventRows* rows = events_[event].get();
      if (rows == nullptr) continue;
      for (size_t begin = 0; begin < rows->size(); begin += kChunk) {
        const size_t count = std::min(kChunk, rows->size() - begin);
        rows->thread.Decode(begin, count, chunk);
        for (size_t i = 0; i < count; ++i) {
          if (is_touched_[static_cast<size_t>(chunk[i])]) StrikeOut(event, *rows, begin + i);
        }
      }
    }
  }
  for (const uint32_t thread : touched_) {
    DeriveThread(thread);
    is_touched_[thread] = false;
  }
  touched_.clear();
  for (const auto& rows : events_) {
    if (!rows) continue;
    const size_t tail = rows->size() - rows->sorted;
    if (!settled_ || tail > std::max(kTailMin, rows->sorted / 8) || rows->dead > std::max(kTailMin, rows->size() / 8)) {
      SortEvent(*rows);
    }
  }
  if (!settled_) {
    for (Column* column : {&raw_skipped_, &raw_event_, &raw_day_, &raw_ms_, &raw_thread_, &raw_back_, &raw_attempt_,
                           &raw_actor_, &raw_quantity_, &raw_amount_}) {
      column->Shrink();
    }
    for (Column& column : raw_members_) column.Shrink();
  }
  settled_ = true;
  steady_region_ = SteadyRegion();
}

void DealerFacts::StrikeOut(size_t event, EventRows& rows, size_t row) {
  const int64_t flags = rows.flags.At(row);
  if ((flags & kDead) != 0) return;
  rows.flags.Set(row, kDead);
  ++rows.dead;
  Cuboids::Codes codes;
  for (size_t d = 0; d < codes.size(); ++d) codes[d] = static_cast<int32_t>(rows.dims[d].At(row));
  AddToCuboids(event, static_cast<int32_t>(rows.day.At(row)), static_cast<int32_t>(rows.cohort.At(row)),
               (flags & kFirst) != 0, rows.quantity.At(row), rows.amount.At(row), codes, -1);
}

void DealerFacts::AddToCuboids(size_t event, int32_t day, int32_t cohort, bool first, int64_t quantity, int64_t amount,
                               const Cuboids::Codes& codes, int sign) {
  const int64_t days = counts_days_[event] ? -int64_t{cohort} * 1000 : 0;
  const Cuboids::RowSums row{static_cast<int>(event), day, cohort, first, quantity, amount, days};
  cuboids_.Add(row, codes, sign);
  if (!follows_) return;
  if (changes_.size() < kChangesMax) {
    changes_.push_back({row, codes, sign});
  } else {
    changes_ = {};
    follows_ = false;
  }
}

// ---- Sums of many dealers ----

std::unique_ptr<DealerFacts> DealerFacts::OfMany(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org) {
  auto facts = std::make_unique<DealerFacts>(catalog, std::move(org), DealerId());
  facts->cuboids_.BecomeOfMany();
  facts->has_rows_ = false;
  return facts;
}

void DealerFacts::TakeIn(DealerFacts& dealer, bool first) {
  const auto code = [&](Dim dim, int32_t theirs) {
    const size_t coded = CodedDim(dim);
    return dictionaries_[coded].Code(dealer.dictionaries_[coded].ids[static_cast<size_t>(theirs)]);
  };
  if (first) cuboids_.AddAll(dealer.cuboids_, code);
  for (const Change& change : dealer.changes_) {
    if (first) break;  // they are in the sums
    Cuboids::Codes codes{};
    for (const Dim dim : {Dim::kReason, Dim::kSource, Dim::kAccessForm, Dim::kModel}) {
      codes[CodedDim(dim)] = code(dim, change.codes[CodedDim(dim)]);
    }
    cuboids_.Add(change.row, codes, change.sign);
  }
  dealer.changes_.clear();
  dealer.follows_ = true;
  for (size_t e = 0; e < events_.size(); ++e) {
    if (dealer.events_[e] && !events_[e]) events_[e] = std::make_unique<EventRows>();
  }
  const auto widen = [](Days& ours, const Days& theirs) {
    ours = {std::min(ours.first, theirs.first), std::max(ours.second, theirs.second)};
  };
  widen(days_seen_, dealer.days_seen_);
  widen(cohorts_seen_, dealer.cohorts_seen_);
}

bool DealerFacts::CanAnswerForMany(const Plan& plan) const {
  const auto bit = [](Dim dim) { return 1U << static_cast<unsigned>(dim); };
  const bool of_none = std::all_of(plan.parts().begin(), plan.parts().end(), [&](const Plan::Part& part) {
    return (part.dims & (bit(Dim::kDealer) | bit(Dim::kRegion))) == 0;
  });
  return of_none && !NeedsRows(plan);
}

std::optional<int64_t> DealerFacts::SteadyRegion() const {
  const OrgView::Dealer* dealer = org_->Find(dealer_);
  if (dealer == nullptr) return 0;
  for (const Membership& membership : dealer->region) {
    if (membership.from.value > days_seen_.first && membership.from.value <= days_seen_.second) return std::nullopt;
  }
  return days_seen_.first > days_seen_.second ? 0 : facts::At(dealer->region, Day{days_seen_.first});
}

void DealerFacts::DeriveThread(uint32_t thread) {
  thread_local std::vector<RawEntry> entries;
  entries.clear();
  for (uint32_t index = threads_.last_raw[thread]; index != kNoThread;) {
    if (!raw_reversed_[index]) entries.push_back(RawAt(index));
    const int64_t back = raw_back_.At(index);
    index = back == 0 ? kNoThread : index - static_cast<uint32_t>(back);
  }
  if (entries.empty()) return;
  const auto emit = [this, thread](const FactRow& row) { AppendRow(row, thread); };
  if (deriver_.IsLevel(entries.front().event)) {
    deriver_.Level(entries, emit);
  } else if (threads_.hashes[thread] == Hash128{}) {
    for (const RawEntry& entry : entries) deriver_.Single(entry, emit);
  } else {
    deriver_.Lead(entries, emit);
  }
}

void DealerFacts::AppendRow(const FactRow& row, uint32_t thread) {
  auto& slot = events_[RowsIndex(row.event)];
  if (!slot) slot = std::make_unique<EventRows>();
  EventRows& rows = *slot;
  rows.day.Append(row.day.value);
  rows.cohort.Append(row.cohort_day - row.day);
  rows.thread.Append(thread);
  rows.flags.Append(row.first ? kFirst : 0);
  rows.seq.Append(row.seq);
  rows.quantity.Append(row.quantity);
  rows.amount.Append(row.amount);
  Cuboids::Codes codes;
  const auto set = [&](Dim dim, int64_t id) {
    const size_t coded = CodedDim(dim);
    codes[coded] = dictionaries_[coded].Code(id);
    rows.dims[coded].Append(codes[coded]);
  };
  set(Dim::kRegion, row.region);
  set(Dim::kTeam, row.team);
  set(Dim::kStaff, row.staff);
  set(Dim::kActor, row.actor);
  for (int m = 0; m < kMemberDimCount; ++m) set(MemberDim(m), row.members[static_cast<size_t>(m)]);

  AddToCuboids(RowsIndex(row.event), row.day.value, row.cohort_day - row.day, row.first, row.quantity, row.amount,
               codes, +1);
  days_seen_ = {std::min(days_seen_.first, row.day.value), std::max(days_seen_.second, row.day.value)};
  cohorts_seen_ = {std::min(cohorts_seen_.first, row.cohort_day.value),
                   std::max(cohorts_seen_.second, row.cohort_day.value)};
}

void DealerFacts::SortEvent(EventRows& rows) const {
  std::vector<std::pair<int32_t, uint32_t>> order;
  order.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if ((rows.flags.At(i) & kDead) == 0) {
      order.emplace_back(static_cast<int32_t>(rows.day.At(i)), static_cast<uint32_t>(i));
    }
  }
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> positions;
  positions.reserve(order.size());
  for (const auto& [day, row] : order) positions.push_back(row);
  EventRows sorted;
  sorted.sorted = positions.size();
  sorted.day = rows.day.Gather(positions);
  sorted.cohort = rows.cohort.Gather(positions);
  sorted.thread = rows.thread.Gather(positions);
  sorted.flags = rows.flags.Gather(positions);
  sorted.seq = rows.seq.Gather(positions);
  sorted.quantity = rows.quantity.Gather(positions);
  sorted.amount = rows.amount.Gather(positions);
  for (size_t d = 0; d < rows.dims.size(); ++d) sorted.dims[d] = rows.dims[d].Gather(positions);
  rows = std::move(sorted);
}

std::optional<Period> DealerFacts::extent() const {
  if (!has_rows_) return cuboids_.Extent();
  std::optional<Period> extent;
  const auto take = [&](const EventRows& rows, size_t row) {
    const Day day{static_cast<int32_t>(rows.day.At(row))};
    extent = extent ? Period{std::min(extent->from, day), std::max(extent->to, day)} : Period{day, day};
  };
  for (const auto& rows : events_) {
    if (!rows) continue;
    // The sorted part by its ends, struck-out rows aside; the tail whole.
    size_t first = 0;
    size_t last = rows->sorted;
    while (first < last && (rows->flags.At(first) & kDead) != 0) ++first;
    while (last > first && (rows->flags.At(last - 1) & kDead) != 0) --last;
    if (first < last) {
      take(*rows, first);
      take(*rows, last - 1);
    }
    for (size_t row = rows->sorted; row < rows->size(); ++row) {
      if ((rows->flags.At(row) & kDead) == 0) take(*rows, row);
    }
  }
  return extent;
}

size_t DealerFacts::bytes() const {
  size_t total = raw_skipped_.bytes() + raw_event_.bytes() + raw_day_.bytes() + raw_ms_.bytes() + raw_thread_.bytes() +
                 raw_back_.bytes() + raw_attempt_.bytes() + raw_actor_.bytes() + raw_quantity_.bytes() +
                 raw_amount_.bytes() + raw_reversed_.capacity() / 8;
  for (const Column& column : raw_members_) total += column.bytes();
  total += threads_.last_raw.capacity() * 4 + threads_.slots.capacity() * 4 + threads_.hashes.capacity() * 16;
  for (const auto& rows : events_) {
    if (!rows) continue;
    total += rows->day.bytes() + rows->cohort.bytes() + rows->thread.bytes() + rows->flags.bytes() + rows->seq.bytes() +
             rows->quantity.bytes() + rows->amount.bytes();
    for (const Column& column : rows->dims) total += column.bytes();
  }
  return total + cuboids_.bytes();
}

int64_t DealerFacts::rows() const {
  int64_t total = 0;
  for (const auto& rows : events_) {
    if (rows) total += static_cast<int64_t>(rows->size() - rows->dead);
  }
  return total;
}

// ---- Answering ----

bool DealerFacts::NoneBefore(const Plan& plan) const {
  const Days& seen = plan.query().basis == Basis::kCohort ? cohorts_seen_ : days_seen_;
  return seen.first >= plan.query().cuts.front().value;
}

bool DealerFacts::NoneAfter(const Plan& plan) const {
  const Days& seen = plan.query().basis == Basis::kCohort ? cohorts_seen_ : days_seen_;
  return seen.second < plan.query().cuts.back().value;
}

DealerFacts::Days DealerFacts::WholeRange(const Plan& plan, const Plan::Part& part) {
  const Query& query = plan.query();
  const bool running = query.sums[part.sum].running;
  return {running ? INT32_MIN : query.cuts.front().value, query.cuts.back().value};
}

const Cuboids::Cuboid* DealerFacts::Served(const Plan& plan, const Plan::Part& part) const {
  const auto bit = [](Dim dim) { return 1U << static_cast<unsigned>(dim); };
  const Query& query = plan.query();
  uint32_t dims = part.dims & ~bit(Dim::kDealer);
  if (steady_region_) dims &= ~bit(Dim::kRegion);
  const int event = static_cast<int>(RowsIndex(part.event));
  if (query.basis == Basis::kCohort) {
    const bool told_apart = !query.within_days || *query.within_days < Cuboids::kAgesMax - 1;
    const bool fits = told_apart && !query.sums[part.sum].running;
    return fits && plan.WholeMonths(NoneBefore(plan), NoneAfter(plan)) ? cuboids_.FindCohorts(event, dims) : nullptr;
  }
  const Cuboids::Cuboid* cuboid = cuboids_.Find(event, dims);
  if (cuboid == nullptr || cuboid->time() == Cuboids::Cuboid::Time::kDay) return cuboid;
  return query.sums[part.sum].running || plan.Split(false, false) == nullptr ? nullptr : cuboid;
}

void DealerFacts::Scan(const Plan& plan, Merger& merger) const {
  // Parts that one cuboid serves go through it together; nearly always there are one or two.
  struct ByCuboid {
    const Cuboids::Cuboid* cuboid = nullptr;
    std::vector<const Plan::Part*> parts;
  };
  thread_local std::vector<ByCuboid> served;
  size_t used = 0;
  for (const Plan::Part& part : plan.parts()) {
    const auto& rows = events_[RowsIndex(part.event)];
    if (!rows) continue;
    const Cuboids::Cuboid* cuboid = Served(plan, part);
    if (cuboid == nullptr) {
      const Days range = WholeRange(plan, part);
      ScanRows(plan, part, plan.pieces(), {&range, 1}, merger);
      continue;
    }
    if (cuboid->time() == Cuboids::Cuboid::Time::kMonth) {
      const MonthSplit& split = *plan.Split(NoneBefore(plan), NoneAfter(plan));
      if (!split.rest.empty()) ScanRows(plan, part, split.pieces, split.rest, merger);
      if (split.months.empty()) continue;
    }
    size_t at = 0;
    while (at < used && served[at].cuboid != cuboid) ++at;
    if (at == used) {
      if (used == served.size()) served.emplace_back();
      served[used].cuboid = cuboid;
      served[used++].parts.clear();
    }
    served[at].parts.push_back(&part);
  }
  for (size_t i = 0; i < used; ++i) ScanCuboid(plan, served[i].parts, *served[i].cuboid, merger);
}

void DealerFacts::ScanCuboid(const Plan& plan, std::span<const Plan::Part* const> parts, const Cuboids::Cuboid& cuboid,
                             Merger& merger) const {
  using Time = Cuboids::Cuboid::Time;
  const Query& query = plan.query();
  const auto& cuts = query.cuts;
  const size_t pieces = merger.cube().pieces;
  const auto has = [&](Dim dim) { return (cuboid.dims() >> static_cast<unsigned>(dim) & 1U) != 0; };
  const auto wanted = [&](const Filter& filter, int64_t id) {
    return filter.ids.empty() ? id != 0 : std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
  };
  const auto id_of = [&](Dim dim, size_t combination) -> int64_t {
    if (dim == Dim::kDealer) return dealer_.value;
    if (!has(dim)) return *steady_region_;  // the only dimension that may lack
    return dictionaries_[CodedDim(dim)].ids[static_cast<size_t>(cuboid.CodeOf(combination, dim))];
  };
  const MonthSplit* split = cuboid.time() == Time::kMonth ? plan.Split(NoneBefore(plan), NoneAfter(plan)) : nullptr;
  const int32_t age_max = query.within_days.value_or(Cuboids::kAgesMax - 1);

  thread_local std::vector<int64_t> ids;
  for (size_t c = 0; c < cuboid.combinations(); ++c) {
    size_t base = SIZE_MAX;
    for (const Plan::Part* part : parts) {
      const bool taken_in = std::all_of(part->filters.begin(), part->filters.end(),
                                        [&](const Filter& filter) { return wanted(filter, id_of(filter.dim, c)); });
      if (!taken_in) continue;
      const int event = static_cast<int>(RowsIndex(part->event));
      const auto add = [&](size_t piece, const Cuboids::Sum& sum, int64_t day_sum) {
        if (sum.rows == 0 && sum.sum == 0) return;
        if (base == SIZE_MAX) {
          ids.clear();
          for (const Dim dim : query.by) ids.push_back(id_of(dim, c));
          base = merger.Group(ids);
        }
        Cell& cell = merger.cube().cells[base + part->sum * pieces + piece];
        cell.sum += sum.sum;
        cell.day_sum += day_sum;
        cell.rows += sum.rows;
        merger.rows_read += sum.rows;
      };
      if (split != nullptr) {
        for (const MonthSplit::Months& months : split->months) {
          add(months.piece, cuboid.Range(event, c, months.from, months.to, part->taken), 0);
        }
        continue;
      }
      if (cuboid.time() == Time::kCohortMonth) {
        // Where a cut is no first of a month, nothing lies beyond it.
        for (size_t k = 0; k + 1 < cuts.size(); ++k) {
          const int32_t to = MonthOf(cuts[k + 1].value - 1) + 1;
          add(k + 1, cuboid.Range(event, c, MonthOf(cuts[k].value), to, part->taken, age_max), 0);
        }
        continue;
      }
      const bool running = query.sums[part->sum].running;
      const int32_t origin = cuts.front().value;
      const auto day_sum = [&](int32_t from, int32_t to) {
        return running ? cuboid.DaySum(event, c, from, to, part->taken, origin) : 0;
      };
      if (running) {
        add(0, cuboid.Range(event, c, INT32_MIN, origin, part->taken), day_sum(INT32_MIN, origin));
      }
      for (size_t k = 0; k + 1 < cuts.size(); ++k) {
        const int32_t from = cuts[k].value;
        const int32_t to = cuts[k + 1].value;
        add(k + 1, cuboid.Range(event, c, from, to, part->taken), day_sum(from, to));
      }
    }
  }
}

void DealerFacts::Visit(const Plan& plan, const RowVisitor& visit) const {
  for (const Plan::Part& part : plan.parts()) {
    if (!events_[RowsIndex(part.event)]) continue;
    const EventRows& rows = *events_[RowsIndex(part.event)];
    CountedRow row;
    row.dealer = dealer_;
    row.sum = part.sum;
    row.event = part.event;
    row.member = [&](Dim dim) {
      if (dim == Dim::kDealer) return dealer_.value;
      const size_t coded = CodedDim(dim);
      return dictionaries_[coded].ids[static_cast<size_t>(rows.dims[coded].At(row.row))];
    };
    const Days range = WholeRange(plan, part);
    Select(plan, part, rows, plan.pieces(), {&range, 1}, [&](const Chunk& chunk) {
      for (size_t i = 0; i < chunk.chosen_count; ++i) {
        const size_t at = chunk.chosen[i];
        row.row = chunk.begin + at;
        row.seq = rows.seq.At(row.row);
        row.day = {chunk.days[at]};
        row.piece = chunk.piece[i];
        row.value = chunk.values[at];
        visit(row);
      }
    });
  }
}

template <typename Take>
int64_t DealerFacts::Select(const Plan& plan, const Plan::Part& part, const EventRows& rows, const Pieces& pieces,
                            std::span<const Days> ranges, const Take& take) const {
  const Query& query = plan.query();
  const SumSpec& spec = query.sums[part.sum];

  // Which rows can count at all.
  std::vector<std::pair<const Column*, std::vector<bool>>> filters;
  const auto add_filter = [&](Dim dim, const std::vector<int64_t>& ids) {
    if (dim == Dim::kDealer) {
      return ids.empty() || std::find(ids.begin(), ids.end(), dealer_.value) != ids.end();
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(dim)];
    std::vector<bool> wanted(dictionary.ids.size(), ids.empty());
    if (ids.empty()) wanted[0] = false;
    bool any = ids.empty();
    for (const int64_t id : ids) {
      const auto code = dictionary.codes.find(id);
      if (code == dictionary.codes.end()) continue;
      wanted[static_cast<size_t>(code->second)] = true;
      any = true;
    }
    filters.emplace_back(&rows.dims[CodedDim(dim)], std::move(wanted));
    return any;
  };
  for (const Filter& filter : part.filters) {
    if (!add_filter(filter.dim, filter.ids)) return 0;
  }
  const bool only_first = part.only_first();
  const bool cohort = query.basis == Basis::kCohort;

  int32_t days[kChunk];
  int32_t cohorts[kChunk];
  int32_t flags[kChunk];
  int32_t codes[kChunk];
  int32_t piece[kChunk];
  int64_t values[kChunk];
  uint32_t chosen[kChunk];

  int64_t looked_at = 0;
  const auto scan = [&](size_t begin, size_t end) {
    for (; begin < end; begin += kChunk) {
      const size_t count = std::min(kChunk, end - begin);
      looked_at += static_cast<int64_t>(count);
      rows.flags.Decode(begin, count, flags);
      rows.day.Decode(begin, count, days);
      if (cohort || part.taken == Taken::kDays) rows.cohort.Decode(begin, count, cohorts);
      size_t n = 0;
      for (size_t i = 0; i < count; ++i) {
        if ((flags[i] & kDead) != 0 || (only_first && (flags[i] & kFirst) == 0)) continue;
        if (cohort && query.within_days && -cohorts[i] > *query.within_days) continue;
        const int32_t p = pieces.Of(cohort ? days[i] + cohorts[i] : days[i]);
        if (p < 0 || (p == 0 && !spec.running)) continue;
        piece[n] = p;
        chosen[n++] = static_cast<uint32_t>(i);
      }
      for (const auto& [column, wanted] : filters) {
        if (n == 0) break;
        column->Decode(begin, count, codes);
        size_t kept = 0;
        for (size_t i = 0; i < n; ++i) {
          if (!wanted[static_cast<size_t>(codes[chosen[i]])]) continue;
          piece[kept] = piece[i];
          chosen[kept++] = chosen[i];
        }
        n = kept;
      }
      if (n == 0) continue;
      switch (part.taken) {
        case Taken::kQuantity:
        case Taken::kFirstQuantity: rows.quantity.Decode(begin, count, values); break;
        case Taken::kAmount: rows.amount.Decode(begin, count, values); break;
        case Taken::kDays:
          for (size_t i = 0; i < count; ++i) values[i] = -int64_t{cohorts[i]} * 1000;
          break;
      }
      take(Chunk{begin, count, n, chosen, piece, days, values});
    }
  };

  // The sorted part by binary search, the tail whole.
  const auto first_from = [&](int32_t day) {
    size_t low = 0;
    size_t high = rows.sorted;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (rows.day.At(middle) < day) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  if (cohort) {
    scan(0, rows.sorted);
  } else {
    for (const auto& [from, to] : ranges) scan(first_from(from), first_from(to));
  }
  scan(rows.sorted, rows.size());
  return looked_at;
}

void DealerFacts::ScanRows(const Plan& plan, const Plan::Part& part, const Pieces& pieces, std::span<const Days> ranges,
                           Merger& merger) const {
  const Query& query = plan.query();
  const EventRows& rows = *events_[RowsIndex(part.event)];
  Cube& cube = merger.cube();
  // How groups are found: codes of the `by` dimensions as one mixed-radix number. Where that would outgrow 64 bits, the
  // combinations met so far are numbered, and the number takes their place.
  struct ByColumn {
    const Column* column;  // null: the dealer itself
    size_t radix;
    const Dictionary* dictionary;
    bool folds = false;  // number the keys of the columns before
    std::unordered_map<uint64_t, uint64_t> numbers;
    std::vector<uint64_t> numbered;
    uint64_t Fold(uint64_t key) {
      const auto [it, fresh] = numbers.emplace(key, numbered.size());
      if (fresh) numbered.push_back(key);
      return it->second;
    }
  };
  std::vector<ByColumn> by;
  size_t combinations = 1;
  uint64_t room = UINT64_MAX;  // by so much a key can still grow
  for (const Dim dim : query.by) {
    if (dim == Dim::kDealer) {
      by.push_back({nullptr, 1, nullptr, false, {}, {}});
      continue;
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(dim)];
    const bool folds = room < dictionary.ids.size();
    if (folds) room = UINT64_MAX / UINT32_MAX;  // there are no more combinations than rows
    room /= dictionary.ids.size();
    by.push_back({&rows.dims[CodedDim(dim)], dictionary.ids.size(), &dictionary, folds, {}, {}});
    combinations = combinations > (size_t{1} << 40) ? combinations : combinations * dictionary.ids.size();
  }
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> dense(combinations <= kDenseGroupsMax ? combinations : 0, kNone);
  std::unordered_map<uint64_t, size_t> sparse;
  const auto group_base = [&](uint64_t key) -> size_t {  // index of the group's first cell of this sum
    size_t* known = dense.empty() ? &sparse.emplace(key, kNone).first->second : &dense[key];
    if (*known == kNone) {
      std::vector<int64_t> ids(by.size());
      uint64_t rest = key;
      for (size_t i = by.size(); i-- > 0;) {
        if (by[i].column == nullptr) {
          ids[i] = dealer_.value;
        } else {
          ids[i] = by[i].dictionary->ids[rest % by[i].radix];
          rest /= by[i].radix;
          if (by[i].folds) rest = by[i].numbered[rest];
        }
      }
      *known = merger.Group(ids) + part.sum * cube.pieces;
    }
    return *known;
  };

  int32_t codes[kChunk];
  uint64_t keys[kChunk];
  const int64_t looked_at = Select(plan, part, rows, pieces, ranges, [&](const Chunk& chunk) {
    const size_t n = chunk.chosen_count;
    std::fill_n(keys, n, 0);
    for (ByColumn& column : by) {
      if (column.column == nullptr) continue;
      column.column->Decode(chunk.begin, chunk.count, codes);
      for (size_t i = 0; column.folds && i < n; ++i) keys[i] = column.Fold(keys[i]);
      for (size_t i = 0; i < n; ++i) {
        keys[i] = keys[i] * column.radix + static_cast<uint64_t>(codes[chunk.chosen[i]]);
      }
    }
    for (size_t i = 0; i < n; ++i) {
      const size_t base = group_base(keys[i]);
      Cell& cell = cube.cells[base + static_cast<size_t>(chunk.piece[i])];
      const int64_t value = chunk.values[chunk.chosen[i]];
      cell.sum += value;
      cell.day_sum += value * (chunk.days[chunk.chosen[i]] - pieces.first());
      ++cell.rows;
    }
  });
  merger.rows_read += looked_at;
  merger.rows_scanned += looked_at;
}

}  // namespace dealpace::facts
