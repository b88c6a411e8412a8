#include "org/change.h"

#include "catalog/text_rules.h"

namespace dealpace::org {
namespace {

struct KindFacts {
  std::string_view name;    // as errors name it
  std::string_view select;  // code and name
  std::string_view same_code;
  std::string_view update;
};

// ?1 the dealer, ?2 the unit.
const KindFacts& FactsOf(UnitKind kind) {
  static constexpr KindFacts kRegion = {"region", "SELECT code, name FROM region WHERE region_id = ?2 AND ?1 >= 0",
                                        "SELECT region_id FROM region WHERE code = ?3 AND region_id <> ?2 AND ?1 >= 0",
                                        "UPDATE region SET code = ?3, name = ?4 WHERE region_id = ?2 AND ?1 >= 0"};
  static constexpr KindFacts kDealer = {"dealer", "SELECT code, name FROM dealer WHERE dealer_id = ?2 AND ?1 >= 0",
                                        "SELECT dealer_id FROM dealer WHERE code = ?3 AND dealer_id <> ?2 AND ?1 >= 0",
                                        "UPDATE dealer SET code = ?3, name = ?4 WHERE dealer_id = ?2 AND ?1 >= 0"};
  static constexpr KindFacts kTeam = {"team", "SELECT code, name FROM team WHERE dealer_id = ?1 AND team_id = ?2",
                                      "SELECT team_id FROM team WHERE dealer_id = ?1 AND code = ?3 AND team_id <> ?2",
                                      "UPDATE team SET code = ?3, name = ?4 WHERE dealer_id = ?1 AND team_id = ?2"};
  static constexpr KindFacts kStaff = {
      "staff", "SELECT code, name FROM staff WHERE dealer_id = ?1 AND staff_id = ?2",
      "SELECT staff_id FROM staff WHERE dealer_id = ?1 AND code = ?3 AND staff_id <> ?2",
      "UPDATE staff SET code = ?3, name = ?4 WHERE dealer_id = ?1 AND staff_id = ?2"};
  switch (kind) {
    case UnitKind::kRegion: return kRegion;
    case UnitKind::kDealer: return kDealer;
    case UnitKind::kTeam: return kTeam;
    case UnitKind::kStaff: break;
  }
  return kStaff;
}

// Of the unit, in the chain of its dealer.
Status Note(db::Connection& connection, const db::Witness& witness, std::string_view act, const UnitRef& unit,
            std::vector<std::pair<std::string, db::Deed::Detail>> details = {}) {
  return witness.Note(connection, act, db::ObjectOf(FactsOf(unit.kind).name, unit.id), unit.dealer, std::move(details));
}

struct CodeAndName {
  std::string code;
  std::string name;
};

std::optional<CodeAndName> Read(db::Connection& connection, const UnitRef& unit) {
  db::Rows rows = connection.Query(FactsOf(unit.kind).select, unit.dealer, unit.id);
  if (!rows.Next()) return std::nullopt;
  return CodeAndName{std::string(rows.Text(0)), std::string(rows.Text(1))};
}

Status CheckDay(Day from, Day today) {
  const Day first = *FromCivil(1990, 1, 1);
  const Day last = AddMonths(today, 24);
  if (from >= first && from <= last) return {};
  return Error("day_out_of_range").With("first", FormatDay(first)).With("last", FormatDay(last));
}

// Books the move, having checked where to.
Status Book(db::Connection& connection, const UnitRef& unit, Day from, int64_t target) {
  const UnitKind kind = unit.kind == UnitKind::kDealer ? UnitKind::kRegion : UnitKind::kTeam;
  if (target != 0 && !Read(connection, {kind, unit.dealer, target})) {
    return Error("org_target_unknown").With("what", FactsOf(kind).name).With("id", target);
  }
  if (unit.kind == UnitKind::kDealer) {
    MoveDealer(connection, unit.dealer, from, RegionId(target));
  } else {
    MoveStaff(connection, unit.dealer, StaffId(unit.id), from, TeamId(target));
  }
  return {};
}

}  // namespace

int64_t OrgVersion(db::Connection& connection) {
  db::Rows rows = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
  return rows.Next() ? rows.Int(0) : 0;
}

Status ChangeUnit(db::Database& database, const UnitRef& unit, int64_t version, const UnitChange& change,
                  const db::Witness& witness) {
  UnitChange clean = change;
  if (clean.code) {
    ASSIGN_OR_RETURN(clean.code, catalog::LineOfText("code", *clean.code, kUnitTextMax));
    if (clean.code->empty()) return Error("code_missing").With("what", FactsOf(unit.kind).name);
  }
  if (clean.name) {
    ASSIGN_OR_RETURN(clean.name, catalog::LineOfText("name", *clean.name, kUnitTextMax));
    if (clean.name->empty()) return Error("unit_name_missing").With("field", "name");
  }
  if (clean.time_zone) RETURN_IF_ERROR(Zone::Find(*clean.time_zone));
  return database.Write<void>([&](db::Connection& connection) -> Status {
    // First of all, so that of two changes at once one waits here and then finds the version moved.
    const int64_t moved = connection.Execute(
        "UPDATE org_version SET version = version + 1 WHERE org_version_id = 1 AND version = ?1", version);
    const auto now = Read(connection, unit);
    if (!now) return Error("not_found");
    if (moved == 0) {
      return Error("edit_conflict").With("now", now->code + " " + now->name).With("version", OrgVersion(connection));
    }
    const std::string& code = clean.code ? *clean.code : now->code;
    if (connection.Query(FactsOf(unit.kind).same_code, unit.dealer, unit.id, code).Next()) {
      return Error("code_taken").With("what", FactsOf(unit.kind).name).With("code", code);
    }
    // Imports know their rows again by the dealer's code, among others.
    if (unit.kind == UnitKind::kDealer && code != now->code &&
        connection.Query("SELECT head FROM ledger_head WHERE dealer_id = ?1 AND head > 0", unit.dealer).Next()) {
      return Error("dealer_code_in_use").With("code", now->code).With("field", "code");
    }
    connection.Execute(FactsOf(unit.kind).update, unit.dealer, unit.id, code, clean.name ? *clean.name : now->name);
    if (clean.time_zone) {
      connection.Execute("UPDATE dealer SET time_zone = ?2 WHERE dealer_id = ?1", unit.dealer, *clean.time_zone);
    }
    // Which fields, not what they say: a name may be a person's.
    std::vector<std::string> fields;
    if (clean.code) fields.emplace_back("code");
    if (clean.name) fields.emplace_back("name");
    if (clean.time_zone) fields.emplace_back("time_zone");
    return Note(connection, witness, "org.change", unit, {{"fields", std::move(fields)}});
  });
}

Result<int64_t> AddUnit(db::Database& database, UnitKind kind, DealerId dealer, const UnitInput& input, Day today,
                        const db::Witness& witness) {
  ASSIGN_OR_RETURN(const std::string code, catalog::LineOfText("code", input.code, kUnitTextMax));
  ASSIGN_OR_RETURN(const std::string name, catalog::LineOfText("name", input.name, kUnitTextMax));
  ASSIGN_OR_RETURN(const std::string team_kind, catalog::LineOfText("kind", input.kind, kUnitTextMax));
  if (input.from) RETURN_IF_ERROR(CheckDay(*input.from, today));
  return database.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    const bool inside = kind == UnitKind::kTeam || kind == UnitKind::kStaff;
    if (inside && !Read(connection, {UnitKind::kDealer, dealer, dealer.value})) return Error("not_found");
    UnitRef made{kind, dealer, 0};
    if (kind == UnitKind::kRegion) {
      ASSIGN_OR_RETURN(const RegionId region, AddRegion(connection, code, name));
      made.id = region.value;
    } else if (kind == UnitKind::kTeam) {
      ASSIGN_OR_RETURN(const TeamId team, AddTeam(connection, dealer, code, name, team_kind));
      made.id = team.value;
    } else if (kind == UnitKind::kDealer) {
      ASSIGN_OR_RETURN(made.dealer,
                       AddDealer(connection, code, name, input.time_zone.empty() ? kDefaultTimeZone : input.time_zone));
      made.id = made.dealer.value;
    } else {
      ASSIGN_OR_RETURN(const StaffId staff, AddStaff(connection, dealer, code, name));
      made.id = staff.value;
    }
    const bool belongs = kind == UnitKind::kDealer || kind == UnitKind::kStaff;
    if (belongs && input.target != 0) {
      RETURN_IF_ERROR(Book(connection, made, input.from.value_or(kFirstDay), input.target));
    }
    RETURN_IF_ERROR(Note(connection, witness, "org.add", made));
    return made.id;
  });
}

Status MoveUnit(db::Database& database, const UnitRef& unit, Day from, int64_t target, Day today,
                const db::Witness& witness) {
  RETURN_IF_ERROR(CheckDay(from, today));
  return database.Write<void>([&](db::Connection& connection) -> Status {
    if (!Read(connection, unit)) return Error("not_found");
    RETURN_IF_ERROR(Book(connection, unit, from, target));
    return Note(connection, witness, "org.move", unit, {{"from", FormatDay(from)}, {"to", std::to_string(target)}});
  });
}

}  // namespace dealpace::org
