#include "kpi/handbook.h"

namespace dealpace::kpi {
namespace {

using catalog::Better;
using catalog::Unit;

std::string UnitText(Unit unit, bool zh) {
  switch (unit) {
    case Unit::kCount: return zh ? "数量" : "count";
    case Unit::kMoney: return zh ? "元" : "CNY";
    case Unit::kPercent: return "%";
    case Unit::kRatio: return zh ? "比值" : "ratio";
    case Unit::kDay: return zh ? "天" : "days";
    case Unit::kHour: return zh ? "小时" : "hours";
    case Unit::kScore: return zh ? "分" : "score";
    case Unit::kPoints: return zh ? "积分" : "points";
    case Unit::kTimes: return zh ? "次" : "times";
    case Unit::kPercentPoints: return zh ? "百分点" : "percentage points";
  }
  return {};
}

std::string BetterText(Better better, bool zh) {
  switch (better) {
    case Better::kHigher: return zh ? "越高越好" : "higher is better";
    case Better::kLower: return zh ? "越低越好" : "lower is better";
    case Better::kNone: return zh ? "仅供参考" : "for information";
  }
  return {};
}

std::string GroupTitle(const std::string& group, bool zh) {
  for (const auto& [id, name] : KpiGroups()) {
    if (id == group) return zh ? name.zh : name.en;
  }
  return zh ? "自有指标" : "Own KPIs";
}

}  // namespace

std::string UnitTitle(Unit unit, Language language) { return UnitText(unit, language == Language::kChinese); }

const std::vector<std::pair<std::string, Bilingual>>& KpiGroups() {
  static const std::vector<std::pair<std::string, Bilingual>> kGroups = {
      {"3.1", {"Traffic, capture and funnel", "集客、留档与漏斗"}},
      {"3.2", {"Consultant activity and discipline", "顾问活动与纪律"}},
      {"3.3", {"Sales results and growth", "销售结果与增长"}},
      {"3.4", {"Value-added business", "增值业务"}},
      {"3.5", {"Customer satisfaction, loyalty, relationship", "客户满意、忠诚与关系"}},
      {"3.6", {"Staff performance and team", "员工绩效与团队"}},
      {"3.7", {"Training", "培训"}},
      {"3.8", {"Retail", "零售"}},
      {"3.9", {"Insurance", "保险"}},
      {"3.10", {"Channel", "渠道"}},
      {"3.11", {"Risk and credit", "风险与信用"}},
      {"3.12", {"Company, balanced scorecard, operations", "公司、平衡计分卡与运营"}}};
  return kGroups;
}

// "3.1" of "domain 3.1, seed 000".
std::string GroupOf(const catalog::Kpi& kpi) {
  constexpr std::string_view kWord = "domain ";
  if (!kpi.source.starts_with(kWord)) return {};
  const std::string rest = kpi.source.substr(kWord.size());
  return rest.substr(0, rest.find_first_not_of("0123456789."));
}

std::string Handbook(const catalog::Catalog& catalog, Language language) {
  const bool zh = language == Language::kChinese;
  std::string out =
      zh ? "# 指标手册\n\n由 `catalog/kpis.toml` 和 `catalog/measures.toml` 生成（`dealpace handbook`）。共 "
         : "# KPI handbook\n\nGenerated from `catalog/kpis.toml` and `catalog/measures.toml` (`dealpace "
           "handbook`). ";
  out += std::to_string(catalog.kpis().size()) + (zh ? " 个指标，" : " KPIs and ") +
         std::to_string(catalog.measures().size()) + (zh ? " 个基础度量。\n" : " base measures.\n");
  std::string group = "-";
  for (const catalog::Kpi& kpi : catalog.kpis()) {
    if (const std::string own = GroupOf(kpi); own != group) {
      group = own;
      out += "\n## " + GroupTitle(group, zh) + "\n";
    }
    out += "\n### " + kpi.name.In(language) + " · `" + kpi.id + "`\n\n" + kpi.meaning.In(language) + "\n\n";
    const auto line = [&](const char* en, const char* chinese, const std::string& text) {
      if (!text.empty()) out += "- " + std::string(zh ? chinese : en) + (zh ? "：" : ": ") + text + "\n";
    };
    line("Formula", "公式", "`" + kpi.formula + "`");
    if (!kpi.formula_lower.empty()) {
      line("Where lower is better", "越低越好的指标", "`" + kpi.formula_lower + "`");
    }
    line("Unit", "单位", UnitText(kpi.unit, zh) + (zh ? "，" : ", ") + BetterText(kpi.better, zh));
    line("Slices", "切分维度", Join(kpi.slices, ", "));
    line("Cadence", "频率", Join(kpi.cadence, ", "));
    line("Also called", "又称", Join(kpi.also, zh ? "、" : ", "));
    line("Beware", "注意", kpi.beware.In(language));
    line("Benchmark", "参考值", kpi.benchmark.In(language));
    line("See also", "参见", kpi.see_also.empty() ? "" : "`" + Join(kpi.see_also, "`, `") + "`");
    line("Source", "出处", kpi.source);
  }
  out += zh ? "\n## 基础度量\n\n| 度量 | 名称 | 求和 | 类型 | 单位 |\n|---|---|---|---|---|\n"
            : "\n## Base measures\n\n| Measure | Name | Sum | Kind | Unit |\n|---|---|---|---|---|\n";
  for (const catalog::Measure& measure : catalog.measures()) {
    out += "| `" + measure.id + "` | " + measure.name.In(language) + " | `" + measure.sum + "` | " +
           (measure.balance ? (zh ? "余额" : "balance") : (zh ? "流量" : "flow")) + " | " + UnitText(measure.unit, zh) +
           " |\n";
  }
  return out;
}

}  // namespace dealpace::kpi
