#include "http/raw_client_fake.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace sluice::http {

struct RawClient::Tls {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* session = SSL_new(context);
  ~Tls() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
};

RawClient::RawClient(const std::string& address, bool tls) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SLUICE_CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "the server listens");
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval deadline{kDeadlineMs / 1000, 0};
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  if (!tls) return;
  tls_ = std::make_unique<Tls>();
  SSL_set_fd(tls_->session, socket_);
  SLUICE_CHECK(SSL_connect(tls_->session) == 1, "the server speaks TLS");
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = tls_ ? SSL_write(tls_->session, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::fill() {
  char piece[16384];
  const ssize_t got = tls_ ? SSL_read(tls_->session, piece, sizeof piece) : ::recv(socket_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(got));
  return true;
}

RawResponse RawClient::receive(bool head) {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return {};
  RawResponse response;
  response.status = static_cast<unsigned>(std::stoul(buffer_.substr(9, 3)));
  for (std::size_t at = buffer_.find("\r\n") + 2; at < end + 2;) {
    const std::size_t line_end = buffer_.find("\r\n", at);
    const std::size_t colon = buffer_.find(": ", at);
    response.headers[lower(buffer_.substr(at, colon - at))] = buffer_.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  buffer_.erase(0, end + 4);
  const std::string length = response.header("content-length");
  if (head || length.empty()) return response;
  const std::size_t wanted = std::stoul(length);
  while (buffer_.size() < wanted)
    if (!fill()) return {};
  response.body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return response;
}

std::string RawClient::receive_until(std::string_view text) {
  std::size_t searched = 0, at;
  while ((at = buffer_.find(text, searched)) == std::string::npos) {
    searched = buffer_.size() - std::min(buffer_.size(), text.size() - 1);
    if (!fill()) break;
  }
  const std::size_t size = at == std::string::npos ? buffer_.size() : at + text.size();
  std::string received = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return received;
}

std::size_t RawClient::receive_some(std::size_t most) {
  std::string piece(most, 0);
  const int size = static_cast<int>(most);
  const ssize_t got =
      tls_ ? SSL_read(tls_->session, piece.data(), size) : ::recv(socket_, piece.data(), piece.size(), 0);
  return got <= 0 ? 0 : static_cast<std::size_t>(got);
}

bool RawClient::closed() { return buffer_.empty() && !fill() && ended(); }

bool RawClient::closes_eventually() {
  while (fill()) {
  }
  return ended();
}

// Distinguishes the end of the connection from a deadline that passed.
bool RawClient::ended() const {
  if (tls_ && (SSL_get_shutdown(tls_->session) & SSL_RECEIVED_SHUTDOWN) != 0) return true;
  pollfd poll_for{socket_, POLLIN, 0};
  return ::poll(&poll_for, 1, 0) == 1;
}

RawResponse RawClient::ask(std::string_view bytes) { return send(bytes) ? receive() : RawResponse{}; }

std::string post_text(std::string_view path, std::string_view body, std::string_view headers) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

}  // namespace sluice::http
