#include "http_client/curl_transport.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "http_client/blocking_http.h"
#include "http_client/curl_fault.h"
#include "http_client/http_server_fake.h"
#include "http_client/pem_file_fake.h"

namespace sluice::http_client {
namespace {

HttpRequest request_to(const std::string& url, std::string body = "{}") {
  HttpRequest request;
  request.url = url;
  request.body = std::move(body);
  return request;
}

// Lets a test hold a server's answers back until it has seen what it waits for.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    notifier_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    notifier_.notify_all();
    notifier_.wait(lock, [this] { return open_; });
  }
  void wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    notifier_.wait(lock, [&] { return arrived_ >= count; });
  }
  int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable notifier_;
  bool open_ = false;
  int arrived_ = 0;
};

// A body that is made as it is read, and fails from one offset on.
class CountingBody final : public HttpBody {
 public:
  CountingBody(std::uint64_t size, std::uint64_t fails_at) : size_(size), fails_at_(fails_at) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, char* out, std::size_t size) const override {
    if (offset + size > fails_at_) return fail("the disk says no");
    largest_ = std::max(largest_, size);
    for (std::size_t i = 0; i < size; ++i) out[i] = byte(offset + i);
    return {};
  }
  std::string whole() const {
    std::string out;
    for (std::uint64_t i = 0; i < size_; ++i) out += byte(i);
    return out;
  }
  std::size_t largest() const { return largest_; }

 private:
  static char byte(std::uint64_t at) { return static_cast<char>(at * 7 + at / 251); }
  const std::uint64_t size_, fails_at_;
  mutable std::size_t largest_ = 0;
};

TEST(CurlTransport, reads_a_body_in_pieces_while_it_sends_it) {
  HttpServerFake::Request seen;
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    seen = request;
    return HttpServerFake::reply(200, "");
  });
  CurlTransport transport;
  const auto body = std::make_shared<CountingBody>(3 << 20, UINT64_MAX);
  for (int attempt = 0; attempt < 2; ++attempt) {
    HttpRequest request = request_to(server.url() + "/object", "");
    request.method = "PUT";
    request.body_source = body;
    const HttpResponse response = send_and_wait(transport, std::move(request));
    EXPECT_EQ(response.status, 200) << response.fault_text;
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.header("content-length"), std::to_string(3 << 20));
    EXPECT_EQ(seen.header("expect"), "");
    EXPECT_EQ(seen.header("transfer-encoding"), "");
    EXPECT_EQ(seen.body, body->whole());
  }
  EXPECT_LE(body->largest(), 1u << 20) << "never whole in memory";
}

TEST(CurlTransport, reads_a_body_from_its_start_when_it_is_sent_again_after_a_kept_connection_broke) {
  std::string received;
  HttpServerFake server([&](const HttpServerFake::Request& request) {
    // The first connection answers once and breaks at the second request.
    if (request.connection == 1 && request.target == "/second") return HttpServerFake::Answer{};
    received = request.body;
    return HttpServerFake::reply(200, "");
  });
  CurlTransport transport;
  const auto body = std::make_shared<CountingBody>(300'000, UINT64_MAX);
  const auto put = [&](const char* path) {
    HttpRequest request = request_to(server.url() + path, "");
    request.method = "PUT";
    request.body_source = body;
    received.clear();
    return send_and_wait(transport, std::move(request));
  };
  EXPECT_EQ(put("/first").status, 200);
  EXPECT_EQ(put("/second").fault, TransportFault::reset);
  EXPECT_EQ(put("/second").status, 200);
  EXPECT_EQ(received, body->whole());
}

TEST(CurlTransport, says_why_a_body_could_not_be_read) {
  HttpServerFake server([](const HttpServerFake::Request&) { return HttpServerFake::reply(200, ""); });
  CurlTransport transport;
  HttpRequest request = request_to(server.url() + "/object", "");
  request.method = "PUT";
  request.body_source = std::make_shared<CountingBody>(3 << 20, 1 << 20);
  const HttpResponse response = send_and_wait(transport, std::move(request));
  EXPECT_EQ(response.fault, TransportFault::body);
  EXPECT_EQ(response.fault_text, "the disk says no") << "the server has no part in it";
}

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

TEST(CurlTransport, takes_the_certificates_of_AWS_CA_BUNDLE) {
  const ProcessEnvironment environment = [](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "AWS_CA_BUNDLE") return "/etc/corporate.pem";
    return std::nullopt;
  };
  EXPECT_EQ(curl_transport_options(environment).ca_bundle, "/etc/corporate.pem");
  EXPECT_EQ(curl_transport_options(empty_environment()).ca_bundle, "");
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
