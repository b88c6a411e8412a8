#include "privacy/api.h"

#include <charconv>
#include <memory>
#include <utility>

#include "base/json.h"

namespace dealpace::privacy {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

constexpr size_t kListed = 200;      // customers that are due
constexpr size_t kConsentsMax = 20;  // of a new customer

// ---- Reading requests ----

Result<DealerId> DealerOf(const Request& request) {
  const auto text = request.Query("dealer");
  if (!text || text->empty()) return Error("field_missing").With("field", "dealer");
  int64_t id = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), id);
  if (problem != std::errc() || end != text->data() + text->size() || id <= 0) {
    return Error("field_value_unknown").With("field", "dealer").With("value", *text).With("known", "id");
  }
  return DealerId(id);
}

Result<ConsentInput> ReadConsent(JsonBody body) {
  ConsentInput input;
  ASSIGN_OR_RETURN(input.purpose, body.Text("purpose", 100));
  ASSIGN_OR_RETURN(const int64_t version, body.Int("text_version"));
  input.text_version = static_cast<int>(version);
  ASSIGN_OR_RETURN(input.way, body.Text("way", 100));
  ASSIGN_OR_RETURN(const auto given_at, body.OptionalText("given_at", 100));
  if (given_at) {
    input.given_at = ParseInstant(*given_at);
    if (!input.given_at) return Error("bad_instant").With("text", *given_at);
  }
  ASSIGN_OR_RETURN(const auto evidence, body.OptionalText("evidence"));
  input.evidence = evidence.value_or("");
  RETURN_IF_ERROR(body.Done());
  return input;
}

// ---- Writing answers ----

void WriteText(JsonWriter& json, std::string_view name, std::string_view text) {
  json.Key(name);
  text.empty() ? json.Null() : json.String(text);
}
void WriteInstant(JsonWriter& json, std::string_view name, const std::optional<Instant>& at) {
  WriteText(json, name, at ? FormatInstant(*at) : std::string());
}
void WriteDay(JsonWriter& json, std::string_view name, const std::optional<Day>& day) {
  WriteText(json, name, day ? FormatDay(*day) : std::string());
}

void WriteName(JsonWriter& json, const Bilingual& name) {
  json.Key("name").BeginObject().Field("en", name.en).Field("zh", name.zh).EndObject();
}

template <typename T>
void WriteChoices(JsonWriter& json, std::string_view field, const std::vector<T>& choices) {
  json.Key(field).BeginArray();
  for (const T& choice : choices) {
    json.BeginObject().Field("id", choice.id);
    WriteName(json, choice.name);
    json.EndObject();
  }
  json.EndArray();
}

void WriteConsent(JsonWriter& json, const Consent& consent) {
  json.BeginObject().Field("id", std::to_string(consent.id.value)).Field("purpose", consent.purpose);
  json.Field("text_version", consent.text_version).Field("way", consent.way);
  json.Field("given_at", FormatInstant(consent.given_at)).Field("recorded_by", consent.recorded_by);
  json.Field("has_evidence", consent.has_evidence);
  WriteDay(json, "until", consent.until);
  WriteInstant(json, "withdrawn_at", consent.withdrawn_at);
  WriteText(json, "withdrawn_way", consent.withdrawn_way);
  WriteText(json, "withdrawn_by", consent.withdrawn_by);
  json.EndObject();
}

Response Private(const JsonWriter& json, int status = 200) {
  return Response::Json(json.text(), status).Header("Cache-Control", "no-store");
}

// ---- Operations ----

class PrivacyApi {
 public:
  explicit PrivacyApi(PrivacyDeps deps) : deps_(std::move(deps)) {}

  // What every operation about a customer begins with.
  struct Call {
    Store& store;
    Asker asker;
    db::Witness witness;
    Instant now{};
  };
  Result<Call> Begin(const Request& request) const {
    ASSIGN_OR_RETURN(const DealerId dealer, DealerOf(request));
    ASSIGN_OR_RETURN(leads::Visible visible, deps_.visible(request, dealer));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    return Call{*store,
                {dealer, std::move(visible), request.caller.login},
                db::Witness(deps_.audit, request.caller.account),
                deps_.now()};
  }

