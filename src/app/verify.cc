#include "app/verify.h"

#include <algorithm>
#include <map>

#include "ledger/recount.h"

namespace dealpace::app {
namespace {

using ledger::Recount;

constexpr int kAttempts = 5;  // while others write

// Compares one dealer's facts with the recount.
class DealerCheck {
 public:
  DealerCheck(System& system, DealerId dealer, std::string name, VerifyReport& report)
      : system_(system), dealer_(dealer), name_(std::move(name)), report_(report) {
    const auto& measures = system_.catalog().measures();
    for (size_t m = 0; m < measures.size(); ++m) sums_.push_back({static_cast<int>(m), {}, false});
  }

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
      ASSIGN_OR_RETURN(const auto now, system_.database().Read<State>([&](db::Connection& fresh) -> Result<State> {
        return StateOf(fresh);
      }));
      return state == now;
    });
  }

  using State = std::pair<int64_t, int64_t>;
  State StateOf(db::Connection& connection) const {
    db::Rows rows = connection.Query(
        "SELECT version, COALESCE((SELECT head FROM ledger_head WHERE dealer_id = ?1), 0) FROM org_version "
        "WHERE org_version_id = 1",
        dealer_);
    rows.Next();
    return {rows.Int(0), rows.Int(1)};
  }

  Status CompareAll(Recount& recount) {
    // Pieces of time: the months that occur, and what lies between, where the facts should have nothing.
    std::vector<Day> cuts = {kFirstDay, kLastDay + 1};
    for (const int month : recount.months()) {
      const Period days = UnitPeriod(month, Grain::kMonth);
      cuts.push_back(days.from);
      cuts.push_back(days.to + 1);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    for (const bool cohort : {false, true}) {
      for (int d = 0; d < kDimCount; ++d) RETURN_IF_ERROR(CompareBy(recount, static_cast<Dim>(d), cohort, cuts));
    }
    return {};
  }

  Status CompareBy(Recount& recount, Dim dim, bool cohort, const std::vector<Day>& cuts) {
    facts::Query query;
    query.dealers = {dealer_};
    query.by = {dim};
    query.basis = cohort ? facts::Basis::kCohort : facts::Basis::kPeriod;
    query.sums = sums_;
    query.cuts = cuts;
    ASSIGN_OR_RETURN(const facts::Cube cube, system_.facts().Run(query));
    Recount::Sums answered;
    for (size_t g = 0; g < cube.groups.size(); ++g) {
      for (size_t s = 0; s < cube.sums; ++s) {
        for (size_t p = 1; p < cube.pieces; ++p) {
          const facts::Cell& cell = cube.At(g, s, p);
          if (cell.rows == 0 && cell.sum == 0) continue;
          answered[{sums_[s].measure, cube.groups[g][0], UnitOf(cuts[p - 1], Grain::kMonth)}] = {cell.sum, cell.rows};
        }
      }
    }
    Recount::Question question;
    question.by = {dim};
    question.grains = {Grain::kMonth};
    question.cohort = cohort;
    const Recount::Sums counted = recount.Ask(question);
    figures_ += static_cast<int64_t>(counted.size());
    for (const auto& [key, sum] : counted) {
      const auto it = answered.find(key);
      if (it == answered.end() || it->second != sum) {
        Differ(dim, cohort, key, it == answered.end() ? Recount::Sum{} : it->second, sum);
      }
    }
    for (const auto& [key, sum] : answered) {
      if (!counted.contains(key)) Differ(dim, cohort, key, sum, {});
    }
    return {};
  }

  void Differ(Dim dim, bool cohort, const std::vector<int64_t>& key, const Recount::Sum& answered,
              const Recount::Sum& counted) {
    const auto text = [](const Recount::Sum& sum) {
      return std::to_string(sum.sum) + " (" + std::to_string(sum.rows) + ")";
    };
    std::string member = "#" + std::to_string(key[1]);
    if (const auto org = system_.facts().Org(); org.ok()) {
      if (const std::string& label = (*org)->Label(dim, key[1]); !label.empty()) member = label;
    }
    differences_.push_back(Error("verify_facts_differ")
                               .With("dealer", name_)
                               .With("measure", system_.catalog().measures()[static_cast<size_t>(key[0])].id)
                               .With("basis", cohort ? "cohort" : "period")
                               .With("key", std::string(DimName(dim)) + " " + member + " " +
                                                UnitLabel(static_cast<int>(key[2]), Grain::kMonth))
                               .With("facts", text(answered))
                               .With("recount", text(counted)));
  }

  System& system_;
  const DealerId dealer_;
  const std::string name_;
  VerifyReport& report_;
  std::vector<facts::SumSpec> sums_;
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
  ASSIGN_OR_RETURN(const Dealers dealers,
                   system.database().Read<Dealers>([&](db::Connection& connection) -> Result<Dealers> {
                     report.ledger = ledger::Verify(connection, system.catalog());
                     Dealers found;
                     db::Rows rows = connection.Query(
                         "SELECT h.dealer_id, COALESCE(d.code, '') FROM ledger_head h "
                         "LEFT JOIN dealer d ON d.dealer_id = h.dealer_id ORDER BY h.dealer_id");
                     while (rows.Next()) found.emplace_back(DealerId(rows.Int(0)), std::string(rows.Text(1)));
                     return found;
                   }));
  for (const auto& [dealer, name] : dealers) RETURN_IF_ERROR(DealerCheck(system, dealer, name, report).Run());
  return report;
}

}  // namespace dealpace::app
