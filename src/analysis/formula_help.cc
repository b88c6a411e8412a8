#include "analysis/formula_help.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "exchange/print.h"
#include "kpi/formula.h"
#include "kpi/handbook.h"
#include "kpi/program.h"

namespace dealpace::analysis {
namespace {

using kpi::Node;

// ---- Checking ----

// The first condition of the formula that names no member.
std::optional<Error> UnknownMember(const MemberNames& members, const Node& node) {
  for (const auto& child : node.children) {
    if (auto error = UnknownMember(members, *child)) return error;
  }
  for (const kpi::FormulaFilter& filter : node.filters) {
    const auto dim = ParseDim(filter.dim);
    if (!dim) continue;
    for (const std::string& value : filter.values) {
      if (members.Knows(*dim, value)) continue;
      std::vector<std::string> known;
      for (const MemberName& member : members.All(*dim)) known.push_back(member.text);
      const std::string closest = ClosestWord(value, known);
      return Error(closest.empty() ? "unknown_member" : "unknown_member_suggest")
          .With("dimension", filter.dim)
          .With("name", value)
          .With("suggestion", closest)
          .With("position", filter.position);
    }
  }
  return std::nullopt;
}

// ---- Where the caret stands ----

// White space and operators that are more than one byte.
bool IsSign(char32_t c) { return c == U'×' || c == U'÷' || c == U'−' || c == U'\u00A0' || c == U'\u3000'; }
bool IsBlank(char32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == U'\u00A0' || c == U'\u3000'; }
bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
// What a word is made of while it is being typed: names, and the Chinese that looks for one.
bool IsWord(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || (c > 0x7F && !IsSign(c));
}

std::string Utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18));
      out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

struct Spot {
  enum class Wants { kNothing, kFigure, kDimension, kMember, kWordOf };
  Wants wants = Wants::kNothing;
  std::string word;         // typed so far, in lower case
  int from = 0;             // characters before it
  Dim dim{};                // kMember
  std::string function;     // kWordOf: mean or done
  bool in_balance = false;  // inside opening, closing or average
};

// A bracket that is open at the caret.
struct Open {
  char32_t bracket = 0;
  std::string function;  // the name in front of a round one
  int commas = 0;        // passed since
  size_t at = 0;
};

Spot SpotAt(const std::u32string& text) {
  std::vector<Open> open;
  bool quoted = false;
  size_t part = 0;  // where the condition, or its value, begins that the caret may stand in
  bool in_value = false;
  std::string dim;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool in_condition = !open.empty() && open.back().bracket == '[';
    if (c == '"' && in_condition) {
      quoted = !quoted;
    } else if (quoted) {
      continue;
    } else if (in_condition && !in_value && c == '=') {
      std::u32string name = text.substr(part, i - part);
      std::erase_if(name, IsBlank);
      dim = Utf8(name);
      in_value = true;
      part = i + 1;
    } else if (in_condition && in_value && c == '|') {
      part = i + 1;
    } else if (in_condition && c == ',') {
      in_value = false;
      part = i + 1;
    } else if (in_condition && c == ']') {
      open.pop_back();
      in_value = false;
    } else if (!in_condition && c == '[') {
      open.push_back({c, {}, 0, i});
      in_value = false;
      part = i + 1;
    } else if (!in_condition && c == '(') {
      size_t name = i;
      while (name > 0 && IsBlank(text[name - 1])) --name;
      const size_t end = name;
      while (name > 0 && IsWord(text[name - 1])) --name;
      open.push_back({c, Utf8(text.substr(name, end - name)), 0, i});
    } else if (!in_condition && c == ')' && !open.empty()) {
      open.pop_back();
    } else if (!in_condition && c == ',' && !open.empty()) {
      ++open.back().commas;
    }
  }

  Spot spot;
  if (!open.empty() && open.back().bracket == '[') {
    while (part < text.size() && IsBlank(text[part])) ++part;
    std::u32string word = text.substr(part);
    spot.from = static_cast<int>(part);
    if (in_value) {
      const auto parsed = ParseDim(dim);
      if (!parsed) return spot;
      spot.dim = *parsed;
      spot.wants = Spot::Wants::kMember;
      if (!word.empty() && word.front() == '"') {
        if (!quoted) return Spot{};  // the value is finished
        word.erase(0, 1);
      }
    } else {
      spot.wants = Spot::Wants::kDimension;
    }
    spot.word = ToLower(Utf8(word));
    return spot;
  }

  size_t from = text.size();
  while (from > 0 && IsWord(text[from - 1])) --from;
  if (from < text.size() && (IsDigit(text[from]) || (from > 0 && text[from - 1] == '.'))) return spot;  // a number
  spot.word = ToLower(Utf8(text.substr(from)));
  spot.from = static_cast<int>(from);
  size_t before = from;
  while (before > 0 && IsBlank(text[before - 1])) --before;
  const char32_t last = before > 0 ? text[before - 1] : 0;
  if (last == ')' || last == ']' || last == '.' || last == '"' || (last != 0 && IsWord(last))) return spot;
  for (const Open& bracket : open) {
    spot.in_balance |= bracket.function == "opening" || bracket.function == "closing" || bracket.function == "average";
  }
  spot.wants = Spot::Wants::kFigure;
  if (!open.empty()) {
    const Open& inner = open.back();
    if (inner.function == "share" && inner.commas == 1) spot.wants = Spot::Wants::kDimension;
    if (inner.function == "scorecard") spot.wants = Spot::Wants::kNothing;
    if (inner.function == "mean" || inner.function == "done") {
      spot.wants = Spot::Wants::kWordOf;
      spot.function = inner.function;
    }
  }
  return spot;
}

