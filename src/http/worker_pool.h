#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dealpace::http {

// Threads that may block, and a queue of bounded length before them.
class WorkerPool {
 public:
  WorkerPool(int threads, size_t queue_max);
  ~WorkerPool();  // as Stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Takes a job that does not throw. False, and the job is dropped, when `queue_max` jobs wait already or the pool has
  // stopped; a `must` job goes past that limit: for the next step of work that has begun.
  [[nodiscard]] bool Submit(std::function<void()> job, bool must = false);
  [[nodiscard]] size_t waiting() const;
  // Runs what waits, then ends the threads.
  void Stop();

 private:
  void Work();

  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dealpace::http
