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

// Adds what the gate wants said and caching, where the handler has not set it, and compresses bodies of text that do
// not fit into one packet for who takes gzip. May take a while with a large body.
void FinishAnswer(const Request& request, const AnswerRules& rules, Response& response);
// Whether FinishAnswer would take longer than an I/O thread has.
[[nodiscard]] bool TakesLong(const Request& request, const Response& response);

// Status line and headers, those of security and the request's id among them. `length`: of the body; none for a body in
// chunks, or one that ends with the connection.
[[nodiscard]] std::string AnswerHead(const Response& response, std::string_view request_id, const AnswerRules& rules,
                                     std::optional<uint64_t> length, bool keep_alive, bool chunked);

// The bytes as a gzip file.
[[nodiscard]] std::string Gzip(std::string_view bytes);

}  // namespace dealpace::http
