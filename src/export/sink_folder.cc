#include "export/sink_folder.h"

#include "base/log.h"

namespace sluice::exporting {

std::string sink_folder(const std::string& data_directory, ObjectId destination, SinkFolder which) {
  return data_directory + "/spool/" + destination.hex() + (which == SinkFolder::replay ? "-replay" : "");
}

void remove_sink_folder(storage::FileSystem& files, const std::string& folder) {
  const auto names = files.list(folder);
  if (!names) return;  // none was ever made
  for (const std::string& name : *names)
    if (const auto removed = files.remove(folder + "/" + name); !removed)
      log_warn("export.spool_not_removed", {{"file", folder + "/" + name}, {"reason", removed.error().message}});
  if (const auto removed = files.remove_directory(folder); !removed)
    log_warn("export.spool_not_removed", {{"file", folder}, {"reason", removed.error().message}});
}

}  // namespace sluice::exporting
