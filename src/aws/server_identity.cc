#include "aws/server_identity.h"

#include <utility>

#include "aws/default_chain.h"
#include "aws/endpoints.h"

namespace sluice::aws {

ServerIdentity::ServerIdentity(http_client::HttpTransport& transport, const Clock& clock,
                               ProcessEnvironment environment)
    : transport_(transport), clock_(clock), environment_(std::move(environment)) {}

ServerIdentity::ServerIdentity(http_client::HttpTransport& transport, const Clock& clock,
                               ProcessEnvironment environment, std::shared_ptr<CredentialsCache> credentials,
                               std::string principal)
    : transport_(transport),
      clock_(clock),
      environment_(std::move(environment)),
      known_principal_(std::move(principal)),
      credentials_(std::move(credentials)) {}

ServerIdentity::~ServerIdentity() {
  std::shared_ptr<CredentialsCache> last;  // goes without the lock, which its worker may ask for
  const std::lock_guard lock(mutex_);
  last = std::move(credentials_);
}

void ServerIdentity::find(const std::string& region, const std::string& sts_endpoint) {
  const std::lock_guard lock(mutex_);  // the cache's worker calls learn() before it is assigned here
  if (credentials_) return;
  const auto sts = aws::sts_endpoint({region, false, false, sts_endpoint}, environment_);
  if (sts) caller_ = std::make_unique<CallerIdentityCache>(transport_, clock_, *sts, region);
  credentials_ = std::make_shared<CredentialsCache>(default_chain({transport_, clock_, environment_, region}), clock_,
                                                    [this] { learn(); });
}

// On the credentials' worker. The call to STS takes time, and no thread waits for it.
void ServerIdentity::learn() {
  std::shared_ptr<const Credentials> credentials;
  {
    const std::lock_guard lock(mutex_);
    if (credentials_) credentials = credentials_->current();
  }
  if (credentials && caller_) caller_->learn(*credentials);
}

std::shared_ptr<CredentialsCache> ServerIdentity::credentials(const std::string& region,
                                                              const std::string& sts_endpoint) {
  find(region, sts_endpoint);
  const std::lock_guard lock(mutex_);
  return credentials_;
}

std::string ServerIdentity::principal(const std::string& region, const std::string& sts_endpoint) {
  if (is_known_region(region)) find(region, sts_endpoint);
  const std::lock_guard lock(mutex_);
  return caller_ ? caller_->principal() : known_principal_;
}

}  // namespace sluice::aws
