#include "destinations/kinesis/policies.h"

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

std::string stream_resource_policy(std::string_view principal_arn, std::string_view stream_arn) {
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Principal":{{"AWS":{}}},"Action":["kinesis:PutRecord","kinesis:PutRecords","kinesis:DescribeStreamSummary","kinesis:ListShards"],"Resource":{}}}]}})";
  return fmt::format(kPolicy, quoted(principal_arn), quoted(stream_arn));
}

std::string session_policy_for_stream(std::string_view stream_arn) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kinesis:PutRecord","kinesis:PutRecords",)"
         R"("kinesis:DescribeStreamSummary","kinesis:ListShards"],"Resource":")" +
         std::string(stream_arn) + R"("},{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}]})";
}

}  // namespace sluice::kinesis
