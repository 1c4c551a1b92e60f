// Prints, as JSON, how many microseconds of one thread's CPU time an event's unavoidable work takes on this machine:
// testing/composite/work.h. Machines differ by half; what Sluice costs beside it differs less.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "composite/sink.h"
#include "composite/work.h"
#include "kinesim/certificate.h"
#include "loadgen/payload.h"

namespace composite {
namespace {

constexpr std::size_t kBodies = 64;
constexpr unsigned kEventsABody = 100;

struct Options {
  double seconds = 0.5;
  int rounds = 5;
  std::string folder = std::filesystem::temp_directory_path();
};

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::vector<std::string> make_bodies() {
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < kBodies; ++i) {
    loadgen::PayloadShape shape;
    shape.events = kEventsABody;
    shape.as_sdks_send = true;
    shape.seed = i + 1;
    const std::string request(loadgen::Payload(shape).request(i * kEventsABody, i, 1'760'000'000'000));
    bodies.push_back(request.substr(request.find("\r\n\r\n") + 4));
  }
  return bodies;
}

int connect_to(std::uint16_t port) {
  const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(out, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("cannot connect to loopback");
  const int on = 1;
  ::setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return out;
}

// Microseconds an event of one round.
double measure(Stage until, bool tls, const std::vector<std::string>& bodies, int file,
               const kinesim::CertificateFiles& certificate, double seconds) {
  std::unique_ptr<Sink> sink;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  std::optional<Channel> channel;
  if (until == Stage::sent) {
    auto started = tls ? Sink::start(certificate.certificate, certificate.private_key, kRecordsACall)
                       : Sink::start({}, {}, kRecordsACall);
    if (!started) throw std::runtime_error(started.error().message);
    sink = std::move(*started);
    channel.emplace(connect_to(sink->port()), tls ? context.get() : nullptr, false);
  }
  Work work(until, file, channel ? &*channel : nullptr);
  const auto all = [&] {
    for (const std::string& body : bodies)
      if (!work.take(body)) throw std::runtime_error("the far end or the disk failed");
  };
  all();
  const std::uint64_t before = work.events();
  const double begin_us = thread_cpu_us();
  double took_us = 0;
  do {
    all();
    took_us = thread_cpu_us() - begin_us;
  } while (took_us < seconds * 1e6);
  const double per_event = took_us / static_cast<double>(work.events() - before);
  channel.reset();  // the sink ends with it
  return per_event;
}

int run(const Options& options) {
  if (!__builtin_cpu_supports("avx2")) throw std::runtime_error("this processor has no AVX2, which it is compiled for");
  std::string folder = options.folder + "/composite-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot create a folder in " + options.folder);
  const std::string path = folder + "/appended";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 || ::posix_fallocate(file, 0, 256 << 20) != 0)
    throw std::runtime_error("cannot write to " + options.folder);
  const auto certificate = kinesim::make_certificate(folder);
  if (!certificate) throw std::runtime_error(certificate.error().message);
  const auto bodies = make_bodies();
  std::size_t bytes = 0;
  for (const std::string& body : bodies) bytes += body.size();

  struct Row {
    const char* name;
    Stage until;
    bool tls;
    std::vector<double> rounds;
  };
  Row rows[] = {{"copy, CRC, parse, base64", Stage::encoded, false, {}},
                {"and SHA-256, HMACs", Stage::hashed, false, {}},
                {"and append", Stage::appended, false, {}},
                {"and send, plain", Stage::sent, false, {}},
                {"and send, TLS", Stage::sent, true, {}}};
  for (int round = 0; round < options.rounds; ++round)
    for (Row& row : rows)
      row.rounds.push_back(measure(row.until, row.tls, bodies, file, *certificate, options.seconds));
  nlohmann::ordered_json stages = nlohmann::ordered_json::array();
  for (Row& row : rows) {
    std::sort(row.rounds.begin(), row.rounds.end());
    stages.push_back({{"stage", row.name},
                      {"us", row.rounds[row.rounds.size() / 2]},
                      {"least", row.rounds.front()},
                      {"most", row.rounds.back()}});
  }
  const nlohmann::ordered_json report = {
      {"event_bytes", static_cast<double>(bytes) / static_cast<double>(kBodies * kEventsABody)},
      {"plain_us", stages[3]["us"]},
      {"tls_us", stages[4]["us"]},
      {"stages", stages}};
  ::close(file);
  std::filesystem::remove_all(folder);
  fmt::print("{}\n", report.dump(2));
  return 0;
}

}  // namespace
}  // namespace composite

int main(int argc, char** argv) {
  CLI::App app("composite: what an event's unavoidable work takes on this machine");
  composite::Options options;
  app.add_option("--seconds", options.seconds, "of CPU time, a stage and round")->capture_default_str();
  app.add_option("--rounds", options.rounds, "the median counts")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--folder", options.folder, "whose disk is written to")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return composite::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "composite: %s\n", error.what());
    return 1;
  }
}
