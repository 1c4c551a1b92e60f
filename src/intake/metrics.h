// What intake counts. Each loop counts for itself on its own cache lines; a scrape adds them up. Nothing is registered
// anywhere: metrics are read with totals().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/object_id.h"
#include "event/payload_reader.h"
#include "intake/seen_sdks.h"

namespace sluice::intake {

// Why a request was not answered 2xx.
enum class Refusal : std::uint8_t {
  no_credential,        // 401
  unknown_credential,   // 401
  unknown_environment,  // 404, id in a browser path
  unknown_path,         // 404
  wrong_method,         // 405
  empty_body,           // 400
  bad_encoding,         // 400: gzip that is none, or another Content-Encoding
  not_a_payload,        // 400: not JSON, or not an array (diagnostics: not an object)
  too_large,            // 400: header, body as sent, inflated, or as an entry
  bad_request,          // 400: not HTTP
  timed_out,            // 408
  catalog_not_loaded,   // 503
  overloaded,           // 503: too much in memory, or too much waits for the disk
  journal_full,         // 503
  stopping,             // 503
  internal,             // 500
  forwarded,            // 421: by a Sluice, whose destination leads back here
};
inline constexpr std::size_t kRefusals = 17;
std::string_view refusal_name(Refusal refusal);  // "no_credential"; the label in metrics

// Upper bounds of the histogram of milliseconds between a complete request and its 202; one more bucket for what is
// above.
inline constexpr std::array<double, 12> kLatencyBoundsMs = {0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000, 3000};

// Sums since the process started.
struct IntakeTotals {
  std::uint64_t payloads_received = 0;      // authenticated analytics requests, whatever became of them
  std::uint64_t payloads_accepted = 0;      // stored
  std::uint64_t payloads_deduplicated = 0;  // stored before
  std::uint64_t payloads_empty = 0;         // an array without events: 202, nothing stored
  std::uint64_t events_accepted = 0, events_deduplicated = 0;  // unusable ones included
  event::UnusableCounts events_unusable{};  // of those accepted: stored, exported nowhere, dead-lettered
  std::uint64_t events_not_exported = 0;    // evaluations of flags that are not selected for export: not stored
  std::uint64_t bytes_received = 0;         // bodies of payloads_received as sent
  std::uint64_t bytes_inflated = 0;         // the same after inflation
  std::uint64_t dead_letters = 0, dead_letters_dropped = 0;
  std::uint64_t diagnostics = 0;
  std::array<std::uint64_t, kRefusals> refused{};
  std::array<std::uint64_t, kLatencyBoundsMs.size() + 1> latency{};  // not cumulative
  std::uint64_t latency_us_sum = 0;
};

// What SDKs said of themselves, by environment and SDK name.
struct DiagnosticTotals {
  ObjectId environment;
  std::string sdk;                   // "node-server-sdk"; "(other)" beyond IntakeLimits::max_diagnostic_labels
  std::uint64_t starts = 0;          // diagnostic-init
  std::uint64_t reports = 0;         // diagnostic, and kinds not known
  std::uint64_t dropped_events = 0;  // droppedEvents: lost inside SDKs
};

// Of one loop. Any thread may add: answers are counted where they are decided.
class alignas(64) IntakeLoopMetrics {
 public:
  using Counter = std::atomic<std::uint64_t>;
  static void add(Counter& counter, std::uint64_t more = 1) { counter.fetch_add(more, std::memory_order_relaxed); }
  void refuse(Refusal refusal) { add(refused[static_cast<std::size_t>(refusal)]); }
  void answered(std::int64_t latency_us);

  Counter payloads_received{0}, payloads_empty{0}, events_not_exported{0}, bytes_received{0}, bytes_inflated{0},
      diagnostics{0};
  std::array<Counter, kRefusals> refused{};
  // Counted by the journal's writer, mostly: on lines of their own.
  alignas(64) Counter payloads_accepted{0};
  Counter payloads_deduplicated{0}, events_accepted{0}, events_deduplicated{0};
  std::array<Counter, event::kUnusableReasons> events_unusable{};
  std::array<Counter, kLatencyBoundsMs.size() + 1> latency{};
  Counter latency_us_sum{0};
};

class IntakeMetrics {
 public:
  IntakeMetrics() = default;
  ~IntakeMetrics();
  IntakeMetrics(const IntakeMetrics&) = delete;
  IntakeMetrics& operator=(const IntakeMetrics&) = delete;

  // A loop's counters, for as long as this lives. Any thread.
  IntakeLoopMetrics& add_loop();
  // Any thread; no loop waits for it.
  IntakeTotals totals() const;

  // Any thread; rare.
  void count_dead_letters(std::uint64_t kept, std::uint64_t dropped);
  void count_diagnostic(ObjectId environment, std::string_view sdk, bool start, std::uint64_t dropped_events,
                        std::size_t max_labels);
  std::vector<DiagnosticTotals> diagnostics() const;  // any thread; no loop waits for it

  // Noted by the handlers of all loops: intake's, and those of flag delivery.
  SeenSdks sdks;

 private:
  // Both are added at the front of a list, whole, and never go: readers walk it without a lock.
  struct LoopNode {
    IntakeLoopMetrics loop;
    LoopNode* next = nullptr;
  };
  struct DiagnosticNode {
    ObjectId environment;
    std::string sdk;
    IntakeLoopMetrics::Counter starts{0}, reports{0}, dropped_events{0};
    DiagnosticNode* next = nullptr;
  };
  DiagnosticNode& diagnostic_node(ObjectId environment, std::string_view sdk, std::size_t max_labels);

  std::mutex adding_;  // of who adds to the lists, and of loops that count a diagnostic; no reader takes it
  std::atomic<LoopNode*> loops_{nullptr};
  std::atomic<DiagnosticNode*> diagnostics_{nullptr};
  std::map<std::pair<ObjectId, std::string>, DiagnosticNode*> by_label_;  // guarded by adding_
  std::atomic<std::uint64_t> dead_letters_{0}, dead_letters_dropped_{0};
};

}  // namespace sluice::intake
