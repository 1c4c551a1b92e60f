#include "destinations/launchdarkly_events/forward.h"

#include <utility>

namespace sluice::launchdarkly_events {
namespace {

// LaunchDarkly answers with a few bytes.
constexpr std::size_t kMaxAnswerBytes = 64u << 10;
constexpr std::int64_t kTimeoutMs = 30'000;

}  // namespace

std::string credential_of(const catalog::Environment& environment, CredentialKind kind) {
  switch (kind) {
    case CredentialKind::sdk_key:
      return environment.sdk_keys.empty() ? std::string() : environment.sdk_keys.front();
    case CredentialKind::mobile_key:
      return environment.mobile_keys.empty() ? std::string() : environment.mobile_keys.front();
    case CredentialKind::client_side_id:
      return environment.id.hex();
    case CredentialKind::none:
      break;
  }
  return {};
}

http_client::HttpRequest forward_request(const event::Original& original, std::string body, std::string_view payload_id,
                                         const std::string& uri, CredentialKind kind, std::string_view credential) {
  http_client::HttpRequest request;
  request.method = original.target.method;
  request.url = uri + original.path_for(kind == CredentialKind::client_side_id ? credential : std::string_view());
  if (!original.target.query.empty()) request.url += "?" + std::string(original.target.query);
  if (kind != CredentialKind::client_side_id) request.headers.emplace_back("authorization", credential);
  request.headers.emplace_back(event::kForwardedHeader, "1");
  for (const auto& [name, value] : original.headers) {
    const bool replaced = !payload_id.empty() && name == event::kPayloadIdHeader;
    request.headers.emplace_back(name, replaced ? payload_id : value);
  }
  request.body = std::move(body);
  request.timeout_ms = kTimeoutMs;
  request.max_response_bytes = kMaxAnswerBytes;
  return request;
}

}  // namespace sluice::launchdarkly_events
