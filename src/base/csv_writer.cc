#include "base/csv_writer.h"

#include <array>

namespace dealpace {
namespace {

bool IsTrigger(std::string_view text) {
  if (text.empty()) return false;
  constexpr std::string_view kAscii("=+-@\t\r\n\0", 8);
  if (kAscii.find(text.front()) != std::string_view::npos) return true;
  for (const std::string_view wide : {"＝", "＋", "－", "＠"}) {
    if (text.starts_with(wide)) return true;
  }
  return false;
}

bool IsGuardedTrigger(std::string_view text) {
  while (!text.empty() && text.front() == '\'') text.remove_prefix(1);
  return IsTrigger(text);
}

}  // namespace

std::string GuardText(std::string_view text) {
  return IsGuardedTrigger(text) ? "'" + std::string(text) : std::string(text);
}

std::string_view UnguardText(std::string_view text) {
  return text.starts_with('\'') && IsGuardedTrigger(text) ? text.substr(1) : text;
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (cells[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (const char c : cells[i]) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\r\n";
}

}  // namespace dealpace
