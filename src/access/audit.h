#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/key_file.h"
#include "base/days.h"
#include "db/audit.h"
#include "db/db.h"

// The audit log: who has done what, chained by hashes so that nothing can be changed or taken out unseen (methods M34).
// One chain for each dealer, and one for the network (dealer 0).
namespace dealpace::access {

using ChainHash = std::array<unsigned char, 32>;
[[nodiscard]] std::string HexOf(const ChainHash& hash);
// False when it is no hash.
[[nodiscard]] bool ParseHex(std::string_view hex, ChainHash& hash);

// HMAC-SHA-256, under the audit key, of the hash before and the record's text. The hash before the first record is
// zeros. Thread-safe.
class ChainHasher {
 public:
  explicit ChainHasher(const Key& key);
  ~ChainHasher();
  [[nodiscard]] ChainHash operator()(const ChainHash& before, std::string_view record) const;

 private:
  crypto_auth_hmacsha256_state keyed_;
};

// Adds a record to the chain of the deed's dealer, inside the caller's transaction: what was done and its record are
// committed together or not at all. Others who add to this chain wait until the transaction ends, so it is to be the
// last step. The record is the canonical JSON of
//
//   {"act":"account.change","actor":"17","dealer":"7","detail":{…},"obj":"account:18","seq":4,"ts":"2026-03-01T…Z"}
//
// without "dealer" for the network's and without "detail" where there is none. Ids are texts: they are larger than the
// numbers on which all programs agree.
[[nodiscard]] Status AppendAudit(db::Connection& connection, const ChainHasher& hasher, const db::Deed& deed,
                                 Instant now);

// How often somebody has done that since then, at whichever dealer.
[[nodiscard]] int64_t CountDeeds(db::Connection& connection, AccountId actor, std::string_view act, Instant since);
// The same for who is about to note one more in this transaction: others who count that account's so wait until it has
// ended, so a limit holds however many ask at once.
[[nodiscard]] int64_t CountDeedsAlone(db::Connection& connection, AccountId actor, std::string_view act, Instant since);

// ---- Checking ----

// What somebody else keeps of a chain: its head at some time.
struct ChainAnchor {
  int64_t seq = 0;
  ChainHash hash{};
  bool closed = false;  // the chain ended there, so that records after it do not belong to it
};

// What a check finds, in this order: the first that applies.
enum class ChainFinding {
  kIntact,
  kAltered,         // a record was changed, or one is missing before it
  kMissingTail,     // the chain ends before the anchor
  kAnchorMismatch,  // another record stands at the anchor: the whole chain was written anew
  kExtraTail,       // records after a closed anchor
};
[[nodiscard]] std::string_view FindingName(ChainFinding finding);  // "intact", "altered", "missing_tail" …

struct ChainVerdict {
  ChainFinding finding = ChainFinding::kIntact;
  int64_t seq = 0;      // the first that is wrong; 0 when intact
  int64_t checked = 0;  // records that are as they were written
};

// Checks one chain, record by record: any length in constant memory. Pure.
class ChainCheck {
 public:
  ChainCheck(const ChainHasher& hasher, std::vector<ChainAnchor> anchors);
  // The next record as it is stored. Nothing to look at any more once it returns false.
  bool Take(int64_t seq, std::string_view record, const ChainHash& hash);
  // The same where more than its text was found to be wrong.
  void Alter() { altered_ = true; }
  [[nodiscard]] ChainVerdict End() const;

 private:
  const ChainHasher& hasher_;
  std::vector<ChainAnchor> anchors_;
  std::vector<bool> differs_;  // by anchor: another record stands there
  int64_t last_ = 0;
  ChainHash hash_{};
  bool altered_ = false;
};

// ---- The log in the store ----

struct ChainHead {
  DealerId dealer;
  int64_t seq = 0;
  ChainHash hash{};
  Instant at;
};
// In order of dealer.
[[nodiscard]] std::vector<ChainHead> ReadHeads(db::Connection& connection);

// The heads as a file to be kept elsewhere: one line of JSON for each chain. And back; fails with audit_anchor_bad
// ("line").
[[nodiscard]] std::string HeadsText(const std::vector<ChainHead>& heads);
[[nodiscard]] Result<std::map<DealerId, ChainAnchor>> ParseAnchors(std::string_view text);

// Puts the heads into `folder`/YYYY-MM-DD.json, once a day: whoever takes the file away can tell later whether the log
// up to there was changed, even by somebody who has the key. Fails with folder_unwritable, storage_failed,
// storage_full.
[[nodiscard]] Status KeepHeads(db::Database& database, const std::filesystem::path& folder, Day day);

struct CheckedChain {
  DealerId dealer;
  ChainVerdict verdict;
  int64_t length = 0;  // seq of the head
  Instant at;          // of the head
};
// Checks every chain of the store against its own head and, where there is one, the anchor kept elsewhere.
[[nodiscard]] Result<std::vector<CheckedChain>> CheckAudit(db::Database& database, const ChainHasher& hasher,
                                                           const std::map<DealerId, ChainAnchor>& anchors = {});

// Which records; what is absent does not matter.
struct AuditFilter {
  std::optional<AccountId> actor;  // 0: the program itself
  std::string act;
  std::string object;
  std::optional<DealerId> dealer;  // 0: the network's chain
  std::optional<Instant> from;
  std::optional<Instant> to;  // not included
};
struct AuditRecord {
  DealerId dealer;
  int64_t seq = 0;
  Instant at;
  AccountId actor;
  std::string act;
  std::string object;
  std::string detail;  // JSON; empty where there is none
};
// The last one of a page; the next page goes on behind it.
struct AuditPlace {
  Instant at;
  DealerId dealer;
  int64_t seq = 0;
};
[[nodiscard]] std::string FormatPlace(const AuditPlace& place);
// Fails with bad_cursor.
[[nodiscard]] Result<AuditPlace> ParsePlace(std::string_view text);
// The newest first, at most `limit` of them, after `after`.
[[nodiscard]] std::vector<AuditRecord> ListAudit(db::Connection& connection, const AuditFilter& filter,
                                                 const std::optional<AuditPlace>& after, int64_t limit);

}  // namespace dealpace::access
