#include "access/audit.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>
#include <utility>

#include "access/canonical_json.h"
#include "access/files.h"
#include "access/secrets.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

constexpr int64_t kPage = 10'000;  // records read at once

std::string_view Text(const ChainHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

bool FromBytes(std::string_view bytes, ChainHash& hash) {
  if (bytes.size() != hash.size()) return false;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return true;
}

json::value ToJson(const db::Deed::Detail& detail) {
  return std::visit([](const auto& value) { return json::value_from(value); }, detail);
}

Result<std::string> RecordOf(const db::Deed& deed, int64_t seq, Instant now) {
  json::object record;
  record["act"] = deed.act;
  record["actor"] = std::to_string(deed.actor.value);
  if (deed.dealer.set()) record["dealer"] = std::to_string(deed.dealer.value);
  if (!deed.details.empty()) {
    json::object details;
    for (const auto& [name, detail] : deed.details) details[name] = ToJson(detail);
    record["detail"] = std::move(details);
  }
  record["obj"] = deed.object;
  record["seq"] = seq;
  record["ts"] = FormatInstant(now);
  return CanonicalJson(record);
}

// Whether the columns beside the record say what it says: its keys are sorted, so they stand in front and at its end.
bool Agrees(std::string_view record, DealerId dealer, int64_t seq, Instant at, int64_t actor, std::string_view act,
            std::string_view object) {
  std::string front = R"({"act":)" + *CanonicalJson(json::value(act));
  front += R"(,"actor":")" + std::to_string(actor) + "\",";
  if (dealer.set()) front += R"("dealer":")" + std::to_string(dealer.value) + "\",";
  std::string end = R"("obj":)" + *CanonicalJson(json::value(object));
  end += ",\"seq\":" + std::to_string(seq) + R"(,"ts":")" + FormatInstant(at) + "\"}";
  return record.starts_with(front) && record.ends_with(end) &&
         (dealer.set() || !record.substr(front.size()).starts_with("\"dealer\""));
}

// The chain's records behind `after` as far as a page goes; returns whether the check wants to see more.
bool CheckPage(db::Connection& connection, DealerId dealer, int64_t& after, ChainCheck& check) {
  db::Rows rows = connection.Query(
      "SELECT seq, at, actor, act, object, record, hash FROM audit_record WHERE dealer_id = ?1 AND seq > ?2 "
      "ORDER BY seq LIMIT ?3",
      dealer, after, kPage);
  int64_t count = 0;
  while (rows.Next()) {
    ++count;
    after = rows.Int(0);
    ChainHash hash{};
    if (!FromBytes(rows.Bytes(6), hash) ||
        !Agrees(rows.Text(5), dealer, after, {rows.Int(1)}, rows.Int(2), rows.Text(3), rows.Text(4))) {
      check.Alter();
      return false;
    }
    if (!check.Take(after, rows.Text(5), hash)) return false;
  }
  return count == kPage;
}

// Dealers with records, whether or not they have a head.
std::set<DealerId> ReadChains(db::Connection& connection) {
  std::set<DealerId> chains;
  int64_t after = -1;
  while (true) {
    db::Rows rows = connection.Query("SELECT min(dealer_id) FROM audit_record WHERE dealer_id > ?1", after);
    if (!rows.Next() || rows.IsNull(0)) return chains;
    after = rows.Int(0);
    chains.insert(DealerId(after));
  }
}

std::optional<int64_t> ParseInt(std::string_view text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A line of HeadsText.
bool ParseAnchor(std::string_view line, DealerId& dealer, ChainAnchor& anchor) {
  boost::system::error_code bad;
  const json::value value = json::parse(line, bad);
  const json::object* object = bad ? nullptr : value.if_object();
  if (object == nullptr) return false;
  const auto text = [&](std::string_view name) -> std::string_view {
    const json::value* found = object->if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  };
  const auto id = ParseInt(text("dealer"));
  const json::value* seq = object->if_contains("seq");
  if (!id || *id < 0 || seq == nullptr || !seq->is_int64() || !ParseHex(text("hash"), anchor.hash)) return false;
  dealer = DealerId(*id);
  anchor.seq = seq->get_int64();
  return anchor.seq > 0;
}

}  // namespace

