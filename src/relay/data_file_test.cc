#include "relay/data_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "relay/yaml_json.h"
#include "relay/yaml_scalar.h"

namespace sluice::relay {
namespace {

std::string json_of(std::string_view yaml, const YamlLimits& limits = {}) {
  const auto json = json_of_yaml(yaml, limits);
  return json ? json->json : "error: " + json.error().message;
}

TEST(YamlScalar, plain_scalars_have_the_types_that_sdks_see) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "null"},
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"NULL", "null"},
      {"nULL", "text"},
      {"true", "true"},
      {"True", "true"},
      {"TRUE", "true"},
      {"yes", "true"},
      {"Yes", "true"},
      {"YES", "true"},
      {"on", "true"},
      {"On", "true"},
      {"ON", "true"},
      {"false", "false"},
      {"False", "false"},
      {"FALSE", "false"},
      {"no", "false"},
      {"No", "false"},
      {"NO", "false"},
      {"off", "false"},
      {"Off", "false"},
      {"OFF", "false"},
      {"y", "text"},
      {"n", "text"},
      {"Y", "text"},
      {"oN", "text"},
      {"true ", "text"},
      {"yes Yes", "text"},
      {"0", "0"},
      {"12", "12"},
      {"-12", "-12"},
      {"+12", "12"},
      {"1_000", "1000"},
      {"_1", "text"},
      {"-_1", "text"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"-0", "-0"},
      {"0x1F", "31"},
      {"-0x10", "-16"},
      {"0x", "text"},
      {"0xg", "text"},
      {"0x1_0", "16"},
      {"-0x0", "0"},
      {"0b101", "5"},
      {"0b2", "text"},
      {"017", "15"},
      {"0o17", "15"},
      {"00", "0"},
      {"0o8", "text"},
      {"0xFFFFFFFFFFFFFFFFF", "text"},
      {"08", "8"},
      {"1.5", "1.5"},
      {"-1.50", "-1.50"},
      {"+1.5", "1.5"},
      {".5", "0.5"},
      {"5.", "5.0"},
      {"01.5", "1.5"},
      {"1e3", "1e3"},
      {"1.5E-3", "1.5e-3"},
      {"1e+3", "1e+3"},
      {"1e", "text"},
      {"1e+", "text"},
      {"e1", "text"},
      {".", "text"},
      {"-", "text"},
      {"+", "text"},
      {"-.", "text"},
      {"1.2.3", "text"},
      {"1-2", "text"},
      {"a1.5", "text"},
      {"1.a", "text"},
      {"1:30", "text"},
      {"2001-01-01", "text"},
      {".inf", "not"},
      {"-.Inf", "not"},
      {"+.INF", "not"},
      {".nan", "not"},
      {".NaN", "not"},
      {"-.nan", "text"},
      {"1 2", "text"},
  };
  for (const auto& [text, expected] : table) {
    const YamlScalar scalar = yaml_plain_scalar(text);
    using Type = YamlScalar::Type;
    EXPECT_EQ(scalar.type == Type::text          ? "text"
              : scalar.type == Type::not_in_json ? "not"
                                                 : scalar.json,
              expected)
        << text;
    EXPECT_EQ(scalar.type == Type::null, expected == "null") << text;
    EXPECT_EQ(scalar.type == Type::boolean, expected == "true" || expected == "false") << text;
    EXPECT_TRUE(scalar.json.empty() || nlohmann::json::accept(scalar.json)) << text;
  }
}

TEST(YamlJson, documents_are_read) {
  EXPECT_EQ(json_of("a: 1\nb: [x, 'y', \"z\\n\", ~]\nc: {d: e}\n"),
            R"({"a":1,"b":["x","y","z\u000a",null],"c":{"d":"e"}})");
  EXPECT_EQ(json_of("- a\n-\n- - b\n"), R"(["a",null,["b"]])");
  EXPECT_EQ(json_of("[]"), "[]");
  EXPECT_EQ(json_of("{}"), "{}");
  EXPECT_EQ(json_of("{\"a\": [1, 2.50], \"b\": \"c\"}"), R"({"a":[1,2.50],"b":"c"})");
  EXPECT_EQ(json_of("a: |\n  two\n  lines\nb: >\n  one\n  line\n"),
            R"({"a":"two\u000alines\u000a","b":"one line\u000a"})");
  EXPECT_EQ(json_of("--- # comment\nx: é\n...\n"), R"({"x":"é"})");
}

