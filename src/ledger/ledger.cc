#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "ledger/key_memory.h"
#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

constexpr std::array<std::string_view, 24> kColumns = {
    "dealer_id",   "seq",         "event",    "day",           "at",       "lead",  "attempt", "actor",    "source",
    "access_form", "channel",     "model",    "customer_type", "campaign", "stage", "reason",  "quantity", "amount",
    "recorded_at", "recorded_by", "batch_id", "entry_key",     "reverses", "note"};

db::Value OrNull(int64_t id) { return id == 0 ? db::Value() : db::Value(id); }

}  // namespace

End EndOf(db::Connection& connection, DealerId dealer) {
  db::Rows rows = connection.Query("SELECT head, keyed FROM ledger_head WHERE dealer_id = ?1", dealer);
  if (!rows.Next()) return {};
  return {rows.Int(0), rows.Int(1)};
}

int64_t Lock(db::Connection& connection, DealerId dealer) { return LockEnd(connection, dealer).head; }

End LockEnd(db::Connection& connection, DealerId dealer) {
  if (connection.kind() == db::Kind::kSqlite && connection.writing()) return EndOf(connection, dealer);  // nobody else
  db::Rows rows = connection.Query(
      "INSERT INTO ledger_head (dealer_id, head) VALUES (?1, 0) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head RETURNING head, keyed",
      dealer);
  rows.Next();
  return {rows.Int(0), rows.Int(1)};
}

namespace {

// So many first bytes of a key stand in ledger_key: enough that few keys of a dealer share them.
constexpr size_t kKeyHeadBytes = KeyFilter::kHeadBytes;
constexpr std::array<std::string_view, 3> kKeyColumns = {"dealer_id", "key_head", "seq"};
static_assert(std::tuple_size_v<decltype(LaterKeys::Key::head)> == kKeyHeadBytes);

void SortKeys(std::vector<LaterKeys::Key>& keys) {
  std::sort(keys.begin(), keys.end(), [](const LaterKeys::Key& a, const LaterKeys::Key& b) {
    const int order = std::memcmp(a.head.data(), b.head.data(), a.head.size());
    return order != 0 ? order < 0 : a.seq < b.seq;
  });
}

struct Taken {
  int64_t first = 0;   // seq
  bool keyed = false;  // all keys before are in order, and whoever took the seqs puts theirs in order, too
};

// Moves the head on from `end` by `count`; the dealer is locked.
Taken TakeSeqs(db::Connection& connection, DealerId dealer, const End& end, size_t count, Keys keys) {
  const Taken taken{end.head + 1, keys == Keys::kNow && !end.keys_later()};
  const int64_t head = end.head + static_cast<int64_t>(count);
  const int64_t keyed = taken.keyed ? head : end.keyed;
  static constexpr std::string_view kFirst =
      "INSERT INTO ledger_head (dealer_id, head, keyed) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = excluded.head, keyed = excluded.keyed";
  static constexpr std::string_view kFurther = "UPDATE ledger_head SET head = ?2, keyed = ?3 WHERE dealer_id = ?1";
  connection.Execute(end.head == 0 ? kFirst : kFurther, dealer, head, keyed);
  connection.Note(Feed::Moved{dealer, taken.first, head});
  return taken;
}

// Tells who follows the ledger what has come, where that is little.
void NoteFew(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t first,
             std::span<const NewEntry* const> entries, Instant recorded_at) {
  if (connection.kind() != db::Kind::kSqlite || entries.size() > Feed::kFew) return;
  auto came = std::make_shared<Feed::Came>(Feed::Came{dealer, first, recorded_at, {}});
  for (const NewEntry* entry : entries) {
    came->entries.emplace_back(catalog.events()[static_cast<size_t>(entry->event)].id, *entry);
  }
  connection.Note(std::shared_ptr<const Feed::Came>(std::move(came)));
}

// Adds keys, each with its seq.
void InsertKeys(db::Connection& connection, DealerId dealer, std::vector<LaterKeys::Key>& keys) {
  if (keys.empty()) return;
  SortKeys(keys);
  db::BulkInsert insert = connection.Bulk("ledger_key", kKeyColumns);
  for (const LaterKeys::Key& key : keys) {
    insert.Row(std::array<db::Value, 3>{dealer, db::Blob{{key.head.data(), key.head.size()}}, key.seq});
  }
  insert.Finish();
}

LaterKeys::Key KeyAt(int64_t seq, std::string_view key) {
  LaterKeys::Key out;
  out.seq = seq;
  std::memcpy(out.head.data(), key.data(), std::min(key.size(), out.head.size()));
  return out;
}
LaterKeys::Key KeyAt(int64_t seq, const Hash128& key) {
  const std::array<char, 16> bytes = key.Bytes();
  return KeyAt(seq, std::string_view(bytes.data(), bytes.size()));
}

// Puts entries into rows of the ledger.
class RowInsert {
 public:
  RowInsert(db::Connection& connection, DealerId dealer, const Recorder& recorder)
      : insert_(connection.Bulk("ledger_entry", kColumns)), dealer_(dealer), recorder_(recorder) {}

