#include "analysis/catalog_api.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "analysis/catalog_json.h"
#include "analysis/formula_help.h"
#include "analysis/own_kpis.h"
#include "base/hash.h"
#include "base/json.h"
#include "catalog/messages.h"
#include "facts/row_limits.h"
#include "http/answer.h"
#include "http/json_body.h"
#include "http/negotiate.h"
#include "kpi/answer.h"

namespace dealpace::analysis {
namespace {

using http::Request;
using http::Response;

// Members by the organisation, with the names that the code lists give them.
class OrgMembers final : public MemberNames {
 public:
  OrgMembers(const catalog::Catalog& catalog, const facts::OrgView& org) : catalog_(catalog), org_(org) {}

  [[nodiscard]] std::vector<MemberName> All(Dim dim) const override {
    std::map<std::string, Bilingual> names;  // several may be shown alike
    for (const auto& [id, label] : org_.labels[static_cast<size_t>(dim)]) names.emplace(label, Bilingual{label, label});
    for (const catalog::CodeList& list : catalog_.lists()) {
      if (list.dimension != DimName(dim)) continue;
      for (const catalog::Code& code : list.codes) {
        if (const auto it = names.find(code.code); it != names.end()) it->second = code.name;
      }
    }
    std::vector<MemberName> all;
    for (auto& [text, name] : names) all.push_back({text, name});
    return all;
  }

  // A code of our lists may be used before anything is recorded with it.
  [[nodiscard]] bool Knows(Dim dim, std::string_view text) const override {
    return !kpi::FindMembers(catalog_, org_, dim, text).empty() || catalog_.FindCode(dim, text) != nullptr;
  }

