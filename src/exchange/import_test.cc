#include "exchange/import.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/csv_writer.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "ledger/read.h"
#include "ledger/recount.h"
#include "ledger/verify.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

using Lines = std::vector<std::string>;
using State = ImportSummary::State;

const catalog::Catalog& Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return *kLoaded.catalog;
}

// A store with the dealer SH01 in Shanghai, whose staff is ana and ben, and a folder for files.
class ImportTest : public testing::TestWithParam<db::Kind> {
 protected:
  ImportTest() : database_(GetParam()) {
    folder_ = (std::filesystem::temp_directory_path() / "dealpace-import-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    AddDealer("SH01", "Asia/Shanghai", {"ana", "ben"});
  }
  ~ImportTest() override {
    // Whatever was imported, the ledger is whole.
    const auto findings = database_->Read<ledger::Verification>(
        [](db::Connection& connection) -> Result<ledger::Verification> { return ledger::Verify(connection, Ours()); });
    EXPECT_TRUE(findings.ok());
    for (const Error& finding : findings->findings) {
      if (ledger::IsDamage(finding)) ADD_FAILURE() << finding.code << " seq " << finding.Arg("seq");
    }
    std::filesystem::remove_all(folder_);
  }

  void AddDealer(std::string_view code, std::string_view zone, const Lines& staff) {
    const Status status = database_->Write<void>([&](db::Connection& connection) -> Status {
      ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(connection, code, {}, zone));
      for (const std::string& name : staff) RETURN_IF_ERROR(org::AddStaff(connection, dealer, name, {}));
      return {};
    });
    ASSERT_TRUE(status.ok());
  }

  std::string Write(const std::string& name, std::string_view text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // Imports a CSV text. `toml` empty: guessed.
  Result<ImportSummary> Try(std::string_view csv, std::string_view toml, ImportOptions options = {}) {
    options.path = Write(options.path.empty() ? "file.csv" : options.path, csv);
    return TryFile(toml, options);
  }
  Result<ImportSummary> TryFile(std::string_view toml, ImportOptions options) {
    if (!toml.empty()) {
      auto mapping = ParseMapping(toml, Ours());
      if (!mapping.ok()) return mapping.error();
      options.kind = mapping->kind;
      options.mapping = *std::move(mapping);
    }
    return Import(*database_, Ours(), options);
  }
  // An import that must go through.
  ImportSummary Must(std::string_view csv, std::string_view toml, const ImportOptions& options = {}) {
    auto summary = Try(csv, toml, options);
    if (!summary.ok()) throw std::runtime_error(summary.error().code);
    return *std::move(summary);
  }
  // Why each refused row was refused: "3 row_bad_date".
  static Lines Refused(const ImportSummary& summary) {
    Lines lines;
    for (const auto& [row, error] : summary.examples) lines.push_back(std::to_string(row) + " " + error.code);
    return lines;
  }

  // What `sql` gives, one line for each row, cells by blanks, sorted.
  Lines Rows(std::string_view sql, int columns) {
    const auto rows = database_->Read<Lines>([&](db::Connection& connection) -> Result<Lines> {
      Lines lines;
      db::Rows found = connection.Query(sql);
      while (found.Next()) {
        std::string line;
        for (int i = 0; i < columns; ++i) line += (i > 0 ? " " : "") + std::string(found.Text(i));
        lines.push_back(line);
      }
      return lines;
    });
    EXPECT_TRUE(rows.ok());
    return *rows;
  }

  // The live entries: "2026-03-02 deal L1 ana ×1 199800.00", with attempt, source, model and reason where set.
  Lines Live() {
    const auto rows = database_->Read<Lines>([](db::Connection& connection) -> Result<Lines> {
      Lines lines;
      ledger::MakeWhole(connection, std::nullopt);
      db::Rows found = connection.Query(
          "SELECT e.day, e.event, e.lead, s.code, e.quantity, e.amount, e.attempt, src.code, m.code, r.code, d.code "
          "FROM ledger_whole e JOIN dealer d ON d.dealer_id = e.dealer_id "
          "LEFT JOIN staff s ON s.dealer_id = e.dealer_id AND s.staff_id = e.actor "
          "LEFT JOIN member src ON src.dim = 'source' AND src.member_id = e.source "
          "LEFT JOIN member m ON m.dim = 'model' AND m.member_id = e.model "
          "LEFT JOIN member r ON r.dim = 'reason' AND r.member_id = e.reason "
          "LEFT JOIN ledger_entry o ON o.dealer_id = e.dealer_id AND o.reverses = e.seq "
          "WHERE e.reverses IS NULL AND o.seq IS NULL");
      while (found.Next()) {
        std::string line = FormatDay({static_cast<int32_t>(found.Int(0))}) + " " + std::string(found.Text(1));
        if (found.Text(10) != "SH01") line = std::string(found.Text(10)) + " " + line;
        for (const int column : {2, 3}) {
          if (!found.IsNull(column)) line += " " + std::string(found.Text(column));
        }
        line += " ×" + FormatQuantity(found.Int(4));
        if (found.Int(5) != 0) line += " " + FormatFen(found.Int(5));
        if (found.Int(6) != 1) line += " attempt=" + std::to_string(found.Int(6));
        if (!found.IsNull(7)) line += " source=" + std::string(found.Text(7));
        if (!found.IsNull(8)) line += " model=" + std::string(found.Text(8));
        if (!found.IsNull(9)) line += " reason=" + std::string(found.Text(9));
        lines.push_back(line);
      }
      return lines;
    });
    EXPECT_TRUE(rows.ok());
    Lines sorted = *rows;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  int64_t Entries() {
    return *database_->Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      ledger::MakeWhole(connection, std::nullopt);
      db::Rows rows = connection.Query("SELECT COUNT(*) FROM ledger_whole");
      rows.Next();
      return rows.Int(0);
    });
  }
  Result<ledger::Undone> Undo(const ImportSummary& summary) {
    return ledger::UndoBatch(*database_, Ours(), summary.batch, "wrong file", {"test", Now(), {}});
  }

  std::string folder_;
  db::TestDatabase database_;
};
INSTANTIATE_TEST_SUITE_P(On, ImportTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

constexpr std::string_view kWideMap = R"toml(
key = ["id"]
[columns]
lead   = "id"
dealer = "shop"
staff  = "who"
source = "from"
[[event]]
name = "captured"
at   = "seen"
[[event]]
name   = "deal"
at     = "closed"
amount = "value"
when   = { result = ["Won", "won"] }
[[event]]
name    = "lost"
at      = "closed"
columns = { reason = "why" }
when    = { result = "Lost" }
)toml";

