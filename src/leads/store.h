#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/vault.h"
#include "catalog/catalog.h"
#include "db/audit.h"
#include "db/db.h"
#include "leads/rules.h"
#include "leads/visible.h"
#include "ledger/ledger.h"

// Customers and leads of a dealer, as they are stored.
namespace dealpace::leads {

using CustomerId = Id<struct CustomerTag>;

// Who asks: what is outside his sight is not there for him, in lists, counts, suggestions and errors alike.
struct Asker {
  DealerId dealer;
  Visible visible;
  std::string by;  // for created_by and the ledger
  // Where what he changes is written down, in the transaction of the change: by id, and which fields, never what is in
  // them.
  db::Witness witness;
};

// Whether personal data are given whole. That somebody may, and that it is put on record, is the caller's matter.
enum class Reveal { kMasked, kWhole };

// Whether a customer, or one that was merged into him, is not to be contacted: by some channels, or by none.
enum class NoContact { kNo, kSome, kAll };
[[nodiscard]] std::string_view NoContactName(NoContact no_contact);  // "", "some", "all"

// ---- Leads ----

// What is absent stays as it is, or unknown in a new lead; an empty text makes it unknown.
struct LeadInput {
  std::optional<std::string> source;  // codes, names or synonyms of the catalogue, or members of the ledger
  std::optional<std::string> access_form;
  std::optional<std::string> model;
  std::optional<CustomerId> referrer;   // who named the customer; not set: nobody
  std::optional<std::string> expected;  // day of the purchase: "2026-12-24"
  std::optional<std::string> budget;    // "15-20万"
  std::optional<int64_t> amount_fen;    // what the deal is worth
  std::optional<std::string> need;      // sealed, as are remark and grade_why
  std::optional<std::string> remark;
  std::optional<std::string> grade;      // another grade than follows from the day; then with
  std::optional<std::string> grade_why;  // … the reason
};

struct Lead {
  std::string code;
  CustomerId customer;
  int attempt = 1;
  StaffId owner;
  LeadStatus status{};
  std::string stage;
  std::string source;  // empty: unknown
  std::string access_form;
  std::string model;
  CustomerId referrer;
  std::optional<Day> expected;
  Budget budget;
  int64_t amount_fen = 0;
  std::string grade;
  bool grade_by_hand = false;
  std::string need;
  std::string remark;
  std::string grade_why;
  std::string lost_reason;
  std::optional<Day> deal_day;
  int64_t version = 0;
  Instant created_at{};
  Instant changed_at{};
  std::string changed_by;
  std::string customer_name;   // masked unless revealed
  std::string customer_phone;  // masked unless revealed
  NoContact no_contact{};      // of the customer
  bool anonymised = false;     // the customer
};

struct LeadFilter {
  std::optional<LeadStatus> status;
  std::string stage;
  std::string source;
  std::string model;
  StaffId owner;
  CustomerId customer;
};
enum class LeadSort { kChanged, kExpected, kAmount };  // newest, soonest, largest first

struct LeadPage {
  std::vector<Lead> leads;
  std::optional<int64_t> count;  // that fit the filter; on the first page
  std::string next;              // cursor of the next page; empty: this is the last
};

// A column of the board: the open and suspended leads of a stage.
struct BoardColumn {
  std::string stage;
  int64_t count = 0;
  int64_t amount_fen = 0;
};

// What many leads shall say, each in its version; without `lead` the one in hand of `customer`.
struct LeadChange {
  CustomerId customer;
  std::string lead;
  int64_t version = 0;
  LeadInput input;
};
// What became of it: "change" (it was, or in a dry run would be, changed), "same", "no_lead" (the customer has none in
// hand), "conflict" (somebody else changed it since), "refused", "not_found".
struct LeadChanged {
  CustomerId customer;
  std::string lead;
  int64_t version = 0;  // by now
  std::string outcome;
  std::string by;    // with "conflict", who
  LeadInput before;  // what it said before, of what was to be changed
  std::optional<Error> problem;
};

// How a lead goes on. The entries of what happened are the caller's, who knows what it was.
struct LeadMove {
  std::optional<LeadStatus> status;
  std::string stage;        // empty: stays
  std::string lost_reason;  // with kLost
};

// ---- Customers ----

struct NewCustomer {
  Kind kind = Kind::kPerson;
  Record record;
  StaffId owner;
  bool despite_duplicates = false;
  std::optional<LeadInput> lead;
  std::optional<Day> since;  // when the lead was captured; not set: today
};

struct Customer {
  CustomerId id;
  Kind kind{};
  StaffId owner;
  Record record;
  std::array<Completeness, 4> groups;
  CustomerStatus status{};
  Lifecycle lifecycle{};
  bool refresh_due = false;        // BR-59
  std::vector<Lead> leads;         // that the asker sees, newest first
  std::vector<CustomerId> merged;  // customers that go under this one
  NoContact no_contact{};
  std::optional<Instant> anonymised_at;  // since then the record is empty
  std::string anonymised_why;            // a rule of retention, or "request"
  int64_t version = 0;
  Instant created_at{};
  std::string created_by;
  Instant changed_at{};
  std::string changed_by;
};

// A customer in a list.
struct Found {
  CustomerId id;
  Kind kind{};
  StaffId owner;
  Record record;  // name, phone and plate
  Instant created_at{};
  Instant changed_at{};
  std::string matched;  // of a search or duplicate: name, phone, plate or vin
  NoContact no_contact{};
};

// A customer as the rooms above need him within a transaction of theirs.
struct Seen {
  CustomerId id;  // of a merged one the customer that he goes under
  Kind kind{};
  StaffId owner;
  Record record;                   // whole
  std::vector<CustomerId> merged;  // customers that go under this one
  std::optional<Instant> anonymised_at;
  std::string anonymised_why;
  Day today{};  // at the dealer
  [[nodiscard]] std::vector<CustomerId> all() const {
    std::vector<CustomerId> ids = merged;
    ids.insert(ids.begin(), id);
    return ids;
  }
};

struct CustomerFilter {
  std::optional<Kind> kind;
  StaffId owner;
  std::optional<Instant> changed_before;
};
enum class CustomerSort { kChanged, kCreated };  // newest first

struct CustomerPage {
  std::vector<Found> customers;
  std::optional<int64_t> count;  // that fit the filter; on the first page
  std::string next;
};

struct Duplicates {
  std::vector<Found> seen;
  // There is one that a colleague owns. Whose it is, and how many, is not told.
  bool with_colleague = false;
};

struct Added {
  CustomerId customer;
  std::string lead;  // empty: none was asked for
};

// Thread-safe. Every call fails with not_found for what is not there or out of the asker's sight, with edit_conflict
// when something was changed since the version named, and, where it would change one who has been anonymised, with
// customer_anonymised.
class Store {
  friend class CoachingTasks;    // seals its notes as the rest (coaching.h)
  friend class Reindexer;        // makes tokens anew (reindexing.h)
  friend class SpotChecks;       // looks at the same customers (spot_checks.h)
  friend class CustomerImports;  // enters many (customer_import.h)
  friend class Verifications;    // calls about leads (verifications.h)

