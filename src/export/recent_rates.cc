#include "export/recent_rates.h"

namespace sluice::exporting {

void RecentRates::sample(std::int64_t at_us, std::uint64_t accepted, std::uint64_t delivered) {
  samples_.push_back({at_us, accepted, delivered});
  if (samples_.size() > kSamples) samples_.pop_front();
}

double RecentRates::per_s(std::uint64_t Sample::*sum) const {
  if (samples_.size() < 2) return 0;
  const Sample &first = samples_.front(), &last = samples_.back();
  // Sums go back when a sink was restarted: what it had delivered ahead of the cursor is delivered again.
  if (last.at_us <= first.at_us || last.*sum < first.*sum) return 0;
  return static_cast<double>(last.*sum - first.*sum) * 1e6 / static_cast<double>(last.at_us - first.at_us);
}

}  // namespace sluice::exporting
