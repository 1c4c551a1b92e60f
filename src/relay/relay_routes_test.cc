#include "relay/relay_routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace sluice::relay {
namespace {

TEST(RelayRoutes, are_those_of_launchdarklys_sdks_and_no_others) {
  using enum RelayEndpoint;
  struct Case {
    const char *method, *path;
    RelayEndpoint endpoint;
    CredentialKind credential;
  };
  for (const Case& each : {
           Case{"GET", "/all", all_stream, CredentialKind::sdk_key},
           {"GET", "/flags", flags_stream, CredentialKind::sdk_key},
           {"GET", "/sdk/latest-all", latest_all, CredentialKind::sdk_key},
           {"GET", "/sdk/flags", latest_flags, CredentialKind::sdk_key},
           {"GET", "/sdk/stream", data_system, CredentialKind::sdk_key},
           {"GET", "/sdk/poll/eval/eyJ9", client_data_system, CredentialKind::client_side_id},
           {"POST", "/sdk/stream/eval", client_data_stream, CredentialKind::client_side_id},
           {"GET", "/meval/eyJrIjoxfQ==", ping_stream, CredentialKind::mobile_key},
           {"REPORT", "/meval", ping_stream, CredentialKind::mobile_key},
           {"GET", "/mping", ping_stream, CredentialKind::mobile_key},
           {"GET", "/msdk/evalx/contexts/eyJrIjoxfQ", evaluations, CredentialKind::mobile_key},
           {"GET", "/msdk/evalx/contexts/a/b//c+d/e/f/g/h==", evaluations, CredentialKind::mobile_key},
           {"GET", "/eval/5f00/a/b", ping_stream, CredentialKind::client_side_id},
           {"REPORT", "/msdk/evalx/user", evaluations, CredentialKind::mobile_key},
           {"REPORT", "/eval/5f00", ping_stream, CredentialKind::client_side_id},
           {"GET", "/sdk/evalx/5f00/users/eyJ9", evaluations, CredentialKind::client_side_id},
           {"GET", "/sdk/eval/5f00/users/eyJ9", values, CredentialKind::client_side_id},
           {"REPORT", "/msdk/eval/user", values, CredentialKind::mobile_key},
           {"GET", "/sdk/goals/5f00", passed_on, CredentialKind::client_side_id},
       }) {
    const RelayRoute route = relay_route(each.method, each.path, "");
    EXPECT_EQ(route.endpoint, each.endpoint) << each.path;
    EXPECT_EQ(route.credential, each.credential) << each.path;
    EXPECT_EQ(route.method, RelayMethod::allowed) << each.path;
    EXPECT_EQ(route.path, each.path);
  }
  for (const char* path : {"/", "", "/bulk", "/mobile", "/events/bulk/5f00", "/status", "/all/x", "/sdk", "/sdk/evalx",
                           "/sdk/flags/a/b", "/a/b/c/d/e/f/g"})
    EXPECT_EQ(relay_route("GET", path, "").endpoint, none) << path;
}

// Found by an outsider: dots in place of a context led a request to any path of upstream's host.
TEST(RelayRoutes, a_context_leads_to_no_other_path) {
  for (const char* context : {"eyJ9", "eyJ9-_", "ey+/J9==", "eyJ9%3D%3d", "ey%2BJ%2fJ9", "a/b"})
    for (const std::string before : {"/sdk/evalx/5f00/contexts/", "/msdk/evalx/contexts/", "/eval/5f00/"})
      EXPECT_TRUE(is_context(relay_route("GET", before + context, "").context)) << before << context;
  for (const char* context : {"..", "../../status", "eyJ9/../../status", "%2e%2e/x", "eyJ9/.", "ey J9", "ey%J9",
                              "ey%00", "eyJ9;x", "\xC3\xA9", "eyJ9%", "e\\y"})
    for (const std::string before : {"/sdk/evalx/5f00/contexts/", "/sdk/evalx/5f00/users/", "/msdk/evalx/contexts/",
                                     "/msdk/evalx/users/", "/sdk/eval/5f00/users/", "/msdk/eval/users/"}) {
      const std::string path = before + context;
      const RelayRoute route = relay_route("GET", path, "");
      EXPECT_NE(route.endpoint, RelayEndpoint::none) << path;
      EXPECT_FALSE(is_context(route.context)) << path;
    }
  EXPECT_TRUE(relay_route("REPORT", "/msdk/evalx/context", "").context.empty());
}

// Found by an outsider: a context of 59 kB took 2 ms of the event loop before its key was asked for, and anybody may
// send thousands. Nothing of a route looks at all of a path but for slashes.
TEST(RelayRoutes, what_a_path_costs_does_not_grow_with_its_context) {
  using std::chrono::steady_clock;
  const auto took = [](const std::string& path) {
    auto least = steady_clock::duration::max();
    for (int i = 0; i < 50; ++i) {
      const auto begin = steady_clock::now();
      EXPECT_NE(relay_route("GET", path, "").path.size(), 1u);
      least = std::min(least, steady_clock::now() - begin);
    }
    return least;
  };
  const std::string before = "/sdk/evalx/5f00/contexts/";
  EXPECT_LT(took(before + std::string(60'000, 'a')), took(before + "a") + std::chrono::microseconds(200));
  EXPECT_LT(took(std::string(60'000, '/')), std::chrono::milliseconds(5));
  EXPECT_LT(took(before + std::string(60'000, '/') + "a"), std::chrono::milliseconds(5));
}

TEST(RelayRoutes, name_the_item_and_the_environment) {
  EXPECT_EQ(relay_route("GET", "/sdk/flags/new%2Fcheckout", "").item, "new%2Fcheckout");
  EXPECT_EQ(relay_route("GET", "/sdk/segments/beta/", "").item, "beta");
  EXPECT_EQ(relay_route("GET", "/sdk/segments/beta", "").endpoint, RelayEndpoint::latest_segment);
  EXPECT_EQ(relay_route("GET", "/eval/5f00/eyJ9", "").client_side_id, "5f00");
}

TEST(RelayRoutes, a_prefix_may_stand_before_them_and_is_not_passed_on) {
  EXPECT_EQ(relay_route("GET", "/flags-in/all", "/flags-in").endpoint, RelayEndpoint::all_stream);
  EXPECT_EQ(relay_route("GET", "/all", "/flags-in").endpoint, RelayEndpoint::all_stream);
  EXPECT_EQ(relay_route("GET", "/flags-inall", "/flags-in").endpoint, RelayEndpoint::none);
  EXPECT_EQ(relay_route("GET", "/flags-in/sdk/goals/5f", "/flags-in").path, "/sdk/goals/5f");
}

TEST(RelayRoutes, another_method_is_refused_and_browsers_may_ask_before) {
  EXPECT_EQ(relay_route("POST", "/all", "").method, RelayMethod::wrong);
  EXPECT_EQ(relay_route("GET", "/meval", "").method, RelayMethod::wrong);
  EXPECT_EQ(relay_route("GET", "/meval", "").allow, "REPORT");
  EXPECT_EQ(relay_route("OPTIONS", "/eval/5f00/eyJ9", "").method, RelayMethod::preflight);
  EXPECT_EQ(relay_route("OPTIONS", "/eval/5f00", "").allow, "REPORT,OPTIONS");
  EXPECT_EQ(relay_route("OPTIONS", "/all", "").method, RelayMethod::wrong);
  EXPECT_EQ(relay_route("POST", "/sdk/poll/eval", "").allow, "POST,OPTIONS");
}

}  // namespace
}  // namespace sluice::relay
