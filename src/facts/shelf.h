#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "facts/column.h"
#include "facts/cuboids.h"
#include "facts/derive.h"

// Where the entries and rows of a dealer lie. Internal to this room.
namespace dealpace::facts {

using Days = std::pair<int32_t, int32_t>;  // [first, second)

// Rows of one event.
struct EventRows {
  static constexpr int64_t kFirst = 1;
  static constexpr int64_t kDead = 2;

  Column day;
  Column cohort;  // cohort day − day
  Column thread;
  Column flags;
  Column seq;  // of the entry that the row is or follows from
  Column quantity;
  Column amount;
  std::array<Column, kCodedDims> dims;
  size_t sorted = 0;  // so many rows from the front are in order of day
  size_t dead = 0;

  [[nodiscard]] size_t size() const { return day.size(); }
  [[nodiscard]] size_t bytes() const;
  // Puts the rows in order of day, those struck out left aside.
  void Sort();
  void Save(ByteWriter& out) const;
  void Load(ByteReader& in);
};

// Entries as they came, without reversals, in order of seq; members as codes.
struct RawColumns {
  Column skipped;  // seq − position: how many entries before it are none of these
  Column event;
  Column day;
  Column ms;  // instant − midnight UTC of the day
  Column thread;
  Column back;  // so many positions back stands the entry of the same thread before this one; 0: there is none
  Column attempt;
  Column actor;
  std::array<Column, kMemberDimCount> members;
  Column quantity;
  Column amount;
  std::vector<bool> reversed;

  [[nodiscard]] size_t size() const { return skipped.size(); }
  [[nodiscard]] size_t bytes() const;
  [[nodiscard]] int64_t SeqAt(size_t index) const { return skipped.At(index) + static_cast<int64_t>(index); }
  // The position of an entry; size() when it is not here.
  [[nodiscard]] size_t Find(int64_t seq) const;
  void Shrink();
  void Save(ByteWriter& out) const;
  void Load(ByteReader& in);
};

// Threads by the hash of their name, numbered from 0: a lead, the readings of one balance, or a single entry, which has
// no name.
struct Threads {
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> last_raw;  // newest raw entry of the thread
  std::vector<uint32_t> slots;     // open addressing over hashes; kNone: free
  std::vector<Hash128> hashes;     // of named threads; zero for those without a name
  size_t named = 0;

  [[nodiscard]] size_t size() const { return last_raw.size(); }
  [[nodiscard]] size_t bytes() const { return (last_raw.capacity() + slots.capacity()) * 4 + hashes.capacity() * 16; }
  [[nodiscard]] uint32_t Find(const Hash128& hash) const;  // kNone: not here
  uint32_t Add(const Hash128& hash);                       // one that is not here; zero: without a name
  void Index(size_t room);                                 // the slots anew, from the hashes
};

// Threads in the order in which they first came, so many to a shelf: with their entries, and the rows that follow from
// them. A shelf is what is kept, read back and forgotten as a whole; what it holds of each event, and of which days, is
// known without it.
class Shelf {
 public:
  Shelf(size_t events, int64_t opened) : opened_(opened), events_(events) {}

  // ---- Known without the rows ----
  struct Extent {
    int32_t event = 0;
    uint32_t rows = 0;              // struck-out ones included
    int32_t first_day = INT32_MAX;  // of all rows that there ever were
    int32_t last_day = INT32_MIN;
    [[nodiscard]] bool Meets(const Days& days) const { return first_day < days.second && last_day >= days.first; }
  };
  // Null where it has no rows of the event.
  [[nodiscard]] const Extent* Find(size_t event) const;
  // Whether some lead may have started on one of these days.
  [[nodiscard]] bool StartsIn(const Days& days) const {
    return first_start_ < days.second && last_start_ >= days.first;
  }
  // Seq of the entry that it was begun with.
  [[nodiscard]] int64_t opened() const { return opened_; }
  [[nodiscard]] size_t threads() const { return here_ ? threads_.size() : threads_away_; }
  [[nodiscard]] bool here() const { return here_; }
  // Whether a thread of that name may be among those that are away; not so rarely wrong that it need not be checked.
  [[nodiscard]] bool MayHold(const Hash128& hash) const;
  // Stands for the bytes that are kept of it; 0: it has changed since.
  [[nodiscard]] uint64_t kept() const { return kept_; }
  // Moves with every change.
  [[nodiscard]] uint64_t version() const { return version_; }
  void SetKept(uint64_t mark) { kept_ = mark; }
  void Use(int64_t at) const { used_.store(at, std::memory_order_relaxed); }
  [[nodiscard]] int64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] size_t bytes() const;

