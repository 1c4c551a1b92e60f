// The HTTP/1.1 server of intake, of the admin port and of the test tools: Asio sockets, Beast's parser fed by hand, one
// event loop a thread, one coarse timer a loop. docs/decisions/0003-beast-as-a-parser-only.md has the measurements.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/stream.h"

namespace sluice::http {

// How long a request waits for its turn at most, wherever turns are taken: senders that wait for so long are patient
// ones, and proxies give a request up after 60 s.
inline constexpr std::int64_t kMaxTurnMs = 30'000;

struct HttpLimits {
  std::size_t max_header_bytes = 64 << 10;     // request line and headers; browser gifs put up to 2 kB in the target
  std::uint64_t max_body_bytes = 64ull << 20;  // as sent; larger is answered by `too_large_status`
  unsigned too_large_status = 400;             // not 413: it stops some SDKs for good
  // From the accepted connection (later requests: from their first byte) to the end of the header, the TLS handshake
  // included.
  std::int64_t header_timeout_ms = 10'000;
  std::int64_t body_timeout_ms = 30'000;           // without any progress while a body is due
  std::int64_t body_grace_ms = 10'000;             // after its headers; then a body must come at min_body_bytes_per_s
  std::int64_t min_body_bytes_per_s = 16ll << 10;  // averaged over the body: a slow mobile network has twice that
  std::int64_t keep_alive_ms = 300'000;            // idle between requests; SDKs flush every 5 to 60 s
  std::int64_t write_timeout_ms = 30'000;
  // Of a connection's socket: what was written and not read yet. The kernel's own limit of 4 MiB is a gigabyte for 256
  // clients that do not read. Linux keeps twice this, which is 5 MiB/s to a client that is 100 ms away.
  int send_buffer_bytes = 256 << 10;
  std::size_t max_connections = 8192;           // per server; for one more, one that does nothing goes
  std::size_t max_connections_per_address = 0;  // of one IPv4 address or IPv6 /64; the same. 0: no limit
  // Bytes of headers and bodies that all connections hold; half of it for one address, and for one owner. Beside it,
  // bodies that finish have max_body_bytes.
  std::uint64_t max_buffered_bytes = 96ull << 20;
  // How long a request waits for room there, or for a handler that is not ready, while nobody who waits gets any; then
  // it is answered 503.
  std::int64_t max_wait_ms = 3000;
  // How long in all, while others who wait do get some, so that its turn comes; max_wait_ms, if that is more.
  std::int64_t max_turn_ms = kMaxTurnMs;
  // Open streams (http/stream.h), which are no connections of requests; one more is answered 503. Of one IPv4 address
  // or IPv6 /64, and of one owner; 0: no limit of its own.
  std::size_t max_streams = 12'288;  // the 10,000 SDKs that one loop is built for, and some that come again
  std::size_t max_streams_per_address = 0;
  std::size_t max_streams_per_owner = 0;
  // Of one stream, behind what is being sent: a reader that lags further behind is cut off. Changes of a thousand
  // flags.
  std::uint64_t max_stream_waiting_bytes = 1 << 20;
  // A reader that takes nothing for write_timeout_ms is cut off, and one that takes less than this after it: a block
  // that others share is held no longer.
  std::int64_t min_stream_bytes_per_s = 16ll << 10;
};

struct HttpTls {
  std::string certificate_file;  // PEM chain
  std::string private_key_file;
  bool operator==(const HttpTls&) const = default;
};
// Whether a server can be started with them. An error names the file.
Result<void> check_tls(const HttpTls& tls);

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
  // All header lines as name and value, in the order sent; appended to `out`.
  void append_headers(std::vector<std::pair<std::string_view, std::string_view>>& out) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type;  // empty: none is sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Instead of `body`: one that many answers share.
  std::shared_ptr<const std::string> shared_body = nullptr;
  // Goes when the answer was handed to the socket as a whole, or never will be: who bounds what is unsent counts with
  // it.
  std::shared_ptr<const void> while_unsent = nullptr;
  // Instead of a body: what is appended to it, for as long as it lasts. In chunks, so that a reader and a proxy can
  // tell its end from a lost connection (LaunchDarkly and ld-relay send chunks, too); to a client of HTTP/1.0, which
  // knows none, until the connection closes. The connection closes with it: what the client sends after the request is
  // not read as another, and the end of what it sends is the end of the stream, as a reader that left looks the same.
  StreamStart stream = {};
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

// What a handler makes of a request before its body is here.
struct Admission {
  // handle() would refuse it whatever its body is: it is called now, without the body, and the connection closes.
  bool refused = false;
  // Whose share of the memory the body counts against; 0: nobody's.
  std::uint64_t owner = 0;
  // A lower limit than HttpLimits::max_body_bytes for this body; 0: none.
  std::uint64_t max_body_bytes = 0;
};

// What one event loop does with requests. Made once per loop, and called only on that loop's thread.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void handle(const HttpRequest& request, HttpResponder responder) = 0;
  // Asked before the server waits for more of a body, so that nobody's body is taken whose request is refused anyway.
  // Changes nothing: handle() is called in either case. What came whole with its header is handed to handle() as it is,
  // unless admits_all().
  virtual Admission admit(const HttpRequest&) { return {}; }
  virtual bool admits_all() const { return false; }
  // Whether handle() could do anything with this complete request now. While it could not, the request waits, as long
  // as HttpLimits::max_wait_ms and max_turn_ms allow.
  virtual bool ready(const HttpRequest&) { return true; }
  // Twice a second or more often, on the loop's thread.
  virtual void tick() {}
  // Faults found below the handler (bad request line, over a limit, timeout): the handler gives the answer its shape.
  // `request` has what was understood.
  virtual HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                             const HttpRequest& request);
};

