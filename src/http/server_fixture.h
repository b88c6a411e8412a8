#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>

#include "http/server.h"
#include "http/testing.h"

// What the tests of the server share. For tests only.
namespace dealpace::http {

// A door that handlers wait at until the test opens it, and that knows how many stand there.
class Door {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitWaiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

// Says "one", then waits for the door, then says "two" and ends.
class TwoEvents : public EventStream {
 public:
  explicit TwoEvents(std::shared_ptr<std::atomic<bool>> go_on) : go_on_(std::move(go_on)) {}
  std::optional<std::string> Poll() override {
    if (said_ == 0) {
      ++said_;
      return ServerSentEvent("progress", R"({"n":1})");
    }
    if (said_ == 1 && *go_on_) {
      ++said_;
      return ServerSentEvent("progress", R"({"n":2})");
    }
    return said_ == 2 ? std::nullopt : std::optional<std::string>("");
  }

 private:
  std::shared_ptr<std::atomic<bool>> go_on_;
  int said_ = 0;
};

// Rings are counted; whoever listens hears the number of the last one. Not polled by time.
class Bell {
 public:
  void Ring() {
    const std::lock_guard lock(mutex_);
    ++rings_;
    if (wake_) wake_();
  }
  [[nodiscard]] int polls() const { return polls_; }

  class Listener : public EventStream {
   public:
    explicit Listener(Bell& bell) : bell_(bell) {}
    ~Listener() override {
      const std::lock_guard lock(bell_.mutex_);
      bell_.wake_ = nullptr;
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    bool WakeBy(std::function<void()> wake) override {
      const std::lock_guard lock(bell_.mutex_);
      bell_.wake_ = std::move(wake);
      return true;
    }
    std::optional<std::string> Poll() override {
      ++bell_.polls_;
      const std::lock_guard lock(bell_.mutex_);
      if (bell_.rings_ == heard_) return "";
      heard_ = bell_.rings_;
      return ServerSentEvent("rung", std::to_string(heard_));
    }

   private:
    Bell& bell_;
    int heard_ = -1;
  };

 private:
  std::mutex mutex_;
  int rings_ = 0;
  std::function<void()> wake_;
  std::atomic<int> polls_ = 0;
};

inline constexpr size_t kHuge = 64 << 20;  // bytes of "/huge"

inline std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A server on a free port of the loopback interface, with small limits and short time-outs.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    std::string name = testing::TempDir() + "dealpace-http-XXXXXX";
    options_.folder = mkdtemp(name.data());
    options_.port = 0;
    options_.worker_threads = 2;
    options_.header_bytes_max = 12 << 10;
    options_.header_timeout = std::chrono::milliseconds(5'000);
    options_.body_timeout = std::chrono::milliseconds(5'000);
    options_.stream_poll = std::chrono::milliseconds(5);
  }
  ~ServerTest() override {
    door_.Open();
    server_.reset();
    std::filesystem::remove_all(options_.folder);
  }

  // Starts with the routes that the tests use.
  void Start() {
    static const std::string kBytes(kHuge, 'h');
    const auto fallback = [](const Request& request) {
      if (request.path != "/huge") return Response::Text("page " + request.path);
      Response response;
      response.static_body = kBytes;
      return response;
    };
    const auto quickly = [this](Request& request, const Route&) -> std::optional<Status> {
      if (!quick_gate_) return std::nullopt;
      return PassGate(request);
    };
    server_ = std::make_unique<Server>(
        options_, Routes(), [this](Request& request, const Route&) { return PassGate(request); }, fallback,
        QuickPath{quickly, [this](const std::function<void()>& both) {
                    ++at_once_;
                    both();
                  }});
    const Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started.error().code << " " << started.error().Arg("detail");
  }
  [[nodiscard]] RawClient Client() const { return RawClient(server_->port()); }
  // One request on a connection of its own.
  [[nodiscard]] RawAnswer Ask(std::string_view method, std::string_view target, std::string_view headers = "",
                              std::string_view body = "") const {
    RawClient client(server_->port());
    return client.Ask(method, target, headers, body).Read(method == "HEAD");
  }
  [[nodiscard]] RawAnswer Say(std::string_view bytes) const {
    RawClient client(server_->port());
    return client.Send(bytes).Read();
  }
  [[nodiscard]] size_t FilesInTmp() const {
    size_t count = 0;
    std::error_code none;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(options_.folder + "/tmp", none))
      ++count;
    return count;
  }
  static std::string CodeOf(const RawAnswer& answer) {
    boost::json::error_code problem;
    const boost::json::value json = boost::json::parse(answer.body, problem);
    const boost::json::object* object = problem ? nullptr : json.if_object();
    const boost::json::value* code = object == nullptr ? nullptr : object->if_contains("code");
    return code == nullptr || !code->is_string() ? "no problem details: " + answer.body : code->get_string().c_str();
  }

  ServerOptions options_;
  std::unique_ptr<Server> server_;
  Door door_;
  std::shared_ptr<std::atomic<bool>> go_on_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::atomic<bool> quick_gate_ = false;  // whether the gate knows without asking
  std::atomic<bool> shut_ = false;        // the gate, for everybody
  std::atomic<int> gate_calls_ = 0;
  std::atomic<int> unattended_calls_ = 0;
  std::atomic<int> at_once_ = 0;  // requests whose gate and quick handler ran together
  std::atomic<int> handler_calls_ = 0;
  std::promise<std::function<void()>> held_;  // gives the answer that "/api/later" holds back

