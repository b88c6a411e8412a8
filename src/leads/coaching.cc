#include "leads/coaching.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "leads/look.h"

namespace dealpace::leads {
namespace {

constexpr std::array<std::pair<CoachingState, std::string_view>, 3> kStateNames = {
    {{CoachingState::kOpen, "open"}, {CoachingState::kDone, "done"}, {CoachingState::kWithdrawn, "withdrawn"}}};
constexpr double kThousand = 1000;

// "name=1 phone=2"
std::string FindingsText(const std::map<std::string, int64_t, std::less<>>& findings) {
  std::string text;
  for (const auto& [code, count] : findings) text += (text.empty() ? "" : " ") + code + "=" + std::to_string(count);
  return text;
}

std::map<std::string, int64_t, std::less<>> ReadFindings(std::string_view text) {
  std::map<std::string, int64_t, std::less<>> findings;
  for (const std::string& part : Split(std::string(text), ' ')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    int64_t count = 0;
    std::from_chars(part.data() + equals + 1, part.data() + part.size(), count);
    findings[part.substr(0, equals)] = count;
  }
  return findings;
}

constexpr std::string_view kTaskColumns =
    "t.task_id, t.cause, t.staff_id, t.from_day, t.until_day, t.figure_num, t.figure_den, t.goal, t.findings, t.state, "
    "t.due_day, t.version, t.opened_at, t.closed_at, t.closed_by, t.note FROM coaching_task t WHERE t.dealer_id = ?1";

Day DayAt(const db::Rows& rows, int column) { return Day{static_cast<int32_t>(rows.Int(column))}; }

Result<CoachingTask> ReadTask(const access::Vault& vault, DealerId dealer, const db::Rows& rows) {
  CoachingTask task;
  task.id = rows.Int(0);
  task.figure.cause = rows.Text(1);
  task.figure.staff = StaffId(rows.Int(2));
  task.figure.from = DayAt(rows, 3);
  task.figure.until = DayAt(rows, 4);
  task.figure.num = rows.Int(5);
  task.figure.den = rows.Int(6);
  task.figure.goal = static_cast<double>(rows.Int(7)) / kThousand;
  task.figure.findings = ReadFindings(rows.Text(8));
  task.state = ParseCoachingState(rows.Text(9)).value_or(CoachingState::kOpen);
  task.due = DayAt(rows, 10);
  task.version = rows.Int(11);
  task.opened_at = {rows.Int(12)};
  if (const auto at = rows.OptionalInt(13)) task.closed_at = Instant{*at};
  task.closed_by = rows.Text(14);
  if (!rows.IsNull(15)) {
    ASSIGN_OR_RETURN(task.note,
                     vault.Unseal({access::SealedField::kCoachingNote, task.id, dealer.value}, rows.Bytes(15)));
  }
  return task;
}

// What the audit log says of a task beside its number.
std::vector<std::pair<std::string, db::Deed::Detail>> DetailsOf(const CoachingFigure& figure) {
  return {{"cause", figure.cause},
          {"staff", std::to_string(figure.staff.value)},
          {"from", FormatDay(figure.from)},
          {"num", figure.num},
          {"den", figure.den}};
}

}  // namespace

std::string_view CoachingStateName(CoachingState state) {
  for (const auto& [known, name] : kStateNames) {
    if (known == state) return name;
  }
  return {};
}

std::optional<CoachingState> ParseCoachingState(std::string_view name) {
  for (const auto& [state, known] : kStateNames) {
    if (known == name) return state;
  }
  return std::nullopt;
}

bool IsShort(const CoachingFigure& figure) {
  constexpr double kRounding = 1e-9;  // 18 of 20 is not below nine tenths
  return figure.den > 0 && static_cast<double>(figure.num) < figure.goal * static_cast<double>(figure.den) - kRounding;
}

Result<CoachingPage> CoachingTasks::List(const Asker& asker, const CoachingFilter& filter, size_t most, Instant now) {
  return store_.database_.Read<CoachingPage>([&](db::Connection& connection) -> Result<CoachingPage> {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    CoachingPage page;
    Where where(look.dealer);
    look.sight.Narrow(where, "t.staff_id");
    {
      db::Rows rows = connection.QueryValues(
          "SELECT t.state, COUNT(*) FROM coaching_task t WHERE t.dealer_id = ?1" + where.text() + " GROUP BY t.state",
          where.values());
      while (rows.Next()) {
        if (const auto state = ParseCoachingState(rows.Text(0))) page.of_state[*state] = rows.Int(1);
      }
    }
    if (filter.state) where.And("t.state = ?", {CoachingStateName(*filter.state)});
    const std::string limit = where.Add(most);
    db::Rows rows = connection.QueryValues(
        "SELECT " + std::string(kTaskColumns) + where.text() +
            " ORDER BY COALESCE(t.closed_at, 0) <> 0, CASE WHEN t.closed_at IS NULL THEN t.due_day ELSE 0 END, "
            "t.closed_at DESC, t.task_id LIMIT " +
            limit,
        where.values());
    while (rows.Next()) {
      ASSIGN_OR_RETURN(CoachingTask task, ReadTask(store_.vault_, look.dealer, rows));
      page.tasks.push_back(std::move(task));
    }
    return page;
  });
}

Status CoachingTasks::Done(const Asker& asker, const std::vector<StaffId>& self, int64_t id, int64_t version,
                           const std::string& note, Instant now) {
  return store_.database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const Store::Look look, Store::Look::Begin(connection, asker, now));
    ledger::Lock(connection, look.dealer);  // whoever judges files meanwhile waits, or is waited for
    CoachingTask task;
    {
      db::Rows rows = connection.Query("SELECT " + std::string(kTaskColumns) + " AND t.task_id = ?2", look.dealer, id);
      if (!rows.Next()) return Error("not_found");
      ASSIGN_OR_RETURN(task, ReadTask(store_.vault_, look.dealer, rows));
    }
    if (!look.sight.Sees(task.figure.staff)) return Error("not_found");
    if (std::find(self.begin(), self.end(), task.figure.staff) != self.end()) return Error("coaching_own_task");
    if (task.state != CoachingState::kOpen) {
      return Error("coaching_not_open").With("state", CoachingStateName(task.state));
    }
    if (task.version != version) return Error("edit_conflict").With("by", "").With("version", task.version);
    std::string words;
    RETURN_IF_ERROR(TakeWords("note", note, words));
    if (words.empty()) return Error("coaching_note_missing");
    ASSIGN_OR_RETURN(
        const std::string sealed,
        store_.vault_.Seal(connection, {access::SealedField::kCoachingNote, id, look.dealer.value}, words));
    connection.Execute(
        "UPDATE coaching_task SET state = 'done', version = version + 1, closed_at = ?3, closed_by = ?4, note = ?5 "
        "WHERE dealer_id = ?1 AND task_id = ?2",
        look.dealer, id, now.ms, look.by, db::Blob{sealed});
    return look.witness.Note(connection, "coaching.done", db::ObjectOf("coaching_task", id), look.dealer,
                             DetailsOf(task.figure));
  });
}

