#include "leads/spot_checks.h"

#include <algorithm>

#include "base/text.h"
#include "leads/coaching.h"
#include "leads/look.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 3> kVerdicts = {
    {{Verdict::kTrue, "true"}, {Verdict::kFalse, "false"}, {Verdict::kUnverifiable, "unverifiable"}}};

// "name=true phone=false"
std::string Text(const Verdicts& verdicts) {
  std::string text;
  for (const auto& [field, verdict] : verdicts) {
    text += (text.empty() ? "" : " ") + field + "=" + std::string(VerdictName(verdict));
  }
  return text;
}

Verdicts ReadVerdicts(std::string_view text) {
  Verdicts verdicts;
  for (const std::string& part : Split(std::string(text), ' ')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    if (const auto verdict = ParseVerdict(part.substr(equals + 1))) verdicts[part.substr(0, equals)] = *verdict;
  }
  return verdicts;
}

// The instants [first, second) in which a month lies on the dealer's calendar.
Result<std::pair<Instant, Instant>> InstantsOf(db::Connection& connection, DealerId dealer, Day month) {
  ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
  return std::pair(zone.At(month), zone.At(AddMonths(month, 1)));
}

// The files that were made then, by whose they are.
std::map<StaffId, std::vector<CustomerId>> FilesOf(db::Connection& connection, DealerId dealer, const Sight& sight,
                                                   const std::pair<Instant, Instant>& when) {
  Where where(dealer);
  sight.Narrow(where, "c.owner_id");
  where.And("c.created_at >= ? AND c.created_at < ?", {when.first.ms, when.second.ms});
  std::map<StaffId, std::vector<CustomerId>> files;
  db::Rows rows = connection.QueryValues(
      "SELECT c.owner_id, c.customer_id FROM customer c WHERE c.dealer_id = ?1 AND c.merged_into IS NULL "
      "AND c.anonymised_at IS NULL AND c.owner_id IS NOT NULL" +
          where.text() + " ORDER BY c.customer_id",
      where.values());
  while (rows.Next()) files[StaffId(rows.Int(0))].emplace_back(rows.Int(1));
  return files;
}

// Columns of a SpotCheck, of check s and its customer c.
constexpr std::string_view kColumns =
    "s.check_id, s.month, s.customer_id, s.owner_id, s.result, s.verdicts, s.version, s.drawn_at, s.checked_at, "
    "s.checked_by, c.kind, c.personal, c.owner_id ";
constexpr std::string_view kFrom =
    "FROM spot_check s JOIN customer c ON c.dealer_id = s.dealer_id AND c.customer_id = s.customer_id "
    "WHERE s.dealer_id = ?1";

// How accurate the files of a consultant are that were drawn of a month, as far as they are checked.
struct Judged {
  CoachingFigure figure;
  bool complete = false;  // none is left to check or to draw
};
Result<Judged> Judge(db::Connection& connection, DealerId dealer, StaffId owner, Day month,
                     const SpotCheckPolicy& policy) {
  ASSIGN_OR_RETURN(const auto when, InstantsOf(connection, dealer, month));
  Judged judged;
  judged.figure = {std::string(kSpotCheckCause), owner, month, AddMonths(month, 1) + -1, 0, 0, policy.goal, {}};
  int64_t files = 0;
  {
    db::Rows rows = connection.Query(
        "SELECT COUNT(*) FROM customer c WHERE c.dealer_id = ?1 AND c.merged_into IS NULL AND c.anonymised_at IS NULL "
        "AND c.owner_id = ?2 AND c.created_at >= ?3 AND c.created_at < ?4",
        dealer, owner, when.first.ms, when.second.ms);
    rows.Next();
    files = rows.Int(0);
  }
  int64_t drawn = 0;
  int64_t left = 0;
  db::Rows rows = connection.Query(
      "SELECT s.result, s.verdicts, c.anonymised_at FROM spot_check s JOIN customer c ON c.dealer_id = s.dealer_id "
      "AND c.customer_id = s.customer_id WHERE s.dealer_id = ?1 AND s.month = ?2 AND s.owner_id = ?3",
      dealer, month.value, owner);
  while (rows.Next()) {
    ++drawn;
    if (rows.IsNull(0)) {
      if (rows.IsNull(2)) ++left;  // of an emptied file nothing can be checked any more
      continue;
    }
    const auto result = ParseVerdict(rows.Text(0));
    if (result == Verdict::kUnverifiable) continue;
    ++judged.figure.den;
    if (result == Verdict::kTrue) ++judged.figure.num;
    for (const auto& [field, verdict] : ReadVerdicts(rows.Text(1))) {
      if (verdict == Verdict::kFalse) ++judged.figure.findings[field];
    }
  }
  judged.complete = left == 0 && drawn >= policy.SampleOf(files);
  return judged;
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  for (const auto& [known, name] : kVerdicts) {
    if (known == verdict) return name;
  }
  return {};
}

