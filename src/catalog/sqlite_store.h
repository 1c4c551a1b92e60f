// The catalog's store in one SQLite file, in WAL mode with synchronous=FULL: a committed change outlives power loss.
// The schema is versioned by PRAGMA user_version; migrations run when it is opened (sqlite_schema.h).
#pragma once

#include <memory>
#include <string>

#include "catalog/catalog_store.h"
#include "catalog/document_cipher.h"

namespace sluice::catalog {

// Makes the file, for its owner alone (0600), when it is not there. An empty file is refused: its catalog is lost. A
// file of a newer Sluice is refused, and so is one with a document that `cipher` cannot open. Documents that are not as
// `cipher` would write them now are written so, all in one transaction, and nothing of what they were stays in the
// file.
Result<std::unique_ptr<CatalogStore>> open_sqlite_store(const std::string& path, DocumentCipher cipher = {});

}  // namespace sluice::catalog
