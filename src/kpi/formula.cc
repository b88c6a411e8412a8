#include "kpi/formula.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace dealpace::kpi {
namespace {

constexpr int kDepthMax = 100;
constexpr int kPartsMax = 1000;  // names, numbers, operators, conditions: a chain of operators is deep, too

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::unique_ptr<Node>> Run() {
    auto node = Comparison();
    SkipBlanks();
    if (!error_ && at_ < text_.size()) Expect("operator, or the end", "运算符或结尾");
    if (error_) return *error_;
    return node;
  }

 private:
  using NodePtr = std::unique_ptr<Node>;

  struct Depth {
    explicit Depth(Parser& owner) : parser(owner) {
      if (++parser.depth_ > kDepthMax && !parser.error_) parser.error_ = Error("formula_too_deep");
    }
    ~Depth() { --parser.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    Parser& parser;
  };

  [[nodiscard]] int Position(size_t at) const {
    int position = 1;
    std::string_view before = text_.substr(0, at);
    while (!before.empty()) {
      (void)NextCodePoint(before);
      ++position;
    }
    return position;
  }

  // What should stand here, in both languages.
  NodePtr Expect(std::string_view expected, std::string_view expected_zh) {
    if (!error_) {
      std::string found;
      if (at_ < text_.size()) {
        std::string_view rest = text_.substr(at_);
        const std::string_view whole = rest;
        (void)NextCodePoint(rest);
        found = whole.substr(0, whole.size() - rest.size());
      }
      error_ = Error("formula_syntax")
                   .With("position", Position(at_))
                   .With("expected", expected)
                   .With("expected_zh", expected_zh)
                   .With("found", found.empty() ? "—" : found)
                   .With("formula", text_);
    }
    return nullptr;
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      const size_t before = at_;
      if (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r') ++at_;
      for (const std::string_view blank : {"\xC2\xA0", "\xE3\x80\x80"}) {
        if (text_.substr(at_).starts_with(blank)) at_ += blank.size();
      }
      if (at_ == before) return;
    }
  }

