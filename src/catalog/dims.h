#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace dealpace {

// The dimensions of the ledger, by which every figure can be filtered and grouped.
enum class Dim : int {
  kDealer,
  kRegion,  // of the dealer, on the entry's day
  kTeam,    // of the staff, on the entry's day
  kStaff,   // the credit: the lead's consultant at that instant, else the actor
  kActor,   // who did it
  kSource,  // from here on: members, named by the entry itself
  kAccessForm,
  kChannel,
  kModel,
  kCustomerType,
  kCampaign,  // up to here an entry inherits them from its lead
  kStage,
  kReason,
};

inline constexpr int kDimCount = 13;
inline constexpr int kFirstMemberDim = static_cast<int>(Dim::kSource);
inline constexpr int kMemberDimCount = kDimCount - kFirstMemberDim;
// The first so many member dimensions are attributes of a lead.
inline constexpr int kLeadDimCount = 6;

inline constexpr std::array<std::string_view, kDimCount> kDimNames = {
    "dealer",  "region", "team",          "staff",    "actor", "source", "access_form",
    "channel", "model",  "customer_type", "campaign", "stage", "reason"};

[[nodiscard]] constexpr std::string_view DimName(Dim dim) { return kDimNames[static_cast<size_t>(dim)]; }

[[nodiscard]] constexpr std::optional<Dim> ParseDim(std::string_view name) {
  for (int i = 0; i < kDimCount; ++i) {
    if (kDimNames[static_cast<size_t>(i)] == name) return static_cast<Dim>(i);
  }
  return std::nullopt;
}

// Position among the member dimensions of an entry, or -1 for the organisation's dimensions.
[[nodiscard]] constexpr int MemberIndex(Dim dim) {
  const int index = static_cast<int>(dim) - kFirstMemberDim;
  return index >= 0 ? index : -1;
}
[[nodiscard]] constexpr Dim MemberDim(int index) { return static_cast<Dim>(index + kFirstMemberDim); }

}  // namespace dealpace
