#include "tests/golden/runner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/money.h"
#include "base/text.h"
#include "base/zones.h"
#include "kpi/row_order.h"

namespace dealpace::golden {
namespace {

constexpr int kMinuteMs = 60'000;
constexpr std::string_view kDefaultDealer = "D1";
constexpr std::string_view kDefaultZone = "Asia/Shanghai";
constexpr std::string_view kUndefined = "—";
constexpr std::string_view kNotSet = "(none)";
constexpr std::string_view kIndent = "  ";

using Words = std::vector<std::string>;

// ---- Lines and words ----

// Where a comment begins: "#" at the start or after a blank, outside quotes.
size_t CommentAt(std::string_view line) {
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ')) return i;
  }
  return line.size();
}

std::string_view WithoutComment(std::string_view line) { return Trim(line.substr(0, CommentAt(line))); }

// Words between blanks; "two words" in quotes are one.
Words SplitWords(std::string_view text) {
  Words words;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    const bool quoted = text[i] == '"';
    const size_t end = std::min(text.size(), quoted ? text.find('"', i + 1) : text.find(' ', i));
    words.emplace_back(text.substr(i + (quoted ? 1 : 0), end - i - (quoted ? 1 : 0)));
    i = end + (quoted ? 1 : 0);
  }
  return words;
}

