#include "relay/flag_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "storage/file_system_fake.h"

namespace sluice::relay {
namespace {

const FlagStoreOwner kOwner{*ObjectId::parse("578d1e02d2943862c52b9681"), "web", "https://stream.example"};
constexpr auto kPath = "/data/relay/578d1e02d2943862c52b9681.flags";

FlagSnapshotPtr example() {
  FlagData data;
  EXPECT_TRUE(data.apply_document(R"({"flags":{"f":{"version":3}},"segments":{"s":{"version":1}}})", 1));
  EXPECT_TRUE(data.apply("delete", R"({"path":"/segments/s","version":2})", 1'795'416'000'123));
  return data.snapshot();
}

std::string hex_lines(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) text += fmt::format("{}{:04x} ", i == 0 ? "" : "\n", i);
    text += fmt::format(" {:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text + "\n";
}

TEST(FlagStoreFormat, is_what_the_page_says) {
  std::ifstream file(SLUICE_FLAG_STORE_FORMAT_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  const std::string example_on_page = "```hex example\n" + hex_lines(flag_store_bytes(kOwner, *example())) + "```";
  EXPECT_NE(page.str().find(example_on_page), std::string::npos) << example_on_page;
}

std::string shown(const FlagSnapshot& snapshot) {
  std::string text = std::to_string(snapshot.changed_ms);
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    for (const FlagItemPtr& item : snapshot.of(kind)) {
      text += fmt::format("\n{} {} {} {}", item_kind_name(kind), item->key, item->version, item->json);
      for (const TrackedVersion& one : item->tracked)
        text += fmt::format(" {}:{}/{}/{:x}", one.version, static_cast<int>(one.tracked.which), one.tracked.fallthrough,
                            one.tracked.rules);
    }
  return text + fmt::format("\n{} {} {} {}", snapshot.flag_count, snapshot.segment_count, snapshot.deleted_count,
                            snapshot.bytes);
}

FlagSnapshotPtr many_things() {
  FlagData data;
  EXPECT_TRUE(data.apply_document(
      R"({"flags":{"é":{"version":3,"trackEvents":true}, "a":{ "version":1 },"d":{"rules":[{},{"trackEvents":true}],"trackEventsFallthrough":true}},"segments":{"s":{"version":-7}}})",
      1));
  for (int version = 4; version < 14; ++version)
    EXPECT_TRUE(data.apply("patch", R"({"path":"/flags/é","data":{"version":)" + std::to_string(version) + "}}", 5));
  EXPECT_TRUE(data.apply("delete", R"({"path":"/flags/a","version":2})", 6));
  return data.snapshot();
}

TEST(FlagStoreFormat, what_is_written_is_read) {
  for (const FlagSnapshotPtr& snapshot : {example(), many_things(), std::make_shared<const FlagSnapshot>()}) {
    const auto read = read_flag_store(kOwner, flag_store_bytes(kOwner, *snapshot));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(shown(**read), shown(*snapshot));
  }
}

TEST(FlagStoreFormat, what_another_source_told_is_no_damage_and_is_not_read) {
  const std::string bytes = flag_store_bytes(kOwner, *example());
  const auto read = read_flag_store({kOwner.environment, kOwner.filter, "https://another.example"}, bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, nullptr);
}

std::string refused(std::string bytes, const FlagStoreOwner& owner = kOwner) {
  const auto read = read_flag_store(owner, bytes);
  return read ? "read" : read.error().message;
}
// With the checksum and the size that these bytes should have.
std::string sealed(std::string bytes) {
  store(bytes.data() + 16, static_cast<std::uint64_t>(bytes.size()));
  store(bytes.data() + 8, crc32c(bytes.data() + 12, bytes.size() - 12));
  return bytes;
}

TEST(FlagStoreFormat, every_flipped_bit_and_every_torn_end_is_found) {
  const std::string good = flag_store_bytes(kOwner, *many_things());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(refused(bad), "read") << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) ASSERT_NE(refused(good.substr(0, size)), "read") << size;
  EXPECT_EQ(refused("SLFLAGS1" + good.substr(8)), "it does not begin as a file of flag data does");
  EXPECT_EQ(refused(good + "x"), fmt::format("it has {} bytes, and says that it has {}", good.size() + 1, good.size()));
  EXPECT_EQ(refused(good.substr(0, good.size() - 1) + "!"), "its checksum does not hold");
}

TEST(FlagStoreFormat, what_is_sealed_but_wrong_is_found) {
  const std::string good = flag_store_bytes(kOwner, *example());
  constexpr std::size_t kFirst = 56 + 3, kSecond = kFirst + 16 + 18 + 1 + 13;
  const auto with = [&](std::size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return refused(sealed(bytes));
  };
  EXPECT_EQ(refused(sealed(good)), "read");
  EXPECT_EQ(refused(good, {kOwner.environment, ""}), "it is of another environment or filter");
  EXPECT_EQ(refused(good, {kOwner.environment, "wex"}), "it is of another environment or filter");
  EXPECT_EQ(refused(good, {{}, "web"}), "it is of another environment or filter");
  EXPECT_EQ(with(47, 1), "it is of another environment or filter");
  const std::string first = "its item 0 is not as it should be", second = "its item 1 is not as it should be";
  EXPECT_EQ(with(kFirst, 2), first);  // kind
  std::string flag_last = good;
  flag_last[kFirst] = 1;
  flag_last[kSecond] = 0;
  EXPECT_EQ(refused(sealed(flag_last)), second);
  EXPECT_EQ(with(kFirst + 1, 9), first);     // remembered versions
  EXPECT_EQ(with(kFirst + 2, 0), first);     // key
  EXPECT_EQ(with(kFirst + 3, 1), first);     // key beyond the end
  EXPECT_EQ(with(kFirst + 6, 1), first);     // JSON beyond the end
  EXPECT_EQ(with(kFirst + 8, 4), first);     // another version than in the JSON
  EXPECT_EQ(with(kFirst + 24, 4), first);    // what upstream tracks
  EXPECT_EQ(with(kFirst + 24, 3), first);    // some, and none of them
  EXPECT_EQ(with(kFirst + 25, 1), first);    // none, and the fallthrough
  EXPECT_EQ(with(kFirst + 33, 1), first);    // none, and a rule
  EXPECT_EQ(with(kFirst + 35, '['), first);  // JSON
  EXPECT_EQ(with(kSecond, 0), "read");       // a flag after a flag
  EXPECT_EQ(with(12, 1), "more follows behind its last item");
  EXPECT_EQ(with(12, 3), "its item 2 is not as it should be");
  std::string order = flag_store_bytes(kOwner, *many_things());
  order[order.find("d{")] = 'z';
  EXPECT_EQ(refused(sealed(order)), "read");  // "a", "z", "é"
  order[order.find("z{")] = 'a';
  EXPECT_EQ(refused(sealed(order)), second);
}

struct Disk {
  storage::FakeFileSystem files{1};
  FlagStore store{"/data/relay", {kOwner.environment, ""}, files};
  Disk() { EXPECT_TRUE(files.make_directory("/data")); }
};

TEST(FlagStore, the_last_state_comes_back) {
  Disk disk;
  EXPECT_EQ(disk.store.path(), kPath);
  EXPECT_EQ(disk.store.load()->snapshot, nullptr);
  ASSERT_TRUE(disk.store.save(*many_things()));
  ASSERT_TRUE(disk.store.save(*example()));
  const auto loaded = disk.store.load();
  ASSERT_TRUE(loaded && loaded->snapshot);
  EXPECT_EQ(loaded->damage, "");
  EXPECT_EQ(shown(*loaded->snapshot), shown(*example()));
  EXPECT_EQ(disk.files.paths(), std::vector<std::string>{kPath});
}

TEST(FlagStore, each_filter_has_its_own_file) {
  Disk disk;
  FlagStore web("/data/relay", kOwner, disk.files), app("/data/relay", {kOwner.environment, "app/../x"}, disk.files);
  EXPECT_EQ(web.path().size(), std::string(kPath).size() + 17);
  EXPECT_EQ(web.path().substr(0, 37), "/data/relay/578d1e02d2943862c52b9681-");
  EXPECT_NE(web.path(), app.path());
  EXPECT_EQ(app.path().find(".."), std::string::npos);
  ASSERT_TRUE(web.save(*example()));
  EXPECT_EQ(app.load()->snapshot, nullptr);
  EXPECT_NE(web.load()->snapshot, nullptr);
}

TEST(FlagStore, a_damaged_file_is_set_aside_and_told) {
  Disk disk;
  ASSERT_TRUE(disk.store.save(*example()));
  disk.files.flip(kPath, 60, 1);
  const auto loaded = disk.store.load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->snapshot, nullptr);
  EXPECT_EQ(loaded->damage, "its checksum does not hold");
  EXPECT_FALSE(disk.files.exists(kPath));
  EXPECT_TRUE(disk.files.exists(std::string(kPath) + ".damaged"));
  EXPECT_EQ(disk.store.load()->damage, "");
  ASSERT_TRUE(disk.store.save(*example()));
  EXPECT_NE(disk.store.load()->snapshot, nullptr);
}

TEST(FlagStore, a_file_that_is_too_large_is_set_aside_unread) {
  Disk disk;
  const FlagDataLimits limits{.bytes = 100, .items = 2, .key_bytes = 8, .deleted = 1};
  FlagStore small("/data/relay", {kOwner.environment, ""}, disk.files, limits);
  const std::size_t most = 100 + 3 * (16 + 72) + 65'536;
  disk.files.set_bytes(kPath, std::string(most, 'x'));
  EXPECT_EQ(small.load()->damage, "it does not begin as a file of flag data does");
  disk.files.set_bytes(kPath, std::string(most + 1, 'x'));
  disk.files.fail_read(".flags", 0);
  EXPECT_EQ(small.load()->damage, "it has 65,901 B; at most 65,900 B are read");
}

TEST(FlagStore, faults_of_the_disk_are_told) {
  Disk disk;
  ASSERT_TRUE(disk.store.save(*example()));
  disk.files.fail_read(".flags", 0);
  EXPECT_FALSE(disk.store.load());
  disk.files.heal_reads();
  disk.files.fail_write(0, storage::FileFault::no_space);
  EXPECT_FALSE(disk.store.save(*many_things()));
  disk.files.fail_sync(0, storage::FileFault::other);
  EXPECT_FALSE(disk.store.save(*many_things()));
  EXPECT_EQ(shown(*disk.store.load()->snapshot), shown(*example()));
  ASSERT_TRUE(disk.store.save(*many_things()));
  EXPECT_EQ(shown(*disk.store.load()->snapshot), shown(*many_things()));
}

TEST(FlagStore, a_power_cut_leaves_the_old_state_or_the_new_one) {
  Disk disk;
  ASSERT_TRUE(disk.store.save(*example()));
  std::vector<std::unique_ptr<storage::FakeFileSystem>> images;
  using Crash = storage::FakeFileSystem::Crash;
  disk.files.before_each_change([&] {
    for (const Crash crash : {Crash::lose_all, Crash::keep_all, Crash::keep_some})
      images.push_back(disk.files.after_crash(crash, images.size()));
  });
  ASSERT_TRUE(disk.store.save(*many_things()));
  disk.files.before_each_change({});
  ASSERT_GT(images.size(), 6u);
  bool old_state = false;
  for (const auto& image : images) {
    FlagStore after("/data/relay", {kOwner.environment, ""}, *image);
    const auto loaded = after.load();
    ASSERT_TRUE(loaded && loaded->snapshot);
    const std::string text = shown(*loaded->snapshot);
    EXPECT_TRUE(text == shown(*example()) || text == shown(*many_things()));
    old_state = old_state || text == shown(*example());
  }
  EXPECT_TRUE(old_state);
  const auto durable = disk.files.after_crash(Crash::lose_all, 1);
  EXPECT_EQ(shown(*FlagStore("/data/relay", {kOwner.environment, ""}, *durable).load()->snapshot),
            shown(*many_things()));
}

// Found by the simulation: killed between the renaming and its sync, then served by the next process, then undone by a
// power cut: SDKs got an older state.
TEST(FlagStore, what_was_loaded_outlives_a_power_cut) {
  using Crash = storage::FakeFileSystem::Crash;
  Disk disk;
  ASSERT_TRUE(disk.store.save(*example()));
  std::vector<std::unique_ptr<storage::FakeFileSystem>> killed;
  disk.files.before_each_change([&] { killed.push_back(disk.files.after_crash(Crash::keep_all, killed.size())); });
  ASSERT_TRUE(disk.store.save(*many_things()));
  disk.files.before_each_change({});
  bool new_state = false;
  for (const auto& image : killed) {
    const std::string served = shown(*FlagStore("/data/relay", {kOwner.environment, ""}, *image).load()->snapshot);
    new_state = new_state || served == shown(*many_things());
    const auto cut = image->after_crash(Crash::lose_all, 1);
    EXPECT_EQ(shown(*FlagStore("/data/relay", {kOwner.environment, ""}, *cut).load()->snapshot), served);
  }
  EXPECT_TRUE(new_state);
}

TEST(FlagStore, goes_with_its_environment) {
  Disk disk;
  ASSERT_TRUE(disk.store.remove());
  ASSERT_TRUE(disk.store.save(*example()));
  disk.files.set_bytes(std::string(kPath) + ".damaged", "x");
  disk.files.set_bytes(std::string(kPath) + ".new", "x");
  disk.files.set_bytes("/data/relay/other.flags", "x");
  ASSERT_TRUE(disk.store.remove());
  EXPECT_EQ(disk.files.paths(), std::vector<std::string>{"/data/relay/other.flags"});
  EXPECT_EQ(disk.files.after_crash(storage::FakeFileSystem::Crash::lose_all, 1)->paths(),
            std::vector<std::string>{"/data/relay/other.flags"});
}

TEST(FlagStore, a_sweep_removes_all_files_of_environments_that_are_not_kept_and_no_others) {
  Disk disk;
  const std::string gone = "/data/relay/578d1e02d2943862c52b9681", kept = "/data/relay/578d1e02d2943862c52b9682";
  const std::vector<std::string> of_environment = {".flags",
                                                   ".flags.new",
                                                   ".flags.damaged",
                                                   "-0123456789abcdef.flags",
                                                   "-0123456789abcdef.flags.new",
                                                   "-0123456789abcdef.flags.damaged"};
  std::vector<std::string> rest;
  for (const std::string& end : of_environment) {
    disk.files.set_bytes(gone + end, "x");
    disk.files.set_bytes(kept + end, "x");
    rest.push_back(kept + end);
  }
  for (const char* end : {"", ".flag", ".flags.old", "-0123.flags", "-0123456789abcdeg.flags", "0.flags"}) {
    disk.files.set_bytes(gone + end, "x");
    rest.push_back(gone + end);
  }
  const auto is_kept = [](ObjectId id) { return id != kOwner.environment; };
  EXPECT_EQ(sweep_flag_stores("/data/relay", disk.files, is_kept), std::vector{kOwner.environment});
  std::ranges::sort(rest);
  EXPECT_EQ(disk.files.paths(), rest);
  EXPECT_TRUE(sweep_flag_stores("/data/relay", disk.files, is_kept).empty());
}

}  // namespace
}  // namespace sluice::relay
