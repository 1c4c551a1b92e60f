#include "kinesim/s3.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/base64.h"
#include "kinesim/client_fake.h"
#include "kinesim/sigv4_verifier.h"

namespace kinesim {
namespace {

using Headers = std::map<std::string, std::string>;

std::string checksum_of(std::string_view body) {
  std::string out;
  sluice::base64_append(out, as_text(sha256(body)));
  return out;
}

struct S3World : World {
  S3World() { configure(R"({"buckets": [{"name": "events", "region": "us-east-1"}]})"); }

  Answer put(const std::string& path, const std::string& body, Headers headers = {}) {
    return s3({.path = path, .body = body, .headers = std::move(headers)});
  }
  Answer read(const std::string& method, const std::string& path, Headers headers = {}) {
    return s3({.method = method, .path = path, .headers = std::move(headers)});
  }
};

void expect_s3_error(const Answer& answer, unsigned status, const std::string& code, std::string_view part = "") {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(between(answer.body, "Code"), code) << answer.body;
  EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
  EXPECT_EQ(between(answer.body, "RequestId"), header_of(answer, "x-amz-request-id"));
}

// The worked examples of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
TEST(S3Signature, is_that_of_the_published_examples) {
  struct Example {
    const char* method;
    const char* path;
    const char* query;
    const char* body;
    std::vector<std::pair<const char*, const char*>> headers;
    const char* signed_headers;
    const char* signature;
  };
  const std::vector<Example> examples = {
      {"GET",
       "/test.txt",
       "",
       "",
       {{"range", "bytes=0-9"}},
       "host;range;x-amz-content-sha256;x-amz-date",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT",
       "/test%24file.text",
       "",
       "Welcome to Amazon S3.",
       {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET",
       "/",
       "lifecycle",
       "",
       {},
       "host;x-amz-content-sha256;x-amz-date",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET",
       "/",
       "max-keys=2&prefix=J",
       "",
       {},
       "host;x-amz-content-sha256;x-amz-date",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  SigningKeys keys;
  for (const Example& example : examples) {
    MapHeaders headers;
    headers.set("host", "examplebucket.s3.amazonaws.com");
    headers.set("x-amz-date", "20130524T000000Z");
    headers.set("x-amz-content-sha256", hex(sha256(example.body)));
    for (const auto& [name, value] : example.headers) headers.set(name, value);
    const Request request{example.method, example.path, example.query, example.body, &headers};
    const Authorization authorization{"AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3",
                                      example.signed_headers, ""};
    const auto& key = keys.key(authorization, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    EXPECT_EQ(expected_signature(request, authorization, "20130524T000000Z", key), example.signature) << example.path;
  }
}

TEST(S3, stores_an_object_and_gives_it_back_with_its_checksum) {
  S3World world;
  const Answer put = world.put("/events/a/b%20c", "body",
                               {{"x-amz-checksum-sha256", checksum_of("body")}, {"x-amz-meta-sluice-sha256", "abc"}});
  EXPECT_EQ(put.status, 200u) << put.body;
  EXPECT_EQ(header_of(put, "x-amz-checksum-sha256"), checksum_of("body"));
  const Answer got = world.read("GET", "/events/a/b%20c");
  EXPECT_EQ(got.body, "body");
  EXPECT_EQ(header_of(got, "x-amz-checksum-sha256"), "") << "only when it is asked for";
  const Answer head = world.read("HEAD", "/events/a/b%20c", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(header_of(head, "x-amz-checksum-sha256"), checksum_of("body"));
  EXPECT_EQ(header_of(head, "x-amz-meta-sluice-sha256"), "abc");
  expect_s3_error(world.read("GET", "/events/none"), 404, "NoSuchKey");
}

TEST(S3, does_not_overwrite_with_if_none_match) {
  S3World world;
  EXPECT_EQ(world.put("/events/a", "one", {{"if-none-match", "*"}}).status, 200u);
  expect_s3_error(world.put("/events/a", "two", {{"if-none-match", "*"}}), 412, "PreconditionFailed", "If-None-Match");
  EXPECT_EQ(world.read("GET", "/events/a").body, "one");
  EXPECT_EQ(world.put("/events/a", "three").status, 200u);
  EXPECT_EQ(world.read("GET", "/events/a").body, "three");
  world.configure(R"({"buckets": [{"name": "events", "if_none_match": "not_implemented"}]})");
  expect_s3_error(world.put("/events/b", "one", {{"if-none-match", "*"}}), 501, "NotImplemented", "If-None-Match");
  world.configure(R"({"buckets": [{"name": "events", "if_none_match": "ignored", "checksums": false}]})");
  const Answer ignored =
      world.put("/events/a", "four", {{"if-none-match", "*"}, {"x-amz-checksum-sha256", checksum_of("four")}});
  EXPECT_EQ(ignored.status, 200u);
  EXPECT_EQ(header_of(ignored, "x-amz-checksum-sha256"), "");
}

TEST(S3, compares_the_body_with_what_the_headers_say_of_it) {
  S3World world;
  expect_s3_error(world.s3({.body = "x", .content_sha256 = hex(sha256("y"))}), 400, "XAmzContentSHA256Mismatch",
                  hex(sha256("x")));
  expect_s3_error(world.s3({.body = "x", .content_sha256 = "none"}), 403, "SignatureDoesNotMatch");
  EXPECT_EQ(world.s3({.body = "x", .content_sha256 = "UNSIGNED-PAYLOAD"}).status, 200u);
  expect_s3_error(world.put("/events/a", "x", {{"x-amz-checksum-sha256", checksum_of("y")}}), 400, "BadDigest");
  expect_s3_error(world.put("/events/a", "x", {{"x-amz-checksum-sha256", "eA=="}}), 400, "InvalidRequest");
  expect_s3_error(world.put("/events/a", "x", {{"content-md5", "eA=="}}), 400, "BadDigest");
}

TEST(S3, refuses_what_is_not_signed_right) {
  S3World world;
  expect_s3_error(world.s3({.body = "x", .keys = {.secret = "wrong"}}), 403, "SignatureDoesNotMatch");
  expect_s3_error(world.s3({.body = "x", .keys = {.access = "AKIDUNKNOWN"}}), 403, "InvalidAccessKeyId");
  expect_s3_error(world.s3({.body = "x", .keys = {.token = "none"}}), 400, "InvalidToken");
  MapHeaders headers;
  headers.set("host", "events.localhost:4567");
  expect_s3_error(world.plain("PUT", "/a", headers, "x"), 403, "AccessDenied");
  const auto keys = world.assume();
  EXPECT_EQ(world.s3({.body = "x", .keys = keys}).status, 200u);
  world.plain("POST", "/_kinesim/sessions/expire");
  expect_s3_error(world.s3({.body = "x", .keys = keys}), 400, "ExpiredToken");
}

TEST(S3, allows_a_clock_fifteen_minutes_off) {
  S3World world;
  const auto signed_at = [&](std::int64_t skew_ms) {
    return world.s3({.body = "x", .headers = {{"x-amz-date", amz_date(world.shared.simulator.now_ms() + skew_ms)}}});
  };
  // The date that is signed is the header's: the helper signs with its own, so that only the time check is asked here.
  expect_s3_error(signed_at(901'000), 403, "RequestTimeTooSkewed", "ServerTime");
  expect_s3_error(signed_at(899'000), 403, "SignatureDoesNotMatch");
}

TEST(S3, sends_other_regions_to_the_buckets_own) {
  S3World world;
  world.configure(R"({"buckets": [{"name": "ireland", "region": "eu-west-1"}]})");
  const Answer redirect = world.put("/ireland/a", "x");
  expect_s3_error(redirect, 301, "PermanentRedirect", "ireland.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(header_of(redirect, "x-amz-bucket-region"), "eu-west-1");
  EXPECT_EQ(world.s3({.path = "/ireland/a", .body = "x", .region = "eu-west-1"}).status, 200u);
  world.configure(R"({"buckets": [{"name": "ireland", "wrong_region": "malformed"}]})");
  const Answer malformed = world.put("/ireland/a", "x");
  expect_s3_error(malformed, 400, "AuthorizationHeaderMalformed", "expecting 'eu-west-1'");
  EXPECT_EQ(between(malformed.body, "Region"), "eu-west-1");
}

TEST(S3, finds_the_bucket_in_the_host_or_in_the_path) {
  S3World world;
  EXPECT_EQ(world.s3({.path = "/a/b", .body = "x", .host = "events.localhost:4567"}).status, 200u);
  EXPECT_EQ(world.read("GET", "/events/a/b").body, "x");
  EXPECT_EQ(world.s3({.method = "GET", .path = "/a/b", .host = "events.s3.us-east-1.amazonaws.com"}).body, "x");
  EXPECT_EQ(world.s3({.method = "GET", .path = "/events/a/b", .host = "s3.us-east-1.amazonaws.com"}).body, "x");
  expect_s3_error(world.put("/nobody/a", "x"), 404, "NoSuchBucket", "nobody");
}

TEST(S3, knows_the_owner_of_a_bucket) {
  S3World world;
  EXPECT_EQ(world.put("/events/a", "x", {{"x-amz-expected-bucket-owner", "123456789012"}}).status, 200u);
  expect_s3_error(world.put("/events/a", "x", {{"x-amz-expected-bucket-owner", "210987654321"}}), 403, "AccessDenied");
}

TEST(S3, holds_a_role_to_its_policy) {
  S3World world;
  world.configure(R"({"roles": [{"arn": "arn:aws:iam::123456789012:role/writer", "policy": {"Statement": [
      {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::events/ours/*"}]}}]})");
  const auto keys = world.assume();
  EXPECT_EQ(world.s3({.path = "/events/ours/a", .body = "x", .keys = keys}).status, 200u);
  expect_s3_error(world.s3({.path = "/events/theirs/a", .body = "x", .keys = keys}), 403, "AccessDenied",
                  "is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::events/theirs/a");
  expect_s3_error(world.s3({.method = "HEAD", .path = "/events/ours/a", .keys = keys}), 403, "AccessDenied",
                  "s3:GetObject");
}

TEST(S3, does_not_tell_who_may_not_list_what_is_missing) {
  S3World world;
  world.configure(R"({"roles": [{"arn": "arn:aws:iam::123456789012:role/writer", "policy": {"Statement": [
      {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}]})");
  expect_s3_error(world.s3({.method = "HEAD", .path = "/events/none", .keys = world.assume()}), 403, "AccessDenied");
}

TEST(S3, encrypts_with_keys_that_may_be_used) {
  S3World world;
  const std::string key = "arn:aws:kms:us-east-1:123456789012:key/1";
  world.configure(R"({"kms_keys": [{"arn": "arn:aws:kms:us-east-1:123456789012:key/1"}]})");
  const Headers headers = {{"x-amz-server-side-encryption", "aws:kms"},
                           {"x-amz-server-side-encryption-aws-kms-key-id", key},
                           {"x-amz-checksum-sha256", checksum_of("x")}};
  const Answer put = world.put("/events/a", "x", headers);
  EXPECT_EQ(put.status, 200u) << put.body;
  EXPECT_EQ(header_of(put, "x-amz-server-side-encryption-aws-kms-key-id"), key);
  world.configure(R"({"roles": [{"arn": "arn:aws:iam::123456789012:role/writer", "policy": {"Statement": [
      {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}]})");
  const auto keys = world.assume();
  expect_s3_error(world.s3({.body = "x", .headers = headers, .keys = keys}), 403, "AccessDenied",
                  "kms:GenerateDataKey");
  const auto head = [&](Headers more) {
    return world.s3({.method = "HEAD", .headers = std::move(more), .keys = keys});
  };
  EXPECT_EQ(head({}).status, 200u);
  expect_s3_error(head({{"x-amz-checksum-mode", "ENABLED"}}), 403, "AccessDenied", "kms:Decrypt");
  for (const auto& [state, code] :
       {std::pair{"disabled", "KMS.DisabledException"}, {"pending_deletion", "KMS.KMSInvalidStateException"}}) {
    world.configure(R"({"kms_keys": [{"arn": ")" + key + R"(", "state": ")" + state + R"("}]})");
    expect_s3_error(world.put("/events/a", "x", headers), 400, code);
  }
  world.configure(R"({"buckets": [{"name": "events", "kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/2"}]})");
  expect_s3_error(world.put("/events/a", "x"), 400, "KMS.NotFoundException", "key/2");
}

TEST(S3, wants_a_checksum_for_a_bucket_with_object_lock) {
  S3World world;
  world.configure(R"({"buckets": [{"name": "events", "object_lock": true}]})");
  expect_s3_error(world.put("/events/a", "x"), 400, "InvalidRequest", "Object Lock");
  const Answer put = world.put("/events/a", "x", {{"x-amz-checksum-sha256", checksum_of("x")}});
  EXPECT_EQ(put.status, 200u);
  EXPECT_NE(header_of(put, "x-amz-version-id"), "");
}

TEST(S3, takes_the_storage_classes_there_are) {
  S3World world;
  EXPECT_EQ(world.put("/events/a", "x", {{"x-amz-storage-class", "STANDARD_IA"}}).status, 200u);
  EXPECT_EQ(header_of(world.read("HEAD", "/events/a"), "x-amz-storage-class"), "STANDARD_IA");
  expect_s3_error(world.put("/events/a", "x", {{"x-amz-storage-class", "CHEAP"}}), 400, "InvalidStorageClass");
}

TEST(S3, lists_in_pages) {
  S3World world;
  for (const char* path : {"/events/b/2", "/events/a/1", "/events/b/1", "/events/b/3"}) world.put(path, "x");
  const auto list = [&](const std::string& more) {
    return world.s3({.method = "GET", .path = "/events", .query = "list-type=2&max-keys=2&prefix=b%2F" + more}).body;
  };
  const std::string first = list("");
  EXPECT_EQ(between(first, "IsTruncated"), "true") << first;
  EXPECT_EQ(between(first, "Key"), "b/1");
  const std::string second = list("&continuation-token=" + between(first, "NextContinuationToken"));
  EXPECT_EQ(between(second, "Key"), "b/3") << second;
  EXPECT_EQ(between(second, "IsTruncated"), "false");
}

TEST(S3, fails_as_it_is_told_to) {
  S3World world;
  const auto fault = [&](std::string_view json) {
    world.plain("DELETE", "/_kinesim/faults");
    ASSERT_EQ(world.plain("POST", "/_kinesim/faults", {}, json).status, 200u);
  };
  fault(R"({"kind": "call_error", "operation": "PutObject", "bucket": "events", "code": "SlowDown"})");
  expect_s3_error(world.put("/events/a", "x"), 503, "SlowDown");
  fault(R"({"kind": "call_error", "operation": "PutObject", "code": "InternalError"})");
  expect_s3_error(world.put("/events/a", "x"), 500, "InternalError");
  fault(R"({"kind": "reset_before"})");
  EXPECT_TRUE(world.put("/events/a", "x").abort);
  fault(R"({"kind": "reset_after", "operation": "PutObject"})");
  EXPECT_TRUE(world.put("/events/b", "x").abort);
  fault(R"({"kind": "truncate", "operation": "PutObject"})");
  const Answer cut = world.put("/events/c", "x");
  EXPECT_TRUE(cut.abort);
  EXPECT_FALSE(cut.body.empty()) << "so that its head is sent";
  fault(R"({"kind": "latency", "latency_ms": 50})");
  EXPECT_EQ(world.put("/events/d", "x").delay_ms, 50);
  fault(R"({"kind": "garbage", "operation": "PutObject"})");
  EXPECT_EQ(header_of(world.put("/events/e", "x"), "etag"), "");
  world.plain("DELETE", "/_kinesim/faults");
  EXPECT_EQ(world.read("GET", "/events/a").status, 404u);
  for (const char* stored : {"/events/b", "/events/c", "/events/d", "/events/e"})
    EXPECT_EQ(world.read("GET", stored).status, 200u) << stored;
}

TEST(S3, shows_a_test_what_it_holds_and_writes_it_to_a_folder) {
  S3World world;
  world.put("/events/date=2026-11-27/a.ndjson", "one\n");
  world.put("/events/date=2026-11-27/a.ndjson", "two\n");
  const auto listed =
      nlohmann::json::parse(world.plain("GET", "/_kinesim/objects", {}, "", "bucket=events&prefix=date").body);
  ASSERT_EQ(listed["objects"].size(), 1u);
  EXPECT_EQ(listed["objects"][0]["puts"], 2);
  EXPECT_EQ(listed["objects"][0]["sha256"], hex(sha256("two\n")));
  EXPECT_EQ(world.plain("GET", "/_kinesim/object", {}, "", "bucket=events&key=date%3D2026-11-27/a.ndjson").body,
            "two\n");
  const std::string folder = testing::TempDir() + "kinesim-objects";
  std::filesystem::remove_all(folder);
  const auto write = [&] {
    return world.plain("POST", "/_kinesim/objects/write", {}, R"({"bucket": "events", "folder": ")" + folder + R"("})");
  };
  EXPECT_EQ(write().status, 200u);
  std::stringstream text;
  text << std::ifstream(folder + "/date=2026-11-27/a.ndjson").rdbuf();
  EXPECT_EQ(text.str(), "two\n");
  world.put("/events/a/../../b", "x");
  EXPECT_EQ(write().status, 400u) << "a key that leads out of the folder";
}

}  // namespace
}  // namespace kinesim
