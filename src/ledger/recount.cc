#include "ledger/recount.h"

#include <array>
#include <cassert>
#include <string>

#include "ledger/read.h"

namespace dealpace::ledger {
namespace {

using catalog::SumKind;

// ---- Temporary tables ----

constexpr std::string_view kTables = R"sql(
-- The catalogue, as far as the derivation needs it.
CREATE TEMP TABLE recount_event (
  event TEXT PRIMARY KEY, position BIGINT NOT NULL, is_start BIGINT NOT NULL, is_level BIGINT NOT NULL);
CREATE TEMP TABLE recount_interval (derived TEXT NOT NULL, event TEXT NOT NULL, opens BIGINT NOT NULL);
CREATE TEMP TABLE recount_timely (
  derived TEXT NOT NULL, event TEXT NOT NULL, answers TEXT NOT NULL, limit_ms BIGINT NOT NULL);
CREATE TEMP TABLE recount_measure (
  measure BIGINT NOT NULL, event TEXT NOT NULL, take TEXT NOT NULL, only_first BIGINT NOT NULL,
  source BIGINT, access_form BIGINT, channel BIGINT, model BIGINT, customer_type BIGINT, campaign BIGINT,
  stage BIGINT, reason BIGINT);

-- The organisation's history, so that what follows asks none of the dealers' own tables for every row.
CREATE TEMP TABLE recount_dealer_region (
  dealer_id BIGINT NOT NULL, from_day BIGINT NOT NULL, region_id BIGINT, PRIMARY KEY (dealer_id, from_day));
CREATE TEMP TABLE recount_staff_team (
  dealer_id BIGINT NOT NULL, staff_id BIGINT NOT NULL, from_day BIGINT NOT NULL, team_id BIGINT,
  PRIMARY KEY (dealer_id, staff_id, from_day));

-- Live entries as they were recorded. `place` is the order within the lead; without a lead it means nothing.
CREATE TEMP TABLE recount_entry (
  dealer BIGINT NOT NULL, lead TEXT, place BIGINT NOT NULL, seq BIGINT NOT NULL, event TEXT NOT NULL,
  is_start BIGINT NOT NULL, is_level BIGINT NOT NULL, attempt BIGINT NOT NULL, day BIGINT NOT NULL,
  at BIGINT NOT NULL, actor BIGINT, source BIGINT, access_form BIGINT, channel BIGINT, model BIGINT,
  customer_type BIGINT, campaign BIGINT, stage BIGINT, reason BIGINT, quantity BIGINT NOT NULL,
  amount BIGINT NOT NULL);
CREATE INDEX recount_entry_place ON recount_entry (dealer, lead, place);

-- The same with everything that follows from the others, but for team and region. From here on 0 is "not set".
CREATE TEMP TABLE recount_said (
  dealer BIGINT NOT NULL, lead TEXT, attempt BIGINT NOT NULL, place BIGINT NOT NULL, event TEXT NOT NULL,
  at BIGINT NOT NULL, day BIGINT NOT NULL, cohort_day BIGINT NOT NULL, is_first BIGINT NOT NULL,
  staff BIGINT NOT NULL, actor BIGINT NOT NULL, source BIGINT NOT NULL, access_form BIGINT NOT NULL,
  channel BIGINT NOT NULL, model BIGINT NOT NULL, customer_type BIGINT NOT NULL, campaign BIGINT NOT NULL,
  stage BIGINT NOT NULL, reason BIGINT NOT NULL, quantity BIGINT NOT NULL, amount BIGINT NOT NULL);
CREATE INDEX recount_said_place ON recount_said (dealer, lead, place);

-- Intervals of one attempt that were open at some time: the places of the entries that opened and closed them.
CREATE TEMP TABLE recount_span (
  derived TEXT NOT NULL, dealer BIGINT NOT NULL, lead TEXT NOT NULL, opened BIGINT NOT NULL,
  opened_at BIGINT NOT NULL, closed_at BIGINT, end_day BIGINT);
-- Their pieces of one owner. to_day: when the next piece begins or the interval ends; none while it is open.
CREATE TEMP TABLE recount_piece (
  derived TEXT NOT NULL, dealer BIGINT NOT NULL, lead TEXT NOT NULL, opened BIGINT NOT NULL,
  step BIGINT NOT NULL, owner BIGINT NOT NULL, from_day BIGINT NOT NULL, to_day BIGINT);

CREATE TEMP TABLE recount_row (
  dealer BIGINT NOT NULL, event TEXT NOT NULL, day BIGINT NOT NULL, cohort_day BIGINT NOT NULL,
  is_first BIGINT NOT NULL, region BIGINT NOT NULL, team BIGINT NOT NULL, staff BIGINT NOT NULL,
  actor BIGINT NOT NULL, source BIGINT NOT NULL, access_form BIGINT NOT NULL, channel BIGINT NOT NULL,
  model BIGINT NOT NULL, customer_type BIGINT NOT NULL, campaign BIGINT NOT NULL, stage BIGINT NOT NULL,
  reason BIGINT NOT NULL, quantity BIGINT NOT NULL, amount BIGINT NOT NULL);

-- The days that occur, with the numbers of the calendar units that they are in.
CREATE TEMP TABLE recount_day (
  day BIGINT PRIMARY KEY, week BIGINT NOT NULL, month BIGINT NOT NULL, quarter BIGINT NOT NULL,
  year BIGINT NOT NULL);

-- What each row counts for each measure.
CREATE TEMP VIEW recount_value AS
SELECT m.measure, r.*,
       CASE m.take WHEN 'quantity' THEN r.quantity
                   WHEN 'amount' THEN r.amount
                   ELSE (r.day - r.cohort_day) * 1000 END AS value
FROM recount_row r JOIN recount_measure m ON m.event = r.event
WHERE (m.only_first = 0 OR r.is_first = 1)
  AND (m.source IS NULL OR m.source = r.source)
  AND (m.access_form IS NULL OR m.access_form = r.access_form)
  AND (m.channel IS NULL OR m.channel = r.channel)
  AND (m.model IS NULL OR m.model = r.model)
  AND (m.customer_type IS NULL OR m.customer_type = r.customer_type)
  AND (m.campaign IS NULL OR m.campaign = r.campaign)
  AND (m.stage IS NULL OR m.stage = r.stage)
  AND (m.reason IS NULL OR m.reason = r.reason);
)sql";

// ---- Entries in their order ----

constexpr std::string_view kTakeRegions = R"sql(
INSERT INTO recount_dealer_region
SELECT dealer_id, from_day, region_id FROM dealer_region WHERE (?1 = 0 OR dealer_id = ?1)
)sql";
constexpr std::string_view kTakeTeams = R"sql(
INSERT INTO recount_staff_team
SELECT dealer_id, staff_id, from_day, team_id FROM staff_team WHERE (?1 = 0 OR dealer_id = ?1)
)sql";
// Entries at the same instant stand in the catalogue's order of events, then by content. Members compare by the texts
// that people see, which do not depend on the order of arrival; what is alike in everything may stand either way.
constexpr std::string_view kTakeEntries = R"sql(
INSERT INTO recount_entry
SELECT e.dealer_id,
       CASE WHEN k.is_level = 0 THEN NULLIF(e.lead, '') END,
       ROW_NUMBER() OVER (PARTITION BY e.dealer_id, e.lead
                          ORDER BY e.at, k.position, e.attempt, e.day, e.quantity, e.amount,
                                   COALESCE(actor.label, '') COLLATE "C",
                                   COALESCE(source.code, '') COLLATE "C",
                                   COALESCE(access_form.code, '') COLLATE "C",
                                   COALESCE(channel.code, '') COLLATE "C",
                                   COALESCE(model.code, '') COLLATE "C",
                                   COALESCE(customer_type.code, '') COLLATE "C",
                                   COALESCE(campaign.code, '') COLLATE "C",
                                   COALESCE(stage.code, '') COLLATE "C",
                                   COALESCE(reason.code, '') COLLATE "C",
                                   e.seq),
       e.seq, e.event, k.is_start, k.is_level, e.attempt, e.day, e.at, e.actor, e.source, e.access_form, e.channel,
       e.model, e.customer_type, e.campaign, e.stage, e.reason, e.quantity, e.amount
