#include "analysis/export.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "base/ids.h"
#include "exchange/print.h"
#include "exchange/xlsx_writer.h"
#include "kpi/handbook.h"

namespace dealpace::analysis {
namespace {

using catalog::Unit;
using exchange::XlsxWriter;
using Look = XlsxWriter::Look;

constexpr int64_t kCellsInMemoryMax = 50'000;
constexpr size_t kTitleMax = 200;

std::string_view FormatOf(Unit unit, double value) {
  switch (unit) {
    case Unit::kPercent:
    case Unit::kPercentPoints: return "0.0%";
    case Unit::kMoney: return "#,##0.00";
    case Unit::kCount:
    case Unit::kTimes: return value == std::floor(value) ? "#,##0" : "#,##0.###";
    case Unit::kDay:
    case Unit::kHour:
    case Unit::kScore:
    case Unit::kPoints: return "#,##0.0";
    case Unit::kRatio: break;
  }
  return "#,##0.00";
}

// Counts and money of numerators and denominators, whatever the ratio's own unit.
std::string_view FormatOfSum(double value) { return value == std::floor(value) ? "#,##0" : "#,##0.00#"; }

// A column of the sheet right of the slices.
struct Field {
  std::string title;
  size_t column = 0;  // of the answer
  enum class What { kValue, kNum, kDen, kVersus, kChange } what = What::kValue;
};

// KPIs and measures that a formula names.
std::vector<std::string> NamesOf(const std::string& formula) {
  const auto node = kpi::ParseFormula(formula);
  return node.ok() ? kpi::NamesIn(**node) : std::vector<std::string>();
}

class Workbook {
 public:
  Workbook(const ExportRequest& request, const ExportContext& context, const std::string& path,
           const kpi::Answer& answer)
      : request_(request),
        context_(context),
        answer_(answer),
        chinese_(context.language == Language::kChinese),
        writer_(path, static_cast<int64_t>(answer.rows.size()) * static_cast<int64_t>(answer.columns.size()) >
                          kCellsInMemoryMax) {}

  Status Write() {
    writer_.AddSheet(Say("Table", "数据"));
    if (request_.pivot.empty()) {
      WriteTable();
    } else {
      RETURN_IF_ERROR(WritePivot());
    }
    WriteDefinitions();
    return writer_.Finish();
  }

 private:
  [[nodiscard]] std::string Say(const char* en, const char* zh) const { return chinese_ ? zh : en; }

  [[nodiscard]] std::string ColumnTitle(size_t column) const {
    return exchange::ColumnTitle(context_.catalog, answer_.columns[column], context_.language);
  }

  [[nodiscard]] std::string LocalTime(Instant instant) const {
    const Day day = context_.zone.DayOf(instant);
    const int64_t minutes = (instant.ms - context_.zone.At(day).ms) / 60'000;
    char time[16];
    std::snprintf(time, sizeof time, " %02d:%02d", static_cast<int>(minutes / 60 % 24), static_cast<int>(minutes % 60));
    return FormatDay(day) + time;
  }

  [[nodiscard]] std::string ScopeLine() const {
    const RowScope& rows = *request_.asked.question.scope;
    const auto org = context_.facts.Org(rows);
    std::string text;
    for (const kpi::TextFilter& filter : request_.asked.question.filters) {
      std::vector<std::string> members;
      for (const int64_t id : filter.ids) {
        const std::string label = org.ok() ? (*org)->Label(filter.dim, id) : "";
        members.push_back(exchange::MemberText(context_.catalog, DimName(filter.dim), label, context_.language));
      }
      for (const std::string& value : filter.values) {
        members.push_back(exchange::MemberText(context_.catalog, DimName(filter.dim), value, context_.language));
      }
      if (members.empty()) members.push_back(Say("any", "任意"));
      text += (text.empty() ? "" : Say("; ", "；")) + exchange::DimTitle(DimName(filter.dim), context_.language) +
              Say(": ", "：") + Join(members, Say(", ", "、"));
    }
    if (!text.empty()) return text;
    return rows.network ? Say("Whole network", "全网") : Say("All that may be seen", "本人权限范围");
  }

