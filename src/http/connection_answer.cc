// How a connection answers: who is asked, on which thread, and how the answer is sent.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "http/answer.h"
#include "http/connection.h"
#include "http/log.h"
#include "http/metrics.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr size_t kFileChunk = 256 << 10;
constexpr uint64_t kGateFirstFrom = 64 << 10;  // a longer body is read only for who may send it
constexpr uint64_t kReadAwayMax = 64 << 10;    // of a refused body, to keep the connection

bool Refuses(const Response& response) { return response.status >= 400; }

Response Busy(const Request& request) {
  return Response::Problem(Error("server_busy"), request).Header("Retry-After", "2");
}

class InFlight {
 public:
  InFlight() { Metrics::Get().ChangeInFlight(1); }
  ~InFlight() { Metrics::Get().ChangeInFlight(-1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
};

}  // namespace

// ---- One request ----

Awaited<bool> Connection::ServeRequest() {
  RequestParser parser(core_.options.header_bytes_max);
  Exchange exchange;
  const Status head = co_await ReadHead(parser);
  if (!head.ok() && head.error().code == "request_malformed" && in_.empty() && parser.head().method.empty()) {
    co_return false;  // gone before it asked anything
  }
  const InFlight counted;
  if (!head.ok()) {
    exchange.malformed = true;
    exchange.intake.request = RequestOf(parser.head(), peer_, tls_.has_value());
    exchange.intake.refusal = Response::Problem(head.error(), exchange.intake.request);
    Metrics::Get().CountRejected(head.error().code);
  } else if (plain_) {
    exchange.malformed = true;
    exchange.intake.request = RequestOf(parser.head(), peer_, false);
    Response elsewhere = Response::Text("https://\n");
    elsewhere.status = 308;
    const std::string host(exchange.intake.request.Header("host").value_or(""));
    elsewhere.Header("Location", "https://" + host + parser.head().target);
    if (host.empty() || !parser.head().target.starts_with('/')) {
      elsewhere = Response::Problem(Error("request_malformed"), exchange.intake.request);
    }
    exchange.intake.refusal = std::move(elsewhere);
  } else {
    exchange.intake = TakeIn(parser.head(), core_.router, peer_, tls_.has_value());
    exchange.head_only = exchange.intake.request.method == Method::kHead;
  }
  exchange.http_1_0 = parser.head().http_1_0;
  exchange.keep_alive = !exchange.malformed && parser.head().keep_alive;
  if (full_ && !exchange.malformed) {
    exchange.keep_alive = false;
    exchange.intake.refusal = Busy(exchange.intake.request);
    Metrics::Get().CountRejected("connections_full");
  }
  co_await Answer(parser, exchange);
  Report(exchange);
  co_return exchange.keep_alive&& exchange.answered && !core_.stopping;
}

Wait Connection::Answer(RequestParser& parser, Exchange& exchange) {
  const RequestHead& head = parser.head();
  Intake& intake = exchange.intake;
  const bool to_file = intake.route != nullptr && intake.route->body == Body::kFile;
  bool served = false;  // by a handler
  bool busy = false;
  if (!intake.refusal && intake.route != nullptr && intake.route->gate != Gate::kOpen &&
      (to_file || head.chunked || head.length.value_or(0) > kGateFirstFrom)) {
    const bool run = co_await OnWorker([&] { PassGate(exchange); });
    busy = !run;
  }
  if (!busy && !intake.refusal && (!parser.done() || to_file)) {
    if (head.expects_continue && in_.empty()) {
      const bool written = co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n");
      if (!written) {
        exchange.keep_alive = false;
        co_return;
      }
    }
    Status body;
    if (to_file) {
      const bool run = co_await OnWorker([&] {
        auto upload = BodyFile::Make(core_.options.folder);
        if (upload.ok()) {
          exchange.upload = *std::move(upload);
        } else {
          body = upload.error();
        }
      });
      busy = !run;
    }
    if (!busy && body.ok()) body = co_await ReadBody(parser, exchange);
    if (!body.ok()) {
      intake.refusal = Response::Problem(body.error(), intake.request);
      const std::string& code = body.error().code;
      if (code == "request_malformed" || code == "request_timeout") {
        exchange.malformed = true;
        Metrics::Get().CountRejected(code);
      }
    }
  }
  if (!busy && !intake.refusal) {
    const bool run = co_await OnWorker([&] {
      Handle(exchange);
      Finish(exchange);
    });
    busy = !run;
    served = run;
  }
  if (busy) {
    intake.refusal = Busy(intake.request);
    Metrics::Get().CountRejected("queue_full");
  }
  if (!served) {
    exchange.response = *std::move(intake.refusal);
    Finish(exchange);
  }
  const bool body_left = !exchange.malformed && !parser.done();
  // Who waits for "100 Continue" sends nothing more; whether it comes after all cannot be known.
  const bool too_much = head.chunked || head.length.value_or(0) > kReadAwayMax || head.expects_continue;
  if (exchange.malformed || (body_left && too_much) || core_.stopping) exchange.keep_alive = false;
  linger_ = exchange.malformed || body_left;
  co_await Send(exchange);
  if (body_left && exchange.keep_alive) {
    const bool away = co_await ReadAway(parser, kReadAwayMax);
    exchange.keep_alive = away;
    linger_ = !away;
  }
}

// ---- Jobs of a worker ----

void Connection::Failed(Exchange& exchange, std::string_view what) {
  exchange.response = Response::Problem(Error("internal_error").With("request_id", exchange.intake.request.id),
                                        exchange.intake.request);
  exchange.response.log_detail = what;
}

void Connection::PassGate(Exchange& exchange) {
  Intake& intake = exchange.intake;
  exchange.gate_passed = true;
  try {
    const Status let_in = core_.gate(intake.request, *intake.route);
    if (!let_in.ok()) intake.refusal = Response::Problem(let_in.error(), intake.request);
  } catch (const std::exception& problem) {
    Failed(exchange, problem.what());
    intake.refusal = std::move(exchange.response);
  }
}

void Connection::Handle(Exchange& exchange) {
  Intake& intake = exchange.intake;
  if (intake.route != nullptr && intake.route->gate != Gate::kOpen && !exchange.gate_passed) {
    PassGate(exchange);
    if (intake.refusal) {
      exchange.response = *std::move(intake.refusal);
      intake.refusal.reset();
      return;
    }
  }
  if (exchange.upload) intake.request.body_file = exchange.upload->path();
  try {
    exchange.response =
        intake.route == nullptr ? core_.fallback(intake.request) : intake.route->handler(intake.request);
  } catch (const std::exception& problem) {
    Failed(exchange, problem.what());
  } catch (...) {
    Failed(exchange, "something thrown that is no std::exception");
  }
  exchange.upload.reset();
}

void Connection::Finish(Exchange& exchange) {
  AnswerRules rules;
  rules.no_store = exchange.intake.route != nullptr || Refuses(exchange.response);
  rules.hsts = core_.hsts && tls_.has_value();
  const auto open = [&] {
    if (exchange.response.body_file.empty()) return;
    auto file = ReadFile::Open(exchange.response.body_file, exchange.response.remove_body_file);
    if (file.ok()) {
      exchange.file = *std::move(file);
    } else {
      exchange.response = Response::Problem(file.error(), exchange.intake.request);
    }
  };
  try {
    open();
    FinishAnswer(exchange.intake.request, rules, exchange.response);
  } catch (const std::exception& problem) {
    exchange.file.reset();
    Failed(exchange, problem.what());
    exchange.response.Header("X-Request-Id", exchange.intake.request.id);
  }
}

void Connection::Report(const Exchange& exchange) {
  const Intake& intake = exchange.intake;
  const std::chrono::duration<double> took = Clock::now() - exchange.begin;
  const bool fell_back = intake.route == nullptr && !intake.refusal && exchange.response.status < 400;
  const std::string_view pattern = intake.route != nullptr ? std::string_view(intake.route->pattern)
                                   : fell_back             ? std::string_view("static")
                                                           : std::string_view("-");
  const bool method_known = !exchange.malformed && exchange.response.log_code != "method_unknown";
  const std::string_view method = method_known ? MethodName(intake.request.method) : std::string_view("-");
  Metrics::Get().CountRequest(pattern, method, exchange.response.status, took.count());
  RequestLog line;
  line.request_id = intake.request.id;
  line.method = method;
  line.pattern = pattern;
  line.status = exchange.answered ? exchange.response.status : 0;
  line.milliseconds = took.count() * 1000;
  line.bytes = exchange.sent;
  line.peer = peer_;
  line.account = intake.request.caller.account.value;
  line.code = exchange.response.log_code;
  line.detail = exchange.response.log_detail;
  LogRequest(line);
}

// ---- The answer ----

Wait Connection::Send(Exchange& exchange) {
  const Response& response = exchange.response;
  if (response.stream != nullptr) {
    co_await SendStream(exchange);
    co_return;
  }
  if (exchange.file) {
    co_await SendFile(exchange);
    co_return;
  }
  std::string_view body = response.static_body.empty() ? std::string_view(response.body) : response.static_body;
  std::string head = AnswerHead(response, body.size(), exchange.keep_alive, false);
  if (exchange.head_only || response.status == 204 || response.status == 304) body = {};
  constexpr size_t kTogether = 16 << 10;
  exchange.sent = static_cast<int64_t>(body.size());
  if (body.size() <= kTogether) {
    head += body;
    body = {};
  }
  bool written = co_await WriteAll(head);
  if (written && !body.empty()) written = co_await WriteAll(body);
  exchange.answered = written;
}

Wait Connection::SendFile(Exchange& exchange) {
  ReadFile& file = *exchange.file;
  const std::string head = AnswerHead(exchange.response, file.size(), exchange.keep_alive, false);
  bool good = co_await WriteAll(head);
  while (good && !exchange.head_only && exchange.sent < static_cast<int64_t>(file.size())) {
    std::string part;
    const bool run = co_await OnWorker([&] { part = file.Read(kFileChunk); }, true);
    // A file that has become shorter cannot be made up for: the client sees the connection end.
    good = run && !part.empty();
    if (good) good = co_await WriteAll(part);
    if (good) exchange.sent += static_cast<int64_t>(part.size());
  }
  exchange.answered = good;
}

// Reads away what a client sends while it is streamed to, to see it go.
void Connection::Watch() {
  const auto seen = [self = shared_from_this()](const boost::system::error_code& problem, size_t) {
    if (problem) {
      self->gone_ = true;
      self->pause_.cancel();
    } else {
      self->Watch();
    }
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(watched_), seen);
  } else {
    socket_.async_read_some(asio::buffer(watched_), seen);
  }
}

