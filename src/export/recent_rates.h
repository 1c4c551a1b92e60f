// How much a second a destination receives and delivers now. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace sluice::exporting {

class RecentRates {
 public:
  // About once a second. Sums since any moment; `at_us` is steady.
  void sample(std::int64_t at_us, std::uint64_t accepted, std::uint64_t delivered);
  // Events a second over the last kSamples samples; 0 before there are two.
  double accepted_per_s() const { return per_s(&Sample::accepted); }
  double delivered_per_s() const { return per_s(&Sample::delivered); }

  // What is shown is true within 10 s: what ended so long ago is not in the rates any more.
  static constexpr std::size_t kSamples = 8;

 private:
  struct Sample {
    std::int64_t at_us = 0;
    std::uint64_t accepted = 0, delivered = 0;
  };
  double per_s(std::uint64_t Sample::*sum) const;
  std::deque<Sample> samples_;
};

}  // namespace sluice::exporting
