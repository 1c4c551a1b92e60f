// Scripted faults: rules that make the simulator behave as AWS does on a bad day. Each rule has a probability, may end
// after a number of hits or a time, and draws from a generator of its own seed, so that a run can be repeated. Any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kinesim/authentication.h"
#include "kinesim/stream.h"

namespace kinesim {

enum class FaultKind : std::uint8_t {
  record_error,     // PutRecords: the record fails with `code`
  call_error,       // the call fails with `code` and `status`, nothing is committed
  latency,          // the answer is held back
  reset_before,     // the connection is closed without an answer, nothing is committed
  reset_after,      // the same after the commit: a client that retries makes duplicates
  truncate,         // after the commit, half an answer, then the connection is closed
  missing_records,  // after the commit, an answer with fewer records than were sent
  garbage,          // after the commit, an answer that is no JSON
};
std::optional<FaultKind> parse_fault_kind(std::string_view text);
const char* fault_kind_text(FaultKind kind);

struct FaultRule {
  std::uint64_t id = 0;
  FaultKind kind = FaultKind::call_error;
  std::string operation;               // "PutRecords", "AssumeRole", …; empty: any
  std::string stream;                  // empty: any
  std::optional<std::uint32_t> shard;  // record_error only
  std::size_t least_bytes = 0;         // of the request's body: a limit on the way
  std::string containing;              // in the request's body; empty: any
  double probability = 1;
  std::optional<std::uint64_t> left;  // hits until it ends
  std::int64_t from_ms = 0;           // wall time; 0: at once
  std::int64_t until_ms = 0;          // wall time; 0: for ever
  std::string code = "InternalFailure";
  std::string message;
  unsigned status = 500;
  std::int64_t latency_ms = 0;
  std::int64_t jitter_ms = 0;
  std::uint64_t seed = 1;
  std::uint64_t hits = 0;
};

// What the rules do to one call.
struct CallFaults {
  std::optional<ApiError> error;
  std::int64_t latency_ms = 0;
  bool reset_before = false, reset_after = false, truncate = false, missing_records = false, garbage = false;
  bool records = false;  // ask for_record() for each record
};

class FaultPlan {
 public:
  // The rule's id.
  std::uint64_t add(FaultRule rule);
  bool remove(std::uint64_t id);
  void clear();
  std::vector<FaultRule> rules() const;

  // Cheap when there are no rules.
  CallFaults for_call(std::string_view operation, std::string_view stream, std::int64_t now_ms,
                      std::string_view body = {});
  bool for_record(std::string_view operation, std::string_view stream, std::uint32_t shard, std::int64_t now_ms,
                  PutOutcome& outcome);

 private:
  struct Armed {
    FaultRule rule;
    sluice::Random random;
  };
  static bool concerns(const FaultRule& rule, std::string_view operation, std::string_view stream, std::int64_t now_ms);
  static bool strikes(Armed& armed);

  mutable std::mutex mutex_;
  std::atomic<bool> armed_{false};
  std::uint64_t next_id_ = 1;
  std::vector<Armed> rules_;
};

}  // namespace kinesim
