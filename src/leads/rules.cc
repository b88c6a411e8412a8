#include "leads/rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "access/masking.h"
#include "base/text.h"
#include "catalog/text_rules.h"

namespace dealpace::leads {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// ---- Numbers that must not be written down (BR-58) ----

// Full-width digits as plain ones; the rest as it is.
std::string WithPlainDigits(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    std::string_view rest = text;
    const char32_t c = NextCodePoint(rest);
    if (c >= U'０' && c <= U'９') {
      plain += static_cast<char>('0' + (c - U'０'));
    } else {
      plain.append(text.substr(0, text.size() - rest.size()));
    }
    text = rest;
  }
  return plain;
}

bool IsLuhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    int digit = *it - '0';
    if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool IsDate(std::string_view year, std::string_view month, std::string_view day) {
  const auto number = [](std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  return FromCivil(number(year), number(month), number(day)).has_value();
}

// GB 11643: region, birthday, sequence, checksum.
bool IsIdNumber(std::string_view text) {
  if (text.size() == 15) {
    return text[0] >= '1' && text[0] <= '8' &&
           IsDate("19" + std::string(text.substr(6, 2)), text.substr(8, 2), text.substr(10, 2));
  }
  if (text.size() != 18 || !IsDate(text.substr(6, 4), text.substr(10, 2), text.substr(12, 2))) return false;
  constexpr std::array<int, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += (text[i] - '0') * kWeights[i];
  return text[17] == "10X98765432"[sum % 11];
}

bool IsMobileWithCode(std::string_view digits) {
  return (digits.starts_with("861") && digits.size() == 13) || (digits.starts_with("00861") && digits.size() == 15);
}

// A run of digits as people write it: "6222 0212-3456 7890"; an X may end it.
struct Digits {
  std::string text;
  std::vector<size_t> groups;  // where each begins
};

std::vector<Digits> DigitRuns(std::string_view text) {
  std::vector<Digits> runs;
  bool joined = false;  // the last character may stand between two groups
  bool in_group = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsDigit(c)) {
      if (!in_group) {
        if (!joined || runs.empty()) runs.emplace_back();
        runs.back().groups.push_back(runs.back().text.size());
      }
      runs.back().text += c;
      in_group = true;
      joined = false;
    } else {
      if (in_group && (c == 'x' || c == 'X')) runs.back().text += 'X';
      joined = in_group && (c == ' ' || c == '-');
      in_group = false;
    }
  }
  return runs;
}

// What of a run, from the beginning of a group to the end of a group, is a number of the kind.
template <typename Is>
bool HasPart(const Digits& run, size_t group_least, size_t group_most, const Is& is) {
  const auto end_of = [&](size_t group) {
    return group + 1 < run.groups.size() ? run.groups[group + 1] : run.text.size();
  };
  for (size_t first = 0; first < run.groups.size(); ++first) {
    bool fits = true;
    for (size_t last = first; last < run.groups.size(); ++last) {
      const size_t size = end_of(last) - run.groups[last];
      fits = fits && size >= group_least && size <= group_most;
      if (last > first && !fits) break;
      if (is(std::string_view(run.text).substr(run.groups[first], end_of(last) - run.groups[first]))) return true;
    }
  }
  return false;
}

// ---- Budgets ----

// Takes a figure off the front, "15", "15.5万", "200,000元", in fen; its unit apart. Nothing when none stands there.
struct Figure {
  double number = 0;
  bool ten_thousands = false;
};

std::string_view WithoutBlanks(std::string_view text, std::string& kept) {
  kept.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ' && text[i] != ',') kept += text[i];
  }
  kept = ReplaceAll(ReplaceAll(ReplaceAll(kept, "，", ""), "　", ""), "人民币", "");
  return kept;
}

bool Take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool TakeAny(std::string_view& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return Take(text, word); });
}

std::optional<Figure> TakeFigure(std::string_view& text) {
  TakeAny(text, {"¥", "￥"});
  size_t size = 0;
  while (size < text.size() && (IsDigit(text[size]) || text[size] == '.')) ++size;
  Figure figure;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + size, figure.number);
  if (size == 0 || problem != std::errc() || end != text.data() + size || figure.number > 1e9) return std::nullopt;
  text.remove_prefix(size);
  figure.ten_thousands = TakeAny(text, {"万元", "万", "w", "W"});
  if (!figure.ten_thousands) TakeAny(text, {"元", "块"});
  return figure;
}

