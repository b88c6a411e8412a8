#include "app/demo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/zones.h"
#include "ledger/ledger.h"
#include "org/org.h"

namespace dealpace::app {
namespace {

// ---- Chance ----

// splitmix64 (public domain algorithm of Sebastiano Vigna), integers only: the same numbers on every machine.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  int Below(int n) { return static_cast<int>(((Next() >> 32) * static_cast<uint64_t>(n)) >> 32); }
  int Range(int low, int high) { return low + Below(high - low + 1); }  // both included
  bool Chance(int basis_points) { return Below(10'000) < basis_points; }
  // Position of one of the weights, each as likely as it is heavy.
  size_t Pick(std::span<const int> weights) {
    int sum = 0;
    for (const int weight : weights) sum += weight;
    int left = Below(sum);
    size_t i = 0;
    while (left >= weights[i]) left -= weights[i++];
    return i;
  }
  size_t Pick(std::initializer_list<int> weights) { return Pick(std::span(weights.begin(), weights.size())); }
  // How many of `n` come true.
  int Of(int n, int basis_points) {
    int count = 0;
    for (int i = 0; i < n; ++i) count += Chance(basis_points) ? 1 : 0;
    return count;
  }
  // A whole number whose mean is thousandths / 1000.
  int Rounded(int64_t thousandths) {
    return static_cast<int>(thousandths / 1000) + (Below(1000) < static_cast<int>(thousandths % 1000) ? 1 : 0);
  }

 private:
  uint64_t state_;
};

// ---- What the network sells, and to whom ----

struct Car {
  std::string_view name;
  int64_t price_fen;
  int weight;  // of the customers' interest
  bool low_price = false;
  bool recent = false;  // launched within 24 months
};
constexpr std::array<Car, 8> kCars = {{
    {"风铃 S3", 8'980'000, 20, true, false},
    {"风铃 S5", 11'980'000, 18, true, false},
    {"星川 L6", 14'980'000, 16, false, false},
    {"青屿 E5", 15'980'000, 13, false, true},
    {"岩松 X5", 16'980'000, 14, false, false},
    {"岩松 X7", 21'980'000, 9, false, false},
    {"青屿 E7", 23'980'000, 6, false, true},
    {"鹤鸣 V9", 32'980'000, 4, false, false},
}};
constexpr size_t kLaunchedCar = 6;  // comes on the market in the middle of the history

constexpr std::array<std::string_view, 3> kSources = {"referral", "outbound", "walk_by"};
constexpr std::array<std::string_view, 3> kForms = {"visit", "call_in", "other"};
constexpr std::array<std::string_view, 4> kTypes = {"new", "ordinary", "key", "vip"};
constexpr std::array<std::string_view, 8> kLostReasons = {"price",   "rival_brand", "product",      "delivery_time",
                                                          "service", "credit",      "plan_dropped", "bought_elsewhere"};
constexpr std::array<std::string_view, 12> kCampaigns = {"新春购车季", "元宵赏车会", "春季试驾节",   "车展同价周",
                                                         "五一购车节", "年中冲量会", "夏日试驾营",   "车主答谢日",
                                                         "金秋品鉴会", "国庆购车节", "双十一网购节", "年终冲刺会"};

// ---- The calendar of the trade, in permille of an ordinary day ----

// Spring Festival, the first day of the Chinese year.
constexpr std::array<YearMonthDay, 11> kSpringFestivals = {{{2020, 1, 25},
                                                            {2021, 2, 12},
                                                            {2022, 2, 1},
                                                            {2023, 1, 22},
                                                            {2024, 2, 10},
                                                            {2025, 1, 29},
                                                            {2026, 2, 17},
                                                            {2027, 2, 6},
                                                            {2028, 1, 26},
                                                            {2029, 2, 13},
                                                            {2030, 2, 3}}};

// Before the festival people buy to drive home, then the town is empty for a week.
int FestivalPermille(Day day) {
  for (const YearMonthDay& festival : kSpringFestivals) {
    const int after = day - *FromCivil(festival.year, festival.month, festival.day);
    if (after >= -25 && after <= -8) return 1200;
    if (after >= -7 && after <= -3) return 900;
    if (after >= -2 && after <= -1) return 350;
    if (after >= 0 && after <= 2) return 120;
    if (after >= 3 && after <= 6) return 300;
    if (after >= 7 && after <= 14) return 700;
  }
  return 1000;
}

int Weekday(Day day) { return ((day.value + 3) % 7 + 7) % 7; }  // 0: Monday
bool IsWeekend(Day day) { return Weekday(day) >= 5; }

int64_t TrafficPermille(Day day) {
  constexpr std::array<int, 12> kMonths = {980, 880, 1000, 960, 1030, 980, 900, 930, 1080, 1060, 1090, 1170};
  constexpr std::array<int, 7> kWeekdays = {760, 740, 760, 790, 920, 1520, 1460};
  const YearMonthDay date = Civil(day);
  int64_t permille = int64_t{kMonths[static_cast<size_t>(date.month - 1)]} * FestivalPermille(day) / 1000;
  const bool golden_week = date.month == 10 && date.day <= 7;
  const bool may_days = date.month == 5 && date.day <= 5;
  if (golden_week || may_days) return permille * (golden_week ? 1650 : 1500) / 1000;
  if (date.month == 12 && date.day >= 15) permille = permille * 1250 / 1000;
  return permille * kWeekdays[static_cast<size_t>(Weekday(day))] / 1000;
}

// ---- The network ----

enum Skill { kCapture, kNeeds, kPresent, kInvite, kDrive, kDeal, kCare, kDiscipline, kSkills };
using Skills = std::array<int, kSkills>;  // how much better than usual, in basis points

struct Person {
  std::string code;
  std::string name;
  Skills skills{};
  StaffId id;
};

// A consultant's desk: who sits there, and in which team. All times by day.
struct Desk {
  size_t team = 0;
  Person first;
  std::optional<Person> second;  // from `change` on
  Day change = kLastDay;
  bool regretted = false;  // whether the house wanted to keep the first
  std::optional<size_t> next_team;
  Day moved = kLastDay;

  [[nodiscard]] const Person& At(Day day) const { return second && day >= change ? *second : first; }
};

struct Store {
  int number = 0;  // from 0
  int region = 0;
  std::string code;
  std::string name;
  Skills skills{};
  int size = 1000;  // customers, in permille of the average
  bool poor_capture = false;
  bool poor_test_drive = false;
  std::vector<std::string> team_codes;
  std::vector<Desk> desks;
  DealerId id;
};

struct Network {
  Period period{};
  int64_t leads_month = 0;  // for each dealer, in thousandths
  uint64_t seed = 0;
  Day launch{};  // of kLaunchedCar
  std::vector<Store> stores;
};

std::string Numbered(std::string_view prefix, int number) {
  return std::string(prefix) + (number < 10 ? "0" : "") + std::to_string(number);
}

std::string RegionName(int region) {
  constexpr std::array<std::string_view, 7> kNames = {"华东", "华南", "华北", "华中", "西南", "东北", "西北"};
  const auto i = static_cast<size_t>(region);
  return i < kNames.size() ? std::string(kNames[i]) : "第" + std::to_string(region + 1) + "大区";
}

std::string TeamName(int team) {
  constexpr std::array<std::string_view, 10> kNames = {"一组", "二组", "三组", "四组", "五组",
                                                       "六组", "七组", "八组", "九组", "十组"};
  const auto i = static_cast<size_t>(team);
  return i < kNames.size() ? std::string(kNames[i]) : "第" + std::to_string(team + 1) + "组";
}

// Town and street; no two dealers have both in common.
std::string DealerName(int dealer) {
  constexpr std::array<std::string_view, 12> kTowns = {"江城", "云港", "海月", "青溪", "临湖", "明湖",
                                                       "松林", "锦江", "平野", "望海", "东岭", "新河"};
  constexpr std::array<std::string_view, 14> kStreets = {"东风路", "解放路", "湖滨路", "人民路", "学府路",
                                                         "滨江道", "迎宾路", "中山路", "建设路", "长青路",
                                                         "南环路", "机场路", "工业园", "汽车城"};
  const int towns = static_cast<int>(kTowns.size());
  const int streets = static_cast<int>(kStreets.size());
  const int town = dealer % towns;
  const int turn = dealer / towns;
  std::string name = std::string(kTowns[static_cast<size_t>(town)]) +
                     std::string(kStreets[static_cast<size_t>((turn + town * 5) % streets)]) + "店";
  if (turn >= streets) name += std::to_string(turn / streets + 1);
  return name;
}

std::string PersonName(Rng& rng, std::set<std::string>& taken) {
  constexpr std::array<std::string_view, 40> kSurnames = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                                          "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗",
                                                          "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧",
                                                          "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕"};
  constexpr std::array<std::string_view, 48> kGiven = {
      "伟",   "芳",   "娜",   "敏",   "静",   "磊",   "强",   "洋",   "艳",   "勇",   "军",   "杰",
      "娟",   "涛",   "明",   "超",   "秀兰", "霞",   "平",   "刚",   "桂英", "子轩", "雨桐", "浩然",
      "思远", "佳怡", "俊杰", "梓涵", "欣怡", "宇航", "晓东", "丽华", "建国", "志强", "海燕", "文博",
      "雪梅", "立新", "春生", "玉兰", "晨曦", "一鸣", "家豪", "若兰", "嘉琪", "天宇", "书瑶", "永福"};
  while (true) {
    std::string name(kSurnames[static_cast<size_t>(rng.Below(static_cast<int>(kSurnames.size())))]);
    name += kGiven[static_cast<size_t>(rng.Below(static_cast<int>(kGiven.size())))];
    if (taken.insert(name).second) return name;
  }
}

// A person is up to 25 % better or worse at each stage; in care and discipline people differ less.
Skills PersonSkills(Rng& rng) {
  Skills skills{};
  for (size_t i = 0; i < skills.size(); ++i) {
    const int spread = i == kCare || i == kDiscipline ? 400 : 1250;
    skills[i] = rng.Range(-spread, spread) + rng.Range(-spread, spread);
  }
  return skills;
}

Store PlanStore(const DemoOptions& options, const Network& network, int number) {
  Rng rng(options.seed * 1'000'003 + static_cast<uint64_t>(number) * 7919 + 1);
  Store store;
  store.number = number;
  store.region = number * options.regions / options.dealers;
  store.code = Numbered("D", number + 1);
  store.name = DealerName(number);
  store.size = rng.Range(850, 1150);
  for (size_t i = 0; i < store.skills.size(); ++i) {
    const int spread = i == kCare || i == kDiscipline ? 300 : 1200;
    store.skills[i] = rng.Range(-spread, spread);
  }
  // The two problems of the network, for those who read the figures to find: one dealer takes down names and numbers
  // only half as often as the others, one hardly offers test drives. D05 and D10 among twelve dealers.
  if (options.dealers >= 2) {
    store.poor_capture = number == options.dealers / 3;
    store.poor_test_drive = number == options.dealers * 3 / 4;
  }

  for (int team = 0; team < options.teams; ++team)
    store.team_codes.push_back(store.code + "T" + std::to_string(team + 1));
  std::set<std::string> names;
  int people = 0;
  const auto person = [&] {
    Person made;
    made.code = Numbered(Numbered("S", number + 1), ++people);
    made.name = PersonName(rng, names);
    made.skills = PersonSkills(rng);
    return made;
  };
  const int desks = options.teams * options.consultants;
  for (int i = 0; i < desks; ++i) {
    Desk desk;
    desk.team = static_cast<size_t>(i / options.consultants);
    desk.first = person();
    store.desks.push_back(std::move(desk));
  }
  // In two of three dealers a consultant leaves and another one is found, early in the history or late; in every
  // second dealer one changes the team.
  const auto at_percent = [&](int low, int high) {
    return network.period.from + network.period.days() * rng.Range(low, high) / 100;
  };
  const auto any_desk = [&]() -> Desk& { return store.desks[static_cast<size_t>(rng.Below(desks))]; };
  if (number % 3 != 1) {
    Desk& desk = any_desk();
    desk.change = number % 3 == 0 ? at_percent(30, 60) : at_percent(70, 95);
    desk.second = person();
    desk.regretted = rng.Chance(6000);
    if (desk.change <= network.period.from) desk.second.reset();
  }
  if (number % 2 == 1 && options.teams > 1) {
    Desk& desk = any_desk();
    // Not at the turn of a month: the head counts of the two teams meet overnight.
    const YearMonthDay date = Civil(at_percent(35, 65));
    desk.moved = *FromCivil(date.year, date.month, rng.Range(10, 20));
    desk.next_team = (desk.team + 1) % static_cast<size_t>(options.teams);
    if (!network.period.Contains(desk.moved) || desk.moved == network.period.from) desk.next_team.reset();
  }
  return store;
}

Network PlanNetwork(const DemoOptions& options) {
  Network network;
  const YearMonthDay last = Civil(options.until);
  const Day first = AddMonths(*FromCivil(last.year, last.month, 1), -(options.months - 1));
  network.period = {first, options.until};
  network.leads_month = std::llround(150'000 * options.scale);
  network.seed = options.seed;
  network.launch = AddMonths(first, options.months / 2);
  for (int i = 0; i < options.dealers; ++i) network.stores.push_back(PlanStore(options, network, i));
  return network;
}

// Writes the organisation and notes its ids in the network.
Status Found(db::Connection& connection, const DemoOptions& options, Network& network) {
  std::vector<RegionId> regions;
  for (int i = 0; i < options.regions; ++i) {
    ASSIGN_OR_RETURN(const RegionId region, org::AddRegion(connection, Numbered("R", i + 1), RegionName(i)));
    regions.push_back(region);
  }
  const Day from = network.period.from;
  for (Store& store : network.stores) {
    ASSIGN_OR_RETURN(store.id, org::AddDealer(connection, store.code, store.name));
    org::MoveDealer(connection, store.id, from, regions[static_cast<size_t>(store.region)]);
    std::vector<TeamId> teams;
    for (size_t i = 0; i < store.team_codes.size(); ++i) {
      ASSIGN_OR_RETURN(const TeamId team,
                       org::AddTeam(connection, store.id, store.team_codes[i], TeamName(static_cast<int>(i))));
      teams.push_back(team);
    }
    for (Desk& desk : store.desks) {
      ASSIGN_OR_RETURN(desk.first.id, org::AddStaff(connection, store.id, desk.first.code, desk.first.name));
      org::MoveStaff(connection, store.id, desk.first.id, from, teams[desk.team]);
      if (desk.second) {
        ASSIGN_OR_RETURN(desk.second->id, org::AddStaff(connection, store.id, desk.second->code, desk.second->name));
        org::MoveStaff(connection, store.id, desk.first.id, desk.change, TeamId());
        org::MoveStaff(connection, store.id, desk.second->id, desk.change, teams[desk.team]);
      }
      if (desk.next_team) {
        if (desk.moved < desk.change) {
          org::MoveStaff(connection, store.id, desk.first.id, desk.moved, teams[*desk.next_team]);
          if (desk.second) org::MoveStaff(connection, store.id, desk.second->id, desk.change, teams[*desk.next_team]);
        } else {
          org::MoveStaff(connection, store.id, desk.At(desk.moved).id, desk.moved, teams[*desk.next_team]);
        }
      }
    }
  }
  return {};
}

// ---- Members: told by code, booked by id ----

class MemberBook {
 public:
  // A stand-in for the id, until Book has made it.
  int64_t Of(Dim dim, std::string_view code) {
    const auto [it, fresh] = places_.try_emplace({dim, std::string(code)}, static_cast<int64_t>(places_.size()) + 1);
    if (fresh) ids_.push_back(0);
    return it->second;
  }
  [[nodiscard]] int64_t Id(int64_t stand_in) const {
    return stand_in == 0 ? 0 : ids_[static_cast<size_t>(stand_in - 1)];
  }
  Status Book(db::Database& database) {
    ASSIGN_OR_RETURN(ids_, database.Write<std::vector<int64_t>>([this](db::Connection& connection) {
      std::vector<int64_t> ids = ids_;
      for (const auto& [member, place] : places_) {
        int64_t& id = ids[static_cast<size_t>(place - 1)];
        if (id == 0) id = org::AddMember(connection, member.first, member.second);
      }
      return Result<std::vector<int64_t>>(std::move(ids));
    }));
    return {};
  }

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return a.first != b.first ? a.first < b.first : std::string_view(a.second) < std::string_view(b.second);
    }
  };
  std::map<std::pair<Dim, std::string>, int64_t, Less> places_;
  std::vector<int64_t> ids_;
};

// ---- A dealer's diary: what happened, by day ----

// Local wall time.
struct Moment {
  Day day{};
  int second = 0;
  auto operator<=>(const Moment&) const = default;
};
constexpr int kOpen = 9 * 3600;
constexpr int kClose = 20 * 3600;

struct Planned {
  ledger::NewEntry entry;
  int contract = 0;  // of the order that the entry falls with, when it is cancelled
};
struct DiaryDay {
  std::vector<Planned> entries;
  std::vector<int> cancelled;  // contracts
};
using Diary = std::vector<DiaryDay>;  // from the first day of the period on

// Tells a dealer's history into a diary. Members are stand-ins of the member book.
class Storyteller {
 public:
  Storyteller(const Network& network, const Store& store, const Zone& zone, const std::vector<catalog::Event>& events,
              MemberBook& members)
      : period_(network.period),
        network_(network),
        store_(store),
        members_(members),
        rng_(network.seed * 6'364'136'223'846'793'005ULL + static_cast<uint64_t>(store.number) * 104'729 + 7),
        diary_(static_cast<size_t>(period_.days())) {
    for (size_t i = 0; i < events.size(); ++i) events_.emplace(events[i].id, static_cast<int>(i));
    for (int i = 0; i < period_.days(); ++i) midnight_.push_back(zone.At(period_.from + i).ms);
    books_.resize(static_cast<size_t>(MonthIndex(period_.to)) + 1);
  }

  Diary Tell() {
    Begin();
    for (Day day = period_.from; day <= period_.to; day = day + 1) {
      const YearMonthDay date = Civil(day);
      if (date.day == 1 || day == period_.from) BeginMonth(day);
      TellDay(day);
      for (const int second : ArrivalsOf(day)) TellLead({day, second});
      if (Weekday(day) == 6) EndWeek(day);
      if (date.day == DaysInMonth(date.year, date.month) || day == period_.to) EndMonth(day);
    }
    for (DiaryDay& day : diary_) {  // stable: one instant keeps the order in which it was told
      std::stable_sort(day.entries.begin(), day.entries.end(),
                       [](const Planned& a, const Planned& b) { return a.entry.at < b.entry.at; });
    }
    return std::move(diary_);
  }
  [[nodiscard]] int64_t leads() const { return leads_; }

 private:
  // What finance adds up in a month, in fen.
  struct Books {
    int64_t invoiced = 0;
    int64_t value_added = 0;
    int64_t service = 0;
    int64_t existing = 0;  // invoiced to customers who bought before
    int64_t recent = 0;    // invoiced for models launched lately
    std::array<int64_t, kCars.size()> units{};
  };
  struct Campaign {
    std::string name;
    Day from{};
    Day to{};
  };
  struct Lead {
    std::string code;
    size_t desk = 0;
    int attempt = 1;
    size_t car = 0;
    size_t source = 0;
    bool existing = false;  // bought before
    bool in_campaign = false;
    std::string_view reached = "S2";
    int eager = 10'000;  // how ready to buy, 10'000: like others
    Moment began{};
    std::optional<Moment> lost;
  };

  // ---- Writing down ----

  [[nodiscard]] int MonthIndex(Day day) const {
    return UnitOf(day, Grain::kMonth) - UnitOf(period_.from, Grain::kMonth);
  }

  // A new entry, to be filled in by the caller; one that nobody reads when the day is past the end.
  Planned& Plan(Moment when, std::string_view event) {
    if (!period_.Contains(when.day)) return nowhere_ = {};
    const auto at = static_cast<size_t>(when.day - period_.from);
    Planned& planned = diary_[at].entries.emplace_back();
    planned.entry.event = events_.at(event);
    planned.entry.day = when.day;
    planned.entry.at = {midnight_[at] + int64_t{when.second} * 1000};
    return planned;
  }
  // By a person, or by the house (no actor).
  ledger::NewEntry& Put(Moment when, std::string_view event, StaffId actor, std::string_view reason = {},
                        int64_t count = 1) {
    ledger::NewEntry& entry = Plan(when, event).entry;
    entry.actor = actor;
    entry.quantity = count * 1000;
    if (!reason.empty()) Set(entry, Dim::kReason, reason);
    return entry;
  }
  // In a lead, by whoever has its desk on that day.
  ledger::NewEntry& Put(Moment when, std::string_view event, const Lead& lead, std::string_view reason = {}) {
    ledger::NewEntry& entry = Put(when, event, store_.desks[lead.desk].At(when.day).id, reason);
    entry.lead = lead.code;
    entry.attempt = lead.attempt;
    return entry;
  }
  void Reading(Day day, std::string_view measure, int64_t units, int64_t fen, Dim dim = Dim::kDealer,
               std::string_view member = {}) {
    ledger::NewEntry& entry = Put({day, kClose}, "reading." + std::string(measure), StaffId());
    entry.quantity = units * 1000;
    entry.amount = fen;
    if (!member.empty()) Set(entry, dim, member);
  }
  void Set(ledger::NewEntry& entry, Dim dim, std::string_view code) {
    entry.members[static_cast<size_t>(MemberIndex(dim))] = members_.Of(dim, code);
  }
  void Rate(Moment when, StaffId actor, std::string_view item, int low, int high) {
    Put(when, "rating", actor, item).amount = int64_t{rng_.Range(low, high)} * 100;
  }

  // ---- Time and chance ----

  Moment During(Day day) { return {day, rng_.Range(kOpen, kClose - 1800)}; }
  // So many seconds later, the next morning when the house has closed by then.
  Moment Later(Moment moment, int low, int high) {
    moment.second += rng_.Range(low, high);
    if (moment.second <= kClose) return moment;
    return {moment.day + 1, kOpen + rng_.Range(300, 3600)};
  }
  // Some time on a day so many days later, or a little later on the same day.
  Moment DaysLater(Moment moment, int low, int high) {
    const int days = rng_.Range(low, high);
    return days == 0 ? Later(moment, 900, 5400) : During(moment.day + days);
  }
  static int Scaled(int basis_points, int better) {
    return static_cast<int>(int64_t{basis_points} * (10'000 + better) / 10'000);
  }
  // A chance as the person and the dealer have it.
  int Odds(int basis_points, Skill skill, const Person& person) const {
    const int odds = Scaled(Scaled(basis_points, person.skills[skill]), store_.skills[skill]);
    return std::clamp(odds, 100, 9750);
  }
  bool Manages(int basis_points, Skill skill, const Lead& lead, Day day) {
    return rng_.Chance(Odds(basis_points, skill, store_.desks[lead.desk].At(day)));
  }

  // ---- The customers of a day ----

  [[nodiscard]] bool InCampaign(Day day) const { return campaign_.from <= day && day <= campaign_.to; }

  // In thousandths.
  [[nodiscard]] int64_t ExpectedOn(Day day) const {
    const int64_t grown = 1000 + 60 * (UnitOf(day, Grain::kMonth) - UnitOf(period_.from, Grain::kMonth)) / 12;
    int64_t expected =
        network_.leads_month * 12 / 365 * store_.size / 1000 * grown / 1000 * TrafficPermille(day) / 1000;
    if (InCampaign(day)) expected = expected * 1300 / 1000;
    return expected;
  }
  // When the day's customers come, in order.
  std::vector<int> ArrivalsOf(Day day) {
    std::vector<int> seconds(static_cast<size_t>(rng_.Rounded(ExpectedOn(day) * rng_.Range(700, 1300) / 1000)));
    for (int& second : seconds) second = During(day).second;
    std::sort(seconds.begin(), seconds.end());
    return seconds;
  }

  // ---- The life of a lead ----

  Lead Meet(Day day) {
    Lead lead;
    const YearMonthDay date = Civil(day);
    if (date.month != counted_month_) {
      counted_month_ = date.month;
      counted_ = 0;
    }
    std::array<char, 40> code{};
    std::snprintf(code.data(), code.size(), "%s-%04d%02d-%04d", store_.code.c_str(), date.year, date.month, ++counted_);
    lead.code = code.data();
    ++leads_;
    lead.desk = on_duty_[static_cast<size_t>(rng_.Below(static_cast<int>(on_duty_.size())))];
    lead.source = rng_.Pick({30, 27, 43});
    std::array<int, kCars.size()> interest{};
    for (size_t i = 0; i < kCars.size(); ++i) {
      interest[i] = kCars[i].weight;
      if (i == kLaunchedCar && day < network_.launch) interest[i] = 0;
      if (i == kLaunchedCar && day >= network_.launch && day < AddMonths(network_.launch, 2)) interest[i] *= 2;
    }
    lead.car = rng_.Pick(interest);
    return lead;
  }

  // From the first contact to capture. False when the customer goes without leaving a name.
  bool Receive(Lead& lead, Moment& now) {
    const Day day = now.day;
    const std::string_view source = kSources[lead.source];
    size_t form = 0;
    if (source == "referral") form = rng_.Pick({60, 30, 10});
    if (source == "outbound") form = rng_.Pick({22, 26, 52});
    if (source == "walk_by") form = rng_.Pick({86, 14, 0});
    const bool online = kForms[form] == "other";
    constexpr std::array<std::string_view, 6> kChannels = {"direct",     "distribution", "agency",
                                                           "e_commerce", "social_media", "live_stream"};
    const std::string_view channel =
        kChannels[online ? rng_.Pick({10, 6, 14, 34, 24, 12}) : rng_.Pick({88, 7, 5, 0, 0, 0})];
    const size_t type = source == "referral" ? rng_.Pick({84, 11, 4, 1}) : rng_.Pick({75, 17, 6, 2});
    lead.existing = type != 0;
    lead.in_campaign = InCampaign(day) && rng_.Chance(5500);
    const auto introduce = [&](std::string_view event) {
      ledger::NewEntry& entry = Put(now, event, lead);
      Set(entry, Dim::kSource, source);
      Set(entry, Dim::kAccessForm, kForms[form]);
      Set(entry, Dim::kChannel, channel);
      Set(entry, Dim::kModel, kCars[lead.car].name);
      Set(entry, Dim::kCustomerType, kTypes[type]);
      if (lead.in_campaign) Set(entry, Dim::kCampaign, campaign_.name);
    };

    lead.began = now;
    if (kForms[form] == "visit") {
      introduce("traffic");
    } else {
      introduce("lead");
      Put(now, "resource", lead);
      if (kForms[form] == "call_in") Put(now, "traffic", lead);
      if (Manages(8600, kDiscipline, lead, day)) Put(Later(now, 300, 7200), "resource_used", lead);
      const bool valid = rng_.Chance(online ? 7800 : 9000);
      if (valid) Put(now = Later(now, 300, 5400), "lead_valid", lead);
      if (online) {
        if (!valid || !rng_.Chance(6600)) return false;
        now = DaysLater(now, 0, 2);
        Put(now, "lead_customer", lead);
        Put(now, "traffic", lead);
      }
    }
    if (!rng_.Chance(9600)) return false;
    Put(now = Later(now, 20, 240), "first_contact", lead);

    constexpr std::array<int, 3> kCaptures = {8400, 6700, 7000};  // by source
    int odds = online ? 8600 : kCaptures[lead.source];
    if (lead.in_campaign) odds += 400;
    if (store_.poor_capture) odds /= 2;
    if (!Manages(odds, kCapture, lead, day)) return false;
    now = Later(now, 240, 1800);
    Put(now, "captured", lead);
    if (kForms[form] == "call_in") Put(now, "lead_customer", lead);
    KeepFile(lead, now);
    constexpr std::array<std::string_view, 3> kGrades = {"high", "medium", "low"};
    grade_ = source == "referral" ? rng_.Pick({34, 44, 22}) : rng_.Pick({24, 44, 32});
    Put(Later(now, 60, 600), "graded", lead, kGrades[grade_]);
    constexpr std::array<int, 3> kEager = {12'600, 10'000, 7'200};
    constexpr std::array<int, 3> kEagerBySource = {11'200, 8'900, 9'800};
    lead.eager = kEager[grade_] * kEagerBySource[lead.source] / 10'000;
    lead.reached = "S3";
    return true;
  }

  void KeepFile(const Lead& lead, Moment now) {
    constexpr int kFields = 16;
    const int filled = rng_.Of(kFields, Odds(8900, kDiscipline, store_.desks[lead.desk].At(now.day)));
    Put(now, "field_required", lead).quantity = kFields * 1000;
    Put(now, "field_filled", lead).quantity = filled * 1000;
    if (filled >= 12 && Manages(9000, kDiscipline, lead, now.day)) Put(now, "entry_ok", lead);
    if (rng_.Chance(800)) {
      const bool is_true = Manages(9200, kDiscipline, lead, now.day);
      Put(DaysLater(now, 2, 20), "spot_check", lead, is_true ? "true" : "false");
    }
  }

  void TellLead(Moment now) {
    Lead lead = Meet(now.day);
    if (!Receive(lead, now)) return;
    const Moment file = now;
    const std::optional<Moment> drive = Advise(lead, now);
    Decide(lead, file, now, drive);
    HandOver(lead);
  }

  // Needs, presentation, test drive. Returns when the customer drove.
  std::optional<Moment> Advise(Lead& lead, Moment& now) {
    const bool here = rng_.Chance(8000);
    if (!here) now = DaysLater(now, 1, 4);
    if (!Manages(8400, kNeeds, lead, now.day)) return std::nullopt;
    Put(now = Later(now, 300, 1500), "needs", lead);
    lead.reached = "S4";
    if (!Manages(8700, kPresent, lead, now.day)) return std::nullopt;
    Put(now = Later(now, 300, 1800), "presented", lead);
    lead.reached = "S5";
    const bool invited = Manages(store_.poor_test_drive ? 4300 : 8500, kInvite, lead, now.day);
    if (!invited) return std::nullopt;
    Put(now = Later(now, 60, 300), "td_invited", lead);
    if (!Manages(store_.poor_test_drive ? 5200 : 7200, kDrive, lead, now.day)) return std::nullopt;
    now = rng_.Chance(6000) ? Later(now, 600, 2400) : DaysLater(now, 1, 6);
    Put(now, "test_drive", lead);
    lead.reached = "S6";
    const Moment drive = now;
    if (Manages(7600, kDiscipline, lead, now.day)) {
      const bool satisfied = Manages(8800, kCare, lead, now.day);
      Put(rng_.Chance(6000) ? Later(now, 600, 1800) : DaysLater(now, 1, 2), "td_survey", lead,
          satisfied ? "satisfied" : "dissatisfied")
          .amount = int64_t{satisfied ? rng_.Range(80, 100) : rng_.Range(45, 74)} * 100;
      if (!satisfied) lead.eager = lead.eager * 6 / 10;
    }
    return drive;
  }

  // Proposal, then the order or the loss; between them the follow-ups.
  void Decide(Lead& lead, Moment file, Moment now, std::optional<Moment> drive) {
    bool deal = false;
    const bool presented = lead.reached >= std::string_view("S5");
    if (presented && rng_.Chance(drive ? 8600 : 3600)) {
      Put(now = Later(now, 600, 3600), "proposal", lead);
      Handle(now, lead);
      deal = Manages(static_cast<int>(int64_t{drive ? 5200 : 1600} * lead.eager / 10'000), kDeal, lead, now.day);
    }
    const bool trial = drive && rng_.Chance(400);
    if (trial) Put(*drive, "trial", lead);
    if (deal) {
      const Moment signing = rng_.Chance(1500) ? Later(now, 900, 5400) : DaysLater(now, 1, 21);
      FollowUp(lead, file, signing);
      Sign(lead, signing, trial);
      return;
    }
    const size_t fate = rng_.Pick({76, 18, 6});  // lost, lost late, undecided to this day
    std::optional<Moment> end;
    if (fate < 2) end = DaysLater(now, fate == 0 ? 4 : 60, fate == 0 ? 60 : 180);
    FollowUp(lead, file, end.value_or(Moment{kLastDay, 0}));
    if (end) Lose(lead, *end, true);
  }

  void FollowUp(const Lead& lead, Moment file, Moment end) {
    constexpr std::array<int, 5> kAfterDays = {1, 3, 7, 15, 30};
    const size_t times = 3 - grade_ + (rng_.Chance(3500) ? 1 : 0);
    int idle = 0;
    for (size_t i = 0; i < times; ++i) {
      const Day due = file.day + kAfterDays[i];
      if (due >= end.day) break;
      Put({due, kOpen}, "follow_up_due", lead);
      if (!Manages(9200, kDiscipline, lead, due)) continue;
      const bool on_time = Manages(8700, kDiscipline, lead, due);
      const Moment done = During(on_time ? due : due + rng_.Range(1, 3));
      if (done.day >= end.day) continue;
      constexpr std::array<std::string_view, 4> kMethods = {"phone", "message", "visit", "email"};
      Put(done, "follow_up", lead, kMethods[rng_.Pick({58, 26, 11, 5})]);
      if (on_time) Put({due, done.second}, "follow_up_ontime", lead);
      if (Manages(8500, kDiscipline, lead, due)) Put(done, "follow_up_1h", lead);
      if (++idle == 3 && rng_.Chance(2500)) {
        Put(done, "stalled_customer", lead);
        const Moment over = std::min(end, DaysLater(done, 7, 40));
        Put(over, "stalled_customer", lead).quantity = -1000;
      }
    }
  }

  // A document handled, now and then a faulty one.
  void Handle(Moment now, const Lead& lead) {
    Put(now, "operation", lead);
    if (!Manages(9750, kDiscipline, lead, now.day)) Put(now, "sales_error", lead);
  }

  void Sign(Lead& lead, Moment now, bool trial) {
    lead.reached = "S7";
    const int contract = ++contracts_;
    // What falls with the order, when it is cancelled.
    const auto order = [&](std::string_view event) -> ledger::NewEntry& {
      ledger::NewEntry& entry = Put(now, event, lead);
      if (period_.Contains(now.day))
        diary_[static_cast<size_t>(now.day - period_.from)].entries.back().contract = contract;
      return entry;
    };
    constexpr int64_t kHundredYuan = 10'000;
    const int64_t price = kCars[lead.car].price_fen * rng_.Range(910, 995) / 1000 / kHundredYuan * kHundredYuan;
    order("deal").amount = price;
    if (Manages(9700, kDiscipline, lead, now.day)) order("contract_used");
    Handle(now, lead);
    if (lead.existing) {
      order("repurchase");
      if (rng_.Chance(5000)) order("loyal_customer");
      if (rng_.Chance(1500)) order("multi_channel_customer");
    } else {
      order("new_customer");
    }
    if (lead.car == kLaunchedCar && now.day < AddMonths(network_.launch, 1)) order("launch_order");
    if (trial) order("trial_order");
    if (lead.in_campaign) order("promo_return").amount = price * rng_.Range(40, 75) / 1000;
    if (!lead.existing && kSources[lead.source] == "referral") {
      ledger::NewEntry& thanks = order("referral");  // the referrer's, not this lead's
      thanks.lead.clear();
      Set(thanks, Dim::kCustomerType, kTypes[rng_.Pick({0, 70, 22, 8})]);
    }

    const size_t fate = rng_.Pick({950, 30, 20});  // delivered, cancelled, still waiting for the car
    if (fate == 1) {
      const Moment end = DaysLater(now, 2, 12);
      if (!period_.Contains(end.day)) return;
      diary_[static_cast<size_t>(end.day - period_.from)].cancelled.push_back(contract);
      Lose(lead, end, false);
    } else if (fate == 0) {
      Deliver(lead, DaysLater(now, 3, rng_.Chance(7000) ? 16 : 40), price);
    }
  }

  void Deliver(Lead& lead, Moment now, int64_t price) {
    const Car& car = kCars[lead.car];
    Put(now, "delivered", lead);
    lead.reached = "S8";
    Put(now, "invoice", lead).amount = price;
    if (car.low_price) Put(now, "invoice_low", lead);
    ledger::NewEntry& out = Put(now, "stock", lead);
    out.quantity = -1000;
    out.amount = -car.price_fen * 88 / 100;
    Handle(now, lead);
    const bool on_time = Manages(9200, kCare, lead, now.day);
    const bool perfect = on_time && Manages(9200, kCare, lead, now.day);
    if (on_time) Put(now, "delivered_ontime", lead);
    if (perfect) Put(now, "delivered_perfect", lead);
    const bool referred = kSources[lead.source] == "referral";
    if (!lead.existing && rng_.Chance(referred ? 7200 : 2600)) Put(now, "first_car", lead);
    if (rng_.Chance(3500)) Put(now, "member", lead);
    int64_t extras = 0;
    const auto extra = [&](std::string_view item, int odds, int yuan_low, int yuan_high) {
      if (!Manages(odds, kDeal, lead, now.day)) return;
      const int64_t fen = int64_t{rng_.Range(yuan_low, yuan_high)} * 100;
      Put(now, "value_added", lead, item).amount = fen;
      extras += fen;
    };
    const bool loan = rng_.Chance(4500);
    extra("insurance", 8000, 3800, 9200);
    extra("accessory", 5200, 1200, 7800);
    extra("decoration", 3300, 2000, 6500);
    extra("plate", 5800, 80, 260);
    if (loan) extra("loan_fee", 9500, 1800, 3900);
    if (loan) extra("loan_rebate", 9500, 1500, 5800);
    if (period_.Contains(now.day)) {
      Books& books = books_[static_cast<size_t>(MonthIndex(now.day))];
      books.invoiced += price;
      books.value_added += extras;
      if (lead.existing) books.existing += price;
      if (car.recent) books.recent += price;
      ++books.units[lead.car];
    }
    Collect(lead, now, price, loan);
    Care(lead, now, perfect);
    if (rng_.Chance(500)) Put(During(now.day + rng_.Range(365, 700)), "churned", lead);
  }

  // The customer's own part is due with the car, the bank's twenty days later.
  void Collect(const Lead& lead, Moment now, int64_t price, bool loan) {
    const int64_t later = loan ? price * 6 / 10 : 0;
    Put(now, "amount_due", lead).amount = price - later;
    Put(now, "amount_received", lead).amount = price - later;
    Put(now, "amount_received_ontime", lead).amount = price - later;
    if (later == 0) return;
    Put(now, "receivable", lead).amount = later;
    const Day due = now.day + 20;
    Put({due, kOpen}, "amount_due", lead).amount = later;
    const bool on_time = rng_.Chance(8800);
    const Moment paid = During(on_time ? due - rng_.Range(0, 8) : due + rng_.Range(2, 30));
    const bool bad = !on_time && rng_.Chance(150);
    if (bad) {
      Put(During(due + 90), "bad_debt", lead).amount = later;
    } else {
      Put(paid, "amount_received", lead).amount = later;
    }
    Put(bad ? During(due + 90) : paid, "receivable", lead).amount = -later;
    if (on_time) {
      Put({due, paid.second}, "amount_received_ontime", lead).amount = later;
    } else {
      Put({due + 1, kOpen}, "amount_overdue", lead).amount = later;
      Put(bad ? During(due + 91) : paid, "amount_overdue", lead).amount = -later;
    }
  }

  // Surveys, call-backs, complaints.
  void Care(const Lead& lead, Moment now, bool perfect) {
    Survey(lead, now, "S8", perfect ? 9400 : 6800, 8600);
    struct Call {
      std::string_view kind;
      int after_days;
      int odds;
    };
    for (const Call& call : {Call{"onsite", 0, 9600}, Call{"week", 7, 9000}, Call{"month", 30, 8300}}) {
      const Day due = now.day + call.after_days;
      Put({due, call.after_days == 0 ? now.second : kOpen}, "callback_due", lead, call.kind);
      if (!Manages(call.odds, kCare, lead, due)) continue;
      const bool on_time = call.after_days == 0 || Manages(8900, kCare, lead, due);
      const Moment done = call.after_days == 0 ? now : During(on_time ? due : due + rng_.Range(1, 5));
      Put(done, "callback", lead, call.kind);
      if (on_time) Put({due, done.second}, "callback_ontime", lead, call.kind);
      if (call.kind == "month") {
        Survey(lead, done, "S10", perfect ? 9200 : 7400, 6500);
        Put(done, "rating", lead, "recommend").amount = int64_t{rng_.Range(perfect ? 7 : 5, 10)} * 100;
      }
    }
    if (rng_.Chance(perfect ? 200 : 1200)) {
      const Moment opened = DaysLater(now, 1, 60);
      Put(opened, "complaint", lead);
      const Moment solved = DaysLater(opened, 0, 6);
      Put({opened.day + 3, kOpen}, "response_due", lead);
      if (Manages(8500, kCare, lead, now.day)) Put({opened.day + 3, kOpen}, "response_ontime", lead);
      if (Manages(8500, kCare, lead, now.day)) Put(solved, "complaint_solved", lead);
      if (solved.day - opened.day <= 4) Put(solved, "complaint_ontime", lead);
    }
  }

  void Survey(const Lead& lead, Moment now, std::string_view stage, int happy, int answers) {
    Set(Put(now, "survey_sent", lead), Dim::kStage, stage);
    if (!rng_.Chance(answers)) return;
    const bool satisfied = Manages(happy, kCare, lead, now.day);
    const bool neutral = !satisfied && rng_.Chance(7000);
    const int score = satisfied ? rng_.Range(88, 100) : neutral ? rng_.Range(72, 87) : rng_.Range(40, 71);
    ledger::NewEntry& entry = Put(now, "survey", lead, satisfied ? "satisfied" : neutral ? "neutral" : "dissatisfied");
    entry.amount = int64_t{score} * 100;
    Set(entry, Dim::kStage, stage);
  }

  void Lose(Lead& lead, Moment now, bool may_return) {
    // Where nobody drives, the car itself is blamed more often.
    const bool driven = lead.reached >= std::string_view("S6");
    const size_t why = driven ? rng_.Pick({30, 20, 8, 10, 7, 9, 8, 8}) : rng_.Pick({22, 24, 17, 5, 9, 5, 12, 6});
    Set(Put(now, "lost", lead, kLostReasons[why]), Dim::kStage, lead.reached);
    lead.lost = now;
    const Day due = now.day + 30;
    Put({due, kOpen}, "retrack_due", lead);
    if (!Manages(7600, kDiscipline, lead, due)) return;
    const Moment again = During(due + rng_.Range(0, 4));
    Put(again, "retrack", lead);
    if (!may_return || !period_.Contains(again.day) || !rng_.Chance(350)) return;
    // The lead is re-opened as another attempt.
    lead.lost.reset();
    ++lead.attempt;
    lead.reached = "S3";
    Put(again, "captured", lead);
    grade_ = rng_.Pick({45, 45, 10});
    Put(Later(again, 60, 600), "graded", lead, grade_ == 0 ? "high" : grade_ == 1 ? "medium" : "low");
    const Moment end = DaysLater(again, 2, 20);
    FollowUp(lead, again, end);
    if (Manages(3500, kDeal, lead, again.day)) {
      Sign(lead, end, false);
    } else {
      Lose(lead, end, false);
    }
  }

  // A lead whose consultant leaves goes to the next at the desk; a customer stays with the desk, too.
  void HandOver(const Lead& lead) {
    const Desk& desk = store_.desks[lead.desk];
    if (!desk.second || lead.began.day >= desk.change) return;
    constexpr int kSecondTracking = 35;
    if (lead.lost && lead.lost->day + kSecondTracking < desk.change) return;
    Put({desk.change, kOpen}, "assigned", lead);
  }

  // ---- The work of a day, a week, a month ----

  void TellDay(Day day) {
    const int week = UnitOf(day, Grain::kWeek);
    on_duty_.clear();
    for (size_t i = 0; i < store_.desks.size(); ++i) {
      // Two days off in the working week; nobody is off at the weekend.
      const int off = (static_cast<int>(i) + week) % 5;
      if (Weekday(day) == off || Weekday(day) == (off + 2) % 5) continue;
      const StaffId id = store_.desks[i].At(day).id;
      Put({day, kOpen}, "shift_scheduled", id);
      if (!rng_.Chance(Odds(9650, kDiscipline, store_.desks[i].At(day)))) continue;
      Put({day, kOpen}, "shift_attended", id);
      on_duty_.push_back(i);
    }
    if (on_duty_.empty()) on_duty_.push_back(0);
    const StaffId someone = store_.desks[on_duty_[static_cast<size_t>(day.value) % on_duty_.size()]].At(day).id;
    if (Weekday(day) == 2 || Weekday(day) == 5) {
      Put({day, kOpen + 1800}, "check_5s", someone,
          rng_.Chance(store_.number % 4 == 2 ? 1600 : 700) ? "penalty" : "ok");
    }
    // The workshop's day in one entry.
    const int orders = rng_.Range(5, 14) * store_.size / 1000;
    const int64_t cost = int64_t{orders} * rng_.Range(330, 470) * 100;
    Put({day, kClose}, "service", StaffId(), {}, orders).amount = cost;
    Put({day, kClose}, "service_callback_ontime", StaffId(), {}, rng_.Of(orders, 8700 + store_.skills[kCare]));
    books_[static_cast<size_t>(MonthIndex(day))].service += cost * 18 / 10;
    if (InCampaign(day)) TellCampaignDay(day);
  }

  void TellCampaignDay(Day day) {
    for (const size_t desk : on_duty_) {
      const Person& person = store_.desks[desk].At(day);
      const int invited = rng_.Range(4, 9);
      ledger::NewEntry& invitation = Put(During(day - rng_.Range(2, 6)), "campaign_invited", person.id, {}, invited);
      Set(invitation, Dim::kCampaign, campaign_.name);
      const int came = rng_.Of(invited, Odds(4600, kCare, person));
      if (came > 0) Set(Put(During(day), "campaign_attended", person.id, {}, came), Dim::kCampaign, campaign_.name);
    }
  }

  void EndWeek(Day day) {
    for (const Desk& desk : store_.desks) {
      const Person& person = desk.At(day);
      const auto odds = [&](int basis_points) { return Odds(basis_points, kDiscipline, person); };
      const auto done = [&](std::string_view due, std::string_view did, std::string_view reason, int count,
                            int chance) {
        Put({day, kOpen + 3600}, due, person.id, reason, count);
        const int kept = rng_.Of(count, odds(chance));
        if (kept > 0) Put({day, kClose - 600}, did, person.id, reason, kept);
      };
      done("sheet_due", "sheet", "day", 5, 9000);
      done("sheet_due", "sheet", "week", 1, 8800);
      done("task_due", "task_done", {}, rng_.Range(2, 5), 8600);
      Put({day, kOpen + 900}, "check_uniform", person.id, rng_.Chance(odds(9400)) ? "ok" : "fault");
    }
  }

  // The state of affairs when the history begins.
  void Begin() {
    const Day day = period_.from;
    const Moment morning{day, kOpen};
    for (const Desk& desk : store_.desks) {
      Put(morning, "headcount", desk.first.id);
      if (rng_.Chance(8500)) Put(morning, "qualified", desk.first.id);
      if (desk.second) {
        Put({desk.change - 1, kClose}, "headcount", desk.first.id).quantity = -1000;
        Put({desk.change - 1, kClose}, "leaver", desk.first.id, desk.regretted ? "regretted" : "other");
        Put({desk.change, kOpen}, "headcount", desk.second->id);
        if (rng_.Chance(5000)) Put(During(desk.change + 60), "qualified", desk.second->id);
      }
      if (desk.next_team) {
        Put({desk.moved - 1, kClose}, "headcount", desk.At(desk.moved).id).quantity = -1000;
        Put({desk.moved, kOpen}, "headcount", desk.At(desk.moved).id);
      }
    }
    const int customers = store_.size * rng_.Range(50, 70) / 100;
    owners_ = customers;
    Reading(day, "cust_cnt", customers, 0);
    Reading(day, "loyal_cnt", customers * 18 / 100, 0);
    Reading(day, "multi_cust_cnt", customers * 9 / 100, 0);
    Reading(day, "member_cnt", customers * 30 / 100, 0);
    Reading(day, "market_potential", int64_t{store_.size} * rng_.Range(28, 36), 0);
    for (const std::string_view channel :
         {"direct", "distribution", "agency", "e_commerce", "social_media", "live_stream"}) {
      Reading(day, "chan_head_cnt", channel == "direct" ? static_cast<int64_t>(store_.desks.size()) : rng_.Range(1, 3),
              0, Dim::kChannel, channel);
    }
    for (size_t i = 0; i < kCars.size(); ++i) {
      const int planned = i == kLaunchedCar ? 1 : 2;
      const int stocked = i % 3 == 2 ? 1 : planned;
      Set(Put(morning, "outlet_planned", StaffId(), {}, planned), Dim::kModel, kCars[i].name);
      Set(Put(morning, "outlet_stocked", StaffId(), {}, stocked), Dim::kModel, kCars[i].name);
    }
    Put(morning, "outlet", StaffId(), {}, 2);
    Put(morning, "area_target", StaffId(), {}, 6);
    Put(morning, "area_covered", StaffId(), {}, rng_.Range(3, 5));
    Put(morning, "credit_limit", StaffId()).amount = 2'000'000'000;
    credit_used_ = 1'100'000'000;
    Put(morning, "credit_used", StaffId()).amount = credit_used_;
    for (int i = 0; i < 4; ++i) Put(morning, "risk", StaffId(), {}, rng_.Range(2, 9));
    Restock(day);
  }

  // Fills the yard up again, to somewhat more than a month sells.
  void Restock(Day day) {
    for (size_t i = 0; i < kCars.size(); ++i) {
      if (i == kLaunchedCar && day < network_.launch) continue;
      const int64_t usual = 2 + network_.leads_month * kCars[i].weight / 450'000;
      const int64_t pieces = usual + rng_.Range(0, 2) - in_stock_[i];
      if (pieces <= 0) continue;
      in_stock_[i] += pieces;
      StockIn(day, i, pieces);
    }
  }
  void StockIn(Day day, size_t car, int64_t pieces) {
    ledger::NewEntry& entry = Put({day, kOpen}, "stock", StaffId(), {}, pieces);
    entry.amount = pieces * kCars[car].price_fen * 88 / 100;
    Set(entry, Dim::kModel, kCars[car].name);
  }

  void BeginMonth(Day day) {
    const YearMonthDay date = Civil(day);
    const Day first = *FromCivil(date.year, date.month, 1);
    // The campaign is on the second or third weekend.
    Day saturday = first;
    while (Weekday(saturday) != 5) saturday = saturday + 1;
    saturday = saturday + (rng_.Chance(5000) ? 7 : 14);
    campaign_ = {UnitLabel(UnitOf(day, Grain::kMonth), Grain::kMonth) + " " +
                     std::string(kCampaigns[static_cast<size_t>(date.month - 1)]),
                 saturday, saturday + 1};
    const auto of_campaign = [&](ledger::NewEntry& entry) -> ledger::NewEntry& {
      Set(entry, Dim::kCampaign, campaign_.name);
      return entry;
    };
    const int64_t expected = ExpectedOn(saturday) + ExpectedOn(saturday + 1);
    const auto goal = std::max(static_cast<int>(expected * rng_.Range(48, 62) / 100'000), 1);
    of_campaign(Put(During(first + 2), "campaign_target", StaffId(), {}, goal));
    const auto spend = [&](Day day_of, std::string_view channel, int yuan_low, int yuan_high) {
      ledger::NewEntry& entry = of_campaign(Put(During(day_of), "promo_spend", StaffId()));
      entry.amount = int64_t{goal} * rng_.Range(yuan_low, yuan_high) * 100;
      Set(entry, Dim::kChannel, channel);
    };
    spend(first + 4, "social_media", 250, 420);
    spend(saturday, "direct", 330, 560);
    const int plan = rng_.Range(600, 1200);
    const int reached = plan * rng_.Range(58, 92) / 100;
    const int shown = rng_.Range(20'000, 60'000);
    const int clicked = shown * rng_.Range(12, 30) / 1000;
    const int converted = clicked * rng_.Range(15, 45) / 1000;
    const Moment evening{saturday, kClose};
    of_campaign(Put(During(first + 4), "reach_planned", StaffId(), {}, plan));
    of_campaign(Put(evening, "reached", StaffId(), {}, reached));
    of_campaign(Put(evening, "ad_shown", StaffId(), {}, shown));
    of_campaign(Put(evening, "ad_clicked", StaffId(), {}, clicked));
    of_campaign(Put(evening, "ad_converted", StaffId(), {}, converted));
    Train(first + rng_.Range(7, 20));
  }

  void Train(Day day) {
    while (IsWeekend(day)) day = day + 1;
    const Moment class_begins{day, kOpen + 1800};
    const Moment class_ends{day, kOpen + 3 * 3600};
    const int hours = rng_.Range(2, 3);
    Put(class_begins, "training", StaffId());
    for (const Desk& desk : store_.desks) {
      const Person& person = desk.At(day);
      const StaffId id = person.id;
      Put(class_begins, "training_scheduled", id);
      if (!rng_.Chance(Odds(9200, kDiscipline, person))) continue;
      Put(class_begins, "training_attended", id).amount = hours * 100;
      const int before = rng_.Range(48, 74);
      Put(class_begins, "training_test", id, "pre").amount = before * 100;
      Put(class_ends, "training_test", id, "post").amount = (before + (100 - before) * rng_.Range(30, 75) / 100) * 100;
      if (rng_.Chance(5500)) Put(class_ends, "training_interaction", id, {}, rng_.Range(1, 3));
      Put({day + 7, kOpen}, "homework_due", id);
      if (rng_.Chance(Odds(8500, kDiscipline, person))) Put({day + 7, kOpen + 3600}, "homework_done", id);
    }
  }

  void EndMonth(Day day) {
    const bool quarter_ends = Civil(day).month % 3 == 0;
    for (const Desk& desk : store_.desks) Appraise(desk.At(day), day, quarter_ends);
    const Moment evening{day, kClose - 1200};
    const StaffId house;

    Rate(evening, house, "ssi", 82, 96);
    for (const std::string_view theme :
         {"new_product_vitality", "public_relations", "market_research", "after_sales", "team_building", "perf_mgmt"}) {
      const int due = rng_.Range(1, 3);
      Put({day, kOpen}, "task_due", house, theme, due);
      if (const int done = rng_.Of(due, 8300); done > 0) Put(evening, "task_done", house, theme, done);
    }
    const int reviewed = rng_.Range(8, 16);
    const int bad = rng_.Of(reviewed, 500);
    Put(evening, "contract_review", house, "ok", reviewed - bad);
    if (bad > 0) Put(evening, "contract_review", house, "bad", bad);
    const int counted = rng_.Range(25, 40);
    const int differs = rng_.Of(counted, 300);
    Put(evening, "stocktake", house, "match", counted - differs);
    if (differs > 0) Put(evening, "stocktake", house, "differs", differs);
    // Of those who were customers before the history began.
    const int churned = rng_.Of(owners_, 70);
    owners_ -= churned;
    if (churned > 0) Put(evening, "churned", house, {}, churned);
    Put(evening, "engaged", house, {}, owners_ * rng_.Range(4, 9) / 100);
    const int slow = std::clamp(slow_ + rng_.Range(-2, 2), 0, 5);
    if (slow != slow_) Put(evening, "slow_stock", house, {}, slow - slow_).amount = int64_t{slow - slow_} * 13'000'000;
    slow_ = slow;
    const int64_t credit =
        std::clamp<int64_t>(credit_used_ + int64_t{rng_.Range(-200, 220)} * 1'000'000, 700'000'000, 1'900'000'000);
    Put(evening, "credit_used", house).amount = credit - credit_used_;
    credit_used_ = credit;
    if (quarter_ends) {
      for (const std::string_view item :
           {"brand", "hr_system", "internal_customer", "industry_influence", "public_responsibility"}) {
        Rate(evening, house, item, 72, 92);
      }
      for (const std::string_view type : kTypes) {
        ledger::NewEntry& entry = Put(evening, "rating", house, "customer_value");
        entry.amount = int64_t{rng_.Range(60, 90)} * 100;
        Set(entry, Dim::kCustomerType, type);
      }
      for (const std::string_view channel : {"distribution", "agency", "e_commerce", "social_media", "live_stream"}) {
        ledger::NewEntry& entry = Put(evening, "rating", house, "channel");
        entry.amount = int64_t{rng_.Range(68, 92)} * 100;
        Set(entry, Dim::kChannel, channel);
      }
      const int risk = rng_.Range(-3, 3);
      if (risk != 0) Put(evening, "risk", house, {}, risk);
      if (rng_.Chance(3500)) Put(evening, "innovation", house);
    }
    if (Civil(day).month == 12) Put(evening, "rating", house, "shareholder_return").amount = rng_.Range(600, 1100);

    Report(day, quarter_ends);
    for (size_t i = 0; i < kCars.size(); ++i) in_stock_[i] -= books_[static_cast<size_t>(MonthIndex(day))].units[i];
    Restock(day + 1);
  }

  void Appraise(const Person& person, Day day, bool quarter_ends) {
    const Moment evening{day, kClose - 1800};
    const StaffId id = person.id;
    const auto share = [&](int count, int odds) { return rng_.Of(count, Odds(odds, kDiscipline, person)); };
    Put({day, kOpen}, "sheet_due", id, "month");
    if (share(1, 9200) > 0) Put(evening, "sheet", id, "month");
    const int goal = rng_.Range(4, 8);
    const int achieved = rng_.Of(goal + 1, Odds(7600, kDeal, person));
    Put(evening, "task_goal", id, {}, goal);
    Put(evening, "task_result", id, {}, achieved);
    const int calls = rng_.Range(5, 10);
    const int called = share(calls, 8400);
    const int in_time = rng_.Of(called, 9000);
    Put({day, kOpen}, "callback_due", id, "care", calls);
    if (called > 0) Put(evening, "callback", id, "care", called);
    if (in_time > 0) Put(evening, "callback_ontime", id, "care", in_time);
    Rate(evening, id, "attitude", 70, 98);
    Rate(evening, id, "proficiency", 66, 96);
    if (rng_.Chance(4000)) Put(evening, "contribution", id, {}, rng_.Range(1, 5));
    if (rng_.Chance(2500)) Put(evening, "coaching", id).amount = rng_.Range(1, 6) * 50;
    if (!quarter_ends) return;
    for (const std::string_view item :
         {"initiative", "teamwork", "cross_department", "communication", "product_knowledge", "cohesion",
          "staff_satisfaction", "staff_recognition", "management_development", "staff_performance", "rater_superior",
          "rater_peer", "rater_subordinate", "rater_self", "rater_customer"}) {
      Rate(evening, id, item, 68, 96);
    }
  }

  // What finance and the market reports add at the end of a month.
  void Report(Day day, bool quarter_ends) {
    const Books& books = books_[static_cast<size_t>(MonthIndex(day))];
    const auto part = [&](int64_t fen, int low, int high) { return fen / 1000 * rng_.Range(low, high); };
    const int64_t revenue = books.invoiced + books.value_added + books.service;
    const int64_t gross = part(books.invoiced, 58, 72) + books.value_added * 45 / 100 + books.service * 44 / 100;
    const int64_t net = part(gross, 160, 300);
    const int64_t cost = revenue - net;
    // The workshop's customers are the house's already.
    const int64_t from_service = books.service * 44 / 100;
    const int64_t repeated = books.invoiced == 0 ? 0 : books.existing * 1000 / books.invoiced;  // permille
    const int64_t from_existing = from_service + (gross - from_service) / 1000 * repeated;
    Reading(day, "revenue_amt", 0, revenue);
    Reading(day, "gross_profit_amt", 0, gross);
    Reading(day, "net_profit_amt", 0, net);
    Reading(day, "cost_amt", 0, cost);
    Reading(day, "op_cash_in", 0, part(revenue, 930, 1040));
    Reading(day, "op_cash_out", 0, part(cost, 920, 1030));
    Reading(day, "profit_existing_amt", 0, from_existing);
    Reading(day, "profit_new_amt", 0, gross - from_existing);
    Reading(day, "profit_loyal_amt", 0, part(from_existing, 480, 640));
    Reading(day, "multi_sales_amt", 0, part(books.invoiced, 110, 170));
    Reading(day, "keep_cost_amt", 0, part(revenue, 3, 6));
    Reading(day, "acquire_cost_amt", 0, part(revenue, 9, 14));
    Reading(day, "stock_cost_amt", 0, part(revenue, 4, 7));
    Reading(day, "new_rev_amt", 0, books.recent);
    for (const std::string_view channel : {"distribution", "agency", "e_commerce", "social_media", "live_stream"}) {
      Reading(day, "chan_cost", 0, int64_t{rng_.Range(3'000, 16'000)} * 100, Dim::kChannel, channel);
    }
    if (quarter_ends || MonthIndex(day) == 0) {
      Reading(day, "assets_amt", 0, int64_t{rng_.Range(4'200, 4'900)} * 1'000'000);
      Reading(day, "equity_amt", 0, int64_t{rng_.Range(1'500, 1'800)} * 1'000'000);
      Reading(day, "working_capital_amt", 0, int64_t{rng_.Range(900, 1'200)} * 1'000'000);
    }
    // The town buys some twenty times as many cars as one dealer sells; the market knows seasons, too.
    int64_t season = 0;
    const int days = DaysInMonth(Civil(day).year, Civil(day).month);
    const Day first = day - (Civil(day).day - 1);
    for (Day each = first; each <= day; each = each + 1) season += TrafficPermille(each);
    for (const Car& car : kCars) {
      const int64_t units = season * car.weight * store_.size * rng_.Range(380, 460) / days / 100 / 1'000'000;
      Reading(day, "market_units", units, 0, Dim::kModel, car.name);
      Reading(day, "market_amt", 0, units * car.price_fen * 95 / 100, Dim::kModel, car.name);
    }
  }

  const Period period_;
  const Network& network_;
  const Store& store_;
  MemberBook& members_;
  Rng rng_;
  std::unordered_map<std::string_view, int> events_;
  std::vector<int64_t> midnight_;  // of each day of the period
  Diary diary_;
  Planned nowhere_;
  std::vector<Books> books_;     // by month
  Campaign campaign_;            // of the month
  std::vector<size_t> on_duty_;  // desks, today
  size_t grade_ = 0;             // of the lead being told: high, medium, low
  int counted_month_ = 0;
  int counted_ = 0;  // leads of the month
  int64_t leads_ = 0;
  int contracts_ = 0;
  int owners_ = 0;                                // customers from before the history
  std::array<int64_t, kCars.size()> in_stock_{};  // at the end of the month before
  int slow_ = 0;                                  // pieces that stand too long
  int64_t credit_used_ = 0;
};

// ---- Booking ----

using Standing = std::map<int, std::vector<int64_t>>;  // contract → seqs of its entries

// Books the days of a diary from `from` to `to` in one transaction, each as recorded on its evening.
Status BookDays(System& system, const Store& store, const Zone& zone, const Diary& diary, Day begin, const Period& days,
                const MemberBook& members, Standing& standing, int64_t& entries) {
  struct Booked {
    Standing standing;
    int64_t entries = 0;
  };
  ASSIGN_OR_RETURN(Booked booked, system.database().Write<Booked>([&](db::Connection& connection) -> Result<Booked> {
    Booked done{standing, 0};
    std::vector<ledger::NewEntry> batch;
    for (Day day = days.from; day <= days.to; day = day + 1) {
      const DiaryDay& page = diary[static_cast<size_t>(day - begin)];
      batch.clear();
      for (const Planned& planned : page.entries) {
        ledger::NewEntry& entry = batch.emplace_back(planned.entry);
        for (int64_t& member : entry.members) member = members.Id(member);
      }
      const ledger::Recorder recorder{"demo", zone.At(day, (kClose + 3600) * 1000), BatchId()};
      if (!batch.empty()) {
        const int64_t first = ledger::Append(connection, system.catalog(), store.id, batch, recorder,
                                             {ledger::Keys::kNow, ledger::kTogetherFrom});
        for (size_t i = 0; i < page.entries.size(); ++i) {
          const int contract = page.entries[i].contract;
          if (contract != 0) done.standing[contract].push_back(first + static_cast<int64_t>(i));
        }
        done.entries += static_cast<int64_t>(batch.size());
      }
      for (const int contract : page.cancelled) {
        const std::vector<int64_t>& seqs = done.standing[contract];
        RETURN_IF_ERROR(ledger::Reverse(connection, store.id, seqs, "客户退订", recorder));
        done.entries += static_cast<int64_t>(seqs.size());
      }
    }
    return done;
  }));
  standing = std::move(booked.standing);
  entries += booked.entries;
  return {};
}

Status Check(const DemoOptions& options) {
  const auto within = [](std::string_view name, int64_t value, int64_t low, int64_t high) -> Status {
    if (value >= low && value <= high) return {};
    return Error("demo_bad_option").With("option", name).With("value", value).With("low", low).With("high", high);
  };
  RETURN_IF_ERROR(within("dealers", options.dealers, 1, 2000));
  RETURN_IF_ERROR(within("regions", options.regions, 1, std::min(99, options.dealers)));
  RETURN_IF_ERROR(within("teams", options.teams, 1, 20));
  RETURN_IF_ERROR(within("consultants", options.consultants, 1, 50));
  RETURN_IF_ERROR(within("months", options.months, 1, 240));
  const bool told = options.until >= *FromCivil(2000, 1, 1) && options.until <= *FromCivil(2100, 12, 31);
  if (!told) {
    return Error("demo_bad_option")
        .With("option", "until")
        .With("value", FormatDay(options.until))
        .With("low", "2000-01-01")
        .With("high", "2100-12-31");
  }
  if (!(options.scale > 0 && options.scale <= 20)) {
    return Error("demo_bad_option")
        .With("option", "scale")
        .With("value", options.scale)
        .With("low", 0)
        .With("high", 20);
  }
  return {};
}

}  // namespace

Result<DemoSummary> LoadDemo(System& system, const DemoOptions& options, const DemoProgress& progress) {
  RETURN_IF_ERROR(Check(options));
  db::Database& database = system.database();
  ledger::DatabaseSource ledger(database, system.catalog());
  ASSIGN_OR_RETURN(const auto heads, ledger.Heads());
  for (const ledger::Head& head : *heads) {
    if (head.head > 0) return Error("demo_not_empty");
  }
  ASSIGN_OR_RETURN(const Zone zone, Zone::Find(org::kDefaultTimeZone));

  const Network plan = PlanNetwork(options);
  ASSIGN_OR_RETURN(const Network network, database.Write<Network>([&](db::Connection& connection) -> Result<Network> {
    Network founded = plan;
    RETURN_IF_ERROR(Found(connection, options, founded));
    return founded;
  }));

  DemoSummary summary;
  summary.regions = options.regions;
  summary.dealers = options.dealers;
  summary.teams = options.dealers * options.teams;
  summary.period = network.period;
  MemberBook members;
  int64_t done = 0;
  for (const Store& store : network.stores) {
    for (const Desk& desk : store.desks) summary.staff += desk.second ? 2 : 1;
    if (store.poor_capture) summary.poor_capture = store.code;
    if (store.poor_test_drive) summary.poor_test_drive = store.code;
    Storyteller storyteller(network, store, zone, system.catalog().events(), members);
    const Diary diary = storyteller.Tell();
    summary.leads += storyteller.leads();
    RETURN_IF_ERROR(members.Book(database));
    Standing standing;
    for (Day day = network.period.from; day <= network.period.to;) {
      const Day last = std::min(AddMonths(day, 1) - 1, network.period.to);
      RETURN_IF_ERROR(
          BookDays(system, store, zone, diary, network.period.from, {day, last}, members, standing, summary.entries));
      if (progress) progress(++done, int64_t{options.dealers} * options.months);
      day = last + 1;
    }
  }
  return summary;
}

}  // namespace dealpace::app
