#include "privacy/recipients.h"

#include "catalog/text_rules.h"
#include "org/org.h"

namespace dealpace::privacy {
namespace {

constexpr size_t kNameMax = 120;
constexpr size_t kWordsMax = 200;

std::optional<int64_t> OrNull(const std::optional<Day>& day) {
  return day ? std::optional<int64_t>(day->value) : std::nullopt;
}

}  // namespace

PeopleCount Against(DealerId dealer, int64_t people, const std::vector<Threshold>& thresholds) {
  PeopleCount count{dealer, people, nullptr, nullptr, false};
  for (const Threshold& threshold : thresholds) {
    if (people >= threshold.people) {
      count.reached = &threshold;
    } else if (count.next == nullptr) {
      count.next = &threshold;
    }
  }
  count.near = count.next != nullptr && people * 10 >= count.next->people * 9;
  return count;
}

Result<RecipientInput> Recipients::Clean(const RecipientInput& input) const {
  const Policy& policy = store_.policy();
  RecipientInput clean = input;
  ASSIGN_OR_RETURN(clean.name, catalog::LineOfText("name", input.name, kNameMax));
  ASSIGN_OR_RETURN(clean.purpose, catalog::LineOfText("purpose", input.purpose, kWordsMax));
  ASSIGN_OR_RETURN(clean.data, catalog::LineOfText("data", input.data, kWordsMax));
  if (clean.name.empty()) return Error("field_missing").With("field", "name");
  if (clean.purpose.empty()) return Error("field_missing").With("field", "purpose");
  if (clean.data.empty()) return Error("field_missing").With("field", "data");
  if (FindById(policy.recipients(), input.kind) == nullptr) {
    return Error("field_choice").With("field", "kind").With("choices", IdsOf(policy.recipients()));
  }
  if (FindById(policy.bases(), input.basis) == nullptr) {
    return Error("field_choice").With("field", "basis").With("choices", IdsOf(policy.bases()));
  }
  if (input.until && *input.until < input.since) {
    return Error("field_day_bad").With("field", "until").With("value", FormatDay(*input.until));
  }
  return clean;
}

Result<std::vector<Recipient>> Recipients::List(DealerId dealer) {
  using All = std::vector<Recipient>;
  return database_.Read<All>([&](db::Connection& connection) -> Result<All> {
    All all;
    db::Rows rows = connection.Query(
        "SELECT r.recipient_id, r.name, r.kind, r.purpose, r.basis, r.data, r.since_day, r.until_day, r.version, "
        "r.changed_at, r.changed_by, (SELECT COUNT(DISTINCT s.customer_id) FROM data_share s "
        "WHERE s.dealer_id = r.dealer_id AND s.recipient_id = r.recipient_id) FROM data_recipient r "
        "WHERE r.dealer_id = ?1 ORDER BY r.name, r.recipient_id",
        dealer);
    while (rows.Next()) {
      Recipient recipient;
      recipient.id = RecipientId(rows.Int(0));
      recipient.input = {std::string(rows.Text(1)),
                         std::string(rows.Text(2)),
                         std::string(rows.Text(3)),
                         std::string(rows.Text(4)),
                         std::string(rows.Text(5)),
                         Day{static_cast<int32_t>(rows.Int(6))},
                         {}};
      if (const auto until = rows.OptionalInt(7)) recipient.input.until = Day{static_cast<int32_t>(*until)};
      recipient.version = rows.Int(8);
      recipient.changed_at = {rows.Int(9)};
      recipient.changed_by = rows.Text(10);
      recipient.customers = rows.Int(11);
      all.push_back(std::move(recipient));
    }
    return all;
  });
}

Result<RecipientId> Recipients::Add(const Asker& asker, const db::Witness& witness, const RecipientInput& input,
                                    Instant now) {
  ASSIGN_OR_RETURN(const RecipientInput clean, Clean(input));
  return database_.Write<RecipientId>([&](db::Connection& connection) -> Result<RecipientId> {
    RETURN_IF_ERROR(org::ZoneOf(connection, asker.dealer));
    const RecipientId id(NewId());
    connection.Execute(
        "INSERT INTO data_recipient (dealer_id, recipient_id, name, kind, purpose, basis, data, since_day, until_day, "
        "version, changed_at, changed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?11)",
        asker.dealer, id, clean.name, clean.kind, clean.purpose, clean.basis, clean.data, clean.since.value,
        OrNull(clean.until), now.ms, asker.by);
    RETURN_IF_ERROR(witness.Note(connection, "recipient.add", db::ObjectOf("recipient", id.value), asker.dealer,
                                 {{"kind", clean.kind}, {"basis", clean.basis}}));
    return id;
  });
}

Status Recipients::Change(const Asker& asker, const db::Witness& witness, RecipientId id, int64_t version,
                          const RecipientInput& input, Instant now) {
  ASSIGN_OR_RETURN(const RecipientInput clean, Clean(input));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    const int64_t moved = connection.Execute(
        "UPDATE data_recipient SET name = ?4, kind = ?5, purpose = ?6, basis = ?7, data = ?8, since_day = ?9, "
        "until_day = ?10, changed_at = ?11, changed_by = ?12, version = version + 1 "
        "WHERE dealer_id = ?1 AND recipient_id = ?2 AND version = ?3",
        asker.dealer, id, version, clean.name, clean.kind, clean.purpose, clean.basis, clean.data, clean.since.value,
        OrNull(clean.until), now.ms, asker.by);
    if (moved == 0) {
      db::Rows rows =
          connection.Query("SELECT version, changed_by FROM data_recipient WHERE dealer_id = ?1 AND recipient_id = ?2",
                           asker.dealer, id);
      if (!rows.Next()) return Error("not_found");
      return Error("edit_conflict").With("by", rows.Text(1)).With("version", rows.Int(0));
    }
    return witness.Note(connection, "recipient.change", db::ObjectOf("recipient", id.value), asker.dealer,
                        {{"kind", clean.kind}, {"basis", clean.basis}});
  });
}

