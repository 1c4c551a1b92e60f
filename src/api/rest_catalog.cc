// The catalog as a whole: imported from a configuration file, exported as one, and backed up.
#include <fmt/format.h>

#include <array>
#include <map>

#include "api/audit.h"
#include "api/rest_resources.h"
#include "api/start_reservations.h"
#include "base/text.h"
#include "catalog/declared.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kLists = {"project", "environment", "flag", "destination"};

std::string text_of(const json& item, const char* name) {
  const json value = item.value(name, json());
  return value.is_string() ? value.get<std::string>() : std::string();
}

// Turns the lists of a configuration file into writes. Absent ids are those that the file would have, so
// that a destination keeps its place when its catalog moves from a file into the server.
class Importer {
 public:
  explicit Importer(const RestContext& context) : catalog_(context.catalog) {}

  // Before the writes are committed.
  RestResult<void> reserve_starts(StartReservations* starts) const {
    for (const catalog::CatalogWrite& write : writes) {
      const auto id = write.kind == catalog::DocumentKind::destination ? ObjectId::parse(write.id) : std::nullopt;
      if (!id) continue;  // of a bad id the catalog tells
      if (auto reserved = starts->reserve(write.fields, *id, catalog_.destination(*id)); !reserved) return reserved;
    }
    return {};
  }

  RestResult<void> add(std::string_view list, const json& item) {
    if (!item.is_object()) return invalid(fmt::format("{}: expected objects, got {}.", list, item.dump()));
    if (list == "project") return project(item);
    if (list == "environment") return environment(item);
    if (list == "flag") return flag(item);
    return destination(item);
  }

  std::vector<catalog::CatalogWrite> writes;
  std::size_t created = 0, changed = 0, unchanged = 0;

 private:
  template <typename Known>
  void put(catalog::DocumentKind kind, const std::string& id, json fields, const std::optional<Known>& known) {
    fields.erase("id");
    if (known && known->fields == fields) {
      ++unchanged;
      return;
    }
    ++(known ? changed : created);
    writes.push_back(
        {kind, id, std::move(fields), known ? known->extra : json::object(), known ? known->revision : 0, false});
  }

  static std::string id_of(const json& item, std::string_view kind, const std::string& keys) {
    const std::string given = text_of(item, "id");
    return given.empty() ? catalog::derived_id(kind, keys).hex() : given;
  }

  RestResult<void> project(const json& item) {
    const std::string key = text_of(item, "key");
    const auto known = catalog_.project(key);
    put(catalog::DocumentKind::project, known ? known->value.id.hex() : id_of(item, "project", key), item, known);
    return {};
  }

  RestResult<void> environment(const json& item) {
    const std::string project = text_of(item, "project"), key = text_of(item, "key"), path = project + "/" + key;
    const auto known = catalog_.environment(project, key);
    const std::string id = known ? known->value.id.hex() : id_of(item, "environment", path);
    environments_[path] = id;
    put(catalog::DocumentKind::environment, id, item, known);
    return {};
  }

  RestResult<void> flag(json item) {
    const std::string project = text_of(item, "project"), environment = text_of(item, "environment");
    const std::string key = text_of(item, "key");
    const auto id = environment_id(project, environment);
    if (!id || key.empty())
      return invalid(fmt::format("flag \"{}\": There is no environment \"{}/{}\".", key, project, environment));
    const auto parsed = ObjectId::parse(*id);
    if (!parsed) return invalid(fmt::format("environment \"{}\": \"{}\" is not an id.", environment, *id));
    for (const char* name : {"project", "environment", "key"}) item.erase(name);
    put(catalog::DocumentKind::flag, catalog::flag_document_id(*parsed, key), std::move(item),
        catalog_.flag(*parsed, key));
    return {};
  }

