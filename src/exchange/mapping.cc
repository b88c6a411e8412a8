#include "exchange/mapping.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>
#include <sstream>

#include "base/text.h"
#include "base/toml.h"
#include "catalog/dims.h"

namespace dealpace::exchange {
namespace {

// Headers by which fields go, besides their own names; blanks, case, "_" and "-" aside.
const std::vector<std::pair<std::string_view, std::vector<std::string_view>>>& FieldHeaders() {
  static const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> kHeaders = {
      {"event", {"事件", "事件类型", "动作", "event type", "event name", "activity"}},
      {"at", {"date", "day", "time", "datetime", "timestamp", "日期", "时间", "发生日期", "发生时间", "业务日期"}},
      {"dealer",
       {"店", "门店", "经销商", "店名", "门店名称", "门店编号", "经销商名称", "经销商代码", "4s店", "专营店", "网点",
        "store", "shop", "dealership", "dealer code", "dealer name", "dealer id"}},
      {"region", {"大区", "区域", "区域名称", "片区", "area", "regional office"}},
      {"team", {"小组", "组别", "销售组", "团队", "sales team", "group"}},
      {"staff",
       {"销售顾问", "顾问", "销售员", "业务员", "姓名", "销售", "员工", "导购", "consultant", "sales consultant",
        "salesperson", "sales agent", "agent", "employee", "owner", "actor", "sales rep", "advisor"}},
      {"lead",
       {"线索", "线索编号", "线索id", "客户编号", "客户id", "商机编号", "潜客编号", "档案号", "lead id", "lead no",
        "opportunity", "opportunity id", "customer id", "customer no", "prospect id"}},
      {"attempt", {"第几次", "尝试", "try"}},
      {"source", {"来源", "客户来源", "线索来源", "流量来源", "渠道来源", "lead source", "traffic source"}},
      {"access_form", {"访问形式", "来访形式", "接触方式", "来访方式", "access", "contact form", "visit type"}},
      {"channel", {"渠道", "销售渠道", "来源明细", "sales channel"}},
      {"model", {"车型", "意向车型", "产品", "商品", "商品id", "车系", "product", "vehicle", "car model", "series"}},
      {"customer_type", {"客户类型", "客户类别", "客户等级", "customer class", "customer category"}},
      {"campaign", {"活动", "市场活动", "活动名称", "campaign name"}},
      {"stage", {"阶段", "销售阶段", "当前阶段", "sales stage"}},
      {"reason", {"原因", "战败原因", "失败原因", "loss reason", "lost reason", "code"}},
      {"count", {"数量", "次数", "件数", "台数", "人数", "qty", "quantity", "number", "pieces"}},
      {"amount",
       {"金额", "成交金额", "合同金额", "订单金额", "销售额", "成交价", "value", "close value", "price", "revenue",
        "deal amount", "contract value"}},
      {"measure", {"指标", "度量", "metric", "kpi"}},
      {"value", {"数值", "值", "读数", "reading"}},
  };
  return kHeaders;
}

// Date headers by which events go, besides "<event name> date".
const std::vector<std::pair<std::string_view, std::vector<std::string_view>>>& EventHeaders() {
  static const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> kHeaders = {
      {"lead", {"线索创建", "线索建立", "建立", "创建", "created", "create", "lead created"}},
      {"traffic", {"到店", "来店", "来访", "进店", "集客", "arrival", "visit", "first visit"}},
      {"first_contact", {"初次接触", "首次接触", "接待", "首次跟进", "first contact"}},
      {"captured", {"留档", "建档", "留资", "建卡", "capture", "captured", "engage", "engaged"}},
      {"needs", {"需求分析", "弄清需求", "needs analysis"}},
      {"presented", {"新车展示", "产品介绍", "展示", "presentation"}},
      {"td_invited", {"邀约试驾", "试驾邀约", "test drive invitation"}},
      {"test_drive", {"试驾", "试乘试驾", "试车", "test drive"}},
      {"proposal", {"报价", "quotation", "quote"}},
      {"deal", {"成交", "下单", "订单", "签单", "签约", "下订", "合同", "order", "deal", "signed", "won", "sold"}},
      {"invoice", {"开票", "发票", "销售开票", "invoice"}},
      {"delivered", {"交车", "交付", "提车", "delivery", "delivered"}},
      {"lost", {"战败", "流失", "失败", "输单", "lost", "loss"}},
  };
  return kHeaders;
}

std::string Normal(std::string_view text) {
  std::string out;
  for (const char c : ToLower(Trim(text))) {
    if (c != ' ' && c != '_' && c != '-' && c != '.' && c != ':' && c != '*') out += c;
  }
  return ReplaceAll(ReplaceAll(out, "：", ""), "　", "");
}

// The header without the word for "date" at its end; empty when it has none.
std::string DateStem(const std::string& header) {
  for (const std::string_view suffix : {"日期时间", "日期", "时间", "日", "datetime", "date", "time", "day", "at"}) {
    if (header.size() > suffix.size() && header.ends_with(suffix)) {
      return header.substr(0, header.size() - suffix.size());
    }
  }
  return {};
}

Error Slip(Error error, std::string_view word, const std::vector<std::string>& known) {
  const std::string closest = ClosestWord(word, known);
  if (!closest.empty()) {
    error.code += "_suggest";
    error.With("suggestion", closest);
  }
  return error;
}

class MappingReader {
 public:
  explicit MappingReader(const catalog::Catalog& catalog) : catalog_(catalog) {}

