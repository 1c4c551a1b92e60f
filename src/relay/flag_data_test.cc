#include "relay/flag_data.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"

namespace sluice::relay {
namespace {

using Kind = FlagChange::Kind;

std::string wrapped(std::string_view data) { return R"({"path":"/","data":)" + std::string(data) + "}"; }

// Flags and segments as "key:version" or "key!version" when deleted.
std::string shown(const FlagSnapshotPtr& snapshot) {
  if (snapshot == nullptr) return "none";
  std::string text;
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment}) {
    for (const FlagItemPtr& item : snapshot->of(kind))
      text += item->key + (item->deleted() ? "!" : ":") + std::to_string(item->version) + " ";
    if (kind == ItemKind::flag) text += "/ ";
  }
  return text + std::to_string(snapshot->changed_ms);
}

// The change, and what is there afterwards.
std::string applied(FlagData& data, std::string_view event, std::string_view json, std::int64_t now_ms = 7) {
  const auto change = data.apply(event, json, now_ms);
  if (!change) return "error: " + change.error().message;
  static constexpr std::string_view kKinds[] = {"none", "put", "patch", "remove"};
  const bool one = change->kind == Kind::patch || change->kind == Kind::remove;
  return std::string(kKinds[static_cast<std::size_t>(change->kind)]) +
         (one ? " " + std::string(item_kind_name(change->item)) + " " + change->key : "") +
         (change->ignored.empty() ? "" : " (" + std::string(change->ignored) + ")") + " -> " + shown(data.snapshot());
}

std::string flag(std::string_view key, int version, std::string_view more = "") {
  return "\"" + std::string(key) + R"(":{"key":")" + std::string(key) + R"(","version":)" + std::to_string(version) +
         std::string(more) + "}";
}

std::string flags(std::string_view inside) {
  return wrapped(R"({"flags":{)" + std::string(inside) + R"(},"segments":{}})");
}

// With flag a of version 3, and segment s of version 5.
std::unique_ptr<FlagData> some_data(const FlagDataLimits& limits = {}) {
  auto data = std::make_unique<FlagData>(limits);
  EXPECT_EQ(
      applied(*data, "put", wrapped(R"({"flags":{)" + flag("a", 3) + R"(},"segments":{)" + flag("s", 5) + "}}"), 1),
      "put -> a:3 / s:5 1");
  return data;
}

TEST(FlagData, a_put_is_kept_byte_for_byte) {
  FlagData data;
  EXPECT_EQ(data.snapshot(), nullptr);
  const std::string_view item = "{ \"version\" : 2.0e0 ,\n\"x\":1.50, \"key\":\"other\" }";
  EXPECT_EQ(applied(data, "put", R"({"data":{"flags":{"b":)" + std::string(item) + R"(,"a":{}}},"path":"/"})"),
            "put -> a:0 b:2 / 7");
  EXPECT_EQ(find_item(data.snapshot()->flags, "b")->json, item);
  EXPECT_EQ(find_item(data.snapshot()->flags, "c"), nullptr);
  EXPECT_EQ(find_item(data.snapshot()->flags, "aa"), nullptr);
}

TEST(FlagData, a_put_replaces_all_whatever_its_versions_are) {
  const auto data = some_data();
  EXPECT_EQ(applied(*data, "put", flags(flag("a", 2) + "," + flag("c", 1))), "put -> a:2 c:1 / 7");
  EXPECT_EQ(applied(*data, "put", flags("")), "put -> / 7");
}

TEST(FlagData, a_put_that_says_the_same_is_no_change) {
  const auto data = some_data();
  const FlagSnapshotPtr before = data->snapshot();
  EXPECT_EQ(applied(*data, "put", wrapped(R"({"segments":{)" + flag("s", 5) + R"(},"flags":{)" + flag("a", 3) + "}}")),
            "none (it says what was there) -> a:3 / s:5 1");
  EXPECT_EQ(data->snapshot(), before);
  EXPECT_EQ(applied(*data, "put", wrapped(R"({"flags":{)" + flag("a", 3) + "}}")), "put -> a:3 / 7");
}

