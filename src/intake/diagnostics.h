// What an SDK says of itself every 15 minutes, as far as Sluice uses it (docs/sdk-protocol.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::intake {

struct Diagnostic {
  bool start = false;  // kind "diagnostic-init"
  std::uint64_t dropped_events = 0;
};

// Only a JSON object is required; members that are missing or of another type are passed over.
Result<Diagnostic> read_diagnostic(std::string_view body);

// The SDK's name out of its user agent, "NodeJSClient" of "NodeJSClient/9.13.7", fit for a metric's label: short and
// printable; "(unknown)" for none.
std::string sdk_label(std::string_view user_agent);

}  // namespace sluice::intake
