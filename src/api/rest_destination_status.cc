// How a destination does, has done, and what it could not take; and delivering again what it took.
#include <fmt/format.h>

#include <algorithm>

#include "api/audit.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time_text.h"
#include "storage/whole_file.h"

namespace sluice::api {
namespace {

using nlohmann::json;

// Epoch milliseconds, or a time as ISO 8601 in UTC: "2026-11-23T10:00:00Z".
RestResult<std::int64_t> time_member(const json& body, const char* name, std::optional<std::int64_t> otherwise) {
  const auto expected = [&](const std::string& got) {
    return invalid(
        fmt::format("{}: {}; expected a time, in epoch milliseconds or as \"2026-11-23T10:00:00Z\".", name, got));
  };
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) {
    if (otherwise) return *otherwise;
    return expected("It is missing");
  }
  if (found->is_number_integer() && *found >= 0) return found->get<std::int64_t>();
  if (const auto ms = found->is_string() ? parse_iso_time_ms(found->get<std::string>()) : std::nullopt) return *ms;
  return expected(fmt::format("{} is not a time", found->dump()));
}

RestJson step_json(const exporting::HistoryStep& step) {
  const auto latency = [&](double quantile) {
    const auto ms = step.latency_ms(quantile);
    return ms ? RestJson(*ms) : RestJson(nullptr);
  };
  return {{"t", step.at_ms},
          {"accepted", step.accepted},
          {"delivered", step.delivered},
          {"deliveredBytes", step.delivered_bytes},
          {"retried", step.retried},
          {"failedCalls", step.failed_calls},
          {"backlogEvents", step.backlog_events},
          {"backlogBytes", step.backlog_bytes},
          {"latencyP50Ms", latency(0.5)},
          {"latencyP99Ms", latency(0.99)}};
}

}  // namespace

RestOutcome destination_status(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  if (const auto status = context.exporter.status(destination->value.id))
    return RestAnswer{200, destination_status_json(*status, context.kinds, context.clock.wall_ms())};
  return refuse(503, "unavailable", "The destination is starting; try again in a second.");
}

RestOutcome destination_history(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const std::string name = call.query_one("span").empty() ? "hour" : call.query_one("span");
  const auto span = exporting::history_span_named(name);
  if (!span) return invalid(fmt::format("span: \"{}\" is not valid; expected hour, day or week.", name));
  RestJson points = RestJson::array();
  for (const exporting::HistoryStep& step : context.exporter.history(destination->value.id, *span))
    points.push_back(step_json(step));
  return RestAnswer{200,
                    {{"span", name},
                     {"stepMs", exporting::history_step_ms(*span)},
                     {"endMs", context.clock.wall_ms()},
                     {"points", std::move(points)}}};
}

RestOutcome start_replay(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  if (!call.body.is_object()) return invalid("The body is not an object; expected {\"from\":…, \"to\":…}.");
  if (auto good = only_known(call.body, {"from", "to"}); !good) return tl::unexpected(good.error());
  const std::int64_t now_ms = context.clock.wall_ms();
  const auto from_ms = time_member(call.body, "from", std::nullopt);
  if (!from_ms) return tl::unexpected(from_ms.error());
  const auto to_ms = time_member(call.body, "to", now_ms);
  if (!to_ms) return tl::unexpected(to_ms.error());
  if (*to_ms < *from_ms) return invalid("to: It is before from.");
  const catalog::CommonSettings& common = context.kinds.of(destination->value).common();
  if (!common.replay)
    return invalid(
        fmt::format("A destination of the kind {} has no replay: {}", destination->value.kind, common.reason));
  const auto started = context.exporter.start_replay(destination->value.id, *from_ms, *to_ms);
  if (!started) return refuse(409, "conflict", started.error().message);
  const auto noted = context.store.commit(
      {}, audit_entry(now_ms, call.caller, "replayDestination",
                      fmt::format("proj/{}:env/{}:destination/{}", call.path[0], call.path[1], call.path[2]),
                      fmt::format("replayed {} to {} to the destination \"{}\"", iso_time_ms(*from_ms),
                                  iso_time_ms(*to_ms), destination->value.name)));
  if (!noted) log_error("audit.not_written", {{"action", "replayDestination"}, {"reason", noted.error().message}});
  return RestAnswer{201, replay_json(*started)};
}

RestOutcome cancel_replay(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  if (!context.exporter.cancel_replay(destination->value.id)) return not_found("No replay of this destination runs.");
  return RestAnswer{204, nullptr};
}

}  // namespace sluice::api
