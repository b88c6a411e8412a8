#include "app/customers_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>

#include "access/masking.h"
#include "base/csv_writer.h"
#include "catalog/messages.h"
#include "exchange/dates.h"
#include "exchange/header_words.h"
#include "exchange/xlsx_writer.h"

namespace dealpace::app {
namespace {

namespace json = boost::json;
using exchange::Cell;
using leads::ImportRow;

constexpr int kListHeaderWithin = 20;
constexpr size_t kListRowsMax = 50'000;
constexpr size_t kColumnsMax = 100;
constexpr size_t kListCellMax = 8'000;
constexpr size_t kListTextMax = 64U << 20U;  // of all cells: a workbook says a long text once and shows it everywhere

// The columns of reports are not taken when the report comes back.
constexpr std::string_view kReasonHeader = "原因 / Reason";
constexpr std::string_view kRowHeader = "原行号 / Row";

std::string NormalOf(std::string_view header) {
  std::string normal = exchange::NormalHeader(header);
  for (const char* mark : {"（必填）", "(必填)", "（选填）", "(required)", "(optional)", "（", "）", "(", ")"}) {
    normal = ReplaceAll(normal, mark, "");
  }
  return normal;
}

// By the whole header, or one of its parts: "姓名 / Name".
std::string MeaningOf(std::string_view header) {
  static const std::map<std::string, std::string> kFields = [] {
    std::map<std::string, std::string> fields;
    for (const CustomerColumn& column : CustomerColumns()) {
      fields.emplace(NormalOf(column.id), column.id);
      fields.emplace(NormalOf(column.name.zh), column.id);
      fields.emplace(NormalOf(column.name.en), column.id);
      for (const std::string_view word : column.words) fields.emplace(NormalOf(word), column.id);
    }
    return fields;
  }();
  const auto find = [](const std::string& text) {
    const auto it = kFields.find(text);
    return it == kFields.end() ? std::string() : it->second;
  };
  if (std::string whole = find(NormalOf(header)); !whole.empty()) return whole;
  for (const std::string& part : Split(ReplaceAll(ReplaceAll(header, "\n", "/"), "／", "/"), '/')) {
    if (std::string field = find(NormalOf(part)); !field.empty()) return field;
  }
  return {};
}

// The first so many bytes, and no half character.
std::string Beginning(std::string_view text, size_t most) {
  std::string begin(text.substr(0, most));
  while (!begin.empty() && !IsUtf8(begin)) begin.pop_back();
  return begin;
}

std::string CellText(const Cell& cell) {
  constexpr size_t kErrorMax = 100;
  if (cell.kind == Cell::Kind::kEmpty) return {};
  if (cell.kind == Cell::Kind::kDate) return FormatDay(cell.day);
  // Whatever else it is.
  if (!leads::CheckNoForbiddenNumber("", cell.text).ok()) return std::string(1, kCellForbidden);
  if (cell.kind == Cell::Kind::kError) return kCellError + Beginning(cell.text, kErrorMax);
  std::string text(Trim(UnguardText(Trim(cell.text))));
  // ="13812345678": how spreadsheets are told to keep digits as text.
  if (text.size() >= 3 && text.starts_with("=\"") && text.ends_with('"')) {
    text = text.substr(2, text.size() - 3);
  } else if (text.starts_with('=')) {
    return kCellError + Beginning(text, kErrorMax);
  }
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
  if (text.size() > kListCellMax) text = Beginning(text, kListCellMax);
  if (!leads::CheckNoForbiddenNumber("", text).ok()) return std::string(1, kCellForbidden);
  return text;
}

// ---- Cells as values ----

// "1.3812345678E+10" → "13812345678"; a number that was rounded on the way cannot be restored.
Result<std::string> WithoutExponent(std::string_view field, const std::string& text) {
  const size_t e = text.find_first_of("eE");
  if (e == std::string::npos || e == 0) return text;
  std::string digits;
  size_t fraction = std::string::npos;
  for (size_t i = 0; i < e; ++i) {
    if (text[i] == '.' && fraction == std::string::npos) {
      fraction = digits.size();
    } else if (text[i] >= '0' && text[i] <= '9') {
      digits += text[i];
    } else {
      return text;
    }
  }
  std::string exponent = text.substr(e + 1);
  if (exponent.starts_with('+')) exponent.erase(0, 1);
  if (exponent.empty() || exponent.size() > 2 || exponent.find_first_not_of("0123456789") != std::string::npos) {
    return text;
  }
  const size_t whole = (fraction == std::string::npos ? digits.size() : fraction) + std::stoul(exponent);
  // All digits are there only when the last of them is the unit.
  if (digits.size() != whole) return Error("import_phone_rounded").With("field", field).With("value", text);
  return digits;
}

// Digits as text; two numbers in one cell are two.
Status TakePhones(const std::string& text, ImportRow& row, std::string_view field) {
  std::string plain = text;
  if (plain.starts_with('\'')) plain.erase(0, 1);
  if (plain.ends_with(".0")) plain.resize(plain.size() - 2);
  ASSIGN_OR_RETURN(plain, WithoutExponent(field, plain));
  std::string parted = plain;
  for (const char* mark : {"/", "、", "，", "；", ";", "|", "\n", "或"}) parted = ReplaceAll(parted, mark, ",");
  std::vector<std::string> phones;
  for (const std::string& part : Split(parted, ',')) {
    if (!Trim(part).empty()) phones.emplace_back(Trim(part));
  }
  const bool two = phones.size() == 2 && std::all_of(phones.begin(), phones.end(), [](const std::string& phone) {
                     return !access::NormalPhone(phone).empty();
                   });
  if (!two) {
    row.record[std::string(field)] = plain;
    return {};
  }
  row.record[std::string(field)] = phones[0];
  if (field == "phone" && !row.record.contains("phone2")) row.record["phone2"] = phones[1];
  return {};
}

std::optional<Day> DayIn(const std::string& text) {
  if (const auto date = exchange::ParseDate(text, exchange::UsualDateFormats())) return date->day;
  return std::nullopt;
}

bool IsOneOf(const std::string& text, std::initializer_list<std::string_view> words) {
  const std::string low = ToLower(text);
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return low == word; });
}

