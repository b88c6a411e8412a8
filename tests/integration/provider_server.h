#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "access/provider_testing.h"

// The OpenID provider of tests (access::TestProvider), served on a port of the loopback address.
namespace dealpace::testing {

class ProviderServer {
 public:
  // Any free port, or that one.
  explicit ProviderServer(int port = 0) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int yes = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(socket_, 16) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      close(socket_);
      throw std::runtime_error("the provider cannot listen");
    }
    port_ = ntohs(at.sin_port);
    provider_ = std::make_unique<access::TestProvider>("http://127.0.0.1:" + std::to_string(port_));
    thread_ = std::thread([this] { Serve(); });
  }
  ~ProviderServer() {
    stopping_ = true;
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  ProviderServer(const ProviderServer&) = delete;
  ProviderServer& operator=(const ProviderServer&) = delete;

  // Not to be changed while a request is under way.
  [[nodiscard]] access::TestProvider& provider() { return *provider_; }
  [[nodiscard]] int port() const { return port_; }

 private:
  void Serve() {
    while (!stopping_) {
      const int client = accept(socket_, nullptr, nullptr);
      if (client < 0) continue;
      const timeval patience{5, 0};
      setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      const std::string answer = AnswerTo(ReadRequest(client));
      (void)send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(client);
    }
  }

  static std::string ReadRequest(int client) {
    std::string text;
    std::array<char, 4096> piece{};
    size_t whole = std::string::npos;
    while (text.size() < whole) {
      const ssize_t count = recv(client, piece.data(), piece.size(), 0);
      if (count <= 0) break;
      text.append(piece.data(), static_cast<size_t>(count));
      const size_t head = text.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const size_t length = ToLower(text.substr(0, head)).find("content-length: ");
      whole = head + 4 + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
    }
    return text;
  }

  std::string AnswerTo(const std::string& text) {
    const size_t head = text.find("\r\n\r\n");
    const size_t first = text.find(' ');
    const size_t second = text.find(' ', first + 1);
    if (head == std::string::npos || second == std::string::npos) return "";
    const std::string target = text.substr(first + 1, second - first - 1);
    if (target.starts_with("/authorize?")) {
      return "HTTP/1.1 302 Found\r\nLocation: " + provider_->SignInAt(provider_->issuer + target) +
             "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    http::ClientRequest request{http::Method::kGet, provider_->issuer + target, {}, text.substr(head + 4)};
    for (const std::string& line : Split(text.substr(0, head), '\n')) {
      const size_t colon = line.find(": ");
      if (colon != std::string::npos) request.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 2)));
    }
    const auto answer = provider_->Answer(request);
    if (!answer.ok()) return "";
    return "HTTP/1.1 " + std::to_string(answer->status) +
           " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(answer->body.size()) +
           "\r\nConnection: close\r\n\r\n" + answer->body;
  }

  int socket_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<access::TestProvider> provider_;
  std::thread thread_;
};

}  // namespace dealpace::testing
