#include "access/canonical_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

constexpr int64_t kIntegerMax = int64_t{1} << 53;

// The order of UTF-16 units: characters beyond the first plane are made of surrogates, which stand before U+E000.
std::u16string Utf16(std::string_view text) {
  std::u16string units;
  while (!text.empty()) {
    const char32_t point = NextCodePoint(text);
    if (point < 0x10000) {
      units += static_cast<char16_t>(point);
    } else {
      units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return units;
}

void WriteText(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\f': out += "\\f"; break;
      case '\r': out += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out.append("\\u00").append(1, c < 0x10 ? '0' : '1').append(1, "0123456789abcdef"[c & 15]);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

Status Write(std::string& out, const json::value& value);

Status WriteObject(std::string& out, const json::object& object) {
  std::vector<std::pair<std::u16string, const json::key_value_pair*>> fields;
  for (const json::key_value_pair& field : object) fields.emplace_back(Utf16(field.key()), &field);
  std::sort(fields.begin(), fields.end());
  out += '{';
  for (const auto& [key, field] : fields) {
    if (out.back() != '{') out += ',';
    WriteText(out, field->key());
    out += ':';
    RETURN_IF_ERROR(Write(out, field->value()));
  }
  out += '}';
  return {};
}

Status Write(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return {};
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return {};
    case json::kind::string: WriteText(out, value.get_string()); return {};
    case json::kind::object: return WriteObject(out, value.get_object());
    case json::kind::array: {
      out += '[';
      for (size_t i = 0; i < value.get_array().size(); ++i) {
        if (i > 0) out += ',';
        RETURN_IF_ERROR(Write(out, value.get_array()[i]));
      }
      out += ']';
      return {};
    }
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: {
      const int64_t* number = value.if_int64();
      if (number == nullptr || *number > kIntegerMax || *number < -kIntegerMax) return Error("number_not_integer");
      out += std::to_string(*number);
      return {};
    }
  }
  return {};
}

}  // namespace

Result<std::string> CanonicalJson(const json::value& value) {
  std::string out;
  RETURN_IF_ERROR(Write(out, value));
  return out;
}

}  // namespace dealpace::access
