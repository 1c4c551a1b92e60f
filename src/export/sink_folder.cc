#include "export/sink_folder.h"

#include "base/log.h"

namespace sluice::exporting {

std::string sink_folder(const std::string& data_directory, ObjectId destination, SinkFolder which) {
  return data_directory + "/spool/" + destination.hex() + (which == SinkFolder::replay ? "-replay" : "");
}

bool remove_sink_folder(storage::FileSystem& files, const std::string& folder) {
  const auto names = files.list(folder);
  if (!names) return names.error().fault == storage::FileFault::not_found;  // none was ever made
  const auto removed = [](const storage::FileResult<void>& outcome, const std::string& path) {
    if (outcome) return true;
    log_warn("export.spool_not_removed", {{"file", path}, {"reason", outcome.error().message}});
    return false;
  };
  bool all = true;
  for (const std::string& name : *names) all = removed(files.remove(folder + "/" + name), folder + "/" + name) && all;
  return removed(files.remove_directory(folder), folder) &&
         removed(files.sync_directory(folder.substr(0, folder.rfind('/'))), folder) && all;
}

}  // namespace sluice::exporting
