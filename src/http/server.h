#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"
#include "http/router.h"

namespace dealpace::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 8080;               // 0: any free one
  std::string certificate_file;  // PEM; both or none
  std::string key_file;
  std::string folder;  // for temporary files and the self-signed certificate
  int io_threads = 2;
  int worker_threads = 8;
  size_t queue_max = 512;  // requests that wait for a worker; beyond it 503 with Retry-After
  size_t connections_max = 4096;
  size_t header_bytes_max = 16 << 10;                  // 431
  std::chrono::milliseconds header_timeout{10'000};    // 408
  std::chrono::milliseconds body_timeout{60'000};      // without progress: 408
  std::chrono::milliseconds idle_timeout{75'000};      // between requests of a connection
  std::chrono::milliseconds write_timeout{60'000};     // for each 16 kB that the client takes
  std::chrono::milliseconds drain_timeout{10'000};     // graceful stop: for requests that run
  std::chrono::milliseconds stream_poll{250};          // how often an EventStream is asked
  std::chrono::milliseconds stream_heartbeat{15'000};  // a comment line when it has had nothing to say for so long
  std::chrono::milliseconds stream_max{3'600'000};     // then it ends, and the client comes back
  std::chrono::milliseconds stream_check{30'000};      // how often the gate is asked about a stream
  LimitOptions limits;                                 // of one account
};

// Finds out who asks, and refuses what is not to be answered: not signed in, no such right, CSRF. Called on a worker
// before the handler of any route but the open ones; sets request.caller. May add headers to the answer by
// request.response_headers (a renewed cookie). Where a large body is announced, or one for a file, it is called before
// that is read: it must not look at the body.
using GateKeeper = std::function<Status(Request& request, const Route& route)>;

// The same on the thread that reads from the network, so it must not look into the store. Nothing: it would have to,
// and a worker shall ask the GateKeeper.
using QuickGateKeeper = std::function<std::optional<Status>(Request& request, const Route& route)>;

// What is done there. `at_once` runs what it is given for one request, the gate and then the quick handler: whoever
// asks for both whether something has changed can do so once. `at_leisure` is called before a thread looks out for the
// next request or sleeps, where it may do what a later one would have to wait for: some ten microseconds of it. All may
// be empty.
struct QuickPath {
  QuickGateKeeper gate;
  std::function<void(const std::function<void()>& both)> at_once;
  std::function<void()> at_leisure;
};

// The HTTP server (1.0 and 1.1): connections on a few I/O threads, handlers on a pool. Answers every malformed request
// with problem details where there is still somebody to answer. Writes the log (log.h) and the metrics (metrics.h) of
// the process. A client that speaks plain HTTP to a TLS port is sent to https.
class Server {
 public:
  // `fallback` answers GET and HEAD requests that no route matches (the web application), but none below /api; on an
  // I/O thread, so it must not block.
  Server(ServerOptions options, Router router, GateKeeper gate, Handler fallback, QuickPath quick = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and starts; returns at once. On an address that is not loopback, without certificate files, it makes or finds
  // a self-signed certificate in `folder` (self_signed() says so). Fails with address_in_use, address_unusable,
  // certificate_unusable.
  [[nodiscard]] Status Start();
  [[nodiscard]] int port() const;
  [[nodiscard]] bool tls() const;
  [[nodiscard]] bool self_signed() const;
  // For people: "https://192.168.1.20:8080", with this machine's address where it listens on all of them.
  [[nodiscard]] std::string url() const;
  // Takes no new connections, lets running requests finish (up to drain_timeout), ends streams, returns. A handler
  // that runs longer is waited for all the same, since it uses what the caller is about to take down; its client is
  // gone by then. May be called again.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dealpace::http
