#include "analysis/api.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "analysis/entries.h"
#include "analysis/export.h"
#include "analysis/findings.h"
#include "analysis/question.h"
#include "analysis/read_questions.h"
#include "analysis/tables.h"
#include "analysis/views.h"
#include "base/json.h"
#include "exchange/print.h"

namespace dealpace::analysis {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

// What an answer needs to be given.
struct Asking {
  std::shared_ptr<const RowScope> rows;  // that the asker may see
  std::shared_ptr<const Definitions> definitions;
  Zone zone;
  Instant now{};
  Day today{};

  [[nodiscard]] const catalog::Catalog& catalog() const { return *definitions->catalog; }
  [[nodiscard]] kpi::Engine& engine() const { return *definitions->engine; }
};

Result<Asking> Begin(const Deps& deps, std::shared_ptr<const RowScope> rows) {
  ASSIGN_OR_RETURN(auto definitions, deps.definitions.Current());
  ASSIGN_OR_RETURN(Zone zone, deps.definitions.BusinessZone());
  const Instant now = deps.now();
  const Day today = zone.DayOf(now);
  return Asking{std::move(rows), std::move(definitions), std::move(zone), now, today};
}

// What can be said without working anything out: that the figures are still those that the asker has, or those that
// were given to the last who asked the same.
std::optional<Response> SayAgain(const Freshness& freshness, const std::string& tag, const Request& request) {
  if (http::IfNoneMatch(request, tag)) return http::NotModified(tag);
  auto kept = freshness.Kept(tag);
  if (!kept) return std::nullopt;
  return Response::Json(*std::move(kept)).Header("ETag", tag);
}

// Who sees other rows is given another answer.
std::string TagOf(const State& state, const std::string& pattern, const RowScope& rows, const Request& request) {
  return Freshness::Tag(state, pattern + '\n' + rows.Text(), request.body);
}

constexpr size_t kQuickBodyMax = 16 << 10;

using Answerer = std::function<Result<Response>(const Deps&, const Asking&, JsonBody, const Request&)>;

// Works out what that takes a few microseconds, on the thread that reads from the network.
using AtOnce = std::function<Result<Response>(const Asking&, const Request&)>;

// `figures`: the same question has the same answer while the state stays. `at_once`: for those of them that may be
// worked out where they come in; what it refuses, for whatever reason, a worker answers.
void AddReading(http::Router& router, const Deps& deps, const std::string& pattern, const std::string& right,
                Answerer answer, bool figures = false, AtOnce at_once = nullptr) {
  http::Route route;
  route.method = http::Method::kPost;
  route.pattern = pattern;
  route.admission = {http::Gate::kSignedIn, http::Rows::kScoped, right};
  route.body = http::Body::kMemory;
  route.scope = "read";
  Freshness* freshness = figures ? deps.freshness : nullptr;
  route.handler = http::Answering(
      [deps, pattern, right, freshness, answer = std::move(answer)](const Request& request) -> Result<Response> {
        const db::Moment moment(deps.database);
        std::string tag;
        if (freshness != nullptr) {
          // Before anything is worked out: an answer may be newer than its tag says, never older.
          ASSIGN_OR_RETURN(const State state, freshness->Look());
          tag = TagOf(state, pattern, *request.caller.RowsFor(right), request);
          if (auto again = SayAgain(*freshness, tag, request)) return *std::move(again);
        }
        ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
        ASSIGN_OR_RETURN(const Asking asking, Begin(deps, request.caller.RowsFor(right)));
        ASSIGN_OR_RETURN(Response response, answer(deps, asking, std::move(body), request));
        if (freshness == nullptr) return response;
        freshness->Keep(tag, response.body, asking.now);
        return std::move(response).Header("ETag", tag);
      });
  if (freshness != nullptr) {
    route.quick = [deps, pattern, right, freshness,
                   at_once = std::move(at_once)](const Request& request) -> std::optional<Response> {
      if (request.body.size() > kQuickBodyMax) return std::nullopt;
      const db::Moment moment(deps.database);
      const auto state = freshness->Known();  // and with it all that an answer needs to know of the store
      if (!state) return std::nullopt;
      const std::shared_ptr<const RowScope>& rows = request.caller.RowsFor(right);
      const std::string tag = TagOf(*state, pattern, *rows, request);
      if (auto again = SayAgain(*freshness, tag, request)) return again;
      if (!at_once) return std::nullopt;
      const auto asking = Begin(deps, rows);
      if (!asking.ok()) return std::nullopt;
      auto response = at_once(*asking, request);
      if (!response.ok()) return std::nullopt;
      freshness->Keep(tag, response->body, asking->now);
      return (*std::move(response)).Header("ETag", tag);
    };
  }
  router.Add(std::move(route));
}

Result<Response> AnswerQuery(const Asking& asking, const AskedQuestion& asked) {
  ASSIGN_OR_RETURN(const kpi::Answer answer, asking.engine().Ask(asked.question));
  return Response::Json(exchange::AnswerJson(asking.catalog(), answer, asking.now, asked.ids));
}

Result<Response> Query(const Deps& /*deps*/, const Asking& asking, JsonBody body, const Request& /*request*/) {
  ASSIGN_OR_RETURN(const AskedQuestion asked, ReadQuestion(std::move(body), asking.today, asking.rows));
  return AnswerQuery(asking, asked);
}

AtOnce QueryAtOnce() {
  return [questions = std::make_shared<ReadQuestions>()](const Asking& asking,
                                                         const Request& request) -> Result<Response> {
    ASSIGN_OR_RETURN(const auto asked, questions->Get(request.body, asking.today, asking.rows));
    return AnswerQuery(asking, *asked);
  };
}

Result<Response> Entries(const Deps& deps, const Asking& asking, JsonBody body, const Request& /*request*/) {
  ASSIGN_OR_RETURN(std::string json, EntriesJson(std::move(body), asking.today, asking.catalog(), asking.engine(),
                                                 deps.facts, deps.database, asking.rows));
  return Response::Json(std::move(json));
}

// What is taken away, without the texts of the question: a condition may name a person.
Status NoteExport(const Deps& deps, const ExportRequest& wanted, AccountId account) {
  const kpi::Question& question = wanted.asked.question;
  std::vector<std::pair<std::string, db::Deed::Detail>> details = {
      {"by", question.by},
      {"columns", static_cast<int64_t>(question.columns.size())},
      {"filters", static_cast<int64_t>(question.filters.size())},
      {"format", std::string(wanted.format == ExportRequest::Format::kCsv ? "csv" : "xlsx")}};
  if (question.period) details.emplace_back("period", FormatPeriod(*question.period));
  const DealerId dealer(wanted.asked.scope.Is(Dim::kDealer) ? wanted.asked.scope.id : 0);
  return deps.database.Write<void>([&](db::Connection& connection) {
    return db::Witness(deps.audit, account)
        .Note(connection, "export.kpi", ScopeText(wanted.asked.scope), dealer, details);
  });
}

Result<Response> ExportFile(const Deps& deps, const Asking& asking, JsonBody body, const Request& request) {
  ASSIGN_OR_RETURN(const ExportRequest wanted, ReadExportRequest(std::move(body), asking.today, asking.rows));
  const std::string& name = request.caller.name.empty() ? request.caller.login : request.caller.name;
  ASSIGN_OR_RETURN(Response response, Export(wanted, {asking.catalog(), asking.engine(), deps.facts, asking.zone,
                                                      asking.now, request.language, name, deps.folder}));
  // Nothing leaves that is not written down.
  if (const Status noted = NoteExport(deps, wanted, request.caller.account); !noted.ok()) {
    std::error_code ignored;
    if (!response.body_file.empty()) std::filesystem::remove(response.body_file, ignored);
    return noted.error();
  }
  return response;
}

Result<Response> SuccessTable(const Deps& deps, const Asking& asking, JsonBody body, const Request& /*request*/) {
  ASSIGN_OR_RETURN(const TableQuestion asked, ReadTableQuestion(std::move(body), asking.today, asking.rows));
  ASSIGN_OR_RETURN(std::string json,
                   SuccessTableJson(asked, asking.catalog(), asking.engine(), deps.facts, asking.now));
  return Response::Json(std::move(json));
}

Result<Response> Funnel(const Deps& /*deps*/, const Asking& asking, JsonBody body, const Request& /*request*/) {
  ASSIGN_OR_RETURN(const TableQuestion asked, ReadTableQuestion(std::move(body), asking.today, asking.rows));
  ASSIGN_OR_RETURN(std::string json, FunnelJson(asked, asking.catalog(), asking.engine(), asking.now));
  return Response::Json(std::move(json));
}

Result<Response> FindingsOf(const Deps& /*deps*/, const Asking& asking, JsonBody body, const Request& /*request*/) {
  ASSIGN_OR_RETURN(const TableQuestion asked, ReadTableQuestion(std::move(body), asking.today, asking.rows));
  ASSIGN_OR_RETURN(std::string json, FindingsJson(asked, asking.catalog(), asking.engine()));
  return Response::Json(std::move(json));
}

const http::Admission kOwnViews(http::Gate::kSignedIn, http::Rows::kOwn);

Response ViewResponse(const View& view, AccountId asker, int status) {
  Response response = Response::Json(ViewJson(view, asker), status);
  response.Header("ETag", http::VersionTag(view.version));
  return response;
}

Result<Response> List(const Deps& deps, const Request& request) {
  ASSIGN_OR_RETURN(const std::vector<View> views, ListViews(deps.database, request.caller.account));
  JsonWriter json;
  json.BeginObject().Key("views").BeginArray();
  for (const View& view : views) json.Raw(ViewJson(view, request.caller.account));
  json.EndArray().EndObject();
  return Response::Json(json.text());
}

Result<Response> Add(const Deps& deps, const Request& request) {
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const ViewInput input, ReadViewInput(std::move(body)));
  ASSIGN_OR_RETURN(const View view, AddView(deps.database, request.caller.account, input, deps.now()));
  return ViewResponse(view, request.caller.account, 201);
}

