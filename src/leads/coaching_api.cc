#include "leads/coaching_api.h"

#include <memory>
#include <utility>

#include "http/json_body.h"
#include "leads/api_parts.h"
#include "leads/coaching.h"

namespace dealpace::leads {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

constexpr size_t kTasksListed = 200;
constexpr size_t kNoteBytesMax = 10'000;

void WriteTask(JsonWriter& json, const CoachingTask& task) {
  const CoachingFigure& figure = task.figure;
  json.BeginObject().Field("id", std::to_string(task.id)).Field("cause", figure.cause);
  WriteId(json, "staff", figure.staff);
  json.Field("from", FormatDay(figure.from)).Field("until", FormatDay(figure.until));
  json.Field("num", figure.num).Field("den", figure.den).Key("goal").Number(figure.goal);
  json.Key("findings").BeginObject();
  for (const auto& [code, count] : figure.findings) json.Field(code, count);
  json.EndObject();
  json.Field("state", CoachingStateName(task.state)).Field("due", FormatDay(task.due));
  json.Field("version", task.version).Field("opened_at", FormatInstant(task.opened_at));
  WriteText(json, "closed_at", task.closed_at ? FormatInstant(*task.closed_at) : std::string());
  WriteText(json, "closed_by", task.closed_by);
  WriteText(json, "note", task.note);
  json.EndObject();
}

Response PageOf(const CoachingPage& page, const std::vector<StaffId>& self) {
  JsonWriter json;
  json.BeginObject().Key("counts").BeginObject();
  for (const CoachingState state : {CoachingState::kOpen, CoachingState::kDone, CoachingState::kWithdrawn}) {
    const auto count = page.of_state.find(state);
    json.Field(CoachingStateName(state), count == page.of_state.end() ? int64_t{0} : count->second);
  }
  json.EndObject().Key("tasks").BeginArray();
  for (const CoachingTask& task : page.tasks) WriteTask(json, task);
  json.EndArray().Key("self").BeginArray();
  for (const StaffId staff : self) json.String(std::to_string(staff.value));
  json.EndArray().EndObject();
  return Private(json);
}

Result<CoachingFilter> ReadFilter(const Request& request) {
  CoachingFilter filter;
  const std::string state(request.Query("state").value_or(""));
  if (state.empty()) return filter;
  filter.state = ParseCoachingState(state);
  if (!filter.state) return Error("field_choice").With("field", "state").With("choices", "open, done, withdrawn");
  return filter;
}

class CoachingApi {
 public:
  explicit CoachingApi(SpotCheckDeps deps) : deps_(std::move(deps)) {}

  // Of whom the caller may check.
  Result<Response> List(const Request& request) const {
    ASSIGN_OR_RETURN(const DealerId dealer, Dealer(request));
    ASSIGN_OR_RETURN(Visible visible, deps_.visible(request, dealer));
    return Tasks(request, dealer, std::move(visible));
  }

  // The caller's own, as the consultant that his posts name. Who is none at this dealer has none, whether there is such
  // a dealer or not.
  Result<Response> Own(const Request& request) const {
    ASSIGN_OR_RETURN(const DealerId dealer, Dealer(request));
    ASSIGN_OR_RETURN(std::vector<StaffId> self, deps_.self(request, dealer));
    if (!self.empty()) return Tasks(request, dealer, Visible{false, self, {}});
    ASSIGN_OR_RETURN([[maybe_unused]] const CoachingFilter filter, ReadFilter(request));
    return PageOf({}, self);
  }

  Result<Response> Done(const Request& request) const {
    ASSIGN_OR_RETURN(const DealerId dealer, Dealer(request));
    ASSIGN_OR_RETURN(Visible visible, deps_.visible(request, dealer));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    ASSIGN_OR_RETURN(const std::vector<StaffId> self, deps_.self(request, dealer));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const auto note, body.OptionalText("note", kNoteBytesMax));
    RETURN_IF_ERROR(body.Done());
    const Asker asker{dealer, std::move(visible), request.caller.login,
                      db::Witness(deps_.audit, request.caller.account)};
    RETURN_IF_ERROR(CoachingTasks(*store).Done(asker, self, id, version, note.value_or(""), deps_.now()));
    return Response::NoContent();
  }

 private:
  static Result<DealerId> Dealer(const Request& request) {
    ASSIGN_OR_RETURN(const int64_t dealer, QueryId(request, "dealer"));
    if (dealer == 0) return Error("field_missing").With("field", "dealer");
    return DealerId(dealer);
  }
  Result<Response> Tasks(const Request& request, DealerId dealer, Visible visible) const {
    ASSIGN_OR_RETURN(const CoachingFilter filter, ReadFilter(request));
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    ASSIGN_OR_RETURN(const std::vector<StaffId> self, deps_.self(request, dealer));
    const Asker asker{dealer, std::move(visible), request.caller.login, {}};
    ASSIGN_OR_RETURN(const CoachingPage page, CoachingTasks(*store).List(asker, filter, kTasksListed, deps_.now()));
    return PageOf(page, self);
  }

  SpotCheckDeps deps_;
};

}  // namespace

void AddCoachingRoutes(http::Router& router, const SpotCheckDeps& deps) {
  const auto api = std::make_shared<CoachingApi>(deps);
  const http::Admission check(http::Gate::kSignedIn, http::Rows::kScoped, "check");
  const http::Admission own(http::Gate::kSignedIn, http::Rows::kOwn, "customers");
  router.Get("/api/v1/coaching-tasks", check, [api](const Request& request) { return api->List(request); });
  router.Get("/api/v1/coaching-tasks/own", own, [api](const Request& request) { return api->Own(request); });
  router.Post("/api/v1/coaching-tasks/{id}/done", check, [api](const Request& request) { return api->Done(request); });
}

}  // namespace dealpace::leads
