#include "destinations/s3/endpoint.h"

namespace sluice::s3 {
namespace {

// Dual-stack hosts are older than those of api.aws, and FIPS hosts are named so in GovCloud too.
// https://github.com/boto/botocore/blob/develop/botocore/data/s3/2006-03-01/endpoint-rule-set-1.json.gz
std::string host_of_region(const std::string& region, bool fips, bool dual_stack) {
  std::string host = fips ? "s3-fips." : "s3.";
  if (dual_stack) host += "dualstack.";
  host += region;
  host += '.';
  host += aws::partition_of_region(region).dns_suffix;
  return host;
}

}  // namespace

Result<std::string> s3_endpoint(const aws::EndpointSettings& settings, const ProcessEnvironment& environment) {
  return aws::service_endpoint("s3", settings, environment, host_of_region);
}

}  // namespace sluice::s3