  Result<Response> Terms(const Request&) {
    const Policy& policy = Policy::Get();
    JsonWriter json;
    json.BeginObject().Key("purposes").BeginArray();
    for (const Purpose& purpose : policy.purposes()) {
      json.BeginObject().Field("id", purpose.id);
      WriteName(json, purpose.name);
      json.Field("kind", PurposeKindName(purpose.kind)).Field("needs_evidence", purpose.needs_evidence());
      json.Key("months");
      purpose.months ? json.Int(*purpose.months) : json.Null();
      json.Field("text_version", purpose.version()).Key("texts").BeginArray();
      for (const Bilingual& text : purpose.texts) {
        json.BeginObject().Field("en", text.en).Field("zh", text.zh).EndObject();
      }
      json.EndArray().EndObject();
    }
    json.EndArray();
    WriteChoices(json, "channels", policy.channels());
    WriteChoices(json, "ways", policy.ways());
    WriteChoices(json, "block_reasons", policy.blocks());
    json.Key("retentions").BeginArray();
    for (const Retention& rule : policy.retentions()) {
      json.BeginObject().Field("id", rule.id);
      WriteName(json, rule.name);
      json.Field("months", rule.months).EndObject();
    }
    json.EndArray();
    WriteChoices(json, "hold_reasons", policy.holds());
    json.Key("requests").BeginArray();
    for (const RequestKind& kind : policy.requests()) {
      json.BeginObject().Field("id", kind.id);
      WriteName(json, kind.name);
      json.Field("days", kind.days).EndObject();
    }
    json.EndArray();
    WriteChoices(json, "refusals", policy.refusals());
    WriteChoices(json, "identities", policy.identities());
    WriteChoices(json, "recipient_kinds", policy.recipients());
    WriteChoices(json, "bases", policy.bases());
    json.EndObject();
    return Response::Json(json.text());
  }

