// Measures Dealpace from end to end on a made-up year of a network: import of a file, ten questions over HTTP, many
// clients at once, events taken in one by one and in batches; beside what other engines took for the same.
//
//   year_bench S|M|L [--binary PATH] [--work FOLDER] [--db URL] [--peers FOLDER] [--seconds N] [--processes N]
//              [--again yes]
//
//   --work       where the year and the store are kept; the store is made anew (a temporary folder, removed at the end)
//   --db         PostgreSQL by its URL, an empty database; SQLite in the work folder without
//   --peers      a folder with ans_<engine>.txt and times_<engine>_<n>.tsv of the same scale
//   --seconds    of each measurement under load (5)
//   --processes  server processes that answer the questions, each from cold (2)
//   --again yes  the store that an earlier run left in the work folder, without importing
//
// Every answer is held against the year counted again, and against those of the engines. Ends with 1 where one differs.

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "bench/http_client.h"
#include "bench/peers.h"
#include "bench/showroom_store.h"
#include "bench/ten_questions.h"

namespace dealpace::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view kQueryPath = "/api/v1/kpi/query";
constexpr std::string_view kEventsPath = "/api/v1/events";
constexpr int kManyConnections = 64;
constexpr int kBatch = 1000;

constexpr const char* kTitles[kQuestions + 1] = {"",
                                                 "a dealer's month",
                                                 "by consultant",
                                                 "a dealer's twelve months",
                                                 "dealers by close rate",
                                                 "region × month × source",
                                                 "cohort within 30 days",
                                                 "region: model × source",
                                                 "traffic needed, by dealer",
                                                 "contacted within 24 h",
                                                 "top three reasons of losing"};

struct Options {
  YearScale scale;
  std::string binary = "build/release/dealpace";
  std::string mapping = "bench/showroom_year.toml";
  std::string work;
  std::string database;
  std::string peers;
  double seconds = 5;
  int processes = 2;
  bool again = false;
};

Options ReadOptions(int argc, char** argv) {
  Options options;
  const auto scale = FindScale(argc > 1 ? argv[1] : "S");
  if (!scale) throw std::runtime_error("scales are S, M and L");
  options.scale = *scale;
  for (int i = 2; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw std::runtime_error(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--binary") {
      options.binary = value;
    } else if (name == "--work") {
      options.work = value;
    } else if (name == "--db") {
      options.database = value;
    } else if (name == "--peers") {
      options.peers = value;
    } else if (name == "--seconds") {
      options.seconds = std::atof(value.c_str());
    } else if (name == "--processes") {
      options.processes = std::max(1, std::atoi(value.c_str()));
    } else if (name == "--again") {
      options.again = value == "yes";
    } else {
      throw std::runtime_error("unknown option " + name);
    }
  }
  return options;
}

// A folder of its own that is removed at the end, unless one was named.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& named) : path_(named) {
    if (!path_.empty()) {
      fs::create_directories(path_);
      return;
    }
    path_ = (fs::temp_directory_path() / "dealpace-year-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    temporary_ = true;
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_ = false;
};

std::string Ms(double us) {
  char text[32];
  std::snprintf(text, sizeof text, us < 1'000 ? "%.3f" : us < 100'000 ? "%.2f" : "%.0f", us / 1000);
  return text;
}

// One account asks all, as fast as it can: the limits of accounts are lifted. What the server has answered before it
// must work out again, unless kept answers are what is measured.
const std::vector<std::string> kWorkedOut = {"--account-rate", "0", "--account-requests", "0", "--kept-answers", "0"};
const std::vector<std::string> kAsItIs = {"--account-rate", "0", "--account-requests", "0"};

// What one question took.
struct Times {
  std::vector<double> cold_us;
  std::vector<double> warm_us;
  std::vector<double> inside_us;  // warm, as the server says
  std::vector<double> kept_us;    // of the same once more, with answers kept
  size_t bytes = 0;
};

class YearBench {
 public:
  YearBench(Options options, const WorkFolder& work) : options_(std::move(options)), work_(work.path()) {}

