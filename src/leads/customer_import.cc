#include "leads/customer_import.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "access/masking.h"
#include "attachments/store.h"
#include "base/text.h"
#include "leads/attachment_homes.h"
#include "leads/look.h"
#include "ledger/read.h"

namespace dealpace::leads {
namespace {

constexpr int64_t kBatch = 200;  // rows in one transaction: others wait a tenth of a second for it
constexpr int64_t kImportsListed = 100;
constexpr std::string_view kImportColumns =
    "import_id, state, version, all_rows, seen_rows, added, changed, leads, same, repeated, refused, taken_back, "
    "remaining, created_at, created_by, changed_at, finished_at, keep_until ";

std::string_view SaidOf(const Record& record, std::string_view field) {
  const auto it = record.find(field);
  return it == record.end() ? std::string_view() : std::string_view(it->second);
}

access::Vault::Place PartPlace(DealerId dealer, int64_t part) {
  return {access::SealedField::kImportPart, part, dealer.value};
}

std::optional<ImportState> ParseState(std::string_view name) {
  for (const ImportState state : {ImportState::kDraft, ImportState::kImporting, ImportState::kDone,
                                  ImportState::kUndoing, ImportState::kUndone}) {
    if (ImportStateName(state) == name) return state;
  }
  return std::nullopt;
}

Import ReadImport(const db::Rows& rows) {
  Import import;
  import.id = rows.Int(0);
  import.state = ParseState(rows.Text(1)).value_or(ImportState::kDone);
  import.version = rows.Int(2);
  import.rows = rows.Int(3);
  import.seen = rows.Int(4);
  import.added = rows.Int(5);
  import.changed = rows.Int(6);
  import.leads = rows.Int(7);
  import.same = rows.Int(8);
  import.repeated = rows.Int(9);
  import.refused = rows.Int(10);
  import.taken_back = rows.Int(11);
  import.remaining = rows.Int(12);
  import.created_at = {rows.Int(13)};
  import.created_by = rows.Text(14);
  import.changed_at = {rows.Int(15)};
  if (const auto at = rows.OptionalInt(16)) import.finished_at = Instant{*at};
  import.kept = !rows.IsNull(17);
  return import;
}

Error WrongState(ImportState state) { return Error("import_state").With("state", ImportStateName(state)); }

std::string FirstCharacter(std::string_view text) {
  const std::string_view all = text;
  (void)NextCodePoint(text);
  return std::string(all.substr(0, all.size() - text.size()));
}

// Whether two names may be one person's: lists often say 王先生 of 王小明.
bool MayBeOne(std::string_view one, std::string_view other) {
  if (Plain(one) == Plain(other)) return true;
  const std::string family = FirstCharacter(one);
  if (family != FirstCharacter(other)) return false;
  for (const std::string_view name : {one, other}) {
    const std::string_view rest = name.substr(family.size());
    for (const std::string_view title : {"先生", "女士", "小姐", "太太", "师傅", "老师", "总"}) {
      if (rest == title) return true;
    }
  }
  return false;
}

// By what two rows are the same customer.
std::vector<std::string> KeysOf(const Record& record) {
  std::vector<std::string> keys;
  for (const char* field : {"phone", "phone2"}) {
    if (std::string phone = access::NormalPhone(SaidOf(record, field)); !phone.empty()) {
      keys.push_back("phone " + std::move(phone));
    }
  }
  for (const char* field : {"plate", "vin"}) {
    if (std::string value = access::NormalPlate(SaidOf(record, field)); value.size() >= 5) {
      keys.push_back(std::string(field) + " " + std::move(value));
    }
  }
  return keys;
}

// All that a row says, in one text.
std::string Said(const ImportRow& row, const Record& record) {
  std::string all;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    all.append(name).append("=").append(value).append("\x1f");
  };
  for (const auto& [field, value] : record) add(field, value);
  const LeadInput& lead = row.lead;
  add("~source", lead.source.value_or(""));
  add("~access_form", lead.access_form.value_or(""));
  add("~model", lead.model.value_or(""));
  add("~expected", lead.expected.value_or(""));
  add("~budget", lead.budget.value_or(""));
  add("~need", lead.need.value_or(""));
  add("~remark", lead.remark.value_or(""));
  add("~grade", lead.grade.value_or(""));
  add("~owner", row.owner);
  add("~referrer", row.referrer);
  if (row.since) add("~since", FormatDay(*row.since));
  return all;
}

}  // namespace

std::string_view ImportWhatName(ImportWhat what) {
  switch (what) {
    case ImportWhat::kAdd: return "add";
    case ImportWhat::kChange: return "change";
    case ImportWhat::kSame: return "same";
    case ImportWhat::kRepeated: return "repeated";
    case ImportWhat::kRefused: break;
  }
  return "refused";
}

std::string_view ImportStateName(ImportState state) {
  switch (state) {
    case ImportState::kDraft: return "draft";
    case ImportState::kImporting: return "importing";
    case ImportState::kDone: return "done";
    case ImportState::kUndoing: return "undoing";
    case ImportState::kUndone: break;
  }
  return "undone";
}

void MarkRepeats(std::vector<ImportRow>& rows) {
  std::unordered_map<std::string, int64_t> first;
  for (ImportRow& row : rows) {
    row.repeats = 0;
    if (!row.problems.empty()) continue;  // it takes nobody's place
    std::vector<std::string> keys = KeysOf(row.record);
    for (const std::string& key : keys) {
      if (const auto it = first.find(key); it != first.end()) {
        row.repeats = it->second;
        break;
      }
    }
    if (row.repeats != 0) continue;
    for (std::string& key : keys) first.emplace(std::move(key), row.number);
  }
}

