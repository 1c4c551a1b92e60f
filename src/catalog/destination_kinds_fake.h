// Two kinds of destinations for tests: "pipe", which supports all that kinds have in common, and "copy", which supports
// none of it. The settings of both are `target`, required, and `linger`.
#pragma once

#include <string>

#include "catalog/destination_kinds.h"

namespace sluice::catalog {

struct FakeSettings {
  std::string target;
  std::int64_t linger_ms = 50;
  bool operator==(const FakeSettings&) const = default;
};

const DestinationKinds& fake_kinds();

}  // namespace sluice::catalog
