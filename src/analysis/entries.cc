#include "analysis/entries.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/json.h"
#include "base/money.h"
#include "ledger/read.h"

namespace dealpace::analysis {
namespace {

constexpr int64_t kLimitMax = 500;
constexpr int64_t kLimitUsual = 50;

// What one thread has found so far.
struct Found {
  int64_t count = 0;
  std::map<EntryPosition, CellEntry> page;
  DealerId dealer;
  std::vector<std::vector<bool>> seen;  // by event: rows of the present dealer that were counted
};

double OneOrNone(const std::optional<double>& value) { return value.value_or(0); }

void Add(std::optional<double>& into, const std::optional<double>& value) {
  if (value) into = OneOrNone(into) + *value;
}

void Take(const kpi::TracedRow& traced, const std::optional<EntryPosition>& after, size_t keep, Found& found) {
  const facts::CountedRow& row = traced.row;
  if (row.dealer != found.dealer) {
    found.dealer = row.dealer;
    for (auto& rows : found.seen) rows.clear();
  }
  const auto event = static_cast<size_t>(row.event);
  if (found.seen.size() <= event) found.seen.resize(event + 1);
  std::vector<bool>& seen = found.seen[event];
  if (seen.size() <= row.row) seen.resize(std::max(row.row + 1, seen.size() * 2));
  if (!seen[row.row]) ++found.count;
  seen[row.row] = true;

  const EntryPosition position{row.day.value, row.dealer.value, row.seq, row.event, static_cast<int64_t>(row.row)};
  if (after && !(*after < position)) return;
  // What falls off the page's end never comes back: the end only moves up.
  if (found.page.size() >= keep && std::prev(found.page.end())->first < position) return;
  const auto [it, fresh] = found.page.try_emplace(position);
  CellEntry& entry = it->second;
  Add(entry.num, traced.num);
  Add(entry.den, traced.den);
  if (!fresh) return;
  entry.position = position;
  entry.measure = traced.measure;
  entry.staff = row.member(Dim::kStaff);
  for (int m = 0; m < kMemberDimCount; ++m) {
    if (const int64_t id = row.member(MemberDim(m)); id != 0) entry.members.emplace_back(MemberDim(m), id);
  }
  if (found.page.size() > keep) found.page.erase(std::prev(found.page.end()));
}

Result<kpi::CellPlace> ReadPlace(http::JsonBody& body, const kpi::Question& question) {
  kpi::CellPlace place;
  ASSIGN_OR_RETURN(place.column, body.Text("column"));
  ASSIGN_OR_RETURN(place.versus, body.Bool("versus", false));
  ASSIGN_OR_RETURN(const auto part, body.OptionalText("part"));
  if (part == "num") {
    place.part = kpi::Part::kNum;
  } else if (part == "den") {
    place.part = kpi::Part::kDen;
  } else if (part && part != "all") {
    return Error("field_choice").With("field", "part").With("choices", "all, num, den");
  }
  ASSIGN_OR_RETURN(auto row, body.Object("row"));
  if (!row) return place;
  ASSIGN_OR_RETURN(auto ids, row->Object("_ids"));
  for (const std::string& by : question.by) {
    if (!ParseDim(by)) {
      ASSIGN_OR_RETURN(std::string label, row->Text(by));
      place.ids.push_back(0);
      place.labels.push_back(std::move(label));
      continue;
    }
    // The id may stand in the row itself as well: then a row has no `_ids`, and names are not looked at.
    http::JsonBody& holder = ids ? *ids : *row;
    if (!holder.object().contains(by)) return Error("field_missing").With("field", "row._ids." + by);
    ASSIGN_OR_RETURN(const auto id, holder.OptionalId(by));
    place.ids.push_back(id.value_or(0));
    place.labels.emplace_back();
  }
  return place;
}

struct Content {
  std::map<std::pair<int64_t, int64_t>, ledger::StoredEntry> entries;  // by dealer and seq
};

Result<Content> ReadContent(db::Database& database, const std::vector<CellEntry>& entries) {
  std::map<int64_t, std::vector<int64_t>> wanted;
  for (const CellEntry& entry : entries) wanted[entry.position.dealer].push_back(entry.position.seq);
  return database.Read<Content>([&](db::Connection& connection) -> Result<Content> {
    Content content;
    for (auto& [dealer, seqs] : wanted) {
      std::sort(seqs.begin(), seqs.end());
      seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
      for (ledger::StoredEntry& entry : ledger::ReadEntries(connection, DealerId(dealer), seqs)) {
        content.entries.emplace(std::pair(dealer, entry.seq), std::move(entry));
      }
    }
    return content;
  });
}

void TextOrNull(JsonWriter& json, std::string_view name, std::string_view text) {
  json.Key(name);
  text.empty() ? json.Null() : json.String(text);
}

void WriteEntry(JsonWriter& json, const CellEntry& entry, const ledger::StoredEntry& stored, bool ratio,
                const catalog::Catalog& catalog, const facts::OrgView& org) {
  json.BeginObject();
  json.Field("dealer", std::to_string(entry.position.dealer));
  json.Field("dealer_name", org.Label(Dim::kDealer, entry.position.dealer));
  json.Field("seq", entry.position.seq).Field("event", stored.event_id);
  json.Field("measure", catalog.measures()[static_cast<size_t>(entry.measure)].id);
  if (ratio) json.Field("part", entry.num && entry.den ? "both" : entry.num ? "num" : "den");
  json.Field("day", FormatDay({entry.position.day})).Field("at", FormatInstant(stored.at));
  TextOrNull(json, "lead", stored.lead);
  json.Field("attempt", stored.attempt);
  TextOrNull(json, "staff", org.Label(Dim::kStaff, entry.staff));
  TextOrNull(json, "actor", org.Label(Dim::kActor, stored.actor.value));
  json.Key("counts").Number(entry.num ? *entry.num : OneOrNone(entry.den));
  json.Key("quantity").Raw(FormatQuantity(stored.quantity));
  json.Key("amount");
  const int event = catalog.FindEvent(stored.event_id);
  const bool has_amount = event >= 0 && (catalog.events()[static_cast<size_t>(event)].amount || stored.amount != 0);
  has_amount ? json.Raw(FormatFen(stored.amount)) : json.Null();
  json.Field("recorded_at", FormatInstant(stored.recorded_at)).Field("recorded_by", stored.recorded_by);
  TextOrNull(json, "batch", stored.batch ? std::to_string(*stored.batch) : "");
  json.Key("members").BeginObject();
  for (const auto& [dim, id] : entry.members) json.Field(DimName(dim), org.Label(dim, id));
  json.EndObject().EndObject();
}

void NumberOrNull(JsonWriter& json, std::string_view name, const std::optional<double>& value) {
  json.Key(name);
  value ? json.Number(*value) : json.Null();
}

}  // namespace

bool EntryPosition::operator<(const EntryPosition& other) const {
  if (day != other.day) return day > other.day;
  return std::tie(dealer, seq, event, row) < std::tie(other.dealer, other.seq, other.event, other.row);
}

std::string CursorText(const EntryPosition& p) {
  std::string text;
  for (const int64_t part : {int64_t{p.day}, p.dealer, p.seq, int64_t{p.event}, p.row}) {
    text += (text.empty() ? "" : ".") + std::to_string(part);
  }
  return text;
}

Result<EntryPosition> ParseCursor(std::string_view text) {
  const Error bad = Error("bad_cursor").With("text", text.substr(0, 100));
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() != 5) return bad;
  std::array<int64_t, 5> numbers{};
  for (size_t i = 0; i < parts.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto [read, problem] = std::from_chars(parts[i].data(), end, numbers[i]);
    if (problem != std::errc() || read != end) return bad;
  }
  for (const size_t small : {0, 3}) {
    if (numbers[small] < INT32_MIN || numbers[small] > INT32_MAX) return bad;
  }
  return EntryPosition{static_cast<int32_t>(numbers[0]), numbers[1], numbers[2], static_cast<int32_t>(numbers[3]),
                       numbers[4]};
}

