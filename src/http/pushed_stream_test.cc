// What a stream promises to who feeds it and to its reader, over plain connections and TLS.
#include "http/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "http/certificate_fake.h"
#include "http/raw_client_fake.h"
#include "http/stream_server_fake.h"

namespace sluice::http {
namespace {

constexpr std::string_view kOther = "GET /other HTTP/1.1\r\nHost: t\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
// More than the kernel takes for a reader that does not read.
constexpr std::size_t kMoreThanFits = 16 << 20;

// Ticks come often.
HttpLimits quick_limits() {
  HttpLimits limits;
  limits.write_timeout_ms = 200;
  return limits;
}
// What does not read is not cut off, and ticks come often.
HttpLimits patient_limits() {
  HttpLimits limits;
  limits.body_grace_ms = 50;
  return limits;
}

std::uint64_t stream_cuts(const StreamServer& server, Cut cut) {
  return server.server->stats().cuts[static_cast<std::size_t>(cut)];
}

std::optional<StreamEnd> end_of(const std::shared_ptr<HttpStream>& stream) {
  const auto end = std::make_shared<std::atomic<int>>(-1);
  stream->on_end([end](StreamEnd reason) { *end = static_cast<int>(reason); });
  if (!comes_true([&] { return *end >= 0; })) return std::nullopt;
  return static_cast<StreamEnd>(end->load());
}

// Plain and TLS.
class Stream : public ::testing::TestWithParam<bool> {
 protected:
  bool tls() const { return GetParam(); }
  std::optional<HttpTls> files() const { return tls() ? std::optional(certificate_.files) : std::nullopt; }

