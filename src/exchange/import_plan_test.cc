#include "exchange/import_plan.h"

#include <gtest/gtest.h>

#include <random>

#include "catalog/embedded.h"
#include "db/testing.h"
#include "exchange/import_rows.h"
#include "org/org.h"

// The quick way of a row and the thorough one say the same. Where they did not, a file imported again would find other
// keys than before.
namespace dealpace::exchange {
namespace {

constexpr std::string_view kWide = R"(
kind         = "events"
time_zone    = "Asia/Shanghai"
date_formats = ["%Y-%m-%d", "%Y/%m/%d %H:%M"]
missing      = ["", "NULL"]
key          = ["id"]
[columns]
lead   = "id"
dealer = "shop"
staff  = "agent"
model  = "product"
source = "from"
[constants]
channel = "net"
[values.model]
"GTXPro" = "GTX Pro"
[[event]]
name = "captured"
at   = "engage"
[[event]]
name   = "deal"
at     = "close"
amount = "value"
when   = { stage = "Won" }
[[event]]
name = "lost"
at   = "close"
when = { stage = ["Lost", "Gone"] }
columns = { reason = "why" }
)";
constexpr std::string_view kLong = R"(
kind         = "events"
date_formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]
[columns]
lead   = "id"
dealer = "shop"
event  = "what"
at     = "engage"
staff  = "agent"
count  = "n"
amount = "value"
reason = "why"
attempt = "try"
)";
const std::vector<std::string> kHeaders = {"id",    "shop",  "agent", "product", "from", "engage", "close",
                                           "value", "stage", "why",   "what",    "n",    "try"};
// What may stand in each column, ordinary or not.
const std::vector<std::vector<std::string>> kCells = {
    {"L1", "L2", "L3", "", "客户 7"},
    {"D1", "D1", "D2", "", "D9"},
    {"Ana", "007", "", "Nobody", "NULL"},
    {"GTX Pro", "GTXPro", "", "MG", "NULL"},
    {"referral", "", "walk-in", "来店"},
    {"2026-03-01", "2026/03/02 09:30", "2026-03-03 10:00:00", "", "yesterday", "2026-13-01", "2026-03-29 02:30:00"},
    {"2026-04-01", "2026/04/02 23:59", "", "NULL", "2031-01-01"},
    {"199800", "0", "", "1,998.50", "abc", "-5", "NULL"},
    {"Won", "Lost", "Gone", "Open", ""},
    {"price", "", "week", "没货"},
    {"captured", "deal", "test_drive", "无此事件", ""},
    {"1", "2", "", "0", "x"},
    {"", "1", "2", "x"},
};

std::string TextOf(const Statement& statement) {
  std::string text = std::to_string(statement.dealer.value) + " " + std::to_string(statement.key.low) + "/" +
                     std::to_string(statement.key.high) + (statement.keyed ? " keyed" : "");
  if (!statement.entry) return text + " nothing";
  const ledger::NewEntry& e = *statement.entry;
  text += " " + std::to_string(e.event) + " " + std::to_string(e.day.value) + " " + std::to_string(e.at.ms) + " " +
          e.lead + " " + std::to_string(e.attempt) + " " + std::to_string(e.actor.value) + " " +
          std::to_string(e.quantity) + " " + std::to_string(e.amount);
  for (const int64_t member : e.members) text += " " + std::to_string(member);
  return text;
}
std::vector<std::string> TextsOf(const std::vector<Statement>& statements) {
  std::vector<std::string> texts;
  for (const Statement& statement : statements) texts.push_back(TextOf(statement));
  return texts;
}

class RowPlanTest : public testing::TestWithParam<std::string_view> {};

