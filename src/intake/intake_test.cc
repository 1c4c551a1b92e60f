// Intake as a whole, from the socket to the journal: every row of docs/sdk-protocol.md's tables, and what clients do
// wrong.
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "base/base64.h"
#include "base/worker_fake.h"
#include "event/entry.h"
#include "http/raw_client_fake.h"
#include "intake/gzip_fake.h"
#include "intake/handler.h"
#include "intake/journal_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::intake {
namespace {

constexpr const char* kSdkKey = "sdk-00000000-0000-4000-8000-000000000001";
constexpr const char* kMobileKey = "mob-00000000-0000-4000-8000-000000000002";
constexpr const char* kEnvironment = "578d1e02d2943862c52b9686";
constexpr const char* kEvent =
    R"({"kind":"identify","creationDate":1700000000000,"context":{"kind":"user","key":"u"}})";

catalog::CatalogPointer test_catalog() {
  catalog::Project project;
  project.id = *ObjectId::parse("5744c96707c9900708000004");
  project.key = "web";
  catalog::Environment environment;
  environment.id = *ObjectId::parse(kEnvironment);
  environment.project_id = project.id;
  environment.project_key = "web";
  environment.key = "production";
  environment.sdk_keys = {kSdkKey};
  environment.mobile_keys = {kMobileKey};
  environment.allowed_headers = {"X-Trace"};
  return std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>{project},
                                                    std::vector<catalog::Environment>{environment},
                                                    std::vector<catalog::Destination>{});
}

struct Options {
  http::HttpLimits http;
  IntakeLimits intake;
  bool with_catalog = true;
};

struct Stage {
  catalog::Catalog catalog;
  flags::FlagRegistry flags;
  FakeJournal journal;
  SystemClock clock;
  IntakeMetrics metrics;
  ManualClock worker_clock;
  ManualWorkers workers{worker_clock};
  storage::FakeFileSystem files{1};
  IntakeDeadLetters letters;
  Intake intake;
  std::unique_ptr<http::HttpServer> server;

  explicit Stage(Options options = {})
      : letters(files, "/letters", options.intake, metrics, workers),
        intake(catalog, flags, journal, clock, metrics, letters, options.intake, [](const http::HttpRequest& request) {
          http::HttpResponse response;
          response.body = "common " + std::string(request.path);
          return response;
        }) {
    if (options.with_catalog) catalog.publish(test_catalog());
    auto started = http::HttpServer::start("127.0.0.1:0", 1, options.http, std::nullopt,
                                           [this](unsigned) { return intake.make_handler(); });
    EXPECT_TRUE(started.has_value());
    server = std::move(*started);
  }

  std::unique_ptr<http::RawClient> connect() const { return std::make_unique<http::RawClient>(server->address()); }
  http::RawResponse ask(const std::string& text) const { return connect()->ask(text); }
  std::uint64_t refused(Refusal refusal) const { return metrics.totals().refused[static_cast<std::size_t>(refusal)]; }
};

std::string bulk(std::string_view body, std::string_view headers = {}) {
  return http::post_text("/bulk", body, "Authorization: " + std::string(kSdkKey) + "\r\n" + std::string(headers));
}

std::string array_of(std::string_view event) { return "[" + std::string(event) + "]"; }

std::string request(std::string_view method, std::string_view target, std::string_view headers = {}) {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n";
}

std::string feature(std::string_view member) {
  return R"({"kind":"feature","creationDate":1700000000001,"key":"f","value":true,"context":{"kind":"user","key":"u"},)" +
         std::string(member) + "}";
}

