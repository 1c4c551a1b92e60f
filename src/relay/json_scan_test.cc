#include "relay/json_scan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::relay {
namespace {

// Empty: the text is JSON.
std::string fault_of(std::string_view text) {
  JsonScan scan(text);
  return scan.skip() && scan.end() ? "" : std::to_string(scan.at()) + ": " + scan.fault();
}

TEST(JsonScan, accepts_what_the_grammar_does) {
  for (const std::string_view text :
       {"{}", "[]", " [ ] ", "0", "-0", "-12.50e+3", "1E-9", "123456789012345678901234567890", "true", "false", "null",
        R"("")", R"("\"\\\/\b\f\n\r\t\u00e9\ud800")", R"({"a":{"b":[1,{"c":[]}]},"a":[[],{}]})",
        "\t{ \"a\" :\r\n 1 , \"b\" : [ 1 , 2 ] } ", "\"long enough for eight at a time \\u0041 é\""}) {
    EXPECT_EQ(fault_of(text), "") << text;
    EXPECT_TRUE(nlohmann::json::accept(text) || text.find("ud800") != std::string_view::npos) << text;
  }
}

TEST(JsonScan, says_what_is_wrong_and_where) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "0: expected a value, but the text ends"},
      {"  ", "2: expected a value, but the text ends"},
      {"x", "0: expected a value, found 'x'"},
      {"tru", "0: expected a value, found 't'"},
      {"nul", "0: expected a value, found 'n'"},
      {"fals", "0: expected a value, found 'f'"},
      {"01", "1: expected the end of the text, found '1'"},
      {"-", "1: expected a digit, but the text ends"},
      {"+1", "0: expected a value, found '+'"},
      {"1.", "2: expected a digit, but the text ends"},
      {".5", "0: expected a value, found '.'"},
      {"1e", "2: expected a digit, but the text ends"},
      {"1e+x", "3: expected a digit, found 'x'"},
      {"\"a", "2: expected the string's closing quote, but the text ends"},
      {"\"a\n\"", "2: expected no control character inside a string, found the byte 0x0a"},
      {"\"12345678\x01\"", "9: expected no control character inside a string, found the byte 0x01"},
      {R"("\x")", "1: expected an escape that JSON knows, found '\\'"},
      {R"("\u12g4")", "1: expected an escape that JSON knows, found '\\'"},
      {R"("\u123)", "1: expected an escape that JSON knows, found '\\'"},
      {"[1 2]", "3: expected ',' or ']', found '2'"},
      {"[1,]", "3: expected a value, found ']'"},
      {"[1}", "2: expected ',' or ']', found '}'"},
      {R"({"a" 1})", "5: expected ':' behind the member's name, found '1'"},
      {R"({"a":1,})", "7: expected a member's name in quotes, found '}'"},
      {R"({"a":1])", "6: expected ',' or '}', found ']'"},
      {"{1:2}", "1: expected a member's name in quotes, found '1'"},
      {"{} {}", "3: expected the end of the text, found '{'"},
      {std::string_view("1\0", 2), "1: expected the end of the text, found the byte 0x00"},
  };
  for (const auto& [text, fault] : table) {
    EXPECT_EQ(fault_of(text), fault) << text;
    // The judge stops at a zero byte.
    EXPECT_TRUE(text.ends_with('\0') || !nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonScan, depth_is_bounded) {
  const std::string open(kMaxJsonDepth, '['), close(kMaxJsonDepth, ']');
  EXPECT_EQ(fault_of(open + close), "");
  EXPECT_EQ(fault_of("[" + open + close + "]"),
            "1000: expected at most 1000 objects and arrays within each other, found '['");
  std::string objects;
  for (std::size_t i = 0; i < kMaxJsonDepth; ++i) objects += "{\"a\":";
  EXPECT_EQ(fault_of(objects + "1" + std::string(kMaxJsonDepth, '}')), "");
  // Counted where members are walked, too.
  const std::string too_deep = "[" + open + close + "]";
  JsonScan scan(too_deep);
  EXPECT_FALSE(scan.array([&] { return scan.skip(); }));
}

TEST(JsonScan, walks_members_and_elements) {
  std::string seen;
  JsonScan scan(R"( {"a" : [ 1,"x" ,{}],"\u0062":{ } ,"c":"s"} )");
  EXPECT_TRUE(scan.object([&](std::string_view name) {
    seen += std::string(name) + "@" + std::to_string(scan.name_at()) + " ";
    if (scan.next() == '[')
      return scan.array([&] {
        scan.next();
        const std::size_t begin = scan.at();
        if (!scan.skip()) return false;
        seen += std::string(scan.from(begin)) + ";";
        return true;
      });
    std::string_view inside;
    if (scan.next() == '"') {
      if (!scan.string(inside)) return false;
      seen += std::string(inside);
      return true;
    }
    return scan.object([](std::string_view) { return false; });
  }));
  EXPECT_TRUE(scan.end());
  EXPECT_EQ(seen, R"(a@2 1;"x";{};\u0062@21 c@35 s)");
  for (const std::string_view text : {"{\"a\":1;", "1", "{\"a\"}"}) {
    JsonScan wrong(text);
    EXPECT_FALSE(wrong.object([&](std::string_view) { return wrong.skip(); })) << text;
  }
  for (const std::string_view text : {"[1;", "1", "[1,"}) {
    JsonScan wrong(text);
    EXPECT_FALSE(wrong.array([&] { return wrong.skip(); })) << text;
  }
}

TEST(JsonScan, strings_stand_for_text) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(a\u0062\u00e9\u20ac)", "abé€"},
      {R"(\ud83d\ude00!)", "😀!"},
      {R"(\uDBFF\uDFFF)", "\xF4\x8F\xBF\xBF"},
      {R"(\ud83d)", "\xEF\xBF\xBD"},
      {R"(\ud83dx)", "\xEF\xBF\xBDx"},
      {R"(\ude00\ud83d\u0041)",
       "\xEF\xBF\xBD\xEF\xBF\xBD"
       "A"},
  };
  for (const auto& [inside, text] : table) {
    EXPECT_EQ(json_unescaped(inside), text);
    EXPECT_TRUE(json_stands_for(inside, text));
    EXPECT_FALSE(json_stands_for(inside, std::string(text) + "x"));
  }
  EXPECT_FALSE(json_stands_for("abcdef", "abc"));
}

TEST(JsonScan, places_count_from_one) {
  const auto place = [](std::string_view text, std::size_t offset) {
    const TextPlace at = place_of(text, offset);
    return std::to_string(at.line) + ":" + std::to_string(at.column);
  };
  EXPECT_EQ(place("", 0), "1:1");
  EXPECT_EQ(place("ab\ncd", 1), "1:2");
  EXPECT_EQ(place("ab\ncd", 2), "1:3");
  EXPECT_EQ(place("ab\ncd", 3), "2:1");
  EXPECT_EQ(place("ab\n\ncd", 5), "3:2");
}

}  // namespace
}  // namespace sluice::relay