std::string HeaderOf(std::string_view field) {
  for (const CustomerColumn& column : CustomerColumns()) {
    if (column.id == field) return column.name.en;
  }
  return std::string(field);
}

// Puts one cell where it belongs.
Status TakeCell(const std::string& field, const std::string& text, const std::vector<std::string>& dealer,
                ImportRow& row) {
  if (text[0] == kCellForbidden) {
    return Error("number_forbidden")
        .With("field", HeaderOf(field))
        .With("what", "card")
        .With("what_zh", "证件或银行卡");
  }
  if (text[0] == kCellError) return Error("import_cell_error").With("field", field).With("value", text.substr(1));
  leads::LeadInput& lead = row.lead;
  if (field == "phone" || field == "phone2") return TakePhones(text, row, field);
  if (field == "kind") {
    if (IsOneOf(text, {"company", "business", "单位", "企业", "公司", "对公", "团体"})) {
      row.kind = leads::Kind::kCompany;
    } else if (!IsOneOf(text, {"person", "private", "individual", "个人", "私人", "自然人"})) {
      return Error("field_choice").With("field", field).With("choices", "person 个人, company 单位");
    }
  } else if (field == "sex") {
    if (IsOneOf(text, {"male", "m", "男", "男性", "先生", "mr"})) {
      row.record["sex"] = "male";
    } else if (IsOneOf(text, {"female", "f", "女", "女性", "女士", "ms", "mrs"})) {
      row.record["sex"] = "female";
    } else if (!IsOneOf(text, {"未知", "unknown", "-"})) {
      return Error("field_choice").With("field", field).With("choices", "male 男, female 女");
    }
  } else if (field == "birthday" || field == "since" || field == "expected") {
    const auto day = DayIn(text);
    if (!day) return Error("field_day_bad").With("field", field).With("value", text);
    if (field == "birthday") row.record["birthday"] = FormatDay(*day);
    if (field == "since") row.since = day;
    if (field == "expected") lead.expected = FormatDay(*day);
  } else if (field == "owner") {
    row.owner = text;
  } else if (field == "referrer") {
    ASSIGN_OR_RETURN(row.referrer, WithoutExponent(field, text));
  } else if (field == "dealer") {
    const std::string normal = leads::Plain(text);
    const bool ours = std::any_of(dealer.begin(), dealer.end(),
                                  [&](const std::string& name) { return leads::Plain(name) == normal; });
    if (!ours) return Error("import_other_dealer").With("name", text);
  } else if (field == "agreed") {
    if (IsOneOf(text, {"no", "n", "false", "0", "否", "不同意", "未同意", "未授权"})) {
      row.agreed = false;
    } else if (!IsOneOf(text, {"yes", "y", "true", "1", "是", "同意", "已同意", "已授权"})) {
      return Error("field_choice").With("field", field).With("choices", "yes 是, no 否");
    }
  } else if (field == "source") {
    lead.source = text;
  } else if (field == "access_form") {
    lead.access_form = text;
  } else if (field == "model") {
    lead.model = text;
  } else if (field == "budget") {
    lead.budget = text;
  } else if (field == "need") {
    lead.need = text;
  } else if (field == "remark") {
    lead.remark = text;
  } else if (field == "grade") {
    lead.grade = text;
  } else if (field == "grade_why") {
    lead.grade_why = text;
  } else {
    row.record[field] = field == "vin" || field == "plate" ? text : ReplaceAll(text, "\n", " ");
  }
  return {};
}

}  // namespace