  [[nodiscard]] std::string PeriodLine() const {
    const auto days = [&](const Period& p) { return FormatDay(p.from) + Say(" to ", " 至 ") + FormatDay(p.to); };
    std::string text = days(answer_.period);
    if (answer_.period != answer_.full_period) {
      text += Say(" (to date; full period to ", "（截至当日；完整期间至 ") + FormatDay(answer_.full_period.to) +
              Say(")", "）");
    }
    if (answer_.versus_period) text += Say("; compared with ", "；对比 ") + days(*answer_.versus_period);
    if (request_.asked.question.versus == kpi::Versus::kTarget) text += Say("; compared with target", "；对比目标");
    return text;
  }

  [[nodiscard]] std::string BasisLine() const {
    if (answer_.basis == facts::Basis::kPeriod) return Say("Period basis", "期间口径");
    std::string text = Say("Cohort basis", "批次口径");
    if (answer_.within_days) {
      text += Say(", within ", "，开始后 ") + std::to_string(*answer_.within_days) + Say(" days", " 天内");
    }
    return text;
  }

  // The lines above the table; returns the row below them.
  int64_t WriteTop() {
    std::string title = request_.title;
    if (title.empty()) {
      std::vector<std::string> names;
      for (size_t c = 0; c < answer_.columns.size(); ++c) names.push_back(ColumnTitle(c));
      title = Join(names, Say(", ", "、"));
    }
    writer_.Text(0, 0, title, Look::kTitle);
    int64_t row = 1;
    const auto line = [&](const std::string& name, const std::string& text) {
      writer_.Text(row++, 0, name + Say(": ", "：") + text, Look::kNote);
    };
    line(Say("Scope", "范围"), ScopeLine());
    line(Say("Period", "期间"), PeriodLine());
    line(Say("Basis", "口径"), BasisLine());
    if (answer_.row_count && *answer_.row_count > static_cast<int64_t>(answer_.rows.size())) {
      const std::string shown = std::to_string(answer_.rows.size());
      const std::string all = std::to_string(*answer_.row_count);
      line(Say("Rows", "行数"), chinese_ ? all + " 行中的 " + shown + " 行，合计是全部行的合计"
                                         : shown + " of " + all + "; the total is that of all");
    }
    line(Say("As known at", "数据截至"), LocalTime(std::min(answer_.known_at, context_.now)));
    line(Say("Exported", "导出"), context_.by + Say(", ", "，") + LocalTime(context_.now));
    return row + 1;
  }

  [[nodiscard]] std::vector<Field> Fields() const {
    std::vector<Field> fields;
    for (size_t c = 0; c < answer_.columns.size(); ++c) {
      const std::string title = ColumnTitle(c);
      fields.push_back({title, c, Field::What::kValue});
      if (answer_.total.cells[c].ratio) {
        fields.push_back({title + Say(", numerator", "·分子"), c, Field::What::kNum});
        fields.push_back({title + Say(", denominator", "·分母"), c, Field::What::kDen});
      }
      if (answer_.total.cells[c].compared) {
        fields.push_back({title + Say(", compared", "·对比"), c, Field::What::kVersus});
        fields.push_back({title + Say(", change", "·变化"), c, Field::What::kChange});
      }
    }
    return fields;
  }

  void WriteFigure(int64_t row, int column, const kpi::CellAnswer* cell, const Field& field, Look look) {
    const Unit unit = answer_.columns[field.column].unit;
    std::optional<double> value;
    if (cell != nullptr) {
      switch (field.what) {
        case Field::What::kValue: value = cell->value; break;
        case Field::What::kNum: value = cell->num; break;
        case Field::What::kDen: value = cell->den; break;
        case Field::What::kVersus: value = cell->versus.value; break;
        case Field::What::kChange: value = cell->change; break;
      }
    }
    if (!value) {  // no figure is no number: the cell stays empty
      if (look != Look::kPlain) writer_.Blank(row, column, look);
      return;
    }
    const bool sum = field.what == Field::What::kNum || field.what == Field::What::kDen;
    writer_.Number(row, column, *value, sum ? FormatOfSum(*value) : FormatOf(unit, *value), look);
  }