constexpr std::string_view kWideCsv =
    "id,shop,who,from,seen,closed,value,result,why\n"
    "L1,SH01,ana,referral,2026-03-02,2026-03-09,199800,Won,\n"
    "L2,SH01,ben,路过展厅,2026-03-03,2026-03-20,,Lost,price\n"
    "L3,SH01,ana,,2026-03-04,,,Open,\n";

const Lines kWideLive = {"2026-03-02 captured L1 ana ×1 source=referral",
                         "2026-03-03 captured L2 ben ×1 source=walk_by", "2026-03-04 captured L3 ana ×1",
                         "2026-03-09 deal L1 ana ×1 199800.00 source=referral",
                         "2026-03-20 lost L2 ben ×1 source=walk_by reason=price"};

// ---- Wide and long ----

TEST_P(ImportTest, OneWideRowBecomesSeveralEvents) {
  const ImportSummary summary = Must(kWideCsv, kWideMap);
  EXPECT_EQ(Live(), kWideLive);
  EXPECT_EQ(summary.state, State::kDone);
  EXPECT_EQ(summary.header_row, 1);
  EXPECT_EQ(summary.rows_read, 3);
  EXPECT_EQ(summary.rows_taken, 3);
  EXPECT_EQ(summary.rows_refused, 0);
  EXPECT_EQ(summary.booked.added, 5);
  EXPECT_EQ(summary.recorded, (std::map<std::string, int64_t>{{"captured", 3}, {"deal", 1}, {"lost", 1}}));
  EXPECT_FALSE(summary.guessed);
}

TEST_P(ImportTest, ALongFileNamesItsEvents) {
  const ImportSummary summary =
      Must("日期,门店,顾问,事件,数量,金额\n2026/3/2,SH01,ana,captured,10,\n2026/3/3,SH01,ben,成交,2,\"399,600\"\n", {});
  EXPECT_TRUE(summary.guessed);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 captured ana ×10", "2026-03-03 deal ben ×2 399600.00"}));
}

TEST_P(ImportTest, AWideFileIsGuessedFromItsHeaders) {
  const ImportSummary summary = Must(
      "客户编号,门店,销售顾问,客户来源,建档日期,成交日期,成交金额\nL1,SH01,ana,转介绍,2026-03-02,2026-03-09,12.8万\n",
      {});
  EXPECT_TRUE(summary.guessed);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 captured L1 ana ×1 source=referral",
                           "2026-03-09 deal L1 ana ×1 128000.00 source=referral"}));
}

TEST_P(ImportTest, WhatCannotBeGuessedIsSaid) {
  const auto summary = Try("a,b\n1,2\n", {});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, "mapping_not_guessed");
  EXPECT_EQ(summary.error().Arg("headers"), "a, b");
  EXPECT_EQ(Entries(), 0);
}

// ---- Again and changed ----

TEST_P(ImportTest, TheSameFileAgainChangesNothing) {
  (void)Must(kWideCsv, kWideMap);
  const int64_t entries = Entries();
  for (const char* name : {"file.csv", "another_name.csv"}) {
    ImportOptions options;
    options.path = name;
    const ImportSummary again = Must(kWideCsv, kWideMap, options);
    EXPECT_EQ(again.booked.unchanged, 5);
    EXPECT_EQ(again.booked.added + again.booked.changed + again.booked.removed, 0);
    EXPECT_EQ(Entries(), entries);
  }
}

TEST_P(ImportTest, AChangedRowIsReversedAndBookedAnew) {
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary changed = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ben,referral,2026-03-02,2026-03-10,189800,won,\n",
      kWideMap);
  EXPECT_EQ(changed.booked.changed, 2);
  EXPECT_EQ(changed.booked.added, 0);
  const Lines live = Live();
  EXPECT_EQ(live[0], "2026-03-02 captured L1 ben ×1 source=referral");
  EXPECT_EQ(live[3], "2026-03-10 deal L1 ben ×1 189800.00 source=referral");
  EXPECT_EQ(live.size(), 5U) << "rows that this file does not have stay";
  EXPECT_EQ(Entries(), 5 + 4) << "two reversals, two entries";
}

TEST_P(ImportTest, ARowThatNoLongerRecordsAnEventIsReversed) {
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary changed = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ana,referral,2026-03-02,2026-03-09,,Lost,price\n"
      "L2,SH01,ben,walk_by,,2026-03-20,,Lost,price\n",
      kWideMap);
  EXPECT_EQ(changed.booked.removed, 2) << "the deal, and the capture without a date";
  EXPECT_EQ(changed.booked.added, 1);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 captured L1 ana ×1 source=referral", "2026-03-04 captured L3 ana ×1",
                           "2026-03-09 lost L1 ana ×1 source=referral reason=price",
                           "2026-03-20 lost L2 ben ×1 source=walk_by reason=price"}));
}

TEST_P(ImportTest, WithoutAKeyRealDuplicatesStay) {
  constexpr std::string_view kCsv =
      "date,event,staff\n2026-03-02,traffic,ana\n2026-03-02,traffic,ana\n2026-03-02,traffic,ben\n";
  EXPECT_EQ(Must(kCsv, {}).booked.added, 3);
  EXPECT_EQ(Must(kCsv, {}).booked.unchanged, 3);
  EXPECT_EQ(Live().size(), 3U);
  const ImportSummary longer = Must(std::string(kCsv) + "2026-03-02,traffic,ana\n", {});
  EXPECT_EQ(longer.booked.added, 1);
  EXPECT_EQ(longer.booked.unchanged, 3);
}

TEST_P(ImportTest, AKeyTwiceInAFileIsRefused) {
  const ImportSummary summary = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ana,,2026-03-02,,,,\nL2,SH01,ana,,2026-03-02,,,,\nL1,SH01,ben,,2026-03-05,,,,\n",
      kWideMap);
  EXPECT_EQ(Refused(summary), Lines{"4 row_duplicate_key"});
  EXPECT_EQ(summary.examples[0].second.Arg("other"), "2");
  EXPECT_EQ(summary.examples[0].second.Arg("key"), "id");
  EXPECT_EQ(Live(), (Lines{"2026-03-02 captured L1 ana ×1", "2026-03-02 captured L2 ana ×1"}));
}

