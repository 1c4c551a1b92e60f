#include "intake/seen_sdks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "intake/request_fake.h"

namespace sluice::intake {
namespace {

const ObjectId kProduction = *ObjectId::parse("578d1e02d2943862c52b9686");
const ObjectId kStaging = *ObjectId::parse("578d1e02d2943862c52b9687");
constexpr std::int64_t kNow = 1'700'000'000'000;

SdkName named(std::string name) { return {std::move(name), "1", ""}; }

TEST(SdkName, is_read_from_user_agents_as_sdks_send_them) {
  EXPECT_EQ(sdk_name("NodeJSClient/9.7.1", ""), (SdkName{"NodeJSClient", "9.7.1", ""}));
  EXPECT_EQ(sdk_name("JSClient/3.5.0", "react-client-sdk/3.6.0"),
            (SdkName{"JSClient", "3.5.0", "react-client-sdk/3.6.0"}));
  EXPECT_EQ(sdk_name("AndroidClient/5.3.0 (Android 14)", "").version, "5.3.0");
  EXPECT_EQ(sdk_name("curl", ""), (SdkName{"curl", "", ""}));
  EXPECT_EQ(sdk_name("Mozilla/5.0 (X11; Linux x86_64)", ""), SdkName()) << "a browser, whatever its SDK";
  EXPECT_EQ(sdk_name("", ""), SdkName());
}

TEST(SdkName, is_cut_and_holds_printable_ascii_alone) {
  const SdkName name = sdk_name("a\x1b[2J\xc3\xa9/\x01", std::string(1'000, 'w'));
  EXPECT_EQ(name.name, "a?[2J??");
  EXPECT_EQ(name.version, "?");
  EXPECT_EQ(name.wrapper.size(), kMaxSdkTextBytes);
  EXPECT_EQ(sdk_name(std::string(1'000, 'n'), "").name.size(), kMaxSdkTextBytes);
}

TEST(SeenSdks, are_known_again_and_say_what_they_do) {
  SeenSdks sdks;
  const auto sdk = sdks.find(kProduction, CredentialKind::sdk_key, named("Go"), kNow);
  EXPECT_EQ(sdks.find(kProduction, CredentialKind::sdk_key, named("Go"), kNow + 1), sdk);
  EXPECT_NE(sdks.find(kProduction, CredentialKind::mobile_key, named("Go"), kNow), sdk);
  EXPECT_NE(sdks.find(kStaging, CredentialKind::sdk_key, named("Go"), kNow), sdk);
  sdk->sent_events(kNow + 1'000);
  sdk->stream_began(kNow + 2'000);
  SeenSdkLine line = sdks.list(kProduction, kNow + 90'000).at(0);
  EXPECT_EQ(line.sdk.name, "Go");
  EXPECT_EQ(line.first_seen_ms, kNow);
  EXPECT_EQ(line.sent_events_ms, kNow + 1'000);
  EXPECT_EQ(line.streams, 1u);
  EXPECT_EQ(line.last_seen_ms, kNow + 90'000) << "whoever has a stream is there";
  sdk->stream_ended(kNow + 100'000);
  line = sdks.list(kProduction, kNow + 200'000).at(0);
  EXPECT_EQ(line.streams, 0u);
  EXPECT_EQ(line.last_seen_ms, kNow + 100'000);
  EXPECT_TRUE(sdks.list(*ObjectId::parse("578d1e02d2943862c52b9688"), kNow).empty());
}

TEST(SeenSdks, are_seen_after_the_clock_was_set_back) {
  SeenSdk sdk({"NodeJSClient", "9.0.0", ""}, CredentialKind::sdk_key, 10'000'000);
  sdk.sent_events(10'000'000);
  sdk.sent_events(10'000'500);
  EXPECT_EQ(sdk.line().sent_events_ms, 10'000'000) << "once a second is enough";
  sdk.sent_events(6'400'000);
  EXPECT_EQ(sdk.line().sent_events_ms, 6'400'000);
  EXPECT_EQ(sdk.last_seen_ms(), 6'400'000);
}

TEST(SeenSdks, whoever_has_a_public_id_pushes_out_nothing_that_a_secret_key_brought) {
  SeenSdks sdks;
  const auto server = sdks.find(kProduction, CredentialKind::sdk_key, named("Go"), kNow);
  for (std::size_t i = 0; i < 5 * kMaxSeenSdks; ++i)
    ASSERT_NE(sdks.find(kProduction, CredentialKind::client_side_id, named(fmt::format("stranger {}", i)),
                        kNow + static_cast<std::int64_t>(i)),
              nullptr);
  EXPECT_FALSE(server->gone());
  EXPECT_EQ(sdks.list(kProduction, kNow).size(), kMaxSeenSdks + 1);
  EXPECT_EQ(sdks.forgotten(kProduction), 4 * kMaxSeenSdks);
  EXPECT_EQ(sdks.forgotten(kStaging), 0u);
}

TEST(SeenSdks, the_one_that_was_not_seen_for_longest_makes_room_and_none_that_has_a_stream) {
  SeenSdks sdks;
  const auto streaming = sdks.find(kProduction, CredentialKind::mobile_key, named("streaming"), kNow - 10);
  streaming->stream_began(kNow - 10);
  const auto oldest = sdks.find(kProduction, CredentialKind::mobile_key, named("oldest"), kNow - 5);
  for (std::size_t i = 2; i <= kMaxSeenSdks; ++i)
    sdks.find(kProduction, CredentialKind::mobile_key, named(fmt::format("sdk {}", i)), kNow);
  EXPECT_TRUE(oldest->gone());
  EXPECT_FALSE(streaming->gone());
  EXPECT_EQ(sdks.list(kProduction, kNow).size(), kMaxSeenSdks);
}

TEST(SeenSdks, all_environments_together_keep_to_one_bound) {
  SeenSdks sdks;
  std::size_t kept = 0;
  for (unsigned environment = 0; kept + kMaxSeenSdks <= kMaxSeenSdksOfKind; ++environment) {
    const ObjectId id = *ObjectId::parse(fmt::format("{:024x}", environment));
    for (std::size_t i = 0; i < kMaxSeenSdks; ++i, ++kept)
      ASSERT_NE(sdks.find(id, CredentialKind::mobile_key, named(fmt::format("sdk {}", i)), kNow), nullptr);
  }
  EXPECT_EQ(sdks.find(kProduction, CredentialKind::mobile_key, named("one more"), kNow), nullptr);
  EXPECT_NE(sdks.find(kProduction, CredentialKind::sdk_key, named("one more"), kNow), nullptr)
      << "another kind of credential has its own";
}

TEST(SeenSdkCache, finds_an_sdk_again_and_one_that_had_to_go_anew) {
  SeenSdks sdks;
  SeenSdkCache cache(sdks);
  FakeRequest fake(
      "GET /all HTTP/1.1\r\nHost: sluice\r\nUser-Agent: Go-http-client/2.0\r\nX-LaunchDarkly-User-Agent: "
      "GoClient/7.4.0\r\n\r\n");
  const http::HttpRequest& request = fake.request;
  SeenSdk* const sdk = cache.of(request, kProduction, CredentialKind::sdk_key, kNow);
  ASSERT_NE(sdk, nullptr);
  EXPECT_EQ(sdk->line().sdk.name, "GoClient") << "its own header goes before the browser's";
  EXPECT_EQ(cache.of(request, kProduction, CredentialKind::sdk_key, kNow), sdk);
  const auto kept = cache.shared_of(request, kProduction, CredentialKind::sdk_key, kNow);
  for (std::size_t i = 0; i < kMaxSeenSdks; ++i)
    sdks.find(kProduction, CredentialKind::sdk_key, named(fmt::format("sdk {}", i)), kNow + 1);
  ASSERT_TRUE(kept->gone());
  EXPECT_NE(cache.of(request, kProduction, CredentialKind::sdk_key, kNow + 2), kept.get());
}

}  // namespace
}  // namespace sluice::intake
