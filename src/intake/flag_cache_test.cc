#include "intake/flag_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "event/payload_reader.h"

namespace sluice::intake {
namespace {

// Reads payloads as intake does, for one environment.
class FlagDeskTest : public ::testing::Test {
 protected:
  FlagDeskTest() {
    environment_.id = *ObjectId::parse("578d1e02d2943862c52b9686");
    environment_.flag_export.as_sent = false;
    environment_.flag_export.flags["on"].exported = true;
    environment_.flag_export.flags["on"].variation_names = {"red", "blue"};
    environment_.flag_export.flags["off"].exported = false;
    choose();
  }
  void choose() { registry_.apply(catalog::CatalogSnapshot({}, {environment_}, {})); }

  // The events that are exported, one a line.
  std::string exported(std::string_view events) {
    const std::string text = "[" + std::string(events) + "]";
    const std::string padded = text + std::string(event::kPayloadPadding, ' ');
    event::EntryWriter writer;
    writer.begin({}, environment_.id, 1, {});
    flag_cache_.begin(environment_, unsummarized_, now_ms_);
    EXPECT_TRUE(reader_.read(std::string_view(padded).substr(0, text.size()), 4, 1, writer, &flag_cache_));
    std::string bytes, out;
    writer.finish(bytes);
    const auto entry = event::EntryView::open(bytes);
    event::EventSlot slot;
    for (event::EntryView::Walk walk; entry->next(walk, slot);) out += std::string(slot.json) + "\n";
    return out;
  }
  bool is_exported(std::string_view event) { return !exported(event).empty(); }

  catalog::Environment environment_;
  flags::FlagRegistry registry_;
  FlagCache flag_cache_{registry_};
  event::PayloadReader reader_{ObjectIdMinter(1)};
  bool unsummarized_ = false;
  std::int64_t now_ms_ = 1;
};

TEST_F(FlagDeskTest, evaluations_of_chosen_flags_are_exported_and_others_are_not) {
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"on"})"));
  EXPECT_FALSE(is_exported(R"({"kind":"feature","key":"off"})"));
  EXPECT_EQ(reader_.not_exported(), 1u);
}

TEST_F(FlagDeskTest, what_is_no_evaluation_in_full_does_not_ask_the_flag) {
  EXPECT_TRUE(is_exported(R"({"kind":"debug","key":"off"})"));
  EXPECT_TRUE(is_exported(R"({"kind":"migration_op","evaluation":{"key":"off"}})"));
  EXPECT_TRUE(is_exported(R"({"kind":"custom","key":"off"})"));
  EXPECT_TRUE(is_exported(R"({"kind":"summary","features":{"off":{}}})"));
}

TEST_F(FlagDeskTest, evaluations_in_an_experiment_are_always_exported) {
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"off","reason":{"kind":"RULE_MATCH","inExperiment":true}})"));
  EXPECT_FALSE(is_exported(R"({"kind":"feature","key":"off","reason":{"kind":"RULE_MATCH","inExperiment":false}})"));
}

TEST_F(FlagDeskTest, of_an_unsummarized_payload_those_that_say_so_are_exported_too) {
  constexpr auto kTracked = R"({"kind":"feature","key":"off","trackEvents":true})";
  EXPECT_FALSE(is_exported(kTracked));
  unsummarized_ = true;
  EXPECT_TRUE(is_exported(kTracked));
  EXPECT_FALSE(is_exported(R"({"kind":"feature","key":"off","trackEvents":false})"));
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"on"})"));
}

TEST_F(FlagDeskTest, as_sent_exports_all_that_arrives) {
  environment_.flag_export.as_sent = true;
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"off"})"));
}

TEST_F(FlagDeskTest, a_change_holds_for_the_next_event) {
  EXPECT_FALSE(is_exported(R"({"kind":"feature","key":"off"})"));
  environment_.flag_export.flags["off"].exported = true;
  choose();
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"off"})"));
}

TEST_F(FlagDeskTest, neighbours_of_what_is_left_out_stay_whole) {
  const std::string text = exported(
      R"({"kind":"custom","key":"a"},{"kind":"feature","key":"off","value":[1,{"b":2}]},{"kind":"custom","key":"c"})");
  EXPECT_NE(text.find(R"("key":"a"})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("key":"c"})"), std::string::npos) << text;
  EXPECT_EQ(text.find("off"), std::string::npos) << text;
}

