#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/question.h"
#include "db/db.h"
#include "http/json_body.h"
#include "kpi/trace.h"

// The ledger entries behind one cell, page by page, newest day first.
namespace dealpace::analysis {

// Where a row stands in the order of the pages: day falling, then dealer, entry, event, -1 before +1, row.
struct EntryPosition {
  int32_t day = 0;
  int64_t dealer = 0;
  int64_t seq = 0;
  int32_t event = 0;
  int64_t row = 0;
  bool operator==(const EntryPosition&) const = default;
  bool operator<(const EntryPosition& other) const;
};
[[nodiscard]] std::string CursorText(const EntryPosition& position);
// Fails with bad_cursor.
[[nodiscard]] Result<EntryPosition> ParseCursor(std::string_view text);

// A row of the facts that the cell adds up. A derived one (open opportunities, what was in time) names the entry that
// it follows from; that entry may stand behind several.
struct CellEntry {
  EntryPosition position;
  int measure = -1;
  std::optional<double> num;  // what it adds to the numerator, or to the figure where that is no ratio
  std::optional<double> den;
  int64_t staff = 0;  // with the credit
  std::vector<std::pair<Dim, int64_t>> members;
};

struct CellEntries {
  kpi::Traced traced;
  int64_t count = 0;               // rows behind the cell, all pages
  std::vector<CellEntry> entries;  // of this page
  bool more = false;
};

// Finds one page: up to `limit` rows after `after`. Counts and sums them all, holds a page of them and one bit for each
// row of a dealer. Fails as kpi::Engine::Trace does.
[[nodiscard]] Result<CellEntries> FindEntries(kpi::Engine& engine, const kpi::Question& question,
                                              const kpi::CellPlace& place, const std::optional<EntryPosition>& after,
                                              size_t limit);

// The operation listEntries of the contract: its body, and the page as JSON with what the ledger has of each entry.
[[nodiscard]] Result<std::string> EntriesJson(http::JsonBody body, Day today, const catalog::Catalog& catalog,
                                              kpi::Engine& engine, facts::Facts& facts, db::Database& database,
                                              std::shared_ptr<const RowScope> rows);

}  // namespace dealpace::analysis
