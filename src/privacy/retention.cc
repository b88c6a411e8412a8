#include "privacy/retention.h"

#include <algorithm>

#include "attachments/store.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::privacy {
namespace {

constexpr size_t kLookedAt = 2'000;  // customers in one reading
constexpr size_t kStep = 50;         // customers anonymised in one transaction
constexpr int kAges = 73'000;        // days: longer than any rule
constexpr int kSlack = 62;           // days: more than a month's length and a time zone can make

std::vector<DealerId> Dealers(db::Connection& connection) {
  std::vector<DealerId> dealers;
  db::Rows rows = connection.Query("SELECT dealer_id FROM dealer ORDER BY dealer_id");
  while (rows.Next()) dealers.emplace_back(rows.Int(0));
  return dealers;
}

int ShortestMonths(const std::vector<Retention>& rules) {
  int months = INT32_MAX;
  for (const Retention& rule : rules) months = std::min(months, rule.months);
  return rules.empty() ? 0 : months;
}

// Customers whose data are kept, those that others were merged into instead of these.
std::set<CustomerId> Held(db::Connection& connection, DealerId dealer) {
  std::set<CustomerId> held;
  db::Rows rows = connection.Query(
      "SELECT DISTINCT COALESCE(c.merged_into, c.customer_id) FROM legal_hold h JOIN customer c "
      "ON c.dealer_id = h.dealer_id AND c.customer_id = h.customer_id WHERE h.dealer_id = ?1 AND h.lifted_at IS NULL",
      dealer);
  while (rows.Next()) held.insert(CustomerId(rows.Int(0)));
  // Nor may what somebody asks about just now be gone when he is answered.
  db::Rows open = connection.Query(
      "SELECT DISTINCT COALESCE(c.merged_into, c.customer_id) FROM person_request r JOIN customer c "
      "ON c.dealer_id = r.dealer_id AND c.customer_id = r.customer_id WHERE r.dealer_id = ?1 AND r.closed_at IS NULL",
      dealer);
  while (open.Next()) held.insert(CustomerId(open.Int(0)));
  return held;
}

}  // namespace

std::optional<DueBy> DueOf(const Past& past, const std::vector<Retention>& rules) {
  if (past.open > 0) return std::nullopt;
  const After after = past.sold > 0                               ? After::kSold
                      : past.leads > 0 && past.lost == past.leads ? After::kLost
                                                                  : After::kUnsuccessful;
  const Day last = after == After::kSold ? past.sale : after == After::kLost ? past.lead : past.changed;
  for (const Retention& rule : rules) {
    if (rule.after == after) return DueBy{&rule, AddMonths(last, rule.months) + 1};
  }
  return std::nullopt;
}

// ---- Looking ----

Keeper::Page Keeper::Look(db::Connection& connection, DealerId dealer, const leads::Visible& visible, const Zone& zone,
                          Day today, Day until, CustomerId after, size_t count) const {
  const std::vector<Retention>& rules = store_.policy().retentions();
  const std::set<CustomerId> held = Held(connection, dealer);
  leads::Where where(dealer);
  leads::Sight(connection, dealer, visible, today).Narrow(where, "c.owner_id");
  where.And("c.customer_id > ?", {after});
  // Who came later than the shortest rule reaches back need not be looked at.
  const Day from = AddMonths(until, -ShortestMonths(rules)) + kSlack;
  where.And("c.created_at < ?", {zone.At(from).ms});
  const std::string most = where.Add(count);
  Page page;
  size_t looked = 0;
  db::Rows rows = connection.QueryValues(
      "SELECT c.customer_id, c.owner_id, c.changed_at, c.active_day, COUNT(l.lead), "
      "CAST(SUM(CASE WHEN l.status IN ('open', 'won') THEN 1 ELSE 0 END) AS BIGINT), "
      "CAST(SUM(CASE WHEN l.status = 'lost' THEN 1 ELSE 0 END) AS BIGINT), "
      "CAST(SUM(CASE WHEN l.status = 'delivered' OR l.deal_day IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT), "
      "MAX(l.changed_at), MAX(l.deal_day) FROM customer c LEFT JOIN lead l ON l.dealer_id = c.dealer_id "
      "AND l.customer_id = c.customer_id WHERE c.dealer_id = ?1 AND c.merged_into IS NULL "
      "AND c.anonymised_at IS NULL" +
          where.text() +
          " GROUP BY c.customer_id, c.owner_id, c.changed_at, c.active_day ORDER BY c.customer_id LIMIT " + most,
      where.values());
  while (rows.Next()) {
    ++looked;
    page.last = CustomerId(rows.Int(0));
    Past past;
    past.leads = static_cast<int>(rows.Int(4));
    past.open = static_cast<int>(rows.Int(5));
    past.lost = static_cast<int>(rows.Int(6));
    past.sold = static_cast<int>(rows.Int(7));
    past.lead = zone.DayOf({rows.Int(8)});
    past.changed = std::max(past.lead, zone.DayOf({rows.Int(2)}));
    past.sale = std::max(Day{static_cast<int32_t>(rows.Int(9))}, Day{static_cast<int32_t>(rows.Int(3))});
    const auto due = DueOf(past, rules);
    if (!due || due->day > until) continue;
    page.due.push_back({page.last, StaffId(rows.Int(1)), due->rule->id, due->day, held.contains(page.last), ""});
  }
  if (looked < count) page.last = CustomerId();
  return page;
}

