// What a call that failed is called, and in which words.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http_client/blocking_http.h"
#include "http_client/curl_fault.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"

namespace sluice::http_client {
namespace {

TEST(CurlTransport, tells_of_a_refused_connection) {
  std::string url;
  {
    HttpServerFake gone([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, ""); });
    url = gone.url();
  }
  CurlTransport transport;
  const HttpResponse response = send_and_wait(transport, request_to(url));
  EXPECT_EQ(response.fault, TransportFault::connect);
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.request_body, "{}");
  EXPECT_TRUE(response.fault_text.starts_with("Could not connect to 127.0.0.1:")) << response.fault_text;
}

TEST(CurlTransport, tells_of_a_connection_that_breaks) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    if (request.target == "/half")
      return HttpServerFake::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true};
    if (request.target == "/half-a-chunk")
      return HttpServerFake::Answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", true};
    if (request.target == "/no-chunk")
      return HttpServerFake::Answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", true};
    return HttpServerFake::Answer{};
  });
  CurlTransport transport;
  for (const char* path : {"/", "/half", "/half-a-chunk", "/no-chunk"}) {
    const HttpResponse response = send_and_wait(transport, request_to(server.url() + path));
    EXPECT_EQ(response.fault, TransportFault::reset) << response.fault_text;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(response.status_of_part, std::string_view(path) == "/" ? 0 : 200);
    EXPECT_TRUE(response.is_cut);
  }
}

TEST(CurlFault, classes_what_libcurl_says) {
  const struct {
    CURLcode code;
    const char* proxy;
    int proxy_status;
    TransportFault fault;
  } cases[] = {
      {CURLE_OK, "", 0, TransportFault::none},
      {CURLE_COULDNT_RESOLVE_HOST, "", 0, TransportFault::resolve},
      {CURLE_COULDNT_RESOLVE_PROXY, "http://p:1", 0, TransportFault::proxy},
      {CURLE_COULDNT_CONNECT, "", 0, TransportFault::connect},
      {CURLE_COULDNT_CONNECT, "http://p:1", 0, TransportFault::proxy},
      {CURLE_RECV_ERROR, "http://p:1", 407, TransportFault::proxy},
      {CURLE_RECV_ERROR, "http://p:1", 200, TransportFault::reset},
      {CURLE_OPERATION_TIMEDOUT, "", 0, TransportFault::timeout},
      {CURLE_PEER_FAILED_VERIFICATION, "", 0, TransportFault::tls},
      {CURLE_SSL_CACERT_BADFILE, "", 0, TransportFault::tls},
      {CURLE_GOT_NOTHING, "", 0, TransportFault::reset},
      {CURLE_WRITE_ERROR, "", 0, TransportFault::other},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(fault_of({static_cast<int>(c.code), "words", "host", c.proxy, c.proxy_status, ""}), c.fault)
        << c.code << c.proxy;
  }
  EXPECT_EQ(fault_text({CURLE_COULDNT_RESOLVE_HOST, "no such name", "kinesis.eu-west-1.amazonaws.com", "", 0, ""}),
            "Could not resolve kinesis.eu-west-1.amazonaws.com: no such name");
}

}  // namespace
}  // namespace sluice::http_client
