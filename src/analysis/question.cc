#include "analysis/question.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "kpi/row_order.h"
#include "org/org.h"

namespace dealpace::analysis {
namespace {

constexpr size_t kColumnsMax = 60;

constexpr Dim kLevels[] = {Dim::kRegion, Dim::kDealer, Dim::kTeam, Dim::kStaff};

Error Choice(std::string_view field, std::string_view choices) {
  return Error("field_choice").With("field", field).With("choices", choices);
}

// The fields that every kind of question has.
Status ReadCommon(http::JsonBody& body, Day today, kpi::Question& question, Scope& scope) {
  question.today = today;
  ASSIGN_OR_RETURN(const auto period, body.OptionalText("period"));
  if (period) {
    ASSIGN_OR_RETURN(question.period, ParsePeriod(*period));
  }
  ASSIGN_OR_RETURN(const auto basis, body.OptionalText("basis"));
  if (basis == "cohort") {
    question.basis = facts::Basis::kCohort;
  } else if (basis && basis != "period") {
    return Choice("basis", "period, cohort");
  }
  ASSIGN_OR_RETURN(const auto within, body.OptionalText("within"));
  if (within) {
    ASSIGN_OR_RETURN(question.within_days, kpi::ParseWithin(*within));
  }
  ASSIGN_OR_RETURN(const auto versus, body.OptionalText("vs"));
  if (versus) {
    ASSIGN_OR_RETURN(question.versus, ParseVersus(*versus));
  }
  ASSIGN_OR_RETURN(question.to_date, body.Bool("to_date", false));
  ASSIGN_OR_RETURN(const auto scope_text, body.OptionalText("scope"));
  ASSIGN_OR_RETURN(scope, ParseScope(scope_text.value_or("")));
  if (scope.dim) question.filters.push_back({*scope.dim, {}, true, {scope.id}});
  return {};
}

Status ReadColumns(http::JsonBody& body, kpi::Question& question) {
  if (!body.Has("columns")) return Error("field_missing").With("field", "columns");
  ASSIGN_OR_RETURN(const std::vector<std::string_view> texts, body.TextViews("columns", kColumnsMax));
  question.columns.reserve(texts.size());
  for (const std::string_view text : texts) kpi::SplitColumns(text, question.columns);
  for (const kpi::NamedFormula& column : question.columns) {
    if (column.formula.empty() || column.name.empty()) return Error("column_empty");
  }
  if (question.columns.empty()) return Error("column_empty");
  if (question.columns.size() > kColumnsMax) return Error("columns_too_many").With("max", kColumnsMax);
  // The keys of a row are one name space: columns, slices, and what we add ourselves.
  std::vector<std::string_view> names = {"_ids", "provisional", "mature_share"};
  names.reserve(names.size() + question.by.size() + question.columns.size());
  names.insert(names.end(), question.by.begin(), question.by.end());
  for (const kpi::NamedFormula& column : question.columns) names.push_back(column.name);
  std::sort(names.begin(), names.end(),
            [](std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return Error("column_twice").With("name", *twice);
  return {};
}

Status ReadRowOrder(http::JsonBody& body, kpi::Question& question) {
  ASSIGN_OR_RETURN(const std::vector<std::string> sort, body.Texts("sort", kColumnsMax));
  for (const std::string& text : sort) {
    ASSIGN_OR_RETURN(const std::vector<kpi::RowOrder> order, kpi::ParseRowOrder(text));
    question.sort.insert(question.sort.end(), order.begin(), order.end());
  }
  ASSIGN_OR_RETURN(question.top, body.OptionalInt("top"));
  ASSIGN_OR_RETURN(const auto per, body.OptionalText("per"));
  question.per = per.value_or("");
  return kpi::CheckRowOrder(question);
}

Status ReadFilters(http::JsonBody& body, kpi::Question& question) {
  ASSIGN_OR_RETURN(auto filters, body.Object("filters"));
  if (!filters) return {};
  std::vector<std::string> names;
  for (const auto& field : filters->object()) names.emplace_back(field.key());
  for (const std::string& name : names) {
    const auto dim = ParseDim(name);
    if (!dim) return Error("unknown_dimension").With("name", name).With("position", 1);
    ASSIGN_OR_RETURN(const std::vector<std::string> values, filters->Texts(name));
    kpi::TextFilter filter{*dim, {}, true, {}};
    for (const std::string& value : values) {
      int64_t id = 0;
      const std::string_view digits = std::string_view(value).substr(std::min<size_t>(3, value.size()));
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
      if (value.starts_with("id:") && problem == std::errc() && end == digits.data() + digits.size()) {
        filter.ids.push_back(id);
      } else {
        filter.values.push_back(value);
      }
    }
    question.filters.push_back(std::move(filter));
  }
  return filters->Done();
}

}  // namespace

Result<Scope> ParseScope(std::string_view text) {
  if (text.empty() || text == "network") return Scope{};
  for (const Dim level : kLevels) {
    const std::string prefix = std::string(DimName(level)) + ":";
    if (!text.starts_with(prefix)) continue;
    const std::string_view digits = text.substr(prefix.size());
    int64_t id = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (problem == std::errc() && end == digits.data() + digits.size() && id > 0) return Scope{level, id};
  }
  return Error("bad_scope").With("text", text);
}

std::string ScopeText(const Scope& scope) {
  return scope.dim ? std::string(DimName(*scope.dim)) + ":" + std::to_string(scope.id) : "network";
}

Result<kpi::Versus> ParseVersus(std::string_view text) {
  if (text == "none") return kpi::Versus::kNone;
  if (text == "target") return kpi::Versus::kTarget;
  if (text == "previous") return kpi::Versus::kPrevious;
  if (text == "year-ago") return kpi::Versus::kYearAgo;
  return Choice("vs", "none, target, previous, year-ago");
}

Result<AskedQuestion> ReadQuestion(http::JsonBody body, Day today, std::shared_ptr<const RowScope> rows) {
  AskedQuestion asked;
  kpi::Question& question = asked.question;
  question.scope = std::move(rows);
  ASSIGN_OR_RETURN(question.by, body.Texts("by", kDimCount + 5));
  std::set<std::string_view> slices;
  for (const std::string& slice : question.by) {
    if (!slices.insert(slice).second) return Error("dimension_twice").With("name", slice);
  }
  RETURN_IF_ERROR(ReadColumns(body, question));
  RETURN_IF_ERROR(ReadCommon(body, today, question, asked.scope));
  RETURN_IF_ERROR(ReadFilters(body, question));
  RETURN_IF_ERROR(ReadRowOrder(body, question));
  ASSIGN_OR_RETURN(const auto as_of, body.OptionalText("as_of"));
  if (as_of) {
    const auto instant = ParseInstant(*as_of);
    if (!instant) return Error("bad_instant").With("text", *as_of);
    question.known_at = *instant;
  }
  ASSIGN_OR_RETURN(asked.ids, body.Bool("ids", false));
  RETURN_IF_ERROR(body.Done());
  return asked;
}

Result<TableQuestion> ReadTableQuestion(http::JsonBody body, Day today, std::shared_ptr<const RowScope> rows) {
  TableQuestion asked;
  asked.question.scope = std::move(rows);
  RETURN_IF_ERROR(ReadCommon(body, today, asked.question, asked.scope));
  ASSIGN_OR_RETURN(const auto by, body.OptionalText("by"));
  if (by) {
    constexpr Dim kDims[] = {Dim::kStaff,  Dim::kTeam,       Dim::kDealer, Dim::kRegion,
                             Dim::kSource, Dim::kAccessForm, Dim::kModel};
    const auto dim = ParseDim(*by);
    if (!dim || std::find(std::begin(kDims), std::end(kDims), *dim) == std::end(kDims)) {
      return Choice("by", "staff, team, dealer, region, source, access_form, model");
    }
    asked.by = *dim;
  } else {
    asked.by = !asked.scope.dim || asked.scope.Is(Dim::kRegion) ? Dim::kDealer : Dim::kStaff;
  }
  RETURN_IF_ERROR(body.Done());
  return asked;
}

Result<Zone> BusinessZone(db::Database& database) {
  ASSIGN_OR_RETURN(const std::string name, database.Read<std::string>([](db::Connection& c) -> Result<std::string> {
    db::Rows rows = c.Query("SELECT time_zone FROM dealer ORDER BY dealer_id LIMIT 1");
    return std::string(rows.Next() ? rows.Text(0) : org::kDefaultTimeZone);
  }));
  return Zone::Find(name);
}

}  // namespace dealpace::analysis
