#include "facts/dealer_facts.h"

#include <algorithm>
#include <cassert>

namespace dealpace::facts {
namespace {

constexpr int64_t kDayMs = 86'400'000;

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

}  // namespace dealpace::facts
