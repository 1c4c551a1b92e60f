#include "intake/metrics.h"

#include <algorithm>
#include <memory>

namespace sluice::intake {
namespace {

std::uint64_t read(const IntakeLoopMetrics::Counter& counter) { return counter.load(std::memory_order_relaxed); }

constexpr std::string_view kOther = "(other)";

}  // namespace

std::string_view refusal_name(Refusal refusal) {
  static constexpr std::array<std::string_view, kRefusals> kNames = {
      "no_credential", "unknown_credential", "unknown_environment", "unknown_path", "wrong_method",
      "empty_body",    "bad_encoding",       "not_a_payload",       "too_large",    "bad_request",
      "timed_out",     "catalog_not_loaded", "overloaded",          "journal_full", "stopping",
      "internal",      "forwarded"};
  return kNames[static_cast<std::size_t>(refusal)];
}

void IntakeLoopMetrics::answered(std::int64_t latency_us) {
  const double ms = static_cast<double>(latency_us) / 1000;
  const auto bound = std::lower_bound(kLatencyBoundsMs.begin(), kLatencyBoundsMs.end(), ms);
  add(latency[static_cast<std::size_t>(bound - kLatencyBoundsMs.begin())]);
  add(latency_us_sum, static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency_us)));
}

IntakeMetrics::~IntakeMetrics() {
  for (const LoopNode* node = loops_; node != nullptr;) delete std::exchange(node, node->next);
  for (const DiagnosticNode* node = diagnostics_; node != nullptr;) delete std::exchange(node, node->next);
}

IntakeLoopMetrics& IntakeMetrics::add_loop() {
  auto node = std::make_unique<LoopNode>();
  const std::lock_guard lock(adding_);
  node->next = loops_.load(std::memory_order_relaxed);
  loops_.store(node.get(), std::memory_order_release);
  return node.release()->loop;
}

IntakeTotals IntakeMetrics::totals() const {
  IntakeTotals out;
  for (const LoopNode* node = loops_.load(std::memory_order_acquire); node != nullptr; node = node->next) {
    const IntakeLoopMetrics& loop = node->loop;
    out.payloads_received += read(loop.payloads_received);
    out.payloads_accepted += read(loop.payloads_accepted);
    out.payloads_deduplicated += read(loop.payloads_deduplicated);
    out.payloads_empty += read(loop.payloads_empty);
    out.events_accepted += read(loop.events_accepted);
    out.events_deduplicated += read(loop.events_deduplicated);
    out.events_not_exported += read(loop.events_not_exported);
    for (std::size_t i = 0; i < event::kUnusableReasons; ++i) out.events_unusable[i] += read(loop.events_unusable[i]);
    out.bytes_received += read(loop.bytes_received);
    out.bytes_inflated += read(loop.bytes_inflated);
    out.diagnostics += read(loop.diagnostics);
    out.latency_us_sum += read(loop.latency_us_sum);
    for (std::size_t i = 0; i < kRefusals; ++i) out.refused[i] += read(loop.refused[i]);
    for (std::size_t i = 0; i < out.latency.size(); ++i) out.latency[i] += read(loop.latency[i]);
  }
  out.dead_letters = read(dead_letters_);
  out.dead_letters_dropped = read(dead_letters_dropped_);
  return out;
}

void IntakeMetrics::count_dead_letters(std::uint64_t kept, std::uint64_t dropped) {
  IntakeLoopMetrics::add(dead_letters_, kept);
  IntakeLoopMetrics::add(dead_letters_dropped_, dropped);
}

IntakeMetrics::DiagnosticNode& IntakeMetrics::diagnostic_node(ObjectId environment, std::string_view sdk,
                                                              std::size_t max_labels) {
  std::pair<ObjectId, std::string> key(environment, sdk);
  const std::lock_guard lock(adding_);
  if (by_label_.size() >= max_labels && !by_label_.contains(key)) key = {ObjectId{}, std::string(kOther)};
  DiagnosticNode*& known = by_label_[key];
  if (known != nullptr) return *known;
  auto node = std::make_unique<DiagnosticNode>();
  node->environment = key.first;
  node->sdk = key.second;
  node->next = diagnostics_.load(std::memory_order_relaxed);
  diagnostics_.store(node.get(), std::memory_order_release);
  known = node.release();
  return *known;
}

void IntakeMetrics::count_diagnostic(ObjectId environment, std::string_view sdk, bool start,
                                     std::uint64_t dropped_events, std::size_t max_labels) {
  DiagnosticNode& node = diagnostic_node(environment, sdk, max_labels);
  IntakeLoopMetrics::add(start ? node.starts : node.reports);
  IntakeLoopMetrics::add(node.dropped_events, dropped_events);
}

std::vector<DiagnosticTotals> IntakeMetrics::diagnostics() const {
  std::vector<DiagnosticTotals> out;
  for (const DiagnosticNode* node = diagnostics_.load(std::memory_order_acquire); node != nullptr; node = node->next)
    out.push_back({node->environment, node->sdk, read(node->starts), read(node->reports), read(node->dropped_events)});
  std::sort(out.begin(), out.end(), [](const DiagnosticTotals& a, const DiagnosticTotals& b) {
    return std::pair(a.environment, std::string_view(a.sdk)) < std::pair(b.environment, std::string_view(b.sdk));
  });
  return out;
}

}  // namespace sluice::intake