// Those whom the asker may give customers to, by code and name.
struct CustomerImports::Roster {
  explicit Roster(const Store::Look& look) {
    db::Rows rows = look.connection.Query(
        "SELECT staff_id, code, name FROM staff WHERE dealer_id = ?1 ORDER BY staff_id", look.dealer);
    while (rows.Next()) {
      const StaffId id(rows.Int(0));
      if (!look.sight.Sees(id)) continue;
      codes.emplace(Plain(rows.Text(1)), id);
      const std::string name = Plain(rows.Text(2));
      if (name.empty()) continue;
      const auto [it, fresh] = names.emplace(name, id);
      if (!fresh && it->second != id) it->second = StaffId();  // two of one name
    }
  }
  [[nodiscard]] Result<StaffId> Find(const std::string& text) const {
    const std::string plain = Plain(text);
    if (const auto it = codes.find(plain); it != codes.end()) return it->second;
    const auto it = names.find(plain);
    if (it == names.end()) return Error("import_owner_unknown").With("name", text);
    if (!it->second.set()) return Error("import_owner_two").With("name", text);
    return it->second;
  }
  std::map<std::string, StaffId> codes;
  std::map<std::string, StaffId> names;
};

struct CustomerImports::RowDone {
  int64_t number = 0;
  bool added = false;
  int64_t key = 0;
  CustomerId customer;
  int64_t version = 0;
  std::string lead;
  std::vector<std::string> fields;
  int64_t first_seq = 0;  // none: first_seq > last_seq
  int64_t last_seq = 0;
};

// Which leads of the import have entries that are not its own, up to a number of the ledger. A transaction notes what
// came since in a TouchedSince of its own, which is taken over when it has ended well: each entry is looked at once,
// however many batches there are.
struct CustomerImports::TouchedSince {
  const std::unordered_set<std::string>& before;
  std::unordered_set<std::string> leads;
  int64_t up_to = 0;

  [[nodiscard]] bool Has(const std::string& lead) const { return before.contains(lead) || leads.contains(lead); }
};
struct CustomerImports::Touched {
  std::unordered_map<std::string, std::pair<int64_t, int64_t>> own;  // the entries of each lead, first and last
  std::unordered_set<std::string> leads;
  int64_t up_to = 0;

  [[nodiscard]] TouchedSince Read(db::Connection& connection, const catalog::Catalog& catalog, DealerId dealer,
                                  int64_t last) const {
    TouchedSince since{leads, {}, std::max(last, up_to)};
    if (last <= up_to) return since;
    ledger::VisitEntries(connection, catalog, dealer, up_to, last, [&](const ledger::Entry& entry) {
      const auto it = own.find(std::string(entry.lead));
      if (it == own.end()) return;
      if (entry.seq < it->second.first || entry.seq > it->second.second) since.leads.emplace(entry.lead);
    });
    return since;
  }
  void Take(std::unordered_set<std::string> more, int64_t last) {
    leads.merge(more);
    up_to = last;
  }
};

// ---- What is kept of a list ----

Result<Import> CustomerImports::FindIn(db::Connection& connection, const Asker& asker, int64_t id) {
  db::Rows rows = connection.Query(
      "SELECT " + std::string(kImportColumns) + "FROM customer_import WHERE dealer_id = ?1 AND import_id = ?2",
      asker.dealer, id);
  if (!rows.Next()) return Error("not_found");
  Import import = ReadImport(rows);
  if (!asker.visible.all && import.created_by != asker.by) return Error("not_found");
  return import;
}

Status CustomerImports::AddPart(db::Connection& connection, DealerId dealer, int64_t id, std::string_view what,
                                std::string_view content) const {
  const int64_t part = NewId();
  ASSIGN_OR_RETURN(const std::string sealed, store_.vault_.Seal(connection, PartPlace(dealer, part), content));
  connection.Execute(
      "INSERT INTO customer_import_part (dealer_id, part_id, import_id, what, content) VALUES (?1, ?2, ?3, ?4, ?5)",
      dealer, part, id, what, db::Blob{sealed});
  return {};
}

Result<int64_t> CustomerImports::Begin(const Asker& asker, std::string_view head, std::span<const std::string> pieces,
                                       int64_t rows, Instant now) {
  return store_.database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    const int64_t id = NewId();
    connection.Execute(
        "INSERT INTO customer_import (dealer_id, import_id, state, version, all_rows, seen_rows, added, changed, "
        "leads, "
        "same, repeated, refused, taken_back, remaining, created_at, created_by, changed_at, keep_until) "
        "VALUES (?1, ?2, 'draft', 1, ?3, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?4, ?5, ?4, ?6)",
        look.dealer, id, rows, now.ms, asker.by, now.ms + kDraftKeptMs);
    RETURN_IF_ERROR(AddPart(connection, look.dealer, id, "head", head));
    for (const std::string& piece : pieces) RETURN_IF_ERROR(AddPart(connection, look.dealer, id, "rows", piece));
    return id;
  });
}

Result<Import> CustomerImports::Find(const Asker& asker, int64_t id) {
  return store_.database_.Read<Import>([&](db::Connection& connection) { return FindIn(connection, asker, id); });
}

