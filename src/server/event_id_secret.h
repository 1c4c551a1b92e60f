// What ids of events are derived with (event/derived_ids.h): drawn once, and kept where the catalog is, so that it
// comes along with a backup.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog_store.h"
#include "event/derived_ids.h"
#include "storage/file_system.h"

namespace sluice::server {

// Of a managed catalog: a document of its store. An error: it can be neither read nor stored.
Result<event::EventIdSecret> stored_event_id_secret(catalog::CatalogStore& store);

// Of a server whose catalog is declared in a configuration file: DATA_DIR/event-id-secret, as hex digits. Copied to
// another server, events have the same ids there.
inline constexpr const char* kEventIdSecretFile = "event-id-secret";
Result<event::EventIdSecret> kept_event_id_secret(storage::FileSystem& files, const std::string& data_dir);

}  // namespace sluice::server
