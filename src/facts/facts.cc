#include "facts/facts.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace dealpace::facts {
namespace {

constexpr size_t kPastViewsMax = 2;
constexpr size_t kCellsMax = 20'000'000;
constexpr size_t kDealersPerThreadMin = 4;

// Whether facts derived with `held` can answer who has seen `asked`. What a question that came earlier saw of the
// organisation must not take the place of what a later one saw.
bool IsAsNew(const OrgView* held, const OrgView& asked) { return held == &asked || held->version > asked.version; }

}  // namespace

size_t Facts::ThreadsMax() {
  static const size_t threads = std::max(1U, std::thread::hardware_concurrency());
  return threads;
}

Facts::Facts(const catalog::Catalog& catalog, ledger::Source& source, OrgSource& org)
    : catalog_(catalog), source_(source), org_(org) {}

std::shared_ptr<Facts::View> Facts::ViewAt(Instant known_at) {
  const std::lock_guard lock(mutex_);
  if (known_at == kForever) return present_;
  std::erase(past_order_, known_at);
  past_order_.push_back(known_at);
  if (past_order_.size() > kPastViewsMax) {
    past_.erase(past_order_.front());
    past_order_.erase(past_order_.begin());
  }
  auto& view = past_[known_at];
  if (!view) view = std::make_shared<View>();
  return view;
}

Status Facts::CatchUp(Held& held, DealerId dealer, int64_t head, const std::shared_ptr<const OrgView>& org,
                      Instant known_at) {
  const OrgView::Dealer* known = org->Find(dealer);
  const uint64_t fingerprint = known == nullptr ? 0 : known->fingerprint;
  {
    const std::shared_lock lock(held.mutex);
    if (held.facts && held.facts->head() >= head && IsAsNew(held.facts->org(), *org)) return {};
  }
  const std::unique_lock lock(held.mutex);
  if (!held.facts) {
    held.facts = std::make_unique<DealerFacts>(catalog_, org, dealer);
  } else if (!IsAsNew(held.facts->org(), *org)) {
    if (held.facts->fingerprint() == fingerprint) {
      held.facts->SetOrg(org);
    } else {
      held.facts = std::make_unique<DealerFacts>(catalog_, org, dealer);
    }
  }
  if (held.facts->head() >= head) return {};
  Status status =
      source_.Tail(dealer, held.facts->head(), known_at, [&](const ledger::Entry& entry) { held.facts->Add(entry); });
  if (!status.ok()) {
    held.facts.reset();  // half a tail is no state to answer from
    return status;
  }
  held.facts->set_head(std::max(held.facts->head(), head));
  held.facts->Settle();
  return {};
}

Status Facts::VisitDealers(const std::vector<DealerId>& dealers, Instant known_at, const Visit& visit) {
  ASSIGN_OR_RETURN(const std::vector<ledger::Head> heads, source_.Heads());
  ASSIGN_OR_RETURN(const std::shared_ptr<const OrgView> org, org_.Current());
  const std::shared_ptr<View> view = ViewAt(known_at);

  std::vector<std::pair<ledger::Head, std::shared_ptr<Held>>> wanted;
  {
    const std::lock_guard lock(view->mutex);
    for (const ledger::Head& head : heads) {
      if (!dealers.empty() && std::find(dealers.begin(), dealers.end(), head.dealer) == dealers.end()) continue;
      auto& held = view->dealers[head.dealer.value];
      if (!held) held = std::make_shared<Held>();
      wanted.emplace_back(head, held);
    }
  }

  // Dealers are independent: each thread takes the next one.
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex failure_mutex;
  Status failure;
  const auto work = [&](size_t thread) {
    while (!failed) {
      const size_t i = next++;
      if (i >= wanted.size()) return;
      const auto& [head, held] = wanted[i];
      Status status = CatchUp(*held, head.dealer, head.head, org, known_at);
      if (status.ok()) {
        const std::shared_lock lock(held->mutex);
        // Another question may have failed to read the tail meanwhile; then this one cannot be answered either.
        status = held->facts ? visit(*held->facts, thread)
                             : Status(Error("storage_failed").With("detail", "a tail could not be read"));
      }
      if (status.ok()) continue;
      const std::lock_guard lock(failure_mutex);
      if (!failed.exchange(true)) failure = status;
    }
  };
  std::vector<std::thread> pool;
  for (size_t t = 1; t < std::min(ThreadsMax(), wanted.size() / kDealersPerThreadMin + 1); ++t) {
    pool.emplace_back([&, t] { work(t); });
  }
  work(0);
  for (std::thread& thread : pool) thread.join();
  return failure;
}

Result<Cube> Facts::Run(const Query& query, Instant known_at) {
  std::vector<DealerFacts::Merger> mergers;
  mergers.reserve(ThreadsMax());
  for (size_t t = 0; t < ThreadsMax(); ++t) mergers.emplace_back(query);
  RETURN_IF_ERROR(VisitDealers(query.dealers, known_at, [&](const DealerFacts& dealer, size_t thread) -> Status {
    dealer.Scan(query, mergers[thread]);
    if (mergers[thread].cube().cells.size() > kCellsMax) return Error("question_too_large");
    return {};
  }));
  for (size_t t = 1; t < mergers.size(); ++t) mergers[0].Absorb(mergers[t]);
  const int64_t rows_read = mergers[0].rows_read;
  Cube cube = std::move(mergers[0]).Take();
  cube.rows_read = rows_read;
  return cube;
}

Status Facts::VisitRows(std::span<const Query> queries, Instant known_at, const RowsVisitor& visit) {
  if (queries.empty()) return {};
  return VisitDealers(queries[0].dealers, known_at, [&](const DealerFacts& dealer, size_t thread) -> Status {
    for (size_t q = 0; q < queries.size(); ++q) {
      dealer.Visit(queries[q], [&](const CountedRow& row) { visit(row, q, thread); });
    }
    return {};
  });
}

Result<std::optional<Period>> Facts::Extent(const std::vector<DealerId>& dealers, Instant known_at) {
  std::mutex mutex;
  std::optional<Period> extent;
  RETURN_IF_ERROR(VisitDealers(dealers, known_at, [&](const DealerFacts& dealer, size_t) -> Status {
    const auto own = dealer.extent();
    const std::lock_guard lock(mutex);
    if (own && extent) extent = Period{std::min(own->from, extent->from), std::max(own->to, extent->to)};
    if (own && !extent) extent = own;
    return {};
  }));
  return extent;
}

Facts::Size Facts::size() const {
  std::shared_ptr<View> view;
  {
    const std::lock_guard lock(mutex_);
    view = present_;
  }
  Size size;
  const std::lock_guard lock(view->mutex);
  for (const auto& [id, held] : view->dealers) {
    const std::shared_lock held_lock(held->mutex);
    if (!held->facts) continue;
    ++size.dealers;
    size.rows += held->facts->rows();
    size.bytes += held->facts->bytes();
  }
  return size;
}

void Facts::Drop() {
  const std::lock_guard lock(mutex_);
  present_ = std::make_shared<View>();
  past_.clear();
  past_order_.clear();
}

}  // namespace dealpace::facts
