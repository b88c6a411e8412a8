#include "bench/growth.h"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "bench/http_client.h"
#include "bench/peers.h"
#include "bench/ten_questions.h"

namespace dealpace::bench {
namespace {

constexpr double kAlike = 1.2;
constexpr int kPasses = 4;                          // the first is not counted
constexpr auto kSettle = std::chrono::seconds(15);  // for what a server learns after its start

// A store being served, and how long its answers to one question take.
class Side {
 public:
  Side(const Store& store, const YearScale& scale)
      : store_(store),
        scale_(scale),
        server_(store.Serve({"--account-rate", "0", "--account-requests", "0", "--kept-answers", "0"})),
        client_(server_.port()) {}

  void Ask(int question, bool counts) {
    for (int run = 0; run < kTurns; ++run) {
      const HttpAnswer answer = client_.Send(
          HttpRequest("POST", "/api/v1/kpi/query", store_.token, QuestionBody(question, TurnOf(scale_, run))));
      if (answer.status != 200) throw std::runtime_error(answer.body);
      if (!counts) continue;
      took_us_.push_back(answer.microseconds);
      inside_us_.push_back(answer.ServerMicroseconds());
    }
  }
  struct Middle {
    double took_us = 0;
    double inside_us = 0;
  };
  Middle TakeMiddle() {
    const Middle middle{Median(took_us_), Median(inside_us_)};
    took_us_.clear();
    inside_us_.clear();
    return middle;
  }

 private:
  const Store& store_;
  const YearScale& scale_;
  const Serving server_;
  HttpClient client_;
  std::vector<double> took_us_;
  std::vector<double> inside_us_;
};

}  // namespace

void PrintGrowth(const Store& few, const YearScale& few_scale, const Store& many, const YearScale& many_scale) {
  Side small(few, few_scale);
  Side large(many, many_scale);
  for (int question = 1; question <= kQuestions; ++question) {
    for (Side* side : {&small, &large}) side->Ask(question, false);
  }
  std::this_thread::sleep_for(kSettle);
  std::printf(
      "\n| | %d dealers, ms (inside) | %d dealers, ms (inside) | grows (inside) | must, at most | |\n"
      "|---|---|---|---|---|---|\n",
      few_scale.dealers(), many_scale.dealers());
  for (int question = 1; question <= kQuestions; ++question) {
    for (int pass = 0; pass < kPasses; ++pass) {
      small.Ask(question, pass > 0);
      large.Ask(question, pass > 0);
    }
    const Side::Middle a = small.TakeMiddle();
    const Side::Middle b = large.TakeMiddle();
    // Q5 has rows by region, Q7 is about the dealers of one region, Q4 and the last three about all dealers; what the
    // others are about does not grow.
    double most = kAlike;
    if (question == 5) most = 1.0 * many_scale.regions / few_scale.regions;
    if (question == 7) most = 1.0 * many_scale.dealers_per_region / few_scale.dealers_per_region;
    if (question == 4 || question >= 8) most = 1.0 * many_scale.dealers() / few_scale.dealers();
    std::printf("| Q%d | %.3f (%.3f) | %.3f (%.3f) | %.2f× (%.2f×) | %.1f× | %s |\n", question, a.took_us / 1e3,
                a.inside_us / 1e3, b.took_us / 1e3, b.inside_us / 1e3, b.took_us / a.took_us, b.inside_us / a.inside_us,
                most, b.took_us <= most * a.took_us ? "holds" : "SHORT");
  }
}

}  // namespace dealpace::bench
