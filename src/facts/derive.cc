#include "facts/derive.h"

#include <algorithm>
#include <tuple>

namespace dealpace::facts {
namespace {

using ledger::Members;

constexpr int64_t kOne = 1000;

}  // namespace

Deriver::Deriver(const catalog::Catalog& catalog, const OrgView& org, DealerId dealer)
    : catalog_(catalog),
      id_(dealer),
      assigned_event_(catalog.FindEvent("assigned")),
      is_level_(catalog.events().size()) {
  SetOrg(org);
  for (size_t e = 0; e < catalog.events().size(); ++e) {
    const catalog::Event& event = catalog.events()[e];
    if (event.interval) {
      intervals_.push_back({static_cast<int>(e), event.interval->opened_by, event.interval->closed_by});
    }
    if (event.timely) timely_.push_back(static_cast<int>(e));
    if (event.reading_of >= 0) {
      is_level_[e] = catalog.measures()[static_cast<size_t>(event.reading_of)].balance;
    }
  }
}

void Deriver::SetOrg(const OrgView& org) {
  org_ = &org;
  dealer_ = org.Find(id_);
}

// The order of a lead's entries: see Lead. The last resort compares texts, not ids, because ids depend on which
// member was met first.
bool Deriver::Before(const RawEntry& a, const RawEntry& b) const {
  const auto key = [](const RawEntry& e) {
    return std::make_tuple(e.at_ms, e.event, e.attempt, e.day.value, e.quantity, e.amount);
  };
  if (key(a) != key(b)) return key(a) < key(b);
  if (a.actor != b.actor) {
    const int order = org_->Label(Dim::kActor, a.actor).compare(org_->Label(Dim::kActor, b.actor));
    if (order != 0) return order < 0;
  }
  for (int m = 0; m < kMemberDimCount; ++m) {
    const auto i = static_cast<size_t>(m);
    if (a.members[i] == b.members[i]) continue;
    const Dim dim = MemberDim(m);
    const int order = org_->Label(dim, a.members[i]).compare(org_->Label(dim, b.members[i]));
    if (order != 0) return order < 0;
  }
  return false;
}

// Team and region by the organisation's history on the row's day.
void Deriver::Place(FactRow& row) const {
  row.team = 0;
  row.region = 0;
  if (dealer_ == nullptr) return;
  row.region = At(dealer_->region, row.day);
  if (row.staff == 0) return;
  const auto history = dealer_->team_of_staff.find(row.staff);
  if (history != dealer_->team_of_staff.end()) row.team = At(history->second, row.day);
}

void Deriver::Lead(std::span<RawEntry> entries, const std::function<void(const FactRow&)>& emit) const {
  if (entries.empty()) return;
  const size_t n = entries.size();
  std::sort(entries.begin(), entries.end(), [this](const RawEntry& a, const RawEntry& b) { return Before(a, b); });

  thread_local std::vector<FactRow> rows;
  thread_local std::vector<const RawEntry*> assigned;
  rows.assign(n, FactRow{});
  assigned.clear();

  // Attributes and consultant as known at each instant: all entries of an instant are known together.
  Members known{};
  int64_t consultant = 0;
  for (size_t from = 0; from < n;) {
    size_t to = from;
    while (to < n && entries[to].at_ms == entries[from].at_ms) {
      for (size_t m = 0; m < kLeadDimCount; ++m) {
        if (entries[to].members[m] != 0) known[m] = entries[to].members[m];
      }
      if (entries[to].event == assigned_event_) {
        consultant = entries[to].actor;
        assigned.push_back(&entries[to]);
      }
      ++to;
    }
    for (size_t i = from; i < to; ++i) {
      const RawEntry& entry = entries[i];
      FactRow& row = rows[i];
      row.seq = entry.seq;
      row.event = entry.event;
      row.day = entry.day;
      row.actor = entry.actor;
      row.members = entry.members;
      row.quantity = entry.quantity;
      row.amount = entry.amount;
      row.staff = consultant != 0 ? consultant : entry.actor;
      for (size_t m = 0; m < kLeadDimCount; ++m) {
        if (row.members[m] == 0) row.members[m] = known[m];
      }
    }
    from = to;
  }
  // … else as first known later.
  for (size_t m = 0; m < kLeadDimCount; ++m) {
    if (known[m] == 0) continue;  // never named
    size_t i = 0;
    while (i < n && rows[i].members[m] == 0) ++i;
    // Entries before the first naming instant take the first value named.
    int64_t first_named = 0;
    for (size_t j = i; j < n && first_named == 0; ++j) first_named = entries[j].members[m];
    for (size_t j = 0; j < i; ++j) rows[j].members[m] = first_named;
  }
  for (FactRow& row : rows) Place(row);

  // One attempt after the other; nearly always there is one.
  thread_local std::vector<int> positions;
  thread_local std::vector<const RawEntry*> attempt_entries;
  thread_local std::vector<int32_t> attempts;
  attempts.clear();
  for (const RawEntry& entry : entries) {
    if (std::find(attempts.begin(), attempts.end(), entry.attempt) == attempts.end()) {
      attempts.push_back(entry.attempt);
    }
  }
  for (const int32_t attempt : attempts) {
    positions.clear();
    attempt_entries.clear();
    for (size_t i = 0; i < n; ++i) {
      if (entries[i].attempt != attempt) continue;
      positions.push_back(static_cast<int>(i));
      attempt_entries.push_back(&entries[i]);
    }
    Attempt(attempt_entries, rows, positions, assigned, emit);
  }
}

void Deriver::Attempt(std::span<const RawEntry* const> entries, std::span<FactRow> rows, std::span<const int> positions,
                      std::span<const RawEntry* const> assigned,
                      const std::function<void(const FactRow&)>& emit) const {
  const auto& events = catalog_.events();
  size_t start = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (events[static_cast<size_t>(entries[i]->event)].start) {
      start = i;
      break;
    }
  }
  const Day cohort_day = entries[start]->day;

