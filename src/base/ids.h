#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace dealpace {

// A 63-bit identifier of one kind of thing. Different kinds are different types: a DealerId is never a StaffId.
// Zero means "none" and is never given out.
template <typename Tag>
struct Id {
  int64_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(int64_t v) : value(v) {}
  [[nodiscard]] constexpr bool set() const { return value != 0; }
  constexpr auto operator<=>(const Id&) const = default;
};

using DealerId = Id<struct DealerTag>;
using RegionId = Id<struct RegionTag>;
using TeamId = Id<struct TeamTag>;
using StaffId = Id<struct StaffTag>;
using BatchId = Id<struct BatchTag>;
using AccountId = Id<struct AccountTag>;

// A new identifier: milliseconds since 2020 in the high bits, then a counter within the process that starts at a
// random place, so that ids of one process rise in time and two processes do not meet. Thread-safe.
[[nodiscard]] int64_t NewId();

}  // namespace dealpace

template <typename Tag>
struct std::hash<dealpace::Id<Tag>> {
  size_t operator()(const dealpace::Id<Tag>& id) const noexcept { return std::hash<int64_t>{}(id.value); }
};
