// The endpoints of flag delivery, without connections: who is answered what, and which SDKs are noted.
#include "relay/relay_handler.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/worker_fake.h"
#include "http_client/http_stream_fake.h"
#include "http_client/http_transport_fake.h"
#include "intake/request_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::relay {
namespace {

const ObjectId kAskedEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");
constexpr std::string_view kAskedPut =
    "event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"a\":{\"key\":\"a\",\"version\":1}},\"segments\":{}}}\n\n";
constexpr std::string_view kBrowsersPath = "/sdk/evalx/578d1e02d2943862c52b9686/contexts/";

// Answers what is none of flag delivery's.
class NextHandler final : public http::HttpHandler {
 public:
  http::Admission admit(const http::HttpRequest&) override {
    http::Admission admission;
    admission.owner = 77;
    return admission;
  }
  bool ready(const http::HttpRequest&) override { return false; }
  void tick() override { ++ticks; }
  void handle(const http::HttpRequest&, http::HttpResponder responder) override {
    http::HttpResponse response;
    response.status = 299;
    responder(std::move(response));
  }
  int ticks = 0;
};

class RelayHandlerTest : public testing::Test {
 protected:
  RelayHandlerTest() {
    environment_.id = kAskedEnvironment;
    environment_.key = "production";
    environment_.sdk_keys = {"sdk-1"};
    environment_.mobile_keys = {"mob-1"};
    environment_.flag_export.as_sent = true;
    environment_.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
    environment_.flag_source.stream_uri = "http://upstream";
    environment_.flag_source.client_base_uri = "http://upstream";
    EXPECT_TRUE(disk_.make_directory("/data"));
    auto next = std::make_unique<NextHandler>();
    next_ = next.get();
    handler_ = make_relay_handler(delivery_, std::move(next));
  }
  ~RelayHandlerTest() override { relay_.stop(); }

  void publish() {
    const auto catalog = std::make_shared<const catalog::CatalogSnapshot>(
        std::vector<catalog::Project>(), std::vector<catalog::Environment>{environment_},
        std::vector<catalog::Destination>());
    flags_.apply(*catalog);
    catalog_.publish(catalog);
    relay_.apply(catalog);
    workers_.run_due();
  }
  void publish_with_flags() {
    publish();
    streams_.last().event_stream();
    streams_.last().bytes(kAskedPut);
    workers_.run_due();
  }
  std::shared_ptr<intake::FakeRequest> ask(std::string_view target, std::string_view key = "sdk-1",
                                           std::string_view headers = {}, std::string_view method = "GET") {
    std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n";
    if (!key.empty()) text += "Authorization: " + std::string(key) + "\r\n";
    auto request = std::make_shared<intake::FakeRequest>(text + std::string(headers) + "\r\n");
    handler_->handle(request->request, http::HttpResponder(request));
    return request;
  }
  bool says(const std::shared_ptr<intake::FakeRequest>& request, unsigned status, std::string_view code) {
    EXPECT_EQ(request->status, status) << request->body;
    EXPECT_NE(request->body.find("\"code\":\"" + std::string(code) + "\""), std::string::npos) << request->body;
    return request->status == status;
  }
  std::vector<intake::SeenSdkLine> seen() const { return sdks_.list(kAskedEnvironment, clock_.wall_ms()); }

