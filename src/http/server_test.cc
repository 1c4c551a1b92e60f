#include "http/server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/echo_server_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

TEST(HttpServer, answers_one_request_after_the_other_on_one_connection) {
  EchoServer fixture;
  RawClient client(fixture.address());
  for (int i = 0; i < 3; ++i) {
    const RawResponse response = client.ask(post_text("/a/b?c=d", "body", "X-Probe: seen\r\n"));
    EXPECT_EQ(response.status, 200u);
    EXPECT_EQ(response.body, "POST /a/b?c=d [seen] body");
    EXPECT_EQ(response.header("connection"), "");
    EXPECT_EQ(response.header("date").size(), 29u);
  }
  EXPECT_EQ(fixture.server->stats().requests, 3u);
  EXPECT_EQ(fixture.server->stats().connections_open, 1u);
}

TEST(HttpServer, understands_a_request_cut_at_any_place) {
  EchoServer fixture;
  RawClient client(fixture.address());
  const std::string text =
      "POST /x HTTP/1.1\r\nHost: t\r\nX-Probe: p\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=\"a;b\"\r\nabc\r\n1\r\nd\r\n0\r\nTrailer-Field: t\r\n\r\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    ASSERT_TRUE(client.send(text.substr(0, cut)));
    ASSERT_TRUE(client.send(text.substr(cut)));
    ASSERT_EQ(client.receive().body, "POST /x? [p] abcd") << "cut at " << cut;
  }
  for (const char c : text) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.receive().body, "POST /x? [p] abcd");
}

TEST(HttpServer, answers_pipelined_requests_in_order_even_when_answers_are_late) {
  EchoServer fixture;
  RawClient client(fixture.address());
  std::string text;
  for (int i = 0; i < 50; ++i) text += post_text(i % 5 == 0 ? "/hold" : "/n", std::to_string(i));
  ASSERT_TRUE(client.send(text));
  for (int i = 0; i < 50; ++i) {
    if (i % 5 == 0) {
      HttpResponse response;
      response.body = "held " + std::to_string(i);
      fixture.held.take()(std::move(response));
      EXPECT_EQ(client.receive().body, "held " + std::to_string(i));
    } else {
      EXPECT_EQ(client.receive().body, "POST /n? [] " + std::to_string(i));
    }
  }
}

TEST(HttpServer, takes_ten_thousand_pipelined_requests_without_growing_its_stack) {
  EchoServer fixture;
  RawClient client(fixture.address());
  std::thread sender([&] {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
    EXPECT_TRUE(client.send(text));
  });
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(client.receive().status, 200u);
  sender.join();
}

TEST(HttpServer, counts_bodies_of_all_sizes_with_padding_behind_them) {
  EchoServer fixture;
  RawClient client(fixture.address());
  for (const std::size_t size : {0u, 1u, 4031u, 4032u, 4033u, 100'000u, 3'000'000u}) {
    const RawResponse response = client.ask(post_text("/size", std::string(size, 'x')));
    EXPECT_EQ(response.body, std::to_string(size));
  }
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().buffered_bytes == 0; }));
}

TEST(HttpServer, joins_chunks_of_one_byte) {
  EchoServer fixture;
  RawClient client(fixture.address());
  std::string text = "POST /size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) text += "1\r\nx\r\n";
  EXPECT_EQ(client.ask(text + "0\r\n\r\n").body, "20000");
}

TEST(HttpServer, takes_every_host_that_there_can_be) {
  EchoServer fixture;
  for (const char* host : {"", "t", "sluice.example:8030", "sluice_1.internal", "10.0.0.1:80", "[::1]",
                           "[fe80::1]:65535", "xn--bcher-kva.example", "t:"}) {
    RawClient client(fixture.address());
    EXPECT_NE(client.ask(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n").status, 400) << host;
  }
}

TEST(HttpServer, takes_blanks_behind_the_size_of_a_chunk_cut_at_any_place) {
  EchoServer fixture;
  RawClient client(fixture.address());
  const std::string text =
      "POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2  \r\nab\r\n1\t\r\nc\r\n0 \r\n\r\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    ASSERT_TRUE(client.send(text.substr(0, cut)));
    ASSERT_TRUE(client.send(text.substr(cut)));
    ASSERT_EQ(client.receive().body, "POST /x? [] abc") << "cut at " << cut;
  }
  for (const char c : text) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.receive().body, "POST /x? [] abc");
}

