// The catalog as a whole: exported as a configuration file, and backed up. rest_import.cc imports it.
#include <fmt/format.h>

#include "api/rest_resources.h"
#include "base/text.h"

namespace sluice::api {
namespace {

template <typename Value>
RestJson with_id(const catalog::Managed<Value>& document) {
  RestJson out = {{"id", document.value.id.hex()}};
  for (const auto& [name, value] : document.fields.items()) out[name] = value;
  return out;
}

}  // namespace

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
