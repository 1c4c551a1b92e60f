#include "destinations/check.h"

#include <array>
#include <cstddef>

namespace sluice::destinations {

std::string_view check_status_name(CheckStatus status) {
  constexpr std::array<std::string_view, 5> kNames = {"ok", "warning", "failed", "unknown", "skipped"};
  return kNames[static_cast<std::size_t>(status)];
}

}  // namespace sluice::destinations
