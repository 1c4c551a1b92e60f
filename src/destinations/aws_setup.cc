#include "destinations/aws_setup.h"

#include <fmt/format.h>

#include <utility>

#include "aws/policies.h"

namespace sluice::destinations {
namespace {

constexpr std::string_view kUnknownPrincipal = "arn:aws:iam::ACCOUNT_ID:role/THE_ROLE_THAT_SLUICE_RUNS_AS";

}  // namespace

std::vector<FormField> aws_role_fields(std::string_view group, std::string_view to_do) {
  return {
      {.key = "roleArn",
       .flag = "--role-arn",
       .label = "Role ARN",
       .help = fmt::format("The role that Sluice assumes to {}. If empty, Sluice uses its own identity.", to_do),
       .group = std::string(group),
       .example = "arn:aws:iam::123456789012:role/sluice-export"},
      {.key = "externalId",
       .flag = "--external-id",
       .label = "External id",
       .help = "Required by the role's trust policy; stops others from using your role through Sluice. Not a secret.",
       .group = std::string(group),
       .depends_on = "roleArn"}};
}

std::string aws_trust_policy(std::string_view principal, std::string_view external_id) {
  return aws::trust_policy(principal.empty() ? kUnknownPrincipal : principal, external_id);
}

nlohmann::ordered_json aws_documents(const std::string& permission_policy, const std::string& role_arn,
                                     const std::string& external_id, const std::string& principal, bool draft) {
  using Json = nlohmann::ordered_json;
  Json out = {{"permissionPolicy", Json::parse(permission_policy)}};
  if (!role_arn.empty() || draft) out["trustPolicy"] = Json::parse(aws_trust_policy(principal, external_id));
  if (!role_arn.empty()) out["assumeRolePolicy"] = Json::parse(aws::assume_role_policy(role_arn));
  out["principalKnown"] = !principal.empty();
  return out;
}

}  // namespace sluice::destinations
