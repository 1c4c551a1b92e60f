// The data directory is accessible to its owner only: files 0600, directories 0700. Sluice creates them so; this fixes
// permissions that a restored backup, a copy or a volume widened.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::server {

// Restricts wider permissions of files with Sluice's own names, and logs their number. An error names what cannot be
// repaired, with what to do. Symbolic links are not followed.
Result<void> keep_files_private(const std::string& data_dir);

}  // namespace sluice::server
