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
  MappingReader(const catalog::Catalog& catalog, MappingMay may) : catalog_(catalog), may_(may) {}

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
        mapping_.scale = Scale(node).value_or(mapping_.scale);
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
    if (!error_ && may_ == MappingMay::kBeRun) Complete();
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

  std::optional<Decimal> Scale(const toml::node& node) {
    std::optional<Decimal> scale;
    if (node.is_integer()) scale = Decimal{*node.value<int64_t>(), 0};
    if (node.is_floating_point()) {
      char digits[40];
      const auto [end, status] = std::to_chars(digits, digits + sizeof digits, *node.value<double>());
      if (status == std::errc()) scale = ParseDecimal({digits, static_cast<size_t>(end - digits)});
    }
    if (scale && scale->digits != 0) return scale;
    Bad(node, "scale");
    return std::nullopt;
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
        } else if (name == "scale") {
          rule.scale = Scale(value);
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
                    {"name", "at", "amount", "count", "scale", "columns", "constants", "when", "column", "measure"}));
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
  MappingMay may_;
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

std::string FormatDecimal(const Decimal& number) {
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

Result<Mapping> ParseMapping(std::string_view toml, const catalog::Catalog& catalog, MappingMay may) {
  return MappingReader(catalog, may).Run(toml);
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
    out += "scale        = " + FormatDecimal(mapping.scale) + "\n";
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
    if (rule.scale) out += "scale = " + FormatDecimal(*rule.scale) + "\n";
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

}  // namespace dealpace::exchange
