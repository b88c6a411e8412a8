#include "facts/facts.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <numeric>
#include <thread>

#include "facts/row_limits.h"

namespace dealpace::facts {
namespace {

constexpr size_t kPastViewsMax = 2;
constexpr size_t kCellsMax = 20'000'000;
constexpr std::string_view kSums = "sums";
constexpr std::string_view kRows = "rows ";  // and the number of the shelf
constexpr size_t kAllAtOnce = 20'000;        // entries of a tail for which all shelves are read back
constexpr int64_t kLongTail = 1000;          // entries to take in that make a dealer long work
constexpr int64_t kLongRows = 50'000;        // to look at: worth waking another thread
// What is looked at for an answer at once: some twenty microseconds of it.
constexpr size_t kAtOnceDealers = 8;
constexpr int64_t kAtOnceRows = 8'000;
constexpr size_t kAtOnceCells = 4'000;
constexpr size_t kAtOnceSums = 20'000;
// … and taken in before it.
constexpr size_t kAtOnceHeads = 2'000;
constexpr size_t kAtOnceGrown = 16;  // dealers
constexpr int64_t kAtOnceTail = 32;  // entries of one
// Few dealers answer sooner than the sums of the network, which may have to follow all others first.
constexpr size_t kFewDealers = 4;
// By dealer the network's sums take about 40 kB a dealer and year.
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

std::string PartOf(size_t shelf) { return std::string(kRows) + std::to_string(shelf); }

Error NotAtOnce() { return Error("not_at_once"); }

// The query once for each of its limits, and once where it has none.
std::vector<Query> WithinLimits(const Query& query) {
  if (!query.limits) return {query};
  std::vector<Query> parts;
  for (const Limit& limit : *query.limits) {
    Query part = query;
    part.limits.reset();
    if (query.dealers.empty()) {
      part.dealers = limit.dealers;
    } else {
      std::erase_if(part.dealers, [&](DealerId dealer) {
        return !std::binary_search(limit.dealers.begin(), limit.dealers.end(), dealer);
      });
    }
    if (part.dealers.empty()) part.dealers.emplace_back(-1);  // none, where an empty list would mean all
    for (SumSpec& sum : part.sums) sum.filters.insert(sum.filters.end(), limit.filters.begin(), limit.filters.end());
    parts.push_back(std::move(part));
  }
  return parts;
}

Cube TakeCube(Merger merger) {
  const int64_t rows_read = merger.rows_read;
  Cube cube = std::move(merger).Take();
  cube.rows_read = rows_read;
  return cube;
}

// Whether facts derived with `held` can answer who has seen `asked`. What a question that came earlier saw of the
// organisation must not take the place of what a later one saw.
bool IsAsNew(const OrgView* held, const OrgView& asked) { return held == &asked || held->version > asked.version; }

}  // namespace

size_t Facts::ThreadsMax() {
  static const size_t threads = std::max(1U, std::thread::hardware_concurrency());
  return threads;
}

Facts::Facts(const catalog::Catalog& catalog, ledger::Source& source, OrgSource& org, size_t shelf_threads)
    : catalog_(catalog), source_(source), org_(org), shelf_threads_(shelf_threads) {
  // All of the catalogue that rows depend on: another text means that what was kept cannot be taken.
  std::string text;
  const auto list = [&](const std::vector<int>& events) {
    for (const int event : events) text += std::to_string(event) + ",";
  };
  for (const catalog::Event& event : catalog.events()) {
    text += event.id + (event.start ? "*" : "") + "|";
    if (event.interval) {
      list(event.interval->opened_by);
      text += ">";
      list(event.interval->closed_by);
    }
    if (event.timely) {
      text += std::to_string(event.timely->event) + "/" + std::to_string(event.timely->answers) + "/" +
              std::to_string(event.timely->limit_ms);
    }
    if (event.reading_of >= 0) text += catalog.measures()[static_cast<size_t>(event.reading_of)].balance ? "b" : "r";
    text += ";";
  }
  for (const catalog::Measure& measure : catalog.measures()) {
    if (measure.kind == catalog::SumKind::kDays) text += std::to_string(measure.event) + "d";
  }
  rules_ = HashText(text).low;
}

int64_t Facts::Stamp(uint64_t fingerprint) const {
  return static_cast<int64_t>(rules_ ^ (fingerprint * 0x9e3779b97f4a7c15U));
}

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
  if (held.facts && !IsAsNew(held.facts->org(), *org)) {
    if (held.facts->fingerprint() == fingerprint) {
      held.facts->SetOrg(org);
    } else {
      held.facts.reset();
    }
  }
  if (!held.facts) {
    held.facts = Empty(org, dealer);
    held.kept = 0;
    if (known_at == kForever) {
      ASSIGN_OR_RETURN(const auto sums, source_.ReadSegment(dealer, kSums, Stamp(fingerprint)));
      if (sums && sums->up_to_seq <= head) {
        if (held.facts->LoadSums(sums->bytes)) {
          held.kept = sums->up_to_seq;
          held.kept_mark = sums->mark;
        } else {
          held.facts = Empty(org, dealer);
        }
      }
    }
  }
  if (held.facts->head() >= head) return {};
  if (Status status = TakeTail(held, dealer, head, known_at); !status.ok()) {
    held.facts.reset();  // half a tail is no state to answer from
    return status;
  }
  held.facts->set_head(std::max(held.facts->head(), head));
  held.facts->Settle();
  return {};
}

