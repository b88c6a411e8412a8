#include "org/tree.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace dealpace::org {
namespace {

// The dealer's day; UTC for a zone that this system does not know.
class Days {
 public:
  explicit Days(Instant now) : now_(now) {}
  Day In(const std::string& zone) {
    const auto [it, fresh] = days_.try_emplace(zone);
    if (fresh) {
      const auto found = Zone::Find(zone);
      it->second = found.ok() ? found->DayOf(now_) : Day{static_cast<int32_t>(now_.ms / 86'400'000)};
    }
    return it->second;
  }

 private:
  Instant now_;
  std::map<std::string, Day> days_;
};

void ByCode(auto& units) {
  std::sort(units.begin(), units.end(),
            [](const Unit& a, const Unit& b) { return std::tie(a.code, a.id) < std::tie(b.code, b.id); });
}

void WriteId(JsonWriter& json, std::string_view key, int64_t id) {
  json.Key(key);
  id == 0 ? json.Null() : json.String(std::to_string(id));
}

void WriteUnit(JsonWriter& json, const Unit& unit) {
  json.BeginObject();
  WriteId(json, "id", unit.id);
  json.Field("code", unit.code).Field("name", unit.name);
}

void WriteHistory(JsonWriter& json, std::string_view key, const facts::History& history) {
  json.Key(key).BeginArray();
  for (const facts::Membership& membership : history) {
    json.BeginObject().Field("from", FormatDay(membership.from));
    WriteId(json, "target", membership.id);
    json.EndObject();
  }
  json.EndArray();
}

// Was in a team and is in none today.
bool HasLeft(const facts::History& history, Day today) {
  return !history.empty() && history.front().from <= today && facts::At(history, today) == 0;
}

}  // namespace

Tree ReadTree(db::Connection& connection) {
  Tree tree;
  {
    db::Rows rows = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
    if (rows.Next()) tree.version = rows.Int(0);
  }
  const auto text = [](const db::Rows& rows, int column) { return std::string(rows.Text(column)); };
  db::Rows regions = connection.Query("SELECT region_id, code, name FROM region");
  while (regions.Next()) tree.regions.push_back({regions.Int(0), text(regions, 1), text(regions, 2)});
  ByCode(tree.regions);

  std::map<int64_t, TreeDealer> dealers;
  db::Rows dealer_rows = connection.Query("SELECT dealer_id, code, name, time_zone FROM dealer");
  while (dealer_rows.Next()) {
    TreeDealer& dealer = dealers[dealer_rows.Int(0)];
    static_cast<Unit&>(dealer) = {dealer_rows.Int(0), text(dealer_rows, 1), text(dealer_rows, 2)};
    dealer.time_zone = text(dealer_rows, 3);
  }
  db::Rows heads = connection.Query("SELECT dealer_id, head FROM ledger_head");
  while (heads.Next()) dealers[heads.Int(0)].entries = heads.Int(1);
  db::Rows histories =
      connection.Query("SELECT dealer_id, from_day, region_id FROM dealer_region ORDER BY dealer_id, from_day");
  while (histories.Next()) {
    dealers[histories.Int(0)].regions.push_back({{static_cast<int32_t>(histories.Int(1))}, histories.Int(2)});
  }
  db::Rows teams = connection.Query("SELECT dealer_id, team_id, code, name, kind FROM team");
  while (teams.Next()) {
    dealers[teams.Int(0)].teams.push_back({{teams.Int(1), text(teams, 2), text(teams, 3)}, text(teams, 4)});
  }
  std::map<std::pair<int64_t, int64_t>, facts::History> of_staff;
  db::Rows moves = connection.Query(
      "SELECT dealer_id, staff_id, from_day, team_id FROM staff_team ORDER BY dealer_id, staff_id, from_day");
  while (moves.Next()) {
    of_staff[{moves.Int(0), moves.Int(1)}].push_back({{static_cast<int32_t>(moves.Int(2))}, moves.Int(3)});
  }
  db::Rows staff = connection.Query("SELECT dealer_id, staff_id, code, name FROM staff");
  while (staff.Next()) {
    const auto history = of_staff.find({staff.Int(0), staff.Int(1)});
    dealers[staff.Int(0)].staff.push_back({{staff.Int(1), text(staff, 2), text(staff, 3)},
                                           history == of_staff.end() ? facts::History{} : history->second});
  }
  for (auto& [id, dealer] : dealers) {
    ByCode(dealer.teams);
    ByCode(dealer.staff);
    tree.dealers.push_back(std::move(dealer));
  }
  ByCode(tree.dealers);
  return tree;
}

