#include "exchange/import.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "exchange/import_header.h"
#include "exchange/import_rows.h"
#include "exchange/seen.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kChunkRows = 5'000;
constexpr size_t kExamplesMax = 10;

std::string HexOf(const Hash128& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : hash.Bytes()) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// A row that waits for its chunk to be booked.
struct Pending {
  Row row;
  std::string key;  // its key cells, or the whole row and its position among identical ones
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
                       ledger::BeginBatch(database_, mapping_.kind, name, HexOf(summary_.file.content), recorder));
      booking.batch = summary_.batch = begun.id;
      summary_.resumed = begun.resumed;
      if (options_.begun) {
        if (const Status status = options_.begun(begun.id); !status.ok()) return BreakOff(status.error(), recorder);
      }
    }
    booker_.emplace(database_, catalog_, booking, summary_.resumed);

    for (size_t i = head_.body; i < head_.rows.size(); ++i) {
      if (const Status status = Take(std::move(head_.rows[i])); !status.ok()) return BreakOff(status.error(), recorder);
    }
    head_.rows.clear();
    Row row;
    while (true) {
      const Result<bool> more = reader_->Next(row);
      if (!more.ok()) return BreakOff(more.error(), recorder);
      if (!*more) break;
      if (const Status status = Take(std::move(row)); !status.ok()) return BreakOff(status.error(), recorder);
      row = Row{};
    }
    if (const Status status = Flush(); !status.ok()) return BreakOff(status.error(), recorder);
    if (!options_.dry_run) RETURN_IF_ERROR(ledger::FinishBatch(database_, summary_.batch, Now()));
    if (options_.progress) options_.progress(1);
    return Finished();
  }

  Result<RowLook> Look(int64_t number) {
    RETURN_IF_ERROR(Begin());
    names_->KeepTexts();
    Row row;
    for (size_t i = head_.body; i < head_.rows.size(); ++i) {
      if (head_.rows[i].number == number) return LookAt(std::move(head_.rows[i]));
      (void)WithKey(std::move(head_.rows[i]));
    }
    while (true) {
      ASSIGN_OR_RETURN(const bool more, reader_->Next(row));
      if (!more || row.number > number) return Error("row_not_found").With("row", number);
      if (row.number == number) return LookAt(std::move(row));
      (void)WithKey(std::move(row));
      row = Row{};
    }
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
    names_.emplace(catalog_, options_.create_missing, mapping_.time_zone);
    converter_.emplace(catalog_, mapping_, *names_);
    RETURN_IF_ERROR(converter_->Prepare(summary_.headers));
    if (options_.doubt) converter_->Doubt(*options_.doubt);
    return names_->Load(database_);
  }

  // The import cannot go on. What it booked is taken back, so that no half of a file stands; when the store itself
  // fails even that is impossible, and the batch stays open for the next import of the file to resume.
  Result<ImportSummary> BreakOff(const Error& error, const ledger::Recorder& recorder) {
    if (options_.dry_run || error.code == "import_left") return error;
    ledger::Recorder undoing = recorder;
    undoing.at = Now();
    const auto undone = ledger::UndoBatch(database_, catalog_, summary_.batch, "import broke off", undoing);
    if (!undone.ok()) return error;
    summary_.state = ImportSummary::State::kReversed;
    summary_.broke_off = error;
    return Finished();
  }

  ImportSummary Finished() {
    if (summary_.counts.chunks < options_.done_before.chunks) AddDoneBefore();
    summary_.booked = summary_.counts.booked;
    summary_.created = names_->created();
    for (CellNote& note : names_->notes()) {
      if (note.rows > 0) summary_.notes.push_back(std::move(note));
    }
    return std::move(summary_);
  }

  // ---- Chunks ----

  // The row with its key; nothing for a blank one.
  std::optional<Pending> WithKey(Row&& row) {
    DropColumns(row, head_.dropped);
    if (IsBlankRow(row)) return std::nullopt;
    Pending pending;
    if (auto key = converter_->KeyOf(row)) {
      pending.key = *std::move(key);
    } else {
      for (const Cell& cell : row.cells) pending.key += CellText(cell) + '\x1f';
      while (pending.key.ends_with("\x1f\x1f")) pending.key.pop_back();  // trailing empty cells come and go
      const int64_t position = identical_.Count(HashText(pending.key));
      pending.key += '#' + std::to_string(position);
    }
    pending.row = std::move(row);
    return pending;
  }

  Status Take(Row&& row) {
    std::optional<Pending> pending = WithKey(std::move(row));
    if (!pending) return {};
    ++summary_.rows_read;
    pending_.push_back(*std::move(pending));
    return pending_.size() < kChunkRows ? Status() : Flush();
  }

  // Converts rows. Names that are missing are made first, dealers before their staff; then every row finds what it
  // names.
  Result<std::vector<Converted>> Convert(const std::vector<Pending>& rows, bool dry) {
    std::vector<Converted> results;
    for (int round = 0;; ++round) {
      names_->ForgetWanted();
      results.clear();
      results.reserve(rows.size());
      for (const Pending& pending : rows) results.push_back(converter_->Convert(pending.row, pending.key));
      if (!names_->wanting() || round == 3) return results;
      RETURN_IF_ERROR(names_->Make(database_, dry));
    }
  }

  Status Flush() {
    if (pending_.empty()) return {};
    if (options_.go_on) RETURN_IF_ERROR(options_.go_on());
    ASSIGN_OR_RETURN(std::vector<Converted> results, Convert(pending_, options_.dry_run));
    std::vector<Statement> statements;
    std::vector<size_t> ends;  // of each row that is taken or empty: where its statements end
    for (size_t i = 0; i < pending_.size(); ++i) {
      Converted& result = results[i];
      if (!result.refusal) result.refusal = FindDuplicate(result.statements, pending_[i].row.number);
      CountNotes(result);
      if (result.refusal) {
        Refuse(pending_[i], *result.refusal);
        continue;
      }
      bool records = false;
      for (Statement& statement : result.statements) {
        if (statement.entry) {
          records = true;
          CountEntry(*statement.entry);
        }
        statements.push_back(std::move(statement));
      }
      ends.push_back(statements.size());
      ++(records ? summary_.rows_taken : summary_.rows_empty);
    }
    const auto rows = static_cast<int64_t>(pending_.size());
    pending_.clear();
    RETURN_IF_ERROR(Book(statements, ends, rows));
    if (options_.progress) options_.progress(reader_->progress());
    return {};
  }

  Status Book(const std::vector<Statement>& statements, const std::vector<size_t>& ends, int64_t rows) {
    // A chunk that an earlier run has booked is compared only; what that run counted for it is counted once.
    const bool again = summary_.counts.chunks < options_.done_before.chunks;
    const auto after = [&](const Booked& booked) {
      ImportCounts counts = summary_.counts;
      ++counts.chunks;
      counts.booked.Add(booked);
      if (again) counts.booked.unchanged -= booked.unchanged;
      CountRows(booked, ends, again, counts);
      return counts;
    };
    Result<Booked> booked = options_.dry_run
                                ? booker_->Try(statements)
                                : booker_->Book(statements, again ? 0 : rows,
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
      summary_.quantity_new[catalog_.events()[static_cast<size_t>(entry.event)].id] += entry.quantity;
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

  // What became of the rows whose statements end there. `again`: rows without a change have been counted before.
  static void CountRows(const Booked& booked, const std::vector<size_t>& ends, bool again, ImportCounts& counts) {
    size_t begin = 0;
    for (const size_t end : ends) {
      bool added = false;
      bool changed = false;
      bool unchanged = false;
      for (size_t i = begin; i < end; ++i) {
        const Outcome outcome = booked.outcomes[i];
        added = added || outcome == Outcome::kAdded;
        changed = changed || outcome == Outcome::kChanged;
        unchanged = unchanged || outcome == Outcome::kUnchanged;
      }
      // A row that takes something back and records something else has changed, too.
      const bool removed = std::find(booked.outcomes.begin() + static_cast<std::ptrdiff_t>(begin),
                                     booked.outcomes.begin() + static_cast<std::ptrdiff_t>(end),
                                     Outcome::kRemoved) != booked.outcomes.begin() + static_cast<std::ptrdiff_t>(end);
      if (changed || (removed && (added || unchanged))) {
        ++counts.rows_changed;
      } else if (added) {
        ++counts.rows_new;
      } else if (unchanged && !again) {
        ++counts.rows_unchanged;
      }
      begin = end;
    }
  }

  void CountEntry(const ledger::NewEntry& entry) {
    ++summary_.recorded[catalog_.events()[static_cast<size_t>(entry.event)].id];
    if (!summary_.days) summary_.days = Period{entry.day, entry.day};
    summary_.days->from = std::min(summary_.days->from, entry.day);
    summary_.days->to = std::max(summary_.days->to, entry.day);
  }

  // Of a refused row only what speaks against it is told.
  void CountNotes(const Converted& result) {
    for (const int position : result.notes) {
      CellNote& note = names_->notes()[static_cast<size_t>(position)];
      if (result.refusal.has_value() == (note.kind == CellNote::Kind::kUnknown)) ++note.rows;
    }
  }

  // A key must stand for one row of the file, or each import would undo the other row.
  std::optional<Error> FindDuplicate(const std::vector<Statement>& statements, int64_t row) {
    if (mapping_.key.empty()) return std::nullopt;
    for (const Statement& statement : statements) {
      const auto before = seen_keys_.Remember(statement.key, row);
      if (before) return Error("row_duplicate_key").With("key", Join(mapping_.key, ", ")).With("other", *before);
    }
    return std::nullopt;
  }

  void Refuse(const Pending& pending, const Error& error) {
    ++summary_.rows_refused;
    ++summary_.reasons[error.code];
    if (summary_.examples.size() < kExamplesMax) summary_.examples.emplace_back(pending.row.number, error);
    if (options_.refused) options_.refused(pending.row.number, CellTexts(pending.row), error);
  }

  // ---- One row ----

  Result<RowLook> LookAt(Row&& row) {
    RowLook look;
    look.row = row.number;
    look.headers = summary_.headers;
    std::optional<Pending> pending = WithKey(std::move(row));
    if (!pending) return Error("row_not_found").With("row", look.row);
    look.cells = CellTexts(pending->row);
    std::vector<Pending> rows;
    rows.push_back(*std::move(pending));
    ASSIGN_OR_RETURN(std::vector<Converted> results, Convert(rows, true));
    Converted& result = results.front();
    if (result.refusal) {
      look.refusal = result.refusal;
      return look;
    }
    Booker booker(database_, catalog_, {}, false);
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
  std::vector<Pending> pending_;
  Seen identical_;
  Seen seen_keys_;
  std::optional<Booker> booker_;
};

}  // namespace

const std::array<Bilingual, 2> kRefusalHeaders = {{{"refused row", "被拒行号"}, {"refused because", "拒绝原因"}}};

Result<ImportSummary> Import(db::Database& database, const catalog::Catalog& catalog, const ImportOptions& options) {
  return Importer(database, catalog, options).Run();
}

Result<RowLook> LookAtRow(db::Database& database, const catalog::Catalog& catalog, const ImportOptions& options,
                          int64_t row) {
  return Importer(database, catalog, options).Look(row);
}

}  // namespace dealpace::exchange
