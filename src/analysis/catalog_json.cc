#include "analysis/catalog_json.h"

#include <algorithm>
#include <map>
#include <vector>

#include "catalog/messages.h"
#include "exchange/print.h"
#include "kpi/formula.h"
#include "kpi/handbook.h"
#include "kpi/program.h"

namespace dealpace::analysis {
namespace {

constexpr std::string_view kOwnGroup = "own";

void WriteTexts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

// Which KPIs name each KPI in their formulas.
std::map<std::string, std::vector<std::string>> UsedBy(const catalog::Catalog& catalog) {
  std::map<std::string, std::vector<std::string>> used_by;
  for (const catalog::Kpi& kpi : catalog.kpis()) {
    for (const std::string& formula : {kpi.formula, kpi.formula_lower}) {
      if (formula.empty()) continue;
      const auto node = kpi::ParseFormula(formula);
      if (!node.ok()) continue;
      for (const std::string& name : kpi::NamesIn(**node)) {
        auto& users = used_by[name];
        if (users.empty() || users.back() != kpi.id) users.push_back(kpi.id);
      }
    }
  }
  return used_by;
}

void WriteKpis(JsonWriter& json, const catalog::Catalog& catalog) {
  const auto used_by = UsedBy(catalog);
  json.Key("kpis").BeginArray();
  for (const catalog::Kpi& kpi : catalog.kpis()) {
    // Ours stand in the binary's kpis.toml; others come from the data folder or the store.
    const bool own = kpi.place.file != "kpis.toml";
    const std::string group = kpi::GroupOf(kpi);
    json.BeginObject().Field("id", kpi.id);
    WriteBilingual(json, "name", kpi.name);
    WriteTexts(json, "also", kpi.also);
    json.Field("family", kpi.family).Field("formula", kpi.formula).Field("unit", catalog::UnitName(kpi.unit));
    json.Field("better", BetterName(kpi.better));
    WriteTexts(json, "slices", kpi.slices);
    WriteTexts(json, "cadence", kpi.cadence);
    json.Field("basis", kpi.basis.empty() ? "period" : kpi.basis);
    WriteBilingual(json, "meaning", kpi.meaning);
    WriteBilingual(json, "beware", kpi.beware);
    WriteBilingual(json, "benchmark", kpi.benchmark);
    json.Field("source", kpi.source);
    WriteTexts(json, "see_also", kpi.see_also);
    const auto users = used_by.find(kpi.id);
    WriteTexts(json, "used_by", users == used_by.end() ? std::vector<std::string>{} : users->second);
    json.Key("stages").BeginArray();
    for (const catalog::Stage& stage : catalog.stages()) {
      if (std::find(stage.kpis.begin(), stage.kpis.end(), kpi.id) != stage.kpis.end()) json.String(stage.id);
    }
    json.EndArray();
    json.Field("group", own || group.empty() ? kOwnGroup : std::string_view(group));
    json.Field("own", own).Field("parametric", !kpi.parameter.empty()).EndObject();
  }
  json.EndArray();

  json.Key("groups").BeginArray();
  const auto group = [&](std::string_view id, const Bilingual& name) {
    json.BeginObject().Field("id", id);
    WriteBilingual(json, "name", name);
    json.EndObject();
  };
  for (const auto& [id, name] : kpi::KpiGroups()) group(id, name);
  group(kOwnGroup, {"Own KPIs", "自有指标"});
  json.EndArray();
}

void WriteMeasures(JsonWriter& json, const catalog::Catalog& catalog) {
  json.Key("measures").BeginArray();
  for (const catalog::Measure& measure : catalog.measures()) {
    const bool reading = measure.kind == catalog::SumKind::kReading;
    json.BeginObject().Field("id", measure.id);
    WriteBilingual(json, "name", measure.name);
    json.Field("sum", measure.sum);
    const bool has_event = !reading && measure.event >= 0;
    json.Field("event", has_event ? catalog.events()[static_cast<size_t>(measure.event)].id : "");
    json.Field("unit", catalog::UnitName(measure.unit)).Field("balance", measure.balance).Field("reading", reading);
    json.Field("source", measure.source).EndObject();
  }
  json.EndArray();
}

// Without those of readings, of which every measure has one.
void WriteEvents(JsonWriter& json, const catalog::Catalog& catalog) {
  json.Key("events").BeginArray();
  for (const catalog::Event& event : catalog.events()) {
    if (event.reading_of >= 0) continue;
    json.BeginObject().Field("id", event.id);
    WriteBilingual(json, "name", event.name);
    WriteBilingual(json, "when", event.when);
    json.Field("recordable", !event.derived()).Key("amount");
    event.amount ? json.String(catalog::UnitName(*event.amount)) : json.Null();
    json.Field("stage", event.stage);
    WriteTexts(json, "reasons", event.reasons);
    json.EndObject();
  }
  json.EndArray();
}

void WriteStages(JsonWriter& json, const catalog::Catalog& catalog) {
  json.Key("stages").BeginArray();
  for (const catalog::Stage& stage : catalog.stages()) {
    json.BeginObject().Field("id", stage.id);
    WriteBilingual(json, "name", stage.name);
    json.Field("order", stage.order).Field("event", stage.event).Field("milestone", stage.milestone);
    WriteTexts(json, "kpis", stage.kpis);
    json.EndObject();
  }
  json.EndArray();
}

void WriteLists(JsonWriter& json, const catalog::Catalog& catalog) {
  json.Key("lists").BeginArray();
  for (const catalog::CodeList& list : catalog.lists()) {
    json.BeginObject().Field("id", list.id);
    WriteBilingual(json, "name", list.name);
    json.Field("dimension", list.dimension).Key("codes").BeginArray();
    for (const catalog::Code& code : list.codes) {
      json.BeginObject().Field("code", code.code);
      WriteBilingual(json, "name", code.name);
      json.EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray();
}

void WriteRoles(JsonWriter& json, const catalog::Catalog& catalog) {
  constexpr std::string_view kRows[] = {"own", "team", "dealer", "network"};
  json.Key("roles").BeginArray();
  for (const catalog::Role& role : catalog.roles()) {
    json.BeginObject().Field("id", role.id);
    WriteBilingual(json, "name", catalog.NameOf(role));
    json.Field("rows", kRows[static_cast<size_t>(role.rows)]).Key("may").BeginArray();
    for (const std::string& right : role.may) json.String(right);
    json.EndArray().EndObject();
  }
  json.EndArray();
}

template <typename Names>
void WriteDims(JsonWriter& json, std::string_view key, const Names& names) {
  json.Key(key).BeginArray();
  for (const std::string_view name : names) {
    json.BeginObject().Field("id", name);
    WriteBilingual(json, "name",
                   {exchange::DimTitle(name, Language::kEnglish), exchange::DimTitle(name, Language::kChinese)});
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteBilingual(JsonWriter& json, std::string_view key, const Bilingual& text) {
  json.Key(key).BeginObject().Field("en", text.en).Field("zh", text.zh).EndObject();
}

std::string CatalogJson(const catalog::Catalog& catalog) {
  JsonWriter json;
  json.BeginObject();
  WriteKpis(json, catalog);
  WriteMeasures(json, catalog);
  WriteEvents(json, catalog);
  WriteStages(json, catalog);
  WriteLists(json, catalog);
  WriteRoles(json, catalog);
  WriteDims(json, "dimensions", kDimNames);
  constexpr std::string_view kGrains[] = {"day", "week", "month", "quarter", "year"};
  WriteDims(json, "grains", kGrains);
  json.Key("functions").BeginArray();
  for (const kpi::FormulaFunction& function : kpi::FormulaFunctions()) {
    json.BeginObject().Field("name", function.name).Field("pattern", function.pattern);
    WriteBilingual(json, "meaning", function.meaning);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.text();
}

void WriteOwnKpi(JsonWriter& json, const OwnKpi& kpi, const Error* problem, Language language) {
  json.BeginObject().Field("id", kpi.id);
  WriteBilingual(json, "name", kpi.name);
  json.Field("formula", kpi.formula).Field("unit", catalog::UnitName(kpi.unit));
  json.Field("better", BetterName(kpi.better));
  WriteBilingual(json, "meaning", kpi.meaning);
  json.Field("version", kpi.version).Field("changed_by", kpi.changed_by);
  json.Field("changed_at", FormatInstant(kpi.changed_at)).Key("problem");
  if (problem == nullptr) {
    json.Null();
  } else {
    const auto& messages = catalog::Messages::Get();
    json.BeginObject().Field("code", problem->code).Field("message", messages.RenderMessage(*problem, language));
    json.Field("todo", messages.RenderTodo(*problem, language)).EndObject();
  }
  json.EndObject();
}

}  // namespace dealpace::analysis
