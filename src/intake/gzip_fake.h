// Compresses as an SDK does, for tests.
#pragma once

#include <string>
#include <string_view>

namespace sluice::intake {

// One gzip member.
std::string gzip(std::string_view text);

}  // namespace sluice::intake
