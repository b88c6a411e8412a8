#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dealpace::http {

// The header fields of a request in the order in which they came, names in lower case. There are a dozen or two, so
// looking through them is faster than any index would be.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  using const_iterator = std::vector<Field>::const_iterator;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void emplace(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // The first of that name.
  [[nodiscard]] const_iterator find(std::string_view name) const {
    return std::find_if(begin(), end(), [&](const Field& field) { return field.first == name; });
  }
  [[nodiscard]] size_t count(std::string_view name) const {
    return static_cast<size_t>(std::count_if(begin(), end(), [&](const Field& field) { return field.first == name; }));
  }
  void erase(std::string_view name) {
    std::erase_if(fields_, [&](const Field& field) { return field.first == name; });
  }
  void clear() { fields_.clear(); }
  void reserve(size_t count) { fields_.reserve(count); }
  [[nodiscard]] const_iterator begin() const { return fields_.begin(); }
  [[nodiscard]] const_iterator end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace dealpace::http