TEST_P(ImportTest, OneRowMayRecordTheSameEventTwice) {
  for (const char* key : {"key = \"id\"\n", ""}) {
    const std::string map = std::string(key) +
                            "columns = { lead = \"id\" }\n"
                            "[[event]]\nname = \"follow_up\"\nat = \"first\"\n"
                            "[[event]]\nname = \"follow_up\"\nat = \"second\"\n";
    constexpr std::string_view kCsv = "id,first,second\nL1,2026-03-02,2026-03-05\nL2,2026-03-03,\n";
    const ImportSummary summary = Must(kCsv, map);
    EXPECT_EQ(summary.rows_refused, 0) << key;
    EXPECT_EQ(summary.booked.added, 3) << key;
    EXPECT_EQ(Live(),
              (Lines{"2026-03-02 follow_up L1 ×1", "2026-03-03 follow_up L2 ×1", "2026-03-05 follow_up L1 ×1"}));
    EXPECT_EQ(Must(kCsv, map).booked.unchanged, 3) << key;
    ASSERT_TRUE(Undo(summary).ok());
  }
}

TEST_P(ImportTest, EitherOfTwoConditionsRecordsTheEvent) {
  constexpr std::string_view kMap =
      "key = \"id\"\ncolumns = { lead = \"id\" }\n"
      "[[event]]\nname = \"deal\"\nat = \"day\"\nwhen = { result = \"Won\" }\n"
      "[[event]]\nname = \"deal\"\nat = \"day\"\nwhen = { result = \"Signed\" }\n";
  EXPECT_EQ(Must("id,day,result\nL1,2026-03-02,Won\nL2,2026-03-03,Signed\n", kMap).booked.added, 2);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 deal L1 ×1", "2026-03-03 deal L2 ×1"}));
  (void)Must("id,day,result\nL1,2026-03-02,Signed\nL2,2026-03-03,Signed\n", kMap);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 deal L1 ×1", "2026-03-03 deal L2 ×1"}));
}

TEST_P(ImportTest, EventsOfAnotherKindOfMappingDoNotMix) {
  // The same ids in two files: what one records is not touched by the other.
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary visits =
      Must("id,day\nL1,2026-03-05\nL2,2026-03-06\n",
           "key = \"id\"\ncolumns = { lead = \"id\" }\n[[event]]\nname = \"test_drive\"\nat = \"day\"\n");
  EXPECT_EQ(visits.booked.added, 2);
  EXPECT_EQ(visits.booked.removed, 0);
  EXPECT_EQ(Live().size(), 7U);
}

TEST_P(ImportTest, ConstantsTellEventsOfOneRowApart) {
  constexpr std::string_view kMap =
      "key = \"id\"\n"
      "[[event]]\nname = \"traffic\"\nat = \"day\"\ncount = \"a\"\nconstants = { source = \"referral\" }\n"
      "[[event]]\nname = \"traffic\"\nat = \"day\"\ncount = \"b\"\nconstants = { source = \"walk_by\" }\n";
  (void)Must("id,day,a,b\n1,2026-03-02,3,4\n", kMap);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ×3 source=referral", "2026-03-02 traffic ×4 source=walk_by"}));
  EXPECT_EQ(Must("id,day,a,b\n1,2026-03-02,3,5\n", kMap).booked.changed, 1);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ×3 source=referral", "2026-03-02 traffic ×5 source=walk_by"}));
}

// ---- What is refused ----

TEST_P(ImportTest, UnknownNamesAreRefusedWithASuggestion) {
  AddDealer("BJ01", "Asia/Shanghai", {"cai"});
  const ImportSummary summary = Must(
      "date,event,dealer,staff,model\n"
      "2026-03-02,traffic,SH0l,ana,\n"
      "2026-03-02,traffic,Nowhere Motors,ana,\n"
      "2026-03-02,traffic,SH01,anna,\n"
      "2026-03-02,traffic,SH01,cai,\n"
      "2026-03-02,traffic,SH01,ana,Corolla\n"
      "2026-03-02,trafic,SH01,ana,\n"
      "2026-03-02,something else,SH01,ana,\n"
      "2026-03-02,traffic,,ana,\n"
      "2026-03-02,traffic,SH01,ana,\n",
      {});
  EXPECT_EQ(Refused(summary), (Lines{"2 row_unknown_dealer_suggest", "3 row_unknown_dealer",
                                     "4 row_unknown_staff_suggest", "5 row_unknown_staff", "6 row_unknown_member",
                                     "7 row_unknown_event_suggest", "8 row_unknown_event", "9 row_missing_dealer"}));
  EXPECT_EQ(summary.examples[0].second.Arg("suggestion"), "SH01");
  EXPECT_EQ(summary.examples[2].second.Arg("suggestion"), "ana");
  EXPECT_EQ(summary.examples[4].second.Arg("dimension"), "model");
  EXPECT_EQ(summary.reasons.at("row_unknown_member"), 1);
  EXPECT_EQ(summary.rows_taken, 1);
  EXPECT_EQ(Live(), Lines{"2026-03-02 traffic ana ×1"});
}

TEST_P(ImportTest, PeopleAreFoundByCodeElseByNameWhereItIsUnique) {
  ASSERT_TRUE(
      database_
          ->Write<void>([](db::Connection& connection) -> Status {
            const DealerId dealer = org::ListDealers(connection)->front().id;
            for (const auto& [code, name] : {std::pair{"s1", "王芳"}, {"s2", "ben"}, {"s3", "李娜"}, {"s4", "李娜"}}) {
              RETURN_IF_ERROR(org::AddStaff(connection, dealer, code, name));
            }
            return {};
          })
          .ok());
  const ImportSummary summary =
      Must("date,event,staff\n2026-03-02,traffic,王芳\n2026-03-03,traffic,ben\n2026-03-04,traffic,李娜\n", {});
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic s1 ×1", "2026-03-03 traffic ben ×1"})) << "the code ben beats the name";
  EXPECT_EQ(summary.rows_refused, 1) << "two have this name";
}

