#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace dealpace::http {

// What stands before the body of a request.
struct RequestHead {
  std::string method;  // as it came: "GET", but also "BREW"
  std::string target;
  Headers headers;                 // trailers of a chunked body are not taken in
  std::optional<uint64_t> length;  // Content-Length
  bool chunked = false;
  bool http_1_0 = false;
  bool keep_alive = false;
  bool expects_continue = false;

  [[nodiscard]] bool has_body() const { return chunked || length.value_or(0) > 0; }
};

// Reads one request of HTTP/1.0 or 1.1 from bytes as they come, in whatever pieces. Knows no sockets.
//
// Strict where two readers could disagree: both a length and chunks, two hosts, a bare line feed, a transfer coding
// other than chunked are refused.
class RequestParser {
 public:
  explicit RequestParser(size_t header_bytes_max);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes from the front and says how many. What is not taken is to be given again, with more behind it; after
  // the end of the head, and at the end of the request, it stops. Fails with request_malformed, target_too_long,
  // header_too_large, version_unsupported, transfer_coding_unknown, expectation_failed.
  [[nodiscard]] Result<size_t> Feed(std::string_view bytes);
  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  // Whole once head_done(); before, what has been read so far.
  [[nodiscard]] const RequestHead& head() const;
  [[nodiscard]] RequestHead& head();
  // What has come of the body since it was last taken.
  [[nodiscard]] std::string TakeBody();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dealpace::http
