#include "destinations/launchdarkly_events/tee_sink.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "destinations/launchdarkly_events/tee_sink_rig_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;

TEST_F(TeeSinkTest, a_payload_goes_to_its_path_as_it_came_under_the_environments_current_credential) {
  for (const CredentialKind kind :
       {CredentialKind::sdk_key, CredentialKind::mobile_key, CredentialKind::client_side_id})
    put(kind, "\x1f\x8b any bytes");
  run(100);
  const auto requests = transport_.requests();
  ASSERT_EQ(requests.size(), 3u);
  std::map<std::string, std::string> key_by_url;
  for (const HttpRequest& request : requests) {
    key_by_url[request.url] = header(request, "authorization");
    EXPECT_EQ(request.body, "\x1f\x8b any bytes");
    EXPECT_EQ(header(request, "user-agent"), "NodeJSClient/9");
    EXPECT_TRUE(header(request, "x-launchdarkly-payload-id").starts_with("id-"));
    EXPECT_EQ(header(request, "x-sluice-forwarded"), "1");
  }
  EXPECT_EQ(key_by_url,
            (std::map<std::string, std::string>{{"https://events.example/bulk", "sdk-current"},
                                                {"https://mobile.example/mobile", "mob-current"},
                                                {"https://events.example/events/bulk/578d1e02d2943862c52b9686", ""}}));
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, true}, {2, true}}));
  EXPECT_EQ(sink_->last_receipt()->parts[0].second, "202");
}

TEST_F(TeeSinkTest, a_payload_that_is_too_large_goes_in_parts_and_counts_when_all_are_there) {
  answer_ = [](const HttpRequest& request) { return request.body.size() > 12 ? 413 : 202; };
  put(CredentialKind::sdk_key, "[{\"n\":1},{\"n\":2},{\"n\":3},{\"n\":4}]");
  put(CredentialKind::sdk_key, "[{\"only\":\"one event, and too large\"}]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, false}}));
  std::map<std::string, std::string> delivered;
  for (const HttpRequest& request : transport_.requests())
    if (request.body.size() <= 12) delivered[request.body] = header(request, "x-launchdarkly-payload-id");
  EXPECT_EQ(delivered.size(), 4u);
  std::set<std::string> ids;
  for (const auto& [body, id] : delivered) ids.insert(id);
  EXPECT_EQ(ids.size(), 4u) << "each part under an id of its own";
}

}  // namespace
}  // namespace sluice::launchdarkly_events