TEST(FlagData, what_did_not_change_is_shared) {
  const auto data = some_data();
  const FlagItemPtr a = find_item(data->snapshot()->flags, "a"), s = find_item(data->snapshot()->segments, "s");
  const FlagSnapshotPtr before = data->snapshot();
  applied(*data, "patch", R"({"path":"/flags/b","data":{"version":1}})");
  EXPECT_EQ(find_item(data->snapshot()->flags, "a"), a);
  applied(*data, "put",
          wrapped(R"({"flags":{)" + flag("a", 3) + "," + flag("c", 1) + R"(},"segments":{)" + flag("s", 6) + "}}"));
  EXPECT_EQ(find_item(data->snapshot()->flags, "a"), a);
  EXPECT_NE(find_item(data->snapshot()->segments, "s"), s);
  EXPECT_EQ(shown(before), "a:3 / s:5 1");  // a snapshot stays what it was
}

TEST(FlagData, only_newer_versions_count) {
  const auto data = some_data();
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":3,"x":1}})"),
            "none (its version is not newer) -> a:3 / s:5 1");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":2}})"),
            "none (its version is not newer) -> a:3 / s:5 1");
  EXPECT_EQ(applied(*data, "patch", R"({"data":{"version":4},"path":"/flags/a"})"), "patch flag a -> a:4 / s:5 7");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/segments/s","data":{"version":6}})"),
            "patch segment s -> a:4 / s:6 7");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/0/b","data":{"version":1}})"),
            "patch flag 0/b -> 0/b:1 a:4 / s:6 7");
  EXPECT_EQ(applied(*data, "delete", R"({"path":"/flags/a","version":4})"),
            "none (its version is not newer) -> 0/b:1 a:4 / s:6 7");
  EXPECT_EQ(applied(*data, "delete", R"({"version":5,"path":"/flags/a"})", 8), "remove flag a -> 0/b:1 a!5 / s:6 8");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":5}})"),
            "none (its version is not newer) -> 0/b:1 a!5 / s:6 8");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":6}})"),
            "patch flag a -> 0/b:1 a:6 / s:6 7");
  EXPECT_EQ(applied(*data, "delete", R"({"path":"/segments/z","version":1})"),
            "remove segment z -> 0/b:1 a:6 / s:6 z!1 7");
}

TEST(FlagData, a_patch_that_says_deleted_deletes) {
  const auto data = some_data();
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":4,"deleted":true}})"),
            "remove flag a -> a!4 / s:5 7");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/a","data":{"version":5,"deleted":false}})"),
            "patch flag a -> a:5 / s:5 7");
  EXPECT_EQ(applied(*data, "put", flags(flag("a", 6, R"(,"deleted":true)"))), "put -> a!6 / 7");
}

TEST(FlagData, what_sdks_do_not_know_is_ignored) {
  const auto data = some_data();
  for (const std::string_view path : {"/", "", "/flags", "flags/a", "/configurationOverrides/a", "/Flags/a"})
    for (const std::string_view event : {"patch", "delete"})
      EXPECT_EQ(applied(*data, event, R"({"version":9,"data":7,"path":")" + std::string(path) + "\"}"),
                "none (its path is of a kind that SDKs do not know) -> a:3 / s:5 1");
  EXPECT_EQ(applied(*data, "reconnect", "x"), "none (SDKs do not know events of this name) -> a:3 / s:5 1");
  EXPECT_EQ(applied(*data, "put", wrapped(R"({"metrics":{"m":1},"flags":{"n":null},"configurationOverrides":[]})")),
            "put -> / 7");
}

