// One client's connection: a state machine that reads requests, gives them to the handler one at a time, and writes the
// answers in the same order. It knows no socket: plain and TLS connections derive from it (sockets.h). Lives on its
// loop's thread; only respond() may be called from others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/loop.h"
#include "http/request_parser.h"
#include "http/server.h"

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
  void drain();
  void close();

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
  // Tells the other side that nothing more will be sent.
  virtual void shut_down() = 0;
  // Whether an orderly end takes more than closing the socket.
  virtual bool needs_close_notify() const { return false; }
  // Closes the socket; what is pending comes back failed.
  virtual void close_socket() = 0;
  // Whether unread bytes are waiting, as far as is known without blocking.
  virtual bool bytes_waiting() = 0;

  void on_open(bool ok);
  // `bytes` are valid during the call only; none with `ok` false: the end or a failure.
  void on_read(bool ok, std::string_view bytes);
  void on_written(bool ok);

 private:
  friend class Loop;
  enum class Phase : std::uint8_t {
    opening,     // TLS handshake
    idle,        // between requests, no byte of the next one yet
    header,      // reading a header
    continuing,  // writing "100 Continue"
    body,        // reading a body
    handling,    // the handler owes an answer
    answered,    // the answer is here and not yet written
    writing,     // writing it
    streaming,   // the answer continues: waiting for more of it
    lingering,   // sent close_notify and keeps reading for a while: after an error, so that the client sees the answer;
                 // in TLS
    closed,
  };

  void run();
  bool step();
  bool parse();
  bool begin_body();
  bool dispatch();
  bool fault(unsigned status, std::string_view code, std::string_view message);
  bool write_answer();
  bool write_output();
  bool finish_answer();
  void stream_on();
  bool want_bytes();
  bool stash_input();
  void drop_stash();
  void time_out(std::string_view code, std::string_view message);

  std::shared_ptr<Loop> loop_;
  std::string peer_;
  RequestParser parser_;
  HttpRequest request_;
  HttpResponse response_;
  std::string output_;
  std::shared_ptr<HttpStream> stream_;  // while the answer continues
  // Bytes read and not yet consumed; `input_` points into them or into the buffer of the read that is being handled.
  std::string stash_;
  std::string_view input_;
  std::uint64_t stash_counted_ = 0;
  std::uint64_t body_received_ = 0;
  std::int64_t phase_since_ms_ = 0;  // of header, body, writing, lingering: when it began
  std::int64_t progress_ms_ = 0;     // of body: when bytes last came
  std::size_t place_ = 0;            // in the loop's list
  Phase phase_ = Phase::opening;
  bool reading_ = false;
  bool running_ = false;
  bool close_after_ = false;
  bool last_request_ = false;
  bool faulted_ = false;
  bool counted_ = false;  // among the connections of its address
};

}  // namespace sluice::http
