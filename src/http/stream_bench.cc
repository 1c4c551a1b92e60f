// Ten thousand streams on one loop, whose readers are another process on loopback: what an idle one costs, and what a
// put of 1 MB to all of them does to memory and to requests on another loop. The targets are in the label.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "http/certificate_fake.h"
#include "http/raw_client_fake.h"
#include "http/server.h"
#include "http/stream_group.h"

namespace sluice::http {
namespace {

constexpr std::size_t kStreams = 10'000;
constexpr std::size_t kPutBytes = 1 << 20;
// Six times as often as SDKs need it.
constexpr std::int64_t kHeartbeatMs = 30'000;
constexpr auto kIdleTime = std::chrono::seconds(20);

using Steady = std::chrono::steady_clock;
double seconds_since(Steady::time_point begun) { return std::chrono::duration<double>(Steady::now() - begun).count(); }

std::uint64_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double loop_cpu_seconds(pthread_t thread) {
  clockid_t clock;
  pthread_getcpuclockid(thread, &clock);
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Streams join a group; everything else is answered.
class StreamingHandler final : public HttpHandler {
 public:
  StreamingHandler(StreamGroup& group, std::atomic<pthread_t>& thread) : group_(group), thread_(thread) {}
  void handle(const HttpRequest& request, HttpResponder responder) override {
    thread_.store(pthread_self(), std::memory_order_relaxed);
    HttpResponse response;
    if (request.path == "/all") {
      const auto stream = HttpStream::make({.heartbeat_ms = kHeartbeatMs, .owner = 1});
      group_.join(stream);
      response.stream = stream;
    }
    responder(std::move(response));
  }

 private:
  StreamGroup& group_;
  std::atomic<pthread_t>& thread_;
};

// The readers' process. It is told a port and reads all it gets; it writes a byte when all streams are open, and when
// each had a put.
class ReaderProcess {
 public:
  ReaderProcess() {
    SLUICE_CHECK(::pipe(to_) == 0 && ::pipe(from_) == 0, "there are descriptors for two pipes");
    child_ = ::fork();
    if (child_ == 0) run();
  }
  ~ReaderProcess() {
    ::close(to_[1]);
    ::waitpid(child_, nullptr, 0);
    for (const int each : {to_[0], from_[0], from_[1]}) ::close(each);
  }
  ReaderProcess(const ReaderProcess&) = delete;
  ReaderProcess& operator=(const ReaderProcess&) = delete;

  void open(const std::string& address) {
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    SLUICE_CHECK(::write(to_[1], &port, sizeof port) == sizeof port, "the readers live");
  }
  void wait() {
    char byte = 0;
    SLUICE_CHECK(::read(from_[0], &byte, 1) == 1, "the readers live");
  }

 private:
  [[noreturn]] void run() {
    ::close(to_[1]);  // its other end tells when to stop
    std::uint16_t port = 0;
    if (::read(to_[0], &port, sizeof port) != sizeof port) ::_exit(1);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int events = ::epoll_create1(0);
    epoll_event stop{.events = EPOLLIN | EPOLLHUP, .data = {.u32 = ~0u}};
    ::epoll_ctl(events, EPOLL_CTL_ADD, to_[0], &stop);
    std::vector<int> sockets(kStreams);
    std::vector<std::size_t> received(kStreams);
    static constexpr std::string_view kAsk = "GET /all HTTP/1.1\r\nHost: b\r\nAuthorization: sdk-0000\r\n\r\n";
    static std::vector<char> buffer(256 << 10);
    for (std::uint32_t i = 0; i < kStreams; ++i) {
      sockets[i] = ::socket(AF_INET, SOCK_STREAM, 0);
      if (::connect(sockets[i], reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) ::_exit(2);
      if (::send(sockets[i], kAsk.data(), kAsk.size(), 0) < 0) ::_exit(3);
      if (::recv(sockets[i], buffer.data(), buffer.size(), 0) <= 0) ::_exit(4);
      epoll_event event{.events = EPOLLIN, .data = {.u32 = i}};
      ::epoll_ctl(events, EPOLL_CTL_ADD, sockets[i], &event);
    }
    if (::write(from_[1], "o", 1) != 1) ::_exit(5);
    std::size_t served = 0;
    for (std::vector<epoll_event> ready(256);;) {
      const int count = ::epoll_wait(events, ready.data(), static_cast<int>(ready.size()), -1);
      for (int k = 0; k < count; ++k) {
        const std::uint32_t i = ready[static_cast<std::size_t>(k)].data.u32;
        if (i == ~0u) ::_exit(0);
        const ssize_t got = ::recv(sockets[i], buffer.data(), buffer.size(), 0);
        if (got <= 0) ::_exit(6);
        const std::size_t before = std::exchange(received[i], received[i] + static_cast<std::size_t>(got));
        if (before < kPutBytes && received[i] >= kPutBytes && ++served == kStreams && ::write(from_[1], "p", 1) != 1)
          ::_exit(7);
      }
    }
  }

  int to_[2] = {}, from_[2] = {};
  pid_t child_ = 0;
};

std::unique_ptr<HttpServer> one_loop(StreamGroup& group, std::atomic<pthread_t>& thread) {
  HttpLimits limits;
  limits.keep_alive_ms = 600'000;
  auto started = HttpServer::start("127.0.0.1:0", 1, limits, std::nullopt,
                                   [&](unsigned) { return std::make_unique<StreamingHandler>(group, thread); });
  SLUICE_CHECK(started.has_value(), "a server on a port that the system chooses starts");
  return std::move(*started);
}

// Requests on another loop, one each two milliseconds, until told to stop.
class RequestClock {
 public:
  explicit RequestClock(const std::string& address)
      : thread_([this, address] {
          RawClient client(address);
          while (!stop_) {
            const auto begun = Steady::now();
            SLUICE_CHECK(client.ask(post_text("/bulk", std::string(1495, 'x'))).status == 200, "it is answered");
            took_ms_.push_back(seconds_since(begun) * 1e3);
            std::this_thread::sleep_until(begun + std::chrono::milliseconds(2));
          }
        }) {}
  double p99_ms() {
    stop_ = true;
    thread_.join();
    std::sort(took_ms_.begin(), took_ms_.end());
    return took_ms_.at(took_ms_.size() * 99 / 100);
  }

 private:
  std::atomic<bool> stop_ = false;
  std::vector<double> took_ms_;
  std::thread thread_;
};

void streams(benchmark::State& state) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  if (descriptors.rlim_max < kStreams + 100) return state.SkipWithError("needs ulimit -Hn of 10,100");
  ReaderProcess readers;  // before any thread
  const auto group = StreamGroup::make();
  std::atomic<pthread_t> loop{}, other_loop{};
  const auto server = one_loop(*group, loop), other = one_loop(*group, other_loop);
  for (auto _ : state) {
    const std::uint64_t heap_before = heap_bytes();
    readers.open(server->address());
    readers.wait();
    const double idle_kib = static_cast<double>(heap_bytes() - heap_before) / kStreams / 1024;
    const double cpu_before = loop_cpu_seconds(loop.load());
    std::this_thread::sleep_for(kIdleTime);
    const double idle_cpu =
        (loop_cpu_seconds(loop.load()) - cpu_before) / std::chrono::duration<double>(kIdleTime).count() * 100;

    RequestClock requests(other->address());
    const std::uint64_t resident_before = resident_bytes();
    std::atomic<bool> done = false;
    std::uint64_t most = resident_before;
    std::thread sampling([&] {
      for (; !done; std::this_thread::sleep_for(std::chrono::milliseconds(20))) most = std::max(most, resident_bytes());
    });
    const auto begun = Steady::now();
    const double put_cpu_before = loop_cpu_seconds(loop.load());
    group->publish(stream_block(std::string(kPutBytes, 'x')), BlockKind::state);
    readers.wait();
    const double put_s = seconds_since(begun);
    const double put_cpu_s = loop_cpu_seconds(loop.load()) - put_cpu_before;
    done = true;
    sampling.join();
    const double grown_mib = static_cast<double>(most - resident_before) / (1 << 20);
    const double p99_ms = requests.p99_ms();
    state.SetLabel(fmt::format(
        "idle stream {:.2f} KiB (target 8), idle CPU {:.2f} % (2), put to all {:.1f} s (10), of it CPU of the loop "
        "{:.1f} s, growth {:.1f} MiB (64), p99 on another loop {:.2f} ms (20), cut off {}",
        idle_kib, idle_cpu, put_s, put_cpu_s, grown_mib, p99_ms, kStreams - server->stats().streams_open));
  }
}
BENCHMARK(streams)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

// What TLS adds: clients in this process, whose memory is measured with that of the server's side, and subtracted as
// that of clients whose server has let go of them would be: there is none, so both are told.
void idle_tls_stream(benchmark::State& state) {
  constexpr std::size_t kTlsStreams = 200;
  Certificate certificate;
  const auto group = StreamGroup::make();
  std::atomic<pthread_t> loop{};
  auto started = HttpServer::start("127.0.0.1:0", 1, {}, certificate.files,
                                   [&](unsigned) { return std::make_unique<StreamingHandler>(*group, loop); });
  for (auto _ : state) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < kTlsStreams; ++i) {
      clients.push_back(std::make_unique<RawClient>((*started)->address(), true));
      clients.back()->send("GET /all HTTP/1.1\r\nHost: b\r\n\r\n");
      clients.back()->receive_until("\r\n\r\n");
    }
    const std::uint64_t with_servers = heap_bytes();
    group->close();
    for (const auto& client : clients) client->receive_until("0\r\n\r\n");
    while ((*started)->stats().streams_open > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    state.SetLabel(fmt::format("idle stream {:.2f} KiB over TLS",
                               static_cast<double>(with_servers - heap_bytes()) / kTlsStreams / 1024));
  }
}
BENCHMARK(idle_tls_stream)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace sluice::http