FROM ledger_whole e
JOIN recount_event k ON k.event = e.event
LEFT JOIN (SELECT dealer_id, staff_id,
                  CASE WHEN COUNT(*) OVER (PARTITION BY dealer_id, name) > 1 THEN name || ' (' || code || ')'
                       ELSE name END AS label
           FROM staff) actor ON actor.dealer_id = e.dealer_id AND actor.staff_id = e.actor
LEFT JOIN member source ON source.dim = 'source' AND source.member_id = e.source
LEFT JOIN member access_form ON access_form.dim = 'access_form' AND access_form.member_id = e.access_form
LEFT JOIN member channel ON channel.dim = 'channel' AND channel.member_id = e.channel
LEFT JOIN member model ON model.dim = 'model' AND model.member_id = e.model
LEFT JOIN member customer_type ON customer_type.dim = 'customer_type' AND customer_type.member_id = e.customer_type
LEFT JOIN member campaign ON campaign.dim = 'campaign' AND campaign.member_id = e.campaign
LEFT JOIN member stage ON stage.dim = 'stage' AND stage.member_id = e.stage
LEFT JOIN member reason ON reason.dim = 'reason' AND reason.member_id = e.reason
LEFT JOIN ledger_entry taken ON taken.dealer_id = e.dealer_id AND taken.reverses = e.seq AND taken.recorded_at <= ?1
WHERE e.reverses IS NULL AND taken.seq IS NULL AND e.recorded_at <= ?1 AND (?2 = 0 OR e.dealer_id = ?2)
)sql";

