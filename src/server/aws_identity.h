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
#include "catalog/snapshot.h"
#include "http_client/http_transport.h"
#include "http_client/outbound_policy.h"
#include "kinesis/make_kinesis_sink.h"

namespace sluice::server {

class AwsIdentity {
 public:
  // `policy`: which custom endpoints destinations may name; null: any, as those of a configuration file. All that is
  // referred to outlives this, and this outlives the sinks that were given parts().
  AwsIdentity(http_client::HttpTransport& transport, const Clock& clock, ProcessEnvironment environment,
              const http_client::OutboundPolicy* policy);
  // A request to AWS that is under way holds it up: stop the transport before.
  ~AwsIdentity();

  // What the sinks and checks of a destination with these settings share.
  kinesis::KinesisParts parts(const catalog::KinesisSettings& settings);
  // The ARN that Sluice runs as; empty: not known yet, or the region is none.
  std::string principal(const catalog::KinesisSettings& settings);

 private:
  void find(const catalog::KinesisSettings& settings);
  void learn();

  http_client::HttpTransport& transport_;
  const Clock& clock_;
  const ProcessEnvironment environment_;
  const http_client::OutboundPolicy* const policy_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<aws::CallerIdentityCache> caller_;
  std::shared_ptr<aws::CredentialsCache> credentials_;  // its worker uses caller_, and goes first
};

}  // namespace sluice::server
