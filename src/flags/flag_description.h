// The names of a flag and its variations, from an outside source.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::flags {

inline constexpr std::size_t kMaxVariationsDescribed = 64;
inline constexpr std::size_t kMaxDescribedValueBytes = 256;  // a longer value is not kept

struct FlagDescription {
  struct Variation {
    std::string name;   // empty: it has none
    std::string value;  // JSON; empty: too long to keep
    bool operator==(const Variation&) const = default;
  };
  std::string key;
  std::string name;                   // empty: it has none
  std::vector<Variation> variations;  // from 0
  bool operator==(const FlagDescription&) const = default;
};

}  // namespace sluice::flags
