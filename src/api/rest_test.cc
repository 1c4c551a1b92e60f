#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <future>

#include "api/access_tokens.h"
#include "api/rest_body.h"
#include "api/rest_patch.h"
#include "api/rest_worker.h"
#include "catalog/sqlite_store.h"

namespace sluice::api {
namespace {

using nlohmann::json;

RestResult<Patched> apply(const json& body) {
  const Caller caller;
  const RestCall call{{}, {}, body, "", caller};
  return patched({{"_id", "1"}, {"name", "a"}, {"config", {{"x", 1}}}}, call);
}

TEST(RestPatch, takes_all_forms) {
  const json expected = {{"_id", "1"}, {"name", "b"}, {"config", {{"x", 1}}}};
  const json operations = json::parse(R"([{"op":"test","path":"/_id","value":"1"},
                                          {"op":"replace","path":"/name","value":"b"}])");
  const json merge = {{"name", "b"}};
  for (const json& body :
       {operations, merge, json{{"comment", "c"}, {"patch", operations}}, json{{"comment", "c"}, {"merge", merge}}}) {
    const auto result = apply(body);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->after, expected) << body;
    EXPECT_EQ(result->comment, body.is_object() && body.contains("comment") ? "c" : "");
  }
}

TEST(RestPatch, a_replace_sets_a_member_that_is_there_only_when_it_is_set) {
  constexpr std::array<std::string_view, 1> kSettable = {"uri"};
  const auto patch = [&](const char* text) {
    const Caller caller;
    const json body = json::parse(text);
    const RestCall call{{}, {}, body, "", caller};
    return patched({{"name", "a"}}, call, kSettable);
  };
  const auto set = patch(R"([{"op":"replace","path":"/uri","value":"x"}])");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->after, (json{{"name", "a"}, {"uri", "x"}}));
  EXPECT_FALSE(patch(R"([{"op":"replace","path":"/other","value":"x"}])"));
  EXPECT_FALSE(patch(R"([{"op":"replace","path":"/uri/inside","value":"x"}])"));
  EXPECT_FALSE(patch(R"([{"op":"remove","path":"/uri"}])"));
}

TEST(RestPatch, refuses_what_is_none_and_what_is_read_only) {
  for (const auto& [text, status] :
       std::vector<std::pair<std::string, unsigned>>{{R"([{"op":"test","path":"/name","value":"z"}])", 409},
                                                     {R"([{"op":"replace","path":"/_id","value":"2"}])", 400},
                                                     {R"([{"op":"replace","path":"","value":{}}])", 400},
                                                     {R"([{"op":"replace","path":"","value":5}])", 400},
                                                     {R"([{"op":"move","from":"/_id","path":"/name"}])", 400},
                                                     {R"([{"op":"add","path":"/_links","value":{}}])", 400},
                                                     {R"([{"op":"copy","path":"/name"}])", 400},
                                                     {R"([{"op":"copy","from":"/nothing","path":"/name"}])", 400},
                                                     {R"([{"op":"remove","path":"/nothing"}])", 400},
                                                     {R"([{"op":"dance","path":"/name"}])", 400},
                                                     {R"([{"path":"/name"}])", 400},
                                                     {R"([7])", 400},
                                                     {R"({"_id":"2"})", 400},
                                                     {R"({"comment":7,"merge":{}})", 400},
                                                     {R"({"comment":"c","patch":7})", 400},
                                                     {R"("name")", 400}}) {
    const auto result = apply(json::parse(text));
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().status, status) << text << result.error().message;
  }
}

TEST(RestPatch, does_not_grow_beyond_bounds) {
  json doubling = json::array({{{"op", "add"}, {"path", "/config/a"}, {"value", json::array({1})}}});
  for (int i = 0; i < 60; ++i) doubling.push_back({{"op", "copy"}, {"from", "/config/a"}, {"path", "/config/a/-"}});
  const auto doubled = apply(doubling);
  ASSERT_FALSE(doubled);
  EXPECT_EQ(doubled.error().status, 400U);
  EXPECT_NE(doubled.error().message.find("copies more than"), std::string::npos) << doubled.error().message;
  json many = json::array();
  for (std::size_t i = 0; i <= kMaxPatchOperations; ++i)
    many.push_back(json{{"op", "test"}, {"path", "/name"}, {"value", "a"}});
  EXPECT_FALSE(apply(many));
  many.erase(0);
  EXPECT_TRUE(apply(many));
}

