// What a shard takes, and the unit that rates of a stream are counted in here: one unit is one shard's capacity,
// whether its records or its bytes are what runs out.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
#pragma once

#include <algorithm>

namespace sluice::kinesis {

inline constexpr double kShardRecordsPerS = 1'000;
inline constexpr double kShardBytesPerS = 1'048'576;
inline constexpr double kBurstRecords = 1'000;  // saved up by an idle shard
inline constexpr double kBurstBytes = 10 * kShardBytesPerS;

struct Load {
  double records = 0, bytes = 0;

  double units() const { return std::max(records / kShardRecordsPerS, bytes / kShardBytesPerS); }
  void add(const Load& more) {
    records += more.records;
    bytes += more.bytes;
  }
  void take(const Load& less) {
    records -= less.records;
    bytes -= less.bytes;
  }
};

}  // namespace sluice::kinesis
