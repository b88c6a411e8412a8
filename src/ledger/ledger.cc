#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/text.h"

namespace dealpace::ledger {
namespace {

// Columns that make up the content of an entry, in the order in which they are read.
constexpr std::string_view kContent =
    "event, day, at, lead, attempt, actor, source, access_form, channel, model, customer_type, campaign, stage, "
    "reason, quantity, amount";
constexpr int kContentColumns = 16;
constexpr int kFirstMemberColumn = 6;

constexpr std::array<std::string_view, 24> kColumns = {
    "dealer_id",   "seq",         "event",    "day",           "at",       "lead",  "attempt", "actor",    "source",
    "access_form", "channel",     "model",    "customer_type", "campaign", "stage", "reason",  "quantity", "amount",
    "recorded_at", "recorded_by", "batch_id", "entry_key",     "reverses", "note"};

db::Value OrNull(int64_t id) { return id == 0 ? db::Value() : db::Value(id); }

NewEntry ReadContent(const db::Rows& rows, const catalog::Catalog& catalog, int first) {
  NewEntry entry;
  entry.event = catalog.FindEvent(rows.Text(first));
  entry.day = {static_cast<int32_t>(rows.Int(first + 1))};
  entry.at = {rows.Int(first + 2)};
  entry.lead = std::string(rows.Text(first + 3));
  entry.attempt = static_cast<int>(rows.Int(first + 4));
  entry.actor = StaffId(rows.Int(first + 5));
  for (int m = 0; m < kMemberDimCount; ++m) {
    entry.members[static_cast<size_t>(m)] = rows.Int(first + kFirstMemberColumn + m);
  }
  entry.quantity = rows.Int(first + 14);
  entry.amount = rows.Int(first + 15);
  return entry;
}

}  // namespace

int64_t Lock(db::Connection& connection, DealerId dealer) { return LockWithKeys(connection, dealer).head; }

Locked LockWithKeys(db::Connection& connection, DealerId dealer) {
  db::Rows rows = connection.Query(
      "INSERT INTO ledger_head (dealer_id, head) VALUES (?1, 0) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head RETURNING head, keyed",
      dealer);
  rows.Next();
  return {rows.Int(0), rows.Int(1) < rows.Int(0)};
}

namespace {

// So many first bytes of a key stand in ledger_key: enough that few keys of a dealer share them.
constexpr size_t kKeyHeadBytes = 5;
constexpr std::array<std::string_view, 3> kKeyColumns = {"dealer_id", "key_head", "seq"};

struct Taken {
  int64_t first = 0;   // seq
  bool keyed = false;  // all keys before are in order, and whoever took the seqs puts theirs in order, too
};

// Moves the head by `count`.
Taken TakeSeqs(db::Connection& connection, DealerId dealer, size_t count, Keys keys) {
  static constexpr std::string_view kNow =
      "INSERT INTO ledger_head (dealer_id, head, keyed) VALUES (?1, ?2, ?2) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head + excluded.head, "
      "keyed = CASE WHEN ledger_head.keyed = ledger_head.head THEN ledger_head.head + excluded.head "
      "ELSE ledger_head.keyed END RETURNING head, keyed";
  static constexpr std::string_view kLater =
      "INSERT INTO ledger_head (dealer_id, head, keyed) VALUES (?1, ?2, 0) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head + excluded.head RETURNING head, keyed";
  db::Rows rows = connection.Query(keys == Keys::kNow ? kNow : kLater, dealer, count);
  rows.Next();
  return {rows.Int(0) - static_cast<int64_t>(count) + 1, rows.Int(1) == rows.Int(0)};
}

// The keys of entries that are there, in order.
void InsertKeys(db::Connection& connection, DealerId dealer, int64_t first, int64_t last) {
  static const std::string kSql =
      "INSERT INTO ledger_key (dealer_id, key_head, seq) SELECT dealer_id, substr(entry_key, 1, " +
      std::to_string(kKeyHeadBytes) +
      "), seq FROM ledger_entry WHERE dealer_id = ?1 AND seq BETWEEN ?2 AND ?3 AND entry_key IS NOT NULL ORDER BY 2, 3";
  connection.Execute(kSql, dealer, first, last);
}

using EntryAt = const NewEntry& (*)(const void*, size_t);

void InsertEntries(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t seq,
                   const void* entries, size_t count, EntryAt entry_at, const Recorder& recorder) {
  db::BulkInsert insert = connection.Bulk("ledger_entry", kColumns);
  for (size_t i = 0; i < count; ++i) {
    const NewEntry& entry = entry_at(entries, i);
    std::array<char, 16> key_bytes{};
    if (entry.key) key_bytes = entry.key->Bytes();
    const auto& m = entry.members;
    const std::array<db::Value, kColumns.size()> values = {
        dealer,
        seq++,
        std::string_view(catalog.events()[static_cast<size_t>(entry.event)].id),
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
        entry.quantity,
        entry.amount,
        recorder.at.ms,
        recorder.by,
        OrNull(recorder.batch.value),
        entry.key ? db::Value(db::Blob{{key_bytes.data(), key_bytes.size()}}) : db::Value(),
        std::nullopt,
        std::nullopt};
    insert.Row(values);
  }
  insert.Finish();
}

int64_t AppendAll(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, const void* entries,
                  size_t count, EntryAt entry_at, const Recorder& recorder, Keys keys) {
  const Taken taken = TakeSeqs(connection, dealer, count, keys);
  InsertEntries(connection, catalog, dealer, taken.first, entries, count, entry_at, recorder);
  if (keys == Keys::kLater || !taken.keyed) return taken.first;
  std::vector<std::pair<std::array<char, 16>, int64_t>> found;
  for (size_t i = 0; i < count; ++i) {
    const NewEntry& entry = entry_at(entries, i);
    if (entry.key) found.emplace_back(entry.key->Bytes(), taken.first + static_cast<int64_t>(i));
  }
  if (found.empty()) return taken.first;
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::memcmp(a.first.data(), b.first.data(), a.first.size()) < 0;
  });
  db::BulkInsert insert = connection.Bulk("ledger_key", kKeyColumns);
  for (const auto& [key, seq] : found) {
    insert.Row(std::array<db::Value, 3>{dealer, db::Blob{{key.data(), kKeyHeadBytes}}, seq});
  }
  insert.Finish();
  return taken.first;
}

}  // namespace