// Why the server ended a connection, or a request on it, by itself.
enum class Cut : std::uint8_t {
  too_many_connections,  // 503: as many as there may be, and all of them at work
  idle_recycled,         // closed between two requests, for a new one when there were too many
  header_recycled,       // closed before its request was complete, or after max_wait_ms of waiting, for a new one
  header_timeout,        // 408
  body_timeout,          // 408: nothing came
  body_too_slow,         // 408: below min_body_bytes_per_s
  body_evicted,          // 503: the slowest, when the memory for bodies was full
  memory_full,           // 503: waited for memory as long as it may
  write_timeout,         // closed: the answer was not read
  too_many_streams,      // 503: as many as there may be, in all or of one address or owner
  stream_lagging,        // closed: more waited than max_stream_waiting_bytes
  stream_not_read,       // closed: nothing was read for write_timeout_ms, or less than min_stream_bytes_per_s
};
inline constexpr std::size_t kCuts = 12;
std::string_view cut_name(Cut cut);  // "body_evicted"; the label in metrics, the reason in the log

struct HttpServerStats {
  // Streams are not among the open connections, and were among the accepted ones.
  std::uint64_t streams_open = 0;
  std::uint64_t connections_open = 0, connections_accepted = 0, connections_refused = 0;
  std::uint64_t requests = 0, faults = 0, timeouts = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0, buffered_bytes = 0;
  std::array<std::uint64_t, kCuts> cuts{};
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
  // Stops accepting. For `grace_ms`, open connections continue, each with `Connection: close` in its next answer, and
  // streams end one after the other, spread over that time, so that their readers come to another server gradually.
  // Then, within `deadline_ms`, what is in flight is answered, and idle connections and streams are closed. Returns
  // when all are closed or at the deadline. A server that shares its port first lets the others have new connections,
  // takes what it was given already, and only then closes its socket: no connection is reset. Any thread but the loops.
  virtual void drain(std::int64_t deadline_ms, std::int64_t grace_ms = 0) = 0;
};

}  // namespace sluice::http
