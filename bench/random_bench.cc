// Asks random questions of a store that year_bench left behind, and holds times and answers against another engine's.
//
//   random_bench M --work FOLDER --out FOLDER [--engine COMMAND] [--binary PATH] [--count 200] [--seed 1]
//
//   --work    the folder of year_bench, with its store
//   --out     takes q_duckdb.tsv: the same questions in SQL, a line each: name, run, statement. When another engine has
//             left times_<engine>_<n>.tsv and ans_<engine>.txt there, as bench/peers.h has them, they are compared
//   --engine  asks another engine, which leaves these: run by /bin/sh once the questions are written
//
// Ends with 1 where an answer differs.

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "bench/http_client.h"
#include "bench/peers.h"
#include "bench/promises.h"
#include "bench/random_questions.h"
#include "bench/showroom_store.h"

namespace dealpace::bench {
namespace {

constexpr int kRuns = 5;  // the first one is cold

int Run(int argc, char** argv) {
  const auto scale = FindScale(argc > 1 ? argv[1] : "");
  if (!scale) throw std::runtime_error("scales are S, M and L");
  std::map<std::string, std::string> options = {
      {"--binary", "build/release/dealpace"}, {"--count", "200"}, {"--seed", "1"}};
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const std::string out = options.at("--out");
  std::filesystem::create_directories(out);
  const auto questions = MakeRandomQuestions(*scale, std::atoi(options["--count"].c_str()),
                                             static_cast<uint64_t>(std::atoll(options["--seed"].c_str())));
  std::ofstream sql(out + "/q_duckdb.tsv");
  for (size_t q = 0; q < questions.size(); ++q) {
    for (int run = 0; run < kRuns; ++run) sql << "Q" << q + 1 << "\t" << run << "\t" << questions[q].sql << "\n";
  }
  sql.close();
  if (const std::string& engine = options["--engine"]; !engine.empty()) MustRun({"/bin/sh", "-c", engine});

  const Store store = OpenStore(options["--binary"], options["--work"]);
  const Serving server = store.Serve({"--account-rate", "0", "--account-requests", "0", "--kept-answers", "0"});
  HttpClient client(server.port());
  std::vector<double> ours;
  std::vector<std::string> answers;
  // All of them once before, so that what a start reads is read.
  for (const bool warm : {false, true}) {
    for (const RandomQuestion& question : questions) {
      const std::string request = HttpRequest("POST", "/api/v1/kpi/query", store.token, question.body);
      std::vector<double> times;
      for (int run = 0; run < (warm ? kRuns - 1 : 1); ++run) {
        const HttpAnswer answer = client.Send(request);
        if (answer.status != 200) throw std::runtime_error(question.body + "\n" + answer.body);
        times.push_back(answer.microseconds);
        if (!warm) answers.push_back(RowsText(ReadRandomAnswer(question, answer.body)));
      }
      if (warm) ours.push_back(Median(times));
    }
  }
  std::printf("%zu random questions to %s: median %.2f ms, p95 %.2f ms, longest %.1f ms, over HTTP; resident %.0f MB\n",
              questions.size(), std::string(scale->name).c_str(), Median(ours) / 1000, Percentile(ours, 95) / 1000,
              Percentile(ours, 100) / 1000, server.ResidentMb());

  int different = 0;
  Promises promises;
  for (const Peer& peer : ReadPeers(out)) {
    std::vector<double> ratios;
    int slower = 0;
    for (size_t q = 0; q < questions.size(); ++q) {
      const auto answer = peer.answers.find("Q" + std::to_string(q + 1) + " 0");
      const auto time = peer.times.find(static_cast<int>(q) + 1);
      if (answer == peer.answers.end() || time == peer.times.end()) continue;
      if (answer->second != answers[q] && ++different <= 3) {
        std::printf("DIFFERENT %s\n%s\n%.300s--- %s\n%.300s", questions[q].body.c_str(), questions[q].sql.c_str(),
                    answers[q].c_str(), peer.engine.c_str(), answer->second.c_str());
      }
      ratios.push_back(time->second.warm_us / ours[q]);
      if (ratios.back() < 1) {
        ++slower;
        std::printf("  slower: %.2f ms, %s %.2f ms: %s\n", ours[q] / 1000, peer.engine.c_str(),
                    time->second.warm_us / 1000, questions[q].text.c_str());
      }
    }
    if (ratios.empty()) continue;
    std::printf("against %s: not slower in %zu of %zu, %.1f times as fast at the median (least %.2f), answers %s\n",
                peer.engine.c_str(), ratios.size() - static_cast<size_t>(slower), ratios.size(), Median(ratios),
                Least(ratios), different == 0 ? "all the same" : "DIFFERENT");
    promises.AtLeast("not slower, share of the questions", 1 - slower / static_cast<double>(ratios.size()), 0.975,
                     peer.engine);
    promises.AtLeast("times as fast, median", Median(ratios), 3, peer.engine);
  }
  promises.Print();
  return different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace dealpace::bench

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return dealpace::bench::Run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "random_bench: %s\n", problem.what());
    return 2;
  }
}
