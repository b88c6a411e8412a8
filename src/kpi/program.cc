#include "kpi/program.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kpi/handbook.h"

namespace dealpace::kpi {
namespace {

using catalog::Unit;

constexpr int kNestingMax = 40;  // KPIs inside KPIs; cycles are refused before
// Parts of a column with its KPIs written out: those with an argument repeat it, and inside one another multiply it.
constexpr int kPartsMax = 10'000;

UnitVector UnitsOf(Unit unit) {
  switch (unit) {
    case Unit::kMoney: return {.money = 1};
    case Unit::kDay: return {.day = 1};
    case Unit::kHour: return {.hour = 1};
    case Unit::kCount: return {.count = 1};
    default: return {};
  }
}

UnitVector MeasureUnits(const catalog::Measure& measure) { return UnitsOf(measure.unit); }

Unit GuessUnit(const UnitVector& units, const Expr& expr) {
  if (units.money == 1) return Unit::kMoney;
  if (units.day == 1) return Unit::kDay;
  if (units.hour == 1) return Unit::kHour;
  const bool division = expr.kind == Expr::Kind::kBinary && expr.op == Node::Op::kDivide;
  if (!units.any && units == UnitVector{} && division) return Unit::kPercent;
  return units.count == 1 ? Unit::kCount : Unit::kRatio;
}

bool IsAdditive(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kAtom: return true;
    case Expr::Kind::kNegate: return IsAdditive(expr.children[0]);
    case Expr::Kind::kBinary:
      return (expr.op == Node::Op::kAdd || expr.op == Node::Op::kSubtract) && IsAdditive(expr.children[0]) &&
             IsAdditive(expr.children[1]);
    default: return false;
  }
}

Expr MakeNumber(double value) {
  Expr expr;
  expr.kind = Expr::Kind::kNumber;
  expr.number = value;
  return expr;
}

Expr MakeBinary(Node::Op op, Expr left, Expr right) {
  Expr expr;
  expr.kind = Expr::Kind::kBinary;
  expr.op = op;
  expr.children.push_back(std::move(left));
  expr.children.push_back(std::move(right));
  return expr;
}

// The error with another position.
Error At(Error error, int position) {
  for (auto& [name, value] : error.args) {
    if (name == "position") value = std::to_string(position);
  }
  return error;
}

bool IsOperator(std::string_view name) {
  const std::vector<FormulaFunction>& known = FormulaFunctions();
  return std::any_of(known.begin(), known.end(), [name](const FormulaFunction& f) { return f.name == name; });
}

}  // namespace

std::string Describe(const UnitVector& units, Language language) {
  const bool zh = language == Language::kChinese;
  if (units.any) return zh ? "纯数" : "number";
  std::vector<std::string> parts;
  for (const auto& [name, exponent] :
       {std::pair{zh ? "金额" : "money", units.money}, std::pair{zh ? "天" : "day", units.day},
        std::pair{zh ? "小时" : "hour", units.hour}, std::pair{zh ? "数量" : "count", units.count}}) {
    if (exponent == 1) parts.emplace_back(name);
    if (exponent != 0 && exponent != 1) parts.push_back(std::string(name) + "^" + std::to_string(exponent));
  }
  return parts.empty() ? (zh ? "比值" : "ratio") : Join(parts, "·");
}

Result<std::shared_ptr<const Program>> Programs::Get(const catalog::Catalog& catalog,
                                                     const std::vector<NamedFormula>& columns,
                                                     std::optional<Shift> compare, bool compare_target) {
  constexpr size_t kKeptMax = 500;
  std::string key;
  key.reserve(2 + columns.size() * 48);
  key += static_cast<char>('0' + (compare ? 1 + static_cast<int>(*compare) : 0));
  key += compare_target ? 't' : '-';
  for (const NamedFormula& column : columns) {
    key += column.name;
    key += '\0';
    key += column.formula;
    key += '\0';
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
  }
  auto program = std::make_shared<Program>(catalog);
  for (const NamedFormula& column : columns) RETURN_IF_ERROR(program->Add(column, compare, compare_target));
  std::shared_ptr<const Program> made = std::move(program);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kKeptMax) known_.clear();  // rarely, and soon full again of what is asked now
  known_.emplace(std::move(key), made);
  return made;
}

