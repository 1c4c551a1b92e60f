#include "destinations/kinesis/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/field_reading.h"
#include "destinations/address_setting.h"
#include "destinations/kinesis/settings_check.h"

namespace sluice::kinesis {
namespace {

// How records are formed. A destination that does not name a linger time has the encoding's, also when the encoding
// changes.
void packing(config::TomlTable& table, KinesisSettings& settings) {
  bool known = true;
  if (const auto name = table.text("encoding", "the name of an encoding", "\"ndjson+zstd\"")) {
    const auto encoding = framing::encoding_named(*name);
    known = encoding.has_value();
    if (known)
      settings.encoding = *encoding;
    else
      table.fault("encoding", fmt::format("\"{}\" is not an encoding; expected one of {}.", shown_value(*name),
                                          fmt::join(framing::kEncodingNames, ", ")));
  }
  config::read_bytes(table, "record_bytes", settings.record_bytes, kLeastRecordBytes, kMostRecordBytes,
                     "a size from 25 KiB to 1 MiB", "\"100 KiB\"");
  // Whether it fits the encoding is not asked of one that is not known: the answer would blame the wrong setting.
  if (!known) settings.record_bytes = 0;
  settings.linger_ms = framing::default_linger_ms(settings.encoding);
  config::read_duration_ms(table, "linger", settings.linger_ms, 0, 60'000, "a time from 0 to 60 s", "\"50 ms\"");
}

}  // namespace

KinesisSettings read_kinesis_settings(config::TomlTable& table) {
  KinesisSettings settings;
  settings.region = table.required("region", "an AWS region", "\"eu-west-1\"");
  settings.stream_arn =
      table.text("stream_arn", "the ARN of a data stream", "\"arn:aws:kinesis:eu-west-1:123456789012:stream/flags\"")
          .value_or("");
  settings.stream_name = table.text("stream_name", "the name of a data stream", "\"flags\"").value_or("");
  settings.role_arn =
      table.text("role_arn", "the ARN of the role to assume", "\"arn:aws:iam::123456789012:role/sluice\"").value_or("");
  settings.external_id =
      table.text("external_id", "the external id of the role's trust policy", "\"7f0c41d2a9b34c5e8d6f\"").value_or("");
  for (const auto& [field, endpoint] :
       {std::pair{"endpoint", &settings.endpoint}, {"sts_endpoint", &settings.sts_endpoint}})
    *endpoint = destinations::read_address(table, field, "an http or https address", "\"http://127.0.0.1:4567\"");
  settings.newline = table.boolean("newline", "true").value_or(true);
  settings.cbor = table.boolean("cbor", "true");
  config::read_number(table, "max_calls_in_flight", settings.max_calls_in_flight, 1, 64);
  config::read_number(table, "max_records_per_call", settings.max_records_per_call, 1, 500);
  config::read_bytes(table, "max_bytes_per_call", settings.max_bytes_per_call, 64u << 10, 10u << 20,
                     "a size from 64 KiB to 10 MiB, as PutRecords allows", "4718592");
  packing(table, settings);
  for (const catalog::FieldFault& fault : check_kinesis_settings(settings)) table.fault(fault.field, fault.message);
  return settings;
}

}  // namespace sluice::kinesis
