#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "catalog/catalog.h"
#include "facts/org_view.h"
#include "ledger/entry.h"

namespace dealpace::facts {

// An entry as the derivation sees it: ids instead of texts.
struct RawEntry {
  int64_t seq = 0;
  int32_t event = -1;
  Day day{};
  int64_t at_ms = 0;
  int32_t attempt = 1;
  int64_t actor = 0;
  ledger::Members members{};
  int64_t quantity = 0;
  int64_t amount = 0;
};

// A row of the facts: an entry with everything that follows from the others of its lead, or a derived one.
struct FactRow {
  int64_t seq = 0;  // the entry that it is or that it follows from
  int32_t event = -1;
  Day day{};
  Day cohort_day{};
  bool first = false;
  int64_t region = 0;
  int64_t team = 0;
  int64_t staff = 0;
  int64_t actor = 0;
  ledger::Members members{};
  int64_t quantity = 0;
  int64_t amount = 0;
};

// The event under which facts keep one row for each attempt of a lead, on the day it starts: how many began. Entries
// without a lead have none. Not a catalogue event.
inline constexpr int kThreadEvent = -2;

// What follows from the entries of one dealer (design: a sales ledger). Pure.
class Deriver {
 public:
  Deriver(const catalog::Catalog& catalog, const OrgView& org, DealerId dealer);
  // Looks at another state of the organisation from now on.
  void SetOrg(const OrgView& org);

  // Derives the rows of one lead from its live entries (neither reversed nor reversals), in any order, which may be
  // reordered:
  //  - entries are taken by instant; at the same instant in the catalogue's order of events, then by content, so
  //    that the order in which they came never matters;
  //  - an attempt starts with its earliest start event, else its earliest entry; that day is its cohort day;
  //  - an entry is first when it is the earliest of its event in its attempt;
  //  - a lead's attribute that an entry does not name is the last one named until that instant, in any attempt, else
  //    the first one named later;
  //  - staff is the actor of the last `assigned` until that instant, else the entry's own actor;
  //  - an interval gives +1 at its opening and -1 at its closing, on the opening entry's attributes; what is open
  //    moves with its owner: -1 and +1 when it is assigned anew, and on the day its team or region changes;
  //  - a timely event stands on the entry it answers.
  // A row names the entry that it is or follows from: an interval's +1 the opening one, its -1 the closing one, a move
  // to another owner the `assigned` entry, a move of the organisation the opening one again.
  void Lead(std::span<RawEntry> entries, const std::function<void(const FactRow&)>& emit) const;

  // An entry without a lead: always first, its own cohort; what opens an interval counts +quantity, what closes one
  // -quantity.
  void Single(const RawEntry& entry, const std::function<void(const FactRow&)>& emit) const;

  // Readings of one level (one measure, one set of dimensions): each day's last recorded value, booked as the
  // difference to the one before.
  void Level(std::span<RawEntry> entries, const std::function<void(const FactRow&)>& emit) const;

  // Whether an event is a reading of a balance, which Level derives.
  [[nodiscard]] bool IsLevel(int event) const { return is_level_[static_cast<size_t>(event)]; }

 private:
  struct Span {
    int event = -1;  // the interval or timely event
    std::vector<int> opened_by;
    std::vector<int> closed_by;
  };
  [[nodiscard]] bool Before(const RawEntry& a, const RawEntry& b) const;
  void Place(FactRow& row) const;
  void Attempt(std::span<const RawEntry* const> entries, std::span<FactRow> rows, std::span<const int> positions,
               std::span<const RawEntry* const> assigned, const std::function<void(const FactRow&)>& emit) const;
  void EmitInterval(const FactRow& opened, const RawEntry& opener, const RawEntry* closer,
                    std::span<const RawEntry* const> assigned, const std::function<void(const FactRow&)>& emit) const;

  const catalog::Catalog& catalog_;
  DealerId id_;
  const OrgView* org_ = nullptr;
  const OrgView::Dealer* dealer_ = nullptr;
  int assigned_event_;
  std::vector<Span> intervals_;
  std::vector<int> timely_;
  std::vector<bool> is_level_;
};

}  // namespace dealpace::facts
