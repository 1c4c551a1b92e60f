// A flag of a project as the REST API shows it: put together from what each of its environments knows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/full_sending.h"
#include "api/rest_resources.h"

namespace sluice::api {

// An environment that a call is about. Without its flags' switches: those may be many.
struct Place {
  ObjectId id;
  std::string key, name;
  FlagDeliveryFacts delivery;
};

struct ProjectFlag {
  std::string name;
  std::map<std::int64_t, RestJson> variations;
  RestJson environments = RestJson::object();
};

// Adds what one environment knows.
void add(ProjectFlag& flag, const Place& place, const flags::FlagFacts& facts);
RestJson flag_json(const catalog::Project& project, const std::string& key, const ProjectFlag& flag);

// The project of …/{project}.
RestResult<catalog::Project> project_of(const ServerView& view, const RestCall& call);
Place place_of(const ServerView& view, const catalog::Environment& environment);
// Its environments that the query's `env` names; all when it names none.
std::vector<Place> asked_places(const ServerView& view, const RestCall& call, const catalog::Project& project);
// Whether the environment's flag source has it: it can be switched before an event names it.
bool source_has(const Place& place, std::string_view key);
// None: no environment knows it.
std::optional<ProjectFlag> flag_of(const ServerView& view, const std::vector<Place>& places, const std::string& key);
// The flag of …/{project}/{flag}.
RestResult<RestJson> shown_flag(const ServerView& view, const RestCall& call, const catalog::Project& project);

}  // namespace sluice::api
