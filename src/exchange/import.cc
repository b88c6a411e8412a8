#include "exchange/import.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <span>
#include <thread>

#include "base/text.h"
#include "exchange/import_header.h"
#include "exchange/import_rows.h"
#include "exchange/seen.h"

namespace dealpace::exchange {
namespace {

// Rows of a chunk: small ones first, so that an import that is refused or given up early has cost little, then large
// ones, which cost less for each row. Which rows a chunk has depends on its number alone: what goes on after a
// break-off meets the same chunks.
constexpr int64_t kSmallChunks = 10;
constexpr int64_t kSmallChunkRows = 5'000;
constexpr int64_t kLargeChunkRows = 50'000;
constexpr size_t kBlockRows = 1'000;  // converted at a time
constexpr size_t kChunksAhead = 2;    // that are ready while one is booked
constexpr size_t kExamplesMax = 10;

int64_t RowsOfChunk(int64_t number) { return number < kSmallChunks ? kSmallChunkRows : kLargeChunkRows; }

std::string HexOf(const Hash128& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : hash.Bytes()) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// A row that waits for its block to be converted.
struct Pending {
  Row row;
  std::string key;  // its key cells, or the whole row and its position among identical ones
};

// The rows of a chunk, ready to be booked.
struct Chunk {
  struct Refused {
    int64_t number = 0;
    std::vector<std::string> cells;
    Error error;
  };
  int64_t read = 0;
  int64_t taken = 0;
  int64_t empty = 0;
  // What rows say up to some point.
  struct End {
    size_t statements = 0;
    size_t denials = 0;
  };
  std::vector<Statement> statements;
  std::vector<Denial> denials;
  std::vector<End> ends;  // of each row that is taken or empty
  std::vector<Refused> refused;
  std::vector<int64_t> recorded;  // rows by event
  std::optional<Period> days;
  double progress = 0;
};

// The rows of a file as chunks, one after the other. Used by one thread at a time; what it makes is not shared.
class ChunkReader {
 public:
  ChunkReader(db::Database& database, const catalog::Catalog& catalog, TableReader& reader, const Mapping& mapping,
              Names& names, RowConverter& converter, Head head, bool dry)
      : database_(database),
        catalog_(catalog),
        reader_(reader),
        mapping_(mapping),
        names_(names),
        converter_(converter),
        head_(std::move(head)),
        next_head_(head_.body),
        dry_(dry),
        each_row_speaks_of_all_(converter.EachRowSpeaksOfAll()) {}

  // The next chunk into `chunk`, whose buffers are used again; false after the last.
  Result<bool> Next(Chunk& chunk) {
    chunk.statements.clear();
    chunk.denials.clear();
    chunk.ends.clear();
    chunk.refused.clear();
    chunk.recorded.assign(catalog_.events().size(), 0);
    chunk.read = chunk.taken = chunk.empty = 0;
    chunk.days.reset();
    const int64_t most = RowsOfChunk(number_);
    while (!done_ && chunk.read + static_cast<int64_t>(block_size_) < most) {
      ASSIGN_OR_RETURN(const bool more, Read());
      done_ = !more;
      if (block_size_ == kBlockRows) RETURN_IF_ERROR(ConvertBlock(chunk));
    }
    RETURN_IF_ERROR(ConvertBlock(chunk));
    chunk.progress = reader_.progress();
    ++number_;
    return chunk.read > 0;
  }

  [[nodiscard]] bool done() const { return done_; }

  // ---- One row ----

  // The row of that number, ready to be converted; nothing when there is none, or it is blank.
  Result<std::optional<Pending>> Find(int64_t number) {
    while (true) {
      ASSIGN_OR_RETURN(const bool more, Read());
      const bool filled = block_size_ == 1;
      block_size_ = 0;
      if (!more || last_number_ > number) return std::optional<Pending>();
      if (last_number_ == number) return filled ? std::optional(std::move(block_.front())) : std::nullopt;
    }
  }

