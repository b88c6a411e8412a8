#include "ledger/readings.h"

namespace dealpace::ledger {

std::vector<LiveReading> ListReadings(db::Connection& connection, const catalog::Catalog& catalog, int event,
                                      std::optional<DealerId> dealer, int64_t limit) {
  // The condition on the event's beginning is that of the index, which SQLite would not choose by itself.
  std::string sql =
      std::string(
          "SELECT e.dealer_id, e.seq, e.event, e.day, e.at, e.lead, e.attempt, e.actor, e.source, e.access_form, "
          "e.channel, e.model, e.customer_type, e.campaign, e.stage, e.reason, e.quantity, e.amount, e.entry_key, "
          "e.recorded_at, e.recorded_by FROM ledger_entry e ") +
      std::string(connection.kind() == db::Kind::kSqlite ? "INDEXED BY ledger_entry_reading " : "") +
      "WHERE substr(event, 1, 8) = 'reading.' AND e.reverses IS NULL AND NOT EXISTS "
      "(SELECT 1 FROM ledger_entry r WHERE r.dealer_id = e.dealer_id AND r.reverses = e.seq)";
  std::vector<db::Value> values{limit};
  const auto only = [&](std::string_view column, const db::Value& value) {
    values.push_back(value);
    sql += " AND " + std::string(column) + " = ?" + std::to_string(values.size());
  };
  if (dealer) only("e.dealer_id", *dealer);
  if (event >= 0) only("e.event", catalog.events()[static_cast<size_t>(event)].id);
  sql += " ORDER BY e.recorded_at DESC, e.dealer_id, e.seq DESC LIMIT ?1";

  std::vector<LiveReading> readings;
  db::Rows rows = connection.QueryValues(sql, values);
  while (rows.Next()) {
    LiveReading reading;
    reading.dealer = DealerId(rows.Int(0));
    reading.seq = rows.Int(1);
    reading.content.event = catalog.FindEvent(rows.Text(2));
    if (reading.content.event < 0) continue;
    reading.content.day = {static_cast<int32_t>(rows.Int(3))};
    reading.content.at = {rows.Int(4)};
    reading.content.lead = std::string(rows.Text(5));
    reading.content.attempt = static_cast<int>(rows.Int(6));
    reading.content.actor = StaffId(rows.Int(7));
    for (int m = 0; m < kMemberDimCount; ++m) reading.content.members[static_cast<size_t>(m)] = rows.Int(8 + m);
    reading.content.quantity = rows.Int(16);
    reading.content.amount = rows.Int(17);
    if (!rows.IsNull(18)) reading.content.key = Hash128::FromBytes(rows.Bytes(18));
    reading.recorded_at = {rows.Int(19)};
    reading.recorded_by = std::string(rows.Text(20));
    readings.push_back(std::move(reading));
  }
  return readings;
}

}  // namespace dealpace::ledger
