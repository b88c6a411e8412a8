#include "kpi/trace.h"

#include <map>

#include "base/json.h"
#include "kpi/asking.h"

namespace dealpace::kpi {
namespace {

using Factors = std::map<size_t, double>;  // of atoms

// The factors of the atoms in a sum of sums; nothing when the expression is not one.
std::optional<Factors> Linear(const Expr& expr) {
  const auto scaled = [](std::optional<Factors> factors, double by) {
    if (factors) {
      for (auto& [atom, factor] : *factors) factor *= by;
    }
    return factors;
  };
  switch (expr.kind) {
    case Expr::Kind::kAtom: return Factors{{expr.index, 1.0}};
    case Expr::Kind::kNegate: return scaled(Linear(expr.children[0]), -1);
    case Expr::Kind::kBinary: break;
    default: return std::nullopt;
  }
  const Expr& left = expr.children[0];
  const Expr& right = expr.children[1];
  switch (expr.op) {
    case Node::Op::kAdd:
    case Node::Op::kSubtract: {
      auto sum = Linear(left);
      const auto other = scaled(Linear(right), expr.op == Node::Op::kAdd ? 1 : -1);
      if (!sum || !other) return std::nullopt;
      for (const auto& [atom, factor] : *other) (*sum)[atom] += factor;
      return sum;
    }
    case Node::Op::kMultiply:
      if (left.kind == Expr::Kind::kNumber) return scaled(Linear(right), left.number);
      if (right.kind == Expr::Kind::kNumber) return scaled(Linear(left), right.number);
      return std::nullopt;
    case Node::Op::kDivide:
      if (right.kind != Expr::Kind::kNumber || right.number == 0) return std::nullopt;
      return scaled(Linear(left), 1 / right.number);
    default: return std::nullopt;
  }
}

void AddAtoms(const Expr& expr, Factors& factors) {
  if (expr.kind == Expr::Kind::kAtom) factors.emplace(expr.index, 1.0);
  for (const Expr& child : expr.children) AddAtoms(child, factors);
}

class Tracing : public internal::Asking {
 public:
  using Asking::Asking;

  Result<Traced> Run(const CellPlace& place, const Engine::TraceVisitor& visit) {
    RETURN_IF_ERROR(Prepare());
    ASSIGN_OR_RETURN(const Expr* const expr, FindExpr(place));
    Traced traced;
    traced.formula = WriteOut(catalog_, *compiled_, *expr);
    const bool ratio = expr->kind == Expr::Kind::kBinary && expr->op == Node::Op::kDivide;
    if (!ratio && place.part != Part::kAll) return Error("not_a_ratio").With("column", place.column);
    const auto factors = [](const Expr& part, bool& adds_up) {
      if (auto linear = Linear(part)) {
        adds_up = true;
        return *std::move(linear);
      }
      Factors all;
      AddAtoms(part, all);
      return all;
    };
    if (place.part != Part::kDen) num_ = factors(ratio ? expr->children[0] : *expr, traced.num_adds_up);
    if (ratio && place.part != Part::kNum) den_ = factors(expr->children[1], traced.den_adds_up);

    internal::Asking::Spot spot{std::nullopt, period_, true};
    std::vector<facts::Filter> members;
    RETURN_IF_ERROR(FindSpot(place, spot, members));
    RETURN_IF_ERROR(Fetch(*expr, spot, members, visit));
    traced.figure = FigureOf(*expr, spot);
    for (const Variant& variant : variants_) {
      const Period period = RangeOf(variant, spot);
      if (std::find(traced.periods.begin(), traced.periods.end(), period) == traced.periods.end()) {
        traced.periods.push_back(period);
      }
    }
    return traced;
  }

 private:
  using Variant = internal::Variant;

  Result<const Expr*> FindExpr(const CellPlace& place) const {
    for (const Program::Column& column : compiled_->columns()) {
      if (column.name != place.column) continue;
      if (!place.versus) return &column.expr;
      if (!column.compared) return Error("no_comparison").With("column", place.column);
      return &*column.compared;
    }
    return Error("question_column_unknown").With("name", place.column);
  }

