// What bodies may take of the memory once they are inflated and read, and what is answered beyond it.
#include <gtest/gtest.h>

#include <string>

#include "intake/gzip_fake.h"
#include "intake/intake_stage_fake.h"

namespace sluice::intake {
namespace {

TEST(Intake, inflates_no_more_of_a_diagnostic_event_than_one_may_have) {
  Stage stage;
  const std::string body = gzip("{\"kind\":\"diagnostic\",\"pad\":\"" + std::string(2 << 20, 'x') + "\"}");
  const http::RawResponse response = stage.ask(http::post_text(
      "/diagnostic", body, "Authorization: " + std::string(kSdkKey) + "\r\nContent-Encoding: gzip\r\n"));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("larger than 64.0 KiB after inflation"), std::string::npos) << response.body;
}

TEST(Intake, counts_what_reading_takes_as_it_counts_bodies) {
  StageOptions options;
  options.intake.max_inflated_total_bytes = 5 << 20;
  Stage stage(options);
  const std::string large = "[" + feature("\"data\":\"" + std::string(3 << 20, 'x') + "\"") + "]";
  EXPECT_EQ(stage.ask(bulk(large)).status, 202u) << "the body as sent is counted elsewhere, its entry fits";
  const std::string packed = gzip(large);
  EXPECT_EQ(stage.ask(bulk(packed, "Content-Encoding: gzip\r\n")).status, 503u) << "body and entry do not fit";
  EXPECT_EQ(stage.intake.inflated.used(), 0u);
}

TEST(Intake, inflates_and_bounds_what_it_inflates) {
  StageOptions options;
  options.intake.max_inflated_bytes = 1 << 20;
  Stage stage(options);
  const std::string gz = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(stage.ask(bulk(gzip(array_of(kEvent)), gz)).status, 202u);
  EXPECT_EQ(stage.ask(bulk(gzip("[" + std::string(kEvent)) + gzip("]"), "content-encoding: GZIP\r\n")).status, 202u);
  EXPECT_EQ(stage.ask(bulk(array_of(kEvent), "Content-Encoding: identity\r\n")).status, 202u);
  EXPECT_EQ(stage.journal.stored().size(), 3u);
  const auto neighbour = stage.connect();
  const http::RawResponse response = stage.ask(bulk(gzip("[" + std::string(100 << 20, ' ') + "]"), gz));
  EXPECT_EQ(response.status, 400u);
  EXPECT_NE(response.body.find("1.0 MiB"), std::string::npos) << response.body;
  EXPECT_EQ(neighbour->ask(bulk(array_of(kEvent))).status, 202u);
  EXPECT_LE(stage.intake.inflated.used(), 2u << 20);
}

TEST(Intake, answers_503_when_there_is_no_room_to_inflate) {
  StageOptions options;
  options.intake.max_inflated_total_bytes = 100'000;
  Stage stage(options);
  const http::RawResponse response =
      stage.ask(bulk(gzip("[" + std::string(200'000, ' ') + "]"), "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(stage.ask(bulk(gzip(array_of(kEvent)), "Content-Encoding: gzip\r\n")).status, 202u);
}

}  // namespace
}  // namespace sluice::intake
