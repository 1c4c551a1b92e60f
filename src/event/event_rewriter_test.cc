#include "event/event_rewriter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "event/reading_fake.h"

namespace sluice::event {
namespace {

constexpr auto kSecret = "a secret of the test";

// The event as it goes out, and as a destination with these wishes gets it.
std::string rewritten(std::string_view sent, const ContextPrivacy& privacy, std::uint32_t one_in = 1) {
  const ReadEvent event = read_event(sent, 4);
  EventSlot slot;
  slot.json = event.json;
  slot.kind = event.kind;
  slot.version = static_cast<std::uint8_t>(event.version);
  EventRewriter rewriter(privacy, one_in);
  std::string out;
  rewriter.rewrite(slot, out);
  EXPECT_TRUE(nlohmann::json::accept(out)) << out;
  const std::size_t id = out.find(R"("id":")");
  return out.erase(id, 32);  // it is drawn anew each time
}

ContextPrivacy dropping(std::vector<std::string> references) { return {std::move(references), {}, {}, kSecret}; }
ContextPrivacy hashing(std::vector<std::string> references) { return {{}, std::move(references), {}, kSecret}; }
ContextPrivacy hashing_keys_of(std::vector<std::string> kinds) { return {{}, {}, std::move(kinds), kSecret}; }

TEST(EventRewriter, changes_nothing_that_nobody_asked_for) {
  EXPECT_EQ(rewritten(R"({"kind":"custom","key":"a","data":[1.50,{"email":"x"}],"context":{"kind":"user","key":"k"}})",
                      dropping({"email"})),
            R"({"kind":"custom","key":"a","data":[1.50,{"email":"x"}],"context":{"kind":"user","key":"k"},)"
            R"("contextKeys":{"user":"k"}})");
}

TEST(EventRewriter, dropped_attributes_are_told_as_redacted) {
  EXPECT_EQ(
      rewritten(
          R"({"kind":"identify","context":{"kind":"user","key":"k","email":"e","address":{"street":"s","zip":1}}})",
          dropping({"email", "/address/street", "/address/none"})),
      R"({"kind":"identify","context":{"kind":"user","key":"k","address":{"zip":1},)"
      R"("_meta":{"redactedAttributes":["email","/address/street"]}}})");
}

TEST(EventRewriter, what_was_redacted_before_stays_told) {
  EXPECT_EQ(
      rewritten(R"({"kind":"identify","context":{"_meta":{"x":1,"redactedAttributes":["phone","email"]},)"
                R"("kind":"user","key":"k","email":"e"}})",
                dropping({"email", "phone"})),
      R"({"kind":"identify","context":{"kind":"user","key":"k","_meta":{"x":1,"redactedAttributes":["phone","email"]}}})");
}

TEST(EventRewriter, each_context_of_several_kinds_is_treated) {
  EXPECT_EQ(
      rewritten(R"({"kind":"identify","context":{"kind":"multi","user":{"key":"k","name":"n"},)"
                R"("org":{"key":"o","name":"m","plan":"p"}}})",
                dropping({"name"})),
      R"({"kind":"identify","context":{"kind":"multi","user":{"key":"k","_meta":{"redactedAttributes":["name"]}},)"
      R"("org":{"key":"o","plan":"p","_meta":{"redactedAttributes":["name"]}}}})");
}

// SDKs send none of these. What is private in them cannot be told, so nothing of it leaves.
TEST(EventRewriter, what_only_stands_where_a_context_should_is_left_out) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("context":[{"kind":"user","key":"k","email":"e"}])", ""},
      {R"("context":"e")", ""},
      {R"("context":{"kind":"multi","user":["e"],"org":{"key":"o","email":"e"}})",
       R"("context":{"kind":"multi","org":{"key":"o","_meta":{"redactedAttributes":["email"]}}})"},
      {R"("context":{"kind":"multi","x":{"kind":"multi","user":{"key":"k","email":"e"}}})",
       R"("context":{"kind":"multi","x":{"kind":"multi","user":{"key":"k","_meta":{"redactedAttributes":["email"]}}}})"},
      {R"("context":{"kind":{"email":"e"},"key":"k"})", R"("context":{"key":"k"})"},
      {R"("context":{"kind":"user","key":"k","anonymous":["e"]})", R"("context":{"kind":"user","key":"k"})"},
      {R"("context":{"kind":"user","key":"k","_meta":"e"})", R"("context":{"kind":"user","key":"k"})"},
      {R"("user":["e"])", ""},
  };
  for (const auto& [sent, expected] : cases) {
    const auto event_of = [](const std::string& context) {
      return R"({"kind":"identify",)" + context + (context.empty() ? "" : ",") + R"("creationDate":1})";
    };
    const std::string event = event_of(sent);
    EXPECT_EQ(rewritten(event, dropping({"email"})), event_of(expected)) << sent;
    EXPECT_EQ(rewritten(event, {}, 2), event) << "nothing is private: " << sent;
  }
}

