#include "tests/property/history.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>

#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::test {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

class Author {
 public:
  Author(const catalog::Catalog& catalog, uint64_t seed, int leads, int dealers)
      : catalog_(catalog), random_(seed), leads_(leads) {
    history_.dealers = dealers;
    history_.period = {*FromCivil(2025, 11, 10), *FromCivil(2026, 4, 20)};
  }

  History Write() {
    NameMembers();
    for (int dealer = 0; dealer < history_.dealers; ++dealer) {
      MoveAll(dealer);
      for (int lead = 0; lead < leads_; ++lead) WriteLead(dealer, "L" + std::to_string(lead));
      for (int i = 0; i < leads_ * 3; ++i) WriteSingle(dealer);
      for (int i = 0; i < leads_; ++i) WriteReading(dealer);
    }
    Correct();
    std::set<int> events;
    for (const History::Said& said : history_.said) events.insert(said.entry.event);
    history_.events.assign(events.begin(), events.end());
    return std::move(history_);
  }

 private:
  void NameMembers() {
    const auto name = [&](Dim dim, std::vector<std::string> codes) {
      random_.Shuffle(codes);  // so that the order of ids is not that of codes
      history_.members[static_cast<size_t>(MemberIndex(dim))] = std::move(codes);
    };
    name(Dim::kSource, {"referral", "web", "show", "广告"});
    name(Dim::kAccessForm, {"in", "phone"});
    name(Dim::kChannel, {"own", "net", "fair"});
    name(Dim::kModel, {"GTX Pro", "MG, Advanced", "X-5"});
    name(Dim::kCustomerType, {"new", "old"});
    name(Dim::kCampaign, {"spring", "autumn"});
    name(Dim::kStage, {"S1", "S3", "S6"});
    std::set<std::string> reasons = {"other", "rating"};
    for (const catalog::Event& event : catalog_.events()) reasons.insert(event.reasons.begin(), event.reasons.end());
    name(Dim::kReason, {reasons.begin(), reasons.end()});
  }

  Day AnyDay() { return history_.period.from + random_.Below(history_.period.days()); }

  // Several moves of a person may name the same team, or fall on one day, where the later holds.
  void MoveAll(int dealer) {
    const auto move = [&](int staff, int places) {
      for (int i = random_.Below(4); i >= 0; --i) {
        const Day from = random_.Percent(30) ? history_.period.from - 30 : AnyDay();
        history_.moves.push_back({dealer, staff, from, random_.Percent(15) ? -1 : random_.Below(places)});
      }
    };
    if (!random_.Percent(10)) move(-1, history_.regions);
    for (int staff = 0; staff < history_.staff; ++staff) {
      if (!random_.Percent(10)) move(staff, history_.teams);
    }
  }

  int EventNamed(std::string_view id) const { return catalog_.FindEvent(id); }

  void Record(int dealer, ledger::NewEntry entry) {
    // Some are told at once, some weeks later.
    const int64_t delay = random_.Percent(60) ? random_.Below(3) * kHourMs : random_.Below(20) * kDayMs;
    const Instant recorded_at{entry.at.ms + delay};
    const bool twice = random_.Percent(3);
    history_.said.push_back({dealer, entry, recorded_at, -1});
    if (twice) history_.said.push_back({dealer, std::move(entry), {recorded_at.ms + random_.Below(5) * kDayMs}, -1});
  }

  void NameAttributes(ledger::NewEntry& entry, int percent) {
    for (size_t m = 0; m < kMemberDimCount; ++m) {
      if (MemberDim(static_cast<int>(m)) == Dim::kReason) continue;
      if (random_.Percent(percent)) entry.members[m] = 1 + random_.Below(static_cast<int>(history_.members[m].size()));
    }
    const auto& reasons = catalog_.events()[static_cast<size_t>(entry.event)].reasons;
    const auto& codes = history_.members[static_cast<size_t>(MemberIndex(Dim::kReason))];
    if (!random_.Percent(70)) return;
    const std::string& code = reasons.empty() ? "other" : random_.Of(reasons);
    entry.members[static_cast<size_t>(MemberIndex(Dim::kReason))] =
        1 + (std::find(codes.begin(), codes.end(), code) - codes.begin());
  }

