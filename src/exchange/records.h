#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/days.h"
#include "base/result.h"
#include "base/row_scope.h"
#include "catalog/catalog.h"
#include "db/audit.h"
#include "db/db.h"
#include "exchange/booker.h"
#include "facts/org_view.h"

// Events and readings one by one, as a program or a form gives them: converted by what converts the rows of a file, so
// that both mean the same.
namespace dealpace::exchange {

// Field → text, as a cell of a long file would have it: "event", "at", "dealer", "lead", "attempt", "staff", "count",
// "amount" and the member dimensions; of a reading "measure", "at", "dealer", "value", "staff" and dimensions. A date
// may also be an instant with a zone.
using RecordFields = std::map<std::string, std::string, std::less<>>;

struct EventRecord {
  RecordFields fields;
  std::string key;        // what makes it the same event next time; empty: it is a new one each time
  bool withdraw = false;  // it did not happen after all
};

struct ReadingRecord {
  RecordFields fields;
  bool withdraw = false;  // there is no such reading after all
};

// What records need to know of the organisation and the mapping, kept from one call to the next for as long as it
// holds. Thread-safe.
class RecordDesk {
 public:
  RecordDesk();
  ~RecordDesk();
  RecordDesk(const RecordDesk&) = delete;
  RecordDesk& operator=(const RecordDesk&) = delete;

  class Clerk;
  // One that is free, or nothing; and back, when it may be used again.
  [[nodiscard]] std::unique_ptr<Clerk> Take();
  void GiveBack(std::unique_ptr<Clerk> clerk);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Clerk>> free_;
};

struct RecordOptions {
  bool create_missing = false;  // add dealers, staff and other members that events name
  std::string recorded_by;
  Instant now{};
  // Stands for the request, where one that is sent again must be known again: events without a key of their own are
  // then the same ones, also when nobody knows whether the first request got through.
  std::string request;
  RecordDesk* desk = nullptr;  // of the same database and catalogue
  bool here = true;            // an event booked later may be booked on this thread, if that is sooner
  // Of events on SQLite: what is remembered of keys; watches the same database.
  std::shared_ptr<ledger::KeyMemory> memory;
  // Whose rows the recorder has. What is beyond them is refused as if it were not there, nothing of it is suggested,
  // and nothing is made. Who has only a part of a dealer gives no keys: they could be those of others' events.
  std::shared_ptr<const RowScope> rows = RowScope::Everything();
  std::shared_ptr<const facts::OrgView> seen;  // as narrowed by them; only where they are not everything
  // Tells the audit log how many were booked, for each dealer.
  db::Witness witness = {};
};

struct RecordRefusal {
  size_t index = 0;
  std::string field;  // that it is about; may be empty
  Error error;
};

struct Recorded {
  Booked booked;
  std::vector<RecordRefusal> refused;  // in order of index; when there is any, nothing was booked or made
};

// Books the records in one transaction, or none of them. Records that could not even be read come as their errors and
// stay refused. Besides the refusals of an import's rows (row_…): field_missing, event_takes_no_amount,
// event_count_zero, event_withdraw_needs_key, record_twice (another of the same key, or reading, stands before it).
[[nodiscard]] Result<Recorded> RecordEvents(db::Database& database, const catalog::Catalog& catalog,
                                            const std::vector<Result<EventRecord>>& records,
                                            const RecordOptions& options);

// Books one event without waiting for the store, which must be one that writes later. Nothing where the event is not
// quite ordinary, or nobody at the desk knows the organisation: RecordEvents finds out and tells. Else what begins it,
// given who shall be told, on a thread of the database: what RecordEvents would have returned, or that nothing was
// booked and it must be asked after all (the organisation has changed meanwhile). The audit log is told nothing.
using ToldLater = std::function<void(Result<std::optional<Recorded>>)>;
[[nodiscard]] std::function<void(ToldLater)> RecordEventLater(db::Database& database, const catalog::Catalog& catalog,
                                                              const EventRecord& record, const RecordOptions& options);

// The same measure, dealer, day, person and members again replaces the value. Refused besides: day_out_of_range, and
// reading_supplied_elsewhere when an import has supplied a reading of exactly that, which would count twice.
[[nodiscard]] Result<Recorded> RecordReadings(db::Database& database, const catalog::Catalog& catalog,
                                              const std::vector<Result<ReadingRecord>>& records,
                                              const RecordOptions& options);

}  // namespace dealpace::exchange
