#include "privacy/requests.h"

#include <algorithm>

#include "attachments/store.h"
#include "base/csv_writer.h"
#include "base/json.h"
#include "base/money.h"
#include "catalog/text_rules.h"
#include "leads/attachment_homes.h"
#include "org/org.h"

namespace dealpace::privacy {
namespace {

constexpr size_t kWordsMax = 500;  // characters

const std::string kColumns =
    "r.request_id, r.customer_id, r.kind, r.way, r.state, r.received_at, r.received_by, r.due_day, r.identity, "
    "r.scope, "
    "r.checked_by, r.refusal, r.closed_at, r.closed_by, r.words, r.version ";

RequestState StateOf(std::string_view name) {
  if (name == "checked") return RequestState::kChecked;
  if (name == "done") return RequestState::kDone;
  if (name == "refused") return RequestState::kRefused;
  return RequestState::kReceived;
}

bool IsOpen(RequestState state) { return state == RequestState::kReceived || state == RequestState::kChecked; }

Error WrongStep(const PersonRequest& request) {
  return Error("request_step").With("state", RequestStateName(request.state));
}

access::Vault::Place PlaceOf(DealerId dealer, RequestId request) {
  return {access::SealedField::kRequestWords, request.value, dealer.value};
}

}  // namespace

std::string_view RequestStateName(RequestState state) {
  switch (state) {
    case RequestState::kChecked: return "checked";
    case RequestState::kDone: return "done";
    case RequestState::kRefused: return "refused";
    case RequestState::kReceived: break;
  }
  return "received";
}

std::string_view ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kContact: return "contact";
    case Scope::kRecord: return "record";
    case Scope::kConsent: return "consent";
    case Scope::kAll: break;
  }
  return "all";
}

std::optional<Scope> ParseScope(std::string_view name) {
  for (const Scope scope : {Scope::kAll, Scope::kContact, Scope::kRecord, Scope::kConsent}) {
    if (ScopeName(scope) == name) return scope;
  }
  return std::nullopt;
}

// ---- Reading ----

Result<PersonRequest> Requests::Read(const db::Rows& rows, const Asker& asker, Day today) const {
  PersonRequest request;
  request.id = RequestId(rows.Int(0));
  request.customer = CustomerId(rows.Int(1));
  request.kind = rows.Text(2);
  request.way = rows.Text(3);
  request.state = StateOf(rows.Text(4));
  request.received_at = {rows.Int(5)};
  request.received_by = rows.Text(6);
  request.due = Day{static_cast<int32_t>(rows.Int(7))};
  request.overdue = IsOpen(request.state) && request.due < today;
  request.identity = rows.Text(8);
  request.scope = rows.Text(9);
  request.checked_by = rows.Text(10);
  request.refusal = rows.Text(11);
  if (const auto at = rows.OptionalInt(12)) request.closed_at = Instant{*at};
  request.closed_by = rows.Text(13);
  if (!rows.IsNull(14)) {
    ASSIGN_OR_RETURN(request.words, vault_.Unseal(PlaceOf(asker.dealer, request.id), rows.Bytes(14)));
  }
  request.version = rows.Int(15);
  return request;
}

Result<PersonRequest> Requests::Find(db::Connection& connection, const Asker& asker, RequestId id, Instant now) const {
  PersonRequest request;
  {
    db::Rows rows = connection.Query(
        "SELECT " + kColumns + "FROM person_request r WHERE r.dealer_id = ?1 AND r.request_id = ?2", asker.dealer, id);
    if (!rows.Next()) return Error("not_found");
    ASSIGN_OR_RETURN(request, Read(rows, asker, Day{}));
  }
  // Who does not see the customer does not see what he asks.
  ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, request.customer, now));
  request.customer = seen.id;
  return request;
}

