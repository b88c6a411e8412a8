#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "exchange/column_meaning.h"
#include "exchange/header_words.h"

// What columns most likely mean, beyond the headers that are known by name.
namespace dealpace::exchange {
namespace {

constexpr Decimal kTenThousand{10'000, 0};

bool EndsWithAny(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

// Columns about the customer as a person: there is no place for them in the ledger.
bool IsPersonal(const std::string& normal) {
  for (const std::string_view word :
       {"手机", "电话", "联系方式", "微信", "身份证", "地址", "客户姓名", "客户名", "顾客", "车主", "phone", "mobile",
        "email", "customername", "address", "wechat"}) {
    if (normal.find(word) != std::string::npos) return true;
  }
  return false;
}

struct Stripped {
  std::string text;
  bool ten_thousand = false;
  bool unit = false;
};
// The header without the unit at its end: 成交价(万), 金额（元）, 成交金额/万元.
Stripped WithoutUnit(const std::string& normal) {
  struct Unit {
    std::string_view text;
    bool ten_thousand;
  };
  constexpr std::array<Unit, 6> kUnits = {
      {{"万元", true}, {"万", true}, {"元", false}, {"rmb", false}, {"cny", false}, {"台", false}}};
  for (const auto& [unit, ten_thousand] : kUnits) {
    for (const auto& [open, close] : std::array<std::pair<std::string_view, std::string_view>, 6>{
             {{"(", ")"}, {"（", "）"}, {"[", "]"}, {"【", "】"}, {"/", ""}, {"", ""}}}) {
      if (open.empty() && !ten_thousand) continue;  // 金额元 is no unit; 金额万 is
      const std::string end = std::string(open) + std::string(unit) + std::string(close);
      if (normal.size() > end.size() && normal.ends_with(end)) {
        return {normal.substr(0, normal.size() - end.size()), ten_thousand, true};
      }
    }
  }
  return {normal, false, false};
}

// The longest known word that the header ends with, or begins with, and its field. Short words fit too much.
std::optional<std::string> FieldResembling(const std::string& normal) {
  std::optional<std::string> best;
  size_t best_size = 0;
  for (const auto& [field, words] : FieldHeaders()) {
    for (const std::string_view word : words) {
      const std::string known = NormalHeader(word);
      const bool chinese = static_cast<unsigned char>(known[0]) >= 0x80;
      if (known.size() < (chinese ? 6U : 4U) || known.size() <= best_size) continue;
      if (!normal.ends_with(known) && !normal.starts_with(known)) continue;
      best = std::string(field);
      best_size = known.size();
    }
  }
  return best;
}

// The event whose name the text ends with.
std::string EventResembling(const std::string& stem, const catalog::Catalog& catalog) {
  for (size_t from = 0; from < stem.size(); ++from) {
    if ((static_cast<unsigned char>(stem[from]) & 0xC0) == 0x80) continue;
    const std::string end = stem.substr(from);
    if (end.size() < 4) break;
    std::string event = EventNamed(end, catalog);
    if (!event.empty()) return event;
  }
  return {};
}

bool IsYesOrNo(const std::string& cell) {
  static const std::set<std::string> kNo = {"否",    "无",    "没有",  "未", "不",     "×",      "✗",
                                            "✕",     "0",     "N",     "n",  "No",     "NO",     "no",
                                            "FALSE", "False", "false", "-",  "未试驾", "未成交", "未完成"};
  const auto& yes = YesWords();
  return kNo.contains(cell) || std::find(yes.begin(), yes.end(), cell) != yes.end();
}

class Guesser {
 public:
  Guesser(std::string_view kind, const std::vector<std::string>& headers,
          const std::vector<std::vector<std::string>>& samples, const catalog::Catalog& catalog)
      : kind_(kind), headers_(headers), samples_(samples), catalog_(catalog), guesses_(headers.size()) {}

  std::vector<ColumnGuess> Run() {
    const Mapping known = GuessMapping(kind_, headers_, catalog_);
    const MappingMeanings meanings = MeaningsOf(known, catalog_);
    std::set<std::string> seen;
    for (size_t i = 0; i < headers_.size(); ++i) {
      const auto it = meanings.meanings.find(headers_[i]);
      if (it == meanings.meanings.end() || !seen.insert(headers_[i]).second) continue;
      guesses_[i].meaning = it->second;
      if (it->second.role != Role::kNone) guesses_[i].sure = Sure::kRecognised;
    }
    if (kind_ == "events") {
      Dates();
      Flags();
      Amounts();
    }
    Fields();
    if (kind_ == "events") Reasons();
    return std::move(guesses_);
  }

 private:
  [[nodiscard]] bool Free(size_t i) const { return guesses_[i].meaning.role == Role::kNone; }
  [[nodiscard]] bool Taken(Role role) const {
    return std::any_of(guesses_.begin(), guesses_.end(),
                       [role](const ColumnGuess& guess) { return guess.meaning.role == role; });
  }
  [[nodiscard]] bool FieldTaken(const std::string& field) const {
    return std::any_of(guesses_.begin(), guesses_.end(), [&](const ColumnGuess& guess) {
      return guess.meaning.role == Role::kField && guess.meaning.field == field;
    });
  }
  [[nodiscard]] bool Recorded(const std::string& event) const {
    return std::any_of(guesses_.begin(), guesses_.end(), [&](const ColumnGuess& guess) {
      return (guess.meaning.role == Role::kEventAt || guess.meaning.role == Role::kEventFlag) &&
             guess.meaning.event == event;
    });
  }
  [[nodiscard]] bool Wide() const { return Taken(Role::kEventAt) || Taken(Role::kEventFlag); }
  void Confirm(size_t i, Meaning meaning, Bilingual why) {
    meaning.key = guesses_[i].meaning.key;
    guesses_[i] = {std::move(meaning), Sure::kConfirm, std::move(why)};
  }
  [[nodiscard]] const Bilingual& NameOf(const std::string& event) const {
    return catalog_.events()[static_cast<size_t>(catalog_.FindEvent(event))].name;
  }

  void Dates() {
    if (Taken(Role::kEvent)) return;
    for (size_t i = 0; i < headers_.size(); ++i) {
      const std::string stem = DateStem(NormalHeader(headers_[i]));
      if (!Free(i) || stem.empty()) continue;
      const std::string event = EventResembling(stem, catalog_);
      if (event.empty() || Recorded(event)) continue;
      Confirm(i, {.role = Role::kEventAt, .event = event},
              {"The header resembles “" + NameOf(event).en + "”: is this its date?",
               "列名接近“" + NameOf(event).zh + "”，这是它的日期吗？"});
    }
    if (Wide()) {
      KeyByLead();
      return;
    }
    // A date, but nothing says of what.
    for (size_t i = 0; i < headers_.size(); ++i) {
      if (guesses_[i].meaning.role != Role::kAt) continue;
      const std::string event = FieldTaken("lead") ? "captured" : "traffic";
      Confirm(i, {.role = Role::kEventAt, .event = event},
              {"The file does not say what happened on this day; is it “" + NameOf(event).en + "”?",
               "文件没有写明这一天发生了什么，是“" + NameOf(event).zh + "”吗？"});
      KeyByLead();
      break;
    }
  }

  void KeyByLead() {
    const bool keyed =
        std::any_of(guesses_.begin(), guesses_.end(), [](const ColumnGuess& guess) { return guess.meaning.key; });
    for (ColumnGuess& guess : guesses_) {
      if (!keyed && guess.meaning.role == Role::kField && guess.meaning.field == "lead") guess.meaning.key = true;
    }
  }

  void Flags() {
    size_t date = headers_.size();
    for (size_t i = headers_.size(); i-- > 0;) {
      if (guesses_[i].meaning.role == Role::kEventAt) date = i;
    }
    if (date == headers_.size()) return;
    for (size_t i = 0; i < headers_.size(); ++i) {
      if (!Free(i)) continue;
      std::string stem = NormalHeader(headers_[i]);
      bool asks = false;
      for (const std::string_view question : {"是否", "有无", "已", "is", "has"}) {
        if (!stem.starts_with(question)) continue;
        stem = stem.substr(question.size());
        asks = true;
        break;
      }
      for (const std::string_view question : {"？", "?", "与否"}) {
        if (!stem.ends_with(question)) continue;
        stem = stem.substr(0, stem.size() - question.size());
        asks = true;
      }
      const auto& cells = samples_[i];
      const bool answers = !cells.empty() && std::all_of(cells.begin(), cells.end(), IsYesOrNo);
      if (!answers && !(asks && cells.empty())) continue;
      std::string event = EventNamed(stem, catalog_);
      if (event.empty()) event = EventResembling(stem, catalog_);
      if (event.empty() || Recorded(event)) continue;
      Confirm(i, {.role = Role::kEventFlag, .event = event, .at = headers_[date]},
              {"“" + NameOf(event).en + "” is recorded where the cell says yes, dated by “" + headers_[date] + "”.",
               "写“是”的行记一次“" + NameOf(event).zh + "”，日期取“" + headers_[date] + "”。"});
    }
  }

  void Amounts() {
    for (size_t i = 0; i < headers_.size() && !Taken(Role::kAmount); ++i) {
      if (!Free(i)) continue;
      const Stripped header = WithoutUnit(NormalHeader(headers_[i]));
      if (!header.unit || !IsAmountWord(header.text)) continue;
      Meaning meaning{.role = Role::kAmount, .event = EventOfAmount(header.text)};
      if (!header.ten_thousand) {
        guesses_[i] = {std::move(meaning), Sure::kRecognised, std::nullopt};
        continue;
      }
      meaning.scale = kTenThousand;
      Confirm(i, std::move(meaning),
              {"The header says 万: every amount is multiplied by 10,000.", "列名带“万”：每个金额乘以 10,000。"});
    }
  }
  [[nodiscard]] static bool IsAmountWord(const std::string& text) {
    for (const auto& [field, words] : FieldHeaders()) {
      if (field != "amount") continue;
      for (const std::string_view word : words) {
        if (NormalHeader(word) == text) return true;
      }
    }
    return EndsWithAny(text, {"金额", "成交价", "车价", "总价", "销售额", "价格"});
  }
  // Of which event: the one that it names, else the order, where the file has it, else any.
  [[nodiscard]] std::string EventOfAmount(const std::string& text) const {
    for (const std::string_view end : {"金额", "价格", "总价", "价", "额"}) {
      if (!text.ends_with(end)) continue;
      std::string event = EventNamed(text.substr(0, text.size() - end.size()), catalog_);
      if (!event.empty() && Recorded(event)) return event;
    }
    return {};
  }

  void Fields() {
    for (size_t i = 0; i < headers_.size(); ++i) {
      const std::string normal = NormalHeader(headers_[i]);
      if (!Free(i) || IsPersonal(normal)) continue;
      const auto field = FieldResembling(normal);
      if (!field || *field == "at" || *field == "count" || *field == "event" || *field == "amount") continue;
      const std::vector<std::string> fields = FieldsOf(kind_);
      if (FieldTaken(*field) || std::find(fields.begin(), fields.end(), *field) == fields.end()) continue;
      if (*field == "measure" || *field == "value") continue;
      Confirm(i, {.role = Role::kField, .field = *field},
              {"The header only resembles a known one: check that it is this.", "列名只是接近，确认是否对应正确。"});
      if (*field == "lead" && Wide()) KeyByLead();
    }
  }

  // In a wide row a reason belongs to the event that has reasons: the loss.
  void Reasons() {
    for (ColumnGuess& guess : guesses_) {
      Meaning& meaning = guess.meaning;
      if (meaning.role != Role::kField || meaning.field != "reason" || !meaning.event.empty() || !Wide()) continue;
      if (Recorded("lost")) {
        meaning.event = "lost";
      } else {
        guess = {};
      }
    }
  }

  std::string_view kind_;
  const std::vector<std::string>& headers_;
  const std::vector<std::vector<std::string>>& samples_;
  const catalog::Catalog& catalog_;
  std::vector<ColumnGuess> guesses_;
};

}  // namespace

std::string_view SureName(Sure sure) {
  switch (sure) {
    case Sure::kRemembered: return "remembered";
    case Sure::kRecognised: return "recognised";
    case Sure::kConfirm: return "confirm";
    case Sure::kUnused: return "unused";
  }
  return {};
}

std::vector<ColumnGuess> GuessMeanings(std::string_view kind, const std::vector<std::string>& headers,
                                       const std::vector<std::vector<std::string>>& samples,
                                       const catalog::Catalog& catalog) {
  return Guesser(kind, headers, samples, catalog).Run();
}

Mapping MappingOfGuess(std::string_view kind, const std::vector<ColumnGuess>& guesses,
                       const std::vector<std::string>& headers, const catalog::Catalog& catalog) {
  Meanings meanings;
  for (size_t i = 0; i < headers.size() && i < guesses.size(); ++i) meanings.emplace(headers[i], guesses[i].meaning);
  return MappingOf(kind, meanings, headers, catalog);
}

}  // namespace dealpace::exchange
