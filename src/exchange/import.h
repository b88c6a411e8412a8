#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "catalog/catalog.h"
#include "db/db.h"
#include "exchange/booker.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"

// Import: a dealer's file into the ledger. Each row is taken or refused with a reason; the same file again changes
// nothing; what breaks off is resumed or taken back as a whole.
namespace dealpace::exchange {

struct ImportOptions {
  std::string kind = "events";
  std::string path;
  std::optional<Mapping> mapping;  // none: guessed from the headers
  std::string sheet;               // of a workbook; empty: the mapping's, else the first with rows
  bool create_missing = false;     // add dealers, staff and other members that the file names
  bool dry_run = false;
  std::string recorded_by = "cli";
  ReadLimits limits;
  // Called with each refused row: its number, its cells and the reason.
  std::function<void(int64_t, const std::vector<std::string>&, const Error&)> refused;
  // Called once the header is known, before the first refused row.
  std::function<void(const std::vector<std::string>&)> header;
  // Called now and then with the share read, 0 to 1.
  std::function<void(double)> progress;
};

struct ImportSummary {
  FileFacts file;
  int64_t header_row = 0;  // 0: none
  std::vector<std::string> headers;
  Mapping mapping;
  bool guessed = false;

  int64_t rows_read = 0;   // rows below the header that have any cell filled
  int64_t rows_taken = 0;  // recorded something
  int64_t rows_empty = 0;  // read, but nothing to record
  int64_t rows_refused = 0;
  std::map<std::string, int64_t> recorded;          // rows that record each event (or reading)
  std::map<std::string, int64_t> reasons;           // refused rows by error code
  std::vector<std::pair<int64_t, Error>> examples;  // the first refused rows
  std::map<std::string, int64_t> created;           // members added, by dimension
  Booked booked;

  BatchId batch;         // none on a dry run
  bool resumed = false;  // went on with a batch that had broken off
  enum class State { kDone, kDryRun, kReversed } state = State::kDone;
  std::optional<Error> broke_off;  // why the batch was taken back as a whole (kReversed)
};

// Headers of the two columns that a file of refused rows has behind those of the original: the row's number and the
// reason. An import leaves such columns out, so that mended rows are the rows they were.
extern const std::array<Bilingual, 2> kRefusalHeaders;

// Imports a file. Fails, with nothing booked, when the file cannot be read as a table, the mapping does not fit it
// (unknown_column), or nothing can be guessed (mapping_not_guessed, with the headers). When reading breaks off in the
// middle, what was booked is reversed and the summary says so; when the store itself fails, the batch stays open and
// the next import of the file resumes it.
[[nodiscard]] Result<ImportSummary> Import(db::Database& database, const catalog::Catalog& catalog,
                                           const ImportOptions& options);

}  // namespace dealpace::exchange
