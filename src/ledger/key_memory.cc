#include "ledger/key_memory.h"

#include <algorithm>
#include <any>
#include <new>
#include <utility>

#include "ledger/ledger.h"
#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

constexpr Hash128 kNone{0, 0};
// As it stands in a tail.
Hash128 Plain(const Hash128& key) { return key == kNone ? Hash128{0, 1} : key; }

// Where the dealer's ledger ended before this transaction.
int64_t CommittedHead(const db::Connection& connection, DealerId dealer, const End& end) {
  for (const std::any& note : connection.notes()) {
    const auto* moved = std::any_cast<Feed::Moved>(&note);
    if (moved != nullptr && moved->dealer == dealer) return moved->first - 1;
  }
  return end.head;
}

template <typename Visit>
void ForEachCame(std::span<const std::any> notes, const Visit& visit) {
  for (const std::any& note : notes) {
    if (const auto* came = std::any_cast<std::shared_ptr<const Feed::Came>>(&note)) visit(**came);
  }
}

}  // namespace

void KeyMemory::Tail::Find(std::span<const Hash128> wanted, std::vector<int64_t>& seqs) const {
  for (const Hash128& key : wanted) {
    const Hash128 plain = Plain(key);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == plain) seqs.push_back(from + 1 + static_cast<int64_t>(i));
    }
  }
}

void KeyMemory::Tail::Add(const Feed::Came& came) {
  if (last() + 1 != came.first) return;
  for (const auto& [event, entry] : came.entries) keys.push_back(entry.key ? Plain(*entry.key) : kNone);
}

void KeyMemory::Tail::Add(const Tail& other) {
  if (other.from > last() || other.last() <= last()) return;
  keys.insert(keys.end(), other.keys.begin() + (last() - other.from), other.keys.end());
}

void KeyMemory::Tail::ForgetUntil(int64_t seq) {
  if (seq <= from) return;
  keys.erase(keys.begin(), keys.begin() + (std::min(seq, last()) - from));
  from = seq;
  if (keys.capacity() > 2 * keys.size() + static_cast<size_t>(kMost)) keys.shrink_to_fit();
}

void KeyMemory::Read(db::Connection& connection, DealerId dealer, int64_t last, Tail& tail) {
  const int64_t after = tail.last();
  std::vector<Hash128> keys(static_cast<size_t>(last - after), kNone);
  VisitKeys(connection, dealer, after, last, [&](int64_t seq, std::string_view key) {
    keys[static_cast<size_t>(seq - after - 1)] = Plain(Hash128::FromBytes(key));
  });
  tail.keys.insert(tail.keys.end(), keys.begin(), keys.end());
}

std::vector<Hash128> KeyMemory::Find(db::Connection& connection, DealerId dealer, const End& end,
                                     std::span<const Hash128> keys, std::vector<int64_t>& seqs) {
  const int64_t committed = CommittedHead(connection, dealer, end);
  if (committed < end.head) {  // what this transaction has booked
    Tail fresh{committed, {}};
    ForEachCame(connection.notes(), [&](const Feed::Came& came) {
      if (came.dealer == dealer) fresh.Add(came);
    });
    if (fresh.last() < end.head) Read(connection, dealer, end.head, fresh);
    fresh.Find(keys, seqs);
  }
  std::vector<Hash128> old(keys.begin(), keys.end());
  const std::lock_guard lock(mutex_);
  Known& known = dealers_[dealer.value];
  known.used = Clock::now();
  if (known.filter && known.covers == committed) {
    std::erase_if(old, [&](const Hash128& key) { return !known.filter->MayHave(KeyFilter::HeadOf(key)); });
    if (known.filter->overfull()) Want(dealer, known);
  } else {
    Want(dealer, known);
  }
  if (old.empty() || end.keyed >= committed) return old;
  Tail& tail = known.tail;
  if (tail.from > end.keyed || tail.last() < end.keyed || tail.last() > committed) tail = {end.keyed, {}};
  tail.ForgetUntil(end.keyed);
  // What others have booked.
  if (tail.last() < committed) Read(connection, dealer, committed, tail);
  tail.Find(old, seqs);
  return old;
}

bool KeyMemory::AreDue(DealerId dealer, const End& end) {
  const std::lock_guard lock(mutex_);
  const int64_t most =
      std::clamp(kKeysMax / std::max<int64_t>(1, static_cast<int64_t>(dealers_.size())), kLeast, kMost);
  // Not all dealers after the same number of events.
  const auto less =
      static_cast<int64_t>((static_cast<uint64_t>(dealer.value) * 0x9e3779b97f4a7c15U) >> 32U) % (most / 2);
  const auto known = dealers_.find(dealer.value);
  if (known != dealers_.end()) known->second.tail.ForgetUntil(std::min(end.keyed, known->second.tail.last()));
  const int64_t keys = end.head - end.keyed;
  if (keys < most - less) return false;
  const auto now = Clock::now();
  if (keys < 2 * most && now - last_due_ < kPause) return false;
  last_due_ = now;
  return true;
}

void KeyMemory::OnCommit(const db::Commit& commit) {
  const std::lock_guard lock(mutex_);
  ForEachCame(commit.notes, [&](const Feed::Came& came) {
    const auto found = dealers_.find(came.dealer.value);
    if (found == dealers_.end()) return;
    Known& known = found->second;
    known.tail.Add(came);
    if (known.tail.keys.size() > kTailMax) known.tail = {};  // others book here, who put their keys in order
    if (known.meanwhile) {
      if (known.meanwhile->keys.empty()) known.meanwhile->from = came.first - 1;
      known.meanwhile->Add(came);
    }
    if (!known.filter || known.covers + 1 != came.first) return;
    Tail some{known.covers, {}};
    some.Add(came);
    Extend(known, some);
  });
}

