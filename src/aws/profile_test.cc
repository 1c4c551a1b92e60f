#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "aws/credential_process.h"
#include "aws/credentials_sources.h"
#include "aws/profile_file.h"
#include "http_client/http_transport_fake.h"

namespace sluice::aws {
namespace {

using Kind = CredentialsError::Kind;

TEST(ProfileFile, reads_sections_comments_and_nested_settings) {
  const auto profiles = parse_profile_file(
      "\xEF\xBB\xBF# comment\n"
      "[default]\r\n"
      "Region = eu-west-1  # why\r\n"
      "aws_access_key_id=AKIA;not a comment\n"
      "s3 =\n"
      "  max_concurrent_requests = 20\n"
      "  region = nested\n"
      "output = json ; comment\n"
      "\n"
      "[profile  two words ] # comment\n"
      "region=us-east-1\n"
      "   continued\n"
      "[sso-session x]\n"
      "region = passed-over\n"
      "[plain]\n"
      "region = passed-over\n"
      "[profile empty]\n",
      ProfileFileKind::config);
  ASSERT_TRUE(profiles) << profiles.error().message;
  const Profiles expected = {
      {"default", {{"region", "eu-west-1"}, {"aws_access_key_id", "AKIA;not a comment"}, {"output", "json"}}},
      {"two words", {{"region", "us-east-1"}}},
      {"empty", {}}};
  EXPECT_EQ(*profiles, expected);
}

TEST(ProfileFile, takes_quotes_around_a_name_as_aws_tools_do) {
  const auto profiles = parse_profile_file("[profile \"my prod\"]\na=1\n[profile 'x]y']\na=2\n[profile plain]\na=3\n",
                                           ProfileFileKind::config);
  ASSERT_TRUE(profiles) << profiles.error().message;
  EXPECT_EQ(*profiles, (Profiles{{"my prod", {{"a", "1"}}}, {"x]y", {{"a", "2"}}}, {"plain", {{"a", "3"}}}}));
}

TEST(ProfileFile, names_sections_of_the_credentials_file_plainly) {
  const auto profiles = parse_profile_file("[a]\nx=1\n[profile b]\ny=2", ProfileFileKind::credentials);
  ASSERT_TRUE(profiles);
  EXPECT_EQ(*profiles, (Profiles{{"a", {{"x", "1"}}}, {"profile b", {{"y", "2"}}}}));
}

TEST(ProfileFile, lets_profile_default_stand_above_default) {
  EXPECT_EQ(parse_profile_file("[default]\na=1\nb=1\n[profile default]\na=2\n", ProfileFileKind::config)->at("default"),
            (Profile{{"a", "2"}}));
}

TEST(ProfileFile, lets_the_credentials_file_win) {
  const Profiles merged = merged_profiles({{"default", {{"a", "config"}, {"b", "config"}}}},
                                          {{"default", {{"a", "credentials"}}}, {"x", {}}});
  EXPECT_EQ(merged, (Profiles{{"default", {{"a", "credentials"}, {"b", "config"}}}, {"x", {}}}));
}

TEST(ProfileFile, names_the_line_that_is_wrong_and_shows_nothing_of_it) {
  for (const auto& [text, line] : {std::pair("[default]\nsecret\n", "line 2 "), std::pair("secret = 1\n", "line 1 "),
                                   std::pair("\n\n[secret\n", "line 3 ")}) {
    const auto profiles = parse_profile_file(text, ProfileFileKind::config);
    ASSERT_FALSE(profiles) << text;
    EXPECT_TRUE(profiles.error().message.starts_with(line)) << profiles.error().message;
    EXPECT_EQ(profiles.error().message.find("secret"), std::string::npos);
  }
}

class ProfileSourceTest : public ::testing::Test {
 protected:
  ProfileSourceTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-aws-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    variables["HOME"] = folder.string();
    std::filesystem::create_directories(folder / ".aws");
  }
  ~ProfileSourceTest() override { std::filesystem::remove_all(folder); }

  void config(const std::string& text) { std::ofstream(folder / ".aws/config") << text; }
  CredentialsResult<Credentials> fetch(const std::string& profile = {}) {
    ProfileSource source({transport, clock,
                          [this](const char* name) -> std::optional<std::string> {
                            const auto found = variables.find(name);
                            return found == variables.end() ? std::nullopt : std::optional(found->second);
                          },
                          ""},
                         profile);
    return source.fetch();
  }
  void expect_error(const std::string& profile, Kind kind, const std::string& words) {
    const auto credentials = fetch(profile);
    ASSERT_FALSE(credentials) << profile;
    EXPECT_EQ(credentials.error().kind, kind) << credentials.error().message;
    EXPECT_NE(credentials.error().message.find(words), std::string::npos) << credentials.error().message;
  }

