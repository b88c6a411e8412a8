#include "leads/api.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "access/masking.h"
#include "base/csv_writer.h"
#include "base/json.h"
#include "base/money.h"
#include "catalog/messages.h"
#include "http/json_body.h"
#include "leads/api_parts.h"

namespace dealpace::leads {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

constexpr int64_t kPage = 50;
constexpr int64_t kPageMax = 200;
constexpr size_t kFilePage = 1'000;
constexpr int64_t kFileMax = 100'000;  // customers of a file
constexpr size_t kFoundMax = 20;       // of a search as one types
constexpr double kAmountMax = 1e12;
constexpr size_t kBulkMax = 1'000;  // leads changed together

// ---- Reading requests ----

Result<size_t> QueryLimit(const Request& request) {
  ASSIGN_OR_RETURN(const int64_t limit, QueryId(request, "limit"));
  if (limit > kPageMax) {
    return Error("field_value_unknown").With("field", "limit").With("value", limit).With("known", "1–200");
  }
  return static_cast<size_t>(limit == 0 ? kPage : limit);
}

// One of several names, the first where it is absent.
template <typename T>
Result<T> QueryChoice(const Request& request, std::string_view name,
                      const std::vector<std::pair<std::string_view, T>>& choices) {
  const auto text = request.Query(name);
  if (!text) return choices.front().second;
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (choice == *text) return value;
    known += (known.empty() ? "" : ", ") + std::string(choice);
  }
  return Error("field_choice").With("field", name).With("choices", known);
}

std::string QueryText(const Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(""));
}

Result<Kind> KindOf(const std::string& name) {
  const auto kind = ParseKind(name);
  if (!kind) return Error("field_choice").With("field", "kind").With("choices", "person, company");
  return *kind;
}

// The fields of a record that the body has.
Result<Record> ReadRecord(JsonBody& body, std::string_view name) {
  Record record;
  ASSIGN_OR_RETURN(std::optional<JsonBody> fields, body.Object(name));
  if (!fields) return record;
  for (const Field& field : Fields()) {
    ASSIGN_OR_RETURN(auto text, fields->OptionalText(field.id));
    if (text) record.emplace(field.id, *std::move(text));
  }
  RETURN_IF_ERROR(fields->Done());
  return record;
}

Result<LeadInput> ReadLead(JsonBody body) {
  LeadInput input;
  ASSIGN_OR_RETURN(input.source, body.OptionalText("source"));
  ASSIGN_OR_RETURN(input.access_form, body.OptionalText("access_form"));
  ASSIGN_OR_RETURN(input.model, body.OptionalText("model"));
  ASSIGN_OR_RETURN(const auto referrer, body.OptionalId("referrer"));
  if (referrer) {
    input.referrer = CustomerId(*referrer);
  } else if (body.object().contains("referrer")) {
    input.referrer = CustomerId();
  }
  ASSIGN_OR_RETURN(input.expected, body.OptionalText("expected"));
  ASSIGN_OR_RETURN(input.budget, body.OptionalText("budget"));
  ASSIGN_OR_RETURN(const auto amount, body.OptionalNumber("amount"));
  if (amount) {
    if (std::abs(*amount) > kAmountMax) return Error("field_type").With("field", "amount").With("expected", "number");
    input.amount_fen = std::llround(*amount * 100);
  }
  ASSIGN_OR_RETURN(input.need, body.OptionalText("need", 16 << 10));
  ASSIGN_OR_RETURN(input.remark, body.OptionalText("remark", 16 << 10));
  ASSIGN_OR_RETURN(input.grade, body.OptionalText("grade"));
  ASSIGN_OR_RETURN(input.grade_why, body.OptionalText("grade_why", 16 << 10));
  RETURN_IF_ERROR(body.Done());
  return input;
}

// ---- Writing answers ----

void WriteYuan(JsonWriter& json, std::string_view name, const std::optional<int64_t>& fen) {
  json.Key(name);
  fen ? json.Raw(FormatFen(*fen)) : json.Null();
}

