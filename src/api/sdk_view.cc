#include "api/sdk_view.h"

#include <algorithm>
#include <array>

namespace sluice::api {
namespace {

using Source = catalog::FlagSource::Kind;

void put_time_of(RestJson& out, const char* member, std::int64_t at_ms) {
  if (at_ms > 0) out[member] = at_ms;
}

}  // namespace

SdkFlags flags_of(const intake::SeenSdkLine& sdk, std::int64_t now_ms) {
  if (sdk.streams > 0) return SdkFlags::stream;
  const bool server = sdk.credential == CredentialKind::sdk_key;
  const std::int64_t since_ms = now_ms - (server ? kServerTakesFlagsMs : kClientTakesFlagsMs);
  if (std::max(sdk.streamed_ms, sdk.asked_flags_ms) <= std::max<std::int64_t>(since_ms, 0)) return SdkFlags::none;
  return sdk.streamed_ms > sdk.asked_flags_ms ? SdkFlags::stream : SdkFlags::poll;
}

SdkNeed need_of(const intake::SeenSdkLine& sdk, Source source, std::int64_t now_ms) {
  if (sdk.asks_values_only)
    return {"newerSdk", "Too old: it asks for values only, and flags are never sent in full. Update the SDK."};
  if (flags_of(sdk, now_ms) == SdkFlags::none) {
    if (source == Source::none)
      return {"flagSource", "Give the environment a flag source, then point streamUri and baseUri here."};
    if (source == Source::files && sdk.credential != CredentialKind::sdk_key)
      return {
          "evaluatingSource",
          "Files are not evaluated for mobile apps and browsers. Select another flag source, or leave streamUri and "
          "baseUri as they are."};
    return {"flagAddresses", "Point streamUri and baseUri here."};
  }
  if (sdk.sent_events_ms == 0 && !sdk.sdk.name.empty())
    return {"eventsAddress", "Point eventsUri here: it has sent no events."};
  return {};
}

RestJson sdk_json(const intake::SeenSdkLine& sdk, Source source, std::int64_t now_ms) {
  constexpr std::array kFlagsNames = {"none", "poll", "stream"};
  RestJson out = {{"name", sdk.sdk.name}, {"version", sdk.sdk.version}};
  if (!sdk.sdk.wrapper.empty()) out["wrapper"] = sdk.sdk.wrapper;
  out["credential"] = credential_kind_name(sdk.credential);
  out["flags"] = kFlagsNames[static_cast<std::size_t>(flags_of(sdk, now_ms))];
  out["streams"] = sdk.streams;
  out["sendsEvents"] = sdk.sent_events_ms > 0;
  out["firstSeen"] = sdk.first_seen_ms;
  out["lastSeen"] = sdk.last_seen_ms;
  put_time_of(out, "lastEvents", sdk.sent_events_ms);
  put_time_of(out, "lastFlags", sdk.streams > 0 ? now_ms : std::max(sdk.streamed_ms, sdk.asked_flags_ms));
  if (const SdkNeed need = need_of(sdk, source, now_ms); !need.code.empty())
    out["needs"] = {{"code", need.code}, {"message", need.message}};
  return out;
}

}  // namespace sluice::api
