#include "kinesis/make_kinesis_sink.h"

#include <utility>

#include "aws/credentials_sources.h"
#include "aws/endpoint_allowance.h"
#include "aws/endpoints.h"
#include "aws/sts.h"
#include "base/random.h"
#include "kinesis/destination_facts.h"
#include "kinesis/kinesis_sink.h"
#include "kinesis/problems.h"
#include "kinesis/settings_check.h"

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

// For settings that cannot work: has no room, loses nothing, and says why.
class BlockedSink final : public exporting::Sink {
 public:
  BlockedSink(std::string_view reason, const Clock& clock) : problem_(problem_of_settings(reason)) {
    problem_.since_ms = problem_.last_seen_ms = clock.wall_ms();
    problem_.times = 1;
  }
  bool has_room() const override { return false; }
  void put(exporting::OutboundEvent) override {}
  std::int64_t step(std::int64_t, std::vector<exporting::FinishedEvent>&) override { return INT64_MAX; }
  std::optional<exporting::Problem> problem() const override { return problem_; }
  std::vector<exporting::Problem> notes() const override { return {}; }
  exporting::SinkStats stats() const override { return {}; }
  void stop() override {}

 private:
  exporting::Problem problem_;
};

}  // namespace

std::string forbidden_endpoint(const catalog::KinesisSettings& settings, const KinesisParts& parts) {
  if (parts.policy == nullptr) return {};
  const auto faults = check_kinesis_endpoints(settings, *parts.policy);
  return faults.empty() ? std::string() : faults.front().field + ": " + faults.front().message;
}

std::unique_ptr<exporting::Sink> make_kinesis_sink(const catalog::Destination& destination, const KinesisParts& parts,
                                                   Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
  catalog::KinesisSettings settings = destination.kinesis;
  complete_by_arn(settings);
  if (const std::string reason = forbidden_endpoint(settings, parts); !reason.empty())
    return std::make_unique<BlockedSink>(reason, parts.clock);
  aws::EndpointSettings at;
  at.region = settings.region;
  at.custom = settings.endpoint;
  const auto endpoint = aws::service_endpoint("kinesis", at, parts.environment);
  if (!endpoint) return std::make_unique<BlockedSink>(endpoint.error().message, parts.clock);

  std::shared_ptr<aws::CredentialsCache> credentials = parts.own_credentials;
  if (!settings.role_arn.empty()) {
    at.custom = settings.sts_endpoint;
    const auto sts = aws::sts_endpoint(at, parts.environment);
    if (!sts) return std::make_unique<BlockedSink>(sts.error().message, parts.clock);
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
