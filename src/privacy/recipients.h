#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "privacy/store.h"

// The register of those to whom a dealer gives personal data, and how many people it holds data of.
namespace dealpace::privacy {

using RecipientId = Id<struct RecipientTag>;

struct RecipientInput {
  std::string name;     // of the institution
  std::string kind;     // of Policy::recipients
  std::string purpose;  // in words
  std::string basis;    // of Policy::bases
  std::string data;     // what is given, in words
  Day since{};
  std::optional<Day> until;  // the last day; nothing: it goes on
};

struct Recipient {
  RecipientId id;
  RecipientInput input;
  int64_t customers = 0;  // whose data were given
  int64_t version = 0;
  Instant changed_at{};
  std::string changed_by;
};

struct Share {
  RecipientId recipient;
  std::string name;  // of the recipient
  Instant at{};
  std::string by;
};

// People whose data are held: customers who are persons, those merged into another and anonymised ones not among them.
struct PeopleCount {
  DealerId dealer;  // not set: the whole network
  int64_t people = 0;
  const Threshold* reached = nullptr;  // the highest
  const Threshold* next = nullptr;     // the one above
  bool near = false;                   // nine tenths of the next one
};
[[nodiscard]] PeopleCount Against(DealerId dealer, int64_t people, const std::vector<Threshold>& thresholds);

// Thread-safe.
class Recipients {
 public:
  Recipients(db::Database& database, Store& store) : database_(database), store_(store) {}

  // Of a dealer, by name. The caller sees to it that the asker may.
  [[nodiscard]] Result<std::vector<Recipient>> List(DealerId dealer);
  // Fails with field_missing (name, purpose, data), field_choice (kind, basis), field_day_bad (until before since), and
  // as texts do; with dealer_id of a dealer that is not there with not_found.
  [[nodiscard]] Result<RecipientId> Add(const Asker& asker, const db::Witness& witness, const RecipientInput& input,
                                        Instant now);
  // Also with not_found and edit_conflict.
  [[nodiscard]] Status Change(const Asker& asker, const db::Witness& witness, RecipientId id, int64_t version,
                              const RecipientInput& input, Instant now);

  // Notes that the data of a customer were given. Fails with not_found, customer_anonymised, recipient_unknown (or it
  // is not given any today), share_without_consent (on the grounds of a consent that does not hold today).
  [[nodiscard]] Status Give(const Asker& asker, const db::Witness& witness, CustomerId customer, RecipientId recipient,
                            Instant now);
  [[nodiscard]] Result<std::vector<Share>> SharesOf(const Asker& asker, CustomerId customer, Instant now);

  [[nodiscard]] Result<int64_t> People(DealerId dealer);

 private:
  [[nodiscard]] Result<RecipientInput> Clean(const RecipientInput& input) const;

  db::Database& database_;
  Store& store_;
};

}  // namespace dealpace::privacy
