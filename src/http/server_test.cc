#include "http/server.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>

#include "http/certificate_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

// Answers with what it was asked; some paths do more.
class EchoHandler final : public HttpHandler {
 public:
  // Responders that a test answers when it likes, from its own thread.
  struct Held {
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<HttpResponder> responders;

    HttpResponder take() {
      std::unique_lock lock(mutex);
      arrived.wait(lock, [this] { return !responders.empty(); });
      HttpResponder responder = std::move(responders.front());
      responders.pop_front();
      return responder;
    }
  };
  explicit EchoHandler(Held& held) : held_(held) {}

  void handle(const HttpRequest& request, HttpResponder responder) override {
    if (request.path == "/throw") throw std::runtime_error("a handler that fails");
    if (request.path == "/drop") return;
    if (request.path == "/hold") {
      const std::lock_guard lock(held_.mutex);
      held_.responders.push_back(std::move(responder));
      held_.arrived.notify_one();
      return;
    }
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.path == "/size") {
      response.body = std::to_string(request.body.size());
      // What the contract says about padding: under the address sanitizer this reads every byte of it.
      unsigned padding = 0;
      for (std::size_t i = 0; i < 64; ++i)
        padding += static_cast<unsigned char>(request.body.data()[request.body.size() + i]);
      response.headers.emplace_back("X-Padding", std::to_string(padding));
    } else if (request.path == "/large") {
      response.body.assign(32 << 20, 'x');
    } else if (request.path == "/abort") {
      response.abort = true;
      response.body = request.body;
    } else if (request.path == "/dated") {
      response.headers.emplace_back("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    } else {
      response.body = std::string(request.method) + " " + std::string(request.path) + "?" + std::string(request.query) +
                      " [" + std::string(request.header("x-probe")) + "] " + std::string(request.body);
    }
    responder(std::move(response));
  }

 private:
  Held& held_;
};

struct Fixture {
  EchoHandler::Held held;
  std::unique_ptr<HttpServer> server;

  explicit Fixture(HttpLimits limits = {}, unsigned loops = 1, std::optional<HttpTls> tls = std::nullopt) {
    auto started = HttpServer::start("127.0.0.1:0", loops, limits, std::move(tls),
                                     [this](unsigned) { return std::make_unique<EchoHandler>(held); });
    EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
    server = std::move(*started);
  }
  std::string address() const { return server->address(); }
};

TEST(HttpServer, answers_one_request_after_the_other_on_one_connection) {
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
  RawClient client(fixture.address());
  for (const std::size_t size : {0u, 1u, 4031u, 4032u, 4033u, 100'000u, 3'000'000u}) {
    const RawResponse response = client.ask(post_text("/size", std::string(size, 'x')));
    EXPECT_EQ(response.body, std::to_string(size));
  }
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().buffered_bytes == 0; }));
}

TEST(HttpServer, joins_chunks_of_one_byte) {
  Fixture fixture;
  RawClient client(fixture.address());
  std::string text = "POST /size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) text += "1\r\nx\r\n";
  EXPECT_EQ(client.ask(text + "0\r\n\r\n").body, "20000");
}

TEST(HttpServer, takes_every_host_that_there_can_be) {
  Fixture fixture;
  for (const char* host : {"", "t", "sluice.example:8030", "sluice_1.internal", "10.0.0.1:80", "[::1]",
                           "[fe80::1]:65535", "xn--bcher-kva.example", "t:"}) {
    RawClient client(fixture.address());
    EXPECT_NE(client.ask(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n").status, 400) << host;
  }
}

TEST(HttpServer, takes_blanks_behind_the_size_of_a_chunk_cut_at_any_place) {
  Fixture fixture;
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
  Fixture fixture;
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("POST /size HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(client.receive().status, 100u);
  EXPECT_EQ(client.ask("hello").body, "5");
}

TEST(HttpServer, leaves_the_body_out_for_head) {
  Fixture fixture;
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_EQ(client.receive(true).header("content-length"), std::to_string(std::string("HEAD /x? [] ").size()));
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\nHost: t\r\n\r\n").body, "GET /x? [] ");
}

TEST(HttpServer, closes_when_the_client_wants_it_and_not_before) {
  Fixture fixture;
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
  Fixture fixture;
  RawClient client(fixture.address());
  EXPECT_EQ(client.ask("GET /throw HTTP/1.1\r\nHost: t\r\n\r\n").status, 500u);
  EXPECT_EQ(client.ask("GET /drop HTTP/1.1\r\nHost: t\r\n\r\n").status, 500u);
  EXPECT_EQ(client.ask("GET /fine HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
}

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
  Fixture fixture;
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
  Fixture fixture(limits);
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
  Fixture fixture(limits);
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
  Fixture fixture(limits);
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
  Fixture fixture(limits);
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
  Fixture fixture(limits);
  RawClient client(fixture.address());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  EXPECT_TRUE(client.closed());
}

TEST(HttpServer, gives_up_on_a_client_that_does_not_read) {
  HttpLimits limits;
  limits.write_timeout_ms = 60;
  Fixture fixture(limits);
  RawClient client(fixture.address());
  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().timeouts == 1; }));
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().connections_open == 0; }));
}

TEST(HttpServer, writes_large_answers_whole) {
  Fixture fixture;
  RawClient client(fixture.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("GET /large HTTP/1.1\r\nHost: t\r\n\r\n").body.size(), 32u << 20);
}

