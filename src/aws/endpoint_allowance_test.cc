#include "aws/endpoint_allowance.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::aws {
namespace {

constexpr std::array<std::string_view, 4> kHosts = {"kinesis", "kinesis-fips", "data-kinesis", "control-kinesis"};

bool allowed(const std::string& list, std::string_view endpoint, ServiceHosts services = kHosts) {
  const auto policy = http_client::OutboundPolicy::parse(list);
  EXPECT_TRUE(policy) << list;
  return policy && check_endpoint_allowed(endpoint, services, *policy).has_value();
}

TEST(EndpointAllowance, aws_own_endpoints_need_no_entry_and_names_that_only_look_like_them_do) {
  for (const char* own : {"https://kinesis.eu-west-1.amazonaws.com", "https://kinesis-fips.us-east-1.amazonaws.com",
                          "https://kinesis.cn-north-1.amazonaws.com.cn", "https://kinesis.eu-west-1.api.aws",
                          "https://123456789012.data-kinesis.us-east-1.amazonaws.com",
                          "https://vpce-0a1b2c3d-4e5f.kinesis.eu-west-1.vpce.amazonaws.com"})
    EXPECT_TRUE(allowed("", own)) << own;
  for (const char* own : {"https://sts.us-gov-west-1.amazonaws.com", "https://sts-fips.us-east-1.amazonaws.com",
                          "https://sts.amazonaws.com:443"}) {
    EXPECT_TRUE(allowed("", own, sts_hosts())) << own;
    EXPECT_FALSE(allowed("", own)) << "of another service: " << own;
  }
  for (const char* other :
       {"http://kinesis.eu-west-1.amazonaws.com", "https://internal-x.eu-west-1.elb.amazonaws.com",
        "https://bucket.s3.amazonaws.com", "https://kinesis.s3.amazonaws.com", "https://evil-amazonaws.com",
        "https://kinesis.eu-west-1.amazonaws.com.evil.example", "https://x.kinesis.eu-west-1.amazonaws.com",
        "https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com", "http://127.0.0.1:4567", "http://localhost"})
    EXPECT_FALSE(allowed("", other)) << other;
}

TEST(EndpointAllowance, others_are_allowed_as_listed_even_if_they_are_public) {
  const std::string list = "localhost, .corp.example,10.1.0.0/16 , ::1, Kinesis.Internal";
  for (const char* good : {"http://localhost:4567", "https://a.corp.example", "https://b.a.CORP.example/x",
                           "http://10.1.255.3", "http://[::1]:80", "https://kinesis.internal.", "http://167837699"})
    EXPECT_TRUE(allowed(list, good)) << good;
  for (const char* bad : {"http://localhost.evil.example", "https://corp.example", "https://xcorp.example",
                          "http://10.2.0.1", "http://[::2]", "http://127.0.0.1", "https://public.example"})
    EXPECT_FALSE(allowed(list, bad)) << bad;
  EXPECT_TRUE(allowed("any", "http://10.2.0.1"));
  const auto refused = check_endpoint_allowed("http://inside.example:8080", kHosts, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("outbound.allowed"), std::string::npos);
}

TEST(EndpointAllowance, metadata_addresses_are_never_allowed_however_they_are_written) {
  for (const char* metadata :
       {"http://169.254.169.254", "http://169.254.170.2/v2", "http://2852039166", "http://0xa9fea9fe",
        "http://0251.0376.0251.0376", "http://169.16689662", "http://[::ffff:169.254.169.254]",
        "http://[::ffff:a9fe:a9fe]", "http://[fd00:ec2::254]", "http://[fe80::1]", "http://metadata.google.internal",
        "https://METADATA.google.internal.:443"})
    EXPECT_FALSE(allowed("any, 169.254.0.0/16, metadata.google.internal", metadata)) << metadata;
}

}  // namespace
}  // namespace sluice::aws
