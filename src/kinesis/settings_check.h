// Whether a Kinesis destination's settings can work, as far as that can be told without asking AWS.
#pragma once

#include <vector>

#include "aws/endpoint_allowance.h"
#include "catalog/declared.h"

namespace sluice {

// All faults, each at its field. Any thread.
std::vector<FieldFault> check_kinesis_settings(const KinesisSettings& settings);
// The custom endpoints that `allowance` does not allow, each at its field. Settings that passed the above.
std::vector<FieldFault> check_kinesis_endpoints(const KinesisSettings& settings,
                                                const aws::EndpointAllowance& allowance);

}  // namespace sluice