bool Fits(const UnitVector& units, Unit unit) {
  if (units.any) return true;
  switch (unit) {
    case Unit::kMoney: return units.money == 1 && units.day == 0 && units.hour == 0;
    case Unit::kDay: return units.money == 0 && units.day == 1;
    case Unit::kHour: return units.money == 0 && units.hour == 1;
    case Unit::kPercent:
    case Unit::kPercentPoints: return units.money == 0 && units.day == 0 && units.hour == 0;
    default: return units.money == 0;
  }
}

namespace {

Error UnitMismatch(int position, const UnitVector& left, const UnitVector& right) {
  return Error("unit_mismatch")
      .With("position", position)
      .With("left", Describe(left, Language::kEnglish))
      .With("right", Describe(right, Language::kEnglish))
      .With("left_zh", Describe(left, Language::kChinese))
      .With("right_zh", Describe(right, Language::kChinese));
}

}  // namespace

// What surrounds a part of a formula: the operators and filters it stands in, the argument of the KPI it is in.
struct Program::Context {
  Reading reading = Reading::kFlow;
  bool in_balance_operator = false;
  std::vector<TextFilter> filters;
  std::vector<Shift> shifts;
  std::vector<Dim> whole;
  bool typed = true;  // the text comes from a person, not from the catalogue
  std::string parameter;
  const Node* argument = nullptr;
  const Context* argument_context = nullptr;
  int nesting = 0;
};

size_t Program::AtomIndex(Atom atom) {
  const auto it = std::find(atoms_.begin(), atoms_.end(), atom);
  if (it != atoms_.end()) return static_cast<size_t>(it - atoms_.begin());
  atoms_.push_back(std::move(atom));
  return atoms_.size() - 1;
}

Error Program::UnknownName(const Node& node) const {
  std::vector<std::string> names;
  for (const auto& measure : catalog_.measures()) names.push_back(measure.id);
  for (const auto& kpi : catalog_.kpis()) names.push_back(kpi.id);
  const std::string closest = ClosestWord(node.name, names);
  return Error(closest.empty() ? "unknown_name" : "unknown_name_suggest")
      .With("name", node.name)
      .With("position", node.position)
      .With("suggestion", closest);
}

Status Program::Add(const NamedFormula& column, std::optional<Shift> compare, bool compare_target) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Node> node, ParseFormula(column.formula));
  Context context;
  parts_ = 0;
  ASSIGN_OR_RETURN(Compiled compiled, Compile(*node, context));
  Column added;
  added.name = column.name;
  added.formula = column.formula;
  added.units = compiled.units;
  added.additive = IsAdditive(compiled.expr);
  added.unit = GuessUnit(compiled.units, compiled.expr);
  if (node->kind == Node::Kind::kName || node->kind == Node::Kind::kCall) {
    if (const int kpi = catalog_.FindKpi(node->name); kpi >= 0) {
      const catalog::Kpi& definition = catalog_.kpis()[static_cast<size_t>(kpi)];
      added.unit = definition.unit;
      added.better = definition.better;
      if (node->kind == Node::Kind::kName) added.id = node->name;
    } else if (const int measure = catalog_.FindMeasure(node->name); measure >= 0) {
      added.unit = catalog_.measures()[static_cast<size_t>(measure)].unit;
      added.id = node->name;
    } else if (node->kind == Node::Kind::kCall && node->name == "mean") {
      added.unit = Unit::kScore;
    }
  }
  if (compare) {
    context.shifts = {*compare};
    ASSIGN_OR_RETURN(Compiled shifted, Compile(*node, context));
    added.compared = std::move(shifted.expr);
  } else if (compare_target && !added.id.empty()) {
    externals_.push_back({External::Kind::kTarget, added.id, {}, {}});
    Expr target;
    target.kind = Expr::Kind::kExternal;
    target.index = externals_.size() - 1;
    added.compared = std::move(target);
  } else if (compare_target) {
    added.compared = MakeNumber(0);
    added.compared = MakeBinary(Node::Op::kDivide, MakeNumber(0), MakeNumber(0));  // a typed formula has no target
  }
  added.expr = std::move(compiled.expr);
  columns_.push_back(std::move(added));
  return {};
}

