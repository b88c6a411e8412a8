#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "http/testing.h"

// Programs that a test starts and ends by their process ids: servers, and nginx in front of them.
namespace dealpace::testing {

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A program that runs until the test kills it, or the object goes.
class Process {
 public:
  Process(const std::vector<std::string>& command, const std::filesystem::path& output) {
    pid_ = fork();
    if (pid_ != 0) return;
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int none = open("/dev/null", O_RDONLY);
    dup2(none, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    // Nothing that the test has open goes along.
    for (int fd = 3; fd < 256; ++fd) close(fd);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(words.front(), words.data());
    _exit(127);
  }
  ~Process() { Kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Kill(int signal = SIGKILL) {
    if (pid_ <= 0) return;
    kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] bool running() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }

 private:
  pid_t pid_ = 0;
};

// A port that nothing listens on now.
inline int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

template <typename Condition>
bool Await(std::chrono::milliseconds patience, const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

struct Answered {
  int status = 0;  // 0: no answer
  boost::json::value json;
  bool replayed = false;
  std::string cookie;

  [[nodiscard]] std::string code() const {
    const auto* object = json.if_object();
    const auto* code = object == nullptr ? nullptr : object->if_contains("code");
    return code == nullptr ? "" : std::string(code->as_string());
  }
};

// One request on a connection of its own.
inline Answered Ask(int port, std::string_view method, const std::string& target, const std::string& headers = "",
                    const std::string& body = "", const char* type = "application/json") {
  Answered answered;
  try {
    http::RawClient client(port);
    std::string all = headers + "Connection: close\r\n";
    if (!body.empty()) all += "Content-Type: " + std::string(type) + "\r\n";
    if (body.empty() && method != "GET") all += "Content-Length: 0\r\n";
    const http::RawAnswer answer = client.Ask(method, target, all, body).Read();
    answered.status = answer.status;
    answered.replayed = answer.Header("idempotency-replayed") == "true";
    answered.cookie = answer.Header("set-cookie");
    answered.cookie = answered.cookie.substr(0, answered.cookie.find(';'));
    boost::json::error_code failed;
    answered.json = boost::json::parse(answer.body, failed);
  } catch (const std::runtime_error&) {
    // Nobody there.
  }
  return answered;
}

// `dealpace serve` over a database, with a data folder of its own.
class Server {
 public:
  // `keys`: of the store, the same for all its servers; by default in its folder.
  Server(std::filesystem::path folder, std::string url, std::filesystem::path keys = {})
      : folder_(std::move(folder)),
        url_(std::move(url)),
        keys_(keys.empty() ? folder_ / "dealpace.keys" : std::move(keys)) {}

  // Starts it, again after a kill, at the port that it had, and waits until it answers.
  void Start(const std::vector<std::string>& more = {}) {
    std::filesystem::create_directories(folder_);
    std::vector<std::string> command = {DEALPACE_BINARY,  "--lang", "en",     "--data",
                                        folder_.string(), "--db",   url_,     "--keys",
                                        keys_.string(),   "serve",  "--port", std::to_string(port_)};
    command.insert(command.end(), more.begin(), more.end());
    const std::filesystem::path output = folder_ / "output.txt";
    std::filesystem::remove(output);
    process_.emplace(command, output);
    const bool well = Await(std::chrono::seconds(30), [&] {
      static const std::string kAt = "Dealpace is at http://127.0.0.1:";
      const std::string text = ReadText(output);
      const size_t at = text.find(kAt);
      if (at == std::string::npos || text.find('\n', at) == std::string::npos) {
        if (!process_->running()) throw std::runtime_error("the server ended: " + text);
        return false;
      }
      port_ = std::atoi(text.c_str() + at + kAt.size());
      return Ask(port_, "GET", "/healthz").status == 200;
    });
    if (!well) throw std::runtime_error("the server does not start: " + ReadText(output));
  }
  void Kill() { process_->Kill(SIGKILL); }
  void Stop() { process_->Kill(SIGTERM); }
  [[nodiscard]] bool running() { return process_->running(); }
  [[nodiscard]] int port() const { return port_; }

 private:
  std::filesystem::path folder_;
  std::string url_;
  std::filesystem::path keys_;
  std::optional<Process> process_;
  int port_ = 0;
};

// nginx as a balancer in front of servers, all of it in a folder; nullptr where nginx is not installed.
inline std::unique_ptr<Process> StartBalancer(const std::filesystem::path& folder, const std::vector<int>& servers,
                                              int port) {
  std::string program;
  for (const char* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"}) {
    if (::access(path, X_OK) == 0) program = path;
  }
  if (program.empty()) return nullptr;
  std::filesystem::create_directories(folder);
  std::ostringstream conf;
  conf << "daemon off;\nmaster_process off;\npid " << (folder / "pid").string() << ";\nerror_log "
       << (folder / "error.log").string() << ";\nevents { worker_connections 512; }\nhttp {\n  access_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    conf << "  " << kind << "_temp_path " << (folder / kind).string() << ";\n";
  }
  conf << "  upstream dealpace {\n";
  for (const int server : servers) conf << "    server 127.0.0.1:" << server << " max_fails=1 fail_timeout=1s;\n";
  conf << "  }\n  server {\n    listen 127.0.0.1:" << port << ";\n    client_max_body_size 64m;\n"
       << "    location / {\n      proxy_pass http://dealpace;\n      proxy_http_version 1.1;\n"
       << "      proxy_set_header Host $http_host;\n      proxy_set_header Connection \"\";\n"
       << "      proxy_connect_timeout 2s;\n    }\n  }\n}\n";
  std::ofstream(folder / "nginx.conf") << conf.str();
  auto balancer = std::make_unique<Process>(
      std::vector<std::string>{program, "-p", folder.string(), "-e", (folder / "error.log").string(), "-c",
                               (folder / "nginx.conf").string()},
      folder / "output.txt");
  const bool well = Await(std::chrono::seconds(10), [&] { return Ask(port, "GET", "/healthz").status == 200; });
  if (!well) throw std::runtime_error("nginx does not start: " + ReadText(folder / "error.log"));
  return balancer;
}

}  // namespace dealpace::testing
