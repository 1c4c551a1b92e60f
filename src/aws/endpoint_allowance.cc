#include "aws/endpoint_allowance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/endpoints.h"
#include "base/text.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::aws {
namespace {

std::vector<std::string> labels_of(std::string_view host) {
  std::vector<std::string> labels;
  while (true) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    labels.emplace_back(host.substr(0, dot));
    if (dot == host.size())
      return labels;
    host.remove_prefix(dot + 1);
  }
}

} // namespace

// A suffix alone would not do: anybody can have a name below amazonaws.com, of
// a bucket or a load balancer.
bool is_aws_endpoint(std::string_view endpoint) {
  if (!endpoint.starts_with("https://"))
    return false;
  static constexpr std::array<std::string_view, 6> kServices = {
      "kinesis", "kinesis-fips", "data-kinesis",
      "sts",     "sts-fips",     "control-kinesis"};
  const std::string host = http_client::host_of(endpoint);
  if (host == "sts.amazonaws.com")
    return true;
  for (const Partition &partition : partitions()) {
    for (const std::string_view suffix :
         {partition.dns_suffix, partition.dual_stack_suffix}) {
      const std::string end = fmt::format(".{}", suffix);
      if (suffix.empty() || !host.ends_with(end))
        continue;
      std::vector<std::string> labels =
          labels_of(std::string_view(host).substr(0, host.size() - end.size()));
      // vpce-0a1b-2c3d.kinesis.eu-west-1.vpce, ACCOUNT.data-kinesis.eu-west-1
      const bool of_vpc = labels.size() > 1 && labels.back() == "vpce";
      if (of_vpc)
        labels.pop_back();
      if (labels.size() < 2 || labels.size() > 3 ||
          !looks_like_region(labels.back()))
        continue;
      const std::string &service = labels[labels.size() - 2];
      if (std::find(kServices.begin(), kServices.end(), service) ==
          kServices.end())
        continue;
      const bool account =
          labels.front().find_first_not_of("0123456789") == std::string::npos;
      if (of_vpc ? labels.size() == 3 && labels.front().starts_with("vpce-")
                 : labels.size() == 2 || account)
        return true;
    }
  }
  return false;
}

Result<EndpointAllowance> EndpointAllowance::parse(std::string_view list) {
  EndpointAllowance allowance;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!word.empty() && word.front() == ' ')
      word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ')
      word.remove_suffix(1);
    if (word.empty())
      continue;
    const std::string entry = lower(word);
    constexpr std::string_view kOfNames =
        "abcdefghijklmnopqrstuvwxyz0123456789-._";
    if (entry == "any") {
      allowance.any_ = true;
    } else if (auto network = http_client::ip_network_of(entry)) {
      allowance.networks_.push_back(*std::move(network));
    } else if (entry.find_first_not_of(kOfNames) != std::string::npos) {
      return fail(fmt::format("\"{}\" is not a host, domain, address or "
                              "network; write hosts without scheme and port.",
                              word));
    } else if (entry.front() == '.') {
      allowance.domains_.push_back(entry);
    } else {
      allowance.hosts_.push_back(entry);
    }
  }
  return allowance;
}

bool EndpointAllowance::allows(std::string_view host) const {
  if (any_ || std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end())
    return true;
  const auto address = http_client::ip_address_of(std::string(host));
  if (address)
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const http_client::IpNetwork &network) {
                         return network.holds(*address);
                       });
  return std::any_of(
      domains_.begin(), domains_.end(),
      [&](const std::string &domain) { return host.ends_with(domain); });
}

Result<void> EndpointAllowance::check(std::string_view endpoint) const {
  const std::string host = http_client::host_of(endpoint);
  if (http_client::is_link_local_host(host))
    return fail(fmt::format("{} is link-local or the address of a cloud's "
                            "metadata service, which no destination may "
                            "use. Expected an endpoint of Kinesis or STS.",
                            host));
  if (is_aws_endpoint(endpoint) || allows(host))
    return {};
  return fail(
      fmt::format("This server does not allow {} as an endpoint. To allow it, "
                  "add the host to the setting "
                  "aws.allowed_endpoints (variable SLUICE_ALLOWED_ENDPOINTS) "
                  "and restart the server; AWS's own "
                  "endpoints need no entry.",
                  host));
}

} // namespace sluice::aws
