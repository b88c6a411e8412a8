#include "facts/shelf.h"

#include <algorithm>

namespace dealpace::facts {
namespace {

// Another number for another layout: older bytes are then not taken.
constexpr uint32_t kLayout = 0x53480001;
constexpr size_t kTailMin = 128;  // unsorted rows that are left alone

// Columns of rows and entries, in the order in which they are saved.
template <typename Rows, typename Visit>
void EachColumn(Rows& rows, const Visit& visit) {
  for (auto* column : {&rows.day, &rows.cohort, &rows.thread, &rows.flags, &rows.seq, &rows.quantity, &rows.amount}) {
    visit(*column);
  }
  for (auto& column : rows.dims) visit(column);
}

template <typename Raw, typename Visit>
void EachRawColumn(Raw& raw, const Visit& visit) {
  for (auto* column : {&raw.skipped, &raw.event, &raw.day, &raw.ms, &raw.thread, &raw.back, &raw.attempt, &raw.actor,
                       &raw.quantity, &raw.amount}) {
    visit(*column);
  }
  for (auto& column : raw.members) visit(column);
}

uint32_t NameOf(const Hash128& hash) { return static_cast<uint32_t>(hash.low >> 32U); }

}  // namespace

// ---- Rows of one event ----

size_t EventRows::bytes() const {
  size_t total = sizeof *this;
  EachColumn(*this, [&](const Column& column) { total += column.bytes(); });
  return total;
}

void EventRows::Sort() {
  std::vector<std::pair<int32_t, uint32_t>> order;
  order.reserve(size());
  for (size_t i = 0; i < size(); ++i) {
    if ((flags.At(i) & kDead) == 0) {
      order.emplace_back(static_cast<int32_t>(day.At(i)), static_cast<uint32_t>(i));
    }
  }
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> positions;
  positions.reserve(order.size());
  for (const auto& [day_of_row, row] : order) positions.push_back(row);
  EachColumn(*this, [&](Column& column) { column = column.Gather(positions); });
  sorted = positions.size();
  dead = 0;
}

void EventRows::Save(ByteWriter& out) const {
  EachColumn(*this, [&](const Column& column) { column.Save(out); });
  out.Put<uint64_t>(sorted);
  out.Put<uint64_t>(dead);
}

void EventRows::Load(ByteReader& in) {
  EachColumn(*this, [&](Column& column) { column.Load(in); });
  sorted = in.Get<uint64_t>();
  dead = in.Get<uint64_t>();
}

// ---- Entries ----

size_t RawColumns::bytes() const {
  size_t total = reversed.capacity() / 8;
  EachRawColumn(*this, [&](const Column& column) { total += column.bytes(); });
  return total;
}

size_t RawColumns::Find(int64_t seq) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (SeqAt(middle) < seq) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < size() && SeqAt(low) == seq ? low : size();
}

void RawColumns::Shrink() {
  EachRawColumn(*this, [](Column& column) { column.Shrink(); });
}

void RawColumns::Save(ByteWriter& out) const {
  EachRawColumn(*this, [&](const Column& column) { column.Save(out); });
  out.PutAll(reversed);
}

void RawColumns::Load(ByteReader& in) {
  EachRawColumn(*this, [&](Column& column) { column.Load(in); });
  in.GetAll(reversed);
}

// ---- Threads ----

uint32_t Threads::Find(const Hash128& hash) const {
  if (slots.empty()) return kNone;
  const size_t mask = slots.size() - 1;
  for (size_t slot = hash.low & mask; slots[slot] != kNone; slot = (slot + 1) & mask) {
    if (hashes[slots[slot]] == hash) return slots[slot];
  }
  return kNone;
}

uint32_t Threads::Add(const Hash128& hash) {
  const auto thread = static_cast<uint32_t>(size());
  last_raw.push_back(kNone);
  hashes.push_back(hash);
  if (hash == Hash128{}) return thread;
  ++named;
  if (slots.size() < named * 2) {
    Index(slots.size() * 2);
    return thread;
  }
  const size_t mask = slots.size() - 1;
  size_t slot = hash.low & mask;
  while (slots[slot] != kNone) slot = (slot + 1) & mask;
  slots[slot] = thread;
  return thread;
}

void Threads::Index(size_t room) {
  named = 0;
  for (const Hash128& hash : hashes) named += hash == Hash128{} ? 0 : 1;
  size_t size = 64;
  while (size < std::max(room, named * 2)) size *= 2;
  slots.assign(size, kNone);
  const size_t mask = size - 1;
  for (size_t thread = 0; thread < hashes.size(); ++thread) {
    if (hashes[thread] == Hash128{}) continue;
    size_t slot = hashes[thread].low & mask;
    while (slots[slot] != kNone) slot = (slot + 1) & mask;
    slots[slot] = static_cast<uint32_t>(thread);
  }
}

// ---- The shelf ----

const Shelf::Extent* Shelf::Find(size_t event) const {
  for (const Extent& extent : extents_) {
    if (static_cast<size_t>(extent.event) == event) return &extent;
  }
  return nullptr;
}

Shelf::Extent& Shelf::ExtentOf(size_t event) {
  const auto at = std::lower_bound(extents_.begin(), extents_.end(), static_cast<int32_t>(event),
                                   [](const Extent& extent, int32_t e) { return extent.event < e; });
  if (at != extents_.end() && static_cast<size_t>(at->event) == event) return *at;
  return *extents_.insert(at, Extent{.event = static_cast<int32_t>(event)});
}

