// The pure parts of intake, each as a table.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/base64.h"
#include "base/random.h"
#include "base/worker_fake.h"
#include "intake/answers.h"
#include "intake/cors.h"
#include "intake/dead_letters.h"
#include "intake/dedupe.h"
#include "intake/diagnostics.h"
#include "intake/gif.h"
#include "intake/gzip_fake.h"
#include "intake/inflate.h"
#include "intake/log_gate.h"
#include "intake/router.h"
#include "storage/file_system_fake.h"

namespace sluice::intake {
namespace {

TEST(Router, knows_every_endpoint_of_every_sdk) {
  using enum EndpointKind;
  struct Case {
    const char* method;
    const char* path;
    EndpointKind endpoint;
    CredentialKind credential;
    MethodFit method_fit = MethodFit::allowed;
    const char* id = "";
    const char* prefix = "";
  };
  const Case cases[] = {
      {"POST", "/bulk", analytics, CredentialKind::sdk_key},
      {"POST", "/bulk/", analytics, CredentialKind::sdk_key},
      {"POST", "//bulk", analytics, CredentialKind::sdk_key},
      {"POST", "/api/events/bulk", analytics, CredentialKind::sdk_key},
      {"POST", "/sluice/api/events/bulk/", analytics, CredentialKind::sdk_key, MethodFit::allowed, "", "/sluice"},
      {"GET", "/", root, CredentialKind::none},
      {"HEAD", "/", root, CredentialKind::none},
      {"OPTIONS", "/", root, CredentialKind::none},
      {"OPTIONS", "*", root, CredentialKind::none},
      {"GET", "/sluice/", root, CredentialKind::none, MethodFit::allowed, "", "/sluice"},
      {"DELETE", "/", unknown, CredentialKind::none},
      {"GET", "/api/events", unknown, CredentialKind::none},
      {"POST", "/diagnostic", diagnostic, CredentialKind::sdk_key},
      {"POST", "/mobile", analytics, CredentialKind::mobile_key},
      {"POST", "/mobile/events", analytics, CredentialKind::mobile_key},
      {"POST", "/mobile/events/bulk", analytics, CredentialKind::mobile_key},
      {"POST", "/mobile/events/diagnostic", diagnostic, CredentialKind::mobile_key},
      {"POST", "/events/bulk/abc", analytics, CredentialKind::client_side_id, MethodFit::allowed, "abc"},
      {"POST", "/events/diagnostic/abc/", diagnostic, CredentialKind::client_side_id, MethodFit::allowed, "abc"},
      {"OPTIONS", "/events/bulk/abc", analytics, CredentialKind::client_side_id, MethodFit::preflight, "abc"},
      {"GET", "/a/abc.gif", gif, CredentialKind::client_side_id, MethodFit::allowed, "abc"},
      {"OPTIONS", "/a/abc.gif", gif, CredentialKind::client_side_id, MethodFit::preflight, "abc"},
      {"POST", "/a/abc.gif", gif, CredentialKind::client_side_id, MethodFit::wrong, "abc"},
      {"GET", "/bulk", analytics, CredentialKind::sdk_key, MethodFit::wrong},
      {"OPTIONS", "/bulk", analytics, CredentialKind::sdk_key, MethodFit::wrong},
      {"post", "/bulk", analytics, CredentialKind::sdk_key, MethodFit::wrong},
      {"PUT", "/events/bulk/abc", analytics, CredentialKind::client_side_id, MethodFit::wrong, "abc"},
      {"GET", "/status", common, CredentialKind::none},
      {"HEAD", "/healthz", common, CredentialKind::none},
      {"POST", "/readyz", common, CredentialKind::none, MethodFit::wrong},
      {"POST", "/sluice/bulk", analytics, CredentialKind::sdk_key, MethodFit::allowed, "", "/sluice"},
      {"POST", "/bulk", analytics, CredentialKind::sdk_key, MethodFit::allowed, "", "/sluice"},
      {"POST", "/a/b/bulk/", analytics, CredentialKind::sdk_key, MethodFit::allowed, "", "/a/b"},
      {"POST", "/sluicebulk", unknown, CredentialKind::none, MethodFit::allowed, "", "/sluice"},
      {"POST", "/sluice", unknown, CredentialKind::none, MethodFit::allowed, "", "/sluice"},
      {"POST", "/", unknown, CredentialKind::none},
      {"POST", "", unknown, CredentialKind::none},
      {"POST", "/events/bulk", unknown, CredentialKind::none},
      {"POST", "/events/bulk/abc/def", unknown, CredentialKind::none},
      {"GET", "/a/abc", unknown, CredentialKind::none},
      {"POST", "/BULK", unknown, CredentialKind::none},
      {"POST", "/mobile/bulk", unknown, CredentialKind::none},
      {"GET", "/sdk/latest-all", unknown, CredentialKind::none},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.method) + " " + c.path);
    const Route got = route(c.method, c.path, c.prefix);
    EXPECT_EQ(static_cast<int>(got.endpoint), static_cast<int>(c.endpoint));
    EXPECT_EQ(static_cast<int>(got.credential), static_cast<int>(c.credential));
    EXPECT_EQ(static_cast<int>(got.method), static_cast<int>(c.method_fit));
    EXPECT_EQ(got.client_side_id, c.id);
  }
  EXPECT_EQ(route("POST", "/sluice//events/bulk/abc/", "/sluice").path, "/events/bulk/{}");
  EXPECT_EQ(route("GET", "/a/abc.gif", "").path, "/a/{}.gif");
  EXPECT_EQ(route("GET", "/events/bulk/abc", "").allow, "POST,OPTIONS");
  EXPECT_EQ(route("POST", "/a/abc.gif", "").allow, "GET,OPTIONS");
  EXPECT_EQ(route("GET", "/bulk", "").allow, "POST");
}