int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry> entries, const Recorder& recorder) {
  return AppendAll(
      connection, catalog, dealer, entries.data(), entries.size(),
      [](const void* all, size_t i) -> const NewEntry& { return static_cast<const NewEntry*>(all)[i]; }, recorder,
      Keys::kNow);
}

int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry* const> entries, const Recorder& recorder, Keys keys) {
  return AppendAll(
      connection, catalog, dealer, entries.data(), entries.size(),
      [](const void* all, size_t i) -> const NewEntry& { return *static_cast<const NewEntry* const*>(all)[i]; },
      recorder, keys);
}

int64_t IndexKeys(db::Connection& connection, DealerId dealer, int64_t most) {
  int64_t head = 0;
  int64_t keyed = 0;
  {
    db::Rows rows = connection.Query("SELECT head, keyed FROM ledger_head WHERE dealer_id = ?1", dealer);
    if (!rows.Next()) return 0;
    head = rows.Int(0);
    keyed = rows.Int(1);
  }
  const int64_t count = std::min(head - keyed, most);
  if (count <= 0) return 0;
  const int64_t last = keyed + count;
  InsertKeys(connection, dealer, keyed + 1, last);
  connection.Execute("UPDATE ledger_head SET keyed = ?2 WHERE dealer_id = ?1", dealer, last);
  return count;
}

