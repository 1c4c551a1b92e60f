#include "destinations/kinesis/form.h"

#include <algorithm>

#include "destinations/aws_setup.h"

namespace sluice::kinesis {
namespace {

using destinations::FieldType;

std::vector<destinations::FieldChoice> encodings() {
  return {
      {"json", "json: one event per record",
       "Any consumer reads it, Lambda filters and Redshift included. Costs the most."},
      {"ndjson", "ndjson: up to 500 events, a line each",
       "Consumers split records at newlines. Firehose reads it as it is; Lambda filters and Redshift do not."},
      {"ndjson+gzip", "ndjson+gzip: compressed lines",
       "Consumers decompress each record with gzip, then split it at newlines. Only for code of your own."},
      {"ndjson+zstd", "ndjson+zstd: compressed lines",
       "Consumers decompress each record with zstd, then split it at newlines. Only for code of your own. Costs the "
       "least."},
      {"kpl", "kpl: aggregated records",
       "KCL and Firehose read it as it is. Other consumers need a KPL deaggregation library."}};
}

destinations::Form make_form() {
  destinations::Form form;
  form.groups = {{"stream", "Stream", ""}, {"details", "Details", "Encoding, endpoints, limits"}};
  form.fields = {
      {.key = "region",
       .flag = "--region",
       .label = "Region",
       .help = "The stream's AWS region.",
       .type = FieldType::region,
       .group = "stream",
       .required = true,
       .example = "us-east-1"},
      {.key = "streamName",
       .flag = "--stream",
       .label = "Stream name",
       .help = "The Kinesis data stream that receives the events.",
       .group = "stream",
       .required = true,
       .example = "flags",
       .pattern = "^[a-zA-Z0-9_.-]{1,128}$"},
      {.key = "streamArn",
       .flag = "--stream-arn",
       .label = "Stream ARN",
       .help = "Instead of the name, for a stream of another account.",
       .group = "stream",
       .example = "arn:aws:kinesis:us-east-1:123456789012:stream/flags"},
      {.key = "encoding",
       .flag = "--encoding",
       .label = "Encoding",
       .help = "How records hold events: docs/encodings.md.",
       .type = FieldType::choice,
       .group = "details",
       .default_value = "json",
       .choices = encodings()},
      {.key = "recordBytes",
       .flag = "--record-bytes",
       .label = "Record size",
       .help = "Of records of several events, 25 KiB to 1 MiB.",
       .type = FieldType::size,
       .group = "details",
       .example = "100 KiB",
       .depends_on = "encoding",
       .depends_values = {"ndjson", "ndjson+gzip", "ndjson+zstd", "kpl"}},
      {.key = "linger",
       .flag = "--linger",
       .label = "Linger",
       .help = "How long an event waits for others. Default: 50 ms for json, 1 s for the other encodings.",
       .type = FieldType::duration,
       .group = "details",
       .example = "1 s"},
      {.key = "newline",
       .flag = "--newline",
       .label = "A newline after each event",
       .help = "So that Firehose writes one event per line.",
       .type = FieldType::boolean,
       .group = "details",
       .default_value = "true",
       .depends_on = "encoding",
       .depends_values = {"json", "kpl"}},
      {.key = "endpoint",
       .flag = "--endpoint",
       .label = "Kinesis endpoint",
       .help = "Only for a VPC endpoint or a simulator.",
       .group = "details",
       .example = "https://vpce-….kinesis.us-east-1.vpce.amazonaws.com"},
      {.key = "stsEndpoint",
       .flag = "--sts-endpoint",
       .label = "STS endpoint",
       .help = "The same for STS.",
       .group = "details",
       .example = "https://sts.us-east-1.amazonaws.com"},
      {.key = "cbor",
       .flag = "--cbor",
       .label = "CBOR",
       .help = "Whether PutRecords is sent as CBOR. Default: to AWS itself.",
       .type = FieldType::boolean,
       .group = "details"},
      {.key = "maxCallsInFlight",
       .flag = "--max-calls-in-flight",
       .label = "Calls in flight",
       .help = "At most, 1 to 64.",
       .type = FieldType::number,
       .group = "details",
       .default_value = "32"},
      {.key = "maxRecordsPerCall",
       .flag = "--max-records-per-call",
       .label = "Records in a call",
       .help = "At most, 1 to 500.",
       .type = FieldType::number,
       .group = "details",
       .default_value = "500"},
      {.key = "maxBytesPerCall",
       .flag = "--max-bytes-per-call",
       .label = "Size of a call",
       .help = "At most, 64 KiB to 10 MiB.",
       .type = FieldType::size,
       .group = "details",
       .default_value = "4718592"},
  };
  const auto role = destinations::aws_role_fields("stream", "write to the stream");
  const auto after = std::ranges::find(form.fields, "streamArn", &destinations::FormField::key);
  form.fields.insert(after + 1, role.begin(), role.end());
  return form;
}

}  // namespace

const destinations::Form& kinesis_form() {
  static const destinations::Form form = make_form();
  return form;
}

}  // namespace sluice::kinesis
