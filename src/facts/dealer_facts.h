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
#include "facts/cuboids.h"
#include "facts/derive.h"
#include "facts/org_view.h"
#include "facts/query.h"
#include "facts/scan.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// The columns of one dealer: raw entries by seq, and the rows derived from them, by event and day.
//
// Not thread-safe: many may Scan at a time, none while Add or Settle runs.
class DealerFacts {
 public:
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
  [[nodiscard]] const std::shared_ptr<const OrgView>& shared_org() const { return org_; }
  // Takes a newer state of the organisation with the same history of this dealer.
  void SetOrg(std::shared_ptr<const OrgView> org);
  // First and last day of any row; nothing when there is none.
  [[nodiscard]] std::optional<Period> extent() const;
  [[nodiscard]] size_t bytes() const;
  [[nodiscard]] int64_t rows() const;

  // ---- Kept between two starts ----
  // What is held, in two parts: the sums, which are small and answer most questions, and the rows. Both of head().
  // Rows stand in codes that the sums explain, so they carry a number of the sums that they belong to.
  [[nodiscard]] std::string SaveSums() const;
  [[nodiscard]] std::string SaveRows(uint64_t sums) const;
  // Takes what an empty one of the same dealer, catalogue and history of the organisation saved. False, and of no use
  // any more, when the bytes are not whole or the rows belong to other sums.
  [[nodiscard]] bool LoadSums(std::string_view bytes);
  [[nodiscard]] bool LoadRows(std::string_view bytes, uint64_t sums);
  // Not without the rows, nor where some day lies so far off that the sums leave its event out.
  [[nodiscard]] bool CanBeKept() const { return has_rows_ && cuboids_.whole(); }
  // Whether the rows are here; without them only what the cuboids serve can be scanned, and nothing added or visited.
  [[nodiscard]] bool has_rows() const { return has_rows_; }
  [[nodiscard]] bool NeedsRows(const Plan& plan) const;
  // Forgets the rows, keeps the sums.
  void DropRows();

  // Adds this dealer's part of the answer; groups not seen yet are appended. What the cuboids know is taken from them,
  // the rest from the rows.
  void Scan(const Plan& plan, Merger& merger) const;

  // ---- Sums of many dealers ----
  // Facts of no dealer in particular: sums of those that it takes in, without regions, teams and consultants. Scan them
  // where CanAnswerForMany, and ask nothing else of them.
  [[nodiscard]] static std::unique_ptr<DealerFacts> OfMany(const catalog::Catalog& catalog,
                                                           std::shared_ptr<const OrgView> org);
  // Adds a dealer's sums, the `first` time; after that what has changed since, as long as it is `followed`. Nobody may
  // work with either meanwhile.
  void TakeIn(DealerFacts& dealer, bool first);
  [[nodiscard]] bool CanAnswerForMany(const Plan& plan) const;
  // Whether every change since this dealer was taken in is known. Very many changes are not kept.
  [[nodiscard]] bool followed() const { return follows_; }

  // Visits the rows that Scan adds up, sum after sum. The query's `by` is left aside.
  void Visit(const Plan& plan, const RowVisitor& visit) const;

 private:
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
    void Index();  // the slots anew, from the hashes
  };

  [[nodiscard]] size_t RowsIndex(int event) const {
    return event == kThreadEvent ? events_.size() - 1 : static_cast<size_t>(event);
  }
  void Touch(uint32_t thread);
  void DeriveThread(uint32_t thread);
  void AppendRow(const FactRow& row, uint32_t thread);
  void StrikeOut(size_t event, EventRows& rows, size_t row);
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
  using Days = std::pair<int32_t, int32_t>;  // [first, second)
  // Calls `take(chunk)` for the rows that count and lie in the pieces; of the rows in order of day only those in
  // `ranges` are looked at (cohort basis: all). Returns how many were.
  template <typename Take>
  int64_t Select(const Plan& plan, const Plan::Part& part, const EventRows& rows, const Pieces& pieces,
                 std::span<const Days> ranges, const Take& take) const;
  void ScanRows(const Plan& plan, const Plan::Part& part, const Pieces& pieces, std::span<const Days> ranges,
                Merger& merger) const;
  // The cuboid that knows what a part asks for, at least for whole months; null when there is none.
  [[nodiscard]] const Cuboids::Cuboid* Served(const Plan& plan, const Plan::Part& part) const;
  // Adds what one cuboid has for these parts, which it serves.
  void ScanCuboid(const Plan& plan, std::span<const Plan::Part* const> parts, const Cuboids::Cuboid& cuboid,
                  Merger& merger) const;
  [[nodiscard]] bool NoneBefore(const Plan& plan) const;
  [[nodiscard]] bool NoneAfter(const Plan& plan) const;
  // The days that a scan of the whole period looks at.
  [[nodiscard]] static Days WholeRange(const Plan& plan, const Plan::Part& part);
  // The region of all rows, where it never changed while there were some.
  [[nodiscard]] std::optional<int64_t> SteadyRegion() const;
  [[nodiscard]] RawEntry RawAt(uint32_t index) const;
  [[nodiscard]] int64_t RawSeq(size_t index) const { return raw_skipped_.At(index) + static_cast<int64_t>(index); }

  const catalog::Catalog& catalog_;
  std::shared_ptr<const OrgView> org_;
  DealerId dealer_;
  Deriver deriver_;
  uint64_t fingerprint_ = 0;
  int64_t head_ = 0;

  std::array<Dictionary, kCodedDims> dictionaries_;

  // Raw entries, without reversals, in order of seq.
  Column raw_skipped_;  // seq − position: how many entries before it are none of these
  Column raw_event_;
  Column raw_day_;
  Column raw_ms_;  // instant − midnight UTC of the day
  Column raw_thread_;
  Column raw_back_;  // so many positions back stands the entry of the same thread before this one; 0: there is none
  Column raw_attempt_;
  Column raw_actor_;
  std::array<Column, kMemberDimCount> raw_members_;
  Column raw_quantity_;
  Column raw_amount_;
  std::vector<bool> raw_reversed_;
  Threads threads_;

  void AddToCuboids(size_t event, int32_t day, int32_t cohort, bool first, int64_t quantity, int64_t amount,
                    const Cuboids::Codes& codes, int sign);

  // What was added to the cuboids since sums of many took this dealer in.
  struct Change {
    Cuboids::RowSums row;
    Cuboids::Codes codes;
    int sign = 1;
  };
  static constexpr size_t kChangesMax = 1'000;

  Cuboids cuboids_;
  bool follows_ = false;
  std::vector<Change> changes_;
  std::vector<bool> counts_days_;  // by event: some measure adds up days since the lead's start
  // Of all rows there ever were: by the day they stand on, and by the day their lead started.
  Days days_seen_{INT32_MAX, INT32_MIN};
  Days cohorts_seen_{INT32_MAX, INT32_MIN};
  std::optional<int64_t> steady_region_;

  std::vector<std::unique_ptr<EventRows>> events_;  // by event; null where none; last: threads begun
  std::vector<uint32_t> touched_;
  std::vector<bool> is_touched_;
  bool settled_ = false;  // derived at least once
  bool has_rows_ = true;
};

}  // namespace dealpace::facts
