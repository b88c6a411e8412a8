#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/days.h"
#include "base/row_scope.h"
#include "catalog/catalog.h"
#include "facts/org_view.h"
#include "org/org.h"

// The organisation as it is shown and chosen from.
namespace dealpace::org {

struct Unit {
  int64_t id = 0;
  std::string code;
  std::string name;
};

struct TreeTeam : Unit {
  std::string kind;
};
struct TreeStaff : Unit {
  facts::History teams;
};
struct TreeDealer : Unit {
  std::string time_zone;
  facts::History regions;
  int64_t entries = 0;  // in its ledger, reversals included
  std::vector<TreeTeam> teams;
  std::vector<TreeStaff> staff;
};

// One state of the organisation; units in order of code.
struct Tree {
  int64_t version = 0;
  std::vector<Unit> regions;
  std::vector<TreeDealer> dealers;
};
[[nodiscard]] Tree ReadTree(db::Connection& connection);

// What of it somebody sees: his dealers with the regions that they were ever in, and of each his teams and people. Of a
// dealer that he does not see whole nothing is counted.
[[nodiscard]] Tree SeenBy(const Tree& tree, const RowScope& rows);

// Schema Org of docs/openapi.yaml. "Today" is the day at `now` where the dealer is.
[[nodiscard]] std::string TreeJson(const Tree& tree, Instant now);
// Stands for what TreeJson shows besides the version: the same text gives the same.
[[nodiscard]] std::string TreeTag(const Tree& tree, Instant now);

// A member of a dimension, to filter by.
struct MemberFound {
  int64_t id = 0;
  std::string text;                 // as answers name it
  const Bilingual* name = nullptr;  // of the code list; borrowed from the catalogue
  std::string within;               // the dealer of a team or person, as answers name it
};
struct MembersFound {
  int64_t count = 0;  // that fit, also those beyond the limit
  std::vector<MemberFound> members;
};
// The members whose text, code, or name or synonym in the code lists holds `search` (letter case of Latin aside; empty:
// all): first those that begin with it, then in order of text.
[[nodiscard]] Result<MembersFound> ListMembers(db::Database& database, const catalog::Catalog& catalog,
                                               const facts::OrgView& org, Dim dim, std::string_view search,
                                               size_t limit);

}  // namespace dealpace::org
