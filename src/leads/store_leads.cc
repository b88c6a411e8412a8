#include <algorithm>
#include <boost/json.hpp>

#include "catalog/text_rules.h"
#include "leads/look.h"
#include "leads/store.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

namespace json = boost::json;

constexpr size_t kWordsMax = 2'000;  // characters of need, remark, reason
constexpr std::string_view kFirstStage = "S3";
constexpr int kFirstOrder = 3;  // of the stages in which a lead is open
constexpr int kLastOrder = 7;

std::string TextOf(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::string_view> OrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::optional<int64_t> OrNull(std::optional<Day> day) {
  return day ? std::optional<int64_t>(day->value) : std::nullopt;
}

std::optional<Day> DayOf(std::optional<int64_t> value) {
  return value ? std::optional(Day{static_cast<int32_t>(*value)}) : std::nullopt;
}

// Sorted by which column, and how.
struct Order {
  std::string_view value;
  bool descending = true;
};
Order OrderOf(LeadSort sort) {
  switch (sort) {
    case LeadSort::kChanged: return {"l.changed_at", true};
    case LeadSort::kExpected: return {"COALESCE(l.expected_day, 9999999)", false};
    case LeadSort::kAmount: break;
  }
  return {"l.amount", true};
}

void Narrow(Where& where, const LeadFilter& filter) {
  if (!filter.stage.empty()) where.And("l.stage = ?", {filter.stage});
  if (!filter.source.empty()) where.And("l.source = ?", {filter.source});
  if (!filter.model.empty()) where.And("l.model = ?", {filter.model});
  if (filter.owner.set()) where.And("l.owner_id = ?", {filter.owner});
  if (filter.customer.set()) where.And("l.customer_id = ?", {filter.customer});
  if (filter.status) where.And("l.status = ?", {LeadStatusName(*filter.status)});
}

}  // namespace

Status TakeWords(std::string_view field, const std::optional<std::string>& text, std::string& into) {
  if (!text) return {};
  std::vector<std::string> lines;
  size_t characters = 0;
  for (const std::string& line : Split(ReplaceAll(Trim(*text), "\r\n", "\n"), '\n')) {
    ASSIGN_OR_RETURN(std::string clean, catalog::LineOfText(field, line, kWordsMax));
    for (std::string_view rest = clean; !rest.empty(); ++characters) (void)NextCodePoint(rest);
    lines.push_back(std::move(clean));
  }
  if (characters > kWordsMax) return Error("field_too_long").With("field", field).With("max", kWordsMax);
  into = Join(lines, "\n");
  return CheckNoForbiddenNumber(field, into);
}

const std::string kLeadColumns =
    "l.lead, l.customer_id, l.attempt, l.owner_id, l.status, l.stage, l.source, l.access_form, l.model, l.referrer_id, "
    "l.expected_day, l.budget_least, l.budget_most, l.amount, l.grade, l.words, l.lost_reason, l.deal_day, l.version, "
    "l.created_at, l.changed_at, l.changed_by, c.personal, c.owner_id, c.anonymised_at, " +
    std::string(kNoContactColumns) + " ";

namespace {

// Names of the fields of the interface in which a lead differs from what it was.
std::vector<std::string> ChangedFields(const Lead& before, const Lead& after) {
  std::vector<std::string> fields;
  const auto compare = [&](const char* name, const auto& member) {
    if (before.*member != after.*member) fields.emplace_back(name);
  };
  compare("source", &Lead::source);
  compare("access_form", &Lead::access_form);
  compare("model", &Lead::model);
  compare("referrer", &Lead::referrer);
  compare("expected", &Lead::expected);
  compare("budget", &Lead::budget);
  compare("amount", &Lead::amount_fen);
  compare("need", &Lead::need);
  compare("remark", &Lead::remark);
  if (before.grade_by_hand != after.grade_by_hand || (after.grade_by_hand && before.grade != after.grade)) {
    fields.emplace_back("grade");
  }
  compare("grade_why", &Lead::grade_why);
  return fields;
}

}  // namespace

// The code stands inside, so that no words can be moved to another lead.
Result<std::string> Store::SealWords(db::Connection& connection, DealerId dealer, const Lead& lead) const {
  return vault_.Seal(
      connection, {access::SealedField::kLeadWords, 0, dealer.value},
      json::serialize(json::object{
          {"lead", lead.code}, {"need", lead.need}, {"remark", lead.remark}, {"grade_why", lead.grade_why}}));
}

