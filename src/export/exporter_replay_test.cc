// Replays as the exporter begins, resumes and ends them: nothing is left of one that could not begin or is over.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "export/exporter_rig_fake.h"
#include "export/sink_folder.h"

namespace sluice::exporting {
namespace {

// Found by the simulation (seed 519341).
TEST_F(ExporterTest, leaves_nothing_of_a_replay_that_could_not_be_begun) {
  apply(true);
  int refused = 0;
  for (std::uint64_t after = 0; after < 6; ++after) {
    files_.fail_sync(after, storage::FileFault::other);
    const auto begun = exporter_->start_replay(destination_.id, 0, clock_.wall_ms());
    files_.fail_sync(UINT64_MAX, storage::FileFault::other);
    if (begun) {
      (void)exporter_->cancel_replay(destination_.id);
      continue;
    }
    ++refused;
    EXPECT_FALSE(files_.exists("/data/replays/" + destination_.id.hex() + ".json")) << after;
    EXPECT_FALSE(held("-replay")) << after;
  }
  EXPECT_GE(refused, 2);
}

// Found by the simulation (seed 713581): it was told to run for ever, and went on only after a restart.
TEST_F(ExporterTest, resumes_a_replay_that_the_disk_kept_back) {
  append(20);
  const Replay replay{{0, 10, journal_->end(), 1}, 1'000};
  answer_all_ = true;
  for (const char* file : {".json", ".cursor"}) {
    ASSERT_TRUE(ReplayFiles(files_, "/data").begin(destination_.id, replay, journal_->oldest()));
    files_.fail_read("replays/" + destination_.id.hex() + file, 0);
    destination_.name += "x";  // starts anew, with its replay
    apply(true);
    EXPECT_FALSE(exporter_->start_replay(destination_.id, 0, 10)) << "there is one, which waits for the disk";
    files_.heal_reads();
    const std::int64_t until_ms = clock_.wall_ms() + 30'000;
    const auto done = [&] {
      const auto status = exporter_->status(destination_.id)->replay;
      return status && status->state == ReplayState::done &&
             !files_.exists("/data/replays/" + destination_.id.hex() + ".json");
    };
    while (!done() && clock_.wall_ms() < until_ms) std::this_thread::yield();
    ASSERT_TRUE(done()) << file;
    EXPECT_EQ(exporter_->status(destination_.id)->replay->delivered_events, 20u);
    EXPECT_EQ(exporter_->forget({destination_.id}).size(), 1u);
  }
}

TEST_F(ExporterTest, a_replay_that_is_cancelled_leaves_nothing_of_what_its_sink_kept) {
  apply(true);
  append(20);
  ASSERT_TRUE(exporter_->start_replay(destination_.id, 0, clock_.wall_ms() + 1'000));
  const std::string folder = sink_folder("/data", destination_.id, SinkFolder::replay);
  const std::string kept = folder + "/1.object";
  const std::string of_delivery = sink_folder("/data", destination_.id, SinkFolder::delivery) + "/1.object";
  files_.set_bytes(kept, "x");
  files_.set_bytes(of_delivery, "x");
  EXPECT_TRUE(exporter_->cancel_replay(destination_.id));
  EXPECT_FALSE(files_.exists(kept));
  EXPECT_TRUE(files_.exists(of_delivery));
  EXPECT_FALSE(exporter_->cancel_replay(destination_.id)) << "there is none any more";
}

}  // namespace
}  // namespace sluice::exporting
