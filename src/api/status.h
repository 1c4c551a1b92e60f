// GET /status, /healthz and /readyz, the same words as logs and metrics use (docs/operating.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/server_view.h"
#include "http/server.h"

namespace sluice::api {

// All that is known, for the admin port: journal, every destination with its state, problem and remedy, backlog and
// totals.
std::string full_status_json(const ServerView& view);

// One destination's part of it.
nlohmann::ordered_json destination_status_json(const exporting::DestinationStatus& status, std::int64_t now_ms);

nlohmann::ordered_json replay_json(const exporting::ReplayStatus& status);

// What a page shows that lists everything: the server, its environments and its destinations in brief.
nlohmann::ordered_json brief_status_json(const ServerView& view);

// For the intake port, which may face the internet: whether it takes events, and how many destinations are in which
// state. No names.
std::string public_status_json(const ServerView& view);

// 200 while the process answers.
http::HttpResponse health_answer();
// 200 when payloads are taken; 503 with the reason otherwise.
http::HttpResponse ready_answer(const ServerView& view);

}  // namespace sluice::api
