// GET /metrics: every counter in Prometheus text format (docs/operating.md). Collected at the scrape; nothing is
// counted here.
#pragma once

#include <string>

#include "api/server_view.h"

namespace sluice::api {

// Admin loop. Takes one look at each part, so that a destination's numbers of one scrape belong together.
std::string metrics_text(const ServerView& view);

}  // namespace sluice::api
