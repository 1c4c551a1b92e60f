// CurlTransport and the proxy: which requests go through it, and what is said when it refuses.
#include <gtest/gtest.h>

#include <string>

#include "http_client/blocking_http.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"

namespace sluice::http_client {
namespace {

TEST(CurlTransport, goes_through_the_proxy_it_is_given_except_where_told_not_to) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, "direct"); });
  HttpServerFake proxy([](const HttpServerFake::Request& request) {
    return HttpServerFake::reply(200, request.target + " " + request.header("proxy-authorization"));
  });
  CurlTransportOptions options;
  options.proxy = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port());
  CurlTransport transport(options);
  EXPECT_EQ(send_and_wait(transport, request_to(server.url() + "/x")).body, server.url() + "/x Basic dXNlcjpzZWNyZXQ=");
  HttpRequest direct = request_to(server.url() + "/x");
  direct.use_proxy = false;
  EXPECT_EQ(send_and_wait(transport, direct).body, "direct");
  options.no_proxy = "example.com,127.0.0.1";
  CurlTransport with_exception(options);
  EXPECT_EQ(send_and_wait(with_exception, request_to(server.url())).body, "direct");
}

TEST(CurlTransport, names_the_proxy_that_refuses_and_not_its_password) {
  HttpServerFake proxy([](const HttpServerFake::Request& request) {
    EXPECT_EQ(request.method, "CONNECT");
    return HttpServerFake::reply(407, "");
  });
  CurlTransportOptions options;
  options.proxy = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port());
  CurlTransport transport(options);
  const HttpResponse response = send_and_wait(transport, request_to("https://kinesis.eu-west-1.amazonaws.com/"));
  EXPECT_EQ(response.fault, TransportFault::proxy);
  EXPECT_NE(response.fault_text.find("through the proxy http://127.0.0.1:" + std::to_string(proxy.port())),
            std::string::npos)
      << response.fault_text;
  EXPECT_NE(response.fault_text.find("kinesis.eu-west-1.amazonaws.com"), std::string::npos);
  EXPECT_EQ(response.fault_text.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http_client