// ---- What follows from them ----

// An attribute that an entry does not name is the last one named until its instant (the window takes in all entries
// of the instant), else the first one named at all: each *_place is the place of the entry that names it. An attempt
// begins with its first start event, else its first entry.
constexpr std::string_view kSayLeads = R"sql(
INSERT INTO recount_said
WITH found AS (
  SELECT e.*,
         MAX(CASE WHEN event = 'assigned' THEN place END) OVER known AS assigned_place,
         COALESCE(MAX(CASE WHEN source IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN source IS NOT NULL THEN place END) OVER whole) AS source_place,
         COALESCE(MAX(CASE WHEN access_form IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN access_form IS NOT NULL THEN place END) OVER whole) AS access_form_place,
         COALESCE(MAX(CASE WHEN channel IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN channel IS NOT NULL THEN place END) OVER whole) AS channel_place,
         COALESCE(MAX(CASE WHEN model IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN model IS NOT NULL THEN place END) OVER whole) AS model_place,
         COALESCE(MAX(CASE WHEN customer_type IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN customer_type IS NOT NULL THEN place END) OVER whole) AS customer_type_place,
         COALESCE(MAX(CASE WHEN campaign IS NOT NULL THEN place END) OVER known,
                  MIN(CASE WHEN campaign IS NOT NULL THEN place END) OVER whole) AS campaign_place,
         FIRST_VALUE(day) OVER (PARTITION BY dealer, lead, attempt ORDER BY is_start DESC, place) AS cohort_day,
         ROW_NUMBER() OVER (PARTITION BY dealer, lead, attempt, event ORDER BY place) AS nth
  FROM recount_entry e
  WHERE lead IS NOT NULL
  WINDOW known AS (PARTITION BY dealer, lead ORDER BY at), whole AS (PARTITION BY dealer, lead)
)
SELECT f.dealer, f.lead, f.attempt, f.place, f.event, f.at, f.day, f.cohort_day,
       CASE WHEN f.nth = 1 THEN 1 ELSE 0 END,
       COALESCE(assigned.actor, f.actor, 0), COALESCE(f.actor, 0),
       COALESCE(f.source, source.source, 0), COALESCE(f.access_form, access_form.access_form, 0),
       COALESCE(f.channel, channel.channel, 0), COALESCE(f.model, model.model, 0),
       COALESCE(f.customer_type, customer_type.customer_type, 0), COALESCE(f.campaign, campaign.campaign, 0),
       COALESCE(f.stage, 0), COALESCE(f.reason, 0), f.quantity, f.amount
FROM found f
LEFT JOIN recount_entry assigned
  ON assigned.dealer = f.dealer AND assigned.lead = f.lead AND assigned.place = f.assigned_place
