// Against AWS's published signing test suite (https://github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4,
// header-signed-request.txt of each case) and the worked examples of its documentation.
#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/clock_skew.h"
#include "base/hex.h"
#include "base/time_text.h"

namespace sluice::aws {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t kSuiteTimeMs = 1'440'938'160'000;  // 2015-08-30T12:36:00Z
constexpr std::string_view kFormHash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
constexpr std::string_view kStsToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthA"
    "x7mSEI/qkPpKPi/"
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+"
    "xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

Credentials suite_credentials() { return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", 0, "test"}; }

struct Vector {
  const char* name;
  const char* method;
  const char* path;
  const char* query;
  Headers headers;  // beside host and x-amz-date
  std::string_view body;
  const char* signed_headers;
  const char* signature;
};

std::vector<Vector> suite() {
  const std::string every = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const std::string every_path = "/" + every;
  static const std::string every_query = every + "=" + every;
  constexpr const char* kPlain = "host;x-amz-date";
  return {
      {"get-vanilla",
       "GET",
       "/",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       "",
       {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       "",
       {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
       "",
       "host;my-header1;x-amz-date",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      // The suite folds this value over lines, which HTTP no longer allows, and signs it as three.
      {"get-header-value-multiline",
       "GET",
       "/",
       "",
       {{"My-Header1", "value1"}, {"My-Header1", "value2"}, {"My-Header1", "value3"}},
       "",
       "host;my-header1;x-amz-date",
       "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
      {"get-header-value-trim",
       "GET",
       "/",
       "",
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       "Param2=value2&Param1=value1",
       {},
       "",
       kPlain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-empty-query-key",
       "GET",
       "/",
       "Param1=value1",
       {},
       "",
       kPlain,
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-vanilla-query-order-encoded",
       "GET",
       "/",
       "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
       {},
       "",
       kPlain,
       "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       every_query.c_str(),
       {},
       "",
       kPlain,
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       "GET",
       "/",
       "\xE1\x88\xB4=bar",
       {},
       "",
       kPlain,
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-unreserved",
       "GET",
       every_path.c_str(),
       "",
       {},
       "",
       kPlain,
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8",
       "GET",
       "/\xE1\x88\xB4",
       "",
       {},
       "",
       kPlain,
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-relative-relative-normalized",
       "GET",
       "/example1/example2/../..",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-dot-slash-normalized",
       "GET",
       "/./",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-pointless-dot-normalized",
       "GET",
       "/./example",
       "",
       {},
       "",
       kPlain,
       "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
      {"get-slashes-normalized",
       "GET",
       "//example//",
       "",
       {},
       "",
       kPlain,
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-space-normalized",
       "GET",
       "/example space/",
       "",
       {},
       "",
       kPlain,
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-vanilla-with-session-token",
       "GET",
       "/",
       "",
       {{"X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
       "",
       "host;x-amz-date;x-amz-security-token",
       "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
      {"post-vanilla",
       "POST",
       "/",
       "",
       {},
       "",
       kPlain,
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-vanilla-query",
       "POST",
       "/",
       "Param1=value1",
       {},
       "",
       kPlain,
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-header-key-sort",
       "POST",
       "/",
       "",
       {{"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       "",
       {{"My-Header1", "VALUE1"}},
       "",
       "host;my-header1;x-amz-date",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-sts-header-before",
       "POST",
       "/",
       "",
       {{"X-Amz-Security-Token", std::string(kStsToken)}},
       "",
       "host;x-amz-date;x-amz-security-token",
       "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       "",
       {{"Content-Type", "application/x-www-form-urlencoded"},
        {"Content-Length", "13"},
        {"x-amz-content-sha256", std::string(kFormHash)}},
       "Param1=value1",
       "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
       "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
      {"post-x-www-form-urlencoded-parameters",
       "POST",
       "/",
       "",
       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"Content-Length", "13"},
        {"x-amz-content-sha256", std::string(kFormHash)}},
       "Param1=value1",
       "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
       "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
  };
}

TEST(SigV4, gives_the_signatures_of_the_published_test_suite) {
  SigningKeyCache keys;
  const SigningScope scope{"service", "us-east-1", kSuiteTimeMs};
  for (const Vector& vector : suite()) {
    Headers headers = {{"Host", "example.amazonaws.com"}};
    headers.insert(headers.end(), vector.headers.begin(), vector.headers.end());
    headers.emplace_back("X-Amz-Date", "20150830T123600Z");
    const std::string value = authorization(
        {vector.method, vector.path, vector.query, headers, sha256_hex(vector.body)}, scope, suite_credentials(), keys);
    EXPECT_EQ(value, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
                         std::string(vector.signed_headers) + ", Signature=" + vector.signature)
        << vector.name;
  }
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, formerly "Signature
// Version 4 signing process": ListUsers of IAM.
TEST(SigV4, gives_every_step_of_the_documented_example) {
  const Headers headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                           {"Host", "iam.amazonaws.com"},
                           {"X-Amz-Date", "20150830T123600Z"}};
  const std::string no_payload = sha256_hex("");
  const CanonicalInput input{"GET", "/", "Action=ListUsers&Version=2010-05-08", headers, no_payload};
  const SigningScope scope{"iam", "us-east-1", kSuiteTimeMs};
  const CanonicalRequest canonical = canonical_request(input);
  EXPECT_EQ(sha256_hex(canonical.text), "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
  EXPECT_EQ(string_to_sign(scope, canonical.text),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
  SigningKeyCache keys;
  EXPECT_EQ(hex_of(keys.key(suite_credentials().secret_access_key, "20150830", "us-east-1", "iam")),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  EXPECT_TRUE(authorization(input, scope, suite_credentials(), keys)
                  .ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

std::string signed_header(const http_client::HttpRequest& request, std::string_view name) {
  std::string found;
  int count = 0;
  for (const auto& [header, value] : request.headers) {
    if (header == name) {
      found = value;
      ++count;
    }
  }
  EXPECT_LE(count, 1) << name;
  return found;
}

TEST(SigV4, signs_a_request_as_it_is_sent_and_again_for_a_retry) {
  http_client::HttpRequest request;
  request.method = "GET";
  request.url = "https://example.amazonaws.com:443/?Param2=value2&Param1=value1";
  request.headers = {{"User-Agent", "sluice"}, {"Connection", "keep-alive"}};
  SigningKeyCache keys;
  Credentials with_token = suite_credentials();
  with_token.session_token = "token";
  sign_request(request, sha256_hex(""), {"service", "us-east-1", kSuiteTimeMs + 3'600'000}, with_token, keys);
  EXPECT_EQ(signed_header(request, "x-amz-security-token"), "token");
  EXPECT_NE(signed_header(request, "authorization").find("SignedHeaders=host;x-amz-date;x-amz-security-token,"),
            std::string::npos);

  sign_request(request, sha256_hex(""), {"service", "us-east-1", kSuiteTimeMs}, suite_credentials(), keys);
  EXPECT_EQ(signed_header(request, "x-amz-date"), "20150830T123600Z");
  EXPECT_EQ(signed_header(request, "x-amz-security-token"), "");
  EXPECT_TRUE(signed_header(request, "authorization")
                  .ends_with("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"));
}

TEST(SigV4, keeps_a_port_that_is_not_the_default_in_the_host) {
  http_client::HttpRequest request;
  request.url = "http://127.0.0.1:4567/";
  SigningKeyCache keys;
  sign_request(request, sha256_hex(""), {"service", "us-east-1", kSuiteTimeMs}, suite_credentials(), keys);
  const Headers headers = {{"host", "127.0.0.1:4567"}, {"x-amz-date", "20150830T123600Z"}};
  EXPECT_EQ(signed_header(request, "authorization"),
            authorization({"POST", "/", "", headers, sha256_hex("")}, {"service", "us-east-1", kSuiteTimeMs},
                          suite_credentials(), keys));
}

TEST(SigningKeyCache, does_not_mix_up_days_regions_services_and_secrets) {
  SigningKeyCache keys;
  std::vector<std::string> seen;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> now;
    for (const char* secret : {"a", "b"}) {
      for (const char* day : {"20150830", "20150831"}) {
        for (const char* region : {"eu-west-1", "us-east-1"}) {
          for (const char* service : {"kinesis", "sts"}) now.push_back(hex_of(keys.key(secret, day, region, service)));
        }
      }
    }
    if (round == 0) seen = now;
    EXPECT_EQ(now, seen);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

// The worked examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
TEST(SigV4, signs_the_published_examples_of_s3) {
  struct Example {
    const char* method;
    const char* url;
    const char* body;
    Headers headers;
    const char* authorization;
  };
  const std::vector<Example> examples = {
      {"GET",
       "https://examplebucket.s3.amazonaws.com/test.txt",
       "",
       {{"Range", "bytes=0-9"}},
       "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
       "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT",
       "https://examplebucket.s3.amazonaws.com/test%24file.text",
       "Welcome to Amazon S3.",
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
       "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET",
       "https://examplebucket.s3.amazonaws.com/?lifecycle",
       "",
       {},
       "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
       "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET",
       "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
       "",
       {},
       "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
       "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  const Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", 0, "test"};
  const SigningScope scope{"s3", "us-east-1", *parse_iso_time_ms("2013-05-24T00:00:00Z"), true};
  SigningKeyCache keys;
  for (const Example& example : examples) {
    http_client::HttpRequest request;
    request.method = example.method;
    request.url = example.url;
    request.headers = example.headers;
    // Twice, as for a retry: what the first signature added is replaced.
    for (int attempt = 0; attempt < 2; ++attempt)
      sign_request(request, sha256_hex(example.body), scope, credentials, keys);
    EXPECT_EQ(request.headers.back().second,
              std::string("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ") +
                  example.authorization)
        << example.url;
    EXPECT_EQ(std::count_if(request.headers.begin(), request.headers.end(),
                            [](const auto& header) { return header.first == "x-amz-content-sha256"; }),
              1);
  }
}

TEST(SigV4, signs_the_path_of_an_object_as_it_is_sent) {
  const Headers headers = {{"host", "b.s3.amazonaws.com"}};
  const auto path_line = [&](std::string_view path, bool path_as_sent) {
    const std::string text = canonical_request({"PUT", path, "", headers, "hash", path_as_sent}).text;
    return text.substr(4, text.find('\n', 4) - 4);
  };
  EXPECT_EQ(path_line("/a//b/../c%20d/date=2026", true), "/a//b/../c%20d/date%3D2026");
  EXPECT_EQ(path_line("/a%2fb%zz", true), "/a%2Fb%25zz");
  EXPECT_EQ(path_line("", true), "/");
  EXPECT_EQ(path_line("/a//b/../c%20d", false), "/a/c%2520d") << "all other services";
}

TEST(Sha256, hashes_in_pieces_what_it_hashes_at_once) {
  Sha256 hash;
  hash.update("hello ");
  hash.update("world");
  EXPECT_EQ(hash.finish_hex(), sha256_hex("hello world"));
  EXPECT_EQ(hash.finish_hex(), sha256_hex(""));                                                      // starts over
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4, B.1
}

TEST(HmacSha256, gives_the_results_of_rfc_4231) {
  EXPECT_EQ(hex_of(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_of(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(TimeText, reads_the_times_that_aws_writes) {
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T12:36:00Z"), kSuiteTimeMs);
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T12:36:00.25Z"), kSuiteTimeMs + 250);
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T14:36:00+02:00"), kSuiteTimeMs);
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T07:06:00-05:30"), kSuiteTimeMs);
  EXPECT_EQ(parse_http_date_ms("Sun, 30 Aug 2015 12:36:00 GMT"), kSuiteTimeMs);
  for (const char* wrong :
       {"", "2015", "2015-08-30", "2015-13-30T12:36:00Z", "2015-02-30T12:36:00Z", "2015-08-30T24:36:00Z",
        "2015-08-30T12:36:00", "2015-08-30T12:36:00.Z", "2015-08-30T12:36:00Zx", "x015-08-30T12:36:00Z"}) {
    EXPECT_FALSE(parse_iso_time_ms(wrong)) << wrong;
  }
  for (const char* wrong :
       {"", "Sun", "Sun, 30 Agu 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:00", "Sun, 31 Feb 2015 12:36:00 GMT"}) {
    EXPECT_FALSE(parse_http_date_ms(wrong)) << wrong;
  }
}

TEST(ClockSkew, takes_the_time_over_from_the_answer) {
  http_client::HttpResponse response;
  response.headers = {{"date", "Sun, 30 Aug 2015 12:36:00 GMT"}};
  ClockSkew skew;
  EXPECT_EQ(skew.corrected_ms(1000), 1000);
  const std::int64_t slow_clock = kSuiteTimeMs - 600'000;
  EXPECT_TRUE(skew.learn(response, slow_clock));
  EXPECT_EQ(skew.corrected_ms(slow_clock), kSuiteTimeMs);
  EXPECT_FALSE(skew.learn(response, slow_clock + 2'000)) << "signing again with the same offset would not help";
  EXPECT_FALSE(skew.learn(http_client::HttpResponse(), slow_clock)) << "no Date header";
}

TEST(ClockSkew, is_told_by_codes_and_by_messages) {
  EXPECT_TRUE(is_clock_skew_error("RequestTimeTooSkewed", ""));
  EXPECT_TRUE(
      is_clock_skew_error("InvalidSignatureException", "Signature expired: 20150830T123600Z is now earlier than …"));
  EXPECT_TRUE(is_clock_skew_error("SignatureDoesNotMatch",
                                  "Signature not yet current: 20150830T123600Z is still later than …"));
  EXPECT_FALSE(is_clock_skew_error("InvalidSignatureException", "The request signature we calculated does not match"));
}

}  // namespace
}  // namespace sluice::aws
