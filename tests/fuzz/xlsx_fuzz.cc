// Reads bytes as a workbook, under small limits. What begins as a ZIP file does ("PK") is a whole one, so that real
// files can lie in the corpus. Else the first byte chooses one part of an otherwise sound workbook, which lets the
// fuzzer get past the ZIP checksums.
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exchange/table_reader.h"

using dealpace::exchange::ReadLimits;
using dealpace::exchange::Row;
using dealpace::exchange::TableReader;

namespace {

constexpr std::array<std::pair<const char*, std::string_view>, 6> kParts{{
    {"xl/worksheets/sheet1.xml",
     "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c s=\"1\"><v>46302.5</v></c></row>"
     "</sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells></worksheet>"},
    {"xl/sharedStrings.xml", "<sst><si><t>a</t></si></sst>"},
    {"xl/styles.xml",
     "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\"/></numFmts><cellXfs><xf numFmtId=\"0\"/>"
     "<xf numFmtId=\"164\"/></cellXfs></styleSheet>"},
    {"xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" r:id=\"r1\"/></sheets></workbook>"},
    {"xl/_rels/workbook.xml.rels",
     "<Relationships><Relationship Id=\"r1\" Type=\"/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
     "<Relationship Id=\"r2\" Type=\"/sharedStrings\" Target=\"sharedStrings.xml\"/>"
     "<Relationship Id=\"r3\" Type=\"/styles\" Target=\"styles.xml\"/></Relationships>"},
    {"_rels/.rels",
     "<Relationships><Relationship Id=\"r1\" Type=\"/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
}};

// The workbook's bytes, with `content` in place of the part numbered `replaced`.
std::string Pack(size_t replaced, std::string_view content) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (zip == nullptr) std::abort();
  for (size_t i = 0; i < kParts.size(); ++i) {
    const std::string_view text = i == replaced ? content : kParts[i].second;
    const auto index = zip_file_add(zip, kParts[i].first, zip_source_buffer(zip, text.data(), text.size(), 0), 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  if (zip_close(zip) != 0) std::abort();
  zip_source_open(target);
  zip_stat_t stat;
  zip_source_stat(target, &stat);
  std::string bytes(stat.size, '\0');
  if (zip_source_read(target, bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size())) std::abort();
  zip_source_close(target);
  zip_source_free(target);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool whole = size > 1 && data[0] == 'P' && data[1] == 'K';
  const std::string bytes =
      whole ? std::string(reinterpret_cast<const char*>(data), size) : Pack(data[0] % kParts.size(), input);
  const int file = memfd_create("xlsx_fuzz", MFD_CLOEXEC);
  if (file < 0 || write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  const ReadLimits limits{.record_bytes_max = 1000,
                          .cell_bytes_max = 100,
                          .columns_max = 20,
                          .uncompressed_bytes_max = 1 << 20,
                          .shared_strings_bytes_max = 1 << 18};
  auto reader = TableReader::Open("/proc/self/fd/" + std::to_string(file), {}, limits);
  close(file);
  if (!reader.ok()) return 0;
  Row row;
  int64_t number = 0;
  int errors = 0;
  while (errors < 100) {
    const auto more = (*reader)->Next(row);
    if (!more.ok()) {
      if (more.error().Arg("row").empty()) std::abort();
      ++errors;
      continue;
    }
    if (!*more) break;
    if (row.number <= number || row.cells.size() > 20) std::abort();
    number = row.number;
    for (const auto& cell : row.cells) {
      if (cell.text.size() > 100) std::abort();
    }
  }
  return 0;
}
