#include "loadgen/load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace loadgen {
namespace {

constexpr std::int64_t kReconnectUs = 50'000;
constexpr std::int64_t kAnswerTimeoutUs = 30'000'000;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "loadgen: %s\n", message.c_str());
  std::exit(1);
}

sockaddr_in parse_address(const std::string& address) {
  const auto colon = address.rfind(':');
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, address.substr(0, colon).c_str(), &parsed.sin_addr) != 1)
    die(fmt::format("\"{}\" is not an address; expected an IPv4 address and a port, such as 127.0.0.1:8030", address));
  parsed.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
  return parsed;
}

// A payload on its way, and how often it may still be tried.
struct Work {
  std::uint64_t number;
  unsigned tries_left;
  std::int64_t not_before_us;
};

class Load;

class Connection {
 public:
  Connection(Load& load, const PayloadShape& shape) : load_(load), payload_(shape) {}
  ~Connection() { close(); }

  bool free_at(std::int64_t now_us) const { return !work_ && now_us >= now_ready_us_; }
  void start(const Work& work);
  void ready(std::uint32_t events);
  void check_timeout(std::int64_t now_us);

 private:
  void connect();
  void close();
  void write();
  void read();
  void finish(int status);

  Load& load_;
  Payload payload_;
  int socket_ = -1;
  std::optional<Work> work_;
  const std::string* request_ = nullptr;
  std::size_t written_ = 0;
  std::string answer_;
  std::int64_t sent_at_us_ = 0;
  std::int64_t now_ready_us_ = 0;
};

class Load {
 public:
  Load(const LoadOptions& options, const std::function<void(std::uint64_t)>& acknowledged)
      : options_(options),
        acknowledged_(acknowledged),
        address_(parse_address(options.address)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) die(fmt::format("epoll_create1: {}", std::strerror(errno)));
    for (std::size_t i = 0; i < options.connections; ++i)
      connections_.push_back(std::make_unique<Connection>(*this, options.shape));
  }
  ~Load() {
    connections_.clear();
    ::close(epoll_);
  }

  LoadReport run();
  void done(const Work& work, int status, std::int64_t latency_us);
  std::int64_t now_us() const { return clock_.steady_us(); }
  int epoll() const { return epoll_; }
  const sockaddr_in& address() const { return address_; }

 private:
  std::optional<Work> next_work(std::int64_t now_us);
  bool may_begin(std::int64_t now_us) const;
  int wait_ms() const;

  const LoadOptions& options_;
  const std::function<void(std::uint64_t)>& acknowledged_;
  const sockaddr_in address_;
  const sluice::SystemClock clock_;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Work> retries_;
  std::int64_t start_us_ = 0;
  std::uint64_t begun_ = 0;
  LoadReport report_;
  std::vector<std::uint32_t> latencies_us_;
};

void Connection::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) die(fmt::format("socket: {}", std::strerror(errno)));
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&load_.address()), sizeof(sockaddr_in)) != 0) {
    close();
    return;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(load_.epoll(), EPOLL_CTL_ADD, socket_, &event);
}

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void Connection::start(const Work& work) {
  work_ = work;
  sent_at_us_ = load_.now_us();
  answer_.clear();
  written_ = 0;
  request_ = &payload_.request(work.number);
  if (socket_ < 0) connect();
  if (socket_ < 0) return finish(0);
  write();
}

