// The hosts of S3, whose names follow rules of their own.
#pragma once

#include <string>

#include "aws/endpoints.h"

namespace sluice::s3 {

// aws::service_endpoint() of S3; without a bucket in the host.
Result<std::string> s3_endpoint(const aws::EndpointSettings& settings, const ProcessEnvironment& environment);

}  // namespace sluice::s3
