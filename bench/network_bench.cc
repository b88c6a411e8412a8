// Measures Dealpace on a made-up network beside plain SQL on the same data in the same run:
//
//   network_bench [DEALERS] [DAYS] [FOLDER]      100 365 a temporary folder
//
// Import of a CSV file (durable, SQLite) against plain prepared inserts; cold start; a dashboard's questions, median
// and 99th percentile, against the same sums by GROUP BY over the ledger table; memory.

#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "app/wiring.h"
#include "base/zones.h"
#include "bench/workload.h"
#include "catalog/messages.h"
#include "db/migrate.h"
#include "exchange/import.h"

namespace dealpace::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

double ResidentMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", catalog::Messages::Get().Render(result.error(), Language::kEnglish).c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Spread {
  double median_ms = 0;
  double p99_ms = 0;
};

Spread Measure(int runs, const std::function<void(int)>& work) {
  std::vector<double> ms;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    work(i);
    ms.push_back(Seconds(start) * 1000);
  }
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms[std::min(ms.size() - 1, ms.size() * 99 / 100)]};
}

constexpr Day kStart{20'089};  // 2025-01-01

std::unique_ptr<app::System> NewSystem(const std::string& path) {
  {
    auto database = Must(db::Database::Open(path));
    Must(db::Migrate(*database));
  }
  return Must(app::System::Open(path));
}

// ---- Import ----

void BenchImport(const std::filesystem::path& folder, int dealers, int days) {
  const std::string csv = (folder / "events.csv").string();
  int64_t events = 0;
  {
    std::ofstream out(csv, std::ios::binary);
    out << "dealer,lead,staff,event,at,source,model,customer_type,amount,reason\n";
    char line[256];
    for (int d = 1; d <= dealers; ++d) {
      for (const WorkloadEvent& e : MakeWorkload(d, days, 42)) {
        const int64_t minute = e.minute % 1440;
        std::snprintf(line, sizeof line, "D%03d,L%u,S%03d-%02d,%s,%s %02d:%02d,%s,M%d,%s,%s,%s\n", d, e.lead, d,
                      e.staff, e.event, FormatDay(kStart + static_cast<int>(e.minute / 1440)).c_str(),
                      static_cast<int>(minute / 60), static_cast<int>(minute % 60), kSourceCodes[e.source], e.model,
                      kCustomerTypes[e.customer_type], e.amount_yuan > 0 ? std::to_string(e.amount_yuan).c_str() : "",
                      e.reason > 0 ? kReasons[e.reason - 1] : "");
        out << line;
        ++events;
      }
    }
  }
  const auto system = NewSystem((folder / "import.db").string());
  exchange::ImportOptions options;
  options.path = csv;
  options.create_missing = true;
  options.mapping = Must(exchange::ParseMapping(
      "kind=\"events\"\nkey=[\"dealer\",\"lead\",\"event\"]\n[columns]\ndealer=\"dealer\"\nlead=\"lead\"\n"
      "staff=\"staff\"\nevent=\"event\"\nat=\"at\"\nsource=\"source\"\nmodel=\"model\"\n"
      "customer_type=\"customer_type\"\namount=\"amount\"\nreason=\"reason\"\n",
      system->catalog()));
  auto start = Clock::now();
  const auto summary = Must(exchange::Import(system->database(), system->catalog(), options));
  const double first = Seconds(start);
  start = Clock::now();
  Must(exchange::Import(system->database(), system->catalog(), options));
  const double again = Seconds(start);

  // Beside it: the same lines by prepared insert into a table with the same keys, 5,000 a transaction, on disk.
  const std::string raw_path = (folder / "raw.db").string();
  sqlite3* raw = nullptr;
  sqlite3_open(raw_path.c_str(), &raw);
  sqlite3_exec(raw,
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e(dealer TEXT, seq INTEGER, lead TEXT, "
               "staff TEXT, event TEXT, at TEXT, source TEXT, model TEXT, ctype TEXT, amount TEXT, reason TEXT, "
               "PRIMARY KEY(dealer, seq)) WITHOUT ROWID; CREATE UNIQUE INDEX k ON e(dealer, lead, event, at, seq)",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(raw, "INSERT INTO e VALUES(?,?,?,?,?,?,?,?,?,?,?)", -1, &insert, nullptr);
  start = Clock::now();
  {
    std::ifstream in(csv, std::ios::binary);
    std::string line;
    std::getline(in, line);
    int64_t row = 0;
    sqlite3_exec(raw, "BEGIN", nullptr, nullptr, nullptr);
    while (std::getline(in, line)) {
      size_t from = 0;
      for (int c = 0; c < 10; ++c) {
        const size_t to = std::min(line.find(',', from), line.size());
        sqlite3_bind_text(insert, c == 0 ? 1 : c + 2, line.data() + from, static_cast<int>(to - from),
                          SQLITE_TRANSIENT);
        from = to + 1;
      }
      sqlite3_bind_int64(insert, 2, row);
      sqlite3_step(insert);
      sqlite3_reset(insert);
      if (++row % 5000 == 0) sqlite3_exec(raw, "COMMIT; BEGIN", nullptr, nullptr, nullptr);
    }
    sqlite3_exec(raw, "COMMIT", nullptr, nullptr, nullptr);
  }
  const double plain = Seconds(start);
  sqlite3_finalize(insert);
  sqlite3_close(raw);

  std::printf("import  %lld events (%.0f MB CSV), refused %lld\n", static_cast<long long>(events),
              static_cast<double>(std::filesystem::file_size(csv)) / 1e6, static_cast<long long>(summary.rows_refused));
  std::printf("  first import         %8.0f events/s\n", static_cast<double>(events) / first);
  std::printf("  same file again      %8.0f events/s (all unchanged)\n", static_cast<double>(events) / again);
  std::printf("  plain SQLite inserts %8.0f rows/s; ours takes %.2f times as long\n",
              static_cast<double>(events) / plain, first / plain);
}

// ---- Questions ----

int64_t Fill(app::System& system, int dealers, int days) {
  const catalog::Catalog& catalog = system.catalog();
  const Zone zone = Must(Zone::Find(org::kDefaultTimeZone));
  int64_t total = 0;
  std::vector<int64_t> sources(kSources);
  std::vector<int64_t> models(kModels);
  std::vector<int64_t> types(3);
  std::vector<int64_t> reasons(8);
  std::vector<RegionId> regions;
  Must(system.database().Write<void>([&](db::Connection& c) -> Status {
    for (int i = 0; i < kSources; ++i)
      sources[static_cast<size_t>(i)] = org::AddMember(c, Dim::kSource, kSourceCodes[i]);
    for (int i = 0; i < kModels; ++i) {
      models[static_cast<size_t>(i)] = org::AddMember(c, Dim::kModel, "M" + std::to_string(i));
    }
    for (int i = 0; i < 3; ++i)
      types[static_cast<size_t>(i)] = org::AddMember(c, Dim::kCustomerType, kCustomerTypes[i]);
    for (int i = 0; i < 8; ++i) reasons[static_cast<size_t>(i)] = org::AddMember(c, Dim::kReason, kReasons[i]);
    for (int r = 0; r < std::max(1, dealers / 10); ++r) {
      ASSIGN_OR_RETURN(const RegionId region, org::AddRegion(c, "R" + std::to_string(r), ""));
      regions.push_back(region);
    }
    return {};
  }));
  const int64_t midnight = zone.At(kStart).ms;  // the zone has no summer time
  for (int d = 1; d <= dealers; ++d) {
    const std::vector<WorkloadEvent> events = MakeWorkload(d, days, 42);
    total += static_cast<int64_t>(events.size());
    Must(system.database().Write<void>([&](db::Connection& c) -> Status {
      char code[16];
      std::snprintf(code, sizeof code, "D%03d", d);
      ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(c, code, ""));
      org::MoveDealer(c, dealer, kFirstDay, regions[static_cast<size_t>(d) % regions.size()]);
      std::vector<StaffId> staff;
      for (int s = 0; s < kStaffPerDealer; ++s) {
        ASSIGN_OR_RETURN(const StaffId id, org::AddStaff(c, dealer, std::string(code) + "-" + std::to_string(s), ""));
        staff.push_back(id);
      }
      std::vector<ledger::NewEntry> entries;
      for (const WorkloadEvent& e : events) {
        ledger::NewEntry entry;
        entry.event = catalog.FindEvent(e.event);
        entry.day = kStart + static_cast<int>(e.minute / 1440);
        entry.at = {midnight + e.minute * 60'000};
        entry.lead = "L" + std::to_string(e.lead);
        entry.actor = staff[static_cast<size_t>(e.staff)];
        entry.members[static_cast<size_t>(MemberIndex(Dim::kSource))] = sources[static_cast<size_t>(e.source)];
        entry.members[static_cast<size_t>(MemberIndex(Dim::kModel))] = models[static_cast<size_t>(e.model)];
        entry.members[static_cast<size_t>(MemberIndex(Dim::kCustomerType))] =
            types[static_cast<size_t>(e.customer_type)];
        if (e.reason > 0) {
          entry.members[static_cast<size_t>(MemberIndex(Dim::kReason))] = reasons[static_cast<size_t>(e.reason - 1)];
        }
        entry.amount = e.amount_yuan * 100;
        entries.push_back(std::move(entry));
      }
      ledger::Append(c, catalog, dealer, entries, {"bench", Now(), {}});
      return {};
    }));
  }
  return total;
}

struct Asked {
  const char* name;
  std::function<kpi::Question(int)> question;
  std::string sql;  // the same sums by plain SQL over the ledger; empty: none
};

void BenchQuestions(const std::filesystem::path& folder, int dealers, int days) {
  const std::string path = (folder / "network.db").string();
  int64_t entries = 0;
  {
    const auto system = NewSystem(path);
    const auto start = Clock::now();
    entries = Fill(*system, dealers, days);
    std::printf("ledger  %lld entries of %d dealers appended in %.1f s (%.0f/s)\n", static_cast<long long>(entries),
                dealers, Seconds(start), static_cast<double>(entries) / Seconds(start));
  }
  const double before_mb = ResidentMb();
  auto start = Clock::now();
  const auto system = Must(app::System::Open(path));
  const auto month = [&](int run) {
    return UnitPeriod(UnitOf(kStart, Grain::kMonth) + run % std::max(1, days / 31), Grain::kMonth);
  };
  const auto dealer_code = [&](int run) {
    char code[16];
    std::snprintf(code, sizeof code, "D%03d", run % dealers + 1);
    return std::string(code);
  };
  const std::string counts =
      "traffic_cnt,first_contact_cnt,prospect_cnt,needs_cnt,presented_cnt,td_invited_cnt,td_cnt,"
      "deal_cnt,delivered_cnt,lost_cnt,deal_amt,fu_done_cnt";
  const std::string rates =
      "capture_rate,test_drive_rate,td_invitation_rate,close_rate,sales_success_rate,"
      "stage_conversion_s4,stage_conversion_s5,stage_conversion_s6,stage_conversion_s7,"
      "stage_conversion_s8,lead_loss_rate";
  const auto ask = [&](const std::string& columns, const Period& period, std::vector<std::string> by = {}) {
    kpi::Question question;
    question.columns = kpi::SplitColumns(columns);
    question.period = period;
    question.by = std::move(by);
    question.today = kStart + days;
    return question;
  };
  const Period year{kStart, kStart + (days - 1)};
  const std::vector<Asked> asked = {
      {"one dealer's month: 12 counts, 11 rates",
       [&](int run) {
         auto q = ask(counts + "," + rates, month(run));
         q.filters = {{Dim::kDealer, {dealer_code(run)}, true}};
         return q;
       },
       "SELECT event, count(*), sum(amount) FROM ledger_entry WHERE dealer_id = (SELECT dealer_id FROM dealer LIMIT 1) "
       "AND day BETWEEN 20089 AND 20119 GROUP BY event"},
      {"success table of one dealer's month",
       [&](int run) {
         auto q = ask("first_contact_cnt,needs_cnt,presented_cnt,td_cnt,deal_cnt,delivered_cnt,sales_success_rate",
                      month(run), {"staff"});
         q.filters = {{Dim::kDealer, {dealer_code(run)}, true}};
         return q;
       },
       ""},
      {"one dealer's year by month: 4 rates",
       [&](int run) {
         auto q = ask("traffic_cnt,capture_rate,test_drive_rate,close_rate,deal_cnt", year, {"month"});
         q.filters = {{Dim::kDealer, {dealer_code(run)}, true}};
         return q;
       },
       ""},
      {"all dealers by close rate, one month", [&](int run) { return ask("close_rate", month(run), {"dealer"}); },
       "SELECT dealer_id, event, count(*) FROM ledger_entry WHERE day BETWEEN 20089 AND 20119 AND event IN "
       "('deal', 'captured') GROUP BY dealer_id, event"},
      {"network: region × month × source over the year",
       [&](int) {
         return ask("traffic_cnt,prospect_cnt,deal_cnt", year, {"region", "month", "source"});
       },
       ""},
      {"network dashboard: 12 counts, 11 rates, one month",
       [&](int run) { return ask(counts + "," + rates, month(run)); },
       "SELECT event, count(*), sum(amount) FROM ledger_entry WHERE day BETWEEN 20089 AND 20119 GROUP BY event"},
      {"network cohort of a month, within 30 days",
       [&](int run) {
         auto q =
             ask("needs_cnt,presented_cnt,td_cnt,deal_cnt,delivered_cnt,won=deal_cnt/first_contact_cnt", month(run));
         q.basis = facts::Basis::kCohort;
         q.within_days = 30;
         return q;
       },
       ""},
  };
  Must(system->engine().Ask(asked[5].question(0)));
  std::printf("cold start to the first network dashboard: %.1f s (%.2f million entries/s)\n", Seconds(start),
              static_cast<double>(entries) / Seconds(start) / 1e6);
  const auto size = system->facts().size();
  std::printf("memory  %.0f MB resident more, facts %.0f MB = %.0f bytes an entry, %lld rows\n",
              ResidentMb() - before_mb, static_cast<double>(size.bytes) / 1e6,
              static_cast<double>(size.bytes) / static_cast<double>(entries), static_cast<long long>(size.rows));
  std::printf("%-52s %10s %10s %14s\n", "question (warm)", "median ms", "p99 ms", "plain SQL ms");
  for (const Asked& a : asked) {
    const Spread ours = Measure(60, [&](int run) { Must(system->engine().Ask(a.question(run))); });
    std::string sql = "—";
    if (!a.sql.empty()) {
      const Spread plain = Measure(3, [&](int) {
        Must(system->database().Read<void>([&](db::Connection& c) -> Status {
          db::Rows rows = c.Query(a.sql);
          while (rows.Next()) {
          }
          return {};
        }));
      });
      char text[64];
      std::snprintf(text, sizeof text, "%.1f (×%.0f)", plain.median_ms, plain.median_ms / ours.median_ms);
      sql = text;
    }
    std::printf("%-52s %10.2f %10.2f %14s\n", a.name, ours.median_ms, ours.p99_ms, sql.c_str());
  }
}

}  // namespace
}  // namespace dealpace::bench

int main(int argc, char** argv) {
  using namespace dealpace::bench;
  const int dealers = argc > 1 ? std::atoi(argv[1]) : 100;
  const int days = argc > 2 ? std::atoi(argv[2]) : 365;
  const std::filesystem::path folder =
      argc > 3 ? std::filesystem::path(argv[3])
               : std::filesystem::temp_directory_path() / ("dealpace-bench-" + std::to_string(dealpace::NewId()));
  std::filesystem::create_directories(folder);
  BenchImport(folder, std::max(1, dealers / 10), days);
  BenchQuestions(folder, dealers, days);
  if (argc <= 3) std::filesystem::remove_all(folder);
}
