#include "destinations/s3/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/arn.h"
#include "aws/endpoints.h"
#include "base/text.h"
#include "config/field_reading.h"
#include "destinations/address_setting.h"
#include "destinations/s3/object_request.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::s3 {
namespace {

void fault_of(config::TomlTable& table, const char* key, std::string message) {
  if (!message.empty()) table.fault(key, std::move(message));
}
template <typename Checked>
void fault_of(config::TomlTable& table, const char* key, const Result<Checked>& checked) {
  if (!checked) table.fault(key, checked.error().message);
}

std::string text_of(config::TomlTable& table, const char* key, std::string_view expected, std::string_view example) {
  return table.text(key, expected, example).value_or("");
}

// With the keys that its objects will have, and the longest name of a host.
void check_with_keys(config::TomlTable& table, const S3Settings& settings) {
  constexpr std::size_t kMaxHostName = 64;
  const auto key_or = [&](const char* field, const char* other) {
    const std::string key = table.peek(field);
    return key.empty() ? std::string(other) : key;
  };
  const auto parsed = KeyTemplate::parse(
      settings.key_template,
      {settings.prefix, key_or("project", "project"), key_or("environment", "environment"), std::string(24, '0'),
       settings.node.empty() ? std::string(kMaxHostName, 'n') : settings.node});
  if (parsed) return;
  for (const Error& error : parsed.error()) table.fault_when_saved("key_template", error.message);
}

void read_objects(config::TomlTable& table, S3Settings& settings) {
  settings.prefix = text_of(table, "prefix", "what keys of objects begin with", "\"exports/flags\"");
  while (settings.prefix.ends_with('/')) settings.prefix.pop_back();
  settings.key_template = table.text("key_template", "a template of keys", fmt::format("\"{}\"", kDefaultKeyTemplate))
                              .value_or(std::string(kDefaultKeyTemplate));
  settings.node = text_of(table, "node", "a name of this server", "\"sluice-1\"");
  if (std::string fault = fault_of_prefix(settings.prefix); !fault.empty()) {
    table.fault("prefix", std::move(fault));
  } else {
    const std::string node = settings.node.empty() ? "node" : settings.node;
    const std::string id(24, '0');
    const auto parsed =
        KeyTemplate::parse(settings.key_template, {settings.prefix, "project", "environment", id, node});
    if (!parsed)
      for (const Error& error : parsed.error()) table.fault("key_template", error.message);
    else
      check_with_keys(table, settings);
  }
  if (const auto name = table.text("compression", "none, gzip or zstd", "\"gzip\"")) {
    if (*name == "none")
      settings.compression = Compression::none;
    else if (*name == "zstd")
      settings.compression = Compression::zstd;
    else if (*name != "gzip")
      table.fault("compression",
                  fmt::format("\"{}\" is not a compression; expected none, gzip or zstd.", shown_value(*name)));
  }
  config::read_bytes(table, "roll_bytes", settings.roll_bytes, kLeastRollBytes, kMostRollBytes,
                     "a size from 64 KiB to 1 GiB", "\"64 MiB\"");
  config::read_duration_ms(table, "roll_age", settings.roll_age_ms, kLeastRollAgeMs, kMostRollAgeMs,
                           "a time from 1 s to 1 h", "\"5 min\"");
}

void read_endpoint(config::TomlTable& table, const char* key, std::string& out) {
  out = destinations::read_address(table, key, "an http or https address", "\"https://minio.example.internal:9000\"");
  if (out.empty()) return;
  const auto checked = aws::checked_endpoint(out);
  fault_of(table, key, checked);
  if (checked && http_client::is_link_local_host(http_client::host_of(*checked)))
    table.fault(key, "it is a link-local address or a cloud's metadata service; expected an endpoint of S3 or STS.");
}

void read_role(config::TomlTable& table, S3Settings& settings) {
  settings.role_arn =
      text_of(table, "role_arn", "the ARN of the role to assume", "\"arn:aws:iam::123456789012:role/sluice\"");
  settings.external_id =
      text_of(table, "external_id", "the external id of the role's trust policy", "\"7f0c41d2a9b34c5e8d6f\"");
  if (!settings.role_arn.empty()) fault_of(table, "role_arn", aws::parse_role_arn(settings.role_arn));
  if (settings.external_id.empty()) return;
  fault_of(table, "external_id", aws::check_external_id(settings.external_id));
  if (settings.role_arn.empty())
    table.fault("external_id", "an external id needs a role: set the role too, or remove the external id.");
}

bool has_only(std::string_view text, std::string_view first, char from, char to) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (c >= from && c <= to) || first.find(c) != std::string_view::npos; });
}

