// CPU of the server's one loop per request: 64 keep-alive connections on loopback that each send a POST with 9 headers
// and wait for the 202. The client's CPU is not counted.
#include <benchmark/benchmark.h>
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <memory>
#include <vector>

#include "http/raw_client_fake.h"
#include "http/request_parser.h"
#include "http/server.h"

namespace sluice::http {
namespace {

class AcceptingHandler final : public HttpHandler {
 public:
  explicit AcceptingHandler(std::atomic<pthread_t>& thread) : thread_(thread) {}
  void handle(const HttpRequest& request, HttpResponder responder) override {
    thread_.store(pthread_self(), std::memory_order_relaxed);
    benchmark::DoNotOptimize(request.header("Authorization"));
    benchmark::DoNotOptimize(request.body.data());
    HttpResponse response;
    response.status = 202;
    responder(std::move(response));
  }

 private:
  std::atomic<pthread_t>& thread_;
};

double cpu_us(pthread_t thread) {
  clockid_t clock;
  pthread_getcpuclockid(thread, &clock);
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::string request_text(const benchmark::State& state) {
  return post_text("/bulk", std::string(static_cast<std::size_t>(state.range(0)), 'x'),
                   "Authorization: sdk-00000000-0000-4000-8000-000000000000\r\nContent-Type: application/json\r\n"
                   "User-Agent: NodeJSClient/9.13.7\r\nX-LaunchDarkly-Event-Schema: 4\r\nAccept: */*\r\n"
                   "X-LaunchDarkly-Payload-ID: 123e4567-e89b-12d3-a456-426614174000\r\nConnection: keep-alive\r\n");
}

void post(benchmark::State& state) {
  std::atomic<pthread_t> thread{};
  auto server = HttpServer::start("127.0.0.1:0", 1, {}, std::nullopt,
                                  [&](unsigned) { return std::make_unique<AcceptingHandler>(thread); });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(std::make_unique<RawClient>((*server)->address()));
  const std::string text = request_text(state);
  clients.front()->ask(text);
  const double before = cpu_us(thread.load());
  for (auto _ : state) {
    for (auto& client : clients) client->send(text);
    for (auto& client : clients) benchmark::DoNotOptimize(client->receive().status);
  }
  const double requests = static_cast<double>(state.iterations()) * static_cast<double>(clients.size());
  const double us = (cpu_us(thread.load()) - before) / requests;
  state.counters["server_us_per_request"] = us;
  state.counters["requests_per_core_second"] = 1e6 / us;
}
// The part of it that is not sockets.
void parse(benchmark::State& state) {
  const HttpLimits limits;
  ByteBudget budget(limits.max_buffered_bytes);
  RequestParser parser(limits, budget);
  const std::string text = request_text(state);
  for (auto _ : state) {
    parser.begin();
    std::string_view rest = text;
    while (parser.feed(rest) != RequestParser::Step::complete) {
    }
    parser.release();
  }
}
BENCHMARK(parse)->Arg(200)->Arg(1495)->Arg(50'000);

BENCHMARK(post)->Arg(200)->Arg(1495)->Arg(10'000)->Arg(50'000)->UseRealTime();

}  // namespace
}  // namespace sluice::http
