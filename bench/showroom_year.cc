#include "bench/showroom_year.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

namespace dealpace::bench {
namespace {

constexpr YearScale kScales[] = {
    {"S", 1, 1, 0xf626370d39455081},
    {"M", 10, 10, 0xdec77ffd99963d06},
    {"L", 25, 20, 0x700533c885f0899e},
};

constexpr int kDays = 365;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kYearSeconds = kDays * kDaySeconds;
constexpr int kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
constexpr int kFirstWeekday = 2;  // 2025-01-01 is a Wednesday; 0: Monday

// Shares add up in steps of 1/10000; `Pick` draws a position.
using Shares = std::vector<uint32_t>;
const Shares kSources = {3800, 5600, 6900, 8200, 10000};
const Shares kModels = {2200, 4000, 5500, 6700, 7800, 8700, 9400, 10000};
const Shares kLostReasons = {2600, 4500, 6000, 7200, 8200, 9000, 9600, 10000};

constexpr uint32_t kMonthSeason[] = {900, 720, 980, 960, 1020, 960, 900, 940, 1120, 1060, 1140, 1300};  // 1/1000
constexpr uint32_t kCaptureBySource[] = {7000, 5400, 8300, 4800, 4500};                                 // 1/10000
constexpr int kLaterBySource[] = {300, -400, 2200, -1500, -1000};
constexpr uint32_t kListPrice[] = {89'800, 109'800, 129'800, 149'800, 179'800, 219'800, 269'800, 329'800};
constexpr uint64_t kLeadsPerYear = 20'000;  // of a dealer of size 1000

// splitmix64
class Dice {
 public:
  explicit Dice(uint64_t state) : state_(state) {}

  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }
  uint32_t Between(uint32_t low, uint32_t high) { return low + Below(high - low + 1); }
  bool Chance(uint32_t of_10000) { return Below(10'000) < of_10000; }
  size_t Pick(const Shares& shares) {
    const uint32_t drawn = Below(10'000);
    size_t at = 0;
    while (drawn >= shares[at]) ++at;
    return at;
  }
  // Days and seconds into a day, drawn in this order.
  int64_t DaysAndSeconds(uint32_t from_day, uint32_t to_day, uint32_t seconds_max) {
    const int64_t days = Between(from_day, to_day);
    return days * kDaySeconds + Between(0, seconds_max);
  }

 private:
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }
  uint64_t state_;
};

// A chance moved by what the dealer, the consultant or the source is better or worse at, within 1.5 % and 98 %.
uint32_t Moved(uint32_t chance, int by) {
  return static_cast<uint32_t>(std::clamp<int64_t>(int64_t{chance} * (10'000 + by) / 10'000, 150, 9'800));
}

struct Trait {
  int skill = 0;
  uint32_t size = 0;
  std::array<int, kConsultantsPerDealer> consultants{};
};

class Maker {
 public:
  Maker(const YearScale& scale, uint64_t seed) : seed_(seed) {
    year_.scale = scale;
    const auto dealers = static_cast<size_t>(scale.dealers());
    year_.leads.reserve(dealers * 21'000);
    year_.events.reserve(dealers * 104'000);
    for (size_t d = 1; d <= dealers; ++d) {
      Dice dice(seed * 1'000'003 + d);
      Trait trait;
      trait.skill = static_cast<int>(dice.Below(2401)) - 1200;
      trait.size = dealers == 1 ? 1000 : dice.Between(600, 1400);
      year_.targets.push_back(trait.size * dice.Between(150, 260) / 1000);
      for (int& consultant : trait.consultants) {
        consultant = static_cast<int>(dice.Below(2501)) - 2500;
        consultant += static_cast<int>(dice.Below(2501));
      }
      traits_.push_back(trait);
    }
  }

  Year Make() && {
    int day = 0;
    for (size_t month = 0; month < std::size(kMonthDays); ++month) {
      for (int i = 0; i < kMonthDays[month]; ++i, ++day) {
        for (size_t dealer = 0; dealer < traits_.size(); ++dealer) MakeDay(day, month, dealer);
      }
    }
    std::sort(year_.events.begin(), year_.events.end(), [](const YearEvent& a, const YearEvent& b) {
      if (a.second != b.second) return a.second < b.second;
      return a.lead != b.lead ? a.lead < b.lead : a.stage < b.stage;
    });
    return std::move(year_);
  }

 private:
  void MakeDay(int day, size_t month, size_t dealer) {
    Dice dice((seed_ ^ 0xD1CE) * 7919 + static_cast<uint64_t>(day) * 100'003 + (dealer + 1) * 0x5851F42D4C957F2D);
    const bool weekend = (day + kFirstWeekday) % 7 >= 5;
    uint64_t thousandths = kLeadsPerYear * 1000 / kDays * traits_[dealer].size / 1000;
    thousandths = thousandths * kMonthSeason[month] / 1000 * (weekend ? 1500 : 800) / 1000;
    thousandths = thousandths * dice.Between(800, 1200) / 1000;
    const uint64_t arrivals = thousandths / 1000 + (dice.Below(1000) < thousandths % 1000 ? 1 : 0);
    for (uint64_t i = 0; i < arrivals; ++i) MakeLead(dice, day, dealer);
  }

  void Put(int64_t second, Stage stage, uint32_t amount = 0, size_t reason = 0) {
    if (second >= kYearSeconds) return;
    year_.events.push_back({static_cast<uint32_t>(second), static_cast<uint32_t>(year_.leads.size() - 1), amount, stage,
                            static_cast<uint8_t>(reason)});
  }

  void MakeLead(Dice& dice, int day, size_t dealer) {
    const uint32_t consultant = dice.Below(kConsultantsPerDealer);
    const size_t source = dice.Pick(kSources);
    const size_t model = dice.Pick(kModels);
    const uint32_t type = dice.Below(100);
    year_.leads.push_back({static_cast<uint32_t>(dealer) * kConsultantsPerDealer + consultant + 1,
                           static_cast<uint8_t>(source + 1), static_cast<uint8_t>(model + 1),
                           static_cast<uint8_t>(type < 70   ? 1
                                                : type < 88 ? 2
                                                            : 3)});
    const int own = traits_[dealer].consultants[consultant];
    const int early = traits_[dealer].skill + own;
    const int later = early + kLaterBySource[source];

    int64_t at = day * kDaySeconds + dice.Between(9 * 3600, 20 * 3600 + 1800);
    Put(at, Stage::kContact);
    if (!dice.Chance(Moved(kCaptureBySource[source], early))) return;
    at += dice.Between(120, 1800);
    const int64_t captured = at;
    Put(at, Stage::kCaptured);

    // How far the lead will come is drawn first, then when.
    const bool needs = dice.Chance(8300);
    const bool presented = needs && dice.Chance(8700);
    const bool test_drive = presented && dice.Chance(Moved(5600, later));
    const bool quote = presented && dice.Chance(Moved(test_drive ? 7800 : 5200, later));
    const bool order = quote && dice.Chance(Moved(test_drive ? 4600 : 2400, later));
    const bool same_visit = order && dice.Chance(1200);
    if (needs) Put(at += dice.Between(180, 1200), Stage::kNeeds);
    if (presented) Put(at += dice.Between(300, 1800), Stage::kPresented);
    if (test_drive) {
      at += dice.Chance(6000) ? dice.Between(600, 2400) : dice.DaysAndSeconds(1, 6, 7200);
      Put(at, Stage::kTestDrive);
    }
    const uint32_t price = kListPrice[model] + 500 * dice.Below(60);
    if (quote) Put(at += dice.Between(600, 3600), Stage::kQuote, price);
    if (!same_visit) MakeFollowUps(dice, captured, own);
    if (order) {
      at += same_visit ? dice.Between(600, 5400) : dice.DaysAndSeconds(1, 20, 14'400);
      Put(at, Stage::kOrder, price / 100 * dice.Between(91, 100));
      MakeDelivery(dice, at, own);
    } else if (dice.Chance(7600)) {
      const size_t reason = dice.Pick(kLostReasons) + 1;
      Put(at + dice.DaysAndSeconds(3, 60, 14'400), Stage::kLost, 0, reason);
    }
  }

  // Up to three, each after the one before.
  void MakeFollowUps(Dice& dice, int64_t captured, int own) {
    int64_t at = captured;
    for (int i = 0; i < 3; ++i) {
      if (!dice.Chance(i == 0 ? Moved(8000, own) : 4800)) return;
      const bool in_time = dice.Chance(Moved(7000, own * 2));
      at += in_time ? dice.Between(4 * 3600, 86'399) : dice.Between(86'400, 6 * 86'400);
      Put(at, Stage::kFollowUp);
    }
  }

  void MakeDelivery(Dice& dice, int64_t ordered, int own) {
    if (!dice.Chance(9500)) return;
    const int64_t at = ordered + dice.DaysAndSeconds(3, 40, 14'400);
    Put(at, Stage::kDelivered);
    if (dice.Chance(Moved(8800, own))) Put(at + dice.Between(18 * 3600, 30 * 3600), Stage::kCallback24h);
    if (dice.Chance(Moved(8000, own))) Put(at + dice.Between(66 * 3600, 80 * 3600), Stage::kCallback3d);
    if (dice.Chance(Moved(7200, own))) Put(at + dice.Between(160 * 3600, 180 * 3600), Stage::kCallback7d);
  }

  uint64_t seed_;
  std::vector<Trait> traits_;
  Year year_;
};

// A file that is hashed as it is written.
class HashedFile {
 public:
  explicit HashedFile(const std::string& path) : out_(path, std::ios::binary) { buffer_.reserve(kPiece + 256); }

  void Number(uint64_t value) { buffer_ += std::to_string(value); }
  void Text(std::string_view text) { buffer_ += text; }
  void TwoDigits(uint32_t value) {
    buffer_ += static_cast<char>('0' + value / 10);
    buffer_ += static_cast<char>('0' + value % 10);
  }
  void EndLine() {
    buffer_ += '\n';
    if (buffer_.size() >= kPiece) Flush();
  }
  YearFiles Close() {
    Flush();
    out_.close();
    if (!out_) throw std::runtime_error("events.csv could not be written");
    return files_;
  }

 private:
  static constexpr size_t kPiece = 1 << 20;
  void Flush() {
    for (const char c : buffer_) files_.fnv1a = (files_.fnv1a ^ static_cast<uint8_t>(c)) * 1'099'511'628'211;
    files_.bytes += buffer_.size();
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }
  std::ofstream out_;
  std::string buffer_;
  YearFiles files_{0, 1'469'598'103'934'665'603};
};

std::vector<std::string> DayTexts() {
  std::vector<std::string> texts;
  const auto two_digits = [](size_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  for (size_t month = 0; month < std::size(kMonthDays); ++month) {
    for (int day = 1; day <= kMonthDays[month]; ++day) {
      texts.push_back("2025-" + two_digits(month + 1) + "-" + two_digits(static_cast<size_t>(day)) + " ");
    }
  }
  return texts;
}

}  // namespace

std::optional<YearScale> FindScale(std::string_view name) {
  const auto* const it =
      std::find_if(std::begin(kScales), std::end(kScales), [&](const YearScale& scale) { return scale.name == name; });
  if (it == std::end(kScales)) return std::nullopt;
  return *it;
}

Year MakeYear(const YearScale& scale, uint64_t seed) { return Maker(scale, seed).Make(); }

YearFiles WriteYear(const Year& year, const std::string& folder) {
  const std::vector<std::string> days = DayTexts();
  HashedFile file(folder + "/events.csv");
  constexpr uint32_t kConsultantsPerTeam = kConsultantsPerDealer / kTeamsPerDealer;
  for (size_t i = 0; i < year.events.size(); ++i) {
    const YearEvent& event = year.events[i];
    const YearLead& lead = year.leads[event.lead];
    const uint32_t second = event.second % kDaySeconds;
    file.Number(i + 1);
    file.Text(",");
    file.Number(event.lead + 1);
    file.Text(",");
    file.Text(days[event.second / kDaySeconds]);
    file.TwoDigits(second / 3600);
    file.Text(":");
    file.TwoDigits(second / 60 % 60);
    file.Text(":");
    file.TwoDigits(second % 60);
    for (const uint64_t value :
         {static_cast<uint64_t>(lead.dealer()), uint64_t{(lead.consultant - 1) / kConsultantsPerTeam + 1},
          uint64_t{lead.consultant}, uint64_t{lead.source}, uint64_t{lead.model}, uint64_t{lead.customer_type},
          static_cast<uint64_t>(event.stage), uint64_t{event.amount}, uint64_t{event.reason}}) {
      file.Text(",");
      file.Number(value);
    }
    file.EndLine();
  }
  std::ofstream dealers(folder + "/dealers.csv", std::ios::binary);
  for (size_t d = 0; d < year.targets.size(); ++d) {
    dealers << d + 1 << ',' << d / static_cast<size_t>(year.scale.dealers_per_region) + 1 << ',' << year.targets[d]
            << '\n';
  }
  dealers.close();
  if (!dealers) throw std::runtime_error("dealers.csv could not be written");
  return file.Close();
}

}  // namespace dealpace::bench
