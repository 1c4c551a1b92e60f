// Payloads that the service refuses for what they are: they are in no other's way, told within seconds, and dead
// letters only while others are accepted or none is left.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

#include "destinations/launchdarkly_events/tee_sink_rig_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;

TEST_F(TeeSinkTest, payloads_that_are_refused_for_what_they_are_stop_no_others_and_are_dead_letters) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 403 : request.body == "[1]" ? 418 : 202; };
  put(CredentialKind::client_side_id, "[2]");
  run(100);
  for (int round = 0; round < 60; ++round) {
    if (round % 10 == 0) put(CredentialKind::client_side_id, round % 20 == 0 ? "[0]" : "[1]");
    for (int i = 2; i < 12; ++i) put(CredentialKind::client_side_id, "[" + std::to_string(i) + "]");
    run(1'000);
    EXPECT_FALSE(sink_->problem()) << sink_->problem()->message;
  }
  for (int i = 0; i < 60; ++i) {  // others are accepted, so that the last of them are judged too
    put(CredentialKind::client_side_id, "[2]");
    run(1'000);
  }
  EXPECT_EQ(finished_.size(), tickets_);
  EXPECT_EQ(letters_.letters.size(), 6u);
  EXPECT_NE(letters_.letters[0].reason.find("answered this payload with 4"), std::string::npos);
}

TEST_F(TeeSinkTest, what_the_service_can_never_take_is_a_dead_letter_with_its_words) {
  answer_ = [](const HttpRequest& request) { return request.body == "[1]" ? 400 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  put(CredentialKind::sdk_key, "[2]");
  put(CredentialKind::sdk_key, "[3]", 8 * 86'400'000LL);
  run(5'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, false}, {1, true}, {2, false}}));
  ASSERT_EQ(letters_.letters.size(), 2u);
  EXPECT_EQ(letters_.letters[0].code, "too_old");
  EXPECT_EQ(letters_.letters[1].code, "http_400") << "others were accepted";
}

// Seed 30004570 of the simulation: the journal was full of what lay behind it, so that no other ever came.
TEST_F(TeeSinkTest, the_only_payload_is_a_dead_letter_when_it_is_refused_for_long_and_no_credential_is) {
  answer_ = [](const HttpRequest&) { return 400; };
  put(CredentialKind::sdk_key);
  run(100'000);
  EXPECT_TRUE(finished_.empty()) << "others may come";
  run(900'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, false}}));
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_NE(letters_.letters[0].reason.find("8 times, over minutes in which no other came"), std::string::npos)
      << letters_.letters[0].reason;
  answer_ = [](const HttpRequest&) { return 401; };
  put(CredentialKind::sdk_key);
  run(3'600'000);
  EXPECT_EQ(finished_.size(), 1u) << "its owner gives it another key";
}

TEST_F(TeeSinkTest, a_server_that_refuses_every_payload_gets_no_dead_letters_and_is_probed) {
  answer_ = [](const HttpRequest&) { return 400; };
  for (int i = 0; i < 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(600'000);
  EXPECT_TRUE(letters_.letters.empty());
  EXPECT_TRUE(finished_.empty());
  EXPECT_LT(transport_.request_count(), 60u);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::setup);
  answer_ = [](const HttpRequest&) { return 202; };
  run(120'000);
  EXPECT_EQ(finished_.size(), 20u);
}

TEST_F(TeeSinkTest, a_payload_that_always_fails_is_in_nobodys_way) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 500 : 202; };
  put(CredentialKind::sdk_key, "[0]");
  for (int i = 1; i <= 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(60'000);
  EXPECT_EQ(finished_.size(), 20u);
  EXPECT_FALSE(finished_.contains(0));
}

TEST_F(TeeSinkTest, behind_two_payloads_that_are_refused_the_third_is_tried_within_seconds) {
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" ? 400 : 202; };
  put(CredentialKind::sdk_key, "[0]");
  put(CredentialKind::sdk_key, "[0]");
  put(CredentialKind::sdk_key, "[1]");
  run(6'000);
  EXPECT_EQ(finished_[2], true);
}

// An attacker's script ld2.
TEST_F(TeeSinkTest, one_payload_that_is_never_accepted_is_told_within_seconds_in_the_words_of_the_answer) {
  bool accepted = false;
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" && !accepted ? 500 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int second = 0; second < 9; ++second) {
    put(CredentialKind::sdk_key, "[1]");
    run(1'000);
  }
  EXPECT_FALSE(sink_->problem()) << "the others are delivered";
  const auto notes = sink_->notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].code, kOneNotAccepted);
  EXPECT_NE(notes[0].message.find("500"), std::string::npos) << notes[0].message;
  accepted = true;
  run(12'000);
  EXPECT_TRUE(sink_->notes().empty());
}

TEST_F(TeeSinkTest, a_redirect_of_one_payload_among_others_that_are_accepted_makes_it_a_dead_letter) {
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" ? 302 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int second = 0; second < 15; ++second) {
    put(CredentialKind::sdk_key, "[1]");
    run(1'000);
  }
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_EQ(letters_.letters[0].code, "http_302");
}

}  // namespace
}  // namespace sluice::launchdarkly_events
