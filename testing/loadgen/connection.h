// A raw keep-alive connection to the intake: sends one request, reads its answer. Non-blocking; the runner's epoll
// drives it. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loadgen {

class Connection {
 public:
  enum class Outcome : std::uint8_t {
    pending,   // wait for wants_write() or bytes
    answered,  // status() is known
    failed,    // refused, reset, closed, or no HTTP; the socket is closed
  };

  Connection(const std::string& address, std::uint16_t port) : address_(address), port_(port) {}
  ~Connection() { close(); }
  Connection(Connection&&) = delete;

  int socket() const { return socket_; }
  bool open() const { return socket_ >= 0; }
  bool wants_write() const { return connecting_ || sent_ < request_.size(); }
  unsigned status() const { return status_; }

  // Begins to connect. False when the system refuses at once.
  bool connect();
  // `request` must stay where it is until the answer.
  Outcome send(std::string_view request);
  Outcome on_ready(bool readable, bool writable);
  void close();

 private:
  Outcome flush();
  Outcome read();
  Outcome fail();

  const std::string address_;
  const std::uint16_t port_;
  int socket_ = -1;
  bool connecting_ = false;
  bool waiting_ = false;  // for an answer
  std::string_view request_;
  std::size_t sent_ = 0;
  std::string answer_;
  unsigned status_ = 0;
};

}  // namespace loadgen
