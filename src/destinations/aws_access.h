// What calls to AWS are signed with: the identity of the server, or a role that it assumes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "base/process_environment.h"
#include "base/worker.h"
#include "destinations/kind.h"
#include "http_client/http_transport.h"
#include "http_client/outbound_policy.h"

namespace sluice::destinations {

// What all destinations in AWS share. Everything referred to outlives the sinks.
struct AwsParts {
  http_client::HttpTransport& transport;
  const Clock& clock;
  ProcessEnvironment environment;
  // The server's own identity: calls where a destination has no role, assumes the role where it has one.
  std::shared_ptr<aws::CredentialsCache> own_credentials;
  std::function<std::string()> identity;  // ARN that Sluice runs as, for remedies; empty: not known yet
  Workers& workers = worker_threads();
  // What custom endpoints may be; null: any, as those of a configuration file.
  const http_client::OutboundPolicy* policy = nullptr;
};
// `sts_endpoint`: a custom one that may be called; empty: AWS's.
AwsParts aws_parts(const KindParts& parts, const std::string& region, const std::string& sts_endpoint);

// The server's own, or those of the role. An error says what is wrong with the STS endpoint.
Result<std::shared_ptr<aws::CredentialsCache>> credentials_of(const AwsParts& parts, const aws::AssumeRole& role,
                                                              const std::string& region,
                                                              const std::string& sts_endpoint, Notifier& notifier);

}  // namespace sluice::destinations
