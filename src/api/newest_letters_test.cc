#include "api/newest_letters.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/file_system_fake.h"

namespace sluice::api {
namespace {

const std::string kLetterPath = "/dead-letters/a.ndjson";

std::string letter_line(int n, std::size_t record_bytes) {
  return fmt::format(
      "{{\"time\":\"t{}\",\"code\":\"x\",\"reason\":\"a \\\",\\\"record\\\": in it\",\"record\":\"{}\"}}\n", n,
      std::string(record_bytes, 'r'));
}

NewestLetters letters_of(const std::string& text, std::size_t at_most) {
  storage::FakeFileSystem files(1);
  files.set_bytes(kLetterPath, text);
  std::uint64_t room = kShownLettersBytes;
  auto newest = newest_letters(files, kLetterPath, at_most, room);
  EXPECT_TRUE(newest);
  return newest ? *newest : NewestLetters();
}

TEST(NewestLetters, are_all_there_whatever_their_size_and_long_ones_tell_it) {
  std::string text;
  const std::size_t sizes[] = {10, 5u << 20, 300u << 10, 0, 16u << 20, 20};
  for (int i = 0; i < 6; ++i) text += letter_line(i, sizes[i]);
  const NewestLetters newest = letters_of(text, 50);
  ASSERT_EQ(newest.letters.size(), 6u);
  for (int i = 0; i < 6; ++i) {
    const RestJson& letter = newest.letters[static_cast<std::size_t>(5 - i)];
    EXPECT_EQ(letter["time"], fmt::format("t{}", i));
    if (sizes[i] < 1u << 20) {
      EXPECT_EQ(letter["record"].get<std::string>().size(), sizes[i]);
    } else {
      EXPECT_TRUE(letter["record"].is_null());
      EXPECT_EQ(letter["recordBytes"], sizes[i] + 2) << "with its quotes";
    }
  }
  EXPECT_EQ(newest.lines, 6u);
  EXPECT_TRUE(newest.whole);
  EXPECT_EQ(newest.bytes, text.size());
}

TEST(NewestLetters, are_as_many_as_asked_and_the_others_are_counted) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += letter_line(i, 100'000);
  const NewestLetters newest = letters_of(text, 3);
  ASSERT_EQ(newest.letters.size(), 3u);
  EXPECT_EQ(newest.letters[0]["time"], "t39");
  EXPECT_EQ(newest.lines, 40u);
}

TEST(NewestLetters, of_a_list_that_is_full_are_shown_without_their_records) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += letter_line(i, 1u << 20);
  const NewestLetters newest = letters_of(text, 50);
  ASSERT_EQ(newest.letters.size(), 30u);
  EXPECT_FALSE(newest.letters[22]["record"].is_null());
  EXPECT_TRUE(newest.letters[23]["record"].is_null());
  EXPECT_EQ(newest.letters[29]["recordBytes"], (1u << 20) + 2);
}

TEST(NewestLetters, leave_out_a_line_that_a_crash_cut_and_what_is_no_letter) {
  const std::string cut = letter_line(3, 50).substr(0, 30);
  const NewestLetters newest = letters_of(letter_line(1, 5) + "no letter\n\n" + letter_line(2, 5) + cut, 50);
  ASSERT_EQ(newest.letters.size(), 2u);
  EXPECT_EQ(newest.letters[0]["time"], "t2");
  storage::FakeFileSystem files(1);
  std::uint64_t room = kShownLettersBytes;
  EXPECT_EQ(newest_letters(files, kLetterPath, 5, room)->bytes, 0u);
}

}  // namespace
}  // namespace sluice::api
