#include "api/caller_gate.h"

#include <gtest/gtest.h>

#include "api/event_stream_slots.h"
#include "api/known_host.h"

namespace sluice::api {
namespace {

ObjectId id(char digit) { return *ObjectId::parse(std::string(24, digit)); }
constexpr std::int64_t kHourMs = 3'600'000;

TEST(Sessions, end_when_they_are_told_to_and_after_twelve_hours) {
  Sessions sessions;
  const std::string first = sessions.begin(id('1'), 0);
  const std::string second = sessions.begin(id('2'), kHourMs);
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(sessions.token(first, 0), id('1'));
  EXPECT_EQ(sessions.token(second, 12 * kHourMs), id('2'));
  EXPECT_FALSE(sessions.token(first, 12 * kHourMs));
  EXPECT_FALSE(sessions.token("", 0));
  EXPECT_FALSE(sessions.token(first.substr(1), 0));
  sessions.end(second);
  EXPECT_FALSE(sessions.token(second, kHourMs));
  sessions.end("never begun");
}

TEST(Sessions, are_there_after_a_restart_and_end_when_they_would_have) {
  Sessions before;
  const std::string ended = before.begin(id('1'), 0), kept = before.begin(id('2'), kHourMs);
  const std::string text = before.text();
  EXPECT_EQ(text.find(kept), std::string::npos) << "with the file alone nobody signs in";
  Sessions after;
  after.read("no session\n" + text + std::string(200, 'x') + "\n" + text.substr(0, 40), 12 * kHourMs);
  EXPECT_EQ(after.size(), 1u);
  EXPECT_FALSE(after.token(ended, 12 * kHourMs));
  EXPECT_EQ(after.token(kept, 12 * kHourMs), id('2'));
  EXPECT_FALSE(after.token(kept, 13 * kHourMs));
  Sessions clock_set_back;
  clock_set_back.read(text, -24 * kHourMs);
  EXPECT_EQ(clock_set_back.size(), 0u);
}

TEST(Sessions, of_one_token_take_nobody_elses_room) {
  Sessions sessions;
  const std::string others = sessions.begin(id('2'), 0);
  const std::string oldest = sessions.begin(id('1'), 1);
  std::string newest;
  for (std::size_t i = 0; i < kMaxSessionsOfToken; ++i)
    newest = sessions.begin(id('1'), 2 + static_cast<std::int64_t>(i));
  EXPECT_EQ(sessions.size(), kMaxSessionsOfToken + 1);
  EXPECT_FALSE(sessions.token(oldest, 200));
  EXPECT_TRUE(sessions.token(newest, 200));
  EXPECT_TRUE(sessions.token(others, 200));
}

class CallerGateTest : public testing::Test {
 protected:
  ManualClock clock_;
  std::optional<Caller> owner_ = Caller{id('1'), "owner", Role::admin, {}};
  CallerGate gate_{{[this](std::string_view token) { return token == "api-right" ? owner_ : std::nullopt; },
                    [this](ObjectId) { return owner_; }},
                   clock_,
                   2};
};

TEST_F(CallerGateTest, a_right_token_passes_while_others_guess_from_the_same_address) {
  for (std::size_t i = 0; i < 2 * kMaxFailedAuthentications; ++i)
    EXPECT_FALSE(gate_.owner_of("api-wrong" + std::to_string(i), "192.0.2.1"));
  EXPECT_EQ(gate_.owner_of("api-one-more", "192.0.2.1").error().status, 429u);
  EXPECT_EQ(gate_.owner_of("api-right", "192.0.2.1")->name, "owner");
  clock_.advance_us(kFailedAuthenticationWindowMs * 1'000);
  EXPECT_EQ(gate_.owner_of("api-one-more", "192.0.2.1").error().status, 401u);
}

TEST_F(CallerGateTest, an_sdk_key_is_told_apart_from_a_wrong_token) {
  EXPECT_NE(gate_.owner_of("sdk-1", "192.0.2.1").error().message.find("this is an SDK key"), std::string::npos);
  EXPECT_NE(gate_.owner_of("", "192.0.2.1").error().message.find("no Authorization header"), std::string::npos);
}

TEST_F(CallerGateTest, calls_of_a_token_are_counted_over_ten_seconds) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(gate_.owner_of("api-right", "192.0.2.1"));
  const auto over = gate_.owner_of("api-right", "192.0.2.2");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().status, 429u);
  EXPECT_TRUE(gate_.spent().over);
  gate_.start_call();
  EXPECT_FALSE(gate_.spent().over);
}

TEST(EventStreamSlots, no_token_holds_all_and_administrators_keep_some) {
  const auto slots = EventStreamSlots::make();
  std::vector<EventStreamSlots::Slot> held;
  const auto open = [&](char token, Role role) {
    auto slot = slots->take({id(token), "", role, {}});
    if (slot) held.push_back(std::move(*slot));
    return slot ? std::nullopt : std::optional(slot.error());
  };
  for (std::size_t i = 0; i < kMaxEventStreamsOfToken; ++i) EXPECT_FALSE(open('1', Role::reader));
  EXPECT_EQ(open('1', Role::reader), EventStreamSlots::Full::of_token);
  for (const char token : {'2', '3', '4', '5'})
    while (!open(token, Role::writer)) {
    }
  EXPECT_EQ(slots->open(), kMaxEventStreams - kEventStreamsForAdmins);
  EXPECT_EQ(open('6', Role::reader), EventStreamSlots::Full::of_all);
  for (std::size_t i = 0; i < kEventStreamsForAdmins; ++i) EXPECT_FALSE(open('7', Role::admin));
  EXPECT_EQ(open('7', Role::admin), EventStreamSlots::Full::of_all);
  held.clear();
  EXPECT_EQ(slots->open(), 0u);
  EXPECT_FALSE(open('1', Role::reader));
}

TEST(KnownHost, is_any_that_nobody_else_can_register) {
  for (const char* host : {"127.0.0.1:8031", "[::1]:8031", "[::1]", "localhost", "LOCALHOST:1", "sluice", "sluice:80",
                           "", "sluice.prod.svc", "sluice.internal", "a.local.", "x.localhost:8031", "sluice.test"})
    EXPECT_TRUE(host_is_known(host, {})) << host;
  for (const char* host : {"sluice.example.com", "evil.example:8031", "127.0.0.1.nip.io", "local.evil.com",
                           "svc.cluster.local.evil.com", "127.0.0.1x.com"})
    EXPECT_FALSE(host_is_known(host, {})) << host;
  EXPECT_TRUE(host_is_known("Sluice.Example.com:8031", {"other.example.com", "sluice.example.com"}));
  EXPECT_FALSE(host_is_known("a.sluice.example.com", {"sluice.example.com"}));
  EXPECT_TRUE(host_is_known("anything.example.com", {"*"}));
}

}  // namespace
}  // namespace sluice::api
