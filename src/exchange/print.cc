#include "exchange/print.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "base/csv_writer.h"
#include "base/json.h"
#include "base/json_number.h"
#include "base/money.h"

namespace dealpace::exchange {
namespace {

using catalog::Unit;
using kpi::Answer;
using kpi::CellAnswer;
using kpi::Figure;
using kpi::Program;
using kpi::RowAnswer;

std::string Shortest(double value) {
  std::string text;
  AppendJsonNumber(text, value);
  return text;
}

// The cells of an answer's rows as JSON. What stands before the figures is the same in every row.
class CellsJson {
 public:
  explicit CellsJson(const Answer& answer) : columns_(answer.columns) {
    // As in a row of empty figures: what stands before each.
    std::vector<size_t> cuts;
    JsonWriter empty;
    for (const Program::Column& column : columns_) {
      cuts.push_back(empty.text().size());
      empty.Key(column.name).BeginObject();
      cuts.push_back(empty.text().size());
      empty.EndObject();
    }
    all_heads_ = std::move(empty).Take();
    for (size_t i = 0; i < cuts.size(); i += 2) {
      heads_.push_back(std::string_view(all_heads_).substr(cuts[i], cuts[i + 1] - cuts[i]));
    }
  }
  CellsJson(const CellsJson&) = delete;
  CellsJson& operator=(const CellsJson&) = delete;
  ~CellsJson() = default;

  void Write(JsonWriter& json, const RowAnswer& row) {
    end_ = text_.data();
    for (size_t c = 0; c < columns_.size(); ++c) {
      const CellAnswer& cell = row.cells[c];
      MakeRoom(heads_[c].size() + kFigureMax);
      Put(heads_[c]);
      PutFigure(cell, columns_[c]);
      if (cell.compared) {
        MakeRoom(2 * kFigureMax);
        Put(R"(,"vs":{)");
        PutFigure(cell.versus, columns_[c]);
        Put(R"(},"change":)");
        PutValue(cell.change, columns_[c]);
      }
      *end_++ = '}';
    }
    if (!columns_.empty()) json.Piece().append(text_.data(), end_);
    if (row.mature_share) {
      json.Field("provisional", true);
      json.Key("mature_share").Number(*row.mature_share);
    }
  }

 private:
  // A figure without texts of money, and what stands around it.
  static constexpr size_t kFigureMax = 3 * kJsonNumberMax + 64;

  void MakeRoom(size_t bytes) {
    const auto used = static_cast<size_t>(end_ - text_.data());
    if (text_.size() - used >= bytes) return;
    text_.resize(2 * text_.size() + bytes);
    end_ = text_.data() + used;
  }
  // These put where room was made.
  void Put(std::string_view text) { end_ = std::copy_n(text.data(), text.size(), end_); }
  void PutNumber(const std::optional<double>& number) {
    number ? void(end_ = PutJsonNumber(end_, *number)) : Put("null");
  }
  // Money that is a sum is exact to the fen and shown so; a quotient keeps all its digits.
  void PutValue(const std::optional<double>& value, const Program::Column& column) {
    if (!value || column.unit != Unit::kMoney || !column.additive) return PutNumber(value);
    const std::string money = FormatRounded(*value, 2, false);
    MakeRoom(money.size() + kFigureMax);
    Put(money);
  }
  void PutFigure(const Figure& figure, const Program::Column& column) {
    Put(R"("value":)");
    PutValue(figure.value, column);
    if (!figure.ratio) return;
    Put(R"(,"num":)");
    PutNumber(figure.num);
    Put(R"(,"den":)");
    PutNumber(figure.den);
  }

