// What is said of a source that is reached and sends no flags, and when it is asked again: by the clock alone.
#include "relay/put_wait.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"
#include "base/worker_fake.h"
#include "http_client/http_stream_fake.h"
#include "relay/relay.h"
#include "storage/file_system_fake.h"

namespace sluice::relay {
namespace {

const ObjectId kWaitedFor = *ObjectId::parse("578d1e02d2943862c52b9686");
constexpr std::string_view kOneFlag =
    "event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"a\":{\"key\":\"a\",\"version\":1}},\"segments\":{}}}\n\n";
constexpr std::string_view kNotYet = "It is connected, and has sent no flags yet.";

class PutWaitTest : public testing::Test {
 protected:
  PutWaitTest() {
    environment_.id = kWaitedFor;
    environment_.sdk_keys = {"sdk-1"};
    environment_.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
    environment_.flag_source.stream_uri = "http://upstream";
    publish();
  }
  ~PutWaitTest() override { relay_.stop(); }
  void publish() {
    const auto catalog = std::make_shared<const catalog::CatalogSnapshot>(
        std::vector<catalog::Project>(), std::vector<catalog::Environment>{environment_},
        std::vector<catalog::Destination>());
    flags_.apply(*catalog);
    relay_.apply(catalog);
    workers_.run_due();
  }
  // Steps when the worker asked for it, or was notified, and not before.
  void pass_ms(std::int64_t ms) {
    workers_.run_for_us(ms * 1'000);
    transport_.expire();
    workers_.run_due();
  }
  void say(std::string_view bytes) {
    server().bytes(bytes);
    workers_.run_due();
  }
  void connect() {
    server().event_stream();
    workers_.run_due();
  }
  // The delay before the next attempt is a second at most.
  void lose_connection() {
    server().end(http_client::TransportFault::reset, "The connection broke");
    workers_.run_due();
  }
  http_client::ServedStreamFake& server() { return transport_.last(); }
  FlagFeedStatus status() { return relay_.status(kWaitedFor).at(0); }
  std::string problem() { return status().problem; }

  ManualClock clock_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem disk_{1};
  http_client::HttpStreamTransportFake transport_{&clock_};
  flags::FlagRegistry flags_;
  catalog::Environment environment_;
  Relay relay_{{disk_, transport_, clock_, flags_, "/data", "/data/flag-files", nullptr, workers_}};
};

TEST_F(PutWaitTest, a_source_that_has_not_answered_in_10_s_is_a_problem_until_it_fails_or_answers) {
  pass_ms(9'999);
  EXPECT_EQ(status().state(), FeedState::connecting);
  EXPECT_EQ(problem(), "");
  pass_ms(1);
  EXPECT_EQ(problem(), "It has not answered in 10 s.");
  EXPECT_NE(status().remedy, "");
  EXPECT_EQ(status().state(), FeedState::no_flags);
  pass_ms(20'000);
  EXPECT_EQ(problem(), "no headers came.");
  pass_ms(11'500);
  ASSERT_EQ(transport_.opened(), 2u);
  EXPECT_EQ(problem(), "no headers came.") << "it says more, and is as true of the second attempt";
  connect();
  EXPECT_EQ(problem(), kNotYet) << "10 s have passed";
  say(kOneFlag);
  EXPECT_EQ(problem(), "");
  EXPECT_EQ(status().state(), FeedState::following);
}

TEST_F(PutWaitTest, a_source_that_is_connected_and_silent_is_a_problem_after_10_s_and_asked_again_after_60) {
  pass_ms(4'000);
  connect();
  pass_ms(5'999);
  EXPECT_EQ(problem(), "");
  pass_ms(1);
  EXPECT_EQ(problem(), kNotYet) << "10 s after it was asked, not after it answered";
  EXPECT_EQ(status().state(), FeedState::no_flags);
  pass_ms(53'999);
  EXPECT_EQ(problem(), kNotYet);
  EXPECT_FALSE(server().is_cancelled());
  pass_ms(1);
  EXPECT_EQ(problem(), "It sends no flags: it is connected, and nothing came in 60 s.");
  EXPECT_TRUE(server().is_cancelled());
  pass_ms(1'000);
  ASSERT_EQ(transport_.opened(), 2u);
  connect();
  say(kOneFlag);
  EXPECT_EQ(status().state(), FeedState::following);
}

TEST_F(PutWaitTest, garbage_is_a_problem_and_the_source_recovers_when_it_is_right_again) {
  connect();
  const auto talk_for_s = [&](int seconds) {
    for (int i = 0; i < 2 * seconds; ++i) {
      say("junk: {}\n<html>\n:\n");
      pass_ms(500);
    }
  };
  talk_for_s(10);
  EXPECT_EQ(problem(), kNotYet);
  talk_for_s(49);
  EXPECT_EQ(transport_.opened(), 1u);
  pass_ms(1'000);
  EXPECT_EQ(problem(), "It sends no flags: what came in 60 s are no events.");
  pass_ms(1'000);
  ASSERT_EQ(transport_.opened(), 2u);
  connect();
  pass_ms(30'000);
  EXPECT_EQ(problem(), "It sends no flags: what came in 60 s are no events.") << "it says more than that none came yet";
  say(kOneFlag);
  EXPECT_EQ(problem(), "");
}

TEST_F(PutWaitTest, events_that_are_no_put_are_no_flags) {
  connect();
  say("event: patch\ndata: {\"path\":\"/flags/b\",\"data\":{\"key\":\"b\",\"version\":2}}\n\nevent: x\ndata: 1\n\n");
  pass_ms(10'000);
  EXPECT_EQ(problem(), kNotYet);
  pass_ms(50'000);
  EXPECT_EQ(problem(), "It sends no flags: 2 events came in 60 s, and none is a put.");
}

TEST_F(PutWaitTest, a_put_that_comes_slowly_is_a_problem_that_says_how_far_it_is_and_keeps_its_connection) {
  connect();
  std::size_t sent = 0;
  const auto drip_for_s = [&](int seconds) {
    for (int i = 0; i < seconds && sent < kOneFlag.size(); ++i, ++sent) {
      say(kOneFlag.substr(sent, 1));
      pass_ms(1'000);
    }
  };
  drip_for_s(20);
  EXPECT_EQ(problem(), "Its flags come slowly: 3 B so far, and not all.");
  EXPECT_EQ(status().state(), FeedState::no_flags);
  drip_for_s(1);
  EXPECT_EQ(problem(), "Its flags come slowly: 4 B so far, and not all.");
  drip_for_s(1'000);
  EXPECT_EQ(sent, kOneFlag.size());
  EXPECT_EQ(transport_.opened(), 1u);
  EXPECT_EQ(problem(), "");
  EXPECT_EQ(status().state(), FeedState::following);
}

TEST_F(PutWaitTest, a_put_that_stops_within_is_given_up_after_5_minutes_though_comments_come) {
  connect();
  say(kOneFlag.substr(0, 40));
  for (int minute = 0; minute < 5; ++minute) {
    EXPECT_EQ(transport_.opened(), 1u);
    pass_ms(59'000);
    EXPECT_NE(problem().find("come slowly"), std::string::npos) << problem();
    say("\n:");
    pass_ms(1'000);
  }
  // The first line end was data.
  EXPECT_NE(problem().find("come slowly"), std::string::npos) << problem();
  pass_ms(59'000);
  EXPECT_EQ(problem(), "It sends no more of its flags: 24 B came, and nothing of the rest in 300 s.");
  EXPECT_TRUE(transport_.stream(0).is_cancelled());
}

TEST_F(PutWaitTest, what_is_said_of_a_source_that_comes_back_is_of_the_connection_that_is_open) {
  connect();
  say(kOneFlag);
  lose_connection();
  EXPECT_EQ(status().state(), FeedState::behind);
  EXPECT_EQ(problem(), "The connection broke.");
  const std::int64_t since_ms = status().since_ms;
  pass_ms(1'000);
  ASSERT_EQ(transport_.opened(), 2u);
  pass_ms(5'000);
  EXPECT_EQ(problem(), "The connection broke.");
  pass_ms(5'000);
  EXPECT_EQ(problem(), "It has not answered in 10 s.");
  connect();
  EXPECT_EQ(problem(), kNotYet);
  say("event: put\ndata: {");
  EXPECT_EQ(problem(), "Its flags come slowly: 1 B so far, and not all.");
  EXPECT_EQ(status().state(), FeedState::behind);
  EXPECT_EQ(status().since_ms, since_ms);
  lose_connection();
  EXPECT_EQ(problem(), "The connection broke. An event was not complete.");
}

TEST_F(PutWaitTest, another_source_has_10_s_of_its_own) {
  pass_ms(10'000);
  EXPECT_NE(problem(), "");
  environment_.flag_source.stream_uri = "http://other";
  publish();
  EXPECT_EQ(status().state(), FeedState::connecting);
  pass_ms(9'999);
  EXPECT_EQ(problem(), "");
  pass_ms(1);
  EXPECT_EQ(problem(), "It has not answered in 10 s.");
}

TEST_F(PutWaitTest, a_source_that_follows_is_not_waited_for_however_long_it_has_no_changes) {
  connect();
  say(kOneFlag);
  for (int minute = 0; minute < 30; ++minute) {
    pass_ms(60'000);
    say(":\n");
  }
  EXPECT_EQ(status().state(), FeedState::following);
  EXPECT_EQ(transport_.opened(), 1u);
}

TEST_F(PutWaitTest, a_source_behind_a_redirect_is_named_with_the_address_that_is_set) {
  server().head(307, {{"location", "http://elsewhere/flags?secret"}});
  workers_.run_due();
  pass_ms(10'000);
  EXPECT_EQ(
      problem(),
      "It has not answered in 10 s. http://upstream/all redirects to http://elsewhere/flags, which is sent no key or "
      "token.");
}

TEST_F(PutWaitTest, the_worker_sleeps_until_the_next_thing_to_say_or_do) {
  const auto steps_in_ms = [&](std::int64_t ms) {
    std::size_t steps = 0;
    for (std::int64_t i = 0; i < ms; i += 1'000) {
      clock_.advance_us(1'000'000);
      steps += workers_.run_due();
    }
    return steps;
  };
  EXPECT_EQ(steps_in_ms(9'000), 0u);
  EXPECT_EQ(steps_in_ms(1'000), 1u);
  connect();
  EXPECT_LE(steps_in_ms(59'000), 1u) << "the relay looks for unused filters";
}

}  // namespace
}  // namespace sluice::relay
