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
  return true;
}

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  connecting_ = waiting_ = false;
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
  if (writable && !connecting_ && sent_ < request_.size())
    if (flush() == Outcome::failed) return Outcome::failed;
  return readable && !connecting_ ? read() : Outcome::pending;
}

Connection::Outcome Connection::flush() {
  while (sent_ < request_.size()) {
    const ssize_t sent = ::send(socket_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Outcome::pending;
    if (sent <= 0) return fail();
    sent_ += static_cast<std::size_t>(sent);
  }
  return Outcome::pending;
}

Connection::Outcome Connection::read() {
  char buffer[4096];
  const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Outcome::pending;
  if (got <= 0 || !waiting_) return fail();
  answer_.append(buffer, static_cast<std::size_t>(got));
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
