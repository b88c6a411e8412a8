#include "http/message.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "catalog/messages.h"
#include "http/target.h"

namespace dealpace::http {
namespace {

struct Title {
  int status;
  std::string_view en;
  std::string_view zh;
};
constexpr std::array kTitles = {
    Title{400, "Request not understood", "请求有误"},
    Title{401, "Not signed in", "尚未登录"},
    Title{403, "Not allowed", "没有权限"},
    Title{404, "Not found", "未找到"},
    Title{405, "Method not allowed", "不支持的方法"},
    Title{408, "Too slow", "请求超时"},
    Title{409, "Conflict", "存在冲突"},
    Title{411, "Length required", "缺少长度"},
    Title{412, "Changed meanwhile", "已被修改"},
    Title{413, "Too large", "内容过大"},
    Title{414, "Address too long", "地址过长"},
    Title{415, "Kind of content not supported", "不支持的内容类型"},
    Title{417, "Expectation failed", "无法满足 Expect"},
    Title{422, "Not accepted", "内容未被接受"},
    Title{428, "Version required", "需要版本"},
    Title{429, "Too many requests", "请求过于频繁"},
    Title{431, "Header too large", "请求头过大"},
    Title{500, "Error of the server", "服务器出错"},
    Title{501, "Not implemented", "不支持"},
    Title{503, "Not available at the moment", "暂不可用"},
    Title{505, "HTTP version not supported", "不支持的 HTTP 版本"},
    Title{507, "Disk full", "磁盘已满"},
};

std::string_view TitleOf(int status, Language language) {
  for (const Title& title : kTitles) {
    if (title.status == status) return language == Language::kChinese ? title.zh : title.en;
  }
  return language == Language::kChinese ? "错误" : "Error";
}

// The types that JsonBody expects, as a Chinese reader calls them.
std::string_view TypeInChinese(std::string_view expected) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes = {{{"text", "文本"},
                                                                                    {"number", "数字"},
                                                                                    {"whole number", "整数"},
                                                                                    {"true or false", "true 或 false"},
                                                                                    {"list", "列表"},
                                                                                    {"object", "对象"}}};
  for (const auto& [en, zh] : kTypes) {
    if (en == expected) return zh;
  }
  return expected;
}

// The error as it may be shown: without what only the administrator should see, and in words of the reader.
Error Shown(Error error, int status, const Request& request) {
  const bool chinese = request.language == Language::kChinese;
  if (error.code == "internal_error" && error.Arg("request_id").empty()) error.With("request_id", request.id);
  for (auto& [name, value] : error.args) {
    if (status >= 500 && name == "detail") {
      value = chinese ? "详情见日志中的 " + request.id : "the log has it under " + request.id;
    }
    if (chinese && error.code == "field_type" && name == "expected") value = TypeInChinese(value);
  }
  return error;
}

// Text for a JSON answer. Particulars of an error can come from anywhere, so each malformed byte becomes U+FFFD.
std::string Utf8(std::string_view text) {
  if (IsUtf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::string_view rest = text;
    const bool bad = NextCodePoint(rest) == 0xFFFD;
    out += bad ? std::string_view("\xEF\xBF\xBD") : text.substr(0, text.size() - rest.size());
    text = rest;
  }
  return out;
}

std::optional<int64_t> ParseId(std::string_view text) {
  int64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

}  // namespace

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kPatch: return "PATCH";
    case Method::kDelete: return "DELETE";
    case Method::kOptions: return "OPTIONS";
  }
  return "";
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::Header(std::string_view lower_case_name) const {
  const auto it = headers.find(lower_case_name);
  if (it == headers.end()) return std::nullopt;
  return it->second;
}

std::optional<std::string_view> Request::Cookie(std::string_view name) const {
  for (const auto& [header, text] : headers) {
    if (header != "cookie") continue;
    if (const auto value = FindCookie(text, name)) return value;
  }
  return std::nullopt;
}

const std::string& Request::Param(std::string_view name) const {
  static const std::string kNone;
  const auto it = params.find(name);
  return it == params.end() ? kNone : it->second;
}