std::string HexOf(const ChainHash& hash) {
  std::array<char, std::tuple_size_v<ChainHash> * 2 + 1> hex{};
  return sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
}

bool ParseHex(std::string_view hex, ChainHash& hash) {
  size_t bytes = 0;
  const char* end = nullptr;
  return hex.size() == hash.size() * 2 &&
         sodium_hex2bin(hash.data(), hash.size(), hex.data(), hex.size(), nullptr, &bytes, &end) == 0 &&
         bytes == hash.size() && end == hex.data() + hex.size();
}

ChainHasher::ChainHasher(const Key& key) {
  StartSodium();
  crypto_auth_hmacsha256_init(&keyed_, key.data(), key.size());
}

ChainHasher::~ChainHasher() { sodium_memzero(&keyed_, sizeof keyed_); }

ChainHash ChainHasher::operator()(const ChainHash& before, std::string_view record) const {
  crypto_auth_hmacsha256_state state = keyed_;
  crypto_auth_hmacsha256_update(&state, before.data(), before.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(record.data()), record.size());
  ChainHash hash{};
  crypto_auth_hmacsha256_final(&state, hash.data());
  sodium_memzero(&state, sizeof state);
  return hash;
}

int64_t CountDeeds(db::Connection& connection, AccountId actor, std::string_view act, Instant since) {
  db::Rows rows = connection.Query("SELECT count(*) FROM audit_record WHERE actor = ?1 AND at >= ?2 AND act = ?3",
                                   actor, since.ms, act);
  rows.Next();
  return rows.Int(0);
}

int64_t CountDeedsAlone(db::Connection& connection, AccountId actor, std::string_view act, Instant since) {
  connection.Execute("UPDATE account SET version = version WHERE account_id = ?1", actor);
  return CountDeeds(connection, actor, act, since);
}