TEST(YamlJson, quoted_scalars_stay_strings) {
  EXPECT_EQ(json_of("[\"1\", '1', \"true\", 'null', \"\", '~', !!str 1, !!str, ! x]"),
            R"(["1","1","true","null","","~","1","","x"])");
}

TEST(YamlJson, names_are_the_text_that_is_written) {
  EXPECT_EQ(json_of("on: true\n1: x\n~: y\nyes: no\n\"quoted\": 1\n"),
            R"({"on":true,"1":"x","~":"y","yes":false,"quoted":1})");
}

TEST(YamlJson, tags_name_types) {
  EXPECT_EQ(json_of("[!!int 5, !!float 5, !!bool yes, !!null ~, !!int '7', !!seq [], !!map {}]"),
            "[5,5,true,null,7,[],{}]");
  EXPECT_EQ(json_of("a: !!int x"), "error: line 1, column 4: \"x\" is not what its tag !!int says");
  EXPECT_EQ(json_of("a: !!bool 1"), "error: line 1, column 4: \"1\" is not what its tag !!bool says");
  EXPECT_EQ(json_of("a: !!null 1"), "error: line 1, column 4: \"1\" is not what its tag !!null says");
  EXPECT_EQ(json_of("a: !!binary aGk="),
            "error: line 1, column 4: the tag \"tag:yaml.org,2002:binary\" is of no type that JSON has");
  EXPECT_EQ(json_of("a: !mine {}"), "error: line 1, column 4: the tag \"!mine\" is of no type that JSON has");
  EXPECT_EQ(json_of("a: !!set []"),
            "error: line 1, column 4: the tag \"tag:yaml.org,2002:set\" is of no type that JSON has");
}

TEST(YamlJson, aliases_and_merge_keys_are_followed) {
  EXPECT_EQ(json_of("a: &x [1, &y two]\nb: *x\nc: *y\n*y : d\n"),
            R"({"a":[1,"two"],"b":[1,"two"],"c":"two","two":"d"})");
  EXPECT_EQ(json_of("base: &b {p: 1, q: 2}\nx:\n  <<: *b\n  q: 3\n"), R"({"base":{"p":1,"q":2},"x":{"q":3,"p":1}})");
  EXPECT_EQ(json_of("x:\n  <<: [{a: 1}, {a: 2, b: 2, <<: {c: 3}}]\n"), R"({"x":{"a":1,"b":2,"c":3}})");
  EXPECT_EQ(json_of("'<<': 1"), R"({"<<":1})");
  EXPECT_EQ(json_of("<<: 1"), "error: line 1, column 5: a merge key needs a mapping, or a sequence of mappings");
  EXPECT_EQ(json_of("<<: [{}, x]"), "error: line 1, column 5: a merge key needs a mapping, or a sequence of mappings");
  EXPECT_EQ(json_of("a: &x [*x]"), "error: line 1, column 8: the alias stands inside of what it stands for");
  EXPECT_EQ(json_of("a: *x"), "error: line 1, column 4: the referenced anchor is not defined");
}

TEST(YamlJson, faults_say_where_they_are) {
  EXPECT_EQ(json_of(""), "error: line 1, column 1: the file is empty");
  EXPECT_EQ(json_of("# nothing\n"), "error: line 1, column 1: the file is empty");
  EXPECT_EQ(json_of("a: 1\n---\nb: 2\n"), "error: line 3, column 1: the file has a second document");
  EXPECT_EQ(json_of("a: 1\nb: 2\na: 3\n"), "error: line 3, column 1: \"a\" comes twice in this mapping");
  EXPECT_EQ(json_of("a: 1\n? [b]\n: 2\n"), "error: line 2, column 3: a member's name has to be a text");
  EXPECT_EQ(json_of("a:\n  - .inf\n"), "error: line 2, column 5: JSON has no number .inf");
  EXPECT_EQ(json_of("a: [1,\n").substr(0, 12), "error: line ");
  EXPECT_EQ(json_of("\ta: b\n").substr(0, 12), "error: line ");
}