Result<DueList> Keeper::List(const Asker& asker, Day until, size_t most, Instant now) {
  return database_.Read<DueList>([&](db::Connection& connection) -> Result<DueList> {
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    DueList list;
    list.today = zone.DayOf(now);
    for (const Retention& rule : store_.policy().retentions()) list.rules[rule.id];
    std::vector<Due> all;
    CustomerId after;
    do {
      Page page = Look(connection, asker.dealer, asker.visible, zone, list.today, until, after, kLookedAt);
      for (Due& due : page.due) {
        RuleCount& count = list.rules[due.rule];
        if (due.day > list.today) {
          ++count.soon;
        } else {
          ++(due.kept ? count.kept : count.due);
        }
        all.push_back(std::move(due));
      }
      after = page.last;
    } while (after.set());
    const auto sooner = [](const Due& a, const Due& b) {
      return std::pair(a.day, a.customer) < std::pair(b.day, b.customer);
    };
    list.more = all.size() > most;
    const size_t shown = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(), sooner);
    all.resize(shown);
    for (Due& due : all) {
      ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, due.customer, now));
      const leads::Record masked = leads::Masked(seen.record);
      if (const auto name = masked.find("name"); name != masked.end()) due.name = name->second;
    }
    list.customers = std::move(all);
    return list;
  });
}

Result<std::optional<Due>> Keeper::DueFor(const Asker& asker, CustomerId id, Instant now) {
  using Found = std::optional<Due>;
  return database_.Read<Found>([&](db::Connection& connection) -> Result<Found> {
    ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, asker, id, now));
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    const Page page = Look(connection, asker.dealer, leads::Visible::All(), zone, seen.today, seen.today + kAges,
                           CustomerId(seen.id.value - 1), 1);
    if (page.due.empty() || page.due.front().customer != seen.id) return Found();
    return Found(page.due.front());
  });
}

// ---- Doing ----

Result<int64_t> Keeper::AnonymiseDue(DealerId dealer, const std::vector<Due>& due, Instant now, const Guard& guard) {
  return database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    if (guard) RETURN_IF_ERROR(guard(connection));
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
    // Nobody opens a lead, merges or moves one meanwhile.
    ledger::Lock(connection, dealer);
    const Day today = zone.DayOf(now);
    const Asker all{dealer, leads::Visible::All(), ""};
    std::vector<std::pair<CustomerId, std::string>> done;
    for (const Due& each : due) {
      // As it is now, not as it was when it was looked for.
      const Page page =
          Look(connection, dealer, all.visible, zone, today, today, CustomerId(each.customer.value - 1), 1);
      if (page.due.empty() || page.due.front().customer != each.customer || page.due.front().kept) continue;
      ASSIGN_OR_RETURN(const leads::Seen seen, store_.customers().See(connection, all, each.customer, now));
      RETURN_IF_ERROR(store_.Anonymise(connection, dealer, seen, page.due.front().rule, "", now));
      done.emplace_back(seen.id, page.due.front().rule);
    }
    for (const auto& [customer, rule] : done) {
      RETURN_IF_ERROR(
          db::Witness(audit_, AccountId())
              .Note(connection, "data.anonymise", db::ObjectOf("customer", customer.value), dealer, {{"rule", rule}}));
    }
    return static_cast<int64_t>(done.size());
  });
}

