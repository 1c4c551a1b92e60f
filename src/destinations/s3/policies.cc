#include "destinations/s3/policies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sluice::s3 {
namespace {

std::string json_quoted(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace

std::string objects_arn(std::string_view partition, std::string_view bucket, std::string_view prefix) {
  return fmt::format("arn:{}:s3:::{}/{}{}*", partition, bucket, prefix, prefix.empty() ? "" : "/");
}

std::string key_statement(std::string_view kms_key_arn) {
  return fmt::format(R"({{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":{}}})", json_quoted(kms_key_arn));
}

std::string permission_policy(std::string_view partition, std::string_view bucket, std::string_view prefix,
                              std::string_view kms_key_arn) {
  std::string statements = fmt::format(R"({{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":{}}})",
                                       json_quoted(objects_arn(partition, bucket, prefix)));
  if (!kms_key_arn.empty()) statements += ",\n " + key_statement(kms_key_arn);
  return fmt::format("{{\"Version\":\"2012-10-17\",\"Statement\":[\n {}]}}", statements);
}

}  // namespace sluice::s3
