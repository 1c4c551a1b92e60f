#include "http/stream_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/raw_client_fake.h"
#include "http/stream_server_fake.h"

namespace sluice::http {
namespace {

std::int64_t ms_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
}

// Some readers of one group, without chunks, so that what they got reads as it was published.
struct Readers {
  StreamServer server;
  std::shared_ptr<StreamGroup> group = StreamGroup::make();
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::shared_ptr<HttpStream>> streams;

  void add(const StreamGroup::StateSource& state = nullptr) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    EXPECT_TRUE(clients.back()->send("GET /stream HTTP/1.0\r\n\r\n"));
    clients.back()->receive_until("\r\n\r\n");
    streams.push_back(server.take());
    EXPECT_TRUE(comes_true([&] { return streams.back()->loop() != nullptr; }));
    group->join(streams.back(), state);
  }
};

TEST(StreamGroup, gives_who_joins_the_state_and_then_every_change) {
  Readers readers;
  std::string state = "state 1;";
  const auto source = [&] { return stream_block(state); };
  readers.add(source);
  readers.add(source);
  state = "state 2;";
  EXPECT_EQ(readers.group->publish(stream_block("change 2;")), 2u);
  readers.add(source);
  EXPECT_EQ(readers.group->publish(stream_block("change 3;")), 3u);
  EXPECT_EQ(readers.clients[0]->receive_until("3;"), "state 1;change 2;change 3;");
  EXPECT_EQ(readers.clients[1]->receive_until("3;"), "state 1;change 2;change 3;");
  EXPECT_EQ(readers.clients[2]->receive_until("3;"), "state 2;change 3;");
}

TEST(StreamGroup, counts_who_is_there_and_forgets_who_left) {
  Readers readers;
  for (int i = 0; i < 3; ++i) readers.add();
  EXPECT_EQ(readers.group->count(), 3u);
  readers.clients[0].reset();
  EXPECT_TRUE(comes_true([&] { return readers.group->count() == 2; }));
  readers.streams[1]->finish();
  EXPECT_TRUE(comes_true([&] { return readers.group->count() == 1; }));
  EXPECT_EQ(readers.group->publish(stream_block("x;")), 1u);
  const auto over = HttpStream::make();
  { const StreamStart never_sent(over); }
  readers.group->join(over, [] { return stream_block("state;"); });
  EXPECT_EQ(readers.group->count(), 1u) << "who is over does not join";
}

TEST(StreamGroup, closes_all_and_whoever_joins_afterwards) {
  Readers readers;
  readers.add();
  readers.add();
  readers.group->close();
  EXPECT_TRUE(readers.clients[0]->closed());
  EXPECT_TRUE(readers.clients[1]->closed());
  EXPECT_TRUE(comes_true([&] { return readers.group->count() == 0; }));
  readers.add([] { return stream_block("state;"); });
  EXPECT_TRUE(readers.clients[2]->closed()) << "and it gets nothing";
}

TEST(StreamGroup, spreads_a_staggered_state_evenly) {
  constexpr int kReaders = 20;
  constexpr std::int64_t kDurationMs = 1000;
  Readers readers;
  for (int i = 0; i < kReaders; ++i) readers.add();
  std::vector<std::int64_t> asked_ms;
  const auto begun = std::chrono::steady_clock::now();
  readers.group->publish_staggered(
      [&] {
        asked_ms.push_back(ms_since(begun));
        return stream_block("state;");
      },
      kDurationMs);
  for (const auto& client : readers.clients) EXPECT_EQ(client->receive_until(";"), "state;");
  ASSERT_EQ(asked_ms.size(), static_cast<std::size_t>(kReaders)) << "each has its own turn";
  for (int i = 0; i < kReaders; ++i) {
    EXPECT_GE(asked_ms[static_cast<std::size_t>(i)], kDurationMs * i / kReaders - StreamGroup::kStepMs - 1) << i;
    EXPECT_LE(asked_ms[static_cast<std::size_t>(i)], kDurationMs * i / kReaders + 400) << i;
  }
}

