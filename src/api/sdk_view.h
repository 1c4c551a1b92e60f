// SDKs that were seen, as people are shown them: how each takes its flags, and what it needs so that Sluice decides
// what it sends in full. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/rest_call.h"
#include "catalog/flag_source.h"
#include "intake/seen_sdks.h"

namespace sluice::api {

// How long an SDK that took flags here counts as taking them, without a stream. Servers poll within minutes at most.
inline constexpr std::int64_t kServerTakesFlagsMs = 15 * 60'000;
// Pages ask when they are opened, and stay open for a working day; apps in the background ask once an hour.
inline constexpr std::int64_t kClientTakesFlagsMs = 24 * 3'600'000;

enum class SdkFlags : std::uint8_t { none, poll, stream };  // none: it sends events here, and takes no flags
SdkFlags flags_of(const intake::SeenSdkLine& sdk, std::int64_t now_ms);

struct SdkNeed {
  std::string_view code, message;  // both empty: nothing
};
SdkNeed need_of(const intake::SeenSdkLine& sdk, catalog::FlagSource::Kind source, std::int64_t now_ms);

RestJson sdk_json(const intake::SeenSdkLine& sdk, catalog::FlagSource::Kind source, std::int64_t now_ms);

}  // namespace sluice::api
