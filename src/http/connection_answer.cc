// How a connection answers: who is asked, on which thread, and how the answer is sent.
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdio>
#include <utility>

#include "http/answer.h"
#include "http/connection.h"
#include "http/log.h"
#include "http/metrics.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kFileChunk = 256 << 10;
constexpr uint64_t kGateFirstFrom = 64 << 10;  // a longer body is read only for who may send it
constexpr uint64_t kReadAwayMax = 64 << 10;    // of a refused body, to keep the connection

bool Refuses(const Response& response) { return response.status >= 400; }

Response Busy(const Request& request) {
  return Response::Problem(Error("server_busy"), request).Header("Retry-After", "2");
}

// "total;dur=0.123", in milliseconds.
std::string ServerTiming(std::chrono::duration<double, std::milli> took) {
  std::array<char, 40> text{};
  const auto [end, failed] =
      std::to_chars(text.data(), text.data() + text.size(), took.count(), std::chars_format::fixed, 3);
  return "total;dur=" + std::string(text.data(), end);
}

void RefuseAsBusy(Intake& intake) {
  intake.refusal = Busy(intake.request);
  Metrics::Get().CountRejected("queue_full");
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
  exchange.answering = Loop::Answering(loop_, this);
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
  exchange.intake.request.alone = loop_.alone();
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
  const bool gated = intake.route != nullptr && intake.route->admission.gate != Gate::kOpen;
  bool busy = false;
  if (!intake.refusal && gated) {
    if (core_.quick.at_once && intake.route->quick && BodyIsHere(parser, exchange)) {
      // Nothing is waited for in between.
      core_.quick.at_once([&] {
        PassGateQuickly(exchange);
        HandleQuickly(exchange);
      });
    } else {
      PassGateQuickly(exchange);
    }
    if (!exchange.gate_asked && (to_file || head.chunked || head.length.value_or(0) > kGateFirstFrom)) {
      const bool run = co_await OnWorker([&] { PassGate(exchange); });
      busy = !run;
    }
  }
  if (!busy && !intake.refusal && !to_file && head.length) {
    // Before anything of it is read, or asked for.
    if (const Status room = ReserveBody(exchange, *head.length); !room.ok()) {
      intake.refusal = Response::Problem(room.error(), intake.request);
    }
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
  if (busy) RefuseAsBusy(intake);
  co_await Respond(exchange);
  // Whoever takes his answer slowly does not keep what he sent in memory.
  intake.request.body = std::string();
  exchange.body_share.GiveBack();
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

Wait Connection::Respond(Exchange& exchange) {
  Intake& intake = exchange.intake;
  bool finished = false;
  HandleQuickly(exchange);
  if (!exchange.handled && !intake.refusal && intake.route != nullptr && intake.route->later && exchange.gate_asked) {
    co_await HandleLater(exchange);
  }
  bool handled = exchange.handled;
  if (!handled && !intake.refusal) {
    const bool run = co_await OnWorker([&] {
      Handle(exchange);
      Finish(exchange);
    });
    handled = run;
    finished = run;
    if (!run) RefuseAsBusy(intake);
  }
  if (!handled) exchange.response = *std::move(intake.refusal);
  if (!finished && TakesLong(intake.request, exchange.response)) {
    const bool run = co_await OnWorker([&] { Finish(exchange); }, true);
    finished = run;
  }
  if (!finished) Finish(exchange);
}

// ---- Without waiting for anything ----

// Whether the whole body has come, with the head; then it is the request's.
bool Connection::BodyIsHere(RequestParser& parser, Exchange& exchange) {
  const uint64_t length = parser.head().length.value_or(0);
  if (parser.done()) return true;
  if (parser.head().chunked || exchange.intake.route->body != Body::kMemory || in_.size() < length) return false;
  while (!parser.done()) {
    const Result<size_t> taken = parser.Feed(in_);
    if (!taken.ok() || *taken == 0) return false;
    in_.erase(0, *taken);
    exchange.intake.request.body += parser.TakeBody();
  }
  exchange.intake.request.body_bytes = static_cast<int64_t>(exchange.intake.request.body.size());
  return true;
}

void Connection::PassGateQuickly(Exchange& exchange) {
  if (!core_.quick.gate) return;
  Intake& intake = exchange.intake;
  try {
    if (const auto let_in = core_.quick.gate(intake.request, *intake.route)) TakeVerdict(exchange, *let_in);
  } catch (const std::exception& problem) {
    exchange.gate_asked = true;
    Failed(exchange, problem.what());
    intake.refusal = std::move(exchange.response);
  }
}

void Connection::HandleQuickly(Exchange& exchange) {
  Intake& intake = exchange.intake;
  if (intake.refusal || exchange.handled) return;
  const bool falls_back = intake.route == nullptr;
  if (!falls_back && (!intake.route->quick || (intake.route->admission.gate != Gate::kOpen && !exchange.gate_asked)))
    return;
  try {
    if (falls_back) {
      exchange.response = core_.fallback(intake.request);
    } else if (auto response = intake.route->quick(intake.request)) {
      exchange.response = *std::move(response);
    } else {
      return;
    }
  } catch (const std::exception& problem) {
    Failed(exchange, problem.what());
  }
  exchange.handled = true;
}

Wait Connection::HandleLater(Exchange& exchange) {
  LaterBegin begin;
  try {
    begin = exchange.intake.route->later(exchange.intake.request);
  } catch (const std::exception& problem) {
    Failed(exchange, problem.what());
    exchange.handled = true;
  }
  if (!begin) co_return;
  // Told before this thread waits for it, or afterwards, then on another one.
  struct Told {
    std::mutex mutex;
    LaterAnswer answer;
    std::function<void()> resume;
  };
  const auto told = std::make_shared<Told>();
  begin([told](LaterAnswer answer) {
    std::unique_lock lock(told->mutex);
    told->answer = std::move(answer);
    const std::function<void()> resume = std::move(told->resume);
    lock.unlock();
    if (resume) resume();
  });
  const auto wait = [told, back = socket_.get_executor()](auto handler) {
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    const auto resume = [waiting, back] { asio::post(back, [waiting] { std::move (*waiting)(); }); };
    std::unique_lock lock(told->mutex);
    if (!told->answer) {
      told->resume = resume;
      return;
    }
    lock.unlock();
    resume();
  };
  bool here = false;
  {
    const std::lock_guard lock(told->mutex);
    here = told->answer != nullptr;
  }
  if (!here) co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(wait, asio::use_awaitable);
  try {
    if (auto response = told->answer()) {
      exchange.response = *std::move(response);
      exchange.handled = true;
    }
  } catch (const std::exception& problem) {
    Failed(exchange, problem.what());
    exchange.handled = true;
  }
}

// ---- Jobs of a worker ----

void Connection::Failed(Exchange& exchange, std::string_view what) {
  exchange.response = Response::Problem(Error("internal_error").With("request_id", exchange.intake.request.id),
                                        exchange.intake.request);
  exchange.response.log_detail = what;
}

// What the gate says; and who is let in takes one of the places of his account.
void Connection::TakeVerdict(Exchange& exchange, const Status& let_in) {
  Intake& intake = exchange.intake;
  exchange.gate_asked = true;
  if (!let_in.ok()) {
    intake.refusal = Response::Problem(let_in.error(), intake.request);
    return;
  }
  if (!intake.request.caller.account.set()) return;
  auto place = core_.limits.Admit(intake.request.caller.account);
  if (place.ok()) {
    exchange.place = *std::move(place);
  } else {
    intake.refusal = Response::Problem(place.error(), intake.request);
    Metrics::Get().CountRejected(place.error().code);
  }
}

void Connection::PassGate(Exchange& exchange) {
  Intake& intake = exchange.intake;
  try {
    TakeVerdict(exchange, core_.gate(intake.request, *intake.route));
  } catch (const std::exception& problem) {
    exchange.gate_asked = true;
    Failed(exchange, problem.what());
    intake.refusal = std::move(exchange.response);
  }
}

void Connection::Handle(Exchange& exchange) {
  Intake& intake = exchange.intake;
  if (intake.route != nullptr && intake.route->admission.gate != Gate::kOpen && !exchange.gate_asked) {
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

AnswerRules Connection::RulesOf(const Exchange& exchange) const {
  AnswerRules rules;
  rules.no_store = exchange.intake.route != nullptr || Refuses(exchange.response);
  rules.hsts = core_.hsts && tls_.has_value();
  return rules;
}

void Connection::Finish(Exchange& exchange) {
  const auto open = [&] {
    if (exchange.response.body_file.empty()) return;
    auto file = ReadFile::Open(exchange.response.body_file, exchange.response.remove_body_file);
    if (file.ok()) {
      exchange.file = *std::move(file);
    } else {
      exchange.response = Response::Problem(file.error(), exchange.intake.request);
    }
  };
  const auto admit = [&] {
    const AccountId account = exchange.intake.request.caller.account;
    if (exchange.response.stream == nullptr || !account.set()) return;
    auto place = core_.limits.AdmitStream(account);
    if (place.ok()) {
      exchange.stream_place = *std::move(place);
    } else {
      exchange.response = Response::Problem(place.error(), exchange.intake.request);
      Metrics::Get().CountRejected(place.error().code);
    }
  };
  try {
    open();
    admit();
    FinishAnswer(exchange.intake.request, RulesOf(exchange), exchange.response);
    if (exchange.intake.route != nullptr) {
      exchange.response.Header("Server-Timing", ServerTiming(Clock::now() - exchange.begin));
    }
  } catch (const std::exception& problem) {
    exchange.file.reset();
    Failed(exchange, problem.what());
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
  std::string head =
      AnswerHead(response, exchange.intake.request.id, RulesOf(exchange), body.size(), exchange.keep_alive, false);
  if (exchange.head_only || response.status == 204 || response.status == 304) body = {};
  exchange.sent = static_cast<int64_t>(body.size());
  constexpr size_t kRecord = 16 << 10;  // of TLS: what fits goes into one
  if (tls_ && head.size() + body.size() <= kRecord) {
    head += body;
    body = {};
  }
  const bool written = co_await WriteAll(head, body);
  exchange.answered = written;
}

Wait Connection::SendFile(Exchange& exchange) {
  ReadFile& file = *exchange.file;
  const std::string head = AnswerHead(exchange.response, exchange.intake.request.id, RulesOf(exchange), file.size(),
                                      exchange.keep_alive, false);
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

// Whether the caller would still be let in, without counting as a use of his session.
Awaited<bool> Connection::MayListenOn(const Exchange& exchange) {
  const Route* route = exchange.intake.route;
  if (route == nullptr || route->admission.gate == Gate::kOpen) co_return true;
  Request request = exchange.intake.request;
  request.unattended = true;
  std::optional<Status> let_in;
  try {
    if (core_.quick.gate) let_in = core_.quick.gate(request, *route);
    if (!let_in) {
      const bool run = co_await OnWorker([&] {
        try {
          let_in = core_.gate(request, *route);
        } catch (const std::exception&) {
          let_in.reset();  // the store cannot say: later again
        }
      });
      if (!run) let_in.reset();
    }
  } catch (const std::exception&) {
    let_in.reset();
  }
  co_return !let_in || let_in->ok();
}

Wait Connection::SendStream(Exchange& exchange) {
  exchange.keep_alive = false;
  exchange.place.Leave();
  exchange.answering.End();  // nothing is owed any more
  const bool chunked = !exchange.http_1_0;
  const std::string head =
      AnswerHead(exchange.response, exchange.intake.request.id, RulesOf(exchange), std::nullopt, false, chunked);
  const bool begun = co_await WriteAll(head);
  exchange.answered = begun;
  if (!begun || exchange.head_only) co_return;
  Watch();
  const ServerOptions& options = core_.options;
  EventStream& stream = *exchange.response.stream;
  const bool wakes = stream.WakeBy([known = weak_from_this(), executor = socket_.get_executor()] {
    asio::post(executor, [known] {
      if (const auto self = known.lock()) self->Wake();
    });
  });
  const Clock::time_point begin = Clock::now();
  Clock::time_point last = begin;
  Clock::time_point check = begin + options.stream_check;
  while (!gone_ && !core_.stopping && Clock::now() - begin < options.stream_max) {
    woken_ = false;
    std::optional<std::string> piece;
    try {
      piece = stream.Poll();
    } catch (const std::exception& problem) {
      exchange.response.log_detail = problem.what();
    }
    if (!piece) break;
    if (piece->empty() && Clock::now() - last >= options.stream_heartbeat) piece = ": \n\n";
    if (!piece->empty()) {
      last = Clock::now();
      exchange.sent += static_cast<int64_t>(piece->size());
      std::array<char, 24> size{};
      const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", piece->size());
      const std::string chunk = std::string(size.data(), static_cast<size_t>(digits)) + *piece + "\r\n";
      const bool written = co_await WriteAll(chunked ? std::string_view(chunk) : std::string_view(*piece));
      if (!written) co_return;
    }
    if (Clock::now() >= check) {
      const bool may = co_await MayListenOn(exchange);
      if (!may) break;
      check = Clock::now() + options.stream_check;
    }
    if (gone_ || core_.stopping) break;
    if (woken_) continue;
    boost::system::error_code woken;
    pause_.expires_at(wakes ? std::min({last + options.stream_heartbeat, check, begin + options.stream_max})
                            : std::min(Clock::now() + options.stream_poll, check));
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (chunked && !gone_) co_await WriteAll("0\r\n\r\n");
}

}  // namespace dealpace::http