TEST_F(FlagDeskTest, the_name_of_the_variation_is_joined) {
  EXPECT_NE(exported(R"({"kind":"feature","key":"on","variation":1})").find(R"("variationName":"blue")"),
            std::string::npos);
  EXPECT_EQ(exported(R"({"kind":"feature","key":"on","variation":2})").find("variationName"), std::string::npos);
  EXPECT_EQ(exported(R"({"kind":"feature","key":"on"})").find("variationName"), std::string::npos);
  const std::string sent = exported(R"({"kind":"feature","key":"on","variation":1,"variationName":"mine"})");
  EXPECT_NE(sent.find(R"("variationName":"mine")"), std::string::npos);
  EXPECT_EQ(sent.find("blue"), std::string::npos);
}

// The registry has no room at all: as after a flood of invented flags.
TEST(FlagCache, exports_what_the_owner_chose_whatever_the_registry_has_room_for) {
  flags::FlagLimits limits;
  limits.share_bytes = limits.all_share_bytes = {0, 0, 0};
  flags::FlagRegistry registry(limits);
  catalog::Environment environment;
  environment.flag_export.as_sent = false;
  environment.flag_export.new_flags = false;
  registry.apply(catalog::CatalogSnapshot({}, {environment}, {}));
  FlagCache cache(registry);
  const auto exported = [&](std::string_view key) {
    cache.begin(environment, false, 1, CredentialKind::client_side_id);
    event::FlagEvaluation evaluation;
    evaluation.key = key;
    return cache.verdict(evaluation).exported;
  };
  EXPECT_FALSE(exported("checkout"));
  environment.flag_export.flags["checkout"].exported = true;
  EXPECT_TRUE(exported("checkout")) << "before the registry has heard of it";
  registry.apply(catalog::CatalogSnapshot({}, {environment}, {}));
  EXPECT_TRUE(exported("checkout"));
  EXPECT_FALSE(exported("other"));
  environment.flag_export.new_flags = true;
  EXPECT_TRUE(exported("other"));
}

TEST(FlagCache, keeps_nothing_of_flags_that_went) {
  flags::FlagLimits limits;
  limits.share_bytes = {20'000, 20'000, 20'000};
  flags::FlagRegistry registry(limits);
  catalog::Environment environment;
  FlagCache cache(registry);
  std::weak_ptr<flags::FlagEntry> first;
  for (std::uint64_t i = 0; i < 3 * kSweepAfterEvicted; ++i) {
    cache.begin(environment, false, 1, CredentialKind::client_side_id);
    event::FlagEvaluation evaluation;
    const std::string key = "f" + std::to_string(i);
    evaluation.key = key;
    cache.verdict(evaluation);
    if (i == 0) first = registry.find(environment.id, key, 1, CredentialKind::client_side_id);
  }
  EXPECT_TRUE(first.expired());
  event::FlagEvaluation again;
  again.key = "f0";
  cache.verdict(again);
  EXPECT_EQ(registry.one(environment.id, "f0")->evaluations, 1u) << "it is known again, from its start";
}

TEST_F(FlagDeskTest, a_summary_tells_how_often_each_of_its_flags_was_evaluated) {
  EXPECT_TRUE(is_exported(
      R"({"kind":"summary","features":{"one":{"default":1,"counters":[{"count":3,"value":true},{"unknown":true,"count":4}]},
         "two":{"counters":[]},"odd":{"counters":[7,{"count":"9"},{"count":-1},{"count":1}]},"none":5},"endDate":"x"})"));
  const auto counted = [&](std::string_view key) { return registry_.one(environment_.id, key).value().summarized; };
  EXPECT_EQ(counted("one"), 7u);
  EXPECT_EQ(counted("two"), 0u);
  EXPECT_EQ(counted("odd"), 1u);
  EXPECT_EQ(counted("none"), 0u);
  EXPECT_EQ(registry_.list(environment_.id).size(), 4u);
  for (const char* odd : {R"({"kind":"summary","features":[1]})", R"({"kind":"summary"})"})
    EXPECT_TRUE(is_exported(odd));
}

TEST_F(FlagDeskTest, only_summaries_are_told_until_an_evaluation_comes_in_full) {
  constexpr auto kSummary = R"({"kind":"summary","features":{"on":{"counters":[{"count":1}]}}})";
  EXPECT_TRUE(is_exported(kSummary));
  EXPECT_TRUE(registry_.one(environment_.id, "on")->summary_only());
  EXPECT_TRUE(is_exported(R"({"kind":"feature","key":"on"})"));
  EXPECT_FALSE(registry_.one(environment_.id, "on")->summary_only());
  now_ms_ += flags::kSummaryOnlyAfterMs;
  EXPECT_TRUE(is_exported(kSummary));
  EXPECT_FALSE(registry_.one(environment_.id, "on")->summary_only()) << "its full events may still be on their way";
  now_ms_ += 1;
  EXPECT_TRUE(is_exported(kSummary));
  EXPECT_TRUE(registry_.one(environment_.id, "on")->summary_only());
}

}  // namespace
}  // namespace sluice::intake
