// The outbound policy where connections are made: CurlTransport against servers on loopback. sluice.localhost resolves
// to 127.0.0.1 and ::1.
#include <gtest/gtest.h>

#include <unistd.h>

#include <memory>
#include <string>

#include "http_client/blocking_http.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"
#include "http_client/outbound_policy.h"
#include "http_client/pem_file_fake.h"

namespace sluice::http_client {
namespace {

HttpServerFake::Answer ok(const HttpServerFake::Request&) { return HttpServerFake::reply(200, "ok"); }

class OutboundConnection : public testing::Test {
 protected:
  std::string url() const { return "https://sluice.localhost:" + std::to_string(server_.port()) + "/"; }

  HttpResponse call(const std::string& url, const OutboundPolicy* policy) {
    HttpRequest request;
    request.url = url;
    request.policy = policy;
    return send_and_wait(transport_, std::move(request));
  }
  static CurlTransportOptions trusting(const std::string& bundle) {
    CurlTransportOptions options;
    options.ca_bundle = bundle;
    return options;
  }

  const OutboundPolicy strict_{};
  const OutboundPolicy lax_ = *OutboundPolicy::parse("127.0.0.0/8");
  HttpServerFake server_{ok, HttpServerFake::Over::tls};
  const PemFile bundle_{server_.certificate_pem()};
  CurlTransport transport_{trusting(bundle_.path())};
};

TEST_F(OutboundConnection, is_made_to_the_address_that_was_checked_whatever_the_name) {
  const HttpResponse refused = call(url(), &strict_);
  EXPECT_EQ(refused.fault, TransportFault::forbidden);
  for (const char* word : {"sluice.localhost has the address ", "a loopback address", "outbound.allowed"})
    EXPECT_NE(refused.fault_text.find(word), std::string::npos) << refused.fault_text;
  EXPECT_FALSE(refused.request_sent);
  EXPECT_EQ(server_.connections(), 0);
  EXPECT_EQ(call(url(), &lax_).status, 200) << "its address is listed";
  const OutboundPolicy by_name = *OutboundPolicy::parse("sluice.localhost");
  EXPECT_EQ(call(url(), &by_name).status, 200);
}

TEST_F(OutboundConnection, that_was_opened_when_more_was_allowed_is_not_used_again) {
  EXPECT_EQ(call(url(), nullptr).status, 200);
  const HttpResponse refused = call(url(), &strict_);
  EXPECT_EQ(refused.fault, TransportFault::forbidden) << refused.fault_text;
  EXPECT_EQ(call(url(), &lax_).status, 200);
  EXPECT_EQ(call(url(), &strict_).fault, TransportFault::forbidden);
}

TEST_F(OutboundConnection, is_used_again_under_the_same_policy) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(call(url(), &lax_).status, 200);
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(OutboundConnection, is_made_to_another_address_of_the_host_if_that_is_allowed) {
  std::unique_ptr<HttpServerFake> on_v6;
  if (::access("/proc/net/if_inet6", R_OK) != 0) GTEST_SKIP() << "this machine has no IPv6";
  on_v6 =
      std::make_unique<HttpServerFake>([](const auto&) { return HttpServerFake::reply(200, "on IPv6"); },
                                       HttpServerFake::Over::tls, HttpServerFake::At::ipv6_loopback, server_.port());
  const PemFile both(server_.certificate_pem() + on_v6->certificate_pem());
  CurlTransport transport(trusting(both.path()));
  HttpRequest request;
  request.url = url();
  EXPECT_EQ(send_and_wait(transport, request).body, "ok");
  const OutboundPolicy v6_only = *OutboundPolicy::parse("::1");
  request.policy = &v6_only;
  EXPECT_EQ(send_and_wait(transport, request).body, "on IPv6") << "not over the connection that is open";
}

TEST_F(OutboundConnection, is_not_made_for_a_url_that_the_policy_refuses) {
  const std::string port = std::to_string(server_.port());
  for (const std::string& refused :
       {"https://127.0.0.1:" + port, "https://2130706433:" + port, "http://sluice.localhost:" + port,
        "https://user@sluice.localhost:" + port, std::string("https://169.254.169.254/")}) {
    const HttpResponse response = call(refused, &strict_);
    EXPECT_EQ(response.fault, TransportFault::forbidden) << refused;
    EXPECT_NE(response.fault_text, "") << refused;
  }
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(OutboundConnection, to_the_owners_proxy_is_not_checked_but_the_url_is) {
  HttpServerFake proxy([](const HttpServerFake::Request& request) {
    return request.method == "CONNECT" ? HttpServerFake::reply(403, "") : HttpServerFake::reply(200, request.target);
  });
  CurlTransportOptions options;
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  options.no_proxy = "direct.localhost,127.0.0.0/8";
  CurlTransport transport(options);
  const OutboundPolicy listed = *OutboundPolicy::parse("hooks.internal");
  const auto sent = [&](const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.policy = &listed;
    return send_and_wait(transport, std::move(request));
  };
  EXPECT_EQ(sent("http://hooks.internal/x").body, "http://hooks.internal/x");
  EXPECT_EQ(sent("https://hooks.example.com/").fault, TransportFault::proxy);
  EXPECT_EQ(sent("http://hooks.example.com/").fault, TransportFault::forbidden);
  EXPECT_EQ(sent("https://10.0.0.1/").fault, TransportFault::forbidden);
  EXPECT_EQ(sent("https://direct.localhost/").fault, TransportFault::forbidden) << "reached without the proxy";
}

}  // namespace
}  // namespace sluice::http_client
