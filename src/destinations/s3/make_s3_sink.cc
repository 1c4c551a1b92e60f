#include "destinations/s3/make_s3_sink.h"

#include <fmt/format.h>

#include <utility>

#include "aws/arn.h"
#include "aws/endpoints.h"
#include "aws/sha256.h"
#include "base/random.h"
#include "destinations/blocked_sink.h"
#include "destinations/s3/direct_sink.h"
#include "destinations/s3/endpoint.h"
#include "destinations/s3/s3_sink.h"
#include "export/event_filter.h"
#include "export/sink_folder.h"

namespace sluice::s3 {
namespace {

using exporting::SinkUse;

// Tells one state of the settings from another, in manifests.
std::string revision_of(const S3Settings& settings) {
  constexpr std::size_t kShown = 12;
  const std::string all = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", settings.bucket, settings.region, settings.prefix,
                                      settings.key_template, content_type_of(settings.compression), settings.roll_bytes,
                                      settings.roll_age_ms);
  return aws::sha256_hex(all).substr(0, kShown);
}

// Another version may read a filter in another way.
std::string selection_hash(const catalog::Destination& destination) {
  return aws::sha256_hex(fmt::format("{}\n{}", SLUICE_VERSION, exporting::selection_of(destination)));
}

std::string key_kind_of(const SinkUse& use) {
  switch (use.purpose) {
    case SinkUse::Purpose::replay:
      return "replay=" + use.replay_id;
    case SinkUse::Purpose::dead_letters:
      return "retry";
    case SinkUse::Purpose::test_event:
      return "test";
    case SinkUse::Purpose::delivery:
      break;
  }
  return {};
}

}  // namespace

std::string forbidden_endpoint(const S3Settings& settings, const http_client::OutboundPolicy* policy) {
  if (policy == nullptr) return {};
  const auto faults = check_s3_endpoints(settings, *policy);
  return faults.empty() ? std::string() : faults.front().field + ": " + faults.front().message;
}

std::string allowed_sts_endpoint(const S3Settings& settings, const http_client::OutboundPolicy* policy) {
  return forbidden_endpoint(settings, policy).empty() ? settings.sts_endpoint : std::string();
}

BucketFacts bucket_of(const S3Settings& settings, const std::string& endpoint) {
  BucketFacts bucket;
  bucket.endpoint = endpoint;
  bucket.bucket = settings.bucket;
  bucket.path_style =
      settings.path_style.value_or(needs_path_style(settings.bucket) || !aws::is_aws_endpoint(endpoint, s3_hosts()));
  bucket.conditional = settings.if_none_match != IfNoneMatch::off;
  bucket.expected_owner = settings.expected_bucket_owner;
  bucket.storage_class = settings.storage_class;
  bucket.encryption = settings.kms_key_id.empty() ? "" : "aws:kms";
  bucket.kms_key_id = settings.kms_key_id;
  return bucket;
}

DestinationFacts facts_of(const S3Settings& settings, const std::string& endpoint) {
  DestinationFacts facts;
  facts.bucket = settings.bucket;
  facts.prefix = settings.prefix;
  facts.region = settings.region;
  facts.endpoint = endpoint;
  facts.role_arn = settings.role_arn;
  facts.kms_key_id = settings.kms_key_id;
  facts.storage_class = settings.storage_class;
  facts.expected_owner = settings.expected_bucket_owner;
  facts.looks_first = settings.if_none_match == IfNoneMatch::off;
  return facts;
}

PolicyFacts policy_facts_of(const S3Settings& settings) {
  PolicyFacts facts;
  facts.partition = aws::partition_of_region(settings.region).name;
  facts.bucket = settings.bucket;
  facts.prefix = settings.prefix;
  if (settings.kms_key_id.starts_with("arn:")) facts.kms_key_arn = settings.kms_key_id;
  facts.looks_first = settings.if_none_match == IfNoneMatch::off;
  return facts;
}