Status CoachingTasks::Follow(db::Connection& connection, DealerId dealer, const CoachingFigure& figure, bool complete,
                             int days, Day today, Instant now, const db::Witness& witness) {
  const bool is_short = IsShort(figure);
  const std::string findings = FindingsText(figure.findings);
  int64_t id = 0;
  std::optional<CoachingState> before;
  {
    db::Rows rows = connection.Query(
        "SELECT task_id, state, figure_num, figure_den, findings FROM coaching_task WHERE dealer_id = ?1 AND cause = "
        "?2 "
        "AND staff_id = ?3 AND from_day = ?4",
        dealer, figure.cause, figure.staff, figure.from.value);
    if (rows.Next()) {
      id = rows.Int(0);
      before = ParseCoachingState(rows.Text(1));
      const bool same = rows.Int(2) == figure.num && rows.Int(3) == figure.den && rows.Text(4) == findings;
      if (same && before == CoachingState::kOpen && is_short) return {};
    }
  }
  const auto note = [&](std::string_view act) {
    return witness.Note(connection, act, db::ObjectOf("coaching_task", id), dealer, DetailsOf(figure));
  };
  if (!before) {
    if (!is_short || !complete) return {};
    id = NewId();
    connection.Execute(
        "INSERT INTO coaching_task (dealer_id, task_id, cause, staff_id, from_day, until_day, figure_num, figure_den, "
        "goal, findings, state, due_day, version, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'open', "
        "?11, 1, ?12)",
        dealer, id, figure.cause, figure.staff, figure.from.value, figure.until.value, figure.num, figure.den,
        static_cast<int64_t>(std::lround(figure.goal * kThousand)), findings, (today + days).value, now.ms);
    return note("coaching.open");
  }
  if (*before == CoachingState::kDone) return {};
  const bool was_open = *before == CoachingState::kOpen;
  if (!was_open && (!is_short || !complete)) return {};
  connection.Execute(
      "UPDATE coaching_task SET figure_num = ?3, figure_den = ?4, findings = ?5, version = version + 1 "
      "WHERE dealer_id = ?1 AND task_id = ?2",
      dealer, id, figure.num, figure.den, findings);
  if (was_open == is_short) return {};
  if (is_short) {
    connection.Execute(
        "UPDATE coaching_task SET state = 'open', due_day = ?3, opened_at = ?4, closed_at = NULL "
        "WHERE dealer_id = ?1 AND task_id = ?2",
        dealer, id, (today + days).value, now.ms);
    return note("coaching.open");
  }
  connection.Execute(
      "UPDATE coaching_task SET state = 'withdrawn', closed_at = ?3 WHERE dealer_id = ?1 AND task_id = ?2", dealer, id,
      now.ms);
  return note("coaching.withdraw");
}

}  // namespace dealpace::leads
