// How far AWS's clock is ahead of ours, measured from the Date header of its answers. AWS refuses signatures more than
// 5 minutes off.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::aws {

// The server's clock minus ours, in ms; nothing without a readable Date header (RFC 9110 5.6.7).
std::optional<std::int64_t> clock_offset_ms(const http_client::HttpResponse& response, std::int64_t wall_ms);

// The same, but 0 when it is unknown or under 30 s: Date headers are whole seconds old, and a smaller difference is
// none. For turning a time of the server's, such as an expiry, into ours.
std::int64_t notable_clock_offset_ms(const http_client::HttpResponse& response, std::int64_t wall_ms);

// True if an AWS error says that the signature's time was wrong: RequestTimeTooSkewed,
// RequestExpired, "Signature expired: …", "Signature not yet current: …".
bool is_clock_skew_error(std::string_view code, std::string_view message);

// The offset that one endpoint's requests are signed with. Any thread.
class ClockSkew {
 public:
  std::int64_t corrected_ms(std::int64_t wall_ms) const { return wall_ms + offset_ms_.load(std::memory_order_relaxed); }
  std::int64_t offset_ms() const { return offset_ms_.load(std::memory_order_relaxed); }
  // Adopts the offset of an answer that rejected the time. True when it changed by more than a minute, so
  // that signing again may help.
  bool learn(const http_client::HttpResponse& response, std::int64_t wall_ms);

 private:
  std::atomic<std::int64_t> offset_ms_ = 0;
};

}  // namespace sluice::aws
