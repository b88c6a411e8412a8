#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

// What other engines have left behind of the same questions to the same year: for each engine its answers
// (ans_<engine>.txt) and how long they took (times_<engine>_<process>.tsv) in one folder.
namespace dealpace::bench {

// "Q3 17" → the rows of the answer, as RowsText writes them.
using AnswerTexts = std::map<std::string, std::string>;
[[nodiscard]] AnswerTexts ReadAnswerTexts(const std::string& file);

struct PeerTime {
  std::string engine;
  double cold_us = 0;  // the first in a process, median over processes
  double warm_us = 0;  // median of the others
  double least_us = 0;
};
struct Peer {
  std::string engine;
  AnswerTexts answers;
  std::map<int, PeerTime> times;  // by question
  [[nodiscard]] bool rolled_up() const { return engine.ends_with("roll"); }
  // Counters in memory: what is physically possible, no engine to be held against.
  [[nodiscard]] bool floor() const { return engine == "floor"; }
};
// Engines with answers in the folder; none where it does not exist.
[[nodiscard]] std::vector<Peer> ReadPeers(const std::string& folder);

// The fastest warm answer among engines on raw events, or among those with rollups.
[[nodiscard]] std::optional<PeerTime> BestPeer(const std::vector<Peer>& peers, int question, bool rolled_up);

// Events a second that the best engine takes in durably, by what its test is called ("single", "batch1000"); from
// ingest.jsonl.
struct PeerRate {
  std::string test;
  double per_second = 0;
};
[[nodiscard]] std::optional<PeerRate> BestIngest(const std::string& folder, const std::string& word);

// The middle one; 0 of nothing.
[[nodiscard]] double Median(std::vector<double> values);
[[nodiscard]] double Least(const std::vector<double>& values);
[[nodiscard]] double Percentile(std::vector<double> values, int percent);

}  // namespace dealpace::bench
