#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/days.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/dims.h"

namespace dealpace::facts {

// From which day on something belongs to `id` (a team, a region; 0: to none).
struct Membership {
  Day from{};
  int64_t id = 0;
};

// Whom a thing belongs to over time: sorted by day, without overlaps; a leaving is an entry with id 0.
using History = std::vector<Membership>;

// The id in force on that day; 0 before the first.
[[nodiscard]] inline int64_t At(const History& history, Day day) {
  const auto after =
      std::upper_bound(history.begin(), history.end(), day, [](Day d, const Membership& m) { return d < m.from; });
  return after == history.begin() ? 0 : std::prev(after)->id;
}

// The members of a dimension by what they are called, and where each stands in the order of that; made when it is
// first asked for. Thread-safe; a copy begins anew.
class LabelIndex {
 public:
  LabelIndex() = default;
  LabelIndex(const LabelIndex& /*other*/) {}
  LabelIndex& operator=(const LabelIndex& /*other*/) { return *this; }
  ~LabelIndex() = default;

  using Labels = std::unordered_map<int64_t, std::string>;
  // In no order.
  [[nodiscard]] std::vector<int64_t> Find(const Labels& labels, std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (!members_) {
      members_.emplace(labels.size());
      for (const auto& [id, label] : labels) members_->emplace(label, id);
    }
    std::vector<int64_t> ids;
    const auto [first, last] = members_->equal_range(text);
    for (auto it = first; it != last; ++it) ids.push_back(it->second);
    return ids;
  }

  // What a member is called, and how many other texts come before that one.
  struct Placed {
    int64_t id = 0;
    uint32_t place = 0;
    std::string_view label;
  };
  // All members that are called something, found by their ids.
  class Places {
   public:
    explicit Places(const Labels& labels) {
      std::vector<const Labels::value_type*> by_label;
      by_label.reserve(labels.size());
      for (const auto& member : labels) {
        if (!member.second.empty()) by_label.push_back(&member);
      }
      const auto before = [](const auto* a, const auto* b) { return a->second < b->second; };
      std::sort(by_label.begin(), by_label.end(), before);
      members_.reserve(by_label.size());
      for (size_t i = 0; i < by_label.size(); ++i) {
        const bool other = i > 0 && before(by_label[i - 1], by_label[i]);
        const uint32_t place = i == 0 ? 0 : members_.back().place + (other ? 1 : 0);
        members_.push_back({by_label[i]->first, place, by_label[i]->second});
      }
      // Members of one dealer have mostly come together: who is asked for together lies together, with the texts.
      std::sort(members_.begin(), members_.end(), [](const Placed& a, const Placed& b) { return a.id < b.id; });
      size_t bytes = 0;
      for (const Placed& member : members_) bytes += member.label.size();
      texts_.reserve(bytes);
      slots_.resize(std::bit_ceil(2 * members_.size() + 1), kFree);
      for (size_t i = 0; i < members_.size(); ++i) {
        const size_t begin = texts_.size();
        texts_ += members_[i].label;
        members_[i].label = std::string_view(texts_).substr(begin);
        size_t slot = SlotOf(members_[i].id);
        while (slots_[slot] != kFree) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = static_cast<uint32_t>(i);
      }
    }
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    ~Places() = default;

    // Null for who is not called anything.
    [[nodiscard]] const Placed* Find(int64_t id) const {
      size_t slot = SlotOf(id);
      while (slots_[slot] != kFree && members_[slots_[slot]].id != id) slot = (slot + 1) & (slots_.size() - 1);
      return slots_[slot] == kFree ? nullptr : &members_[slots_[slot]];
    }
    // Begins to fetch what Find of this member will look at.
    void Prefetch(int64_t id) const {
      const uint32_t at = slots_[SlotOf(id)];
      if (at != kFree) __builtin_prefetch(&members_[at]);
    }

   private:
    static constexpr uint32_t kFree = UINT32_MAX;
    [[nodiscard]] size_t SlotOf(int64_t id) const {
      return static_cast<size_t>(static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15U >> 32U) & (slots_.size() - 1);
    }
    std::vector<Placed> members_;  // by id
    std::string texts_;            // their labels, one after the other
    std::vector<uint32_t> slots_;  // open addressing over them, at most half full
  };
  [[nodiscard]] const Places& PlacesOf(const Labels& labels) {
    const std::lock_guard lock(mutex_);
    if (!places_) places_.emplace(labels);
    return *places_;
  }

 private:
  std::mutex mutex_;
  std::optional<std::unordered_multimap<std::string_view, int64_t>> members_;
  std::optional<Places> places_;
};

// One state of the organisation and of the dimensions' members. Immutable.
struct OrgView {
  int64_t version = 0;  // later states of one source have greater ones
  struct Dealer {
    History region;
    std::unordered_map<int64_t, History> team_of_staff;
    std::vector<int64_t> teams;  // all there ever were
    std::vector<int64_t> staff;
    uint64_t fingerprint = 0;  // of the two histories: another one means that facts must be derived anew
  };
  std::unordered_map<int64_t, Dealer> dealers;
  // Texts by which members are shown, per dimension: name (of the organisation's) or code, as imported.
  std::array<std::unordered_map<int64_t, std::string>, kDimCount> labels;
  // Codes of the organisation's members where they are not the label; several may share one (staff of two dealers).
  std::array<std::unordered_multimap<std::string, int64_t>, kDimCount> codes;

  [[nodiscard]] const Dealer* Find(DealerId dealer) const {
    const auto it = dealers.find(dealer.value);
    return it == dealers.end() ? nullptr : &it->second;
  }
  // Those that are shown by this text.
  [[nodiscard]] std::vector<int64_t> Labelled(Dim dim, std::string_view text) const {
    return by_label[static_cast<size_t>(dim)].Find(labels[static_cast<size_t>(dim)], text);
  }
  // What the members of a dimension are called, in order; good as long as this view.
  [[nodiscard]] const LabelIndex::Places& Places(Dim dim) const {
    return by_label[static_cast<size_t>(dim)].PlacesOf(labels[static_cast<size_t>(dim)]);
  }
  mutable std::array<LabelIndex, kDimCount> by_label;
  // Empty for an id that is not known.
  [[nodiscard]] const std::string& Label(Dim dim, int64_t id) const {
    static const std::string kNone;
    const auto& labels_of = labels[static_cast<size_t>(dim)];
    const auto it = labels_of.find(id);
    return it == labels_of.end() ? kNone : it->second;
  }
};

// Stands for a dealer's histories: equal histories give equal fingerprints.
[[nodiscard]] inline uint64_t Fingerprint(const OrgView::Dealer& dealer) {
  const auto text = [](const History& history) {
    std::string out;
    for (const Membership& m : history) out += std::to_string(m.from.value) + ">" + std::to_string(m.id) + ";";
    return out;
  };
  uint64_t sum = HashText(text(dealer.region)).low;
  for (const auto& [staff, history] : dealer.team_of_staff) {
    sum += HashText(std::to_string(staff) + ":" + text(history)).low;  // in any order
  }
  return sum;
}

// Gives the organisation as it stands now; a new object whenever it has changed. Thread-safe.
class OrgSource {
 public:
  virtual ~OrgSource() = default;
  [[nodiscard]] virtual Result<std::shared_ptr<const OrgView>> Current() = 0;
};

}  // namespace dealpace::facts
