// One connection, from accept to close: a coroutine on its own strand.
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "http/answer.h"
#include "http/body_file.h"
#include "http/intake.h"
#include "http/log.h"
#include "http/metrics.h"
#include "http/request_parser.h"
#include "http/server_core.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Wait = asio::awaitable<void>;
template <typename T>
using Awaited = asio::awaitable<T>;

constexpr size_t kReadSize = 16 << 10;
constexpr size_t kFileChunk = 256 << 10;
constexpr uint64_t kGateFirstFrom = 64 << 10;  // a longer body is read only for who may send it
constexpr uint64_t kReadAwayMax = 64 << 10;    // of a refused body, to keep the connection
constexpr size_t kLingerBytesMax = 32 << 20;   // of what a client still sends after its refusal …
constexpr Milliseconds kLingerTimeout{2'000};  // … and for how long
constexpr Milliseconds kTlsGoodbyeTimeout{500};
constexpr Milliseconds kAgain{20};

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

// Everything happens on the strand of `socket_`, except where a job of a worker works on an Exchange whose coroutine
// waits for it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `full`: there are too many connections; this one is told so.
  Connection(ServerCore& core, tcp::socket socket, bool full)
      : core_(core),
        full_(full),
        socket_(std::move(socket)),
        deadline_(socket_.get_executor()),
        pause_(socket_.get_executor()) {
    const std::lock_guard lock(core_.mutex);
    core_.connections.insert(this);
    Metrics::Get().ChangeConnections(1);
  }
  ~Connection() {
    Metrics::Get().ChangeConnections(-1);
    const std::lock_guard lock(core_.mutex);
    core_.connections.erase(this);
    core_.left.notify_all();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `self` keeps the connection while the coroutine lives.
  static Wait Serve(std::shared_ptr<Connection> self);

  // core_.stopping has been set.
  void Drain() {
    if (idle_) Cancel();
    pause_.cancel();
  }
  void Abort() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
  }
  [[nodiscard]] auto executor() { return socket_.get_executor(); }

 private:
  // One request and its answer.
  struct Exchange {
    Intake intake;
    Response response;
    std::optional<BodyFile> upload;  // routes with Body::kFile
    std::optional<ReadFile> file;    // response.body_file
    bool keep_alive = false;
    bool http_1_0 = false;
    bool head_only = false;
    bool malformed = false;  // what follows cannot be read as a request
    bool gate_passed = false;
    int64_t sent = 0;  // bytes of the body
    bool answered = false;
    Clock::time_point begin = Clock::now();
  };

  Wait Run();
  Awaited<bool> Handshake();
  Awaited<bool> ServeRequest();  // one request and its answer; false: no further one
  Awaited<Status> ReadHead(RequestParser& parser);
  Awaited<Status> ReadBody(RequestParser& parser, Exchange& exchange);
  Awaited<bool> ReadAway(RequestParser& parser);
  Wait Answer(RequestParser& parser, Exchange& exchange);
  Wait Send(Exchange& exchange);
  Wait SendFile(Exchange& exchange);
  Wait SendStream(Exchange& exchange);
  Awaited<bool> OnWorker(std::function<void()> job, bool must = false);
  Wait Goodbye();

  // Jobs for a worker.
  void PassGate(Exchange& exchange);
  void Handle(Exchange& exchange);
  void Finish(Exchange& exchange);
  void Failed(Exchange& exchange, std::string_view what);
  void Report(const Exchange& exchange);

  // Reads what there is to the end of in_. Zero bytes: the end, a failure, or a timeout (timed_out_).
  Awaited<size_t> ReadSome();
  Awaited<bool> WriteAll(std::string_view bytes);
  void Watch();

  void Arm(Milliseconds after);
  void Disarm();
  void OnDeadline(uint64_t set);
  void Cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  ServerCore& core_;
  const bool full_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer deadline_;
  asio::steady_timer pause_;
  uint64_t deadline_set_ = 0;
  bool timed_out_ = false;
  bool idle_ = false;   // between requests
  bool plain_ = false;  // plain HTTP where TLS is spoken
  bool gone_ = false;   // seen while streaming
  bool linger_ = false;
  std::string in_;  // read and not yet parsed
  std::string peer_;
  std::array<char, 1024> watched_{};
};