TEST(EventRewriter, a_key_that_is_no_text_is_hashed_too) {
  const std::string out =
      rewritten(R"({"kind":"custom","key":"a","userKey":12345,"contextKeys":{"user":[6789]}})", hashing_keys_of({"*"}));
  EXPECT_EQ(out.find("12345"), std::string::npos) << out;
  EXPECT_EQ(out.find("6789"), std::string::npos) << out;
}

TEST(EventRewriter, attributes_are_found_however_they_are_escaped) {
  EXPECT_EQ(rewritten(R"({"kind":"identify","context":{"kind":"user","key":"k","\u0065mail":"e","a/b":{"~":1,"c":2}}})",
                      dropping({"email", "/a~1b/~0"})),
            R"({"kind":"identify","context":{"kind":"user","key":"k","a/b":{"c":2},)"
            R"("_meta":{"redactedAttributes":["email","/a~1b/~0"]}}})");
}

TEST(EventRewriter, hashed_values_are_equal_when_what_they_stand_for_is) {
  const std::string hash = private_hash(kSecret, "e");
  EXPECT_EQ(rewritten(R"({"kind":"identify","context":{"kind":"user","key":"k","email":"\u0065","n":[1, 2]}})",
                      hashing({"email", "n"})),
            fmt::format(R"({{"kind":"identify","context":{{"kind":"user","key":"k","email":"{}","n":"{}"}}}})", hash,
                        private_hash(kSecret, "[1,2]")));
  EXPECT_NE(hash, private_hash("another secret, too", "e"));
  EXPECT_EQ(private_hash("key", "The quick brown fox jumps over the lazy dog"), "f7bc83f430538424b13298e6aa6fb143")
      << "HMAC-SHA-256, as published";
}

TEST(EventRewriter, a_hashed_key_is_the_same_wherever_it_stands) {
  const std::string hash = private_hash(kSecret, "k");
  EXPECT_EQ(
      rewritten(R"({"kind":"feature","key":"k","context":{"kind":"multi","user":{"key":"k"},"org":{"key":"k"}}})",
                hashing_keys_of({"user"})),
      fmt::format(
          R"({{"kind":"feature","key":"k","context":{{"kind":"multi","user":{{"key":"{0}"}},"org":{{"key":"k"}}}},)"
          R"("contextKeys":{{"user":"{0}","org":"k"}}}})",
          hash));
  EXPECT_EQ(rewritten(R"({"kind":"feature","key":"f","userKey":"k"})", hashing_keys_of({"*"})),
            fmt::format(R"({{"kind":"feature","key":"f","userKey":"{}"}})", hash));
  EXPECT_EQ(rewritten(R"({"kind":"identify","key":"k","user":{"key":"k"}})", hashing_keys_of({"user"})),
            fmt::format(R"({{"kind":"identify","key":"{0}","user":{{"key":"{0}"}}}})", hash));
  EXPECT_EQ(rewritten(R"({"kind":"alias","key":"k","previousKey":"k"})", hashing_keys_of({"user"})),
            fmt::format(R"({{"kind":"alias","key":"{0}","previousKey":"{0}"}})", hash));
}