  void Weigh(ledger::NewEntry& entry) {
    static const std::vector<int64_t> kOdd = {2000, 328, 500, -1000, 0};
    entry.quantity = random_.Percent(80) ? 1000 : random_.Of(kOdd);
    const bool has_amount = catalog_.events()[static_cast<size_t>(entry.event)].amount.has_value();
    if (has_amount || random_.Percent(5)) entry.amount = random_.Between(-20'000, 300'000) * 7;
    if (random_.Percent(2)) entry.amount *= 1'000'000;  // more than 32 bits hold
  }

  void WriteLead(int dealer, const std::string& lead) {
    static const std::vector<std::string> kOften = {"lead",      "traffic",   "first_contact", "captured", "captured",
                                                    "follow_up", "follow_up", "assigned",      "assigned", "graded",
                                                    "deal",      "lost",      "test_drive"};
    static const std::vector<std::string> kSometimes = {
        "lead_valid", "lead_customer", "needs",    "presented",    "td_invited",       "td_survey",  "proposal",
        "delivered",  "first_car",     "referral", "new_customer", "churned",          "invoice",    "spot_check",
        "survey",     "field_filled",  "deal",     "lost",         "stalled_customer", "value_added"};
    // Few instants, so that many entries share one.
    std::vector<Instant> instants;
    const Instant begin{int64_t{AnyDay().value} * kDayMs};
    for (int i = random_.Between(2, 5); i >= 0; --i) {
      const int days = random_.Percent(50) ? random_.Below(4) : random_.Below(60);
      instants.push_back({begin.ms + days * kDayMs + random_.Between(0, 23) * kHourMs});
    }
    if (random_.Percent(50)) instants.push_back({instants[0].ms + kDayMs});  // to the very end of a limit of 24 hours
    const int attempts = random_.Percent(70) ? 1 : random_.Between(2, 3);
    for (int i = random_.Between(1, 12); i > 0; --i) {
      ledger::NewEntry entry;
      entry.event = EventNamed(random_.Percent(70) ? random_.Of(kOften) : random_.Of(kSometimes));
      entry.lead = lead;
      entry.attempt = 1 + random_.Below(attempts);
      entry.at = random_.Of(instants);
      entry.day = {static_cast<int32_t>(entry.at.ms / kDayMs)};
      if (random_.Percent(12)) entry.day = entry.day + random_.Between(-6, 3);  // as somebody remembers it
      const bool assigned = entry.event == EventNamed("assigned");
      if (!random_.Percent(15)) entry.actor = StaffId(1 + random_.Below(history_.staff));
      NameAttributes(entry, assigned ? 10 : 25);
      Weigh(entry);
      Record(dealer, std::move(entry));
    }
    if (random_.Percent(10)) {  // a figure of a lead that an outside system computes
      ledger::NewEntry entry;
      entry.event = EventNamed("reading.profit_new_amt");
      entry.lead = lead;
      entry.at = random_.Of(instants);
      entry.day = {static_cast<int32_t>(entry.at.ms / kDayMs)};
      entry.amount = random_.Between(1, 100'000);
      NameAttributes(entry, 10);
      Record(dealer, std::move(entry));
    }
  }

  // Counts of a whole day, stock movements, and events that belong to nobody in particular.
  void WriteSingle(int dealer) {
    static const std::vector<std::string> kEvents = {"traffic",
                                                     "captured",
                                                     "deal",
                                                     "lost",
                                                     "graded",
                                                     "follow_up",
                                                     "new_customer",
                                                     "churned",
                                                     "invoice",
                                                     "stock",
                                                     "visitor",
                                                     "receivable",
                                                     "headcount",
                                                     "task_due",
                                                     "campaign_invited",
                                                     "assigned",
                                                     "reading.market_units",
                                                     "reading.cycle_sum",
                                                     "reading.deal_cnt",
                                                     "reading.sales_amt"};
    ledger::NewEntry entry;
    entry.event = EventNamed(random_.Of(kEvents));
    entry.day = AnyDay();
    entry.at = {int64_t{entry.day.value} * kDayMs + random_.Below(24) * kHourMs};
    if (random_.Percent(70)) entry.actor = StaffId(1 + random_.Below(history_.staff));
    NameAttributes(entry, 25);
    entry.quantity = random_.Percent(50) ? 1000 : random_.Between(-3, 40) * 1000;
    if (random_.Percent(50)) entry.amount = random_.Between(-100'000, 1'000'000);
    Record(dealer, std::move(entry));
  }

  // Levels: pure readings and readings that supply a balance which operations move, too.
  void WriteReading(int dealer) {
    static const std::vector<std::string> kEvents = {"reading.market_potential", "reading.assets_amt",
                                                     "reading.open_cnt", "reading.receivable_amt"};
    ledger::NewEntry entry;
    entry.event = EventNamed(random_.Of(kEvents));
    entry.day = history_.period.from + random_.Below(history_.period.days() / 3) * 3;  // some on the same day
    entry.at = {int64_t{entry.day.value} * kDayMs};
    if (random_.Percent(10)) entry.lead = "L0";  // means nothing for a level
    if (random_.Percent(30)) entry.actor = StaffId(1 + random_.Below(2));
    if (random_.Percent(30)) {
      entry.members[static_cast<size_t>(MemberIndex(Dim::kModel))] = 1 + random_.Below(2);
    }
    entry.quantity = random_.Between(0, 200) * 1000;
    entry.amount = random_.Between(0, 1'000'000);
    Record(dealer, std::move(entry));
  }

  // Takes some entries back, and books some of those once more. Then all is put in order of recording.
  void Correct() {
    struct Change {
      size_t of = 0;
      Instant at{};
      bool again = false;
    };
    std::vector<Change> changes;
    for (size_t i = 0; i < history_.said.size(); ++i) {
      if (!random_.Percent(8)) continue;
      const Instant at{history_.said[i].recorded_at.ms + random_.Below(10) * kDayMs};
      changes.push_back({i, at, random_.Percent(40)});
    }
    for (const Change& change : changes) {
      History::Said reversal = history_.said[change.of];
      reversal.recorded_at = change.at;
      if (change.again) {
        history_.said.push_back(reversal);
        if (random_.Percent(50)) history_.said.back().entry.quantity += 1000;
      }
      reversal.reverses = static_cast<int>(change.of);
      history_.said.push_back(std::move(reversal));
    }
    std::vector<int> order(history_.said.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return history_.said[static_cast<size_t>(a)].recorded_at < history_.said[static_cast<size_t>(b)].recorded_at;
    });
    std::vector<int> position(order.size());
    for (size_t p = 0; p < order.size(); ++p) position[static_cast<size_t>(order[p])] = static_cast<int>(p);
    std::vector<History::Said> sorted;
    for (const int i : order) {
      History::Said& said = sorted.emplace_back(std::move(history_.said[static_cast<size_t>(i)]));
      if (said.reverses >= 0) said.reverses = position[static_cast<size_t>(said.reverses)];
    }
    history_.said = std::move(sorted);
  }

  const catalog::Catalog& catalog_;
  Random random_;
  const int leads_;
  History history_;
};

std::string CodeOf(char kind, int number) { return kind + std::to_string(number); }

void Check(const Status& status) {
  if (status.ok()) return;
  std::string text = status.error().code;
  for (const auto& [name, value] : status.error().args) text += " " + name + "=" + value;
  throw std::runtime_error(text);
}

template <typename T>
T Checked(Result<T> result) {
  if (!result.ok()) Check(result.error());
  return *std::move(result);
}

}  // namespace

