#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "facts/cuboids.h"
#include "facts/derive.h"
#include "facts/org_view.h"
#include "facts/query.h"
#include "facts/scan.h"
#include "facts/shelf.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// Threads to a shelf (shelf.h), unless a test says otherwise.
inline constexpr size_t kShelfThreads = 2048;

// The columns of one dealer: raw entries by seq, and the rows derived from them, by event and day.
//
// Its sums are always here. The rows lie in shelves, of which some may be away: read back and forgotten one by one.
//
// Not thread-safe: many may Scan at a time, none while anything changes.
class DealerFacts {
 public:
  DealerFacts(const catalog::Catalog& catalog, std::shared_ptr<const OrgView> org, DealerId dealer,
              size_t shelf_threads = kShelfThreads);

  // Takes entries in order of seq; Settle then derives anew what they touch. Between the two no one may Scan. The
  // shelves that NoteAway names for an entry must be here.
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
  // Rows that are here.
  [[nodiscard]] int64_t rows() const;

  // ---- Kept between two starts ----
  // What is held: the sums with what is known of each shelf, which is small and answers most questions; and the
  // shelves. The sums name the very bytes of each shelf that belong to them, by a number for each (0: none are kept).
  [[nodiscard]] std::string SaveSums(const std::vector<uint64_t>& marks) const;
  // Takes what an empty one of the same dealer, catalogue and history of the organisation saved; all shelves are away
  // then. False, and of no use any more, when the bytes are not whole.
  [[nodiscard]] bool LoadSums(std::string_view bytes);
  // Not where some day lies so far off that the sums leave its event out.
  [[nodiscard]] bool CanBeKept() const { return cuboids_.whole(); }

  [[nodiscard]] const std::vector<std::unique_ptr<Shelf>>& shelves() const { return shelves_; }
  // Takes a shelf's rows back from what is kept of them; false, and of no use any more, where these are other bytes.
  [[nodiscard]] bool LoadShelf(size_t shelf, std::string_view bytes);
  void DropShelf(size_t shelf);
  // Whether all rows are here.
  [[nodiscard]] bool AllHere() const { return away_ == 0; }
  // The shelves that are away and that Scan, Visit or Add needs; `away` is added to.
  [[nodiscard]] std::vector<size_t> AwayToScan(const Plan& plan) const;
  [[nodiscard]] std::vector<size_t> AwayToVisit(const Plan& plan) const;
  void NoteAway(const ledger::Entry& entry, std::set<size_t>& away) const;
  // Questions are numbered as they come, so that it shows which shelf was unused longest.
  void Use(int64_t number) const { use_.store(number, std::memory_order_relaxed); }

  // Adds this dealer's part of the answer; groups not seen yet are appended. What the cuboids know is taken from them,
  // the rest from the rows. False where a shelf of those is away: what was added so far is of no use.
  [[nodiscard]] bool Scan(const Plan& plan, Merger& merger) const;

  // ---- Sums of many dealers ----
  // Facts of no dealer in particular: sums of those that it takes in, without teams and consultants. Scan them where
  // CanAnswerForMany, and ask nothing else of them.
  [[nodiscard]] static std::unique_ptr<DealerFacts> OfMany(const catalog::Catalog& catalog,
                                                           std::shared_ptr<const OrgView> org, bool by_dealer);
  // Adds a dealer's sums, the `first` time; after that what has changed since, as long as it is `followed`. Nobody may
  // work with either meanwhile.
  void TakeIn(DealerFacts& dealer, bool first);
  [[nodiscard]] bool CanAnswerForMany(const Plan& plan) const;
  // How many sums of a combination's piece that would look at.
  [[nodiscard]] size_t LooksAtForMany(const Plan& plan) const;
  // Whether every change since this dealer was taken in is known. Very many changes are not kept.
  [[nodiscard]] bool followed() const { return follows_; }
  // Whether there is nothing to take in.
  [[nodiscard]] bool stands() const { return follows_ && changes_.empty(); }

  // Visits the rows that Scan adds up, sum after sum. The query's `by` is left aside.
  void Visit(const Plan& plan, const RowVisitor& visit) const;

 private:
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

  [[nodiscard]] size_t RowsIndex(int event) const {
    return event == kThreadEvent ? has_event_.size() - 1 : static_cast<size_t>(event);
  }
  // The name of an entry's thread; zero where it has none.
  [[nodiscard]] Hash128 ThreadOf(const ledger::Entry& entry) const;
  // The shelf that an entry without a thread's name lies on; null where that is none.
  [[nodiscard]] Shelf* ShelfOf(int64_t seq) const;
  void TakeBack(const ledger::Entry& reversal);
  [[nodiscard]] bool Full(const Shelf& shelf) const { return shelf.threads() >= shelf_threads_; }
  void DeriveThread(Shelf& shelf, uint32_t thread);
  void AppendRow(Shelf& shelf, const FactRow& row, uint32_t thread);
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
  // A part's filters in codes: which are wanted, by dimension.
  using CodesWanted = std::vector<std::pair<size_t, std::vector<bool>>>;
  // Nothing where no row can pass.
  [[nodiscard]] std::optional<CodesWanted> WantedCodes(const Plan::Part& part) const;
  // Calls `take(chunk)` for the rows that count and lie in the pieces; of the rows in order of day only those in
  // `ranges` are looked at (cohort basis: all). Returns how many were.
  template <typename Take>
  int64_t Select(const Plan& plan, const Plan::Part& part, const CodesWanted& wanted, const EventRows& rows,
                 const Pieces& pieces, std::span<const Days> ranges, const Take& take) const;
  // Whether a shelf can have rows for a part on these days.
  [[nodiscard]] bool Meets(const Shelf& shelf, const Plan& plan, const Plan::Part& part,
                           std::span<const Days> ranges) const;
  // Whether one of those shelves is away.
  [[nodiscard]] bool IsAway(const Plan& plan, const Plan::Part& part, std::span<const Days> ranges) const;
  // The days of a part that its cuboid cannot serve, and rows have to.
  struct LeftToRows {
    const MonthSplit* split = nullptr;  // the days beside its months; null: all
    Days whole{};
    [[nodiscard]] std::span<const Days> ranges() const {
      return split == nullptr ? std::span(&whole, 1) : std::span(split->rest);
    }
  };
  [[nodiscard]] std::optional<LeftToRows> Left(const Plan& plan, const Plan::Part& part,
                                               const Cuboids::Cuboid* cuboid) const;
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
  [[nodiscard]] RawEntry RawAt(const RawColumns& raw, uint32_t index) const;

  const catalog::Catalog& catalog_;
  std::shared_ptr<const OrgView> org_;
  DealerId dealer_;
  Deriver deriver_;
  uint64_t fingerprint_ = 0;
  int64_t head_ = 0;

  std::array<Dictionary, kCodedDims> dictionaries_;

  size_t shelf_threads_;
  std::vector<std::unique_ptr<Shelf>> shelves_;  // in the order in which they were begun
  size_t away_ = 0;                              // of the shelves
  mutable std::atomic<int64_t> use_{0};
  std::vector<bool> has_event_;  // by event, whether there ever was a row; last: threads begun

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

  bool of_many_ = false;
  // Of many:
  Dictionary dealers_;
  std::vector<int64_t> regions_;  // by code of the dealer, the region of all its rows
  bool regions_steady_ = true;    // … where each has one
};

}  // namespace dealpace::facts
