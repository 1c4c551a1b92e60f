#include "destinations/s3/object_key.h"

#include <gtest/gtest.h>

namespace sluice::s3 {
namespace {

constexpr std::int64_t kTimeMs = 1'795'768'399'000;  // 2026-11-27T08:33:19Z

KeyFacts facts(std::string prefix = "exports/flags") {
  return {std::move(prefix), "default", "production", "610addeadbeefaa86ec9a7d4", "node-1"};
}
const EventPlace kFirst{{0x6b03dfc000001000}, 0}, kLast{{0x6b03dfc0000a2000}, 11};

std::string key_of(std::string_view text, const KeyFacts& of, std::string_view kind = "",
                   Compression compression = Compression::gzip) {
  const auto parsed = KeyTemplate::parse(text, of);
  return parsed ? parsed->key(kind, kTimeMs, kFirst, kLast, compression) : parsed.error()[0].message;
}

TEST(ObjectKey, is_partitioned_by_the_hour_of_receipt) {
  EXPECT_EQ(key_of(kDefaultKeyTemplate, facts()),
            "exports/flags/project=default/environment=production/date=2026-11-27/hour=08/"
            "node-1-6b03dfc000001000-6b03dfc0000a2000.000011-6ec9a7d4.ndjson.gz");
}

TEST(ObjectKey, of_replays_and_test_events_stands_apart_under_the_same_prefix) {
  EXPECT_TRUE(key_of(kDefaultKeyTemplate, facts(), "replay=610a").starts_with("exports/flags/replay=610a/project="));
  EXPECT_TRUE(key_of(kDefaultKeyTemplate, facts(""), "test").starts_with("test/project=default/"));
  EXPECT_TRUE(key_of(kDefaultKeyTemplate, facts("")).starts_with("project=default/"));
}

TEST(ObjectKey, ends_in_what_readers_know_the_compression_by) {
  EXPECT_TRUE(key_of(kDefaultKeyTemplate, facts(), "", Compression::none).ends_with(".000011-6ec9a7d4.ndjson"));
  EXPECT_TRUE(key_of(kDefaultKeyTemplate, facts(), "", Compression::zstd).ends_with(".ndjson.zst"));
}

TEST(ObjectKey, takes_a_template_of_ones_own) {
  EXPECT_EQ(key_of("{prefix}/{date}/{hour}/{environment}.{destination}.{node}.{first}.{last}", facts("p")),
            "p/2026-11-27/08/production.610addeadbeefaa86ec9a7d4.node-1.6b03dfc000001000.6b03dfc0000a2000.000011"
            ".ndjson.gz");
}

TEST(ObjectKey, differs_between_destinations_of_one_server_under_the_same_prefix) {
  KeyFacts other = facts();
  other.destination = "610addeadbeefaa86ec9a7d5";
  for (const std::string_view text : {kDefaultKeyTemplate, std::string_view("{prefix}/{node}/{first}/{last}"),
                                      std::string_view("{prefix}/{destination}/{node}-{first}-{last}")})
    EXPECT_NE(key_of(text, facts()), key_of(text, other)) << text;
}

TEST(ObjectKey, template_is_refused_with_all_errors_at_once) {
  const auto parsed = KeyTemplate::parse("{date}/{flag}/a b/{first}", facts("/bad"));
  ASSERT_FALSE(parsed);
  std::string all;
  for (const Error& error : parsed.error()) all += error.message + "\n";
  for (const char* part : {"must begin with {prefix}/", "no variable {flag}", "not safe in keys of objects:  ",
                           "needs {node}", "needs {last}", "begins or ends with a slash"})
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
}

TEST(ObjectKey, template_that_gives_no_good_key_is_refused) {
  const std::string end = "{node}-{first}-{last}";
  EXPECT_NE(key_of("{prefix}/{date" + end, facts()).find("no variable"), std::string::npos);
  EXPECT_NE(key_of("{prefix}/" + end + "{date", facts()).find("without its }"), std::string::npos);
  EXPECT_NE(key_of("{prefix}//" + end, facts()).find("empty part"), std::string::npos);
  EXPECT_NE(key_of("{prefix}/../" + end, facts()).find("'..'"), std::string::npos);
  EXPECT_NE(key_of("{prefix}/" + std::string(1000, 'a') + end, facts()).find("bytes; S3 takes 1024"),
            std::string::npos);
  EXPECT_NE(fault_of_prefix("a/"), "");
  EXPECT_NE(fault_of_prefix("a b"), "");
  EXPECT_EQ(fault_of_prefix("a/b=c"), "");
  EXPECT_EQ(fault_of_prefix(""), "");
}

TEST(ObjectKey, next_to_one_that_is_taken_has_a_number_up_to_nine) {
  EXPECT_EQ(next_key("a/n-1.000001-7a76.ndjson.gz"), "a/n-1.000001-7a76.2.ndjson.gz");
  EXPECT_EQ(next_key("a/n-1.000001-7a76.2.ndjson"), "a/n-1.000001-7a76.3.ndjson");
  EXPECT_EQ(next_key("a/n-1.000001.ndjson.zst"), "a/n-1.000001.2.ndjson.zst") << "a place is no number of this kind";
  EXPECT_EQ(next_key("a/n.9.ndjson"), std::nullopt);
  EXPECT_EQ(next_key("a/n"), std::nullopt) << "a key of another kind";
  const std::string longest = std::string(kMaxKeyBytes - 7, 'a') + ".ndjson";
  EXPECT_EQ(next_key(longest), std::nullopt);
  EXPECT_TRUE(next_key(longest.substr(2)));
}

TEST(PlaceText, sorts_as_places_do) {
  EXPECT_LT(place_text({{0x10}, 0}), place_text({{0x10}, 9}));
  EXPECT_LT(place_text({{0x10}, 9}), place_text({{0x10}, 10}));
  EXPECT_LT(place_text({{0x10}, 999'999}), place_text({{0x11}, 0}));
}

}  // namespace
}  // namespace sluice::s3
