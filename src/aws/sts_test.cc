#include "aws/sts.h"

#include <gtest/gtest.h>

#include "aws/caller_identity.h"
#include "aws/xml_text.h"
#include "http_client/http_transport_fake.h"

namespace sluice::aws {
namespace {

constexpr std::int64_t kAskedMs = 1'763'870'400'000;  // 2025-11-23T04:00:00Z
constexpr std::string_view kEndpoint = "https://sts.eu-west-1.amazonaws.com";

// The forms of answers as the API reference shows them
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
std::string role_answer(const std::string& expiration = "2025-11-23T05:00:00Z") {
  return R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>ARO123:sluice</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/export/sluice</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>wJalr/&amp;+secret</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEX==</SessionToken><Expiration>)" +
         expiration + R"(</Expiration></Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>)";
}

std::string error_answer(const std::string& code, const std::string& message) {
  return R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>)" + code +
         "</Code><Message>" + message + "</Message></Error><RequestId>req-1</RequestId></ErrorResponse>";
}

class Sts : public ::testing::Test {
 protected:
  http_client::HttpTransportFake transport;
  ManualClock clock{kAskedMs};
  StsClient sts{transport, clock, std::string(kEndpoint), "eu-west-1"};
  Credentials own{"AKIDEXAMPLE", "own-secret", "own-token", 0, "test"};
  AssumeRole role{"arn:aws:iam::123456789012:role/export", "id/1", "sluice 1", R"({"Version":"2012-10-17"})", 3600};
};

TEST_F(Sts, assumes_a_role_with_external_id_and_session_policy) {
  transport.answer(200, role_answer());
  const auto credentials = sts.assume_role(own, role);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(credentials->secret_access_key, "wJalr/&+secret");
  EXPECT_EQ(credentials->session_token, "AQoDYXdzEPT//////////wEX==");
  EXPECT_EQ(credentials->expires_ms, kAskedMs + 3'600'000);
  EXPECT_EQ(credentials->source, "role arn:aws:iam::123456789012:role/export");

  const http_client::HttpRequest request = transport.requests().at(0);
  EXPECT_EQ(request.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fexport&"
            "RoleSessionName=sluice-1"
            "&DurationSeconds=3600&Policy=%7B%22Version%22%3A%222012-10-17%22%7D&ExternalId=id%2F1");
  std::string authorization;
  for (const auto& [name, value] : request.headers) {
    if (name == "authorization") authorization = value;
  }
  EXPECT_TRUE(
      authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251123/eu-west-1/sts/aws4_request, "
                                "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="));
}

TEST_F(Sts, does_not_sign_a_web_identity) {
  transport.answer(200, role_answer());
  role.external_id.clear();
  const auto credentials = sts.assume_role_with_web_identity(role, "header.payload.signature");
  ASSERT_TRUE(credentials);
  const http_client::HttpRequest request = transport.requests().at(0);
  EXPECT_TRUE(request.body.starts_with("Action=AssumeRoleWithWebIdentity&"));
  EXPECT_TRUE(request.body.ends_with("&WebIdentityToken=header.payload.signature"));
  for (const auto& [name, value] : request.headers) EXPECT_NE(name, "authorization");
}

TEST_F(Sts, says_who_sluice_is) {
  transport.answer(
      200,
      R"(<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/node/i-1</Arn>
    <UserId>ARO:i-1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>)");
  const auto identity = sts.get_caller_identity(own);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->account, "123456789012");
  EXPECT_EQ(identity->arn, "arn:aws:sts::123456789012:assumed-role/node/i-1");
  transport.answer(200, "<html>captive portal</html>");
  EXPECT_EQ(sts.get_caller_identity(own).error().kind, CredentialsError::Kind::invalid);
}

