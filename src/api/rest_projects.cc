#include <fmt/format.h>
#include <array>

#include "api/audit.h"
#include "api/kept_members.h"
#include "api/rest_patch.h"
#include "api/rest_resources.h"

namespace sluice::api {
namespace {

using nlohmann::json;

std::string project_target(const std::string& key) { return "proj/" + key; }

RestResult<catalog::Managed<catalog::Project>> project_of_path(const RestContext& context, const RestCall& call) {
  if (auto project = context.catalog.project(call.path[0])) return std::move(*project);
  return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
}

const json kKeptOfProject = {
    {"tags", json::array()},
    {"includeInSnippetByDefault", false},
    {"defaultClientSideAvailability", {{"usingEnvironmentId", false}, {"usingMobileKey", false}}},
    {"namingConvention", {{"case", ""}, {"prefix", ""}}}};

// Terraform and the generated clients send members that Sluice has no use for; they are kept and given back.
json extra_of(const json& body, const json& before) {
  json extra = before;
  for (const auto& [name, shape] : kKeptOfProject.items()) {
    if (body.contains(name))
      extra[name] = body[name];
    else
      extra.erase(name);
  }
  return extra;
}

}  // namespace

RestJson project_json(const RestContext& context, const catalog::Managed<catalog::Project>& project,
                      bool with_environments) {
  const std::string self = "/api/v2/projects/" + project.value.key;
  RestJson out = {{"_links", {{"self", rest_link(self)}, {"environments", rest_link(self + "/environments")}}},
                  {"_id", project.value.id.hex()},
                  {"key", project.value.key},
                  {"name", project.value.name},
                  {"includeInSnippetByDefault", false},
                  {"tags", RestJson::array()}};
  for (const auto& [name, value] : project.extra.items()) out[name] = RestJson(value);
  if (!with_environments) return out;
  RestJson items = RestJson::array();
  for (const auto& environment : context.catalog.environments(project.value.id))
    items.push_back(environment_json(environment));
  out["environments"] = {{"_links", {{"self", rest_link(self + "/environments")}}},
                         {"totalCount", items.size()},
                         {"items", std::move(items)}};
  return out;
}

RestOutcome list_projects(const RestContext& context, const RestCall& call) {
  const bool with_environments = call.query_one("expand").find("environments") != std::string::npos;
  RestJson items = RestJson::array();
  for (const auto& project : context.catalog.projects())
    if (may_view(call.caller, project.value.key)) items.push_back(project_json(context, project, with_environments));
  const std::size_t count = items.size();
  return RestAnswer{
      200, {{"_links", {{"self", rest_link("/api/v2/projects")}}}, {"totalCount", count}, {"items", std::move(items)}}};
}

RestOutcome make_project(const RestContext& context, const RestCall& call) {
  const json& body = call.body;
  if (!body.is_object())
    return invalid("The body is not an object; expected a project such as {\"key\":\"web\",\"name\":\"Web shop\"}.");
  if (auto good = only_known(body, {"_id", "key", "name", "tags", "environments", "includeInSnippetByDefault",
                                    "defaultClientSideAvailability", "namingConvention"});
      !good)
    return tl::unexpected(good.error());
  if (auto good = check_kept(body, kKeptOfProject); !good) return tl::unexpected(good.error());
  const auto id = text_member(body, "_id", "24 hex digits");
  if (!id) return tl::unexpected(id.error());
  catalog::CatalogWrite write{catalog::DocumentKind::project,
                              id->empty() ? new_object_id(context.clock.wall_ms()).hex() : *id,
                              json::object(),
                              extra_of(body, json::object()),
                              0,
                              false};
  for (const char* name : {"key", "name"})
    if (body.contains(name)) write.fields[name] = body[name];
  std::vector<catalog::CatalogWrite> writes{write};
  const json environments = body.value("environments", json::array());
  if (!environments.is_array()) return invalid("environments: This is not a list; expected a list of environments.");
  const json key = body.value("key", json());
  for (const json& environment : environments) {
    auto inside = new_environment(context, key.is_string() ? key.get<std::string>() : "", environment);
    if (!inside) return tl::unexpected(inside.error());
    writes.push_back(std::move(*inside));
  }
  const std::string name = key.is_string() ? key.get<std::string>() : "";
  if (auto may = needs(call.caller, "createProject", {name, "", "", ""}); !may) return tl::unexpected(may.error());
  const auto made = context.catalog.commit(
      std::move(writes), audit_entry(context.clock.wall_ms(), call.caller, "createProject", project_target(name),
                                     fmt::format("made the project \"{}\"", name)));
  if (!made) return refused(made.error());
  RestJson answer = project_json(context, *context.catalog.project(name), true);
  answer["environments"] = RestJson(answer["environments"]["items"]);  // a plain list here, as LaunchDarkly answers
  return RestAnswer{201, std::move(answer)};
}

RestOutcome get_project(const RestContext& context, const RestCall& call) {
  const auto project = project_of_path(context, call);
  if (!project) return tl::unexpected(project.error());
  return RestAnswer{
      200, project_json(context, *project, call.query_one("expand").find("environments") != std::string::npos)};
}

RestOutcome patch_project(const RestContext& context, const RestCall& call) {
  const auto project = project_of_path(context, call);
  if (!project) return tl::unexpected(project.error());
  const json before = project_json(context, *project, false);
  const auto patch = patched(before, call);
  if (!patch) return tl::unexpected(patch.error());
  const json& after = patch->after;
  if (after.value("key", json()) != before["key"]) return invalid("key: The key of a project cannot be changed.");
  constexpr std::array<std::string_view, 5> kSettable = {"name", "tags", "includeInSnippetByDefault",
                                                         "defaultClientSideAvailability", "namingConvention"};
  if (auto good = only_known_added(before, after, kSettable); !good) return tl::unexpected(good.error());
  if (auto good = check_kept(changed(before, after), kKeptOfProject); !good) return tl::unexpected(good.error());
  for (const std::string& member : changed_members(before, after))
    if (auto may =
            needs(call.caller, member == "tags" ? "updateTags" : "updateProjectName", {call.path[0], "", "", ""});
        !may)
      return tl::unexpected(may.error());
  catalog::CatalogWrite write{catalog::DocumentKind::project,  project->value.id.hex(), project->fields,
                              extra_of(after, project->extra), project->revision,       false};
  write.fields["name"] = after.value("name", json());
  const auto made = context.catalog.commit(
      {write}, audit_entry(context.clock.wall_ms(), call.caller, "updateProject", project_target(call.path[0]),
                           fmt::format("changed the project \"{}\"", call.path[0]), patch->comment, before.dump(),
                           after.dump()));
  if (!made) return refused(made.error());
  return RestAnswer{200, project_json(context, *context.catalog.project(call.path[0]), false)};
}

RestOutcome delete_project(const RestContext& context, const RestCall& call) {
  const auto project = project_of_path(context, call);
  if (!project) return tl::unexpected(project.error());
  const auto made = context.catalog.commit(
      {{catalog::DocumentKind::project, project->value.id.hex(), {}, {}, project->revision, true}},
      audit_entry(context.clock.wall_ms(), call.caller, "deleteProject", project_target(call.path[0]),
                  fmt::format("deleted the project \"{}\" with its environments and destinations", call.path[0]), {},
                  project_json(context, *project, false).dump()));
  if (!made) return refused(made.error());
  return RestAnswer{204, nullptr};
}

}  // namespace sluice::api
