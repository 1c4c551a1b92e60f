// Status in full and in brief, the same words as logs and metrics use (docs/operating.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/server_view.h"

namespace sluice::api {

// All that is known, for the admin port: journal, every destination with its state, problem and remedy, backlog and
// totals.
std::string full_status_json(const ServerView& view);

// One destination's part of it.
nlohmann::ordered_json destination_status_json(const exporting::DestinationStatus& status,
                                               const destinations::KindList& kinds, std::int64_t now_ms);

nlohmann::ordered_json replay_json(const exporting::ReplayStatus& status);

// What a page shows that lists everything: the server, its environments and its destinations in brief.
nlohmann::ordered_json brief_status_json(const ServerView& view);

}  // namespace sluice::api
