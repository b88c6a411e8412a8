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
#include "exchange/import_names.h"
#include "exchange/import_scope.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"

// Import: a dealer's file into the ledger. Each row is taken or refused with a reason; the same file again changes
// nothing; what breaks off is resumed or taken back as a whole.
namespace dealpace::exchange {

// What an import has done so far, chunk by chunk.
struct ImportCounts {
  int64_t chunks = 0;
  int64_t rows_new = 0;        // rows with a new entry and none changed
  int64_t rows_changed = 0;    // rows with an entry that was reversed
  int64_t rows_unchanged = 0;  // rows all of whose entries were there already
  Booked booked;               // without outcomes
};

struct ImportOptions {
  std::string kind = "events";
  std::string path;
  std::string file_name;              // as the batch calls it; empty: that of the path
  std::string encoding;               // of a text, as TableReader::Open has it; empty: found
  std::optional<int64_t> header_row;  // number of the header's row; 0: none; nothing: found
  std::optional<Mapping> mapping;     // none: guessed from the headers
  std::string sheet;                  // of a workbook; empty: the mapping's, else the first with rows
  bool create_missing = false;        // add dealers, staff and other members that the file names
  ImportScope scope;                  // rows of other dealers are refused
  bool dry_run = false;
  std::string recorded_by = "cli";
  ReadLimits limits;
  // Refuse what is likely a slip, as seen at that instant (RowConverter::Doubt).
  std::optional<Instant> doubt;
  // Called with each refused row: its number, its cells and the reason.
  std::function<void(int64_t, const std::vector<std::string>&, const Error&)> refused;
  // Called once the header is known, before the first refused row.
  std::function<void(const std::vector<std::string>&)> header;
  // Called now and then with the share read, 0 to 1.
  std::function<void(double)> progress;

  // Asked before each chunk. An Error breaks the import off: what it booked is taken back. With the code import_left
  // the batch is left as it is, open, for whoever goes on.
  std::function<Status()> go_on;
  // Called with the batch once it is known.
  std::function<Status(BatchId)> begun;
  // Called in the transaction of each chunk with what has been done, this chunk included. An Error is one of go_on.
  std::function<Status(db::Connection&, const ImportCounts&)> checkpoint;
  // What an earlier run of the same file and mapping had done at its last checkpoint: counted as done by this import.
  ImportCounts done_before;
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
  ImportCounts counts;
  std::map<std::string, int64_t> recorded;          // rows that record each event (or reading)
  std::map<std::string, int64_t> reasons;           // refused rows by error code
  std::vector<std::pair<int64_t, Error>> examples;  // the first refused rows
  std::map<std::string, int64_t> created;           // members added, by dimension
  std::map<std::string, int64_t> quantity_new;      // thousandths that new entries add, by event
  std::vector<CellNote> notes;                      // of odd cells, in order of appearance
  std::optional<Period> days;                       // of the entries
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

// A file as batches know it, by the hash of its content: of each scope another one, so that nobody goes on with, or is
// kept from, what somebody else has begun with the same file.
[[nodiscard]] std::string FileHash(std::string content, const ImportScope& scope);

// What one row would become.
struct RowLook {
  int64_t row = 0;
  std::vector<std::string> headers;
  std::vector<std::string> cells;
  struct Entry {
    ledger::NewEntry entry;
    std::string dealer;                          // code
    std::string staff;                           // as the file names the person
    std::map<std::string, std::string> members;  // dimension → code
    Outcome outcome{};
  };
  std::vector<Entry> entries;
  std::optional<Error> refusal;
};
// Looks at the row of that number; writes nothing. Whether another row has the same key is not looked at. Fails as
// Import does, and with row_not_found.
[[nodiscard]] Result<RowLook> LookAtRow(db::Database& database, const catalog::Catalog& catalog,
                                        const ImportOptions& options, int64_t row);

}  // namespace dealpace::exchange
