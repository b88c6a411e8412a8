#include "ledger/read.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "db/migrate.h"
#include "ledger/deflate.h"

namespace dealpace::ledger {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kBlocksAtOnce = 64;  // that are asked for

// Columns of a block as they are read, after dealer_id, last_seq, entries.
constexpr std::string_view kBlock = "recorded_at, recorded_by, batch_id, size, checksum, keys, packed";

// Of a block and all that stands beside it.
int64_t ChecksumOf(DealerId dealer, int64_t last, int64_t entries, Instant recorded_at, std::string_view recorded_by,
                   std::optional<int64_t> batch, int64_t size, std::string_view keys, std::string_view packed) {
  std::string beside;
  for (const int64_t number : {dealer.value, last, entries, recorded_at.ms, batch.value_or(0), size}) {
    beside += std::to_string(number) + ' ';
  }
  beside += std::to_string(recorded_by.size()) + ' ';
  beside += recorded_by;
  beside += keys;
  return Checksum(beside, packed);
}

[[noreturn]] void ThrowDamaged(DealerId dealer, int64_t last) {
  throw db::DbError(db::DbError::Why::kCorrupt, "the block of entries of dealer " + std::to_string(dealer.value) +
                                                    " up to " + std::to_string(last) + " is damaged");
}

bool MayBe(int64_t entries) { return entries >= 1 && entries <= static_cast<int64_t>(kBlockEntriesMax); }

// Nothing when it is damaged.
std::optional<StoredBlock> TakeBlock(const db::Rows& rows) {
  const DealerId dealer(rows.Int(0));
  const int64_t last = rows.Int(1);
  const int64_t entries = rows.Int(2);
  const Instant recorded_at{rows.Int(3)};
  const std::string_view keys = rows.Bytes(8);
  const std::string_view packed = rows.Bytes(9);
  if (!MayBe(entries) || ChecksumOf(dealer, last, entries, recorded_at, rows.Text(4), rows.OptionalInt(5), rows.Int(6),
                                    keys, packed) != rows.Int(7)) {
    return std::nullopt;
  }
  const std::optional<std::string> content = Inflate(packed, rows.Int(6));
  if (!content) return std::nullopt;
  std::optional<Block> block = Block::Unpack(*content, std::string(keys), static_cast<size_t>(entries));
  if (!block) return std::nullopt;
  return StoredBlock{dealer,           last - entries + 1, recorded_at, std::string(rows.Text(4)), rows.OptionalInt(5),
                     *std::move(block)};
}

StoredBlock MustTakeBlock(const db::Rows& rows) {
  std::optional<StoredBlock> block = TakeBlock(rows);
  if (!block) ThrowDamaged(DealerId(rows.Int(0)), rows.Int(1));
  return *std::move(block);
}

StoredEntry EntryOf(const StoredBlock& stored, size_t i) {
  const Block& block = stored.block;
  Entry entry;
  block.Read(i, entry);
  StoredEntry out;
  out.seq = stored.first + static_cast<int64_t>(i);
  out.event_id = block.events()[block.event(i)];
  out.day = entry.day;
  out.at = entry.at;
  out.lead = entry.lead;
  out.attempt = entry.attempt;
  out.actor = StaffId(entry.actor);
  out.members = entry.members;
  out.quantity = entry.quantity;
  out.amount = entry.amount;
  out.key = block.key(i);
  out.recorded_at = stored.recorded_at;
  out.recorded_by = stored.recorded_by;
  out.batch = stored.batch;
  return out;
}

// Asks for so many numbers at a time, so that one statement serves all; a last group that is not full repeats its last
// number. The statement is `begin` and the list.
void AskForMany(db::Connection& connection, std::string_view begin, DealerId dealer, std::span<const int64_t> seqs,
                const std::function<void(const db::Rows&)>& take) {
  const size_t at_once = connection.kind() == db::Kind::kSqlite ? 50 : 256;  // there each question is a journey
  std::string sql(begin);
  for (size_t i = 0; i < at_once; ++i) sql += (i == 0 ? "(?" : ", ?") + std::to_string(i + 2);
  sql += ")";
  std::vector<db::Value> values;
  for (size_t group = 0; group < seqs.size(); group += at_once) {
    values.assign(1, dealer);
    for (size_t i = 0; i < at_once; ++i) values.emplace_back(seqs[std::min(group + i, seqs.size() - 1)]);
    db::Rows rows = connection.QueryValues(sql, values);
    while (rows.Next()) take(rows);
  }
}

// The rows among the entries with these numbers.
void ReadRows(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs,
              std::vector<StoredEntry>& entries) {
  constexpr int kFirstMember = 7;
  constexpr int kAfterMembers = kFirstMember + kMemberDimCount;
  AskForMany(
      connection,
      "SELECT seq, event, day, at, lead, attempt, actor, source, access_form, channel, model, customer_type, campaign, "
      "stage, reason, quantity, amount, recorded_at, recorded_by, batch_id, entry_key, reverses "
      "FROM ledger_entry WHERE dealer_id = ?1 AND seq IN ",
      dealer, seqs, [&](const db::Rows& rows) {
        StoredEntry entry;
        entry.seq = rows.Int(0);
        entry.event_id = rows.Text(1);
        entry.day = {static_cast<int32_t>(rows.Int(2))};
        entry.at = {rows.Int(3)};
        entry.lead = rows.Text(4);
        entry.attempt = static_cast<int>(rows.Int(5));
        entry.actor = StaffId(rows.Int(6));
        for (int m = 0; m < kMemberDimCount; ++m) entry.members[static_cast<size_t>(m)] = rows.Int(kFirstMember + m);
        entry.quantity = rows.Int(kAfterMembers);
        entry.amount = rows.Int(kAfterMembers + 1);
        entry.recorded_at = {rows.Int(kAfterMembers + 2)};
        entry.recorded_by = rows.Text(kAfterMembers + 3);
        entry.batch = rows.OptionalInt(kAfterMembers + 4);
        if (!rows.IsNull(kAfterMembers + 5)) entry.key = Hash128::FromBytes(rows.Bytes(kAfterMembers + 5));
        entry.reverses = rows.Int(kAfterMembers + 6);
        entries.push_back(std::move(entry));
      });
}

// The entries after `after` up to `last`, in order, some of their numbers at a time. `on_row` gets a row of `row_sql`,
// whose first column is its seq; `on_block` one of `block_sql`, which begins with dealer_id, last_seq, entries, and the
// numbers [begin, end) of it that are asked for. A row and a block, or two blocks, never share a number: so all of a
// block comes before the next row.
void VisitStored(db::Connection& connection, DealerId dealer, int64_t after, int64_t last, int64_t page,
                 std::string_view row_sql, std::string_view block_sql,
                 const std::function<void(const db::Rows&)>& on_row,
                 const std::function<void(const db::Rows&, int64_t begin, int64_t end)>& on_block) {
  for (int64_t from = after; from < last; from += page) {
    const int64_t to = std::min(last, from + page);
    const auto take_block = [&](const db::Rows& rows) {
      const int64_t of_block = rows.Int(1);
      if (!MayBe(rows.Int(2))) ThrowDamaged(dealer, of_block);
      const int64_t first = of_block - rows.Int(2) + 1;
      // A block that goes over the end of a page was taken whole with the page in which it begins.
      if (first <= from && from > after) return;
      on_block(rows, std::max(after + 1, first), std::min(last, of_block) + 1);
    };
    db::Rows blocks = connection.Query(block_sql, dealer, from, to + static_cast<int64_t>(kBlockEntriesMax), to);
    bool more_blocks = blocks.Next();
    db::Rows rows = connection.Query(row_sql, dealer, from, to);
    while (rows.Next()) {
      for (; more_blocks && blocks.Int(1) < rows.Int(0); more_blocks = blocks.Next()) take_block(blocks);
      on_row(rows);
    }
    for (; more_blocks; more_blocks = blocks.Next()) take_block(blocks);
  }
}

}  // namespace

