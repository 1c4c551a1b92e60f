#include "destinations/kinesis/kind.h"

#include <fmt/format.h>

#include <utility>

#include "aws/arn.h"
#include "destinations/aws_setup.h"
#include "destinations/kinesis/cost_answer.h"
#include "destinations/kinesis/destination_check.h"
#include "destinations/kinesis/form.h"
#include "destinations/kinesis/make_kinesis_sink.h"
#include "destinations/kinesis/policies.h"
#include "destinations/kinesis/settings.h"
#include "destinations/kinesis/settings_check.h"
#include "destinations/kinesis/shard_advice.h"
#include "destinations/kinesis/stream_arn.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

using Json = nlohmann::ordered_json;
using destinations::KindParts;

// A custom STS endpoint that may be called; else AWS's.
std::string allowed_sts_endpoint(const KinesisSettings& settings, const KindParts& parts) {
  const bool allowed = parts.policy == nullptr || check_kinesis_endpoints(settings, *parts.policy).empty();
  return allowed ? settings.sts_endpoint : std::string();
}

destinations::AwsParts parts_of(const KinesisSettings& settings, const KindParts& parts) {
  return destinations::aws_parts(parts, settings.region, allowed_sts_endpoint(settings, parts));
}

// The stream's ARN, with ACCOUNT_ID if the account is not known.
std::string stream_arn_of(const KinesisSettings& settings) {
  if (!settings.stream_arn.empty()) return settings.stream_arn;
  const auto role = aws::parse_role_arn(settings.role_arn);
  return StreamArn{role ? role->partition : "aws", settings.region, role ? role->account : "ACCOUNT_ID",
                   settings.stream_name}
      .text();
}

// What is there of the settings that policies are about.
Result<KinesisSettings> settings_in(const nlohmann::json& config) {
  KinesisSettings settings;
  for (const auto& [member, value] : {std::pair{"region", &settings.region},
                                      {"streamName", &settings.stream_name},
                                      {"streamArn", &settings.stream_arn},
                                      {"roleArn", &settings.role_arn},
                                      {"externalId", &settings.external_id},
                                      {"stsEndpoint", &settings.sts_endpoint}}) {
    const auto found = config.find(member);
    if (found == config.end() || found->is_null()) continue;
    if (!found->is_string()) return fail(fmt::format("config.{}: expected text, got {}.", member, found->dump()));
    *value = found->get<std::string>();
  }
  return settings;
}

class KinesisKind final : public destinations::DestinationKind {
 public:
  std::string_view name() const override { return "kinesis"; }
  const catalog::CommonSettings& common() const override { return common_; }
  const std::vector<std::string>& secret_fields() const override { return secret_fields_; }

  catalog::KindReading read(config::TomlTable& table) const override {
    KinesisSettings settings = read_kinesis_settings(table);
    catalog::KindReading reading;
    reading.ends_lines = ends_lines(settings);
    reading.target = fmt::format(
        "stream {} in {}", settings.stream_name.empty() ? settings.stream_arn : settings.stream_name, settings.region);
    reading.settings = catalog::KindSettings::of(std::move(settings));
    return reading;
  }

  destinations::KindText text() const override {
    return {"Amazon Kinesis", "Stream every evaluation, identify and track call into an Amazon Kinesis data stream.",
            "aws stream data export streams", "stream", "delivery"};
  }
  const destinations::Form& form() const override { return kinesis_form(); }
  std::string default_name(const nlohmann::json& fields) const override {
    const auto name = fields.find("stream_name");
    return name != fields.end() && name->is_string() ? name->get<std::string>() : text().title;
  }

  std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination, const KindParts& parts,
                                             Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                                             const exporting::SinkUse& use) const override {
    const destinations::AwsParts own = parts_of(settings_of(destination), parts);
    if (use.purpose != exporting::SinkUse::Purpose::test_event)
      return make_kinesis_sink(destination, own, notifier, dead_letters);
    catalog::Destination alone = destination;
    KinesisSettings settings = settings_of(destination);
    settings.linger_ms = 0;  // no other comes
    alone.settings = catalog::KindSettings::of(std::move(settings));
    return make_kinesis_sink(alone, own, notifier, dead_letters);
  }
  std::vector<catalog::FieldFault> forbidden_addresses(const catalog::KindSettings& settings,
                                                       const http_client::OutboundPolicy& policy) const override {
    return check_kinesis_endpoints(settings.as<KinesisSettings>(), policy);
  }

  std::vector<destinations::CheckStep> check(const catalog::Destination& destination, const KindParts& parts,
                                             const std::function<exporting::TestEventOutcome()>& put) const override {
    return check_destination(destination, parts_of(settings_of(destination), parts), put);
  }
  Result<Json> setup_help(const nlohmann::json& config, const KindParts& parts, bool draft) const override;

  Json target_json(const catalog::Destination& destination) const override {
    return {{"stream", settings_of(destination).stream_name}, {"region", settings_of(destination).region}};
  }
  Json status_json(const exporting::DestinationStatus& status) const override {
    const StreamDetails& stream = stream_details(status.pipeline.sink);
    return {{"openShards", stream.open_shards > 0 ? Json(stream.open_shards) : Json(nullptr)},
            {"shards", shard_advice_json(status)}};
  }
  std::string remedy(const exporting::Problem& problem, const exporting::DestinationStatus& status) const override {
    return remedy_of(problem, status);
  }
  std::vector<destinations::KindMetric> metrics(const exporting::SinkStats& stats) const override {
    return {{"sluice_destination_open_shards", "Open shards of the stream; 0: unknown",
             static_cast<double>(stream_details(stats).open_shards)}};
  }
  const destinations::CostCalculator* cost() const override { return &cost_; }

 private:
  const catalog::CommonSettings common_ = {};
  const std::vector<std::string> secret_fields_ = {};
  const KinesisCost cost_ = {};
};

Result<Json> KinesisKind::setup_help(const nlohmann::json& config, const KindParts& parts, bool draft) const {
  auto settings = settings_in(config);
  if (!settings) return tl::unexpected(settings.error());
  if (settings->region.empty()) settings->region = "REGION";
  if (settings->stream_name.empty()) settings->stream_name = "STREAM_NAME";
  const std::string principal = parts.identity.principal(settings->region, allowed_sts_endpoint(*settings, parts));
  return destinations::aws_documents(permission_policy(stream_arn_of(*settings)), settings->role_arn,
                                     settings->external_id, principal, draft);
}

}  // namespace

std::unique_ptr<const destinations::DestinationKind> kinesis_kind() { return std::make_unique<KinesisKind>(); }

}  // namespace sluice::kinesis
