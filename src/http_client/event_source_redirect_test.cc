// Where an event source follows a server that redirects it, and what it says of that.
#include "http_client/event_source_rig_fake.h"

namespace sluice::http_client {
namespace {

using EventSourceRedirectTest = EventSourceRig;

TEST_F(EventSourceRedirectTest, follows_redirects_with_its_headers_only_to_the_same_origin) {
  settings_.headers = {{"Authorization", "key"}, {"X-Api-Key", "other"}};
  start();
  server().head(307, {{"location", "/other"}});
  run();
  ASSERT_EQ(transport_.opened(), 2u);
  EXPECT_TRUE(transport_.stream(0).is_cancelled());
  EXPECT_EQ(server().request().request.url, "https://stream.example.com/other");
  EXPECT_EQ(server().header("authorization"), "key");
  server().head(301, {{"location", "https://elsewhere.example.com/all"}});
  run();
  EXPECT_EQ(server().request().request.url, "https://elsewhere.example.com/all");
  EXPECT_EQ(server().header("authorization"), "");
  EXPECT_EQ(server().header("x-api-key"), "");
  EXPECT_EQ(server().header("accept"), "text/event-stream");
  serve("data: a\n\n");
  EXPECT_EQ(receiver_.events.size(), 1u);
  EXPECT_TRUE(receiver_.problems.empty());
  server().end();
  run();
  EXPECT_EQ(receiver_.problems.back().place, "https://elsewhere.example.com/all");
  pass_ms(delay_ms());
  EXPECT_EQ(server().request().request.url, settings_.url) << "each attempt begins where it was set";
}

TEST_F(EventSourceRedirectTest, says_of_a_problem_behind_a_redirect_which_address_that_was_set_led_there) {
  settings_.headers = {{"Authorization", "key"}};
  start();
  server().head(307, {{"location", "/other?secret"}});
  run();
  server().end(TransportFault::connect, "Could not connect");
  run();
  EXPECT_EQ(receiver_.problems.back().text,
            "Could not connect. https://stream.example.com/all redirects to https://stream.example.com/other.");
  pass_ms(delay_ms());
  server().head(307, {{"location", "https://elsewhere.example.com/all"}});
  run();
  server().head(401);
  run();
  EXPECT_EQ(
      receiver_.problems.back().text,
      "It answers 401: the key or token that is sent is not accepted. https://stream.example.com/all redirects to "
      "https://elsewhere.example.com/all, which is sent no key or token.");
  EXPECT_NE(receiver_.problems.back().remedy.find("Set the address to which it redirects"), std::string::npos);
  pass_ms(delay_ms());
  server().head(401);
  run();
  EXPECT_EQ(receiver_.problems.back().text, "It answers 401: the key or token that is sent is not accepted.")
      << "the next attempt was not redirected";
}

TEST_F(EventSourceRedirectTest, follows_five_redirects_and_no_more) {
  start();
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (int i = 0; i < kMaxEventSourceRedirects; ++i) {
      server().head(302, {{"location", "/next"}});
      run();
      EXPECT_EQ(state()->phase, Phase::connecting);
    }
    server().head(302, {{"location", "/next"}});
    run();
    EXPECT_EQ(transport_.opened(), static_cast<std::size_t>(attempt + 1) * (kMaxEventSourceRedirects + 1));
    EXPECT_NE(receiver_.problems.back().text.find("more than 5 in a row"), std::string::npos);
    EXPECT_EQ(receiver_.problems.back().status, 302);
    pass_ms(delay_ms());
  }
}

TEST_F(EventSourceRedirectTest, says_why_it_follows_no_redirect) {
  start();
  server().head(308);
  run();
  EXPECT_EQ(receiver_.problems.back().text,
            "It answers 308, a redirect that is not followed: it does not say where to.");
  pass_ms(delay_ms());
  server().head(308, {{"location", "http://stream.example.com/all"}});
  run();
  EXPECT_NE(receiver_.problems.back().text.find("from https to http"), std::string::npos);
  EXPECT_FALSE(receiver_.problems.back().is_final);
}

}  // namespace
}  // namespace sluice::http_client