LEFT JOIN recount_entry source
  ON source.dealer = f.dealer AND source.lead = f.lead AND source.place = f.source_place
LEFT JOIN recount_entry access_form
  ON access_form.dealer = f.dealer AND access_form.lead = f.lead AND access_form.place = f.access_form_place
LEFT JOIN recount_entry channel
  ON channel.dealer = f.dealer AND channel.lead = f.lead AND channel.place = f.channel_place
LEFT JOIN recount_entry model
  ON model.dealer = f.dealer AND model.lead = f.lead AND model.place = f.model_place
LEFT JOIN recount_entry customer_type
  ON customer_type.dealer = f.dealer AND customer_type.lead = f.lead AND customer_type.place = f.customer_type_place
LEFT JOIN recount_entry campaign
  ON campaign.dealer = f.dealer AND campaign.lead = f.lead AND campaign.place = f.campaign_place
)sql";

constexpr std::string_view kSaySingles = R"sql(
INSERT INTO recount_said
SELECT dealer, NULL, attempt, place, event, at, day, day, 1, COALESCE(actor, 0), COALESCE(actor, 0),
       COALESCE(source, 0), COALESCE(access_form, 0), COALESCE(channel, 0), COALESCE(model, 0),
       COALESCE(customer_type, 0), COALESCE(campaign, 0), COALESCE(stage, 0), COALESCE(reason, 0), quantity, amount
FROM recount_entry
WHERE lead IS NULL AND is_level = 0
)sql";

// A level's reading counts as the difference to the reading before, of the same event and dimensions; of a day's
// readings the last recorded one holds.
constexpr std::string_view kSayLevels = R"sql(
INSERT INTO recount_said
WITH daily AS (
  SELECT e.*, ROW_NUMBER() OVER (
           PARTITION BY dealer, event, actor, source, access_form, channel, model, customer_type, campaign, stage,
                        reason, day
           ORDER BY seq DESC) AS from_last
  FROM recount_entry e
  WHERE is_level = 1
)
SELECT dealer, NULL, attempt, place, event, at, day, day, 1, COALESCE(actor, 0), COALESCE(actor, 0),
       COALESCE(source, 0), COALESCE(access_form, 0), COALESCE(channel, 0), COALESCE(model, 0),
       COALESCE(customer_type, 0), COALESCE(campaign, 0), COALESCE(stage, 0), COALESCE(reason, 0),
       quantity - COALESCE(LAG(quantity) OVER level, 0), amount - COALESCE(LAG(amount) OVER level, 0)
FROM daily
WHERE from_last = 1
WINDOW level AS (PARTITION BY dealer, event, actor, source, access_form, channel, model, customer_type, campaign,
                              stage, reason
                 ORDER BY day)
)sql";

// Team and region are those of the organisation's history on the day.
constexpr std::string_view kPlaceEntries = R"sql(
INSERT INTO recount_row
SELECT r.dealer, r.event, r.day, r.cohort_day, r.is_first,
       COALESCE((SELECT h.region_id FROM recount_dealer_region h
                 WHERE h.dealer_id = r.dealer AND h.from_day <= r.day ORDER BY h.from_day DESC LIMIT 1), 0),
       COALESCE((SELECT h.team_id FROM recount_staff_team h
                 WHERE h.dealer_id = r.dealer AND h.staff_id = r.staff AND h.from_day <= r.day
                 ORDER BY h.from_day DESC LIMIT 1), 0),
       r.staff, r.actor, r.source, r.access_form, r.channel, r.model, r.customer_type, r.campaign, r.stage, r.reason,
       r.quantity, r.amount
FROM recount_said r
)sql";

constexpr std::string_view kPlaceTimely = R"sql(
INSERT INTO recount_row
SELECT r.dealer, t.derived, r.day, r.cohort_day, 1,
       COALESCE((SELECT h.region_id FROM recount_dealer_region h
                 WHERE h.dealer_id = r.dealer AND h.from_day <= r.day ORDER BY h.from_day DESC LIMIT 1), 0),
       COALESCE((SELECT h.team_id FROM recount_staff_team h
                 WHERE h.dealer_id = r.dealer AND h.staff_id = r.staff AND h.from_day <= r.day
                 ORDER BY h.from_day DESC LIMIT 1), 0),
       r.staff, r.actor, r.source, r.access_form, r.channel, r.model, r.customer_type, r.campaign, r.stage, 0, 1000, 0
