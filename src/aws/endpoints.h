// Regions, partitions and the hosts of services in them.
// From AWS's endpoint rule sets and partitions.json
// (https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/process_environment.h"
#include "base/result.h"

namespace sluice::aws {

struct Partition {
  std::string_view name;               // "aws", "aws-cn": the second part of an ARN
  std::string_view dns_suffix;         // "amazonaws.com"
  std::string_view dual_stack_suffix;  // "api.aws"; empty: none
  std::string_view console_host;       // "console.aws.amazon.com"; empty: unknown
};

struct Region {
  std::string_view name;         // "eu-west-1"
  std::string_view description;  // "Europe (Ireland)"
};

// The regions that were known when Sluice was built, by partition, sorted by name.
std::span<const Region> regions_of(std::string_view partition_name);
std::span<const Partition> partitions();
bool is_known_region(std::string_view region);
// Whether it has the form of a region ("xx-word-1"): a newer region than this build is allowed, with a warning.
bool looks_like_region(std::string_view region);
// By the region's name or its form; the partition `aws` for anything else.
const Partition& partition_of_region(std::string_view region);
const Partition* find_partition(std::string_view name);

struct EndpointSettings {
  std::string region;
  bool fips = false;
  bool dual_stack = false;
  std::string custom;  // scheme://host[:port][/path]: wins over everything
};

// scheme://host[:port][/path], no slash at the end, of a service by the name that its hosts begin with. Custom wins,
// then AWS_ENDPOINT_URL_<SERVICE>, then AWS_ENDPOINT_URL (unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true), then the
// region's; AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT=true add to the settings. An error says what is wrong
// with the settings or the region. `host_of_region`: of a service whose hosts are named by rules of their own.
using HostOfRegion = std::string(const std::string& region, bool fips, bool dual_stack);
Result<std::string> service_endpoint(std::string_view service, const EndpointSettings& settings,
                                     const ProcessEnvironment& environment, HostOfRegion* host_of_region = nullptr);
// Of STS. `custom` is STS's own: a custom endpoint of another service is none of it.
Result<std::string> sts_endpoint(const EndpointSettings& settings, const ProcessEnvironment& environment);

// Checks a custom endpoint and removes a slash at its end: http or https, a host, no user, query or fragment.
Result<std::string> checked_endpoint(std::string_view url);

// AWS_REGION, AWS_DEFAULT_REGION.
std::optional<std::string> region_of_environment(const ProcessEnvironment& environment);

}  // namespace sluice::aws
