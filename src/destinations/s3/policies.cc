#include "destinations/s3/policies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "aws/policies.h"

namespace sluice::s3 {
namespace {

std::string json_quoted(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace

std::string objects_arn(std::string_view partition, std::string_view bucket, std::string_view prefix) {
  return fmt::format("arn:{}:s3:::{}/{}{}*", partition, bucket, prefix, prefix.empty() ? "" : "/");
}

namespace {

std::string policy_of(const PolicyFacts& facts, const std::string& more) {
  std::string statements = fmt::format(R"({{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":{}}})",
                                       json_quoted(objects_arn(facts.partition, facts.bucket, facts.prefix)));
  if (facts.looks_first)
    statements += fmt::format(
        ",\n "
        R"({{"Effect":"Allow","Action":"s3:ListBucket","Resource":{}}})",
        json_quoted(fmt::format("arn:{}:s3:::{}", facts.partition, facts.bucket)));
  if (!more.empty()) statements += ",\n " + more;
  return fmt::format("{{\"Version\":\"2012-10-17\",\"Statement\":[\n {}]}}", statements);
}

}  // namespace

std::string permission_policy(const PolicyFacts& facts) {
  return policy_of(facts, facts.kms_key_arn.empty() ? "" : aws::key_statement(facts.kms_key_arn));
}

std::string session_policy(const PolicyFacts& facts) {
  return policy_of(facts, R"({"Effect":"Allow","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"})");
}

}  // namespace sluice::s3