FROM recount_said r JOIN recount_timely t ON t.answers = r.event
WHERE r.lead IS NOT NULL AND r.is_first = 1
  AND EXISTS (SELECT 1 FROM recount_said late
              WHERE late.dealer = r.dealer AND late.lead = r.lead AND late.attempt = r.attempt
                AND late.event = t.event AND late.at >= r.at AND late.at <= r.at + t.limit_ms)
)sql";

// Without a lead there is nothing to wait for: an opening counts up and a closing down.
constexpr std::string_view kPlaceSingleIntervals = R"sql(
INSERT INTO recount_row
SELECT r.dealer, i.derived, r.day, r.cohort_day, 0,
       COALESCE((SELECT h.region_id FROM recount_dealer_region h
                 WHERE h.dealer_id = r.dealer AND h.from_day <= r.day ORDER BY h.from_day DESC LIMIT 1), 0),
       COALESCE((SELECT h.team_id FROM recount_staff_team h
                 WHERE h.dealer_id = r.dealer AND h.staff_id = r.staff AND h.from_day <= r.day
                 ORDER BY h.from_day DESC LIMIT 1), 0),
       r.staff, r.actor, r.source, r.access_form, r.channel, r.model, r.customer_type, r.campaign, 0, 0,
       CASE WHEN i.opens = 1 THEN r.quantity ELSE -r.quantity END, 0
FROM recount_said r
JOIN (SELECT derived, event, MAX(opens) AS opens FROM recount_interval GROUP BY derived, event) i ON i.event = r.event
WHERE r.lead IS NULL
)sql";

// What closes before it opens was never open. An interval ends on the closing day, but not before it began.
constexpr std::string_view kSpans = R"sql(
INSERT INTO recount_span
SELECT s.derived, s.dealer, s.lead, s.opened, o.at, c.at, CASE WHEN c.day < o.day THEN o.day ELSE c.day END
FROM (SELECT i.derived, r.dealer, r.lead, r.attempt,
             MIN(CASE WHEN i.opens = 1 THEN r.place END) AS opened,
             MIN(CASE WHEN i.opens = 0 THEN r.place END) AS closed
      FROM recount_said r JOIN recount_interval i ON i.event = r.event
      WHERE r.lead IS NOT NULL
      GROUP BY i.derived, r.dealer, r.lead, r.attempt) s
JOIN recount_said o ON o.dealer = s.dealer AND o.lead = s.lead AND o.place = s.opened
LEFT JOIN recount_said c ON c.dealer = s.dealer AND c.lead = s.lead AND c.place = s.closed
WHERE c.place IS NULL OR c.at > o.at OR c.day > o.day
)sql";

// The owner is the one credited with the opening, then each consultant that the lead is given to while it is open (in
// whichever attempt that is said); where it is taken from everybody, the one who opened it. A hand-over dated outside
// the interval, or before the last one, counts where it can.
constexpr std::string_view kPieces = R"sql(
INSERT INTO recount_piece
WITH owner AS (
  SELECT s.derived, s.dealer, s.lead, s.opened, s.end_day, 0 AS step, o.staff AS owner, o.day
  FROM recount_span s
  JOIN recount_said o ON o.dealer = s.dealer AND o.lead = s.lead AND o.place = s.opened
  UNION ALL
  SELECT s.derived, s.dealer, s.lead, s.opened, s.end_day, a.place,
         CASE WHEN a.actor <> 0 THEN a.actor ELSE o.actor END, a.day
  FROM recount_span s
  JOIN recount_said o ON o.dealer = s.dealer AND o.lead = s.lead AND o.place = s.opened
  JOIN recount_said a ON a.dealer = s.dealer AND a.lead = s.lead AND a.event = 'assigned'
                     AND a.at > s.opened_at AND (s.closed_at IS NULL OR a.at < s.closed_at)
), changed AS (
  SELECT w.*, LAG(owner) OVER (PARTITION BY derived, dealer, lead, opened ORDER BY step) AS before
  FROM owner w
), dated AS (
  SELECT derived, dealer, lead, opened, step, owner, end_day,
         MAX(day) OVER (PARTITION BY derived, dealer, lead, opened ORDER BY step) AS day
  FROM changed
  WHERE before IS NULL OR before <> owner
), begun AS (
  SELECT derived, dealer, lead, opened, step, owner, end_day, CASE WHEN day > end_day THEN end_day ELSE day END AS day
  FROM dated
)
SELECT derived, dealer, lead, opened, step, owner, day,
       COALESCE(LEAD(day) OVER (PARTITION BY derived, dealer, lead, opened ORDER BY step), end_day)
