#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "catalog/embedded.h"

namespace dealpace::catalog {
namespace {

// "kpis.toml:7 catalog_bad_value": one line for each complaint, for a failing test to show.
std::vector<std::string> Lines(const std::vector<Complaint>& complaints) {
  std::vector<std::string> lines;
  for (const Complaint& complaint : complaints) {
    lines.push_back(complaint.place.file + ":" + std::to_string(complaint.place.line) + " " + complaint.error.code);
  }
  return lines;
}

using L = std::vector<std::string>;

L Complaints(std::string_view file, std::string_view content) { return Lines(Load({{file, content}}).complaints); }

const Catalog& Ours() {
  static const Loaded kLoaded = Load(EmbeddedFiles());
  return *kLoaded.catalog;
}

// ---- Our own catalogue ----

TEST(OurCatalogue, LoadsWithoutComplaint) {
  const Loaded loaded = Load(EmbeddedFiles());
  EXPECT_EQ(Lines(loaded.complaints), L{});
}

TEST(OurCatalogue, HasEverythingOfTheDomain) {
  const auto own = std::count_if(Ours().events().begin(), Ours().events().end(),
                                 [](const Event& event) { return event.reading_of < 0; });
  EXPECT_EQ(own, 125 + 3);
  EXPECT_EQ(Ours().measures().size(), 190U);
  EXPECT_EQ(Ours().kpis().size(), 206U);
  std::set<std::string> rows;  // of the domain's list: a family stands in one row
  for (const Kpi& kpi : Ours().kpis()) rows.insert(kpi.family.empty() ? kpi.id : kpi.family);
  EXPECT_EQ(rows.size(), 199U);
  EXPECT_EQ(Ours().stages().size(), 12U);
}

TEST(OurCatalogue, TheContractsEventsFeedTheirMeasures) {
  for (const auto& [event, measure] : {std::pair{"lead", "lead_cnt"},
                                       {"traffic", "traffic_cnt"},
                                       {"captured", "prospect_cnt"},
                                       {"test_drive", "td_cnt"},
                                       {"deal", "deal_cnt"},
                                       {"invoice", "sales_amt"},
                                       {"delivered", "delivered_cnt"},
                                       {"lost", "lost_cnt"}}) {
    const int m = Ours().FindMeasure(measure);
    ASSERT_GE(m, 0) << measure;
    const Measure& definition = Ours().measures()[static_cast<size_t>(m)];
    EXPECT_EQ(definition.event, Ours().FindEvent(event)) << measure;
    EXPECT_NE(definition.event, -1) << event;
  }
}

TEST(OurCatalogue, EveryMeasureCanBeSuppliedAsAReading) {
  for (size_t i = 0; i < Ours().measures().size(); ++i) {
    const Measure& measure = Ours().measures()[i];
    const Event& reading = Ours().events()[static_cast<size_t>(measure.reading_event)];
    EXPECT_EQ(reading.reading_of, static_cast<int>(i)) << measure.id;
    EXPECT_EQ(reading.id, "reading." + measure.id);
    if (measure.kind == SumKind::kReading) {
      EXPECT_EQ(measure.event, measure.reading_event) << measure.id;
    }
  }
}

TEST(OurCatalogue, DerivedEventsAndReadingsAreNotRecorded) {
  const auto recordable = Ours().RecordableEvents();
  for (const Event& event : Ours().events()) {
    const bool listed = std::find(recordable.begin(), recordable.end(), event.id) != recordable.end();
    EXPECT_EQ(listed, !event.derived() && event.reading_of < 0) << event.id;
  }
}

TEST(OurCatalogue, CodesAreFoundByCodeNameAndSynonym) {
  for (const char* text : {"referral", "Referral", "REFERRAL", "老客户推荐", " 转介绍 "}) {
    const Code* code = Ours().FindCode(Dim::kSource, text);
    ASSERT_NE(code, nullptr) << text;
    EXPECT_EQ(code->code, "referral");
  }
  EXPECT_EQ(Ours().FindCode(Dim::kSource, "no such source"), nullptr);
  EXPECT_EQ(Ours().FindCode(Dim::kModel, "referral"), nullptr);
  EXPECT_TRUE(Ours().HasCodes(Dim::kSource));
  EXPECT_FALSE(Ours().HasCodes(Dim::kModel));
}

// ---- A small catalogue that is right ----

constexpr std::string_view kCallEvents = R"toml(
[event.call]
name   = { en = "Call", zh = "电话" }
when   = { en = "It rings.", zh = "响铃。" }
source = "x"
start  = true
amount = "money"

[event.answer]
name   = { en = "Answer", zh = "回复" }
when   = { en = "Picked up.", zh = "接起。" }
source = "x"

[event.answer_2h]
name   = { en = "Quick answer", zh = "快速回复" }
when   = { en = "Within two hours.", zh = "两小时内。" }
source = "x"
timely = { event = "answer", answers = "call", limit = "2h" }

[event.open_call]
name     = { en = "Open call", zh = "未回电话" }
when     = { en = "Not answered.", zh = "未回复。" }
source   = "x"
interval = { opened_by = ["call"], closed_by = ["answer"] }
)toml";

constexpr std::string_view kCallMeasures = R"toml(
[measure.calls]
name   = { en = "Calls", zh = "电话数" }
sum    = "q1(call[source=referral, channel=phone])"
kind   = "flow"
unit   = "count"
source = "x"

[measure.open_calls]
name   = { en = "Open calls", zh = "未回电话数" }
sum    = "q(open_call)"
kind   = "balance"
unit   = "count"
source = "x"
)toml";