 private:
  Certificate certificate_;
};
INSTANTIATE_TEST_SUITE_P(Connections, Stream, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "tls" : "plain"; });

TEST_P(Stream, sends_what_is_appended_in_chunks_and_ends_with_the_last_chunk) {
  StreamServer server({}, {}, files());
  auto reader = std::make_unique<RawClient>(server.address(), tls());
  RawClient& client = *reader;
  // What was sent ahead is not answered: the client sends it again on another connection.
  ASSERT_TRUE(client.send(std::string(StreamServer::kAsk) + std::string(kOther)));
  const std::string head = client.receive_until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  const auto stream = server.take();
  EXPECT_TRUE(stream->append(stream_block("one;")));
  EXPECT_EQ(client.receive_until(";\r\n"), "4\r\none;\r\n");
  ASSERT_TRUE(client.send(kOther));
  const std::string large(300'000, 'x');
  EXPECT_TRUE(stream->append(stream_block(large)));
  EXPECT_EQ(client.receive_until("x\r\n"), "493e0\r\n" + large + "\r\n");
  EXPECT_TRUE(comes_true([&] { return stream->unsent_bytes() == 0; }));
  EXPECT_FALSE(stream->ended());
  stream->finish();
  EXPECT_EQ(client.receive_until(kLastChunk), kLastChunk);
  EXPECT_TRUE(client.closed());
  reader.reset();
  EXPECT_EQ(end_of(stream), StreamEnd::finished);
  EXPECT_FALSE(stream->append(stream_block("late")));
  EXPECT_EQ(server.server->stats().requests, 1u);
  EXPECT_EQ(server.server->stats().streams_open, 0u);
}

TEST_P(Stream, is_sent_as_it_is_to_a_client_of_http_1_0) {
  StreamServer server({}, {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send("GET /stream HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.receive_until("\r\n\r\n").find("Transfer-Encoding"), std::string::npos);
  const auto stream = server.take();
  stream->append(stream_block("one;"));
  EXPECT_EQ(client.receive_until(";"), "one;");
  stream->append(stream_block("two;"));
  stream->finish();
  EXPECT_EQ(client.receive_until("nothing"), "two;");
  EXPECT_TRUE(client.closed());
}

TEST_P(Stream, sends_all_before_finish_and_nothing_that_waits_after_close) {
  StreamServer server(patient_limits(), {}, files());
  for (const bool at_once : {false, true}) {
    auto reader = std::make_unique<RawClient>(server.address(), tls());
    RawClient& client = *reader;
    ASSERT_TRUE(client.send(StreamServer::kAsk));
    client.receive_until("\r\n\r\n");
    const auto stream = server.take();
    stream->append(stream_block(std::string(kMoreThanFits, 'x')));
    EXPECT_TRUE(comes_true([&] { return stream->unsent_bytes() < kMoreThanFits; }));
    stream->append(stream_block("behind;"));
    if (at_once)
      stream->close();
    else
      stream->finish();
    const std::string all = client.receive_until(kLastChunk);
    EXPECT_EQ(all.find("behind;") == std::string::npos, at_once);
    EXPECT_TRUE(all.ends_with(kLastChunk));
    EXPECT_EQ(std::count(all.begin(), all.end(), 'x'), static_cast<std::ptrdiff_t>(kMoreThanFits));
    EXPECT_TRUE(client.closed());
    reader.reset();
    EXPECT_EQ(end_of(stream), StreamEnd::finished);
  }
}

TEST_P(Stream, cuts_a_reader_off_that_lags_beyond_the_bound) {
  HttpLimits limits = patient_limits();
  limits.max_stream_waiting_bytes = 1000;
  StreamServer server(limits, {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  const auto stream = server.take();
  EXPECT_TRUE(stream->append(stream_block(std::string(kMoreThanFits, 'x')))) << "nothing waits before it";
  EXPECT_TRUE(comes_true([&] { return stream->unsent_bytes() < kMoreThanFits; }));
  EXPECT_TRUE(stream->append(stream_block(std::string(999, 'y'))));
  EXPECT_TRUE(stream->append(stream_block("z")));
  EXPECT_FALSE(stream->ended());
  EXPECT_FALSE(stream->append(stream_block("z")));
  EXPECT_EQ(end_of(stream), StreamEnd::cut);
  EXPECT_EQ(stream_cuts(server, Cut::stream_lagging), 1u);
  EXPECT_TRUE(client.closes_eventually());
}

TEST_P(Stream, cuts_a_reader_off_that_does_not_read) {
  StreamServer server(quick_limits(), {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  const auto stream = server.take();
  stream->append(stream_block(std::string(kMoreThanFits, 'x')));
  EXPECT_EQ(end_of(stream), StreamEnd::cut);
  EXPECT_EQ(stream_cuts(server, Cut::stream_not_read), 1u);
  EXPECT_EQ(server.server->stats().timeouts, 1u);
}

TEST_P(Stream, cuts_a_reader_off_that_reads_too_slowly) {
  HttpLimits limits = quick_limits();
  limits.min_stream_bytes_per_s = 1 << 30;
  StreamServer server(limits, {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  const auto stream = server.take();
  stream->append(stream_block(std::string(kMoreThanFits * 8, 'x')));
  while (!stream->ended() && client.receive_some(64 << 10) > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the reader's slowness, not a wait
  EXPECT_EQ(end_of(stream), StreamEnd::cut);
}

TEST_P(Stream, replaces_a_state_that_has_not_begun_by_a_newer_one) {
  StreamServer server(patient_limits(), {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  const auto stream = server.take();
  stream->append(stream_block(std::string(kMoreThanFits, 'x')), BlockKind::state);
  EXPECT_TRUE(comes_true([&] { return stream->unsent_bytes() < kMoreThanFits; }));
  stream->append(stream_block("change;"));
  StreamBlock second = stream_block(std::string(2 << 20, 'b'));
  const std::weak_ptr<const std::string> watched = second;
  EXPECT_TRUE(stream->append(std::exchange(second, nullptr), BlockKind::state)) << "larger than the bound";
  EXPECT_TRUE(stream->append(stream_block("third;"), BlockKind::state));
  EXPECT_TRUE(watched.expired()) << "a slow reader holds no old state";
  stream->append(stream_block("change of third;"));
  const std::string all = client.receive_until("of third;");
  EXPECT_EQ(all.find('b'), std::string::npos);
  EXPECT_EQ(all.substr(all.size() - 22), "third;change of third;");
  EXPECT_EQ(all.find("change;"), std::string::npos);
}

TEST_P(Stream, ends_when_its_reader_leaves_or_sends_no_more) {
  StreamServer server({}, {}, files());
  {
    RawClient client(server.address(), tls());
    ASSERT_TRUE(client.send(StreamServer::kAsk));
    client.receive_until("\r\n\r\n");
  }
  EXPECT_EQ(end_of(server.take()), StreamEnd::left);
  RawClient half(server.address(), tls());
  ASSERT_TRUE(half.send(StreamServer::kAsk));
  half.receive_until("\r\n\r\n");
  half.half_close();
  EXPECT_EQ(end_of(server.take()), StreamEnd::left);
  EXPECT_TRUE(comes_true([&] { return server.server->stats().streams_open == 0; }));
}

TEST_P(Stream, sends_a_comment_at_its_interval) {
  StreamServer server(quick_limits(), {.heartbeat_ms = 30}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.receive_until(":\n\r\n"), "2\r\n:\n\r\n");
}

TEST_P(Stream, gives_a_reader_all_parts_in_order_and_the_last_state_however_slowly_it_reads) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  HttpLimits limits = patient_limits();
  limits.max_stream_waiting_bytes = 64 << 20;
  StreamServer server(limits, {}, files());
  RawClient client(server.address(), tls());
  ASSERT_TRUE(client.send("GET /stream HTTP/1.0\r\n\r\n"));
  client.receive_until("\r\n\r\n");
  const auto stream = server.take();
  // Each block is a line: its kind, its number, and padding.
  int last_state = 0;
  constexpr int kBlocks = 400;
  std::thread reading([&] {
    std::string all, piece;
    while (!(piece = client.receive_until("\n")).empty()) all += piece;
    int before = 0;
    bool begun = false;
    for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
      const int number = std::stoi(all.substr(at + 1, 8));
      ASSERT_GT(number, before);
      ASSERT_TRUE(all[at] == 's' || !begun || number == before + 1) << "only a state supersedes";
      begun = true;
      before = number;
    }
    EXPECT_EQ(before, kBlocks);
    EXPECT_NE(all.find("s" + std::to_string(last_state) + " "), std::string::npos);
  });
  for (int i = 1; i <= kBlocks; ++i) {
    const bool state = random() % 4 == 0;
    if (state) last_state = i;
    std::string text = (state ? "s" : "p") + std::to_string(i) + " ";
    text.append(random() % (random() % 8 == 0 ? 1'000'000 : 30'000), 'x');
    ASSERT_TRUE(stream->append(stream_block(text + "\n"), state ? BlockKind::state : BlockKind::part));
    if (random() % 3 == 0) std::this_thread::yield();
  }
  stream->finish();
  reading.join();
}

TEST(StreamAnswer, is_its_head_alone_for_head) {
  StreamServer server;
  RawClient client(server.address());
  ASSERT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n"));
  const RawResponse head = client.receive(true);
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.header("content-length"), "");
  EXPECT_EQ(end_of(server.take()), StreamEnd::not_started);
  EXPECT_EQ(client.ask(kOther).body, "other");
}

TEST(StreamAnswer, that_is_never_sent_ends_its_stream) {
  const auto stream = HttpStream::make();
  {
    HttpResponse response;
    response.stream = stream;
    const HttpResponse copy = response;
    EXPECT_FALSE(stream->ended());
  }
  EXPECT_EQ(end_of(stream), StreamEnd::not_started);
  EXPECT_FALSE(stream->append(stream_block("x")));
}

TEST(StreamAnswer, to_many_streams_is_one_block_for_all) {
  StreamServer server({}, {}, std::nullopt, 2);
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::shared_ptr<HttpStream>> streams;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    ASSERT_TRUE(clients.back()->send(StreamServer::kAsk));
    clients.back()->receive_until("\r\n\r\n");
    streams.push_back(server.take());
  }
  streams.back()->close();
  EXPECT_TRUE(comes_true([&] { return streams.back()->ended(); }));
  const StreamBlock block = stream_block(std::string(1 << 20, 'x') + ";");
  EXPECT_EQ(HttpStream::append_to_all(streams, block), 49u);
  for (int i = 0; i < 49; ++i)
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->receive_until(";").size(), 8 + block->size());
  EXPECT_TRUE(comes_true([&] { return block.use_count() == 1; })) << "who has all of it holds it no more";
}

TEST(StreamAnswer, bounds_how_many_small_blocks_wait) {
  const auto stream = HttpStream::make();
  const StreamBlock block = stream_block("x");
  for (std::size_t i = 0; i < HttpStream::kMaxWaitingBlocks; ++i) ASSERT_TRUE(stream->append(block));
  EXPECT_FALSE(stream->append(block));
}

TEST(StreamAnswer, outlives_its_server) {
  auto server = std::make_unique<StreamServer>();
  RawClient client(server->address());
  ASSERT_TRUE(client.send(StreamServer::kAsk));
  client.receive_until("\r\n\r\n");
  const auto stream = server->take();
  server.reset();
  EXPECT_TRUE(stream->ended());
  EXPECT_FALSE(stream->append(stream_block("x")));
  stream->close();
}

}  // namespace
}  // namespace sluice::http