  const auto first_of = [&](int event) -> int {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i]->event == event) return static_cast<int>(i);
    }
    return -1;
  };
  for (size_t i = 0; i < entries.size(); ++i) {
    FactRow& row = rows[static_cast<size_t>(positions[i])];
    row.cohort_day = cohort_day;
    row.first = first_of(row.event) == static_cast<int>(i);
    emit(row);
  }

  FactRow thread = rows[static_cast<size_t>(positions[start])];
  thread.event = kThreadEvent;
  thread.first = true;
  thread.quantity = kOne;
  thread.amount = 0;
  emit(thread);

  for (const Span& interval : intervals_) {
    const auto earliest = [&](const std::vector<int>& among) -> int {
      for (size_t i = 0; i < entries.size(); ++i) {
        if (std::find(among.begin(), among.end(), entries[i]->event) != among.end()) return static_cast<int>(i);
      }
      return -1;
    };
    const int opened = earliest(interval.opened_by);
    if (opened < 0) continue;
    const int closed = earliest(interval.closed_by);
    FactRow row = rows[static_cast<size_t>(positions[static_cast<size_t>(opened)])];
    row.event = interval.event;
    EmitInterval(row, *entries[static_cast<size_t>(opened)],
                 closed < 0 ? nullptr : entries[static_cast<size_t>(closed)], assigned, emit);
  }

  for (const int event : timely_) {
    const catalog::Timely& timely = *events[static_cast<size_t>(event)].timely;
    const int answered = first_of(timely.answers);
    if (answered < 0) continue;
    const int64_t from = entries[static_cast<size_t>(answered)]->at_ms;
    const bool in_time = std::any_of(entries.begin(), entries.end(), [&](const RawEntry* e) {
      return e->event == timely.event && e->at_ms >= from && e->at_ms <= from + timely.limit_ms;
    });
    if (!in_time) continue;
    FactRow row = rows[static_cast<size_t>(positions[static_cast<size_t>(answered)])];
    row.event = event;
    row.first = true;
    row.quantity = kOne;
    row.amount = 0;
    row.members[static_cast<size_t>(MemberIndex(Dim::kReason))] = 0;
    emit(row);
  }
}

