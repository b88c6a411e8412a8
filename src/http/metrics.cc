#include "http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace dealpace::http {

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("dealpace_http_requests_total").Help("Requests answered").Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                           .Name("dealpace_http_request_seconds")
                                                           .Help("From the head of a request to the end of its answer")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& rejected = prometheus::BuildCounter()
                                                          .Name("dealpace_http_rejected_total")
                                                          .Help("Requests and connections turned away")
                                                          .Register(registry);
  prometheus::Gauge& in_flight = prometheus::BuildGauge()
                                     .Name("dealpace_http_in_flight")
                                     .Help("Requests being answered")
                                     .Register(registry)
                                     .Add({});
  prometheus::Gauge& connections =
      prometheus::BuildGauge().Name("dealpace_http_connections").Help("Connections open").Register(registry).Add({});
  struct Asked {
    prometheus::Gauge* gauge = nullptr;
    std::function<double()> read;
  };
  std::mutex mutex;
  std::map<std::string, Asked> asked;
};

Metrics& Metrics::Get() {
  static Metrics metrics;
  return metrics;
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

namespace {

// A series of its own for each route, method and class of status, found without the registry's lock: each thread
// remembers where they are. They live as long as the registry.
struct Series {
  prometheus::Counter* requests = nullptr;
  prometheus::Histogram* seconds = nullptr;
};
using SeriesByName = std::unordered_map<std::string, Series>;

}  // namespace

void Metrics::CountRequest(std::string_view pattern, std::string_view method, int status, double seconds) {
  static const prometheus::Histogram::BucketBoundaries kBuckets = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
  static thread_local std::pair<const Impl*, SeriesByName> known;
  if (known.first != impl_.get()) known = {impl_.get(), {}};
  static thread_local std::string name;
  name.assign(pattern);
  name += ' ';
  name += method;
  name += static_cast<char>('0' + status / 100);
  Series& series = known.second[name];
  if (series.requests == nullptr) {
    const std::string route(pattern);
    const std::string status_class = std::to_string(status / 100) + "xx";
    series.requests =
        &impl_->requests.Add({{"route", route}, {"method", std::string(method)}, {"status", status_class}});
    series.seconds = &impl_->seconds.Add({{"route", route}}, kBuckets);
  }
  series.requests->Increment();
  series.seconds->Observe(seconds);
}

void Metrics::CountRejected(std::string_view reason) {
  impl_->rejected.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::ChangeInFlight(int by) { impl_->in_flight.Increment(by); }
void Metrics::ChangeConnections(int by) { impl_->connections.Increment(by); }

void Metrics::SetGauge(const std::string& name, const std::string& help, std::function<double()> read) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Asked& asked = impl_->asked[name];
  if (asked.gauge == nullptr) {
    asked.gauge = &prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add({});
  }
  asked.read = std::move(read);
}

std::string Metrics::Text() {
  const std::lock_guard lock(impl_->mutex);
  for (auto& [name, asked] : impl_->asked) {
    if (asked.read) asked.gauge->Set(asked.read());
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace dealpace::http
