#include "exchange/closest_name.h"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

std::u32string Points(std::string_view text) {
  std::u32string points;
  while (!text.empty()) points += NextCodePoint(text);
  return points;
}

size_t Distance(const std::u32string& a, const std::u32string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// How the text sounds, tones aside: "zhang san".
std::string Sound(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  // One for each thread: a transliterator is not to be shared while it works.
  thread_local const std::unique_ptr<icu::Transliterator> kPinyin(icu::Transliterator::createInstance(
      icu::UnicodeString::fromUTF8("Han-Latin; Latin-ASCII; Lower"), UTRANS_FORWARD, status));
  if (kPinyin == nullptr) return std::string(text);
  icu::UnicodeString sound =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  kPinyin->transliterate(sound);
  std::string out;
  sound.toUTF8String(out);
  return out;
}

}  // namespace

std::string ClosestName(std::string_view word, const std::vector<std::string>& candidates) {
  const std::u32string points = Points(word);
  const bool chinese = std::all_of(points.begin(), points.end(), [](char32_t point) { return point >= 0x2E80; });
  // Byte by byte, characters that have nothing in common may be near to one another.
  if (!chinese) return ClosestWord(word, candidates);
  if (points.size() < 2 || points.size() > 12) return {};
  std::vector<std::string> near;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 40) continue;
    const std::u32string other = Points(candidate);
    const size_t limit = points.size() < 4 ? 1 : 2;
    if (other.size() >= 2 && Distance(points, other) <= limit) near.push_back(candidate);
  }
  const std::string sound = Sound(word);
  for (const std::string& candidate : near) {
    if (Sound(candidate) == sound) return candidate;
  }
  return near.size() == 1 ? near[0] : std::string();
}

}  // namespace dealpace::exchange
