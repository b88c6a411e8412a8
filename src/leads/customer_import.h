#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "leads/store.h"
#include "ledger/read.h"

// Lists of customers: rows of a file are looked at, taken in by batches, and taken back. Reading the file, and what its
// columns mean, is the caller's. Docs: decision 0041.
namespace dealpace::leads {

// A row as it was read.
struct ImportRow {
  int64_t number = 0;  // in the file
  Kind kind = Kind::kPerson;
  Record record;
  LeadInput lead;
  bool about_purchase = false;  // the row says something of the lead
  std::string owner;            // code or name of a member of staff; empty: the row names nobody
  std::string referrer;         // phone of a customer; empty: nobody named this one
  std::optional<Day> since;     // when the customer was captured
  bool agreed = true;           // false: the row says that he has not
  std::vector<Error> problems;  // found in reading it: it is refused by the first of them
  int64_t repeats = 0;          // number of an earlier row with the same phone, plate or VIN (MarkRepeats); 0: none
};
// Says of each row whether an earlier one has the same phone, plate or VIN.
void MarkRepeats(std::vector<ImportRow>& rows);

// What holds for all rows of a list.
struct ImportChoices {
  StaffId owner;       // of customers whose row names nobody
  std::string source;  // of leads whose row names none
  bool leads =
      true;          // new customers get a lead; known ones with none in hand get one where the row is about a purchase
  bool fill = true;  // of known customers what is empty is filled in
};

// What becomes of a row.
enum class ImportWhat { kAdd, kChange, kSame, kRepeated, kRefused };
[[nodiscard]] std::string_view ImportWhatName(ImportWhat what);  // "add", "change", "same", "repeated", "refused"

struct RowPlan {
  ImportWhat what = ImportWhat::kRefused;
  Record record;                    // as it would be kept, whole
  StaffId owner;                    // with kAdd: whose the customer becomes
  CustomerId customer;              // whom the dealer knows already
  std::vector<std::string> fields;  // with kChange: what is filled in
  bool lead = false;                // a lead is made
  std::optional<Error> problem;     // with kRefused and kRepeated

  LeadInput input;  // of the lead, complete
  int64_t key = 0;  // of all that the row says
};

enum class ImportState { kDraft, kImporting, kDone, kUndoing, kUndone };
[[nodiscard]] std::string_view ImportStateName(ImportState state);

struct Import {
  int64_t id = 0;
  ImportState state{};
  int64_t version = 0;
  int64_t rows = 0;
  int64_t seen = 0;  // of them dealt with
  int64_t added = 0;
  int64_t changed = 0;
  int64_t leads = 0;
  int64_t same = 0;
  int64_t repeated = 0;
  int64_t refused = 0;
  int64_t taken_back = 0;  // rows, by undoing
  int64_t remaining = 0;   // rows that could not be
  Instant created_at{};
  std::string created_by;
  Instant changed_at{};
  std::optional<Instant> finished_at;
  bool kept = false;  // what was not taken can still be read
};

// A row that could not be taken back, and why: "changed", "lead", "merged", "entries", "referrer", "check", "privacy",
// "attachments", "anonymised", "out_of_sight", "gone".
struct Remaining {
  int64_t row = 0;
  CustomerId customer;
  std::string why;
};

// Drafts are kept for a day, what an import has not taken for seven; for so long it can be taken back.
inline constexpr int64_t kDraftKeptMs = int64_t{24} * 3600 * 1000;
inline constexpr int64_t kImportKeptMs = 7 * kDraftKeptMs;

// Thread-safe. An import is seen by who began it and by who sees the whole dealer; for others every call fails with
// not_found. Errors of a row stand in its plan.
class CustomerImports {
 public:
  explicit CustomerImports(Store& store) : store_(store) {}

  // Keeps a list, sealed: what the caller wants to know of it, and its rows in pieces. Returns its id.
  [[nodiscard]] Result<int64_t> Begin(const Asker& asker, std::string_view head, std::span<const std::string> pieces,
                                      int64_t rows, Instant now);
  [[nodiscard]] Result<Import> Find(const Asker& asker, int64_t id);
  // The newest first, at most 100.
  [[nodiscard]] Result<std::vector<Import>> List(const Asker& asker);
  // Empty when they are no longer kept.
  [[nodiscard]] Result<std::string> Head(const Asker& asker, int64_t id);
  [[nodiscard]] Result<std::vector<std::string>> Pieces(const Asker& asker, int64_t id);
  [[nodiscard]] Result<std::vector<std::string>> Refused(const Asker& asker, int64_t id);
  [[nodiscard]] Result<std::vector<Remaining>> RemainingOf(const Asker& asker, int64_t id, size_t most);
  // Of a draft only. Fails with import_state, edit_conflict.
  [[nodiscard]] Status SetHead(const Asker& asker, int64_t id, int64_t version, std::string_view head, Instant now);

