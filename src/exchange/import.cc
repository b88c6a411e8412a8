#include "exchange/import.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "base/zones.h"
#include "exchange/csv_writer.h"
#include "exchange/dates.h"
#include "exchange/seen.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

using ledger::NewEntry;

constexpr size_t kChunkRows = 5'000;
constexpr size_t kHeaderSearchRows = 30;
constexpr size_t kExamplesMax = 10;
constexpr int64_t kLeadBytesMax = 200;
constexpr int kAttemptMax = 1'000;
constexpr std::string_view kLoneDealer = "HQ";

std::string HexOf(const Hash128& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : hash.Bytes()) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string CellText(const Cell& cell) { return std::string(Trim(UnguardText(cell.text))); }

bool IsBlankRow(const Row& row) {
  return std::all_of(row.cells.begin(), row.cells.end(), [](const Cell& cell) { return Trim(cell.text).empty(); });
}

std::vector<std::string> Texts(const Row& row) {
  std::vector<std::string> texts;
  texts.reserve(row.cells.size());
  for (const Cell& cell : row.cells) texts.push_back(CellText(cell));
  return texts;
}

bool IsRefusalHeader(std::string_view header) {
  return std::any_of(kRefusalHeaders.begin(), kRefusalHeaders.end(),
                     [header](const Bilingual& known) { return header == known.en || header == known.zh; });
}

// ---- Finding the header ----

