// Searching, listing and opening customers where a dealer has very many of them.
//
//   customers_bench [CUSTOMERS [URL]]      200000 customers in a SQLite file of its own, or in an empty PostgreSQL
//
// Prints the median and the 95th percentile of each question in milliseconds, asked by who sees the whole dealer and by
// a consultant who sees one two-hundredth of it. Then everything is sealed anew with another data key, as a server does
// it behind the scenes, while one person searches, lists, opens and edits without a pause: how long that takes, and
// what he waits for each beside how it is when nothing else goes on.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "access/key_file.h"
#include "access/resealing.h"
#include "access/vault.h"
#include "catalog/catalog.h"
#include "catalog/embedded.h"
#include "db/db.h"
#include "db/migrate.h"
#include "leads/store.h"
#include "org/org.h"

namespace {

using namespace dealpace;
using Clock = std::chrono::steady_clock;

constexpr int kStaff = 200;
constexpr int kTimes = 200;  // each question is asked

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s %s\n", result.error().code.c_str(), std::string(result.error().Arg("detail")).c_str());
    std::exit(1);
  }
  return *std::move(result);
}
void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s %s\n", status.error().code.c_str(), std::string(status.error().Arg("detail")).c_str());
  std::exit(1);
}

const std::vector<std::string> kSurnames = {"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周",
                                            "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗"};
const std::vector<std::string> kGiven = {"小", "明", "红", "伟", "芳", "娜", "秀", "英", "敏", "静",
                                         "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "超",
                                         "霞", "平", "刚", "桂", "文", "华", "建", "国"};