  Result<Response> Get(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const CustomerPrivacy privacy, call.store.Get(call.asker, CustomerId(id), call.now));
    JsonWriter json;
    json.BeginObject().Field("customer", std::to_string(privacy.customer.value)).Field("version", privacy.version);
    json.Key("purposes").BeginArray();
    for (const Standing& standing : privacy.standings) {
      json.BeginObject().Field("purpose", standing.purpose).Field("state", ConsentStateName(standing.state));
      json.Key("last");
      if (standing.last) {
        WriteConsent(json, *standing.last);
      } else {
        json.Null();
      }
      json.EndObject();
    }
    json.EndArray().Key("consents").BeginArray();
    for (const Consent& consent : privacy.consents) WriteConsent(json, consent);
    json.EndArray().Key("no_contact").BeginArray();
    for (const Block& block : privacy.blocks) {
      json.BeginObject().Field("channel", block.channel).Field("reason", block.reason);
      json.Field("set_at", FormatInstant(block.set_at)).Field("set_by", block.set_by).EndObject();
    }
    json.EndArray().Key("hold");
    if (privacy.hold) {
      json.BeginObject().Field("reason", privacy.hold->reason).Field("set_at", FormatInstant(privacy.hold->set_at));
      json.Field("set_by", privacy.hold->set_by).EndObject();
    } else {
      json.Null();
    }
    ASSIGN_OR_RETURN(Keeper * keeper, deps_.keeper());
    ASSIGN_OR_RETURN(const auto due, keeper->DueFor(call.asker, CustomerId(id), call.now));
    json.Key("due");
    if (due) {
      json.BeginObject().Field("rule", due->rule).Field("day", FormatDay(due->day)).EndObject();
    } else {
      json.Null();
    }
    json.EndObject();
    return Private(json).Header("ETag", http::VersionTag(privacy.version));
  }

  Result<Response> SetHold(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string reason, body.Text("reason", 100));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.store.SetHold(call.asker, call.witness, CustomerId(id), version, reason, call.now));
    return Response::NoContent();
  }

  Result<Response> LiftHold(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    RETURN_IF_ERROR(call.store.LiftHold(call.asker, call.witness, CustomerId(id), version, call.now));
    return Response::NoContent();
  }

  Result<Response> DueOnes(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Keeper * keeper, deps_.keeper());
    const auto text = request.Query("until");
    const std::optional<Day> until = text ? ParseDay(*text) : std::nullopt;
    if (!until) return Error("field_day_bad").With("field", "until").With("value", text.value_or("").substr(0, 100));
    ASSIGN_OR_RETURN(const DueList list, keeper->List(call.asker, *until, kListed, call.now));
    ASSIGN_OR_RETURN(const auto last, keeper->Last());
    JsonWriter json;
    json.BeginObject().Field("today", FormatDay(list.today)).Field("until", FormatDay(*until));
    json.Key("rules").BeginArray();
    for (const Retention& rule : call.store.policy().retentions()) {
      const RuleCount& count = list.rules.at(rule.id);
      json.BeginObject().Field("rule", rule.id).Field("months", rule.months).Field("due", count.due);
      json.Field("soon", count.soon).Field("kept", count.kept).EndObject();
    }
    json.EndArray().Key("customers").BeginArray();
    for (const Due& due : list.customers) {
      json.BeginObject().Field("id", std::to_string(due.customer.value));
      WriteText(json, "name", due.name);
      WriteText(json, "owner", due.owner.set() ? std::to_string(due.owner.value) : std::string());
      json.Field("rule", due.rule).Field("day", FormatDay(due.day)).Field("kept", due.kept).EndObject();
    }
    json.EndArray().Field("more", list.more).Key("last_run");
    if (last) {
      json.BeginObject().Field("day", FormatDay(last->day)).Field("started_at", FormatInstant(last->started_at));
      WriteInstant(json, "finished_at", last->finished_at);
      json.EndObject();
    } else {
      json.Null();
    }
    json.EndObject();
    return Private(json);
  }

  Result<Response> Give(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const ConsentInput input, ReadConsent(std::move(body)));
    ASSIGN_OR_RETURN(const ConsentId consent,
                     call.store.Give(call.asker, call.witness, CustomerId(id), version, input, call.now));
    JsonWriter json;
    json.BeginObject().Field("id", std::to_string(consent.value)).EndObject();
    return Private(json, 201);
  }

  Result<Response> Withdraw(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string purpose, body.Text("purpose", 100));
    ASSIGN_OR_RETURN(const std::string way, body.Text("way", 100));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.store.Withdraw(call.asker, call.witness, CustomerId(id), version, purpose, way, call.now));
    return Response::NoContent();
  }

  Result<Response> SetNoContact(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    if (!body.Has("channels")) return Error("field_missing").With("field", "channels");
    ASSIGN_OR_RETURN(const std::vector<std::string> channels, body.Texts("channels", 20));
    ASSIGN_OR_RETURN(const auto reason, body.OptionalText("reason", 100));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.store.SetNoContact(call.asker, call.witness, CustomerId(id), version, channels,
                                            reason.value_or(""), call.now));
    return Response::NoContent();
  }

  Result<Response> BlockMany(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const bool dry_run, body.Bool("dry_run", false));
    ASSIGN_OR_RETURN(const bool open, body.Bool("open", false));
    ASSIGN_OR_RETURN(const std::string reason, body.Text("reason", 100));
    ASSIGN_OR_RETURN(const std::vector<std::string> channels, body.Texts("channels", 20));
    ASSIGN_OR_RETURN(std::vector<JsonBody> rows, body.Objects("rows", 1'000));
    RETURN_IF_ERROR(body.Done());
    std::vector<BlockChange> changes;
    for (JsonBody& row : rows) {
      ASSIGN_OR_RETURN(const int64_t customer, row.Id("customer"));
      ASSIGN_OR_RETURN(const auto version, row.OptionalInt("version"));
      ASSIGN_OR_RETURN(const std::vector<std::string> own, row.Texts("channels", 20));
      RETURN_IF_ERROR(row.Done());
      changes.push_back({CustomerId(customer), version.value_or(0), own.empty() ? channels : own, reason, open});
    }
    ASSIGN_OR_RETURN(const std::vector<BlockChanged> done,
                     call.store.BlockMany(call.asker, call.witness, changes, dry_run, call.now));
    JsonWriter json;
    json.BeginObject().Key("rows").BeginArray();
    for (const BlockChanged& row : done) {
      json.BeginObject().Field("customer", std::to_string(row.customer.value)).Field("version", row.version);
      json.Field("outcome", row.outcome);
      WriteText(json, "by", row.by);
      json.Key("channels").BeginArray();
      for (const std::string& channel : row.channels) json.String(channel);
      json.EndArray().EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  // ---- Requests of persons ----

  Result<Response> Receive(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Requests * requests, deps_.requests());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    RequestInput input;
    ASSIGN_OR_RETURN(input.kind, body.Text("kind", 100));
    ASSIGN_OR_RETURN(input.way, body.Text("way", 100));
    ASSIGN_OR_RETURN(const auto received_at, body.OptionalText("received_at", 100));
    if (received_at) {
      input.received_at = ParseInstant(*received_at);
      if (!input.received_at) return Error("bad_instant").With("text", *received_at);
    }
    ASSIGN_OR_RETURN(const auto words, body.OptionalText("words"));
    input.words = words.value_or("");
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const RequestId made,
                     requests->Receive(call.asker, call.witness, CustomerId(id), input, call.now));
    JsonWriter json;
    json.BeginObject().Field("id", std::to_string(made.value)).EndObject();
    return Private(json, 201);
  }

  Result<Response> ListRequests(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Requests * requests, deps_.requests());
    const std::string_view state = request.Query("state").value_or("open");
    if (state != "open" && state != "closed") {
      return Error("field_choice").With("field", "state").With("choices", "open, closed");
    }
    CustomerId customer;
    if (const auto text = request.Query("customer")) {
      const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), customer.value);
      if (problem != std::errc() || end != text->data() + text->size()) return Error("not_found");
    }
    ASSIGN_OR_RETURN(const auto all, requests->List(call.asker, state == "open", customer, kListed, call.now));
    JsonWriter json;
    json.BeginObject().Key("requests").BeginArray();
    for (const PersonRequest& each : all) {
      json.BeginObject().Field("id", std::to_string(each.id.value));
      json.Field("customer", std::to_string(each.customer.value));
      WriteText(json, "customer_name", each.customer_name);
      json.Field("kind", each.kind).Field("way", each.way).Field("state", RequestStateName(each.state));
      json.Field("received_at", FormatInstant(each.received_at)).Field("received_by", each.received_by);
      json.Field("due", FormatDay(each.due)).Field("overdue", each.overdue);
      WriteText(json, "identity", each.identity);
      WriteText(json, "scope", each.scope);
      WriteText(json, "checked_by", each.checked_by);
      WriteText(json, "refusal", each.refusal);
      WriteInstant(json, "closed_at", each.closed_at);
      WriteText(json, "closed_by", each.closed_by);
      WriteText(json, "words", each.words);
      json.Field("version", each.version).EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  Result<Response> CheckRequest(const Request& request) {
    ASSIGN_OR_RETURN(const Step step, BeginStep(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string identity, body.Text("identity", 100));
    ASSIGN_OR_RETURN(const std::string name, body.Text("scope", 100));
    RETURN_IF_ERROR(body.Done());
    const auto scope = ParseScope(name);
    if (!scope) return Error("field_choice").With("field", "scope").With("choices", "all, contact, record, consent");
    RETURN_IF_ERROR(step.requests.Check(step.call.asker, step.call.witness, step.id, step.version, identity, *scope,
                                        step.call.now));
    return Response::NoContent();
  }

  Result<Response> FinishRequest(const Request& request) {
    ASSIGN_OR_RETURN(const Step step, BeginStep(request));
    RETURN_IF_ERROR(step.requests.Finish(step.call.asker, step.call.witness, step.id, step.version, step.call.now));
    return Response::NoContent();
  }

  Result<Response> RefuseRequest(const Request& request) {
    ASSIGN_OR_RETURN(const Step step, BeginStep(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string reason, body.Text("reason", 100));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(
        step.requests.Refuse(step.call.asker, step.call.witness, step.id, step.version, reason, step.call.now));
    return Response::NoContent();
  }

  Result<Response> ExportPerson(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Requests * requests, deps_.requests());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string format, body.Text("format", 100));
    RETURN_IF_ERROR(body.Done());
    if (format != "json" && format != "csv") {
      return Error("field_choice").With("field", "format").With("choices", "json, csv");
    }
    ASSIGN_OR_RETURN(const auto facts, requests->Export(call.asker, call.witness, RequestId(id), call.now));
    Response response = format == "json"
                            ? Response::Download(FactsJson(facts), "application/json", "personal-data.json")
                            : Response::Download(FactsCsv(facts), "text/csv; charset=utf-8", "personal-data.csv");
    return std::move(response).Header("Cache-Control", "no-store");
  }

  // ---- Recipients ----

  Result<Response> ListRecipients(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const auto all, recipients->List(call.asker.dealer));
    JsonWriter json;
    json.BeginObject().Key("recipients").BeginArray();
    for (const Recipient& each : all) {
      json.BeginObject().Field("id", std::to_string(each.id.value)).Field("name", each.input.name);
      json.Field("kind", each.input.kind).Field("purpose", each.input.purpose).Field("basis", each.input.basis);
      json.Field("data", each.input.data).Field("since", FormatDay(each.input.since));
      WriteDay(json, "until", each.input.until);
      json.Field("customers", each.customers).Field("version", each.version);
      json.Field("changed_at", FormatInstant(each.changed_at)).Field("changed_by", each.changed_by).EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  Result<Response> AddRecipient(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const RecipientInput input, ReadRecipient(request));
    ASSIGN_OR_RETURN(const RecipientId id, recipients->Add(call.asker, call.witness, input, call.now));
    JsonWriter json;
    json.BeginObject().Field("id", std::to_string(id.value)).EndObject();
    return Private(json, 201);
  }

  Result<Response> ChangeRecipient(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(const RecipientInput input, ReadRecipient(request));
    RETURN_IF_ERROR(recipients->Change(call.asker, call.witness, RecipientId(id), version, input, call.now));
    return Response::NoContent();
  }

  Result<Response> GiveData(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const int64_t recipient, body.Id("recipient"));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(recipients->Give(call.asker, call.witness, CustomerId(id), RecipientId(recipient), call.now));
    return Response::NoContent();
  }

  Result<Response> SharesOf(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const auto shares, recipients->SharesOf(call.asker, CustomerId(id), call.now));
    JsonWriter json;
    json.BeginObject().Key("shares").BeginArray();
    for (const Share& share : shares) {
      json.BeginObject().Field("recipient", std::to_string(share.recipient.value)).Field("name", share.name);
      json.Field("at", FormatInstant(share.at)).Field("by", share.by).EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  // By dealer, of those that the caller sees whole; and of the network, where he sees all of them.
  Result<Response> People(const Request& request) {
    ASSIGN_OR_RETURN(Recipients * recipients, deps_.recipients());
    ASSIGN_OR_RETURN(const auto dealers, deps_.dealers());
    const std::vector<Threshold>& thresholds = Policy::Get().thresholds();
    std::vector<PeopleCount> counts;
    int64_t all = 0;
    for (const DealerId dealer : dealers) {
      const auto visible = deps_.visible(request, dealer);
      if (!visible.ok() || !visible->all) continue;
      ASSIGN_OR_RETURN(const int64_t people, recipients->People(dealer));
      counts.push_back(Against(dealer, people, thresholds));
      all += people;
    }
    const bool whole = counts.size() == dealers.size() && !dealers.empty();
    JsonWriter json;
    json.BeginObject().Key("dealers").BeginArray();
    for (const PeopleCount& count : counts) WriteCount(json, count);
    json.EndArray().Key("network");
    if (whole) {
      WriteCount(json, Against(DealerId(), all, thresholds));
    } else {
      json.Null();
    }
    json.Key("thresholds").BeginArray();
    for (const Threshold& threshold : thresholds) {
      json.BeginObject().Field("people", threshold.people);
      WriteName(json, threshold.name);
      json.EndObject();
    }
    json.EndArray().EndObject();
    return Private(json);
  }

  [[nodiscard]] const PrivacyDeps& deps() const { return deps_; }

 private:
  struct Step {
    Call call;
    Requests& requests;
    RequestId id;
    int64_t version = 0;
  };
  Result<Step> BeginStep(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(Requests * requests, deps_.requests());
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    return Step{std::move(call), *requests, RequestId(id), version};
  }

  static Result<RecipientInput> ReadRecipient(const Request& request) {
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    RecipientInput input;
    ASSIGN_OR_RETURN(input.name, body.Text("name"));
    ASSIGN_OR_RETURN(input.kind, body.Text("kind", 100));
    ASSIGN_OR_RETURN(input.purpose, body.Text("purpose"));
    ASSIGN_OR_RETURN(input.basis, body.Text("basis", 100));
    ASSIGN_OR_RETURN(input.data, body.Text("data"));
    ASSIGN_OR_RETURN(const std::string since, body.Text("since", 100));
    ASSIGN_OR_RETURN(const auto until, body.OptionalText("until", 100));
    RETURN_IF_ERROR(body.Done());
    const auto day = ParseDay(since);
    if (!day) return Error("field_day_bad").With("field", "since").With("value", since);
    input.since = *day;
    if (until && !until->empty()) {
      input.until = ParseDay(*until);
      if (!input.until) return Error("field_day_bad").With("field", "until").With("value", *until);
    }
    return input;
  }

  static void WriteCount(JsonWriter& json, const PeopleCount& count) {
    json.BeginObject();
    WriteText(json, "dealer", count.dealer.set() ? std::to_string(count.dealer.value) : std::string());
    json.Field("people", count.people).Key("reached");
    count.reached != nullptr ? json.Int(count.reached->people) : json.Null();
    json.Key("next");
    count.next != nullptr ? json.Int(count.next->people) : json.Null();
    json.Field("near", count.near).EndObject();
  }

  PrivacyDeps deps_;
};

}  // namespace