Status Reverse(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs, std::string_view why,
               const Recorder& recorder) {
  if (why.empty()) return Error("reason_missing");
  if (seqs.empty()) return {};
  Lock(connection, dealer);
  for (const int64_t seq : seqs) {
    db::Rows rows =
        connection.Query("SELECT reverses FROM ledger_entry WHERE dealer_id = ?1 AND seq = ?2", dealer, seq);
    if (!rows.Next()) return Error("entry_not_found").With("seq", seq);
    if (!rows.IsNull(0)) return Error("entry_is_reversal").With("seq", seq);
    db::Rows taken =
        connection.Query("SELECT seq FROM ledger_entry WHERE dealer_id = ?1 AND reverses = ?2", dealer, seq);
    if (taken.Next()) return Error("already_reversed").With("seq", seq);
  }
  const Taken taken = TakeSeqs(connection, dealer, seqs.size(), Keys::kNow);
  int64_t next = taken.first;
  for (const int64_t seq : seqs) {
    connection.Execute(
        "INSERT INTO ledger_entry (dealer_id, seq, event, day, at, lead, attempt, actor, source, access_form, "
        "channel, model, customer_type, campaign, stage, reason, quantity, amount, recorded_at, recorded_by, "
        "batch_id, entry_key, reverses, note) "
        "SELECT dealer_id, ?3, event, day, at, lead, attempt, actor, source, access_form, channel, model, "
        "customer_type, campaign, stage, reason, -quantity, -amount, ?4, ?5, ?6, entry_key, seq, ?7 "
        "FROM ledger_entry WHERE dealer_id = ?1 AND seq = ?2",
        dealer, seq, next++, recorder.at.ms, recorder.by,
        recorder.batch.set() ? std::optional(recorder.batch.value) : std::nullopt, why);
  }
  if (taken.keyed) InsertKeys(connection, dealer, taken.first, next - 1);
  return {};
}

int64_t BookAgain(db::Connection& connection, DealerId dealer, int64_t seq, const Recorder& recorder) {
  const Taken taken = TakeSeqs(connection, dealer, 1, Keys::kNow);
  connection.Execute(
      "INSERT INTO ledger_entry (dealer_id, seq, event, day, at, lead, attempt, actor, source, access_form, channel, "
      "model, customer_type, campaign, stage, reason, quantity, amount, recorded_at, recorded_by, batch_id, "
      "entry_key, reverses, note) "
      "SELECT dealer_id, ?3, event, day, at, lead, attempt, actor, source, access_form, channel, model, "
      "customer_type, campaign, stage, reason, quantity, amount, ?4, ?5, ?6, entry_key, NULL, NULL "
      "FROM ledger_entry WHERE dealer_id = ?1 AND seq = ?2",
      dealer, seq, taken.first, recorder.at.ms, recorder.by, OrNull(recorder.batch.value));
  if (taken.keyed) InsertKeys(connection, dealer, taken.first, taken.first);
  return taken.first;
}

namespace {

// Gathers the last entry of each key that is asked for, in whatever order entries come.
class KeysFound {
 public:
  explicit KeysFound(const catalog::Catalog& catalog) : catalog_(catalog) {}

  // A row of entry_key, seq, reverses and the content.
  void Take(const Hash128& key, const db::Rows& rows) {
    const int64_t seq = rows.Int(1);
    int64_t& last = newest_[key];
    if (seq <= last) return;
    last = seq;
    if (!rows.IsNull(2)) {
      found_.erase(key);
      return;
    }
    KeyedEntry entry{seq, ReadContent(rows, catalog_, 3)};
    entry.content.key = key;
    found_[key] = std::move(entry);
  }
  std::unordered_map<Hash128, KeyedEntry> found() && { return std::move(found_); }

