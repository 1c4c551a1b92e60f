// KinesisSink and records that Kinesis never takes: each is found and given up, and no good one with it.

#include <gtest/gtest.h>

#include <string>

#include "destinations/kinesis/sink_expectations_fake.h"

namespace sluice::kinesis {
namespace {

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
  rig.credentials->lose({aws::CredentialsError::Kind::unreachable, "", "STS cannot be reached", ""});
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

}  // namespace
}  // namespace sluice::kinesis