void Connection::write() {
  while (written_ < request_->size()) {
    const ssize_t n =
        ::send(socket_, request_->data() + written_, request_->size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return finish(0);
    written_ += static_cast<std::size_t>(n);
  }
  epoll_event event{};
  event.events = written_ < request_->size() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(load_.epoll(), EPOLL_CTL_MOD, socket_, &event);
}

// Answers of intake are small: the header arrives whole soon, and says how long the body is.
void Connection::read() {
  std::array<char, 4096> buffer;
  const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (n <= 0) {
    close();
    if (work_) finish(0);
    return;
  }
  answer_.append(buffer.data(), static_cast<std::size_t>(n));
  const auto end = answer_.find("\r\n\r\n");
  if (end == std::string::npos || !work_) return;
  const auto length_at = answer_.find("Content-Length: ");
  const std::size_t length = length_at < end ? std::strtoul(answer_.c_str() + length_at + 16, nullptr, 10) : 0;
  if (answer_.size() < end + 4 + length) return;
  const int status = std::atoi(answer_.c_str() + 9);
  if (answer_.find("Connection: close") < end) close();
  finish(status);
}

void Connection::finish(int status) {
  if (status == 0) {
    close();
    now_ready_us_ = load_.now_us() + kReconnectUs;
  }
  const Work work = *work_;
  work_.reset();
  load_.done(work, status, load_.now_us() - sent_at_us_);
}

void Connection::ready(std::uint32_t events) {
  if (socket_ >= 0 && work_ && (events & EPOLLOUT)) write();
  if (socket_ >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read();
}

void Connection::check_timeout(std::int64_t now_us) {
  if (work_ && now_us - sent_at_us_ > kAnswerTimeoutUs) finish(0);
}

void Load::done(const Work& work, int status, std::int64_t latency_us) {
  ++report_.sent;
  ++report_.statuses[status];
  if (status == 202) {
    ++report_.acknowledged;
    latencies_us_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(latency_us, UINT32_MAX)));
    acknowledged_(work.number);
  } else if (work.tries_left > 0) {
    retries_.push_back({work.number, work.tries_left - 1, now_us() + options_.retry_ms * 1000});
  } else {
    ++report_.dropped;
  }
}

bool Load::may_begin(std::int64_t now_us) const {
  if (options_.payloads > 0 && begun_ >= options_.payloads) return false;
  const double elapsed_s = static_cast<double>(now_us - start_us_) / 1e6;
  if (elapsed_s >= options_.seconds) return false;
  return options_.events_per_second <= 0 ||
         static_cast<double>(begun_ * options_.shape.events) <= elapsed_s * options_.events_per_second;
}

std::optional<Work> Load::next_work(std::int64_t now_us) {
  if (!retries_.empty() && retries_.front().not_before_us <= now_us) {
    const Work work = retries_.front();
    retries_.pop_front();
    return work;
  }
  if (!may_begin(now_us)) return std::nullopt;
  return Work{begun_++, options_.retries, 0};
}

int Load::wait_ms() const { return options_.events_per_second > 0 || !retries_.empty() ? 1 : 20; }

LoadReport Load::run() {
  start_us_ = now_us();
  std::array<epoll_event, 256> events;
  std::int64_t next_check_us = 0;
  while (true) {
    const std::int64_t now = now_us();
    for (const auto& connection : connections_) {
      if (!connection->free_at(now)) continue;
      const auto work = next_work(now);
      if (!work) break;
      connection->start(*work);
    }
    const bool finished = report_.acknowledged + report_.dropped == begun_;
    const bool over = (options_.payloads > 0 && begun_ >= options_.payloads) ||
                      static_cast<double>(now - start_us_) / 1e6 >= options_.seconds;
    if (finished && over) break;
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
    for (int i = 0; i < count; ++i)
      static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)
          ->ready(events[static_cast<std::size_t>(i)].events);
    if (now >= next_check_us) {
      next_check_us = now + 1'000'000;
      for (const auto& connection : connections_) connection->check_timeout(now);
    }
  }
  report_.seconds = static_cast<double>(now_us() - start_us_) / 1e6;
  std::sort(latencies_us_.begin(), latencies_us_.end());
  const auto at = [this](double part) {
    if (latencies_us_.empty()) return 0.0;
    return latencies_us_[std::min(latencies_us_.size() - 1,
                                  static_cast<std::size_t>(part * static_cast<double>(latencies_us_.size())))] /
           1e3;
  };
  report_.p50_ms = at(0.5);
  report_.p99_ms = at(0.99);
  report_.max_ms = at(1);
  return report_;
}

}  // namespace

LoadReport run_load(const LoadOptions& options, const std::function<void(std::uint64_t)>& acknowledged) {
  return Load(options, acknowledged).run();
}

}  // namespace loadgen