bool Shelf::MayHold(const Hash128& hash) const {
  if (names_away_.empty()) return false;
  // They are spread evenly, so a name stands near its share of them: that costs one look at memory, not ten.
  const uint32_t name = NameOf(hash);
  size_t at = (names_away_.size() * uint64_t{name}) >> 32;
  while (at > 0 && names_away_[at] > name) --at;
  while (at + 1 < names_away_.size() && names_away_[at] < name) ++at;
  return names_away_[at] == name;
}

size_t Shelf::bytes() const {
  size_t total = sizeof *this + extents_.capacity() * sizeof(Extent) + names_away_.capacity() * 4 + raw_.bytes() +
                 threads_.bytes() + events_.capacity() * sizeof events_[0];
  for (const auto& rows : events_) total += rows ? rows->bytes() : 0;
  return total;
}

void Shelf::SaveKnown(ByteWriter& out, uint64_t mark) const {
  out.Put(opened_);
  out.Put(first_start_);
  out.Put(last_start_);
  out.PutAll(extents_);
  out.Put(mark);
  out.Put<uint64_t>(threads());
  if (!here_) {
    out.PutAll(names_away_);
    return;
  }
  std::vector<uint32_t> names;
  names.reserve(threads_.named);
  for (const Hash128& hash : threads_.hashes) {
    if (!(hash == Hash128{})) names.push_back(NameOf(hash));
  }
  std::sort(names.begin(), names.end());
  out.PutAll(names);
}

std::unique_ptr<Shelf> Shelf::LoadKnown(ByteReader& in, size_t events) {
  auto shelf = std::make_unique<Shelf>(events, in.Get<int64_t>());
  shelf->first_start_ = in.Get<int32_t>();
  shelf->last_start_ = in.Get<int32_t>();
  in.GetAll(shelf->extents_);
  shelf->kept_ = in.Get<uint64_t>();
  shelf->threads_away_ = in.Get<uint64_t>();
  in.GetAll(shelf->names_away_);
  shelf->here_ = false;
  return shelf;
}

std::string Shelf::Save() const {
  ByteWriter out;
  out.Put(kLayout);
  raw_.Save(out);
  out.PutAll(threads_.last_raw);
  out.PutAll(threads_.hashes);
  for (const Extent& extent : extents_) events_[static_cast<size_t>(extent.event)]->Save(out);
  return std::move(out).Take();
}

bool Shelf::Load(std::string_view bytes) {
  if (kept_ == 0 || HashText(bytes).low != kept_) return false;
  ByteReader in(bytes);
  if (in.Get<uint32_t>() != kLayout) return false;
  raw_.Load(in);
  in.GetAll(threads_.last_raw);
  in.GetAll(threads_.hashes);
  threads_.Index(0);
  for (const Extent& extent : extents_) {
    auto& rows = events_[static_cast<size_t>(extent.event)];
    rows = std::make_unique<EventRows>();
    rows->Load(in);
  }
  is_touched_.assign(threads_.size(), false);
  settled_ = true;
  settled_threads_ = threads_.size();
  here_ = in.ok() && in.AtEnd();
  if (here_) names_away_ = {};
  return here_;
}

void Shelf::Drop() {
  threads_away_ = threads_.size();
  names_away_.clear();
  names_away_.reserve(threads_.named);
  for (const Hash128& hash : threads_.hashes) {
    if (!(hash == Hash128{})) names_away_.push_back(NameOf(hash));
  }
  std::sort(names_away_.begin(), names_away_.end());
  raw_ = {};
  threads_ = {};
  settled_threads_ = 0;
  for (auto& rows : events_) rows = nullptr;
  is_touched_ = {};
  here_ = false;
}

void Shelf::Touch(uint32_t thread) {
  if (is_touched_.size() <= thread) is_touched_.resize(std::max<size_t>(threads_.size(), thread + 1));
  if (is_touched_[thread]) return;
  is_touched_[thread] = true;
  touched_.push_back(thread);
  kept_ = 0;
  ++version_;
}

EventRows& Shelf::RowsFor(size_t event, int32_t day, int32_t cohort_day) {
  Extent& extent = ExtentOf(event);
  extent.first_day = std::min(extent.first_day, day);
  extent.last_day = std::max(extent.last_day, day);
  first_start_ = std::min(first_start_, cohort_day);
  last_start_ = std::max(last_start_, cohort_day);
  if (!events_[event]) events_[event] = std::make_unique<EventRows>();
  return *events_[event];
}

void Shelf::Settled() {
  for (Extent& extent : extents_) {
    EventRows& rows = *events_[static_cast<size_t>(extent.event)];
    const size_t tail = rows.size() - rows.sorted;
    if (!settled_ || tail > std::max(kTailMin, rows.sorted / 8) || rows.dead > std::max(kTailMin, rows.size() / 8)) {
      rows.Sort();
    }
    extent.rows = static_cast<uint32_t>(rows.size());
  }
  for (const uint32_t thread : touched_) is_touched_[thread] = false;
  touched_.clear();
  if (!settled_) raw_.Shrink();
  settled_ = true;
  settled_threads_ = threads_.size();
}

}  // namespace dealpace::facts
