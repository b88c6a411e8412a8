#include "http/static_files.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "http/negotiate.h"

namespace dealpace::http {
namespace {

namespace json = boost::json;

constexpr std::string_view kMagic = "DPPACK1\n";

constexpr std::string_view kNotInThisBuild = R"html(<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dealpace</title>
<style>
body { font: 16px/1.6 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 36em; margin: 15vh auto 0; padding: 0 1.5em; color: #1f2329; background: #fff; }
code { background: #f2f3f5; padding: .1em .4em; border-radius: 4px; }
@media (prefers-color-scheme: dark) { body { color: #e5e6eb; background: #17171a; } code { background: #2e2e30; } }
</style>
</head>
<body>
<h1>Dealpace</h1>
<p>此版本不含网页应用。运行 <code>./dev build</code> 重新构建即可；接口和命令行不受影响。</p>
<p lang="en">The web application is not in this build. Use <code>./dev build</code>; the interface and the command line work without it.</p>
</body>
</html>
)html";

Error Damaged(std::string_view detail) { return Error("web_pack_damaged").With("detail", detail); }

// A part of the blob, by [offset,length].
std::optional<std::string_view> Part(std::string_view blob, const json::value* range) {
  if (range == nullptr || !range->is_array() || range->get_array().size() != 2) return std::nullopt;
  const json::array& pair = range->get_array();
  if (!pair[0].is_int64() || !pair[1].is_int64()) return std::nullopt;
  const int64_t offset = pair[0].get_int64();
  const int64_t length = pair[1].get_int64();
  const auto size = static_cast<int64_t>(blob.size());
  if (offset < 0 || length < 0 || offset > size || length > size - offset) return std::nullopt;
  return blob.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
}

std::string TextField(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return "";
  return {value->get_string().data(), value->get_string().size()};
}

bool IsThere(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && !value->is_null();
}

// If-None-Match names this tag, in whatever coding its bytes came.
bool HasTag(std::string_view header, const std::string& etag) {
  for (const std::string& part : Split(header, ',')) {
    std::string_view tag = Trim(part);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') continue;
    tag = tag.substr(1, tag.size() - 2);
    if (tag == etag || tag == etag + "-gz" || tag == etag + "-br") return true;
  }
  return false;
}

}  // namespace

Result<StaticFiles> StaticFiles::Open(std::string_view pack) {
  StaticFiles files;
  if (pack.empty()) {
    files.files_["/index.html"] = {"text/html; charset=utf-8", "none", kNotInThisBuild, std::nullopt, std::nullopt};
    return files;
  }
  if (!pack.starts_with(kMagic)) return Damaged("no pack");
  pack.remove_prefix(kMagic.size());
  const size_t end = pack.find('\n');
  if (end == std::string_view::npos) return Damaged("no index");
  const std::string_view blob = pack.substr(end + 1);
  json::error_code problem;
  const json::value index = json::parse(json::string_view(pack.data(), end), problem);
  const json::object* root = problem ? nullptr : index.if_object();
  const json::value* list = root == nullptr ? nullptr : root->if_contains("files");
  if (list == nullptr || !list->is_array()) return Damaged("no list of files");
  for (const json::value& entry : list->get_array()) {
    const json::object* object = entry.if_object();
    if (object == nullptr) return Damaged("a file that is no object");
    File file;
    const std::string path = TextField(*object, "path");
    file.type = TextField(*object, "type");
    file.etag = TextField(*object, "etag");
    const auto raw = Part(blob, object->if_contains("raw"));
    file.gz = Part(blob, object->if_contains("gz"));
    file.br = Part(blob, object->if_contains("br"));
    const bool lost = (IsThere(*object, "gz") && !file.gz) || (IsThere(*object, "br") && !file.br);
    if (!path.starts_with('/') || file.type.empty() || file.etag.empty() || !raw || lost) return Damaged(path);
    file.raw = *raw;
    files.files_[path] = std::move(file);
  }
  if (files.Find("/index.html") == nullptr) return Damaged("no /index.html");
  return files;
}

const StaticFiles::File* StaticFiles::Find(std::string_view path) const {
  const auto it = files_.find(path);
  return it == files_.end() ? nullptr : &it->second;
}

Response StaticFiles::Answer(const Request& request) const {
  const File* file = Find(request.path);
  const bool hashed = file != nullptr && request.path.starts_with("/assets/");
  if (file == nullptr) {
    const size_t slash = request.path.rfind('/');
    if (request.path.find('.', slash == std::string::npos ? 0 : slash) != std::string::npos) {
      return Response::Problem(Error("not_found"), request);
    }
    file = Find("/index.html");
  }
  Response response;
  response.content_type = file->type;
  std::string etag = file->etag;
  const std::string_view accepted = request.Header("accept-encoding").value_or("");
  response.static_body = file->raw;
  if (file->br && AcceptsCoding(accepted, "br")) {
    response.static_body = *file->br;
    response.Header("Content-Encoding", "br");
    etag += "-br";
  } else if (file->gz && AcceptsCoding(accepted, "gzip")) {
    response.static_body = *file->gz;
    response.Header("Content-Encoding", "gzip");
    etag += "-gz";
  }
  if (file->br || file->gz) response.Header("Vary", "Accept-Encoding");
  response.Header("ETag", "\"" + etag + "\"");
  response.Header("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (HasTag(request.Header("if-none-match").value_or(""), file->etag)) {
    response.status = 304;
    response.static_body = {};
    std::erase_if(response.headers, [](const auto& header) { return header.first == "Content-Encoding"; });
  }
  return response;
}

}  // namespace dealpace::http