int64_t Fen(const Figure& figure) { return std::llround(figure.number * (figure.ten_thousands ? 1'000'000 : 100)); }

size_t Characters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) (void)NextCodePoint(text);
  return count;
}

std::string MaskedValue(Mask mask, const std::string& value) {
  switch (mask) {
    case Mask::kNone: return value;
    case Mask::kName: return access::MaskName(value);
    case Mask::kPhone: return access::MaskPhone(value);
    case Mask::kPlate: return access::MaskPlate(value);
    case Mask::kVin: return access::MaskVin(value);
    case Mask::kAll: break;
  }
  return access::MaskAll(value);
}

Status CheckVin(const std::string& vin) {
  const bool fits = vin.size() == 17 && vin.find_first_of("IOQ") == std::string::npos;
  return fits ? Status() : Error("vin_bad");
}

// A field of its own meaning; others are any text.
Result<std::string> CleanValue(const Field& field, std::string value, const Policy& policy) {
  if (field.mask == Mask::kName) {
    // What came masked must not be stored over what it masks.
    if (value.find('*') != std::string::npos || Plain(value).empty()) return Error("name_bad").With("field", field.id);
  } else if (field.mask == Mask::kPhone) {
    if (access::NormalPhone(value).empty()) return Error("phone_bad").With("field", field.id);
    return value;
  } else if (field.mask == Mask::kPlate) {
    value = access::NormalPlate(value);
    const size_t characters = Characters(value);
    if (characters < 5 || characters > 10) return Error("plate_bad");
    return value;
  } else if (field.mask == Mask::kVin) {
    value = access::NormalPlate(value);
    RETURN_IF_ERROR(CheckVin(value));
    return value;
  } else if (field.id == "birthday") {
    if (!ParseDay(value)) return Error("field_day_bad").With("field", field.id).With("value", value);
    return value;
  } else if (field.id == "sex") {
    if (value != "female" && value != "male") {
      return Error("field_choice").With("field", field.id).With("choices", "female, male");
    }
  } else if (field.id == "position") {
    RETURN_IF_ERROR(CheckPosition(value, policy));
  }
  RETURN_IF_ERROR(CheckNoForbiddenNumber(field.id, value));
  return value;
}

}  // namespace

// ---- The record of a customer ----

std::string_view KindName(Kind kind) { return kind == Kind::kPerson ? "person" : "company"; }
std::optional<Kind> ParseKind(std::string_view name) {
  if (name == "person") return Kind::kPerson;
  if (name == "company") return Kind::kCompany;
  return std::nullopt;
}

const std::vector<Field>& Fields() {
  constexpr bool kYes = true;
  constexpr bool kNo = false;
  using G = Group;
  using M = Mask;
  //   id               group           mask      person company counted characters
  static const std::vector<Field> kFields = {
      {"name", G::kBasic, M::kName, kYes, kYes, kYes, 120},
      {"phone", G::kBasic, M::kPhone, kYes, kYes, kYes, 40},
      {"phone2", G::kBasic, M::kPhone, kYes, kYes, kNo, 40},
      {"sex", G::kBasic, M::kNone, kYes, kNo, kYes, 10},
      {"birthday", G::kBasic, M::kAll, kYes, kNo, kYes, 10},
      {"address", G::kBasic, M::kAll, kYes, kYes, kYes, 300},
      {"contact", G::kBasic, M::kName, kNo, kYes, kYes, 120},
      {"position", G::kBasic, M::kNone, kNo, kYes, kYes, 120},
      {"plate", G::kBasic, M::kPlate, kYes, kYes, kNo, 20},
      {"vin", G::kBasic, M::kVin, kYes, kYes, kNo, 40},
      {"occupation", G::kBackground, M::kNone, kYes, kNo, kYes, 120},
      {"family", G::kBackground, M::kNone, kYes, kNo, kYes, 300},
      {"income", G::kBackground, M::kNone, kYes, kNo, kYes, 120},
      {"industry", G::kBackground, M::kNone, kNo, kYes, kYes, 120},
      {"size", G::kBackground, M::kNone, kNo, kYes, kYes, 120},
      {"current_car", G::kBackground, M::kNone, kYes, kYes, kYes, 120},
      {"interests", G::kTraits, M::kNone, kYes, kNo, kYes, 300},
      {"concerns", G::kTraits, M::kNone, kYes, kYes, kYes, 300},
      {"decision_role", G::kTraits, M::kNone, kYes, kYes, kYes, 120},
      {"use", G::kPurchase, M::kNone, kYes, kYes, kYes, 300},
      {"payment", G::kPurchase, M::kNone, kYes, kYes, kYes, 120},
      {"rivals", G::kPurchase, M::kNone, kYes, kYes, kYes, 300},
  };
  return kFields;
}

