#include "destinations/s3/form.h"

#include <algorithm>

#include "destinations/aws_setup.h"

#include "destinations/s3/object_key.h"

namespace sluice::s3 {
namespace {

using destinations::FieldType;

destinations::Form make_form() {
  destinations::Form form;
  form.groups = {{"bucket", "Bucket", ""},
                 {"objects", "Objects", "Names, size, compression"},
                 {"details", "Details", "Encryption, storage class, other S3s"}};
  form.fields = {
      {.key = "bucket",
       .flag = "--bucket",
       .label = "Bucket",
       .help = "The S3 bucket that receives the objects.",
       .group = "bucket",
       .required = true,
       .example = "acme-flag-events",
       .pattern = "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"},
      {.key = "region",
       .flag = "--region",
       .label = "Region",
       .help = "The bucket's AWS region.",
       .type = FieldType::region,
       .group = "bucket",
       .required = true,
       .example = "us-east-1"},
      {.key = "prefix",
       .flag = "--prefix",
       .label = "Prefix",
       .help = "What all keys begin with. Sluice needs permission for this prefix alone.",
       .group = "bucket",
       .example = "exports/flags"},
      {.key = "compression",
       .flag = "--compression",
       .label = "Compression",
       .help = "Of objects. Each holds lines of JSON.",
       .type = FieldType::choice,
       .group = "objects",
       .default_value = "gzip",
       .choices = {{"gzip", "gzip: .ndjson.gz", "Athena, Redshift, BigQuery, Snowflake and DuckDB read it as it is."},
                   {"zstd", "zstd: .ndjson.zst", "Smaller, and faster to read, where the reader knows zstd."},
                   {"none", "none: .ndjson", "About six times as large as gzip."}}},
      {.key = "rollBytes",
       .flag = "--roll-bytes",
       .label = "Object size",
       .help = "Of an object's lines before compression, at most, 64 KiB to 1 GiB.",
       .type = FieldType::size,
       .group = "objects",
       .default_value = "64 MiB"},
      {.key = "rollAge",
       .flag = "--roll-age",
       .label = "Object age",
       .help = "How long an event waits for its object to fill, 1 s to 1 h. An object ends with the hour, too.",
       .type = FieldType::duration,
       .group = "objects",
       .default_value = "5 min"},
      {.key = "keyTemplate",
       .flag = "--key-template",
       .label = "Key template",
       .help =
           "Names of objects: {prefix}, {project}, {environment}, {destination}, {date}, {hour}, {node}, {first} and "
           "{last}. The extension is added, and the end of the destination's id unless the template has {destination}.",
       .group = "objects",
       .default_value = std::string(kDefaultKeyTemplate)},
      {.key = "node",
       .flag = "--node",
       .label = "Node name",
       .help = "What {node} stands for: tells this server's objects from another's. Default: the host's name.",
       .group = "objects",
       .example = "sluice-1"},
      {.key = "kmsKeyId",
       .flag = "--kms-key-id",
       .label = "KMS key",
       .help = "The ARN of a key to encrypt objects with. If empty, the bucket's encryption applies.",
       .group = "details",
       .example = "arn:aws:kms:us-east-1:123456789012:key/11112222-3333-4444-5555-666677778888"},
      {.key = "storageClass",
       .flag = "--storage-class",
       .label = "Storage class",
       .help = "Default: STANDARD.",
       .group = "details",
       .example = "INTELLIGENT_TIERING",
       .pattern = "^[A-Z0-9_]{1,64}$"},
      {.key = "expectedBucketOwner",
       .flag = "--expected-bucket-owner",
       .label = "Bucket owner",
       .help = "The account that must own the bucket: nothing is uploaded to a bucket of another.",
       .group = "details",
       .example = "123456789012",
       .pattern = "^[0-9]{12}$"},
      {.key = "endpoint",
       .flag = "--endpoint",
       .label = "S3 endpoint",
       .help = "Only for another S3 (MinIO, R2, GCS), a VPC endpoint or a simulator.",
       .group = "details",
       .example = "https://minio.example.internal:9000"},
      {.key = "stsEndpoint",
       .flag = "--sts-endpoint",
       .label = "STS endpoint",
       .help = "The same for STS.",
       .group = "details",
       .example = "https://sts.us-east-1.amazonaws.com"},
      {.key = "pathStyle",
       .flag = "--path-style",
       .label = "Path style",
       .help =
           "Whether the bucket is in the path instead of the host. Default: with an endpoint of another S3, and for a "
           "name with dots.",
       .type = FieldType::boolean,
       .group = "details"},
      {.key = "ifNoneMatch",
       .flag = "--if-none-match",
       .label = "If-None-Match",
       .help = "How an object that is there already is recognized.",
       .type = FieldType::choice,
       .group = "details",
       .default_value = "auto",
       .choices = {{"auto", "auto", "With If-None-Match, until the store says that it does not know it."},
                   {"on", "on", "With If-None-Match: AWS, MinIO, R2."},
                   {"off", "off", "With a HEAD before each upload, which needs s3:ListBucket: older stores, GCS."}}},
  };
  const auto role = destinations::aws_role_fields("bucket", "write to the bucket");
  const auto after = std::ranges::find(form.fields, "prefix", &destinations::FormField::key);
  form.fields.insert(after + 1, role.begin(), role.end());
  return form;
}

}  // namespace

const destinations::Form& s3_form() {
  static const destinations::Form form = make_form();
  return form;
}

}  // namespace sluice::s3
