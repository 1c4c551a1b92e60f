// The settings of an S3 destination. Names follow the REST API's config (docs/destinations/s3.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/endpoint_allowance.h"
#include "catalog/destination_kinds.h"
#include "catalog/snapshot.h"
#include "config/toml_table.h"
#include "destinations/s3/compression.h"
#include "destinations/s3/object_key.h"
#include "http_client/outbound_policy.h"

namespace sluice::s3 {

// An object is one PUT, which takes 5 GiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
inline constexpr std::uint64_t kLeastRollBytes = 64u << 10, kMostRollBytes = 1u << 30;
inline constexpr std::int64_t kLeastRollAgeMs = 1'000, kMostRollAgeMs = 3'600'000;

enum class IfNoneMatch : std::uint8_t {
  automatic,  // until the store says that it does not know it
  on,
  off,  // a HEAD before each PUT instead
};

struct S3Settings {
  std::string bucket;
  std::string region;
  std::string prefix;
  std::string key_template = std::string(kDefaultKeyTemplate);
  Compression compression = Compression::gzip;
  std::uint64_t roll_bytes = 64u << 20;  // of lines, before compression
  std::int64_t roll_age_ms = 300'000;
  std::string role_arn;            // empty: put with the server's own identity
  std::string external_id;         // empty: none is sent
  std::string endpoint;            // empty: AWS's for the region
  std::string sts_endpoint;        // empty: AWS's for the region
  std::optional<bool> path_style;  // nothing: for custom endpoints, and names that no certificate covers
  std::string kms_key_id;          // empty: what the bucket says
  std::string storage_class;       // empty: STANDARD
  std::string expected_bucket_owner;
  IfNoneMatch if_none_match = IfNoneMatch::automatic;
  std::string node;  // empty: the host's name
  bool operator==(const S3Settings&) const = default;
};

// Reads them, and notes every fault at its field.
S3Settings read_s3_settings(config::TomlTable& table);
// Names that neither S3 nor keys of objects take, each at its field: of settings that were read without a fault. Asked
// when a destination is saved; one that was saved before still runs, for it may work with another store.
std::vector<catalog::FieldFault> check_s3_names(const S3Settings& settings);
// The custom endpoints that `policy` does not allow, each at its field. Settings that were read without a fault.
std::vector<catalog::FieldFault> check_s3_endpoints(const S3Settings& settings,
                                                    const http_client::OutboundPolicy& policy);
// For aws::is_aws_endpoint().
aws::ServiceHosts s3_hosts();

inline const S3Settings& settings_of(const catalog::Destination& destination) {
  return destination.settings.as<S3Settings>();
}

}  // namespace sluice::s3
