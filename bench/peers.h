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

// Events a second that engines take in durably, by what the test is called; from ingest.jsonl, median of its runs.
[[nodiscard]] std::map<std::string, double> ReadIngest(const std::string& folder);

// What an engine needs for the year, from meta.jsonl; 0 where it does not say.
struct PeerSize {
  double load_s = 0;  // with its indexes
  double disk_mb = 0;
  double peak_mb = 0;  // resident while it is asked
};
[[nodiscard]] std::map<std::string, PeerSize> ReadSizes(const std::string& folder);

// The middle one; 0 of nothing.
[[nodiscard]] double Median(std::vector<double> values);
[[nodiscard]] double Least(const std::vector<double>& values);
[[nodiscard]] double Percentile(std::vector<double> values, int percent);

}  // namespace dealpace::bench
