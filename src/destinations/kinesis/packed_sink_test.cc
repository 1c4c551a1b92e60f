// KinesisSink with records of several events: what is refused inside of one, and streams that stop understanding CBOR.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t kEventBytes = 400;

KinesisSettings packed(framing::Encoding encoding) {
  KinesisSettings settings = SinkRig::default_settings();
  settings.encoding = encoding;
  settings.record_bytes = 51'200;
  settings.linger_ms = 100;
  return settings;
}

// How often each event is in a record; those of ndjson and kpl are there as they are.
std::map<std::string, int> copies_of(const SinkRig& rig, std::size_t events) {
  std::map<std::string, int> copies;
  for (std::size_t i = 0; i < events; ++i) {
    const std::string begin = "{\"n\":" + std::to_string(i) + ",";
    for (const ScriptedKinesis::Record& record : rig.kinesis.stored())
      for (std::size_t at = record.data.find(begin); at != std::string::npos; at = record.data.find(begin, at + 1))
        ++copies[std::to_string(i)];
  }
  return copies;
}

class PackedSink : public ::testing::TestWithParam<framing::Encoding> {};

TEST_P(PackedSink, gives_up_a_poison_event_alone_and_delivers_those_that_were_packed_with_it) {
  SinkRig rig(packed(GetParam()));
  constexpr std::size_t kEvents = 1'000;
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      for (const char* poison : {"{\"n\":333,", "{\"n\":334,", "{\"n\":900,"})
        if (record.data.find(poison) != std::string::npos) return aws_error(400, "ValidationException");
    return std::nullopt;
  };
  rig.put(make_events(kEvents, kEventBytes));
  ASSERT_TRUE(rig.run_until_all_finished());
  ASSERT_EQ(rig.dead_letters.letters.size(), 3U);
  for (const exporting::DeadLetter& letter : rig.dead_letters.letters) {
    EXPECT_TRUE(letter.record.find("{\"n\":333,") != std::string::npos ||
                letter.record.find("{\"n\":334,") != std::string::npos ||
                letter.record.find("{\"n\":900,") != std::string::npos)
        << letter.record.substr(0, 200);
    EXPECT_EQ(letter.record.find('\n'), letter.record.size() - 1) << "one event's line";
  }
  const auto copies = copies_of(rig, kEvents);
  EXPECT_EQ(copies.size(), kEvents - 3);
  for (const auto& [event, times] : copies) EXPECT_EQ(times, 1) << event;
}

// The description is minutes old: what it says of the limit is not true any more.
TEST_P(PackedSink, splits_records_that_are_too_large_for_the_stream_and_gives_up_no_event) {
  SinkRig rig(packed(GetParam()));
  constexpr std::size_t kEvents = 1'000;
  rig.kinesis.refuse_call = [](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (std::size_t i = 0; i < records.size(); ++i)
      if (records[i].data.size() > 10 * kEventBytes)
        return aws_error(400, "ValidationException",
                         "1 validation error detected: Value at 'records." + std::to_string(i + 1) +
                             ".member.data' failed to satisfy constraint: Member must have length less than or equal "
                             "to 4000");
    return std::nullopt;
  };
  rig.put(make_events(kEvents, kEventBytes));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 0U);
  const auto copies = copies_of(rig, kEvents);
  EXPECT_EQ(copies.size(), kEvents);
  for (const auto& [event, times] : copies) EXPECT_EQ(times, 1) << event;
  if (GetParam() != framing::Encoding::json) {
    EXPECT_LT(rig.kinesis.stored().size(), kEvents / 4) << "a part that fits is not torn to single events";
  }
}

TEST_P(PackedSink, delivers_in_json_what_a_stream_does_not_understand_in_cbor_any_more) {
  for (const int status : {403, 500, 415}) {
    SinkRig rig(packed(GetParam()));
    rig.put(make_events(500, kEventBytes));
    ASSERT_TRUE(rig.run_until_all_finished());
    rig.put(make_events(500, kEventBytes, 500));
    ASSERT_TRUE(rig.run_until_all_finished());
    ASSERT_GT(rig.kinesis.cbor_calls(), 0);
    rig.transport.answer_by([&](const http_client::HttpRequest& request) {
      http_client::HttpResponse page;
      page.status = status;
      page.body = "<html></html>";
      return request.body.starts_with('{') ? rig.kinesis.answer(request) : page;
    });
    rig.put(make_events(500, kEventBytes, 1'000));
    EXPECT_TRUE(rig.run_until_all_finished()) << status;
    EXPECT_EQ(rig.dead_letters.letters.size(), 0U);
    EXPECT_EQ(copies_of(rig, 1'500).size(), 1'500U);
  }
}

INSTANTIATE_TEST_SUITE_P(Encodings, PackedSink,
                         ::testing::Values(framing::Encoding::json, framing::Encoding::ndjson, framing::Encoding::kpl));

}  // namespace
}  // namespace sluice::kinesis