Result<std::vector<PersonRequest>> Requests::List(const Asker& asker, bool open, CustomerId customer, size_t most,
                                                  Instant now) {
  using All = std::vector<PersonRequest>;
  return database_.Read<All>([&](db::Connection& connection) -> Result<All> {
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    const Day today = zone.DayOf(now);
    leads::Where where(asker.dealer);
    leads::Sight(connection, asker.dealer, asker.visible, today).Narrow(where, "c.owner_id");
    if (customer.set()) {
      ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, customer, now));
      where.And("c.customer_id = ?", {seen.id});
    }
    const std::string limit = where.Add(most);
    All all;
    {
      db::Rows rows = connection.QueryValues(
          "SELECT " + kColumns +
              "FROM person_request r JOIN customer m ON m.dealer_id = r.dealer_id AND m.customer_id = r.customer_id "
              "JOIN customer c ON c.dealer_id = m.dealer_id AND c.customer_id = COALESCE(m.merged_into, m.customer_id) "
              "WHERE r.dealer_id = ?1 AND " +
              (open ? "r.closed_at IS NULL" : "r.closed_at IS NOT NULL") + where.text() +
              (open ? " ORDER BY r.due_day, r.request_id" : " ORDER BY r.closed_at DESC, r.request_id DESC") +
              " LIMIT " + limit,
          where.values());
      while (rows.Next()) {
        ASSIGN_OR_RETURN(PersonRequest request, Read(rows, asker, today));
        all.push_back(std::move(request));
      }
    }
    for (PersonRequest& request : all) {
      ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, request.customer, now));
      request.customer = seen.id;
      const leads::Record masked = leads::Masked(seen.record);
      if (const auto name = masked.find("name"); name != masked.end()) request.customer_name = name->second;
    }
    return all;
  });
}

// ---- Steps ----

Result<RequestId> Requests::Receive(const Asker& asker, const db::Witness& witness, CustomerId customer,
                                    const RequestInput& input, Instant now) {
  const Policy& policy = store_.policy();
  RETURN_IF_ERROR(CheckChoice("kind", input.kind, policy.requests()));
  RETURN_IF_ERROR(CheckChoice("way", input.way, policy.ways()));
  if (input.received_at && *input.received_at > now) return Error("request_in_future");
  ASSIGN_OR_RETURN(const std::string words, catalog::LineOfText("words", input.words, kWordsMax));
  RETURN_IF_ERROR(leads::CheckNoForbiddenNumber("words", words));
  const Instant received = input.received_at.value_or(now);
  return database_.Write<RequestId>([&](db::Connection& connection) -> Result<RequestId> {
    ledger::Lock(connection, asker.dealer);  // whoever removes something just now is done before, or finds the request
    ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, customer, now));
    if (seen.anonymised_at) return Error("customer_anonymised");
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    const Day due = zone.DayOf(received) + FindById(policy.requests(), input.kind)->days;
    const RequestId id(NewId());
    std::string sealed;
    if (!words.empty()) {
      ASSIGN_OR_RETURN(sealed, vault_.Seal(connection, PlaceOf(asker.dealer, id), words));
    }
    connection.Execute(
        "INSERT INTO person_request (dealer_id, request_id, customer_id, kind, way, state, received_at, received_by, "
        "due_day, words, version) VALUES (?1, ?2, ?3, ?4, ?5, 'received', ?6, ?7, ?8, ?9, 1)",
        asker.dealer, id, seen.id, input.kind, input.way, received.ms, asker.by, due.value,
        sealed.empty() ? db::Value() : db::Value(db::Blob{sealed}));
    RETURN_IF_ERROR(witness.Note(connection, "request.receive", db::ObjectOf("request", id.value), asker.dealer,
                                 {{"of", std::to_string(seen.id.value)}, {"kind", input.kind}}));
    return id;
  });
}

Result<PersonRequest> Requests::Begin(db::Connection& connection, const Asker& asker, RequestId id, int64_t version,
                                      Instant now) const {
  // First of all, so that of two steps at once one waits here and then finds the version moved.
  const int64_t moved = connection.Execute(
      "UPDATE person_request SET version = version + 1 WHERE dealer_id = ?1 AND request_id = ?2 AND version = ?3",
      asker.dealer, id, version);
  ASSIGN_OR_RETURN(PersonRequest request, Find(connection, asker, id, now));
  if (moved == 1) return request;
  const std::string& by = !request.closed_by.empty()    ? request.closed_by
                          : !request.checked_by.empty() ? request.checked_by
                                                        : request.received_by;
  return Error("edit_conflict").With("by", by).With("version", request.version);
}

