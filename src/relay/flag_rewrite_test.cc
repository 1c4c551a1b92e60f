#include "relay/flag_rewrite.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "relay/json_scan.h"

namespace sluice::relay {
namespace {

std::string flag(std::string_view json, bool reasons = false, Rewriting expected = Rewriting::changed) {
  std::string out = "before ";
  EXPECT_EQ(rewrite_flag(json, reasons, out), expected) << json;
  EXPECT_EQ(out.substr(0, 7), "before ");
  return out.substr(7);
}

TEST(FlagRewrite, tracking_is_switched_on_where_it_stands) {
  EXPECT_EQ(flag(R"({"key":"f","trackEvents":false,"version":7})"), R"({"key":"f","trackEvents":true,"version":7})");
  EXPECT_EQ(flag(R"({"trackEvents" :  false })"), R"({"trackEvents" :  true })");
}

TEST(FlagRewrite, tracking_of_any_other_type_is_replaced) {
  for (const std::string_view value : {"null", "0", "1.5", R"("true")", "{}", R"([true,{"a":1}])", "[\n]"})
    EXPECT_EQ(flag(R"({"a":1,"trackEvents":)" + std::string(value) + R"(,"b":2})"),
              R"({"a":1,"trackEvents":true,"b":2})");
}

TEST(FlagRewrite, absent_tracking_is_added_at_the_end) {
  EXPECT_EQ(flag(R"({"key":"f"})"), R"({"key":"f","trackEvents":true})");
  EXPECT_EQ(flag(" {\n \"key\" : \"f\"\n}\n"), " {\n \"key\" : \"f\",\"trackEvents\":true\n}\n");
  EXPECT_EQ(flag("{}"), R"({"trackEvents":true})");
  EXPECT_EQ(flag("{ }"), R"({ "trackEvents":true})");
}

TEST(FlagRewrite, every_other_byte_stays_as_it_came) {
  const std::string before =
      R"( { "version":100000000000000000001 ,"x":-0.10e+05,"é":"\u00e9\ud800","debugEventsUntilDate":null,)"
      R"("variations":[1.50,{"trackEvents":false}],"fallthrough":{"trackEvents":false},"x":2,)";
  EXPECT_EQ(flag(before + R"("trackEvents":false,"z":[ ]} )"), before + R"("trackEvents":true,"z":[ ]} )");
}

TEST(FlagRewrite, what_is_on_stays_as_it_is) {
  const std::string_view on = R"({"trackEvents":true,"rules":[{"id":"r"}]})";
  EXPECT_EQ(flag(on, false, Rewriting::unchanged), on);
  const std::string_view all_on =
      R"({"rules":[{"trackEvents":true}],"trackEventsFallthrough":true,"trackEvents":true})";
  EXPECT_EQ(flag(all_on, true, Rewriting::unchanged), all_on);
}

TEST(FlagRewrite, a_name_with_escapes_or_twice_is_that_name) {
  EXPECT_EQ(flag(R"({"track\u0045vents":false})"), R"({"track\u0045vents":true})");
  EXPECT_EQ(flag(R"({"trackEvents":true,"a":1,"trackEvents":false})"),
            R"({"trackEvents":true,"a":1,"trackEvents":true})");
  EXPECT_EQ(flag(R"({"trackEvents":0,"trackEvents":1})"), R"({"trackEvents":true,"trackEvents":true})");
  EXPECT_EQ(flag(R"({"TrackEvents":false,"trackevents":false})"),
            R"({"TrackEvents":false,"trackevents":false,"trackEvents":true})");
}

TEST(FlagRewrite, reasons_track_the_fallthrough_and_every_rule) {
  EXPECT_EQ(
      flag(R"({"rules":[{"id":"a","trackEvents":false},{"id":"b","clauses":[{"trackEvents":false}]},{}],"v":1})", true),
      R"({"rules":[{"id":"a","trackEvents":true},{"id":"b","clauses":[{"trackEvents":false}],"trackEvents":true},)"
      R"({"trackEvents":true}],"v":1,"trackEvents":true,"trackEventsFallthrough":true})");
  EXPECT_EQ(flag(R"({"trackEventsFallthrough":null,"trackEvents":false})", true),
            R"({"trackEventsFallthrough":true,"trackEvents":true})");
  EXPECT_EQ(flag("{}", true), R"({"trackEvents":true,"trackEventsFallthrough":true})");
}

TEST(FlagRewrite, without_reasons_rules_stay_as_they_are) {
  EXPECT_EQ(flag(R"({"rules":[{"trackEvents":false}],"trackEventsFallthrough":false})"),
            R"({"rules":[{"trackEvents":false}],"trackEventsFallthrough":false,"trackEvents":true})");
}

TEST(FlagRewrite, rules_that_are_none_stay_as_they_are) {
  for (const std::string_view rules :
       {"null", "{}", R"({"trackEvents":false})", "[]", "[null,1,\"x\",[{}]]", "\"x\""}) {
    const std::string begin = R"({"rules":)" + std::string(rules);
    EXPECT_EQ(flag(begin + "}", true), begin + R"(,"trackEvents":true,"trackEventsFallthrough":true})");
  }
  EXPECT_EQ(flag(R"({"rule\u0073":[{}],"rules":[{}]})", true),
            R"({"rule\u0073":[{"trackEvents":true}],"rules":[{"trackEvents":true}],)"
            R"("trackEvents":true,"trackEventsFallthrough":true})");
}

TEST(FlagRewrite, what_cannot_be_read_comes_back_as_it_is) {
  for (const std::string_view text :
       {"", "null", "true", "[{}]", "\"x\"", "{", R"({"a":1)", R"({"trackEvents":tru})", R"({"trackEvents":false}x)",
        R"({"trackEvents":false,})", R"({"rules":[{"trackEvents":false}})", R"({"a":"\q"})", "{'a':1}"})
    for (const bool reasons : {false, true}) EXPECT_EQ(flag(text, reasons, Rewriting::unreadable), text);
  const std::string deep = R"({"a":)" + std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']') + "}";
  EXPECT_EQ(flag(deep, false, Rewriting::unreadable), deep);
}

std::string rules_of(std::size_t count) {
  std::string rules;
  for (std::size_t i = 0; i < count; ++i)
    rules += std::string(i == 0 ? "" : ",") + R"({"id":"rule","clauses":[{"op":"in","values":["a"]}]})";
  return R"({"rules":[)" + rules + R"(],"version":3})";
}

double seconds_for(const std::string& json) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto started = std::chrono::steady_clock::now();
    flag(json, true);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  return best;
}