 public:
  Store(db::Database& database, const access::Vault& vault, std::shared_ptr<const catalog::Catalog> catalog,
        const Policy& policy = Policy::Get())
      : database_(database), vault_(vault), catalog_(std::move(catalog)), policy_(policy) {}

  // BR-4: with name and telephone. A lead given along books `captured` and `assigned`. Fails like CleanRecord and
  // AddLead, and with customer_exists ("customer", "matched"), customer_with_colleague, owner_unknown.
  // `along`, where there is one, is done in the same transaction; its error undoes all of it.
  using Along = std::function<Status(db::Connection&, CustomerId)>;
  [[nodiscard]] Result<Added> Add(const Asker& asker, const NewCustomer& input, Instant now, const Along& along = {});
  // The same within the caller's transaction.
  [[nodiscard]] Result<Added> AddIn(db::Connection& connection, const Asker& asker, const NewCustomer& input,
                                    Instant now);
  // A merged customer is the one that he goes under.
  [[nodiscard]] Result<Customer> Get(const Asker& asker, CustomerId id, Reveal reveal, Instant now);
  // Fields that are absent stay, empty ones go. Fails like CleanRecord and with capture_incomplete.
  [[nodiscard]] Status Change(const Asker& asker, CustomerId id, int64_t version, const Record& fields, Instant now);

