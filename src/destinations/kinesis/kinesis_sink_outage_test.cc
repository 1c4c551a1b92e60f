// KinesisSink while nothing is accepted: it keeps trying at a pace, says within 10 s what is wrong, and resumes by
// itself.

#include <gtest/gtest.h>

#include "destinations/kinesis/sink_expectations_fake.h"

namespace sluice::kinesis {
namespace {

TEST(KinesisSink, keeps_trying_through_an_outage_and_says_so) {
  SinkRig rig;
  rig.put(make_events(3'000, 300));
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(503, "ServiceUnavailable"); };
  ASSERT_FALSE(rig.run_until_all_finished(600'000'000));
  const std::size_t calls = rig.kinesis.calls().size();
  EXPECT_LT(calls, 200u);  // one in five seconds on average
  const auto problem = rig.sink->problem();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->weight, exporting::Problem::Weight::transient);
  EXPECT_EQ(problem->code, "ServiceUnavailable");
  EXPECT_GT(problem->times, 5u);
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(12'000'000));
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, parks_for_a_setup_fault_and_goes_on_by_itself) {
  SinkRig rig;
  rig.put(make_events(2'000, 300));
  rig.kinesis.refuse_call = [](const auto&) {
    return aws_error(400, "com.amazonaws.kinesis#AccessDeniedException",
                     "not authorized to perform kinesis:PutRecords");
  };
  ASSERT_FALSE(rig.run_until_all_finished(600'000'000));
  EXPECT_TRUE(rig.finished.empty());
  EXPECT_LE(rig.kinesis.calls().size(), 30u);
  EXPECT_GE(rig.kinesis.calls().size(), 10u);
  EXPECT_EQ(rig.kinesis.calls().back().size(), 1u);
  const auto problem = rig.sink->problem();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->weight, exporting::Problem::Weight::setup);
  EXPECT_EQ(problem->code, "AccessDeniedException");
  EXPECT_EQ(problem->request_id, "request-e");
  EXPECT_GT(problem->next_try_ms, rig.clock.wall_ms() - 1000);
  EXPECT_NE(problem->message.find("arn:aws:iam::123456789012:role/sluice-export"), std::string::npos);
  EXPECT_NE(problem->remedy.find("arn:aws:kinesis:eu-west-1:123456789012:stream/flag-events"), std::string::npos);
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(70'000'000));
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, tries_one_passing_refusal_again_within_2_s_and_never_parks) {
  http_client::HttpResponse page;
  page.status = 403;
  page.body = "<html>Forbidden</html>";
  for (const auto& refusal : {aws_error(400, "AccessDeniedException", "not authorized"), page,
                              aws_error(400, "ResourceNotFoundException", "not found"),
                              aws_error(403, "UnrecognizedClientException", "no")}) {
    SinkRig rig;
    rig.credentials->rotate_when_refused = false;
    rig.kinesis.next_puts.push_back(refusal);
    rig.put(make_events(10, 300));
    bool parked = false;
    ASSERT_TRUE(rig.run(
        [&] {
          parked |= rig.sink->problem().has_value();
          return rig.finished.size() == 10;
        },
        2'500'000));
    EXPECT_FALSE(parked);
    expect_each_stored_once(rig);
  }
}

TEST(KinesisSink, says_within_10_s_that_aws_hangs_or_accepts_nothing) {
  SinkRig rig;
  rig.hangs = true;
  rig.put(make_events(10, 300));
  rig.run_for(8'500'000);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->code, "no_answer");
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  rig.hangs = false;
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_FALSE(rig.sink->problem());
  SinkRig failing;
  failing.kinesis.fail_record = [](const auto&) { return ScriptedKinesis::Failure{"InternalFailure", "oh"}; };
  failing.put(make_events(10, 300));
  failing.run_for(9'000'000);
  ASSERT_TRUE(failing.sink->problem());
  EXPECT_EQ(failing.sink->problem()->code, "InternalFailure");
  failing.kinesis.fail_record = nullptr;
  ASSERT_TRUE(failing.run_until_all_finished());
  EXPECT_FALSE(failing.sink->problem());
}

TEST(KinesisSink, says_that_a_stream_is_being_created) {
  SinkRig rig;
  rig.kinesis.status = "CREATING";
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ResourceNotFoundException", "not ACTIVE"); };
  rig.put(make_events(5, 300));
  rig.run_for(90'000'000);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->code, "stream_not_active");
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished());
}

}  // namespace
}  // namespace sluice::kinesis
