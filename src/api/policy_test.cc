#include "api/policy.h"

#include <gtest/gtest.h>

#include "api/access.h"

namespace sluice::api {
namespace {

using nlohmann::json;

Policy policy(const char* text) {
  auto read = read_policy(json::parse(text));
  EXPECT_TRUE(read) << read.error().message;
  return read ? *read : Policy{};
}

const Resource kProject{"web", "", "", ""};
const Resource kProduction{"web", "production", "", ""};
const Resource kOrders{"web", "production", "destination", "610addeadbeefaa86ec9a7d4"};
const Resource kCheckout{"web", "production", "flag", "checkout"};

TEST(Policy, denies_what_no_statement_names) {
  const Policy one =
      policy(R"([{"effect":"allow","resources":["proj/web:env/production:destination/*"],"actions":["updateOn"]}])");
  EXPECT_EQ(verdict(one, "updateOn", kOrders), Verdict::allowed);
  EXPECT_EQ(verdict(one, "updateName", kOrders), Verdict::silent);
  EXPECT_EQ(verdict(one, "updateOn", kCheckout), Verdict::silent);
  EXPECT_EQ(verdict(one, "updateOn", {"web", "test", "destination", "1"}), Verdict::silent);
  EXPECT_EQ(verdict(one, "updateOn", kProduction), Verdict::silent);
}

TEST(Policy, a_denial_beats_what_allows_whatever_the_order) {
  for (const char* text : {R"([{"effect":"allow","resources":["*"],"actions":["*"]},
                               {"effect":"deny","resources":["proj/web:env/prod*:destination/*"],"actions":["delete*"]}])",
                           R"([{"effect":"deny","resources":["proj/web:env/prod*:destination/*"],"actions":["delete*"]},
                               {"effect":"allow","resources":["*"],"actions":["*"]}])"}) {
    EXPECT_EQ(verdict(policy(text), "deleteDestination", kOrders), Verdict::denied);
    EXPECT_EQ(verdict(policy(text), "updateOn", kOrders), Verdict::allowed);
    EXPECT_EQ(verdict(policy(text), "createFlag", kCheckout), Verdict::allowed);
  }
}

TEST(Policy, a_parts_star_does_not_reach_into_the_next_part) {
  const Policy one = policy(R"([{"effect":"allow","resources":["proj/*"],"actions":["*"]}])");
  EXPECT_EQ(verdict(one, "deleteProject", kProject), Verdict::allowed);
  EXPECT_EQ(verdict(one, "deleteEnvironment", kProduction), Verdict::silent);
  EXPECT_EQ(verdict(one, "deleteDestination", kOrders), Verdict::silent);
}

// A flag's key comes from events: anybody with a client-side key chooses it.
TEST(Policy, a_flags_key_with_a_colon_escapes_no_denial) {
  const Policy one = policy(R"([{"effect":"allow","resources":["*"],"actions":["*"]},
                                {"effect":"deny","resources":["proj/web:env/production:flag/*"],"actions":["*"]}])");
  EXPECT_EQ(verdict(one, "updateTrackEvents", {"web", "production", "flag", "a:destination/b"}), Verdict::denied);
}

TEST(Policy, not_resources_and_not_actions_are_all_but_these) {
  const Policy one = policy(
      R"([{"effect":"allow","notResources":["proj/secret","proj/secret:env/*"],"notActions":["deleteProject","view*"]}])");
  EXPECT_EQ(verdict(one, "updateTags", kProject), Verdict::allowed);
  EXPECT_EQ(verdict(one, "deleteProject", kProject), Verdict::silent);
  EXPECT_EQ(verdict(one, "updateTags", {"secret", "", "", ""}), Verdict::silent);
}

TEST(Policy, is_written_as_it_was_read) {
  const json text = json::parse(
      R"([{"effect":"allow","resources":["*","proj/w*b:env/p:flag/*x"],"actions":["update*"]},{"effect":"deny","notResources":["proj/a:env/b:destination/c"],"notActions":["updateOn"]}])");
  EXPECT_EQ(policy_json(*read_policy(text)), text);
}

TEST(Policy, names_the_statement_and_the_member_that_is_wrong) {
  for (const auto& [text, told] : {
           std::pair{R"({})", "expected a list of 1 to 100 statements"},
           {R"([])", "expected a list of 1 to 100 statements"},
           {R"([{"effect":"maybe","resources":["*"],"actions":["*"]}])", "statement 0: effect: expected allow or deny"},
           {R"([{"effect":"allow","resources":["*"],"notResources":["*"],"actions":["*"]}])",
            "either resources or notResources"},
           {R"([{"effect":"allow","resources":["*"]}])", "either actions or notActions"},
           {R"([{"effect":"allow","resources":[],"actions":["*"]}])", "resources: expected a list of 1 to 200"},
           {R"([{"effect":"allow","resources":["*"],"actions":["fly"]}])", "\"fly\" is not an action"},
           {R"([{"effect":"allow","resources":["proj/web:env/a:metric/x"],"actions":["*"]}])", "is not a resource"},
           {R"([{"effect":"allow","resources":["proj/web:env/a:"],"actions":["*"]}])", "is not a resource"},
           {R"([{"effect":"allow","resources":["proj/*:env/*;tag:flag/*"],"actions":["*"]}])", "names tags"},
           {R"([{"effect":"allow","resources":["role/*"],"actions":["*"]}])", "is not a resource"},
           {R"([{"effect":"allow","resources":["*"],"actions":["*"]},{"effekt":"deny"}])",
            "statement 1: effekt: unknown member"},
       }) {
    const auto read = read_policy(json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().message.find(told), std::string::npos) << read.error().message;
  }
  json many = json::array();
  for (std::size_t i = 0; i <= kMaxStatements; ++i)
    many.push_back({{"effect", "allow"}, {"resources", {"*"}}, {"actions", {"*"}}});
  EXPECT_FALSE(read_policy(many));
  many.erase(many.begin());
  EXPECT_TRUE(read_policy(many));
  many[0]["actions"][0] = std::string(kMaxStatementEntryBytes + 1, '*');
  EXPECT_FALSE(read_policy(many));
}

Caller with(std::vector<Grant> grants) {
  Caller caller{{}, "ci", Role::custom, {}};
  for (Grant& grant : grants) caller.grants.push_back(std::make_shared<const Grant>(std::move(grant)));
  return caller;
}

TEST(Access, built_in_roles_are_as_ever) {
  EXPECT_FALSE(may({{}, "r", Role::reader, {}}, "updateOn", kOrders));
  EXPECT_TRUE(may({{}, "w", Role::writer, {}}, "updateOn", kOrders));
  EXPECT_TRUE(may_view({{}, "r", Role::reader, {}}, "web"));
  EXPECT_TRUE(may_view_all({{}, "r", Role::reader, {}}));
  EXPECT_FALSE(role_named("custom"));
}

TEST(Access, of_several_roles_the_one_that_allows_counts) {
  const Policy denies = policy(R"([{"effect":"deny","resources":["*"],"actions":["updateOn"]}])");
  const Policy allows =
      policy(R"([{"effect":"allow","resources":["proj/*:env/*:destination/*"],"actions":["updateOn"]}])");
  EXPECT_EQ(allowed_by(with({{"a", true, denies}, {"b", true, allows}}), "updateOn", kOrders), "b");
  EXPECT_FALSE(may(with({{"a", true, denies}}), "updateOn", kOrders));
  EXPECT_FALSE(may(with({}), "updateOn", kOrders));
}

TEST(Access, a_project_that_may_not_be_viewed_may_not_be_changed) {
  const Policy hidden = policy(R"([{"effect":"allow","resources":["*"],"actions":["*"]},
                                   {"effect":"deny","resources":["proj/web"],"actions":["viewProject"]}])");
  EXPECT_FALSE(may_view(with({{"a", true, hidden}}), "web"));
  EXPECT_FALSE(may(with({{"a", true, hidden}}), "updateOn", kOrders));
  EXPECT_TRUE(may_view(with({{"a", true, hidden}}), "shop"));
  EXPECT_FALSE(may_view_all(with({{"a", true, hidden}})));
}

TEST(Access, without_base_permissions_only_what_is_named_is_seen) {
  const Policy one = policy(R"([{"effect":"allow","resources":["proj/web"],"actions":["viewProject"]}])");
  const Caller caller = with({{"a", false, one}});
  EXPECT_TRUE(may_view(caller, "web"));
  EXPECT_FALSE(may_view(caller, "shop"));
  EXPECT_FALSE(may_view_all(caller));
  EXPECT_TRUE(may_view_all(with({{"a", true, one}})));
}

}  // namespace
}  // namespace sluice::api
