#include "facts/dealer_facts.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace dealpace::facts {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kChunk = 1024;
constexpr size_t kDenseGroupsMax = 65'536;

}  // namespace

// ---- Small parts ----

int32_t DealerFacts::Dictionary::Find(int64_t id) {
  const auto [it, fresh] = codes.emplace(id, static_cast<int32_t>(ids.size()));
  if (fresh) ids.push_back(id);
  return it->second;
}

// ---- Taking entries ----

DealerFacts::DealerFacts(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org, DealerId dealer,
                         size_t shelf_threads)
    : catalog_(catalog),
      org_(std::move(org)),
      dealer_(dealer),
      deriver_(catalog, *org_, dealer),
      shelf_threads_(shelf_threads),
      has_event_(catalog.events().size() + 1),
      counts_days_(catalog.events().size() + 1) {
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

Hash128 DealerFacts::ThreadOf(const ledger::Entry& entry) const {
  if (!deriver_.IsLevel(entry.event)) return entry.lead.empty() ? Hash128{} : HashText(entry.lead, 1);
  std::string scope = std::to_string(entry.event) + "|" + std::to_string(entry.actor);
  for (const int64_t member : entry.members) scope += "|" + std::to_string(member);
  return HashText(scope, 2);
}

Shelf* DealerFacts::ShelfOf(int64_t seq) const {
  const auto after = std::upper_bound(shelves_.begin(), shelves_.end(), seq,
                                      [](int64_t s, const auto& shelf) { return s < shelf->opened(); });
  return after == shelves_.begin() ? nullptr : std::prev(after)->get();
}

void DealerFacts::NoteAway(const ledger::Entry& entry, std::set<size_t>& away) const {
  if (entry.event < 0) return;
  const Hash128 thread = ThreadOf(entry);
  if (thread == Hash128{} && entry.reverses != 0) {
    for (size_t i = 0; i < shelves_.size(); ++i) {
      if (!shelves_[i]->here() && shelves_[i].get() == ShelfOf(entry.reverses)) away.insert(i);
    }
    return;
  }
  if (!(thread == Hash128{})) {
    for (size_t i = shelves_.size(); i-- > 0;) {
      const Shelf& shelf = *shelves_[i];
      if (shelf.here() && shelf.threads_here().Find(thread) != Threads::kNone) return;
      if (!shelf.here() && shelf.MayHold(thread)) away.insert(i);
    }
  }
  // It may be a new one.
  if (!shelves_.empty() && !shelves_.back()->here() && !Full(*shelves_.back())) away.insert(shelves_.size() - 1);
}

void DealerFacts::TakeBack(const ledger::Entry& reversal) {
  // The entry taken back stands before its reversal, which has the same content. It is not here when it was left out of
  // this view.
  const Hash128 name = ThreadOf(reversal);
  const auto take_back_on = [&](Shelf& shelf) {
    RawColumns& raw = shelf.raw();
    const size_t index = raw.Find(reversal.reverses);
    if (index == raw.size()) return;
    raw.reversed[index] = true;
    shelf.Touch(static_cast<uint32_t>(raw.thread.At(index)));
  };
  if (name == Hash128{}) {
    if (Shelf* shelf = ShelfOf(reversal.reverses)) take_back_on(*shelf);
    return;
  }
  for (const auto& shelf : shelves_) {
    if (shelf->here() && shelf->threads_here().Find(name) != Threads::kNone) return take_back_on(*shelf);
  }
}

void DealerFacts::Add(const ledger::Entry& entry) {
  head_ = entry.seq;
  if (entry.event < 0) return;  // an event that this catalogue does not know
  if (entry.reverses != 0) return TakeBack(entry);

  const Hash128 name = ThreadOf(entry);
  Shelf* shelf = nullptr;
  uint32_t thread = Threads::kNone;
  for (size_t i = shelves_.size(); i-- > 0 && thread == Threads::kNone && !(name == Hash128{});) {
    shelf = shelves_[i].get();
    if (shelf->here()) thread = shelf->threads_here().Find(name);
  }
  if (thread == Threads::kNone) {
    if (shelves_.empty() || Full(*shelves_.back())) {
      shelves_.push_back(std::make_unique<Shelf>(has_event_.size(), entry.seq));
    }
    shelf = shelves_.back().get();
    thread = shelf->threads_here().Add(name);
  }
  assert(shelf->here());

  RawColumns& raw = shelf->raw();
  const auto index = static_cast<int64_t>(raw.size());
  raw.skipped.Append(entry.seq - index);
  raw.event.Append(entry.event);
  raw.day.Append(entry.day.value);
  raw.ms.Append(entry.at.ms - int64_t{entry.day.value} * kDayMs);
  raw.thread.Append(thread);
  uint32_t& last = shelf->threads_here().last_raw[thread];
  raw.back.Append(last == Threads::kNone ? 0 : index - static_cast<int64_t>(last));
  raw.attempt.Append(entry.attempt);
  raw.actor.Append(dictionaries_[CodedDim(Dim::kActor)].Code(entry.actor));
  for (int m = 0; m < kMemberDimCount; ++m) {
    raw.members[static_cast<size_t>(m)].Append(
        dictionaries_[CodedDim(MemberDim(m))].Code(entry.members[static_cast<size_t>(m)]));
  }
  raw.quantity.Append(entry.quantity);
  raw.amount.Append(entry.amount);
  raw.reversed.push_back(false);
  last = static_cast<uint32_t>(index);
  shelf->Touch(thread);
}

RawEntry DealerFacts::RawAt(const RawColumns& raw, uint32_t index) const {
  RawEntry entry;
  entry.seq = raw.SeqAt(index);
  entry.event = static_cast<int32_t>(raw.event.At(index));
  entry.day = {static_cast<int32_t>(raw.day.At(index))};
  entry.at_ms = raw.ms.At(index) + int64_t{entry.day.value} * kDayMs;
  entry.attempt = static_cast<int32_t>(raw.attempt.At(index));
  entry.actor = dictionaries_[CodedDim(Dim::kActor)].ids[static_cast<size_t>(raw.actor.At(index))];
  for (int m = 0; m < kMemberDimCount; ++m) {
    const auto i = static_cast<size_t>(m);
    entry.members[i] = dictionaries_[CodedDim(MemberDim(m))].ids[static_cast<size_t>(raw.members[i].At(index))];
  }
  entry.quantity = raw.quantity.At(index);
  entry.amount = raw.amount.At(index);
  return entry;
}

void DealerFacts::Settle() {
  for (const auto& shelf : shelves_) {
    if (!shelf->touched()) continue;
    // What stood for the touched threads goes, and is derived anew.
    shelf->StrikeOutTouched([&](size_t event, const EventRows& rows, size_t row) {
      Cuboids::Codes codes{};
      for (size_t d = 0; d < rows.dims.size(); ++d) codes[d + 1] = static_cast<int32_t>(rows.dims[d].At(row));
      AddToCuboids(event, static_cast<int32_t>(rows.day.At(row)), static_cast<int32_t>(rows.cohort.At(row)),
                   (rows.flags.At(row) & EventRows::kFirst) != 0, rows.quantity.At(row), rows.amount.At(row), codes,
                   -1);
    });
    for (const uint32_t thread : shelf->touched_threads()) DeriveThread(*shelf, thread);
    shelf->Settled();
  }
  steady_region_ = SteadyRegion();
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

std::unique_ptr<DealerFacts> DealerFacts::OfMany(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org,
                                                 bool by_dealer) {
  auto facts = std::make_unique<DealerFacts>(catalog, std::move(org), DealerId());
  facts->cuboids_ = Cuboids::OfMany(by_dealer);
  facts->of_many_ = true;
  return facts;
}

void DealerFacts::TakeIn(DealerFacts& dealer, bool first) {
  const int32_t dealer_code = dealers_.Code(dealer.dealer_.value);
  const auto code = [&](Dim dim, int32_t theirs) {
    if (dim == Dim::kDealer) return dealer_code;
    const size_t coded = CodedDim(dim);
    return dictionaries_[coded].Code(dealer.dictionaries_[coded].ids[static_cast<size_t>(theirs)]);
  };
  regions_.resize(dealers_.ids.size());
  if (first) {
    if (!dealer.steady_region_) {
      cuboids_.LeaveOutRegions();
      regions_steady_ = false;
    }
    regions_[static_cast<size_t>(dealer_code)] = dealer.steady_region_.value_or(0);
    const int32_t region = dictionaries_[CodedDim(Dim::kRegion)].Code(dealer.steady_region_.value_or(0));
    cuboids_.AddAll(dealer.cuboids_,
                    [&](Dim dim, int32_t theirs) { return dim == Dim::kRegion ? region : code(dim, theirs); });
  }
  for (const Change& change : dealer.changes_) {
    if (first) break;  // they are in the sums
    Cuboids::Codes codes{};
    for (const Dim dim : {Dim::kDealer, Dim::kRegion, Dim::kReason, Dim::kSource, Dim::kAccessForm, Dim::kModel}) {
      codes[static_cast<size_t>(dim)] = code(dim, change.codes[static_cast<size_t>(dim)]);
    }
    if (dictionaries_[CodedDim(Dim::kRegion)].ids[static_cast<size_t>(codes[static_cast<size_t>(Dim::kRegion)])] !=
        regions_[static_cast<size_t>(dealer_code)]) {
      regions_steady_ = false;
    }
    cuboids_.Add(change.row, codes, change.sign);
  }
  dealer.changes_.clear();
  dealer.follows_ = true;
  for (size_t e = 0; e < has_event_.size(); ++e) has_event_[e] = has_event_[e] || dealer.has_event_[e];
  const auto widen = [](Days& ours, const Days& theirs) {
    ours = {std::min(ours.first, theirs.first), std::max(ours.second, theirs.second)};
  };
  widen(days_seen_, dealer.days_seen_);
  widen(cohorts_seen_, dealer.cohorts_seen_);
}

bool DealerFacts::CanAnswerForMany(const Plan& plan) const {
  return std::none_of(plan.parts().begin(), plan.parts().end(), [&](const Plan::Part& part) {
    return has_event_[RowsIndex(part.event)] && Left(plan, part, Served(plan, part));
  });
}

size_t DealerFacts::LooksAtForMany(const Plan& plan) const {
  size_t sums = 0;
  for (const Plan::Part& part : plan.parts()) {
    if (const Cuboids::Cuboid* cuboid = Served(plan, part)) sums += cuboid->combinations();
  }
  return sums * (plan.query().cuts.size() - 1);
}

std::optional<int64_t> DealerFacts::SteadyRegion() const {
  const OrgView::Dealer* dealer = org_->Find(dealer_);
  if (dealer == nullptr) return 0;
  for (const Membership& membership : dealer->region) {
    if (membership.from.value > days_seen_.first && membership.from.value <= days_seen_.second) return std::nullopt;
  }
  return days_seen_.first > days_seen_.second ? 0 : facts::At(dealer->region, Day{days_seen_.first});
}

void DealerFacts::DeriveThread(Shelf& shelf, uint32_t thread) {
  thread_local std::vector<RawEntry> entries;
  entries.clear();
  const RawColumns& raw = shelf.raw();
  const Threads& threads = shelf.threads_here();
  for (uint32_t index = threads.last_raw[thread]; index != Threads::kNone;) {
    if (!raw.reversed[index]) entries.push_back(RawAt(raw, index));
    const int64_t back = raw.back.At(index);
    index = back == 0 ? Threads::kNone : index - static_cast<uint32_t>(back);
  }
  if (entries.empty()) return;
  const auto emit = [&](const FactRow& row) { AppendRow(shelf, row, thread); };
  if (deriver_.IsLevel(entries.front().event)) {
    deriver_.Level(entries, emit);
  } else if (threads.hashes[thread] == Hash128{}) {
    for (const RawEntry& entry : entries) deriver_.Single(entry, emit);
  } else {
    deriver_.Lead(entries, emit);
  }
}

void DealerFacts::AppendRow(Shelf& shelf, const FactRow& row, uint32_t thread) {
  const size_t event = RowsIndex(row.event);
  has_event_[event] = true;
  EventRows& rows = shelf.RowsFor(event, row.day.value, row.cohort_day.value);
  rows.day.Append(row.day.value);
  rows.cohort.Append(row.cohort_day - row.day);
  rows.thread.Append(thread);
  rows.flags.Append(row.first ? EventRows::kFirst : 0);
  rows.seq.Append(row.seq);
  rows.quantity.Append(row.quantity);
  rows.amount.Append(row.amount);
  Cuboids::Codes codes{};
  const auto set = [&](Dim dim, int64_t id) {
    const size_t coded = CodedDim(dim);
    const int32_t code = dictionaries_[coded].Code(id);
    codes[static_cast<size_t>(dim)] = code;
    rows.dims[coded].Append(code);
  };
  set(Dim::kRegion, row.region);
  set(Dim::kTeam, row.team);
  set(Dim::kStaff, row.staff);
  set(Dim::kActor, row.actor);
  for (int m = 0; m < kMemberDimCount; ++m) set(MemberDim(m), row.members[static_cast<size_t>(m)]);

  AddToCuboids(event, row.day.value, row.cohort_day - row.day, row.first, row.quantity, row.amount, codes, +1);
  days_seen_ = {std::min(days_seen_.first, row.day.value), std::max(days_seen_.second, row.day.value)};
  cohorts_seen_ = {std::min(cohorts_seen_.first, row.cohort_day.value),
                   std::max(cohorts_seen_.second, row.cohort_day.value)};
}

std::optional<Period> DealerFacts::extent() const {
  if (cuboids_.whole()) return cuboids_.Extent();
  std::optional<Period> extent;
  for (const auto& shelf : shelves_) {
    for (size_t event = 0; event < has_event_.size(); ++event) {
      const EventRows* rows = shelf->rows(event);
      for (size_t row = 0; rows != nullptr && row < rows->size(); ++row) {
        if ((rows->flags.At(row) & EventRows::kDead) != 0) continue;
        const Day day{static_cast<int32_t>(rows->day.At(row))};
        extent = extent ? Period{std::min(extent->from, day), std::max(extent->to, day)} : Period{day, day};
      }
    }
  }
  return extent;
}

size_t DealerFacts::bytes() const {
  size_t total = cuboids_.bytes();
  for (const auto& shelf : shelves_) total += shelf->bytes();
  return total;
}

int64_t DealerFacts::rows() const {
  int64_t total = 0;
  for (const auto& shelf : shelves_) {
    for (size_t event = 0; event < has_event_.size(); ++event) {
      if (const EventRows* rows = shelf->rows(event)) total += static_cast<int64_t>(rows->size() - rows->dead);
    }
  }
  return total;
}

bool DealerFacts::Meets(const Shelf& shelf, const Plan& plan, const Plan::Part& part,
                        std::span<const Days> ranges) const {
  const Shelf::Extent* extent = shelf.Find(RowsIndex(part.event));
  if (extent == nullptr || extent->rows == 0) return false;
  const bool cohort = plan.query().basis == Basis::kCohort;
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Days& days) { return cohort ? shelf.StartsIn(days) : extent->Meets(days); });
}