  std::filesystem::path folder;
  std::map<std::string, std::string> variables;
  http_client::HttpTransportFake transport;
  ManualClock clock;
};

constexpr const char* kAssumedAnswer =
    "<R><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2033-11-23T05:00:00Z</Expiration></R>";

TEST_F(ProfileSourceTest, finds_nothing_without_files_but_misses_a_profile_that_was_named) {
  expect_error("", Kind::none_found, "no profile 'default'");
  variables["AWS_PROFILE"] = "work";
  expect_error("", Kind::invalid, "There is no profile 'work'");
}

TEST_F(ProfileSourceTest, ends_the_chain_at_a_source_that_has_keys_of_its_own) {
  config(
      "[profile app]\nrole_arn = arn:aws:iam::123456789012:role/app\nsource_profile = base\n"
      "[profile base]\nrole_arn = arn:aws:iam::123456789012:role/base\nsource_profile = other\n"
      "aws_access_key_id = BASEKEY\naws_secret_access_key = s\n"
      "[profile other]\naws_access_key_id = OTHERKEY\naws_secret_access_key = s\n");
  transport.answer(200, kAssumedAnswer);
  ASSERT_TRUE(fetch("app"));
  ASSERT_EQ(transport.request_count(), 1u) << "the role base is not assumed on the way";
  bool by_base = false;
  const auto requests = transport.requests();
  for (const auto& [name, value] : requests.at(0).headers) by_base |= value.find("BASEKEY") != std::string::npos;
  EXPECT_TRUE(by_base);
}

TEST_F(ProfileSourceTest, refuses_keys_that_would_break_a_request_and_names_them) {
  config("[profile a]\naws_access_key_id = AK ID\naws_secret_access_key = s\n");
  expect_error("a", Kind::invalid, "aws_access_key_id");
}

TEST_F(ProfileSourceTest, takes_keys_of_the_named_profile_from_the_named_files) {
  std::ofstream(folder / "c")
      << "[work]\naws_access_key_id = AKIA\naws_secret_access_key = s/+=\naws_session_token = t\n";
  variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/c";
  variables["AWS_PROFILE"] = "work";
  const auto credentials = fetch();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "AKIA");
  EXPECT_EQ(credentials->secret_access_key, "s/+=");
  EXPECT_EQ(credentials->session_token, "t");
  EXPECT_EQ(credentials->source, "profile work");
  EXPECT_TRUE(fetch("work"));
}

TEST_F(ProfileSourceTest, assumes_the_role_of_a_profile_with_keys_of_another) {
  config(
      "[profile base]\naws_access_key_id=AKIA\naws_secret_access_key=s\n"
      "[profile "
      "app]\nrole_arn=arn:aws:iam::123456789012:role/app\nsource_profile=base\nexternal_id=xyz\nregion=eu-north-1\n"
      "duration_seconds=900\nrole_session_name=me\n");
  transport.answer(200, kAssumedAnswer);
  const auto credentials = fetch("app");
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ASIA");
  const http_client::HttpRequest request = transport.requests().at(0);
  EXPECT_EQ(request.url, "https://sts.eu-north-1.amazonaws.com/");
  EXPECT_NE(request.body.find("RoleSessionName=me&DurationSeconds=900&ExternalId=xyz"), std::string::npos)
      << request.body;
}

TEST_F(ProfileSourceTest, follows_roles_upon_roles_and_a_profile_that_names_itself) {
  config(
      "[profile a]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=b\n"
      "[profile b]\nrole_arn=arn:aws:iam::123456789012:role/b\nsource_profile=c\n"
      "[profile c]\naws_access_key_id=AKIA\naws_secret_access_key=s\n"
      "[profile self]\nrole_arn=arn:aws:iam::123456789012:role/self\nsource_profile=self\n"
      "aws_access_key_id=AKIA\naws_secret_access_key=s\n");
  for (int i = 0; i < 3; ++i) transport.answer(200, kAssumedAnswer);
  ASSERT_TRUE(fetch("a"));
  EXPECT_NE(transport.requests().at(0).body.find("role%2Fb"), std::string::npos);
  EXPECT_NE(transport.requests().at(1).body.find("role%2Fa"), std::string::npos);
  ASSERT_TRUE(fetch("self"));
  EXPECT_NE(transport.requests().at(2).body.find("role%2Fself"), std::string::npos);
}

TEST_F(ProfileSourceTest, takes_the_base_of_a_role_from_where_credential_source_says) {
  config(
      "[default]\nrole_arn=arn:aws:iam::123456789012:role/a\ncredential_source=Environment\n"
      "[profile ecs]\nrole_arn=arn:aws:iam::123456789012:role/a\ncredential_source=EcsContainer\n"
      "[profile ec2]\nrole_arn=arn:aws:iam::123456789012:role/a\ncredential_source=Ec2InstanceMetadata\n"
      "[profile odd]\nrole_arn=arn:aws:iam::123456789012:role/a\ncredential_source=Moon\n");
  expect_error("", Kind::invalid, "AWS_ACCESS_KEY_ID is not set");
  variables["AWS_ACCESS_KEY_ID"] = "AKIA";
  variables["AWS_SECRET_ACCESS_KEY"] = "s";
  transport.answer(200, kAssumedAnswer);
  EXPECT_TRUE(fetch());
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  transport.answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"})");
  transport.answer(200, kAssumedAnswer);
  EXPECT_TRUE(fetch("ecs"));
  variables["AWS_EC2_METADATA_DISABLED"] = "true";
  expect_error("ec2", Kind::invalid, "AWS_EC2_METADATA_DISABLED");
  expect_error("odd", Kind::invalid, "source_profile");
}

