// Any JSON as a policy: it is refused, or comes back as it was read and decides the same; a denial is never overruled.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/policy.h"

using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const json text = json::parse(data, data + size, nullptr, false);
  if (text.is_discarded()) return 0;
  const auto policy = sluice::api::read_policy(text);
  if (!policy) {
    if (policy.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = sluice::api::read_policy(sluice::api::policy_json(*policy));
  if (!again || sluice::api::policy_json(*again) != sluice::api::policy_json(*policy)) std::abort();
  auto denying = *policy;
  denying.push_back({false, true, {}, false, {"*"}, false});
  for (const char* action : {"viewProject", "updateOn", "updateTrackEvents", "deleteProject"}) {
    for (const sluice::api::Resource& resource :
         {sluice::api::Resource{"web", "", "", ""}, sluice::api::Resource{"web", "production", "", ""},
          sluice::api::Resource{"web", "production", "destination", ""},
          sluice::api::Resource{"web", "production", "flag", "a:b/*;c"}}) {
      if (sluice::api::verdict(*policy, action, resource) != sluice::api::verdict(*again, action, resource))
        std::abort();
      if (sluice::api::verdict(denying, action, resource) != sluice::api::Verdict::denied) std::abort();
    }
  }
  return 0;
}