Result<std::vector<Import>> CustomerImports::List(const Asker& asker) {
  using Imports = std::vector<Import>;
  return store_.database_.Read<Imports>([&](db::Connection& connection) -> Result<Imports> {
    Where where(asker.dealer);
    if (!asker.visible.all) where.And("created_by = ?", {asker.by});
    const std::string most = where.Add(kImportsListed);
    db::Rows rows =
        connection.QueryValues("SELECT " + std::string(kImportColumns) + "FROM customer_import WHERE dealer_id = ?1" +
                                   where.text() + " ORDER BY import_id DESC LIMIT " + most,
                               where.values());
    Imports imports;
    while (rows.Next()) imports.push_back(ReadImport(rows));
    return imports;
  });
}

Result<std::vector<std::string>> CustomerImports::ReadParts(const Asker& asker, int64_t id, std::string_view what) {
  using Parts = std::vector<std::string>;
  return store_.database_.Read<Parts>([&](db::Connection& connection) -> Result<Parts> {
    RETURN_IF_ERROR(FindIn(connection, asker, id));
    db::Rows rows = connection.Query(
        "SELECT part_id, content FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2 AND what = ?3 "
        "ORDER BY part_id",
        asker.dealer, id, what);
    Parts parts;
    while (rows.Next()) {
      ASSIGN_OR_RETURN(std::string plain, store_.vault_.Unseal(PartPlace(asker.dealer, rows.Int(0)), rows.Bytes(1)));
      parts.push_back(std::move(plain));
    }
    return parts;
  });
}

Result<std::string> CustomerImports::Head(const Asker& asker, int64_t id) {
  ASSIGN_OR_RETURN(std::vector<std::string> parts, ReadParts(asker, id, "head"));
  return parts.empty() ? std::string() : std::move(parts.front());
}
Result<std::vector<std::string>> CustomerImports::Pieces(const Asker& asker, int64_t id) {
  return ReadParts(asker, id, "rows");
}
Result<std::vector<std::string>> CustomerImports::Refused(const Asker& asker, int64_t id) {
  return ReadParts(asker, id, "refused");
}

Result<std::vector<Remaining>> CustomerImports::RemainingOf(const Asker& asker, int64_t id, size_t most) {
  using All = std::vector<Remaining>;
  return store_.database_.Read<All>([&](db::Connection& connection) -> Result<All> {
    RETURN_IF_ERROR(FindIn(connection, asker, id));
    db::Rows rows = connection.Query(
        "SELECT row_number, customer_id, remains FROM customer_import_row WHERE dealer_id = ?1 AND import_id = ?2 "
        "AND remains IS NOT NULL ORDER BY row_number LIMIT ?3",
        asker.dealer, id, most);
    All all;
    while (rows.Next()) all.push_back({rows.Int(0), CustomerId(rows.Int(1)), std::string(rows.Text(2))});
    return all;
  });
}

Status CustomerImports::SetHead(const Asker& asker, int64_t id, int64_t version, std::string_view head, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    const int64_t moved = connection.Execute(
        "UPDATE customer_import SET version = version + 1, changed_at = ?4, keep_until = ?5 "
        "WHERE dealer_id = ?1 AND import_id = ?2 AND version = ?3 AND state = 'draft'",
        asker.dealer, id, version, now.ms, now.ms + kDraftKeptMs);
    ASSIGN_OR_RETURN(const Import import, FindIn(connection, asker, id));
    if (import.state != ImportState::kDraft) return WrongState(import.state);
    if (moved == 0) return Error("edit_conflict").With("by", import.created_by).With("version", import.version);
    connection.Execute("DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2 AND what = 'head'",
                       asker.dealer, id);
    return AddPart(connection, asker.dealer, id, "head", head);
  });
}

// ---- Looking at a row ----

// The lead that the row speaks of, complete, and whether it can be entered.
Status CustomerImports::CompleteLead(const Store::Look& look, const ImportRow& row, const ImportChoices& choices,
                                     RowPlan& plan) const {
  plan.input = row.lead;
  if (!plan.input.source || plan.input.source->empty()) {
    plan.input.source.reset();
    if (!choices.source.empty()) plan.input.source = choices.source;
  }
  if (!row.referrer.empty()) {
    ASSIGN_OR_RETURN(const Duplicates named, store_.FindDuplicatesIn(look, {{"phone", row.referrer}}));
    if (named.seen.empty()) return Error("referrer_missing");
    plan.input.referrer = named.seen.front().id;
  }
  Lead lead;
  lead.customer = plan.customer;
  return store_.TakeInput(look, plan.input, lead);
}

Status CustomerImports::PlanKnown(const Store::Look& look, const Found& found, const ImportRow& row,
                                  const ImportChoices& choices, RowPlan& plan) const {
  plan.customer = found.id;
  ASSIGN_OR_RETURN(const Store::Row known, store_.FindRow(look, found.id));
  const std::string_view name = SaidOf(plan.record, "name");
  if (!name.empty() && !MayBeOne(name, SaidOf(known.record, "name"))) {
    const std::string_view zh = found.matched == "phone" ? "电话" : found.matched == "plate" ? "车牌" : "VIN";
    return Error("import_name_differs").With("matched", found.matched).With("matched_zh", zh);
  }
  if (choices.fill) {
    for (const auto& [field, value] : plan.record) {
      const Field* known_field = FindField(field);
      if (known_field == nullptr || !Has(*known_field, known.kind) || known.record.contains(field)) continue;
      plan.fields.push_back(field);
    }
  }
  if (choices.leads && row.about_purchase && known.owner.set()) {
    plan.lead = !look.connection
                     .Query(
                         "SELECT 1 FROM lead WHERE dealer_id = ?1 AND customer_id = ?2 "
                         "AND status IN ('open', 'suspended', 'won') LIMIT 1",
                         look.dealer, found.id)
                     .Next();
    if (plan.lead) {
      plan.owner = known.owner;
      RETURN_IF_ERROR(CompleteLead(look, row, choices, plan));
    }
  }
  plan.what = plan.fields.empty() && !plan.lead ? ImportWhat::kSame : ImportWhat::kChange;
  return {};
}

