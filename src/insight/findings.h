#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

// What is worth looking at in a period's sales, and the one sentence that says the result. Pure: numbers in, findings
// out. Sentences are made by template; **…** is emphasised, **-…** as bad, **+…** as good. A cause is never named.
namespace dealpace::insight {

// A milestone of the process and how many reached it.
struct StepFigures {
  std::string stage;
  std::string measure;
  std::string conversion;     // KPI that leads here; empty for the first step
  Bilingual name;             // {"Test drive", "试乘试驾"}
  Bilingual conversion_name;  // {"Conversion to test drive", "试乘试驾转化"}
  double count = 0;
};

// Somebody or something whose conversion at one step falls clearly short of the whole's.
struct WeakRow {
  Bilingual name;
  std::string scope;  // "staff:7" where it can be opened; else empty
  size_t step = 0;    // position among the steps
  double hits = 0;    // who passed it …
  double trials = 0;  // … of those who reached the step before
};

// A rate now and in the time it is compared with.
struct RateFigures {
  std::string kpi;
  Bilingual name;
  double hits = 0;
  double trials = 0;
  double hits_before = 0;
  double trials_before = 0;
  double orders_per_hit = 0;  // orders that one more hit brings, at the whole's conversion
};

// A part of the whole now and a year ago.
struct ShareFigures {
  Bilingual name;
  std::string code;
  double count = 0;
  double count_before = 0;
};

struct Situation {
  std::string scope;   // "network", "dealer:7"
  Bilingual whole;     // what is looked at: {"network", "全网"}
  std::string by;      // dimension of the rows
  Bilingual rows_are;  // {"consultants", "名销售顾问"}
  Bilingual versus;    // the time compared with: {"the period before", "上期"}; only used where there is one
  bool compared = false;

  double orders = 0;
  std::optional<double> orders_before;
  std::optional<double> target;  // for the full period
  bool target_asked = true;      // targets matter here: say when there is none
  double elapsed = 1;            // share of the full period's days that are over

  std::vector<StepFigures> steps;
  std::vector<WeakRow> weak;  // those that are clear already
  std::vector<RateFigures> rates;
  std::vector<ShareFigures> sources;  // against the same time of the year before
  int rows = 0;
  int rows_small = 0;  // of them too few to judge
  bool provisional = false;
};

struct RichText {
  std::string en;
  std::string zh;
};

enum class Level { kBad, kWarn, kInfo, kGood };
[[nodiscard]] std::string_view LevelName(Level level);

struct Finding {
  std::string id;    // the same for the same thing: "weakest_step:S6"
  std::string kind;  // weakest_step, structure_off, change_real, change_noise, target_missing, nothing_recorded,
                     // small_sample
  Level level = Level::kInfo;
  RichText title;
  RichText detail;
  std::optional<double> impact;  // orders at stake
  struct Link {
    std::string page;  // explore, dashboard, handbook, import
    std::vector<std::string> columns;
    std::vector<std::string> by;
    std::string scope;
    std::string kpi;
  } link;
};

struct Findings {
  RichText headline;
  bool provisional = false;
  std::vector<Finding> findings;  // most orders at stake first; what has no such number after, the bad before the good
};

[[nodiscard]] Findings Judge(const Situation& situation);

}  // namespace dealpace::insight
