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
namespace json = boost::json;

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

// Each line of a file that is an object; none where it does not exist.
template <typename Take>
void ForEachJson(const std::string& file, const Take& take) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    json::error_code failed;
    const json::value value = json::parse(line, failed);
    if (!failed && value.is_object()) take(value.as_object());
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

std::map<std::string, double> ReadIngest(const std::string& folder) {
  std::map<std::string, std::vector<double>> rates;
  ForEachJson(folder + "/ingest.jsonl", [&](const json::object& test) {
    rates[std::string(test.at("test").as_string())].push_back(test.at("events_per_s").to_number<double>());
  });
  std::map<std::string, double> medians;
  for (const auto& [name, values] : rates) medians[name] = Median(values);
  return medians;
}

std::map<std::string, PeerSize> ReadSizes(const std::string& folder) {
  std::map<std::string, PeerSize> sizes;
  ForEachJson(folder + "/meta.jsonl", [&](const json::object& said) {
    PeerSize& size = sizes[std::string(said.at("engine").as_string())];
    const std::string_view what = said.at("what").as_string();
    const json::value& data = said.at("data");
    const auto field = [&](const char* name) {
      const json::value* value = data.is_object() ? data.as_object().if_contains(name) : nullptr;
      return value == nullptr ? 0 : value->to_number<double>();
    };
    if (what == "load") size.load_s = field("load_s");
    if (what == "disk_mb" && data.is_number()) size.disk_mb = data.to_number<double>();
    if (what == "query") size.peak_mb = std::max(size.peak_mb, field("peak_mb"));
  });
  return sizes;
}

}  // namespace dealpace::bench
