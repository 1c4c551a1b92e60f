#include "destinations/webhook/webhook_sink.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/base64.h"
#include "destinations/webhook/webhook_details.h"
#include "framing/outbound_fake.h"
#include "http_client/hanging_server_fake.h"
#include "http_client/http_transport_fake.h"

namespace sluice::webhook {
namespace {

using exporting::Problem;
using http_client::HttpRequest;
using http_client::HttpResponse;
using http_client::HttpTransportFake;
using http_client::TransportFault;

const std::string kSinkSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::int64_t kSecond = 1'000'000;

class FakeDeadLetters final : public exporting::DeadLetterStore {
 public:
  Result<void> keep(std::span<const exporting::RejectedEvent> rejected) override {
    for (const exporting::RejectedEvent& each : rejected) letters.push_back(each.letter);
    return {};
  }
  std::vector<exporting::DeadLetter> letters;
};

std::string header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

HttpResponse replied(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

HttpResponse broken(TransportFault why, int status_of_part = 0) {
  HttpResponse response;
  response.is_cut = why == TransportFault::reset;
  response.fault = why;
  response.fault_text = "scripted fault";
  response.status_of_part = status_of_part;
  return response;
}

std::set<int> ids_in(const HttpRequest& request) {
  std::set<int> ids;
  std::istringstream lines(request.body);
  for (std::string line; std::getline(lines, line);) ids.insert(nlohmann::json::parse(line)["event"]["id"].get<int>());
  return ids;
}

// A sink with all around it under the test's hand. Time passes only in run().
class Rig {
 public:
  explicit Rig(WebhookSettings settings = default_settings(), std::string recipient = "610addeadbeefaa86ec9a7d4") {
    transport.answer_by([this](const HttpRequest& request) { return receiver(request); });
    WebhookSinkOptions options;
    options.seed = 7;
    options.recipient = std::move(recipient);
    sink = std::make_unique<WebhookSink>(settings, "to-hook", transport, clock, notifier, dead_letters, options);
  }

  static WebhookSettings default_settings() {
    WebhookSettings settings;
    settings.url = "https://hooks.example.com/events?token=in-the-url";
    settings.max_events = 10;
    settings.linger_ms = 100;
    return settings;
  }

  // `sizes`: bytes of padding of each event.
  void put(const std::vector<std::size_t>& sizes) {
    std::vector<std::string> jsons;
    for (const std::size_t size : sizes)
      jsons.push_back(R"({"id":)" + std::to_string(accepted + jsons.size()) + R"(,"pad":")" + std::string(size, 'x') +
                      R"("})");
    for (auto& event : framing::outbound_events(jsons, accepted)) sink->put(std::move(event));
    accepted += sizes.size();
  }
  void put(std::size_t count) { put(std::vector<std::size_t>(count, 0)); }

