#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/days.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/row_scope.h"
#include "base/text.h"
#include "http/headers.h"

// A request as a handler sees it, and what it answers. Plain values: nothing here knows of sockets.
namespace dealpace::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
[[nodiscard]] std::string_view MethodName(Method method);

// By right: on whose rows.
using RightsAndRows = std::map<std::string, std::shared_ptr<const RowScope>, std::less<>>;

// Who asks, as the gate of the server has established it (access).
struct Caller {
  enum class Via { kNobody, kSession, kToken };
  Via via = Via::kNobody;
  AccountId account;
  std::string login;
  std::string name;    // for people: "Ana Li"
  bool admin = false;  // may change organisation, catalogue and accounts
  bool must_change_password = false;
  bool second_factor_due = false;   // must set one up first
  bool by_provider = false;         // a session that an OpenID provider has begun
  std::vector<std::string> scopes;  // of a token: "read", "write", "admin"
  // What he may do (catalog/roles.toml), and on whose rows; null: nothing.
  std::shared_ptr<const RightsAndRows> rights;
  std::string session_token_hash;  // of a session: names it, without being it

  [[nodiscard]] bool signed_in() const { return via != Via::kNobody; }
  // Nothing where he lacks the right.
  [[nodiscard]] const std::shared_ptr<const RowScope>& RowsFor(std::string_view right) const {
    if (rights == nullptr) return RowScope::Nothing();
    const auto it = rights->find(right);
    return it == rights->end() ? RowScope::Nothing() : it->second;
  }
  [[nodiscard]] bool May(std::string_view right) const { return rights != nullptr && rights->contains(right); }
  // Whether he has the right on all rows there are; without a right, whether he is an administrator.
  [[nodiscard]] bool SeesNetwork(std::string_view right) const {
    return right.empty() ? admin : RowsFor(right)->network;
  }
};

struct Request {
  Method method = Method::kGet;
  std::string path;  // decoded, without the query: "/api/v1/imports/17"
  // In order of appearance, decoded.
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;       // routes with Body::kMemory
  std::string body_file;  // routes with Body::kFile: a temporary file, removed when the handler returns
  int64_t body_bytes = 0;
  std::string id;       // of the request, also in the log and in X-Request-Id
  std::string peer;     // address, without the port
  bool secure = false;  // came over TLS
  // Nobody is at it: a page that refreshes itself says so (X-Unattended), and it must not keep a session open.
  bool unattended = false;
  bool alone = false;  // nobody else has lately asked on this I/O thread: it may be kept for a moment
  Language language = Language::kChinese;  // Accept-Language, or ?lang=; Chinese where unsure
  Caller caller;
  std::string right;                                       // that the route needs, and that the caller was let in by
  std::map<std::string, std::string, std::less<>> params;  // of the route's pattern
  // What the gate wants to stand in the answer, whatever the handler answers: a renewed cookie.
  std::vector<std::pair<std::string, std::string>> response_headers;

  // The first value of a query parameter, header or cookie; nothing when it is absent.
  [[nodiscard]] std::optional<std::string_view> Query(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> Header(std::string_view lower_case_name) const;
  [[nodiscard]] std::optional<std::string_view> Cookie(std::string_view name) const;
  // A part of the path, for a name that the route's pattern has.
  [[nodiscard]] const std::string& Param(std::string_view name) const;
  // The same as a 63-bit id. Fails with not_found: what is no number names nothing.
  [[nodiscard]] Result<int64_t> ParamId(std::string_view name) const;
};

// What a connection sends piece by piece: server-sent events. Poll is called on an I/O thread, about four times a
// second unless WakeBy returns true, and must not block. It returns what is to be sent now (possibly nothing), or no
// value when the stream ends. What it throws ends the stream. The server adds a heartbeat, ends a stream after an hour
// (a client comes back), and asks the gate now and then whether the caller may still listen.
class EventStream {
 public:
  virtual ~EventStream() = default;
  [[nodiscard]] virtual std::optional<std::string> Poll() = 0;
  // Called once, before the first Poll. A stream that keeps `wake` and returns true is not polled by time: it calls
  // `wake`, on any thread and for as long as it lives, when Poll has something to say.
  [[nodiscard]] virtual bool WakeBy(std::function<void()> /*wake*/) { return false; }
};
// One event in the format of text/event-stream. `json` must not hold line breaks.
[[nodiscard]] std::string ServerSentEvent(std::string_view name, std::string_view json);

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string_view static_body;   // instead of `body`: bytes that outlive the server, such as embedded files
  std::string body_file;          // instead of `body`: sent from this file …
  bool remove_body_file = false;  // … which is removed afterwards
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<EventStream> stream;  // instead of `body`
  // For the log only, never sent: the code of the error answered, and what a problem of the server hides.
  std::string log_code;
  std::string log_detail;

  Response& Header(std::string_view name, std::string_view value) & {
    headers.emplace_back(name, value);
    return *this;
  }
  Response Header(std::string_view name, std::string_view value) && {
    headers.emplace_back(name, value);
    return std::move(*this);
  }

  static Response Json(std::string json, int status = 200);
  static Response NoContent();
  static Response Text(std::string text, std::string_view content_type = "text/plain; charset=utf-8");
  // A download: Content-Disposition with the name in UTF-8 (RFC 6266).
  static Response Download(std::string bytes, std::string_view content_type, std::string_view file_name);
  static Response Events(std::shared_ptr<EventStream> stream);
  // application/problem+json (RFC 9457) of an Error, in the asker's language:
  //   {"type":"/problems/unknown_member","title":…,"status":404,"detail":…,"todo":…,"code":"unknown_member",
  //    "args":{…},"request_id":…}
  // "title" names the status; "detail" is the message and "todo" the advice of catalog/errors.toml, whose status it
  // has. Errors with status 500 and above hide their "detail" argument, which goes to the log under the request's id.
  static Response Problem(const Error& error, const Request& request);
};

// Whether If-None-Match names the tag, given with its quotation marks; a weak comparison.
[[nodiscard]] bool IfNoneMatch(const Request& request, std::string_view etag);
// An answer without a body: what the client has is still so. 304 also to a POST that only reads; the contract says so.
[[nodiscard]] Response NotModified(std::string_view etag);

// An ETag for optimistic locking: W/"7" of a version, and back from If-Match.
[[nodiscard]] std::string VersionTag(int64_t version);
// The version that If-Match names. Fails with if_match_missing, if_match_bad.
[[nodiscard]] Result<int64_t> IfMatch(const Request& request);

}  // namespace dealpace::http
