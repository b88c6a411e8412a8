#pragma once

// Inside the server only: what its connections share. Asio must not be included anywhere else.
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "http/limits.h"
#include "http/loop.h"
#include "http/router.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace dealpace::http {

class Connection;

struct ServerCore {
  ServerCore(ServerOptions given, Router routes, GateKeeper keeper, Handler otherwise, QuickPath quick_path)
      : options(std::move(given)),
        router(std::move(routes)),
        gate(std::move(keeper)),
        fallback(std::move(otherwise)),
        quick(std::move(quick_path)),
        limits(options.limits),
        bodies(options.limits),
        pool(options.worker_threads, options.queue_max) {
    for (int i = 0; i < options.io_threads; ++i) loops.push_back(std::make_unique<Loop>(quick.at_leisure));
  }

  const ServerOptions options;
  const Router router;
  const GateKeeper gate;
  const Handler fallback;
  const QuickPath quick;
  AccountLimits limits;
  BodyLimits bodies;
  // One for each I/O thread. A connection stays with the one that it was given to, so that nothing of it needs a lock
  // or wakes another thread.
  std::vector<std::unique_ptr<Loop>> loops;
  std::optional<boost::asio::ssl::context> tls;
  bool hsts = false;
  WorkerPool pool;

  std::atomic<bool> stopping = false;  // finish what runs, begin nothing
  std::atomic<bool> aborting = false;  // jobs that still wait are not worth beginning

  std::mutex mutex;
  std::condition_variable left;  // a connection has ended
  std::unordered_set<Connection*> connections;
};

// Takes over a connection that was accepted on that loop, and serves it until it ends; where the server is full, by
// telling it so. The core must outlive it.
void ServeConnection(ServerCore& core, Loop& loop, boost::asio::ip::tcp::socket socket, bool full);
// Let idle connections and streams end, others after their request. Thread-safe.
void DrainConnections(ServerCore& core);
// Ends all at once. Thread-safe.
void AbortConnections(ServerCore& core);

}  // namespace dealpace::http
