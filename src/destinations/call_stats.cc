#include "destinations/call_stats.h"

#include <algorithm>

namespace sluice::destinations {

void CallStats::answered(std::int64_t us) {
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
  us_total_ += time;
  us_max_ = std::max(us_max_, time);
  for (std::size_t i = 0; i < histogram_.size(); ++i) histogram_[i] += us <= exporting::kCallBucketsUs[i];
}

void CallStats::again(std::string_view code, std::size_t records) {
  // Codes are the destination's: a bound keeps a broken endpoint from filling memory and metrics with names of its own.
  constexpr std::size_t kMaxCodes = 64;
  auto found = again_.find(code);
  if (found == again_.end()) found = again_.emplace(again_.size() < kMaxCodes ? code : "(other)", 0).first;
  found->second += records;
}

void CallStats::fill(exporting::SinkStats& stats) const {
  stats.calls = calls_;
  stats.calls_failed = failed_;
  stats.records_sent = records_;
  stats.records_delivered = records_delivered_;
  stats.record_bytes_delivered = bytes_delivered_;
  stats.answer_anomalies = anomalies_;
  stats.retried_by_code.assign(again_.begin(), again_.end());
  stats.call_us_total = us_total_;
  stats.call_us_max = us_max_;
  stats.call_us_histogram.assign(histogram_.begin(), histogram_.end());
}

}  // namespace sluice::destinations
