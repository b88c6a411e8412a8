#include "exchange/records.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/money.h"
#include "base/text.h"
#include "exchange/import_names.h"
#include "exchange/import_rows.h"
#include "exchange/mapping.h"
#include "exchange/table_reader.h"
#include "ledger/readings.h"

namespace dealpace::exchange {
namespace {

constexpr int kRoundsMax = 4;  // dealers are made before their staff
constexpr std::string_view kWithdrawnNote = "recorded anew or withdrawn";

// The mapping of a long file whose headers are the names of the fields, but for its key, which is not a field.
Mapping FieldMapping(const std::string& kind) {
  Mapping mapping;
  mapping.kind = kind;
  for (const std::string& field : FieldsOf(kind)) mapping.columns[field] = field;
  return mapping;
}

// An instant that says its zone ("…Z", "…+08:00"); nothing for a day or a local time.
std::optional<Instant> InstantWithZone(std::string_view text) {
  const size_t time = text.find_first_of("Tt");
  if (time == std::string_view::npos) return std::nullopt;
  const std::string_view clock = text.substr(time);
  if (clock.find_first_of("Zz+-") == std::string_view::npos) return std::nullopt;
  return ParseInstant(text);
}

// Where the record says an instant with its zone: that instant, and its text to the second, as a file has it.
std::optional<Instant> TakeInstant(std::string& text) {
  const std::optional<Instant> at = InstantWithZone(Trim(text));
  if (at) text = FormatInstant({at->ms / 1000 * 1000}).substr(0, 19) + "Z";
  return at;
}

// As the key column of a file makes it, so that an event given here and in a file is one.
std::string KeyCells(const std::string& key) { return key.empty() ? key : key + '\x1f'; }

struct Item {
  size_t index = 0;
  RecordFields fields;
  std::string key;  // cells of the key, as a file would have them
  std::optional<Instant> at;
  bool withdraw = false;
};

// Names are suggested out of all there are.
Error WithoutSuggestion(Error error) {
  for (const std::string_view code : {"row_unknown_dealer", "row_unknown_staff"}) {
    if (error.code == std::string(code) + "_suggest") {
      return Error(code).With("name", error.Arg("name")).With("field", error.Arg("field"));
    }
  }
  return error;
}

// Why the recorder may not say that: it is of a dealer or person beyond his rows.
std::optional<Error> FindUnseen(const Statement& statement, const RecordFields& fields, const RecordOptions& options) {
  if (options.rows->network) return std::nullopt;
  const auto unknown = [&](std::string_view code, std::string_view field) {
    const auto it = fields.find(field);
    return Error(code).With("name", it == fields.end() ? std::string_view() : it->second).With("field", field);
  };
  const RowScope::Part* part = options.rows->Find(statement.dealer);
  if (part == nullptr) return unknown("row_unknown_dealer", "dealer");
  if (part->whole) return std::nullopt;
  const facts::OrgView::Dealer* dealer = options.seen->Find(statement.dealer);
  const int64_t actor = statement.entry->actor.value;
  if (dealer == nullptr || std::find(dealer->staff.begin(), dealer->staff.end(), actor) == dealer->staff.end()) {
    return actor == 0 ? Error("field_missing").With("field", "staff") : unknown("row_unknown_staff", "staff");
  }
  return std::nullopt;
}

// Whether he may name this event by a key.
bool MayKey(const RecordFields& fields, const RecordOptions& options) {
  if (options.rows->network) return true;
  const auto it = fields.find("dealer");
  for (const RowScope::Part& part : options.rows->parts) {
    if (part.whole) continue;
    // By code or name, as everybody may write it; who means another dealer is refused for that.
    const std::string& label = options.seen->Label(Dim::kDealer, part.dealer.value);
    const auto coded =
        options.seen->codes[static_cast<size_t>(Dim::kDealer)].equal_range(it == fields.end() ? "" : it->second);
    const bool means =
        it == fields.end() || it->second == label ||
        std::any_of(coded.first, coded.second, [&](const auto& code) { return code.second == part.dealer.value; });
    if (means) return false;
  }
  return true;
}

// One record for each dealer. Only how many: what they are stands in the ledger, with who recorded it.
Status NoteBooked(db::Connection& connection, const db::Witness& witness, std::string_view kind,
                  const std::vector<Statement>& statements) {
  std::map<DealerId, int64_t> counts;
  for (const Statement& statement : statements) ++counts[statement.dealer];
  for (const auto& [dealer, count] : counts) {
    RETURN_IF_ERROR(witness.Note(connection, std::string(kind) + ".post", db::ObjectOf("dealer", dealer.value), dealer,
                                 {{"count", count}}));
  }
  return {};
}

class Recording {
 public:
  Recording(db::Database& database, const catalog::Catalog& catalog, const std::string& kind,
            const RecordOptions& options)
      : database_(database), catalog_(catalog), options_(options), mapping_(FieldMapping(kind)) {
    for (const auto& [field, column] : mapping_.columns) headers_.push_back(column);
  }

