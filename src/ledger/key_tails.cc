#include "ledger/key_tails.h"

#include <algorithm>
#include <any>
#include <memory>

#include "ledger/feed.h"
#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

uint64_t PartOf(const Hash128& key) { return key.low == 0 ? 1 : key.low; }

// Where the dealer's ledger ended before this transaction.
int64_t CommittedHead(const db::Connection& connection, DealerId dealer, const End& end) {
  for (const std::any& note : connection.notes()) {
    const auto* moved = std::any_cast<Feed::Moved>(&note);
    if (moved != nullptr && moved->dealer == dealer) return moved->first - 1;
  }
  return end.head;
}

}  // namespace

void KeyTails::Read(db::Connection& connection, DealerId dealer, int64_t last, Tail& tail) {
  const int64_t after = tail.last();
  std::vector<uint64_t> keys(static_cast<size_t>(last - after));
  VisitKeys(connection, dealer, after, last, [&](int64_t seq, std::string_view key) {
    keys[static_cast<size_t>(seq - after - 1)] = PartOf(Hash128::FromBytes(key));
  });
  tail.keys.insert(tail.keys.end(), keys.begin(), keys.end());
}

void KeyTails::Find(db::Connection& connection, DealerId dealer, const End& end, std::span<const Hash128> keys,
                    std::vector<int64_t>& seqs) {
  const int64_t committed = std::max(CommittedHead(connection, dealer, end), end.keyed);
  const std::lock_guard lock(mutex_);
  Tail& tail = tails_[dealer.value];
  if (tail.from > end.keyed || tail.last() < end.keyed || tail.last() > committed) {
    tail = {end.keyed, {}};
  } else if (tail.from < end.keyed) {
    tail.keys.erase(tail.keys.begin(), tail.keys.begin() + (end.keyed - tail.from));
    tail.from = end.keyed;
  }
  // What others have booked.
  if (tail.last() < committed) Read(connection, dealer, committed, tail);
  Tail fresh{committed, {}};  // of this transaction
  if (committed < end.head) Read(connection, dealer, end.head, fresh);
  for (const Hash128& key : keys) {
    const uint64_t part = PartOf(key);
    for (const Tail* among : {&tail, &fresh}) {
      for (size_t i = 0; i < among->keys.size(); ++i) {
        if (among->keys[i] == part) seqs.push_back(among->from + 1 + static_cast<int64_t>(i));
      }
    }
  }
}

bool KeyTails::AreDue(DealerId dealer, const End& end) {
  const std::lock_guard lock(mutex_);
  const int64_t most = std::clamp(kKeysMax / std::max<int64_t>(1, static_cast<int64_t>(tails_.size())), kLeast, kMost);
  // Not all dealers after the same number of events.
  const auto less =
      static_cast<int64_t>((static_cast<uint64_t>(dealer.value) * 0x9e3779b97f4a7c15U) >> 32U) % (most / 2);
  const int64_t keys = end.head - end.keyed;
  if (keys < most - less) return false;
  const auto now = std::chrono::steady_clock::now();
  if (keys < 2 * most && now - last_due_ < kPause) return false;
  last_due_ = now;
  return true;
}

void KeyTails::OnCommit(const db::Commit& commit) {
  const std::lock_guard lock(mutex_);
  for (const std::any& note : commit.notes) {
    const auto* came = std::any_cast<std::shared_ptr<const Feed::Came>>(&note);
    if (came == nullptr) continue;
    const auto found = tails_.find((*came)->dealer.value);
    if (found == tails_.end() || found->second.last() + 1 != (*came)->first) continue;
    for (const auto& [event, entry] : (*came)->entries) {
      found->second.keys.push_back(entry.key ? PartOf(*entry.key) : 0);
    }
  }
}

}  // namespace dealpace::ledger
