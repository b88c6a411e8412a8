#include "kpi/program.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/embedded.h"

namespace dealpace::kpi {
namespace {

using catalog::Catalog;
using catalog::Unit;

const Catalog& Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return *kLoaded.catalog;
}

// The compiled column, for the test's own questions.
struct Compiled {
  explicit Compiled(std::string_view formula, const Catalog& catalog = Ours()) : program(catalog) {
    const Status status = program.Add({"c", std::string(formula)});
    if (!status.ok()) throw std::runtime_error(std::string(formula) + ": " + status.error().code);
  }
  [[nodiscard]] const Program::Column& column() const { return program.columns()[0]; }
  [[nodiscard]] std::string AtomId(size_t i) const {
    return program.atoms()[i].measure < 0 ? "" : Ours().measures()[static_cast<size_t>(program.atoms()[i].measure)].id;
  }
  Program program;
};

// "unknown_name at 5" of a formula that must not compile.
std::string Refused(std::string_view formula, const Catalog& catalog = Ours()) {
  Program program(catalog);
  const Status status = program.Add({"c", std::string(formula)});
  if (status.ok()) return "compiles";
  const std::string_view position = status.error().Arg("position");
  return status.error().code + (position.empty() ? "" : " at " + std::string(position));
}

Error ErrorOf(std::string_view formula) {
  Program program(Ours());
  const Status status = program.Add({"c", std::string(formula)});
  return status.ok() ? Error("compiles") : status.error();
}

// ---- The catalogue ----

TEST(OurCatalogue, EveryFormulaCompiles) {
  for (const catalog::Complaint& complaint : CheckFormulas(Ours())) {
    ADD_FAILURE() << complaint.place.file << ":" << complaint.place.line << " " << complaint.error.code << " "
                  << complaint.error.Arg("formula");
  }
}

TEST(OurCatalogue, EveryKpiAndMeasureCanBeAskedFor) {
  for (const catalog::Kpi& kpi : Ours().kpis()) {
    const std::string formula = kpi.parameter.empty() ? kpi.id : kpi.id + "(deal_cnt)";
    Program program(Ours());
    EXPECT_TRUE(program.Add({kpi.id, formula}).ok()) << formula;
    for (const Shift shift : {Shift::kPrior, Shift::kYearAgo}) {
      EXPECT_TRUE(program.Add({kpi.id, formula}, shift).ok()) << formula << " compared";
    }
    EXPECT_TRUE(program.Add({kpi.id, formula}, std::nullopt, true).ok()) << formula << " with target";
  }
  for (const catalog::Measure& measure : Ours().measures()) {
    EXPECT_EQ(Refused(measure.id), measure.balance ? "balance_needs_operator at 1" : "compiles") << measure.id;
    EXPECT_EQ(Refused("closing(" + measure.id + ")"), measure.balance ? "compiles" : "operator_needs_balance at 9");
  }
}

// ---- What is compiled ----

TEST(Program, AKpiIsItsFormula) {
  const Compiled kpi("close_rate");
  const Compiled written("deal_cnt / prospect_cnt");
  EXPECT_EQ(kpi.program.atoms(), written.program.atoms());
  EXPECT_EQ(kpi.column().id, "close_rate");
  EXPECT_EQ(kpi.column().unit, Unit::kPercent);
  EXPECT_EQ(kpi.column().better, catalog::Better::kHigher);
  EXPECT_EQ(written.column().id, "");
  EXPECT_EQ(written.column().unit, Unit::kPercent) << "guessed";
}

TEST(Program, EqualSumsAreShared) {
  Program program(Ours());
  ASSERT_TRUE(program.Add({"a", "deal_cnt / lead_cnt"}).ok());
  ASSERT_TRUE(program.Add({"b", "lead_cnt - deal_cnt"}).ok());
  ASSERT_TRUE(program.Add({"c", "deal_cnt[source=referral]"}).ok());
  EXPECT_EQ(program.atoms().size(), 3U);
  EXPECT_EQ(program.columns().size(), 3U);
}

TEST(Program, ConditionsAndShiftsReachTheSums) {
  const Compiled compiled("prior(year_ago(close_rate[source=referral, model=a|b]))");
  ASSERT_EQ(compiled.program.atoms().size(), 2U);
  for (const Atom& atom : compiled.program.atoms()) {
    EXPECT_EQ(atom.shifts, (std::vector<Shift>{Shift::kPrior, Shift::kYearAgo})) << "outermost first";
    ASSERT_EQ(atom.filters.size(), 2U);
    EXPECT_EQ(atom.filters[0].dim, Dim::kSource);
    EXPECT_EQ(atom.filters[1].values, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(atom.filters[0].typed);
  }
}

TEST(Program, OurOwnConditionsAreNotTyped) {
  bool any = false;
  for (const catalog::Kpi& kpi : Ours().kpis()) {
    if (!kpi.parameter.empty()) continue;
    const Compiled compiled(kpi.id);
    for (const Atom& atom : compiled.program.atoms()) {
      for (const TextFilter& filter : atom.filters) {
        any = true;
        EXPECT_FALSE(filter.typed) << kpi.id;
      }
    }
  }
  EXPECT_TRUE(any);
}

TEST(Program, AnArgumentIsReadUnderTheOperatorsAroundIt) {
  const Compiled compiled("yoy_growth(deal_cnt[source=referral])");
  ASSERT_EQ(compiled.program.atoms().size(), 2U);
  EXPECT_TRUE(compiled.program.atoms()[0].shifts.empty());
  EXPECT_EQ(compiled.program.atoms()[1].shifts, std::vector<Shift>{Shift::kYearAgo});
  EXPECT_EQ(compiled.program.atoms()[1].filters.size(), 1U);
  EXPECT_EQ(compiled.column().unit, Unit::kPercent);
}

TEST(Program, BalancesAreReadThreeWays) {
  const auto balance = std::find_if(Ours().measures().begin(), Ours().measures().end(),
                                    [](const catalog::Measure& measure) { return measure.balance; });
  ASSERT_NE(balance, Ours().measures().end());
  const Compiled compiled("opening(" + balance->id + ") + closing(" + balance->id + ") + average(" + balance->id + ")");
  ASSERT_EQ(compiled.program.atoms().size(), 3U);
  EXPECT_EQ(compiled.program.atoms()[0].reading, Reading::kOpening);
  EXPECT_EQ(compiled.program.atoms()[1].reading, Reading::kClosing);
  EXPECT_EQ(compiled.program.atoms()[2].reading, Reading::kAverage);
}

TEST(Program, AShareIsOverAllOfTheDimension) {
  const Compiled compiled("share(deal_cnt, source)");
  ASSERT_EQ(compiled.program.atoms().size(), 2U);
  EXPECT_TRUE(compiled.program.atoms()[0].whole.empty());
  EXPECT_EQ(compiled.program.atoms()[1].whole, std::vector<Dim>{Dim::kSource});
}

TEST(Program, TargetsAreAskedForByName) {
  const Compiled compiled("deal_cnt / target(deal_cnt[source=referral])");
  ASSERT_EQ(compiled.program.externals().size(), 1U);
  EXPECT_EQ(compiled.program.externals()[0].name, "deal_cnt");
  EXPECT_EQ(compiled.program.externals()[0].filters.size(), 1U);
  const Compiled kpi("attainment_rate(close_rate)");
  ASSERT_EQ(kpi.program.externals().size(), 1U);
  EXPECT_EQ(kpi.program.externals()[0].name, "close_rate");
}

TEST(Program, OnlySumsAndDifferencesAreAdditive) {
  EXPECT_TRUE(Compiled("sales_amt").column().additive);
  EXPECT_TRUE(Compiled("deal_cnt - lost_cnt").column().additive);
  EXPECT_TRUE(Compiled("-deal_cnt").column().additive);
  EXPECT_FALSE(Compiled("deal_cnt * 2").column().additive);
  EXPECT_FALSE(Compiled("close_rate").column().additive);
}

TEST(Program, UnitsAreGuessedForTypedFormulas) {
  EXPECT_EQ(Compiled("sales_amt / deal_cnt").column().unit, Unit::kMoney);
  EXPECT_EQ(Compiled("deal_cnt / lead_cnt").column().unit, Unit::kPercent);
  EXPECT_EQ(Compiled("deal_cnt + lost_cnt").column().unit, Unit::kCount);
  EXPECT_EQ(Compiled("deal_cnt + 1").column().unit, Unit::kCount) << "a plain number goes with everything";
  EXPECT_EQ(Compiled("1 + 1").column().unit, Unit::kRatio);
}

TEST(Program, AColumnIsComparedUnderTheShift) {
  Program program(Ours());
  ASSERT_TRUE(program.Add({"a", "prior(deal_cnt)"}, Shift::kYearAgo).ok());
  ASSERT_EQ(program.atoms().size(), 2U);
  EXPECT_EQ(program.atoms()[1].shifts, (std::vector<Shift>{Shift::kYearAgo, Shift::kPrior}));
  EXPECT_TRUE(program.columns()[0].compared.has_value());
}

TEST(Program, NamesTheEventsItNeeds) {
  const Compiled compiled("deal_cnt / prospect_cnt + deal_cnt / lead_cnt");
  EXPECT_EQ(EventsOf(Ours(), compiled.program),
            (std::vector<int>{Ours().FindEvent("deal"), Ours().FindEvent("captured"), Ours().FindEvent("lead")}));
}

// ---- What is refused ----

TEST(FormulaErrors, AnUnknownNameGetsASuggestion) {
  EXPECT_EQ(Refused("1 + deal_cmt"), "unknown_name_suggest at 5");
  EXPECT_EQ(ErrorOf("deal_cmt").Arg("suggestion"), "deal_cnt");
  EXPECT_EQ(ErrorOf("deal_cmt").Arg("name"), "deal_cmt");
  EXPECT_EQ(Refused("zzzzzzzzzzzzzzzzzzzzzz"), "unknown_name at 1");
  EXPECT_EQ(Refused("zzzzzzzzzzzzzzzzzzzzzz(1)"), "unknown_name at 1");
  EXPECT_EQ(Refused("target(zzzzzzzzzzzzzzzzzzzzzz)"), "unknown_name at 8");
}

TEST(FormulaErrors, SyntaxComesThrough) {
  EXPECT_EQ(Refused("deal_cnt +"), "formula_syntax at 11");
  EXPECT_EQ(Refused("min"), "formula_syntax at 4") << "an operator without its brackets";
}

TEST(FormulaErrors, CountsAndMoneyAreNotAdded) {
  EXPECT_EQ(Refused("deal_cnt + sales_amt"), "unit_mismatch at 10");
  EXPECT_EQ(ErrorOf("deal_cnt + sales_amt").Arg("left"), "count");
  EXPECT_EQ(ErrorOf("deal_cnt + sales_amt").Arg("right"), "money");
  EXPECT_EQ(Refused("sales_amt > deal_cnt"), "unit_mismatch at 11");
  EXPECT_EQ(Refused("min(deal_cnt, sales_amt)"), "unit_mismatch at 15");
  EXPECT_EQ(Refused("if(deal_cnt > 0, deal_cnt, sales_amt)"), "unit_mismatch at 28");
  EXPECT_EQ(Refused("deal_cnt - target(sales_amt)"), "unit_mismatch at 10");
  EXPECT_EQ(Refused("if(deal_cnt > 0, sales_amt, 0)"), "compiles");
  EXPECT_EQ(Refused("sales_amt / deal_cnt * lead_cnt - sales_amt"), "compiles");
}

TEST(FormulaErrors, BalancesNeedAnOperatorAndNothingElseHasOne) {
  const auto balance = std::find_if(Ours().measures().begin(), Ours().measures().end(),
                                    [](const catalog::Measure& measure) { return measure.balance; });
  EXPECT_EQ(Refused("1 + " + balance->id), "balance_needs_operator at 5");
  EXPECT_EQ(Refused("opening(deal_cnt)"), "operator_needs_balance at 9");
  EXPECT_EQ(Refused("average(close_rate)").substr(0, 22), "operator_needs_balance");
}

TEST(FormulaErrors, ParametricKpisNeedTheirArgument) {
  EXPECT_EQ(Refused("1 * yoy_growth"), "kpi_needs_argument at 5");
  EXPECT_EQ(Refused("yoy_growth(deal_cnt, lead_cnt)"), "wrong_arguments at 1");
  EXPECT_EQ(Refused("close_rate(deal_cnt)"), "wrong_arguments at 1") << "and others have none";
}

TEST(FormulaErrors, OperatorsWithWrongArguments) {
  for (const char* formula : {"min(deal_cnt)", "ceil(1, 2)", "if(1, 2)", "opening(a, b)", "prior(deal_cnt, 1)",
                              "target(1)", "target(deal_cnt, 1)", "target(deal_cnt + 1)", "share(deal_cnt)",
                              "share(deal_cnt, colour)", "mean(1)", "done(a, b)", "scorecard(1)"}) {
    EXPECT_EQ(Refused(formula).substr(0, 15), "wrong_arguments") << formula;
    EXPECT_FALSE(ErrorOf(formula).Arg("expected").empty()) << formula;
  }
}

TEST(FormulaErrors, UnknownDimension) {
  EXPECT_EQ(Refused("deal_cnt[colour=red]"), "unknown_dimension at 10");
  EXPECT_EQ(Refused("target(deal_cnt[colour=red])"), "unknown_dimension at 17");
}

TEST(FormulaErrors, FormulasThatGrowWithoutEnd) {
  const auto grown = [](int times) {
    std::string formula = "deal_cnt";
    for (int i = 0; i < times; ++i) formula = "yoy_growth(" + formula + ")";
    return formula;
  };
  EXPECT_EQ(Refused(grown(3)), "compiles");
  EXPECT_EQ(Refused(grown(15)), "formula_too_large") << "each level holds the one inside it three times";
  EXPECT_EQ(Refused(grown(30)), "formula_too_deep");
}

// ---- Checking a catalogue ----

struct Made {
  std::string id;
  std::string formula;
  std::string unit = "percent";
  std::string more = "";
};

// Our catalogue with KPIs added, and the complaints about those.
std::vector<catalog::Complaint> Check(const std::vector<Made>& made) {
  std::string own;
  for (const Made& kpi : made) {
    own += "[kpi." + kpi.id + "]\nname = { en = \"K\", zh = \"指标\" }\nformula = \"" + kpi.formula + "\"\nunit = \"" +
           kpi.unit + "\"\nbetter = \"none\"\nmeaning = { en = \"A.\", zh = \"甲。\" }\nsource = \"x\"\n" + kpi.more;
  }
  std::vector<EmbeddedFile> files = catalog::EmbeddedFiles();
  files.push_back({"own/kpis.toml", own});
  const catalog::Loaded loaded = catalog::Load(files);
  EXPECT_TRUE(loaded.complaints.empty()) << loaded.complaints[0].error.code;
  return CheckFormulas(*loaded.catalog);
}

std::vector<std::string> Lines(const std::vector<catalog::Complaint>& complaints) {
  std::vector<std::string> lines;
  for (const catalog::Complaint& complaint : complaints) {
    lines.push_back(complaint.place.file + ":" + std::to_string(complaint.place.line) + " " + complaint.error.code);
  }
  return lines;
}

using L = std::vector<std::string>;

TEST(CheckFormulas, NamesFileAndLine) {
  EXPECT_EQ(Lines(Check({{"aa", "deal_cnt / lead_cnt"}, {"bb", "deal_cnt /"}, {"cc", "deal_cmt / lead_cnt"}})),
            (L{"own/kpis.toml:8 formula_syntax", "own/kpis.toml:15 unknown_name_suggest"}));
}

TEST(CheckFormulas, FindsCycles) {
  EXPECT_EQ(Lines(Check({{"aa", "bb + 1"}, {"bb", "cc * 2"}, {"cc", "if(deal_cnt > 0, aa, 0)"}, {"dd", "1"}})),
            (L{"own/kpis.toml:1 kpi_cycle", "own/kpis.toml:8 kpi_cycle", "own/kpis.toml:15 kpi_cycle"}));
  EXPECT_EQ(Lines(Check({{"aa", "aa"}})), L{"own/kpis.toml:1 kpi_cycle"});
}

TEST(CheckFormulas, UsingAKpiTwiceIsNoCycle) {
  EXPECT_EQ(Lines(Check({{"aa", "bb + cc"}, {"bb", "close_rate"}, {"cc", "close_rate"}})), L{});
}

TEST(CheckFormulas, ADeclaredUnitMustFit) {
  EXPECT_EQ(Lines(Check({{"aa", "sales_amt / deal_cnt", "percent"}})), L{"own/kpis.toml:1 catalog_unit_mismatch"});
  EXPECT_EQ(Lines(Check({{"aa", "deal_cnt / lead_cnt", "money"}})), L{"own/kpis.toml:1 catalog_unit_mismatch"});
  EXPECT_EQ(Lines(Check({{"aa", "deal_cnt + sales_amt", "money"}})), L{"own/kpis.toml:1 unit_mismatch"});
  EXPECT_EQ(Lines(Check({{"aa", "sales_amt / deal_cnt", "money"}})), L{});
}

TEST(CheckFormulas, ParametricKpisAreTriedOnAMeasure) {
  EXPECT_EQ(Lines(Check({{"aa", "x / prior(x)", "percent", "parameter = \"x\"\n"}})), L{});
  EXPECT_EQ(Lines(Check({{"aa", "y / prior(x)", "percent", "parameter = \"x\"\n"}})),
            L{"own/kpis.toml:1 unknown_name"});
}

}  // namespace
}  // namespace dealpace::kpi
