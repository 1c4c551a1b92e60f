#include "aws/credentials_sources.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "aws/credentials_json.h"
#include "aws/default_chain.h"
#include "base/notifier.h"
#include "http_client/http_transport_fake.h"

namespace sluice::aws {
namespace {

using Kind = CredentialsError::Kind;
constexpr std::int64_t kNowMs = 1'763'870'400'000;  // 2025-11-23T04:00:00Z
constexpr const char* kRole = "arn:aws:iam::123456789012:role/sluice";
constexpr const char* kStsAnswer =
    "<R><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2025-11-23T05:00:00Z</Expiration></R>";
constexpr const char* kJsonAnswer =
    R"({"Code":"Success","AccessKeyId":"ASIA2","SecretAccessKey":"s2","Token":"t2","Expiration":"2025-11-23T05:00:00Z"})";

std::string header_of(const http_client::HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return {};
}

// Files of its own, an environment of its own and a scripted transport.
class Sources : public ::testing::Test {
 protected:
  Sources() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-aws-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    variables["HOME"] = folder.string();
  }
  ~Sources() override { std::filesystem::remove_all(folder); }

  SourceContext context() {
    return {transport, clock,
            [this](const char* name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            "eu-west-1"};
  }
  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  CredentialsError error_of(CredentialsSource& source) {
    const auto credentials = source.fetch();
    EXPECT_FALSE(credentials);
    return credentials ? CredentialsError{} : credentials.error();
  }

  std::filesystem::path folder;
  std::map<std::string, std::string> variables;
  http_client::HttpTransportFake transport;
  ManualClock clock{kNowMs};
};

TEST_F(Sources, static_keys_need_both_halves) {
  StaticSource good("AKIA", "secret", "", "configuration");
  ASSERT_TRUE(good.fetch());
  EXPECT_EQ(good.fetch()->expires_ms, 0);
  EXPECT_EQ(good.fetch()->source, "configuration");
  StaticSource half("AKIA", "", "", "configuration");
  EXPECT_EQ(error_of(half).kind, Kind::invalid);
}

TEST_F(Sources, environment_needs_both_halves) {
  EnvironmentSource source(context().environment);
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  variables["AWS_ACCESS_KEY_ID"] = "AKIA";
  EXPECT_EQ(error_of(source).kind, Kind::invalid);
  variables["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables["AWS_SESSION_TOKEN"] = "token";
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->access_key_id, "AKIA");
  EXPECT_EQ(credentials->secret_access_key, "secret");
  EXPECT_EQ(credentials->session_token, "token");
}

TEST_F(Sources, environment_refuses_what_would_break_a_request_by_the_variables_name) {
  EnvironmentSource source(context().environment);
  const std::map<std::string, std::string> good = {
      {"AWS_ACCESS_KEY_ID", "AKIA"}, {"AWS_SECRET_ACCESS_KEY", "secret"}, {"AWS_SESSION_TOKEN", "token"}};
  for (const auto& [name, value] : good) {
    for (const auto& [each, text] : good) variables[each] = text;
    variables[name] = "tok\r\nX-Injected: yes";
    const CredentialsError error = error_of(source);
    EXPECT_EQ(error.kind, Kind::invalid);
    EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("Injected"), std::string::npos) << "no value is shown";
  }
}

TEST_F(Sources, a_token_with_a_line_end_from_a_container_is_refused_and_one_around_it_is_trimmed) {
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/";
  ContainerSource source(context());
  transport.answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"tok\r\nX-Injected: yes"})");
  const CredentialsError error = error_of(source);
  EXPECT_EQ(error.kind, Kind::invalid);
  EXPECT_NE(error.message.find("the container credentials endpoint 127.0.0.1 answered, but its Token"),
            std::string::npos)
      << error.message;
  transport.answer(200, R"({"AccessKeyId":" A\n","SecretAccessKey":"s","Token":"tok\r\n"})");
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "A");
  EXPECT_EQ(credentials->session_token, "tok");
}

