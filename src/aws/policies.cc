#include "aws/policies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sluice::aws {
namespace {

std::string json_text(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace

std::string trust_policy(std::string_view principal_arn, std::string_view external_id) {
  std::string condition;
  if (!external_id.empty())
    condition = fmt::format(R"(,"Condition":{{"StringEquals":{{"sts:ExternalId":{}}}}})", json_text(external_id));
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Principal":{{"AWS":{}}},"Action":"sts:AssumeRole"{}}}]}})";
  return fmt::format(kPolicy, json_text(principal_arn), condition);
}

std::string assume_role_policy(std::string_view role_arn) {
  constexpr const char* kPolicy = R"({{"Version":"2012-10-17","Statement":[
 {{"Effect":"Allow","Action":"sts:AssumeRole","Resource":{}}}]}})";
  return fmt::format(kPolicy, json_text(role_arn));
}

std::string key_statement(std::string_view key_arn) {
  return fmt::format(R"({{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":{}}})", json_text(key_arn));
}

}  // namespace sluice::aws
