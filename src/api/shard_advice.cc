#include "api/shard_advice.h"

#include <algorithm>
#include <cmath>

#include "kinesis/problems.h"

namespace sluice::api {
namespace {

using Json = nlohmann::ordered_json;
using kinesis::CapacityMode;

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

kinesis::StreamCost needed(const kinesis::Traffic& traffic, catalog::Encoding encoding) {
  return kinesis::stream_cost(traffic, encoding, CapacityMode::provisioned);
}

Json cost_json(const kinesis::Traffic& traffic, const exporting::SinkStats& sink, catalog::Encoding encoding) {
  const CapacityMode mode = sink.on_demand ? CapacityMode::on_demand : CapacityMode::provisioned;
  std::optional<std::uint64_t> shards;
  if (sink.open_shards > 0) shards = sink.open_shards;
  const kinesis::StreamCost cost = kinesis::stream_cost(traffic, encoding, mode, shards);
  return {{"perMonthUsd", kinesis::whole_cents(cost.usd())},
          {"capacityPerMonthUsd", kinesis::whole_cents(cost.capacity_usd)},
          {"volumePerMonthUsd", kinesis::whole_cents(cost.volume_usd)},
          {"asOf", kinesis::kPricesAsOf},
          {"source", kinesis::kPricesFrom},
          {"note", sink.on_demand ? "On-demand: per stream-hour and per GB taken in, without reading and retention."
                                  : "Provisioned: per shard-hour and per PUT payload unit, without reading and "
                                    "extended retention."}};
}

}  // namespace

kinesis::Traffic arriving_traffic(const exporting::DestinationStatus& status) {
  const double share = share_that_passes(status.pipeline.balance);
  kinesis::Traffic traffic;
  traffic.events_per_month = status.rates.mean_events_per_s * share * kinesis::kSecondsPerMonth;
  traffic.peak_events_per_s = std::max(status.rates.peak_events_per_s, status.accepted_per_s) * share;
  if (const double bytes = measured_bytes_per_event(status); bytes > 0) traffic.bytes_per_event = bytes;
  return traffic;
}

Json shard_advice_json(const exporting::DestinationStatus& status) {
  const exporting::SinkStats& sink = status.pipeline.sink;
  const kinesis::Traffic traffic = arriving_traffic(status);
  const kinesis::StreamCost advised = needed(traffic, status.destination.kinesis.encoding);
  const double bytes = measured_bytes_per_event(status);
  return {{"open", sink.open_shards > 0 ? Json(sink.open_shards) : Json(nullptr)},
          {"mode", sink.open_shards == 0 ? Json(nullptr)
                                         : Json(kinesis::capacity_mode_name(
                                               sink.on_demand ? CapacityMode::on_demand : CapacityMode::provisioned))},
          {"peakEventsPerSecond", hundredths(traffic.peak())},
          {"peakBytesPerSecond", std::round(advised.peak_bytes_per_s)},
          {"bytesPerEvent", bytes > 0 ? Json(std::max(std::round(bytes), 1.0)) : Json(nullptr)},
          {"eventsPerMonth", std::round(traffic.events_per_month)},
          {"byRule", kinesis::shards_by_rule(traffic.events_per_month)},
          {"byMeasure", advised.shards},
          {"advised", advised.shards},
          {"cost", cost_json(traffic, sink, status.destination.kinesis.encoding)}};
}

std::string remedy_of(const exporting::Problem& problem, const exporting::DestinationStatus& status) {
  const exporting::SinkStats& sink = status.pipeline.sink;
  const kinesis::Traffic traffic = arriving_traffic(status);
  if (sink.on_demand || traffic.peak() <= 0 || !kinesis::asks_for_shards(problem)) return problem.remedy;
  const kinesis::StreamCost advised = needed(traffic, status.destination.kinesis.encoding);
  return kinesis::remedy_by_shards({advised.shards, sink.open_shards, traffic.peak(), advised.peak_bytes_per_s});
}

}  // namespace sluice::api
