#include "intake/environment_rates.h"

#include <algorithm>

namespace sluice::intake {
namespace {

constexpr double kDepthS = 2;

}  // namespace

bool EnvironmentRates::take(ObjectId environment, std::uint64_t bytes, std::int64_t now_us) {
  if (bytes_per_s_ == 0) return true;
  const auto rate = static_cast<double>(bytes_per_s_);
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.try_emplace(environment, Bucket{rate * kDepthS, now_us}).first;
  Bucket& bucket = found->second;
  const double passed_s = static_cast<double>(std::max<std::int64_t>(now_us - bucket.filled_us, 0)) / 1e6;
  bucket.bytes = std::min(bucket.bytes + passed_s * rate, rate * kDepthS);
  bucket.filled_us = now_us;
  if (bucket.bytes <= 0) return false;
  bucket.bytes -= static_cast<double>(bytes);
  return true;
}

}  // namespace sluice::intake
