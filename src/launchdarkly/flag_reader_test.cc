#include "launchdarkly/flag_reader.h"

#include <gtest/gtest.h>

#include "base/worker_fake.h"
#include "http_client/http_transport_fake.h"
#include "launchdarkly/flag_page.h"

namespace sluice::launchdarkly {
namespace {

const ObjectId kProject = *ObjectId::parse("5744c96707c9900708000004");
const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

// In the form of LaunchDarkly's API reference.
std::string page_of(const std::string& key, const std::string& next) {
  std::string links = R"({"self":{"href":"/api/v2/flags/web?summary=0","type":"application/json"})";
  if (!next.empty()) links += R"(,"next":{"href":")" + next + R"(","type":"application/json"})";
  return R"({"items":[{"name":"Checkout )" + key + R"(","kind":"boolean","key":")" + key +
         R"(","variations":[{"_id":"1","value":true,"name":"on"},{"_id":"2","value":{"a":1.50}}]}],"_links":)" + links +
         R"(},"totalCount":2})";
}

http_client::HttpResponse answer(int status, std::string body,
                                 std::vector<std::pair<std::string, std::string>> headers = {}) {
  http_client::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

TEST(FlagPage, names_and_values_of_variations_are_read) {
  const auto page = parse_flag_page(page_of("f", "/api/v2/flags/web?offset=100"));
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->flags.size(), 1u);
  EXPECT_EQ(page->flags[0], (flags::FlagDescription{"f", "Checkout f", {{"on", "true"}, {"", "{\"a\":1.5}"}}}));
  EXPECT_EQ(page->next, "/api/v2/flags/web?offset=100");
}