TEST(HttpServer, breaks_off_without_an_answer_or_in_the_middle_of_one_when_told_to) {
  Fixture server;
  RawClient without(server.address());
  EXPECT_TRUE(without.send(post_text("/abort", "")));
  EXPECT_TRUE(without.closed());
  RawClient half(server.address());
  const RawResponse answer = half.ask(post_text("/abort", "0123456789"));
  EXPECT_EQ(answer.body.find("56789"), std::string::npos);
  EXPECT_TRUE(half.closes_eventually());
}

TEST(HttpServer, lets_a_handler_tell_another_date) {
  Fixture server;
  RawClient client(server.address());
  EXPECT_EQ(client.ask(post_text("/dated", "")).header("date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpServer, drops_answers_to_a_client_that_went_away) {
  Fixture fixture;
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
  Fixture fixture({}, 2);
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

TEST(HttpServer, drains_what_is_in_flight_and_closes_the_rest) {
  Fixture fixture;
  RawClient idle(fixture.address()), busy(fixture.address());
  EXPECT_EQ(idle.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  ASSERT_TRUE(busy.send(post_text("/hold", "x")));
  HttpResponder responder = fixture.held.take();
  std::thread draining([&] { fixture.server->drain(20'000); });
  EXPECT_TRUE(idle.closed());
  responder(HttpResponse{});
  EXPECT_EQ(busy.receive().header("connection"), "close");
  EXPECT_TRUE(busy.closed());
  draining.join();
  EXPECT_EQ(fixture.server->stats().connections_open, 0u);
}

TEST(HttpServer, ends_with_requests_unanswered_and_takes_their_answers_later) {
  std::optional<HttpResponder> late;
  {
    Fixture fixture;
    RawClient client(fixture.address());
    ASSERT_TRUE(client.send(post_text("/hold", "x")));
    late = fixture.held.take();
    fixture.server->drain(20);
    EXPECT_EQ(fixture.server->stats().connections_open, 1u);
  }
  (*late)(HttpResponse{});
}

TEST(HttpServer, keeps_idle_connections_small) {
  constexpr std::size_t kConnections = 200;
  Fixture fixture;
  std::vector<std::unique_ptr<RawClient>> clients;
  const std::string text = post_text("/size", std::string(50'000, 'x'));
  const auto warm_up = std::make_unique<RawClient>(fixture.address());
  ASSERT_EQ(warm_up->ask(text).status, 200u);
  const std::size_t before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<RawClient>(fixture.address()));
    ASSERT_EQ(clients.back()->ask(text).status, 200u);
  }
  // Both ends are counted; under a sanitizer, nothing is.
  const std::size_t each = (mallinfo2().uordblks - before) / kConnections;
  RecordProperty("bytes_per_idle_connection", std::to_string(each));
  EXPECT_LT(each, 8192u);
  EXPECT_TRUE(comes_true([&] { return fixture.server->stats().buffered_bytes == 0; }));
}

TEST(HttpServer, a_connection_keeps_nothing_of_a_large_answer) {
  Fixture fixture;
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto mapped = [] { return mallinfo2().hblkhd; };  // under a sanitizer, nothing is counted
  const std::size_t before = mapped();
  for (std::size_t i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(fixture.address()));
    ASSERT_TRUE(clients.back()->send("GET /large HTTP/1.1\r\nHost: t\r\n\r\n"));
    for (std::size_t read = 0; read < (32u << 20); read += clients.back()->receive_some(1 << 20)) {
    }
  }
  EXPECT_TRUE(comes_true([&] { return mapped() < before + (32u << 20); })) << mapped() - before;
}

TEST(HttpServer, an_answer_is_unsent_until_it_was_read_or_nobody_is_there_to_read_it) {
  Fixture fixture;
  for (const bool is_read : {true, false}) {
    auto client = std::make_unique<RawClient>(fixture.address());
    ASSERT_TRUE(client->send(post_text("/hold", "")));
    HttpResponder responder = fixture.held.take();
    HttpResponse response;
    response.body.assign(32 << 20, 'x');
    const auto unsent = std::make_shared<const int>(0);
    response.while_unsent = unsent;
    responder(std::move(response));
    // The kernel takes a part of it; one more request is answered after that was written.
    RawClient other(fixture.address());
    ASSERT_EQ(other.ask(post_text("/a", "")).status, 200u);
    EXPECT_EQ(unsent.use_count(), 2) << is_read;
    if (is_read)
      EXPECT_EQ(client->ask("").body.size(), 32u << 20);
    else
      client.reset();
    EXPECT_TRUE(comes_true([&] { return unsent.use_count() == 1; })) << is_read;
  }
}

TEST(HttpServer, speaks_tls) {
  const Certificate certificate;
  HttpLimits limits;
  limits.max_header_bytes = 2000;
  Fixture fixture(limits, 2, certificate.files);
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
  Fixture fixture(limits, 1, certificate.files);
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

TEST(HttpServer, says_what_is_wrong_with_an_address) {
  const auto message = [](const std::string& address) {
    auto started = HttpServer::start(address, 1, {}, std::nullopt,
                                     [](unsigned) -> std::unique_ptr<HttpHandler> { return nullptr; });
    return started ? std::string("listens") : started.error().message;
  };
  EXPECT_NE(message("127.0.0.1").find("no port"), std::string::npos);
  EXPECT_NE(message("127.0.0.1:http").find("no port"), std::string::npos);
  EXPECT_NE(message("no.such.host.invalid:1").find("not known"), std::string::npos);
  Fixture fixture;
  EXPECT_NE(message(fixture.address()).find("in use"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
