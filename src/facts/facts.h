#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "facts/dealer_facts.h"
#include "facts/org_view.h"
#include "facts/query.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// The columnar read model of the ledger. Validated, not trusted: before each answer it asks the ledger for the heads
// and takes in the tails it has not seen, so that an answer holds everything committed before it was asked, with any
// number of processes over one database. Dropping it is always safe. Thread-safe.
class Facts {
 public:
  // All three outlive the facts.
  Facts(const catalog::Catalog& catalog, ledger::Source& source, OrgSource& org);

  // Answers from the entries recorded until `known_at`. Fails as the source and the organisation do, and with
  // question_too_large when groups × pieces × sums pass 20 million cells.
  [[nodiscard]] Result<Cube> Run(const Query& query, Instant known_at = kForever);

  // Visits the rows that Run adds up for these queries, whose `by` is left aside: for one dealer after another, query
  // after query, sum after sum, on several threads numbered from 0 to ThreadsMax() − 1. All queries see the same state
  // of a dealer. The dealers are those of the first query. Fails as Run does.
  using RowsVisitor = std::function<void(const CountedRow& row, size_t query, size_t thread)>;
  [[nodiscard]] Status VisitRows(std::span<const Query> queries, Instant known_at, const RowsVisitor& visit);
  [[nodiscard]] static size_t ThreadsMax();

  // The days from the first to the last entry of the dealers (empty: all); nothing when there is none.
  [[nodiscard]] Result<std::optional<Period>> Extent(const std::vector<DealerId>& dealers, Instant known_at = kForever);

  // The organisation and the member names that the last answers were given with.
  [[nodiscard]] Result<std::shared_ptr<const OrgView>> Org() { return org_.Current(); }

  struct Size {
    size_t dealers = 0;
    int64_t rows = 0;
    size_t bytes = 0;
  };
  // What is held in memory for the present.
  [[nodiscard]] Size size() const;
  void Drop();

 private:
  struct Held {
    std::shared_mutex mutex;
    std::unique_ptr<DealerFacts> facts;
  };
  struct View {        // the dealers as known at one time
    std::mutex mutex;  // guards the map
    std::unordered_map<int64_t, std::shared_ptr<Held>> dealers;
  };

  // Brings the dealers up to date and calls `visit(dealer, thread)` for each, on several threads numbered from 0, the
  // last of which is `threads_max` − 1. A visit may refuse to go on.
  using Visit = std::function<Status(const DealerFacts&, size_t thread)>;
  Status VisitDealers(const std::vector<DealerId>& dealers, Instant known_at, const Visit& visit);
  Status CatchUp(Held& held, DealerId dealer, int64_t head, const std::shared_ptr<const OrgView>& org,
                 Instant known_at);
  std::shared_ptr<View> ViewAt(Instant known_at);

  const catalog::Catalog& catalog_;
  ledger::Source& source_;
  OrgSource& org_;
  mutable std::mutex mutex_;
  std::shared_ptr<View> present_ = std::make_shared<View>();
  std::map<Instant, std::shared_ptr<View>> past_;  // a few, most recent question last in past_order_
  std::vector<Instant> past_order_;
};

}  // namespace dealpace::facts