TEST(Intake, answers_202_with_nothing_but_a_date_once_the_journal_has_it) {
  Stage stage;
  const http::RawResponse response =
      stage.ask(bulk(array_of(kEvent),
                     "X-LaunchDarkly-Event-Schema: 4\r\n"
                     "x-launchdarkly-PAYLOAD-id: 123e4567-e89b-12d3-a456-426614174000\r\n"
                     "X-LaunchDarkly-Tags: application-id/shop\r\n"
                     "X-LaunchDarkly-Wrapper: react/2\r\n"
                     "X-LaunchDarkly-Instance-Id: i-1\r\n"
                     "X-LaunchDarkly-Unsummarized: true\r\n"
                     "User-Agent: NodeJSClient/9.13.7\r\n"));
  EXPECT_EQ(response.status, 202u);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.header("content-length"), "0");
  EXPECT_EQ(response.header("date").size(), 29u);
  EXPECT_EQ(response.header("connection"), "");

  const auto stored = stage.journal.stored();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].environment.hex(), kEnvironment);
  EXPECT_NE(stored[0].dedupe_key, journal::DedupeKey{});
  EXPECT_EQ(stored[0].counts[static_cast<std::size_t>(event::EventKind::identify)], 1u);
  const auto entry = event::EntryView::open(stored[0].entry);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->project().hex(), "5744c96707c9900708000004");
  EXPECT_EQ(entry->source().sdk, "NodeJSClient/9.13.7");
  EXPECT_EQ(entry->source().tags, "application-id/shop");
  EXPECT_EQ(entry->source().wrapper, "react/2");
  EXPECT_EQ(entry->source().instance_id, "i-1");
  EXPECT_EQ(entry->source().payload_id, "123e4567-e89b-12d3-a456-426614174000");
  EXPECT_EQ(entry->source().schema, 4);
  EXPECT_TRUE(entry->source().unsummarized);
  event::EntryView::Walk walk;
  event::EventSlot slot;
  ASSERT_TRUE(entry->next(walk, slot));
  EXPECT_NE(slot.json.find(R"("kind":"identify","id":")"), std::string_view::npos) << slot.json;

  const IntakeTotals totals = stage.metrics.totals();
  EXPECT_EQ(totals.payloads_received, 1u);
  EXPECT_EQ(totals.payloads_accepted, 1u);
  EXPECT_EQ(totals.events_accepted, 1u);
  std::uint64_t timed = 0;
  for (const std::uint64_t count : totals.latency) timed += count;
  EXPECT_EQ(timed, 1u);
}

TEST(Intake, waits_for_the_journal_before_it_answers) {
  Stage stage;
  stage.journal.hold_answers();
  const auto waiting = stage.connect();
  ASSERT_TRUE(waiting->send(bulk(array_of(kEvent))));
  stage.journal.wait_held(1);
  EXPECT_EQ(stage.metrics.totals().payloads_accepted, 0u);
  EXPECT_EQ(stage.ask(request("GET", "/healthz")).status, 200u);
  stage.journal.release();
  EXPECT_EQ(waiting->receive().status, 202u);
}

TEST(Intake, takes_every_endpoint_with_its_credential) {
  Stage stage;
  const std::string sdk = "Authorization: " + std::string(kSdkKey) + "\r\n";
  const std::string mobile = "Authorization: " + std::string(kMobileKey) + "\r\n";
  const std::string id = kEnvironment;
  const std::string payload = array_of(kEvent);
  const std::string diagnostic = R"({"kind":"diagnostic","droppedEvents":3})";
  for (const char* path : {"/bulk", "/bulk/", "//bulk"})
    EXPECT_EQ(stage.ask(http::post_text(path, payload, sdk)).status, 202u) << path;
  EXPECT_EQ(
      stage.ask(http::post_text("/bulk", payload, "AUTHORIZATION: api_key " + std::string(kSdkKey) + "\r\n")).status,
      202u);
  for (const char* path : {"/mobile", "/mobile/events", "/mobile/events/bulk"})
    EXPECT_EQ(stage.ask(http::post_text(path, payload, mobile)).status, 202u) << path;
  EXPECT_EQ(stage.ask(http::post_text("/events/bulk/" + id, payload)).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 8u);
  EXPECT_EQ(stage.ask(http::post_text("/diagnostic", diagnostic, sdk + "User-Agent: NodeJSClient/9\r\n")).status, 202u);
  EXPECT_EQ(stage.ask(http::post_text("/mobile/events/diagnostic", diagnostic, mobile)).status, 202u);
  EXPECT_EQ(stage
                .ask(http::post_text("/events/diagnostic/" + id, R"({"kind":"diagnostic-init"})",
                                     "X-LaunchDarkly-User-Agent: JSClient/3\r\n"))
                .status,
            202u);
  EXPECT_EQ(stage.journal.stored().size(), 8u);
  const auto diagnostics = stage.metrics.diagnostics();
  ASSERT_EQ(diagnostics.size(), 3u);
  EXPECT_EQ(diagnostics[1].sdk, "JSClient");
  EXPECT_EQ(diagnostics[1].starts, 1u);
  EXPECT_EQ(diagnostics[2].sdk, "NodeJSClient");
  EXPECT_EQ(diagnostics[2].dropped_events, 3u);
  EXPECT_EQ(stage.ask(request("GET", "/status?x=y")).body, "common /status");
}

TEST(Intake, takes_a_path_prefix) {
  Options options;
  options.intake.path_prefix = "/sluice";
  Stage stage(options);
  const std::string sdk = "Authorization: " + std::string(kSdkKey) + "\r\n";
  EXPECT_EQ(stage.ask(http::post_text("/sluice/bulk", array_of(kEvent), sdk)).status, 202u);
  EXPECT_EQ(stage.ask(http::post_text("/bulk", array_of(kEvent), sdk)).status, 202u);
}

