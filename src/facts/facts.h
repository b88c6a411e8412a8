#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/row_scope.h"
#include "catalog/catalog.h"
#include "facts/dealer_facts.h"
#include "facts/org_view.h"
#include "facts/query.h"
#include "facts/workers.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// The columnar read model of the ledger. Validated, not trusted: before each answer it asks the ledger for the heads
// and takes in the tails it has not seen, so that an answer holds everything committed before it was asked, with any
// number of processes over one database. Dropping it is always safe. Thread-safe.
class Facts {
 public:
  // All three outlive the facts.
  Facts(const catalog::Catalog& catalog, ledger::Source& source, OrgSource& org, size_t shelf_threads = kShelfThreads);

  // Answers from the entries recorded until `known_at`. Fails as the source and the organisation do, and with
  // question_too_large when groups × pieces × sums pass 20 million cells, and with not_at_once (query.h).
  [[nodiscard]] Result<Cube> Run(const Query& query, Instant known_at = kForever);

  // Visits the rows that Run adds up for these queries, whose `by` is left aside: for one dealer after another, query
  // after query, sum after sum, on several threads numbered from 0 to ThreadsMax() − 1. All queries see the same state
  // of a dealer. The dealers are those of the first query, and all have the same limits. Fails as Run does.
  using RowsVisitor = std::function<void(const CountedRow& row, size_t query, size_t thread)>;
  [[nodiscard]] Status VisitRows(std::span<const Query> queries, Instant known_at, const RowsVisitor& visit);
  [[nodiscard]] static size_t ThreadsMax();

  // The days from the first to the last entry of the dealers (empty: all); nothing when there is none.
  [[nodiscard]] Result<std::optional<Period>> Extent(const std::vector<DealerId>& dealers, Instant known_at = kForever);

  // The organisation and the member names that the last answers were given with.
  [[nodiscard]] Result<std::shared_ptr<const OrgView>> Org() { return org_.Current(); }
  // As somebody of that scope sees it (row_limits.h); remembered for those who ask often.
  [[nodiscard]] Result<std::shared_ptr<const OrgView>> Org(const RowScope& scope);

  struct Size {
    size_t dealers = 0;
    int64_t rows = 0;
    size_t bytes = 0;
  };
  // What is held in memory for the present.
  [[nodiscard]] Size size() const;
  void Drop();

  // Keeps what has come since the last time beside the ledger, so that the next start need not read it entry by entry:
  // of dealers with `grown_by` new entries or more, and of those what has changed. Then forgets rows that are kept,
  // those unused longest first, until no more than `budget` bytes are held.
  [[nodiscard]] Status Keep(int64_t grown_by, size_t budget);
  // Brings all dealers up to date, one after the other on each thread, and keeps them as above: so that the next
  // question finds them so, with no more memory than `budget` and what some of them take.
  [[nodiscard]] Status Warm(int64_t grown_by, size_t budget);

  // Whether the network has been asked about in the last moments, so that it is worth following.
  [[nodiscard]] bool network_asked() const;
  // Takes in what is at hand, so that the next question about the network finds it done; waits for nobody and asks the
  // store for nothing. The organisation must be known as it is now.
  void FollowAtHand();

 private:
  struct Held {
    std::shared_mutex mutex;
    std::shared_ptr<DealerFacts> facts;
    bool in_network = false;  // its sums stand in those of the network
    int64_t kept = 0;         // head of what is kept beside the ledger; 0: nothing that can be taken
    int64_t kept_mark = 0;    // stands for the sums that are kept
  };
  using Heads = std::shared_ptr<const std::vector<ledger::Head>>;
  // Dealers that were brought up to one state of ledger and organisation; in order of dealer, as `heads`.
  struct Ready {
    Heads heads;
    std::shared_ptr<const OrgView> org;
    std::vector<std::shared_ptr<Held>> dealers;
    std::vector<bool> caught_up;  // as far as they were asked for
  };
  // The sums of all dealers together, also by dealer and region, for questions over many.
  struct Network {
    std::shared_mutex mutex;  // guards what follows
    std::unique_ptr<DealerFacts> sums;
    std::shared_ptr<const Ready> of;       // whose state they are, or a later one
    std::shared_ptr<const Ready> left_to;  // whoever asks: it could not be reached at leisure
  };
  struct View {        // the dealers as known at one time
    std::mutex mutex;  // guards what follows
    std::unordered_map<int64_t, std::shared_ptr<Held>> dealers;
    std::shared_ptr<Ready> ready;
    Network network;  // by its own mutex; at present only
  };

