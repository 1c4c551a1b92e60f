#include "cli/flag_delivery_text.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;
constexpr std::int64_t kNow = 1'700'000'000'000;

TEST(FlagDeliveryText, says_where_flags_come_from_and_what_is_wrong) {
  const ordered_json answer = ordered_json::parse(R"({"flagSource":"launchdarkly",
    "streamUri":"https://stream.launchdarkly.com","feeds":[{"filter":"","state":"behind","since":1699999700000,
    "lastChange":1699996400000,"flags":412,"segments":1,"unreadableFlags":2,"fromDisk":true,"streams":3,
    "pingStreams":40,"problem":{"message":"It answers 401.","remedy":"Use the SDK key of LaunchDarkly."}}]})");
  EXPECT_EQ(flag_source_text(answer, kNow),
            "source        LaunchDarkly, or an ld-relay\n"
            "address       https://stream.launchdarkly.com\n"
            "state         behind: the source is unavailable; SDKs get what it said last\n"
            "since         5 min ago\n"
            "last change   1 h ago\n"
            "flags         412 flags, 1 segment; 2 flags could not be read\n"
            "streams       3 of servers, 40 of mobile apps and browsers\n"
            "\n"
            "  It answers 401.\n"
            "  Use the SDK key of LaunchDarkly.\n");
  ordered_json wrong = answer;
  wrong["feeds"] = ordered_json::array();
  wrong["clientBaseUri"] = "https://clientsdk.example";
  wrong["evaluations"] = ordered_json::parse(R"({"state":"failing","since":1699999700000,"answered":0,"failed":2,
    "problem":{"message":"It answers 404.","remedy":"Set flagBaseUri."}})");
  EXPECT_EQ(flag_source_text(wrong, kNow),
            "source        LaunchDarkly, or an ld-relay\n"
            "address       https://stream.launchdarkly.com\n"
            "\n"
            "evaluations   for mobile apps and browsers, by https://clientsdk.example\n"
            "state         failing: apps and pages get no flags\n"
            "since         5 min ago\n"
            "last answer   never\n"
            "\n"
            "  It answers 404.\n"
            "  Set flagBaseUri.\n");
  wrong["evaluations"] = ordered_json::parse(R"({"state":"not asked","answered":0,"failed":0})");
  EXPECT_NE(flag_source_text(wrong, kNow).find("not asked: no app has asked for its flags yet\n"), std::string::npos);
  EXPECT_NE(flag_source_text(ordered_json::parse(R"({"flagSource":"none","feeds":[]})"), kNow)
                .find("sluice environment update"),
            std::string::npos);
}

TEST(FlagDeliveryText, lists_sdks_within_eighty_columns) {
  const ordered_json answer = ordered_json::parse(R"({"since":1699999995000,"forgotten":7,"items":[
    {"name":"NodeJSClient","version":"9.7.1","credential":"sdk_key","flags":"stream","streams":2,"sendsEvents":true,
     "lastSeen":1699999990000},
    {"name":"JSClient","version":"3.5.0","wrapper":"react-client-sdk/3.6.0","credential":"client_side_id",
     "flags":"none","streams":0,"sendsEvents":true,"lastSeen":1699900000000,
     "needs":{"code":"flagAddresses","message":"Point streamUri and baseUri here."}},
    {"name":"","version":"","credential":"client_side_id","flags":"poll","streams":0,"sendsEvents":false,
     "lastSeen":0}]})");
  const std::string text = seen_sdks_text(answer, kNow, 80);
  std::istringstream lines(text);
  for (std::string each; std::getline(lines, each);) EXPECT_LE(each.size(), 80u) << each;
  EXPECT_NE(text.find("NodeJSClient 9.7.1"), std::string::npos) << text;
  EXPECT_NE(text.find("2 streams"), std::string::npos) << text;
  EXPECT_NE(text.find("1 d ago"), std::string::npos) << text;
  EXPECT_NE(text.find("Seen since the server started, 5 s ago. The list is full: 7 SDKs left it.\n"), std::string::npos)
      << text;
  EXPECT_EQ(seen_sdks_text(ordered_json::parse(R"({"since":1699999995000,"forgotten":0,"items":[]})"), kNow, 80),
            "No SDKs seen since the server started, 5 s ago.\n");
}

TEST(FlagDeliveryText, says_of_each_environment_whether_a_flag_is_sent_in_full) {
  const ordered_json answer = ordered_json::parse(R"({"key":"checkout","name":"checkout","environments":{
    "production":{"trackEvents":true,"evaluations":12,"lastSeen":1699999999000,
      "inFull":{"sent":false,"code":"sourceAway","message":"It cannot be reached.","since":1699999940000}}}})");
  EXPECT_EQ(flag_text(answer, kNow),
            "checkout\n"
            "\n"
            "production\n"
            "  export        on\n"
            "  in full       no\n"
            "                It cannot be reached. Since: 1 min ago.\n"
            "  evaluations   12\n"
            "  last seen     1 s ago\n");
}

}  // namespace
}  // namespace sluice::cli