FROM begun
)sql";

// +1 where a piece begins or its owner's team or the dealer's region becomes another; -1 there for what was before,
// and at the end.
constexpr std::string_view kPlaceIntervals = R"sql(
INSERT INTO recount_row
WITH point AS (
  SELECT derived, dealer, lead, opened, step, owner, to_day, from_day AS day FROM recount_piece
  UNION
  SELECT p.derived, p.dealer, p.lead, p.opened, p.step, p.owner, p.to_day, h.from_day
  FROM recount_piece p JOIN recount_dealer_region h ON h.dealer_id = p.dealer
  WHERE h.from_day > p.from_day AND (p.to_day IS NULL OR h.from_day < p.to_day)
  UNION
  SELECT p.derived, p.dealer, p.lead, p.opened, p.step, p.owner, p.to_day, h.from_day
  FROM recount_piece p JOIN recount_staff_team h ON h.dealer_id = p.dealer AND h.staff_id = p.owner
  WHERE h.from_day > p.from_day AND (p.to_day IS NULL OR h.from_day < p.to_day)
), placed AS (
  SELECT p.*,
         COALESCE((SELECT h.region_id FROM recount_dealer_region h
                   WHERE h.dealer_id = p.dealer AND h.from_day <= p.day ORDER BY h.from_day DESC LIMIT 1), 0) AS region,
         COALESCE((SELECT h.team_id FROM recount_staff_team h
                   WHERE h.dealer_id = p.dealer AND h.staff_id = p.owner AND h.from_day <= p.day
                   ORDER BY h.from_day DESC LIMIT 1), 0) AS team
  FROM point p
), compared AS (
  SELECT p.*, LAG(region) OVER piece AS region_before, LAG(team) OVER piece AS team_before
  FROM placed p
  WINDOW piece AS (PARTITION BY derived, dealer, lead, opened, step ORDER BY day)
), stay AS (
  SELECT derived, dealer, lead, opened, owner, region, team, day,
         COALESCE(LEAD(day) OVER (PARTITION BY derived, dealer, lead, opened, step ORDER BY day), to_day) AS left_day
  FROM compared
  WHERE region_before IS NULL OR region_before <> region OR team_before <> team
)
SELECT s.dealer, s.derived, CASE WHEN move.quantity > 0 THEN s.day ELSE s.left_day END, o.cohort_day, 0, s.region,
       s.team, s.owner, o.actor, o.source, o.access_form, o.channel, o.model, o.customer_type, o.campaign, 0, 0,
       move.quantity, 0
FROM stay s
JOIN recount_said o ON o.dealer = s.dealer AND o.lead = s.lead AND o.place = s.opened
JOIN (SELECT 1000 AS quantity UNION ALL SELECT -1000) move ON move.quantity > 0 OR s.left_day IS NOT NULL
)sql";

constexpr std::array<Grain, 4> kCalendarGrains = {Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kYear};

// One number in the text of a statement: no values are bound, so that any number of filters goes.
std::string InList(const std::vector<int64_t>& ids) {
  std::string list;
  for (const int64_t id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
  return "(" + list + ")";
}

}  // namespace

Recount::Recount(db::Connection& connection, const catalog::Catalog& catalog, const Options& options)
    : connection_(connection), catalog_(catalog) {
  connection_.ExecuteScript(kTables);
  FillDefinitions();
  TakeEntries(options);
  Derive();
  FillCalendar();
}

