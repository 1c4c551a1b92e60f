// A catalog's documents in memory: read and checked one by one, by id, with what must be unique among them. It knows no
// store, no lock and no thread: ManagedCatalog alone holds one, under its lock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/object_id.h"
#include "catalog/catalog_store.h"
#include "catalog/destination_kinds.h"
#include "catalog/fields.h"
#include "catalog/snapshot.h"

namespace sluice::catalog {

// One project, environment, flag or destination with its document.
template <typename Value>
struct Managed {
  std::uint64_t revision = 0;
  nlohmann::json fields, extra;
  Value value;
  // What would be refused if it was saved today: rules that came after it was.
  std::vector<FieldFault> tolerated = {};
};
struct ManagedFlag {
  ObjectId environment;
  std::string key;
  DeclaredFlag declared;
};

enum class CatalogFault : std::uint8_t { invalid, taken, missing, stale, failed };
struct CatalogError {
  CatalogFault fault;
  std::string message;
  std::vector<FieldFault> fields;  // every fault, when it is `invalid`
};
template <typename T>
using CatalogResult = tl::expected<T, CatalogError>;

// How messages call fields: as the API does, or as a configuration file.
enum class FieldNames : std::uint8_t { api, file };

inline CatalogError catalog_error(CatalogFault fault, std::string message) { return {fault, std::move(message), {}}; }
// `invalid`, with every fault in its message.
CatalogError refused_fields(std::vector<FieldFault> faults, FieldNames names);

std::string flag_document_id(ObjectId environment, std::string_view flag_key);
// An environment in CatalogContents::environment_by_path.
std::string environment_path(std::string_view project_key, std::string_view environment_key);

// Maps are read by whoever holds it; they are changed by take() and drop() alone.
struct CatalogContents {
  std::map<ObjectId, Managed<Project>> projects;
  std::map<ObjectId, Managed<Environment>> environments;
  std::map<ObjectId, Managed<Destination>> destinations;
  std::map<std::string, Managed<ManagedFlag>> flags;  // by document id: those of an environment lie together
  std::map<std::string, ObjectId, std::less<>> project_by_key;
  std::map<std::string, ObjectId, std::less<>> environment_by_path;    // "project/environment"
  std::map<std::string, ObjectId, std::less<>> environment_by_secret;  // SDK and mobile keys

  // Takes a document in, in place of the one with its id. An error names every fault, and changes nothing.
  CatalogResult<void> take(DocumentKind kind, const std::string& id, std::uint64_t revision,
                           const nlohmann::json& fields, const nlohmann::json& extra, const DestinationKinds& kinds,
                           FieldNames names = FieldNames::api);
  void drop(DocumentKind kind, const std::string& id);
  std::optional<std::uint64_t> revision_of(DocumentKind kind, const std::string& id) const;
  // What was tolerated of the document when it was read.
  const std::vector<FieldFault>& tolerated(DocumentKind kind, const std::string& id) const;
  std::optional<Destination> destination_value(DocumentKind kind, const std::string& id) const;
  // SDK and mobile keys; of another kind than an environment: none.
  std::set<std::string> keys_of(DocumentKind kind, const std::string& id) const;

 private:
  CatalogResult<void> take_project(ObjectId id, Managed<Project> project);
  CatalogResult<void> take_environment(ObjectId id, Managed<Environment> environment);
  CatalogResult<void> take_destination(ObjectId id, Managed<Destination> destination);
};

}  // namespace sluice::catalog
