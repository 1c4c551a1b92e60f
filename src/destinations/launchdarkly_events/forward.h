// One payload as a request to LaunchDarkly's event service: the same path, the same headers that it came with, the same
// body, under the environment's own credential of today. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/credential_kind.h"
#include "catalog/snapshot.h"
#include "destinations/launchdarkly_events/settings.h"
#include "event/original.h"
#include "http_client/http_transport.h"

namespace sluice::launchdarkly_events {

// The environment's current credential of that kind: the client-side id is the environment's id. Empty: it has none.
std::string credential_of(const catalog::Environment& environment, CredentialKind kind);

// `body`: the payload's own or a part of it; `payload_id`: of a part; empty: as it came.
http_client::HttpRequest forward_request(const event::Original& original, std::string body, std::string_view payload_id,
                                         const std::string& uri, CredentialKind kind, std::string_view credential);

}  // namespace sluice::launchdarkly_events
