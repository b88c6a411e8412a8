#include <chrono>
#include <numeric>
#include <thread>

#include "facts/facts.h"

// The sums of all dealers together.
namespace dealpace::facts {
namespace {

constexpr size_t kAtOnceSums = 20'000;  // looked at for an answer at once: some twenty microseconds
// By dealer they take about 40 kB a dealer and year.
constexpr size_t kByDealerMax = 2'000;

// After a question about the network so long it is followed.
constexpr int64_t kFollowedMs = 1'000;

int64_t NowMs() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

// Locks what others hold for some ten microseconds at a time; false where somebody holds it longer.
template <typename Lock>
bool LockSoon(Lock& lock) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  while (!lock.try_lock()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

Result<bool> Facts::RunOnNetwork(const Query& query, Merger& merger) {
  ASSIGN_OR_RETURN(const Heads heads, HeadsFor(query.at_once));
  ASSIGN_OR_RETURN(const std::shared_ptr<const OrgView> org, org_.Current());
  const std::shared_ptr<View> view = ViewAt(kForever);
  const std::shared_ptr<Ready> ready = ReadyFor(*view, heads, org, query.at_once);
  if (ready == nullptr) return false;
  const Plan plan(catalog_, *org, query);
  network_asked_.store(NowMs(), std::memory_order_relaxed);
  Network& network = view->network;
  // Somebody with later heads may come between bringing the sums up and looking at them.
  const int attempts = query.at_once ? 2 : 4;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    {
      std::shared_lock lock(network.mutex, std::defer_lock);
      if (!query.at_once) {
        lock.lock();
      } else if (!LockSoon(lock)) {
        return false;
      }
      if (network.sums != nullptr && !network.sums->CanAnswerForMany(plan)) return false;
      if (network.sums != nullptr && network.of == ready) {
        if (query.at_once && network.sums->LooksAtForMany(plan) > kAtOnceSums) return false;
        return network.sums->Scan(plan, merger);
      }
    }
    if (attempt + 1 == attempts) return false;
    RETURN_IF_ERROR(BringNetworkUp(*view, ready, query.at_once));
  }
  return false;
}

bool Facts::network_asked() const { return NowMs() - network_asked_.load(std::memory_order_relaxed) < kFollowedMs; }

void Facts::FollowAtHand() {
  const Heads heads = source_.HeadsAtHand();
  const auto org = org_.Current();
  if (heads == nullptr || !org.ok()) return;
  const std::shared_ptr<View> view = ViewAt(kForever);
  const std::shared_ptr<Ready> ready = ReadyFor(*view, heads, *org, true);
  if (ready == nullptr) return;
  {
    const std::shared_lock lock(view->network.mutex, std::try_to_lock);
    if (!lock || view->network.of == ready || view->network.left_to == ready) return;
  }
  if (BringNetworkUp(*view, ready, true).ok()) return;
  const std::unique_lock lock(view->network.mutex, std::try_to_lock);
  if (lock) view->network.left_to = ready;
}

Status Facts::BringNetworkUp(View& view, const std::shared_ptr<Ready>& ready, bool at_once) {
  Network& network = view.network;
  std::unique_lock lock(network.mutex, std::defer_lock);
  if (at_once) {
    std::vector<size_t> all(ready->dealers.size());
    std::iota(all.begin(), all.end(), 0);
    if (!LockSoon(lock) || network.sums == nullptr || !CatchUpAtHand(view, *ready, all)) return NotAtOnce();
  } else {
    RETURN_IF_ERROR(VisitDealers(
        {{}, kForever}, nullptr, [](const DealerFacts&) { return std::vector<size_t>(); },
        [](const DealerFacts&, size_t) -> Result<int64_t> { return 0; }));
    lock.lock();
  }
  const auto begin_anew = [&] {
    network.sums = DealerFacts::OfMany(catalog_, ready->org, ready->dealers.size() <= kByDealerMax);
    network.of = nullptr;
    for (const auto& held : ready->dealers) {
      const std::unique_lock held_lock(held->mutex);
      held->in_network = false;
    }
  };
  if (network.sums == nullptr) begin_anew();
  bool whole = false;
  for (int attempt = 0; !whole && attempt < 2; ++attempt) {
    whole = true;
    for (size_t i = 0; i < ready->dealers.size(); ++i) {
      const auto& held = ready->dealers[i];
      const ledger::Head& head = (*ready->heads)[i];
      bool behind = false;
      {
        // Nearly all of them, and who reads them need not wait.
        std::shared_lock held_lock(held->mutex, std::try_to_lock);
        if (!held_lock && at_once) return NotAtOnce();
        if (!held_lock) held_lock.lock();
        behind = !held->facts || held->facts->head() < head.head;  // made anew for somebody with earlier heads
        if (!behind && held->in_network && held->facts->stands()) continue;
      }
      if (behind && at_once) return NotAtOnce();
      if (behind) RETURN_IF_ERROR(CatchUp(*held, head.dealer, head.head, ready->org, kForever));
      std::unique_lock held_lock(held->mutex, std::try_to_lock);
      if (!held_lock && at_once) return NotAtOnce();
      if (!held_lock) held_lock.lock();
      if (!held->facts) return Error("storage_failed").With("detail", "a tail could not be read");
      if (at_once && (!held->in_network || !held->facts->followed())) return NotAtOnce();
      // What is no longer followed cannot be taken out any more.
      if (held->in_network && !held->facts->followed()) {
        whole = false;
        break;
      }
      network.sums->TakeIn(*held->facts, !held->in_network);
      held->in_network = true;
    }
    if (!whole) begin_anew();
  }
  if (whole) network.of = ready;
  return {};
}

}  // namespace dealpace::facts
