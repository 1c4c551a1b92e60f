#include "aws/credentials_sources.h"

namespace sluice::aws {

StaticSource::StaticSource(std::string access_key_id, std::string secret_access_key, std::string session_token,
                           std::string source_name)
    : credentials_{std::move(access_key_id), std::move(secret_access_key), std::move(session_token), 0,
                   std::move(source_name)} {}

CredentialsResult<Credentials> StaticSource::fetch() {
  if (credentials_.access_key_id.empty() || credentials_.secret_access_key.empty()) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "",
                                           "An access key needs both its id and its secret; one of them is empty.",
                                           ""});
  }
  return credentials_;
}

}  // namespace sluice::aws
