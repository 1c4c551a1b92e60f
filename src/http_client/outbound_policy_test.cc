#include "http_client/outbound_policy.h"

#include <gtest/gtest.h>

namespace sluice::http_client {
namespace {

OutboundPolicy policy_of(std::string_view list) {
  const auto policy = OutboundPolicy::parse(list);
  EXPECT_TRUE(policy) << list << ": " << policy.error().message;
  return policy.value_or(OutboundPolicy());
}

bool may_call(const std::string& list, std::string_view url) { return policy_of(list).check_url(url).has_value(); }

bool may_connect(const std::string& list, std::string_view host, const std::string& address) {
  return policy_of(list).check_address(host, ip_address_of(address).value()).has_value();
}

std::string why_not(const std::string& list, std::string_view url) {
  const auto checked = policy_of(list).check_url(url);
  EXPECT_FALSE(checked) << url;
  return checked ? std::string() : checked.error().message;
}

TEST(OutboundPolicy, public_hosts_need_https_and_no_entry) {
  for (const char* url : {"https://hooks.example.com/x?y=z", "https://8.8.8.8", "https://[2606:4700::1111]:8443/",
                          "https://hooks.example.com.:443", "https://[64:ff9b::808:808]/", "https://172.32.0.1/"})
    EXPECT_TRUE(may_call("", url)) << url;
  for (const char* url : {"http://hooks.example.com/", "http://8.8.8.8", "http://localhost:4567"})
    EXPECT_NE(why_not("", url).find("over http"), std::string::npos) << url;
  for (const char* url : {"http://hooks.example.com/", "http://8.8.8.8:80"})
    EXPECT_TRUE(may_call("hooks.example.com, 8.8.0.0/16", url)) << url;
}

TEST(OutboundPolicy, what_is_no_plain_address_of_a_host_is_refused_and_not_shown) {
  for (const char* url : {"",
                          "hooks.example.com",
                          "ftp://a.example",
                          "HTTPS://a.example",
                          "https://",
                          "https:///secret",
                          "https://user:secret@a.example/",
                          "https://a.example@b.example/secret",
                          "https://a.example/#secret",
                          "https://a.example:0/secret",
                          "https://a.example:65536",
                          "https://a.example:/",
                          "https://a.example\\@b.example/",
                          "https://a%2eexample/",
                          "https://a.example/a b",
                          "https://a.example/secret\r\nX: y",
                          "https://[::1",
                          "https://[]",
                          "https://[::1%25eth0]/",
                          "https://[127.0.0.1]/",
                          "https://[::g]/",
                          "https://./",
                          "https://.a.example",
                          "https://\xc3\xa4.example",
                          "//a.example",
                          " https://a.example"}) {
    const std::string why = why_not("any", url);
    EXPECT_TRUE(why.starts_with("The address ")) << why;
    EXPECT_EQ(why.find("secret"), std::string::npos) << why;
  }
}

TEST(OutboundPolicy, addresses_that_are_not_public_need_an_entry_however_they_are_written) {
  for (const char* host : {"127.0.0.1",
                           "127.1",
                           "2130706433",
                           "0x7f000001",
                           "0177.0.0.1",
                           "10.1.2.3",
                           "172.16.0.1",
                           "192.168.255.1",
                           "100.64.0.1",
                           "198.18.0.1",
                           "192.0.2.1",
                           "0.0.0.0",
                           "0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "192.0.0.8",
                           "[::1]",
                           "[::]",
                           "[fc00::1]",
                           "[fdff::1]",
                           "[ff02::1]",
                           "[fec0::1]",
                           "[::ffff:10.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[::10.0.0.1]",
                           "[64:ff9b::a00:1]",
                           "[64:ff9b:1::1]",
                           "[2002:a00:1::1]",
                           "[2001::1]",
                           "[2001:db8::1]",
                           "[100::1]",
                           "[4000::1]"}) {
    const std::string url = "https://" + std::string(host) + "/";
    const std::string why = why_not("hooks.example.com", url);
    EXPECT_NE(why.find("outbound.allowed (variable SLUICE_OUTBOUND_ALLOWED)"), std::string::npos) << why;
    EXPECT_TRUE(may_call("any", url)) << url;
    EXPECT_TRUE(may_call("0.0.0.0/0, ::/0", url)) << url;
  }
  EXPECT_TRUE(may_call("10.0.0.0/8", "http://10.255.0.1:8080/"));
  EXPECT_TRUE(may_call("10.0.0.0/8", "https://[::ffff:10.0.0.1]/"));
  EXPECT_FALSE(may_call("10.0.0.0/8", "https://11.0.0.1:8080@10.0.0.1/"));
  EXPECT_FALSE(may_call("10.0.0.0/9", "https://10.128.0.1/"));
}

TEST(OutboundPolicy, link_local_addresses_and_metadata_services_are_never_called) {
  const std::string all = "any, 0.0.0.0/0, ::/0, metadata.google.internal, 169.254.169.254";
  for (const char* host : {"169.254.169.254",
                           "169.254.170.2",
                           "2852039166",
                           "0xa9fea9fe",
                           "0251.0376.0251.0376",
                           "169.16689662",
                           "[::ffff:169.254.169.254]",
                           "[::ffff:a9fe:a9fe]",
                           "[::a9fe:a9fe]",
                           "[64:ff9b::a9fe:a9fe]",
                           "[64:ff9b:1::a9fe:a9fe]",
                           "[64:ff9b:1:a9fe:00a9:fe00::]",
                           "[fd00:ec2::254]",
                           "[fd20:ce::254]",
                           "[fe80::1]",
                           "168.63.129.16",
                           "100.100.100.200",
                           "192.0.0.192",
                           "metadata.google.internal",
                           "METADATA.google.internal."}) {
    const std::string why = why_not(all, "https://" + std::string(host) + "/latest");
    EXPECT_NE(why.find("metadata service"), std::string::npos) << why;
  }
  EXPECT_FALSE(may_connect(all, "hooks.example.com", "169.254.169.254"));
  EXPECT_FALSE(may_connect(all, "hooks.example.com", "fe80::1"));
}

TEST(OutboundPolicy, the_resolved_address_counts_unless_the_name_is_listed) {
  for (const char* list : {"", "other.example.com", "10.0.0.0/16", "example.com", ".hooks.example.com"})
    EXPECT_FALSE(may_connect(list, "hooks.example.com", "10.1.2.3")) << list;
  for (const char* list : {"hooks.example.com", ".example.com", "HOOKS.Example.com.", "10.1.0.0/16", "10.1.2.3", "any"})
    EXPECT_TRUE(may_connect(list, "hooks.example.com", "10.1.2.3")) << list;
  EXPECT_TRUE(may_connect("", "hooks.example.com", "93.184.216.34"));
  const auto refused = OutboundPolicy().check_address("hooks.example.com", {10, 1, 2, 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "hooks.example.com has the address 10.1.2.3, a private address, which this server does not call. To allow "
            "it, add hooks.example.com or 10.1.2.3 to the setting outbound.allowed (variable SLUICE_OUTBOUND_ALLOWED) "
            "and restart the server.");
}

TEST(OutboundPolicy, a_bad_entry_is_named) {
  for (const char* entry : {"http://localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.1/16", "10.1", "a b",
                            "localhost:4567", "*.example.com", "::/129", "::ffff:10.0.0.0/104", "."}) {
    const auto policy = OutboundPolicy::parse("hooks.example.com, " + std::string(entry) + " ,10.0.0.1");
    ASSERT_FALSE(policy) << entry;
    EXPECT_TRUE(policy.error().message.starts_with("\"" + std::string(entry) + "\" is not ")) << policy.error().message;
  }
  EXPECT_FALSE(policy_of(" , ,").lists("localhost"));
}

}  // namespace
}  // namespace sluice::http_client