std::unique_ptr<DealerFacts> Facts::Empty(const std::shared_ptr<const OrgView>& org, DealerId dealer) const {
  return std::make_unique<DealerFacts>(catalog_, org, dealer, shelf_threads_);
}

Status Facts::TakeTail(Held& held, DealerId dealer, int64_t up_to, Instant known_at) {
  const int64_t after = held.facts->head();
  const auto read = [&](const std::function<void(const ledger::Entry&)>& take) -> Status {
    if (known_at == kForever && source_.VisitAtHand(dealer, after, up_to, take)) return {};
    return source_.Tail(dealer, after, known_at, take);
  };
  const auto add = [&](const ledger::Entry& entry) { held.facts->Add(entry); };
  if (held.facts->AllHere()) return read(add);
  // Which shelves are touched shows when the tail is read; nothing else may be read meanwhile.
  struct Own {
    ledger::Entry entry;
    std::string lead;
  };
  std::vector<Own> tail;
  std::set<size_t> touched;
  RETURN_IF_ERROR(read([&](const ledger::Entry& entry) {
    if (tail.size() > kAllAtOnce) return;
    tail.push_back({entry, std::string(entry.lead)});
    held.facts->NoteAway(entry, touched);
  }));
  const bool all = tail.size() > kAllAtOnce;
  std::vector<size_t> away(touched.begin(), touched.end());
  if (all) {
    away.resize(held.facts->shelves().size());
    std::iota(away.begin(), away.end(), 0);
  }
  RETURN_IF_ERROR(LoadShelves(held, dealer, away));
  if (all) return read(add);
  for (Own& own : tail) {
    own.entry.lead = own.lead;
    held.facts->Add(own.entry);
  }
  return {};
}

bool Facts::TakeAtHand(Held& held, const ledger::Head& head, const OrgView& org) {
  const std::unique_lock lock(held.mutex, std::try_to_lock);
  if (!lock || !held.facts || !IsAsNew(held.facts->org(), org)) return false;
  const int64_t after = held.facts->head();
  if (after >= head.head) return true;
  if (head.head - after > kAtOnceTail) return false;
  std::set<size_t> away;
  if (!held.facts->AllHere()) {
    const auto note = [&](const ledger::Entry& entry) { held.facts->NoteAway(entry, away); };
    if (!source_.VisitAtHand(head.dealer, after, head.head, note) || !away.empty()) return false;
  }
  const auto add = [&](const ledger::Entry& entry) { held.facts->Add(entry); };
  if (!source_.VisitAtHand(head.dealer, after, head.head, add)) return false;
  held.facts->Settle();
  return true;
}

