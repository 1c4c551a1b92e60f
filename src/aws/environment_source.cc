#include "aws/source_support.h"

namespace sluice::aws {

CredentialsResult<Credentials> EnvironmentSource::fetch() {
  const std::optional<std::string> id = environment_("AWS_ACCESS_KEY_ID");
  const std::optional<std::string> secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::none_found, "", "AWS_ACCESS_KEY_ID is not set", ""});
  }
  if (!id || !secret) {
    const std::string message = id ? "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not."
                                   : "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not.";
    return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "", message, ""});
  }
  Credentials credentials{*id, *secret, environment_("AWS_SESSION_TOKEN").value_or(""), 0, "environment variables"};
  if (auto fault =
          fault_of_credentials(credentials, "", {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}))
    return tl::unexpected(std::move(*fault));
  return credentials;
}

}  // namespace sluice::aws
