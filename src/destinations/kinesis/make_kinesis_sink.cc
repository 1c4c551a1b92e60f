#include "destinations/kinesis/make_kinesis_sink.h"

#include <utility>

#include "aws/credentials_sources.h"
#include "aws/endpoint_allowance.h"
#include "aws/endpoints.h"
#include "aws/sts.h"
#include "base/random.h"
#include "destinations/blocked_sink.h"
#include "destinations/kinesis/destination_facts.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/settings_check.h"

namespace sluice::kinesis {
namespace {

// A role assumed with the server's own identity, which it keeps alive.
class OwnedAssumeRoleSource final : public aws::CredentialsSource {
 public:
  OwnedAssumeRoleSource(const KinesisParts& parts, std::string endpoint, std::string region, aws::AssumeRole role)
      : base_(parts.own_credentials),
        source_(parts.transport, parts.clock, *base_, std::move(endpoint), std::move(region), std::move(role)) {}
  aws::CredentialsResult<aws::Credentials> fetch() override { return source_.fetch(); }

 private:
  const std::shared_ptr<aws::CredentialsCache> base_;
  aws::AssumeRoleSource source_;
};

}  // namespace

std::string forbidden_endpoint(const KinesisSettings& settings, const KinesisParts& parts) {
  if (parts.policy == nullptr) return {};
  const auto faults = check_kinesis_endpoints(settings, *parts.policy);
  return faults.empty() ? std::string() : faults.front().field + ": " + faults.front().message;
}

std::unique_ptr<exporting::Sink> make_kinesis_sink(const catalog::Destination& destination, const KinesisParts& parts,
                                                   Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
  KinesisSettings settings = settings_of(destination);
  complete_by_arn(settings);
  if (const std::string reason = forbidden_endpoint(settings, parts); !reason.empty())
    return std::make_unique<destinations::BlockedSink>(reason, parts.clock);
  aws::EndpointSettings at;
  at.region = settings.region;
  at.custom = settings.endpoint;
  const auto endpoint = aws::service_endpoint("kinesis", at, parts.environment);
  if (!endpoint) return std::make_unique<destinations::BlockedSink>(endpoint.error().message, parts.clock);

  std::shared_ptr<aws::CredentialsCache> credentials = parts.own_credentials;
  if (!settings.role_arn.empty()) {
    at.custom = settings.sts_endpoint;
    const auto sts = aws::sts_endpoint(at, parts.environment);
    if (!sts) return std::make_unique<destinations::BlockedSink>(sts.error().message, parts.clock);
    credentials = std::make_shared<aws::CredentialsCache>(
        std::make_unique<OwnedAssumeRoleSource>(parts, *sts, settings.region, role_of(destination, settings.region)),
        parts.clock, [&notifier] { notifier.notify(); }, parts.workers);
  }
  KinesisSinkOptions options;
  options.seed = Random::from_system().next();
  options.endpoint = *endpoint;
  if (!settings.cbor.value_or(aws::is_aws_endpoint(*endpoint, kinesis_hosts())))
    options.wire_format = WireFormatSetting::json;
  options.identity = parts.identity;
  return std::make_unique<KinesisSink>(std::move(settings), destination.name, parts.transport,
                                       std::make_shared<CachedCredentials>(std::move(credentials)), parts.clock,
                                       notifier, dead_letters, std::move(options));
}

}  // namespace sluice::kinesis