Status Requests::Check(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version,
                       std::string_view identity, Scope scope, Instant now) {
  RETURN_IF_ERROR(CheckChoice("identity", identity, store_.policy().identities()));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const PersonRequest request, Begin(connection, asker, id, version, now));
    if (!IsOpen(request.state)) return WrongStep(request);
    connection.Execute(
        "UPDATE person_request SET state = 'checked', identity = ?3, scope = ?4, checked_at = ?5, checked_by = ?6 "
        "WHERE dealer_id = ?1 AND request_id = ?2",
        asker.dealer, id, identity, ScopeName(scope), now.ms, asker.by);
    return witness.Note(connection, "request.check", db::ObjectOf("request", id.value), asker.dealer,
                        {{"identity", std::string(identity)}});
  });
}

Status Requests::Finish(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version, Instant now) {
  bool erased = false;
  const Status finished = database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const PersonRequest request, Begin(connection, asker, id, version, now));
    if (request.state != RequestState::kChecked) return WrongStep(request);
    erased = request.kind == "erasure";
    connection.Execute(
        "UPDATE person_request SET state = 'done', closed_at = ?3, closed_by = ?4 "
        "WHERE dealer_id = ?1 AND request_id = ?2",
        asker.dealer, id, now.ms, asker.by);
    if (request.kind == "erasure") {
      if (request.scope != ScopeName(Scope::kAll)) return Error("request_scope");
      const Asker all{asker.dealer, leads::Visible::All(), asker.by};
      RETURN_IF_ERROR(store_.Erase(connection, all, request.customer, now));
      RETURN_IF_ERROR(witness.Note(connection, "data.anonymise", db::ObjectOf("customer", request.customer.value),
                                   asker.dealer, {{"rule", std::string("request")}}));
    }
    return witness.Note(connection, "request.finish", db::ObjectOf("request", id.value), asker.dealer);
  });
  RETURN_IF_ERROR(finished);
  // Nobody can read the files of this customer any more. If removing their bytes breaks off, the night goes on with it.
  if (erased) (void)attachments::Sweep(database_, asker.dealer, now, FilesStay);
  return {};
}

Status Requests::Refuse(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version,
                        std::string_view reason, Instant now) {
  RETURN_IF_ERROR(CheckChoice("reason", reason, store_.policy().refusals()));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const PersonRequest request, Begin(connection, asker, id, version, now));
    if (!IsOpen(request.state)) return WrongStep(request);
    connection.Execute(
        "UPDATE person_request SET state = 'refused', refusal = ?3, closed_at = ?4, closed_by = ?5 "
        "WHERE dealer_id = ?1 AND request_id = ?2",
        asker.dealer, id, reason, now.ms, asker.by);
    return witness.Note(connection, "request.refuse", db::ObjectOf("request", id.value), asker.dealer,
                        {{"reason", std::string(reason)}});
  });
}

// ---- What is held about somebody ----

class Requests::Facts {
 public:
  void Begin(std::string_view section) {
    if (section_ != section) item_ = 0;
    section_ = section;
    ++item_;
  }
  void Add(std::string_view field, std::string_view value) {
    if (!value.empty()) facts_.push_back({section_, item_, std::string(field), std::string(value)});
  }
  std::vector<HeldFact> Take() { return std::move(facts_); }

 private:
  std::vector<HeldFact> facts_;
  std::string section_;
  int item_ = 0;
};

