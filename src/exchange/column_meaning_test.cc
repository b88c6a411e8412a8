#include "exchange/column_meaning.h"

#include <gtest/gtest.h>

#include "catalog/embedded.h"

namespace dealpace::exchange {
namespace {

using Lines = std::vector<std::string>;

const catalog::Catalog& Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return *kLoaded.catalog;
}

Mapping Parsed(std::string_view toml) {
  auto mapping = ParseMapping(toml, Ours());
  if (!mapping.ok()) throw std::runtime_error(mapping.error().code);
  return *std::move(mapping);
}

ColumnGuess GuessOf(const std::vector<ColumnGuess>& guesses, const Lines& headers, const std::string& header) {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers[i] == header) return guesses[i];
  }
  throw std::runtime_error(header);
}

TEST(ColumnMeaning, WhatIsGuessedComesBackTheSame) {
  const std::vector<std::pair<std::string, Lines>> files = {
      {"events",
       {"客户编号", "门店", "销售顾问", "客户来源", "建档日期", "成交日期", "成交金额", "战败日期", "战败原因"}},
      {"events",
       {"Lead ID", "Dealer", "Salesperson", "Lead source", "Captured date", "Order date", "Invoice date", "Amount",
        "Lost date", "Loss reason"}},
      {"events", {"日期", "门店", "顾问", "事件", "数量", "金额"}},
      {"events", {"Date", "Dealer", "Event Type", "Qty", "Amount", "Model"}},
      {"events", {"线索编号", "到店日期", "来店日期", "试驾日期", "车型", "备注"}},
      {"readings", {"日期", "经销商", "指标", "数值", "车型"}}};
  for (const auto& [kind, headers] : files) {
    const Mapping guess = GuessMapping(kind, headers, Ours());
    const MappingMeanings meanings = MeaningsOf(guess, Ours());
    EXPECT_TRUE(meanings.whole) << headers[0];
    EXPECT_EQ(FormatMapping(MappingOf(kind, meanings.meanings, headers, Ours())), FormatMapping(guess)) << headers[0];
  }
}

TEST(ColumnMeaning, FlagsAmountsAndScalesComeBackTheSame) {
  const Lines headers = {"登记号", "来店日期", "是否试驾", "成交日期", "成交价(万)",
                         "定金",   "台数",     "战败日期", "原因"};
  const Meanings meanings = {{"登记号", {.role = Role::kField, .field = "lead", .key = true}},
                             {"来店日期", {.role = Role::kEventAt, .event = "traffic"}},
                             {"是否试驾", {.role = Role::kEventFlag, .event = "test_drive", .at = "来店日期"}},
                             {"成交日期", {.role = Role::kEventAt, .event = "deal"}},
                             {"成交价(万)", {.role = Role::kAmount, .event = "deal", .scale = {10'000, 0}}},
                             {"台数", {.role = Role::kCount, .event = "deal"}},
                             {"战败日期", {.role = Role::kEventAt, .event = "lost"}},
                             {"原因", {.role = Role::kField, .field = "reason", .event = "lost"}}};
  const Mapping mapping = MappingOf("events", meanings, headers, Ours());
  const MappingMeanings again = MeaningsOf(mapping, Ours());
  EXPECT_TRUE(again.whole);
  EXPECT_EQ(again.meanings, meanings);
  EXPECT_EQ(FormatMapping(Parsed(FormatMapping(mapping))), FormatMapping(mapping)) << "also as TOML";
  ASSERT_EQ(mapping.rules.size(), 4U);
  EXPECT_EQ(mapping.rules[1].name, "test_drive");
  EXPECT_EQ(mapping.rules[1].at, "来店日期");
  EXPECT_EQ(mapping.rules[2].amount, Lines{"成交价(万)"});
  EXPECT_EQ(mapping.rules[3].columns.at("reason"), "原因");
}

TEST(ColumnMeaning, AnAmountThatAllEventsShareBelongsToNoneInParticular) {
  const Lines headers = {"deal date", "invoice date", "amount"};
  const Mapping mapping = MappingOf("events",
                                    {{"deal date", {.role = Role::kEventAt, .event = "deal"}},
                                     {"invoice date", {.role = Role::kEventAt, .event = "invoice"}},
                                     {"amount", {.role = Role::kAmount}}},
                                    headers, Ours());
  EXPECT_EQ(mapping.rules[0].amount, Lines{"amount"});
  EXPECT_EQ(mapping.rules[1].amount, Lines{"amount"});
  EXPECT_EQ(MeaningsOf(mapping, Ours()).meanings.at("amount"), (Meaning{.role = Role::kAmount}));
}

constexpr std::string_view kCrm = R"toml(
key = ["id"]
[columns]
lead = "id"
model = "product"
[constants]
dealer = "HQ"
[values.model]
"GTXPro" = "GTX Pro"
[[event]]
name = "captured"
at = "engaged"
[[event]]
name = "deal"
at = "closed"
amount = "value"
when = { stage = "Won" }
[[event]]
name = "lost"
at = "closed"
when = { stage = "Lost" }
)toml";
const Lines kCrmHeaders = {"id", "agent", "product", "stage", "engaged", "closed", "value"};

TEST(ColumnMeaning, AMappingThatSaysMoreIsNotWhole) {
  const MappingMeanings meanings = MeaningsOf(Parsed(kCrm), Ours());
  EXPECT_FALSE(meanings.whole);
  EXPECT_EQ(meanings.meanings.at("engaged"), (Meaning{.role = Role::kEventAt, .event = "captured"}));
  EXPECT_FALSE(MeaningsOf(Parsed("[[event]]\nname='deal'\nat='d'\namount=['price','pieces']\n"), Ours()).whole);
  EXPECT_FALSE(MeaningsOf(Parsed("key=['b','a']\n[[event]]\nname='deal'\nat='a'\n[columns]\nlead='b'\n"), Ours())
                   .meanings.empty());
}

TEST(ColumnMeaning, ChangingAColumnKeepsWhatMeaningsCannotSay) {
  const Mapping mapping = Parsed(kCrm);
  const auto changed = Reinterpret(mapping, {{"agent", {.role = Role::kField, .field = "staff"}}}, kCrmHeaders, Ours());
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->columns.at("staff"), "agent");
  EXPECT_EQ(changed->rules.size(), 3U);
  EXPECT_EQ(changed->rules[1].when.at("stage"), Lines{"Won"});
  EXPECT_EQ(changed->constants.at("dealer"), "HQ");
  EXPECT_EQ(changed->values.at("model").at("GTXPro"), "GTX Pro");
  // What was about the column goes.
  const auto without = Reinterpret(mapping, {{"closed", {}}}, kCrmHeaders, Ours());
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(without->rules.size(), 1U);
}

TEST(ColumnMeaning, SayingTheSameAgainChangesNothing) {
  const Mapping mapping = Parsed(kCrm);
  const auto same = Reinterpret(mapping, MeaningsOf(mapping, Ours()).meanings, kCrmHeaders, Ours());
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(FormatMapping(*same), FormatMapping(mapping));
}

TEST(ColumnMeaning, OfTwoColumnsForOneFieldTheLastChangedHasIt) {
  const Lines headers = {"a", "b", "d"};
  const Mapping mapping = MappingOf(
      "events", {{"a", {.role = Role::kField, .field = "staff"}}, {"d", {.role = Role::kEventAt, .event = "traffic"}}},
      headers, Ours());
  const auto changed = Reinterpret(mapping, {{"b", {.role = Role::kField, .field = "staff"}}}, headers, Ours());
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->columns.at("staff"), "b");
  EXPECT_FALSE(MeaningsOf(*changed, Ours()).meanings.contains("a"));
}