  void Refuse(size_t index, Error error) {
    if (error.code == "row_missing_dealer") return Refuse(index, Error("field_missing").With("field", "dealer"));
    if (!options_.rows->network) error = WithoutSuggestion(std::move(error));
    recorded_.refused.push_back({index, std::string(error.Arg("field")), error});
  }

  void Take(Item item) {
    const auto at = item.fields.find("at");
    if (at != item.fields.end()) item.at = TakeInstant(at->second);  // what is below the second is put back behind
    items_.push_back(std::move(item));
  }

  // Statements of all items, in their order; refusals are noted. Names are made only where nothing is refused.
  Result<std::vector<Statement>> Convert() {
    bool wanting = false;
    ASSIGN_OR_RETURN(std::vector<Statement> statements, ConvertWith(true, wanting));
    if (wanting && recorded_.refused.empty()) {
      ASSIGN_OR_RETURN(statements, ConvertWith(false, wanting));
    }
    return statements;
  }

  Result<Recorded> Book(std::vector<Statement> statements) {
    std::stable_sort(recorded_.refused.begin(), recorded_.refused.end(),
                     [](const RecordRefusal& a, const RecordRefusal& b) { return a.index < b.index; });
    // One reason for each is enough: the first.
    const auto same = std::unique(recorded_.refused.begin(), recorded_.refused.end(),
                                  [](const RecordRefusal& a, const RecordRefusal& b) { return a.index == b.index; });
    recorded_.refused.erase(same, recorded_.refused.end());
    if (!recorded_.refused.empty() || statements.empty()) return std::move(recorded_);
    Booker booker(database_, catalog_, {options_.recorded_by, options_.now, {}}, kWithdrawnNote);
    booker.Remember(options_.memory);
    ASSIGN_OR_RETURN(recorded_.booked, booker.Book(statements, {}, 0, [&](db::Connection& connection, const Booked&) {
      return NoteBooked(connection, options_.witness, mapping_.kind, statements);
    }));
    return std::move(recorded_);
  }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] bool refused() const { return !recorded_.refused.empty(); }

 private:
  [[nodiscard]] Row RowOf(const Item& item) const {
    Row row;
    for (const std::string& header : headers_) {
      Cell cell;
      if (const auto it = item.fields.find(header); it != item.fields.end() && !it->second.empty()) {
        cell.kind = Cell::Kind::kText;
        cell.text = it->second;
      }
      row.cells.push_back(std::move(cell));
    }
    return row;
  }

  // `dry`: names that are to be made are known to this conversion only.
  Result<std::vector<Statement>> ConvertWith(bool dry, bool& made) {
    Names names(catalog_, options_.create_missing && options_.rows->network, {});
    RETURN_IF_ERROR(names.Load(database_));
    RowConverter converter(catalog_, mapping_, names);
    RETURN_IF_ERROR(converter.Prepare(headers_));
    converter.Doubt(options_.now);
    std::vector<Converted> results;
    for (int round = 0; round < kRoundsMax; ++round) {
      names.ForgetWanted();
      results.clear();
      for (const Item& item : items_) results.push_back(converter.Convert(RowOf(item), item.key));
      if (!names.wanting()) break;
      made = true;
      RETURN_IF_ERROR(names.Make(database_, dry));
    }
    std::vector<Statement> statements;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (results[i].refusal) {
        Refuse(items_[i].index, *results[i].refusal);
        statements.emplace_back();  // in its place, so that items and statements go together
        continue;
      }
      if (results[i].statements.size() != 1 || !results[i].statements.front().entry) {
        // What a file's row would pass over in silence.
        Refuse(items_[i].index, Error("event_count_zero").With("field", "count"));
        statements.emplace_back();
        continue;
      }
      Statement statement = std::move(results[i].statements.front());
      if (auto unseen = FindUnseen(statement, items_[i].fields, options_)) {
        Refuse(items_[i].index, *std::move(unseen));
        statements.emplace_back();
        continue;
      }
      if (items_[i].at) statement.entry->at = *items_[i].at;
      statements.push_back(std::move(statement));
    }
    return statements;
  }

