#include "insight/findings.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/money.h"
#include "insight/interval.h"

namespace dealpace::insight {
namespace {

constexpr double kSampleMin = 20;
constexpr double kPointMin = 0.01;      // a smaller change of a rate is not told
constexpr double kStructureMin = 0.03;  // nor a smaller one of a share
constexpr size_t kNamesMax = 3;

// A name inside a sentence: its asterisks are no marks of ours.
std::string Plain(const std::string& name) { return ReplaceAll(name, "*", "＊"); }

std::string Percent(double share) { return FormatRounded(share * 100, 0) + "%"; }

std::string Whole(double number) { return FormatRounded(std::abs(number), 0); }

std::string Points(double difference, bool zh) {
  return FormatRounded(std::abs(difference) * 100, 1) + (zh ? " 点" : " pp");
}

std::string Orders(double number, bool zh) {
  const std::string text = Whole(number);
  if (zh) return text + " 单";
  return text + (text == "1" ? " order" : " orders");
}

std::string MoreOrders(double number) { return ReplaceAll(Orders(number, false), " order", " more order"); }

// **-…** where less is meant, **+…** where more is.
std::string Marked(bool good, const std::string& text) { return std::string(good ? "**+" : "**-") + text + "**"; }

std::optional<Difference> Compare(double hits_1, double trials_1, double hits_2, double trials_2, double confidence) {
  const auto whole = [](double number) { return number >= 0 && number == std::floor(number) && number < 9e15; };
  if (!whole(hits_1) || !whole(trials_1) || !whole(hits_2) || !whole(trials_2)) return std::nullopt;
  const auto difference = Newcombe(static_cast<int64_t>(hits_1), static_cast<int64_t>(trials_1),
                                   static_cast<int64_t>(hits_2), static_cast<int64_t>(trials_2), confidence);
  return difference.ok() ? *difference : std::nullopt;
}

// How a rate moved, where there were enough on both sides.
struct Move {
  const RateFigures* rate = nullptr;
  Difference difference;
};
std::vector<Move> MovesOf(const Situation& s) {
  std::vector<Move> moves;
  if (!s.compared) return moves;
  for (const RateFigures& rate : s.rates) {
    if (rate.trials < kSampleMin || rate.trials_before < kSampleMin) continue;
    const auto difference = Compare(rate.hits, rate.trials, rate.hits_before, rate.trials_before, kConfidence);
    if (difference) moves.push_back({&rate, *difference});
  }
  return moves;
}

RichText Headline(const Situation& s, const std::vector<Move>& moves) {
  const bool nothing = std::all_of(s.steps.begin(), s.steps.end(), [](const StepFigures& f) { return f.count == 0; });
  if (nothing && s.orders == 0) return {"**Nothing recorded** in this period.", "本期**没有记录**。"};
  RichText text;
  if (s.target) {
    const double pace = *s.target * std::clamp(s.elapsed, 0.0, 1.0);
    const double ahead = std::round(s.orders) - std::round(pace);
    const std::string behind_en = s.elapsed < 1 ? "pace" : "target";
    const std::string behind_zh = s.elapsed < 1 ? "进度" : "目标";
    const std::string of_en = "target " + Whole(*s.target) + (s.elapsed < 1 ? ", pace " + Whole(pace) : "");
    const std::string of_zh = "目标 " + Whole(*s.target) + (s.elapsed < 1 ? "，应达 " + Whole(pace) : "");
    if (ahead == 0) {
      text = {"**" + Orders(s.orders, false) + "**, just on " + behind_en + " (" + of_en + ")",
              "成交 **" + Orders(s.orders, true) + "**，与" + behind_zh + "持平（" + of_zh + "）"};
    } else {
      text = {
          Marked(ahead > 0, Orders(ahead, false)) + (ahead > 0 ? " ahead of " : " behind ") + behind_en + " (" + of_en +
              ")",
          (ahead > 0 ? "超" : "落后") + behind_zh + " " + Marked(ahead > 0, Orders(ahead, true)) + "（" + of_zh + "）"};
    }
  } else {
    text = {"**" + Orders(s.orders, false) + "**", "成交 **" + Orders(s.orders, true) + "**"};
    if (s.orders_before && s.compared) {
      const double more = std::round(s.orders) - std::round(*s.orders_before);
      if (more == 0) {
        text.en += ", as many as in " + s.versus.en;
        text.zh += "，与" + s.versus.zh + "持平";
      } else {
        text.en += ", " + Marked(more > 0, Whole(more) + (more > 0 ? " more" : " fewer")) + " than in " + s.versus.en;
        text.zh += "，比" + s.versus.zh + (more > 0 ? "多 " : "少 ") + Marked(more > 0, Orders(more, true));
      }
    }
  }
  bool moved = false;
  for (const Move& move : moves) {
    if (!move.difference.clear() || std::abs(move.difference.value) < kPointMin) continue;
    const bool up = move.difference.value > 0;
    const std::string& name_en = move.rate->name.en;
    text.en += (moved ? ", " : "; ") + ToLower(name_en.substr(0, 1)) + name_en.substr(1) + " " +
               Marked(up, std::string(up ? "up " : "down ") + Points(move.difference.value, false));
    text.zh += (moved ? "、" : "；") + move.rate->name.zh +
               Marked(up, std::string(up ? "上升 " : "下降 ") + Points(move.difference.value, true));
    moved = true;
  }
  if (!moved && !moves.empty()) {
    text.en += "; the rates are within normal variation";
    text.zh += "；各转化率属正常波动";
  }
  text.en += ".";
  text.zh += "。";
  return text;
}

// Orders that come of one more who passes the step, at the whole's conversion from there on; nothing after the order.
std::optional<double> OrdersPerPass(const Situation& s, size_t step) {
  size_t order_step = s.steps.size();
  for (size_t i = 0; i < s.steps.size(); ++i) {
    if (s.steps[i].measure == "deal_cnt") order_step = i;
  }
  if (order_step == s.steps.size() || step > order_step || s.steps[step].count <= 0) return std::nullopt;
  return std::min(1.0, s.steps[order_step].count / s.steps[step].count);
}

void AddWeakest(const Situation& s, std::vector<Finding>& findings) {
  std::map<size_t, std::vector<WeakRow>> by_step;
  for (const WeakRow& row : s.weak) {
    if (row.step > 0 && row.step < s.steps.size() && row.trials > 0) by_step[row.step].push_back(row);
  }
  for (auto& [step, rows] : by_step) {
    if (s.steps[step - 1].count <= 0) continue;
    const double whole = s.steps[step].count / s.steps[step - 1].count;
    const auto short_of = [&](const WeakRow& row) { return whole * row.trials - row.hits; };
    std::sort(rows.begin(), rows.end(), [&](const WeakRow& a, const WeakRow& b) { return short_of(a) > short_of(b); });
    double missing = 0;
    for (const WeakRow& row : rows) missing += std::max(0.0, short_of(row));
    std::string names_en;
    std::string names_zh;
    for (size_t i = 0; i < std::min(rows.size(), kNamesMax); ++i) {
      const std::string share = Percent(rows[i].hits / rows[i].trials);
      names_en += (i == 0 ? "" : ", ") + Plain(rows[i].name.en) + " " + Marked(false, share);
      names_zh += (i == 0 ? "" : "、") + Plain(rows[i].name.zh) + " " + Marked(false, share);
    }
    if (rows.size() > kNamesMax) {
      const std::string more = std::to_string(rows.size() - kNamesMax);
      names_en += " and " + more + " more";
      names_zh += "等 " + std::to_string(rows.size()) + " 个";
    }
    const StepFigures& at = s.steps[step];
    Finding finding;
    finding.id = "weakest_step:" + at.stage;
    finding.kind = "weakest_step";
    finding.level = Level::kBad;
    finding.title = {at.conversion_name.en + ": " + names_en + "; " + s.whole.en + " " + Percent(whole),
                     at.conversion_name.zh + "：" + names_zh + "，" + s.whole.zh + " " + Percent(whole)};
    const auto per_pass = OrdersPerPass(s, step);
    if (per_pass) {
      finding.impact = missing * *per_pass;
      const bool little = *finding.impact < 0.5;
      finding.detail = {"At " + s.whole.en + " level: " +
                            (little ? "less than one more order." : "about " + MoreOrders(*finding.impact) + "."),
                        "达到" + s.whole.zh + "水平，" +
                            (little ? "增加不到 1 单。" : "约多 " + Orders(*finding.impact, true) + "。")};
    } else {
      finding.detail = {"At " + s.whole.en + " level: about " + Whole(missing) + " more would have passed this step.",
                        "达到" + s.whole.zh + "水平，约多 " + Whole(missing) + " 个通过这一步。"};
    }
    finding.link = {"explore",
                    {at.conversion},
                    {s.by},
                    rows.size() == 1 && !rows[0].scope.empty() ? rows[0].scope : s.scope,
                    at.conversion};
    findings.push_back(std::move(finding));
  }
}

void AddChanges(const Situation& s, const std::vector<Move>& moves, std::vector<Finding>& findings) {
  for (const Move& move : moves) {
    const RateFigures& rate = *move.rate;
    const double change = move.difference.value;
    if (std::abs(change) < kPointMin) continue;
    const bool up = change > 0;
    Finding finding;
    finding.id = (move.difference.clear() ? "change_real:" : "change_noise:") + rate.kpi;
    finding.link = {"explore", {rate.kpi}, {"month"}, s.scope, rate.kpi};
    const std::string now = Percent(rate.hits / rate.trials);
    const std::string before = Percent(rate.hits_before / rate.trials_before);
    const std::string moved_en = rate.name.en + (up ? " up " : " down ");
    const std::string moved_zh = rate.name.zh + (up ? "上升 " : "下降 ");
    const std::string counts_en = Whole(rate.hits) + " of " + Whole(rate.trials) + " (" + now + ") against " +
                                  Whole(rate.hits_before) + " of " + Whole(rate.trials_before) + " (" + before +
                                  ") in " + s.versus.en;
    const std::string counts_zh = "本期 " + Whole(rate.hits) + " / " + Whole(rate.trials) + "（" + now + "），" +
                                  s.versus.zh + " " + Whole(rate.hits_before) + " / " + Whole(rate.trials_before) +
                                  "（" + before + "）";
    if (move.difference.clear()) {
      finding.kind = "change_real";
      finding.level = up ? Level::kGood : Level::kBad;
      const double at_stake = std::abs(change) * rate.trials * rate.orders_per_hit;
      if (at_stake > 0) finding.impact = at_stake;
      finding.title = {moved_en + Marked(up, Points(change, false)) + ": more than chance",
                       moved_zh + Marked(up, Points(change, true)) + "：不是偶然波动"};
      finding.detail = {counts_en + ".", counts_zh + "。"};
      if (finding.impact && *finding.impact >= 0.5) {
        finding.detail.en += " That is about " + Orders(*finding.impact, false) + (up ? " more." : " fewer.");
        finding.detail.zh += std::string("相当于约") + (up ? "多 " : "少 ") + Orders(*finding.impact, true) + "。";
      }
    } else {
      finding.kind = "change_noise";
      finding.level = Level::kInfo;
      finding.title = {moved_en + Points(change, false) + ": normal variation",
                       moved_zh + Points(change, true) + "：属正常波动"};
      finding.detail = {counts_en + ".", counts_zh + "。"};
    }
    findings.push_back(std::move(finding));
  }
}

void AddStructure(const Situation& s, std::vector<Finding>& findings) {
  double now = 0;
  double before = 0;
  for (const ShareFigures& source : s.sources) {
    now += source.count;
    before += source.count_before;
  }
  if (now < kSampleMin || before < kSampleMin) return;
  // So many comparisons at once: each must be the surer.
  const double confidence = 1 - (1 - kConfidence) / static_cast<double>(std::max<size_t>(1, s.sources.size()));
  for (const ShareFigures& source : s.sources) {
    const auto difference = Compare(source.count, now, source.count_before, before, confidence);
    if (!difference || !difference->clear() || std::abs(difference->value) < kStructureMin) continue;
    const bool up = difference->value > 0;
    Finding finding;
    finding.id = "structure_off:" + source.code;
    finding.kind = "structure_off";
    finding.level = up ? Level::kInfo : Level::kWarn;
    finding.title = {Plain(source.name.en) + " share " + Percent(source.count / now) + ", " +
                         Points(difference->value, false) + (up ? " above" : " below") + " the year before",
                     Plain(source.name.zh) + "占比 " + Percent(source.count / now) + "，比去年同期" +
                         (up ? "高 " : "低 ") + Points(difference->value, true)};
    finding.detail = {Whole(source.count) + " of " + Whole(now) + " customers against " + Whole(source.count_before) +
                          " of " + Whole(before) + ".",
                      "本期 " + Whole(source.count) + " / " + Whole(now) + "，去年同期 " + Whole(source.count_before) +
                          " / " + Whole(before) + "。"};
    finding.link = {"explore", {"traffic_cnt"}, {"source"}, s.scope, "traffic_source_share"};
    findings.push_back(std::move(finding));
  }
}

void AddGaps(const Situation& s, std::vector<Finding>& findings) {
  const bool any = std::any_of(s.steps.begin(), s.steps.end(), [](const StepFigures& f) { return f.count > 0; });
  for (const StepFigures& step : s.steps) {
    if (!any || step.count != 0) continue;
    Finding finding;
    finding.id = "nothing_recorded:" + step.stage;
    finding.kind = "nothing_recorded";
    finding.level = Level::kWarn;
    finding.title = {step.name.en + ": nothing recorded in this period", step.name.zh + "：本期无记录"};
    finding.detail = {"Other steps have entries. Rates over this step have no value.",
                      "其他环节有记录；以这一步为基数的转化率没有值。"};
    finding.link = {"import", {step.measure}, {}, s.scope, step.conversion};
    findings.push_back(std::move(finding));
  }
  if (!s.target && s.target_asked) {
    findings.push_back({"target_missing:deal_cnt",
                        "target_missing",
                        Level::kInfo,
                        {"Orders: target not set", "成交数量：未设目标"},
                        {"Without a target there is no pace to compare with.", "没有目标，就没有可对照的进度。"},
                        std::nullopt,
                        {"handbook", {"deal_cnt"}, {}, s.scope, "deals_count"}});
  }
  if (s.rows_small > 0 && s.rows > 0) {
    const std::string few = std::to_string(s.rows_small);
    const std::string all = std::to_string(s.rows);
    findings.push_back({"small_sample",
                        "small_sample",
                        Level::kInfo,
                        {few + " of " + all + " " + s.rows_are.en + ": too few to judge",
                         all + " " + s.rows_are.zh + "中有 " + few + " " + "个样本少"},
                        {"Fewer than 20 first contacts each. Look, do not judge.", "初次接触不足 20 个，只看不评。"},
                        std::nullopt,
                        {"explore", {"first_contact_cnt"}, {s.by}, s.scope, ""}});
  }
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kBad: return "bad";
    case Level::kWarn: return "warn";
    case Level::kInfo: return "info";
    case Level::kGood: return "good";
  }
  return "";
}

Findings Judge(const Situation& situation) {
  const std::vector<Move> moves = MovesOf(situation);
  Findings findings;
  findings.headline = Headline(situation, moves);
  findings.provisional = situation.provisional;
  AddWeakest(situation, findings.findings);
  AddChanges(situation, moves, findings.findings);
  AddStructure(situation, findings.findings);
  AddGaps(situation, findings.findings);
  std::stable_sort(findings.findings.begin(), findings.findings.end(), [](const Finding& a, const Finding& b) {
    if (a.impact.value_or(0) != b.impact.value_or(0)) return a.impact.value_or(0) > b.impact.value_or(0);
    return a.level < b.level;
  });
  return findings;
}

}  // namespace dealpace::insight
