// CurlTransport and bodies that are read as they are sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "http_client/blocking_http.h"
#include "http_client/curl_rig_fake.h"
#include "http_client/curl_transport.h"
#include "http_client/http_server_fake.h"

namespace sluice::http_client {
namespace {

// A body whose bytes exist only while they are read, and that fails from one offset on.
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

}  // namespace
}  // namespace sluice::http_client