const std::vector<CustomerColumn>& CustomerColumns() {
  static const std::vector<CustomerColumn> kColumns = {
      {"name",
       {"Name", "姓名"},
       {"Needed. Of a company its name", "必填；单位填单位名称"},
       {"客户姓名", "客户名称", "客户", "名称", "车主", "车主姓名", "customer", "customer name", "full name"}},
      {"phone",
       {"Phone", "电话"},
       {"Needed. Mobile or landline with area code; two numbers may stand in one cell",
        "必填；手机，或带区号的座机；一格可写两个号码"},
       {"手机", "手机号", "手机号码", "联系电话", "电话号码", "联系方式", "移动电话", "客户电话", "mobile", "telephone",
        "phone number", "cell", "tel"}},
      {"phone2", {"Second phone", "备用电话"}, {"", ""}, {"其他电话", "电话2", "手机2", "备用手机", "phone 2"}},
      {"kind",
       {"Kind", "客户类型"},
       {"person or company; empty: person", "个人 或 单位；空白为个人"},
       {"类型", "客户性质", "customer type"}},
      {"owner",
       {"Consultant", "顾问"},
       {"Code or name of whose customer it becomes", "归属顾问的工号或姓名"},
       {"销售顾问", "业务员", "负责人", "归属人", "所属顾问", "跟进人", "销售", "接待人", "owner", "sales consultant",
        "salesperson", "assigned to", "staff"}},
      {"since",
       {"Captured on", "建档日期"},
       {"Day of the first entry, 2026-03-01; empty: today", "首次建档日，如 2026-03-01；空白为今天"},
       {"留档日期", "创建日期", "创建时间", "建卡日期", "登记日期", "录入日期", "录入时间", "建档时间", "留资时间",
        "created", "created at", "capture date", "date"}},
      {"source",
       {"Source", "来源"},
       {"A source of your lists, by code or name", "来源名称或代码"},
       {"客户来源", "线索来源", "信息来源", "渠道来源", "获知渠道", "lead source"}},
      {"access_form",
       {"Form of access", "接触方式"},
       {"By code or name", "名称或代码"},
       {"访问形式", "来访形式", "到店方式"}},
      {"model",
       {"Model", "意向车型"},
       {"", ""},
       {"车型", "意向车系", "车系", "拟购车型", "关注车型", "product", "vehicle", "car model", "model of interest"}},
      {"expected",
       {"Expected purchase", "预计购车日"},
       {"A day, 2026-12-24", "日期，如 2026-12-24"},
       {"预计购车时间", "预计购车日期", "预计采购时间", "计划购车时间", "预购日期", "expected", "expected date",
        "purchase date"}},
      {"budget",
       {"Budget", "预算"},
       {"A range: 15-20万 (150000-200000)", "区间，如 15-20万"},
       {"预算范围", "购车预算"}},
      {"need",
       {"Need", "需求"},
       {"Concrete, not “interested”", "写具体，不写“有需求”"},
       {"需求描述", "购车需求", "客户需求"}},
      {"grade",
       {"Grade", "意向级别"},
       {"Only where it differs from what the expected day says", "与预计购车日推算的不同才填"},
       {"级别", "客户级别", "意向等级", "意向度", "初步分级"}},
      {"grade_why", {"Reason for grade", "定级原因"}, {"", ""}, {}},
      {"referrer",
       {"Referred by (phone)", "介绍人电话"},
       {"Phone of a customer whom you have already", "已在库客户的电话"},
       {"推荐人电话", "介绍人手机", "referrer", "referrer phone"}},
      {"remark", {"Remark", "备注"}, {"", ""}, {"说明", "跟进记录", "note", "notes", "comment"}},
      {"agreed",
       {"Agreed", "已同意"},
       {"yes or no; no: nothing is recorded as agreed to", "是 或 否；填否则不记同意"},
       {"同意", "授权", "信息授权", "是否同意", "个人信息授权", "consent"}},
      {"dealer",
       {"Dealer", "门店"},
       {"Only rows of this dealer are taken", "只接收本店的行"},
       {"店", "经销商", "经销商代码", "经销商名称", "店名", "门店名称", "store", "shop", "dealer code"}},
      {"sex", {"Sex", "性别"}, {"male or female", "男 或 女"}, {"gender"}},
      {"birthday", {"Birthday", "生日"}, {"1990-05-01", "如 1990-05-01"}, {"出生日期", "date of birth"}},
      {"address", {"Address", "地址"}, {"", ""}, {"住址", "联系地址", "通讯地址", "家庭住址"}},
      {"contact", {"Contact", "联系人"}, {"Of a company", "单位客户填"}, {"联系人姓名", "contact person"}},
      {"position",
       {"Position", "职务"},
       {"Of a company’s contact; not “in charge”", "单位联系人的职务；不写“负责人”"},
       {"职位", "联系人职位", "job title"}},
      {"plate", {"Plate", "车牌"}, {"", ""}, {"车牌号", "车牌号码", "现有车牌", "licence plate", "license plate"}},
      {"vin", {"VIN", "车架号"}, {"17 characters", "17 位"}, {"vin码", "车辆识别代号", "底盘号"}},
      {"occupation", {"Occupation", "职业"}, {"", ""}, {"客户职业"}},
      {"family", {"Family", "家庭"}, {"", ""}, {"家庭情况", "家庭成员"}},
      {"income", {"Income", "收入"}, {"", ""}, {"家庭收入", "年收入"}},
      {"industry", {"Industry", "行业"}, {"Of a company", "单位客户填"}, {"所属行业"}},
      {"size", {"Size", "规模"}, {"Of a company", "单位客户填"}, {"公司规模", "企业规模", "employees"}},
      {"current_car", {"Current car", "现有车"}, {"", ""}, {"现有车辆", "现有车型", "现用车", "在用车"}},
      {"interests", {"Interests", "兴趣"}, {"", ""}, {"兴趣爱好", "爱好", "hobbies"}},
      {"concerns", {"Concerns", "关注点"}, {"", ""}, {"关注", "顾虑"}},
      {"decision_role", {"Who decides", "决策角色"}, {"", ""}, {"决策人", "角色"}},
      {"use", {"Use", "用途"}, {"", ""}, {"购车用途", "purpose"}},
      {"payment", {"Payment", "付款方式"}, {"", ""}, {"支付方式", "购车方式"}},
      {"rivals", {"Rivals", "在比竞品"}, {"", ""}, {"竞品", "对比车型", "竞争车型", "competitors"}},
  };
  return kColumns;
}