TEST(Intake, says_no_with_the_status_that_fits) {
  Stage stage;
  const std::string payload = array_of(kEvent);
  const auto refused = [&](const std::string& text, unsigned status, Refusal refusal) {
    SCOPED_TRACE(text.substr(0, 70));
    const std::uint64_t before = stage.refused(refusal);
    const auto client = stage.connect();
    const http::RawResponse response = client->ask(text);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.header("content-type"), "application/json");
    EXPECT_EQ(response.body.find("{\"code\":\"" + std::string(refusal_name(refusal)) + "\",\"message\":\""), 0u)
        << response.body;
    EXPECT_EQ(stage.refused(refusal), before + 1);
    // A refusal of what was said leaves the connection open for better.
    EXPECT_EQ(client->ask(bulk(payload)).status, 202u);
    return response;
  };
  const std::string unknown_key = "Authorization: sdk-11111111-1111-4111-8111-111111111111\r\n";
  const std::string mobile = "Authorization: " + std::string(kMobileKey) + "\r\n";
  const std::string sdk = "Authorization: " + std::string(kSdkKey) + "\r\n";
  const std::string id = kEnvironment;
  refused(http::post_text("/bulk", payload), 401, Refusal::no_credential);
  refused(http::post_text("/bulk", payload, "Authorization:\r\n"), 401, Refusal::no_credential);
  refused(http::post_text("/bulk", payload, unknown_key), 401, Refusal::unknown_credential);
  refused(http::post_text("/bulk", payload, mobile), 401, Refusal::unknown_credential);
  refused(http::post_text("/mobile", payload, sdk), 401, Refusal::unknown_credential);
  refused(http::post_text("/diagnostic", "{}", unknown_key), 401, Refusal::unknown_credential);
  refused(http::post_text("/events/bulk/000000000000000000000000", payload), 404, Refusal::unknown_environment);
  refused(request("GET", "/a/000000000000000000000000.gif?d=W10"), 404, Refusal::unknown_environment);
  refused(http::post_text("/nothing", payload, sdk), 404, Refusal::unknown_path);
  refused(request("GET", "/sdk/latest-all", sdk), 404, Refusal::unknown_path);
  EXPECT_EQ(refused(request("GET", "/bulk", sdk), 405, Refusal::wrong_method).header("allow"), "POST");
  EXPECT_EQ(refused(request("GET", "/events/bulk/" + id), 405, Refusal::wrong_method).header("allow"), "POST,OPTIONS");
  EXPECT_EQ(refused(http::post_text("/a/" + id + ".gif", ""), 405, Refusal::wrong_method).header("allow"),
            "GET,OPTIONS");
  refused(request("DELETE", "/status"), 405, Refusal::wrong_method);
  refused(bulk(""), 400, Refusal::empty_body);
  refused(request("POST", "/bulk", sdk), 400, Refusal::empty_body);
  refused(bulk(gzip(""), "Content-Encoding: gzip\r\n"), 400, Refusal::empty_body);
  refused(bulk("[1,2", {}), 400, Refusal::not_a_payload);
  refused(bulk("{}", {}), 400, Refusal::not_a_payload);
  refused(bulk("hello", {}), 400, Refusal::not_a_payload);
  refused(bulk(payload + "x", {}), 400, Refusal::not_a_payload);
  refused(bulk(payload, "Content-Encoding: gzip\r\n"), 400, Refusal::bad_encoding);
  refused(bulk(gzip(payload) + "tail", "Content-Encoding: gzip\r\n"), 400, Refusal::bad_encoding);
  refused(bulk(gzip(payload).substr(0, 20), "Content-Encoding: gzip\r\n"), 400, Refusal::bad_encoding);
  refused(bulk(payload, "Content-Encoding: br\r\n"), 400, Refusal::bad_encoding);
  refused(http::post_text("/diagnostic", "[]", sdk), 400, Refusal::not_a_payload);
  refused(http::post_text("/diagnostic", "{\"a\":\"" + std::string(300'000, 'x') + "\"}", sdk), 400,
          Refusal::too_large);
  refused(request("GET", "/a/" + id + ".gif"), 400, Refusal::bad_encoding);
  refused(request("GET", "/a/" + id + ".gif?d="), 400, Refusal::empty_body);
  refused(request("GET", "/a/" + id + ".gif?d=e30"), 400, Refusal::not_a_payload);
}

TEST(Intake, says_where_a_body_is_wrong) {
  Stage stage;
  const std::string body = "[{\"kind\":\"identify\"},{\"kind\"";
  EXPECT_NE(stage.ask(bulk(body)).body.find("byte"), std::string::npos);
}

TEST(Intake, answers_503_with_a_time_to_come_back_while_it_cannot_store) {
  Stage stage;
  const std::string text = bulk(array_of(kEvent));
  const struct {
    journal::AppendOutcome outcome;
    Refusal refusal;
  } cases[] = {{journal::AppendOutcome::full, Refusal::journal_full},
               {journal::AppendOutcome::overloaded, Refusal::overloaded},
               {journal::AppendOutcome::stopping, Refusal::stopping}};
  for (const auto& [outcome, refusal] : cases) {
    stage.journal.answer_with(outcome);
    const http::RawResponse response = stage.ask(text);
    EXPECT_EQ(response.status, 503u);
    EXPECT_GE(std::stoi(response.header("retry-after")), 1);
    EXPECT_NE(response.body.find(refusal_name(refusal)), std::string::npos);
    EXPECT_EQ(stage.refused(refusal), 1u);
  }
  EXPECT_EQ(stage.metrics.totals().payloads_accepted, 0u);
  stage.journal.answer_with(journal::AppendOutcome::durable);
  EXPECT_EQ(stage.ask(text).status, 202u);
}

TEST(Intake, answers_503_and_never_401_before_it_knows_any_key) {
  Options options;
  options.with_catalog = false;
  Stage stage(options);
  const http::RawResponse response = stage.ask(bulk(array_of(kEvent)));
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(response.header("retry-after"), "1");
  EXPECT_EQ(stage.ask(http::post_text("/events/bulk/x", "[]")).status, 503u);
  stage.catalog.publish(test_catalog());
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 202u);
}

