#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

// Makes a handler's Response ready to be sent.
namespace dealpace::http {

struct AnswerRules {
  bool no_store = true;  // Cache-Control: no-store where the handler said nothing
  bool hsts = false;     // the certificate is one that browsers trust
};

// Adds what every answer carries (request id, security headers, caching) where the handler has not set it, and
// compresses bodies of text above 1 kB for who takes gzip. May take a while: for workers.
void FinishAnswer(const Request& request, const AnswerRules& rules, Response& response);

// Status line and headers. `length`: of the body; none for a body in chunks, or one that ends with the connection.
[[nodiscard]] std::string AnswerHead(const Response& response, std::optional<uint64_t> length, bool keep_alive,
                                     bool chunked);

// The bytes as a gzip file.
[[nodiscard]] std::string Gzip(std::string_view bytes);

}  // namespace dealpace::http
