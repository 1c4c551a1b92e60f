#include "destinations/kinesis/shard_advice.h"

#include <gtest/gtest.h>

#include "destinations/kinesis/settings.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

constexpr std::int64_t kStartMs = 1'790'000'000'000;

void set_stream(exporting::DestinationStatus& status, std::uint32_t open_shards, bool on_demand) {
  auto details = std::make_shared<StreamDetails>();
  details->open_shards = open_shards;
  details->on_demand = on_demand;
  status.pipeline.sink.details = std::move(details);
}

// A destination of whose stream this arrives and is delivered each second, for a minute.
exporting::DestinationStatus after_a_minute(std::uint64_t accepted_per_s, std::uint64_t delivered_per_s,
                                            std::uint64_t bytes_per_event) {
  exporting::DestinationStatus status;
  exporting::History history(kStartMs);
  exporting::PipelineStatus& pipeline = status.pipeline;
  history.begin(pipeline);
  for (std::int64_t second = 0; second < 60; ++second) {
    pipeline.balance.accepted += accepted_per_s;
    pipeline.balance.delivered += delivered_per_s;
    pipeline.balance.waiting = pipeline.balance.accepted - pipeline.balance.delivered;
    pipeline.delivered_bytes += delivered_per_s * bytes_per_event;
    history.sample(pipeline, kStartMs + second * 1'000);
  }
  status.rates = history.rates(kStartMs + 60'000);
  status.destination.settings = catalog::KindSettings::of(KinesisSettings{});
  set_stream(status, 1, false);
  return status;
}

exporting::Problem throttled() {
  return {exporting::Problem::Weight::transient, "ProvisionedThroughputExceededException", "m", "Add shards.", ""};
}

TEST(ShardAdvice, a_stream_that_throttles_is_advised_shards_for_what_arrives) {
  const auto status = after_a_minute(20'000, 1'000, 400);
  const auto advice = shard_advice_json(status);
  EXPECT_EQ(advice["advised"], 25);
  EXPECT_EQ(advice["byMeasure"], 25);
  EXPECT_EQ(advice["peakEventsPerSecond"], 20'000);
  EXPECT_EQ(advice["peakBytesPerSecond"], 8'000'000);
  EXPECT_EQ(advice["bytesPerEvent"], 400);
  EXPECT_EQ(remedy_of(throttled(), status),
            "Set the stream to 25 shards for the peak that arrives, 20,000 events/s (8.0 MB/s), or switch it to "
            "on-demand capacity.");
}

TEST(ShardAdvice, large_events_need_shards_for_their_bytes) {
  EXPECT_EQ(shard_advice_json(after_a_minute(1'000, 1'000, 4'000))["advised"], 5);
}

TEST(ShardAdvice, before_the_first_delivery_the_size_of_events_is_not_known_and_assumed) {
  const auto advice = shard_advice_json(after_a_minute(5'000, 0, 0));
  EXPECT_EQ(advice["bytesPerEvent"], nullptr);
  EXPECT_EQ(advice["peakBytesPerSecond"], 5'000 * kAssumedBytesPerEvent);
  EXPECT_EQ(advice["advised"], 7);
}

TEST(ShardAdvice, events_that_the_filter_leaves_out_need_no_shards) {
  auto status = after_a_minute(10'000, 1'000, 400);
  status.pipeline.balance.filtered = 9 * status.pipeline.balance.delivered;
  status.pipeline.balance.waiting = 0;
  EXPECT_EQ(shard_advice_json(status)["peakEventsPerSecond"], 1'000);
  EXPECT_EQ(shard_advice_json(status)["advised"], 2);
}

TEST(ShardAdvice, the_open_shards_are_what_is_paid_for) {
  auto status = after_a_minute(10, 10, 400);
  set_stream(status, 8, false);
  EXPECT_EQ(shard_advice_json(status)["cost"]["capacityPerMonthUsd"], 87.6);
  set_stream(status, 8, true);
  EXPECT_EQ(shard_advice_json(status)["cost"]["capacityPerMonthUsd"], 29.2);
}

TEST(ShardAdvice, only_a_provisioned_stream_with_too_few_shards_is_told_a_number) {
  auto status = after_a_minute(20'000, 1'000, 400);
  exporting::Problem other = throttled();
  other.code = "KMSThrottlingException";
  EXPECT_EQ(remedy_of(other, status), "Add shards.");
  set_stream(status, 1, true);
  EXPECT_EQ(remedy_of(throttled(), status), "Add shards.");
}

}  // namespace
}  // namespace sluice::kinesis