  Result<Mapping> Run(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      return Error("mapping_syntax")
          .With("line", parsed.error().source().begin.line)
          .With("detail", parsed.error().description());
    }
    const toml::table& root = parsed.table();
    if (root.contains("kind")) Text(root, "kind", mapping_.kind);
    if (!error_ && mapping_.kind != "events" && mapping_.kind != "readings") {
      return Error("mapping_bad_value").With("line", Line(*root.get("kind"))).With("key", "kind");
    }
    for (const auto& [key, node] : root) {
      const std::string_view name = key.str();
      if (name == "kind") continue;
      if (name == "time_zone") {
        Text(root, name, mapping_.time_zone);
      } else if (name == "sheet") {
        Text(root, name, mapping_.sheet);
      } else if (name == "date_formats") {
        mapping_.date_formats = Texts(node, name);
      } else if (name == "missing") {
        mapping_.missing = Texts(node, name);
      } else if (name == "key") {
        mapping_.key = Texts(node, name);
      } else if (name == "header") {
        if (!node.is_boolean()) Bad(node, name);
        mapping_.header = node.value_or(true);
      } else if (name == "scale") {
        Scale(node);
      } else if (name == "columns") {
        Fields(node, name, mapping_.columns);
      } else if (name == "constants") {
        Fields(node, name, mapping_.constants);
      } else if (name == "values") {
        Values(node);
      } else if (name == "event" || name == "value") {
        Rules(node, name);
      } else {
        Fail(Slip(Error("mapping_unknown_key").With("line", Line(node)).With("key", name), name,
                  {"kind", "time_zone", "date_formats", "missing", "key", "sheet", "header", "scale", "columns",
                   "constants", "values", "event", "value"}));
      }
    }
    if (!error_) Complete();
    if (error_) return *error_;
    return std::move(mapping_);
  }

 private:
  static int Line(const toml::node& node) { return static_cast<int>(node.source().begin.line); }
  void Fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void Bad(const toml::node& node, std::string_view key) {
    Fail(Error("mapping_bad_value").With("line", Line(node)).With("key", key));
  }

  void Text(const toml::table& table, std::string_view key, std::string& text) {
    const toml::node* node = table.get(key);
    const auto value = node == nullptr ? std::nullopt : node->value<std::string>();
    if (node != nullptr && !value) Bad(*node, key);
    text = value.value_or("");
  }

  // A text or number as text, so that `constants = { attempt = 1 }` works.
  static std::optional<std::string> Scalar(const toml::node& node) {
    if (node.is_string()) return *node.value<std::string>();
    if (node.is_integer()) return std::to_string(*node.value<int64_t>());
    if (node.is_date()) {
      std::ostringstream out;
      out << *node.value<toml::date>();
      return out.str();
    }
    return std::nullopt;
  }

  std::vector<std::string> Texts(const toml::node& node, std::string_view key) {
    std::vector<std::string> texts;
    if (const auto one = Scalar(node)) return {*one};
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      Bad(node, key);
      return texts;
    }
    for (const toml::node& element : *array) {
      if (const auto text = Scalar(element)) {
        texts.push_back(*text);
      } else {
        Bad(element, key);
      }
    }
    return texts;
  }

  void CheckField(const toml::node& node, std::string_view field) {
    const std::vector<std::string> known = FieldsOf(mapping_.kind);
    if (std::find(known.begin(), known.end(), field) == known.end()) {
      Fail(Slip(Error("mapping_unknown_field").With("line", Line(node)).With("field", field), field, known));
    }
  }

