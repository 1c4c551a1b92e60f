// Reads one HTTP/1.1 request after the other out of bytes fed by hand: Boost.Beast's parser behind a page that names no
// Boost header. It does no I/O and no waiting, so that it can be tested and fuzzed on its own. One thread.
//
// Beyond Beast it enforces: bytes of the whole header (Beast's own limit restarts with every line), bytes of the
// body while they arrive, a bounded chunk header and trailer, and no transfer coding but `chunked`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/padded_buffer.h"
#include "http/server.h"

namespace sluice::http {

class RequestParser {
 public:
  enum class Step : std::uint8_t {
    need_more,  // all that can be understood was; feed the rest again with more behind it
    more,       // something was consumed; feed the rest
    header,     // the header is complete and a body is due
    complete,   // the request is complete
    failed,     // see fault()
  };
  struct Fault {
    unsigned status;
    std::string_view code;
    std::string message;
  };

  RequestParser(const HttpLimits& limits, ByteBudget& budget);
  ~RequestParser();

  // Before each request: forgets the last one and its body.
  void begin();
  // Gives memory of the last request back; begin() comes next.
  void release();

  // Consumes from the front of `bytes`.
  Step feed(std::string_view& bytes);
  const Fault& fault() const { return fault_; }

  // After `header` or `complete`.
  bool header_done() const { return header_done_; }
  bool keep_alive() const;
  bool is_http_1_0() const;
  bool expects_continue() const;
  // Of the header; nothing when chunked or absent.
  std::optional<std::uint64_t> content_length() const;
  // What is understood so far; everything but `peer`. Views stay valid until begin() or release().
  void describe(HttpRequest& out) const;

 private:
  struct State;
  Step after_header();
  Step fail_with(unsigned status, std::string_view code, std::string message);
  std::unique_ptr<State> state_;
  const HttpLimits& limits_;
  PaddedBuffer body_;
  std::size_t header_bytes_ = 0;
  bool header_done_ = false;
  Fault fault_{};
};

}  // namespace sluice::http