std::string TreeJson(const Tree& tree, Instant now) {
  Days days(now);
  JsonWriter json;
  json.BeginObject().Field("version", tree.version).Key("regions").BeginArray();
  for (const Unit& region : tree.regions) {
    WriteUnit(json, region);
    json.EndObject();
  }
  json.EndArray().Key("dealers").BeginArray();
  for (const TreeDealer& dealer : tree.dealers) {
    const Day today = days.In(dealer.time_zone);
    WriteUnit(json, dealer);
    json.Field("time_zone", dealer.time_zone);
    WriteId(json, "region", facts::At(dealer.regions, today));
    WriteHistory(json, "region_history", dealer.regions);
    json.Field("entries", dealer.entries).Key("teams").BeginArray();
    for (const TreeTeam& team : dealer.teams) {
      WriteUnit(json, team);
      json.Field("kind", team.kind).EndObject();
    }
    json.EndArray().Key("staff").BeginArray();
    for (const TreeStaff& person : dealer.staff) {
      WriteUnit(json, person);
      WriteId(json, "team", facts::At(person.teams, today));
      json.Field("left", HasLeft(person.teams, today));
      WriteHistory(json, "team_history", person.teams);
      json.EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return json.text();
}

std::string TreeTag(const Tree& tree, Instant now) {
  Days days(now);
  std::string shown;
  for (const TreeDealer& dealer : tree.dealers) {
    shown += std::to_string(dealer.id) + ":" + std::to_string(dealer.entries) + ":" +
             std::to_string(days.In(dealer.time_zone).value) + ";";
  }
  return std::to_string(HashText(shown).low);
}

Tree SeenBy(const Tree& tree, const RowScope& rows) {
  Tree seen;
  seen.version = tree.version;
  std::set<int64_t> regions;
  for (const TreeDealer& dealer : tree.dealers) {
    const RowScope::Part* part = rows.Find(DealerId(dealer.id));
    if (part == nullptr) continue;
    for (const facts::Membership& membership : dealer.regions) regions.insert(membership.id);
    TreeDealer& own = seen.dealers.emplace_back(dealer);
    if (part->whole) continue;
    own.entries = 0;
    const auto in_teams = [&](const TreeStaff& staff) {
      return std::any_of(staff.teams.begin(), staff.teams.end(), [&](const facts::Membership& membership) {
        return std::binary_search(part->teams.begin(), part->teams.end(), TeamId(membership.id));
      });
    };
    std::erase_if(own.staff, [&](const TreeStaff& staff) {
      return !std::binary_search(part->staff.begin(), part->staff.end(), StaffId(staff.id)) && !in_teams(staff);
    });
    std::erase_if(own.teams, [&](const TreeTeam& team) {
      return !std::binary_search(part->teams.begin(), part->teams.end(), TeamId(team.id)) &&
             std::none_of(own.staff.begin(), own.staff.end(), [&](const TreeStaff& staff) {
               return std::any_of(staff.teams.begin(), staff.teams.end(),
                                  [&](const facts::Membership& membership) { return membership.id == team.id; });
             });
    });
  }
  for (const Unit& region : tree.regions) {
    if (regions.contains(region.id)) seen.regions.push_back(region);
  }
  return seen;
}

Result<MembersFound> ListMembers(db::Database& database, const catalog::Catalog& catalog, const facts::OrgView& org,
                                 Dim dim, std::string_view search, size_t limit) {
  struct Candidate {
    MemberFound member;
    bool begins = false;
  };
  const std::string wanted = ToLower(Trim(search));
  std::vector<Candidate> found;
  const auto offer = [&](MemberFound member, const std::vector<std::string_view>& spellings) {
    Candidate candidate{std::move(member)};
    bool fits = false;
    const auto look = [&](std::string_view spelling) {
      const size_t at = ToLower(spelling).find(wanted);
      fits |= at != std::string::npos;
      candidate.begins |= at == 0;
    };
    look(candidate.member.text);
    for (const std::string_view spelling : spellings) look(spelling);
    if (fits) found.push_back(std::move(candidate));
  };

  std::unordered_multimap<int64_t, std::string_view> codes;  // of the organisation's
  for (const auto& [code, id] : org.codes[static_cast<size_t>(dim)]) codes.emplace(id, code);
  const auto codes_of = [&](int64_t id) {
    std::vector<std::string_view> own;
    const auto [from, to] = codes.equal_range(id);
    for (auto it = from; it != to; ++it) own.push_back(it->second);
    return own;
  };
  const auto& labels = org.labels[static_cast<size_t>(dim)];
  if (dim == Dim::kTeam || dim == Dim::kStaff || dim == Dim::kActor) {
    using Within = std::unordered_map<int64_t, int64_t>;
    ASSIGN_OR_RETURN(const Within within, database.Read<Within>([&](db::Connection& connection) -> Result<Within> {
      Within dealers;
      db::Rows rows = connection.Query(dim == Dim::kTeam ? "SELECT team_id, dealer_id FROM team ORDER BY dealer_id"
                                                         : "SELECT staff_id, dealer_id FROM staff ORDER BY dealer_id");
      while (rows.Next()) dealers.emplace(rows.Int(0), rows.Int(1));
      return dealers;
    }));
    for (const auto& [id, label] : labels) {
      const auto dealer = within.find(id);
      offer({id, label, nullptr, dealer == within.end() ? std::string() : org.Label(Dim::kDealer, dealer->second)},
            codes_of(id));
    }
  } else {
    for (const auto& [id, label] : labels) {
      MemberFound member{id, label, nullptr, {}};
      std::vector<std::string_view> spellings = codes_of(id);
      // A code and a member are the same where the code is spelled like the member.
      if (const catalog::Code* code = catalog.FindCode(dim, label); code != nullptr && code->code == label) {
        member.name = &code->name;
        spellings.insert(spellings.end(), {code->name.en, code->name.zh});
        spellings.insert(spellings.end(), code->synonyms.begin(), code->synonyms.end());
      }
      offer(std::move(member), spellings);
    }
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(!a.begins, std::string_view(a.member.text), std::string_view(a.member.within), a.member.id) <
           std::tuple(!b.begins, std::string_view(b.member.text), std::string_view(b.member.within), b.member.id);
  });
  MembersFound result;
  result.count = static_cast<int64_t>(found.size());
  if (found.size() > limit) found.resize(limit);
  for (Candidate& candidate : found) result.members.push_back(std::move(candidate.member));
  return result;
}

}  // namespace dealpace::org
