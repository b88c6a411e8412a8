#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/audit.h"
#include "org/org.h"

// Changes of the organisation by a person, checked: each is one transaction, and a refused one changes nothing. The
// witness tells the audit log of it.
namespace dealpace::org {

inline constexpr size_t kUnitTextMax = 120;  // characters of a code or name

enum class UnitKind { kRegion, kDealer, kTeam, kStaff };

// One unit. `dealer` is that of a team or person, and the dealer itself.
struct UnitRef {
  UnitKind kind{};
  DealerId dealer;
  int64_t id = 0;
};

// What is absent stays as it is.
struct UnitChange {
  std::optional<std::string> code;
  std::optional<std::string> name;
  std::optional<std::string> time_zone;  // of a dealer
};

// The version of the organisation, which moves with every change of it or of a member.
[[nodiscard]] int64_t OrgVersion(db::Connection& connection);

// Changes code, name or time zone. Fails with not_found, edit_conflict (the organisation has been changed since
// `version`; "now" says the unit's code and name), code_taken, code_missing, unit_name_missing, field_too_long,
// field_control_character, unknown_time_zone, dealer_code_in_use (its ledger has entries: imports know their rows again
// by the dealer's code).
[[nodiscard]] Status ChangeUnit(db::Database& database, const UnitRef& unit, int64_t version, const UnitChange& change,
                                const db::Witness& witness = {});

// What a new unit is given.
struct UnitInput {
  std::string code;
  std::string name;            // empty: the code
  std::string time_zone;       // of a dealer; empty: the usual one
  std::string kind = "sales";  // of a team
  int64_t target = 0;          // the region of a dealer, the team of a person; 0: none
  std::optional<Day> from;     // since when it belongs there; none: since ever
};
// Makes a unit; `dealer` for a team or person. Fails like ChangeUnit, and with org_target_unknown,
// day_out_of_range.
[[nodiscard]] Result<int64_t> AddUnit(db::Database& database, UnitKind kind, DealerId dealer, const UnitInput& input,
                                      Day today, const db::Witness& witness = {});

// From `from` on the dealer belongs to a region, or the person to a team; target 0: to none, which for a person means
// that he has left. Another move of the same day is replaced, one of a later day stays. Fails with not_found,
// org_target_unknown, day_out_of_range (from 1990 until two years from `today`).
[[nodiscard]] Status MoveUnit(db::Database& database, const UnitRef& unit, Day from, int64_t target, Day today,
                              const db::Witness& witness = {});

}  // namespace dealpace::org
