// How long requests wait for their turn at what is short: memory for bodies, a handler with room. A pure decision.
#pragma once

#include <algorithm>
#include <cstdint>

#include "http/server.h"

namespace sluice::http {

// Whether a request that waited for so long, `still_ms` of it since anybody who waits got something, waits no longer. A
// burst of large bodies takes as long as it takes to read them: as long as that advances, all of them are taken.
inline bool waited_enough(const HttpLimits& limits, std::int64_t waited_ms, std::int64_t still_ms) {
  return waited_ms > std::max(limits.max_wait_ms, limits.max_turn_ms) ||
         std::min(waited_ms, still_ms) > limits.max_wait_ms;
}

}  // namespace sluice::http
