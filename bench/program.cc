#include "bench/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace dealpace::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Child {
  pid_t id = -1;
  int out = -1;
};

// Its standard output can be read from `out`; its errors go to `log`, or to our own.
Child Start(const std::vector<std::string>& command, const std::string& log = {}) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // a server does not outlive the measurement
    // The first administrator need not change it before a token of his is good; nobody signs in with it.
    setenv("DEALPACE_ADMIN_PASSWORD", "a year of showrooms 2025", 0);
    dup2(pipe_ends[1], STDOUT_FILENO);
    const int errors = log.empty() ? -1 : open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (errors >= 0) dup2(errors, STDERR_FILENO);
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  return {child, pipe_ends[0]};
}

// Asks it to end, and makes it when it does not.
void End(const Child& child) {
  if (child.id > 0) {
    kill(child.id, SIGTERM);
    const Clock::time_point begin = Clock::now();
    while (waitpid(child.id, nullptr, WNOHANG) == 0) {
      if (SecondsSince(begin) > 30) kill(child.id, SIGKILL);
      usleep(2'000);
    }
  }
  if (child.out >= 0) close(child.out);
}

// The address of a port on this machine; 0: any.
sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = fd >= 0 && bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  if (fd >= 0) close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool listens = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (fd >= 0) close(fd);
  return listens;
}

constexpr const char* kNginx = "/usr/sbin/nginx";

template <typename Visit>
void ForEachFile(const std::string& folder, const Visit& visit) {
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) visit(entry);
  }
}

}  // namespace

Finished RunProgram(const std::vector<std::string>& command) {
  Finished finished;
  const Clock::time_point begin = Clock::now();
  const Child child = Start(command);
  std::array<char, 4096> piece{};
  for (ssize_t count = 0; (count = read(child.out, piece.data(), piece.size())) > 0;) {
    finished.out.append(piece.data(), static_cast<size_t>(count));
  }
  close(child.out);
  int status = 0;
  rusage usage{};
  wait4(child.id, &status, 0, &usage);
  finished.seconds = SecondsSince(begin);
  finished.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024;
  return finished;
}

Finished MustRun(const std::vector<std::string>& command) {
  Finished finished = RunProgram(command);
  if (finished.exit == 0) return finished;
  std::string text;
  for (const std::string& word : command) text += word + " ";
  throw std::runtime_error(text + "ended with " + std::to_string(finished.exit) + "\n" + finished.out);
}

Serving::Serving(const std::string& binary, const std::vector<std::string>& store, const std::string& log,
                 const std::vector<std::string>& options) {
  std::vector<std::string> command = {binary, "--lang", "en"};
  command.insert(command.end(), store.begin(), store.end());
  command.insert(command.end(), {"serve", "--port", "0"});
  command.insert(command.end(), options.begin(), options.end());
  const Clock::time_point begin = Clock::now();
  const Child child = Start(command, log);
  child_ = child.id;
  out_ = child.out;
  // "Dealpace is at http://127.0.0.1:41235"
  const std::string mark = "http://127.0.0.1:";
  std::string said;
  std::array<char, 512> piece{};
  while (said.find(mark) == std::string::npos || said.find('\n', said.find(mark)) == std::string::npos) {
    const ssize_t count = read(out_, piece.data(), piece.size());
    if (count <= 0) throw std::runtime_error("the server did not start: " + said);
    said.append(piece.data(), static_cast<size_t>(count));
  }
  start_ms_ = SecondsSince(begin) * 1000;
  port_ = std::atoi(said.c_str() + said.find(mark) + mark.size());
}

Serving::~Serving() { End({child_, out_}); }

bool StaticAnswers::CanRun() { return access(kNginx, X_OK) == 0; }

StaticAnswers::StaticAnswers(const std::string& folder, size_t bytes) : port_(FreePort()) {
  fs::create_directories(folder + "/files");
  fs::permissions(folder, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  std::ofstream(folder + "/files/answer.json") << std::string(bytes, 'x');
  std::ofstream conf(folder + "/nginx.conf");
  conf << "daemon off;\nworker_processes 2;\npid " << folder << "/pid;\nerror_log " << folder
       << "/error.log;\nevents { worker_connections 1024; }\nhttp {\n  access_log off;\n  keepalive_requests "
          "100000000;\n  sendfile on;\n  tcp_nopush on;\n  open_file_cache max=10;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    conf << "  " << kind << "_temp_path " << folder << "/" << kind << ";\n";
  }
  conf << "  server {\n    listen 127.0.0.1:" << port_ << ";\n    root " << folder << "/files;\n  }\n}\n";
  conf.close();
  const Child child = Start({kNginx, "-p", folder, "-e", folder + "/error.log", "-c", folder + "/nginx.conf"});
  child_ = child.id;
  out_ = child.out;
  for (int i = 0; i < 200 && !Listens(port_); ++i) usleep(20'000);
}

StaticAnswers::~StaticAnswers() { End({child_, out_}); }

double Serving::StatusMb(const std::string& field) const {
  std::ifstream status("/proc/" + std::to_string(child_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::atof(line.c_str() + field.size()) / 1024;
  }
  return 0;
}

void DropFromCache(const std::string& folder) {
  ForEachFile(folder, [](const fs::directory_entry& entry) {
    const int fd = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    fdatasync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  });
}

double FolderMb(const std::string& folder) {
  double bytes = 0;
  ForEachFile(folder, [&](const fs::directory_entry& entry) { bytes += static_cast<double>(entry.file_size()); });
  return bytes / 1e6;
}

}  // namespace dealpace::bench
