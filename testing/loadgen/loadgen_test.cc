#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>

#include <nlohmann/json.hpp>
#include <set>

#include "loadgen/histogram.h"
#include "loadgen/payload.h"
#include "loadgen/runner.h"

namespace loadgen {
namespace {

PayloadShape shape() {
  PayloadShape out;
  out.authorization = "sdk-key";
  out.run = 0xabcdef01;
  return out;
}

nlohmann::json body_of(std::string_view request) {
  return nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

TEST(Payload, is_json_of_the_asked_size_with_a_number_on_every_event) {
  Payload payload(shape());
  std::set<std::string> ids;
  for (std::uint64_t call = 0; call < 3; ++call) {
    const auto events = body_of(payload.request(call * 100, call, 1'700'000'000'123));
    ASSERT_EQ(events.size(), 100u);
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i]["loadgenId"], event_id(0xabcdef01, call * 100 + i));
      EXPECT_EQ(events[i]["creationDate"], 1'700'000'000'123);
      EXPECT_NEAR(static_cast<double>(events[i].dump().size()), 600, 2);
      ids.insert(events[i]["loadgenId"]);
    }
  }
  EXPECT_EQ(ids.size(), 300u);
}

TEST(Payload, has_events_of_600_bytes_that_differ_as_those_of_sdks_do) {
  PayloadShape drawn = shape();
  drawn.as_sdks_send = true;
  const std::string request(Payload(drawn).request(7, 1, 1'700'000'000'123));
  EXPECT_EQ(std::string(Payload(drawn).request(7, 1, 1'700'000'000'123)), request) << "the same from the same seed";
  const auto events = body_of(request);
  ASSERT_EQ(events.size(), 100u);
  EXPECT_NEAR(static_cast<double>(events.dump().size()) / 100, 600, 30);
  std::set<std::string> contexts, kinds;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i]["loadgenId"], event_id(0xabcdef01, 7 + i));
    EXPECT_EQ(events[i]["creationDate"], 1'700'000'000'123);
    const auto& context = events[i]["context"];
    contexts.insert(context["kind"] == "multi" ? context["user"]["key"] : context["key"]);
    kinds.insert(events[i]["kind"]);
  }
  EXPECT_EQ(contexts.size(), 100u);
  EXPECT_EQ(kinds, (std::set<std::string>{"custom", "feature", "identify"}));
  ++drawn.seed;
  EXPECT_NE(std::string(Payload(drawn).request(7, 1, 1'700'000'000'123)), request);
}

TEST(Payload, carries_the_same_id_for_the_same_payload) {
  Payload payload(shape());
  const auto id = [](std::string_view request) {
    return std::string(request.substr(request.find("Payload-ID: ") + 12, 36));
  };
  const std::string first = id(payload.request(0, 7, 1));
  EXPECT_EQ(first, "abcdef01-0000-4000-8000-000000000007");
  EXPECT_EQ(id(payload.request(0, 7, 2)), first);
  EXPECT_NE(id(payload.request(0, 8, 2)), first);
}

TEST(Payload, goes_to_each_key_in_turn) {
  PayloadShape many = shape();
  many.authorization = "sdk-5ca1e000-0000-4000-8000-000000000000";
  many.keys = 3;
  Payload payload(many);
  const auto key = [](std::string_view request) {
    return std::string(request.substr(request.find("Authorization: ") + 15, 40));
  };
  EXPECT_EQ(key(payload.request(0, 0, 1)), "sdk-5ca1e000-0000-4000-8000-000000000000");
  EXPECT_EQ(key(payload.request(0, 2, 1)), "sdk-5ca1e000-0000-4000-8000-000000000002");
  EXPECT_EQ(key(payload.request(0, 3, 1)), "sdk-5ca1e000-0000-4000-8000-000000000000");
}

TEST(Payload, is_the_same_under_gzip) {
  PayloadShape packed = shape();
  packed.gzip = true;
  Payload payload(packed);
  const std::string request(payload.request(5, 1, 1'700'000'000'123));
  EXPECT_NE(request.find("Content-Encoding: gzip\r\n"), std::string::npos);
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_NE(request.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
  std::string plain(1 << 20, '\0');
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(body.data()));
  state.avail_in = static_cast<std::uint32_t>(body.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(plain.data());
  state.avail_out = static_cast<std::uint32_t>(plain.size());
  ASSERT_EQ(isal_inflate(&state), ISAL_DECOMP_OK);
  plain.resize(state.total_out);
  EXPECT_EQ(nlohmann::json::parse(plain)[0]["loadgenId"], event_id(0xabcdef01, 5));
}

TEST(Histogram, tells_quantiles_to_three_percent) {
  Histogram histogram;
  EXPECT_EQ(histogram.at(0.5), 0u);
  for (int us = 1; us <= 100'000; ++us) histogram.add(us);
  EXPECT_NEAR(static_cast<double>(histogram.at(0.5)), 50'000, 1'600);
  EXPECT_NEAR(static_cast<double>(histogram.at(0.99)), 99'000, 3'200);
  EXPECT_EQ(histogram.at(1), 100'000u);
  EXPECT_EQ(histogram.max(), 100'000u);
}

TEST(AcknowledgedRanges, join_neighbours_and_leave_failures_out) {
  RunReport report;
  report.acknowledged = {true, true, false, true};
  EXPECT_EQ(acknowledged_ranges(report, shape()),
            event_id(0xabcdef01, 0) + " 200\n" + event_id(0xabcdef01, 300) + " 100\n");
}

}  // namespace
}  // namespace loadgen
