#include "aws/source_support.h"

namespace sluice::aws {

CredentialsResult<Credentials> WebIdentitySource::fetch() {
  const std::optional<std::string> role = context_.environment("AWS_ROLE_ARN");
  const std::optional<std::string> file = context_.environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file) return none_found("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  if (!role) return invalid_setting("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not.");
  return assume_with_token_file(context_, *role, *file, context_.environment("AWS_ROLE_SESSION_NAME").value_or(""));
}

}  // namespace sluice::aws
