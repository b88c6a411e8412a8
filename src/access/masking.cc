#include "access/masking.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace dealpace::access {
namespace {

constexpr size_t kShortest = 7;  // below it, nothing is shown

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Characters, not bytes.
std::vector<std::string_view> CharactersOf(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    std::string_view rest = text;
    (void)NextCodePoint(rest);
    characters.push_back(text.substr(0, text.size() - rest.size()));
    text = rest;
  }
  return characters;
}

// `head` characters, `stars`, `tail` characters.
std::string Show(const std::vector<std::string_view>& characters, size_t head, size_t stars, size_t tail) {
  std::string shown;
  for (size_t i = 0; i < head; ++i) shown += characters[i];
  shown.append(stars, '*');
  for (size_t i = characters.size() - tail; i < characters.size(); ++i) shown += characters[i];
  return shown;
}
std::string Show(const std::vector<std::string_view>& characters, size_t head, size_t tail) {
  if (characters.size() < kShortest) return std::string(characters.size(), '*');
  return Show(characters, head, characters.size() - head - tail, tail);
}

// Digits, with a + in front where there was one; empty when there is anything else than digits and what stands between
// them.
std::string DigitsOf(std::string_view phone) {
  std::string digits;
  for (const char c : Trim(phone)) {
    if (IsDigit(c) || (c == '+' && digits.empty())) {
      digits += c;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.' && c != '/') {
      return {};
    }
  }
  return digits;
}

// Without +86 or 0086 in front, where the number is Chinese by them.
std::string_view National(std::string_view digits) {
  for (const std::string_view code : {"+86", "0086"}) {
    if (digits.starts_with(code)) return digits.substr(code.size());
  }
  return digits;
}

bool IsMobile(std::string_view national) { return national.size() == 11 && national[0] == '1'; }
// Of a landline, with its 0: "021…" three digits, "0571…" four; 0 when it is none.
size_t AreaCode(std::string_view national) {
  if (national.size() < 10 || national.size() > 12 || national[0] != '0') return 0;
  return national[1] == '1' || national[1] == '2' ? 3 : 4;
}

}  // namespace

Status CheckRevealReason(std::string_view reason) {
  if (std::find(kRevealReasons.begin(), kRevealReasons.end(), reason) != kRevealReasons.end()) return {};
  return Error("field_choice").With("field", "reason").With("choices", "contact, contract, correct, request, check");
}

std::string MaskPhone(std::string_view phone) {
  const std::string digits = DigitsOf(phone);
  std::string national(National(digits));
  if (IsMobile(national)) return Show(CharactersOf(national), 3, 4);
  if (national.size() != digits.size() && !national.empty() && national[0] != '0') national.insert(0, 1, '0');
  if (const size_t area = AreaCode(national); area > 0) {
    const std::string rest = national.substr(area);
    return national.substr(0, area) + "-" + std::string(rest.size() - 2, '*') + rest.substr(rest.size() - 2);
  }
  return Show(CharactersOf(digits.empty() ? Trim(phone) : std::string_view(digits)), 0, 2);
}

std::string MaskIdNumber(std::string_view number) {
  const auto characters = CharactersOf(Trim(number));
  if (characters.size() != 15 && characters.size() != 18) return std::string(characters.size(), '*');
  return Show(characters, 6, 4);
}

std::string MaskName(std::string_view name) {
  const auto characters = CharactersOf(Trim(name));
  return characters.empty() ? std::string() : Show(characters, 1, 2, 0);
}

std::string MaskVin(std::string_view vin) { return Show(CharactersOf(Trim(vin)), 0, 6); }

std::string MaskPlate(std::string_view plate) {
  const auto characters = CharactersOf(Trim(plate));
  if (characters.size() < kShortest) return std::string(characters.size(), '*');
  return Show(characters, 2, 3, 2);
}

std::string MaskAll(std::string_view text) { return std::string(CharactersOf(Trim(text)).size(), '*'); }

std::string NormalPhone(std::string_view phone) {
  const std::string digits = DigitsOf(phone);
  const std::string national(National(digits));
  const bool chinese = national.size() != digits.size() || !digits.starts_with('+');
  if (chinese) {
    if (IsMobile(national)) return "+86" + national;
    if (AreaCode(national) > 0) return "+86" + national.substr(1);
    if (national.size() != digits.size() && national.size() >= 9 && national.size() <= 11) return "+86" + national;
    // Without an area code it names a telephone only together with the place where it stands.
    return national.size() >= kShortest && national.size() <= 15 && national[0] != '0' ? "+86" + national : "";
  }
  return digits.size() > kShortest && digits.size() <= 16 ? digits : "";
}

std::string NormalPlate(std::string_view plate) {
  std::string normal;
  for (const std::string_view character : CharactersOf(plate)) {
    if (character.size() > 1) {
      if (character != "·" && character != "・" && character != "　") normal += character;
    } else if (IsDigit(character[0]) || (character[0] >= 'A' && character[0] <= 'Z')) {
      normal += character;
    } else if (character[0] >= 'a' && character[0] <= 'z') {
      normal += static_cast<char>(character[0] - 'a' + 'A');
    }
  }
  return normal;
}

}  // namespace dealpace::access
