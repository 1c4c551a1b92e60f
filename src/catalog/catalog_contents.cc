#include "catalog/catalog_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/field_names.h"

namespace sluice::catalog {

using nlohmann::json;

namespace {

// What the API calls a field of a document.
std::string api_name(std::string_view field) {
  if (field == "export_new_flags") return "defaultTrackEvents";
  if (field == "sdk_keys") return "apiKey";
  if (field == "mobile_keys") return "mobileKey";
  return camel_case(field);
}

// Of a destination's settings in the API's `config`; empty for those that are not in it.
std::string config_name(std::string_view field) {
  for (const std::string_view outside : {"id", "project", "environment", "name", "kind", "on"})
    if (field == outside) return "";
  return camel_case(field);
}

}  // namespace

CatalogError refused_fields(std::vector<FieldFault> faults, FieldNames names) {
  CatalogError all = catalog_error(CatalogFault::invalid, {});
  for (const FieldFault& fault : faults)
    all.message += fmt::format("{}{}: {}", all.message.empty() ? "" : " ",
                               names == FieldNames::api ? api_name(fault.field) : fault.field, fault.message);
  all.fields = std::move(faults);
  return all;
}

std::string flag_document_id(ObjectId environment, std::string_view flag_key) {
  return fmt::format("{}/{}", environment.hex(), flag_key);
}

std::string environment_path(std::string_view project, std::string_view environment) {
  return fmt::format("{}/{}", project, environment);
}

CatalogResult<void> CatalogContents::take(DocumentKind kind, const std::string& id, std::uint64_t revision,
                                          const json& fields, const json& extra, const DestinationKinds& kinds,
                                          FieldNames names) {
  config::ConfigFaults faults;
  config::TomlTable table = config::TomlTable::from_json(fields, "request", faults);
  if (names == FieldNames::api) table.spell(kind == DocumentKind::destination ? config_name : api_name);
  const auto finish = [&](auto read, auto& document) -> CatalogResult<void> {
    document.value = read(table);
    if (read_id(table)) table.fault("id", "An id is not among the fields.");
    table.refuse_unknown();
    for (const config::ConfigFault& fault : faults.all()) document.tolerated.push_back({fault.field, fault.message});
    if (std::ranges::all_of(faults.all(), &config::ConfigFault::when_saved)) return {};
    return tl::unexpected(refused_fields(std::move(document.tolerated), names));
  };
  if (kind == DocumentKind::flag) {
    Managed<ManagedFlag> flag{revision, fields, extra, {}};
    const auto slash = id.find('/');
    const auto environment = ObjectId::parse(std::string_view(id).substr(0, slash));
    if (!environment || slash == std::string::npos)
      return tl::unexpected(catalog_error(CatalogFault::failed, "no flag's id"));
    const auto read_flag = [&](config::TomlTable& t) {
      return ManagedFlag{*environment, id.substr(slash + 1), read_flag_fields(t)};
    };
    if (auto read = finish(read_flag, flag); !read) return read;
    flags.insert_or_assign(id, std::move(flag));
    return {};
  }
  const auto parsed = ObjectId::parse(id);
  if (!parsed)
    return tl::unexpected(
        catalog_error(CatalogFault::invalid, fmt::format("\"{}\" is not an id; expected 24 hex digits.", id)));
  if (kind == DocumentKind::project) {
    Managed<Project> project{revision, fields, extra, {}};
    if (auto read = finish([](config::TomlTable& t) { return read_project_fields(t); }, project); !read) return read;
    return take_project(*parsed, std::move(project));
  }
  if (kind == DocumentKind::environment) {
    Managed<Environment> environment{revision, fields, extra, {}};
    if (auto read = finish([](config::TomlTable& t) { return read_environment_fields(t); }, environment); !read)
      return read;
    return take_environment(*parsed, std::move(environment));
  }
  Managed<Destination> destination{revision, fields, extra, {}};
  if (auto read = finish([&](config::TomlTable& t) { return read_destination_fields(t, kinds); }, destination); !read)
    return read;
  return take_destination(*parsed, std::move(destination));
}

CatalogResult<void> CatalogContents::take_project(ObjectId id, Managed<Project> project) {
  project.value.id = id;
  const auto same = project_by_key.find(project.value.key);
  if (same != project_by_key.end() && same->second != id)
    return tl::unexpected(catalog_error(
        CatalogFault::taken, fmt::format("There is already a project with the key \"{}\".", project.value.key)));
  if (const auto old = projects.find(id); old != projects.end()) project_by_key.erase(old->second.value.key);
  project_by_key[project.value.key] = id;
  projects.insert_or_assign(id, std::move(project));
  return {};
}

CatalogResult<void> CatalogContents::take_environment(ObjectId id, Managed<Environment> environment) {
  Environment& value = environment.value;
  value.id = id;
  const auto project = project_by_key.find(value.project_key);
  if (project == project_by_key.end())
    return tl::unexpected(catalog_error(CatalogFault::missing,
                                        fmt::format("There is no project with the key \"{}\".", value.project_key)));
  value.project_id = project->second;
  const std::string path = environment_path(value.project_key, value.key);
  const auto same = environment_by_path.find(path);
  if (same != environment_by_path.end() && same->second != id)
    return tl::unexpected(
        catalog_error(CatalogFault::taken, fmt::format("The project \"{}\" already has an environment with "
                                                       "the key \"{}\".",
                                                       value.project_key, value.key)));
  std::set<std::string_view> own;
  for (const auto* keys : {&value.sdk_keys, &value.mobile_keys}) {
    for (const std::string& key : *keys) {
      const auto owner = environment_by_secret.find(key);
      if (own.insert(key).second && (owner == environment_by_secret.end() || owner->second == id)) continue;
      // Not shown in full: it is a credential.
      return tl::unexpected(catalog_error(
          CatalogFault::taken, fmt::format("The key that ends in …{} is in use; an SDK or mobile key belongs to one "
                                           "environment.",
                                           key.substr(key.size() < 4 ? 0 : key.size() - 4))));
    }
  }
  drop(DocumentKind::environment, id.hex());
  environment_by_path[path] = id;
  for (const auto* keys : {&value.sdk_keys, &value.mobile_keys})
    for (const std::string& key : *keys) environment_by_secret[key] = id;
  environments.insert_or_assign(id, std::move(environment));
  return {};
}

CatalogResult<void> CatalogContents::take_destination(ObjectId id, Managed<Destination> destination) {
  Destination& value = destination.value;
  value.id = id;
  const auto environment = environment_by_path.find(environment_path(value.project_key, value.environment_key));
  if (environment == environment_by_path.end())
    return tl::unexpected(
        catalog_error(CatalogFault::missing, fmt::format("The project \"{}\" has no environment with the key "
                                                         "\"{}\".",
                                                         value.project_key, value.environment_key)));
  value.environment_id = environment->second;
  destinations.insert_or_assign(id, std::move(destination));
  return {};
}

void CatalogContents::drop(DocumentKind kind, const std::string& text) {
  if (kind == DocumentKind::flag) {
    flags.erase(text);
    return;
  }
  const auto id = ObjectId::parse(text);
  if (!id) return;
  if (kind == DocumentKind::project) {
    if (const auto old = projects.find(*id); old != projects.end()) project_by_key.erase(old->second.value.key);
    projects.erase(*id);
  } else if (kind == DocumentKind::environment) {
    const auto old = environments.find(*id);
    if (old == environments.end()) return;
    environment_by_path.erase(environment_path(old->second.value.project_key, old->second.value.key));
    for (const auto* keys : {&old->second.value.sdk_keys, &old->second.value.mobile_keys})
      for (const std::string& key : *keys) environment_by_secret.erase(key);
    environments.erase(old);
  } else if (kind == DocumentKind::destination) {
    destinations.erase(*id);
  }
}

std::optional<std::uint64_t> CatalogContents::revision_of(DocumentKind kind, const std::string& text) const {
  const auto in = [](const auto& map, const auto& key) -> std::optional<std::uint64_t> {
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second.revision);
  };
  if (kind == DocumentKind::flag) return in(flags, text);
  const ObjectId id = ObjectId::parse(text).value_or(ObjectId{});
  if (kind == DocumentKind::project) return in(projects, id);
  if (kind == DocumentKind::environment) return in(environments, id);
  return in(destinations, id);
}

