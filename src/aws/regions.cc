#include <algorithm>
#include <array>

#include "aws/endpoints.h"

namespace sluice::aws {

namespace {

constexpr std::array<Partition, 8> kPartitions = {{
    {"aws", "amazonaws.com", "api.aws", "console.aws.amazon.com"},
    {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "console.amazonaws.cn"},
    {"aws-us-gov", "amazonaws.com", "api.aws", "console.amazonaws-us-gov.com"},
    {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "console.amazonaws-eusc.eu"},
    {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", ""},
    {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", ""},
    {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", ""},
    {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", ""},
}};

// One row a region, sorted by name within its partition.
constexpr std::array<Region, 34> kAws = {{
    {"af-south-1", "Africa (Cape Town)"},
    {"ap-east-1", "Asia Pacific (Hong Kong)"},
    {"ap-east-2", "Asia Pacific (Taipei)"},
    {"ap-northeast-1", "Asia Pacific (Tokyo)"},
    {"ap-northeast-2", "Asia Pacific (Seoul)"},
    {"ap-northeast-3", "Asia Pacific (Osaka)"},
    {"ap-south-1", "Asia Pacific (Mumbai)"},
    {"ap-south-2", "Asia Pacific (Hyderabad)"},
    {"ap-southeast-1", "Asia Pacific (Singapore)"},
    {"ap-southeast-2", "Asia Pacific (Sydney)"},
    {"ap-southeast-3", "Asia Pacific (Jakarta)"},
    {"ap-southeast-4", "Asia Pacific (Melbourne)"},
    {"ap-southeast-5", "Asia Pacific (Malaysia)"},
    {"ap-southeast-6", "Asia Pacific (New Zealand)"},
    {"ap-southeast-7", "Asia Pacific (Thailand)"},
    {"ca-central-1", "Canada (Central)"},
    {"ca-west-1", "Canada West (Calgary)"},
    {"eu-central-1", "Europe (Frankfurt)"},
    {"eu-central-2", "Europe (Zurich)"},
    {"eu-north-1", "Europe (Stockholm)"},
    {"eu-south-1", "Europe (Milan)"},
    {"eu-south-2", "Europe (Spain)"},
    {"eu-west-1", "Europe (Ireland)"},
    {"eu-west-2", "Europe (London)"},
    {"eu-west-3", "Europe (Paris)"},
    {"il-central-1", "Israel (Tel Aviv)"},
    {"me-central-1", "Middle East (UAE)"},
    {"me-south-1", "Middle East (Bahrain)"},
    {"mx-central-1", "Mexico (Central)"},
    {"sa-east-1", "South America (Sao Paulo)"},
    {"us-east-1", "US East (N. Virginia)"},
    {"us-east-2", "US East (Ohio)"},
    {"us-west-1", "US West (N. California)"},
    {"us-west-2", "US West (Oregon)"},
}};
constexpr std::array<Region, 2> kAwsCn = {{
    {"cn-north-1", "China (Beijing)"},
    {"cn-northwest-1", "China (Ningxia)"},
}};
constexpr std::array<Region, 2> kAwsUsGov = {{
    {"us-gov-east-1", "AWS GovCloud (US-East)"},
    {"us-gov-west-1", "AWS GovCloud (US-West)"},
}};
constexpr std::array<Region, 1> kAwsEusc = {{
    {"eusc-de-east-1", "AWS European Sovereign Cloud (Germany)"},
}};
constexpr std::array<Region, 2> kAwsIso = {{
    {"us-iso-east-1", "US ISO East"},
    {"us-iso-west-1", "US ISO WEST"},
}};
constexpr std::array<Region, 2> kAwsIsoB = {{
    {"us-isob-east-1", "US ISOB East (Ohio)"},
    {"us-isob-west-1", "US ISOB West"},
}};
constexpr std::array<Region, 1> kAwsIsoE = {{
    {"eu-isoe-west-1", "EU ISOE West"},
}};
constexpr std::array<Region, 2> kAwsIsoF = {{
    {"us-isof-east-1", "US ISOF EAST"},
    {"us-isof-south-1", "US ISOF SOUTH"},
}};

// How the regions of a partition begin, for those newer than this table. `aws` is what is left.
struct Prefix {
  std::string_view prefix;
  std::string_view partition;
};
constexpr std::array<Prefix, 7> kPrefixes = {{
    {"cn-", "aws-cn"},
    {"us-gov-", "aws-us-gov"},
    {"eusc-", "aws-eusc"},
    {"us-iso-", "aws-iso"},
    {"us-isob-", "aws-iso-b"},
    {"eu-isoe-", "aws-iso-e"},
    {"us-isof-", "aws-iso-f"},
}};

}  // namespace

std::span<const Partition> partitions() { return kPartitions; }

std::span<const Region> regions_of(std::string_view partition_name) {
  if (partition_name == "aws") return kAws;
  if (partition_name == "aws-cn") return kAwsCn;
  if (partition_name == "aws-us-gov") return kAwsUsGov;
  if (partition_name == "aws-eusc") return kAwsEusc;
  if (partition_name == "aws-iso") return kAwsIso;
  if (partition_name == "aws-iso-b") return kAwsIsoB;
  if (partition_name == "aws-iso-e") return kAwsIsoE;
  if (partition_name == "aws-iso-f") return kAwsIsoF;
  return {};
}

bool is_known_region(std::string_view region) {
  const auto regions = regions_of(partition_of_region(region).name);
  return std::any_of(regions.begin(), regions.end(), [&](const Region& known) { return known.name == region; });
}

bool looks_like_region(std::string_view region) {
  const auto letter_or_dash = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  const std::size_t digits = region.find_last_not_of("0123456789") + 1;
  if (digits == 0 || digits == region.size() || region.size() > 32) return false;
  const std::string_view words = region.substr(0, digits);
  return words.ends_with('-') && !words.starts_with('-') && words.find("--") == std::string_view::npos &&
         std::count(words.begin(), words.end(), '-') >= 2 && std::all_of(words.begin(), words.end(), letter_or_dash);
}

const Partition* find_partition(std::string_view name) {
  for (const Partition& partition : kPartitions) {
    if (partition.name == name) return &partition;
  }
  return nullptr;
}

const Partition& partition_of_region(std::string_view region) {
  for (const Prefix& known : kPrefixes) {
    if (region.starts_with(known.prefix)) return *find_partition(known.partition);
  }
  return kPartitions.front();
}

}  // namespace sluice::aws
