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

bool fit_for_header(std::string_view token) {
  return std::none_of(token.begin(), token.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
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
  if (!fit_for_header(request.headers.back().second)) {
    return invalid_setting("The container authorization token has a line end inside.");
  }
  return get_credentials(context_, std::move(request), kContainerEndpoint);
}

}  // namespace sluice::aws