  bool run(const std::function<bool()>& until, std::int64_t for_us = 600 * kSecond) {
    const std::int64_t end_us = clock.steady_us() + for_us;
    while (!until()) {
      if (clock.steady_us() >= end_us) return false;
      ++steps;
      const std::int64_t next_us = sink->step(clock.steady_us(), finished);
      if (until()) return true;
      if (transport.waiting() > 0 && !hangs) {
        clock.advance_us(10'000);
        for (std::size_t i = transport.waiting(); i > 0; --i) transport.deliver_next();
      } else {
        clock.advance_us(std::max<std::int64_t>(1, std::min(next_us, end_us) - clock.steady_us()));
      }
    }
    return true;
  }
  bool run_until_all_finished() {
    return run([this] { return finished.size() >= accepted; });
  }
  void run_for(std::int64_t us) {
    run([] { return false; }, us);
  }
  std::size_t delivered() const {
    return static_cast<std::size_t>(std::ranges::count_if(finished, [](const auto& event) { return event.delivered; }));
  }
  std::string problem_code() const { return sink->problem() ? sink->problem()->code : ""; }

  ManualClock clock;
  HttpTransportFake transport{HttpTransportFake::When::on_demand};
  std::function<HttpResponse(const HttpRequest&)> receiver = [](const HttpRequest&) { return replied(204); };
  FakeDeadLetters dead_letters;
  Notifier notifier;
  std::unique_ptr<WebhookSink> sink;
  std::vector<exporting::FinishedEvent> finished;
  std::size_t accepted = 0, steps = 0;
  bool hangs = false;
};

TEST(WebhookSink, posts_batches_and_finishes_each_event_once) {
  Rig rig;
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
  WebhookSettings settings = Rig::default_settings();
  settings.headers = {{"X-Key", "header-secret"}};
  settings.auth = Auth::basic;
  settings.username = "sluice";
  settings.password = "pass-secret";
  Rig basic(settings);
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
  Rig bearer(settings);
  bearer.put(1);
  ASSERT_TRUE(bearer.run_until_all_finished());
  EXPECT_EQ(header(bearer.transport.requests()[0], "authorization"), "Bearer tok-secret");

  settings.auth = Auth::signature;
  settings.signing_secrets = {kSinkSecret};
  Rig signature(settings);
  signature.put(1);
  ASSERT_TRUE(signature.run_until_all_finished());
  const HttpRequest request = signature.transport.requests()[0];
  EXPECT_EQ(header(request, "webhook-signature"),
            SigningSecret::parse(kSinkSecret)->sign(header(request, "webhook-id"), 1'700'000'000, request.body));
}

TEST(WebhookSink, repeats_a_batch_without_end_under_one_id_with_a_new_time) {
  WebhookSettings settings = Rig::default_settings();
  settings.auth = Auth::signature;
  settings.signing_secrets = {kSinkSecret};
  settings.compression = framing::Compressor::Format::gzip;
  Rig rig(settings);
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
    Rig rig(Rig::default_settings(), std::move(recipient));
    rig.put(10);
    EXPECT_TRUE(rig.run_until_all_finished());
    return header(rig.transport.requests()[0], "webhook-id");
  };
  EXPECT_EQ(first_id("a"), first_id("a"));
  EXPECT_NE(first_id("a"), first_id("a replay 1"));
  EXPECT_NE(first_id("a replay 1"), first_id("a replay 2"));
}

TEST(WebhookSink, has_several_calls_in_flight_and_one_while_none_succeeds) {
  Rig rig;
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
    Rig rig;
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

TEST(WebhookSink, halves_what_is_too_large) {
  Rig rig;
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
  Rig rig;
  rig.receiver = [](const HttpRequest& request) { return replied(request.body.size() > 5'000 ? 413 : 200); };
  rig.put({0, 0, 0, 9'000, 0, 0, 0, 0, 9'000, 0});
  rig.put(10);
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.delivered(), 18u);
  ASSERT_EQ(rig.dead_letters.letters.size(), 2u);
  EXPECT_EQ(rig.dead_letters.letters[0].code, "event_too_large");
  EXPECT_EQ(nlohmann::json::parse(rig.dead_letters.letters[0].record)["event"]["id"], 3);

  Rig nothing_passes;
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
  Rig rig;
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
  WebhookSettings settings = Rig::default_settings();
  settings.max_events = 2;
  settings.max_calls_in_flight = 2;
  Rig rig(settings);
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
  WebhookSettings settings = Rig::default_settings();
  settings.max_events = 1;
  Rig rig(settings);
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
  WebhookSettings settings = Rig::default_settings();
  settings.max_events = 1;
  Rig rig(settings);
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

TEST(WebhookSink, stops_when_the_receiver_is_gone) {
  Rig rig;
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
  Rig rig;
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
    Rig rig;
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

TEST(WebhookSink, a_batch_that_fails_alone_does_not_stop_the_others) {
  for (const int status : {400, 500}) {
    Rig rig;
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

TEST(WebhookSink, believes_a_status_whose_rest_is_lost_and_nothing_else) {
  Rig rig;
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

// An attacker's scripts wh1 and wh2.
TEST(WebhookSink, one_batch_that_is_never_accepted_among_others_is_told_within_seconds) {
  for (const int status : {302, 400, 404, 500}) {
    SCOPED_TRACE(status);
    Rig rig;
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
    Rig rig;
    rig.receiver = [&](const HttpRequest& request) { return replied(ids_in(request).contains(0) ? status : 200); };
    rig.put(1);
    rig.run_for(5 * kSecond);  // refused twice, and nothing else is there
    rig.put(1);
    rig.run_for(2 * kSecond);
    EXPECT_EQ(rig.delivered(), 1u);
  }
}

TEST(WebhookSink, a_receiver_that_refuses_everything_is_not_called_for_each_event) {
  Rig rig;
  rig.receiver = [&](const HttpRequest&) { return replied(401); };
  for (int i = 0; i < 60; ++i) {
    if (rig.sink->has_room()) rig.put(1);
    rig.run_for(kSecond);
  }
  EXPECT_LT(rig.transport.request_count(), 12u);
  EXPECT_EQ(rig.sink->problem()->weight, Problem::Weight::setup);
}

TEST(WebhookSink, shows_that_no_answer_comes_before_the_call_fails) {
  Rig rig;
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
    WebhookSettings settings = Rig::default_settings();
    settings.timeout_ms = timeout_s * 1'000;
    settings.max_calls_in_flight = at_once;
    settings.max_events = 1;
    Rig rig(settings);
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
  Rig rig;
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

TEST(WebhookSink, holds_a_bounded_number_of_bytes_and_sleeps_when_there_is_nothing_to_do) {
  WebhookSettings settings = Rig::default_settings();
  settings.max_events = 10'000;
  Rig rig(settings);
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
  Rig rig;
  rig.put(10);
  rig.sink->stop();
  rig.run_for(10 * kSecond);
  EXPECT_EQ(rig.transport.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::webhook