History MakeHistory(const catalog::Catalog& catalog, uint64_t seed, int leads, int dealers) {
  return Author(catalog, seed, leads, dealers).Write();
}

std::vector<int> ShuffledOrder(const catalog::Catalog& catalog, const History& history, Random& random) {
  std::vector<int> order(history.said.size());
  std::iota(order.begin(), order.end(), 0);
  random.Shuffle(order);
  const auto is_level = [&](int i) {
    const int event = history.said[static_cast<size_t>(i)].entry.event;
    const int measure = catalog.events()[static_cast<size_t>(event)].reading_of;
    return measure >= 0 && catalog.measures()[static_cast<size_t>(measure)].balance;
  };
  // Levels keep the order that they had; everything else stays where the shuffle put it.
  std::vector<int> levels;
  for (const int i : order) {
    if (is_level(i)) levels.push_back(i);
  }
  std::sort(levels.begin(), levels.end());
  auto next = levels.begin();
  for (int& i : order) {
    if (is_level(i)) i = *next++;
  }
  // A reversal that came too early changes places with what it reverses.
  std::vector<size_t> place(order.size());
  for (size_t p = 0; p < order.size(); ++p) place[static_cast<size_t>(order[p])] = p;
  for (size_t p = 0; p < order.size(); ++p) {
    const int reversed = history.said[static_cast<size_t>(order[p])].reverses;
    if (reversed < 0 || place[static_cast<size_t>(reversed)] < p) continue;
    const size_t other = place[static_cast<size_t>(reversed)];
    std::swap(order[p], order[other]);
    std::swap(place[static_cast<size_t>(order[p])], place[static_cast<size_t>(order[other])]);
  }
  return order;
}

