#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "privacy/store.h"

// How long data are kept, and what happens then.
namespace dealpace::privacy {

// What is known of a customer whose data may be due.
struct Past {
  int leads = 0;
  int open = 0;  // open, or signed and not yet delivered
  int lost = 0;
  int sold = 0;
  Day sale{};     // the last one, or what he did after it
  Day lead{};     // when a lead was changed last
  Day changed{};  // when he or a lead was changed last
};
// The rule that fits and the day on which it is due; nothing while something is open, or without a rule. Sold: a car
// was bought. Lost: there are leads, and all are lost. Unsuccessful: all others. Pure.
struct DueBy {
  const Retention* rule = nullptr;
  Day day{};
};
[[nodiscard]] std::optional<DueBy> DueOf(const Past& past, const std::vector<Retention>& rules);

struct Due {
  CustomerId customer;
  StaffId owner;
  std::string rule;
  Day day{};          // from which on the data go
  bool kept = false;  // by a legal hold, or a request that is not closed
  std::string name;   // masked
};
struct RuleCount {
  int64_t due = 0;   // today
  int64_t soon = 0;  // later, up to the day asked about
  int64_t kept = 0;  // of those due
};
struct DueList {
  Day today{};
  std::map<std::string, RuleCount> rules;  // by rule, those without any among them
  std::vector<Due> customers;              // the first to go first
  bool more = false;                       // than are listed
};

struct LastRun {
  Day day{};
  Instant started_at{};
  std::optional<Instant> finished_at;  // nothing: it was interrupted, and goes on
  int64_t customers = 0;
};

// Thread-safe.
class Keeper {
 public:
  Keeper(db::Database& database, Store& store, db::AuditLog audit)
      : database_(database), store_(store), audit_(std::move(audit)) {}

  // What is due up to that day, of the customers that the asker sees; at most so many listed.
  [[nodiscard]] Result<DueList> List(const Asker& asker, Day until, size_t most, Instant now);
  // When the data of one customer go; nothing while something is open.
  [[nodiscard]] Result<std::optional<Due>> DueFor(const Asker& asker, CustomerId id, Instant now);

  // Anonymises what is due at all dealers, a few in each transaction, and removes the bytes of attachments that are
  // gone. `guard` is called in each of these, and fails it when somebody else has taken over; `go_on` is asked between
  // them. May be stopped and begun again at any time.
  struct Run {
    int64_t customers = 0;
    int64_t files = 0;  // removed: of these customers, and taken away by somebody long enough ago
    bool whole = true;  // false: it was told not to go on
  };
  using Guard = std::function<Status(db::Connection&)>;
  [[nodiscard]] Result<Run> RunAll(Instant now, const Guard& guard = {}, const std::function<bool()>& go_on = {});
  // The same once a day (`today`), noted in the store.
  [[nodiscard]] Result<Run> RunToday(Day today, Instant now, const Guard& guard, const std::function<bool()>& go_on);
  [[nodiscard]] Result<std::optional<LastRun>> Last();

 private:
  // Customers after `after` in order of id, with what is due of them up to `until`; looks at `count` of them.
  struct Page {
    std::vector<Due> due;
    CustomerId last;  // looked at; not set: there are no more
  };
  [[nodiscard]] Page Look(db::Connection& connection, DealerId dealer, const leads::Visible& visible, const Zone& zone,
                          Day today, Day until, CustomerId after, size_t count) const;
  [[nodiscard]] Result<int64_t> AnonymiseDue(DealerId dealer, const std::vector<Due>& due, Instant now,
                                             const Guard& guard);

  db::Database& database_;
  Store& store_;
  db::AuditLog audit_;
};

}  // namespace dealpace::privacy
