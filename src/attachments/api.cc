#include "attachments/api.h"

#include <charconv>
#include <memory>
#include <utility>

#include "access/masking.h"
#include "base/json.h"
#include "base/text.h"
#include "http/json_body.h"
#include "http/target.h"

namespace dealpace::attachments {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

// A little more than a file may have, so that one that is somewhat too large is told why in its own words.
constexpr int64_t kBodyMax = kBytesMax + (1 << 20);

std::string OwnerText(const Owner& owner) { return owner.kind + ":" + owner.id; }

void Write(JsonWriter& json, const Attachment& attachment, Instant now) {
  const std::string_view media = attachment.type != nullptr ? attachment.type->media : "application/octet-stream";
  json.BeginObject().Field("id", std::to_string(attachment.id.value));
  json.Key("owner").BeginObject().Field("kind", attachment.owner.kind).Field("id", attachment.owner.id).EndObject();
  json.Field("name", attachment.name).Field("description", attachment.description);
  json.Field("type", media.substr(0, media.find(';')));
  json.Field("picture", attachment.type != nullptr && attachment.type->picture).Field("size", attachment.size);
  json.Field("damaged", attachment.damaged);
  json.Field("version", attachment.version).Field("added_at", FormatInstant(attachment.added_at));
  json.Field("added_by", attachment.added_by);
  if (attachment.removed_at) {
    json.Field("removed_at", FormatInstant(*attachment.removed_at)).Field("removed_by", attachment.removed_by);
    // Later it can be as long as it is kept, which nobody knows.
    const Instant until{attachment.removed_at->ms + kUndoMs};
    if (until > now) json.Field("restore_until", FormatInstant(until));
  }
  json.EndObject();
}

Response Private(Response response) { return std::move(response).Header("Cache-Control", "no-store"); }

class Api {
 public:
  explicit Api(AttachmentDeps deps) : deps_(std::move(deps)) {}

  Result<Response> List(const Home& home, const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    using Both = std::pair<std::vector<Attachment>, std::vector<Attachment>>;
    ASSIGN_OR_RETURN(const Both both, deps_.database.Read<Both>([&](db::Connection& connection) -> Result<Both> {
      ASSIGN_OR_RETURN(const Home::Found found,
                       home.find(connection, request, call.dealer, request.Param(home.param), false, call.now));
      Both lists;
      ASSIGN_OR_RETURN(lists.first, call.store.List(connection, call.dealer, found.shows, false));
      ASSIGN_OR_RETURN(lists.second, call.store.List(connection, call.dealer, found.shows, true));
      return lists;
    }));
    JsonWriter json;
    json.BeginObject().Key("attachments").BeginArray();
    for (const Attachment& attachment : both.first) Write(json, attachment, call.now);
    json.EndArray().Key("removed").BeginArray();
    for (const Attachment& attachment : both.second) Write(json, attachment, call.now);
    json.EndArray().EndObject();
    return Private(Response::Json(json.text()));
  }

  Result<Response> Add(const Home& home, const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const std::string name, FileNameOf(request.Header("content-disposition").value_or("")));
    if (deps_.check_words) RETURN_IF_ERROR(deps_.check_words("name", name));
    const auto find = [&](db::Connection& connection, bool change) {
      return home.find(connection, request, call.dealer, request.Param(home.param), change, call.now);
    };
    // Before twenty megabytes are encrypted for nobody.
    RETURN_IF_ERROR(
        deps_.database.Read<Home::Found>([&](db::Connection& connection) { return find(connection, false); }));
    ASSIGN_OR_RETURN(const Packed packed, Store::Pack(call.dealer, name, "", request.body));
    const auto work = [&](db::Connection& connection) -> Result<Attachment> {
      ASSIGN_OR_RETURN(const Home::Found found, find(connection, true));
      RETURN_IF_ERROR(call.store.Add(connection, found.adds_to, packed, request.caller.login, call.now));
      RETURN_IF_ERROR(Note(connection, request, call, "attachment.add", packed.id(), found.adds_to));
      return call.store.Find(connection, call.dealer, packed.id());
    };
    // A large one shall not make those wait who write at the same time.
    constexpr int64_t kLarge = 1 << 20;
    ASSIGN_OR_RETURN(const Attachment added, static_cast<int64_t>(request.body.size()) >= kLarge
                                                 ? deps_.database.WriteBulk<Attachment>(work)
                                                 : deps_.database.Write<Attachment>(work));
    JsonWriter json;
    Write(json, added, call.now);
    return Private(Response::Json(json.text(), 201));
  }

