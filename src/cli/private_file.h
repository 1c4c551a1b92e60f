// A file that a command writes for its user alone: it holds keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::cli {

enum class Existing : std::uint8_t { keep, replace };

// The whole text or nothing, whatever happens, with mode 0600; a link is followed. `keep`: a file that is there is an
// error. What is no regular file (a terminal, a pipe) is written to as it is. An error says what to do.
Result<void> write_private_file(const std::string& path, std::string_view text, Existing existing);

}  // namespace sluice::cli
