// HttpServer over TLS: the same as without, and what is said of a certificate that cannot be used.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "http/certificate_fake.h"
#include "http/echo_server_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

TEST(HttpServer, speaks_tls) {
  const Certificate certificate;
  HttpLimits limits;
  limits.max_header_bytes = 2000;
  EchoServer fixture(limits, 2, certificate.files);
  RawClient client(fixture.address(), true);
  EXPECT_EQ(client.ask(post_text("/a", "body")).body, "POST /a? [] body");
  EXPECT_EQ(client.ask(post_text("/size", std::string(1 << 20, 'x'))).body, std::to_string(1 << 20));
  EXPECT_EQ(client.ask("GET /large HTTP/1.1\r\nHost: t\r\n\r\n").body.size(), 32u << 20);
  std::string pipelined;
  for (int i = 0; i < 200; ++i) pipelined += post_text("/n", std::to_string(i));
  ASSERT_TRUE(client.send(pipelined));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.receive().body, "POST /n? [] " + std::to_string(i));
  ASSERT_TRUE(client.send(post_text("/hold", "x")));
  fixture.held.take()(HttpResponse{});
  EXPECT_EQ(client.receive().status, 200u);

  {
    RawClient faulty(fixture.address(), true);
    EXPECT_EQ(faulty.ask("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n").status, 431u);
    EXPECT_TRUE(faulty.closed());
    RawClient closing(fixture.address(), true);
    EXPECT_EQ(closing.ask("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").status, 200u);
    EXPECT_TRUE(closing.closed());
  }
  RawClient plain(fixture.address());
  ASSERT_TRUE(plain.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_TRUE(plain.closes_eventually());
  std::thread draining([&] { fixture.server->drain(20'000); });
  EXPECT_TRUE(client.closed());
  draining.join();
}

TEST(HttpServer, ends_a_tls_handshake_that_does_not_go_on) {
  const Certificate certificate;
  HttpLimits limits;
  limits.header_timeout_ms = 50;
  EchoServer fixture(limits, 1, certificate.files);
  RawClient silent(fixture.address());
  EXPECT_TRUE(silent.closed());
}

TEST(HttpServer, says_what_is_wrong_with_a_certificate) {
  const Certificate certificate;
  const auto message = [](HttpTls tls) {
    auto started = HttpServer::start("127.0.0.1:0", 1, {}, std::move(tls),
                                     [](unsigned) -> std::unique_ptr<HttpHandler> { return nullptr; });
    return started ? std::string("starts") : started.error().message;
  };
  EXPECT_NE(message({"/no/such.crt", "/no/such.key"}).find("certificate /no/such.crt"), std::string::npos);
  EXPECT_NE(message({certificate.files.certificate_file, "/no/such.key"}).find("key /no/such.key"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
