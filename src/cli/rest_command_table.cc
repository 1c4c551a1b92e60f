#include "cli/rest_command_table.h"

#include <algorithm>
#include <utility>

#include "server/destination_kinds.h"

namespace sluice::cli {
namespace {

const std::vector<RestColumn> kDestinationColumns = {{"ID", "/_id"}, {"NAME", "/name"}, {"KIND", "/kind"},
                                                     {"ON", "/on"},  {"TO", "/config"}, {"IN", "/_links/self/href"}};

RestValue value_of(destinations::FieldType type) {
  switch (type) {
    case destinations::FieldType::number:
    case destinations::FieldType::boolean:
      return RestValue::json;
    case destinations::FieldType::texts:
      return RestValue::list;
    case destinations::FieldType::pairs:
      return RestValue::lines;
    default:
      return RestValue::text;
  }
}

// Of one kind, or of all: where kinds share a setting's name, its help is that of the first.
std::vector<RestOption> settings_of(const std::vector<const destinations::DestinationKind*>& kinds) {
  std::vector<RestOption> options = {{"--name", "/name", "Its name"}};
  for (const destinations::DestinationKind* kind : kinds)
    for (const destinations::FormField& field : kind->form().fields) {
      const bool there = std::any_of(options.begin(), options.end(),
                                     [&](const RestOption& option) { return option.flag == field.flag; });
      std::string help = field.help;
      if (kinds.size() == 1 && field.required) help += " Required.";
      const RestValue value = value_of(field.type);
      if (value == RestValue::list) help += " Several: with commas between them, or the option again for each.";
      if (value == RestValue::lines) help += " Several: the option again for each.";
      if (!there) options.push_back({field.flag, "/config/" + field.key, std::move(help), value});
    }
  options.push_back(
      {"--set", "/config",
       "Any other setting: NAME=VALUE, NAME as in the REST API. The option again for each; a list as JSON: "
       "'kinds=[\"feature\",\"custom\"]'"});
  return options;
}

// What an environment is created with, and what can be changed of it.
std::vector<RestOption> environment_options(std::vector<RestOption> options) {
  for (const RestOption& option : std::vector<RestOption>{
           {"--feature-events", "/featureEvents", "Which evaluations are exported: as sent, or chosen flags"},
           {"--new-flags", "/defaultTrackEvents", "true or false: whether new flags are exported", RestValue::json},
           {"--flag-source", "/flagSource",
            "Where the flags come from that SDKs take through Sluice: none, launchdarkly (also an ld-relay) or files"},
           {"--flag-site", "/flagSite",
            "LaunchDarkly's site: launchdarkly.com, eu.launchdarkly.com or launchdarkly.us. Empty: as at first",
            RestValue::removable},
           {"--flag-stream-uri", "/flagStreamUri",
            "In place of a site: the address of an ld-relay, or of another Sluice. Empty: none", RestValue::removable},
           {"--flag-base-uri", "/flagBaseUri", "The address for polls, if it is another. Empty: the same",
            RestValue::removable},
           {"--flag-file", "/flagFiles",
            "A flag data file in the server's folder for them. Several: with commas between them, or the option again "
            "for each. Empty: none",
            RestValue::removable_list},
           {"--flag-reasons", "/flagReasons", "true or false: whether events of exported flags carry the reason",
            RestValue::json}})
    options.push_back(option);
  return options;
}

std::vector<RestCommand> with_kinds(std::vector<RestCommand> commands) {
  std::vector<const destinations::DestinationKind*> all;
  for (const auto& kind : server::destination_kinds().all()) {
    all.push_back(kind.get());
    const std::string body = R"({"kind":")" + std::string(kind->name()) + R"(","config":{}})";
    commands.push_back({"destination create",
                        std::string(kind->name()),
                        kind->text().title + ": " + kind->text().summary,
                        {"PROJECT", "ENVIRONMENT"},
                        "POST",
                        "destinations/{0}/{1}",
                        settings_of({kind.get()}),
                        body});
  }
  commands.push_back({"destination",
                      "update",
                      "Change its settings",
                      {"PROJECT", "ENVIRONMENT", "ID"},
                      "PATCH",
                      "destinations/{0}/{1}/{2}",
                      settings_of(all),
                      "{}"});
  return commands;
}

}  // namespace

const std::vector<RestCommand>& rest_command_table() {
  static const std::vector<RestCommand> all = with_kinds({
      {"project",
       "list",
       "List all projects",
       {},
       "GET",
       "projects",
       {},
       "",
       {{"KEY", "/key"}, {"NAME", "/name"}, {"ID", "/_id"}}},
      {"project",
       "create",
       "Create a project",
       {"PROJECT"},
       "POST",
       "projects",
       {{"--name", "/name", "Its name"}, {"--id", "/_id", "An existing id"}},
       "{}",
       {},
       {{"0", "/key"}}},
      {"project", "delete", "Delete a project and everything in it", {"PROJECT"}, "DELETE", "projects/{0}"},
      {"environment",
       "list",
       "List a project's environments",
       {"PROJECT"},
       "GET",
       "projects/{0}/environments?limit=1000",
       {},
       "",
       {{"KEY", "/key"}, {"NAME", "/name"}, {"ID", "/_id"}, {"FEATURE EVENTS", "/featureEvents"}}},
      {"environment",
       "show",
       "Show one environment with its keys",
       {"PROJECT", "ENVIRONMENT"},
       "GET",
       "projects/{0}/environments/{1}"},
      {"environment",
       "create",
       "Create an environment",
       {"PROJECT", "ENVIRONMENT"},
       "POST",
       "projects/{0}/environments",
       environment_options({{"--name", "/name", "Its name"},
                            {"--id", "/_id", "The client-side id that SDKs already use"},
                            {"--sdk-key", "/apiKey", "The SDK key that SDKs already use"},
                            {"--mobile-key", "/mobileKey", "The mobile key that SDKs already use"}}),
       "{}",
       {},
       {{"1", "/key"}}},
      {"environment",
       "update",
       "Change its settings",
       {"PROJECT", "ENVIRONMENT"},
       "PATCH",
       "projects/{0}/environments/{1}",
       environment_options({{"--name", "/name", "Its name"}}),
       "{}"},
      {"environment",
       "delete",
       "Delete an environment and its destinations",
       {"PROJECT", "ENVIRONMENT"},
       "DELETE",
       "projects/{0}/environments/{1}"},
      {"destination", "list", "List all destinations", {}, "GET", "destinations", {}, "", kDestinationColumns},
      {"destination",
       "show",
       "Show one destination",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}"},
      {"destination",
       "on",
       "Switch it on",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "PATCH",
       "destinations/{0}/{1}/{2}",
       {},
       R"({"on":true})"},
      {"destination",
       "off",
       "Switch it off",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "PATCH",
       "destinations/{0}/{1}/{2}",
       {},
       R"({"on":false})"},
      {"destination",
       "test",
       "Send a test event",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "POST",
       "destinations/{0}/{1}/{2}/test-event"},
      {"destination",
       "status",
       "Show its state and what to do",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}/status"},
      {"destination",
       "check",
       "Check it step by step at its far end",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "POST",
       "destinations/{0}/{1}/{2}/check"},
      {"destination",
       "replay",
       "Deliver the events of a time range again",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "POST",
       "destinations/{0}/{1}/{2}/replay",
       {{"--from", "/from", "For example 2026-11-23T10:00:00Z"}, {"--to", "/to", "The same; default: now"}},
       "{}",
       {},
       {},
       RestAfter::follow_replay},
      {"destination",
       "cancel-replay",
       "Cancel a running replay",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "DELETE",
       "destinations/{0}/{1}/{2}/replay"},
      {"destination",
       "dead-letters",
       "List events that it can never accept",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}/dead-letters",
       {{"--limit", "?limit", "Maximum number, newest first"}},
       "",
       {{"TIME", "/time"}, {"CODE", "/code"}, {"KEY", "/record/event/key"}, {"REASON", "/reason"}}},
      {"destination",
       "retry",
       "Retry its dead letters",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "POST",
       "destinations/{0}/{1}/{2}/dead-letters/retry"},
      {"destination",
       "policies",
       "Print what has to be set up for it, such as IAM policies",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}/policies"},
      {"destination", "delete", "Delete it", {"PROJECT", "ENVIRONMENT", "ID"}, "DELETE", "destinations/{0}/{1}/{2}"},
      {"flag",
       "list",
       "List a project's flags",
       {"PROJECT"},
       "GET",
       "flags/{0}",
       {{"--environment", "?env", "Only of this environment"}},
       "",
       {{"KEY", "/key"}, {"NAME", "/name"}, {"KIND", "/kind"}, {"ENVIRONMENTS", "/environments"}}},
      {"flag",
       "on",
       "Export its evaluations",
       {"PROJECT", "ENVIRONMENT", "FLAG"},
       "PATCH",
       "flags/{0}/{2}",
       {},
       R"({"instructions":[{"kind":"updateTrackEvents","trackEvents":true}]})",
       {},
       {{"1", "/environmentKey"}}},
      {"flag",
       "off",
       "Stop exporting its evaluations",
       {"PROJECT", "ENVIRONMENT", "FLAG"},
       "PATCH",
       "flags/{0}/{2}",
       {},
       R"({"instructions":[{"kind":"updateTrackEvents","trackEvents":false}]})",
       {},
       {{"1", "/environmentKey"}}},
      {"flag",
       "show",
       "Show one flag: whether it is exported, and whether SDKs send it in full",
       {"PROJECT", "FLAG"},
       "GET",
       "flags/{0}/{1}",
       {{"--environment", "?env", "Only of this environment"}},
       "",
       {},
       {},
       RestAfter::nothing,
       RestShown::flag},
      {"flag-source",
       "show",
       "Show where an environment's flags come from, and how that is doing",
       {"PROJECT", "ENVIRONMENT"},
       "GET",
       "projects/{0}/environments/{1}/flag-source",
       {},
       "",
       {},
       {},
       RestAfter::nothing,
       RestShown::flag_source},
      {"sdk",
       "list",
       "List the SDKs that were seen, and what they need",
       {"PROJECT", "ENVIRONMENT"},
       "GET",
       "projects/{0}/environments/{1}/sdks",
       {},
       "",
       {},
       {},
       RestAfter::nothing,
       RestShown::seen_sdks},
      {"server", "status", "Show the server's journal, destinations and notes, with what to do", {}, "GET", "status"},
      {"usage",
       "show",
       "Show delivered events over time",
       {},
       "GET",
       "usage/data-export-events",
       {{"--from", "?from", "For example 2026-11-23T10:00:00Z; default: 30 days ago"},
        {"--to", "?to", "The same; default: now"},
        {"--group-by", "?groupBy", "projectId, environmentId, eventKind or destinationId"},
        {"--granularity", "?granularity", "hourly, daily or monthly"}}},
      {"token",
       "list",
       "Access tokens",
       {},
       "GET",
       "tokens",
       {},
       "",
       {{"ID", "/_id"}, {"NAME", "/name"}, {"ROLE", "/role"}, {"ENDS IN", "/token"}}},
      {"token",
       "create",
       "Create an access token; it is shown only once",
       {"NAME"},
       "POST",
       "tokens",
       {{"--role", "/role", "reader, writer or admin"},
        {"--custom-role", "/customRoleIds/0", "Instead of --role: the key of a custom role"},
        {"--policy", "/inlineRole", "Instead of --role: a file with an inline policy, JSON"}},
       "{}",
       {},
       {{"0", "/name"}}},
      {"token", "delete", "Delete one", {"ID"}, "DELETE", "tokens/{0}"},
      {"role",
       "list",
       "Custom roles",
       {},
       "GET",
       "roles",
       {},
       "",
       {{"KEY", "/key"}, {"NAME", "/name"}, {"BASE", "/basePermissions"}, {"ID", "/_id"}}},
      {"role", "show", "One role with its policy", {"ROLE"}, "GET", "roles/{0}"},
      {"role",
       "create",
       "Create a custom role for access tokens",
       {"ROLE"},
       "POST",
       "roles",
       {{"--name", "/name", "Its name"},
        {"--policy", "/policy", "A file with its policy, JSON"},
        {"--base-permissions", "/basePermissions", "reader (default) or no_access"}},
       "{}",
       {},
       {{"0", "/key"}}},
      {"role", "delete", "Delete a role that no token uses", {"ROLE"}, "DELETE", "roles/{0}"},
      {"audit",
       "list",
       "List changes, newest first",
       {},
       "GET",
       "auditlog",
       {{"--limit", "?limit", "Maximum number, up to 20"},
        {"--text", "?q", "Only entries with this text in title, target or comment"}},
       "",
       {{"TIME (ms)", "/date"}, {"WHAT", "/title"}, {"COMMENT", "/comment"}}},
  });
  return all;
}

const std::map<std::string, const char*>& rest_command_groups() {
  static const std::map<std::string, const char*> all = {
      {"project", "Projects of a running server"},
      {"environment", "Environments, with their keys"},
      {"destination", "Destinations: create, test, watch, change"},
      {"destination create", "Create a destination of a kind, switched off"},
      {"flag", "Flags, and which are exported"},
      {"flag-source", "Where the flags come from that SDKs take through Sluice"},
      {"sdk", "SDKs that were seen"},
      {"server", "The server as a whole"},
      {"usage", "Delivered events"},
      {"token", "Access tokens of the REST API"},
      {"role", "Custom roles of access tokens"},
      {"audit", "The audit log"}};
  return all;
}

}  // namespace sluice::cli
