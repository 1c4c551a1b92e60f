// What a destination did, over time, for charts and for the advice on shards: steps of 10 s for an hour, of 5 min for a
// day, of 30 min for a week. In memory; history_file.h keeps it over restarts. Only steps in which something happened
// are kept. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
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
std::int64_t history_length_ms(HistorySpan span);
inline constexpr std::size_t kHistorySpans = 3;

// What was kept of a history, and continues.
struct KeptHistory {
  std::int64_t started_ms = 0;        // 0: it is new
  std::int64_t last_delivery_ms = 0;  // 0: never
  std::deque<HistoryStep> steps[kHistorySpans];
};
// What came or changed since it was asked last.
struct HistoryChange {
  std::int64_t started_ms = 0, last_delivery_ms = 0;
  std::vector<std::pair<HistorySpan, HistoryStep>> steps;
};

// Rates for advice on shards, of what arrives: a stream that throttles lets less through, and would be advised as few
// shards as it has. Events of the destination's kinds, before its filter.
struct HistoryRates {
  double peak_events_per_s = 0;  // of the busiest step kept
  double mean_events_per_s = 0;  // over the last day, or since the start if that is an hour ago
  double bytes_per_event = 0;    // mean of what was delivered in the last day; 0: nothing was, so it is not known
};

class History {
 public:
  explicit History(std::int64_t started_ms) : started_ms_(started_ms) {}
  // Before it: what was kept.
  void prepend(KeptHistory&& kept);
  // A pipeline begins: what it counted before is not new.
  void begin(const PipelineStatus& now);
  // About once a second, with sums over the destination's life or since the pipeline began.
  void sample(const PipelineStatus& now, std::int64_t now_ms);
  std::int64_t last_delivery_ms() const { return last_delivery_ms_; }  // 0: never
  // Nothing: no change since the last call.
  std::optional<HistoryChange> take_change();
  std::vector<HistoryStep> steps(HistorySpan span, std::int64_t now_ms) const;
  HistoryRates rates(std::int64_t now_ms) const;

 private:
  struct Sums {
    std::uint64_t accepted = 0, delivered = 0, delivered_bytes = 0, retried = 0, failed_calls = 0;
    std::uint64_t latency_counts[kLatencyBuckets] = {};
  };
  static Sums sums_of(const PipelineStatus& status);

  std::int64_t started_ms_;
  std::int64_t last_delivery_ms_ = 0;
  std::optional<Sums> last_;
  std::deque<HistoryStep> spans_[kHistorySpans];
  std::int64_t untaken_from_ms_[kHistorySpans] = {};  // the first step that changed since take_change()
  bool changed_ = false;
};

}  // namespace sluice::exporting
