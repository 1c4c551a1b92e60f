#include "event/payload_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

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
  EXPECT_EQ(error("\xEF\xBB[]"), "the body is not JSON: byte 0: expected a value, found the byte 0xef");
}

TEST(PayloadReader, an_event_that_is_not_json_loses_only_itself) {
  const std::string good = R"({"kind":"custom","key":"good"})";
  const std::string bad[] = {
      R"({"kind":"custom","metricValue":NaN})",
      R"({"kind":"custom","metricValue":-Infinity})",
      "{\"kind\":\"custom\",\"key\":\"caf\xE9\"}",
      "{\"kind\":\"custom\",\"key\":\"\xED\xA0\xBD\xED\xB8\x80\"}",
      "{\"kind\":\"custom\",\"key\":\"a\tb\"}",
      R"({"kind":"custom",})",
      R"({"kind":"custom"} {"kind":"custom"})",
      R"({"a":"\x"})",
      R"({kind:"custom"})",
      R"({"a":[1}])",
  };
  for (const std::string& event : bad) {
    for (const std::string& body :
         {"[" + good + "," + event + " ," + good + "]", "[" + event + "," + good + "," + good + "]",
          "[" + good + "," + good + "," + event + "]"}) {
      const ReadPayload payload = read_payload(body);
      ASSERT_EQ(payload.error, "") << body;
      ASSERT_EQ(payload.events.size(), 3u) << body;
      int custom = 0;
      for (const ReadEvent& read : payload.events) {
        custom += read.kind == EventKind::custom;
        EXPECT_TRUE(read.kind != EventKind::unusable || read.json == event) << read.json;
      }
      EXPECT_EQ(custom, 2) << body;
      ASSERT_EQ(payload.unusable_reasons.size(), 1u);
      EXPECT_NE(payload.unusable_reasons[0].find(" is not JSON: byte "), std::string::npos)
          << payload.unusable_reasons[0];
    }
  }
}

TEST(PayloadReader, what_cannot_be_split_into_events_is_no_array) {
  for (const char* body :
       {"[1,]", "[,1]", "[1,,1]", "[{},]", "[{}}]", "[1]2]", R"([{"a":"b])", "[NaN]", "[abc]", "[{} {}", "[1, ]"})
    EXPECT_NE(read_payload(body).error, "") << body;
}

TEST(PayloadReader, a_byte_order_mark_is_skipped) {
  EXPECT_EQ(read_payload("\xEF\xBB\xBF[]").error, "");
  EXPECT_EQ(read_payload("\xEF\xBB\xBF [{\"kind\":\"custom\"}]").events.size(), 1u);
}

std::string repeated(const std::string& element, std::size_t count) {
  std::string body = "[" + element;
  body.reserve(count * (element.size() + 1) + 2);
  for (std::size_t i = 1; i < count; ++i) body.append(",").append(element);
  return body + "]";
}

TEST(PayloadReader, takes_so_many_events_and_no_more) {
  EXPECT_EQ(read_payload(repeated(R"({"kind":"x"})", kMaxPayloadEvents)).events.size(), kMaxPayloadEvents);
  EXPECT_EQ(read_payload(repeated(R"({"kind":"x"})", kMaxPayloadEvents + 1)).error,
            "the payload has more than 100000 events; send it in parts");
  EXPECT_EQ(read_payload(repeated("1", kMaxUnusableEvents)).events.size(), kMaxUnusableEvents);
  for (const char* unusable : {"1", "{}", R"({"a":NaN})"})
    for (const std::size_t count : {kMaxUnusableEvents + 1, std::size_t{2'000'000}})
      EXPECT_EQ(read_payload(repeated(unusable, count)).error,
                "more than 1000 events of the payload are unusable; expected objects with a \"kind\"")
          << unusable << " × " << count;
}

TEST(PayloadReader, bounds_what_reading_costs) {
  const std::string zeros = R"({"kind":"custom","data":)" + repeated("0", 1'000'000) + "}";
  EXPECT_EQ(read_payload("[" + zeros + "]").error, "");
  EXPECT_NE(read_payload(repeated(zeros, 10)).error.find("values, names, brackets and commas"), std::string::npos);
}

TEST(PayloadReader, an_event_too_large_for_every_destination_is_set_aside_and_its_neighbours_are_read) {
  const auto of = [](std::size_t bytes) {
    const std::string head = R"({"kind":"custom","data":")";
    return head + std::string(bytes - head.size() - 2, 'x') + "\"}";
  };
  const std::string good = R"({"kind":"custom"})";
  const ReadPayload payload =
      read_payload("[" + good + "," + of(kMaxEventBytes + 1) + "," + of(kMaxEventBytes) + "," + good + "]");
  ASSERT_EQ(payload.events.size(), 4u) << payload.error;
  EXPECT_EQ(payload.events[1].kind, EventKind::unusable);
  EXPECT_EQ(payload.events[1].json.size(), kStoredOfTooLarge);
  EXPECT_EQ(payload.unusable_reasons.at(0), "event 1 has 10485761 bytes; at most 10485760 are taken");
  for (const std::size_t i : {0u, 2u, 3u}) EXPECT_EQ(payload.events[i].kind, EventKind::custom) << i;
}

TEST(PayloadReader, reads_a_payload_of_many_windows_as_one_of_few) {
  std::string body = "[";
  std::size_t events = 0;
  for (; body.size() < (std::size_t{6} << 20); ++events)
    body += R"( {"kind":"custom","key":"k","data":"\"}],{[\\"} ,)" +
            (events % 7 == 0 ? std::string(events % 90'000, ' ') : "");
  body += R"({"kind":"custom","metricValue":NaN},{"kind":"custom"}] )";
  const ReadPayload payload = read_payload(body);
  ASSERT_EQ(payload.error, "");
  ASSERT_EQ(payload.events.size(), events + 2);
  for (std::size_t i = 0; i < events; ++i) ASSERT_EQ(payload.events[i].kind, EventKind::custom) << i;
  EXPECT_EQ(payload.events[events].kind, EventKind::unusable);
  EXPECT_NE(read_payload(body.substr(0, body.rfind(']'))).error, "");
  EXPECT_NE(read_payload(body + ",").error, "");
}

TEST(PayloadReader, asks_for_the_memory_that_a_large_event_takes_and_gives_it_back) {
  struct Budget final : ParseMemory {
    std::uint64_t limit = 0, used = 0, most = 0;
    bool take(std::uint64_t bytes) override {
      if (used + bytes > limit) return false;
      most = std::max(most, used += bytes);
      return true;
    }
    void give_back(std::uint64_t bytes) override { used -= bytes; }
  } budget;
  const std::string body = R"([{"kind":"custom","data":")" + std::string(std::size_t{8} << 20, 'x') + "\"}]" +
                           std::string(kPayloadPadding, ' ');
  const auto read = [&] {
    PayloadReader reader{ObjectIdMinter(0)};
    EntryWriter writer;
    writer.begin({}, {}, 0, {});
    return reader.read(std::string_view(body).substr(0, body.size() - kPayloadPadding), 4, 0, writer, nullptr, &budget)
                   .has_value()
               ? std::nullopt
               : std::optional(reader.fault());
  };
  EXPECT_EQ(read(), PayloadFault::no_memory);
  budget.limit = std::uint64_t{40} << 20;
  EXPECT_EQ(read(), std::nullopt);
  EXPECT_GT(budget.most, std::uint64_t{32} << 20);
  EXPECT_EQ(budget.used, 0u);
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
