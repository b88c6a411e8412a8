#include "leads/policy.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cmath>

#include "base/toml.h"
#include "catalog/embedded.h"

namespace dealpace::leads {
namespace {

std::vector<std::string> Words(const toml::node_view<const toml::node>& node) {
  std::vector<std::string> words;
  const toml::array* list = node.as_array();
  if (list == nullptr) return words;
  for (const toml::node& word : *list) {
    if (const auto text = word.value<std::string>()) words.push_back(Plain(*text));
  }
  return words;
}

std::optional<int> Whole(const toml::table& table, std::string_view key) {
  const auto number = table[key].value<int64_t>();
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

std::string Plain(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const char32_t c = NextCodePoint(text);
    if (!u_isalnum(static_cast<UChar32>(c))) continue;
    const UChar32 lower = u_tolower(static_cast<UChar32>(c));
    char bytes[U8_MAX_LENGTH];
    int32_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, lower);
    plain.append(bytes, static_cast<size_t>(length));
  }
  return plain;
}

const Policy& Policy::Get() {
  static const Policy kPolicy = [] {
    std::string_view grades;
    std::string_view capture;
    for (const EmbeddedFile& file : catalog::EmbeddedFiles()) {
      if (file.name == "grades.toml") grades = file.content;
      if (file.name == "capture.toml") capture = file.content;
    }
    return Policy(grades, capture);
  }();
  return kPolicy;
}

Policy::Policy(std::string_view grades_toml, std::string_view capture_toml) {
  if (const toml::parse_result parsed = toml::parse(grades_toml)) {
    const toml::table& root = parsed.table();
    if (const toml::table* schemes = root["scheme"].as_table()) {
      for (const auto& [name, node] : *schemes) {
        const toml::array* grades = node.is_table() ? (*node.as_table())["grades"].as_array() : nullptr;
        if (grades == nullptr) continue;
        GradeScheme& scheme = schemes_[std::string(name.str())];
        for (const toml::node& entry : *grades) {
          if (!entry.is_table()) continue;
          const toml::table& grade = *entry.as_table();
          scheme.push_back({grade["code"].value_or(std::string()),
                            grade["means"].value_or(std::string()),
                            {grade["en"].value_or(std::string()), grade["zh"].value_or(std::string())},
                            Whole(grade, "months"),
                            Whole(grade, "days")});
        }
      }
    }
    if (const toml::array* tiers = root["tier"].as_array()) {
      for (const toml::node& entry : *tiers) {
        if (!entry.is_table()) continue;
        const toml::table& tier = *entry.as_table();
        tiers_.push_back({tier["code"].value_or(std::string()), tier["owner"].value_or(std::string()),
                          tier["yearly"].value_or(int64_t{0}) * 100});
      }
    }
  }
  // So that there is always an answer.
  if (schemes_["default"].empty()) schemes_["default"].push_back({"low", "low", {"Low", "低意向"}, {}, {}});
  if (tiers_.empty()) tiers_.push_back({"ordinary", "", 0});
  if (const toml::parse_result parsed = toml::parse(capture_toml)) {
    const toml::table& root = parsed.table();
    vague_positions_ = Words(root["position"]["vague"]);
    generic_needs_ = Words(root["need"]["generic"]);
    need_least_ = root["need"]["least"].value_or(0);
    refresh_months_ = root["validity"]["refresh_months"].value_or(1);
    spot_checks_.share = root["spot_check"]["share"].value_or(spot_checks_.share);
    spot_checks_.least = root["spot_check"]["least"].value_or(spot_checks_.least);
    spot_checks_.goal = root["spot_check"]["goal"].value_or(spot_checks_.goal);
    spot_checks_.coaching_days = root["spot_check"]["coaching_days"].value_or(spot_checks_.coaching_days);
  }
  std::stable_sort(generic_needs_.begin(), generic_needs_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

const GradeScheme& Policy::Scheme(std::string_view brand) const {
  const auto it = schemes_.find(brand);
  return it == schemes_.end() || it->second.empty() ? schemes_.find("default")->second : it->second;
}

const Grade& Policy::GradeOf(Day expected, Day today, std::string_view brand) const {
  const GradeScheme& scheme = Scheme(brand);
  for (const Grade& grade : scheme) {
    if (grade.months && expected <= AddMonths(today, *grade.months)) return grade;
    if (grade.days && expected <= today + *grade.days) return grade;
  }
  return scheme.back();
}

const Tier& Policy::TierOf(int64_t yearly_fen) const {
  for (const Tier& tier : tiers_) {
    if (yearly_fen >= tier.yearly_fen) return tier;
  }
  return tiers_.back();
}

int64_t SpotCheckPolicy::SampleOf(int64_t files) const {
  const auto part = static_cast<int64_t>(std::ceil(static_cast<double>(files) * share - 1e-9));
  return std::min(files, std::max(part, least));
}

}  // namespace dealpace::leads
