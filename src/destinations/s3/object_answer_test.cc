#include "destinations/s3/object_answer.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/hex.h"
#include "destinations/s3/error_class.h"
#include "destinations/s3/object_request.h"

namespace sluice::s3 {
namespace {

using http_client::HttpResponse;
using http_client::TransportFault;

HttpResponse response_of(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

constexpr const char* kRedirect =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>PermanentRedirect</Code><Message>The bucket you are "
    "attempting to access must be addressed using the specified endpoint. Please send all future requests to this "
    "endpoint.</Message><Endpoint>flags.s3.eu-west-1.amazonaws.com</Endpoint><Bucket>flags</Bucket>"
    "<RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>";

TEST(ObjectAnswer, tells_the_code_the_words_and_the_right_region) {
  const ObjectAnswer redirect = read_answer(response_of(301, kRedirect, {{"x-amz-bucket-region", "eu-west-1"}}), false);
  EXPECT_EQ(redirect.code, "PermanentRedirect");
  EXPECT_EQ(redirect.region, "eu-west-1");
  EXPECT_EQ(redirect.endpoint, "flags.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(redirect.request_id, "4442587FB7D0A2F9");
  const ObjectAnswer malformed = read_answer(
      response_of(400,
                  "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; "
                  "the region &apos;us-east-1&apos; is wrong</Message><Region>eu-west-1</Region></Error>",
                  {{"x-amz-request-id", "AB"}}),
      false);
  EXPECT_EQ(malformed.region, "eu-west-1");
  EXPECT_EQ(malformed.request_id, "AB");
  EXPECT_NE(malformed.message.find("'us-east-1' is wrong"), std::string::npos);
}

TEST(ObjectAnswer, tells_the_checksum_that_came_back) {
  std::string checksum;
  base64_append(checksum, *bytes_of_hex(std::string(64, 'a')));
  const ObjectAnswer put =
      read_answer(response_of(200, "", {{"x-amz-checksum-sha256", checksum}, {"x-amz-version-id", "v1"}}), false);
  EXPECT_TRUE(put.ok());
  EXPECT_EQ(put.sha256_hex, std::string(64, 'a'));
  EXPECT_EQ(put.version_id, "v1");
  EXPECT_FALSE(put.size_bytes);
  const ObjectAnswer head = read_answer(
      response_of(200, "", {{"content-length", "12"}, {"x-amz-meta-sluice-sha256", std::string(64, 'B')}}), true);
  EXPECT_EQ(head.size_bytes, 12u);
  EXPECT_EQ(head.sha256_hex, "");
  EXPECT_EQ(head.metadata_sha256_hex, std::string(64, 'b'));
}

TEST(ObjectAnswer, of_an_upload_in_parts_has_no_checksum_of_the_whole) {
  std::string checksum;
  base64_append(checksum, *bytes_of_hex(std::string(64, 'a')));
  EXPECT_EQ(read_answer(response_of(200, "", {{"x-amz-checksum-sha256", checksum + "-2"}}), true).sha256_hex, "");
}

TEST(ObjectAnswer, of_a_head_has_no_body_and_gets_the_code_of_its_status) {
  EXPECT_EQ(read_answer(response_of(404, ""), true).code, "NoSuchKey");
  EXPECT_EQ(read_answer(response_of(403, ""), true).code, "AccessDenied");
  EXPECT_EQ(read_answer(response_of(301, ""), true).code, "PermanentRedirect");
  EXPECT_EQ(read_answer(response_of(400, ""), true).code, "BadRequest");
  EXPECT_EQ(read_answer(response_of(404, ""), false).code, "http_404");
}

TEST(ObjectAnswer, of_somebody_else_is_shown_in_a_few_words_and_safe_to_print) {
  const ObjectAnswer page =
      read_answer(response_of(502, "<html><body>\x1b[31mBad gateway of acme\n\n" + std::string(100'000, 'x')), false);
  EXPECT_EQ(page.code, "http_502");
  EXPECT_NE(page.message.find("Bad gateway of acme"), std::string::npos);
  EXPECT_EQ(page.message.find('\x1b'), std::string::npos);
  EXPECT_LT(page.message.size(), 4 * kMaxAnswerText);
  const ObjectAnswer odd =
      read_answer(response_of(400, "<Error><Code>a code with spaces</Code><Region>\n</Region></Error>"), false);
  EXPECT_EQ(odd.code, "http_400");
  EXPECT_EQ(odd.region, "");
}

TEST(ObjectAnswer, cannot_say_a_code_that_is_ours) {
  EXPECT_EQ(read_answer(response_of(400, "<Error><Code>proxy_refused</Code></Error>"), false).code, "http_400");
}

TEST(ObjectAnswer, of_a_fault_has_a_code_for_it) {
  HttpResponse response;
  response.fault = TransportFault::timeout;
  response.fault_text = "no answer";
  EXPECT_EQ(read_answer(response, false).code, "timeout");
  EXPECT_FALSE(read_answer(response, false).ok());
  response.fault = TransportFault::proxy;
  response.proxy_status = 407;
  EXPECT_EQ(read_answer(response, false).code, "proxy_credentials");
}

struct ClassRow {
  int status;
  const char* code;
  ErrorClass expected;
};

TEST(ErrorClass, says_what_to_do_about_each_code) {
  const std::vector<ClassRow> rows = {
      {503, "SlowDown", ErrorClass::throttle},
      {503, "ServiceUnavailable", ErrorClass::transient},
      {500, "InternalError", ErrorClass::transient},
      {400, "RequestTimeout", ErrorClass::transient},
      {409, "ConditionalRequestConflict", ErrorClass::transient},
      {409, "OperationAborted", ErrorClass::transient},
      {400, "ExpiredToken", ErrorClass::credentials},
      {400, "InvalidToken", ErrorClass::credentials},
      {400, "BadRequest", ErrorClass::credentials},
      {403, "InvalidAccessKeyId", ErrorClass::credentials},
      {403, "SignatureDoesNotMatch", ErrorClass::credentials},
      {403, "RequestTimeTooSkewed", ErrorClass::clock},
      {400, "BadDigest", ErrorClass::bytes},
      {400, "XAmzContentSHA256Mismatch", ErrorClass::bytes},
      {404, "NoSuchBucket", ErrorClass::setup},
      {403, "AccessDenied", ErrorClass::setup},
      {301, "PermanentRedirect", ErrorClass::setup},
      {400, "AuthorizationHeaderMalformed", ErrorClass::setup},
      {400, "KMS.DisabledException", ErrorClass::setup},
      {400, "KMS.NotFoundException", ErrorClass::setup},
      {400, "KMS.ThrottlingException", ErrorClass::throttle},
      {400, "InvalidRequest", ErrorClass::setup},
      {400, "InvalidStorageClass", ErrorClass::setup},
      {501, "NotImplemented", ErrorClass::setup},
      {400, "SomethingNew", ErrorClass::setup},
      {500, "SomethingNew", ErrorClass::transient},
      {503, "http_503", ErrorClass::throttle},
      {429, "http_429", ErrorClass::throttle},
      {502, "http_502", ErrorClass::transient},
      {302, "http_302", ErrorClass::setup},
      {413, "http_413", ErrorClass::setup},
      {204, "http_204", ErrorClass::transient},
      {0, "http_0", ErrorClass::transient},
  };
  for (const ClassRow& row : rows) {
    ObjectAnswer answer;
    answer.status = row.status;
    answer.code = row.code;
    EXPECT_EQ(error_class_name(classify(answer)), error_class_name(row.expected)) << row.status << " " << row.code;
  }
  ObjectAnswer fault;
  fault.fault = TransportFault::reset;
  EXPECT_EQ(classify(fault), ErrorClass::transient);
}

class Bytes final : public http_client::HttpBody {
 public:
  std::uint64_t size() const override { return 64u << 20; }
  Result<void> read(std::uint64_t, char*, std::size_t) const override { return {}; }
};

std::string header_in(const http_client::HttpRequest& request, std::string_view name) {
  for (const auto& [each, value] : request.headers)
    if (each == name) return value;
  return "(none)";
}

TEST(ObjectRequest, stores_an_object_only_if_there_is_none_and_says_what_is_in_it) {
  const BucketFacts bucket{.endpoint = "https://s3.eu-west-1.amazonaws.com",
                           .bucket = "acme",
                           .expected_owner = "123456789012",
                           .storage_class = "STANDARD_IA",
                           .encryption = "aws:kms",
                           .kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/1"};
  const std::string sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const auto request =
      put_request(bucket, {"a/date=2026-11-27/b c.ndjson", sha256, "application/gzip", std::make_shared<Bytes>()});
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url, "https://acme.s3.eu-west-1.amazonaws.com/a/date%3D2026-11-27/b%20c.ndjson");
  EXPECT_EQ(header_in(request, "if-none-match"), "*");
  EXPECT_EQ(header_in(request, "x-amz-checksum-sha256"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(header_in(request, "x-amz-meta-sluice-sha256"), sha256);
  EXPECT_EQ(header_in(request, "content-type"), "application/gzip");
  EXPECT_EQ(header_in(request, "x-amz-expected-bucket-owner"), "123456789012");
  EXPECT_EQ(header_in(request, "x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(header_in(request, "x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(header_in(request, "x-amz-server-side-encryption-aws-kms-key-id"),
            "arn:aws:kms:eu-west-1:123456789012:key/1");
  EXPECT_EQ(request.timeout_ms, 30'000 + 512'000);
}

TEST(ObjectRequest, says_nothing_that_the_settings_do_not_ask_for) {
  const BucketFacts bucket{
      .endpoint = "http://minio:9000/base", .bucket = "acme.flags", .path_style = true, .conditional = false};
  const auto put = put_request(bucket, {"a", std::string(64, '0'), "application/gzip", std::make_shared<Bytes>()});
  EXPECT_EQ(put.url, "http://minio:9000/base/acme.flags/a");
  for (const char* name : {"if-none-match", "x-amz-expected-bucket-owner", "x-amz-storage-class",
                           "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"})
    EXPECT_EQ(header_in(put, name), "(none)");
  const auto head = head_request(bucket, "a", true);
  EXPECT_EQ(head.method, "HEAD");
  EXPECT_EQ(header_in(head, "x-amz-checksum-mode"), "ENABLED");
  EXPECT_EQ(header_in(head_request(bucket, "a", false), "x-amz-checksum-mode"), "(none)");
  EXPECT_EQ(head.max_response_bytes, kMaxAnswerBytes);
}

TEST(BucketName, is_what_aws_takes) {
  for (const char* good : {"abc", "acme-flag-events", "acme.flags", "1a2", "a--b"})
    EXPECT_EQ(fault_of_bucket_name(good), "");
  for (const char* bad : {"", "ab", "Acme", "acme_flags", "-acme", "acme-", "a..b", "s3://acme", "acme/flags",
                          "a123456789012345678901234567890123456789012345678901234567890123"})
    EXPECT_NE(fault_of_bucket_name(bad), "") << bad;
  EXPECT_TRUE(needs_path_style("acme.flags"));
}

}  // namespace
}  // namespace sluice::s3
