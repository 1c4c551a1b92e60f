// Which evaluations of a flag upstream asks SDKs to send in full: LaunchDarkly or whatever else an environment's flags
// come from, in the flag data as it is before Sluice switches tracking on in it. Implemented by relay/relay.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/object_id.h"

namespace sluice::event {

// Rules of a flag of which is known whether each is tracked; what upstream tracks of a flag with a later one is
// unknown. Experiments and tracked rules stand among the first ones: LaunchDarkly's console lists them all on one page.
inline constexpr std::size_t kTrackedRules = 64;

// In one version of a flag.
struct TrackedEvaluations {
  enum class Which : std::uint8_t {
    unknown,  // the version is not remembered, or was told in two ways
    none,     // but those of experiments, which say so themselves
    all,
    some,  // those that `fallthrough` and `rules` name
  };
  Which which = Which::unknown;
  bool fallthrough = false;
  std::uint64_t rules = 0;  // bit N: of rule N
  bool operator==(const TrackedEvaluations&) const = default;
};

// Of one environment at one moment. Any thread.
class FlagTracking {
 public:
  virtual ~FlagTracking() = default;
  virtual TrackedEvaluations tracked(std::string_view key, std::int64_t version) const = 0;
};

// Any thread.
class UpstreamTracking {
 public:
  virtual ~UpstreamTracking() = default;
  // Null: nothing is known of that environment's flags, as SDKs do not take them through Sluice.
  virtual std::shared_ptr<const FlagTracking> of(ObjectId environment) const = 0;
};

}  // namespace sluice::event
