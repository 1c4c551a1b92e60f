// Events that are wrong, odd or hostile lose only themselves: not their neighbours in a payload, and not other clients.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "intake/intake_stage_fake.h"

namespace sluice::intake {
namespace {

TEST(Intake, sets_unusable_events_aside_without_losing_their_neighbours) {
  Stage stage;
  std::string deep = "1";
  for (int i = 0; i < 300; ++i) deep = "[" + deep + "]";
  const std::string body =
      "[" + std::string(kEvent) + ",42,\"text\",{\"no\":\"kind\"}," + feature("\"data\":" + deep) + "," + kEvent + "]";
  EXPECT_EQ(stage.ask(bulk(body, "X-LaunchDarkly-Payload-ID: p-1\r\n")).status, 202u);
  const auto stored = stage.journal.stored();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
  EXPECT_EQ(stored[0].counts[static_cast<std::size_t>(event::EventKind::unusable)], 4u);
  EXPECT_EQ(stage.metrics.totals().events_unusable, (event::UnusableCounts{2, 1, 0, 1})) << "by reason";
  stage.workers.run_due();
  std::istringstream file(stage.files.bytes("/letters/intake.ndjson"));
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(file, line)) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[0].find("\"position\":1"), std::string::npos);
  EXPECT_NE(lines[0].find("\"event\":\"42\""), std::string::npos);
  EXPECT_NE(lines[0].find("\"payload_id\":\"p-1\""), std::string::npos);
  // The same payload again is stored nowhere again.
  EXPECT_EQ(stage.ask(bulk(body, "X-LaunchDarkly-Payload-ID: p-1\r\n")).status, 202u);
  stage.workers.run_due();
  EXPECT_EQ(stage.metrics.totals().dead_letters, 4u);
}

TEST(Intake, an_event_that_is_not_json_loses_only_itself) {
  Stage stage;
  const std::string bad[] = {feature(R"("metricValue":NaN)"), feature("\"data\":\"\xE9\""),
                             feature("\"data\":\"\xED\xA0\xBD\xED\xB8\x80\""), feature("\"data\":\"a\tb\"")};
  for (const std::string& event : bad) {
    const std::size_t before = stage.journal.stored().size();
    EXPECT_EQ(stage.ask(bulk("\xEF\xBB\xBF[" + std::string(kEvent) + "," + event + "," + kEvent + "]")).status, 202u);
    const auto stored = stage.journal.stored();
    ASSERT_EQ(stored.size(), before + 1);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::unusable)], 1u);
  }
  stage.workers.run_due();
  const std::string letters = stage.files.bytes("/letters/intake.ndjson");
  EXPECT_EQ(std::count(letters.begin(), letters.end(), '\n'), 4);
  EXPECT_NE(letters.find("\"position\":1,\"reason\":\"event 1 is not JSON: byte "), std::string::npos) << letters;
  EXPECT_EQ(stage.metrics.totals().events_unusable, (event::UnusableCounts{0, 0, 0, 0, 4, 0})) << "by reason";
}

TEST(Intake, refuses_more_events_than_any_sdk_sends_before_it_has_read_them) {
  Stage stage;
  std::string body = "[1";
  for (int i = 0; i < 200'000; ++i) body += ",1";
  const http::RawResponse response = stage.ask(bulk(body + "]"));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("\"too_large\""), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("more than 1000 events of the payload are unusable"), std::string::npos);
  EXPECT_TRUE(stage.journal.stored().empty());
}

TEST(Intake, keeps_neighbours_of_odd_json) {
  Stage stage;
  const struct {
    const char* what;
    std::string member;
  } cases[] = {
      {"an integer above 64 bits", R"("data":123456789012345678901234567890)"},
      {"a lone surrogate", R"("data":"\ud800")"},
      {"a float for a date", R"("endDate":1.7e12)"},
      {"a number out of range", R"("data":1e999)"},
      {"a nesting of 200", "\"data\":" + std::string(200, '[') + std::string(200, ']')},
  };
  for (const auto& [what, member] : cases) {
    SCOPED_TRACE(what);
    const std::size_t before = stage.journal.stored().size();
    EXPECT_EQ(stage.ask(bulk("[" + std::string(kEvent) + "," + feature(member) + "," + kEvent + "]")).status, 202u);
    const auto stored = stage.journal.stored();
    ASSERT_EQ(stored.size(), before + 1);
    EXPECT_EQ(stored.back().counts[static_cast<std::size_t>(event::EventKind::identify)], 2u);
  }
}

TEST(Intake, lives_through_hostile_bodies) {
  Stage stage;
  const auto neighbour = stage.connect();
  const std::string hostile[] = {
      "[" + feature("\"data\":\"\xff\xfe\"") + "]",
      "[" + feature("\"data\":\"\xed\xa0\x80\"") + "]",
      std::string(100'000, '['),
      std::string(100'000, '[') + std::string(100'000, ']'),
      "[" + std::string(50'000, '{'),
      "[" + std::string(200'000, ','),
      std::string(1, '\0'),
      std::string(5000, '\0'),
      "[\"" + std::string(1 << 20, '\\'),
      "\xef\xbb\xbf[]",
  };
  for (const std::string& body : hostile) {
    const http::RawResponse response = stage.ask(bulk(body));
    EXPECT_TRUE(response.status == 400 || response.status == 202) << response.status;
    EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  }
}

}  // namespace
}  // namespace sluice::intake