TEST_P(ImportTest, MissingNamesAreMadeWhenAskedTo) {
  ImportOptions options;
  options.create_missing = true;
  const ImportSummary summary = Must(
      "date,event,dealer,region,team,staff,model,source\n"
      "2026-03-02,traffic,GZ01,South,Team A,dora,Corolla,web\n"
      "2026-03-03,deal,GZ01,South,Team A,dora,Corolla,web\n"
      "2026-03-03,traffic,SH01,,,emil,Camry,referral\n",
      {}, options);
  EXPECT_EQ(summary.rows_refused, 0);
  EXPECT_EQ(summary.created,
            (std::map<std::string, int64_t>{{"dealer", 1}, {"model", 2}, {"source", 2}, {"staff", 2}}));
  EXPECT_EQ(Live(), (Lines{"2026-03-03 traffic emil ×1 source=referral model=Camry",
                           "GZ01 2026-03-02 traffic dora ×1 source=web model=Corolla",
                           "GZ01 2026-03-03 deal dora ×1 source=web model=Corolla"}));
  EXPECT_EQ(Rows("SELECT d.code, r.code FROM dealer_region h JOIN dealer d ON d.dealer_id = h.dealer_id "
                 "JOIN region r ON r.region_id = h.region_id",
                 2),
            Lines{"GZ01 South"});
  EXPECT_EQ(Rows("SELECT s.code, t.code FROM staff_team h JOIN staff s ON s.dealer_id = h.dealer_id AND "
                 "s.staff_id = h.staff_id JOIN team t ON t.dealer_id = h.dealer_id AND t.team_id = h.team_id",
                 2),
            Lines{"dora Team A"});
  EXPECT_EQ(Must("date,event,dealer,region,team,staff,model,source\n"
                 "2026-03-02,traffic,GZ01,South,Team A,dora,Corolla,web\n",
                 {}, options)
                .created.size(),
            0U);
}

TEST_P(ImportTest, DatesThatDoNotExistAreRefused) {
  const ImportSummary summary =
      Must("date,event\n2026-02-30,traffic\n30/02/2026,traffic\nsoon,traffic\n2026-02-28,traffic\n,traffic\n", {});
  EXPECT_EQ(Refused(summary), (Lines{"2 row_bad_date", "3 row_bad_date", "4 row_bad_date"}));
  EXPECT_EQ(summary.examples[0].second.Arg("column"), "date");
  EXPECT_EQ(summary.examples[0].second.Arg("value"), "2026-02-30");
  EXPECT_EQ(summary.rows_empty, 1) << "no date, no event";
  EXPECT_EQ(Live(), Lines{"2026-02-28 traffic ×1"});
}

TEST_P(ImportTest, NumbersThatAreNoneAreRefused) {
  const ImportSummary summary = Must(
      "date,event,count,amount\n"
      "2026-03-02,deal,many,\n2026-03-02,deal,1,about 5\n2026-03-02,deal,-1,\n2026-03-02,deal,1,-5\n"
      "2026-03-02,deal,1,99999999999999999999\n2026-03-02,invoice,-1,-5\n",
      {});
  EXPECT_EQ(Refused(summary), (Lines{"2 row_bad_number", "3 row_bad_number", "4 row_negative", "5 row_negative",
                                     "6 row_number_too_large"}));
  EXPECT_EQ(summary.examples[1].second.Arg("value"), "about 5");
  EXPECT_EQ(Live(), Lines{"2026-03-02 invoice ×-1 -5.00"}) << "an invoice may be taken back";
}

TEST_P(ImportTest, RefusedRowsAreHandedOutWithTheirCells) {
  ImportOptions options;
  Lines handed;
  options.header = [&](const Lines& headers) { handed.push_back("header: " + Join(headers, "|")); };
  options.refused = [&](int64_t row, const Lines& cells, const Error& error) {
    handed.push_back(std::to_string(row) + ": " + Join(cells, "|") + " " + error.code);
  };
  (void)Must("date,event,staff\n2026-03-02,traffic,ana\n2026-03-32,traffic,'=x\n", {}, options);
  EXPECT_EQ(handed, (Lines{"header: date|event|staff", "3: 2026-03-32|traffic|=x row_bad_date"}));
}

TEST_P(ImportTest, ReasonsAreThoseOfTheEvent) {
  const ImportSummary summary =
      Must("date,event,reason\n2026-03-02,lost,price\n2026-03-02,lost,satisfied\n2026-03-02,td_survey,satisfied\n", {});
  EXPECT_EQ(Refused(summary), Lines{"3 row_unknown_reason"});
  EXPECT_EQ(summary.examples[0].second.Arg("event"), "lost");
  EXPECT_NE(summary.examples[0].second.Arg("known").find("price"), std::string::npos);
}

TEST_P(ImportTest, LeadNumbersAndAttemptsHaveLimits) {
  constexpr std::string_view kMap =
      "columns = { event = \"event\", at = \"date\", lead = \"lead\", attempt = \"try\" }\n";
  const ImportSummary summary = Must(
      "date,event,lead,try\n2026-03-02,captured,L1,1\n2026-03-09,captured,L1,2\n2026-03-09,captured,L1,0\n"
      "2026-03-09,captured,L1,1.5\n2026-03-09,captured,L1,x\n2026-03-09,captured," +
          std::string(201, 'x') + ",\n",
      kMap);
  EXPECT_EQ(Refused(summary).size(), 3U);
  EXPECT_EQ(summary.reasons.at("row_lead_too_long"), 1);
  EXPECT_EQ(Live()[0], "2026-03-02 captured L1 ×1");
  EXPECT_NE(std::find(Live().begin(), Live().end(), "2026-03-09 captured L1 ×1 attempt=2"), Live().end());
}

// ---- Cells ----

TEST_P(ImportTest, MissingMarkersAreNoValue) {
  constexpr std::string_view kMap =
      "missing = [\"NULL\", \"-\", \"Select\"]\ncolumns = { event = \"event\", at = \"date\", staff = \"staff\", "
      "amount = \"amount\" }\n";
  const ImportSummary summary =
      Must("date,event,staff,amount\n2026-03-02,deal,Select,-\nNULL,deal,ana,5\n2026-03-02,-,ana,5\n", kMap);
  EXPECT_EQ(summary.rows_refused, 0);
  EXPECT_EQ(summary.rows_empty, 2);
  EXPECT_EQ(Live(), Lines{"2026-03-02 deal ×1"});
}

