#include "privacy/store.h"

#include <algorithm>
#include <map>
#include <set>

#include "catalog/text_rules.h"
#include "leads/attachment_homes.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::privacy {
namespace {

constexpr size_t kEvidenceMax = 200;  // characters
constexpr std::string_view kAll = "all";

Error NoPurpose(std::string_view purpose, const Policy& policy) {
  return Error("purpose_unknown").With("purpose", purpose.substr(0, 100)).With("known", IdsOf(policy.purposes()));
}

std::vector<Block> ReadBlocks(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids) {
  leads::Where where(dealer);
  const std::string of = AnyOf(where, "customer_id", ids);
  std::vector<Block> blocks;
  std::set<std::string, std::less<>> known;
  db::Rows rows = connection.QueryValues(
      "SELECT channel, reason, set_at, set_by FROM customer_block WHERE dealer_id = ?1 AND lifted_at IS NULL AND " +
          of + " ORDER BY block_id DESC",
      where.values());
  while (rows.Next()) {
    if (!known.insert(std::string(rows.Text(0))).second) continue;
    blocks.push_back({std::string(rows.Text(0)), std::string(rows.Text(1)), {rows.Int(2)}, std::string(rows.Text(3))});
  }
  return blocks;
}

// With what the reason is called.
Error Held(std::string_view hold, const Policy& policy) {
  const Choice* choice = FindById(policy.holds(), hold);
  const std::string_view en = choice == nullptr ? hold : std::string_view(choice->name.en);
  const std::string_view zh = choice == nullptr ? hold : std::string_view(choice->name.zh);
  return Error("legal_hold").With("reason", en).With("reason_zh", zh).With("hold", hold);
}

access::Vault::Place PlaceOf(DealerId dealer, ConsentId consent) {
  return {access::SealedField::kConsentEvidence, consent.value, dealer.value};
}

}  // namespace

std::string AnyOf(leads::Where& where, std::string_view column, const std::vector<CustomerId>& ids) {
  if (ids.empty()) return "1 = 0";
  std::string condition(column);
  condition += " IN (";
  for (size_t i = 0; i < ids.size(); ++i) condition += (i == 0 ? "" : ", ") + where.Add(ids[i]);
  return condition + ")";
}

std::string_view ConsentStateName(ConsentState state) {
  switch (state) {
    case ConsentState::kGiven: return "given";
    case ConsentState::kWithdrawn: return "withdrawn";
    case ConsentState::kExpired: return "expired";
    case ConsentState::kNever: break;
  }
  return "never";
}

std::string_view ContactName(Contact contact) {
  switch (contact) {
    case Contact::kAnonymised: return "anonymised";
    case Contact::kBlocked: return "no_contact";
    case Contact::kNever: return "consent_never";
    case Contact::kWithdrawn: return "consent_withdrawn";
    case Contact::kExpired: return "consent_expired";
    case Contact::kMay: break;
  }
  return "";
}

// ---- Reading ----

std::vector<Consent> Store::ReadConsents(db::Connection& connection, DealerId dealer,
                                         const std::vector<CustomerId>& ids, const Zone& zone) const {
  leads::Where where(dealer);
  const std::string of = AnyOf(where, "customer_id", ids);
  std::vector<Consent> consents;
  db::Rows rows = connection.QueryValues(
      "SELECT consent_id, purpose, text_version, way, given_at, recorded_by, evidence, withdrawn_at, withdrawn_way, "
      "withdrawn_by FROM consent WHERE dealer_id = ?1 AND " +
          of + " ORDER BY given_at DESC, consent_id DESC",
      where.values());
  while (rows.Next()) {
    Consent consent;
    consent.id = ConsentId(rows.Int(0));
    consent.purpose = rows.Text(1);
    consent.text_version = static_cast<int>(rows.Int(2));
    consent.way = rows.Text(3);
    consent.given_at = {rows.Int(4)};
    consent.recorded_by = rows.Text(5);
    consent.has_evidence = !rows.IsNull(6);
    if (const auto at = rows.OptionalInt(7)) consent.withdrawn_at = Instant{*at};
    consent.withdrawn_way = rows.Text(8);
    consent.withdrawn_by = rows.Text(9);
    const Purpose* purpose = policy_.FindPurpose(consent.purpose);
    if (purpose != nullptr && purpose->months) {
      consent.until = AddMonths(zone.DayOf(consent.given_at), *purpose->months);
    }
    consents.push_back(std::move(consent));
  }
  return consents;
}