Result<RowPlan> CustomerImports::PlanRow(const Store::Look& look, const Roster& roster, const ImportRow& row,
                                         const ImportChoices& choices) const {
  RowPlan plan;
  // What is wrong with a row is told, what is wrong with the store ends the whole.
  const auto judged = [&]() -> Status {
    plan.record = row.record;
    if (!row.problems.empty()) return row.problems.front();
    ASSIGN_OR_RETURN(plan.record, CleanRecord(row.kind, row.record, store_.policy_));
    RETURN_IF_ERROR(CheckCapture(plan.record));
    if (row.since && *row.since > look.today) return Error("import_day_ahead").With("value", FormatDay(*row.since));
    if (row.repeats != 0) {
      plan.what = ImportWhat::kRepeated;
      plan.problem = Error("import_repeated").With("row", row.repeats);
      return {};
    }
    StaffId owner = choices.owner;
    if (!row.owner.empty()) {
      ASSIGN_OR_RETURN(owner, roster.Find(row.owner));
    }
    ASSIGN_OR_RETURN(const Duplicates duplicates, store_.FindDuplicatesIn(look, plan.record));
    if (duplicates.with_colleague) return Error("customer_with_colleague");
    if (duplicates.seen.size() > 1) return Error("import_two_customers");
    plan.key = store_.RowKey(look.dealer, Said(row, plan.record));
    if (look.connection
            .Query("SELECT 1 FROM customer_import_row WHERE dealer_id = ?1 AND row_key = ?2 AND undone = 0 LIMIT 1",
                   look.dealer, plan.key)
            .Next()) {
      plan.what = ImportWhat::kSame;
      if (!duplicates.seen.empty()) plan.customer = duplicates.seen.front().id;
      return {};
    }
    if (!duplicates.seen.empty()) return PlanKnown(look, duplicates.seen.front(), row, choices, plan);
    if (!owner.set()) return Error("import_owner_missing");
    RETURN_IF_ERROR(look.CheckOwner(owner));
    plan.owner = owner;
    plan.lead = choices.leads;
    if (plan.lead) RETURN_IF_ERROR(CompleteLead(look, row, choices, plan));
    plan.what = ImportWhat::kAdd;
    return {};
  };
  if (const Status fits = judged(); !fits.ok()) {
    const std::string& code = fits.error().code;
    if (code.starts_with("sealed_") || code.starts_with("data_key") || code == "not_found") return fits.error();
    plan.what = ImportWhat::kRefused;
    plan.fields.clear();
    plan.lead = false;
    plan.problem = fits.error();
  }
  return plan;
}

Result<std::vector<RowPlan>> CustomerImports::Check(const Asker& asker, std::span<const ImportRow> rows,
                                                    const ImportChoices& choices, Instant now) {
  using Plans = std::vector<RowPlan>;
  return store_.database_.Read<Plans>([&](db::Connection& connection) -> Result<Plans> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    const Roster roster(look);
    Plans plans;
    plans.reserve(rows.size());
    for (const ImportRow& row : rows) {
      ASSIGN_OR_RETURN(RowPlan plan, PlanRow(look, roster, row, choices));
      plans.push_back(std::move(plan));
    }
    return plans;
  });
}

// ---- Taking in ----

Status CustomerImports::Start(const Asker& asker, int64_t id, int64_t version, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    const int64_t moved = connection.Execute(
        "UPDATE customer_import SET state = 'importing', version = version + 1, changed_at = ?4, keep_until = ?5 "
        "WHERE dealer_id = ?1 AND import_id = ?2 AND version = ?3 AND state = 'draft'",
        asker.dealer, id, version, now.ms, now.ms + kImportKeptMs);
    ASSIGN_OR_RETURN(const Import import, FindIn(connection, asker, id));
    if (moved == 0 && import.state != ImportState::kDraft) return WrongState(import.state);
    if (moved == 0) return Error("edit_conflict").With("by", import.created_by).With("version", import.version);
    return asker.witness.Note(connection, "customer.import", db::ObjectOf("customer_import", id), asker.dealer,
                              {{"rows", import.rows}});
  });
}

namespace {

// Nobody changes these until the transaction ends: on PostgreSQL a reading alone would not hold them.
void Hold(db::Connection& connection, DealerId dealer, CustomerId customer, std::string_view lead) {
  connection.Execute("UPDATE customer SET version = version WHERE dealer_id = ?1 AND customer_id = ?2", dealer,
                     customer);
  if (lead.empty()) return;
  connection.Execute("UPDATE lead SET version = version WHERE dealer_id = ?1 AND lead = ?2", dealer, lead);
}

}  // namespace

