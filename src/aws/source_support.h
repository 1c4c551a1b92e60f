// Code shared by several credentials sources.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials_sources.h"

namespace sluice::aws {

tl::unexpected<CredentialsError> none_found(std::string message);
tl::unexpected<CredentialsError> invalid_setting(std::string message);

// Nothing, or what is wrong with credentials that `place` gave, naming the part as `names` does (access key id, secret,
// session token): a space, line end or other sign that would break the request it is written into.
std::optional<CredentialsError> fault_of_credentials(const Credentials& credentials, std::string_view place,
                                                     const std::array<const char*, 3>& names);

// STS for a source of Sluice's own identity: the region of the environment, else of `context`, else us-east-1.
CredentialsResult<std::unique_ptr<StsClient>> sts_of(const SourceContext& context);

// AWS_ROLE_ARN with a token file: also what a profile's web_identity_token_file means.
CredentialsResult<Credentials> assume_with_token_file(const SourceContext& context, const std::string& role_arn,
                                                      const std::string& token_file, const std::string& session_name);

// What a place that gives out credentials said instead: the message of its JSON, or its first words.
std::string words_of(const http_client::HttpResponse& response);
// `place` answered with another status than 200: what, after how long, in its own words. Later or for a person, by the
// status.
CredentialsError refused_by(std::string_view place, const http_client::HttpResponse& response, std::int64_t took_ms);

// A GET of credentials in JSON, with the answers of servers that are no credentials explained.
CredentialsResult<Credentials> get_credentials(const SourceContext& context, http_client::HttpRequest request,
                                               std::string_view source);

}  // namespace sluice::aws
