#include "composite/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>

namespace composite {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::string_view kLength = "Content-Length: ";

}  // namespace

Channel::Channel(int socket, SSL_CTX* tls, bool is_server) : socket_(socket) {
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls));
  SSL_set_fd(tls_.get(), socket_);
  is_server ? SSL_set_accept_state(tls_.get()) : SSL_set_connect_state(tls_.get());
}

Channel::~Channel() { ::close(socket_); }

bool Channel::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

long Channel::read_some(char* out, std::size_t size) {
  return tls_ ? SSL_read(tls_.get(), out, static_cast<int>(size)) : ::recv(socket_, out, size, 0);
}

bool Channel::read_message(std::string& out) {
  std::size_t got = 0, whole = SIZE_MAX;
  while (got < whole) {
    if (out.size() < got + kReadBytes) out.resize(got + kReadBytes);
    const long more = read_some(out.data() + got, kReadBytes);
    if (more <= 0) return false;
    got += static_cast<std::size_t>(more);
    if (whole != SIZE_MAX) continue;
    const std::string_view head(out.data(), got);
    const std::size_t end = head.find("\r\n\r\n"), at = head.find(kLength);
    if (end == head.npos) continue;
    std::size_t length = 0;
    if (at < end) std::from_chars(out.data() + at + kLength.size(), out.data() + end, length);
    whole = end + 4 + length;
  }
  return true;
}

}  // namespace composite
