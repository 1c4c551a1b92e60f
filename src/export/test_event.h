// The test event that a destination's owner asks for: through the same encoder, credentials and client as real events,
// but straight to its one destination, without the journal.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/object_id.h"
#include "catalog/snapshot.h"
#include "export/sink.h"

namespace sluice::exporting {

// Its flag's key and its user's: how people find it in the stream.
inline constexpr std::string_view kTestEventKey = "LaunchDarklyDataExportTestEvent";
// AssumeRole and PutRecords take a second at most when all is well; what takes longer is a problem to be told.
inline constexpr std::int64_t kTestEventDeadlineMs = 10'000;

struct TestEventOutcome {
  bool delivered = false;
  std::int64_t took_ms = 0;
  std::optional<Receipt> receipt;     // when it was delivered, and AWS said where
  std::optional<Problem> problem;     // what stands in the way, with its remedy
  std::optional<DeadLetter> refused;  // AWS took the call, but never takes this record
};

// Blocks until it is delivered, refused, or at kTestEventDeadlineMs; or until `stopping`. Any thread.
TestEventOutcome send_test_event(const catalog::Destination& destination, ObjectId project, ObjectId event_id,
                                 const SinkFactory& make_sink, const Clock& clock, const std::atomic<bool>& stopping);

}  // namespace sluice::exporting