TEST_F(Sts, the_identity_of_credentials_is_asked_for_once) {
  CallerIdentityCache identity(transport, clock, "https://sts.eu-west-1.amazonaws.com", "eu-west-1");
  EXPECT_EQ(identity.principal(), "");
  transport.answer(http_client::TransportFault::connect);
  identity.learn(own);
  EXPECT_EQ(identity.principal(), "");
  transport.answer(
      200,
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/node/i-1</Arn>"
      "<UserId>ARO:i-1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
  identity.learn(own);
  EXPECT_EQ(identity.principal(), "arn:aws:iam::123456789012:role/node");
  const std::size_t asked = transport.requests().size();
  identity.learn(own);
  EXPECT_EQ(transport.requests().size(), asked);
}

TEST(CallerIdentity, is_shown_as_a_trust_policy_names_it) {
  EXPECT_EQ(principal_of("arn:aws:sts::123456789012:assumed-role/node/i-1"), "arn:aws:iam::123456789012:role/node");
  EXPECT_EQ(principal_of("arn:aws-cn:sts::123456789012:assumed-role/a"), "arn:aws-cn:iam::123456789012:role/a");
  EXPECT_EQ(principal_of("arn:aws:iam::123456789012:user/ops/sluice"), "arn:aws:iam::123456789012:user/ops/sluice");
  EXPECT_EQ(principal_of(""), "");
}

TEST_F(Sts, classes_errors_by_whether_a_person_must_act) {
  using Kind = CredentialsError::Kind;
  const struct {
    int status;
    const char* code;
    Kind kind;
  } cases[] = {{403, "AccessDenied", Kind::denied},
               {400, "ValidationError", Kind::denied},
               {403, "RegionDisabledException", Kind::denied},
               {403, "InvalidClientTokenId", Kind::denied},
               {400, "Throttling", Kind::unreachable},
               {403, "ExpiredToken", Kind::unreachable},
               {400, "IDPCommunicationError", Kind::unreachable},
               {500, "InternalFailure", Kind::unreachable},
               {503, "ServiceUnavailable", Kind::unreachable}};
  for (const auto& c : cases) {
    transport.answer(c.status, error_answer(c.code, "why"));
    const auto credentials = sts.assume_role(own, role);
    ASSERT_FALSE(credentials) << c.code;
    EXPECT_EQ(credentials.error().kind, c.kind) << c.code;
    EXPECT_EQ(credentials.error().code, c.code);
    EXPECT_EQ(credentials.error().request_id, "req-1");
    EXPECT_NE(credentials.error().message.find(std::string(c.code) + ": why."), std::string::npos)
        << credentials.error().message;
  }
  transport.answer(502, "<html>Bad Gateway</html>");
  EXPECT_EQ(sts.assume_role(own, role).error().kind, Kind::unreachable);
  transport.answer(404, "");
  EXPECT_EQ(sts.assume_role(own, role).error().kind, Kind::invalid);
  transport.answer(http_client::TransportFault::resolve, "Could not resolve sts.eu-west-1.amazonaws.com: no such host");
  const auto unreachable = sts.assume_role(own, role);
  EXPECT_EQ(unreachable.error().kind, Kind::unreachable);
  EXPECT_NE(unreachable.error().message.find("no such host"), std::string::npos);
  transport.answer(200, "<AssumeRoleResponse/>");
  EXPECT_EQ(sts.assume_role(own, role).error().kind, Kind::invalid);
}

TEST_F(Sts, tells_what_to_do_when_the_trust_policy_refuses) {
  transport.answer(
      403, error_answer("AccessDenied",
                        "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: r"));
  const CredentialsError error = sts.assume_role(own, role).error();
  EXPECT_TRUE(error.of_role);
  EXPECT_NE(error.remedy.find("trust policy"), std::string::npos) << error.remedy;
  EXPECT_NE(error.remedy.find("external id"), std::string::npos) << error.remedy;
  EXPECT_EQ((error.message + error.remedy).find("own-secret"), std::string::npos);
}

TEST_F(Sts, blames_its_own_credentials_and_not_the_role_when_sts_refuses_those) {
  for (const char* code : {"InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"}) {
    transport.answer(403, error_answer(code, "The security token included in the request is invalid"));
    const CredentialsError error = sts.assume_role(own, role).error();
    EXPECT_FALSE(error.of_role) << code;
    EXPECT_NE(error.message.find("Sluice's own credentials"), std::string::npos) << error.message;
    EXPECT_NE(error.remedy.find("access key"), std::string::npos) << error.remedy;
  }
}

TEST_F(Sts, leaves_the_session_policy_out_where_it_does_not_fit_and_says_so) {
  role.session_policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:PutRecords","Resource":"*"}]})";
  transport.answer(400,
                   error_answer("PackedPolicyTooLarge", "Packed size of session tags consumes 103% of allotted space"));
  transport.answer(200, role_answer("2025-11-23T05:20:00Z"));
  const auto credentials = sts.assume_role(own, role);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_NE(transport.requests().at(0).body.find("&Policy="), std::string::npos);
  EXPECT_EQ(transport.requests().at(1).body.find("&Policy="), std::string::npos);
  ASSERT_EQ(credentials->notes.size(), 1u);
  EXPECT_EQ(credentials->notes[0].code, "session_policy_left_out");
  role.session_policy.assign(2049, ' ');
  transport.answer(200, role_answer("2025-11-23T05:20:00Z"));
  EXPECT_EQ(sts.assume_role(own, role)->notes.size(), 1u) << "longer than STS takes at all";
  role.session_policy.clear();
  transport.answer(400, error_answer("PackedPolicyTooLarge", "session tags"));
  const auto tags = sts.assume_role(own, role);
  ASSERT_FALSE(tags) << "there is none to leave out";
  EXPECT_FALSE(tags.error().of_role) << "the session's tags are too long, whatever the role allows";
  EXPECT_NE(tags.error().remedy.find("session tags"), std::string::npos) << tags.error().remedy;
}

TEST_F(Sts, asks_for_an_hour_when_a_chained_role_or_the_role_itself_allows_no_more) {
  for (const char* words :
       {"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}) {
    role.duration_s = 43'200;
    transport.answer(400, error_answer("ValidationError", words));
    transport.answer(200, role_answer("2025-11-23T05:20:00Z"));
    ASSERT_TRUE(sts.assume_role(own, role)) << words;
    const auto requests = transport.requests();
    EXPECT_NE(requests.back().body.find("DurationSeconds=3600"), std::string::npos);
  }
  transport.answer(400,
                   error_answer("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration"));
  role.duration_s = 3600;
  EXPECT_FALSE(sts.assume_role(own, role)) << "asked once, since it was an hour already";
}

TEST_F(Sts, names_the_token_when_that_has_expired_or_nobody_knows_its_issuer) {
  const struct {
    const char* code;
    const char* remedy;
  } cases[] = {{"ExpiredTokenException", "has expired"},
               {"InvalidIdentityToken", "OIDC provider"},
               {"IDPRejectedClaim", "audience"},
               {"AccessDenied", "service account"}};
  for (const auto& c : cases) {
    transport.answer(400, error_answer(c.code, "their words"));
    const CredentialsError error = sts.assume_role_with_web_identity(role, "token").error();
    EXPECT_EQ(error.kind, CredentialsError::Kind::denied) << c.code;
    EXPECT_FALSE(error.of_role) << c.code;
    EXPECT_NE(error.message.find("their words"), std::string::npos) << error.message;
    EXPECT_NE(error.remedy.find(c.remedy), std::string::npos) << error.remedy;
  }
}

TEST_F(Sts, names_the_proxy_when_that_refuses_the_way_to_sts) {
  http_client::HttpResponse response;
  response.fault = http_client::TransportFault::proxy;
  response.fault_text = "The proxy refused the connection to sts through the proxy http://proxy:3128";
  response.proxy_status = 407;
  transport.answer(response);
  const CredentialsError error = sts.assume_role(own, role).error();
  EXPECT_EQ(error.kind, CredentialsError::Kind::denied);
  EXPECT_EQ(error.code, "proxy_credentials");
  EXPECT_FALSE(error.of_role);
  EXPECT_NE(error.remedy.find("HTTPS_PROXY"), std::string::npos) << error.remedy;
}

TEST_F(Sts, refuses_settings_that_sts_would_refuse_without_asking) {
  AssumeRole wrong = role;
  wrong.role_arn = "export";
  EXPECT_EQ(sts.assume_role(own, wrong).error().kind, CredentialsError::Kind::denied);
  wrong = role;
  wrong.external_id = "x";
  EXPECT_FALSE(sts.assume_role(own, wrong));
  EXPECT_EQ(transport.request_count(), 0u);
}

TEST_F(Sts, corrects_a_wrong_clock_and_signs_once_more) {
  const std::vector<std::pair<std::string, std::string>> date = {
      {"date", "Sun, 23 Nov 2025 04:20:00 GMT"}};  // we are 20 minutes behind
  transport.answer(
      403,
      error_answer("SignatureDoesNotMatch", "Signature expired: 20251123T040000Z is now earlier than 20251123T040500Z"),
      date);
  transport.answer(200, role_answer("2025-11-23T05:20:00Z"), date);
  const auto credentials = sts.assume_role(own, role);
  ASSERT_TRUE(credentials) << credentials.error().message;
  ASSERT_EQ(transport.request_count(), 2u);
  const http_client::HttpRequest again = transport.requests().at(1);
  for (const auto& [name, value] : again.headers) {
    if (name == "x-amz-date") {
      EXPECT_EQ(value, "20251123T042000Z");
    }
  }
  EXPECT_EQ(credentials->expires_ms, kAskedMs + 3'600'000) << "the expiry is told by our clock";
}

TEST_F(Sts, signs_only_once_more) {
  const std::vector<std::pair<std::string, std::string>> date = {{"date", "Sun, 23 Nov 2025 04:20:00 GMT"}};
  for (int i = 0; i < 2; ++i) transport.answer(403, error_answer("RequestExpired", "Request has expired"), date);
  EXPECT_FALSE(sts.assume_role(own, role));
  EXPECT_EQ(transport.request_count(), 2u);
}

TEST(XmlText, finds_the_text_of_an_element) {
  EXPECT_EQ(xml_text("<a><Code>x &lt;&#65;&#x20AC;&amp;amp; &unknown; & y</Code></a>", "Code"),
            "x <A\xE2\x82\xAC&amp; &unknown; & y");
  EXPECT_EQ(xml_text("<s:Code a=\"b\">x</s:Code>", "Code"), "x");
  EXPECT_EQ(xml_text("<Codes>y</Codes><Code>x</Code>", "Code"), "x");
  EXPECT_EQ(xml_text("<Code/>", "Code"), "");
  EXPECT_EQ(xml_text("<Code></Code>", "Code"), "");
}

TEST(XmlText, finds_nothing_in_what_is_cut_off_or_something_else) {
  for (const char* text :
       {"", "<", "<Code", "<Code>", "<Code>x", "<Code>x<", "<Code>x<b>y</b></Code>", "</Code>", "Code", "<<>><Cod>"}) {
    EXPECT_FALSE(xml_text(text, "Code")) << text;
  }
  EXPECT_FALSE(xml_text("<>x</>", ""));
}

}  // namespace
}  // namespace sluice::aws