std::string value(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, text] : headers)
    if (key == name) return text;
  return "(none)";
}

TEST(Cors, answers_with_the_origin_or_what_is_allowed) {
  catalog::Environment strict;
  strict.allowed_origins = {"https://a.example", "https://b.example"};
  strict.allowed_headers = {"X-Trace"};
  const auto origin = [](std::string_view sent, const catalog::Environment* environment) {
    HttpHeaders headers;
    append_cors_headers(headers, {sent, {}, false}, "POST,OPTIONS", environment);
    return value(headers, "Access-Control-Allow-Origin");
  };
  EXPECT_EQ(origin("", nullptr), "*");
  EXPECT_EQ(origin("https://x.example", nullptr), "https://x.example");
  EXPECT_EQ(origin("https://b.example", &strict), "https://b.example");
  EXPECT_EQ(origin("https://x.example", &strict), "https://a.example");
  HttpHeaders headers;
  append_cors_headers(headers, {}, "GET,OPTIONS", &strict);
  EXPECT_EQ(value(headers, "Access-Control-Allow-Methods"), "GET,OPTIONS");
  EXPECT_EQ(value(headers, "Access-Control-Allow-Headers"),
            "Cache-Control,Content-Type,Content-Length,Accept-Encoding,X-LaunchDarkly-User-Agent,"
            "X-LaunchDarkly-Payload-ID,X-LaunchDarkly-Wrapper,X-LaunchDarkly-Event-Schema,X-LaunchDarkly-Tags,"
            "X-LaunchDarkly-Instance-Id,X-Trace");
  EXPECT_EQ(value(headers, "Access-Control-Max-Age"), "300");
  EXPECT_EQ(value(headers, "Access-Control-Expose-Headers"), "Date");
  EXPECT_EQ(value(headers, "Access-Control-Allow-Credentials"), "false");
  EXPECT_EQ(value(headers, "Vary"), "Origin, Access-Control-Request-Headers");
  EXPECT_EQ(value(headers, "Access-Control-Allow-Private-Network"), "(none)");
}