ledger::NewEntry Ids::EntryOf(const History::Said& said) const {
  ledger::NewEntry entry = said.entry;
  const auto dealer = static_cast<size_t>(said.dealer);
  if (entry.actor.set()) entry.actor = staff[dealer][static_cast<size_t>(entry.actor.value) - 1];
  for (size_t m = 0; m < entry.members.size(); ++m) {
    if (entry.members[m] != 0) entry.members[m] = members[m][static_cast<size_t>(entry.members[m]) - 1];
  }
  return entry;
}

std::vector<std::string> CodesOf(const History& history, Dim dim) {
  if (MemberIndex(dim) >= 0) return history.members[static_cast<size_t>(MemberIndex(dim))];
  const auto numbered = [](char kind, int count) {
    std::vector<std::string> codes;
    for (int i = 0; i < count; ++i) codes.push_back(CodeOf(kind, i));
    return codes;
  };
  switch (dim) {
    case Dim::kDealer: return numbered('d', history.dealers);
    case Dim::kRegion: return numbered('r', history.regions);
    case Dim::kTeam: return numbered('t', history.teams);
    default: return numbered('s', history.staff);
  }
}

std::vector<int64_t> Ids::Find(const History& history, Dim dim, const std::string& code) const {
  const std::vector<std::string> codes = CodesOf(history, dim);
  const auto number = static_cast<size_t>(std::find(codes.begin(), codes.end(), code) - codes.begin());
  if (MemberIndex(dim) >= 0) return {members[static_cast<size_t>(MemberIndex(dim))][number]};
  std::vector<int64_t> ids;
  switch (dim) {
    case Dim::kDealer: ids.push_back(dealers[number].value); break;
    case Dim::kRegion: ids.push_back(regions[number].value); break;
    case Dim::kTeam:
      for (const auto& of_dealer : teams) ids.push_back(of_dealer[number].value);
      break;
    default:
      for (const auto& of_dealer : staff) ids.push_back(of_dealer[number].value);
  }
  return ids;
}

// ---- In memory ----

Ids TellOrg(const History& history, MemoryOrg& org) {
  Ids ids;
  for (int r = 0; r < history.regions; ++r) ids.regions.push_back(org.RegionOf(CodeOf('r', r)));
  for (int d = 0; d < history.dealers; ++d) {
    const DealerId dealer = ids.dealers.emplace_back(org.DealerOf(CodeOf('d', d)));
    auto& teams = ids.teams.emplace_back();
    for (int t = 0; t < history.teams; ++t) teams.push_back(org.TeamOf(dealer, CodeOf('t', t)));
    auto& staff = ids.staff.emplace_back();
    for (int s = 0; s < history.staff; ++s) staff.push_back(org.StaffOf(dealer, CodeOf('s', s)));
  }
  for (int m = 0; m < kMemberDimCount; ++m) {
    for (const std::string& code : history.members[static_cast<size_t>(m)]) {
      ids.members[static_cast<size_t>(m)].push_back(org.MemberOf(MemberDim(m), code));
    }
  }
  return ids;
}

void TellMove(const Ids& ids, const History::Move& move, MemoryOrg& org) {
  const auto dealer = static_cast<size_t>(move.dealer);
  if (move.staff < 0) {
    org.MoveDealer(ids.dealers[dealer], move.from,
                   move.to < 0 ? RegionId() : ids.regions[static_cast<size_t>(move.to)]);
  } else {
    org.MoveStaff(ids.dealers[dealer], ids.staff[dealer][static_cast<size_t>(move.staff)], move.from,
                  move.to < 0 ? TeamId() : ids.teams[dealer][static_cast<size_t>(move.to)]);
  }
}