const Field* FindField(std::string_view id) {
  const auto& fields = Fields();
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.id == id; });
  return it == fields.end() ? nullptr : &*it;
}

Result<Record> CleanRecord(Kind kind, const Record& record, const Policy& policy) {
  Record clean;
  for (const auto& [id, text] : record) {
    const Field* field = FindField(id);
    if (field == nullptr || !Has(*field, kind)) return Error("field_unknown").With("field", id);
    ASSIGN_OR_RETURN(std::string line, catalog::LineOfText(id, text, field->characters_max));
    if (line.empty()) continue;
    ASSIGN_OR_RETURN(clean[id], CleanValue(*field, std::move(line), policy));
  }
  return clean;
}

Status CheckCapture(const Record& record) {
  std::vector<std::string> missing;
  for (const char* field : {"name", "phone"}) {
    if (!record.contains(field)) missing.emplace_back(field);
  }
  if (missing.empty()) return {};
  return Error("capture_incomplete").With("missing", Join(missing, ", "));
}

Record Masked(const Record& record) {
  Record masked = record;
  for (auto& [id, value] : masked) {
    const Field* field = FindField(id);
    value = MaskedValue(field == nullptr ? Mask::kAll : field->mask, value);
  }
  return masked;
}

std::array<Completeness, 4> CompletenessOf(Kind kind, const Record& record, const PurchaseKnown& known) {
  std::array<Completeness, 4> groups;
  for (const Field& field : Fields()) {
    if (!field.counted || !Has(field, kind)) continue;
    Completeness& group = groups[static_cast<size_t>(field.group)];
    ++group.of;
    if (record.contains(field.id)) ++group.filled;
  }
  Completeness& purchase = groups[static_cast<size_t>(Group::kPurchase)];
  for (const bool filled : {known.model, known.budget, known.timing}) {
    ++purchase.of;
    if (filled) ++purchase.filled;
  }
  return groups;
}

// ---- What is written about a prospect ----

Status CheckNeed(std::string_view need, const Policy& policy) {
  std::string left = Plain(need);
  for (const std::string& word : policy.generic_needs()) left = ReplaceAll(left, word, "");
  return static_cast<int>(Characters(left)) < policy.need_least() ? Status(Error("need_generic")) : Status();
}

Status CheckPosition(std::string_view position, const Policy& policy) {
  const auto& vague = policy.vague_positions();
  const bool is_vague = std::find(vague.begin(), vague.end(), Plain(position)) != vague.end();
  return is_vague || Plain(position).empty() ? Status(Error("position_vague").With("text", position)) : Status();
}

namespace {

Error ForbiddenNumber(std::string_view field, std::string_view what, std::string_view zh) {
  return Error("number_forbidden").With("field", field).With("what", what).With("what_zh", zh);
}

}  // namespace

Status CheckNoIdentityNumber(std::string_view field, std::string_view text) {
  for (const Digits& run : DigitRuns(WithPlainDigits(text))) {
    if (HasPart(run, 3, 8, [](std::string_view part) { return part.size() == 18 && IsIdNumber(part); }) ||
        HasPart(run, 15, 15, IsIdNumber)) {
      return ForbiddenNumber(field, "an identity card", "身份证");
    }
  }
  return {};
}

Status CheckNoForbiddenNumber(std::string_view field, std::string_view text) {
  RETURN_IF_ERROR(CheckNoIdentityNumber(field, text));
  for (const Digits& run : DigitRuns(WithPlainDigits(text))) {
    const auto is_card = [](std::string_view part) {
      return part.size() >= 13 && part.size() <= 19 && part.back() != 'X' && !IsMobileWithCode(part) && IsLuhn(part);
    };
    if (HasPart(run, 3, 6, is_card)) return ForbiddenNumber(field, "a bank card", "银行卡");
  }
  return {};
}

