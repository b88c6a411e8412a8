// Measures Dealpace from end to end on a made-up year of a network: import of a file, ten questions over HTTP, many
// clients at once, events taken in one by one and in batches; beside what other engines took for the same.
//
//   year_bench S|M|L [--binary PATH] [--work FOLDER] [--db URL] [--peers FOLDER] [--seconds N] [--processes N]
//              [--again yes] [--smaller FOLDER]
//
//   --work       where the year and the store are kept; the store is made anew (a temporary folder, removed at the end)
//   --db         PostgreSQL by its URL, an empty database; SQLite in the work folder without
//   --peers      a folder with ans_<engine>.txt and times_<engine>_<n>.tsv of the same scale
//   --seconds    of each measurement under load (5)
//   --processes  server processes that answer the questions, each from cold (2)
//   --again yes  the store that an earlier run left in the work folder, without importing
//   --smaller    the work folder of a run at scale M: its store is asked in turn with this one, to see what grows
//
// Every answer to a question that is timed alone is held against the year counted again, and against those of the
// engines. Ends with 1 where one differs.
// At scale M a table at the end says what of speed and size is promised, and whether it held.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "bench/freshness.h"
#include "bench/growth.h"
#include "bench/http_client.h"
#include "bench/new_contacts.h"
#include "bench/peers.h"
#include "bench/promises.h"
#include "bench/showroom_store.h"
#include "bench/ten_questions.h"

namespace dealpace::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kQueryPath = "/api/v1/kpi/query";
constexpr int kManyConnections = 64;
constexpr int kBatch = 1000;
constexpr int kWarmPasses = 5;  // through all questions in a process, since a machine changes its pace

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

// How many times as fast as the best engine an answer must be: on the same events, and beside tables summed up
// beforehand.
struct Faster {
  double raw = 0;
  double rolled_up = 0;
};
constexpr Faster kFaster[kQuestions + 1] = {{},        {10, 1.2}, {10, 1.2}, {20, 1.2}, {100, 5}, {100, 10},
                                            {100, 10}, {20, 10},  {100, 10}, {100, 10}, {20, 10}};

