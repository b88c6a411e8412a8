#include "app/verify.h"

#include <algorithm>
#include <set>

#include "ledger/recount.h"

namespace dealpace::app {
namespace {

using ledger::Recount;

constexpr int kAttempts = 5;            // while others write
constexpr size_t kMeasuresAtOnce = 20;  // so that an answer of many members and months is not too large

// Compares one dealer's facts with the recount.
class DealerCheck {
 public:
  DealerCheck(System& system, DealerId dealer, std::string name, VerifyReport& report)
      : system_(system), dealer_(dealer), name_(std::move(name)), report_(report) {}

  Status Run() {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      ASSIGN_OR_RETURN(const bool stood_still, Compare());
      if (!stood_still) continue;
      ++report_.dealers_compared;
      report_.rows_compared += rows_;
      report_.figures_compared += figures_;
      for (Error& difference : differences_) {
        if (report_.differences.size() < ledger::kFindingsMax) report_.differences.push_back(std::move(difference));
      }
      return {};
    }
    ++report_.dealers_moving;
    return {};
  }

 private:
  // False when the dealer's ledger or the organisation moved meanwhile: then the two answers may differ rightly.
  Result<bool> Compare() {
    rows_ = 0;
    figures_ = 0;
    differences_.clear();
    return system_.database().Read<bool>([&](db::Connection& connection) -> Result<bool> {
      const auto state = StateOf(connection);
      Recount recount(connection, system_.catalog(), {.dealer = dealer_});
      rows_ = recount.rows();
      RETURN_IF_ERROR(CompareAll(recount));
      ASSIGN_OR_RETURN(const auto now, system_.database().Read<State>(
                                           [&](db::Connection& fresh) -> Result<State> { return StateOf(fresh); }));
      return state == now;
    });
  }

  using State = std::pair<int64_t, int64_t>;
  State StateOf(db::Connection& connection) const {
    db::Rows version = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
    version.Next();
    db::Rows head = connection.Query("SELECT head FROM ledger_head WHERE dealer_id = ?1", dealer_);
    return {version.Int(0), head.Next() ? head.Int(0) : 0};
  }

  // The dealer as a whole by day, every measure; then each dimension by month, the measures of which there is
  // something.
  Status CompareAll(Recount& recount) {
    for (const bool cohort : {false, true}) {
      std::set<int> measures;
      for (size_t m = 0; m < system_.catalog().measures().size(); ++m) measures.insert(static_cast<int>(m));
      ASSIGN_OR_RETURN(measures, CompareBy(recount, Dim::kDealer, Grain::kDay, cohort, measures));
      for (int d = 1; d < kDimCount; ++d) {
        RETURN_IF_ERROR(CompareBy(recount, static_cast<Dim>(d), Grain::kMonth, cohort, measures));
      }
    }
    return {};
  }

  // Returns the measures of which either side has something.
  Result<std::set<int>> CompareBy(Recount& recount, Dim dim, Grain grain, bool cohort, const std::set<int>& measures) {
    Recount::Question question;
    question.by = {dim};
    question.grains = {grain};
    question.cohort = cohort;
    const Recount::Sums counted = recount.Ask(question);
    ASSIGN_OR_RETURN(const Recount::Sums answered, AskFacts(recount, dim, grain, cohort, measures));
    figures_ += static_cast<int64_t>(counted.size());
    std::set<int> present;
    for (const auto& [key, sum] : counted) {
      present.insert(static_cast<int>(key[0]));
      const auto it = answered.find(key);
      if (it == answered.end()) {
        Differ(dim, grain, cohort, key, {}, sum);
      } else if (it->second != sum) {
        Differ(dim, grain, cohort, key, it->second, sum);
      }
    }
    for (const auto& [key, sum] : answered) {
      present.insert(static_cast<int>(key[0]));
      if (!counted.contains(key)) Differ(dim, grain, cohort, key, sum, {});
    }
    return present;
  }

