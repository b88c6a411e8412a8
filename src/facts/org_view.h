#pragma once

#include <algorithm>
#include <array>
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

// Members by their labels, made when the first is looked for. Thread-safe; a copy begins anew.
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

 private:
  std::mutex mutex_;
  std::optional<std::unordered_multimap<std::string_view, int64_t>> members_;
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
