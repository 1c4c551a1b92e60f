// Lets one log line of a kind through in a while, and counts what it kept back. One thread.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::intake {

class LogGate {
 public:
  // How many lines were suppressed before this one; nothing when this one is to be suppressed too.
  std::optional<std::uint64_t> pass(std::int64_t now_us, std::int64_t interval_ms) {
    if (opened_ && now_us - opened_us_ < interval_ms * 1000) {
      ++left_out_;
      return std::nullopt;
    }
    opened_ = true;
    opened_us_ = now_us;
    const std::uint64_t before = left_out_;
    left_out_ = 0;
    return before;
  }

 private:
  bool opened_ = false;
  std::int64_t opened_us_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace sluice::intake