// a0, and 60 that each stand for the one before twice.
std::string bomb(const std::string& first, const std::string& before, const std::string& behind) {
  std::string yaml = "a0: &a0 " + first + "\n";
  for (int i = 1; i < 60; ++i) {
    const std::string number = std::to_string(i), last = "*a" + std::to_string(i - 1);
    yaml.append("a").append(number).append(": &a").append(number).append(" ");
    yaml.append(before).append("[").append(last).append(", ").append(last).append("]").append(behind).append("\n");
  }
  return yaml;
}

TEST(YamlJson, aliases_of_aliases_are_bounded) {
  const YamlLimits limits{.json_bytes = 100'000, .nodes = 1'000};
  const auto contains = [&](const std::string& yaml, std::string_view text) {
    return json_of(yaml, limits).find(text) != std::string::npos;
  };
  EXPECT_TRUE(contains(bomb("[x, x]", "", ""), "its aliases stand for too many values"));
  std::string large = "a: &a " + std::string(10'000, 'x') + "\nb: [";
  for (int i = 0; i < 9; ++i) large += "*a,";
  EXPECT_TRUE(contains(large + "*a]", "with its aliases the file is larger than 97.7 KiB"));
  EXPECT_TRUE(contains(bomb("{x: 1}", "{<<: ", "}"), "its merge keys stand for too many members"));
  EXPECT_TRUE(contains(bomb("{}", "{<<: ", "}"), "its merge keys stand for too many members"));
}

// Of `levels` opened and closed around an inside.
std::string nested(int levels, std::string_view open, const std::string& inside, char close) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  return text.append(inside).append(static_cast<std::size_t>(levels), close);
}

