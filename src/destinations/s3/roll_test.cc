#include "destinations/s3/roll.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sluice::s3 {
namespace {

TEST(Roll, is_by_size_by_number_and_by_hour) {
  const RollLimits limits{.bytes = 1000, .age_us = 100, .events = 10};
  const std::int64_t hour_ms = 3'600'000;
  const ObjectFacts object{.bytes = 600, .events = 9, .hour = 5, .begun_us = 50};
  EXPECT_FALSE(rolls_before(object, 400, 5 * hour_ms, limits));
  EXPECT_TRUE(rolls_before(object, 401, 5 * hour_ms, limits));
  EXPECT_TRUE(rolls_before({.bytes = 1, .events = 10, .hour = 5}, 1, 5 * hour_ms, limits));
  EXPECT_TRUE(rolls_before(object, 1, 6 * hour_ms, limits));
  EXPECT_FALSE(rolls_before(object, 1, 6 * hour_ms - 1, limits));
  EXPECT_FALSE(rolls_before(object, 1, 5 * hour_ms - kLateMs, limits)) << "committed a little late";
  EXPECT_TRUE(rolls_before(object, 1, 5 * hour_ms - kLateMs - 1, limits)) << "the clock was set back";
  EXPECT_FALSE(is_old(object, 149, limits));
  EXPECT_TRUE(is_old(object, 150, limits));
}

}  // namespace
}  // namespace sluice::s3
