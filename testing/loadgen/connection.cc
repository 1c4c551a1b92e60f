#include "loadgen/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/text.h"

namespace loadgen {

bool Connection::connect() {
  close();
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port_);
  if (inet_pton(AF_INET, address_.c_str(), &to.sin_addr) != 1 ||
      (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)) {
    close();
    return false;
  }
  connecting_ = true;
  if (tls_context_ == nullptr) return true;
  tls_.reset(SSL_new(tls_context_));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_) != 1) {
    close();
    return false;
  }
  SSL_set_connect_state(tls_.get());
  return true;
}

void Connection::close() {
  tls_.reset();
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  connecting_ = waiting_ = waits_to_read_ = false;
  request_ = {};
  sent_ = 0;
  answer_.clear();
}

Connection::Outcome Connection::fail() {
  close();
  return Outcome::failed;
}

Connection::Outcome Connection::send(std::string_view request) {
  request_ = request;
  sent_ = 0;
  answer_.clear();
  waiting_ = true;
  return connecting_ ? Outcome::pending : flush();
}

Connection::Outcome Connection::on_ready(bool readable, bool writable) {
  if (connecting_ && writable) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail();
    connecting_ = false;
  }
  if ((writable || waits_to_read_) && !connecting_ && sent_ < request_.size())
    if (flush() == Outcome::failed) return Outcome::failed;
  return readable && !connecting_ ? read() : Outcome::pending;
}

ssize_t Connection::outcome_of_tls(int result) {
  if (result > 0) return result;
  const int why = SSL_get_error(tls_.get(), result);
  if (why == SSL_ERROR_ZERO_RETURN) return 0;
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
    waits_to_read_ = why == SSL_ERROR_WANT_READ;
    errno = EAGAIN;
  } else if (why != SSL_ERROR_SYSCALL) {
    errno = EPROTO;
  }
  return -1;
}

ssize_t Connection::send_some(const char* bytes, std::size_t size) {
  if (!tls_) return ::send(socket_, bytes, size, MSG_NOSIGNAL);
  waits_to_read_ = false;
  return outcome_of_tls(SSL_write(tls_.get(), bytes, static_cast<int>(size)));
}

ssize_t Connection::receive_some(char* bytes, std::size_t size) {
  if (!tls_) return ::recv(socket_, bytes, size, 0);
  const bool waits = waits_to_read_;
  const ssize_t got = outcome_of_tls(SSL_read(tls_.get(), bytes, static_cast<int>(size)));
  waits_to_read_ = waits;
  return got;
}

Connection::Outcome Connection::flush() {
  while (sent_ < request_.size()) {
    const ssize_t sent = send_some(request_.data() + sent_, request_.size() - sent_);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Outcome::pending;
    if (sent <= 0) return fail();
    sent_ += static_cast<std::size_t>(sent);
  }
  return Outcome::pending;
}

// What TLS has decrypted already is not seen by epoll: all of it is read.
Connection::Outcome Connection::read() {
  Outcome outcome = Outcome::pending;
  do {
    char buffer[4096];
    const ssize_t got = receive_some(buffer, sizeof buffer);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Outcome::pending;
    if (got <= 0 || !waiting_) return fail();
    answer_.append(buffer, static_cast<std::size_t>(got));
    outcome = understand();
  } while (outcome == Outcome::pending && tls_ && SSL_pending(tls_.get()) > 0);
  return outcome;
}

Connection::Outcome Connection::understand() {
  const std::size_t header = answer_.find("\r\n\r\n");
  if (header == answer_.npos) return Outcome::pending;
  const std::string head = sluice::lower(std::string_view(answer_).substr(0, header + 2));
  std::size_t length = 0;
  if (const auto at = head.find("\r\ncontent-length:"); at != head.npos) {
    const char* digits = head.data() + at + 17;
    while (*digits == ' ') ++digits;
    std::from_chars(digits, head.data() + head.size(), length);
  }
  if (answer_.size() < header + 4 + length) return Outcome::pending;
  status_ = 0;
  if (head.size() < 12 || !head.starts_with("http/1.1 ")) return fail();
  std::from_chars(head.data() + 9, head.data() + 12, status_);
  waiting_ = false;
  request_ = {};
  sent_ = 0;
  answer_.clear();
  if (head.find("\r\nconnection: close") != head.npos) close();
  return Outcome::answered;
}

}  // namespace loadgen
