// Which endpoint of flag delivery a method and a path name: the table of docs/relay.md. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/credential_kind.h"

namespace sluice::relay {

enum class RelayEndpoint : std::uint8_t {
  none,          // not one of flag delivery
  all_stream,    // flags and segments, with every change
  flags_stream,  // the same of old SDKs: flags alone
  latest_all,    // flags and segments as they are now
  latest_flags,  // flags alone; PHP's SDK
  latest_flag,   // one of them
  latest_segment,
  ping_stream,  // of mobile apps and browsers: says when to ask again
  evaluations,  // what they ask: passed on to upstream
  values,       // what they asked before flags could be tracked: values alone, passed on and answered as it comes
  passed_on,    // what else they ask upstream, answered as it comes: a browser's goals
  // Of SDKs that speak LaunchDarkly's second protocol of flag delivery; they are sent back to the first.
  data_system,
  client_data_system,  // of mobile apps and browsers; a browser's client-side id is `auth` of the query
  client_data_stream,
};

enum class RelayMethod : std::uint8_t { allowed, preflight, wrong };  // preflight: OPTIONS on a browser's path

struct RelayRoute {
  RelayEndpoint endpoint = RelayEndpoint::none;
  CredentialKind credential = CredentialKind::none;
  RelayMethod method = RelayMethod::allowed;
  std::string_view client_side_id;  // points into the request's path
  std::string_view item;            // the flag's or segment's key, as in the path: percent-encoded
  std::string_view path;            // the request's, without the prefix
  // What stands for a context in it, and is passed on as it is; empty: none does. See is_context().
  std::string_view context;
  std::string_view allow;  // methods, as Allow and Access-Control-Allow-Methods have them
};

// Whether an SDK writes a context so. Any other may lead to another path of upstream. As long as the path: for those
// whose key was checked.
bool is_context(std::string_view text);

// `path` is without query; `prefix` (no slash at its end) may stand before it or not.
RelayRoute relay_route(std::string_view method, std::string_view path, std::string_view prefix);

}  // namespace sluice::relay