Status Store::UnsealWords(DealerId dealer, std::string_view sealed, Lead& lead) const {
  ASSIGN_OR_RETURN(const std::string text, vault_.Unseal({access::SealedField::kLeadWords, 0, dealer.value}, sealed));
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_object() || TextOf(value.get_object(), "lead") != lead.code) return Error("sealed_damaged");
  lead.need = TextOf(value.get_object(), "need");
  lead.remark = TextOf(value.get_object(), "remark");
  lead.grade_why = TextOf(value.get_object(), "grade_why");
  return {};
}

// The grade follows from the day of the purchase, so it warms as that comes near.
void Store::NameGrade(Lead& lead, Day today) const {
  if (lead.grade_by_hand) return;
  lead.grade = lead.expected ? policy_.GradeOf(*lead.expected, today).code : policy_.Scheme().back().code;
}

Result<Lead> Store::ReadLead(const Look& look, const db::Rows& rows, Reveal reveal) const {
  Lead lead;
  lead.code = rows.Text(0);
  lead.customer = CustomerId(rows.Int(1));
  lead.attempt = static_cast<int>(rows.Int(2));
  lead.owner = StaffId(rows.Int(3));
  lead.status = ParseLeadStatus(rows.Text(4)).value_or(LeadStatus::kOpen);
  lead.stage = rows.Text(5);
  lead.source = rows.Text(6);
  lead.access_form = rows.Text(7);
  lead.model = rows.Text(8);
  lead.referrer = CustomerId(rows.Int(9));
  lead.expected = DayOf(rows.OptionalInt(10));
  lead.budget = {rows.OptionalInt(11), rows.OptionalInt(12)};
  lead.amount_fen = rows.Int(13);
  lead.grade = rows.Text(14);
  lead.grade_by_hand = !lead.grade.empty();
  NameGrade(lead, look.today);
  RETURN_IF_ERROR(UnsealWords(look.dealer, rows.Bytes(15), lead));
  lead.lost_reason = rows.Text(16);
  lead.deal_day = DayOf(rows.OptionalInt(17));
  lead.version = rows.Int(18);
  lead.created_at = {rows.Int(19)};
  lead.changed_at = {rows.Int(20)};
  lead.changed_by = rows.Text(21);
  lead.anonymised = !rows.IsNull(24);
  // The customer may have gone to somebody else, while a lead that is over stays with whom it was.
  if (!look.sight.Sees(StaffId(rows.Int(23)))) return lead;
  ASSIGN_OR_RETURN(Record record, Unseal(look.dealer, lead.customer, rows.Bytes(22)));
  if (reveal == Reveal::kMasked) record = Masked(record);
  lead.no_contact = ReadNoContact(rows, 25);
  lead.customer_name = record["name"];
  lead.customer_phone = record["phone"];
  return lead;
}

Result<Lead> Store::FindLead(const Look& look, std::string_view code, Reveal reveal) const {
  db::Rows rows = look.connection.Query("SELECT " + kLeadColumns +
                                            "FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id "
                                            "AND c.customer_id = l.customer_id WHERE l.dealer_id = ?1 AND l.lead = ?2",
                                        look.dealer, code);
  if (!rows.Next() || !look.sight.Sees(StaffId(rows.Int(3)))) return Error("not_found");
  return ReadLead(look, rows, reveal);
}

Result<Lead> Store::GetLead(const Asker& asker, std::string_view code, Reveal reveal, Instant now) {
  return database_.Read<Lead>([&](db::Connection& connection) -> Result<Lead> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    return FindLead(look, code, reveal);
  });
}

// ---- Writing ----

// A code of the catalogue, by any of its names, or a member that the ledger knows. A model may be new.
Status Store::TakeMember(const Look& look, Dim dim, const std::optional<std::string>& text, std::string& code) const {
  if (!text) return {};
  ASSIGN_OR_RETURN(code, catalog::LineOfText(DimName(dim), *text, 120));
  if (code.empty()) return {};
  if (const catalog::Code* known = catalog_->FindCode(dim, code)) {
    code = known->code;
    return {};
  }
  if (dim == Dim::kModel) return {};
  db::Rows rows = look.connection.Query("SELECT 1 FROM member WHERE dim = ?1 AND code = ?2", DimName(dim), code);
  if (rows.Next()) return {};
  return Error("unknown_member").With("dimension", DimName(dim)).With("name", code);
}

