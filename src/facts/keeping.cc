#include <malloc.h>

#include <algorithm>
#include <atomic>

#include "facts/facts.h"

// What is kept beside the ledger, and what is forgotten of it in memory.
namespace dealpace::facts {

std::string Facts::PartOf(size_t shelf) { return "rows " + std::to_string(shelf); }

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

}  // namespace dealpace::facts
