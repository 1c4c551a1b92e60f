#include "destinations/kinesis/kinesis_sink.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "destinations/kinesis/sink_expectations_fake.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

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

}  // namespace
}  // namespace sluice::kinesis
