#include "api/rest_routes.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::api {
namespace {

constexpr std::array kRoutes = {
    Route{"GET", "projects", list_projects, Role::reader, Asks::nothing},
    Route{"POST", "projects", make_project, Role::writer, Asks::inside},
    Route{"GET", "projects/{}", get_project},
    Route{"PATCH", "projects/{}", patch_project, Role::writer, Asks::inside},
    Route{"DELETE", "projects/{}", delete_project, Role::writer, Asks::action, "deleteProject", On::project},
    Route{"GET", "projects/{}/environments", list_environments},
    Route{"POST", "projects/{}/environments", make_environment, Role::writer, Asks::inside},
    Route{"GET", "projects/{}/environments/{}", get_environment},
    Route{"PATCH", "projects/{}/environments/{}", patch_environment, Role::writer, Asks::inside},
    Route{"DELETE", "projects/{}/environments/{}", delete_environment, Role::writer, Asks::action, "deleteEnvironment",
          On::environment},
    Route{"POST", "projects/{}/environments/{}/apiKey", reset_sdk_key, Role::writer, Asks::action, "updateApiKey",
          On::environment},
    Route{"POST", "projects/{}/environments/{}/mobileKey", reset_mobile_key, Role::writer, Asks::action,
          "updateMobileKey", On::environment},
    Route{"GET",
          "projects/{}/environments/{}/flag-source",
          nullptr,
          Role::reader,
          Asks::view,
          {},
          On::project,
          flag_source_status},
    Route{"GET", "projects/{}/environments/{}/sdks", nullptr, Role::reader, Asks::view, {}, On::project, list_sdks},
    Route{"GET", "destinations", list_destinations, Role::reader, Asks::nothing},
    Route{"POST", "destinations/{}/{}", make_destination, Role::writer, Asks::action, "createDestination",
          On::destination},
    Route{"GET", "destinations/{}/{}/{}", get_destination},
    Route{"PATCH", "destinations/{}/{}/{}", patch_destination, Role::writer, Asks::inside},
    Route{"DELETE", "destinations/{}/{}/{}", delete_destination, Role::writer, Asks::action, "deleteDestination",
          On::destination},
    Route{"GET", "destinations/{}/{}/{}/status", destination_status},
    Route{"POST", "destinations/{}/{}/{}/test-event", test_destination, Role::writer, Asks::action, "testDestination",
          On::destination},
    Route{"POST", "destinations/{}/{}/{}/check", check_destination, Role::writer, Asks::action, "testDestination",
          On::destination},
    Route{"POST", "destinations/{}/{}/check", check_draft, Role::writer, Asks::action, "createDestination",
          On::destination},
    Route{"GET", "destinations/{}/{}/{}/history", destination_history},
    Route{"POST", "destinations/{}/{}/{}/replay", start_replay, Role::writer, Asks::action, "replayDestination",
          On::destination},
    Route{"DELETE", "destinations/{}/{}/{}/replay", cancel_replay, Role::writer, Asks::action, "replayDestination",
          On::destination},
    Route{"GET", "destinations/{}/{}/{}/dead-letters", list_dead_letters},
    Route{"GET", "destinations/{}/{}/{}/dead-letters/file", dead_letter_file},
    Route{"POST", "destinations/{}/{}/{}/dead-letters/retry", retry_dead_letters, Role::writer, Asks::action,
          "replayDestination", On::destination},
    Route{"GET", "destinations/{}/{}/{}/policies", destination_policies},
    Route{"POST", "destinations/{}/{}/policies", draft_policies, Role::writer, Asks::action, "createDestination",
          On::destination},
    Route{"POST", "destinations/projects/{}/environments/{}/generate-trust-policy", generate_trust_policy, Role::writer,
          Asks::action, "createDestination", On::destination},
    Route{"GET", "flags/{}", nullptr, Role::reader, Asks::view, {}, On::project, list_flags},
    Route{"POST", "flags/{}", make_flag, Role::writer, Asks::inside},
    Route{"PATCH", "flags/{}", patch_flags, Role::writer, Asks::inside},
    Route{"GET", "flags/{}/{}", nullptr, Role::reader, Asks::view, {}, On::project, get_flag},
    Route{"PATCH", "flags/{}/{}", patch_flag, Role::writer, Asks::inside},
    Route{"GET", "events/{}/{}", list_events},
    Route{"GET", "usage/data-export-events", data_export_usage, Role::reader, Asks::all_view},
    Route{"GET", "status", server_status, Role::reader, Asks::nothing},
    Route{"GET", "aws-regions", list_regions, Role::reader, Asks::nothing},
    Route{"GET", "destination-kinds", list_destination_kinds, Role::reader, Asks::nothing},
    Route{"GET", "{}-cost", kind_cost, Role::reader, Asks::nothing},
    Route{"POST", "import", import_catalog, Role::admin, Asks::never},
    Route{"GET", "export", export_catalog, Role::admin, Asks::never},
    Route{"POST", "backup", back_up_catalog, Role::admin, Asks::never},
    Route{"GET", "tokens", list_tokens, Role::admin, Asks::never},
    Route{"POST", "tokens", make_token, Role::admin, Asks::never},
    Route{"DELETE", "tokens/{}", delete_token, Role::admin, Asks::never},
    Route{"GET", "roles", list_roles, Role::admin, Asks::never},
    Route{"POST", "roles", make_role, Role::admin, Asks::never},
    Route{"GET", "roles/{}", get_role, Role::admin, Asks::never},
    Route{"PATCH", "roles/{}", patch_role, Role::admin, Asks::never},
    Route{"DELETE", "roles/{}", delete_role, Role::admin, Asks::never},
    Route{"GET", "auditlog", list_audit, Role::reader, Asks::all_view},
    Route{"GET", "auditlog/{}", get_audit_entry, Role::reader, Asks::all_view},
    Route{"GET", "caller-identity", caller_identity, Role::reader, Asks::nothing},
};

// What stands for the {} of the route, a segment or its beginning; nothing when the path is not of it.
std::optional<std::vector<std::string>> matched(std::string_view route, const std::vector<std::string_view>& path) {
  const auto pattern = split_text(route, '/');
  if (pattern.size() != path.size()) return std::nullopt;
  std::vector<std::string> captured;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!pattern[i].starts_with("{}")) {
      if (pattern[i] != path[i]) return std::nullopt;
      continue;
    }
    const std::string_view after = pattern[i].substr(2);
    if (!path[i].ends_with(after)) return std::nullopt;
    auto segment = percent_decoded(path[i].substr(0, path[i].size() - after.size()), false);
    if (!segment || segment->empty()) return std::nullopt;
    captured.push_back(std::move(*segment));
  }
  return captured;
}