Status AppendAudit(db::Connection& connection, const ChainHasher& hasher, const db::Deed& deed, Instant now) {
  int64_t seq = 0;
  ChainHash before{};
  {
    // Locks the head, and leaves the hash before in it until the new one is known.
    db::Rows rows = connection.Query(
        "INSERT INTO audit_head (dealer_id, seq, at, hash) VALUES (?1, 1, ?2, ?3) "
        "ON CONFLICT (dealer_id) DO UPDATE SET seq = audit_head.seq + 1, at = excluded.at RETURNING seq, hash",
        deed.dealer, now.ms, db::Blob{Text(before)});
    if (!rows.Next() || !FromBytes(rows.Bytes(1), before))
      return Error("audit_head_bad").With("dealer", deed.dealer.value);
    seq = rows.Int(0);
  }
  ASSIGN_OR_RETURN(const std::string record, RecordOf(deed, seq, now));
  const ChainHash hash = hasher(before, record);
  connection.ExecuteLater(
      "INSERT INTO audit_record (dealer_id, seq, at, actor, act, object, record, hash) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      deed.dealer, seq, now.ms, deed.actor, deed.act, deed.object, record, db::Blob{Text(hash)});
  connection.ExecuteLater("UPDATE audit_head SET hash = ?2 WHERE dealer_id = ?1", deed.dealer, db::Blob{Text(hash)});
  return {};
}

// ---- Checking ----

std::string_view FindingName(ChainFinding finding) {
  switch (finding) {
    case ChainFinding::kIntact: return "intact";
    case ChainFinding::kAltered: return "altered";
    case ChainFinding::kMissingTail: return "missing_tail";
    case ChainFinding::kAnchorMismatch: return "anchor_mismatch";
    case ChainFinding::kExtraTail: return "extra_tail";
  }
  return {};
}

ChainCheck::ChainCheck(const ChainHasher& hasher, std::vector<ChainAnchor> anchors)
    : hasher_(hasher), anchors_(std::move(anchors)), differs_(anchors_.size()) {}

bool ChainCheck::Take(int64_t seq, std::string_view record, const ChainHash& hash) {
  if (altered_) return false;
  const ChainHash expected = hasher_(hash_, record);
  altered_ = seq != last_ + 1 || hash != expected;
  if (altered_) return false;
  ++last_;
  hash_ = expected;
  for (size_t i = 0; i < anchors_.size(); ++i) {
    if (anchors_[i].seq == seq) differs_[i] = anchors_[i].hash != hash;
  }
  return true;
}

ChainVerdict ChainCheck::End() const {
  if (altered_) return {ChainFinding::kAltered, last_ + 1, last_};
  for (const ChainAnchor& anchor : anchors_) {
    if (last_ < anchor.seq) return {ChainFinding::kMissingTail, last_ + 1, last_};
  }
  for (size_t i = 0; i < anchors_.size(); ++i) {
    if (differs_[i]) return {ChainFinding::kAnchorMismatch, anchors_[i].seq, last_};
  }
  for (const ChainAnchor& anchor : anchors_) {
    if (anchor.closed && last_ > anchor.seq) return {ChainFinding::kExtraTail, anchor.seq + 1, last_};
  }
  return {ChainFinding::kIntact, 0, last_};
}

// ---- The log in the store ----

std::vector<ChainHead> ReadHeads(db::Connection& connection) {
  std::vector<ChainHead> heads;
  db::Rows rows = connection.Query("SELECT dealer_id, seq, at, hash FROM audit_head ORDER BY dealer_id");
  while (rows.Next()) {
    ChainHead head{DealerId(rows.Int(0)), rows.Int(1), {}, {rows.Int(2)}};
    (void)FromBytes(rows.Bytes(3), head.hash);  // else zeros, which no record has
    heads.push_back(head);
  }
  return heads;
}

std::string HeadsText(const std::vector<ChainHead>& heads) {
  std::string text;
  for (const ChainHead& head : heads) {
    json::object line;
    line["dealer"] = std::to_string(head.dealer.value);
    line["seq"] = head.seq;
    line["hash"] = HexOf(head.hash);
    line["at"] = FormatInstant(head.at);
    text += json::serialize(line) + "\n";
  }
  return text;
}

Result<std::map<DealerId, ChainAnchor>> ParseAnchors(std::string_view text) {
  std::map<DealerId, ChainAnchor> anchors;
  int line_number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++line_number;
    if (Trim(line).empty()) continue;
    DealerId dealer;
    ChainAnchor anchor;
    if (!ParseAnchor(line, dealer, anchor) || !anchors.emplace(dealer, anchor).second) {
      return Error("audit_anchor_bad").With("line", line_number);
    }
  }
  return anchors;
}

Status KeepHeads(db::Database& database, const std::filesystem::path& folder, Day day) {
  const std::filesystem::path path = folder / (FormatDay(day) + ".json");
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) return {};
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error("folder_unwritable").With("path", folder.string()).With("detail", failed.message());
  using Heads = std::vector<ChainHead>;
  ASSIGN_OR_RETURN(const Heads heads, database.Read<Heads>([](db::Connection& connection) -> Result<Heads> {
    return ReadHeads(connection);
  }));
  RETURN_IF_ERROR(PutFile(path, HeadsText(heads), Existing::kKeep));
  return {};
}