Standing Store::StandingOf(const Purpose& purpose, const std::vector<Consent>& consents, Day day,
                           const Zone& zone) const {
  Standing standing{purpose.id, ConsentState::kNever, {}};
  for (const Consent& consent : consents) {
    // What was given later says nothing about that day.
    if (consent.purpose != purpose.id || zone.DayOf(consent.given_at) > day) continue;
    standing.last = consent;
    if (consent.withdrawn_at && zone.DayOf(*consent.withdrawn_at) <= day) {
      standing.state = ConsentState::kWithdrawn;
    } else if (consent.until && *consent.until < day) {
      standing.state = ConsentState::kExpired;
    } else {
      standing.state = ConsentState::kGiven;
    }
    break;
  }
  return standing;
}

Result<CustomerPrivacy> Store::Get(const Asker& asker, CustomerId id, Instant now) {
  return database_.Read<CustomerPrivacy>([&](db::Connection& connection) -> Result<CustomerPrivacy> {
    ASSIGN_OR_RETURN(const leads::Seen seen, customers_.See(connection, asker, id, now));
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    CustomerPrivacy privacy;
    privacy.customer = seen.id;
    privacy.consents = ReadConsents(connection, asker.dealer, seen.all(), zone);
    for (const Purpose& purpose : policy_.purposes()) {
      privacy.standings.push_back(StandingOf(purpose, privacy.consents, seen.today, zone));
    }
    privacy.blocks = ReadBlocks(connection, asker.dealer, seen.all());
    {
      leads::Where where(asker.dealer);
      const std::string of = AnyOf(where, "customer_id", seen.all());
      db::Rows rows = connection.QueryValues(
          "SELECT reason, set_at, set_by FROM legal_hold WHERE dealer_id = ?1 AND lifted_at IS NULL AND " + of +
              " ORDER BY hold_id DESC LIMIT 1",
          where.values());
      if (rows.Next()) {
        privacy.hold = Hold{std::string(rows.Text(0)), {rows.Int(1)}, std::string(rows.Text(2))};
      }
    }
    db::Rows rows = connection.Query("SELECT version FROM customer_privacy WHERE dealer_id = ?1 AND customer_id = ?2",
                                     asker.dealer, seen.id);
    if (rows.Next()) privacy.version = rows.Int(0);
    return privacy;
  });
}

// ---- Writing ----

Result<leads::Seen> Store::Begin(db::Connection& connection, const Asker& asker, CustomerId id, int64_t version,
                                 Instant now) const {
  ASSIGN_OR_RETURN(leads::Seen seen, customers_.See(connection, asker, id, now));
  if (seen.anonymised_at) return Error("customer_anonymised");
  // Of two changes at once one waits here and then finds the version moved.
  const int64_t moved =
      version == 0 ? connection.Execute(
                         "INSERT INTO customer_privacy (dealer_id, customer_id, version, changed_at, changed_by) "
                         "VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (dealer_id, customer_id) DO NOTHING",
                         asker.dealer, seen.id, now.ms, asker.by)
                   : connection.Execute(
                         "UPDATE customer_privacy SET version = version + 1, changed_at = ?4, changed_by = ?5 "
                         "WHERE dealer_id = ?1 AND customer_id = ?2 AND version = ?3",
                         asker.dealer, seen.id, version, now.ms, asker.by);
  if (moved == 1) return seen;
  db::Rows rows =
      connection.Query("SELECT version, changed_by FROM customer_privacy WHERE dealer_id = ?1 AND customer_id = ?2",
                       asker.dealer, seen.id);
  const bool known = rows.Next();
  return Error("edit_conflict").With("by", known ? rows.Text(1) : "").With("version", known ? rows.Int(0) : 0);
}