bool Facts::CatchUpAtHand(View& view, Ready& ready, std::span<const size_t> dealers) {
  std::vector<size_t> behind;
  {
    const std::lock_guard lock(view.mutex);
    for (const size_t at : dealers) {
      if (!ready.caught_up[at]) behind.push_back(at);
    }
  }
  if (behind.size() > kAtOnceGrown) return false;
  for (const size_t at : behind) {
    if (!TakeAtHand(*ready.dealers[at], (*ready.heads)[at], *ready.org)) return false;
    const std::lock_guard lock(view.mutex);
    ready.caught_up[at] = true;
  }
  return true;
}

Status Facts::LoadShelves(Held& held, DealerId dealer, std::span<const size_t> away) {
  DealerFacts& facts = *held.facts;
  bool whole = true;
  for (const size_t i : away) {
    if (facts.shelves()[i]->here()) continue;
    ASSIGN_OR_RETURN(const auto rows, source_.ReadSegment(dealer, PartOf(i), Stamp(facts.fingerprint())));
    whole = rows && facts.LoadShelf(i, rows->bytes);
    if (!whole) break;
  }
  if (whole) return {};
  held.kept = 0;  // to be written again
  const int64_t head = facts.head();
  std::unique_ptr<DealerFacts> fresh = Empty(facts.shared_org(), dealer);
  Status status = source_.Tail(dealer, 0, kForever, [&](const ledger::Entry& entry) {
    if (entry.seq <= head) fresh->Add(entry);
  });
  if (status.ok()) {
    fresh->set_head(head);
    fresh->Settle();
    held.facts = std::move(fresh);
  }
  return status;
}

std::shared_ptr<Facts::Ready> Facts::ReadyFor(View& view, const Heads& heads, const std::shared_ptr<const OrgView>& org,
                                              bool at_once) {
  const std::lock_guard lock(view.mutex);
  if (!view.ready || view.ready->heads != heads || view.ready->org != org) {
    if (at_once && (!view.ready || view.ready->org != org || heads->size() > kAtOnceHeads)) return nullptr;
    auto fresh = std::make_shared<Ready>();
    fresh->heads = heads;
    fresh->org = org;
    fresh->dealers.reserve(heads->size());
    fresh->caught_up.resize(heads->size());
    // Who has not moved since is still where he was.
    const Ready* before = view.ready && view.ready->org == org ? view.ready.get() : nullptr;
    size_t old = 0;
    for (size_t i = 0; i < heads->size(); ++i) {
      const ledger::Head& head = (*heads)[i];
      while (before != nullptr && old < before->heads->size() &&
             (*before->heads)[old].dealer.value < head.dealer.value) {
        ++old;
      }
      if (before != nullptr && old < before->heads->size() && (*before->heads)[old].dealer == head.dealer) {
        fresh->dealers.push_back(before->dealers[old]);
        fresh->caught_up[i] = before->caught_up[old] && (*before->heads)[old].head >= head.head;
        continue;
      }
      auto& held = view.dealers[head.dealer.value];
      if (!held) held = std::make_shared<Held>();
      fresh->dealers.push_back(held);
    }
    view.ready = std::move(fresh);
  }
  return view.ready;
}

