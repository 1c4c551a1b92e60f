// What a destination did, over time, for charts and for the advice on shards: steps of 10 s for an hour, of 5 min for a
// day, of 30 min for a week. In memory, since the process started; only steps in which something happened are kept. One
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "export/pipeline.h"

namespace sluice::exporting {

struct HistoryStep {
  std::int64_t at_ms = 0;  // where it begins, a multiple of its length
  std::uint64_t accepted = 0, delivered = 0, delivered_bytes = 0, retried = 0, failed_calls = 0;
  std::uint64_t backlog_events = 0, backlog_bytes = 0;  // at the end of the step
  std::uint64_t latency_counts[kLatencyBuckets] = {};
  void add(const HistoryStep& more);
  // Of the time from acceptance to delivery: the upper bound of the bucket. Nothing when nothing was delivered.
  std::optional<std::int64_t> latency_ms(double quantile) const;
  bool quiet() const {
    return accepted == 0 && delivered == 0 && retried == 0 && failed_calls == 0 && backlog_events == 0;
  }
};

enum class HistorySpan : std::uint8_t { hour, day, week };
std::optional<HistorySpan> history_span_named(std::string_view name);
std::int64_t history_step_ms(HistorySpan span);

// Rates for advice on shards.
struct HistoryRates {
  double peak_events_per_s = 0, peak_bytes_per_s = 0;  // of the busiest step kept
  double mean_events_per_s = 0, mean_bytes_per_s = 0;  // over the last day, or since the start if that is an hour ago
};

class History {
 public:
  explicit History(std::int64_t started_ms) : started_ms_(started_ms) {}
  // About once a second, with sums since the process started.
  void sample(const PipelineStatus& now, std::int64_t now_ms);
  std::vector<HistoryStep> steps(HistorySpan span, std::int64_t now_ms) const;
  HistoryRates rates(std::int64_t now_ms) const;

 private:
  struct Sums {
    std::uint64_t accepted = 0, delivered = 0, delivered_bytes = 0, retried = 0, failed_calls = 0;
    std::uint64_t latency_counts[kLatencyBuckets] = {};
  };
  std::int64_t started_ms_;
  std::optional<Sums> last_;
  std::deque<HistoryStep> spans_[3];
};

}  // namespace sluice::exporting
