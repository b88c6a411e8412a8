#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/question.h"
#include "catalog/catalog.h"
#include "insight/interval.h"
#include "kpi/answer.h"

// The printed tables of the dashboard: sales success with intervals and the weakest step, and the funnel.
namespace dealpace::analysis {

// A milestone of the sales process and the conversion that leads to it.
struct Step {
  std::string_view stage;       // "S4"
  std::string_view measure;     // "needs_cnt"
  std::string_view conversion;  // KPI id; empty for the first
  int order = 0;                // of the stage
};
[[nodiscard]] const std::vector<Step>& Steps();

// What a milestone is called: its event's name.
[[nodiscard]] const Bilingual& NameOf(const catalog::Catalog& catalog, const Step& step);

// From so many on a share is judged; below kCountsOnly only counts are shown.
inline constexpr double kSampleMin = 20;
inline constexpr double kCountsOnly = 5;
// "none", "counts", "small" or "ok" for a sample of n.
[[nodiscard]] std::string_view SampleOf(double n);

// A count as the intervals take it; nothing when it is no whole number from 0.
[[nodiscard]] std::optional<int64_t> WholeCount(const std::optional<double>& value);
// Wilson's interval of a ratio of counts; nothing where there is none (nothing counted, more than all).
[[nodiscard]] std::optional<insight::Interval> IntervalOf(const kpi::Figure& ratio);

struct Weakest {
  size_t step = 0;  // position in Steps()
  double gap = 0;   // own conversion − the total's, below zero
  bool clear = false;
};

struct SuccessRow {
  int64_t id = 0;
  std::optional<std::string> name;
  std::string dealer_name;
  std::vector<double> counts;            // by step
  std::vector<kpi::Figure> conversions;  // by step; the first has none
  kpi::Figure success;
  std::optional<Weakest> weakest;
};

// The weakest step of a row: the largest shortfall against the total among the steps whose base is at least kSampleMin.
// It is clear when the difference between the row and all others (Newcombe) leaves out zero at that confidence.
[[nodiscard]] std::optional<Weakest> FindWeakest(const SuccessRow& row, const SuccessRow& total,
                                                 double confidence = insight::kConfidence);

// Columns of the success table as the engine is asked, and a row read out of its answer from column `first` on.
[[nodiscard]] std::vector<kpi::NamedFormula> SuccessColumns();
[[nodiscard]] SuccessRow ReadSuccessRow(const kpi::RowAnswer& row, size_t first = 0);

// The operations successTable and funnel of the contract. Fail as kpi::Engine::Ask does.
[[nodiscard]] Result<std::string> SuccessTableJson(const TableQuestion& asked, const catalog::Catalog& catalog,
                                                   kpi::Engine& engine, facts::Facts& facts, Instant now);
[[nodiscard]] Result<std::string> FunnelJson(const TableQuestion& asked, const catalog::Catalog& catalog,
                                             kpi::Engine& engine, Instant now);

// How many were lost between the milestones: before each step those who were lost at the stage of the step before or
// at one after it (J-2 of the domain: who leaves uncaptured is no loss). Nothing where losses carry no stage.
struct Losses {
  std::vector<std::optional<double>> before;  // by step; the first has none
  double without_stage = 0;                   // or at a stage that lies beside the milestones
};
// `by_stage`: losses by the text of their stage, in any of its spellings; empty: not set.
[[nodiscard]] Losses SplitLosses(const catalog::Catalog& catalog,
                                 const std::vector<std::pair<std::string, double>>& by_stage);

}  // namespace dealpace::analysis
