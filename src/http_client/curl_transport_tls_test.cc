// CurlTransport and TLS: whom it trusts, and what it says of a server or a bundle that is not as it should be.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "http_client/blocking_http.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"
#include "http_client/pem_file_fake.h"

namespace sluice::http_client {
namespace {

TEST(CurlTransport, trusts_the_certificates_of_the_ca_bundle_and_no_others) {
  HttpServerFake server([](const HttpServerFake::Request& request) { return HttpServerFake::reply(200, request.body); },
                        HttpServerFake::Over::tls);
  const PemFile bundle(server.certificate_pem());
  CurlTransportOptions options;
  options.ca_bundle = bundle.path();
  CurlTransport trusting(options);
  const std::string body(1 << 20, 'x');
  const HttpResponse answered = send_and_wait(trusting, request_to(server.url(), body));
  EXPECT_EQ(answered.fault, TransportFault::none) << answered.fault_text;
  EXPECT_EQ(answered.body, body);

  CurlTransport with_the_systems;
  const HttpResponse refused = send_and_wait(with_the_systems, request_to(server.url()));
  EXPECT_EQ(refused.fault, TransportFault::tls) << refused.fault_text;
  EXPECT_TRUE(refused.fault_text.starts_with("No trusted TLS connection to 127.0.0.1:")) << refused.fault_text;

  const HttpResponse other_name =
      send_and_wait(trusting, request_to("https://localhost:" + std::to_string(server.port()) + "/"));
  EXPECT_EQ(other_name.fault, TransportFault::tls) << other_name.fault_text;
}

TEST(CurlTransport, resumes_tls_on_a_new_connection) {
  std::atomic<bool> resumed = false;
  HttpServerFake server(
      [&](const HttpServerFake::Request& request) {
        if (request.tls_resumed) resumed = true;
        HttpServerFake::Answer answer = HttpServerFake::reply(200, "{}");
        answer.close_after = true;
        return answer;
      },
      HttpServerFake::Over::tls);
  const PemFile bundle(server.certificate_pem());
  CurlTransportOptions options;
  options.ca_bundle = bundle.path();
  CurlTransport transport(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send_and_wait(transport, request_to(server.url())).status, 200);
  EXPECT_EQ(server.connections(), 3);
  EXPECT_TRUE(resumed);
}

TEST(CurlTransport, tells_of_a_server_that_speaks_no_tls) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::Answer{}; },
                        HttpServerFake::Over::tls);
  CurlTransport transport;
  const HttpResponse response =
      send_and_wait(transport, request_to("http://127.0.0.1:" + std::to_string(server.port()) + "/"));
  EXPECT_EQ(response.fault, TransportFault::reset) << response.fault_text;
}

TEST(CurlTransport, tells_of_a_ca_bundle_that_is_not_there) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::Answer{}; });
  CurlTransportOptions options;
  options.ca_bundle = "/nonexistent/ca.pem";
  CurlTransport transport(options);
  const HttpResponse response =
      send_and_wait(transport, request_to("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  EXPECT_EQ(response.fault, TransportFault::tls);
  EXPECT_NE(response.fault_text.find("/nonexistent/ca.pem"), std::string::npos) << response.fault_text;
}

TEST(CurlTransport, takes_the_certificates_of_AWS_CA_BUNDLE) {
  const ProcessEnvironment environment = [](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "AWS_CA_BUNDLE") return "/etc/corporate.pem";
    return std::nullopt;
  };
  EXPECT_EQ(curl_transport_options(environment).ca_bundle, "/etc/corporate.pem");
  EXPECT_EQ(curl_transport_options(empty_environment()).ca_bundle, "");
}

}  // namespace
}  // namespace sluice::http_client