TEST(RestBody, has_a_depth) {
  const auto nested = [](std::size_t depth, const char* open, const char* close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  EXPECT_TRUE(parsed_body(nested(kMaxBodyDepth, "[", "]")));
  EXPECT_FALSE(parsed_body(nested(kMaxBodyDepth + 1, "[", "]")));
  EXPECT_FALSE(parsed_body(nested(500'000, "[", "")));
  EXPECT_FALSE(parsed_body(R"({"a":)" + nested(kMaxBodyDepth, R"([)", "]") + "}"));
  EXPECT_TRUE(parsed_body(R"({"a":"\"[[[","b":")" + std::string(500, '[') + R"("})")) << "brackets in text are text";
}

std::string refusal_of_body(std::string_view text) {
  const auto body = parsed_body(text);
  return body ? "" : body.error().message;
}

TEST(RestBody, that_is_no_json_is_told_with_the_place_and_without_the_librarys_names) {
  EXPECT_EQ(refusal_of_body("{\"a\":"),
            "The body is not valid JSON: line 1, column 6: unexpected end of input; expected '[', '{', or a "
            "literal.");
  EXPECT_NE(refusal_of_body("{\n\"a\": x}").find("line 2, column 6"), std::string::npos);
  EXPECT_EQ(refusal_of_body("[[project]]\nkey = \"a\"\n"),
            "The body is not valid JSON, it looks like a configuration file (TOML): sluice import FILE sends it.");
  EXPECT_EQ(refusal_of_body("\x1b[31m").find('\x1b'), std::string::npos);
  EXPECT_LT(refusal_of_body('"' + std::string(100'000, 'a')).size(), 1000U);
}

TEST(RestBody, an_object_that_has_a_member_twice_is_refused) {
  EXPECT_EQ(refusal_of_body(R"({"project":[{"key":"a"}],"project":[]})"),
            "The member \"project\" is there twice in one object of the body; remove one of the two.");
  EXPECT_NE(refusal_of_body(R"([{"a":{"on":false,"b":[{}],"on":true}}])").find("\"on\""), std::string::npos);
  EXPECT_EQ(refusal_of_body(R"({"a":{"a":1},"b":[{"a":1},{"a":2}],"c":{"b":{}}})"), "") << "each object has its own";
}

TEST(RestPatch, that_cannot_be_applied_is_told_without_the_librarys_names) {
  const auto patched = apply(json::array({{{"op", "remove"}, {"path", "/nowhere"}}}));
  ASSERT_FALSE(patched);
  EXPECT_EQ(patched.error().message.find("json.exception"), std::string::npos) << patched.error().message;
  EXPECT_NE(patched.error().message.find("key 'nowhere' not found"), std::string::npos) << patched.error().message;
}

class AccessTokensTest : public testing::Test {
 protected:
  AccessTokensTest()
      : path_(testing::TempDir() + "tokens-" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".db") {
    std::filesystem::remove(path_);
    auto store = catalog::open_sqlite_store(path_);
    EXPECT_TRUE(store);
    store_ = std::move(*store);
    auto roles = CustomRoles::open(*store_);
    EXPECT_TRUE(roles);
    roles_ = std::move(*roles);
  }
  ~AccessTokensTest() override { std::filesystem::remove(path_); }

  std::unique_ptr<AccessTokens> open(std::string_view preset = "") {
    auto tokens = AccessTokens::open(*store_, *roles_, clock_);
    EXPECT_TRUE(tokens);
    EXPECT_TRUE((*tokens)->ensure_admin(preset));
    return std::move(*tokens);
  }

  const std::string path_;
  std::unique_ptr<catalog::CatalogStore> store_;
  std::unique_ptr<CustomRoles> roles_;
  ManualClock clock_;
};

TEST_F(AccessTokensTest, the_first_start_makes_an_admins_and_tells_it_once) {
  const auto first = open();
  const std::string token = first->first_token();
  ASSERT_EQ(token.size(), 44u);
  ASSERT_TRUE(first->caller(token));
  EXPECT_EQ(first->caller(token)->role, Role::admin);
  const auto again = open();
  EXPECT_EQ(again->first_token(), "");
  EXPECT_TRUE(again->caller(token));
  EXPECT_FALSE(again->caller("api-" + std::string(40, '0')));
  EXPECT_FALSE(again->caller(""));
  const auto documents = store_->list(catalog::DocumentKind::token);
  for (const catalog::Document& document : *documents)
    EXPECT_EQ(document.json.find(token), std::string::npos) << "only its hash is kept";
}

TEST_F(AccessTokensTest, a_preset_admins_is_taken_up_once_and_a_new_one_in_its_place) {
  const std::string preset = "api-preset-by-its-owner";
  EXPECT_EQ(open(preset)->first_token(), "");
  EXPECT_EQ(open(preset)->list().size(), 1u);
  const auto changed = open("api-another-preset-token");
  EXPECT_EQ(changed->list().size(), 1u);
  EXPECT_FALSE(changed->caller(preset)) << "who changes the variable because the token leaked means it";
  EXPECT_TRUE(changed->caller("api-another-preset-token"));
  EXPECT_TRUE(open()->caller("api-another-preset-token")) << "without the variable it stays";
}

TEST_F(AccessTokensTest, a_preset_ends_no_token_that_an_owner_made) {
  catalog::AuditEntry audit;
  audit.id = "1";
  const auto made = open()->make("SLUICE_ADMIN_TOKEN", {Role::admin, {}, {}}, audit);
  ASSERT_TRUE(made);
  EXPECT_TRUE(open("api-preset-by-its-owner")->caller(made->second));
}

TEST_F(AccessTokensTest, a_removed_token_is_unknown_at_once_and_after_a_restart) {
  const auto tokens = open();
  catalog::AuditEntry audit;
  audit.id = "1";
  const auto made = tokens->make("reader", {Role::reader, {}, {}}, audit);
  ASSERT_TRUE(made);
  EXPECT_EQ(tokens->caller(made->second)->role, Role::reader);
  audit.id = "2";
  EXPECT_TRUE(*tokens->remove(made->first.id, audit));
  EXPECT_FALSE(tokens->caller(made->second));
  EXPECT_FALSE(open()->caller(made->second));
  audit.id = "3";
  EXPECT_FALSE(*tokens->remove(made->first.id, audit));
}

TEST(RestWorker, runs_one_after_the_other_and_refuses_what_is_too_much) {
  RestWorker worker;
  std::promise<void> begun, go_on;
  ASSERT_TRUE(worker.run([&](const std::atomic<bool>&) {
    begun.set_value();
    go_on.get_future().wait();
  }));
  begun.get_future().wait();
  std::atomic<std::size_t> ran = 0;
  for (std::size_t i = 0; i < kMaxWaitingJobs; ++i) ASSERT_TRUE(worker.run([&](const std::atomic<bool>&) { ++ran; }));
  EXPECT_FALSE(worker.run([](const std::atomic<bool>&) {}));
  go_on.set_value();
  while (ran < kMaxWaitingJobs) std::this_thread::yield();
}

TEST(RestWorker, tells_the_job_that_runs_to_stop_and_drops_the_others) {
  RestWorker worker;
  std::promise<void> begun;
  bool dropped = true;
  ASSERT_TRUE(worker.run([&](const std::atomic<bool>& stopping) {
    begun.set_value();
    while (!stopping) std::this_thread::yield();
  }));
  begun.get_future().wait();
  ASSERT_TRUE(worker.run([&](const std::atomic<bool>&) { dropped = false; }));
  worker.stop();
  EXPECT_TRUE(dropped);
  EXPECT_FALSE(worker.run([](const std::atomic<bool>&) {}));
}

}  // namespace
}  // namespace sluice::api