void WriteLead(JsonWriter& json, const Lead& lead) {
  json.BeginObject().Field("lead", lead.code).Field("customer", std::to_string(lead.customer.value));
  WriteText(json, "customer_name", lead.customer_name);
  WriteText(json, "customer_phone", lead.customer_phone);
  WriteText(json, "no_contact", NoContactName(lead.no_contact));
  json.Field("anonymised", lead.anonymised);
  json.Field("attempt", lead.attempt);
  WriteId(json, "owner", lead.owner);
  json.Field("status", LeadStatusName(lead.status)).Field("stage", lead.stage);
  WriteText(json, "source", lead.source);
  WriteText(json, "access_form", lead.access_form);
  WriteText(json, "model", lead.model);
  WriteId(json, "referrer", lead.referrer);
  WriteDay(json, "expected", lead.expected);
  WriteYuan(json, "budget_least", lead.budget.least_fen);
  WriteYuan(json, "budget_most", lead.budget.most_fen);
  WriteYuan(json, "amount", lead.amount_fen);
  json.Field("grade", lead.grade).Field("grade_by_hand", lead.grade_by_hand);
  WriteText(json, "grade_why", lead.grade_why);
  WriteText(json, "need", lead.need);
  WriteText(json, "remark", lead.remark);
  WriteText(json, "lost_reason", lead.lost_reason);
  WriteDay(json, "deal_day", lead.deal_day);
  json.Field("version", lead.version).Field("created_at", FormatInstant(lead.created_at));
  json.Field("changed_at", FormatInstant(lead.changed_at)).Field("changed_by", lead.changed_by).EndObject();
}

void WriteFound(JsonWriter& json, const Found& found) {
  json.BeginObject().Field("id", std::to_string(found.id.value)).Field("kind", KindName(found.kind));
  WriteId(json, "owner", found.owner);
  WriteRecord(json, found.record);
  WriteText(json, "matched", found.matched);
  WriteText(json, "no_contact", NoContactName(found.no_contact));
  json.Field("created_at", FormatInstant(found.created_at)).Field("changed_at", FormatInstant(found.changed_at));
  json.EndObject();
}

void WriteAll(JsonWriter& json, std::string_view name, const std::vector<Found>& all) {
  json.Key(name).BeginArray();
  for (const Found& found : all) WriteFound(json, found);
  json.EndArray();
}

void WritePageEnd(JsonWriter& json, const std::optional<int64_t>& count, const std::string& next) {
  json.Key("count");
  count ? json.Int(*count) : json.Null();
  WriteText(json, "next_cursor", next);
}

std::string CustomerJson(const Customer& customer) {
  JsonWriter json;
  json.BeginObject().Field("id", std::to_string(customer.id.value)).Field("kind", KindName(customer.kind));
  WriteId(json, "owner", customer.owner);
  WriteRecord(json, customer.record);
  json.Key("completeness").BeginObject();
  for (size_t i = 0; i < kGroupNames.size(); ++i) {
    json.Key(kGroupNames[i]).BeginObject().Field("filled", customer.groups[i].filled);
    json.Field("of", customer.groups[i].of).EndObject();
  }
  json.EndObject();
  json.Field("status", StatusName(customer.status)).Field("lifecycle", LifecycleName(customer.lifecycle));
  json.Field("refresh_due", customer.refresh_due);
  json.Key("leads").BeginArray();
  for (const Lead& lead : customer.leads) WriteLead(json, lead);
  json.EndArray().Key("merged").BeginArray();
  for (const CustomerId id : customer.merged) json.String(std::to_string(id.value));
  json.EndArray();
  WriteText(json, "no_contact", NoContactName(customer.no_contact));
  WriteText(json, "anonymised_at", customer.anonymised_at ? FormatInstant(*customer.anonymised_at) : std::string());
  WriteText(json, "anonymised_why", customer.anonymised_why);
  json.Field("version", customer.version);
  json.Field("created_at", FormatInstant(customer.created_at)).Field("created_by", customer.created_by);
  json.Field("changed_at", FormatInstant(customer.changed_at)).Field("changed_by", customer.changed_by).EndObject();
  return json.text();
}

