// What follows from a destination's settings: the values that messages name, and the role that is assumed for it.
#pragma once

#include <string>
#include <string_view>

#include "aws/sts.h"
#include "catalog/snapshot.h"
#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/settings.h"

namespace sluice::kinesis {

// `endpoint` as aws::service_endpoint() gives it.
DestinationFacts facts_of(const KinesisSettings& settings, std::string_view endpoint);
// The settings' own, or the one that the stream's ARN names.
std::string region_of(const KinesisSettings& settings);
// Region and stream name as the stream's ARN has them, if there is one.
void complete_by_arn(KinesisSettings& settings);
// What the role may do is cut down to the one stream. Without the stream's ARN it is assumed to be in the role's
// account.
aws::AssumeRole role_of(const catalog::Destination& destination, const std::string& region);

}  // namespace sluice::kinesis
