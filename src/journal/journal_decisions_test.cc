// The journal's pure parts: recovery, retention, the window of keys, the layout of a batch.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "base/random.h"
#include "journal/dedupe_shares.h"
#include "journal/frame_batch.h"
#include "journal/frame_walk.h"
#include "journal/recovery.h"
#include "journal/retention.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

WalkedFrame frame(std::uint32_t offset, std::uint32_t end, std::uint64_t sequence, std::uint32_t durable_before,
                  bool payload_holds = true) {
  WalkedFrame made;
  made.offset = offset;
  made.end = end;
  made.header.sequence = sequence;
  made.header.durable_before = durable_before;
  made.payload_holds = payload_holds;
  return made;
}

TEST(Recovery, of_an_empty_segment_starts_at_its_front) {
  const RecoveryPlan plan = plan_recovery({}, 7, 0);
  EXPECT_EQ(plan.end, 4096u);
  EXPECT_EQ(plan.next_sequence, 7u);
  EXPECT_TRUE(plan.damaged.empty() && plan.torn.empty());
}

TEST(Recovery, of_a_whole_segment_finds_nothing_amiss) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4200, 4400, 8, 4200)}, 7, 0);
  EXPECT_EQ(plan.end, 4400u);
  EXPECT_EQ(plan.next_sequence, 9u);
  EXPECT_TRUE(plan.damaged.empty() && plan.torn.empty());
  EXPECT_EQ(plan.torn_bytes, 0u);
}

TEST(Recovery, a_hole_before_a_sync_is_damage) {
  // The last frame says that everything up to 4400 was synced.
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4400, 4500, 9, 4400)}, 7, 0);
  EXPECT_EQ(plan.damaged, (std::vector<ByteRange>{{4200, 4400}}));
  EXPECT_TRUE(plan.torn.empty());
  EXPECT_EQ(plan.end, 4500u);
}

TEST(Recovery, a_hole_in_the_last_write_is_torn_and_what_is_whole_behind_it_stays) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4400, 4500, 9, 4200)}, 7, 0);
  EXPECT_TRUE(plan.damaged.empty());
  EXPECT_EQ(plan.torn, (std::vector<ByteRange>{{4200, 4400}}));
  EXPECT_EQ(plan.torn_sequence, (std::vector<std::uint64_t>{8}));
  EXPECT_EQ(plan.torn_bytes, 200u);
  EXPECT_EQ(plan.end, 4500u);
  EXPECT_EQ(plan.next_sequence, 10u);
}

TEST(Recovery, a_hole_over_a_sync_is_damage_up_to_it_and_torn_behind_it) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4400, 4500, 10, 4304)}, 7, 0);
  EXPECT_EQ(plan.damaged, (std::vector<ByteRange>{{4200, 4304}}));
  EXPECT_EQ(plan.torn, (std::vector<ByteRange>{{4304, 4400}}));
}

TEST(Recovery, a_torn_last_frame_is_cut_and_its_number_is_not_used_again) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4200, 4400, 8, 4200, false)}, 7, 0);
  EXPECT_EQ(plan.end, 4200u);
  EXPECT_EQ(plan.next_sequence, 9u);
  EXPECT_EQ(plan.torn_bytes, 200u);
  EXPECT_TRUE(plan.damaged.empty() && plan.torn.empty());
}

TEST(Recovery, the_header_of_a_torn_frame_still_tells_what_was_synced_before_it) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096), frame(4400, 4600, 9, 4400, false)}, 7, 0);
  EXPECT_EQ(plan.damaged, (std::vector<ByteRange>{{4200, 4400}}));
  EXPECT_EQ(plan.end, 4400u);
  EXPECT_EQ(plan.torn_bytes, 200u);
}

TEST(Recovery, a_damaged_frame_costs_itself_alone) {
  const RecoveryPlan plan =
      plan_recovery({frame(4096, 4200, 7, 4096), frame(4200, 4400, 8, 4200, false), frame(4400, 4500, 9, 4400)}, 7, 0);
  EXPECT_EQ(plan.damaged, (std::vector<ByteRange>{{4200, 4400}}));
  EXPECT_EQ(plan.end, 4500u);
}

