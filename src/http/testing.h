#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/text.h"

// A client for tests that says exactly the bytes it is told to say. For tests only.
namespace dealpace::http {

struct RawAnswer {
  int status = 0;                                   // 0: the connection ended without an answer
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;                                 // chunks put together

  [[nodiscard]] std::string Header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
};

// Waits ten seconds for anything, then gives up: a server that does not answer fails the test.
class RawClient {
 public:
  explicit RawClient(int port) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      close(socket_);
      throw std::runtime_error("cannot connect");
    }
  }
  ~RawClient() {
    if (tls_ != nullptr) SSL_free(tls_);
    if (context_ != nullptr) SSL_CTX_free(context_);
    Close();
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Speaks TLS from here on, without looking at the certificate. False: the server would not.
  bool StartTls(int version_max = TLS1_3_VERSION) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, version_max);
    SSL_CTX_set_security_level(context_, 0);
    tls_ = SSL_new(context_);
    SSL_set_fd(tls_, socket_);
    return SSL_connect(tls_) == 1;
  }
  [[nodiscard]] SSL* tls() const { return tls_; }

  RawClient& Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                            : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return *this;
  }
  // A request with Host, further header lines ("Name: value\r\n"), and a body of known length.
  RawClient& Ask(std::string_view method, std::string_view target, std::string_view headers = "",
                 std::string_view body = "") {
    std::string request = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n";
    request += headers;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return Send(request + "\r\n" + std::string(body));
  }
  // One answer; of HEAD, without a body.
  RawAnswer Read(bool head = false) {
    RawAnswer answer;
    const std::string top = Until("\r\n\r\n");
    if (!top.starts_with("HTTP/1.1 ")) return answer;
    answer.status = std::stoi(top.substr(9, 3));
    for (const std::string& line : Split(top, '\n')) {
      const size_t colon = line.find(':');
      if (colon == std::string::npos) continue;
      answer.headers.emplace(ToLower(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1))));
    }
    if (head || answer.status == 204 || answer.status == 304 || answer.status == 100) return answer;
    if (answer.Header("transfer-encoding") == "chunked") {
      for (std::string chunk = Chunk(); !chunk.empty(); chunk = Chunk()) answer.body += chunk;
    } else {
      answer.body = Bytes(std::stoul("0" + answer.Header("content-length")));
    }
    return answer;
  }
  // Up to and with `end`; shorter when the connection ends.
  std::string Until(std::string_view end) {
    while (in_.find(end) == std::string::npos && More()) {
    }
    const size_t at = in_.find(end);
    return Take(at == std::string::npos ? in_.size() : at + end.size());
  }
  // The next chunk of a body in chunks; empty at its end.
  std::string Chunk() {
    const std::string line = Until("\r\n");
    const size_t size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
    std::string bytes = Bytes(size);
    Until("\r\n");
    return bytes;
  }
  // True when the server has closed, and nothing more has come.
  bool AtEnd() { return in_.empty() && !More(); }
  void EndSending() { shutdown(socket_, SHUT_WR); }
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

 private:
  bool More() {
    char bytes[16384];
    const ssize_t count = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes) : recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    in_.append(bytes, static_cast<size_t>(count));
    return true;
  }
  std::string Bytes(size_t count) {
    while (in_.size() < count && More()) {
    }
    return Take(std::min(count, in_.size()));
  }
  std::string Take(size_t count) {
    std::string bytes = in_.substr(0, count);
    in_.erase(0, count);
    return bytes;
  }

  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string in_;
};

}  // namespace dealpace::http