  int Run() {
    Generate();
    peers_ = ReadPeers(options_.peers);
    Load();
    FirstAnswers();
    for (int process = 0; process < options_.processes; ++process) AskAll();
    AskAgain();
    AsItIsUnderLoad();
    UnderLoad();
    PrintQuestions();
    PrintChecks();
    return different_ == 0 ? 0 : 1;
  }

 private:
  // ---- The year and the store ----

  void Generate() {
    year_ = MakeYear(options_.scale);
    const YearFiles files = WriteYear(year_, work_);
    std::printf("# A year of %d dealers (%s): %zu leads, %zu events, %.0f MB of CSV, fnv1a %016llx\n\n",
                options_.scale.dealers(), std::string(options_.scale.name).c_str(), year_.leads.size(),
                year_.events.size(), static_cast<double>(files.bytes) / 1e6,
                static_cast<unsigned long long>(files.fnv1a));
    double load = 0;
    if (getloadavg(&load, 1) == 1) {
      std::printf("%u cores, load before: %.1f\n\n", std::thread::hardware_concurrency(), load);
    }
    if (files.fnv1a != options_.scale.fnv1a) throw std::runtime_error("these are not the bytes expected");
  }

  void Load() {
    store_.binary = options_.binary;
    store_.folder = work_ + "/store";
    store_.database = options_.database;
    store_.log = work_ + "/server.log";
    const std::string token = work_ + "/token";
    fs::remove(store_.log);
    if (options_.again) {
      std::ifstream(token) >> store_.token;
      if (store_.token.empty()) throw std::runtime_error("no store in " + work_);
      return;
    }
    fs::remove_all(store_.folder);
    MakeStore(store_, options_.scale);
    std::ofstream(token) << store_.token << "\n";
    const Finished import = ImportYear(store_, work_, options_.mapping);
    DropFromCache(store_.folder);
    const auto events = static_cast<double>(year_.events.size());
    std::printf("Import: %.1f s, %.0f events/s, at most %.0f MB resident; on disk %.0f MB, %.0f bytes an event\n",
                import.seconds, events / import.seconds, import.peak_mb, FolderMb(store_.folder),
                FolderMb(store_.folder) * 1e6 / events);
    PrintPeersLoad();
  }

  void PrintPeersLoad() const {
    std::ifstream in(options_.peers + "/meta.jsonl");
    std::map<std::string, std::string> said;
    for (std::string line; std::getline(in, line);) {
      json::error_code failed;
      const json::value meta = json::parse(line, failed);
      if (failed) continue;
      const std::string engine(meta.at("engine").as_string());
      const json::value& data = meta.at("data");
      char text[64] = "";
      if (meta.at("what") == "load" && data.is_object() && data.as_object().contains("load_s")) {
        std::snprintf(text, sizeof text, " load %.1f s", data.at("load_s").to_number<double>());
      } else if (meta.at("what") == "disk_mb" && data.is_number()) {
        std::snprintf(text, sizeof text, " disk %.0f MB", data.to_number<double>());
      }
      if (engine != "floor") said[engine] += text;
    }
    for (const auto& [engine, text] : said) std::printf("  %s:%s\n", engine.c_str(), text.c_str());
  }

  // ---- Questions ----

  [[nodiscard]] std::string Request(int question, const Turn& turn) const {
    return HttpRequest("POST", kQueryPath, store_.token, QuestionBody(question, turn));
  }

  // The same questions to a server as it is, a second time.
  void AskAgain() {
    const Serving server = store_.Serve(kAsItIs);
    HttpClient client(server.port());
    for (int question = 1; question <= kQuestions; ++question) {
      for (int run = 0; run < 2 * kTurns; ++run) {
        const HttpAnswer answer = client.Send(Request(question, TurnOf(options_.scale, run % kTurns)));
        if (run >= kTurns) times_[question].kept_us.push_back(answer.microseconds);
        Check(question, run % kTurns, answer);
      }
    }
  }

