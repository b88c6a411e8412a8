#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dealpace::facts {

// Threads that wait for work, so that a question does not pay for making them. Several questions may use them at a
// time; one that finds none free does its work alone.
class Workers {
 public:
  explicit Workers(size_t count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Calls `work(0)` here and `work(1)`, `work(2)` … on free threads, at most `count` of them; returns when all have
  // returned. `work` takes what there is to do from a common place, so that it does not matter how many there are.
  void Run(size_t count, const std::function<void(size_t)>& work);

 private:
  struct Task {
    const std::function<void(size_t)>* work = nullptr;
    size_t number = 0;
    size_t* open = nullptr;  // of the question, guarded by mutex_
  };
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<Task> tasks_;
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dealpace::facts
