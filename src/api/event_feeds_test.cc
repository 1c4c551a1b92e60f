#include "api/event_feeds.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sluice::api {
namespace {

struct Fed {
  EventFeeds feeds;
  int asked = 0;
  bool may_read = true, goes_on = true;
  std::string next = "event;";
  std::shared_ptr<int> slot = std::make_shared<int>();

  std::shared_ptr<http::HttpStream> add() {
    return feeds.add(
        [this](std::string& out) {
          ++asked;
          out += next;
          return goes_on;
        },
        [this] { return may_read; }, slot);
  }
};

// What an answer that is not sent does to its stream.
void end(const std::shared_ptr<http::HttpStream>& stream) { const http::StreamStart never_sent(stream); }

TEST(EventFeeds, read_no_more_before_the_last_was_sent) {
  Fed fed;
  const auto stream = fed.add();
  EXPECT_EQ(stream->unsent_bytes(), 6u) << "the first is there before the answer is";
  for (int i = 0; i < 3; ++i) fed.feeds.tick();
  EXPECT_EQ(fed.asked, 1);
  fed.next.clear();
  const auto silent = fed.add();
  fed.next = "event;";
  fed.feeds.tick();
  EXPECT_EQ(fed.asked, 3);
  EXPECT_EQ(silent->unsent_bytes(), 6u);
}

TEST(EventFeeds, end_with_the_right_to_read) {
  Fed fed;
  const auto stream = fed.add();
  fed.may_read = false;
  fed.feeds.tick();
  EXPECT_EQ(stream->unsent_bytes(), 0u) << "what waits is not sent any more";
  EXPECT_FALSE(stream->append(http::stream_block("x")));
  fed.feeds.tick();
  EXPECT_EQ(fed.asked, 1);
}

TEST(EventFeeds, end_after_the_last_of_their_source_or_its_failure) {
  Fed fed;
  fed.goes_on = false;
  const auto stream = fed.add();
  EXPECT_EQ(stream->unsent_bytes(), 6u);
  EXPECT_FALSE(stream->append(http::stream_block("x")));
  const auto failing =
      fed.feeds.add([](std::string&) -> bool { throw std::runtime_error("no disk"); }, [] { return true; }, fed.slot);
  EXPECT_FALSE(failing->append(http::stream_block("x")));
}

TEST(EventFeeds, hold_their_slot_until_the_connection_has_ended) {
  Fed fed;
  const auto stream = fed.add();
  EXPECT_EQ(fed.slot.use_count(), 2);
  end(stream);
  EXPECT_EQ(fed.slot.use_count(), 1);
  fed.feeds.tick();
  EXPECT_EQ(fed.asked, 1);
}

}  // namespace
}  // namespace sluice::api
