// Members of projects and environments that Sluice keeps for clients that send and expect them, and does not use: they
// are checked as they come in.
#pragma once

#include <cstddef>

#include "api/rest_call.h"

namespace sluice::api {

// Of one project or environment; beyond what anybody sorts by. Each comes back in every list that shows its owner.
inline constexpr std::size_t kMaxTags = 100;
// LaunchDarkly's own limit, so that what is taken here can be taken there.
inline constexpr std::size_t kMaxTagBytes = 64;

// Of each member of `body` that `shape` has too: it is of the same type, also inside, and `tags` are a list of tags.
// 400 names the member, what came and what was expected.
RestResult<void> check_kept(const nlohmann::json& body, const nlohmann::json& shape);

}  // namespace sluice::api
