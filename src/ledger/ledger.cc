#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <tuple>

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

int64_t Lock(db::Connection& connection, DealerId dealer) {
  db::Rows rows = connection.Query(
      "INSERT INTO ledger_head (dealer_id, head) VALUES (?1, 0) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head RETURNING head",
      dealer);
  rows.Next();
  return rows.Int(0);
}

namespace {

// Moves the head by `count` and returns the first new seq.
int64_t TakeSeqs(db::Connection& connection, DealerId dealer, size_t count) {
  db::Rows rows = connection.Query(
      "INSERT INTO ledger_head (dealer_id, head) VALUES (?1, ?2) "
      "ON CONFLICT (dealer_id) DO UPDATE SET head = ledger_head.head + excluded.head RETURNING head",
      dealer, count);
  rows.Next();
  return rows.Int(0) - static_cast<int64_t>(count) + 1;
}

}  // namespace

int64_t Append(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
               std::span<const NewEntry> entries, const Recorder& recorder) {
  int64_t seq = TakeSeqs(connection, dealer, entries.size());
  const int64_t first = seq;
  db::BulkInsert insert = connection.Bulk("ledger_entry", kColumns);
  for (const NewEntry& entry : entries) {
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
  return first;
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
  int64_t next = TakeSeqs(connection, dealer, seqs.size());
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
  return {};
}

std::unordered_map<Hash128, KeyedEntry> FindKeys(db::Connection& connection, const catalog::Catalog& catalog,
                                                 DealerId dealer, std::span<const Hash128> keys) {
  // PostgreSQL is asked for many keys at a time, because each question is a journey. SQLite has none, but must be told
  // the index: by itself it would rather read all of the dealer's entries.
  const bool sqlite = connection.kind() == db::Kind::kSqlite;
  const size_t at_once = sqlite ? 1 : 256;
  std::string sql = "SELECT entry_key, seq, reverses, " + std::string(kContent) + " FROM ledger_entry " +
                    (sqlite ? "INDEXED BY ledger_entry_key " : "") + "WHERE dealer_id = ?1 AND entry_key IN (";
  for (size_t i = 0; i < at_once; ++i) sql += (i == 0 ? "?" : ", ?") + std::to_string(i + 2);
  sql += ")";
  std::unordered_map<Hash128, KeyedEntry> found;
  std::unordered_map<Hash128, int64_t> newest;  // seq of the key's last entry, reversals included
  std::vector<std::array<char, 16>> bytes(at_once);
  std::vector<db::Value> values;
  for (size_t begin = 0; begin < keys.size(); begin += at_once) {
    values.assign(1, dealer);
    for (size_t i = 0; i < at_once; ++i) {  // a last group that is not full repeats its last key
      bytes[i] = keys[std::min(begin + i, keys.size() - 1)].Bytes();
      values.emplace_back(db::Blob{{bytes[i].data(), bytes[i].size()}});
    }
    db::Rows rows = connection.QueryValues(sql, values);
    while (rows.Next()) {
      const Hash128 key = Hash128::FromBytes(rows.Bytes(0));
      const int64_t seq = rows.Int(1);
      int64_t& last = newest[key];
      if (seq <= last) continue;
      last = seq;
      if (!rows.IsNull(2)) {
        found.erase(key);
        continue;
      }
      KeyedEntry entry{seq, ReadContent(rows, catalog, 3)};
      entry.content.key = key;
      found[key] = std::move(entry);
    }
  }
  return found;
}

Result<std::vector<Head>> DatabaseSource::Heads() {
  return database_.Read<std::vector<Head>>([](db::Connection& connection) -> Result<std::vector<Head>> {
    std::vector<Head> heads;
    db::Rows rows = connection.Query("SELECT dealer_id, head FROM ledger_head ORDER BY dealer_id");
    while (rows.Next()) heads.push_back({DealerId(rows.Int(0)), rows.Int(1)});
    return heads;
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
