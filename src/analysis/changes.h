#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "analysis/freshness.h"
#include "http/router.h"

// Tells open pages that their figures have moved.
namespace dealpace::analysis {

struct ChangeWatchOptions {
  std::chrono::milliseconds interval{1000};  // between two looks: what moves meanwhile is told as one change
};

// One thread that looks whether the state has moved while somebody listens, and wakes those who do: a thousand open
// pages cost one look a second, and nothing while nothing moves. Outlives its listeners. Thread-safe.
class ChangeWatch {
 public:
  explicit ChangeWatch(Freshness& freshness, ChangeWatchOptions options = {});
  ~ChangeWatch();  // as Stop()
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  void Start();
  void Stop();

  // A stream of events: `now` with the state of the beginning, then `changed` with what has moved. `since`: the state
  // that the listener knows, from an earlier stream; where it is another by now, the first event is `changed`. Looks at
  // the store; fails as it does.
  [[nodiscard]] Result<std::shared_ptr<http::EventStream>> Listen(std::string_view since);

 private:
  class Listener;
  void Run();
  // Looks, and wakes all when the state is another. Keeps the old one when the store does not answer.
  Status LookAgain();

  Freshness& freshness_;
  const ChangeWatchOptions options_;
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<State> state_;
  std::unordered_map<const Listener*, std::function<void()>> wakes_;
};

// GET /api/v1/changes.
void AddChangeRoutes(http::Router& router, ChangeWatch& watch);

}  // namespace dealpace::analysis
