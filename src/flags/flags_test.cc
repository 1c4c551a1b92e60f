#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/clock_fake.h"
#include "base/worker_fake.h"
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

// All that the store saves, a line each, in order.
std::vector<std::string> saved(FlagRegistry& registry) {
  std::vector<std::string> lines;
  registry.save_all([&](std::string_view line) { lines.emplace_back(line); });
  std::sort(lines.begin(), lines.end());
  return lines;
}
void load(FlagRegistry& registry, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) ASSERT_TRUE(registry.load_line(line)) << line;
}

struct Line {
  std::string key;
  FlagLine line;
};
// By key.
std::vector<Line> lines_of(const FlagRegistry& registry, ObjectId environment) {
  std::vector<Line> lines;
  registry.each_line(environment, [&](const FlagLine& line) { lines.push_back({std::string(line.key), line}); });
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.key < b.key; });
  return lines;
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
  EXPECT_EQ(lines_of(registry, kEnvironment).size(), kMany + 1);
  for (const FlagFacts& flag : flags) {
    EXPECT_EQ(flag.exported, flag.key == "only told" ? registry.new_flags_exported(kEnvironment) : false) << flag.key;
    EXPECT_FALSE(flag.name.empty()) << flag.key;
    EXPECT_EQ(flag.names.size(), flag.key == "only told" ? 0u : 1u) << flag.key;
  }
  FlagRegistry again;
  load(again, saved(registry));
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
  load(restarted, saved(registry));
  restarted.apply(with(choice));
  const auto flag = restarted.find(kEnvironment, "f", 1);
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
  const auto flag = registry.find(kEnvironment, "f", 1);
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

