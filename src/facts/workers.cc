#include "facts/workers.h"

#include <algorithm>

namespace dealpace::facts {

Workers::Workers(size_t count) {
  for (size_t i = 0; i < count; ++i) threads_.emplace_back([this] { Loop(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Run(size_t count, const std::function<void(size_t)>& work) {
  size_t open = 0;
  {
    const std::lock_guard lock(mutex_);
    const size_t free = idle_ > tasks_.size() ? idle_ - tasks_.size() : 0;
    for (size_t i = 0; i < std::min(count, free); ++i) {
      tasks_.push_back({&work, i + 1, &open});
      ++open;
    }
  }
  if (open > 0) wake_.notify_all();
  work(0);
  if (count == 0) return;
  std::unique_lock lock(mutex_);
  // What nobody has begun is not needed any more: the work is done.
  const auto mine = std::remove_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.open == &open; });
  open -= static_cast<size_t>(tasks_.end() - mine);
  tasks_.erase(mine, tasks_.end());
  done_.wait(lock, [&] { return open == 0; });
}

void Workers::Loop() {
  std::unique_lock lock(mutex_);
  ++idle_;
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    const Task task = tasks_.back();
    tasks_.pop_back();
    --idle_;
    lock.unlock();
    (*task.work)(task.number);
    lock.lock();
    ++idle_;
    if (--*task.open == 0) done_.notify_all();
  }
}

}  // namespace dealpace::facts
