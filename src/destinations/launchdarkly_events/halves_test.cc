#include "destinations/launchdarkly_events/halves.h"

#include <gtest/gtest.h>

#include "base/gzip_text.h"
#include "base/hex.h"

namespace sluice::launchdarkly_events {
namespace {

std::string original_of(std::string_view body, std::string_view encoding = {}) {
  std::string bytes;
  std::vector<event::OriginalHeader> headers = {{"x-launchdarkly-payload-id", "id-1"},
                                                {"user-agent", "NodeJSClient/9"}};
  if (!encoding.empty()) headers.emplace_back("content-encoding", encoding);
  event::append_original_head({"POST", "/bulk", ""}, headers, "", bytes);
  return bytes.append(body);
}

std::optional<Halves> halves(std::string_view body, std::string_view encoding = {}) {
  const std::string bytes = original_of(body, encoding);
  const auto original = event::read_original(bytes);
  EXPECT_TRUE(original);
  return original ? halves_of(*original) : std::nullopt;
}

std::string body_of(const Half& half) {
  const auto original = event::read_original(half.original);
  EXPECT_TRUE(original);
  EXPECT_EQ(original->header("x-launchdarkly-payload-id"), half.payload_id);
  EXPECT_EQ(original->header("user-agent"), "NodeJSClient/9");
  EXPECT_EQ(original->header("content-encoding"), "") << "it is plain";
  return std::string(original->body);
}

TEST(Halves, are_all_events_once_in_their_order) {
  const auto two = halves(" [ {\"a\":\"],[{\\\"\"} ,\n{\"b\":[1,{}]}, {\"c\":2} ] ");
  ASSERT_TRUE(two);
  EXPECT_EQ(body_of(two->first), "[{\"a\":\"],[{\\\"\"}]");
  EXPECT_EQ(body_of(two->second), "[{\"b\":[1,{}]},{\"c\":2}]");
}

TEST(Halves, have_ids_that_are_the_same_whenever_they_are_derived_and_different_from_each_other) {
  const auto one = halves("[{},{}]"), again = halves("[{},{}]");
  ASSERT_TRUE(one && again);
  EXPECT_EQ(one->first.payload_id, again->first.payload_id);
  EXPECT_NE(one->first.payload_id, one->second.payload_id);
  EXPECT_EQ(one->first.payload_id.size(), 36u);
}

TEST(Halves, of_a_compressed_payload_are_plain) {
  const auto gzip = bytes_of_hex(
      "1f8b08000000000000038bae564a54b232acd5a9564a52b232aa8d0500cddfe34111000000");  // printf '[{"a":1},{"b":2}]' |
                                                                                      // gzip -n
  ASSERT_TRUE(gzip);
  const auto two = halves(*gzip, "gzip");
  ASSERT_TRUE(two);
  EXPECT_EQ(body_of(two->first), R"([{"a":1}])");
  EXPECT_EQ(body_of(two->second), R"([{"b":2}])");
  EXPECT_FALSE(halves(std::string_view(*gzip).substr(0, 20), "gzip")) << "cut short";
}

// The second member's events were counted as delivered, and in neither half.
TEST(Halves, of_a_payload_of_several_gzip_members_hold_the_events_of_all_of_them) {
  const auto two = halves(gzip_text("[{\"a\":1},") + gzip_text("{\"b\":2}]"), "gzip");
  ASSERT_TRUE(two);
  EXPECT_EQ(body_of(two->first) + body_of(two->second), R"([{"a":1}][{"b":2}])");
  EXPECT_FALSE(halves(gzip_text("[{\"a\":1},{\"b\":2}]") + "tail", "gzip"));
}

TEST(Halves, there_are_none_of_what_cannot_be_divided) {
  for (const char* body : {"[]", "[{}]", "{}", "[{},", "", "[\"\\\""}) EXPECT_FALSE(halves(body)) << body;
  EXPECT_FALSE(halves("[{},{}]", "br"));
  EXPECT_FALSE(halves("[{},{}]", "gzip")) << "it says gzip and is none";
}

}  // namespace
}  // namespace sluice::launchdarkly_events