  // The row's range, and its members as filters: a group holds just the rows that its members as filters let through.
  Status FindSpot(const CellPlace& place, Spot& spot, std::vector<facts::Filter>& members) {
    if (place.ids.empty()) return {};
    if (place.ids.size() != key_kind_.size() || place.labels.size() != key_kind_.size()) return Error("unknown_row");
    for (size_t k = 0; k < key_kind_.size(); ++k) {
      const auto& [is_dim, index] = key_kind_[k];
      if (is_dim) {
        members.push_back({dims_[index], {place.ids[k]}});
        continue;
      }
      const auto unit = ParsePeriod(place.labels[k]);
      if (!unit.ok() || UnitLabel(UnitOf(unit->from, grains_[index]), grains_[index]) != place.labels[k]) {
        return Error("unknown_row");
      }
      spot.range = {std::max(spot.range.from, unit->from), std::min(spot.range.to, unit->to)};
      if (spot.range.from > spot.range.to) return Error("unknown_row");
      spot.whole_period = false;
    }
    return {};
  }

  // For each atom a variant of its own, with one group: the rows as they are visited.
  Status Fetch(const Expr& expr, const Spot& spot, const std::vector<facts::Filter>& members,
               const Engine::TraceVisitor& visit) {
    RETURN_IF_ERROR(PlaceAtoms());
    std::vector<Variant> variants;
    std::vector<facts::Query> queries;
    std::vector<size_t> atoms;  // of the queries
    Factors used;
    AddAtoms(expr, used);
    for (size_t a = 0; a < atoms_.size(); ++a) {
      const Variant& shared = variants_[atoms_[a].variant];
      Variant variant;
      variant.shifts = shared.shifts;
      variant.whole = shared.whole;
      variant.sums = {shared.sums[atoms_[a].sum]};
      for (const facts::Filter& member : members) {
        if (std::find(variant.whole.begin(), variant.whole.end(), member.dim) != variant.whole.end()) continue;
        variant.sums[0].filters.push_back(member);
      }
      const Period range = RangeOf(variant, spot);
      variant.cuts = {range.from, range.to + 1};
      variant.cube.sums = 1;
      variant.cube.pieces = 2;
      variant.cube.cells.resize(2);
      if (used.contains(a)) {
        facts::Query query;
        query.dealers = dealers_;
        query.limits = limits_;
        query.cuts = variant.cuts;
        query.basis = question_.basis;
        query.within_days = question_.within_days;
        query.sums = variant.sums;
        queries.push_back(std::move(query));
        atoms.push_back(a);
      }
      atoms_[a].variant = variants.size();
      atoms_[a].sum = 0;
      variants.push_back(std::move(variant));
    }

    std::vector<std::vector<facts::Cell>> cells(facts::Facts::ThreadsMax(),
                                                std::vector<facts::Cell>(queries.size() * 2));
    RETURN_IF_ERROR(
        facts_.VisitRows(queries, question_.known_at, [&](const facts::CountedRow& row, size_t query, size_t thread) {
          facts::Cell& cell = cells[thread][query * 2 + static_cast<size_t>(row.piece)];
          cell.sum += row.value;
          cell.day_sum += row.value * (row.day - queries[query].cuts[0]);
          ++cell.rows;
          Report(row, atoms[query], queries[query], thread, visit);
        }));
    for (const auto& of_thread : cells) {
      for (size_t q = 0; q < queries.size(); ++q) {
        for (size_t piece = 0; piece < 2; ++piece) {
          const facts::Cell& from = of_thread[q * 2 + piece];
          for (size_t p = piece; p < 2; ++p) {  // running along the pieces
            facts::Cell& into = variants[atoms[q]].cube.cells[p];
            into.sum += from.sum;
            into.day_sum += from.day_sum;
            into.rows += from.rows;
          }
        }
      }
    }
    variants_ = std::move(variants);
    return {};
  }

  void Report(const facts::CountedRow& row, size_t atom, const facts::Query& query, size_t thread,
              const Engine::TraceVisitor& visit) const {
    const Atom& of = compiled_->atoms()[atom];
    double weight = 1;
    if (row.piece == 1) {
      if (of.reading == Reading::kOpening) return;
      if (of.reading == Reading::kAverage) {
        const int days = query.cuts[1] - query.cuts[0];
        weight = static_cast<double>(query.cuts[1] - row.day) / days;
      }
    }
    const catalog::Measure& measure = catalog_.measures()[static_cast<size_t>(of.measure)];
    const double scale = measure.sums_amount() ? kFenPerYuan : kQuantityOne;
    const double adds = static_cast<double>(row.value) / scale * weight;
    TracedRow traced{row, of.measure, std::nullopt, std::nullopt};
    if (const auto it = num_.find(atom); it != num_.end()) traced.num = adds * it->second;
    if (const auto it = den_.find(atom); it != den_.end()) traced.den = adds * it->second;
    if (traced.num || traced.den) visit(traced, thread);
  }