TEST(FlagData, nothing_counts_before_the_first_put) {
  FlagData data;
  EXPECT_EQ(applied(data, "patch", R"({"path":"/flags/a","data":{"version":1}})"),
            "none (it came before the first put) -> none");
  EXPECT_EQ(applied(data, "delete", R"({"path":"/flags/a","version":1})"),
            "none (it came before the first put) -> none");
}

TEST(FlagData, whole_documents_are_taken) {
  FlagData data;
  ASSERT_TRUE(data.apply_document(R"({"flags":{"a":{"version":1}},"segments":{}})", 3));
  EXPECT_EQ(shown(data.snapshot()), "a:1 / 3");
  EXPECT_EQ(
      data.apply_document(wrapped(R"({"flags":{}})"), 4).error().message,
      "The document, byte 32: expected a member \"flags\" in the data, but the text ends. The flag data from before "
      "stays in force.");
}

TEST(FlagData, what_is_restored_is_there) {
  const auto data = some_data();
  FlagData other;
  other.restore(data->snapshot());
  EXPECT_EQ(applied(other, "patch", R"({"path":"/flags/a","data":{"version":4}})"), "patch flag a -> a:4 / s:5 7");
}

TEST(FlagData, names_with_escapes_or_twice_are_those_names) {
  FlagData data;
  EXPECT_EQ(
      applied(
          data, "put",
          R"({"d\u0061ta":{"fl\u0061gs":{"\u0061":{"version":1},"b":{"version":1},"a":{"v\u0065rsion":2}},"s\u0065gments":{"x":{}}}})"),
      "put -> a:2 b:1 / x:0 7");
  EXPECT_EQ(
      applied(data, "put", R"({"data":{"flags":{"x":{}}},"data":{"flags":{"z":{}},"flags":{"y":{}},"segments":{}}})"),
      "put -> y:0 / 7");
  EXPECT_EQ(applied(data, "patch", R"({"p\u0061th":"\/flags\/\u0079","d\u0061ta":{"version":2,"version":3}})"),
            "patch flag y -> y:3 / 7");
  EXPECT_EQ(applied(data, "delete", R"({"path":"/flags/y","v\u0065rsion":4})"), "remove flag y -> y!4 / 7");
}

TEST(FlagData, garbage_is_an_error_that_says_what_and_changes_nothing) {
  const std::tuple<std::string_view, std::string, std::string_view> table[] = {
      {"put", "", "The put event, byte 0: expected '{', but the text ends"},
      {"put", "[]", "The put event, byte 0: expected '{', found '['"},
      {"put", "{}", "The put event, byte 2: expected a member \"data\", but the text ends"},
      {"put", wrapped("{}"), "The put event, byte 22: expected a member \"flags\" in the data, but the text ends"},
      {"put", wrapped("null"), "The put event, byte 19: expected '{', found 'n'"},
      {"put", wrapped(R"({"flags":{)"), "The put event, byte 30: expected ',' or '}', but the text ends"},
      {"put", wrapped(R"({"flags":[]})"), "The put event, byte 28: expected '{', found '['"},
      {"put", wrapped(R"({"flags":null})"), "The put event, byte 28: expected '{', found 'n'"},
      {"put", flags(R"("f":7)"), "The put event, flag \"f\", byte 33: expected '{', found '7'"},
      {"put", flags(R"("f":{"version":"1"})"),
       "The put event, flag \"f\", byte 44: expected a number as its version, found '\"'"},
      {"put", flags(R"("f":{"version":1e99})"),
       "The put event, flag \"f\", byte 48: expected a version of at most 2^53, found '}'"},
      {"put", flags(R"("":{})"), "The put event, flag \"\", byte 32: expected a key of 1 to 1,024 bytes, found '{'"},
      {"put", flags(flag("a", 1)) + "x", "The put event, byte 73: expected the end of the text, found 'x'"},
      {"put", wrapped(R"({"flags":{},"segments":{"s":[]}})"),
       "The put event, segment \"s\", byte 47: expected '{', found '['"},
      {"patch", "{", "The patch event, byte 1: expected a member's name in quotes, but the text ends"},
      {"patch", "{}", "The patch event, byte 2: expected a member \"path\", but the text ends"},
      {"patch", R"({"path":7})", "The patch event, byte 8: expected a string in quotes, found '7'"},
      {"patch", R"({"path":"/flags/a"})", "The patch event, byte 19: expected a member \"data\", but the text ends"},
      {"patch", R"({"path":"/flags/a","data":null})", "The patch event of flag \"a\", byte 0: expected '{', found 'n'"},
      {"patch", R"({"path":"/flags/a","data":{"version":9}} {)",
       "The patch event, byte 41: expected the end of the text, found '{'"},
      {"delete", R"({"path":"/flags/a"})",
       "The delete event's version, byte 0: expected a number as its version, but the text ends"},
      {"delete", R"({"path":"/flags/a","version":null})",
       "The delete event's version, byte 0: expected a number as its version, found 'n'"},
      {"delete", "x", "The delete event, byte 0: expected '{', found 'x'"},
  };
  const auto data = some_data();
  for (const auto& [event, json, message] : table) {
    EXPECT_EQ(applied(*data, event, json),
              "error: " + std::string(message) + ". The flag data from before stays in force.")
        << json;
    EXPECT_EQ(shown(data->snapshot()), "a:3 / s:5 1");
  }
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/","data":{"version":1}})"),
            "error: Flag \"\" was not taken: a key has 1 to 1,024 bytes. The flag data from before stays in force.");
}

