#include "destinations/kinesis/make_kinesis_sink.h"

#include <utility>

#include "aws/endpoint_allowance.h"
#include "aws/endpoints.h"
#include "base/random.h"
#include "destinations/blocked_sink.h"
#include "destinations/kinesis/destination_facts.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/settings_check.h"

namespace sluice::kinesis {
std::string forbidden_endpoint(const KinesisSettings& settings, const destinations::AwsParts& parts) {
  if (parts.policy == nullptr) return {};
  const auto faults = check_kinesis_endpoints(settings, *parts.policy);
  return faults.empty() ? std::string() : faults.front().field + ": " + faults.front().message;
}

std::unique_ptr<exporting::Sink> make_kinesis_sink(const catalog::Destination& destination,
                                                   const destinations::AwsParts& parts, Notifier& notifier,
                                                   exporting::DeadLetterStore& dead_letters) {
  KinesisSettings settings = settings_of(destination);
  complete_by_arn(settings);
  if (const std::string reason = forbidden_endpoint(settings, parts); !reason.empty())
    return std::make_unique<destinations::BlockedSink>(reason, parts.clock);
  aws::EndpointSettings at;
  at.region = settings.region;
  at.custom = settings.endpoint;
  const auto endpoint = aws::service_endpoint("kinesis", at, parts.environment);
  if (!endpoint) return std::make_unique<destinations::BlockedSink>(endpoint.error().message, parts.clock);

  auto credentials = destinations::credentials_of(parts, role_of(destination, settings.region), settings.region,
                                                  settings.sts_endpoint, notifier);
  if (!credentials) return std::make_unique<destinations::BlockedSink>(credentials.error().message, parts.clock);
  KinesisSinkOptions options;
  options.seed = Random::from_system().next();
  options.endpoint = *endpoint;
  if (!settings.cbor.value_or(aws::is_aws_endpoint(*endpoint, kinesis_hosts())))
    options.wire_format = WireFormatSetting::json;
  options.identity = parts.identity;
  return std::make_unique<KinesisSink>(std::move(settings), destination.name, parts.transport,
                                       std::make_shared<destinations::CachedCredentials>(std::move(*credentials)),
                                       parts.clock, notifier, dead_letters, std::move(options));
}

}  // namespace sluice::kinesis
