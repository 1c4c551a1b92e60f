// What mobile apps and browsers ask: passed on to the source of flags a fair number at a time, answered with tracking
// switched on, and refused in time when there is nobody who answers.
#include "relay/client_requests.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http_client/http_transport_fake.h"
#include "intake/request_fake.h"
#include "relay/flag_path.h"

namespace sluice::relay {
namespace {

using intake::FakeRequest;
using When = http_client::HttpTransportFake::When;

constexpr std::string_view kAppsPath = "/msdk/evalx/contexts/eyJ9";
constexpr std::string_view kEvaluations = R"({"a":{"value":1,"version":3},"b":{"value":2,"version":4}})";
constexpr std::string_view kTrackedEvaluations =
    R"({"a":{"value":1,"version":3,"trackEvents":true},"b":{"value":2,"version":4}})";

class ClientRequestsTest : public testing::Test {
 protected:
  ClientRequestsTest() { begin(When::on_demand); }
  void begin(When when) {
    environment_.id = *ObjectId::parse("578d1e02d2943862c52b9686");
    environment_.mobile_keys = {"mob-1"};
    environment_.flag_export.as_sent = false;
    environment_.flag_export.new_flags = false;
    environment_.flag_export.flags["a"].exported = true;
    environment_.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
    environment_.flag_source.client_base_uri = "http://flags.example";
    publish();
    transport_ = std::make_unique<http_client::HttpTransportFake>(when);
    transport_->answer_by([this](const http_client::HttpRequest&) { return upstream_; });
    upstream_.status = 200;
    upstream_.body = kEvaluations;
    clients_ = std::make_unique<ClientRequests>(ClientRequestParts{*transport_, clock_, flags_});
  }
  ~ClientRequestsTest() override {
    transport_.reset();  // answers what waits
    clients_.reset();
  }
  void publish() { flags_.apply(catalog::CatalogSnapshot({}, {environment_}, {})); }
  std::shared_ptr<FakeRequest> pass_on(std::string_view target, std::string_view headers = {},
                                       std::string_view method = "GET") {
    auto request = std::make_shared<FakeRequest>(std::string(method) + " " + std::string(target) +
                                                 " HTTP/1.1\r\nHost: t\r\nAuthorization: mob-1\r\n" +
                                                 std::string(headers) + "\r\n");
    const RelayRoute route = relay_route(request->request.method, request->request.path, "");
    clients_->pass_on(request->request, route, environment_, {{"X-With", "all"}}, nullptr,
                      http::HttpResponder(request));
    return request;
  }
  std::shared_ptr<FakeRequest> ask(std::string_view target, std::string_view headers = {}) {
    auto request = pass_on(target, headers);
    transport_->deliver_all();
    return request;
  }
  std::string sent_header(std::string_view name) const {
    const http_client::HttpRequest sent = transport_->requests().back();
    for (const auto& [key, value] : sent.headers)
      if (key == name) return value;
    return {};
  }