  // Converts rows. Names that are missing are made first, dealers before their staff; then every row finds what it
  // names.
  Result<std::vector<Converted>> Convert(std::span<const Pending> rows, bool dry) {
    std::vector<Converted> results;
    for (int round = 0;; ++round) {
      names_.ForgetWanted();
      results.clear();
      results.reserve(rows.size());
      for (const Pending& pending : rows) results.push_back(ConvertRow(pending));
      if (!names_.wanting() || round == 3) return results;
      RETURN_IF_ERROR(names_.Make(database_, dry));
    }
  }

 private:
  // Reads a row behind those of the block, unless it is blank; false after the last.
  Result<bool> Read() {
    if (block_size_ == block_.size()) block_.emplace_back();
    Pending& pending = block_[block_size_];
    if (next_head_ < head_.rows.size()) {
      pending.row = std::move(head_.rows[next_head_++]);
    } else {
      ASSIGN_OR_RETURN(const bool more, reader_.Next(pending.row));
      if (!more) return false;
    }
    last_number_ = pending.row.number;
    if (!head_.dropped.empty()) DropColumns(pending.row, head_.dropped);
    if (IsBlankRow(pending.row)) return true;
    if (!converter_.KeyInto(pending.row, pending.key)) {
      std::string& key = pending.key;
      key.clear();
      for (const Cell& cell : pending.row.cells) {
        key += CellTextView(cell);
        key += '\x1f';
      }
      while (key.ends_with("\x1f\x1f")) key.pop_back();  // trailing empty cells come and go
      key += '#' + std::to_string(identical_.Count(HashText(key)));
    }
    ++block_size_;
    return true;
  }

  Converted ConvertRow(const Pending& pending) {
    Converted converted;
    std::vector<Denial> denials;
    if (!converter_.ConvertOrdinary(pending.row, pending.key, converted.statements, denials, converted.notes)) {
      return converter_.Convert(pending.row, pending.key);
    }
    for (const Denial& denial : denials) converted.statements.push_back({denial.dealer, denial.key, true, {}});
    return converted;
  }

  Status ConvertBlock(Chunk& chunk) {
    const std::span<const Pending> rows(block_.data(), block_size_);
    block_size_ = 0;
    size_t i = 0;
    for (; i < rows.size(); ++i) {
      const Chunk::End begin{chunk.statements.size(), chunk.denials.size()};
      notes_.clear();
      if (!converter_.ConvertOrdinary(rows[i].row, rows[i].key, chunk.statements, chunk.denials, notes_)) break;
      TakeRow(rows[i], begin, std::nullopt, chunk);
    }
    if (i == rows.size()) return {};
    // From the first row on that is out of the ordinary.
    const std::span<const Pending> rest = rows.subspan(i);
    ASSIGN_OR_RETURN(std::vector<Converted> results, Convert(rest, dry_));
    for (size_t r = 0; r < rest.size(); ++r) {
      const Chunk::End begin{chunk.statements.size(), chunk.denials.size()};
      for (Statement& statement : results[r].statements) {
        if (statement.entry) {
          chunk.statements.push_back(std::move(statement));
        } else {
          chunk.denials.push_back({statement.dealer, statement.key});
        }
      }
      notes_ = std::move(results[r].notes);
      TakeRow(rest[r], begin, std::move(results[r].refusal), chunk);
    }
    return {};
  }

  // A row that says what stands in the chunk from `begin` on, and whose notes are in notes_.
  void TakeRow(const Pending& pending, Chunk::End begin, std::optional<Error> refusal, Chunk& chunk) {
    ++chunk.read;
    const std::span<const Statement> statements = std::span(chunk.statements).subspan(begin.statements);
    if (!refusal) refusal = FindDuplicate(pending, statements, std::span(chunk.denials).subspan(begin.denials));
    // Of a refused row only what speaks against it is told.
    for (const int position : notes_) {
      CellNote& note = names_.notes()[static_cast<size_t>(position)];
      if (refusal.has_value() == (note.kind == CellNote::Kind::kUnknown)) ++note.rows;
    }
    if (refusal) {
      chunk.statements.resize(begin.statements);
      chunk.denials.resize(begin.denials);
      chunk.refused.push_back({pending.row.number, CellTexts(pending.row), *std::move(refusal)});
      return;
    }
    for (const Statement& statement : statements) {
      const ledger::NewEntry& entry = *statement.entry;
      ++chunk.recorded[static_cast<size_t>(entry.event)];
      if (!chunk.days) chunk.days = Period{entry.day, entry.day};
      chunk.days->from = std::min(chunk.days->from, entry.day);
      chunk.days->to = std::max(chunk.days->to, entry.day);
    }
    chunk.ends.push_back({chunk.statements.size(), chunk.denials.size()});
    ++(statements.empty() ? chunk.empty : chunk.taken);
  }

