#include "bench/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace dealpace::bench {
namespace {

using Clock = std::chrono::steady_clock;

double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    if (fd >= 0) close(fd);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) throw std::runtime_error("the server ended the connection");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::string_view HeaderIn(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::string_view value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

// Where the answer at the beginning of `bytes` ends; 0 while it is not complete.
struct Extent {
  size_t head = 0;
  size_t end = 0;
  int status = 0;
};
Extent ExtentOf(std::string_view bytes) {
  Extent extent;
  const size_t blank = bytes.find("\r\n\r\n");
  if (blank == std::string_view::npos) return extent;
  const std::string_view head = bytes.substr(0, blank + 2);
  if (head.size() < 12) throw std::runtime_error("not an answer of HTTP");
  extent.status = std::atoi(std::string(head.substr(9, 3)).c_str());
  size_t length = 0;
  const std::string_view text = HeaderIn(head, "Content-Length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  extent.head = blank + 4;
  if (bytes.size() >= extent.head + length) extent.end = extent.head + length;
  return extent;
}

constexpr size_t kPiece = 256 << 10;

// A connection under load.
struct Caller {
  int fd = -1;
  std::string in;
  Clock::time_point begin;
  uint64_t answers = 0;
};

}  // namespace

std::string HttpAnswer::Header(std::string_view name) const { return std::string(HeaderIn(head, name)); }

double HttpAnswer::ServerMicroseconds() const {
  const std::string timing = Header("Server-Timing");
  const size_t at = timing.find("dur=");
  return at == std::string::npos ? -1 : std::atof(timing.c_str() + at + 4) * 1000;
}

std::string HttpRequest(std::string_view method, std::string_view target, std::string_view token,
                        std::string_view body) {
  std::string request =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + std::string(token) + "\r\n";
  if (method != "GET") {
    request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return request + "\r\n" + std::string(body);
}

HttpClient::HttpClient(int port) : socket_(Connect(port)) {}
HttpClient::~HttpClient() { close(socket_); }

HttpAnswer HttpClient::Send(std::string_view request) {
  HttpAnswer answer;
  std::array<char, 64 << 10> piece;  // not cleared: this is measured
  buffer_.clear();
  const Clock::time_point begin = Clock::now();
  WriteAll(socket_, request);
  Extent extent;
  while (extent.end == 0) {
    const ssize_t count = recv(socket_, piece.data(), piece.size(), 0);
    if (count <= 0) throw std::runtime_error("the server ended the connection");
    buffer_.append(piece.data(), static_cast<size_t>(count));
    extent = ExtentOf(buffer_);
  }
  answer.microseconds = MicrosecondsSince(begin);
  answer.status = extent.status;
  answer.head = buffer_.substr(0, extent.head);
  answer.body = buffer_.substr(extent.head, extent.end - extent.head);
  return answer;
}

LoadResult RunLoad(int port, const Load& load) {
  LoadResult result;
  std::vector<Caller> callers(static_cast<size_t>(load.connections));
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  for (size_t i = 0; i < callers.size(); ++i) {
    callers[i].fd = Connect(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, callers[i].fd, &event);
  }
  uint64_t number = 0;
  std::vector<float> took;
  const auto ask = [&](size_t i) {
    const std::string request = load.request(static_cast<int>(i), number++);
    callers[i].begin = Clock::now();
    WriteAll(callers[i].fd, request);
  };
  const Clock::time_point begin = Clock::now();
  const auto elapsed = [&] { return MicrosecondsSince(begin) / 1e6; };
  for (size_t i = 0; i < callers.size(); ++i) ask(i);
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  std::array<epoll_event, 64> events{};
  int open = load.connections;
  int waiting = load.connections;  // for an answer
  // Afterwards whoever still waits may have its answer.
  while (open > 0 && waiting > 0 && elapsed() < load.seconds + 10) {
    const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
    for (int e = 0; e < ready; ++e) {
      const size_t i = events[static_cast<size_t>(e)].data.u64;
      Caller& caller = callers[i];
      const ssize_t count = recv(caller.fd, piece->data(), piece->size(), 0);
      if (count <= 0) {
        epoll_ctl(poll, EPOLL_CTL_DEL, caller.fd, nullptr);
        ++result.broken;
        --open;
        --waiting;
        continue;
      }
      caller.in.append(piece->data(), static_cast<size_t>(count));
      const Extent extent = ExtentOf(caller.in);
      if (extent.end == 0) continue;
      caller.in.erase(0, extent.end);
      took.push_back(static_cast<float>(MicrosecondsSince(caller.begin)));
      ++caller.answers;
      ++(extent.status < 300 ? result.answers : result.refused);
      if (elapsed() < load.seconds) {
        ask(i);
      } else {
        --waiting;
      }
    }
  }
  result.seconds = elapsed();
  for (const Caller& caller : callers) {
    if (caller.answers == 0) ++result.unserved;
    close(caller.fd);
  }
  close(poll);
  std::sort(took.begin(), took.end());
  if (!took.empty()) {
    result.p50_us = took[took.size() / 2];
    result.p99_us = took[std::min(took.size() - 1, took.size() * 99 / 100)];
    result.longest_us = took.back();
  }
  return result;
}

}  // namespace dealpace::bench
