#include "destinations/kinesis/destination_facts.h"

#include "aws/arn.h"
#include "aws/endpoints.h"
#include "destinations/kinesis/policies.h"
#include "destinations/kinesis/stream_arn.h"

namespace sluice::kinesis {

DestinationFacts facts_of(const KinesisSettings& settings, std::string_view endpoint) {
  DestinationFacts facts;
  facts.stream_name = settings.stream_name;
  facts.region = settings.region;
  facts.role_arn = settings.role_arn;
  facts.external_id = settings.external_id;
  facts.endpoint = endpoint;
  if (const auto role = aws::parse_role_arn(settings.role_arn)) facts.account = role->account;
  if (const auto arn = parse_stream_arn(settings.stream_arn)) {
    facts.stream_name = arn->stream_name;
    facts.region = arn->region;
    facts.account = arn->account;
  }
  facts.stream_arn = settings.stream_arn;
  if (facts.stream_arn.empty()) {
    facts.stream_arn = "arn:" + std::string(aws::partition_of_region(facts.region).name) + ":kinesis:" + facts.region +
                       ":" + (facts.account.empty() ? "ACCOUNT_ID" : facts.account) + ":stream/" + facts.stream_name;
  }
  return facts;
}

std::string region_of(const KinesisSettings& settings) {
  if (!settings.region.empty()) return settings.region;
  const auto arn = parse_stream_arn(settings.stream_arn);
  return arn ? arn->region : std::string();
}

void complete_by_arn(KinesisSettings& settings) {
  const auto arn = parse_stream_arn(settings.stream_arn);
  if (!arn) return;
  if (settings.region.empty()) settings.region = arn->region;
  settings.stream_name = arn->stream_name;
}

aws::AssumeRole role_of(const catalog::Destination& destination, const std::string& region) {
  const KinesisSettings& settings = settings_of(destination);
  aws::AssumeRole role;
  role.role_arn = settings.role_arn;
  role.external_id = settings.external_id;
  role.role_session_name = aws::session_name_from("sluice-" + destination.name);
  std::string stream_arn = settings.stream_arn;
  if (const auto parsed = aws::parse_role_arn(settings.role_arn); stream_arn.empty() && parsed)
    stream_arn = StreamArn{parsed->partition, region, parsed->account, settings.stream_name}.text();
  if (!stream_arn.empty()) role.session_policy = session_policy_for_stream(stream_arn);
  return role;
}

}  // namespace sluice::kinesis
