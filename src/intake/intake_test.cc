// Intake as a whole, from the socket to the journal: what it takes, by which path and from whom, and what it then
// answers (docs/sdk-protocol.md).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/base64.h"
#include "event/entry.h"
#include "intake/intake_stage_fake.h"

namespace sluice::intake {
namespace {

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
  StageOptions options;
  options.intake.path_prefix = "/sluice";
  Stage stage(options);
  const std::string sdk = "Authorization: " + std::string(kSdkKey) + "\r\n";
  EXPECT_EQ(stage.ask(http::post_text("/sluice/bulk", array_of(kEvent), sdk)).status, 202u);
  EXPECT_EQ(stage.ask(http::post_text("/bulk", array_of(kEvent), sdk)).status, 202u);
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

TEST(Intake, answers_whoever_asks_whether_somebody_is_there) {
  Stage stage;
  for (const char* text : {"OPTIONS / HTTP/1.1\r\nHost: t\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: t\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"})
    EXPECT_EQ(stage.ask(text).status, 200u) << text;
  const auto head = stage.connect();
  ASSERT_TRUE(head->send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_EQ(head->receive(true).status, 200u);
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
  StageOptions options;
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
  StageOptions options;
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