TEST_F(ProfileSourceTest, assumes_a_role_with_a_token_file) {
  std::ofstream(folder / "token") << "jwt";
  config("[default]\nrole_arn=arn:aws:iam::123456789012:role/a\nweb_identity_token_file=" +
         (folder / "token").string() + "\n");
  transport.answer(200, kAssumedAnswer);
  ASSERT_TRUE(fetch());
  EXPECT_NE(transport.requests().at(0).body.find("WebIdentityToken=jwt"), std::string::npos);
}

TEST_F(ProfileSourceTest, tells_what_it_cannot_do) {
  config(
      "[profile loop]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=loop2\n"
      "[profile loop2]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=loop\n"
      "[profile broken]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=missing\n"
      "[profile half]\naws_access_key_id=A\n"
      "[profile sso]\nsso_session=x\n"
      "[profile mfa]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=half\nmfa_serial=arn\n"
      "[profile long]\nrole_arn=arn:aws:iam::123456789012:role/a\nsource_profile=keys\nduration_seconds=1d\n"
      "[profile keys]\naws_access_key_id=A\naws_secret_access_key=s\n"
      "[profile none]\nregion=eu-west-1\n");
  expect_error("loop", Kind::invalid, "refers to itself");
  expect_error("broken", Kind::invalid, "There is no profile 'missing'");
  expect_error("half", Kind::invalid, "only one of");
  expect_error("sso", Kind::invalid, "SSO");
  expect_error("mfa", Kind::invalid, "mfa_serial");
  expect_error("long", Kind::invalid, "900 to 43200");
  expect_error("none", Kind::none_found, "has no credentials");
  config("[default\n");
  expect_error("", Kind::invalid, "line 1");
}

TEST(CredentialProcess, splits_words_as_a_shell_does_without_its_other_powers) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_command("a  b\tc").value(), (Words{"a", "b", "c"}));
  EXPECT_EQ(split_command(R"("/opt/my tool/x" --n 'a b' c\ d "" "q\"q" 'w\w')").value(),
            (Words{"/opt/my tool/x", "--n", "a b", "c d", "", "q\"q", "w\\w"}));
  EXPECT_EQ(split_command("echo $HOME | sh; `x`").value(), (Words{"echo", "$HOME", "|", "sh;", "`x`"}));
  EXPECT_FALSE(split_command(""));
  EXPECT_FALSE(split_command("   "));
  EXPECT_FALSE(split_command("a 'b"));
}

TEST(CredentialProcess, gives_what_the_program_prints) {
  const auto credentials = credentials_of_process(
      R"(printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2033-05-18T03:33:20Z"}')",
      20'000);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "A");
  EXPECT_EQ(credentials->session_token, "t");
  EXPECT_EQ(credentials->expires_ms, 2'000'000'000'000);
  EXPECT_EQ(credentials->source, "credential_process printf");
}

TEST(CredentialProcess, tells_why_there_is_nothing_and_hides_what_was_printed) {
  const auto failed = credentials_of_process("sh -c 'echo hidden; echo sign in first >&2; exit 3'", 20'000);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "credential_process 'sh' ended with status 3: sign in first");
  const auto missing = credentials_of_process("/nonexistent/tool", 20'000);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nonexistent/tool"), std::string::npos);
  const auto nonsense = credentials_of_process("echo hidden", 20'000);
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(nonsense.error().message.find("hidden"), std::string::npos);
}

TEST(CredentialProcess, waits_for_no_child_that_holds_its_output_open_and_leaves_none) {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-aws-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  const std::string file = (folder / "child").string();
  const auto began = std::chrono::steady_clock::now();
  const auto credentials = credentials_of_process(
      "sh -c 'sleep 61 & echo $! > " + file + R"(; echo "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}"')", 30'000);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "A");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
  std::string child;
  std::ifstream(file) >> child;
  ASSERT_FALSE(child.empty());
  // Ended: gone, or a zombie that nobody has taken yet.
  char state = 'R';
  for (int i = 0; i < 10'000 && state != 'Z' && state != ' '; ++i) {
    std::string text, comm;
    std::ifstream stat("/proc/" + child + "/stat");
    if (!(stat >> text >> comm >> state)) state = ' ';
    std::this_thread::yield();
  }
  EXPECT_TRUE(state == 'Z' || state == ' ') << state;
  std::filesystem::remove_all(folder);
}

TEST(CredentialProcess, ends_a_program_that_does_not_finish) {
  const auto slow = credentials_of_process("sh -c 'sleep 60 & wait'", 50);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().kind, Kind::unreachable);
  EXPECT_NE(slow.error().message.find("did not finish"), std::string::npos);
  EXPECT_FALSE(credentials_of_process("sh -c 'exec >&- 2>&-; sleep 60'", 50)) << "one that closes its output and stays";
  EXPECT_FALSE(credentials_of_process("yes", 20'000)) << "one that prints without end";
}

}  // namespace
}  // namespace sluice::aws