TEST(FlagData, an_error_says_that_what_was_there_stays_only_where_there_was_something) {
  FlagData data;
  EXPECT_EQ(applied(data, "put", "x"), "error: The put event, byte 0: expected '{', found 'x'.");
}

TEST(FlagData, counts_and_bytes_are_those_of_what_is_there) {
  const auto data = some_data();
  const auto check = [&](std::size_t flag_count, std::size_t segment_count, std::size_t deleted) {
    FlagSnapshot counted = *data->snapshot();
    counted.count();
    EXPECT_EQ(data->snapshot()->bytes, counted.bytes);
    EXPECT_EQ(data->snapshot()->flag_count, flag_count);
    EXPECT_EQ(data->snapshot()->segment_count, segment_count);
    EXPECT_EQ(data->snapshot()->deleted_count, deleted);
  };
  check(1, 1, 0);
  EXPECT_EQ(data->snapshot()->bytes, 1 + 23 + 1 + 23);
  applied(*data, "patch", R"({"path":"/flags/b","data":{"version":1}})");
  check(2, 1, 0);
  applied(*data, "delete", R"({"path":"/flags/a","version":9})");
  check(1, 1, 1);
  applied(*data, "patch", R"({"path":"/segments/s","data":{"version":9}})");
  check(1, 1, 1);
  applied(*data, "patch", R"({"path":"/flags/a","data":{"version":10}})");
  check(2, 1, 0);
}

