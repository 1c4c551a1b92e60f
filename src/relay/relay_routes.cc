#include "relay/relay_routes.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::relay {
namespace {

// Segments of a row's path: {id} is a client-side id, {key} a flag's or segment's key, {context} an encoded context,
// which is all the rest: SDKs that write base64's other alphabet leave its slashes as they are.
constexpr std::size_t kMaxSegments = 5;
constexpr std::string_view kId = "{id}", kContext = "{context}", kKey = "{key}";

enum class Methods : std::uint8_t { get, report, post };

struct Row {
  std::string_view path;
  RelayEndpoint endpoint;
  CredentialKind credential;
  Methods methods = Methods::get;
};

using enum RelayEndpoint;
constexpr CredentialKind kServer = CredentialKind::sdk_key, kMobile = CredentialKind::mobile_key,
                         kBrowser = CredentialKind::client_side_id;

constexpr std::array kRows = {
    Row{"/all", all_stream, kServer},
    Row{"/flags", flags_stream, kServer},
    Row{"/sdk/latest-all", latest_all, kServer},
    Row{"/sdk/latest-flags", latest_flags, kServer},
    Row{"/sdk/latest-flags/{key}", latest_flag, kServer},
    Row{"/sdk/latest-segments/{key}", latest_segment, kServer},
    Row{"/sdk/flags", latest_flags, kServer},
    Row{"/sdk/flags/{key}", latest_flag, kServer},
    Row{"/sdk/segments/{key}", latest_segment, kServer},
    Row{"/sdk/stream", data_system, kServer},
    Row{"/sdk/poll", data_system, kServer},
    Row{"/sdk/poll/eval/{context}", client_data_system, kBrowser},
    Row{"/sdk/poll/eval", client_data_system, kBrowser, Methods::post},
    Row{"/sdk/stream/eval/{context}", client_data_stream, kBrowser},
    Row{"/sdk/stream/eval", client_data_stream, kBrowser, Methods::post},
    Row{"/meval/{context}", ping_stream, kMobile},
    Row{"/meval", ping_stream, kMobile, Methods::report},
    Row{"/mping", ping_stream, kMobile},
    Row{"/msdk/evalx/contexts/{context}", evaluations, kMobile},
    Row{"/msdk/evalx/context", evaluations, kMobile, Methods::report},
    Row{"/msdk/evalx/users/{context}", evaluations, kMobile},
    Row{"/msdk/evalx/user", evaluations, kMobile, Methods::report},
    Row{"/eval/{id}/{context}", ping_stream, kBrowser},
    Row{"/eval/{id}", ping_stream, kBrowser, Methods::report},
    Row{"/ping/{id}", ping_stream, kBrowser},
    Row{"/sdk/evalx/{id}/contexts/{context}", evaluations, kBrowser},
    Row{"/sdk/evalx/{id}/context", evaluations, kBrowser, Methods::report},
    Row{"/sdk/evalx/{id}/users/{context}", evaluations, kBrowser},
    Row{"/sdk/evalx/{id}/user", evaluations, kBrowser, Methods::report},
    Row{"/msdk/eval/users/{context}", values, kMobile},
    Row{"/msdk/eval/user", values, kMobile, Methods::report},
    Row{"/sdk/eval/{id}/users/{context}", values, kBrowser},
    Row{"/sdk/eval/{id}/user", values, kBrowser, Methods::report},
    Row{"/sdk/goals/{id}", passed_on, kBrowser},
};

struct Segments {
  std::array<std::string_view, kMaxSegments> all;
  std::size_t count = 0;  // kMaxSegments + 1: more
};

constexpr Segments split(std::string_view path) {
  Segments segments;
  while (segments.count <= kMaxSegments) {
    // A path may be 60 kB of slashes.
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    if (path.empty()) break;
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segments.count < kMaxSegments) segments.all[segments.count] = segment;
    ++segments.count;
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

// Either alphabet.
constexpr auto kIsBase64 = [] {
  std::array<bool, 256> is{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/="))
    is[static_cast<unsigned char>(c)] = true;
  return is;
}();

bool matches(const Segments& row, const Segments& segments, RelayRoute& route) {
  const bool rest = row.all[row.count - 1] == kContext;
  if (rest ? segments.count < row.count : segments.count != row.count) return false;
  for (std::size_t i = 0; i < row.count; ++i) {
    if (row.all[i] == kId)
      route.client_side_id = segments.all[i];
    else if (row.all[i] == kKey)
      route.item = segments.all[i];
    else if (row.all[i] != kContext && row.all[i] != segments.all[i])
      return false;
  }
  return true;
}

std::string_view method_of(const Row& row) {
  constexpr std::array<std::string_view, 3> kNames = {"GET", "REPORT", "POST"};
  return kNames[static_cast<std::size_t>(row.methods)];
}

// With OPTIONS for browsers.
std::string_view allowed(const Row& row) {
  constexpr std::array<std::string_view, 3> kNames = {"GET,OPTIONS", "REPORT,OPTIONS", "POST,OPTIONS"};
  return row.credential == kBrowser ? kNames[static_cast<std::size_t>(row.methods)] : method_of(row);
}

}  // namespace

// Either alphabet of base64, what a path reserves of it percent-encoded or not.
bool is_context(std::string_view text) {
  constexpr std::array<std::string_view, 6> kEncoded = {"%2B", "%2b", "%2F", "%2f", "%3D", "%3d"};
  for (std::size_t i = 0; i < text.size();) {
    if (kIsBase64[static_cast<unsigned char>(text[i])]) {
      ++i;
      continue;
    }
    const std::string_view three = text.substr(i, 3);
    if (std::ranges::find(kEncoded, three) == kEncoded.end()) return false;
    i += three.size();
  }
  return true;
}

RelayRoute relay_route(std::string_view method, std::string_view path, std::string_view prefix) {
  if (!prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'))
    path.remove_prefix(prefix.size());
  const Segments segments = split(path);
  if (segments.count == 0) return {};
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    RelayRoute route;
    if (!matches(kRowSegments[i], segments, route)) continue;
    const Row& row = kRows[i];
    route.endpoint = row.endpoint;
    route.credential = row.credential;
    route.path = path;
    const Segments& row_segments = kRowSegments[i];
    if (row_segments.all[row_segments.count - 1] == kContext) {
      const char* const begin = segments.all[row_segments.count - 1].data();
      route.context = {begin, static_cast<std::size_t>(path.data() + path.size() - begin)};
    }
    route.allow = allowed(row);
    const bool preflight = row.credential == kBrowser && method == "OPTIONS";
    route.method = preflight                  ? RelayMethod::preflight
                   : method == method_of(row) ? RelayMethod::allowed
                                              : RelayMethod::wrong;
    return route;
  }
  return {};
}

}  // namespace sluice::relay
