// What the status says of a spool that somebody changes behind the sink's back.
#include <gtest/gtest.h>

#include "destinations/s3/s3_sink_rig_fake.h"

namespace sluice::s3 {
namespace {

using S3SinkSpoolTest = S3SinkTest;

TEST_F(S3SinkSpoolTest, status_says_that_a_lost_object_was_rebuilt_with_fewer_events) {
  open();
  refuse(503, "SlowDown");
  put(1);
  sink->flush();
  sink->step(clock.steady_us(), finished);
  sink.reset();
  ASSERT_TRUE(files.remove(std::string(kFolder) + "/0000000001.object"));
  refusal.reset();
  open();
  EXPECT_TRUE(sink->notes().empty());
  sink->put(std::move(events_at(kFirst, 2, 0).front()));  // the filter leaves the other one out now
  sink->passed({{kFirst + 64}, 0});
  ASSERT_TRUE(run([&] { return finished.size() == 1; }));
  ASSERT_EQ(sink->notes().size(), 1u);
  EXPECT_EQ(sink->notes()[0].code, "spool_rebuilt_differently");
  EXPECT_NE(sink->notes()[0].message.find("1 events instead of the 2"), std::string::npos) << sink->notes()[0].message;
}

TEST_F(S3SinkSpoolTest, status_says_that_events_may_be_in_two_objects_when_a_manifest_was_damaged_or_removed) {
  for (const char* how : {"damaged", "removed"}) {
    files.set_bytes(std::string(kFolder) + "/0000000002.json.damaged", "");
    open();
    refuse(503, "SlowDown");
    put(1);
    sink->flush();
    sink->step(clock.steady_us(), finished);
    sink->flush();
    put(1);
    sink->flush();
    sink->step(clock.steady_us(), finished);
    sink.reset();
    const std::string manifest = std::string(kFolder) + "/0000000003.json";
    if (std::string_view(how) == "damaged")
      files.set_bytes(manifest, "{}");
    else
      ASSERT_TRUE(files.remove(manifest));
    open();
    ASSERT_EQ(sink->notes().size(), 1u) << how;
    EXPECT_EQ(sink->notes()[0].code, "spool_damaged");
    EXPECT_NE(sink->notes()[0].message.find("0000000003"), std::string::npos) << sink->notes()[0].message;
    for (const std::string& path : files.paths()) ASSERT_TRUE(files.remove(path));
    put_ = 0;
  }
}

}  // namespace
}  // namespace sluice::s3
