// Any JSON as a policy: it is refused, or comes back as it was read and decides the same; a denial is never overruled.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/policy.h"

using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const json text = json::parse(data, data + size, nullptr, false);
  if (text.is_discarded()) return 0;
  const auto policy = sluice::read_policy(text);
  if (!policy) {
    if (policy.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = sluice::read_policy(sluice::policy_json(*policy));
  if (!again || sluice::policy_json(*again) != sluice::policy_json(*policy)) std::abort();
  auto denying = *policy;
  denying.push_back({false, true, {}, false, {"*"}, false});
  for (const char* action : {"viewProject", "updateOn", "updateTrackEvents", "deleteProject"}) {
    for (const sluice::Resource& resource :
         {sluice::Resource{"web", "", "", ""}, sluice::Resource{"web", "production", "", ""},
          sluice::Resource{"web", "production", "destination", ""},
          sluice::Resource{"web", "production", "flag", "a:b/*;c"}}) {
      if (sluice::verdict(*policy, action, resource) != sluice::verdict(*again, action, resource)) std::abort();
      if (sluice::verdict(denying, action, resource) != sluice::Verdict::denied) std::abort();
    }
  }
  return 0;
}
