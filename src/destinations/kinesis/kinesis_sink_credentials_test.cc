// KinesisSink and its credentials: refused ones are renewed once, and who is to blame when there are none is said.

#include <gtest/gtest.h>

#include <string>

#include "destinations/kinesis/sink_expectations_fake.h"

namespace sluice::kinesis {
namespace {

using Kind = aws::CredentialsError::Kind;

TEST(KinesisSink, refreshes_refused_credentials_once_and_goes_on) {
  SinkRig rig;
  rig.kinesis.next_puts.push_back(aws_error(400, "ExpiredTokenException", "The security token is expired"));
  rig.put(make_events(10, 300));
  const std::int64_t start_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_LT(rig.clock.steady_us() - start_us, 500'000);
  EXPECT_EQ(rig.credentials->refusals, 1);
  expect_each_stored_once(rig);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, tells_when_fresh_credentials_are_refused_too) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(403, "UnrecognizedClientException", "invalid token"); };
  rig.put(make_events(10, 300));
  ASSERT_FALSE(rig.run_until_all_finished(300'000'000));
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::setup);
  EXPECT_LE(rig.kinesis.calls().size(), 14u);
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(70'000'000));
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, tells_at_once_why_refused_credentials_cannot_be_renewed) {
  SinkRig rig;
  rig.credentials->error_when_refused = {Kind::denied, "InvalidClientTokenId", "The security token is invalid", "r"};
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ExpiredTokenException", "the token is expired"); };
  rig.put(make_events(10, 300));
  ASSERT_FALSE(rig.run_until_all_finished(2'000'000));
  const auto problem = rig.sink->problem();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->weight, exporting::Problem::Weight::setup);
  EXPECT_EQ(problem->code, "InvalidClientTokenId");
  EXPECT_TRUE(rig.sink->notes().empty());
  rig.kinesis.refuse_call = nullptr;
  rig.credentials->rotate();
  ASSERT_TRUE(rig.run_until_all_finished(70'000'000));
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, corrects_its_clock_by_the_date_of_the_answer) {
  SinkRig rig;
  http_client::HttpResponse skewed =
      aws_error(403, "InvalidSignatureException", "Signature expired: 20231114T221320Z is now earlier");
  skewed.headers.emplace_back("date", "Tue, 14 Nov 2023 23:13:20 GMT");
  rig.kinesis.next_puts.push_back(skewed);
  rig.put(make_events(10, 300));
  ASSERT_TRUE(rig.run_until_all_finished(2'000'000));
  EXPECT_EQ(rig.credentials->refusals, 0);
  ASSERT_EQ(rig.sink->notes().size(), 1u);
  EXPECT_EQ(rig.sink->notes()[0].code, "clock_skew");
  std::string date;
  const auto requests = rig.transport.requests();
  for (const auto& [name, value] : requests.back().headers)
    if (name == "x-amz-date") date = value;
  EXPECT_EQ(date.substr(0, 11), "20231114T23");
}

TEST(KinesisSink, waits_for_credentials_and_says_why_there_are_none) {
  SinkRig rig;
  aws::CredentialsError refused{Kind::denied, "AccessDenied", "not authorized to perform sts:AssumeRole", "request-s"};
  refused.of_role = true;
  rig.credentials->lose(refused);
  rig.put(make_events(10, 300));
  ASSERT_FALSE(rig.run_until_all_finished(60'000'000));
  EXPECT_TRUE(rig.kinesis.calls().empty());
  const auto problem = rig.sink->problem();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->weight, exporting::Problem::Weight::setup);
  EXPECT_NE(problem->remedy.find("ext-1"), std::string::npos);
  EXPECT_NE(problem->remedy.find("arn:aws:iam::999999999999:role/sluice"), std::string::npos);
  rig.credentials->rotate();
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, never_blames_the_role_when_its_own_identity_fails) {
  SinkRig rig;
  aws::CredentialsError refused{
      Kind::denied, "http_400",
      "the container credentials endpoint 169.254.170.23 answered 400 after 3 ms: not authorized", ""};
  refused.remedy = "Check the pod identity association.";
  refused.from_base = true;
  rig.credentials->lose(refused);
  rig.put(make_events(10, 300));
  rig.run_for(5'000'000);
  const auto problem = rig.sink->problem();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->weight, exporting::Problem::Weight::setup);
  EXPECT_NE(problem->message.find("169.254.170.23 answered 400"), std::string::npos);
  EXPECT_NE(problem->message.find("The destination's role is not the problem."), std::string::npos);
  EXPECT_EQ(problem->remedy, "Check the pod identity association.");
  EXPECT_EQ((problem->message + problem->remedy).find("trust policy"), std::string::npos);
}

TEST(KinesisSink, waits_and_is_not_parked_while_a_refusal_of_credentials_may_pass) {
  SinkRig rig;
  aws::CredentialsError refused{Kind::denied, "InvalidIdentityToken", "No OpenIDConnect provider found", ""};
  refused.passing = true;
  rig.credentials->lose(refused);
  rig.put(make_events(10, 300));
  rig.run_for(1'500'000);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  refused.passing = false;
  rig.credentials->lose(refused);
  rig.run_for(1'500'000);
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::setup);
}

TEST(KinesisSink, shows_what_is_worth_knowing_of_the_credentials_in_use) {
  SinkRig rig;
  rig.credentials->rotate({{"session_policy_left_out", "The role was assumed without the session policy.", ""}});
  rig.put(make_events(10, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  ASSERT_EQ(rig.sink->notes().size(), 1u);
  EXPECT_EQ(rig.sink->notes()[0].code, "session_policy_left_out");
  rig.credentials->rotate();
  rig.put(make_events(10, 300, 10));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_TRUE(rig.sink->notes().empty());
}

TEST(KinesisSink, says_within_10_s_that_no_credentials_come) {
  SinkRig rig;
  rig.credentials->hang();
  rig.put(make_events(10, 300));
  rig.run_for(9'500'000);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->code, "credentials_slow");
  rig.credentials->rotate();
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_FALSE(rig.sink->problem());
}

}  // namespace
}  // namespace sluice::kinesis
