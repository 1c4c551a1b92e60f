// What is there when the catalog is managed while the server runs, and not declared in the configuration file: its
// store, who may change it, and the workers that bring changes into force, take expired keys out, and write usage down.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "api/access_tokens.h"
#include "api/custom_roles.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/worker.h"
#include "catalog/catalog_store.h"
#include "catalog/document_cipher.h"
#include "catalog/key_expiry.h"
#include "catalog/managed_catalog.h"
#include "data_path/data_path.h"
#include "export/exporter.h"
#include "server/catalog_publisher.h"
#include "server/settings.h"
#include "server/usage_keeper.h"

namespace sluice::server {

// Of catalog.key or catalog.key_file; one that encrypts nothing when neither is set.
Result<catalog::DocumentCipher> catalog_cipher(const ServerSettings& settings);

class Management {
 public:
  // Opens DATA_DIR/catalog.db. `settings` and `clock` outlive it. An error says what to fix.
  static Result<std::unique_ptr<Management>> open(const ServerSettings& settings, const Clock& clock);
  // The same over another store, with workers that outlive it.
  static Result<std::unique_ptr<Management>> open(std::unique_ptr<catalog::CatalogStore> store,
                                                  const ServerSettings& settings, const Clock& clock, Workers& workers);
  ~Management();

  // Finishes deletions of destinations that the process before did not get to, and has `path` tell of those to come.
  // Before path.start().
  void finish_deletions(data_path::DataPath& path);
  // Starts the workers. `publish` is called after each change on the thread that makes it, before the change is
  // answered, with the catalog as it is then; one call at a time, each with a later catalog. `settle` is called on a
  // worker afterwards; false: not done, call again. `exporter` and `unsaved` outlive this, or stop() comes
  // before they go.
  void start(const exporting::Exporter& exporter, std::function<void(const catalog::CatalogPointer&)> publish,
             std::function<bool()> settle, storage::UnsavedFiles& unsaved);
  // Ends the workers: what was changed is put in force first, usage is written. Whoever changes the catalog has
  // stopped.
  void stop();

  catalog::CatalogStore& store() { return *store_; }
  catalog::ManagedCatalog& catalog() { return *catalog_; }
  api::CustomRoles& roles() { return *roles_; }
  api::AccessTokens& tokens() { return *tokens_; }

 private:
  Management(std::unique_ptr<catalog::CatalogStore> store, const ServerSettings& settings, const Clock& clock,
             Workers& workers);
  Result<void> open_parts();
  void changed();

  const ServerSettings& settings_;
  const Clock& clock_;
  Workers& workers_;
  const std::unique_ptr<catalog::CatalogStore> store_;
  std::mutex publish_mutex_;
  std::function<void(const catalog::CatalogPointer&)> publish_;  // guarded by publish_mutex_; null before start()
  std::unique_ptr<catalog::ManagedCatalog> catalog_;
  std::unique_ptr<api::CustomRoles> roles_;
  std::unique_ptr<api::AccessTokens> tokens_;
  // The publisher calls the expirer: stop() ends the expirer's worker first, and the publisher's before the object
  // goes.
  std::unique_ptr<catalog::KeyExpirer> key_expirer_;
  std::unique_ptr<CatalogPublisher> publisher_;
  std::unique_ptr<UsageKeeper> usage_;
};

}  // namespace sluice::server
