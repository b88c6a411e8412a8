// A server with more to do than it can: what is answered at once, who is told to wait, who is cut off.
#include <atomic>
#include <thread>

#include "http/metrics.h"
#include "http/server_fixture.h"

namespace dealpace::http {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr const char* kLetIn = "Authorization: let me in\r\n";

bool Shows(const std::string& series) { return Metrics::Get().Text().find(series + "\n") != std::string::npos; }

// Until the metrics say so; a server that never does fails by the test's time-out.
void Await(const std::string& series) {
  while (!Shows(series)) std::this_thread::yield();
}

TEST_F(ServerTest, QuickAnswersNeedNoWorker) {
  options_.worker_threads = 1;
  options_.queue_max = 1;
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait");
  door_.AwaitWaiting(1);
  RawClient queued(server_->port());
  queued.Ask("GET", "/api/hello");
  Await("dealpace_http_queue 1");
  EXPECT_EQ(CodeOf(Ask("GET", "/api/hello")), "server_busy");
  EXPECT_EQ(Ask("GET", "/api/quick").body, "quick");
  EXPECT_EQ(Ask("GET", "/api/quick", "X-Slow: yes\r\n").status, 503) << "what its quick handler leaves to a worker";
  EXPECT_EQ(Ask("GET", "/page").body, "page /page") << "files of the application neither";
  EXPECT_EQ(Ask("GET", "/api/none").status, 404);
  door_.Open();
  EXPECT_EQ(queued.Read().status, 200);
  EXPECT_EQ(Ask("GET", "/api/quick", "X-Slow: yes\r\n").body, "slow");
}

TEST_F(ServerTest, BusyIsSaidInBothLanguages) {
  options_.worker_threads = 1;
  options_.queue_max = 1;
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait");
  door_.AwaitWaiting(1);
  RawClient queued(server_->port());
  queued.Ask("GET", "/api/hello");
  Await("dealpace_http_queue 1");
  const RawAnswer english = Ask("GET", "/api/hello", "Accept-Language: en\r\n");
  EXPECT_EQ(english.Header("retry-after"), "2");
  EXPECT_NE(english.body.find("too much to do"), std::string::npos) << english.body;
  EXPECT_NE(Ask("GET", "/api/hello").body.find("繁忙"), std::string::npos);
  door_.Open();
}

// Begins a body, and waits until the server asks for it: then it has its share of the memory.
void BeginBody(RawClient& client, int64_t bytes) {
  client.Send("POST /api/private HTTP/1.1\r\nHost: x\r\n" + std::string(kLetIn) +
              "Content-Length: " + std::to_string(bytes) + "\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
}

// Many large bodies at once do not take all the memory: refused before anything of them is read.
TEST_F(ServerTest, LargeBodiesOfAnAccountWaitForRoom) {
  options_.limits.account_body_bytes_max = 500'000;
  options_.limits.body_bytes_max = 800'000;
  Start();
  const std::string half(200'000, ' ');
  RawClient first(server_->port());
  BeginBody(first, 400'000);
  const RawAnswer refused = Ask("POST", "/api/private", kLetIn, half);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(CodeOf(refused), "account_bodies");
  EXPECT_EQ(refused.Header("retry-after"), "2");
  EXPECT_NE(Metrics::Get().Text().find("{reason=\"account_bodies\"}"), std::string::npos);
  EXPECT_EQ(Ask("POST", "/api/private", kLetIn, std::string(60'000, ' ')).status, 200) << "a small one does not wait";
  EXPECT_EQ(Ask("POST", "/api/upload", kLetIn, std::string(900'000, 'x')).status, 200) << "a file is none in memory";
  // Whose length is not told, as it comes.
  RawClient chunked(server_->port());
  chunked.Send("POST /api/private HTTP/1.1\r\nHost: x\r\n" + std::string(kLetIn) +
               "Transfer-Encoding: chunked\r\n\r\n30d40\r\n" + half + "\r\n0\r\n\r\n");
  EXPECT_EQ(CodeOf(chunked.Read()), "account_bodies");
  EXPECT_EQ(first.Send(half + half).Read().status, 200);
  EXPECT_EQ(Ask("POST", "/api/private", kLetIn, half).status, 200) << "there is room again";
  // One that breaks off gives back what it had.
  {
    RawClient gone(server_->port());
    BeginBody(gone, 400'000);
    EXPECT_EQ(Ask("POST", "/api/private", kLetIn, half).status, 429);
  }
  while (Ask("POST", "/api/private", kLetIn, half).status != 200) std::this_thread::sleep_for(Milliseconds(5));
}

TEST_F(ServerTest, NoMoreBodiesThanThereIsMemoryForWhoeverSendsThem) {
  options_.limits.account_body_bytes_max = 0;
  options_.limits.body_bytes_max = 500'000;
  Start();
  const std::string half(200'000, ' ');
  RawClient first(server_->port());
  BeginBody(first, 400'000);
  const RawAnswer refused = Ask("POST", "/api/private", kLetIn, half);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(CodeOf(refused), "server_busy");
  EXPECT_EQ(refused.Header("retry-after"), "2");
  // Who waits to be told to go on is told before he sends anything.
  const RawAnswer told =
      Ask("POST", "/api/private", std::string(kLetIn) + "Content-Length: 400000\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(first.Send(half + half).Read().status, 200);
  EXPECT_EQ(Ask("POST", "/api/private", kLetIn, half).status, 200);
}

TEST_F(ServerTest, AQuickAnswerIsForWhoIsLetIn) {
  Start();
  EXPECT_EQ(Ask("GET", "/api/quick-private").status, 404);
  EXPECT_EQ(Ask("GET", "/api/quick-private", kLetIn).body, "slow") << "the gate has to ask: a worker does";
  quick_gate_ = true;
  EXPECT_EQ(Ask("GET", "/api/quick-private", kLetIn).body, "quick");
  EXPECT_EQ(Ask("GET", "/api/quick-private").status, 404);
  const int asked = gate_calls_;
  EXPECT_EQ(Ask("GET", "/api/private", kLetIn).status, 200);
  EXPECT_EQ(gate_calls_, asked + 1) << "once, also where a worker goes on";
}

TEST_F(ServerTest, WhatIsAnsweredLaterKeepsNoWorker) {
  options_.worker_threads = 1;
  quick_gate_ = true;
  Start();
  RawClient client = Client();
  EXPECT_EQ(client.Ask("POST", "/api/later", kLetIn, "a").Read().body, "later a");
  EXPECT_EQ(client.Ask("POST", "/api/later", kLetIn, "not for me").Read().body, "worker not for me");
  EXPECT_EQ(client.Ask("POST", "/api/later", kLetIn, "after all").Read().body, "worker after all");
  for (const char* body : {"throw", "throw later"}) {
    const RawAnswer failed = client.Ask("POST", "/api/later", kLetIn, body).Read();
    EXPECT_EQ(failed.status, 500);
    EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(CodeOf(client.Ask("POST", "/api/later", "", "a").Read()), "not_found") << "is not let in";
  client.Ask("POST", "/api/later", kLetIn, "hold");
  const std::function<void()> let_go = held_.get_future().get();
  EXPECT_EQ(Ask("POST", "/api/echo", "", "others").body, "others") << "the one worker is free";
  let_go();
  EXPECT_EQ(client.Read().body, "later hold");
  quick_gate_ = false;
  EXPECT_EQ(client.Ask("POST", "/api/later", kLetIn, "a").Read().body, "worker a") << "the gate has to ask";
}

TEST_F(ServerTest, AServerThatStopsGivesTheAnswersThatItOwes) {
  quick_gate_ = true;
  Start();
  RawClient client = Client();
  client.Ask("POST", "/api/later", kLetIn, "hold");
  const std::function<void()> let_go = held_.get_future().get();
  std::thread stopping([&] { server_->Stop(); });
  let_go();
  EXPECT_EQ(client.Read().body, "later hold");
  stopping.join();
}

TEST_F(ServerTest, AQuickHandlerHasTheWholeBody) {
  quick_gate_ = true;
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("POST", "/api/quick-echo", kLetIn, "{\"a\":1}").Read().body, "{\"a\":1}");
  EXPECT_EQ(at_once_, 1) << "it came with the head";
  const std::string head = std::string("POST /api/quick-echo HTTP/1.1\r\nHost: x\r\n") + kLetIn;
  client.Send(head + "Content-Length: 6\r\n\r\n123");
  while (gate_calls_ < 2) std::this_thread::yield();
  EXPECT_EQ(client.Send("456").Read().body, "123456");
  EXPECT_EQ(at_once_, 1) << "the gate was asked before the rest came";
  EXPECT_EQ(client.Send(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n0\r\n\r\n").Read().body, "12");
  client.Send(head + "Content-Length: 1\r\n\r\n1" + head + "Content-Length: 1\r\n\r\n2");
  EXPECT_EQ(client.Read().body, "1");
  EXPECT_EQ(client.Read().body, "2");
  EXPECT_EQ(at_once_, 3);
  EXPECT_EQ(CodeOf(client.Ask("POST", "/api/quick-echo", "", "{}").Read()), "not_found") << "is not let in";
  EXPECT_EQ(client.Ask("POST", "/api/quick-echo", kLetIn, "still here").Read().body, "still here");
}

TEST_F(ServerTest, AnAccountHasSoManyPlaces) {
  options_.limits.in_flight_max = 1;
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait-private", kLetIn);
  door_.AwaitWaiting(1);
  RawClient second(server_->port());
  const RawAnswer refused = second.Ask("GET", "/api/private", std::string(kLetIn) + "Accept-Language: en\r\n").Read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(CodeOf(refused), "account_busy");
  EXPECT_EQ(refused.Header("retry-after"), "1");
  EXPECT_EQ(refused.Header("connection"), "keep-alive");
  EXPECT_EQ(Ask("GET", "/api/hello").status, 200) << "who is nobody is not counted";
  door_.Open();
  EXPECT_EQ(running.Read().status, 200);
  RawAnswer later = second.Ask("GET", "/api/private", kLetIn).Read();
  while (later.status == 429) later = second.Ask("GET", "/api/private", kLetIn).Read();  // until the place is back
  EXPECT_EQ(later.status, 200);
}

TEST_F(ServerTest, AnAccountHasSoManyRequestsPerSecond) {
  options_.limits.per_second = 1;
  options_.limits.burst = 2;
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("GET", "/api/private", kLetIn).Read().status, 200);
  EXPECT_EQ(client.Ask("GET", "/api/private", kLetIn).Read().status, 200);
  RawAnswer refused;
  while (refused.status != 429) refused = client.Ask("GET", "/api/private", kLetIn).Read();
  EXPECT_EQ(CodeOf(refused), "account_rate");
  EXPECT_EQ(refused.Header("retry-after"), "1");
}

TEST_F(ServerTest, AnAccountHasSoManyStreams) {
  options_.limits.streams_max = 1;
  options_.limits.in_flight_max = 1;
  Start();
  {
    RawClient first(server_->port());
    first.Ask("GET", "/api/stream-private", kLetIn);
    EXPECT_NE(first.Until("\n\n").find("200 OK"), std::string::npos);
    EXPECT_EQ(Ask("GET", "/api/private", kLetIn).status, 200) << "a stream takes none of the places of requests";
    // The place of the request before is given back once its answer has been sent.
    std::string refused = "account_busy";
    while (refused == "account_busy") refused = CodeOf(Ask("GET", "/api/stream-private", kLetIn));
    EXPECT_EQ(refused, "account_streams");
  }
  RawClient later(server_->port());
  std::string top;
  while (top.find("200 OK") == std::string::npos) {  // until the first one's end has been seen
    RawClient client(server_->port());
    client.Ask("GET", "/api/stream-private", kLetIn);
    top = client.Until("\r\n\r\n");
  }
}

TEST_F(ServerTest, WhoNeverReadsIsCutOff) {
  options_.write_timeout = Milliseconds(100);
  Start();
  Await("dealpace_http_connections 0");
  RawClient client(server_->port());
  client.Ask("GET", "/huge");  // far more than the system buffers for a client that reads nothing
  Await("dealpace_http_connections 1");
  Await("dealpace_http_connections 0");
  size_t bytes = 0;
  while (!client.AtEnd()) bytes += client.Until("no such text").size();
  EXPECT_LT(bytes, kHuge) << "not all of it came";
}

TEST_F(ServerTest, WhoReadsSlowlyButReadsGetsItAll) {
  options_.write_timeout = Milliseconds(2'000);
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("GET", "/huge").Read().body.size(), kHuge);
}

TEST_F(ServerTest, AStreamIsWokenNotPolled) {
  options_.stream_poll = Milliseconds(1);
  Start();
  RawClient client(server_->port());
  client.Ask("GET", "/api/bell");
  client.Until("\r\n\r\n");
  EXPECT_EQ(client.Chunk(), "event: rung\ndata: 0\n\n");
  for (int i = 1; i <= 5; ++i) {
    bell_->Ring();
    EXPECT_EQ(client.Chunk(), "event: rung\ndata: " + std::to_string(i) + "\n\n");
  }
  EXPECT_LE(bell_->polls(), 12) << "once for each ring, and once more where one came while it spoke";
}

TEST_F(ServerTest, StoppingEndsAStreamThatWaitsToBeWoken) {
  Start();
  RawClient client(server_->port());
  client.Ask("GET", "/api/bell");
  client.Until("data: 0\n\n");
  server_->Stop();
  client.Until("0\r\n\r\n");
  EXPECT_TRUE(client.AtEnd());
  bell_->Ring();  // nobody is there any more
}

TEST_F(ServerTest, AStreamEndsWhenTheGateShuts) {
  options_.stream_check = Milliseconds(5);
  Start();
  RawClient client(server_->port());
  client.Ask("GET", "/api/stream-private", kLetIn);
  client.Until("{\"n\":1}\n\n");
  while (gate_calls_ < 3) std::this_thread::yield();
  EXPECT_GT(unattended_calls_, 0) << "looking again is no use of the session";
  shut_ = true;
  client.Until("0\r\n\r\n");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, APageThatRefreshesItselfSaysSo) {
  Start();
  EXPECT_EQ(Ask("GET", "/api/private", kLetIn).status, 200);
  EXPECT_EQ(unattended_calls_, 0);
  EXPECT_EQ(Ask("GET", "/api/private", std::string(kLetIn) + "X-Unattended: 1\r\n").status, 200);
  EXPECT_EQ(unattended_calls_, 1);
}

TEST_F(ServerTest, AFloodOfPipelinedRequestsLeavesOthersTheirTurn) {
  options_.io_threads = 1;
  Start();
  RawClient flood(server_->port());
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += "GET /api/quick HTTP/1.1\r\nHost: x\r\n\r\n";
  std::thread sender([&] { flood.Send(many); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Ask("GET", "/api/quick").body, "quick");
  int answered = 0;
  while (answered < 2'000 && flood.Read().status == 200) ++answered;
  sender.join();
  EXPECT_EQ(answered, 2'000);
}

TEST_F(ServerTest, ManyIdleConnectionsAreAnsweredWhenTheySpeak) {
  Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 400; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_EQ(clients.back()->Ask("GET", "/api/quick").Read().status, 200) << i;
  }
  EXPECT_TRUE(Shows("dealpace_http_connections 400"));
  for (const auto& client : clients) EXPECT_EQ(client->Ask("GET", "/api/hello").Read().status, 200);
}

}  // namespace
}  // namespace dealpace::http
