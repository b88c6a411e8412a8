#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace dealpace::http {

// The files of the web application, out of one pack that web/scripts/pack.mjs writes:
//
//   DPPACK1\n
//   {"files":[{"path":"/index.html","type":"text/html; charset=utf-8","etag":"…",
//              "raw":[offset,length],"gz":[offset,length]|null,"br":[offset,length]|null},…]}\n
//   the bytes of all files; offsets count from here
//
// An empty pack has one page, which says in both languages that the application is not in this build.
class StaticFiles {
 public:
  // `pack` must outlive the object and every response. Fails with web_pack_damaged.
  [[nodiscard]] static Result<StaticFiles> Open(std::string_view pack);

  // Answers GET and HEAD: the file at the path, else index.html where the last part of the path has no dot (the
  // application has a screen for it), else not_found. Files under /assets/ have hashed names and may be kept for ever;
  // the others are asked for again, and unchanged ones answered with 304. Brotli or gzip as the client takes it.
  // Thread-safe.
  [[nodiscard]] Response Answer(const Request& request) const;

 private:
  struct File {
    std::string type;
    std::string etag;  // without quotation marks
    std::string_view raw;
    std::optional<std::string_view> gz;
    std::optional<std::string_view> br;
  };
  StaticFiles() = default;
  [[nodiscard]] const File* Find(std::string_view path) const;

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace dealpace::http
