#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// A client of HTTP/1.1 on 127.0.0.1 that costs as little as it can, so that what is measured is the server: requests
// are put together beforehand, connections are kept.
namespace dealpace::bench {

struct HttpAnswer {
  int status = 0;
  std::string head;  // with the status line
  std::string body;
  double microseconds = 0;  // from before the request's first byte is written until the answer's last is read

  // The value of a header, empty where there is none.
  [[nodiscard]] std::string Header(std::string_view name) const;
  // What the server says it took inside, by `Server-Timing: …;dur=<milliseconds>`; below 0 where it does not say.
  [[nodiscard]] double ServerMicroseconds() const;
};

// The bytes of a request. `token`: an API token, or empty. A body is JSON.
[[nodiscard]] std::string HttpRequest(std::string_view method, std::string_view target, std::string_view token,
                                      std::string_view body = {});

// One connection. Throws std::runtime_error where the server cannot be reached or ends the connection.
class HttpClient {
 public:
  explicit HttpClient(int port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer Send(std::string_view request);

 private:
  int socket_ = -1;
  std::string buffer_;
};

// Many connections at once, each sending its next request when it has the answer to the last.
struct Load {
  int connections = 64;
  double seconds = 5;
  // The request of a connection; `number` counts through all of them from 0.
  std::function<std::string(int connection, uint64_t number)> request;
};
struct LoadResult {
  uint64_t answers = 0;  // with a status below 300
  uint64_t refused = 0;  // with another
  int broken = 0;        // connections that the server ended
  int unserved = 0;      // connections without a single answer
  double seconds = 0;
  double p50_us = 0;
  double p99_us = 0;
  double longest_us = 0;
  [[nodiscard]] double PerSecond() const { return static_cast<double>(answers) / seconds; }
};
LoadResult RunLoad(int port, const Load& load);

}  // namespace dealpace::bench
