#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/declared.h"
#include "catalog/destination_kinds_fake.h"
#include "catalog/fields.h"

namespace sluice::catalog {
namespace {

std::shared_ptr<const CatalogSnapshot> read(std::string_view text, config::ConfigFaults& faults) {
  config::TomlTable root = config::TomlTable::parse(text, "sluice.toml", faults);
  auto snapshot = read_declared_catalog(root, fake_kinds());
  root.refuse_unknown();
  return snapshot;
}

constexpr std::string_view kWhole = R"(
[[project]]
key = "web"
id = "5744c96707c9900708000004"
[[environment]]
project = "web"
key = "production"
id = "578d1e02d2943862c52b9686"
sdk_keys = ["sdk-1", "sdk-old"]
mobile_keys = ["mob-1"]
[[destination]]
name = "flags"
project = "web"
environment = "production"
target = "lake"
kinds = ["feature", "summary"]
linger = "10 ms"
)";

TEST(DeclaredCatalog, finds_an_environment_by_each_of_its_credentials) {
  config::ConfigFaults faults;
  const auto catalog = read(kWhole, faults);
  ASSERT_TRUE(faults.empty()) << faults.text();
  const Environment* environment = catalog->by_sdk_key("sdk-1");
  ASSERT_NE(environment, nullptr);
  EXPECT_EQ(environment, catalog->by_sdk_key("sdk-old"));
  EXPECT_EQ(environment, catalog->by_mobile_key("mob-1"));
  EXPECT_EQ(environment, catalog->by_client_side_id("578d1e02d2943862c52b9686"));
  EXPECT_EQ(catalog->by_sdk_key("mob-1"), nullptr);
  EXPECT_EQ(catalog->by_sdk_key("sdk-"), nullptr);
  const Destination& destination = catalog->destinations().at(0);
  EXPECT_TRUE(destination.kinds.has(event::EventKind::summary));
  EXPECT_FALSE(destination.kinds.has(event::EventKind::custom));
  EXPECT_EQ(destination.settings.as<FakeSettings>().linger_ms, 10);
  EXPECT_EQ(destination.kind, "pipe");
  EXPECT_EQ(destination.target, "target lake");
  EXPECT_EQ(destination.environment_id, environment->id);
}

TEST(Catalog, an_environment_keeps_originals_for_a_destination_that_is_set_aside) {
  Environment environment;
  environment.id = *ObjectId::parse("578d1e02d2943862c52b9686");
  Catalog catalog;
  const CatalogSnapshot snapshot({}, {environment}, {});
  EXPECT_FALSE(catalog.keeps_originals(environment));
  catalog.keep_originals_of({environment.id});
  EXPECT_TRUE(catalog.keeps_originals(environment));
  EXPECT_TRUE(catalog.keeps_originals(snapshot));
  environment.id = *ObjectId::parse("578d1e02d2943862c52b9687");
  EXPECT_FALSE(catalog.keeps_originals(environment));
  catalog.keep_originals_of({});
  EXPECT_FALSE(catalog.keeps_originals(snapshot));
}

TEST(CatalogSnapshot, an_environment_keeps_originals_while_a_destination_of_it_wants_them) {
  std::vector<Environment> environments(2);
  environments[0].id = *ObjectId::parse("578d1e02d2943862c52b9681");
  environments[1].id = *ObjectId::parse("578d1e02d2943862c52b9682");
  environments[0].keeps_originals = true;  // as of a snapshot before
  Destination destination;
  destination.environment_id = environments[1].id;
  EXPECT_FALSE(CatalogSnapshot({}, environments, std::vector{destination}).keeps_originals());
  destination.on = false;
  destination.wants_originals = true;
  const CatalogSnapshot first({}, environments, std::vector{Destination{}, destination});
  const CatalogSnapshot second({}, environments, first);
  for (const CatalogSnapshot* catalog : {&first, &second}) {
    EXPECT_FALSE(catalog->environment(environments[0].id)->keeps_originals);
    EXPECT_TRUE(catalog->environment(environments[1].id)->keeps_originals);
    EXPECT_TRUE(catalog->keeps_originals());
  }
}

TEST(DeclaredCatalog, settings_that_a_kind_does_not_support_are_refused_with_its_reason) {
  for (const char* line : {"kinds = [\"custom\"]", "never_flags = [\"a\"]", "sample_one_in = 10",
                           "drop_attributes = [\"email\"]", "add_fields = [\"sdk\"]", "start = \"oldest\""}) {
    std::string text(kWhole);
    text.replace(text.find("kinds = [\"feature\", \"summary\"]"), 30, line);
    config::ConfigFaults of_pipe, of_copy;
    read(text, of_pipe);
    EXPECT_TRUE(of_pipe.empty()) << of_pipe.text();
    text.replace(text.find("target ="), 8, "kind = \"copy\"\ntarget =");
    read(text, of_copy);
    EXPECT_EQ(of_copy.all().size(), 1u) << line << "\n" << of_copy.text();
    EXPECT_NE(of_copy.text().find("the kind copy"), std::string::npos) << of_copy.text();
    EXPECT_NE(of_copy.text().find("It copies."), std::string::npos) << of_copy.text();
  }
}

TEST(KindSettings, are_equal_when_their_kind_says_so) {
  const KindSettings lake = KindSettings::of(FakeSettings{"lake", 50});
  EXPECT_EQ(lake, KindSettings::of(FakeSettings{"lake", 50}));
  EXPECT_NE(lake, KindSettings::of(FakeSettings{"sea", 50}));
  EXPECT_NE(lake, KindSettings::of(50)) << "of another kind";
  EXPECT_NE(lake, KindSettings());
  EXPECT_EQ(KindSettings(), KindSettings());
}

TEST(DeclaredCatalog, derives_ids_that_stay_the_same) {
  EXPECT_EQ(derived_id("project", "web").hex(), derived_id("project", "web").hex());
  EXPECT_NE(derived_id("project", "web"), derived_id("environment", "web"));
  EXPECT_EQ(derived_id("project", "web").hex(), "0b899d80a37693a6b466930a");
}

TEST(DeclaredCatalog, tells_every_fault) {
  config::ConfigFaults faults;
  read(R"(
[[project]]
key = "web shop"
[[environment]]
project = "nowhere"
key = "production"
sdk_keys = ["sdk-1234", "sdk-1234"]
[[destination]]
name = "flags"
project = "web"
environment = "production"
id = "xyz"
start = "yesterday"
kinds = ["features"]
linger = "2 h"
traget = "flags"
)",
       faults);
  const std::string text = faults.text();
  for (const char* part :
       {"line 3, project \"web shop\", key:\n    \"web shop\" is not a key",
        "There is no [[project]] with the key \"nowhere\"", "ends in …1234 is declared twice",
        "There is no [[environment]] with the key \"production\" in the project \"web\"", "\"xyz\" is not an id",
        "\"yesterday\" is not a place to start", "\"features\" is not a kind of event", "\"2 h\" is not valid",
        "target:\n    It is missing", "Did you mean target?"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(DeclaredCatalog, of_a_kind_that_does_not_exist_only_the_kind_is_refused) {
  config::ConfigFaults faults;
  std::string text(kWhole);
  text += "\n[[destination]]\nname = \"x\"\nproject = \"web\"\nenvironment = \"production\"\nkind = \"" +
          std::string(500, 'k') + "\"\nbucket = \"b\"\n";
  read(text, faults);
  ASSERT_EQ(faults.all().size(), 1u) << faults.text();
  EXPECT_NE(faults.text().find("kkk…\" is not a kind of destination; expected \"pipe\" or \"copy\""), std::string::npos)
      << faults.text();
}

TEST(DeclaredCatalog, refuses_names_that_lists_cannot_show) {
  for (const std::string& name :
       {std::string(257, 'n'), std::string("a\\nb"), std::string("a\\u202eb"), std::string("\\t")}) {
    config::ConfigFaults faults;
    read(fmt::format("[[project]]\nkey = \"web\"\nname = \"{}\"\n", name), faults);
    ASSERT_EQ(faults.all().size(), 1u) << name;
    EXPECT_EQ(faults.all()[0].field, "name");
    EXPECT_TRUE(faults.all()[0].when_saved);
  }
  EXPECT_EQ(fault_of_name(std::string(256, 'n')), "");
  EXPECT_EQ(fault_of_name("Zürich – 東京"), "");
}

TEST(DeclaredCatalog, refuses_keys_of_dots_alone) {
  config::ConfigFaults faults;
  read("[[project]]\nkey = \"..\"\n[[environment]]\nproject = \"..\"\nkey = \".\"\n", faults);
  ASSERT_EQ(faults.all().size(), 2u) << faults.text();
  EXPECT_NE(faults.all()[0].message.find("not of dots alone"), std::string::npos) << faults.text();
}

TEST(DeclaredCatalog, names_only_the_kinds_that_a_destination_can_select) {
  for (const char* kind : {"original", "(original)", "(unusable)"}) {
    config::ConfigFaults faults;
    std::string text(kWhole);
    text.replace(text.find("\"summary\""), 9, fmt::format("\"{}\"", kind));
    read(text, faults);
    EXPECT_NE(faults.text().find(fmt::format("\"{}\" is not a kind of event; expected feature, ", kind)),
              std::string::npos)
        << faults.text();
    EXPECT_NE(faults.text().find("migration_op, or other"), std::string::npos) << faults.text();
  }
}

TEST(Catalog, tells_listeners_of_each_snapshot) {
  Catalog catalog;
  EXPECT_EQ(catalog.current(), nullptr);
  int calls = 0;
  catalog.subscribe([&](const CatalogPointer& snapshot) { calls += snapshot != nullptr; });
  config::ConfigFaults faults;
  catalog.publish(read(kWhole, faults));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(catalog.revision(), 1u);
  EXPECT_NE(catalog.current(), nullptr);
}

TEST(DeclaredCatalog, refuses_keys_that_no_sdk_could_send) {
  for (const char* key : {" sdk-12345", "sdk-12345\\n", "sdk 12345", "sdk-1234\u00e9"}) {
    config::ConfigFaults faults;
    read(
        fmt::format("[[project]]\nkey = \"web\"\n[[environment]]\nproject = \"web\"\nkey = \"a\"\nsdk_keys = [\"{}\"]\n"
                    "mobile_keys = [\"{}\"]\n",
                    key, key),
        faults);
    EXPECT_NE(faults.text().find("can never match"), std::string::npos) << key << ": " << faults.text();
    EXPECT_EQ(faults.text().find("12345"), std::string::npos) << "a key is shown to nobody";
  }
}

}  // namespace
}  // namespace sluice::catalog
