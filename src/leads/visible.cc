#include "leads/visible.h"

#include <algorithm>
#include <bit>

namespace dealpace::leads {

void Where::And(std::string_view condition, std::initializer_list<db::Value> values) {
  text_ += " AND ";
  const auto* value = values.begin();
  for (const char c : condition) {
    if (c == '?' && value != values.end()) {
      text_ += Add(*value++);
    } else {
      text_ += c;
    }
  }
}

std::string Where::Add(db::Value value) {
  values_.push_back(value);
  return "?" + std::to_string(values_.size());
}

Sight::Sight(db::Connection& connection, DealerId dealer, const Visible& visible, Day today)
    : all_(visible.all), staff_(visible.staff) {
  if (all_) return;
  for (const TeamId team : visible.teams) {
    db::Rows rows = connection.Query(
        "SELECT t.staff_id FROM staff_team t WHERE t.dealer_id = ?1 AND t.team_id = ?2 AND t.from_day = "
        "(SELECT MAX(l.from_day) FROM staff_team l WHERE l.dealer_id = ?1 AND l.staff_id = t.staff_id "
        "AND l.from_day <= ?3)",
        dealer, team, today.value);
    while (rows.Next()) staff_.emplace_back(rows.Int(0));
  }
  std::sort(staff_.begin(), staff_.end());
  staff_.erase(std::unique(staff_.begin(), staff_.end()), staff_.end());
}

bool Sight::Sees(StaffId owner) const {
  return all_ || (owner.set() && std::binary_search(staff_.begin(), staff_.end(), owner));
}

void Sight::Narrow(Where& where, std::string_view column) const {
  if (all_) return;
  if (staff_.empty()) return where.And("1 = 0");
  // Lists of few different lengths: the database knows a prepared statement by its text.
  const size_t size = std::bit_ceil(staff_.size());
  std::string condition(column);
  condition += " IN (";
  for (size_t i = 0; i < size; ++i) {
    condition += (i == 0 ? "" : ", ") + where.Add(staff_[std::min(i, staff_.size() - 1)]);
  }
  where.And(condition + ")");
}

}  // namespace dealpace::leads
