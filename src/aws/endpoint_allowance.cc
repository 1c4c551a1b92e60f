#include "aws/endpoint_allowance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "aws/endpoints.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::aws {
namespace {

std::vector<std::string> labels_of(std::string_view host) {
  std::vector<std::string> labels;
  while (true) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    labels.emplace_back(host.substr(0, dot));
    if (dot == host.size()) return labels;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace

ServiceHosts sts_hosts() {
  static constexpr std::array<std::string_view, 2> kHosts = {"sts", "sts-fips"};
  return kHosts;
}

// A suffix alone would not do: anybody can have a name below amazonaws.com, of a bucket or a load balancer.
bool is_aws_endpoint(std::string_view endpoint, ServiceHosts services) {
  if (!endpoint.starts_with("https://")) return false;
  const std::string host = http_client::host_of(endpoint);
  const auto is_one_of = [&](std::string_view service) {
    return std::find(services.begin(), services.end(), service) != services.end();
  };
  if (host == "sts.amazonaws.com") return is_one_of("sts");  // the only one without a region
  for (const Partition& partition : partitions()) {
    for (const std::string_view suffix : {partition.dns_suffix, partition.dual_stack_suffix}) {
      const std::string end = fmt::format(".{}", suffix);
      if (suffix.empty() || !host.ends_with(end)) continue;
      std::vector<std::string> labels = labels_of(std::string_view(host).substr(0, host.size() - end.size()));
      // vpce-0a1b-2c3d.SERVICE.eu-west-1.vpce, ACCOUNT.SERVICE.eu-west-1
      const bool of_vpc = labels.size() > 1 && labels.back() == "vpce";
      if (of_vpc) labels.pop_back();
      if (labels.size() < 2 || labels.size() > 3 || !looks_like_region(labels.back())) continue;
      if (!is_one_of(labels[labels.size() - 2])) continue;
      const bool account = labels.front().find_first_not_of("0123456789") == std::string::npos;
      if (of_vpc ? labels.size() == 3 && labels.front().starts_with("vpce-") : labels.size() == 2 || account)
        return true;
    }
  }
  return false;
}

Result<void> check_endpoint_allowed(std::string_view endpoint, ServiceHosts services,
                                    const http_client::OutboundPolicy& policy) {
  const std::string host = http_client::host_of(endpoint);
  if (http_client::is_link_local_host(host))
    return fail(
        fmt::format("{} is link-local or the address of a cloud's metadata service, which no destination may "
                    "use. Expected an endpoint of an AWS service.",
                    host));
  if (is_aws_endpoint(endpoint, services) || policy.lists(host)) return {};
  return fail(fmt::format("This server does not allow {} as an endpoint; AWS's own endpoints need no entry. {}", host,
                          http_client::how_to_allow(host)));
}

}  // namespace sluice::aws