  // A key must stand for one row of the file, or each import would undo the other row.
  std::optional<Error> FindDuplicate(const Pending& pending, std::span<const Statement> statements,
                                     std::span<const Denial> denials) {
    if (mapping_.key.empty() || (statements.empty() && denials.empty())) return std::nullopt;
    const auto remember = [&](const Hash128& key) -> std::optional<Error> {
      const auto before = seen_keys_.Remember(key, pending.row.number);
      if (!before) return std::nullopt;
      return Error("row_duplicate_key").With("key", Join(mapping_.key, ", ")).With("other", *before);
    };
    if (each_row_speaks_of_all_) {
      const DealerId dealer = statements.empty() ? denials.front().dealer : statements.front().dealer;
      return remember(HashText(pending.key, static_cast<uint64_t>(dealer.value)));
    }
    for (const Statement& statement : statements) {
      if (auto duplicate = remember(statement.key)) return duplicate;
    }
    for (const Denial& denial : denials) {
      if (auto duplicate = remember(denial.key)) return duplicate;
    }
    return std::nullopt;
  }

  db::Database& database_;
  const catalog::Catalog& catalog_;
  TableReader& reader_;
  const Mapping& mapping_;
  Names& names_;
  RowConverter& converter_;
  Head head_;
  size_t next_head_;
  const bool dry_;
  const bool each_row_speaks_of_all_;
  int64_t number_ = 0;  // of the next chunk
  bool done_ = false;
  std::vector<Pending> block_;
  size_t block_size_ = 0;
  int64_t last_number_ = 0;
  std::vector<int> notes_;
  Seen identical_;
  Seen seen_keys_;
};

// The chunks of a reader, made by a thread of their own while others are booked. A file of a single chunk needs none.
class ChunksAhead {
 public:
  explicit ChunksAhead(ChunkReader& reader) : reader_(reader) {}
  ~ChunksAhead() { Stop(); }
  ChunksAhead(const ChunksAhead&) = delete;
  ChunksAhead& operator=(const ChunksAhead&) = delete;

  // As ChunkReader::Next; `chunk` is given back to be used again.
  Result<bool> Next(Chunk& chunk) {
    if (!thread_.joinable()) {
      if (reads_++ == 0) return reader_.Next(chunk);
      if (reader_.done()) return false;
      thread_ = std::thread([this] { Work(); });
    }
    std::unique_lock lock(mutex_);
    spare_.push_back(std::move(chunk));
    moved_.notify_all();
    moved_.wait(lock, [this] { return !ready_.empty() || ended_; });
    if (ready_.empty()) {
      if (thrown_) std::rethrow_exception(thrown_);
      if (failed_) return *failed_;
      return false;
    }
    chunk = std::move(ready_.front());
    ready_.pop_front();
    moved_.notify_all();
    return true;
  }

  // Nothing reads any more once it returns.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    moved_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      moved_.wait(lock, [this] { return ready_.size() < kChunksAhead || stopping_; });
      if (stopping_) break;
      Chunk chunk;
      if (!spare_.empty()) {
        chunk = std::move(spare_.back());
        spare_.pop_back();
      }
      lock.unlock();
      bool more = false;
      try {
        const Result<bool> read = reader_.Next(chunk);
        more = read.ok() && *read;
        if (!read.ok()) failed_ = read.error();
      } catch (...) {
        thrown_ = std::current_exception();
      }
      lock.lock();
      if (!more) break;
      ready_.push_back(std::move(chunk));
      moved_.notify_all();
    }
    ended_ = true;
    moved_.notify_all();
  }

