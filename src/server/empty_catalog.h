// A start with an empty catalog, in a data directory that others used: --config was forgotten, catalog.db was lost, or
// an older backup was restored. It would deliver nothing of what waits, so it is refused until somebody says that it is
// meant (--accept-empty-catalog).
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog_store.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::server {

// Whether there is a catalog at all: DATA_DIR/catalog.db.
bool has_catalog_file(const std::string& data_dir);

// An error names the data directory and says what to do. `store`: the empty catalog; null: it has no file yet. One that
// was emptied over the API is known by its audit log, and starts beside events that the journal still keeps for replay.
Result<void> check_empty_catalog(const std::string& data_dir, storage::FileSystem& files,
                                 const journal::Journal& journal, catalog::CatalogStore* store);

}  // namespace sluice::server
