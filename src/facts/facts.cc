#include "facts/facts.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace dealpace::facts {
namespace {

constexpr size_t kPastViewsMax = 2;
constexpr size_t kCellsMax = 20'000'000;
constexpr size_t kDealersPerThreadMin = 4;

}  // namespace

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
    if (held.facts && held.facts->head() >= head && held.facts->org() == org.get()) return {};
  }
  const std::unique_lock lock(held.mutex);
  if (!held.facts || held.facts->fingerprint() != fingerprint) {
    held.facts = std::make_unique<DealerFacts>(catalog_, org, dealer);
  } else if (held.facts->org() != org.get()) {
    held.facts->SetOrg(org);
  }
  if (held.facts->head() >= head) return {};
  const Status status = source_.Tail(dealer, held.facts->head(), known_at,
                                     [&](const ledger::Entry& entry) { held.facts->Add(entry); });
  if (!status.ok()) {
    held.facts.reset();  // half a tail is no state to answer from
    return status;
  }
  held.facts->set_head(std::max(held.facts->head(), head));
  held.facts->Settle();
  return {};
}

Result<Cube> Facts::Run(const Query& query, Instant known_at) {
  ASSIGN_OR_RETURN(const std::vector<ledger::Head> heads, source_.Heads());
  ASSIGN_OR_RETURN(const std::shared_ptr<const OrgView> org, org_.Current());
  const std::shared_ptr<View> view = ViewAt(known_at);

  std::vector<std::pair<ledger::Head, std::shared_ptr<Held>>> wanted;
  {
    const std::lock_guard lock(view->mutex);
    for (const ledger::Head& head : heads) {
      if (!query.dealers.empty() &&
          std::find(query.dealers.begin(), query.dealers.end(), head.dealer) == query.dealers.end()) {
        continue;
      }
      auto& held = view->dealers[head.dealer.value];
      if (!held) held = std::make_shared<Held>();
      wanted.emplace_back(head, held);
    }
  }

  // Dealers are independent: each thread takes the next one.
  const size_t threads = std::clamp<size_t>(wanted.size() / kDealersPerThreadMin, 1,
                                            std::max(1U, std::thread::hardware_concurrency()));
  std::vector<DealerFacts::Merger> mergers;
  mergers.reserve(threads);
  for (size_t t = 0; t < threads; ++t) mergers.emplace_back(query);
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex failure_mutex;
  Status failure;
  const auto fail = [&](const Error& error) {
    const std::lock_guard lock(failure_mutex);
    if (!failed.exchange(true)) failure = error;
  };
  const auto work = [&](DealerFacts::Merger& merger) {
    while (!failed) {
      const size_t i = next++;
      if (i >= wanted.size()) return;
      const auto& [head, held] = wanted[i];
      if (const Status status = CatchUp(*held, head.dealer, head.head, org, known_at); !status.ok()) {
        return fail(status.error());
      }
      const std::shared_lock lock(held->mutex);
      if (!held->facts) return fail(Error("storage_failed").With("detail", "a tail could not be read"));
      held->facts->Scan(query, merger);
      if (merger.cube().cells.size() > kCellsMax) return fail(Error("question_too_large"));
    }
  };
  std::vector<std::thread> pool;
  for (size_t t = 1; t < threads; ++t) pool.emplace_back([&, t] { work(mergers[t]); });
  work(mergers[0]);
  for (std::thread& thread : pool) thread.join();
  if (failed) return failure.error();
  for (size_t t = 1; t < threads; ++t) mergers[0].Absorb(mergers[t]);
  const int64_t rows_read = mergers[0].rows_read;
  Cube cube = std::move(mergers[0]).Take();
  cube.rows_read = rows_read;
  return cube;
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