  ChunkReader& reader_;
  int reads_ = 0;
  std::thread thread_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable moved_;
  std::vector<Chunk> spare_;
  std::deque<Chunk> ready_;
  bool stopping_ = false;
  bool ended_ = false;
  std::optional<Error> failed_;  // after ended_
  std::exception_ptr thrown_;
};

class Importer {
 public:
  Importer(db::Database& database, const catalog::Catalog& catalog, const ImportOptions& options)
      : database_(database), catalog_(catalog), options_(options) {}

  Result<ImportSummary> Run() {
    RETURN_IF_ERROR(Begin());
    if (options_.header) options_.header(summary_.headers);
    const ledger::Recorder recorder{options_.recorded_by, Now(), {}};
    ledger::Recorder booking = recorder;
    if (options_.dry_run) {
      summary_.state = ImportSummary::State::kDryRun;
    } else {
      const std::string name =
          options_.file_name.empty() ? std::filesystem::path(options_.path).filename().string() : options_.file_name;
      ASSIGN_OR_RETURN(const ledger::Begun begun,
                       ledger::BeginBatch(database_, mapping_.kind, name,
                                          FileHash(HexOf(summary_.file.content), options_.scope), recorder));
      booking.batch = summary_.batch = begun.id;
      summary_.resumed = begun.resumed;
      if (options_.begun) {
        if (const Status status = options_.begun(begun.id); !status.ok()) return BreakOff(status.error(), recorder);
      }
    }
    booker_.emplace(database_, catalog_, booking, "import: the row has changed", ledger::Keys::kLater);

    const Status read = ReadAll();
    if (!read.ok()) return BreakOff(read.error(), recorder);
    if (!options_.dry_run) {
      RETURN_IF_ERROR(booker_->FinishKeys());
      RETURN_IF_ERROR(ledger::FinishBatch(database_, summary_.batch, Now()));
    }
    if (options_.progress) options_.progress(1);
    return Finished();
  }

  Result<RowLook> Look(int64_t number) {
    RETURN_IF_ERROR(Begin());
    names_->KeepTexts();
    ASSIGN_OR_RETURN(std::optional<Pending> pending, chunks_->Find(number));
    if (!pending) return Error("row_not_found").With("row", number);
    return LookAt(*std::move(pending));
  }

 private:
  Status Begin() {
    std::string sheet = options_.sheet;
    if (sheet.empty() && options_.mapping) sheet = options_.mapping->sheet;
    ASSIGN_OR_RETURN(reader_, TableReader::Open(options_.path, sheet, options_.limits, options_.encoding));
    summary_.file = reader_->facts();
    Result<Head> head = ReadHead(*reader_, options_.mapping, options_.kind, catalog_, options_.header_row);
    if (!head.ok()) {
      Error error = head.error();
      return error.code == "file_empty" ? std::move(error).With("file", std::string_view(options_.path)) : error;
    }
    head_ = *std::move(head);
    summary_.header_row = head_.header_row;
    summary_.headers = head_.headers;
    if (options_.mapping) {
      mapping_ = *options_.mapping;
    } else {
      mapping_ = GuessMapping(options_.kind, summary_.headers, catalog_);
      summary_.guessed = true;
      if (!Usable(mapping_)) {
        return Error("mapping_not_guessed")
            .With("headers", Join(summary_.headers, ", "))
            .With("mapping", FormatMapping(mapping_));
      }
    }
    summary_.mapping = mapping_;
    names_.emplace(catalog_, options_.create_missing, mapping_.time_zone, options_.scope);
    converter_.emplace(catalog_, mapping_, *names_);
    RETURN_IF_ERROR(converter_->Prepare(summary_.headers));
    if (options_.doubt) converter_->Doubt(*options_.doubt);
    RETURN_IF_ERROR(names_->Load(database_));
    chunks_.emplace(database_, catalog_, *reader_, mapping_, *names_, *converter_, std::move(head_), options_.dry_run);
    return {};
  }