Status Store::Check(const ConsentInput& input, Instant now) const {
  const Purpose* purpose = policy_.FindPurpose(input.purpose);
  if (purpose == nullptr) return NoPurpose(input.purpose, policy_);
  if (input.text_version != purpose->version()) {
    return Error("consent_text_old").With("version", input.text_version).With("current", purpose->version());
  }
  RETURN_IF_ERROR(CheckChoice("way", input.way, policy_.ways()));
  if (purpose->needs_evidence() && Trim(input.evidence).empty()) return Error("consent_evidence_missing");
  if (input.given_at && *input.given_at > now) return Error("consent_in_future");
  ASSIGN_OR_RETURN(const std::string evidence, catalog::LineOfText("evidence", input.evidence, kEvidenceMax));
  return leads::CheckNoForbiddenNumber("evidence", evidence);
}

Result<ConsentId> Store::Insert(db::Connection& connection, const Asker& asker, const db::Witness& witness,
                                CustomerId id, const ConsentInput& input, Instant now) const {
  RETURN_IF_ERROR(Check(input, now));
  const Bilingual& text = policy_.FindPurpose(input.purpose)->texts.back();
  {
    connection.Execute(
        "INSERT INTO consent_text (purpose, text_version, en, zh, kept_at) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (purpose, text_version) DO NOTHING",
        input.purpose, input.text_version, text.en, text.zh, now.ms);
    db::Rows rows = connection.Query("SELECT en, zh FROM consent_text WHERE purpose = ?1 AND text_version = ?2",
                                     input.purpose, input.text_version);
    // What somebody has agreed to must stay what it was.
    if (rows.Next() && (rows.Text(0) != text.en || rows.Text(1) != text.zh)) {
      return Error("consent_text_changed").With("purpose", input.purpose).With("version", input.text_version);
    }
  }
  const ConsentId consent(NewId());
  const std::string words(Trim(input.evidence));
  std::string evidence;
  if (!words.empty()) {
    ASSIGN_OR_RETURN(evidence, vault_.Seal(connection, PlaceOf(asker.dealer, consent), words));
  }
  connection.Execute(
      "INSERT INTO consent (dealer_id, consent_id, customer_id, purpose, text_version, way, given_at, recorded_at, "
      "recorded_by, evidence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      asker.dealer, consent, id, input.purpose, input.text_version, input.way, input.given_at.value_or(now).ms, now.ms,
      asker.by, evidence.empty() ? db::Value() : db::Value(db::Blob{evidence}));
  RETURN_IF_ERROR(witness.Note(connection, "consent.give", db::ObjectOf("customer", id.value), asker.dealer,
                               {{"purpose", input.purpose}, {"text", int64_t{input.text_version}}}));
  return consent;
}

Result<ConsentId> Store::Give(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                              const ConsentInput& input, Instant now) {
  return database_.Write<ConsentId>([&](db::Connection& connection) -> Result<ConsentId> {
    ASSIGN_OR_RETURN(const leads::Seen seen, Begin(connection, asker, id, version, now));
    return Insert(connection, asker, witness, seen.id, input, now);
  });
}

Status Store::GiveIn(db::Connection& connection, const Asker& asker, const db::Witness& witness, CustomerId id,
                     const std::vector<ConsentInput>& inputs, Instant now) {
  if (inputs.empty()) return {};
  connection.Execute(
      "INSERT INTO customer_privacy (dealer_id, customer_id, version, changed_at, changed_by) "
      "VALUES (?1, ?2, 1, ?3, ?4)",
      asker.dealer, id, now.ms, asker.by);
  for (const ConsentInput& input : inputs) {
    RETURN_IF_ERROR(Insert(connection, asker, witness, id, input, now));
  }
  return {};
}