TEST(FlagData, upstreams_own_tracking_is_known_by_version) {
  FlagData data;
  using Tracked = event::TrackedEvaluations;
  using enum event::TrackedEvaluations::Which;
  applied(data, "put",
          flags(flag("a", 1) + "," + flag("b", 1, R"(,"trackEvents":true)") + "," +
                flag("c", 1, R"(,"trackEventsFallthrough":true)") + "," +
                flag("d", 1, R"(,"rules":[{"trackEvents":true},{"trackEvents":false},7,{"trackEvents":true}])") + "," +
                flag("e", 1, R"(,"rules":[{"trackEvents":false}],"trackEvents":1)") + "," +
                flag("f", 1, R"(,"rules":{"trackEvents":true},"variations":[{"trackEvents":true}])")));
  const auto tracked = [&](std::string_view key, std::int64_t version) {
    return data.snapshot()->tracked_upstream(key, version);
  };
  EXPECT_EQ(tracked("a", 1), Tracked{none});
  EXPECT_EQ(tracked("b", 1), Tracked{all});
  EXPECT_EQ(tracked("c", 1), (Tracked{some, true, 0}));
  EXPECT_EQ(tracked("d", 1), (Tracked{some, false, 0b1001}));
  EXPECT_EQ(tracked("e", 1), Tracked{none});
  EXPECT_EQ(tracked("f", 1), Tracked{none});
  EXPECT_EQ(tracked("a", 2), Tracked{unknown});
  EXPECT_EQ(tracked("x", 1), Tracked{unknown});
  applied(data, "patch", R"({"path":"/flags/a","data":{"version":2,"trackEvents":true}})");
  EXPECT_EQ(tracked("a", 1), Tracked{none});
  EXPECT_EQ(tracked("a", 2), Tracked{all});
  applied(data, "put", flags(flag("a", 3)));
  EXPECT_EQ(tracked("a", 2), Tracked{all});
  EXPECT_EQ(tracked("a", 3), Tracked{none});
  EXPECT_EQ(tracked("b", 1), Tracked{unknown});
  applied(data, "delete", R"({"path":"/flags/a","version":4})");
  EXPECT_EQ(tracked("a", 2), Tracked{all});
  EXPECT_EQ(tracked("a", 4), Tracked{unknown});
  for (int version = 5; version < 20; ++version)
    applied(data, "patch", R"({"path":"/flags/a","data":{"version":)" + std::to_string(version) + "}}");
  EXPECT_EQ(tracked("a", 19), Tracked{none});
  EXPECT_EQ(tracked("a", 12), Tracked{none});
  EXPECT_EQ(tracked("a", 11), Tracked{unknown});
  EXPECT_EQ(find_item(data.snapshot()->flags, "a")->tracked.size(), kTrackedVersions);
  // One version told in two ways: nobody can tell which one an SDK had.
  applied(data, "put", flags(flag("a", 19, R"(,"trackEvents":true)")));
  EXPECT_EQ(tracked("a", 19), Tracked{unknown});
}

TEST(FlagData, a_tracked_rule_that_is_too_far_down_makes_what_upstream_tracks_unknown) {
  using enum event::TrackedEvaluations::Which;
  const auto tracked = [](std::size_t untracked_before) {
    std::string rules;
    for (std::size_t i = 0; i < untracked_before; ++i) rules += "{},";
    FlagData data;
    applied(data, "put", flags(flag("a", 1, R"(,"rules":[)" + rules + R"({"trackEvents":true}])")));
    return data.snapshot()->tracked_upstream("a", 1);
  };
  EXPECT_EQ(tracked(event::kTrackedRules - 1), (event::TrackedEvaluations{some, false, std::uint64_t{1} << 63}));
  EXPECT_EQ(tracked(event::kTrackedRules), event::TrackedEvaluations{unknown});
}

