#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "privacy/store.h"

// What people ask about their data: received → identity checked → done or refused, by a day.
namespace dealpace::privacy {

using RequestId = Id<struct PersonRequestTag>;

enum class RequestState { kReceived, kChecked, kDone, kRefused };
[[nodiscard]] std::string_view RequestStateName(RequestState state);  // "received", "checked", "done", "refused"

// What of the data is asked about.
enum class Scope { kAll, kContact, kRecord, kConsent };
[[nodiscard]] std::string_view ScopeName(Scope scope);  // "all", "contact", "record", "consent"
[[nodiscard]] std::optional<Scope> ParseScope(std::string_view name);

struct RequestInput {
  std::string kind;                    // of Policy::requests
  std::string way;                     // how it was received
  std::optional<Instant> received_at;  // absent: now
  std::string words;                   // what was asked; sealed; may be empty
};

struct PersonRequest {
  RequestId id;
  CustomerId customer;
  std::string customer_name;  // masked
  std::string kind;
  std::string way;
  RequestState state{};
  Instant received_at{};
  std::string received_by;
  Day due{};
  bool overdue = false;
  std::string identity;  // how it was made sure who asks; empty: it was not yet
  std::string scope;
  std::string checked_by;
  std::string refusal;
  std::optional<Instant> closed_at;
  std::string closed_by;
  std::string words;
  int64_t version = 0;
};

// One thing that is held about a person.
struct HeldFact {
  std::string section;  // "customer", "lead", "attachment", "consent", "no_contact", "given_to", "request"
  int item = 0;         // of the section, from 1
  std::string field;
  std::string value;
};

// Thread-safe. Calls fail with not_found for what the asker does not see, and with edit_conflict when the request was
// changed since the version named.
class Requests {
 public:
  Requests(db::Database& database, const access::Vault& vault, Store& store)
      : database_(database), vault_(vault), store_(store) {}

  // Fails with field_choice (kind, way), request_in_future, customer_anonymised, and as texts do.
  [[nodiscard]] Result<RequestId> Receive(const Asker& asker, const db::Witness& witness, CustomerId customer,
                                          const RequestInput& input, Instant now);
  // Those that are open, the first due first; or those that are closed, the newest first; of one customer, or of all
  // whom the asker sees. At most so many.
  [[nodiscard]] Result<std::vector<PersonRequest>> List(const Asker& asker, bool open, CustomerId customer, size_t most,
                                                        Instant now);
  // It is certain who asks. Fails with field_choice (identity), request_step.
  [[nodiscard]] Status Check(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version,
                             std::string_view identity, Scope scope, Instant now);
  // Done: an erasure anonymises here and now. Fails with request_step (identity not checked, or closed already),
  // legal_hold, request_scope (an erasure of a part: correct the record instead).
  [[nodiscard]] Status Finish(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version,
                              Instant now);
  // Fails with field_choice (reason), request_step (closed already).
  [[nodiscard]] Status Refuse(const Asker& asker, const db::Witness& witness, RequestId id, int64_t version,
                              std::string_view reason, Instant now);
  // Everything that is held about the person who asks for access, and that the scope names; put on record. Fails with
  // request_step unless his identity was checked.
  [[nodiscard]] Result<std::vector<HeldFact>> Export(const Asker& asker, const db::Witness& witness, RequestId id,
                                                     Instant now);

 private:
  [[nodiscard]] Result<PersonRequest> Find(db::Connection& connection, const Asker& asker, RequestId id,
                                           Instant now) const;
  [[nodiscard]] Result<PersonRequest> Begin(db::Connection& connection, const Asker& asker, RequestId id,
                                            int64_t version, Instant now) const;
  [[nodiscard]] Result<PersonRequest> Read(const db::Rows& rows, const Asker& asker, Day today) const;
  class Facts;  // being gathered
  [[nodiscard]] Status AddAttachments(Facts& facts, db::Connection& connection, DealerId dealer,
                                      const std::vector<CustomerId>& customers,
                                      const std::vector<leads::Lead>& of_leads) const;

  db::Database& database_;
  const access::Vault& vault_;
  Store& store_;
};

// As files: an object with a list for each section, and a line for each fact.
[[nodiscard]] std::string FactsJson(const std::vector<HeldFact>& facts);
[[nodiscard]] std::string FactsCsv(const std::vector<HeldFact>& facts);

}  // namespace dealpace::privacy