 private:
  const catalog::Catalog& catalog_;
  const facts::OrgView& org_;
};

Result<Bilingual> ReadBilingual(http::JsonBody& body, std::string_view field) {
  ASSIGN_OR_RETURN(std::optional<http::JsonBody> text, body.Object(field));
  if (!text) return Bilingual{};
  ASSIGN_OR_RETURN(const std::optional<std::string> en, text->OptionalText("en"));
  ASSIGN_OR_RETURN(const std::optional<std::string> zh, text->OptionalText("zh"));
  RETURN_IF_ERROR(text->Done());
  return Bilingual{en.value_or(""), zh.value_or("")};
}

Result<catalog::Unit> ReadUnit(const std::string& text) {
  if (const auto unit = catalog::ParseUnit(text)) return *unit;
  return Error("field_value_unknown")
      .With("field", "unit")
      .With("value", text)
      .With("known", "count, money, percent, ratio, day, hour, score, points, times, percent_points");
}

Result<OwnKpiInput> ReadInput(const Request& request, bool with_id) {
  ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
  OwnKpiInput input;
  if (with_id) {
    ASSIGN_OR_RETURN(input.id, body.Text("id"));
  } else {
    body.Know("id");  // stands in the path
  }
  ASSIGN_OR_RETURN(input.name, ReadBilingual(body, "name"));
  ASSIGN_OR_RETURN(input.formula, body.Text("formula", 16'000));
  ASSIGN_OR_RETURN(const std::string unit, body.Text("unit"));
  ASSIGN_OR_RETURN(input.unit, ReadUnit(unit));
  ASSIGN_OR_RETURN(const std::optional<std::string> better, body.OptionalText("better"));
  const auto parsed = ParseBetter(better.value_or("none"));
  if (!parsed) {
    return Error("field_value_unknown")
        .With("field", "better")
        .With("value", *better)
        .With("known", "higher, lower, none");
  }
  input.better = *parsed;
  ASSIGN_OR_RETURN(input.meaning, ReadBilingual(body, "meaning"));
  RETURN_IF_ERROR(body.Done());
  return input;
}

Response OwnKpiResponse(const OwnKpi& kpi, const Request& request, int status) {
  JsonWriter json;
  WriteOwnKpi(json, kpi, nullptr, request.language);
  return Response::Json(json.text(), status).Header("ETag", http::VersionTag(kpi.version));
}

class CatalogApi {
 public:
  explicit CatalogApi(CatalogDeps deps) : deps_(std::move(deps)) {}

  Result<Response> Get(const Request& request) {
    ASSIGN_OR_RETURN(const std::shared_ptr<const Definitions> definitions, deps_.definitions.Current());
    std::shared_ptr<const Page> page;
    {
      const std::lock_guard lock(mutex_);
      if (page_ == nullptr || page_->version != definitions->version) {
        std::string json = CatalogJson(*definitions->catalog);
        // By content, which says both the release and the own KPIs.
        const std::string etag = "W/\"" + std::to_string(HashText(json).low) + "\"";
        std::string packed = http::Gzip(json);
        page_ = std::make_shared<Page>(Page{definitions->version, etag, std::move(json), std::move(packed)});
      }
      page = page_;
    }
    Response response;
    if (http::IfNoneMatch(request, page->etag)) {
      response = http::NotModified(page->etag);
    } else if (http::AcceptsCoding(request.Header("accept-encoding").value_or(""), "gzip")) {
      // A quarter of a megabyte that is the same for everybody is packed once.
      response = Response::Json(page->packed).Header("ETag", page->etag).Header("Content-Encoding", "gzip");
      response.Header("Vary", "Accept-Encoding");
    } else {
      response = Response::Json(page->json).Header("ETag", page->etag);
    }
    return std::move(response).Header("Cache-Control", "private, no-cache");
  }

  Result<Response> List(const Request& request) {
    ASSIGN_OR_RETURN(const std::shared_ptr<const Definitions> definitions, deps_.definitions.Current());
    ASSIGN_OR_RETURN(const std::vector<OwnKpi> kpis, deps_.database.Read<std::vector<OwnKpi>>(
                                                         [](db::Connection& connection) -> Result<std::vector<OwnKpi>> {
                                                           return ReadOwnKpis(connection);
                                                         }));
    JsonWriter json;
    json.BeginObject().Key("kpis").BeginArray();
    for (const OwnKpi& kpi : kpis) {
      const Error* problem = nullptr;
      for (const UnusableKpi& unusable : definitions->unusable) {
        if (unusable.id == kpi.id) problem = &unusable.error;
      }
      WriteOwnKpi(json, kpi, problem, request.language);
    }
    json.EndArray().EndObject();
    return Response::Json(json.text());
  }

  Result<Response> Add(const Request& request) {
    ASSIGN_OR_RETURN(const OwnKpiInput input, ReadInput(request, true));
    ASSIGN_OR_RETURN(const OwnKpi kpi, AddOwnKpi(deps_.database, *deps_.definitions.base(), input, EditorOf(request)));
    return OwnKpiResponse(kpi, request, 201);
  }

  Result<Response> Change(const Request& request) {
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(const OwnKpiInput input, ReadInput(request, false));
    ASSIGN_OR_RETURN(const OwnKpi kpi, ChangeOwnKpi(deps_.database, *deps_.definitions.base(), request.Param("id"),
                                                    version, input, EditorOf(request)));
    return OwnKpiResponse(kpi, request, 200);
  }

  Result<Response> Remove(const Request& request) {
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    RETURN_IF_ERROR(RemoveOwnKpi(deps_.database, request.Param("id"), version, EditorOf(request).witness));
    return Response::NoContent();
  }

  Result<Response> Check(const Request& request) {
    ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string formula, body.Text("formula", 16'000));
    ASSIGN_OR_RETURN(const std::optional<std::string> unit_text, body.OptionalText("unit"));
    ASSIGN_OR_RETURN(const std::optional<int64_t> cursor, body.OptionalInt("cursor"));
    RETURN_IF_ERROR(body.Done());
    std::optional<catalog::Unit> unit;
    if (unit_text) {
      ASSIGN_OR_RETURN(unit, ReadUnit(*unit_text));
    }
    ASSIGN_OR_RETURN(const std::shared_ptr<const Definitions> definitions, deps_.definitions.Current());
    ASSIGN_OR_RETURN(std::shared_ptr<const facts::OrgView> org, deps_.org.Current());
    const RowScope& rows = *request.caller.RowsFor("reports");
    if (!rows.network) org = facts::Narrow(*org, rows);
    const OrgMembers members(*definitions->catalog, *org);
    const FormulaCheck check = CheckFormula(*definitions->catalog, members, formula, unit);

    JsonWriter json;
    json.BeginObject().Field("ok", !check.error.has_value()).Key("unit");
    check.unit ? json.String(catalog::UnitName(*check.unit)) : json.Null();
    if (check.error) {
      const auto& messages = catalog::Messages::Get();
      json.Key("error").BeginObject().Field("code", check.error->code);
      json.Field("message", messages.RenderMessage(*check.error, request.language));
      json.Field("todo", messages.RenderTodo(*check.error, request.language)).Key("position");
      check.position ? json.Int(*check.position) : json.Null();
      json.EndObject();
    }
    json.Key("uses").BeginArray();
    for (const std::string& name : check.uses) json.String(name);
    json.EndArray().Key("completions").BeginArray();
    if (cursor) {
      const auto caret = static_cast<size_t>(std::max<int64_t>(*cursor, 0));
      for (const Completion& completion : Complete(*definitions->catalog, members, formula, caret)) {
        json.BeginObject().Field("text", completion.text).Field("kind", KindName(completion.kind));
        WriteBilingual(json, "name", completion.name);
        json.Field("from", completion.from).EndObject();
      }
    }
    json.EndArray().EndObject();
    return Response::Json(json.text());
  }

  [[nodiscard]] const CatalogDeps& deps() const { return deps_; }

 private:
  struct Page {
    int64_t version = 0;
    std::string etag;
    std::string json;
    std::string packed;
  };

  [[nodiscard]] Editor EditorOf(const Request& request) const {
    return {request.caller.login, deps_.now(), {deps_.audit, request.caller.account}};
  }

  CatalogDeps deps_;
  std::mutex mutex_;
  std::shared_ptr<const Page> page_;  // as asked for last
};

}  // namespace

void AddCatalogRoutes(http::Router& router, const CatalogDeps& deps) {
  const auto api = std::make_shared<CatalogApi>(deps);
  const auto handler = [api](Result<Response> (CatalogApi::*method)(const Request&)) -> http::ResultHandler {
    return [api, method](const Request& request) { return ((*api).*method)(request); };
  };
  router.Get("/api/v1/catalog", {http::Gate::kSignedIn, http::Rows::kNone}, handler(&CatalogApi::Get));
  router.Get("/api/v1/catalog/own-kpis", {http::Gate::kSignedIn, http::Rows::kNone}, handler(&CatalogApi::List));
  http::Route add;
  add.method = http::Method::kPost;
  add.pattern = "/api/v1/catalog/own-kpis";
  add.admission = {http::Gate::kAdmin, http::Rows::kNone};
  add.handler = api->deps().idempotent(http::Answering(handler(&CatalogApi::Add)));
  add.body = http::Body::kMemory;
  router.Add(std::move(add));
  router.Put("/api/v1/catalog/own-kpis/{id}", {http::Gate::kAdmin, http::Rows::kNone}, handler(&CatalogApi::Change));
  router.Delete("/api/v1/catalog/own-kpis/{id}", {http::Gate::kAdmin, http::Rows::kNone}, handler(&CatalogApi::Remove));
  http::Route check;
  check.method = http::Method::kPost;
  check.pattern = "/api/v1/kpi/check";
  check.admission = {http::Gate::kSignedIn, http::Rows::kScoped, "reports"};
  check.handler = http::Answering(handler(&CatalogApi::Check));
  check.body = http::Body::kMemory;
  check.scope = "read";
  router.Add(std::move(check));
}

}  // namespace dealpace::analysis
