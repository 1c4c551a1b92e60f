#include "destinations/kinesis/kinesis_sink.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/rounds_fake.h"
#include "destinations/kinesis/sink_rig_fake.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

using Kind = aws::CredentialsError::Kind;

bool holds(const ScriptedKinesis::Record& record, std::uint64_t number) {
  return record.data.find("\"n\":" + std::to_string(number) + ",") != std::string::npos;
}

// Every event was finished exactly once.
void expect_each_finished_once(const SinkRig& rig) {
  std::set<std::uint64_t> tickets;
  for (const exporting::FinishedEvent& event : rig.finished)
    EXPECT_TRUE(tickets.insert(event.ticket).second) << event.ticket;
  EXPECT_EQ(tickets.size(), rig.accepted);
  EXPECT_EQ(rig.sink->stats().events_inside, 0u);
  EXPECT_EQ(rig.sink->stats().bytes_inside, 0u);
}

void expect_each_stored_once(const SinkRig& rig) {
  EXPECT_EQ(rig.kinesis.stored().size(), rig.accepted);
  EXPECT_EQ(rig.kinesis.copies().size(), rig.accepted);
}

TEST(KinesisSink, delivers_all_in_full_calls) {
  SinkRig rig;
  rig.put(make_events(1'700, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  ASSERT_EQ(rig.kinesis.calls().size(), 4u);
  EXPECT_EQ(rig.kinesis.calls()[0].size(), 500u);
  EXPECT_FALSE(rig.sink->problem());
  EXPECT_TRUE(rig.sink->notes().empty());
  EXPECT_EQ(stream_details(rig.sink->stats()).open_shards, 4u);
  const std::string& record = rig.kinesis.stored()[0].data;
  EXPECT_EQ(record.back(), '\n');
  EXPECT_NE(record.find("\"event\":{\"n\":0,"), std::string::npos) << record;
}

TEST(KinesisSink, waits_the_linger_for_company_and_no_longer) {
  SinkRig rig;
  rig.put(make_events(1, 100));
  const std::int64_t start_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_GE(rig.clock.steady_us() - start_us, 50'000);
  EXPECT_LE(rig.clock.steady_us() - start_us, 50'000 + 4 * rig.round_trip_us);
}

TEST(KinesisSink, sends_no_hash_key_while_the_stream_is_quiet) {
  SinkRig rig;
  rig.put(make_events(500, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  for (const auto& record : rig.kinesis.stored()) EXPECT_TRUE(record.explicit_hash_key.empty());
}

TEST(KinesisSink, sends_again_only_failed_records_and_under_new_keys) {
  SinkRig rig;
  std::map<std::string, std::set<std::string>> keys;  // by data
  std::map<std::string, int> attempts;
  rig.kinesis.fail_record = [&](const ScriptedKinesis::Record& record) -> std::optional<ScriptedKinesis::Failure> {
    keys[record.data].insert(record.partition_key);
    if (++attempts[record.data] == 1 && (holds(record, 3) || holds(record, 77)))
      return ScriptedKinesis::Failure{"InternalFailure", "Internal service failure"};
    return std::nullopt;
  };
  rig.put(make_events(200, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  std::size_t sent = 0;
  for (const auto& call : rig.kinesis.calls()) sent += call.size();
  EXPECT_EQ(sent, 202u);
  for (const auto& [data, used] : keys) EXPECT_EQ(used.size(), static_cast<std::size_t>(attempts[data]));
  const exporting::SinkStats stats = rig.sink->stats();
  EXPECT_EQ(stats.records_sent, 202u);
  ASSERT_EQ(stats.retried_by_code.size(), 1u);
  EXPECT_EQ(stats.retried_by_code[0], (std::pair<std::string, std::uint64_t>("InternalFailure", 2)));
}

TEST(KinesisSink, loses_and_doubles_nothing_while_a_third_is_throttled) {
  SinkRig rig;
  Random dice(11);
  rig.kinesis.fail_record = [&](const ScriptedKinesis::Record&) -> std::optional<ScriptedKinesis::Failure> {
    if (dice.unit() < 0.3)
      return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-x"};
    return std::nullopt;
  };
  rig.put(make_events(6'000, 300));
  ASSERT_TRUE(rig.run([&] { return rig.finished.size() > 1'000; }));
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  EXPECT_NE(rig.sink->problem()->message.find("flag-events accepts less than arrives"), std::string::npos);
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  rig.kinesis.fail_record = nullptr;
  rig.run_for(15'000'000);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, trusts_no_answer_of_the_wrong_length) {
  SinkRig rig;
  int calls = 0;
  rig.kinesis.spoil = [&](http_client::HttpResponse& response) {
    ++calls;
    if (calls == 1) response.body = R"({"FailedRecordCount":0,"Records":[]})";
    if (calls == 2) response.body.resize(response.body.size() / 2);
    if (calls == 3) response.body = "<html>hello</html>";
  };
  rig.put(make_events(10, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  EXPECT_EQ(rig.kinesis.stored().size(), 40u);
  EXPECT_EQ(rig.kinesis.copies().size(), 10u);  // the duplicates are the same bytes, event id and all
  EXPECT_EQ(rig.sink->stats().answer_anomalies, 3u);
}

TEST(KinesisSink, sends_again_what_was_reset_after_it_was_stored) {
  SinkRig rig;
  bool reset = false;
  rig.kinesis.spoil = [&](http_client::HttpResponse& response) {
    if (std::exchange(reset, true)) return;
    response = {};
    response.fault = http_client::TransportFault::reset;
    response.fault_text = "connection reset by peer";
  };
  rig.put(make_events(10, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  EXPECT_EQ(rig.kinesis.stored().size(), 20u);
  EXPECT_EQ(rig.kinesis.copies().size(), 10u);
  EXPECT_FALSE(rig.sink->problem());
}

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

TEST(KinesisSink, finds_one_poison_record_among_500_in_nine_more_calls) {
  for (const std::uint64_t poison : {0u, 1u, 249u, 250u, 333u, 498u, 499u}) {
    SinkRig rig;
    rig.put(make_events(500, 300, 1'000));  // shows that the stream accepts records
    ASSERT_TRUE(rig.run_until_all_finished());
    const std::size_t before = rig.kinesis.calls().size();
    rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
      for (const auto& record : records)
        if (holds(record, poison)) return aws_error(400, "ValidationException", "something about a record");
      return std::nullopt;
    };
    rig.put(make_events(500, 300));
    const std::int64_t start_us = rig.clock.steady_us();
    ASSERT_TRUE(rig.run_until_all_finished()) << poison;
    expect_each_finished_once(rig);
    EXPECT_EQ(rig.kinesis.copies().size(), 999u);
    EXPECT_EQ(rig.kinesis.stored().size(), 999u);
    ASSERT_EQ(rig.dead_letters.letters.size(), 1u);
    EXPECT_NE(rig.dead_letters.letters[0].record.find("\"n\":" + std::to_string(poison) + ","), std::string::npos);
    EXPECT_EQ(rig.dead_letters.letters[0].code, "ValidationException");
    // The refused call, nine to find the record, those that carry the events released in the meantime, and the tries
    // that show that only this record is refused.
    EXPECT_LE(rig.kinesis.calls().size() - before, 1u + 9u + 9u + 6u);
    EXPECT_LT(rig.clock.steady_us() - start_us, 10'000'000);
    EXPECT_FALSE(rig.sink->problem());
    EXPECT_EQ(rig.sink->notes().size(), 1u);
  }
}

TEST(KinesisSink, goes_straight_to_the_record_that_aws_names) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (std::size_t i = 0; i < records.size(); ++i)
      if (holds(records[i], 123))
        return aws_error(400, "ValidationException",
                         "Value at 'records." + std::to_string(i + 1) + ".member.data' failed");
    return std::nullopt;
  };
  rig.put(make_events(500, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 1u);
  EXPECT_LE(rig.kinesis.calls().size(), 1u + 1u + 1u + 1u + 6u);
}

// Found by the simulation (seed 152285): a replay whose last event was one that Kinesis never takes did not end, when a
// restart made it forget that the stream accepted others.
TEST(KinesisSink, gives_up_a_record_that_is_refused_alone_for_long) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ValidationException", "no"); };
  rig.put(make_events(1, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 1u);
  EXPECT_GE(rig.kinesis.calls().size(), 8u)
      << "too few attempts to distinguish a refused record from a temporary failure";
}

// Found by the simulation (seed 2078300357): each took the other for one that may show that the stream accepts any.
TEST(KinesisSink, gives_up_the_last_two_records_that_are_refused_alone_for_long) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ValidationException", "no"); };
  rig.put(make_events(2, 300));
  ASSERT_TRUE(rig.run_until_all_finished(1'200'000'000));
  EXPECT_EQ(rig.dead_letters.letters.size(), 2u);
  EXPECT_GE(rig.kinesis.calls().size(), 16u);
}

// Found by the simulation (seed 110000552): the two took turns as probes, and no other was ever sent.
TEST(KinesisSink, two_records_that_are_refused_hold_up_none_that_comes_after_them) {
  SinkRig rig;
  const auto refuses = [](const std::string& data) {
    return data.find("\"n\":0,") != std::string::npos || data.find("\"n\":1,") != std::string::npos;
  };
  rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      if (refuses(record.data)) return aws_error(400, "ValidationException", "no");
    return std::nullopt;
  };
  rig.put(make_events(2, 300));
  ASSERT_FALSE(rig.run_until_all_finished(100'000'000)) << "they are all there is";
  rig.put(make_events(50, 300, 2));
  ASSERT_TRUE(rig.run_until_all_finished(400'000'000));
  EXPECT_EQ(rig.dead_letters.letters.size(), 2u);
}

TEST(KinesisSink, gives_up_no_record_to_a_stream_that_takes_none) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ValidationException", "no"); };
  rig.put(make_events(20, 300));
  ASSERT_FALSE(rig.run_until_all_finished(300'000'000));
  EXPECT_TRUE(rig.dead_letters.letters.empty());
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::setup);
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_stored_once(rig);
}

http_client::HttpResponse proxy_page() {
  http_client::HttpResponse page;
  page.status = 413;
  page.body = "<html><h1>413 Request Entity Too Large</h1></html>";
  return page;
}

// A stream or a proxy that took records and then refuses all: each row once buried good events, or sent the same call
// every 50 ms for ever without a word.
TEST(KinesisSink, gives_up_no_event_when_everything_is_refused_after_the_first_delivery) {
  for (const auto& refusal : {aws_error(400, "SerializationException", "cannot be read"),
                              aws_error(400, "InvalidArgumentException", "no such thing"),
                              aws_error(400, "ValidationException", "1 validation error detected"), proxy_page()}) {
    SinkRig rig;
    rig.put(make_events(1, 255, 9'000));
    ASSERT_TRUE(rig.run_until_all_finished());
    rig.kinesis.refuse_call = [&](const auto&) { return refusal; };
    const std::size_t before = rig.kinesis.calls().size();
    rig.put(make_events(2'000, 255));
    ASSERT_FALSE(rig.run_until_all_finished(10'000'000));
    ASSERT_TRUE(rig.sink->problem()) << "said within 10 s";
    EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::setup);
    EXPECT_LT(rig.kinesis.calls().size() - before, 40u) << "no hot loop";
    ASSERT_FALSE(rig.run_until_all_finished(600'000'000));
    EXPECT_TRUE(rig.dead_letters.letters.empty());
    EXPECT_LT(rig.kinesis.calls().size() - before, 80u);
    EXPECT_EQ(rig.kinesis.calls().back().size(), 1u);
    const auto problem = rig.sink->problem();
    EXPECT_NE(problem->message.find("refuses"), std::string::npos) << problem->message;
    rig.kinesis.refuse_call = nullptr;
    ASSERT_TRUE(rig.run_until_all_finished(75'000'000));
    expect_each_finished_once(rig);
    expect_each_stored_once(rig);
    EXPECT_FALSE(rig.sink->problem());
  }
}

TEST(KinesisSink, gives_up_no_single_small_event_to_a_413) {
  SinkRig rig;
  rig.put(make_events(1, 255, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [&](const auto&) { return proxy_page(); };
  rig.put(make_events(1, 255));
  ASSERT_FALSE(rig.run_until_all_finished(900'000'000));
  EXPECT_TRUE(rig.dead_letters.letters.empty());
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_NE(rig.sink->problem()->message.find("413 Request Entity Too Large"), std::string::npos)
      << rig.sink->problem()->message;
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(75'000'000));
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, shrinks_below_64_KiB_for_a_limit_on_the_way_and_wastes_few_calls) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    std::size_t bytes = 0;
    for (const auto& record : records) bytes += record.data.size();
    return bytes < 45'000 ? std::nullopt : std::optional(proxy_page());
  };
  rig.put(make_events(1'000, 400));
  ASSERT_TRUE(rig.run_until_all_finished(10'000'000));
  expect_each_stored_once(rig);
  EXPECT_LT(rig.kinesis.calls().size(), 60u);
  EXPECT_TRUE(rig.dead_letters.letters.empty());
}

TEST(KinesisSink, keeps_and_names_an_event_too_large_for_the_way_and_delivers_the_others) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    std::size_t bytes = 0;
    for (const auto& record : records) bytes += record.data.size();
    return bytes < 45'000 ? std::nullopt : std::optional(proxy_page());
  };
  rig.put(make_events(50, 400));
  rig.put(make_events(1, 100'000, 500));
  rig.put(make_events(50, 400, 600));
  ASSERT_FALSE(rig.run_until_all_finished(300'000'000));
  EXPECT_EQ(rig.finished.size(), 100u);
  EXPECT_TRUE(rig.dead_letters.letters.empty());
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_NE(rig.sink->problem()->message.find("an event of"), std::string::npos) << rig.sink->problem()->message;
  rig.kinesis.refuse_call = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(75'000'000));
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, finds_the_poison_among_events_that_were_refused_with_everything_before) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "InvalidArgumentException", "no"); };
  rig.put(make_events(200, 300));
  ASSERT_FALSE(rig.run_until_all_finished(120'000'000));
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      if (holds(record, 17) || holds(record, 199)) return aws_error(400, "InvalidArgumentException", "no");
    return std::nullopt;
  };
  ASSERT_TRUE(rig.run_until_all_finished(120'000'000));
  EXPECT_EQ(rig.dead_letters.letters.size(), 2u);
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

TEST(KinesisSink, finds_several_poison_records) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      for (const std::uint64_t poison : {5u, 6u, 480u})
        if (holds(record, poison)) return aws_error(400, "InvalidArgumentException", "no");
    return std::nullopt;
  };
  rig.put(make_events(500, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  EXPECT_EQ(rig.dead_letters.letters.size(), 3u);
  EXPECT_EQ(rig.kinesis.copies().size(), 498u);
}

TEST(KinesisSink, keeps_an_event_whose_dead_letter_cannot_be_kept) {
  SinkRig rig;
  rig.dead_letters.fails = true;
  rig.put(make_events(1, 1'100'000));
  rig.put(make_events(5, 300, 1));
  ASSERT_FALSE(rig.run_until_all_finished(60'000'000));
  EXPECT_EQ(rig.finished.size(), 5u);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->code, "dead_letter_failed");
  rig.dead_letters.fails = false;
  ASSERT_TRUE(rig.run_until_all_finished(6'000'000));
  expect_each_finished_once(rig);
  EXPECT_FALSE(rig.sink->problem());
}

// A sync for each held a step up for as long as there were letters, and the disk with it.
TEST(KinesisSink, keeps_dead_letters_with_one_sync_and_a_bounded_number_at_a_time) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      for (const std::uint64_t poison : {5u, 6u, 480u})
        if (holds(record, poison)) return aws_error(400, "InvalidArgumentException", "no");
    return std::nullopt;
  };
  rig.dead_letters.fails = true;
  rig.put(make_events(500, 300));
  ASSERT_FALSE(rig.run_until_all_finished(60'000'000));
  rig.dead_letters.fails = false;
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 3u);
  EXPECT_EQ(rig.dead_letters.syncs, 1u);
  rig.dead_letters.most_at_once = 0;
  rig.put(make_events(4, 1'100'000, 10'000));  // more than a step may write
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 7u);
  EXPECT_EQ(rig.dead_letters.most_at_once, 1u);
}

TEST(KinesisSink, dead_letters_what_is_over_the_known_limit_without_sending_it) {
  SinkRig rig;
  const std::size_t around = make_events(1, 100)[0].record_size() - 100;
  const std::size_t largest = 1'048'576 - kPartitionKeyBytes - around;
  rig.put(make_events(1, 300, 100));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.put(make_events(1, largest, 0));
  rig.put(make_events(1, largest + 1, 1));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.kinesis.stored().size(), 2u);
  ASSERT_EQ(rig.dead_letters.letters.size(), 1u);
  EXPECT_EQ(rig.dead_letters.letters[0].code, "record_too_large");
  EXPECT_NE(rig.dead_letters.letters[0].reason.find("1.0 MiB"), std::string::npos)
      << rig.dead_letters.letters[0].reason;
  EXPECT_EQ(rig.sink->stats().calls_failed, 0u);
}

TEST(KinesisSink, sends_a_large_record_alone_when_the_limit_is_not_known) {
  SinkRig rig;
  rig.kinesis.may_describe = false;
  rig.kinesis.max_record_bytes = 2'097'152;
  rig.put(make_events(20, 300));
  rig.put(make_events(1, 1'500'000, 100));
  rig.put(make_events(1, 2'500'000, 101));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  EXPECT_EQ(rig.kinesis.stored().size(), 21u);
  EXPECT_EQ(rig.dead_letters.letters.size(), 1u);
  ASSERT_EQ(rig.kinesis.calls().size(), 3u);
  ASSERT_EQ(rig.sink->notes().size(), 2u);
  EXPECT_EQ(stream_details(rig.sink->stats()).open_shards, 0u);
}

TEST(KinesisSink, fills_calls_up_to_the_byte_limit_and_not_over_it) {
  KinesisSettings settings = SinkRig::default_settings();
  settings.max_bytes_per_call = 100'000;
  SinkRig rig(settings);
  const std::size_t around = make_events(1, 100)[0].record_size() - 100;
  const std::size_t tenth = 10'000 - kPartitionKeyBytes - around;
  rig.put(make_events(30, tenth));
  ASSERT_TRUE(rig.run_until_all_finished());
  ASSERT_EQ(rig.kinesis.calls().size(), 3u);
  for (const auto& call : rig.kinesis.calls()) EXPECT_EQ(call.size(), 10u);
  rig.put(make_events(30, tenth + 1, 100));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.kinesis.calls().size(), 3u + 4u);
}

TEST(KinesisSink, halves_calls_that_are_too_large_for_something_on_the_way) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    std::size_t bytes = 0;
    for (const auto& record : records) bytes += record.data.size();
    if (bytes < 1'000'000) return std::nullopt;
    http_client::HttpResponse too_large;
    too_large.status = 413;
    too_large.body = "<html>Request Entity Too Large</html>";
    return too_large;
  };
  rig.put(make_events(400, 20'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_stored_once(rig);
  EXPECT_TRUE(rig.dead_letters.letters.empty());
}

TEST(KinesisSink, keeps_to_the_rate_of_its_shards_and_spreads_evenly) {
  SinkRig rig(SinkRig::default_settings(), 4);
  rig.round_trip_us = 20'000;
  rig.put(make_events(80'000, 200));
  const std::int64_t start_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run([&] { return rig.finished.size() >= 40'000; }));  // many go before the shards are known
  const std::size_t from = rig.kinesis.stored().size();
  const std::int64_t from_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run_until_all_finished());
  const double seconds = static_cast<double>(rig.clock.steady_us() - from_us) / 1e6;
  const double rate = static_cast<double>(rig.kinesis.stored().size() - from) / seconds;
  EXPECT_LT(rate, 4 * 950 * 1.1) << "after " << (from_us - start_us) / 1'000'000 << " s";
  EXPECT_GT(rate, 4 * 950 * 0.9);
  std::map<int, int> by_quarter;
  for (std::size_t i = from; i < rig.kinesis.stored().size(); ++i) {
    ASSERT_FALSE(rig.kinesis.stored()[i].explicit_hash_key.empty());
    ++by_quarter[static_cast<int>(*parse_hash_key(rig.kinesis.stored()[i].explicit_hash_key) >> 126)];
  }
  for (const auto& [quarter, records] : by_quarter)
    EXPECT_NEAR(records, static_cast<double>(rig.kinesis.stored().size() - from) / 4, 400) << quarter;
}

TEST(KinesisSink, stops_without_beginning_calls_and_takes_the_last_answers) {
  SinkRig rig;
  rig.put(make_events(600, 300));
  ASSERT_TRUE(rig.run([&] { return rig.sink->stats().calls_in_flight > 0; }));
  rig.sink->stop();
  rig.transport.deliver_all();
  EXPECT_EQ(rig.sink->step(rig.clock.steady_us(), rig.finished), INT64_MAX);
  EXPECT_EQ(rig.finished.size(), 500u);
  EXPECT_EQ(rig.sink->stats().calls_in_flight, 0u);
  rig.run_for(10'000'000);
  EXPECT_EQ(rig.kinesis.calls().size(), 1u);
}

TEST(KinesisSink, may_be_destroyed_while_calls_are_in_flight) {
  SinkRig rig;
  rig.put(make_events(600, 300));
  ASSERT_TRUE(rig.run([&] { return rig.sink->stats().calls_in_flight > 0; }));
  rig.sink.reset();
  EXPECT_GT(rig.transport.deliver_all(), 0u);
}

TEST(KinesisSink, holds_no_more_than_its_room) {
  SinkRig rig;
  auto events = make_events(33'000, 300);
  std::size_t put = 0;
  for (; rig.sink->has_room(); ++put) rig.sink->put(events[put]);
  EXPECT_EQ(put, 32'000u);
  SinkRig large;
  auto large_events = make_events(60, 1'000'000);
  for (put = 0; large.sink->has_room(); ++put) large.sink->put(large_events[put]);
  EXPECT_EQ(put, 34u);
}

TEST(KinesisSink, catches_up_within_seconds_when_throttling_ends) {
  SinkRig rig;
  rig.put(make_events(4'000, 300));
  rig.kinesis.fail_record = [](const auto&) {
    return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded"};
  };
  ASSERT_FALSE(rig.run_until_all_finished(300'000'000));
  EXPECT_LT(rig.sink->stats().records_sent, 4'000u * 40);
  rig.kinesis.fail_record = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(12'000'000));
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
}

// A record that was unlucky ten times once waited half a minute for each further try, while others went through.
TEST(KinesisSink, has_no_straggler_while_a_stream_throttles_a_third) {
  SinkRig rig;
  Random luck(7);
  rig.kinesis.fail_record = [&luck](const auto&) -> std::optional<ScriptedKinesis::Failure> {
    if (luck.below(3) != 0) return std::nullopt;
    return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded"};
  };
  for (std::uint64_t round = 0; round < rounds(60); ++round) {
    rig.put(make_events(4'000, 300, round * 4'000));
    ASSERT_TRUE(rig.run_until_all_finished(12'000'000)) << "round " << round;
  }
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
}

TEST(KinesisSink, survives_losing_its_credentials_while_it_bisects) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      if (holds(record, 17)) return aws_error(400, "ValidationException", "no");
    return std::nullopt;
  };
  rig.put(make_events(100, 300));
  ASSERT_TRUE(rig.run([&] { return rig.sink->stats().calls_in_flight > 0; }));
  rig.credentials->lose({Kind::unreachable, "", "STS cannot be reached", ""});
  rig.run_for(5'000'000);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  rig.credentials->rotate();
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 1u);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, starts_no_bisection_once_stopped) {
  SinkRig rig;
  rig.kinesis.refuse_call = [](const auto&) { return aws_error(400, "ValidationException", "no"); };
  rig.put(make_events(100, 300));
  ASSERT_TRUE(rig.run([&] { return rig.sink->stats().calls_in_flight > 0; }));
  rig.sink->stop();
  rig.run_for(5'000'000);
  EXPECT_EQ(rig.kinesis.calls().size(), 1u);
  EXPECT_TRUE(rig.finished.empty());
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