std::vector<StoredEntry> ReadEntries(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs) {
  std::vector<int64_t> others(seqs.begin(), seqs.end());
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  std::vector<StoredEntry> entries;
  entries.reserve(others.size());
  ReadRows(connection, dealer, others, entries);
  if (entries.size() == others.size()) return entries;
  std::vector<int64_t> found;
  for (const StoredEntry& entry : entries) found.push_back(entry.seq);
  std::sort(found.begin(), found.end());
  std::erase_if(others, [&](int64_t seq) { return std::binary_search(found.begin(), found.end(), seq); });

  static const std::string kSql =
      "SELECT dealer_id, last_seq, entries, " + std::string(kBlock) +
      " FROM ledger_block WHERE dealer_id = ?1 AND last_seq >= ?2 ORDER BY last_seq LIMIT 1";
  for (size_t next = 0; next < others.size();) {
    db::Rows rows = connection.Query(kSql, dealer, others[next]);
    if (!rows.Next()) break;
    const int64_t last = rows.Int(1);
    const int64_t first = last - rows.Int(2) + 1;
    const StoredBlock stored = MustTakeBlock(rows);
    while (next < others.size() && others[next] < first) ++next;  // there is no such entry
    for (; next < others.size() && others[next] <= last; ++next) {
      entries.push_back(EntryOf(stored, static_cast<size_t>(others[next] - first)));
    }
  }
  return entries;
}

