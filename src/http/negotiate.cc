#include "http/negotiate.h"

#include <charconv>
#include <string>

namespace dealpace::http {
namespace {

struct Choice {
  std::string name;     // in lower case
  double weight = 1.0;  // 0 to 1; 0 where it cannot be read
};

// Calls `visit` for each entry of a list such as "zh;q=0.9, en".
template <typename Visit>
void ForEachChoice(std::string_view header, Visit visit) {
  while (!header.empty()) {
    const size_t end = header.find(',');
    std::string_view entry = Trim(header.substr(0, end));
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    const size_t semicolon = entry.find(';');
    Choice choice{ToLower(Trim(entry.substr(0, semicolon)))};
    if (semicolon != std::string_view::npos) {
      const std::string parameter = ToLower(Trim(entry.substr(semicolon + 1)));
      if (parameter.starts_with("q=")) {
        const auto [rest, problem] =
            std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), choice.weight);
        if (problem != std::errc() || !(choice.weight >= 0 && choice.weight <= 1)) choice.weight = 0;
      }
    }
    if (!choice.name.empty()) visit(choice);
  }
}

}  // namespace

std::optional<Language> AcceptedLanguage(std::string_view header) {
  std::optional<Language> best;
  double best_weight = 0;
  ForEachChoice(header, [&](const Choice& choice) {
    const std::string primary = choice.name.substr(0, choice.name.find('-'));
    if (primary != "en" && primary != "zh") return;
    if (choice.weight <= best_weight) return;
    best_weight = choice.weight;
    best = primary == "zh" ? Language::kChinese : Language::kEnglish;
  });
  return best;
}

bool AcceptsCoding(std::string_view header, std::string_view coding) {
  std::optional<double> named;
  std::optional<double> any;
  ForEachChoice(header, [&](const Choice& choice) {
    if (choice.name == coding) named = choice.weight;
    if (choice.name == "*") any = choice.weight;
  });
  return named.value_or(any.value_or(0)) > 0;
}

}  // namespace dealpace::http