Result<int64_t> Request::ParamId(std::string_view name) const {
  if (const auto number = ParseId(Param(name))) return *number;
  return Error("not_found");
}

std::string ServerSentEvent(std::string_view name, std::string_view json) {
  std::string event = "event: ";
  event += name;
  event += "\ndata: ";
  event += json;
  event += "\n\n";
  return event;
}

Response Response::Json(std::string json, int status) {
  Response response;
  response.status = status;
  response.body = std::move(json);
  return response;
}

Response Response::NoContent() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

Response Response::Text(std::string text, std::string_view content_type) {
  Response response;
  response.content_type = content_type;
  response.body = std::move(text);
  return response;
}

Response Response::Download(std::string bytes, std::string_view content_type, std::string_view file_name) {
  Response response = Text(std::move(bytes), content_type);
  std::string plain;
  for (std::string_view rest = file_name; !rest.empty();) {
    const char32_t point = NextCodePoint(rest);
    const bool safe = point > 0x20 && point < 0x7F &&
                      std::string_view("\"\\/;%").find(static_cast<char>(point)) == std::string_view::npos;
    plain += safe ? static_cast<char>(point) : '_';
  }
  response.Header("Content-Disposition",
                  "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + PercentEncode(file_name));
  return response;
}

Response Response::Events(std::shared_ptr<EventStream> stream) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = std::move(stream);
  return response;
}

Response Response::Problem(const Error& error, const Request& request) {
  const catalog::Messages& messages = catalog::Messages::Get();
  const catalog::Messages::Message* found = messages.Find(error.code);
  const int status = found == nullptr ? 500 : found->status;
  const Error shown = Shown(error, status, request);
  JsonWriter json;
  json.BeginObject();
  json.Field("type", "/problems/" + Utf8(error.code)).Field("title", TitleOf(status, request.language));
  json.Field("status", status).Field("detail", Utf8(messages.RenderMessage(shown, request.language)));
  const std::string todo = messages.RenderTodo(shown, request.language);
  if (!todo.empty()) json.Field("todo", Utf8(todo));
  json.Field("code", Utf8(error.code)).Key("args").BeginObject();
  for (const auto& [name, value] : shown.args) json.Field(Utf8(name), Utf8(value));
  json.EndObject().Field("request_id", Utf8(request.id)).EndObject();

  Response response = Json(json.text(), status);
  response.content_type = "application/problem+json";
  response.Header("Content-Language", request.language == Language::kChinese ? "zh-CN" : "en");
  if (const std::string_view wait = error.Arg("retry_after"); !wait.empty()) response.Header("Retry-After", wait);
  if (status == 401 && request.Header("authorization")) response.Header("WWW-Authenticate", "Bearer");
  response.log_code = error.code;
  if (status >= 500) response.log_detail = messages.RenderMessage(error, Language::kEnglish);
  return response;
}

bool IfNoneMatch(const Request& request, std::string_view etag) {
  const auto plain = [](std::string_view tag) {
    tag = Trim(tag);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag;
  };
  const auto header = request.Header("if-none-match");
  if (!header) return false;
  // Our tags hold no comma.
  for (std::string_view rest = *header; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string_view tag = plain(rest.substr(0, comma));
    if (tag == "*" || tag == plain(etag)) return true;
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return false;
}

Response NotModified(std::string_view etag) {
  Response response = Response::NoContent();
  response.status = 304;
  response.Header("ETag", etag);
  return response;
}

std::string VersionTag(int64_t version) { return "W/\"" + std::to_string(version) + "\""; }

Result<int64_t> IfMatch(const Request& request) {
  const auto header = request.Header("if-match");
  if (!header) return Error("if_match_missing");
  std::string_view text = Trim(*header);
  if (text.starts_with("W/")) text.remove_prefix(2);
  int64_t version = 0;
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    const auto [end, problem] = std::from_chars(text.data() + 1, text.data() + text.size() - 1, version);
    if (problem == std::errc() && end == text.data() + text.size() - 1 && version >= 0) return version;
  }
  return Error("if_match_bad").With("text", *header);
}

}  // namespace dealpace::http
