#include "catalog/declared.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::catalog {
namespace {

// Reads the lists into vectors and reports duplicates.
class Reader {
 public:
  Reader(config::TomlTable& root, const DestinationKinds& kinds) : root_(root), kinds_(kinds) {}

  std::shared_ptr<const CatalogSnapshot> read() {
    for (config::TomlTable& table : root_.tables("project")) project(table);
    for (config::TomlTable& table : root_.tables("environment")) environment(table);
    for (config::TomlTable& table : root_.tables("flag")) flag(table);
    for (config::TomlTable& table : root_.tables("destination")) destination(table);
    return std::make_shared<const CatalogSnapshot>(std::move(projects_), std::move(environments_),
                                                   std::move(destinations_));
  }

 private:
  ObjectId id(config::TomlTable& table, std::string_view kind, const std::string& keys) {
    const ObjectId id = read_id(table).value_or(derived_id(kind, keys));
    const auto [at, fresh] = ids_.emplace(id, fmt::format("{} {}", kind, keys));
    if (!fresh)
      table.fault("id", fmt::format("{} already has the id {}; every id must be its own.", at->second, id.hex()));
    return id;
  }

  void project(config::TomlTable& table) {
    table.call(fmt::format("project \"{}\"", table.peek("key")));
    Project project = read_project_fields(table);
    project.id = id(table, "project", project.key);
    if (find_project(project.key))
      table.fault("key", fmt::format("There is already a project \"{}\"; keys must differ.", project.key));
    projects_.push_back(std::move(project));
  }

  void environment(config::TomlTable& table) {
    table.call(fmt::format("environment \"{}/{}\"", table.peek("project"), table.peek("key")));
    Environment environment = read_environment_fields(table);
    for (const auto& [field, keys] :
         {std::pair{"sdk_keys", &environment.sdk_keys}, {"mobile_keys", &environment.mobile_keys}})
      for (const std::string& key : *keys)
        if (const std::string fault = fault_of_key(key); !fault.empty()) table.fault(field, fault);
    const std::string path = environment.project_key + "/" + environment.key;
    environment.id = id(table, "environment", path);
    if (const Project* project = find_project(environment.project_key)) {
      environment.project_id = project->id;
    } else if (!environment.project_key.empty()) {
      table.fault("project", fmt::format("There is no [[project]] with the key \"{}\".", environment.project_key));
    }
    if (find_environment(environment.project_key, environment.key))
      table.fault("key",
                  fmt::format("There is already an environment \"{}\"; keys must differ within a project.", path));
    take_credentials(table, "sdk_keys", environment.sdk_keys);
    take_credentials(table, "mobile_keys", environment.mobile_keys);
    environments_.push_back(std::move(environment));
  }

  void flag(config::TomlTable& table) {
    table.call(fmt::format("flag \"{}\"", table.peek("key")));
    const std::string key = table.required("key", "a flag's key", "\"new-checkout\"");
    const std::string project = table.required("project", "the key of a [[project]]", "\"web\"");
    const std::string environment_key =
        table.required("environment", "the key of an [[environment]] of that project", "\"production\"");
    DeclaredFlag declared = read_flag_fields(table);
    Environment* environment = find_environment(project, environment_key);
    if (environment == nullptr) {
      if (!project.empty() && !environment_key.empty()) no_environment(table, project, environment_key);
      return;
    }
    if (!environment->flag_export.flags.emplace(key, std::move(declared)).second)
      table.fault("key", fmt::format("There is already a flag \"{}\" in the environment \"{}/{}\"; keys must differ.",
                                     key, project, environment_key));
  }

  static void no_environment(config::TomlTable& table, std::string_view project, std::string_view environment) {
    table.fault("environment", fmt::format("There is no [[environment]] with the key \"{}\" in the project \"{}\".",
                                           environment, project));
  }

  void take_credentials(config::TomlTable& table, const std::string& field, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      // Not shown in full: it is a credential.
      if (!credentials_.emplace(key, field).second)
        table.fault(field, fmt::format("The key that ends in …{} is declared twice; a key belongs to one environment.",
                                       key.substr(key.size() < 4 ? 0 : key.size() - 4)));
    }
  }

  void destination(config::TomlTable& table) {
    table.call(fmt::format("destination \"{}\"", table.peek("name")));
    Destination destination = read_destination_fields(table, kinds_);
    const std::string& project = destination.project_key;
    const std::string& environment_key = destination.environment_key;
    if (const Environment* environment = find_environment(project, environment_key)) {
      destination.environment_id = environment->id;
    } else if (!project.empty() && !environment_key.empty()) {
      no_environment(table, project, environment_key);
    }
    destination.id = id(table, "destination", project + "/" + environment_key + "/" + destination.name);
    destinations_.push_back(std::move(destination));
  }

  const Project* find_project(std::string_view key) const {
    const auto found =
        std::find_if(projects_.begin(), projects_.end(), [&](const Project& project) { return project.key == key; });
    return found == projects_.end() ? nullptr : &*found;
  }
  Environment* find_environment(std::string_view project, std::string_view key) {
    const auto found = std::find_if(environments_.begin(), environments_.end(), [&](const Environment& environment) {
      return environment.project_key == project && environment.key == key;
    });
    return found == environments_.end() ? nullptr : &*found;
  }

  config::TomlTable& root_;
  const DestinationKinds& kinds_;
  std::vector<Project> projects_;
  std::vector<Environment> environments_;
  std::vector<Destination> destinations_;
  std::map<ObjectId, std::string> ids_;
  std::map<std::string, std::string> credentials_;
};

}  // namespace

ObjectId derived_id(std::string_view kind, std::string_view keys) {
  const std::string text = fmt::format("sluice/{}/{}", kind, keys);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  ObjectId id;
  std::copy_n(digest, ObjectId::kBytes, id.bytes.begin());
  return id;
}

std::shared_ptr<const CatalogSnapshot> read_declared_catalog(config::TomlTable& root, const DestinationKinds& kinds) {
  return Reader(root, kinds).read();
}

}  // namespace sluice::catalog