Result<Program::Compiled> Program::Compile(const Node& node, const Context& context) {
  if (++parts_ > kPartsMax) return Error("formula_too_large");
  switch (node.kind) {
    case Node::Kind::kNumber: return Compiled{MakeNumber(node.number), {.any = true}};
    case Node::Kind::kName: return CompileName(node, context);
    case Node::Kind::kCall: return CompileCall(node, context);
    case Node::Kind::kNegate: {
      ASSIGN_OR_RETURN(Compiled inner, Compile(*node.children[0], context));
      Expr expr;
      expr.kind = Expr::Kind::kNegate;
      expr.children.push_back(std::move(inner.expr));
      return Compiled{std::move(expr), inner.units};
    }
    case Node::Kind::kFilter: {
      Context inner = context;
      for (const FormulaFilter& filter : node.filters) {
        const auto dim = ParseDim(filter.dim);
        if (!dim) {
          return Error("unknown_dimension").With("name", filter.dim).With("position", filter.position);
        }
        inner.filters.push_back({*dim, filter.values, context.typed});
      }
      return Compile(*node.children[0], inner);
    }
    case Node::Kind::kBinary: break;
  }
  ASSIGN_OR_RETURN(Compiled left, Compile(*node.children[0], context));
  ASSIGN_OR_RETURN(Compiled right, Compile(*node.children[1], context));
  UnitVector units;
  switch (node.op) {
    case Node::Op::kMultiply:
    case Node::Op::kDivide: {
      const int sign = node.op == Node::Op::kMultiply ? 1 : -1;
      units = {left.units.money + sign * right.units.money, left.units.day + sign * right.units.day,
               left.units.hour + sign * right.units.hour, left.units.count + sign * right.units.count,
               left.units.any && right.units.any};
      break;
    }
    default:
      if (!left.units.any && !right.units.any && !(left.units == right.units)) {
        return UnitMismatch(node.position, left.units, right.units);
      }
      units = left.units.any ? right.units : left.units;
      if (node.op != Node::Op::kAdd && node.op != Node::Op::kSubtract) units = {.any = true};
  }
  return Compiled{MakeBinary(node.op, std::move(left.expr), std::move(right.expr)), units};
}

Result<Program::Compiled> Program::CompileName(const Node& node, const Context& context) {
  if (!context.parameter.empty() && node.name == context.parameter && context.argument != nullptr) {
    // The argument is read where it was written, under the operators that stand around it here.
    Context inner = *context.argument_context;
    inner.reading = context.reading;
    inner.in_balance_operator = context.in_balance_operator;
    inner.shifts = context.shifts;
    inner.whole = context.whole;
    inner.filters = context.filters;
    inner.nesting = context.nesting + 1;
    return Compile(*context.argument, inner);
  }
  if (const int measure = catalog_.FindMeasure(node.name); measure >= 0) {
    return CompileMeasure(measure, node, context);
  }
  if (const int kpi = catalog_.FindKpi(node.name); kpi >= 0) {
    const catalog::Kpi& definition = catalog_.kpis()[static_cast<size_t>(kpi)];
    if (!definition.parameter.empty()) {
      return Error("kpi_needs_argument").With("name", node.name).With("position", node.position);
    }
    Result<Compiled> compiled = CompileKpi(definition, nullptr, context);
    // What does not go together inside the KPI's own formula is told where the KPI is named.
    if (!compiled.ok()) return At(compiled.error(), node.position);
    return compiled;
  }
  if (IsOperator(node.name)) {
    return Error("formula_syntax")
        .With("position", node.position + static_cast<int>(node.name.size()))
        .With("expected", "( after " + node.name)
        .With("expected_zh", node.name + " 后的 (")
        .With("found", "—")
        .With("formula", node.name);
  }
  return UnknownName(node);
}

