#include "http/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "base/days.h"
#include "base/json.h"
#include "base/text.h"

namespace dealpace::http {
namespace {

constexpr const char* kLogger = "dealpace";
// How long the line of an ordinary request may wait to be written. All else is written at once.
constexpr std::chrono::seconds kFlushInterval{1};

// Where many requests come, a line each would cost as much as a small answer does.
class ErrorOutput final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ErrorOutput() = default;
  ErrorOutput(const ErrorOutput&) = delete;
  ErrorOutput& operator=(const ErrorOutput&) = delete;
  ~ErrorOutput() override { flush_(); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines_.append(message.payload.data(), message.payload.size());
    lines_ += '\n';
    if (lines_.size() >= kGathered) flush_();
  }
  void flush_() override {
    std::fwrite(lines_.data(), 1, lines_.size(), stderr);
    lines_.clear();
  }

 private:
  static constexpr size_t kGathered = 32 << 10;
  std::string lines_;
};

std::mutex guard;
std::shared_ptr<spdlog::logger> current;

std::shared_ptr<spdlog::logger> Current() {
  const std::lock_guard lock(guard);
  return current;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "";
}

std::string Utf8(std::string_view text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    const bool bad = NextCodePoint(rest) == 0xFFFD;
    out += bad ? std::string_view("\xEF\xBF\xBD") : before.substr(0, before.size() - rest.size());
  }
  return out;
}

JsonWriter Begin(LogLevel level, std::string_view event) {
  JsonWriter line;
  line.BeginObject().Field("time", FormatInstant(Now())).Field("level", LevelName(level)).Field("event", event);
  return line;
}

void Write(spdlog::logger& log, JsonWriter& line, bool at_once) {
  line.EndObject();
  log.log(spdlog::level::info, spdlog::string_view_t(line.text()));
  if (at_once) log.flush();
}

}  // namespace

Status OpenLog(const std::string& file) {
  std::shared_ptr<spdlog::logger> log;
  try {
    const auto sink = file.empty() ? spdlog::sink_ptr(std::make_shared<ErrorOutput>())
                                   : std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    log = std::make_shared<spdlog::logger>(kLogger, sink);
    log->set_pattern("%v");
    spdlog::drop(kLogger);
    spdlog::register_logger(log);
    spdlog::flush_every(kFlushInterval);
  } catch (const spdlog::spdlog_ex& problem) {
    return Error("log_unwritable").With("file", file).With("detail", problem.what());
  }
  const std::lock_guard lock(guard);
  current = std::move(log);
  return {};
}

void CloseLog() {
  const std::lock_guard lock(guard);
  if (current != nullptr) current->flush();
  current = nullptr;
  spdlog::drop(kLogger);
}

void WriteLog(LogLevel level, std::string_view event,
              const std::vector<std::pair<std::string_view, std::string>>& fields) {
  const auto log = Current();
  if (log == nullptr) return;
  JsonWriter line = Begin(level, event);
  for (const auto& [name, value] : fields) line.Field(name, Utf8(value));
  Write(*log, line, true);
}

void LogRequest(const RequestLog& request) {
  const auto log = Current();
  if (log == nullptr) return;
  const LogLevel level = request.status >= 500 ? LogLevel::kError : LogLevel::kInfo;
  JsonWriter line = Begin(level, "request");
  line.Field("request_id", request.request_id).Field("method", request.method).Field("route", request.pattern);
  line.Field("status", request.status).Key("ms").Number(std::round(request.milliseconds * 1000) / 1000);
  line.Field("bytes", request.bytes).Field("peer", request.peer);
  if (request.account != 0) line.Field("account", std::to_string(request.account));
  if (!request.code.empty()) line.Field("code", Utf8(request.code));
  if (!request.detail.empty()) line.Field("detail", Utf8(request.detail));
  Write(*log, line, level == LogLevel::kError || !request.detail.empty());
}

}  // namespace dealpace::http