TEST(Catalogue, ReadsWhatIsWritten) {
  const Loaded loaded = Load({{"events.toml", kCallEvents}, {"measures.toml", kCallMeasures}});
  EXPECT_EQ(Lines(loaded.complaints), L{});
  const Catalog& catalog = *loaded.catalog;
  ASSERT_EQ(catalog.events().size(), 6U);  // and a reading for each measure
  EXPECT_TRUE(catalog.events()[0].start);
  EXPECT_EQ(catalog.events()[0].amount, Unit::kMoney);
  EXPECT_EQ(catalog.events()[2].timely->limit_ms, 2 * 3'600'000);
  EXPECT_EQ(catalog.events()[2].timely->event, 1);
  EXPECT_EQ(catalog.events()[2].timely->answers, 0);
  EXPECT_EQ(catalog.events()[3].interval->opened_by, std::vector<int>{0});
  EXPECT_EQ(catalog.events()[3].interval->closed_by, std::vector<int>{1});
  EXPECT_EQ(catalog.RecordableEvents(), (std::vector<std::string>{"call", "answer"}));
  const Measure& calls = catalog.measures()[0];
  EXPECT_EQ(calls.kind, SumKind::kFirstQuantity);
  ASSERT_EQ(calls.filters.size(), 2U);
  EXPECT_EQ(calls.filters[1].dim, Dim::kChannel);
  EXPECT_EQ(calls.filters[1].code, "phone");
  EXPECT_TRUE(catalog.measures()[1].balance);
  EXPECT_EQ(catalog.FindEvent("reading.calls"), 4);
  EXPECT_EQ(catalog.FindMeasure("nothing"), -1);
}

TEST(Catalogue, ADealersFileAddsToOurs) {
  constexpr std::string_view kOwn = R"toml([kpi.own]
name = { en = "Own", zh = "自有" }
formula = "deal_cnt / lead_cnt"
unit = "percent"
better = "higher"
meaning = { en = "A.", zh = "甲。" }
source = "x"
)toml";
  std::vector<EmbeddedFile> files = EmbeddedFiles();
  files.push_back({"data/catalog/kpis.toml", kOwn});
  const Loaded loaded = Load(files);
  EXPECT_EQ(Lines(loaded.complaints), L{});
  EXPECT_EQ(loaded.catalog->kpis().size(), 207U);
  EXPECT_GE(loaded.catalog->FindKpi("own"), 0);
}

// ---- Each kind of complaint ----

constexpr std::string_view kEvent = R"toml([event.call]
name = { en = "Call", zh = "电话" }
when = { en = "It rings.", zh = "响铃。" }
source = "x"
)toml";

std::string MeasureOf(const std::string& sum, const std::string& unit = "count") {
  return "[measure.m]\nname = { en = \"M\", zh = \"度量\" }\nsum = \"" + sum + "\"\nkind = \"flow\"\nunit = \"" + unit +
         "\"\nsource = \"x\"\n";
}

// A KPI of seven lines, and what is added below.
std::string KpiOf(const std::string& id, const std::string& more = "") {
  return "[kpi." + id +
         "]\nname = { en = \"K\", zh = \"指标\" }\nformula = \"1\"\nunit = \"count\"\nbetter = \"none\"\n"
         "meaning = { en = \"A.\", zh = \"甲。\" }\nsource = \"x\"\n" +
         more;
}

L MeasureComplaints(const std::string& measure) {
  return Lines(Load({{"events.toml", kEvent}, {"measures.toml", measure}}).complaints);
}

TEST(Complaints, Syntax) {
  const Loaded loaded = Load({{"data/kpis.toml", "[kpi.a]\nname = { en = \"A\"\n"}});
  ASSERT_EQ(loaded.complaints.size(), 1U);
  EXPECT_EQ(loaded.complaints[0].error.code, "catalog_syntax");
  EXPECT_EQ(loaded.complaints[0].place.file, "data/kpis.toml");
  EXPECT_GE(loaded.complaints[0].place.line, 2);
  EXPECT_FALSE(loaded.complaints[0].error.Arg("detail").empty());
}

