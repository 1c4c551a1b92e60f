// One page of LaunchDarkly's list of flags: GET /api/v2/flags/{project}
// (https://launchdarkly.com/docs/api/feature-flags/get-feature-flags).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flags/flag_description.h"

namespace sluice::launchdarkly {

// Flags asked for at once: the most that LaunchDarkly gives.
inline constexpr int kFlagsPerPage = 100;

struct FlagPage {
  std::vector<flags::FlagDescription> flags;
  std::string next;  // path and query of the next page; empty: this was the last
};

// The path of the first page, for a project and those of its environments that matter.
std::string first_flag_page_path(std::string_view project, const std::vector<std::string>& environments);

// A flag of the answer that is not as expected is skipped; an answer that is not such a list is an error. A next page
// elsewhere than under /api/v2/flags/ is an error too: the token goes to no other place.
Result<FlagPage> parse_flag_page(std::string_view body);

}  // namespace sluice::launchdarkly