TEST_P(ImportTest, ValuesAreTranslated) {
  constexpr std::string_view kMap = R"toml(
columns = { event = "event", at = "date", staff = "staff", source = "source", model = "model" }
constants = { model = "unknown" }
[values.event]
"VISIT" = "traffic"
"noise" = ""
[values.staff]
"A." = "ana"
[values.source]
"3" = "referral"
[values.model]
"GTXPro" = "GTX Pro"
)toml";
  ImportOptions options;
  options.create_missing = true;
  const ImportSummary summary = Must(
      "date,event,staff,source,model\n2026-03-02,VISIT,A.,3,GTXPro\n2026-03-03,noise,A.,3,\n"
      "2026-03-04,traffic,ben,,\n",
      kMap, options);
  EXPECT_EQ(summary.rows_empty, 1) << "translated into nothing";
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ana ×1 source=referral model=GTX Pro",
                           "2026-03-04 traffic ben ×1 model=unknown"}))
      << "a constant stands in for an empty cell";
}

TEST_P(ImportTest, ACountOfZeroOrNothingRecordsNothing) {
  constexpr std::string_view kMap = "[[event]]\nname = \"traffic\"\nat = \"date\"\ncount = \"n\"\n";
  const ImportSummary summary = Must("date,n\n2026-03-02,3\n2026-03-03,0\n2026-03-04,\n2026-03-05,0.5\n", kMap);
  EXPECT_EQ(summary.rows_taken, 2);
  EXPECT_EQ(summary.rows_empty, 2);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ×3", "2026-03-05 traffic ×0.5"}));
}

TEST_P(ImportTest, AmountsAreMultipliedScaledAndRoundedOnce) {
  constexpr std::string_view kMap =
      "scale = 10000\n[[event]]\nname = \"deal\"\nat = \"date\"\namount = [\"price\", \"pieces\"]\n";
  (void)Must(
      "date,price,pieces\n2026-03-01,19.98,3\n2026-03-02,0.0000005,1\n2026-03-03,0.0000004,1\n"
      "2026-03-04,0.00000025,2\n2026-03-05,19.98,\n",
      kMap);
  EXPECT_EQ(Live(), (Lines{"2026-03-01 deal ×1 599400.00", "2026-03-02 deal ×1 0.01", "2026-03-03 deal ×1",
                           "2026-03-04 deal ×1 0.01", "2026-03-05 deal ×1"}))
      << "half a fen goes away from zero, and only the product is rounded";
}

TEST_P(ImportTest, TimesOfAnotherZoneMayFallOnAnotherDay) {
  constexpr std::string_view kMap = "time_zone = \"America/New_York\"\ncolumns = { event = \"event\", at = \"at\" }\n";
  (void)Must("at,event\n2026-03-01 20:00,traffic\n2026-03-01 09:00,captured\n2026-03-05,deal\n", kMap);
  EXPECT_EQ(Live(), (Lines{"2026-03-01 captured ×1", "2026-03-02 traffic ×1", "2026-03-05 deal ×1"}))
      << "a day without a time stays that day";
  EXPECT_EQ(Rows("SELECT at FROM ledger_entry WHERE event = 'traffic'", 1),
            Lines{std::to_string(ParseInstant("2026-03-02T01:00:00Z")->ms)});
}

// ---- Headers ----

TEST_P(ImportTest, TheHeaderMayStandBelowTitleRows) {
  const ImportSummary guessed =
      Must("2026年3月销售明细,,\n制表：市场部,,\n\n日期,事件,顾问\n2026-03-02,traffic,ana\n", {});
  EXPECT_EQ(guessed.header_row, 4);
  EXPECT_EQ(guessed.rows_read, 1);
  const ImportSummary mapped =
      Must("Report,2026\nwhen,what\n2026-03-03,traffic\n", "columns = { event = \"what\", at = \"when\" }\n");
  EXPECT_EQ(mapped.header_row, 2);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ana ×1", "2026-03-03 traffic ×1"}));
}

TEST_P(ImportTest, TheHeaderMayBeChosen) {
  const std::string csv = "id,seen\nX0,2026-03-01\nkey,when\nL1,2026-03-02\n";
  const std::string map =
      "key=['key']\n[columns]\nlead='key'\n[constants]\ndealer='SH01'\n"
      "[[event]]\nname='captured'\nat='when'\n";
  ImportOptions options;
  options.header_row = 3;
  const ImportSummary chosen = Must(csv, map, options);
  EXPECT_EQ(chosen.header_row, 3);
  EXPECT_EQ(Live(), Lines{"2026-03-02 captured L1 ×1"});
  options.header_row = 7;
  EXPECT_EQ(Try(csv, map, options).error().code, "header_row_missing");
  options.header_row = 0;
  EXPECT_EQ(Try(csv, map, options).error().code, "unknown_column") << "they are called 1 and 2 now";
}

TEST_P(ImportTest, TheEncodingMayBeChosen) {
  // GB18030 bytes that are UTF-8 as well: found as UTF-8, they are something else.
  const std::string csv = "lead,seen,staff\n\xD0\xA1,2026-03-02,ana\n";
  const std::string map = "[columns]\nlead='lead'\nstaff='staff'\n[[event]]\nname='captured'\nat='seen'\n";
  ImportOptions options;
  options.encoding = "GB18030";
  (void)Must(csv, map, options);
  EXPECT_EQ(Live(), Lines{"2026-03-02 captured 小 ana ×1"});
  options.encoding = "EBCDIC";
  EXPECT_EQ(Try(csv, map, options).error().code, "unknown_encoding");
}

TEST_P(ImportTest, RowsAreCountedByWhatBecomesOfThem) {
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary again = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ana,referral,2026-03-02,2026-03-09,199800,Won,\n"
      "L2,SH01,ben,路过展厅,2026-03-05,2026-03-20,,Lost,price\n"
      "L3,SH01,ana,,2026-03-04,2026-03-06,1,Won,\n"
      "L4,SH01,ana,,2026-03-04,,,Open,\n"
      "L5,SH01,ana,,,,,Open,\n"
      "L6,SH01,nobody,,2026-03-04,,,Open,\n",
      kWideMap);
  EXPECT_EQ(again.counts.rows_unchanged, 1);
  EXPECT_EQ(again.counts.rows_changed, 1);
  EXPECT_EQ(again.counts.rows_new, 2) << "L3 has a new entry besides the old one";
  EXPECT_EQ(again.rows_taken, 4);
  EXPECT_EQ(again.rows_empty, 1);
  EXPECT_EQ(again.rows_refused, 1);
}

TEST_P(ImportTest, ARowThatTakesAnEntryBackHasChanged) {
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary again = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ana,referral,2026-03-02,,,Open,\n",
      kWideMap);
  EXPECT_EQ(again.booked.removed, 1);
  EXPECT_EQ(again.counts.rows_changed, 1);
}