TEST(Complaints, UnknownKey) {
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "colour = \"red\"\n")), L{"kpis.toml:8 catalog_unknown_key"});
  EXPECT_EQ(Complaints("events.toml", "[evnt.call]\n"), L{"events.toml:1 catalog_unknown_key"});
  EXPECT_EQ(Complaints("stages.toml", "[stage.S1]\nname = { en = \"A\", zh = \"甲\" }\nnexxt = \"S2\"\n"),
            L{"stages.toml:3 catalog_unknown_key"});
  EXPECT_EQ(Complaints("codes.toml",
                       "[list.a]\nname = { en = \"A\", zh = \"甲\" }\n"
                       "codes = [{ code = \"b\", en = \"B\", zh = \"乙\" }]\ndim = \"source\"\n"),
            L{"codes.toml:4 catalog_unknown_key"});
}

TEST(Complaints, BadValue) {
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "see_also = \"b\"\n")), L{"kpis.toml:8 catalog_bad_value"});
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "also = [\n  \"b\",\n  3,\n]\n")), L{"kpis.toml:10 catalog_bad_value"});
  EXPECT_EQ(Complaints("kpis.toml", "[kpi]\na = 1\n"), L{"kpis.toml:2 catalog_bad_value"});
  EXPECT_EQ(Complaints("kpis.toml", ReplaceAll(KpiOf("a"), "\"none\"", "\"more\"")),
            L{"kpis.toml:1 catalog_bad_value"});
  EXPECT_EQ(MeasureComplaints(ReplaceAll(MeasureOf("q(call)"), "\"flow\"", "\"stock\"")),
            L{"measures.toml:1 catalog_bad_value"});
  EXPECT_EQ(Complaints("events.toml", ReplaceAll(kEvent, "\"x\"", "\"\"")), L{"events.toml:4 catalog_bad_value"});
  for (const char* limit : {"24", "h", "24 h", "-1h", "0h", "2w"}) {
    EXPECT_EQ(Complaints("events.toml",
                         std::string(kEvent) + ReplaceAll(ReplaceAll(kEvent, "event.call", "event.b"), "source",
                                                          "timely = { event = \"call\", answers "
                                                          "= \"call\", limit = \"" +
                                                              std::string(limit) + "\" }\nsource")),
              L{"events.toml:5 catalog_bad_value"})
        << limit;
  }
}

TEST(Complaints, BadIdentifier) {
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("\"close rate\"")), L{"kpis.toml:1 catalog_bad_id"});
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("1st")), L{"kpis.toml:1 catalog_bad_id"});
}

TEST(Complaints, Missing) {
  EXPECT_EQ(Complaints("kpis.toml", ReplaceAll(KpiOf("a"), "source = \"x\"\n", "")), L{"kpis.toml:1 catalog_missing"});
  EXPECT_EQ(Complaints("kpis.toml", ReplaceAll(KpiOf("a"), "unit = \"count\"\n", "")),
            L{"kpis.toml:1 catalog_missing"});
  EXPECT_EQ(Complaints("codes.toml", "[list.a]\nname = { en = \"A\", zh = \"甲\" }\ncodes = []\n"),
            L{"codes.toml:1 catalog_missing"});
}

TEST(Complaints, LanguageMissing) {
  const Loaded loaded = Load({{"events.toml", ReplaceAll(kEvent, ", zh = \"响铃。\"", "")}});
  EXPECT_EQ(Lines(loaded.complaints), L{"events.toml:3 catalog_language_missing"});
  EXPECT_EQ(loaded.complaints[0].error.Arg("language"), "zh");
  EXPECT_EQ(loaded.complaints[0].error.Arg("key"), "when");
  EXPECT_EQ(loaded.complaints[0].error.Arg("id"), "call");
}

TEST(Complaints, UnknownUnit) {
  const L lines = Complaints("kpis.toml", ReplaceAll(KpiOf("a"), "\"count\"", "\"yuan\""));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], "kpis.toml:1 catalog_missing") << "without a known unit there is none";
  EXPECT_NE(std::find(lines.begin(), lines.end(), "kpis.toml:4 catalog_unknown_unit"), lines.end());
  EXPECT_EQ(Complaints("events.toml", std::string(kEvent) + "amount = \"yuan\"\n"),
            L{"events.toml:5 catalog_unknown_unit"});
}