Result<std::vector<ConsentInput>> ReadConsents(const Store& store, JsonBody& body, Instant now) {
  std::vector<ConsentInput> inputs;
  if (!body.Has("consents")) return inputs;
  ASSIGN_OR_RETURN(std::vector<JsonBody> bodies, body.Objects("consents", kConsentsMax));
  for (JsonBody& each : bodies) {
    ASSIGN_OR_RETURN(ConsentInput input, ReadConsent(std::move(each)));
    RETURN_IF_ERROR(store.Check(input, now));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Result<leads::Store::Along> ConsentsAlong(const PrivacyDeps& deps, const Request& request, JsonBody& body,
                                          const Asker& asker, Instant now) {
  if (!body.Has("consents")) return leads::Store::Along();
  ASSIGN_OR_RETURN(Store * store, deps.store());
  ASSIGN_OR_RETURN(std::vector<ConsentInput> inputs, ReadConsents(*store, body, now));
  return leads::Store::Along([store, asker, witness = db::Witness(deps.audit, request.caller.account),
                              inputs = std::move(inputs), now](db::Connection& connection, CustomerId id) {
    return store->GiveIn(connection, asker, witness, id, inputs, now);
  });
}

void AddPrivacyRoutes(http::Router& router, const PrivacyDeps& deps) {
  using http::Gate;
  using http::Rows;
  const auto api = std::make_shared<PrivacyApi>(deps);
  using Operation = Result<Response> (PrivacyApi::*)(const Request&);
  // The router keeps the API alive.
  const auto kept = [api](Operation operation) -> http::ResultHandler {
    return [api, operation](const Request& request) { return ((*api).*operation)(request); };
  };
  const auto by = [](std::string_view right) { return http::Admission(Gate::kSignedIn, Rows::kScoped, right); };
  const auto post = [&](std::string_view pattern, std::string_view right, Operation operation, bool once = true) {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = by(right);
    // What gives personal data away is never answered from what was kept.
    route.handler = once ? api->deps().idempotent(http::Answering(kept(operation))) : http::Answering(kept(operation));
    route.body = http::Body::kMemory;
    router.Add(std::move(route));
  };
  router.Get("/api/v1/privacy/terms", {Gate::kSignedIn, Rows::kNone}, kept(&PrivacyApi::Terms));
  const std::string customer = "/api/v1/customers/{id}";
  router.Get(customer + "/privacy", by("customers"), kept(&PrivacyApi::Get));
  post(customer + "/consents", "change", &PrivacyApi::Give);
  post(customer + "/consents/withdraw", "change", &PrivacyApi::Withdraw);
  router.Put(customer + "/no-contact", by("change"), kept(&PrivacyApi::SetNoContact));
  post("/api/v1/customers/no-contact", "change", &PrivacyApi::BlockMany);
  router.Put(customer + "/hold", by("privacy"), kept(&PrivacyApi::SetHold));
  router.Delete(customer + "/hold", by("privacy"), kept(&PrivacyApi::LiftHold));
  post(customer + "/requests", "change", &PrivacyApi::Receive);
  const std::string requests = "/api/v1/privacy/requests";
  router.Get(requests, by("privacy"), kept(&PrivacyApi::ListRequests));
  post(requests + "/{id}/check", "privacy", &PrivacyApi::CheckRequest);
  post(requests + "/{id}/finish", "privacy", &PrivacyApi::FinishRequest);
  post(requests + "/{id}/refuse", "privacy", &PrivacyApi::RefuseRequest);
  post(requests + "/{id}/export", "privacy", &PrivacyApi::ExportPerson, false);
  const std::string recipients = "/api/v1/privacy/recipients";
  router.Get(recipients, by("customers"), kept(&PrivacyApi::ListRecipients));
  post(recipients, "privacy", &PrivacyApi::AddRecipient);
  router.Put(recipients + "/{id}", by("privacy"), kept(&PrivacyApi::ChangeRecipient));
  router.Get(customer + "/shares", by("customers"), kept(&PrivacyApi::SharesOf));
  post(customer + "/shares", "change", &PrivacyApi::GiveData);
  router.Get("/api/v1/privacy/people", by("privacy"), kept(&PrivacyApi::People));
  router.Get("/api/v1/privacy/due", by("privacy"), kept(&PrivacyApi::DueOnes));
}

}  // namespace dealpace::privacy
