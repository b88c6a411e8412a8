#include "http/loop.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

namespace dealpace::http {
namespace {

class LoopTest : public testing::Test {
 protected:
  LoopTest() : open_(loop_.context().get_executor()), thread_([this] { loop_.Run(); }) {}
  ~LoopTest() override {
    loop_.Stop();
    thread_.join();
  }

  // Runs it on the thread of the loop.
  template <typename Function>
  void There(Function function) {
    std::packaged_task<void()> task(std::move(function));
    std::future<void> done = task.get_future();
    boost::asio::post(loop_.context(), std::move(task));
    done.get();
  }

  Loop loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_;
  std::thread thread_;
};

TEST_F(LoopTest, DoesWhatItIsGivenWhetherItLooksOutOrSleeps) {
  int done = 0;
  for (int i = 0; i < 1000; ++i) {
    There([&] {
      const Loop::Answering request(loop_, this);
      ++done;
    });
    if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it has fallen asleep
  }
  EXPECT_EQ(done, 1000);
}

TEST_F(LoopTest, ARequestEndsOnceHoweverOftenItIsMoved) {
  There([&] {
    Loop::Answering first(loop_, this);
    Loop::Answering second(std::move(first));
    Loop::Answering third;
    third = std::move(second);
    EXPECT_EQ(loop_.answering(), 1);
    third.End();
    third.End();
    EXPECT_EQ(loop_.answering(), 0);
    third = Loop::Answering(loop_, this);
    third = Loop::Answering(loop_, this);
    EXPECT_EQ(loop_.answering(), 1);
  });
  There([&] { EXPECT_EQ(loop_.answering(), 0); });
}

TEST_F(LoopTest, KnowsWhetherSomebodyElseHasAskedLately) {
  using std::chrono::milliseconds;
  int one = 0;
  int other = 0;
  bool alone = false;
  const auto ask = [&](const void* who) {
    There([&] {
      const Loop::Answering request(loop_, who);
      alone = loop_.alone();
    });
    return alone;
  };
  EXPECT_TRUE(ask(&one));
  const auto begin = Loop::Clock::now();
  EXPECT_TRUE(ask(&one));
  const bool of_other = ask(&other);
  const bool of_one = ask(&one);
  if (Loop::Clock::now() - begin < milliseconds(20)) {  // else this thread has slept
    EXPECT_FALSE(of_other);
    EXPECT_FALSE(of_one);
  }
  std::this_thread::sleep_for(milliseconds(25));
  EXPECT_TRUE(ask(&one));
  std::this_thread::sleep_for(milliseconds(25));
  EXPECT_TRUE(ask(&other)) << "the last one was here some time ago";
}

TEST_F(LoopTest, DoesAtLeisureWhatItIsToldTo) {
  std::promise<void> done;
  bool once = false;
  Loop loop([&] {
    if (!once) done.set_value();
    once = true;
  });
  const auto open = boost::asio::make_work_guard(loop.context());
  std::thread thread([&] { loop.Run(); });
  done.get_future().wait();  // nothing was asked
  loop.Stop();
  thread.join();
  EXPECT_TRUE(once);
}

TEST_F(LoopTest, GoesOnAfterSomethingWasThrown) {
  boost::asio::post(loop_.context(), [] { throw std::runtime_error("thrown to see whether it goes on"); });
  bool done = false;
  There([&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace dealpace::http
