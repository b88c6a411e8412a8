#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "catalog/catalog.h"
#include "db/db.h"
#include "kpi/answer.h"
#include "ledger/entry.h"

namespace dealpace::golden {

// Where a golden file is played: the pure engine in memory, or a database with everything that stands on it. Changes
// are made inside Transaction. What goes wrong is thrown: in a golden file it is a slip of its author or of ours.
class World {
 public:
  virtual ~World() = default;

  virtual void Transaction(const std::function<void()>& work) = 0;
  virtual DealerId AddDealer(std::string_view code, std::string_view time_zone) = 0;
  virtual StaffId AddStaff(DealerId dealer, std::string_view code) = 0;
  virtual TeamId AddTeam(DealerId dealer, std::string_view code) = 0;
  virtual RegionId AddRegion(std::string_view code) = 0;
  virtual void MoveDealer(DealerId dealer, Day from, RegionId region) = 0;
  virtual void MoveStaff(DealerId dealer, StaffId staff, Day from, TeamId team) = 0;
  virtual int64_t AddMember(Dim dim, std::string_view code) = 0;
  // Returns the seq of the first entry; the others follow.
  virtual int64_t Append(DealerId dealer, std::span<const ledger::NewEntry> entries, Instant recorded_at) = 0;
  virtual void Reverse(DealerId dealer, std::span<const int64_t> seqs, std::string_view why, Instant recorded_at) = 0;

  virtual Result<kpi::Answer> Ask(const kpi::Question& question) = 0;
};

// The pure engine over entries in memory. It answers each question twice, from facts that grew with the entries and
// from facts derived anew, and throws when the two differ.
[[nodiscard]] std::unique_ptr<World> MakeMemoryWorld(std::shared_ptr<const catalog::Catalog> catalog);
// The whole system over a database of its own, which goes with the world.
[[nodiscard]] std::unique_ptr<World> MakeDatabaseWorld(std::shared_ptr<const catalog::Catalog> catalog, db::Kind kind);

}  // namespace dealpace::golden