  [[nodiscard]] std::string KeyText(size_t k, std::optional<std::string_view> key) const {
    return exchange::MemberText(context_.catalog, answer_.by[k], key, context_.language);
  }

  void WriteTable() {
    const std::vector<Field> fields = Fields();
    const int keys = static_cast<int>(answer_.by.size());
    // Widths and frozen panes first: where rows go out as they come, they cannot be told later.
    if (keys > 0) writer_.Width(0, keys - 1, 18);
    writer_.Width(keys, keys + static_cast<int>(fields.size()) - 1, 14);
    int64_t row = WriteTop();
    for (int k = 0; k < keys; ++k) {
      writer_.Text(row, k, exchange::DimTitle(answer_.by[static_cast<size_t>(k)], context_.language), Look::kHeader);
    }
    for (size_t f = 0; f < fields.size(); ++f) {
      writer_.Text(row, keys + static_cast<int>(f), fields[f].title, Look::kHeader, true);
    }
    ++row;
    writer_.Freeze(row, std::min(keys, 2));
    const auto figures = [&](const kpi::RowAnswer& of, Look look) {
      for (size_t f = 0; f < fields.size(); ++f) {
        WriteFigure(row, keys + static_cast<int>(f), &of.cells[fields[f].column], fields[f], look);
      }
    };
    for (const kpi::RowAnswer& of : answer_.rows) {
      for (size_t k = 0; k < answer_.by.size(); ++k) writer_.Text(row, static_cast<int>(k), KeyText(k, of.keys[k]));
      figures(of, Look::kPlain);
      ++row;
    }
    for (int k = 0; k < keys; ++k) writer_.Text(row, k, k == 0 ? Say("Total", "合计") : "", Look::kTotal);
    figures(answer_.total, keys > 0 ? Look::kTotal : Look::kPlain);
  }

