// How fast an environment may send, and what it is answered beyond that.
#include <gtest/gtest.h>

#include <string>

#include "intake/environment_rates.h"
#include "intake/intake_stage_fake.h"

namespace sluice::intake {
namespace {

TEST(Intake, holds_an_environment_to_its_rate_and_lets_it_in_again) {
  StageOptions options;
  options.intake.max_environment_bytes_per_s = 4'000;
  Stage stage(options);
  const std::string large = bulk(array_of(feature(R"("data":")" + std::string(9'000, 'x') + "\"")));
  EXPECT_EQ(stage.ask(large).status, 202u) << "no payload is too large for a rate";
  const http::RawResponse refused = stage.ask(bulk(array_of(kEvent)));
  EXPECT_EQ(refused.status, 503u);
  EXPECT_NE(refused.body.find("max_environment_bytes_per_s"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(stage.refused(Refusal::overloaded), 1u);
  // What it owes is paid in a quarter of a second; SDKs come back after one.
  unsigned status = 0;
  while (status != 202) status = stage.ask(bulk(array_of(kEvent))).status;
  EXPECT_EQ(stage.journal.stored().size(), 2u);
}

TEST(EnvironmentRates, are_each_environments_own_and_fill_with_time) {
  const ObjectId one = *ObjectId::parse(kEnvironment), other = *ObjectId::parse("578d1e02d2943862c52b9687");
  EnvironmentRates rates(1'000);
  EXPECT_TRUE(rates.take(one, 2'500, 0));
  EXPECT_FALSE(rates.take(one, 1, 400'000));
  EXPECT_TRUE(rates.take(other, 1, 400'000));
  EXPECT_TRUE(rates.take(one, 1, 600'000));
  EXPECT_TRUE(rates.take(one, 1'999, 100'000'000));
  EXPECT_TRUE(rates.take(one, 1, 100'000'000)) << "two seconds deep";
  EXPECT_FALSE(rates.take(one, 1, 100'000'000));
  EnvironmentRates without(0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(without.take(one, 1u << 30, 0));
}

}  // namespace
}  // namespace sluice::intake
