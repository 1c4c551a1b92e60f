// What helps a destination's owner: a check, a test event, and what has to be set up at the far end.
#include <fmt/format.h>

#include <utility>

#include "api/audit.h"
#include "api/kept_members.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "destinations/aws_setup.h"
#include "export/test_event.h"

namespace sluice::api {
namespace {

RestJson check_problem_json(const exporting::Problem& problem) {
  return {{"code", problem.code},
          {"message", problem.message},
          {"remedy", problem.remedy},
          {"requestId", problem.request_id}};
}

RestJson outcome_json(const exporting::TestEventOutcome& outcome, const std::string& event_id) {
  RestJson out = {{"delivered", outcome.delivered},
                  {"eventId", event_id},
                  {"key", exporting::kTestEventKey},
                  {"tookMs", outcome.took_ms}};
  if (outcome.receipt) {
    out["where"] = outcome.receipt->text;
    for (const auto& [part, value] : outcome.receipt->parts) out[part] = value;
  }
  if (outcome.refused) {
    out["problem"] = {{"code", outcome.refused->code}, {"message", outcome.refused->reason}};
  } else if (outcome.problem) {
    out["problem"] = check_problem_json(*outcome.problem);
  } else if (!outcome.delivered) {
    out["problem"] = {{"code", "timeout"},
                      {"message", fmt::format("No answer within {} s. Try again; if it persists, check the "
                                              "network and the proxy.",
                                              exporting::kTestEventDeadlineMs / 1'000)}};
  }
  return out;
}

// What has to be set up at the far end, as the kind says it. Half a form is welcome: what is not known yet stays a
// placeholder.
RestOutcome help_answer(const RestContext& context, const destinations::DestinationKind& kind,
                        const nlohmann::json& config, bool draft) {
  auto help = kind.setup_help(config, context.kind_parts, draft);
  if (!help) return invalid(help.error().message);
  return RestAnswer{200, std::move(*help)};
}

RestJson check_json(const std::vector<destinations::CheckStep>& steps, std::int64_t took_ms) {
  RestJson list = RestJson::array();
  bool ok = true;
  for (const destinations::CheckStep& step : steps) {
    ok = ok && step.status != destinations::CheckStatus::failed;
    list.push_back(
        {{"name", step.name},
         {"title", step.title},
         {"status", destinations::check_status_name(step.status)},
         {"message", step.message},
         {"remedy", step.remedy},
         {"code", step.code},
         {"requestId", step.request_id},
         {"policy", step.policy.empty() ? RestJson(nullptr) : RestJson::parse(step.policy, nullptr, false)}});
  }
  return {{"ok", ok}, {"tookMs", took_ms}, {"steps", std::move(list)}};
}

// Calls the destination on the worker's thread.
RestOutcome checked(const RestContext& context, const RestCall& call, const catalog::Destination& destination) {
  const auto project = context.catalog.project(call.path[0]);
  if (!project) return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  return RestAnswer{200, nullptr,
                    [&context, destination, project_id = project->value.id](const std::atomic<bool>& stopping) {
                      const std::int64_t started_us = context.clock.steady_us();
                      const auto steps = context.kinds.of(destination).check(destination, context.kind_parts, [&] {
                        return send_test_event(destination, project_id, new_object_id(context.clock.wall_ms()),
                                               context.make_sink, context.clock, stopping);
                      });
                      return RestAnswer{200, check_json(steps, (context.clock.steady_us() - started_us) / 1'000)};
                    }};
}

}  // namespace

RestOutcome test_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto project = context.catalog.project(call.path[0]);
  if (!project) return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  const ObjectId event_id = new_object_id(context.clock.wall_ms());
  return RestAnswer{200, nullptr,
                    [&clock = context.clock, make_sink = context.make_sink, value = destination->value,
                     project_id = project->value.id, event_id](const std::atomic<bool>& stopping) {
                      const exporting::TestEventOutcome outcome =
                          send_test_event(value, project_id, event_id, make_sink, clock, stopping);
                      return RestAnswer{200, outcome_json(outcome, event_id.hex())};
                    }};
}

RestOutcome check_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  return checked(context, call, destination->value);
}

RestOutcome check_draft(const RestContext& context, const RestCall& call) {
  const auto destination = drafted_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  return checked(context, call, *destination);
}

RestOutcome destination_policies(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const RestJson shown = destination_json(context.kinds, *destination);
  return help_answer(context, context.kinds.of(destination->value), shown["config"], false);
}

RestOutcome draft_policies(const RestContext& context, const RestCall& call) {
  if (!context.catalog.environment(call.path[0], call.path[1]))
    return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  if (!call.body.is_object())
    return invalid("The body is not an object; expected {\"config\":{\"region\":\"us-east-1\"}}.");
  if (auto good = only_known(call.body, {"name", "kind", "config", "on", "tags"}); !good)
    return tl::unexpected(good.error());
  const nlohmann::json shape = {{"name", ""}, {"kind", ""}, {"on", false}, {"tags", nlohmann::json::array()}};
  if (auto good = check_kept(call.body, shape); !good) return tl::unexpected(good.error());
  const nlohmann::json config = call.body.value("config", nlohmann::json());
  if (!config.is_object()) return invalid("config: expected an object with the known settings of the destination.");
  const nlohmann::json kind_name = call.body.value("kind", nlohmann::json(context.kinds.names().front()));
  const destinations::DestinationKind* kind = context.kinds.find(kind_name.get<std::string>());
  if (kind == nullptr)
    return invalid(fmt::format("kind: \"{}\" is not a kind of destination; expected {}.", kind_name.get<std::string>(),
                               catalog::names_text(context.kinds)));
  return help_answer(context, *kind, config, true);
}

RestOutcome generate_trust_policy(const RestContext& context, const RestCall& call) {
  const auto environment = context.catalog.environment(call.path[0], call.path[1]);
  if (!environment) return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  const nlohmann::json body = call.body.is_null() ? nlohmann::json::object() : call.body;
  if (!body.is_object()) return invalid("The body is not an object; expected {\"externalId\":\"…\"}, or no body.");
  if (auto good = only_known(body, {"externalId"}); !good) return tl::unexpected(good.error());
  const auto given = text_member(body, "externalId", "an external id");
  if (!given) return tl::unexpected(given.error());
  const std::string principal = context.kind_parts.identity.principal();
  // AWS requires it to differ from any other customer's; it need not be secret.
  const std::string external_id = given->empty() ? "sluice-" + environment->value.id.hex() : *given;
  return RestAnswer{201,
                    {{"awsTrustPolicy", RestJson::parse(destinations::aws_trust_policy(principal, external_id))},
                     {"externalId", external_id},
                     {"principalKnown", !principal.empty()}}};
}

}  // namespace sluice::api