Result<bool> Store::TakeBackIn(db::Connection& connection, DealerId dealer, CustomerId id) const {
  // Whatever was changed after the first version, or was first told later than the customer was entered, is somebody's
  // own act.
  constexpr const char* kToldLater =
      "SELECT 1 FROM customer_privacy p JOIN customer c ON c.dealer_id = p.dealer_id AND c.customer_id = p.customer_id "
      "WHERE p.dealer_id = ?1 AND p.customer_id = ?2 AND p.changed_at <> c.created_at";
  for (const char* later :
       {"SELECT 1 FROM customer_privacy WHERE dealer_id = ?1 AND customer_id = ?2 AND version <> 1", kToldLater,
        "SELECT 1 FROM customer_block WHERE dealer_id = ?1 AND customer_id = ?2 LIMIT 1",
        "SELECT 1 FROM legal_hold WHERE dealer_id = ?1 AND customer_id = ?2 LIMIT 1",
        "SELECT 1 FROM person_request WHERE dealer_id = ?1 AND customer_id = ?2 LIMIT 1",
        "SELECT 1 FROM data_share WHERE dealer_id = ?1 AND customer_id = ?2 LIMIT 1"}) {
    if (connection.Query(later, dealer, id).Next()) return false;
  }
  connection.Execute("DELETE FROM consent WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
  connection.Execute("DELETE FROM customer_privacy WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
  return true;
}

Status Store::Withdraw(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                       std::string_view purpose, std::string_view way, Instant now) {
  if (policy_.FindPurpose(purpose) == nullptr) return NoPurpose(purpose, policy_);
  RETURN_IF_ERROR(CheckChoice("way", way, policy_.ways()));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const leads::Seen seen, Begin(connection, asker, id, version, now));
    leads::Where where(asker.dealer);
    const std::string at = where.Add(now.ms);
    const std::string how = where.Add(way);
    const std::string by = where.Add(asker.by);
    const std::string what = where.Add(purpose);
    const std::string of = AnyOf(where, "customer_id", seen.all());
    const int64_t withdrawn = connection.ExecuteValues("UPDATE consent SET withdrawn_at = " + at +
                                                           ", withdrawn_way = " + how + ", withdrawn_by = " + by +
                                                           " WHERE dealer_id = ?1 AND withdrawn_at IS NULL "
                                                           "AND purpose = " +
                                                           what + " AND " + of,
                                                       where.values());
    if (withdrawn == 0) return Error("consent_not_given");
    return witness.Note(connection, "consent.withdraw", db::ObjectOf("customer", seen.id.value), asker.dealer,
                        {{"purpose", std::string(purpose)}});
  });
}

namespace {

// Says in the customers' own rows what their blocks say.
void MarkBlocks(db::Connection& connection, DealerId dealer, const leads::Seen& seen) {
  for (const CustomerId each : seen.all()) {
    const std::vector<Block> left = ReadBlocks(connection, dealer, {each});
    const bool all = std::any_of(left.begin(), left.end(), [](const Block& block) { return block.channel == kAll; });
    leads::Store::MarkNoContact(connection, dealer, each,
                                all            ? leads::NoContact::kAll
                                : left.empty() ? leads::NoContact::kNo
                                               : leads::NoContact::kSome);
  }
}

}  // namespace

Status Store::SetNoContact(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                           const std::vector<std::string>& channels, std::string_view reason, Instant now) {
  std::set<std::string> closed(channels.begin(), channels.end());
  for (const std::string& channel : closed) {
    if (channel != kAll && FindById(policy_.channels(), channel) == nullptr) {
      return Error("field_choice").With("field", "channels").With("choices", "all, " + IdsOf(policy_.channels()));
    }
  }
  if (closed.contains("all")) closed = {"all"};
  if (!closed.empty()) RETURN_IF_ERROR(CheckChoice("reason", reason, policy_.blocks()));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const leads::Seen seen, Begin(connection, asker, id, version, now));
    std::set<std::string> fresh = closed;
    for (const Block& block : ReadBlocks(connection, asker.dealer, seen.all())) {
      // One that stays with the same reason is left as it was set.
      if (closed.contains(block.channel) && block.reason == reason) {
        fresh.erase(block.channel);
        continue;
      }
      leads::Where where(asker.dealer);
      const std::string at = where.Add(now.ms);
      const std::string by = where.Add(asker.by);
      const std::string channel = where.Add(block.channel);
      const std::string of = AnyOf(where, "customer_id", seen.all());
      connection.ExecuteValues("UPDATE customer_block SET lifted_at = " + at + ", lifted_by = " + by +
                                   " WHERE dealer_id = ?1 AND lifted_at IS NULL AND channel = " + channel + " AND " +
                                   of,
                               where.values());
    }
    for (const std::string& channel : fresh) {
      connection.Execute(
          "INSERT INTO customer_block (dealer_id, block_id, customer_id, channel, reason, set_at, set_by) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          asker.dealer, NewId(), seen.id, channel, reason, now.ms, asker.by);
    }
    MarkBlocks(connection, asker.dealer, seen);
    return witness.Note(connection, "contact.block", db::ObjectOf("customer", seen.id.value), asker.dealer,
                        {{"channels", std::vector<std::string>(closed.begin(), closed.end())},
                         {"reason", std::string(closed.empty() ? "" : reason)}});
  });
}