TEST(Intake, follows_the_catalog_on_open_connections) {
  Stage stage;
  const auto client = stage.connect();
  EXPECT_EQ(client->ask(bulk(array_of(kEvent))).status, 202u);
  stage.catalog.publish(std::make_shared<catalog::CatalogSnapshot>(
      std::vector<catalog::Project>{}, std::vector<catalog::Environment>{}, std::vector<catalog::Destination>{}));
  EXPECT_EQ(client->ask(bulk(array_of(kEvent))).status, 401u);
  stage.catalog.publish(test_catalog());
  EXPECT_EQ(client->ask(bulk(array_of(kEvent))).status, 202u);
}

TEST(Intake, stores_a_payload_sent_twice_once) {
  Stage stage;
  for (const char* id : {"123e4567-e89b-12d3-a456-426614174000", "no-uuid"}) {
    const std::string text = bulk(array_of(kEvent), "X-LaunchDarkly-Payload-ID: " + std::string(id) + "\r\n");
    EXPECT_EQ(stage.ask(text).status, 202u);
    EXPECT_EQ(stage.ask(text).status, 202u);
  }
  EXPECT_EQ(stage.journal.stored().size(), 2u);
  EXPECT_EQ(stage.metrics.totals().payloads_deduplicated, 2u);
  // Without an id nothing is the same.
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 202u);
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 4u);
}

TEST(Intake, stores_what_differs_under_one_payload_id) {
  Stage stage;
  const std::string id = "X-LaunchDarkly-Payload-ID: undefined\r\n";
  const std::string mobile = "Authorization: " + std::string(kMobileKey) + "\r\n" + id;
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent), id)).status, 202u);
  EXPECT_EQ(stage.ask(bulk(array_of(feature("\"data\":1")), id)).status, 202u);
  EXPECT_EQ(stage.ask(http::post_text("/mobile", array_of(kEvent), mobile)).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 3u) << "another body, and another credential";
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent), id)).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 3u);
  EXPECT_EQ(stage.metrics.totals().payloads_deduplicated, 1u);
}

TEST(Intake, accepts_an_empty_array_and_stores_nothing) {
  Stage stage;
  EXPECT_EQ(stage.ask(bulk("[]")).status, 202u);
  EXPECT_EQ(stage.ask(bulk(" [ ] ")).status, 202u);
  EXPECT_TRUE(stage.journal.stored().empty());
  EXPECT_EQ(stage.metrics.totals().payloads_empty, 2u);
}

TEST(Intake, inflates_no_more_of_a_diagnostic_event_than_one_may_have) {
  Stage stage;
  const std::string body = gzip("{\"kind\":\"diagnostic\",\"pad\":\"" + std::string(2 << 20, 'x') + "\"}");
  const http::RawResponse response = stage.ask(http::post_text(
      "/diagnostic", body, "Authorization: " + std::string(kSdkKey) + "\r\nContent-Encoding: gzip\r\n"));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("larger than 64.0 KiB after inflation"), std::string::npos) << response.body;
}