TEST(Cors, allows_the_headers_that_a_preflight_asks_for_and_private_networks) {
  HttpHeaders headers;
  append_cors_headers(headers, {"", "traceparent,x-datadog-trace-id,request-context", true}, "POST,OPTIONS", nullptr);
  EXPECT_EQ(value(headers, "Access-Control-Allow-Headers"), "traceparent,x-datadog-trace-id,request-context");
  EXPECT_EQ(value(headers, "Access-Control-Allow-Private-Network"), "true");
  HttpHeaders bounded;
  append_cors_headers(bounded, {"", std::string(kMaxRequestedHeaderBytes + 1, 'x'), false}, "POST,OPTIONS", nullptr);
  EXPECT_NE(value(bounded, "Access-Control-Allow-Headers").find("X-LaunchDarkly-User-Agent"), std::string::npos);
}

TEST(Dedupe, names_a_payload_by_its_credential_id_and_body) {
  constexpr auto kSdk = CredentialKind::sdk_key, kClient = CredentialKind::client_side_id;
  constexpr const char* kId = "123e4567-e89b-12d3-a456-42661417400f";
  const journal::DedupeKey key = dedupe_key(kSdk, kId, "[1]");
  EXPECT_EQ(dedupe_key(kSdk, "123E4567-E89B-12D3-A456-42661417400F", "[1]"), key) << "the case of digits";
  EXPECT_NE(dedupe_key(kClient, kId, "[1]"), key);
  EXPECT_NE(dedupe_key(CredentialKind::mobile_key, kId, "[1]"), key);
  EXPECT_NE(dedupe_key(kSdk, kId, "[2]"), key);
  EXPECT_NE(dedupe_key(kSdk, kId, "[1] "), key);
  EXPECT_NE(dedupe_key(kSdk, kId, std::string(1, 0)), dedupe_key(kSdk, kId, std::string(2, 0)));
  const journal::DedupeKey part = dedupe_key_of_part(key, 0, "events");
  EXPECT_EQ(dedupe_key_of_part(key, 0, "events"), part);
  EXPECT_NE(part, key);
  EXPECT_NE(dedupe_key_of_part(key, 1, "events"), part);
  EXPECT_NE(dedupe_key_of_part(key, 0, "others"), part);
  EXPECT_NE(dedupe_key_of_part(dedupe_key(kSdk, kId, "[2]"), 0, "events"), part);
  EXPECT_FALSE(journal::is_public(key));
  EXPECT_FALSE(journal::is_public(part));
  EXPECT_TRUE(journal::is_public(dedupe_key(CredentialKind::mobile_key, kId, "[1]")));
  EXPECT_TRUE(journal::is_public(dedupe_key_of_part(dedupe_key(kClient, kId, "[1]"), 0, "events")));
  EXPECT_EQ(dedupe_key_of_part({}, 3, "events"), journal::DedupeKey{}) << "of a payload without an id";
  EXPECT_NE(dedupe_key(kSdk, "undefined", "[1]"), dedupe_key(kSdk, "undefined", "[2]"));
  EXPECT_EQ(dedupe_key(kSdk, "undefined", "[1]"), dedupe_key(kSdk, "undefined", "[1]"));
  EXPECT_EQ(dedupe_key(kSdk, "", "[1]"), journal::DedupeKey{});
  EXPECT_TRUE(std::equal(key.begin(), key.begin() + 8, dedupe_key(kSdk, kId, "[2]").begin())) << "the id's half";
}

struct Inflating {
  http::ByteBudget budget{64 << 20};
  Inflater inflater{budget, 1 << 20};
};

