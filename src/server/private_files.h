// What lies in the data directory is its owner's alone: files 0600, directories 0700. Sluice makes it so; this mends
// what a restored backup, a copy or a volume made wider.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::server {

// Restricts wider permissions of files with Sluice's own names, and logs their number. An error names what cannot be
// repaired, with what to do. Symbolic links are not followed.
Result<void> keep_files_private(const std::string& data_dir);

}  // namespace sluice::server