// The column names that a row gives; a nameless column goes by its number.
std::vector<std::string> HeaderNames(const Row& row) {
  std::vector<std::string> names = Texts(row);
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

// ---- One row into statements ----

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
    std::string sheet = options_.sheet;
    if (sheet.empty() && options_.mapping) sheet = options_.mapping->sheet;
    ASSIGN_OR_RETURN(reader_, TableReader::Open(options_.path, sheet, options_.limits));
    summary_.file = reader_->facts();
    RETURN_IF_ERROR(ReadHeader());
    RETURN_IF_ERROR(PrepareMapping());
    RETURN_IF_ERROR(LoadDirectory());
    if (options_.header) options_.header(summary_.headers);

    const ledger::Recorder recorder{options_.recorded_by, Now(), {}};
    ledger::Recorder booking = recorder;
    if (options_.dry_run) {
      summary_.state = ImportSummary::State::kDryRun;
    } else {
      const std::string name = std::filesystem::path(options_.path).filename().string();
      ASSIGN_OR_RETURN(const ledger::Begun begun,
                       ledger::BeginBatch(database_, mapping_.kind, name, HexOf(summary_.file.content), recorder));
      booking.batch = summary_.batch = begun.id;
      summary_.resumed = begun.resumed;
    }
    booker_.emplace(database_, catalog_, booking, summary_.resumed);

    for (Row& row : first_rows_) {
      if (const Status status = Take(std::move(row)); !status.ok()) return BreakOff(status.error(), recorder);
    }
    first_rows_.clear();
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
    return std::move(summary_);
  }

 private:
  // The import cannot go on. What it booked is taken back, so that no half of a file stands; when the store itself
  // fails even that is impossible, and the batch stays open for the next import of the file to resume.
  Result<ImportSummary> BreakOff(const Error& error, const ledger::Recorder& recorder) {
    if (options_.dry_run) return error;
    ledger::Recorder undoing = recorder;
    undoing.at = Now();
    const auto undone = ledger::UndoBatch(database_, catalog_, summary_.batch, "import broke off", undoing);
    if (!undone.ok()) return error;
    summary_.state = ImportSummary::State::kReversed;
    summary_.broke_off = error;
    return std::move(summary_);
  }

  Status ReadHeader() {
    const bool has_header = !options_.mapping || options_.mapping->header;
    Row row;
    while (first_rows_.size() < kHeaderSearchRows) {
      ASSIGN_OR_RETURN(const bool more, reader_->Next(row));
      if (!more) break;
      first_rows_.push_back(std::move(row));
      row = Row{};
    }
    if (first_rows_.empty()) return Error("file_empty").With("file", options_.path);
    if (!has_header) {
      size_t width = 0;
      for (const Row& r : first_rows_) width = std::max(width, r.cells.size());
      for (size_t i = 0; i < width; ++i) summary_.headers.push_back(std::to_string(i + 1));
      return {};
    }
    ASSIGN_OR_RETURN(HeaderFound header, FindHeader(first_rows_, options_.mapping, options_.kind, catalog_));
    summary_.header_row = first_rows_[header.row].number;
    for (size_t i = 0; i < header.names.size(); ++i) {
      if (IsRefusalHeader(header.names[i])) {
        dropped_columns_.push_back(i);
      } else {
        summary_.headers.push_back(header.names[i]);
      }
    }
    first_rows_.erase(first_rows_.begin(), first_rows_.begin() + static_cast<std::ptrdiff_t>(header.row) + 1);
    return {};
  }

  Status PrepareMapping() {
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
    for (const std::string& column : mapping_.Columns()) {
      if (ColumnIndex(column) >= 0) continue;
      const std::string closest = ClosestWord(column, summary_.headers);
      return Error(closest.empty() ? "unknown_column" : "unknown_column_suggest")
          .With("column", column)
          .With("headers", Join(summary_.headers, ", "))
          .With("suggestion", closest);
    }
    for (const std::string& column : mapping_.key) key_columns_.push_back(ColumnIndex(column));
    missing_.insert(mapping_.missing.begin(), mapping_.missing.end());
    if (!mapping_.time_zone.empty()) {
      ASSIGN_OR_RETURN(file_zone_, Zone::Find(mapping_.time_zone));
    }
    for (const std::string& id : catalog_.RecordableEvents()) {
      const int event = catalog_.FindEvent(id);
      const Bilingual& name = catalog_.events()[static_cast<size_t>(event)].name;
      for (const std::string& text : {id, name.en, name.zh}) event_by_text_.emplace(ToLower(text), event);
    }
    if (mapping_.rules.empty()) {
      // A long file: one rule whose event stands in the row.
      EventRule rule;
      if (const auto it = mapping_.columns.find("count"); it != mapping_.columns.end()) rule.count = {it->second};
      const char* amount = mapping_.kind == "readings" ? "value" : "amount";
      if (const auto it = mapping_.columns.find(amount); it != mapping_.columns.end()) rule.amount = {it->second};
      rules_ = {rule};
    } else {
      rules_ = mapping_.rules;
    }
    return {};
  }

  Status LoadDirectory() {
    ASSIGN_OR_RETURN(org::Directory directory,
                     database_.Read<org::Directory>([](db::Connection& connection) -> Result<org::Directory> {
                       return org::Directory(connection);
                     }));
    directory_.emplace(std::move(directory));
    ASSIGN_OR_RETURN(const std::vector<org::Dealer> dealers,
                     database_.Read<std::vector<org::Dealer>>(
                         [](db::Connection& connection) { return org::ListDealers(connection); }));
    // A file that names no dealer belongs to the only one there is.
    if (dealers.size() == 1) lone_dealer_ = dealers[0].code;
    if (dealers.empty() && options_.create_missing) lone_dealer_ = kLoneDealer;
    return {};
  }

  [[nodiscard]] int ColumnIndex(const std::string& name) const {
    const auto it = std::find(summary_.headers.begin(), summary_.headers.end(), name);
    return it == summary_.headers.end() ? -1 : static_cast<int>(it - summary_.headers.begin());
  }

  // ---- Chunks ----

  Status Take(Row&& row) {
    // What a file of refused rows adds says nothing of the row itself.
    for (auto column = dropped_columns_.rbegin(); column != dropped_columns_.rend(); ++column) {
      if (*column < row.cells.size()) row.cells.erase(row.cells.begin() + static_cast<std::ptrdiff_t>(*column));
    }
    if (IsBlankRow(row)) return {};
    ++summary_.rows_read;
    Pending pending;
    if (key_columns_.empty()) {
      for (const Cell& cell : row.cells) pending.key += CellText(cell) + '\x1f';
      while (pending.key.ends_with("\x1f\x1f")) pending.key.pop_back();  // trailing empty cells come and go
      const int64_t position = identical_.Count(HashText(pending.key));
      pending.key += '#' + std::to_string(position);
    } else {
      for (const int column : key_columns_) {
        const auto i = static_cast<size_t>(column);
        pending.key += (i < row.cells.size() ? CellText(row.cells[i]) : "") + '\x1f';
      }
    }
    pending.row = std::move(row);
    pending_.push_back(std::move(pending));
    return pending_.size() < kChunkRows ? Status() : Flush();
  }

  Status Flush() {
    if (pending_.empty()) return {};
    // Names that are missing are made first, dealers before their staff; then every row finds what it names.
    std::vector<Result<std::vector<Statement>>> results;
    for (int round = 0;; ++round) {
      wanted_.clear();
      results.clear();
      results.reserve(pending_.size());
      for (const Pending& pending : pending_) results.push_back(Convert(pending));
      if (wanted_.empty() || round == 3) break;
      RETURN_IF_ERROR(CreateWanted());
    }

    std::vector<Statement> statements;
    for (size_t i = 0; i < pending_.size(); ++i) {
      Result<std::vector<Statement>>& result = results[i];
      std::optional<Error> refusal;
      if (!result.ok()) {
        refusal = result.error();
      } else {
        refusal = FindDuplicate(*result, pending_[i].row.number);
      }
      if (refusal) {
        Refuse(pending_[i], *refusal);
        continue;
      }
      bool records = false;
      for (Statement& statement : *result) {
        if (statement.entry) {
          records = true;
          ++summary_.recorded[catalog_.events()[static_cast<size_t>(statement.entry->event)].id];
        }
        statements.push_back(std::move(statement));
      }
      ++(records ? summary_.rows_taken : summary_.rows_empty);
    }
    const auto rows = static_cast<int64_t>(pending_.size());
    pending_.clear();
    ASSIGN_OR_RETURN(const Booked booked,
                     options_.dry_run ? booker_->Try(statements) : booker_->Book(statements, rows));
    summary_.booked.added += booked.added;
    summary_.booked.changed += booked.changed;
    summary_.booked.unchanged += booked.unchanged;
    summary_.booked.removed += booked.removed;
    if (options_.progress) options_.progress(reader_->progress());
    return {};
  }

  // A key must stand for one row of the file, or each import would undo the other row.
  std::optional<Error> FindDuplicate(const std::vector<Statement>& statements, int64_t row) {
    if (key_columns_.empty()) return std::nullopt;
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
    if (options_.refused) options_.refused(pending.row.number, Texts(pending.row), error);
  }

  // ---- Names ----

  struct Wanted {
    Dim dim{};
    int64_t dealer = 0;  // of staff
    std::string text;
    std::string group;  // a dealer's region, a person's team
    auto operator<=>(const Wanted&) const = default;
  };

  Status CreateWanted() {
    if (options_.dry_run) {
      for (const Wanted& wanted : wanted_) Learned(wanted, NewId());  // known to this run only
      return {};
    }
    // Made in a transaction of their own: names without entries do no harm if the chunk fails.
    ASSIGN_OR_RETURN(
        const std::vector<int64_t> ids,
        database_.Write<std::vector<int64_t>>([&](db::Connection& connection) -> Result<std::vector<int64_t>> {
          std::vector<int64_t> made;
          for (const Wanted& wanted : wanted_) {
            ASSIGN_OR_RETURN(const int64_t id, Create(connection, wanted));
            made.push_back(id);
          }
          return made;
        }));
    size_t i = 0;
    for (const Wanted& wanted : wanted_) Learned(wanted, ids[i++]);
    return {};
  }

  // Makes the member, or finds the one that somebody else made meanwhile.
  Result<int64_t> Create(db::Connection& connection, const Wanted& wanted) {
    if (wanted.dim == Dim::kDealer) {
      db::Rows rows = connection.Query("SELECT dealer_id FROM dealer WHERE code = ?1", wanted.text);
      if (rows.Next()) return rows.Int(0);
      ASSIGN_OR_RETURN(const DealerId dealer,
                       org::AddDealer(connection, wanted.text, {},
                                      mapping_.time_zone.empty() ? org::kDefaultTimeZone : mapping_.time_zone));
      if (!wanted.group.empty()) {
        RegionId region = RegionFor(connection, wanted.group);
        if (!region.set()) {
          ASSIGN_OR_RETURN(region, org::AddRegion(connection, wanted.group, {}));
        }
        org::MoveDealer(connection, dealer, kFirstDay, region);
      }
      return dealer.value;
    }
    if (wanted.dim == Dim::kStaff) {
      const DealerId dealer(wanted.dealer);
      db::Rows rows =
          connection.Query("SELECT staff_id FROM staff WHERE dealer_id = ?1 AND code = ?2", dealer, wanted.text);
      if (rows.Next()) return rows.Int(0);
      ASSIGN_OR_RETURN(const StaffId staff, org::AddStaff(connection, dealer, wanted.text, {}));
      if (!wanted.group.empty()) {
        TeamId team;
        db::Rows teams =
            connection.Query("SELECT team_id FROM team WHERE dealer_id = ?1 AND code = ?2", dealer, wanted.group);
        if (teams.Next()) {
          team = TeamId(teams.Int(0));
        } else {
          ASSIGN_OR_RETURN(team, org::AddTeam(connection, dealer, wanted.group, {}));
        }
        org::MoveStaff(connection, dealer, staff, kFirstDay, team);
      }
      return staff.value;
    }
    return org::AddMember(connection, wanted.dim, wanted.text);
  }

  static RegionId RegionFor(db::Connection& connection, const std::string& code) {
    db::Rows rows = connection.Query("SELECT region_id FROM region WHERE code = ?1", code);
    return rows.Next() ? RegionId(rows.Int(0)) : RegionId();
  }

  void Learned(const Wanted& wanted, int64_t id) {
    if (wanted.dim == Dim::kDealer) {
      directory_->Learn({DealerId(id), wanted.text, wanted.text,
                         mapping_.time_zone.empty() ? std::string(org::kDefaultTimeZone) : mapping_.time_zone});
    } else if (wanted.dim == Dim::kStaff) {
      directory_->LearnStaff(DealerId(wanted.dealer), StaffId(id), wanted.text);
    } else {
      directory_->LearnMember(wanted.dim, id, wanted.text);
    }
    ++summary_.created[std::string(DimName(wanted.dim))];
  }

  // ---- Cells ----

  struct Field {
    const Cell* cell = nullptr;  // null: a constant
    std::string column;
    std::string text;  // empty: no value
  };

  [[nodiscard]] bool IsMissing(const std::string& text) const { return text.empty() || missing_.contains(text); }

  Field ColumnField(const Pending& pending, const std::string& column) const {
    Field field;
    field.column = column;
    const int index = ColumnIndexCached(column);
    if (index < 0 || static_cast<size_t>(index) >= pending.row.cells.size()) return field;
    const Cell& cell = pending.row.cells[static_cast<size_t>(index)];
    std::string text = CellText(cell);
    if (IsMissing(text)) return field;
    field.cell = &cell;
    field.text = std::move(text);
    return field;
  }

  [[nodiscard]] int ColumnIndexCached(const std::string& column) const {
    const auto [it, fresh] = column_index_.emplace(column, -1);
    if (fresh) it->second = ColumnIndex(column);
    return it->second;
  }

  // A field of a rule: the rule's own column or constant, else the mapping's, translated.
  Field FieldOf(const Pending& pending, const EventRule& rule, const std::string& name) const {
    Field field;
    field.column = name;
    if (const auto it = rule.columns.find(name); it != rule.columns.end()) {
      field = ColumnField(pending, it->second);
    } else if (const auto constant = rule.constants.find(name); constant != rule.constants.end()) {
      field.text = constant->second;
    } else if (const auto column = mapping_.columns.find(name); column != mapping_.columns.end()) {
      field = ColumnField(pending, column->second);
    }
    if (field.text.empty()) {
      if (const auto constant = mapping_.constants.find(name); constant != mapping_.constants.end()) {
        field.text = constant->second;
      }
    }
    if (const auto values = mapping_.values.find(name); values != mapping_.values.end()) {
      if (const auto meaning = values->second.find(field.text); meaning != values->second.end()) {
        field.text = meaning->second;
        if (IsMissing(field.text)) field.text.clear();
      }
    }
    return field;
  }

  Result<std::optional<DateTime>> DateOf(const Field& field) const {
    if (field.text.empty()) return std::optional<DateTime>();
    if (field.cell != nullptr && field.cell->kind == Cell::Kind::kDate) {
      return std::optional(DateTime{field.cell->day, field.cell->ms_of_day, field.cell->ms_of_day != 0});
    }
    const auto& formats = mapping_.date_formats.empty() ? UsualDateFormats() : mapping_.date_formats;
    auto date = ParseDate(field.text, formats);
    if (!date && field.cell == nullptr) date = ParseDate(field.text, UsualDateFormats());  // a constant of the mapping
    if (!date && field.cell != nullptr && field.cell->kind == Cell::Kind::kNumber) {
      // A workbook's date that lost its format: days since 1899-12-30.
      if (const auto serial = ParseDecimal(field.text)) {
        const auto ms = ToUnits(*serial, 86'400'000);
        constexpr int64_t kDayMs = 86'400'000;
        if (ms && *ms >= 20'000 * kDayMs && *ms < 80'000 * kDayMs) {
          date = DateTime{Day{static_cast<int32_t>(*ms / kDayMs) - 25'569}, static_cast<int>(*ms % kDayMs),
                          *ms % kDayMs != 0};
        }
      }
    }
    if (!date) {
      return Error("row_bad_date")
          .With("column", field.column)
          .With("value", field.text)
          .With("formats", Join(mapping_.date_formats, ", "));
    }
    return date;
  }

  // The product of some columns in units; nothing when one has no value.
  Result<std::optional<int64_t>> ProductOf(const Pending& pending, const std::vector<std::string>& columns,
                                           int64_t per_one, bool scaled) const {
    if (columns.empty()) return std::optional<int64_t>();
    Decimal product{1, 0};
    for (const std::string& column : columns) {
      const Field field = ColumnField(pending, column);
      if (field.text.empty()) return std::optional<int64_t>();
      const auto number = ParseDecimal(field.text);
      if (!number) return Error("row_bad_number").With("column", column).With("value", field.text);
      product = Multiply(product, *number);
    }
    if (scaled) product = Multiply(product, mapping_.scale);
    const auto units = ToUnits(product, per_one);
    if (!units) return Error("row_number_too_large").With("column", Join(columns, ", "));
    return units;
  }

  Result<const org::Dealer*> DealerOf(const Pending& pending, const EventRule& rule) {
    std::string text = FieldOf(pending, rule, "dealer").text;
    if (text.empty()) text = lone_dealer_;
    if (text.empty()) return Error("row_missing_dealer");
    if (const org::Dealer* dealer = directory_->FindDealer(text)) return dealer;
    if (!options_.create_missing) {
      const std::string closest = ClosestWord(text, directory_->DealerNames());
      return Error(closest.empty() ? "row_unknown_dealer" : "row_unknown_dealer_suggest")
          .With("name", text)
          .With("suggestion", closest);
    }
    wanted_.insert({Dim::kDealer, 0, text, FieldOf(pending, rule, "region").text});
    return nullptr;  // known in the next round
  }

  Result<StaffId> StaffOf(const Pending& pending, const EventRule& rule, DealerId dealer) {
    const std::string text = FieldOf(pending, rule, "staff").text;
    if (text.empty()) return StaffId();
    const StaffId staff = directory_->FindStaff(dealer, text);
    if (staff.set()) return staff;
    if (!options_.create_missing) {
      const std::string closest = ClosestWord(text, directory_->StaffNames(dealer));
      return Error(closest.empty() ? "row_unknown_staff" : "row_unknown_staff_suggest")
          .With("name", text)
          .With("suggestion", closest);
    }
    wanted_.insert({Dim::kStaff, dealer.value, text, FieldOf(pending, rule, "team").text});
    return StaffId();
  }

  Result<int64_t> MemberOf(const Pending& pending, const EventRule& rule, Dim dim, const catalog::Event& event) {
    std::string text = FieldOf(pending, rule, std::string(DimName(dim))).text;
    if (text.empty()) return int64_t{0};
    bool known = false;
    if (dim == Dim::kReason) {
      if (const catalog::Code* code = catalog_.FindReason(event.id, text)) {
        text = code->code;
        known = true;
      } else if (!event.reasons.empty() && !options_.create_missing) {
        return Error("row_unknown_reason")
            .With("name", text)
            .With("event", event.id)
            .With("known", Join(event.reasons, ", "));
      }
    } else if (const catalog::Code* code = catalog_.FindCode(dim, text)) {
      text = code->code;
      known = true;
    }
    const int64_t id = directory_->FindMember(dim, text);
    if (id != 0) return id;
    if (!known && !options_.create_missing) {
      const std::string closest = ClosestWord(text, directory_->MemberCodes(dim));
      return Error(closest.empty() ? "row_unknown_member" : "row_unknown_member_suggest")
          .With("dimension", DimName(dim))
          .With("name", text)
          .With("suggestion", closest);
    }
    wanted_.insert({dim, 0, text, {}});
    return int64_t{0};
  }

  // ---- Rows ----

  Result<std::vector<Statement>> Convert(const Pending& pending) {
    std::vector<Statement> statements;
    for (const EventRule& rule : rules_) {
      ASSIGN_OR_RETURN(std::optional<Statement> statement, ConvertRule(pending, rule));
      if (statement) statements.push_back(std::move(*statement));
    }
    return statements;
  }

  [[nodiscard]] bool Holds(const Pending& pending, const EventRule& rule) const {
    return std::all_of(rule.when.begin(), rule.when.end(), [&](const auto& condition) {
      const Field field = ColumnField(pending, condition.first);
      return std::find(condition.second.begin(), condition.second.end(), field.text) != condition.second.end();
    });
  }

  // How many rules before this one have the same event and constants. Of a wide sheet's columns, the day tells.
  [[nodiscard]] int PlaceAmongEquals(const EventRule& rule) const {
    if (mapping_.kind == "readings") return 0;
    int place = 0;
    for (const EventRule& other : rules_) {
      if (&other == &rule) break;
      if (other.name == rule.name && other.constants == rule.constants) ++place;
    }
    return place;
  }

  // The event (or the measure's reading) that the rule records; -1 when the row names none.
  Result<int> EventOf(const Pending& pending, const EventRule& rule) const {
    if (mapping_.kind == "readings") {
      const std::string name = rule.name.empty() ? FieldOf(pending, rule, "measure").text : rule.name;
      if (name.empty()) return -1;
      int measure = catalog_.FindMeasure(name);
      for (size_t i = 0; measure < 0 && i < catalog_.measures().size(); ++i) {
        const Bilingual& known = catalog_.measures()[i].name;
        if (ToLower(known.en) == ToLower(name) || known.zh == name) measure = static_cast<int>(i);
      }
      if (measure < 0) return Error("row_unknown_measure").With("name", name);
      return catalog_.measures()[static_cast<size_t>(measure)].reading_event;
    }
    if (!rule.name.empty()) return catalog_.FindEvent(rule.name);
    const std::string name = FieldOf(pending, rule, "event").text;
    if (name.empty()) return -1;
    const auto it = event_by_text_.find(ToLower(name));
    if (it != event_by_text_.end()) return it->second;
    const std::string closest = ClosestWord(name, catalog_.RecordableEvents());
    return Error(closest.empty() ? "row_unknown_event" : "row_unknown_event_suggest")
        .With("name", name)
        .With("suggestion", closest);
  }

  // The date column of a rule; of readings it may be a text with the row's cells put in.
  Result<std::optional<DateTime>> DateOfRule(const Pending& pending, const EventRule& rule) const {
    if (rule.at.empty()) return DateOf(FieldOf(pending, rule, "at"));
    if (mapping_.kind == "events" || ColumnIndexCached(rule.at) >= 0) return DateOf(ColumnField(pending, rule.at));
    std::string text = rule.at;
    for (const std::string& header : summary_.headers) {
      const std::string hole = "{" + header + "}";
      if (text.find(hole) != std::string::npos) text = ReplaceAll(text, hole, ColumnField(pending, header).text);
    }
    if (const auto period = ParsePeriod(text); period.ok()) {
      return std::optional(DateTime{period->from, 0, false});  // a period's figure is dated on its first day
    }
    Field field;
    field.column = rule.at;
    field.text = text;
    return DateOf(field);
  }

  Result<std::optional<Statement>> ConvertRule(const Pending& pending, const EventRule& rule) {
    ASSIGN_OR_RETURN(const int event, EventOf(pending, rule));
    if (event < 0) return std::optional<Statement>();
    const catalog::Event& definition = catalog_.events()[static_cast<size_t>(event)];

    ASSIGN_OR_RETURN(const org::Dealer* const dealer, DealerOf(pending, rule));
    if (dealer == nullptr) return std::optional<Statement>();

    Statement statement;
    statement.dealer = dealer->id;
    std::string identity = dealer->code + '\x1e' + definition.id + '\x1e';
    for (const auto& [field, value] : rule.constants) identity += field + '=' + value + '\x1f';
    // Rules of the same event are told apart by their place among each other.
    if (const int place = PlaceAmongEquals(rule); place > 0) identity += '#' + std::to_string(place);
    ASSIGN_OR_RETURN(const std::optional<DateTime> date, DateOfRule(pending, rule));
    // The columns of a wide sheet are figures of different days: the day belongs to what a figure is.
    if (mapping_.kind == "readings" && !mapping_.rules.empty()) {
      if (!date) return std::optional<Statement>();
      identity += '@' + FormatDay(date->day);
    }
    statement.key = HashText(identity + '\x1e' + pending.key);

    if (!Holds(pending, rule)) return std::optional(std::move(statement));
    if (!date) return std::optional(std::move(statement));

    NewEntry entry;
    entry.event = event;
    RETURN_IF_ERROR(SetTime(*date, *dealer, entry));
    ASSIGN_OR_RETURN(const bool counts, SetNumbers(pending, rule, definition, entry));
    if (!counts) return std::optional(std::move(statement));

    entry.lead = FieldOf(pending, rule, "lead").text;
    if (static_cast<int64_t>(entry.lead.size()) > kLeadBytesMax) return Error("row_lead_too_long");
    if (const Field attempt = FieldOf(pending, rule, "attempt"); !attempt.text.empty()) {
      const auto number = ParseDecimal(attempt.text);
      const auto whole = number ? ToUnits(*number, 1) : std::nullopt;
      if (!whole || *whole < 1 || *whole > kAttemptMax) {
        return Error("row_bad_number").With("column", attempt.column).With("value", attempt.text);
      }
      entry.attempt = static_cast<int>(*whole);
    }
    ASSIGN_OR_RETURN(entry.actor, StaffOf(pending, rule, dealer->id));
    for (int m = 0; m < kMemberDimCount; ++m) {
      ASSIGN_OR_RETURN(entry.members[static_cast<size_t>(m)], MemberOf(pending, rule, MemberDim(m), definition));
    }
    statement.entry = std::move(entry);
    return std::optional(std::move(statement));
  }

  Status SetTime(const DateTime& date, const org::Dealer& dealer, NewEntry& entry) {
    auto it = zones_.find(dealer.time_zone);
    if (it == zones_.end()) {
      ASSIGN_OR_RETURN(Zone zone, Zone::Find(dealer.time_zone));
      it = zones_.emplace(dealer.time_zone, std::move(zone)).first;
    }
    const Zone& zone = it->second;
    if (date.utc) {
      entry.at = {int64_t{date.day.value} * 86'400'000 + date.ms_of_day};
      entry.day = zone.DayOf(entry.at);
    } else if (date.has_time && file_zone_) {
      entry.at = file_zone_->At(date.day, date.ms_of_day);
      entry.day = zone.DayOf(entry.at);
    } else {
      entry.at = zone.At(date.day, date.ms_of_day);
      entry.day = date.day;
    }
    return {};
  }

  // Quantity and amount; false when the row's count is empty or zero, so that there is nothing to record.
  Result<bool> SetNumbers(const Pending& pending, const EventRule& rule, const catalog::Event& event,
                          NewEntry& entry) const {
    if (event.reading_of >= 0) {
      const catalog::Measure& measure = catalog_.measures()[static_cast<size_t>(event.reading_of)];
      const bool amount = measure.sums_amount();
      std::optional<int64_t> value;
      if (rule.amount.empty()) {
        const Field field = FieldOf(pending, rule, "value");
        if (field.text.empty()) return false;
        const auto number = ParseDecimal(field.text);
        if (!number) return Error("row_bad_number").With("column", field.column).With("value", field.text);
        value = ToUnits(Multiply(*number, mapping_.scale), amount ? kFenPerYuan : kQuantityOne);
        if (!value) return Error("row_number_too_large").With("column", field.column);
      } else {
        ASSIGN_OR_RETURN(value, ProductOf(pending, rule.amount, amount ? kFenPerYuan : kQuantityOne, true));
      }
      if (!value) return false;
      entry.quantity = amount ? 0 : *value;
      entry.amount = amount ? *value : 0;
      return true;
    }
    if (!rule.count.empty()) {
      ASSIGN_OR_RETURN(const std::optional<int64_t> count, ProductOf(pending, rule.count, kQuantityOne, false));
      if (!count || *count == 0) return false;
      entry.quantity = *count;
    } else if (const Field count = FieldOf(pending, rule, "count"); !count.text.empty()) {
      const auto number = ParseDecimal(count.text);
      const auto units = number ? ToUnits(*number, kQuantityOne) : std::nullopt;
      if (!units) return Error("row_bad_number").With("column", count.column).With("value", count.text);
      if (*units == 0) return false;
      entry.quantity = *units;
    }
    if (!rule.amount.empty()) {
      ASSIGN_OR_RETURN(const std::optional<int64_t> amount, ProductOf(pending, rule.amount, kFenPerYuan, true));
      entry.amount = amount.value_or(0);
    } else if (const Field amount = FieldOf(pending, rule, "amount"); event.amount && !amount.text.empty()) {
      const auto number = ParseDecimal(amount.text);
      if (!number) return Error("row_bad_number").With("column", amount.column).With("value", amount.text);
      const auto units = ToUnits(Multiply(*number, mapping_.scale), kFenPerYuan);
      if (!units) return Error("row_number_too_large").With("column", amount.column);
      entry.amount = *units;
    }
    if (!event.is_signed && (entry.quantity < 0 || entry.amount < 0)) {
      return Error("row_negative").With("event", event.id);
    }
    return true;
  }

  db::Database& database_;
  const catalog::Catalog& catalog_;
  const ImportOptions& options_;
  std::unique_ptr<TableReader> reader_;
  ImportSummary summary_;
  std::vector<Row> first_rows_;
  Mapping mapping_;
  std::vector<EventRule> rules_;
  std::vector<int> key_columns_;
  std::vector<size_t> dropped_columns_;
  std::set<std::string> missing_;
  mutable std::map<std::string, int> column_index_;
  std::optional<Zone> file_zone_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, int> event_by_text_;
  std::optional<org::Directory> directory_;
  std::string lone_dealer_;
  std::set<Wanted> wanted_;
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

}  // namespace dealpace::exchange
