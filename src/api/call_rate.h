// How many calls of the REST API each caller makes, so that none blocks the admin loop for the others. Counted over
// windows of 10 s, which begin with the clock: short bursts pass, and a caller learns when the next window begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::api {

inline constexpr std::int64_t kRateWindowMs = 10'000;
// The console makes some five calls a second in each tab, and Terraform reads a resource a call, ten at once: fifty
// tabs together, or a plan of 5,000 resources within the window, pass. A loop without a pause in a script does not.
inline constexpr std::uint64_t kDefaultCallsPerS = 500;
// Callers counted separately within a window; those beyond share one count.
inline constexpr std::size_t kMaxRatedCallers = 10'000;

// One thread.
class CallRate {
 public:
  struct Spent {
    bool over = false;            // this call is one too many
    std::uint64_t remaining = 0;  // in this window
    std::int64_t next_window_ms = 0;
  };

  // 0: any number of calls; nothing is counted.
  explicit CallRate(std::uint64_t calls_per_s);
  bool limits() const { return most_ > 0; }
  std::uint64_t most_in_window() const { return most_; }
  Spent spend(std::string_view caller, std::int64_t now_ms);

 private:
  const std::uint64_t most_;
  std::int64_t window_ = -1;
  std::unordered_map<std::string, std::uint64_t> calls_;  // of this window
};

}  // namespace sluice::api
