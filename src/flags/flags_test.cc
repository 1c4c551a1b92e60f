#include <gtest/gtest.h>

#include <algorithm>

#include "flags/flag_registry.h"
#include "flags/flag_store.h"
#include "storage/file_system_fake.h"

namespace sluice::flags {
namespace {

const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

catalog::CatalogSnapshot with(catalog::FlagExport choice) {
  catalog::Environment environment;
  environment.id = kEnvironment;
  environment.flag_export = std::move(choice);
  return {{}, {std::move(environment)}, {}};
}

TEST(FlagRegistry, a_flag_keeps_what_new_flags_were_given_when_it_was_first_seen) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.new_flags = false;
  registry.apply(with(choice));
  EXPECT_FALSE(registry.find(kEnvironment, "old", 1)->exported());
  choice.new_flags = true;
  registry.apply(with(choice));
  EXPECT_FALSE(registry.find(kEnvironment, "old", 2)->exported());
  EXPECT_TRUE(registry.find(kEnvironment, "new", 2)->exported());
}

TEST(FlagRegistry, the_flags_own_setting_goes_before_that_of_all_flags) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.all_flags = false;
  choice.flags["mine"].exported = true;
  registry.apply(with(choice));
  EXPECT_TRUE(registry.find(kEnvironment, "mine", 1)->exported());
  EXPECT_FALSE(registry.find(kEnvironment, "other", 1)->exported());
  EXPECT_FALSE(registry.new_flags_exported(kEnvironment));
  choice.all_flags = true;
  choice.flags["mine"].exported = false;
  registry.apply(with(choice));
  EXPECT_FALSE(registry.find(kEnvironment, "mine", 1)->exported());
  EXPECT_TRUE(registry.find(kEnvironment, "other", 1)->exported());
}

TEST(FlagRegistry, what_is_declared_or_read_is_in_force_for_flags_beyond_one_hold_of_the_lock) {
  constexpr std::size_t kMany = 3 * kFlagsPerHold + 1;
  FlagRegistry registry;
  std::vector<FlagDescription> described = {{"only told", "Told", {}}};
  for (std::size_t i = 0; i < kMany; ++i) {
    registry.find(kEnvironment, "f" + std::to_string(i), 1);
    described.push_back({"f" + std::to_string(i), "Flag " + std::to_string(i), {{"on", "true"}}});
  }
  registry.describe(kEnvironment, described);
  catalog::FlagExport choice;
  choice.all_flags = false;
  registry.apply(with(choice));
  const auto flags = registry.list(kEnvironment);
  ASSERT_EQ(flags.size(), kMany + 1);
  EXPECT_EQ(registry.lines(kEnvironment).size(), kMany + 1);
  for (const FlagFacts& flag : flags) {
    EXPECT_EQ(flag.exported, flag.key == "only told" ? registry.new_flags_exported(kEnvironment) : false) << flag.key;
    EXPECT_FALSE(flag.name.empty()) << flag.key;
    EXPECT_EQ(flag.names.size(), flag.key == "only told" ? 0u : 1u) << flag.key;
  }
  FlagRegistry again;
  ASSERT_TRUE(again.take_text(registry.text()));
  EXPECT_EQ(again.list(kEnvironment).size(), kMany + 1);
}

TEST(FlagRegistry, spellings_of_one_key_are_one_flag) {
  FlagRegistry registry;
  EXPECT_EQ(registry.find(kEnvironment, "a\\u0062c", 1), registry.find(kEnvironment, "abc", 1));
}

TEST(FlagRegistry, described_flags_are_known_before_they_are_seen_and_declared_names_go_first) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.new_flags = false;
  choice.flags["f"].variation_names = {"", "mine"};
  registry.apply(with(choice));
  registry.describe(kEnvironment, {{"f", "The flag", {{"off", "false"}, {"on", "true"}, {"", "null"}}}});
  ASSERT_EQ(registry.list(kEnvironment).size(), 1u);
  EXPECT_EQ(registry.list(kEnvironment)[0].name, "The flag");
  EXPECT_FALSE(registry.list(kEnvironment)[0].exported);
  FlagRegistry restarted;
  ASSERT_TRUE(restarted.take_text(registry.text()));
  restarted.apply(with(choice));
  FlagEntry* flag = restarted.find(kEnvironment, "f", 1);
  EXPECT_EQ(*flag->variation_name(0), "\"off\"");
  EXPECT_EQ(*flag->variation_name(1), "\"mine\"");
  EXPECT_EQ(flag->variation_name(2), nullptr);
  restarted.describe(kEnvironment, {});
  EXPECT_EQ(flag->variation_name(0), nullptr);
}

