#include "exchange/imports_api.h"

#include <charconv>

#include "exchange/import_desk.h"
#include "exchange/imports_json.h"
#include "http/json_body.h"

namespace dealpace::exchange {
namespace {

using http::Request;
using http::Response;

constexpr int64_t kChangeBytesMax = 8 << 20;  // translations of many cells

// A number of the query between bounds.
Result<int64_t> NumberOf(const Request& request, std::string_view name, int64_t otherwise, int64_t least,
                         int64_t most) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return otherwise;
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failed != std::errc() || end != text->data() + text->size() || number < least || number > most) {
    return Error("field_type").With("field", name).With("expected", "whole number");
  }
  return number;
}

// A body that may be left out.
Result<http::JsonBody> OptionalBody(const Request& request) {
  if (Trim(request.body).empty()) return http::JsonBody(boost::json::object());
  return http::JsonBody::Parse(request.body);
}

// Follows a job until it rests.
class ProgressStream final : public http::EventStream {
 public:
  ProgressStream(std::shared_ptr<FollowedJob> followed, ImportJobs& jobs, Language language)
      : followed_(std::move(followed)), jobs_(jobs), language_(language) {}

  std::optional<std::string> Poll() override {
    if (ended_) return std::nullopt;
    const FollowedJob::Look look = followed_->Get();
    if (look.change == sent_) return std::string();
    sent_ = look.change;
    ended_ = !look.job.running();
    return http::ServerSentEvent("progress", ImportJobJson(look.job, jobs_.now(), language_));
  }

 private:
  std::shared_ptr<FollowedJob> followed_;
  ImportJobs& jobs_;
  Language language_;
  int64_t sent_ = -1;
  bool ended_ = false;
};

class Api {
 public:
  explicit Api(ImportJobs& jobs) : jobs_(jobs) {}

  [[nodiscard]] Result<Response> List(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t limit, NumberOf(request, "limit", 50, 1, 200));
    ASSIGN_OR_RETURN(const int64_t before, NumberOf(request, "cursor", 0, 0, INT64_MAX));
    ASSIGN_OR_RETURN(const std::vector<ImportJob> jobs, Desk(request).List(before, static_cast<int>(limit)));
    std::string json = "{\"imports\":[";
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (i > 0) json += ',';
      json += ImportJobJson(jobs[i], jobs_.now(), request.language);
    }
    const bool more = static_cast<int64_t>(jobs.size()) == limit;
    json += "],\"next_cursor\":" + (more ? '"' + std::to_string(jobs.back().id) + '"' : "null") + '}';
    return Response::Json(std::move(json));
  }

  [[nodiscard]] Result<Response> Upload(const Request& request) const {
    const auto name = request.Query("name");
    if (!name || Trim(*name).empty()) return Error("field_missing").With("field", "name");
    if (!IsUtf8(*name)) return Error("text_not_utf8");
    const std::string kind(request.Query("kind").value_or("events"));
    if (kind != "events" && kind != "readings") {
      return Error("unknown_import_kind").With("name", kind).With("known", "events, readings");
    }
    if (ImportScope::Of(*request.caller.RowsFor(request.right)).nothing()) return Error("import_needs_dealer");
    if (request.body_file.empty() || request.body_bytes == 0) return Error("file_empty").With("file", *name);
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).Upload(*name, kind, request.body_file, request.caller.login));
    return Draft(job, request, 201);
  }

  [[nodiscard]] Result<Response> Get(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).Get(id));
    return Draft(job, request, 200);
  }

  [[nodiscard]] Result<Response> Change(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(ImportChangeRead read, ReadImportChange(request.body));
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).Change(id, version, std::move(read.change), read.template_id));
    return Draft(job, request, 200);
  }

  [[nodiscard]] Result<Response> Discard(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    RETURN_IF_ERROR(Desk(request).Discard(id));
    return Response::NoContent();
  }

  [[nodiscard]] Result<Response> DryRun(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).DryRun(id));
    return Draft(job, request, 202);
  }

  [[nodiscard]] Result<Response> Run(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(http::JsonBody body, OptionalBody(request));
    ASSIGN_OR_RETURN(const bool all_or_nothing, body.Bool("all_or_nothing", false));
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const ImportJob job,
                     Desk(request).Run(id, all_or_nothing, request.caller.login, request.caller.account));
    return Draft(job, request, 202);
  }

  [[nodiscard]] Result<Response> Cancel(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).Cancel(id));
    return Draft(job, request, 202);
  }

  [[nodiscard]] Result<Response> Undo(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(http::JsonBody body, OptionalBody(request));
    ASSIGN_OR_RETURN(const std::optional<std::string> why, body.OptionalText("why", 500));
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const ImportJob job,
                     Desk(request).Undo(id, why.value_or(""), request.caller.login, request.caller.account));
    return Draft(job, request, 202);
  }

  [[nodiscard]] Result<Response> Follow(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(std::shared_ptr<FollowedJob> followed, Desk(request).Follow(id));
    return Response::Events(std::make_shared<ProgressStream>(std::move(followed), jobs_, request.language));
  }

  [[nodiscard]] Result<Response> Refused(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t limit, NumberOf(request, "limit", 100, 1, 500));
    ASSIGN_OR_RETURN(const int64_t cursor, NumberOf(request, "cursor", 0, 0, INT64_MAX));
    ASSIGN_OR_RETURN(const RefusedPage page, Desk(request).Refused(id, cursor, static_cast<int>(limit)));
    return Response::Json(RefusedPageJson(page, request.language));
  }

  [[nodiscard]] Result<Response> RefusedFile(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const ImportJob job, Desk(request).Get(id));
    ASSIGN_OR_RETURN(std::string path, Desk(request).RefusedFile(id, request.language, request.caller.account));
    const std::string stem = job.file_name.substr(0, job.file_name.find_last_of('.'));
    const std::string name = stem + (request.language == Language::kChinese ? "-拒绝行.csv" : "-refused.csv");
    Response response = Response::Download({}, "text/csv; charset=utf-8", name);
    response.body_file = std::move(path);
    response.remove_body_file = true;
    return response;
  }

  [[nodiscard]] Result<Response> Row(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    if (!request.Query("row")) return Error("field_missing").With("field", "row");
    ASSIGN_OR_RETURN(const int64_t row, NumberOf(request, "row", 0, 1, INT64_MAX));
    ASSIGN_OR_RETURN(const RowLook look, Desk(request).Row(id, row));
    return Response::Json(RowLookJson(look, *jobs_.catalog(), request.language));
  }

  [[nodiscard]] Result<Response> Mappings(const Request& request) const {
    ASSIGN_OR_RETURN(const std::vector<SavedMapping> mappings, Desk(request).Mappings());
    std::string json = "{\"mappings\":[";
    for (size_t i = 0; i < mappings.size(); ++i) {
      if (i > 0) json += ',';
      json += SavedMappingJson(mappings[i]);
    }
    return Response::Json(json + "]}");
  }

  [[nodiscard]] Result<Response> SaveMapping(const Request& request) const {
    ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string name, body.Text("name", 400));
    ASSIGN_OR_RETURN(const int64_t id, body.Id("import"));
    RETURN_IF_ERROR(body.Done());
    ASSIGN_OR_RETURN(const SavedMapping mapping, Desk(request).SaveMapping(name, id, request.caller.login));
    return Response::Json(SavedMappingJson(mapping), 201);
  }

  [[nodiscard]] Result<Response> RemoveMapping(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    RETURN_IF_ERROR(Desk(request).RemoveMapping(id));
    return Response::NoContent();
  }

 private:
  // The imports that the caller sees.
  [[nodiscard]] ImportDesk Desk(const Request& request) const {
    return ImportDesk(jobs_, ImportScope::Of(*request.caller.RowsFor(request.right)));
  }

  [[nodiscard]] Result<Response> Draft(const ImportJob& job, const Request& request, int status) const {
    std::vector<std::string> missing;
    if (!job.of_command_line()) {
      ASSIGN_OR_RETURN(missing, jobs_.MissingOfJob(job));
    }
    return Response::Json(ImportJson(job, missing, *jobs_.catalog(), jobs_.now(), request.language), status)
        .Header("ETag", http::VersionTag(job.version));
  }

  ImportJobs& jobs_;
};

}  // namespace

