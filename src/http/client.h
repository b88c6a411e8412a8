#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

// Asks another server, seldom: for what a program must know of a service that its administrator has named.
namespace dealpace::http {

struct ClientOptions {
  // Certificates of authorities (PEM) to trust instead of the system's.
  std::string ca_file;
  std::chrono::milliseconds timeout{5'000};  // for all of it, the look-up of the name included
  size_t body_bytes_max = 256 << 10;
  // Looks a name up: its addresses as text, or an exception. Empty: as the system does. Called on a thread of its own,
  // which is left behind when it takes too long, so it may hold nothing of the caller's that ends.
  std::function<std::vector<std::string>(const std::string& host)> look_up;
};

// So many look-ups that were left behind may hang at the same time; with more, names are refused without asking.
inline constexpr int kLookUpsHangingMax = 8;

struct ClientRequest {
  Method method = Method::kGet;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct ClientAnswer {
  int status = 0;
  std::string body;
};

// Sends one request on a connection of its own and returns the answer, whatever its status: a redirection is an answer
// and is not followed. https only, TLS 1.2 or newer, with a certificate of that host; plain http only to this very
// machine (127.0.0.0/8, ::1, localhost). Blocks: for workers. Thread-safe.
//
// Fails with remote_url_bad ("url"), and with remote_unreachable ("host", "detail"): no such name, a name server that
// does not answer, no connection, no good certificate, too slow, too long, cut off, or no HTTP.
[[nodiscard]] Result<ClientAnswer> Fetch(const ClientRequest& request, const ClientOptions& options = {});

// Whether Fetch takes a URL: https, or http to this machine, without name and password before the host.
[[nodiscard]] bool IsFetchable(std::string_view url);
// Whether it is http to this machine: for tests and for providers beside the server.
[[nodiscard]] bool IsLoopbackHttp(std::string_view url);

}  // namespace dealpace::http
