// A start that fails half-way: the error says why, everything that ran already stops, and the next start works.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "config/toml_table.h"
#include "server/destination_kinds.h"
#include "server/management.h"
#include "server/named_files.h"
#include "server/server.h"

namespace sluice::server {
namespace {

// A port of loopback that somebody else listens on.
class TakenPort {
 public:
  TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { ::close(socket_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int socket_;
  std::uint16_t port_ = 0;
};

class StartTest : public testing::Test {
 protected:
  StartTest() { std::filesystem::remove_all(folder_); }
  ~StartTest() override { std::filesystem::remove_all(folder_); }

  Configuration configuration(bool managed) {
    Configuration configuration;
    configuration.settings.data_dir = folder_;
    configuration.settings.intake_listen = configuration.settings.admin_listen = "127.0.0.1:0";
    configuration.settings.drain_ms = 0;
    std::vector<catalog::Project> projects;
    std::vector<catalog::Environment> environments;
    std::vector<catalog::Destination> destinations;
    if (!managed) {
      projects.resize(1);
      projects[0].key = "web";
      environments.resize(1);
      environments[0].project_key = "web";
      environments[0].key = "production";
      destinations.resize(1);
      destinations[0].id = destination_;
      destinations[0].name = "lake";
      destinations[0].on = true;
      config::ConfigFaults faults;
      config::TomlTable table = config::TomlTable::parse(
          "region = \"eu-west-1\"\nstream_name = \"flags\"\n"
          "endpoint = \"http://127.0.0.1:9\"\nsts_endpoint = \"http://127.0.0.1:9\"\n",
          "test.toml", faults);
      destinations[0].kind = destination_kinds().names().front();
      destinations[0].settings = destination_kinds().all().front()->read(table).settings;
    }
    configuration.catalog = std::make_shared<catalog::CatalogSnapshot>(std::move(projects), std::move(environments),
                                                                       std::move(destinations));
    return configuration;
  }
  static Result<std::unique_ptr<Server>> start(Configuration configuration) {
    return Server::start(std::move(configuration), [](std::string_view name) -> std::optional<std::string> {
      if (name == "AWS_ACCESS_KEY_ID") return "AKIDTEST";
      if (name == "AWS_SECRET_ACCESS_KEY") return "secret";
      return std::nullopt;
    });
  }
  // Fails, and names what is in the way; then, without it, the same data directory starts.
  void expect_refused(const Configuration& refused, std::string_view named) {
    for (int i = 0; i < 3; ++i) {
      const auto server = start(refused);
      ASSERT_FALSE(server);
      EXPECT_NE(server.error().message.find(named), std::string::npos) << server.error().message;
    }
  }

  const std::string folder_ = testing::TempDir() + "start-test-" + std::to_string(::getpid());
  const ObjectId destination_ = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
};

TEST_F(StartTest, with_the_admin_port_taken_stops_what_runs_and_the_next_start_works) {
  for (const bool managed : {false, true}) {
    std::filesystem::remove_all(folder_);
    const TakenPort taken;
    Configuration refused = configuration(managed);
    refused.settings.admin_listen = taken.address();
    expect_refused(refused, taken.address());
    const auto server = start(configuration(managed));
    ASSERT_TRUE(server);
    EXPECT_EQ((*server)->first_admin_token().empty(), !managed) << "a start that failed took the token with it";
  }
}

TEST_F(StartTest, with_the_intake_port_taken_stops_what_runs_and_the_next_start_works) {
  for (const bool managed : {false, true}) {
    std::filesystem::remove_all(folder_);
    const TakenPort taken;
    Configuration refused = configuration(managed);
    refused.settings.intake_listen = taken.address();
    expect_refused(refused, taken.address());
    const auto server = start(configuration(managed));
    ASSERT_TRUE(server);
    EXPECT_EQ((*server)->first_admin_token().empty(), !managed) << "a start that failed took the token with it";
  }
}

// Its expirer changes the catalog, and its publisher puts that in force, while the start is taken back.
TEST_F(StartTest, with_a_port_taken_and_a_key_that_expires_stops_what_runs) {
  const TakenPort taken;
  Configuration refused = configuration(true);
  refused.settings.intake_listen = taken.address();
  const SystemClock clock;
  for (int i = 0; i < 10; ++i) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    {
      const auto management = Management::open(refused.settings, clock);
      ASSERT_TRUE(management) << management.error().message;
      using catalog::DocumentKind;
      ASSERT_TRUE((*management)
                      ->catalog()
                      .commit({{DocumentKind::project, "5744c96707c9900708000004", {{"key", "web"}}},
                               {DocumentKind::environment,
                                "578d1e02d2943862c52b9686",
                                {{"project", "web"}, {"key", "production"}, {"sdk_keys", {"sdk-new", "sdk-old"}}},
                                {{"key_expiries", {{"sdk_keys", {0, 1}}}}}}},
                              {}));
    }
    const auto server = start(refused);
    ASSERT_FALSE(server);
    EXPECT_NE(server.error().message.find(taken.address()), std::string::npos) << server.error().message;
  }
}

TEST_F(StartTest, with_a_catalog_that_cannot_be_opened_is_refused_by_its_name) {
  std::filesystem::create_directories(folder_ + "/catalog.db");
  expect_refused(configuration(true), folder_ + "/catalog.db");
  std::filesystem::remove_all(folder_ + "/catalog.db");
  ASSERT_TRUE(start(configuration(true)));
}

TEST_F(StartTest, with_a_cursor_that_cannot_be_read_is_not_refused) {
  std::filesystem::create_directories(folder_ + "/cursors/" + destination_.hex() + ".cursor");
  ASSERT_TRUE(start(configuration(false)));
}

TEST_F(StartTest, with_no_catalog_beside_cursors_of_another_is_refused_until_told) {
  ASSERT_TRUE(start(configuration(false)));
  const std::string cursor = "cursors/" + destination_.hex() + ".cursor";
  ASSERT_TRUE(std::filesystem::exists(folder_ + "/" + cursor));
  for (const char* named : {"--accept-empty-catalog", "--config", "sluice backup", folder_.c_str()})
    expect_refused(configuration(true), named);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/catalog.db")) << "a start that is refused changes nothing";
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/" + cursor));
  Configuration accepted = configuration(true);
  accepted.settings.accept_empty_catalog = true;
  ASSERT_TRUE(start(accepted));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/set-aside/" + cursor));
  ASSERT_TRUE(start(configuration(true))) << "the option is needed for one start only";
  ASSERT_TRUE(start(configuration(false)));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/" + cursor));
}

TEST_F(StartTest, with_an_empty_file_for_a_catalog_is_refused_by_its_name) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/catalog.db").close();
  expect_refused(configuration(true), folder_ + "/catalog.db is an empty file");
  std::filesystem::remove(folder_ + "/catalog.db");
  ASSERT_TRUE(start(configuration(true)));
}

// An attacker's script v2. A check that says "valid" and a start that fails do not go together.
TEST_F(StartTest, a_file_that_a_setting_names_and_that_cannot_be_used_is_refused_by_the_check_and_the_start) {
  std::filesystem::create_directories(folder_);
  const std::string words = folder_ + "/words", missing = folder_ + "/missing";
  std::ofstream(words) << "no certificate and no key";
  using Change = std::function<void(ServerSettings&, const std::string&)>;
  const std::pair<const char*, Change> named[] = {
      {"intake.tls_certificate",
       [](ServerSettings& s, const std::string& file) {
         s.intake_tls = {.certificate_file = file, .private_key_file = file};
       }},
      {"admin.tls_certificate",
       [](ServerSettings& s, const std::string& file) {
         s.admin_tls = {.certificate_file = file, .private_key_file = file};
       }},
      {"catalog.key_file", [](ServerSettings& s, const std::string& file) { s.catalog_key_file = file; }},
      {"aws.ca_bundle", [](ServerSettings& s, const std::string& file) { s.ca_bundle = file; }},
      {"data_dir", [](ServerSettings& s, const std::string& file) { s.data_dir = file; }},
  };
  for (const auto& [key, change] : named)
    for (const std::string& file : {words, missing}) {
      if (std::string_view(key) == "data_dir" && file == missing) continue;  // it is created
      SCOPED_TRACE(std::string(key) + " " + file);
      Configuration refused = configuration(true);
      refused.settings.data_dir = folder_ + "/data";
      change(refused.settings, file);
      config::ConfigFaults faults;
      check_named_files(refused.settings, true, empty_environment(), faults);
      ASSERT_EQ(faults.all().size(), 1u) << faults.text();
      EXPECT_EQ(faults.all()[0].place, key);
      EXPECT_NE(faults.all()[0].message.find(file), std::string::npos) << faults.text();
      expect_refused(refused, file);
      EXPECT_FALSE(std::filesystem::exists(folder_ + "/data")) << "a start that is refused changes nothing";
    }
  config::ConfigFaults faults;
  check_named_files(
      configuration(true).settings, true,
      [&](const char* name) {
        return std::string_view(name) == "AWS_CA_BUNDLE" ? std::optional(missing) : std::nullopt;
      },
      faults);
  ASSERT_EQ(faults.all().size(), 1u) << faults.text();
  EXPECT_EQ(faults.all()[0].place, "variable AWS_CA_BUNDLE");
}

TEST_F(StartTest, with_a_server_already_there_is_refused) {
  const auto running = start(configuration(true));
  ASSERT_TRUE(running);
  expect_refused(configuration(true), folder_);
}

}  // namespace
}  // namespace sluice::server
