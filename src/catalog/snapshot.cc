#include "catalog/snapshot.h"

#include <unordered_set>
#include <utility>

namespace sluice::catalog {

CatalogSnapshot::CatalogSnapshot(std::vector<Project> projects, std::vector<Environment> environments,
                                 std::vector<Destination> destinations)
    : projects_(std::move(projects)),
      environments_(std::move(environments)),
      destinations_(std::make_shared<const std::vector<Destination>>(std::move(destinations))) {
  note_who_keeps_originals();
  index_environments();
}

CatalogSnapshot::CatalogSnapshot(std::vector<Project> projects, std::vector<Environment> environments,
                                 const CatalogSnapshot& before)
    : projects_(std::move(projects)), environments_(std::move(environments)), destinations_(before.destinations_) {
  note_who_keeps_originals();
  index_environments();
}

void CatalogSnapshot::note_who_keeps_originals() {
  std::unordered_set<ObjectId, ObjectIdHash> wanting;
  for (const Destination& destination : *destinations_)
    if (destination.wants_originals) wanting.insert(destination.environment_id);
  for (Environment& environment : environments_) {
    environment.keeps_originals = wanting.contains(environment.id);
    keeps_originals_ = keeps_originals_ || environment.keeps_originals;
  }
}

void CatalogSnapshot::index_environments() {
  for (const Environment& environment : environments_) {
    for (const std::string& key : environment.sdk_keys) by_sdk_key_.emplace(key, &environment);
    for (const std::string& key : environment.mobile_keys) by_mobile_key_.emplace(key, &environment);
    by_client_side_id_.emplace(environment.id.hex(), &environment);
  }
}

namespace {
template <typename Map>
const Environment* find(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}
}  // namespace

const Environment* CatalogSnapshot::by_sdk_key(std::string_view key) const { return find(by_sdk_key_, key); }
const Environment* CatalogSnapshot::by_mobile_key(std::string_view key) const { return find(by_mobile_key_, key); }
const Environment* CatalogSnapshot::by_client_side_id(std::string_view id) const {
  return find(by_client_side_id_, id);
}

const Environment* CatalogSnapshot::environment(ObjectId id) const {
  for (const Environment& environment : environments_)
    if (environment.id == id) return &environment;
  return nullptr;
}

const Project* CatalogSnapshot::project(ObjectId id) const {
  for (const Project& project : projects_)
    if (project.id == id) return &project;
  return nullptr;
}

const Environment* CatalogSnapshot::environment(std::string_view project_key, std::string_view key) const {
  for (const Environment& environment : environments_)
    if (environment.key == key && environment.project_key == project_key) return &environment;
  return nullptr;
}

const Project* CatalogSnapshot::project(std::string_view key) const {
  for (const Project& project : projects_)
    if (project.key == key) return &project;
  return nullptr;
}

void Catalog::publish(CatalogPointer snapshot) {
  const std::lock_guard lock(mutex_);
  std::atomic_store_explicit(&current_, snapshot, std::memory_order_release);
  revision_.fetch_add(1, std::memory_order_release);
  for (const auto& listener : listeners_) listener(snapshot);
}

void Catalog::keep_originals_of(std::set<ObjectId> environments) {
  const std::lock_guard lock(mutex_);
  const bool any = !environments.empty();
  kept_for_absent_.set(std::make_shared<const std::set<ObjectId>>(std::move(environments)));
  keeps_for_absent_.store(any, std::memory_order_release);
}

void Catalog::subscribe(std::function<void(const CatalogPointer&)> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

}  // namespace sluice::catalog
