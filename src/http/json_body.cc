#include "http/json_body.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace dealpace::http {
namespace {

namespace json = boost::json;

Error WrongType(const std::string& field, std::string_view expected) {
  return Error("field_type").With("field", field).With("expected", expected);
}

// Characters before the byte `at`, plus one.
size_t CharacterAt(std::string_view text, size_t at) {
  size_t position = 1;
  for (size_t i = 0; i < at && i < text.size(); ++i) position += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
  return position;
}

Result<std::string_view> ViewOf(const json::value& value, const std::string& name, size_t bytes_max) {
  if (!value.is_string()) return WrongType(name, "text");
  const json::string& text = value.get_string();
  if (text.size() > bytes_max) return Error("field_too_long").With("field", name).With("max", bytes_max);
  if (text.find('\0') != json::string::npos) return Error("field_has_nul").With("field", name);
  return std::string_view(text.data(), text.size());
}

Result<std::string> TextOf(const json::value& value, const std::string& name, size_t bytes_max) {
  ASSIGN_OR_RETURN(const std::string_view text, ViewOf(value, name, bytes_max));
  return std::string(text);
}

Result<int64_t> IntOf(const json::value& value, const std::string& name) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: from here a double no longer knows its units
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    const double number = value.get_double();
    if (number == std::floor(number) && std::abs(number) < kExact) return static_cast<int64_t>(number);
  }
  return WrongType(name, "whole number");
}

Result<int64_t> IdOf(const json::value& value, const std::string& name) {
  int64_t id = 0;
  if (value.is_string()) {
    const json::string& text = value.get_string();
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (problem != std::errc() || end != text.data() + text.size()) id = 0;
  } else if (value.is_int64()) {
    id = value.get_int64();
  }
  if (id <= 0) return WrongType(name, "whole number");
  return id;
}

Result<double> NumberOf(const json::value& value, const std::string& name) {
  if (!value.is_number()) return WrongType(name, "number");
  const double number = value.to_number<double>();
  if (!std::isfinite(number)) return WrongType(name, "number");
  return number;
}

// What a field must have, or what it may have, of the same reading.
template <typename T, typename Read>
Result<T> Needed(const json::value* value, const std::string& name, Read read) {
  if (value == nullptr) return Error("field_missing").With("field", name);
  return read(*value, name);
}
template <typename T, typename Read>
Result<std::optional<T>> Allowed(const json::value* value, const std::string& name, Read read) {
  if (value == nullptr) return std::optional<T>();
  ASSIGN_OR_RETURN(T read_value, read(*value, name));
  return std::optional<T>(std::move(read_value));
}

}  // namespace

JsonBody::JsonBody(json::object object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}

Result<JsonBody> JsonBody::Parse(std::string_view text) {
  if (!IsUtf8(text)) return Error("text_not_utf8");
  json::parse_options options;
  options.max_depth = 32;
  // What was read is given up as a whole.
  json::stream_parser parser(json::make_shared_resource<json::monotonic_resource>(2 * text.size() + 512), options);
  json::error_code problem;
  const size_t read = parser.write_some(text.data(), text.size(), problem);
  size_t at = read;
  if (!problem) {
    at = text.find_first_not_of(" \t\r\n", read);  // what stands behind the value
    if (at == std::string_view::npos) {
      at = text.size();
      parser.finish(problem);
    } else {
      problem = json::make_error_code(json::error::extra_data);
    }
  }
  if (problem) return Error("json_syntax").With("position", CharacterAt(text, at));
  json::value value = parser.release();
  if (!value.is_object()) return Error("json_not_object");
  return JsonBody(std::move(value.get_object()));
}