Result<CustomerImports::RowDone> CustomerImports::Do(const Store::Look& look, const ImportRow& row, const RowPlan& plan,
                                                     const Store::Along& along) const {
  RowDone done;
  done.number = row.number;
  done.key = plan.key;
  done.fields = plan.fields;
  done.first_seq = ledger::Lock(look.connection, look.dealer) + 1;
  if (plan.what == ImportWhat::kAdd) {
    NewCustomer input;
    input.kind = row.kind;
    input.owner = plan.owner;
    input.since = row.since;
    if (plan.lead) input.lead = plan.input;
    ASSIGN_OR_RETURN(const Added added, store_.InsertIn(look, input, plan.record));
    if (row.agreed && along) RETURN_IF_ERROR(along(look.connection, added.customer));
    done.added = true;
    done.customer = added.customer;
    done.version = 1;
    done.lead = added.lead;
  } else {
    Hold(look.connection, look.dealer, plan.customer, {});
    ASSIGN_OR_RETURN(const Store::Row known, store_.FindRow(look, plan.customer));
    done.customer = known.id;
    done.version = known.version;
    // What somebody has filled in since it was planned is his.
    std::erase_if(done.fields, [&](const std::string& field) { return known.record.contains(field); });
    if (!done.fields.empty()) {
      Record changed = known.record;
      for (const std::string& field : done.fields) changed[field] = plan.record.at(field);
      ASSIGN_OR_RETURN(const std::string sealed, store_.Seal(look.connection, look.dealer, known.id, changed));
      look.connection.Execute(
          "UPDATE customer SET personal = ?3, version = version + 1, changed_at = ?4, changed_by = ?5 "
          "WHERE dealer_id = ?1 AND customer_id = ?2",
          look.dealer, known.id, db::Blob{sealed}, look.now.ms, look.by);
      ASSIGN_OR_RETURN(const access::IndexKeys* keys, store_.KeysOf(look));
      Store::ChangeTokens(look.connection, *keys, look.dealer, known.id, known.record, changed);
      done.version = known.version + 1;
    }
    if (plan.lead) {
      ASSIGN_OR_RETURN(done.lead, store_.AddLeadIn(look, known.id, plan.owner, plan.input, row.since));
    }
    RETURN_IF_ERROR(store_.BookFields(look, known.id));
    if (!done.fields.empty()) {
      RETURN_IF_ERROR(look.witness.Note(look.connection, "customer.change", db::ObjectOf("customer", known.id.value),
                                        look.dealer, {{"fields", done.fields}}));
    }
    if (plan.lead) RETURN_IF_ERROR(Store::NoteLead(look, "lead.add", done.lead, known.id));
  }
  done.last_seq = ledger::Lock(look.connection, look.dealer);
  return done;
}

Result<bool> CustomerImports::RunBatch(const Asker& asker, int64_t id, const Work& work, Instant now) {
  return store_.database_.Write<bool>([&](db::Connection& connection) -> Result<bool> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    // First of all, so that of two who run it at once one waits here. Then it sees how far the other has come.
    ledger::Lock(connection, look.dealer);
    ASSIGN_OR_RETURN(const Import before, FindIn(connection, asker, id));
    if (before.state != ImportState::kImporting || before.rows != static_cast<int64_t>(work.rows.size())) return false;
    const Roster roster(look);
    Import counts;
    std::string kept;
    const int64_t end = std::min(before.rows, before.seen + kBatch);
    for (int64_t i = before.seen; i < end; ++i) {
      const ImportRow& row = work.rows[static_cast<size_t>(i)];
      ASSIGN_OR_RETURN(const RowPlan plan, PlanRow(look, roster, row, work.choices));
      switch (plan.what) {
        case ImportWhat::kSame: ++counts.same; continue;
        case ImportWhat::kRepeated: ++counts.repeated; break;
        case ImportWhat::kRefused: ++counts.refused; break;
        case ImportWhat::kAdd: ++counts.added; break;
        case ImportWhat::kChange: ++counts.changed; break;
      }
      if (plan.problem) {
        if (work.keep) kept += (kept.empty() ? "" : "\n") + work.keep(row, *plan.problem);
        continue;
      }
      if (plan.lead) ++counts.leads;
      ASSIGN_OR_RETURN(const RowDone done, Do(look, row, plan, work.along));
      connection.ExecuteLater(
          "INSERT INTO customer_import_row (dealer_id, import_id, row_number, did, row_key, customer_id, "
          "customer_version, lead, fields, first_seq, last_seq, undone) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)",
          look.dealer, id, done.number, done.added ? "added" : "changed", done.key, done.customer, done.version,
          done.lead.empty() ? db::Value() : db::Value(done.lead), Join(done.fields, " "), done.first_seq,
          done.last_seq);
    }
    if (!kept.empty()) RETURN_IF_ERROR(AddPart(connection, look.dealer, id, "refused", kept));
    const bool last = end == before.rows;
    connection.Execute(
        "UPDATE customer_import SET seen_rows = ?3, added = added + ?4, changed = changed + ?5, leads = leads + ?6, "
        "same = same + ?7, repeated = repeated + ?8, refused = refused + ?9, version = version + 1, changed_at = ?10, "
        "keep_until = ?11, state = ?12, finished_at = ?13 WHERE dealer_id = ?1 AND import_id = ?2",
        look.dealer, id, end, counts.added, counts.changed, counts.leads, counts.same, counts.repeated, counts.refused,
        now.ms, now.ms + kImportKeptMs, last ? "done" : "importing", last ? db::Value(now.ms) : db::Value());
    if (last) {
      connection.Execute("DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2 AND what = 'rows'",
                         look.dealer, id);
    }
    return true;
  });
}

