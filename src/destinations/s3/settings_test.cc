#include "destinations/s3/settings.h"

#include <gtest/gtest.h>

namespace sluice::s3 {
namespace {

S3Settings read_text(const std::string& text, std::string* faults_text = nullptr) {
  config::ConfigFaults faults;
  config::TomlTable table = config::TomlTable::parse(text, "test.toml", faults);
  S3Settings settings = read_s3_settings(table);
  table.refuse_unknown();
  if (faults_text != nullptr)
    *faults_text = faults.text();
  else
    EXPECT_TRUE(faults.empty()) << faults.text();
  return settings;
}

TEST(S3Settings, have_defaults_that_need_only_a_bucket_and_its_region) {
  const S3Settings settings = read_text("bucket = \"acme-flag-events\"\nregion = \"eu-west-1\"");
  EXPECT_EQ(settings.key_template, kDefaultKeyTemplate);
  EXPECT_EQ(settings.compression, Compression::gzip);
  EXPECT_EQ(settings.roll_bytes, 64u << 20);
  EXPECT_EQ(settings.roll_age_ms, 300'000);
  EXPECT_EQ(settings.if_none_match, IfNoneMatch::automatic);
  EXPECT_FALSE(settings.path_style);
}

TEST(S3Settings, are_read) {
  const S3Settings settings = read_text(R"(
bucket = "acme-flag-events"
region = "auto"
endpoint = "http://minio:9000"
prefix = "exports/flags/"
key_template = "{prefix}/{date}/{node}-{first}-{last}"
node = "sluice-2"
compression = "zstd"
roll_bytes = "1 MiB"
roll_age = "10 s"
role_arn = "arn:aws:iam::123456789012:role/sluice"
external_id = "7f0c41d2"
path_style = false
kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/1"
storage_class = "STANDARD_IA"
expected_bucket_owner = "123456789012"
if_none_match = "off"
)");
  EXPECT_EQ(settings.prefix, "exports/flags");
  EXPECT_EQ(settings.compression, Compression::zstd);
  EXPECT_EQ(settings.roll_bytes, 1u << 20);
  EXPECT_EQ(settings.roll_age_ms, 10'000);
  EXPECT_EQ(settings.path_style, false);
  EXPECT_EQ(settings.if_none_match, IfNoneMatch::off);
  EXPECT_EQ(settings.node, "sluice-2");
}

TEST(S3Settings, are_checked_with_the_keys_that_objects_will_have) {
  const std::string start = "bucket = \"acme-flag-events\"\nregion = \"eu-west-1\"\n";
  const std::string p(256, 'p'), e(256, 'e'), prefix(420, 'q');
  const std::string keys = "project = \"" + p + "\"\nenvironment = \"" + e + "\"\n";
  {
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(start + keys, "test.toml", faults);
    read_s3_settings(table);
    EXPECT_TRUE(faults.empty()) << faults.text();
  }
  for (const std::string& bad :
       {keys + "prefix = \"" + prefix + "\"",
        keys + "key_template = \"{prefix}/{project}/{project}/{project}/{project}/{node}-{first}-{last}\"",
        std::string("project = \"..\"\nenvironment = \"e\"\nkey_template = "
                    "\"{prefix}/{project}/{environment}/{node}-{first}-{last}\"")}) {
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(start + bad, "test.toml", faults);
    read_s3_settings(table);
    ASSERT_EQ(faults.all().size(), 1u) << faults.text();
    EXPECT_EQ(faults.all()[0].field, "key_template");
    EXPECT_TRUE(faults.all()[0].when_saved) << "what is stored still starts";
    EXPECT_LT(faults.all()[0].message.size(), 500u);
  }
}

TEST(S3Settings, report_every_fault_at_once) {
  std::string text;
  read_text(R"(
bucket = "s3://Acme"
prefix = "a//b"
key_template = "{prefix}/{date}"
compression = "brotli"
roll_bytes = "1 KiB"
roll_age = "2 h"
external_id = "x-1"
endpoint = "http://169.254.169.254"
kms_key_id = "a key"
storage_class = "standard"
expected_bucket_owner = "acme"
if_none_match = "maybe"
buckett = "x"
)",
            &text);
  for (const char* part :
       {"is not the name of a bucket", "region:\n    It is missing", "or has an empty part", "brotli",
        "64 KiB to 1 GiB", "1 s to 1 h", "needs a role", "metadata service", "ARN or id of a KMS key",
        "a storage class as S3 calls it", "12 digits", "auto, on or off", "Did you mean bucket?"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

// Of saving them; "": they are accepted.
std::string fault_of_line(const std::string& line, const std::string& endpoint = "") {
  std::string text = "bucket = \"acme\"\nregion = \"eu-west-1\"\n" + line;
  if (!endpoint.empty()) text += "\nendpoint = \"" + endpoint + "\"";
  std::string all;
  for (const catalog::FieldFault& fault : check_s3_names(read_text(text))) all += fault.field + ": " + fault.message;
  return all;
}

TEST(S3Settings, what_only_aws_could_refuse_is_refused_when_it_is_saved) {
  for (const char* line : {"storage_class = \"BANANA\"", "storage_class = \"NEARLINE\"", "kms_key_id = \"x\"",
                           "kms_key_id = \"alias/\"", "kms_key_id = \"11112222-3333-4444-5555-66667777888\"",
                           "kms_key_id = \"arn:aws:s3:eu-west-1:123456789012:key/1\"",
                           "kms_key_id = \"arn:aws:kms:eu-west-1:123456789012:key/\"",
                           "kms_key_id = \"arn:aws:kms:eu-west-1:123456789012:grant/1\"", "node = \"a/b\""}) {
    const std::string fault = fault_of_line(line);
    const std::string_view field = std::string_view(line).substr(0, std::string_view(line).find(' '));
    EXPECT_NE(fault.find(field), std::string::npos) << line << "\n" << fault;
  }
  for (const char* line :
       {"storage_class = \"GLACIER_IR\"", "kms_key_id = \"11112222-3333-4444-5555-666677778888\"",
        "kms_key_id = \"mrk-1234abcd12ab34cd56ef1234567890ab\"", "kms_key_id = \"alias/exports/flags\"",
        "kms_key_id = \"arn:aws:kms:eu-west-1:123456789012:key/11112222-3333-4444-5555-666677778888\"",
        "kms_key_id = \"arn:aws-cn:kms:cn-north-1:123456789012:alias/flags\"", "node = \"sluice-1.example\""})
    EXPECT_EQ(fault_of_line(line), "") << line;
  for (const char* line : {"storage_class = \"NEARLINE\"", "kms_key_id = \"my-minio-key\""})
    EXPECT_EQ(fault_of_line(line, "http://minio:9000"), "") << line << " is the other store's";
}

TEST(S3Settings, keys_that_would_repeat_are_refused) {
  std::string text;
  read_text("bucket = \"acme\"\nregion = \"eu-west-1\"\nkey_template = \"{prefix}/{date}/{tim}\"", &text);
  for (const char* part : {"{node}", "{first}", "{last}", "no variable {tim}"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

}  // namespace
}  // namespace sluice::s3
