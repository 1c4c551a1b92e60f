// How fast each environment may send, whichever of its keys it uses: client-side ids and mobile keys are public, and
// one sender must not fill the journal for all. A bucket an environment, two seconds deep; a payload passes while its
// bucket is not empty, and may leave it owing, so that no payload is too large for its rate. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "base/object_id.h"

namespace sluice::intake {

class EnvironmentRates {
 public:
  // 0: any rate, and nothing is counted.
  explicit EnvironmentRates(std::uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}

  // Whether `bytes`, inflated, may come now; then they are counted. `now_us` is steady.
  bool take(ObjectId environment, std::uint64_t bytes, std::int64_t now_us);

 private:
  struct Bucket {
    double bytes = 0;
    std::int64_t filled_us = 0;
  };
  const std::uint64_t bytes_per_s_;
  std::mutex mutex_;
  std::map<ObjectId, Bucket> buckets_;  // of environments that are in the catalog: bounded by it
};

}  // namespace sluice::intake
