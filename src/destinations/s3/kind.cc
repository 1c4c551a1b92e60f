#include "destinations/s3/kind.h"

#include <fmt/format.h>

#include <utility>

#include "destinations/aws_setup.h"
#include "destinations/s3/destination_check.h"
#include "destinations/s3/form.h"
#include "destinations/s3/make_s3_sink.h"
#include "destinations/s3/policies.h"
#include "destinations/s3/s3_details.h"
#include "destinations/s3/settings.h"
#include "destinations/s3/spool_files.h"

namespace sluice::s3 {
namespace {

using Json = nlohmann::ordered_json;
using destinations::KindParts;

// What an upload takes when all is well.
constexpr std::int64_t kUploadMs = 10'000;

// What is there of the settings that policies are about.
Result<S3Settings> settings_in(const nlohmann::json& config) {
  S3Settings settings;
  std::string if_none_match;
  for (const auto& [member, value] : {std::pair{"bucket", &settings.bucket},
                                      {"region", &settings.region},
                                      {"prefix", &settings.prefix},
                                      {"roleArn", &settings.role_arn},
                                      {"externalId", &settings.external_id},
                                      {"stsEndpoint", &settings.sts_endpoint},
                                      {"kmsKeyId", &settings.kms_key_id},
                                      {"ifNoneMatch", &if_none_match}}) {
    const auto found = config.find(member);
    if (found == config.end() || found->is_null()) continue;
    if (!found->is_string()) return fail(fmt::format("config.{}: expected text, got {}.", member, found->dump()));
    *value = found->get<std::string>();
  }
  while (settings.prefix.ends_with('/')) settings.prefix.pop_back();
  if (if_none_match == "off") settings.if_none_match = IfNoneMatch::off;
  return settings;
}

class S3Kind final : public destinations::DestinationKind {
 public:
  std::string_view name() const override { return "s3"; }
  const catalog::CommonSettings& common() const override { return common_; }
  const std::vector<std::string>& secret_fields() const override { return secret_fields_; }

  catalog::KindReading read(config::TomlTable& table) const override {
    S3Settings settings = read_s3_settings(table);
    catalog::KindReading reading;
    reading.ends_lines = true;
    reading.behind_after_ms = settings.roll_age_ms + kUploadMs;
    reading.target = fmt::format("s3://{}{}{} in {}", settings.bucket, settings.prefix.empty() ? "" : "/",
                                 settings.prefix, settings.region);
    reading.settings = catalog::KindSettings::of(std::move(settings));
    return reading;
  }

  destinations::KindText text() const override {
    return {"Amazon S3", "Collect events as compressed NDJSON objects in an S3 bucket, each event in exactly one.",
            "aws bucket objects files data lake athena minio r2 gcs", "bucket", "s3"};
  }
  const destinations::Form& form() const override { return s3_form(); }
  std::string default_name(const nlohmann::json& fields) const override {
    const auto bucket = fields.find("bucket");
    return bucket != fields.end() && bucket->is_string() ? bucket->get<std::string>() : text().title;
  }

  std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination, const KindParts& parts,
                                             Notifier& notifier, exporting::DeadLetterStore& /*dead_letters*/,
                                             const exporting::SinkUse& use) const override {
    return make_s3_sink(destination, parts, notifier, use);
  }
  std::vector<exporting::SealedEvents> sealed_in(storage::FileSystem& files, const std::string& folder) const override {
    return sealed_in_spool(files, folder);
  }
  std::vector<catalog::FieldFault> forbidden_addresses(const catalog::KindSettings& settings,
                                                       const http_client::OutboundPolicy& policy) const override {
    return check_s3_endpoints(settings.as<S3Settings>(), policy);
  }
  std::vector<catalog::FieldFault> refused_when_saved(const catalog::KindSettings& settings) const override {
    return check_s3_names(settings.as<S3Settings>());
  }

  std::vector<destinations::CheckStep> check(const catalog::Destination& destination, const KindParts& parts,
                                             const std::function<exporting::TestEventOutcome()>& put) const override {
    return check_destination(destination, parts, put);
  }
  Result<Json> setup_help(const nlohmann::json& config, const KindParts& parts, bool draft) const override;

  Json target_json(const catalog::Destination& destination) const override {
    const S3Settings& settings = settings_of(destination);
    return {{"bucket", settings.bucket}, {"prefix", settings.prefix}, {"region", settings.region}};
  }
  Json status_json(const exporting::DestinationStatus& status) const override;
  std::vector<destinations::KindMetric> metrics(const exporting::SinkStats& stats) const override {
    const S3Details& details = s3_details(stats);
    return {{"sluice_destination_spool_bytes", "Bytes of objects on this server's disk that are not in the bucket yet",
             static_cast<double>(details.spool_bytes)},
            {"sluice_destination_sealed_objects", "Finished objects that are not in the bucket yet, or not removed yet",
             static_cast<double>(details.sealed_objects)},
            {"sluice_destination_objects_total", "Objects put into the bucket", static_cast<double>(details.objects),
             true}};
  }

 private:
  const catalog::CommonSettings common_ = {};
  const std::vector<std::string> secret_fields_ = {};
};

Json S3Kind::status_json(const exporting::DestinationStatus& status) const {
  const S3Details& details = s3_details(status.pipeline.sink);
  Json last = nullptr;
  if (!details.last_key.empty())
    last = {{"key", details.last_key},
            {"bytes", details.last_bytes},
            {"events", details.last_events},
            {"uploadedMs", details.last_ms}};
  return {{"spoolBytes", details.spool_bytes},
          {"sealedObjects", details.sealed_objects},
          {"openEvents", details.open_events},
          {"lastObject", std::move(last)}};
}

Result<Json> S3Kind::setup_help(const nlohmann::json& config, const KindParts& parts, bool draft) const {
  auto settings = settings_in(config);
  if (!settings) return tl::unexpected(settings.error());
  if (settings->region.empty()) settings->region = "REGION";
  if (settings->bucket.empty()) settings->bucket = "BUCKET_NAME";
  const std::string principal =
      parts.identity.principal(settings->region, allowed_sts_endpoint(*settings, parts.policy));
  return destinations::aws_documents(permission_policy(policy_facts_of(*settings)), settings->role_arn,
                                     settings->external_id, principal, draft);
}

}  // namespace

std::unique_ptr<const destinations::DestinationKind> s3_kind() { return std::make_unique<S3Kind>(); }

}  // namespace sluice::s3
