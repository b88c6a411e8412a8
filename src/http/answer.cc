#include "http/answer.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

#include "base/text.h"
#include "http/negotiate.h"

namespace dealpace::http {
namespace {

constexpr size_t kCompressFrom = 1024;
constexpr int kCompressLevel = 4;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSecurity = {
    {{"Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
      "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
      "base-uri 'none'; frame-ancestors 'none'"},
     {"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "same-origin"},
     {"Cross-Origin-Opener-Policy", "same-origin"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Permissions-Policy",
      "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), "
      "usb=()"}}};

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

const std::string* Find(const Response& response, std::string_view name) {
  const std::string lower = ToLower(name);
  for (const auto& [key, value] : response.headers) {
    if (ToLower(key) == lower) return &value;
  }
  return nullptr;
}

void AddUnlessSet(Response& response, std::string_view name, std::string_view value) {
  if (Find(response, name) == nullptr) response.Header(name, value);
}

bool IsText(std::string_view content_type) {
  const std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (type == "text/event-stream") return false;
  return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
         type == "application/javascript" || type == "application/toml" || type == "application/xml" ||
         type.ends_with("+xml");
}

void Compress(const Request& request, Response& response) {
  const bool in_memory = response.stream == nullptr && response.body_file.empty() && response.static_body.empty();
  if (!in_memory || response.body.size() < kCompressFrom || !IsText(response.content_type)) return;
  if (Find(response, "Content-Encoding") != nullptr) return;
  // A strong ETag names these very bytes.
  if (const std::string* tag = Find(response, "ETag"); tag != nullptr && !tag->starts_with("W/")) return;
  AddUnlessSet(response, "Vary", "Accept-Encoding");
  if (!AcceptsCoding(request.Header("accept-encoding").value_or(""), "gzip")) return;
  response.body = Gzip(response.body);
  response.Header("Content-Encoding", "gzip");
}

// "Wed, 07 Oct 2026 01:30:00 GMT"
std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                    kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<size_t>(length)};
}

// A header must not end its line early, whatever a handler puts in.
void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  if ((std::string(name) + std::string(value)).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return;
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipFormat = 15 + 16;
  if (deflateInit2(&stream, kCompressLevel, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot start");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) throw std::runtime_error("zlib cannot compress");
  return out;
}

void FinishAnswer(const Request& request, const AnswerRules& rules, Response& response) {
  for (const auto& [name, value] : request.response_headers) response.Header(name, value);
  Compress(request, response);
  response.Header("X-Request-Id", request.id);
  for (const auto& [name, value] : kSecurity) AddUnlessSet(response, name, value);
  if (rules.hsts) AddUnlessSet(response, "Strict-Transport-Security", "max-age=31536000");
  if (rules.no_store || response.status >= 400) AddUnlessSet(response, "Cache-Control", "no-store");
}

std::string AnswerHead(const Response& response, std::optional<uint64_t> length, bool keep_alive, bool chunked) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += ReasonOf(response.status);
  head += "\r\n";
  AppendHeader(head, "Date", HttpDate());
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!response.content_type.empty() && !bodiless) AppendHeader(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) AppendHeader(head, name, value);
  if (chunked) {
    AppendHeader(head, "Transfer-Encoding", "chunked");
  } else if (length && !bodiless) {
    AppendHeader(head, "Content-Length", std::to_string(*length));
  }
  AppendHeader(head, "Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

}  // namespace dealpace::http
