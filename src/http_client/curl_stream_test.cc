// Streams of CurlTransport, against servers on loopback.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/notifier.h"
#include "base/rounds_fake.h"
#include "http_client/blocking_http.h"
#include "http_client/curl_transport.h"
#include "http_client/gzip_fake.h"
#include "http_client/http_server_fake.h"
#include "http_client/outbound_policy.h"
#include "http_client/pem_file_fake.h"
#include "http_client/stream_taker_fake.h"

namespace sluice::http_client {
namespace {

using Connection = HttpServerFake::Connection;

HttpStreamRequest stream_from(const std::string& url) {
  HttpStreamRequest request;
  request.request.method = "GET";
  request.request.url = url;
  return request;
}

std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

HttpServerFake::Answer in_chunks(std::function<void(Connection&)> then, const std::string& more_headers = {}) {
  HttpServerFake::Answer answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + more_headers + "\r\n"};
  answer.then = std::move(then);
  return answer;
}

TEST(CurlStream, gives_the_head_before_the_body_and_the_body_as_it_arrives) {
  Notifier next;
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/all?filter=x");
    EXPECT_EQ(request.header("authorization"), "key");
    EXPECT_EQ(request.header("accept-encoding"), "gzip");
    return in_chunks([&](Connection& connection) {
      next.wait_us(30'000'000);
      connection.send(chunk("one "));
      next.wait_us(30'000'000);
      connection.send(chunk("two") + "0\r\nX-Trailer: of the chunks\r\n\r\n");
    });
  });
  CurlTransport transport;
  HttpStreamRequest request = stream_from(server.url() + "/all?filter=x");
  request.request.headers = {{"Authorization", "key"}};
  StreamTaker taker(transport, request);
  ASSERT_TRUE(taker.take_until([&] { return taker.head.has_value(); }));
  EXPECT_EQ(taker.head->status, 200);
  EXPECT_EQ(taker.head->header("transfer-encoding"), "chunked");
  EXPECT_EQ(taker.bytes, "");
  next.notify();
  ASSERT_TRUE(taker.take_until([&] { return taker.bytes == "one "; }));
  EXPECT_FALSE(taker.end);
  taker.head.reset();
  next.notify();
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.bytes, "one two");
  EXPECT_EQ(taker.end->fault, TransportFault::none) << taker.end->fault_text;
  EXPECT_FALSE(taker.head) << "once";
}

TEST(CurlStream, tells_an_end_from_a_break) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    if (request.target == "/closed") return HttpServerFake::event_stream([](Connection& c) { c.send("data"); });
    if (request.target == "/cut") return in_chunks([](Connection& c) { c.send("5\r\nda"); });
    if (request.target == "/nothing") return HttpServerFake::Answer{};
    return HttpServerFake::reply(404, "no such page");
  });
  CurlTransport transport;
  const struct {
    const char* path;
    int status;
    const char* bytes;
    TransportFault fault;
  } cases[] = {{"/closed", 200, "data", TransportFault::none},
               {"/cut", 200, "da", TransportFault::reset},
               {"/nothing", 0, "", TransportFault::reset},
               {"/else", 404, "no such page", TransportFault::none}};
  for (const auto& c : cases) {
    StreamTaker taker(transport, stream_from(server.url() + c.path));
    ASSERT_TRUE(taker.take_all()) << c.path;
    EXPECT_EQ(taker.head ? taker.head->status : 0, c.status) << c.path;
    EXPECT_EQ(taker.bytes, c.bytes) << c.path;
    EXPECT_EQ(taker.end->fault, c.fault) << c.path << taker.end->fault_text;
  }
}

TEST(CurlStream, tells_of_a_reset_in_the_middle) {
  Notifier received;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    return HttpServerFake::event_stream([&](Connection& connection) {
      connection.send("data: half a li");
      received.wait_us(30'000'000);
      connection.reset();
    });
  });
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url()));
  ASSERT_TRUE(taker.take_until([&] { return taker.bytes == "data: half a li"; }));
  received.notify();
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.end->fault, TransportFault::reset);
  EXPECT_TRUE(taker.end->fault_text.starts_with("The connection broke to 127.0.0.1:")) << taker.end->fault_text;
}

