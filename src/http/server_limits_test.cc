// HttpServer refuses what is not HTTP, and what is larger or slower than it may be.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "http/echo_server_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

struct BadRequest {
  const char* name;
  const char* text;
  unsigned status;
};

TEST(HttpServer, refuses_what_is_not_http) {
  const BadRequest cases[] = {
      {"noise", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"http 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"space in a header name", "GET / HTTP/1.1\r\nHost: t\r\nBad Name: x\r\n\r\n", 400},
      {"a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"two hosts in one", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"a user in the host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"a path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"a port that is none", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400},
      {"a port beyond the last", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
      {"an address without its end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"text behind an address", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
      {"a host that is no ASCII", "GET / HTTP/1.1\r\nHost: a\xe9\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"length and chunks",
       "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks and length",
       "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
      {"negative length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", 400},
      {"overflowing length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 18446744073709551617\r\n\r\n", 400},
      {"huge length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 18446744073709551615\r\n\r\n", 400},
      {"unknown transfer coding", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400},
      {"gzip before chunked", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in http 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"bad chunk size", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"overflowing chunk size",
       "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"huge chunk size", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", 0},
      {"two chunk sizes on a line", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1 1\r\nab\r\n",
       400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"the same host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
      {"two hosts in http 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\nX-Probe: a\r\n\r\n", 400},
      {"a folded header", "GET / HTTP/1.1\r\nHost: t\r\nX-Probe: a\r\n b\r\n\r\n", 400},
      {"a header folded by a tab", "GET / HTTP/1.1\r\nHost: t\r\nX-Probe: a\r\n\tb\r\n\r\n", 400},
      {"a folded trailer", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: a\r\n b\r\n\r\n",
       400},
      {"chunk longer than said", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400},
  };
  EchoServer fixture;
  RawClient neighbour(fixture.address());
  for (const BadRequest& bad : cases) {
    SCOPED_TRACE(bad.name);
    RawClient client(fixture.address());
    ASSERT_TRUE(client.send(bad.text));
    if (bad.status == 0) continue;
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, bad.status);
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_NE(response.body.find("\"code\""), std::string::npos);
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(neighbour.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  }
}

TEST(HttpServer, holds_every_size_limit) {
  HttpLimits limits;
  limits.max_header_bytes = 1000;
  limits.max_body_bytes = 5000;
  EchoServer fixture(limits);
  const auto refused = [&](unsigned status, std::string_view code, const std::string& text) {
    RawClient client(fixture.address());
    EXPECT_TRUE(client.send(text));
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, status) << text.substr(0, 60);
    EXPECT_NE(response.body.find(code), std::string::npos) << response.body;
    EXPECT_TRUE(client.closed());
  };
  std::string many_headers = "GET / HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 200; ++i) many_headers += "X-H: 123\r\n";
  const std::string chunked = "POST /size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  refused(431, "header_too_large", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n");
  refused(431, "header_too_large", "GET /" + std::string(20000, 'a'));
  refused(431, "header_too_large", many_headers + "\r\n");
  refused(431, "header_too_large", many_headers);
  refused(400, "payload_too_large", "POST /size HTTP/1.1\r\nHost: t\r\nContent-Length: 5001\r\n\r\n");
  refused(400, "payload_too_large", post_text("/size", std::string(1 << 20, 'x')));
  refused(400, "payload_too_large", chunked + "1389\r\n" + std::string(5001, 'x') + "\r\n0\r\n\r\n");
  refused(400, "payload_too_large", chunked + "1388\r\n" + std::string(5000, 'x') + "\r\n1\r\ny\r\n0\r\n\r\n");
  refused(400, "bad_chunk", chunked + "1;" + std::string(3000, 'e'));
  refused(400, "bad_chunk", chunked + "0\r\nT: " + std::string(3000, 't'));
  RawClient client(fixture.address());
  EXPECT_EQ(client.ask(post_text("/size", std::string(5000, 'x'))).body, "5000");
  EXPECT_EQ(client.ask(chunked + "1388\r\n" + std::string(5000, 'x') + "\r\n0\r\n\r\n").body, "5000");
}

TEST(HttpServer, limits_headers_that_trickle_in_line_by_line) {
  HttpLimits limits;
  limits.max_header_bytes = 1000;
  EchoServer fixture(limits);
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: t\r\n"));
  // Each line alone is far below the limit, which the parser's own check would let through.
  for (int i = 0; i < 200 && client.send("X-H: 1234567890\r\n"); ++i) {
  }
  EXPECT_EQ(client.receive().status, 431u);
}

TEST(HttpServer, ends_requests_that_do_not_go_on) {
  HttpLimits limits;
  limits.header_timeout_ms = limits.body_timeout_ms = 60;
  limits.keep_alive_ms = 60'000;
  EchoServer fixture(limits);
  RawClient header(fixture.address()), body(fixture.address()), chunk(fixture.address()), idle(fixture.address());
  EXPECT_EQ(idle.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  ASSERT_TRUE(header.send("POST / HT"));
  ASSERT_TRUE(body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc"));
  ASSERT_TRUE(chunk.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"));
  EXPECT_NE(header.receive().body.find("header_timeout"), std::string::npos);
  EXPECT_TRUE(header.closed());
  EXPECT_NE(body.receive().body.find("body_timeout"), std::string::npos);
  EXPECT_NE(chunk.receive().body.find("body_timeout"), std::string::npos);
  EXPECT_EQ(idle.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  EXPECT_EQ(fixture.server->stats().timeouts, 3u);
}

TEST(HttpServer, ends_a_body_that_only_trickles) {
  HttpLimits limits;
  limits.body_grace_ms = 100;
  limits.min_body_bytes_per_s = 1'000'000;
  EchoServer fixture(limits);
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("POST /size HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n"));
  std::atomic<bool> answered = false;
  std::thread trickle([&] {
    while (!answered && client.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const RawResponse response = client.receive();
  answered = true;
  trickle.join();
  EXPECT_EQ(response.status, 408u);
  EXPECT_NE(response.body.find("body_too_slow"), std::string::npos);
}

TEST(HttpServer, closes_idle_connections_without_a_word) {
  HttpLimits limits;
  limits.keep_alive_ms = 50;
  EchoServer fixture(limits);
  RawClient client(fixture.address());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  EXPECT_TRUE(client.closed());
}

TEST(HttpServer, gives_up_on_a_client_that_does_not_read) {
  HttpLimits limits;
  limits.write_timeout_ms = 60;
  EchoServer fixture(limits);
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().timeouts == 1; }));
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().connections_open == 0; }));
}

}  // namespace
}  // namespace sluice::http
