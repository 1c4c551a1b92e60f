// For tests of bodies in gzip, and of the memory that they take.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::http_client {

// `times` over, as one stream.
std::string gzipped(std::string_view text, std::size_t times = 1);

// What the process has in memory now.
std::size_t resident_bytes();

}  // namespace sluice::http_client