TEST(Complaints, DuplicateId) {
  // Twice in one file is no TOML; twice in two files of a name is ours to find.
  const std::string kpi = KpiOf("a");
  EXPECT_EQ(Lines(Load({{"kpis.toml", kpi}, {"data/kpis.toml", kpi}}).complaints),
            L{"data/kpis.toml:1 catalog_duplicate_id"});
  EXPECT_EQ(Lines(Load({{"events.toml", kEvent}, {"measures.toml", MeasureOf("q(call)")}, {"kpis.toml", KpiOf("m")}})
                      .complaints),
            L{"kpis.toml:1 catalog_duplicate_id"})
      << "KPIs and measures share their names";
  EXPECT_EQ(Complaints("codes.toml",
                       "[list.a]\nname = { en = \"A\", zh = \"甲\" }\ncodes = [\n"
                       "  { code = \"b\", en = \"B\", zh = \"乙\" },\n"
                       "  { code = \"b\", en = \"C\", zh = \"丙\" },\n]\n"),
            L{"codes.toml:5 catalog_duplicate_id"});
  EXPECT_EQ(Complaints("codes.toml",
                       "[list.a]\nname = { en = \"A\", zh = \"甲\" }\ndimension = \"source\"\ncodes = [\n"
                       "  { code = \"b\", en = \"B\", zh = \"乙\" },\n"
                       "  { code = \"c\", en = \"C\", zh = \"乙\" },\n]\n"),
            L{"codes.toml:1 catalog_duplicate_id"})
      << "one spelling, two codes";
}

TEST(Complaints, UnknownName) {
  EXPECT_EQ(MeasureComplaints(MeasureOf("q(calll)")), L{"measures.toml:1 catalog_unknown_name"});
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "slices = [\"dealr\"]\n")), L{"kpis.toml:1 catalog_unknown_name"});
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "cadence = [\"decade\"]\n")), L{"kpis.toml:1 catalog_unknown_name"});
  EXPECT_EQ(Complaints("kpis.toml", KpiOf("a", "see_also = [\"b\"]\n")), L{"kpis.toml:1 catalog_unknown_name"});
  EXPECT_EQ(Complaints("stages.toml", "\n[stage.S1]\nname = { en = \"A\", zh = \"甲\" }\nkpis = [\"b\"]\n"),
            L{"stages.toml:2 catalog_unknown_name"});
  EXPECT_EQ(
      Complaints("events.toml", std::string(kEvent) + "timely = { event = \"x\", answers = \"y\", limit = \"1h\" }\n"),
      (L{"events.toml:1 catalog_unknown_name", "events.toml:1 catalog_unknown_name"}));
  EXPECT_EQ(Lines(Load({{"events.toml", std::string(kEvent) + "reasons = [\"busy\"]\n"},
                        {"measures.toml", MeasureOf("q(call[reason=bussy])")}})
                      .complaints),
            L{"measures.toml:1 catalog_unknown_name"});
}

TEST(Complaints, DerivedFromDerived) {
  const std::string open = ReplaceAll(kEvent, "event.call", "event.open") +
                           "interval = { opened_by = [\"call\"], closed_by = [\"call\"] }\n";
  const std::string twice = ReplaceAll(kEvent, "event.call", "event.twice") +
                            "interval = { opened_by = [\"open\"], closed_by = [\"call\"] }\n";
  EXPECT_EQ(Complaints("events.toml", std::string(kEvent) + open + twice),
            L{"events.toml:10 catalog_derived_from_derived"});
}

TEST(Complaints, BadSum) {
  for (const char* sum : {"call", "q(call", "sum(call)", "(call)", "q(call[source])", "q(call[colour=red])"}) {
    const L lines = MeasureComplaints(MeasureOf(sum));
    ASSERT_FALSE(lines.empty()) << sum;
    EXPECT_EQ(lines[0], "measures.toml:1 catalog_bad_sum") << sum;
  }
}

TEST(Complaints, UnitMismatch) {
  const Loaded loaded = Load({{"events.toml", kEvent}, {"measures.toml", MeasureOf("a(call)", "money")}});
  EXPECT_EQ(Lines(loaded.complaints), L{"measures.toml:1 catalog_unit_mismatch"});
  EXPECT_EQ(loaded.complaints[0].error.Arg("found"), "none");
}

TEST(Complaints, AreInOrderOfFileAndLine) {
  const L lines = Complaints("kpis.toml", KpiOf("b", "x = 1\n") + KpiOf("a", "y = 1\n") + KpiOf("c", "z = 1\n"));
  EXPECT_EQ(lines, (L{"kpis.toml:8 catalog_unknown_key", "kpis.toml:16 catalog_unknown_key",
                      "kpis.toml:24 catalog_unknown_key"}));
}

}  // namespace
}  // namespace dealpace::catalog
