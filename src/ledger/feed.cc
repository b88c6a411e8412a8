#include "ledger/feed.h"

#include <algorithm>
#include <any>

namespace dealpace::ledger {

void Feed::OnCommit(const db::Commit& commit) {
  const std::lock_guard lock(mutex_);
  const bool follows = heads_ != nullptr && commit.before && commit.after && marks_.back() == *commit.before;
  if (!follows) {
    heads_ = nullptr;
    moved_.clear();
    marks_.clear();
  }
  for (const std::any& note : commit.notes) {
    if (const auto* moved = std::any_cast<Moved>(&note)) {
      if (follows) moved_.push_back(*moved);
    } else if (const auto* came = std::any_cast<std::shared_ptr<const Came>>(&note)) {
      Keep(**came);
    }
  }
  if (!follows) return;
  if (commit.after != commit.before) marks_.push_back(*commit.after);
  if (marks_.size() > kMarksMax) marks_.pop_front();
}

void Feed::Keep(const Came& came) {
  int64_t seq = came.first;
  for (const auto& [event, content] : came.entries) {
    Kept& kept = entries_.emplace_back();
    kept.dealer = came.dealer;
    kept.lead = content.lead;
    kept.entry.seq = seq++;
    kept.entry.event = catalog_.FindEvent(event);
    kept.entry.day = content.day;
    kept.entry.at = content.at;
    kept.entry.attempt = content.attempt;
    kept.entry.actor = content.actor.value;
    kept.entry.members = content.members;
    kept.entry.quantity = content.quantity;
    kept.entry.amount = content.amount;
    kept.entry.recorded_at = came.recorded_at;
  }
  while (entries_.size() > kEntriesMax) entries_.pop_front();
}

Feed::Heads Feed::HeadsAt(int64_t mark) {
  const std::lock_guard lock(mutex_);
  // Mostly the last one.
  if (heads_ == nullptr || std::find(marks_.rbegin(), marks_.rend(), mark) == marks_.rend()) return nullptr;
  if (moved_.empty()) return heads_;
  auto heads = std::make_shared<std::vector<Head>>(*heads_);
  for (const Moved& moved : moved_) {
    const auto at = std::lower_bound(heads->begin(), heads->end(), moved.dealer,
                                     [](const Head& head, DealerId id) { return head.dealer.value < id.value; });
    if (at != heads->end() && at->dealer == moved.dealer) {
      at->head = moved.head;
    } else {
      heads->insert(at, {moved.dealer, moved.head});
    }
  }
  moved_.clear();
  heads_ = std::move(heads);
  return heads_;
}

void Feed::SetHeads(int64_t mark, Heads heads) {
  const std::lock_guard lock(mutex_);
  // Somebody else may have read newer ones meanwhile, and commits have followed on those.
  if (heads_ != nullptr && std::find(marks_.begin(), marks_.end(), mark) != marks_.end()) return;
  heads_ = std::move(heads);
  moved_.clear();
  marks_ = {mark};
}

std::vector<const Feed::Kept*> Feed::Find(DealerId dealer, int64_t after, int64_t last) const {
  std::vector<const Kept*> found;
  for (auto kept = entries_.rbegin(); kept != entries_.rend() && last > after; ++kept) {
    if (kept->dealer != dealer || kept->entry.seq != last) continue;
    found.push_back(&*kept);
    --last;
  }
  if (last > after) found.clear();
  return found;
}

bool Feed::Visit(DealerId dealer, int64_t after, int64_t last, const std::function<void(const Entry&)>& visit) const {
  if (last <= after) return true;
  std::vector<Kept> taken;  // whoever commits meanwhile need not wait
  {
    const std::lock_guard lock(mutex_);
    const std::vector<const Kept*> found = Find(dealer, after, last);
    taken.reserve(found.size());
    for (auto kept = found.rbegin(); kept != found.rend(); ++kept) taken.push_back(**kept);
  }
  for (Kept& kept : taken) {
    kept.entry.lead = kept.lead;
    visit(kept.entry);
  }
  return !taken.empty();
}

}  // namespace dealpace::ledger
