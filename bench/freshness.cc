#include "bench/freshness.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace dealpace::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kGivers = 2;
constexpr auto kEach = std::chrono::microseconds(2000);  // of a giver; 1,000 a second together
constexpr auto kPause = std::chrono::milliseconds(2);
constexpr size_t kCountEvery = 50;  // questions
constexpr int kRounds = 5;          // since a machine changes its pace

// Clients that give events, until the end of this object.
class Givers {
 public:
  Givers(int port, NewContacts& contacts, std::atomic<uint64_t>& acknowledged, std::atomic<uint64_t>& unanswered) {
    for (int i = 0; i < kGivers; ++i) {
      threads_.emplace_back([&, port](const std::stop_token& stop) {
        try {
          HttpClient client(port);
          for (auto turn = Clock::now(); !stop.stop_requested(); turn += kEach) {
            std::this_thread::sleep_until(turn);
            ++(client.Send(contacts.Request()).status < 300 ? acknowledged : unanswered);
          }
        } catch (const std::exception&) {
          ++unanswered;
        }
      });
    }
  }

 private:
  std::vector<std::jthread> threads_;
};

}  // namespace

Freshness MeasureFreshness(int port, const std::vector<std::string>& requests, NewContacts& contacts, double seconds) {
  Freshness result;
  HttpClient client(port);
  std::atomic<uint64_t> acknowledged = contacts.Counted(client);
  std::atomic<uint64_t> unanswered{0};
  const auto ask = [&](std::vector<double>& took) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    for (size_t number = 0; Clock::now() < end; ++number) {
      const HttpAnswer answer = client.Send(requests[number % requests.size()]);
      if (answer.status != 200) throw std::runtime_error(answer.body);
      took.push_back(answer.microseconds);
      std::this_thread::sleep_for(kPause);
      if (number % kCountEvery != 0) continue;
      const uint64_t before = acknowledged;
      const uint64_t counted = contacts.Counted(client);
      ++result.counted;
      if (counted < before) result.missing += before - counted;
    }
  };
  {
    // What is learned of a ledger after a start is learned before.
    const Givers givers(port, contacts, acknowledged, unanswered);
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  uint64_t given = 0;
  double busy_seconds = 0;
  for (int i = 0; i < kRounds; ++i) {
    Freshness::Round& round = result.rounds.emplace_back();
    ask(round.quiet_us);
    const Givers givers(port, contacts, acknowledged, unanswered);
    const uint64_t before = acknowledged;
    const auto begin = Clock::now();
    ask(round.busy_us);
    given += acknowledged - before;
    busy_seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  }
  result.per_second = static_cast<double>(given) / busy_seconds;
  result.unanswered = unanswered;
  return result;
}

}  // namespace dealpace::bench
