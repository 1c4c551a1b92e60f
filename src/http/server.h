// The HTTP/1.1 server of intake, of the admin port and of the test tools: Asio sockets, Beast's parser fed by hand, one
// event loop a thread, one coarse timer a loop. docs/decisions/0003-beast-as-a-parser-only.md has the measurements.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::http {

struct HttpLimits {
  std::size_t max_header_bytes = 64 << 10;     // request line and headers; browser gifs put up to 2 kB in the target
  std::uint64_t max_body_bytes = 16ull << 20;  // as sent; larger is answered by `too_large_status`
  unsigned too_large_status = 400;             // not 413: it stops some SDKs for good
  std::int64_t header_timeout_ms = 10'000;     // from the first byte of a request to the end of its header
  std::int64_t body_timeout_ms = 30'000;       // without any progress while a body is due
  std::int64_t min_body_bytes_per_s = 512;     // averaged over the body, after the first body_timeout_ms
  std::int64_t keep_alive_ms = 300'000;        // idle between requests; SDKs flush every 5 to 60 s
  std::int64_t write_timeout_ms = 30'000;
  std::size_t max_connections = 8192;           // per server; one more is answered 503 and closed
  std::size_t max_connections_per_address = 0;  // of one IPv4 address or IPv6 /64; the same answer. 0: no limit
  std::uint64_t max_buffered_bytes = 96ull
                                     << 20;  // bodies held by all connections; beyond it new bodies are answered 503
};

struct HttpTls {
  std::string certificate_file;  // PEM chain
  std::string private_key_file;
  bool operator==(const HttpTls&) const = default;
};

// A request, complete with its body. Views are valid until the answer is sent.
struct HttpRequest {
  std::string_view method;
  std::string_view target;  // path and query as sent
  std::string_view path;    // without query
  std::string_view query;   // without '?'
  std::string_view peer;    // address of the other side, without port
  std::string_view body;    // as sent, chunking removed; 64 readable bytes follow it
  const void* parser_headers = nullptr;
  // The first header of that name, any case; empty when absent. has_header distinguishes an empty one from none.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

// What comes after an answer's first part, for as long as the connection stays: events as they happen.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Appends what there is to send by now. False: it ends with that. Called on the loop's thread, twice a second, and
  // not before all that came earlier is written: what is appended at once is all that one reader costs in memory. A
  // reader that does not take it within write_timeout_ms is cut off.
  virtual bool more(std::string& out) = 0;
};

struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type;  // empty: none is sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Instead of `body`: one that many answers share.
  std::shared_ptr<const std::string> shared_body = nullptr;
  // The answer continues with this, without a Content-Length: it ends with the connection.
  std::shared_ptr<HttpStream> stream = nullptr;
  bool close = false;  // close the connection afterwards
  bool abort = false;  // test tools: close without an answer; with a body, after the head and half of the body
};
// `Date`, `Content-Length` and, on closing, `Connection: close` are added to every answer; a
// `Date` among `headers` stands instead (test tools).

// How the answer to one request gets back to its connection: call it once, from any thread. Dropped unanswered, the
// client gets a 500. It keeps the connection's request alive until then; the connection answers pipelined requests one
// after the other.
class HttpResponder {
 public:
  struct Target {
    virtual ~Target() = default;
    virtual void respond(HttpResponse response) = 0;
  };
  explicit HttpResponder(std::shared_ptr<Target> target) : target_(std::move(target)) {}
  HttpResponder(HttpResponder&&) = default;
  HttpResponder& operator=(HttpResponder&&) = default;
  HttpResponder(const HttpResponder&) = delete;
  HttpResponder& operator=(const HttpResponder&) = delete;
  ~HttpResponder();
  void operator()(HttpResponse response);

 private:
  std::shared_ptr<Target> target_;
};

// What one event loop does with requests. Made once per loop, and called only on that loop's thread.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void handle(const HttpRequest& request, HttpResponder responder) = 0;
  // Faults found below the handler (bad request line, over a limit, timeout): the handler gives the answer its shape.
  // `request` has what was understood.
  virtual HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                             const HttpRequest& request);
};

struct HttpServerStats {
  std::uint64_t connections_open = 0, connections_accepted = 0, connections_refused = 0;
  std::uint64_t requests = 0, faults = 0, timeouts = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0, buffered_bytes = 0;
};

// How a server shares its port and leaves it.
struct HttpSharing {
  // Another server may listen on the same address and port (SO_REUSEPORT), and takes over what comes while this one
  // drains.
  bool reuse_port = false;
};

class HttpServer {
 public:
  // `address` is host:port (port 0: the system chooses; IPv6 in brackets). `make_handler` is called once for each of
  // `loops` threads. The server listens when this returns; an error says what to fix about the address.
  static Result<std::unique_ptr<HttpServer>> start(
      const std::string& address, unsigned loops, const HttpLimits& limits, std::optional<HttpTls> tls,
      std::function<std::unique_ptr<HttpHandler>(unsigned loop)> make_handler, const HttpSharing& sharing = {});
  virtual ~HttpServer() = default;
  // host:port as bound.
  virtual std::string address() const = 0;
  virtual HttpServerStats stats() const = 0;
  // Takes a certificate and its key up for connections that come from now on; of a server that was started with TLS. An
  // error changes nothing. Any thread.
  virtual Result<void> renew_tls(const HttpTls& tls) = 0;
  // Stops accepting. For `grace_ms`, open connections continue, each with `Connection: close` in its next answer; then,
  // within `deadline_ms`, what is in flight is answered, and idle connections and streams are closed. Returns when all
  // are closed or at the deadline. A server that shares its port first lets the others have new connections, takes what
  // it was given already, and only then closes its socket: no connection is reset. Any thread but the loops.
  virtual void drain(std::int64_t deadline_ms, std::int64_t grace_ms = 0) = 0;
};

}  // namespace sluice::http
