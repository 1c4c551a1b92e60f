// How many shards a stream has, for who may not list them: those that answers named lately. One thread; times in steady
// microseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

namespace sluice::kinesis {

class ShardsSeen {
 public:
  void note(std::string_view id, std::int64_t now_us) { seen_[std::hash<std::string_view>{}(id)] = now_us; }
  // Those that were named within kForgetUs; forgets the others.
  std::size_t count(std::int64_t now_us) {
    if (now_us - counted_us_ < kCountUs) return count_;
    counted_us_ = now_us;
    std::erase_if(seen_, [now_us](const auto& each) { return now_us - each.second > kForgetUs; });
    return count_ = seen_.size();
  }

 private:
  // A shard that gets its part of any load is named within this; one that is closed is not named again.
  static constexpr std::int64_t kForgetUs = 10'000'000;
  static constexpr std::int64_t kCountUs = 250'000;
  std::unordered_map<std::size_t, std::int64_t> seen_;  // by a hash of the id: when
  std::int64_t counted_us_ = INT64_MIN / 2;
  std::size_t count_ = 0;
};

}  // namespace sluice::kinesis