// x-amz-storage-class: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
constexpr std::array<std::string_view, 13> kStorageClasses = {
    "STANDARD",          "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR",  "GLACIER",
    "DEEP_ARCHIVE",      "OUTPOSTS",    "SNOW",       "FSX_ONTAP",           "FSX_OPENZFS", "EXPRESS_ONEZONE",
    "REDUCED_REDUNDANCY"};

std::string fault_of_storage_class(std::string_view name) {
  if (name.empty() || std::find(kStorageClasses.begin(), kStorageClasses.end(), name) != kStorageClasses.end())
    return {};
  return fmt::format("{} is not a storage class of S3. Expected one of {}.", aws::shown_name(name),
                     fmt::join(kStorageClasses, ", "));
}

bool is_key_id(std::string_view text) {  // of one region, or of many: mrk-…
  constexpr std::string_view kHex = "0123456789ABCDEF-";
  const bool many = text.starts_with("mrk-");
  return text.size() == 36 && has_only(many ? text.substr(4) : text, kHex, 'a', 'f') &&
         std::count(text.begin(), text.end(), '-') == (many ? 1 : 4);
}
bool is_alias(std::string_view text) {
  constexpr std::string_view kAlias = "alias/";
  return text.starts_with(kAlias) && text.size() > kAlias.size() && text.size() <= kAlias.size() + 256 &&
         aws::has_only(text, "/_-");
}

// https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html
std::string fault_of_kms_key(std::string_view key) {
  constexpr aws::ArnForm kForm = {"KMS key", "kms",
                                  "arn:aws:kms:eu-west-1:123456789012:key/11112222-3333-4444-5555-666677778888"};
  if (!key.starts_with("arn:")) {
    if (key.empty() || is_key_id(key) || is_alias(key)) return {};
    return fmt::format("{} is not a KMS key. Expected its ARN, such as {}, its id, or alias/NAME.",
                       aws::shown_name(key), kForm.example);
  }
  const auto arn = aws::parse_arn(key, kForm);
  if (!arn) return arn.error().message;
  constexpr std::string_view kKey = "key/";
  const bool names_key = arn->resource.starts_with(kKey) && arn->resource.size() > kKey.size() &&
                         aws::has_only(arn->resource.substr(kKey.size()), "-");
  if (names_key || is_alias(arn->resource)) return {};
  return aws::arn_error(key, kForm, "its last part is neither key/ID nor alias/NAME").message;
}

