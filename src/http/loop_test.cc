#include "http/loop.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
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
    boost::asio::post(loop_.context(), [&task] { task(); });
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
      const Loop::Answering request(loop_);
      ++done;
    });
    if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it has fallen asleep
  }
  EXPECT_EQ(done, 1000);
}

TEST_F(LoopTest, ARequestEndsOnceHoweverOftenItIsMoved) {
  There([&] {
    Loop::Answering first(loop_);
    Loop::Answering second(std::move(first));
    Loop::Answering third;
    third = std::move(second);
    EXPECT_EQ(loop_.answering(), 1);
    third.End();
    third.End();
    EXPECT_EQ(loop_.answering(), 0);
    third = Loop::Answering(loop_);
    third = Loop::Answering(loop_);
    EXPECT_EQ(loop_.answering(), 1);
  });
  There([&] { EXPECT_EQ(loop_.answering(), 0); });
}

TEST_F(LoopTest, GoesOnAfterSomethingWasThrown) {
  boost::asio::post(loop_.context(), [] { throw std::runtime_error("thrown to see whether it goes on"); });
  bool done = false;
  There([&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace dealpace::http