TEST_P(ImportTest, DatesAmountsAndCountsOfRulesAreTranslated) {
  const ImportSummary summary = Must("id,sold,price,n\nL1,2026-03-32,十九万,two\n",
                                     "key=['id']\n[columns]\nlead='id'\n"
                                     "[values.at]\n'2026-03-32'='2026-03-31'\n"
                                     "[values.amount]\n'十九万'='19'\n[values.count]\n'two'='2'\n"
                                     "[[event]]\nname='deal'\nat='sold'\namount='price'\ncount='n'\nscale=10000\n");
  EXPECT_EQ(summary.rows_refused, 0);
  EXPECT_EQ(Live(), Lines{"2026-03-31 deal L1 ×2 190000.00"});
}

TEST_P(ImportTest, LikelySlipsAreRefusedOnlyWhereItIsAsked) {
  const std::string csv = "id,sold,price\nL1,2026-03-02,189800\nL2,2027-03-02,18.98\nL3,2026-03-03,18.98\n";
  const std::string map =
      "key=['id']\n[columns]\nlead='id'\n"
      "[[event]]\nname='deal'\nat='sold'\namount='price'\nscale=10000\n";
  ImportOptions options;
  options.dry_run = true;
  EXPECT_EQ(Must(csv, map, options).rows_refused, 0);
  options.doubt = Instant{1'774'000'000'000};  // 2026-03-20
  EXPECT_EQ(Refused(Must(csv, map, options)), (Lines{"2 row_amount_doubtful", "3 row_future_date"}));
  // Totals over many customers may be any amount.
  EXPECT_EQ(Refused(Must(csv, "key=['id']\n[[event]]\nname='deal'\nat='sold'\namount='price'\nscale=10000\n", options)),
            Lines{"3 row_future_date"});
}

TEST_P(ImportTest, WithoutAHeaderColumnsGoByNumber) {
  const ImportSummary summary = Must("2026-03-02,traffic,3\n2026-03-03,deal,1\n",
                                     "header = false\ncolumns = { at = \"1\", event = \"2\", count = \"3\" }\n");
  EXPECT_EQ(summary.header_row, 0);
  EXPECT_EQ(summary.rows_read, 2);
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ×3", "2026-03-03 deal ×1"}));
}

TEST_P(ImportTest, AnUnknownColumnIsNamedTogetherWithWhatThereIs) {
  const auto summary = Try("date,evnt\n2026-03-02,traffic\n", "columns = { event = \"event\", at = \"date\" }\n");
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, "unknown_column_suggest");
  EXPECT_EQ(summary.error().Arg("column"), "event");
  EXPECT_EQ(summary.error().Arg("suggestion"), "evnt");
  EXPECT_EQ(summary.error().Arg("headers"), "date, evnt");
  EXPECT_EQ(Try("date,x\n2026-03-02,traffic\n", "columns = { event = \"happening\", at = \"date\" }\n").error().code,
            "unknown_column");
  EXPECT_EQ(Try("2026-03-02,traffic\n", "header = false\ncolumns = { event = \"2\", at = \"9\" }\n")
                .error()
                .code.substr(0, 14),
            "unknown_column");
}

TEST_P(ImportTest, FilesThatAreNoneAreRefused) {
  EXPECT_EQ(Try("", {}).error().code, "file_empty");
  EXPECT_EQ(Try(" \n\n", {}).error().code, "file_empty");
  EXPECT_EQ(Try("<html><body>", {}).error().code, "file_not_a_table");
  ImportOptions options;
  options.path = folder_ + "/nowhere.csv";
  EXPECT_EQ(TryFile({}, options).error().code, "file_unreadable");
  EXPECT_EQ(Must("date,event\n", {}).rows_read, 0) << "a header alone is a file without rows";
  EXPECT_EQ(
      Try("date,event\n2026-03-02,traffic\n", "time_zone = \"Mars\"\ncolumns = { event = \"event\", at = \"date\" }\n")
          .error()
          .code,
      "unknown_time_zone");
  EXPECT_EQ(Entries(), 0);
}

// ---- Readings ----

// The sum of a measure over March, and its closing at the month's end, from the recount.
std::pair<int64_t, int64_t> March(db::Database& database, std::string_view measure) {
  const auto sums = database.Read<std::pair<int64_t, int64_t>>([&](db::Connection& connection)
                                                                   -> Result<std::pair<int64_t, int64_t>> {
    ledger::Recount recount(connection, Ours(), {});
    ledger::Recount::Question question;
    question.measure = Ours().FindMeasure(measure);
    question.period = *ParsePeriod("2026-03");
    const auto flow = recount.Ask(question);
    question.period = *ParsePeriod("2026-03-31");
    const auto closing = recount.AskClosings(question);
    return std::pair{flow.empty() ? 0 : flow.begin()->second.sum, closing.empty() ? 0 : closing.begin()->second.sum};
  });
  EXPECT_TRUE(sums.ok());
  return *sums;
}

TEST_P(ImportTest, ReadingsOfAFlowAddUp) {
  const ImportSummary summary = Must(
      "date,dealer,measure,value\n2026-03-10,SH01,market_units,1200\n2026-03-20,SH01,市场销量,800\n"
      "2026-03-20,SH01,revenue_amt,12.5\n2026-03-20,SH01,no such,1\n2026-03-21,SH01,market_units,\n"
      "2026-03-22,SH01,market_units,x\n",
      "kind = \"readings\"\ncolumns = { at = \"date\", dealer = \"dealer\", measure = \"measure\", value = \"value\" "
      "}\n");
  EXPECT_EQ(Refused(summary), (Lines{"5 row_unknown_measure", "7 row_bad_number"}));
  EXPECT_EQ(summary.rows_empty, 1);
  EXPECT_EQ(Live(), (Lines{"2026-03-10 reading.market_units ×1200", "2026-03-20 reading.market_units ×800",
                           "2026-03-20 reading.revenue_amt ×0 12.50"}));
  EXPECT_EQ(March(*database_, "market_units").first, 2000 * 1000);
}

TEST_P(ImportTest, AReadingOfALevelIsItsNewHeight) {
  (void)Must(
      "date,dealer,measure,value\n2026-02-28,SH01,working_capital_amt,100\n2026-03-10,SH01,working_capital_amt,150\n"
      "2026-03-20,SH01,working_capital_amt,120\n",
      "kind = \"readings\"\ncolumns = { at = \"date\", dealer = \"dealer\", measure = \"measure\", value = \"value\" "
      "}\n");
  EXPECT_EQ(March(*database_, "working_capital_amt").second, 120 * 100);
}