  void Fields(const toml::node& node, std::string_view key, std::map<std::string, std::string>& fields) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return Bad(node, key);
    for (const auto& [field, value] : *table) {
      CheckField(value, field.str());
      if (const auto text = Scalar(value)) {
        fields[std::string(field.str())] = *text;
      } else {
        Bad(value, field.str());
      }
    }
  }

  void Values(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return Bad(node, "values");
    for (const auto& [field, inner] : *table) {
      CheckField(inner, field.str());
      const toml::table* translations = inner.as_table();
      if (translations == nullptr) {
        Bad(inner, field.str());
        continue;
      }
      for (const auto& [cell, meaning] : *translations) {
        if (const auto text = Scalar(meaning)) {
          mapping_.values[std::string(field.str())][std::string(cell.str())] = *text;
        } else {
          Bad(meaning, cell.str());
        }
      }
    }
  }

  void Scale(const toml::node& node) {
    std::optional<Decimal> scale;
    if (node.is_integer()) scale = Decimal{*node.value<int64_t>(), 0};
    if (node.is_floating_point()) {
      char digits[40];
      const auto [end, status] = std::to_chars(digits, digits + sizeof digits, *node.value<double>());
      if (status == std::errc()) scale = ParseDecimal({digits, static_cast<size_t>(end - digits)});
    }
    if (!scale || scale->digits == 0) return Bad(node, "scale");
    mapping_.scale = *scale;
  }

  void Rules(const toml::node& node, std::string_view section) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return Bad(node, section);
    const bool readings = mapping_.kind == "readings";
    for (const toml::node& element : *array) {
      const toml::table* table = element.as_table();
      if (table == nullptr) {
        Bad(element, section);
        continue;
      }
      EventRule rule;
      for (const auto& [key, value] : *table) {
        const std::string_view name = key.str();
        if (name == "name" || name == "measure") {
          Text(*table, name, rule.name);
        } else if (name == "at" || name == "period") {
          Text(*table, name, rule.at);
        } else if (name == "amount" || name == "column") {
          rule.amount = Texts(value, name);
        } else if (name == "count") {
          rule.count = Texts(value, name);
        } else if (name == "columns") {
          Fields(value, name, rule.columns);
        } else if (name == "constants") {
          Fields(value, name, rule.constants);
        } else if (name == "when") {
          const toml::table* conditions = value.as_table();
          if (conditions == nullptr) {
            Bad(value, name);
            continue;
          }
          for (const auto& [column, wanted] : *conditions) {
            rule.when[std::string(column.str())] = Texts(wanted, column.str());
          }
        } else {
          Fail(Slip(Error("mapping_unknown_key").With("line", Line(value)).With("key", name), name,
                    {"name", "at", "amount", "count", "columns", "constants", "when", "column", "measure"}));
        }
      }
      if (!readings) CheckEvent(element, rule.name);
      if (readings && !rule.name.empty() && catalog_.FindMeasure(rule.name) < 0) {
        std::vector<std::string> known;
        for (const auto& measure : catalog_.measures()) known.push_back(measure.id);
        Fail(Slip(Error("mapping_unknown_measure").With("line", Line(element)).With("name", rule.name), rule.name,
                  known));
      }
      if (!readings && rule.at.empty()) {
        Fail(Error("mapping_incomplete").With("line", Line(element)).With("what", "at"));
      }
      mapping_.rules.push_back(std::move(rule));
    }
  }

  void CheckEvent(const toml::node& node, const std::string& name) {
    if (name.empty()) return Fail(Error("mapping_incomplete").With("line", Line(node)).With("what", "name"));
    const int event = catalog_.FindEvent(name);
    const std::vector<std::string> known = catalog_.RecordableEvents();
    if (event < 0 || std::find(known.begin(), known.end(), name) == known.end()) {
      Fail(Slip(Error("mapping_unknown_event").With("line", Line(node)).With("name", name), name, known));
    }
  }

  void Complete() {
    const auto given = [&](std::string_view field) {
      return mapping_.columns.contains(std::string(field)) || mapping_.constants.contains(std::string(field));
    };
    const auto need = [&](std::string_view field) {
      if (!given(field)) Fail(Error("mapping_incomplete").With("line", 1).With("what", field));
    };
    if (mapping_.kind == "events" && mapping_.rules.empty()) {
      need("event");
      need("at");
    }
    if (mapping_.kind == "readings") {
      if (mapping_.rules.empty()) {
        need("measure");
        need("value");
        need("at");
      }
      for (const EventRule& rule : mapping_.rules) {
        if (rule.name.empty()) need("measure");
        if (rule.at.empty()) need("at");
        if (rule.amount.empty()) need("value");
      }
    }
  }

  const catalog::Catalog& catalog_;
  Mapping mapping_;
  std::optional<Error> error_;
};

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// An integer where it is one of 64 bits, else a float.
std::string TomlNumber(const Decimal& number) {
  if (const auto whole = ToUnits(number, 1); whole && number.scale == 0) return std::to_string(*whole);
  std::string digits;
  for (__int128 rest = number.digits; rest != 0; rest /= 10) {
    digits += static_cast<char>('0' + std::abs(static_cast<int>(rest % 10)));
  }
  const auto places = static_cast<size_t>(number.scale);
  if (digits.size() <= places) digits.append(places + 1 - digits.size(), '0');
  std::reverse(digits.begin(), digits.end());
  digits.insert(digits.size() - places, ".");
  if (places == 0) digits += "0";
  return (number.digits < 0 ? "-" : "") + digits;
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return "[" + Join(quoted, ", ") + "]";
}

