// Code shared by several credentials sources.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/credentials_sources.h"

namespace sluice::aws {

tl::unexpected<CredentialsError> none_found(std::string message);
tl::unexpected<CredentialsError> invalid_setting(std::string message);

// STS for a source of Sluice's own identity: the region of the environment, else of `context`, else us-east-1.
CredentialsResult<std::unique_ptr<StsClient>> sts_of(const SourceContext& context);

// AWS_ROLE_ARN with a token file: also what a profile's web_identity_token_file means.
CredentialsResult<Credentials> assume_with_token_file(const SourceContext& context, const std::string& role_arn,
                                                      const std::string& token_file, const std::string& session_name);

// A GET of credentials in JSON, with the answers of servers that are no credentials explained.
CredentialsResult<Credentials> get_credentials(const SourceContext& context, http_client::HttpRequest request,
                                               std::string_view source);

}  // namespace sluice::aws