Status Facts::VisitDealers(const Wanted& asked, const Begin& begin, const AwayRows& away_rows, const Visit& visit) {
  const std::vector<DealerId>& dealers = asked.dealers;
  const Instant known_at = asked.known_at;
  const bool at_once = asked.at_once;
  ASSIGN_OR_RETURN(const Heads heads, HeadsFor(at_once));
  ASSIGN_OR_RETURN(const std::shared_ptr<const OrgView> org, org_.Current());
  const std::shared_ptr<View> view = ViewAt(known_at);

  const std::shared_ptr<Ready> ready = ReadyFor(*view, heads, org, at_once);
  if (ready == nullptr) return NotAtOnce();
  if (begin) begin(*org);
  uses_.fetch_add(1, std::memory_order_relaxed);

  // Positions among the heads.
  std::vector<size_t> wanted;
  if (dealers.empty()) {
    wanted.resize(heads->size());
    std::iota(wanted.begin(), wanted.end(), 0);
  } else {
    for (const DealerId dealer : dealers) {
      const auto at = std::lower_bound(heads->begin(), heads->end(), dealer, [](const ledger::Head& head, DealerId id) {
        return head.dealer.value < id.value;
      });
      if (at != heads->end() && at->dealer == dealer) wanted.push_back(static_cast<size_t>(at - heads->begin()));
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  }
  if (at_once && (wanted.size() > kAtOnceDealers || !CatchUpAtHand(*view, *ready, wanted))) return NotAtOnce();
  std::vector<bool> known_ready(wanted.size());
  {
    const std::lock_guard lock(view->mutex);
    for (size_t i = 0; i < wanted.size(); ++i) known_ready[i] = ready->caught_up[wanted[i]];
  }

  // Dealers are independent: each thread takes the next one. Others are called in once the work has shown to be long.
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex failure_mutex;
  Status failure;
  const auto one_at_once = [&](size_t i) -> Result<int64_t> {
    Held& held = *ready->dealers[wanted[i]];
    const std::shared_lock lock(held.mutex, std::try_to_lock);
    const bool up_to_date = known_ready[i] && lock && held.facts && held.facts->head() >= (*heads)[wanted[i]].head;
    if (!up_to_date || !away_rows(*held.facts).empty()) return NotAtOnce();
    held.facts->Use(uses_.load(std::memory_order_relaxed));
    return visit(*held.facts, 0);
  };
  const auto one = [&](size_t i, size_t thread) -> Result<int64_t> {
    const size_t at = wanted[i];
    Held& held = *ready->dealers[at];
    bool long_work = false;
    const ledger::Head& head = (*heads)[at];
    bool up_to_date = known_ready[i];
    {
      const std::shared_lock lock(held.mutex);
      // A failed tail may have dropped it, or it was made anew for somebody with earlier heads.
      up_to_date = up_to_date && held.facts != nullptr && held.facts->head() >= head.head;
      long_work = !held.facts || held.facts->head() + kLongTail < head.head;
    }
    if (!up_to_date) {
      RETURN_IF_ERROR(CatchUp(held, head.dealer, head.head, org, known_at));
      const std::lock_guard lock(view->mutex);
      ready->caught_up[at] = true;
    }
    std::shared_lock lock(held.mutex);
    while (held.facts && !away_rows(*held.facts).empty()) {
      lock.unlock();
      {
        const std::unique_lock loading(held.mutex);
        if (held.facts) RETURN_IF_ERROR(LoadShelves(held, head.dealer, away_rows(*held.facts)));
      }
      long_work = true;
      lock.lock();
    }
    if (held.facts) held.facts->Use(uses_.load(std::memory_order_relaxed));
    // Another question may have failed to read the tail meanwhile; then this one cannot be answered either.
    if (!held.facts) return Error("storage_failed").With("detail", "a tail could not be read");
    ASSIGN_OR_RETURN(const int64_t rows, visit(*held.facts, thread));
    return long_work ? kLongRows : rows;
  };
  const auto fail = [&](const Error& error) {
    const std::lock_guard lock(failure_mutex);
    if (!failed.exchange(true)) failure = error;
  };
  const auto work = [&](size_t thread) {
    while (!failed) {
      const size_t i = next++;
      if (i >= wanted.size()) return;
      const Result<int64_t> rows = one(i, thread);
      if (!rows.ok()) fail(rows.error());
    }
  };
  int64_t looked_at = 0;
  for (size_t i = 0; at_once && i < wanted.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t rows, one_at_once(i));
    looked_at += rows;
    if (looked_at > kAtOnceRows) return NotAtOnce();
  }
  if (at_once) return {};
  // Whether the rest is worth another thread shows at the dealers done so far.
  while (!failed) {
    const size_t i = next++;
    if (i >= wanted.size()) return failure;
    const Result<int64_t> rows = one(i, 0);
    if (!rows.ok()) {
      fail(rows.error());
      break;
    }
    looked_at += *rows;
    const auto left = static_cast<int64_t>(wanted.size() - i - 1);
    if (left > 0 && looked_at / static_cast<int64_t>(i + 1) * left >= kLongRows) break;
  }
  if (!failed) workers_.Run(ThreadsMax() - 1, work);
  return failure;
}