 private:
  const catalog::Catalog& catalog_;
  std::unordered_map<Hash128, KeyedEntry> found_;
  std::unordered_map<Hash128, int64_t> newest_;  // seq of the key's last entry, reversals included
};

std::string ContentOf(std::string_view table) {
  std::string columns;
  for (const std::string& name : Split(std::string(kContent), ',')) {
    columns += ", " + std::string(table) + "." + std::string(Trim(name));
  }
  return columns;
}

}  // namespace

LaterKeys ReadLaterKeys(db::Connection& connection, DealerId dealer, int64_t after, int64_t most) {
  LaterKeys later;
  later.dealer = dealer;
  db::Rows lag = connection.Query("SELECT head, keyed FROM ledger_head WHERE dealer_id = ?1", dealer);
  if (!lag.Next()) return later;
  later.first = std::max(lag.Int(1), after) + 1;
  later.last = std::min(lag.Int(0), later.first + most - 1);
  if (later.last < later.first) return later;
  later.keys.reserve(static_cast<size_t>(later.last - later.first + 1));
  db::Rows rows = connection.Query(
      "SELECT seq, entry_key FROM ledger_entry WHERE dealer_id = ?1 AND seq BETWEEN ?2 AND ?3 AND entry_key IS NOT "
      "NULL",
      dealer, later.first, later.last);
  while (rows.Next()) {
    LaterKeys::Key key;
    key.seq = rows.Int(0);
    const std::string_view bytes = rows.Bytes(1);
    std::memcpy(key.head.data(), bytes.data(), std::min(bytes.size(), key.head.size()));
    later.keys.push_back(key);
  }
  std::sort(later.keys.begin(), later.keys.end(), [](const LaterKeys::Key& a, const LaterKeys::Key& b) {
    const int order = std::memcmp(a.head.data(), b.head.data(), a.head.size());
    return order != 0 ? order < 0 : a.seq < b.seq;
  });
  return later;
}

void AddLaterKeys(db::Connection& connection, const LaterKeys& later) {
  static_assert(std::tuple_size_v<decltype(LaterKeys::Key::head)> == kKeyHeadBytes);
  int64_t keyed = 0;
  {
    db::Rows rows = connection.Query("SELECT keyed FROM ledger_head WHERE dealer_id = ?1", later.dealer);
    if (!rows.Next() || rows.Int(0) >= later.last || rows.Int(0) + 1 < later.first) return;
    keyed = rows.Int(0);
  }
  db::BulkInsert insert = connection.Bulk("ledger_key", kKeyColumns);
  for (const LaterKeys::Key& key : later.keys) {
    if (key.seq <= keyed) continue;
    insert.Row(std::array<db::Value, 3>{later.dealer, db::Blob{{key.head.data(), key.head.size()}}, key.seq});
  }
  insert.Finish();
  connection.Execute("UPDATE ledger_head SET keyed = ?2 WHERE dealer_id = ?1", later.dealer, later.last);
}

