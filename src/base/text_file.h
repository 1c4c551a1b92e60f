// Small files that credentials are read from.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// The whole file; an error, which says why, for one that cannot be read or is larger.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes = 1 << 20);
// Without spaces and line ends around it, as tokens are stored.
Result<std::string> read_token_file(const std::string& path);
bool file_exists(const std::string& path);

}  // namespace sluice