TEST(CurlStream, has_no_limit_on_its_duration_but_on_each_silence) {
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    return HttpServerFake::event_stream([slowly = request.target == "/slowly"](Connection& connection) {
      for (int i = 0; slowly && i < 8; ++i) {
        connection.send(":\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the server's pace is what is tested
      }
      connection.wait_for_close();
    });
  });
  CurlTransport transport;
  for (const char* path : {"/", "/slowly"}) {
    HttpStreamRequest request = stream_from(server.url() + path);
    request.request.timeout_ms = 600;  // until the headers
    request.idle_timeout_ms = 600;
    StreamTaker taker(transport, request);
    ASSERT_TRUE(taker.take_all());
    EXPECT_EQ(taker.head->status, 200);
    EXPECT_EQ(taker.end->fault, TransportFault::timeout);
    EXPECT_NE(taker.end->fault_text.find("no byte came for 600 ms"), std::string::npos) << taker.end->fault_text;
    EXPECT_EQ(taker.bytes.size(), std::string_view(path) == "/slowly" ? 16u : 0u);
  }
}

TEST(CurlStream, waits_for_the_headers_only_so_long) {
  HttpServerFake server([](const HttpServerFake::Request&) {
    HttpServerFake::Answer answer{"HTTP/1.1 200 OK\r\nX-Half: a head\r\n"};
    answer.then = [](Connection& connection) { connection.wait_for_close(); };
    return answer;
  });
  CurlTransport transport;
  HttpStreamRequest request = stream_from(server.url());
  request.request.timeout_ms = 50;
  StreamTaker taker(transport, request);
  ASSERT_TRUE(taker.take_all());
  EXPECT_FALSE(taker.head);
  EXPECT_EQ(taker.end->fault, TransportFault::timeout);
  EXPECT_NE(taker.end->fault_text.find("no headers came within 50 ms"), std::string::npos) << taker.end->fault_text;
}

TEST(CurlStream, closes_its_connection_when_it_is_cancelled_from_any_thread) {
  Notifier closed;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    return HttpServerFake::event_stream([&](Connection& connection) {
      connection.send("data");
      connection.wait_for_close();
      closed.notify();
    });
  });
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url()));
  ASSERT_TRUE(taker.take_until([&] { return !taker.bytes.empty(); }));
  std::thread([&] { taker.stream().cancel(); }).join();
  EXPECT_TRUE(closed.wait_us(30'000'000));
  const HttpStreamPart part = taker.stream().take();
  EXPECT_TRUE(part.bytes.empty() && !part.end);
  StreamTaker dropped(transport, stream_from(server.url()));
  ASSERT_TRUE(dropped.take_until([&] { return !dropped.bytes.empty(); }));
  dropped.drop();
  EXPECT_TRUE(closed.wait_us(30'000'000));
}

TEST(CurlStream, waits_for_a_taker_that_does_not_keep_up) {
  constexpr std::size_t kAll = 24 << 20;
  std::atomic<std::size_t> sent = 0;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    return in_chunks([&](Connection& connection) {
      const std::string piece(64 << 10, 'x');
      while (sent < kAll && connection.send(chunk(piece))) sent += piece.size();
      connection.send("0\r\n\r\n");
    });
  });
  CurlTransport transport;
  HttpStreamRequest request = stream_from(server.url());
  request.max_buffered_bytes = 100'000;
  request.idle_timeout_ms = 600;
  StreamTaker taker(transport, request);
  ASSERT_TRUE(taker.wait_for_ready());
  // Until the server has come to a halt: the buffers of both sides are full.
  std::size_t before = 0;
  do {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(700));  // longer than the idle timeout, which does not run
  } while (sent != before);
  EXPECT_LT(sent, kAll) << "the buffers of the kernel take some MiB";
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.end->fault, TransportFault::none) << taker.end->fault_text;
  EXPECT_EQ(taker.bytes.size(), kAll);
  EXPECT_LE(taker.largest_part, 100'000u + (16 << 10));
}

