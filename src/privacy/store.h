#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/vault.h"
#include "attachments/store.h"
#include "base/zones.h"
#include "db/audit.h"
#include "db/db.h"
#include "leads/store.h"
#include "privacy/policy.h"

// What people have agreed to, how they may be reached, and what must be kept of them all the same.
namespace dealpace::privacy {

using leads::Asker;
using leads::CustomerId;
using ConsentId = Id<struct ConsentTag>;

// ---- Consent ----

struct ConsentInput {
  std::string purpose;
  int text_version = 0;             // of the text that the person was told
  std::string way;                  // how it was given
  std::optional<Instant> given_at;  // absent: now
  std::string evidence;             // where it is to be found: "form 2026-114"; sealed
};

struct Consent {
  ConsentId id;
  std::string purpose;
  int text_version = 0;
  std::string way;
  Instant given_at{};
  std::string recorded_by;
  bool has_evidence = false;
  std::optional<Instant> withdrawn_at;
  std::string withdrawn_way;
  std::string withdrawn_by;
  std::optional<Day> until;  // the last day on which it holds; nothing: until it is withdrawn
};

enum class ConsentState { kNever, kGiven, kWithdrawn, kExpired };
[[nodiscard]] std::string_view ConsentStateName(ConsentState state);  // "never", "given", "withdrawn", "expired"

// What holds for a purpose: by its last consent.
struct Standing {
  std::string purpose;
  ConsentState state = ConsentState::kNever;
  std::optional<Consent> last;
};

// ---- Contact ----

struct Block {
  std::string channel;  // or "all"
  std::string reason;
  Instant set_at{};
  std::string set_by;
};

// Whether somebody may be reached, and if not, why: the first that applies.
enum class Contact { kMay, kAnonymised, kBlocked, kNever, kWithdrawn, kExpired };
// "", "anonymised", "no_contact", "consent_never", "consent_withdrawn", "consent_expired"
[[nodiscard]] std::string_view ContactName(Contact contact);

struct Hold {
  std::string reason;
  Instant set_at{};
  std::string set_by;
};

struct CustomerPrivacy {
  CustomerId customer;
  int64_t version = 0;
  std::vector<Standing> standings;  // one for each purpose, in their order
  std::vector<Consent> consents;    // the newest first
  std::vector<Block> blocks;
  std::optional<Hold> hold;
};

// Channels that shall be closed for one of many customers, or opened again, in the version of his privacy.
struct BlockChange {
  CustomerId customer;
  int64_t version = 0;
  std::vector<std::string> channels;  // "all" for every one
  std::string reason;
  bool open = false;  // again: those of them that are closed for this reason
};
// What became of it: "change" (it was, or in a dry run would be, done), "same", "conflict", "not_found".
struct BlockChanged {
  CustomerId customer;
  int64_t version = 0;  // by now
  std::string outcome;
  std::string by;                     // with "conflict", who
  std::vector<std::string> channels;  // those that were closed or opened, for taking it back
};

// Thread-safe. Calls about a customer fail with not_found when the asker does not see him; those that change something
// with customer_anonymised, and with edit_conflict when what is known of his privacy was changed since the version
// named. Consents and blocks of customers who were merged into one are his.
class Store {
 public:
  Store(db::Database& database, const access::Vault& vault, leads::Store& customers,
        const Policy& policy = Policy::Get())
      : database_(database), vault_(vault), customers_(customers), policy_(policy) {}

  [[nodiscard]] Result<CustomerPrivacy> Get(const Asker& asker, CustomerId id, Instant now);

  // Fails with purpose_unknown, consent_text_old (another version is told today), field_choice (way),
  // consent_evidence_missing (sensitive data and sharing), consent_in_future, field_too_long,
  // field_control_character, number_forbidden, consent_text_changed.
  [[nodiscard]] Result<ConsentId> Give(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                                       const ConsentInput& input, Instant now);
  // The same within the caller's transaction, for a customer who has just been entered.
  [[nodiscard]] Status GiveIn(db::Connection& connection, const Asker& asker, const db::Witness& witness, CustomerId id,
                              const std::vector<ConsentInput>& inputs, Instant now);
  // Removes the consents that were given with a customer's entry, which is being taken back; false, and nothing is
  // removed, when something else is known of his privacy by now.
  [[nodiscard]] Result<bool> TakeBackIn(db::Connection& connection, DealerId dealer, CustomerId id) const;
  // Checks what Give would refuse without looking at the store.
  [[nodiscard]] Status Check(const ConsentInput& input, Instant now) const;
  // From now on; what was done before stays lawful. Fails with purpose_unknown, field_choice, consent_not_given.
  [[nodiscard]] Status Withdraw(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                                std::string_view purpose, std::string_view way, Instant now);