TEST(EventRewriter, a_users_own_attributes_are_found_too) {
  EXPECT_EQ(rewritten(R"({"kind":"identify","user":{"key":"k","email":"e","custom":{"plan":"p","age":3},)"
                      R"("privateAttrs":["name"]}})",
                      dropping({"email", "age"})),
            R"({"kind":"identify","user":{"key":"k","custom":{"plan":"p"},"privateAttrs":["name","email","age"]}})");
}

TEST(EventRewriter, sampling_multiplies_the_ratio_of_what_it_keeps) {
  EXPECT_EQ(rewritten(R"({"kind":"custom","key":"a"})", {}, 10), R"({"kind":"custom","key":"a","samplingRatio":10})");
  EXPECT_EQ(rewritten(R"({"kind":"custom","key":"a","samplingRatio":4})", {}, 10),
            R"({"kind":"custom","key":"a","samplingRatio":40})");
  EXPECT_EQ(rewritten(R"({"kind":"index","context":{"kind":"user","key":"k"}})", {}, 10),
            R"({"kind":"index","context":{"kind":"user","key":"k"}})");
}

TEST(EventRewriter, sampling_keeps_one_in_so_many_and_always_the_same) {
  EventRewriter one(ContextPrivacy{}, 10), other(ContextPrivacy{}, 10);
  int kept = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string json = fmt::format(R"({{"kind":"custom","id":"6b041b66316ffc89{:08x}"}})", i);
    EventSlot slot;
    slot.json = json;
    slot.kind = EventKind::custom;
    ASSERT_EQ(one.keeps(slot), other.keeps(slot));
    kept += one.keeps(slot);
    slot.kind = EventKind::summary;
    ASSERT_TRUE(one.keeps(slot));
  }
  EXPECT_NEAR(kept, 2'000, 200);
}

TEST(EventRewriter, knows_the_kinds_of_contexts) {
  const auto kinds = [](std::string_view sent) {
    const ReadEvent event = read_event(sent, 4);
    EventSlot slot;
    slot.json = event.json;
    slot.kind = event.kind;
    slot.version = static_cast<std::uint8_t>(event.version);
    EventRewriter rewriter(ContextPrivacy{}, 1);
    std::string all;
    for (const std::string& kind : rewriter.context_kinds(slot)) all += kind + " ";
    return all;
  };
  EXPECT_EQ(kinds(R"({"kind":"custom","contextKeys":{"user":"a","org":"b"}})"), "user org ");
  EXPECT_EQ(kinds(R"({"kind":"identify","context":{"kind":"device","key":"a"}})"), "device ");
  EXPECT_EQ(kinds(R"({"kind":"identify","context":{"kind":"multi","user":{"key":"a"},"o":{"key":"b"}}})"), "user o ");
  EXPECT_EQ(kinds(R"({"kind":"custom","userKey":"a"})"), "user ");
  EXPECT_EQ(kinds(R"({"kind":"summary","features":{}})"), "");
}

TEST(AttributeReference, is_read_as_launchdarkly_writes_it) {
  EXPECT_EQ(parse_attribute_reference("email")->path, std::vector<std::string>{"email"});
  EXPECT_EQ(parse_attribute_reference("a~1b")->path, std::vector<std::string>{"a~1b"});
  EXPECT_EQ(parse_attribute_reference("/a~1b/c~0d")->path, (std::vector<std::string>{"a/b", "c~d"}));
  for (const char* wrong : {"", "/", "//a", "/a/", "/a~2", "/a~", "key", "/kind", "_meta"})
    EXPECT_FALSE(parse_attribute_reference(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::event
