#include "leads/spot_checks_api.h"

#include <sodium.h>

#include <memory>
#include <utility>

#include "http/json_body.h"
#include "leads/api_parts.h"

namespace dealpace::leads {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

// "2026-11" as its first day.
Result<Day> ReadMonth(std::string_view text) {
  const auto day = text.size() == 7 ? ParseDay(std::string(text) + "-01") : std::nullopt;
  if (!day) return Error("field_value_unknown").With("field", "month").With("value", text).With("known", "2026-11");
  return *day;
}

std::string MonthText(Day month) { return FormatDay(month).substr(0, 7); }

void WriteCheck(JsonWriter& json, const SpotCheck& check) {
  json.BeginObject().Field("id", std::to_string(check.id)).Field("month", MonthText(check.month));
  json.Field("customer", std::to_string(check.customer.value)).Field("kind", KindName(check.kind));
  WriteId(json, "owner", check.owner);
  WriteRecord(json, check.record);
  WriteText(json, "result", check.result ? VerdictName(*check.result) : std::string_view());
  json.Key("verdicts").BeginObject();
  for (const auto& [field, verdict] : check.verdicts) json.Field(field, VerdictName(verdict));
  json.EndObject();
  json.Field("version", check.version).Field("drawn_at", FormatInstant(check.drawn_at));
  WriteText(json, "checked_at", check.checked_at ? FormatInstant(*check.checked_at) : std::string());
  WriteText(json, "checked_by", check.checked_by);
  json.EndObject();
}

class SpotCheckApi {
 public:
  explicit SpotCheckApi(SpotCheckDeps deps) : deps_(std::move(deps)) {}

  Result<Response> Month(const Request& request) {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const Day month, ReadMonth(request.Query("month").value_or("")));
    ASSIGN_OR_RETURN(const SpotCheckMonth found, call.checks.Month(call.checker.asker, month, call.now));
    JsonWriter json;
    const SpotCheckPolicy& policy = Policy::Get().spot_checks();
    json.BeginObject().Field("month", MonthText(month)).Key("policy").BeginObject();
    json.Key("share").Number(policy.share);
    json.Field("least", policy.least).Key("goal").Number(policy.goal);
    json.Field("coaching_days", int64_t{policy.coaching_days}).EndObject();
    json.Key("people").BeginArray();
    for (const SpotCheckCount& count : found.people) {
      json.BeginObject();
      WriteId(json, "owner", count.owner);
      json.Field("files", count.files).Field("sample", count.sample).Field("drawn", count.drawn);
      json.Field("true", count.is_true).Field("false", count.is_false).Field("unverifiable", count.unverifiable);
      json.EndObject();
    }
    json.EndArray().Key("checks").BeginArray();
    for (const SpotCheck& check : found.checks) WriteCheck(json, check);
    json.EndArray();
    json.Key("self").BeginArray();
    for (const StaffId staff : call.checker.self) json.String(std::to_string(staff.value));
    json.EndArray().EndObject();
    return Private(json);
  }

  Result<Response> Draw(const Request& request) {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string text, body.Text("month", 10));
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const Day month, ReadMonth(text));
    ASSIGN_OR_RETURN(const int64_t drawn, call.checks.Draw(call.checker, month, call.now));
    JsonWriter json;
    json.BeginObject().Field("drawn", drawn).EndObject();
    return Private(json);
  }

  Result<Response> Get(const Request& request) {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const SpotCheck check, call.checks.Get(call.checker.asker, id, call.now));
    JsonWriter json;
    WriteCheck(json, check);
    return Private(json).Header("ETag", http::VersionTag(check.version));
  }

  Result<Response> Record(const Request& request) {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    Verdicts verdicts;
    ASSIGN_OR_RETURN(std::optional<JsonBody> fields, body.Object("verdicts"));
    if (!fields) return Error("field_missing").With("field", "verdicts");
    for (const Field& field : Fields()) {
      ASSIGN_OR_RETURN(const auto text, fields->OptionalText(field.id));
      if (!text) continue;
      const auto verdict = ParseVerdict(*text);
      if (!verdict) {
        return Error("field_choice").With("field", field.id).With("choices", "true, false, unverifiable");
      }
      verdicts.emplace(field.id, *verdict);
    }
    RETURN_IF_ERROR(fields->Done());
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.checks.Record(call.checker, id, version, verdicts, call.now));
    return Response::NoContent();
  }

 private:
  // What every operation begins with.
  struct Call {
    SpotChecks checks;
    Checker checker;
    Instant now{};
  };
  [[nodiscard]] Result<Call> Begin(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t dealer, QueryId(request, "dealer"));
    if (dealer == 0) return Error("field_missing").With("field", "dealer");
    ASSIGN_OR_RETURN(Visible visible, deps_.visible(request, DealerId(dealer)));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    ASSIGN_OR_RETURN(std::vector<StaffId> self, deps_.self(request, DealerId(dealer)));
    Checker checker{{DealerId(dealer), std::move(visible), request.caller.login},
                    std::move(self),
                    db::Witness(deps_.audit, request.caller.account)};
    return Call{SpotChecks(*store, randombytes_uniform), std::move(checker), deps_.now()};
  }

  SpotCheckDeps deps_;
};

}  // namespace

void AddSpotCheckRoutes(http::Router& router, const SpotCheckDeps& deps) {
  const auto api = std::make_shared<SpotCheckApi>(deps);
  using Operation = Result<Response> (SpotCheckApi::*)(const Request&);
  // The router keeps the API alive.
  const auto kept = [api](Operation operation) -> http::ResultHandler {
    return [api, operation](const Request& request) { return ((*api).*operation)(request); };
  };
  const http::Admission check(http::Gate::kSignedIn, http::Rows::kScoped, "check");
  const std::string checks = "/api/v1/spot-checks";
  router.Get(checks, check, kept(&SpotCheckApi::Month));
  router.Post(checks + "/draw", check, kept(&SpotCheckApi::Draw));
  router.Get(checks + "/{id}", check, kept(&SpotCheckApi::Get));
  router.Put(checks + "/{id}", check, kept(&SpotCheckApi::Record));
}

}  // namespace dealpace::leads