Result<Cube> Facts::Run(const Query& query, Instant known_at) {
  std::vector<Merger> mergers;  // one for each thread
  mergers.reserve(ThreadsMax());
  mergers.emplace_back(query);
  const bool all = query.dealers.empty() || (query.dealers_follow && query.dealers.size() > kFewDealers);
  if (all && !query.limits && known_at == kForever) {
    ASSIGN_OR_RETURN(const bool answered, RunOnNetwork(query, mergers[0]));
    if (answered) return TakeCube(std::move(mergers[0]));
  }
  while (!query.at_once && mergers.size() < ThreadsMax()) mergers.emplace_back(query);
  std::vector<Query> limited;
  if (query.limits) limited = WithinLimits(query);
  for (const Query& part : query.limits ? std::span<const Query>(limited) : std::span(&query, 1)) {
    std::optional<Plan> plan;
    RETURN_IF_ERROR(VisitDealers(
        {part.dealers, known_at, part.at_once}, [&](const OrgView& org) { plan.emplace(catalog_, org, part); },
        [&](const DealerFacts& dealer) {
          return part.at_once ? std::vector<size_t>() : dealer.AwayToScan(*plan);  // Scan itself will say so
        },
        [&](const DealerFacts& dealer, size_t thread) -> Result<int64_t> {
          Merger& merger = mergers[thread];
          const int64_t before = merger.rows_scanned;
          if (!dealer.Scan(*plan, merger)) return NotAtOnce();
          if (merger.cube().cells.size() > kCellsMax) return Error("question_too_large");
          if (part.at_once && merger.cube().cells.size() > kAtOnceCells) return NotAtOnce();
          return merger.rows_scanned - before;
        }));
  }
  for (size_t t = 1; t < mergers.size(); ++t) mergers[0].Absorb(mergers[t]);
  return TakeCube(std::move(mergers[0]));
}

Result<Facts::Heads> Facts::HeadsFor(bool at_once) {
  if (!at_once) return source_.Heads();
  Heads heads = source_.HeadsAtHand();
  if (heads == nullptr) return NotAtOnce();
  return heads;
}

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

Status Facts::VisitRows(std::span<const Query> queries, Instant known_at, const RowsVisitor& visit) {
  if (queries.empty()) return {};
  std::vector<std::vector<Query>> parts;  // of each query
  for (const Query& query : queries) parts.push_back(WithinLimits(query));
  for (size_t part = 0; part < parts[0].size(); ++part) {
    std::deque<Plan> plans;
    RETURN_IF_ERROR(VisitDealers(
        {parts[0][part].dealers, known_at},
        [&](const OrgView& org) {
          for (const auto& of : parts) plans.emplace_back(catalog_, org, of[part]);
        },
        [&](const DealerFacts& dealer) {
          std::vector<size_t> away;
          for (const Plan& plan : plans) {
            for (const size_t shelf : dealer.AwayToVisit(plan)) away.push_back(shelf);
          }
          return away;
        },
        [&](const DealerFacts& dealer, size_t thread) -> Result<int64_t> {
          for (size_t q = 0; q < plans.size(); ++q) {
            dealer.Visit(plans[q], [&](const CountedRow& row) { visit(row, q, thread); });
          }
          return dealer.rows();
        }));
  }
  return {};
}

