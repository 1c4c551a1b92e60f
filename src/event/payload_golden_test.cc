// Records of real requests, byte for byte. SLUICE_UPDATE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "event/fixtures_fake.h"
#include "event/reading_fake.h"

namespace sluice::event {
namespace {

std::string records_of(const ReadPayload& payload) {
  std::string text;
  for (const ReadEvent& event : payload.events)
    text += event.kind == EventKind::unusable ? "(unusable) " + event.json + "\n" : event.record;
  return text;
}

TEST(PayloadGolden, records_of_every_recorded_request_are_unchanged) {
  const auto requests = recorded_event_requests();
  ASSERT_GT(requests.size(), 50u);
  for (const RecordedRequest& request : requests) {
    SCOPED_TRACE(request.name);
    const ReadPayload payload = read_payload(request.body, request.schema);
    EXPECT_EQ(payload.error, "");
    const auto golden = source_directory() / "tests/fixtures/golden" / (request.name + ".ndjson");
    if (updating_goldens()) write_file(golden, records_of(payload));
    EXPECT_EQ(read_file(golden), records_of(payload));
  }
}

// What a real SDK sends must come out whole: each member and value, but for what docs/events.md takes out.
TEST(PayloadGolden, no_member_of_a_recorded_event_is_lost) {
  for (const RecordedRequest& request : recorded_event_requests()) {
    if (!request.name.starts_with("launchdarkly-")) continue;
    SCOPED_TRACE(request.name);
    const auto sent = nlohmann::json::parse(request.body);
    const ReadPayload payload = read_payload(request.body, request.schema);
    ASSERT_EQ(payload.events.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const auto read = nlohmann::json::parse(payload.events[i].json);
      for (const auto& [name, value] : sent[i].items()) {
        if (value.is_null() && (name == "variation" || name == "version" || name == "reason" || name == "prereqOf"))
          continue;
        EXPECT_EQ(read.value(name, nlohmann::json("absent")), value);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::event