const std::vector<FieldFault>& CatalogContents::tolerated(DocumentKind kind, const std::string& text) const {
  static const std::vector<FieldFault> kNone;
  const auto in = [](const auto& map, const auto& key) -> const std::vector<FieldFault>& {
    const auto found = map.find(key);
    return found == map.end() ? kNone : found->second.tolerated;
  };
  if (kind == DocumentKind::flag) return in(flags, text);
  const ObjectId id = ObjectId::parse(text).value_or(ObjectId{});
  if (kind == DocumentKind::project) return in(projects, id);
  if (kind == DocumentKind::environment) return in(environments, id);
  return in(destinations, id);
}

std::set<std::string> CatalogContents::keys_of(DocumentKind kind, const std::string& id) const {
  std::set<std::string> keys;
  const auto found = environments.find(ObjectId::parse(id).value_or(ObjectId{}));
  if (kind != DocumentKind::environment || found == environments.end()) return keys;
  for (const auto* list : {&found->second.value.sdk_keys, &found->second.value.mobile_keys})
    keys.insert(list->begin(), list->end());
  return keys;
}

std::optional<Destination> CatalogContents::destination_value(DocumentKind kind, const std::string& id) const {
  const auto found = destinations.find(ObjectId::parse(id).value_or(ObjectId{}));
  if (kind != DocumentKind::destination || found == destinations.end()) return std::nullopt;
  return found->second.value;
}

}  // namespace sluice::catalog