TEST(HttpServer, says_continue_when_asked) {
  EchoServer fixture;
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("POST /size HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(client.receive().status, 100u);
  EXPECT_EQ(client.ask("hello").body, "5");
}

TEST(HttpServer, leaves_the_body_out_for_head) {
  EchoServer fixture;
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_EQ(client.receive(true).header("content-length"), std::to_string(std::string("HEAD /x? [] ").size()));
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\nHost: t\r\n\r\n").body, "GET /x? [] ");
}

TEST(HttpServer, closes_when_the_client_wants_it_and_not_before) {
  EchoServer fixture;
  RawClient closing(fixture.address());
  EXPECT_EQ(closing.ask("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").header("connection"), "close");
  EXPECT_TRUE(closing.closed());
  RawClient old(fixture.address());
  EXPECT_EQ(old.ask("GET / HTTP/1.0\r\n\r\n").header("connection"), "close");
  EXPECT_TRUE(old.closed());
  RawClient old_keeping(fixture.address());
  EXPECT_EQ(old_keeping.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("connection"), "keep-alive");
  EXPECT_EQ(old_keeping.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status, 200u);
  RawClient half(fixture.address());
  ASSERT_TRUE(half.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  half.half_close();
  EXPECT_EQ(half.receive().status, 200u);
  EXPECT_TRUE(half.closed());
}

TEST(HttpServer, answers_500_for_a_handler_that_throws_or_forgets) {
  EchoServer fixture;
  RawClient client(fixture.address());
  EXPECT_EQ(client.ask("GET /throw HTTP/1.1\r\nHost: t\r\n\r\n").status, 500u);
  EXPECT_EQ(client.ask("GET /drop HTTP/1.1\r\nHost: t\r\n\r\n").status, 500u);
  EXPECT_EQ(client.ask("GET /fine HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
}

TEST(HttpServer, writes_large_answers_whole) {
  EchoServer fixture;
  RawClient client(fixture.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("GET /large HTTP/1.1\r\nHost: t\r\n\r\n").body.size(), 32u << 20);
}

TEST(HttpServer, breaks_off_without_an_answer_or_in_the_middle_of_one_when_told_to) {
  EchoServer server;
  RawClient without(server.address());
  EXPECT_TRUE(without.send(post_text("/abort", "")));
  EXPECT_TRUE(without.closed());
  RawClient half(server.address());
  const RawResponse answer = half.ask(post_text("/abort", "0123456789"));
  EXPECT_EQ(answer.body.find("56789"), std::string::npos);
  EXPECT_TRUE(half.closes_eventually());
}

TEST(HttpServer, lets_a_handler_tell_another_date) {
  EchoServer server;
  RawClient client(server.address());
  EXPECT_EQ(client.ask(post_text("/dated", "")).header("date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpServer, drops_answers_to_a_client_that_went_away) {
  EchoServer fixture;
  {
    RawClient client(fixture.address());
    ASSERT_TRUE(client.send(post_text("/hold", "x")));
    HttpResponder responder = fixture.held.take();
    HttpResponse response;
    response.body.assign(1 << 20, 'x');
    std::thread([&client_responder = responder, moved = std::move(response)]() mutable {
      client_responder(std::move(moved));
    }).join();
  }
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().connections_open == 0; }));
}

// Ticks come often when limits are short.
TEST(HttpServer, takes_answers_from_many_threads) {
  EchoServer fixture({}, 2);
  constexpr int kClients = 8, kRequests = 100;
  std::thread answering([&] {
    for (int i = 0; i < kClients * kRequests; ++i) {
      HttpResponse response;
      response.status = 202;
      fixture.held.take()(std::move(response));
    }
  });
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&] {
      RawClient client(fixture.address());
      for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.ask(post_text("/hold", "x")).status, 202u);
    });
  }
  for (std::thread& client : clients) client.join();
  answering.join();
  EXPECT_EQ(fixture.server->stats().requests, static_cast<std::uint64_t>(kClients * kRequests));
}

TEST(HttpServer, says_what_is_wrong_with_an_address) {
  const auto message = [](const std::string& address) {
    auto started = HttpServer::start(address, 1, {}, std::nullopt,
                                     [](unsigned) -> std::unique_ptr<HttpHandler> { return nullptr; });
    return started ? std::string("listens") : started.error().message;
  };
  EXPECT_NE(message("127.0.0.1").find("no port"), std::string::npos);
  EXPECT_NE(message("127.0.0.1:http").find("no port"), std::string::npos);
  EXPECT_NE(message("no.such.host.invalid:1").find("not known"), std::string::npos);
  EchoServer fixture;
  EXPECT_NE(message(fixture.address()).find("in use"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