Result<std::vector<BlockChanged>> Store::BlockMany(const Asker& asker, const db::Witness& witness,
                                                   const std::vector<BlockChange>& changes, bool dry_run, Instant now) {
  using All = std::vector<BlockChanged>;
  for (const BlockChange& change : changes) {
    for (const std::string& channel : change.channels) {
      if (channel != kAll && FindById(policy_.channels(), channel) == nullptr) {
        return Error("field_choice").With("field", "channels").With("choices", "all, " + IdsOf(policy_.channels()));
      }
    }
    RETURN_IF_ERROR(CheckChoice("reason", change.reason, policy_.blocks()));
  }
  const auto work = [&](db::Connection& connection) -> Result<All> {
    All all;
    for (const BlockChange& change : changes) {
      ASSIGN_OR_RETURN(BlockChanged changed, BlockIn(connection, asker, witness, change, dry_run, now));
      all.push_back(std::move(changed));
    }
    return all;
  };
  return dry_run ? database_.Read<All>(work) : database_.Write<All>(work);
}

Result<BlockChanged> Store::BlockIn(db::Connection& connection, const Asker& asker, const db::Witness& witness,
                                    const BlockChange& change, bool dry_run, Instant now) const {
  BlockChanged changed{change.customer, 0, "not_found", {}, {}};
  const auto seen = customers_.See(connection, asker, change.customer, now);
  if (!seen.ok() && seen.error().code != "not_found") return seen.error();
  if (!seen.ok() || seen->anonymised_at) return changed;
  changed.customer = seen->id;
  {
    db::Rows rows =
        connection.Query("SELECT version, changed_by FROM customer_privacy WHERE dealer_id = ?1 AND customer_id = ?2",
                         asker.dealer, seen->id);
    if (rows.Next()) {
      changed.version = rows.Int(0);
      changed.by = rows.Text(1);
    }
  }
  if (!dry_run && changed.version != change.version) {
    changed.outcome = "conflict";
    return changed;
  }
  changed.by.clear();
  std::set<std::pair<std::string, std::string>>
      blocks;  // channel and reason: of two merged ones a channel may have two
  std::set<std::string, std::less<>> closed;
  for (const CustomerId each : seen->all()) {
    for (const Block& block : ReadBlocks(connection, asker.dealer, {each})) {
      blocks.emplace(block.channel, block.reason);
      closed.insert(block.channel);
    }
  }
  for (const std::string& channel : change.channels) {
    const bool concerns =
        change.open ? blocks.contains({channel, change.reason}) : !closed.contains(channel) && !closed.contains(kAll);
    if (concerns) changed.channels.push_back(channel);
  }
  changed.outcome = changed.channels.empty() ? "same" : "change";
  if (dry_run || changed.channels.empty()) return changed;
  const auto begun = Begin(connection, asker, change.customer, change.version, now);
  if (!begun.ok() && begun.error().code == "edit_conflict") {
    changed.outcome = "conflict";
    changed.channels.clear();
    return changed;
  }
  if (!begun.ok()) return begun.error();
  ++changed.version;
  for (const std::string& channel : changed.channels) {
    if (change.open) {
      leads::Where where(asker.dealer);
      const std::string at = where.Add(now.ms);
      const std::string by = where.Add(asker.by);
      const std::string what = where.Add(channel);
      const std::string why = where.Add(change.reason);
      const std::string of = AnyOf(where, "customer_id", seen->all());
      connection.ExecuteValues("UPDATE customer_block SET lifted_at = " + at + ", lifted_by = " + by +
                                   " WHERE dealer_id = ?1 AND lifted_at IS NULL AND channel = " + what +
                                   " AND reason = " + why + " AND " + of,
                               where.values());
    } else {
      connection.Execute(
          "INSERT INTO customer_block (dealer_id, block_id, customer_id, channel, reason, set_at, set_by) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          asker.dealer, NewId(), seen->id, channel, change.reason, now.ms, asker.by);
    }
  }
  MarkBlocks(connection, asker.dealer, *seen);
  RETURN_IF_ERROR(witness.Note(connection, change.open ? "contact.open" : "contact.block",
                               db::ObjectOf("customer", seen->id.value), asker.dealer,
                               {{"channels", changed.channels}, {"reason", change.reason}}));
  return changed;
}

Result<Contact> Store::MayContact(db::Connection& connection, DealerId dealer, CustomerId id, std::string_view purpose,
                                  std::string_view channel, Day day) const {
  const Purpose* asked = policy_.FindPurpose(purpose);
  if (asked == nullptr) return NoPurpose(purpose, policy_);
  RETURN_IF_ERROR(CheckChoice("channel", channel, policy_.channels()));
  ASSIGN_OR_RETURN(const leads::Seen seen,
                   customers_.See(connection, {dealer, leads::Visible::All(), ""}, id, Instant{}));
  if (seen.anonymised_at) return Contact::kAnonymised;
  for (const Block& block : ReadBlocks(connection, dealer, seen.all())) {
    if (block.channel == kAll || block.channel == channel) return Contact::kBlocked;
  }
  ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
  const Standing standing = StandingOf(*asked, ReadConsents(connection, dealer, seen.all(), zone), day, zone);
  switch (standing.state) {
    case ConsentState::kNever: return Contact::kNever;
    case ConsentState::kWithdrawn: return Contact::kWithdrawn;
    case ConsentState::kExpired: return Contact::kExpired;
    case ConsentState::kGiven: break;
  }
  return Contact::kMay;
}

// ---- Holds ----

Status Store::SetHold(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                      std::string_view reason, Instant now) {
  RETURN_IF_ERROR(CheckChoice("reason", reason, policy_.holds()));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ledger::Lock(connection, asker.dealer);  // whoever removes something just now is done before, or finds the hold
    ASSIGN_OR_RETURN(const leads::Seen seen, Begin(connection, asker, id, version, now));
    connection.Execute(
        "INSERT INTO legal_hold (dealer_id, hold_id, customer_id, reason, set_at, set_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        asker.dealer, NewId(), seen.id, reason, now.ms, asker.by);
    return witness.Note(connection, "hold.set", db::ObjectOf("customer", seen.id.value), asker.dealer,
                        {{"reason", std::string(reason)}});
  });
}

