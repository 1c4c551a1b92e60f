#include <algorithm>
#include <array>

#include "aws/endpoints.h"
#include "aws/source_support.h"
#include "base/text_file.h"
#include "http_client/url.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kEcsHost = "http://169.254.170.2";
constexpr std::string_view kContainerEndpoint = "the container credentials endpoint";

bool is_ipv4_loopback(std::string_view host) {
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// The hosts that AWS's own tools allow over plain http: loopback, ECS and EKS Pod Identity.
bool may_be_plain_http(std::string_view url) {
  static constexpr std::array<std::string_view, 5> kHosts = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                                             "[fd00:ec2::23]"};
  const std::string host_and_port = http_client::host_header_of(url);
  std::string_view host = host_and_port;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') host = host.substr(0, colon);
  return is_ipv4_loopback(host) || std::find(kHosts.begin(), kHosts.end(), host) != kHosts.end();
}

// "Basic …" has a space.
bool is_visible_ascii_or_space(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace

CredentialsResult<Credentials> ContainerSource::fetch() {
  const std::optional<std::string> relative = context_.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::optional<std::string> full = context_.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return none_found("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI are not set");

  http_client::HttpRequest request;
  request.headers = {{"accept", "application/json"}};
  request.connect_timeout_ms = 2'000;
  request.timeout_ms = 5'000;
  request.use_proxy = false;
  request.link_local = true;
  if (relative) {
    if (!relative->starts_with('/')) {
      return invalid_setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with '/', as ECS sets it.");
    }
    request.url = std::string(kEcsHost) + *relative;
  } else {
    request.url = *full;
    const bool https = full->starts_with("https://");
    if (!https && !(full->starts_with("http://") && may_be_plain_http(*full))) {
      return invalid_setting(
          "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to loopback or to the addresses of ECS and EKS "
          "(169.254.170.2, 169.254.170.23, [fd00:ec2::23]): credentials do not travel in the clear.");
    }
  }
  // Rotated by the agent on the node, hence read each time.
  if (const auto file = context_.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    const Result<std::string> token = read_token_file(*file);
    if (!token) return invalid_setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + token.error().message + ".");
    request.headers.emplace_back("authorization", *token);
  } else if (const auto token = context_.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.headers.emplace_back("authorization", *token);
  }
  if (!is_visible_ascii_or_space(request.headers.back().second)) {
    return invalid_setting(
        "The token of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN has a line end or "
        "another sign inside that no header takes. Set it again, without anything around it or inside.");
  }
  const std::string place = std::string(kContainerEndpoint) + " " + http_client::host_header_of(request.url);
  CredentialsResult<Credentials> credentials = get_credentials(context_, std::move(request), place);
  if (credentials) {
    credentials->source = kContainerEndpoint;
  } else if (credentials.error().kind == CredentialsError::Kind::denied) {
    credentials.error().remedy =
        relative
            ? "Check the task role of the ECS task: that it exists, and that its trust policy names "
              "ecs-tasks.amazonaws.com."
            : "Check the pod identity association of this pod's service account, and that its role's trust policy "
              "allows sts:AssumeRole and sts:TagSession to pods.eks.amazonaws.com. Restart the pod after a change.";
  }
  return credentials;
}

}  // namespace sluice::aws