TEST_P(ImportTest, AWideSheetOfReadings) {
  constexpr std::string_view kMap = R"toml(
kind  = "readings"
key   = ["Dealer", "Year"]
scale = 1000
columns   = { dealer = "Dealer" }
constants = { measure = "market_units" }
[[value]]
column = "M01"
period = "{Year}-01"
[[value]]
column = "M02"
period = "{Year}-02"
[[value]]
column = "M03"
period = "{Year}-03"
)toml";
  const ImportSummary summary = Must("Dealer,Year,M01,M02,M03\nSH01,2026,1.5,2,\nSH01,2025,1,,3\n", kMap);
  EXPECT_EQ(summary.rows_refused, 0);
  EXPECT_EQ(Live(), (Lines{"2025-01-01 reading.market_units ×1000", "2025-03-01 reading.market_units ×3000",
                           "2026-01-01 reading.market_units ×1500", "2026-02-01 reading.market_units ×2000"}));
  const ImportSummary again = Must("Dealer,Year,M01,M02,M03\nSH01,2026,1.5,,4\nSH01,2025,1,,3\n", kMap);
  EXPECT_EQ(again.booked.unchanged, 3);
  EXPECT_EQ(again.booked.removed, 1);
  EXPECT_EQ(again.booked.added, 1);
}

// ---- Dry runs, undoing, breaking off ----

TEST_P(ImportTest, ADryRunWritesNothing) {
  (void)Must(kWideCsv, kWideMap);
  const int64_t entries = Entries();
  ImportOptions options;
  options.dry_run = true;
  options.create_missing = true;
  const ImportSummary summary = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ben,referral,2026-03-02,2026-03-09,199800,Won,\n"
      "L9,GZ01,dora,web,2026-03-02,,,,\nLx,SH01,ana,,2026-03-99,,,,\n",
      kWideMap, options);
  EXPECT_EQ(summary.state, State::kDryRun);
  EXPECT_FALSE(summary.batch.set());
  EXPECT_EQ(summary.booked.changed, 2);
  EXPECT_EQ(summary.booked.added, 1);
  EXPECT_EQ(summary.rows_refused, 1);
  EXPECT_EQ(summary.created.at("dealer"), 1);
  EXPECT_EQ(Entries(), entries);
  EXPECT_EQ(Live(), kWideLive);
  EXPECT_EQ(Rows("SELECT code FROM dealer", 1), Lines{"SH01"});
  EXPECT_EQ(Rows("SELECT code FROM staff ORDER BY code", 1), (Lines{"ana", "ben"}));
  EXPECT_EQ(ledger::ListBatches(*database_)->size(), 1U);
}

TEST_P(ImportTest, UndoingRestoresWhatTheImportHadChanged) {
  (void)Must(kWideCsv, kWideMap);
  const ImportSummary second = Must(
      "id,shop,who,from,seen,closed,value,result,why\n"
      "L1,SH01,ben,referral,2026-03-02,2026-03-10,1,Won,\n"
      "L2,SH01,ben,walk_by,2026-03-03,,,Open,\n"
      "L4,SH01,ana,,2026-03-05,,,,\n",
      kWideMap);
  EXPECT_EQ(second.booked.changed, 2);
  EXPECT_EQ(second.booked.removed, 1);
  EXPECT_EQ(second.booked.added, 1);
  const auto undone = Undo(second);
  ASSERT_TRUE(undone.ok());
  EXPECT_EQ(undone->reversed, 3);
  EXPECT_EQ(undone->restored, 3);
  EXPECT_EQ(Live(), kWideLive);
  EXPECT_EQ(Must(kWideCsv, kWideMap).booked.unchanged, 5) << "known under their keys again";
}

TEST_P(ImportTest, UndoingTwiceIsRefused) {
  const ImportSummary summary = Must(kWideCsv, kWideMap);
  ASSERT_TRUE(Undo(summary).ok());
  EXPECT_EQ(Live(), Lines{});
  EXPECT_EQ(Undo(summary).error().code, "batch_already_reversed");
  ImportSummary unknown;
  unknown.batch = BatchId(12345);
  EXPECT_EQ(Undo(unknown).error().code, "batch_not_found");
  EXPECT_EQ(Must(kWideCsv, kWideMap).booked.added, 5) << "and then imported after all";
  EXPECT_EQ(Live(), kWideLive);
}

TEST_P(ImportTest, UndoingLeavesWhatALaterImportSaid) {
  const ImportSummary first = Must(kWideCsv, kWideMap);
  (void)Must("id,shop,who,from,seen,closed,value,result,why\nL3,SH01,ben,,2026-03-07,,,,\n", kWideMap);
  ASSERT_TRUE(Undo(first).ok());
  EXPECT_EQ(Live(), Lines{"2026-03-07 captured L3 ben ×1"});
}

TEST_P(ImportTest, AFileThatBreaksOffInTheMiddleIsTakenBackAsAWhole) {
  (void)Must(kWideCsv, kWideMap);
  std::string broken = "id,shop,who,from,seen,closed,value,result,why\nL1,SH01,ben,referral,2026-03-02,,,,\n";
  for (int i = 10; i < 5600; ++i) broken += "L" + std::to_string(i) + ",SH01,ana,,2026-03-05,,,,\n";
  broken += "L9999,SH01,\"ana,,2026-03-05,,,,\n";
  const ImportSummary summary = Must(broken, kWideMap);
  EXPECT_EQ(summary.state, State::kReversed);
  ASSERT_TRUE(summary.broke_off.has_value());
  EXPECT_EQ(summary.broke_off->code, "unclosed_quote");
  EXPECT_GT(summary.booked.added, 0) << "a chunk had been booked";
  EXPECT_EQ(Live(), kWideLive) << "with what it had changed restored";
  EXPECT_EQ(Rows("SELECT state FROM import_batch WHERE kind = 'events' ORDER BY batch_id", 1),
            (Lines{"done", "reversed"}));
}