  // What would become of each row, as the store is now.
  [[nodiscard]] Result<std::vector<RowPlan>> Check(const Asker& asker, std::span<const ImportRow> rows,
                                                   const ImportChoices& choices, Instant now);

  // From here on its choices stay. Fails with import_state, edit_conflict.
  [[nodiscard]] Status Start(const Asker& asker, int64_t id, int64_t version, Instant now);
  // What goes with an import; all but `asker` the same at each call of Run for it.
  struct Work {
    std::span<const ImportRow> rows;
    ImportChoices choices;
    // Done with each new customer who agreed, in the transaction.
    Store::Along along;
    // What is kept, sealed, of a row that was not taken.
    std::function<std::string(const ImportRow&, const Error&)> keep;
    // Asked before each batch but the first: whether to go on.
    std::function<bool()> go_on;
  };
  // Takes in batches of rows, each in a transaction of its own, from where the last call ended, until all are done or
  // `go_on` says no. Of two calls at once each batch is done by one. Fails with import_state.
  [[nodiscard]] Result<Import> Run(const Asker& asker, int64_t id, const Work& work, Instant now);
  // Removes a draft; ends an import that is under way with what it has done.
  [[nodiscard]] Status End(const Asker& asker, int64_t id, Instant now);

  // Removes what else is kept about a customer who is about to go; false when something of it came after his entry.
  using Forget = std::function<Result<bool>(db::Connection&, const Asker&, CustomerId)>;
  // Takes back, in batches as Run does, whatever nobody has touched since: new customers go, known ones lose what was
  // filled in, leads go; their entries are reversed. Fails with import_state, import_undo_too_late.
  [[nodiscard]] Result<Import> Undo(const Asker& asker, int64_t id, const Forget& forget,
                                    const std::function<bool()>& go_on, Instant now);

  // Removes what need no longer be kept, of all dealers.
  [[nodiscard]] Status Prune(Instant now);

 private:
  struct Roster;   // staff by what files call them
  struct RowDone;  // a row that did something
  struct Touched;  // leads with entries of others
  struct TouchedSince;
  [[nodiscard]] static Result<Import> FindIn(db::Connection& connection, const Asker& asker, int64_t id);
  [[nodiscard]] Result<std::vector<std::string>> ReadParts(const Asker& asker, int64_t id, std::string_view what);
  [[nodiscard]] Status AddPart(db::Connection& connection, DealerId dealer, int64_t id, std::string_view what,
                               std::string_view content) const;
  [[nodiscard]] Result<RowPlan> PlanRow(const Store::Look& look, const Roster& roster, const ImportRow& row,
                                        const ImportChoices& choices) const;
  [[nodiscard]] Status PlanKnown(const Store::Look& look, const Found& found, const ImportRow& row,
                                 const ImportChoices& choices, RowPlan& plan) const;
  [[nodiscard]] Status CompleteLead(const Store::Look& look, const ImportRow& row, const ImportChoices& choices,
                                    RowPlan& plan) const;
  [[nodiscard]] Result<RowDone> Do(const Store::Look& look, const ImportRow& row, const RowPlan& plan,
                                   const Store::Along& along) const;
  // Whether a batch was there to be done.
  [[nodiscard]] Result<bool> RunBatch(const Asker& asker, int64_t id, const Work& work, Instant now);
  struct TakenFields;
  [[nodiscard]] static std::vector<ledger::StoredEntry> ReadOwn(db::Connection& connection, DealerId dealer,
                                                                const RowDone& row);
  [[nodiscard]] static Result<TakenFields> FieldsToTakeBack(db::Connection& connection, DealerId dealer,
                                                            const RowDone& row);
  // Why the row cannot be taken back; empty: it was. `since`: when the list was brought.
  [[nodiscard]] Result<std::string> TakeBack(const Store::Look& look, const Asker& asker, const RowDone& row,
                                             const TouchedSince& touched, const Forget& forget, Instant since) const;

  Store& store_;
};

}  // namespace dealpace::leads
