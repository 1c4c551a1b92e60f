#include "event/payload_reader.h"

#include <gtest/gtest.h>

#include "event/fixtures_fake.h"
#include "event/reading_fake.h"

namespace sluice::event {
namespace {

// What follows {"kind":…,"id":"…" in an event's JSON.
std::string rest(const ReadEvent& event) {
  const auto id = event.json.find("\"id\":\"");
  return event.json.substr(id + 6 + ObjectId::kHexDigits + 1);
}

TEST(PayloadReader, kind_and_id_come_first_wherever_kind_was) {
  const ReadEvent event = read_event(R"({"startDate":1,"features":{},"kind":"summary"})");
  EXPECT_EQ(event.json, R"({"kind":"summary","id":"6553f1000000000000000000","startDate":1,"features":{}})");
  EXPECT_EQ(event.kind, EventKind::summary);
}

TEST(PayloadReader, an_event_of_nothing_but_a_kind_is_whole) {
  EXPECT_EQ(read_event(R"({"kind":"custom"})").json, R"({"kind":"custom","id":"6553f1000000000000000000"})");
}

TEST(PayloadReader, ids_are_minted_in_order_and_replace_those_sent) {
  const ReadPayload payload =
      read_payload(R"([{"kind":"custom","id":"theirs"},{"id":{},"kind":"custom"},{"kind":"x"}])");
  ASSERT_EQ(payload.events.size(), 3u);
  EXPECT_EQ(payload.events[0].json, R"({"kind":"custom","id":"6553f1000000000000000000"})");
  EXPECT_EQ(payload.events[1].json, R"({"kind":"custom","id":"6553f1000000000000000001"})");
  EXPECT_EQ(payload.events[2].json, R"({"kind":"x","id":"6553f1000000000000000002"})");
}

TEST(PayloadReader, the_record_is_the_envelope_with_a_newline) {
  EXPECT_EQ(read_event(R"({"kind":"alias","key":"a"})").record,
            R"({"project":"5744c96707c9900708000004","environment":"578d1e02d2943862c52b9686",)"
            R"("event":{"kind":"alias","id":"6553f1000000000000000000","key":"a"},"version":1})"
            "\n");
}

TEST(PayloadReader, housekeeping_of_sdks_is_taken_out_of_events_and_left_in_their_values) {
  EXPECT_EQ(rest(read_event(R"({"kind":"feature","trackEvents":true,"key":"f","debugEventsUntilDate":1,"value":
              {"trackEvents":true,"id":1},"excludeFromSummaries":true,"trackReason":false})")),
            R"(,"key":"f","value":{"trackEvents":true,"id":1}})");
}

TEST(PayloadReader, explicit_null_means_absent_for_four_members_only) {
  EXPECT_EQ(
      rest(read_event(R"({"kind":"feature","key":"f","version":null,"variation":null,"reason":null,"prereqOf":null,)"
                      R"("value":null,"default":null,"contextKeys":null,"samplingRatio":null})")),
      R"(,"key":"f","value":null,"default":null,"contextKeys":null,"samplingRatio":null})");
}

TEST(PayloadReader, an_unknown_kind_keeps_its_nulls) {
  const ReadEvent event = read_event(R"({"kind":"brand_new","version":null,"reason":null,"x":[1]})");
  EXPECT_EQ(event.kind, EventKind::other);
  EXPECT_EQ(rest(event), R"(,"version":null,"reason":null,"x":[1]})");
}

TEST(PayloadReader, names_in_parentheses_are_no_kinds) {
  EXPECT_EQ(read_event("{\"kind\":\"(unusable)\"}").kind, EventKind::other);
  EXPECT_EQ(read_event(R"({"kind":""})").kind, EventKind::other);
}

TEST(PayloadReader, values_keep_their_digits_and_escapes) {
  const std::string members =
      R"("a":1.50,"b":1E400,"c":-0,"d":123456789012345678901234567890,"e":"\ud800","f":"\/\u00e9é","g":1.7e12)";
  EXPECT_EQ(rest(read_event(R"({"kind":"x",)" + members + "}")), "," + members + "}");
}

TEST(PayloadReader, whitespace_goes_outside_strings_and_stays_inside) {
  const ReadEvent event = read_event(
      "\r\n{ \"kind\" :\t\"feature\" , \"key\" : \"a b\" ,\n\"value\" : [ 1 , { \"x y\" : \" \\n \" } , [ ] , { } ] ,"
      " \"context\" : { \"kind\" : \"user\" , \"key\" : \"u 1\" } } ");
  EXPECT_EQ(rest(event), R"(,"key":"a b","value":[1,{"x y":" \n "},[],{}],"context":{"kind":"user","key":"u 1"},)"
                         R"("contextKeys":{"user":"u 1"}})");
  EXPECT_EQ(event.key, "a b");
}

TEST(PayloadReader, escaped_names_count_as_what_they_spell) {
  const ReadEvent event =
      read_event(R"({"\u006bind":"\u0066eature","\u006b\u0065y":"f","track\u0045vents":true,"\u0069d":1})");
  EXPECT_EQ(event.kind, EventKind::feature);
  EXPECT_EQ(event.json, R"({"kind":"\u0066eature","id":"6553f1000000000000000000","\u006b\u0065y":"f"})");
  EXPECT_EQ(event.key, "f");
}

TEST(PayloadReader, of_a_name_that_sluice_reads_the_last_one_counts) {
  const ReadEvent event =
      read_event(R"({"kind":"custom","key":"a","kind":"feature","key":"b","context":{"kind":"user","key":"u1"},)"
                 R"("context":{"kind":"user","key":"u2","key":"u3"},"reason":{"inExperiment":true},"reason":{}})");
  EXPECT_EQ(event.kind, EventKind::feature);
  EXPECT_EQ(event.key, "b");
  EXPECT_FALSE(event.in_experiment);
  EXPECT_EQ(rest(event), R"(,"key":"b","context":{"kind":"user","key":"u2","key":"u3"},"reason":{},)"
                         R"("contextKeys":{"user":"u3"}})");
}

TEST(PayloadReader, other_members_that_come_twice_are_passed_through) {
  EXPECT_EQ(rest(read_event(R"({"kind":"custom","x":1,"x":2})")), R"(,"x":1,"x":2})");
}

TEST(PayloadReader, in_experiment_is_true_and_nothing_else) {
  EXPECT_TRUE(read_event(R"({"kind":"feature","reason":{"kind":"FALLTHROUGH","inExperiment":true}})").in_experiment);
  for (const char* reason : {R"({"inExperiment":false})", R"({"inExperiment":"true"})", R"({"inExperiment":null})",
                             R"({"a":{"inExperiment":true}})", R"("inExperiment")", "null", "[true]", "{}"})
    EXPECT_FALSE(read_event(std::string(R"({"kind":"feature","reason":)") + reason + "}").in_experiment) << reason;
}

TEST(PayloadReader, the_key_is_that_of_the_flag_or_event) {
  for (const char* kind : {"feature", "debug", "custom", "click", "pageview", "brand_new"})
    EXPECT_EQ(read_event(std::string(R"({"kind":")") + kind + R"(","key":"k\"1"})").key, "k\\\"1") << kind;
  for (const char* kind : {"identify", "index", "alias", "summary"})
    EXPECT_EQ(read_event(std::string(R"({"kind":")") + kind + R"(","key":"u1"})").key, "") << kind;
  EXPECT_EQ(read_event(R"({"key":"no","kind":"migration_op","evaluation":{"value":{"key":"x"},"key":"mig"}})").key,
            "mig");
  EXPECT_EQ(read_event(R"({"kind":"migration_op","evaluation":[]})").key, "");
  EXPECT_EQ(read_event(R"({"kind":"feature","key":7})").key, "");
}

TEST(PayloadReader, a_key_that_is_too_long_for_the_index_is_still_exported) {
  const std::string longest(65535, 'k');
  EXPECT_EQ(read_event(R"({"kind":"feature","key":")" + longest + "\"}").key, longest);
  const ReadEvent event = read_event(R"({"kind":"feature","key":")" + longest + "k\"}");
  EXPECT_EQ(event.key, "");
  EXPECT_EQ(rest(event), ",\"key\":\"" + longest + "k\"}");
}

TEST(PayloadReader, an_unusable_event_is_kept_as_sent_and_its_neighbours_are_read) {
  const ReadPayload payload =
      read_payload(R"([{"kind":"custom"}, "x" ,{ "a" : 1 },{"kind":7},null,[{"kind":"custom"}],{"kind":"custom"}])");
  ASSERT_EQ(payload.events.size(), 7u);
  EXPECT_EQ(payload.events[0].kind, EventKind::custom);
  EXPECT_EQ(payload.events[6].kind, EventKind::custom);
  EXPECT_EQ(payload.events[1].json, R"("x")");
  EXPECT_EQ(payload.events[2].json, R"({ "a" : 1 })");
  for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(payload.events[i].kind, EventKind::unusable) << i;
  ASSERT_EQ(payload.unusable_reasons.size(), 5u);
  EXPECT_EQ(payload.unusable_reasons[0], R"(event 1 is a string; expected an object with a "kind")");
  EXPECT_EQ(payload.unusable_reasons[1], R"(event 2 has no "kind"; expected one such as "feature")");
  EXPECT_EQ(payload.unusable_reasons[2], R"(event 3 has a "kind" that is a number; expected a string)");
  EXPECT_EQ(payload.unusable_reasons[3], R"(event 4 is null; expected an object with a "kind")");
  EXPECT_EQ(payload.unusable_reasons[4], R"(event 5 is an array; expected an object with a "kind")");
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(PayloadReader, nesting_to_the_limit_is_read_and_beyond_is_unusable) {
  const auto with = [](const std::string& member) { return R"({"kind":"custom",)" + member + "}"; };
  const std::string inside_object = nested(kMaxEventDepth - 1);
  const std::string inside_context = R"("context":{"a":)" + nested(kMaxEventDepth - 2) + "}";
  EXPECT_EQ(read_event(with("\"data\":" + inside_object)).kind, EventKind::custom);
  EXPECT_EQ(read_event(with(inside_context)).kind, EventKind::custom);

  const ReadPayload payload =
      read_payload("[" + with("\"data\":[" + inside_object + "]") + "," +
                   with(R"("reason":{"a":[)" + nested(kMaxEventDepth - 2) + "]}") + "," + with(R"("data":1)") + "]");
  ASSERT_EQ(payload.events.size(), 3u);
  EXPECT_EQ(payload.events[0].kind, EventKind::unusable);
  EXPECT_EQ(payload.events[1].kind, EventKind::unusable);
  EXPECT_EQ(payload.events[2].kind, EventKind::custom);
  EXPECT_EQ(payload.unusable_reasons[0], "event 0 is nested 257 deep; at most 256 are taken");
}

TEST(PayloadReader, a_million_brackets_overflow_nothing) {
  constexpr std::size_t kDeep = 1'000'000;
  EXPECT_EQ(read_payload(nested(kDeep)).unusable_reasons.size(), 1u);
  EXPECT_NE(read_payload(std::string(kDeep, '[')).error, "");
}

TEST(PayloadReader, only_the_first_unusable_events_are_told) {
  std::string body = "[1";
  for (std::size_t i = 1; i < kMaxUnusableReported + 50; ++i) body += ",1";
  const ReadPayload payload = read_payload(body + "]");
  EXPECT_EQ(payload.events.size(), kMaxUnusableReported + 50);
  EXPECT_EQ(payload.unusable_reasons.size(), kMaxUnusableReported);
}

TEST(PayloadReader, an_empty_array_is_a_payload_of_nothing) {
  EXPECT_EQ(read_payload("[]").error, "");
  EXPECT_EQ(read_payload(" [ ] \n").error, "");
}

TEST(PayloadReader, a_body_that_is_no_array_is_refused_in_words) {
  const auto error = [](std::string_view body) { return read_payload(body).error; };
  EXPECT_EQ(error(""), "the body is empty; expected a JSON array of events");
  EXPECT_EQ(error(" \n"), "the body is empty; expected a JSON array of events");
  EXPECT_EQ(error(R"({"kind":"custom"})"), "the body is an object; expected a JSON array of events");
  EXPECT_EQ(error("7"), "the body is a number; expected a JSON array of events");
  EXPECT_EQ(error(R"([{"kind":"custom")"), "the body is not JSON: byte 17: expected ',' or '}', but the text ends");
  EXPECT_EQ(error("[]]"), "the body is not JSON: byte 2: expected the end, found ']'");
  EXPECT_EQ(error("\xEF\xBB\xBF[]"), "the body is not JSON: byte 0: expected a value, found the byte 0xef");
}

TEST(PayloadReader, a_large_payload_is_followed_by_small_ones) {
  std::string body = "[";
  while (body.size() < (std::size_t{5} << 20)) body += R"({"kind":"custom","key":"some key","data":"0123456789"},)";
  body.back() = ']';
  PayloadReader reader{ObjectIdMinter(0)};
  EntryWriter writer;
  for (const std::string& text : {body, std::string("[1]"), body, std::string(R"([{"kind":"custom"}])")}) {
    writer.begin({}, {}, 0, {});
    std::string padded = text + std::string(kPayloadPadding, ' ');
    EXPECT_TRUE(reader.read(std::string_view(padded).substr(0, text.size()), 4, 0, writer).has_value());
  }
  EXPECT_EQ(writer.event_count(), 1u);
}

}  // namespace
}  // namespace sluice::event