  // From the start of a process until it has answered, with nothing of the store in the file cache.
  void FirstAnswers() {
    std::printf("\nA fresh process, the store not in the file cache:\n");
    for (const int question : {1, 4, 5}) {
      DropFromCache(store_.folder);
      const Serving server = store_.Serve(kWorkedOut);
      HttpClient client(server.port());
      const HttpAnswer answer = client.Send(Request(question, TurnOf(options_.scale, 0)));
      Check(question, 0, answer);
      std::printf("  serves after %s ms; its first answer, %s (Q%d), took %s ms\n",
                  Ms(server.start_ms() * 1000).c_str(), kTitles[question], question, Ms(answer.microseconds).c_str());
    }
  }

  // Each question once in every turn, with what it needs read for the first time; then all of them again, warm.
  void AskAll() {
    DropFromCache(store_.folder);
    const Serving server = store_.Serve(kWorkedOut);
    HttpClient client(server.port());
    for (const bool warm : {false, true}) {
      for (int question = 1; question <= kQuestions; ++question) {
        Times& times = times_[question];
        for (int run = 0; run < kTurns; ++run) {
          const HttpAnswer answer = client.Send(Request(question, TurnOf(options_.scale, run)));
          if (warm) {
            times.warm_us.push_back(answer.microseconds);
            if (const double inside = answer.ServerMicroseconds(); inside >= 0) times.inside_us.push_back(inside);
          } else if (run == 0) {
            times.cold_us.push_back(answer.microseconds);
          }
          times.bytes = answer.body.size();
          Check(question, run, answer);
        }
      }
    }
    resident_mb_ = server.ResidentMb();
  }

  void Check(int question, int run, const HttpAnswer& answer) {
    const std::string key = "Q" + std::to_string(question) + " " + std::to_string(run);
    std::string told;
    try {
      if (answer.status != 200) throw std::runtime_error(answer.body);
      told = RowsText(ReadAnswer(question, answer.body, year_.targets));
    } catch (const std::exception& problem) {
      Different(key, problem.what(), "an answer");
      return;
    }
    const Turn turn = TurnOf(options_.scale, run);
    std::string& again = recount_[key];
    if (again.empty()) again = RowsText(Recount(year_, question, turn, Within::kCalendarDays));
    ++checked_;
    if (told != again) Different(key, told, again);
    if (peers_.empty() || !compared_.insert(key).second) return;
    // Where "within 30 days" means 30 × 24 hours to them, our own count in that reading stands for our answer.
    const std::string theirs = question == 6 ? RowsText(Recount(year_, 6, turn, Within::kHours)) : told;
    for (const Peer& peer : peers_) {
      const auto of = peer.answers.find(key);
      if (of == peer.answers.end()) continue;
      ++compared_answers_;
      if (of->second != theirs) Different(key + " of " + peer.engine, theirs, of->second);
    }
  }

  void Different(const std::string& key, const std::string& told, const std::string& wanted) {
    if (++different_ <= 5)
      std::printf("DIFFERENT %s:\n%.400s--- wanted\n%.400s", key.c_str(), told.c_str(), wanted.c_str());
  }

  // ---- Many at once ----

  static void PrintLoadHead(const char* what, const char* each) {
    std::printf("\n| %s | connections | %s/s | p50 ms | p99 ms | longest ms | refused | without answer |\n", what,
                each);
    std::printf("|---|---|---|---|---|---|---|---|\n");
  }

  // Returns how many were answered.
  template <typename Request>
  uint64_t MeasureLoad(int port, const std::string& title, int connections, int of_each, const Request& request) const {
    const LoadResult result = RunLoad(port, {connections, options_.seconds, request});
    std::printf("| %s | %d | %.0f | %s | %s | %s | %llu | %d |\n", title.c_str(), connections,
                result.PerSecond() * of_each, Ms(result.p50_us).c_str(), Ms(result.p99_us).c_str(),
                Ms(result.longest_us).c_str(), static_cast<unsigned long long>(result.refused),
                result.broken + result.unserved);
    return result.answers * static_cast<uint64_t>(of_each);
  }

  // Every question in every turn.
  [[nodiscard]] std::vector<std::string> AllRequests() const {
    std::vector<std::string> all;
    for (int run = 0; run < kTurns; ++run) {
      for (int question = 1; question <= kQuestions; ++question) {
        all.push_back(Request(question, TurnOf(options_.scale, run)));
      }
    }
    return all;
  }

