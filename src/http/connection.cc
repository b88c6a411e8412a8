// A connection's life: bytes, deadlines, accept to close, and how a request is read.
#include "http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
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

constexpr size_t kReadHead = 2 << 10;  // holds a usual request; more would be idle memory of each connection
constexpr size_t kReadMore = 16 << 10;
constexpr size_t kWriteProgress = 16 << 10;    // what a client must take within the write time-out
constexpr size_t kFileChunk = 256 << 10;       // gathered before it is written
constexpr size_t kLingerBytesMax = 32 << 20;   // of what a client still sends after its refusal …
constexpr Milliseconds kLingerTimeout{2'000};  // … and for how long
constexpr Milliseconds kTlsGoodbyeTimeout{500};
constexpr Milliseconds kAgain{20};

}  // namespace

Connection::Connection(ServerCore& core, Loop& loop, tcp::socket socket, bool full)
    : core_(core),
      loop_(loop),
      full_(full),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
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
// A deadline is a time that is written down; a timer looks at it when the earliest one comes, so that a request that is
// answered at once sets no timer. A deadline that has passed cancels whatever the socket is doing, again and again
// until it is disarmed: what it hits may just have been completed, and be followed by the next step of the same
// operation.

void Connection::Arm(Milliseconds after) {
  timed_out_ = false;
  deadline_ = Clock::now() + after;
  if (deadline_ < timer_at_) SetTimer(deadline_);
}

void Connection::SetTimer(Clock::time_point at) {
  timer_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait([known = weak_from_this()](const boost::system::error_code& problem) {
    if (problem) return;
    if (const auto self = known.lock()) self->OnTimer();
  });
}

void Connection::OnTimer() {
  timer_at_ = kNever;
  if (deadline_ == kNever) return;
  const Clock::time_point now = Clock::now();
  if (now < deadline_) {
    SetTimer(deadline_);
    return;
  }
  timed_out_ = true;
  Cancel();
  SetTimer(now + kAgain);
}

// ---- Bytes ----

Awaited<size_t> Connection::ReadSome(size_t most) {
  const size_t had = in_.size();
  in_.resize(had + most);
  boost::system::error_code problem;
  size_t count = 0;
  const auto buffer = asio::buffer(in_.data() + had, most);
  if (tls_) {
    count = co_await tls_->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
  } else {
    count = co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, problem));
  }
  if (problem) count = 0;
  in_.resize(had + count);
  co_return count;
}

Awaited<bool> Connection::WriteAll(std::string_view first, std::string_view second) {
  bool armed = false;
  size_t progress = 0;
  bool good = true;
  while (good && !(first.empty() && second.empty())) {
    boost::system::error_code problem;
    size_t count = 0;
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first.data(), first.size()),
                                                       asio::buffer(second.data(), second.size())};
    if (!tls_) count = socket_.write_some(buffers, problem);  // mostly it takes all at once
    if (tls_ || problem == asio::error::would_block || problem == asio::error::try_again) {
      if (!armed || progress >= kWriteProgress) {
        Arm(core_.options.write_timeout);
        armed = true;
        progress = 0;
      }
      if (tls_) {
        const std::string_view part = first.empty() ? second : first;
        count = co_await tls_->async_write_some(asio::buffer(part.data(), part.size()),
                                                asio::redirect_error(asio::use_awaitable, problem));
      } else {
        count = co_await socket_.async_write_some(buffers, asio::redirect_error(asio::use_awaitable, problem));
      }
    }
    good = !problem;
    progress += count;
    const size_t of_first = std::min(count, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(std::min(count - of_first, second.size()));
  }
  stuck_ = !good && timed_out_;
  if (armed) Disarm();
  co_return good;
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
  self->socket_.non_blocking(true, problem);
  try {
    co_await self->Run();
  } catch (const std::exception& what) {
    WriteLog(LogLevel::kError, "connection_failed", {{"detail", what.what()}});
  }
  self->Disarm();
  self->timer_.cancel();
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
      if (in_.capacity() > 2 * kReadHead) in_.shrink_to_fit();
      Arm(first ? core_.options.header_timeout : core_.options.idle_timeout);
      const size_t count = co_await ReadSome(kReadHead);
      Disarm();
      idle_ = false;
      if (count == 0) break;  // closed, or silent for too long: there is nothing to answer
    } else {
      // Who sends requests without waiting for the answers must not have the thread for himself.
      co_await asio::post(socket_.get_executor(), asio::use_awaitable);
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
  if (stuck_) {
    // What is still to be sent would keep memory of the system for a quarter of an hour.
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
    co_return;
  }
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
      const size_t count = co_await ReadSome(kReadMore);
      if (count == 0) break;
      bytes += count;
    }
    Disarm();
  }
  socket_.close(ignored);
}

// ---- Reading a request ----

Awaited<Status> Connection::ReadHead(RequestParser& parser) {
  bool armed = false;
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
    if (!armed) Arm(core_.options.header_timeout);
    armed = true;
    const size_t count = co_await ReadSome(kReadMore);
    if (count > 0) continue;
    status = timed_out_ ? Error("request_timeout") : Error("request_malformed");
    break;
  }
  if (armed) Disarm();
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
    // Of one whose length was not told, as it comes.
    if (!exchange.upload) status = ReserveBody(exchange, static_cast<uint64_t>(request.body_bytes));
    if (!status.ok()) break;
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
    const size_t count = co_await ReadSome(kReadMore);
    Disarm();
    if (count > 0) continue;
    status = timed_out_ ? Error("request_timeout") : Error("request_malformed");
    break;
  }
  co_return status;
}

Status Connection::ReserveBody(Exchange& exchange, uint64_t bytes) {
  constexpr uint64_t kSmall = 64 << 10;  // no larger ones are read before the gate has said whose they are
  constexpr uint64_t kStep = 1 << 20;
  const auto held = static_cast<uint64_t>(exchange.body_share.bytes());
  if (bytes <= std::max(kSmall, held)) return {};
  const uint64_t wanted = held == 0 ? bytes : (bytes + kStep - 1) / kStep * kStep;
  Status room =
      core_.bodies.Reserve(exchange.body_share, exchange.intake.request.caller.account, static_cast<int64_t>(wanted));
  if (!room.ok()) Metrics::Get().CountRejected(room.error().code == "server_busy" ? "bodies_full" : room.error().code);
  return room;
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
    const size_t count = co_await ReadSome(kReadMore);
    Disarm();
    if (count == 0) co_return false;
  }
  co_return true;
}

// ---- For the server ----

void ServeConnection(ServerCore& core, Loop& loop, tcp::socket socket, bool full) {
  auto connection = std::make_shared<Connection>(core, loop, std::move(socket), full);
  const auto executor = connection->executor();
  asio::co_spawn(executor, Connection::Serve(std::move(connection)), asio::detached);
}

namespace {

// Whatever is said to all connections is said on their threads. The connections are let go of outside the lock, which
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
