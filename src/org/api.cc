#include "org/api.h"

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "facts/row_limits.h"
#include "http/json_body.h"
#include "org/change.h"
#include "org/tree.h"

namespace dealpace::org {
namespace {

using http::Request;
using http::Response;

constexpr int64_t kMembersMax = 1'000;

// Today in UTC: a bound for days that may lie years ahead need not know where the dealer is.
Day TodayAt(Instant now) { return {static_cast<int32_t>(now.ms / 86'400'000)}; }

Result<std::optional<Day>> ReadDay(http::JsonBody& body, std::string_view field) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, body.OptionalText(field));
  if (!text) return std::optional<Day>();
  const auto day = ParseDay(*text);
  if (!day) return Error("field_day_bad").With("field", field).With("value", *text);
  return day;
}

Result<UnitRef> PathUnit(const Request& request, UnitKind kind) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  if (kind == UnitKind::kRegion) return UnitRef{kind, {}, id};
  if (kind == UnitKind::kDealer) return UnitRef{kind, DealerId(id), id};
  ASSIGN_OR_RETURN(const int64_t unit, request.ParamId("unit"));
  return UnitRef{kind, DealerId(id), unit};
}

// The version that was read: of the ETag of the tree, which has more behind it, only the version counts.
Result<int64_t> ReadVersion(const Request& request) {
  const auto header = request.Header("if-match");
  const size_t dash = header ? header->find('-') : std::string_view::npos;
  if (dash == std::string_view::npos) return http::IfMatch(request);
  Request plain;
  plain.headers.emplace("if-match", std::string(header->substr(0, dash)) + '"');
  const auto version = http::IfMatch(plain);
  if (!version.ok()) return Error("if_match_bad").With("text", *header);
  return *version;
}

class OrgApi {
 public:
  explicit OrgApi(OrgDeps deps) : deps_(std::move(deps)) {}

  Result<Response> Get(const Request& request) {
    using Shared = std::shared_ptr<const Tree>;
    ASSIGN_OR_RETURN(const Shared tree, tree_.Get(deps_.database, [this] {
      return deps_.database.Read<Shared>([](db::Connection& connection) -> Result<Shared> {
        return std::make_shared<const Tree>(ReadTree(connection));
      });
    }));
    const Instant now = deps_.now();
    const RowScope& rows = *request.caller.RowsFor("reports");
    const Shared seen = rows.network ? tree : std::make_shared<const Tree>(SeenBy(*tree, rows));
    const std::string etag = "W/\"" + std::to_string(seen->version) + "-" + TreeTag(*seen, now) + "\"";
    Response response = http::IfNoneMatch(request, etag) ? http::NotModified(etag)
                                                         : Response::Json(TreeJson(*seen, now)).Header("ETag", etag);
    return std::move(response).Header("Cache-Control", "private, no-cache");
  }

  http::ResultHandler Adder(UnitKind kind) {
    return [this, kind](const Request& request) -> Result<Response> {
      DealerId dealer;
      if (kind == UnitKind::kTeam || kind == UnitKind::kStaff) {
        ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
        dealer = DealerId(id);
      }
      ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
      UnitInput input;
      ASSIGN_OR_RETURN(input.code, body.Text("code"));
      ASSIGN_OR_RETURN(const auto name, body.OptionalText("name"));
      input.name = name.value_or("");
      if (kind == UnitKind::kTeam) {
        ASSIGN_OR_RETURN(const auto team_kind, body.OptionalText("kind"));
        if (team_kind) input.kind = *team_kind;
      }
      if (kind == UnitKind::kDealer) {
        ASSIGN_OR_RETURN(const auto zone, body.OptionalText("time_zone"));
        input.time_zone = zone.value_or("");
      }
      if (kind == UnitKind::kDealer || kind == UnitKind::kStaff) {
        ASSIGN_OR_RETURN(const auto target, body.OptionalId(kind == UnitKind::kDealer ? "region" : "team"));
        input.target = target.value_or(0);
        ASSIGN_OR_RETURN(input.from, ReadDay(body, "from"));
      }
      RETURN_IF_ERROR(body.Done());
      ASSIGN_OR_RETURN(const int64_t id,
                       AddUnit(deps_.database, kind, dealer, input, TodayAt(deps_.now()), By(request)));
      JsonWriter json;
      json.BeginObject().Field("id", std::to_string(id)).EndObject();
      return Response::Json(json.text(), 201);
    };
  }

  http::ResultHandler Changer(UnitKind kind) {
    return [this, kind](const Request& request) -> Result<Response> {
      ASSIGN_OR_RETURN(const UnitRef unit, PathUnit(request, kind));
      ASSIGN_OR_RETURN(const int64_t version, ReadVersion(request));
      ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
      UnitChange change;
      ASSIGN_OR_RETURN(change.code, body.OptionalText("code"));
      ASSIGN_OR_RETURN(change.name, body.OptionalText("name"));
      if (kind == UnitKind::kDealer) {
        ASSIGN_OR_RETURN(change.time_zone, body.OptionalText("time_zone"));
      }
      RETURN_IF_ERROR(body.Done());
      RETURN_IF_ERROR(ChangeUnit(deps_.database, unit, version, change, By(request)));
      return Response::NoContent();
    };
  }

