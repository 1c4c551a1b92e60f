// Latencies in microseconds, kept to 3 % in 2,048 counters.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace loadgen {

class Histogram {
 public:
  void add(std::int64_t us) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
    ++counts_[bucket(value)];
    ++count_;
    max_ = std::max(max_, value);
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // The value that a share of `quantile` (0..1) does not exceed; 0 when empty.
  std::uint64_t at(double quantile) const {
    const auto wanted = static_cast<std::uint64_t>(quantile * static_cast<double>(count_) + 0.999999);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) return std::min(upper(i), max_);
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 5;
  // Below 32 each value has its own; then 32 for each doubling.
  static std::size_t bucket(std::uint64_t value) {
    if (value < (1u << kSubBits)) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
    return (static_cast<std::size_t>(shift + 1) << kSubBits) + static_cast<std::size_t>((value >> shift) & 31u);
  }
  static std::uint64_t upper(std::size_t index) {
    if (index < (1u << kSubBits)) return index;
    const std::size_t shift = (index >> kSubBits) - 1;
    return (((std::uint64_t{1} << kSubBits) + (index & 31u) + 1) << shift) - 1;
  }
  std::array<std::uint64_t, 2048> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace loadgen
