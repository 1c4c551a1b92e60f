// The flag data files of one environment, watched: read again and again, and taken when their text differs. So a file
// is found changed however it was: written in place, renamed over, or by a link that now leads elsewhere. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "relay/data_file.h"
#include "relay/flag_snapshot.h"
#include "storage/file_system.h"

namespace sluice::relay {

class FlagFiles {
 public:
  // `names` in `folder`. `files` outlives it.
  FlagFiles(std::string folder, std::vector<std::string> names, storage::FileSystem& files);

  // What they say now. Nothing: the same as at the last look, error or not. An error names the file, and what to do.
  std::optional<Result<FlagSnapshotPtr>> look(std::int64_t now_ms);

 private:
  Result<std::vector<DataFile>> read() const;

  const std::string folder_;
  const std::vector<std::string> names_;
  storage::FileSystem& files_;
  std::vector<DataFile> texts_;  // of the last look
  std::string fault_;            // of the last look; empty: none
  bool looked_ = false;
  FlagSnapshotPtr last_;
};

}  // namespace sluice::relay