void Recount::FillDefinitions() {
  const auto& events = catalog_.events();
  const auto id = [&](int event) { return std::string_view(events[static_cast<size_t>(event)].id); };
  for (size_t e = 0; e < events.size(); ++e) {
    const catalog::Event& event = events[e];
    const bool level = event.reading_of >= 0 && catalog_.measures()[static_cast<size_t>(event.reading_of)].balance;
    connection_.ExecuteLater("INSERT INTO recount_event VALUES (?1, ?2, ?3, ?4)", event.id, e, event.start ? 1 : 0,
                             level ? 1 : 0);
    if (event.interval) {
      constexpr std::string_view kInsert = "INSERT INTO recount_interval VALUES (?1, ?2, ?3)";
      for (const int opener : event.interval->opened_by) connection_.ExecuteLater(kInsert, event.id, id(opener), 1);
      for (const int closer : event.interval->closed_by) connection_.ExecuteLater(kInsert, event.id, id(closer), 0);
    }
    if (event.timely) {
      connection_.ExecuteLater("INSERT INTO recount_timely VALUES (?1, ?2, ?3, ?4)", event.id, id(event.timely->event),
                               id(event.timely->answers), event.timely->limit_ms);
    }
  }

  constexpr std::array<std::string_view, 12> kColumns = {"measure",       "event",       "take",    "only_first",
                                                         "source",        "access_form", "channel", "model",
                                                         "customer_type", "campaign",    "stage",   "reason"};
  // Ids of the codes that measures filter by; a code that nothing was ever recorded with stands for no id.
  std::map<std::pair<Dim, std::string>, int64_t> codes;
  for (const catalog::Measure& measure : catalog_.measures()) {
    for (const catalog::SumFilter& filter : measure.filters) {
      db::Rows rows = connection_.Query("SELECT member_id FROM member WHERE dim = ?1 AND code = ?2",
                                        DimName(filter.dim), filter.code);
      codes[{filter.dim, filter.code}] = rows.Next() ? rows.Int(0) : -1;
    }
  }
  db::BulkInsert insert = connection_.Bulk("recount_measure", kColumns);
  for (size_t m = 0; m < catalog_.measures().size(); ++m) {
    const catalog::Measure& measure = catalog_.measures()[m];
    const std::string_view sums = measure.sums_amount() ? "amount" : "quantity";
    // A measure takes its own event, and the readings that supply it.
    if (measure.kind != SumKind::kReading) {
      std::array<db::Value, kColumns.size()> row = {
          m, id(measure.event), measure.kind == SumKind::kDays ? std::string_view("days") : sums,
          measure.kind == SumKind::kFirstQuantity || measure.kind == SumKind::kDays ? 1 : 0};
      for (const catalog::SumFilter& filter : measure.filters) {
        assert(MemberIndex(filter.dim) >= 0);  // no measure singles out a dealer or a person
        row[4 + static_cast<size_t>(MemberIndex(filter.dim))] = codes.at({filter.dim, filter.code});
      }
      insert.Row(row);
    }
    insert.Row(std::array<db::Value, kColumns.size()>{m, id(measure.reading_event), sums, 0});
  }
  insert.Finish();
}

void Recount::TakeEntries(const Options& options) {
  connection_.Execute(kTakeRegions, options.dealer);
  connection_.Execute(kTakeTeams, options.dealer);
  MakeWhole(connection_, options.dealer.set() ? std::optional(options.dealer) : std::nullopt);
  connection_.Execute(kTakeEntries, options.known_at.ms, options.dealer);
}

void Recount::Derive() {
  for (const std::string_view step : {kSayLeads, kSaySingles, kSayLevels, kPlaceEntries, kPlaceTimely,
                                      kPlaceSingleIntervals, kSpans, kPieces, kPlaceIntervals}) {
    connection_.Execute(step);
  }
}

