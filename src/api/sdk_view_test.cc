#include "api/sdk_view.h"

#include <gtest/gtest.h>

namespace sluice::api {
namespace {

using Source = catalog::FlagSource::Kind;
constexpr std::int64_t kNow = 1'700'000'000'000;

intake::SeenSdkLine sdk_with_events(CredentialKind credential) {
  intake::SeenSdkLine sdk;
  sdk.sdk = {"NodeJSClient", "9.7.1", ""};
  sdk.credential = credential;
  sdk.first_seen_ms = sdk.last_seen_ms = sdk.sent_events_ms = kNow;
  return sdk;
}

TEST(SdkView, an_sdk_takes_flags_while_it_has_a_stream_and_for_a_while_after_it_asked) {
  intake::SeenSdkLine sdk = sdk_with_events(CredentialKind::sdk_key);
  EXPECT_EQ(flags_of(sdk, kNow), SdkFlags::none);
  sdk.asked_flags_ms = kNow;
  EXPECT_EQ(flags_of(sdk, kNow + kServerTakesFlagsMs - 1), SdkFlags::poll);
  EXPECT_EQ(flags_of(sdk, kNow + kServerTakesFlagsMs), SdkFlags::none);
  sdk.streamed_ms = kNow + 1;
  EXPECT_EQ(flags_of(sdk, kNow + 2), SdkFlags::stream) << "it connects again";
  sdk.streams = 1;
  EXPECT_EQ(flags_of(sdk, kNow + 10 * kServerTakesFlagsMs), SdkFlags::stream);
  intake::SeenSdkLine page = sdk_with_events(CredentialKind::client_side_id);
  page.asked_flags_ms = kNow;
  EXPECT_EQ(flags_of(page, kNow + kServerTakesFlagsMs), SdkFlags::poll) << "a page asks when it is opened";
}

TEST(SdkView, says_what_an_sdk_needs_so_that_its_flags_come_from_here) {
  intake::SeenSdkLine sdk = sdk_with_events(CredentialKind::sdk_key);
  EXPECT_EQ(need_of(sdk, Source::none, kNow).code, "flagSource");
  EXPECT_EQ(need_of(sdk, Source::files, kNow).code, "flagAddresses");
  EXPECT_EQ(need_of(sdk_with_events(CredentialKind::mobile_key), Source::files, kNow).code, "evaluatingSource");
  EXPECT_EQ(need_of(sdk_with_events(CredentialKind::mobile_key), Source::launchdarkly, kNow).code, "flagAddresses");
  sdk.streams = 1;
  EXPECT_EQ(need_of(sdk, Source::files, kNow).code, "");
  sdk.sent_events_ms = 0;
  EXPECT_EQ(need_of(sdk, Source::files, kNow).code, "eventsAddress");
  sdk.asks_values_only = true;
  EXPECT_EQ(need_of(sdk, Source::files, kNow).code, "newerSdk");
}

TEST(SdkView, shows_no_time_that_was_never) {
  intake::SeenSdkLine sdk = sdk_with_events(CredentialKind::sdk_key);
  RestJson json = sdk_json(sdk, Source::launchdarkly, kNow);
  EXPECT_FALSE(json.contains("lastFlags"));
  EXPECT_FALSE(json.contains("wrapper"));
  EXPECT_EQ(json["flags"], "none");
  EXPECT_EQ(json["needs"]["code"], "flagAddresses");
  sdk.streams = 2;
  json = sdk_json(sdk, Source::launchdarkly, kNow);
  EXPECT_EQ(json["lastFlags"], kNow);
  EXPECT_EQ(json["streams"], 2);
  EXPECT_FALSE(json.contains("needs"));
}

}  // namespace
}  // namespace sluice::api
