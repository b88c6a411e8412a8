#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

// The built program, run as a user runs it: a command that ends, and a server that is stopped.
namespace dealpace::bench {

struct Finished {
  int exit = 0;  // 128 and more: ended by a signal
  std::string out;
  double seconds = 0;
  double peak_mb = 0;  // resident
};
// Runs a command to its end; its errors go to our own. Throws std::runtime_error where it cannot be started.
Finished RunProgram(const std::vector<std::string>& command);
// The same for a command that must succeed.
Finished MustRun(const std::vector<std::string>& command);

// `dealpace serve` on a free port of 127.0.0.1, until the end of this object.
class Serving {
 public:
  // `store`: "--data FOLDER", and what else every command needs. Returns once the server says where it is.
  Serving(const std::string& binary, const std::vector<std::string>& store, const std::string& log,
          const std::vector<std::string>& options = {});
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] double start_ms() const { return start_ms_; }
  // Resident memory now, and the most there was.
  [[nodiscard]] double ResidentMb() const { return StatusMb("VmRSS:"); }
  [[nodiscard]] double PeakMb() const { return StatusMb("VmHWM:"); }

 private:
  [[nodiscard]] double StatusMb(const std::string& field) const;
  pid_t child_ = -1;
  int out_ = -1;
  int port_ = 0;
  double start_ms_ = 0;
};

// nginx with two workers, answering any request on a free port of 127.0.0.1 with so many bytes, until the end of this
// object: what a server that works nothing out can do on this machine.
class StaticAnswers {
 public:
  // Whether nginx is installed.
  [[nodiscard]] static bool CanRun();
  StaticAnswers(const std::string& folder, size_t bytes);
  ~StaticAnswers();
  StaticAnswers(const StaticAnswers&) = delete;
  StaticAnswers& operator=(const StaticAnswers&) = delete;
  [[nodiscard]] int port() const { return port_; }

 private:
  pid_t child_ = -1;
  int out_ = -1;
  int port_ = 0;
};

// Writes what is dirty and drops the files below a folder from the file cache.
void DropFromCache(const std::string& folder);
// Bytes of the files below a folder, in MB.
[[nodiscard]] double FolderMb(const std::string& folder);

}  // namespace dealpace::bench