  // The import cannot go on. What it booked is taken back, so that no half of a file stands; when the store itself
  // fails even that is impossible, and the batch stays open for the next import of the file to resume.
  Result<ImportSummary> BreakOff(const Error& error, const ledger::Recorder& recorder) {
    if (options_.dry_run || error.code == "import_left") return error;
    ledger::Recorder undoing = recorder;
    undoing.at = Now();
    const auto undone = ledger::UndoBatch(database_, catalog_, summary_.batch, "import broke off", undoing);
    if (!undone.ok()) return error;
    // Where that fails the next who books there does it.
    (void)booker_->FinishKeys();
    summary_.state = ImportSummary::State::kReversed;
    summary_.broke_off = error;
    return Finished();
  }

  ImportSummary Finished() {
    if (summary_.counts.chunks < options_.done_before.chunks) AddDoneBefore();
    summary_.booked = summary_.counts.booked;
    for (size_t event = 0; event < catalog_.events().size(); ++event) {
      const std::string& id = catalog_.events()[event].id;
      if (recorded_[event] != 0) summary_.recorded[id] = recorded_[event];
      if (added_[event]) summary_.quantity_new[id] = quantity_new_[event];
    }
    summary_.created = names_->created();
    for (CellNote& note : names_->notes()) {
      if (note.rows > 0) summary_.notes.push_back(std::move(note));
    }
    return std::move(summary_);
  }

  // ---- Chunks ----

