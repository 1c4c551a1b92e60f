#include "destinations/launchdarkly_events/payload_cutter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "base/gzip_text.h"
#include "destinations/launchdarkly_events/gzip_body.h"

namespace sluice::launchdarkly_events {
namespace {

using event::TrackedEvaluations;
using Which = TrackedEvaluations::Which;

// Upstream tracks nothing of `off` in versions 1 to 3, all of `on`, and of `some` the fallthrough and rule 2.
struct Upstream final : event::FlagTracking {
  TrackedEvaluations tracked(std::string_view key, std::int64_t version) const override {
    if (version < 1 || version > 3) return {};
    if (key == "off" || key == "\xC3\xA9 \"x\"") return {Which::none};
    if (key == "on") return {Which::all};
    if (key == "some") return {Which::some, true, 0b100};
    return {};
  }
};

struct Request {
  std::string_view encoding = {};
  std::uint8_t schema = 4;
  bool unsummarized = false;
  std::string_view method = "POST";
};

std::optional<CutPayload> cut(std::string_view body, const Request& request = {}) {
  std::string bytes;
  std::vector<event::OriginalHeader> headers = {{"x-launchdarkly-payload-id", "id-1"}};
  if (!request.encoding.empty()) headers.emplace_back("content-encoding", request.encoding);
  event::append_original_head({request.method, "/bulk", ""}, headers, "", bytes);
  bytes += body;
  const auto original = event::read_original(bytes);
  EXPECT_TRUE(original);
  event::PayloadSource source;
  source.schema = request.schema;
  source.unsummarized = request.unsummarized;
  PayloadCutter cutter;
  return cutter.cut(*original, source, Upstream());
}

// The body as it is forwarded.
std::string forwarded(std::string_view body, const Request& request = {}) {
  const auto payload = cut(body, request);
  return payload ? payload->body : std::string(body);
}

TEST(PayloadCutter, cuts_feature_events_that_upstream_does_not_track_and_no_others) {
  const std::vector<std::pair<std::string_view, bool>> events = {
      // What upstream's tracking of that version says.
      {R"({"kind":"feature","key":"off","version":1,"value":true})", true},
      {R"({"kind":"feature","key":"off","version":3,"value":true})", true},
      {R"({"kind":"feature","key":"off","version":3.0,"value":true})", true},
      {R"({"kind":"feature","key":"off","version":4})", false},
      {R"({"kind":"feature","key":"off","version":1.5})", false},
      {R"({"kind":"feature","key":"off","version":"1"})", false},
      {R"({"kind":"feature","key":"off","version":null})", false},
      {R"({"kind":"feature","key":"off"})", false},
      {R"({"kind":"feature","key":"off","version":18446744073709551617})", false},
      {R"({"kind":"feature","key":"on","version":1})", false},
      {R"({"kind":"feature","key":"unknown","version":1})", false},
      {R"({"kind":"feature","version":1})", false},
      {R"({"kind":"feature","key":7,"version":1})", false},
      {R"({ "version" : 2 , "key" : "off" , "kind" : "feature" })", true},
      {R"({"kind":"feature","key":"\u00e9 \"x\"","version":1})", true},
      {R"({"kind":"feature","key":"on","key":"off","version":1})", true},
      {R"({"kind":"feature","key":"off","key":"on","version":1})", false},
      {R"({"kind":"feature","key":"off","version":1,"prereqOf":"on"})", true},
      // Experiments, and rules that upstream tracks.
      {R"({"kind":"feature","key":"off","version":1,"reason":{"kind":"FALLTHROUGH","inExperiment":true}})", false},
      {R"({"kind":"feature","key":"off","version":1,"reason":{"kind":"FALLTHROUGH","inExperiment":false}})", true},
      {R"({"kind":"feature","key":"off","version":1,"reason":{"kind":"RULE_MATCH","ruleIndex":2}})", true},
      {R"({"kind":"feature","key":"some","version":1})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":null})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"FALLTHROUGH"}})", false},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"RULE_MATCH","ruleIndex":2,"ruleId":"r"}})",
       false},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"RULE_MATCH","ruleIndex":1}})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"RULE_MATCH","ruleIndex":66}})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"RULE_MATCH"}})", false},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"RULE_MATCH","ruleIndex":-1}})", false},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"TARGET_MATCH"}})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"OFF"}})", true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"PREREQUISITE_FAILED","prerequisiteKey":"p"}})",
       true},
      {R"({"kind":"feature","key":"some","version":1,"reason":{"kind":"SOMETHING_NEW"}})", false},
      {R"({"kind":"feature","key":"some","version":1,"reason":{}})", false},
      {R"({"kind":"feature","key":"some","version":1,"reason":7})", false},
      {R"({"kind":"feature","key":"some","version":9,"reason":{"kind":"OFF"}})", false},
      // All that is no `feature` event.
      {R"({"kind":"debug","key":"off","version":1,"value":"feature"})", false},
      {R"({"kind":"summary","features":{"feature":{"counters":[{"version":1}]}}})", false},
      {R"({"kind":"index","context":{"kind":"user","key":"feature"}})", false},
      {R"({"kind":"identify","context":{"kind":"user","key":"off"}})", false},
      {R"({"kind":"custom","key":"off","version":1,"data":{"kind":"feature"}})", false},
      {R"({"kind":"migration_op","evaluation":{"key":"off","version":1},"operation":"feature"})", false},
      {R"({"kind":"features","key":"off","version":1})", false},
      {R"({"kind":["feature"],"key":"off","version":1})", false},
      // What cannot be read.
      {R"({"kind":"feature","key":"off","version":01})", false},
      {R"({"kind":"feature","key":"off","version":1,})", false},
      {R"({"kind":"feature" "key":"off","version":1})", false},
      {R"(["feature","off",1])", false},
      {R"("feature")", false},
  };
  for (const auto& [text, is_cut] : events) {
    const std::string before = "[{\"n\":1.10}, ", behind = " ,{\"n\":1e400}]";
    const auto payload = cut(before + std::string(text) + behind);
    EXPECT_EQ(payload.has_value(), is_cut) << text;
    if (!payload) continue;
    EXPECT_EQ(payload->body, "[{\"n\":1.10},{\"n\":1e400}]") << text;
    EXPECT_EQ(payload->cut_events, 1u);
    EXPECT_FALSE(payload->is_empty);
  }
}