TEST(FlagData, holds_every_limit) {
  const FlagDataLimits limits{.bytes = 120, .items = 3, .key_bytes = 4, .deleted = 1};
  const auto data = some_data(limits);
  const std::string stays = ". The flag data from before stays in force.";
  EXPECT_EQ(applied(*data, "put", std::string(121, ' ')),
            "error: The put event has 121 B; at most 120 B are read" + stays);
  EXPECT_EQ(applied(*data, "patch", std::string(121, ' ')),
            "error: The patch event has 121 B; at most 120 B are read" + stays);
  EXPECT_FALSE(data->apply("delete", R"({"path":"/flags/a","version":9})" + std::string(121, ' '), 1));
  EXPECT_EQ(applied(*data, "put", flags(R"("abcde":{})")),
            "error: The put event, flag \"abcde\", byte 37: expected a key of 1 to 4 bytes, found '{'" + stays);
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/flags/abcde","data":{"version":1}})"),
            "error: Flag \"abcde\" was not taken: a key has 1 to 4 bytes" + stays);
  EXPECT_EQ(applied(*data, "put", wrapped(R"({"flags":{"a":{},"b":{}},"segments":{"c":{},"d":{}}})")),
            "error: The put event, segment \"d\", byte 67: expected at most 3 flags and segments, found '{'" + stays);
  EXPECT_EQ(
      applied(*data, "patch", R"({"path":"/segments/abcd","data":{"version":1,"x":")" + std::string(62, 'x') + "\"}}"),
      "error: Segment \"abcd\" was not taken: all flags and segments have at most 120 B" + stays);
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/segments/abcd","data":{"version":1}})"),
            "patch segment abcd -> a:3 / abcd:1 s:5 7");
  EXPECT_EQ(applied(*data, "patch", R"({"path":"/segments/e","data":{"version":1}})"),
            "error: Segment \"e\" was not taken: there are at most 3 flags and segments" + stays);
  // Deletions without room are in force all the same.
  EXPECT_EQ(applied(*data, "delete", R"({"path":"/flags/a","version":4})"), "remove flag a -> a!4 / abcd:1 s:5 7");
  EXPECT_EQ(applied(*data, "delete", R"({"path":"/segments/s","version":6})"), "remove segment s -> a!4 / abcd:1 7");
  EXPECT_EQ(applied(*data, "delete", R"({"path":"/flags/b","version":1})"), "remove flag b -> a!4 / abcd:1 7");
  EXPECT_EQ(data->snapshot()->deleted_count, 1u);
  EXPECT_EQ(data->snapshot()->segment_count, 1u);
}

TEST(FlagData, fifty_megabytes_are_read_and_two_hundred_are_not) {
  FlagData data;
  std::string inside;
  const std::string value(10'000, 'v');
  for (int i = 0; i < 5'000; ++i)
    inside += (i == 0 ? "" : ",") + flag("flag-" + std::to_string(i), 1, R"(,"x":")" + value + "\"");
  ASSERT_GT(inside.size(), 50'000'000u);
  ASSERT_TRUE(data.apply("put", flags(inside), 1));
  EXPECT_EQ(data.snapshot()->flag_count, 5'000u);
  EXPECT_FALSE(data.apply("put", std::string(200'000'000, ' '), 2));
}

// Against a plain model: a map of keys and versions.
TEST(FlagData, random_events_end_as_in_a_plain_model) {
  const std::uint64_t seed = Random::from_system().next();
  SCOPED_TRACE(seed);
  Random random(seed);
  FlagData data;
  applied(data, "put", flags(""));
  std::map<std::string, std::pair<std::uint64_t, bool>> model;
  for (int i = 0; i < 2'000; ++i) {
    const std::string key(1, static_cast<char>('a' + random.below(6)));
    const std::uint64_t version = 1 + random.below(40), dice = random.below(20);
    if (dice == 0) {
      model.clear();
      std::string inside;
      for (char c = 'a'; c < static_cast<char>('a' + random.below(6)); ++c) {
        const int of = static_cast<int>(random.below(10));
        inside += (inside.empty() ? "" : ",") + flag(std::string(1, c), of);
        model[std::string(1, c)] = {static_cast<std::uint64_t>(of), false};
      }
      ASSERT_TRUE(data.apply("put", flags(inside), i));
    } else {
      const std::string path = R"({"path":"/flags/)" + key + "\",",
                        number = R"("version":)" + std::to_string(version) + "}";
      ASSERT_TRUE(dice < 14 ? data.apply("patch", path + R"("data":{)" + number + "}", i)
                            : data.apply("delete", path + number, i));
      const auto there = model.find(key);
      if (there == model.end() || there->second.first < version) model[key] = {version, dice >= 14};
    }
    std::string expected;
    for (const auto& [of, is] : model) expected += of + (is.second ? "!" : ":") + std::to_string(is.first) + " ";
    ASSERT_EQ(shown(data.snapshot()).substr(0, expected.size() + 1), expected + "/");
  }
}

}  // namespace
}  // namespace sluice::relay
