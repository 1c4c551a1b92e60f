#include "destinations/kinesis/cost_answer.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

using Texts = std::map<std::string, std::string>;

std::string refusal(const Texts& texts, CostNames names) {
  const auto question = cost_question(texts, names);
  return question ? "" : question.error().message;
}

TEST(CostAnswer, has_a_row_for_each_encoding_and_mode_or_the_one_that_was_asked_for) {
  const auto all = cost_question({{"eventsPerMonth", "1000000000"}}, CostNames::query);
  ASSERT_TRUE(all);
  EXPECT_EQ(cost_answer_json(*all)["items"].size(), 10u);
  const auto one =
      cost_question({{"eventsPerSecond", "10000"}, {"encoding", "kpl"}, {"mode", "ON_DEMAND"}}, CostNames::query);
  ASSERT_TRUE(one);
  const auto items = cost_answer_json(*one)["items"];
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0]["encoding"], "kpl");
  EXPECT_EQ(items[0]["mode"], "ON_DEMAND");
  EXPECT_EQ(items[0]["shards"], nullptr);
}

TEST(CostAnswer, amounts_are_whole_cents) {
  const auto question =
      cost_question({{"eventsPerSecond", "10000"}, {"peakEventsPerSecond", "10000"}}, CostNames::query);
  ASSERT_TRUE(question);
  const auto item = cost_answer_json(*question)["items"][0];
  EXPECT_EQ(item["capacityPerMonthUsd"], 142.35);
  EXPECT_EQ(item["volumePerMonthUsd"], 367.92);
  EXPECT_EQ(item["perMonthUsd"], 510.27);
}

TEST(CostAnswer, a_peak_below_the_mean_is_refused) {
  const auto question =
      cost_question({{"eventsPerSecond", "10000"}, {"peakEventsPerSecond", "5000"}}, CostNames::query);
  ASSERT_FALSE(question);
  EXPECT_NE(question.error().message.find("less than the mean, 10000 events a second"), std::string::npos)
      << question.error().message;
  EXPECT_TRUE(cost_question({{"eventsPerMonth", "3244266"}, {"peakEventsPerSecond", "1.23"}}, CostNames::query))
      << "a steady rate, as a destination's status rounds it";
}

TEST(CostAnswer, numbers_on_the_command_line_may_be_short) {
  for (const auto& [text, number] :
       {std::pair{"250000", 250e3}, {"10M", 10e6}, {"1.5G", 1.5e9}, {"2k", 2e3}, {"1T", 1e12}}) {
    const auto question = cost_question({{"eventsPerMonth", text}}, CostNames::flags);
    ASSERT_TRUE(question) << text;
    EXPECT_DOUBLE_EQ(question->traffic.events_per_month, number);
  }
  EXPECT_EQ(refusal({{"eventsPerMonth", "10M"}}, CostNames::query),
            "eventsPerMonth: \"10M\" is not valid; expected a number from 0 to 1,000,000,000,000,000.");
}

TEST(CostAnswer, an_error_names_the_value_what_came_and_what_is_expected) {
  EXPECT_EQ(refusal({}, CostNames::query),
            "eventsPerMonth or eventsPerSecond: Both are missing; expected one of them.");
  EXPECT_EQ(refusal({{"eventsPerMonth", "1"}, {"eventsPerSecond", "1"}}, CostNames::flags),
            "--events-per-month or --events-per-second: Both are given; expected one of them.");
  EXPECT_EQ(refusal({{"eventsPerMonth", "many"}}, CostNames::flags),
            "--events-per-month: \"many\" is not valid; expected a number, such as 250000, 10M or 1.5G, from 0 to "
            "1,000,000,000,000,000.");
  for (const char* text : {"-1", "nan", "inf", "1e300", "1 ", "0x10", "G", "1KM"})
    EXPECT_NE(refusal({{"eventsPerMonth", text}}, CostNames::flags), "") << text;
  EXPECT_EQ(refusal({{"eventsPerMonth", "1"}, {"fill", "0"}}, CostNames::query),
            "fill: \"0\" is not valid; expected a number from 0.01 to 1.");
  EXPECT_EQ(refusal({{"eventsPerMonth", "1"}, {"encoding", "avro"}}, CostNames::flags),
            "--encoding: \"avro\" is not valid; expected json, ndjson, ndjson+gzip, ndjson+zstd, kpl.");
  EXPECT_EQ(refusal({{"eventsPerMonth", "1"}, {"mode", "on-demand"}}, CostNames::query),
            "mode: \"on-demand\" is not valid; expected PROVISIONED or ON_DEMAND.");
  EXPECT_EQ(refusal({{"eventsPerMonth", "1"}, {"mode", "ON_DEMAND"}}, CostNames::flags),
            "--mode: \"ON_DEMAND\" is not valid; expected provisioned or on-demand.");
}

}  // namespace
}  // namespace sluice::kinesis