  // Without those who have been anonymised. Fails with bad_cursor.
  [[nodiscard]] Result<CustomerPage> List(const Asker& asker, const CustomerFilter& filter, CustomerSort sort,
                                          std::string_view cursor, size_t limit, Reveal reveal, Instant now);
  // The newest lead that the asker sees of each of these customers.
  [[nodiscard]] Result<std::map<CustomerId, Lead>> NewestLeads(const Asker& asker,
                                                               const std::vector<CustomerId>& customers, Instant now);
  // As one types: name, how it sounds, initials, phone or its last four digits, plate (also without its province), VIN.
  // Newest first.
  [[nodiscard]] Result<std::vector<Found>> Search(const Asker& asker, std::string_view typed, size_t limit,
                                                  Reveal reveal, Instant now);
  // Customers of the dealer with one of these phones, plates or VINs: fields phone, phone2, plate, vin of `record`.
  [[nodiscard]] Result<Duplicates> FindDuplicates(const Asker& asker, Kind kind, const Record& record, Instant now);

  // From here on `other` goes under `kept`, with his leads and with whom he named. Fails with merge_same.
  [[nodiscard]] Status Merge(const Asker& asker, CustomerId kept, int64_t version, CustomerId other, Instant now);
  // Takes it back: what was moved belongs to `other` again. Fails with merge_unknown.
  [[nodiscard]] Status Unmerge(const Asker& asker, CustomerId kept, int64_t version, CustomerId other, Instant now);

  // Gives customers of one member of staff to another: all of them, or these. With them go their leads that are not
  // over, each with an `assigned` entry: stages stay, and credit for what was before. Returns how many customers. Fails
  // with owner_unknown.
  [[nodiscard]] Result<int64_t> HandOver(const Asker& asker, StaffId from, StaffId to,
                                         const std::optional<std::vector<CustomerId>>& only, Instant now);

  // Another lead of a customer. Returns its code. Fails with unknown_member, referrer_missing, field_day_bad,
  // budget_no_range, need_generic, number_forbidden, grade_unknown, grade_why_missing, amount_negative.
  [[nodiscard]] Result<std::string> AddLead(const Asker& asker, CustomerId customer, StaffId owner,
                                            const LeadInput& input, Instant now);
  [[nodiscard]] Result<Lead> GetLead(const Asker& asker, std::string_view code, Reveal reveal, Instant now);
  [[nodiscard]] Status ChangeLead(const Asker& asker, std::string_view code, int64_t version, const LeadInput& input,
                                  Instant now);
  // Many at once, each by itself: what cannot be changed is told and does not keep the others from it. A dry run tells
  // the same, and which version each has; it needs no versions.
  [[nodiscard]] Result<std::vector<LeadChanged>> ChangeLeads(const Asker& asker, const std::vector<LeadChange>& changes,
                                                             bool dry_run, Instant now);
  [[nodiscard]] Result<LeadPage> ListLeads(const Asker& asker, const LeadFilter& filter, LeadSort sort,
                                           std::string_view cursor, size_t limit, Reveal reveal, Instant now);
  // In the order of the stages.
  [[nodiscard]] Result<std::vector<BoardColumn>> Board(const Asker& asker, const LeadFilter& filter, Instant now);
  // Within the caller's transaction, which also appends the entries. Open again after lost is a new attempt. Fails with
  // lead_move_impossible, lost_reason_missing, stage_unknown.
  [[nodiscard]] Status MoveLead(db::Connection& connection, const Asker& asker, std::string_view code,
                                const LeadMove& move, Instant now);

  // Within the caller's transaction: a customer whom the asker sees.
  [[nodiscard]] Result<Seen> See(db::Connection& connection, const Asker& asker, CustomerId id, Instant now) const;
  // Within the caller's transaction: the codes of the leads of a customer that the asker sees.
  [[nodiscard]] Result<std::vector<std::string>> LeadsOf(db::Connection& connection, const Asker& asker, CustomerId id,
                                                         Instant now) const;
  // Within the caller's transaction: whose a lead is that the asker sees; whether he sees that customer is not said.
  [[nodiscard]] Result<CustomerId> CustomerOfLead(db::Connection& connection, const Asker& asker, std::string_view code,
                                                  Instant now) const;
  // The whole record of exactly this one, merged or not; whether somebody may see it is the caller's matter.
  [[nodiscard]] Result<Record> ReadRecord(db::Connection& connection, DealerId dealer, CustomerId id) const;
  // Within the caller's transaction: notes that this one (not those merged into him) is not to be contacted.
  static void MarkNoContact(db::Connection& connection, DealerId dealer, CustomerId id, NoContact no_contact);
  // Within the caller's transaction: empties the records of these customers and what is written of their leads, removes
  // all by which they are found, and erases their attachments (attachments::Sweep removes the bytes). Leads that are
  // open are suspended. Days, amounts, owners and ids stay, and so does the ledger, so that no figure changes.
  [[nodiscard]] Status Anonymise(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids,
                                 std::string_view why, Instant now) const;

