// The JSON that container endpoints, instance metadata and credential processes give credentials in:
// {"AccessKeyId", "SecretAccessKey", "Token" or "SessionToken", "Expiration"}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/credentials.h"

namespace sluice::aws {

// `source` names where the text came from in messages, which never show any of the text's values but AWS's own `Code`
// and `Message`. `offset_ms` is the source's clock minus ours. A missing Expiration means that they never expire.
tl::expected<Credentials, CredentialsError> credentials_of_json(std::string_view json, std::string_view source,
                                                                std::int64_t offset_ms);

}  // namespace sluice::aws
