// Whose call to a source of flags begins, while others hold places and wait in numbers.
#include "relay/fair_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sluice::relay {
namespace {

constexpr std::uint64_t kAttacked = 1, kVictims = 2;

class FairQueueTest : public testing::Test {
 protected:
  using Queue = FairQueue<std::string>;

  bool put(std::uint64_t credential, std::string address, std::string work = "", std::uint64_t bytes = 100) {
    return queue_.put({source_, {credential, std::move(address)}, bytes, now_us_, std::move(work)});
  }
  // As many as are accepted.
  int put_many(int many, std::uint64_t credential, const std::string& address) {
    int accepted = 0;
    for (int i = 0; i < many; ++i) accepted += put(credential, address, "many") ? 1 : 0;
    return accepted;
  }
  // All that may begin now.
  std::vector<Queue::Call> begin() {
    std::vector<Queue::Call> begun;
    while (auto call = queue_.next()) begun.push_back(std::move(*call));
    return begun;
  }
  void finish(const Queue::Call& call) { queue_.finished(call.source, call.owner); }

  Queue queue_;
  std::string source_ = "flags.example";
  std::int64_t now_us_ = 0;
};

TEST_F(FairQueueTest, calls_begin_in_the_order_in_which_they_came) {
  for (const char* work : {"a", "b", "c"}) ASSERT_TRUE(put(kVictims, "1.1.1.1", work));
  const auto begun = begin();
  ASSERT_EQ(begun.size(), 3u);
  EXPECT_EQ(begun[0].work + begun[1].work + begun[2].work, "abc");
  for (const auto& call : begun) finish(call);
  EXPECT_EQ(queue_.calls(), 0u);
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(FairQueueTest, one_address_of_one_credential_has_a_third_of_the_places_and_others_begin_beside_it) {
  put_many(1'000, kAttacked, "6.6.6.6");
  EXPECT_EQ(begin().size(), kMaxCallsOfSource / 3);
  ASSERT_TRUE(put(kVictims, "1.1.1.1", "another id"));
  ASSERT_TRUE(put(kAttacked, "1.1.1.1", "the same id"));
  ASSERT_TRUE(put(kVictims, "6.6.6.6", "the same address"));
  std::set<std::string> begun;
  for (const auto& call : begin()) begun.insert(call.work);
  EXPECT_EQ(begun, (std::set<std::string>{"another id", "the same address", "the same id"}));
}

TEST_F(FairQueueTest, a_credential_has_half_of_the_places_from_however_many_addresses) {
  for (int i = 0; i < 1'000; ++i) (void)put(kAttacked, "2001:db8:0:" + std::to_string(i));
  EXPECT_EQ(begin().size(), kMaxCallsOfSource / 2);
  ASSERT_TRUE(put(kVictims, "1.1.1.1", "victim"));
  EXPECT_EQ(begin().at(0).work, "victim");
}

TEST_F(FairQueueTest, an_address_has_half_of_the_places_with_however_many_credentials) {
  for (std::uint64_t id = 10; id < 4'000; ++id) (void)put(id, "6.6.6.6");
  EXPECT_EQ(begin().size(), kMaxCallsOfSource / 2);
  ASSERT_TRUE(put(kVictims, "1.1.1.1", "victim"));
  EXPECT_EQ(begin().at(0).work, "victim") << "it is found behind thousands that may not begin";
}

TEST_F(FairQueueTest, five_that_work_together_leave_places_to_a_sixth) {
  for (std::uint64_t i = 0; i < 5; ++i) put_many(500, kAttacked + 10 + i, "6.6.6." + std::to_string(i));
  EXPECT_LT(begin().size(), kMaxCallsOfSource);
  ASSERT_TRUE(put(kVictims, "1.1.1.1", "victim"));
  EXPECT_EQ(begin().at(0).work, "victim");
}

TEST_F(FairQueueTest, behind_a_proxy_a_credential_has_half_and_addresses_do_not_count) {
  put_many(1'000, kAttacked, "");
  EXPECT_EQ(begin().size(), kMaxCallsOfSource / 2);
  put_many(1'000, kVictims, "");
  EXPECT_EQ(begin().size(), kMaxCallsOfSource / 4);
}

TEST_F(FairQueueTest, a_newcomer_waits_for_a_call_of_each_and_not_for_what_they_have_queued) {
  put_many(1'000, kAttacked, "6.6.6.6");
  put_many(1'000, kAttacked, "6.6.6.7");
  put_many(1'000, kAttacked + 100, "6.6.6.8");
  auto held = begin();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(kVictims, "1.1.1.1", "victim"));
  int others = 0, victims = 0;
  for (auto& call : begin()) held.push_back(std::move(call));
  for (int i = 0; i < 200; ++i) {
    finish(held.front());
    held.erase(held.begin());
    for (auto& call : begin()) {
      (call.work == "victim" ? victims : others) += 1;
      held.push_back(std::move(call));
    }
  }
  EXPECT_GE(victims, 45) << "a quarter of the calls";
  EXPECT_GT(others, victims) << "and the others continue";
}

TEST_F(FairQueueTest, what_one_has_waiting_leaves_room_for_what_others_have) {
  const int accepted = put_many(20'000, kAttacked, "6.6.6.6");
  EXPECT_EQ(accepted, static_cast<int>(kMaxWaiting) / 3 + 1);
  EXPECT_EQ(put_many(20'000, kAttacked, "6.6.6.7"), (static_cast<int>(kMaxWaiting) - 2 * accepted) / 3);
  EXPECT_GE(put_many(1'000, kVictims, "1.1.1.1"), 900);
}

TEST_F(FairQueueTest, bytes_that_wait_are_shared_too) {
  int accepted = 0;
  while (put(kAttacked, "6.6.6.6", "large", 64u << 10)) ++accepted;
  EXPECT_EQ(accepted, static_cast<int>(kMaxWaitingBytes / (64u << 10) / 3));
  EXPECT_TRUE(put(kVictims, "1.1.1.1", "large", 64u << 10));
}

TEST_F(FairQueueTest, a_source_that_hangs_takes_no_place_of_another) {
  source_ = "hangs.example";
  for (std::uint64_t i = 0; i < 5; ++i) put_many(500, kAttacked + 10 + i, "6.6.6." + std::to_string(i));
  EXPECT_LE(begin().size(), kMaxCallsOfSource);
  source_ = "flags.example";
  put_many(1'000, kVictims, "1.1.1.1");
  EXPECT_GE(begin().size(), kMaxCallsOfSource / 4);
  EXPECT_LT(queue_.calls(), kMaxCalls);
}

TEST_F(FairQueueTest, what_waited_too_long_is_taken_out_and_its_room_is_free) {
  put_many(100, kAttacked, "6.6.6.6");
  const auto held = begin();
  now_us_ = 5'000;
  ASSERT_TRUE(put(kAttacked, "6.6.6.6", "later"));
  EXPECT_EQ(queue_.take_older(5'000, 10).size(), 10u);
  EXPECT_EQ(queue_.take_older(5'000, 1'000).size(), 100 - held.size() - 10);
  EXPECT_EQ(queue_.waiting(), 1u);
  finish(held[0]);
  EXPECT_EQ(begin().at(0).work, "later");
}

}  // namespace
}  // namespace sluice::relay
