// Keeps a server of a store that year_bench left behind at work for minutes, with everything at once, and looks whether
// it stays as it is: the ten questions and random ones that nobody has asked before, events one by one and in batches.
//
//   soak_bench M --work FOLDER [--minutes 10] [--binary PATH]
//
//   --work  the folder of year_bench, with its store; the events stay in it
//
// Every tenth event is given a second time, as by a client that has not heard the answer. Ends with 1 where something
// is refused, an event is missing in the last answer or there twice, or where from the second to the last quarter of
// the time memory grows by more than a twentieth and what came needs.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bench/http_client.h"
#include "bench/new_contacts.h"
#include "bench/peers.h"
#include "bench/random_questions.h"
#include "bench/showroom_store.h"
#include "bench/ten_questions.h"

namespace dealpace::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kQueryPath = "/api/v1/kpi/query";
constexpr double kBytesAnEvent = 400;  // of facts and what is remembered, at most
constexpr auto kLookEvery = std::chrono::seconds(5);
constexpr auto kPrintEvery = std::chrono::seconds(30);

// What became of the requests of one kind since the last look.
struct Tally {
  std::mutex mutex;
  std::vector<double> took_us;
};

class Soak {
 public:
  Soak(const YearScale& scale, Store store, double minutes)
      : scale_(scale), store_(std::move(store)), minutes_(minutes), contacts_(scale, store_.token) {}

