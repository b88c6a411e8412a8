#pragma once

#include <array>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "ledger/entry.h"
#include "tests/property/random.h"
#include "tests/support/memory_ledger.h"

// Made-up histories that hold all that makes derivation hard: several dealers that share lead codes, people who change
// teams and leave, dealers that change regions, leads with several attempts that are told out of order, late starts,
// entries at the same instant, hand-overs, counts without a lead, readings of levels, negative quantities, duplicates,
// corrections.
namespace dealpace::test {

// A history speaks of dealers, staff and members by number, so that it can be told to any store.
struct History {
  // From a day on, a person is in a team, or the dealer in a region.
  struct Move {
    int dealer = 0;
    int staff = -1;  // -1: the dealer itself
    Day from{};
    int to = -1;  // team or region; -1: none
  };
  // An entry in which actor and members are numbers from 1 (0: not named), or a reversal of an earlier one.
  struct Said {
    int dealer = 0;
    ledger::NewEntry entry;
    Instant recorded_at{};
    int reverses = -1;  // position in `said`
  };

  int dealers = 3;
  int staff = 5;    // of each dealer: "s0" …; the first two have the same name
  int teams = 3;    // of each dealer: "t0" …
  int regions = 3;  // "r0" …
  std::array<std::vector<std::string>, kMemberDimCount> members;  // codes
  std::vector<Move> moves;
  std::vector<Said> said;   // by recorded_at
  Period period{};          // most of it lies within
  std::vector<int> events;  // that occur, without repetition
};
[[nodiscard]] History MakeHistory(const catalog::Catalog& catalog, uint64_t seed, int leads = 50, int dealers = 3);

// The same entries in another order in which they can arrive: reversals after what they reverse, readings of a level
// in their own order, since of a day's readings the last recorded one holds.
[[nodiscard]] std::vector<int> ShuffledOrder(const catalog::Catalog& catalog, const History& history, Random& random);

// What the numbers of a history became in a store.
struct Ids {
  std::vector<DealerId> dealers;
  std::vector<std::vector<StaffId>> staff;
  std::vector<std::vector<TeamId>> teams;
  std::vector<RegionId> regions;
  std::array<std::vector<int64_t>, kMemberDimCount> members;

  [[nodiscard]] ledger::NewEntry EntryOf(const History::Said& said) const;
  // The ids of all that has this code: there is a "t0" at every dealer.
  [[nodiscard]] std::vector<int64_t> Find(const History& history, Dim dim, const std::string& code) const;
};
// Codes of a dimension's members.
[[nodiscard]] std::vector<std::string> CodesOf(const History& history, Dim dim);

// ---- In memory ----

[[nodiscard]] Ids TellOrg(const History& history, MemoryOrg& org);
void TellMove(const Ids& ids, const History::Move& move, MemoryOrg& org);
// Tells the entries named by `order` from position `from` until before `to`; `seqs` remembers what they became.
void Tell(const History& history, const Ids& ids, const std::vector<int>& order, size_t from, size_t to,
          MemoryLedger& ledger, std::vector<int64_t>& seqs);

// ---- In a database: each throws std::runtime_error where it fails ----

[[nodiscard]] Ids TellOrg(const History& history, db::Database& database);
void TellMove(const Ids& ids, const History::Move& move, db::Database& database);
// Where entries lie in the ledger: which changes nothing, so most tests have both.
enum class Lies { kMixed, kOneByOne };
void Tell(const History& history, const Ids& ids, const catalog::Catalog& catalog, size_t from, size_t to,
          db::Database& database, std::vector<int64_t>& seqs, Lies lies = Lies::kMixed);

}  // namespace dealpace::test
