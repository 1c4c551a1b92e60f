#include "http_client/url.h"

#include <gtest/gtest.h>

namespace sluice::http_client {
namespace {

TEST(HostHeader, leaves_default_ports_out) {
  EXPECT_EQ(host_header_of("https://kinesis.eu-west-1.amazonaws.com/"), "kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(host_header_of("https://host:443/x"), "host");
  EXPECT_EQ(host_header_of("http://host:443/x"), "host:443");
  EXPECT_EQ(host_header_of("http://host:80?x"), "host");
  EXPECT_EQ(host_header_of("http://[::1]:4567/"), "[::1]:4567");
  EXPECT_EQ(host_header_of("http://[::1]/"), "[::1]");
}

TEST(Url, has_a_host_that_can_be_a_name) {
  for (const char* good :
       {"https://h", "https://a-b.example.:443/x", "http://[::1]/", "http://10.1.2.3/", "http://exa_mple"})
    EXPECT_EQ(parse_url(good) ? fault_of_host(good) : "refused", "") << good;
  for (const std::string& bad : {std::string("https://-/"), std::string("https://h..example/"),
                                 std::string("https://a-.example"), "https://" + std::string(64, 'a')})
    EXPECT_NE(fault_of_host(bad), "") << bad;
  EXPECT_EQ(parse_url(" https://h/ ").error().message, "has a space before or after it");
}

TEST(Host, is_without_port_brackets_and_final_dots_and_in_lower_case) {
  EXPECT_EQ(host_of("https://Kinesis.Internal.:443/x"), "kinesis.internal");
  EXPECT_EQ(host_of("http://[::1]:80"), "::1");
  EXPECT_EQ(host_of("http://user:password@10.1.2.3/"), "10.1.2.3");
}

}  // namespace
}  // namespace sluice::http_client