// ---- Operations ----

class CustomerApi {
 public:
  explicit CustomerApi(CustomerDeps deps) : deps_(std::move(deps)) {}

  // What every operation begins with.
  struct Call {
    Store& store;
    Asker asker;
    Instant now{};
  };
  Result<Call> Begin(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t dealer, QueryId(request, "dealer"));
    if (dealer == 0) return Error("field_missing").With("field", "dealer");
    ASSIGN_OR_RETURN(Visible visible, deps_.visible(request, DealerId(dealer)));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    return Call{
        *store,
        {DealerId(dealer), std::move(visible), request.caller.login, db::Witness(deps_.audit, request.caller.account)},
        deps_.now()};
  }

  struct Listed {
    CustomerFilter filter;
    CustomerSort sort{};
  };
  static Result<Listed> ReadList(const Request& request) {
    CustomerFilter filter;
    if (const auto kind = request.Query("kind")) {
      ASSIGN_OR_RETURN(filter.kind, KindOf(std::string(*kind)));
    }
    ASSIGN_OR_RETURN(const int64_t owner, QueryId(request, "owner"));
    filter.owner = StaffId(owner);
    if (const auto before = request.Query("changed_before")) {
      filter.changed_before = ParseInstant(*before);
      if (!filter.changed_before) return Error("bad_instant").With("text", *before);
    }
    ASSIGN_OR_RETURN(const CustomerSort sort,
                     QueryChoice<CustomerSort>(
                         request, "sort", {{"changed", CustomerSort::kChanged}, {"created", CustomerSort::kCreated}}));
    return Listed{filter, sort};
  }

  Result<Response> List(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const Listed listed, ReadList(request));
    ASSIGN_OR_RETURN(const size_t limit, QueryLimit(request));
    ASSIGN_OR_RETURN(const CustomerPage page,
                     call.store.List(call.asker, listed.filter, listed.sort, request.Query("cursor").value_or(""),
                                     limit, Reveal::kMasked, call.now));
    JsonWriter json;
    json.BeginObject();
    WriteAll(json, "customers", page.customers);
    WritePageEnd(json, page.count, page.next);
    json.EndObject();
    return Private(json);
  }

  // The list as a file, masked, with the newest lead of each.
  Result<Response> File(const Request& request) {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(call.asker.visible, deps_.may_export(request, call.asker.dealer));
    ASSIGN_OR_RETURN(const Listed listed, ReadList(request));
    std::string text =
        "\xEF\xBB\xBF" + CsvLine({"customer", "kind", "name", "phone", "plate", "owner", "captured_at", "changed_at",
                                  "lead", "status", "stage", "source", "model", "grade", "expected", "amount"});
    int64_t count = 0;
    std::string cursor;
    do {
      ASSIGN_OR_RETURN(const CustomerPage page, call.store.List(call.asker, listed.filter, listed.sort, cursor,
                                                                kFilePage, Reveal::kMasked, call.now));
      std::vector<CustomerId> ids;
      for (const Found& found : page.customers) ids.push_back(found.id);
      ASSIGN_OR_RETURN(const auto leads, call.store.NewestLeads(call.asker, ids, call.now));
      for (const Found& found : page.customers) {
        const auto field = [&](std::string_view name) {
          const auto it = found.record.find(name);
          return it == found.record.end() ? std::string() : GuardText(it->second);
        };
        const auto it = leads.find(found.id);
        const Lead lead = it == leads.end() ? Lead() : it->second;
        const bool any = !lead.code.empty();
        text += CsvLine({std::to_string(found.id.value), std::string(KindName(found.kind)), field("name"),
                         field("phone"), field("plate"), found.owner.set() ? std::to_string(found.owner.value) : "",
                         FormatInstant(found.created_at), FormatInstant(found.changed_at), lead.code,
                         any ? std::string(LeadStatusName(lead.status)) : "", lead.stage, GuardText(lead.source),
                         GuardText(lead.model), any ? GuardText(lead.grade) : "",
                         lead.expected ? FormatDay(*lead.expected) : "", any ? FormatFen(lead.amount_fen) : ""});
      }
      count += static_cast<int64_t>(page.customers.size());
      cursor = page.next;
    } while (!cursor.empty() && count < kFileMax);
    RETURN_IF_ERROR(deps_.exported(request, call.asker.dealer, count));
    return Response::Download(std::move(text), "text/csv; charset=utf-8", "customers.csv")
        .Header("Cache-Control", "no-store");
  }

  Result<Response> Add(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    NewCustomer input;
    ASSIGN_OR_RETURN(const auto kind, body.OptionalText("kind"));
    if (kind) {
      ASSIGN_OR_RETURN(input.kind, KindOf(*kind));
    }
    ASSIGN_OR_RETURN(input.record, ReadRecord(body, "record"));
    ASSIGN_OR_RETURN(input.owner, Owner(body, call.asker));
    ASSIGN_OR_RETURN(input.despite_duplicates, body.Bool("despite_duplicates", false));
    ASSIGN_OR_RETURN(std::optional<JsonBody> lead, body.Object("lead"));
    Store::Along along;
    if (deps_.along) {
      ASSIGN_OR_RETURN(along, deps_.along(request, body, call.asker, call.now));
    }
    RETURN_IF_ERROR(body.Done());
    if (lead) {
      ASSIGN_OR_RETURN(input.lead, ReadLead(*std::move(lead)));
    }
    ASSIGN_OR_RETURN(const Added added, call.store.Add(call.asker, input, call.now, along));
    JsonWriter json;
    json.BeginObject().Field("id", std::to_string(added.customer.value));
    WriteText(json, "lead", added.lead);
    json.EndObject();
    return Private(json, 201);
  }

  Result<Response> Get(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const CustomerId id, PathCustomer(request));
    ASSIGN_OR_RETURN(const Customer customer, call.store.Get(call.asker, id, Reveal::kMasked, call.now));
    return Response::Json(CustomerJson(customer))
        .Header("ETag", http::VersionTag(customer.version))
        .Header("Cache-Control", "no-store");
  }

  // The data whole, for one of a few reasons, once that stands on record. Reasons are chosen, not typed: the record
  // must hold nothing about a person.
  Result<Response> RevealOne(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const CustomerId id, PathCustomer(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string why, body.Text("reason", 40));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(access::CheckRevealReason(why));
    ASSIGN_OR_RETURN(const Customer seen, call.store.Get(call.asker, id, Reveal::kMasked, call.now));
    RETURN_IF_ERROR(deps_.reveal(request, call.asker.dealer, seen.id, why));
    ASSIGN_OR_RETURN(const Customer whole, call.store.Get(call.asker, id, Reveal::kWhole, call.now));
    return Response::Json(CustomerJson(whole)).Header("Cache-Control", "no-store");
  }

  Result<Response> Change(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const CustomerId id, PathCustomer(request));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const Record fields, ReadRecord(body, "record"));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.store.Change(call.asker, id, version, fields, call.now));
    return Response::NoContent();
  }

  Result<Response> Search(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string typed, body.Text("text", 400));
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const std::vector<Found> found,
                     call.store.Search(call.asker, typed, kFoundMax, Reveal::kMasked, call.now));
    JsonWriter json;
    json.BeginObject();
    WriteAll(json, "customers", found);
    json.EndObject();
    return Private(json);
  }

  Result<Response> Duplicates(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    Record record;
    for (const char* field : {"phone", "phone2", "plate", "vin"}) {
      ASSIGN_OR_RETURN(auto text, body.OptionalText(field));
      if (text) record.emplace(field, *std::move(text));
    }
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const auto duplicates, call.store.FindDuplicates(call.asker, Kind::kPerson, record, call.now));
    JsonWriter json;
    json.BeginObject();
    WriteAll(json, "customers", duplicates.seen);
    json.Field("with_colleague", duplicates.with_colleague).EndObject();
    return Private(json);
  }

  // Merging, or taking it back.
  http::ResultHandler Merger(bool back) {
    return [this, back](const Request& request) -> Result<Response> {
      ASSIGN_OR_RETURN(const Call call, Begin(request));
      ASSIGN_OR_RETURN(const CustomerId id, PathCustomer(request));
      ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
      ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
      ASSIGN_OR_RETURN(const int64_t other, body.Id("customer"));
      RETURN_IF_ERROR(body.Done());
      RETURN_IF_ERROR(back ? call.store.Unmerge(call.asker, id, version, CustomerId(other), call.now)
                           : call.store.Merge(call.asker, id, version, CustomerId(other), call.now));
      return Response::NoContent();
    };
  }

  Result<Response> HandOver(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const int64_t from, body.Id("from"));
    ASSIGN_OR_RETURN(const int64_t to, body.Id("to"));
    std::optional<std::vector<CustomerId>> only;
    if (body.Has("customers")) {
      ASSIGN_OR_RETURN(const std::vector<std::string> ids, body.Texts("customers", 1'000));
      only.emplace();
      for (const std::string& text : ids) {
        int64_t id = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
        if (problem != std::errc() || end != text.data() + text.size()) return Error("not_found");
        only->emplace_back(id);
      }
    }
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const int64_t count, call.store.HandOver(call.asker, StaffId(from), StaffId(to), only, call.now));
    JsonWriter json;
    json.BeginObject().Field("customers", count).EndObject();
    return Private(json);
  }

  Result<Response> AddLead(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const CustomerId id, PathCustomer(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const StaffId owner, Owner(body, call.asker));
    ASSIGN_OR_RETURN(const LeadInput input, ReadLead(std::move(body)));
    ASSIGN_OR_RETURN(const std::string code, call.store.AddLead(call.asker, id, owner, input, call.now));
    JsonWriter json;
    json.BeginObject().Field("lead", code).EndObject();
    return Private(json, 201);
  }

  Result<Response> ListLeads(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const LeadFilter filter, ReadFilter(request));
    ASSIGN_OR_RETURN(const LeadSort sort, QueryChoice<LeadSort>(request, "sort",
                                                                {{"changed", LeadSort::kChanged},
                                                                 {"expected", LeadSort::kExpected},
                                                                 {"amount", LeadSort::kAmount}}));
    ASSIGN_OR_RETURN(const size_t limit, QueryLimit(request));
    ASSIGN_OR_RETURN(const LeadPage page,
                     call.store.ListLeads(call.asker, filter, sort, request.Query("cursor").value_or(""), limit,
                                          Reveal::kMasked, call.now));
    JsonWriter json;
    json.BeginObject().Key("leads").BeginArray();
    for (const Lead& lead : page.leads) WriteLead(json, lead);
    json.EndArray();
    WritePageEnd(json, page.count, page.next);
    json.EndObject();
    return Private(json);
  }

  Result<Response> Board(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const LeadFilter filter, ReadFilter(request));
    ASSIGN_OR_RETURN(const std::vector<BoardColumn> board, call.store.Board(call.asker, filter, call.now));
    JsonWriter json;
    json.BeginObject().Key("stages").BeginArray();
    for (const BoardColumn& column : board) {
      json.BeginObject().Field("stage", column.stage).Field("count", column.count);
      WriteYuan(json, "amount", column.amount_fen);
      json.EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  Result<Response> GetLead(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const Lead lead, call.store.GetLead(call.asker, request.Param("lead"), Reveal::kMasked, call.now));
    JsonWriter json;
    WriteLead(json, lead);
    return Private(json).Header("ETag", http::VersionTag(lead.version));
  }

  Result<Response> ChangeLead(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const LeadInput input, ReadLead(std::move(body)));
    RETURN_IF_ERROR(call.store.ChangeLead(call.asker, request.Param("lead"), version, input, call.now));
    return Response::NoContent();
  }

  // Many leads at once: what all of them shall say, or each by itself, where something is taken back.
  Result<Response> ChangeLeads(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const bool dry_run, body.Bool("dry_run", false));
    const auto read = [](JsonBody& from) -> Result<std::optional<LeadInput>> {
      ASSIGN_OR_RETURN(std::optional<JsonBody> set, from.Object("set"));
      if (!set) return std::optional<LeadInput>();
      LeadInput input;
      ASSIGN_OR_RETURN(input.expected, set->OptionalText("expected"));
      ASSIGN_OR_RETURN(input.grade, set->OptionalText("grade"));
      ASSIGN_OR_RETURN(input.grade_why, set->OptionalText("grade_why", 16 << 10));
      RETURN_IF_ERROR(set->Done());
      return std::optional(input);
    };
    ASSIGN_OR_RETURN(const std::optional<LeadInput> all, read(body));
    ASSIGN_OR_RETURN(std::vector<JsonBody> rows, body.Objects("rows", kBulkMax));
    RETURN_IF_ERROR(body.Done());
    std::vector<LeadChange> changes;
    for (JsonBody& row : rows) {
      LeadChange& change = changes.emplace_back();
      ASSIGN_OR_RETURN(const auto customer, row.OptionalId("customer"));
      change.customer = CustomerId(customer.value_or(0));
      ASSIGN_OR_RETURN(const auto lead, row.OptionalText("lead"));
      change.lead = lead.value_or("");
      ASSIGN_OR_RETURN(const auto version, row.OptionalInt("version"));
      change.version = version.value_or(0);
      ASSIGN_OR_RETURN(const std::optional<LeadInput> own, read(row));
      if (!own && !all) return Error("field_missing").With("field", "set");
      change.input = own ? *own : *all;
      RETURN_IF_ERROR(row.Done());
    }
    ASSIGN_OR_RETURN(const std::vector<LeadChanged> done,
                     call.store.ChangeLeads(call.asker, changes, dry_run, call.now));
    JsonWriter json;
    json.BeginObject().Key("rows").BeginArray();
    for (const LeadChanged& row : done) {
      json.BeginObject();
      WriteId(json, "customer", row.customer);
      WriteText(json, "lead", row.lead);
      json.Field("version", row.version).Field("outcome", row.outcome);
      WriteText(json, "by", row.by);
      json.Key("before").BeginObject();
      if (row.before.expected) json.Field("expected", *row.before.expected);
      if (row.before.grade) json.Field("grade", *row.before.grade);
      if (row.before.grade_why) json.Field("grade_why", *row.before.grade_why);
      json.EndObject().Key("problem");
      if (row.problem) {
        const auto& messages = catalog::Messages::Get();
        json.BeginObject().Field("code", row.problem->code);
        json.Field("message", messages.RenderMessage(*row.problem, request.language));
        json.Field("todo", messages.RenderTodo(*row.problem, request.language)).EndObject();
      } else {
        json.Null();
      }
      json.EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  [[nodiscard]] const CustomerDeps& deps() const { return deps_; }

 private:
  static Result<CustomerId> PathCustomer(const Request& request) {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    return CustomerId(id);
  }

  // Whom the customer shall belong to: who sees only his own customers need not say it.
  static Result<StaffId> Owner(JsonBody& body, const Asker& asker) {
    ASSIGN_OR_RETURN(const auto owner, body.OptionalId("owner"));
    if (owner) return StaffId(*owner);
    const Visible& visible = asker.visible;
    if (!visible.all && visible.teams.empty() && visible.staff.size() == 1) return visible.staff.front();
    return Error("field_missing").With("field", "owner");
  }

  static Result<LeadFilter> ReadFilter(const Request& request) {
    LeadFilter filter;
    if (const auto text = request.Query("status")) {
      filter.status = ParseLeadStatus(*text);
      if (!filter.status) {
        return Error("field_choice").With("field", "status").With("choices", "open, won, delivered, lost, suspended");
      }
    }
    filter.stage = QueryText(request, "stage");
    filter.source = QueryText(request, "source");
    filter.model = QueryText(request, "model");
    ASSIGN_OR_RETURN(const int64_t owner, QueryId(request, "owner"));
    filter.owner = StaffId(owner);
    ASSIGN_OR_RETURN(const int64_t customer, QueryId(request, "customer"));
    filter.customer = CustomerId(customer);
    return filter;
  }

  CustomerDeps deps_;
};

}  // namespace