Wait Connection::SendStream(Exchange& exchange) {
  exchange.keep_alive = false;
  const bool chunked = !exchange.http_1_0;
  const std::string head = AnswerHead(exchange.response, std::nullopt, false, chunked);
  const bool begun = co_await WriteAll(head);
  exchange.answered = begun;
  if (!begun || exchange.head_only) co_return;
  Watch();
  const Clock::time_point begin = Clock::now();
  Clock::time_point last = begin;
  while (!gone_ && !core_.stopping && Clock::now() - begin < core_.options.stream_max) {
    std::optional<std::string> piece;
    try {
      piece = exchange.response.stream->Poll();
    } catch (const std::exception& problem) {
      exchange.response.log_detail = problem.what();
    }
    if (!piece) break;
    if (piece->empty() && Clock::now() - last >= core_.options.stream_heartbeat) piece = ": \n\n";
    if (!piece->empty()) {
      last = Clock::now();
      exchange.sent += static_cast<int64_t>(piece->size());
      std::array<char, 24> size{};
      const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", piece->size());
      const std::string chunk = std::string(size.data(), static_cast<size_t>(digits)) + *piece + "\r\n";
      const bool written = co_await WriteAll(chunked ? std::string_view(chunk) : std::string_view(*piece));
      if (!written) co_return;
    }
    if (gone_ || core_.stopping) break;
    boost::system::error_code woken;
    pause_.expires_after(core_.options.stream_poll);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (chunked && !gone_) co_await WriteAll("0\r\n\r\n");
}

}  // namespace dealpace::http
