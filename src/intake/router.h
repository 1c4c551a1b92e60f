// Which endpoint a method and a path name: the table of docs/sdk-protocol.md as a pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/credential_kind.h"

namespace sluice::intake {

enum class EndpointKind : std::uint8_t {
  unknown,     // 404
  analytics,   // a JSON array of events
  diagnostic,  // a JSON object
  gif,         // events in the query of a picture's address, from browsers without CORS
  common,      // GET /status, /healthz, /readyz
  root,        // GET, HEAD and OPTIONS of / and *, by which load balancers see that somebody is there
};

enum class MethodFit : std::uint8_t { allowed, preflight, wrong };  // preflight: OPTIONS on a browser path

struct Route {
  EndpointKind endpoint = EndpointKind::unknown;
  CredentialKind credential = CredentialKind::none;
  MethodFit method = MethodFit::allowed;
  std::string_view client_side_id;  // for CredentialKind::client_side_id; points into the request's path
  // The endpoint's own, as LaunchDarkly's event service has it, with {} for the client-side id: "/events/bulk/{}".
  // Never anything that was sent.
  std::string_view path;
  std::string_view allow;  // methods, as Allow and Access-Control-Allow-Methods have them

  bool browser() const { return credential == CredentialKind::client_side_id; }
};

// `path` is without query. A slash at its end and doubled slashes are passed over; `prefix` (no slash at its end) may
// stand before it or not.
Route route(std::string_view method, std::string_view path, std::string_view prefix);

}  // namespace sluice::intake
