#include "export/recent_rates.h"

#include <gtest/gtest.h>

namespace sluice::exporting {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

TEST(RecentRates, are_those_of_the_last_seconds) {
  RecentRates rates;
  EXPECT_EQ(rates.accepted_per_s(), 0);
  for (std::uint64_t second = 0; second <= 20; ++second)
    rates.sample(static_cast<std::int64_t>(second) * kSecondUs, 300 * second, 200 * second);
  EXPECT_DOUBLE_EQ(rates.accepted_per_s(), 300);
  EXPECT_DOUBLE_EQ(rates.delivered_per_s(), 200);
}

TEST(RecentRates, nothing_is_received_any_more_10_s_after_the_last_event) {
  RecentRates rates;
  rates.sample(0, 0, 0);
  rates.sample(kSecondUs, 1'000'000, 0);
  for (std::uint64_t second = 2; second <= 9; ++second)
    rates.sample(static_cast<std::int64_t>(second) * kSecondUs, 1'000'000, 100 * second);
  EXPECT_EQ(rates.accepted_per_s(), 0);
  EXPECT_DOUBLE_EQ(rates.delivered_per_s(), 100);
}

}  // namespace
}  // namespace sluice::exporting
