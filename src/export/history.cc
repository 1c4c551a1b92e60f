#include "export/history.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace sluice::exporting {
namespace {

struct SpanRow {
  std::string_view name;
  std::int64_t step_ms, length_ms;
};
constexpr std::array<SpanRow, kHistorySpans> kSpans = {
    {{"hour", 10'000, 3'600'000}, {"day", 300'000, 86'400'000}, {"week", 1'800'000, 7 * 86'400'000ll}}};
constexpr std::int64_t kDayMs = 86'400'000;
// A few seconds say nothing of a month.
constexpr std::int64_t kHourMs = 3'600'000;

const SpanRow& row(HistorySpan span) { return kSpans[static_cast<std::size_t>(span)]; }

std::uint64_t retried_of(const SinkStats& stats) {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : stats.retried_by_code) sum += count;
  return sum;
}

// A destination whose settings changed counts anew.
std::uint64_t gain(std::uint64_t now, std::uint64_t before) { return now >= before ? now - before : now; }

}  // namespace

void HistoryStep::add(const HistoryStep& more) {
  accepted += more.accepted;
  delivered += more.delivered;
  delivered_bytes += more.delivered_bytes;
  retried += more.retried;
  failed_calls += more.failed_calls;
  backlog_events = more.backlog_events;
  backlog_bytes = more.backlog_bytes;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) latency_counts[i] += more.latency_counts[i];
}

std::optional<std::int64_t> HistoryStep::latency_ms(double quantile) const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : latency_counts) total += count;
  if (total == 0) return std::nullopt;
  const double wanted = quantile * static_cast<double>(total);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i + 1 < kLatencyBuckets; ++i) {
    below += latency_counts[i];
    if (static_cast<double>(below) >= wanted) return kLatencyBucketsMs[i];
  }
  return kLatencyBucketsMs[kLatencyBuckets - 2];
}

std::optional<HistorySpan> history_span_named(std::string_view name) {
  for (std::size_t i = 0; i < kSpans.size(); ++i)
    if (kSpans[i].name == name) return static_cast<HistorySpan>(i);
  return std::nullopt;
}

std::int64_t history_step_ms(HistorySpan span) { return row(span).step_ms; }

std::int64_t history_length_ms(HistorySpan span) { return row(span).length_ms; }

History::Sums History::sums_of(const PipelineStatus& status) {
  Sums sums{status.balance.accepted, status.balance.delivered, status.delivered_bytes,
            retried_of(status.sink), status.sink.calls_failed, {}};
  std::copy(std::begin(status.latency_counts), std::end(status.latency_counts), std::begin(sums.latency_counts));
  return sums;
}

void History::prepend(KeptHistory&& kept) {
  if (kept.started_ms > 0) started_ms_ = std::min(started_ms_, kept.started_ms);
  if (last_delivery_ms_ == 0) last_delivery_ms_ = kept.last_delivery_ms;
  for (std::size_t i = 0; i < kSpans.size(); ++i) {
    std::deque<HistoryStep>& before = kept.steps[i];
    std::deque<HistoryStep>& steps = spans_[i];
    if (!before.empty() && !steps.empty() && before.back().at_ms == steps.front().at_ms) {
      before.back().add(steps.front());
      steps.front() = before.back();
      before.pop_back();
    }
    while (!before.empty() && !steps.empty() && before.back().at_ms > steps.front().at_ms) before.pop_back();
    steps.insert(steps.begin(), before.begin(), before.end());
  }
}

void History::begin(const PipelineStatus& now) { last_ = sums_of(now); }