TEST(ColumnMeaning, MeaningsThatThereAreNotAreRefused) {
  const Lines headers = {"a", "b"};
  const Mapping mapping;
  const auto what = [&](const std::string& column, const Meaning& meaning) {
    const auto changed = Reinterpret(mapping, {{column, meaning}}, headers, Ours());
    return changed.ok() ? std::string("taken") : std::string(changed.error().Arg("what"));
  };
  EXPECT_EQ(what("c", {.role = Role::kAt}), "column");
  EXPECT_EQ(what("a", {.role = Role::kField, .field = "colour"}), "field = colour");
  EXPECT_EQ(what("a", {.role = Role::kField, .field = "amount"}), "field = amount") << "that is a role of its own";
  EXPECT_EQ(what("a", {.role = Role::kEventAt, .event = "won"}), "event = won");
  EXPECT_EQ(what("a", {.role = Role::kEventAt}), "event");
  EXPECT_EQ(what("a", {.role = Role::kEventFlag, .event = "deal", .at = "c"}), "at = c");
  EXPECT_EQ(what("a", {.role = Role::kEventFlag, .event = "deal", .at = "a"}), "at = a");
  EXPECT_EQ(what("a", {.role = Role::kMeasure}), "measure") << "of readings only";
  EXPECT_EQ(what("a", {.role = Role::kAmount, .scale = {0, 0}}), "scale");
  EXPECT_EQ(what("a", {.role = Role::kAt}), "taken");
}

// ---- Guessing beyond what is known by name ----

const Lines kMessy = {"登记号",   "来店日期", "客户姓名", "手机",       "方式",     "信息来源", "意向车型",
                      "接待顾问", "是否试驾", "成交日期", "成交价(万)", "战败原因", "备注2"};
const std::vector<Lines> kMessyCells = {
    {"LD-1"}, {"2026/9/17"}, {"陈女士"}, {"138****2071"}, {"来店"}, {"路过"}, {"X7"},
    {"张三"}, {"是", "否"},  {},         {"18.98"},       {},       {}};

