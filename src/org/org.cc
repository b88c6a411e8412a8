#include "org/org.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"

namespace dealpace::org {
namespace {

int64_t Moved(db::Connection& connection) {
  db::Rows rows =
      connection.Query("UPDATE org_version SET version = version + 1 WHERE org_version_id = 1 RETURNING version");
  return rows.Next() ? rows.Int(0) : 0;
}

// An id for what is added, which moves the version. It stands in each ledger entry, so it shall be short: four bytes on
// disk for half a billion changes to the organisation, then eight. No other writer gets the same version.
int64_t AddedId(db::Connection& connection) {
  constexpr int64_t kFirst = 0x60000000;  // far from the numbers that people give to dealers and staff
  return kFirst + Moved(connection);
}

std::string_view NameOr(std::string_view name, std::string_view code) { return name.empty() ? code : name; }

}  // namespace

Result<RegionId> AddRegion(db::Connection& connection, std::string_view code, std::string_view name) {
  if (code.empty()) return Error("code_missing").With("what", "region");
  if (connection.Query("SELECT region_id FROM region WHERE code = ?1", code).Next()) {
    return Error("code_taken").With("what", "region").With("code", code);
  }
  const RegionId id(AddedId(connection));
  connection.Execute("INSERT INTO region (region_id, code, name) VALUES (?1, ?2, ?3)", id, code, NameOr(name, code));
  return id;
}

Result<DealerId> AddDealer(db::Connection& connection, std::string_view code, std::string_view name,
                           std::string_view time_zone) {
  if (code.empty()) return Error("code_missing").With("what", "dealer");
  RETURN_IF_ERROR(Zone::Find(time_zone));
  if (connection.Query("SELECT dealer_id FROM dealer WHERE code = ?1", code).Next()) {
    return Error("code_taken").With("what", "dealer").With("code", code);
  }
  const DealerId id(AddedId(connection));
  connection.Execute("INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (?1, ?2, ?3, ?4)", id, code,
                     NameOr(name, code), time_zone);
  return id;
}

Result<TeamId> AddTeam(db::Connection& connection, DealerId dealer, std::string_view code, std::string_view name,
                       std::string_view kind) {
  if (code.empty()) return Error("code_missing").With("what", "team");
  if (connection.Query("SELECT team_id FROM team WHERE dealer_id = ?1 AND code = ?2", dealer, code).Next()) {
    return Error("code_taken").With("what", "team").With("code", code);
  }
  const TeamId id(AddedId(connection));
  connection.Execute("INSERT INTO team (dealer_id, team_id, code, name, kind) VALUES (?1, ?2, ?3, ?4, ?5)", dealer, id,
                     code, NameOr(name, code), kind);
  return id;
}

Result<StaffId> AddStaff(db::Connection& connection, DealerId dealer, std::string_view code, std::string_view name) {
  if (code.empty()) return Error("code_missing").With("what", "staff");
  if (connection.Query("SELECT staff_id FROM staff WHERE dealer_id = ?1 AND code = ?2", dealer, code).Next()) {
    return Error("code_taken").With("what", "staff").With("code", code);
  }
  const StaffId id(AddedId(connection));
  connection.Execute("INSERT INTO staff (dealer_id, staff_id, code, name) VALUES (?1, ?2, ?3, ?4)", dealer, id, code,
                     NameOr(name, code));
  return id;
}

Result<Zone> ZoneOf(db::Connection& connection, DealerId dealer) {
  std::string name;
  {
    db::Rows rows = connection.Query("SELECT time_zone FROM dealer WHERE dealer_id = ?1", dealer);
    if (!rows.Next()) return Error("not_found");
    name = rows.Text(0);
  }
  return Zone::Find(name);
}

void MoveDealer(db::Connection& connection, DealerId dealer, Day from, RegionId region) {
  connection.Execute(
      "INSERT INTO dealer_region (dealer_id, from_day, region_id) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (dealer_id, from_day) DO UPDATE SET region_id = excluded.region_id",
      dealer, from.value, region.set() ? std::optional(region.value) : std::nullopt);
  Moved(connection);
}

void MoveStaff(db::Connection& connection, DealerId dealer, StaffId staff, Day from, TeamId team) {
  connection.Execute(
      "INSERT INTO staff_team (dealer_id, staff_id, from_day, team_id) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (dealer_id, staff_id, from_day) DO UPDATE SET team_id = excluded.team_id",
      dealer, staff, from.value, team.set() ? std::optional(team.value) : std::nullopt);
  Moved(connection);
}

int64_t AddMember(db::Connection& connection, Dim dim, std::string_view code) {
  const auto find = [&]() -> int64_t {
    db::Rows rows = connection.Query("SELECT member_id FROM member WHERE dim = ?1 AND code = ?2", DimName(dim), code);
    return rows.Next() ? rows.Int(0) : 0;
  };
  if (const int64_t known = find(); known != 0) return known;
  connection.Execute("INSERT INTO member (dim, member_id, code) VALUES (?1, ?2, ?3) ON CONFLICT (dim, code) DO NOTHING",
                     DimName(dim), AddedId(connection), code);
  return find();  // another's, where it was faster
}

Result<std::vector<Dealer>> ListDealers(db::Connection& connection) {
  std::vector<Dealer> dealers;
  db::Rows rows = connection.Query("SELECT dealer_id, code, name, time_zone FROM dealer ORDER BY dealer_id");
  while (rows.Next()) {
    dealers.push_back(
        {DealerId(rows.Int(0)), std::string(rows.Text(1)), std::string(rows.Text(2)), std::string(rows.Text(3))});
  }
  return dealers;
}

// ---- Directory ----

void Directory::Put(ByText& index, std::string_view code, std::string_view name, int64_t id) {
  index[std::string(code)] = {id, true};  // a code beats a name
  if (name == code || name.empty()) return;
  const auto [it, fresh] = index.emplace(std::string(name), Named{id, false});
  if (!fresh && !it->second.is_code && it->second.id != id) it->second.id = 0;
}

int64_t Directory::Get(const ByText& index, std::string_view text) {
  const auto it = index.find(text);
  return it == index.end() ? 0 : it->second.id;
}

Directory::Directory(db::Connection& connection) {
  db::Rows dealers = connection.Query("SELECT dealer_id, code, name, time_zone FROM dealer ORDER BY dealer_id");
  while (dealers.Next()) {
    Learn({DealerId(dealers.Int(0)), std::string(dealers.Text(1)), std::string(dealers.Text(2)),
           std::string(dealers.Text(3))});
  }
  db::Rows staff = connection.Query("SELECT dealer_id, staff_id, code, name FROM staff ORDER BY dealer_id, staff_id");
  while (staff.Next()) Put(staff_[staff.Int(0)], staff.Text(2), staff.Text(3), staff.Int(1));
  db::Rows teams = connection.Query("SELECT dealer_id, team_id, code, name FROM team ORDER BY dealer_id, team_id");
  while (teams.Next()) Put(teams_[teams.Int(0)], teams.Text(2), teams.Text(3), teams.Int(1));
  db::Rows regions = connection.Query("SELECT region_id, code, name FROM region ORDER BY region_id");
  while (regions.Next()) Put(regions_, regions.Text(1), regions.Text(2), regions.Int(0));
  db::Rows members = connection.Query("SELECT dim, member_id, code FROM member");
  while (members.Next()) {
    if (const auto dim = ParseDim(members.Text(0))) LearnMember(*dim, members.Int(1), members.Text(2));
  }
}

const Dealer* Directory::FindDealer(std::string_view text) const {
  const auto it = dealers_.find(Get(dealer_index_, text));
  return it == dealers_.end() ? nullptr : &it->second;
}
StaffId Directory::FindStaff(DealerId dealer, std::string_view text) const {
  const auto it = staff_.find(dealer.value);
  return it == staff_.end() ? StaffId() : StaffId(Get(it->second, text));
}
TeamId Directory::FindTeam(DealerId dealer, std::string_view text) const {
  const auto it = teams_.find(dealer.value);
  return it == teams_.end() ? TeamId() : TeamId(Get(it->second, text));
}
RegionId Directory::FindRegion(std::string_view text) const { return RegionId(Get(regions_, text)); }
int64_t Directory::FindMember(Dim dim, std::string_view code) const {
  return Get(members_[static_cast<size_t>(dim)], code);
}

void Directory::KeepDealers(const std::vector<DealerId>& dealers) {
  const std::set<DealerId> kept(dealers.begin(), dealers.end());
  const auto forget = [&kept](auto& by_dealer) {
    std::erase_if(by_dealer, [&kept](const auto& each) { return !kept.contains(DealerId(each.first)); });
  };
  forget(dealers_);
  forget(staff_);
  forget(teams_);
  // Anew, since a name that two dealers have may be one's own now.
  dealer_index_.clear();
  for (const auto& [id, dealer] : dealers_) Put(dealer_index_, dealer.code, dealer.name, id);
}

void Directory::Learn(const Dealer& dealer) {
  dealers_[dealer.id.value] = dealer;
  Put(dealer_index_, dealer.code, dealer.name, dealer.id.value);
}
void Directory::LearnStaff(DealerId dealer, StaffId staff, std::string_view code) {
  Put(staff_[dealer.value], code, code, staff.value);
}
void Directory::LearnTeam(DealerId dealer, TeamId team, std::string_view code) {
  Put(teams_[dealer.value], code, code, team.value);
}
void Directory::LearnRegion(RegionId region, std::string_view code) { Put(regions_, code, code, region.value); }
void Directory::LearnMember(Dim dim, int64_t id, std::string_view code) {
  Put(members_[static_cast<size_t>(dim)], code, code, id);
}

namespace {

std::vector<std::string> Keys(const auto& index) {
  std::vector<std::string> keys;
  for (const auto& [text, named] : index) keys.push_back(text);
  return keys;
}

}  // namespace

std::vector<std::string> Directory::DealerNames() const { return Keys(dealer_index_); }
std::vector<std::string> Directory::StaffNames(DealerId dealer) const {
  const auto it = staff_.find(dealer.value);
  return it == staff_.end() ? std::vector<std::string>{} : Keys(it->second);
}
std::vector<std::string> Directory::MemberCodes(Dim dim) const { return Keys(members_[static_cast<size_t>(dim)]); }

// ---- The organisation for the facts ----

Result<std::shared_ptr<const facts::OrgView>> DatabaseOrg::Current() {
  return remembered_.Get(database_, [this] { return Read(); });
}

Result<std::shared_ptr<const facts::OrgView>> DatabaseOrg::Read() {
  using View = std::shared_ptr<const facts::OrgView>;
  const std::lock_guard lock(mutex_);
  return database_.Read<View>([this](db::Connection& connection) -> Result<View> {
    db::Rows version = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
    version.Next();
    if (view_ != nullptr && version.Int(0) == version_) return view_;

    auto view = std::make_shared<facts::OrgView>();
    auto& labels = view->labels;
    const auto label = [&](Dim dim, int64_t id, std::string_view text) {
      labels[static_cast<size_t>(dim)][id] = std::string(text);
    };
    // The organisation's members are shown by name; where a dealer has two of one name, with the code behind it.
    const auto named = [&](std::string_view sql, std::initializer_list<Dim> dims) {
      std::map<std::pair<int64_t, std::string>, int> uses;
      std::vector<std::tuple<int64_t, int64_t, std::string, std::string>> found;
      db::Rows rows = connection.Query(sql);
      while (rows.Next()) {
        found.emplace_back(rows.Int(0), rows.Int(1), std::string(rows.Text(2)), std::string(rows.Text(3)));
        ++uses[{rows.Int(0), std::string(rows.Text(3))}];
      }
      for (const auto& [dealer, id, code, name] : found) {
        if (dims.begin()[0] == Dim::kTeam) view->dealers[dealer].teams.push_back(id);
        if (dims.begin()[0] == Dim::kStaff) view->dealers[dealer].staff.push_back(id);
        for (const Dim dim : dims) {
          label(dim, id, uses[{dealer, name}] > 1 ? name + " (" + code + ")" : name);
          if (code != name) view->codes[static_cast<size_t>(dim)].emplace(code, id);
        }
      }
    };
    named("SELECT 0, dealer_id, code, name FROM dealer", {Dim::kDealer});
    named("SELECT 0, region_id, code, name FROM region", {Dim::kRegion});
    named("SELECT dealer_id, team_id, code, name FROM team", {Dim::kTeam});
    named("SELECT dealer_id, staff_id, code, name FROM staff", {Dim::kStaff, Dim::kActor});
    for (const auto& [id, text] : labels[static_cast<size_t>(Dim::kDealer)]) view->dealers[id];
    db::Rows members = connection.Query("SELECT dim, member_id, code FROM member");
    while (members.Next()) {
      if (const auto dim = ParseDim(members.Text(0))) label(*dim, members.Int(1), members.Text(2));
    }
    db::Rows dealer_regions =
        connection.Query("SELECT dealer_id, from_day, region_id FROM dealer_region ORDER BY dealer_id, from_day");
    while (dealer_regions.Next()) {
      view->dealers[dealer_regions.Int(0)].region.push_back(
          {{static_cast<int32_t>(dealer_regions.Int(1))}, dealer_regions.Int(2)});
    }
    db::Rows staff_teams = connection.Query(
        "SELECT dealer_id, staff_id, from_day, team_id FROM staff_team ORDER BY dealer_id, staff_id, from_day");
    while (staff_teams.Next()) {
      view->dealers[staff_teams.Int(0)].team_of_staff[staff_teams.Int(1)].push_back(
          {{static_cast<int32_t>(staff_teams.Int(2))}, staff_teams.Int(3)});
    }
    for (auto& [id, dealer] : view->dealers) dealer.fingerprint = facts::Fingerprint(dealer);
    version_ = version.Int(0);
    view->version = version_;
    view_ = std::move(view);
    return view_;
  });
}

}  // namespace dealpace::org
