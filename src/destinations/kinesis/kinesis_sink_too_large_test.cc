// KinesisSink and sizes: the limits of a call and of a record, and those of what stands between Sluice and Kinesis.

#include <gtest/gtest.h>

#include <string>

#include "destinations/kinesis/sink_expectations_fake.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

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

}  // namespace
}  // namespace sluice::kinesis
