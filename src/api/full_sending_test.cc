#include "api/full_sending.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "relay/flag_snapshot.h"

namespace sluice::api {
namespace {

std::shared_ptr<const relay::ServedFlags> served_flags() {
  auto snapshot = std::make_shared<relay::FlagSnapshot>();
  for (const auto& [key, json] : {std::pair{"broken", "{\"key\":"}, {"checkout", "{\"version\":1}"}, {"plain", "{}"}}) {
    auto item = std::make_shared<relay::FlagItem>();
    item->key = key;
    item->json = json;
    snapshot->flags.push_back(std::move(item));
  }
  snapshot->count();
  relay::FlagSelection selection;
  selection.is_selected = [](std::string_view key) { return key != "plain"; };
  return std::make_shared<const relay::ServedFlags>(snapshot, selection, nullptr);
}

FlagDeliveryFacts working() {
  FlagDeliveryFacts facts;
  facts.has_source = true;
  facts.feed.is_connected = true;
  facts.served = served_flags();
  facts.sdks = facts.sdks_with_flags = 1;
  return facts;
}

std::string code_of(const FlagDeliveryFacts& facts, bool exported = true, std::string_view key = "checkout") {
  const FullSending sending = full_sending(facts, key, exported);
  EXPECT_FALSE(sending.message.empty());
  const bool good = sending.code == "inFull" || sending.code == "someSdks" ||
                    (sending.code == "sourceAway" && facts.served != nullptr);
  EXPECT_EQ(sending.sent, good) << sending.code;
  return std::string(sending.code);
}

TEST(FullSending, says_yes_when_the_flag_is_switched_on_for_sdks_that_take_it) {
  EXPECT_EQ(code_of(working()), "inFull");
  FlagDeliveryFacts facts = working();
  facts.sdks = 3;
  EXPECT_EQ(code_of(facts), "someSdks");
  facts.feed.is_connected = false;
  facts.feed.since_ms = 5;
  EXPECT_EQ(code_of(facts), "sourceAway") << "SDKs keep what they have";
  EXPECT_EQ(full_sending(facts, "checkout", true).since_ms, 5);
}

TEST(FullSending, says_why_not) {
  FlagDeliveryFacts facts = working();
  EXPECT_EQ(code_of(facts, false), "exportOff");
  EXPECT_EQ(code_of(facts, true, "nobody"), "unknownFlag");
  EXPECT_EQ(code_of(facts, true, "broken"), "unreadable");
  EXPECT_EQ(code_of(facts, true, "plain"), "notYet");
  facts.sdks_with_flags = 0;
  EXPECT_EQ(code_of(facts), "noSdk");
  facts.served = nullptr;
  EXPECT_EQ(code_of(facts), "noFlagsYet");
  facts.feed.problem = "refused";
  EXPECT_EQ(code_of(facts), "sourceAway");
  facts.has_source = false;
  EXPECT_EQ(code_of(facts), "noFlagSource");
  facts.as_sent = true;
  EXPECT_EQ(code_of(facts), "asSent");
  EXPECT_EQ(code_of(facts, false), "asSent");
}

}  // namespace
}  // namespace sluice::api