Status Store::TakeInput(const Look& look, const LeadInput& input, Lead& lead) const {
  RETURN_IF_ERROR(TakeMember(look, Dim::kSource, input.source, lead.source));
  RETURN_IF_ERROR(TakeMember(look, Dim::kAccessForm, input.access_form, lead.access_form));
  RETURN_IF_ERROR(TakeMember(look, Dim::kModel, input.model, lead.model));
  if (input.referrer) {
    const CustomerId before = lead.referrer;
    lead.referrer = *input.referrer;
    if (lead.referrer.set()) {
      ASSIGN_OR_RETURN(const Row row, FindRow(look, lead.referrer));
      if (row.id == lead.customer || (row.anonymised_at && row.id != before)) return Error("referrer_missing");
      lead.referrer = row.id;
    }
  }
  // Domain T3: a referral names who referred.
  if (lead.source == "referral" && !lead.referrer.set()) return Error("referrer_missing");
  if (input.expected) {
    lead.expected = ParseDay(*input.expected);
    if (!lead.expected && !input.expected->empty()) {
      return Error("field_day_bad").With("field", "expected").With("value", *input.expected);
    }
  }
  if (input.budget) {
    lead.budget = {};
    if (!Trim(*input.budget).empty()) {
      ASSIGN_OR_RETURN(lead.budget, ParseBudget(*input.budget));
    }
  }
  if (input.amount_fen) {
    if (*input.amount_fen < 0) return Error("amount_negative");
    lead.amount_fen = *input.amount_fen;
  }
  RETURN_IF_ERROR(TakeWords("need", input.need, lead.need));
  if (input.need && !lead.need.empty()) RETURN_IF_ERROR(CheckNeed(lead.need, policy_));
  RETURN_IF_ERROR(TakeWords("remark", input.remark, lead.remark));
  RETURN_IF_ERROR(TakeWords("grade_why", input.grade_why, lead.grade_why));
  if (input.grade) {
    lead.grade = *input.grade;
    lead.grade_by_hand = !lead.grade.empty();
    if (!lead.grade_by_hand) lead.grade_why.clear();
    const GradeScheme& scheme = policy_.Scheme();
    const bool known = std::any_of(scheme.begin(), scheme.end(), [&](const Grade& g) { return g.code == lead.grade; });
    if (lead.grade_by_hand && !known) return Error("grade_unknown").With("grade", lead.grade);
  }
  if (lead.grade_by_hand && lead.grade_why.empty()) return Error("grade_why_missing");
  return {};
}

ledger::NewEntry Store::Entry(const Look& look, std::string_view event, const Lead& lead) const {
  ledger::NewEntry entry;
  entry.event = catalog_->FindEvent(event);
  entry.day = look.today;
  entry.at = look.now;
  entry.lead = lead.code;
  entry.attempt = lead.attempt;
  entry.actor = lead.owner;
  const auto name = [&](Dim dim, const std::string& code) {
    if (code.empty()) return;
    entry.members[static_cast<size_t>(MemberIndex(dim))] = org::AddMember(look.connection, dim, code);
  };
  name(Dim::kSource, lead.source);
  name(Dim::kAccessForm, lead.access_form);
  name(Dim::kModel, lead.model);
  return entry;
}

Result<std::string> Store::AddLeadIn(const Look& look, CustomerId customer, StaffId owner, const LeadInput& input,
                                     std::optional<Day> since) const {
  RETURN_IF_ERROR(look.CheckOwner(owner));
  Lead lead;
  lead.code = std::to_string(NewId());
  lead.customer = customer;
  lead.owner = owner;
  lead.stage = kFirstStage;
  RETURN_IF_ERROR(TakeInput(look, input, lead));
  ASSIGN_OR_RETURN(const std::string words, SealWords(look.connection, look.dealer, lead));
  look.connection.Execute(
      "INSERT INTO lead (dealer_id, lead, customer_id, attempt, owner_id, status, stage, source, access_form, model, "
      "referrer_id, expected_day, budget_least, budget_most, amount, grade, words, version, created_at, created_by, "
      "changed_at, changed_by) VALUES (?1, ?2, ?3, 1, ?4, 'open', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1, "
      "?16, ?17, ?16, ?17)",
      look.dealer, lead.code, customer, owner, lead.stage, OrNull(lead.source), OrNull(lead.access_form),
      OrNull(lead.model), lead.referrer.set() ? std::optional(lead.referrer.value) : std::nullopt,
      OrNull(lead.expected), lead.budget.least_fen, lead.budget.most_fen, lead.amount_fen,
      lead.grade_by_hand ? OrNull(lead.grade) : std::nullopt, db::Blob{words}, look.now.ms, look.by);
  std::array entries = {Entry(look, "captured", lead), Entry(look, "assigned", lead)};
  if (since) {
    // At the same time of that day.
    constexpr int64_t kDayMs = 86'400'000;
    for (ledger::NewEntry& entry : entries) {
      entry.day = *since;
      entry.at = {look.now.ms - (look.today.value - since->value) * kDayMs};
    }
  }
  ledger::Append(look.connection, *catalog_, look.dealer, entries, {look.by, look.now, {}});
  return lead.code;
}