TEST_F(Sources, web_identity_reads_its_token_anew_each_time) {
  WebIdentitySource source(context());
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "first\n");
  EXPECT_EQ(error_of(source).kind, Kind::invalid) << "the role is missing";
  variables["AWS_ROLE_ARN"] = kRole;
  variables["AWS_REGION"] = "eu-central-1";
  transport.answer(200, kStsAnswer);
  transport.answer(200, kStsAnswer);
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ASIA1");
  write("token", "second");
  variables["AWS_ROLE_SESSION_NAME"] = "pod-1";
  ASSERT_TRUE(source.fetch());
  const auto requests = transport.requests();
  EXPECT_EQ(requests.at(0).url, "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_TRUE(requests.at(0).body.ends_with("WebIdentityToken=first"));
  EXPECT_TRUE(requests.at(1).body.ends_with("WebIdentityToken=second"));
  EXPECT_NE(requests.at(1).body.find("RoleSessionName=pod-1"), std::string::npos);
  variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder.string() + "/missing";
  EXPECT_NE(error_of(source).message.find("missing"), std::string::npos);
}

TEST_F(Sources, container_asks_the_address_of_ecs) {
  ContainerSource source(context());
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/abc";
  transport.answer(200, kJsonAnswer);
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->session_token, "t2");
  EXPECT_EQ(credentials->expires_ms, kNowMs + 3'600'000);
  const http_client::HttpRequest request = transport.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url, "http://169.254.170.2/v2/credentials/abc");
  EXPECT_FALSE(request.use_proxy);
  EXPECT_EQ(header_of(request, "authorization"), "");
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil.example/";
  EXPECT_EQ(error_of(source).kind, Kind::invalid);
}

TEST_F(Sources, container_shows_the_token_of_eks_pod_identity_read_anew_each_time) {
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("token", "first\n");
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "not this one";
  ContainerSource source(context());
  transport.answer(200, kJsonAnswer);
  transport.answer(200, kJsonAnswer);
  ASSERT_TRUE(source.fetch());
  write("token", "second");
  ASSERT_TRUE(source.fetch());
  EXPECT_EQ(header_of(transport.requests().at(0), "authorization"), "first");
  EXPECT_EQ(header_of(transport.requests().at(1), "authorization"), "second");
  write("token", "one\ntwo");
  EXPECT_EQ(error_of(source).kind, Kind::invalid) << "a line end would end the header";
}

