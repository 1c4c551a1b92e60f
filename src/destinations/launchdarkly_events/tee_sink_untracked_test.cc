// Events that upstream does not track are cut from payloads, and counted once the rest is accepted.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/launchdarkly_events/tee_sink_rig_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;

constexpr std::string_view kUntrackedEvent = R"({"kind":"feature","key":"off","version":1})";
constexpr std::string_view kTrackedEvent = R"({"kind":"feature","key":"on","version":1})";

TEST_F(TeeSinkTest, events_that_upstream_does_not_track_are_cut_and_counted_when_the_rest_is_accepted) {
  tracking_.is_there = true;
  const std::string both = "[" + std::string(kUntrackedEvent) + "," + std::string(kTrackedEvent) + "]";
  bool accepts = false;
  answer_ = [&](const HttpRequest&) { return accepts ? 202 : 503; };
  put(CredentialKind::sdk_key, both);
  run(5'000);
  EXPECT_EQ(cut_events(), 0u) << "not accepted yet";
  accepts = true;
  run(20'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}}));
  for (const HttpRequest& request : transport_.requests()) {
    EXPECT_EQ(request.body, "[" + std::string(kTrackedEvent) + "]");
    EXPECT_EQ(header(request, "x-launchdarkly-payload-id"), "id-0");
  }
  EXPECT_EQ(cut_events(), 1u) << "once, however often it was sent";
  tracking_.is_there = false;
  put(CredentialKind::mobile_key, both);
  run(1'000);
  EXPECT_EQ(transport_.requests().back().body, both) << "nothing is known of its flags";
  EXPECT_EQ(cut_events(), 1u);
}

TEST_F(TeeSinkTest, a_payload_of_which_nothing_is_left_is_done_with_without_a_call) {
  tracking_.is_there = true;
  put(CredentialKind::sdk_key, "[" + std::string(kUntrackedEvent) + "," + std::string(kUntrackedEvent) + "]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}}));
  EXPECT_EQ(transport_.request_count(), 0u);
  EXPECT_EQ(cut_events(), 2u);
  EXPECT_EQ(sink_->stats().events_inside, 0u);
  EXPECT_EQ(sink_->stats().bytes_inside, 0u);
  EXPECT_FALSE(sink_->last_receipt());
}

TEST_F(TeeSinkTest, halves_of_a_payload_that_is_too_large_are_cut_too_and_a_dead_letter_holds_all_of_it) {
  tracking_.is_there = true;
  answer_ = [](const HttpRequest& request) { return request.body.size() > 70 ? 413 : 202; };
  const std::string off(kUntrackedEvent), on(kTrackedEvent),
      large = R"({"kind":"custom","data":")" + std::string(70, 'x') + "\"}";
  put(CredentialKind::sdk_key, "[" + off + "," + on + "," + off + "," + on + "]");
  put(CredentialKind::sdk_key, "[" + off + "," + large + "]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, false}}));
  std::vector<std::string> delivered;
  for (const HttpRequest& request : transport_.requests())
    if (request.body.size() <= 70) delivered.push_back(request.body);
  EXPECT_EQ(delivered, (std::vector<std::string>{"[" + on + "]", "[" + on + "]"}));
  ASSERT_EQ(letters_.letters.size(), 1u);
}

}  // namespace
}  // namespace sluice::launchdarkly_events
