#include <algorithm>

#include "base/text.h"
#include "exchange/header_words.h"
#include "exchange/mapping.h"

namespace dealpace::exchange {

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
      if (NormalHeader(headers[i]) == NormalHeader(field)) take(field, i);
    }
  }
  for (const auto& [field, names] : FieldHeaders()) {
    for (const std::string_view name : names) {
      for (size_t i = 0; i < headers.size(); ++i) {
        if (NormalHeader(headers[i]) == NormalHeader(name)) take(field, i);
      }
    }
  }

  if (kind == "events" && !mapping.columns.contains("event")) {
    // A wide file: each date column named after an event records it.
    for (size_t i = 0; i < headers.size(); ++i) {
      if (used[i]) continue;
      const std::string stem = DateStem(NormalHeader(headers[i]));
      if (stem.empty()) continue;
      const std::string event = EventNamed(stem, catalog);
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
