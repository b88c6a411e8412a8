#include "leads/names.h"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "leads/policy.h"

namespace dealpace::leads {
namespace {

constexpr size_t kPartLeast = 2;
constexpr size_t kPartMost = 4;
constexpr size_t kSoundLeast = 3;  // of a Latin word one less
constexpr size_t kSoundMost = 6;
constexpr size_t kSyllablesMost = 12;

// How surnames sound where the character mostly sounds otherwise.
const std::map<char32_t, std::string_view> kSurnames = {
    {U'单', "shan"}, {U'曾', "zeng"}, {U'解', "xie"},  {U'仇', "qiu"},  {U'查', "zha"}, {U'区', "ou"},
    {U'任', "ren"},  {U'覃', "qin"},  {U'朴', "piao"}, {U'翟', "zhai"}, {U'盖', "ge"},  {U'缪', "miao"},
    {U'乐', "yue"},  {U'尉', "yu"},   {U'员', "yun"},  {U'冼', "xian"}, {U'黑', "he"},  {U'折', "she"},
    {U'洗', "xian"}, {U'繁', "po"},   {U'种', "chong"}};

bool IsAscii(char32_t c) { return c < 0x80; }

// How one character sounds, in Latin letters; known ones are remembered.
const std::string& SoundOf(char32_t c) {
  // A transliterator is not to be shared while it works.
  thread_local const std::unique_ptr<icu::Transliterator> kPinyin = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<icu::Transliterator>(icu::Transliterator::createInstance(
        icu::UnicodeString::fromUTF8("Any-Latin; Latin-ASCII; Lower"), UTRANS_FORWARD, status));
  }();
  thread_local std::unordered_map<char32_t, std::string> kKnown;
  const auto [it, fresh] = kKnown.try_emplace(c);
  if (fresh && kPinyin != nullptr) {
    icu::UnicodeString sound(static_cast<UChar32>(c));
    kPinyin->transliterate(sound);
    std::string letters;
    sound.toUTF8String(letters);
    it->second = Plain(letters);
  }
  return it->second;
}

struct Syllable {
  std::string sound;
  bool latin = false;  // a whole word
};

// Syllable by syllable: a Latin word or number is one.
std::vector<Syllable> SyllablesOf(std::string_view name) {
  std::vector<Syllable> syllables;
  bool in_word = false;
  while (!name.empty() && syllables.size() < kSyllablesMost) {
    std::string_view rest = name;
    const char32_t c = NextCodePoint(rest);
    const std::string letter = Plain(name.substr(0, name.size() - rest.size()));
    name = rest;
    if (letter.empty()) {
      in_word = false;
    } else if (IsAscii(c)) {
      if (!in_word) syllables.push_back({"", true});
      syllables.back().sound += letter;
      in_word = true;
    } else {
      if (!SoundOf(c).empty()) syllables.push_back({SoundOf(c), false});
      in_word = false;
    }
  }
  return syllables;
}

// The name's readings: one, or two where the surname has one of its own.
std::vector<std::vector<Syllable>> Readings(std::string_view name) {
  std::vector<std::vector<Syllable>> readings = {SyllablesOf(name)};
  std::string_view rest = Trim(name);
  if (rest.empty() || readings[0].empty()) return readings;
  const auto surname = kSurnames.find(NextCodePoint(rest));
  if (surname == kSurnames.end() || readings[0][0].sound == surname->second) return readings;
  readings.push_back(readings[0]);
  readings[1][0].sound = surname->second;
  return readings;
}

// From a syllable on: all letters, and all initials.
std::string SoundFrom(const std::vector<Syllable>& syllables, size_t first) {
  std::string sound;
  for (size_t i = first; i < syllables.size(); ++i) sound += syllables[i].sound;
  return sound;
}
std::string InitialsFrom(const std::vector<Syllable>& syllables, size_t first) {
  std::string initials;
  for (size_t i = first; i < syllables.size(); ++i) initials += syllables[i].sound[0];
  return initials;
}

std::vector<std::string> Characters(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    std::string_view rest = text;
    (void)NextCodePoint(rest);
    characters.emplace_back(text.substr(0, text.size() - rest.size()));
    text = rest;
  }
  return characters;
}

bool AllAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::vector<std::string> NameWords(std::string_view name) {
  std::set<std::string> words;
  const std::vector<std::string> characters = Characters(Plain(name));
  for (size_t first = 0; first < characters.size(); ++first) {
    std::string part;
    for (size_t i = first; i < std::min(first + kPartMost, characters.size()); ++i) {
      part += characters[i];
      if (i - first + 1 >= kPartLeast && !AllAscii(part)) words.insert("c:" + part);
    }
  }
  for (const auto& syllables : Readings(name)) {
    for (size_t first = 0; first < syllables.size(); ++first) {
      const std::string sound = SoundFrom(syllables, first);
      const size_t least = syllables[first].latin ? kSoundLeast - 1 : kSoundLeast;
      for (size_t size = least; size <= std::min(kSoundMost, sound.size()); ++size) {
        words.insert("s:" + sound.substr(0, size));
      }
      const std::string initials = InitialsFrom(syllables, first);
      for (size_t size = kPartLeast; size <= std::min(kPartMost, initials.size()); ++size) {
        words.insert("i:" + initials.substr(0, size));
      }
    }
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> TypedWords(std::string_view typed) {
  const std::string plain = Plain(typed);
  const std::vector<std::string> characters = Characters(plain);
  if (characters.size() < kPartLeast) return {};
  if (AllAscii(plain)) return {"s:" + plain.substr(0, kSoundMost), "i:" + plain.substr(0, kPartMost)};
  std::string part = "c:";
  for (size_t i = 0; i < std::min(kPartMost, characters.size()); ++i) part += characters[i];
  return {part};
}

bool NeedsFit(std::string_view typed) { return Characters(Plain(typed)).size() > kPartMost; }

bool NameFits(std::string_view name, std::string_view typed) {
  const std::string plain = Plain(typed);
  if (plain.empty()) return false;
  if (!AllAscii(plain)) return Plain(name).find(plain) != std::string::npos;
  for (const auto& syllables : Readings(name)) {
    for (size_t first = 0; first < syllables.size(); ++first) {
      if (SoundFrom(syllables, first).starts_with(plain) || InitialsFrom(syllables, first).starts_with(plain)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace dealpace::leads