// ---- Deadlines ----
//
// A deadline cancels whatever the socket is doing, again and again until it is disarmed: what it hits may just have
// been completed, and be followed by the next step of the same operation.

void Connection::Arm(Milliseconds after) {
  timed_out_ = false;
  const uint64_t set = ++deadline_set_;
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this(), set](const boost::system::error_code& problem) {
    if (!problem) self->OnDeadline(set);
  });
}

void Connection::Disarm() {
  ++deadline_set_;
  deadline_.cancel();
}

void Connection::OnDeadline(uint64_t set) {
  if (set != deadline_set_) return;
  timed_out_ = true;
  Cancel();
  deadline_.expires_after(kAgain);
  deadline_.async_wait([self = shared_from_this(), set](const boost::system::error_code& problem) {
    if (!problem) self->OnDeadline(set);
  });
}

// ---- Bytes ----

Awaited<size_t> Connection::ReadSome() {
  const size_t had = in_.size();
  in_.resize(had + kReadSize);
  boost::system::error_code problem;
  size_t count = 0;
  const auto buffer = asio::buffer(in_.data() + had, kReadSize);
  if (tls_) {
    count = co_await tls_->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
  } else {
    count = co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
  }
  if (problem) count = 0;
  in_.resize(had + count);
  co_return count;
}

Awaited<bool> Connection::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    Arm(core_.options.write_timeout);
    boost::system::error_code problem;
    size_t count = 0;
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    if (tls_) {
      count = co_await tls_->async_write_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
    } else {
      count = co_await socket_.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
    }
    Disarm();
    if (problem) co_return false;
    bytes.remove_prefix(count);
  }
  co_return true;
}

Awaited<bool> Connection::OnWorker(std::function<void()> job, bool must) {
  const auto back = socket_.get_executor();
  const auto start = [this, &job, must, back](auto handler) {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    const bool taken = core_.pool.Submit(
        [this, job = std::move(job), resume, back]() mutable {
          const bool run = !core_.aborting;
          if (run) job();
          asio::post(back, [resume = std::move(resume), run] { std::move (*resume)(run); });
        },
        must);
    if (!taken) asio::post(back, [resume] { std::move (*resume)(false); });
  };
  const bool done =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(start, asio::use_awaitable);
  co_return done;
}

// ---- The connection ----

Wait Connection::Serve(std::shared_ptr<Connection> self) {
  boost::system::error_code problem;
  const auto end = self->socket_.remote_endpoint(problem);
  if (problem) co_return;
  asio::ip::address address = end.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  self->peer_ = address.to_string();
  self->socket_.set_option(tcp::no_delay(true), problem);
  try {
    co_await self->Run();
  } catch (const std::exception& what) {
    WriteLog(LogLevel::kError, "connection_failed", {{"detail", what.what()}});
  }
  self->Disarm();
  self->socket_.close(problem);
}

Wait Connection::Run() {
  if (core_.tls) {
    const bool shaken = co_await Handshake();
    if (!shaken) co_return;
  }
  bool more = true;
  bool first = true;
  while (more) {
    if (in_.empty()) {
      idle_ = true;
      if (core_.stopping) break;
      Arm(first ? core_.options.header_timeout : core_.options.idle_timeout);
      const size_t count = co_await ReadSome();
      Disarm();
      idle_ = false;
      if (count == 0) break;  // closed, or silent for too long: there is nothing to answer
    }
    first = false;
    more = co_await ServeRequest();
  }
  co_await Goodbye();
}

Awaited<bool> Connection::Handshake() {
  Arm(core_.options.header_timeout);
  boost::system::error_code problem;
  co_await socket_.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, problem));
  char first = 0;
  if (problem || recv(socket_.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
    Disarm();
    co_return false;
  }
  constexpr char kHandshakeRecord = 22;
  if (first != kHandshakeRecord) {
    Disarm();
    plain_ = true;
    co_return true;
  }
  tls_.emplace(socket_, *core_.tls);
  co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, problem));
  Disarm();
  co_return !problem;
}