void read_storage(config::TomlTable& table, S3Settings& settings) {
  settings.kms_key_id = text_of(table, "kms_key_id", "the ARN of a KMS key",
                                "\"arn:aws:kms:eu-west-1:123456789012:key/11112222-3333-4444-5555-666677778888\"");
  if (settings.kms_key_id.size() > 2048 || !has_only(settings.kms_key_id, "", '!', '~'))
    table.fault("kms_key_id", "expected the ARN or id of a KMS key, in the bucket's region.");
  settings.storage_class = text_of(table, "storage_class", "a storage class", "\"STANDARD_IA\"");
  if (settings.storage_class.size() > 64 || !has_only(settings.storage_class, "_0123456789", 'A', 'Z'))
    table.fault("storage_class",
                "expected a storage class as S3 calls it, such as STANDARD_IA or INTELLIGENT_TIERING.");
  settings.expected_bucket_owner =
      text_of(table, "expected_bucket_owner", "the account that owns the bucket", "\"123456789012\"");
  const std::string& owner = settings.expected_bucket_owner;
  if (!owner.empty() && (owner.size() != 12 || !has_only(owner, "", '0', '9')))
    table.fault("expected_bucket_owner", "expected the 12 digits of an AWS account.");
  settings.path_style = table.boolean("path_style", "true");
  if (const auto name = table.text("if_none_match", "auto, on or off", "\"off\"")) {
    if (*name == "on")
      settings.if_none_match = IfNoneMatch::on;
    else if (*name == "off")
      settings.if_none_match = IfNoneMatch::off;
    else if (*name != "auto")
      table.fault("if_none_match", fmt::format("\"{}\" is not valid; expected auto, on or off.", shown_value(*name)));
  }
}

}  // namespace

S3Settings read_s3_settings(config::TomlTable& table) {
  S3Settings settings;
  settings.bucket = table.required("bucket", "the name of a bucket", "\"acme-flag-events\"");
  if (!settings.bucket.empty()) fault_of(table, "bucket", fault_of_bucket_name(settings.bucket));
  if (http_client::ip_address_of(settings.bucket))
    table.fault_when_saved("bucket",
                           fmt::format("'{}' looks like an address, which S3 does not allow as a bucket's name.",
                                       shown_value(settings.bucket)));
  settings.region = table.required("region", "an AWS region", "\"eu-west-1\"");
  read_objects(table, settings);
  read_role(table, settings);
  read_endpoint(table, "endpoint", settings.endpoint);
  read_endpoint(table, "sts_endpoint", settings.sts_endpoint);
  read_storage(table, settings);
  // Other stores have names of their own: R2's is "auto".
  const bool any_region = !settings.endpoint.empty() && has_only(settings.region, "-0123456789", 'a', 'z');
  if (!settings.region.empty() && !any_region && !aws::looks_like_region(settings.region))
    table.fault("region", "expected a region, such as eu-west-1, got \"" + shown_value(settings.region) + "\".");
  return settings;
}

aws::ServiceHosts s3_hosts() {
  static constexpr std::array<std::string_view, 2> kHosts = {"s3", "s3-fips"};
  return kHosts;
}

std::vector<catalog::FieldFault> check_s3_names(const S3Settings& settings) {
  std::vector<catalog::FieldFault> faults;
  const auto check = [&](const char* field, std::string fault) {
    if (!fault.empty()) faults.push_back({field, std::move(fault)});
  };
  check("node", fault_of_node(settings.node));
  // Other stores have names of their own: Google's storage classes are NEARLINE and COLDLINE.
  if (!settings.endpoint.empty() && !aws::is_aws_endpoint(settings.endpoint, s3_hosts())) return faults;
  check("storage_class", fault_of_storage_class(settings.storage_class));
  check("kms_key_id", fault_of_kms_key(settings.kms_key_id));
  return faults;
}

std::vector<catalog::FieldFault> check_s3_endpoints(const S3Settings& settings,
                                                    const http_client::OutboundPolicy& policy) {
  std::vector<catalog::FieldFault> faults;
  const auto check = [&](const char* field, const std::string& endpoint, aws::ServiceHosts hosts) {
    if (endpoint.empty()) return;
    if (auto allowed = aws::check_endpoint_allowed(endpoint, hosts, policy); !allowed)
      faults.push_back({field, allowed.error().message});
  };
  check("endpoint", settings.endpoint, s3_hosts());
  check("sts_endpoint", settings.sts_endpoint, aws::sts_hosts());
  return faults;
}

}  // namespace sluice::s3