Status Recipients::Give(const Asker& asker, const db::Witness& witness, CustomerId customer, RecipientId recipient,
                        Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, customer, now));
    if (seen.anonymised_at) return Error("customer_anonymised");
    std::string kind;
    std::string basis;
    {
      db::Rows rows = connection.Query(
          "SELECT kind, basis FROM data_recipient WHERE dealer_id = ?1 AND recipient_id = ?2 AND since_day <= ?3 "
          "AND (until_day IS NULL OR until_day >= ?3)",
          asker.dealer, recipient, seen.today.value);
      if (!rows.Next()) return Error("recipient_unknown");
      kind = rows.Text(0);
      basis = rows.Text(1);
    }
    if (basis == "consent") {
      const RecipientKind* known = FindById(store_.policy().recipients(), kind);
      if (known == nullptr || known->purpose.empty()) return Error("share_without_consent");
      ASSIGN_OR_RETURN(const ConsentState state,
                       store_.StateOf(connection, asker.dealer, seen.all(), known->purpose, seen.today));
      if (state != ConsentState::kGiven) return Error("share_without_consent");
    }
    connection.Execute(
        "INSERT INTO data_share (dealer_id, share_id, recipient_id, customer_id, shared_at, shared_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        asker.dealer, NewId(), recipient, seen.id, now.ms, asker.by);
    return witness.Note(connection, "data.share", db::ObjectOf("customer", seen.id.value), asker.dealer,
                        {{"recipient", std::to_string(recipient.value)}});
  });
}

Result<std::vector<Share>> Recipients::SharesOf(const Asker& asker, CustomerId customer, Instant now) {
  using All = std::vector<Share>;
  return database_.Read<All>([&](db::Connection& connection) -> Result<All> {
    ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, customer, now));
    leads::Where where(asker.dealer);
    const std::string of = AnyOf(where, "s.customer_id", seen.all());
    All all;
    db::Rows rows = connection.QueryValues(
        "SELECT s.recipient_id, r.name, s.shared_at, s.shared_by FROM data_share s JOIN data_recipient r "
        "ON r.dealer_id = s.dealer_id AND r.recipient_id = s.recipient_id WHERE s.dealer_id = ?1 AND " +
            of + " ORDER BY s.share_id DESC",
        where.values());
    while (rows.Next()) {
      all.push_back({RecipientId(rows.Int(0)), std::string(rows.Text(1)), {rows.Int(2)}, std::string(rows.Text(3))});
    }
    return all;
  });
}

Result<int64_t> Recipients::People(DealerId dealer) {
  return database_.Read<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    db::Rows rows = connection.Query(
        "SELECT COUNT(*) FROM customer WHERE dealer_id = ?1 AND kind = 'person' AND merged_into IS NULL "
        "AND anonymised_at IS NULL",
        dealer);
    rows.Next();
    return rows.Int(0);
  });
}

}  // namespace dealpace::privacy
