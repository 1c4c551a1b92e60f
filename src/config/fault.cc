#include "config/fault.h"

#include <fmt/format.h>

namespace sluice::config {

std::string ConfigFaults::text() const {
  std::string out = fmt::format("The configuration has {} error{}:\n", all_.size(), all_.size() == 1 ? "" : "s");
  for (const ConfigFault& fault : all_) out += fmt::format("  {}:\n    {}\n", fault.place, fault.message);
  return out;
}

}  // namespace sluice::config