  // `reverses`: the entry whose opposite this is, and why it is taken back.
  void Add(int64_t seq, std::string_view event, const NewEntry& entry, int64_t reverses = 0,
           std::string_view why = {}) {
    std::array<char, 16> key{};
    if (entry.key) key = entry.key->Bytes();
    const auto& m = entry.members;
    const int64_t sign = reverses == 0 ? 1 : -1;
    const std::array<db::Value, kColumns.size()> values = {
        dealer_,
        seq,
        event,
        entry.day.value,
        entry.at.ms,
        entry.lead.empty() ? db::Value() : db::Value(entry.lead),
        entry.attempt,
        OrNull(entry.actor.value),
        OrNull(m[0]),
        OrNull(m[1]),
        OrNull(m[2]),
        OrNull(m[3]),
        OrNull(m[4]),
        OrNull(m[5]),
        OrNull(m[6]),
        OrNull(m[7]),
        sign * entry.quantity,
        sign * entry.amount,
        recorder_.at.ms,
        recorder_.by,
        OrNull(recorder_.batch.value),
        entry.key ? db::Value(db::Blob{{key.data(), key.size()}}) : db::Value(),
        OrNull(reverses),
        reverses == 0 ? db::Value() : db::Value(why)};
    insert_.Row(values);
  }
  void Finish() { insert_.Finish(); }

 private:
  db::BulkInsert insert_;
  DealerId dealer_;
  const Recorder& recorder_;
};

// Where they are many they lie together, each run of them in a block.
void Lay(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t first,
         std::span<const NewEntry* const> entries, const Recorder& recorder, size_t together_from) {
  const auto is_reading = [&](const NewEntry* entry) {
    return catalog.events()[static_cast<size_t>(entry->event)].reading_of >= 0;
  };
  if (entries.size() >= together_from && std::none_of(entries.begin(), entries.end(), is_reading)) {
    const std::optional<int64_t> batch =
        recorder.batch.set() ? std::optional(recorder.batch.value) : std::optional<int64_t>();
    for (; !entries.empty(); entries = entries.subspan(std::min(entries.size(), kBlockEntriesMax))) {
      const auto some = entries.first(std::min(entries.size(), kBlockEntriesMax));
      WriteBlock(connection, catalog, dealer, first, some, recorder.at, recorder.by, batch);
      first += static_cast<int64_t>(some.size());
    }
    return;
  }
  RowInsert insert(connection, dealer, recorder);
  for (const NewEntry* entry : entries) {
    insert.Add(first++, catalog.events()[static_cast<size_t>(entry->event)].id, *entry);
  }
  insert.Finish();
}

}  // namespace

int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry> entries, const Recorder& recorder, const Laying& laying) {
  std::vector<const NewEntry*> all;
  all.reserve(entries.size());
  for (const NewEntry& entry : entries) all.push_back(&entry);
  return Append(connection, catalog, dealer, all, recorder, laying);
}

int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry* const> entries, const Recorder& recorder, const Laying& laying) {
  const End end = laying.end ? *laying.end : LockEnd(connection, dealer);
  const Taken taken = TakeSeqs(connection, dealer, end, entries.size(), laying.keys);
  Lay(connection, catalog, dealer, taken.first, entries, recorder, laying.together_from);
  NoteFew(connection, catalog, dealer, taken.first, entries, recorder.at);
  if (laying.keys == Keys::kLater || !taken.keyed) return taken.first;
  std::vector<LaterKeys::Key> keys;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i]->key) keys.push_back(KeyAt(taken.first + static_cast<int64_t>(i), *entries[i]->key));
  }
  InsertKeys(connection, dealer, keys);
  return taken.first;
}

int64_t IndexKeys(db::Connection& connection, DealerId dealer, int64_t most) {
  const LaterKeys later = ReadLaterKeys(connection, dealer, 0, most);
  if (later.last < later.first) return 0;
  AddLaterKeys(connection, later);
  return later.last - later.first + 1;
}

