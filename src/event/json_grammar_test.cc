#include "event/json_grammar.h"

#include <gtest/gtest.h>

#include "event/json_index.h"
#include "event/json_scalar.h"
#include "event/json_walk.h"

namespace sluice::event {
namespace {

bool walk_accepts(std::string_view text) {
  JsonIndex index;
  if (!index.scan(text)) return false;
  JsonWalk walk;
  walk.start(index);
  return walk.check_value(0) == index.size();
}

TEST(JsonGrammar, walk_and_checker_accept_what_rfc_8259_does) {
  for (const char* text : {"0",
                           "-0",
                           "1.5",
                           "1e9",
                           "1E+9",
                           "-1.25e-300",
                           "123456789012345678901234567890",
                           "1e999",
                           "true",
                           "false",
                           "null",
                           R"("")",
                           R"("a")",
                           R"("\"\\\/\b\f\n\r\t\u00e9")",
                           R"("\ud800")",
                           R"("\udc00\ud800")",
                           "\"\xF0\x9F\x98\x80\"",
                           "[]",
                           "{}",
                           "[[]]",
                           "[{},[],1]",
                           R"({"a":1})",
                           R"({"a":{},"b":[1,{"c":[]}]})",
                           R"({"":""})",
                           R"({"a":1,"a":2})",
                           " [ 1 , 2 ] ",
                           "\t\r\n{ \"a\" :\n1 }\n",
                           R"("[,]{:}")",
                           R"("\\")",
                           R"(["\\","\\\""])",
                           "\"\x7F\""}) {
    EXPECT_TRUE(check_json(text).has_value()) << text;
    EXPECT_TRUE(walk_accepts(text)) << text;
  }
}

TEST(JsonGrammar, walk_and_checker_refuse_what_rfc_8259_does) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "01"sv,
                                      "-"sv,
                                      "+1"sv,
                                      ".5"sv,
                                      "1."sv,
                                      "1e"sv,
                                      "1e+"sv,
                                      "0x1"sv,
                                      "NaN"sv,
                                      "tru"sv,
                                      "truee"sv,
                                      "nul"sv,
                                      "True"sv,
                                      "\""sv,
                                      "\"a"sv,
                                      R"("\")"sv,
                                      R"("\q")"sv,
                                      R"("\u12")"sv,
                                      R"("\u12g4")"sv,
                                      R"("\)"sv,
                                      "\"\n\""sv,
                                      "\"\0\""sv,
                                      "\"\xFF\""sv,
                                      "\"\xC0\xAF\""sv,
                                      "\"\xED\xA0\x80\""sv,
                                      "\"\xF4\x90\x80\x80\""sv,
                                      "\"\xE2\x82\""sv,
                                      "["sv,
                                      "]"sv,
                                      "{"sv,
                                      "}"sv,
                                      "[1"sv,
                                      "[1,"sv,
                                      "[1,]"sv,
                                      "[,1]"sv,
                                      "[1,,2]"sv,
                                      "[1 2]"sv,
                                      "[1}"sv,
                                      "{]"sv,
                                      "[}"sv,
                                      R"({"a")"sv,
                                      R"({"a":)"sv,
                                      R"({"a":})"sv,
                                      R"({"a":1)"sv,
                                      R"({"a":1,})"sv,
                                      R"({"a" 1})"sv,
                                      R"({"a",1})"sv,
                                      R"({a:1})"sv,
                                      R"({1:2})"sv,
                                      R"({,"a":1})"sv,
                                      R"({"a":1 "b":2})"sv,
                                      "1 2"sv,
                                      "[] []"sv,
                                      "[]]"sv,
                                      "{}}"sv,
                                      "[1]x"sv,
                                      R"("a"b)"sv,
                                      R"("a""b")"sv,
                                      R"(1"a")"sv,
                                      R"(["a"1])"sv,
                                      R"([tru"e,"])"sv,
                                      "'a'"sv,
                                      "[1;2]"sv,
                                      "/**/1"sv,
                                      "\xEF\xBB\xBF[]"sv,
                                      "[1\f]"sv,
                                      "[1\x1A 2]"sv,
                                      "\x01"sv,
                                      "[\"a\"\\]"sv,
                                      "\\"sv,
                                      "[\0]"sv,
                                      ":"sv,
                                      ","sv,
                                      R"({"a"::1})"sv,
                                      R"({"\q":1})"sv,
                                      R"({"a":1,"b"})"sv}) {
    EXPECT_FALSE(check_json(text).has_value()) << text;
    EXPECT_FALSE(walk_accepts(text)) << text;
  }
}

TEST(JsonGrammar, says_what_is_wrong_at_which_byte) {
  const auto error = [](std::string_view text) { return check_json(text).error().message; };
  EXPECT_EQ(error("[1,]"), "byte 3: expected a value, found ']'");
  EXPECT_EQ(error("[1,01]"), "byte 3: '01' is no value; expected a string, a number, true, false, null, '[' or '{'");
  EXPECT_EQ(error("[tru]"), "byte 1: 'tru' is no value; expected a string, a number, true, false, null, '[' or '{'");
  EXPECT_EQ(error(R"({"a" 1})"), "byte 5: expected ':' after the member name, found '1'");
  EXPECT_EQ(error(R"({"a":1,})"), "byte 7: expected a member name in quotes, found '}'");
  EXPECT_EQ(error(R"({7})"), "byte 1: expected a member name in quotes or '}', found '7'");
  EXPECT_EQ(error(R"(["a)"), "byte 1: the string that starts here does not end");
  EXPECT_EQ(error(R"(["a\q"])"), "byte 3: the backslash starts no escape that JSON knows");
  EXPECT_EQ(error("[\"a\n\"]"), "byte 3: a control character in a string must be escaped, found the byte 0x0a");
  EXPECT_EQ(error("[\"\xFF\"]"), "byte 2: the text is not UTF-8 here, found the byte 0xff");
  EXPECT_EQ(error("[1] x"), "byte 4: expected the end, found 'x'");
  EXPECT_EQ(error(""), "byte 0: expected a value, but the text ends");
}

TEST(JsonGrammar, index_knows_whitespace_outside_strings_only) {
  JsonIndex index;
  for (const char* text : {R"({"a b":[1,"\t ",{}]})", "1", R"(" ")", R"([" "," a ",{" ":" "}," \" "])"}) {
    ASSERT_TRUE(index.scan(text));
    EXPECT_FALSE(index.has_whitespace()) << text;
  }
  for (const char* text : {" {}", "{} ", "{ }", "{\"a\" :1}", "{\"a\":\n1}", "[1,\t2]", "[1\r]", "[\"a\" ]",
                           "[\" \" ,1]", "[true ]", "1 ", "[[] ,[]]", "{\"a\": \"b\"}"}) {
    ASSERT_TRUE(index.scan(text));
    EXPECT_TRUE(index.has_whitespace()) << text;
  }
}

TEST(JsonScalar, unescapes_to_utf_8) {
  EXPECT_EQ(json_unescaped(R"(a\"\\\/\b\f\n\r\t)"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(json_unescaped(R"(\u0041\u00E9\u20ac\ud83d\ude00)"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(json_unescaped(R"(\ud800x)"), "\xED\xA0\x80x");
  EXPECT_EQ(json_unescaped(R"(\ud800\ud800\udc00)"), "\xED\xA0\x80\xF0\x90\x80\x80");
}

}  // namespace
}  // namespace sluice::event