TEST_P(ImportTest, AFileOfManyChunksIsImportedAndKnownAgain) {
  std::string csv = "id,shop,who,from,seen,closed,value,result,why\n";
  for (int i = 0; i < 12'000; ++i) {
    csv += "L" + std::to_string(i) + ",SH01,ana,,2026-03-05,2026-03-09," + std::to_string(i) + ",Won,\n";
  }
  EXPECT_EQ(Must(csv, kWideMap).booked.added, 24'000);
  EXPECT_EQ(Must(csv, kWideMap).booked.unchanged, 24'000);
  const ImportSummary doubled = Must(csv + "L3,SH01,ana,,2026-03-05,,,,\n", kWideMap);
  EXPECT_EQ(Refused(doubled), Lines{"12002 row_duplicate_key"}) << "across chunks too";
}

TEST_P(ImportTest, BatchesSayWhatWasDone) {
  ImportOptions options;
  options.path = "march.csv";
  const ImportSummary summary = Must(kWideCsv, kWideMap, options);
  const auto batches = ledger::ListBatches(*database_);
  ASSERT_EQ(batches->size(), 1U);
  const ledger::Batch& batch = batches->front();
  EXPECT_EQ(batch.id, summary.batch);
  EXPECT_EQ(batch.kind, "events");
  EXPECT_EQ(batch.file_name, "march.csv");
  EXPECT_EQ(batch.state, "done");
  EXPECT_EQ(batch.rows_read, 3);
  EXPECT_EQ(batch.entries_new, 5);
}

TEST_P(ImportTest, AnImportThatBrokeOffIsResumed) {
  // A batch of the file stands open, as a crash would leave it after its first chunk.
  const ImportSummary whole = Must(kWideCsv, kWideMap);
  ASSERT_TRUE(database_
                  ->Write<void>([&](db::Connection& connection) -> Status {
                    connection.Execute("UPDATE import_batch SET state = 'open' WHERE batch_id = ?1", whole.batch);
                    return {};
                  })
                  .ok());
  const ImportSummary again = Must(kWideCsv, kWideMap);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.batch, whole.batch);
  EXPECT_EQ(again.booked.unchanged, 5);
  EXPECT_EQ(Live(), kWideLive);
}

// ---- Workbooks ----

// A workbook of inline texts and numbers. `sheets`: name and the content of <worksheet>.
void WriteWorkbook(const std::string& path, const std::vector<std::pair<std::string, std::string>>& sheets) {
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(zip, nullptr);
  std::vector<std::pair<std::string, std::string>> parts = {
      {"_rels/.rels",
       "<Relationships><Relationship Id=\"r\" Type=\"/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
      {"xl/styles.xml", "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"}};
  std::string list;
  std::string links = "<Relationship Id=\"st\" Type=\"/styles\" Target=\"styles.xml\"/>";
  for (size_t i = 0; i < sheets.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    list += "<sheet name=\"" + sheets[i].first + "\" r:id=\"r" + n + "\"/>";
    links += "<Relationship Id=\"r" + n + "\" Type=\"/worksheet\" Target=\"worksheets/sheet" + n + ".xml\"/>";
    parts.emplace_back("xl/worksheets/sheet" + n + ".xml", "<worksheet>" + sheets[i].second + "</worksheet>");
  }
  parts.emplace_back("xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets>" + list + "</sheets></workbook>");
  parts.emplace_back("xl/_rels/workbook.xml.rels", "<Relationships>" + links + "</Relationships>");
  for (const auto& [name, text] : parts) {
    ASSERT_GE(zip_file_add(zip, name.c_str(), zip_source_buffer(zip, text.data(), text.size(), 0), 0), 0);
  }
  ASSERT_EQ(zip_close(zip), 0);
}

// A row of cells: numbers as numbers, those with "d" before as dates, the rest as texts.
std::string SheetRow(const Lines& cells) {
  std::string row = "<row>";
  for (const std::string& cell : cells) {
    if (ParseDecimal(cell)) {
      row += "<c><v>" + cell + "</v></c>";
    } else if (cell.size() > 1 && cell[0] == 'd' && ParseDecimal(cell.substr(1))) {
      row += "<c s=\"1\"><v>" + cell.substr(1) + "</v></c>";
    } else {
      row += "<c t=\"inlineStr\"><is><t>" + cell + "</t></is></c>";
    }
  }
  return row + "</row>";
}

TEST_P(ImportTest, AWorkbookWithTitleRowsAndSeveralSheets) {
  const std::string path = folder_ + "/book.xlsx";
  // 46083 is 2026-03-02; the same as a number that lost its format, and as a text.
  WriteWorkbook(
      path, {{"Notes", "<sheetData>" + SheetRow({"read me"}) + "</sheetData>"},
             {"March", "<sheetData>" + SheetRow({"2026年3月销售明细"}) + SheetRow({"日期", "事件", "数量", "金额"}) +
                           SheetRow({"d46083", "traffic", "3"}) + SheetRow({"46084", "deal", "1", "199800.1"}) +
                           SheetRow({"2026/3/4", "deal", "2", "￥1,000"}) +
                           "</sheetData><mergeCells><mergeCell ref=\"A1:D1\"/></mergeCells>"}});
  ImportOptions options;
  options.path = path;
  options.sheet = "March";
  const auto summary = TryFile({}, options);
  ASSERT_TRUE(summary.ok()) << summary.error().code;
  EXPECT_EQ(summary->file.format, "xlsx");
  EXPECT_EQ(summary->header_row, 2);
  EXPECT_EQ(Refused(*summary), Lines{});
  EXPECT_EQ(Live(), (Lines{"2026-03-02 traffic ×3", "2026-03-03 deal ×1 199800.10", "2026-03-04 deal ×2 1000.00"}));
  options.sheet = "April";
  const auto missing = TryFile({}, options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "unknown_sheet");
  EXPECT_EQ(missing.error().Arg("sheets"), "Notes, March");
}

TEST_P(ImportTest, TheMappingNamesTheSheet) {
  const std::string path = folder_ + "/book.xlsx";
  const std::string header = SheetRow({"when", "what"});
  WriteWorkbook(path, {{"A", "<sheetData>" + header + SheetRow({"d46083", "traffic"}) + "</sheetData>"},
                       {"B", "<sheetData>" + header + SheetRow({"d46084.75", "deal"}) + "</sheetData>"}});
  ImportOptions options;
  options.path = path;
  const auto summary = TryFile("sheet = \"B\"\ncolumns = { event = \"what\", at = \"when\" }\n", options);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(Live(), Lines{"2026-03-03 deal ×1"});
  EXPECT_EQ(Rows("SELECT at FROM ledger_entry", 1), Lines{std::to_string(ParseInstant("2026-03-03T18:00+08:00")->ms)});
}

}  // namespace
}  // namespace dealpace::exchange
