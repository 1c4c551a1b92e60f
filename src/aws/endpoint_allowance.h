// Which endpoints of AWS services may be named by people who do not own the server. It is stricter than the outbound
// policy: requests to an endpoint are signed with the server's identity, so that a custom one is allowed only when the
// setting outbound.allowed lists it, even if it is public. AWS's own need no entry. Pure.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "http_client/outbound_policy.h"

namespace sluice::aws {

// What comes before the region in the hosts of a service's endpoints: "sts", "sts-fips".
using ServiceHosts = std::span<const std::string_view>;

ServiceHosts sts_hosts();

// Whether a destination may name this endpoint, which passed checked_endpoint(), of one of these services. An error
// says what to set.
Result<void> check_endpoint_allowed(std::string_view endpoint, ServiceHosts services,
                                    const http_client::OutboundPolicy& policy);

// "https://sts.eu-west-1.amazonaws.com", with dual-stack and VPC endpoint names, and those with an account before them.
bool is_aws_endpoint(std::string_view endpoint, ServiceHosts services);

}  // namespace sluice::aws