constexpr std::string_view kOff = R"({"kind":"feature","key":"off","version":1})";
constexpr std::string_view kOn = R"({"kind":"feature","key":"on","version":1})";

std::string in_array(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

TEST(PayloadCutter, leaves_every_other_byte_as_it_came) {
  EXPECT_EQ(forwarded(in_array({"\xEF\xBB\xBF \n[ ", kOff, " ,\t", kOn, "\n, ", kOff, " ]\r\n "})),
            in_array({"\xEF\xBB\xBF \n[\t", kOn, "\n]\r\n "}));
  EXPECT_EQ(forwarded(in_array({"[", kOn, ",", kOff, "]"})), in_array({"[", kOn, "]"}));
  EXPECT_EQ(forwarded(in_array({"[", kOff, ",", kOff, ",", kOn, "]"})), in_array({"[", kOn, "]"}));
  EXPECT_EQ(forwarded(in_array({"[{\"broken\":},", kOff, ",\"\\ud800\"]"})), "[{\"broken\":},\"\\ud800\"]")
      << "an event that cannot be read costs its neighbours nothing";
}

TEST(PayloadCutter, says_when_no_event_is_left) {
  const auto payload = cut(in_array({"[", kOff, ", ", kOff, " ]"}));
  ASSERT_TRUE(payload);
  EXPECT_TRUE(payload->is_empty);
  EXPECT_EQ(payload->cut_events, 2u);
}

TEST(PayloadCutter, compresses_again_what_was_compressed_if_something_was_cut) {
  const std::string body = in_array({"[", kOff, ",", kOn, "]"});
  const auto payload = cut(gzip_text(body), {.encoding = "gzip"});
  ASSERT_TRUE(payload);
  std::string bytes;
  const event::OriginalHeader headers[] = {{"content-encoding", "gzip"}};
  event::append_original_head({"POST", "/bulk", ""}, headers, "id", bytes);
  bytes += payload->body;
  EXPECT_EQ(plain_body(*event::read_original(bytes)), in_array({"[", kOn, "]"}));
  EXPECT_TRUE(cut(gzip_text(body.substr(0, 20)) + gzip_text(body.substr(20)), {.encoding = "gzip"}))
      << "several members are one body";
  EXPECT_FALSE(cut(gzip_text(in_array({"[", kOn, "]"})), {.encoding = "gzip"}));
}

// Whoever knows a public id chooses how many members a body has; 64 MiB of such, taken by intake, are three million.
TEST(PayloadCutter, a_body_of_many_empty_members_costs_no_more_than_its_bytes) {
  const std::string empty = gzip_text("");
  std::string body;
  for (int i = 0; i < 400'000; ++i) body += empty;
  body += gzip_text(in_array({"[", kOff, ",", kOn, "]"}));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(cut(body, {.encoding = "gzip"}));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
}

TEST(PayloadCutter, leaves_bad_bytes_as_they_came) {
  const std::string body = in_array({"[", kOff, ",", kOn, "]"});
  const std::string gzip = gzip_text(body);
  for (std::size_t size = 0; size < gzip.size(); ++size)
    ASSERT_FALSE(cut(gzip.substr(0, size), {.encoding = "gzip"})) << size;
  EXPECT_FALSE(cut(gzip + "tail", {.encoding = "gzip"}));
  std::string wrong = gzip;
  wrong[wrong.size() - 6] = static_cast<char>(~wrong[wrong.size() - 6]);  // of the checksum
  EXPECT_FALSE(cut(wrong, {.encoding = "gzip"}));
  EXPECT_FALSE(cut(body, {.encoding = "gzip"})) << "it says gzip and is none";
  EXPECT_FALSE(cut(body, {.encoding = "br"}));
  EXPECT_FALSE(cut(in_array({"[", std::string(kMaxTakenApartBytes, ' '), kOff, "]"}))) << "larger than is taken apart";
  EXPECT_FALSE(cut(gzip_text(in_array({"[", std::string(kMaxTakenApartBytes, ' '), kOff, "]"})), {.encoding = "gzip"}));
  for (const std::string_view json : {"", "[", "]", "{}", "\"feature\"", "[\"feature\"", "[\"feature\"]]"})
    EXPECT_FALSE(cut(json)) << json;
  EXPECT_FALSE(cut(in_array({"[", kOff, "],[", kOff, "]"})));
  EXPECT_FALSE(cut(in_array({"[", kOff})));
}

TEST(PayloadCutter, leaves_payloads_of_sdks_that_send_every_evaluation) {
  const std::string body = in_array({"[", kOff, "]"});
  EXPECT_FALSE(cut(body, {.schema = 1}));
  EXPECT_FALSE(cut(body, {.schema = 2}));
  EXPECT_TRUE(cut(body, {.schema = 3}));
  EXPECT_FALSE(cut(body, {.method = "GET"}));
}

TEST(PayloadCutter, of_sdks_that_do_not_summarize_takes_the_tracking_and_not_the_event) {
  const Request php{.unsummarized = true};
  EXPECT_EQ(forwarded(R"([{"kind":"feature","key":"off","version":1,"trackEvents" : true ,"value":1.0},)"
                      R"({"kind":"feature","key":"on","version":1,"trackEvents":true},)"
                      R"({"kind":"feature","key":"off","version":1,"trackEvents":null},{"kind":"custom"}])",
                      php),
            R"([{"kind":"feature","key":"off","version":1,"trackEvents" : false ,"value":1.0},)"
            R"({"kind":"feature","key":"on","version":1,"trackEvents":true},)"
            R"({"kind":"feature","key":"off","version":1,"trackEvents":null},{"kind":"custom"}])");
  EXPECT_FALSE(cut(in_array({"[", kOff, "]"}), php)) << "it is counted, and no more";
}

}  // namespace
}  // namespace sluice::launchdarkly_events
