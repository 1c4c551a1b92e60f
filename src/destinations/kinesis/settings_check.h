// Checks a Kinesis destination's settings as far as possible without calling AWS.
#pragma once

#include <vector>

#include "aws/endpoint_allowance.h"
#include "catalog/destination_kinds.h"
#include "destinations/kinesis/settings.h"
#include "http_client/outbound_policy.h"

namespace sluice::kinesis {

// For aws::is_aws_endpoint().
aws::ServiceHosts kinesis_hosts();

// All faults, each at its field. Any thread.
std::vector<catalog::FieldFault> check_kinesis_settings(const KinesisSettings& settings);
// The custom endpoints that `policy` does not allow, each at its field. Settings that passed the above.
std::vector<catalog::FieldFault> check_kinesis_endpoints(const KinesisSettings& settings,
                                                         const http_client::OutboundPolicy& policy);

}  // namespace sluice::kinesis
