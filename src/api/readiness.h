// Whether payloads are taken, in words for people: the same on both ports and in every status.
#pragma once

#include <string>

#include "api/server_view.h"

namespace sluice::api {

inline constexpr const char* kStarting = "The server is starting: its configuration is not loaded yet.";
inline constexpr const char* kDraining = "The server is stopping: it delivers its backlog and accepts nothing new.";
inline constexpr const char* kOutdated =
    "The server's state is not known: its last status is more than 10 s old. Check the disk of the data directory and "
    "the load of the machine.";

std::string phase_name(ServerPhase phase);
// Why no payload is taken just now; empty when they are.
std::string not_ready_because(const ServerView& view);

}  // namespace sluice::api
