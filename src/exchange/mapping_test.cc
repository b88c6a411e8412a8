#include "exchange/mapping.h"

#include <gtest/gtest.h>

#include "catalog/embedded.h"

namespace dealpace::exchange {
namespace {

using Texts = std::vector<std::string>;
using Fields = std::map<std::string, std::string>;

const catalog::Catalog& Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return *kLoaded.catalog;
}

Mapping Parsed(std::string_view toml) {
  auto mapping = ParseMapping(toml, Ours());
  if (!mapping.ok()) {
    throw std::runtime_error(mapping.error().code + " line " + std::string(mapping.error().Arg("line")));
  }
  return *std::move(mapping);
}

// "mapping_bad_value at line 3" of a mapping that must not be taken.
std::string Refused(std::string_view toml) {
  const auto mapping = ParseMapping(toml, Ours());
  if (mapping.ok()) return "taken";
  return mapping.error().code + " at line " + std::string(mapping.error().Arg("line"));
}

void ExpectSame(const Mapping& a, const Mapping& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.time_zone, b.time_zone);
  EXPECT_EQ(a.date_formats, b.date_formats);
  EXPECT_EQ(a.missing, b.missing);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.sheet, b.sheet);
  EXPECT_EQ(a.header, b.header);
  EXPECT_TRUE(a.scale.digits == b.scale.digits && a.scale.scale == b.scale.scale);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.constants, b.constants);
  EXPECT_EQ(a.values, b.values);
  ASSERT_EQ(a.rules.size(), b.rules.size());
  for (size_t i = 0; i < a.rules.size(); ++i) {
    EXPECT_EQ(a.rules[i].name, b.rules[i].name);
    EXPECT_EQ(a.rules[i].at, b.rules[i].at);
    EXPECT_EQ(a.rules[i].amount, b.rules[i].amount);
    EXPECT_EQ(a.rules[i].count, b.rules[i].count);
    EXPECT_EQ(a.rules[i].when, b.rules[i].when);
    EXPECT_EQ(a.rules[i].columns, b.rules[i].columns);
    EXPECT_EQ(a.rules[i].constants, b.rules[i].constants);
  }
}

void ExpectRoundTrip(std::string_view toml) {
  const Mapping mapping = Parsed(toml);
  const auto again = ParseMapping(FormatMapping(mapping), Ours());
  ASSERT_TRUE(again.ok()) << again.error().code << "\n" << FormatMapping(mapping);
  ExpectSame(mapping, *again);
}

constexpr std::string_view kWide = R"toml(
kind         = "events"
time_zone    = "Asia/Shanghai"
date_formats = ["%Y-%m-%d", "%Y/%m/%d %H:%M"]
missing      = ["", "NULL", "Select"]
key          = ["opportunity_id"]
sheet        = "2026"
scale        = 10000
[columns]
lead  = "opportunity_id"
staff = "sales_agent"
model = "product"
[constants]
dealer  = "HQ"
attempt = 2
[values.model]
"GTXPro" = "GTX Pro"
[values.source]
"网络" = "online"
"3"    = "referral"
[[event]]
name = "captured"
at   = "engage_date"
[[event]]
name   = "deal"
at     = "close_date"
amount = "close_value"
when   = { deal_stage = "Won" }
[[event]]
name      = "lost"
at        = "close_date"
when      = { deal_stage = ["Lost", "Gone"], region = 3 }
columns   = { staff = "closer", reason = "why" }
constants = { channel = "web" }
count     = "pieces"
[[event]]
name   = "invoice"
at     = "close_date"
amount = ["price", "pieces"]
)toml";

