#include "aws/caller_identity.h"

#include <utility>

namespace sluice::aws {

CallerIdentityCache::CallerIdentityCache(http_client::HttpTransport& transport, const Clock& clock,
                                         std::string endpoint, std::string region)
    : sts_(transport, clock, std::move(endpoint), std::move(region)) {}

void CallerIdentityCache::learn(const Credentials& as) {
  if (as.access_key_id == known_for_) return;
  const auto identity = sts_.get_caller_identity(as);
  if (!identity) return;
  known_for_ = as.access_key_id;
  const std::lock_guard lock(mutex_);
  principal_ = principal_of(identity->arn);
}

std::string CallerIdentityCache::principal() const {
  const std::lock_guard lock(mutex_);
  return principal_;
}

}  // namespace sluice::aws