TEST(CurlStream, decodes_gzip_as_it_arrives_and_says_nothing_of_it) {
  std::string text;
  for (int i = 0; text.size() < 500'000; ++i) text += "data: line " + std::to_string(i * 7919) + "\n";
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    if (request.header("accept-encoding").empty()) return HttpServerFake::reply(200, "plain");
    const std::string body = gzipped(text);
    return HttpServerFake::reply(200, body, "Content-Encoding: gzip\r\nX-Other: 1\r\n");
  });
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url()));
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.end->fault, TransportFault::none) << taker.end->fault_text;
  EXPECT_TRUE(taker.bytes == text);
  EXPECT_EQ(taker.head->header("content-encoding"), "");
  EXPECT_EQ(taker.head->header("content-length"), "");
  EXPECT_EQ(taker.head->header("x-other"), "1");
  HttpStreamRequest plain = stream_from(server.url());
  plain.accept_gzip = false;
  StreamTaker second(transport, plain);
  ASSERT_TRUE(second.take_all());
  EXPECT_EQ(second.bytes, "plain");
  EXPECT_EQ(second.head->header("content-length"), "5");
}

TEST(CurlStream, holds_a_bounded_part_of_what_gzip_makes_of_little) {
  constexpr std::size_t kZeros = (memory_is_as_usual() ? 256u : 16u) << 20;
  const std::string body = gzipped(std::string(1 << 20, '\0'), kZeros >> 20);
  HttpServerFake server(
      [&](const HttpServerFake::Request&) { return HttpServerFake::reply(200, body, "Content-Encoding: gzip\r\n"); });
  CurlTransport transport;
  const std::size_t before = resident_bytes();
  StreamTaker taker(transport, stream_from(server.url()));
  std::size_t taken = 0, most = 0;
  ASSERT_TRUE(taker.take_until([&] {
    most = std::max(most, resident_bytes());
    taken += taker.bytes.size();
    taker.bytes.clear();
    return taker.end.has_value();
  }));
  EXPECT_EQ(taker.end->fault, TransportFault::none) << taker.end->fault_text;
  EXPECT_EQ(taken, kZeros);
  RecordProperty("resident_growth_bytes", std::to_string(most - before));
  if (memory_is_as_usual()) {
    EXPECT_LT(most - before, 64u << 20);
  }
}

TEST(CurlStream, says_that_what_is_no_gzip_cannot_be_read) {
  HttpServerFake server([](const HttpServerFake::Request&) {
    return HttpServerFake::reply(200, "no gzip at all", "Content-Encoding: gzip\r\n");
  });
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url()));
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.end->fault, TransportFault::other);
  EXPECT_NE(taker.end->fault_text, "");
}

TEST(CurlStream, takes_no_place_of_requests_to_its_host_and_waits_beyond_its_own_limit) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    if (request.target == "/whole") return HttpServerFake::reply(200, "whole");
    return HttpServerFake::event_stream([](Connection& connection) { connection.wait_for_close(); });
  });
  CurlTransportOptions options;
  options.max_connections = options.max_connections_per_host = 1;
  options.max_streams = 3;
  CurlTransport transport(options);
  std::vector<std::unique_ptr<StreamTaker>> takers;
  for (int i = 0; i < 3; ++i) {
    takers.push_back(std::make_unique<StreamTaker>(transport, stream_from(server.url())));
    ASSERT_TRUE(takers.back()->take_until([&] { return takers.back()->head.has_value(); }));
  }
  HttpRequest whole;
  whole.url = server.url() + "/whole";
  EXPECT_EQ(send_and_wait(transport, whole).body, "whole");
  EXPECT_EQ(send_and_wait(transport, whole).body, "whole");
  EXPECT_EQ(server.connections(), 4) << "the connection is kept although those of streams are more than the limit";

  HttpStreamRequest further = stream_from(server.url());
  further.request.timeout_ms = 50;
  StreamTaker refused(transport, further);
  ASSERT_TRUE(refused.take_all());
  EXPECT_EQ(refused.end->fault, TransportFault::timeout);
  EXPECT_NE(refused.end->fault_text.find("3 streams are open"), std::string::npos) << refused.end->fault_text;

  StreamTaker waiting(transport, stream_from(server.url()));
  StreamTaker cancelled(transport, stream_from(server.url()));
  cancelled.drop();
  takers.pop_back();
  EXPECT_TRUE(waiting.take_until([&] { return waiting.head.has_value(); })) << "a place came free";
}

