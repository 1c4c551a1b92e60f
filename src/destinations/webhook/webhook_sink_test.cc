#include "destinations/webhook/webhook_sink.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "destinations/webhook/webhook_details.h"
#include "destinations/webhook/webhook_sink_rig_fake.h"

namespace sluice::webhook {
namespace {

using exporting::Problem;
using http_client::HttpRequest;
using http_client::HttpResponse;
using http_client::TransportFault;

const std::string kSinkSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST(WebhookSink, posts_batches_and_finishes_each_event_once) {
  WebhookRig rig;
  rig.put(25);
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.delivered(), 25u);
  ASSERT_EQ(rig.transport.request_count(), 3u);
  std::set<std::uint64_t> tickets;
  for (const auto& event : rig.finished) tickets.insert(event.ticket);
  EXPECT_EQ(tickets.size(), 25u);
  const auto requests = rig.transport.requests();
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].url, "https://hooks.example.com/events?token=in-the-url");
  EXPECT_EQ(header(requests[0], "content-type"), "application/x-ndjson");
  EXPECT_EQ(header(requests[0], "webhook-timestamp"), "1700000000");
  EXPECT_EQ(header(requests[0], "webhook-signature"), "");
  EXPECT_EQ(requests[0].max_response_bytes, kMaxAnswerBytes);
  EXPECT_EQ(ids_in(requests[0]).size(), 10u);
  const auto receipt = rig.sink->last_receipt();
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->parts[0], (std::pair<std::string, std::string>{"httpStatus", "204"}));
  EXPECT_EQ(receipt->parts[1].second, header(requests[2], "webhook-id"));
  EXPECT_EQ(rig.sink->stats().events_inside, 0u);
  EXPECT_EQ(rig.sink->stats().bytes_inside, 0u);
  EXPECT_EQ(webhook_details(rig.sink->stats()).last_status, 204);
}