// Closes so that the last answer arrives: data that nobody has read would make the system reset the connection.
Wait Connection::Goodbye() {
  boost::system::error_code ignored;
  if (tls_ && !timed_out_) {
    Arm(kTlsGoodbyeTimeout);
    co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    Disarm();
  }
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (linger_) {
    tls_.reset();  // what still comes need not be understood
    Arm(kLingerTimeout);
    for (size_t bytes = 0; bytes < kLingerBytesMax && !timed_out_;) {
      in_.clear();
      const size_t count = co_await ReadSome();
      if (count == 0) break;
      bytes += count;
    }
    Disarm();
  }
  socket_.close(ignored);
}

// ---- One request ----

Awaited<Status> Connection::ReadHead(RequestParser& parser) {
  Arm(core_.options.header_timeout);
  Status status;
  while (in_.starts_with("\r\n")) in_.erase(0, 2);  // some clients end a body with one too many
  while (true) {
    const Result<size_t> taken = parser.Feed(in_);
    if (!taken.ok()) {
      status = taken.error();
      break;
    }
    in_.erase(0, *taken);
    if (parser.head_done()) break;
    const size_t count = co_await ReadSome();
    if (count > 0) continue;
    status = timed_out_ ? Error("request_timeout") : Error("request_malformed");
    break;
  }
  Disarm();
  co_return status;
}

Awaited<Status> Connection::ReadBody(RequestParser& parser, Exchange& exchange) {
  Request& request = exchange.intake.request;
  const int64_t most = exchange.intake.route == nullptr ? 0 : exchange.intake.route->body_max;
  std::string gathered;  // for the file
  Status status;
  while (true) {
    const Result<size_t> taken = parser.Feed(in_);
    if (!taken.ok()) {
      status = taken.error();
      break;
    }
    in_.erase(0, *taken);
    const std::string part = parser.TakeBody();
    request.body_bytes += static_cast<int64_t>(part.size());
    if (request.body_bytes > most) {
      status = Error("body_too_large").With("max", most);
      break;
    }
    (exchange.upload ? gathered : request.body) += part;
    if (exchange.upload && (gathered.size() >= kFileChunk || parser.done())) {
      const auto write = [&] { status = exchange.upload->Write(gathered); };
      const bool run = co_await OnWorker(write, true);
      if (!run) status = Error("server_busy");
      gathered.clear();
      if (!status.ok()) break;
    }
    if (parser.done()) break;
    if (*taken > 0 && !in_.empty()) continue;
    Arm(core_.options.body_timeout);
    const size_t count = co_await ReadSome();
    Disarm();
    if (count > 0) continue;
    status = timed_out_ ? Error("request_timeout") : Error("request_malformed");
    break;
  }
  co_return status;
}

// Reads the rest of a refused body when it is short, so that the connection can go on. False: it is not.
Awaited<bool> Connection::ReadAway(RequestParser& parser) {
  uint64_t bytes = 0;
  while (!parser.done()) {
    const Result<size_t> taken = parser.Feed(in_);
    if (!taken.ok()) co_return false;
    in_.erase(0, *taken);
    bytes += parser.TakeBody().size();
    if (bytes > kReadAwayMax) co_return false;
    if (parser.done() || (*taken > 0 && !in_.empty())) continue;
    Arm(core_.options.header_timeout);
    const size_t count = co_await ReadSome();
    Disarm();
    if (count == 0) co_return false;
  }
  co_return true;
}

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
    const bool away = co_await ReadAway(parser);
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

// ---- For the server ----

void ServeConnection(ServerCore& core, tcp::socket socket, bool full) {
  auto connection = std::make_shared<Connection>(core, std::move(socket), full);
  const auto executor = connection->executor();
  asio::co_spawn(executor, Connection::Serve(std::move(connection)), asio::detached);
}

namespace {

// Whatever is said to all connections is said on their strands. The connections are let go of outside the lock, which
// their destructors take.
void TellAll(ServerCore& core, void (Connection::*what)()) {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(core.mutex);
    for (Connection* each : core.connections) {
      if (auto connection = each->weak_from_this().lock()) all.push_back(std::move(connection));
    }
  }
  for (auto& each : all) {
    const auto executor = each->executor();
    asio::post(executor, [connection = std::move(each), what] { (*connection.*what)(); });
  }
}

}  // namespace

void DrainConnections(ServerCore& core) { TellAll(core, &Connection::Drain); }
void AbortConnections(ServerCore& core) { TellAll(core, &Connection::Abort); }

}  // namespace dealpace::http