TEST(Mapping, EveryKeyOfAWideFile) {
  const Mapping mapping = Parsed(kWide);
  EXPECT_EQ(mapping.kind, "events");
  EXPECT_EQ(mapping.time_zone, "Asia/Shanghai");
  EXPECT_EQ(mapping.date_formats, (Texts{"%Y-%m-%d", "%Y/%m/%d %H:%M"}));
  EXPECT_EQ(mapping.missing, (Texts{"", "NULL", "Select"}));
  EXPECT_EQ(mapping.key, Texts{"opportunity_id"});
  EXPECT_EQ(mapping.sheet, "2026");
  EXPECT_TRUE(mapping.header);
  EXPECT_EQ(ToUnits(mapping.scale, 1), 10000);
  EXPECT_EQ(mapping.columns, (Fields{{"lead", "opportunity_id"}, {"staff", "sales_agent"}, {"model", "product"}}));
  EXPECT_EQ(mapping.constants, (Fields{{"dealer", "HQ"}, {"attempt", "2"}})) << "numbers are taken as texts";
  EXPECT_EQ(mapping.values.at("model"), (Fields{{"GTXPro", "GTX Pro"}}));
  EXPECT_EQ(mapping.values.at("source"), (Fields{{"网络", "online"}, {"3", "referral"}}));
  ASSERT_EQ(mapping.rules.size(), 4U);
  EXPECT_EQ(mapping.rules[0].name, "captured");
  EXPECT_EQ(mapping.rules[0].at, "engage_date");
  EXPECT_EQ(mapping.rules[1].amount, Texts{"close_value"});
  EXPECT_EQ(mapping.rules[1].when.at("deal_stage"), Texts{"Won"});
  EXPECT_EQ(mapping.rules[2].when.at("deal_stage"), (Texts{"Lost", "Gone"}));
  EXPECT_EQ(mapping.rules[2].when.at("region"), Texts{"3"});
  EXPECT_EQ(mapping.rules[2].columns, (Fields{{"staff", "closer"}, {"reason", "why"}}));
  EXPECT_EQ(mapping.rules[2].constants, (Fields{{"channel", "web"}}));
  EXPECT_EQ(mapping.rules[2].count, Texts{"pieces"});
  EXPECT_EQ(mapping.rules[3].amount, (Texts{"price", "pieces"}));
  EXPECT_TRUE(Usable(mapping));
  EXPECT_EQ(mapping.Columns(), (Texts{"close_date", "close_value", "closer", "deal_stage", "engage_date",
                                      "opportunity_id", "pieces", "price", "product", "region", "sales_agent", "why"}));
}

TEST(Mapping, ALongFile) {
  const Mapping mapping =
      Parsed("header = false\nscale = 0.0001\n[columns]\nevent = \"1\"\nat = \"2\"\ncount = \"3\"\namount = \"4\"\n");
  EXPECT_EQ(mapping.kind, "events") << "what it is without being told";
  EXPECT_FALSE(mapping.header);
  EXPECT_EQ(ToUnits(mapping.scale, 10000), 1);
  EXPECT_TRUE(mapping.rules.empty());
  EXPECT_TRUE(Usable(mapping));
}

TEST(Mapping, OneTextStandsForAListOfOne) {
  const Mapping mapping = Parsed(
      "key = \"id\"\nmissing = \"-\"\ndate_formats = \"%d/%m/%Y\"\nconstants = { at = 2026-10-07 }\n"
      "columns = { event = \"e\" }\n");
  EXPECT_EQ(mapping.key, Texts{"id"});
  EXPECT_EQ(mapping.missing, Texts{"-"});
  EXPECT_EQ(mapping.date_formats, Texts{"%d/%m/%Y"});
  EXPECT_EQ(mapping.constants.at("at"), "2026-10-07") << "a TOML date";
}

TEST(Mapping, ReadingsWideAndLong) {
  const Mapping wide = Parsed(R"toml(
kind = "readings"
[constants]
measure = "market_units"
[[value]]
column = "M01"
period = "{Year}-01"
[[value]]
column  = "M02"
period  = "{Year}-02"
measure = "market_units"
)toml");
  ASSERT_EQ(wide.rules.size(), 2U);
  EXPECT_EQ(wide.rules[0].amount, Texts{"M01"});
  EXPECT_EQ(wide.rules[0].at, "{Year}-01");
  EXPECT_EQ(wide.rules[1].name, "market_units");
  EXPECT_TRUE(Usable(wide));
  EXPECT_EQ(wide.Columns(), (Texts{"M01", "M02"}));
  const Mapping tall = Parsed(
      "kind = \"readings\"\n[columns]\nmeasure = \"指标\"\nat = \"日期\"\nvalue = \"数值\"\ndealer = \"门店\"\n");
  EXPECT_TRUE(Usable(tall));
}