  Status WritePivot() {
    const size_t pivot =
        static_cast<size_t>(std::find(answer_.by.begin(), answer_.by.end(), request_.pivot) - answer_.by.begin());
    std::vector<size_t> key_columns;
    for (size_t k = 0; k < answer_.by.size(); ++k) {
      if (k != pivot) key_columns.push_back(k);
    }
    // Totals of units and of rows are figures of their own, not sums of what is shown.
    kpi::Question by_unit = request_.asked.question;
    by_unit.by = {request_.pivot};
    kpi::Question by_rest = request_.asked.question;
    std::erase(by_rest.by, request_.pivot);
    by_unit.sort.clear();
    by_rest.sort.clear();
    ASSIGN_OR_RETURN(const kpi::Answer units, context_.engine.Ask(by_unit));
    ASSIGN_OR_RETURN(const kpi::Answer rests, context_.engine.Ask(by_rest));

    using Key = std::vector<std::optional<std::string_view>>;
    std::map<std::pair<std::vector<int64_t>, Key>, std::map<std::string_view, const kpi::RowAnswer*>> rows;
    std::vector<std::pair<std::vector<int64_t>, Key>> order;
    const auto key_of = [&](const kpi::RowAnswer& row) {
      std::pair<std::vector<int64_t>, Key> key;
      for (const size_t k : key_columns) {
        key.first.push_back(row.ids[k]);
        key.second.push_back(row.keys[k]);
      }
      return key;
    };
    std::set<std::string_view> labels;
    for (const kpi::RowAnswer& row : answer_.rows) {
      const auto key = key_of(row);
      const auto [it, fresh] = rows.try_emplace(key);
      if (fresh) order.push_back(key);
      labels.insert(*row.keys[pivot]);
      it->second[*row.keys[pivot]] = &row;
    }
    std::map<std::pair<std::vector<int64_t>, Key>, const kpi::RowAnswer*> row_totals;
    for (const kpi::RowAnswer& row : rests.rows)
      row_totals[{{row.ids.begin(), row.ids.end()}, {row.keys.begin(), row.keys.end()}}] = &row;
    std::map<std::string_view, const kpi::RowAnswer*> unit_totals;
    for (const kpi::RowAnswer& row : units.rows) unit_totals[*row.keys[0]] = &row;

    const size_t columns = answer_.columns.size();
    const int keys = static_cast<int>(key_columns.size());
    if (keys > 0) writer_.Width(0, keys - 1, 18);
    writer_.Width(keys, keys + static_cast<int>((labels.size() + 1) * columns) - 1, 12);
    int64_t row = WriteTop();
    for (int k = 0; k < keys; ++k) {
      writer_.Text(row, k, exchange::DimTitle(answer_.by[key_columns[static_cast<size_t>(k)]], context_.language),
                   Look::kHeader);
    }
    int at = keys;
    const auto head = [&](std::string_view label) {
      for (size_t c = 0; c < columns; ++c) {
        const std::string title = std::string(label) + (columns == 1 ? "" : " " + ColumnTitle(c));
        writer_.Text(row, at++, title, Look::kHeader, true);
      }
    };
    for (const std::string_view label : labels) head(label);
    head(Say("Total", "合计"));
    ++row;
    writer_.Freeze(row, std::min(keys, 2));

    const auto figures = [&](const kpi::RowAnswer* of, Look look) {
      for (size_t c = 0; c < columns; ++c) {
        WriteFigure(row, at++, of == nullptr ? nullptr : &of->cells[c], {"", c, Field::What::kValue}, look);
      }
    };
    const auto find = [](const auto& map, const auto& key) -> const kpi::RowAnswer* {
      const auto it = map.find(key);
      return it == map.end() ? nullptr : it->second;
    };
    for (const auto& key : order) {
      for (size_t k = 0; k < key_columns.size(); ++k) {
        writer_.Text(row, static_cast<int>(k), KeyText(key_columns[k], key.second[k]));
      }
      at = keys;
      for (const std::string_view label : labels) figures(find(rows[key], label), Look::kPlain);
      // Without other slices the row's total is the whole's.
      figures(key_columns.empty() ? &rests.total : find(row_totals, key), Look::kBold);
      ++row;
    }
    if (keys == 0) return {};
    for (int k = 0; k < keys; ++k) writer_.Text(row, k, k == 0 ? Say("Total", "合计") : "", Look::kTotal);
    at = keys;
    for (const std::string_view label : labels) figures(find(unit_totals, label), Look::kTotal);
    figures(&answer_.total, Look::kTotal);
    return {};
  }

  // The columns, then every KPI and measure that their formulas name, in order of mention.
  void WriteDefinitions() {
    writer_.AddSheet(Say("Definitions", "指标定义"));
    const std::vector<std::pair<std::string, double>> heads = {
        {Say("Name", "名称"), 24},   {Say("Id", "标识"), 24},      {Say("Formula", "公式"), 44},
        {Say("Unit", "单位"), 12},   {Say("Meaning", "含义"), 60}, {Say("Note", "注意"), 40},
        {Say("Source", "来源"), 24},
    };
    for (size_t i = 0; i < heads.size(); ++i) writer_.Width(static_cast<int>(i), static_cast<int>(i), heads[i].second);
    for (size_t i = 0; i < heads.size(); ++i) writer_.Text(0, static_cast<int>(i), heads[i].first, Look::kHeader);
    writer_.Freeze(1, 0);
    int64_t row = 1;
    std::vector<std::string> named;
    const auto add = [&](const std::string& id) {
      if (std::find(named.begin(), named.end(), id) == named.end()) named.push_back(id);
    };
    for (size_t c = 0; c < answer_.columns.size(); ++c) {
      const kpi::Program::Column& column = answer_.columns[c];
      if (!column.id.empty()) {
        add(column.id);
        continue;
      }
      WriteDefinition(row++,
                      {ColumnTitle(c), "", column.formula, kpi::UnitTitle(column.unit, context_.language), "", "", ""});
      for (const std::string& id : NamesOf(column.formula)) add(id);
    }
    const catalog::Catalog& catalog = context_.catalog;
    for (size_t i = 0; i < named.size(); ++i) {
      if (const int k = catalog.FindKpi(named[i]); k >= 0) {
        const catalog::Kpi& kpi = catalog.kpis()[static_cast<size_t>(k)];
        const std::vector<std::string> inner = NamesOf(kpi.formula);
        WriteDefinition(
            row++, {kpi.name.In(context_.language), kpi.id, kpi.formula, kpi::UnitTitle(kpi.unit, context_.language),
                    kpi.meaning.In(context_.language), kpi.beware.In(context_.language), kpi.source});
        for (const std::string& id : inner) add(id);
      } else if (const int m = catalog.FindMeasure(named[i]); m >= 0) {
        const catalog::Measure& measure = catalog.measures()[static_cast<size_t>(m)];
        std::string meaning;
        if (measure.event >= 0) {
          const catalog::Event& event = catalog.events()[static_cast<size_t>(measure.event)];
          meaning = event.when.In(context_.language);
        }
        WriteDefinition(row++, {measure.name.In(context_.language), measure.id, measure.sum,
                                kpi::UnitTitle(measure.unit, context_.language), meaning, "", measure.source});
      }
    }
  }

