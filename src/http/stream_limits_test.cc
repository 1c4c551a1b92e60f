// How many streams a server has beside its connections, and how they end when it drains.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/loop.h"
#include "http/raw_client_fake.h"
#include "http/stream_server_fake.h"

namespace sluice::http {
namespace {

constexpr const char* kPlainGet = "GET /other HTTP/1.1\r\nHost: t\r\n\r\n";

std::unique_ptr<RawClient> open_stream(const StreamServer& server, const std::string& path = "/stream") {
  auto client = std::make_unique<RawClient>(server.address());
  EXPECT_TRUE(client->send("GET " + path + " HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_NE(client->receive_until("\r\n\r\n").find(" 200 "), std::string::npos);
  return client;
}

// One more is refused on a connection that stays usable, and taken once `one` has gone.
void expect_one_more_is_refused(StreamServer& server, const std::string& path, std::string_view says,
                                std::unique_ptr<RawClient>& one) {
  RawClient client(server.address());
  const std::string ask = "GET " + path + " HTTP/1.1\r\nHost: t\r\n\r\n";
  const RawResponse refused = client.ask(ask);
  EXPECT_EQ(refused.status, 503u);
  EXPECT_NE(refused.body.find("too_many_streams"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find(says), std::string::npos) << refused.body;
  EXPECT_EQ(client.ask(kPlainGet).body, "other");
  EXPECT_EQ(server.server->stats().cuts[static_cast<std::size_t>(Cut::too_many_streams)], 1u);
  const std::uint64_t open = server.server->stats().streams_open;
  one.reset();
  EXPECT_TRUE(comes_true([&] { return server.server->stats().streams_open < open; }));
  open_stream(server, path);
}

TEST(StreamLimits, hold_for_all_streams) {
  HttpLimits limits;
  limits.max_streams = 2;
  StreamServer server(limits);
  auto first = open_stream(server), second = open_stream(server);
  EXPECT_EQ(server.server->stats().streams_open, 2u);
  expect_one_more_is_refused(server, "/stream", "The server has 2 streams", first);
}

TEST(StreamLimits, hold_for_an_address) {
  HttpLimits limits;
  limits.max_streams_per_address = 2;
  StreamServer server(limits);
  auto first = open_stream(server), second = open_stream(server);
  expect_one_more_is_refused(server, "/stream", "Your address has 2 streams", first);
}

TEST(StreamLimits, hold_for_an_owner_and_leave_others_alone) {
  HttpLimits limits;
  limits.max_streams_per_owner = 2;
  StreamServer server(limits);
  auto first = open_stream(server, "/owner/7"), second = open_stream(server, "/owner/7");
  auto other = open_stream(server, "/owner/8"), nobodys = open_stream(server), another = open_stream(server),
       third = open_stream(server);
  expect_one_more_is_refused(server, "/owner/7", "This environment has 2 streams", first);
}

TEST(StreamLimits, a_reader_that_took_all_is_not_cut_off_when_a_turn_ended_with_the_last_byte) {
  HttpLimits limits;
  limits.write_timeout_ms = 200;
  StreamServer server(limits);
  // With the head and the end of its chunk it is what one turn sends, once the socket takes that much: its window grows
  // with what is read.
  constexpr std::size_t kTurnBytes = 128 << 10, kFramingBytes = 9;
  constexpr int kReaders = 8, kBlocks = 60;
  const StreamBlock block = stream_block(std::string(kTurnBytes - kFramingBytes, 'x'));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int reader = 0; reader < kReaders; ++reader) {
    clients.push_back(open_stream(server));
    const auto stream = server.take();
    for (int i = 0; i < kBlocks; ++i) {
      ASSERT_TRUE(stream->append(block));
      for (std::size_t left = kTurnBytes; left > 0;) {
        const std::size_t got = clients.back()->receive_some(left);
        ASSERT_GT(got, 0u);
        left -= got;
      }
    }
  }
  const auto cuts = [&] { return server.server->stats().cuts[static_cast<std::size_t>(Cut::stream_not_read)]; };
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(5 * limits.write_timeout_ms);
  while (std::chrono::steady_clock::now() < until && cuts() == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(cuts(), 0u);
  EXPECT_EQ(server.server->stats().streams_open, std::size_t{kReaders});
}

TEST(StreamLimits, a_refused_stream_learns_that_it_never_started) {
  HttpLimits limits;
  limits.max_streams = 1;
  StreamServer server(limits);
  const auto open = open_stream(server);
  const auto kept = server.take();
  RawClient client(server.address());
  EXPECT_EQ(client.ask(StreamServer::kAsk).status, 503u);
  const auto refused = server.take();
  EXPECT_TRUE(comes_true([&] { return refused->ended(); }));
  EXPECT_FALSE(kept->ended());
}

TEST(StreamLimits, streams_are_no_connections_of_requests) {
  HttpLimits limits;
  limits.max_connections = 2;
  limits.max_connections_per_address = 2;
  StreamServer server(limits);
  std::vector<std::unique_ptr<RawClient>> streams;
  for (int i = 0; i < 10; ++i) streams.push_back(open_stream(server));
  RawClient one(server.address()), two(server.address());
  EXPECT_EQ(one.ask(kPlainGet).status, 200u);
  EXPECT_EQ(two.ask(kPlainGet).status, 200u);
  EXPECT_EQ(one.ask(kPlainGet).status, 200u) << "it was not closed to let the other in";
  EXPECT_EQ(server.server->stats().streams_open, 10u);
  EXPECT_EQ(server.server->stats().connections_open, 2u);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(server.take()->ended());
}

TEST(StreamLimits, a_drain_ends_streams_one_after_the_other_over_its_grace) {
  using std::chrono::steady_clock;
  constexpr int kStreams = 20;
  constexpr std::int64_t kGraceMs = 1000;
  HttpLimits limits;
  limits.write_timeout_ms = 100;  // ticks come often
  StreamServer server(limits);
  std::vector<std::unique_ptr<RawClient>> clients;
  std::mutex mutex;
  std::vector<std::int64_t> ended_ms;
  const auto begun = steady_clock::now();
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(open_stream(server));
    server.take()->on_end([&](StreamEnd end) {
      EXPECT_EQ(end, StreamEnd::drained);
      const std::lock_guard lock(mutex);
      ended_ms.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun).count());
    });
  }
  const auto before = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun).count();
  server.server->drain(5'000, kGraceMs);
  for (const auto& client : clients) {
    EXPECT_EQ(client->receive_until("0\r\n\r\n"), "0\r\n\r\n");
    EXPECT_TRUE(client->closed());
  }
  ASSERT_EQ(ended_ms.size(), static_cast<std::size_t>(kStreams));
  for (int i = 0; i < kStreams; ++i) {
    const std::int64_t due = kGraceMs * (i + 1) / kStreams;
    EXPECT_GE(ended_ms[static_cast<std::size_t>(i)] - before, due - 120) << i;
    EXPECT_LE(ended_ms[static_cast<std::size_t>(i)] - before, due + 400) << i;
  }
  EXPECT_EQ(server.server->stats().streams_open, 0u);
}

TEST(StreamLimits, a_drain_without_grace_ends_all_in_order) {
  StreamServer server;
  const auto one = open_stream(server), two = open_stream(server);
  server.take()->append(stream_block("last words;"));
  server.server->drain(10'000);
  EXPECT_NE(one->receive_until("0\r\n\r\n").find("last words;"), std::string::npos);
  EXPECT_TRUE(one->closed());
  EXPECT_EQ(two->receive_until("0\r\n\r\n"), "0\r\n\r\n");
}

// A loop without sockets.
class BareLoop final : public Loop {
 public:
  using Loop::Loop;
  const Clock& clock() const override { return clock_; }
  void hand_over(std::shared_ptr<Connection>, HttpResponse) override {}
  void wake_streams(std::vector<std::shared_ptr<HttpStream>>) override {}
  bool run_at(std::int64_t, std::function<void()>) override { return false; }
  bool on_this_thread() const override { return true; }

 private:
  void arm_wait_timer() override {}
  const ManualClock clock_;
};

TEST(StreamLimits, heartbeats_of_streams_that_begin_together_are_spread) {
  BareLoop loop(std::make_shared<ServerShared>(HttpLimits()));
  std::array<int, 10> tenths{};
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t first = loop.first_heartbeat_ms(180'000);
    ASSERT_GE(first, 0);
    ASSERT_LT(first, 180'000);
    ++tenths[static_cast<std::size_t>(first / 18'000)];
  }
  for (const int each : tenths) EXPECT_NEAR(each, 100, 3);
}

}  // namespace
}  // namespace sluice::http