// A line as it is compared: no comment, one blank where there are several.
std::string Normal(std::string_view line) {
  std::string out;
  for (const std::string& word : Split(WithoutComment(line), ' ')) {
    if (word.empty()) continue;
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool SameLines(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  std::vector<std::string> left;
  for (const std::string& line : expected) {
    if (std::string text = Normal(line); !text.empty()) left.push_back(std::move(text));
  }
  std::vector<std::string> right;
  for (const std::string& line : actual) right.push_back(Normal(line));
  return left == right;
}

// ---- Figures as a person reads them ----

std::string WithoutTrailingZeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Plain(const std::optional<double>& value) {
  return value ? WithoutTrailingZeros(FormatRounded(*value, 3, false)) : std::string(kUndefined);
}

std::string Shown(const std::optional<double>& value, catalog::Unit unit, int percent_digits) {
  using catalog::Unit;
  if (!value) return std::string(kUndefined);
  switch (unit) {
    case Unit::kMoney: return FormatRounded(*value, 2);
    case Unit::kPercent: return FormatRounded(*value * 100, percent_digits) + " %";
    case Unit::kPercentPoints: return FormatRounded(*value * 100, percent_digits) + " pp";
    case Unit::kCount: return Plain(value);
    default: return WithoutTrailingZeros(FormatRounded(*value, 2, false));
  }
}

std::string ShownChange(const std::optional<double>& change, catalog::Unit unit, int percent_digits) {
  const catalog::Unit in = unit == catalog::Unit::kPercent ? catalog::Unit::kPercentPoints : unit;
  return (change && *change > 0 ? "+" : "") + Shown(change, in, percent_digits);
}

std::string PadLeft(const std::string& text, int width) {
  return std::string(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ') + text;
}
std::string PadRight(const std::string& text, int width) {
  return text + std::string(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
}

void AppendFigure(const kpi::Figure& figure, catalog::Unit unit, int percent_digits, Words& cells) {
  cells.push_back(Shown(figure.value, unit, percent_digits));
  cells.push_back(figure.ratio ? Plain(figure.num) + " / " + Plain(figure.den) : "");
}

// The lines that show an answer.
std::vector<std::string> Render(const kpi::Answer& answer, int percent_digits) {
  const size_t keys = answer.by.size();
  std::vector<Words> table;
  const auto add = [&](const Words& key_texts, const kpi::RowAnswer& row) {
    Words cells = key_texts;
    for (size_t c = 0; c < row.cells.size(); ++c) {
      const kpi::CellAnswer& cell = row.cells[c];
      const catalog::Unit unit = answer.columns[c].unit;
      AppendFigure(cell, unit, percent_digits, cells);
      if (cell.compared) {
        cells.emplace_back("vs");
        AppendFigure(cell.versus, unit, percent_digits, cells);
        cells.push_back(ShownChange(cell.change, unit, percent_digits));
      }
    }
    if (row.mature_share) cells.push_back("mature " + Shown(row.mature_share, catalog::Unit::kPercent, percent_digits));
    table.push_back(std::move(cells));
  };
  for (const kpi::RowAnswer& row : answer.rows) {
    Words key_texts;
    for (const auto& key : row.keys) key_texts.emplace_back(key.value_or(kNotSet));
    if (keys > 0) add(key_texts, row);
  }
  Words total_keys(keys);
  if (keys > 0) total_keys[0] = "total";
  if (keys > 0 && answer.row_count) total_keys[0] += " of " + std::to_string(*answer.row_count) + " rows";
  add(total_keys, answer.total);

  const bool compared = !answer.total.cells.empty() && answer.total.cells[0].compared;
  const size_t cells_per_column = compared ? 6 : 2;
  if (answer.columns.size() > 1) {
    Words header(keys);
    for (const kpi::Program::Column& column : answer.columns) {
      header.push_back(column.name);
      header.resize(header.size() + cells_per_column - 1);
    }
    table.insert(table.begin(), header);
  }
  std::vector<int> widths;
  for (const Words& row : table) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::vector<std::string> lines;
  for (const Words& row : table) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0) continue;
      line += kIndent;
      line += i < keys ? PadRight(row[i], widths[i]) : PadLeft(row[i], widths[i]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

// ---- Playing ----

class Player {
 public:
  Player(const std::string& path, std::string_view text, const catalog::Catalog& catalog, World& world)
      : path_(path), lines_(Split(text, '\n')), catalog_(catalog), world_(world) {}

  Played Run() {
    std::vector<std::string> out;
    while (at_ < lines_.size()) {
      const size_t first = at_;
      const std::string_view line = WithoutComment(lines_[at_]);
      if (line.empty()) {
        ++at_;
      } else if (lines_[at_].front() == ' ') {
        Fail(at_, "an indented line that belongs to nothing");
      } else {
        const Words words = SplitWords(line);
        const std::string& keyword = words.front();
        if (keyword == "now") {
          now_ = DayOf(at_, words.size() == 2 ? words[1] : "");
          ++at_;
        } else if (keyword == "digits") {
          percent_digits_ = std::atoi(words.size() == 2 ? words[1].c_str() : "0");
          ++at_;
        } else if (keyword == "org") {
          ++at_;
          Organisation();
        } else if (keyword == "events") {
          ++at_;
          Events(false);
        } else if (keyword == "readings") {
          ++at_;
          Events(true);
        } else if (keyword == "reverse") {
          Reversal(words);
          ++at_;
        } else if (keyword == "ask") {
          Ask(out);
          continue;
        } else {
          Fail(at_, "unknown keyword \"" + keyword + "\"");
        }
      }
      out.insert(out.end(), lines_.begin() + static_cast<long>(first), lines_.begin() + static_cast<long>(at_));
    }
    played_.path = path_;
    played_.text = Join(out, "\n");
    return std::move(played_);
  }

 private:
  struct Dealer {
    DealerId id;
    Zone zone;
  };
  struct Booked {
    std::string dealer;
    int64_t seq = 0;
    std::string staff;
    ledger::NewEntry content;
    bool reversed = false;
  };
  using Row = std::map<std::string, std::string, std::less<>>;  // cells that are filled in, by column

  [[noreturn]] void Fail(size_t line, const std::string& what) const {
    throw std::runtime_error(path_ + ":" + std::to_string(line + 1) + ": " + what);
  }

  // ---- Small readers ----

  [[nodiscard]] Day DayOf(size_t line, std::string_view text) const {
    const auto day = ParseDay(text);
    if (!day) Fail(line, "\"" + std::string(text) + "\" is not a day");
    return *day;
  }

  [[nodiscard]] int64_t UnitsOf(size_t line, std::string_view text, int64_t per_one) const {
    const auto number = ParseDecimal(text);
    const auto units = number ? ToUnits(*number, per_one) : std::nullopt;
    if (!units) Fail(line, "\"" + std::string(text) + "\" is not a number");
    return *units;
  }

  [[nodiscard]] int TimeOf(size_t line, std::string_view text) const {
    const auto instant = ParseInstant("1970-01-01T" + std::string(text));
    if (!instant) Fail(line, "\"" + std::string(text) + "\" is not a time of day");
    return static_cast<int>(instant->ms);
  }

  // The indented lines of a table under a header of column names; "-" and a missing cell are empty.
  std::vector<std::pair<size_t, Row>> Table(const std::set<std::string, std::less<>>& columns) {
    std::vector<std::pair<size_t, Row>> rows;
    Words header;
    for (; at_ < lines_.size() && lines_[at_].starts_with(' '); ++at_) {
      const Words words = SplitWords(WithoutComment(lines_[at_]));
      if (words.empty()) continue;
      if (header.empty()) {
        header = words;
        for (const std::string& column : header) {
          if (!columns.contains(column)) Fail(at_, "unknown column \"" + column + "\"");
        }
        continue;
      }
      if (words.size() > header.size()) Fail(at_, "more cells than columns");
      Row row;
      for (size_t i = 0; i < words.size(); ++i) {
        if (words[i] != "-") row[header[i]] = words[i];
      }
      rows.emplace_back(at_, std::move(row));
    }
    if (header.empty()) Fail(at_ - 1, "a table without a header");
    return rows;
  }

  static std::string_view Cell(const Row& row, std::string_view column, std::string_view otherwise = {}) {
    const auto it = row.find(column);
    return it == row.end() ? otherwise : std::string_view(it->second);
  }

  // ---- The organisation, made as it is named ----

  Dealer& DealerOf(size_t line, std::string_view code, std::string_view zone = {}) {
    if (code.empty()) code = first_dealer_.empty() ? kDefaultDealer : std::string_view(first_dealer_);
    const auto known = dealers_.find(code);
    if (known != dealers_.end()) return known->second;
    if (zone.empty()) zone = kDefaultZone;
    auto found = Zone::Find(zone);
    if (!found.ok()) Fail(line, "unknown time zone \"" + std::string(zone) + "\"");
    const DealerId id = world_.AddDealer(code, zone);
    if (first_dealer_.empty()) first_dealer_ = code;
    return dealers_.emplace(std::string(code), Dealer{id, *std::move(found)}).first->second;
  }
  [[nodiscard]] std::string DealerCode(const Row& row) const {
    return std::string(Cell(row, "dealer", first_dealer_.empty() ? kDefaultDealer : std::string_view(first_dealer_)));
  }

  StaffId StaffOf(DealerId dealer, std::string_view code) {
    auto& id = staff_[{dealer, std::string(code)}];
    if (!id.set()) id = world_.AddStaff(dealer, code);
    return id;
  }

  int64_t MemberOf(Dim dim, std::string_view code) {
    auto& id = members_[{dim, std::string(code)}];
    if (id == 0) id = world_.AddMember(dim, code);
    return id;
  }

  // Each row places what it names: a person in a team, else a dealer in a region, from a day on (always, without
  // one). A person without a team has left from that day.
  void Organisation() {
    const auto rows = Table({"from", "dealer", "region", "zone", "team", "staff"});
    world_.Transaction([&] {
      for (const auto& [line, row] : rows) {
        const bool is_person = row.contains("staff");
        const Dealer& dealer = DealerOf(line, Cell(row, "dealer"), Cell(row, "zone"));
        const bool dated = row.contains("from");
        const Day from = dated ? DayOf(line, Cell(row, "from")) : kFirstDay;
        if (is_person) {
          const StaffId staff = StaffOf(dealer.id, Cell(row, "staff"));
          if (row.contains("team")) {
            auto& team = teams_[{dealer.id, std::string(Cell(row, "team"))}];
            if (!team.set()) team = world_.AddTeam(dealer.id, Cell(row, "team"));
            world_.MoveStaff(dealer.id, staff, from, team);
          } else if (dated) {
            world_.MoveStaff(dealer.id, staff, from, TeamId());
          }
        }
        if (row.contains("region")) {
          auto& region = regions_[std::string(Cell(row, "region"))];
          if (!region.set()) region = world_.AddRegion(Cell(row, "region"));
          world_.MoveDealer(dealer.id, from, region);
        } else if (dated && !is_person) {
          world_.MoveDealer(dealer.id, from, RegionId());
        }
      }
    });
  }

  // ---- Entries ----

  void Events(bool readings) {
    std::set<std::string, std::less<>> columns = {"day", "time", "dealer", "staff", "recorded"};
    for (int m = 0; m < kMemberDimCount; ++m) columns.emplace(DimName(MemberDim(m)));
    for (const char* column : {"event", "count", "amount", "lead", "attempt"}) {
      if (!readings) columns.emplace(column);
    }
    for (const char* column : {"measure", "value"}) {
      if (readings) columns.emplace(column);
    }
    const auto rows = Table(columns);
    world_.Transaction([&] {
      for (const auto& [line, row] : rows) {
        ledger::NewEntry entry;
        if (readings) {
          ReadValue(line, row, entry);
        } else {
          ReadEvent(line, row, entry);
        }
        Book(line, row, entry);
      }
    });
  }

  void ReadValue(size_t line, const Row& row, ledger::NewEntry& entry) const {
    const int index = catalog_.FindMeasure(Cell(row, "measure"));
    if (index < 0) Fail(line, "unknown measure \"" + std::string(Cell(row, "measure")) + "\"");
    const catalog::Measure& measure = catalog_.measures()[static_cast<size_t>(index)];
    entry.event = measure.reading_event;
    entry.quantity = measure.sums_amount() ? 0 : UnitsOf(line, Cell(row, "value"), kQuantityOne);
    entry.amount = measure.sums_amount() ? UnitsOf(line, Cell(row, "value"), kFenPerYuan) : 0;
  }

  void ReadEvent(size_t line, const Row& row, ledger::NewEntry& entry) const {
    entry.event = catalog_.FindEvent(Cell(row, "event"));
    if (entry.event < 0) Fail(line, "unknown event \"" + std::string(Cell(row, "event")) + "\"");
    const catalog::Event& event = catalog_.events()[static_cast<size_t>(entry.event)];
    if (event.derived() || event.reading_of >= 0) Fail(line, event.id + " is never recorded");
    if (!event.amount && row.contains("amount")) Fail(line, event.id + " has no amount");
    if (const std::string_view reason = Cell(row, "reason");
        !reason.empty() && !event.reasons.empty() &&
        std::find(event.reasons.begin(), event.reasons.end(), reason) == event.reasons.end()) {
      Fail(line, event.id + " has no reason " + std::string(reason));
    }
    entry.quantity = UnitsOf(line, Cell(row, "count", "1"), kQuantityOne);
    entry.amount = UnitsOf(line, Cell(row, "amount", "0"), kFenPerYuan);
    entry.attempt = static_cast<int>(UnitsOf(line, Cell(row, "attempt", "1"), 1));
  }

  // A lead "a1..a20" stands for twenty leads, each with such an entry.
  Words LeadsOf(size_t line, std::string_view text) const {
    const size_t dots = text.find("..");
    if (dots == std::string_view::npos) return {std::string(text)};
    const auto parts = [&](std::string_view lead) {
      size_t digits = lead.size();
      while (digits > 0 && lead[digits - 1] >= '0' && lead[digits - 1] <= '9') --digits;
      if (digits == lead.size()) Fail(line, "a range of leads needs numbers at its ends");
      return std::pair(std::string(lead.substr(0, digits)), std::atoi(std::string(lead.substr(digits)).c_str()));
    };
    const auto [prefix, first] = parts(text.substr(0, dots));
    const auto [last_prefix, last] = parts(text.substr(dots + 2));
    if (prefix != last_prefix || last < first) Fail(line, "the ends of a range of leads do not fit");
    Words leads;
    for (int i = first; i <= last; ++i) leads.push_back(prefix + std::to_string(i));
    return leads;
  }

  // Without a time an entry is of the beginning of its day; without a recording day it is recorded at noon of it.
  void Book(size_t line, const Row& row, ledger::NewEntry& entry) {
    const std::string dealer_code = DealerCode(row);
    const Dealer& dealer = DealerOf(line, dealer_code);
    entry.day = DayOf(line, Cell(row, "day"));
    entry.at = dealer.zone.At(entry.day, row.contains("time") ? TimeOf(line, Cell(row, "time")) : 0);
    if (row.contains("staff")) entry.actor = StaffOf(dealer.id, Cell(row, "staff"));
    for (int m = 0; m < kMemberDimCount; ++m) {
      if (const std::string_view code = Cell(row, DimName(MemberDim(m))); !code.empty()) {
        entry.members[static_cast<size_t>(m)] = MemberOf(MemberDim(m), code);
      }
    }
    const Day recorded = row.contains("recorded") ? DayOf(line, Cell(row, "recorded")) : entry.day;
    std::vector<ledger::NewEntry> entries;
    for (const std::string& lead : LeadsOf(line, Cell(row, "lead"))) {
      entry.lead = lead;
      entries.push_back(entry);
    }
    Append(dealer_code, std::string(Cell(row, "staff")), entries, dealer.zone.At(recorded, 720 * kMinuteMs));
  }

  void Append(const std::string& dealer, const std::string& staff, const std::vector<ledger::NewEntry>& entries,
              Instant recorded_at) {
    int64_t seq = world_.Append(dealers_.find(dealer)->second.id, entries, recorded_at);
    for (const ledger::NewEntry& entry : entries) booked_.push_back({dealer, seq++, staff, entry});
  }

  // reverse DAY STAFF EVENT COUNT [lead L] [dealer D] [recorded DAY] because "…"
  // Takes whole entries back, oldest first; what the last of them has too much is booked anew.
  void Reversal(const Words& words) {
    if (words.size() < 7) Fail(at_, "reverse DAY STAFF EVENT COUNT because \"…\"");
    const Day day = DayOf(at_, words[1]);
    const int event = catalog_.FindEvent(words[3]);
    int64_t wanted = UnitsOf(at_, words[4], kQuantityOne);
    Row options;
    for (size_t i = 5; i + 1 < words.size(); i += 2) options[words[i]] = words[i + 1];
    const std::string dealer_code = DealerCode(options);
    const Dealer& dealer = DealerOf(at_, dealer_code);
    // Each reversal has a moment of its own, so that it can be told from the one before.
    const Day recorded = options.contains("recorded") ? DayOf(at_, Cell(options, "recorded")) : now_;
    const Instant recorded_at{dealer.zone.At(recorded, 720 * kMinuteMs).ms + ++reversals_};
    const std::string staff = words[2] == "-" ? "" : words[2];
    std::vector<int64_t> seqs;
    std::vector<ledger::NewEntry> anew;
    for (Booked& entry : booked_) {
      if (wanted <= 0) break;
      if (entry.reversed || entry.dealer != dealer_code || entry.content.day != day || entry.staff != staff ||
          entry.content.event != event || (options.contains("lead") && entry.content.lead != Cell(options, "lead"))) {
        continue;
      }
      entry.reversed = true;
      seqs.push_back(entry.seq);
      wanted -= entry.content.quantity;
      if (wanted < 0) {
        anew.push_back(entry.content);
        anew.back().quantity = -wanted;
      }
    }
    if (wanted > 0) Fail(at_, "there are not so many entries to take back");
    world_.Transaction([&] {
      world_.Reverse(dealer.id, seqs, Cell(options, "because"), recorded_at);
      if (!anew.empty()) Append(dealer_code, staff, anew, recorded_at);
    });
    last_reversal_ = recorded_at;
  }

  // ---- Questions ----

  // ask EXPR[,EXPR] in PERIOD [by a,b] [for DIM VALUE[|VALUE]]… [basis cohort] [within 30d]
  //     [vs previous|year-ago|target] [as known at DAY | as known before the reversal] [scope DEALER[|DEALER]]
  void Ask(std::vector<std::string>& out) {
    Asked asked;
    asked.line = static_cast<int>(at_) + 1;
    const size_t first = at_;
    asked.question = std::string(WithoutComment(lines_[at_++]));
    while (asked.question.find(" in ") == std::string::npos && at_ < lines_.size()) {  // goes on below
      asked.question += " " + std::string(WithoutComment(lines_[at_++]));
    }
    out.insert(out.end(), lines_.begin() + static_cast<long>(first), lines_.begin() + static_cast<long>(at_));
    while (at_ < lines_.size() && lines_[at_].starts_with(' ')) asked.expected.push_back(lines_[at_++]);

    Result<kpi::Answer> answer = Answer(first, asked);
    if (answer.ok()) {
      asked.answer = *std::move(answer);
      asked.actual = Render(asked.answer, percent_digits_);
      asked.same = SameLines(asked.expected, asked.actual);
    } else {
      asked.refused = true;
      asked.actual = {std::string(kIndent) + "error " + answer.error().code};
      asked.same = SameRefusal(asked.expected, answer.error());
    }
    const std::vector<std::string>& kept = asked.same ? asked.expected : Commented(asked);
    out.insert(out.end(), kept.begin(), kept.end());
    played_.asked.push_back(std::move(asked));
  }

  // "error CODE [name=value]…": the particulars that are written must be those of the error.
  static bool SameRefusal(const std::vector<std::string>& expected, const Error& error) {
    if (expected.size() != 1) return false;
    const Words words = SplitWords(WithoutComment(expected[0]));
    if (words.size() < 2 || words[0] != "error" || words[1] != error.code) return false;
    return std::all_of(words.begin() + 2, words.end(), [&](const std::string& word) {
      const size_t equals = word.find('=');
      return equals != std::string::npos && error.Arg(word.substr(0, equals)) == word.substr(equals + 1);
    });
  }

  // The actual lines, with the comments of the expected lines that begin with the same word.
  static std::vector<std::string>& Commented(Asked& asked) {
    for (std::string& line : asked.actual) {
      for (const std::string& old : asked.expected) {
        const size_t comment = CommentAt(old);
        if (comment == old.size() || SplitWords(old).front() != SplitWords(line).front()) continue;
        line += "   " + old.substr(comment);
        break;
      }
    }
    return asked.actual;
  }

  Result<kpi::Answer> Answer(size_t line, Asked& asked) {
    const std::string_view text = std::string_view(asked.question).substr(3);
    const size_t in = text.find(" in ");
    if (in == std::string_view::npos) Fail(line, "ask … in PERIOD");
    kpi::Question question;
    asked.columns = kpi::SplitColumns(Trim(text.substr(0, in)));
    question.columns = asked.columns;
    question.today = now_;
    const Words words = SplitWords(text.substr(in + 4));
    const auto period = ParsePeriod(words.empty() ? "" : words[0]);
    if (!period.ok()) return period.error();
    question.period = *period;
    const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
    for (size_t i = 1; i < words.size(); i += 2) {
      const std::string value = word(i + 1);
      if (words[i] == "by") {
        question.by = Split(value, ',');
      } else if (words[i] == "for") {
        const auto dim = ParseDim(value);
        if (!dim) Fail(line, "unknown dimension \"" + value + "\"");
        ++i;  // for DIM VALUE[|VALUE]: three words; "*" is any value
        question.filters.push_back({*dim, word(i + 1) == "*" ? Words{} : Split(word(i + 1), '|'), true});
      } else if (words[i] == "basis") {
        question.basis = value == "cohort" ? facts::Basis::kCohort : facts::Basis::kPeriod;
      } else if (words[i] == "within") {
        question.within_days = std::atoi(value.c_str());
      } else if (words[i] == "sort") {
        ASSIGN_OR_RETURN(question.sort, kpi::ParseRowOrder(value));
      } else if (words[i] == "top") {
        question.top = std::atoi(value.c_str());
      } else if (words[i] == "per") {
        question.per = value;
      } else if (words[i] == "vs" && (value == "previous" || value == "year-ago" || value == "target")) {
        question.versus = value == "previous"   ? kpi::Versus::kPrevious
                          : value == "year-ago" ? kpi::Versus::kYearAgo
                                                : kpi::Versus::kTarget;
      } else if (words[i] == "scope") {
        for (const std::string& code : Split(value, '|')) {
          const auto dealer = dealers_.find(code);
          if (dealer == dealers_.end()) Fail(line, "unknown dealer \"" + code + "\"");
          question.dealers.push_back(dealer->second.id);
        }
      } else if (words[i] == "as" && value == "known" && word(i + 2) == "at") {
        if (dealers_.empty()) Fail(line, "nothing happened yet");
        const Zone& zone = DealerOf(line, "").zone;
        question.known_at = {zone.At(DayOf(line, word(i + 3)) + 1).ms - 1};
        i += 2;
      } else if (words[i] == "as" && value == "known" && word(i + 2) == "before") {
        question.known_at = {last_reversal_.ms - 1};
        i += 3;  // as known before the reversal: five words
      } else {
        Fail(line, "unknown part of a question: \"" + words[i] + "\"");
      }
    }
    return world_.Ask(question);
  }

  const std::string path_;
  const std::vector<std::string> lines_;
  const catalog::Catalog& catalog_;
  World& world_;
  size_t at_ = 0;  // the line that is read
  Played played_;

  Day now_{};
  int percent_digits_ = 0;
  std::string first_dealer_;
  std::map<std::string, Dealer, std::less<>> dealers_;
  std::map<std::pair<DealerId, std::string>, StaffId> staff_;
  std::map<std::pair<DealerId, std::string>, TeamId> teams_;
  std::map<std::string, RegionId> regions_;
  std::map<std::pair<Dim, std::string>, int64_t> members_;
  std::vector<Booked> booked_;
  int reversals_ = 0;
  Instant last_reversal_{};
};

// Both answers, one over the other: "-" before what was expected and is not there, "+" before what came instead.
std::string LineDiff(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  const size_t n = expected.size();
  const size_t m = actual.size();
  std::vector<std::vector<size_t>> common(n + 1, std::vector<size_t>(m + 1));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      common[i][j] = Normal(expected[i]) == Normal(actual[j]) ? common[i + 1][j + 1] + 1
                                                              : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string out;
  size_t i = 0;
  size_t j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && Normal(expected[i]) == Normal(actual[j])) {
      out += "    " + actual[j++] + "\n";
      ++i;
    } else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
      out += "  - " + expected[i++] + "\n";
    } else {
      out += "  + " + actual[j++] + "\n";
    }
  }
  return out;
}

}  // namespace

Played Play(const std::string& path, std::string_view text, const catalog::Catalog& catalog, World& world) {
  return Player(path, text, catalog, world).Run();
}

std::string Differences(const Played& played) {
  std::string out;
  for (const Asked& asked : played.asked) {
    if (asked.same) continue;
    out += played.path + ":" + std::to_string(asked.line) + ": " + asked.question + "\n" +
           LineDiff(asked.expected, asked.actual);
  }
  return out;
}

}  // namespace dealpace::golden
