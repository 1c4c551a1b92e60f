#include "api/shard_advice.h"

#include <algorithm>
#include <cmath>

#include "kinesis/problems.h"

namespace sluice::api {
namespace {

using Json = nlohmann::ordered_json;

// List prices of US East (N. Virginia) in US dollars, as AWS showed them when they were looked up. Other regions differ
// by up to a half. https://aws.amazon.com/kinesis/data-streams/pricing/
constexpr double kShardHourUsd = 0.015;
constexpr double kMillionPutUnitsUsd = 0.014;
constexpr double kPutUnitBytes = 25 * 1024;
constexpr double kOnDemandStreamHourUsd = 0.04;
constexpr double kOnDemandGbUsd = 0.08;
constexpr double kOnDemandRecordBytes = 1024;  // a record counts as at least this
constexpr const char* kPricesAsOf = "2026-08";
constexpr const char* kPricesFrom = "https://aws.amazon.com/kinesis/data-streams/pricing/, us-east-1";
constexpr double kHoursPerMonth = 730;
constexpr double kSecondsPerMonth = kHoursPerMonth * 3600;

double cents(double usd) { return std::round(usd * 100) / 100; }

Json cost_json(const exporting::SinkStats& sink, const exporting::HistoryRates& rates, std::uint32_t shards) {
  const double events = rates.mean_events_per_s * kSecondsPerMonth;
  const double bytes_each = rates.mean_events_per_s > 0 ? rates.mean_bytes_per_s / rates.mean_events_per_s : 0;
  double hours_usd = 0, volume_usd = 0;
  if (sink.on_demand) {
    hours_usd = kOnDemandStreamHourUsd * kHoursPerMonth;
    volume_usd = events * std::max(bytes_each, kOnDemandRecordBytes) / 1e9 * kOnDemandGbUsd;
  } else {
    hours_usd = shards * kShardHourUsd * kHoursPerMonth;
    volume_usd = events * std::max(1.0, std::ceil(bytes_each / kPutUnitBytes)) / 1e6 * kMillionPutUnitsUsd;
  }
  return {{"perMonthUsd", cents(hours_usd + volume_usd)},
          {"capacityPerMonthUsd", cents(hours_usd)},
          {"volumePerMonthUsd", cents(volume_usd)},
          {"asOf", kPricesAsOf},
          {"source", kPricesFrom},
          {"note", sink.on_demand ? "On-demand: per stream-hour and per GB taken in, without reading and retention."
                                  : "Provisioned: per shard-hour and per PUT payload unit, without reading and "
                                    "extended retention."}};
}

}  // namespace

Json shard_advice_json(const exporting::DestinationStatus& status) {
  const exporting::SinkStats& sink = status.pipeline.sink;
  const exporting::HistoryRates& rates = status.rates;
  const double events_per_month = rates.mean_events_per_s * kSecondsPerMonth;
  const auto by_rule = static_cast<std::uint32_t>(std::max(1.0, std::ceil(events_per_month / kEventsPerShardAndMonth)));
  const std::uint32_t by_measure = kinesis::advised_shards(rates.peak_events_per_s, rates.peak_bytes_per_s);
  const std::uint32_t advised = std::max(by_rule, by_measure);
  return {{"open", sink.open_shards > 0 ? Json(sink.open_shards) : Json(nullptr)},
          {"mode", sink.open_shards == 0 ? Json(nullptr) : Json(sink.on_demand ? "ON_DEMAND" : "PROVISIONED")},
          {"peakEventsPerSecond", rates.peak_events_per_s},
          {"peakBytesPerSecond", rates.peak_bytes_per_s},
          {"eventsPerMonth", std::round(events_per_month)},
          {"byRule", by_rule},
          {"byMeasure", by_measure},
          {"advised", advised},
          {"cost", cost_json(sink, rates, sink.open_shards > 0 ? sink.open_shards : advised)}};
}

}  // namespace sluice::api
