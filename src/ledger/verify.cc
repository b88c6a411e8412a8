#include "ledger/verify.h"

#include <initializer_list>
#include <string>

#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

// A check is a statement whose rows are its findings: dealer_id, dealer code, seq, then what `args` name.
struct Check {
  std::string_view code;
  std::string_view sql;
  std::vector<std::string_view> args;
};

const std::vector<Check>& Checks() {
  static const std::vector<Check> checks = {
      {"verify_gap",
       R"sql(
SELECT g.dealer_id, d.code, g.before + 1, g.seq - g.before - 1
FROM (SELECT dealer_id, seq, LAG(seq, 1) OVER (PARTITION BY dealer_id ORDER BY seq) AS before
      FROM (SELECT dealer_id, seq FROM ledger_whole
            UNION ALL SELECT DISTINCT dealer_id, CAST(0 AS BIGINT) FROM ledger_whole) numbered) g
LEFT JOIN dealer d ON d.dealer_id = g.dealer_id
WHERE g.seq > g.before + 1
ORDER BY g.dealer_id, g.seq)sql",
       {"count"}},
      {"verify_number_twice",
       R"sql(
SELECT e.dealer_id, d.code, e.seq, COUNT(*)
FROM ledger_whole e LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
GROUP BY e.dealer_id, d.code, e.seq
HAVING COUNT(*) > 1
ORDER BY e.dealer_id, e.seq)sql",
       {"count"}},
      {"verify_head",
       R"sql(
SELECT e.dealer_id, d.code, e.last, COALESCE(h.head, 0)
FROM (SELECT dealer_id, MAX(seq) AS last FROM (SELECT dealer_id, seq FROM ledger_whole
                                               UNION ALL SELECT dealer_id, 0 FROM ledger_head) numbered
      GROUP BY dealer_id) e
LEFT JOIN ledger_head h ON h.dealer_id = e.dealer_id
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE COALESCE(h.head, 0) <> e.last
ORDER BY e.dealer_id)sql",
       {"head"}},
      {"verify_orphan_dealer",
       R"sql(
SELECT e.dealer_id, NULL, MIN(e.seq)
FROM ledger_whole e LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE d.dealer_id IS NULL
GROUP BY e.dealer_id
ORDER BY e.dealer_id)sql",
       {}},
      {"verify_orphan_actor",
       R"sql(
SELECT e.dealer_id, d.code, e.seq, e.actor
FROM ledger_whole e
LEFT JOIN staff s ON s.dealer_id = e.dealer_id AND s.staff_id = e.actor
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.actor IS NOT NULL AND s.staff_id IS NULL
ORDER BY e.dealer_id, e.seq)sql",
       {"actor"}},
      {"verify_orphan_batch",
       R"sql(
SELECT e.dealer_id, d.code, e.seq, e.batch_id
FROM ledger_whole e
LEFT JOIN import_batch b ON b.batch_id = e.batch_id
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.batch_id IS NOT NULL AND b.batch_id IS NULL
ORDER BY e.dealer_id, e.seq)sql",
       {"batch"}},
      {"verify_reversal_missing",
       R"sql(
SELECT e.dealer_id, d.code, e.seq, e.reverses
FROM ledger_entry e
LEFT JOIN ledger_whole o ON o.dealer_id = e.dealer_id AND o.seq = e.reverses
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.reverses IS NOT NULL AND (o.seq IS NULL OR o.seq >= e.seq OR o.reverses IS NOT NULL)
ORDER BY e.dealer_id, e.seq)sql",
       {"reverses"}},
      {"verify_reversal_content",
       R"sql(
SELECT e.dealer_id, d.code, e.seq, e.reverses
FROM ledger_entry e
JOIN ledger_whole o ON o.dealer_id = e.dealer_id AND o.seq = e.reverses
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.event <> o.event OR e.day <> o.day OR e.at <> o.at OR COALESCE(e.lead, '') <> COALESCE(o.lead, '')
   OR e.attempt <> o.attempt OR COALESCE(e.actor, 0) <> COALESCE(o.actor, 0)
   OR COALESCE(e.source, 0) <> COALESCE(o.source, 0) OR COALESCE(e.access_form, 0) <> COALESCE(o.access_form, 0)
   OR COALESCE(e.channel, 0) <> COALESCE(o.channel, 0) OR COALESCE(e.model, 0) <> COALESCE(o.model, 0)
   OR COALESCE(e.customer_type, 0) <> COALESCE(o.customer_type, 0)
   OR COALESCE(e.campaign, 0) <> COALESCE(o.campaign, 0) OR COALESCE(e.stage, 0) <> COALESCE(o.stage, 0)
   OR COALESCE(e.reason, 0) <> COALESCE(o.reason, 0)
   OR e.quantity <> -o.quantity OR e.amount <> -o.amount
   OR (e.entry_key IS NULL) <> (o.entry_key IS NULL) OR e.entry_key <> o.entry_key
ORDER BY e.dealer_id, e.seq)sql",
       {"reverses"}},
      {"verify_reversed_twice",
       R"sql(
SELECT e.dealer_id, d.code, e.reverses, COUNT(*)
FROM ledger_entry e LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.reverses IS NOT NULL
GROUP BY e.dealer_id, d.code, e.reverses
HAVING COUNT(*) > 1
ORDER BY e.dealer_id, e.reverses)sql",
       {"count"}},
      {"verify_duplicate_key",
       R"sql(
SELECT k.dealer_id, d.code, k.seq, k.other
FROM (SELECT e.dealer_id, e.seq, MIN(e.seq) OVER (PARTITION BY e.dealer_id, e.entry_key) AS other
      FROM ledger_whole e
      LEFT JOIN ledger_entry r ON r.dealer_id = e.dealer_id AND r.reverses = e.seq
      WHERE e.entry_key IS NOT NULL AND e.reverses IS NULL AND r.seq IS NULL) k
LEFT JOIN dealer d ON d.dealer_id = k.dealer_id
WHERE k.seq <> k.other
ORDER BY k.dealer_id, k.seq)sql",
       {"other"}},
      {"verify_key_missing",
       R"sql(
SELECT e.dealer_id, d.code, e.seq
FROM ledger_whole e
JOIN ledger_head h ON h.dealer_id = e.dealer_id AND e.seq <= h.keyed
LEFT JOIN ledger_key k ON k.dealer_id = e.dealer_id AND k.key_head = substr(e.entry_key, 1, 5) AND k.seq = e.seq
LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
WHERE e.entry_key IS NOT NULL AND k.seq IS NULL
ORDER BY e.dealer_id, e.seq)sql",
       {}},
  };
  return checks;
}

