#include <cstdio>

#include "app/commands/context.h"
#include "base/json.h"
#include "base/money.h"
#include "base/zones.h"
#include "exchange/print.h"
#include "kpi/row_order.h"
#include "kpi/tables.h"

namespace dealpace::app {
namespace {

Result<kpi::Question> MakeQuestion(const KpiArguments& arguments, std::vector<kpi::NamedFormula> columns) {
  kpi::Question question;
  question.columns = std::move(columns);
  question.by = arguments.by;
  // The business day where most dealers are: for what is marked provisional, and for --to-date.
  question.today = Zone::Find(org::kDefaultTimeZone)->DayOf(Now());
  if (!arguments.period.empty()) {
    ASSIGN_OR_RETURN(question.period, ParsePeriod(arguments.period));
  }
  question.to_date = arguments.to_date;
  if (arguments.basis == "cohort") question.basis = facts::Basis::kCohort;
  if (!arguments.within.empty()) {
    ASSIGN_OR_RETURN(question.within_days, kpi::ParseWithin(arguments.within));
  }
  if (!arguments.as_of.empty()) {
    const auto instant = ParseInstant(arguments.as_of);
    if (!instant) return Error("bad_instant").With("text", arguments.as_of);
    question.known_at = *instant;
  }
  if (arguments.versus == "target") question.versus = kpi::Versus::kTarget;
  if (arguments.versus == "previous") question.versus = kpi::Versus::kPrevious;
  if (arguments.versus == "year-ago") question.versus = kpi::Versus::kYearAgo;
  if (!arguments.sort.empty()) {
    ASSIGN_OR_RETURN(question.sort, kpi::ParseRowOrder(arguments.sort));
  }
  question.top = arguments.top;
  question.per = arguments.per;
  for (const auto& [dim, value] : arguments.filters) {
    // The same option twice means either value.
    kpi::TextFilter* same = nullptr;
    for (kpi::TextFilter& filter : question.filters) {
      if (filter.dim == dim) same = &filter;
    }
    if (same != nullptr) {
      same->values.push_back(value);
    } else {
      question.filters.push_back({dim, {value}, true});
    }
  }
  return question;
}

void Print(const Context& context, const catalog::Catalog& catalog, const kpi::Answer& answer) {
  std::string text;
  switch (context.format) {
    case Format::kTable: text = exchange::AnswerText(catalog, answer, context.language); break;
    case Format::kCsv: text = exchange::AnswerCsv(answer); break;
    case Format::kJson: text = exchange::AnswerJson(catalog, answer, Now()); break;
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

int RunKpi(const Context& context, const KpiArguments& arguments) {
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  const auto question = MakeQuestion(arguments, kpi::SplitColumns(arguments.expressions));
  if (!question.ok()) return context.Fail(question.error(), kExitUsage);
  const auto definitions = (*system)->definitions().Current();
  if (!definitions.ok()) return context.Fail(definitions.error());
  const auto answer = (*definitions)->engine->Ask(*question);
  if (!answer.ok()) return context.FailQuestion(answer.error());
  Print(context, *(*definitions)->catalog, *answer);
  return kExitOk;
}

namespace {

std::string SuccessTableText(const Context& context, const catalog::Catalog& catalog, const kpi::Answer& answer) {
  const Language language = context.language;
  exchange::TextTable table;
  for (const std::string& name : answer.by) table.columns.push_back({exchange::DimTitle(name, language), false});
  for (size_t c = 0; c < answer.columns.size(); ++c) {
    const bool conversion = answer.columns[c].unit == catalog::Unit::kPercent;
    const bool success = c + 1 == answer.columns.size();
    table.columns.push_back(
        {conversion && !success ? "%" : exchange::ColumnTitle(catalog, answer.columns[c], language), true});
  }
  table.columns.push_back({context.Say("Loses most at", "最弱环节"), false});
  const auto add = [&](const kpi::RowAnswer& row, bool total) {
    std::vector<std::string> cells;
    for (size_t k = 0; k < answer.by.size(); ++k) {
      cells.emplace_back(total ? (k == 0 ? context.Say("Total", "合计") : "") : row.keys[k].value_or("—"));
    }
    for (size_t c = 0; c < answer.columns.size(); ++c) {
      cells.push_back(exchange::FigureText(row.cells[c].value, answer.columns[c].unit, 0));
    }
    const auto weakest = total ? std::nullopt : kpi::FindWeakestStage(answer, row);
    if (weakest) {
      const std::string& id = answer.columns[weakest->column - 1].id;  // the milestone reached by the conversion
      const int measure = catalog.FindMeasure(id);
      cells.push_back(catalog.measures()[static_cast<size_t>(measure)].name.In(language) + " " +
                      FormatRounded(weakest->gap * 100, 1) + context.Say(" pp", " 点"));
    } else {
      cells.emplace_back();
    }
    table.rows.push_back(std::move(cells));
  };
  for (const kpi::RowAnswer& row : answer.rows) add(row, false);
  add(answer.total, true);
  table.has_total = true;
  std::string text = exchange::AlignTable(table);
  for (const int event : answer.unrecorded_events) {
    const catalog::Event& missing = catalog.events()[static_cast<size_t>(event)];
    text += context.Say("Nothing recorded in this period: ", "本期无记录：") + missing.name.In(language) + " (" +
            missing.id + ")\n";
  }
  return text;
}

}  // namespace

int RunTable(const Context& context, const std::string& name, const KpiArguments& arguments) {
  if (name != "success-rate") return context.Fail(Error("unknown_table").With("name", name), kExitUsage);
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  KpiArguments with_staff = arguments;
  if (with_staff.by.empty()) with_staff.by = {"staff"};
  const auto question = MakeQuestion(with_staff, kpi::SuccessTableColumns());
  if (!question.ok()) return context.Fail(question.error(), kExitUsage);
  const auto definitions = (*system)->definitions().Current();
  if (!definitions.ok()) return context.Fail(definitions.error());
  const auto answer = (*definitions)->engine->Ask(*question);
  if (!answer.ok()) return context.FailQuestion(answer.error());
  if (context.format == Format::kTable) {
    const std::string text = SuccessTableText(context, *(*definitions)->catalog, *answer);
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    Print(context, *(*definitions)->catalog, *answer);
  }
  return kExitOk;
}

}  // namespace dealpace::app
