#include <sys/stat.h>

#include "http/certificate.h"
#include "http/server_fixture.h"

namespace dealpace::http {
namespace {

class TlsTest : public ServerTest {
 protected:
  // A certificate as somebody would give it: files elsewhere.
  CertificateFiles Given() {
    auto files = FindOrMakeCertificate(options_.folder + "/given");
    EXPECT_TRUE(files.ok());
    return *files;
  }
};

TEST_F(TlsTest, OnTheNetworkItMakesItsOwnCertificate) {
  options_.address = "0.0.0.0";
  Start();
  EXPECT_TRUE(server_->tls());
  EXPECT_TRUE(server_->self_signed());
  EXPECT_TRUE(server_->url().starts_with("https://")) << server_->url();
  RawClient client(server_->port());
  ASSERT_TRUE(client.StartTls());
  const RawAnswer answer = client.Ask("GET", "/api/hello").Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("strict-transport-security"), "") << "browsers must be able to go on without it";
  EXPECT_EQ(client.Ask("POST", "/api/echo", "", std::string(90'000, 'x')).Read().body.size(), 90'000U);
  struct stat about {};
  ASSERT_EQ(stat((options_.folder + "/tls-key.pem").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(TlsTest, OnLoopbackItNeedsNone) {
  Start();
  EXPECT_FALSE(server_->tls());
  EXPECT_FALSE(server_->self_signed());
  EXPECT_EQ(server_->url(), "http://127.0.0.1:" + std::to_string(server_->port()));
  EXPECT_FALSE(std::filesystem::exists(options_.folder + "/tls-key.pem"));
}

TEST_F(TlsTest, AGivenCertificateIsUsed) {
  const CertificateFiles given = Given();
  options_.certificate_file = given.certificate;
  options_.key_file = given.key;
  Start();
  EXPECT_TRUE(server_->tls());
  EXPECT_FALSE(server_->self_signed());
  RawClient client(server_->port());
  ASSERT_TRUE(client.StartTls());
  EXPECT_EQ(client.Ask("GET", "/api/hello").Read().Header("strict-transport-security"), "max-age=31536000");
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  const CertificateFiles given = Given();
  options_.certificate_file = given.certificate;
  options_.key_file = given.key;
  Start();
  EXPECT_FALSE(RawClient(server_->port()).StartTls(TLS1_1_VERSION));
  EXPECT_TRUE(RawClient(server_->port()).StartTls(TLS1_2_VERSION));
}

TEST_F(TlsTest, PlainHttpIsSentToHttps) {
  const CertificateFiles given = Given();
  options_.certificate_file = given.certificate;
  options_.key_file = given.key;
  Start();
  RawClient client(server_->port());
  const RawAnswer answer = client.Send("GET /a%20b?c=1 HTTP/1.1\r\nHost: shop:8443\r\n\r\n").Read();
  EXPECT_EQ(answer.status, 308);
  EXPECT_EQ(answer.Header("location"), "https://shop:8443/a%20b?c=1");
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(handler_calls_, 0);
  RawClient noise(server_->port());
  EXPECT_EQ(noise.Send(std::string("\x80\x03\x01\r\n\r\n")).Read().status, 400);
}

TEST_F(TlsTest, ErrorsAndStreamsWorkOverTls) {
  const CertificateFiles given = Given();
  options_.certificate_file = given.certificate;
  options_.key_file = given.key;
  options_.body_timeout = std::chrono::milliseconds(100);
  Start();
  RawClient slow(server_->port());
  ASSERT_TRUE(slow.StartTls());
  slow.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(slow.Read().status, 408);
  RawClient large(server_->port());
  ASSERT_TRUE(large.StartTls());
  large.Send("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(large.Send(std::string(300'000, 'x')).Read().status, 413);
  RawClient streaming(server_->port());
  ASSERT_TRUE(streaming.StartTls());
  streaming.Ask("GET", "/api/stream");
  streaming.Until("{\"n\":1}\n\n");
  *go_on_ = true;
  EXPECT_NE(streaming.Until("0\r\n\r\n").find("{\"n\":2}"), std::string::npos);
  EXPECT_TRUE(streaming.AtEnd());
}

TEST_F(TlsTest, WhatCannotBeUsedIsSaid) {
  const CertificateFiles given = Given();
  const auto start = [this](const std::string& certificate, const std::string& key) {
    ServerOptions options = options_;
    options.certificate_file = certificate;
    options.key_file = key;
    Server server(options, Router(), nullptr, nullptr);
    const Status started = server.Start();
    return started.ok() ? "started" : started.error().code;
  };
  EXPECT_EQ(start(given.certificate, given.key), "started");
  EXPECT_EQ(start(given.certificate, ""), "certificate_unusable");
  EXPECT_EQ(start("", given.key), "certificate_unusable");
  EXPECT_EQ(start(options_.folder + "/none.pem", given.key), "certificate_unusable");
  EXPECT_EQ(start(given.key, given.certificate), "certificate_unusable");
  const auto other = FindOrMakeCertificate(options_.folder + "/other");
  EXPECT_EQ(start(given.certificate, other->key), "certificate_unusable") << "they do not belong together";
}

TEST_F(TlsTest, TheOwnCertificateIsUsedAgainWhileItIsGood) {
  const auto first = FindOrMakeCertificate(options_.folder);
  const std::string text = ReadWholeFile(first->certificate);
  EXPECT_TRUE(FindOrMakeCertificate(options_.folder).ok());
  EXPECT_EQ(ReadWholeFile(first->certificate), text);
  std::ofstream(first->key) << "damaged";
  EXPECT_TRUE(FindOrMakeCertificate(options_.folder).ok());
  EXPECT_NE(ReadWholeFile(first->certificate), text);
}

TEST_F(ServerTest, AnAddressThatCannotBeUsedIsSaid) {
  Start();
  const auto start = [this](const std::string& address, int port) {
    ServerOptions options = options_;
    options.address = address;
    options.port = port;
    Server server(options, Router(), nullptr, nullptr);
    const Status started = server.Start();
    return started.ok() ? "started" : started.error().code;
  };
  EXPECT_EQ(start("127.0.0.1", server_->port()), "address_in_use");
  EXPECT_EQ(start("192.0.2.1", 0), "address_unusable") << "an address of somebody else";
  EXPECT_EQ(start("no such host", 0), "address_unusable");
}

}  // namespace
}  // namespace dealpace::http
