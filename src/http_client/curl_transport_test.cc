#include "http_client/curl_transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_client/blocking_http.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/http_server_fake.h"

namespace sluice::http_client {
namespace {

TEST(CurlTransport, waits_for_no_body_of_a_head) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    EXPECT_EQ(request.method, "HEAD");
    return HttpServerFake::Answer{
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nX-Amz-Checksum-Sha256: abc\r\n\r\n"};
  });
  CurlTransport transport;
  for (int attempt = 0; attempt < 2; ++attempt) {
    HttpRequest request = request_to(server.url() + "/object", "");
    request.method = "HEAD";
    const HttpResponse response = send_and_wait(transport, std::move(request));
    EXPECT_EQ(response.status, 200) << response.fault_text;
    EXPECT_EQ(response.header("x-amz-checksum-sha256"), "abc");
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(server.connections(), 1) << "it can be used again";
}

TEST(CurlTransport, sends_what_it_is_given_and_returns_what_came) {
  HttpServerFake::Request seen;
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    seen = request;
    return HttpServerFake::reply(207, "answer", "X-Amzn-RequestId:  abc \r\n");
  });
  CurlTransport transport;
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  HttpRequest request = request_to(server.url() + "/path?a=b", body);
  request.headers = {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", "Kinesis"}};
  const char* buffer = request.body.data();
  const HttpResponse response = send_and_wait(transport, std::move(request));
  EXPECT_EQ(response.fault, TransportFault::none) << response.fault_text;
  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(response.body, "answer");
  EXPECT_EQ(response.header("x-amzn-requestid"), "abc");
  EXPECT_EQ(response.request_body.data(), buffer) << "the buffer itself comes back, not a copy";
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/path?a=b");
  EXPECT_EQ(seen.body, body);
  EXPECT_EQ(seen.header("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(seen.header("x-amz-target"), "Kinesis");
  EXPECT_EQ(seen.header("expect"), "") << "no round trip for 100 Continue";
  EXPECT_EQ(seen.header("user-agent"), "sluice");
}

TEST(CurlTransport, speaks_get_and_put_without_a_body) {
  HttpServerFake server([](const HttpServerFake::Request& request) {
    return HttpServerFake::reply(
        200, request.method + " " + request.header("content-length") + request.header("content-type"));
  });
  CurlTransport transport;
  HttpRequest get = request_to(server.url() + "/", "");
  get.method = "GET";
  HttpRequest put = get;
  put.method = "PUT";
  EXPECT_EQ(send_and_wait(transport, put).body, "PUT 0");
  EXPECT_EQ(send_and_wait(transport, get).body, "GET ") << "nothing of the request before stays in the handle";
  EXPECT_EQ(send_and_wait(transport, request_to(server.url() + "/", "")).body, "POST 0");
}

TEST(CurlTransport, makes_no_connection_to_a_link_local_address_however_it_is_written) {
  CurlTransport transport;
  for (const char* url : {"http://169.254.169.254/", "http://2852039166/", "http://[::ffff:169.254.169.254]/"}) {
    const HttpResponse response = send_and_wait(transport, request_to(url));
    EXPECT_EQ(response.fault, TransportFault::forbidden) << url;
    EXPECT_NE(response.fault_text.find("link-local"), std::string::npos) << response.fault_text;
  }
}

TEST(CurlTransport, uses_a_connection_again) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, "{}"); });
  CurlTransport transport;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send_and_wait(transport, request_to(server.url())).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, opens_no_more_connections_to_a_host_than_allowed_and_loses_no_request) {
  Gate gate;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    gate.pass();
    return HttpServerFake::reply(200, "{}");
  });
  HttpServerFake other([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, "other"); });
  CurlTransportOptions options;
  options.max_connections_per_host = 3;
  CurlTransport transport(options);
  std::mutex mutex;
  std::condition_variable notifier;
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    transport.send(request_to(server.url()), [&](HttpResponse response) {
      EXPECT_EQ(response.status, 200);
      const std::lock_guard lock(mutex);
      ++answered;
      notifier.notify_one();
    });
  }
  gate.wait_for_arrivals(3);
  EXPECT_EQ(send_and_wait(transport, request_to(other.url())).body, "other") << "another host is not held up";
  EXPECT_EQ(server.connections(), 3);
  gate.open();
  std::unique_lock lock(mutex);
  notifier.wait(lock, [&] { return answered == 10; });
  EXPECT_EQ(server.connections(), 3);
}

