#include "http/intake.h"

#include <array>
#include <random>
#include <utility>

#include "base/text.h"
#include "http/negotiate.h"
#include "http/target.h"

namespace dealpace::http {
namespace {

std::optional<Method> ParseMethod(std::string_view name) {
  for (const Method method :
       {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete, Method::kOptions}) {
    if (MethodName(method) == name) return method;
  }
  return std::nullopt;
}

bool IsRequestId(std::string_view text) {
  return text.size() >= 8 && text.size() <= 64 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
             std::string_view::npos;
}

// Tells requests apart in the log; no secret.
std::string NewRequestId() {
  static thread_local std::mt19937_64 random{std::random_device{}() * uint64_t{0x9E3779B97F4A7C15} ^
                                             std::random_device{}()};
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::string id;
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = random();
    for (int i = 0; i < 10; ++i, bits >>= 5) id += kDigits[bits & 31];
  }
  return id;
}

std::string AllowList(std::vector<Method> methods) {
  std::string list;
  for (const Method method : methods) list += std::string(MethodName(method)) + ", ";
  return list + "OPTIONS";
}

// application/json and application/…+json, whatever parameters follow.
bool IsJson(std::string_view content_type) {
  const std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

Status CheckBody(const RequestHead& head, const Request& request, const Route* route) {
  const Body body = route == nullptr ? Body::kNone : route->body;
  if (body == Body::kNone) {
    if (head.has_body()) return Error("body_not_expected");
    return {};
  }
  if (const auto coding = request.Header("content-encoding"); coding && ToLower(Trim(*coding)) != "identity") {
    return Error("content_type_unsupported").With("type", "Content-Encoding: " + std::string(*coding));
  }
  if (body == Body::kMemory) {
    const std::string_view type = request.Header("content-type").value_or("");
    if (!Trim(type).empty() && !IsJson(type)) return Error("content_type_unsupported").With("type", type);
  }
  if (body == Body::kFile && !head.chunked && !head.length) return Error("length_required");
  if (head.length.value_or(0) > static_cast<uint64_t>(route->body_max)) {
    return Error("body_too_large").With("max", route->body_max);
  }
  return {};
}

bool BelowApi(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

void Refuse(Intake& intake, const Error& error) { intake.refusal = Response::Problem(error, intake.request); }

// Which methods the path knows, the fallback's included.
std::vector<Method> Allowed(const Router& router, std::string_view path) {
  std::vector<Method> allowed = router.Find(Method::kOptions, path).allowed;
  if (allowed.empty() && !BelowApi(path)) allowed = {Method::kGet, Method::kHead};
  return allowed;
}

}  // namespace

Request RequestOf(RequestHead& head, std::string_view peer, bool secure) {
  Request request;
  request.headers = std::exchange(head.headers, {});
  request.peer = peer;
  request.secure = secure;
  const std::string_view given = request.Header("x-request-id").value_or("");
  request.id = IsRequestId(given) ? std::string(given) : NewRequestId();
  if (const auto language = AcceptedLanguage(request.Header("accept-language").value_or(""))) {
    request.language = *language;
  }
  request.unattended = request.Header("x-unattended").has_value();
  return request;
}

Intake TakeIn(RequestHead& head, const Router& router, std::string_view peer, bool secure) {
  Intake intake;
  intake.request = RequestOf(head, peer, secure);
  Request& request = intake.request;
  const auto method = ParseMethod(head.method);
  if (!method) {
    Refuse(intake, Error("method_unknown").With("method", head.method));
    return intake;
  }
  request.method = *method;
  if (head.target.size() > kTargetBytesMax) {
    Refuse(intake, Error("target_too_long").With("max", kTargetBytesMax));
    return intake;
  }
  auto target = ParseTarget(head.target);
  if (!target.ok() || (target->path == "*" && *method != Method::kOptions)) {
    Refuse(intake, target.ok() ? Error("target_malformed") : target.error());
    return intake;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  if (const auto language = request.Query("lang"); language == "en") {
    request.language = Language::kEnglish;
  } else if (language == "zh") {
    request.language = Language::kChinese;
  }

  if (*method == Method::kOptions && router.Find(*method, request.path).route == nullptr) {
    const std::vector<Method> allowed =
        request.path == "*" ? std::vector<Method>{Method::kGet, Method::kHead} : Allowed(router, request.path);
    if (allowed.empty()) {
      Refuse(intake, Error("not_found"));
      return intake;
    }
    intake.refusal = Response::NoContent();
    intake.refusal->Header("Allow", AllowList(allowed));
    intake.options = true;
    return intake;
  }

  Router::Match match = router.Find(*method, request.path);
  intake.route = match.route;
  request.params = std::move(match.params);
  if (match.route == nullptr) {
    const bool falls_back = match.allowed.empty() && !BelowApi(request.path);
    const bool reads = *method == Method::kGet || *method == Method::kHead;
    if (match.allowed.empty() && !(falls_back && reads)) {
      Refuse(intake, Error("not_found"));
      return intake;
    }
    if (!match.allowed.empty()) {
      const std::string allowed = AllowList(match.allowed);
      Refuse(intake, Error("method_not_allowed").With("method", head.method).With("allowed", allowed));
      intake.refusal->Header("Allow", allowed);
      return intake;
    }
  }
  if (const Status body = CheckBody(head, request, intake.route); !body.ok()) Refuse(intake, body.error());
  return intake;
}

}  // namespace dealpace::http
