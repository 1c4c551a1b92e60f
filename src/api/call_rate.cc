#include "api/call_rate.h"

namespace sluice::api {

CallRate::CallRate(std::uint64_t calls_per_s) : most_(calls_per_s * kRateWindowMs / 1'000) {}

CallRate::Spent CallRate::spend(std::string_view caller, std::int64_t now_ms) {
  if (!limits()) return {};
  const std::int64_t window = now_ms / kRateWindowMs;
  if (window != window_) calls_.clear();
  window_ = window;
  std::string name(caller);
  if (calls_.size() >= kMaxRatedCallers && !calls_.contains(name)) name.clear();
  std::uint64_t& calls = calls_[std::move(name)];
  const bool over = calls >= most_;
  if (!over) ++calls;
  return {over, most_ - calls, (window + 1) * kRateWindowMs};
}

}  // namespace sluice::api
