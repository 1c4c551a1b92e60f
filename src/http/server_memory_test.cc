// What a connection keeps in memory: little when it is idle, and of a large answer only what was not read yet.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/echo_server_fake.h"
#include "http/raw_client_fake.h"

namespace sluice::http {
namespace {

TEST(HttpServer, keeps_idle_connections_small) {
  constexpr std::size_t kConnections = 200;
  EchoServer fixture;
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
  EchoServer fixture;
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
  EchoServer fixture;
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

}  // namespace
}  // namespace sluice::http