Status Store::LiftHold(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version, Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const leads::Seen seen, Begin(connection, asker, id, version, now));
    leads::Where where(asker.dealer);
    const std::string at = where.Add(now.ms);
    const std::string by = where.Add(asker.by);
    const std::string of = AnyOf(where, "customer_id", seen.all());
    connection.ExecuteValues("UPDATE legal_hold SET lifted_at = " + at + ", lifted_by = " + by +
                                 " WHERE dealer_id = ?1 AND lifted_at IS NULL AND " + of,
                             where.values());
    return witness.Note(connection, "hold.lift", db::ObjectOf("customer", seen.id.value), asker.dealer);
  });
}

// ---- Anonymising ----

Status Store::Anonymise(db::Connection& connection, DealerId dealer, const leads::Seen& seen, std::string_view why,
                        std::string_view by, Instant now) const {
  // First, so that who changes something just now is done before, or finds the version moved.
  connection.Execute(
      "INSERT INTO customer_privacy (dealer_id, customer_id, version, changed_at, changed_by) "
      "VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (dealer_id, customer_id) DO UPDATE SET "
      "version = customer_privacy.version + 1, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
      dealer, seen.id, now.ms, by);
  leads::Where where(dealer);
  const std::string of = AnyOf(where, "customer_id", seen.all());
  connection.ExecuteValues("UPDATE consent SET evidence = NULL WHERE dealer_id = ?1 AND " + of, where.values());
  connection.ExecuteValues("UPDATE person_request SET words = NULL WHERE dealer_id = ?1 AND " + of, where.values());
  return customers_.Anonymise(connection, dealer, seen.all(), why, now);
}