Resource resource_of(On on, const std::vector<std::string>& captured) {
  Resource out{captured.at(0), "", "", ""};
  if (on == On::project) return out;
  out.environment = captured.at(1);
  if (on == On::environment) return out;
  out.kind = "destination";
  if (captured.size() > 2) out.id = captured[2];  // a new one has none yet
  return out;
}

}  // namespace

std::vector<std::string_view> split_text(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(by, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

RestResult<FoundRoute> find_route(std::string_view method, std::string_view path) {
  std::string_view rest = path.substr(std::string_view("/api/v2/").size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto segments = split_text(rest, '/');
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto captured = matched(route.path, segments);
    if (!captured) continue;
    if (route.method == (method == "HEAD" ? "GET" : method)) return FoundRoute{&route, std::move(*captured)};
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
  }
  if (!allowed.empty()) return wrong_method(method, allowed);
  return not_found(fmt::format("{} does not exist. docs/rest-api.md lists all calls.", path));
}

RestResult<void> admit(const Route& route, const std::vector<std::string>& captured, const Caller& caller) {
  if (caller.role != Role::custom) {
    if (caller.role >= route.least) return {};
    return refuse(403, "forbidden",
                  fmt::format("Forbidden. The access token \"{}\" has the role {}; this needs {}.", caller.name,
                              role_name(caller.role), role_name(route.least)));
  }
  switch (route.asks) {
    case Asks::nothing:
      return {};
    case Asks::never:
      return refuse(403, "forbidden",
                    fmt::format("Forbidden. This needs an access token with the role admin; \"{}\" has custom roles, "
                                "and no policy grants it.",
                                caller.name));
    case Asks::all_view:
      if (may_view_all(caller)) return {};
      return refuse(403, "forbidden",
                    fmt::format("Forbidden. This covers every project, and the access token \"{}\" may not view all.",
                                caller.name));
    case Asks::inside:
      if (captured.empty()) return {};
      [[fallthrough]];
    case Asks::view:
      return needs_view(caller, captured.at(0));
    case Asks::action:
      break;
  }
  return needs(caller, route.action, resource_of(route.on, captured));
}

}  // namespace sluice::api
