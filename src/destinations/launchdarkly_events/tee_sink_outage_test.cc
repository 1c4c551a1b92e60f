// A service that fails for a time, asks for a pause or says nothing: what is wrong is shown within 10 s and as long as
// it lasts, and payloads are tried until they are accepted.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "destinations/launchdarkly_events/tee_sink_rig_fake.h"
#include "http_client/hanging_server_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;

TEST_F(TeeSinkTest, one_failure_among_payloads_that_are_accepted_is_no_problem_of_the_service) {
  int failures = 0;
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" && failures++ < 3 ? 503 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int i = 2; i < 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(300);
  EXPECT_FALSE(sink_->problem());
  run(20'000);
  EXPECT_EQ(finished_.size(), 20u);
}

TEST_F(TeeSinkTest, a_service_that_hangs_is_said_after_8_s_and_not_when_it_answers_again) {
  put(CredentialKind::sdk_key);
  std::vector<exporting::FinishedEvent> finished;
  for (int second = 0; second < 7; ++second, clock_.advance_ms(1'000)) sink_->step(clock_.steady_us(), finished);
  EXPECT_FALSE(sink_->problem());
  clock_.advance_ms(2'000);
  sink_->step(clock_.steady_us(), finished);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "no_answer");
  EXPECT_NE(sink_->problem()->message.find("SDK key"), std::string::npos);
  run(1'000);
  EXPECT_FALSE(sink_->problem());
  EXPECT_EQ(finished_.size(), 1u);
}

// An attacker's script ra: the others were in flight when the service asked.
TEST_F(TeeSinkTest, a_pause_that_the_service_asks_for_is_shown_while_it_lasts_whatever_else_is_accepted) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 429 : 202; };
  retry_after_s_ = 3600;
  for (const char* body : {"[1]", "[0]", "[2]"}) put(CredentialKind::sdk_key, body);
  std::vector<exporting::FinishedEvent> finished;
  sink_->step(clock_.steady_us(), finished);
  ASSERT_EQ(transport_.waiting(), 3u);
  for (const std::size_t call : {1U, 0U, 0U}) {
    transport_.deliver_next(call);
    sink_->step(clock_.steady_us(), finished);
  }
  EXPECT_EQ(finished.size(), 2u);
  const std::int64_t until_ms = clock_.wall_ms() + kMaxRetryAfterUs / 1'000;
  for (int second = 0; second < 299; ++second) {
    put(CredentialKind::sdk_key, "[3]");
    ASSERT_TRUE(sink_->problem()) << second;
    EXPECT_EQ(sink_->problem()->code, "http_429");
    EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::transient);
    EXPECT_LE(std::abs(sink_->problem()->next_try_ms - until_ms), 1'000);
    run(1'000);
  }
  EXPECT_EQ(transport_.request_count(), 3u);
  answer_ = [](const HttpRequest&) { return 202; };
  run(20'000);
  EXPECT_FALSE(sink_->problem());
  EXPECT_EQ(finished_.size(), 300u);
}

// An attacker's script hang.
TEST_F(TeeSinkTest, one_payload_without_an_answer_is_told_within_10_s_and_until_it_is_accepted) {
  for (const std::uint32_t at_once : {1U, 8U}) {
    SCOPED_TRACE(at_once);
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(
        "events_uri = \"https://events.example\"\nmax_calls_in_flight = " + std::to_string(at_once), "t", faults);
    destination_.settings = catalog::KindSettings::of(read_tee_settings(table));
    bool heals = false;
    http_client::HangingServerFake server(clock_, [&](const HttpRequest& r) { return r.body == "[0]" && !heals; });
    make_sink(server);
    std::vector<exporting::FinishedEvent> finished;
    const auto second = [&] {
      put(CredentialKind::sdk_key, "[1]");
      for (int i = 0; i < 10; ++i, clock_.advance_ms(100)) {
        server.time_out();
        sink_->step(clock_.steady_us(), finished);
      }
    };
    second();
    const std::uint64_t silent = tickets_;
    put(CredentialKind::sdk_key, "[0]");
    for (int i = 0; i < 7; ++i) second();
    EXPECT_FALSE(sink_->problem());
    EXPECT_TRUE(sink_->notes().empty());
    for (int i = 0; i < 2; ++i) second();
    std::string message = at_once == 1 ? sink_->problem().value().message : sink_->notes().at(0).message;
    EXPECT_NE(message.find("https://events.example: no answer yet for 8 s to a payload of the SDK key, sent at 20"),
              std::string::npos)
        << message;
    for (int i = 0; i < 150; ++i) {
      second();
      const auto notes = sink_->notes();
      ASSERT_EQ(sink_->problem().has_value(), at_once == 1) << "it does not flip";
      ASSERT_TRUE(sink_->problem() ||
                  std::ranges::any_of(notes, [](const auto& note) { return note.code == destinations::kNoAnswer; }));
    }
    EXPECT_GE(server.hung(), 4u);
    heals = true;
    for (int i = 0; i < 45; ++i) second();
    EXPECT_EQ(std::ranges::count(finished, silent, &exporting::FinishedEvent::ticket), 1);
    EXPECT_FALSE(sink_->problem());
    EXPECT_TRUE(sink_->notes().empty()) << sink_->notes()[0].message;
  }
}

TEST_F(TeeSinkTest, what_fails_for_a_time_is_tried_for_ever_and_retry_after_is_obeyed) {
  answer_ = [](const HttpRequest&) { return 503; };
  retry_after_s_ = 60;
  put(CredentialKind::sdk_key);
  run(59'000);
  EXPECT_EQ(transport_.request_count(), 1u);
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::transient);
  retry_after_s_ = 0;
  run(3'600'000);
  EXPECT_LT(transport_.request_count(), 2'000u) << "not in a tight loop";
  EXPECT_TRUE(finished_.empty());
  answer_ = [](const HttpRequest&) { return 202; };
  run(12'000);
  EXPECT_EQ(finished_[0], true);
}

}  // namespace
}  // namespace sluice::launchdarkly_events
