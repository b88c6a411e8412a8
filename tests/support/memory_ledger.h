#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "facts/org_view.h"
#include "ledger/entry.h"

// A ledger and an organisation in memory, for tests of the pure engine: no file, no SQL, no clock.
//
//   const auto loaded = app::LoadCatalog();
//   test::MemoryLedger ledger;
//   test::MemoryOrg org;
//   const DealerId dealer = org.DealerOf("HQ");
//   ledger::NewEntry entry;
//   entry.event = loaded.catalog->FindEvent("captured");
//   entry.day = *ParseDay("2026-03-02");
//   entry.at = test::Noon(entry.day);
//   entry.actor = org.StaffOf(dealer, "ana");
//   entry.members[0] = org.MemberOf(Dim::kSource, "referral");    // in the order of the member dimensions
//   const int64_t seq = ledger.Append(dealer, entry);
//   ledger.Reverse(dealer, seq);
//   facts::Facts facts(*loaded.catalog, ledger, org);
//   kpi::Engine engine(*loaded.catalog, facts);
namespace dealpace::test {

// 12:00 UTC of that day.
[[nodiscard]] inline Instant Noon(Day day) { return {int64_t{day.value} * 86'400'000 + 43'200'000}; }

// Entries by dealer, numbered from 1 like those of a database. Thread-safe.
class MemoryLedger final : public ledger::Source {
 public:
  // Returns the entry's seq.
  int64_t Append(DealerId dealer, const ledger::NewEntry& entry, Instant recorded_at = {}) {
    const std::unique_lock lock(mutex_);
    return Book(dealer, entry, recorded_at, 0);
  }

  // Takes an entry back and returns the reversal's seq; 0, and nothing is done, when there is no such entry, it is
  // itself a reversal or already taken back.
  int64_t Reverse(DealerId dealer, int64_t seq, Instant recorded_at = {}) {
    const std::unique_lock lock(mutex_);
    const std::vector<Booked>& booked = entries_[dealer];
    if (seq < 1 || seq > static_cast<int64_t>(booked.size())) return 0;
    if (booked[static_cast<size_t>(seq) - 1].reverses != 0) return 0;
    if (std::any_of(booked.begin(), booked.end(), [seq](const Booked& b) { return b.reverses == seq; })) return 0;
    ledger::NewEntry opposite = booked[static_cast<size_t>(seq) - 1].content;
    opposite.quantity = -opposite.quantity;
    opposite.amount = -opposite.amount;
    return Book(dealer, opposite, recorded_at, seq);
  }

  [[nodiscard]] Result<std::shared_ptr<const std::vector<ledger::Head>>> Heads() override {
    const std::shared_lock lock(mutex_);
    auto heads = std::make_shared<std::vector<ledger::Head>>();
    for (const auto& [dealer, booked] : entries_) heads->push_back({dealer, static_cast<int64_t>(booked.size())});
    return std::shared_ptr<const std::vector<ledger::Head>>(std::move(heads));
  }

  [[nodiscard]] std::shared_ptr<const std::vector<ledger::Head>> HeadsAtHand() override { return *Heads(); }

  [[nodiscard]] Status Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                            const std::function<void(const ledger::Entry&)>& visit) override {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(dealer);
    if (found == entries_.end()) return {};
    for (size_t i = static_cast<size_t>(after_seq); i < found->second.size(); ++i) {
      const Booked& booked = found->second[i];
      if (booked.recorded_at > known_at) continue;
      const ledger::NewEntry& c = booked.content;
      visit({static_cast<int64_t>(i) + 1, c.event, c.day, c.at, c.lead, c.attempt, c.actor.value, c.members, c.quantity,
             c.amount, booked.recorded_at, booked.reverses});
    }
    return {};
  }

 private:
  struct Booked {
    ledger::NewEntry content;
    Instant recorded_at;
    int64_t reverses = 0;
  };

  int64_t Book(DealerId dealer, const ledger::NewEntry& entry, Instant recorded_at, int64_t reverses) {
    std::vector<Booked>& booked = entries_[dealer];
    booked.push_back({entry, recorded_at, reverses});
    return static_cast<int64_t>(booked.size());
  }

  std::shared_mutex mutex_;
  std::map<DealerId, std::vector<Booked>> entries_;
};

// Dealers, staff, teams, regions and members by code; each is made when it is first asked for. Ids rise from 1 in the
// order of first mention. What was given out by Current never changes. Thread-safe.
class MemoryOrg final : public facts::OrgSource {
 public:
  DealerId DealerOf(std::string_view code) { return DealerId(IdOf({Dim::kDealer}, 0, code)); }
  RegionId RegionOf(std::string_view code) { return RegionId(IdOf({Dim::kRegion}, 0, code)); }
  TeamId TeamOf(DealerId dealer, std::string_view code) { return TeamId(IdOf({Dim::kTeam}, dealer.value, code)); }
  StaffId StaffOf(DealerId dealer, std::string_view code) {
    return StaffId(IdOf({Dim::kStaff, Dim::kActor}, dealer.value, code));
  }
  // Of a member dimension (source … reason).
  int64_t MemberOf(Dim dim, std::string_view code) { return IdOf({dim}, 0, code); }

  // From `from` on the dealer belongs to the region, the person to the team; an id that is not set means to none.
  void MoveDealer(DealerId dealer, Day from, RegionId region) {
    const std::lock_guard lock(mutex_);
    Put(state_.dealers[dealer.value].region, from, region.value);
    current_ = nullptr;
  }
  void MoveStaff(DealerId dealer, StaffId staff, Day from, TeamId team) {
    const std::lock_guard lock(mutex_);
    Put(state_.dealers[dealer.value].team_of_staff[staff.value], from, team.value);
    current_ = nullptr;
  }

  [[nodiscard]] Result<std::shared_ptr<const facts::OrgView>> Current() override {
    const std::lock_guard lock(mutex_);
    if (!current_) {
      ++state_.version;
      for (auto& [id, dealer] : state_.dealers) dealer.fingerprint = facts::Fingerprint(dealer);
      current_ = std::make_shared<const facts::OrgView>(state_);
    }
    return current_;
  }

 private:
  int64_t IdOf(const std::vector<Dim>& dims, int64_t dealer, std::string_view code) {
    const std::lock_guard lock(mutex_);
    int64_t& id = ids_[{dims.front(), dealer, std::string(code)}];
    if (id == 0) {
      id = static_cast<int64_t>(ids_.size());
      for (const Dim dim : dims) state_.labels[static_cast<size_t>(dim)][id] = std::string(code);
      if (dims.front() == Dim::kTeam) state_.dealers[dealer].teams.push_back(id);
      if (dims.front() == Dim::kStaff) state_.dealers[dealer].staff.push_back(id);
      if (dims.front() == Dim::kDealer) state_.dealers[id];
      current_ = nullptr;
    }
    return id;
  }

  static void Put(facts::History& history, Day from, int64_t id) {
    const auto at = std::lower_bound(history.begin(), history.end(), from,
                                     [](const facts::Membership& m, Day day) { return m.from < day; });
    if (at != history.end() && at->from == from) {
      at->id = id;
    } else {
      history.insert(at, {from, id});
    }
  }

  std::mutex mutex_;
  std::map<std::tuple<Dim, int64_t, std::string>, int64_t> ids_;
  facts::OrgView state_;
  std::shared_ptr<const facts::OrgView> current_;
};

}  // namespace dealpace::test