  ManualClock clock_;
  flags::FlagRegistry flags_;
  catalog::Environment environment_;
  http_client::HttpResponse upstream_;
  std::unique_ptr<http_client::HttpTransportFake> transport_;
  std::unique_ptr<ClientRequests> clients_;
};

TEST_F(ClientRequestsTest, a_share_of_calls_is_under_way_and_each_answer_lets_another_begin) {
  std::vector<std::shared_ptr<FakeRequest>> requests;
  for (std::size_t i = 0; i < 2 * kMaxCallsOfSource; ++i) requests.push_back(pass_on(kAppsPath));
  const std::size_t at_once = transport_->request_count();
  EXPECT_GT(at_once, kMaxCallsOfSource / 4);
  EXPECT_LE(at_once, kMaxCallsOfSource / 2) << "the rest is for other keys";
  for (std::size_t answered = 1; answered <= 3; ++answered) {
    ASSERT_TRUE(transport_->deliver_next());
    EXPECT_EQ(transport_->request_count(), at_once + answered);
    EXPECT_EQ(requests[answered - 1]->status, 200u);
    EXPECT_EQ(requests[answered]->status, 0u);
  }
  transport_->deliver_all();
  for (const auto& request : requests) EXPECT_EQ(request->status, 200u);
  EXPECT_EQ(transport_->request_count(), requests.size());
}

TEST_F(ClientRequestsTest, an_answer_within_the_call_lets_the_next_begin) {
  // As a transport that is stopping.
  begin(When::at_once);
  struct Again final : http::HttpResponder::Target {
    void respond(http::HttpResponse) override {
      if (left-- > 0) ask();
    }
    std::function<void()> ask;
    int left = 3;
  };
  const auto again = std::make_shared<Again>();
  FakeRequest request("GET " + std::string(kAppsPath) + " HTTP/1.1\r\nHost: t\r\nAuthorization: mob-1\r\n\r\n");
  const RelayRoute route = relay_route(request.request.method, request.request.path, "");
  again->ask = [&] {
    clients_->pass_on(request.request, route, environment_, {}, nullptr, http::HttpResponder(again));
  };
  again->ask();
  EXPECT_EQ(transport_->request_count(), 4u);
}

TEST_F(ClientRequestsTest, who_waits_for_ten_seconds_is_told_to_ask_again) {
  std::vector<std::shared_ptr<FakeRequest>> requests;
  for (std::size_t i = 0; i < 2 * kMaxCallsOfSource; ++i) requests.push_back(pass_on(kAppsPath));
  const std::size_t at_once = transport_->request_count();
  EXPECT_EQ(transport_->requests().back().timeout_ms, kUpstreamTimeoutMs);
  clock_.advance_us(4'000'000);
  transport_->deliver_next();
  EXPECT_EQ(transport_->requests().back().timeout_ms, kUpstreamTimeoutMs - 4'000) << "of the ten seconds";
  clock_.advance_us(5'000'000);
  transport_->deliver_next();
  EXPECT_EQ(transport_->requests().back().timeout_ms, kLeastCallMs);
  clock_.advance_us(1'000'000);
  clients_->tick();
  EXPECT_EQ(requests.back()->status, 0u) << "ten seconds are not over";
  clock_.advance_us(1);
  clients_->tick();
  EXPECT_EQ(requests.back()->status, 503u);
  EXPECT_EQ(requests.back()->header("Retry-After"), "1");
  EXPECT_EQ(requests.back()->header("X-With"), "all");
  EXPECT_EQ(requests[at_once + 1]->status, 0u) << "its call is under way";
  EXPECT_EQ(transport_->request_count(), at_once + 2);
}

TEST_F(ClientRequestsTest, who_finds_no_place_to_wait_is_told_so_and_the_others_are_answered) {
  std::vector<std::shared_ptr<FakeRequest>> requests;
  while (requests.size() < 2 * kMaxWaiting && (requests.empty() || requests.back()->status == 0))
    requests.push_back(pass_on(kAppsPath));
  EXPECT_EQ(requests.back()->status, 503u);
  EXPECT_EQ(requests.back()->header("Retry-After"), "1");
  EXPECT_NE(requests.back()->body.find("Too many requests wait"), std::string::npos) << requests.back()->body;
  requests.pop_back();
  EXPECT_GT(requests.size(), kMaxWaiting / 4);
  EXPECT_LT(requests.size(), kMaxWaiting);
  transport_->deliver_all();
  for (const auto& request : requests) ASSERT_EQ(request->status, 200u);
}

TEST_F(ClientRequestsTest, flags_that_are_exported_are_answered_with_tracking_on_and_an_etag_of_that) {
  upstream_.headers = {
      {"content-type", "application/json"}, {"cache-control", "max-age=0"}, {"etag", "theirs"}, {"set-cookie", "a=b"}};
  const auto first = ask(kAppsPath);
  EXPECT_EQ(first->status, 200u);
  EXPECT_EQ(first->body, kTrackedEvaluations);
  EXPECT_EQ(first->content_type, "application/json");
  EXPECT_EQ(first->header("cache-control"), "max-age=0");
  EXPECT_EQ(first->header("set-cookie"), "");
  EXPECT_EQ(first->header("etag"), "") << "of other bytes";
  EXPECT_EQ(first->header("X-With"), "all");
  const std::string known = "If-None-Match: " + first->header("ETag") + "\r\n";
  const auto again = ask(kAppsPath, known);
  EXPECT_EQ(again->status, 304u);
  EXPECT_EQ(again->body, "");
  EXPECT_EQ(again->header("ETag"), first->header("ETag"));
  environment_.flag_export.flags["b"].exported = true;
  publish();
  EXPECT_EQ(ask(kAppsPath, known)->status, 200u) << "a switch shows in it";
}

TEST_F(ClientRequestsTest, what_is_no_evaluation_is_answered_as_it_came) {
  upstream_.body = "{\"a\":";
  EXPECT_EQ(ask(kAppsPath)->body, "{\"a\":");
  EXPECT_EQ(clients_->unreadable(), 1u);
  upstream_.body = kEvaluations;
  EXPECT_EQ(ask("/msdk/eval/users/eyJ9")->body, kEvaluations) << "values alone";
  upstream_.status = 429;
  upstream_.headers = {{"retry-after", "7"}};
  const auto refused = ask(kAppsPath);
  EXPECT_EQ(refused->status, 429u);
  EXPECT_EQ(refused->body.find("value"), std::string::npos) << refused->body;
  EXPECT_EQ(refused->header("Retry-After"), "7");
  EXPECT_EQ(refused->header("ETag"), "");
  EXPECT_EQ(clients_->unreadable(), 1u);
}

TEST_F(ClientRequestsTest, reasons_are_asked_for_when_events_are_to_carry_them_and_taken_out_for_who_did_not_ask) {
  EXPECT_EQ(ask(std::string(kAppsPath) + "?x=1")->status, 200u);
  EXPECT_EQ(transport_->requests().back().url, "http://flags.example" + std::string(kAppsPath) + "?x=1");
  environment_.flag_source.reasons = true;
  publish();
  upstream_.body = R"({"b":{"value":2,"reason":{"kind":"OFF"}}})";
  const std::string with = "withReasons=true";
  const auto url = [&](const std::string& query) { return "http://flags.example" + std::string(kAppsPath) + query; };
  EXPECT_EQ(ask(kAppsPath)->body, R"({"b":{"value":2}})");
  EXPECT_EQ(transport_->requests().back().url, url("?" + with));
  EXPECT_EQ(ask(std::string(kAppsPath) + "?x=1&y")->body, R"({"b":{"value":2}})");
  EXPECT_EQ(transport_->requests().back().url, url("?x=1&y&" + with));
  EXPECT_EQ(ask(std::string(kAppsPath) + "?x=1&" + with + "&y=2")->body, upstream_.body) << "who asked gets them";
  EXPECT_EQ(transport_->requests().back().url, url("?x=1&" + with + "&y=2")) << "once";
  environment_.flag_export.as_sent = true;
  publish();
  EXPECT_EQ(ask(kAppsPath)->body, upstream_.body);
  EXPECT_EQ(transport_->requests().back().url, url("")) << "nothing is exported";
}

TEST_F(ClientRequestsTest, upstream_gets_an_apps_key_what_the_sdk_calls_itself_and_nothing_else_of_a_page) {
  ask(kAppsPath, "User-Agent: Android/5\r\nX-LaunchDarkly-Wrapper: react/1\r\nCookie: a=b\r\n");
  EXPECT_EQ(sent_header("Authorization"), "mob-1");
  EXPECT_EQ(sent_header("X-LaunchDarkly-User-Agent"), "Android/5");
  EXPECT_EQ(sent_header("X-LaunchDarkly-Wrapper"), "react/1");
  EXPECT_EQ(sent_header("X-LaunchDarkly-Tags"), "");
  EXPECT_EQ(sent_header("Cookie"), "");
  EXPECT_EQ(sent_header(kRelayedHeader), "1");
  ask("/sdk/evalx/578d1e02d2943862c52b9686/contexts/eyJ9");
  EXPECT_EQ(sent_header("Authorization"), "");
}

TEST_F(ClientRequestsTest, a_request_that_has_passed_too_many_servers_goes_no_further) {
  const auto hops = [](unsigned count) { return std::string(kRelayedHeader) + ": " + std::to_string(count) + "\r\n"; };
  EXPECT_EQ(ask(kAppsPath, hops(kMaxHops - 1))->status, 200u);
  EXPECT_EQ(sent_header(kRelayedHeader), std::to_string(kMaxHops));
  const auto last = ask(kAppsPath, hops(kMaxHops));
  EXPECT_EQ(last->status, 508u);
  EXPECT_EQ(last->header("X-With"), "all");
  EXPECT_EQ(transport_->request_count(), 1u);
}

TEST_F(ClientRequestsTest, a_source_that_does_not_answer_or_redirects_is_503_and_says_nothing_of_its_address) {
  upstream_ = {};
  upstream_.fault = http_client::TransportFault::connect;
  upstream_.fault_text = "Could not connect to flags.example";
  for (const int status : {0, 300, 307, 399}) {
    if (status != 0) {
      upstream_ = {};
      upstream_.status = status;
      upstream_.headers = {{"location", "https://elsewhere.example/eyJ9"}};
    }
    const auto failed = ask(kAppsPath);
    EXPECT_EQ(failed->status, 503u) << status;
    EXPECT_EQ(failed->header("Retry-After"), "1");
    EXPECT_EQ(failed->body.find("example"), std::string::npos) << failed->body;
  }
}

// Found by an outsider: SDKs that were told 401 asked no more, and what a proxy said of addresses behind it was read by
// anybody.
TEST_F(ClientRequestsTest, no_words_of_an_upstream_that_fails_reach_a_client_and_each_client_may_ask_again) {
  upstream_.body = "<html>could not connect to http://ld-relay.internal:8030</html>";
  upstream_.headers = {{"content-type", "text/html"}, {"retry-after", "9"}};
  struct {
    int upstream;
    unsigned client;
    const char* retry_after;
    const char* reason;
  } const cases[] = {{401, 503, "1", "It answers 401: the environment's mobile key is not accepted."},
                     {403, 503, "1", "It answers 403: the environment's mobile key is not accepted."},
                     {404, 503, "1", "It answers 404: it does not know the environment's mobile key"},
                     {429, 429, "9", "It answers 429."},
                     {500, 503, "1", "It answers 500."},
                     {503, 503, "9", "It answers 503."},
                     {508, 503, "1", "It answers 508: flag sources lead in a circle"},
                     {204, 503, "1", "It answers 204."},
                     {200, 503, "1", "It answers 200 with 63 B that are no JSON."}};
  for (const auto& [upstream, client, retry_after, reason] : cases) {
    upstream_.status = upstream;
    for (const std::string_view path : {kAppsPath, std::string_view("/msdk/eval/users/eyJ9")}) {
      const auto failed = ask(path);
      EXPECT_EQ(failed->status, client) << upstream;
      EXPECT_EQ(failed->header("Retry-After"), retry_after) << upstream;
      EXPECT_EQ(failed->body.find("internal"), std::string::npos) << failed->body;
      EXPECT_EQ(failed->content_type.find("html"), std::string::npos);
    }
    const EvaluationStatus told = clients_->health().status(environment_);
    EXPECT_EQ(told.state, EvaluationState::failing) << upstream;
    EXPECT_TRUE(told.failure.reason.starts_with(reason)) << told.failure.reason;
    EXPECT_NE(told.failure.remedy.find("flagBaseUri"), std::string::npos) << told.failure.remedy;
  }
}

TEST_F(ClientRequestsTest, a_context_that_upstream_refuses_is_its_clients_fault_where_others_are_answered) {
  upstream_.status = 400;
  upstream_.body = "no context, says 10.0.0.7";
  const auto refused = ask(kAppsPath);
  EXPECT_EQ(refused->status, 400u);
  EXPECT_EQ(refused->body.find("10.0.0.7"), std::string::npos);
  EXPECT_EQ(clients_->health().status(environment_).state, EvaluationState::failing) << "nobody was answered yet";
  upstream_.status = 200;
  upstream_.body = kEvaluations;
  ask(kAppsPath);
  upstream_.status = 400;
  ask(kAppsPath);
  clock_.advance_us(60'000'000);
  ask(kAppsPath);
  EXPECT_EQ(clients_->health().status(environment_).state, EvaluationState::answering);
}

// A browser's goals are no evaluations: whether there are any says nothing of those.
TEST_F(ClientRequestsTest, goals_count_for_nothing) {
  for (const int status : {200, 404, 500}) {
    upstream_.status = status;
    upstream_.body = "[]";
    EXPECT_EQ(ask("/sdk/goals/578d1e02d2943862c52b9686")->status, status == 500 ? 503u : static_cast<unsigned>(status));
    EXPECT_EQ(clients_->health().status(environment_).state, EvaluationState::not_asked);
  }
}

}  // namespace
}  // namespace sluice::relay