  int Run() {
    const Serving server = store_.Serve({"--account-rate", "0", "--account-requests", "0"});
    const uint64_t before = Counted(server.port());
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double, std::ratio<60>>(minutes_));
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) Start(threads, server.port(), end, 25, questions_, [this, t] { return Known(t); });
    for (int t = 0; t < 2; ++t) Start(threads, server.port(), end, 10, questions_, [this, t] { return Unheard(t); });
    for (int t = 0; t < 4; ++t) Start(threads, server.port(), end, 50, events_, [this] { return Events(1); });
    Start(threads, server.port(), end, 0.5, events_, [this] { return Events(200); });

    std::printf(
        "| minute | resident MB | questions | p50 ms | p99 ms | events | requests with events: p50 ms | p99 ms |\n"
        "|---|---|---|---|---|---|---|---|\n");
    const auto begin = Clock::now();
    std::vector<double> resident;  // at each look
    std::vector<uint64_t> given;
    uint64_t printed = 0;
    for (auto look = begin, print = begin + kPrintEvery; look < end;) {
      look = std::min(look + kLookEvery, end);
      std::this_thread::sleep_until(look);
      resident.push_back(server.ResidentMb());
      given.push_back(given_);
      if (look < print && look < end) continue;
      print += kPrintEvery;
      std::printf("| %.1f | %.0f |", std::chrono::duration<double>(look - begin).count() / 60, resident.back());
      Print(questions_, std::nullopt);
      Print(events_, given.back() - std::exchange(printed, given.back()));
      std::printf("\n");
    }
    for (std::thread& thread : threads) thread.join();

    // A large answer needs much for a moment, so what counts is the middle of a quarter of the time.
    const size_t quarter = resident.size() / 4;
    const auto middle_of = [&](size_t which) {
      const auto from = resident.begin() + static_cast<std::ptrdiff_t>(which * quarter);
      return Median({from, from + static_cast<std::ptrdiff_t>(quarter)});
    };
    const double second = middle_of(1);
    const double last = middle_of(3);
    const double came = static_cast<double>(given_ - given[2 * quarter]);
    const double allowed = second / 20 + came * kBytesAnEvent / 1e6;
    const uint64_t taken = Counted(server.port()) - before;
    std::printf(
        "\n%llu events given, %llu in the last answer; %llu requests failed; resident %.0f MB in the second quarter, "
        "%.0f MB in the last, %.0f MB more allowed\n",
        static_cast<unsigned long long>(given_), static_cast<unsigned long long>(taken),
        static_cast<unsigned long long>(failed_), second, last, allowed);
    return taken == given_ && failed_ == 0 && last - second <= allowed ? 0 : 1;
  }

 private:
  struct Asked {
    std::string request;
    uint64_t events = 0;
  };

  // A client of its own that sends so many requests a second, each when the one before is answered.
  void Start(std::vector<std::thread>& threads, int port, Clock::time_point end, double per_second, Tally& tally,
             std::function<Asked()> next) {
    threads.emplace_back([this, port, end, per_second, &tally, next = std::move(next)] {
      const auto pause = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / per_second));
      try {
        HttpClient client(port);
        uint64_t number = 0;
        for (auto turn = Clock::now(); turn < end; turn = std::max(turn + pause, Clock::now())) {
          std::this_thread::sleep_until(turn);
          const Asked asked = next();
          const HttpAnswer answer = client.Send(asked.request);
          const bool done = answer.status >= 200 && answer.status < 300;
          if (done) given_ += asked.events;
          if (!done && failed_++ == 0) std::printf("%d %s\n", answer.status, answer.body.c_str());
          if (asked.events > 0 && ++number % 10 == 0 && client.Send(asked.request).status >= 300) ++failed_;
          const std::lock_guard lock(tally.mutex);
          tally.took_us.push_back(answer.microseconds);
        }
      } catch (const std::exception& problem) {
        if (failed_++ == 0) std::printf("%s\n", problem.what());
      }
    });
  }

  Asked Query(const std::string& body) const { return {HttpRequest("POST", kQueryPath, store_.token, body)}; }
  Asked Known(int thread) {
    const uint64_t number = number_++;
    return Query(QuestionBody(static_cast<int>(number % kQuestions) + 1,
                              TurnOf(scale_, static_cast<int>(number + static_cast<uint64_t>(thread)) % 21)));
  }
  Asked Unheard(int thread) {
    thread_local std::vector<RandomQuestion> some;
    thread_local uint64_t seed = 1000 + static_cast<uint64_t>(thread);
    if (some.empty()) some = MakeRandomQuestions(scale_, 50, seed += 2);
    const std::string body = some.back().body;
    some.pop_back();
    return Query(body);
  }
  [[nodiscard]] uint64_t Counted(int port) const {
    HttpClient client(port);  // one that has idled for minutes would be ended
    return contacts_.Counted(client);
  }
  Asked Events(int count) {
    return {contacts_.Request(count, NewContacts::To::kEachInTurn), static_cast<uint64_t>(count)};
  }

  static void Print(Tally& tally, std::optional<uint64_t> events) {
    std::vector<double> took;
    {
      const std::lock_guard lock(tally.mutex);
      took.swap(tally.took_us);
    }
    if (took.empty()) took.push_back(0);
    std::printf(" %llu | %.2f | %.2f |", static_cast<unsigned long long>(events.value_or(took.size())),
                Median(took) / 1000, Percentile(took, 99) / 1000);
  }

  const YearScale scale_;
  const Store store_;
  const double minutes_;
  NewContacts contacts_;
  std::atomic<uint64_t> number_{0};
  std::atomic<uint64_t> given_{0};  // events acknowledged
  std::atomic<uint64_t> failed_{0};
  Tally questions_;
  Tally events_;
};

int Run(int argc, char** argv) {
  const auto scale = FindScale(argc > 1 ? argv[1] : "");
  if (!scale) throw std::runtime_error("scales are S, M and L");
  std::map<std::string, std::string> options = {{"--binary", "build/release/dealpace"}, {"--minutes", "10"}};
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const double minutes = std::atof(options["--minutes"].c_str());
  if (minutes < 0.5) throw std::runtime_error("--minutes: half a minute at least");
  return Soak(*scale, OpenStore(options["--binary"], options["--work"]), minutes).Run();
}

}  // namespace
}  // namespace dealpace::bench

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return dealpace::bench::Run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "soak_bench: %s\n", problem.what());
    return 2;
  }
}
