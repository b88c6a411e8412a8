#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zones.h"
#include "db/db.h"
#include "facts/org_view.h"

// The organisation: network → region → dealer → team → staff, with its history, and the members of the other
// dimensions. A change holds from its day on; what is before keeps its team and region.
namespace dealpace::org {

struct Dealer {
  DealerId id;
  std::string code;
  std::string name;
  std::string time_zone;
};

inline constexpr std::string_view kDefaultTimeZone = "Asia/Shanghai";

// Each returns the id of what was made. Codes are unique: regions and dealers in the network, teams and staff within
// their dealer. Fail with code_taken, and code_missing for an empty code. `name` empty: the code.
[[nodiscard]] Result<RegionId> AddRegion(db::Connection& connection, std::string_view code, std::string_view name);
[[nodiscard]] Result<DealerId> AddDealer(db::Connection& connection, std::string_view code, std::string_view name,
                                         std::string_view time_zone = kDefaultTimeZone);
[[nodiscard]] Result<TeamId> AddTeam(db::Connection& connection, DealerId dealer, std::string_view code,
                                     std::string_view name, std::string_view kind = "sales");
[[nodiscard]] Result<StaffId> AddStaff(db::Connection& connection, DealerId dealer, std::string_view code,
                                       std::string_view name);

// On whose calendar a dealer's days are. Fails with not_found for a dealer that is not there.
[[nodiscard]] Result<Zone> ZoneOf(db::Connection& connection, DealerId dealer);

// From `from` on the dealer belongs to the region, or to none; from `from` on the person is in the team, or has left.
// A later change that is already booked stays.
void MoveDealer(db::Connection& connection, DealerId dealer, Day from, RegionId region);
void MoveStaff(db::Connection& connection, DealerId dealer, StaffId staff, Day from, TeamId team);

// The id of a member, made when it is new.
int64_t AddMember(db::Connection& connection, Dim dim, std::string_view code);

[[nodiscard]] Result<std::vector<Dealer>> ListDealers(db::Connection& connection);

// Names to ids, as an import or a command finds them: by code, else by name where it is unique. Filled from one
// connection and used by one thread; what it makes itself it knows at once.
class Directory {
 public:
  explicit Directory(db::Connection& connection);

  [[nodiscard]] const Dealer* FindDealer(std::string_view text) const;
  [[nodiscard]] StaffId FindStaff(DealerId dealer, std::string_view text) const;
  [[nodiscard]] TeamId FindTeam(DealerId dealer, std::string_view text) const;
  [[nodiscard]] RegionId FindRegion(std::string_view text) const;
  // By code as recorded; 0 when there is none.
  [[nodiscard]] int64_t FindMember(Dim dim, std::string_view code) const;

  // Forgets all dealers but these, with their staff and teams, as if they were not there.
  void KeepDealers(const std::vector<DealerId>& dealers);
  // Take in what was just made.
  void Learn(const Dealer& dealer);
  void LearnStaff(DealerId dealer, StaffId staff, std::string_view code);
  void LearnTeam(DealerId dealer, TeamId team, std::string_view code);
  void LearnRegion(RegionId region, std::string_view code);
  void LearnMember(Dim dim, int64_t id, std::string_view code);

  // Known names, for suggestions.
  [[nodiscard]] std::vector<std::string> DealerNames() const;
  [[nodiscard]] std::vector<std::string> StaffNames(DealerId dealer) const;
  [[nodiscard]] std::vector<std::string> MemberCodes(Dim dim) const;

 private:
  struct Named {
    int64_t id = 0;  // 0: several have this name
    bool is_code = false;
  };
  using ByText = std::map<std::string, Named, std::less<>>;
  static void Put(ByText& index, std::string_view code, std::string_view name, int64_t id);
  static int64_t Get(const ByText& index, std::string_view text);

  std::map<int64_t, Dealer> dealers_;
  ByText dealer_index_;
  std::map<int64_t, ByText> staff_;
  std::map<int64_t, ByText> teams_;
  ByText regions_;
  std::array<ByText, kDimCount> members_;
};

// The organisation for the facts: read anew whenever org_version has moved.
class DatabaseOrg final : public facts::OrgSource {
 public:
  explicit DatabaseOrg(db::Database& database) : database_(database) {}
  [[nodiscard]] Result<std::shared_ptr<const facts::OrgView>> Current() override;

 private:
  [[nodiscard]] Result<std::shared_ptr<const facts::OrgView>> Read();

  db::Database& database_;
  db::Remembered<std::shared_ptr<const facts::OrgView>> remembered_{db::Changes::kMasters};
  std::mutex mutex_;  // guards what follows
  int64_t version_ = -1;
  std::shared_ptr<const facts::OrgView> view_;
};

}  // namespace dealpace::org