Result<Program::Compiled> Program::CompileMeasure(int measure, const Node& node, const Context& context) {
  const catalog::Measure& definition = catalog_.measures()[static_cast<size_t>(measure)];
  if (definition.balance && !context.in_balance_operator) {
    return Error("balance_needs_operator").With("name", definition.id).With("position", node.position);
  }
  if (!definition.balance && context.in_balance_operator) {
    return Error("operator_needs_balance").With("name", definition.id).With("position", node.position);
  }
  Expr expr;
  expr.kind = Expr::Kind::kAtom;
  expr.index = AtomIndex({measure, context.reading, context.filters, context.shifts, context.whole});
  return Compiled{std::move(expr), MeasureUnits(definition)};
}

Result<Program::Compiled> Program::CompileKpi(const catalog::Kpi& kpi, const Node* argument, const Context& context) {
  if (context.nesting > kNestingMax) {
    return argument != nullptr ? Error("formula_too_deep") : Error("kpi_cycle").With("name", kpi.id);
  }
  std::string formula = kpi.formula;
  if (argument != nullptr && !kpi.formula_lower.empty() && argument->kind == Node::Kind::kName) {
    const int inner = catalog_.FindKpi(argument->name);
    if (inner >= 0 && catalog_.kpis()[static_cast<size_t>(inner)].better == catalog::Better::kLower) {
      formula = kpi.formula_lower;
    }
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Node> node, ParseFormula(formula));
  Context inner = context;
  inner.typed = false;
  inner.parameter = argument != nullptr ? kpi.parameter : "";
  inner.argument = argument;
  inner.argument_context = &context;
  inner.nesting = context.nesting + 1;
  return Compile(*node, inner);
}

Result<Program::Compiled> Program::CompileTarget(const Node& node, const Context& context) {
  const Node* named = &node;
  Context inner = context;
  while (true) {
    if (named->kind == Node::Kind::kFilter) {
      for (const FormulaFilter& filter : named->filters) {
        const auto dim = ParseDim(filter.dim);
        if (!dim) return Error("unknown_dimension").With("name", filter.dim).With("position", filter.position);
        inner.filters.push_back({*dim, filter.values, context.typed});
      }
      named = named->children[0].get();
    } else if (named->kind == Node::Kind::kName && named->name == inner.parameter && inner.argument != nullptr) {
      named = inner.argument;
      const Context* outer = inner.argument_context;
      inner.parameter = outer->parameter;
      inner.argument = outer->argument;
      inner.argument_context = outer->argument_context;
    } else {
      break;
    }
  }
  UnitVector units;
  if (named->kind == Node::Kind::kName && catalog_.FindMeasure(named->name) >= 0) {
    units = MeasureUnits(catalog_.measures()[static_cast<size_t>(catalog_.FindMeasure(named->name))]);
  } else if (named->kind == Node::Kind::kName && catalog_.FindKpi(named->name) >= 0) {
    Context scratch;
    scratch.nesting = context.nesting;
    Program apart(catalog_);  // only the units are wanted
    apart.parts_ = parts_;
    ASSIGN_OR_RETURN(Compiled compiled, apart.CompileName(*named, scratch));
    parts_ = apart.parts_;
    units = compiled.units;
  } else if (named->kind == Node::Kind::kName) {
    return UnknownName(*named);
  } else {
    return Error("wrong_arguments")
        .With("name", "target")
        .With("expected", "target(measure or KPI)")
        .With("position", node.position);
  }
  const External external{External::Kind::kTarget, named->name, inner.filters, inner.shifts};
  auto it = std::find(externals_.begin(), externals_.end(), external);
  if (it == externals_.end()) it = externals_.insert(it, external);
  Expr expr;
  expr.kind = Expr::Kind::kExternal;
  expr.index = static_cast<size_t>(it - externals_.begin());
  return Compiled{std::move(expr), units};
}