TEST(FlagPage, what_is_no_list_of_flags_is_an_error_and_odd_flags_are_left_out) {
  EXPECT_FALSE(parse_flag_page("<html>"));
  EXPECT_FALSE(parse_flag_page("[]"));
  EXPECT_FALSE(parse_flag_page(R"({"items":7})"));
  const auto page = parse_flag_page(R"({"items":[7,{"key":3},{"key":"f","variations":[{"value":1},"x"]}]})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->flags.size(), 1u);
  EXPECT_EQ(page->flags[0].variations.size(), 1u);
}

TEST(FlagPage, the_token_follows_no_link_elsewhere) {
  EXPECT_FALSE(parse_flag_page(page_of("f", "https://elsewhere.example/api/v2/flags/web")));
  EXPECT_FALSE(parse_flag_page(page_of("f", "@elsewhere.example/")));
}

TEST(FlagPage, keys_are_encoded_into_the_path) {
  EXPECT_EQ(first_flag_page_path("a b/c", {"p&q"}), "/api/v2/flags/a%20b%2Fc?summary=0&limit=100&env=p%26q");
}

TEST(RateLimit, the_wait_is_what_launchdarkly_says_within_reason) {
  EXPECT_EQ(wait_before_next_ms(answer(200, "", {{"x-ratelimit-route-remaining", "5"}}), 1'000), 0);
  EXPECT_EQ(wait_before_next_ms(answer(200, "", {{"x-ratelimit-route-remaining", "0"}, {"x-ratelimit-reset", "6000"}}),
                                1'000),
            5'000);
  EXPECT_EQ(wait_before_next_ms(answer(429, "", {{"retry-after", "7"}}), 1'000), 7'000);
  EXPECT_EQ(wait_before_next_ms(answer(429, ""), 1'000), 1'000);
  EXPECT_EQ(wait_before_next_ms(answer(429, "", {{"x-ratelimit-reset", "999999999"}}), 1'000), kMostWaitMs);
}

class FlagReaderTest : public testing::Test {
 protected:
  FlagReaderTest() {
    catalog::Environment environment;
    environment.id = kEnvironment;
    environment.project_id = kProject;
    environment.key = "production";
    catalog_.publish(std::make_shared<const catalog::CatalogSnapshot>(
        std::vector<catalog::Project>{{kProject, "web", "Web", "shop"}}, std::vector<catalog::Environment>{environment},
        std::vector<catalog::Destination>{}));
  }

  void start(std::int64_t refresh_ms = 86'400'000) {
    reader_ = std::make_unique<FlagReader>(FlagReaderSettings{"api-secret", "https://ld.example", refresh_ms},
                                           transport_, clock_, catalog_, registry_, workers_);
    workers_.run_due();
  }
  ProjectReading reading() const {
    const auto readings = reader_->readings();
    return readings.empty() ? ProjectReading{} : readings[0];
  }

  http_client::HttpTransportFake transport_;
  ManualClock clock_;
  ManualWorkers workers_{clock_};
  catalog::Catalog catalog_;
  flags::FlagRegistry registry_;
  std::unique_ptr<FlagReader> reader_;
};

TEST_F(FlagReaderTest, reads_page_after_page_and_joins_the_names) {
  transport_.answer(200, page_of("first", "/api/v2/flags/shop?offset=100"));
  transport_.answer(200, page_of("second", ""));
  const auto seen = registry_.find(kEnvironment, "first", 1);
  start();
  EXPECT_EQ(reading().flags, 2u);
  const auto requests = transport_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].url, "https://ld.example/api/v2/flags/shop?summary=0&limit=100&env=production");
  EXPECT_EQ(requests[1].url, "https://ld.example/api/v2/flags/shop?offset=100");
  EXPECT_EQ(requests[1].headers[0], (std::pair<std::string, std::string>{"Authorization", "api-secret"}));
  const auto flags = registry_.list(kEnvironment);
  ASSERT_EQ(flags.size(), 2u);
  EXPECT_EQ(flags[1].name, "Checkout second");
  EXPECT_EQ(flags[1].last_seen_ms, 0);
  ASSERT_TRUE(seen->variation_name(0));
  EXPECT_EQ(*seen->variation_name(0), "\"on\"");
}

TEST_F(FlagReaderTest, a_failing_read_keeps_what_was_read_and_says_what_to_do) {
  registry_.describe(kEnvironment, {{"kept", "Kept", {}}});
  transport_.answer(401, "");
  start();
  EXPECT_NE(reading().problem.find("role Reader"), std::string::npos) << reading().problem;
  EXPECT_EQ(reading().problem.find("api-secret"), std::string::npos);
  EXPECT_EQ(registry_.list(kEnvironment).size(), 1u);
}

TEST_F(FlagReaderTest, waits_as_long_as_launchdarkly_asks_and_then_reads_on) {
  transport_.answer(429, "", {{"retry-after", "7"}});
  transport_.answer(200, page_of("first", ""));
  start();
  workers_.run_for_us(6'999'999);
  EXPECT_EQ(transport_.request_count(), 1u);
  workers_.run_for_us(1);
  EXPECT_EQ(transport_.request_count(), 2u);
  EXPECT_EQ(reading().flags, 1u);
}

TEST_F(FlagReaderTest, says_so_when_launchdarkly_asks_to_wait_again_and_again) {
  transport_.answer_by([](const http_client::HttpRequest&) { return answer(429, "", {{"retry-after", "7"}}); });
  start();
  workers_.run_for_us(60'000'000);
  EXPECT_EQ(transport_.request_count(), 5u);
  EXPECT_NE(reading().problem.find("rate limit"), std::string::npos) << reading().problem;
}

TEST_F(FlagReaderTest, reads_again_after_the_interval_what_failed_included) {
  transport_.answer(500, "");
  transport_.answer(200, page_of("first", ""));
  start(1'000);
  EXPECT_FALSE(reading().problem.empty());
  workers_.run_for_us(999'999);
  EXPECT_EQ(transport_.request_count(), 1u);
  workers_.run_for_us(1);
  EXPECT_EQ(reading().problem, "");
  EXPECT_EQ(reading().flags, 1u);
}

TEST_F(FlagReaderTest, ends_without_waiting_for_an_answer_or_a_pause) {
  transport_.answer(429, "", {{"retry-after", "100"}});
  start();
  reader_.reset();
  EXPECT_EQ(transport_.request_count(), 1u);

  http_client::HttpTransportFake slow(http_client::HttpTransportFake::When::on_demand);
  auto reader = std::make_unique<FlagReader>(FlagReaderSettings{"api-secret", "https://ld.example", 1'000}, slow,
                                             clock_, catalog_, registry_, workers_);
  workers_.run_due();
  reader.reset();
  EXPECT_EQ(slow.deliver_all(), 1u) << "the answer comes when nobody reads any more";
}

}  // namespace
}  // namespace sluice::launchdarkly