  // Calls `begin` with the organisation, brings the dealers up to date and calls `visit(dealer, thread)` for each, on
  // several threads numbered from 0 where that is worth it; `visit` tells how many rows it looked at, or refuses to go
  // on.
  using Begin = std::function<void(const OrgView&)>;
  using Visit = std::function<Result<int64_t>(const DealerFacts&, size_t thread)>;
  using AwayRows = std::function<std::vector<size_t>(const DealerFacts&)>;  // the shelves that have to be read back
  struct Wanted {
    const std::vector<DealerId>& dealers;  // empty: all
    Instant known_at = kForever;
    bool at_once = false;  // as in Query
  };
  // Where all ledgers end; fails with not_at_once where the store would have to be asked for it.
  Result<Heads> HeadsFor(bool at_once);
  // That of these heads and this organisation: made where it is another than the last one's, null where that would have
  // to be `at_once` and is no small thing.
  static std::shared_ptr<Ready> ReadyFor(View& view, const Heads& heads, const std::shared_ptr<const OrgView>& org,
                                         bool at_once);
  // Answers from the sums of the network. False when they do not know it, or where they are not up to date, would have
  // to be at once, and are not soon brought there.
  Result<bool> RunOnNetwork(const Query& query, Merger& merger);
  // `at_once`: fails with not_at_once where that takes long or means waiting for the store.
  Status BringNetworkUp(View& view, const std::shared_ptr<Ready>& ready, bool at_once);
  // Brings dealers (positions) up with what is at hand. False where something else is needed, or they are many.
  bool CatchUpAtHand(View& view, Ready& ready, std::span<const size_t> dealers);
  bool TakeAtHand(Held& held, const ledger::Head& head, const OrgView& org);
  Status VisitDealers(const Wanted& wanted, const Begin& begin, const AwayRows& away_rows, const Visit& visit);
  Status CatchUp(Held& held, DealerId dealer, int64_t head, const std::shared_ptr<const OrgView>& org,
                 Instant known_at);
  [[nodiscard]] std::unique_ptr<DealerFacts> Empty(const std::shared_ptr<const OrgView>& org, DealerId dealer) const;
  // Takes the entries after the head, up to `up_to` at least; of the shelves that are away reads those back that they
  // touch.
  Status TakeTail(Held& held, DealerId dealer, int64_t up_to, Instant known_at);
  // Reads shelves back from what is kept; reads the ledger anew where that fails.
  Status LoadShelves(Held& held, DealerId dealer, std::span<const size_t> away);
  // Of rows that are kept, those unused longest, until no more than so many bytes are held.
  void Forget(size_t budget);
  // Keeps what has changed of a dealer.
  Status KeepOne(Held& held, DealerId dealer, int64_t grown_by);
  [[nodiscard]] int64_t Stamp(uint64_t fingerprint) const;
  // What is kept of a dealer lies under these names.
  static constexpr std::string_view kSums = "sums";
  [[nodiscard]] static std::string PartOf(size_t shelf);

  [[nodiscard]] static Error NotAtOnce();  // as Run fails
  std::shared_ptr<View> ViewAt(Instant known_at);

  const catalog::Catalog& catalog_;
  ledger::Source& source_;
  OrgSource& org_;
  size_t shelf_threads_;
  uint64_t rules_ = 0;  // stands for the catalogue's events
  std::atomic<int64_t> uses_{0};
  std::atomic<int64_t> network_asked_{INT64_MIN / 2};  // when last, in milliseconds of the steady clock
  mutable std::mutex mutex_;
  std::shared_ptr<View> present_ = std::make_shared<View>();
  std::map<Instant, std::shared_ptr<View>> past_;  // a few, most recent question last in past_order_
  std::vector<Instant> past_order_;
  struct Narrowed {
    std::shared_ptr<const OrgView> whole;
    std::shared_ptr<const OrgView> part;
  };
  std::map<std::string, Narrowed> narrowed_;  // by RowScope::Text; guarded by mutex_
  std::mutex forget_mutex_;                   // one forgets at a time
  Workers workers_{ThreadsMax() - 1};
};

}  // namespace dealpace::facts
