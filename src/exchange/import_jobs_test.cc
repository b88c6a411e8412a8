#include "exchange/import_jobs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catalog/embedded.h"
#include "db/testing.h"
#include "exchange/imports_api.h"
#include "exchange/imports_json.h"
#include "facts/facts.h"
#include "ledger/read.h"
#include "ledger/verify.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;
using Lines = std::vector<std::string>;

std::shared_ptr<const catalog::Catalog> Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return kLoaded.catalog;
}

constexpr Instant kToday{1'792'000'000'000};  // 2026-10-14

// A store with the dealer SH01 and its staff, and a server's jobs over it.
class ImportJobsTest : public testing::TestWithParam<db::Kind> {
 protected:
  ImportJobsTest()
      : database_(GetParam()),
        source_(*database_, *Ours()),
        org_(*database_),
        facts_(*Ours(), source_, org_),
        engine_(*Ours(), facts_) {
    folder_ = (std::filesystem::temp_directory_path() / "dealpace-jobs-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    const Status status = database_->Write<void>([](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(connection, "SH01", "城西店"));
      for (const char* name : {"张三", "李四"}) RETURN_IF_ERROR(org::AddStaff(connection, dealer, name, name));
      (void)org::AddMember(connection, Dim::kModel, "X7");
      return {};
    });
    EXPECT_TRUE(status.ok());
    jobs_ = Server(folder_ + "/imports");
  }
  ~ImportJobsTest() override {
    jobs_.reset();
    const auto verified = database_->Read<ledger::Verification>(
        [](db::Connection& connection) -> Result<ledger::Verification> { return ledger::Verify(connection, *Ours()); });
    EXPECT_TRUE(verified.ok());
    for (const Error& finding : verified->findings) {
      if (ledger::IsDamage(finding)) ADD_FAILURE() << finding.code;
    }
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<ImportJobs> Server(const std::string& folder, bool start = true) {
    ImportJobsOptions options;
    options.folder = folder;
    options.database = &*database_;
    options.catalog = Ours;
    options.clock = [this] { return Instant{now_ms_}; };
    options.ask = [this](const kpi::Question& question) { return engine_.Ask(question); };
    auto jobs = std::make_unique<ImportJobs>(std::move(options));
    if (start && !jobs->Start().ok()) throw std::runtime_error("the jobs do not start");
    return jobs;
  }

  ImportJob Must(Result<ImportJob> job) {
    if (!job.ok()) throw std::runtime_error(job.error().code + " " + std::string(job.error().Arg("what")));
    return *std::move(job);
  }
  ImportJob Upload(const std::string& name, std::string_view text, const std::string& kind = "events") {
    const std::string path = folder_ + "/upload";
    std::ofstream(path, std::ios::binary) << text;
    return Must(jobs_->Upload(name, kind, path, "ana"));
  }
  // Waits until nothing runs any more.
  ImportJob Rested(int64_t id) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until) {
      ImportJob job = Must(jobs_->Get(id));
      if (!job.running()) return job;
      usleep(2'000);
    }
    throw std::runtime_error("the job does not end");
  }
  ImportJob DryRun(int64_t id) {
    (void)Must(jobs_->DryRun(id));
    return Rested(id);
  }
  ImportJob Run(int64_t id, bool all_or_nothing = false) {
    (void)Must(jobs_->Run(id, all_or_nothing, "ana"));
    return Rested(id);
  }
  static int64_t N(const ImportJob& job, const char* group, const char* name) {
    return job.result->at(group).at(name).to_number<int64_t>();
  }
  static Lines Rows(const ImportJob& job) {
    Lines counts;
    for (const char* name : {"new", "changed", "unchanged", "empty", "refused"}) {
      counts.push_back(std::to_string(N(job, "rows", name)));
    }
    return counts;
  }
  int64_t Live() {
    return *database_->Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query("SELECT CAST(coalesce(sum(quantity), 0) AS BIGINT) / 1000 FROM ledger_whole");
      rows.Next();
      return rows.Int(0);
    });
  }
  static ColumnState StateOf(const ImportJob& job, const std::string& column) {
    for (ColumnState& state : ColumnStates(job, *Ours())) {
      if (state.column == column) return state;
    }
    throw std::runtime_error(column);
  }
  ImportJob Change(const ImportJob& job, ImportChange change) {
    return Must(jobs_->Change(job.id, job.version, std::move(change), {}));
  }
  // What the screen is told of refused rows: "row column cell code → suggestion".
  Lines Refused(int64_t id) {
    const auto page = jobs_->Refused(id, 0, 100);
    EXPECT_TRUE(page.ok());
    const json::value told = json::parse(RefusedPageJson(*page, Language::kEnglish));
    Lines lines;
    for (const json::value& row : told.at("rows").as_array()) {
      std::string line = json::serialize(row.at("row")) + " " + std::string(row.at("code").as_string());
      if (row.at("column").is_string()) line += " " + std::string(row.at("column").as_string());
      if (row.at("cell").is_string()) line += "=" + std::string(row.at("cell").as_string());
      if (const json::value& mend = row.at("suggestion"); mend.is_object()) {
        line += " " + std::string(mend.at("kind").as_string());
        if (mend.as_object().contains("to")) line += " " + std::string(mend.at("to").as_string());
      }
      lines.push_back(line);
    }
    return lines;
  }

  std::string folder_;
  db::TestDatabase database_;
  ledger::DatabaseSource source_;
  org::DatabaseOrg org_;
  facts::Facts facts_;
  kpi::Engine engine_;
  std::atomic<int64_t> now_ms_ = kToday.ms;
  std::unique_ptr<ImportJobs> jobs_;
};
INSTANTIATE_TEST_SUITE_P(On, ImportJobsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

constexpr std::string_view kSheet =
    "登记号,来店日期,客户姓名,手机,接待顾问,意向车型,是否试驾,成交日期,成交价(万)\n"
    "L1,2026-09-01,陈女士,13812345678,张三,X7,是,2026-09-05,18.98\n"
    "L2,2026-09-02,王先生,13912345678,李四,X7,否,,\n"
    "L3,2026-09-31,赵先生,13712345678,张三,X7,否,,\n"
    "L4,2026-09-03,孙女士,13612345678,张叁,X7,是,,\n"
    "L5,2027-09-04,周先生,13512345678,李四,X7,否,,\n"
    "L6,2026-09-06,吴先生,13412345678,李四,X9,否,2026-09-08,\"189,800\"\n"
    "L1,2026-09-07,陈女士,13812345678,张三,X7,否,,\n";

TEST_P(ImportJobsTest, FromUploadToUndo) {
  const ImportJob draft = Upload("来店登记.csv", kSheet);
  EXPECT_EQ(draft.state, "draft");
  EXPECT_EQ(draft.settings.mapping_from, "guessed");
  EXPECT_EQ(StateOf(draft, "手机").samples.front(), "138****5678");
  EXPECT_EQ(StateOf(draft, "客户姓名").samples.front(), "陈女士");
  EXPECT_EQ(StateOf(draft, "是否试驾").sure, Sure::kConfirm);
  EXPECT_TRUE(jobs_->MissingOfJob(draft)->empty());

  const ImportJob checked = DryRun(draft.id);
  ASSERT_EQ(checked.state, "checked");
  EXPECT_EQ(Rows(checked), (Lines{"2", "0", "0", "0", "5"}));
  EXPECT_EQ(Live(), 0) << "nothing is written";
  EXPECT_EQ(Refused(draft.id), (Lines{"4 row_bad_date 来店日期=2026-09-31 date 2026-09-30",
                                      "5 row_unknown_staff_suggest 接待顾问=张叁 translate 张三",
                                      "6 row_future_date 来店日期=2027-09-04 date 2026-09-04",
                                      "7 row_unknown_member_suggest 意向车型=X9 translate X7", "8 row_duplicate_key"}));

  ImportChange change;
  change.values = {{"at", {{"2026-09-31", "2026-09-30"}, {"2027-09-04", "2026-09-04"}}},
                   {"staff", {{"张叁", "张三"}}},
                   {"model", {{"X9", "X7"}}}};
  const ImportJob mended = Change(checked, std::move(change));
  EXPECT_EQ(mended.state, "draft") << "what was checked has changed";
  (void)DryRun(draft.id);
  EXPECT_EQ(Refused(draft.id),
            (Lines{"7 row_amount_doubtful 成交价(万)=189,800 translate 18.98", "8 row_duplicate_key"}));
  ImportChange amount;
  amount.values = MappingOfJob(mended, *Ours()).values;
  (*amount.values)["amount"]["189,800"] = "18.98";
  (void)Change(Must(jobs_->Get(draft.id)), std::move(amount));

  const ImportJob done = Run(draft.id);
  ASSERT_EQ(done.state, "done");
  EXPECT_EQ(Rows(done), (Lines{"6", "0", "0", "0", "1"}));
  EXPECT_EQ(N(done, "entries", "new"), 10) << "6 visits, 2 test drives, 2 orders";
  EXPECT_EQ(Live(), 10);
  EXPECT_EQ(done.result->at("period").at("from").as_string(), "2026-09-01");
  EXPECT_EQ(json::serialize(done.result->at("moved")),
            R"([{"measure":"traffic_cnt","count":6E0},{"measure":"td_cnt","count":2E0},)"
            R"({"measure":"deal_cnt","count":2E0},{"measure":"order_cnt","count":2E0}])");

  EXPECT_EQ(jobs_->Change(done.id, done.version, {}, {}).error().code, "import_state");
  EXPECT_EQ(jobs_->Discard(done.id).error().code, "import_state");
  EXPECT_EQ(jobs_->Run(done.id, false, "ana").error().code, "import_state");
  (void)Must(jobs_->Undo(done.id, "wrong file", "ben"));
  const ImportJob undone = Rested(done.id);
  EXPECT_EQ(undone.state, "undone");
  EXPECT_EQ(undone.result->at("undone").at("reversed").to_number<int64_t>(), 10);
  EXPECT_EQ(Live(), 0);
  EXPECT_EQ(jobs_->Undo(done.id, "", "ben").error().code, "import_state");
}

TEST_P(ImportJobsTest, ADryRunSaysWhatIsNewChangedAndTheSame) {
  (void)Run(
      Upload("a.csv", "线索编号,到店日期,成交日期\nL1,2026-09-01,\nL2,2026-09-01,2026-09-02\nL3,2026-09-03,\n").id);
  const ImportJob again =
      DryRun(Upload("b.csv",
                    "线索编号,到店日期,成交日期\nL1,2026-09-01,\nL2,2026-09-02,2026-09-02\nL3,2026-09-03,2026-09-04\n"
                    "L4,2026-09-05,\nL5,,\n")
                 .id);
  EXPECT_EQ(Rows(again), (Lines{"2", "1", "1", "1", "0"})) << "L3 has a new entry and none changed";
  EXPECT_EQ(N(again, "entries", "changed"), 1);
  EXPECT_EQ(json::serialize(again.result->at("moved").at(0)), R"({"measure":"traffic_cnt","count":4E0})")
      << "three there are and one new";
}

TEST_P(ImportJobsTest, AllOrNothingBooksNothingWhenARowIsRefused) {
  const ImportJob job = Run(Upload("a.csv", "线索编号,到店日期\nL1,2026-09-01\nL2,2026-09-31\n").id, true);
  EXPECT_EQ(job.state, "failed");
  EXPECT_EQ(job.problem->code, "import_rows_refused");
  EXPECT_FALSE(job.batch.set());
  EXPECT_EQ(Live(), 0);
  EXPECT_EQ(Refused(job.id).size(), 1U);
  // It can be mended and started again.
  ImportChange change;
  change.values = {{"at", {{"2026-09-31", "2026-09-30"}}}};
  (void)Change(job, std::move(change));
  EXPECT_EQ(Run(job.id, true).state, "done");
  EXPECT_EQ(Live(), 2);
}

TEST_P(ImportJobsTest, TheNextFileWithTheseHeadersIsMappedTheSame) {
  const ImportJob first = Upload("a.csv", "编号,何时,谁\nL1,2026-09-01,张三\n");
  EXPECT_FALSE(jobs_->MissingOfJob(first)->empty());
  EXPECT_EQ(jobs_->Run(first.id, false, "ana").error().code, "import_not_usable");
  ImportChange change;
  change.columns = {{"编号", {.role = Role::kField, .field = "lead", .key = true}},
                    {"何时", {.role = Role::kEventAt, .event = "captured"}},
                    {"谁", {.role = Role::kField, .field = "staff"}}};
  EXPECT_EQ(Change(first, std::move(change)).settings.mapping_from, "chosen");
  ASSERT_EQ(Run(first.id).state, "done");

  const ImportJob second = Upload("b.csv", "谁,编号, 何时\n李四,L2,2026-09-02\n");
  EXPECT_EQ(second.settings.mapping_from, "remembered");
  EXPECT_EQ(StateOf(second, "谁").sure, Sure::kRemembered);
  EXPECT_EQ(StateOf(second, "何时").meaning.event, "captured");
  EXPECT_EQ(Rows(Run(second.id)).front(), "1");

  // And under a name, for other headers too.
  ASSERT_TRUE(jobs_->SaveMapping("展厅", first.id, "ana").ok());
  EXPECT_EQ(jobs_->SaveMapping("展厅", second.id, "ana").error().code, "mapping_name_taken");
  const auto mappings = jobs_->Mappings();
  ASSERT_EQ(mappings->size(), 2U);
  const auto named = std::find_if(mappings->begin(), mappings->end(), [](const auto& m) { return m.name == "展厅"; });
  const ImportJob third = Upload("c.csv", "编号,何时,别的\nL3,2026-09-03,x\n");
  EXPECT_EQ(third.settings.mapping_from, "guessed");
  const ImportJob by_template = Must(jobs_->Change(third.id, third.version, {}, named->id));
  EXPECT_EQ(by_template.settings.mapping_from, "template");
  EXPECT_EQ(StateOf(by_template, "何时").meaning.event, "captured");
  EXPECT_TRUE(jobs_->RemoveMapping(named->id).ok());
  EXPECT_EQ(jobs_->RemoveMapping(named->id).error().code, "not_found");
}

TEST_P(ImportJobsTest, HowTheFileIsReadCanBeChosen) {
  // Two title rows that look like headers themselves, and columns that nobody knows.
  const ImportJob draft = Upload("a.csv", "线索编号,到店日期\nL0,2026-09-01\n甲,乙\nL1,2026-09-02\n");
  EXPECT_EQ(HeadersOf(draft.found), (Lines{"线索编号", "到店日期"}));
  ImportChange third;
  third.header_row.emplace(3);
  const ImportJob chosen = Change(draft, std::move(third));
  EXPECT_EQ(HeadersOf(chosen.found), (Lines{"甲", "乙"}));
  EXPECT_FALSE(jobs_->MissingOfJob(chosen)->empty()) << "mapped anew";
  ImportChange none;
  none.header_row.emplace(0);
  EXPECT_EQ(HeadersOf(Change(chosen, std::move(none)).found), (Lines{"1", "2"}));
  ImportChange absent;
  absent.header_row.emplace(99);
  const ImportJob lost = Change(Must(jobs_->Get(draft.id)), std::move(absent));
  EXPECT_EQ(ProblemOf(lost.found)->code, "header_row_missing");
  EXPECT_EQ(jobs_->DryRun(lost.id).error().code, "header_row_missing");
  ImportChange found;
  found.header_row.emplace(std::nullopt);
  EXPECT_EQ(HeadersOf(Change(lost, std::move(found)).found), (Lines{"线索编号", "到店日期"}));

  ImportChange encoding;
  encoding.encoding = "UTF-16LE";
  const ImportJob garbled = Change(Must(jobs_->Get(draft.id)), std::move(encoding));
  EXPECT_TRUE(ProblemOf(garbled.found) || HeadersOf(garbled.found) != (Lines{"线索编号", "到店日期"}));
  EXPECT_EQ(jobs_->Change(garbled.id, garbled.version, {.encoding = "latin1"}, {}).error().code, "unknown_encoding");
  EXPECT_EQ(jobs_->Change(garbled.id, garbled.version - 1, {}, {}).error().code, "edit_conflict");
}

TEST_P(ImportJobsTest, AFileThatCannotBeReadIsADraftAllTheSame) {
  const ImportJob draft = Upload("../../etc/x\x01.csv", std::string(2'000, '\x02'));
  EXPECT_EQ(draft.file_name, "x.csv");
  ASSERT_TRUE(ProblemOf(draft.found).has_value());
  EXPECT_EQ(ProblemOf(draft.found)->code, "file_not_a_table");
  EXPECT_EQ(ProblemOf(draft.found)->Arg("file"), "x.csv") << "never where it lies";
  EXPECT_TRUE(jobs_->Discard(draft.id).ok());
  EXPECT_EQ(jobs_->Get(draft.id).error().code, "not_found");
  std::ofstream(folder_ + "/upload").close();
  EXPECT_EQ(jobs_->Upload("leer.csv", "events", folder_ + "/upload", "ana").error().code, "file_empty");
}

TEST_P(ImportJobsTest, AMappingWrittenByHandIsKept) {
  const ImportJob draft = Upload("crm.csv",
                                 "id,stage,engaged,closed,value\nA,Won,2026-08-01,2026-09-01,1000\n"
                                 "B,Lost,2026-08-01,2026-09-02,\nC,Open,2026-08-03,,\n");
  ImportChange change;
  change.mapping_toml =
      "key=['id']\n[columns]\nlead='id'\n[[event]]\nname='captured'\nat='engaged'\n"
      "[[event]]\nname='deal'\nat='closed'\namount='value'\nwhen={stage='Won'}\n"
      "[[event]]\nname='lost'\nat='closed'\nwhen={stage='Lost'}\n";
  const ImportJob chosen = Change(draft, std::move(change));
  EXPECT_EQ(chosen.settings.mapping_from, "chosen");
  EXPECT_EQ(N(Run(draft.id), "entries", "new"), 5);
  const ImportJob other = Upload("crm2.csv", "id,engaged\nA,2026-08-01\n");
  EXPECT_EQ(
      jobs_->Change(other.id, other.version, {.mapping_toml = "[[event]]\nname='deal'\nat='gone'\n"}, {}).error().code,
      "unknown_column");
  EXPECT_EQ(jobs_->Change(other.id, other.version, {.mapping_toml = "[[event"}, {}).error().code, "mapping_syntax");
}

TEST_P(ImportJobsTest, WhatOneRowBecomes) {
  const ImportJob draft = Upload("a.csv", kSheet);
  const auto row = jobs_->Row(draft.id, 2);
  ASSERT_TRUE(row.ok()) << row.error().code;
  ASSERT_EQ(row->entries.size(), 3U);
  const json::value told = json::parse(RowLookJson(*row, *Ours(), Language::kChinese));
  EXPECT_EQ(told.at("cells").at("手机").as_string(), "138****5678");
  EXPECT_EQ(told.at("entries").at(2).at("event").as_string(), "deal");
  EXPECT_EQ(told.at("entries").at(2).at("amount").to_number<double>(), 189'800);
  EXPECT_EQ(told.at("entries").at(0).at("staff").as_string(), "张三");
  EXPECT_EQ(told.at("entries").at(0).at("members").at("model").as_string(), "X7");
  EXPECT_EQ(told.at("entries").at(0).at("state").as_string(), "new");
  EXPECT_EQ(jobs_->Row(draft.id, 4)->refusal->code, "row_bad_date");
  EXPECT_EQ(jobs_->Row(draft.id, 99).error().code, "row_not_found");
  EXPECT_EQ(jobs_->Row(draft.id, 1).error().code, "row_not_found") << "the header is no row";
}

TEST_P(ImportJobsTest, RefusedRowsComeBackAsAFileThatCanBeMended) {
  const ImportJob draft = Upload("a.csv", "线索编号,到店日期,备注\nL1,2026-09-31,=1+1\nL2,2026-09-01,\n");
  (void)DryRun(draft.id);
  const auto path = jobs_->RefusedFile(draft.id, Language::kEnglish);
  ASSERT_TRUE(path.ok());
  std::ifstream in(*path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF线索编号,到店日期,备注,refused row,refused because\r\n")) << text;
  EXPECT_NE(text.find("L1,2026-09-31,'=1+1,2,"), std::string::npos) << text;
  const size_t date = text.find("2026-09-31");
  text.replace(date, 10, "2026-09-30");
  EXPECT_EQ(Rows(Run(Upload("mended.csv", text).id)), (Lines{"1", "0", "0", "0", "0"}));
}

TEST_P(ImportJobsTest, PagesOfRefusedRows) {
  std::string csv = "线索编号,到店日期\n";
  for (int i = 0; i < 25; ++i) csv += "L" + std::to_string(i) + ",2026-09-31\n";
  const ImportJob job = DryRun(Upload("a.csv", csv).id);
  std::vector<int64_t> rows;
  std::optional<int64_t> from = 0;
  int pages = 0;
  while (from && pages < 10) {
    const auto page = jobs_->Refused(job.id, *from, 10);
    ASSERT_TRUE(page.ok());
    for (const RefusedRow& row : page->rows) rows.push_back(row.row);
    from = page->next;
    ++pages;
  }
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(rows.size(), 25U);
  EXPECT_EQ(rows.front(), 2);
  EXPECT_EQ(rows.back(), 26);
  EXPECT_EQ(jobs_->Refused(job.id, 7, 10).error().code, "not_found") << "in the middle of a line";
}

TEST_P(ImportJobsTest, AJobThatWaitsCanBeCancelled) {
  jobs_->Stop();  // nobody works
  const ImportJob draft = Upload("a.csv", "线索编号,到店日期\nL1,2026-09-01\n");
  (void)Must(jobs_->Run(draft.id, false, "ana"));
  EXPECT_EQ(jobs_->Run(Upload("same.csv", "线索编号,到店日期\nL1,2026-09-01\n").id, false, "ana").error().code,
            "import_running_already");
  (void)Must(jobs_->Cancel(draft.id));
  jobs_ = Server(folder_ + "/imports");
  const ImportJob cancelled = Rested(draft.id);
  EXPECT_EQ(cancelled.state, "cancelled");
  EXPECT_EQ(Live(), 0);
  EXPECT_EQ(jobs_->Cancel(draft.id).error().code, "import_state");
  EXPECT_EQ(Run(draft.id).state, "done") << "and started again";
}

// A job that a server left in the middle of importing: a batch is open and some chunks are booked.
TEST_P(ImportJobsTest, WhatAServerLeftIsGoneOnWith) {
  std::string csv = "线索编号,到店日期\n";
  for (int i = 0; i < 12'000; ++i) csv += "L" + std::to_string(i) + ",2026-09-01\n";
  jobs_->Stop();
  const ImportJob draft = Upload("a.csv", csv);
  (void)Must(jobs_->Run(draft.id, false, "ana"));
  {
    // Another process claims it, books one chunk, and dies.
    ImportOptions options;
    options.path = folder_ + "/imports/" + std::to_string(draft.id) + "/file";
    options.mapping = MappingOfJob(draft, *Ours());
    options.begun = [&](BatchId batch) {
      return database_->Write<void>([&](db::Connection& connection) -> Status {
        connection.Execute("UPDATE import_job SET lease_owner = 'gone', lease_until = ?2 WHERE job_id = ?1", draft.id,
                           kToday.ms + 30'000);
        return SaveBatch(connection, draft.id, "gone", batch);
      });
    };
    int chunks = 0;
    options.checkpoint = [&](db::Connection& connection, const ImportCounts& counts) -> Status {
      if (++chunks == 2) return Error("import_left");
      return SaveCheckpoint(connection, draft.id, "gone", counts, {kToday.ms + 30'000}, 0.4);
    };
    EXPECT_EQ(Import(*database_, *Ours(), options).error().code, "import_left");
    EXPECT_EQ(Live(), 5'000);
  }
  jobs_ = Server(folder_ + "/imports");
  usleep(50'000);
  EXPECT_EQ(Must(jobs_->Get(draft.id)).state, "importing") << "the other's lease still holds";
  now_ms_ = kToday.ms + 40'000;
  const ImportJob done = Rested(draft.id);
  EXPECT_EQ(done.state, "done");
  EXPECT_EQ(Live(), 12'000);
  EXPECT_EQ(Rows(done), (Lines{"12000", "0", "0", "0", "0"})) << "as if it had gone through at once";
  EXPECT_EQ(N(done, "entries", "new"), 12'000);
  const auto batches = ledger::ListBatches(*database_);
  ASSERT_EQ(batches->size(), 1U);
  EXPECT_EQ(batches->front().entries_new, 12'000);
  EXPECT_EQ(batches->front().rows_read, 12'000);
}

TEST_P(ImportJobsTest, WithoutItsFileALeftJobIsTakenBack) {
  std::string csv = "线索编号,到店日期\n";
  for (int i = 0; i < 6'000; ++i) csv += "L" + std::to_string(i) + ",2026-09-01\n";
  jobs_->Stop();
  const ImportJob draft = Upload("a.csv", csv);
  (void)Must(jobs_->Run(draft.id, false, "ana"));
  ImportOptions options;
  options.path = folder_ + "/imports/" + std::to_string(draft.id) + "/file";
  options.mapping = MappingOfJob(draft, *Ours());
  BatchId batch;
  options.begun = [&](BatchId begun) -> Status {
    batch = begun;
    return {};
  };
  int chunks = 0;
  options.checkpoint = [&](db::Connection&, const ImportCounts&) -> Status {
    return ++chunks == 2 ? Status(Error("import_left")) : Status();
  };
  (void)Import(*database_, *Ours(), options);
  ASSERT_EQ(Live(), 5'000);
  ASSERT_TRUE(database_
                  ->Write<void>([&](db::Connection& connection) -> Status {
                    connection.Execute("UPDATE import_job SET batch_id = ?2 WHERE job_id = ?1", draft.id, batch);
                    return {};
                  })
                  .ok());
  std::filesystem::remove(options.path);
  jobs_ = Server(folder_ + "/imports");
  const ImportJob failed = Rested(draft.id);
  EXPECT_EQ(failed.state, "failed");
  EXPECT_EQ(failed.problem->code, "import_file_gone");
  EXPECT_EQ(Live(), 0);
}

TEST_P(ImportJobsTest, AFileThatBreaksOffIsTakenBackAndSaysWhy) {
  std::string csv = "线索编号,到店日期\n";
  for (int i = 0; i < 6'000; ++i) csv += "L" + std::to_string(i) + ",2026-09-01\n";
  csv += "L6000,\"2026-09-01\n";
  const ImportJob failed = Run(Upload("a.csv", csv).id);
  EXPECT_EQ(failed.state, "failed");
  EXPECT_EQ(failed.problem->code, "unclosed_quote");
  EXPECT_EQ(Live(), 0);
}

TEST_P(ImportJobsTest, TwoServersDoEachJobOnce) {
  auto other = Server(folder_ + "/imports");
  std::vector<int64_t> ids;
  for (int i = 0; i < 6; ++i) {
    const std::string n = std::to_string(i);
    const ImportJob draft =
        Upload("f" + n + ".csv", "线索编号,到店日期\nA" + n + ",2026-09-01\nB" + n + ",2026-09-02\n");
    (void)Must((i % 2 == 0 ? *jobs_ : *other).Run(draft.id, false, "ana"));
    ids.push_back(draft.id);
  }
  for (const int64_t id : ids) {
    EXPECT_EQ(Rested(id).state, "done");
    EXPECT_EQ(N(Rested(id), "entries", "new"), 2);
  }
  EXPECT_EQ(Live(), 12);
  // A server with other files leaves the jobs of these alone.
  auto elsewhere = Server(folder_ + "/elsewhere", false);
  ASSERT_TRUE(elsewhere->Start().ok());
  EXPECT_EQ(elsewhere->DryRun(Upload("x.csv", "线索编号,到店日期\nX,2026-09-01\n").id).error().code,
            "import_file_gone");
}

TEST_P(ImportJobsTest, ImportsOfTheCommandLineStandInTheHistory) {
  const std::string path = folder_ + "/cli.csv";
  std::ofstream(path) << "线索编号,到店日期\nL1,2026-09-01\n";
  ImportOptions options;
  options.path = path;
  const auto imported = Import(*database_, *Ours(), options);
  ASSERT_TRUE(imported.ok());
  const ImportJob own = Run(Upload("own.csv", "线索编号,到店日期\nL2,2026-09-01\n").id);
  const auto jobs = jobs_->List(0, 50);
  ASSERT_EQ(jobs->size(), 2U);
  EXPECT_EQ((*jobs)[0].id, own.id);
  const ImportJob& cli = (*jobs)[1];
  EXPECT_EQ(cli.file_name, "cli.csv");
  EXPECT_EQ(cli.state, "done");
  EXPECT_TRUE(cli.of_command_line());
  EXPECT_EQ(jobs_->List(own.id, 50)->size(), 1U);
  EXPECT_EQ(jobs_->DryRun(cli.id).error().code, "import_state");
  now_ms_ = cli.finished_at->ms + 1000;
  (void)Must(jobs_->Undo(cli.id, "", "ana"));
  EXPECT_EQ(Rested(cli.id).state, "undone");
  EXPECT_EQ(Live(), 1);
  EXPECT_EQ(jobs_->List(0, 50)->size(), 2U);
  // And what the command line takes back is told.
  ASSERT_TRUE(ledger::UndoBatch(*database_, *Ours(), own.batch, "wrong", {"cli", Now(), {}}).ok());
  EXPECT_EQ(Must(jobs_->Get(own.id)).state, "undone");
}

TEST_P(ImportJobsTest, AfterAWeekAnImportStays) {
  const ImportJob done = Run(Upload("a.csv", "线索编号,到店日期\nL1,2026-09-01\n").id);
  now_ms_ = kToday.ms + kUndoWindowMs + 60'000;
  EXPECT_EQ(jobs_->Undo(done.id, "", "ana").error().code, "import_undo_too_late");
  const json::value told = json::parse(ImportJobJson(done, {now_ms_}, Language::kEnglish));
  EXPECT_TRUE(told.at("undo_until").is_null());
}

TEST_P(ImportJobsTest, FilesAreKeptAsLongAsTheyServe) {
  const auto file = [&](int64_t id) {
    return std::filesystem::exists(folder_ + "/imports/" + std::to_string(id) + "/file");
  };
  const ImportJob draft = Upload("draft.csv", "线索编号,到店日期\nL1,2026-09-01\n");
  const ImportJob done = Run(Upload("done.csv", "线索编号,到店日期\nL2,2026-09-01\n").id);
  ASSERT_TRUE(jobs_->Prune({kToday.ms + kDraftKeptMs - 1000}).ok());
  EXPECT_TRUE(file(draft.id));
  ASSERT_TRUE(jobs_->Prune({kToday.ms + kDraftKeptMs + 1000}).ok());
  EXPECT_FALSE(file(draft.id));
  EXPECT_EQ(jobs_->Get(draft.id).error().code, "not_found");
  EXPECT_TRUE(file(done.id));
  ASSERT_TRUE(jobs_->Prune({kToday.ms + kUndoWindowMs + 1000}).ok());
  EXPECT_FALSE(file(done.id));
  EXPECT_EQ(Must(jobs_->Get(done.id)).state, "done") << "the history stays";
  struct stat info {};
  const ImportJob kept = Upload("kept.csv", "线索编号,到店日期\nL3,2026-09-01\n");
  ASSERT_EQ(stat((folder_ + "/imports/" + std::to_string(kept.id) + "/file").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

// ---- A messy workbook ----

TEST_P(ImportJobsTest, AMessyWorkbook) {
  const std::string path = folder_ + "/messy.xlsx";
  lxw_workbook* book = workbook_new(path.c_str());
  (void)workbook_add_worksheet(book, "说明");
  lxw_worksheet* sheet = workbook_add_worksheet(book, "登记");
  lxw_format* bold = workbook_add_format(book);
  worksheet_merge_range(sheet, 0, 0, 0, 7, "城西店来店登记（1–9月）", bold);
  worksheet_merge_range(sheet, 1, 0, 1, 7, "制表：内勤", bold);
  const Lines headers = {"登记号", "来店日期", "手机", "信息来源", "接待顾问", "成交日期", "成交价（万）", "备注2"};
  for (size_t i = 0; i < headers.size(); ++i) {
    worksheet_write_string(sheet, 2, static_cast<lxw_col_t>(i), headers[i].c_str(), nullptr);
  }
  lxw_format* dates = workbook_add_format(book);
  format_set_num_format(dates, "yyyy/m/d");
  lxw_datetime day{2026, 9, 1, 0, 0, 0};
  const auto text = [&](int row, int column, const char* value) {
    worksheet_write_string(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), value, nullptr);
  };
  // Three styles of dates, numbers as text, amounts in ten thousands, one of them in yuan, a number twice.
  text(3, 0, "LD-1");
  worksheet_write_datetime(sheet, 3, 1, &day, dates);
  worksheet_write_number(sheet, 3, 2, 13812345678, nullptr);
  text(3, 3, "老客户介绍");
  text(3, 4, "张三");
  text(3, 5, "2026年9月5日");
  text(3, 6, "18.98");
  text(4, 0, "LD-2");
  text(4, 1, "2026-09-02 10:24");
  text(4, 2, "13912345678");
  text(4, 3, "路过");
  text(4, 4, " 李四 ");
  text(4, 5, "2026.9.8");
  worksheet_write_number(sheet, 4, 6, 205000, nullptr);
  text(5, 0, "LD-1");
  text(5, 1, "2026/9/3");
  text(5, 4, "张三");
  worksheet_merge_range(sheet, 6, 0, 6, 1, "合计", bold);
  ASSERT_EQ(workbook_close(book), LXW_NO_ERROR);

  std::ifstream in(path, std::ios::binary);
  const ImportJob draft = Upload("来店登记.xlsx", std::string((std::istreambuf_iterator<char>(in)), {}));
  ASSERT_FALSE(ProblemOf(draft.found).has_value()) << ProblemOf(draft.found)->code;
  EXPECT_EQ(HeadersOf(draft.found), headers);
  EXPECT_EQ(draft.found.at("file").at("sheet").as_string(), "登记");
  EXPECT_EQ(draft.found.at("file").at("header_row").to_number<int64_t>(), 3);
  EXPECT_EQ(StateOf(draft, "手机").samples, (Lines{"138****5678", "139****5678"}));
  EXPECT_EQ(StateOf(draft, "成交价（万）").sure, Sure::kConfirm);

  const ImportJob done = Run(draft.id);
  ASSERT_EQ(done.state, "done") << done.problem->code;
  EXPECT_EQ(Refused(draft.id), (Lines{"5 row_amount_doubtful 成交价（万）=205000 translate 20.5", "6 row_duplicate_key",
                                      "7 row_bad_date 来店日期=合计"}));
  EXPECT_EQ(N(done, "entries", "new"), 2);
  const auto translations = done.result->at("translations").as_array();
  ASSERT_EQ(translations.size(), 1U);
  EXPECT_EQ(translations[0].at("cell").as_string(), "老客户介绍");
  EXPECT_EQ(translations[0].at("code").as_string(), "referral");
}

// ---- A real file ----

TEST_P(ImportJobsTest, TheRealCrmFileGivesTheFiguresOfTheCommandLine) {
  const char* folder = std::getenv("DEALPACE_TESTDATA");
  if (folder == nullptr) GTEST_SKIP() << "DEALPACE_TESTDATA is not set";
  std::ifstream in(std::string(folder) + "/real/crm_opportunities/sales_pipeline.csv", std::ios::binary);
  std::ifstream map("examples/crm_opportunities.toml");
  ASSERT_TRUE(in && map);
  ImportJob draft = Upload("sales_pipeline.csv", std::string((std::istreambuf_iterator<char>(in)), {}));
  ImportChange change;
  change.mapping_toml = std::string((std::istreambuf_iterator<char>(map)), {});
  change.constants = std::map<std::string, std::string>{{"dealer", "SH01"}};
  change.create_missing = true;
  draft = Change(draft, std::move(change));
  const ImportJob checked = DryRun(draft.id);
  EXPECT_EQ(Rows(checked), (Lines{"8300", "0", "0", "500", "0"}));
  const ImportJob done = Run(draft.id);
  ASSERT_EQ(done.state, "done");
  EXPECT_EQ(Rows(done), (Lines{"8300", "0", "0", "500", "0"}));
  EXPECT_EQ(N(done, "entries", "new"), 8300 + 4238 + 2473);
  kpi::Question question;
  question.columns = {{"deal_amt", "deal_amt"}, {"days", "sales_cycle_days"}};
  const auto answer = engine_.Ask(question);
  ASSERT_TRUE(answer.ok());
  EXPECT_DOUBLE_EQ(*answer->total.cells[0].value, 10'005'534);
  EXPECT_NEAR(*answer->total.cells[1].value, 219'452.0 / 4238.0, 1e-12);
}

// ---- Over HTTP ----

class ImportsApiTest : public ImportJobsTest {
 protected:
  ImportsApiTest() { AddImportRoutes(router_, *jobs_); }

  http::Response Call(http::Method method, const std::string& target, const std::string& body = {},
                      const std::string& if_match = {}) {
    http::Request request;
    request.method = method;
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) {
      for (const std::string& part : Split(target.substr(question + 1), '&')) {
        const size_t equals = part.find('=');
        request.query.emplace_back(part.substr(0, equals), part.substr(equals + 1));
      }
    }
    request.language = Language::kEnglish;
    request.caller.login = "ana";
    request.right = "import";
    request.caller.rights = rights_;
    const http::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) throw std::runtime_error("no route: " + target);
    request.params = match.params;
    if (match.route->body == http::Body::kFile) {
      request.body_file = folder_ + "/body";
      std::ofstream(request.body_file, std::ios::binary) << body;
      request.body_bytes = static_cast<int64_t>(body.size());
    } else {
      request.body = body;
    }
    if (!if_match.empty()) request.headers.emplace("if-match", if_match);
    return match.route->handler(request);
  }
  json::value Told(const http::Response& response) { return json::parse(response.body); }
  std::string CodeOf(const http::Response& response) { return std::string(Told(response).at("code").as_string()); }

  // From now on the caller imports for these dealers, wholly, and sees one of those partly.
  void ImportFor(const std::vector<DealerId>& dealers, DealerId partly = {}) {
    auto rows = std::make_shared<RowScope>();
    for (const DealerId dealer : dealers) rows->parts.push_back({dealer, true, {}, {}});
    if (partly.set()) rows->parts.push_back({partly, false, {}, {StaffId(1)}});
    std::sort(rows->parts.begin(), rows->parts.end());
    rights_ = std::make_shared<const http::RightsAndRows>(http::RightsAndRows{{"import", rows}});
  }
  void ImportForTheNetwork() {
    rights_ = std::make_shared<const http::RightsAndRows>(http::RightsAndRows{{"import", RowScope::Everything()}});
  }
  DealerId AddShop(const std::string& code, const std::string& name, const std::string& person) {
    DealerId dealer;
    const Status made = database_->Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(dealer, org::AddDealer(connection, code, name));
      RETURN_IF_ERROR(org::AddStaff(connection, dealer, person, person));
      return {};
    });
    EXPECT_TRUE(made.ok());
    return dealer;
  }
  DealerId Shop(const std::string& code) {
    const auto dealers = database_->Read<std::vector<org::Dealer>>(
        [](db::Connection& connection) { return org::ListDealers(connection); });
    for (const org::Dealer& dealer : *dealers) {
      if (dealer.code == code) return dealer.id;
    }
    return {};
  }
  // Uploads as the caller, and waits for the dry run or the run.
  std::string UploadAs(const std::string& name, const std::string& text) {
    const http::Response uploaded = Call(http::Method::kPost, "/api/v1/imports?name=" + name, text);
    EXPECT_EQ(uploaded.status, 201) << uploaded.body;
    return std::string(Told(uploaded).at("id").as_string());
  }
  json::value After(const std::string& id, const std::string& verb) {
    const http::Response answer = Call(http::Method::kPost, "/api/v1/imports/" + id + "/" + verb);
    EXPECT_EQ(answer.status, 202) << answer.body;
    (void)Rested(std::stoll(id));
    return Told(Call(http::Method::kGet, "/api/v1/imports/" + id));
  }
  // "row code name?suggestion" of each refused row.
  Lines RefusedOf(const std::string& id) {
    Lines lines;
    const auto page = jobs_->Refused(std::stoll(id), 0, 100);
    for (const RefusedRow& row : page->rows) {
      lines.push_back(std::to_string(row.row) + " " + row.error.code + " " + std::string(row.error.Arg("name")) + "?" +
                      std::string(row.error.Arg("suggestion")));
    }
    return lines;
  }
  // Entries of a dealer that count.
  int64_t LiveOf(DealerId dealer) {
    return *database_->Read<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
      ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query(
          "SELECT CAST(coalesce(sum(quantity), 0) AS BIGINT) / 1000 FROM ledger_whole WHERE dealer_id = ?1", dealer);
      rows.Next();
      return rows.Int(0);
    });
  }

  std::shared_ptr<const http::RightsAndRows> rights_ =
      std::make_shared<const http::RightsAndRows>(http::RightsAndRows{{"import", RowScope::Everything()}});
  http::Router router_;
};
INSTANTIATE_TEST_SUITE_P(On, ImportsApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

TEST_P(ImportsApiTest, TheWizard) {
  using http::Method;
  const http::Response uploaded = Call(Method::kPost, "/api/v1/imports?name=来店.csv", std::string(kSheet));
  ASSERT_EQ(uploaded.status, 201) << uploaded.body;
  const json::value draft = Told(uploaded);
  const std::string one = "/api/v1/imports/" + std::string(draft.at("id").as_string());
  EXPECT_EQ(draft.at("file_name").as_string(), "来店.csv");
  EXPECT_EQ(draft.at("usable").as_bool(), true);
  EXPECT_EQ(draft.at("columns").as_array().size(), 9U);
  EXPECT_EQ(draft.at("columns").at(8).at("meaning").at("scale").to_number<double>(), 10'000);
  EXPECT_EQ(draft.at("preview").at(0).at("cells").at(3).as_string(), "138****5678");
  EXPECT_EQ(uploaded.body.find(folder_), std::string::npos) << "where files lie is nobody's business";

  EXPECT_EQ(CodeOf(Call(Method::kPut, one, "{}")), "if_match_missing");
  EXPECT_EQ(CodeOf(Call(Method::kPut, one, "{}", "W/\"99\"")), "edit_conflict");
  const std::string tag = "W/\"" + json::serialize(draft.at("version")) + "\"";
  EXPECT_EQ(CodeOf(Call(Method::kPut, one, R"({"colums":[]})", tag)), "field_unknown");
  EXPECT_EQ(CodeOf(Call(Method::kPut, one, R"({"columns":[{"column":"手机","meaning":{"role":"x"}}]})", tag)),
            "meaning_bad");
  EXPECT_EQ(CodeOf(Call(Method::kPut, one, R"({"values":{"colour":{"a":"b"}}})", tag)), "mapping_unknown_field");
  EXPECT_EQ(CodeOf(Call(Method::kPut, one, R"({"header_row":-1})", tag)), "header_row_missing");
  const http::Response changed = Call(
      Method::kPut, one,
      R"({"columns":[{"column":"是否试驾","meaning":{"role":"none"}}],"values":{"staff":{"张叁":"张三"}},"create_missing":true})",
      tag);
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(Told(changed).at("mapping").at("values").at("staff").at("张叁").as_string(), "张三");
  EXPECT_EQ(Told(changed).at("columns").at(6).at("sure").as_string(), "unused");

  EXPECT_EQ(Call(Method::kPost, one + "/dry-run").status, 202);
  (void)Rested(std::stoll(std::string(draft.at("id").as_string())));
  const json::value checked = Told(Call(Method::kGet, one));
  EXPECT_EQ(checked.at("state").as_string(), "checked");
  EXPECT_EQ(checked.at("result").at("rows").at("refused").to_number<int>(), 4);
  EXPECT_EQ(Told(Call(Method::kGet, one + "/refused?limit=2")).at("rows").as_array().size(), 2U);
  EXPECT_EQ(CodeOf(Call(Method::kGet, one + "/refused?limit=9999")), "field_type");
  EXPECT_EQ(Call(Method::kGet, one + "/refused.csv").status, 200);
  EXPECT_EQ(Told(Call(Method::kGet, one + "/row?row=2")).at("entries").as_array().size(), 2U);
  EXPECT_EQ(CodeOf(Call(Method::kGet, one + "/row")), "field_missing");

  const http::Response stream = Call(Method::kGet, one + "/progress");
  ASSERT_NE(stream.stream, nullptr);
  const auto event = stream.stream->Poll();
  ASSERT_TRUE(event.has_value());
  EXPECT_TRUE(event->starts_with("event: progress\ndata: {")) << *event;
  EXPECT_FALSE(stream.stream->Poll().has_value()) << "nothing runs: the stream ends";

  EXPECT_EQ(CodeOf(Call(Method::kPost, one + "/run", R"({"all":true})")), "field_unknown");
  EXPECT_EQ(Call(Method::kPost, one + "/run").status, 202);
  (void)Rested(std::stoll(std::string(draft.at("id").as_string())));
  const json::value history = Told(Call(Method::kGet, "/api/v1/imports?limit=1"));
  EXPECT_EQ(history.at("imports").at(0).at("state").as_string(), "done");
  EXPECT_TRUE(history.at("imports").at(0).at("undo_until").is_string());
  EXPECT_EQ(CodeOf(Call(Method::kDelete, one)), "import_state");
  EXPECT_EQ(Call(Method::kPost, one + "/undo", R"({"why":"wrong"})").status, 202);
  EXPECT_EQ(CodeOf(Call(Method::kGet, "/api/v1/imports/77")), "not_found");
  EXPECT_EQ(CodeOf(Call(Method::kGet, "/api/v1/imports/x")), "not_found");
  EXPECT_EQ(CodeOf(Call(Method::kPost, "/api/v1/imports?name=a.csv")), "file_empty");
  EXPECT_EQ(CodeOf(Call(Method::kPost, "/api/v1/imports", "a")), "field_missing");
  EXPECT_EQ(CodeOf(Call(Method::kPost, "/api/v1/imports?name=a.csv&kind=orders", "a")), "unknown_import_kind");
  EXPECT_EQ(Call(Method::kGet, "/api/v1/mappings").status, 200);
}

TEST_P(ImportsApiTest, WhoImportsForOneDealerBooksNothingElsewhereAndLearnsNothingOfOthers) {
  const DealerId one = Shop("SH01");
  const DealerId two = AddShop("SH02", "城东店", "王五");
  const std::string csv =
      "经销商,线索编号,到店日期,销售顾问,意向车型\n"
      "SH01,A1,2026-09-01,张三,X7\n"  // his
      "SH02,A2,2026-09-01,王五,X7\n"  // another dealer's
      "SH09,A3,2026-09-01,,X7\n"      // nobody's: refused alike
      "城东店,A4,2026-09-01,,X7\n"    // by name
      "SH01,A5,2026-09-01,王五,X7\n"  // his dealer, another's person
      ",A6,2026-09-01,张三,X7\n"      // no dealer: his
      "SH0,A7,2026-09-01,,X7\n";      // nearly his: nothing is suggested, lest rows of others become his
  ImportFor({one});
  const std::string id = UploadAs("来店.csv", csv);
  const json::value checked = After(id, "dry-run");
  const Lines refused = {"3 row_dealer_not_yours SH02?", "4 row_dealer_not_yours SH09?",
                         "5 row_dealer_not_yours 城东店?", "6 row_unknown_staff 王五?", "8 row_dealer_not_yours SH0?"};
  EXPECT_EQ(RefusedOf(id), refused);
  EXPECT_EQ(checked.at("result").at("rows").at("refused").to_number<int>(), 5);
  // A look at a row says the same, whether there is such a dealer or not.
  const std::string look = "/api/v1/imports/" + id + "/row?row=";
  EXPECT_EQ(Told(Call(http::Method::kGet, look + "3")).at("refused").at("code").as_string(), "row_dealer_not_yours");
  EXPECT_EQ(Told(Call(http::Method::kGet, look + "4")).at("refused").at("code").as_string(), "row_dealer_not_yours");
  const json::value done = After(id, "run");
  EXPECT_EQ(done.at("state").as_string(), "done");
  EXPECT_EQ(RefusedOf(id), refused);
  EXPECT_EQ(LiveOf(one), 2);
  EXPECT_EQ(LiveOf(two), 0);
  // Whoever imports for the other dealer takes his rows of the same file, and neither is kept from it by the other.
  ImportFor({two});
  EXPECT_EQ(After(UploadAs("来店.csv", csv), "run").at("state").as_string(), "done");
  EXPECT_EQ(LiveOf(one), 2);
  EXPECT_EQ(LiveOf(two), 2) << "the two that name it; the other dealer's people are not his";
}

TEST_P(ImportsApiTest, NeitherAConstantNorATranslationReachesAnotherDealer) {
  const DealerId one = Shop("SH01");
  const DealerId two = AddShop("SH02", "城东店", "王五");
  ImportFor({one});
  const std::string id = UploadAs("a.csv", "门店,线索编号,到店日期\n本店,A1,2026-09-01\n");
  const auto change = [&](const std::string& body) {
    const json::value draft = Told(Call(http::Method::kGet, "/api/v1/imports/" + id));
    const std::string tag = "W/\"" + json::serialize(draft.at("version")) + "\"";
    const http::Response changed = Call(http::Method::kPut, "/api/v1/imports/" + id, body, tag);
    EXPECT_EQ(changed.status, 200) << changed.body;
  };
  change(R"({"values":{"dealer":{"本店":"SH02"}},"create_missing":true})");
  EXPECT_EQ(After(id, "dry-run").at("result").at("rows").at("refused").to_number<int>(), 1);
  change(R"({"columns":[{"column":"门店","meaning":{"role":"none"}}],"constants":{"dealer":"SH02"}})");
  EXPECT_EQ(After(id, "run").at("result").at("rows").at("refused").to_number<int>(), 1);
  EXPECT_EQ(LiveOf(two), 0);
  // With the right to make what is missing he makes people of his dealers, but no dealers, and nothing that is
  // everybody's.
  const std::string more = UploadAs("b.csv",
                                    "经销商,线索编号,到店日期,销售顾问,意向车型\n"
                                    "SH01,B1,2026-09-01,赵六,X7\n"
                                    "SH77,B2,2026-09-01,赵六,X7\n"
                                    "SH01,B3,2026-09-01,赵六,Z9\n");
  const json::value draft = Told(Call(http::Method::kGet, "/api/v1/imports/" + more));
  const std::string tag = "W/\"" + json::serialize(draft.at("version")) + "\"";
  ASSERT_EQ(Call(http::Method::kPut, "/api/v1/imports/" + more, R"({"create_missing":true})", tag).status, 200);
  (void)After(more, "run");
  EXPECT_EQ(RefusedOf(more), (Lines{"3 row_dealer_not_yours SH77?", "4 row_member_not_there Z9?"}));
  EXPECT_EQ(LiveOf(one), 1);
  EXPECT_FALSE(Shop("SH77").set());
}

TEST_P(ImportsApiTest, EarlierImportsAndMappingsAreThoseWhollyOfOnesDealers) {
  const DealerId one = Shop("SH01");
  const DealerId two = AddShop("SH02", "城东店", "王五");
  const std::string csv = "经销商,线索编号,到店日期\nSH01,A1,2026-09-01\nSH02,A2,2026-09-01\n";
  const std::string networks = UploadAs("network.csv", csv);
  ASSERT_EQ(After(networks, "run").at("state").as_string(), "done");
  EXPECT_EQ(Call(http::Method::kPost, "/api/v1/mappings", R"({"name":"全网","import":")" + networks + R"("})").status,
            201);
  ImportFor({one, two});
  const std::string regions = UploadAs("region.csv", csv);
  ASSERT_EQ(After(regions, "run").at("state").as_string(), "done");
  ImportFor({one});
  const std::string own = UploadAs("own.csv", csv);
  ASSERT_EQ(After(own, "run").at("state").as_string(), "done");
  EXPECT_EQ(Call(http::Method::kPost, "/api/v1/mappings", R"({"name":"全网","import":")" + own + R"("})").status, 201)
      << "that others have a mapping of this name is not told";
  const auto listed = [&] {
    std::string names;
    const json::value told = Told(Call(http::Method::kGet, "/api/v1/imports?limit=1"));
    for (const json::value& job : told.at("imports").as_array()) names += std::string(job.at("file_name").as_string());
    const json::value all = Told(Call(http::Method::kGet, "/api/v1/imports?limit=50"));
    return names + " " + std::to_string(all.at("imports").as_array().size()) + " " +
           std::to_string(Told(Call(http::Method::kGet, "/api/v1/mappings")).at("mappings").as_array().size());
  };
  EXPECT_EQ(listed(), "own.csv 1 2");
  ImportFor({two}, one);
  EXPECT_EQ(listed(), " 0 0") << "a part of a dealer is not the dealer";
  for (const std::string& id : {networks, regions, own}) {
    const std::string path = "/api/v1/imports/" + id;
    EXPECT_EQ(CodeOf(Call(http::Method::kGet, path)), "not_found");
    EXPECT_EQ(CodeOf(Call(http::Method::kPut, path, "{}", "W/\"1\"")), "not_found");
    EXPECT_EQ(CodeOf(Call(http::Method::kDelete, path)), "not_found");
    for (const char* verb : {"dry-run", "run", "cancel", "undo"}) {
      EXPECT_EQ(CodeOf(Call(http::Method::kPost, path + "/" + verb)), "not_found") << verb;
    }
    for (const char* verb : {"progress", "refused", "refused.csv", "row?row=2"}) {
      EXPECT_EQ(CodeOf(Call(http::Method::kGet, path + "/" + verb)), "not_found") << verb;
    }
    EXPECT_EQ(CodeOf(Call(http::Method::kPost, "/api/v1/mappings", R"({"name":"x","import":")" + id + R"("})")),
              "not_found");
  }
  ImportFor({one, two});
  EXPECT_EQ(listed(), "own.csv 2 3");
  EXPECT_EQ(After(regions, "undo").at("state").as_string(), "undone");
  ImportForTheNetwork();
  EXPECT_EQ(listed(), "own.csv 3 5");
  ImportFor({}, one);
  EXPECT_EQ(CodeOf(Call(http::Method::kPost, "/api/v1/imports?name=a.csv", csv)), "import_needs_dealer");
}

TEST_P(ImportsApiTest, ProgressIsToldUntilTheJobRests) {
  std::string csv = "线索编号,到店日期\n";
  for (int i = 0; i < 12'000; ++i) csv += "L" + std::to_string(i) + ",2026-09-01\n";
  const ImportJob draft = Upload("a.csv", csv);
  (void)Must(jobs_->Run(draft.id, false, "ana"));
  const http::Response response = Call(http::Method::kGet, "/api/v1/imports/" + std::to_string(draft.id) + "/progress");
  std::string last;
  for (int i = 0; i < 30'000; ++i) {
    const auto event = response.stream->Poll();
    if (!event) break;
    if (!event->empty()) last = *event;
    usleep(2'000);
  }
  EXPECT_NE(last.find("\"state\":\"done\""), std::string::npos) << last;
}

}  // namespace
}  // namespace dealpace::exchange