TEST_P(RowPlanTest, MeansWhatTheConverterMeans) {
  const db::TestDatabase database(db::Kind::kSqlite);
  const auto catalog = catalog::Load(catalog::EmbeddedFiles()).catalog;
  const auto made = database->Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const DealerId one, org::AddDealer(connection, "D1", "一店"));
    ASSIGN_OR_RETURN(const DealerId two, org::AddDealer(connection, "D2", "二店"));
    for (const DealerId dealer : {one, two}) {
      ASSIGN_OR_RETURN(const StaffId staff, org::AddStaff(connection, dealer, "007", "Ana"));
      (void)staff;
    }
    for (const char* model : {"GTX Pro", "MG"}) (void)org::AddMember(connection, Dim::kModel, model);
    for (const char* source : {"referral", "walk-in"}) (void)org::AddMember(connection, Dim::kSource, source);
    (void)org::AddMember(connection, Dim::kChannel, "net");
    for (const char* reason : {"price", "week"}) (void)org::AddMember(connection, Dim::kReason, reason);
    return {};
  });
  ASSERT_TRUE(made.ok());
  auto mapping = ParseMapping(std::string(GetParam()), *catalog);
  ASSERT_TRUE(mapping.ok()) << mapping.error().code;

  Names quick_names(*catalog, false, mapping->time_zone);
  Names thorough_names(*catalog, false, mapping->time_zone);
  ASSERT_TRUE(quick_names.Load(*database).ok());
  ASSERT_TRUE(thorough_names.Load(*database).ok());
  RowConverter quick(*catalog, *mapping, quick_names);
  RowConverter thorough(*catalog, *mapping, thorough_names);
  ASSERT_TRUE(quick.Prepare(kHeaders).ok());
  ASSERT_TRUE(thorough.Prepare(kHeaders).ok());

  std::mt19937 random(20261125);
  int ordinary = 0;
  int recorded = 0;
  for (int i = 0; i < 20'000; ++i) {
    Row row;
    row.number = i + 2;
    for (const auto& choices : kCells) {
      Cell cell;
      // The first is what a row ordinarily has.
      cell.text = random() % 6 != 0 ? choices.front() : choices[random() % choices.size()];
      cell.kind = cell.text.empty() ? Cell::Kind::kEmpty : Cell::Kind::kText;
      row.cells.push_back(cell);
    }
    const std::string key = thorough.KeyOf(row).value_or("row " + std::to_string(i % 7));
    std::vector<Statement> statements;
    std::vector<int> notes;
    std::vector<Denial> denials;
    if (!quick.ConvertOrdinary(row, key, statements, denials, notes)) {
      ASSERT_TRUE(statements.empty() && denials.empty() && notes.empty());
      continue;
    }
    ++ordinary;
    const Converted converted = thorough.Convert(row, key);
    ASSERT_FALSE(converted.refusal) << converted.refusal->code << " in row " << i;
    std::vector<Statement> stated;
    std::vector<Statement> denied;
    for (const Statement& statement : converted.statements) (statement.entry ? stated : denied).push_back(statement);
    ASSERT_EQ(TextsOf(statements), TextsOf(stated)) << "row " << i;
    ASSERT_EQ(denials.size(), denied.size()) << "row " << i;
    for (size_t d = 0; d < denials.size(); ++d) {
      ASSERT_TRUE(denials[d].dealer == denied[d].dealer && denials[d].key == denied[d].key) << "row " << i;
    }
    std::vector<std::string> said[2];
    for (const int note : notes) said[0].push_back(quick_names.notes()[static_cast<size_t>(note)].cell);
    for (const int note : converted.notes) said[1].push_back(thorough_names.notes()[static_cast<size_t>(note)].cell);
    ASSERT_EQ(said[0], said[1]) << "row " << i;
    for (const Statement& statement : statements) recorded += statement.entry ? 1 : 0;
  }
  EXPECT_GT(ordinary, 1000);
  EXPECT_GT(recorded, 500);
}

INSTANTIATE_TEST_SUITE_P(Mappings, RowPlanTest, testing::Values(kWide, kLong),
                         [](const auto& tested) { return tested.index == 0 ? "wide" : "long"; });

}  // namespace
}  // namespace dealpace::exchange