Status Store::Erase(db::Connection& connection, const Asker& asker, CustomerId id, Instant now) const {
  // Nobody opens a lead, merges or moves one meanwhile.
  ledger::Lock(connection, asker.dealer);
  ASSIGN_OR_RETURN(const leads::Seen seen, customers_.See(connection, asker, id, now));
  if (seen.anonymised_at) return Error("customer_anonymised");
  {
    leads::Where where(asker.dealer);
    const std::string of = AnyOf(where, "customer_id", seen.all());
    db::Rows rows = connection.QueryValues(
        "SELECT reason FROM legal_hold WHERE dealer_id = ?1 AND lifted_at IS NULL AND " + of + " LIMIT 1",
        where.values());
    if (rows.Next()) return Held(rows.Text(0), policy_);
  }
  return Anonymise(connection, asker.dealer, seen, "request", asker.by, now);
}

Status CheckNotHeld(db::Connection& connection, DealerId dealer, CustomerId customer) {
  // He and whoever was merged with him are one person.
  db::Rows rows = connection.Query(
      "SELECT h.reason FROM legal_hold h "
      "JOIN customer c ON c.dealer_id = h.dealer_id AND c.customer_id = h.customer_id "
      "JOIN customer o ON o.dealer_id = c.dealer_id "
      "AND COALESCE(o.merged_into, o.customer_id) = COALESCE(c.merged_into, c.customer_id) "
      "WHERE h.dealer_id = ?1 AND h.lifted_at IS NULL AND o.customer_id = ?2 LIMIT 1",
      dealer, customer);
  return rows.Next() ? Status(Held(rows.Text(0), Policy::Get())) : Status();
}

Result<bool> FilesStay(db::Connection& connection, DealerId dealer, const attachments::Owner& owner) {
  // Nobody sets a hold or receives a request meanwhile.
  ledger::Lock(connection, dealer);
  const auto customer = leads::CustomerOf(connection, dealer, owner);
  if (!customer.ok()) return customer.error().code == "not_found" ? Result<bool>(false) : customer.error();
  if (!CheckNotHeld(connection, dealer, *customer).ok()) return true;
  return connection
      .Query(
          "SELECT 1 FROM person_request r "
          "JOIN customer c ON c.dealer_id = r.dealer_id AND c.customer_id = r.customer_id "
          "JOIN customer o ON o.dealer_id = c.dealer_id "
          "AND COALESCE(o.merged_into, o.customer_id) = COALESCE(c.merged_into, c.customer_id) "
          "WHERE r.dealer_id = ?1 AND r.closed_at IS NULL AND o.customer_id = ?2 LIMIT 1",
          dealer, *customer)
      .Next();
}

// ---- For others ----

Status Store::ForEachConsent(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids,
                             const std::function<void(const Consent&, const std::string&)>& take) const {
  ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
  for (const Consent& consent : ReadConsents(connection, dealer, ids, zone)) {
    std::string evidence;
    if (consent.has_evidence) {
      db::Rows rows =
          connection.Query("SELECT evidence FROM consent WHERE dealer_id = ?1 AND consent_id = ?2", dealer, consent.id);
      if (rows.Next() && !rows.IsNull(0)) {
        ASSIGN_OR_RETURN(evidence, vault_.Unseal(PlaceOf(dealer, consent.id), rows.Bytes(0)));
      }
    }
    take(consent, evidence);
  }
  return {};
}

std::vector<Block> Store::Blocks(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids) {
  return ReadBlocks(connection, dealer, ids);
}

Result<ConsentState> Store::StateOf(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids,
                                    std::string_view purpose, Day day) const {
  const Purpose* asked = policy_.FindPurpose(purpose);
  if (asked == nullptr) return NoPurpose(purpose, policy_);
  ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
  return StandingOf(*asked, ReadConsents(connection, dealer, ids, zone), day, zone).state;
}

}  // namespace dealpace::privacy
