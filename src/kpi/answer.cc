#include "kpi/answer.h"

#include <algorithm>
#include <charconv>

#include "kpi/asking.h"

namespace dealpace::kpi {

Result<int> ParseWithin(std::string_view text) {
  std::string_view digits = text;
  if (digits.ends_with('d')) digits.remove_suffix(1);
  int days = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), days);
  if (problem != std::errc() || end != digits.data() + digits.size() || days < 0 || digits.size() > 5) {
    return Error("bad_within").With("text", text);
  }
  return days;
}

std::vector<int64_t> FindMembers(const catalog::Catalog& catalog, const facts::OrgView& org, Dim dim,
                                 std::string_view text) {
  std::vector<int64_t> ids = org.Labelled(dim, text);
  const auto coded = org.codes[static_cast<size_t>(dim)].equal_range(std::string(text));
  for (auto it = coded.first; it != coded.second; ++it) ids.push_back(it->second);
  if (ids.empty()) {
    if (const catalog::Code* code = catalog.FindCode(dim, text)) {
      ids = org.Labelled(dim, code->code);
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Result<Answer> Engine::Ask(const Question& question) {
  return internal::Asking(catalog_, facts_, programs_, targets_, scorecards_, question).Run();
}

}  // namespace dealpace::kpi
