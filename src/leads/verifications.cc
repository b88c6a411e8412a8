#include "leads/verifications.h"

#include <algorithm>

#include "leads/look.h"

namespace dealpace::leads {
namespace {

constexpr std::array<std::pair<Heard, std::string_view>, 4> kHeardNames = {{{Heard::kConfirmed, "confirmed"},
                                                                            {Heard::kNotInterested, "not_interested"},
                                                                            {Heard::kWrongNumber, "wrong_number"},
                                                                            {Heard::kNoAnswer, "no_answer"}}};

// Of lead l with its verification v, where it is of the attempt that runs.
constexpr std::string_view kLeadsToVerify =
    "FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id AND c.customer_id = l.customer_id "
    "LEFT JOIN lead_verification v ON v.dealer_id = l.dealer_id AND v.lead = l.lead AND v.attempt = l.attempt "
    "WHERE l.dealer_id = ?1 AND c.anonymised_at IS NULL ";
constexpr std::string_view kToBeCalled = "AND l.status = 'open' AND (v.heard IS NULL OR v.heard = 'no_answer')";
constexpr int kAfterLead = 27;  // columns of a lead

}  // namespace

std::string_view HeardName(Heard heard) {
  for (const auto& [known, name] : kHeardNames) {
    if (known == heard) return name;
  }
  return "";
}

std::optional<Heard> ParseHeard(std::string_view name) {
  for (const auto& [heard, known] : kHeardNames) {
    if (known == name) return heard;
  }
  return std::nullopt;
}

Result<VerificationPage> Verifications::List(const Asker& asker, bool due, size_t most, Instant now) {
  return store_.database_.Read<VerificationPage>([&](db::Connection& connection) -> Result<VerificationPage> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    Where where(look.dealer);
    look.sight.Narrow(where, "l.owner_id");
    const std::string which = due ? std::string(kToBeCalled) : "AND v.heard IS NOT NULL";
    VerificationPage page;
    {
      db::Rows rows = connection.QueryValues("SELECT COUNT(*) " + std::string(kLeadsToVerify) + which + where.text(),
                                             where.values());
      rows.Next();
      page.count = rows.Int(0);
    }
    const std::string limit = where.Add(most);
    db::Rows rows =
        connection.QueryValues("SELECT " + kLeadColumns + ", v.heard, v.calls, v.version, v.called_at, v.called_by " +
                                   std::string(kLeadsToVerify) + which + where.text() +
                                   (due ? " ORDER BY COALESCE(l.expected_day, 9999999), l.created_at, l.lead"
                                        : " ORDER BY v.called_at DESC, l.lead") +
                                   " LIMIT " + limit,
                               where.values());
    while (rows.Next()) {
      Verification verification;
      ASSIGN_OR_RETURN(verification.lead, store_.ReadLead(look, rows, Reveal::kMasked));
      verification.heard = ParseHeard(rows.Text(kAfterLead));
      verification.calls = rows.Int(kAfterLead + 1);
      verification.version = rows.Int(kAfterLead + 2);
      if (const auto at = rows.OptionalInt(kAfterLead + 3)) verification.called_at = Instant{*at};
      verification.called_by = rows.Text(kAfterLead + 4);
      page.leads.push_back(std::move(verification));
    }
    return page;
  });
}

Status Verifications::Record(const Asker& asker, const std::vector<StaffId>& self, std::string_view code,
                             int64_t version, Heard heard, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    ledger::Lock(connection, look.dealer);  // of two at once one waits here and then finds the version moved
    ASSIGN_OR_RETURN(const Lead lead, store_.FindLead(look, code, Reveal::kMasked));
    if (lead.anonymised) return Error("customer_anonymised");
    if (std::find(self.begin(), self.end(), lead.owner) != self.end()) return Error("verify_own_lead");
    if (lead.status != LeadStatus::kOpen) return Error("verify_not_open");
    int64_t known = 0;
    int64_t calls = 0;
    std::optional<int64_t> booked;
    std::string by;
    {
      db::Rows rows = connection.Query(
          "SELECT version, calls, entry_seq, called_by, attempt FROM lead_verification "
          "WHERE dealer_id = ?1 AND lead = ?2",
          look.dealer, code);
      if (rows.Next()) {
        known = rows.Int(0);
        by = rows.Text(3);
        // What was said of an earlier attempt stays booked for that one.
        if (rows.Int(4) == lead.attempt) {
          calls = rows.Int(1);
          booked = rows.OptionalInt(2);
        }
      }
    }
    // The list tells no version of an earlier attempt.
    if (version != known && !(version == 0 && calls == 0)) {
      return Error("edit_conflict").With("by", by).With("version", known);
    }
    const ledger::Recorder recorder{look.by, look.now, {}};
    if (booked) {
      const std::array seqs = {*booked};
      RETURN_IF_ERROR(ledger::Reverse(connection, look.dealer, seqs, "verification said again", recorder));
      booked.reset();
    }
    if (heard == Heard::kConfirmed) {
      ledger::NewEntry entry = store_.Entry(look, "lead_customer", lead);
      // Who is nobody's consultant is not named, rather than somebody else.
      entry.actor = self.empty() ? StaffId() : self.front();
      booked = ledger::Append(connection, *store_.catalog_, look.dealer, std::span(&entry, 1), recorder);
    }
    connection.Execute(
        "INSERT INTO lead_verification (dealer_id, lead, attempt, heard, calls, entry_seq, version, called_at, "
        "called_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (dealer_id, lead) DO UPDATE SET "
        "attempt = excluded.attempt, heard = excluded.heard, calls = excluded.calls, entry_seq = excluded.entry_seq, "
        "version = excluded.version, called_at = excluded.called_at, called_by = excluded.called_by",
        look.dealer, code, lead.attempt, HeardName(heard), calls + 1, booked, known + 1, now.ms, look.by);
    return look.witness.Note(
        connection, "lead.verify", "lead:" + std::string(code), look.dealer,
        {{"customer", std::to_string(lead.customer.value)}, {"heard", std::string(HeardName(heard))}});
  });
}

}  // namespace dealpace::leads
