#include "aws/source_support.h"

#include "aws/clock_skew.h"
#include "aws/credentials_json.h"
#include "aws/endpoints.h"
#include "base/text_file.h"
#include "http_client/blocking_http.h"

namespace sluice::aws {

tl::unexpected<CredentialsError> none_found(std::string message) {
  return tl::unexpected(CredentialsError{CredentialsError::Kind::none_found, "", std::move(message), ""});
}

tl::unexpected<CredentialsError> invalid_setting(std::string message) {
  return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "", std::move(message), ""});
}

CredentialsResult<std::unique_ptr<StsClient>> sts_of(const SourceContext& context) {
  std::string region = region_of_environment(context.environment).value_or(context.region);
  if (region.empty()) region = "us-east-1";
  const Result<std::string> endpoint = sts_endpoint({region, false, false, ""}, context.environment);
  if (!endpoint) return invalid_setting(endpoint.error().message);
  return std::make_unique<StsClient>(context.transport, context.clock, *endpoint, region);
}

CredentialsResult<Credentials> assume_with_token_file(const SourceContext& context, const std::string& role_arn,
                                                      const std::string& token_file, const std::string& session_name) {
  const Result<std::string> token = read_token_file(token_file);
  if (!token) {
    return invalid_setting("The web identity token file cannot be used: " + token.error().message +
                           ". In Kubernetes, check that the pod's service account is the annotated one.");
  }
  CredentialsResult<std::unique_ptr<StsClient>> sts = sts_of(context);
  if (!sts) return tl::unexpected(std::move(sts.error()));
  AssumeRole role;
  role.role_arn = role_arn;
  role.role_session_name = session_name.empty() ? "sluice" : session_name;
  return (*sts)->assume_role_with_web_identity(role, *token);
}

CredentialsResult<Credentials> get_credentials(const SourceContext& context, http_client::HttpRequest request,
                                               std::string_view source) {
  request.method = "GET";
  const http_client::HttpResponse response = http_client::send_and_wait(context.transport, std::move(request));
  if (response.fault != http_client::TransportFault::none) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::unreachable, "",
                                           std::string(source) + " does not answer: " + response.fault_text, ""});
  }
  if (response.status != 200) {
    const bool later = response.status >= 500 || response.status == 429;
    return tl::unexpected(CredentialsError{
        later ? CredentialsError::Kind::unreachable : CredentialsError::Kind::denied, "",
        std::string(source) + " answered " + std::to_string(response.status) + " instead of credentials.", ""});
  }
  return credentials_of_json(response.body, source, notable_clock_offset_ms(response, context.clock.wall_ms()));
}

}  // namespace sluice::aws
