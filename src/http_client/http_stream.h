// Answers that are received while they arrive: event streams, and bodies that are passed on. An answer that is wanted
// whole is HttpTransport's (http_client/http_transport.h).
//
// The taker pulls: the transport tells it that something came, and it takes what is there when it likes to. What it
// does not take stays in a bounded buffer, behind that in the kernel's, and then the server waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_client/http_transport.h"

namespace sluice::http_client {

struct HttpStreamRequest {
  // As for a whole answer, but that `timeout_ms` is the time until all headers have come, the wait for a free place
  // included, and that max_response_bytes does not hold. Nothing limits how long the body takes. No redirect is
  // followed: the head has its status and Location.
  HttpRequest request;
  // No byte of the body came for so long, while there was room for it: fault `timeout`. 0: no limit.
  std::int64_t idle_timeout_ms = 300'000;
  // Asks for gzip and decodes it. The head then says neither Content-Encoding nor Content-Length: the body that is
  // taken has neither.
  bool accept_gzip = true;
  // No more is read from the server while this much waits to be taken. What the transport holds is at most this and
  // 16 KiB, and while it waits so, what libcurl made of 16 KiB: with gzip some 30 MiB, when somebody sends zeros.
  std::size_t max_buffered_bytes = 256 << 10;
};

struct HttpStreamHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
  std::string_view header(std::string_view lower_case_name) const;
};

// How it ended. Without a head before it: no answer came.
struct HttpStreamEnd {
  TransportFault fault =
      TransportFault::none;     // none: the whole body came, or the server closed one of no given length
  std::string fault_text = {};  // host and the library's words, for a person
  int proxy_status = 0;         // of a fault: what the proxy answered to CONNECT; 0: nothing
};

// What came since it was asked last, in this order.
struct HttpStreamPart {
  std::optional<HttpStreamHead> head = {};  // once
  std::string bytes = {};                   // of the body
  std::optional<HttpStreamEnd> end = {};    // once; nothing comes after it
};

// One answer under way. One thread at a time, except cancel().
class HttpStream {
 public:
  virtual ~HttpStream() = default;  // cancels
  virtual HttpStreamPart take() = 0;
  // Any thread: gives the connection up. Nothing comes any more, not even an end; when it returns, `ready` is not
  // called again, and is not running but where it is `ready` itself that cancels.
  virtual void cancel() = 0;
};

class HttpStreamTransport {
 public:
  virtual ~HttpStreamTransport() = default;
  // Any thread. `ready` says that take() has something new; it is not called again before take() was. It is called on
  // the transport's thread, or within open(), and must not block. The stream may outlive the transport,
  // which ends those that are open (fault `other`, "stopped").
  virtual std::unique_ptr<HttpStream> open(HttpStreamRequest request, std::function<void()> ready) = 0;
};

}  // namespace sluice::http_client