TEST(GuessMeanings, AShowroomSheet) {
  const auto guesses = GuessMeanings("events", kMessy, kMessyCells, Ours());
  const auto meaning = [&](const char* header) { return GuessOf(guesses, kMessy, header).meaning; };
  const auto sure = [&](const char* header) { return GuessOf(guesses, kMessy, header).sure; };
  EXPECT_EQ(meaning("登记号"), (Meaning{.role = Role::kField, .field = "lead", .key = true}));
  EXPECT_EQ(meaning("来店日期"), (Meaning{.role = Role::kEventAt, .event = "traffic"}));
  EXPECT_EQ(meaning("接待顾问"), (Meaning{.role = Role::kField, .field = "staff"}));
  EXPECT_EQ(meaning("成交日期"), (Meaning{.role = Role::kEventAt, .event = "deal"}));
  EXPECT_EQ(sure("成交日期"), Sure::kRecognised);
  EXPECT_EQ(meaning("是否试驾"), (Meaning{.role = Role::kEventFlag, .event = "test_drive", .at = "来店日期"}));
  EXPECT_EQ(sure("是否试驾"), Sure::kConfirm);
  EXPECT_EQ(meaning("成交价(万)").role, Role::kAmount);
  EXPECT_EQ(ToUnits(meaning("成交价(万)").scale, 1), 10'000);
  EXPECT_EQ(sure("成交价(万)"), Sure::kConfirm);
  ASSERT_TRUE(GuessOf(guesses, kMessy, "成交价(万)").why.has_value());
  for (const char* unused : {"客户姓名", "手机", "备注2", "战败原因"}) EXPECT_EQ(sure(unused), Sure::kUnused) << unused;
  EXPECT_TRUE(Usable(MappingOfGuess("events", guesses, kMessy, Ours())));
}

TEST(GuessMeanings, ADateOfNobodyKnowsWhatIsAskedAbout) {
  const Lines headers = {"日期", "线索编号", "顾问"};
  const auto guesses = GuessMeanings("events", headers, {{}, {}, {}}, Ours());
  EXPECT_EQ(guesses[0].meaning, (Meaning{.role = Role::kEventAt, .event = "captured"}));
  EXPECT_EQ(guesses[0].sure, Sure::kConfirm);
  EXPECT_TRUE(guesses[1].meaning.key);
}

TEST(GuessMeanings, YesAndNoWithoutAKnownEventAreLeft) {
  const Lines headers = {"到店日期", "是否二次到访客户"};
  const auto guesses = GuessMeanings("events", headers, {{"2026-01-01"}, {"是"}}, Ours());
  EXPECT_EQ(guesses[1].meaning.role, Role::kNone);
}

TEST(GuessMeanings, NumbersInAFlagColumnAreNoFlag) {
  const Lines headers = {"到店日期", "试驾"};
  const auto counts = GuessMeanings("events", headers, {{"2026-01-01"}, {"1", "3", "2"}}, Ours());
  EXPECT_EQ(counts[1].meaning.role, Role::kNone);
  const auto flags = GuessMeanings("events", headers, {{"2026-01-01"}, {"√", "否"}}, Ours());
  EXPECT_EQ(flags[1].meaning.role, Role::kEventFlag);
}

// ---- Remembering ----

TEST(Rebind, HeadersWrittenDifferentlyAreTheSame) {
  const Mapping mapping = Parsed(
      "key=['Lead ID']\n[columns]\nlead='Lead ID'\nstaff='Consultant'\n"
      "[[event]]\nname='captured'\nat='Captured date'\n"
      "[[event]]\nname='deal'\nat='Order date'\namount=['price','pieces']\n");
  const Mapping bound = Rebind(mapping, {"lead_id", "captured-date", "ORDER DATE", "price"});
  EXPECT_EQ(bound.key, Lines{"lead_id"});
  EXPECT_EQ(bound.columns, (std::map<std::string, std::string>{{"lead", "lead_id"}}));
  ASSERT_EQ(bound.rules.size(), 2U);
  EXPECT_EQ(bound.rules[1].at, "ORDER DATE");
  EXPECT_TRUE(bound.rules[1].amount.empty()) << "without the pieces the price means nothing";
}

TEST(Rebind, AConditionThatCannotBeAskedTakesItsEventAlong) {
  EXPECT_EQ(Rebind(Parsed(kCrm), {"id", "engaged", "closed", "value"}).rules.size(), 1U);
}

TEST(HeaderFingerprint, OrderAndWritingDoNotMatter) {
  EXPECT_EQ(HeaderFingerprint({"Lead ID", "日期"}), HeaderFingerprint({" 日期", "lead_id"}));
  EXPECT_NE(HeaderFingerprint({"a", "b"}), HeaderFingerprint({"a", "b", "c"}));
  EXPECT_NE(HeaderFingerprint({"ab"}), HeaderFingerprint({"a", "b"}));
}

}  // namespace
}  // namespace dealpace::exchange