Result<Import> CustomerImports::Run(const Asker& asker, int64_t id, const Work& work, Instant now) {
  ASSIGN_OR_RETURN(const Import before, Find(asker, id));
  if (before.state == ImportState::kDone) return before;  // somebody has just finished it
  if (before.state != ImportState::kImporting) return WrongState(before.state);
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, RunBatch(asker, id, work, now));
    if (more && work.go_on && !work.go_on()) break;
  }
  return Find(asker, id);
}

Status CustomerImports::End(const Asker& asker, int64_t id, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    ledger::Lock(connection, asker.dealer);
    ASSIGN_OR_RETURN(const Import import, FindIn(connection, asker, id));
    if (import.state != ImportState::kDraft && import.state != ImportState::kImporting) {
      return WrongState(import.state);
    }
    const bool draft = import.state == ImportState::kDraft;
    connection.Execute(
        draft ? "DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2"
              : "DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2 AND what = 'rows'",
        asker.dealer, id);
    if (draft) {
      connection.Execute("DELETE FROM customer_import WHERE dealer_id = ?1 AND import_id = ?2", asker.dealer, id);
      return {};
    }
    connection.Execute(
        "UPDATE customer_import SET state = 'done', version = version + 1, changed_at = ?3, finished_at = ?3, "
        "keep_until = ?4 WHERE dealer_id = ?1 AND import_id = ?2",
        asker.dealer, id, now.ms, now.ms + kImportKeptMs);
    return asker.witness.Note(connection, "customer.import_end", db::ObjectOf("customer_import", id), asker.dealer,
                              {{"rows", import.seen}});
  });
}

// ---- Taking back ----

// What a row has booked of a customer's fields, to be reversed as it was booked: for the lead, source and model that it
// was booked for.
struct CustomerImports::TakenFields {
  std::vector<int64_t> seqs;
  std::optional<int64_t> booked;  // what the ledger knows of his fields then; nothing: nothing, as before the list
};

// The entries of a row that nobody has reversed.
std::vector<ledger::StoredEntry> CustomerImports::ReadOwn(db::Connection& connection, DealerId dealer,
                                                          const RowDone& row) {
  std::vector<int64_t> all;
  for (int64_t seq = row.first_seq; seq <= row.last_seq; ++seq) all.push_back(seq);
  if (all.empty()) return {};
  std::vector<ledger::StoredEntry> entries = ledger::ReadEntries(connection, dealer, all);
  const std::unordered_set<int64_t> reversed = ledger::ReversedAmong(connection, dealer, all);
  std::erase_if(entries, [&](const ledger::StoredEntry& entry) { return reversed.contains(entry.seq); });
  return entries;
}

Result<CustomerImports::TakenFields> CustomerImports::FieldsToTakeBack(db::Connection& connection, DealerId dealer,
                                                                       const RowDone& row) {
  db::Rows rows = connection.Query("SELECT fields_booked FROM customer WHERE dealer_id = ?1 AND customer_id = ?2",
                                   dealer, row.customer);
  if (!rows.Next()) return Error("not_found");
  TakenFields taken;
  taken.booked = rows.OptionalInt(0);
  if (!taken.booked) return taken;
  std::optional<int64_t> required;  // the list was the first to book him
  for (const ledger::StoredEntry& entry : ReadOwn(connection, dealer, row)) {
    if (entry.event_id == "field_required") required = entry.seq;
    if (entry.event_id != "field_filled") continue;
    taken.seqs.push_back(entry.seq);
    taken.booked = *taken.booked - entry.quantity / 1000;
  }
  // As long as nobody has booked more of him, he is one again who was there before fields were booked.
  if (required && *taken.booked == 0) {
    taken.seqs.push_back(*required);
    taken.booked.reset();
  }
  return taken;
}

