#include "http_client/reconnect_delay.h"

#include <algorithm>

namespace sluice::http_client {

ReconnectDelay::ReconnectDelay(std::int64_t base_ms, std::int64_t most_ms, Random random)
    : base_ms_(base_ms), most_ms_(most_ms), random_(random) {}

void ReconnectDelay::set_times(std::int64_t base_ms, std::int64_t most_ms) {
  base_ms_ = base_ms;
  most_ms_ = most_ms;
}

void ReconnectDelay::set_base(std::int64_t base_ms) {
  base_ms_ = std::clamp(base_ms, kMinServerRetryMs, kMaxServerRetryMs);
}

std::int64_t ReconnectDelay::next_ms() {
  constexpr int kMostDoublings = 20;
  const std::int64_t most_ms = std::max(most_ms_, base_ms_);
  const std::int64_t whole_ms = std::min(base_ms_ << std::min(failures_, kMostDoublings), most_ms);
  ++failures_;
  return spread_ms(whole_ms);
}

std::int64_t ReconnectDelay::spread_ms(std::int64_t whole_ms) {
  return whole_ms - static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(whole_ms / 2) + 1));
}

}  // namespace sluice::http_client