// A lead is named by its code; whose it is stands beside it.
Status Store::NoteLead(const Look& look, std::string_view act, std::string_view code, CustomerId customer,
                       std::vector<std::string> fields) {
  std::vector<std::pair<std::string, db::Deed::Detail>> details = {{"customer", std::to_string(customer.value)}};
  if (!fields.empty()) details.emplace_back("fields", std::move(fields));
  return look.witness.Note(look.connection, act, "lead:" + std::string(code), look.dealer, std::move(details));
}

Result<std::string> Store::AddLead(const Asker& asker, CustomerId customer, StaffId owner, const LeadInput& input,
                                   Instant now) {
  return database_.Write<std::string>([&](db::Connection& connection) -> Result<std::string> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    // Else he might be anonymised meanwhile, as one of whom nothing is open.
    ledger::Lock(connection, look.dealer);
    ASSIGN_OR_RETURN(const Row row, FindRow(look, customer));
    if (row.anonymised_at) return Error("customer_anonymised");
    ASSIGN_OR_RETURN(std::string code, AddLeadIn(look, row.id, owner, input));
    RETURN_IF_ERROR(BookFields(look, row.id));
    RETURN_IF_ERROR(NoteLead(look, "lead.add", code, row.id));
    return code;
  });
}

Status Store::ChangeLead(const Asker& asker, std::string_view code, int64_t version, const LeadInput& input,
                         Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    // First of all, so that of two changes at once one waits here and then finds the version moved.
    const int64_t moved = connection.Execute(
        "UPDATE lead SET version = version + 1, changed_at = ?4, changed_by = ?5 "
        "WHERE dealer_id = ?1 AND lead = ?2 AND version = ?3",
        asker.dealer, code, version, now.ms, asker.by);
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ASSIGN_OR_RETURN(Lead lead, FindLead(look, code, Reveal::kMasked));
    if (lead.anonymised) return Error("customer_anonymised");
    if (moved == 0) return Error("edit_conflict").With("by", lead.changed_by).With("version", lead.version);
    const Lead before = lead;
    RETURN_IF_ERROR(TakeInput(look, input, lead));
    return WriteLead(look, before, lead);
  });
}

Status Store::WriteLead(const Look& look, const Lead& before, const Lead& lead) const {
  ASSIGN_OR_RETURN(const std::string words, SealWords(look.connection, look.dealer, lead));
  look.connection.Execute(
      "UPDATE lead SET source = ?3, access_form = ?4, model = ?5, referrer_id = ?6, expected_day = ?7, "
      "budget_least = ?8, budget_most = ?9, amount = ?10, grade = ?11, words = ?12 "
      "WHERE dealer_id = ?1 AND lead = ?2",
      look.dealer, lead.code, OrNull(lead.source), OrNull(lead.access_form), OrNull(lead.model),
      lead.referrer.set() ? std::optional(lead.referrer.value) : std::nullopt, OrNull(lead.expected),
      lead.budget.least_fen, lead.budget.most_fen, lead.amount_fen,
      lead.grade_by_hand ? OrNull(lead.grade) : std::nullopt, db::Blob{words});
  RETURN_IF_ERROR(BookFields(look, lead.customer));
  return NoteLead(look, "lead.change", lead.code, lead.customer, ChangedFields(before, lead));
}

