// Builds a destination's sink with all that belongs to it: endpoint, assumed role, credentials.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "base/process_environment.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "destinations/kinesis/settings.h"
#include "export/sink.h"
#include "http_client/http_transport.h"
#include "http_client/outbound_policy.h"

namespace sluice::kinesis {

// What all destinations share. Everything referred to outlives the sinks.
struct KinesisParts {
  http_client::HttpTransport& transport;
  const Clock& clock;
  ProcessEnvironment environment;
  // The server's own identity: puts where a destination has no role, assumes the role where it has one.
  std::shared_ptr<aws::CredentialsCache> own_credentials;
  std::function<std::string()> identity;  // ARN that Sluice runs as, for remedies; empty: not known yet
  Workers& workers = worker_threads();
  // What custom endpoints may be; null: any, as those of a configuration file.
  const http_client::OutboundPolicy* policy = nullptr;
};

// Why nothing is sent to what these settings name; empty: it may be.
std::string forbidden_endpoint(const KinesisSettings& settings, const KinesisParts& parts);

// Never null: settings that cannot work give a sink that keeps all it is given and says what is wrong.
std::unique_ptr<exporting::Sink> make_kinesis_sink(const catalog::Destination& destination, const KinesisParts& parts,
                                                   Notifier& notifier, exporting::DeadLetterStore& dead_letters);

}  // namespace sluice::kinesis