  // The server as people have it, which keeps its answers until figures move, beside a server of files.
  void AsItIsUnderLoad() {
    const Serving server = store_.Serve(kAsItIs);
    const std::vector<std::string> all = AllRequests();
    HttpClient first(server.port());
    for (const std::string& request : all) (void)first.Send(request);

    PrintLoadHead("as it is", "answers");
    const std::string alive = HttpRequest("GET", "/healthz", "");
    MeasureLoad(server.port(), "nothing asked (/healthz)", kManyConnections, 1, [&](int, uint64_t) { return alive; });
    for (const size_t question : {1, 2, 3}) {
      const std::string title = "Q" + std::to_string(question);
      MeasureLoad(server.port(), title, kManyConnections, 1,
                  [&](int, uint64_t number) { return all[number % kTurns * kQuestions + question - 1]; });
      if (!StaticAnswers::CanRun()) continue;
      const size_t bytes = first.Send(all[question - 1]).body.size();
      const StaticAnswers files(work_ + "/nginx", bytes);
      const std::string get = HttpRequest("GET", "/answer.json", "");
      MeasureLoad(files.port(), "nginx, a file of " + std::to_string(bytes) + " bytes", kManyConnections, 1,
                  [&](int, uint64_t) { return get; });
    }
    if (!StaticAnswers::CanRun()) std::printf("nginx is not installed: not measured beside it\n");
  }

  // The same where each answer is worked out, and events come in.
  void UnderLoad() {
    const Serving server = store_.Serve(kWorkedOut);
    const std::vector<std::string> mixed = AllRequests();
    HttpClient first(server.port());
    for (const std::string& request : mixed) (void)first.Send(request);  // warm

    const auto measure = [&](const std::string& title, int connections, int of_each, const auto& request) {
      return MeasureLoad(server.port(), title, connections, of_each, request);
    };

    PrintLoadHead("worked out each time", "answers");
    const std::string alive = HttpRequest("GET", "/healthz", "");
    measure("nothing asked (/healthz)", kManyConnections, 1, [&](int, uint64_t) { return alive; });
    const auto of_question = [&](int question) {
      return [&mixed, question](int, uint64_t number) {
        return mixed[number % kTurns * kQuestions + static_cast<size_t>(question) - 1];
      };
    };
    measure("Q1", 1, 1, of_question(1));
    for (const int question : {1, 2, 3, 4}) {
      measure("Q" + std::to_string(question), kManyConnections, 1, of_question(question));
    }
    measure("Q1 to Q10 in turn", kManyConnections, 1,
            [&](int, uint64_t number) { return mixed[number % mixed.size()]; });

    PrintLoadHead("events taken in", "events");
    const uint64_t before = Taken(first);
    uint64_t events = 0;
    for (const int batch : {1, kBatch}) {
      for (const int connections : {1, kManyConnections}) {
        events += measure(std::to_string(batch) + " a request", connections, batch, EventsRequest(batch));
      }
    }
    const uint64_t taken = Taken(first) - before;
    if (taken != events) Different("events taken in", std::to_string(taken) + "\n", std::to_string(events) + "\n");
    for (const char* word : {"single", "batch1000"}) {
      if (const auto rate = BestIngest(options_.peers, word)) {
        std::printf("  %s takes in %.0f events/s\n", rate->test.c_str(), rate->per_second);
      }
    }
    std::printf("\nResident: %.0f MB after the questions, %.0f MB at most under load; on disk %.0f MB\n", resident_mb_,
                server.PeakMb(), FolderMb(store_.folder));
  }