Result<CellEntries> FindEntries(kpi::Engine& engine, const kpi::Question& question, const kpi::CellPlace& place,
                                const std::optional<EntryPosition>& after, size_t limit) {
  const size_t keep = limit + 1;  // one more tells whether there is another page
  std::vector<Found> of_threads(facts::Facts::ThreadsMax());
  CellEntries result;
  ASSIGN_OR_RETURN(result.traced, engine.Trace(question, place, [&](const kpi::TracedRow& row, size_t thread) {
    Take(row, after, keep, of_threads[thread]);
  }));
  Found all;
  for (Found& found : of_threads) {
    result.count += found.count;
    all.page.merge(found.page);  // a dealer's rows are all of one thread
  }
  for (auto& [position, entry] : all.page) {
    if (result.entries.size() == limit) {
      result.more = true;
      break;
    }
    result.entries.push_back(std::move(entry));
  }
  return result;
}

Result<std::string> EntriesJson(http::JsonBody body, Day today, const catalog::Catalog& catalog, kpi::Engine& engine,
                                facts::Facts& facts, db::Database& database, std::shared_ptr<const RowScope> rows) {
  ASSIGN_OR_RETURN(auto inner, body.Object("question"));
  if (!inner) return Error("field_missing").With("field", "question");
  ASSIGN_OR_RETURN(const AskedQuestion asked, ReadQuestion(*std::move(inner), today, std::move(rows)));
  ASSIGN_OR_RETURN(const kpi::CellPlace place, ReadPlace(body, asked.question));
  ASSIGN_OR_RETURN(const auto cursor, body.OptionalText("cursor"));
  std::optional<EntryPosition> after;
  if (cursor) {
    ASSIGN_OR_RETURN(after, ParseCursor(*cursor));
  }
  ASSIGN_OR_RETURN(const auto limit, body.OptionalInt("limit"));
  if (limit && (*limit < 1 || *limit > kLimitMax)) {
    return Error("field_range").With("field", "limit").With("least", 1).With("most", kLimitMax);
  }
  RETURN_IF_ERROR(body.Done());

  ASSIGN_OR_RETURN(const CellEntries found,
                   FindEntries(engine, asked.question, place, after, static_cast<size_t>(limit.value_or(kLimitUsual))));
  ASSIGN_OR_RETURN(const Content content, ReadContent(database, found.entries));
  ASSIGN_OR_RETURN(const auto org, facts.Org(*asked.question.scope));
  const kpi::Figure& figure = found.traced.figure;
  JsonWriter json;
  json.BeginObject().Field("count", found.count);
  NumberOrNull(json, "value",
               place.part == kpi::Part::kNum   ? figure.num
               : place.part == kpi::Part::kDen ? figure.den
                                               : figure.value);
  if (figure.ratio) {
    NumberOrNull(json, "num", figure.num);
    NumberOrNull(json, "den", figure.den);
  }
  json.Field("formula", found.traced.formula).Key("next_cursor");
  found.more ? json.String(CursorText(found.entries.back().position)) : json.Null();
  json.Key("entries").BeginArray();
  for (const CellEntry& entry : found.entries) {
    const auto stored = content.entries.find({entry.position.dealer, entry.position.seq});
    if (stored == content.entries.end()) continue;
    WriteEntry(json, entry, stored->second, figure.ratio, catalog, *org);
  }
  json.EndArray().EndObject();
  return json.text();
}

}  // namespace dealpace::analysis
