// Which custom endpoints destinations may use. A user who manages destinations decides where the server connects to and
// sees parts of the answers; without limits that gives access to the server's whole network (SSRF).
//
// AWS's own endpoints of Kinesis and STS are always allowed. Link-local addresses, where clouds keep the credentials of
// the machine, never are: not by setting, not by a name that resolves to one (CurlTransport checks the address that
// it connects to). Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http_client/ip_address.h"

namespace sluice::aws {

class EndpointAllowance {
 public:
  // Only AWS's own endpoints.
  EndpointAllowance() = default;
  // By commas: hosts ("kinesis.internal"), domains (".example.internal"), addresses and networks ("10.1.0.0/16",
  // "::1"), which allow endpoints that are written as addresses, or "any". An error names the entry that is none.
  static Result<EndpointAllowance> parse(std::string_view list);

  // Whether a destination may name this endpoint, which passed checked_endpoint(). An error says what to set.
  Result<void> check(std::string_view endpoint) const;

 private:
  bool allows(std::string_view host) const;

  bool any_ = false;
  std::vector<std::string> hosts_, domains_;
  std::vector<http_client::IpNetwork> networks_;
};

// "https://kinesis.eu-west-1.amazonaws.com", with FIPS, dual-stack and VPC endpoint names.
bool is_aws_endpoint(std::string_view endpoint);

}  // namespace sluice::aws
