// The rules of docs/events.md that need a table: the envelope's version, and contextKeys.
#include <gtest/gtest.h>

#include "event/event_parts.h"
#include "event/reading_fake.h"

namespace sluice::event {
namespace {

struct VersionCase {
  const char* event;
  std::array<int, 4> by_schema;  // with schema 1, 2, 3 and 4
};

TEST(EventVersion, follows_what_the_event_holds_and_then_the_schema) {
  const VersionCase cases[] = {
      {R"({"kind":"feature","context":{"kind":"user","key":"u"}})", {2, 2, 2, 2}},
      {R"({"kind":"feature","contextKeys":{"user":"u"}})", {2, 2, 2, 2}},
      {R"({"kind":"identify","context":{}})", {2, 2, 2, 2}},
      {R"({"kind":"feature","user":{"key":"u"}})", {1, 1, 1, 1}},
      {R"({"kind":"custom","userKey":"u"})", {1, 1, 1, 1}},
      {R"({"kind":"custom","userKey":"u","context":{"kind":"user","key":"u"}})", {2, 2, 2, 2}},
      {R"({"kind":"custom","userKey":"u","contextKeys":null})", {1, 1, 1, 1}},
      {R"({"kind":"custom","userKey":null,"context":null})", {1, 1, 1, 2}},
      {R"({"kind":"alias","key":"a","previousKey":"b"})", {1, 1, 1, 1}},
      {R"({"kind":"feature"})", {1, 1, 1, 2}},
      {R"({"kind":"brand_new"})", {1, 1, 1, 2}},
      {R"({"kind":"summary","features":{"f":{"contextKinds":["user"]}}})", {2, 2, 2, 2}},
      {R"({"kind":"summary","features":{"e":{},"f":{"counters":[{}],"contextKinds":[]}}})", {2, 2, 2, 2}},
      {R"({"kind":"summary","features":{"f":{"counters":[{"contextKinds":1}]}}})", {1, 1, 1, 2}},
      {R"({"kind":"summary","features":{"contextKinds":["user"]}})", {1, 1, 1, 2}},
      {R"({"kind":"summary","features":{"f":{"contextKinds":null}}})", {1, 1, 1, 2}},
      {R"({"kind":"summary","features":{}})", {1, 1, 1, 2}},
      {R"({"kind":"summary","features":[{"contextKinds":[]}]})", {1, 1, 1, 2}},
      {R"({"kind":"summary"})", {1, 1, 1, 2}},
      {R"({"kind":"summary","context":{"kind":"user","key":"u"}})", {2, 2, 2, 2}},
      {R"({"kind":"feature","data":{"context":{}}})", {1, 1, 1, 2}},
  };
  for (const VersionCase& row : cases)
    for (int schema = 1; schema <= 4; ++schema)
      EXPECT_EQ(read_event(row.event, schema).version, row.by_schema[static_cast<std::size_t>(schema - 1)])
          << row.event << " with schema " << schema;
  EXPECT_EQ(read_event(R"({"kind":"feature"})", 5).version, 2);
}

// The contextKeys that are filled in for a context; empty: none.
std::string filled_in(const std::string& context, const std::string& kind = "feature") {
  const std::string json = read_event(R"({"kind":")" + kind + R"(","context":)" + context + "}").json;
  const auto at = json.find(",\"contextKeys\":");
  return at == std::string::npos ? "" : json.substr(at + 15, json.size() - at - 16);
}

TEST(ContextKeys, are_filled_in_from_an_inlined_context) {
  EXPECT_EQ(filled_in(R"({"kind":"user","key":"u1"})"), R"({"user":"u1"})");
  EXPECT_EQ(filled_in(R"({"a":{"kind":1,"key":2},"key":"k","b":[],"kind":"org"})"), R"({"org":"k"})");
  EXPECT_EQ(filled_in(R"({"kind":"multi","user":{"name":"x","key":"u1"},"org":{"key":"o1"}})"),
            R"({"user":"u1","org":"o1"})");
  EXPECT_EQ(filled_in(R"({"org":{"key":"o1"},"kind":"multi"})"), R"({"org":"o1"})");
  EXPECT_EQ(filled_in(R"({"kind":"user","key":""})"), R"({"user":""})");
}

TEST(ContextKeys, copy_names_and_keys_as_sent) {
  EXPECT_EQ(filled_in(R"({"kind":"us\u0065r","key":"\"\/\ud83d\ude00"})"), R"({"us\u0065r":"\"\/\ud83d\ude00"})");
  EXPECT_EQ(filled_in(R"({"\u006bind":"mult\u0069","or\u0067":{"\u006bey":"o"}})"), R"({"or\u0067":"o"})");
}

TEST(ContextKeys, are_left_out_for_an_odd_context) {
  for (const char* context :
       {"null", "{}", "[]", R"("user")", R"({"kind":"user"})", R"({"key":"u1"})", R"({"kind":"user","key":7})",
        R"({"kind":null,"key":"u1"})", R"({"kind":"multi"})", R"({"kind":"multi","key":"u1"})",
        R"({"kind":"multi","user":"u1","org":{},"device":{"key":1}})"})
    EXPECT_EQ(filled_in(context), "") << context;
}

TEST(ContextKeys, of_a_multi_kind_context_leave_out_only_the_odd_kinds) {
  EXPECT_EQ(filled_in(R"({"kind":"multi","user":{"key":"u1"},"org":{"key":null},"device":{"key":"d"}})"),
            R"({"user":"u1","device":"d"})");
}

TEST(ContextKeys, take_the_last_of_a_name_that_comes_twice) {
  EXPECT_EQ(filled_in(R"({"kind":"user","key":"a","kind":"org","key":"b"})"), R"({"org":"b"})");
  EXPECT_EQ(filled_in(R"({"kind":"multi","user":{"key":"a"},"org":{"key":"o"},"us\u0065r":{"key":"b"}})"),
            R"({"org":"o","us\u0065r":"b"})");
  EXPECT_EQ(filled_in(R"({"kind":"multi","user":{"key":"a"},"user":7})"), "");
}

TEST(ContextKeys, are_left_out_for_a_context_of_absurdly_many_kinds) {
  std::string context = R"({"kind":"multi")";
  for (std::size_t i = 0; i < 64; ++i) context += ",\"k" + std::to_string(i) + R"(":{"key":"x"})";
  EXPECT_EQ(filled_in(context + "}"), "");
}

TEST(ContextKeys, are_filled_in_only_where_the_schema_has_them) {
  const std::string context = R"({"kind":"user","key":"u"})";
  for (const char* kind : {"feature", "debug", "custom", "click", "pageview", "migration_op"})
    EXPECT_EQ(filled_in(context, kind), R"({"user":"u"})") << kind;
  for (const char* kind : {"identify", "index", "summary", "alias", "brand_new"})
    EXPECT_EQ(filled_in(context, kind), "") << kind;
}

TEST(ContextKeys, that_were_sent_are_never_touched) {
  for (const char* keys : {"null", "{}", R"({"user":"other"})", "7"}) {
    const std::string event =
        std::string(R"({"kind":"custom","context":{"kind":"user","key":"u"},"contextKeys":)") + keys + "}";
    EXPECT_TRUE(read_event(event).json.ends_with(std::string("\"contextKeys\":") + keys + "}")) << keys;
  }
}

}  // namespace
}  // namespace sluice::event