  ManualClock clock_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem disk_{1};
  http_client::HttpStreamTransportFake streams_;
  http_client::HttpTransportFake calls_{http_client::HttpTransportFake::When::on_demand};
  flags::FlagRegistry flags_;
  catalog::Catalog catalog_;
  catalog::Environment environment_;
  Relay relay_{{disk_, streams_, clock_, flags_, "/data", "/data/flag-files", nullptr, workers_}};
  ClientRequests clients_{{calls_, clock_, flags_}};
  intake::SeenSdks sdks_;
  FlagDelivery delivery_{relay_, clients_, catalog_, clock_, sdks_, "/flags-here", 10'000};
  NextHandler* next_ = nullptr;
  std::unique_ptr<http::HttpHandler> handler_;
};

TEST_F(RelayHandlerTest, what_is_not_of_flag_delivery_goes_to_the_next_handler) {
  publish_with_flags();
  EXPECT_EQ(ask("/bulk", "sdk-1", {}, "POST")->status, 299u);
  intake::FakeRequest other("GET /bulk HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(handler_->admit(other.request).owner, 77u);
  EXPECT_FALSE(handler_->ready(other.request));
  intake::FakeRequest own("GET /sdk/latest-all HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(handler_->ready(own.request)) << "the journal need not have room";
  handler_->tick();
  EXPECT_EQ(next_->ticks, 1);
  EXPECT_EQ(ask("/flags-here/sdk/latest-all")->status, 200u) << "with the prefix or without";
}

TEST_F(RelayHandlerTest, a_body_is_admitted_of_who_has_a_key_and_no_larger_than_a_context) {
  publish_with_flags();
  const auto admission = [&](std::string_view text) {
    intake::FakeRequest request{std::string(text)};
    return handler_->admit(request.request);
  };
  const auto known = admission("REPORT /msdk/evalx/context HTTP/1.1\r\nHost: t\r\nAuthorization: mob-1\r\n\r\n");
  EXPECT_FALSE(known.refused);
  EXPECT_EQ(known.max_body_bytes, kMaxContextBytes);
  EXPECT_EQ(known.owner, credential_owner(kAskedEnvironment, CredentialKind::mobile_key));
  EXPECT_TRUE(admission("REPORT /msdk/evalx/context HTTP/1.1\r\nHost: t\r\nAuthorization: mob-2\r\n\r\n").refused);
  EXPECT_TRUE(admission("POST /msdk/evalx/context HTTP/1.1\r\nHost: t\r\nAuthorization: mob-1\r\n\r\n").refused);
  const std::string body(kMaxContextBytes + 1, 'x');
  EXPECT_TRUE(says(
      ask("/msdk/evalx/context", "mob-1",
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, body.size() - 2), "REPORT"),
      400, "too_large"));
}

TEST_F(RelayHandlerTest, refuses_keys_and_methods_and_sends_the_second_protocol_back_to_the_first) {
  publish_with_flags();
  EXPECT_EQ(ask("/sdk/latest-all", "")->status, 401u);
  EXPECT_EQ(ask("/sdk/latest-all", "sdk-2")->status, 401u);
  EXPECT_EQ(ask("/sdk/latest-all", "mob-1")->status, 401u);
  const auto wrong = ask("/sdk/latest-all", "sdk-1", {}, "POST");
  EXPECT_TRUE(says(wrong, 405, "wrong_method"));
  EXPECT_EQ(wrong->header("Allow"), "GET");
  const auto second = ask("/sdk/poll");
  EXPECT_TRUE(says(second, 404, "first_protocol"));
  EXPECT_EQ(second->header("x-ld-fd-fallback"), "true");
  EXPECT_EQ(second->header("Access-Control-Expose-Headers"), "");
  EXPECT_EQ(ask("/sdk/poll", "sdk-2")->status, 401u);
  const auto stream = ask("/sdk/stream/eval/eyJ9?auth=578d1e02d2943862c52b9686", "");
  EXPECT_EQ(stream->status, 200u);
  EXPECT_TRUE(stream->body.starts_with("event: goodbye\n"));
  EXPECT_EQ(stream->content_type, "text/event-stream; charset=utf-8");
  const auto preflight = ask(std::string(kBrowsersPath) + "eyJ9", "", "Origin: https://shop.example\r\n", "OPTIONS");
  EXPECT_EQ(preflight->status, 200u);
  EXPECT_EQ(preflight->body, "");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Origin"), "https://shop.example");
}

TEST_F(RelayHandlerTest, says_why_there_are_no_flags) {
  publish();
  EXPECT_TRUE(says(ask("/sdk/latest-all"), 503, "no_flags"));
  EXPECT_EQ(ask("/sdk/latest-all")->header("Retry-After"), "1");
  EXPECT_TRUE(says(ask(std::string(kBrowsersPath) + "eyJ9%21", ""), 400, "context"));
  environment_.flag_source.kind = catalog::FlagSource::Kind::none;
  publish();
  EXPECT_TRUE(says(ask("/sdk/latest-all"), 503, "no_flag_source"));
  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  publish();
  EXPECT_TRUE(says(ask(std::string(kBrowsersPath) + "eyJ9", ""), 404, "no_evaluation"));
  EXPECT_EQ(calls_.request_count(), 0u);
}

TEST_F(RelayHandlerTest, polls_are_answered_by_etag_compressed_or_not) {
  publish_with_flags();
  const auto plain = ask("/sdk/latest-all");
  EXPECT_EQ(plain->status, 200u);
  EXPECT_EQ(plain->body, R"({"flags":{"a":{"key":"a","version":1}},"segments":{}})");
  EXPECT_EQ(plain->content_type, "application/json");
  EXPECT_EQ(plain->header("Content-Encoding"), "");
  EXPECT_EQ(plain->header("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain->header("X-LD-EnvId"), kAskedEnvironment.hex());
  const std::string etag = plain->header("ETag");
  ASSERT_GT(etag.size(), 2u);
  const auto packed = ask("/sdk/latest-all", "sdk-1", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed->header("Content-Encoding"), "gzip");
  EXPECT_TRUE(packed->body.starts_with("\x1f\x8b"));
  EXPECT_EQ(packed->header("ETag"), etag.substr(0, etag.size() - 1) + "-gzip\"");
  for (const std::string& known : {etag, packed->header("ETag")}) {
    const auto same = ask("/sdk/latest-all", "sdk-1", "Accept-Encoding: gzip\r\nIf-None-Match: " + known + "\r\n");
    EXPECT_EQ(same->status, 304u) << known;
    EXPECT_EQ(same->body, "");
    EXPECT_EQ(same->header("ETag"), etag);
  }
  for (const std::string& other : {std::string("\"x\""), etag + "x", etag.substr(0, etag.size() - 1) + "-gzi\""})
    EXPECT_EQ(ask("/sdk/latest-all", "sdk-1", "If-None-Match: " + other + "\r\n")->status, 200u) << other;
  EXPECT_EQ(ask("/sdk/latest-flags")->body, R"({"a":{"key":"a","version":1}})");
  EXPECT_EQ(ask("/sdk/latest-flags/a")->body, R"({"key":"a","version":1})");
  EXPECT_EQ(ask("/sdk/latest-flags/%61")->body, R"({"key":"a","version":1})");
  EXPECT_TRUE(says(ask("/sdk/latest-flags/b"), 404, "unknown_item"));
  EXPECT_TRUE(says(ask("/sdk/latest-segments/a"), 404, "unknown_item"));
}

TEST_F(RelayHandlerTest, a_payload_filter_is_taken_from_anywhere_in_the_query_and_is_a_key) {
  publish_with_flags();
  for (const char* query : {"filter=Az-09_.", "x=1&filter=Az-09_.", "x&y=2&filter=Az-09_.&z=3"}) {
    EXPECT_TRUE(says(ask("/sdk/latest-all?" + std::string(query)), 503, "no_flags")) << query;
    EXPECT_EQ(relay_.status(kAskedEnvironment).size(), 2u) << query;
  }
  workers_.run_due();
  EXPECT_EQ(streams_.last().request().request.url, "http://upstream/all?filter=Az-09_.");
  const std::string largest(256, 'a');
  for (const std::string& bad : {std::string("a/b"), std::string("a%20b"), std::string("a~"), std::string("@"),
                                 std::string("["), std::string("`"), std::string("{"), std::string(":"), largest + "a"})
    EXPECT_TRUE(says(ask("/sdk/latest-all?x=1&filter=" + bad), 400, "filter")) << bad;
  EXPECT_EQ(relay_.status(kAskedEnvironment).size(), 2u);
  EXPECT_TRUE(says(ask("/sdk/latest-all?filter=" + largest), 503, "no_flags"));
  EXPECT_EQ(ask("/sdk/latest-all?xfilter=a/b&x=1")->status, 200u);
  for (std::size_t i = relay_.status(kAskedEnvironment).size(); i <= kMaxFilters; ++i)
    EXPECT_TRUE(says(ask("/sdk/latest-all?filter=f" + std::to_string(i)), 503, "no_flags"));
  EXPECT_TRUE(says(ask("/sdk/latest-all?filter=more"), 503, "filters"));
}

TEST_F(RelayHandlerTest, sdks_are_noted_by_what_they_ask_and_whether_there_is_any_of_it) {
  publish_with_flags();
  ask("/sdk/latest-all", "sdk-1", "User-Agent: GoClient/7\r\n");
  ask("/all", "sdk-1", "User-Agent: JavaClient/7\r\n");
  ask("/msdk/eval/users/eyJ9", "mob-1", "User-Agent: Android/2\r\n");
  ask("/msdk/evalx/users/eyJ9", "mob-1", "User-Agent: iOS/9\r\n");
  auto sdks = seen();
  ASSERT_EQ(sdks.size(), 4u);
  const auto of = [&](std::string_view name) {
    for (const intake::SeenSdkLine& line : sdks)
      if (line.sdk.name == name) return line;
    return intake::SeenSdkLine{};
  };
  const std::int64_t now_ms = clock_.wall_ms();
  EXPECT_EQ(of("GoClient").asked_flags_ms, now_ms);
  EXPECT_EQ(of("GoClient").streamed_ms, 0);
  EXPECT_EQ(of("JavaClient").asked_flags_ms, 0) << "it has a stream";
  EXPECT_EQ(of("JavaClient").streamed_ms, now_ms);
  EXPECT_TRUE(of("Android").asks_values_only);
  EXPECT_EQ(of("Android").asked_flags_ms, now_ms);
  EXPECT_FALSE(of("iOS").asks_values_only);
  EXPECT_EQ(of("iOS").asked_flags_ms, now_ms);

  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  publish();
  ask("/mping", "mob-1", "User-Agent: Flutter/1\r\n");
  ask("/sdk/latest-all", "sdk-1", "User-Agent: RubyClient/1\r\n");
  sdks = seen();
  EXPECT_EQ(of("Flutter").last_seen_ms, now_ms);
  EXPECT_EQ(of("Flutter").asked_flags_ms, 0) << "there are none for it";
  EXPECT_EQ(of("Flutter").streamed_ms, 0);
  EXPECT_EQ(of("RubyClient").asked_flags_ms, now_ms);
}

}  // namespace
}  // namespace sluice::relay
