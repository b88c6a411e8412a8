#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dealpace {

// An expected failure: what went wrong, as a code of catalog/errors.toml, and the particulars that its message
// names. An Error holds no prose: the catalogue renders it in the user's language (catalog/messages.h).
//
//   return Error("unknown_dealer").With("name", cell).With("row", row);
struct Error {
  explicit Error(std::string_view error_code) : code(error_code) {}

  Error& With(std::string_view name, std::string_view value) & {
    args.emplace_back(name, value);
    return *this;
  }
  Error With(std::string_view name, std::string_view value) && {
    args.emplace_back(name, value);
    return std::move(*this);
  }
  template <typename Number>
  requires std::is_arithmetic_v<Number> Error With(std::string_view name, Number value) && {
    return std::move(*this).With(name, std::string_view(std::to_string(value)));
  }

  // The value given for `name`, or an empty text.
  [[nodiscard]] std::string_view Arg(std::string_view name) const {
    for (const auto& [key, value] : args) {
      if (key == name) return value;
    }
    return {};
  }

  std::string code;
  std::vector<std::pair<std::string, std::string>> args;
};

// A value or the Error that kept it from being made.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& operator*() & { return Checked(); }
  [[nodiscard]] const T& operator*() const& { return const_cast<Result*>(this)->Checked(); }
  [[nodiscard]] T&& operator*() && { return std::move(Checked()); }
  [[nodiscard]] T* operator->() { return &Checked(); }
  [[nodiscard]] const T* operator->() const { return &const_cast<Result*>(this)->Checked(); }

  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  T& Checked() {
    assert(ok());
    return std::get<0>(state_);
  }

  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace dealpace

#define DEALPACE_CONCAT_INNER(a, b) a##b
#define DEALPACE_CONCAT(a, b) DEALPACE_CONCAT_INNER(a, b)

// Leaves the function with the error of a Status or Result, if it has one.
#define RETURN_IF_ERROR(expression)                     \
  do {                                                  \
    if (auto&& status_ = (expression); !status_.ok()) { \
      return status_.error();                           \
    }                                                   \
  } while (false)

// `ASSIGN_OR_RETURN(auto value, MakeValue());` leaves the function with the error, or goes on with the value.
#define ASSIGN_OR_RETURN(declaration, expression)         \
  auto DEALPACE_CONCAT(result_, __LINE__) = (expression); \
  if (!DEALPACE_CONCAT(result_, __LINE__).ok()) {         \
    return DEALPACE_CONCAT(result_, __LINE__).error();    \
  }                                                       \
  declaration = *std::move(DEALPACE_CONCAT(result_, __LINE__))
