// WebhookSink while its receiver is gone, silent, or only a person can help: it is asked at a pace, and what is wrong
// is shown within seconds.
#include <gtest/gtest.h>

#include <vector>

#include "destinations/webhook/webhook_details.h"
#include "destinations/webhook/webhook_sink_rig_fake.h"
#include "http_client/hanging_server_fake.h"

namespace sluice::webhook {
namespace {

using exporting::Problem;
using http_client::HttpRequest;
using http_client::TransportFault;

TEST(WebhookSink, stops_when_the_receiver_is_gone) {
  WebhookRig rig;
  rig.receiver = [](const HttpRequest&) { return replied(410, {}, "unsubscribed"); };
  rig.put(10);
  ASSERT_TRUE(rig.run([&] { return rig.sink->problem().has_value(); }));
  rig.put(30);
  rig.run_for(24 * 3'600 * kSecond);
  EXPECT_EQ(rig.transport.request_count(), 1u);
  EXPECT_EQ(rig.problem_code(), "gone");
  EXPECT_EQ(rig.sink->problem()->weight, Problem::Weight::setup);
  EXPECT_EQ(rig.finished.size(), 0u);
  EXPECT_TRUE(webhook_details(rig.sink->stats()).gone);
}

TEST(WebhookSink, stays_stopped_when_calls_that_were_in_flight_succeed) {
  WebhookRig rig;
  std::size_t calls = 0;
  rig.receiver = [&](const HttpRequest&) { return replied(++calls == 1 ? 410 : 200); };
  rig.put(40);
  rig.run_for(3'600 * kSecond);
  EXPECT_EQ(rig.transport.request_count(), 4u);
  EXPECT_EQ(rig.delivered(), 30u);
  EXPECT_EQ(rig.problem_code(), "gone");
}

TEST(WebhookSink, probes_once_or_twice_a_minute_while_only_a_person_can_help) {
  for (const int status : {301, 400, 401, 403, 404, 405, 415, 422}) {
    WebhookRig rig;
    rig.receiver = [&](const HttpRequest&) { return replied(status, {{"location", "https://other.example/?s3cr3t"}}); };
    rig.put(40);
    rig.run_for(600 * kSecond);
    EXPECT_GE(rig.transport.request_count(), 10u) << status;
    EXPECT_LE(rig.transport.request_count(), 30u) << status;
    ASSERT_TRUE(rig.sink->problem());
    EXPECT_EQ(rig.sink->problem()->weight, Problem::Weight::setup) << status;
    EXPECT_EQ(rig.sink->problem()->message.find("s3cr3t"), std::string::npos);
    for (const HttpRequest& request : rig.transport.requests())
      EXPECT_TRUE(request.url.starts_with("https://hooks.example.com/")) << "no redirect is followed";
    rig.receiver = [](const HttpRequest&) { return replied(200); };
    ASSERT_TRUE(rig.run_until_all_finished());
    EXPECT_EQ(rig.delivered(), 40u);
    EXPECT_FALSE(rig.sink->problem());
  }
}

TEST(WebhookSink, believes_a_status_whose_rest_is_lost_and_nothing_else) {
  WebhookRig rig;
  std::size_t calls = 0;
  rig.receiver = [&](const HttpRequest&) {
    return ++calls == 1 ? broken(TransportFault::reset)
           : calls == 2 ? broken(TransportFault::other, 500)
           : calls == 3 ? broken(TransportFault::reset, 200)  // it broke off in the middle of its answer
                        : broken(TransportFault::other, 200);
  };
  rig.put(1);
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.transport.request_count(), 4u);
  EXPECT_EQ(rig.delivered(), 1u);
}

TEST(WebhookSink, shows_that_no_answer_comes_before_the_call_fails) {
  WebhookRig rig;
  rig.hangs = true;
  rig.put(1);
  rig.run_for(7 * kSecond);
  EXPECT_FALSE(rig.sink->problem());
  rig.run_for(2 * kSecond);
  EXPECT_EQ(rig.problem_code(), "no_answer");
  rig.hangs = false;
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.sink->step(rig.clock.steady_us(), rig.finished);
  EXPECT_FALSE(rig.sink->problem());
}

// An attacker's script hang.
TEST(WebhookSink, one_batch_without_an_answer_is_told_within_10_s_and_until_it_is_accepted) {
  for (const auto& [at_once, timeout_s] : {std::pair(1U, 30), {8U, 30}, {1U, 5}, {8U, 5}}) {
    SCOPED_TRACE(std::to_string(at_once) + " at once, timeout " + std::to_string(timeout_s) + " s");
    WebhookSettings settings = WebhookRig::default_settings();
    settings.timeout_ms = timeout_s * 1'000;
    settings.max_calls_in_flight = at_once;
    settings.max_events = 1;
    WebhookRig rig(settings);
    bool heals = false;
    http_client::HangingServerFake server(rig.clock,
                                          [&](const HttpRequest& r) { return ids_in(r).contains(1) && !heals; });
    WebhookSink sink(settings, "to-hook", server, rig.clock, rig.notifier, rig.dead_letters, {});
    std::uint64_t sent = 0;
    const auto second = [&] {
      if (sink.has_room())
        for (auto& event : framing::outbound_events({R"({"id":)" + std::to_string(sent) + "}"}, sent))
          sink.put(std::move(event)), ++sent;
      for (int i = 0; i < 10; ++i, rig.clock.advance_us(kSecond / 10)) {
        server.time_out();
        sink.step(rig.clock.steady_us(), rig.finished);
      }
    };
    for (int i = 0; i < 8; ++i) second();
    EXPECT_FALSE(sink.problem());
    EXPECT_TRUE(sink.notes().empty());
    for (int i = 0; i < 3; ++i) second();
    ASSERT_TRUE(sink.problem() || !sink.notes().empty());
    const std::string message = sink.problem() ? sink.problem()->message : sink.notes().at(0).message;
    EXPECT_NE(message.find(timeout_s == 5 ? "" : "hooks.example.com: no answer yet for "), std::string::npos)
        << message;
    EXPECT_NE(message.find(timeout_s == 5 ? "" : " to a batch of 1 event, sent at "), std::string::npos) << message;
    bool is_problem = sink.problem().has_value();
    EXPECT_TRUE(is_problem || at_once > 1 || timeout_s == 5);
    for (int i = 0; i < 150; ++i) {
      second();
      ASSERT_TRUE(sink.problem() || (!is_problem && !sink.notes().empty())) << "it flips after " << i;
      is_problem = is_problem || sink.problem();
    }
    EXPECT_GE(server.hung(), 4u);
    heals = true;
    for (int i = 0; i < 45; ++i) second();
    EXPECT_EQ(std::ranges::count(rig.finished, 1U, &exporting::FinishedEvent::ticket), 1);
    EXPECT_FALSE(sink.problem());
    EXPECT_TRUE(sink.notes().empty());
  }
}

TEST(WebhookSink, sleeps_while_one_call_takes_long_and_others_are_accepted) {
  WebhookRig rig;
  rig.hangs = true;
  rig.put(20);
  ASSERT_TRUE(rig.run([&] { return rig.transport.waiting() == 2; }));
  rig.clock.advance_us(kSecond);
  ASSERT_TRUE(rig.transport.deliver_next(1));
  ASSERT_TRUE(rig.run([&] { return rig.delivered() == 10; }));
  rig.steps = 0;
  rig.run_for(20 * kSecond);
  EXPECT_LT(rig.steps, 10u);
  EXPECT_FALSE(rig.sink->problem());
}

}  // namespace
}  // namespace sluice::webhook
