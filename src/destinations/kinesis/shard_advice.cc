#include "destinations/kinesis/shard_advice.h"

#include <algorithm>
#include <cmath>

#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/settings.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

using Json = nlohmann::ordered_json;

// People read and edit it.
double hundredths(double number) { return std::round(number * 100) / 100; }

double share_that_passes(const exporting::Balance& balance) {
  const double passed = static_cast<double>(balance.delivered + balance.dead_lettered);
  const double looked_at = passed + static_cast<double>(balance.filtered);
  return looked_at > 0 ? passed / looked_at : 1;
}

// 0: nothing was delivered yet.
double measured_bytes_per_event(const exporting::DestinationStatus& status) {
  if (status.rates.bytes_per_event > 0) return status.rates.bytes_per_event;
  const exporting::PipelineStatus& pipeline = status.pipeline;
  if (pipeline.balance.delivered == 0) return 0;
  return static_cast<double>(pipeline.delivered_bytes) / static_cast<double>(pipeline.balance.delivered);
}

StreamCost needed(const Traffic& traffic, framing::Encoding encoding) {
  return stream_cost(traffic, encoding, CapacityMode::provisioned);
}

Json cost_json(const Traffic& traffic, const StreamDetails& stream, framing::Encoding encoding) {
  const CapacityMode mode = stream.on_demand ? CapacityMode::on_demand : CapacityMode::provisioned;
  std::optional<std::uint64_t> shards;
  if (stream.open_shards > 0) shards = stream.open_shards;
  const StreamCost cost = stream_cost(traffic, encoding, mode, shards);
  return {{"perMonthUsd", whole_cents(cost.usd())},
          {"capacityPerMonthUsd", whole_cents(cost.capacity_usd)},
          {"volumePerMonthUsd", whole_cents(cost.volume_usd)},
          {"asOf", kPricesAsOf},
          {"source", kPricesFrom},
          {"note", stream.on_demand ? "On-demand: per stream-hour and per GB taken in, without reading and retention."
                                    : "Provisioned: per shard-hour and per PUT payload unit, without reading and "
                                      "extended retention."}};
}

}  // namespace

Traffic arriving_traffic(const exporting::DestinationStatus& status) {
  const double share = share_that_passes(status.pipeline.balance);
  Traffic traffic;
  traffic.events_per_month = status.rates.mean_events_per_s * share * kSecondsPerMonth;
  traffic.peak_events_per_s = std::max(status.rates.peak_events_per_s, status.accepted_per_s) * share;
  if (const double bytes = measured_bytes_per_event(status); bytes > 0) traffic.bytes_per_event = bytes;
  return traffic;
}

Json shard_advice_json(const exporting::DestinationStatus& status) {
  const StreamDetails& stream = stream_details(status.pipeline.sink);
  const Traffic traffic = arriving_traffic(status);
  const StreamCost advised = needed(traffic, settings_of(status.destination).encoding);
  const double bytes = measured_bytes_per_event(status);
  return {{"open", stream.open_shards > 0 ? Json(stream.open_shards) : Json(nullptr)},
          {"mode", stream.open_shards == 0 ? Json(nullptr)
                                           : Json(capacity_mode_name(stream.on_demand ? CapacityMode::on_demand
                                                                                      : CapacityMode::provisioned))},
          {"peakEventsPerSecond", hundredths(traffic.peak())},
          {"peakBytesPerSecond", std::round(advised.peak_bytes_per_s)},
          {"bytesPerEvent", bytes > 0 ? Json(std::max(std::round(bytes), 1.0)) : Json(nullptr)},
          {"eventsPerMonth", std::round(traffic.events_per_month)},
          {"byRule", shards_by_rule(traffic.events_per_month)},
          {"byMeasure", advised.shards},
          {"advised", advised.shards},
          {"cost", cost_json(traffic, stream, settings_of(status.destination).encoding)}};
}

std::string remedy_of(const exporting::Problem& problem, const exporting::DestinationStatus& status) {
  const StreamDetails& stream = stream_details(status.pipeline.sink);
  const Traffic traffic = arriving_traffic(status);
  if (stream.on_demand || traffic.peak() <= 0 || !asks_for_shards(problem)) return problem.remedy;
  const StreamCost advised = needed(traffic, settings_of(status.destination).encoding);
  return remedy_by_shards({advised.shards, stream.open_shards, traffic.peak(), advised.peak_bytes_per_s});
}

}  // namespace sluice::kinesis