Result<LeadChanged> Store::ChangeLeadIn(const Look& look, const LeadChange& change, bool dry_run) const {
  LeadChanged changed;
  changed.customer = change.customer;
  changed.lead = change.lead;
  const auto ended = [&](std::string_view outcome) {
    changed.outcome = outcome;
    return changed;
  };
  if (changed.lead.empty()) {
    auto row = FindRow(look, change.customer);
    if (!row.ok()) return row.error().code == "not_found" ? ended("not_found") : Result<LeadChanged>(row.error());
    changed.customer = row->id;
    Where where(look.dealer);
    const std::string customer = where.Add(row->id);
    look.sight.Narrow(where, "owner_id");
    db::Rows rows = look.connection.QueryValues(
        "SELECT lead FROM lead WHERE dealer_id = ?1 AND customer_id = " + customer +
            " AND status IN ('open', 'suspended')" + where.text() + " ORDER BY created_at DESC, lead DESC LIMIT 1",
        where.values());
    if (!rows.Next()) return ended("no_lead");
    changed.lead = rows.Text(0);
  }
  auto found = FindLead(look, changed.lead, Reveal::kMasked);
  if (!found.ok()) return found.error().code == "not_found" ? ended("not_found") : Result<LeadChanged>(found.error());
  Lead lead = *std::move(found);
  changed.customer = lead.customer;
  changed.version = lead.version;
  if (!dry_run && lead.version != change.version) {
    changed.by = lead.changed_by;
    return ended("conflict");
  }
  if (lead.anonymised) return ended("not_found");
  const Lead before = lead;
  const LeadInput& input = change.input;
  if (input.expected) changed.before.expected = before.expected ? FormatDay(*before.expected) : "";
  if (input.grade) {
    changed.before.grade = before.grade_by_hand ? before.grade : "";
    changed.before.grade_why = before.grade_why;
  }
  if (const Status taken = TakeInput(look, input, lead); !taken.ok()) {
    changed.problem = taken.error();
    return ended("refused");
  }
  NameGrade(lead, look.today);
  if (ChangedFields(before, lead).empty()) return ended("same");
  if (!dry_run) {
    const int64_t moved = look.connection.Execute(
        "UPDATE lead SET version = version + 1, changed_at = ?3, changed_by = ?4 WHERE dealer_id = ?1 AND lead = ?2 "
        "AND version = ?5",
        look.dealer, lead.code, look.now.ms, look.by, before.version);
    if (moved == 0) return ended("conflict");
    RETURN_IF_ERROR(WriteLead(look, before, lead));
    ++changed.version;
  }
  return ended("change");
}

Result<std::vector<LeadChanged>> Store::ChangeLeads(const Asker& asker, const std::vector<LeadChange>& changes,
                                                    bool dry_run, Instant now) {
  using All = std::vector<LeadChanged>;
  const auto work = [&](db::Connection& connection) -> Result<All> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    // So that nobody changes one between the look at its version and the change.
    if (!dry_run) ledger::Lock(connection, look.dealer);
    All all;
    for (const LeadChange& change : changes) {
      ASSIGN_OR_RETURN(LeadChanged changed, ChangeLeadIn(look, change, dry_run));
      all.push_back(std::move(changed));
    }
    return all;
  };
  return dry_run ? database_.Read<All>(work) : database_.Write<All>(work);
}

Result<Lead> Store::NewestLead(const Look& look, CustomerId customer) const {
  db::Rows rows = look.connection.Query("SELECT " + kLeadColumns +
                                            "FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id "
                                            "AND c.customer_id = l.customer_id WHERE l.dealer_id = ?1 "
                                            "AND l.customer_id = ?2 ORDER BY l.created_at DESC, l.lead DESC LIMIT 1",
                                        look.dealer, customer);
  return rows.Next() ? ReadLead(look, rows, Reveal::kMasked) : Result<Lead>(Lead());
}