TEST(CurlStream, follows_no_redirect_and_says_where_it_leads) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    EXPECT_EQ(request.target, "/");
    return HttpServerFake::reply(307, "", "Location: /elsewhere\r\n");
  });
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url() + "/"));
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.head->status, 307);
  EXPECT_EQ(taker.head->header("location"), "/elsewhere");
}

TEST(CurlStream, keeps_to_the_outbound_policy_on_new_and_on_kept_connections) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, "ok"); },
                        HttpServerFake::Over::tls);
  const PemFile bundle(server.certificate_pem());
  CurlTransportOptions options;
  options.ca_bundle = bundle.path();
  CurlTransport transport(options);
  const OutboundPolicy strict, lax = *OutboundPolicy::parse("127.0.0.0/8");
  const auto end_of = [&](const std::string& url, const OutboundPolicy* policy) {
    HttpStreamRequest request = stream_from(url);
    request.request.policy = policy;
    StreamTaker taker(transport, request);
    EXPECT_TRUE(taker.take_all());
    return *taker.end;
  };
  const std::string url = "https://sluice.localhost:" + std::to_string(server.port()) + "/";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(end_of(url, &strict).fault, TransportFault::forbidden);
    EXPECT_NE(end_of(url, &strict).fault_text.find("outbound.allowed"), std::string::npos);
    EXPECT_EQ(end_of(url, &lax).fault, TransportFault::none);
  }
  EXPECT_EQ(end_of("http://example.com/", &strict).fault, TransportFault::forbidden);
  EXPECT_EQ(end_of("http://169.254.169.254/", nullptr).fault, TransportFault::forbidden);
}

TEST(CurlStream, trusts_no_certificate_of_an_unknown_authority) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, "ok"); },
                        HttpServerFake::Over::tls);
  CurlTransport transport;
  StreamTaker taker(transport, stream_from(server.url()));
  ASSERT_TRUE(taker.take_all());
  EXPECT_FALSE(taker.head);
  EXPECT_EQ(taker.end->fault, TransportFault::tls) << taker.end->fault_text;
}

TEST(CurlStream, goes_through_the_proxy_and_says_what_that_refuses) {
  HttpServerFake proxy([](const HttpServerFake::Request& request) {
    if (request.method == "CONNECT") return HttpServerFake::reply(407, "");
    return HttpServerFake::reply(200, request.target + " " + request.header("proxy-authorization"));
  });
  CurlTransportOptions options;
  options.proxy = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port());
  CurlTransport transport(options);
  StreamTaker taker(transport, stream_from("http://stream.example.com/all"));
  ASSERT_TRUE(taker.take_all());
  EXPECT_EQ(taker.bytes, "http://stream.example.com/all Basic dXNlcjpzZWNyZXQ=");
  StreamTaker refused(transport, stream_from("https://stream.example.com/all"));
  ASSERT_TRUE(refused.take_all());
  EXPECT_EQ(refused.end->fault, TransportFault::proxy);
  EXPECT_EQ(refused.end->proxy_status, 407);
  EXPECT_EQ(refused.end->fault_text.find("secret"), std::string::npos);
}

TEST(CurlStream, ends_with_the_transport_and_may_outlive_it) {
  HttpServerFake server([](const HttpServerFake::Request&) {
    return HttpServerFake::event_stream([](Connection& connection) { connection.wait_for_close(); });
  });
  std::unique_ptr<StreamTaker> open, waiting, late;
  {
    CurlTransportOptions options;
    options.max_streams = 1;
    CurlTransport transport(options);
    open = std::make_unique<StreamTaker>(transport, stream_from(server.url()));
    ASSERT_TRUE(open->take_until([&] { return open->head.has_value(); }));
    waiting = std::make_unique<StreamTaker>(transport, stream_from(server.url()));
    transport.stop();
    late = std::make_unique<StreamTaker>(transport, stream_from(server.url()));
  }
  for (StreamTaker* taker : {open.get(), waiting.get(), late.get()}) {
    ASSERT_TRUE(taker->take_all());
    EXPECT_EQ(taker->end->fault, TransportFault::other);
    EXPECT_EQ(taker->end->fault_text, "stopped");
  }
}

}  // namespace
}  // namespace sluice::http_client