  // These channels are closed, and no others; "all" for every one. Fails with field_choice.
  [[nodiscard]] Status SetNoContact(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                                    const std::vector<std::string>& channels, std::string_view reason, Instant now);
  // Closes channels for many, each by itself; others that are closed stay closed. A dry run tells the same, and the
  // versions, without needing them. Fails with field_choice.
  [[nodiscard]] Result<std::vector<BlockChanged>> BlockMany(const Asker& asker, const db::Witness& witness,
                                                            const std::vector<BlockChange>& changes, bool dry_run,
                                                            Instant now);
  // Whether a customer may be reached on that day, for that purpose and by that channel, as far as is known now. For
  // whoever is about to call or write: asked again just before. Fails with purpose_unknown, field_choice, not_found.
  [[nodiscard]] Result<Contact> MayContact(db::Connection& connection, DealerId dealer, CustomerId id,
                                           std::string_view purpose, std::string_view channel, Day day) const;

  // That the data of a customer must be kept, or no longer. Fails with field_choice (reason).
  [[nodiscard]] Status SetHold(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                               std::string_view reason, Instant now);
  [[nodiscard]] Status LiftHold(const Asker& asker, const db::Witness& witness, CustomerId id, int64_t version,
                                Instant now);

  // Within the caller's transaction: empties all that is held about a customer and those merged into him, but what no
  // figure can do without. `why`: a rule of retention, or "request".
  [[nodiscard]] Status Anonymise(db::Connection& connection, DealerId dealer, const leads::Seen& seen,
                                 std::string_view why, std::string_view by, Instant now) const;

  // The same because he asks for it. Fails with legal_hold, customer_anonymised.
  [[nodiscard]] Status Erase(db::Connection& connection, const Asker& asker, CustomerId id, Instant now) const;

  // Within the caller's transaction: the consents of these customers, the newest first, with their evidence.
  [[nodiscard]] Status ForEachConsent(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids,
                                      const std::function<void(const Consent&, const std::string&)>& take) const;
  [[nodiscard]] static std::vector<Block> Blocks(db::Connection& connection, DealerId dealer,
                                                 const std::vector<CustomerId>& ids);
  // What holds for a purpose today, by the consents of these customers.
  [[nodiscard]] Result<ConsentState> StateOf(db::Connection& connection, DealerId dealer,
                                             const std::vector<CustomerId>& ids, std::string_view purpose,
                                             Day day) const;

  [[nodiscard]] const Policy& policy() const { return policy_; }
  [[nodiscard]] leads::Store& customers() const { return customers_; }

 private:
  // Finds the customer and moves the version of his privacy, or says who else has.
  [[nodiscard]] Result<leads::Seen> Begin(db::Connection& connection, const Asker& asker, CustomerId id,
                                          int64_t version, Instant now) const;
  [[nodiscard]] Result<BlockChanged> BlockIn(db::Connection& connection, const Asker& asker, const db::Witness& witness,
                                             const BlockChange& change, bool dry_run, Instant now) const;
  [[nodiscard]] Result<ConsentId> Insert(db::Connection& connection, const Asker& asker, const db::Witness& witness,
                                         CustomerId id, const ConsentInput& input, Instant now) const;
  [[nodiscard]] std::vector<Consent> ReadConsents(db::Connection& connection, DealerId dealer,
                                                  const std::vector<CustomerId>& ids, const Zone& zone) const;
  // By the consents of one purpose, the newest first.
  [[nodiscard]] Standing StandingOf(const Purpose& purpose, const std::vector<Consent>& consents, Day day,
                                    const Zone& zone) const;

  db::Database& database_;
  const access::Vault& vault_;
  leads::Store& customers_;
  const Policy& policy_;
};

// "1 = 0", or "column IN (…)" with the ids bound to `where`.
[[nodiscard]] std::string AnyOf(leads::Where& where, std::string_view column, const std::vector<CustomerId>& ids);

// Whether nothing of a customer has to be kept: fails with legal_hold while there is one on him, or on somebody merged
// with him.
[[nodiscard]] Status CheckNotHeld(db::Connection& connection, DealerId dealer, CustomerId customer);
// Whether files that somebody has taken away must stay all the same: there is a legal hold on their customer, or he
// asks about his data and has not been answered. In a transaction that may write, until whose end it stays so.
[[nodiscard]] Result<bool> FilesStay(db::Connection& connection, DealerId dealer, const attachments::Owner& owner);

}  // namespace dealpace::privacy
