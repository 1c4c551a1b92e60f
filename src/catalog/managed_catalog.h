// The catalog as it is managed while the server runs: documents of a store, held read and checked in memory, from which
// snapshots for the data path are created. Any thread; calls wait for one another, but the data path never waits.
//
// A document's fields are those of the configuration file (docs/configuration.md), read by the same code; `extra` holds
// what API clients send and expect back but Sluice does not use (tags, color).
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog_contents.h"
#include "catalog/catalog_store.h"
#include "catalog/fields.h"
#include "catalog/snapshot.h"

namespace sluice::catalog {

struct CatalogWrite {
  DocumentKind kind = DocumentKind::project;  // not token
  std::string id;                             // 24 hex digits; of flags: flag_document_id()
  nlohmann::json fields = nlohmann::json::object(), extra = nlohmann::json::object();
  std::uint64_t expected_revision = 0;  // 0: it is new
  bool remove = false;
};

class ManagedCatalog {
 public:
  // Reads all of the store. `changed` is called after every commit, on the committing thread.
  // `admit`: an additional check of destinations that are created or changed: only what it finds new is refused, so
  // that a destination from before a setting of the server can still be switched off. `kinds` outlives the catalog.
  using Admit = std::function<std::vector<FieldFault>(const Destination&)>;
  static Result<std::unique_ptr<ManagedCatalog>> open(CatalogStore& store, const DestinationKinds& kinds,
                                                      std::function<void()> changed, Admit admit = {});

  // Destinations that were deleted, and of which something may be left on disk: written with the deletion, so that a
  // start finishes it. One of them cannot be created again before finish_deletions().
  std::set<ObjectId> unfinished_deletions() const;
  void finish_deletions(const std::set<ObjectId>& destinations);  // nothing of them is left
  // Blocks until none of these is unfinished, or for `timeout_ms`.
  void await_deletions(const std::set<ObjectId>& destinations, std::int64_t timeout_ms) const;

  // All of the writes or none, with their entry in the audit log; in memory and on disk when it returns. What belongs
  // to a removed project or environment goes with it.
  CatalogResult<void> commit(std::vector<CatalogWrite> writes, const AuditEntry& audit);

  // The destination that these fields describe, or why it would be refused; nothing is created.
  CatalogResult<Destination> tried(const nlohmann::json& destination_fields);
  // Of each of these writes that commit() would refuse by itself, its place in the list and why, in terms of a
  // configuration file; nothing is changed.
  std::vector<std::pair<std::size_t, CatalogError>> faults_of(const std::vector<CatalogWrite>& writes);

  std::optional<Managed<Project>> project(std::string_view key) const;
  std::optional<Managed<Environment>> environment(std::string_view project_key, std::string_view key) const;
  std::optional<Managed<Destination>> destination(ObjectId id) const;
  std::optional<Managed<ManagedFlag>> flag(ObjectId environment, std::string_view key) const;
  // By id, which is by age.
  std::vector<Managed<Project>> projects() const;
  std::vector<Managed<Environment>> environments(ObjectId project) const;
  // The same without copies; `visit` must not call the catalog.
  void each_environment(ObjectId project, const std::function<void(const Environment&)>& visit) const;
  std::vector<Managed<ManagedFlag>> flags(ObjectId environment) const;  // by key
  std::vector<Managed<Destination>> destinations() const;

  CatalogPointer snapshot() const;
  ~ManagedCatalog();

 private:
  ManagedCatalog(CatalogStore& store, const DestinationKinds& kinds, std::function<void()> changed, Admit admit);

  std::vector<CatalogWrite> with_what_is_inside(std::vector<CatalogWrite> writes) const;
  CatalogResult<void> check_revision(const CatalogWrite& write) const;
  // Takes the write in, or says why not. Has to be reverted when the write is refused after all, also by this.
  CatalogResult<void> apply(const CatalogWrite& write, FieldNames names);
  // Whether the destination that a write made may be; `before`: what it was, if it was.
  CatalogResult<void> admitted(const std::string& id, const std::optional<Destination>& before) const;
  // The same of an environment's keys: only new ones must be such as an SDK can send.
  CatalogResult<void> admitted_keys(const std::string& id, const std::set<std::string>& before) const;
  // What puts back what a write is about to change.
  std::function<void()> undo_of(const CatalogWrite& write);

  CatalogStore& store_;
  const DestinationKinds& kinds_;
  const Admit admit_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  // Unfinished, and the revision of each one's document; guarded by mutex_.
  std::map<ObjectId, std::uint64_t> deletions_;
  mutable std::condition_variable deletions_finished_;
  std::unique_ptr<CatalogContents> contents_;  // what is in force; guarded by mutex_
  mutable CatalogPointer same_destinations_;  // the last snapshot; null: its destinations may differ; guarded by mutex_
};

}  // namespace sluice::catalog