TEST(CurlTransport, passes_over_interim_answers) {
  HttpServerFake server([](const HttpServerFake::Request&) {
    HttpServerFake::Answer answer = HttpServerFake::reply(200, "final");
    answer.bytes = "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n" + answer.bytes;
    return answer;
  });
  CurlTransport transport;
  const HttpResponse response = send_and_wait(transport, request_to(server.url()));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "final");
  EXPECT_EQ(response.header("x-interim"), "");
}

TEST(CurlTransport, follows_no_redirect) {
  HttpServerFake elsewhere([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, ""); });
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    EXPECT_EQ(request.target, "/");
    const std::string location = request.method == "GET" ? "/again" : elsewhere.url();
    return HttpServerFake::reply(307, "", "Location: " + location + "\r\nRefresh: 0; url=/again\r\n");
  });
  CurlTransport transport;
  HttpRequest get = request_to(server.url() + "/", "");
  get.method = "GET";
  EXPECT_EQ(send_and_wait(transport, get).status, 307);
  const HttpResponse response = send_and_wait(transport, request_to(server.url() + "/"));
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(response.header("location"), elsewhere.url());
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(CurlTransport, answers_every_request_when_it_is_destroyed) {
  Gate gate;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    gate.pass();
    return HttpServerFake::reply(200, "");
  });
  std::vector<HttpResponse> responses;
  {
    CurlTransportOptions options;
    options.max_connections_per_host = 2;
    auto transport = std::make_unique<CurlTransport>(options);
    for (int i = 0; i < 5; ++i) {
      transport->send(request_to(server.url()),
                      [&](HttpResponse response) { responses.push_back(std::move(response)); });
    }
    gate.wait_for_arrivals(2);
  }
  ASSERT_EQ(responses.size(), 5u);
  for (const HttpResponse& response : responses) {
    EXPECT_EQ(response.fault, TransportFault::other);
    EXPECT_EQ(response.fault_text, "stopped");
    EXPECT_EQ(response.request_body, "{}");
  }
  gate.open();
}

TEST(CurlTransport, sends_a_request_once_when_a_kept_connection_breaks_without_an_answer) {
  std::atomic<int> requests{0};
  HttpServerFake server([&](const HttpServerFake::Request&) {
    return ++requests == 1 ? HttpServerFake::reply(200, "") : HttpServerFake::Answer{"", true};
  });
  CurlTransport transport;
  for (const char* method : {"POST", "PUT"}) {
    requests = 0;
    HttpRequest request = request_to(server.url());
    request.method = method;
    request.body = "{}";
    ASSERT_EQ(send_and_wait(transport, request).status, 200) << method;
    const HttpResponse response = send_and_wait(transport, request);
    EXPECT_EQ(response.fault, TransportFault::reset) << method << response.fault_text;
    EXPECT_TRUE(response.request_sent);
    EXPECT_EQ(requests, 2) << method;
  }
}

TEST(CurlTransport, frees_who_waits_when_it_is_stopped_and_takes_nothing_more) {
  Gate gate;
  HttpServerFake server([&](const HttpServerFake::Request&) {
    gate.pass();
    return HttpServerFake::reply(200, "");
  });
  CurlTransport transport;
  HttpResponse response;
  std::thread blocked([&] { response = send_and_wait(transport, request_to(server.url())); });
  gate.wait_for_arrivals(1);
  transport.stop();
  blocked.join();
  EXPECT_EQ(response.fault_text, "stopped");
  EXPECT_EQ(send_and_wait(transport, request_to(server.url())).fault_text, "stopped");
  transport.stop();
  gate.open();
}

}  // namespace
}  // namespace sluice::http_client