// ---- What fits there ----

constexpr int kNoFit = 9;

// How well a thing fits the word: 0 best.
int Fit(const std::string& word, std::string_view id, const Bilingual& name, const std::vector<std::string>& also) {
  if (word.empty()) return 0;
  const std::string low = ToLower(id);
  if (low.starts_with(word)) return 0;
  for (size_t at = low.find('_'); at != std::string::npos; at = low.find('_', at + 1)) {
    if (std::string_view(low).substr(at + 1).starts_with(word)) return 1;
  }
  if (ToLower(name.en).find(word) != std::string::npos || ToLower(name.zh).find(word) != std::string::npos) return 2;
  const bool other = std::any_of(
      also.begin(), also.end(), [&](const std::string& text) { return ToLower(text).find(word) != std::string::npos; });
  return other ? 3 : kNoFit;
}

class Ranked {
 public:
  explicit Ranked(const Spot& spot) : spot_(spot) {}

  void Offer(Completion::Kind kind, std::string_view id, std::string text, const Bilingual& name,
             const std::vector<std::string>& also = {}) {
    const int fit = Fit(spot_.word, id, name, also);
    if (fit == kNoFit) return;
    // Shorter names first; before anything is typed, in the order of the catalogue.
    const size_t rank = spot_.word.empty() ? found_.size() : id.size();
    found_.push_back({fit, rank, std::string(id), {kind, std::move(text), name, spot_.from}});
  }

  std::vector<Completion> Best() {
    const auto order = [](const Found& a, const Found& b) {
      return std::tuple(a.fit, a.completion.kind, a.rank, std::string_view(a.id)) <
             std::tuple(b.fit, b.completion.kind, b.rank, std::string_view(b.id));
    };
    std::sort(found_.begin(), found_.end(), order);
    if (found_.size() > kCompletionsMax) found_.resize(kCompletionsMax);
    std::vector<Completion> best;
    for (Found& found : found_) best.push_back(std::move(found.completion));
    return best;
  }

 private:
  struct Found {
    int fit = 0;
    size_t rank = 0;
    std::string id;
    Completion completion;
  };
  const Spot& spot_;
  std::vector<Found> found_;
};

// A member as a condition writes it; nothing when it cannot be written.
std::optional<std::string> AsValue(const std::string& text) {
  const bool plain = text.find_first_of(" ,|[]()=\"\t\n\r") == std::string::npos && Trim(text) == text;
  if (plain && !text.empty()) return text;
  if (text.empty() || text.find('"') != std::string::npos) return std::nullopt;
  return '"' + text + '"';
}

