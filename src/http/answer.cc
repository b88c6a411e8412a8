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

constexpr size_t kCompressFrom = 1200;      // what is shorter goes into one packet as it is
constexpr size_t kCompressLong = 16 << 10;  // takes longer than an I/O thread has
constexpr int kCompressLevel = 4;

// Each stands in every answer unless the handler has set it.
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

// All of them as they are sent.
const std::string& SecurityLines() {
  static const std::string kLines = [] {
    std::string lines;
    for (const auto& [name, value] : kSecurity) {
      lines += name;
      lines += ": ";
      lines += value;
      lines += "\r\n";
    }
    return lines;
  }();
  return kLines;
}

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

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

const std::string* Find(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (SameName(key, name)) return &value;
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

bool MayCompress(const Response& response) {
  const bool in_memory = response.stream == nullptr && response.body_file.empty() && response.static_body.empty();
  if (!in_memory || response.body.size() < kCompressFrom || !IsText(response.content_type)) return false;
  if (Find(response, "Content-Encoding") != nullptr) return false;
  // A strong ETag names these very bytes.
  const std::string* tag = Find(response, "ETag");
  return tag == nullptr || tag->starts_with("W/");
}

void Compress(const Request& request, Response& response) {
  if (!MayCompress(response)) return;
  AddUnlessSet(response, "Vary", "Accept-Encoding");
  if (!AcceptsCoding(request.Header("accept-encoding").value_or(""), "gzip")) return;
  response.body = Gzip(response.body);
  response.Header("Content-Encoding", "gzip");
}

// "Wed, 07 Oct 2026 01:30:00 GMT", made once a second.
std::string_view HttpDate() {
  static thread_local std::time_t made = 0;
  static thread_local std::array<char, 64> text{};
  static thread_local size_t length = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    length = static_cast<size_t>(std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                                               kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900,
                                               utc.tm_hour, utc.tm_min, utc.tm_sec));
    made = now;
  }
  return {text.data(), length};
}

// A header must not end its line early, whatever a handler puts in.
void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  if (name.find_first_of(kBreaks) != std::string_view::npos || value.find_first_of(kBreaks) != std::string_view::npos) {
    return;
  }
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string Gzip(std::string_view bytes) {
  // Its tables take a quarter of a megabyte: each thread keeps its own.
  struct Packer {
    Packer() {
      constexpr int kGzipFormat = 15 + 16;
      if (deflateInit2(&stream, kCompressLevel, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("zlib cannot start");
      }
    }
    ~Packer() { deflateEnd(&stream); }
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;
    z_stream stream{};
  };
  static thread_local Packer packer;
  z_stream& stream = packer.stream;
  deflateReset(&stream);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  if (end != Z_STREAM_END) throw std::runtime_error("zlib cannot compress");
  return out;
}

bool TakesLong(const Request& request, const Response& response) {
  return response.body.size() > kCompressLong && MayCompress(response) &&
         AcceptsCoding(request.Header("accept-encoding").value_or(""), "gzip");
}

void FinishAnswer(const Request& request, const AnswerRules& rules, Response& response) {
  for (const auto& [name, value] : request.response_headers) response.Header(name, value);
  Compress(request, response);
  if (rules.no_store || response.status >= 400) AddUnlessSet(response, "Cache-Control", "no-store");
}

std::string AnswerHead(const Response& response, std::string_view request_id, const AnswerRules& rules,
                       std::optional<uint64_t> length, bool keep_alive, bool chunked) {
  constexpr size_t kUsual = 2048;
  std::string head;
  head.reserve(kUsual);
  head += "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += ReasonOf(response.status);
  head += "\r\nDate: ";
  head += HttpDate();
  head += "\r\n";
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!response.content_type.empty() && !bodiless) AppendHeader(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) AppendHeader(head, name, value);
  AppendHeader(head, "X-Request-Id", request_id);
  const bool own = std::any_of(kSecurity.begin(), kSecurity.end(),
                               [&](const auto& field) { return Find(response, field.first) != nullptr; });
  if (own) {
    for (const auto& [name, value] : kSecurity) {
      if (Find(response, name) == nullptr) AppendHeader(head, name, value);
    }
  } else {
    head += SecurityLines();
  }
  if (rules.hsts && Find(response, "Strict-Transport-Security") == nullptr) {
    head += "Strict-Transport-Security: max-age=31536000\r\n";
  }
  if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (length && !bodiless) {
    head += "Content-Length: ";
    head += std::to_string(*length);
    head += "\r\n";
  }
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace dealpace::http