std::vector<std::string> GuessCustomerColumns(const std::vector<std::string>& headers) {
  std::vector<std::string> columns;
  std::set<std::string> taken;
  for (const std::string& header : headers) {
    std::string field = MeaningOf(header);
    if (!field.empty() && !taken.insert(field).second) field.clear();
    columns.push_back(std::move(field));
  }
  return columns;
}

Status CheckCustomerColumns(const std::vector<std::string>& columns) {
  std::set<std::string> taken;
  for (const std::string& column : columns) {
    if (column.empty()) continue;
    const auto& known = CustomerColumns();
    if (std::none_of(known.begin(), known.end(), [&](const CustomerColumn& each) { return each.id == column; })) {
      return Error("customers_column_unknown").With("name", column);
    }
    if (!taken.insert(column).second) return Error("customers_column_twice").With("name", HeaderOf(column));
  }
  std::vector<std::string> missing;
  for (const char* needed : {"name", "phone"}) {
    if (!taken.contains(needed)) missing.emplace_back(needed);
  }
  return missing.empty() ? Status() : Status(Error("customers_columns_missing").With("missing", Join(missing, ", ")));
}

Result<CustomerSheet> ReadCustomerSheet(const std::string& path, std::string_view name, std::string_view sheet,
                                        std::string_view encoding) {
  const auto called = [&](Error error) {
    for (auto& [key, value] : error.args) {
      if (key == "file") value = name;
    }
    return error;
  };
  auto opened = exchange::TableReader::Open(path, sheet, {}, encoding);
  if (!opened.ok()) return called(opened.error());
  exchange::TableReader& reader = **opened;
  CustomerSheet read;
  read.file = name;
  read.format = reader.facts().format;
  read.encoding = reader.facts().encoding;
  read.sheet = reader.facts().sheet;
  read.sheets = reader.facts().sheets;
  exchange::Row row;
  for (int seen = 0; read.headers.empty();) {
    const auto more = reader.Next(row);
    if (!more.ok()) return called(more.error());
    if (!*more || ++seen > kListHeaderWithin) return Error("customers_no_header").With("file", name);
    std::vector<std::string> headers;
    for (const Cell& cell : row.cells) {
      std::string header = CellText(cell);
      if (!header.empty() && (header[0] == kCellError || header[0] == kCellForbidden)) header.clear();
      headers.push_back(Beginning(header, 200));
    }
    while (!headers.empty() && headers.back().empty()) headers.pop_back();
    if (headers.size() > kColumnsMax) headers.resize(kColumnsMax);
    const auto columns = GuessCustomerColumns(headers);
    const auto known = columns.size() - static_cast<size_t>(std::count(columns.begin(), columns.end(), ""));
    const bool person = std::any_of(columns.begin(), columns.end(),
                                    [](const std::string& each) { return each == "name" || each == "phone"; });
    if (!person || known < 2) continue;
    read.headers = std::move(headers);
    read.header_row = row.number;
  }
  size_t bytes = 0;
  for (;;) {
    const auto more = reader.Next(row);
    if (!more.ok()) return called(more.error());
    if (!*more) break;
    CustomerSheet::Line line{row.number, {}};
    for (size_t i = 0; i < std::min(row.cells.size(), read.headers.size()); ++i) {
      line.cells.push_back(CellText(row.cells[i]));
    }
    while (!line.cells.empty() && line.cells.back().empty()) line.cells.pop_back();
    if (line.cells.empty()) continue;
    for (const std::string& text : line.cells) bytes += text.size();
    if (bytes > kListTextMax) {
      return Error("customers_too_much_text").With("file", name).With("max", int64_t{kListTextMax >> 20U});
    }
    if (read.lines.size() >= kListRowsMax)
      return Error("customers_too_many").With("file", name).With("max", kListRowsMax);
    read.lines.push_back(std::move(line));
  }
  if (read.lines.empty()) return Error("customers_no_rows").With("file", name);
  return read;
}

