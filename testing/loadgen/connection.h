// A raw keep-alive connection to the intake, plain or under TLS: sends one request, reads its answer. Non-blocking; the
// runner's epoll drives it. One thread.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
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

  // `tls`: null, or a client's context, which outlives the connection.
  Connection(const std::string& address, std::uint16_t port, SSL_CTX* tls = nullptr)
      : address_(address), port_(port), tls_context_(tls) {}
  ~Connection() { close(); }
  Connection(Connection&&) = delete;

  int socket() const { return socket_; }
  bool open() const { return socket_ >= 0; }
  bool wants_write() const { return connecting_ || (sent_ < request_.size() && !waits_to_read_); }
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
  Outcome understand();
  // As send(2) and recv(2), with errno; EAGAIN may mean that a handshake waits for the other side.
  ssize_t send_some(const char* bytes, std::size_t size);
  ssize_t receive_some(char* bytes, std::size_t size);
  ssize_t outcome_of_tls(int result);
  Outcome fail();

  const std::string address_;
  const std::uint16_t port_;
  SSL_CTX* const tls_context_;
  int socket_ = -1;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
  bool connecting_ = false;
  bool waits_to_read_ = false;  // before more can be written: a handshake
  bool waiting_ = false;        // for an answer
  std::string_view request_;
  std::size_t sent_ = 0;
  std::string answer_;
  unsigned status_ = 0;
};

}  // namespace loadgen