Status Reverse(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs, std::string_view why,
               const Recorder& recorder) {
  if (why.empty()) return Error("reason_missing");
  if (seqs.empty()) return {};
  const End end = LockEnd(connection, dealer);
  std::unordered_map<int64_t, StoredEntry> entries;
  for (StoredEntry& entry : ReadEntries(connection, dealer, seqs)) entries[entry.seq] = std::move(entry);
  const std::unordered_set<int64_t> reversed = ReversedAmong(connection, dealer, seqs);
  for (const int64_t seq : seqs) {
    const auto found = entries.find(seq);
    if (found == entries.end()) return Error("entry_not_found").With("seq", seq);
    if (found->second.reverses != 0) return Error("entry_is_reversal").With("seq", seq);
    if (reversed.contains(seq)) return Error("already_reversed").With("seq", seq);
  }
  const Taken taken = TakeSeqs(connection, dealer, end, seqs.size(), Keys::kNow);
  std::vector<LaterKeys::Key> keys;
  RowInsert insert(connection, dealer, recorder);
  int64_t next = taken.first;
  for (const int64_t seq : seqs) {
    const StoredEntry& entry = entries.at(seq);
    if (entry.key) keys.push_back(KeyAt(next, *entry.key));
    insert.Add(next++, entry.event_id, entry, seq, why);
  }
  insert.Finish();
  if (taken.keyed) InsertKeys(connection, dealer, keys);
  return {};
}

Result<int64_t> BookAgain(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs,
                          const Recorder& recorder) {
  std::vector<StoredEntry> entries = ReadEntries(connection, dealer, seqs);
  if (entries.size() != seqs.size()) return Error("entry_not_found").With("seq", seqs.empty() ? 0 : seqs.front());
  std::sort(entries.begin(), entries.end(), [](const StoredEntry& a, const StoredEntry& b) { return a.seq < b.seq; });
  const Taken taken = TakeSeqs(connection, dealer, LockEnd(connection, dealer), entries.size(), Keys::kNow);
  std::vector<LaterKeys::Key> keys;
  RowInsert insert(connection, dealer, recorder);
  int64_t next = taken.first;
  for (const StoredEntry& entry : entries) {
    if (entry.key) keys.push_back(KeyAt(next, *entry.key));
    insert.Add(next++, entry.event_id, entry);
  }
  insert.Finish();
  if (taken.keyed) InsertKeys(connection, dealer, keys);
  return taken.first;
}

LaterKeys ReadLaterKeys(db::Connection& connection, DealerId dealer, int64_t after, int64_t most) {
  LaterKeys later;
  later.dealer = dealer;
  db::Rows lag = connection.Query("SELECT head, keyed FROM ledger_head WHERE dealer_id = ?1", dealer);
  if (!lag.Next()) return later;
  later.first = std::max(lag.Int(1), after) + 1;
  later.last = std::min(lag.Int(0), most > lag.Int(0) ? lag.Int(0) : later.first + most - 1);
  if (later.last < later.first) return later;
  later.keys.reserve(static_cast<size_t>(later.last - later.first + 1));
  VisitKeys(connection, dealer, later.first - 1, later.last,
            [&](int64_t seq, std::string_view key) { later.keys.push_back(KeyAt(seq, key)); });
  SortKeys(later.keys);
  return later;
}

void AddLaterKeys(db::Connection& connection, const LaterKeys& later) {
  int64_t keyed = 0;
  {
    db::Rows rows = connection.Query("SELECT keyed FROM ledger_head WHERE dealer_id = ?1", later.dealer);
    if (!rows.Next() || rows.Int(0) >= later.last || rows.Int(0) + 1 < later.first) return;
    keyed = rows.Int(0);
  }
  std::vector<LaterKeys::Key> keys;
  keys.reserve(later.keys.size());
  for (const LaterKeys::Key& key : later.keys) {
    if (key.seq > keyed) keys.push_back(key);
  }
  InsertKeys(connection, later.dealer, keys);
  connection.Execute("UPDATE ledger_head SET keyed = ?2 WHERE dealer_id = ?1", later.dealer, later.last);
}

