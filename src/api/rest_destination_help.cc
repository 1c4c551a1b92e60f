// What helps a destination's owner: how it is doing, a test event, and the policies that AWS needs.
#include <fmt/format.h>

#include <utility>

#include "api/audit.h"
#include "api/kept_members.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "aws/arn.h"
#include "export/test_event.h"
#include "kinesis/policies.h"

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
    out["shardId"] = outcome.receipt->shard_id;
    out["sequenceNumber"] = outcome.receipt->sequence_number;
  }
  if (outcome.refused) {
    out["problem"] = {{"code", outcome.refused->code}, {"message", outcome.refused->reason}};
  } else if (outcome.problem) {
    out["problem"] = check_problem_json(*outcome.problem);
  } else if (!outcome.delivered) {
    out["problem"] = {{"code", "timeout"},
                      {"message", fmt::format("AWS did not answer within {} s. Try again; if it persists, check the "
                                              "network and the proxy.",
                                              exporting::kTestEventDeadlineMs / 1'000)}};
  }
  return out;
}

// The stream's ARN, with ACCOUNT_ID if the account is not known.
std::string stream_arn_of(const catalog::KinesisSettings& settings) {
  if (!settings.stream_arn.empty()) return settings.stream_arn;
  const auto role = aws::parse_role_arn(settings.role_arn);
  return aws::StreamArn{role ? role->partition : "aws", settings.region, role ? role->account : "ACCOUNT_ID",
                        settings.stream_name}
      .text();
}

constexpr std::string_view kUnknownPrincipal = "arn:aws:iam::ACCOUNT_ID:role/THE_ROLE_THAT_SLUICE_RUNS_AS";

std::string principal_or_placeholder(const RestContext& context, const catalog::KinesisSettings& settings) {
  const std::string principal = context.principal(settings);
  return principal.empty() ? std::string(kUnknownPrincipal) : principal;
}

// A draft gets a trust policy before it has a role: the role is created with it.
RestJson policies_json(const RestContext& context, const catalog::KinesisSettings& settings, bool draft) {
  RestJson out = {{"permissionPolicy", RestJson::parse(kinesis::permission_policy(stream_arn_of(settings)))}};
  if (!settings.role_arn.empty() || draft)
    out["trustPolicy"] =
        RestJson::parse(kinesis::trust_policy(principal_or_placeholder(context, settings), settings.external_id));
  if (!settings.role_arn.empty())
    out["assumeRolePolicy"] = RestJson::parse(kinesis::assume_role_policy(settings.role_arn));
  out["principalKnown"] = !context.principal(settings).empty();
  return out;
}

RestJson check_json(const std::vector<kinesis::CheckStep>& steps, std::int64_t took_ms) {
  RestJson list = RestJson::array();
  bool ok = true;
  for (const kinesis::CheckStep& step : steps) {
    ok = ok && step.status != kinesis::CheckStatus::failed;
    list.push_back(
        {{"name", step.name},
         {"title", step.title},
         {"status", kinesis::check_status_name(step.status)},
         {"message", step.message},
         {"remedy", step.remedy},
         {"code", step.code},
         {"requestId", step.request_id},
         {"policy", step.policy.empty() ? RestJson(nullptr) : RestJson::parse(step.policy, nullptr, false)}});
  }
  return {{"ok", ok}, {"tookMs", took_ms}, {"steps", std::move(list)}};
}

// Asks AWS on the worker's thread.
RestOutcome checked(const RestContext& context, const RestCall& call, const catalog::Destination& destination) {
  const auto project = context.catalog.project(call.path[0]);
  if (!project) return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  return RestAnswer{200, nullptr,
                    [&context, destination, project_id = project->value.id](const std::atomic<bool>& stopping) {
                      const std::int64_t started_us = context.clock.steady_us();
                      const auto steps = context.check(destination, [&] {
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
  return RestAnswer{200, policies_json(context, destination->value.kinesis, false)};
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
  // Half a form is welcome here: what is not known yet stays a placeholder.
  catalog::KinesisSettings settings;
  for (const auto& [member, value] : {std::pair{"region", &settings.region},
                                      {"streamName", &settings.stream_name},
                                      {"streamArn", &settings.stream_arn},
                                      {"roleArn", &settings.role_arn},
                                      {"externalId", &settings.external_id}}) {
    auto given = text_member(config, member, "text");
    if (!given) return tl::unexpected(given.error());
    *value = std::move(*given);
  }
  if (settings.region.empty()) settings.region = "REGION";
  if (settings.stream_name.empty()) settings.stream_name = "STREAM_NAME";
  return RestAnswer{200, policies_json(context, settings, true)};
}

RestOutcome generate_trust_policy(const RestContext& context, const RestCall& call) {
  const auto environment = context.catalog.environment(call.path[0], call.path[1]);
  if (!environment) return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  const nlohmann::json body = call.body.is_null() ? nlohmann::json::object() : call.body;
  if (!body.is_object()) return invalid("The body is not an object; expected {\"externalId\":\"…\"}, or no body.");
  if (auto good = only_known(body, {"externalId"}); !good) return tl::unexpected(good.error());
  const auto given = text_member(body, "externalId", "an external id");
  if (!given) return tl::unexpected(given.error());
  const catalog::KinesisSettings settings;
  // AWS requires it to differ from any other customer's; it need not be secret.
  const std::string external_id = given->empty() ? "sluice-" + environment->value.id.hex() : *given;
  return RestAnswer{201,
                    {{"awsTrustPolicy",
                      RestJson::parse(kinesis::trust_policy(principal_or_placeholder(context, settings), external_id))},
                     {"externalId", external_id},
                     {"principalKnown", !context.principal(settings).empty()}}};
}

}  // namespace sluice::api