void Recount::FillCalendar() {
  std::vector<Day> days;
  {
    db::Rows rows = connection_.Query("SELECT day FROM recount_row UNION SELECT cohort_day FROM recount_row");
    while (rows.Next()) days.push_back({static_cast<int32_t>(rows.Int(0))});
  }
  constexpr std::array<std::string_view, 5> kColumns = {"day", "week", "month", "quarter", "year"};
  db::BulkInsert insert = connection_.Bulk("recount_day", kColumns);
  for (const Day day : days) {
    std::array<db::Value, kColumns.size()> row = {day.value};
    for (size_t g = 0; g < kCalendarGrains.size(); ++g) row[g + 1] = UnitOf(day, kCalendarGrains[g]);
    insert.Row(row);
  }
  insert.Finish();
}

namespace {

// The parts of a statement that questions share: key columns, and the conditions after WHERE.
struct Shape {
  std::string keys;  // "v.staff, c.month"
  std::string where;
  size_t key_count = 0;
};

Shape ShapeOf(const Recount::Question& question) {
  Shape shape;
  const auto key = [&](const std::string& column) {
    shape.keys += (shape.keys.empty() ? "" : ", ") + column;
    ++shape.key_count;
  };
  if (question.measure < 0) key("v.measure");
  for (const Dim dim : question.by) key("v." + std::string(DimName(dim)));
  for (const Grain grain : question.grains) key("c." + std::string(GrainName(grain)));

  shape.where = question.measure < 0 ? "1 = 1" : "v.measure = " + std::to_string(question.measure);
  for (const Recount::Filter& filter : question.filters) {
    shape.where +=
        " AND v." + std::string(DimName(filter.dim)) + (filter.ids.empty() ? " <> 0" : " IN " + InList(filter.ids));
  }
  if (question.within_days) {
    shape.where += " AND v.day - v.cohort_day <= " + std::to_string(*question.within_days);
  }
  return shape;
}

Recount::Sums Collect(db::Rows rows, size_t key_count) {
  Recount::Sums sums;
  const int keys = static_cast<int>(key_count);
  while (rows.Next()) {
    std::vector<int64_t> key;
    for (int k = 0; k < keys; ++k) key.push_back(rows.Int(k));
    if (rows.Int(keys + 1) == 0) continue;  // the one row of a sum over nothing
    sums[std::move(key)] = {rows.Int(keys), rows.Int(keys + 1)};
  }
  return sums;
}

}  // namespace

Recount::Sums Recount::Ask(const Question& question) {
  const Shape shape = ShapeOf(question);
  const std::string day = question.cohort ? "v.cohort_day" : "v.day";
  std::string sql = "SELECT " + shape.keys + (shape.keys.empty() ? "" : ", ") +
                    "CAST(SUM(v.value) AS BIGINT), COUNT(*) FROM recount_value v JOIN recount_day c ON c.day = " + day +
                    " WHERE " + shape.where + " AND " + day + " BETWEEN ?1 AND ?2";
  if (!shape.keys.empty()) sql += " GROUP BY " + shape.keys;
  return Collect(connection_.Query(sql, question.period.from.value, question.period.to.value), shape.key_count);
}

Recount::Sums Recount::AskClosings(const Question& question) {
  const Shape shape = ShapeOf(question);
  std::string sql =
      "WITH RECURSIVE today (day) AS (SELECT CAST(?1 AS BIGINT) UNION ALL SELECT day + 1 FROM today WHERE day < ?2) "
      "SELECT " +
      shape.keys + (shape.keys.empty() ? "" : ", ") +
      "CAST(SUM(v.value) AS BIGINT), COUNT(*) FROM today JOIN recount_value v ON v.day <= today.day WHERE " +
      shape.where;
  if (!shape.keys.empty()) sql += " GROUP BY " + shape.keys;
  return Collect(connection_.Query(sql, question.period.from.value, question.period.to.value), shape.key_count);
}

int64_t Recount::rows() {
  db::Rows rows = connection_.Query("SELECT COUNT(*) FROM recount_row");
  rows.Next();
  return rows.Int(0);
}

std::vector<int> Recount::UnitsUsed(Grain grain) {
  const std::string column(GrainName(grain));
  std::vector<int> units;
  db::Rows rows = connection_.Query("SELECT DISTINCT " + column + " FROM recount_day ORDER BY " + column);
  while (rows.Next()) units.push_back(static_cast<int>(rows.Int(0)));
  return units;
}

}  // namespace dealpace::ledger
