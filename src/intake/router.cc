#include "intake/router.h"

#include <array>

#include "event/original.h"

namespace sluice::intake {
namespace {

constexpr std::string_view kIdSegment = event::kClientSideIdPlaceholder;
constexpr std::string_view kGifSegment = "{}.gif";
constexpr std::size_t kMaxSegments = 3;

struct Row {
  std::string_view path;
  EndpointKind endpoint;
  CredentialKind credential;
};

constexpr std::array<Row, 15> kRows = {{
    {"/bulk", EndpointKind::analytics, CredentialKind::sdk_key},
    {"/api/events/bulk", EndpointKind::analytics, CredentialKind::sdk_key},  // old Erlang SDKs
    {"/diagnostic", EndpointKind::diagnostic, CredentialKind::sdk_key},
    {"/mobile", EndpointKind::analytics, CredentialKind::mobile_key},
    {"/mobile/events", EndpointKind::analytics, CredentialKind::mobile_key},
    {"/mobile/events/bulk", EndpointKind::analytics, CredentialKind::mobile_key},
    {"/mobile/events/diagnostic", EndpointKind::diagnostic, CredentialKind::mobile_key},
    {"/events/bulk/{}", EndpointKind::analytics, CredentialKind::client_side_id},
    {"/events/diagnostic/{}", EndpointKind::diagnostic, CredentialKind::client_side_id},
    {"/a/{}.gif", EndpointKind::gif, CredentialKind::client_side_id},
    {"/status", EndpointKind::common, CredentialKind::none},
    {"/healthz", EndpointKind::common, CredentialKind::none},
    {"/readyz", EndpointKind::common, CredentialKind::none},
    {"/", EndpointKind::root, CredentialKind::none},
    {"*", EndpointKind::root, CredentialKind::none},
}};

using Segments = std::array<std::string_view, kMaxSegments + 1>;

// The path's segments without empty ones; more than a row can have are not distinguished.
constexpr Segments split(std::string_view path) {
  Segments segments;
  std::size_t count = 0;
  while (!path.empty() && count < segments.size()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!segment.empty()) segments[count++] = segment;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

constexpr std::array<Segments, kRows.size()> kRowSegments = [] {
  std::array<Segments, kRows.size()> all;
  for (std::size_t i = 0; i < kRows.size(); ++i) all[i] = split(kRows[i].path);
  return all;
}();

bool matches(const Segments& row, const Segments& segments, std::string_view& id) {
  if (!segments[kMaxSegments].empty()) return false;
  for (std::size_t i = 0; i < kMaxSegments; ++i) {
    const std::string_view wanted = row[i];
    if (wanted == kIdSegment && !segments[i].empty()) {
      id = segments[i];
    } else if (wanted == kGifSegment && segments[i].ends_with(".gif")) {
      id = segments[i].substr(0, segments[i].size() - 4);
    } else if (wanted != segments[i]) {
      return false;
    }
  }
  return true;
}

std::string_view allowed_methods(const Row& row) {
  if (row.endpoint == EndpointKind::gif) return "GET,OPTIONS";
  if (row.endpoint == EndpointKind::root) return "GET,HEAD,OPTIONS";
  if (row.endpoint == EndpointKind::common) return "GET,HEAD";
  return row.credential == CredentialKind::client_side_id ? "POST,OPTIONS" : "POST";
}

MethodFit fit(const Row& row, std::string_view method) {
  if (row.endpoint == EndpointKind::root) return MethodFit::allowed;
  if (row.credential == CredentialKind::client_side_id && method == "OPTIONS") return MethodFit::preflight;
  if (row.endpoint == EndpointKind::gif) return method == "GET" ? MethodFit::allowed : MethodFit::wrong;
  if (row.endpoint == EndpointKind::common)
    return method == "GET" || method == "HEAD" ? MethodFit::allowed : MethodFit::wrong;
  return method == "POST" ? MethodFit::allowed : MethodFit::wrong;
}

}  // namespace

Route route(std::string_view method, std::string_view path, std::string_view prefix) {
  if (!prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'))
    path.remove_prefix(prefix.size());
  const Segments segments = split(path);
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    std::string_view id;
    if (!matches(kRowSegments[i], segments, id)) continue;
    if (row.endpoint == EndpointKind::root && method != "GET" && method != "HEAD" && method != "OPTIONS") return {};
    return {row.endpoint, row.credential, fit(row, method), id, row.path, allowed_methods(row)};
  }
  return {};
}

}  // namespace sluice::intake