TEST_F(Sources, container_sends_nothing_in_the_clear_to_other_hosts) {
  ContainerSource source(context());
  for (const char* url :
       {"http://example.com/x", "http://127.0.0.1.example.com/", "http://169.254.170.24/", "http://localhost.example/",
        "ftp://127.0.0.1/", "http://user@example.com/", "file:///etc/passwd", "http://127.0.0.1@example.com/"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_EQ(error_of(source).kind, Kind::invalid) << url;
  }
  EXPECT_EQ(transport.request_count(), 0u);
  for (const char* url : {"http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:81/x",
                          "http://[fd00:ec2::23]/v1/credentials", "https://example.com/x"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    transport.answer(200, kJsonAnswer);
    EXPECT_TRUE(source.fetch()) << url;
  }
}

TEST_F(Sources, container_classes_what_the_endpoint_says) {
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/";
  ContainerSource source(context());
  transport.answer(503, "later");
  EXPECT_EQ(error_of(source).kind, Kind::unreachable);
  transport.answer(http_client::TransportFault::timeout, "No answer in time");
  EXPECT_EQ(error_of(source).kind, Kind::unreachable);
  transport.answer(400, R"({"message":"[role] is not authorized to assume role"})");
  const CredentialsError refused = error_of(source);
  EXPECT_EQ(refused.kind, Kind::denied);
  EXPECT_FALSE(refused.of_role);
  EXPECT_NE(refused.message.find("the container credentials endpoint 127.0.0.1 answered 400 after"), std::string::npos)
      << refused.message;
  EXPECT_NE(refused.message.find("[role] is not authorized to assume role"), std::string::npos) << refused.message;
  EXPECT_NE(refused.remedy.find("pods.eks.amazonaws.com"), std::string::npos) << refused.remedy;
  transport.answer(200, "<html>");
  EXPECT_EQ(error_of(source).kind, Kind::invalid);
  transport.answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"})");
  EXPECT_EQ(error_of(source).code, "AssumeRoleUnauthorizedAccess");
}

TEST_F(Sources, a_wrong_clock_does_not_make_credentials_look_expired) {
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/";
  clock.set_wall_ms(kNowMs + 7'200'000);  // two hours ahead
  ContainerSource source(context());
  transport.answer(200, kJsonAnswer, {{"date", "Sun, 23 Nov 2025 04:00:00 GMT"}});
  EXPECT_EQ(source.fetch()->expires_ms, clock.wall_ms() + 3'600'000);
}

TEST_F(Sources, instance_metadata_uses_version_2_and_its_token_again) {
  InstanceMetadataSource source(context());
  for (int i = 0; i < 2; ++i) {
    if (i == 0) transport.answer(200, "the-token");
    transport.answer(200, "node-role\n");
    transport.answer(200, kJsonAnswer);
    const auto credentials = source.fetch();
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(credentials->source, "EC2 instance role node-role");
  }
  const auto requests = transport.requests();
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(requests.at(0).method, "PUT");
  EXPECT_EQ(requests.at(0).url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(header_of(requests.at(0), "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(requests.at(2).url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/node-role");
  EXPECT_EQ(requests.at(3).method, "GET");
  for (const http_client::HttpRequest& request : requests) {
    EXPECT_FALSE(request.use_proxy);
    EXPECT_EQ(request.timeout_ms, 2'500);
    EXPECT_EQ(request.connect_timeout_ms, 1'000);
    if (request.method == "GET") {
      EXPECT_EQ(header_of(request, "x-aws-ec2-metadata-token"), "the-token");
    }
  }
}

TEST_F(Sources, instance_metadata_renews_a_token_that_was_refused_or_has_ended) {
  InstanceMetadataSource source(context());
  transport.answer(200, "one");
  transport.answer(200, "role");
  transport.answer(200, kJsonAnswer);
  ASSERT_TRUE(source.fetch());
  transport.answer(401, "");
  transport.answer(200, "two");
  transport.answer(200, "role");
  transport.answer(200, kJsonAnswer);
  ASSERT_TRUE(source.fetch()) << "the token was of another boot: renewed, and nobody hears of it";
  clock.advance_us(21'600'000'000);
  transport.answer(200, "three");
  transport.answer(200, "role");
  transport.answer(200, kJsonAnswer);
  ASSERT_TRUE(source.fetch());
  EXPECT_EQ(transport.requests().at(7).method, "PUT");
}

TEST_F(Sources, instance_metadata_names_what_answers_in_its_place_with_its_words) {
  InstanceMetadataSource source(context());
  transport.answer(200, "token");
  transport.answer(401, "<html>token is not accepted</html>");
  const CredentialsError refused = error_of(source);
  EXPECT_EQ(refused.kind, Kind::denied);
  EXPECT_NE(refused.message.find("the EC2 instance metadata service answered 401 after"), std::string::npos);
  EXPECT_NE(refused.message.find("token is not accepted"), std::string::npos) << refused.message;
  EXPECT_NE(refused.remedy.find("169.254.169.254"), std::string::npos) << refused.remedy;
}

TEST_F(Sources, instance_metadata_tries_again_what_may_pass_as_often_as_it_is_told) {
  variables["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "2";
  variables["AWS_METADATA_SERVICE_TIMEOUT"] = "1.5";
  InstanceMetadataSource source(context());
  transport.answer(503, "");
  transport.answer(200, "token");
  http_client::HttpResponse slow;
  slow.fault = http_client::TransportFault::timeout;
  slow.request_sent = true;
  transport.answer(slow);
  transport.answer(200, "role");
  transport.answer(503, "");
  transport.answer(200, kJsonAnswer);
  ASSERT_TRUE(source.fetch());
  EXPECT_EQ(transport.requests().at(0).timeout_ms, 1'500);
  transport.answer(slow);
  transport.answer(slow);
  const CredentialsError error = error_of(source);
  EXPECT_EQ(error.code, "metadata_slow");
  EXPECT_EQ(error.kind, Kind::unreachable) << "and nobody thinks that there is none";
  EXPECT_NE(error.message.find("no answer within 1.5 s in 2 tries"), std::string::npos) << error.message;
  EXPECT_NE(error.remedy.find("AWS_METADATA_SERVICE_TIMEOUT"), std::string::npos);
  variables["AWS_METADATA_SERVICE_TIMEOUT"] = "soon";
  EXPECT_NE(error_of(source).message.find("AWS_METADATA_SERVICE_TIMEOUT"), std::string::npos);
}

TEST_F(Sources, instance_metadata_that_is_slow_is_used_and_told) {
  transport.answer_by([this](const http_client::HttpRequest& request) {
    clock.advance_us(1'200'000);
    http_client::HttpResponse response;
    response.status = 200;
    response.body = request.method == "PUT" ? "token" : request.url.ends_with('/') ? "role" : kJsonAnswer;
    return response;
  });
  InstanceMetadataSource source(context());
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials) << credentials.error().message;
  ASSERT_EQ(credentials->notes.size(), 1u);
  EXPECT_EQ(credentials->notes[0].code, "metadata_slow");
  EXPECT_NE(credentials->notes[0].message.find("1.2 s"), std::string::npos) << credentials->notes[0].message;
}

TEST_F(Sources, instance_metadata_keeps_using_what_the_service_hands_out_late) {
  InstanceMetadataSource source(context());
  transport.answer(200, "token");
  transport.answer(200, "role");
  transport.answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2025-11-23T03:00:00Z"})");
  EXPECT_EQ(source.fetch()->expires_ms, kNowMs + 15 * 60'000);
}

TEST_F(Sources, instance_metadata_finds_nothing_off_ec2_and_can_be_switched_off) {
  InstanceMetadataSource source(context());
  transport.answer(http_client::TransportFault::timeout, "No answer in time from 169.254.169.254");
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  transport.answer(200, "token");
  transport.answer(404, "");
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  variables["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_EQ(error_of(source).kind, Kind::none_found);
  EXPECT_EQ(transport.request_count(), 3u);
}

TEST_F(Sources, instance_metadata_goes_where_it_is_told) {
  variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  InstanceMetadataSource source(context());
  EXPECT_FALSE(source.fetch());
  EXPECT_EQ(transport.requests().at(0).url, "http://[fd00:ec2::254]/latest/api/token");
  variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338/";
  transport.answer(200, "token");
  transport.answer(200, "a/../b");
  EXPECT_EQ(error_of(source).kind, Kind::invalid) << "no role has such a name";
  EXPECT_EQ(transport.requests().at(1).url, "http://127.0.0.1:1338/latest/api/token");
}

TEST_F(Sources, chain_says_where_it_looked) {
  const auto chain = default_chain(context());
  transport.answer(http_client::TransportFault::connect, "Could not connect to 169.254.169.254");
  const CredentialsError error = error_of(*chain);
  EXPECT_EQ(error.kind, Kind::none_found);
  EXPECT_TRUE(error.message.starts_with("Sluice has no AWS identity. Looked in: environment variables ("))
      << error.message;
  std::size_t at = 0;
  for (const char* place :
       {"environment variables", "web identity", "container", "profile files", "instance metadata"}) {
    const std::size_t found = error.message.find(std::string(place) + " (", at);
    ASSERT_NE(found, std::string::npos) << place << " in " << error.message;
    at = found;
  }
}

TEST_F(Sources, chain_takes_the_first_in_order_and_no_other_when_that_is_broken) {
  const auto chain = default_chain(context());
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(chain->fetch()->access_key_id, "FILE");
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  transport.answer(200, kJsonAnswer);
  EXPECT_EQ(chain->fetch()->access_key_id, "ASIA2");
  variables["AWS_ROLE_ARN"] = kRole;
  variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "t");
  transport.answer(200, kStsAnswer);
  EXPECT_EQ(chain->fetch()->access_key_id, "ASIA1");
  transport.answer(403, "<E><Code>AccessDenied</Code><Message>Not authorized</Message></E>");
  const CredentialsError error = error_of(*chain);
  EXPECT_EQ(error.kind, Kind::denied);
  EXPECT_TRUE(error.message.starts_with("Sluice cannot get its own AWS identity from web identity: ")) << error.message;
  variables["AWS_ACCESS_KEY_ID"] = "ENV";
  variables["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(chain->fetch()->access_key_id, "ENV");
}

// Perhaps still at its first fetch: a source that signs with it waits for that.
std::unique_ptr<CredentialsCache> cache_of(std::unique_ptr<CredentialsSource> source, const Clock& clock) {
  return std::make_unique<CredentialsCache>(std::move(source), clock, [] {});
}

TEST_F(Sources, a_role_is_assumed_with_what_its_base_holds) {
  const auto base = cache_of(std::make_unique<StaticSource>("AKIA", "secret", "", "configuration"), clock);
  AssumeRoleSource source(
      transport, clock, *base, "https://sts.eu-west-1.amazonaws.com", "eu-west-1",
      {kRole, "ext-1", "sluice",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:PutRecords","Resource":"*"}]})",
       3600});
  transport.answer(200, kStsAnswer);
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ASIA1");
  const http_client::HttpRequest request = transport.requests().at(0);
  EXPECT_NE(header_of(request, "authorization").find("Credential=AKIA/"), std::string::npos);
  EXPECT_NE(request.body.find("&ExternalId=ext-1"), std::string::npos);
  EXPECT_NE(request.body.find("&Policy="), std::string::npos);
}

TEST_F(Sources, a_role_tells_why_its_base_has_nothing) {
  const auto base = cache_of(std::make_unique<EnvironmentSource>(empty_environment()), clock);
  AssumeRoleSource source(transport, clock, *base, "https://sts.eu-west-1.amazonaws.com", "eu-west-1",
                          {kRole, "", "sluice", "", 3600});
  const CredentialsError error = error_of(source);
  EXPECT_EQ(error.kind, Kind::none_found);
  EXPECT_NE(error.message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(transport.request_count(), 0u);
}

TEST_F(Sources, a_role_has_its_base_renewed_when_sts_finds_it_expired) {
  struct Counting final : CredentialsSource {
    std::atomic<int>& calls;
    Notifier& notifier;
    Counting(std::atomic<int>& count, Notifier& done) : calls(count), notifier(done) {}
    CredentialsResult<Credentials> fetch() override {
      Credentials next{"AKIA" + std::to_string(++calls), "s", "t", 0, "test"};
      if (calls == 2) notifier.notify();
      return next;
    }
  };
  std::atomic<int> calls = 0;
  Notifier second;
  const auto base = cache_of(std::make_unique<Counting>(calls, second), clock);
  AssumeRoleSource source(transport, clock, *base, "https://sts.eu-west-1.amazonaws.com", "eu-west-1",
                          {kRole, "", "sluice", "", 3600});
  transport.answer(
      403, "<E><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></E>");
  EXPECT_EQ(error_of(source).kind, Kind::unreachable) << "asked again soon";
  EXPECT_TRUE(second.wait_us(60'000'000));
}

TEST(CredentialsJson, shows_no_value_of_a_broken_answer) {
  const struct {
    const char* json;
    const char* why;
  } cases[] = {{"", "JSON object"},
               {"[]", "JSON object"},
               {R"({"AccessKeyId":"A")", "JSON object"},
               {R"({"AccessKeyId":"A"})", "without AccessKeyId and SecretAccessKey"},
               {R"({"AccessKeyId":"A","SecretAccessKey":1})", "without AccessKeyId and SecretAccessKey"},
               {R"({"AccessKeyId":"A","SecretAccessKey":"hidden","Expiration":"soon"})", "Expiration"},
               {R"({"AccessKeyId":"A","SecretAccessKey":"hidden","Expiration":12})", "Expiration"}};
  for (const auto& c : cases) {
    const auto credentials = credentials_of_json(c.json, "the test", 0);
    ASSERT_FALSE(credentials) << c.json;
    EXPECT_EQ(credentials.error().kind, Kind::invalid);
    EXPECT_NE(credentials.error().message.find(c.why), std::string::npos) << credentials.error().message;
    EXPECT_EQ(credentials.error().message.find("hidden"), std::string::npos);
  }
  EXPECT_EQ(credentials_of_json(R"({"AccessKeyId":"A","SecretAccessKey":"s"})", "x", 0)->expires_ms, 0);
}

}  // namespace
}  // namespace sluice::aws
