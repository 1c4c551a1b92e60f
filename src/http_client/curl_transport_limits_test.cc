// CurlTransport takes no answer that is larger or later than it may be.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "http_client/blocking_http.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"

namespace sluice::http_client {
namespace {

TEST(CurlTransport, holds_an_answer_to_the_requests_own_limit) {
  HttpServerFake server(
      [](const HttpServerFake::Request&) { return HttpServerFake::reply(200, std::string(2000, 'x')); });
  CurlTransport transport;
  HttpRequest request = request_to(server.url() + "/");
  request.max_response_bytes = 1000;
  const HttpResponse response = send_and_wait(transport, std::move(request));
  EXPECT_EQ(response.fault, TransportFault::other);
  EXPECT_NE(response.fault_text.find("larger than 1000 B"), std::string::npos) << response.fault_text;
}

TEST(CurlTransport, tells_of_a_server_that_does_not_answer_in_time) {
  Gate gate;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    gate.pass();
    return HttpServerFake::reply(200, "");
  });
  CurlTransport transport;
  HttpRequest request = request_to(server.url());
  request.timeout_ms = 50;
  const HttpResponse response = send_and_wait(transport, request);
  EXPECT_EQ(response.fault, TransportFault::timeout);
  EXPECT_TRUE(response.fault_text.starts_with("No answer in time from 127.0.0.1:")) << response.fault_text;
  gate.open();
}

TEST(CurlTransport, counts_the_wait_for_a_free_connection_as_time) {
  Gate gate;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    gate.pass();
    return HttpServerFake::reply(200, "");
  });
  CurlTransportOptions options;
  options.max_connections_per_host = 1;
  CurlTransport transport(options);
  transport.send(request_to(server.url()), [](HttpResponse) {});
  gate.wait_for_arrivals(1);
  HttpRequest request = request_to(server.url());
  request.timeout_ms = 20;
  const HttpResponse response = send_and_wait(transport, request);
  EXPECT_EQ(response.fault, TransportFault::timeout);
  EXPECT_NE(response.fault_text.find("no connection to 127.0.0.1"), std::string::npos) << response.fault_text;
  EXPECT_EQ(gate.arrived(), 1);
  gate.open();
}

TEST(CurlTransport, takes_no_answer_beyond_its_limit) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    if (request.target == "/endless") {
      HttpServerFake::Answer answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
      answer.for_ever = "400\r\n" + std::string(0x400, 'x') + "\r\n";
      return answer;
    }
    return HttpServerFake::reply(200, std::string(5000, 'x'));
  });
  CurlTransportOptions options;
  options.max_response_bytes = 4096;
  CurlTransport of_all(options), of_one;
  for (const char* path : {"/", "/endless"}) {
    for (CurlTransport* transport : {&of_all, &of_one}) {
      HttpRequest request = request_to(server.url() + path);
      if (transport == &of_one) request.max_response_bytes = 4096;
      const HttpResponse response = send_and_wait(*transport, std::move(request));
      EXPECT_EQ(response.fault, TransportFault::other);
      EXPECT_NE(response.fault_text.find("larger than 4.0 KiB"), std::string::npos) << response.fault_text;
      EXPECT_EQ(response.status_of_part, 200) << "the server has answered";
      EXPECT_EQ(response.status, 0);
      EXPECT_EQ(response.body, "");
    }
  }
  HttpRequest request = request_to(server.url());
  request.max_response_bytes = 5000;
  EXPECT_EQ(send_and_wait(of_one, request).body.size(), 5000u);
  EXPECT_EQ(send_and_wait(of_all, request).fault, TransportFault::other) << "a request cannot raise the limit of all";
}

TEST(CurlTransport, takes_no_headers_without_end) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    HttpServerFake::Answer answer{"HTTP/1.1 200 OK\r\n"};
    answer.for_ever = "X-More: " + std::string(1000, 'x') + "\r\n";
    if (request.target == "/interim")
      answer.bytes = answer.for_ever = "HTTP/1.1 103 Early Hints\r\n" + answer.for_ever + "\r\n";
    return answer;
  });
  CurlTransport transport;
  for (const char* path : {"/", "/interim"}) {
    const HttpResponse response = send_and_wait(transport, request_to(server.url() + path));
    EXPECT_NE(response.fault, TransportFault::none);
    EXPECT_NE(response.fault_text.find("headers are larger"), std::string::npos) << response.fault_text;
  }
}

TEST(CurlTransport, gives_an_answer_that_trickles_no_more_time_than_others) {
  HttpServerFake server([](const HttpServerFake::Request&) {
    HttpServerFake::Answer answer{"HTTP/1.1 204 Empty\r\n"};
    answer.for_ever = "X: y\r\n";
    answer.every_ms = 5;
    return answer;
  });
  CurlTransport transport;
  HttpRequest request = request_to(server.url());
  request.timeout_ms = 100;
  const auto started = std::chrono::steady_clock::now();
  const HttpResponse response = send_and_wait(transport, std::move(request));
  EXPECT_EQ(response.fault, TransportFault::timeout) << response.fault_text;
  EXPECT_EQ(response.status_of_part, 204);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
}

}  // namespace
}  // namespace sluice::http_client
