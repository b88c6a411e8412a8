#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/days.h"
#include "base/json.h"
#include "http/message.h"
#include "leads/rules.h"

// What the routes of this room read and write alike.
namespace dealpace::leads {

// Nothing when it is absent.
[[nodiscard]] inline Result<int64_t> QueryId(const http::Request& request, std::string_view name) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return int64_t{0};
  int64_t id = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), id);
  if (problem != std::errc() || end != text->data() + text->size() || id <= 0) {
    return Error("field_value_unknown").With("field", name).With("value", *text).With("known", "id");
  }
  return id;
}

inline void WriteText(JsonWriter& json, std::string_view name, std::string_view text) {
  json.Key(name);
  text.empty() ? json.Null() : json.String(text);
}

template <typename Tag>
void WriteId(JsonWriter& json, std::string_view name, Id<Tag> id) {
  WriteText(json, name, id.set() ? std::to_string(id.value) : std::string());
}

inline void WriteDay(JsonWriter& json, std::string_view name, const std::optional<Day>& day) {
  WriteText(json, name, day ? FormatDay(*day) : std::string());
}

inline void WriteRecord(JsonWriter& json, const Record& record) {
  json.Key("record").BeginObject();
  for (const auto& [field, value] : record) json.Field(field, value);
  json.EndObject();
}

// Answers about people are nobody else's, and no cache's.
[[nodiscard]] inline http::Response Private(const JsonWriter& json, int status = 200) {
  return http::Response::Json(json.text(), status).Header("Cache-Control", "no-store");
}

}  // namespace dealpace::leads
