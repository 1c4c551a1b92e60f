// The end of an HttpServer: what is in flight is answered in its time, and an answer that comes later harms nobody.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "http/echo_server_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

TEST(HttpServer, drains_what_is_in_flight_and_closes_the_rest) {
  EchoServer fixture;
  RawClient idle(fixture.address()), busy(fixture.address());
  EXPECT_EQ(idle.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status, 200u);
  ASSERT_TRUE(busy.send(post_text("/hold", "x")));
  HttpResponder responder = fixture.held.take();
  const auto began = std::chrono::steady_clock::now();
  std::thread draining([&] { fixture.server->drain(20'000); });
  EXPECT_TRUE(idle.closed());
  responder(HttpResponse{});
  EXPECT_EQ(busy.receive().header("connection"), "close");
  EXPECT_TRUE(busy.closed());
  draining.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15)) << "it does not wait for its deadline";
  EXPECT_EQ(fixture.server->stats().connections_open, 0u);
}

TEST(HttpServer, ends_with_requests_unanswered_and_takes_their_answers_later) {
  std::optional<HttpResponder> late;
  {
    EchoServer fixture;
    RawClient client(fixture.address());
    ASSERT_TRUE(client.send(post_text("/hold", "x")));
    late = fixture.held.take();
    fixture.server->drain(20);
    EXPECT_EQ(fixture.server->stats().connections_open, 1u);
  }
  (*late)(HttpResponse{});
}

}  // namespace
}  // namespace sluice::http
