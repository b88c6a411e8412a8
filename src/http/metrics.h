#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dealpace::http {

// The figures of the process for Prometheus. All functions may be called from any thread.
class Metrics {
 public:
  static Metrics& Get();
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One answered request: dealpace_http_requests_total{route,method,status="2xx"} and
  // dealpace_http_request_seconds{route}. `pattern` is a route's pattern, never a path: each is a series of its own.
  void CountRequest(std::string_view pattern, std::string_view method, int status, double seconds);
  // A request that was turned away before it had a route: "queue_full", "connections_full", "malformed", "too_slow".
  void CountRejected(std::string_view reason);
  void ChangeInFlight(int by);
  void ChangeConnections(int by);

  // A figure that is asked for at each look: `read` is called on the thread that asks, under a lock, and must be
  // quick. Registering a name again replaces the earlier one, and an empty function takes it away: whoever registers
  // something shorter-lived than the process must do that before it goes.
  void SetGauge(const std::string& name, const std::string& help, std::function<double()> read);

  // All of it in the text format of Prometheus.
  [[nodiscard]] std::string Text();
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dealpace::http
