// What an event source decides, as tables: delays, redirects, and what answers mean.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "http_client/event_source_problem.h"
#include "http_client/reconnect_delay.h"
#include "http_client/redirect.h"

namespace sluice::http_client {
namespace {

TEST(ReconnectDelay, doubles_up_to_the_most_less_up_to_half) {
  constexpr int kTries = 400;
  std::int64_t least[9], most[9];
  std::fill(std::begin(least), std::end(least), INT64_MAX);
  std::fill(std::begin(most), std::end(most), 0);
  for (std::uint64_t seed = 0; seed < kTries; ++seed) {
    ReconnectDelay delay(1'000, 30'000, Random(seed));
    for (int i = 0; i < 9; ++i) {
      const std::int64_t ms = delay.next_ms();
      least[i] = std::min(least[i], ms);
      most[i] = std::max(most[i], ms);
    }
  }
  const std::int64_t expected[] = {1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000, 30'000, 30'000};
  for (int i = 0; i < 9; ++i) {
    EXPECT_LE(most[i], expected[i]);
    EXPECT_GE(most[i], expected[i] * 95 / 100);
    EXPECT_GE(least[i], expected[i] / 2);
    EXPECT_LE(least[i], expected[i] * 55 / 100);
  }
}

TEST(ReconnectDelay, never_overflows_however_many_failures_there_are) {
  ReconnectDelay delay(600'000, 600'000, Random(1));
  for (int i = 0; i < 1'000; ++i) EXPECT_GE(delay.next_ms(), 300'000);
}

TEST(ReconnectDelay, begins_again_after_a_reset) {
  ReconnectDelay delay(1'000, 30'000, Random(1));
  for (int i = 0; i < 6; ++i) delay.next_ms();
  delay.reset();
  EXPECT_LE(delay.next_ms(), 1'000);
}

TEST(ReconnectDelay, takes_the_servers_retry_within_bounds_and_keeps_doubling) {
  const struct {
    std::int64_t retry_ms, first_ms;
  } cases[] = {{0, 1'000}, {999, 1'000}, {5'000, 5'000}, {45'000, 45'000}, {INT64_MAX, 600'000}};
  for (const auto& c : cases) {
    ReconnectDelay delay(100, 30'000, Random(1));
    delay.set_base(c.retry_ms);
    const std::int64_t ms = delay.next_ms();
    EXPECT_TRUE(ms >= c.first_ms / 2 && ms <= c.first_ms) << c.retry_ms << " " << ms;
  }
  ReconnectDelay delay(1'000, 30'000, Random(1));
  for (int i = 0; i < 3; ++i) delay.next_ms();
  delay.set_base(2'000);
  EXPECT_GE(delay.next_ms(), 8'000) << "the fourth failure in a row: 16 s, less up to half";
  delay.set_times(10, 20);
  delay.reset();
  EXPECT_LE(delay.next_ms(), 10);
  EXPECT_LE(delay.next_ms(), 20);
}

TEST(Redirect, is_of_these_statuses) {
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_TRUE(is_redirect(status)) << status;
  for (const int status : {200, 204, 300, 304, 305, 306, 309, 400}) EXPECT_FALSE(is_redirect(status)) << status;
}

TEST(Redirect, leads_to_what_its_location_means) {
  const struct {
    const char *url, *location, *target;
  } cases[] = {
      {"https://a.example/all?x=1", "https://b.example/other", "https://b.example/other"},
      {"https://a.example/all?x=1", "/other?y=2", "https://a.example/other?y=2"},
      {"https://a.example/one/two", "three", "https://a.example/one/three"},
      {"https://a.example/one/two", "../three", "https://a.example/three"},
      {"https://a.example/all?x=1", "?y=2", "https://a.example/all?y=2"},
      {"https://a.example:8443/all", "//b.example/c", "https://b.example/c"},
      {"http://a.example/all", "https://a.example/all", "https://a.example/all"},
      {"https://a.example/all", "/b#fragment", "https://a.example/b"},
      {"http://[::1]:80/all", "/b", "http://[::1]:80/b"},
      {"https://a.example/", "/a b", "https://a.example/a%20b"},
  };
  for (const auto& c : cases) EXPECT_EQ(redirect_target(c.url, c.location).value_or("none"), c.target) << c.location;
}

TEST(Redirect, is_not_followed_where_it_leads_nowhere_or_out_of_https) {
  const struct {
    const char *url, *location, *words;
  } cases[] = {
      {"https://a.example/", "", "it does not say where to"},
      {"https://a.example/", "http://a.example/", "it leads from https to http"},
      {"https://a.example/", "ftp://a.example/", "does not begin with https:// or http://"},
      {"https://a.example/", "file:///etc/passwd", "file:///etc/passwd"},
      {"https://a.example/", "https://user@a.example/", "contains a user name"},
      {"https://a.example/", "https://a.example:0x/", "is no address"},
  };
  for (const auto& c : cases) {
    const auto target = redirect_target(c.url, c.location);
    ASSERT_FALSE(target) << c.location << " " << *target;
    EXPECT_NE(target.error().message.find(c.words), std::string::npos) << target.error().message;
  }
}

TEST(Redirect, takes_secrets_to_the_same_origin_and_from_http_to_https) {
  const struct {
    const char *url, *other;
    bool may;
  } cases[] = {
      {"https://a.example/all", "https://a.example/b", true},
      {"https://a.example/all", "https://A.Example:443/b", true},
      {"https://a.example/all", "https://a.example:8443/b", false},
      {"https://a.example/all", "https://b.example/all", false},
      {"https://a.example/all", "https://sub.a.example/all", false},
      {"https://a.example/all", "https://a.example.evil.example/all", false},
      {"https://a.example/all", "http://a.example/all", false},
      {"http://a.example/all", "https://a.example/all", true},
      {"http://a.example/all", "https://b.example/all", false},
      {"http://a.example:8080/all", "https://a.example/all", false},
      {"http://a.example/all", "https://a.example:8443/all", false},
      {"http://a.example:8080/all", "http://a.example:8080/b", true},
  };
  for (const auto& c : cases) EXPECT_EQ(may_send_secrets(c.url, c.other), c.may) << c.url << " " << c.other;
}

TEST(EventSourceProblem, is_final_for_the_statuses_that_are_so_for_the_sdks) {
  for (const int status : {401, 402, 403, 404, 405, 407, 410, 418, 422, 499})
    EXPECT_TRUE(problem_of_answer({status}, 0).is_final) << status;
  for (const int status : {200, 201, 204, 206, 300, 304, 400, 408, 429, 500, 502, 503, 504, 599})
    EXPECT_FALSE(problem_of_answer({status}, 0).is_final) << status;
}

TEST(EventSourceProblem, says_of_each_answer_what_to_do) {
  const struct {
    HttpStreamHead head;
    const char *text, *remedy;
  } cases[] = {
      {{401}, "It answers 401: the key or token that is sent is not accepted.", "may not know it yet"},
      {{403}, "It answers 403: the key or token that is sent is not accepted.", "may not know it yet"},
      {{404}, "It answers 404: there is no such address.", "Correct the address"},
      {{407}, "It answers 407: the proxy wants credentials.", "HTTPS_PROXY"},
      {{410}, "It answers 410.", "every minute"},
      {{429}, "It answers 429: too many requests.", "when the server allows it"},
      {{503}, "It answers 503: the server has a fault.", "until it answers"},
      {{204}, "It answers 204 instead of an event stream.", "until it answers"},
      {{400}, "It answers 400 instead of an event stream.", "until it answers"},
      {{200, {{"content-type", "text/html"}}}, "It answers with \"text/html\", not with text/event-stream.", "address"},
      {{200}, "It answers without a Content-Type, not with text/event-stream.", "address"},
  };
  for (const auto& c : cases) {
    const EventSourceProblem problem = problem_of_answer(c.head, 0);
    EXPECT_EQ(problem.text, c.text);
    EXPECT_NE(problem.remedy.find(c.remedy), std::string::npos) << problem.remedy;
    EXPECT_EQ(problem.status, c.head.status);
    EXPECT_EQ(problem.fault, TransportFault::none);
  }
}

TEST(EventSourceProblem, takes_retry_after_in_seconds_and_as_a_date_up_to_ten_minutes) {
  const struct {
    const char* header;
    std::int64_t ms;
  } cases[] = {{"", 0},
               {"0", 0},
               {"7", 7'000},
               {"600", 600'000},
               {"601", 600'000},
               {"99999999999999999999", 600'000},
               {"soon", 0},
               {"-5", 0},
               {"Sun, 06 Nov 1994 08:49:37 GMT", 30'000},
               {"Sun, 06 Nov 1994 08:00:00 GMT", 0},
               {"Mon, 07 Nov 1994 08:49:37 GMT", 600'000}};
  constexpr std::int64_t kNow = 784'111'777'000 - 30'000;
  for (const auto& c : cases)
    EXPECT_EQ(problem_of_answer({503, {{"retry-after", c.header}}}, kNow).retry_after_ms, c.ms) << c.header;
}

TEST(EventSourceProblem, says_of_each_end_what_to_do) {
  const struct {
    TransportFault fault;
    const char* remedy;
    bool is_final;
  } cases[] = {
      {TransportFault::resolve, "name server", false},   {TransportFault::connect, "firewalls", false},
      {TransportFault::tls, "certificate", false},       {TransportFault::proxy, "proxy's address", false},
      {TransportFault::timeout, "holds streams", false}, {TransportFault::forbidden, "allow this one", true},
      {TransportFault::reset, "tried again", false},     {TransportFault::none, "tried again", false},
  };
  for (const auto& c : cases) {
    const EventSourceProblem problem = problem_of_end({c.fault, "Words of the transport"}, false);
    EXPECT_EQ(problem.text,
              c.fault == TransportFault::none ? "The server closed the stream." : "Words of the transport.");
    EXPECT_NE(problem.remedy.find(c.remedy), std::string::npos) << problem.remedy;
    EXPECT_EQ(problem.is_final, c.is_final);
    EXPECT_EQ(problem.fault, c.fault);
  }
  EXPECT_EQ(problem_of_end({}, true).text, "The server closed the stream. An event was not complete.");
  EXPECT_EQ(problem_of_end({TransportFault::reset, "A sentence."}, false).text, "A sentence.");
  EXPECT_NE(problem_of_end({TransportFault::proxy, "", 407}, false).remedy.find("HTTPS_PROXY"), std::string::npos);
}

TEST(EventStreamAnswer, is_a_stream_with_the_right_type) {
  const struct {
    HttpStreamHead head;
    bool is_stream;
  } cases[] = {
      {{200, {{"content-type", "text/event-stream"}}}, true},
      {{200, {{"content-type", "text/event-stream; charset=utf-8"}}}, true},
      {{200, {{"content-type", "Text/Event-Stream ;charset=utf-8"}}}, true},
      {{200, {{"content-type", "text/event-stream2"}}}, false},
      {{200, {{"content-type", "text/html"}}}, false},
      {{200, {}}, false},
      {{201, {{"content-type", "text/event-stream"}}}, false},
      {{404, {{"content-type", "text/event-stream"}}}, false},
  };
  for (const auto& c : cases) EXPECT_EQ(is_event_stream(c.head), c.is_stream) << c.head.header("content-type");
}

TEST(EventStreamPlace, is_shown_without_its_query) {
  EXPECT_EQ(shown_place("https://stream.example.com/all?filter=secret"), "https://stream.example.com/all");
  EXPECT_EQ(shown_place("https://stream.example.com/all"), "https://stream.example.com/all");
}

}  // namespace
}  // namespace sluice::http_client