  RestResult<void> destination(json item) {
    const std::string keys =
        fmt::format("{}/{}/{}", text_of(item, "project"), text_of(item, "environment"), text_of(item, "name"));
    const std::string id = id_of(item, "destination", keys);
    const auto parsed = ObjectId::parse(id);
    if (!item.contains("on")) item["on"] = true;  // as in a file
    put(catalog::DocumentKind::destination, id, std::move(item), parsed ? catalog_.destination(*parsed) : std::nullopt);
    return {};
  }

  std::optional<std::string> environment_id(const std::string& project, const std::string& key) const {
    if (const auto made = environments_.find(project + "/" + key); made != environments_.end()) return made->second;
    if (const auto known = catalog_.environment(project, key)) return known->value.id.hex();
    return std::nullopt;
  }

  catalog::ManagedCatalog& catalog_;
  std::map<std::string, std::string> environments_;  // ids by path, of this import
};

template <typename Value>
RestJson with_id(const catalog::Managed<Value>& document) {
  RestJson out = {{"id", document.value.id.hex()}};
  for (const auto& [name, value] : document.fields.items()) out[name] = value;
  return out;
}

}  // namespace

RestOutcome import_catalog(const RestContext& context, const RestCall& call) {
  if (!call.body.is_object())
    return invalid(
        "The body is not an object; expected the lists of a configuration file: project, environment, flag and "
        "destination.");
  if (auto good = only_known(call.body, {"project", "environment", "flag", "destination"}); !good)
    return tl::unexpected(good.error());
  Importer importer(context);
  for (const std::string_view list : kLists) {
    const json items = call.body.value(std::string(list), json::array());
    if (!items.is_array()) return invalid(fmt::format("{}: expected a list.", list));
    for (const json& item : items)
      if (auto added = importer.add(list, item); !added) return tl::unexpected(added.error());
  }
  if (!importer.writes.empty()) {
    StartReservations starts(context);
    if (auto reserved = importer.reserve_starts(&starts); !reserved) return tl::unexpected(reserved.error());
    const auto made = context.catalog.commit(
        std::move(importer.writes),
        audit_entry(context.clock.wall_ms(), call.caller, "importCatalog", "proj/*",
                    fmt::format("imported a catalog: {} created, {} changed", importer.created, importer.changed)));
    if (!made) return refused(made.error());
    starts.committed();
  }
  return RestAnswer{200,
                    {{"created", importer.created}, {"changed", importer.changed}, {"unchanged", importer.unchanged}}};
}

RestOutcome export_catalog(const RestContext& context, const RestCall&) {
  RestJson projects = RestJson::array(), environments = RestJson::array(), flags = RestJson::array(),
           destinations = RestJson::array();
  for (const auto& project : context.catalog.projects()) {
    projects.push_back(with_id(project));
    for (const auto& environment : context.catalog.environments(project.value.id)) {
      environments.push_back(with_id(environment));
      for (const auto& flag : context.catalog.flags(environment.value.id)) {
        RestJson one = {
            {"project", project.value.key}, {"environment", environment.value.key}, {"key", flag.value.key}};
        for (const auto& [name, value] : flag.fields.items()) one[name] = value;
        flags.push_back(std::move(one));
      }
    }
  }
  for (const auto& destination : context.catalog.destinations()) destinations.push_back(with_id(destination));
  return RestAnswer{200,
                    {{"project", std::move(projects)},
                     {"environment", std::move(environments)},
                     {"flag", std::move(flags)},
                     {"destination", std::move(destinations)}}};
}

RestOutcome back_up_catalog(const RestContext& context, const RestCall&) {
  const std::string folder = context.data_directory + "/backups";
  if (const auto made = context.files.make_directory(folder); !made)
    return refuse(503, "unavailable", fmt::format("The backup cannot be written: {}.", made.error().message));
  std::string name = iso_time_ms(context.clock.wall_ms());
  std::erase(name, ':');
  const std::string path = fmt::format("{}/catalog-{}.db", folder, name);
  if (const auto copied = context.store.backup(path); !copied) return refused(copied.error());
  return RestAnswer{201, {{"path", path}}};
}

}  // namespace sluice::api