TEST(Mapping, IsWrittenAndReadBack) {
  ExpectRoundTrip(kWide);
  ExpectRoundTrip("header = false\nscale = 0.0001\ncolumns = { event = \"1\", at = \"2\" }\n");
  ExpectRoundTrip("scale = -1234.5678\ncolumns = { event = \"1\", at = \"2\" }\n");
  ExpectRoundTrip("scale = 1e25\ncolumns = { event = \"1\", at = \"2\" }\n");
  ExpectRoundTrip("scale = 1e-12\ncolumns = { event = \"1\", at = \"2\" }\n");
  ExpectRoundTrip("scale = 1.23456789\ncolumns = { event = \"1\", at = \"2\" }\n");
  ExpectRoundTrip(
      "kind = \"readings\"\ncolumns = { at = \"d\" }\n[[value]]\nmeasure = \"market_units\"\ncolumn = \"a\"\n"
      "[[value]]\nmeasure = \"market_units\"\ncolumn = [\"a\", \"b\"]\nperiod = \"{Year}Q1\"\nwhen = { x = \"y\" }\n");
}

TEST(Mapping, OddTextsSurviveBeingWritten) {
  ExpectRoundTrip(R"toml(
missing = ["a\tb", "c\nd", "e\"f", "g\\h", "\u007F", "\u0001", "张三"]
[columns]
event = "a\tb"
at    = "日期 \"x\""
[values.event]
"a\tb\\\"" = "deal"
)toml");
}

