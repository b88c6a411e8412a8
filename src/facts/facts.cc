#include "facts/facts.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <numeric>
#include <thread>

#include "facts/row_limits.h"

namespace dealpace::facts {
namespace {

constexpr size_t kPastViewsMax = 2;
constexpr size_t kCellsMax = 20'000'000;
constexpr int64_t kLongTail = 1000;    // entries to take in that make a dealer long work
constexpr int64_t kLongRows = 50'000;  // to look at: worth waking another thread
// What is looked at for an answer at once: some twenty microseconds of it.
constexpr size_t kAtOnceDealers = 8;
constexpr int64_t kAtOnceRows = 8'000;
constexpr size_t kAtOnceCells = 4'000;
// Few dealers answer sooner than the sums of the network, which may have to follow all others first.
constexpr size_t kFewDealers = 4;

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

}  // namespace

Error Facts::NotAtOnce() { return Error("not_at_once"); }

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