std::string InlineTable(const std::map<std::string, std::string>& table) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : table) parts.push_back(key + " = " + Quoted(value));
  return "{ " + Join(parts, ", ") + " }";
}

}  // namespace

std::vector<std::string> FieldsOf(std::string_view kind) {
  std::vector<std::string> fields = {"at", "dealer", "region", "team", "staff"};
  if (kind == "events") fields.insert(fields.end(), {"event", "lead", "attempt", "count", "amount"});
  if (kind == "readings") fields.insert(fields.end(), {"measure", "value"});
  for (int m = 0; m < kMemberDimCount; ++m) fields.emplace_back(DimName(MemberDim(m)));
  return fields;
}

std::vector<std::string> Mapping::Columns() const {
  std::set<std::string> names(key.begin(), key.end());
  for (const auto& [field, column] : columns) names.insert(column);
  for (const EventRule& rule : rules) {
    if (!rule.at.empty() && rule.at.find('{') == std::string::npos && kind == "events") names.insert(rule.at);
    names.insert(rule.amount.begin(), rule.amount.end());
    names.insert(rule.count.begin(), rule.count.end());
    for (const auto& [field, column] : rule.columns) names.insert(column);
    for (const auto& [column, values_wanted] : rule.when) names.insert(column);
  }
  return {names.begin(), names.end()};
}

Result<Mapping> ParseMapping(std::string_view toml, const catalog::Catalog& catalog) {
  return MappingReader(catalog).Run(toml);
}

std::string FormatMapping(const Mapping& mapping) {
  std::string out = "kind         = " + Quoted(mapping.kind) + "\n";
  if (!mapping.time_zone.empty()) out += "time_zone    = " + Quoted(mapping.time_zone) + "\n";
  if (!mapping.date_formats.empty()) out += "date_formats = " + QuotedList(mapping.date_formats) + "\n";
  if (!mapping.missing.empty()) out += "missing      = " + QuotedList(mapping.missing) + "\n";
  if (!mapping.key.empty()) out += "key          = " + QuotedList(mapping.key) + "\n";
  if (!mapping.sheet.empty()) out += "sheet        = " + Quoted(mapping.sheet) + "\n";
  if (!mapping.header) out += "header       = false\n";
  if (mapping.scale.digits != 1 || mapping.scale.scale != 0) {
    out += "scale        = " + TomlNumber(mapping.scale) + "\n";
  }
  const auto fields = [&](std::string_view section, const std::map<std::string, std::string>& table) {
    if (table.empty()) return;
    out += "[" + std::string(section) + "]\n";
    for (const auto& [field, text] : table) out += field + " = " + Quoted(text) + "\n";
  };
  fields("columns", mapping.columns);
  fields("constants", mapping.constants);
  for (const auto& [field, translations] : mapping.values) {
    out += "[values." + field + "]\n";
    for (const auto& [cell, meaning] : translations) out += Quoted(cell) + " = " + Quoted(meaning) + "\n";
  }
  const bool readings = mapping.kind == "readings";
  for (const EventRule& rule : mapping.rules) {
    out += readings ? "[[value]]\n" : "[[event]]\n";
    if (!rule.name.empty()) out += (readings ? "measure = " : "name = ") + Quoted(rule.name) + "\n";
    if (!rule.at.empty()) out += "at = " + Quoted(rule.at) + "\n";
    const auto columns = [&](std::string_view key, const std::vector<std::string>& names) {
      if (names.empty()) return;
      out += std::string(key) + " = " + (names.size() == 1 ? Quoted(names[0]) : QuotedList(names)) + "\n";
    };
    columns(readings ? "column" : "amount", rule.amount);
    columns("count", rule.count);
    if (!rule.columns.empty()) out += "columns = " + InlineTable(rule.columns) + "\n";
    if (!rule.constants.empty()) out += "constants = " + InlineTable(rule.constants) + "\n";
    if (!rule.when.empty()) {
      std::vector<std::string> parts;
      for (const auto& [column, wanted] : rule.when) {
        parts.push_back(Quoted(column) + " = " + (wanted.size() == 1 ? Quoted(wanted[0]) : QuotedList(wanted)));
      }
      out += "when = { " + Join(parts, ", ") + " }\n";
    }
  }
  return out;
}