constexpr std::string_view kUnknownEvents = R"sql(
SELECT e.dealer_id, d.code, MIN(e.seq), e.event
FROM ledger_whole e LEFT JOIN dealer d ON d.dealer_id = e.dealer_id
GROUP BY e.dealer_id, d.code, e.event
ORDER BY e.dealer_id, MIN(e.seq))sql";

// "SELECT" … for one member dimension, whose column has its name.
std::string OrphanMembers(Dim dim) {
  const std::string name(DimName(dim));
  return "SELECT e.dealer_id, d.code, e.seq, e." + name + " FROM ledger_whole e LEFT JOIN member m ON m.dim = '" +
         name + "' AND m.member_id = e." + name + " LEFT JOIN dealer d ON d.dealer_id = e.dealer_id WHERE e." + name +
         " IS NOT NULL AND m.member_id IS NULL ORDER BY e.dealer_id, e.seq";
}

int64_t QueryInt(db::Connection& connection, std::string_view sql) {
  db::Rows rows = connection.Query(sql);
  rows.Next();
  return rows.Int(0);
}

class Verifier {
 public:
  Verifier(db::Connection& connection, const catalog::Catalog& catalog) : connection_(connection), catalog_(catalog) {}

  Verification Run() {
    Unpack();
    verification_.entries = QueryInt(connection_, "SELECT COUNT(*) FROM ledger_whole");
    verification_.dealers = QueryInt(
        connection_,
        "SELECT COUNT(*) FROM (SELECT dealer_id FROM ledger_head UNION SELECT dealer_id FROM ledger_whole) known");
    for (const Check& check : Checks()) Look(check.code, check.sql, check.args);
    for (int m = 0; m < kMemberDimCount; ++m) {
      const Dim dim = MemberDim(m);
      Look("verify_orphan_member", OrphanMembers(dim), {"member"}, [&](Error& finding, const db::Rows&) {
        finding.With("dim", DimName(dim));
        return true;
      });
    }
    Look("verify_unknown_event", kUnknownEvents, {}, [&](Error& finding, const db::Rows& rows) {
      const int event = catalog_.FindEvent(rows.Text(3));
      if (event >= 0 && !catalog_.events()[static_cast<size_t>(event)].derived()) return false;
      finding.With("event", rows.Text(3));
      return true;
    });
    LookForOpenBatches();
    return std::move(verification_);
  }

 private:
  void Unpack() {
    MakeWhole(connection_, std::nullopt, [&](DealerId dealer, int64_t last) {
      db::Rows rows = connection_.Query("SELECT code FROM dealer WHERE dealer_id = ?1", dealer);
      verification_.findings.push_back(
          Error("verify_block_damaged")
              .With("dealer", rows.Next() ? std::string(rows.Text(0)) : "#" + std::to_string(dealer.value))
              .With("seq", last));
    });
  }

  using Complete = std::function<bool(Error&, const db::Rows&)>;  // false: the row is in order

  void Look(std::string_view code, std::string_view sql, const std::vector<std::string_view>& args,
            const Complete& complete = nullptr) {
    db::Rows rows = connection_.Query(sql);
    for (int found = 0; rows.Next();) {
      Error finding(code);
      finding.With("dealer", rows.IsNull(1) ? "#" + std::to_string(rows.Int(0)) : std::string(rows.Text(1)));
      finding.With("seq", std::to_string(rows.Int(2)));
      for (size_t a = 0; a < args.size(); ++a) finding.With(args[a], std::to_string(rows.Int(3 + static_cast<int>(a))));
      if (complete && !complete(finding, rows)) continue;
      if (found++ == kFindingsMax) {
        verification_.cut_off = true;
        return;
      }
      verification_.findings.push_back(std::move(finding));
    }
  }

  void LookForOpenBatches() {
    db::Rows rows =
        connection_.Query("SELECT batch_id, file_name FROM import_batch WHERE state = 'open' ORDER BY batch_id");
    while (rows.Next()) {
      verification_.findings.push_back(
          Error("verify_open_batch").With("batch", rows.Int(0)).With("file", rows.Text(1)));
    }
  }

  db::Connection& connection_;
  const catalog::Catalog& catalog_;
  Verification verification_;
};

}  // namespace

Verification Verify(db::Connection& connection, const catalog::Catalog& catalog) {
  return Verifier(connection, catalog).Run();
}

bool IsDamage(const Error& finding) { return finding.code != "verify_open_batch"; }

}  // namespace dealpace::ledger