TEST(FlagRewrite, ten_thousand_rules_take_time_in_proportion) {
  const nlohmann::json out = nlohmann::json::parse(flag(rules_of(10'000), true));
  EXPECT_EQ(out["rules"].size(), 10'000u);
  for (const auto& rule : out["rules"]) ASSERT_EQ(rule["trackEvents"], true);
  // Quadratic time would be a hundred times this, and then some.
  EXPECT_LT(seconds_for(rules_of(10'000)), 40 * seconds_for(rules_of(1'000)));
}

bool starts_with_on(std::string_view key) { return key.starts_with("on"); }

std::string evaluations(std::string_view json, EvaluationOptions options = {},
                        Rewriting expected = Rewriting::changed) {
  std::string out = "before ";
  EXPECT_EQ(rewrite_evaluations(json, starts_with_on, options, out), expected) << json;
  EXPECT_EQ(out.substr(0, 7), "before ");
  return out.substr(7);
}

constexpr EvaluationOptions kReasons{true, true}, kClientAsked{true, false}, kOnlyStrip{false, true};

TEST(EvaluationRewrite, selected_flags_are_tracked_and_others_stay) {
  EXPECT_EQ(
      evaluations(R"({"on":{"value":1.50,"version":3,"flagVersion":9},"off":{"value":false,"trackEvents":false}})"),
      R"({"on":{"value":1.50,"version":3,"flagVersion":9,"trackEvents":true},"off":{"value":false,"trackEvents":false}})");
  EXPECT_EQ(evaluations(R"({"on":{"trackEvents":null,"track\u0045vents":false}, "on2" : {} })"),
            R"({"on":{"trackEvents":true,"track\u0045vents":true}, "on2" : {"trackEvents":true} })");
  EXPECT_EQ(evaluations(R"({"\u006fn":{"value":{"trackEvents":false}}})"),
            R"({"\u006fn":{"value":{"trackEvents":false},"trackEvents":true}})");
}

TEST(EvaluationRewrite, nothing_to_switch_is_no_change) {
  for (const std::string_view json :
       {"{}", R"({"on":{"trackEvents":true,"reason":{"kind":"OFF"}},"off":{"reason":{}}})", R"({"on":1,"on2":null})"})
    EXPECT_EQ(evaluations(json, {}, Rewriting::unchanged), json);
}

TEST(EvaluationRewrite, reasons_go_with_selected_flags_only) {
  EXPECT_EQ(evaluations(R"({"on":{"v":1,"reason":{"kind":"OFF"}},"off":{"v":1,"reason":{"kind":"RULE_MATCH"},"w":2}})",
                        kReasons),
            R"({"on":{"v":1,"reason":{"kind":"OFF"},"trackEvents":true,"trackReason":true},"off":{"v":1,"w":2}})");
  EXPECT_EQ(evaluations(R"({"on":{"trackReason":false,"trackEvents":true}})", kReasons),
            R"({"on":{"trackReason":true,"trackEvents":true}})");
}

TEST(EvaluationRewrite, reasons_that_the_client_asked_for_stay) {
  EXPECT_EQ(evaluations(R"({"on":{"reason":1},"off":{"reason":2}})", kClientAsked),
            R"({"on":{"reason":1,"trackEvents":true,"trackReason":true},"off":{"reason":2}})");
}

TEST(EvaluationRewrite, a_reason_that_upstream_tracks_stays) {
  const std::string_view experiment =
      R"({"off":{"reason":{"inExperiment":true},"trackReason":true,"trackEvents":true}})";
  EXPECT_EQ(evaluations(experiment, kReasons, Rewriting::unchanged), experiment);
  EXPECT_EQ(evaluations(R"({"off":{"reason":1,"trackReason":true,"trackReason":false}})", kReasons),
            R"({"off":{"trackReason":true,"trackReason":false}})");
}

TEST(EvaluationRewrite, reasons_are_taken_out_wherever_they_stand) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {R"({"reason":1})", "{}"},
      {R"({ "reason" : 1 })", "{  }"},
      {R"({"reason":1,"a":2})", R"({"a":2})"},
      {R"({ "reason":1 , "a":2 })", R"({ "a":2 })"},
      {R"({"a":1,"reason":{"b":[2]}})", R"({"a":1})"},
      {R"({"a":1 , "reason":2 , "b":3})", R"({"a":1 , "b":3})"},
      {R"({"reason":1,"reason":2})", "{}"},
      {R"({"reason":1,"reason":2,"a":3,"re\u0061son":4,"reason":5})", R"({"a":3})"},
      {R"({"reason":1,"a":2,"reason":3,"b":4})", R"({"a":2,"b":4})"},
      {R"({"reasons":1})", R"({"reasons":1})"},
  };
  for (const auto& [before, after] : table) {
    const std::string begin = R"({"off":)", end = "}";
    const Rewriting expected = before == after ? Rewriting::unchanged : Rewriting::changed;
    EXPECT_EQ(evaluations(begin + std::string(before) + end, kReasons, expected), begin + std::string(after) + end);
  }
}

TEST(EvaluationRewrite, a_selected_flag_without_reasons_loses_what_the_client_did_not_ask_for) {
  EXPECT_EQ(evaluations(R"({"on":{"reason":1}})", kOnlyStrip), R"({"on":{"trackEvents":true}})");
  EXPECT_EQ(evaluations(R"({"on":{"reason":1,"a":2}})", kOnlyStrip), R"({"on":{"a":2,"trackEvents":true}})");
  EXPECT_EQ(evaluations(R"({"on":{"trackEvents":false,"reason":1}})", kOnlyStrip), R"({"on":{"trackEvents":true}})");
}

TEST(EvaluationRewrite, what_cannot_be_read_comes_back_as_it_is) {
  for (const std::string_view text : {"", "null", "[]", "{", R"({"on":{"a":1})", R"({"on":{},})", R"({"on":{"a"}})",
                                      R"({"on":{"trackEvents":nil}})", R"({"on":{}}{})"})
    EXPECT_EQ(evaluations(text, kReasons, Rewriting::unreadable), text);
}

std::string patch(std::string_view json, EvaluationOptions options = {}, Rewriting expected = Rewriting::changed) {
  std::string out;
  EXPECT_EQ(rewrite_evaluation_patch(json, starts_with_on, options, out), expected) << json;
  return out;
}

TEST(EvaluationRewrite, a_patch_says_inside_which_flag_it_is) {
  EXPECT_EQ(patch(R"({"version":4,"value":1,"key":"on"})"), R"({"version":4,"value":1,"key":"on","trackEvents":true})");
  EXPECT_EQ(patch(R"({"key":"of","k\u0065y":"\u006fn"})"), R"({"key":"of","k\u0065y":"\u006fn","trackEvents":true})");
  EXPECT_EQ(patch(R"({"key":"off","reason":1})", kReasons), R"({"key":"off"})");
  EXPECT_EQ(patch(R"({"value":{"key":"on"}})", {}, Rewriting::unchanged), R"({"value":{"key":"on"}})");
  EXPECT_EQ(patch(R"({"key":7,"reason":1})", kReasons), R"({"key":7})");
  for (const std::string_view text : {"", "[]", R"({"key":"on")", R"({"key":"on"}x)", R"({"key":"\x"})"})
    EXPECT_EQ(patch(text, {}, Rewriting::unreadable), text);
}

}  // namespace
}  // namespace sluice::relay
