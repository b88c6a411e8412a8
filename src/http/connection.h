#pragma once

// Inside the server only: one connection, from accept to close, as a coroutine on its loop.
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/answer.h"
#include "http/body_file.h"
#include "http/intake.h"
#include "http/request_parser.h"
#include "http/server_core.h"

namespace dealpace::http {

using Wait = boost::asio::awaitable<void>;
template <typename T>
using Awaited = boost::asio::awaitable<T>;

// Everything happens on the thread of the loop of `socket_`, except where a job of a worker works on an Exchange whose
// coroutine waits for it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  // `full`: there are too many connections; this one is told so.
  Connection(ServerCore& core, Loop& loop, boost::asio::ip::tcp::socket socket, bool full);
  ~Connection();
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
    Loop::Answering answering;
    Intake intake;
    Response response;
    std::optional<BodyFile> upload;  // routes with Body::kFile
    std::optional<ReadFile> file;    // response.body_file
    bool keep_alive = false;
    bool http_1_0 = false;
    bool head_only = false;
    bool malformed = false;  // what follows cannot be read as a request
    bool gate_asked = false;
    bool handled = false;               // without a worker
    AccountLimits::Place place;         // among the requests of the caller's account
    AccountLimits::Place stream_place;  // among its streams
    BodyLimits::Share body_share;       // of the memory that bodies may take
    int64_t sent = 0;                   // bytes of the body
    bool answered = false;
    Clock::time_point begin = Clock::now();
  };

  Wait Run();
  Awaited<bool> Handshake();
  Awaited<bool> ServeRequest();  // one request and its answer; false: no further one
  Awaited<Status> ReadHead(RequestParser& parser);
  Awaited<Status> ReadBody(RequestParser& parser, Exchange& exchange);
  // Of the memory for bodies as much as this one needs, where it is a large one.
  Status ReserveBody(Exchange& exchange, uint64_t bytes);
  // Reads the rest of a refused body when it is short, so that the connection can go on. False: it is not.
  Awaited<bool> ReadAway(RequestParser& parser, uint64_t most);
  Wait Answer(RequestParser& parser, Exchange& exchange);
  Wait Respond(Exchange& exchange);  // by a handler, here or on a worker; a refusal where that cannot be
  Wait Send(Exchange& exchange);
  Wait SendFile(Exchange& exchange);
  Wait SendStream(Exchange& exchange);
  Awaited<bool> MayListenOn(const Exchange& exchange);
  Awaited<bool> OnWorker(std::function<void()> job, bool must = false);
  // By the handler that answers later, where the request is one for it; else nothing is handled.
  Wait HandleLater(Exchange& exchange);
  Wait Goodbye();

  // Without waiting for anything: they leave a request to a worker where that cannot be.
  void PassGateQuickly(Exchange& exchange);
  void HandleQuickly(Exchange& exchange);
  bool BodyIsHere(RequestParser& parser, Exchange& exchange);

  // Jobs for a worker.
  void PassGate(Exchange& exchange);
  void Handle(Exchange& exchange);
  void Finish(Exchange& exchange);

  void TakeVerdict(Exchange& exchange, const Status& let_in);
  void Failed(Exchange& exchange, std::string_view what);
  void Report(const Exchange& exchange);
  [[nodiscard]] AnswerRules RulesOf(const Exchange& exchange) const;

  // Reads what there is, at most so much, to the end of in_. Zero bytes: the end, a failure, or a timeout (timed_out_).
  Awaited<size_t> ReadSome(size_t most);
  // One after the other, in as few packets as they take.
  Awaited<bool> WriteAll(std::string_view first, std::string_view second = {});
  void Watch();
  void Wake() {
    woken_ = true;
    pause_.cancel();
  }

  void Arm(std::chrono::milliseconds after);
  void Disarm() { deadline_ = kNever; }
  void SetTimer(Clock::time_point at);
  void OnTimer();
  void Cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  ServerCore& core_;
  Loop& loop_;
  const bool full_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  static constexpr Clock::time_point kNever = Clock::time_point::max();
  Clock::time_point deadline_ = kNever;  // of what the socket is doing
  boost::asio::steady_timer timer_;      // looks at the deadline
  Clock::time_point timer_at_ = kNever;  // when it does; kNever: not set
  boost::asio::steady_timer pause_;      // between the events of a stream
  bool woken_ = false;
  bool timed_out_ = false;
  bool idle_ = false;   // between requests, or lingering: nothing is lost by ending it
  bool plain_ = false;  // plain HTTP where TLS is spoken
  bool gone_ = false;   // seen while streaming
  bool linger_ = false;
  bool stuck_ = false;  // the client does not take what it is sent
  std::string in_;      // read and not yet parsed
  std::string peer_;
  std::array<char, 1024> watched_{};
};

}  // namespace dealpace::http
