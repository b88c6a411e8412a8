#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "base/result.h"
#include "leads/policy.h"

// The rules of prospects and customers. Pure: no clock, no database.
namespace dealpace::leads {

// ---- The record of a customer ----

enum class Kind { kPerson, kCompany };
[[nodiscard]] std::string_view KindName(Kind kind);  // "person", "company"
[[nodiscard]] std::optional<Kind> ParseKind(std::string_view name);

// The four information groups of a customer (BR-16, FM06).
enum class Group { kBasic, kBackground, kTraits, kPurchase };
inline constexpr std::array<std::string_view, 4> kGroupNames = {"basic", "background", "traits", "purchase"};

// How a field is shown to who may not see all of it.
enum class Mask { kNone, kName, kPhone, kPlate, kVin, kAll };

// A field of the record.
struct Field {
  std::string_view id;
  Group group{};
  Mask mask = Mask::kNone;
  bool person = true;   // a person has it
  bool company = true;  // a company has it
  bool counted = true;  // for completeness
  size_t characters_max = 120;
};
[[nodiscard]] const std::vector<Field>& Fields();
[[nodiscard]] const Field* FindField(std::string_view id);
[[nodiscard]] inline bool Has(const Field& field, Kind kind) {
  return kind == Kind::kPerson ? field.person : field.company;
}

// What is known of a customer, by field; what is unknown is absent.
using Record = std::map<std::string, std::string, std::less<>>;

// Each field as it is kept: blanks at the ends dropped, empty ones left out. Fails with field_unknown, field_too_long,
// field_control_character, name_bad (a mask is no name), phone_bad, plate_bad, vin_bad, field_day_bad (birthday),
// field_choice (sex), position_vague (BR-56), number_forbidden (BR-58).
[[nodiscard]] Result<Record> CleanRecord(Kind kind, const Record& record, const Policy& policy);
// BR-4: a contact is a prospect only with name and telephone. Fails with capture_incomplete ("missing").
[[nodiscard]] Status CheckCapture(const Record& record);
// The record with every field as Mask says.
[[nodiscard]] Record Masked(const Record& record);

// What of a group is filled in (A5).
struct Completeness {
  int filled = 0;
  int of = 0;
};
// What of the purchase group stands in the customer's leads.
struct PurchaseKnown {
  bool model = false;
  bool budget = false;
  bool timing = false;
};
[[nodiscard]] std::array<Completeness, 4> CompletenessOf(Kind kind, const Record& record, const PurchaseKnown& known);

// ---- What is written about a prospect ----

// BR-55: the need names a concrete pain. Fails with need_generic.
[[nodiscard]] Status CheckNeed(std::string_view need, const Policy& policy);
// BR-56: "负责人" is no position. Fails with position_vague.
[[nodiscard]] Status CheckPosition(std::string_view position, const Policy& policy);
// No numbers of identity cards: for names of files, in which cameras write long numbers.
[[nodiscard]] Status CheckNoIdentityNumber(std::string_view field, std::string_view text);
// BR-58: no numbers of identity cards (15 or 18 characters) or bank cards (13 to 19 digits, Luhn) in a text. Fails with
// number_forbidden ("field", "what": id_card or bank_card), never with the number.
[[nodiscard]] Status CheckNoForbiddenNumber(std::string_view field, std::string_view text);

// BR-55: a budget is a range; one end may be open.
struct Budget {
  std::optional<int64_t> least_fen;
  std::optional<int64_t> most_fen;
  auto operator<=>(const Budget&) const = default;
};
// Reads "15-20万", "150000~200000", "15万到20万", "30万以上", "20万以内", ">= 300000". Fails with budget_no_range: a
// single figure, words, or a range that ends before it begins.
[[nodiscard]] Result<Budget> ParseBudget(std::string_view text);

// BR-60: what makes a lead invalid, in the order of the rule; empty: it is valid.
struct LeadCheck {
  bool duplicate = false;
  std::optional<bool> number_works;  // nothing: nobody has tried
  bool has_name = false;
  bool has_contact = false;
  bool has_need = false;
};
[[nodiscard]] std::vector<std::string_view> InvalidBecause(const LeadCheck& check);

// BR-59: prospect data not confirmed for a month are due.
[[nodiscard]] bool RefreshDue(Day confirmed, Day today, const Policy& policy);

// ---- States (domain 2.4) ----

enum class CustomerStatus { kUnknown, kPotential, kActual };
enum class Lifecycle { kPotential, kNew, kMature, kChurned };
[[nodiscard]] std::string_view StatusName(CustomerStatus status);
[[nodiscard]] std::string_view LifecycleName(Lifecycle stage);

struct CustomerPast {
  bool captured = false;          // name and telephone are known
  int deals = 0;                  // concluded
  std::optional<Day> first_deal;  // with deals > 0
  Day active{};                   // last purchase, service or answered contact
};
[[nodiscard]] CustomerStatus StatusOf(const CustomerPast& past);
// New from the first deal on; mature with a second one or after 12 months; churned after 12 months without anything.
// Who comes back is mature again.
[[nodiscard]] Lifecycle LifecycleOf(const CustomerPast& past, Day today);

enum class LeadStatus { kOpen, kWon, kDelivered, kLost, kSuspended };
[[nodiscard]] std::string_view LeadStatusName(LeadStatus status);
[[nodiscard]] std::optional<LeadStatus> ParseLeadStatus(std::string_view name);
// Whether a lead may go from one to the other. Lost again to open is a new attempt; won to open or lost, a cancelled
// order.
[[nodiscard]] bool MayMove(LeadStatus from, LeadStatus to);

}  // namespace dealpace::leads
