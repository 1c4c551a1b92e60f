#include "destinations/kinesis/cost.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

using framing::Encoding;

// 10,000 events/s of 400 B, all day long.
Traffic steady() {
  Traffic traffic;
  traffic.events_per_month = 10'000 * kSecondsPerMonth;
  traffic.peak_events_per_s = 10'000;
  return traffic;
}

TEST(Cost, advises_shards_for_the_peak_at_four_fifths_of_their_limits) {
  EXPECT_EQ(advised_shards(0, 0), 1u);
  EXPECT_EQ(advised_shards(800, 1'000), 1u);
  EXPECT_EQ(advised_shards(801, 1'000), 2u);
  EXPECT_EQ(advised_shards(10'000, 4'000'000), 13u);
  EXPECT_EQ(advised_shards(20'000, 8'000'000), 25u);
  EXPECT_EQ(advised_shards(100, 10 * 1'048'576.0), 13u);
}

TEST(Cost, one_event_a_record_pays_a_unit_for_each_event) {
  const StreamCost cost = stream_cost(steady(), Encoding::json, CapacityMode::provisioned);
  EXPECT_EQ(cost.shards, 13u);
  EXPECT_DOUBLE_EQ(cost.records_per_month, 26.28e9);
  EXPECT_DOUBLE_EQ(cost.put_units_per_month, 26.28e9);
  EXPECT_NEAR(cost.capacity_usd, 13 * 0.015 * 730, 1e-6);
  EXPECT_NEAR(cost.volume_usd, 26'280 * 0.014, 1e-6);
}

// The figures of a month of 720 hours and of shards that are full: $471, $49 and $12.
TEST(Cost, packing_and_compressing_cost_what_has_been_promised) {
  const auto month_of_30_days = [](Encoding encoding, std::uint64_t shards) {
    return stream_cost(steady(), encoding, CapacityMode::provisioned, shards).usd() * 720 / 730;
  };
  EXPECT_NEAR(month_of_30_days(Encoding::json, 10), 471, 0.5);
  EXPECT_NEAR(month_of_30_days(Encoding::ndjson, 4), 49, 0.5);
  EXPECT_NEAR(month_of_30_days(Encoding::ndjson_gzip, 1), 12, 0.5);
}

TEST(Cost, full_records_are_whole_units) {
  const Packing lines = packing_of(steady(), Encoding::ndjson);
  EXPECT_EQ(lines.events, 256);
  EXPECT_EQ(lines.bytes, 4 * kPutUnitBytes);
  const Packing compressed = packing_of(steady(), Encoding::ndjson_zstd);
  EXPECT_EQ(compressed.events, 1'280);
  EXPECT_EQ(compressed.bytes, 4 * kPutUnitBytes);
  const Packing aggregated = packing_of(steady(), Encoding::kpl);
  EXPECT_EQ(aggregated.events, 124);
  EXPECT_LE(aggregated.bytes, 2 * kPutUnitBytes);
}

TEST(Cost, a_record_has_as_many_events_as_the_packer_puts_into_it_at_most) {
  Traffic small = steady();
  small.bytes_per_event = 50;
  EXPECT_EQ(packing_of(small, Encoding::ndjson).events, 500);
  EXPECT_EQ(packing_of(small, Encoding::ndjson_gzip).events, 5'000);
  EXPECT_EQ(packing_of(small, Encoding::kpl).events, 500);
}

TEST(Cost, an_event_larger_than_a_record_has_one_of_its_own) {
  Traffic large = steady();
  large.bytes_per_event = 200 * 1024;
  for (const Encoding encoding : {Encoding::json, Encoding::ndjson, Encoding::kpl})
    EXPECT_EQ(packing_of(large, encoding).events, 1) << framing::encoding_name(encoding);
  EXPECT_EQ(packing_of(large, Encoding::ndjson_gzip).events, 2) << "compressed, two fit";
  const StreamCost cost = stream_cost(large, Encoding::json, CapacityMode::provisioned);
  EXPECT_DOUBLE_EQ(cost.put_units_per_month, 8 * cost.records_per_month);
}

TEST(Cost, records_of_half_a_unit_cost_twice_as_much) {
  Traffic half = steady();
  half.fill = 0.125;
  const StreamCost cost = stream_cost(half, Encoding::ndjson_gzip, CapacityMode::provisioned);
  EXPECT_DOUBLE_EQ(cost.record.events, 160);
  EXPECT_DOUBLE_EQ(cost.put_units_per_month,
                   2 * stream_cost(steady(), Encoding::ndjson_gzip, CapacityMode::provisioned).put_units_per_month);
}

TEST(Cost, on_demand_pays_by_the_kilobyte_of_each_record_and_no_shards) {
  const StreamCost single = stream_cost(steady(), Encoding::json, CapacityMode::on_demand);
  EXPECT_DOUBLE_EQ(single.capacity_usd, 0.04 * 730);
  EXPECT_NEAR(single.volume_usd, 26.28e9 * 1024 / kOnDemandGbBytes * 0.08, 1e-6);
  const StreamCost packed = stream_cost(steady(), Encoding::ndjson, CapacityMode::on_demand);
  EXPECT_NEAR(packed.volume_usd, 26.28e9 * 400 / kOnDemandGbBytes * 0.08, 1e-6);
}

TEST(Cost, a_peak_that_nobody_has_measured_is_assumed) {
  Traffic traffic;
  traffic.events_per_month = 100e9;
  EXPECT_DOUBLE_EQ(traffic.peak(), 3 * traffic.mean_events_per_s());
  EXPECT_EQ(stream_cost(traffic, Encoding::json, CapacityMode::provisioned).shards, 143u);
  EXPECT_EQ(shards_by_rule(traffic.events_per_month), 2000u);
  EXPECT_EQ(shards_by_rule(1), 1u);
}

TEST(Cost, no_traffic_costs_the_stream_alone) {
  const StreamCost cost = stream_cost({}, Encoding::ndjson, CapacityMode::provisioned);
  EXPECT_EQ(cost.shards, 1u);
  EXPECT_DOUBLE_EQ(cost.usd(), 10.95);
}

TEST(Cost, the_largest_question_has_an_answer) {
  Traffic most;
  most.events_per_month = kMostEventsPerMonth;
  most.peak_events_per_s = kMostEventsPerSecond;
  most.bytes_per_event = kMostBytesPerEvent;
  most.fill = kLeastFill;
  for (const Encoding encoding : {Encoding::json, Encoding::ndjson, Encoding::ndjson_gzip, Encoding::kpl})
    for (const CapacityMode mode : kCapacityModes) EXPECT_GT(stream_cost(most, encoding, mode).usd(), 0);
  most.bytes_per_event = 1;
  EXPECT_GE(packing_of(most, Encoding::kpl).events, 1);
}

TEST(Cost, capacity_modes_are_named_as_aws_names_them) {
  for (const CapacityMode mode : kCapacityModes) EXPECT_EQ(capacity_mode_named(capacity_mode_name(mode)), mode);
  EXPECT_EQ(capacity_mode_named("on_demand"), std::nullopt);
}

}  // namespace
}  // namespace sluice::kinesis
