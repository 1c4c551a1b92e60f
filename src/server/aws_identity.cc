#include "server/aws_identity.h"

#include <utility>

#include "aws/default_chain.h"
#include "aws/endpoints.h"
#include "kinesis/settings_check.h"

namespace sluice::server {

AwsIdentity::AwsIdentity(http_client::HttpTransport& transport, const Clock& clock, ProcessEnvironment environment,
                         const http_client::OutboundPolicy* policy)
    : transport_(transport), clock_(clock), environment_(std::move(environment)), policy_(policy) {}

AwsIdentity::~AwsIdentity() {
  std::shared_ptr<aws::CredentialsCache> last;  // goes without the lock, which its worker may ask for
  const std::lock_guard lock(mutex_);
  last = std::move(credentials_);
}

// The first destination's region and STS endpoint decide for all: there is one identity.
void AwsIdentity::find(const catalog::KinesisSettings& settings) {
  const std::lock_guard lock(mutex_);  // the cache's worker calls learn() before it is assigned here
  if (credentials_) return;
  const bool allowed = policy_ == nullptr || kinesis::check_kinesis_endpoints(settings, *policy_).empty();
  const auto sts =
      aws::sts_endpoint({settings.region, false, false, allowed ? settings.sts_endpoint : std::string()}, environment_);
  if (sts) caller_ = std::make_unique<aws::CallerIdentityCache>(transport_, clock_, *sts, settings.region);
  credentials_ = std::make_shared<aws::CredentialsCache>(
      aws::default_chain({transport_, clock_, environment_, settings.region}), clock_, [this] { learn(); });
}

// On the credentials' worker. The call to STS takes time, and no thread waits for it.
void AwsIdentity::learn() {
  std::shared_ptr<const aws::Credentials> credentials;
  {
    const std::lock_guard lock(mutex_);
    if (credentials_) credentials = credentials_->current();
  }
  if (credentials && caller_) caller_->learn(*credentials);
}

kinesis::KinesisParts AwsIdentity::parts(const catalog::KinesisSettings& settings) {
  find(settings);
  const std::lock_guard lock(mutex_);
  kinesis::KinesisParts parts{transport_, clock_, environment_, credentials_,
                              [this] { return caller_ ? caller_->principal() : std::string(); }};
  parts.policy = policy_;
  return parts;
}

std::string AwsIdentity::principal(const catalog::KinesisSettings& settings) {
  if (aws::is_known_region(settings.region)) find(settings);
  const std::lock_guard lock(mutex_);
  return caller_ ? caller_->principal() : std::string();
}

}  // namespace sluice::server
