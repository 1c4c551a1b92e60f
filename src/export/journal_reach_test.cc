#include "export/journal_reach.h"

#include <gtest/gtest.h>

#include <string>

#include "export/exporter_rig_fake.h"

namespace sluice::exporting {
namespace {

TEST_F(ExporterTest, how_far_the_journal_came_is_kept_once_what_is_missing_was_told) {
  const std::string folder = "/another";
  ASSERT_TRUE(files_.make_directory(folder));
  JournalReach reach(*journal_, files_, folder);
  append(1);
  reach.save();
  EXPECT_FALSE(files_.exists(journal_reach_path(folder))) << "not before begin()";
  reach.begin();
  const journal::Position first = journal_->end();
  EXPECT_EQ(journal_reached(files_, folder), first);
  append(1);
  EXPECT_EQ(journal_reached(files_, folder), first);
  reach.save();
  EXPECT_EQ(journal_reached(files_, folder), journal_->end());
  EXPECT_NE(journal_->end(), first);
  const std::string line = files_.bytes(journal_reach_path(folder));
  files_.set_bytes(journal_reach_path(folder), "somebody's");
  reach.save();
  EXPECT_EQ(files_.bytes(journal_reach_path(folder)), "somebody's") << "nothing new: the disk is left alone";
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string damaged = line;
    damaged[i] = damaged[i] == '0' ? '1' : '0';
    files_.set_bytes(journal_reach_path(folder), damaged);
    EXPECT_FALSE(journal_reached(files_, folder)) << i;
  }
  files_.set_bytes(journal_reach_path(folder), line.substr(0, line.size() - 10));
  EXPECT_FALSE(journal_reached(files_, folder));
}

}  // namespace
}  // namespace sluice::exporting