void AddImportRoutes(http::Router& router, ImportJobs& jobs, const IdempotentWrapper& idempotent) {
  using http::Gate;
  using Member = Result<Response> (Api::*)(const Request&) const;
  const http::Admission kImport(http::Gate::kSignedIn, http::Rows::kScoped, "import");
  const auto api = std::make_shared<const Api>(jobs);
  const auto call = [api](Member member) -> http::ResultHandler {
    return [api, member](const Request& request) { return (api.get()->*member)(request); };
  };
  const auto once = [&](Member member) {
    http::Handler handler = http::Answering(call(member));
    return idempotent ? idempotent(std::move(handler)) : handler;
  };
  const std::string one = "/api/v1/imports/{id}";

  router.Get("/api/v1/imports", kImport, call(&Api::List));
  http::Route upload;
  upload.method = http::Method::kPost;
  upload.pattern = "/api/v1/imports";
  upload.admission = kImport;
  upload.handler = http::Answering(call(&Api::Upload));
  upload.body = http::Body::kFile;
  upload.body_max = jobs.file_bytes_max();
  router.Add(std::move(upload));
  router.Get(one, kImport, call(&Api::Get));
  router.Put(one, kImport, call(&Api::Change), kChangeBytesMax);
  router.Delete(one, kImport, call(&Api::Discard));
  router.Post(one + "/dry-run", kImport, call(&Api::DryRun));
  http::Route run;
  run.method = http::Method::kPost;
  run.pattern = one + "/run";
  run.admission = kImport;
  run.handler = once(&Api::Run);
  run.body = http::Body::kMemory;
  router.Add(std::move(run));
  router.Post(one + "/cancel", kImport, call(&Api::Cancel));
  router.Post(one + "/undo", kImport, call(&Api::Undo));
  router.Get(one + "/progress", kImport, call(&Api::Follow));
  router.Get(one + "/refused", kImport, call(&Api::Refused));
  router.Get(one + "/refused.csv", kImport, call(&Api::RefusedFile));
  router.Get(one + "/row", kImport, call(&Api::Row));

  router.Get("/api/v1/mappings", kImport, call(&Api::Mappings));
  http::Route save;
  save.method = http::Method::kPost;
  save.pattern = "/api/v1/mappings";
  save.admission = kImport;
  save.handler = once(&Api::SaveMapping);
  save.body = http::Body::kMemory;
  router.Add(std::move(save));
  router.Delete("/api/v1/mappings/{id}", kImport, call(&Api::RemoveMapping));
}

}  // namespace dealpace::exchange
