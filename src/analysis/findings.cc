#include "analysis/findings.h"

#include <algorithm>

#include "analysis/tables.h"
#include "base/json.h"

namespace dealpace::analysis {
namespace {

Bilingual WholeOf(const Scope& scope) {
  if (!scope.dim) return {"network", "全网"};
  switch (*scope.dim) {
    case Dim::kRegion: return {"region", "全区"};
    case Dim::kTeam: return {"team", "全组"};
    case Dim::kStaff: return {"own", "本人"};
    default: return {"store", "全店"};
  }
}

Bilingual RowsOf(Dim by) {
  switch (by) {
    case Dim::kDealer: return {"dealers", "家经销商"};
    case Dim::kRegion: return {"regions", "个区域"};
    case Dim::kTeam: return {"teams", "个小组"};
    case Dim::kStaff: return {"consultants", "名销售顾问"};
    case Dim::kSource: return {"sources", "种客户来源"};
    case Dim::kModel: return {"models", "个车型"};
    default: return {"rows", "行"};
  }
}

Bilingual VersusOf(kpi::Versus versus, bool cut) {
  if (versus == kpi::Versus::kYearAgo) {
    return cut ? Bilingual{"the same days of the year before", "去年同期"} : Bilingual{"the year before", "去年同期"};
  }
  return cut ? Bilingual{"the same days of the period before", "上期同期"} : Bilingual{"the period before", "上期"};
}

// What the table is asked for besides the success columns.
enum Extra : size_t { kCapture, kTestDrive, kClose, kOrdersTarget };
constexpr const char* kExtras[] = {"capture_rate", "test_drive_rate", "close_rate", "target(deal_cnt)"};

insight::RateFigures RateOf(const catalog::Catalog& catalog, const char* kpi, const kpi::CellAnswer& cell,
                            double orders_per_hit) {
  insight::RateFigures rate;
  rate.kpi = kpi;
  rate.name = catalog.kpis()[static_cast<size_t>(catalog.FindKpi(kpi))].name;
  rate.hits = cell.num.value_or(0);
  rate.trials = cell.den.value_or(0);
  rate.hits_before = cell.versus.num.value_or(0);
  rate.trials_before = cell.versus.den.value_or(0);
  rate.orders_per_hit = orders_per_hit;
  return rate;
}

Status LookAtSources(const TableQuestion& asked, const catalog::Catalog& catalog, kpi::Engine& engine,
                     insight::Situation& situation) {
  kpi::Question question = asked.question;
  question.columns = {{"now", "traffic_cnt"}, {"before", "year_ago(traffic_cnt)"}};
  question.by = {std::string(DimName(Dim::kSource))};
  question.versus = kpi::Versus::kNone;
  ASSIGN_OR_RETURN(const kpi::Answer answer, engine.Ask(question));
  for (const kpi::RowAnswer& row : answer.rows) {
    if (!row.keys[0]) continue;  // whose source nobody noted is no source
    insight::ShareFigures share;
    share.code = *row.keys[0];
    const catalog::Code* code = catalog.FindCode(Dim::kSource, share.code);
    share.name = code != nullptr ? code->name : Bilingual{share.code, share.code};
    share.count = row.cells[0].value.value_or(0);
    share.count_before = row.cells[1].value.value_or(0);
    situation.sources.push_back(std::move(share));
  }
  return {};
}

void AddText(JsonWriter& json, std::string_view name, const insight::RichText& text) {
  json.Key(name).BeginObject().Field("en", text.en).Field("zh", text.zh).EndObject();
}

void AddList(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.Key(name).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

}  // namespace

Result<insight::Situation> LookAt(const TableQuestion& asked, const catalog::Catalog& catalog, kpi::Engine& engine) {
  const std::vector<Step>& steps = Steps();
  kpi::Question question = asked.question;
  question.columns = SuccessColumns();
  const size_t first_extra = question.columns.size();
  for (const char* extra : kExtras) question.columns.push_back({extra, extra});
  question.by = {std::string(DimName(asked.by))};
  // Without a period there is no time before it. Otherwise something is always compared, to tell news from noise.
  if (question.versus != kpi::Versus::kYearAgo) question.versus = kpi::Versus::kPrevious;
  if (!question.period) question.versus = kpi::Versus::kNone;
  ASSIGN_OR_RETURN(const kpi::Answer answer, engine.Ask(question));

  insight::Situation situation;
  situation.scope = ScopeText(asked.scope);
  situation.whole = WholeOf(asked.scope);
  situation.by = DimName(asked.by);
  situation.rows_are = RowsOf(asked.by);
  situation.versus = VersusOf(question.versus, answer.period != answer.full_period);
  const SuccessRow total = ReadSuccessRow(answer.total);
  for (size_t s = 0; s < steps.size(); ++s) {
    const Bilingual& name = NameOf(catalog, steps[s]);
    Bilingual conversion_name;
    if (const int kpi = catalog.FindKpi(steps[s].conversion); kpi >= 0) {
      conversion_name = {catalog.kpis()[static_cast<size_t>(kpi)].name.en, name.zh + "转化"};
    }
    situation.steps.push_back({std::string(steps[s].stage), std::string(steps[s].measure),
                               std::string(steps[s].conversion), name, conversion_name, total.counts[s]});
  }
  constexpr size_t kDeals = 4;  // position of the order among the steps
  const kpi::CellAnswer& deals = answer.total.cells[kDeals];
  situation.orders = deals.value.value_or(0);
  // Before the network's first entries there is nothing to compare with.
  situation.compared = deals.compared && answer.total.cells[0].versus.value.value_or(0) > 0;
  if (situation.compared) situation.orders_before = deals.versus.value;
  situation.target = answer.total.cells[first_extra + kOrdersTarget].value;
  const Period& full = answer.full_period;
  const Day today = question.today;
  if (full.Contains(today)) {
    situation.elapsed = static_cast<double>(today - full.from + 1) / full.days();
    situation.provisional = today < full.to;
  }
  if (answer.total.mature_share) situation.provisional = true;

  const auto extra = [&](Extra which) -> const kpi::CellAnswer& { return answer.total.cells[first_extra + which]; };
  const double close = extra(kClose).value.value_or(0);
  const double drives = total.counts[3];
  situation.rates = {RateOf(catalog, kExtras[kCapture], extra(kCapture), std::min(1.0, close)),
                     RateOf(catalog, kExtras[kTestDrive], extra(kTestDrive),
                            drives > 0 ? std::min(1.0, situation.orders / drives) : 0),
                     RateOf(catalog, kExtras[kClose], extra(kClose), 1)};

  std::vector<SuccessRow> rows;
  for (const kpi::RowAnswer& row : answer.rows) rows.push_back(ReadSuccessRow(row));
  situation.rows = static_cast<int>(rows.size());
  situation.rows_small = static_cast<int>(
      std::count_if(rows.begin(), rows.end(), [](const SuccessRow& r) { return r.counts[0] < kSampleMin; }));
  // So many are held against the whole at once: each must be the surer, or chance alone would name somebody.
  const double judged = std::max(1, situation.rows - situation.rows_small);
  const double confidence = 1 - (1 - insight::kConfidence) / judged;
  const bool can_open =
      asked.by == Dim::kDealer || asked.by == Dim::kRegion || asked.by == Dim::kTeam || asked.by == Dim::kStaff;
  for (const SuccessRow& row : rows) {
    const auto weakest = FindWeakest(row, total, confidence);
    if (!weakest || !weakest->clear || !row.name) continue;
    const kpi::Figure& conversion = row.conversions[weakest->step];
    insight::WeakRow weak;
    weak.name = {*row.name, *row.name};
    if (MemberIndex(asked.by) >= 0) {
      if (const catalog::Code* code = catalog.FindCode(asked.by, *row.name)) weak.name = code->name;
    }
    if (can_open && row.id != 0) weak.scope = ScopeText({asked.by, row.id});
    weak.step = weakest->step;
    weak.hits = conversion.num.value_or(0);
    weak.trials = conversion.den.value_or(0);
    situation.weak.push_back(std::move(weak));
  }
  RETURN_IF_ERROR(LookAtSources(asked, catalog, engine, situation));
  return situation;
}

Result<std::string> FindingsJson(const TableQuestion& asked, const catalog::Catalog& catalog, kpi::Engine& engine) {
  ASSIGN_OR_RETURN(const insight::Situation situation, LookAt(asked, catalog, engine));
  const insight::Findings judged = insight::Judge(situation);
  JsonWriter json;
  json.BeginObject();
  AddText(json, "headline", judged.headline);
  json.Field("provisional", judged.provisional).Key("findings").BeginArray();
  for (const insight::Finding& finding : judged.findings) {
    json.BeginObject().Field("id", finding.id).Field("kind", finding.kind);
    json.Field("level", insight::LevelName(finding.level));
    AddText(json, "title", finding.title);
    AddText(json, "detail", finding.detail);
    json.Key("impact");
    finding.impact ? json.Number(*finding.impact) : json.Null();
    json.Key("link").BeginObject().Field("page", finding.link.page);
    AddList(json, "columns", finding.link.columns);
    AddList(json, "by", finding.link.by);
    if (!finding.link.scope.empty()) json.Field("scope", finding.link.scope);
    if (!finding.link.kpi.empty()) json.Field("kpi", finding.link.kpi);
    json.EndObject().EndObject();
  }
  json.EndArray().EndObject();
  return json.text();
}

}  // namespace dealpace::analysis
