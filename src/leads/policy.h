#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/text.h"

// What a dealer may set about prospects and customers, as data: catalog/grades.toml and catalog/capture.toml.
namespace dealpace::leads {

// One grade of a scheme. Neither months nor days: whatever is later.
struct Grade {
  std::string code;
  std::string means;  // "high", "medium" or "low": the reason of the event `graded`
  Bilingual name;
  std::optional<int> months;
  std::optional<int> days;
};
using GradeScheme = std::vector<Grade>;  // warmest first, the last one without an end

// A value tier: yearly purchases from `yearly_fen` on.
struct Tier {
  std::string code;   // of list.customer_type
  std::string owner;  // who looks after its customers
  int64_t yearly_fen = 0;
};

// How many files are checked for truth, and how many should be true (A5).
struct SpotCheckPolicy {
  double share = 0.1;
  int64_t least = 5;
  double goal = 0.9;
  int coaching_days = 14;  // in which whoever falls short of it is to be coached
  // Of so many files.
  [[nodiscard]] int64_t SampleOf(int64_t files) const;
};

class Policy {
 public:
  // The one in the binary.
  static const Policy& Get();
  // Reads both files; what is malformed is left out (a test checks the files in the binary).
  Policy(std::string_view grades_toml, std::string_view capture_toml);

  // The grades of a brand, by the name of its scheme; `default` for one that is not there.
  [[nodiscard]] const GradeScheme& Scheme(std::string_view brand = "default") const;
  // BR-54: the grade of a purchase expected for `expected`; one in the past is as warm as one of today.
  [[nodiscard]] const Grade& GradeOf(Day expected, Day today, std::string_view brand = "default") const;
  // BR-77 to BR-80: the tier of a customer who bought for so much within a year.
  [[nodiscard]] const Tier& TierOf(int64_t yearly_fen) const;

  [[nodiscard]] const std::vector<std::string>& vague_positions() const { return vague_positions_; }  // normalised
  [[nodiscard]] const std::vector<std::string>& generic_needs() const { return generic_needs_; }      // longest first
  [[nodiscard]] int need_least() const { return need_least_; }
  [[nodiscard]] int refresh_months() const { return refresh_months_; }
  [[nodiscard]] const SpotCheckPolicy& spot_checks() const { return spot_checks_; }
  [[nodiscard]] const std::map<std::string, GradeScheme, std::less<>>& schemes() const { return schemes_; }
  [[nodiscard]] const std::vector<Tier>& tiers() const { return tiers_; }

 private:
  std::map<std::string, GradeScheme, std::less<>> schemes_;
  std::vector<Tier> tiers_;
  std::vector<std::string> vague_positions_;
  std::vector<std::string> generic_needs_;
  int need_least_ = 0;
  int refresh_months_ = 1;
  SpotCheckPolicy spot_checks_;
};

// A text as it is compared: letters and digits only, in lower case. Pure.
[[nodiscard]] std::string Plain(std::string_view text);

}  // namespace dealpace::leads
