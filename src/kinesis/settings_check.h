// Whether a Kinesis destination's settings can work, as far as that can be told without asking AWS.
#pragma once

#include <vector>

#include "catalog/declared.h"

namespace sluice {

// All faults, each at its field. Any thread.
std::vector<FieldFault> check_kinesis_settings(const KinesisSettings& settings);

}  // namespace sluice
