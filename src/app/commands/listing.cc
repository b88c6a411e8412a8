#include "app/commands/listing.h"

#include <cstdio>

#include "base/csv_writer.h"
#include "base/zones.h"
#include "exchange/print.h"

namespace dealpace::app {

void Listing::Print(const Context& context) const {
  if (context.format == Format::kCsv) {
    std::vector<std::string> fields;
    for (const auto& [field, title] : columns) fields.push_back(field);
    std::fputs(CsvLine(fields).c_str(), stdout);
    for (const auto& row : rows) std::fputs(CsvLine(row).c_str(), stdout);
    return;
  }
  exchange::TextTable table;
  for (const auto& [field, title] : columns) table.columns.push_back({title});
  table.rows = rows;
  std::fputs(exchange::AlignTable(table).c_str(), stdout);
}

std::string LocalTime(const std::optional<Instant>& instant) {
  if (!instant) return "—";
  const Zone zone = *Zone::Find(org::kDefaultTimeZone);
  const Day day = zone.DayOf(*instant);
  const int64_t minutes = (instant->ms - zone.At(day).ms) / 60'000;
  char clock[16];
  std::snprintf(clock, sizeof clock, " %02d:%02d", static_cast<int>(minutes / 60 % 24), static_cast<int>(minutes % 60));
  return FormatDay(day) + clock;
}

void PrintJson(const std::function<void(JsonWriter&)>& write) {
  JsonWriter json;
  write(json);
  std::printf("%s\n", json.text().c_str());
}

}  // namespace dealpace::app
