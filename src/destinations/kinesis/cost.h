// What a stream costs a month and how many shards it needs: the prices and the arithmetic, nothing else. docs/cost.md
// explains it; API, command line, console and the advice on a destination's page all ask here. Pure; any thread.
//
// Prices: list prices of US East (N. Virginia), in US dollars, without tax, of kPricesAsOf and kPricesFrom. AWS has a
// price list for each region; others cost up to 60 % more (Cape Town: $0.0224 a million PUT units), in about the same
// proportion, so that the cheapest encoding stays the cheapest. The stream alone: neither reading, nor retention beyond
// a day, enhanced fan-out, AWS KMS, nor data transfer. On-demand Advantage is left out: its price and its minimum are
// not confirmed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "destinations/kinesis/capacity.h"
#include "framing/encoding.h"
#include "framing/record_packer.h"

namespace sluice::kinesis {

inline constexpr const char* kPricesAsOf = "2026-08";
inline constexpr const char* kPricesFrom = "https://aws.amazon.com/kinesis/data-streams/pricing/, us-east-1";
inline constexpr double kShardHourUsd = 0.015;
inline constexpr double kMillionPutUnitsUsd = 0.014;
inline constexpr double kPutUnitBytes = framing::kPutUnitBytes;  // a record is at least one, and a whole number of them
inline constexpr double kOnDemandStreamHourUsd = 0.04;
inline constexpr double kOnDemandGbUsd = 0.08;
inline constexpr double kOnDemandGbBytes = 1024.0 * 1024 * 1024;
inline constexpr double kOnDemandStepBytes = 1024;  // a record is rounded up to a multiple of this
inline constexpr double kHoursPerMonth = 730;       // as AWS Pricing Calculator counts
inline constexpr double kSecondsPerMonth = kHoursPerMonth * 3600;

// What a shard takes a second, and how much of it is planned: the rest is for peaks shorter than a measurement, and for
// keys that do not spread evenly (capacity.h).
inline constexpr double kPlannedShardShare = 0.8;
// The rule of thumb that users of LaunchDarkly's Data Export know: for one event a record, with room for any peak.
inline constexpr double kEventsPerShardAndMonth = 50e6;

// How much a full record holds: framing/record_packer.h.

// Of the KPL's format: tags, lengths and indices of each event; magic, checksum and the one key of each record.
inline constexpr double kKplBytesPerEvent = 10;
inline constexpr double kKplBytesPerRecord = 100;

// What is assumed when nobody has measured it.
inline constexpr double kAssumedCompressionRatio = 5;  // of gzip and zstd over lines of events
inline constexpr double kAssumedPeakOverMean = 3;      // the busiest minutes of a day against its mean
inline constexpr double kAssumedBytesPerEvent = 400;   // an evaluation with its context's keys and a reason
inline constexpr double kAssumedFill = 1;              // records go out full: true at all but low rates

// Limits of a question; what is outside is refused by who asks.
inline constexpr double kMostEventsPerMonth = 1e15;
inline constexpr double kMostEventsPerSecond = 1e9;
inline constexpr double kMostBytesPerEvent = 10 * 1024 * 1024;  // the largest record that Kinesis takes
inline constexpr double kMostCompressionRatio = 1000;
inline constexpr double kLeastFill = 0.01;

enum class CapacityMode : std::uint8_t { provisioned, on_demand };
inline constexpr std::array<CapacityMode, 2> kCapacityModes = {CapacityMode::provisioned, CapacityMode::on_demand};
// As AWS names it: PROVISIONED, ON_DEMAND.
std::string_view capacity_mode_name(CapacityMode mode);
std::optional<CapacityMode> capacity_mode_named(std::string_view name);

// What arrives for a stream.
struct Traffic {
  double events_per_month = 0;
  std::optional<double> peak_events_per_s = {};    // nothing: kAssumedPeakOverMean times the mean
  double bytes_per_event = kAssumedBytesPerEvent;  // the record line, before compression
  double compression_ratio = kAssumedCompressionRatio;
  double fill = kAssumedFill;  // how full records are, of what they may hold: kLeastFill to 1

  double mean_events_per_s() const { return events_per_month / kSecondsPerMonth; }
  // At least the mean.
  double peak() const {
    return std::max(peak_events_per_s.value_or(mean_events_per_s() * kAssumedPeakOverMean), mean_events_per_s());
  }
};

// One record of an encoding, on average.
struct Packing {
  double events = 1;
  double bytes = 0;
};
Packing packing_of(const Traffic& traffic, framing::Encoding encoding);

struct StreamCost {
  framing::Encoding encoding = framing::Encoding::json;
  CapacityMode mode = CapacityMode::provisioned;
  Packing record;
  double records_per_month = 0;
  double put_units_per_month = 0;  // also of an on-demand stream, which does not pay them
  double peak_records_per_s = 0, peak_bytes_per_s = 0;
  std::uint64_t shards = 1;                 // that carry the peak; on-demand: AWS sets them, and they cost nothing
  double capacity_usd = 0, volume_usd = 0;  // a month
  double usd() const { return capacity_usd + volume_usd; }
};
// `shards`: how many are paid for; nothing: as many as the peak needs.
StreamCost stream_cost(const Traffic& traffic, framing::Encoding encoding, CapacityMode mode,
                       std::optional<std::uint64_t> shards = {});

// How many shards carry a peak at 80 % of their limits: ceil(max(bytes/s ÷ 1 MiB, records/s ÷ 1000) ÷ 0.8), at least 1.
std::uint64_t advised_shards(double records_per_s, double bytes_per_s);
std::uint64_t shards_by_rule(double events_per_month);

double whole_cents(double usd);

}  // namespace sluice::kinesis
