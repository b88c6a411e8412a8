#include "leads/verifications_api.h"

#include <memory>
#include <utility>

#include "http/json_body.h"
#include "leads/api_parts.h"

namespace dealpace::leads {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

constexpr size_t kVerificationsListed = 100;

void WriteVerification(JsonWriter& json, const Verification& verification) {
  const Lead& lead = verification.lead;
  json.BeginObject().Field("lead", lead.code).Field("customer", std::to_string(lead.customer.value));
  WriteText(json, "customer_name", lead.customer_name);
  WriteText(json, "customer_phone", lead.customer_phone);
  WriteText(json, "no_contact", NoContactName(lead.no_contact));
  WriteId(json, "owner", lead.owner);
  WriteText(json, "source", lead.source);
  WriteText(json, "model", lead.model);
  WriteDay(json, "expected", lead.expected);
  json.Field("grade", lead.grade).Field("created_at", FormatInstant(lead.created_at));
  WriteText(json, "heard", verification.heard ? HeardName(*verification.heard) : std::string_view());
  json.Field("calls", verification.calls).Field("version", verification.version);
  WriteText(json, "called_at", verification.called_at ? FormatInstant(*verification.called_at) : std::string());
  WriteText(json, "called_by", verification.called_by);
  json.EndObject();
}

class VerificationApi {
 public:
  explicit VerificationApi(VerificationDeps deps) : deps_(std::move(deps)) {}

  Result<Response> List(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    const std::string_view state = request.Query("state").value_or("due");
    if (state != "due" && state != "called") {
      return Error("field_choice").With("field", "state").With("choices", "due, called");
    }
    ASSIGN_OR_RETURN(const VerificationPage page,
                     call.verifications.List(call.asker, state == "due", kVerificationsListed, call.now));
    JsonWriter json;
    json.BeginObject().Field("count", page.count).Key("leads").BeginArray();
    for (const Verification& verification : page.leads) WriteVerification(json, verification);
    json.EndArray().Key("self").BeginArray();
    for (const StaffId staff : call.self) json.String(std::to_string(staff.value));
    json.EndArray().EndObject();
    return Private(json);
  }

  Result<Response> Record(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string text, body.Text("heard", 40));
    RETURN_IF_ERROR(body.Done());
    const auto heard = ParseHeard(text);
    if (!heard) {
      return Error("field_choice")
          .With("field", "heard")
          .With("choices", "confirmed, not_interested, wrong_number, no_answer");
    }
    RETURN_IF_ERROR(call.verifications.Record(call.asker, call.self, request.Param("lead"), version, *heard, call.now));
    return Response::NoContent();
  }

 private:
  struct Call {
    Verifications verifications;
    Asker asker;
    std::vector<StaffId> self;
    Instant now{};
  };
  [[nodiscard]] Result<Call> Begin(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t dealer, QueryId(request, "dealer"));
    if (dealer == 0) return Error("field_missing").With("field", "dealer");
    ASSIGN_OR_RETURN(Visible visible, deps_.visible(request, DealerId(dealer)));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    ASSIGN_OR_RETURN(std::vector<StaffId> self, deps_.self(request, DealerId(dealer)));
    return Call{
        Verifications(*store),
        {DealerId(dealer), std::move(visible), request.caller.login, db::Witness(deps_.audit, request.caller.account)},
        std::move(self),
        deps_.now()};
  }

  VerificationDeps deps_;
};

}  // namespace

void AddVerificationRoutes(http::Router& router, const VerificationDeps& deps) {
  const auto api = std::make_shared<VerificationApi>(deps);
  const http::Admission verify(http::Gate::kSignedIn, http::Rows::kScoped, "verify");
  router.Get("/api/v1/verifications", verify, [api](const Request& request) { return api->List(request); });
  router.Put("/api/v1/verifications/{lead}", verify, [api](const Request& request) { return api->Record(request); });
}

}  // namespace dealpace::leads