std::unordered_set<int64_t> ReversedAmong(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs) {
  std::unordered_set<int64_t> reversed;
  AskForMany(connection, "SELECT reverses FROM ledger_entry WHERE dealer_id = ?1 AND reverses IN ", dealer, seqs,
             [&](const db::Rows& rows) { reversed.insert(rows.Int(0)); });
  return reversed;
}

void VisitEntries(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t after,
                  int64_t last, const std::function<void(const Entry&)>& visit, int64_t page) {
  static const std::string kRows =
      "SELECT seq, recorded_at, reverses, event, day, at, lead, attempt, actor, source, access_form, channel, model, "
      "customer_type, campaign, stage, reason, quantity, amount "
      "FROM ledger_entry WHERE dealer_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq";
  static const std::string kBlocks = "SELECT dealer_id, last_seq, entries, " + std::string(kBlock) +
                                     " FROM ledger_block WHERE dealer_id = ?1 AND last_seq > ?2 AND last_seq <= ?3 "
                                     "AND last_seq - entries < ?4 ORDER BY last_seq";
  constexpr int kFirstMember = 9;
  std::string lead;
  const auto on_row = [&](const db::Rows& rows) {
    Entry entry;
    entry.seq = rows.Int(0);
    entry.recorded_at = {rows.Int(1)};
    entry.reverses = rows.Int(2);
    entry.event = catalog.FindEvent(rows.Text(3));
    entry.day = {static_cast<int32_t>(rows.Int(4))};
    entry.at = {rows.Int(5)};
    lead = rows.Text(6);
    entry.lead = lead;
    entry.attempt = static_cast<int>(rows.Int(7));
    entry.actor = rows.Int(8);
    for (int m = 0; m < kMemberDimCount; ++m) entry.members[static_cast<size_t>(m)] = rows.Int(kFirstMember + m);
    entry.quantity = rows.Int(kFirstMember + kMemberDimCount);
    entry.amount = rows.Int(kFirstMember + kMemberDimCount + 1);
    visit(entry);
  };
  std::vector<int> positions;
  const auto on_block = [&](const db::Rows& rows, int64_t begin, int64_t end) {
    const StoredBlock stored = MustTakeBlock(rows);
    positions.clear();
    for (const std::string& event : stored.block.events()) positions.push_back(catalog.FindEvent(event));
    Entry entry;
    entry.recorded_at = stored.recorded_at;
    for (int64_t seq = begin; seq < end; ++seq) {
      const auto i = static_cast<size_t>(seq - stored.first);
      stored.block.Read(i, entry);
      entry.seq = seq;
      entry.event = positions[stored.block.event(i)];
      visit(entry);
    }
  };
  VisitStored(connection, dealer, after, last, page, kRows, kBlocks, on_row, on_block);
}

void VisitKeys(db::Connection& connection, DealerId dealer, int64_t after, int64_t last,
               const std::function<void(int64_t seq, std::string_view key)>& visit, int64_t page) {
  static const std::string kRows =
      "SELECT seq, entry_key FROM ledger_entry WHERE dealer_id = ?1 AND seq > ?2 AND seq <= ?3 AND entry_key IS NOT "
      "NULL ORDER BY seq";
  static const std::string kBlocks =
      "SELECT dealer_id, last_seq, entries, keys FROM ledger_block WHERE dealer_id = ?1 AND last_seq > ?2 AND "
      "last_seq <= ?3 AND last_seq - entries < ?4 ORDER BY last_seq";
  static const std::string kContent = "SELECT dealer_id, last_seq, entries, " + std::string(kBlock) +
                                      " FROM ledger_block WHERE dealer_id = ?1 AND last_seq = ?2";
  const auto on_block = [&](const db::Rows& rows, int64_t begin, int64_t end) {
    const int64_t first = rows.Int(1) - rows.Int(2) + 1;
    const std::string_view keys = rows.Bytes(3);
    if (keys.empty()) return;
    if (keys.size() == static_cast<size_t>(rows.Int(2)) * kKeyBytes) {  // all have one: the content is not needed
      for (int64_t seq = begin; seq < end; ++seq) {
        visit(seq, keys.substr(static_cast<size_t>(seq - first) * kKeyBytes, kKeyBytes));
      }
      return;
    }
    db::Rows content = connection.Query(kContent, dealer, rows.Int(1));
    if (!content.Next()) return;
    const StoredBlock stored = MustTakeBlock(content);
    for (int64_t seq = begin; seq < end; ++seq) {
      const std::optional<Hash128> key = stored.block.key(static_cast<size_t>(seq - first));
      if (!key) continue;
      const std::array<char, kKeyBytes> bytes = key->Bytes();
      visit(seq, {bytes.data(), bytes.size()});
    }
  };
  VisitStored(
      connection, dealer, after, last, page, kRows, kBlocks,
      [&](const db::Rows& rows) { visit(rows.Int(0), rows.Bytes(1)); }, on_block);
}

