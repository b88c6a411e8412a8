#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// The log of the process: one JSON object per line. Nothing that a person typed or that identifies a customer goes in:
// no query strings, bodies, cookies or names. Threads: all functions may be called from any.
namespace dealpace::http {

enum class LogLevel { kInfo, kWarn, kError };

// From here on lines go to the end of `file`, or to the standard error output when it is empty. Before, and after
// CloseLog(), there is no log. Lines of requests that failed by our fault or have a detail, and all that tell of no
// request, are written at once, other lines within a second. Fails with log_unwritable.
[[nodiscard]] Status OpenLog(const std::string& file);
// Writes out what is still held back.
void CloseLog();

// {"time":"2026-10-07T01:30:00.000Z","level":"info","event":"server_started","url":"…"}; texts that are not UTF-8 have
// their malformed bytes replaced.
void WriteLog(LogLevel level, std::string_view event,
              const std::vector<std::pair<std::string_view, std::string>>& fields = {});

// What is told of a request: event "request".
struct RequestLog {
  std::string request_id;
  std::string_view method;   // "-" where it could not be read
  std::string_view pattern;  // of the route; "-" where none was found
  int status = 0;            // 0: the client went before the answer
  double milliseconds = 0;
  int64_t bytes = 0;  // of the body of the answer
  std::string_view peer;
  int64_t account = 0;      // 0: nobody
  std::string_view code;    // of the error answered
  std::string_view detail;  // of an error of the server
};
void LogRequest(const RequestLog& request);

}  // namespace dealpace::http