FlagLimits small_limits() {
  FlagLimits limits;
  limits.share_bytes = {100'000, 50'000, 20'000};
  limits.all_share_bytes = {150'000, 60'000, 30'000};
  return limits;
}
std::uint64_t bytes_of(const FlagRegistry& registry) {
  std::uint64_t sum = 0;
  for (const FlagUsage& share : registry.usage()) sum += share.bytes;
  return sum;
}

TEST(FlagRegistry, is_never_full_the_oldest_make_room_and_are_counted) {
  FlagRegistry registry(small_limits());
  for (int i = 0; i < 10'000; ++i) ASSERT_NE(registry.find(kEnvironment, "f" + std::to_string(i), 1), nullptr);
  EXPECT_LE(bytes_of(registry), 100'000u);
  EXPECT_GT(bytes_of(registry), 90'000u);
  EXPECT_TRUE(registry.one(kEnvironment, "f9999"));
  EXPECT_FALSE(registry.one(kEnvironment, "f0"));
  const FlagUsages usage = registry.usage();
  EXPECT_EQ(usage[0].evicted + registry.list(kEnvironment).size(), 10'000u);
  EXPECT_EQ(registry.evicted(), usage[0].evicted);
  EXPECT_EQ(registry.forgotten(), 0u);
}

TEST(FlagRegistry, as_many_flags_of_two_variations_fit_as_the_limits_promise) {
  FlagRegistry registry;
  const std::pair<CredentialKind, int> promised[] = {
      {CredentialKind::sdk_key, 50'000}, {CredentialKind::mobile_key, 10'000}, {CredentialKind::client_side_id, 5'000}};
  std::size_t all = 0;
  for (const auto& [credential, count] : promised) {
    all += static_cast<std::size_t>(count);
    for (int i = 0; i < count; ++i) {
      const auto flag =
          registry.find(kEnvironment, fmt::format("{}-checkout-{}", static_cast<int>(credential), i), 1, credential);
      ASSERT_NE(flag, nullptr);
      flag->seen(1, 0, "false");
      flag->seen(1, 1, "true");
    }
  }
  EXPECT_EQ(registry.evicted() + registry.forgotten(), 0u);
  for (const FlagUsage& usage : registry.usage()) EXPECT_EQ(usage.values_not_kept, 0u);
  EXPECT_EQ(lines_of(registry, kEnvironment).size(), all);
}

TEST(FlagRegistry, who_knows_a_public_id_displaces_nothing_that_was_seen_with_a_key) {
  FlagRegistry registry(small_limits());
  const auto real = registry.find(kEnvironment, "real", 1, CredentialKind::sdk_key);
  registry.find(kEnvironment, "upgraded", 1, CredentialKind::client_side_id);
  registry.find(kEnvironment, "upgraded", 2, CredentialKind::sdk_key);
  for (int i = 0; i < 10'000; ++i)
    registry.find(kEnvironment, "f" + std::to_string(i), 1, CredentialKind::client_side_id)->seen(1, 0, "true");
  EXPECT_FALSE(real->gone());
  EXPECT_TRUE(registry.one(kEnvironment, "upgraded"));
  EXPECT_LE(registry.usage()[2].bytes, 20'000u);
  EXPECT_GT(registry.usage()[2].evicted, 9'000u);
  EXPECT_EQ(registry.usage()[0].evicted, 0u);
}

TEST(FlagRegistry, a_flag_that_is_seen_again_and_again_stays_while_others_come_and_go) {
  FlagRegistry registry(small_limits());
  for (int i = 0; i < 10'000; ++i) {
    registry.find(kEnvironment, "busy", 1, CredentialKind::client_side_id)->seen(i, 0, "true");
    registry.find(kEnvironment, "f" + std::to_string(i), 1, CredentialKind::client_side_id)->seen(1, 0, "true");
  }
  EXPECT_EQ(registry.one(kEnvironment, "busy")->evaluations, 10'000u);
}

TEST(FlagRegistry, values_of_variations_count_and_stop_at_the_share) {
  FlagRegistry registry(small_limits());
  for (int i = 0; i < 5'000; ++i) {
    const auto flag = registry.find(kEnvironment, "f" + std::to_string(i), 1, CredentialKind::client_side_id);
    ASSERT_NE(flag, nullptr);
    for (int v = 0; v < 64; ++v) flag->seen(1, v, std::string(250, 'v'));
  }
  EXPECT_LE(registry.usage()[2].bytes, 20'000u);
  EXPECT_GT(registry.usage()[2].values_not_kept, 0u);
}

TEST(FlagRegistry, all_environments_together_are_bounded_too) {
  FlagRegistry registry(small_limits());
  for (std::uint8_t e = 0; e < 20; ++e) {
    ObjectId environment;
    environment.bytes[0] = e;
    for (int i = 0; i < 100; ++i) registry.find(environment, "f" + std::to_string(i), 1);
  }
  EXPECT_LE(bytes_of(registry), 150'000u);
  EXPECT_GT(registry.forgotten(), 0u);
}

TEST(FlagRegistry, a_flag_that_its_owner_has_chosen_never_goes_and_is_always_remembered) {
  FlagRegistry registry(small_limits());
  catalog::FlagExport choice;
  choice.new_flags = false;
  choice.flags["first"].exported = true;
  registry.apply(with(choice));
  const auto first = registry.find(kEnvironment, "first", 1, CredentialKind::client_side_id);
  for (int i = 0; i < 1'000; ++i)
    registry.find(kEnvironment, "f" + std::to_string(i), 1, CredentialKind::client_side_id);
  EXPECT_FALSE(first->gone());
  choice.flags["checkout"].exported = true;  // chosen when the registry is full
  registry.apply(with(choice));
  const auto checkout = registry.find(kEnvironment, "checkout", 2, CredentialKind::client_side_id);
  ASSERT_NE(checkout, nullptr);
  EXPECT_TRUE(checkout->exported());
  for (int i = 0; i < 1'000; ++i)
    registry.find(kEnvironment, "g" + std::to_string(i), 1, CredentialKind::client_side_id);
  EXPECT_FALSE(checkout->gone());
}

TEST(FlagRegistry, a_flag_that_is_exported_otherwise_than_new_ones_stays) {
  FlagRegistry registry(small_limits());
  catalog::FlagExport choice;
  choice.new_flags = true;
  registry.apply(with(choice));
  registry.find(kEnvironment, "wanted", 1);
  choice.new_flags = false;
  registry.apply(with(choice));
  for (int i = 0; i < 10'000; ++i) registry.find(kEnvironment, "f" + std::to_string(i), 1);
  EXPECT_TRUE(registry.find(kEnvironment, "wanted", 2)->exported());
}

TEST(FlagRegistry, an_owners_choice_holds_for_a_flag_of_which_nothing_is_remembered) {
  catalog::FlagExport choice;
  choice.new_flags = false;
  choice.flags["abc"].exported = true;
  choice.flags["named"].name = "no choice";
  EXPECT_TRUE(exported_by_choice(choice, "abc"));
  EXPECT_TRUE(exported_by_choice(choice, "a\\u0062c"));
  EXPECT_FALSE(exported_by_choice(choice, "named"));
  EXPECT_FALSE(exported_by_choice(choice, "other"));
  choice.all_flags = true;
  choice.flags["abc"].exported = false;
  EXPECT_FALSE(exported_by_choice(choice, "abc"));
  EXPECT_TRUE(exported_by_choice(choice, "other"));
}

TEST(FlagRegistry, comes_back_from_its_lines) {
  FlagRegistry registry;
  catalog::FlagExport choice;
  choice.new_flags = false;
  registry.apply(with(choice));
  registry.find(kEnvironment, "f", 1, CredentialKind::mobile_key)->seen(5, 3, "\"blue\"");
  FlagRegistry other;
  load(other, saved(registry));
  EXPECT_EQ(saved(other), saved(registry));
  choice.new_flags = true;
  other.apply(with(choice));
  EXPECT_FALSE(other.find(kEnvironment, "f", 9)->exported());
}

TEST(FlagRegistry, saves_what_changed_and_numbers_only_when_asked) {
  FlagRegistry registry;
  const auto changed = [&](bool counts) {
    std::string lines;
    registry.save_changed(counts, [&](std::string_view line) { lines += line; });
    return std::count(lines.begin(), lines.end(), '\n');
  };
  const auto flag = registry.find(kEnvironment, "f", 1);
  registry.find(kEnvironment, "g", 1);
  EXPECT_EQ(changed(false), 2);
  EXPECT_EQ(changed(true), 0);
  flag->seen(2, 0, "true");
  EXPECT_EQ(changed(false), 1) << "a new variation";
  flag->seen(3, 0, "true");
  EXPECT_EQ(changed(false), 0);
  EXPECT_EQ(changed(true), 1);
  registry.describe(kEnvironment, {{"f", "F", {}}, {"h", "H", {}}});
  EXPECT_EQ(changed(false), 2);
  registry.describe(kEnvironment, {{"h", "H", {}}});
  EXPECT_EQ(changed(false), 2) << "that those of before are void, and the new one";
  EXPECT_EQ(changed(true), 0);
}

TEST(FlagRegistry, loads_the_json_of_sluice_0_1) {
  FlagRegistry registry;
  ASSERT_TRUE(registry.load_json(
      R"({"578d1e02d2943862c52b9686":{"described":[{"key":"d","name":"D","variations":[["on","true"]]}],"seen":[{"key":"f",)"
      R"("exportedWhenNew":false,"firstSeen":1,"lastSeen":2,"evaluations":3,"variations":[[0,"true",3]]}]}})"));
  EXPECT_EQ(registry.one(kEnvironment, "f")->evaluations, 3u);
  EXPECT_FALSE(registry.one(kEnvironment, "f")->exported);
  EXPECT_EQ(registry.one(kEnvironment, "f")->variations.at(0).value, "true");
  EXPECT_EQ(registry.one(kEnvironment, "d")->name, "D");
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
  const std::vector<Line> lines = lines_of(registry, kEnvironment);
  const std::vector<FlagFacts> list = registry.list(kEnvironment);
  ASSERT_EQ(lines.size(), list.size());
  ASSERT_EQ(list.size(), 4u);
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(lines[i].key, list[i].key);
    EXPECT_EQ(lines[i].line.name, list[i].name);
    EXPECT_EQ(lines[i].line.evaluations, list[i].evaluations);
    EXPECT_EQ(lines[i].line.last_seen_ms, list[i].last_seen_ms);
  }
  EXPECT_TRUE(lines_of(registry, ObjectId()).empty());
}

TEST(FlagRegistry, a_key_longer_than_any_is_not_remembered) {
  FlagRegistry registry;
  EXPECT_TRUE(registry.find(kEnvironment, std::string(kMaxFlagKeyBytes, 'k'), 1));
  EXPECT_FALSE(registry.find(kEnvironment, std::string(kMaxFlagKeyBytes + 1, 'k'), 1));
  EXPECT_EQ(registry.forgotten(), 1u);
}

TEST(FlagRegistry, loads_nothing_from_a_text_that_is_not_its_own) {
  FlagRegistry registry;
  registry.find(kEnvironment, "f", 1);
  const auto before = saved(registry);
  for (const char* text :
       {"", "[1]", "{\"x\":[]}", "{\"578d1e02d2943862c52b9686\":[{}]}", "{\"578d1e02d2943862c52b9686\":[{\"key\":1}]}",
        R"({"environment":"x","flag":{}})", R"({"environment":"578d1e02d2943862c52b9686"})",
        R"({"environment":"578d1e02d2943862c52b9686","flag":{"key":"k"}})"}) {
    EXPECT_FALSE(registry.load_json(text)) << text;
    EXPECT_FALSE(registry.load_line(text)) << text;
  }
  EXPECT_EQ(saved(registry), before);
}

class FlagStoreTest : public testing::Test {
 protected:
  FlagStoreTest() { EXPECT_TRUE(files_.make_directory("/data")); }
  // Runs a store over a registry, from open to close.
  std::vector<std::string> after(const std::function<void(FlagRegistry&)>& act = [](FlagRegistry&) {}) {
    FlagRegistry registry;
    const auto store = FlagStore::open("/data", registry, files_);
    EXPECT_TRUE(store);
    act(registry);
    (*store)->close();
    return saved(registry);
  }
  storage::FakeFileSystem files_{1};
};

TEST_F(FlagStoreTest, keeps_the_registry_over_a_restart) {
  const auto before = after([](FlagRegistry& registry) {
    registry.find(kEnvironment, "f", 1)->seen(2, 0, "true");
    registry.find(kEnvironment, "f", 1)->summarized(3, 5);
    registry.describe(kEnvironment, {{"f", "F", {{"on", "true"}}}});
  });
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(after(), before);
  EXPECT_EQ(after([](FlagRegistry& registry) { registry.find(kEnvironment, "g", 1); }).size(), 3u);
  EXPECT_EQ(after([](FlagRegistry& registry) { registry.describe(kEnvironment, {{"h", "H", {}}}); }).size(), 3u);
  EXPECT_EQ(after().size(), 3u);
}

TEST_F(FlagStoreTest, a_file_that_a_crash_cut_or_that_is_damaged_loses_only_those_lines) {
  after([](FlagRegistry& registry) {
    registry.find(kEnvironment, "f", 1);
    registry.find(kEnvironment, "g", 1);
  });
  const std::string whole = files_.bytes("/data/flags.ndjson");
  files_.set_bytes("/data/flags.ndjson", whole.substr(0, whole.size() - 3));
  EXPECT_EQ(after().size(), 1u);
  EXPECT_FALSE(files_.exists("/data/flags.ndjson.damaged"));
  files_.set_bytes("/data/flags.ndjson", "?\n" + whole);
  EXPECT_EQ(after().size(), 2u);
  EXPECT_TRUE(files_.exists("/data/flags.ndjson.damaged"));
  files_.set_bytes("/data/flags.ndjson", std::string(5 << 20, 'x') + "\n" + whole);
  EXPECT_EQ(after().size(), 2u);
}

TEST_F(FlagStoreTest, takes_over_the_file_of_sluice_0_1_and_sets_one_aside_that_is_too_large_or_damaged) {
  const std::string old =
      R"({"578d1e02d2943862c52b9686":{"described":[],"seen":[{"key":"f","exportedWhenNew":true,"firstSeen":1,)"
      R"("lastSeen":2,"evaluations":3,"variations":[]}]}})";
  files_.set_bytes("/data/flags.json", old);
  EXPECT_EQ(after().size(), 1u);
  EXPECT_EQ(files_.bytes("/data/flags.json"), old);
  ASSERT_TRUE(files_.remove("/data/flags.ndjson"));
  files_.set_bytes("/data/flags.json", std::string(kMaxOldFlagFileBytes + 1, ' '));
  EXPECT_EQ(after().size(), 0u);
  EXPECT_TRUE(files_.exists("/data/flags.json.too-large"));
  ASSERT_TRUE(files_.remove("/data/flags.ndjson"));
  files_.set_bytes("/data/flags.json", "?");
  EXPECT_EQ(after().size(), 0u);
  EXPECT_TRUE(files_.exists("/data/flags.json.damaged"));
}

TEST_F(FlagStoreTest, tells_as_long_as_it_cannot_save) {
  FlagRegistry registry;
  ManualClock clock;
  ManualWorkers workers(clock);
  const auto store = FlagStore::open("/data", registry, files_, workers);
  files_.fail_write(0, storage::FileFault::no_space);
  registry.find(kEnvironment, "f", 1);
  workers.run_for_us(kFlagStoreIntervalMs * 1000 / 2);
  ASSERT_EQ(files_.unsaved().all().size(), 1u);
  EXPECT_EQ(files_.unsaved().all()[0].kind, storage::UnsavedKind::seen_flags);
  workers.run_for_us(kFlagStoreIntervalMs * 1000);
  EXPECT_TRUE(files_.unsaved().all().empty());
}

// A start without them is possible, and the error says how.
TEST_F(FlagStoreTest, that_the_disk_does_not_read_says_how_to_start_without_it) {
  after([](FlagRegistry& registry) { registry.find(kEnvironment, "f", 1); });
  files_.fail_read("/data/flags.ndjson", 0);
  FlagRegistry registry;
  const auto store = FlagStore::open("/data", registry, files_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("mv /data/flags.ndjson /data/flags.ndjson.aside"), std::string::npos)
      << store.error().message;
}

TEST_F(FlagStoreTest, its_file_is_bounded_as_the_registry_is) {
  FlagLimits limits;
  limits.share_bytes = limits.all_share_bytes = {200'000, 200'000, 200'000};
  FlagRegistry registry(limits);
  ManualClock clock;
  ManualWorkers workers(clock);
  const auto store = FlagStore::open("/data", registry, files_, workers);
  std::uint64_t largest = 0;
  for (int i = 0; i < 60'000; ++i) {
    registry.find(kEnvironment, "f" + std::to_string(i), 1)->seen(1, 0, "true");
    if (i % 200 != 0) continue;
    workers.run_for_us(kFlagStoreIntervalMs * 1000);
    largest = std::max<std::uint64_t>(largest, files_.bytes("/data/flags.ndjson").size());
  }
  EXPECT_LT(largest, 2 * 200'000 + kFlagFileSlackBytes + 200'000);
  EXPECT_GT(largest, kFlagFileSlackBytes);
}

}  // namespace
}  // namespace sluice::flags
