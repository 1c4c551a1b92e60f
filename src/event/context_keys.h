// contextKeys for events whose SDK sent only the whole context: {"user":"u1","org":"o1"}, kind to key.
#pragma once

#include <string>
#include <vector>

#include "event/event_parts.h"
#include "event/json_walk.h"

namespace sluice::event {

// A context of more kinds than this is left without contextKeys: SDKs and LaunchDarkly know a handful.
inline constexpr std::size_t kMaxContextKinds = 64;

// Appends the object for a checked context, names and keys as sent; false, and nothing appended, if the context is odd:
// it has no kind or key, or they are no strings. Of a multi-kind context, only the invalid kinds are skipped.
bool append_context_keys(const JsonWalk& walk, const std::vector<ContextMember>& context, std::string& out);

}  // namespace sluice::event
