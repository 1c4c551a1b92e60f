#include "intake/sdk_headers.h"

#include <charconv>
#include <system_error>

namespace sluice::intake {
namespace {

// The picture comes from the last SDKs before contexts.
constexpr std::uint8_t kGifSchema = 3;
// Old SDKs named a scheme before the key.
constexpr std::string_view kOldScheme = "api_key ";

// Absent is 1; what is no small number is taken for it, too.
std::uint8_t schema_of(const http::HttpRequest& request) {
  const std::string_view text = request.header("X-LaunchDarkly-Event-Schema");
  std::uint8_t schema = 1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), schema);
  return parsed.ec == std::errc() ? schema : std::uint8_t{1};
}

}  // namespace

std::string_view user_agent(const http::HttpRequest& request) {
  const std::string_view own = request.header("X-LaunchDarkly-User-Agent");
  return own.empty() ? request.header("User-Agent") : own;
}

std::string_view credential_of(const http::HttpRequest& request) {
  std::string_view credential = request.header("Authorization");
  if (credential.starts_with(kOldScheme)) credential.remove_prefix(kOldScheme.size());
  return credential;
}

event::PayloadSource payload_source(const http::HttpRequest& request, CredentialKind credential, bool gif) {
  event::PayloadSource source;
  source.credential = credential;
  source.sdk = user_agent(request);
  source.wrapper = request.header("X-LaunchDarkly-Wrapper");
  source.tags = request.header("X-LaunchDarkly-Tags");
  source.instance_id = request.header("X-LaunchDarkly-Instance-Id");
  source.payload_id = request.header("X-LaunchDarkly-Payload-ID");
  source.schema = gif ? kGifSchema : schema_of(request);
  source.unsummarized = request.has_header("X-LaunchDarkly-Unsummarized");
  return source;
}

}  // namespace sluice::intake