TEST(FlagRegistry, keeps_each_variation_with_the_value_first_seen_and_joins_its_name) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.flags["f"].variation_names = {"", "two \"columns\""};
  registry.apply(with(choice));
  FlagEntry* flag = registry.find(kEnvironment, "f", 1);
  flag->seen(5, 1, "{\"a\":1}");
  flag->seen(6, 1, "{\"a\":2}");
  flag->seen(7, 0, std::string(kMaxValueBytes + 1, '1'));
  flag->seen(8, -1, "null");
  flag->seen(9, 1'000'000, "null");
  EXPECT_EQ(flag->variation_name(0), nullptr);
  EXPECT_EQ(*flag->variation_name(1), "\"two \\\"columns\\\"\"");
  EXPECT_EQ(flag->variation_name(2), nullptr);
  const std::vector<FlagFacts> list = registry.list(kEnvironment);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].evaluations, 5u);
  EXPECT_EQ(list[0].last_seen_ms, 9);
  ASSERT_EQ(list[0].variations.size(), 2u);
  EXPECT_EQ(list[0].variations[0].value, "") << "too long to keep";
  EXPECT_EQ(list[0].variations[1].value, "{\"a\":1}");
}

TEST(FlagRegistry, remembers_a_limited_number_and_counts_the_rest) {
  FlagRegistry registry;
  for (std::size_t i = 0; i < kMaxFlags; ++i) ASSERT_NE(registry.find(kEnvironment, std::to_string(i), 1), nullptr);
  EXPECT_EQ(registry.find(kEnvironment, "one more", 1), nullptr);
  EXPECT_NE(registry.find(kEnvironment, "17", 1), nullptr);
  EXPECT_EQ(registry.forgotten(), 1u);
}

TEST(FlagRegistry, comes_back_from_its_text) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.new_flags = false;
  registry.apply(with(choice));
  registry.find(kEnvironment, "f", 1)->seen(5, 3, "\"blue\"");
  FlagRegistry other;
  ASSERT_TRUE(other.take_text(registry.text()));
  EXPECT_EQ(other.text(), registry.text());
  choice.new_flags = true;
  other.apply(with(choice));
  EXPECT_FALSE(other.find(kEnvironment, "f", 9)->exported());
}

TEST(FlagRegistry, lines_are_of_the_same_flags_as_the_list) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.flags["declared"].name = "Declared";
  choice.flags["seen"].name = "Seen and declared";
  choice.flags["switched"].exported = false;
  registry.apply(with(choice));
  registry.describe(kEnvironment, {{"seen", "told otherwise", {}}, {"read", "Read", {}}});
  registry.find(kEnvironment, "seen", 1)->seen(7, 0, "true");
  registry.find(kEnvironment, "bare", 1);
  std::vector<FlagLine> lines = registry.lines(kEnvironment);
  std::sort(lines.begin(), lines.end(), [](const FlagLine& a, const FlagLine& b) { return a.key < b.key; });
  const std::vector<FlagFacts> list = registry.list(kEnvironment);
  ASSERT_EQ(lines.size(), list.size());
  ASSERT_EQ(list.size(), 4u);
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(lines[i].key, list[i].key);
    EXPECT_EQ(lines[i].name, list[i].name);
    EXPECT_EQ(lines[i].evaluations, list[i].evaluations);
    EXPECT_EQ(lines[i].last_seen_ms, list[i].last_seen_ms);
  }
  EXPECT_TRUE(registry.lines(ObjectId()).empty());
}

TEST(FlagRegistry, a_key_longer_than_any_is_not_remembered) {
  FlagRegistry registry;
  EXPECT_TRUE(registry.find(kEnvironment, std::string(kMaxFlagKeyBytes, 'k'), 1));
  EXPECT_FALSE(registry.find(kEnvironment, std::string(kMaxFlagKeyBytes + 1, 'k'), 1));
  EXPECT_EQ(registry.forgotten(), 1u);
}

TEST(FlagRegistry, takes_nothing_from_a_text_that_is_not_its_own) {
  FlagRegistry registry;
  registry.find(kEnvironment, "f", 1);
  const std::string before = registry.text();
  for (const char* text :
       {"", "[1]", "{\"x\":[]}", "{\"578d1e02d2943862c52b9686\":[{}]}", "{\"578d1e02d2943862c52b9686\":[{\"key\":1}]}"})
    EXPECT_FALSE(registry.take_text(text)) << text;
  EXPECT_EQ(registry.text(), before);
}

TEST(FlagStore, keeps_the_registry_over_a_restart_and_sets_a_damaged_file_aside) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE(files.make_directory("/data"));
  std::string text;
  {
    FlagRegistry registry;
    const auto store = FlagStore::open("/data/flags.json", registry, files);
    ASSERT_TRUE(store);
    registry.find(kEnvironment, "f", 1)->seen(2, 0, "true");
    registry.find(kEnvironment, "f", 1)->summarized(3, 5);
    text = registry.text();
  }
  {
    FlagRegistry registry;
    ASSERT_TRUE(FlagStore::open("/data/flags.json", registry, files));
    EXPECT_EQ(registry.text(), text);
    EXPECT_EQ(registry.one(kEnvironment, "f")->summarized, 5u);
    EXPECT_EQ(registry.one(kEnvironment, "f")->last_summary_ms, 3);
  }
  ASSERT_TRUE((*files.open("/data/flags.json", false))->write_at(0, "?"));
  FlagRegistry registry;
  ASSERT_TRUE(FlagStore::open("/data/flags.json", registry, files));
  EXPECT_TRUE(registry.list(kEnvironment).empty());
  EXPECT_TRUE(files.open("/data/flags.json.damaged", false));
}

}  // namespace
}  // namespace sluice::flags