Result<Budget> ParseBudget(std::string_view text) {
  const Error bad = Error("budget_no_range").With("text", text.substr(0, 60));
  std::string kept;
  std::string_view rest = WithoutBlanks(text, kept);
  const bool at_least = TakeAny(rest, {">=", "≥", ">", "不低于", "至少", "from"});
  const bool at_most = !at_least && TakeAny(rest, {"<=", "≤", "<", "不超过", "最多", "upto"});
  auto first = TakeFigure(rest);
  if (!first) return bad;
  Budget budget;
  if (at_least || at_most) {
    (at_least ? budget.least_fen : budget.most_fen) = Fen(*first);
  } else if (TakeAny(rest, {"以上", "起", "+"})) {
    budget.least_fen = Fen(*first);
  } else if (TakeAny(rest, {"以内", "以下", "之内"})) {
    budget.most_fen = Fen(*first);
  } else {
    if (!TakeAny(rest, {"-", "~", "～", "—", "–", "－", "至", "到", "to"})) return bad;
    const auto last = TakeFigure(rest);
    if (!last) return bad;
    // "15-20万": the unit stands once, behind both.
    if (last->ten_thousands && first->number < 10'000) first->ten_thousands = true;
    budget = {Fen(*first), Fen(*last)};
    if (budget.least_fen >= budget.most_fen) return bad;
  }
  return rest.empty() ? Result<Budget>(budget) : bad;
}

std::vector<std::string_view> InvalidBecause(const LeadCheck& check) {
  std::vector<std::string_view> reasons;
  if (check.duplicate) reasons.emplace_back("duplicate");
  if (!check.number_works.value_or(false)) reasons.emplace_back("number");
  if (!check.has_name) reasons.emplace_back("name");
  if (!check.has_contact) reasons.emplace_back("contact");
  if (!check.has_need) reasons.emplace_back("need");
  return reasons;
}

bool RefreshDue(Day confirmed, Day today, const Policy& policy) {
  return AddMonths(confirmed, policy.refresh_months()) < today;
}

// ---- States ----

std::string_view StatusName(CustomerStatus status) {
  switch (status) {
    case CustomerStatus::kUnknown: return "unknown";
    case CustomerStatus::kPotential: return "potential";
    case CustomerStatus::kActual: break;
  }
  return "actual";
}

std::string_view LifecycleName(Lifecycle stage) {
  switch (stage) {
    case Lifecycle::kPotential: return "potential";
    case Lifecycle::kNew: return "new";
    case Lifecycle::kMature: return "mature";
    case Lifecycle::kChurned: break;
  }
  return "churned";
}

CustomerStatus StatusOf(const CustomerPast& past) {
  if (past.deals > 0) return CustomerStatus::kActual;
  return past.captured ? CustomerStatus::kPotential : CustomerStatus::kUnknown;
}

Lifecycle LifecycleOf(const CustomerPast& past, Day today) {
  constexpr int kYear = 12;
  if (past.deals == 0) return Lifecycle::kPotential;
  if (AddMonths(past.active, kYear) <= today) return Lifecycle::kChurned;
  const bool a_year = past.first_deal && AddMonths(*past.first_deal, kYear) <= today;
  return past.deals > 1 || a_year ? Lifecycle::kMature : Lifecycle::kNew;
}

std::string_view LeadStatusName(LeadStatus status) {
  constexpr std::array<std::string_view, 5> kNames = {"open", "won", "delivered", "lost", "suspended"};
  return kNames[static_cast<size_t>(status)];
}

std::optional<LeadStatus> ParseLeadStatus(std::string_view name) {
  for (const LeadStatus status :
       {LeadStatus::kOpen, LeadStatus::kWon, LeadStatus::kDelivered, LeadStatus::kLost, LeadStatus::kSuspended}) {
    if (LeadStatusName(status) == name) return status;
  }
  return std::nullopt;
}

bool MayMove(LeadStatus from, LeadStatus to) {
  switch (from) {
    case LeadStatus::kOpen: return to == LeadStatus::kWon || to == LeadStatus::kLost || to == LeadStatus::kSuspended;
    case LeadStatus::kSuspended: return to == LeadStatus::kOpen || to == LeadStatus::kLost;
    case LeadStatus::kWon: return to == LeadStatus::kDelivered || to == LeadStatus::kOpen || to == LeadStatus::kLost;
    case LeadStatus::kLost: return to == LeadStatus::kOpen;
    case LeadStatus::kDelivered: break;
  }
  return false;
}

}  // namespace dealpace::leads