 private:
  Status PassGate(Request& request) {
    ++gate_calls_;
    if (request.unattended) ++unattended_calls_;
    if (shut_ || request.Header("authorization") != "let me in") return Error("not_found");
    request.caller.via = Caller::Via::kToken;
    request.caller.account = AccountId(77);
    request.response_headers.emplace_back("Set-Cookie", "renewed=1");
    return {};
  }

  Router Routes() {
    Router router;
    const auto answer = [this](Response response) {
      return [this, response = std::move(response)](const Request&) -> Result<Response> {
        ++handler_calls_;
        return response;
      };
    };
    router.Get("/api/hello", Gate::kOpen, answer(Response::Json(R"({"hello":"你好"})")));
    router.Get("/api/private", Gate::kSignedIn, answer(Response::Json("{}")));
    router.Get("/api/big", Gate::kOpen, answer(Response::Json("[" + std::string(5000, ' ') + "]")));
    router.Get("/api/named/{name}", Gate::kOpen, [](const Request& request) -> Result<Response> {
      return Response::Text(request.Param("name") + "?" + std::string(request.Query("q").value_or("-")));
    });
    router.Post(
        "/api/echo", Gate::kOpen,
        [](const Request& request) -> Result<Response> { return Response::Text(request.body); }, 100'000);
    router.Post("/api/private", Gate::kSignedIn, answer(Response::Json("{}")), 1 << 20);
    router.Add({Method::kPost, "/api/upload", Gate::kSignedIn,
                [this](const Request& request) {
                  ++handler_calls_;
                  return Response::Text(ReadWholeFile(request.body_file) + "|" + std::to_string(request.body_bytes));
                },
                Body::kFile, 1'000'000});
    router.Add({Method::kPost, "/api/bytes", Gate::kOpen,
                [](const Request& request) { return Response::Text(request.body + "|" + request.body_file); },
                Body::kBytes, 1'000});
    router.Get("/api/fails", Gate::kOpen,
               [](const Request&) -> Result<Response> { throw std::runtime_error("the secret of the house"); });
    router.Get("/api/wait", Gate::kOpen, [this](const Request&) -> Result<Response> {
      door_.Wait();
      return Response::Text("waited");
    });
    router.Get("/api/wait-private", Gate::kSignedIn, [this](const Request&) -> Result<Response> {
      door_.Wait();
      return Response::Text("waited");
    });
    using PathAndGate = std::pair<const char*, Gate>;
    for (const auto& [path, gate] : {PathAndGate("/api/quick", Gate::kOpen), {"/api/quick-private", Gate::kSignedIn}}) {
      Route route;
      route.pattern = path;
      route.admission = gate;
      route.handler = [](const Request&) { return Response::Text("slow"); };
      route.quick = [](const Request& request) -> std::optional<Response> {
        if (request.Header("x-slow")) return std::nullopt;
        return Response::Text("quick");
      };
      router.Add(std::move(route));
    }
    Route echo;
    echo.method = Method::kPost;
    echo.pattern = "/api/quick-echo";
    echo.body = Body::kMemory;
    echo.handler = [](const Request& request) { return Response::Text("slow " + request.body); };
    echo.quick = [](const Request& request) -> std::optional<Response> { return Response::Text(request.body); };
    router.Add(std::move(echo));
    Route later;
    later.method = Method::kPost;
    later.pattern = "/api/later";
    later.body = Body::kMemory;
    later.handler = [](const Request& request) { return Response::Text("worker " + request.body); };
    later.later = [this](const Request& request) -> LaterBegin {
      if (request.body == "not for me") return {};
      if (request.body == "throw") throw std::runtime_error("the secret of the house");
      return [this, &request](std::function<void(LaterAnswer)> tell) {
        LaterAnswer what = [&request]() -> std::optional<Response> {
          if (request.body == "after all") return std::nullopt;
          if (request.body == "throw later") throw std::runtime_error("the secret of the house");
          return Response::Text("later " + request.body);
        };
        if (request.body != "hold") return tell(std::move(what));
        held_.set_value([tell = std::move(tell), what = std::move(what)] { tell(what); });
      };
    };
    router.Add(std::move(later));
    router.Get("/api/bell", Gate::kOpen, [bell = bell_](const Request&) -> Result<Response> {
      return Response::Events(std::make_shared<Bell::Listener>(*bell));
    });
    router.Get("/api/stream-private", Gate::kSignedIn, [this](const Request&) -> Result<Response> {
      return Response::Events(std::make_shared<TwoEvents>(go_on_));
    });
    router.Get("/api/stream", Gate::kOpen, [this](const Request&) -> Result<Response> {
      return Response::Events(std::make_shared<TwoEvents>(go_on_));
    });
    router.Get("/api/file", Gate::kOpen, [this](const Request&) -> Result<Response> {
      Response response;
      response.content_type = "application/octet-stream";
      response.body_file = options_.folder + "/export.bin";
      response.remove_body_file = true;
      return response;
    });
    return router;
  }
};

}  // namespace dealpace::http
