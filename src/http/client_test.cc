#include "http/client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "http/certificate.h"
#include "http/server_fixture.h"

namespace dealpace::http {
namespace {

using std::chrono::milliseconds;

class ClientTest : public ServerTest {
 protected:
  [[nodiscard]] std::string Url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return std::string(server_->tls() ? "https://" : "http://") + host + ":" + std::to_string(server_->port()) + path;
  }
  static std::string Code(const Result<ClientAnswer>& answer) { return answer.ok() ? "" : answer.error().code; }
  // With a certificate of its own making, for this machine's names.
  void StartTls() {
    const auto files = FindOrMakeCertificate(options_.folder + "/given");
    ASSERT_TRUE(files.ok());
    options_.certificate_file = files->certificate;
    options_.key_file = files->key;
    trusting_.ca_file = files->certificate;
    Start();
  }
  ClientOptions trusting_;
};

// A port that takes connections and says what it is told to, nothing at first.
class Mute {
 public:
  Mute() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(socket_, 8) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(at.sin_port);
  }
  ~Mute() { close(socket_); }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int socket_;
  int port_ = 0;
};

TEST_F(ClientTest, AsksAndIsAnswered) {
  Start();
  const auto hello = Fetch({Method::kGet, Url("/api/hello"), {}, ""});
  ASSERT_EQ(Code(hello), "");
  EXPECT_EQ(hello->status, 200);
  EXPECT_NE(hello->body, "");
  const auto echo = Fetch({Method::kPost, Url("/api/echo", "localhost"), {{"Accept", "*/*"}}, std::string(9'000, 'x')});
  ASSERT_EQ(Code(echo), "");
  EXPECT_EQ(echo->body, std::string(9'000, 'x'));
  EXPECT_EQ(Fetch({Method::kGet, Url("/api/nothing"), {}, ""})->status, 404) << "a refusal is an answer";
}

TEST_F(ClientTest, LongAnswersAreRefused) {
  Start();
  ClientOptions options;
  options.body_bytes_max = 1'000;
  const auto echo = Fetch({Method::kPost, Url("/api/echo"), {}, std::string(1'001, 'x')}, options);
  ASSERT_EQ(Code(echo), "remote_unreachable");
  EXPECT_NE(echo.error().Arg("detail").find("limit"), std::string_view::npos) << echo.error().Arg("detail");
  EXPECT_EQ(Code(Fetch({Method::kPost, Url("/api/echo"), {}, std::string(1'000, 'x')}, options)), "");
}

TEST_F(ClientTest, OverTlsItTrustsAuthoritiesOnlyAndTheHostThatIsNamed) {
  StartTls();
  EXPECT_EQ(Code(Fetch({Method::kGet, Url("/api/hello"), {}, ""}, trusting_)), "");
  EXPECT_EQ(Code(Fetch({Method::kGet, Url("/api/hello", "localhost"), {}, ""}, trusting_)), "");
  const auto unknown = Fetch({Method::kGet, Url("/api/hello"), {}, ""});
  ASSERT_EQ(Code(unknown), "remote_unreachable");
  EXPECT_NE(unknown.error().Arg("detail").find("certificate verify failed"), std::string_view::npos)
      << unknown.error().Arg("detail");
  // The same machine by an address that the certificate does not name.
  EXPECT_EQ(Code(Fetch({Method::kGet, Url("/api/hello", "127.0.0.2"), {}, ""}, trusting_)), "remote_unreachable");
  trusting_.ca_file = options_.folder + "/none.pem";
  EXPECT_EQ(Code(Fetch({Method::kGet, Url("/api/hello"), {}, ""}, trusting_)), "remote_unreachable");
}

TEST_F(ClientTest, ARedirectionIsAnAnswerAndNotFollowed) {
  StartTls();
  // Plain HTTP to a TLS port is sent on to https.
  const auto answer =
      Fetch({Method::kGet, "http://127.0.0.1:" + std::to_string(server_->port()) + "/api/hello", {}, ""});
  ASSERT_EQ(Code(answer), "");
  EXPECT_EQ(answer->status / 100, 3);
}

TEST_F(ClientTest, WhoeverDoesNotAnswerIsGivenUp) {
  const Mute mute;
  ClientOptions options;
  options.timeout = milliseconds(50);
  const auto answer = Fetch({Method::kGet, mute.url(), {}, ""}, options);
  ASSERT_EQ(Code(answer), "remote_unreachable");
  EXPECT_EQ(answer.error().Arg("detail"), "no answer in 50 ms");
  std::string gone;
  {
    const Mute closed;
    gone = closed.url();
  }
  EXPECT_EQ(Code(Fetch({Method::kGet, gone, {}, ""})), "remote_unreachable");
}

// Threads of look-ups live on: what they wait for is shared with them.
struct Gate {
  std::promise<void> open;
  std::shared_future<void> opened{open.get_future()};
};

TEST_F(ClientTest, ANameServerThatHangsHoldsNobodyUp) {
  Start();
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<std::atomic<int>>(0);
  ClientOptions options;
  options.timeout = milliseconds(20);
  options.look_up = [gate, ended](const std::string&) -> std::vector<std::string> {
    gate->opened.wait();
    ++*ended;
    return {"127.0.0.1"};
  };
  const auto ask = [&](const ClientOptions& with) {
    return Fetch({Method::kGet, Url("/api/hello", "localhost"), {}, ""}, with);
  };
  for (int i = 0; i < kLookUpsHangingMax; ++i) {
    const auto answer = ask(options);
    ASSERT_EQ(Code(answer), "remote_unreachable");
    EXPECT_EQ(answer.error().Arg("detail"), "its name was not found in 20 ms");
  }
  EXPECT_EQ(ask(options).error().Arg("detail"), "name servers do not answer") << "no more threads are left behind";
  EXPECT_EQ(Code(Fetch({Method::kGet, Url("/api/hello"), {}, ""}, options)), "") << "an address needs no look-up";
  EXPECT_EQ(*ended, 0);
  gate->open.set_value();
  // They end by themselves, and names are asked for again.
  std::string code = "remote_unreachable";
  for (int i = 0; i < 1'000 && !code.empty(); ++i) {
    code = Code(ask({}));
    if (!code.empty()) std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(code, "");
}

TEST_F(ClientTest, WhatALookUpAnswers) {
  Start();
  ClientOptions options;
  const auto detail = [&] {
    const auto answer = Fetch({Method::kGet, Url("/api/hello", "localhost"), {}, ""}, options);
    return answer.ok() ? "" : std::string(answer.error().Arg("detail"));
  };
  options.look_up = [](const std::string& host) -> std::vector<std::string> {
    if (host != "localhost") throw std::runtime_error("asked for " + host);
    return {"127.0.0.1"};
  };
  EXPECT_EQ(detail(), "");
  options.look_up = [](const std::string&) -> std::vector<std::string> { throw std::runtime_error("no such name"); };
  EXPECT_EQ(detail(), "no such name");
  options.look_up = [](const std::string&) { return std::vector<std::string>(); };
  EXPECT_EQ(detail(), "its name has no address");
}

TEST(ClientUrl, HttpsOrThisMachine) {
  EXPECT_TRUE(IsFetchable("https://login.example.com"));
  EXPECT_TRUE(IsFetchable("https://login.example.com:8443/realms/shop?x=1"));
  EXPECT_TRUE(IsFetchable("http://127.0.0.1:8080/x"));
  EXPECT_TRUE(IsFetchable("http://[::1]:8080/"));
  EXPECT_TRUE(IsFetchable("http://localhost/"));
  for (const char* url : {"http://login.example.com/",
                          "http://127.0.0.1.example.com/",
                          "http://192.168.1.1/",
                          "ftp://127.0.0.1/",
                          "https:///x",
                          "https://user:secret@example.com/",
                          "https://example.com/#x",
                          "https://exa mple.com/",
                          "https://example.com:/",
                          "https://example.com:99999999/",
                          "https://example.com:x/",
                          "https://[::1/",
                          "https://[x]/",
                          "https://a%62/",
                          "https://a\\b/",
                          "http://[::1]x/",
                          "http://127.0.0.1@example.com/",
                          "http://2130706433/",
                          "/x",
                          ""}) {
    EXPECT_FALSE(IsFetchable(url)) << url;
    EXPECT_EQ(Fetch({Method::kGet, url, {}, ""}).error().code, "remote_url_bad") << url;
  }
  EXPECT_TRUE(IsLoopbackHttp("http://localhost:1/"));
  EXPECT_FALSE(IsLoopbackHttp("https://localhost:1/"));
  EXPECT_FALSE(IsLoopbackHttp("http://example.com/"));
}

}  // namespace
}  // namespace dealpace::http