  // The bytes, once it stands on record that somebody looks at them, and why.
  Result<Response> Content(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const AttachmentId id, PathAttachment(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const std::string why, body.Text("reason", 40));
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(access::CheckRevealReason(why));
    using Whole = std::pair<Attachment, std::string>;
    ASSIGN_OR_RETURN(Whole whole, deps_.database.Read<Whole>([&](db::Connection& connection) -> Result<Whole> {
      RETURN_IF_ERROR(FindHome(connection, request, call, id, false));
      // Before it is decrypted for who may not; once more when it is put on record.
      if (deps_.may_read) RETURN_IF_ERROR(deps_.may_read(connection, request, false));
      ASSIGN_OR_RETURN(Attachment attachment, call.store.Find(connection, call.dealer, id));
      ASSIGN_OR_RETURN(std::string bytes, call.store.Read(connection, call.dealer, id));
      return Whole(std::move(attachment), std::move(bytes));
    }));
    const Status done = deps_.database.Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const Owner owner, Store::OwnerOf(connection, call.dealer, id));
      if (deps_.may_read) RETURN_IF_ERROR(deps_.may_read(connection, request, true));
      return Note(connection, request, call, "attachment.read", id, owner, {{"reason", why}});
    });
    RETURN_IF_ERROR(done);
    // Whatever it is, it can do nothing where it is shown.
    return Private(Response::Download(std::move(whole.second), whole.first.type->media, whole.first.name))
        .Header("X-Content-Type-Options", "nosniff")
        .Header("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'");
  }

  Result<Response> Change(const Request& request) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const AttachmentId id, PathAttachment(request));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(const auto name, body.OptionalText("name"));
    ASSIGN_OR_RETURN(const auto description, body.OptionalText("description"));
    RETURN_IF_ERROR(body.Done());
    if (name && deps_.check_words) RETURN_IF_ERROR(deps_.check_words("name", *name));
    if (description && deps_.check_words) RETURN_IF_ERROR(deps_.check_words("description", *description));
    const Status done = deps_.database.Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const Owner owner, FindHome(connection, request, call, id, true));
      ASSIGN_OR_RETURN(std::vector<std::string> fields, call.store.Change(connection, call.dealer, id, version, name,
                                                                          description, request.caller.login, call.now));
      return Note(connection, request, call, "attachment.change", id, owner, {{"fields", std::move(fields)}});
    });
    RETURN_IF_ERROR(done);
    return Response::NoContent();
  }

  // Taking away, or having back.
  Result<Response> Move(const Request& request, bool back) {
    ASSIGN_OR_RETURN(const Call call, Begin(request));
    ASSIGN_OR_RETURN(const AttachmentId id, PathAttachment(request));
    const Status done = deps_.database.Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const Owner owner, FindHome(connection, request, call, id, true));
      if (!back && deps_.may_remove) RETURN_IF_ERROR(deps_.may_remove(connection, call.dealer, owner));
      RETURN_IF_ERROR(
          (back ? Store::Restore : Store::Remove)(connection, call.dealer, id, request.caller.login, call.now));
      return Note(connection, request, call, back ? "attachment.restore" : "attachment.remove", id, owner);
    });
    RETURN_IF_ERROR(done);
    return Response::NoContent();
  }

  [[nodiscard]] const AttachmentDeps& deps() const { return deps_; }

 private:
  // What every operation begins with.
  struct Call {
    Store& store;
    DealerId dealer;
    Instant now{};
  };
  [[nodiscard]] Result<Call> Begin(const Request& request) const {
    const std::string_view text = request.Query("dealer").value_or("");
    if (text.empty()) return Error("field_missing").With("field", "dealer");
    const int64_t dealer = NumberOf(text);
    if (dealer == 0) return Error("not_found");
    ASSIGN_OR_RETURN(Store * store, deps_.store());
    return Call{*store, DealerId(dealer), deps_.now()};
  }

  static Result<AttachmentId> PathAttachment(const Request& request) {
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    return AttachmentId(id);
  }

  // Whose a file is, where the caller sees that; else there is no such file.
  Result<Owner> FindHome(db::Connection& connection, const Request& request, const Call& call, AttachmentId id,
                         bool change) const {
    ASSIGN_OR_RETURN(const Owner owner, Store::OwnerOf(connection, call.dealer, id));
    for (const Home& home : deps_.homes) {
      if (home.kind != owner.kind) continue;
      RETURN_IF_ERROR(home.find(connection, request, call.dealer, owner.id, change, call.now));
      return owner;
    }
    return Error("not_found");
  }

  Status Note(db::Connection& connection, const Request& request, const Call& call, std::string_view act,
              AttachmentId id, const Owner& owner,
              std::vector<std::pair<std::string, db::Deed::Detail>> details = {}) const {
    details.emplace(details.begin(), "of", OwnerText(owner));
    return db::Witness(deps_.audit, request.caller.account)
        .Note(connection, act, db::ObjectOf("attachment", id.value), call.dealer, std::move(details));
  }

  AttachmentDeps deps_;
};

}  // namespace