Result<std::map<CustomerId, Lead>> Store::NewestLeads(const Asker& asker, const std::vector<CustomerId>& customers,
                                                      Instant now) {
  using Newest = std::map<CustomerId, Lead>;
  constexpr size_t kAtOnce = 100;  // so that one statement serves all; a last group repeats its last number
  return database_.Read<Newest>([&](db::Connection& connection) -> Result<Newest> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    Newest newest;
    for (size_t from = 0; from < customers.size(); from += kAtOnce) {
      Where where(look.dealer);
      look.sight.Narrow(where, "l.owner_id");
      std::string wanted;
      for (size_t i = 0; i < kAtOnce; ++i) {
        wanted += (i == 0 ? "" : ", ") + where.Add(customers[std::min(from + i, customers.size() - 1)]);
      }
      // In order of age, so that the last one stays.
      db::Rows rows = connection.QueryValues("SELECT " + kLeadColumns +
                                                 "FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id "
                                                 "AND c.customer_id = l.customer_id WHERE l.dealer_id = ?1" +
                                                 where.text() + " AND l.customer_id IN (" + wanted +
                                                 ") ORDER BY l.created_at, l.lead",
                                             where.values());
      while (rows.Next()) {
        ASSIGN_OR_RETURN(Lead lead, ReadLead(look, rows, Reveal::kMasked));
        newest[lead.customer] = std::move(lead);
      }
    }
    return newest;
  });
}

Status Store::BookFields(const Look& look, CustomerId customer) const {
  Kind kind = Kind::kPerson;
  StaffId owner;
  Record record;
  std::optional<int64_t> booked;
  {
    // A lead may be seen whose customer is a colleague's: what he has filled in counts all the same.
    db::Rows rows = look.connection.Query(
        "SELECT kind, owner_id, personal, fields_booked FROM customer WHERE dealer_id = ?1 AND customer_id = ?2",
        look.dealer, customer);
    if (!rows.Next()) return Error("not_found");
    kind = ParseKind(rows.Text(0)).value_or(Kind::kPerson);
    owner = StaffId(rows.Int(1));
    ASSIGN_OR_RETURN(record, Unseal(look.dealer, customer, rows.Bytes(2)));
    booked = rows.OptionalInt(3);
  }
  PurchaseKnown known;
  {
    db::Rows rows = look.connection.Query(
        "SELECT COUNT(model), COUNT(budget_least) + COUNT(budget_most), COUNT(expected_day) FROM lead "
        "WHERE dealer_id = ?1 AND customer_id = ?2",
        look.dealer, customer);
    rows.Next();
    known = {rows.Int(0) > 0, rows.Int(1) > 0, rows.Int(2) > 0};
  }
  int64_t filled = 0;
  int64_t required = 0;
  for (const Completeness& group : CompletenessOf(kind, record, known)) {
    filled += group.filled;
    required += group.of;
  }
  if (booked == filled) return {};
  ASSIGN_OR_RETURN(Lead lead, NewestLead(look, customer));
  if (lead.code.empty()) lead.owner = owner;
  std::vector<ledger::NewEntry> entries;
  const auto book = [&](std::string_view event, int64_t count) {
    entries.push_back(Entry(look, event, lead));
    entries.back().quantity = count * 1000;
  };
  if (!booked) book("field_required", required);
  book("field_filled", filled - booked.value_or(0));
  ledger::Append(look.connection, *catalog_, look.dealer, entries, {look.by, look.now, {}});
  look.connection.Execute("UPDATE customer SET fields_booked = ?3 WHERE dealer_id = ?1 AND customer_id = ?2",
                          look.dealer, customer, filled);
  return {};
}

Status Store::MoveLead(db::Connection& connection, const Asker& asker, std::string_view code, const LeadMove& move,
                       Instant now) {
  ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
  ledger::Lock(connection, look.dealer);
  ASSIGN_OR_RETURN(Lead lead, FindLead(look, code, Reveal::kMasked));
  if (lead.anonymised) return Error("customer_anonymised");
  if (!move.stage.empty()) {
    const auto& stages = catalog_->stages();
    const bool known = std::any_of(stages.begin(), stages.end(), [&](const auto& s) { return s.id == move.stage; });
    if (!known) return Error("stage_unknown").With("stage", move.stage);
    lead.stage = move.stage;
  }
  if (move.status && *move.status != lead.status) {
    if (!MayMove(lead.status, *move.status)) {
      return Error("lead_move_impossible")
          .With("from", LeadStatusName(lead.status))
          .With("to", LeadStatusName(*move.status));
    }
    if (*move.status == LeadStatus::kLost && move.lost_reason.empty()) return Error("lost_reason_missing");
    if (lead.status == LeadStatus::kLost) {
      ++lead.attempt;
      if (move.stage.empty()) lead.stage = kFirstStage;
    }
    lead.status = *move.status;
    lead.lost_reason = lead.status == LeadStatus::kLost ? move.lost_reason : "";
    if (lead.status == LeadStatus::kWon) lead.deal_day = look.today;
    if (lead.status == LeadStatus::kOpen || lead.status == LeadStatus::kLost) lead.deal_day.reset();
  }
  connection.Execute(
      "UPDATE lead SET status = ?3, stage = ?4, attempt = ?5, lost_reason = ?6, deal_day = ?7, version = version + 1, "
      "changed_at = ?8, changed_by = ?9 WHERE dealer_id = ?1 AND lead = ?2",
      look.dealer, code, LeadStatusName(lead.status), lead.stage, lead.attempt, OrNull(lead.lost_reason),
      OrNull(lead.deal_day), now.ms, look.by);
  if (lead.status == LeadStatus::kWon || lead.status == LeadStatus::kDelivered) {
    connection.Execute(
        "UPDATE customer SET active_day = ?3 WHERE dealer_id = ?1 AND customer_id = ?2 AND active_day < ?3",
        look.dealer, lead.customer, look.today.value);
  }
  return look.witness.Note(connection, "lead.move", "lead:" + std::string(code), look.dealer,
                           {{"customer", std::to_string(lead.customer.value)},
                            {"status", std::string(LeadStatusName(lead.status))},
                            {"stage", lead.stage}});
}

