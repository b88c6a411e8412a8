#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "facts/column.h"
#include "facts/derive.h"
#include "facts/org_view.h"
#include "facts/query.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// The columns of one dealer: raw entries by seq, and the rows derived from them, by event and day.
//
// Not thread-safe: many may Scan at a time, none while Add or Settle runs.
class DealerFacts {
 public:
  // Which piece of a query's cuts a day lies in.
  class Pieces {
   public:
    explicit Pieces(const std::vector<Day>& cuts);
    // 0 before the first cut, 1… the pieces, -1 after the last cut.
    [[nodiscard]] int32_t Of(int32_t day) const {
      const int64_t offset = int64_t{day} - first_;
      if (offset < 0) return 0;
      if (offset >= span_) return -1;
      return table_.empty() ? Search(day) : table_[static_cast<size_t>(offset)];
    }
    [[nodiscard]] int32_t first() const { return first_; }

   private:
    [[nodiscard]] int32_t Search(int32_t day) const;
    std::vector<Day> cuts_;
    std::vector<int32_t> table_;
    int32_t first_ = 0;
    int64_t span_ = 0;
  };

  DealerFacts(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org, DealerId dealer);

  // Takes entries in order of seq; Settle then derives anew what they touch. Between the two no one may Scan.
  void Add(const ledger::Entry& entry);
  void Settle();

  [[nodiscard]] int64_t head() const { return head_; }
  // Sets the seq up to which entries have been taken, where the last ones were not for this view.
  void set_head(int64_t head) { head_ = head; }
  // Of the organisation's history that the rows were derived with.
  [[nodiscard]] uint64_t fingerprint() const { return fingerprint_; }
  [[nodiscard]] const OrgView* org() const { return org_.get(); }
  // Takes a newer state of the organisation with the same history of this dealer.
  void SetOrg(std::shared_ptr<const OrgView> org);
  // First and last day of any row; nothing when there is none.
  [[nodiscard]] std::optional<Period> extent() const;
  [[nodiscard]] size_t bytes() const;
  [[nodiscard]] int64_t rows() const;

  // Adds this dealer's part of the answer. `cube` has its shape set; groups not seen yet are appended.
  class Merger;
  void Scan(const Query& query, Merger& merger) const;

  // Visits the rows that Scan adds up, sum after sum. `query.by` is left aside.
  void Visit(const Query& query, const RowVisitor& visit) const;

 private:
  static constexpr int kCodedDims = kDimCount - 1;  // all but the dealer itself
  static constexpr int64_t kFirst = 1;
  static constexpr int64_t kDead = 2;
  static constexpr uint32_t kNoThread = UINT32_MAX;

  // The rows of one event.
  struct EventRows {
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
  };

  // Member ids of one dimension as small codes; code 0 is "not set".
  struct Dictionary {
    std::vector<int64_t> ids = {0};
    std::unordered_map<int64_t, int32_t> codes = {{0, 0}};
    // The last code given for ids of the same low bits: ids of one time differ there.
    std::array<std::pair<int64_t, int32_t>, 256> recent{};
    int32_t Code(int64_t id) {
      auto& [known, code] = recent[static_cast<size_t>(id) % recent.size()];
      if (known != id) {
        known = id;
        code = Find(id);
      }
      return code;
    }
    int32_t Find(int64_t id);
  };

  struct Threads {
    std::vector<uint32_t> last_raw;  // newest raw entry of the thread
    std::vector<uint32_t> slots;     // open addressing over hashes; kNoThread: free
    std::vector<Hash128> hashes;     // of named threads; zero for entries without a lead
    size_t named = 0;
    uint32_t Find(const Hash128& hash);  // makes it when it is new
    uint32_t Anonymous();
    void Grow();
  };

  [[nodiscard]] static size_t CodedDim(Dim dim) { return static_cast<size_t>(dim) - 1; }
  [[nodiscard]] size_t RowsIndex(int event) const {
    return event == kThreadEvent ? events_.size() - 1 : static_cast<size_t>(event);
  }
  void Touch(uint32_t thread);
  void DeriveThread(uint32_t thread);
  void AppendRow(const FactRow& row, uint32_t thread);
  void SortEvent(EventRows& rows) const;
  // Rows of one event that one sum adds up, found in chunks: both Scan and Visit are fed by this.
  struct Chunk {
    size_t begin = 0;  // of the event's rows
    size_t count = 0;
    size_t chosen_count = 0;
    const uint32_t* chosen = nullptr;  // positions within the chunk
    const int32_t* piece = nullptr;    // by position among the chosen
    const int32_t* days = nullptr;     // by position within the chunk
    const int64_t* values = nullptr;   // by position within the chunk
  };
  // Calls `each(sum, rows)` for the rows of each event that a sum is made of, with whether they are readings.
  template <typename Each>
  void EachEvent(const Query& query, const Each& each) const;
  // Calls `take(chunk)` for the rows that count; returns how many were looked at.
  template <typename Take>
  int64_t Select(const Query& query, const Pieces& pieces, const EventRows& rows, size_t sum, bool reading,
                 const Take& take) const;
  void ScanRows(const Query& query, const EventRows& rows, size_t sum, bool reading, Merger& merger) const;
  [[nodiscard]] RawEntry RawAt(uint32_t index) const;

  const catalog::Catalog& catalog_;
  std::shared_ptr<const OrgView> org_;
  DealerId dealer_;
  Deriver deriver_;
  uint64_t fingerprint_ = 0;
  int64_t head_ = 0;

  std::array<Dictionary, kCodedDims> dictionaries_;

  // Raw entries, without reversals, in order of seq.
  Column raw_seq_;
  Column raw_event_;
  Column raw_day_;
  Column raw_ms_;  // instant − midnight UTC of the day
  Column raw_thread_;
  Column raw_previous_;  // raw entry of the same thread before this one, -1 for none
  Column raw_attempt_;
  Column raw_actor_;
  std::array<Column, kMemberDimCount> raw_members_;
  Column raw_quantity_;
  Column raw_amount_;
  std::vector<bool> raw_reversed_;
  Threads threads_;

  std::vector<std::unique_ptr<EventRows>> events_;  // by event; null where none; last: threads begun
  std::vector<uint32_t> touched_;
  std::vector<bool> is_touched_;
  bool settled_ = false;  // derived at least once
};

// Collects the parts of an answer. One per thread; Absorb joins them.
class DealerFacts::Merger {
 public:
  explicit Merger(const Query& query);

  // The first cell of a group, to which sums × pieces follow; made when it is new.
  Cell* Group(const std::vector<int64_t>& ids);
  void Absorb(Merger& other);
  [[nodiscard]] Cube Take() && { return std::move(cube_); }
  [[nodiscard]] const Cube& cube() const { return cube_; }

  int64_t rows_read = 0;

 private:
  friend class DealerFacts;
  struct HashIds {
    size_t operator()(const std::vector<int64_t>& ids) const;
  };

  Cube cube_;
  std::unordered_map<std::vector<int64_t>, size_t, HashIds> index_;
  Pieces pieces_;
};

}  // namespace dealpace::facts