Result<Program::Compiled> Program::CompileCall(const Node& node, const Context& context) {
  const std::string& name = node.name;
  const size_t arguments = node.children.size();
  const auto wrong = [&](std::string_view expected) {
    return Error("wrong_arguments").With("name", name).With("expected", expected).With("position", node.position);
  };
  const auto word = [&](size_t i) -> const std::string* {  // an argument that is a plain name
    return node.children[i]->kind == Node::Kind::kName ? &node.children[i]->name : nullptr;
  };

  if (name == "min" || name == "max" || name == "ceil" || name == "if") {
    const bool ok = name == "ceil" ? arguments == 1 : name == "if" ? arguments == 3 : arguments >= 2;
    if (!ok) return wrong(name == "ceil" ? "ceil(a)" : name == "if" ? "if(condition, a, b)" : name + "(a, b)");
    Expr expr;
    expr.kind = name == "min"    ? Expr::Kind::kMin
                : name == "max"  ? Expr::Kind::kMax
                : name == "ceil" ? Expr::Kind::kCeil
                                 : Expr::Kind::kIf;
    UnitVector units{.any = true};
    for (size_t i = 0; i < arguments; ++i) {
      ASSIGN_OR_RETURN(Compiled argument, Compile(*node.children[i], context));
      expr.children.push_back(std::move(argument.expr));
      if (name == "if" && i == 0) continue;  // a condition may be of any unit
      if (!units.any && !argument.units.any && !(units == argument.units)) {
        return UnitMismatch(node.children[i]->position, units, argument.units);
      }
      if (units.any) units = argument.units;
    }
    return Compiled{std::move(expr), units};
  }
  if (name == "opening" || name == "closing" || name == "average" || name == "prior" || name == "year_ago") {
    if (arguments != 1) return wrong(name + "(x)");
    Context inner = context;
    if (name == "prior") {
      inner.shifts.push_back(Shift::kPrior);
    } else if (name == "year_ago") {
      inner.shifts.push_back(Shift::kYearAgo);
    } else {
      inner.in_balance_operator = true;
      inner.reading = name == "opening" ? Reading::kOpening : name == "closing" ? Reading::kClosing : Reading::kAverage;
    }
    return Compile(*node.children[0], inner);
  }
  if (name == "target") {
    if (arguments != 1) return wrong("target(measure or KPI)");
    return CompileTarget(*node.children[0], context);
  }
  if (name == "share") {
    const auto dim = arguments == 2 && word(1) != nullptr ? ParseDim(*word(1)) : std::nullopt;
    if (!dim) return wrong("share(x, dimension)");
    ASSIGN_OR_RETURN(Compiled part, Compile(*node.children[0], context));
    Context all = context;
    all.whole.push_back(*dim);
    ASSIGN_OR_RETURN(Compiled whole, Compile(*node.children[0], all));
    return Compiled{MakeBinary(Node::Op::kDivide, std::move(part.expr), std::move(whole.expr)), {}};
  }
  if (name == "mean" || name == "done") {
    if (arguments != 1 || word(0) == nullptr) return wrong(name == "mean" ? "mean(item)" : "done(theme)");
    const bool mean = name == "mean";
    Context inner = context;
    inner.filters.push_back({Dim::kReason, {*word(0)}, false});
    Node part;
    part.kind = Node::Kind::kName;
    part.position = node.position;
    part.name = mean ? "rating_sum" : "task_done_cnt";
    ASSIGN_OR_RETURN(Compiled above, CompileName(part, inner));
    part.name = mean ? "rating_cnt" : "task_due_cnt";
    ASSIGN_OR_RETURN(Compiled below, CompileName(part, inner));
    return Compiled{MakeBinary(Node::Op::kDivide, std::move(above.expr), std::move(below.expr)), {}};
  }
  if (name == "scorecard") {
    if (arguments != 1 || word(0) == nullptr) return wrong("scorecard(name)");
    const External external{External::Kind::kScorecard, *word(0), context.filters, context.shifts};
    auto it = std::find(externals_.begin(), externals_.end(), external);
    if (it == externals_.end()) it = externals_.insert(it, external);
    Expr expr;
    expr.kind = Expr::Kind::kExternal;
    expr.index = static_cast<size_t>(it - externals_.begin());
    return Compiled{std::move(expr), {}};
  }
  if (const int kpi = catalog_.FindKpi(name); kpi >= 0) {
    const catalog::Kpi& definition = catalog_.kpis()[static_cast<size_t>(kpi)];
    if (definition.parameter.empty() || arguments != 1) {
      return wrong(definition.parameter.empty() ? name : name + "(" + definition.parameter + ")");
    }
    return CompileKpi(definition, node.children[0].get(), context);
  }
  return UnknownName(node);
}

