#include "exchange/table_reader.h"

#include <utility>

#include "exchange/csv_reader.h"
#include "exchange/encoding.h"
#include "exchange/xlsx_reader.h"

namespace dealpace::exchange {

Result<std::unique_ptr<TableReader>> TableReader::Open(const std::string& path, std::string_view sheet,
                                                       const ReadLimits& limits, std::string_view encoding) {
  std::optional<Encoding> forced;
  if (!encoding.empty()) {
    forced = ParseEncoding(encoding);
    if (!forced) return Error("unknown_encoding").With("name", encoding);
  }
  ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  if (file.size() == 0) return FileError("file_empty", file);
  std::string head(8, '\0');
  ASSIGN_OR_RETURN(const size_t read, file.Read(head.data(), head.size()));
  head.resize(read);
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) {
    return XlsxReader::Open(std::move(file), sheet, limits);
  }
  if (head == "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
    return FileError("file_damaged", file, "an old .xls or a workbook with a password: save it as .xlsx without one");
  }
  return CsvReader::Open(std::move(file), limits, forced);
}

}  // namespace dealpace::exchange
