#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/days.h"
#include "db/db.h"

// Whose customers somebody may see.
namespace dealpace::leads {

// Within one dealer: everything, or what these people own and whoever is in these teams today. Nothing by default.
struct Visible {
  bool all = false;
  std::vector<StaffId> staff = {};
  std::vector<TeamId> teams = {};

  [[nodiscard]] static Visible All() { return {true, {}, {}}; }
};

// Conditions of a statement with the values they name. The first value is the dealer, ?1.
class Where {
 public:
  explicit Where(DealerId dealer) : values_{dealer} {}
  // " AND " and the condition, in which each ? stands for the next value. Texts are borrowed.
  void And(std::string_view condition, std::initializer_list<db::Value> values = {});
  // A placeholder for one more value.
  std::string Add(db::Value value);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<db::Value>& values() const { return values_; }

 private:
  std::string text_;
  std::vector<db::Value> values_;
};

// A Visible with its teams looked up, for one transaction.
class Sight {
 public:
  Sight(db::Connection& connection, DealerId dealer, const Visible& visible, Day today);

  // Whether what this person owns is seen; what nobody owns is seen only by who sees all.
  [[nodiscard]] bool Sees(StaffId owner) const;
  // The same as a condition on a column with the owner.
  void Narrow(Where& where, std::string_view column) const;
  [[nodiscard]] bool all() const { return all_; }

 private:
  bool all_ = false;
  std::vector<StaffId> staff_;  // sorted
};

}  // namespace dealpace::leads