TEST(YamlJson, depth_and_size_are_bounded) {
  EXPECT_EQ(json_of(std::string(10'000, '[')).substr(0, 6), "error:");
  EXPECT_EQ(json_of(std::string(10'000, '{')).substr(0, 6), "error:");
  std::string deep = "- &a0 x\n", merges = "- &a0 {x: 1}\n";
  for (const std::string i : {"0", "1", "2"}) {
    const std::string next = std::to_string(std::stoi(i) + 1);
    deep += "- &a" + next + " " + nested(400, "[", "*a" + i, ']') + "\n";
    merges += "- &a" + next + " " + nested(400, "{<<: ", "*a" + i, '}') + "\n";
  }
  EXPECT_NE(json_of(deep).find("at most 1000 sequences and mappings may stand within each other"), std::string::npos);
  EXPECT_NE(json_of(merges).find("its merge keys lead too deep"), std::string::npos);
  EXPECT_EQ(json_of("- &a0 x\n- &a1 " + nested(400, "[", "*a0", ']') + "\n- " + nested(400, "[", "*a1", ']')).front(),
            '[');
  EXPECT_EQ(json_of("[1, 2]", {.json_bytes = 5, .nodes = 3}), "[1,2]");
  EXPECT_EQ(json_of("[1, 22]", {.json_bytes = 5, .nodes = 3}),
            "error: line 1, column 1: with its aliases the file is larger than 5 B");
  EXPECT_EQ(json_of("[1, 2, 3]", {.json_bytes = 50, .nodes = 3}),
            "error: line 1, column 8: the file has more than 3 values; split it");
}

// "f:VERSION json …"
std::string read(std::vector<DataFile> files, const FlagSnapshotPtr& before = nullptr, FlagSnapshotPtr* out = nullptr,
                 const FlagDataLimits& limits = {}) {
  const auto snapshot = read_data_files(files, before, 9, limits);
  if (!snapshot) return "error: " + snapshot.error().message;
  if (out != nullptr) *out = *snapshot;
  std::string text;
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    for (const FlagItemPtr& item : (*snapshot)->of(kind))
      text += (kind == ItemKind::flag ? "flag " : "segment ") + item->key + ":" + std::to_string(item->version) + " " +
              (item->deleted() ? "deleted" : item->json) + "\n";
  return text;
}

TEST(DataFile, json_items_keep_their_bytes) {
  EXPECT_EQ(read({{"a.json",
                   " {\"x-1\":1,\"flags\":{\"f\":{ \"key\":\"f\",\"version\" : "
                   "3.0,\"v\":[1.50]}},\n\"segments\":{\"s\":{\"key\":\"s\",\"version\":2}}}\n"}}),
            "flag f:3 { \"key\":\"f\",\"version\" : 3.0,\"v\":[1.50]}\nsegment s:2 {\"key\":\"s\",\"version\":2}\n");
}

TEST(DataFile, what_sdks_need_is_added) {
  EXPECT_EQ(
      read({{"a.json",
             R"({"flags":{"f":{},"g":{ "on":true },"h":{"key":"h"},"i":{"version":4}},"segments":{"s":{"x":1}}})"}}),
      "flag f:1 {\"key\":\"f\",\"version\":1}\nflag g:1 { \"on\":true,\"key\":\"g\",\"version\":1 }\n"
      "flag h:1 {\"key\":\"h\",\"version\":1}\nflag i:4 {\"version\":4,\"key\":\"i\"}\n"
      "segment s:1 {\"x\":1,\"key\":\"s\",\"version\":1}\n");
}

TEST(DataFile, flag_values_become_flags) {
  EXPECT_EQ(
      read({{"a.json", R"({"flagValues":{"b": [1.0] ,"a\"":"x"}})"}}),
      "flag a\":1 "
      "{\"key\":\"a\\\"\",\"version\":1,\"on\":true,\"fallthrough\":{\"variation\":0},\"variations\":[\"x\"]}\n"
      "flag b:1 {\"key\":\"b\",\"version\":1,\"on\":true,\"fallthrough\":{\"variation\":0},\"variations\":[[1.0]]}\n");
}

TEST(DataFile, yaml_is_read_by_name_or_by_its_beginning) {
  const std::string expected = "flag f:1 {\"on\":true,\"key\":\"f\",\"version\":1}\n";
  for (const std::string path : {"a.yml", "a.YAML", "a.txt", "flags"})
    EXPECT_EQ(read({{path, "flags:\n  f:\n    on: true\n"}}), expected);
  EXPECT_EQ(read({{"a.yaml", "{flags: {f: {on: true}}}"}}), expected);
  EXPECT_EQ(read({{"a.txt", " \n{flags: {f: {on: true}}}"}}),
            "error: a.txt, line 2, column 2: expected a member's name in quotes, found 'f'.");
}

TEST(DataFile, several_files_are_one) {
  EXPECT_EQ(read({{"a.json", R"({"flags":{"b":{"key":"b","version":1}},"segments":null})"},
                  {"b.yml", "flagValues: {a: 1}\nsegments: {b: {key: b, version: 7}}"},
                  {"c.json", "{}"}}),
            "flag a:1 {\"key\":\"a\",\"version\":1,\"on\":true,\"fallthrough\":{\"variation\":0},\"variations\":[1]}\n"
            "flag b:1 {\"key\":\"b\",\"version\":1}\nsegment b:7 {\"key\":\"b\",\"version\":7}\n");
}

TEST(DataFile, a_key_twice_is_an_error_that_names_both_places) {
  EXPECT_EQ(read({{"a.json", "{\"flags\":{\n\"f\":{}}}"}, {"b.yml", "flagValues:\n  f: 1\n"}}),
            "error: b.yml, line 2, column 3: flag \"f\" stands in a.json, line 2, column 1, too. A key stands once, in "
            "one file.");
  EXPECT_EQ(read({{"a.json", "{\"segments\":{\"s\":{},\n\"s\":{}}}"}}),
            "error: a.json, line 2, column 1: segment \"s\" stands in a.json, line 1, column 14, too. A key stands "
            "once, in one file.");
}

TEST(DataFile, faults_name_file_line_and_column) {
  const std::tuple<std::string, std::string, std::string> table[] = {
      {"a.json", "", "a.json, line 1, column 1: expected '{', but the text ends."},
      {"a.json", "{\"flags\":\n[]}", "a.json, line 2, column 1: expected '{', found '['."},
      {"a.json", "{\"flags\":{\"f\":\n 1}}", "a.json, line 2, column 2: expected '{', found '1'."},
      {"a.json", "{\"flags\":{}", "a.json, line 1, column 12: expected ',' or '}', but the text ends."},
      {"a.json", "{} x", "a.json, line 1, column 4: expected the end of the text, found 'x'."},
      {"a.json", R"({"flags":{"f":{"version":"1"}}})",
       "a.json, line 1, column 26: expected a number as its version, found '\"'."},
      {"a.json", R"({"flags":{"f":{"key":1}}})", "a.json, line 1, column 22: expected the key in quotes, found '1'."},
      {"a.json", "{\"flags\":{\"f\":{\n\"key\":\"g\"}}}",
       "a.json, line 2, column 1: the key inside differs from \"f\", under which it stands."},
      {"a.json", R"({"flags":{"":{}}})", "a.json, line 1, column 11: a key has 1 to 1,024 bytes."},
      {"a.json", "{\n\"\xC3\xA9\xFF\":1}", "a.json, line 2, column 4: the file is not UTF-8 here."},
      {"a.yml", "a: \xF0\x9F", "a.yml, line 1, column 4: the file is not UTF-8 here."},
      {"a.yml", "flags:\n  f: 1\n", "a.yml, line 2, column 6: expected '{', found '1'."},
      {"a.yml", "flags: x\n", "a.yml, line 1, column 8: expected '{', found '\"'."},
      {"a.yml", "- a\n", "a.yml, line 1, column 1: expected '{', found '['."},
      {"a.yml", "flags:\n  f:\n    version: x\n",
       "a.yml, line 3, column 14: expected a number as its version, found '\"'."},
      {"a.yml", "flags:\n  f:\n    on: .nan\n", "a.yml, line 3, column 9: JSON has no number .nan."},
      {"a.yml", "flags: [\n", "a.yml, line 2, column 1: end of sequence flow not found."},
  };
  for (const auto& [path, text, message] : table) EXPECT_EQ(read({{path, text}}), "error: " + message) << text;
}

TEST(DataFile, a_changed_item_gets_a_higher_version) {
  FlagSnapshotPtr first, second;
  read({{"a.json", R"({"flags":{"a":{"on":true},"b":{"version":5,"key":"b"}},"flagValues":{"c":1}})"}}, nullptr,
       &first);
  EXPECT_EQ(first->changed_ms, 9);
  // The same content is the same state, wherever it stands.
  read({{"a.json", R"({"flagValues":{"c":1}})"},
        {"b.json", R"({"flags":{"b":{"version":5,"key":"b"},"a":{"on":true}}})"}},
       first, &second);
  EXPECT_EQ(second, first);
  EXPECT_EQ(
      read({{"a.json", R"({"flags":{"a":{"on":false},"b":{"version":5,"key":"b"}},"flagValues":{"c":2}})"}}, first,
           &second),
      "flag a:2 {\"on\":false,\"key\":\"a\",\"version\":2}\nflag b:5 {\"version\":5,\"key\":\"b\"}\n"
      "flag c:2 {\"key\":\"c\",\"version\":2,\"on\":true,\"fallthrough\":{\"variation\":0},\"variations\":[2]}\n");
  EXPECT_EQ(find_item(second->flags, "b"), find_item(first->flags, "b"));
  // It stays when nothing changes, and when the file says a version below; a higher one counts.
  FlagSnapshotPtr third;
  const std::string same = R"({"flags":{"a":{"on":false},"b":{"version":4,"key":"b"}},"flagValues":{"c":2}})";
  read({{"a.json", same}}, second, &third);
  EXPECT_EQ(third, second);
  EXPECT_EQ(read({{"a.json", R"({"flags":{"b":{"version":9,"key":"b"}}})"}}, second, &third),
            "flag a:3 deleted\nflag b:9 {\"version\":9,\"key\":\"b\"}\nflag c:3 deleted\n");
  // What was gone comes back above what it was.
  EXPECT_EQ(read({{"a.json", R"({"flags":{"a":{},"b":{"key":"b","version":2}}})"}}, third, &second),
            "flag a:4 {\"key\":\"a\",\"version\":4}\nflag b:10 {\"key\":\"b\",\"version\":10}\nflag c:3 deleted\n");
  EXPECT_EQ(second->deleted_count, 1u);
}

TEST(DataFile, an_item_that_says_deleted_is_deleted) {
  FlagSnapshotPtr first, second;
  EXPECT_EQ(read({{"a.json", R"({"flags":{"a":{"deleted":true,"version":3}}})"}}, nullptr, &first),
            "flag a:3 deleted\n");
  read({{"a.json", R"({"flags":{"a":{"deleted":true,"version":3}}})"}}, first, &second);
  EXPECT_EQ(second, first);
}

// One line of 2 MB: finding each item's place by counting from the beginning took time in its square.
TEST(DataFile, many_items_take_time_in_proportion) {
  std::string text = "{\"flagValues\":{";
  for (int i = 0; i < 40'000; ++i)
    text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"" + std::string(90, 'v') + "\"";
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(read_data_files(std::vector<DataFile>{{"a.json", text + "}}"}}, nullptr, 1));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
}

// Found by an outsider: with "flag" for "flags" a file was taken, and all flags were gone.
TEST(DataFile, a_name_that_is_none_of_its_parts_is_refused) {
  for (const char* text : {R"({"flag":{"a":{}}})", R"({"flags":{"a":{}},"segment":{}})", R"({"Flags":null})"}) {
    const std::string found = read({{"a.json", text}});
    EXPECT_NE(found.find("is no part of a flag data file. Expected \"flags\", \"flagValues\" or \"segments\"."),
              std::string::npos)
        << found;
  }
  EXPECT_EQ(read({{"a.json", R"({"$schema":"s","x-base":{"on":true},"flags":{}})"}}).find("error"), std::string::npos);
}

TEST(DataFile, holds_every_limit) {
  EXPECT_EQ(read({{"a.json", std::string(kMaxDataFileBytes + 1, ' ')}}),
            "error: a.json has 16,777,217 B; a flag data file has at most 16,777,216 B. Split it into several.");
  EXPECT_EQ(read({{"a.json", std::string(kMaxDataFileBytes - 2, ' ') + "{}"}}), "");
  const FlagDataLimits limits{.bytes = 60, .items = 2, .key_bytes = 3, .deleted = 2};
  EXPECT_EQ(read({{"a.json", R"({"flags":{"abcd":{}}})"}}, nullptr, nullptr, limits),
            "error: a.json, line 1, column 11: a key has 1 to 3 bytes.");
  EXPECT_EQ(read({{"a.json", R"({"flags":{"a":{},"b":{}},"segments":{"c":{}}})"}}, nullptr, nullptr, limits),
            "error: The flag data files have 3 flags and segments; there are at most 2.");
  EXPECT_EQ(read({{"a.json", R"({"flags":{"a":{"x":"012345678901234567890123456789"}}})"}}, nullptr, nullptr, limits),
            "error: The flag data files have 61 B of flags and segments; they are at most 60 B.");
  FlagSnapshotPtr first, second;
  EXPECT_EQ(read({{"a.json", R"({"flags":{"a":{},"b":{}}})"}}, nullptr, &first, limits).size(), 66u);
  EXPECT_EQ(read({{"a.json", "{}"}}, first, &second, limits), "flag a:2 deleted\n");
}

}  // namespace
}  // namespace sluice::relay
