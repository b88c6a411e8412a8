#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/definitions.h"
#include "base/hash.h"
#include "base/zones.h"
#include "db/db.h"
#include "facts/org_view.h"
#include "ledger/entry.h"

// Whether an answer that was given still holds, without working it out again.
namespace dealpace::analysis {

// What every answer stands on besides its question. Two equal states, whenever and in whichever process they were seen,
// give equal figures.
struct State {
  uint64_t release = 0;  // of the program and the catalogue in it
  uint64_t ledger = 0;   // of the heads of all dealers
  int64_t organisation = 0;
  int64_t definitions = 0;
  Day today{};

  auto operator<=>(const State&) const = default;
  // "9f3c…-17-2-20772", and back. Says nothing of what was sold or by whom.
  [[nodiscard]] std::string Text() const;
  [[nodiscard]] static std::optional<State> Parse(std::string_view text);
};

struct FreshnessOptions {
  std::string release;               // another release may answer otherwise
  size_t kept_bytes_max = 16 << 20;  // of answers kept; 0: none
};

// Knows the state of now, names answers by it (ETag), and keeps those given last: who asks the same while nothing has
// moved gets the same figures without their being worked out. Everybody who may ask sees the same figures; once that is
// not so, whose they are belongs into the tag. Thread-safe.
class Freshness {
 public:
  using Heads = std::shared_ptr<const std::vector<ledger::Head>>;

  // All outlive this.
  Freshness(db::Database& database, DefinitionsHolder& definitions, facts::OrgSource& org, ledger::Source& ledger,
            std::function<Instant()> now, FreshnessOptions options);

  // As it stands now. Asks the store where something was committed since the last look. Fails as it does.
  [[nodiscard]] Result<State> Look();
  // The same without asking the store; nothing where it would have to be asked.
  [[nodiscard]] std::optional<State> Known();

  // The ETag of an answer: weak, for the time of asking (`cutoff`) stands in it too. A 304 says that the figures are
  // those of now.
  [[nodiscard]] static std::string Tag(const State& state, std::string_view route, std::string_view body);
  // An answer kept under its tag, as of now.
  [[nodiscard]] std::optional<std::string> Kept(const std::string& tag) const;
  // `asked_at`: what the answer has as its `cutoff`, where it has one.
  void Keep(const std::string& tag, std::string_view answer, Instant asked_at);

 private:
  struct Answer {
    std::string text;
    size_t cutoff_at = std::string::npos;  // where the time of asking stands
  };
  // What was seen at a change mark; the day is not part of it, since it passes by itself.
  struct Seen {
    std::optional<int64_t> mark;
    std::optional<int64_t> masters;  // mark of these: what is seen besides the heads
    State state;
    std::optional<Zone> zone;
    Heads heads;  // whose hash the state has
  };
  [[nodiscard]] State AsOfNow(const Seen& seen) const;
  // Heads as of `seen.mark`. Returns the state with them.
  State TakeHeads(Seen seen, Heads heads);

  db::Database& database_;
  DefinitionsHolder& definitions_;
  facts::OrgSource& org_;
  ledger::Source& ledger_;
  std::function<Instant()> now_;
  const FreshnessOptions options_;
  const uint64_t release_;

  mutable std::mutex mutex_;  // guards what follows
  Seen seen_;
  std::unordered_map<std::string, Answer> kept_;
  size_t kept_bytes_ = 0;
};

}  // namespace dealpace::analysis