TEST(Intake, sets_unusable_events_aside_without_losing_their_neighbours) {
  Stage stage;
  std::string deep = "1";
  for (int i = 0; i < 300; ++i) deep = "[" + deep + "]";
  const std::string body =
      "[" + std::string(kEvent) + ",42,\"text\",{\"no\":\"kind\"}," + feature("\"data\":" + deep) + "," + kEvent + "]";
  EXPECT_EQ(stage.ask(bulk(body, "X-LaunchDarkly-Payload-ID: p-1\r\n")).status, 202u);
  const auto stored = stage.journal.stored();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
  EXPECT_EQ(stored[0].counts[static_cast<std::size_t>(event::EventKind::unusable)], 4u);
  EXPECT_EQ(stage.metrics.totals().events_unusable, (event::UnusableCounts{2, 1, 0, 1})) << "by reason";
  stage.workers.run_due();
  std::istringstream file(stage.files.bytes("/letters/intake.ndjson"));
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(file, line)) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[0].find("\"position\":1"), std::string::npos);
  EXPECT_NE(lines[0].find("\"event\":\"42\""), std::string::npos);
  EXPECT_NE(lines[0].find("\"payload_id\":\"p-1\""), std::string::npos);
  // The same payload again is stored nowhere again.
  EXPECT_EQ(stage.ask(bulk(body, "X-LaunchDarkly-Payload-ID: p-1\r\n")).status, 202u);
  stage.workers.run_due();
  EXPECT_EQ(stage.metrics.totals().dead_letters, 4u);
}

TEST(Intake, an_event_that_is_not_json_loses_only_itself) {
  Stage stage;
  const std::string bad[] = {feature(R"("metricValue":NaN)"), feature("\"data\":\"\xE9\""),
                             feature("\"data\":\"\xED\xA0\xBD\xED\xB8\x80\""), feature("\"data\":\"a\tb\"")};
  for (const std::string& event : bad) {
    const std::size_t before = stage.journal.stored().size();
    EXPECT_EQ(stage.ask(bulk("\xEF\xBB\xBF[" + std::string(kEvent) + "," + event + "," + kEvent + "]")).status, 202u);
    const auto stored = stage.journal.stored();
    ASSERT_EQ(stored.size(), before + 1);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::unusable)], 1u);
  }
  stage.workers.run_due();
  const std::string letters = stage.files.bytes("/letters/intake.ndjson");
  EXPECT_EQ(std::count(letters.begin(), letters.end(), '\n'), 4);
  EXPECT_NE(letters.find("\"position\":1,\"reason\":\"event 1 is not JSON: byte "), std::string::npos) << letters;
  EXPECT_EQ(stage.metrics.totals().events_unusable, (event::UnusableCounts{0, 0, 0, 0, 4, 0})) << "by reason";
}

TEST(Intake, refuses_more_events_than_any_sdk_sends_before_it_has_read_them) {
  Stage stage;
  std::string body = "[1";
  for (int i = 0; i < 200'000; ++i) body += ",1";
  const http::RawResponse response = stage.ask(bulk(body + "]"));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("\"too_large\""), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("more than 1000 events of the payload are unusable"), std::string::npos);
  EXPECT_TRUE(stage.journal.stored().empty());
}

TEST(Intake, counts_what_reading_takes_as_it_counts_bodies) {
  Options options;
  options.intake.max_inflated_total_bytes = 5 << 20;
  Stage stage(options);
  const std::string large = "[" + feature("\"data\":\"" + std::string(3 << 20, 'x') + "\"") + "]";
  EXPECT_EQ(stage.ask(bulk(large)).status, 202u) << "the body as sent is counted elsewhere, its entry fits";
  const std::string packed = gzip(large);
  EXPECT_EQ(stage.ask(bulk(packed, "Content-Encoding: gzip\r\n")).status, 503u) << "body and entry do not fit";
  EXPECT_EQ(stage.intake.inflated.used(), 0u);
}

TEST(Intake, keeps_neighbours_of_odd_json) {
  Stage stage;
  const struct {
    const char* what;
    std::string member;
  } cases[] = {
      {"an integer above 64 bits", R"("data":123456789012345678901234567890)"},
      {"a lone surrogate", R"("data":"\ud800")"},
      {"a float for a date", R"("endDate":1.7e12)"},
      {"a number out of range", R"("data":1e999)"},
      {"a nesting of 200", "\"data\":" + std::string(200, '[') + std::string(200, ']')},
  };
  for (const auto& [what, member] : cases) {
    SCOPED_TRACE(what);
    const std::size_t before = stage.journal.stored().size();
    EXPECT_EQ(stage.ask(bulk("[" + std::string(kEvent) + "," + feature(member) + "," + kEvent + "]")).status, 202u);
    const auto stored = stage.journal.stored();
    ASSERT_EQ(stored.size(), before + 1);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
  }
}