Result<std::string> CustomerImports::TakeBack(const Store::Look& look, const Asker& asker, const RowDone& row,
                                              const TouchedSince& touched, const Forget& forget, Instant since) const {
  db::Connection& c = look.connection;
  const auto any = [&](std::string_view sql) { return c.Query(sql, look.dealer, row.customer).Next(); };
  Hold(c, look.dealer, row.customer, row.lead);
  Store::Row known;
  {
    auto found = store_.FindRow(look, row.customer);
    if (!found.ok()) {
      if (found.error().code != "not_found") return found.error();
      const bool there = any("SELECT 1 FROM customer WHERE dealer_id = ?1 AND customer_id = ?2");
      return std::string(there ? "out_of_sight" : "gone");
    }
    known = *std::move(found);
  }
  if (known.anonymised_at) return std::string("anonymised");
  if (known.id != row.customer ||
      any("SELECT 1 FROM customer_merge WHERE dealer_id = ?1 AND (kept_id = ?2 OR merged_id = ?2) LIMIT 1")) {
    return std::string("merged");
  }
  if ((row.added || !row.fields.empty()) && known.version != row.version) return std::string("changed");
  if (!row.lead.empty()) {
    db::Rows lead = c.Query("SELECT version FROM lead WHERE dealer_id = ?1 AND lead = ?2", look.dealer, row.lead);
    if (!lead.Next() || lead.Int(0) != 1) return std::string("lead");
    if (touched.Has(row.lead)) return std::string("entries");
    if (attachments::Store::HasAny(c, look.dealer, {kLeadHome, row.lead})) return std::string("attachments");
    if (c.Query("SELECT 1 FROM lead_verification WHERE dealer_id = ?1 AND lead = ?2", look.dealer, row.lead).Next()) {
      return std::string("entries");
    }
  }
  if (!row.added && !row.fields.empty() &&
      c.Query("SELECT 1 FROM spot_check WHERE dealer_id = ?1 AND customer_id = ?2 AND checked_at >= ?3 LIMIT 1",
              look.dealer, row.customer, since.ms)
          .Next()) {
    return std::string("check");  // what was filled in was judged
  }
  std::vector<int64_t> seqs;
  TakenFields fields;
  if (row.added) {
    db::Rows others =
        c.Query("SELECT COUNT(*) FROM lead WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer, row.customer);
    others.Next();
    if (others.Int(0) != (row.lead.empty() ? 0 : 1)) return std::string("lead");
    if (any("SELECT 1 FROM lead WHERE dealer_id = ?1 AND referrer_id = ?2 LIMIT 1")) return std::string("referrer");
    if (attachments::Store::HasAny(c, look.dealer, {kCustomerHome, std::to_string(row.customer.value)})) {
      return std::string("attachments");
    }
    if (any("SELECT 1 FROM spot_check WHERE dealer_id = ?1 AND customer_id = ?2 LIMIT 1")) return std::string("check");
    if (forget) {
      ASSIGN_OR_RETURN(const bool forgotten, forget(c, asker, row.customer));
      if (!forgotten) return std::string("privacy");
    }
    for (const ledger::StoredEntry& entry : ReadOwn(c, look.dealer, row)) seqs.push_back(entry.seq);
  } else {
    ASSIGN_OR_RETURN(fields, FieldsToTakeBack(c, look.dealer, row));
    for (const ledger::StoredEntry& entry : ReadOwn(c, look.dealer, row)) {
      if (!row.lead.empty() && (entry.event_id == "captured" || entry.event_id == "assigned")) {
        seqs.push_back(entry.seq);
      }
    }
    seqs.insert(seqs.end(), fields.seqs.begin(), fields.seqs.end());
  }
  std::sort(seqs.begin(), seqs.end());
  if (!seqs.empty()) {
    RETURN_IF_ERROR(ledger::Reverse(c, look.dealer, seqs, "customer import undone", {look.by, look.now, {}}));
  }
  if (!row.lead.empty()) {
    c.Execute("DELETE FROM lead WHERE dealer_id = ?1 AND lead = ?2", look.dealer, row.lead);
  }
  ASSIGN_OR_RETURN(const access::IndexKeys* keys, store_.KeysOf(look));
  if (row.added) {
    Store::ChangeTokens(c, *keys, look.dealer, row.customer, known.record, {});
    c.Execute("DELETE FROM customer WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer, row.customer);
  } else {
    if (!row.fields.empty()) {
      Record before = known.record;
      for (const std::string& field : row.fields) before.erase(field);
      ASSIGN_OR_RETURN(const std::string sealed, store_.Seal(c, look.dealer, known.id, before));
      c.Execute(
          "UPDATE customer SET personal = ?3, version = version + 1, changed_at = ?4, changed_by = ?5 "
          "WHERE dealer_id = ?1 AND customer_id = ?2",
          look.dealer, known.id, db::Blob{sealed}, look.now.ms, look.by);
      Store::ChangeTokens(c, *keys, look.dealer, known.id, known.record, before);
    }
    if (!fields.seqs.empty()) {
      c.Execute("UPDATE customer SET fields_booked = ?3 WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer,
                known.id, fields.booked);
    }
    // What others have filled in since counts for whatever lead is left. Who was not booked before is not now.
    if (fields.seqs.empty() || fields.booked) RETURN_IF_ERROR(store_.BookFields(look, known.id));
  }
  RETURN_IF_ERROR(look.witness.Note(c, "customer.import_undo", db::ObjectOf("customer", row.customer.value),
                                    look.dealer, {{"removed", row.added}}));
  return std::string();
}

Result<Import> CustomerImports::Undo(const Asker& asker, int64_t id, const Forget& forget,
                                     const std::function<bool()>& go_on, Instant now) {
  DealerId dealer = asker.dealer;
  ASSIGN_OR_RETURN(
      const Import import, store_.database_.Write<Import>([&](db::Connection& connection) -> Result<Import> {
        ledger::Lock(connection, dealer);
        ASSIGN_OR_RETURN(const Import found, FindIn(connection, asker, id));
        if (found.state == ImportState::kUndoing || found.state == ImportState::kUndone) return found;
        if (found.state != ImportState::kDone && found.state != ImportState::kImporting) return WrongState(found.state);
        const int64_t ended = found.finished_at.value_or(found.changed_at).ms;
        if (now.ms > ended + kImportKeptMs) {
          return Error("import_undo_too_late").With("until", FormatInstant({ended + kImportKeptMs})).With("batch", id);
        }
        connection.Execute(
            "UPDATE customer_import SET state = 'undoing', version = version + 1, changed_at = ?3, "
            "finished_at = COALESCE(finished_at, ?3), keep_until = ?4 WHERE dealer_id = ?1 AND import_id = ?2",
            dealer, id, now.ms, now.ms + kImportKeptMs);
        connection.Execute("DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2 AND what = 'rows'",
                           dealer, id);
        return found;
      }));
  if (import.state == ImportState::kUndone) return import;
  Touched touched;
  std::vector<RowDone> rows;
  RETURN_IF_ERROR(store_.database_.Read<void>([&](db::Connection& connection) -> Status {
    db::Rows all = connection.Query(
        "SELECT row_number, did, customer_id, customer_version, lead, fields, first_seq, last_seq "
        "FROM customer_import_row WHERE dealer_id = ?1 AND import_id = ?2 AND undone = 0 AND remains IS NULL "
        "ORDER BY row_number DESC",
        dealer, id);
    int64_t first = std::numeric_limits<int64_t>::max();
    while (all.Next()) {
      RowDone row;
      row.number = all.Int(0);
      row.added = all.Text(1) == "added";
      row.customer = CustomerId(all.Int(2));
      row.version = all.Int(3);
      row.lead = all.Text(4);
      if (!all.Text(5).empty()) row.fields = Split(all.Text(5), ' ');
      row.first_seq = all.Int(6);
      row.last_seq = all.Int(7);
      if (!row.lead.empty()) touched.own.emplace(row.lead, std::pair(row.first_seq, row.last_seq));
      first = std::min(first, row.first_seq);
      rows.push_back(std::move(row));
    }
    if (rows.empty()) return {};
    touched.up_to = first - 1;
    db::Rows head = connection.Query("SELECT head FROM ledger_head WHERE dealer_id = ?1", dealer);
    const int64_t last = head.Next() ? head.Int(0) : 0;
    TouchedSince since = touched.Read(connection, *store_.catalog_, dealer, last);
    touched.Take(std::move(since.leads), since.up_to);
    return {};
  }));
  size_t next = 0;
  do {
    std::unordered_set<std::string> more;
    int64_t up_to = 0;
    RETURN_IF_ERROR(store_.database_.Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
      const int64_t head = ledger::Lock(connection, dealer);
      const TouchedSince since = touched.Read(connection, *store_.catalog_, dealer, head);
      more = since.leads;  // the work may be run again
      up_to = since.up_to;
      int64_t back = 0;
      int64_t remaining = 0;
      const size_t end = std::min(rows.size(), next + static_cast<size_t>(kBatch));
      for (size_t i = next; i < end; ++i) {
        const RowDone& row = rows[i];
        // Somebody else may be at it, too.
        if (!connection
                 .Query("SELECT 1 FROM customer_import_row WHERE dealer_id = ?1 AND import_id = ?2 "
                        "AND row_number = ?3 AND undone = 0 AND remains IS NULL",
                        dealer, id, row.number)
                 .Next()) {
          continue;
        }
        ASSIGN_OR_RETURN(const std::string why, TakeBack(look, asker, row, since, forget, import.created_at));
        connection.ExecuteLater(
            "UPDATE customer_import_row SET undone = ?4, remains = ?5, row_key = CASE WHEN ?4 = 1 THEN NULL "
            "ELSE row_key END WHERE dealer_id = ?1 AND import_id = ?2 AND row_number = ?3",
            dealer, id, row.number, why.empty() ? 1 : 0, why.empty() ? db::Value() : db::Value(why));
        ++(why.empty() ? back : remaining);
      }
      const bool last = end == rows.size();
      connection.Execute(
          "UPDATE customer_import SET taken_back = taken_back + ?3, remaining = remaining + ?4, "
          "version = version + 1, changed_at = ?5, state = ?6 WHERE dealer_id = ?1 AND import_id = ?2",
          dealer, id, back, remaining, now.ms, last ? "undone" : "undoing");
      if (!last) return {};
      ASSIGN_OR_RETURN(const Import after, FindIn(connection, asker, id));
      return asker.witness.Note(connection, "customer.import_undo", db::ObjectOf("customer_import", id), dealer,
                                {{"rows", after.taken_back}, {"remaining", after.remaining}});
    }));
    touched.Take(std::move(more), up_to);
    next = std::min(rows.size(), next + static_cast<size_t>(kBatch));
  } while (next < rows.size() && (!go_on || go_on()));
  return Find(asker, id);
}

