#pragma once

// Inside the server only: what one I/O thread runs. Asio must not be included anywhere else.
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

namespace dealpace::http {

// A loop that does not fall asleep where the next request is about to come.
//
// Waking a thread takes longer than answering most requests does. So where all that was asked is answered, and the last
// request came within a moment of the answer before it, the loop looks out for that moment before it sleeps, giving way
// to whoever else wants the processor; where somebody does, it sleeps for some time as it would otherwise. One caller
// who asks one thing after the other gets his answers in half the time; a quiet server sleeps, and one that has much to
// do does not look out. On a single processor it never does: who is looked out for could not come.
class Loop {
 public:
  using Clock = std::chrono::steady_clock;

  // `at_leisure` is called whenever there is nothing to do; it may be empty.
  explicit Loop(std::function<void()> at_leisure = nullptr);
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  // Runs what there is to do until Stop().
  void Run();
  void Stop() { context_.stop(); }

  // Requests that are being answered. On the thread of the loop.
  [[nodiscard]] int answering() const { return answering_; }
  // Whether nobody else has asked in the last moments.
  [[nodiscard]] bool alone() const { return last_at_ - others_at_ >= kAloneFor; }

  // A request from when it has come until it is answered. To be made and ended on the thread of the loop.
  class Answering {
   public:
    Answering() = default;
    // `who` asks: a connection.
    Answering(Loop& loop, const void* who);
    ~Answering() { End(); }
    Answering(Answering&& other) noexcept : loop_(other.loop_) { other.loop_ = nullptr; }
    Answering& operator=(Answering&& other) noexcept;
    void End();

   private:
    Loop* loop_ = nullptr;
  };

 private:
  static constexpr std::chrono::milliseconds kAloneFor{20};
  void UseLeisure();
  // Looks out for something to do, and does it. False: there was nothing.
  bool LookOut();

  const std::function<void()> at_leisure_;
  const bool single_;                // on a single processor
  int answering_ = 0;                // requests
  bool expecting_ = false;           // the last request came soon
  Clock::time_point answered_;       // the last of what was asked
  Clock::time_point crowded_until_;  // others have work for this processor
  const void* last_ = nullptr;       // who asked last …
  Clock::time_point last_at_;        // … and when
  Clock::time_point others_at_;      // when somebody else did
  // Goes first, with the connections that hold on to what stands above.
  boost::asio::io_context context_{1};
};

}  // namespace dealpace::http