void Deriver::EmitInterval(const FactRow& opened, const RawEntry& opener, const RawEntry* closer,
                           std::span<const RawEntry* const> assigned,
                           const std::function<void(const FactRow&)>& emit) const {
  // What closes before it opens was never open.
  if (closer != nullptr && closer->at_ms <= opener.at_ms && closer->day <= opener.day) return;
  const Day end = closer != nullptr ? std::max(closer->day, opener.day) : kLastDay;
  FactRow row = opened;
  row.first = false;
  row.amount = 0;
  row.members[static_cast<size_t>(MemberIndex(Dim::kStage))] = 0;
  row.members[static_cast<size_t>(MemberIndex(Dim::kReason))] = 0;

  // The owner from day to day; each piece of constant owner, team and region is one +1 and one -1.
  const auto leave = [&](Day day, int64_t seq) {
    FactRow out = row;
    out.seq = seq;
    out.day = day;
    out.quantity = -kOne;
    emit(out);
  };
  const auto enter = [&](Day day, int64_t staff, int64_t seq) {
    row.seq = seq;
    row.day = day;
    row.staff = staff;
    row.quantity = kOne;
    Place(row);
    emit(row);
  };
  // Days on which the present owner's team or the dealer's region changes, until the piece ends.
  const auto walk_org = [&](Day until) {
    if (dealer_ == nullptr) return;
    while (true) {
      Day next = until;
      const auto consider = [&](const History& history) {
        for (const Membership& membership : history) {
          if (membership.from > row.day && membership.from < next) next = membership.from;
        }
      };
      consider(dealer_->region);
      const auto team = dealer_->team_of_staff.find(row.staff);
      if (row.staff != 0 && team != dealer_->team_of_staff.end()) consider(team->second);
      if (next == until) return;
      FactRow moved = row;
      moved.day = next;
      Place(moved);
      if (moved.team == row.team && moved.region == row.region) {
        row.day = next;  // nothing changed; look on from here
        continue;
      }
      leave(next, opener.seq);
      enter(next, row.staff, opener.seq);
    }
  };

  enter(opened.day, opened.staff, opener.seq);
  for (const RawEntry* hand_over : assigned) {
    if (hand_over->at_ms <= opener.at_ms) continue;
    if (closer != nullptr && hand_over->at_ms >= closer->at_ms) break;
    const int64_t owner = hand_over->actor != 0 ? hand_over->actor : opener.actor;
    if (owner == row.staff) continue;
    const Day day = std::clamp(hand_over->day, row.day, end);
    walk_org(day);
    leave(day, hand_over->seq);
    enter(day, owner, hand_over->seq);
  }
  walk_org(end);
  if (closer != nullptr) leave(end, closer->seq);
}

void Deriver::Single(const RawEntry& entry, const std::function<void(const FactRow&)>& emit) const {
  FactRow row;
  row.seq = entry.seq;
  row.event = entry.event;
  row.day = entry.day;
  row.cohort_day = entry.day;
  row.first = true;
  row.staff = entry.actor;
  row.actor = entry.actor;
  row.members = entry.members;
  row.quantity = entry.quantity;
  row.amount = entry.amount;
  Place(row);
  emit(row);

  for (const Span& interval : intervals_) {
    const auto has = [&](const std::vector<int>& events) {
      return std::find(events.begin(), events.end(), entry.event) != events.end();
    };
    const bool opens = has(interval.opened_by);
    if (!opens && !has(interval.closed_by)) continue;
    FactRow change = row;
    change.event = interval.event;
    change.first = false;
    change.quantity = opens ? entry.quantity : -entry.quantity;
    change.amount = 0;
    change.members[static_cast<size_t>(MemberIndex(Dim::kStage))] = 0;
    change.members[static_cast<size_t>(MemberIndex(Dim::kReason))] = 0;
    emit(change);
  }
}

void Deriver::Level(std::span<RawEntry> entries, const std::function<void(const FactRow&)>& emit) const {
  std::sort(entries.begin(), entries.end(), [](const RawEntry& a, const RawEntry& b) {
    return std::make_pair(a.day, a.seq) < std::make_pair(b.day, b.seq);
  });
  int64_t quantity = 0;
  int64_t amount = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 < entries.size() && entries[i + 1].day == entries[i].day) continue;  // corrected the same day
    const RawEntry& entry = entries[i];
    Single(entry, [&](const FactRow& row) {
      FactRow change = row;
      change.quantity = entry.quantity - quantity;
      change.amount = entry.amount - amount;
      emit(change);
    });
    quantity = entry.quantity;
    amount = entry.amount;
  }
}

}  // namespace dealpace::facts
