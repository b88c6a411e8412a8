#include <numeric>
#include <set>

#include "facts/facts.h"

// How the facts of a dealer come to where his ledger is.
namespace dealpace::facts {
namespace {

constexpr size_t kAllAtOnce = 20'000;  // entries of a tail for which all shelves are read back
// What is taken in before an answer at once.
constexpr size_t kAtOnceHeads = 2'000;
constexpr size_t kAtOnceGrown = 16;  // dealers
constexpr int64_t kAtOnceTail = 32;  // entries of one

// Whether facts derived with `held` can answer who has seen `asked`. What a question that came earlier saw of the
// organisation must not take the place of what a later one saw.
bool IsAsNew(const OrgView* held, const OrgView& asked) { return held == &asked || held->version > asked.version; }

}  // namespace

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

}  // namespace dealpace::facts