std::optional<Verdict> ParseVerdict(std::string_view name) {
  for (const auto& [verdict, known] : kVerdicts) {
    if (known == name) return verdict;
  }
  return std::nullopt;
}

Verdict ResultOf(const Verdicts& verdicts) {
  const auto any = [&](Verdict wanted) {
    return std::any_of(verdicts.begin(), verdicts.end(), [&](const auto& one) { return one.second == wanted; });
  };
  if (any(Verdict::kFalse)) return Verdict::kFalse;
  return any(Verdict::kTrue) ? Verdict::kTrue : Verdict::kUnverifiable;
}

Result<SpotCheck> SpotChecks::Read(const Store::Look& look, const db::Rows& rows, bool whole_record) const {
  SpotCheck check;
  check.id = rows.Int(0);
  check.month = Day{static_cast<int32_t>(rows.Int(1))};
  check.customer = CustomerId(rows.Int(2));
  check.owner = StaffId(rows.Int(3));
  if (!rows.IsNull(4)) check.result = ParseVerdict(rows.Text(4));
  check.verdicts = ReadVerdicts(rows.Text(5));
  check.version = rows.Int(6);
  check.drawn_at = {rows.Int(7)};
  if (const auto at = rows.OptionalInt(8)) check.checked_at = Instant{*at};
  check.checked_by = rows.Text(9);
  check.kind = ParseKind(rows.Text(10)).value_or(Kind::kPerson);
  // Since it was drawn the customer may have gone to somebody whom the asker does not see.
  if (!look.sight.Sees(StaffId(rows.Int(12)))) return check;
  ASSIGN_OR_RETURN(leads::Record record, store_.Unseal(look.dealer, check.customer, rows.Bytes(11)));
  for (const auto& [field, value] : Masked(record)) {
    if (whole_record || field == "name" || field == "phone") check.record.emplace(field, value);
  }
  return check;
}

Result<SpotCheck> SpotChecks::Find(const Store::Look& look, int64_t id) const {
  db::Rows rows = look.connection.Query("SELECT " + std::string(kColumns) + std::string(kFrom) + " AND s.check_id = ?2",
                                        look.dealer, id);
  if (!rows.Next() || !look.sight.Sees(StaffId(rows.Int(12)))) return Error("not_found");
  return Read(look, rows, true);
}

Result<SpotCheckMonth> SpotChecks::Month(const Asker& asker, Day month, Instant now) {
  return store_.database_.Read<SpotCheckMonth>([&](db::Connection& connection) -> Result<SpotCheckMonth> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    ASSIGN_OR_RETURN(const auto when, InstantsOf(connection, look.dealer, month));
    std::map<StaffId, SpotCheckCount> people;
    for (const auto& [owner, files] : FilesOf(connection, look.dealer, look.sight, when)) {
      SpotCheckCount& count = people[owner];
      count.files = static_cast<int64_t>(files.size());
      count.sample = store_.policy_.spot_checks().SampleOf(count.files);
    }
    SpotCheckMonth found;
    Where where(look.dealer);
    where.And("s.month = ?", {month.value});
    look.sight.Narrow(where, "s.owner_id");
    db::Rows rows = connection.QueryValues("SELECT " + std::string(kColumns) + std::string(kFrom) + where.text() +
                                               " ORDER BY CASE WHEN s.result IS NULL THEN 0 ELSE 1 END, s.check_id",
                                           where.values());
    while (rows.Next()) {
      ASSIGN_OR_RETURN(SpotCheck check, Read(look, rows, false));
      SpotCheckCount& count = people[check.owner];
      ++count.drawn;
      if (check.result) {
        int64_t& of = *check.result == Verdict::kTrue    ? count.is_true
                      : *check.result == Verdict::kFalse ? count.is_false
                                                         : count.unverifiable;
        ++of;
      }
      found.checks.push_back(std::move(check));
    }
    for (auto& [owner, count] : people) {
      count.owner = owner;
      found.people.push_back(count);
    }
    return found;
  });
}

