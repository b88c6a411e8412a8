#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What a file is, by its bytes; what it is called does not count. Pure.
namespace dealpace::attachments {

struct ContentType {
  std::string_view id;     // as it is stored: "jpeg"
  std::string_view media;  // as it is sent: "image/jpeg"
  bool picture = false;    // that browsers show
  // Endings that a name may have, the usual one first; without the dot, in lower case.
  std::vector<std::string_view> endings;
};
[[nodiscard]] std::span<const ContentType> ContentTypes();
// Null for none of them.
[[nodiscard]] const ContentType* FindContentType(std::string_view id);

// JPEG, PNG, WebP, HEIC, PDF, Excel and Word (the formats of today, without macros), plain text (UTF-8 or GB18030).
// Fails with attachment_unsafe for programs, scripts, web pages, drawings that hold scripts (SVG) and documents with
// macros, else with attachment_kind_unknown. Office formats are told by the list of what is in the package; nothing is
// unpacked.
[[nodiscard]] Result<const ContentType*> ContentTypeOf(std::string_view bytes);

// The last part of a path, with an ending that fits the content: "合同.PDF" stays, "photo.exe" with the content of a
// picture becomes "photo.exe.jpg". So no system starts what somebody has downloaded. Fails with field_missing,
// field_too_long, field_control_character.
[[nodiscard]] Result<std::string> CleanName(std::string_view name, const ContentType& type);

inline constexpr size_t kNameMax = 200;  // characters

}  // namespace dealpace::attachments
