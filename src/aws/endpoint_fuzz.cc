// Endpoints and lists of what is allowed, as people write them. What passes the check has a host, and a link-local
// address is never allowed, whatever the list says.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/endpoint_allowance.h"
#include "aws/endpoints.h"
#include "base/check.h"
#include "http_client/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view list = text.substr(0, data[0]), url = text.substr(list.size());
  static const auto any = *sluice::aws::EndpointAllowance::parse("any, 0.0.0.0/0, ::/0");
  const auto allowance = sluice::aws::EndpointAllowance::parse(list);
  const auto endpoint = sluice::aws::checked_endpoint(url);
  if (!endpoint) return 0;
  const std::string host = sluice::http_client::host_of(*endpoint);
  if (sluice::http_client::is_link_local_host(host))
    SLUICE_CHECK(!any.check(*endpoint), "link-local addresses are never allowed");
  if (allowance && allowance->check(*endpoint))
    SLUICE_CHECK(any.check(*endpoint).has_value(), "what some list allows, any does");
  (void)sluice::aws::is_aws_endpoint(*endpoint);
  return 0;
}
