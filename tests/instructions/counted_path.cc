// Takes and delivers events in one thread, for callgrind to count: tests/instructions/README.md. Prints a line a case,
// "NAME events N calls N": what it counted them over.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "counted_run.h"
#include "counting.h"
#include "loadgen/payload.h"
#include "system_random.h"

namespace sluice::instructions {
namespace {

struct Case {
  const char* name;
  const char* encoding;
  unsigned events;             // a payload
  std::size_t payloads;        // a round: they come before the journal's writer steps
  std::size_t counted_rounds;  // after a third as many that are not
  std::int64_t round_us;
};

constexpr Case kCases[] = {
    {"json-100", "json", 100, 8, 18, 5'000},
    {"json-3", "json", 3, 32, 120, 5'000},
    {"json-100-steady", "json", 100, 1, 120, 5'000},
    {"ndjson+zstd-100", "ndjson+zstd", 100, 8, 18, 5'000},
};

class Sender {
 public:
  Sender(CountedRun& run, const Case& each) : run_(run), case_(each), payload_(shape_of(each)) {}

  void rounds(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::string> requests;
      for (std::size_t j = 0; j < case_.payloads; ++j, ++payloads_)
        requests.emplace_back(payload_.request(payloads_ * case_.events, payloads_, run_.clock().wall_ms()));
      run_.send(requests, case_.round_us);
    }
  }
  std::uint64_t events() const { return payloads_ * case_.events; }

 private:
  static loadgen::PayloadShape shape_of(const Case& each) {
    loadgen::PayloadShape shape;
    shape.authorization = kSdkKey;
    shape.run = 1;
    shape.events = each.events;
    shape.as_sdks_send = true;
    return shape;
  }
  CountedRun& run_;
  const Case& case_;
  loadgen::Payload payload_;
  std::uint64_t payloads_ = 0;
};

void count(const Case& each) {
  simulation::seed_system_random(1);
  CountedRun run(each.encoding);
  Sender sender(run, each);
  sender.rounds((each.counted_rounds + 2) / 3);
  run.deliver_all(sender.events());
  const std::uint64_t before = sender.events(), calls_before = run.far_end().calls();
  Counting::begin();
  sender.rounds(each.counted_rounds);
  run.deliver_all(sender.events());
  Counting::end(each.name);
  fmt::print("{} events {} calls {}\n", each.name, sender.events() - before, run.far_end().calls() - calls_before);
  std::fflush(stdout);
}

}  // namespace
}  // namespace sluice::instructions

// Arguments: names of cases; all, unless some are given.
int main(int argc, char** argv) {
#ifdef SLUICE_NO_CALLGRIND
  std::fputs(
      "counted_path: built without valgrind's header: install valgrind (tools/setup instructions), then build it "
      "again\n",
      stderr);
  return 1;
#endif
  sluice::log_configure(sluice::LogLevel::error, sluice::LogFormat::text);
  const std::vector<std::string_view> wanted(argv + 1, argv + argc);
  for (const auto& each : sluice::instructions::kCases)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), each.name) != wanted.end())
      sluice::instructions::count(each);
}
