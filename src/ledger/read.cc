#include "ledger/read.h"

#include <algorithm>

namespace dealpace::ledger {

std::vector<StoredEntry> ReadEntries(db::Connection& connection, DealerId dealer, std::span<const int64_t> seqs) {
  // So many at a time, so that one statement serves all; a last group that is not full repeats its last number.
  constexpr size_t kAtOnce = 50;
  static const std::string kSql = [] {
    std::string sql =
        "SELECT seq, event, day, at, lead, attempt, actor, source, access_form, channel, model, customer_type, "
        "campaign, stage, reason, quantity, amount, recorded_at, recorded_by, batch_id FROM ledger_entry "
        "WHERE dealer_id = ?1 AND seq IN (";
    for (size_t i = 0; i < kAtOnce; ++i) sql += (i == 0 ? "?" : ", ?") + std::to_string(i + 2);
    return sql + ")";
  }();
  constexpr int kFirstMember = 7;
  constexpr int kAfterMembers = kFirstMember + kMemberDimCount;
  std::vector<StoredEntry> entries;
  entries.reserve(seqs.size());
  std::vector<db::Value> values;
  for (size_t begin = 0; begin < seqs.size(); begin += kAtOnce) {
    values.assign(1, dealer);
    for (size_t i = 0; i < kAtOnce; ++i) values.emplace_back(seqs[std::min(begin + i, seqs.size() - 1)]);
    db::Rows rows = connection.QueryValues(kSql, values);
    while (rows.Next()) {
      StoredEntry entry;
      entry.seq = rows.Int(0);
      entry.event = rows.Text(1);
      entry.day = {static_cast<int32_t>(rows.Int(2))};
      entry.at = {rows.Int(3)};
      entry.lead = rows.Text(4);
      entry.attempt = static_cast<int>(rows.Int(5));
      entry.actor = rows.Int(6);
      for (int m = 0; m < kMemberDimCount; ++m) entry.members[static_cast<size_t>(m)] = rows.Int(kFirstMember + m);
      entry.quantity = rows.Int(kAfterMembers);
      entry.amount = rows.Int(kAfterMembers + 1);
      entry.recorded_at = {rows.Int(kAfterMembers + 2)};
      entry.recorded_by = rows.Text(kAfterMembers + 3);
      entry.batch = rows.OptionalInt(kAfterMembers + 4);
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

}  // namespace dealpace::ledger
