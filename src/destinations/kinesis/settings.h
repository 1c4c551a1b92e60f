// The settings of a Kinesis destination. Names follow the REST API's config (docs/configuration.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/snapshot.h"
#include "config/toml_table.h"
#include "framing/encoding.h"

namespace sluice::kinesis {

// What record_bytes may be: a unit that Kinesis bills, and the largest record that every stream takes.
inline constexpr std::uint64_t kLeastRecordBytes = 25'600;
inline constexpr std::uint64_t kMostRecordBytes = 1'048'576;

struct KinesisSettings {
  std::string region;
  std::string stream_name;
  std::string stream_arn;    // optional; wins over the name in requests
  std::string role_arn;      // empty: put with the server's own identity
  std::string external_id;   // empty: none is sent
  std::string endpoint;      // empty: AWS's for the region
  std::string sts_endpoint;  // empty: AWS's for the region
  std::uint32_t max_calls_in_flight = 32;
  std::uint32_t max_records_per_call = 500;
  std::uint64_t max_bytes_per_call = 4'718'592;  // 4.5 MiB: data and partition keys
  framing::Encoding encoding = framing::Encoding::json;
  std::uint64_t record_bytes = 0;  // of a packed record, with its partition key; 0: the encoding's default
  std::int64_t linger_ms = framing::default_linger_ms(framing::Encoding::json);
  bool newline = true;       // ask ends_lines()
  std::optional<bool> cbor;  // whether PutRecords may be sent in CBOR; nothing: to AWS itself alone
  bool operator==(const KinesisSettings&) const = default;
};

// Whether each event ends in a newline: without one, the lines of one record could not be told apart.
inline bool ends_lines(const KinesisSettings& settings) {
  return settings.newline || framing::is_lines(settings.encoding);
}

// Reads them, and notes every fault at its field: of each setting alone, and of what check_kinesis_settings() finds.
KinesisSettings read_kinesis_settings(config::TomlTable& table);

inline const KinesisSettings& settings_of(const catalog::Destination& destination) {
  return destination.settings.as<KinesisSettings>();
}

}  // namespace sluice::kinesis