  // Contacts of January 2026, after the year, so that the questions' answers stay.
  [[nodiscard]] std::function<std::string(int, uint64_t)> EventsRequest(int count) {
    return [this, count](int, uint64_t number) {
      const int dealer = static_cast<int>(number % static_cast<uint64_t>(options_.scale.dealers())) + 1;
      // Without a JSON library: the time that it takes would be the server's.
      std::string events;
      for (int i = 0; i < count; ++i) {
        const std::string id = started_ + "-" + std::to_string(++taken_in_);
        const auto field = [&](const char* name, const std::string& text) {
          events += std::string(",\"") + name + "\":\"" + text + '"';
        };
        events += std::string(i == 0 ? "" : ",") + R"({"event":"traffic","at":"2026-01-05T10:00:00+08:00")";
        field("dealer", std::to_string(dealer));
        field("lead", id);
        field("key", id);
        field("staff", std::to_string((dealer - 1) * kConsultantsPerDealer + 1 + i % kConsultantsPerDealer));
        field("source", std::to_string(i % 5 + 1));
        field("model", std::to_string(i % 8 + 1));
        events += '}';
      }
      return HttpRequest("POST", kEventsPath, store_.token, count == 1 ? events : R"({"events":[)" + events + "]}");
    };
  }

  // What was taken in so far, as the next answer says.
  [[nodiscard]] uint64_t Taken(HttpClient& client) const {
    const HttpAnswer answer = client.Send(
        HttpRequest("POST", kQueryPath, store_.token, R"({"columns": ["traffic_cnt"], "period": "2026-01"})"));
    if (answer.status != 200) throw std::runtime_error(answer.body);
    return json::parse(answer.body).at_pointer("/total/traffic_cnt/value").to_number<uint64_t>();
  }

  // ---- The table ----

  void PrintQuestions() {
    std::printf(
        "\n| | question | ms over HTTP (least) | p95 | ms inside | kept ms | first ms | bytes | best on raw events, ms "
        "(least) | ratio (of the least) | best with rollups, ms (least) | ratio (of the least) |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (const auto& [question, times] : times_) {
      const double warm = Median(times.warm_us);
      const double least = Least(times.warm_us);
      const std::string inside = times.inside_us.empty() ? "–" : Ms(Median(times.inside_us));
      std::printf("| Q%d | %s | %s (%s) | %s | %s | %s | %s | %zu |", question, kTitles[question], Ms(warm).c_str(),
                  Ms(least).c_str(), Ms(Percentile(times.warm_us, 95)).c_str(), inside.c_str(),
                  Ms(Median(times.kept_us)).c_str(), Ms(Median(times.cold_us)).c_str(), times.bytes);
      for (const bool rolled_up : {false, true}) {
        if (const auto best = BestPeer(peers_, question, rolled_up)) {
          std::printf(" %s %s (%s) | %.1f× (%.1f×) |", best->engine.c_str(), Ms(best->warm_us).c_str(),
                      Ms(best->least_us).c_str(), best->warm_us / warm, best->least_us / least);
        } else {
          std::printf(" – | – |");
        }
      }
      std::printf("\n");
    }
    std::printf(
        "\nRatio: the engine's warm median, in its own process, over ours, over HTTP; above 1 we are faster. That of "
        "the\n"
        "least times is the one to look at where something else ran on the machine.\n"
        "Worked out each time (--kept-answers 0); kept: the same question once more to a server as it is.\n");
  }

  void PrintChecks() const {
    std::printf("\n%d answers held against the year counted again", checked_);
    if (compared_answers_ > 0) std::printf(", %d against those of %zu engines", compared_answers_, peers_.size());
    std::printf(": %s\n", different_ == 0 ? "all the same" : (std::to_string(different_) + " DIFFERENT").c_str());
    std::printf(
        "Q6: Dealpace counts until the end of the 30th calendar day; the engines were asked for 30 × 24 hours, and "
        "are\n"
        "held against the same count in that reading.\n");
  }

  Options options_;
  std::string work_;
  Year year_;
  Store store_;
  std::vector<Peer> peers_;
  std::map<int, Times> times_;
  std::map<std::string, std::string> recount_;
  std::set<std::string> compared_;
  double resident_mb_ = 0;
  const std::string started_ = std::to_string(std::time(nullptr));  // keys of events of this run
  uint64_t taken_in_ = 0;
  int checked_ = 0;
  int compared_answers_ = 0;
  int different_ = 0;
};

}  // namespace
}  // namespace dealpace::bench

int main(int argc, char** argv) {
  using namespace dealpace::bench;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    Options options = ReadOptions(argc, argv);
    const WorkFolder work(options.work);
    return YearBench(std::move(options), work).Run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "year_bench: %s\n", problem.what());
    return 2;
  }
}