Result<Response> Change(const Deps& deps, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
  ASSIGN_OR_RETURN(const ViewInput input, ReadViewInput(std::move(body)));
  ASSIGN_OR_RETURN(const View view, ChangeView(deps.database, request.caller.account, id, version, input, deps.now()));
  return ViewResponse(view, request.caller.account, 200);
}

Result<Response> Remove(const Deps& deps, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
  RETURN_IF_ERROR(RemoveView(deps.database, request.caller.account, id, version));
  return Response::NoContent();
}

}  // namespace

void FollowAtLeisure(db::Database& database, facts::Facts& facts, Freshness& freshness) {
  if (!facts.network_asked()) return;
  const db::Moment moment(database);
  if (freshness.Known()) facts.FollowAtHand();
}

void AddQuestionRoutes(http::Router& router, const Deps& deps) {
  AddReading(router, deps, "/api/v1/kpi/query", "reports", Query, true, QueryAtOnce());
  AddReading(router, deps, "/api/v1/kpi/entries", "reports", Entries);
  AddReading(router, deps, "/api/v1/kpi/export", "export", ExportFile);
  AddReading(router, deps, "/api/v1/tables/success-rate", "reports", SuccessTable, true);
  AddReading(router, deps, "/api/v1/tables/funnel", "reports", Funnel, true);
  AddReading(router, deps, "/api/v1/findings", "reports", FindingsOf, true);
}

void AddViewRoutes(http::Router& router, const Deps& deps) {
  const auto with = [&deps](auto handler) {
    return [deps, handler](const Request& request) { return handler(deps, request); };
  };
  router.Get("/api/v1/views", kOwnViews, with(List));
  http::Route add;
  add.method = http::Method::kPost;
  add.pattern = "/api/v1/views";
  add.admission = kOwnViews;
  add.body = http::Body::kMemory;
  add.handler = deps.idempotent(http::Answering(with(Add)));
  router.Add(std::move(add));
  router.Put("/api/v1/views/{id}", kOwnViews, with(Change));
  router.Delete("/api/v1/views/{id}", kOwnViews, with(Remove));
}

}  // namespace dealpace::analysis