  db::Database& database_;
  const catalog::Catalog& catalog_;
  const RecordOptions& options_;
  Mapping mapping_;
  std::vector<std::string> headers_;
  std::vector<Item> items_;
  Recorded recorded_;
};

// The first of `fields` that has no text.
std::optional<Error> FindMissing(const RecordFields& fields, std::initializer_list<std::string_view> needed) {
  for (const std::string_view field : needed) {
    const auto it = fields.find(field);
    if (it == fields.end() || Trim(it->second).empty()) return Error("field_missing").With("field", field);
  }
  return std::nullopt;
}

// Takes back instead of booking where the item says so, and refuses what stands twice.
void Finish(Recording& recording, std::vector<Statement>& statements, bool keyed_only) {
  std::unordered_map<Hash128, size_t> seen;
  for (size_t i = 0; i < statements.size(); ++i) {
    const Item& item = recording.items()[i];
    if (!statements[i].entry) continue;  // refused
    if (!keyed_only || !item.key.empty()) {
      const auto [it, fresh] = seen.emplace(statements[i].key, item.index);
      if (!fresh) recording.Refuse(item.index, Error("record_twice").With("other", it->second + 1));
    }
    if (item.withdraw) statements[i].entry.reset();
  }
}

// The key of an event that has none of its own.
void SetSingleKey(size_t index, const RecordOptions& options, Statement& statement) {
  statement.keyed = !options.request.empty();
  if (statement.keyed) statement.key = HashText("single\x1e" + options.request + '\x1e' + std::to_string(index));
}

constexpr std::string_view kMoved = "organisation_moved";  // seen by nobody

int64_t OrgVersion(db::Connection& connection) {
  db::Rows rows = connection.Query("SELECT version FROM org_version WHERE org_version_id = 1");
  return rows.Next() ? rows.Int(0) : 0;
}

}  // namespace

// Knows the organisation of one version, and what the texts met so far mean in it.
class RecordDesk::Clerk {
 public:
  static Result<std::unique_ptr<Clerk>> Make(db::Database& database, const catalog::Catalog& catalog) {
    auto clerk = std::make_unique<Clerk>(catalog);
    ASSIGN_OR_RETURN(clerk->version_, database.Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      return OrgVersion(connection);
    }));
    RETURN_IF_ERROR(clerk->names_.Load(database));
    std::vector<std::string> headers;
    for (const auto& [field, column] : clerk->mapping_.columns) headers.push_back(column);
    RETURN_IF_ERROR(clerk->converter_.Prepare(std::move(headers)));
    return clerk;
  }
  explicit Clerk(const catalog::Catalog& catalog)
      : catalog_(catalog), names_(catalog, false, {}), converter_(catalog, mapping_, names_) {}

  // Adds the record's statement. False when it is not quite ordinary: to be withdrawn, refused, naming what is not
  // known.
  [[nodiscard]] bool Convert(size_t index, const EventRecord& record, const RecordOptions& options,
                             std::vector<Statement>& statements) {
    if (record.withdraw || FindMissing(record.fields, {"event", "at"})) return false;
    converter_.Doubt(options.now);
    row_.cells.resize(mapping_.columns.size());
    std::optional<Instant> at;
    size_t c = 0;
    for (const auto& [field, column] : mapping_.columns) {
      Cell& cell = row_.cells[c++];
      const auto it = record.fields.find(field);
      cell.text = it != record.fields.end() ? it->second : std::string();
      if (field == "count" && it == record.fields.end()) cell.text = "1";
      if (field == "at") at = TakeInstant(cell.text);
      cell.kind = cell.text.empty() ? Cell::Kind::kEmpty : Cell::Kind::kText;
    }
    notes_.clear();
    const size_t before = statements.size();
    denials_.clear();
    if (!converter_.ConvertOrdinary(row_, KeyCells(record.key), statements, denials_, notes_)) return false;
    if (statements.size() != before + 1) return false;
    Statement& statement = statements.back();
    if (!options.rows->network && (!record.key.empty() || FindUnseen(statement, record.fields, options))) return false;
    if (at) statement.entry->at = *at;
    if (record.key.empty()) SetSingleKey(index, options, statement);
    return catalog_.events()[static_cast<size_t>(statement.entry->event)].amount || statement.entry->amount == 0;
  }
  [[nodiscard]] int64_t version() const { return version_; }

 private:
  const catalog::Catalog& catalog_;
  const Mapping mapping_ = FieldMapping("events");
  int64_t version_ = 0;
  Names names_;
  RowConverter converter_;
  Row row_;
  std::vector<Denial> denials_;
  std::vector<int> notes_;
};

