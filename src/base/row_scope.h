#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"

namespace dealpace {

// Whose rows somebody may see. Found out once for each request (access), then handed to whoever reads rows.
struct RowScope {
  // What is seen of one dealer.
  struct Part {
    DealerId dealer;
    bool whole = false;          // all of it; else only …
    std::vector<TeamId> teams;   // … what belongs to these teams …
    std::vector<StaffId> staff;  // … or these consultants, each ascending
    auto operator<=>(const Part&) const = default;
  };

  bool network = false;     // everything, also what belongs to no dealer; `parts` is empty then
  std::vector<Part> parts;  // ascending by dealer, each once

  [[nodiscard]] static const std::shared_ptr<const RowScope>& Everything();
  [[nodiscard]] static const std::shared_ptr<const RowScope>& Nothing();

  // Null where nothing of the dealer is seen, and for who sees the network.
  [[nodiscard]] const Part* Find(DealerId dealer) const;
  // Any of it, all of it.
  [[nodiscard]] bool Sees(DealerId dealer) const { return network || Find(dealer) != nullptr; }
  [[nodiscard]] bool SeesAllOf(DealerId dealer) const;
  // Adds what another one sees.
  void Join(const RowScope& other);
  // Equal texts see the same.
  [[nodiscard]] std::string Text() const;

  bool operator==(const RowScope&) const = default;
};

}  // namespace dealpace