std::vector<ImportRow> CustomerRows(const CustomerSheet& sheet, const std::vector<std::string>& columns,
                                    const std::vector<std::string>& dealer) {
  constexpr std::string_view kPurchase[] = {"source", "access_form", "model",  "expected", "budget",
                                            "need",   "grade",       "remark", "referrer"};
  std::vector<ImportRow> rows;
  rows.reserve(sheet.lines.size());
  for (const CustomerSheet::Line& line : sheet.lines) {
    ImportRow row;
    row.number = line.number;
    // What a row is decides which of its fields there are.
    for (size_t i = 0; i < std::min(columns.size(), line.cells.size()); ++i) {
      const std::string& text = line.cells[i];
      if (columns[i].empty() || text.empty()) continue;
      if (const Status taken = TakeCell(columns[i], text, dealer, row); !taken.ok()) {
        row.problems.push_back(taken.error());
        continue;
      }
      if (std::find(std::begin(kPurchase), std::end(kPurchase), columns[i]) != std::end(kPurchase)) {
        row.about_purchase = true;
      }
    }
    if (row.lead.grade && !row.lead.grade_why) row.lead.grade_why = "导入 import";
    if (!row.lead.grade) row.lead.grade_why.reset();
    rows.push_back(std::move(row));
  }
  leads::MarkRepeats(rows);
  return rows;
}

