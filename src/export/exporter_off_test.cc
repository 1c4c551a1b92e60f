// Destinations that are off, set aside or gone: what is held for them, and that they come back at their place.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "export/exporter_rig_fake.h"

namespace sluice::exporting {
namespace {

// Found by the simulation (seed 5197): it is not counted any more what the destination misses, and it does not run yet.
TEST_F(ExporterTest, a_destination_that_is_switched_off_before_it_could_start_is_held_until_what_it_misses_is_counted) {
  apply(true);
  apply(false);
  for (const bool refused : {false, true}) {
    ASSERT_TRUE(exporter_->reserve_start(destination_.id));
    files_.fail_read(destination_.id.hex() + ".cursor", 0);
    destination_.on = true;
    ASSERT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
    files_.heal_reads();
    if (refused)
      exporter_->release_start(destination_.id);
    else
      exporter_->switched_off(destination_.id);
    EXPECT_TRUE(held());
    apply(false);
    EXPECT_FALSE(held());
  }
}

// A new cursor in its place would be in the way of the one that lies aside, and skip what it has not delivered.
TEST_F(ExporterTest, a_destination_that_lies_set_aside_comes_back_at_its_own_place) {
  const std::string cursor = "/data/cursors/" + destination_.id.hex() + ".cursor";
  apply(true);
  const std::string place = files_.bytes(cursor);
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {})));
  exporter_->set_aside(destination_.id);
  ASSERT_FALSE(files_.exists(cursor));
  const auto reserved = exporter_->reserve_start(destination_.id);
  ASSERT_TRUE(reserved);
  EXPECT_FALSE(*reserved) << "it has a place already";
  EXPECT_FALSE(files_.exists(cursor));
  apply(true);
  EXPECT_EQ(files_.bytes(cursor), place);
}

TEST_F(ExporterTest, holds_nothing_for_a_destination_that_is_off) {
  apply(true);
  ASSERT_TRUE(exporter_->start_replay(destination_.id, 0, clock_.wall_ms()));
  EXPECT_TRUE(held());
  apply(false);
  EXPECT_FALSE(held());
  EXPECT_FALSE(held("-replay"));
}

// Found by the simulation (seed 1043): its cursor could not be read just then; what it missed meanwhile was not
// counted.
TEST_F(ExporterTest, holds_the_place_of_a_destination_that_is_off_until_it_can_count_what_it_misses) {
  apply(true);
  files_.fail_read(".cursor", 0);
  destination_.on = false;
  EXPECT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  EXPECT_TRUE(held());
  files_.heal_reads();
  apply(false);
  EXPECT_FALSE(held());
}

// Found by the simulation (seed 60053670): the log alone said it.
TEST_F(ExporterTest, of_a_destination_that_is_off_it_is_shown_that_its_place_cannot_be_read) {
  const auto noted = [&] {
    const auto notes = exporter_->status(destination_.id)->pipeline.notes;
    return std::ranges::count(notes, "place_unknown", &Problem::code);
  };
  apply(true);
  files_.fail_read(".cursor", 0);
  destination_.on = false;
  ASSERT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  EXPECT_EQ(exporter_->status(destination_.id)->state, DestinationState::off);
  EXPECT_EQ(noted(), 1);
  files_.heal_reads();
  apply(false);
  EXPECT_EQ(noted(), 0);
}

TEST_F(ExporterTest, forgets_all_of_a_destination_that_is_gone_also_what_lies_set_aside) {
  apply(true);
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {})));
  exporter_->set_aside(destination_.id);
  const auto files_of_it = [&] {
    std::size_t count = 0;
    for (const std::string& path : files_.paths()) count += path.find(destination_.id.hex()) != std::string::npos;
    return count;
  };
  ASSERT_GT(files_of_it(), 0u);
  EXPECT_EQ(exporter_->forget({destination_.id}), std::set<ObjectId>{destination_.id});
  EXPECT_EQ(files_of_it(), 0u);
}

}  // namespace
}  // namespace sluice::exporting
