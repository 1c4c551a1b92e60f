#include <algorithm>

#include "aws/endpoints.h"
#include "aws/source_support.h"
#include "base/text.h"
#include "http_client/blocking_http.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kMetadataService = "the EC2 instance metadata service";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr std::int64_t kTokenLifeS = 21'600;
constexpr std::int64_t kExtensionMs = 15 * 60'000;

Result<std::string> endpoint_of(const ProcessEnvironment& environment) {
  if (const auto url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")) return checked_endpoint(*url);
  const std::string mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("IPv4");
  return std::string(equals_ignoring_case(mode, "IPv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
}

http_client::HttpRequest request_of(std::string method, std::string url) {
  http_client::HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.connect_timeout_ms = 1'000;
  request.timeout_ms = 1'000;
  request.use_proxy = false;
  request.link_local = true;
  return request;
}

// A name that goes into a URL and a message: the service is reached over plain http.
bool fit_for_role(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '/';
  });
}

}  // namespace

CredentialsResult<Credentials> InstanceMetadataSource::fetch() {
  const auto disabled = context_.environment("AWS_EC2_METADATA_DISABLED");
  if (disabled && equals_ignoring_case(*disabled, "true")) return none_found("AWS_EC2_METADATA_DISABLED is set");
  const Result<std::string> endpoint = endpoint_of(context_.environment);
  if (!endpoint) return invalid_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT: " + endpoint.error().message);

  if (token_.empty() || context_.clock.steady_us() >= token_expires_us_) {
    http_client::HttpRequest put = request_of("PUT", *endpoint + "/latest/api/token");
    put.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", std::to_string(kTokenLifeS)}};
    const http_client::HttpResponse response = http_client::send_and_wait(context_.transport, std::move(put));
    // Off EC2 nothing answers there: this is how it is found out.
    if (response.fault != http_client::TransportFault::none) {
      return none_found(std::string(kMetadataService) + " does not answer (" + response.fault_text +
                        "); in a container on EC2 its hop limit must be 2");
    }
    if (response.status != 200 || response.body.empty()) {
      return none_found(std::string(kMetadataService) + " gave no token, status " + std::to_string(response.status));
    }
    token_ = response.body.substr(0, response.body.find_first_of("\r\n"));
    token_expires_us_ = context_.clock.steady_us() + (kTokenLifeS - 300) * 1'000'000;
  }

  http_client::HttpRequest get_role = request_of("GET", *endpoint + std::string(kRolePath));
  get_role.headers = {{"x-aws-ec2-metadata-token", token_}};
  const http_client::HttpResponse roles = http_client::send_and_wait(context_.transport, std::move(get_role));
  if (roles.fault != http_client::TransportFault::none || roles.status != 200) {
    token_.clear();  // 401: it was of another boot of the instance
    if (roles.fault == http_client::TransportFault::none && roles.status == 404) {
      return none_found(std::string(kMetadataService) + " says that the instance has no IAM role");
    }
    const std::string what =
        roles.fault != http_client::TransportFault::none ? roles.fault_text : "status " + std::to_string(roles.status);
    return tl::unexpected(CredentialsError{CredentialsError::Kind::unreachable, "",
                                           std::string(kMetadataService) + " did not tell the instance's role: " + what,
                                           ""});
  }
  const std::string role = roles.body.substr(0, roles.body.find_first_of("\r\n"));
  if (!fit_for_role(role))
    return invalid_setting(std::string(kMetadataService) + " answered with something else than a role's name.");

  http_client::HttpRequest get = request_of("GET", *endpoint + std::string(kRolePath) + role);
  get.headers = {{"x-aws-ec2-metadata-token", token_}};
  CredentialsResult<Credentials> credentials = get_credentials(context_, std::move(get), kMetadataService);
  if (!credentials) return credentials;
  credentials->source = "EC2 instance role " + role;
  const std::int64_t now_ms = context_.clock.wall_ms();
  if (credentials->expires_ms != 0 && credentials->expires_ms < now_ms + kExtensionMs / 3) {
    // The service is behind with its rotation; AWS accepts such credentials for longer than they say.
    credentials->expires_ms = now_ms + kExtensionMs;
  }
  return credentials;
}

}  // namespace sluice::aws