void AddCustomerRoutes(http::Router& router, const CustomerDeps& deps) {
  using http::Gate;
  const auto api = std::make_shared<CustomerApi>(deps);
  using Operation = Result<Response> (CustomerApi::*)(const Request&);
  // The router keeps the API alive.
  const auto kept = [api](Operation operation) -> http::ResultHandler {
    return [api, operation](const Request& request) { return ((*api).*operation)(request); };
  };
  const auto by = [](std::string_view right) { return http::Admission(Gate::kSignedIn, http::Rows::kScoped, right); };
  const auto add = [&](std::string_view pattern, std::string_view right, http::ResultHandler handler,
                       std::string_view scope = "") {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = by(right);
    route.handler = scope == "read" ? http::Answering(std::move(handler))
                                    : api->deps().idempotent(http::Answering(std::move(handler)));
    route.body = http::Body::kMemory;
    route.scope = scope;
    router.Add(std::move(route));
  };
  const std::string customers = "/api/v1/customers";
  router.Get(customers, by("customers"), kept(&CustomerApi::List));
  router.Get(customers + ".csv", by("customers"), kept(&CustomerApi::File));
  add(customers, "change", kept(&CustomerApi::Add));
  // These two only read; their bodies hold what is typed of a person.
  add(customers + "/search", "customers", kept(&CustomerApi::Search), "read");
  add(customers + "/duplicates", "change", kept(&CustomerApi::Duplicates), "read");
  add(customers + "/handover", "hand_over", kept(&CustomerApi::HandOver));
  router.Get(customers + "/{id}", by("customers"), kept(&CustomerApi::Get));
  router.Put(customers + "/{id}", by("change"), kept(&CustomerApi::Change));
  for (const bool back : {false, true}) {
    add(customers + (back ? "/{id}/unmerge" : "/{id}/merge"), "change",
        [api, merge = api->Merger(back)](const Request& request) { return merge(request); });
  }
  http::Route reveal;  // each time stands on record, so it is never answered from what was kept
  reveal.method = http::Method::kPost;
  reveal.pattern = customers + "/{id}/reveal";
  reveal.admission = by("reveal");
  reveal.handler = http::Answering(kept(&CustomerApi::RevealOne));
  reveal.body = http::Body::kMemory;
  router.Add(std::move(reveal));
  add(customers + "/{id}/leads", "change", kept(&CustomerApi::AddLead));
  const std::string leads = "/api/v1/leads";
  router.Get(leads, by("customers"), kept(&CustomerApi::ListLeads));
  add(leads + "/change", "change", kept(&CustomerApi::ChangeLeads));
  router.Get(leads + "/board", by("customers"), kept(&CustomerApi::Board));
  router.Get(leads + "/{lead}", by("customers"), kept(&CustomerApi::GetLead));
  router.Put(leads + "/{lead}", by("change"), kept(&CustomerApi::ChangeLead));
}

}  // namespace dealpace::leads