Result<Keeper::Run> Keeper::RunAll(Instant now, const Guard& guard, const std::function<bool()>& go_on) {
  ASSIGN_OR_RETURN(const auto dealers,
                   database_.Read<std::vector<DealerId>>(
                       [](db::Connection& c) -> Result<std::vector<DealerId>> { return Dealers(c); }));
  Run run;
  for (const DealerId dealer : dealers) {
    CustomerId after;
    do {
      ASSIGN_OR_RETURN(const Page page, database_.Read<Page>([&](db::Connection& connection) -> Result<Page> {
        ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, dealer));
        const Day today = zone.DayOf(now);
        return Look(connection, dealer, leads::Visible::All(), zone, today, today, after, kLookedAt);
      }));
      std::vector<Due> due;
      for (const Due& each : page.due) {
        if (!each.kept) due.push_back(each);
      }
      for (size_t at = 0; at < due.size(); at += kStep) {
        if (go_on && !go_on()) {
          run.whole = false;
          return run;
        }
        const std::vector<Due> step(due.begin() + static_cast<std::ptrdiff_t>(at),
                                    due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kStep)));
        ASSIGN_OR_RETURN(const int64_t done, AnonymiseDue(dealer, step, now, guard));
        run.customers += done;
      }
      after = page.last;
    } while (after.set());
    ASSIGN_OR_RETURN(const int64_t files, attachments::Sweep(database_, dealer, now, FilesStay, guard, go_on));
    run.files += files;
    if (go_on && !go_on()) {
      run.whole = false;
      return run;
    }
  }
  return run;
}

Result<Keeper::Run> Keeper::RunToday(Day today, Instant now, const Guard& guard, const std::function<bool()>& go_on) {
  ASSIGN_OR_RETURN(const bool begun, database_.Write<bool>([&](db::Connection& connection) -> Result<bool> {
    if (guard) RETURN_IF_ERROR(guard(connection));
    connection.Execute(
        "INSERT INTO retention_run (run_day, started_at, customers) VALUES (?1, ?2, 0) ON CONFLICT (run_day) DO "
        "NOTHING",
        today.value, now.ms);
    db::Rows rows = connection.Query("SELECT finished_at FROM retention_run WHERE run_day = ?1", today.value);
    return rows.Next() && rows.IsNull(0);
  }));
  if (!begun) return Run{};
  ASSIGN_OR_RETURN(const Run run, RunAll(now, guard, go_on));
  RETURN_IF_ERROR(database_.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("UPDATE retention_run SET customers = customers + ?2, finished_at = ?3 WHERE run_day = ?1",
                       today.value, run.customers,
                       run.whole ? std::optional<int64_t>(now.ms) : std::optional<int64_t>());
    connection.Execute("DELETE FROM retention_run WHERE run_day < ?1", today.value - 400);
    return {};
  }));
  return run;
}

Result<std::optional<LastRun>> Keeper::Last() {
  using Found = std::optional<LastRun>;
  return database_.Read<Found>([](db::Connection& connection) -> Result<Found> {
    db::Rows rows = connection.Query(
        "SELECT run_day, started_at, finished_at, customers FROM retention_run ORDER BY run_day DESC LIMIT 1");
    if (!rows.Next()) return Found();
    LastRun last{Day{static_cast<int32_t>(rows.Int(0))}, {rows.Int(1)}, {}, rows.Int(3)};
    if (const auto at = rows.OptionalInt(2)) last.finished_at = Instant{*at};
    return Found(last);
  });
}

}  // namespace dealpace::privacy
