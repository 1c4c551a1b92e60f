// Endpoints as people write them. What passes the check has a host, and a link-local address is never allowed, whatever
// the list says.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/endpoint_allowance.h"
#include "aws/endpoints.h"
#include "base/check.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto any = *sluice::http_client::OutboundPolicy::parse("any, 0.0.0.0/0, ::/0");
  static constexpr std::array<std::string_view, 2> kHosts = {"kinesis", "data-kinesis"};
  const auto endpoint = sluice::aws::checked_endpoint({reinterpret_cast<const char*>(data), size});
  if (!endpoint) return 0;
  const std::string host = sluice::http_client::host_of(*endpoint);
  SLUICE_CHECK(!host.empty(), "an endpoint has a host");
  const bool allowed = sluice::aws::check_endpoint_allowed(*endpoint, kHosts, any).has_value();
  SLUICE_CHECK(allowed != sluice::http_client::is_link_local_host(host),
               "all but link-local addresses are allowed by any");
  if (sluice::aws::check_endpoint_allowed(*endpoint, kHosts, {}))
    SLUICE_CHECK(endpoint->starts_with("https://") && host.find("kinesis") != host.npos, "others need an entry");
  return 0;
}
