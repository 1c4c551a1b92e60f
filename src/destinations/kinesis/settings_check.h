// Checks a Kinesis destination's settings as far as possible without calling AWS.
#pragma once

#include <vector>

#include "aws/endpoint_allowance.h"
#include "catalog/destination_kinds.h"
#include "destinations/kinesis/settings.h"

namespace sluice::kinesis {

// All faults, each at its field. Any thread.
std::vector<catalog::FieldFault> check_kinesis_settings(const KinesisSettings& settings);
// The custom endpoints that `allowance` does not allow, each at its field. Settings that passed the above.
std::vector<catalog::FieldFault> check_kinesis_endpoints(const KinesisSettings& settings,
                                                         const aws::EndpointAllowance& allowance);

}  // namespace sluice::kinesis
