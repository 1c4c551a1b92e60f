#include "destinations/s3/endpoint.h"

#include <gtest/gtest.h>

namespace sluice::s3 {
namespace {

ProcessEnvironment environment_of(std::string name, std::string value) {
  return [name = std::move(name), value = std::move(value)](const char* asked) {
    return asked == name ? std::optional(value) : std::nullopt;
  };
}

// endpoint-rule-set-1 of s3, virtual hosts aside.
TEST(S3Endpoint, follows_its_own_rule_set) {
  struct Row {
    const char* region;
    bool fips, dual_stack;
    const char* expected;
  };
  constexpr Row kRows[] = {
      {"us-east-1", false, false, "https://s3.us-east-1.amazonaws.com"},
      {"eu-west-1", false, true, "https://s3.dualstack.eu-west-1.amazonaws.com"},
      {"us-east-1", true, false, "https://s3-fips.us-east-1.amazonaws.com"},
      {"us-east-1", true, true, "https://s3-fips.dualstack.us-east-1.amazonaws.com"},
      {"us-gov-west-1", true, false, "https://s3-fips.us-gov-west-1.amazonaws.com"},
      {"cn-north-1", false, false, "https://s3.cn-north-1.amazonaws.com.cn"},
  };
  for (const Row& row : kRows)
    EXPECT_EQ(s3_endpoint({row.region, row.fips, row.dual_stack, ""}, environment_of("", "")).value(), row.expected);
  EXPECT_EQ(
      s3_endpoint({"eu-west-1", false, false, ""}, environment_of("AWS_ENDPOINT_URL_S3", "http://minio:9000/")).value(),
      "http://minio:9000");
}

}  // namespace
}  // namespace sluice::s3
