// What takes longer than a question and its answer: uploads, downloads, streams, a full server, stopping.
#include <thread>

#include "http/metrics.h"
#include "http/server_fixture.h"

namespace dealpace::http {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr const char* kLetIn = "Authorization: let me in\r\n";

TEST_F(ServerTest, AnUploadIsAFileWhileTheHandlerRuns) {
  Start();
  const std::string content(700'000, 'z');
  const RawAnswer answer = Ask("POST", "/api/upload", kLetIn, content);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == content + "|700000") << answer.body.substr(0, 100);
  EXPECT_EQ(FilesInTmp(), 0U);
  RawClient chunks(server_->port());
  chunks.Send(std::string("POST /api/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n") + kLetIn +
              "\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(chunks.Read().body, "abc|3");
  EXPECT_EQ(Ask("POST", "/api/upload", std::string(kLetIn) + "Content-Length: 0\r\n").body, "|0");
}

TEST_F(ServerTest, AnUploadThatIsNotWantedLeavesNothing) {
  Start();
  EXPECT_EQ(Ask("POST", "/api/upload", "", std::string(200'000, 'z')).status, 404) << "not let in";
  EXPECT_EQ(Ask("POST", "/api/upload", kLetIn, std::string(1'000'001, 'z')).status, 413);
  RawClient chunks(server_->port());
  chunks.Send(std::string("POST /api/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n") + kLetIn + "\r\n");
  for (int i = 0; i < 25; ++i) chunks.Send("C350\r\n" + std::string(50'000, 'y') + "\r\n");
  EXPECT_EQ(chunks.Read().status, 413);
  {
    RawClient broken(server_->port());
    broken.Send(std::string("POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n") + kLetIn + "\r\nhalf");
    broken.EndSending();
    EXPECT_EQ(broken.Read().status, 400);
  }
  EXPECT_EQ(handler_calls_, 0);
  server_->Stop();
  EXPECT_EQ(FilesInTmp(), 0U);
}

TEST_F(ServerTest, AnUploadThatCannotBeStoredIsAnswered) {
  Start();
  std::ofstream(options_.folder + "/tmp") << "a file where the folder should be";
  const RawAnswer answer = Ask("POST", "/api/upload", std::string(kLetIn) + "Accept-Language: en\r\n", "abc");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(CodeOf(answer), "upload_not_stored");
}

TEST_F(ServerTest, AFileIsSentAndRemoved) {
  Start();
  std::string content;
  for (int i = 0; i < 200'000; ++i) content += std::to_string(i);
  std::ofstream(options_.folder + "/export.bin", std::ios::binary) << content;
  const RawAnswer answer = Ask("GET", "/api/file", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == content);
  EXPECT_FALSE(std::filesystem::exists(options_.folder + "/export.bin"));
  EXPECT_EQ(CodeOf(Ask("GET", "/api/file")), "not_found") << "it is gone";
}

TEST_F(ServerTest, AFullQueueIsAnswered) {
  options_.worker_threads = 1;
  options_.queue_max = 1;
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait");
  door_.AwaitWaiting(1);
  RawClient queued(server_->port());
  queued.Ask("GET", "/api/hello");
  while (Metrics::Get().Text().find("dealpace_http_queue 1") == std::string::npos) std::this_thread::yield();
  RawClient probe(server_->port());
  const RawAnswer busy = probe.Ask("GET", "/api/hello").Read();
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(CodeOf(busy), "server_busy");
  EXPECT_EQ(busy.Header("retry-after"), "2");
  door_.Open();
  EXPECT_EQ(running.Read().body, "waited");
  EXPECT_EQ(queued.Read().status, 200);
  EXPECT_EQ(probe.Ask("GET", "/api/hello").Read().status, 200) << "the same connection, later";
}

TEST_F(ServerTest, TooManyConnectionsAreTold) {
  options_.connections_max = 2;
  Start();
  RawClient first(server_->port());
  RawClient second(server_->port());
  EXPECT_EQ(first.Ask("GET", "/api/hello").Read().status, 200);
  EXPECT_EQ(second.Ask("GET", "/api/hello").Read().status, 200);
  RawClient third(server_->port());
  const RawAnswer answer = third.Ask("GET", "/api/hello").Read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.Header("retry-after").empty());
  EXPECT_TRUE(third.AtEnd());
  EXPECT_EQ(first.Ask("GET", "/api/hello").Read().status, 200);
}

TEST_F(ServerTest, StreamsEvents) {
  options_.stream_heartbeat = Milliseconds(20);
  Start();
  RawClient client(server_->port());
  client.Ask("GET", "/api/stream", "Accept-Encoding: gzip\r\n");
  const std::string head = client.Until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos) << head;
  EXPECT_NE(head.find("Cache-Control: no-store"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Encoding"), std::string::npos) << head;
  EXPECT_EQ(client.Chunk(), "event: progress\ndata: {\"n\":1}\n\n");
  EXPECT_EQ(client.Chunk(), ": \n\n") << "a heartbeat";
  *go_on_ = true;
  std::string next = client.Chunk();
  while (next == ": \n\n") next = client.Chunk();
  EXPECT_EQ(next, "event: progress\ndata: {\"n\":2}\n\n");
  EXPECT_EQ(client.Chunk(), "") << "its end";
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, AStreamForHttp10EndsWithTheConnection) {
  Start();
  *go_on_ = true;
  RawClient client(server_->port());
  client.Send("GET /api/stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Until("\r\n\r\n").find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(client.Until("\n\n"), "event: progress\ndata: {\"n\":1}\n\n");
  EXPECT_EQ(client.Until("\n\n"), "event: progress\ndata: {\"n\":2}\n\n");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, AStreamEndsWhenTheClientGoes) {
  Start();
  const std::weak_ptr<std::atomic<bool>> watched = go_on_;
  {
    RawClient client(server_->port());
    client.Ask("GET", "/api/stream");
    client.Until("\n\n");
    EXPECT_GT(watched.use_count(), 1);
  }
  while (watched.use_count() > 1) std::this_thread::yield();  // else the test hangs: the stream was not let go
}

TEST_F(ServerTest, AStreamEndsAfterItsTime) {
  options_.stream_max = Milliseconds(50);
  Start();
  RawClient client(server_->port());
  client.Ask("GET", "/api/stream");
  client.Until("\n\n");
  client.Until("0\r\n\r\n");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, StoppingLetsRunningRequestsFinish) {
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait");
  door_.AwaitWaiting(1);
  RawClient idle(server_->port());
  EXPECT_EQ(idle.Ask("GET", "/api/hello").Read().status, 200);
  RawClient streaming(server_->port());
  streaming.Ask("GET", "/api/stream");
  streaming.Until("{\"n\":1}\n\n");
  std::thread stop([this] { server_->Stop(); });
  EXPECT_TRUE(idle.AtEnd());
  streaming.Until("0\r\n\r\n");
  EXPECT_TRUE(streaming.AtEnd());
  door_.Open();
  const RawAnswer answer = running.Read();
  EXPECT_EQ(answer.body, "waited");
  EXPECT_EQ(answer.Header("connection"), "close");
  EXPECT_TRUE(running.AtEnd());
  stop.join();
  EXPECT_THROW(RawClient(server_->port()), std::runtime_error) << "nobody listens any more";
}

TEST_F(ServerTest, StoppingDoesNotWaitForEver) {
  options_.drain_timeout = Milliseconds(50);
  options_.worker_threads = 1;
  Start();
  RawClient running(server_->port());
  running.Ask("GET", "/api/wait");
  door_.AwaitWaiting(1);
  RawClient waiting(server_->port());
  waiting.Ask("GET", "/api/hello");
  std::thread stop([this] { server_->Stop(); });
  EXPECT_TRUE(running.AtEnd()) << "given up";
  EXPECT_TRUE(waiting.AtEnd());
  door_.Open();
  stop.join();
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  options_.worker_threads = 4;
  Start();
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        RawClient client(server_->port());
        for (int k = 0; k < 10; ++k) {
          const std::string text = std::to_string(i) + "-" + std::to_string(round) + "-" + std::to_string(k);
          good += client.Ask("POST", "/api/echo", "", text).Read().body == text;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace dealpace::http
