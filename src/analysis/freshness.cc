#include "analysis/freshness.h"

#include <array>
#include <charconv>
#include <utility>

#include "analysis/catalog_json.h"

namespace dealpace::analysis {
namespace {

constexpr size_t kAnswerBytesMax = 256 << 10;  // a larger one is rarely asked for twice

uint64_t HashOf(const std::vector<ledger::Head>& heads) {
  const auto* bytes = reinterpret_cast<const char*>(heads.data());
  static_assert(sizeof(ledger::Head) == 2 * sizeof(int64_t), "no bytes between that mean nothing");
  return HashText({bytes, heads.size() * sizeof(ledger::Head)}).low;
}

void AppendHex(std::string& out, uint64_t number) {
  std::array<char, 16> digits{};
  const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  out.append(digits.data(), end);
}

template <typename Number>
bool ReadPart(std::string_view& text, Number& number, int base) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (problem != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with('-')) text.remove_prefix(1);
  return true;
}

}  // namespace

std::string State::Text() const {
  std::string text;
  AppendHex(text, release);
  text += '-';
  AppendHex(text, ledger);
  text += '-' + std::to_string(organisation) + '-' + std::to_string(definitions) + '-' + std::to_string(today.value);
  return text;
}

std::optional<State> State::Parse(std::string_view text) {
  State state;
  const bool good = ReadPart(text, state.release, 16) && ReadPart(text, state.ledger, 16) &&
                    ReadPart(text, state.organisation, 10) && ReadPart(text, state.definitions, 10) &&
                    ReadPart(text, state.today.value, 10) && text.empty();
  if (!good) return std::nullopt;
  return state;
}

Freshness::Freshness(db::Database& database, DefinitionsHolder& definitions, facts::OrgSource& org,
                     ledger::Source& ledger, std::function<Instant()> now, FreshnessOptions options)
    : database_(database),
      definitions_(definitions),
      org_(org),
      ledger_(ledger),
      now_(std::move(now)),
      options_(std::move(options)),
      release_(HashText(options_.release + '\n' + CatalogJson(*definitions.base())).low) {}

State Freshness::AsOfNow(const Seen& seen) const {
  State state = seen.state;
  state.today = seen.zone->DayOf(now_());
  return state;
}

std::optional<State> Freshness::Known() {
  const std::optional<int64_t> mark = database_.ChangeMark();
  if (!mark) return std::nullopt;
  Seen seen;
  {
    const std::lock_guard lock(mutex_);
    if (!seen_.zone) return std::nullopt;
    if (seen_.mark == mark) return AsOfNow(seen_);
    if (!seen_.masters || seen_.masters != database_.ChangeMark(db::Changes::kMasters)) return std::nullopt;
    seen = seen_;
  }
  // Nothing but records has come since.
  Heads heads = ledger_.HeadsAtHand();
  if (heads == nullptr) return std::nullopt;
  seen.mark = mark;
  return TakeHeads(std::move(seen), std::move(heads));
}

Result<State> Freshness::Look() {
  // What is remembered was read after the mark of its moment, and so holds while that stays.
  const db::Moment moment(database_);
  if (const auto known = Known()) return *known;
  Seen seen;
  seen.mark = database_.ChangeMark();
  seen.masters = database_.ChangeMark(db::Changes::kMasters);
  ASSIGN_OR_RETURN(Heads heads, ledger_.Heads());
  ASSIGN_OR_RETURN(const std::shared_ptr<const facts::OrgView> org, org_.Current());
  ASSIGN_OR_RETURN(const std::shared_ptr<const Definitions> definitions, definitions_.Current());
  ASSIGN_OR_RETURN(seen.zone, definitions_.BusinessZone());
  seen.state = {release_, 0, org->version, definitions->version, {}};
  return TakeHeads(std::move(seen), std::move(heads));
}

State Freshness::TakeHeads(Seen seen, Heads heads) {
  std::unique_lock lock(mutex_);
  if (seen_.heads != nullptr && seen_.heads == heads) {
    seen.state.ledger = seen_.state.ledger;
  } else {
    lock.unlock();
    seen.state.ledger = HashOf(*heads);
    lock.lock();
  }
  seen.heads = std::move(heads);
  seen_ = std::move(seen);
  return AsOfNow(seen_);
}

std::string Freshness::Tag(const State& state, std::string_view route, std::string_view body) {
  std::string all = state.Text();
  all += '\n';
  all += route;
  all += '\n';
  all += body;
  const Hash128 hash = HashText(all);
  std::string tag = "W/\"";
  AppendHex(tag, hash.high);
  tag += '.';
  AppendHex(tag, hash.low);
  tag += '"';
  return tag;
}

std::optional<std::string> Freshness::Kept(const std::string& tag) const {
  std::string text;
  size_t cutoff_at = std::string::npos;
  {
    const std::lock_guard lock(mutex_);
    const auto it = kept_.find(tag);
    if (it == kept_.end()) return std::nullopt;
    text = it->second.text;
    cutoff_at = it->second.cutoff_at;
  }
  if (cutoff_at != std::string::npos) {
    const std::string now = FormatInstant(now_());
    text.replace(cutoff_at, now.size(), now);
  }
  return text;
}

void Freshness::Keep(const std::string& tag, std::string_view answer, Instant asked_at) {
  if (answer.size() > kAnswerBytesMax || answer.size() > options_.kept_bytes_max) return;
  Answer kept{std::string(answer), std::string::npos};
  const std::string cutoff = "\"cutoff\":\"" + FormatInstant(asked_at) + '"';
  if (const size_t at = answer.find(cutoff); at != std::string_view::npos) kept.cutoff_at = at + 10;
  const std::lock_guard lock(mutex_);
  // Old ones are no use once something has moved, so nothing is lost by beginning anew now and then.
  if (kept_bytes_ + answer.size() > options_.kept_bytes_max) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  if (kept_.emplace(tag, std::move(kept)).second) kept_bytes_ += answer.size();
}

}  // namespace dealpace::analysis