// ---- Checking the catalogue ----

namespace {

void Names(const Node& node, std::set<std::string>& names) {
  if (node.kind == Node::Kind::kName) names.insert(node.name);
  if (node.kind == Node::Kind::kCall) {
    if (!IsOperator(node.name)) names.insert(node.name);
    // The words inside these are of their own namespaces.
    if (node.name == "mean" || node.name == "done" || node.name == "scorecard") return;
    if (node.name == "share" && !node.children.empty()) return Names(*node.children[0], names);
  }
  for (const auto& child : node.children) Names(*child, names);
}

}  // namespace

std::vector<std::string> NamesIn(const Node& node) {
  std::set<std::string> names;
  Names(node, names);
  return {names.begin(), names.end()};
}

Status CheckKpi(const catalog::Catalog& catalog, const catalog::Kpi& kpi) {
  for (const std::string& formula : {kpi.formula, kpi.formula_lower}) {
    if (formula.empty()) continue;
    // A parametric KPI is tried on a measure.
    const std::string tried = kpi.parameter.empty() ? formula : kpi.id + "(deal_cnt)";
    Program program(catalog);
    if (const Status status = program.Add({kpi.id, tried}); !status.ok()) {
      return status.error().Arg("formula").empty() ? Error(status.error()).With("formula", formula) : status.error();
    }
    if (!Fits(program.columns()[0].units, kpi.unit)) {
      const UnitVector& found = program.columns()[0].units;
      return Error("catalog_unit_mismatch")
          .With("id", kpi.id)
          .With("unit", catalog::UnitName(kpi.unit))
          .With("found", Describe(found, Language::kEnglish))
          .With("unit_zh", UnitTitle(kpi.unit, Language::kChinese))
          .With("found_zh", Describe(found, Language::kChinese));
    }
  }
  return {};
}

std::vector<catalog::Complaint> CheckFormulas(const catalog::Catalog& catalog) {
  std::vector<catalog::Complaint> complaints;
  // KPIs that each KPI uses, for cycles.
  std::vector<std::vector<int>> uses(catalog.kpis().size());
  for (size_t i = 0; i < catalog.kpis().size(); ++i) {
    std::set<std::string> names;
    for (const std::string& formula : {catalog.kpis()[i].formula, catalog.kpis()[i].formula_lower}) {
      if (formula.empty()) continue;
      if (const auto node = ParseFormula(formula); node.ok()) Names(**node, names);
    }
    for (const std::string& name : names) {
      if (const int used = catalog.FindKpi(name); used >= 0) uses[i].push_back(used);
    }
  }
  enum class Mark { kNew, kOpen, kDone };
  std::vector<Mark> marks(uses.size(), Mark::kNew);
  std::vector<bool> in_cycle(uses.size());
  const std::function<bool(size_t)> visit = [&](size_t i) {
    if (marks[i] == Mark::kOpen) return true;
    if (marks[i] == Mark::kDone) return in_cycle[i] || false;
    marks[i] = Mark::kOpen;
    bool cycle = false;
    for (const int used : uses[i]) cycle |= visit(static_cast<size_t>(used));
    marks[i] = Mark::kDone;
    in_cycle[i] = cycle;
    return cycle;
  };
  for (size_t i = 0; i < uses.size(); ++i) {
    const catalog::Kpi& kpi = catalog.kpis()[i];
    if (visit(i)) {
      complaints.push_back({kpi.place, Error("kpi_cycle").With("name", kpi.id)});
      continue;
    }
    if (const Status status = CheckKpi(catalog, kpi); !status.ok()) complaints.push_back({kpi.place, status.error()});
  }
  return complaints;
}

std::vector<int> EventsOf(const catalog::Catalog& catalog, const Program& program) {
  std::vector<int> events;
  for (const Atom& atom : program.atoms()) {
    const int event = catalog.measures()[static_cast<size_t>(atom.measure)].event;
    if (event >= 0 && std::find(events.begin(), events.end(), event) == events.end()) events.push_back(event);
  }
  return events;
}

}  // namespace dealpace::kpi
