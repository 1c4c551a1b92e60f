// The event source by hand: a clock that stands still, a server that a test plays.
#include "http_client/event_source_rig_fake.h"

namespace sluice::http_client {
namespace {

using EventSourceTest = EventSourceRig;

TEST_F(EventSourceTest, asks_for_an_event_stream_with_the_callers_headers) {
  const OutboundPolicy policy;
  settings_.policy = &policy;
  settings_.headers = {{"Authorization", "key"},
                       {"ACCEPT", "*/*"},
                       {"X-Tags", "a"},
                       {"Last-Event-ID", "x"},
                       {"cache-control", "max-age=5"}};
  start();
  ASSERT_EQ(transport_.opened(), 1u);
  const HttpStreamRequest& request = server().request();
  EXPECT_EQ(request.request.method, "GET");
  EXPECT_EQ(request.request.url, "https://stream.example.com/all?filter=f");
  EXPECT_EQ(request.request.policy, &policy);
  EXPECT_EQ(request.request.connect_timeout_ms, 10'000);
  EXPECT_EQ(request.request.timeout_ms, 30'000);
  EXPECT_EQ(request.idle_timeout_ms, 300'000);
  EXPECT_TRUE(request.accept_gzip);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(
      request.request.headers,
      (Headers{
          {"Accept", "text/event-stream"}, {"Cache-Control", "no-cache"}, {"Authorization", "key"}, {"X-Tags", "a"}}));
}

TEST_F(EventSourceTest, passes_events_on_and_says_since_when_it_is_connected) {
  settings_.url = "https://stream.example.com/all";
  start();
  EXPECT_EQ(state()->phase, Phase::connecting);
  const std::int64_t begun_ms = clock_.wall_ms();
  clock_.advance_us(5'000'000);
  server().event_stream();
  run();
  EXPECT_EQ(receiver_.connected, std::vector<int>{200});
  EXPECT_EQ(state()->phase, Phase::connected);
  EXPECT_EQ(state()->since_ms, begun_ms + 5'000);
  EXPECT_EQ(state()->connections, 1u);
  EXPECT_EQ(state()->last_byte_ms, 0);
  clock_.advance_us(1'000'000);
  server().bytes("id: 7\nevent: put\ndata: {}\n\ndata: half");
  run();
  EXPECT_EQ(receiver_.events, (std::vector<ServerSentEvent>{{"put", "{}", "7"}}));
  EXPECT_EQ(state()->last_event_ms, begun_ms + 6'000);
  EXPECT_EQ(state()->last_byte_ms, begun_ms + 6'000);
  EXPECT_EQ(state()->events, 1u);
  EXPECT_EQ(state()->last_event_id, "7");
  EXPECT_FALSE(state()->last_problem);
  clock_.advance_us(1'000'000);
  server().bytes(" more\n\n:\n");
  run();
  EXPECT_EQ(receiver_.events.back(), (ServerSentEvent{"message", "half more", "7"}));
  EXPECT_EQ(state()->events, 2u);
  EXPECT_EQ(source_->step(), kUntilNotified);
  EXPECT_TRUE(receiver_.problems.empty());
}

TEST_F(EventSourceTest, connects_again_after_an_end_and_sends_the_last_id) {
  start();
  serve("id: 7\ndata: a\n\nid: 8\n\nid: 9\ndata: half");
  server().end(TransportFault::reset, "The connection broke");
  run();
  ASSERT_EQ(receiver_.problems.size(), 1u);
  const EventSourceProblem& problem = receiver_.problems[0];
  EXPECT_EQ(problem.place, "https://stream.example.com/all");
  EXPECT_EQ(problem.text, "The connection broke. An event was not complete.");
  EXPECT_EQ(problem.fault, TransportFault::reset);
  EXPECT_FALSE(problem.is_final);
  EXPECT_EQ(problem.at_ms, clock_.wall_ms());
  EXPECT_TRUE(delay_ms() >= 500 && delay_ms() <= 1'000) << delay_ms();
  EXPECT_EQ(state()->phase, Phase::waiting);
  EXPECT_EQ(state()->next_attempt_ms, problem.next_attempt_ms);
  EXPECT_EQ(state()->last_problem->text, problem.text);
  EXPECT_EQ(step(), delay_ms() * 1000);
  pass_ms(delay_ms() - 1);
  EXPECT_EQ(transport_.opened(), 1u);
  pass_ms(1);
  ASSERT_EQ(transport_.opened(), 2u);
  EXPECT_EQ(state()->next_attempt_ms, 0);
  EXPECT_EQ(server().header("Last-Event-ID"), "8") << "of what was complete";
  serve("data: again\n\n");
  EXPECT_EQ(receiver_.events.back(), (ServerSentEvent{"message", "again", "8"})) << "nothing of what was cut is left";
  EXPECT_TRUE(state()->last_problem) << "it is kept";
  EXPECT_EQ(state()->connections, 2u);
}

TEST_F(EventSourceTest, sends_no_id_that_no_header_takes) {
  start();
  serve(
      "id: a\x01"
      "b\ndata: a\n\n");
  server().end();
  run();
  pass_ms(delay_ms());
  EXPECT_EQ(server().header("Last-Event-ID"), "");
  serve("id: \xc3\xa4\ndata: a\n\n");
  server().end();
  run();
  pass_ms(delay_ms());
  EXPECT_EQ(server().header("Last-Event-ID"), "\xc3\xa4");
}

TEST_F(EventSourceTest, doubles_its_delay_until_a_stream_was_healthy_for_a_minute) {
  start();
  const auto fail_once = [&](std::int64_t healthy_ms) {
    serve(":\n");
    clock_.advance_us(healthy_ms * 1000);
    server().end();
    run();
    const std::int64_t delay = delay_ms();
    pass_ms(delay);
    return delay;
  };
  EXPECT_LE(fail_once(0), 1'000);
  EXPECT_GE(fail_once(0), 1'000);
  EXPECT_GE(fail_once(59'999), 2'000);
  EXPECT_GE(fail_once(0), 4'000);
  EXPECT_LE(fail_once(60'000), 1'000);
  EXPECT_GE(fail_once(0), 1'000);
  for (int i = 0; i < 10; ++i) fail_once(0);
  EXPECT_GE(fail_once(0), 15'000);
  EXPECT_LE(fail_once(0), 30'000);
}

TEST_F(EventSourceTest, counts_the_time_without_a_stream_as_no_health) {
  start();
  for (int i = 0; i < 3; ++i) {
    clock_.advance_us(120'000'000);
    server().end(TransportFault::connect, "refused");
    run();
    pass_ms(delay_ms());
  }
  server().end(TransportFault::connect, "refused");
  run();
  EXPECT_GE(delay_ms(), 4'000);
}

TEST_F(EventSourceTest, respects_retry_and_retry_after) {
  start();
  serve("retry: 20000\n");
  server().end();
  run();
  EXPECT_TRUE(delay_ms() >= 10'000 && delay_ms() <= 20'000) << delay_ms();
  pass_ms(delay_ms());
  server().head(503, {{"retry-after", "100"}});
  run();
  EXPECT_EQ(delay_ms(), 100'000);
  EXPECT_EQ(receiver_.problems.back().status, 503);
}

TEST_F(EventSourceTest, tells_of_each_status_that_is_no_stream_and_closes_it) {
  start();
  for (const int status : {204, 400, 408, 429, 500, 503}) {
    server().head(status);
    run();
    EXPECT_TRUE(server().is_cancelled()) << status;
    EXPECT_EQ(receiver_.problems.back().status, status);
    EXPECT_FALSE(receiver_.problems.back().is_final) << status;
    EXPECT_LE(delay_ms(), 30'000);
    pass_ms(delay_ms());
  }
  for (const int status : {401, 403, 404, 410}) {
    server().head(status);
    run();
    EXPECT_TRUE(receiver_.problems.back().is_final) << status;
    EXPECT_LE(delay_ms(), kFinalDelayMs) << status;
    EXPECT_GE(delay_ms(), kFinalDelayMs / 2) << status;
    EXPECT_NE(receiver_.problems.back().remedy.find("asked again every minute"), std::string::npos) << status;
    pass_ms(delay_ms());
  }
  serve("data: a\n\n");
  EXPECT_EQ(state()->phase, Phase::connected) << "a final problem is not for ever";
}

TEST_F(EventSourceTest, takes_nothing_of_an_answer_that_is_no_stream) {
  transport_.serve_by([](ServedStreamFake& server) {
    server.head(200, {{"content-type", "text/html"}});
    server.bytes("data: a\n\n");
    server.end();
  });
  start();
  EXPECT_TRUE(receiver_.events.empty());
  EXPECT_TRUE(receiver_.connected.empty());
  ASSERT_EQ(receiver_.problems.size(), 1u) << "its end is no second one";
  EXPECT_NE(receiver_.problems[0].text.find("text/html"), std::string::npos);
}

TEST_F(EventSourceTest, takes_all_of_a_stream_that_comes_in_one_part_with_its_end) {
  transport_.serve_by([](ServedStreamFake& server) {
    server.event_stream();
    server.bytes("data: a\n\n");
    server.end();
  });
  start();
  EXPECT_EQ(receiver_.events.size(), 1u);
  ASSERT_EQ(receiver_.problems.size(), 1u);
  EXPECT_EQ(receiver_.problems[0].text, "The server closed the stream.");
}

TEST_F(EventSourceTest, gives_up_a_stream_that_is_silent) {
  start();
  pass_ms(29'999);
  EXPECT_TRUE(receiver_.problems.empty());
  pass_ms(1);
  run();
  ASSERT_EQ(receiver_.problems.size(), 1u) << "no headers";
  EXPECT_EQ(receiver_.problems[0].fault, TransportFault::timeout);
  pass_ms(delay_ms());
  serve(":\n");
  pass_ms(299'999);
  EXPECT_EQ(receiver_.problems.size(), 1u);
  pass_ms(1);
  run();
  EXPECT_EQ(receiver_.problems.size(), 2u);
}

TEST_F(EventSourceTest, connects_again_when_its_receiver_refuses_an_event) {
  start();
  serve("id: 1\ndata: a\n\nid: 2\ndata: bad\n\nid: 3\ndata: c\n\n");
  EXPECT_TRUE(server().is_cancelled());
  EXPECT_EQ(receiver_.events.size(), 1u);
  ASSERT_EQ(receiver_.problems.size(), 1u);
  EXPECT_EQ(receiver_.problems[0].text, "The event is no JSON.");
  EXPECT_FALSE(receiver_.problems[0].is_final);
  EXPECT_EQ(state()->events, 1u);
  pass_ms(delay_ms());
  EXPECT_EQ(server().header("Last-Event-ID"), "1");
}

TEST_F(EventSourceTest, names_the_limit_that_a_stream_breaks_and_tries_it_every_minute) {
  settings_.max_data_bytes = 100;
  start();
  serve("data: a\n\n");
  server().bytes("data: " + std::string(100, 'x'));
  run();
  ASSERT_EQ(receiver_.problems.size(), 1u);
  EXPECT_EQ(receiver_.problems[0].text, "An event of the stream has more than 100 B of data.");
  EXPECT_TRUE(receiver_.problems[0].is_final);
  EXPECT_LE(delay_ms(), kFinalDelayMs);
  EXPECT_GE(delay_ms(), kFinalDelayMs / 2);
  EXPECT_TRUE(server().is_cancelled());
}

TEST_F(EventSourceTest, gives_up_for_good_when_it_is_cancelled) {
  start();
  serve("data: a\n\n");
  source_->cancel();
  EXPECT_TRUE(notifier_.take());
  server().bytes("data: b\n\n");
  EXPECT_EQ(step(), kWorkerDone);
  EXPECT_TRUE(server().is_cancelled());
  EXPECT_EQ(receiver_.events.size(), 1u);
  EXPECT_EQ(state()->phase, Phase::cancelled);
  source_->restart();
  EXPECT_EQ(step(), kWorkerDone);
  EXPECT_EQ(transport_.opened(), 1u);
}

TEST_F(EventSourceTest, may_be_cancelled_before_it_begins_and_whatever_is_asked_for_afterwards) {
  source_ = std::make_unique<EventSource>(settings_, transport_, clock_, Random(1), notifier_, receiver_);
  EXPECT_EQ(state()->phase, Phase::waiting);
  EXPECT_EQ(state()->next_attempt_ms, clock_.wall_ms());
  source_->cancel();
  source_->restart(settings_);
  EXPECT_EQ(step(), kWorkerDone);
  EXPECT_EQ(transport_.opened(), 0u);
}

TEST_F(EventSourceTest, connects_immediately_when_it_is_restarted) {
  start();
  for (int i = 0; i < 4; ++i) {
    server().head(503);
    run();
    pass_ms(delay_ms());
  }
  server().head(401);
  run();
  ASSERT_GE(delay_ms(), kFinalDelayMs / 2);
  source_->restart();
  run();
  ASSERT_EQ(transport_.opened(), 6u);
  EXPECT_EQ(state()->phase, Phase::connecting);
  server().head(503);
  run();
  EXPECT_LE(delay_ms(), 1'000) << "and it is the first failure";
  source_->restart();
  run();
  serve("data: a\n\n");
  const std::size_t problems = receiver_.problems.size();
  source_->restart();
  run();
  EXPECT_TRUE(transport_.stream(6).is_cancelled());
  EXPECT_EQ(transport_.opened(), 8u);
  EXPECT_EQ(receiver_.problems.size(), problems) << "that is no problem";
}

TEST_F(EventSourceTest, takes_new_settings_and_forgets_the_id_of_another_server) {
  settings_.headers = {{"Authorization", "old"}};
  start();
  serve("id: 7\nretry: 60000\ndata: a\n\n");
  settings_.headers = {{"Authorization", "new"}};
  source_->restart(settings_);
  run();
  EXPECT_EQ(server().header("authorization"), "new");
  EXPECT_EQ(server().header("last-event-id"), "7");
  settings_.url = "https://other.example.com/all";
  settings_.first_delay_ms = 100;
  settings_.most_delay_ms = 100;
  source_->restart(settings_);
  run();
  EXPECT_EQ(server().request().request.url, "https://other.example.com/all");
  EXPECT_EQ(server().header("last-event-id"), "");
  server().end();
  run();
  EXPECT_LE(delay_ms(), 100) << "the retry of the one before no longer holds";
}

TEST_F(EventSourceTest, says_how_far_an_attempt_has_come) {
  start();
  const std::int64_t begun_us = clock_.steady_us();
  EXPECT_EQ(source_->progress().phase, Phase::connecting);
  clock_.advance_us(1'000'000);
  server().head(307, {{"location", "/other"}});
  run();
  EXPECT_EQ(source_->progress().begun_us, begun_us) << "a redirect begins no other attempt";
  serve(":\nevent: put\n");
  EventSourceProgress progress = source_->progress();
  EXPECT_EQ(progress.phase, Phase::connected);
  EXPECT_EQ(progress.connected_us, begun_us + 1'000'000);
  EXPECT_EQ(progress.bytes, 13u);
  EXPECT_EQ(progress.unfinished_bytes, 0u) << "its name is no data";
  clock_.advance_us(1'000'000);
  server().bytes("data: ab");
  run();
  clock_.advance_us(1'000'000);
  server().bytes("\n:\n");
  run();
  clock_.advance_us(1'000'000);
  server().bytes(":\n:\n");
  run();
  progress = source_->progress();
  EXPECT_EQ(progress.unfinished_bytes, 3u);
  EXPECT_EQ(progress.unfinished_us, begun_us + 3'000'000);
  server().bytes("\n");
  run();
  EXPECT_EQ(source_->progress().unfinished_bytes, 0u);
  EXPECT_EQ(receiver_.events.size(), 1u);
  server().end();
  run();
  EXPECT_EQ(source_->progress().phase, Phase::waiting);
  pass_ms(delay_ms());
  EXPECT_EQ(source_->progress().bytes, 0u);
  EXPECT_EQ(source_->progress().begun_us, clock_.steady_us());
}

TEST_F(EventSourceTest, is_given_up_by_its_owner_as_by_any_other_problem) {
  start();
  EventSourceProblem problem;
  problem.text = "It takes too long.";
  EXPECT_GE(source_->give_up(problem), 500'000);
  EXPECT_TRUE(server().is_cancelled());
  ASSERT_EQ(receiver_.problems.size(), 1u);
  EXPECT_EQ(receiver_.problems[0].text, "It takes too long.");
  EXPECT_EQ(source_->give_up(problem), delay_ms() * 1000);
  EXPECT_EQ(receiver_.problems.size(), 1u) << "there was nothing to give up";
  pass_ms(delay_ms());
  serve("data: a\n\n");
  EXPECT_GE(source_->give_up(problem), 1'000'000) << "the second failure in a row";
  EXPECT_EQ(receiver_.problems.size(), 2u);
  pass_ms(delay_ms());
  serve("data: a\n\n");
  EXPECT_EQ(receiver_.events.size(), 2u);
}

TEST_F(EventSourceTest, gives_its_connection_up_when_it_goes) {
  start();
  serve("data: a\n\n");
  source_.reset();
  EXPECT_TRUE(server().is_cancelled());
}

TEST_F(EventSourceTest, leaves_with_the_transport_what_it_was_not_asked_to_take) {
  start();
  server().event_stream();
  for (int i = 0; i < 100; ++i) server().bytes("data: " + std::string(16 << 10, 'x') + "\n\n");
  EXPECT_GT(server().held_bytes(), 1'000'000u);
  EXPECT_TRUE(receiver_.events.empty());
  run();
  EXPECT_EQ(receiver_.events.size(), 100u);
  EXPECT_EQ(server().held_bytes(), 0u);
}

TEST_F(EventSourceTest, a_stream_that_the_receiver_refuses_is_given_up_and_asked_for_again) {
  receiver_.refusal.emplace();
  receiver_.refusal->text = "It leads back.";
  receiver_.refusal->retry_after_ms = 60'000;
  start();
  serve("data: a\n\n");
  EXPECT_TRUE(server().is_cancelled());
  EXPECT_TRUE(receiver_.events.empty());
  ASSERT_EQ(receiver_.problems.size(), 1u);
  EXPECT_EQ(receiver_.problems[0].text, "It leads back.");
  receiver_.refusal.reset();
  pass_ms(59'000);
  EXPECT_EQ(transport_.opened(), 1u);
  pass_ms(1'000);
  serve("data: a\n\n");
  EXPECT_EQ(receiver_.events.size(), 1u);
}

}  // namespace
}  // namespace sluice::http_client