namespace {

std::string Yuan(const std::optional<int64_t>& fen) { return fen && *fen != 0 ? FormatFen(*fen) : std::string(); }

template <typename Facts>
void AddLead(Facts& facts, const leads::Lead& lead) {
  facts.Begin("lead");
  facts.Add("lead", lead.code);
  facts.Add("status", leads::LeadStatusName(lead.status));
  facts.Add("stage", lead.stage);
  facts.Add("source", lead.source);
  facts.Add("access_form", lead.access_form);
  facts.Add("model", lead.model);
  if (lead.expected) facts.Add("expected", FormatDay(*lead.expected));
  facts.Add("budget_least", Yuan(lead.budget.least_fen));
  facts.Add("budget_most", Yuan(lead.budget.most_fen));
  facts.Add("amount", Yuan(lead.amount_fen));
  facts.Add("grade", lead.grade);
  facts.Add("grade_why", lead.grade_why);
  facts.Add("need", lead.need);
  facts.Add("remark", lead.remark);
  facts.Add("lost_reason", lead.lost_reason);
  if (lead.deal_day) facts.Add("deal_day", FormatDay(*lead.deal_day));
  facts.Add("created_at", FormatInstant(lead.created_at));
}

}  // namespace

// The files by name; their bytes are handed out one by one.
Status Requests::AddAttachments(Facts& facts, db::Connection& connection, DealerId dealer,
                                const std::vector<CustomerId>& customers,
                                const std::vector<leads::Lead>& of_leads) const {
  std::vector<attachments::Owner> owners;
  for (const CustomerId id : customers) owners.push_back({leads::kCustomerHome, std::to_string(id.value)});
  for (const leads::Lead& lead : of_leads) owners.push_back({leads::kLeadHome, lead.code});
  const attachments::Store files(vault_);
  for (const bool removed : {false, true}) {
    ASSIGN_OR_RETURN(const auto held, files.List(connection, dealer, owners, removed));
    for (const attachments::Attachment& file : held) {
      facts.Begin("attachment");
      facts.Add("name", file.name);
      facts.Add("description", file.description);
      if (file.type != nullptr) facts.Add("type", file.type->media.substr(0, file.type->media.find(';')));
      // Somebody must see to it; the rest of what is held is told all the same.
      if (file.damaged) facts.Add("damaged", "true");
      facts.Add("bytes", std::to_string(file.size));
      if (file.owner.kind == leads::kLeadHome) facts.Add("lead", file.owner.id);
      facts.Add("added_at", FormatInstant(file.added_at));
      if (file.removed_at) facts.Add("removed_at", FormatInstant(*file.removed_at));
    }
  }
  return {};
}

