#include "http/server.h"

#include <thread>

#include "http/log.h"
#include "http/metrics.h"
#include "http/server_fixture.h"

namespace dealpace::http {
namespace {

using Milliseconds = std::chrono::milliseconds;

TEST_F(ServerTest, AnswersWithIdAndSecurityHeaders) {
  Start();
  const RawAnswer answer = Ask("GET", "/api/hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"hello":"你好"})");
  EXPECT_EQ(answer.Header("content-type"), "application/json");
  EXPECT_EQ(answer.Header("cache-control"), "no-store");
  EXPECT_EQ(answer.Header("x-content-type-options"), "nosniff");
  EXPECT_NE(answer.Header("content-security-policy").find("script-src 'self';"), std::string::npos);
  EXPECT_NE(answer.Header("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(answer.Header("cross-origin-opener-policy"), "same-origin");
  EXPECT_FALSE(answer.Header("permissions-policy").empty());
  EXPECT_FALSE(answer.Header("date").empty());
  EXPECT_GE(answer.Header("x-request-id").size(), 8U);
  EXPECT_EQ(answer.Header("strict-transport-security"), "") << "this is plain HTTP";
}

TEST_F(ServerTest, TakesOverAGoodRequestIdOnly) {
  Start();
  EXPECT_EQ(Ask("GET", "/api/hello", "X-Request-Id: shop-4711_a\r\n").Header("x-request-id"), "shop-4711_a");
  EXPECT_TRUE(Ask("GET", "/api/hello").Header("server-timing").starts_with("total;dur="));
  for (const char* bad : {"short", "with blank in", "\"quoted-id\"", "<script>alert"}) {
    const std::string given =
        Ask("GET", "/api/hello", std::string("X-Request-Id: ") + bad + "\r\n").Header("x-request-id");
    EXPECT_NE(given, bad);
    EXPECT_GE(given.size(), 8U);
  }
  EXPECT_EQ(Ask("GET", "/api/none", "X-Request-Id: my-request\r\n").Header("x-request-id"), "my-request")
      << "errors carry it too";
}

TEST_F(ServerTest, KeepsTheConnection) {
  Start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = client.Ask("GET", "/api/hello").Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Header("connection"), "keep-alive");
  }
  EXPECT_EQ(client.Ask("GET", "/api/hello", "Connection: close\r\n").Read().Header("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, Http10ClosesUnlessItAsksNotTo) {
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Send("GET /api/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").Read().status, 200);
  EXPECT_EQ(client.Send("GET /api/hello HTTP/1.0\r\n\r\n").Read().status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawClient client(server_->port());
  client.Send(
      "GET /api/named/a?q=1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n2;ext=1\r\n "
      "/\r\n0\r\nTrailer: x\r\n\r\n"
      "\r\n"
      "GET /api/none HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /api/named/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().body, "a?1");
  EXPECT_EQ(client.Read().body, "hello");
  EXPECT_EQ(client.Read().body, "GET /");
  EXPECT_EQ(client.Read().status, 404);
  EXPECT_EQ(client.Read().body, "b?-");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, ReadsWhatComesByteByByte) {
  Start();
  RawClient client(server_->port());
  for (const char c : std::string_view("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    client.Send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.Read().body, "abc");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGet) {
  Start();
  RawClient client(server_->port());
  const RawAnswer head = client.Ask("HEAD", "/api/hello").Read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "18");
  EXPECT_EQ(client.Ask("GET", "/api/hello").Read().status, 200) << "no byte of a body came in between";
  EXPECT_EQ(client.Ask("HEAD", "/api/none").Read(true).status, 404);
  EXPECT_EQ(client.Ask("HEAD", "/page").Read(true).Header("content-length"), "10");
}

TEST_F(ServerTest, OptionsNamesTheMethods) {
  Start();
  const RawAnswer answer = Ask("OPTIONS", "/api/private");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.Header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(answer.Header("access-control-allow-origin"), "");
  EXPECT_EQ(Ask("OPTIONS", "*").status, 204);
  EXPECT_EQ(Ask("OPTIONS", "/api/none").status, 404);
  EXPECT_EQ(Ask("OPTIONS", "/page").Header("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ServerTest, WhatNoRouteKnowsFallsBackOutsideOfTheApi) {
  Start();
  const RawAnswer page = Ask("GET", "/leads/17?tab=2");
  EXPECT_EQ(page.body, "page /leads/17");
  EXPECT_EQ(page.Header("cache-control"), "") << "that is up to the fallback";
  EXPECT_EQ(CodeOf(Ask("GET", "/api/none")), "not_found");
  EXPECT_EQ(CodeOf(Ask("GET", "/api")), "not_found");
  EXPECT_EQ(CodeOf(Ask("POST", "/leads/17", "", "{}")), "not_found");
}

TEST_F(ServerTest, AWrongMethodIsToldTheRightOnes) {
  Start();
  const RawAnswer answer = Ask("DELETE", "/api/hello", "Accept-Language: en\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(CodeOf(answer), "method_not_allowed");
  EXPECT_EQ(answer.Header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_NE(answer.body.find("Possible is: GET, HEAD, OPTIONS."), std::string::npos) << answer.body;
}

TEST_F(ServerTest, ProblemsAreInTheLanguageOfTheAsker) {
  Start();
  const RawAnswer english = Ask("GET", "/api/none", "Accept-Language: fr, en-GB;q=0.8, zh;q=0.5\r\n");
  EXPECT_EQ(english.Header("content-type"), "application/problem+json");
  EXPECT_NE(english.body.find("There is nothing at this address."), std::string::npos);
  EXPECT_NE(Ask("GET", "/api/none").body.find("此地址没有内容。"), std::string::npos);
  EXPECT_NE(Ask("GET", "/api/none?lang=en").body.find("There is nothing"), std::string::npos);
  const RawAnswer malformed = Say("GET / HTTP/1.1\r\nAccept-Language: en\r\nHost: x\r\nBad Header: y\r\n\r\n");
  EXPECT_NE(malformed.body.find("not well-formed"), std::string::npos) << malformed.body;
}

TEST_F(ServerTest, RefusesMalformedRequests) {
  Start();
  struct Case {
    const char* bytes;
    int status;
    const char* code;
  };
  const Case cases[] = {
      {"GARBAGE\r\n\r\n", 400, "request_malformed"},
      {"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request_malformed"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "request_malformed"},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "request_malformed"},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400, "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400,
       "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "request_malformed"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "transfer_coding_unknown"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
       "transfer_coding_unknown"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "version_unsupported"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_unsupported"},
      {"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501, "method_unknown"},
      {"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501, "method_unknown"},
      {"GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET /a%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET /a?b=%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET /a/%2e%2e/b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "target_malformed"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", 400, "body_not_expected"},
      {"POST /api/echo HTTP/1.1\r\nHost: x\r\nExpect: miracle\r\nContent-Length: 1\r\n\r\n", 417, "expectation_failed"},
      {"POST /api/upload HTTP/1.1\r\nHost: x\r\n\r\n", 411, "length_required"},
  };
  for (const Case& each : cases) {
    const RawAnswer answer = Say(each.bytes);
    EXPECT_EQ(answer.status, each.status) << each.bytes;
    EXPECT_EQ(CodeOf(answer), each.code) << each.bytes;
    EXPECT_EQ(answer.Header("content-type"), "application/problem+json") << each.bytes;
    EXPECT_GE(answer.Header("x-request-id").size(), 8U) << each.bytes;
  }
  RawClient half(server_->port());
  half.Send("GET / HTT").EndSending();
  EXPECT_EQ(half.Read().status, 400) << "who stops in the middle still reads the answer";
}

TEST_F(ServerTest, NothingIsReadAfterAMalformedRequest) {
  Start();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\nGET /api/hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Header("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, AHeaderTooLargeIsAnswered) {
  Start();
  const RawAnswer one = Ask("GET", "/api/hello", "X-Long: " + std::string(30'000, 'x') + "\r\n");
  EXPECT_EQ(one.status, 431);
  EXPECT_EQ(CodeOf(one), "header_too_large");
  std::string many;
  for (int i = 0; i < 1500; ++i) many += "X-H" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(Ask("GET", "/api/hello", many).status, 431);
  EXPECT_EQ(Ask("GET", "/api/hello", "X-Long: " + std::string(10'000, 'x') + "\r\n").status, 200);
}

TEST_F(ServerTest, ATargetTooLongIsAnswered) {
  Start();
  EXPECT_EQ(CodeOf(Ask("GET", "/" + std::string(9'000, 'a'))), "target_too_long");
  const RawAnswer answer = Ask("GET", "/" + std::string(40'000, 'a'));
  EXPECT_EQ(answer.status, 414);
  EXPECT_EQ(CodeOf(answer), "target_too_long");
}

TEST_F(ServerTest, ABodyTooLargeIsAnsweredBeforeItIsRead) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
  const RawAnswer announced = client.Read();
  EXPECT_EQ(announced.status, 413);
  EXPECT_EQ(announced.Header("connection"), "close");
  EXPECT_EQ(Ask("POST", "/api/echo", "", std::string(5'000'000, 'x')).status, 413) << "also to who goes on sending";
  RawClient chunks(server_->port());
  chunks.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) chunks.Send("C350\r\n" + std::string(50'000, 'y') + "\r\n");
  EXPECT_EQ(CodeOf(chunks.Read()), "body_too_large");
  EXPECT_EQ(Ask("POST", "/api/echo", "", std::string(100'000, 'x')).body.size(), 100'000U);
}

TEST_F(ServerTest, AShortBodyThatIsRefusedDoesNotCostTheConnection) {
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("POST", "/api/none", "", "{\"a\":1}").Read().status, 404);
  EXPECT_EQ(client.Ask("POST", "/api/echo", "Content-Type: text/plain\r\n", "hello").Read().status, 415);
  EXPECT_EQ(client.Ask("GET", "/api/hello").Read().status, 200);
}

TEST_F(ServerTest, OnlyJsonGoesWhereJsonIsExpected) {
  Start();
  for (const char* good : {"application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"}) {
    EXPECT_EQ(Ask("POST", "/api/echo", std::string("Content-Type: ") + good + "\r\n", "{}").status, 200) << good;
  }
  EXPECT_EQ(Ask("POST", "/api/echo", "", "{}").status, 200);
  for (const char* bad : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                          "text/json+x", "application/jsonp"}) {
    EXPECT_EQ(CodeOf(Ask("POST", "/api/echo", std::string("Content-Type: ") + bad + "\r\n", "{}")),
              "content_type_unsupported")
        << bad;
  }
  EXPECT_EQ(Ask("POST", "/api/echo", "Content-Encoding: gzip\r\n", "{}").status, 415);
}

TEST_F(ServerTest, BytesOfAnyTypeStayInMemoryWhereTheyAreExpected) {
  Start();
  for (const char* type : {"", "Content-Type: image/jpeg\r\n", "Content-Type: application/json\r\n"}) {
    const RawAnswer answer = Ask("POST", "/api/bytes", type, "\xFF\xD8\xFF");
    EXPECT_EQ(answer.status, 200) << type;
    EXPECT_EQ(answer.body, "\xFF\xD8\xFF|") << type;
  }
  EXPECT_EQ(CodeOf(Ask("POST", "/api/bytes", "", std::string(1'001, 'a'))), "body_too_large");
  EXPECT_EQ(Ask("POST", "/api/bytes", "Content-Encoding: gzip\r\n", "x").status, 415);
}

TEST_F(ServerTest, ASlowHeaderIsAnswered) {
  options_.header_timeout = Milliseconds(100);
  Start();
  RawClient client(server_->port());
  const RawAnswer answer = client.Send("GET / HTTP/1.1\r\nHost:").Read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(CodeOf(answer), "request_timeout");
  EXPECT_EQ(answer.Header("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, ASlowBodyIsAnswered) {
  options_.body_timeout = Milliseconds(100);
  Start();
  RawClient client(server_->port());
  client.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(CodeOf(client.Read()), "request_timeout");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, WhoIsSilentBetweenRequestsIsLeftWithoutAWord) {
  options_.idle_timeout = Milliseconds(100);
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("GET", "/api/hello").Read().status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, SaysContinueToWhoWaitsForIt) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.Until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.Send("{}").Read().body, "{}");
  client.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413) << "refused before a byte is sent";
}

TEST_F(ServerTest, AHandlerThatThrowsIsAnsweredWithoutItsSecrets) {
  Start();
  const std::string file = options_.folder + "/log";
  ASSERT_TRUE(OpenLog(file).ok());
  const RawAnswer answer = Ask("GET", "/api/fails", "X-Request-Id: the-request-id\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(CodeOf(answer), "internal_error");
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_NE(answer.body.find("the-request-id"), std::string::npos);
  server_->Stop();
  CloseLog();
  const std::string log = ReadWholeFile(file);
  EXPECT_NE(log.find("the secret of the house"), std::string::npos) << log;
  EXPECT_NE(log.find("\"level\":\"error\""), std::string::npos) << log;
}

TEST(LogTest, OnTheErrorOutputOrdinaryRequestsWaitAndNothingIsLost) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(OpenLog("").ok());
  for (int i = 0; i < 1'000; ++i) LogRequest({.request_id = "r" + std::to_string(i), .method = "GET", .status = 200});
  WriteLog(LogLevel::kInfo, "said_at_once");
  const std::string before = testing::internal::GetCapturedStderr();
  testing::internal::CaptureStderr();
  LogRequest({.request_id = "last", .method = "GET", .status = 200});
  CloseLog();
  const std::string after = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Split(Trim(before), '\n').size(), 1'001U);
  EXPECT_NE(before.find("said_at_once"), std::string::npos);
  EXPECT_NE(after.find("\"last\""), std::string::npos) << after;
}

TEST_F(ServerTest, TheLogTellsARequestWithoutWhatWasTyped) {
  Start();
  const std::string file = options_.folder + "/log";
  ASSERT_TRUE(OpenLog(file).ok());
  static_cast<void>(Ask("GET", "/api/named/Li%20Wei?q=13900001111", "Cookie: session=hush\r\n"));
  static_cast<void>(Ask("GET", "/api/private", "Authorization: let me in\r\n"));
  static_cast<void>(Say("GARBAGE\r\n\r\n"));
  server_->Stop();
  CloseLog();
  const std::string log = ReadWholeFile(file);
  for (const char* hidden : {"Li", "13900001111", "hush", "let me in", "GARBAGE"}) {
    EXPECT_EQ(log.find(hidden), std::string::npos) << log;
  }
  EXPECT_NE(log.find(R"("event":"request")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("method":"GET","route":"/api/named/{name}","status":200)"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("peer":"127.0.0.1")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("account":"77")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("method":"-","route":"-","status":400)"), std::string::npos) << log;
  for (const std::string& line : Split(Trim(log), '\n')) {
    boost::json::error_code problem;
    EXPECT_TRUE(boost::json::parse(line, problem).is_object()) << line;
  }
}

TEST_F(ServerTest, MetricsCountByRoute) {
  Start();
  static_cast<void>(Ask("GET", "/api/named/metrics-test"));
  static_cast<void>(Ask("GET", "/api/none"));
  server_->Stop();
  Metrics::Get().SetGauge("dealpace_test_gauge", "For this test", [] { return 42.0; });
  const std::string text = Metrics::Get().Text();
  Metrics::Get().SetGauge("dealpace_test_gauge", "For this test", nullptr);
  EXPECT_NE(text.find(R"(dealpace_http_requests_total{method="GET",route="/api/named/{name}",status="2xx"})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(dealpace_http_requests_total{method="GET",route="-",status="4xx"})"), std::string::npos);
  EXPECT_NE(text.find(R"(dealpace_http_request_seconds_bucket{route="/api/named/{name}",le="0.001"})"),
            std::string::npos);
  EXPECT_NE(text.find("dealpace_http_connections 0"), std::string::npos);
  EXPECT_NE(text.find("dealpace_http_in_flight 0"), std::string::npos);
  EXPECT_NE(text.find("dealpace_test_gauge 42"), std::string::npos);
}

TEST_F(ServerTest, TheGateIsAskedBeforeTheHandler) {
  Start();
  EXPECT_EQ(Ask("GET", "/api/private").status, 404);
  EXPECT_EQ(handler_calls_, 0);
  const RawAnswer answer = Ask("GET", "/api/private", "Authorization: let me in\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("set-cookie"), "renewed=1");
  EXPECT_EQ(handler_calls_, 1);
  static_cast<void>(Ask("GET", "/api/hello"));
  EXPECT_EQ(gate_calls_, 2) << "open routes have none";
}

TEST_F(ServerTest, ALargeBodyIsReadOnlyForWhoMaySendIt) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /api/private HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 404) << "refused with the body still to come";
  EXPECT_EQ(Ask("POST", "/api/private", "Authorization: let me in\r\n", std::string(500'000, ' ')).status, 200);
  EXPECT_EQ(gate_calls_, 2) << "once each";
}

TEST_F(ServerTest, CompressesWhatIsLongForWhoTakesIt) {
  Start();
  const RawAnswer packed = Ask("GET", "/api/big", "Accept-Encoding: br;q=1, gzip;q=0.5\r\n");
  EXPECT_EQ(packed.Header("content-encoding"), "gzip");
  EXPECT_EQ(packed.Header("vary"), "Accept-Encoding");
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_LT(packed.body.size(), 200U);
  const RawAnswer plain = Ask("GET", "/api/big", "Accept-Encoding: gzip;q=0, identity\r\n");
  EXPECT_EQ(plain.Header("content-encoding"), "");
  EXPECT_EQ(plain.Header("vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body.size(), 5002U);
  EXPECT_EQ(Ask("GET", "/api/hello", "Accept-Encoding: gzip\r\n").Header("content-encoding"), "") << "short";
}

}  // namespace
}  // namespace dealpace::http
