#include "kpi/formula.h"

#include <gtest/gtest.h>

namespace dealpace::kpi {
namespace {

// The tree as text: every operation in brackets.
std::string Shown(const Node& node) {
  constexpr std::string_view kOps[] = {"+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="};
  std::string list;
  for (const auto& child : node.children) list += (list.empty() ? "" : ", ") + Shown(*child);
  switch (node.kind) {
    case Node::Kind::kNumber: {
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, "%g", node.number);
      return buffer;
    }
    case Node::Kind::kName: return node.name;
    case Node::Kind::kCall: return node.name + "(" + list + ")";
    case Node::Kind::kNegate: return "(-" + list + ")";
    case Node::Kind::kBinary:
      return "(" + Shown(*node.children[0]) + " " + std::string(kOps[static_cast<size_t>(node.op)]) + " " +
             Shown(*node.children[1]) + ")";
    case Node::Kind::kFilter: break;
  }
  std::string text = list + "[";
  for (size_t i = 0; i < node.filters.size(); ++i) {
    const FormulaFilter& filter = node.filters[i];
    text += (i > 0 ? "; " : "") + filter.dim;
    for (size_t v = 0; v < filter.values.size(); ++v) text += (v == 0 ? "=" : "|") + filter.values[v];
  }
  return text + "]";
}

std::string Parsed(std::string_view text) {
  const auto node = ParseFormula(text);
  if (!node.ok()) return node.error().code + " at " + std::string(node.error().Arg("position"));
  return Shown(**node);
}

TEST(Formula, MultiplicationBindsTighterThanAdditionThanComparison) {
  EXPECT_EQ(Parsed("a + b * c"), "(a + (b * c))");
  EXPECT_EQ(Parsed("a * b + c"), "((a * b) + c)");
  EXPECT_EQ(Parsed("a + b < c - d"), "((a + b) < (c - d))");
  EXPECT_EQ(Parsed("(a + b) * c"), "((a + b) * c)");
}

TEST(Formula, EqualOperatorsGoFromLeftToRight) {
  EXPECT_EQ(Parsed("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(Parsed("a / b / c * d"), "(((a / b) / c) * d)");
  EXPECT_EQ(Parsed("a - b + c"), "((a - b) + c)");
}

TEST(Formula, AMinusBelongsToWhatFollows) {
  EXPECT_EQ(Parsed("-a * b"), "((-a) * b)");
  EXPECT_EQ(Parsed("a - -b"), "(a - (-b))");
  EXPECT_EQ(Parsed("--a"), "(-(-a))");
  EXPECT_EQ(Parsed("-a[source=b]"), "(-a[source=b])");
}

TEST(Formula, EveryComparison) {
  for (const char* op : {"<", "<=", ">", ">=", "==", "!="}) {
    EXPECT_EQ(Parsed("a" + std::string(op) + "b"), "(a " + std::string(op) + " b)");
  }
}

TEST(Formula, TheSignsOfSchoolbooks) {
  EXPECT_EQ(Parsed("a × b ÷ c − d"), "(((a * b) / c) - d)");
  EXPECT_EQ(Parsed("−a"), "(-a)");
  EXPECT_EQ(Parsed(" a　+\u00A0b\n"), "(a + b)") << "any blanks";
}

TEST(Formula, Numbers) {
  EXPECT_EQ(Parsed("1.5"), "1.5");
  EXPECT_EQ(Parsed(".5"), "0.5");
  EXPECT_EQ(Parsed("2e3"), "2000");
  EXPECT_EQ(Parsed("1e999"), "formula_syntax at 1");
  EXPECT_EQ(Parsed("2x"), "formula_syntax at 2");
  EXPECT_EQ(Parsed("1.2.3"), "formula_syntax at 4");
}

TEST(Formula, Calls) {
  EXPECT_EQ(Parsed("min(a, b + 1, -c)"), "min(a, (b + 1), (-c))");
  EXPECT_EQ(Parsed("if(a > b, opening(c), 0)"), "if((a > b), opening(c), 0)");
  EXPECT_EQ(Parsed("yoy_growth(sales_amt)"), "yoy_growth(sales_amt)");
  EXPECT_EQ(Parsed("share(deal_cnt, source)"), "share(deal_cnt, source)");
}

TEST(Formula, Conditions) {
  EXPECT_EQ(Parsed("x[source=referral]"), "x[source=referral]");
  EXPECT_EQ(Parsed("x[source=referral|outbound]"), "x[source=referral|outbound]");
  EXPECT_EQ(Parsed("x[campaign]"), "x[campaign]");
  EXPECT_EQ(Parsed("x[source=referral, model=\"GTX Pro\"]"), "x[source=referral; model=GTX Pro]");
  EXPECT_EQ(Parsed("x[model=\"A,B|C]\"]"), "x[model=A,B|C]]") << "in quotation marks anything goes";
  EXPECT_EQ(Parsed("x[model= GTX Pro , source=a]"), "x[model=GTX Pro; source=a]");
  EXPECT_EQ(Parsed("x[model=卡罗拉]"), "x[model=卡罗拉]");
  EXPECT_EQ(Parsed("(a / b)[source=c][model=d]"), "(a / b)[source=c][model=d]");
  EXPECT_EQ(Parsed("a + b[source=c]"), "(a + b[source=c])");
}

TEST(Formula, ErrorsNameTheCharacter) {
  EXPECT_EQ(Parsed(""), "formula_syntax at 1");
  EXPECT_EQ(Parsed("a +"), "formula_syntax at 4");
  EXPECT_EQ(Parsed("a b"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("(a"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("a)"), "formula_syntax at 2");
  EXPECT_EQ(Parsed("f(a,)"), "formula_syntax at 5");
  EXPECT_EQ(Parsed("f()"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("f(a"), "formula_syntax at 4");
  EXPECT_EQ(Parsed("a = b"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("a < b < c"), "formula_syntax at 7");
  EXPECT_EQ(Parsed("a[]"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("a[source=]"), "formula_syntax at 10");
  EXPECT_EQ(Parsed("a[source=b"), "formula_syntax at 11");
  EXPECT_EQ(Parsed("a[source=\"b]"), "formula_syntax at 10");
  EXPECT_EQ(Parsed("a $ b"), "formula_syntax at 3");
  EXPECT_EQ(Parsed("1 × 2 × 成交"), "formula_syntax at 9") << "characters, not bytes";
}

TEST(Formula, ErrorsSayWhatWasExpectedAndWhatWasFound) {
  const auto node = ParseFormula("deal_cnt / 成交");
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().Arg("found"), "成");
  EXPECT_EQ(node.error().Arg("expected"), "a number, a name or (");
  EXPECT_EQ(node.error().Arg("formula"), "deal_cnt / 成交");
  EXPECT_EQ(ParseFormula("a +").error().Arg("found"), "—");
}

TEST(Formula, KnowsTheirLimits) {
  const auto nested = [](int levels) {
    return std::string(static_cast<size_t>(levels), '(') + "a" + std::string(static_cast<size_t>(levels), ')');
  };
  EXPECT_EQ(Parsed(nested(30)), "a");
  EXPECT_EQ(Parsed(nested(200)), "formula_too_deep at ");
  EXPECT_EQ(Parsed(std::string(100'000, '-') + "a"), "formula_too_deep at ");
  std::string chain = "a";
  for (int i = 0; i < 100; ++i) chain += "+a";
  EXPECT_TRUE(ParseFormula(chain).ok());
  for (int i = 0; i < 50'000; ++i) chain += "+a";
  EXPECT_EQ(Parsed(chain), "formula_too_large at ") << "a tree as deep as the chain is long";
  std::string filters = "a";
  for (int i = 0; i < 50'000; ++i) filters += "[b]";
  EXPECT_EQ(Parsed(filters), "formula_too_large at ");
}

TEST(Formula, PositionsAreKept) {
  const auto node = ParseFormula("1 + min(a, b[source=c])");
  ASSERT_TRUE(node.ok());
  EXPECT_EQ((*node)->position, 3);
  EXPECT_EQ((*node)->children[1]->position, 5);
  const Node& filter = *(*node)->children[1]->children[1];
  EXPECT_EQ(filter.kind, Node::Kind::kFilter);
  EXPECT_EQ(filter.filters[0].position, 14);
}

// "name|formula" of each column.
std::vector<std::string> Columns(std::string_view text) {
  std::vector<std::string> shown;
  for (const NamedFormula& column : SplitColumns(text)) shown.push_back(column.name + "|" + column.formula);
  return shown;
}

TEST(Columns, SplitAtOuterCommasAndTheFirstOuterEqualsSign) {
  using L = std::vector<std::string>;
  EXPECT_EQ(Columns("a"), L{"a|a"});
  EXPECT_EQ(Columns("win=deal_cnt/lead_cnt, b"), (L{"win|deal_cnt/lead_cnt", "b|b"}));
  EXPECT_EQ(Columns("a=x/y,b,min(c,d)"), (L{"a|x/y", "b|b", "min(c,d)|min(c,d)"}));
  EXPECT_EQ(Columns("x[source=referral,model=a]"), L{"x[source=referral,model=a]|x[source=referral,model=a]"});
  EXPECT_EQ(Columns("r=x[source=referral]"), L{"r|x[source=referral]"});
  EXPECT_EQ(Columns("a>=b"), L{"a>=b|a>=b"});
  EXPECT_EQ(Columns("c=a==b,d=a!=b,a<=b"), (L{"c|a==b", "d|a!=b", "a<=b|a<=b"}));
  EXPECT_EQ(Columns("成交率 = a / b"), L{"成交率|a / b"});
  EXPECT_EQ(Columns("x[model=\"A],B=C\"]"), L{"x[model=\"A],B=C\"]|x[model=\"A],B=C\"]"});
  EXPECT_EQ(Columns("a,,b"), (L{"a|a", "|", "b|b"})) << "nothing between two commas is refused by the parser";
}

}  // namespace
}  // namespace dealpace::kpi