RecordDesk::RecordDesk() = default;
RecordDesk::~RecordDesk() = default;

std::unique_ptr<RecordDesk::Clerk> RecordDesk::Take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return nullptr;
  std::unique_ptr<Clerk> clerk = std::move(free_.back());
  free_.pop_back();
  return clerk;
}

void RecordDesk::GiveBack(std::unique_ptr<Clerk> clerk) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(clerk));
}

namespace {

// Books the records if all of them are ordinary and what the clerk knows still holds; else nothing.
Result<std::optional<Recorded>> BookOrdinary(db::Database& database, const catalog::Catalog& catalog,
                                             const std::vector<Result<EventRecord>>& records,
                                             const RecordOptions& options) {
  std::unique_ptr<RecordDesk::Clerk> clerk = options.desk->Take();
  if (clerk == nullptr) {
    ASSIGN_OR_RETURN(clerk, RecordDesk::Clerk::Make(database, catalog));
  }
  std::vector<Statement> statements;
  std::unordered_set<Hash128> keys;
  bool ordinary = !records.empty();
  for (size_t i = 0; i < records.size() && ordinary; ++i) {
    ordinary = records[i].ok() && clerk->Convert(i, *records[i], options, statements) &&
               (!statements.back().keyed || keys.insert(statements.back().key).second);
  }
  if (!ordinary) {
    // What is named may be there meanwhile.
    ASSIGN_OR_RETURN(const int64_t version, database.Read<int64_t>([](db::Connection& connection) -> Result<int64_t> {
      return OrgVersion(connection);
    }));
    if (version == clerk->version()) options.desk->GiveBack(std::move(clerk));
    return std::optional<Recorded>();
  }
  Booker booker(database, catalog, {options.recorded_by, options.now, {}}, kWithdrawnNote);
  booker.Remember(options.memory);
  Recorded recorded;
  Result<Booked> booked = booker.Book(statements, {}, 0, [&](db::Connection& connection, const Booked&) -> Status {
    if (OrgVersion(connection) != clerk->version()) return Error(kMoved);
    return NoteBooked(connection, options.witness, "events", statements);
  });
  if (!booked.ok()) {
    if (booked.error().code == kMoved) return std::optional<Recorded>();
    return booked.error();
  }
  options.desk->GiveBack(std::move(clerk));
  recorded.booked = *std::move(booked);
  return std::optional(std::move(recorded));
}

}  // namespace

Result<Recorded> RecordEvents(db::Database& database, const catalog::Catalog& catalog,
                              const std::vector<Result<EventRecord>>& records, const RecordOptions& options) {
  if (options.desk != nullptr) {
    ASSIGN_OR_RETURN(std::optional<Recorded> recorded, BookOrdinary(database, catalog, records, options));
    if (recorded) return *std::move(recorded);
  }
  Recording recording(database, catalog, "events", options);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].ok()) {
      recording.Refuse(i, records[i].error());
      continue;
    }
    const EventRecord& record = *records[i];
    if (const auto missing = FindMissing(record.fields, {"event", "at"})) {
      recording.Refuse(i, *missing);
      continue;
    }
    if (!record.key.empty() && !MayKey(record.fields, options)) {
      recording.Refuse(i, Error("event_key_not_permitted").With("field", "key"));
      continue;
    }
    if (record.withdraw && record.key.empty()) {
      recording.Refuse(i, Error("event_withdraw_needs_key").With("field", "key"));
      continue;
    }
    Item item{i, record.fields, {}, {}, record.withdraw};
    if (record.withdraw) {
      // Only what makes it that event matters.
      std::erase_if(item.fields, [](const auto& field) {
        return field.first != "event" && field.first != "at" && field.first != "dealer";
      });
    }
    item.fields.try_emplace("count", "1");
    item.key = KeyCells(record.key);
    recording.Take(std::move(item));
  }
  ASSIGN_OR_RETURN(std::vector<Statement> statements, recording.Convert());
  for (size_t i = 0; i < statements.size(); ++i) {
    if (!statements[i].entry) continue;
    const Item& item = recording.items()[i];
    const catalog::Event& event = catalog.events()[static_cast<size_t>(statements[i].entry->event)];
    if (!event.amount && statements[i].entry->amount != 0) {
      recording.Refuse(item.index, Error("event_takes_no_amount").With("event", event.id).With("field", "amount"));
    }
    if (item.key.empty()) SetSingleKey(item.index, options, statements[i]);
  }
  Finish(recording, statements, true);
  return recording.Book(std::move(statements));
}

