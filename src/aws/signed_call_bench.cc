// What a PutRecords-sized call costs the transport's thread: CPU of that thread alone, the server's is not counted.
#include "http_client/curl_transport.h"

#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "aws/sigv4.h"
#include "http_client/http_server_fake.h"

namespace sluice::aws {
namespace {

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void post(benchmark::State& state, http_client::HttpServerFake::Over over) {
  http_client::HttpServerFake server(
      [](const http_client::HttpServerFake::Request&) {
        return http_client::HttpServerFake::reply(200, std::string(60'000, 'x'));
      },
      over);
  http_client::CurlTransportOptions options;
  std::string name = (std::filesystem::temp_directory_path() / "sluice-pem-XXXXXX").string();
  ::close(::mkstemp(name.data()));
  if (over == http_client::HttpServerFake::Over::tls) {
    std::ofstream(name) << server.certificate_pem();
    options.ca_bundle = name;
  }
  http_client::CurlTransport transport(options);
  std::mutex mutex;
  std::condition_variable notifier;
  std::vector<std::string> bodies(4, std::string(static_cast<std::size_t>(state.range(0)), 'b'));
  double first_cpu = -1;
  double last_cpu = 0;
  std::int64_t answered = 0;
  for (auto _ : state) {
    std::string body;
    {
      std::unique_lock lock(mutex);
      notifier.wait(lock, [&] { return !bodies.empty(); });
      body = std::move(bodies.back());
      bodies.pop_back();
    }
    http_client::HttpRequest request;
    request.url = server.url() + "/";
    request.body = std::move(body);
    transport.send(std::move(request), [&](http_client::HttpResponse response) {
      const double now = thread_cpu_s();
      const std::lock_guard lock(mutex);
      if (response.status != 200) state.SkipWithError(response.fault_text.c_str());
      if (first_cpu < 0) first_cpu = now;
      last_cpu = now;
      ++answered;
      bodies.push_back(std::move(response.request_body));
      notifier.notify_one();
    });
  }
  {
    std::unique_lock lock(mutex);
    notifier.wait(lock, [&] { return bodies.size() == 4; });
  }
  if (answered > 1) state.counters["us_per_call"] = (last_cpu - first_cpu) / static_cast<double>(answered - 1) * 1e6;
  state.SetBytesProcessed(state.iterations() * state.range(0));
  std::filesystem::remove(name);
}

void post_plain(benchmark::State& state) { post(state, http_client::HttpServerFake::Over::plain); }
void post_tls(benchmark::State& state) { post(state, http_client::HttpServerFake::Over::tls); }
BENCHMARK(post_plain)->Arg(4'000)->Arg(400'000)->UseRealTime();
BENCHMARK(post_tls)->Arg(4'000)->Arg(400'000)->UseRealTime();

void sign(benchmark::State& state) {
  const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", std::string(800, 't'), 0,
                                "bench"};
  const std::string hash = sha256_hex("");
  SigningKeyCache keys;
  http_client::HttpRequest request;
  request.url = "https://kinesis.eu-west-1.amazonaws.com/";
  request.headers = {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", "Kinesis_20131202.PutRecords"}};
  for (auto _ : state) sign_request(request, hash, {"kinesis", "eu-west-1", 1'763'870'400'000}, credentials, keys);
}
BENCHMARK(sign);

void hash_body(benchmark::State& state) {
  const std::string body(400'000, 'b');
  for (auto _ : state) benchmark::DoNotOptimize(sha256(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(hash_body);

}  // namespace
}  // namespace sluice::aws