void Tell(const History& history, const Ids& ids, const std::vector<int>& order, size_t from, size_t to,
          MemoryLedger& ledger, std::vector<int64_t>& seqs) {
  seqs.resize(history.said.size());
  for (size_t p = from; p < to; ++p) {
    const auto i = static_cast<size_t>(order[p]);
    const History::Said& said = history.said[i];
    const DealerId dealer = ids.dealers[static_cast<size_t>(said.dealer)];
    seqs[i] = said.reverses < 0 ? ledger.Append(dealer, ids.EntryOf(said), said.recorded_at)
                                : ledger.Reverse(dealer, seqs[static_cast<size_t>(said.reverses)], said.recorded_at);
    if (seqs[i] == 0) throw std::runtime_error("a reversal before what it reverses");
  }
}

// ---- In a database ----

Ids TellOrg(const History& history, db::Database& database) {
  return Checked(database.Write<Ids>([&](db::Connection& connection) -> Result<Ids> {
    Ids ids;
    for (int r = 0; r < history.regions; ++r) {
      ids.regions.push_back(Checked(org::AddRegion(connection, CodeOf('r', r), "")));
    }
    for (int d = 0; d < history.dealers; ++d) {
      const DealerId dealer = ids.dealers.emplace_back(Checked(org::AddDealer(connection, CodeOf('d', d), "")));
      auto& teams = ids.teams.emplace_back();
      for (int t = 0; t < history.teams; ++t) {
        teams.push_back(Checked(org::AddTeam(connection, dealer, CodeOf('t', t), "")));
      }
      auto& staff = ids.staff.emplace_back();
      for (int s = 0; s < history.staff; ++s) {
        staff.push_back(Checked(org::AddStaff(connection, dealer, CodeOf('s', s), s < 2 ? "李伟" : "")));
      }
    }
    for (int m = 0; m < kMemberDimCount; ++m) {
      for (const std::string& code : history.members[static_cast<size_t>(m)]) {
        ids.members[static_cast<size_t>(m)].push_back(org::AddMember(connection, MemberDim(m), code));
      }
    }
    return ids;
  }));
}

void TellMove(const Ids& ids, const History::Move& move, db::Database& database) {
  const auto dealer = static_cast<size_t>(move.dealer);
  Check(database.Write<void>([&](db::Connection& connection) -> Status {
    if (move.staff < 0) {
      org::MoveDealer(connection, ids.dealers[dealer], move.from,
                      move.to < 0 ? RegionId() : ids.regions[static_cast<size_t>(move.to)]);
    } else {
      org::MoveStaff(connection, ids.dealers[dealer], ids.staff[dealer][static_cast<size_t>(move.staff)], move.from,
                     move.to < 0 ? TeamId() : ids.teams[dealer][static_cast<size_t>(move.to)]);
    }
    return {};
  }));
}

void Tell(const History& history, const Ids& ids, const catalog::Catalog& catalog, size_t from, size_t to,
          db::Database& database, std::vector<int64_t>& seqs, Lies lies) {
  seqs.resize(history.said.size());
  Check(database.Write<void>([&](db::Connection& connection) -> Status {
    for (size_t i = from; i < to; ++i) {
      const History::Said& said = history.said[i];
      const DealerId dealer = ids.dealers[static_cast<size_t>(said.dealer)];
      const ledger::Recorder recorder{"property", said.recorded_at, {}};
      if (said.reverses < 0) {
        // Two of three lie in a block, which changes nothing.
        const ledger::NewEntry entry = ids.EntryOf(said);
        seqs[i] = ledger::Append(connection, catalog, dealer, std::span(&entry, 1), recorder,
                                 {ledger::Keys::kNow, lies == Lies::kOneByOne || i % 3 == 0 ? SIZE_MAX : 1});
      } else {
        const std::vector<int64_t> reversed{seqs[static_cast<size_t>(said.reverses)]};
        RETURN_IF_ERROR(ledger::Reverse(connection, dealer, reversed, "a slip", recorder));
        seqs[i] = ledger::Lock(connection, dealer);  // the head: the reversal just booked
      }
    }
    return {};
  }));
}

}  // namespace dealpace::test