aws::AssumeRole role_of(const catalog::Destination& destination) {
  const S3Settings& settings = settings_of(destination);
  aws::AssumeRole role;
  role.role_arn = settings.role_arn;
  role.external_id = settings.external_id;
  role.role_session_name = aws::session_name_from("sluice-" + destination.name);
  PolicyFacts facts = policy_facts_of(settings);
  facts.looks_first = settings.if_none_match != IfNoneMatch::on;
  role.session_policy = session_policy(facts);
  return role;
}

Result<KeyTemplate> keys_of(const catalog::Destination& destination, const std::string& node) {
  const S3Settings& settings = settings_of(destination);
  const auto named = [](const std::string& key, ObjectId id) { return key.empty() ? id.hex() : key; };
  auto keys = KeyTemplate::parse(settings.key_template,
                                 {settings.prefix, named(destination.project_key, destination.environment_id),
                                  named(destination.environment_key, destination.environment_id), destination.id.hex(),
                                  settings.node.empty() ? node : settings.node});
  if (!keys) return tl::unexpected(keys.error().front());
  return std::move(*keys);
}

std::unique_ptr<exporting::Sink> make_s3_sink(const catalog::Destination& destination,
                                              const destinations::KindParts& parts, Notifier& notifier,
                                              const SinkUse& use) {
  const S3Settings& settings = settings_of(destination);
  const auto blocked = [&](const std::string& reason) {
    return std::make_unique<destinations::BlockedSink>(reason, parts.clock);
  };
  if (const std::string reason = forbidden_endpoint(settings, parts.policy); !reason.empty()) return blocked(reason);
  const auto endpoint = s3_endpoint({settings.region, false, false, settings.endpoint}, parts.environment);
  if (!endpoint) return blocked(endpoint.error().message);
  auto keys = keys_of(destination, parts.node);
  if (!keys) return blocked(keys.error().message);
  const destinations::AwsParts aws = destinations::aws_parts(parts, settings.region, settings.sts_endpoint);
  auto credentials =
      destinations::credentials_of(aws, role_of(destination), settings.region, settings.sts_endpoint, notifier);
  if (!credentials) return blocked(credentials.error().message);

  UploaderOptions upload;
  upload.bucket = bucket_of(settings, *endpoint);
  upload.region = settings.region;
  upload.external_id = settings.external_id;
  upload.may_look_first = settings.if_none_match == IfNoneMatch::automatic;
  upload.facts = facts_of(settings, *endpoint);
  upload.seed = Random::from_system().next();
  upload.identity = aws.identity;
  auto uploader = std::make_unique<Uploader>(destination.name, parts.transport,
                                             std::make_shared<destinations::CachedCredentials>(std::move(*credentials)),
                                             parts.clock, notifier, std::move(upload));
  const bool of_journal = use.purpose == SinkUse::Purpose::delivery || use.purpose == SinkUse::Purpose::replay;
  if (!of_journal)
    return std::make_unique<DirectSink>(parts.clock, std::move(uploader),
                                        DirectSinkOptions{std::move(*keys), key_kind_of(use), settings.compression,
                                                          settings.bucket, Random::from_system().next()});
  const auto folder =
      use.purpose == SinkUse::Purpose::replay ? exporting::SinkFolder::replay : exporting::SinkFolder::delivery;
  S3SinkOptions options{.folder = exporting::sink_folder(parts.data_directory, destination.id, folder),
                        .keys = std::move(*keys),
                        .key_kind = key_kind_of(use),
                        .bucket = settings.bucket,
                        .prefix = settings.prefix,
                        .settings_revision = revision_of(settings),
                        .selection = selection_hash(destination),
                        .roll = {},
                        .compression = settings.compression};
  options.roll.bytes = settings.roll_bytes;
  options.roll.age_us = settings.roll_age_ms * 1000;
  return std::make_unique<S3Sink>(destination.name, parts.files, parts.clock, std::move(uploader), std::move(options));
}

}  // namespace sluice::s3
