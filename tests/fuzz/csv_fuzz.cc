// Reads any bytes as a table, under small limits. A workbook's bytes go their own way (xlsx_fuzz.cc).
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "exchange/table_reader.h"

using dealpace::exchange::ReadLimits;
using dealpace::exchange::Row;
using dealpace::exchange::TableReader;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int file = memfd_create("csv_fuzz", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const ReadLimits limits{.record_bytes_max = 1000, .cell_bytes_max = 100, .columns_max = 20};
  auto reader = TableReader::Open("/proc/self/fd/" + std::to_string(file), {}, limits);
  close(file);
  if (!reader.ok()) return 0;
  Row row;
  int64_t line = 0;
  while (true) {
    const auto more = (*reader)->Next(row);
    if (!more.ok()) {
      if (more.error().Arg("row").empty()) std::abort();
      if (more.error().code == "cell_too_long" || more.error().code == "too_many_columns") continue;
      break;
    }
    if (!*more) break;
    if (row.number <= line || row.cells.size() > 20) std::abort();
    line = row.number;
    for (const auto& cell : row.cells) {
      if (cell.text.size() > 100) std::abort();
    }
  }
  return 0;
}