std::unordered_map<Hash128, KeyedEntry> FindKeys(db::Connection& connection, const catalog::Catalog& catalog,
                                                 DealerId dealer, std::span<const Hash128> keys) {
  KeysFound found(catalog);
  if (keys.empty()) return std::move(found).found();
  // PostgreSQL is asked for many keys at a time, because each question is a journey.
  const size_t at_once = connection.kind() == db::Kind::kSqlite ? 1 : 256;
  std::string sql = "SELECT e.entry_key, e.seq, e.reverses" + ContentOf("e") +
                    " FROM ledger_key k JOIN ledger_entry e ON e.dealer_id = k.dealer_id AND e.seq = k.seq "
                    "WHERE k.dealer_id = ?1 AND k.key_head IN (";
  for (size_t i = 0; i < at_once; ++i) sql += (i == 0 ? "?" : ", ?") + std::to_string(i + 2);
  sql += ")";
  std::unordered_set<Hash128> many;  // what is asked for, where rows of other keys may come
  if (at_once > 1) many.insert(keys.begin(), keys.end());
  std::vector<std::array<char, 16>> bytes(at_once);
  std::vector<db::Value> values;
  for (size_t begin = 0; begin < keys.size(); begin += at_once) {
    values.assign(1, dealer);
    for (size_t i = 0; i < at_once; ++i) {  // a last group that is not full repeats its last key
      bytes[i] = keys[std::min(begin + i, keys.size() - 1)].Bytes();
      values.emplace_back(db::Blob{{bytes[i].data(), kKeyHeadBytes}});
    }
    db::Rows rows = connection.QueryValues(sql, values);
    while (rows.Next()) {
      const Hash128 key = Hash128::FromBytes(rows.Bytes(0));
      if (at_once == 1 ? key == keys[begin] : many.contains(key)) found.Take(key, rows);
    }
  }
  // Entries whose keys were left for later.
  db::Rows lag = connection.Query("SELECT keyed, head FROM ledger_head WHERE dealer_id = ?1 AND keyed < head", dealer);
  if (!lag.Next()) return std::move(found).found();
  many.insert(keys.begin(), keys.end());
  static const std::string kTail = "SELECT e.entry_key, e.seq, e.reverses" + ContentOf("e") +
                                   " FROM ledger_entry e WHERE e.dealer_id = ?1 AND e.seq > ?2 AND e.seq <= ?3 AND "
                                   "e.entry_key IS NOT NULL";
  db::Rows rows = connection.Query(kTail, dealer, lag.Int(0), lag.Int(1));
  while (rows.Next()) {
    const Hash128 key = Hash128::FromBytes(rows.Bytes(0));
    if (many.contains(key)) found.Take(key, rows);
  }
  return std::move(found).found();
}

Result<std::shared_ptr<const std::vector<Head>>> DatabaseSource::Heads() {
  using Shared = std::shared_ptr<const std::vector<Head>>;
  return heads_.Get(database_, [this] {
    return database_.Read<Shared>([](db::Connection& connection) -> Result<Shared> {
      auto heads = std::make_shared<std::vector<Head>>();
      db::Rows rows = connection.Query("SELECT dealer_id, head FROM ledger_head ORDER BY dealer_id");
      while (rows.Next()) heads->push_back({DealerId(rows.Int(0)), rows.Int(1)});
      return Shared(std::move(heads));
    });
  });
}

Status DatabaseSource::Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                            const std::function<void(const Entry&)>& visit) {
  constexpr int64_t kPage = 50'000;
  static const std::string kSql = "SELECT seq, recorded_at, reverses, " + std::string(kContent) +
                                  " FROM ledger_entry WHERE dealer_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq";
  return database_.Read<void>([&](db::Connection& connection) -> Status {
    db::Rows top = connection.Query("SELECT head FROM ledger_head WHERE dealer_id = ?1", dealer);
    const int64_t head = top.Next() ? top.Int(0) : 0;
    std::string lead;
    for (int64_t from = after_seq; from < head; from += kPage) {
      db::Rows rows = connection.Query(kSql, dealer, from, from + kPage);
      while (rows.Next()) {
        Entry entry;
        entry.recorded_at = {rows.Int(1)};
        if (entry.recorded_at > known_at) continue;
        entry.seq = rows.Int(0);
        entry.reverses = rows.Int(2);
        entry.event = catalog_.FindEvent(rows.Text(3));
        entry.day = {static_cast<int32_t>(rows.Int(4))};
        entry.at = {rows.Int(5)};
        lead = rows.Text(6);
        entry.lead = lead;
        entry.attempt = static_cast<int>(rows.Int(7));
        entry.actor = rows.Int(8);
        for (int m = 0; m < kMemberDimCount; ++m) {
          entry.members[static_cast<size_t>(m)] = rows.Int(9 + m);
        }
        entry.quantity = rows.Int(17);
        entry.amount = rows.Int(18);
        visit(entry);
      }
    }
    return {};
  });
}

static_assert(kContentColumns == 16);

}  // namespace dealpace::ledger
