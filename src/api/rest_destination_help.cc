// What helps a destination's owner: how it is doing, a test event, and the policies that AWS needs.
#include <fmt/format.h>

#include <utility>

#include "api/audit.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "aws/arn.h"
#include "export/test_event.h"
#include "kinesis/policies.h"

namespace sluice {
namespace {

RestJson problem_json(const Problem& problem) {
  return {{"code", problem.code},
          {"message", problem.message},
          {"remedy", problem.remedy},
          {"requestId", problem.request_id}};
}

RestJson outcome_json(const TestEventOutcome& outcome, const std::string& event_id) {
  RestJson out = {
      {"delivered", outcome.delivered}, {"eventId", event_id}, {"key", kTestEventKey}, {"tookMs", outcome.took_ms}};
  if (outcome.refused) {
    out["problem"] = {{"code", outcome.refused->code}, {"message", outcome.refused->reason}};
  } else if (outcome.problem) {
    out["problem"] = problem_json(*outcome.problem);
  } else if (!outcome.delivered) {
    out["problem"] = {{"code", "timeout"},
                      {"message", fmt::format("AWS gave no answer within {} s. Try again; if it stays so, check the "
                                              "network and the proxy.",
                                              kTestEventDeadlineMs / 1'000)}};
  }
  return out;
}

// The stream's ARN, with ACCOUNT_ID where nothing tells the account.
std::string stream_arn_of(const KinesisSettings& settings) {
  if (!settings.stream_arn.empty()) return settings.stream_arn;
  const auto role = aws::parse_role_arn(settings.role_arn);
  return aws::StreamArn{role ? role->partition : "aws", settings.region, role ? role->account : "ACCOUNT_ID",
                        settings.stream_name}
      .text();
}

constexpr std::string_view kUnknownPrincipal = "arn:aws:iam::ACCOUNT_ID:role/THE_ROLE_THAT_SLUICE_RUNS_AS";

std::string principal_or_placeholder(const RestContext& context) {
  const std::string principal = context.principal();
  return principal.empty() ? std::string(kUnknownPrincipal) : principal;
}

}  // namespace

RestOutcome destination_status(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  for (const DestinationStatus& status : context.exporter.status())
    if (status.destination.id == destination->value.id)
      return RestAnswer{200, destination_status_json(status, context.clock.wall_ms())};
  return refuse(503, "unavailable", "The destination is being started; ask again in a second.");
}

RestOutcome test_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto project = context.catalog.project(call.path[0]);
  if (!project) return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  const ObjectId event_id = new_object_id(context.clock.wall_ms());
  return RestAnswer{200, nullptr,
                    [&clock = context.clock, make_sink = context.make_sink, value = destination->value,
                     project_id = project->value.id, event_id](const std::atomic<bool>& stopping) {
                      const TestEventOutcome outcome =
                          send_test_event(value, project_id, event_id, make_sink, clock, stopping);
                      return RestAnswer{200, outcome_json(outcome, event_id.hex())};
                    }};
}

RestOutcome destination_policies(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const KinesisSettings& settings = destination->value.kinesis;
  RestJson out = {{"permissionPolicy", RestJson::parse(kinesis::permission_policy(stream_arn_of(settings)))}};
  if (!settings.role_arn.empty()) {
    out["trustPolicy"] =
        RestJson::parse(kinesis::trust_policy(principal_or_placeholder(context), settings.external_id));
    out["assumeRolePolicy"] = RestJson::parse(kinesis::assume_role_policy(settings.role_arn));
  }
  out["principalKnown"] = !context.principal().empty();
  return RestAnswer{200, std::move(out)};
}

RestOutcome generate_trust_policy(const RestContext& context, const RestCall& call) {
  const auto environment = context.catalog.environment(call.path[0], call.path[1]);
  if (!environment) return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  const auto told = call.body.is_object() ? text_member(call.body, "externalId", "an external id")
                                          : RestResult<std::string>(std::string());
  if (!told) return tl::unexpected(told.error());
  // AWS asks that it be unlike any other customer's; it need not be secret.
  const std::string external_id = told->empty() ? "sluice-" + environment->value.id.hex() : *told;
  return RestAnswer{
      201,
      {{"awsTrustPolicy", RestJson::parse(kinesis::trust_policy(principal_or_placeholder(context), external_id))},
       {"externalId", external_id},
       {"principalKnown", !context.principal().empty()}}};
}

}  // namespace sluice
