#include "exchange/column_meaning.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/hash.h"
#include "exchange/header_words.h"

namespace dealpace::exchange {
namespace {

constexpr std::array<std::string_view, 10> kRoleNames = {"none",  "field", "event_at", "event_flag", "amount",
                                                         "count", "event", "at",       "value",      "measure"};

// Roles that are a field of their own name.
std::optional<Role> RoleOfField(std::string_view field) {
  for (const Role role : {Role::kAmount, Role::kCount, Role::kEvent, Role::kAt, Role::kValue, Role::kMeasure}) {
    if (RoleName(role) == field) return role;
  }
  return std::nullopt;
}

bool Equal(const Decimal& a, const Decimal& b) { return ToUnits(a, 1'000'000) == ToUnits(b, 1'000'000); }
bool IsOne(const Decimal& scale) { return Equal(scale, Decimal{1, 0}); }

bool IsMoney(const catalog::Catalog& catalog, const std::string& event) {
  const int position = catalog.FindEvent(event);
  return position >= 0 && catalog.events()[static_cast<size_t>(position)].amount == catalog::Unit::kMoney;
}

bool IsFlag(const EventRule& rule) { return rule.when.size() == 1 && rule.when.begin()->second == YesWords(); }

bool Has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// What a mapping has besides its columns and rules.
void CarryOver(const Mapping& from, Mapping& to) {
  to.time_zone = from.time_zone;
  to.date_formats = from.date_formats;
  to.missing = from.missing;
  to.sheet = from.sheet;
  to.header = from.header;
  to.constants = from.constants;
  to.values = from.values;
}

// The scale where it acts: on the rules that have an amount.
Mapping Normalised(Mapping mapping) {
  bool used = mapping.rules.empty();
  for (EventRule& rule : mapping.rules) {
    if (rule.amount.empty()) {
      rule.scale.reset();
      used = used || mapping.columns.contains("amount") || mapping.columns.contains("value");
      continue;
    }
    if (!rule.scale) rule.scale = mapping.scale;
    if (IsOne(*rule.scale)) rule.scale.reset();
  }
  if (!used) mapping.scale = {1, 0};
  return mapping;
}

// The first of two passes over the columns: fields, dates, events.
void ApplyFirst(Mapping& mapping, const std::string& column, const Meaning& meaning) {
  const auto field = [&](std::string_view name) { mapping.columns.emplace(name, column); };
  switch (meaning.role) {
    case Role::kField:
      if (meaning.event.empty()) field(meaning.field);
      break;
    case Role::kEvent:
    case Role::kAt:
    case Role::kMeasure: field(RoleName(meaning.role)); break;
    case Role::kValue:
      field("value");
      mapping.scale = meaning.scale;
      break;
    case Role::kEventAt:
    case Role::kEventFlag: {
      EventRule rule;
      rule.name = meaning.event;
      rule.at = meaning.role == Role::kEventAt ? column : meaning.at;
      if (meaning.role == Role::kEventFlag) rule.when[column] = YesWords();
      mapping.rules.push_back(std::move(rule));
      break;
    }
    default: break;
  }
  if (meaning.key && !Has(mapping.key, column)) mapping.key.push_back(column);
}

// The second pass: what belongs to the events of the first.
void ApplySecond(Mapping& mapping, const std::string& column, const Meaning& meaning, const catalog::Catalog& catalog) {
  const bool amount = meaning.role == Role::kAmount;
  const bool count = meaning.role == Role::kCount;
  const bool own_field = meaning.role == Role::kField && !meaning.event.empty();
  if (!amount && !count && !own_field) return;
  if (mapping.rules.empty()) {
    mapping.columns.emplace(own_field ? meaning.field : std::string(RoleName(meaning.role)), column);
    if (amount) mapping.scale = meaning.scale;
    return;
  }
  for (EventRule& rule : mapping.rules) {
    const bool meant = meaning.event.empty() ? !amount || IsMoney(catalog, rule.name) : rule.name == meaning.event;
    if (!meant) continue;
    if (own_field) rule.columns.emplace(meaning.field, column);
    if (count && rule.count.empty()) rule.count = {column};
    if (amount && rule.amount.empty()) {
      rule.amount = {column};
      if (!IsOne(meaning.scale)) rule.scale = meaning.scale;
    }
  }
}

void Apply(Mapping& mapping, const Meanings& meanings, const std::vector<std::string>& headers,
           const catalog::Catalog& catalog) {
  std::set<std::string> done;
  std::vector<const Meanings::value_type*> in_order;
  for (const std::string& header : headers) {
    const auto it = meanings.find(header);
    if (it != meanings.end() && done.insert(header).second) in_order.push_back(&*it);
  }
  for (const auto* column : in_order) ApplyFirst(mapping, column->first, column->second);
  for (const auto* column : in_order) ApplySecond(mapping, column->first, column->second, catalog);
}

// Takes a column out of a mapping.
void Unset(Mapping& mapping, const std::string& column) {
  std::erase(mapping.key, column);
  std::erase_if(mapping.columns, [&](const auto& field) { return field.second == column; });
  std::erase_if(mapping.rules, [&](const EventRule& rule) {
    return rule.at == column || (IsFlag(rule) && rule.when.contains(column));
  });
  for (EventRule& rule : mapping.rules) {
    if (Has(rule.amount, column)) {
      rule.amount.clear();
      rule.scale.reset();
    }
    if (Has(rule.count, column)) rule.count.clear();
    std::erase_if(rule.columns, [&](const auto& field) { return field.second == column; });
    rule.when.erase(column);
  }
}

// Whether two columns cannot both mean this.
bool Exclusive(const Meaning& a, const Meaning& b) {
  if (a.role != b.role || a.role == Role::kNone || a.role == Role::kEventAt || a.role == Role::kEventFlag) return false;
  return a.field == b.field && a.event == b.event;
}

Status Check(const Mapping& mapping, const std::string& column, const Meaning& meaning,
             const std::vector<std::string>& headers, const catalog::Catalog& catalog) {
  const auto bad = [&](const std::string& what) {
    return Error("meaning_bad").With("column", column).With("what", what);
  };
  if (!Has(headers, column)) return bad("column");
  const bool readings = mapping.kind == "readings";
  const std::vector<std::string> fields = FieldsOf(mapping.kind);
  switch (meaning.role) {
    case Role::kNone: break;
    case Role::kField:
      if (!Has(fields, meaning.field) || RoleOfField(meaning.field)) return bad("field = " + meaning.field);
      break;
    case Role::kEventAt:
    case Role::kEventFlag:
      if (readings) return bad(std::string(RoleName(meaning.role)));
      if (meaning.event.empty()) return bad("event");
      if (meaning.role == Role::kEventFlag && (!Has(headers, meaning.at) || meaning.at == column)) {
        return bad("at = " + meaning.at);
      }
      break;
    default:
      if (!Has(fields, std::string(RoleName(meaning.role)))) return bad(std::string(RoleName(meaning.role)));
      break;
  }
  if (!meaning.event.empty() && !Has(catalog.RecordableEvents(), meaning.event)) {
    return bad("event = " + meaning.event);
  }
  if (meaning.scale.digits == 0 || !ToUnits(meaning.scale, 1'000'000)) return bad("scale");
  return {};
}

}  // namespace

std::string_view RoleName(Role role) { return kRoleNames[static_cast<size_t>(role)]; }

std::optional<Role> ParseRole(std::string_view name) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

bool Meaning::operator==(const Meaning& other) const {
  return role == other.role && field == other.field && event == other.event && at == other.at && key == other.key &&
         Equal(scale, other.scale);
}

const std::vector<std::string>& YesWords() {
  static const std::vector<std::string> kWords = {"是",   "有",   "已",   "对",     "√",      "✓",     "✔",
                                                  "☑",    "1",    "Y",    "y",      "Yes",    "YES",   "yes",
                                                  "TRUE", "True", "true", "已试驾", "已成交", "已完成"};
  return kWords;
}

MappingMeanings MeaningsOf(const Mapping& mapping, const catalog::Catalog& catalog) {
  MappingMeanings result;
  std::vector<std::string> order;  // of the columns, as rules name them
  const auto say = [&](const std::string& column, const Meaning& meaning) {
    order.push_back(column);
    Meaning& known = result.meanings[column];
    if (known.role == Role::kNone) known = meaning;
  };
  for (const EventRule& rule : mapping.rules) {
    if (mapping.kind != "events") break;
    Meaning meaning{.role = Role::kEventAt, .event = rule.name};
    if (IsFlag(rule)) {
      meaning.role = Role::kEventFlag;
      meaning.at = rule.at;
      say(rule.when.begin()->first, meaning);
    } else {
      say(rule.at, meaning);
    }
  }
  for (const auto& [field, column] : mapping.columns) {
    const std::optional<Role> role = RoleOfField(field);
    Meaning meaning{.role = role.value_or(Role::kField), .field = role ? "" : field};
    if (role == Role::kAmount || role == Role::kValue) meaning.scale = mapping.scale;
    say(column, meaning);
  }
  // An amount or count that all events of the file share belongs to none in particular.
  const auto shared = [&](const std::vector<std::string> EventRule::*part, const std::string& column, bool money) {
    size_t candidates = 0;
    size_t users = 0;
    for (const EventRule& rule : mapping.rules) {
      if (money && !IsMoney(catalog, rule.name)) continue;
      ++candidates;
      users += rule.*part == std::vector<std::string>{column} ? 1 : 0;
    }
    return candidates > 1 && users == candidates;
  };
  for (const EventRule& rule : mapping.rules) {
    if (mapping.kind != "events") break;
    if (rule.amount.size() == 1) {
      Meaning meaning{.role = Role::kAmount, .event = rule.name, .scale = rule.scale.value_or(mapping.scale)};
      if (shared(&EventRule::amount, rule.amount[0], true)) meaning.event.clear();
      say(rule.amount[0], meaning);
    }
    if (rule.count.size() == 1) {
      Meaning meaning{.role = Role::kCount, .event = rule.name};
      if (shared(&EventRule::count, rule.count[0], false)) meaning.event.clear();
      say(rule.count[0], meaning);
    }
    for (const auto& [field, column] : rule.columns) {
      say(column, {.role = Role::kField, .field = field, .event = rule.name});
    }
  }
  for (const std::string& column : mapping.key) {
    order.push_back(column);
    result.meanings[column].key = true;
  }
  // Whole is what comes back the same. The order of the key's columns is part of what a row is known by.
  Mapping again;
  again.kind = mapping.kind;
  Apply(again, result.meanings, order, catalog);
  again.key = mapping.key;
  CarryOver(mapping, again);
  result.whole = FormatMapping(Normalised(again)) == FormatMapping(Normalised(mapping));
  return result;
}

Mapping MappingOf(std::string_view kind, const Meanings& meanings, const std::vector<std::string>& headers,
                  const catalog::Catalog& catalog) {
  Mapping mapping;
  mapping.kind = std::string(kind);
  Apply(mapping, meanings, headers, catalog);
  return mapping;
}

Result<Mapping> Reinterpret(const Mapping& mapping, const Meanings& changes, const std::vector<std::string>& headers,
                            const catalog::Catalog& catalog) {
  MappingMeanings now = MeaningsOf(mapping, catalog);
  Meanings changed;
  for (const auto& [column, meaning] : changes) {
    RETURN_IF_ERROR(Check(mapping, column, meaning, headers, catalog));
    if (const auto it = now.meanings.find(column);
        it != now.meanings.end() ? it->second == meaning : meaning == Meaning{})
      continue;
    changed[column] = meaning;
  }
  if (changed.empty()) return mapping;
  // Where two columns cannot both mean it, the one that was changed last does.
  std::set<std::string> loose;
  for (const auto& [column, meaning] : changed) {
    for (const auto& [other, known] : now.meanings) {
      if (!changed.contains(other) && Exclusive(meaning, known)) loose.insert(other);
    }
  }
  Mapping result = mapping;
  for (const auto& [column, meaning] : changed) Unset(result, column);
  for (const std::string& column : loose) Unset(result, column);
  if (!now.whole) {
    Apply(result, changed, headers, catalog);
    return result;
  }
  // Built anew, so that rules stand in the order of the columns and an event finds what belongs to it. The key keeps
  // its order.
  for (const auto& [column, meaning] : changed) now.meanings[column] = meaning;
  for (const std::string& column : loose) now.meanings.erase(column);
  Mapping rebuilt = MappingOf(mapping.kind, now.meanings, headers, catalog);
  for (const auto& [column, meaning] : changed) {
    if (meaning.key) result.key.push_back(column);
  }
  rebuilt.key = result.key;
  CarryOver(mapping, rebuilt);
  return rebuilt;
}

Mapping Rebind(const Mapping& mapping, const std::vector<std::string>& headers) {
  std::map<std::string, std::string> by_normal;
  for (const std::string& header : headers) by_normal.emplace(NormalHeader(header), header);
  // The header of the file; empty when it has none.
  const auto found = [&](const std::string& column) {
    if (Has(headers, column)) return column;
    const auto it = by_normal.find(NormalHeader(column));
    return it == by_normal.end() ? std::string() : it->second;
  };
  const auto list = [&](std::vector<std::string>& columns) {
    for (std::string& column : columns) column = found(column);
    if (Has(columns, "")) columns.clear();  // a product without one of its factors means nothing
  };
  const auto fields = [&](std::map<std::string, std::string>& columns) {
    for (auto& [field, column] : columns) column = found(column);
    std::erase_if(columns, [](const auto& field) { return field.second.empty(); });
  };
  Mapping result = mapping;
  list(result.key);
  fields(result.columns);
  std::vector<EventRule> rules;
  for (EventRule& rule : result.rules) {
    const bool text = mapping.kind == "readings" && rule.at.find('{') != std::string::npos;
    const bool dated = !text && !rule.at.empty();
    if (dated && mapping.kind == "events") {
      rule.at = found(rule.at);
      if (rule.at.empty()) continue;
    }
    list(rule.amount);
    list(rule.count);
    fields(rule.columns);
    std::map<std::string, std::vector<std::string>> when;
    bool lost = mapping.kind == "readings" && rule.amount.empty();
    for (auto& [column, values] : rule.when) {
      const std::string header = found(column);
      if (header.empty()) lost = true;  // a condition that cannot be asked must not be taken for met
      when[header] = std::move(values);
    }
    rule.when = std::move(when);
    if (!lost) rules.push_back(std::move(rule));
  }
  result.rules = std::move(rules);
  return result;
}

std::string HeaderFingerprint(const std::vector<std::string>& headers) {
  std::set<std::string> normal;
  for (const std::string& header : headers) normal.insert(NormalHeader(header));
  std::string text;
  for (const std::string& header : normal) text += header + '\x1f';
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : HashText(text).Bytes()) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::vector<std::string> MissingOf(const Mapping& mapping) {
  std::vector<std::string> missing;
  if (!mapping.rules.empty()) return missing;
  const auto need = [&](const std::string& field) {
    if (!mapping.columns.contains(field) && !mapping.constants.contains(field)) missing.push_back(field);
  };
  need(mapping.kind == "readings" ? "measure" : "event");
  need("at");
  if (mapping.kind == "readings") need("value");
  return missing;
}

}  // namespace dealpace::exchange
