#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace sluice::aws {
namespace {

ProcessEnvironment with(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

// What AWS's own rule sets give (botocore 1.43, endpoint-rule-set-1 of kinesis and sts, UseGlobalEndpoint off).
struct Golden {
  const char* region;
  const char* plain;
  const char* dual_stack;
  const char* fips;
  const char* fips_dual_stack;
};
constexpr Golden kGolden[] = {
    {"us-east-1", ".us-east-1.amazonaws.com", ".us-east-1.api.aws", "-fips.us-east-1.amazonaws.com",
     "-fips.us-east-1.api.aws"},
    {"eu-west-1", ".eu-west-1.amazonaws.com", ".eu-west-1.api.aws", "-fips.eu-west-1.amazonaws.com",
     "-fips.eu-west-1.api.aws"},
    {"us-gov-west-1", ".us-gov-west-1.amazonaws.com", ".us-gov-west-1.api.aws", ".us-gov-west-1.amazonaws.com",
     "-fips.us-gov-west-1.api.aws"},
    {"us-gov-east-1", ".us-gov-east-1.amazonaws.com", ".us-gov-east-1.api.aws", ".us-gov-east-1.amazonaws.com",
     "-fips.us-gov-east-1.api.aws"},
    {"cn-north-1", ".cn-north-1.amazonaws.com.cn", ".cn-north-1.api.amazonwebservices.com.cn",
     "-fips.cn-north-1.amazonaws.com.cn", "-fips.cn-north-1.api.amazonwebservices.com.cn"},
    {"eusc-de-east-1", ".eusc-de-east-1.amazonaws.eu", ".eusc-de-east-1.api.amazonwebservices.eu",
     "-fips.eusc-de-east-1.amazonaws.eu", "-fips.eusc-de-east-1.api.amazonwebservices.eu"},
    {"us-iso-east-1", ".us-iso-east-1.c2s.ic.gov", ".us-iso-east-1.api.aws.ic.gov", "-fips.us-iso-east-1.c2s.ic.gov",
     "-fips.us-iso-east-1.api.aws.ic.gov"},
    {"us-isob-east-1", ".us-isob-east-1.sc2s.sgov.gov", ".us-isob-east-1.api.aws.scloud",
     "-fips.us-isob-east-1.sc2s.sgov.gov", "-fips.us-isob-east-1.api.aws.scloud"},
    {"eu-isoe-west-1", ".eu-isoe-west-1.cloud.adc-e.uk", ".eu-isoe-west-1.api.cloud-aws.adc-e.uk",
     "-fips.eu-isoe-west-1.cloud.adc-e.uk", "-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {"us-isof-south-1", ".us-isof-south-1.csp.hci.ic.gov", ".us-isof-south-1.api.aws.hci.ic.gov",
     "-fips.us-isof-south-1.csp.hci.ic.gov", "-fips.us-isof-south-1.api.aws.hci.ic.gov"},
};

TEST(Endpoints, are_those_of_awss_rule_sets) {
  const ProcessEnvironment none = empty_environment();
  for (const Golden& row : kGolden) {
    const auto check = [&](bool fips, bool dual_stack, const char* rest) {
      const EndpointSettings settings{row.region, fips, dual_stack, ""};
      EXPECT_EQ(service_endpoint("kinesis", settings, none).value(), std::string("https://kinesis") + rest);
      EXPECT_EQ(sts_endpoint(settings, none).value(), std::string("https://sts") + rest);
    };
    check(false, false, row.plain);
    check(false, true, row.dual_stack);
    check(true, false, row.fips);
    check(true, true, row.fips_dual_stack);
  }
}

TEST(Endpoints, come_from_the_setting_then_the_environment_then_the_region) {
  const EndpointSettings region{"eu-west-1", false, false, ""};
  EXPECT_EQ(service_endpoint("kinesis", {"eu-west-1", true, false, "http://localhost:4567/"},
                             with({{"AWS_ENDPOINT_URL", "http://other"}})),
            std::string("http://localhost:4567"));
  const ProcessEnvironment both =
      with({{"AWS_ENDPOINT_URL", "http://all"}, {"AWS_ENDPOINT_URL_KINESIS", "http://kinesis:1"}});
  EXPECT_EQ(service_endpoint("kinesis", region, both).value(), "http://kinesis:1");
  EXPECT_EQ(sts_endpoint(region, both).value(), "http://all");
  EXPECT_EQ(sts_endpoint(region, with({{"AWS_ENDPOINT_URL_STS", "https://sts.vpce.amazonaws.com"}})).value(),
            "https://sts.vpce.amazonaws.com");
  EXPECT_EQ(
      sts_endpoint(region, with({{"AWS_ENDPOINT_URL", "http://all"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}))
          .value(),
      "https://sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(service_endpoint("kinesis", region, with({{"AWS_USE_FIPS_ENDPOINT", "true"}})).value(),
            "https://kinesis-fips.eu-west-1.amazonaws.com");
  EXPECT_EQ(service_endpoint("kinesis", region, with({{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"}})).value(),
            "https://kinesis.eu-west-1.api.aws");
}

TEST(Endpoints, need_no_region_when_they_are_given) {
  EXPECT_EQ(service_endpoint("kinesis", {"", false, false, "http://localhost:4567"}, empty_environment()).value(),
            "http://localhost:4567");
  const auto missing = service_endpoint("kinesis", {"", false, false, ""}, empty_environment());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("AWS_REGION"), std::string::npos);
  EXPECT_FALSE(service_endpoint("kinesis", {"Ireland", false, false, ""}, empty_environment()));
  EXPECT_FALSE(service_endpoint("kinesis", {"eu-west-1.evil.com/", false, false, ""}, empty_environment()));
}

TEST(Endpoints, are_checked_when_they_are_given) {
  for (const char* good :
       {"http://localhost", "https://kinesis.example.com:8443", "http://[::1]:4567", "http://127.0.0.1:4567/base"}) {
    EXPECT_EQ(checked_endpoint(good).value(), good);
  }
  EXPECT_EQ(checked_endpoint("https://a.example/path//").value(), "https://a.example/path");
  for (const char* bad :
       {"", "localhost:4567", "ftp://x", "http://", "http:///path", "http://a b", "http://user:secret@host",
        "http://x:0", "http://x:65536", "http://x:", "http://x:8a", "http://x/?q=1", "http://x/#f", "http://x/a b",
        "http://x\r\nY: z", "http://[::1", "http://[]"}) {
    const auto checked = checked_endpoint(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().message.find("secret"), std::string::npos);
  }
}

TEST(Endpoints, name_the_variable_that_is_wrong) {
  const auto endpoint = service_endpoint("kinesis", {"eu-west-1", false, false, ""},
                                         with({{"AWS_ENDPOINT_URL_KINESIS", "localhost:4567"}}));
  ASSERT_FALSE(endpoint);
  EXPECT_TRUE(endpoint.error().message.starts_with("AWS_ENDPOINT_URL_KINESIS: ")) << endpoint.error().message;
}

TEST(Regions, belong_to_partitions) {
  const std::pair<const char*, const char*> cases[] = {{"eu-west-1", "aws"},
                                                       {"mx-central-1", "aws"},
                                                       {"cn-northwest-1", "aws-cn"},
                                                       {"us-gov-east-1", "aws-us-gov"},
                                                       {"eusc-de-east-1", "aws-eusc"},
                                                       {"us-iso-west-1", "aws-iso"},
                                                       {"us-isob-west-1", "aws-iso-b"},
                                                       {"us-isof-east-1", "aws-iso-f"},
                                                       {"eu-isoe-west-1", "aws-iso-e"},
                                                       {"eu-south-99", "aws"},
                                                       {"cn-south-9", "aws-cn"}};
  for (const auto& [region, partition] : cases) EXPECT_EQ(partition_of_region(region).name, partition) << region;
}

TEST(Regions, are_known_or_at_least_look_like_one) {
  std::size_t count = 0;
  for (const Partition& partition : partitions()) {
    const auto regions = regions_of(partition.name);
    EXPECT_FALSE(regions.empty()) << partition.name;
    EXPECT_TRUE(std::is_sorted(regions.begin(), regions.end(),
                               [](const Region& a, const Region& b) { return a.name < b.name; }));
    for (const Region& region : regions) {
      EXPECT_TRUE(is_known_region(region.name)) << region.name;
      EXPECT_TRUE(looks_like_region(region.name)) << region.name;
      EXPECT_EQ(partition_of_region(region.name).name, partition.name) << region.name;
      ++count;
    }
  }
  EXPECT_EQ(count, 46u);
  EXPECT_FALSE(is_known_region("eu-south-99"));
  EXPECT_TRUE(looks_like_region("eu-south-99"));
  for (const char* wrong : {"", "eu", "eu-west", "euwest1", "eu-west-", "eu-1", "-west-1", "EU-WEST-1", "eu--west-1",
                            "eu-west-1a", "us-east-1.com"}) {
    EXPECT_FALSE(looks_like_region(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sluice::aws