  http::ResultHandler Mover(UnitKind kind) {
    return [this, kind](const Request& request) -> Result<Response> {
      ASSIGN_OR_RETURN(const UnitRef unit, PathUnit(request, kind));
      ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
      ASSIGN_OR_RETURN(const auto from, ReadDay(body, "from"));
      if (!from) return Error("field_missing").With("field", "from");
      // Left out by mistake, it must not end a membership.
      if (!body.object().contains("target")) return Error("field_missing").With("field", "target");
      ASSIGN_OR_RETURN(const auto target, body.OptionalId("target"));
      RETURN_IF_ERROR(body.Done());
      RETURN_IF_ERROR(MoveUnit(deps_.database, unit, *from, target.value_or(0), TodayAt(deps_.now()), By(request)));
      return Response::NoContent();
    };
  }

  Result<Response> Members(const Request& request) {
    const auto dim = ParseDim(request.Param("dim"));
    if (!dim) return Error("unknown_dimension").With("name", request.Param("dim"));
    int64_t limit = 100;
    if (const auto text = request.Query("limit")) {
      const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), limit);
      if (problem != std::errc() || end != text->data() + text->size() || limit < 1 || limit > kMembersMax) {
        return Error("field_value_unknown").With("field", "limit").With("value", *text).With("known", "1–1000");
      }
    }
    ASSIGN_OR_RETURN(auto org, deps_.org.Current());
    const RowScope& rows = *request.caller.RowsFor("reports");
    if (!rows.network) org = facts::Narrow(*org, rows);
    ASSIGN_OR_RETURN(const MembersFound found,
                     ListMembers(deps_.database, *deps_.catalog, *org, *dim, request.Query("q").value_or(""),
                                 static_cast<size_t>(limit)));
    JsonWriter json;
    json.BeginObject().Field("count", found.count).Key("members").BeginArray();
    for (const MemberFound& member : found.members) {
      json.BeginObject().Field("id", std::to_string(member.id)).Field("text", member.text).Key("name");
      if (member.name == nullptr) {
        json.Null();
      } else {
        json.BeginObject().Field("en", member.name->en).Field("zh", member.name->zh).EndObject();
      }
      json.Key("within");
      member.within.empty() ? json.Null() : json.String(member.within);
      json.EndObject();
    }
    json.EndArray().EndObject();
    return Response::Json(json.text());
  }

  [[nodiscard]] const OrgDeps& deps() const { return deps_; }

 private:
  [[nodiscard]] db::Witness By(const Request& request) const { return {deps_.audit, request.caller.account}; }

  OrgDeps deps_;
  db::Remembered<std::shared_ptr<const Tree>> tree_;
};

}  // namespace

void AddOrgRoutes(http::Router& router, const OrgDeps& deps) {
  using http::Gate;
  using http::Rows;
  const http::Admission kChange(Gate::kAdmin, Rows::kNetwork);
  const auto api = std::make_shared<OrgApi>(deps);
  // The router keeps the API alive.
  const auto kept = [api](http::ResultHandler handler) -> http::ResultHandler {
    return [api, handler = std::move(handler)](const Request& request) { return handler(request); };
  };
  router.Get("/api/v1/org", {Gate::kSignedIn, Rows::kScoped, "reports"},
             kept([&own = *api](const Request& request) { return own.Get(request); }));
  router.Get("/api/v1/members/{dim}", {Gate::kSignedIn, Rows::kScoped, "reports"},
             kept([&own = *api](const Request& request) { return own.Members(request); }));

  const auto add = [&](std::string_view pattern, UnitKind kind) {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = kChange;
    route.handler = api->deps().idempotent(http::Answering(kept(api->Adder(kind))));
    route.body = http::Body::kMemory;
    router.Add(std::move(route));
  };
  const std::string root = "/api/v1/org/";
  add(root + "regions", UnitKind::kRegion);
  add(root + "dealers", UnitKind::kDealer);
  add(root + "dealers/{id}/teams", UnitKind::kTeam);
  add(root + "dealers/{id}/staff", UnitKind::kStaff);
  router.Patch(root + "regions/{id}", kChange, kept(api->Changer(UnitKind::kRegion)));
  router.Patch(root + "dealers/{id}", kChange, kept(api->Changer(UnitKind::kDealer)));
  router.Patch(root + "dealers/{id}/teams/{unit}", kChange, kept(api->Changer(UnitKind::kTeam)));
  router.Patch(root + "dealers/{id}/staff/{unit}", kChange, kept(api->Changer(UnitKind::kStaff)));
  router.Post(root + "dealers/{id}/region", kChange, kept(api->Mover(UnitKind::kDealer)));
  router.Post(root + "dealers/{id}/staff/{unit}/team", kChange, kept(api->Mover(UnitKind::kStaff)));
}

}  // namespace dealpace::org
