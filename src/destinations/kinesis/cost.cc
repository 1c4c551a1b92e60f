#include "destinations/kinesis/cost.h"

#include <algorithm>
#include <cmath>

namespace sluice::kinesis {
namespace {

constexpr std::array<std::string_view, kCapacityModes.size()> kModeNames = {"PROVISIONED", "ON_DEMAND"};

// As many events as fit, and one that alone is too large for that: it has a record of its own.
double events_that_fit(double record_bytes, double event_bytes, double at_most) {
  return std::clamp(std::floor(record_bytes / event_bytes), 1.0, at_most);
}

}  // namespace

std::string_view capacity_mode_name(CapacityMode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }

std::optional<CapacityMode> capacity_mode_named(std::string_view name) {
  for (const CapacityMode mode : kCapacityModes)
    if (capacity_mode_name(mode) == name) return mode;
  return std::nullopt;
}

Packing packing_of(const Traffic& traffic, framing::Encoding encoding) {
  const double each = std::max(traffic.bytes_per_event, 1.0);
  Packing record{1, each};
  const double full = static_cast<double>(framing::default_record_bytes(encoding)) * traffic.fill;
  switch (encoding) {
    case framing::Encoding::json:
      break;
    case framing::Encoding::ndjson:
      record.events = events_that_fit(full, each, framing::kMaxEvents);
      record.bytes = record.events * each;
      break;
    case framing::Encoding::ndjson_gzip:
    case framing::Encoding::ndjson_zstd: {
      const double compressed = each / traffic.compression_ratio;
      record.events = events_that_fit(full, compressed, framing::kMaxCompressedEvents);
      record.bytes = record.events * compressed;
      break;
    }
    case framing::Encoding::kpl: {
      const double aggregated = each + kKplBytesPerEvent;
      record.events = events_that_fit(full - kKplBytesPerRecord, aggregated, framing::kMaxEvents);
      record.bytes = kKplBytesPerRecord + record.events * aggregated;
      break;
    }
  }
  return record;
}

StreamCost stream_cost(const Traffic& traffic, framing::Encoding encoding, CapacityMode mode,
                       std::optional<std::uint64_t> shards) {
  StreamCost cost;
  cost.encoding = encoding;
  cost.mode = mode;
  cost.record = packing_of(traffic, encoding);
  cost.records_per_month = traffic.events_per_month / cost.record.events;
  cost.put_units_per_month = cost.records_per_month * std::max(1.0, std::ceil(cost.record.bytes / kPutUnitBytes));
  cost.peak_records_per_s = traffic.peak() / cost.record.events;
  cost.peak_bytes_per_s = cost.peak_records_per_s * cost.record.bytes;
  cost.shards = shards.value_or(advised_shards(cost.peak_records_per_s, cost.peak_bytes_per_s));
  if (mode == CapacityMode::on_demand) {
    const double billed_bytes = std::ceil(cost.record.bytes / kOnDemandStepBytes) * kOnDemandStepBytes;
    cost.capacity_usd = kOnDemandStreamHourUsd * kHoursPerMonth;
    cost.volume_usd = cost.records_per_month * billed_bytes / kOnDemandGbBytes * kOnDemandGbUsd;
  } else {
    cost.capacity_usd = static_cast<double>(cost.shards) * kShardHourUsd * kHoursPerMonth;
    cost.volume_usd = cost.put_units_per_month / 1e6 * kMillionPutUnitsUsd;
  }
  return cost;
}

std::uint64_t advised_shards(double records_per_s, double bytes_per_s) {
  const double full = std::max(bytes_per_s / kShardBytesPerS, records_per_s / kShardRecordsPerS);
  return static_cast<std::uint64_t>(std::max(1.0, std::ceil(full / kPlannedShardShare)));
}

std::uint64_t shards_by_rule(double events_per_month) {
  return static_cast<std::uint64_t>(std::max(1.0, std::ceil(events_per_month / kEventsPerShardAndMonth)));
}

double whole_cents(double usd) { return std::round(usd * 100) / 100; }

}  // namespace sluice::kinesis