template <typename Ask>
void Measure(const char* what, const Ask& ask) {
  std::vector<double> times;
  size_t found = 0;
  for (int i = 0; i < kTimes; ++i) {
    const auto begin = Clock::now();
    found += ask(i);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("  %-34s %8.2f %8.2f   %6.1f rows\n", what, times[times.size() / 2], times[times.size() * 95 / 100],
              static_cast<double>(found) / kTimes);
}

double Seconds(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// What somebody waits for who does one thing after the other.
class Work {
 public:
  Work(const char* name, std::function<void(int)> act) : name_(name), act_(std::move(act)) {}
  void Do(int i) {
    const auto begin = Clock::now();
    act_(i);
    times_.push_back(1'000 * Seconds(begin));
  }
  // Median, 95th percentile and the longest; begins anew.
  std::string Figures() {
    std::sort(times_.begin(), times_.end());
    char text[64];
    std::snprintf(text, sizeof text, "%8.2f %8.2f %8.2f", times_[times_.size() / 2], times_[times_.size() * 95 / 100],
                  times_.back());
    times_.clear();
    return text;
  }
  [[nodiscard]] const char* name() const { return name_; }

 private:
  const char* name_;
  std::function<void(int)> act_;
  std::vector<double> times_;
};

void MeasureRotation(db::Database& database, access::Vault& vault, std::vector<Work>& works) {
  std::vector<std::string> quiet;
  for (int i = 0; i < kTimes; ++i) {
    for (Work& work : works) work.Do(i);
  }
  for (Work& work : works) quiet.push_back(work.Figures());

  (void)Must(vault.Rotate(Now()));
  access::Resealer resealer(database, vault, {}, 0);
  access::Resealer::Hooks hooks;
  std::chrono::milliseconds longest{0};
  hooks.rest = [&](std::chrono::milliseconds took, int64_t) {
    longest = std::max(longest, took);
    std::this_thread::sleep_for(access::RestAfter(took));
  };
  std::atomic<bool> done{false};
  access::Resealer::Outcome outcome;
  const auto begin = Clock::now();
  double seconds = 0;
  {
    std::jthread behind([&] {
      outcome = Must(resealer.Run(hooks));
      seconds = Seconds(begin);
      done = true;
    });
    for (int i = 0; !done; ++i) {
      for (Work& work : works) work.Do(i);
    }
  }
  std::printf("another data key: %lld fields sealed anew in %.1f s, the longest step %lld ms%s\n",
              static_cast<long long>(outcome.sealed), seconds, static_cast<long long>(longest.count()),
              outcome.clear ? "" : "; SOME ARE LEFT");
  std::printf("  %-34s %26s   %26s\n", "median, 95th percentile, longest", "quiet", "meanwhile");
  for (size_t i = 0; i < works.size(); ++i) {
    std::printf("  %-34s %s   %s\n", works[i].name(), quiet[i].c_str(), works[i].Figures().c_str());
  }
  const auto drop = Clock::now();
  const int64_t dropped = Must(resealer.Run({})).dropped;
  std::printf("  %lld old keys dropped, after a last look at everything, in %.2f s\n", static_cast<long long>(dropped),
              Seconds(drop));
}

}  // namespace

int main(int argc, char** argv) {
  const int customers = argc > 1 ? std::atoi(argv[1]) : 200'000;
  std::string folder = (std::filesystem::temp_directory_path() / "dealpace-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const std::string url = argc > 2 ? argv[2] : folder + "/dealpace.db";
  const auto database = Must(db::Database::Open(url));
  (void)Must(db::Migrate(*database));
  const auto vault = Must(access::Vault::Open(*database, Must(access::KeyFile::Make(folder + "/keys"))));
  leads::Store store(*database, *vault, catalog::Load(catalog::EmbeddedFiles()).catalog);

  DealerId dealer;
  std::vector<StaffId> staff;
  Must(database->Write<void>([&](db::Connection& c) -> Status {
    dealer = *org::AddDealer(c, "D1", "一店");
    staff.clear();
    for (int i = 0; i < kStaff; ++i) staff.push_back(*org::AddStaff(c, dealer, "s" + std::to_string(i), ""));
    return {};
  }));
  const leads::Asker all{dealer, leads::Visible::All(), "bench"};
  const leads::Asker one{dealer, {false, {staff[7]}, {}}, "bench"};
  const Instant now = Now();

  std::mt19937_64 random(1);
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  std::vector<leads::CustomerId> ids;
  std::vector<std::string> phones;
  std::vector<std::string> leads_made;
  const auto begin = Clock::now();
  for (int done = 0; done < customers;) {
    const int until = std::min(customers, done + 2'000);
    Must(database->WriteBulk<void>([&](db::Connection& c) -> Status {
      for (; done < until; ++done) {
        leads::NewCustomer input;
        const std::string number = std::to_string(100'000'000 + static_cast<int64_t>(done) * 7 % 900'000'000);
        input.record = {{"name", pick(kSurnames) + pick(kGiven) + pick(kGiven)},
                        {"phone", "13" + number},
                        {"plate", "沪A" + std::to_string(10'000 + done % 90'000)},
                        {"address", "南京路" + std::to_string(done)},
                        {"occupation", "engineer"}};
        input.owner = staff[static_cast<size_t>(done) % staff.size()];
        input.despite_duplicates = true;
        // Every fifth is being worked on.
        if (done / kStaff % 5 == 0) input.lead.emplace().amount_fen = 18'000'000;
        auto added = store.AddIn(c, all, input, {now.ms - (customers - done) * int64_t{1000}});
        if (!added.ok()) return added.error();
        ids.push_back(added->customer);
        phones.push_back(input.record["phone"]);
        if (!added->lead.empty()) leads_made.push_back(added->lead);
      }
      return {};
    }));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("%d customers, %zu leads, %d consultants; entered in %.0f s (%.0f a second)\n", customers,
              leads_made.size(), kStaff, seconds, customers / seconds);
  struct stat info {};
  if (argc <= 2 && stat(url.c_str(), &info) == 0) {
    std::printf("the file has %.0f bytes a customer\n", static_cast<double>(info.st_size) / customers);
  }
  using leads::Reveal;
  const std::vector<std::string> sounds = {"wan", "wang", "wangxiao", "lim", "zhangwei", "chenjing"};
  for (const auto& [who, asker] : {std::pair{"sees the whole dealer", all}, std::pair{"sees his own customers", one}}) {
    std::printf("%s: median ms, 95th percentile\n", who);
    const auto search = [&, &asker = asker](const char* what, const auto& text) {
      Measure(what, [&](int i) { return Must(store.Search(asker, text(i), 20, Reveal::kMasked, now)).size(); });
    };
    search("search by the sound of the name", [&](int i) { return sounds[static_cast<size_t>(i) % sounds.size()]; });
    search("search by initials", [&](int) { return std::string("wxm"); });
    search("search by name",
           [&](int i) { return kSurnames[static_cast<size_t>(i) % 20] + kGiven[static_cast<size_t>(i) % 28]; });
    search("search by last four digits",
           [&](int i) { return phones[static_cast<size_t>(i) * 97 % phones.size()].substr(7); });
    search("search by phone", [&](int i) { return phones[static_cast<size_t>(i) * 97 % phones.size()]; });
    search("search that finds nothing", [&](int) { return std::string("nobodyhere"); });
    std::string cursor;
    Measure("list, first page with count", [&, &asker = asker](int) {
      const auto page = Must(store.List(asker, {}, leads::CustomerSort::kChanged, "", 50, Reveal::kMasked, now));
      cursor = page.next;
      return page.customers.size();
    });
    Measure("list, a further page", [&, &asker = asker](int) {
      auto page = Must(store.List(asker, {}, leads::CustomerSort::kChanged, cursor, 50, Reveal::kMasked, now));
      if (!page.next.empty()) cursor = page.next;
      return page.customers.size();
    });
    Measure("a customer's page", [&, &asker = asker](int i) {
      const size_t at = (static_cast<size_t>(i) * 97 * kStaff + 7) % ids.size();
      return Must(store.Get(asker, ids[at], Reveal::kMasked, now)).leads.size();
    });
    Measure("board", [&, &asker = asker](int) { return Must(store.Board(asker, {}, now)).size(); });
    Measure("leads, first page with count", [&, &asker = asker](int) {
      return Must(store.ListLeads(asker, {}, leads::LeadSort::kChanged, "", 50, Reveal::kMasked, now)).leads.size();
    });
  }
  std::vector<Work> works;
  works.emplace_back("search by the sound of the name", [&](int i) {
    (void)Must(store.Search(all, sounds[static_cast<size_t>(i) % sounds.size()], 20, Reveal::kMasked, now));
  });
  works.emplace_back("list, first page with count", [&](int) {
    (void)Must(store.List(all, {}, leads::CustomerSort::kChanged, "", 50, Reveal::kMasked, now));
  });
  const auto at = [&](int i) { return ids[(static_cast<size_t>(i) * 97 * kStaff + 7) % ids.size()]; };
  works.emplace_back("a customer's page", [&](int i) { (void)Must(store.Get(all, at(i), Reveal::kMasked, now)); });
  works.emplace_back("a change of a customer", [&](int i) {
    const int64_t version = Must(store.Get(all, at(i), Reveal::kMasked, now)).version;
    Must(store.Change(all, at(i), version, {{"address", "南京路" + std::to_string(i)}}, now));
  });
  MeasureRotation(*database, *vault, works);
  std::filesystem::remove_all(folder);
  return 0;
}