  // What the facts say, in the recount's terms.
  Result<Recount::Sums> AskFacts(Recount& recount, Dim dim, Grain grain, bool cohort, const std::set<int>& measures) {
    facts::Query query;
    query.dealers = {dealer_};
    query.by = {dim};
    query.basis = cohort ? facts::Basis::kCohort : facts::Basis::kPeriod;
    // Pieces of time: the units that occur, and what lies between, where the facts should have nothing.
    std::vector<Day>& cuts = query.cuts;
    cuts = {kFirstDay, kLastDay + 1};
    for (const int unit : recount.UnitsUsed(grain)) {
      const Period days = UnitPeriod(unit, grain);
      cuts.push_back(days.from);
      cuts.push_back(days.to + 1);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());

    Recount::Sums answered;
    for (auto next = measures.begin(); next != measures.end();) {
      query.sums.clear();
      for (; next != measures.end() && query.sums.size() < kMeasuresAtOnce; ++next) {
        query.sums.push_back({*next, {}, false});
      }
      ASSIGN_OR_RETURN(const facts::Cube cube, system_.facts().Run(query));
      for (size_t g = 0; g < cube.groups.size(); ++g) {
        for (size_t s = 0; s < cube.sums; ++s) {
          for (size_t p = 1; p < cube.pieces; ++p) {
            const facts::Cell& cell = cube.At(g, s, p);
            if (cell.rows == 0 && cell.sum == 0) continue;
            answered[{query.sums[s].measure, cube.groups[g][0], UnitOf(cuts[p - 1], grain)}] = {cell.sum, cell.rows};
          }
        }
      }
    }
    return answered;
  }

  void Differ(Dim dim, Grain grain, bool cohort, const std::vector<int64_t>& key, const Recount::Sum& answered,
              const Recount::Sum& counted) {
    const auto text = [](const Recount::Sum& sum) {
      return std::to_string(sum.sum) + " (" + std::to_string(sum.rows) + ")";
    };
    std::string member = "#" + std::to_string(key[1]);
    if (const auto org = system_.facts().Org(); org.ok()) {
      if (const std::string& label = (*org)->Label(dim, key[1]); !label.empty()) member = label;
    }
    differences_.push_back(
        Error("verify_facts_differ")
            .With("dealer", name_)
            .With("measure", system_.catalog().measures()[static_cast<size_t>(key[0])].id)
            .With("basis", cohort ? "cohort" : "period")
            .With("key", std::string(DimName(dim)) + " " + member + " " + UnitLabel(static_cast<int>(key[2]), grain))
            .With("facts", text(answered))
            .With("recount", text(counted)));
  }

  System& system_;
  const DealerId dealer_;
  const std::string name_;
  VerifyReport& report_;
  int64_t rows_ = 0;
  int64_t figures_ = 0;
  std::vector<Error> differences_;
};

}  // namespace

bool VerifyReport::ok() const {
  return differences.empty() && std::none_of(ledger.findings.begin(), ledger.findings.end(), ledger::IsDamage);
}

Result<VerifyReport> VerifyAll(System& system) {
  using Dealers = std::vector<std::pair<DealerId, std::string>>;
  VerifyReport report;
  ASSIGN_OR_RETURN(
      const Dealers dealers, system.database().Read<Dealers>([&](db::Connection& connection) -> Result<Dealers> {
        report.ledger = ledger::Verify(connection, system.catalog());
        Dealers found;
        db::Rows rows = connection.Query(
            "SELECT h.dealer_id, COALESCE(d.code, '') FROM ledger_head h "
            "LEFT JOIN dealer d ON d.dealer_id = h.dealer_id ORDER BY h.dealer_id");
        while (rows.Next()) {
          const std::string code(rows.Text(1));
          found.emplace_back(DealerId(rows.Int(0)), code.empty() ? "#" + std::to_string(rows.Int(0)) : code);
        }
        return found;
      }));
  for (const auto& [dealer, name] : dealers) {
    // Where entries cannot be read there is nothing to compare, and that has been said.
    const auto& findings = report.ledger.findings;
    const bool damaged = std::any_of(findings.begin(), findings.end(), [&name = name](const Error& finding) {
      return finding.code == "verify_block_damaged" && finding.Arg("dealer") == name;
    });
    if (!damaged) RETURN_IF_ERROR(DealerCheck(system, dealer, name, report).Run());
  }
  return report;
}

}  // namespace dealpace::app
