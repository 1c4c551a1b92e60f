// What answers that nobody reads may hold, and that it comes back.
#include "relay/unsent_answers.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::relay {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

TEST(UnsentAnswers, one_address_of_one_key_holds_a_third_and_others_find_room) {
  const auto answers = std::make_shared<UnsentAnswers>();
  std::vector<std::shared_ptr<const void>> unread;
  while (auto held = answers->hold({1, "a"}, kMiB)) unread.push_back(std::move(held));
  EXPECT_EQ(unread.size() * kMiB, kMaxUnsentBytes / 3);
  EXPECT_EQ(answers->refused(), 1u);
  EXPECT_NE(answers->hold({1, "a"}, 0), nullptr) << "an answer without a body, as a 304, takes no room";
  EXPECT_NE(answers->hold({1, "b"}, kMiB), nullptr) << "the same key elsewhere";
  EXPECT_NE(answers->hold({2, "a"}, kMiB), nullptr) << "another key there";
  EXPECT_NE(answers->hold({2, "b"}, 16 * kMiB), nullptr) << "the largest answer there is";
  unread.clear();
  EXPECT_EQ(answers->bytes(), 0u);
  EXPECT_NE(answers->hold({1, "a"}, kMiB), nullptr);
}

TEST(UnsentAnswers, answers_without_a_body_hold_nothing_however_many_there_are) {
  const auto answers = std::make_shared<UnsentAnswers>();
  auto first = answers->hold({1, "a"}, 0), second = answers->hold({1, "a"}, 0), large = answers->hold({1, "a"}, kMiB);
  ASSERT_TRUE(first && second && large);
  first.reset();
  second.reset();
  EXPECT_EQ(answers->bytes(), kMiB);
  large.reset();
  EXPECT_EQ(answers->bytes(), 0u);
}

TEST(UnsentAnswers, where_addresses_do_not_tell_one_key_holds_half) {
  const auto answers = std::make_shared<UnsentAnswers>();
  std::vector<std::shared_ptr<const void>> unread;
  while (auto held = answers->hold({1, ""}, kMiB)) unread.push_back(std::move(held));
  EXPECT_EQ(unread.size() * kMiB, kMaxUnsentBytes / 2);
}

}  // namespace
}  // namespace sluice::relay
