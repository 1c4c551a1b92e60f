#include "intake/cors.h"

#include <algorithm>

namespace sluice::intake {
namespace {

// A preflight's answer is kept by the browser for this long.
constexpr const char* kMaxAgeSeconds = "300";
constexpr std::string_view kSdkHeaders =
    "Cache-Control,Content-Type,Content-Length,Accept-Encoding,X-LaunchDarkly-User-Agent,X-LaunchDarkly-Payload-ID,"
    "X-LaunchDarkly-Wrapper,X-LaunchDarkly-Event-Schema,X-LaunchDarkly-Tags,X-LaunchDarkly-Instance-Id";

std::string allowed_origin(std::string_view origin, const catalog::Environment* environment) {
  if (environment == nullptr || environment->allowed_origins.empty()) return std::string(origin.empty() ? "*" : origin);
  const auto& allowed = environment->allowed_origins;
  const auto found = std::find(allowed.begin(), allowed.end(), origin);
  return found != allowed.end() ? *found : allowed.front();
}

// A fixed list would lose the events of every page whose tracing agent adds a header.
std::string allowed_headers(std::string_view requested, const catalog::Environment* environment) {
  if (!requested.empty() && requested.size() <= kMaxRequestedHeaderBytes) return std::string(requested);
  std::string headers(kSdkHeaders);
  if (environment != nullptr)
    for (const std::string& header : environment->allowed_headers) headers.append(",").append(header);
  return headers;
}

}  // namespace

void append_cors_headers(HttpHeaders& out, const CorsRequest& request, std::string_view allowed_methods,
                         const catalog::Environment* environment) {
  out.emplace_back("Access-Control-Allow-Origin", allowed_origin(request.origin, environment));
  out.emplace_back("Access-Control-Allow-Credentials", "false");
  out.emplace_back("Access-Control-Max-Age", kMaxAgeSeconds);
  out.emplace_back("Access-Control-Allow-Headers", allowed_headers(request.requested_headers, environment));
  // https://wicg.github.io/private-network-access/: a page of the internet that sends to an address of the intranet.
  if (request.private_network) out.emplace_back("Access-Control-Allow-Private-Network", "true");
  out.emplace_back("Access-Control-Expose-Headers", "Date");
  out.emplace_back("Access-Control-Allow-Methods", std::string(allowed_methods));
  out.emplace_back("Vary", "Origin, Access-Control-Request-Headers");
}

}  // namespace sluice::intake
