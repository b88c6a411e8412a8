#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

// Reads the JSON body of a request field by field, so that every slip is answered with the field's name.
namespace dealpace::http {

// Errors: json_syntax ("position"), json_not_object, field_missing ("field"), field_type ("field", "expected": one of
// "text", "number", "whole number", "true or false", "list", "object"), field_unknown ("field", and a "suggestion"),
// field_too_long ("field", "max"), field_has_nul ("field"), text_not_utf8. Fields of fields are named by their path:
// "rows[3].name".
class JsonBody {
 public:
  // Nesting up to 32 levels; a body that is not an object fails.
  static Result<JsonBody> Parse(std::string_view text);
  explicit JsonBody(boost::json::object object, std::string path = {});

  [[nodiscard]] bool Has(std::string_view field);  // present and not null
  Result<std::string> Text(std::string_view field, size_t bytes_max = 4096);
  Result<std::optional<std::string>> OptionalText(std::string_view field, size_t bytes_max = 4096);
  Result<int64_t> Int(std::string_view field);
  Result<std::optional<int64_t>> OptionalInt(std::string_view field);
  // Ids travel as text, since they do not fit a browser's numbers; a number is taken as well.
  Result<int64_t> Id(std::string_view field);
  Result<std::optional<int64_t>> OptionalId(std::string_view field);
  Result<double> Number(std::string_view field);
  Result<std::optional<double>> OptionalNumber(std::string_view field);
  Result<bool> Bool(std::string_view field, bool otherwise);
  // Absent: empty.
  Result<std::vector<std::string>> Texts(std::string_view field, size_t count_max = 1000);
  // The same, good as long as the body.
  Result<std::vector<std::string_view>> TextViews(std::string_view field, size_t count_max = 1000);
  Result<std::vector<JsonBody>> Objects(std::string_view field, size_t count_max = 100'000);
  Result<std::optional<JsonBody>> Object(std::string_view field);
  // The whole object, for what has a shape of its own.
  [[nodiscard]] const boost::json::object& object() const { return object_; }
  // Marks a field as known without reading it.
  void Know(std::string_view field);

  // Fails for a field that nobody has asked for: a slip in its name must not be passed over.
  [[nodiscard]] Status Done() const;

 private:
  const boost::json::value* Find(std::string_view field);
  [[nodiscard]] std::string Name(std::string_view field) const;

  boost::json::object object_;
  std::string path_;
  std::vector<std::string> asked_;  // fields, some more than once
};

}  // namespace dealpace::http
