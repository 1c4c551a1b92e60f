// WebhookSink and batches or events that the receiver refuses: each is found, told and given up only while others are
// accepted, and is in no other's way.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "destinations/webhook/webhook_sink_rig_fake.h"

namespace sluice::webhook {
namespace {

using exporting::Problem;
using http_client::HttpRequest;

TEST(WebhookSink, halves_what_is_too_large) {
  WebhookRig rig;
  std::set<int> delivered;
  std::size_t twice = 0;
  rig.receiver = [&](const HttpRequest& request) {
    const std::set<int> ids = ids_in(request);
    if (ids.size() > 3) return replied(413);
    for (const int id : ids)
      if (!delivered.insert(id).second) ++twice;
    return replied(200);
  };
  rig.put(20);
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(delivered.size(), 20u);
  EXPECT_EQ(twice, 0u);
  EXPECT_EQ(rig.dead_letters.letters.size(), 0u);
  ASSERT_EQ(rig.sink->notes().size(), 1u);
  EXPECT_EQ(rig.sink->notes()[0].code, "too_large");
  EXPECT_FALSE(rig.sink->problem());
}

TEST(WebhookSink, gives_up_an_event_that_is_too_large_only_while_others_are_accepted) {
  WebhookRig rig;
  rig.receiver = [](const HttpRequest& request) { return replied(request.body.size() > 5'000 ? 413 : 200); };
  rig.put({0, 0, 0, 9'000, 0, 0, 0, 0, 9'000, 0});
  rig.put(10);
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.delivered(), 18u);
  ASSERT_EQ(rig.dead_letters.letters.size(), 2u);
  EXPECT_EQ(rig.dead_letters.letters[0].code, "event_too_large");
  EXPECT_EQ(nlohmann::json::parse(rig.dead_letters.letters[0].record)["event"]["id"], 3);

  WebhookRig nothing_passes;
  nothing_passes.receiver = [](const HttpRequest&) { return replied(413); };
  nothing_passes.put(10);
  nothing_passes.run_for(600 * kSecond);
  EXPECT_EQ(nothing_passes.finished.size(), 0u);
  EXPECT_EQ(nothing_passes.dead_letters.letters.size(), 0u);
  ASSERT_TRUE(nothing_passes.sink->problem());
  EXPECT_EQ(nothing_passes.sink->problem()->weight, Problem::Weight::setup);
  EXPECT_LT(nothing_passes.transport.request_count(), 100u);
  nothing_passes.receiver = [](const HttpRequest&) { return replied(200); };
  ASSERT_TRUE(nothing_passes.run_until_all_finished());
  EXPECT_FALSE(nothing_passes.sink->problem());
}

// At the end of a replay: nothing comes any more that could show that the receiver accepts others.
TEST(WebhookSink, gives_up_the_last_events_that_are_refused_alone_for_long) {
  WebhookRig rig;
  rig.receiver = [](const HttpRequest& request) { return replied(request.body.size() > 5'000 ? 413 : 200); };
  rig.put({9'000, 9'000});
  rig.run_for(100 * kSecond);
  EXPECT_EQ(rig.dead_letters.letters.size(), 0u) << "others may come";
  rig.run_for(1'500 * kSecond);
  EXPECT_EQ(rig.dead_letters.letters.size(), 2u);
  EXPECT_EQ(rig.finished.size(), 2u);
}

// Seed 30000700 of the simulation: the sink was full of them, and asked about them alone for ever.
TEST(WebhookSink, as_many_too_large_events_as_it_holds_keep_no_good_one_away) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.max_events = 2;
  settings.max_calls_in_flight = 2;
  WebhookRig rig(settings);
  rig.receiver = [](const HttpRequest& request) { return replied(request.body.size() > 5'000 ? 413 : 200); };
  std::size_t too_large = 0;
  for (; rig.sink->has_room(); ++too_large) rig.put(std::vector<std::size_t>{9'000});
  EXPECT_EQ(too_large, 8u);
  rig.put({9'000, 9'000});
  rig.run_for(200 * kSecond);
  EXPECT_EQ(rig.finished.size(), 0u) << "nothing shows yet that the receiver accepts any";
  ASSERT_TRUE(rig.sink->has_room());
  for (std::size_t good = 1; good <= 4; ++good) {
    rig.put(1);
    EXPECT_TRUE(rig.run([&] { return rig.delivered() == good; }, 70 * kSecond));
    rig.run_for(10 * kSecond);
  }
  EXPECT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), too_large + 2);
}

// Seed 40002689 of the simulation: the held batch was next, and not due, and the event that was due was never asked
// for.
TEST(WebhookSink, sleeps_between_probes_with_a_held_batch_and_an_event_that_was_refused_alone) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.max_events = 1;
  WebhookRig rig(settings);
  bool is_down = false;
  rig.receiver = [&](const HttpRequest& request) {
    if (is_down) return replied(503);
    if (ids_in(request).contains(0)) return replied(400);
    return replied(request.body.size() > 5'000 ? 413 : 200);
  };
  rig.put(4);
  ASSERT_TRUE(rig.run([&] { return rig.delivered() == 3 && rig.problem_code() == "http_400"; }));
  rig.put(std::vector<std::size_t>{9'000});
  const std::size_t requests_then = rig.transport.request_count();
  ASSERT_TRUE(rig.run([&] { return rig.transport.request_count() > requests_then && rig.transport.waiting() == 0; }));
  is_down = true;
  rig.put(1);
  rig.steps = 0;
  rig.run_for(600 * kSecond);
  EXPECT_LT(rig.steps, 500u);
  is_down = false;
  rig.run_for(600 * kSecond);
  EXPECT_EQ(rig.delivered(), 4u);
}

// Seed 40009350 of the simulation, with the order of that: the one refused alone was due at every probe.
TEST(WebhookSink, while_probing_a_held_batch_has_its_turn_beside_an_event_that_was_refused_alone) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.max_events = 1;
  WebhookRig rig(settings);
  bool heals = false;
  rig.receiver = [&](const HttpRequest& request) {
    if (ids_in(request).contains(0)) return replied(heals ? 413 : 400);
    return replied(request.body.size() > 5'000 ? 413 : 200);
  };
  rig.put(4);
  ASSERT_TRUE(rig.run([&] { return rig.delivered() == 3 && rig.problem_code() == "http_400"; }));
  heals = true;
  rig.put(std::vector<std::size_t>{9'000});
  EXPECT_TRUE(rig.run([&] { return rig.finished.size() == 5; }, 3'600 * kSecond))
      << "neither shows that others are accepted, and there is none";
  EXPECT_EQ(rig.dead_letters.letters.size(), 2u);
}

TEST(WebhookSink, a_batch_that_fails_alone_does_not_stop_the_others) {
  for (const int status : {400, 500}) {
    WebhookRig rig;
    bool healed = false;
    rig.receiver = [&](const HttpRequest& request) {
      return replied(ids_in(request).contains(3) && !healed ? status : 200);
    };
    rig.put(10);
    for (int i = 0; i < 60; ++i) {
      if (rig.sink->has_room()) rig.put(10);
      rig.run_for(kSecond);
    }
    EXPECT_GE(rig.delivered(), 500u) << status;
    ASSERT_TRUE(rig.sink->problem()) << status;
    EXPECT_NE(rig.sink->problem()->message.find("A batch of 10 events is not accepted, and others are."),
              std::string::npos)
        << rig.sink->problem()->message;
    healed = true;
    ASSERT_TRUE(rig.run_until_all_finished());
    EXPECT_EQ(rig.delivered(), rig.accepted);
    EXPECT_FALSE(rig.sink->problem()) << status;
  }
}

// An attacker's scripts wh1 and wh2.
TEST(WebhookSink, one_batch_that_is_never_accepted_among_others_is_told_within_seconds) {
  for (const int status : {302, 400, 404, 500}) {
    SCOPED_TRACE(status);
    WebhookRig rig;
    rig.receiver = [&](const HttpRequest& request) { return replied(ids_in(request).contains(3) ? status : 200); };
    rig.put(10);
    for (int i = 0; i < 9; ++i) {
      rig.run_for(kSecond);
      rig.put(10);
    }
    ASSERT_TRUE(rig.sink->problem());
    EXPECT_NE(rig.sink->problem()->message.find(std::to_string(status)), std::string::npos)
        << rig.sink->problem()->message;
    EXPECT_GE(rig.delivered(), 70u);
  }
}

// The same as launchdarkly-events' head of a lane.
TEST(WebhookSink, whether_the_first_batch_or_everything_is_refused_is_known_within_seconds) {
  for (const int status : {400, 401}) {
    SCOPED_TRACE(status);
    WebhookRig rig;
    rig.receiver = [&](const HttpRequest& request) { return replied(ids_in(request).contains(0) ? status : 200); };
    rig.put(1);
    rig.run_for(5 * kSecond);  // refused twice, and nothing else is there
    rig.put(1);
    rig.run_for(2 * kSecond);
    EXPECT_EQ(rig.delivered(), 1u);
  }
}

TEST(WebhookSink, a_receiver_that_refuses_everything_is_not_called_for_each_event) {
  WebhookRig rig;
  rig.receiver = [&](const HttpRequest&) { return replied(401); };
  for (int i = 0; i < 60; ++i) {
    if (rig.sink->has_room()) rig.put(1);
    rig.run_for(kSecond);
  }
  EXPECT_LT(rig.transport.request_count(), 12u);
  EXPECT_EQ(rig.sink->problem()->weight, Problem::Weight::setup);
}

}  // namespace
}  // namespace sluice::webhook