void OfferFigures(const catalog::Catalog& catalog, const Spot& spot, Ranked& ranked) {
  using Kind = Completion::Kind;
  for (const catalog::Kpi& kpi : catalog.kpis()) {
    if (spot.in_balance) break;  // a balance only
    ranked.Offer(Kind::kKpi, kpi.id, kpi.parameter.empty() ? kpi.id : kpi.id + "(", kpi.name, kpi.also);
  }
  for (const catalog::Measure& measure : catalog.measures()) {
    if (spot.in_balance && !measure.balance) continue;
    const bool wrapped = measure.balance && !spot.in_balance;
    ranked.Offer(Kind::kMeasure, measure.id, wrapped ? "closing(" + measure.id + ")" : measure.id, measure.name);
  }
  for (const kpi::FormulaFunction& function : kpi::FormulaFunctions()) {
    ranked.Offer(Kind::kFunction, function.name, function.name + "(", function.meaning);
  }
}

}  // namespace

std::string_view KindName(Completion::Kind kind) {
  switch (kind) {
    case Completion::Kind::kKpi: return "kpi";
    case Completion::Kind::kMeasure: return "measure";
    case Completion::Kind::kFunction: return "function";
    case Completion::Kind::kDimension: return "dimension";
    case Completion::Kind::kMember: return "member";
  }
  return {};
}

FormulaCheck CheckFormula(const catalog::Catalog& catalog, const MemberNames& members, std::string_view formula,
                          std::optional<catalog::Unit> unit) {
  FormulaCheck check;
  const auto fail = [&](const Error& error) {
    check.error = error;
    int position = 0;
    const std::string_view text = error.Arg("position");
    if (std::from_chars(text.data(), text.data() + text.size(), position).ec == std::errc()) check.position = position;
    return check;
  };
  const auto node = kpi::ParseFormula(formula);
  if (!node.ok()) return fail(node.error());
  for (const std::string& name : kpi::NamesIn(**node)) {
    if (catalog.FindKpi(name) >= 0 || catalog.FindMeasure(name) >= 0) check.uses.push_back(name);
  }
  kpi::Program program(catalog);
  if (const Status status = program.Add({"", std::string(formula)}); !status.ok()) return fail(status.error());
  if (const auto error = UnknownMember(members, **node)) return fail(*error);
  const kpi::Program::Column& column = program.columns().front();
  check.unit = column.unit;
  if (unit && !kpi::Fits(column.units, *unit)) {
    return fail(Error("own_kpi_unit_mismatch")
                    .With("unit", catalog::UnitName(*unit))
                    .With("found", kpi::Describe(column.units, Language::kEnglish))
                    .With("unit_zh", kpi::UnitTitle(*unit, Language::kChinese))
                    .With("found_zh", kpi::Describe(column.units, Language::kChinese)));
  }
  return check;
}

std::vector<Completion> Complete(const catalog::Catalog& catalog, const MemberNames& members, std::string_view formula,
                                 size_t caret) {
  std::u32string before;
  while (before.size() < caret && !formula.empty()) before += NextCodePoint(formula);
  const Spot spot = SpotAt(before);
  Ranked ranked(spot);
  switch (spot.wants) {
    case Spot::Wants::kNothing: break;
    case Spot::Wants::kFigure: OfferFigures(catalog, spot, ranked); break;
    case Spot::Wants::kDimension:
      for (const std::string_view dim : kDimNames) {
        ranked.Offer(Completion::Kind::kDimension, dim, std::string(dim),
                     {exchange::DimTitle(dim, Language::kEnglish), exchange::DimTitle(dim, Language::kChinese)});
      }
      break;
    case Spot::Wants::kMember:
      for (const MemberName& member : members.All(spot.dim)) {
        if (auto value = AsValue(member.text)) {
          ranked.Offer(Completion::Kind::kMember, member.text, *std::move(value), member.name);
        }
      }
      break;
    case Spot::Wants::kWordOf: {
      const int measure = catalog.FindMeasure(spot.function == "mean" ? "rating_cnt" : "task_due_cnt");
      if (measure < 0) break;
      const int event = catalog.measures()[static_cast<size_t>(measure)].event;
      const std::string& id = catalog.events()[static_cast<size_t>(event)].id;
      for (const catalog::CodeList& list : catalog.lists()) {
        if (std::find(list.events.begin(), list.events.end(), id) == list.events.end()) continue;
        for (const catalog::Code& code : list.codes) {
          ranked.Offer(Completion::Kind::kMember, code.code, code.code, code.name, code.synonyms);
        }
      }
      break;
    }
  }
  return ranked.Best();
}

}  // namespace dealpace::analysis
