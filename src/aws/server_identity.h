// The server's AWS identity: its own credentials, found when the first destination needs them (a server without one
// calls nothing), and their ARN, for policies and remedies. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "aws/caller_identity.h"
#include "aws/credentials.h"
#include "base/clock.h"
#include "base/process_environment.h"
#include "http_client/http_transport.h"

namespace sluice::aws {

class ServerIdentity {
 public:
  // All that is referred to outlives this, and this outlives the sinks that were given its credentials.
  ServerIdentity(http_client::HttpTransport& transport, const Clock& clock, ProcessEnvironment environment);
  // One that is known from the start.
  ServerIdentity(http_client::HttpTransport& transport, const Clock& clock, ProcessEnvironment environment,
                 std::shared_ptr<CredentialsCache> credentials, std::string principal);
  // A request to AWS that is under way holds it up: stop the transport before.
  ~ServerIdentity();

  // The region and the STS endpoint of who asks first decide for all: there is one identity. `sts_endpoint`: a custom
  // one that may be called; empty: AWS's.
  std::shared_ptr<CredentialsCache> credentials(const std::string& region, const std::string& sts_endpoint);
  // The ARN that Sluice runs as; empty: not known yet. With a region that is known it asks AWS for it.
  std::string principal(const std::string& region = {}, const std::string& sts_endpoint = {});

 private:
  void find(const std::string& region, const std::string& sts_endpoint);
  void learn();

  http_client::HttpTransport& transport_;
  const Clock& clock_;
  const ProcessEnvironment environment_;
  const std::string known_principal_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<CallerIdentityCache> caller_;
  std::shared_ptr<CredentialsCache> credentials_;  // its worker uses caller_, and goes first
};

}  // namespace sluice::aws