Result<int64_t> SpotChecks::Draw(const Checker& checker, Day month, Instant now) {
  return store_.database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, checker.asker, now));
    if (month > look.today) return Error("check_month_ahead").With("month", FormatDay(month).substr(0, 7));
    ASSIGN_OR_RETURN(const auto when, InstantsOf(connection, look.dealer, month));
    ledger::Lock(connection, look.dealer);  // so that two who draw at once do not draw twice as much
    std::map<StaffId, int64_t> drawn;
    std::vector<CustomerId> known;
    {
      db::Rows rows = connection.Query(
          "SELECT owner_id, customer_id FROM spot_check WHERE dealer_id = ?1 AND month = ?2", look.dealer, month.value);
      while (rows.Next()) {
        ++drawn[StaffId(rows.Int(0))];
        known.emplace_back(rows.Int(1));
      }
    }
    std::sort(known.begin(), known.end());
    int64_t count = 0;
    for (auto& [owner, files] : FilesOf(connection, look.dealer, look.sight, when)) {
      int64_t missing = store_.policy_.spot_checks().SampleOf(static_cast<int64_t>(files.size())) - drawn[owner];
      std::vector<CustomerId> left = files;
      std::erase_if(left, [&](CustomerId id) { return std::binary_search(known.begin(), known.end(), id); });
      for (; missing > 0 && !left.empty(); --missing) {
        const size_t at = lot_(static_cast<uint32_t>(left.size()));
        connection.Execute(
            "INSERT INTO spot_check (dealer_id, check_id, month, customer_id, owner_id, verdicts, version, drawn_at, "
            "drawn_by) VALUES (?1, ?2, ?3, ?4, ?5, '', 1, ?6, ?7)",
            look.dealer, NewId(), month.value, left[at], owner, now.ms, look.by);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
        ++count;
      }
    }
    if (count > 0) {
      RETURN_IF_ERROR(checker.witness.Note(connection, "spot_check.draw", db::ObjectOf("dealer", look.dealer.value),
                                           look.dealer, {{"month", FormatDay(month).substr(0, 7)}, {"count", count}}));
    }
    return count;
  });
}

Result<SpotCheck> SpotChecks::Get(const Asker& asker, int64_t id, Instant now) {
  return store_.database_.Read<SpotCheck>([&](db::Connection& connection) -> Result<SpotCheck> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    return Find(look, id);
  });
}

Status SpotChecks::Record(const Checker& checker, int64_t id, int64_t version, const Verdicts& verdicts, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, checker.asker, now));
    ledger::Lock(connection, look.dealer);  // of two at once one waits here and then finds the version moved
    ASSIGN_OR_RETURN(const SpotCheck check, Find(look, id));
    if (check.version != version) {
      return Error("edit_conflict").With("by", check.checked_by).With("version", check.version);
    }
    if (std::find(checker.self.begin(), checker.self.end(), check.owner) != checker.self.end()) {
      return Error("check_own_file");
    }
    if (verdicts.empty()) return Error("check_empty");
    for (const auto& [field, verdict] : verdicts) {
      if (!check.record.contains(field)) return Error("check_field_unknown").With("field", field);
    }
    std::optional<int64_t> booked;
    {
      db::Rows rows =
          connection.Query("SELECT entry_seq FROM spot_check WHERE dealer_id = ?1 AND check_id = ?2", look.dealer, id);
      if (rows.Next()) booked = rows.OptionalInt(0);
    }
    const ledger::Recorder recorder{look.by, look.now, {}};
    if (booked) {
      const std::array seqs = {*booked};
      RETURN_IF_ERROR(ledger::Reverse(connection, look.dealer, seqs, "spot check said again", recorder));
      booked.reset();
    }
    const Verdict result = ResultOf(verdicts);
    if (result != Verdict::kUnverifiable) {
      ASSIGN_OR_RETURN(Lead lead, store_.NewestLead(look, check.customer));
      if (lead.code.empty()) lead.owner = check.owner;
      ledger::NewEntry entry = store_.Entry(look, "spot_check", lead);
      // Of a lead it is known whose it is; without one it is counted for whom the file was made by.
      if (!lead.code.empty() && !checker.self.empty()) entry.actor = checker.self.front();
      entry.members[static_cast<size_t>(MemberIndex(Dim::kReason))] =
          org::AddMember(connection, Dim::kReason, VerdictName(result));
      booked = ledger::Append(connection, *store_.catalog_, look.dealer, std::span(&entry, 1), recorder);
    }
    connection.Execute(
        "UPDATE spot_check SET result = ?3, verdicts = ?4, entry_seq = ?5, version = version + 1, checked_at = ?6, "
        "checked_by = ?7 WHERE dealer_id = ?1 AND check_id = ?2",
        look.dealer, id, VerdictName(result), Text(verdicts), booked, now.ms, look.by);
    const SpotCheckPolicy& policy = store_.policy_.spot_checks();
    ASSIGN_OR_RETURN(const Judged judged, Judge(connection, look.dealer, check.owner, check.month, policy));
    RETURN_IF_ERROR(CoachingTasks::Follow(connection, look.dealer, judged.figure, judged.complete, policy.coaching_days,
                                          look.today, now, checker.witness));
    return checker.witness.Note(
        connection, "spot_check.result", db::ObjectOf("spot_check", id), look.dealer,
        {{"customer", std::to_string(check.customer.value)}, {"result", std::string(VerdictName(result))}});
  });
}

}  // namespace dealpace::leads
