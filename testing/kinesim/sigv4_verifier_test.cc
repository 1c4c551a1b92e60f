// Against AWS's published signing test suite (https://github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4).
#include "kinesim/sigv4_verifier.h"

#include <gtest/gtest.h>

#include "kinesim/client_fake.h"

namespace kinesim {
namespace {

struct Vector {
  const char* name;
  const char* method;
  const char* path;
  const char* query;
  std::vector<std::pair<const char*, const char*>> headers;  // beside host and x-amz-date; repeated ones joined
  const char* body;
  const char* signed_headers;
  const char* signature;
};

const std::vector<Vector> kSuite = {
    {"get-vanilla",
     "GET",
     "/",
     "",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     "",
     {{"my-header1", "value2,value2,value1"}},
     "",
     "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-trim",
     "GET",
     "/",
     "",
     {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param2=value2&Param1=value1",
     {},
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/",
     "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {},
     "",
     "host;x-amz-date",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     "\xE1\x88\xB4=bar",
     {},
     "",
     "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-utf8",
     "GET",
     "/\xE1\x88\xB4",
     "",
     {},
     "",
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-relative-relative-normalized",
     "GET",
     "/example1/example2/../..",
     "",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot-normalized",
     "GET",
     "/./example",
     "",
     {},
     "",
     "host;x-amz-date",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes-normalized",
     "GET",
     "//example//",
     "",
     {},
     "",
     "host;x-amz-date",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-space-normalized",
     "GET",
     "/example space/",
     "",
     {},
     "",
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     "",
     {{"x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
     "",
     "host;x-amz-date;x-amz-security-token",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-vanilla",
     "POST",
     "/",
     "",
     {},
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-value-case",
     "POST",
     "/",
     "",
     {{"my-header1", "VALUE1"}},
     "",
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     "",
     {{"content-type", "application/x-www-form-urlencoded"},
      {"content-length", "13"},
      {"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
     "Param1=value1",
     "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
     "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
};

TEST(SigV4Verifier, expects_the_signatures_of_the_published_test_suite) {
  SigningKeys keys;
  for (const Vector& vector : kSuite) {
    MapHeaders headers;
    headers.set("host", "example.amazonaws.com");
    headers.set("x-amz-date", "20150830T123600Z");
    for (const auto& [name, value] : vector.headers) headers.set(name, value);
    const Request request{vector.method, vector.path, vector.query, vector.body, &headers};
    const std::string header =
        std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ") +
        "SignedHeaders=" + vector.signed_headers + ", Signature=" + vector.signature;
    const auto authorization = parse_authorization(header);
    ASSERT_TRUE(authorization.has_value()) << vector.name << ": " << authorization.error().message;
    const auto& key = keys.key(*authorization, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    EXPECT_EQ(expected_signature(request, *authorization, "20150830T123600Z", key), vector.signature) << vector.name;
  }
}

TEST(SigV4Verifier, says_what_an_authorization_lacks) {
  EXPECT_NE(parse_authorization("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request").error().message.find("'Signature'"),
            std::string::npos);
  EXPECT_NE(parse_authorization("Basic Zm9v").error().message.find("Basic"), std::string::npos);
  EXPECT_NE(parse_authorization("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00")
                .error()
                .message.find("5 slash-delimited"),
            std::string::npos);
}

TEST(SigV4Verifier, reads_dates_both_ways) {
  EXPECT_EQ(parse_amz_date("20150830T123600Z"), 1'440'938'160'000);
  EXPECT_EQ(amz_date(1'440'938'160'000), "20150830T123600Z");
  for (const char* bad : {"", "20150830T123600", "20151330T123600Z", "2015-08-30T12:36", "20150830T12360xZ"})
    EXPECT_FALSE(parse_amz_date(bad)) << bad;
}

}  // namespace
}  // namespace kinesim
