#include "http_client/http_server_fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/check.h"
#include "base/text.h"

namespace sluice::http_client {

namespace {

// A connection, plain or over TLS.
class Line final : public HttpServerFake::Connection {
 public:
  Line(int socket, const TlsFake* tls) : socket_(socket) {
    if (tls != nullptr) tls_ = std::make_unique<TlsFake::Connection>(*tls, socket);
  }
  bool begin() { return !tls_ || tls_->handshake(); }
  bool resumed() const { return tls_ && tls_->resumed(); }

  bool send(const std::string& bytes) override { return send_all(bytes); }
  void wait_for_close() override {
    std::string ignored;
    while (read_more(ignored)) ignored.clear();
  }
  void reset() override {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  bool send_all(const std::string& bytes) {
    if (tls_) return tls_->write(bytes);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }

  bool read_more(std::string& buffer) {
    char chunk[65536];
    if (tls_) {
      const std::size_t n = tls_->read(chunk, sizeof chunk);
      buffer.append(chunk, n);
      return n > 0;
    }
    const ssize_t n = ::recv(socket_, chunk, sizeof chunk, 0);
    if (n > 0) buffer.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
  }

 private:
  int socket_;
  std::unique_ptr<TlsFake::Connection> tls_;
};

HttpServerFake::Request parse_head(const std::string& head) {
  HttpServerFake::Request request;
  const std::size_t first = head.find(' ');
  const std::size_t second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.target = head.substr(first + 1, second - first - 1);
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::size_t colon = head.find(':', at);
    if (colon < end) {
      const std::size_t value = std::min(head.find_first_not_of(' ', colon + 1), end);
      request.headers.emplace_back(lower(head.substr(at, colon - at)), head.substr(value, end - value));
    }
    at = end + 2;
  }
  return request;
}

}  // namespace

std::string HttpServerFake::Request::header(const std::string& lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

HttpServerFake::HttpServerFake(Handler handler, Over over, At at, std::uint16_t port) : handler_(std::move(handler)) {
  if (over == Over::tls) tls_ = std::make_unique<TlsFake>();
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  v6.sin6_port = htons(port);
  const bool is_v4 = at == At::ipv4_loopback;
  auto* generic = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
  listener_ = ::socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SLUICE_CHECK(::bind(listener_, generic, size) == 0 && ::listen(listener_, 64) == 0, "loopback has a free port");
  ::getsockname(listener_, generic, &size);
  port_ = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

HttpServerFake::~HttpServerFake() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int socket : open_sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void HttpServerFake::accept_loop() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(socket);
      return;
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    open_sockets_.push_back(socket);
    const int connection = ++connections_;
    threads_.emplace_back([this, socket, connection] { serve(socket, connection); });
  }
}

void HttpServerFake::serve(int socket, int connection) {
  sigset_t signals;  // OpenSSL writes without MSG_NOSIGNAL
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  {
    Line line(socket, tls_.get());
    std::string buffer;
    bool alive = line.begin();
    while (alive) {
      std::size_t end = 0;
      while (alive && (end = buffer.find("\r\n\r\n")) == std::string::npos) alive = line.read_more(buffer);
      if (!alive) break;
      Request request = parse_head(buffer.substr(0, end));
      request.connection = connection;
      request.tls_resumed = line.resumed();
      buffer.erase(0, end + 4);
      const std::size_t length = std::strtoull(request.header("content-length").c_str(), nullptr, 10);
      buffer.reserve(length + (64 << 10));
      while (alive && buffer.size() < length) alive = line.read_more(buffer);
      if (!alive) break;
      request.body = buffer.substr(0, length);
      buffer.erase(0, length);
      const Answer answer = handler_(request);
      alive = !answer.bytes.empty() && line.send_all(answer.bytes);
      while (alive && !answer.for_ever.empty()) {
        alive = line.send_all(answer.for_ever);
        std::this_thread::sleep_for(std::chrono::milliseconds(answer.every_ms));
      }
      if (alive && answer.then) answer.then(line);
      alive = alive && !answer.close_after && !answer.then;
    }
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_sockets_, socket);
  ::close(socket);
}

HttpServerFake::Answer HttpServerFake::reply(int status, const std::string& body, const std::string& more_headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n" + more_headers + "\r\n" + body};
}

HttpServerFake::Answer HttpServerFake::event_stream(std::function<void(Connection&)> then,
                                                    const std::string& more_headers) {
  Answer answer{"HTTP/1.1 200 Scripted\r\nContent-Type: text/event-stream\r\n" + more_headers + "\r\n"};
  answer.then = std::move(then);
  return answer;
}

}  // namespace sluice::http_client