TEST(Recovery, everything_before_a_known_end_was_synced) {
  const RecoveryPlan plan = plan_recovery({frame(4096, 4200, 7, 4096)}, 7, 4400);
  EXPECT_EQ(plan.damaged, (std::vector<ByteRange>{{4200, 4400}}));
  EXPECT_EQ(plan.end, 4400u);
}

TEST(Retention, gives_up_the_oldest_that_are_old_and_that_nobody_needs) {
  const std::vector<RetainedSegment> sealed = {{{100}, 1000}, {{200}, 2000}, {{300}, 3000}};
  EXPECT_EQ(segments_past_retention(sealed, Position{200}, 10'000, 5000), 2u);
  EXPECT_EQ(segments_past_retention(sealed, Position{199}, 10'000, 5000), 1u);
  EXPECT_EQ(segments_past_retention(sealed, Position{}, 10'000, 5000), 0u);
  EXPECT_EQ(segments_past_retention(sealed, std::nullopt, 10'000, 5000), 3u);
  EXPECT_EQ(segments_past_retention(sealed, std::nullopt, 7500, 5000), 2u);
  EXPECT_EQ(segments_past_retention(sealed, std::nullopt, 6000, 5000), 0u) << "just five seconds old is not yet older";
  EXPECT_EQ(segments_reclaimable(sealed, Position{250}), 2u);
  EXPECT_EQ(segments_reclaimable(sealed, std::nullopt), 3u);
}

TEST(Retention, an_old_segment_behind_a_young_one_waits_for_it) {
  const std::vector<RetainedSegment> sealed = {{{100}, 9000}, {{200}, 1000}};
  EXPECT_EQ(segments_past_retention(sealed, std::nullopt, 10'000, 5000), 0u);
}

DedupeRecord record(std::uint64_t key, std::int64_t received_ms) {
  DedupeRecord made;
  made.environment.bytes[11] = 1;
  for (std::size_t i = 0; i < 8; ++i) made.key[i] = static_cast<std::uint8_t>(key >> 8 * i);
  made.received_ms = received_ms;
  return made;
}

TEST(DedupeWindow, remembers_forgets_and_takes_back_like_a_plain_queue) {
  const std::uint64_t seed = 20261123;
  SCOPED_TRACE(seed);
  Random random(seed);
  DedupeWindow window(1000, 256);
  std::deque<DedupeRecord> model;
  std::int64_t now_ms = 0;
  bool can_undo = false;
  for (int step = 0; step < 200'000; ++step) {
    now_ms += static_cast<std::int64_t>(random.below(20));
    const DedupeRecord candidate = record(1 + random.below(600), now_ms);
    const bool known =
        std::any_of(model.begin(), model.end(), [&](const auto& kept) { return kept.key == candidate.key; });
    switch (random.below(8)) {
      case 0:
        if (can_undo) {
          window.undo_insert();
          model.pop_back();
          can_undo = false;
        }
        break;
      case 1:
        window.expire(now_ms);
        while (!model.empty() && model.front().received_ms < now_ms - 1000) model.pop_front();
        can_undo = can_undo && !model.empty();
        break;
      case 2:
        ASSERT_EQ(window.contains(candidate.environment, candidate.key), known) << step;
        break;
      default:
        ASSERT_EQ(window.insert(candidate), !known) << step;
        if (!known) {
          if (model.size() == 256) model.pop_front();
          model.push_back(candidate);
          can_undo = true;
        }
    }
    ASSERT_EQ(window.size(), model.size()) << step;
  }
}

TEST(DedupeWindow, tells_that_an_id_came_with_other_bytes) {
  DedupeWindow window(1000);
  DedupeRecord first = record(7, 1);
  first.key[15] = 1;
  DedupeRecord second = first;
  second.key[15] = 2;
  EXPECT_TRUE(window.insert(first));
  EXPECT_FALSE(window.reused_id());
  EXPECT_TRUE(window.insert(second));
  EXPECT_TRUE(window.reused_id());
  window.undo_insert();
  EXPECT_TRUE(window.insert(second)) << "the same that could not be stored before";
  EXPECT_FALSE(window.reused_id());
  EXPECT_TRUE(window.insert(record(8, 1)));
  EXPECT_FALSE(window.reused_id());
  DedupeRecord elsewhere = second;
  elsewhere.key[15] = 3;
  elsewhere.environment.bytes[11] ^= 1;
  EXPECT_TRUE(window.insert(elsewhere));
  EXPECT_FALSE(window.reused_id());
}

TEST(DedupeWindow, never_remembers_an_entry_without_a_key) {
  DedupeWindow window(1000);
  EXPECT_TRUE(window.insert({}));
  EXPECT_TRUE(window.insert({}));
  EXPECT_FALSE(window.contains({}, {}));
  EXPECT_EQ(window.size(), 0u);
}

// A flood under a public id would make an SDK's payload unknown before it is sent again.
TEST(DedupeShares, what_came_with_a_secret_key_is_remembered_however_many_come_without) {
  DedupeShares shares(1'000'000, 64, 32);
  EXPECT_TRUE(shares.insert(record(2, 0)));
  for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_TRUE(shares.insert(record(2 * i + 3, 0)));
  EXPECT_FALSE(shares.insert(record(2, 1))) << "it came with a key";
  EXPECT_TRUE(shares.insert(record(3, 1))) << "the oldest of the others is forgotten";
  EXPECT_FALSE(shares.insert(record(2'001, 1))) << "a late one is not";
  EXPECT_TRUE(shares.insert(record(4, 2)));
  shares.undo_insert(record(4, 2).key);
  EXPECT_TRUE(shares.insert(record(4, 2)));
  for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_TRUE(shares.insert(record(2 * i + 1'000, 3)));
  EXPECT_TRUE(shares.insert(record(2, 4))) << "nor the other way round: each has its own bound";
  EXPECT_FALSE(shares.insert(record(2'001, 4)));
  shares.expire(2'000'000);
  EXPECT_FALSE(shares.contains(record(2, 0).environment, record(2, 0).key));
}

TEST(FrameBatch, lays_small_and_large_entries_out_as_the_walk_reads_them) {
  const std::uint32_t seed = 99;
  FrameBatch batch;
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < 60; ++i) payloads.push_back(std::string(i * i * 3, static_cast<char>('a' + i % 26)));
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    FrameHeader header;
    header.sequence = i + 1;
    header.durable_before = kSegmentHeaderBytes;
    header.counts[i % event::kEventKindLimit] = i;
    batch.add(header, payloads[i], seed);
  }
  storage::FakeFileSystem files(1);
  auto file = files.open("/segment", true);
  ASSERT_TRUE((*file)->write_pieces_at(kSegmentHeaderBytes, batch.pieces(kSegmentHeaderBytes)));
  EXPECT_EQ((*file)->size(), (kSegmentHeaderBytes + batch.bytes() + 4095) / 4096 * 4096) << "whole pages";
  FrameWalk walk(**file, seed, 0, kSegmentHeaderBytes + batch.bytes(), 0, FrameWalk::Payloads::check);
  for (const FrameHeader& header : batch.frames()) {
    const auto read = walk.next();
    ASSERT_TRUE(read);
    const auto& walked = *read;
    ASSERT_TRUE(walked);
    EXPECT_EQ(walked->header, header);
    EXPECT_TRUE(walked->payload_holds);
  }
  const auto end = walk.next();
  EXPECT_TRUE(end && !*end);
}

TEST(FrameWalk, stays_at_what_the_disk_cannot_read_and_goes_on_from_there) {
  const std::uint32_t seed = 99;
  FrameBatch batch;
  const std::string payload(20'000, 'p');
  for (std::uint64_t i = 1; i <= 10; ++i) {
    FrameHeader header;
    header.sequence = i;
    header.durable_before = kSegmentHeaderBytes;
    batch.add(header, payload, seed);
  }
  storage::FakeFileSystem files(1);
  auto file = files.open("/segment", true);
  ASSERT_TRUE((*file)->write_pieces_at(kSegmentHeaderBytes, batch.pieces(kSegmentHeaderBytes)));
  files.fail_read("/segment", kSegmentHeaderBytes + 3 * batch.frames()[0].frame_bytes() + 10'000);
  FrameWalk walk(**file, seed, 0, kSegmentHeaderBytes + batch.bytes(), 0, FrameWalk::Payloads::check);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(walk.next()) << "its window reaches there";
  files.heal_reads();
  int whole = 0;
  for (auto walked = walk.next(); walked && *walked; walked = walk.next()) whole += (*walked)->payload_holds;
  EXPECT_EQ(whole, 10);
}

}  // namespace
}  // namespace sluice::journal
