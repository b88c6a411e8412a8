#include "http/loop.h"

#include <thread>
#include <utility>

#include "http/log.h"

namespace dealpace::http {
namespace {

// About what it takes to wake the two ends of a connection.
constexpr auto kSoon = std::chrono::microseconds(150);
// Whoever gave way for so long has met somebody who works, and sleeps for some time: a sleeper is woken at once when
// his request comes, while one who gives way waits for the other's turn to end.
constexpr auto kGaveWay = std::chrono::microseconds(100);
constexpr auto kCrowdedFor = std::chrono::milliseconds(5);

}  // namespace

Loop::Loop(std::function<void()> at_leisure)
    : at_leisure_(std::move(at_leisure)), single_(std::thread::hardware_concurrency() <= 1) {}

void Loop::Run() {
  while (!context_.stopped()) {
    try {
      if (context_.poll() > 0) continue;
      UseLeisure();
      if (!LookOut()) context_.run_one();
    } catch (const std::exception& problem) {
      WriteLog(LogLevel::kError, "io_failed", {{"detail", problem.what()}});
    }
  }
}

void Loop::UseLeisure() {
  if (!at_leisure_) return;
  try {
    at_leisure_();
  } catch (const std::exception&) {  // nobody waits for it; whoever asks next will be told
  }
}

bool Loop::LookOut() {
  if (single_ || answering_ > 0 || !expecting_) return false;
  Clock::time_point now = Clock::now();
  if (now < crowded_until_) return false;
  for (const auto until = answered_ + kSoon; now < until;) {
    if (context_.poll_one() > 0) return true;
    const Clock::time_point before = Clock::now();
    std::this_thread::yield();
    now = Clock::now();
    if (now - before >= kGaveWay) {
      crowded_until_ = now + kCrowdedFor;
      return false;
    }
  }
  expecting_ = false;
  return false;
}

Loop::Answering::Answering(Loop& loop, const void* who) : loop_(&loop) {
  const Clock::time_point now = Clock::now();
  if (loop.answering_++ == 0) loop.expecting_ = now < loop.answered_ + kSoon;
  if (who != loop.last_) loop.others_at_ = loop.last_at_;
  loop.last_ = who;
  loop.last_at_ = now;
}

Loop::Answering& Loop::Answering::operator=(Answering&& other) noexcept {
  End();
  loop_ = std::exchange(other.loop_, nullptr);
  return *this;
}

void Loop::Answering::End() {
  Loop* const loop = std::exchange(loop_, nullptr);
  if (loop != nullptr && --loop->answering_ == 0) loop->answered_ = Clock::now();
}

}  // namespace dealpace::http
