// Small files that are read and replaced whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/file_system.h"

namespace sluice::storage {

// Nothing when there is no such file.
FileResult<std::optional<std::string>> read_whole(FileSystem& files, const std::string& path);
// The old text or the new one, whatever happens; durable when it returns. `path` has a folder.
FileResult<void> replace_whole(FileSystem& files, const std::string& path, std::string_view text);

}  // namespace sluice::storage
