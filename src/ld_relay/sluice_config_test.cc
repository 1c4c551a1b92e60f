#include "ld_relay/sluice_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"

namespace sluice::ld_relay {
namespace {

struct Imported {
  std::string toml;
  std::vector<Note> notes;
  std::string faults;  // "place: message" lines
};

Imported imported(std::string_view file, const Variables& variables = {}) {
  RelayConfig config;
  config::ConfigFaults faults;
  if (!file.empty()) read_relay_file(file, "relay.conf", config, faults);
  read_relay_variables(variables, config);
  SluiceConfig result = sluice_config_of(config, "relay.conf", faults);
  Imported out{std::move(result.toml), std::move(result.notes), ""};
  for (const config::ConfigFault& fault : faults.all()) out.faults += fault.place + ": " + fault.message + "\n";
  return out;
}

constexpr std::string_view kShop = "[Environment \"shop\"]\nsdkKey = sdk-1\n";
const Variables kShopVariables = {{"LD_ENV_shop", "sdk-1"}};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST(LdRelayImport, keeps_environments_keys_and_port) {
  const Imported result = imported(R"(
[Main]
port = 9000
logLevel = WARN
tlsEnabled = true
tlsCert = /etc/cert.pem
tlsKey = "/etc/key.pem"
tlsMinVersion = 1.2
[Events]
sendEvents = 1
maxInboundPayloadSize = 10MiB
[Environment "Spree Project Production"]
sdkKey = "sdk-a"
mobileKey = "mob-a"
envId = 578d1e02d2943862c52b9686
allowedOrigin = https://a.example
allowedOrigin = "https://b.example, https://c.example"
allowedHeader = X-Shop
projKey = spree
[Environment "test"]
sdkKey = sdk-b
projKey = spree
)");
  EXPECT_EQ(result.faults, "");
  EXPECT_TRUE(result.notes.empty()) << result.notes[0].text;
  EXPECT_EQ(result.toml, R"(# Imported from relay.conf.

[intake]
listen = "0.0.0.0:9000"
tls_certificate = "/etc/cert.pem"
tls_key = "/etc/key.pem"
max_body_bytes = 10485760
max_inflated_bytes = 10485760

[log]
level = "warn"

[[project]]
key = "spree"

[[environment]]
project = "spree"
key = "Spree-Project-Production"
name = "Spree Project Production"
sdk_keys = ["sdk-a"]
mobile_keys = ["mob-a"]
id = "578d1e02d2943862c52b9686"
allowed_origins = ["https://a.example", "https://b.example", "https://c.example"]
allowed_headers = ["X-Shop"]
flag_source = "launchdarkly"

[[environment]]
project = "spree"
key = "test"
name = "test"
sdk_keys = ["sdk-b"]
flag_source = "launchdarkly"

[[destination]]
name = "LaunchDarkly"
project = "spree"
environment = "Spree-Project-Production"
kind = "launchdarkly-events"

[[destination]]
name = "LaunchDarkly"
project = "spree"
environment = "test"
kind = "launchdarkly-events"
)");
}

TEST(LdRelayImport, reads_variables_as_the_file_and_prefers_them) {
  const Imported from_variables = imported("", {{"PORT", "9000"},
                                                {"LD_ENV_Shop_1", "sdk-1"},
                                                {"LD_MOBILE_KEY_Shop_1", "mob-1"},
                                                {"LD_CLIENT_SIDE_ID_Shop_1", "578d1e02d2943862c52b9686"},
                                                {"LD_ALLOWED_ORIGIN_Shop_1", "https://a.example,https://b.example"},
                                                {"LD_PROJ_KEY_Shop_1", "web"},
                                                {"USE_EVENTS", "true"},
                                                {"HOME", "/root"},
                                                {"LD_MOBILE_KEY_other", "mob-2"}});
  const Imported from_file = imported(
      "[Main]\nport=9000\n[Events]\nsendEvents\n[Environment \"Shop_1\"]\nsdkKey=sdk-1\n"
      "mobileKey=mob-1\nenvId=578d1e02d2943862c52b9686\nprojKey=web\n"
      "allowedOrigin=https://a.example\nallowedOrigin=https://b.example\n");
  EXPECT_EQ(from_variables.faults + from_file.faults, "");
  EXPECT_EQ(from_variables.toml, from_file.toml);
  ASSERT_EQ(from_variables.notes.size(), 1u);
  EXPECT_EQ(from_variables.notes[0].place, "variable LD_MOBILE_KEY_other");
  const Imported both = imported(std::string(kShop) + "mobileKey = mob-1\n[Main]\nport = 1\n",
                                 {{"PORT", "2"}, {"LD_ENV_shop", "sdk-2"}, {"LD_MOBILE_KEY_shop", ""}});
  EXPECT_TRUE(has(both.toml, "sdk_keys = [\"sdk-2\"]\nmobile_keys = [\"mob-1\"]")) << both.toml;
  EXPECT_TRUE(has(both.toml, "listen = \"0.0.0.0:2\""));
}

TEST(LdRelayImport, finds_the_addresses_that_ld_relay_would_use) {
  const auto source = [](std::string_view main) {
    const std::string toml = imported(std::string("[Main]\n").append(main).append("\n").append(kShop)).toml;
    const std::size_t begin = toml.find("flag_source");
    return toml.substr(begin, toml.find("\n\n", begin) - begin);
  };
  EXPECT_EQ(source(""), "flag_source = \"launchdarkly\"");
  EXPECT_EQ(source("streamUri=https://stream.launchdarkly.com/\nbaseUri=https://app.launchdarkly.com"),
            "flag_source = \"launchdarkly\"");
  EXPECT_EQ(source("streamUri=https://stream.eu.launchdarkly.com\nbaseUri=https://sdk.eu.launchdarkly.com\n"
                   "clientSideBaseUri=https://clientsdk.eu.launchdarkly.com"),
            "flag_source = \"launchdarkly\"\nflag_site = \"eu.launchdarkly.com\"");
  EXPECT_EQ(source("streamUri=http://up:8030\nbaseUri=http://up:8030"),
            "flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://up:8030\"\nflag_base_uri = \"http://up:8030\"");
  EXPECT_EQ(source("streamUri=http://up:8030"),
            "flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://up:8030\"\n"
            "flag_base_uri = \"https://clientsdk.launchdarkly.com\"");
  const std::string events = "[Events]\nsendEvents = true\neventsUri = ";
  EXPECT_TRUE(has(imported(events + "https://events.launchdarkly.us\n" + std::string(kShop)).toml,
                  "kind = \"launchdarkly-events\"\nsite = \"launchdarkly.us\"\n"));
  EXPECT_TRUE(has(imported(events + "http://collector/\n" + std::string(kShop)).toml,
                  "kind = \"launchdarkly-events\"\nevents_uri = \"http://collector\"\n"));
  EXPECT_FALSE(has(imported(kShop).toml, "\n[[destination]]\n"));
}

// The promise of docs/ld-relay.md: nothing is dropped in silence.
TEST(LdRelayImport, every_setting_of_ld_relay_is_imported_or_named) {
  const std::map<std::string_view, std::string_view> values = {{"streamUri", "http://a"},
                                                               {"baseUri", "http://b"},
                                                               {"clientSideBaseUri", "http://c"},
                                                               {"port", "9000"},
                                                               {"logLevel", "debug"},
                                                               {"eventsUri", "http://d"},
                                                               {"envId", "578d1e02d2943862c52b9686"},
                                                               {"maxInboundPayloadSize", "1MiB"},
                                                               {"tlsMinVersion", "1.1"},
                                                               {"allowedOrigin", "https://e.example"}};
  std::set<std::string_view> variables_seen;
  for (const Setting& setting : settings()) {
    const std::string_view given = setting.is_switch               ? "true"
                                   : values.contains(setting.name) ? values.at(setting.name)
                                                                   : "value";
    const bool of_environment = setting.section == "Environment", of_filter = setting.section == "Filters";
    std::vector<std::pair<std::string, Imported>> ways;
    if (!setting.name.empty()) {
      std::string file = "[Events]\nsendEvents = true\n[Main]\ntlsEnabled = true\ntlsCert = c\ntlsKey = k\n";
      file += std::string(kShop) + "projKey = web\n";
      if (!of_environment) file += fmt::format("[{}{}]\n", setting.section, of_filter ? " \"web\"" : "");
      file += fmt::format("{} = {}\n", setting.name, given);
      ways.emplace_back(fmt::format("[{}] {}", setting.section, setting.name), imported(file));
    }
    if (!setting.variable.empty()) {
      EXPECT_TRUE(variables_seen.insert(setting.variable).second) << setting.variable;
      const std::string variable = std::string(setting.variable) + (of_environment                    ? "shop"
                                                                    : setting.variable.ends_with('_') ? "web"
                                                                                                      : "");
      Variables variables = {
          {"LD_PROJ_KEY_shop", "web"}, {"USE_EVENTS", "1"}, {"TLS_ENABLED", "1"}, {"TLS_CERT", "c"}, {"TLS_KEY", "k"}};
      std::erase_if(variables, [&](const auto& each) { return each.first == variable; });
      if (variable != "LD_ENV_shop") variables.emplace_back("LD_ENV_shop", "sdk-1");
      if (!setting.only_with.empty()) variables.emplace_back(setting.only_with, "true");
      variables.emplace_back(variable, given);
      ways.emplace_back(variable, imported("", variables));
    }
    for (const auto& [name, result] : ways) {
      SCOPED_TRACE(name);
      const bool noted = std::ranges::any_of(result.notes, [&](const Note& note) {
        return has(lower(note.place), lower(setting.name.empty() ? setting.variable : setting.name)) ||
               has(note.place, setting.variable.empty() ? "-" : setting.variable);
      });
      if (setting.use == Use::refused) {
        EXPECT_TRUE(has(result.faults, setting.words)) << result.faults;
      } else {
        EXPECT_EQ(result.faults, "");
      }
      if (setting.use == Use::ignored || setting.use == Use::check) {
        EXPECT_TRUE(noted);
        EXPECT_FALSE(setting.words.empty());
      }
      if (setting.use != Use::imported) continue;
      const bool is_in = setting.is_switch
                             ? has(result.toml, setting.name == "sendEvents" ? "[[destination]]" : "tls_key")
                         : setting.name == "maxInboundPayloadSize" ? has(result.toml, "max_body_bytes = 1048576")
                         : setting.name == "baseUri"               ? has(result.toml, "http://b")
                                                                   : has(result.toml, given);
      EXPECT_TRUE(is_in || noted) << result.toml;
    }
  }
}

TEST(LdRelayImport, the_page_names_every_setting) {
  std::ifstream file(SLUICE_LD_RELAY_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(has(page.str(), fmt::format("**[{}", setting.section))) << setting.section;
    const bool has_name = setting.variable.ends_with('_');
    if (setting.variable.empty()) continue;
    EXPECT_TRUE(has(page.str(), fmt::format("`{}{}", setting.variable, has_name ? "" : "`"))) << setting.variable;
  }
}

TEST(LdRelayImport, switches_that_are_off_and_variables_that_docker_sets_ask_for_nothing) {
  const Imported result =
      imported(std::string("[Main]\nexitAlways = false\nbigSegmentsStaleAsDegraded = 0\n[DynamoDB]\n"
                           "enabled = false\n[AutoConfig]\nkey = \"\"\n") +
                   std::string(kShop),
               {{"REDIS_PORT", "tcp://172.17.0.2:6379"}, {"REDIS_HOST", "r"}, {"USE_REDIS", "0"}});
  EXPECT_EQ(result.faults, "");
  EXPECT_TRUE(result.notes.empty());
}

TEST(LdRelayImport, says_what_is_wrong_and_where) {
  const std::vector<std::pair<std::string, std::string_view>> cases = {
      {"", "relay.conf: There is no environment."},
      {"[Environment \"a\"]\n", "[Environment \"a\"]: The environment has no SDK key."},
      {"[Environment]\nsdkKey=a\n", "relay.conf, line 1: The section [environment] needs a name."},
      {"[Main \"x\"]\n", "relay.conf, line 1: The section [main] has no name beside it. Remove \"x\"."},
      {"[Mian]\nport = 1\n", "relay.conf, line 1: ld-relay has no section [mian]"},
      {"[Main]\nprot = 1\n", "relay.conf, line 2: ld-relay has no setting \"prot\" in the section [main]."},
      {"[Main]\nport = 0\n", "relay.conf, line 2, [Main] port: \"0\" is no port"},
      {"[Main]\nport = 8030x\n", "\"8030x\" is no port"},
      {"[Main]\nlogLevel = loud\n", "\"loud\" is no log level"},
      {"[Main]\nstreamUri = stream\n", "\"stream\" is no address"},
      {"[Main]\ntlsEnabled = maybe\n", "\"maybe\" is no switch"},
      {"[Main]\ntlsEnabled = true\n", "expected tlsCert and tlsKey"},
      {"[Main]\ntlsEnabled\ntlsCert=c\ntlsKey=k\ntlsMinVersion=1.3\n", "let a proxy in front of Sluice end TLS"},
      {"[Events]\nmaxInboundPayloadSize = many\n", "\"many\" is no size"},
      {"[Environment \"a\"]\nsdkKey=k\nenvId=earth\n", "\"earth\" is no client-side id; expected 24 hex digits."},
      {"[Redis]\nurl = redis://r\n", "relay.conf, line 2, [Redis] url: Sluice keeps flags in its own data directory"},
      {"[Main\n", "relay.conf: line 1, column 6: Expected ']'"},
  };
  for (const auto& [file, words] : cases)
    EXPECT_TRUE(has(imported(file).faults, words)) << file << imported(file).faults;
}

TEST(LdRelayImport, sizes_are_kept_within_what_sluice_accepts) {
  const auto size = [](std::string_view text) {
    return imported(std::string("[Events]\nmaxInboundPayloadSize = ").append(text).append("\n").append(kShop));
  };
  EXPECT_TRUE(has(size("70000B").toml, "max_body_bytes = 70000\n"));
  EXPECT_TRUE(has(size("1GiB").toml, "max_body_bytes = 67108864\n"));
  EXPECT_TRUE(has(size("1KiB").toml, "max_body_bytes = 65536\n"));
  EXPECT_TRUE(has(size("99EiB").toml, "max_body_bytes = 67108864\n"));
  EXPECT_EQ(size("1KiB").notes.size(), 1u);
  EXPECT_FALSE(has(size("0B").toml, "max_body_bytes"));
  for (const char* text : {"MiB", "1", "1MX", "-1B"}) EXPECT_TRUE(has(size(text).faults, "is no size")) << text;
}

TEST(LdRelayImport, names_become_keys_that_differ) {
  const Imported result = imported(
      "[Environment \"a b\"]\nsdkKey=1\n[Environment \"a/b\"]\nsdkKey=2\n[Environment \"..\"]\nsdkKey=3\n"
      "[Environment \"é\\\\\"]\nsdkKey=4\n");
  EXPECT_EQ(result.faults, "");
  for (const char* part : {"key = \"a-b\"\nname = \"a b\"", "key = \"a-b-2\"\nname = \"a/b\"", "name = \"é\\\\\""})
    EXPECT_TRUE(has(result.toml, part)) << part << result.toml;
}

TEST(LdRelayImport, what_a_person_has_to_do_comes_first) {
  const Imported result = imported(std::string(kShop) + "ttl = 5m\nsecureMode = true\n[Main]\nport = 8031\n");
  ASSERT_EQ(result.notes.size(), 3u);
  EXPECT_TRUE(result.notes[0].to_do && result.notes[1].to_do && !result.notes[2].to_do);
  EXPECT_TRUE(has(result.toml, "[admin]\nlisten = \"127.0.0.1:8032\""));
}

TEST(LdRelayImport, notes_name_the_admin_port_that_the_import_sets) {
  for (const auto& [port, admin] : {std::pair("8030", "8031"), std::pair("8031", "8032")}) {
    const Imported result =
        imported(std::string(kShop) + "[Main]\nport = " + port + "\n[Prometheus]\nenabled = true\n");
    const auto about_metrics = std::ranges::find_if(
        result.notes, [](const Note& note) { return note.text.find("/metrics") != std::string::npos; });
    ASSERT_NE(about_metrics, result.notes.end());
    EXPECT_NE(about_metrics->text.find("(admin.listen, 127.0.0.1:" + std::string(admin) + ")"), std::string::npos)
        << about_metrics->text;
  }
}

}  // namespace
}  // namespace sluice::ld_relay