Result<std::vector<CheckedChain>> CheckAudit(db::Database& database, const ChainHasher& hasher,
                                             const std::map<DealerId, ChainAnchor>& anchors) {
  using Chains = std::set<DealerId>;
  ASSIGN_OR_RETURN(Chains chains, database.Read<Chains>([](db::Connection& connection) -> Result<Chains> {
    Chains found = ReadChains(connection);
    for (const ChainHead& head : ReadHeads(connection)) found.insert(head.dealer);
    return found;
  }));
  for (const auto& [dealer, anchor] : anchors) chains.insert(dealer);

  std::vector<CheckedChain> checked;
  for (const DealerId dealer : chains) {
    // Each chain on a view of its own, so that none is held for as long as all of them take.
    ASSIGN_OR_RETURN(
        CheckedChain chain, database.Read<CheckedChain>([&](db::Connection& connection) -> Result<CheckedChain> {
          CheckedChain one{dealer};
          ChainAnchor head{.closed = true};  // without one there should be no records
          {
            db::Rows rows = connection.Query("SELECT seq, at, hash FROM audit_head WHERE dealer_id = ?1", dealer);
            if (rows.Next()) {
              head.seq = one.length = rows.Int(0);
              one.at = {rows.Int(1)};
              (void)FromBytes(rows.Bytes(2), head.hash);
            }
          }
          std::vector<ChainAnchor> known{head};
          if (const auto anchor = anchors.find(dealer); anchor != anchors.end()) {
            known.push_back(anchor->second);
          }
          ChainCheck check(hasher, std::move(known));
          int64_t after = 0;
          while (CheckPage(connection, dealer, after, check)) {
          }
          one.verdict = check.End();
          return one;
        }));
    checked.push_back(chain);
  }
  return checked;
}

std::string FormatPlace(const AuditPlace& place) {
  return std::to_string(place.at.ms) + "-" + std::to_string(place.dealer.value) + "-" + std::to_string(place.seq);
}

Result<AuditPlace> ParsePlace(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '-');
  if (parts.size() == 3) {
    const auto at = ParseInt(parts[0]);
    const auto dealer = ParseInt(parts[1]);
    const auto seq = ParseInt(parts[2]);
    if (at && dealer && seq) return AuditPlace{{*at}, DealerId(*dealer), *seq};
  }
  return Error("bad_cursor").With("text", text);
}

std::vector<AuditRecord> ListAudit(db::Connection& connection, const AuditFilter& filter,
                                   const std::optional<AuditPlace>& after, int64_t limit) {
  std::string where;
  std::vector<db::Value> values;
  const auto add = [&](std::string_view condition, db::Value value) {
    values.push_back(value);
    where.append(where.empty() ? " WHERE " : " AND ")
        .append(condition)
        .append(" ?")
        .append(std::to_string(values.size()));
  };
  if (filter.dealer) add("dealer_id =", *filter.dealer);
  if (filter.actor) add("actor =", *filter.actor);
  if (!filter.act.empty()) add("act =", filter.act);
  if (!filter.object.empty()) add("object =", filter.object);
  if (filter.from) add("at >=", filter.from->ms);
  if (filter.to) add("at <", filter.to->ms);
  if (after) {
    add("(at, dealer_id, seq) < (", after->at.ms);
    values.emplace_back(after->dealer);
    values.emplace_back(after->seq);
    where += ", ?" + std::to_string(values.size() - 1) + ", ?" + std::to_string(values.size()) + ")";
  }
  values.emplace_back(limit);
  const std::string sql = "SELECT dealer_id, seq, at, actor, act, object, record FROM audit_record" + where +
                          " ORDER BY at DESC, dealer_id DESC, seq DESC LIMIT ?" + std::to_string(values.size());
  std::vector<AuditRecord> records;
  db::Rows rows = connection.QueryValues(sql, values);
  while (rows.Next()) {
    AuditRecord record{
        DealerId(rows.Int(0)),     rows.Int(1), {rows.Int(2)}, AccountId(rows.Int(3)), std::string(rows.Text(4)),
        std::string(rows.Text(5)), {}};
    boost::system::error_code bad;
    const json::value value = json::parse(rows.Text(6), bad);
    if (!bad && value.is_object()) {
      if (const json::value* detail = value.get_object().if_contains("detail")) {
        record.detail = json::serialize(*detail);
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace dealpace::access