int64_t NumberOf(std::string_view text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

Result<std::string> FileNameOf(std::string_view disposition) {
  const std::string lower = ToLower(disposition);
  constexpr std::string_view kEncoded = "filename*=utf-8''";
  constexpr std::string_view kPlain = "filename=";
  std::string name;
  if (const size_t at = lower.find(kEncoded); at != std::string::npos) {
    std::string_view rest = disposition.substr(at + kEncoded.size());
    const auto decoded = http::PercentDecode(Trim(rest.substr(0, rest.find(';'))));
    if (!decoded) return Error("text_not_utf8");
    name = *decoded;
  } else if (const size_t plain = lower.find(kPlain); plain != std::string::npos) {
    std::string_view rest = Trim(disposition.substr(plain + kPlain.size()));
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      name = rest.substr(0, rest.find('"'));
    } else {
      name = Trim(rest.substr(0, rest.find(';')));
    }
  }
  if (Trim(name).empty()) return Error("field_missing").With("field", "name");
  if (!IsUtf8(name)) return Error("text_not_utf8");
  return name;
}

void AddAttachmentRoutes(http::Router& router, const AttachmentDeps& deps) {
  using http::Gate;
  // The router keeps the API alive.
  const auto api = std::make_shared<Api>(deps);
  const auto by = [](std::string_view right) { return http::Admission(Gate::kSignedIn, http::Rows::kScoped, right); };
  for (const Home& home : api->deps().homes) {
    router.Get(home.pattern, by("customers"),
               [api, &home](const Request& request) { return api->List(home, request); });
    http::Route add;
    add.method = http::Method::kPost;
    add.pattern = home.pattern;
    add.admission = by("change");
    add.handler = api->deps().idempotent(
        http::Answering([api, &home](const Request& request) { return api->Add(home, request); }));
    add.body = http::Body::kBytes;
    add.body_max = kBodyMax;
    router.Add(std::move(add));
  }
  const std::string one = "/api/v1/attachments/{id}";
  // Each time stands on record, so it is never answered from what was kept.
  router.Post(one + "/content", by("reveal"), [api](const Request& request) { return api->Content(request); });
  router.Put(one, by("change"), [api](const Request& request) { return api->Change(request); });
  router.Delete(one, by("change"), [api](const Request& request) { return api->Move(request, false); });
  http::Route restore;
  restore.method = http::Method::kPost;
  restore.pattern = one + "/restore";
  restore.admission = by("change");
  restore.handler = http::Answering([api](const Request& request) { return api->Move(request, true); });
  router.Add(std::move(restore));
}

}  // namespace dealpace::attachments