Result<std::optional<Period>> Facts::Extent(const std::vector<DealerId>& dealers, Instant known_at) {
  std::mutex mutex;
  std::optional<Period> extent;
  RETURN_IF_ERROR(VisitDealers(
      {dealers, known_at}, nullptr, [](const DealerFacts&) { return std::vector<size_t>(); },
      [&](const DealerFacts& dealer, size_t) -> Result<int64_t> {
        const auto own = dealer.extent();
        const std::lock_guard lock(mutex);
        if (own && extent) extent = Period{std::min(extent->from, own->from), std::max(extent->to, own->to)};
        if (own && !extent) extent = own;
        return 0;
      }));
  return extent;
}

Status Facts::Keep(int64_t grown_by, size_t budget) {
  std::vector<std::pair<DealerId, std::shared_ptr<Held>>> all;
  {
    std::shared_ptr<View> view;
    {
      const std::lock_guard lock(mutex_);
      view = present_;
    }
    const std::lock_guard lock(view->mutex);
    for (const auto& [id, held] : view->dealers) all.emplace_back(id, held);
  }
  for (const auto& [dealer, held] : all) RETURN_IF_ERROR(KeepOne(*held, dealer, grown_by));
  Forget(budget);
  return {};
}

void Facts::Forget(size_t budget) {
  const std::unique_lock forgetting(forget_mutex_, std::try_to_lock);
  if (!forgetting) return;  // somebody is at it
  size_t bytes = size().bytes;
  if (bytes <= budget) return;
  std::vector<std::shared_ptr<Held>> all;
  {
    std::shared_ptr<View> view;
    {
      const std::lock_guard lock(mutex_);
      view = present_;
    }
    const std::lock_guard lock(view->mutex);
    for (const auto& [id, held] : view->dealers) all.push_back(held);
  }
  struct Shelved {
    int64_t used = 0;
    Held* held = nullptr;
    size_t shelf = 0;
  };
  std::vector<Shelved> kept;
  for (const auto& held : all) {
    const std::shared_lock lock(held->mutex);
    if (!held->facts) continue;
    const auto& shelves = held->facts->shelves();
    for (size_t i = 0; i < shelves.size(); ++i) {
      if (shelves[i]->here() && shelves[i]->kept() != 0) kept.push_back({shelves[i]->used(), held.get(), i});
    }
  }
  std::sort(kept.begin(), kept.end(), [](const Shelved& a, const Shelved& b) { return a.used < b.used; });
  for (const Shelved& one : kept) {
    if (bytes <= budget) break;
    const std::unique_lock lock(one.held->mutex);
    // Meanwhile it may have changed, or the dealer been read anew.
    if (!one.held->facts || one.shelf >= one.held->facts->shelves().size()) continue;
    Shelf& shelf = *one.held->facts->shelves()[one.shelf];
    if (!shelf.here() || shelf.kept() == 0) continue;
    const size_t before = shelf.bytes();
    one.held->facts->DropShelf(one.shelf);
    bytes -= std::min(bytes, before - std::min(before, shelf.bytes()));
  }
  malloc_trim(0);  // columns that grew side by side leave gaps: the system shall have them back
}