std::vector<size_t> DealerFacts::AwayToScan(const Plan& plan) const {
  std::vector<size_t> away;
  if (AllHere()) return away;
  for (const Plan::Part& part : plan.parts()) {
    if (!has_event_[RowsIndex(part.event)]) continue;
    const auto left = Left(plan, part, Served(plan, part));
    for (size_t i = 0; left && i < shelves_.size(); ++i) {
      if (!shelves_[i]->here() && Meets(*shelves_[i], plan, part, left->ranges())) away.push_back(i);
    }
  }
  return away;
}

bool DealerFacts::IsAway(const Plan& plan, const Plan::Part& part, std::span<const Days> ranges) const {
  return !AllHere() && std::any_of(shelves_.begin(), shelves_.end(), [&](const auto& shelf) {
    return !shelf->here() && Meets(*shelf, plan, part, ranges);
  });
}

std::vector<size_t> DealerFacts::AwayToVisit(const Plan& plan) const {
  std::vector<size_t> away;
  if (AllHere()) return away;
  for (const Plan::Part& part : plan.parts()) {
    const Days range = WholeRange(plan, part);
    for (size_t i = 0; i < shelves_.size(); ++i) {
      if (!shelves_[i]->here() && Meets(*shelves_[i], plan, part, {&range, 1})) away.push_back(i);
    }
  }
  return away;
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

Days DealerFacts::WholeRange(const Plan& plan, const Plan::Part& part) {
  const Query& query = plan.query();
  const bool running = query.sums[part.sum].running;
  return {running ? INT32_MIN : query.cuts.front().value, query.cuts.back().value};
}

const Cuboids::Cuboid* DealerFacts::Served(const Plan& plan, const Plan::Part& part) const {
  const Query& query = plan.query();
  uint32_t dims = part.dims;
  if (!of_many_) dims &= ~BitOf(Dim::kDealer);
  if (of_many_ && regions_steady_ && (dims & BitOf(Dim::kRegion)) != 0) {
    // The dealer says which region it is; and there are days by dealer only.
    const bool by_months = query.basis == Basis::kPeriod && plan.WholeMonths(NoneBefore(plan), NoneAfter(plan));
    if ((dims & BitOf(Dim::kDealer)) != 0 || !by_months) dims = (dims & ~BitOf(Dim::kRegion)) | BitOf(Dim::kDealer);
  }
  if (steady_region_) dims &= ~BitOf(Dim::kRegion);
  const int event = static_cast<int>(RowsIndex(part.event));
  if (query.basis == Basis::kCohort) {
    const bool told_apart = !query.within_days || *query.within_days < Cuboids::kAgesMax - 1;
    const bool fits = told_apart && !query.sums[part.sum].running;
    return fits && plan.WholeMonths(NoneBefore(plan), NoneAfter(plan)) ? cuboids_.FindCohorts(event, dims) : nullptr;
  }
  const Cuboids::Cuboid* cuboid = cuboids_.Find(event, dims);
  if (cuboid == nullptr || cuboid->time() == Cuboids::Cuboid::Time::kDay) return cuboid;
  return query.sums[part.sum].running || !plan.CanSplit() ? nullptr : cuboid;
}

std::optional<DealerFacts::LeftToRows> DealerFacts::Left(const Plan& plan, const Plan::Part& part,
                                                         const Cuboids::Cuboid* cuboid) const {
  if (cuboid == nullptr) return LeftToRows{nullptr, WholeRange(plan, part)};
  if (cuboid->time() != Cuboids::Cuboid::Time::kMonth) return std::nullopt;
  const MonthSplit& split = *plan.Split(NoneBefore(plan), NoneAfter(plan));
  if (split.rest.empty()) return std::nullopt;
  return LeftToRows{&split, {}};
}

bool DealerFacts::Scan(const Plan& plan, Merger& merger) const {
  // Parts that one cuboid serves go through it together; nearly always there are one or two.
  struct ByCuboid {
    const Cuboids::Cuboid* cuboid = nullptr;
    std::vector<const Plan::Part*> parts;
  };
  thread_local std::vector<ByCuboid> served;
  size_t used = 0;
  for (const Plan::Part& part : plan.parts()) {
    if (!has_event_[RowsIndex(part.event)]) continue;
    const Cuboids::Cuboid* cuboid = Served(plan, part);
    if (const auto left = Left(plan, part, cuboid)) {
      if (IsAway(plan, part, left->ranges())) return false;
      ScanRows(plan, part, left->split == nullptr ? plan.pieces() : *left->split->pieces, left->ranges(), merger);
      if (left->split == nullptr || left->split->months.empty()) continue;
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
  return true;
}

void DealerFacts::ScanCuboid(const Plan& plan, std::span<const Plan::Part* const> parts, const Cuboids::Cuboid& cuboid,
                             Merger& merger) const {
  using Time = Cuboids::Cuboid::Time;
  const Query& query = plan.query();
  const auto& cuts = query.cuts;
  const size_t pieces = merger.cube().pieces;
  const auto wanted = [&](const Filter& filter, int64_t id) {
    return filter.ids.empty() ? id != 0 : std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
  };
  const auto id_of = [&](Dim dim, size_t combination) -> int64_t {
    if (dim == Dim::kDealer) {
      return of_many_ ? dealers_.ids[static_cast<size_t>(cuboid.CodeOf(combination, dim))] : dealer_.value;
    }
    if (!cuboid.by(dim)) {  // only the region may lack
      return of_many_ ? regions_[static_cast<size_t>(cuboid.CodeOf(combination, Dim::kDealer))] : *steady_region_;
    }
    return dictionaries_[CodedDim(dim)].ids[static_cast<size_t>(cuboid.CodeOf(combination, dim))];
  };
  const MonthSplit* split = cuboid.time() == Time::kMonth ? plan.Split(NoneBefore(plan), NoneAfter(plan)) : nullptr;
  const int32_t age_max = query.within_days.value_or(Cuboids::kAgesMax - 1);

  // Where the groups tell all combinations apart, and there are none from elsewhere, each is a new one.
  uint32_t by = 0;
  for (const Dim dim : query.by) by |= BitOf(dim);
  const bool each_new = merger.cube().groups.size() == 0 && (cuboid.dims() & ~by) == 0;

  if (each_new) merger.Reserve(cuboid.combinations());

  thread_local std::vector<int64_t> ids;
  thread_local std::vector<Cuboids::Series> all_series;
  thread_local std::vector<size_t> bases;  // of each combination's group, once it has one
  all_series.clear();
  for (const Plan::Part* part : parts) {
    all_series.push_back(cuboid.Of(static_cast<int>(RowsIndex(part->event)), part->taken));
  }
  bases.assign(cuboid.combinations(), SIZE_MAX);
  // The sums of a combination are the difference of two, which lie far from those of the next and still farther from
  // those of the next part: they are fetched ahead.
  constexpr size_t kAhead = 8;
  std::pair<int32_t, int32_t> slots{cuts.front().value, cuts.back().value};
  if (split != nullptr) {
    slots = split->months.empty() ? std::pair(0, 0) : std::pair(split->months.front().from, split->months.back().to);
  }
  const auto fetch_first = [&](size_t p) {
    if (p >= all_series.size()) return;
    for (size_t c = 0; c < kAhead; ++c) all_series[p].Prefetch(c, slots.first, slots.second);
  };
  fetch_first(0);
  for (size_t p = 0; p < parts.size(); ++p) {
    const Plan::Part* part = parts[p];
    const Cuboids::Series& series = all_series[p];
    fetch_first(p + 1);
    const size_t first_cell = part->sum * pieces;
    const size_t combinations = std::min(series.combinations, cuboid.combinations());
    for (size_t c = 0; c < combinations; ++c) {
      series.Prefetch(c + kAhead, slots.first, slots.second);
      const bool taken_in = std::all_of(part->filters.begin(), part->filters.end(),
                                        [&](const Filter& filter) { return wanted(filter, id_of(filter.dim, c)); });
      if (!taken_in) continue;
      const auto add = [&](size_t piece, const Cuboids::Sum& sum, int64_t day_sum) {
        if (sum.rows == 0 && sum.sum == 0) return;
        if (bases[c] == SIZE_MAX) {
          ids.clear();
          for (const Dim dim : query.by) ids.push_back(id_of(dim, c));
          bases[c] = each_new ? merger.AddGroup(ids) : merger.Group(ids);
        }
        Cell& cell = merger.cube().cells[bases[c] + first_cell + piece];
        cell.sum += sum.sum;
        cell.day_sum += day_sum;
        cell.rows += sum.rows;
        merger.rows_read += sum.rows;
      };
      if (split != nullptr) {
        for (const MonthSplit::Months& months : split->months) {
          add(months.piece, series.Range(c, months.from, months.to), 0);
        }
        continue;
      }
      if (cuboid.time() == Time::kCohortMonth) {
        // Where a cut is no first of a month, nothing lies beyond it.
        for (size_t k = 0; k + 1 < cuts.size(); ++k) {
          const int32_t to = MonthOf(cuts[k + 1].value - 1) + 1;
          add(k + 1, series.Range(c, MonthOf(cuts[k].value), to, age_max), 0);
        }
        continue;
      }
      const bool running = query.sums[part->sum].running;
      const int32_t origin = cuts.front().value;
      const auto day_sum = [&](int32_t from, int32_t to) { return running ? series.DaySum(c, from, to, origin) : 0; };
      if (running) {
        add(0, series.Range(c, INT32_MIN, origin), day_sum(INT32_MIN, origin));
      }
      for (size_t k = 0; k + 1 < cuts.size(); ++k) {
        const int32_t from = cuts[k].value;
        const int32_t to = cuts[k + 1].value;
        add(k + 1, series.Range(c, from, to), day_sum(from, to));
      }
    }
  }
}

void DealerFacts::Visit(const Plan& plan, const RowVisitor& visit) const {
  for (const Plan::Part& part : plan.parts()) {
    const size_t event = RowsIndex(part.event);
    const std::optional<CodesWanted> wanted = WantedCodes(part);
    if (!wanted) continue;
    const Days range = WholeRange(plan, part);
    CountedRow row;
    row.dealer = dealer_;
    row.sum = part.sum;
    row.event = part.event;
    size_t before = 0;  // rows of the event on earlier shelves
    for (const auto& shelf : shelves_) {
      const Shelf::Extent* extent = shelf->Find(event);
      if (extent == nullptr) continue;
      const size_t first = before;
      before += extent->rows;
      if (!Meets(*shelf, plan, part, {&range, 1})) continue;
      shelf->Use(use_.load(std::memory_order_relaxed));
      const EventRows& rows = *shelf->rows(event);
      row.member = [&](Dim dim) {
        if (dim == Dim::kDealer) return dealer_.value;
        const size_t coded = CodedDim(dim);
        return dictionaries_[coded].ids[static_cast<size_t>(rows.dims[coded].At(row.row - first))];
      };
      Select(plan, part, *wanted, rows, plan.pieces(), {&range, 1}, [&](const Chunk& chunk) {
        for (size_t i = 0; i < chunk.chosen_count; ++i) {
          const size_t at = chunk.chosen[i];
          row.row = first + chunk.begin + at;
          row.seq = rows.seq.At(chunk.begin + at);
          row.day = {chunk.days[at]};
          row.piece = chunk.piece[i];
          row.value = chunk.values[at];
          visit(row);
        }
      });
    }
  }
}

std::optional<DealerFacts::CodesWanted> DealerFacts::WantedCodes(const Plan::Part& part) const {
  CodesWanted all;
  for (const Filter& filter : part.filters) {
    const std::vector<int64_t>& ids = filter.ids;
    if (filter.dim == Dim::kDealer) {
      if (!ids.empty() && std::find(ids.begin(), ids.end(), dealer_.value) == ids.end()) return std::nullopt;
      continue;
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(filter.dim)];
    std::vector<bool> wanted(dictionary.ids.size(), ids.empty());
    if (ids.empty()) wanted[0] = false;
    bool any = ids.empty();
    for (const int64_t id : ids) {
      const auto code = dictionary.codes.find(id);
      if (code == dictionary.codes.end()) continue;
      wanted[static_cast<size_t>(code->second)] = true;
      any = true;
    }
    if (!any) return std::nullopt;
    all.emplace_back(CodedDim(filter.dim), std::move(wanted));
  }
  return all;
}

template <typename Take>
int64_t DealerFacts::Select(const Plan& plan, const Plan::Part& part, const CodesWanted& wanted, const EventRows& rows,
                            const Pieces& pieces, std::span<const Days> ranges, const Take& take) const {
  const Query& query = plan.query();
  const SumSpec& spec = query.sums[part.sum];
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
        if ((flags[i] & EventRows::kDead) != 0 || (only_first && (flags[i] & EventRows::kFirst) == 0)) continue;
        if (cohort && query.within_days && -cohorts[i] > *query.within_days) continue;
        const int32_t p = pieces.Of(cohort ? days[i] + cohorts[i] : days[i]);
        if (p < 0 || (p == 0 && !spec.running)) continue;
        piece[n] = p;
        chosen[n++] = static_cast<uint32_t>(i);
      }
      for (const auto& [dim, of_dim] : wanted) {
        if (n == 0) break;
        rows.dims[dim].Decode(begin, count, codes);
        size_t kept = 0;
        for (size_t i = 0; i < n; ++i) {
          if (!of_dim[static_cast<size_t>(codes[chosen[i]])]) continue;
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
  const std::optional<CodesWanted> wanted = WantedCodes(part);
  if (!wanted) return;
  Cube& cube = merger.cube();
  // How groups are found: codes of the `by` dimensions as one mixed-radix number. Where that would outgrow 64 bits, the
  // combinations met so far are numbered, and the number takes their place.
  struct ByColumn {
    std::optional<size_t> dim;  // nothing: the dealer itself
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
      by.push_back({std::nullopt, 1, nullptr, false, {}, {}});
      continue;
    }
    const Dictionary& dictionary = dictionaries_[CodedDim(dim)];
    const bool folds = room < dictionary.ids.size();
    if (folds) room = UINT64_MAX / UINT32_MAX;  // there are no more combinations than rows
    room /= dictionary.ids.size();
    by.push_back({CodedDim(dim), dictionary.ids.size(), &dictionary, folds, {}, {}});
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
        if (!by[i].dim) {
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
  int64_t looked_at = 0;
  for (const auto& shelf : shelves_) {
    if (!Meets(*shelf, plan, part, ranges)) continue;
    assert(shelf->here());
    shelf->Use(use_.load(std::memory_order_relaxed));
    const EventRows& rows = *shelf->rows(RowsIndex(part.event));
    looked_at += Select(plan, part, *wanted, rows, pieces, ranges, [&](const Chunk& chunk) {
      const size_t n = chunk.chosen_count;
      std::fill_n(keys, n, 0);
      for (ByColumn& column : by) {
        if (!column.dim) continue;
        rows.dims[*column.dim].Decode(chunk.begin, chunk.count, codes);
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
  }
  merger.rows_read += looked_at;
  merger.rows_scanned += looked_at;
}

}  // namespace dealpace::facts