  // What is known without the rows, of which `mark` stands for those kept.
  void SaveKnown(ByteWriter& out, uint64_t mark) const;
  static std::unique_ptr<Shelf> LoadKnown(ByteReader& in, size_t events);
  // The rows. Loading fails where the bytes are not whole, or others than those kept.
  [[nodiscard]] std::string Save() const;
  [[nodiscard]] bool Load(std::string_view bytes);
  // Forgets the rows.
  void Drop();

  // ---- While it is here ----
  [[nodiscard]] RawColumns& raw() { return raw_; }
  [[nodiscard]] const RawColumns& raw() const { return raw_; }
  [[nodiscard]] Threads& threads_here() { return threads_; }
  [[nodiscard]] const Threads& threads_here() const { return threads_; }
  [[nodiscard]] const EventRows* rows(size_t event) const { return events_[event].get(); }
  // Notes that a thread is to be derived anew.
  void Touch(uint32_t thread);
  [[nodiscard]] bool touched() const { return !touched_.empty(); }
  // For each row of a touched thread that counts: strikes it out and calls `out(event, rows, row)`. Threads that have
  // come since the last settling have no rows yet.
  template <typename Out>
  void StrikeOutTouched(const Out& out);
  [[nodiscard]] const std::vector<uint32_t>& touched_threads() const { return touched_; }
  // The rows of an event, to append one on that day of a lead that started on that one.
  EventRows& RowsFor(size_t event, int32_t day, int32_t cohort_day);
  // Ends a settling: sorts what has grown out of order.
  void Settled();

 private:
  Extent& ExtentOf(size_t event);

  int64_t opened_ = 0;
  std::vector<Extent> extents_;      // in order of event
  int32_t first_start_ = INT32_MAX;  // of all leads that there ever were
  int32_t last_start_ = INT32_MIN;
  std::vector<uint32_t> names_away_;  // of the hashes of threads, 32 bits each, in order; while the rows are away
  size_t threads_away_ = 0;
  bool here_ = true;
  uint64_t kept_ = 0;
  uint64_t version_ = 0;
  mutable std::atomic<int64_t> used_{0};

  RawColumns raw_;
  Threads threads_;
  std::vector<std::unique_ptr<EventRows>> events_;  // by event; null where none
  std::vector<uint32_t> touched_;
  std::vector<bool> is_touched_;
  bool settled_ = false;
  size_t settled_threads_ = 0;  // how many there were then
};

template <typename Out>
void Shelf::StrikeOutTouched(const Out& out) {
  constexpr size_t kChunk = 1024;
  const auto has_rows = [&](uint32_t thread) { return thread < settled_threads_; };
  if (std::none_of(touched_.begin(), touched_.end(), has_rows)) return;
  is_touched_.resize(threads_.size());
  int32_t chunk[kChunk];
  for (size_t event = 0; event < events_.size(); ++event) {
    EventRows* rows = events_[event].get();
    if (rows == nullptr) continue;
    for (size_t begin = 0; begin < rows->size(); begin += kChunk) {
      const size_t count = std::min(kChunk, rows->size() - begin);
      rows->thread.Decode(begin, count, chunk);
      for (size_t i = 0; i < count; ++i) {
        const size_t row = begin + i;
        if (!is_touched_[static_cast<size_t>(chunk[i])] || (rows->flags.At(row) & EventRows::kDead) != 0) continue;
        out(event, *rows, row);
        rows->flags.Set(row, EventRows::kDead);
        ++rows->dead;
      }
    }
  }
}

}  // namespace dealpace::facts
