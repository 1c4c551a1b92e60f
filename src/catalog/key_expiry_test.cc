#include "catalog/key_expiry.h"

#include <gtest/gtest.h>

namespace sluice::catalog {
namespace {

using nlohmann::json;

CatalogWrite environment_with(const std::string& key) {
  CatalogWrite write;
  write.fields["sdk_keys"] = json::array({key});
  write.extra["color"] = "417505";
  return write;
}

TEST(KeyExpiry, an_old_key_counts_until_its_time_and_not_after_it) {
  CatalogWrite environment = environment_with("sdk-1");
  put_new_key(environment, "sdk_keys", "sdk-2", 5'000);
  EXPECT_EQ(environment.fields["sdk_keys"], json({"sdk-2", "sdk-1"}));
  EXPECT_FALSE(drop_expired_keys(environment, 4'999));
  EXPECT_EQ(environment.fields["sdk_keys"], json({"sdk-2", "sdk-1"}));
  EXPECT_TRUE(drop_expired_keys(environment, 5'000));
  EXPECT_EQ(environment.fields["sdk_keys"], json({"sdk-2"}));
  EXPECT_EQ(environment.extra, json({{"color", "417505"}})) << "nothing is left of it";
}

TEST(KeyExpiry, each_of_several_old_keys_keeps_its_own_time) {
  CatalogWrite environment = environment_with("sdk-1");
  put_new_key(environment, "sdk_keys", "sdk-2", 9'000);
  put_new_key(environment, "sdk_keys", "sdk-3", 5'000);
  EXPECT_EQ(key_expiries(environment.fields, environment.extra, "sdk_keys"),
            (std::vector<std::int64_t>{0, 5'000, 9'000}));
  EXPECT_TRUE(drop_expired_keys(environment, 6'000));
  EXPECT_EQ(environment.fields["sdk_keys"], json({"sdk-3", "sdk-1"}));
}

TEST(KeyExpiry, a_reset_without_a_time_stops_all_old_keys) {
  CatalogWrite environment = environment_with("sdk-1");
  put_new_key(environment, "sdk_keys", "sdk-2", 9'000);
  put_new_key(environment, "sdk_keys", "sdk-3", 0);
  EXPECT_EQ(environment.fields["sdk_keys"], json({"sdk-3"}));
  EXPECT_FALSE(environment.extra.contains("key_expiries"));
}

TEST(KeyExpiry, five_old_keys_count_at_most) {
  CatalogWrite environment = environment_with("sdk-0");
  for (int i = 1; i <= 10; ++i) put_new_key(environment, "sdk_keys", "sdk-" + std::to_string(i), 9'000);
  EXPECT_EQ(environment.fields["sdk_keys"].size(), 1 + kMostOldKeys);
  EXPECT_EQ(environment.fields["sdk_keys"][0], "sdk-10");
}

}  // namespace
}  // namespace sluice::catalog