  Status ReadAll() {
    ChunksAhead ahead(*chunks_);
    Chunk chunk;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, ahead.Next(chunk));
      if (!more) return {};
      if (options_.go_on) RETURN_IF_ERROR(options_.go_on());
      RETURN_IF_ERROR(Take(chunk));
    }
  }

  Status Take(Chunk& chunk) {
    summary_.rows_read += chunk.read;
    summary_.rows_taken += chunk.taken;
    summary_.rows_empty += chunk.empty;
    for (size_t event = 0; event < recorded_.size(); ++event) recorded_[event] += chunk.recorded[event];
    if (chunk.days) {
      if (!summary_.days) summary_.days = chunk.days;
      summary_.days->from = std::min(summary_.days->from, chunk.days->from);
      summary_.days->to = std::max(summary_.days->to, chunk.days->to);
    }
    for (const Chunk::Refused& refused : chunk.refused) {
      ++summary_.rows_refused;
      ++summary_.reasons[refused.error.code];
      if (summary_.examples.size() < kExamplesMax) summary_.examples.emplace_back(refused.number, refused.error);
      if (options_.refused) options_.refused(refused.number, refused.cells, refused.error);
    }
    RETURN_IF_ERROR(Book(chunk));
    if (options_.progress) options_.progress(chunk.progress);
    return {};
  }

  Status Book(Chunk& chunk) {
    std::vector<Statement>& statements = chunk.statements;
    // A chunk that an earlier run has booked is compared only; what that run counted for it is counted once.
    const bool again = summary_.counts.chunks < options_.done_before.chunks;
    const auto after = [&](const Booked& booked) {
      ImportCounts counts = summary_.counts;
      ++counts.chunks;
      counts.booked.Add(booked);
      if (again) counts.booked.unchanged -= booked.unchanged;
      CountRows(booked, chunk.ends, again, counts);
      return counts;
    };
    Result<Booked> booked = options_.dry_run
                                ? booker_->Try(statements, chunk.denials)
                                : booker_->Book(statements, chunk.denials, again ? 0 : chunk.read,
                                                [&](db::Connection& connection, const Booked& done) -> Status {
                                                  if (!options_.checkpoint || again) return {};
                                                  return options_.checkpoint(connection, after(done));
                                                });
    if (!booked.ok()) return booked.error();
    summary_.counts = after(*booked);
    if (again && summary_.counts.chunks == options_.done_before.chunks) AddDoneBefore();
    for (size_t i = 0; i < statements.size(); ++i) {
      if (booked->outcomes[i] != Outcome::kAdded) continue;
      const ledger::NewEntry& entry = *statements[i].entry;
      quantity_new_[static_cast<size_t>(entry.event)] += entry.quantity;
      added_[static_cast<size_t>(entry.event)] = true;
    }
    return {};
  }

  void AddDoneBefore() {
    const ImportCounts& before = options_.done_before;
    ImportCounts& counts = summary_.counts;
    counts.chunks = std::max(counts.chunks, before.chunks);
    counts.rows_new += before.rows_new;
    counts.rows_changed += before.rows_changed;
    counts.rows_unchanged += before.rows_unchanged;
    counts.booked.Add(before.booked);
  }

  // What became of the rows that end there. `again`: rows without a change have been counted before.
  static void CountRows(const Booked& booked, const std::vector<Chunk::End>& ends, bool again, ImportCounts& counts) {
    std::vector<size_t> taken_back = booked.taken_back;
    std::sort(taken_back.begin(), taken_back.end());
    auto next = taken_back.begin();
    size_t begin = 0;
    for (const Chunk::End& end : ends) {
      bool added = false;
      bool changed = false;
      bool unchanged = false;
      bool removed = next != taken_back.end() && *next < end.denials;
      next = std::find_if(next, taken_back.end(), [&](size_t denial) { return denial >= end.denials; });
      for (size_t i = begin; i < end.statements; ++i) {
        const Outcome outcome = booked.outcomes[i];
        added = added || outcome == Outcome::kAdded;
        changed = changed || outcome == Outcome::kChanged;
        unchanged = unchanged || outcome == Outcome::kUnchanged;
        removed = removed || outcome == Outcome::kRemoved;
      }
      // A row that takes something back and records something else has changed, too.
      if (changed || (removed && (added || unchanged))) {
        ++counts.rows_changed;
      } else if (added) {
        ++counts.rows_new;
      } else if (unchanged && !again) {
        ++counts.rows_unchanged;
      }
      begin = end.statements;
    }
  }

  // ---- One row ----

  Result<RowLook> LookAt(Pending pending) {
    RowLook look;
    look.row = pending.row.number;
    look.headers = summary_.headers;
    look.cells = CellTexts(pending.row);
    ASSIGN_OR_RETURN(std::vector<Converted> results, chunks_->Convert({&pending, 1}, true));
    Converted& result = results.front();
    if (result.refusal) {
      look.refusal = result.refusal;
      return look;
    }
    Booker booker(database_, catalog_, {});
    ASSIGN_OR_RETURN(const Booked booked, booker.Try(result.statements));
    for (size_t i = 0; i < result.statements.size(); ++i) {
      const Statement& statement = result.statements[i];
      if (!statement.entry) continue;
      RowLook::Entry entry;
      entry.entry = *statement.entry;
      entry.outcome = booked.outcomes[i];
      entry.dealer = names_->TextOf(Dim::kDealer, statement.dealer.value);
      entry.staff = names_->TextOf(Dim::kStaff, entry.entry.actor.value);
      for (int m = 0; m < kMemberDimCount; ++m) {
        const std::string text = names_->TextOf(MemberDim(m), entry.entry.members[static_cast<size_t>(m)]);
        if (!text.empty()) entry.members[std::string(DimName(MemberDim(m)))] = text;
      }
      look.entries.push_back(std::move(entry));
    }
    return look;
  }

  db::Database& database_;
  const catalog::Catalog& catalog_;
  const ImportOptions& options_;
  std::unique_ptr<TableReader> reader_;
  ImportSummary summary_;
  Head head_;
  Mapping mapping_;
  std::optional<Names> names_;
  std::optional<RowConverter> converter_;
  std::optional<ChunkReader> chunks_;
  std::optional<Booker> booker_;
  // By event.
  std::vector<int64_t> recorded_ = std::vector<int64_t>(catalog_.events().size());
  std::vector<int64_t> quantity_new_ = recorded_;
  std::vector<bool> added_ = std::vector<bool>(recorded_.size());
};

}  // namespace

const std::array<Bilingual, 2> kRefusalHeaders = {{{"refused row", "被拒行号"}, {"refused because", "拒绝原因"}}};

std::string FileHash(std::string content, const ImportScope& scope) {
  if (!scope.network) content += ":" + scope.Text();
  return content;
}

Result<ImportSummary> Import(db::Database& database, const catalog::Catalog& catalog, const ImportOptions& options) {
  return Importer(database, catalog, options).Run();
}

Result<RowLook> LookAtRow(db::Database& database, const catalog::Catalog& catalog, const ImportOptions& options,
                          int64_t row) {
  return Importer(database, catalog, options).Look(row);
}

}  // namespace dealpace::exchange
