// One exchange on a libcurl handle: what is asked for, what libcurl calls back with while it is under way, and how it
// ended. A whole answer and a stream differ in where the body goes.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http_client/curl_fault.h"
#include "http_client/http_transport.h"
#include "http_client/ip_address.h"
#include "http_client/stream_pipe.h"

namespace sluice::http_client {

// Of all headers of one answer, interim ones included.
inline constexpr std::size_t kMaxHeaderBytes = 256 * 1024;

// What is asked for, and who gets the answer: `done` or `pipe`.
struct CurlExchange {
  HttpRequest request = {};
  std::function<void(HttpResponse)> done = {};
  std::shared_ptr<StreamPipe> pipe = nullptr;
  std::uint64_t stream_id = 0;       // of a pipe
  std::int64_t idle_timeout_ms = 0;  // of a pipe; 0: none
  bool accept_gzip = false;
  std::string host = {};        // host[:port]
  std::int64_t arrived_ms = 0;  // by the loop's clock
};

// Gives the answer, or the end of the stream, to who waits for it.
void answer_exchange(CurlExchange& exchange, HttpResponse response);

// Of the loop's thread. The handle and the rest are used again, prepared anew each time (http_client/curl_options.h).
class CurlTransfer {
 public:
  CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  // Forgets all of the exchange before but the handle, and sets what libcurl is to call back.
  void begin(std::size_t most_response_bytes);
  // libcurl was kept from sending over the connection that it had, and has closed it: another may be right.
  bool deserves_new_connection(CURLcode code) const;
  // Gives the answer, whole or failed, to who waits for it. Afterwards the transfer can begin another one.
  void finish(CURLcode code);
  // The same when it was not libcurl that ended it.
  void finish_with(TransportFault fault, std::string text);
  // The same for a stream whose time is over: libcurl does not know of it.
  void finish_timed_out();

  CURL* const easy;
  curl_slist* headers = nullptr;
  CurlExchange what;
  std::string proxy;                  // in use, with its password; empty: the connection is direct
  bool is_on_new_connection = false;  // no other is used
  std::array<char, CURL_ERROR_SIZE> words{};

  // Of a stream, by the loop's clock: when its time is over; INT64_MAX: never. The headers have until `arrived_ms` +
  // timeout_ms; from then on each byte gives it `idle_timeout_ms` more, and a pause stops the clock.
  std::int64_t deadline_ms = INT64_MAX;
  bool is_paused = false;
  void restart_idle_clock();

 private:
  static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* into);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* into);
  static std::size_t on_body_wanted(char* out, std::size_t size, std::size_t count, void* of);
  static int on_rewind(void* of, curl_off_t offset, int origin);
  static curl_socket_t on_open_socket(void* of, curlsocktype purpose, curl_sockaddr* to);
  static int before_request(void* of, char* remote_address, char* local_address, int remote_port, int local_port);

  bool take_header(std::string_view line);
  void take_end_of_headers();
  bool take_body(std::string_view bytes);
  FaultFacts facts_of(CURLcode code) const;
  HttpResponse fault_response(CURLcode code) const;
  void deliver(HttpResponse response);
  Result<void> may_reach(const IpAddress& address) const;

  HttpResponse response_;
  int status_ = 0;            // of the answer that has begun and is no interim one
  bool has_headers_ = false;  // all of them
  std::size_t header_bytes_ = 0;
  std::size_t max_response_bytes_ = 0;
  std::uint64_t body_sent_ = 0;  // of its body_source
  std::string body_failure_;     // why that could not be read
  std::string too_large_;        // what of the answer is
  bool tried_an_address_ = false;
  bool request_begun_ = false;
  bool broke_unanswered_ = false;  // and libcurl would have sent the request again
  std::string forbidden_;          // why an address of the host was not connected to, or a connection not used
};

// By the clock of all times in the loop.
std::int64_t loop_clock_ms();

}  // namespace sluice::http_client
