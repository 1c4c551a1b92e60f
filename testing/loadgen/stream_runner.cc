#include "loadgen/stream_runner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace loadgen {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::uint32_t kInput = ~0u;
constexpr std::int64_t kRetryUs = 100'000;  // where a connection could not be opened
constexpr std::uint32_t kFirstSource = (127u << 24) + 2;

std::string request_of(const StreamSettings& settings) {
  std::string out =
      "GET " + settings.path + " HTTP/1.1\r\nHost: " + settings.host + "\r\nAccept: text/event-stream\r\n";
  if (!settings.authorization.empty()) out += "Authorization: " + settings.authorization + "\r\n";
  return out + "\r\n";
}

}  // namespace

StreamRunner::StreamRunner(const StreamSettings& settings, const sluice::Clock& clock,
                           std::function<void(unsigned events)> all_had)
    : settings_(settings),
      clock_(clock),
      all_had_(std::move(all_had)),
      request_(request_of(settings)),
      random_(sluice::Random::from_system()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      streams_(settings.streams),
      buffer_(kReadBytes) {}

StreamRunner::~StreamRunner() {
  for (const Stream& stream : streams_)
    if (stream.socket >= 0) ::close(stream.socket);
  if (epoll_ >= 0) ::close(epoll_);
}

sluice::Result<void> StreamRunner::run(int input, const std::function<bool()>& on_input) {
  if (epoll_ < 0) return sluice::fail("the system gives no epoll descriptor; look at the limit of open files");
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u32 = kInput;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, input, &wanted);
  for (std::uint32_t i = 0; i < settings_.streams; ++i) turns_.push({0, i});
  next_connect_us_ = static_cast<double>(clock_.steady_us());
  std::array<epoll_event, 256> events;
  while (true) {
    open_due(clock_.steady_us());
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), turns_.empty() ? -1 : 1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u32 != kInput)
        on_ready(event.data.u32, (event.events & EPOLLOUT) != 0);
      else if (!on_input())
        return {};
    }
  }
}

void StreamRunner::open_due(std::int64_t now_us) {
  while (!turns_.empty() && turns_.top().due_us <= now_us && without_answer_ < settings_.at_a_time) {
    if (settings_.connects_per_s > 0) {
      if (next_connect_us_ > static_cast<double>(now_us)) return;
      next_connect_us_ += 1e6 / settings_.connects_per_s;
    }
    const std::uint32_t at = turns_.top().stream;
    turns_.pop();
    open(at, now_us);
  }
}

void StreamRunner::open(std::uint32_t at, std::int64_t now_us) {
  Stream& stream = streams_[at];
  ++counts_.connects;
  stream = Stream{};
  stream.begun_us = now_us;
  stream.connecting = true;
  stream.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  to.sin_port = htons(settings_.port);
  const int on = 1;
  // The port is chosen when it connects, so that there are as many as each address has.
  setsockopt(stream.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (settings_.source_addresses > 0)
    from.sin_addr.s_addr = htonl(kFirstSource + source_++ % settings_.source_addresses);
  const bool begun =
      stream.socket >= 0 && inet_pton(AF_INET, settings_.address.c_str(), &to.sin_addr) == 1 &&
      (settings_.source_addresses == 0 ||
       ::bind(stream.socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0) &&
      (::connect(stream.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS);
  ++without_answer_;
  epoll_event wanted{};
  wanted.events = EPOLLOUT;
  wanted.data.u32 = at;
  if (begun && epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.socket, &wanted) == 0) {
    ++counts_.open;
    return;
  }
  ++counts_.connect_errors;
  --without_answer_;
  if (stream.socket >= 0) ::close(stream.socket);
  stream.socket = -1;
  turns_.push({now_us + kRetryUs, at});
}

void StreamRunner::on_ready(std::uint32_t at, bool writable) {
  Stream& stream = streams_[at];
  if (stream.socket < 0) return;
  if (!stream.connecting) return read(at);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(stream.socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (!writable || error != 0 || ::send(stream.socket, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) {
    ++counts_.connect_errors;
    return end(at);
  }
  stream.connecting = false;
  epoll_event wanted{};
  wanted.events = settings_.read ? std::uint32_t{EPOLLIN} : 0u;
  wanted.data.u32 = at;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, stream.socket, &wanted);
  if (!settings_.read) answered(stream);  // whatever it is
}

void StreamRunner::answered(Stream& stream) {
  if (std::exchange(stream.answered, true)) return;
  --without_answer_;
}

void StreamRunner::read(std::uint32_t at) {
  Stream& stream = streams_[at];
  const ssize_t got = settings_.read ? ::recv(stream.socket, buffer_.data(), buffer_.size(), 0) : 0;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(at);
  counts_.bytes += static_cast<std::uint64_t>(got);
  const std::uint64_t before = stream.reader.events();
  const unsigned status_before = stream.reader.status();
  if (!stream.reader.take({buffer_.data(), static_cast<std::size_t>(got)})) return end(at);
  if (status_before == 0 && stream.reader.status() != 0) ++counts_.statuses[stream.reader.status()];
  const std::uint64_t after = stream.reader.events();
  counts_.events += after - before;
  if (before == 0 && after > 0) {
    answered(stream);
    counts_.first_event_us.add(clock_.steady_us() - stream.begun_us);
  }
  for (std::uint64_t had = before + 1; had <= after && had <= kEventsTold; ++had)
    if (++had_[had] == settings_.streams) all_had_(static_cast<unsigned>(had));
  const bool refused = stream.reader.status() != 0 && stream.reader.status() != 200;
  if (stream.reader.ended() || refused || (settings_.churn && after > 0)) end(at);
}

void StreamRunner::end(std::uint32_t at) {
  Stream& stream = streams_[at];
  for (std::uint64_t had = 1; had <= std::min<std::uint64_t>(stream.reader.events(), kEventsTold); ++had) --had_[had];
  answered(stream);
  if (settings_.churn) {
    // With a reset: an orderly end would keep the port for a minute.
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(stream.socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(stream.socket);
  stream.socket = -1;
  --counts_.open;
  ++counts_.ended;
  const std::int64_t now_us = clock_.steady_us();
  if (settings_.churn)
    turns_.push({now_us, at});
  else if (settings_.reconnect_ms > 0)
    turns_.push({now_us + settings_.reconnect_ms * 500 +
                     static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.reconnect_ms * 500))),
                 at});
}

}  // namespace loadgen