TEST(Intake, lives_through_hostile_bodies) {
  Stage stage;
  const auto neighbour = stage.connect();
  const std::string hostile[] = {
      "[" + feature("\"data\":\"\xff\xfe\"") + "]",
      "[" + feature("\"data\":\"\xed\xa0\x80\"") + "]",
      std::string(100'000, '['),
      std::string(100'000, '[') + std::string(100'000, ']'),
      "[" + std::string(50'000, '{'),
      "[" + std::string(200'000, ','),
      std::string(1, '\0'),
      std::string(5000, '\0'),
      "[\"" + std::string(1 << 20, '\\'),
      "\xef\xbb\xbf[]",
  };
  for (const std::string& body : hostile) {
    const http::RawResponse response = stage.ask(bulk(body));
    EXPECT_TRUE(response.status == 400 || response.status == 202) << response.status;
    EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  }
}

TEST(Intake, inflates_and_bounds_what_it_inflates) {
  Options options;
  options.intake.max_inflated_bytes = 1 << 20;
  Stage stage(options);
  const std::string gz = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(stage.ask(bulk(gzip(array_of(kEvent)), gz)).status, 202u);
  EXPECT_EQ(stage.ask(bulk(gzip("[" + std::string(kEvent)) + gzip("]"), "content-encoding: GZIP\r\n")).status, 202u);
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent), "Content-Encoding: identity\r\n")).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 3u);
  const auto neighbour = stage.connect();
  const http::RawResponse response = stage.ask(bulk(gzip("[" + std::string(100 << 20, ' ') + "]"), gz));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("1.0 MiB"), std::string::npos) << response.body;
  EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  EXPECT_LE(stage.intake.inflated.used(), 2u << 20);
}

TEST(Intake, holds_an_environment_to_its_rate_and_lets_it_in_again) {
  Options options;
  options.intake.max_environment_bytes_per_s = 4'000;
  Stage stage(options);
  const std::string large = bulk(array_of(feature(R"("data":")" + std::string(9'000, 'x') + "\"")));
  EXPECT_EQ(stage.ask(large).status, 202u) << "no payload is too large for a rate";
  const http::RawResponse refused = stage.ask(bulk(array_of(kEvent)));
  EXPECT_EQ(refused.status, 503u);
  EXPECT_NE(refused.body.find("max_environment_bytes_per_s"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(stage.refused(Refusal::overloaded), 1u);
  // What it owes is paid in a quarter of a second; SDKs come back after one.
  unsigned status = 0;
  while (status != 202) status = stage.ask(bulk(array_of(kEvent))).status;
  EXPECT_EQ(stage.journal.stored().size(), 2u);
}

TEST(EnvironmentRates, are_each_environments_own_and_fill_with_time) {
  const ObjectId one = *ObjectId::parse(kEnvironment), other = *ObjectId::parse("578d1e02d2943862c52b9687");
  EnvironmentRates rates(1'000);
  EXPECT_TRUE(rates.take(one, 2'500, 0));
  EXPECT_FALSE(rates.take(one, 1, 400'000));
  EXPECT_TRUE(rates.take(other, 1, 400'000));
  EXPECT_TRUE(rates.take(one, 1, 600'000));
  EXPECT_TRUE(rates.take(one, 1'999, 100'000'000));
  EXPECT_TRUE(rates.take(one, 1, 100'000'000)) << "two seconds deep";
  EXPECT_FALSE(rates.take(one, 1, 100'000'000));
  EnvironmentRates without(0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(without.take(one, 1u << 30, 0));
}

TEST(Intake, answers_503_when_there_is_no_room_to_inflate) {
  Options options;
  options.intake.max_inflated_total_bytes = 100'000;
  Stage stage(options);
  const http::RawResponse response =
      stage.ask(bulk(gzip("[" + std::string(200'000, ' ') + "]"), "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(stage.ask(bulk(gzip(array_of(kEvent)), "Content-Encoding: gzip\r\n")).status, 202u);
}

TEST(Intake, refuses_an_entry_that_the_journal_cannot_take) {
  Stage stage;
  stage.journal.set_max_entry_bytes(50);
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 400u);
  EXPECT_EQ(stage.refused(Refusal::too_large), 1u);
}

TEST(Intake, answers_what_is_over_a_limit_of_http_with_400) {
  Options options;
  options.http.max_header_bytes = 2000;
  options.http.max_body_bytes = 10'000;
  options.http.header_timeout_ms = options.http.body_timeout_ms = 100;
  options.http.keep_alive_ms = 60'000;
  Stage stage(options);
  const auto neighbour = stage.connect();
  EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  const auto answer = [&](const std::string& text, unsigned status, Refusal refusal) {
    SCOPED_TRACE(text.substr(0, 50));
    const std::uint64_t before = stage.refused(refusal);
    const auto client = stage.connect();
    EXPECT_TRUE(client->send(text));
    const http::RawResponse response = client->receive();
    EXPECT_EQ(response.status, status);
    EXPECT_NE(response.body.find(refusal_name(refusal)), std::string::npos) << response.body;
    EXPECT_TRUE(client->closed());
    EXPECT_EQ(stage.refused(refusal), before + 1);
    EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  };
  const std::string key = "Authorization: " + std::string(kSdkKey) + "\r\n";
  answer(bulk("[]", "X-Long: " + std::string(4000, 'x') + "\r\n"), 400, Refusal::too_large);
  answer(bulk(std::string(10'001, ' ')), 400, Refusal::too_large);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\n" + key + "Content-Length: 10001\r\n\r\n", 400, Refusal::too_large);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\n" + key + "Transfer-Encoding: chunked\r\n\r\n2711\r\n" +
             std::string(10'001, ' ') + "\r\n",
         400, Refusal::too_large);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", 400, Refusal::bad_request);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\n" + key + "Content-Length: 100\r\n\r\n[", 408, Refusal::timed_out);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\n" + key + "Transfer-Encoding: chunked\r\n\r\n5\r\n[", 408,
         Refusal::timed_out);
  answer("POST /bulk HTTP/1.1\r\nHost: t\r\nAuthori", 408, Refusal::timed_out);
}

TEST(Intake, answers_at_the_headers_when_there_is_no_usable_credential) {
  Stage stage;
  const auto announced = [](std::string_view path, std::string_view headers) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n" + std::string(headers) +
           "Content-Length: 16777216\r\n\r\n";
  };
  const struct {
    std::string text;
    unsigned status;
    Refusal refusal;
  } cases[] = {
      {announced("/bulk", ""), 401, Refusal::no_credential},
      {announced("/bulk", "Authorization: sdk-unknown\r\n"), 401, Refusal::unknown_credential},
      {announced("/mobile", "Authorization: " + std::string(kSdkKey) + "\r\n"), 401, Refusal::unknown_credential},
      {announced("/events/bulk/unknown", ""), 404, Refusal::unknown_environment},
      {announced("/nothing", ""), 404, Refusal::unknown_path},
      {announced("/status", ""), 405, Refusal::wrong_method},
      {"POST /bulk HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[", 401, Refusal::no_credential},
  };
  for (const auto& [text, status, refusal] : cases) {
    SCOPED_TRACE(text.substr(0, 60));
    const std::uint64_t before = stage.refused(refusal);
    const auto client = stage.connect();
    ASSERT_TRUE(client->send(text));
    const http::RawResponse response = client->receive();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_EQ(stage.refused(refusal), before + 1);
  }
  const auto known = stage.connect();
  const std::string body = array_of(kEvent);
  ASSERT_TRUE(known->send("POST /bulk HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nAuthorization: " +
                          std::string(kSdkKey) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"));
  EXPECT_EQ(known->receive().status, 100u);
  EXPECT_EQ(known->ask(body).status, 202u);
}

TEST(Intake, answers_whoever_asks_whether_somebody_is_there) {
  Stage stage;
  for (const char* text : {"OPTIONS / HTTP/1.1\r\nHost: t\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: t\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"})
    EXPECT_EQ(stage.ask(text).status, 200u) << text;
  const auto head = stage.connect();
  ASSERT_TRUE(head->send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_EQ(head->receive(true).status, 200u);
}

TEST(Intake, waits_for_the_journal_to_have_room_and_not_for_ever) {
  Options options;
  options.http.max_wait_ms = 10'000;
  Stage stage(options);
  stage.journal.set_has_room(false);
  const auto client = stage.connect();
  ASSERT_TRUE(client->send(bulk(array_of(kEvent))));
  EXPECT_EQ(stage.ask(request("GET", "/healthz")).status, 200u) << "what needs no room is not held up";
  EXPECT_TRUE(stage.journal.stored().empty());
  stage.journal.set_has_room(true);
  EXPECT_EQ(client->receive().status, 202u);

  options.http.max_wait_ms = 30;
  Stage full(options);
  full.journal.set_has_room(false);
  full.journal.answer_with(journal::AppendOutcome::overloaded);
  EXPECT_EQ(full.ask(bulk(array_of(kEvent))).status, 503u);
}

TEST(Intake, takes_bodies_in_chunks_of_one_byte_and_pipelined) {
  Stage stage;
  const auto client = stage.connect();
  std::string chunked = "POST /bulk HTTP/1.1\r\nHost: t\r\nauthorization: " + std::string(kSdkKey) +
                        "\r\ntransfer-encoding: Chunked\r\n\r\n";
  for (const char c : array_of(kEvent)) chunked += std::string("1;x=y\r\n") + c + "\r\n";
  chunked += "0\r\nX-Trailer: t\r\n\r\n";
  std::string text;
  for (int i = 0; i < 20; ++i) text += i % 2 == 0 ? chunked : bulk(array_of(kEvent));
  ASSERT_TRUE(client->send(text));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client->receive().status, 202u) << i;
  EXPECT_EQ(stage.journal.stored().size(), 20u);
}

TEST(Intake, takes_the_picture_request_of_old_browsers) {
  Stage stage;
  const std::string payload = array_of(R"({"kind":"custom","key":"a?b>c","creationDate":1,"user":{"key":"ü"}})");
  std::string standard;
  base64_append(standard, payload);
  std::string url = standard;
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  url = url.substr(0, url.find('='));
  for (const std::string& data : {standard, url}) {
    const http::RawResponse response =
        stage.ask(request("GET", "/a/" + std::string(kEnvironment) + ".gif?d=" + data, "User-Agent: Mozilla/4.0\r\n"));
    EXPECT_EQ(response.status, 200u) << response.body;
    EXPECT_EQ(response.header("content-type"), "image/gif");
    EXPECT_EQ(response.body.substr(0, 6), "GIF89a");
    EXPECT_EQ(response.header("access-control-allow-methods"), "GET,OPTIONS");
  }
  ASSERT_EQ(stage.journal.stored().size(), 2u);
  const auto stored = stage.journal.stored();
  const auto entry = event::EntryView::open(stored[0].entry);
  EXPECT_EQ(entry->source().schema, 3);
}

TEST(Intake, puts_cors_on_every_answer_to_a_browser) {
  Options options;
  options.http.max_body_bytes = 10'000;
  Stage stage(options);
  const std::string path = "/events/bulk/" + std::string(kEnvironment);
  const std::string origin = "Origin: https://shop.example\r\n";
  const auto has_cors = [](const http::RawResponse& response) {
    EXPECT_EQ(response.header("access-control-allow-origin"), "https://shop.example");
    EXPECT_EQ(response.header("access-control-expose-headers"), "Date");
    EXPECT_EQ(response.header("access-control-max-age"), "300");
    EXPECT_EQ(response.header("access-control-allow-credentials"), "false");
    EXPECT_EQ(response.header("vary"), "Origin, Access-Control-Request-Headers");
    return response.status;
  };
  const http::RawResponse preflight = stage.ask(request("OPTIONS", path, origin));
  EXPECT_EQ(has_cors(preflight), 200u);
  EXPECT_EQ(preflight.body, "");
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "POST,OPTIONS");
  EXPECT_NE(preflight.header("access-control-allow-headers").find(",X-LaunchDarkly-Instance-Id,X-Trace"),
            std::string::npos);
  EXPECT_EQ(has_cors(stage.ask(http::post_text(path, array_of(kEvent), origin))), 202u);
  EXPECT_EQ(has_cors(stage.ask(http::post_text(path, "[", origin))), 400u);
  EXPECT_EQ(has_cors(stage.ask(http::post_text("/events/bulk/unknown", "[]", origin))), 404u);
  EXPECT_EQ(has_cors(stage.ask(request("GET", path, origin))), 405u);
  EXPECT_EQ(has_cors(stage.ask(http::post_text(path, std::string(10'001, ' '), origin))), 400u);
  stage.journal.answer_with(journal::AppendOutcome::full);
  EXPECT_EQ(has_cors(stage.ask(http::post_text(path, array_of(kEvent), origin))), 503u);
  EXPECT_EQ(stage.ask(http::post_text(path, "[]")).header("access-control-allow-origin"), "*");
  EXPECT_EQ(stage.ask(bulk("[]", origin)).header("access-control-allow-origin"), "");
}

TEST(Intake, is_not_held_up_by_slow_clients) {
  Options options;
  options.http.max_connections = 300;
  Stage stage(options);
  std::vector<std::unique_ptr<http::RawClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(stage.connect());
    ASSERT_TRUE(slow.back()->send(i % 2 == 0 ? "POST /bulk HTTP/1.1\r\nHost: t\r\nX-Slow"
                                             : "POST /bulk HTTP/1.1\r\nHost: t\r\nContent-Length: 999\r\n\r\n["));
  }
  const auto healthy = stage.connect();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(healthy->ask(bulk(array_of(kEvent))).status, 202u);
}

}  // namespace
}  // namespace sluice::intake
