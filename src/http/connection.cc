// A connection's life: bytes, deadlines, accept to close, and how a request is read.
#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "http/log.h"
#include "http/metrics.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Milliseconds = std::chrono::milliseconds;

constexpr size_t kReadSize = 16 << 10;
constexpr size_t kFileChunk = 256 << 10;       // gathered before it is written
constexpr size_t kLingerBytesMax = 32 << 20;   // of what a client still sends after its refusal …
constexpr Milliseconds kLingerTimeout{2'000};  // … and for how long
constexpr Milliseconds kTlsGoodbyeTimeout{500};
constexpr Milliseconds kAgain{20};

}  // namespace

Connection::Connection(ServerCore& core, tcp::socket socket, bool full)
    : core_(core),
      full_(full),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      pause_(socket_.get_executor()) {
  Metrics::Get().ChangeConnections(1);
  const std::lock_guard lock(core_.mutex);
  core_.connections.insert(this);
}

Connection::~Connection() {
  Metrics::Get().ChangeConnections(-1);
  const std::lock_guard lock(core_.mutex);
  core_.connections.erase(this);
  core_.left.notify_all();
}

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
    idle_ = true;  // a server that stops does not wait for this
    Arm(kLingerTimeout);
    for (size_t bytes = 0; bytes < kLingerBytesMax && !timed_out_ && !core_.stopping;) {
      in_.clear();
      const size_t count = co_await ReadSome();
      if (count == 0) break;
      bytes += count;
    }
    Disarm();
  }
  socket_.close(ignored);
}

// ---- Reading a request ----

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

Awaited<bool> Connection::ReadAway(RequestParser& parser, uint64_t most) {
  uint64_t bytes = 0;
  while (!parser.done()) {
    const Result<size_t> taken = parser.Feed(in_);
    if (!taken.ok()) co_return false;
    in_.erase(0, *taken);
    bytes += parser.TakeBody().size();
    if (bytes > most) co_return false;
    if (parser.done() || (*taken > 0 && !in_.empty())) continue;
    Arm(core_.options.header_timeout);
    const size_t count = co_await ReadSome();
    Disarm();
    if (count == 0) co_return false;
  }
  co_return true;
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
