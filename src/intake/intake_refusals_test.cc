// Intake says no only when it must, with the status and the code that docs/sdk-protocol.md has for it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "intake/gzip_fake.h"
#include "intake/intake_stage_fake.h"

namespace sluice::intake {
namespace {

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
  StageOptions options;
  options.with_catalog = false;
  Stage stage(options);
  const http::RawResponse response = stage.ask(bulk(array_of(kEvent)));
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(response.header("retry-after"), "1");
  EXPECT_EQ(stage.ask(http::post_text("/events/bulk/x", "[]")).status, 503u);
  stage.catalog.publish(test_catalog());
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 202u);
}

TEST(Intake, refuses_an_entry_that_the_journal_cannot_take) {
  Stage stage;
  stage.journal.set_max_entry_bytes(50);
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent))).status, 400u);
  EXPECT_EQ(stage.refused(Refusal::too_large), 1u);
}

TEST(Intake, answers_what_is_over_a_limit_of_http_with_400) {
  StageOptions options;
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

TEST(Intake, waits_for_the_journal_to_have_room_and_not_for_ever) {
  StageOptions options;
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

}  // namespace
}  // namespace sluice::intake
