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
constexpr int64_t kDayTableMax = 40'000;  // about 110 years of days

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

// ---- Taking entries ----

DealerFacts::DealerFacts(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org, DealerId dealer)
    : catalog_(catalog),
      org_(std::move(org)),
      dealer_(dealer),
      deriver_(catalog, *org_, dealer),
      events_(catalog.events().size() + 1) {
  if (const OrgView::Dealer* known = org_->Find(dealer)) fingerprint_ = known->fingerprint;
}

void DealerFacts::SetOrg(std::shared_ptr<const OrgView> org) {
  org_ = std::move(org);
  deriver_.SetOrg(*org_);
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
    size_t high = raw_seq_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (raw_seq_.At(middle) < entry.reverses) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low < raw_seq_.size() && raw_seq_.At(low) == entry.reverses) {
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

  const auto index = static_cast<int64_t>(raw_seq_.size());
  raw_seq_.Append(entry.seq);
  raw_event_.Append(entry.event);
  raw_day_.Append(entry.day.value);
  raw_ms_.Append(entry.at.ms - int64_t{entry.day.value} * kDayMs);
  raw_thread_.Append(thread);
  const uint32_t previous = threads_.last_raw[thread];
  raw_previous_.Append(previous == kNoThread ? -1 : static_cast<int64_t>(previous));
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
  raw.seq = raw_seq_.At(index);
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
    for (const auto& rows : events_) {
      if (!rows) continue;
      for (size_t begin = 0; begin < rows->size(); begin += kChunk) {
        const size_t count = std::min(kChunk, rows->size() - begin);
        rows->thread.Decode(begin, count, chunk);
        for (size_t i = 0; i < count; ++i) {
          if (!is_touched_[static_cast<size_t>(chunk[i])] || (rows->flags.At(begin + i) & kDead) != 0) continue;
          rows->flags.Set(begin + i, kDead);
          ++rows->dead;
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
  settled_ = true;
}

void DealerFacts::DeriveThread(uint32_t thread) {
  thread_local std::vector<RawEntry> entries;
  entries.clear();
  for (uint32_t index = threads_.last_raw[thread]; index != kNoThread;) {
    if (!raw_reversed_[index]) entries.push_back(RawAt(index));
    const int64_t previous = raw_previous_.At(index);
    index = previous < 0 ? kNoThread : static_cast<uint32_t>(previous);
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
  const auto set = [&](Dim dim, int64_t id) {
    const size_t coded = CodedDim(dim);
    rows.dims[coded].Append(dictionaries_[coded].Code(id));
  };
  set(Dim::kRegion, row.region);
  set(Dim::kTeam, row.team);
  set(Dim::kStaff, row.staff);
  set(Dim::kActor, row.actor);
  for (int m = 0; m < kMemberDimCount; ++m) set(MemberDim(m), row.members[static_cast<size_t>(m)]);
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
  size_t total = raw_seq_.bytes() + raw_event_.bytes() + raw_day_.bytes() + raw_ms_.bytes() + raw_thread_.bytes() +
                 raw_previous_.bytes() + raw_attempt_.bytes() + raw_actor_.bytes() + raw_quantity_.bytes() +
                 raw_amount_.bytes() + raw_reversed_.capacity() / 8;
  for (const Column& column : raw_members_) total += column.bytes();
  total += threads_.last_raw.capacity() * 4 + threads_.slots.capacity() * 4 + threads_.hashes.capacity() * 16;
  for (const auto& rows : events_) {
    if (!rows) continue;
    total += rows->day.bytes() + rows->cohort.bytes() + rows->thread.bytes() + rows->flags.bytes() + rows->seq.bytes() +
             rows->quantity.bytes() + rows->amount.bytes();
    for (const Column& column : rows->dims) total += column.bytes();
  }
  return total;
}

int64_t DealerFacts::rows() const {
  int64_t total = 0;
  for (const auto& rows : events_) {
    if (rows) total += static_cast<int64_t>(rows->size() - rows->dead);
  }
  return total;
}

// ---- Answering ----

DealerFacts::Pieces::Pieces(const std::vector<Day>& cuts) : cuts_(cuts) {
  assert(cuts.size() >= 2);
  first_ = cuts.front().value;
  span_ = int64_t{cuts.back().value} - first_;
  if (span_ <= kDayTableMax) {
    table_.resize(static_cast<size_t>(span_));
    for (size_t k = 0; k + 1 < cuts_.size(); ++k) {
      for (int32_t day = cuts_[k].value; day < cuts_[k + 1].value; ++day) {
        table_[static_cast<size_t>(day - first_)] = static_cast<int32_t>(k) + 1;
      }
    }
  }
}

int32_t DealerFacts::Pieces::Search(int32_t day) const {
  return static_cast<int32_t>(std::upper_bound(cuts_.begin(), cuts_.end(), Day{day}) - cuts_.begin());
}

DealerFacts::Merger::Merger(const Query& query) : pieces_(query.cuts) {
  cube_.sums = query.sums.size();
  cube_.pieces = query.cuts.size();
}

size_t DealerFacts::Merger::HashIds::operator()(const std::vector<int64_t>& ids) const {
  return static_cast<size_t>(HashText({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int64_t)}).low);
}

Cell* DealerFacts::Merger::Group(const std::vector<int64_t>& ids) {
  const auto [it, fresh] = index_.emplace(ids, cube_.groups.size());
  const size_t stride = cube_.sums * cube_.pieces;
  if (fresh) {
    cube_.groups.push_back(ids);
    cube_.cells.resize(cube_.cells.size() + stride);
  }
  return cube_.cells.data() + it->second * stride;
}

void DealerFacts::Merger::Absorb(Merger& other) {
  const size_t stride = cube_.sums * cube_.pieces;
  for (size_t g = 0; g < other.cube_.groups.size(); ++g) {
    Cell* into = Group(other.cube_.groups[g]);
    const Cell* from = other.cube_.cells.data() + g * stride;
    for (size_t i = 0; i < stride; ++i) {
      into[i].sum += from[i].sum;
      into[i].day_sum += from[i].day_sum;
      into[i].rows += from[i].rows;
    }
  }
  rows_read += other.rows_read;
}

template <typename Each>
void DealerFacts::EachEvent(const Query& query, const Each& each) const {
  for (size_t s = 0; s < query.sums.size(); ++s) {
    if (query.sums[s].measure == kThreads) {
      if (const auto& rows = events_.back()) each(s, kThreadEvent, *rows, false);
      continue;
    }
    const catalog::Measure& measure = catalog_.measures()[static_cast<size_t>(query.sums[s].measure)];
    if (measure.event < 0) continue;
    if (const auto& rows = events_[static_cast<size_t>(measure.event)]) {
      each(s, measure.event, *rows, measure.kind == catalog::SumKind::kReading);
    }
    if (measure.reading_event != measure.event) {
      if (const auto& rows = events_[static_cast<size_t>(measure.reading_event)]) {
        each(s, measure.reading_event, *rows, true);
      }
    }
  }
}

void DealerFacts::Scan(const Query& query, Merger& merger) const {
  EachEvent(query, [&](size_t sum, int /*event*/, const EventRows& rows, bool reading) {
    ScanRows(query, rows, sum, reading, merger);
  });
}

void DealerFacts::Visit(const Query& query, const RowVisitor& visit) const {
  const Pieces pieces(query.cuts);
  EachEvent(query, [&](size_t sum, int event, const EventRows& rows, bool reading) {
    CountedRow row;
    row.dealer = dealer_;
    row.sum = sum;
    row.event = event;
    row.member = [&](Dim dim) {
      if (dim == Dim::kDealer) return dealer_.value;
      const size_t coded = CodedDim(dim);
      return dictionaries_[coded].ids[static_cast<size_t>(rows.dims[coded].At(row.row))];
    };
    Select(query, pieces, rows, sum, reading, [&](const Chunk& chunk) {
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
  });
}

template <typename Take>
int64_t DealerFacts::Select(const Query& query, const Pieces& pieces, const EventRows& rows, size_t sum, bool reading,
                            const Take& take) const {
  using catalog::SumKind;
  const SumSpec& spec = query.sums[sum];
  const catalog::Measure* measure =
      spec.measure == kThreads ? nullptr : &catalog_.measures()[static_cast<size_t>(spec.measure)];

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
  for (const Filter& filter : spec.filters) {
    if (!add_filter(filter.dim, filter.ids)) return 0;
  }
  const bool only_first =
      measure != nullptr && !reading && (measure->kind == SumKind::kFirstQuantity || measure->kind == SumKind::kDays);
  if (measure != nullptr && !reading) {
    for (const catalog::SumFilter& filter : measure->filters) {
      std::vector<int64_t> ids;
      for (const auto& [id, label] : org_->labels[static_cast<size_t>(filter.dim)]) {
        if (label == filter.code) ids.push_back(id);
      }
      if (ids.empty() || !add_filter(filter.dim, ids)) return 0;
    }
  }
  enum class Sum { kQuantity, kAmount, kDays } adds = Sum::kQuantity;
  if (measure != nullptr) {
    if (measure->sums_amount()) adds = Sum::kAmount;
    if (measure->kind == SumKind::kDays && !reading) adds = Sum::kDays;
  }
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
      if (cohort || adds == Sum::kDays) rows.cohort.Decode(begin, count, cohorts);
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
      switch (adds) {
        case Sum::kQuantity: rows.quantity.Decode(begin, count, values); break;
        case Sum::kAmount: rows.amount.Decode(begin, count, values); break;
        case Sum::kDays:
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
    scan(spec.running ? 0 : first_from(query.cuts.front().value), first_from(query.cuts.back().value));
  }
  scan(rows.sorted, rows.size());
  return looked_at;
}

void DealerFacts::ScanRows(const Query& query, const EventRows& rows, size_t sum, bool reading, Merger& merger) const {
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
  const size_t stride = merger.cube_.sums * merger.cube_.pieces;
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
      Cell* cells = merger.Group(ids);
      *known = static_cast<size_t>(cells - merger.cube_.cells.data()) / stride * stride + sum * merger.cube_.pieces;
    }
    return *known;
  };

  int32_t codes[kChunk];
  uint64_t keys[kChunk];
  merger.rows_read += Select(query, merger.pieces_, rows, sum, reading, [&](const Chunk& chunk) {
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
      Cell& cell = merger.cube_.cells[base + static_cast<size_t>(chunk.piece[i])];
      const int64_t value = chunk.values[chunk.chosen[i]];
      cell.sum += value;
      cell.day_sum += value * (chunk.days[chunk.chosen[i]] - merger.pieces_.first());
      ++cell.rows;
    }
  });
}

}  // namespace dealpace::facts
