#include "aws/policies.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::aws {
namespace {

TEST(Policies, are_json_with_the_users_values) {
  const auto trust = nlohmann::json::parse(trust_policy("arn:aws:iam::1:role/r", "id\"x"));
  EXPECT_EQ(trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "id\"x");
  EXPECT_FALSE(nlohmann::json::parse(trust_policy("arn:aws:iam::1:role/r", ""))["Statement"][0].contains("Condition"));
  EXPECT_TRUE(nlohmann::json::parse(assume_role_policy("arn:aws:iam::1:role/r")).is_object());
  EXPECT_TRUE(nlohmann::json::parse(key_statement("arn:aws:kms:eu-west-1:1:key/k")).is_object());
}

}  // namespace
}  // namespace sluice::aws
