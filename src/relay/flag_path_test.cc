// By which servers flags come, and what is not taken.
#include "relay/flag_path.h"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

const std::string kOwn = "00000000000000aa", kNear = "00000000000000b1", kFar = "00000000000000b2";

TEST(FlagPath, is_the_same_when_it_was_sent_and_read) {
  EXPECT_EQ(parse_flag_path(flag_path_text(kNear, {kFar}), kOwn), (FlagPath{kNear, kFar}));
  EXPECT_EQ(parse_flag_path(kNear + " , " + kFar, kOwn), (FlagPath{kNear, kFar}));
  EXPECT_EQ(parse_flag_path("", kOwn), FlagPath{}) << "LaunchDarkly and ld-relay do not send it";
}

TEST(FlagPath, skips_what_is_no_id_and_reads_no_more_than_may_be) {
  EXPECT_EQ(parse_flag_path("x,,<script>," + kNear + ",00000000000000B1, ", kOwn), FlagPath{kNear});
  std::string many = kNear;
  for (int i = 0; i < 10'000; ++i) many += "," + kFar;
  EXPECT_EQ(parse_flag_path(many, kOwn).size(), kMaxHops);
  EXPECT_EQ(parse_flag_path(kNear + "," + kOwn + "," + kFar, kOwn), (FlagPath{kNear, kOwn}))
      << "a circle's does not grow";
}

TEST(FlagPath, a_circle_is_named_with_where_it_leads) {
  EXPECT_FALSE(fault_of_path({}, kOwn, "http://b"));
  EXPECT_FALSE(fault_of_path({kNear, kFar}, kOwn, "http://b"));
  EXPECT_EQ(fault_of_path({kOwn}, kOwn, "http://b")->text,
            "The flag source leads back to this server: http://b is this environment itself.");
  EXPECT_EQ(fault_of_path({kNear, kOwn}, kOwn, "http://b")->text,
            "The flag source leads back to this server: the Sluice at http://b takes its flags from here.");
  EXPECT_EQ(fault_of_path({kNear, kFar, kOwn}, kOwn, "http://b")->text,
            "The flag source leads back to this server: the Sluice at http://b takes its flags from here, through 1 "
            "other.");
}

TEST(FlagPath, more_servers_than_requests_may_pass_are_not_taken) {
  EXPECT_FALSE(fault_of_path(FlagPath(kMaxHops - 1, kFar), kOwn, "http://b"));
  EXPECT_TRUE(fault_of_path(FlagPath(kMaxHops, kFar), kOwn, "http://b"));
}

TEST(FlagPath, ids_differ) { EXPECT_NE(new_feed_id(), new_feed_id()); }

}  // namespace
}  // namespace sluice::relay