namespace {

// Adds the entries whose keys are in order and are these, and some others that begin alike.
void LookUpKeys(db::Connection& connection, DealerId dealer, std::span<const Hash128> keys,
                std::vector<int64_t>& seqs) {
  // PostgreSQL is asked for many keys at a time, because each question is a journey.
  const size_t at_once = connection.kind() == db::Kind::kSqlite ? 1 : 256;
  std::string sql = "SELECT seq FROM ledger_key WHERE dealer_id = ?1 AND key_head IN (";
  for (size_t i = 0; i < at_once; ++i) sql += (i == 0 ? "?" : ", ?") + std::to_string(i + 2);
  sql += ")";
  std::vector<std::array<char, 16>> bytes(at_once);
  std::vector<db::Value> values;
  for (size_t begin = 0; begin < keys.size(); begin += at_once) {
    values.assign(1, dealer);
    for (size_t i = 0; i < at_once; ++i) {  // a last group that is not full repeats its last key
      bytes[i] = keys[std::min(begin + i, keys.size() - 1)].Bytes();
      values.emplace_back(db::Blob{{bytes[i].data(), kKeyHeadBytes}});
    }
    db::Rows rows = connection.QueryValues(sql, values);
    while (rows.Next()) seqs.push_back(rows.Int(0));
  }
}

}  // namespace

std::unordered_map<Hash128, KeyedEntry> FindKeys(db::Connection& connection, const catalog::Catalog& catalog,
                                                 DealerId dealer, std::span<const Hash128> keys, std::optional<End> end,
                                                 KeyMemory* memory) {
  std::unordered_map<Hash128, KeyedEntry> found;
  if (keys.empty()) return found;
  if (!end) end = EndOf(connection, dealer);
  std::vector<int64_t> seqs;  // of these keys, and of some others
  if (memory != nullptr) {
    const std::vector<Hash128> old = memory->Find(connection, dealer, *end, keys, seqs);
    if (!old.empty()) LookUpKeys(connection, dealer, old, seqs);
    if (seqs.empty()) return found;
  } else {
    LookUpKeys(connection, dealer, keys, seqs);
  }
  const std::unordered_set<Hash128> wanted(keys.begin(), keys.end());
  if (memory == nullptr && end->keys_later()) {
    VisitKeys(connection, dealer, end->keyed, end->head, [&](int64_t seq, std::string_view key) {
      if (wanted.contains(Hash128::FromBytes(key))) seqs.push_back(seq);
    });
  }
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  if (seqs.empty()) return found;
  // The last entry of a key tells whether it is live.
  std::vector<StoredEntry> entries = ReadEntries(connection, dealer, seqs);
  std::sort(entries.begin(), entries.end(), [](const StoredEntry& a, const StoredEntry& b) { return a.seq < b.seq; });
  for (StoredEntry& entry : entries) {
    if (!entry.key || !wanted.contains(*entry.key)) continue;
    const Hash128 key = *entry.key;
    if (entry.reverses != 0) {
      found.erase(key);
    } else {
      KeyedEntry& live = found[key];
      live.seq = entry.seq;
      live.content = static_cast<NewEntry&&>(entry);
      live.content.event = catalog.FindEvent(entry.event_id);
    }
  }
  return found;
}

Result<std::shared_ptr<const std::vector<Head>>> DatabaseSource::Heads() {
  using Shared = std::shared_ptr<const std::vector<Head>>;
  const std::optional<int64_t> mark = database_.ChangeMark();
  if (mark) {
    if (Shared known = feed_->HeadsAt(*mark)) return known;
  }
  ASSIGN_OR_RETURN(Shared heads, database_.Read<Shared>([](db::Connection& connection) -> Result<Shared> {
    auto read = std::make_shared<std::vector<Head>>();
    db::Rows rows = connection.Query("SELECT dealer_id, head FROM ledger_head ORDER BY dealer_id");
    while (rows.Next()) read->push_back({DealerId(rows.Int(0)), rows.Int(1)});
    return Shared(std::move(read));
  }));
  if (mark) feed_->SetHeads(*mark, heads);
  return heads;
}

std::shared_ptr<const std::vector<Head>> DatabaseSource::HeadsAtHand() {
  const std::optional<int64_t> mark = database_.ChangeMark();
  return mark ? feed_->HeadsAt(*mark) : nullptr;
}

Status DatabaseSource::Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                            const std::function<void(const Entry&)>& visit) {
  return database_.Read<void>([&](db::Connection& connection) -> Status {
    db::Rows top = connection.Query("SELECT head FROM ledger_head WHERE dealer_id = ?1", dealer);
    const int64_t head = top.Next() ? top.Int(0) : 0;
    VisitEntries(connection, catalog_, dealer, after_seq, head, [&](const Entry& entry) {
      if (entry.recorded_at <= known_at) visit(entry);
    });
    return {};
  });
}

}  // namespace dealpace::ledger
