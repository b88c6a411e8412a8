#include <algorithm>

#include "ledger/deflate.h"
#include "ledger/ledger.h"

// Blobs that readers keep of their work: compressed, with a checksum, in a table of their own.
namespace dealpace::ledger {
namespace {

// What is larger when packed is not kept: to make it again costs less than to carry it around.
constexpr size_t kPackedMax = 256U << 20U;

// Of the blob and of the numbers that stand beside it.
int64_t ChecksumOf(std::string_view packed, int64_t up_to_seq, int64_t stamp, int64_t size) {
  return Checksum(std::to_string(up_to_seq) + ' ' + std::to_string(stamp) + ' ' + std::to_string(size) + ' ', packed);
}

}  // namespace

Result<std::optional<Source::Segment>> DatabaseSource::ReadSegment(DealerId dealer, std::string_view part,
                                                                   int64_t stamp) {
  using Found = std::optional<Segment>;
  return database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    db::Rows rows = connection.Query(
        "SELECT up_to_seq, size, checksum, packed FROM ledger_segment "
        "WHERE dealer_id = ?1 AND part = ?2 AND stamp = ?3",
        dealer, part, stamp);
    if (!rows.Next()) return Found();
    const std::string_view packed = rows.Bytes(3);
    if (ChecksumOf(packed, rows.Int(0), stamp, rows.Int(1)) != rows.Int(2)) return Found();
    std::optional<std::string> bytes = Inflate(packed, rows.Int(1));
    if (!bytes) return Found();
    return Found(Segment{rows.Int(0), stamp, *std::move(bytes), rows.Int(2)});
  });
}

Result<std::optional<int64_t>> DatabaseSource::WriteSegments(DealerId dealer, const Segments& segments) {
  using Mark = std::optional<int64_t>;
  const auto& parts = segments.parts;
  std::vector<std::string> packed;
  packed.reserve(parts.size());
  for (const auto& [part, bytes] : parts) packed.push_back(Deflate(bytes));
  return database_.WriteBulk<Mark>([&](db::Connection& connection) -> Result<Mark> {
    if (!segments.unchanged.empty()) {
      db::Rows known = connection.Query("SELECT checksum FROM ledger_segment WHERE dealer_id = ?1 AND part = ?2",
                                        dealer, parts.front().first);
      if (!known.Next() || known.Int(0) != segments.basis) return Mark();
    }
    std::vector<std::string> gone;
    {
      db::Rows rows = connection.Query("SELECT part FROM ledger_segment WHERE dealer_id = ?1", dealer);
      while (rows.Next()) gone.emplace_back(rows.Text(0));
    }
    std::erase_if(gone, [&](const std::string& part) {
      return std::find(segments.unchanged.begin(), segments.unchanged.end(), part) != segments.unchanged.end();
    });
    for (const std::string& part : gone) {
      connection.Execute("DELETE FROM ledger_segment WHERE dealer_id = ?1 AND part = ?2", dealer, part);
    }
    Mark mark = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (packed[i].empty() || packed[i].size() > kPackedMax) continue;
      const auto size = static_cast<int64_t>(parts[i].second.size());
      const int64_t checksum = ChecksumOf(packed[i], segments.up_to_seq, segments.stamp, size);
      if (i == 0) mark = checksum;
      connection.Execute(
          "INSERT INTO ledger_segment (dealer_id, part, up_to_seq, stamp, size, checksum, packed) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (dealer_id, part) DO UPDATE SET up_to_seq = "
          "excluded.up_to_seq, stamp = excluded.stamp, size = excluded.size, checksum = excluded.checksum, "
          "packed = excluded.packed",
          dealer, parts[i].first, segments.up_to_seq, segments.stamp, size, checksum, db::Blob{packed[i]});
    }
    return mark;
  });
}

}  // namespace dealpace::ledger
