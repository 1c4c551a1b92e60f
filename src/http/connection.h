// One client's connection: a state machine that reads requests, gives them to the handler one at a time, and writes the
// answers in the same order. It knows no socket: plain and TLS connections derive from it (sockets.h). Lives on its
// loop's thread; only respond() may be called from others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/loop.h"
#include "http/request_parser.h"
#include "http/server.h"
#include "http/stream_output.h"
#include "http/stream_slots.h"

namespace sluice::http {

class Connection : public HttpResponder::Target, public std::enable_shared_from_this<Connection> {
 public:
  ~Connection() override;

  // Starts a connection that is on its loop's list. `refused`: one too many, it gets a 503 and goes.
  void start(bool refused);
  void respond(HttpResponse response) override;

  // For the loop.
  void answer(HttpResponse response);
  void tick(std::int64_t now_ms);
  // Of one that waits: whether it has to wait on.
  bool retry(std::int64_t now_ms);
  void drain();
  void close() { close(StreamEnd::left); }
  bool is_stream() const { return stream_ != nullptr; }
  // Of a stream: it has something to do.
  void stream_ready();

 protected:
  enum class Io : std::uint8_t { done, pending, failed };

  Connection(std::shared_ptr<Loop> loop, std::string peer);
  Loop& loop() { return *loop_; }

  // A TLS connection shakes hands first, and calls on_open().
  virtual void open() { on_open(true); }
  // Waits for bytes and calls on_read() once, never before it returns.
  virtual void start_read() = 0;
  // Writes all of `bytes`, which stay where they are: at once (`done`), or later with a call to on_written().
  virtual Io start_write(std::string_view bytes) = 0;
  // For streams. Writes as much of `pieces` as goes without waiting: how many bytes. 0: on_writable() says when to try
  // again, after wait_writable(). None: the connection failed.
  virtual std::optional<std::size_t> write_some(std::span<const std::string_view> pieces) = 0;
  // Calls on_writable() once, never before it returns.
  virtual void wait_writable() = 0;
  // Whether the next write_some() may be of other bytes than the last, which wrote none of them.
  virtual bool may_write_others() const { return true; }
  // It will mostly be silent: gives back what it needs for work only.
  virtual void settle() = 0;
  // Tells the other side that nothing more will be sent.
  virtual void shut_down() = 0;
  // Whether an orderly end takes more than closing the socket.
  virtual bool needs_close_notify() const { return false; }
  // Closes the socket; what is pending comes back failed.
  virtual void close_socket() = 0;
  // Whether unread bytes are waiting, as far as is known without blocking.
  virtual bool bytes_waiting() = 0;
  // How many bytes start_read() may bring.
  std::size_t read_limit() const;

  void on_open(bool ok);
  // `bytes` are valid during the call only; none with `ok` false: the end or a failure.
  void on_read(bool ok, std::string_view bytes);
  void on_written(bool ok);
  void on_writable(bool ok);

 private:
  friend class Loop;
  static constexpr std::int64_t kNotMeasured = -1;
  static constexpr std::size_t kReadBytes = 128 << 10;  // what one read brings, at most
  enum class Phase : std::uint8_t {
    opening,     // TLS handshake
    idle,        // between requests, no byte of the next one yet
    header,      // reading a header
    continuing,  // writing "100 Continue"
    body,        // reading a body
    held,        // complete, and waiting until the handler is ready for it
    handling,    // the handler owes an answer
    answered,    // the answer is here and not yet written
    writing,     // writing it
    streaming,   // the answer continues (connection_stream.cc)
    lingering,   // sent close_notify and keeps reading for a while: after an error, so that the client sees the answer;
                 // in TLS
    closed,
  };

  void run();
  bool step();
  bool parse();
  bool parsed(RequestParser::Step step);
  bool begin_body();
  bool admit();
  bool dispatch();
  bool call_handler();
  bool fault(unsigned status, std::string_view code, std::string_view message);
  bool write_answer();
  bool write_output();
  bool finish_answer();
  // A connection that is a stream, with what it is sending.
  struct Stream {
    std::shared_ptr<HttpStream> source;
    std::unique_ptr<StreamSlots::Slot> slot;
    StreamOutput output;
    std::int64_t chunk_since_ms = 0;    // when what is being sent was begun
    std::int64_t blocked_since_ms = 0;  // since when it waits for the socket; 0: it does not
    std::int64_t next_heartbeat_ms = 0;
    bool waits_writable = false;
  };
  bool begin_stream();
  bool start_stream();
  void pump_stream();
  bool next_of_stream();
  void end_stream();
  void tick_stream(std::int64_t now_ms);
  void cut_stream(Cut cut);
  void close(StreamEnd stream_end);
  bool want_bytes();
  void read_wanted();
  bool has_room();
  bool room_to_finish();
  bool room_as_it_is_whole();
  bool wait();
  std::int64_t waited_ms(std::int64_t now_ms) const;  // of this request
  void stop_waiting(std::int64_t now_ms);
  void keep_input();
  void drop_stash();
  void time_out(Cut cut, std::string_view message);
  void measure(std::int64_t now_ms);
  void tick_body(std::int64_t now_ms);
  // What the loop chooses by: why it could be closed for a new connection, if it could; whether it holds memory and is
  // slow to fill it.
  std::optional<Cut> idleness();
  bool is_slow() const;
  void evict();

  std::shared_ptr<Loop> loop_;
  std::string peer_;
  BodyAccount account_;  // before what takes from it
  RequestParser parser_;
  HttpRequest request_;
  HttpResponse response_;
  std::string output_;
  std::shared_ptr<const void> while_unsent_;  // goes with what is in output_
  std::unique_ptr<Stream> stream_;            // from the answer on that became one
  // Bytes read and not yet consumed; `input_` points into them or into the buffer of the read that is being handled.
  std::string stash_;
  std::string_view input_;
  std::uint64_t stash_counted_ = 0;
  std::uint64_t body_received_ = 0;
  std::int64_t accepted_ms_ = 0;
  std::int64_t phase_since_ms_ = 0;  // of header, body, writing, lingering: when it began; without the time of waiting
  std::int64_t progress_ms_ = 0;     // of body: when bytes last came
  // How fast header or body came in the last second or so: measured once it is over.
  std::int64_t bytes_per_s_ = kNotMeasured;
  std::int64_t measured_ms_ = 0;
  std::uint64_t measured_bytes_ = 0;
  std::int64_t waiting_since_ms_ = 0;
  std::int64_t waited_ms_ = 0;  // of this request, before
  std::size_t place_ = 0;       // in the loop's list
  Phase phase_ = Phase::opening;
  bool reading_ = false;
  bool running_ = false;
  bool close_after_ = false;
  bool last_request_ = false;
  bool faulted_ = false;
  bool fresh_ = true;         // no request was complete yet
  bool admitted_ = false;     // the handler was asked about this request's body
  bool waiting_ = false;      // for memory, or for the handler
  bool wants_bytes_ = false;  // to be read when the input is kept
};

}  // namespace sluice::http
