#include "config/fault.h"

#include <fmt/format.h>

#include "base/terminal_text.h"

namespace sluice::config {

void ConfigFaults::add(std::string_view place, std::string_view message, std::string field, bool when_saved) {
  all_.push_back({terminal_text(place, false), terminal_text(message), std::move(field), when_saved});
}

std::string ConfigFaults::text() const {
  std::string out = fmt::format("The configuration has {} error{}:\n", all_.size(), all_.size() == 1 ? "" : "s");
  for (const ConfigFault& fault : all_) out += fmt::format("  {}:\n    {}\n", fault.place, fault.message);
  return out;
}

}  // namespace sluice::config
