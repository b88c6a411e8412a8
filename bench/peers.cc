#include "bench/peers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace dealpace::bench {
namespace {

namespace fs = std::filesystem;

// Microseconds by question, cold and warm.
struct Samples {
  std::vector<double> cold;
  std::vector<double> warm;
};

void ReadTimes(const fs::path& file, std::map<int, Samples>& samples) {
  std::ifstream in(file);
  std::string question;
  int run = 0;
  double microseconds = 0;
  while (in >> question >> run >> microseconds) {
    Samples& of = samples[std::atoi(question.c_str() + 1)];
    (run == 0 ? of.cold : of.warm).push_back(microseconds);
  }
}

}  // namespace

double Percentile(std::vector<double> values, int percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * static_cast<size_t>(percent) / 100)];
}

double Least(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

AnswerTexts ReadAnswerTexts(const std::string& file) {
  AnswerTexts answers;
  std::ifstream in(file);
  std::string* answer = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) {
      answer = &answers[line.substr(1)];
    } else if (answer != nullptr) {
      *answer += line + "\n";
    }
  }
  return answers;
}

std::vector<Peer> ReadPeers(const std::string& folder) {
  std::vector<Peer> peers;
  std::error_code ignored;
  std::map<std::string, std::map<int, Samples>> samples;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("times_") && name.ends_with(".tsv")) {
      const std::string engine = name.substr(6, name.rfind('_') - 6);
      ReadTimes(entry.path(), samples[engine]);
    } else if (name.starts_with("ans_") && name.ends_with(".txt")) {
      peers.push_back({name.substr(4, name.size() - 8), ReadAnswerTexts(entry.path().string()), {}});
    }
  }
  std::sort(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) { return a.engine < b.engine; });
  for (Peer& peer : peers) {
    for (const auto& [question, of] : samples[peer.engine]) {
      peer.times[question] = {peer.engine, Median(of.cold), Median(of.warm), Least(of.warm)};
    }
  }
  return peers;
}

std::optional<PeerTime> BestPeer(const std::vector<Peer>& peers, int question, bool rolled_up) {
  std::optional<PeerTime> best;
  for (const Peer& peer : peers) {
    if (peer.floor() || peer.rolled_up() != rolled_up) continue;
    const auto time = peer.times.find(question);
    if (time != peer.times.end() && (!best || time->second.warm_us < best->warm_us)) best = time->second;
  }
  return best;
}

std::optional<PeerRate> BestIngest(const std::string& folder, const std::string& word) {
  std::map<std::string, std::vector<double>> rates;
  std::ifstream in(folder + "/ingest.jsonl");
  for (std::string line; std::getline(in, line);) {
    boost::json::error_code failed;
    const boost::json::value test = boost::json::parse(line, failed);
    if (failed) continue;
    const std::string name(test.at("test").as_string());
    if (name.find(word) != std::string::npos) rates[name].push_back(test.at("events_per_s").to_number<double>());
  }
  std::optional<PeerRate> best;
  for (const auto& [name, values] : rates) {
    const double rate = Median(values);
    if (!best || rate > best->per_second) best = PeerRate{name, rate};
  }
  return best;
}

}  // namespace dealpace::bench
