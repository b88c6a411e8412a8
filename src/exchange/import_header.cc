#include "exchange/import_header.h"

#include <algorithm>
#include <set>

#include "base/csv_writer.h"
#include "base/text.h"
#include "exchange/dates.h"
#include "exchange/import.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kHeaderSearchRows = 30;
constexpr size_t kHeaderChosenRows = 1'000;  // so far down a header may be chosen

bool IsRefusalHeader(std::string_view header) {
  return std::any_of(kRefusalHeaders.begin(), kRefusalHeaders.end(),
                     [header](const Bilingual& known) { return header == known.en || header == known.zh; });
}

// The column names that a row gives; a nameless column goes by its number.
std::vector<std::string> HeaderNames(const Row& row) {
  std::vector<std::string> names = CellTexts(row);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = std::to_string(i + 1);
  }
  return names;
}

bool HasAll(const std::vector<std::string>& names, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

// Looks like a header: well filled, all text, no number or date, nothing twice.
bool LooksLikeHeader(const Row& row, size_t width) {
  size_t filled = 0;
  std::set<std::string> distinct;
  for (const Cell& cell : row.cells) {
    const std::string text = CellText(cell);
    if (text.empty()) continue;
    if (cell.kind == Cell::Kind::kNumber || cell.kind == Cell::Kind::kDate || ParseDecimal(text) ||
        ParseDate(text, UsualDateFormats())) {
      return false;
    }
    ++filled;
    distinct.insert(text);
  }
  return filled >= 1 && filled * 5 >= width * 3 && distinct.size() == filled && (width < 2 || filled >= 2);
}

struct HeaderFound {
  size_t row = 0;  // position among the first rows
  std::vector<std::string> names;
};

Result<HeaderFound> FindHeader(const std::vector<Row>& first, const std::optional<Mapping>& mapping,
                               const std::string& kind, const catalog::Catalog& catalog) {
  size_t width = 0;
  for (const Row& row : first) {
    size_t filled = 0;
    for (const Cell& cell : row.cells) filled += Trim(cell.text).empty() ? 0 : 1;
    width = std::max(width, filled);
  }
  if (mapping) {
    const std::vector<std::string> wanted = mapping->Columns();
    for (size_t i = 0; i < first.size(); ++i) {
      std::vector<std::string> names = HeaderNames(first[i]);
      if (HasAll(names, wanted)) return HeaderFound{i, std::move(names)};
    }
  } else {
    // The row from which most can be guessed.
    std::optional<HeaderFound> best;
    size_t best_score = 0;
    for (size_t i = 0; i < first.size(); ++i) {
      if (!LooksLikeHeader(first[i], width)) continue;
      std::vector<std::string> names = HeaderNames(first[i]);
      const Mapping guess = GuessMapping(kind, names, catalog);
      const size_t score = 1 + guess.columns.size() + guess.rules.size() * 2 + (Usable(guess) ? 10 : 0);
      if (score > best_score) {
        best_score = score;
        best = HeaderFound{i, std::move(names)};
      }
    }
    if (best) return *best;
  }
  // Not found: the likeliest row serves for the message, or as it is.
  for (size_t i = 0; i < first.size(); ++i) {
    if (LooksLikeHeader(first[i], width)) return HeaderFound{i, HeaderNames(first[i])};
  }
  for (size_t i = 0; i < first.size(); ++i) {
    if (!IsBlankRow(first[i])) return HeaderFound{i, HeaderNames(first[i])};
  }
  return Error("file_empty");
}

}  // namespace

std::string CellText(const Cell& cell) { return std::string(CellTextView(cell)); }

std::string_view CellTextView(const Cell& cell) {
  const std::string_view text = cell.text;
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  if (!text.empty() && plain(text.front()) && plain(text.back())) return text;
  return Trim(UnguardText(text));
}

std::vector<std::string> CellTexts(const Row& row) {
  std::vector<std::string> texts;
  texts.reserve(row.cells.size());
  for (const Cell& cell : row.cells) texts.push_back(CellText(cell));
  return texts;
}

bool IsBlankRow(const Row& row) {
  return std::all_of(row.cells.begin(), row.cells.end(),
                     [](const Cell& cell) { return cell.text.empty() || Trim(cell.text).empty(); });
}

void DropColumns(Row& row, const std::vector<size_t>& dropped) {
  for (auto column = dropped.rbegin(); column != dropped.rend(); ++column) {
    if (*column < row.cells.size()) row.cells.erase(row.cells.begin() + static_cast<std::ptrdiff_t>(*column));
  }
}

Result<Head> ReadHead(TableReader& reader, const std::optional<Mapping>& mapping, const std::string& kind,
                      const catalog::Catalog& catalog, std::optional<int64_t> header_row) {
  Head head;
  Row row;
  const auto enough = [&] {
    if (head.rows.size() < kHeaderSearchRows) return false;
    return !header_row || head.rows.back().number >= *header_row || head.rows.size() >= kHeaderChosenRows;
  };
  while (!enough()) {
    ASSIGN_OR_RETURN(const bool more, reader.Next(row));
    if (!more) break;
    head.rows.push_back(std::move(row));
    row = Row{};
  }
  if (head.rows.empty()) return Error("file_empty");
  const bool has_header = header_row ? *header_row != 0 : !mapping || mapping->header;
  if (!has_header) {
    size_t width = 0;
    for (const Row& r : head.rows) width = std::max(width, r.cells.size());
    for (size_t i = 0; i < width; ++i) head.headers.push_back(std::to_string(i + 1));
    return head;
  }
  HeaderFound found;
  if (header_row) {
    const auto chosen = std::find_if(head.rows.begin(), head.rows.end(),
                                     [&](const Row& r) { return r.number == *header_row && !IsBlankRow(r); });
    if (chosen == head.rows.end()) return Error("header_row_missing").With("row", *header_row);
    found = {static_cast<size_t>(chosen - head.rows.begin()), HeaderNames(*chosen)};
  } else {
    ASSIGN_OR_RETURN(found, FindHeader(head.rows, mapping, kind, catalog));
  }
  head.header_row = head.rows[found.row].number;
  head.body = found.row + 1;
  for (size_t i = 0; i < found.names.size(); ++i) {
    if (IsRefusalHeader(found.names[i])) {
      head.dropped.push_back(i);
    } else {
      head.headers.push_back(found.names[i]);
    }
  }
  return head;
}

}  // namespace dealpace::exchange