// ---- Housekeeping ----

Status CustomerImports::Prune(Instant now) {
  using Due = std::vector<std::pair<DealerId, int64_t>>;
  ASSIGN_OR_RETURN(const Due due, store_.database_.Read<Due>([&](db::Connection& connection) -> Result<Due> {
    Due all;
    db::Rows rows = connection.Query("SELECT dealer_id, import_id FROM customer_import WHERE keep_until < ?1", now.ms);
    while (rows.Next()) all.emplace_back(DealerId(rows.Int(0)), rows.Int(1));
    return all;
  }));
  for (const auto& [dealer, id] : due) {
    RETURN_IF_ERROR(store_.database_.Write<void>([&, d = dealer, i = id](db::Connection& connection) -> Status {
      ledger::Lock(connection, d);
      std::string state;
      {
        db::Rows rows = connection.Query(
            "SELECT state FROM customer_import WHERE dealer_id = ?1 AND import_id = ?2 AND keep_until < ?3", d, i,
            now.ms);
        if (!rows.Next()) return {};
        state = rows.Text(0);
      }
      connection.Execute("DELETE FROM customer_import_part WHERE dealer_id = ?1 AND import_id = ?2", d, i);
      if (state == "draft") {
        connection.Execute("DELETE FROM customer_import WHERE dealer_id = ?1 AND import_id = ?2", d, i);
      } else {
        connection.Execute(
            "UPDATE customer_import SET keep_until = NULL, finished_at = COALESCE(finished_at, changed_at), "
            "state = CASE WHEN state = 'importing' THEN 'done' ELSE state END "
            "WHERE dealer_id = ?1 AND import_id = ?2",
            d, i);
      }
      return {};
    }));
  }
  return {};
}

}  // namespace dealpace::leads