TEST(WebhookSink, sends_what_its_authentication_says_and_never_in_a_message) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.headers = {{"X-Key", "header-secret"}};
  settings.auth = Auth::basic;
  settings.username = "sluice";
  settings.password = "pass-secret";
  WebhookRig basic(settings);
  std::string encoded;
  base64_append(encoded, "sluice:pass-secret");
  basic.receiver = [&](const HttpRequest&) { return replied(401, {}, "no " + encoded + " pass-secret header-secret"); };
  basic.put(1);
  ASSERT_TRUE(basic.run([&] { return basic.sink->problem().has_value(); }));
  EXPECT_EQ(header(basic.transport.requests()[0], "authorization"), "Basic " + encoded);
  EXPECT_EQ(header(basic.transport.requests()[0], "X-Key"), "header-secret");
  const std::string shown = basic.sink->problem()->message + basic.sink->problem()->remedy;
  for (const std::string& secret :
       {encoded, std::string("pass-secret"), std::string("header-secret"), std::string("in-the-url")})
    EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
  EXPECT_EQ(basic.sink->problem()->weight, Problem::Weight::setup);

  settings.auth = Auth::bearer;
  settings.token = "tok-secret";
  WebhookRig bearer(settings);
  bearer.put(1);
  ASSERT_TRUE(bearer.run_until_all_finished());
  EXPECT_EQ(header(bearer.transport.requests()[0], "authorization"), "Bearer tok-secret");

  settings.auth = Auth::signature;
  settings.signing_secrets = {kSinkSecret};
  WebhookRig signature(settings);
  signature.put(1);
  ASSERT_TRUE(signature.run_until_all_finished());
  const HttpRequest request = signature.transport.requests()[0];
  EXPECT_EQ(header(request, "webhook-signature"),
            SigningSecret::parse(kSinkSecret)->sign(header(request, "webhook-id"), 1'700'000'000, request.body));
}

TEST(WebhookSink, repeats_a_batch_without_end_under_one_id_with_a_new_time) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.auth = Auth::signature;
  settings.signing_secrets = {kSinkSecret};
  settings.compression = framing::Compressor::Format::gzip;
  WebhookRig rig(settings);
  const std::vector<std::function<HttpResponse()>> failures = {[] { return replied(500); },
                                                               [] { return replied(502, {}, "<html>"); },
                                                               [] { return broken(TransportFault::timeout); },
                                                               [] { return broken(TransportFault::connect); },
                                                               [] { return replied(400); },
                                                               [] { return replied(302); }};
  std::size_t calls = 0;
  rig.receiver = [&](const HttpRequest&) { return ++calls < 40 ? failures[calls % failures.size()]() : replied(200); };
  rig.put(5);
  ASSERT_TRUE(rig.run([&] { return rig.finished.size() == 5; }, 3'600 * kSecond));
  const auto requests = rig.transport.requests();
  ASSERT_EQ(requests.size(), 40u);
  for (const HttpRequest& request : requests) {
    EXPECT_EQ(request.body, requests[0].body);
    EXPECT_EQ(header(request, "webhook-id"), header(requests[0], "webhook-id"));
    EXPECT_EQ(
        header(request, "webhook-signature"),
        SigningSecret::parse(kSinkSecret)
            ->sign(header(request, "webhook-id"), std::stoll(header(request, "webhook-timestamp")), request.body));
  }
  EXPECT_NE(header(requests.back(), "webhook-timestamp"), header(requests.front(), "webhook-timestamp"));
  EXPECT_FALSE(rig.sink->problem());
  EXPECT_EQ(rig.dead_letters.letters.size(), 0u);
  EXPECT_EQ(rig.sink->stats().calls_failed, 39u);
}

TEST(WebhookSink, has_the_ids_of_before_after_a_restart_and_others_in_a_replay) {
  const auto first_id = [](std::string recipient) {
    WebhookRig rig(WebhookRig::default_settings(), std::move(recipient));
    rig.put(10);
    EXPECT_TRUE(rig.run_until_all_finished());
    return header(rig.transport.requests()[0], "webhook-id");
  };
  EXPECT_EQ(first_id("a"), first_id("a"));
  EXPECT_NE(first_id("a"), first_id("a replay 1"));
  EXPECT_NE(first_id("a replay 1"), first_id("a replay 2"));
}

TEST(WebhookSink, has_several_calls_in_flight_and_one_while_none_succeeds) {
  WebhookRig rig;
  rig.hangs = true;
  rig.put(100);
  EXPECT_FALSE(rig.sink->has_room() && rig.sink->stats().events_inside > 80u);
  rig.run_for(kSecond);
  EXPECT_EQ(rig.transport.waiting(), 4u);
  rig.receiver = [](const HttpRequest&) { return replied(503); };
  rig.hangs = false;
  std::size_t most = 0;
  for (int i = 0; i < 50; ++i) {
    rig.run([] { return true; });
    rig.sink->step(rig.clock.steady_us(), rig.finished);
    if (i > 0) most = std::max(most, rig.transport.waiting());
    rig.transport.deliver_all();
    rig.clock.advance_us(kSecond);
  }
  EXPECT_EQ(most, 1u);
  rig.receiver = [](const HttpRequest&) { return replied(200); };
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_FALSE(rig.sink->problem());
}

TEST(WebhookSink, waits_as_long_as_the_receiver_asks) {
  for (const int status : {429, 503}) {
    WebhookRig rig;
    std::vector<std::int64_t> at;
    rig.receiver = [&](const HttpRequest&) {
      at.push_back(rig.clock.steady_us());
      return at.size() == 1 ? replied(status, {{"retry-after", "20"}}) : replied(200);
    };
    rig.put(1);
    ASSERT_TRUE(rig.run([&] { return at.size() == 1 && rig.sink->problem().has_value(); }));
    EXPECT_EQ(rig.sink->problem()->weight, Problem::Weight::transient);
    EXPECT_GE(rig.sink->problem()->next_try_ms, rig.clock.wall_ms() + 19'000);
    rig.put(40);
    ASSERT_TRUE(rig.run_until_all_finished());
    EXPECT_GE(at[1] - at[0], 20 * kSecond);
    EXPECT_LE(at[1] - at[0], 22 * kSecond);
    EXPECT_FALSE(rig.sink->problem());
  }
}

TEST(WebhookSink, holds_a_bounded_number_of_bytes_and_sleeps_when_there_is_nothing_to_do) {
  WebhookSettings settings = WebhookRig::default_settings();
  settings.max_events = 10'000;
  WebhookRig rig(settings);
  rig.receiver = [](const HttpRequest&) { return broken(TransportFault::connect); };
  while (rig.sink->has_room()) rig.put(std::vector<std::size_t>(16, 1u << 18));
  EXPECT_LT(rig.sink->stats().bytes_inside, kMaxBytesInside + (5u << 20));
  rig.steps = 0;
  rig.run_for(600 * kSecond);
  EXPECT_LT(rig.steps, 1'000u);
  rig.receiver = [](const HttpRequest&) { return replied(200); };
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.sink->stats().bytes_inside, 0u);
  rig.steps = 0;
  rig.run_for(600 * kSecond);
  EXPECT_LT(rig.steps, 10u);
}

TEST(WebhookSink, begins_nothing_once_it_is_stopped) {
  WebhookRig rig;
  rig.put(10);
  rig.sink->stop();
  rig.run_for(10 * kSecond);
  EXPECT_EQ(rig.transport.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::webhook
