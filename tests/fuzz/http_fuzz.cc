// Reads any bytes as what comes from the network: a request in pieces of varying size, and, told apart by the first
// byte, a target, a query, cookies, preferences, a JSON body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "http/intake.h"
#include "http/json_body.h"
#include "http/negotiate.h"
#include "http/request_parser.h"
#include "http/router.h"
#include "http/static_files.h"
#include "http/target.h"

using namespace dealpace;        // NOLINT(google-build-using-namespace)
using namespace dealpace::http;  // NOLINT(google-build-using-namespace)

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

const Router& Routes() {
  static const Router kRouter = [] {
    Router router;
    const auto answer = [](const Request&) -> Result<Response> { return Response::NoContent(); };
    router.Get("/api/v1/imports/{id}", Gate::kSignedIn, answer);
    router.Post("/api/v1/imports", Gate::kSignedIn, answer, 1000);
    router.Add({Method::kPost, "/api/v1/files/{name}", Gate::kAdmin, Answering(answer), Body::kFile, 1000});
    router.Delete("/{a}/{b}/{c}/undo", Gate::kAdmin, answer);
    return router;
  }();
  return kRouter;
}

struct Outcome {
  std::string code;  // of the first error; empty without
  std::string method;
  std::string target;
  std::string body;
  size_t taken = 0;
  bool done = false;
  bool operator==(const Outcome&) const = default;
};

Outcome Parse(std::string_view bytes, size_t piece) {
  RequestParser parser(2000);
  Outcome outcome;
  std::string in;
  while (!parser.done()) {
    const auto taken = parser.Feed(in);
    if (!taken.ok()) {
      outcome.code = taken.error().code;
      break;
    }
    Check(*taken <= in.size());
    in.erase(0, *taken);
    outcome.taken += *taken;
    outcome.body += parser.TakeBody();
    if (parser.done() || (*taken > 0 && !in.empty())) continue;
    if (bytes.empty()) break;
    in += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  outcome.done = parser.done();
  if (!parser.head_done()) return outcome;
  outcome.method = parser.head().method;
  outcome.target = parser.head().target;
  if (!outcome.code.empty()) return outcome;
  const Intake intake = TakeIn(parser.head(), Routes(), "peer", false);
  Check(intake.route == nullptr || intake.refusal || IsUtf8(intake.request.path));
  Check(intake.request.id.size() >= 8);
  if (intake.refusal) Check(IsUtf8(intake.refusal->body));
  static_cast<void>(intake.request.Cookie("session"));
  static_cast<void>(intake.request.ParamId("id"));
  static_cast<void>(IfMatch(intake.request));
  return outcome;
}

void FuzzTarget(std::string_view text) {
  const auto target = ParseTarget(text);
  if (target.ok()) {
    Check(target->path == "*" || target->path.starts_with('/'));
    Check(IsUtf8(target->path) && target->path.find('\0') == std::string::npos);
    for (const std::string& part : Split(target->path, '/')) Check(part != "..");
    static_cast<void>(Routes().Find(Method::kGet, target->path));
  }
  Check(PercentDecode(PercentEncode(text)) == text);
  if (const auto decoded = PercentDecode(text)) Check(decoded->size() <= text.size());
}

void FuzzJson(std::string_view text) {
  auto body = JsonBody::Parse(text);
  if (!body.ok()) {
    static_cast<void>(Response::Problem(body.error(), Request()));
    return;
  }
  for (const char* field : {"a", "b", "rows"}) {
    if (const auto found = body->Text(field); found.ok()) Check(IsUtf8(*found));
    static_cast<void>(body->Int(field));
    static_cast<void>(body->Id(field));
    static_cast<void>(body->Number(field));
    static_cast<void>(body->Bool(field, true));
    static_cast<void>(body->Texts(field));
    if (auto rows = body->Objects(field); rows.ok()) {
      for (JsonBody& row : *rows) static_cast<void>(row.Done());
    }
  }
  if (const Status done = body->Done(); !done.ok()) Check(IsUtf8(Response::Problem(done.error(), Request()).body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'T': FuzzTarget(text); break;
    case 'J': FuzzJson(text); break;
    case 'Q': {
      if (const auto pairs = ParseQuery(text); pairs.ok()) {
        for (const auto& [name, value] : *pairs) Check(IsUtf8(name) && IsUtf8(value));
      }
      break;
    }
    case 'C': {
      static_cast<void>(FindCookie(text, "session"));
      static_cast<void>(AcceptedLanguage(text));
      static_cast<void>(AcceptsCoding(text, "br"));
      break;
    }
    case 'P': static_cast<void>(StaticFiles::Open(text)); break;
    default: {
      // How the bytes were cut on the way must not change what they say. (Where they break off or are too many, the
      // pieces may decide which error comes first.)
      const Outcome whole = Parse(text, text.size());
      const Outcome cut = Parse(text, 1 + data[0] % 7);
      if (whole.done && cut.done) Check(whole == cut);
    }
  }
  return 0;
}
