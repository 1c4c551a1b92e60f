#include "server/empty_catalog.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "export/set_aside.h"

namespace sluice::server {

bool has_catalog_file(const std::string& data_dir) {
  struct stat status {};
  return ::lstat((data_dir + "/catalog.db").c_str(), &status) == 0;
}

Result<void> check_empty_catalog(const std::string& data_dir, storage::FileSystem& files,
                                 const journal::Journal& journal, catalog::CatalogStore* store) {
  const auto destinations = exporting::holds_destinations(files, data_dir);
  if (!destinations) return tl::unexpected(destinations.error());
  bool events = false;
  if (!*destinations) {
    events = journal.stats().oldest_received_ms > 0;
    if (events && store != nullptr) {
      catalog::AuditQuery newest;
      newest.limit = 1;
      const auto history = store->audit(newest);
      if (!history) return fail(history.error().message);
      events = history->empty();
    }
  }
  if (!*destinations && !events) return {};
  return fail(fmt::format(
      "The catalog {}/catalog.db is {}, but the data directory {} holds {}. Was --config left out, or catalog.db "
      "removed? "
      "Start with the configuration file, or restore catalog.db from a backup (sluice backup). To begin with an empty "
      "catalog, start once with --accept-empty-catalog: nothing is deleted, files of destinations are moved to {}/{}.",
      data_dir, store != nullptr ? "empty" : "missing", data_dir,
      *destinations ? "cursors and dead letters of destinations" : "events of another catalog", data_dir,
      exporting::kSetAsideFolder));
}

}  // namespace sluice::server
