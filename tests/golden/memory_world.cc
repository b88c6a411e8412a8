#include <algorithm>
#include <stdexcept>
#include <utility>

#include "facts/facts.h"
#include "tests/golden/world.h"
#include "tests/support/memory_ledger.h"

namespace dealpace::golden {
namespace {

bool Same(const kpi::Figure& a, const kpi::Figure& b) {
  return a.value == b.value && a.ratio == b.ratio && a.num == b.num && a.den == b.den;
}

bool Same(const kpi::RowAnswer& a, const kpi::RowAnswer& b) {
  if (!std::ranges::equal(a.keys, b.keys) || !std::ranges::equal(a.ids, b.ids)) return false;
  if (a.mature_share != b.mature_share || a.cells.size() != b.cells.size()) return false;
  for (size_t i = 0; i < a.cells.size(); ++i) {
    if (!Same(a.cells[i], b.cells[i]) || !Same(a.cells[i].versus, b.cells[i].versus)) return false;
  }
  return true;
}

bool Same(const Result<kpi::Answer>& a, const Result<kpi::Answer>& b) {
  if (a.ok() != b.ok()) return false;
  if (!a.ok()) return a.error().code == b.error().code;
  if (a->rows.size() != b->rows.size() || !Same(a->total, b->total)) return false;
  for (size_t i = 0; i < a->rows.size(); ++i) {
    if (!Same(a->rows[i], b->rows[i])) return false;
  }
  return true;
}

class MemoryWorld final : public World {
 public:
  explicit MemoryWorld(std::shared_ptr<const catalog::Catalog> catalog)
      : catalog_(std::move(catalog)), facts_(*catalog_, ledger_, org_), engine_(*catalog_, facts_) {}

  void Transaction(const std::function<void()>& work) override { work(); }

  DealerId AddDealer(std::string_view code, std::string_view /*time_zone*/) override { return org_.DealerOf(code); }
  StaffId AddStaff(DealerId dealer, std::string_view code) override { return org_.StaffOf(dealer, code); }
  TeamId AddTeam(DealerId dealer, std::string_view code) override { return org_.TeamOf(dealer, code); }
  RegionId AddRegion(std::string_view code) override { return org_.RegionOf(code); }
  void MoveDealer(DealerId dealer, Day from, RegionId region) override { org_.MoveDealer(dealer, from, region); }
  void MoveStaff(DealerId dealer, StaffId staff, Day from, TeamId team) override {
    org_.MoveStaff(dealer, staff, from, team);
  }
  int64_t AddMember(Dim dim, std::string_view code) override { return org_.MemberOf(dim, code); }

  int64_t Append(DealerId dealer, std::span<const ledger::NewEntry> entries, Instant recorded_at) override {
    int64_t last = 0;
    for (const ledger::NewEntry& entry : entries) last = ledger_.Append(dealer, entry, recorded_at);
    return last - static_cast<int64_t>(entries.size()) + 1;
  }
  void Reverse(DealerId dealer, std::span<const int64_t> seqs, std::string_view /*why*/, Instant recorded_at) override {
    for (const int64_t seq : seqs) {
      if (ledger_.Reverse(dealer, seq, recorded_at) == 0) throw std::runtime_error("nothing to take back");
    }
  }

  Result<kpi::Answer> Ask(const kpi::Question& question) override {
    Result<kpi::Answer> grown = engine_.Ask(question);
    facts::Facts fresh(*catalog_, ledger_, org_);
    if (!Same(grown, kpi::Engine(*catalog_, fresh).Ask(question))) {
      throw std::runtime_error("facts that grew with the entries and facts derived anew give different answers");
    }
    return grown;
  }

 private:
  std::shared_ptr<const catalog::Catalog> catalog_;
  test::MemoryLedger ledger_;
  test::MemoryOrg org_;
  facts::Facts facts_;
  kpi::Engine engine_;
};

}  // namespace

std::unique_ptr<World> MakeMemoryWorld(std::shared_ptr<const catalog::Catalog> catalog) {
  return std::make_unique<MemoryWorld>(std::move(catalog));
}

}  // namespace dealpace::golden