Result<std::vector<HeldFact>> Requests::Export(const Asker& asker, const db::Witness& witness, RequestId id,
                                               Instant now) {
  // The person is told everything, not what the one who answers him sees.
  const Asker all{asker.dealer, leads::Visible::All(), asker.by};
  CustomerId customer;
  std::string scope;
  RETURN_IF_ERROR(database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const PersonRequest request, Find(connection, asker, id, now));
    if (request.kind != "access" || request.identity.empty() || request.state == RequestState::kRefused) {
      return WrongStep(request);
    }
    customer = request.customer;
    scope = request.scope;
    return witness.Note(connection, "export.person", db::ObjectOf("customer", customer.value), asker.dealer,
                        {{"request", std::to_string(id.value)}});
  }));
  const bool contact = scope == ScopeName(Scope::kContact);
  const bool record = scope == ScopeName(Scope::kRecord) || scope == ScopeName(Scope::kAll);
  const bool consent = scope == ScopeName(Scope::kConsent) || scope == ScopeName(Scope::kAll);
  ASSIGN_OR_RETURN(const leads::Customer whole, store_.customers().Get(all, customer, leads::Reveal::kWhole, now));
  return database_.Read<std::vector<HeldFact>>([&](db::Connection& connection) -> Result<std::vector<HeldFact>> {
    Facts facts;
    std::vector<CustomerId> ids = whole.merged;
    ids.insert(ids.begin(), whole.id);
    for (const CustomerId each : ids) {
      if (!contact && !record) break;
      ASSIGN_OR_RETURN(const leads::Record held, store_.customers().ReadRecord(connection, asker.dealer, each));
      facts.Begin("customer");
      facts.Add("number", std::to_string(each.value));
      for (const auto& [field, value] : held) {
        const bool is_contact = field == "name" || field == "phone" || field == "phone2" || field == "address";
        if (record || is_contact) facts.Add(field, value);
      }
      if (each == whole.id) facts.Add("created_at", FormatInstant(whole.created_at));
    }
    if (record) {
      for (const leads::Lead& lead : whole.leads) AddLead(facts, lead);
      RETURN_IF_ERROR(AddAttachments(facts, connection, asker.dealer, ids, whole.leads));
    }
    if (consent) {
      RETURN_IF_ERROR(
          store_.ForEachConsent(connection, asker.dealer, ids, [&](const Consent& given, const std::string& evidence) {
            facts.Begin("consent");
            facts.Add("purpose", given.purpose);
            facts.Add("text_version", std::to_string(given.text_version));
            facts.Add("way", given.way);
            facts.Add("given_at", FormatInstant(given.given_at));
            if (given.until) facts.Add("until", FormatDay(*given.until));
            facts.Add("evidence", evidence);
            if (given.withdrawn_at) {
              facts.Add("withdrawn_at", FormatInstant(*given.withdrawn_at));
            }
          }));
      for (const Block& block : store_.Blocks(connection, asker.dealer, ids)) {
        facts.Begin("no_contact");
        facts.Add("channel", block.channel);
        facts.Add("reason", block.reason);
        facts.Add("set_at", FormatInstant(block.set_at));
      }
      leads::Where where(asker.dealer);
      const std::string of = AnyOf(where, "s.customer_id", ids);
      db::Rows rows = connection.QueryValues(
          "SELECT r.name, r.kind, r.purpose, r.basis, r.data, s.shared_at FROM data_share s JOIN data_recipient r "
          "ON r.dealer_id = s.dealer_id AND r.recipient_id = s.recipient_id WHERE s.dealer_id = ?1 AND " +
              of + " ORDER BY s.shared_at",
          where.values());
      while (rows.Next()) {
        facts.Begin("given_to");
        facts.Add("recipient", rows.Text(0));
        facts.Add("kind", rows.Text(1));
        facts.Add("purpose", rows.Text(2));
        facts.Add("basis", rows.Text(3));
        facts.Add("data", rows.Text(4));
        facts.Add("given_at", FormatInstant({rows.Int(5)}));
      }
    }
    if (record) {
      leads::Where where(asker.dealer);
      const std::string of = AnyOf(where, "r.customer_id", ids);
      std::vector<PersonRequest> requests;
      db::Rows rows = connection.QueryValues(
          "SELECT " + kColumns + "FROM person_request r WHERE r.dealer_id = ?1 AND " + of + " ORDER BY r.request_id",
          where.values());
      while (rows.Next()) {
        ASSIGN_OR_RETURN(const PersonRequest request, Read(rows, asker, Day{}));
        facts.Begin("request");
        facts.Add("kind", request.kind);
        facts.Add("state", RequestStateName(request.state));
        facts.Add("received_at", FormatInstant(request.received_at));
        facts.Add("words", request.words);
      }
    }
    return facts.Take();
  });
}

std::string FactsJson(const std::vector<HeldFact>& facts) {
  JsonWriter json;
  json.BeginObject();
  std::string section;
  int item = 0;
  for (const HeldFact& fact : facts) {
    if (fact.section != section) {
      if (!section.empty()) json.EndObject().EndArray();
      json.Key(fact.section).BeginArray().BeginObject();
    } else if (fact.item != item) {
      json.EndObject().BeginObject();
    }
    section = fact.section;
    item = fact.item;
    json.Field(fact.field, fact.value);
  }
  if (!section.empty()) json.EndObject().EndArray();
  json.EndObject();
  return json.text();
}

std::string FactsCsv(const std::vector<HeldFact>& facts) {
  std::string text = "\xEF\xBB\xBF" + CsvLine({"section", "item", "field", "value"});
  for (const HeldFact& fact : facts) {
    text += CsvLine({fact.section, std::to_string(fact.item), fact.field, GuardText(fact.value)});
  }
  return text;
}

}  // namespace dealpace::privacy
