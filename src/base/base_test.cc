#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <set>

#include "base/base64.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/object_id.h"
#include "base/process_environment.h"
#include "base/random.h"
#include "base/text.h"

namespace sluice {
namespace {

TEST(ObjectId, survives_writing_and_parsing) {
  const auto id = ObjectId::parse("5744C96707c9900708000004");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->hex(), "5744c96707c9900708000004");
}

TEST(ObjectId, refuses_what_is_not_24_hex_digits) {
  for (const char* text : {"", "5744c96707c990070800000", "5744c96707c99007080000044", "5744c96707c990070800000g"})
    EXPECT_FALSE(ObjectId::parse(text)) << text;
}

TEST(ObjectIdMinter, starts_with_the_time_in_seconds_and_never_repeats) {
  ObjectIdMinter minter(0x123456789ABCDEFull);
  std::set<std::string> seen;
  for (int i = 0; i < 100'000; ++i) {
    const std::string id = minter.mint(0x6384'3c40LL * 1000 + 999).hex();
    EXPECT_EQ(id.substr(0, 8), "63843c40");
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(Crc32c, matches_the_vectors_of_rfc_3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0').data(), 32), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF').data(), 32), 0x62A8AB43u);
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
}

TEST(Crc32c, can_be_computed_in_pieces) { EXPECT_EQ(crc32c("56789", 5, crc32c("1234", 4)), crc32c("123456789", 9)); }

TEST(Base64, agrees_with_openssl_at_every_length) {
  Random random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string data(size, '\0');
    for (char& c : data) c = static_cast<char>(random.next());
    std::string expected(base64_size(size) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(expected.data()),
                    reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(size));
    expected.pop_back();
    std::string actual;
    base64_append(actual, data);
    ASSERT_EQ(actual, expected) << "size " << size;
    ASSERT_EQ(base64_decode(actual), data) << "size " << size;
  }
}

TEST(Base64, decodes_both_alphabets_padded_or_not) {
  EXPECT_EQ(base64_decode("-_8="), "\xfb\xff");
  EXPECT_EQ(base64_decode("+/8"), "\xfb\xff");
  EXPECT_FALSE(base64_decode("a"));
  EXPECT_FALSE(base64_decode("ab c"));
}

TEST(Text, writes_numbers_for_people) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1572864), "1.5 MiB");
  EXPECT_EQ(human_bytes_beside(1'048'577, 1'048'576), "1,048,577 B") << "not: 1.0 MiB is larger than 1.0 MiB";
  EXPECT_EQ(human_bytes_beside(1'048'576, 1'048'577), "1,048,576 B");
  EXPECT_EQ(human_bytes_beside(2'097'152, 1'048'576), "2.0 MiB");
  EXPECT_EQ(human_bytes_beside(1'048'576, 1'048'576), "1.0 MiB");
  EXPECT_EQ(human_duration_ms(200'000), "3 min 20 s");
  EXPECT_EQ(human_duration_ms(90'000'000), "1 d 1 h");
  EXPECT_EQ(iso_time_ms(1'700'000'000'123), "2023-11-14T22:13:20.123Z");
}

TEST(ManualClock, carries_parts_of_a_millisecond) {
  ManualClock clock(1000);
  for (int i = 0; i < 10; ++i) clock.advance_us(300);
  EXPECT_EQ(clock.wall_ms(), 1003);
}

TEST(Random, is_the_same_for_the_same_seed) {
  Random a(42), b(42);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.below(7), 7u);
}

TEST(ProcessEnvironment, counts_what_is_set_to_nothing_as_not_set_and_trims_the_rest) {
  EXPECT_EQ(value_of_variable(nullptr), std::nullopt);
  for (const char* nothing : {"", " ", "\n", "\r\n\t "}) EXPECT_EQ(value_of_variable(nothing), std::nullopt);
  EXPECT_EQ(value_of_variable("AKID\n"), "AKID");
  EXPECT_EQ(value_of_variable(" a b\r\n"), "a b");
}

TEST(Text, shows_a_bad_value_as_it_is_and_cut) {
  EXPECT_EQ(shown_value(" us-east-1\n"), " us-east-1?");
  EXPECT_EQ(shown_value(std::string(100, 'a')), std::string(100, 'a'));
  EXPECT_EQ(shown_value(std::string(99, 'a') + "\xC3\xA9" + "zz"), std::string(99, 'a') + "\xC3\xA9…");
}

TEST(Text, shows_the_words_of_others_on_one_line_and_cut) {
  EXPECT_EQ(shown_words("<html>\r\n  <b>\x1b no</b>\n"), "<html> <b> no</b>");
  EXPECT_EQ(shown_words("abcdef", 3), "abc…");
  EXPECT_EQ(shown_words("ab\xC3\xA9z", 3), "ab\xC3\xA9…") << "no character is cut in two";
}

}  // namespace
}  // namespace sluice