void KeyMemory::Extend(Known& known, const Tail& by) {
  if (!known.filter || by.from > known.covers) return;
  for (int64_t seq = known.covers + 1; seq <= by.last(); ++seq) {
    const Hash128& key = by.keys[static_cast<size_t>(seq - by.from - 1)];
    if (key != kNone) known.filter->Add(KeyFilter::HeadOf(key));
  }
  known.covers = std::max(known.covers, by.last());
}

void KeyMemory::Want(DealerId dealer, Known& known) {
  if (known.wanted || known.meanwhile || stopped_ || known.used < known.not_before) return;
  known.wanted = true;
  wanted_.push_back(dealer);
  is_wanted_.notify_one();
}

std::optional<DealerId> KeyMemory::WaitForWanted(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  is_wanted_.wait_for(lock, most, [&] { return stopped_ || !wanted_.empty(); });
  if (stopped_ || wanted_.empty()) return std::nullopt;
  const DealerId dealer = wanted_.front();
  wanted_.pop_front();
  return dealer;
}

void KeyMemory::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    wanted_.clear();
  }
  is_wanted_.notify_all();
  stops_.notify_all();
}

bool KeyMemory::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void KeyMemory::WaitForStop(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  stops_.wait_for(lock, most, [&] { return stopped_; });
}

bool KeyMemory::Knows(DealerId dealer, int64_t last) const {
  const std::lock_guard lock(mutex_);
  const auto found = dealers_.find(dealer.value);
  return found != dealers_.end() && found->second.filter && found->second.covers == last;
}

void KeyMemory::Forget(Known& known) {
  filter_bytes_ -= known.filter->bytes();
  known.filter.reset();
}

bool KeyMemory::MakeRoom(size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto long_ago = Clock::now() - kForgottenAfter;
  const auto may_go = [&](const Known& known) { return known.filter && known.used < long_ago; };
  size_t others = 0;
  for (const auto& [id, known] : dealers_) others += may_go(known) ? known.filter->bytes() : 0;
  if (filter_bytes_ - others + bytes > filter_bytes_max_) return false;
  for (auto& [id, known] : dealers_) {
    if (filter_bytes_ + bytes <= filter_bytes_max_) break;
    if (may_go(known)) Forget(known);
  }
  return true;
}

bool KeyMemory::ReadLesson(db::Connection& connection, DealerId dealer, std::optional<int64_t> covers, Lesson& lesson) {
  const End end = EndOf(connection, dealer);
  lesson = {};
  lesson.tail = {end.keyed, {}};
  if (covers && *covers <= end.head && end.head - *covers <= kMost) {
    lesson.came = {*covers, {}};
    Read(connection, dealer, end.head, lesson.came);
    if (*covers < end.keyed) lesson.tail = lesson.came;
    lesson.tail.ForgetUntil(end.keyed);
  } else {
    const auto entries = static_cast<size_t>(end.head);
    const size_t room = entries + entries / 4 + 2 * static_cast<size_t>(kMost);
    if (!MakeRoom(KeyFilter::BytesFor(room))) return false;
    lesson.filter = std::make_unique<KeyFilter>(room);
    db::Rows rows = connection.Query("SELECT key_head FROM ledger_key WHERE dealer_id = ?1", dealer);
    for (int64_t read = 0; rows.Next(); ++read) {
      lesson.filter->Add(KeyFilter::HeadOf(rows.Bytes(0)));
      if (read % kMost == kMost - 1 && stopped()) return false;
    }
  }
  if (lesson.tail.last() < end.head) Read(connection, dealer, end.head, lesson.tail);
  if (lesson.filter) {
    for (const Hash128& key : lesson.tail.keys) {
      if (key != kNone) lesson.filter->Add(KeyFilter::HeadOf(key));
    }
  }
  return true;
}

Status KeyMemory::Learn(db::Database& database, DealerId dealer) {
  std::optional<int64_t> covers;  // what is known already
  {
    const std::lock_guard lock(mutex_);
    Known& known = dealers_[dealer.value];
    known.wanted = false;
    known.used = Clock::now();
    known.meanwhile = Tail{};
    if (known.filter && !known.filter->overfull()) covers = known.covers;
  }
  Lesson lesson;
  bool whole = false;
  Status read = database.Read<void>([&](db::Connection& connection) -> Status {
    try {
      whole = ReadLesson(connection, dealer, covers, lesson);
    } catch (const std::bad_alloc&) {
      whole = false;
    }
    return {};
  });
  const std::lock_guard lock(mutex_);
  Known& known = dealers_[dealer.value];
  const Tail meanwhile = *std::exchange(known.meanwhile, std::nullopt);
  if (!read.ok() || !whole) {
    known.not_before = Clock::now() + kForgottenAfter;
    return read;
  }
  if (lesson.filter) {
    if (known.filter) Forget(known);
    filter_bytes_ += lesson.filter->bytes();
    known.filter = std::move(lesson.filter);
    known.covers = lesson.tail.last();
  } else {
    Extend(known, lesson.came);
  }
  Extend(known, meanwhile);
  if (known.tail.last() < lesson.tail.last()) known.tail = std::move(lesson.tail);
  known.tail.Add(meanwhile);
  return {};
}

}  // namespace dealpace::ledger