bool Usable(const Mapping& mapping) {
  if (!mapping.rules.empty()) return true;
  const auto has = [&](const char* field) {
    return mapping.columns.contains(field) || mapping.constants.contains(field);
  };
  return mapping.kind == "readings" ? has("measure") && has("value") && has("at") : has("event") && has("at");
}

Mapping GuessMapping(std::string_view kind, const std::vector<std::string>& headers, const catalog::Catalog& catalog) {
  Mapping mapping;
  mapping.kind = std::string(kind);
  const std::vector<std::string> fields = FieldsOf(kind);
  std::vector<bool> used(headers.size());

  const auto take = [&](std::string_view field, size_t i) {
    if (std::find(fields.begin(), fields.end(), field) == fields.end()) return;
    if (used[i] || mapping.columns.contains(std::string(field))) return;
    mapping.columns[std::string(field)] = headers[i];
    used[i] = true;
  };
  // Own names first, then the usual ones in their order of preference.
  for (size_t i = 0; i < headers.size(); ++i) {
    for (const std::string& field : fields) {
      if (Normal(headers[i]) == Normal(field)) take(field, i);
    }
  }
  for (const auto& [field, names] : FieldHeaders()) {
    for (const std::string_view name : names) {
      for (size_t i = 0; i < headers.size(); ++i) {
        if (Normal(headers[i]) == Normal(name)) take(field, i);
      }
    }
  }

  if (kind == "events" && !mapping.columns.contains("event")) {
    // A wide file: each date column named after an event records it.
    const auto event_of = [&](const std::string& stem) -> std::string {
      for (const auto& [event, names] : EventHeaders()) {
        for (const std::string_view name : names) {
          if (Normal(name) == stem) return std::string(event);
        }
      }
      for (const std::string& id : catalog.RecordableEvents()) {
        const catalog::Event& event = catalog.events()[static_cast<size_t>(catalog.FindEvent(id))];
        if (Normal(id) == stem || Normal(event.name.en) == stem || Normal(event.name.zh) == stem) return id;
      }
      return {};
    };
    for (size_t i = 0; i < headers.size(); ++i) {
      if (used[i]) continue;
      const std::string stem = DateStem(Normal(headers[i]));
      if (stem.empty()) continue;
      const std::string event = event_of(stem);
      if (event.empty()) continue;
      EventRule rule;
      rule.name = event;
      rule.at = headers[i];
      const catalog::Event& definition = catalog.events()[static_cast<size_t>(catalog.FindEvent(event))];
      if (definition.amount == catalog::Unit::kMoney && mapping.columns.contains("amount")) {
        rule.amount = {mapping.columns["amount"]};
      }
      if (event == "lost" && mapping.columns.contains("reason")) rule.columns["reason"] = mapping.columns["reason"];
      mapping.rules.push_back(std::move(rule));
      used[i] = true;
    }
    if (!mapping.rules.empty()) {
      // In a wide row these belong to one event each; the rules have them.
      mapping.columns.erase("amount");
      mapping.columns.erase("at");
      mapping.columns.erase("reason");
      mapping.columns.erase("count");
      if (mapping.columns.contains("lead")) mapping.key = {mapping.columns["lead"]};
    }
  }
  return mapping;
}

}  // namespace dealpace::exchange