Status Facts::KeepOne(Held& held, DealerId dealer, int64_t grown_by) {
  ledger::Source::Segments segments;
  std::vector<uint64_t> marks;
  std::vector<uint64_t> versions;
  std::shared_ptr<const DealerFacts> saved;
  {
    const std::shared_lock lock(held.mutex);
    if (!held.facts || !held.facts->CanBeKept() || held.facts->head() - held.kept < grown_by) return {};
    saved = held.facts;
    segments.up_to_seq = saved->head();
    segments.stamp = Stamp(saved->fingerprint());
    segments.basis = held.kept_mark;
    segments.parts.emplace_back(kSums, std::string());
    for (size_t i = 0; i < saved->shelves().size(); ++i) {
      const Shelf& shelf = *saved->shelves()[i];
      versions.push_back(shelf.version());
      marks.push_back(shelf.kept());
      if (marks.back() != 0) {
        segments.unchanged.push_back(PartOf(i));
        continue;
      }
      segments.parts.emplace_back(PartOf(i), shelf.Save());
      marks.back() = HashText(segments.parts.back().second).low;
    }
    segments.parts.front().second = saved->SaveSums(marks);
  }
  ASSIGN_OR_RETURN(const std::optional<int64_t> mark, source_.WriteSegments(dealer, segments));
  const std::unique_lock lock(held.mutex);
  if (held.facts != saved) return {};
  if (!mark) {
    // Another server has kept its own: shelves that are here can be written anew, the others are gone.
    held.kept = 0;
    for (const auto& shelf : held.facts->shelves()) {
      if (!shelf->here()) {
        held.facts.reset();
        return {};
      }
      shelf->SetKept(0);
    }
    return {};
  }
  held.kept = segments.up_to_seq;
  held.kept_mark = *mark;
  for (size_t i = 0; i < versions.size(); ++i) {
    Shelf& shelf = *held.facts->shelves()[i];
    if (shelf.version() == versions[i]) shelf.SetKept(marks[i]);
  }
  return {};
}

Status Facts::Warm(int64_t grown_by, size_t budget) {
  constexpr size_t kForgetEvery = 8;  // dealers
  ASSIGN_OR_RETURN(const Heads heads, source_.Heads());
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex failure_mutex;
  Status failure;
  const auto one = [&](DealerId dealer) -> Status {
    ASSIGN_OR_RETURN([[maybe_unused]] const std::optional<Period> extent, Extent({dealer}));
    const std::shared_ptr<View> view = ViewAt(kForever);
    std::shared_ptr<Held> held;
    {
      const std::lock_guard lock(view->mutex);
      const auto found = view->dealers.find(dealer.value);
      if (found != view->dealers.end()) held = found->second;
    }
    return held != nullptr ? KeepOne(*held, dealer, grown_by) : Status();
  };
  const auto work = [&](size_t /*thread*/) {
    for (size_t i = next++; i < heads->size() && !failed; i = next++) {
      const Status done = one((*heads)[i].dealer);
      if (!done.ok()) {
        const std::lock_guard lock(failure_mutex);
        if (!failed.exchange(true)) failure = done;
      }
      if (i % kForgetEvery == kForgetEvery - 1) Forget(budget);
    }
  };
  workers_.Run(ThreadsMax() - 1, work);
  Forget(budget);
  return failure;
}

Result<std::shared_ptr<const OrgView>> Facts::Org(const RowScope& scope) {
  constexpr size_t kNarrowedMax = 200;
  ASSIGN_OR_RETURN(const std::shared_ptr<const OrgView> whole, org_.Current());
  if (scope.network) return whole;
  const std::string text = scope.Text();
  {
    const std::lock_guard lock(mutex_);
    const auto known = narrowed_.find(text);
    if (known != narrowed_.end() && known->second.whole == whole) return known->second.part;
  }
  std::shared_ptr<const OrgView> part = Narrow(*whole, scope);
  const std::lock_guard lock(mutex_);
  if (narrowed_.size() >= kNarrowedMax) narrowed_.clear();
  narrowed_[text] = {whole, part};
  return part;
}

Facts::Size Facts::size() const {
  std::shared_ptr<View> view;
  {
    const std::lock_guard lock(mutex_);
    view = present_;
  }
  // Whoever reads a dealer's ledger holds it for long; nobody else shall wait for that.
  std::vector<std::shared_ptr<Held>> all;
  {
    const std::lock_guard lock(view->mutex);
    for (const auto& [id, held] : view->dealers) all.push_back(held);
  }
  Size size;
  for (const auto& held : all) {
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