Status WriteCustomerTemplate(const std::string& path) {
  using Look = exchange::XlsxWriter::Look;
  exchange::XlsxWriter writer(path, false);
  writer.AddSheet("客户 Customers");
  int column = 0;
  for (const CustomerColumn& each : CustomerColumns()) {
    writer.Text(0, column++, each.name.zh + " / " + each.name.en, Look::kHeader);
  }
  writer.Width(0, column - 1, 20);
  writer.Freeze(1, 0);
  writer.AddSheet("说明 Notes");
  int64_t row = 0;
  for (const char* line :
       {"每行一位客户。姓名和电话必填，其余可空；不用的列可以删除，列的顺序不限。",
        "One customer a row. Name and phone are needed; other columns may be empty, removed, or in another order.",
        "不要填写身份证号和银行卡号，这样的行会被拒绝。",
        "No numbers of identity or bank cards: such rows are refused."}) {
    writer.Text(row++, 0, line);
  }
  ++row;
  for (const char* head : {"列 / Column", "填写说明", "What may stand in it"}) {
    writer.Text(row,
                static_cast<int>(head == std::string_view("填写说明") ? 1
                                 : head[0] == 'W'                     ? 2
                                                                      : 0),
                head, Look::kHeader);
  }
  ++row;
  for (const CustomerColumn& each : CustomerColumns()) {
    writer.Text(row, 0, each.name.zh + " / " + each.name.en);
    writer.Text(row, 1, each.note.zh);
    writer.Text(row++, 2, each.note.en);
  }
  writer.Width(0, 0, 32);
  writer.Width(1, 2, 60);
  return writer.Finish();
}

// ---- Lines that were not taken ----

std::string RefusedLineJson(const RefusedLine& line) {
  json::array args;
  for (const auto& [name, value] : line.problem.args) args.push_back(json::array{name, value});
  json::array cells;
  for (const std::string& cell : line.cells) cells.emplace_back(cell);
  return json::serialize(
      json::object{{"row", line.number}, {"code", line.problem.code}, {"args", args}, {"cells", cells}});
}

Result<RefusedLine> ReadRefusedLine(std::string_view text) {
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_object()) return Error("sealed_damaged");
  const json::object& object = value.get_object();
  RefusedLine line;
  line.number = object.at("row").to_number<int64_t>();
  line.problem = Error(std::string(object.at("code").as_string()));
  for (const json::value& arg : object.at("args").as_array()) {
    line.problem.args.emplace_back(std::string(arg.at(0).as_string()), std::string(arg.at(1).as_string()));
  }
  for (const json::value& cell : object.at("cells").as_array()) line.cells.emplace_back(cell.as_string());
  return line;
}

Status WriteRefusedLines(const std::string& path, const std::vector<std::string>& headers,
                         const std::vector<RefusedLine>& lines, Language language) {
  const auto& messages = catalog::Messages::Get();
  std::vector<std::string> head = {std::string(kReasonHeader), std::string(kRowHeader)};
  head.insert(head.end(), headers.begin(), headers.end());
  const auto texts = [&](const RefusedLine& line) {
    std::vector<std::string> cells = {messages.Render(line.problem, language), std::to_string(line.number)};
    for (const std::string& cell : line.cells) {
      const bool none = !cell.empty() && (cell[0] == kCellForbidden || cell[0] == kCellError);
      cells.push_back(none ? (cell[0] == kCellForbidden ? "" : cell.substr(1)) : cell);
    }
    cells.resize(std::max(cells.size(), head.size()));
    return cells;
  };
  if (path.ends_with(".xlsx")) {
    exchange::XlsxWriter writer(path, true);
    writer.AddSheet(language == Language::kChinese ? "未导入" : "Not imported");
    writer.Width(0, 0, 60);
    writer.Width(1, static_cast<int>(head.size()) - 1, 16);
    int64_t row = 0;
    for (size_t i = 0; i < head.size(); ++i) {
      writer.Text(row, static_cast<int>(i), head[i], exchange::XlsxWriter::Look::kHeader);
    }
    for (const RefusedLine& line : lines) {
      ++row;
      const auto cells = texts(line);
      for (size_t i = 0; i < cells.size(); ++i) writer.Text(row, static_cast<int>(i), cells[i]);
    }
    return writer.Finish();
  }
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  const auto guarded = [](std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = GuardText(cell);
    return CsvLine(cells);
  };
  out << "\xEF\xBB\xBF" << guarded(head);
  for (const RefusedLine& line : lines) out << guarded(texts(line));
  out.flush();
  if (!out) return Error("export_failed").With("detail", path);
  return {};
}

}  // namespace dealpace::app
