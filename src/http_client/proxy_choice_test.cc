#include "http_client/proxy_choice.h"

#include <gtest/gtest.h>

namespace sluice::http_client {
namespace {

TEST(ProxyChoice, is_the_proxy_unless_an_exception_fits) {
  const std::string proxy = "http://user:secret@proxy.corp:3128";
  const ProxyChoice choice(proxy, "internal.corp, .example.com,10.0.0.1 fd00::/8,192.168.0.0/16,::1");
  for (const char* through : {"https://kinesis.eu-west-1.amazonaws.com/", "https://notinternal.corp/",
                              "http://10.0.0.2/", "http://192.169.0.1/", "http://[fe00::1]/"})
    EXPECT_EQ(choice.proxy_for(through), proxy) << through;
  for (const char* directly :
       {"https://kinesis.internal.corp:4567/", "https://internal.corp.", "https://a.EXAMPLE.com/",
        "http://10.0.0.1:80/", "http://192.168.7.7:8080", "http://[fd00::1]:80/", "http://[::1]:4567"})
    EXPECT_EQ(choice.proxy_for(directly), "") << directly;
  EXPECT_EQ(ProxyChoice("p:1", "*").proxy_for("http://x/"), "");
  EXPECT_EQ(ProxyChoice("p:1", "").proxy_for("http://x/"), "p:1");
}

TEST(ProxyChoice, is_shown_without_its_password) {
  EXPECT_EQ(without_password("http://user:secret@proxy.corp:3128"), "http://proxy.corp:3128");
  EXPECT_EQ(without_password("user:s@cret@proxy:1"), "proxy:1");
  EXPECT_EQ(without_password("socks5://proxy:1080"), "socks5://proxy:1080");
}

}  // namespace
}  // namespace sluice::http_client