TEST(Inflater, gives_back_what_was_compressed) {
  Inflating test;
  Random random(7);
  for (const std::size_t size : {1u, 100u, 16384u, 100'000u, (1u << 20) - 1, 1u << 20}) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random.below(size % 2 == 0 ? 3 : 26));
    ASSERT_EQ(test.inflater.inflate(gzip(text)), Inflater::Outcome::done) << size;
    EXPECT_EQ(test.inflater.body(), text);
  }
}

TEST(Inflater, joins_several_members) {
  Inflating test;
  const std::string large(70'000, 'x');
  ASSERT_EQ(test.inflater.inflate(gzip("[1,") + gzip(large) + gzip("") + gzip("2]")), Inflater::Outcome::done);
  EXPECT_EQ(test.inflater.body(), "[1," + large + "2]");
}

TEST(Inflater, says_what_is_wrong) {
  Inflating test;
  const std::string good = gzip("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]");
  const auto bad = [&](const std::string& bytes) {
    return test.inflater.inflate(bytes) == Inflater::Outcome::bad ? test.inflater.problem() : "(not bad)";
  };
  EXPECT_EQ(bad(""), "it is empty");
  EXPECT_EQ(bad("[1,2,3]"), "it does not start as gzip does");
  EXPECT_EQ(bad(good + "x"), "bytes that are not gzip follow its end");
  EXPECT_EQ(bad(good + "\x1f\x8b"), "it ends too early");
  std::string wrong_sum = good;
  wrong_sum[wrong_sum.size() - 5] ^= 1;
  EXPECT_EQ(bad(wrong_sum), "its checksum is wrong");
  for (std::size_t cut = 1; cut < good.size(); ++cut)
    EXPECT_EQ(test.inflater.inflate(good.substr(0, cut)), Inflater::Outcome::bad) << cut;
  EXPECT_EQ(test.inflater.inflate(good), Inflater::Outcome::done);
}

TEST(Inflater, survives_any_damage) {
  Inflating test;
  const std::uint64_t seed = 20261123;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::string text(20'000, ' ');
  for (char& c : text) c = static_cast<char>('a' + random.below(8));
  const std::string good = gzip(text);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = good;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
      damaged[random.below(damaged.size())] = static_cast<char>(random.next());
    (void)test.inflater.inflate(damaged);
  }
  EXPECT_EQ(test.inflater.inflate(good), Inflater::Outcome::done);
}

TEST(Inflater, stops_bombs_at_the_cap) {
  Inflating test;
  const std::string bomb = gzip(std::string(200 << 20, 'x'));
  EXPECT_LT(bomb.size(), 3'000'000u);
  EXPECT_EQ(test.inflater.inflate(bomb), Inflater::Outcome::too_large);
  EXPECT_LE(test.budget.used(), (2u << 20));
  EXPECT_EQ(test.inflater.inflate(gzip(std::string((1 << 20) + 1, 'x'))), Inflater::Outcome::too_large);
  EXPECT_EQ(test.inflater.inflate(gzip(std::string(1 << 19, 'x')) + gzip(std::string((1 << 19) + 1, 'y'))),
            Inflater::Outcome::too_large);
}

TEST(Inflater, takes_no_more_than_the_budget) {
  http::ByteBudget budget(200'000);
  Inflater inflater(budget, 1 << 20);
  EXPECT_EQ(inflater.inflate(gzip(std::string(90'000, 'x'))), Inflater::Outcome::done);
  EXPECT_EQ(inflater.inflate(gzip(std::string(900'000, 'x'))), Inflater::Outcome::no_room);
}

TEST(Gif, reads_base64_of_every_writing) {
  const std::string text = "[{\"kind\":\"identify\",\"x\":\"\xc3\xbf\xc3\xbe?>\"}]";
  std::string standard;
  base64_append(standard, text);
  std::string url = standard;
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  const std::string unpadded = url.substr(0, url.find('='));
  std::string percent;
  for (const char c : standard) percent += c == '+' ? "%2B" : c == '/' ? "%2f" : c == '=' ? "%3D" : std::string(1, c);
  for (const std::string& form : {standard, url, unpadded, percent}) {
    EXPECT_EQ(gif_payload("d=" + form), text) << form;
    EXPECT_EQ(gif_payload("v=3&d=" + form + "&x=y"), text) << form;
  }
  EXPECT_EQ(gif_payload(""), std::nullopt);
  EXPECT_EQ(gif_payload("x=y"), std::nullopt);
  EXPECT_EQ(gif_payload("d=*"), std::nullopt);
  EXPECT_EQ(gif_payload("d="), "");
  EXPECT_EQ(gif_picture().substr(0, 6), "GIF89a");
  EXPECT_EQ(gif_picture().back(), ';');
}

TEST(Diagnostics, asks_for_an_object_and_nothing_else) {
  EXPECT_TRUE(read_diagnostic(R"({"kind":"diagnostic-init","sdk":{"name":"x"}})")->start);
  EXPECT_EQ(read_diagnostic(R"({"kind":"diagnostic","droppedEvents":12})")->dropped_events, 12u);
  EXPECT_EQ(read_diagnostic(R"({"droppedEvents":-1})")->dropped_events, 0u);
  EXPECT_EQ(read_diagnostic(R"({"kind":7,"droppedEvents":"many"})")->dropped_events, 0u);
  EXPECT_EQ(read_diagnostic("{}")->dropped_events, 0u);
  for (const char* bad : {"[]", "", "7", "{", "{\"a\":\"\xff\"}"})
    EXPECT_FALSE(read_diagnostic(bad).has_value()) << bad;
  EXPECT_FALSE(read_diagnostic(std::string(100'000, '[')).has_value());
  EXPECT_EQ(sdk_label("NodeJSClient/9.13.7"), "NodeJSClient");
  EXPECT_EQ(sdk_label("a b\n\xff/1"), "a_b__");
  EXPECT_EQ(sdk_label(""), "(unknown)");
  EXPECT_EQ(sdk_label(std::string(500, 'x')).size(), 64u);
}

TEST(LogGate, lets_one_through_and_counts_the_others) {
  LogGate limiter;
  EXPECT_EQ(limiter.pass(0, 10), 0u);
  EXPECT_EQ(limiter.pass(5'000, 10), std::nullopt);
  EXPECT_EQ(limiter.pass(9'999, 10), std::nullopt);
  EXPECT_EQ(limiter.pass(10'000, 10), 2u);
}

TEST(Answers, never_stop_an_sdk_that_did_nothing_wrong) {
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    const unsigned status = refusal_status(refusal);
    const bool credential = refusal == Refusal::no_credential || refusal == Refusal::unknown_credential ||
                            refusal == Refusal::unknown_environment || refusal == Refusal::unknown_path ||
                            refusal == Refusal::wrong_method || refusal == Refusal::forwarded;  // no SDK forwards
    EXPECT_EQ(credential, status != 400 && status != 408 && status < 500) << refusal_name(refusal);
  }
  EXPECT_EQ(refusal_answer(Refusal::overloaded, "a \"b\"").body, R"({"code":"overloaded","message":"a \"b\""})");
}

TEST(IntakeDeadLetters, are_lines_of_json) {
  std::string line;
  append_dead_letter(line, {1'700'000'000'123, ObjectId{}, "id-1", "Sdk/1", 3, "event 3 is a number", "42\n"}, 100);
  EXPECT_EQ(
      line,
      "{\"time\":\"2023-11-14T22:13:20.123Z\",\"environment\":\"000000000000000000000000\",\"payload_id\":\"id-1\","
      "\"sdk\":\"Sdk/1\",\"position\":3,\"reason\":\"event 3 is a number\",\"event\":\"42\\u000a\"}\n");
  line.clear();
  append_dead_letter(line, {0, ObjectId{}, "", "", 0, "r", "\xff\xfe\xfd\xfc"}, 3);
  EXPECT_NE(line.find("\"event_bytes\":4,\"event_base64\":\"//79\"}"), std::string::npos) << line;
}

struct Letters {
  explicit Letters(const IntakeLimits& its_limits = {}) : limits(its_limits) { start(); }
  void start() { letters = std::make_unique<IntakeDeadLetters>(files, "/letters", limits, metrics, workers); }

  const IntakeLimits limits;
  ManualClock clock;
  ManualWorkers workers{clock};
  storage::FakeFileSystem files{1};
  IntakeMetrics metrics;
  std::unique_ptr<IntakeDeadLetters> letters;
};

TEST(IntakeDeadLetters, keep_two_files_of_bounded_size) {
  IntakeLimits limits;
  limits.max_dead_letter_file_bytes = 1000;
  Letters stage(limits);
  for (int i = 0; i < 10; ++i) {
    stage.letters->keep(CredentialKind::sdk_key, std::string(399, static_cast<char>('0' + i)) + "\n", 1);
    stage.workers.run_due();
  }
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson").size(), 800u);
  EXPECT_EQ(stage.files.bytes("/letters/intake.1.ndjson").size(), 800u);
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson")[799 - 1], '9');
  EXPECT_EQ(stage.metrics.totals().dead_letters, 10u);
}

TEST(IntakeDeadLetters, who_knows_a_public_id_displaces_nothing_that_came_with_a_key) {
  IntakeLimits limits;
  limits.max_dead_letter_file_bytes = limits.max_client_dead_letter_file_bytes = 1000;
  limits.max_dead_letter_queue_bytes = 2000;
  Letters stage(limits);
  stage.letters->keep(CredentialKind::sdk_key, "{\"mine\":1}\n", 1);
  for (int i = 0; i < 100; ++i) stage.letters->keep(CredentialKind::client_side_id, std::string(399, 'x') + "\n", 1);
  stage.letters->keep(CredentialKind::mobile_key, "{\"mine\":2}\n", 1);  // their queue is full, this one not
  stage.workers.run_due();
  for (int i = 0; i < 10; ++i) {
    stage.letters->keep(CredentialKind::client_side_id, std::string(399, 'x') + "\n", 1);
    stage.workers.run_due();
  }
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson"), "{\"mine\":1}\n{\"mine\":2}\n");
  EXPECT_LE(stage.files.bytes("/letters/intake-client.ndjson").size(), 1000u);
  EXPECT_EQ(stage.metrics.totals().dead_letters_dropped, 95u);
}

TEST(IntakeDeadLetters, what_waits_is_written_at_the_end) {
  Letters stage;
  stage.letters->keep(CredentialKind::sdk_key, "{}\n", 1);
  stage.letters.reset();
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson"), "{}\n");
}

TEST(IntakeDeadLetters, are_counted_when_there_is_no_room) {
  IntakeLimits limits;
  limits.max_dead_letter_queue_bytes = 10;
  Letters stage(limits);
  stage.files.fail_write(0, storage::FileFault::no_space);
  stage.letters->keep(CredentialKind::sdk_key, "too long a line for the queue\n", 2);
  stage.letters->keep(CredentialKind::sdk_key, "short\n", 1);
  stage.workers.run_due();
  EXPECT_EQ(stage.metrics.totals().dead_letters_dropped, 3u);
  stage.letters->keep(CredentialKind::sdk_key, "later\n", 1);
  stage.workers.run_due();
  EXPECT_EQ(stage.metrics.totals().dead_letters, 1u);
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson"), "later\n") << "over what the failed write left";
}

TEST(IntakeDeadLetters, a_line_that_a_crash_has_cut_spoils_no_other) {
  Letters stage;
  stage.files.set_bytes("/letters/intake.ndjson", "{\"cut");
  stage.letters->keep(CredentialKind::sdk_key, "{}\n", 1);
  stage.workers.run_due();
  EXPECT_EQ(stage.files.bytes("/letters/intake.ndjson"), "{\"cut\n{}\n");
}

TEST(IntakeMetrics, add_up_over_loops_and_bound_their_labels) {
  IntakeMetrics metrics;
  metrics.add_loop().refuse(Refusal::journal_full);
  IntakeLoopMetrics& loop = metrics.add_loop();
  loop.refuse(Refusal::journal_full);
  loop.answered(200);
  loop.answered(900'000);
  loop.answered(9'000'000);
  const IntakeTotals totals = metrics.totals();
  EXPECT_EQ(totals.refused[static_cast<std::size_t>(Refusal::journal_full)], 2u);
  EXPECT_EQ(totals.latency.front(), 1u);
  EXPECT_EQ(totals.latency.back(), 1u);
  EXPECT_EQ(totals.latency_us_sum, 9'900'200u);
  for (int i = 0; i < 10; ++i) metrics.count_diagnostic(ObjectId{}, "sdk" + std::to_string(i), i % 2 == 0, 1, 3);
  EXPECT_EQ(metrics.diagnostics().size(), 4u);
  std::uint64_t dropped = 0;
  for (const DiagnosticTotals& totals_of : metrics.diagnostics()) dropped += totals_of.dropped_events;
  EXPECT_EQ(dropped, 10u);
}

}  // namespace
}  // namespace sluice::intake
