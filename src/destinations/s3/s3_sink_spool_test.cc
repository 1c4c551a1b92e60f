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

TEST_F(S3SinkSpoolTest, object_that_was_cut_short_while_it_waited_is_said_to_be_a_matter_of_this_servers_disk) {
  open();
  refuse(503, "SlowDown");
  put(1);
  sink->flush();
  ASSERT_TRUE(run([&] { return problem_code() == "SlowDown"; }, 20'000'000));
  files.set_bytes(std::string(kFolder) + "/0000000001.object", "{");
  refusal.reset();
  ASSERT_TRUE(run([&] { return problem_code() == "spool_unreadable" || sink->must_restart(); }));
  EXPECT_EQ(problem_code(), "spool_unreadable");
  EXPECT_NE(sink->problem()->message.find("0000000001.object"), std::string::npos) << sink->problem()->message;
  EXPECT_EQ(sink->problem()->remedy.find("egress"), std::string::npos);
  ASSERT_TRUE(sink->must_restart()) << "its events are read from the journal again";
  sink->begin({{kFirst}, 0});
  sink->cursor_saved({{kFirst}, 0});
  sink->step(clock.steady_us(), finished);
  EXPECT_EQ(problem_code(), "spool_unreadable") << "until an upload works";
  EXPECT_NE(sink->problem()->message.find("shorter than its manifest says"), std::string::npos)
      << sink->problem()->message;
  put_ = 0;
  put(1);
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(lines(), 2u);
  EXPECT_EQ(problem_code(), "");
}

}  // namespace
}  // namespace sluice::s3
