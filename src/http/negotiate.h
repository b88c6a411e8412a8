#pragma once

#include <optional>
#include <string_view>

#include "base/text.h"

// What a client would rather have.
namespace dealpace::http {

// The language of Accept-Language that we speak and the client likes best ("en-GB;q=0.8, zh;q=0.9"); nothing when it
// names none of ours.
[[nodiscard]] std::optional<Language> AcceptedLanguage(std::string_view header);

// True when Accept-Encoding lets `coding` ("gzip", "br") be used: named, or "*", with a weight above zero.
[[nodiscard]] bool AcceptsCoding(std::string_view header, std::string_view coding);

}  // namespace dealpace::http