void History::sample(const PipelineStatus& now, std::int64_t now_ms) {
  // The latest is the one that came last: a clock that was set back makes it the smaller one.
  if (const std::int64_t last_ms = now.last_delivery.wall_ms; last_ms > 0 && last_ms != last_delivery_ms_) {
    last_delivery_ms_ = last_ms;
    changed_ = true;
  }
  const Sums sums = sums_of(now);
  if (!last_) {
    last_ = sums;
    return;
  }
  HistoryStep step;
  // A pipeline that counts its backlog late finds less than it had assumed: nothing arrived.
  step.accepted = sums.accepted > last_->accepted ? sums.accepted - last_->accepted : 0;
  step.delivered = gain(sums.delivered, last_->delivered);
  step.delivered_bytes = gain(sums.delivered_bytes, last_->delivered_bytes);
  step.retried = gain(sums.retried, last_->retried);
  step.failed_calls = gain(sums.failed_calls, last_->failed_calls);
  step.backlog_events = now.balance.waiting;
  step.backlog_bytes = now.waiting_bytes;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i)
    step.latency_counts[i] = gain(sums.latency_counts[i], last_->latency_counts[i]);
  last_ = sums;
  for (std::size_t i = 0; i < kSpans.size(); ++i) {
    std::deque<HistoryStep>& steps = spans_[i];
    const std::int64_t begin_ms = now_ms - now_ms % kSpans[i].step_ms;
    const bool same = !steps.empty() && steps.back().at_ms == begin_ms;
    if (step.quiet() && !same) continue;
    if (!same) {
      steps.emplace_back();
      steps.back().at_ms = begin_ms;
    }
    steps.back().add(step);
    changed_ = true;
    untaken_from_ms_[i] = std::min(untaken_from_ms_[i], begin_ms);
    while (steps.front().at_ms < now_ms - kSpans[i].length_ms) steps.pop_front();
  }
}

std::optional<HistoryChange> History::take_change() {
  if (!std::exchange(changed_, false)) return std::nullopt;
  HistoryChange change{started_ms_, last_delivery_ms_, {}};
  for (std::size_t i = 0; i < kSpans.size(); ++i) {
    const std::deque<HistoryStep>& steps = spans_[i];
    const auto from = std::lower_bound(steps.begin(), steps.end(), untaken_from_ms_[i],
                                       [](const HistoryStep& step, std::int64_t at_ms) { return step.at_ms < at_ms; });
    for (auto step = from; step != steps.end(); ++step) change.steps.emplace_back(static_cast<HistorySpan>(i), *step);
    untaken_from_ms_[i] = std::numeric_limits<std::int64_t>::max();
  }
  return change;
}

std::vector<HistoryStep> History::steps(HistorySpan span, std::int64_t now_ms) const {
  std::vector<HistoryStep> out;
  for (const HistoryStep& step : spans_[static_cast<std::size_t>(span)])
    if (step.at_ms >= now_ms - row(span).length_ms) out.push_back(step);
  return out;
}

HistoryRates History::rates(std::int64_t now_ms) const {
  HistoryRates rates;
  for (const HistorySpan span : {HistorySpan::hour, HistorySpan::day, HistorySpan::week}) {
    const double seconds = static_cast<double>(row(span).step_ms) / 1000;
    for (const HistoryStep& step : spans_[static_cast<std::size_t>(span)])
      rates.peak_events_per_s = std::max(rates.peak_events_per_s, static_cast<double>(step.accepted) / seconds);
  }
  double accepted = 0, delivered = 0, delivered_bytes = 0;
  for (const HistoryStep& step : spans_[static_cast<std::size_t>(HistorySpan::day)]) {
    if (step.at_ms < now_ms - kDayMs) continue;
    accepted += static_cast<double>(step.accepted);
    delivered += static_cast<double>(step.delivered);
    delivered_bytes += static_cast<double>(step.delivered_bytes);
  }
  const double seconds = static_cast<double>(std::clamp(now_ms - started_ms_, kHourMs, kDayMs)) / 1000;
  rates.mean_events_per_s = accepted / seconds;
  if (delivered > 0) rates.bytes_per_event = delivered_bytes / delivered;
  return rates;
}

}  // namespace sluice::exporting
