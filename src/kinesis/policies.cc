#include "kinesis/policies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sluice::kinesis {
namespace {

std::string quoted(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace

std::string permission_policy(std::string_view stream_arn) {
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Action":["kinesis:PutRecord","kinesis:PutRecords"],"Resource":[{0}]}},
 {{"Effect":"Allow","Action":["kinesis:DescribeStreamSummary","kinesis:ListShards"],"Resource":[{0}]}}]}})";
  return fmt::format(kPolicy, quoted(stream_arn));
}

std::string trust_policy(std::string_view principal_arn, std::string_view external_id) {
  std::string condition;
  if (!external_id.empty())
    condition = fmt::format(R"(,"Condition":{{"StringEquals":{{"sts:ExternalId":{}}}}})", quoted(external_id));
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Principal":{{"AWS":{}}},"Action":"sts:AssumeRole"{}}}]}})";
  return fmt::format(kPolicy, quoted(principal_arn), condition);
}

std::string assume_role_policy(std::string_view role_arn) {
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Action":"sts:AssumeRole","Resource":{}}}]}})";
  return fmt::format(kPolicy, quoted(role_arn));
}

std::string stream_resource_policy(std::string_view principal_arn, std::string_view stream_arn) {
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Principal":{{"AWS":{}}},"Action":["kinesis:PutRecord","kinesis:PutRecords","kinesis:DescribeStreamSummary","kinesis:ListShards"],"Resource":{}}}]}})";
  return fmt::format(kPolicy, quoted(principal_arn), quoted(stream_arn));
}

std::string key_statement(std::string_view key_arn) {
  return fmt::format(R"({{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":{}}})", quoted(key_arn));
}

}  // namespace sluice::kinesis
