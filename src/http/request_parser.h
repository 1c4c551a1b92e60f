// Reads one HTTP/1.1 request after the other out of bytes fed by hand: Boost.Beast's parser behind a page that names no
// Boost header. It does no I/O and no waiting, so that it can be tested and fuzzed on its own. One thread.
//
// Beyond Beast it enforces: bytes of the whole header (Beast's own limit restarts with every line), bytes of the
// body while they arrive, a bounded chunk header and trailer, no transfer coding but `chunked`, one Host header in
// HTTP/1.1 and no folded header (RFC 9112, 3.2 and 5.2). It takes blanks behind a chunk's size, which old proxies send.
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

  RequestParser(const HttpLimits& limits, ByteAccount& account);
  ~RequestParser();

  // Before each request: forgets the last one and its body.
  void begin();
  // Gives memory of the last request back; begin() comes next.
  void release();
  // Gives all memory back: there is no next request. Only describe() may follow, which then knows nothing.
  void retire();

  // Consumes from the front of `bytes`.
  Step feed(std::string_view& bytes);
  // Reserves memory for the next `bytes` of a body, chunk headers among them; before feed(). False: there is none.
  bool make_room(std::size_t bytes);
  // How many bytes of a body to read next: as many as there is room for, or as came so far, so that what is reserved
  // follows what was received.
  std::size_t next_read() const;
  // What the body takes beyond what is reserved for it, at most.
  std::uint64_t still_needed() const;
  // A lower limit for this body than HttpLimits::max_body_bytes. False: its header says that it is larger; see fault().
  bool limit_body(std::uint64_t max_bytes);
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
  Step too_large();
  std::size_t put(std::string_view bytes);
  std::size_t put_chunk_header(std::string_view bytes);
  void note_chunk(std::string_view size);
  std::uint64_t body_left() const;
  Step fail_with(unsigned status, std::string_view code, std::string message);
  std::unique_ptr<State> state_;
  const HttpLimits& limits_;
  PaddedBuffer body_;
  std::size_t header_bytes_ = 0;
  std::uint64_t body_limit_ = 0;
  std::uint64_t chunk_left_ = 0;  // bytes of the chunk that is being read; 0: a chunk's header is due
  bool first_chunk_ = true;
  bool chunked_ = false;
  bool header_done_ = false;
  Fault fault_{};
};

}  // namespace sluice::http