TEST(Mapping, ScaleKeepsAllItsDigits) {
  const Mapping mapping = Parsed("scale = 0.123456789\ncolumns = { event = \"1\", at = \"2\" }\n");
  EXPECT_EQ(ToUnits(mapping.scale, 1'000'000'000), 123456789);
}

TEST(MappingErrors, Syntax) {
  EXPECT_EQ(Refused("kind = \"events\"\nkey = [\n[columns]\n"), "mapping_syntax at line 3");
  EXPECT_FALSE(ParseMapping("x", Ours()).error().Arg("detail").empty());
}

TEST(MappingErrors, PunctuationOfAnotherKeyboardIsASyntaxError) {
  for (const char* text : {"key = “id”\n", "key = [\"a\"，\"b\"]\n", "key = \"id\"。\n", "键 = \"id\"\n", "é = 1\n",
                           "key = 、\n", "［columns］\n", "key = \uFCFF\n"}) {
    EXPECT_EQ(Refused(text), "mapping_syntax at line 1") << text;
  }
}

TEST(MappingErrors, UnknownKeys) {
  EXPECT_EQ(Refused("\ntimezone = \"UTC\"\n"), "mapping_unknown_key_suggest at line 2");
  EXPECT_EQ(ParseMapping("timezone = \"UTC\"\n", Ours()).error().Arg("suggestion"), "time_zone");
  EXPECT_EQ(Refused("something_else = 1\n"), "mapping_unknown_key at line 1");
  EXPECT_EQ(Refused("[[event]]\nname = \"deal\"\nat = \"d\"\namuont = \"x\"\n"),
            "mapping_unknown_key_suggest at line 4");
}

TEST(MappingErrors, BadValues) {
  const std::string rest = "columns = { event = \"e\", at = \"d\" }\n";
  for (const char* line :
       {"kind = \"sales\"", "kind = 3", "header = \"no\"", "scale = 0", "scale = \"x\"", "scale = inf", "scale = nan",
        "key = 1.5", "key = [true]", "missing = { a = 1 }", "time_zone = 8", "constants = \"HQ\"", "values = \"x\"",
        "values = { model = 1 }", "values = { model = { a = true } }", "constants = { dealer = [] }",
        "event = \"deal\"", "event = [1]"}) {
    EXPECT_EQ(Refused(std::string(line) + "\n" + rest), "mapping_bad_value at line 1") << line;
  }
  EXPECT_EQ(Refused("[[event]]\nname = \"deal\"\nat = \"d\"\nwhen = \"Won\"\n"), "mapping_bad_value at line 4");
  EXPECT_EQ(Refused("[[event]]\nname = \"deal\"\nat = [\"d\"]\n"), "mapping_bad_value at line 3");
}

TEST(MappingErrors, UnknownFields) {
  EXPECT_EQ(Refused("[columns]\nstafff = \"x\"\n"), "mapping_unknown_field_suggest at line 2");
  EXPECT_EQ(Refused("[columns]\nfavourite_colour = \"x\"\n"), "mapping_unknown_field at line 2");
  EXPECT_EQ(Refused("[constants]\nvalue = \"1\"\n").substr(0, 21), "mapping_unknown_field") << "of readings only";
  EXPECT_EQ(Refused("kind = \"readings\"\n[columns]\nlead = \"x\"\n").substr(0, 21), "mapping_unknown_field");
  EXPECT_EQ(Refused("[values.modell]\na = \"b\"\n"), "mapping_unknown_field_suggest at line 1");
}

TEST(MappingErrors, UnknownEventsAndMeasures) {
  EXPECT_EQ(Refused("[[event]]\nname = \"deel\"\nat = \"d\"\n"), "mapping_unknown_event_suggest at line 1");
  EXPECT_EQ(ParseMapping("[[event]]\nname = \"deel\"\nat = \"d\"\n", Ours()).error().Arg("suggestion"), "deal");
  EXPECT_EQ(Refused("[[event]]\nname = \"something unheard of\"\nat = \"d\"\n"), "mapping_unknown_event at line 1");
  EXPECT_EQ(Refused("[[event]]\nname = \"reading.market_units\"\nat = \"d\"\n").substr(0, 21), "mapping_unknown_event");
  EXPECT_EQ(Refused("kind = \"readings\"\n[[value]]\nmeasure = \"market_unts\"\nat = \"d\"\ncolumn = \"v\"\n"),
            "mapping_unknown_measure_suggest at line 2");
}

TEST(MappingErrors, DerivedEventsCannotBeImported) {
  for (const catalog::Event& event : Ours().events()) {
    if (!event.derived()) continue;
    EXPECT_EQ(Refused("[[event]]\nname = \"" + event.id + "\"\nat = \"d\"\n").substr(0, 21), "mapping_unknown_event");
  }
}

TEST(MappingErrors, WhatIsMissingIsNamed) {
  const auto missing = [](std::string_view toml) {
    const auto mapping = ParseMapping(toml, Ours());
    return mapping.ok() || mapping.error().code != "mapping_incomplete" ? "nothing"
                                                                        : std::string(mapping.error().Arg("what"));
  };
  EXPECT_EQ(missing(""), "event");
  EXPECT_EQ(missing("columns = { event = \"e\" }"), "at");
  EXPECT_EQ(missing("[[event]]\nat = \"d\""), "name");
  EXPECT_EQ(missing("[[event]]\nname = \"deal\""), "at");
  EXPECT_EQ(missing("kind = \"readings\""), "measure");
  EXPECT_EQ(missing("kind = \"readings\"\nconstants = { measure = \"market_units\" }"), "value");
  EXPECT_EQ(missing("kind = \"readings\"\ncolumns = { measure = \"m\", value = \"v\" }"), "at");
  EXPECT_EQ(missing("kind = \"readings\"\n[[value]]\ncolumn = \"v\"\nat = \"d\""), "measure");
  EXPECT_EQ(missing("columns = { event = \"e\" }\nconstants = { at = \"2026-01-01\" }"), "nothing");
}

// ---- Guessing ----

TEST(Guess, AWideFileWithChineseHeaders) {
  const Mapping guess = GuessMapping("events",
                                     {"线索编号", "门店", "销售顾问", "客户来源", "意向车型", "建档日期", "试驾日期",
                                      "成交日期", "成交金额", "交车日期", "战败日期", "战败原因", "备注"},
                                     Ours());
  EXPECT_EQ(guess.columns, (Fields{{"lead", "线索编号"},
                                   {"dealer", "门店"},
                                   {"staff", "销售顾问"},
                                   {"source", "客户来源"},
                                   {"model", "意向车型"}}));
  EXPECT_EQ(guess.key, Texts{"线索编号"});
  ASSERT_EQ(guess.rules.size(), 5U);
  EXPECT_EQ(guess.rules[0].name, "captured");
  EXPECT_EQ(guess.rules[0].at, "建档日期");
  EXPECT_EQ(guess.rules[1].name, "test_drive");
  EXPECT_EQ(guess.rules[2].name, "deal");
  EXPECT_EQ(guess.rules[2].amount, Texts{"成交金额"});
  EXPECT_EQ(guess.rules[3].name, "delivered");
  EXPECT_TRUE(guess.rules[3].amount.empty());
  EXPECT_EQ(guess.rules[4].name, "lost");
  EXPECT_EQ(guess.rules[4].columns, (Fields{{"reason", "战败原因"}}));
  EXPECT_TRUE(Usable(guess));
  EXPECT_TRUE(ParseMapping(FormatMapping(guess), Ours()).ok());
}

TEST(Guess, AWideFileWithEnglishHeaders) {
  const Mapping guess = GuessMapping("events",
                                     {"Opportunity ID", "Store", "Sales Agent", "Lead Source", "Product",
                                      "Created Date", "Test-Drive Date", "Order Date", "Close_Value", "Delivery Date"},
                                     Ours());
  EXPECT_EQ(guess.columns.at("lead"), "Opportunity ID");
  EXPECT_EQ(guess.columns.at("dealer"), "Store");
  EXPECT_EQ(guess.columns.at("staff"), "Sales Agent");
  EXPECT_EQ(guess.columns.at("source"), "Lead Source");
  EXPECT_EQ(guess.columns.at("model"), "Product");
  ASSERT_EQ(guess.rules.size(), 4U);
  EXPECT_EQ(guess.rules[0].name, "lead");
  EXPECT_EQ(guess.rules[1].name, "test_drive");
  EXPECT_EQ(guess.rules[2].name, "deal");
  EXPECT_EQ(guess.rules[2].amount, Texts{"Close_Value"});
  EXPECT_EQ(guess.rules[3].name, "delivered");
}

TEST(Guess, ALongFileInEitherLanguage) {
  const Mapping chinese = GuessMapping("events", {"日期", "门店", "顾问", "事件", "数量", "金额"}, Ours());
  EXPECT_EQ(chinese.columns, (Fields{{"at", "日期"},
                                     {"dealer", "门店"},
                                     {"staff", "顾问"},
                                     {"event", "事件"},
                                     {"count", "数量"},
                                     {"amount", "金额"}}));
  EXPECT_TRUE(chinese.rules.empty());
  EXPECT_TRUE(Usable(chinese));
  const Mapping english =
      GuessMapping("events", {"Date", "Dealer", "Salesperson", "Event Type", "Qty", "Amount"}, Ours());
  EXPECT_EQ(english.columns, (Fields{{"at", "Date"},
                                     {"dealer", "Dealer"},
                                     {"staff", "Salesperson"},
                                     {"event", "Event Type"},
                                     {"count", "Qty"},
                                     {"amount", "Amount"}}));
  EXPECT_TRUE(Usable(english));
}

TEST(Guess, Readings) {
  const Mapping guess = GuessMapping("readings", {"日期", "经销商", "指标", "数值"}, Ours());
  EXPECT_EQ(guess.columns, (Fields{{"at", "日期"}, {"dealer", "经销商"}, {"measure", "指标"}, {"value", "数值"}}));
  EXPECT_TRUE(Usable(guess));
}

TEST(Guess, TheFieldsOwnNamesComeFirst) {
  const Mapping guess = GuessMapping("events", {"姓名", "staff", "event", "at", "time"}, Ours());
  EXPECT_EQ(guess.columns.at("staff"), "staff");
  EXPECT_EQ(guess.columns.at("at"), "at");
}

TEST(Guess, WithoutAnyEventItIsOfNoUse) {
  EXPECT_FALSE(Usable(GuessMapping("events", {"a", "b", "c"}, Ours())));
  EXPECT_FALSE(Usable(GuessMapping("events", {"门店", "日期", "金额"}, Ours())));
  EXPECT_FALSE(Usable(GuessMapping("readings", {"日期", "指标"}, Ours())));
  EXPECT_FALSE(Usable(GuessMapping("events", {}, Ours())));
}

}  // namespace
}  // namespace dealpace::exchange
