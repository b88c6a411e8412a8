#pragma once

#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"

// Is the ledger whole? What the ledger promises (design: a sales ledger), looked at row by row in SQL.
namespace dealpace::ledger {

// What was looked at and what was found. A finding is an Error with a code below and the arguments "dealer" (its
// code, or #id when it has none) and "seq"; more arguments as noted.
//
//   verify_gap                 "seq" is missing, the first of the "count" that are
//   verify_number_twice        "seq" is the number of "count" entries
//   verify_block_damaged       the block of entries up to "seq" cannot be read; they are missing from all that follows
//   verify_head                "head" says another last entry than the "seq" that there is
//   verify_orphan_dealer       entries of a dealer that does not exist
//   verify_orphan_actor        "actor" is no member of the dealer's staff
//   verify_orphan_member       "member" of the dimension "dim" does not exist
//   verify_orphan_batch        "batch" does not exist
//   verify_unknown_event       the catalogue has no "event", or has it as derived: such entries are not counted
//   verify_reversal_missing    takes back "reverses", which is no earlier entry, or is itself a reversal
//   verify_reversal_content    is not the exact opposite of what it takes back, "reverses"
//   verify_reversed_twice      taken back "count" times
//   verify_duplicate_key       its key is live once more, at "other"
//   verify_key_missing         has a key by which it cannot be found
//   verify_open_batch          no corruption: the import "batch" of "file" broke off, and waits for being resumed or
//                              taken back (no dealer, no seq)
struct Verification {
  int64_t dealers = 0;
  int64_t entries = 0;
  std::vector<Error> findings;
  bool cut_off = false;  // there is more of some kind than kFindingsMax
};
inline constexpr int kFindingsMax = 100;  // of each kind

// Throws DbError. Inside a Read it sees one state of the ledger. Reads the whole ledger several times.
[[nodiscard]] Verification Verify(db::Connection& connection, const catalog::Catalog& catalog);

// Whether a finding means damage; an import that broke off does not.
[[nodiscard]] bool IsDamage(const Error& finding);

}  // namespace dealpace::ledger