  bool Take(std::string_view token) {
    SkipBlanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void Count() {
    if (++parts_ > kPartsMax && !error_) error_ = Error("formula_too_large");
  }

  NodePtr Make(Node::Kind kind, size_t at) {
    Count();
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->position = Position(at);
    return node;
  }

  NodePtr Binary(Node::Op op, size_t at, NodePtr left, NodePtr right) {
    if (!left || !right) return nullptr;
    NodePtr node = Make(Node::Kind::kBinary, at);
    node->op = op;
    node->children.push_back(std::move(left));
    node->children.push_back(std::move(right));
    return node;
  }

  NodePtr Comparison() {
    const Depth depth(*this);
    if (error_) return nullptr;
    NodePtr left = Sum();
    if (error_) return nullptr;
    SkipBlanks();
    const size_t at = at_;
    constexpr std::pair<std::string_view, Node::Op> kOps[] = {
        {"<=", Node::Op::kLessEqual}, {">=", Node::Op::kGreaterEqual}, {"==", Node::Op::kEqual},
        {"!=", Node::Op::kUnequal},   {"<", Node::Op::kLess},          {">", Node::Op::kGreater}};
    for (const auto& [token, op] : kOps) {
      if (Take(token)) return Binary(op, at, std::move(left), Sum());
    }
    return left;
  }

  NodePtr Sum() {
    NodePtr left = Product();
    while (!error_) {
      SkipBlanks();
      const size_t at = at_;
      if (Take("+")) {
        left = Binary(Node::Op::kAdd, at, std::move(left), Product());
      } else if (Take("-") || Take("−")) {
        left = Binary(Node::Op::kSubtract, at, std::move(left), Product());
      } else {
        return left;
      }
    }
    return nullptr;
  }

  NodePtr Product() {
    NodePtr left = Unary();
    while (!error_) {
      SkipBlanks();
      const size_t at = at_;
      if (Take("*") || Take("×")) {
        left = Binary(Node::Op::kMultiply, at, std::move(left), Unary());
      } else if (Take("/") || Take("÷")) {
        left = Binary(Node::Op::kDivide, at, std::move(left), Unary());
      } else {
        return left;
      }
    }
    return nullptr;
  }

  NodePtr Unary() {
    const Depth depth(*this);
    if (error_) return nullptr;
    SkipBlanks();
    const size_t at = at_;
    if (Take("-") || Take("−")) {
      NodePtr inner = Unary();
      if (!inner) return nullptr;
      NodePtr node = Make(Node::Kind::kNegate, at);
      node->children.push_back(std::move(inner));
      return node;
    }
    NodePtr node = Primary();
    while (!error_ && Take("[")) node = Filtered(std::move(node), at_ - 1);
    return error_ ? nullptr : std::move(node);
  }

  NodePtr Primary() {
    SkipBlanks();
    if (at_ >= text_.size()) return Expect("a number, a name or (", "数字、名称或 (");
    const size_t at = at_;
    const char c = text_[at_];
    if (IsDigit(c) || c == '.') return Number();
    if (Take("(")) {
      NodePtr inner = Comparison();
      if (error_) return nullptr;
      if (!Take(")")) return Expect(")", ")");
      return inner;
    }
    if (!IsNameStart(c)) return Expect("a number, a name or (", "数字、名称或 (");
    while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
    NodePtr node = Make(Node::Kind::kName, at);
    node->name = std::string(text_.substr(at, at_ - at));
    if (!Take("(")) return node;
    node->kind = Node::Kind::kCall;
    do {
      NodePtr argument = Comparison();
      if (error_) return nullptr;
      node->children.push_back(std::move(argument));
    } while (Take(","));
    if (!Take(")")) return Expect(", or )", ", 或 )");
    return node;
  }

  NodePtr Number() {
    const size_t at = at_;
    double value = 0;
    const auto [end, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (status != std::errc() || !std::isfinite(value)) return Expect("a number", "数字");
    at_ = static_cast<size_t>(end - text_.data());
    if (at_ < text_.size() && IsNamePart(text_[at_])) return Expect("an operator after the number", "数字后的运算符");
    NodePtr node = Make(Node::Kind::kNumber, at);
    node->number = value;
    return node;
  }

  NodePtr Filtered(NodePtr inner, size_t at) {
    NodePtr node = Make(Node::Kind::kFilter, at);
    node->children.push_back(std::move(inner));
    do {
      SkipBlanks();
      Count();
      if (error_) return nullptr;
      FormulaFilter filter;
      filter.position = Position(at_);
      const size_t name_at = at_;
      while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
      filter.dim = std::string(text_.substr(name_at, at_ - name_at));
      if (filter.dim.empty()) return Expect("a dimension", "维度");
      if (Take("=")) {
        do {
          std::string value = FilterValue();
          if (value.empty()) return Expect("a value", "取值");
          filter.values.push_back(std::move(value));
        } while (Take("|"));
      }
      node->filters.push_back(std::move(filter));
    } while (Take(","));
    if (!Take("]")) return Expect(", or ]", ", 或 ]");
    return node;
  }

  std::string FilterValue() {
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '"') {
      const size_t end = text_.find('"', at_ + 1);
      if (end == std::string_view::npos) return {};
      std::string value(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return value;
    }
    const size_t from = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ']' && text_[at_] != '|') ++at_;
    return std::string(Trim(text_.substr(from, at_ - from)));
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  int parts_ = 0;
  std::optional<Error> error_;
};

}  // namespace

const std::vector<FormulaFunction>& FormulaFunctions() {
  static const std::vector<FormulaFunction> kFunctions = {
      {"min", "min(a, b, …)", {"The smallest of several figures.", "几个数中的最小值。"}},
      {"max", "max(a, b, …)", {"The largest of several figures.", "几个数中的最大值。"}},
      {"ceil", "ceil(a)", {"Rounded up to a whole number.", "向上取整。"}},
      {"if", "if(cond, a, b)", {"a where the condition holds, else b.", "条件成立取 a，否则取 b。"}},
      {"opening", "opening(x)", {"A balance at the start of the period.", "存量的期初值。"}},
      {"closing", "closing(x)", {"A balance at the end of the period.", "存量的期末值。"}},
      {"average", "average(x)", {"A balance on average over the days of the period.", "存量在期间内的日均值。"}},
      {"prior", "prior(x)", {"The same figure in the period before.", "上一期间的同一数据。"}},
      {"year_ago", "year_ago(x)", {"The same figure in the same period last year.", "去年同期的同一数据。"}},
      {"target", "target(x)", {"The target set for a measure or KPI.", "为某度量或指标设定的目标值。"}},
      {"share",
       "share(x, dim)",
       {"The part of the whole over all members of a dimension.", "占该维度全部成员合计的比重。"}},
      {"mean", "mean(item)", {"The average score of one rated item.", "某一评分项的平均得分。"}},
      {"done", "done(theme)", {"Tasks done among those due, of one theme.", "某一主题到期任务的完成比例。"}},
      {"scorecard", "scorecard(name)", {"The result of a scorecard.", "某张记分卡的得分。"}}};
  return kFunctions;
}

Result<std::unique_ptr<Node>> ParseFormula(std::string_view text) { return Parser(text).Run(); }

std::vector<NamedFormula> SplitColumns(std::string_view text) {
  std::vector<NamedFormula> columns;
  SplitColumns(text, columns);
  return columns;
}

void SplitColumns(std::string_view text, std::vector<NamedFormula>& columns) {
  int depth = 0;
  bool quoted = false;
  size_t from = 0;
  size_t equals = std::string_view::npos;
  const auto flush = [&](size_t to) {
    NamedFormula& column = columns.emplace_back();
    if (equals != std::string_view::npos) {
      column.name = Trim(text.substr(from, equals - from));
      column.formula = Trim(text.substr(equals + 1, to - equals - 1));
    } else {
      column.formula = Trim(text.substr(from, to - from));
      column.name = column.formula;
    }
    from = to + 1;
    equals = std::string_view::npos;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth > 0) continue;
    if (c == ',') flush(i);
    if (c == '=' && equals == std::string_view::npos) {
      // Not the signs of a comparison.
      const char before = i > from ? text[i - 1] : ' ';
      const char after = i + 1 < text.size() ? text[i + 1] : ' ';
      if (before != '<' && before != '>' && before != '!' && before != '=' && after != '=') equals = i;
    }
  }
  flush(text.size());
}

}  // namespace dealpace::kpi