  std::span<const Program::Column> columns_;
  std::string all_heads_;
  std::vector<std::string_view> heads_;
  std::vector<char> text_;  // of the row being written, up to end_
  char* end_ = nullptr;
};

}  // namespace

std::string AlignTable(const TextTable& table) {
  std::vector<int> widths;
  for (const auto& column : table.columns) widths.push_back(DisplayWidth(column.title));
  for (const auto& row : table.rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  std::string out;
  const auto line = [&](const auto& text_of) {
    std::string text;
    for (size_t c = 0; c < widths.size(); ++c) {
      const std::string cell = text_of(c);
      const std::string pad(static_cast<size_t>(std::max(0, widths[c] - DisplayWidth(cell))), ' ');
      if (c > 0) text += "  ";
      text += table.columns[c].right ? pad + cell : cell + pad;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  const auto rule = [&] {
    std::string text;
    for (size_t c = 0; c < widths.size(); ++c) {
      if (c > 0) text += "  ";
      for (int i = 0; i < widths[c]; ++i) text += "─";
    }
    out += text + "\n";
  };
  line([&](size_t c) { return table.columns[c].title; });
  rule();
  for (size_t r = 0; r < table.rows.size(); ++r) {
    if (table.has_total && r + 1 == table.rows.size() && r > 0) rule();
    line([&](size_t c) { return table.rows[r][c]; });
  }
  return out;
}

std::string FigureText(const std::optional<double>& value, Unit unit, int percent_decimals) {
  if (!value) return "—";
  switch (unit) {
    case Unit::kPercent: return FormatRounded(*value * 100, percent_decimals) + "%";
    case Unit::kPercentPoints: return FormatRounded(*value * 100, percent_decimals);
    case Unit::kMoney: return FormatRounded(*value, 2);
    case Unit::kCount: {
      // Counts are whole, but goods are sold by weight too.
      std::string text = FormatRounded(*value, 3);
      text.erase(text.find_last_not_of('0') + 1);
      if (text.ends_with('.')) text.pop_back();
      return text;
    }
    case Unit::kDay:
    case Unit::kHour:
    case Unit::kScore:
    case Unit::kPoints: return FormatRounded(*value, 1);
    default: return FormatRounded(*value, 2);
  }
}

std::string DimTitle(std::string_view name, Language language) {
  static const std::map<std::string_view, Bilingual> kTitles = {
      {"dealer", {"Dealer", "经销商"}},
      {"region", {"Region", "区域"}},
      {"team", {"Team", "小组"}},
      {"staff", {"Consultant", "销售顾问"}},
      {"actor", {"Done by", "经办人"}},
      {"source", {"Source", "客户来源"}},
      {"access_form", {"Access form", "访问形式"}},
      {"channel", {"Channel", "渠道"}},
      {"model", {"Model", "车型"}},
      {"customer_type", {"Customer type", "客户类型"}},
      {"campaign", {"Campaign", "活动"}},
      {"stage", {"Stage", "阶段"}},
      {"reason", {"Reason", "原因"}},
      {"day", {"Day", "日"}},
      {"week", {"Week", "周"}},
      {"month", {"Month", "月"}},
      {"quarter", {"Quarter", "季度"}},
      {"half", {"Half-year", "半年"}},
      {"year", {"Year", "年"}},
  };
  const auto it = kTitles.find(name);
  return it == kTitles.end() ? std::string(name) : it->second.In(language);
}

std::string ColumnTitle(const catalog::Catalog& catalog, const Program::Column& column, Language language) {
  if (column.name != column.formula) return column.name;
  if (const int kpi = catalog.FindKpi(column.id); kpi >= 0) {
    return catalog.kpis()[static_cast<size_t>(kpi)].name.In(language);
  }
  if (const int measure = catalog.FindMeasure(column.id); measure >= 0) {
    return catalog.measures()[static_cast<size_t>(measure)].name.In(language);
  }
  return column.name;
}

std::string MemberText(const catalog::Catalog& catalog, std::string_view dim_or_grain,
                       std::optional<std::string_view> key, Language language) {
  if (!key) return "—";
  const auto dim = ParseDim(dim_or_grain);
  const catalog::Code* code = dim && MemberIndex(*dim) >= 0 ? catalog.FindCode(*dim, *key) : nullptr;
  return code != nullptr && code->code == *key ? code->name.In(language) : std::string(*key);
}

std::string AnswerText(const catalog::Catalog& catalog, const Answer& answer, Language language) {
  const bool chinese = language == Language::kChinese;
  TextTable table;
  for (const std::string& name : answer.by) table.columns.push_back({DimTitle(name, language), false});
  for (size_t c = 0; c < answer.columns.size(); ++c) {
    const Program::Column& column = answer.columns[c];
    table.columns.push_back({ColumnTitle(catalog, column, language), true});
    if (answer.total.cells[c].ratio) table.columns.push_back({"", true});
    if (answer.total.cells[c].compared) {
      table.columns.push_back({chinese ? "对比" : "vs", true});
      table.columns.push_back({chinese ? "变化" : "change", true});
    }
  }
  bool provisional = false;
  const auto add = [&](const RowAnswer& row, bool total) {
    std::vector<std::string> cells;
    for (size_t k = 0; k < answer.by.size(); ++k) {
      cells.push_back(!total   ? MemberText(catalog, answer.by[k], row.keys[k], language)
                      : k == 0 ? (chinese ? "合计" : "Total")
                               : "");
    }
    for (size_t c = 0; c < answer.columns.size(); ++c) {
      const CellAnswer& cell = row.cells[c];
      const Unit unit = answer.columns[c].unit;
      cells.push_back(FigureText(cell.value, unit) + (row.mature_share ? "*" : ""));
      if (answer.total.cells[c].ratio) {
        const bool money = answer.columns[c].unit == Unit::kMoney;
        const auto sum = [&](const std::optional<double>& value) {
          return !value ? std::string("—") : FigureText(value, money ? Unit::kRatio : Unit::kCount);
        };
        cells.push_back(sum(cell.num) + " / " + (cell.den ? FigureText(cell.den, Unit::kCount) : "—"));
      }
      if (answer.total.cells[c].compared) {
        cells.push_back(FigureText(cell.versus.value, unit));
        const Unit change_unit = unit == Unit::kPercent ? Unit::kPercentPoints : unit;
        std::string change = FigureText(cell.change, change_unit);
        if (cell.change && *cell.change > 0) change = "+" + change;
        cells.push_back(cell.change && unit == Unit::kPercent ? change + (chinese ? " 点" : " pp") : change);
      }
    }
    provisional |= row.mature_share.has_value();
    table.rows.push_back(std::move(cells));
  };
  if (answer.by.empty()) {
    add(answer.total, false);
  } else {
    for (const RowAnswer& row : answer.rows) add(row, false);
    add(answer.total, true);
    table.has_total = true;
  }
  std::string out = AlignTable(table);
  if (answer.row_count && *answer.row_count > static_cast<int64_t>(answer.rows.size())) {
    const std::string shown = std::to_string(answer.rows.size());
    const std::string all = std::to_string(*answer.row_count);
    out += chinese ? "显示 " + all + " 行中的 " + shown + " 行，合计是全部行的合计。\n"
                   : shown + " of " + all + " rows; the total is that of all.\n";
  }
  if (provisional) {
    out += chinese ? "* 批次未满观察期，数字还会变化。\n"
                   : "* Provisional: not every lead of this cohort is old enough yet.\n";
  }
  for (const int event : answer.unrecorded_events) {
    const catalog::Event& missing = catalog.events()[static_cast<size_t>(event)];
    const std::string name = missing.name.In(language) + " (" + missing.id + ")";
    out += chinese ? "本期无记录：" + name + "\n" : "Nothing recorded in this period: " + name + "\n";
  }
  for (const std::string& name : answer.not_set) {
    out += (chinese ? "尚未设定：" : "Not set yet: ") + name + "\n";
  }
  return out;
}

std::string AnswerCsv(const Answer& answer) {
  std::vector<std::string> header = answer.by;
  for (size_t c = 0; c < answer.columns.size(); ++c) {
    const std::string& name = answer.columns[c].name;
    header.push_back(name);
    if (answer.total.cells[c].ratio) {
      header.push_back(name + "_num");
      header.push_back(name + "_den");
    }
    if (answer.total.cells[c].compared) {
      header.push_back(name + "_vs");
      header.push_back(name + "_change");
    }
  }
  for (std::string& text : header) text = GuardText(text);
  std::string out = CsvLine(header);
  const auto number = [](const std::optional<double>& value) { return value ? Shortest(*value) : std::string(); };
  const auto add = [&](const RowAnswer& row) {
    std::vector<std::string> cells;
    for (const auto& key : row.keys) cells.push_back(key ? GuardText(*key) : "");
    for (size_t c = 0; c < answer.columns.size(); ++c) {
      const CellAnswer& cell = row.cells[c];
      const Program::Column& column = answer.columns[c];
      const bool fen = column.unit == Unit::kMoney && column.additive && cell.value;
      cells.push_back(fen ? FormatRounded(*cell.value, 2, false) : number(cell.value));
      if (answer.total.cells[c].ratio) {
        cells.push_back(number(cell.num));
        cells.push_back(number(cell.den));
      }
      if (answer.total.cells[c].compared) {
        cells.push_back(number(cell.versus.value));
        cells.push_back(number(cell.change));
      }
    }
    out += CsvLine(cells);
  };
  if (answer.by.empty()) {
    add(answer.total);
  } else {
    for (const RowAnswer& row : answer.rows) add(row);
  }
  return out;
}

namespace {

void WritePeriod(JsonWriter& json, std::string_view name, const Period& period) {
  json.Key(name).BeginObject();
  json.Field("from", FormatDay(period.from)).Field("to", FormatDay(period.to)).EndObject();
}

void WriteIds(JsonWriter& json, const Answer& answer, const RowAnswer& row) {
  json.Key("_ids").BeginObject();
  for (size_t k = 0; k < answer.by.size(); ++k) {
    if (!ParseDim(answer.by[k])) continue;
    json.Key(answer.by[k]);
    row.ids[k] != 0 ? json.String(std::to_string(row.ids[k])) : json.Null();
  }
  json.EndObject();
}

}  // namespace

std::string AnswerJson(const catalog::Catalog& catalog, const Answer& answer, Instant now, bool ids) {
  JsonWriter json;
  json.Reserve(1024 + answer.columns.size() * (128 + 48 * answer.rows.size()) +
               answer.rows.size() * (8 + 32 * answer.by.size()));
  json.BeginObject();
  WritePeriod(json, "period", answer.period);
  if (answer.versus_period) WritePeriod(json, "vs_period", *answer.versus_period);
  json.Field("basis", answer.basis == facts::Basis::kCohort ? "cohort" : "period");
  if (answer.within_days) json.Field("within_days", *answer.within_days);
  json.Field("cutoff", FormatInstant(std::min(answer.known_at, now)));
  json.Key("by").BeginArray();
  for (const std::string& name : answer.by) json.String(name);
  json.EndArray();
  json.Key("columns").BeginArray();
  for (const Program::Column& column : answer.columns) {
    std::string& text = json.Piece();
    text += R"({"name":)";
    AppendJsonString(text, column.name);
    text += R"(,"formula":)";
    AppendJsonString(text, column.formula);
    text += R"(,"unit":)";
    AppendJsonString(text, catalog::UnitName(column.unit));
    text += column.better == catalog::Better::kHigher  ? R"(,"better":"higher"})"
            : column.better == catalog::Better::kLower ? R"(,"better":"lower"})"
                                                       : R"(,"better":"none"})";
  }
  json.EndArray();
  json.Key("rows").BeginArray();
  CellsJson cells(answer);
  // What stands before each key of a row.
  std::vector<std::string> key_heads;
  for (size_t k = 0; k < answer.by.size(); ++k) {
    std::string& head = key_heads.emplace_back(k == 0 ? "" : ",");
    AppendJsonString(head, answer.by[k]);
    head += ':';
  }
  for (const RowAnswer& row : answer.rows) {
    json.BeginObject();
    std::string* text = key_heads.empty() ? nullptr : &json.Piece();
    for (size_t k = 0; k < key_heads.size(); ++k) {
      *text += key_heads[k];
      row.keys[k] ? AppendJsonString(*text, *row.keys[k]) : void(*text += "null");
    }
    cells.Write(json, row);
    if (ids) WriteIds(json, answer, row);
    json.EndObject();
  }
  json.EndArray();
  if (answer.row_count) json.Field("row_count", *answer.row_count);
  json.Key("total").BeginObject();
  cells.Write(json, answer.total);
  json.EndObject();
  if (!answer.unrecorded_events.empty()) {
    json.Key("unrecorded_events").BeginArray();
    for (const int event : answer.unrecorded_events) json.String(catalog.events()[static_cast<size_t>(event)].id);
    json.EndArray();
  }
  if (!answer.not_set.empty()) {
    json.Key("not_set").BeginArray();
    for (const std::string& name : answer.not_set) json.String(name);
    json.EndArray();
  }
  json.Field("entries_read", answer.rows_read);
  json.EndObject();
  std::string text = std::move(json).Take();
  text += '\n';
  return text;
}

}  // namespace dealpace::exchange
