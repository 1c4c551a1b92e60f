#include "export/dead_letter_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/clock.h"
#include "event/entry.h"
#include "export/limits.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

constexpr const char* kFirst = "/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson";
constexpr std::array<std::uint64_t, kCredentialKinds> kSmallShares = {20'000, 8'000, 4'000};

class DeadLetterFileTest : public testing::Test {
 protected:
  DeadLetterFileTest() { open(); }
  void open() {
    letters_ = std::make_unique<DeadLetterFile>(kFirst, *ObjectId::parse("610addeadbeefaa86ec9a7d4"), files_, clock_,
                                                kSmallShares);
  }
  Result<void> keep(CredentialKind credential, int number, std::size_t bytes = 500) {
    event::EntryWriter writer;
    event::PayloadSource source;
    source.credential = credential;
    writer.begin(ObjectId{}, ObjectId{}, 0, source);
    auto chunk = std::make_shared<journal::JournalChunk>();
    writer.finish(chunk->buffer);
    auto entry = std::make_shared<OutboundEntry>();
    entry->view = *event::EntryView::open(chunk->buffer);
    entry->chunk = std::move(chunk);
    OutboundEvent event;
    event.entry = std::move(entry);
    const std::string record = R"({"id":")" + std::to_string(number) + R"(","pad":")" + std::string(bytes, 'x') + "\"}";
    return letters_->keep(std::array{RejectedEvent{event, {"Code", "reason", record}}});
  }
  bool holds(int number) {
    for (const std::string& path : dead_letter_paths(kFirst))
      if (files_.exists(path) &&
          files_.bytes(path).find("\"id\":\"" + std::to_string(number) + '"') != std::string::npos)
        return true;
    return false;
  }
  std::uint64_t bytes() {
    std::uint64_t sum = 0;
    for (const std::string& path : dead_letter_paths(kFirst))
      if (files_.exists(path)) sum += files_.bytes(path).size();
    return sum;
  }
  std::uint64_t rotated(CredentialKind credential) {
    return letters_->rotated_out()[static_cast<std::size_t>(credential)].letters;
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  std::unique_ptr<DeadLetterFile> letters_;
};

TEST_F(DeadLetterFileTest, is_never_full_the_oldest_make_room_and_are_counted) {
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(keep(CredentialKind::client_side_id, i));
  EXPECT_LE(bytes(), kSmallShares[2]);
  EXPECT_TRUE(holds(999));
  EXPECT_FALSE(holds(0));
  std::uint64_t kept = 0;
  for (const std::string& path : dead_letter_paths(kFirst)) {
    const std::string text = files_.exists(path) ? files_.bytes(path) : std::string();
    kept += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  }
  EXPECT_EQ(rotated(CredentialKind::client_side_id) + kept, 1000u);
}

TEST_F(DeadLetterFileTest, who_knows_a_public_id_displaces_nothing_that_came_with_a_key) {
  ASSERT_TRUE(keep(CredentialKind::sdk_key, 1));
  ASSERT_TRUE(keep(CredentialKind::mobile_key, 2));
  for (int i = 10; i < 500; ++i) ASSERT_TRUE(keep(CredentialKind::client_side_id, i));
  EXPECT_TRUE(holds(1));
  EXPECT_TRUE(holds(2));
  EXPECT_EQ(rotated(CredentialKind::sdk_key), 0u);
  EXPECT_GT(rotated(CredentialKind::client_side_id), 400u);
}

TEST_F(DeadLetterFileTest, opens_a_full_file_of_before_and_keeps_it_as_the_older_half) {
  std::string before;
  for (int i = 0; i < 100; ++i) before += R"({"time":"t","record":{"id":"old)" + std::string(500, 'x') + "\"}}\n";
  files_.set_bytes(kFirst, before);
  ASSERT_TRUE(keep(CredentialKind::sdk_key, 1));
  EXPECT_EQ(files_.bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4.1.ndjson"), before);
  open();  // letters of an earlier process are counted when they go
  for (int i = 2; i < 30; ++i) ASSERT_TRUE(keep(CredentialKind::sdk_key, i));
  EXPECT_EQ(rotated(CredentialKind::sdk_key), 100u);
}

TEST_F(DeadLetterFileTest, takes_a_letter_that_is_larger_than_its_share) {
  ASSERT_TRUE(keep(CredentialKind::client_side_id, 1, 50'000));
  ASSERT_TRUE(keep(CredentialKind::client_side_id, 2));
  EXPECT_TRUE(holds(1));
  EXPECT_TRUE(holds(2));
}

TEST_F(DeadLetterFileTest, tells_how_much_is_kept_now_whatever_there_was) {
  EXPECT_EQ(letters_->kept_bytes(), 0u);
  ASSERT_TRUE(keep(CredentialKind::sdk_key, 1));
  ASSERT_TRUE(keep(CredentialKind::client_side_id, 2));
  EXPECT_EQ(letters_->kept_bytes(), bytes());
  open();
  const std::uint64_t before = letters_->kept_bytes();
  EXPECT_EQ(before, bytes()) << "of an earlier process";
  const auto aside = letters_->put_aside();
  ASSERT_TRUE(aside);
  EXPECT_EQ(letters_->kept_bytes(), before) << "they are tried again";
  for (const AsideLetters& each : *aside) ASSERT_TRUE(letters_->note_done(each, UINT32_MAX));
  ASSERT_TRUE(letters_->bring_back());
  EXPECT_EQ(letters_->kept_bytes(), 0u);
}

TEST_F(DeadLetterFileTest, a_crash_during_rotation_loses_only_what_is_rotated_out) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(keep(CredentialKind::client_side_id, i));
  int newest = 2;
  bool whole = true;
  files_.before_each_change([&] {
    const auto image = files_.after_crash(storage::FakeFileSystem::Crash::lose_all, 1);
    std::string all;
    for (const std::string& path : dead_letter_paths(kFirst))
      if (image->exists(path)) all += image->bytes(path);
    whole = whole && all.find("\"id\":\"" + std::to_string(newest) + '"') != std::string::npos;
  });
  for (int i = 3; i < 30; ++i) {
    ASSERT_TRUE(keep(CredentialKind::client_side_id, i));
    newest = i;
  }
  EXPECT_TRUE(whole);
}

TEST_F(DeadLetterFileTest, every_file_that_it_writes_has_a_name_that_begins_with_its_destinations_id) {
  for (const CredentialKind credential :
       {CredentialKind::sdk_key, CredentialKind::mobile_key, CredentialKind::client_side_id})
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(keep(credential, i));
  const auto aside = letters_->put_aside();
  ASSERT_TRUE(aside);
  EXPECT_EQ(aside->size(), 6u);
  for (const AsideLetters& each : *aside) ASSERT_TRUE(letters_->note_done(each, 1));
  ASSERT_TRUE(keep(CredentialKind::sdk_key, 51));
  // So a deletion finds it.
  const std::string_view first = kFirst, begin = first.substr(0, first.rfind('.'));
  for (const std::string& path : files_.paths()) EXPECT_TRUE(path.starts_with(begin)) << path;
}

}  // namespace
}  // namespace sluice::exporting