const json::value* JsonBody::Find(std::string_view field) {
  Know(field);
  const json::value* value = object_.if_contains(json::string_view(field.data(), field.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string JsonBody::Name(std::string_view field) const {
  return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
}

void JsonBody::Know(std::string_view field) {
  constexpr size_t kMostly = 24;
  if (asked_.empty()) asked_.reserve(kMostly);
  asked_.emplace_back(field);
}

bool JsonBody::Has(std::string_view field) { return Find(field) != nullptr; }

Result<std::string> JsonBody::Text(std::string_view field, size_t bytes_max) {
  return Needed<std::string>(Find(field), Name(field), [bytes_max](const json::value& value, const std::string& name) {
    return TextOf(value, name, bytes_max);
  });
}

Result<std::optional<std::string>> JsonBody::OptionalText(std::string_view field, size_t bytes_max) {
  return Allowed<std::string>(Find(field), Name(field), [bytes_max](const json::value& value, const std::string& name) {
    return TextOf(value, name, bytes_max);
  });
}

Result<int64_t> JsonBody::Int(std::string_view field) { return Needed<int64_t>(Find(field), Name(field), IntOf); }
Result<std::optional<int64_t>> JsonBody::OptionalInt(std::string_view field) {
  return Allowed<int64_t>(Find(field), Name(field), IntOf);
}

Result<int64_t> JsonBody::Id(std::string_view field) { return Needed<int64_t>(Find(field), Name(field), IdOf); }
Result<std::optional<int64_t>> JsonBody::OptionalId(std::string_view field) {
  return Allowed<int64_t>(Find(field), Name(field), IdOf);
}

Result<double> JsonBody::Number(std::string_view field) { return Needed<double>(Find(field), Name(field), NumberOf); }
Result<std::optional<double>> JsonBody::OptionalNumber(std::string_view field) {
  return Allowed<double>(Find(field), Name(field), NumberOf);
}

Result<bool> JsonBody::Bool(std::string_view field, bool otherwise) {
  const json::value* value = Find(field);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return WrongType(Name(field), "true or false");
  return value->get_bool();
}

Result<std::vector<std::string>> JsonBody::Texts(std::string_view field, size_t count_max) {
  ASSIGN_OR_RETURN(const std::vector<std::string_view> views, TextViews(field, count_max));
  return std::vector<std::string>(views.begin(), views.end());
}

Result<std::vector<std::string_view>> JsonBody::TextViews(std::string_view field, size_t count_max) {
  constexpr size_t kTextMax = 4096;
  std::vector<std::string_view> texts;
  const json::value* value = Find(field);
  if (value == nullptr) return texts;
  if (!value->is_array()) return WrongType(Name(field), "list");
  const json::array& list = value->get_array();
  if (list.size() > count_max) return Error("field_too_long").With("field", Name(field)).With("max", count_max);
  texts.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    // What it is called is only needed where it is wrong.
    Result<std::string_view> text = ViewOf(list[i], {}, kTextMax);
    if (!text.ok()) text = ViewOf(list[i], Name(field) + "[" + std::to_string(i) + "]", kTextMax);
    RETURN_IF_ERROR(text);
    texts.push_back(*text);
  }
  return texts;
}

Result<std::vector<JsonBody>> JsonBody::Objects(std::string_view field, size_t count_max) {
  std::vector<JsonBody> objects;
  const json::value* value = Find(field);
  if (value == nullptr) return objects;
  if (!value->is_array()) return WrongType(Name(field), "list");
  const json::array& list = value->get_array();
  if (list.size() > count_max) return Error("field_too_long").With("field", Name(field)).With("max", count_max);
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string name = Name(field) + "[" + std::to_string(i) + "]";
    if (!list[i].is_object()) return WrongType(name, "object");
    objects.emplace_back(list[i].get_object(), name);
  }
  return objects;
}

Result<std::optional<JsonBody>> JsonBody::Object(std::string_view field) {
  const json::value* value = Find(field);
  if (value == nullptr) return std::optional<JsonBody>();
  if (!value->is_object()) return WrongType(Name(field), "object");
  return std::optional<JsonBody>(JsonBody(value->get_object(), Name(field)));
}

Status JsonBody::Done() const {
  for (const auto& member : object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    std::vector<std::string> known = asked_;
    std::sort(known.begin(), known.end());
    const std::string suggestion = ClosestWord(name, known);
    if (suggestion.empty()) return Error("field_unknown").With("field", Name(name));
    return Error("field_unknown").With("field", Name(name)).With("suggestion", Name(suggestion));
  }
  return {};
}

}  // namespace dealpace::http