 private:
  struct Row;  // of a customer
  class Look;  // one asker's look into one transaction

  [[nodiscard]] Result<std::string> Seal(db::Connection& connection, DealerId dealer, CustomerId id,
                                         const Record& record) const;
  [[nodiscard]] Result<Record> Unseal(DealerId dealer, CustomerId id, std::string_view sealed) const;
  [[nodiscard]] Result<std::string> SealWords(db::Connection& connection, DealerId dealer, const Lead& lead) const;
  [[nodiscard]] Status UnsealWords(DealerId dealer, std::string_view sealed, Lead& lead) const;
  // What a customer is found by, by the key at that place of `keys`.
  [[nodiscard]] static int64_t Token(const access::IndexKeys& keys, size_t at, DealerId dealer, std::string_view what,
                                     std::string_view value);
  // The same by each key.
  [[nodiscard]] static std::vector<int64_t> TokensOf(const access::IndexKeys& keys, DealerId dealer,
                                                     std::string_view what, std::string_view value);
  // All of a record, by the key at that place; sorted, each once.
  [[nodiscard]] static std::vector<int64_t> Tokens(const access::IndexKeys& keys, size_t at, DealerId dealer,
                                                   const Record& record);
  static void AddToken(db::Connection& connection, DealerId dealer, int64_t token, CustomerId id, int64_t key);
  // Brings the tokens from one record to the other, under all keys.
  static void ChangeTokens(db::Connection& connection, const access::IndexKeys& keys, DealerId dealer, CustomerId id,
                           const Record& before, const Record& after);
  // Of the look's transaction, read once.
  [[nodiscard]] Result<const access::IndexKeys*> KeysOf(const Look& look) const;
  // What a row of a list is known by, as a whole: by a key that stays, since it cannot be made anew.
  [[nodiscard]] int64_t RowKey(DealerId dealer, std::string_view said) const;
  [[nodiscard]] Result<Row> FindRow(const Look& look, CustomerId id) const;
  [[nodiscard]] Result<Duplicates> FindDuplicatesIn(const Look& look, const Record& record) const;
  [[nodiscard]] Result<Found> ReadFound(DealerId dealer, const db::Rows& rows, Reveal reveal) const;
  [[nodiscard]] static Status NoteLead(const Look& look, std::string_view act, std::string_view code,
                                       CustomerId customer, std::vector<std::string> fields = {});
  // What AddIn does once nothing is wrong: `record` is clean.
  [[nodiscard]] Result<Added> InsertIn(const Look& look, const NewCustomer& input, const Record& record) const;
  [[nodiscard]] Result<std::string> AddLeadIn(const Look& look, CustomerId customer, StaffId owner,
                                              const LeadInput& input, std::optional<Day> since = {}) const;
  [[nodiscard]] Result<Lead> FindLead(const Look& look, std::string_view code, Reveal reveal) const;
  [[nodiscard]] Result<Lead> ReadLead(const Look& look, const db::Rows& rows, Reveal reveal) const;
  [[nodiscard]] Status TakeInput(const Look& look, const LeadInput& input, Lead& lead) const;
  [[nodiscard]] Status TakeMember(const Look& look, Dim dim, const std::optional<std::string>& text,
                                  std::string& code) const;
  // Writes down what TakeInput has made of it, in the version after `before`.
  [[nodiscard]] Status WriteLead(const Look& look, const Lead& before, const Lead& lead) const;
  [[nodiscard]] Result<LeadChanged> ChangeLeadIn(const Look& look, const LeadChange& change, bool dry_run) const;
  void NameGrade(Lead& lead, Day today) const;
  // The customer's newest lead; without a code where he has none.
  [[nodiscard]] Result<Lead> NewestLead(const Look& look, CustomerId customer) const;
  // Books how many fields of the record are required and filled, as far as the ledger does not know (A5).
  [[nodiscard]] Status BookFields(const Look& look, CustomerId customer) const;
  [[nodiscard]] ledger::NewEntry Entry(const Look& look, std::string_view event, const Lead& lead) const;

  db::Database& database_;
  const access::Vault& vault_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  const Policy& policy_;
};

}  // namespace dealpace::leads