  void WriteDefinition(int64_t row, const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      writer_.Text(row, static_cast<int>(i), cells[i], Look::kPlain, false, true);
    }
  }

  const ExportRequest& request_;
  const ExportContext& context_;
  const kpi::Answer& answer_;
  bool chinese_;
  XlsxWriter writer_;
};

std::string FileName(const ExportRequest& request, const kpi::Answer& answer, std::string_view extension) {
  std::string name = request.title.empty() ? "dealpace" : request.title;
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos)
      c = ' ';
  }
  return name + " " + FormatPeriod(answer.period) + std::string(extension);
}

}  // namespace

Result<ExportRequest> ReadExportRequest(http::JsonBody body, Day today, std::shared_ptr<const RowScope> rows) {
  ExportRequest request;
  ASSIGN_OR_RETURN(auto question, body.Object("question"));
  if (!question) return Error("field_missing").With("field", "question");
  ASSIGN_OR_RETURN(request.asked, ReadQuestion(*std::move(question), today, std::move(rows)));
  ASSIGN_OR_RETURN(const std::string format, body.Text("format"));
  if (format == "csv") {
    request.format = ExportRequest::Format::kCsv;
  } else if (format != "xlsx") {
    return Error("field_choice").With("field", "format").With("choices", "xlsx, csv");
  }
  ASSIGN_OR_RETURN(const auto title, body.OptionalText("title", kTitleMax * 4));
  request.title = std::string(Trim(title.value_or("")));
  ASSIGN_OR_RETURN(const auto pivot, body.OptionalText("pivot"));
  if (pivot && !pivot->empty()) {
    const std::vector<std::string>& by = request.asked.question.by;
    if (!ParseGrain(*pivot) || std::find(by.begin(), by.end(), *pivot) == by.end()) {
      return Error("pivot_not_a_grain").With("name", *pivot);
    }
    // What a cut leaves out of a row would look like nothing recorded.
    if (request.asked.question.top) return Error("pivot_with_top");
    request.pivot = *pivot;
  }
  RETURN_IF_ERROR(body.Done());
  return request;
}

Result<http::Response> Export(const ExportRequest& request, const ExportContext& context) {
  ASSIGN_OR_RETURN(const kpi::Answer answer, context.engine.Ask(request.asked.question));
  if (request.format == ExportRequest::Format::kCsv) {
    return http::Response::Download("\xEF\xBB\xBF" + exchange::AnswerCsv(answer), "text/csv; charset=utf-8",
                                    FileName(request, answer, ".csv"));
  }
  const std::string path =
      (std::filesystem::path(context.folder) / ("export-" + std::to_string(NewId()) + ".xlsx")).string();
  RETURN_IF_ERROR(Workbook(request, context, path, answer).Write());
  http::Response response = http::Response::Download(
      "", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", FileName(request, answer, ".xlsx"));
  response.body_file = path;
  response.remove_body_file = true;
  return response;
}

}  // namespace dealpace::analysis