namespace {

// Of a batch the entries that lie one by one. The statement gives seq, reverses, entry_key.
std::vector<BatchEntry> ReadBatchRows(db::Rows rows) {
  std::vector<BatchEntry> entries;
  while (rows.Next()) {
    BatchEntry entry{rows.Int(0), rows.Int(1), std::nullopt};
    if (!rows.IsNull(2)) entry.key = Hash128::FromBytes(rows.Bytes(2));
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace

std::vector<BatchEntry> ReadBatch(db::Connection& connection, DealerId dealer, BatchId batch, int64_t after,
                                  size_t most) {
  std::vector<BatchEntry> entries =
      ReadBatchRows(connection.Query("SELECT seq, reverses, entry_key FROM ledger_entry "
                                     "WHERE dealer_id = ?1 AND seq > ?2 AND batch_id = ?3 ORDER BY seq LIMIT ?4",
                                     dealer, after, batch, most));
  static const std::string kSql =
      "SELECT dealer_id, last_seq, entries, " + std::string(kBlock) +
      " FROM ledger_block WHERE dealer_id = ?1 AND last_seq > ?2 AND batch_id = ?3 ORDER BY last_seq LIMIT ?4";
  int64_t to = INT64_MAX;  // what lies beyond may come after blocks that have not been read
  size_t blocks = 0;
  db::Rows rows = connection.Query(kSql, dealer, after, batch, kBlocksAtOnce);
  while (rows.Next()) {
    const StoredBlock stored = MustTakeBlock(rows);
    for (size_t i = 0; i < stored.block.size(); ++i) {
      const int64_t seq = stored.first + static_cast<int64_t>(i);
      if (seq > after) entries.push_back({seq, 0, stored.block.key(i)});
    }
    if (++blocks == kBlocksAtOnce) to = rows.Int(1);
  }
  std::erase_if(entries, [&](const BatchEntry& entry) { return entry.seq > to; });
  std::sort(entries.begin(), entries.end(), [](const BatchEntry& a, const BatchEntry& b) { return a.seq < b.seq; });
  if (entries.size() > most) entries.resize(most);
  return entries;
}

std::vector<BatchEntry> ReadReversals(db::Connection& connection, DealerId dealer, BatchId batch, int64_t after,
                                      size_t most) {
  return ReadBatchRows(connection.Query(
      "SELECT seq, reverses, entry_key FROM ledger_entry "
      "WHERE dealer_id = ?1 AND seq > ?2 AND batch_id = ?3 AND reverses IS NOT NULL ORDER BY seq LIMIT ?4",
      dealer, after, batch, most));
}

void VisitBlocks(db::Connection& connection, std::optional<DealerId> dealer,
                 const std::function<void(const StoredBlock&)>& visit, const VisitDamaged& damaged) {
  static const std::string kSql =
      "SELECT dealer_id, last_seq, entries, " + std::string(kBlock) +
      " FROM ledger_block WHERE dealer_id = ?1 AND last_seq > ?2 ORDER BY last_seq LIMIT ?3";
  std::vector<DealerId> dealers;
  if (dealer) {
    dealers.push_back(*dealer);
  } else {
    db::Rows rows = connection.Query("SELECT DISTINCT dealer_id FROM ledger_block ORDER BY dealer_id");
    while (rows.Next()) dealers.emplace_back(rows.Int(0));
  }
  for (const DealerId of : dealers) {
    int64_t after = INT64_MIN;
    for (size_t found = kBlocksAtOnce; found == kBlocksAtOnce;) {
      found = 0;
      db::Rows rows = connection.Query(kSql, of, after, kBlocksAtOnce);
      while (rows.Next()) {
        ++found;
        after = rows.Int(1);
        const std::optional<StoredBlock> stored = TakeBlock(rows);
        if (stored) {
          visit(*stored);
        } else if (damaged) {
          damaged(of, after);
        } else {
          ThrowDamaged(of, after);
        }
      }
    }
  }
}

namespace {

constexpr std::string_view kWhole = R"sql(
CREATE TEMP TABLE ledger_unpacked (
  dealer_id {int} NOT NULL, seq {int} NOT NULL, event TEXT NOT NULL, day {int} NOT NULL, at {int} NOT NULL,
  lead TEXT, attempt {int} NOT NULL, actor {int}, source {int}, access_form {int}, channel {int}, model {int},
  customer_type {int}, campaign {int}, stage {int}, reason {int}, quantity {int} NOT NULL, amount {int} NOT NULL,
  recorded_at {int} NOT NULL, recorded_by TEXT NOT NULL, batch_id {int}, entry_key {blob}, reverses {int}) {strict};
CREATE INDEX ledger_unpacked_seq ON ledger_unpacked (dealer_id, seq);
CREATE TEMP VIEW ledger_whole AS
SELECT dealer_id, seq, event, day, at, lead, attempt, actor, source, access_form, channel, model, customer_type,
       campaign, stage, reason, quantity, amount, recorded_at, recorded_by, batch_id, entry_key, reverses
FROM ledger_entry
UNION ALL
SELECT dealer_id, seq, event, day, at, lead, attempt, actor, source, access_form, channel, model, customer_type,
       campaign, stage, reason, quantity, amount, recorded_at, recorded_by, batch_id, entry_key, reverses
FROM ledger_unpacked;
)sql";

}  // namespace

void MakeWhole(db::Connection& connection, std::optional<DealerId> dealer, const VisitDamaged& damaged) {
  constexpr std::array<std::string_view, 22> kColumns = {
      "dealer_id",   "seq",         "event",    "day",           "at",       "lead",  "attempt", "actor",    "source",
      "access_form", "channel",     "model",    "customer_type", "campaign", "stage", "reason",  "quantity", "amount",
      "recorded_at", "recorded_by", "batch_id", "entry_key"};
  connection.ExecuteScript(db::ExpandScript(kWhole, connection.kind()));
  const auto or_null = [](int64_t id) { return id == 0 ? db::Value() : db::Value(id); };
  db::BulkInsert insert = connection.Bulk("ledger_unpacked", kColumns);
  VisitBlocks(
      connection, dealer,
      [&](const StoredBlock& stored) {
        Entry entry;
        for (size_t i = 0; i < stored.block.size(); ++i) {
          stored.block.Read(i, entry);
          const std::optional<Hash128> key = stored.block.key(i);
          std::array<char, kKeyBytes> bytes{};
          if (key) bytes = key->Bytes();
          std::array<db::Value, kColumns.size()> row = {stored.dealer,
                                                        stored.first + static_cast<int64_t>(i),
                                                        stored.block.events()[stored.block.event(i)],
                                                        entry.day.value,
                                                        entry.at.ms,
                                                        entry.lead.empty() ? db::Value() : db::Value(entry.lead),
                                                        entry.attempt,
                                                        or_null(entry.actor)};
          for (size_t m = 0; m < kMemberDimCount; ++m) row[8 + m] = or_null(entry.members[m]);
          row[16] = entry.quantity;
          row[17] = entry.amount;
          row[18] = stored.recorded_at.ms;
          row[19] = stored.recorded_by;
          row[20] = stored.batch;
          if (key) row[21] = db::Blob{{bytes.data(), bytes.size()}};
          insert.Row(row);
        }
      },
      damaged);
  insert.Finish();
  if (connection.kind() == db::Kind::kPostgres) connection.ExecuteScript("ANALYZE ledger_unpacked");
}

void WriteBlock(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer, int64_t first,
                std::span<const NewEntry* const> entries, Instant recorded_at, std::string_view recorded_by,
                std::optional<int64_t> batch) {
  const PackedBlock packed = PackBlock(entries, catalog);
  const std::string content = Deflate(packed.content);
  if (content.empty()) throw std::bad_alloc();
  const auto count = static_cast<int64_t>(entries.size());
  const int64_t last = first + count - 1;
  const auto size = static_cast<int64_t>(packed.content.size());
  connection.ExecuteLater(
      "INSERT INTO ledger_block (dealer_id, last_seq, entries, recorded_at, recorded_by, batch_id, size, checksum, "
      "keys, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      dealer, last, count, recorded_at.ms, recorded_by, batch, size,
      ChecksumOf(dealer, last, count, recorded_at, recorded_by, batch, size, packed.keys, content),
      db::Blob{packed.keys}, db::Blob{content});
}

}  // namespace dealpace::ledger