std::function<void(ToldLater)> RecordEventLater(db::Database& database, const catalog::Catalog& catalog,
                                                const EventRecord& record, const RecordOptions& options) {
  std::unique_ptr<RecordDesk::Clerk> clerk = options.desk->Take();
  if (clerk == nullptr) return {};
  std::vector<Statement> statements;
  const bool ordinary = clerk->Convert(0, record, options, statements);
  const int64_t version = clerk->version();
  options.desk->GiveBack(std::move(clerk));
  if (!ordinary) return {};
  const ledger::Recorder recorder{options.recorded_by, options.now, {}};
  return [&database, &catalog, recorder, version, memory = options.memory, here = options.here,
          statement = std::move(statements.front())](ToldLater told) {
    const auto still = [version](db::Connection& connection, const Booked&) -> Status {
      if (OrgVersion(connection) != version) return Error(kMoved);
      return {};
    };
    Booker::BookLater(
        database, catalog, recorder, kWithdrawnNote, memory, statement, still,
        [told = std::move(told)](Result<Booked> booked) {
          if (!booked.ok() && booked.error().code == kMoved) {
            told(std::optional<Recorded>());
          } else if (!booked.ok()) {
            told(booked.error());
          } else {
            told(std::optional(Recorded{*std::move(booked), {}}));
          }
        },
        here);
  };
}

Result<Recorded> RecordReadings(db::Database& database, const catalog::Catalog& catalog,
                                const std::vector<Result<ReadingRecord>>& records, const RecordOptions& options) {
  RecordOptions known_only = options;
  known_only.create_missing = false;
  Recording recording(database, catalog, "readings", known_only);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].ok()) {
      recording.Refuse(i, records[i].error());
      continue;
    }
    Item item{i, records[i]->fields, {}, {}, records[i]->withdraw};
    if (item.withdraw) item.fields["value"] = "0";
    if (const auto missing = FindMissing(item.fields, {"measure", "dealer", "at", "value"})) {
      recording.Refuse(i, *missing);
      continue;
    }
    recording.Take(std::move(item));
  }
  ASSIGN_OR_RETURN(std::vector<Statement> statements, recording.Convert());

  const Day first = *FromCivil(1990, 1, 1);
  const Day last = AddMonths(Day{static_cast<int32_t>(options.now.ms / 86'400'000)}, 24);
  std::map<std::pair<int64_t, int>, std::vector<ledger::LiveReading>> live;  // by dealer and event
  for (size_t i = 0; i < statements.size(); ++i) {
    if (!statements[i].entry) continue;
    const ledger::NewEntry& entry = *statements[i].entry;
    const size_t index = recording.items()[i].index;
    if (entry.day < first || entry.day > last) {
      recording.Refuse(
          index,
          Error("day_out_of_range").With("first", FormatDay(first)).With("last", FormatDay(last)).With("field", "at"));
      continue;
    }
    // What a reading is of; ids, so that another name for the same changes nothing.
    std::string what = "reading\x1e" + std::to_string(statements[i].dealer.value) + '\x1e' +
                       catalog.events()[static_cast<size_t>(entry.event)].id + '\x1e' + FormatDay(entry.day) + '\x1e' +
                       std::to_string(entry.actor.value);
    for (const int64_t member : entry.members) what += '\x1f' + std::to_string(member);
    statements[i].key = HashText(what);
    live[{statements[i].dealer.value, entry.event}];
  }
  for (auto& [of, readings] : live) {
    using Readings = std::vector<ledger::LiveReading>;
    const DealerId dealer(of.first);
    const int event = of.second;
    ASSIGN_OR_RETURN(readings, database.Read<Readings>([&](db::Connection& connection) -> Result<Readings> {
      return ledger::ListReadings(connection, catalog, event, dealer, INT32_MAX);
    }));
  }
  for (size_t i = 0; i < statements.size(); ++i) {
    if (!statements[i].entry) continue;
    const ledger::NewEntry& entry = *statements[i].entry;
    const auto of = live.find({statements[i].dealer.value, entry.event});
    if (of == live.end()) continue;
    for (const ledger::LiveReading& other : of->second) {
      if (other.content.day != entry.day || other.content.actor != entry.actor ||
          other.content.members != entry.members || other.content.key == statements[i].key) {
        continue;
      }
      recording.Refuse(recording.items()[i].index, Error("reading_supplied_elsewhere")
                                                       .With("by", other.recorded_by)
                                                       .With("at", FormatInstant(other.recorded_at))
                                                       .With("field", "value"));
      break;
    }
  }
  Finish(recording, statements, false);
  return recording.Book(std::move(statements));
}

}  // namespace dealpace::exchange