struct Options {
  YearScale scale;
  std::string binary = "build/release/dealpace";
  std::string mapping = "bench/showroom_year.toml";
  std::string work;
  std::string database;
  std::string peers;
  std::string smaller;
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
    } else if (name == "--smaller") {
      options.smaller = value;
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
    sizes_ = ReadSizes(options_.peers);
    ingest_ = ReadIngest(options_.peers);
    Load();
    FirstAnswers();
    for (int process = 0; process < options_.processes; ++process) AskAll();
    AskAgain();
    PromiseQuestions();
    if (!options_.smaller.empty()) Grow();
    AsItIsUnderLoad();
    WhileEventsComeIn();
    UnderLoad();
    PrintQuestions();
    PrintChecks();
    if (options_.scale.name == "M") promises_.Print();
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
      promises_.Unmeasured("import, disk", "the store of an earlier run");
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
    for (const auto& [engine, size] : sizes_) {
      std::printf("  %s: load %.1f s, disk %.0f MB\n", engine.c_str(), size.load_s, size.disk_mb);
    }
    const PeerSize sqlite = SizeOf("sqlite");
    if (sqlite.load_s > 0) {
      promises_.AtLeast("import, durable, ready to answer", sqlite.load_s / import.seconds, 1, "SQLite's load");
    } else {
      promises_.Unmeasured("import", "SQLite was not asked");
    }
    if (sqlite.disk_mb > 0 && options_.database.empty()) {
      promises_.AtMost("disk", FolderMb(store_.folder) / sqlite.disk_mb, 1, "SQLite with indexes");
    } else {
      promises_.Unmeasured("disk", options_.database.empty() ? "SQLite was not asked" : "the store is elsewhere");
    }
  }

  // All 0 of an engine that was not asked.
  [[nodiscard]] PeerSize SizeOf(const std::string& engine) const {
    const auto size = sizes_.find(engine);
    return size == sizes_.end() ? PeerSize{} : size->second;
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
      if (question == 1) promises_.AtMost("first answer, one dealer, ms", answer.microseconds / 1e3, 100);
      if (question != 4) continue;
      const double load_s = SizeOf("duckdb").load_s;
      if (load_s > 0) {
        promises_.AtMost("first answer, network", answer.microseconds / 1e6 / load_s, 0.5, "DuckDB's load");
      } else {
        promises_.Unmeasured("first answer, network", "DuckDB was not asked");
      }
    }
  }

  // Each question once in every turn, with what it needs read for the first time; then all of them again and again,
  // warm.
  void AskAll() {
    DropFromCache(store_.folder);
    const Serving server = store_.Serve(kWorkedOut);
    HttpClient client(server.port());
    // Looked at afterwards, so that one question comes right after the other, as other engines are asked.
    struct Asked {
      int question;
      int run;
      HttpAnswer answer;
    };
    std::vector<Asked> asked;
    for (int pass = 0; pass <= kWarmPasses; ++pass) {
      const bool warm = pass > 0;
      for (int question = 1; question <= kQuestions; ++question) {
        for (int run = 0; run < kTurns; ++run) {
          asked.push_back({question, run, client.Send(Request(question, TurnOf(options_.scale, run)))});
          const HttpAnswer& answer = asked.back().answer;
          Times& times = times_[question];
          if (warm) {
            times.warm_us.push_back(answer.microseconds);
            if (const double inside = answer.ServerMicroseconds(); inside >= 0) times.inside_us.push_back(inside);
          } else if (run == 0) {
            times.cold_us.push_back(answer.microseconds);
          }
          times.bytes = answer.body.size();
        }
      }
    }
    resident_mb_ = server.ResidentMb();
    for (const auto& [question, run, answer] : asked) Check(question, run, answer);
  }

  void PromiseQuestions() {
    for (const auto& [question, times] : times_) {
      const std::string of = "Q" + std::to_string(question);
      const double warm = Median(times.warm_us);
      for (const bool rolled_up : {false, true}) {
        const auto best = BestPeer(peers_, question, rolled_up);
        const Faster& faster = kFaster[question];
        const std::string what = of + (rolled_up ? ", times as fast, summed up" : ", times as fast");
        if (best) {
          promises_.AtLeast(what, best->warm_us / warm, rolled_up ? faster.rolled_up : faster.raw, best->engine);
        } else {
          promises_.Unmeasured(what, "no engine was asked");
        }
      }
      const std::string inside_of = of + " inside, µs";
      if (times.inside_us.empty()) {
        promises_.Unmeasured(inside_of, "the server does not say");
        continue;
      }
      const double inside = Median(times.inside_us);
      if (question <= 3) promises_.AtMost(inside_of, inside, 40);
      const auto floor = std::find_if(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.floor(); });
      if (floor != peers_.end() && floor->times.contains(question)) {
        promises_.AtMost(inside_of, inside, 10 * floor->times.at(question).warm_us + 30, "10 × floor + 30");
      } else {
        promises_.Unmeasured(inside_of, "no floor was measured");
      }
    }
    if (const double most = SizeOf("duckdb").peak_mb; most > 0) {
      promises_.AtMost("resident after the questions", resident_mb_ / most, 1, "DuckDB, at most");
    } else {
      promises_.Unmeasured("resident after the questions", "DuckDB was not asked");
    }
  }

  void Grow() const {
    PrintGrowth(OpenStore(store_.binary, options_.smaller), *FindScale("M"), store_, options_.scale);
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

  template <typename Request>
  LoadResult MeasureLoad(int port, const std::string& title, int connections, int of_each,
                         const Request& request) const {
    const LoadResult result = RunLoad(port, {connections, options_.seconds, request});
    std::printf("| %s | %d | %.0f | %s | %s | %s | %llu | %d |\n", title.c_str(), connections,
                result.PerSecond() * of_each, Ms(result.p50_us).c_str(), Ms(result.p99_us).c_str(),
                Ms(result.longest_us).c_str(), static_cast<unsigned long long>(result.refused),
                result.broken + result.unserved);
    return result;
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
    const LoadResult nothing = MeasureLoad(server.port(), "nothing asked (/healthz)", kManyConnections, 1,
                                           [&](int, uint64_t) { return alive; });
    for (const size_t question : {1, 2, 3}) {
      const std::string title = "Q" + std::to_string(question);
      const LoadResult asked = MeasureLoad(server.port(), title, kManyConnections, 1, [&](int, uint64_t number) {
        return all[number % kTurns * kQuestions + question - 1];
      });
      promises_.AtLeast(title + " from 64", asked.PerSecond() / nothing.PerSecond(), 0.6, "health");
      promises_.AtMost(title + ", connections unserved", asked.unserved + asked.broken, 0);
      if (!StaticAnswers::CanRun()) {
        promises_.Unmeasured(title + " beside a file", "nginx is not installed");
        continue;
      }
      const size_t bytes = first.Send(all[question - 1]).body.size();
      const StaticAnswers files(work_ + "/nginx", bytes);
      const std::string get = HttpRequest("GET", "/answer.json", "");
      const LoadResult file = MeasureLoad(files.port(), "nginx, a file of " + std::to_string(bytes) + " bytes",
                                          kManyConnections, 1, [&](int, uint64_t) { return get; });
      promises_.AtLeast(title + " from 64", asked.PerSecond() / file.PerSecond(), 0.25, "nginx, a file");
      promises_.AtMost(title + " slowest hundredth", asked.p99_us / file.p99_us, 5, "nginx, a file");
    }
    if (!StaticAnswers::CanRun()) std::printf("nginx is not installed: not measured beside it\n");
  }

  void WhileEventsComeIn() {
    const Serving server = store_.Serve(kWorkedOut);
    const std::vector<std::string> mixed = AllRequests();
    HttpClient first(server.port());
    for (const std::string& request : mixed) (void)first.Send(request);  // warm
    NewContacts contacts(options_.scale, store_.token);
    const Freshness fresh = MeasureFreshness(server.port(), mixed, contacts, options_.seconds);
    if (fresh.missing + fresh.unanswered > 0) {
      Different("events acknowledged and counted at once",
                std::to_string(fresh.missing) + " missing, " + std::to_string(fresh.unanswered) + " unanswered\n",
                "all\n");
    }
    // The middle one of the rounds, of what each calls its median or its slowest hundredth.
    const auto middle = [&](auto times, int percent) {
      std::vector<double> of_rounds;
      for (const Freshness::Round& round : fresh.rounds) of_rounds.push_back(Percentile(round.*times, percent));
      return Median(of_rounds);
    };
    const auto quiet = &Freshness::Round::quiet_us;
    const auto busy = &Freshness::Round::busy_us;
    std::printf(
        "\nA question 2 ms after each answer, alone: median %s ms, slowest hundredth %s; while %.0f events a second "
        "come "
        "in: %s, %s; %d times every acknowledged event was asked for\n",
        Ms(middle(quiet, 50)).c_str(), Ms(middle(quiet, 99)).c_str(), fresh.per_second, Ms(middle(busy, 50)).c_str(),
        Ms(middle(busy, 99)).c_str(), fresh.counted);
    promises_.AtLeast("events a second meanwhile", fresh.per_second, 950);
    promises_.AtMost("acknowledged events missing in an answer", static_cast<double>(fresh.missing), 0);
    promises_.AtMost("median while 1,000 events a second come in", middle(busy, 50) / middle(quiet, 50), 1.5, "alone");
    promises_.AtMost("slowest hundredth while they come in", middle(busy, 99) / middle(quiet, 99), 1.5, "alone");
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
    NewContacts contacts(options_.scale, store_.token);
    const uint64_t before = contacts.Counted(first);
    uint64_t events = 0;
    for (const int batch : {1, kBatch}) {
      for (const int connections : {1, kManyConnections}) {
        const LoadResult given = measure(std::to_string(batch) + " a request", connections, batch,
                                         [&](int, uint64_t) { return contacts.Request(batch); });
        events += given.answers * static_cast<uint64_t>(batch);
        if (batch > 1) continue;
        const std::string peer = connections == 1 ? "sqlite_wal_full_single" : "pg_sync_on_single_64clients";
        const std::string what = connections == 1 ? "events one by one, one client" : "events one by one, 64 clients";
        if (!ingest_.contains(peer)) {
          promises_.Unmeasured(what, peer + " was not asked");
          continue;
        }
        promises_.AtLeast(what, given.PerSecond() / ingest_.at(peer), connections == 1 ? 0.45 : 1, peer);
      }
    }
    HttpClient last(server.port());  // the first has idled for long
    const uint64_t taken = contacts.Counted(last) - before;
    if (taken != events) Different("events taken in", std::to_string(taken) + "\n", std::to_string(events) + "\n");
    for (const auto& [test, rate] : ingest_) std::printf("  %s takes in %.0f events/s\n", test.c_str(), rate);
    std::printf("\nResident: %.0f MB after the questions, %.0f MB at most under load; on disk %.0f MB\n", resident_mb_,
                server.PeakMb(), FolderMb(store_.folder));
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
  std::map<std::string, PeerSize> sizes_;
  std::map<std::string, double> ingest_;
  std::map<int, Times> times_;
  std::map<std::string, std::string> recount_;
  std::set<std::string> compared_;
  double resident_mb_ = 0;
  Promises promises_;
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
