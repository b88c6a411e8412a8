#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/message.h"

// Which handler answers which request.
namespace dealpace::http {

// Whom a route lets in. Every route says it; there is no default.
enum class Gate {
  kOpen,      // anybody: health, the sign-in itself
  kAccount,   // who is signed in, also with a password that must be changed first
  kSignedIn,  // who is signed in
  kAdmin,     // an administrator
};

// How a route keeps to what its caller may see. Every route that is not open to anybody says it.
enum class Rows {
  kUndeclared,
  kNone,     // it answers with nothing that belongs to a dealer
  kOwn,      // only with what is the caller's own: his session, his views
  kScoped,   // it keeps to Caller::RowsFor of its right
  kNetwork,  // only who may see all of the network is let in
};

// Whom a route lets in, and on which rows.
struct Admission {
  Admission(Gate its_gate) : gate(its_gate) {}  // NOLINT(google-explicit-constructor): most of what a test needs
  Admission(Gate its_gate, Rows its_rows, std::string_view its_right = {})
      : gate(its_gate), rows(its_rows), right(its_right) {}
  Gate gate;
  Rows rows = Rows::kUndeclared;
  std::string right;  // that the caller must have on some rows; empty: none
};

enum class Body {
  kNone,    // a body is refused
  kMemory,  // JSON: read whole, up to Route::body_max
  kBytes,   // likewise, whatever it is: what must not lie in a file on its way
  kFile,    // written to a temporary file, up to Route::body_max
};

// Runs on the worker pool, so it may block. What it throws is logged and answered with 500.
using Handler = std::function<Response(const Request&)>;
// Runs on the thread that reads from the network, which many connections share: it must not wait for the store, a file
// or a lock that somebody holds for long, and be done in some fifty microseconds. Nothing: a worker shall answer.
using QuickHandler = std::function<std::optional<Response>(const Request&)>;
// For what waits for the store without a worker waiting for it. Runs like a QuickHandler, and reads the request;
// nothing: a worker shall answer. What it returns begins the rest: it is given `answer`, which is called once, from any
// thread, with what makes the answer on the thread of the network; that this has none means that a worker shall answer
// after all. The request stays until then.
using LaterAnswer = std::function<std::optional<Response>()>;
using LaterBegin = std::function<void(std::function<void(LaterAnswer)> answer)>;
using LaterHandler = std::function<LaterBegin(const Request&)>;
// The same for handlers that return a Result: an Error becomes its problem details.
using ResultHandler = std::function<Result<Response>(const Request&)>;
[[nodiscard]] Handler Answering(ResultHandler handler);

struct Route {
  Method method = Method::kGet;
  std::string pattern;  // "/api/v1/imports/{id}/undo"; {name} stands for one part of the path
  Admission admission = Gate::kSignedIn;
  Handler handler;
  Body body = Body::kNone;
  int64_t body_max = 1 << 20;
  // What an API token needs to call it: "read", "write", "admin"; empty: by method (GET and HEAD read, else write),
  // and "admin" for Gate::kAdmin.
  std::string scope;
  // Tried before `handler`, where there is one.
  QuickHandler quick = nullptr;
  LaterHandler later = nullptr;  // likewise
};

// Patterns are compared part by part; where several fit a path, the one that is literal where they first differ wins
// ("/imports/kinds" before "/imports/{id}"). HEAD is answered by the GET route of the same path. Set up before the
// server starts, then only read: by any number of threads.
class Router {
 public:
  // Throws std::logic_error for a second route of the same method and shape, or a pattern without "/" in front: a
  // mistake of ours.
  void Add(Route route);
  void Get(std::string_view pattern, Admission admission, ResultHandler handler);
  // With a body in memory.
  void Post(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max = 1 << 20);
  void Put(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max = 1 << 20);
  void Patch(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max = 1 << 20);
  void Delete(std::string_view pattern, Admission admission, ResultHandler handler);

  struct Match {
    const Route* route = nullptr;  // null: none
    std::map<std::string, std::string, std::less<>> params;
    std::vector<Method> allowed;  // where only the method does not fit
  };
  // `path` decoded, without query. The Match points into the router.
  [[nodiscard]] Match Find(Method method, std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> parts_;  // the patterns of routes_, split
  // Positions of the routes whose pattern has no placeholder, by method and pattern: none fits better.
  std::unordered_map<std::string, size_t> literal_;
};

}  // namespace dealpace::http