  Factors num_;
  Factors den_;
};

std::string_view OpText(Node::Op op) {
  switch (op) {
    case Node::Op::kAdd: return "+";
    case Node::Op::kSubtract: return "-";
    case Node::Op::kMultiply: return "*";
    case Node::Op::kDivide: return "/";
    case Node::Op::kLess: return "<";
    case Node::Op::kLessEqual: return "<=";
    case Node::Op::kGreater: return ">";
    case Node::Op::kGreaterEqual: return ">=";
    case Node::Op::kEqual: return "==";
    case Node::Op::kUnequal: return "!=";
  }
  return "";
}

std::string FilterText(const std::vector<TextFilter>& filters) {
  std::string text;
  for (const TextFilter& filter : filters) {
    text += (text.empty() ? "" : ", ") + std::string(DimName(filter.dim));
    for (size_t i = 0; i < filter.values.size(); ++i) {
      const bool plain =
          filter.values[i].find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
      text += (i == 0 ? "=" : "|") + (plain ? filter.values[i] : "\"" + filter.values[i] + "\"");
    }
  }
  return text.empty() ? "" : "[" + text + "]";
}

std::string Wrapped(std::string text, const std::vector<Shift>& shifts) {
  for (size_t i = shifts.size(); i-- > 0;) {
    text = (shifts[i] == Shift::kPrior ? "prior(" : "year_ago(") + text + ")";
  }
  return text;
}

}  // namespace

std::string WriteOut(const catalog::Catalog& catalog, const Program& program, const Expr& expr) {
  const auto list = [&](std::string name) {
    name += "(";
    for (size_t i = 0; i < expr.children.size(); ++i) {
      name += (i == 0 ? "" : ", ") + WriteOut(catalog, program, expr.children[i]);
    }
    return name + ")";
  };
  switch (expr.kind) {
    case Expr::Kind::kNumber: return JsonWriter().Number(expr.number).text();
    case Expr::Kind::kAtom: {
      const Atom& atom = program.atoms()[expr.index];
      std::string text = catalog.measures()[static_cast<size_t>(atom.measure)].id + FilterText(atom.filters);
      if (atom.reading == Reading::kOpening) text = "opening(" + text + ")";
      if (atom.reading == Reading::kClosing) text = "closing(" + text + ")";
      if (atom.reading == Reading::kAverage) text = "average(" + text + ")";
      for (const Dim dim : atom.whole) text = "all(" + text + ", " + std::string(DimName(dim)) + ")";
      return Wrapped(std::move(text), atom.shifts);
    }
    case Expr::Kind::kExternal: {
      const External& external = program.externals()[expr.index];
      const std::string name = external.kind == External::Kind::kTarget ? "target(" : "scorecard(";
      return Wrapped(name + external.name + FilterText(external.filters) + ")", external.shifts);
    }
    case Expr::Kind::kNegate: return "-" + list("");
    case Expr::Kind::kMin: return list("min");
    case Expr::Kind::kMax: return list("max");
    case Expr::Kind::kCeil: return list("ceil");
    case Expr::Kind::kIf: return list("if");
    case Expr::Kind::kBinary: break;
  }
  const auto side = [&](const Expr& child) {
    const std::string text = WriteOut(catalog, program, child);
    return child.kind == Expr::Kind::kBinary ? "(" + text + ")" : text;
  };
  return side(expr.children[0]) + " " + std::string(OpText(expr.op)) + " " + side(expr.children[1]);
}

Result<Traced> Engine::Trace(const Question& question, const CellPlace& place, const TraceVisitor& visit) {
  Tracing tracing(catalog_, facts_, programs_, targets_, scorecards_, question);
  return tracing.Run(place, visit);
}

}  // namespace dealpace::kpi