TEST(StreamGroup, who_joined_first_has_the_first_turn) {
  Readers readers;
  for (int i = 0; i < 8; ++i) readers.add();
  int given = 0;
  readers.group->publish_staggered([&] { return stream_block(std::string(1, static_cast<char>('a' + given++)) + ";"); },
                                   400);
  std::vector<std::string> got;
  for (const auto& client : readers.clients) got.push_back(client->receive_until(";"));
  // Turns that are due together are one.
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_EQ(got.front(), "a;");
}

TEST(StreamGroup, gives_the_state_as_it_is_when_a_turn_comes_and_keeps_turns) {
  Readers readers;
  for (int i = 0; i < 10; ++i) readers.add();
  std::atomic<int> state = 1, given = 0;
  const auto source = [&] {
    ++given;
    return stream_block("state " + std::to_string(state) + ";");
  };
  readers.group->publish_staggered(source, 400);
  EXPECT_TRUE(comes_true([&] { return given >= 3; }));
  state = 2;
  // Who had a turn gets another; who waits for one does not wait longer, and gets one state and not two.
  readers.group->publish_staggered(source, 400);
  int two_states = 0;
  for (const auto& client : readers.clients) {
    const std::string got = client->receive_until("2;");
    EXPECT_TRUE(got == "state 2;" || got == "state 1;state 2;") << got;
    two_states += got == "state 2;" ? 0 : 1;
  }
  EXPECT_GE(two_states, 3);
  EXPECT_LE(two_states, 9);
  EXPECT_LE(given, 10 + two_states) << "turns that are due together are one";
}

TEST(StreamGroup, a_change_does_not_overtake_a_state_that_is_due) {
  Readers readers;
  for (int i = 0; i < 4; ++i) readers.add();
  readers.group->publish_staggered([] { return stream_block("state;"); }, 800);
  readers.group->publish(stream_block("change;"));
  for (const auto& client : readers.clients) EXPECT_EQ(client->receive_until("state;"), "state;");
}

TEST(StreamGroup, gives_a_staggered_state_to_those_whose_answer_has_not_begun) {
  const auto group = StreamGroup::make();
  const auto starting = HttpStream::make();
  group->join(starting);
  group->publish_staggered([] { return stream_block("state;"); }, 60'000);
  EXPECT_EQ(starting->unsent_bytes(), 6u);
}

TEST(StreamGroup, turns_of_those_that_left_are_dropped) {
  Readers readers;
  for (int i = 0; i < 4; ++i) readers.add();
  readers.group->publish_staggered([] { return stream_block("state;"); }, 200);
  for (std::size_t i = 0; i < 3; ++i) readers.clients[i].reset();
  EXPECT_EQ(readers.clients[3]->receive_until(";"), "state;");
}

TEST(StreamGroup, is_used_by_many_threads) {
  Readers readers;
  std::atomic<bool> stop = false;
  std::vector<std::thread> publishers;
  for (int i = 0; i < 3; ++i)
    publishers.emplace_back([&] {
      while (!stop) {
        readers.group->publish(stream_block("change;"));
        readers.group->publish_staggered([] { return stream_block("state;"); }, 10);
        std::this_thread::yield();
      }
    });
  for (int i = 0; i < 50; ++i) {
    readers.add([] { return stream_block("first;"); });
    EXPECT_TRUE(readers.clients.back()->receive_until(";").ends_with(";"));
    if (i % 2 == 0) readers.clients.back().reset();
    if (i % 5 == 0) readers.streams.back()->close();
  }
  stop = true;
  for (std::thread& each : publishers) each.join();
  readers.clients.clear();  // who does not read would be waited for
  readers.group->close();
  EXPECT_TRUE(comes_true([&] { return readers.group->count() == 0; }));
}

}  // namespace
}  // namespace sluice::http
