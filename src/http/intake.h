#pragma once

#include <optional>
#include <string>

#include "http/message.h"
#include "http/request_parser.h"
#include "http/router.h"

namespace dealpace::http {

// A request whose head has been read: who answers it, or what is answered at once.
struct Intake {
  Request request;                  // without its body
  const Route* route = nullptr;     // null, and no refusal: the fallback
  std::optional<Response> refusal;  // and then nothing of the body is wanted
  bool options = false;             // the refusal is the answer to OPTIONS, no failure
};

// Decides from the head alone. Refusals are method_unknown, target_malformed, target_too_long, not_found,
// method_not_allowed (with Allow), body_not_expected, length_required, body_too_large, content_type_unsupported.
// Below /api nothing falls back. The request takes the header fields out of the head.
[[nodiscard]] Intake TakeIn(RequestHead& head, const Router& router, std::string_view peer, bool secure);

// A request that could not be read whole: what is known of it, for its problem details.
[[nodiscard]] Request RequestOf(RequestHead& head, std::string_view peer, bool secure);

// The longest target that is taken.
inline constexpr size_t kTargetBytesMax = 8 << 10;

}  // namespace dealpace::http
