// A lane: the payloads of one credential. One that is refused stops its own payloads alone, keeps their places in the
// journal, and is tried again as soon as there is another.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "destinations/launchdarkly_events/lane.h"
#include "destinations/launchdarkly_events/tee_sink_rig_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;

TEST_F(TeeSinkTest, a_refused_credential_stops_its_own_payloads_alone_and_a_new_one_is_tried_at_once) {
  answer_ = [](const HttpRequest& request) { return header(request, "authorization") == "mob-current" ? 401 : 202; };
  put(CredentialKind::mobile_key);
  put(CredentialKind::sdk_key);
  run(10'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{1, true}}));
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::setup);
  EXPECT_EQ(sink_->problem()->code, "http_401");
  const std::size_t tries = sent_to("mobile.example").size();
  run(120'000);
  EXPECT_LE(sent_to("mobile.example").size(), tries + 4) << "a probe every 30 to 60 s";
  environment_.mobile_keys = {"mob-new"};
  run(2'000);
  EXPECT_EQ(finished_[0], true);
  EXPECT_FALSE(sink_->problem());
}

TEST_F(TeeSinkTest, a_parked_lane_that_is_full_lets_others_pass_and_alone_it_stops_reading) {
  answer_ = [](const HttpRequest& request) { return request.url.find("/bulk") != std::string::npos ? 401 : 202; };
  for (std::size_t i = 0; i < kMaxLanePayloads; ++i) put(CredentialKind::sdk_key);
  run(10'000);
  EXPECT_FALSE(sink_->has_room()) << "nothing else comes: the journal keeps it";
  EXPECT_TRUE(letters_.letters.empty());
  put(CredentialKind::mobile_key);
  run(100);
  EXPECT_TRUE(sink_->has_room());
  EXPECT_EQ(finished_[kMaxLanePayloads], true);
  put(CredentialKind::sdk_key);
  run(100);
  ASSERT_FALSE(letters_.letters.empty());
  EXPECT_EQ(letters_.letters[0].code, "http_401");
  EXPECT_TRUE(letters_.letters[0].record.starts_with("{\"payload\":\""));
}

TEST_F(TeeSinkTest, a_lane_that_is_refused_keeps_the_places_of_its_payloads_and_holds_up_no_other) {
  with_a_journal();
  bool refused = true;
  answer_ = [&](const HttpRequest& request) { return refused && request.url.ends_with("/bulk") ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(10'000);  // parked, and nothing of another credential was ever seen
  for (std::size_t i = 1; i < 4 * kMaxLanePayloads; ++i) {
    ASSERT_TRUE(sink_->has_room()) << i;
    put(CredentialKind::sdk_key);
  }
  EXPECT_LE(sink_->stats().bytes_inside, kMaxLanePayloads * 1'000);
  put(CredentialKind::mobile_key);
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{4 * kMaxLanePayloads, true}}));
  EXPECT_TRUE(letters_.letters.empty());
  journal_fails_ = true;
  refused = false;
  run(70'000);
  EXPECT_EQ(finished_.size(), kMaxLanePayloads + 1) << "those in memory";
  journal_fails_ = false;
  journal_->erase(1'500);
  run(10'000);
  EXPECT_EQ(finished_.size(), 4 * kMaxLanePayloads + 1);
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_EQ(letters_.letters[0].code, "journal_entry_gone");
  EXPECT_EQ(sink_->stats().bytes_inside, 0u);
}

TEST_F(TeeSinkTest, a_window_that_is_full_of_a_refused_lane_lets_others_pass_by_dead_letters_of_the_oldest) {
  with_a_journal();
  answer_ = [](const HttpRequest& request) { return request.url.ends_with("/bulk") ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(10'000);
  for (std::size_t i = 1; i < 2 * kMaxLanePayloads; ++i) put(CredentialKind::sdk_key);
  sink_->window_is_full();
  run(1'000);
  EXPECT_TRUE(letters_.letters.empty()) << "nothing else came: the journal keeps it";
  put(CredentialKind::mobile_key);
  sink_->window_is_full();
  run(1'000);
  EXPECT_GT(letters_.letters.size(), 0u);
  EXPECT_LE(letters_.letters.size(), static_cast<std::size_t>(kMostGivenUp));
}

TEST_F(TeeSinkTest, a_credential_that_is_refused_from_now_on_parks_its_lane_and_fills_no_dead_letters) {
  bool refused = false;
  answer_ = [&](const HttpRequest&) { return refused ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(100);
  refused = true;
  for (int i = 0; i < 100; ++i) put(CredentialKind::sdk_key);
  run(900'000);
  EXPECT_TRUE(letters_.letters.empty());
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "http_401");
  EXPECT_LT(transport_.request_count(), 80u);
  refused = false;
  run(120'000);
  EXPECT_EQ(finished_.size(), 101u);
}

// An attacker's script head: the payload at the head of a lane that has delivered nothing yet.
TEST_F(TeeSinkTest, whether_the_first_payload_or_the_credential_is_refused_is_known_within_seconds) {
  for (const int status : {400, 401, 422}) {
    SCOPED_TRACE(status);
    const CredentialKind lane = status == 400   ? CredentialKind::sdk_key
                                : status == 401 ? CredentialKind::mobile_key
                                                : CredentialKind::client_side_id;
    answer_ = [&](const HttpRequest& request) { return request.body.starts_with("[0") ? status : 202; };
    const std::uint64_t refused = tickets_;
    put(lane, "[0]");
    run(5'000);  // refused twice, and nothing else is there
    for (int second = 0; second < 3; ++second) {
      put(lane, "[1]");
      run(1'000);
      EXPECT_EQ(finished_[tickets_ - 1], true) << second;
    }
    EXPECT_FALSE(sink_->problem());
    for (int second = 0; second < 12; ++second) {
      put(lane, "[1]");
      run(1'000);
    }
    EXPECT_EQ(finished_.contains(refused), true);
    EXPECT_EQ(finished_[refused], false);
  }
}

TEST_F(TeeSinkTest, an_environment_without_such_a_credential_says_so) {
  environment_.mobile_keys.clear();
  put(CredentialKind::mobile_key);
  run(1'000);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "no_credential");
  EXPECT_EQ(transport_.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::launchdarkly_events
