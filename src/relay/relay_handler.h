// The endpoints of flag delivery, in front of another handler that gets all other requests: docs/relay.md.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "catalog/snapshot.h"
#include "http/server.h"
#include "intake/seen_sdks.h"
#include "relay/client_requests.h"
#include "relay/relay.h"

namespace sluice::relay {

// What the handlers of all loops share. References outlive the listener.
struct FlagDelivery {
  Relay& relay;
  ClientRequests& clients;
  const catalog::Catalog& catalog;
  const Clock& clock;
  intake::SeenSdks& sdks;
  std::string path_prefix;
  std::int64_t log_interval_ms = 10'000;
};

// How often a stream gets a comment: SDKs take five minutes of silence for a lost connection, and LaunchDarkly sends
// one every three; proxies often close after one.
inline constexpr std::int64_t kHeartbeatMs = 55'000;

// One a loop.
std::unique_ptr<http::HttpHandler> make_relay_handler(const FlagDelivery& delivery,
                                                      std::unique_ptr<http::HttpHandler> next);

}  // namespace sluice::relay