// ---- Lists ----

Result<LeadPage> Store::ListLeads(const Asker& asker, const LeadFilter& filter, LeadSort sort, std::string_view cursor,
                                  size_t limit, Reveal reveal, Instant now) {
  ASSIGN_OR_RETURN(const auto after, ReadCursor(cursor));
  return database_.Read<LeadPage>([&](db::Connection& connection) -> Result<LeadPage> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    Where where(look.dealer);
    look.sight.Narrow(where, "l.owner_id");
    Narrow(where, filter);
    LeadPage page;
    if (!after) {
      db::Rows rows =
          connection.QueryValues("SELECT COUNT(*) FROM lead l WHERE l.dealer_id = ?1" + where.text(), where.values());
      rows.Next();
      page.count = rows.Int(0);
    }
    const Order order = OrderOf(sort);
    const std::string value(order.value);
    const std::string direction = order.descending ? " DESC" : "";
    if (after) {
      where.And("(" + value + ", l.lead) " + (order.descending ? "<" : ">") + " (?, ?)", {after->value, after->row});
    }
    const std::string last = where.Add(limit + 1);
    db::Rows rows = connection.QueryValues(
        "SELECT " + kLeadColumns + ", " + value +
            " FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id AND c.customer_id = l.customer_id "
            "WHERE l.dealer_id = ?1" +
            where.text() + " ORDER BY " + value + direction + ", l.lead" + direction + " LIMIT " + last,
        where.values());
    int64_t last_value = 0;
    while (rows.Next()) {
      if (page.leads.size() == limit) {
        page.next = CursorText(last_value, page.leads.back().code);
        break;
      }
      ASSIGN_OR_RETURN(Lead lead, ReadLead(look, rows, reveal));
      page.leads.push_back(std::move(lead));
      last_value = rows.Int(27);
    }
    return page;
  });
}

Result<std::vector<BoardColumn>> Store::Board(const Asker& asker, const LeadFilter& filter, Instant now) {
  return database_.Read<std::vector<BoardColumn>>([&](db::Connection& connection) -> Result<std::vector<BoardColumn>> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    Where where(look.dealer);
    look.sight.Narrow(where, "l.owner_id");
    Narrow(where, filter);
    std::vector<BoardColumn> columns;
    for (const catalog::Stage& stage : catalog_->stages()) {
      if (stage.order >= kFirstOrder && stage.order <= kLastOrder) columns.push_back({stage.id});
    }
    db::Rows rows = connection.QueryValues(
        "SELECT l.stage, COUNT(*), CAST(SUM(l.amount) AS BIGINT) FROM lead l WHERE l.dealer_id = ?1 "
        "AND l.status IN ('open', 'suspended')" +
            where.text() + " GROUP BY l.stage ORDER BY l.stage",
        where.values());
    while (rows.Next()) {
      const auto at = std::find_if(columns.begin(), columns.end(),
                                   [&](const BoardColumn& column) { return column.stage == rows.Text(0); });
      BoardColumn& column = at == columns.end() ? columns.emplace_back(BoardColumn{std::string(rows.Text(0))}) : *at;
      column.count = rows.Int(1);
      column.amount_fen = rows.Int(2);
    }
    return columns;
  });
}

}  // namespace dealpace::leads
