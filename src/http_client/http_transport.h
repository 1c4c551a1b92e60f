// HTTPS to others. Behind an interface so that a test answers in its place; the real one is libcurl
// (http_client/curl_transport.h), whose field proxies, certificates, name resolution and keep-alive are.
// docs/decisions/0004-libcurl-to-aws.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::http_client {

// A body that is read while it is sent, so that a large one never lies in memory whole: a file.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  virtual std::uint64_t size() const = 0;
  // Reads `size` bytes at `offset`, all of them inside the body. Called on the transport's thread, which serves all
  // other requests too: only what is at hand, such as a file of this machine that was just written. An error ends the
  // request with fault `body`.
  virtual Result<void> read(std::uint64_t offset, char* out, std::size_t size) const = 0;
};
class OutboundPolicy;

struct HttpRequest {
  std::string method = "POST";
  std::string url;  // scheme, host, optional port, path, query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<const HttpBody> body_source = nullptr;  // instead of `body`
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t timeout_ms = 30'000;  // the whole exchange
  bool use_proxy = true;             // false for link-local metadata services
  bool link_local = false;           // true for them alone: to others no connection to a link-local address is made
  // For what is called on behalf of people who do not own the server: what they may have it connect to. It lives until
  // the answer. Null, for the owner's own settings: any address but link-local ones.
  const OutboundPolicy* policy = nullptr;
  std::size_t max_response_bytes = 0;  // a larger body is a fault; 0: the transport's limit, which holds anyway
};

// forbidden: no connection may be made there (http_client/outbound_policy.h); the text says what to do.
// body: the request's own body could not be read (HttpBody); the text is its error, and the server has no part in it.
enum class TransportFault : std::uint8_t { none, resolve, connect, tls, proxy, timeout, reset, forbidden, body, other };

struct HttpResponse {
  TransportFault fault = TransportFault::none;  // not none: no whole answer came; `status` is 0
  std::string fault_text;                       // host and the library's words, for a person
  int status_of_part = 0;  // of a fault: the status of an answer that began, but whose rest is lost or too large
  // Of a fault: the connection broke before the headers or the body that they announce (by Content-Length, or in
  // chunks) had come. Not where the body ends with the connection, or is too large.
  bool is_cut = false;
  int proxy_status = 0;       // of a fault: what the proxy answered to CONNECT; 0: no proxy, or no answer
  bool request_sent = false;  // of a fault: the server was reached, and the request or some of it was sent
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string request_body;  // handed back, so that its buffer can be used again
  std::string_view header(std::string_view lower_case_name) const;
};

// What to do about an answer of the proxy in use, to CONNECT or in place of the server's. Empty: nothing is known.
std::string_view proxy_remedy(int proxy_status);

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Any thread. `done` is called once, on the transport's thread, and must not block; after the transport is destroyed
  // it has been called for every request (fault `other`, "stopped").
  virtual void send(HttpRequest request, std::function<void(HttpResponse)> done) = 0;
};

}  // namespace sluice::http_client
